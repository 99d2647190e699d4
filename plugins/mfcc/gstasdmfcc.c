/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdmfcc
 * @title: asdmfcc
 *
 * Mel-frequency cepstral coefficients of each frame of a window, with the log
 * energy and deltas: the shape of the spectrum and how it moves. The variant
 * `report` is that of Tiwari et al. (DCASE 2020 Challenge, Task 2): the window
 * is scaled to -26 dBov, then pre-emphasis, Hamming frames of 30 ms every 15 ms,
 * mel bands, logarithm and DCT-II.
 *
 * A frame is 1 x 42 by default: the coefficients 1 to 13, the log energy, and
 * the deltas and the deltas of the deltas of these 14. Ten seconds at 16 kHz
 * give 665 frames. The deltas at both ends of a window see its first and its
 * last frame repeated. Silence gives finite values: energies below 2.2e-16 count
 * as that. Windows shorter than one frame give nothing and a warning.
 *
 * The variants `librosa` and `torchaudio` leave the level as it is, and have no
 * pre-emphasis, no log energy, no deltas unless told so, 64 bands, a periodic
 * Hann window and an orthonormal DCT-II. Their frames are centred at multiples of
 * frame-interval, so that a window of n intervals gives n + 1 frames.
 *
 *  - `librosa`: 0.128 s every 0.032 s (2048 and 512 samples), Slaney's mels, zeros
 *    around the window, decibels of which none is more than 80 below the
 *    window's largest; coefficients 0 to 12
 *  - `torchaudio`: 0.1 s every 0.075 s in a transform of 1 s, HTK mels, the
 *    window mirrored, which needs more than 0.5 s of it, ln (energy + 1e-6);
 *    coefficients=13 of which the first is dropped: 1 x 12, 134 frames in 10 s
 *
 * A property that is set goes before the variant's value.
 *
 * Latency: one window.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=motor.wav ! wavparse ! audioconvert ! asdmfcc ! asdnpyenc ! filesink location=motor.npy
 * gst-launch-1.0 asdtestsrc machine=fan num-buffers=500 ! audioconvert ! asdmfcc window=2000000000 deltas=0 level=NaN ! asdnpyenc ! filesink location=fan.npy
 * gst-launch-1.0 filesrc location=motor.wav ! wavparse ! audioconvert ! asdmfcc variant=torchaudio ! asdnpyenc ! filesink location=motor12.npy
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#include <math.h>

#define DEFAULT_VARIANT ASD_MFCC_REPORT
#define DEFAULT_LEVEL -26.
#define DEFAULT_COEFFICIENTS 13
#define DEFAULT_DELTAS 2
#define DEFAULT_BANDS 26
#define DEFAULT_PRE_EMPHASIS 0.95
#define DEFAULT_FRAME_DURATION (30 * GST_MSECOND)
#define DEFAULT_FRAME_INTERVAL (15 * GST_MSECOND)
#define DEFAULT_LOW_FREQUENCY 0.
#define DEFAULT_HIGH_FREQUENCY 0.

enum
{
  PROP_0,
  PROP_VARIANT,
  PROP_LEVEL,
  PROP_COEFFICIENTS,
  PROP_DELTAS,
  PROP_BANDS,
  PROP_PRE_EMPHASIS,
  PROP_FRAME_DURATION,
  PROP_FRAME_INTERVAL,
  PROP_LOW_FREQUENCY,
  PROP_HIGH_FREQUENCY,
};

#define GST_TYPE_ASD_MFCC (gst_asd_mfcc_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdMfcc, gst_asd_mfcc, GST, ASD_MFCC, GstAsdExtractor);

struct _GstAsdMfcc
{
  GstAsdExtractor parent;

  /* properties that are set, under the object lock */
  AsdMfccConfig config;         /* rate and samples of a frame are not used */
  GstClockTime frame_duration, frame_interval;
  guint set;                    /* bit of each of them */

  AsdMfcc *mfcc;
};

#define GST_TYPE_ASD_MFCC_VARIANT (gst_asd_mfcc_variant_get_type ())
static GType
gst_asd_mfcc_variant_get_type (void)
{
  static const GEnumValue values[] = {
    {ASD_MFCC_REPORT, "Tiwari et al. (DCASE 2020), HTK mels", "report"},
    {ASD_MFCC_LIBROSA, "librosa, Slaney's mels", "librosa"},
    {ASD_MFCC_TORCHAUDIO, "torchaudio, HTK mels", "torchaudio"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstAsdMfccVariant",
            values));
  return type;
}

G_DEFINE_TYPE (GstAsdMfcc, gst_asd_mfcc, GST_TYPE_ASD_EXTRACTOR);
GST_ELEMENT_REGISTER_DEFINE (asdmfcc, "asdmfcc", GST_RANK_NONE,
    GST_TYPE_ASD_MFCC);

#define IS_SET(self, id) (((self)->set >> (id) & 1) != 0)

/* What the variant says where a property is not set. */
static const struct
{
  AsdMfccConfig config;         /* at 16 kHz */
  gdouble level;
} variants[] = {
  [ASD_MFCC_REPORT] = {ASD_MFCC_CONFIG_INIT, DEFAULT_LEVEL},
  [ASD_MFCC_LIBROSA] = {ASD_MFCC_LIBROSA_INIT, NAN},
  [ASD_MFCC_TORCHAUDIO] = {ASD_MFCC_TORCHAUDIO_INIT, NAN},
};

static guint
to_samples (GstClockTime time, gint rate)
{
  return gst_util_uint64_scale_round (time, rate, GST_SECOND);
}

/* The variant's values, and what was set instead. Under the object lock. */
static AsdMfccConfig
effective_config (GstAsdMfcc * self, GstClockTime * duration,
    GstClockTime * interval)
{
  const AsdMfccConfig *own = &self->config;
  AsdMfccConfig config = variants[own->variant].config;

  *duration = gst_util_uint64_scale (config.frame_length, GST_SECOND,
      config.rate);
  *interval = gst_util_uint64_scale (config.frame_step, GST_SECOND,
      config.rate);
  if (IS_SET (self, PROP_COEFFICIENTS))
    config.coefficients = own->coefficients;
  if (IS_SET (self, PROP_DELTAS))
    config.deltas = own->deltas;
  if (IS_SET (self, PROP_BANDS))
    config.bands = own->bands;
  if (IS_SET (self, PROP_PRE_EMPHASIS))
    config.pre_emphasis = own->pre_emphasis;
  if (IS_SET (self, PROP_FRAME_DURATION))
    *duration = self->frame_duration;
  if (IS_SET (self, PROP_FRAME_INTERVAL))
    *interval = self->frame_interval;
  if (IS_SET (self, PROP_LOW_FREQUENCY))
    config.low_frequency = own->low_frequency;
  if (IS_SET (self, PROP_HIGH_FREQUENCY))
    config.high_frequency = own->high_frequency;
  return config;
}

static gboolean
gst_asd_mfcc_setup (GstAsdExtractor * extractor, gint rate,
    GstAsdFeatureInfo * out, GError ** error)
{
  GstAsdMfcc *self = GST_ASD_MFCC (extractor);
  GstClockTime duration, interval;
  AsdMfccConfig config;
  const gchar *wrong;

  GST_OBJECT_LOCK (self);
  config = effective_config (self, &duration, &interval);
  GST_OBJECT_UNLOCK (self);
  config.rate = rate;
  config.frame_length = to_samples (duration, rate);
  config.frame_step = to_samples (interval, rate);
  wrong = asd_mfcc_config_check (&config);
  if (wrong != NULL) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_MISMATCH, wrong);
    return FALSE;
  }

  g_clear_pointer (&self->mfcc, asd_mfcc_free);
  self->mfcc = asd_mfcc_new (&config);
  g_strlcpy (out->kind, "mfcc", sizeof (out->kind));
  out->rows = 1;
  out->columns = asd_mfcc_get_n_columns (self->mfcc);
  out->frame_length = config.frame_length;
  out->frame_step = config.frame_step;
  return TRUE;
}

static gsize
gst_asd_mfcc_max_frames (GstAsdExtractor * extractor, gsize n_samples)
{
  return asd_mfcc_get_n_frames (GST_ASD_MFCC (extractor)->mfcc, n_samples);
}

static void
gst_asd_mfcc_process (GstAsdExtractor * extractor, const gfloat *samples,
    gsize n_samples, gfloat *frames, gsize *n_frames)
{
  asd_mfcc_process (GST_ASD_MFCC (extractor)->mfcc, samples, n_samples, frames);
}

static void
gst_asd_mfcc_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstAsdMfcc *self = GST_ASD_MFCC (object);

  gdouble level = NAN;
  gboolean level_changes = id == PROP_LEVEL;

  GST_OBJECT_LOCK (self);
  self->set |= 1u << id;
  switch (id) {
    case PROP_VARIANT:
      self->config.variant = g_value_get_enum (value);
      level = variants[self->config.variant].level;
      level_changes = !IS_SET (self, PROP_LEVEL);
      break;
    case PROP_LEVEL:
      level = g_value_get_double (value);
      break;
    case PROP_COEFFICIENTS:
      self->config.coefficients = g_value_get_uint (value);
      break;
    case PROP_DELTAS:
      self->config.deltas = g_value_get_uint (value);
      break;
    case PROP_BANDS:
      self->config.bands = g_value_get_uint (value);
      break;
    case PROP_PRE_EMPHASIS:
      self->config.pre_emphasis = g_value_get_double (value);
      break;
    case PROP_FRAME_DURATION:
      self->frame_duration = g_value_get_uint64 (value);
      break;
    case PROP_FRAME_INTERVAL:
      self->frame_interval = g_value_get_uint64 (value);
      break;
    case PROP_LOW_FREQUENCY:
      self->config.low_frequency = g_value_get_double (value);
      break;
    case PROP_HIGH_FREQUENCY:
      self->config.high_frequency = g_value_get_double (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
  if (level_changes)
    gst_asd_extractor_set_level (GST_ASD_EXTRACTOR (self), level);
}

static void
gst_asd_mfcc_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdMfcc *self = GST_ASD_MFCC (object);
  GstClockTime duration, interval;
  AsdMfccConfig config;

  GST_OBJECT_LOCK (self);
  config = effective_config (self, &duration, &interval);
  GST_OBJECT_UNLOCK (self);
  switch (id) {
    case PROP_VARIANT:
      g_value_set_enum (value, config.variant);
      break;
    case PROP_LEVEL:
      g_value_set_double (value,
          gst_asd_extractor_get_level (GST_ASD_EXTRACTOR (self)));
      break;
    case PROP_COEFFICIENTS:
      g_value_set_uint (value, config.coefficients);
      break;
    case PROP_DELTAS:
      g_value_set_uint (value, config.deltas);
      break;
    case PROP_BANDS:
      g_value_set_uint (value, config.bands);
      break;
    case PROP_PRE_EMPHASIS:
      g_value_set_double (value, config.pre_emphasis);
      break;
    case PROP_FRAME_DURATION:
      g_value_set_uint64 (value, duration);
      break;
    case PROP_FRAME_INTERVAL:
      g_value_set_uint64 (value, interval);
      break;
    case PROP_LOW_FREQUENCY:
      g_value_set_double (value, config.low_frequency);
      break;
    case PROP_HIGH_FREQUENCY:
      g_value_set_double (value, config.high_frequency);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_asd_mfcc_finalize (GObject * object)
{
  g_clear_pointer (&GST_ASD_MFCC (object)->mfcc, asd_mfcc_free);
  G_OBJECT_CLASS (gst_asd_mfcc_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass * object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (object_class, PROP_VARIANT,
      g_param_spec_enum ("variant", "Variant", "Whose definition; it has "
          "values of its own for properties that are not set",
          GST_TYPE_ASD_MFCC_VARIANT, DEFAULT_VARIANT, flags));
  g_object_class_install_property (object_class, PROP_COEFFICIENTS,
      g_param_spec_uint ("coefficients", "Coefficients",
          "Cepstral coefficients, fewer than bands; the first is 1 in "
          "report, 0 in librosa, and 0 but left out in torchaudio",
          1, 511, DEFAULT_COEFFICIENTS, flags));
  g_object_class_install_property (object_class, PROP_DELTAS,
      g_param_spec_uint ("deltas", "Deltas", "0 for none, 1 for differences "
          "between frames, 2 for differences of these as well",
          0, 2, DEFAULT_DELTAS, flags));
  g_object_class_install_property (object_class, PROP_BANDS,
      g_param_spec_uint ("bands", "Bands", "Number of mel bands",
          2, 512, DEFAULT_BANDS, flags));
  g_object_class_install_property (object_class, PROP_PRE_EMPHASIS,
      g_param_spec_double ("pre-emphasis", "Pre-emphasis",
          "Share of the sample before that is taken off each sample",
          0, 0.999, DEFAULT_PRE_EMPHASIS, flags));
  g_object_class_install_property (object_class, PROP_FRAME_DURATION,
      g_param_spec_uint64 ("frame-duration", "Frame duration",
          "Length of a frame in ns", 1, 10 * GST_SECOND,
          DEFAULT_FRAME_DURATION, flags));
  g_object_class_install_property (object_class, PROP_FRAME_INTERVAL,
      g_param_spec_uint64 ("frame-interval", "Frame interval",
          "Time in ns between the starts of frames", 1, 10 * GST_SECOND,
          DEFAULT_FRAME_INTERVAL, flags));
  g_object_class_install_property (object_class, PROP_LOW_FREQUENCY,
      g_param_spec_double ("low-frequency", "Lowest frequency",
          "Lower end in Hz of the lowest mel band",
          0, 96000, DEFAULT_LOW_FREQUENCY, flags));
  g_object_class_install_property (object_class, PROP_HIGH_FREQUENCY,
      g_param_spec_double ("high-frequency", "Highest frequency",
          "Upper end in Hz of the highest mel band, 0 for half the sample rate",
          0, 96000, DEFAULT_HIGH_FREQUENCY, flags));
}

static void
gst_asd_mfcc_class_init (GstAsdMfccClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstAsdExtractorClass *extractor_class = GST_ASD_EXTRACTOR_CLASS (klass);

  object_class->set_property = gst_asd_mfcc_set_property;
  object_class->get_property = gst_asd_mfcc_get_property;
  object_class->finalize = gst_asd_mfcc_finalize;
  install_properties (object_class);
  gst_asd_extractor_class_override_level (extractor_class, PROP_LEVEL,
      DEFAULT_LEVEL);

  gst_asd_extractor_class_add_templates (extractor_class, "mfcc");
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Cepstral coefficients", "Filter/Analyzer/Audio",
      "Turns audio into MFCC, log energy and their deltas", "gst-asd");
  extractor_class->setup = gst_asd_mfcc_setup;
  extractor_class->max_frames = gst_asd_mfcc_max_frames;
  extractor_class->process = gst_asd_mfcc_process;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_MFCC_VARIANT, 0);
}

static void
gst_asd_mfcc_init (GstAsdMfcc * self)
{
  self->config.variant = DEFAULT_VARIANT;
  gst_asd_extractor_set_level (GST_ASD_EXTRACTOR (self), DEFAULT_LEVEL);
}
