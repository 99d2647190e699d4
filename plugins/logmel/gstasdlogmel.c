/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdlogmel
 * @title: asdlogmel
 *
 * Log-mel spectrogram of each window: a frame is 1 x bands, the logarithms of
 * the energies in bands that are equally wide on a mel scale. The variant `plain`
 * is librosa's: periodic Hann window, power, 10 log10 (energy + 2.2e-16) in dB,
 * without a reference. Silence is -156.5 dB.
 *
 * With pad=zero or pad=reflect frames are centred at multiples of hop, and n
 * samples give 1 + n / hop of them. The padding is of the window, not of the
 * stream: where windows overlap, the frames within n-fft / 2 of their ends differ
 * from those of a whole clip. Reflection needs more than n-fft / 2 samples. With
 * pad=none only frames that lie in the window are given. Windows that are too
 * short give nothing and a warning.
 *
 * The variants `speechpy` and `speechpy-quirk` are log mel energies (lmfe): no
 * window function, the power divided by n-fft, natural logarithm. `speechpy` is
 * what the package speechpy means: 64 bands of frames of 1 s every 0.75 s.
 * `speechpy-quirk` is what it computes in the study that used it, for comparison
 * with that study only: just the first 2048 samples of each second, filters at
 * half their frequency, bands from 300 Hz on, the last frame missing. Both have
 * HTK's scale, no norm and pad=none. A property that is set goes before the
 * variant's value.
 *
 * Latency: one window.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=motor.wav ! wavparse ! audioconvert ! asdlogmel bands=64 n-fft=2048 ! asdnpyenc ! filesink location=motor.npy
 * gst-launch-1.0 asdtestsrc machine=fan num-buffers=500 ! audioconvert ! asdlogmel window=2000000000 interval=1000000000 pad=reflect ! asdnpyenc ! filesink location=fan.npy
 * gst-launch-1.0 filesrc location=motor.wav ! wavparse ! audioconvert ! asdlogmel variant=speechpy ! asdnpyenc ! filesink location=lmfe.npy
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define DEFAULT_VARIANT ASD_LOG_MEL_PLAIN
#define DEFAULT_BANDS 128
#define DEFAULT_N_FFT 1024
#define DEFAULT_HOP 512
#define DEFAULT_PAD ASD_PAD_ZERO
#define DEFAULT_SCALE ASD_MEL_SCALE_SLANEY
#define DEFAULT_NORM ASD_MEL_NORM_SLANEY
#define DEFAULT_LOW_FREQUENCY 0.
#define DEFAULT_HIGH_FREQUENCY 0.
#define DEFAULT_RATE 16000

enum
{
  PROP_0,
  PROP_VARIANT,
  PROP_BANDS,
  PROP_N_FFT,
  PROP_HOP,
  PROP_PAD,
  PROP_SCALE,
  PROP_NORM,
  PROP_LOW_FREQUENCY,
  PROP_HIGH_FREQUENCY,
};

#define GST_TYPE_ASD_LOG_MEL (gst_asd_log_mel_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdLogMel, gst_asd_log_mel, GST, ASD_LOG_MEL,
    GstAsdExtractor);

struct _GstAsdLogMel
{
  GstAsdExtractor parent;

  /* under the object lock */
  AsdLogMelConfig config;       /* properties that are set, and the last rate */
  guint set;                    /* bit of each of them */

  AsdLogMel *log_mel;
};

#define GST_TYPE_ASD_LOG_MEL_VARIANT (gst_asd_log_mel_variant_get_type ())
static GType
gst_asd_log_mel_variant_get_type (void)
{
  static const GEnumValue values[] = {
    {ASD_LOG_MEL_PLAIN, "librosa, in dB", "plain"},
    {ASD_LOG_MEL_SPEECHPY, "Log mel energies as speechpy means them",
        "speechpy"},
    {ASD_LOG_MEL_SPEECHPY_QUIRK, "What speechpy computes, defects included",
        "speechpy-quirk"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstAsdLogMelVariant",
            values));
  return type;
}

#define GST_TYPE_ASD_PAD (gst_asd_pad_get_type ())
static GType
gst_asd_pad_get_type (void)
{
  static const GEnumValue values[] = {
    {ASD_PAD_ZERO, "Centred frames, zeros around the window", "zero"},
    {ASD_PAD_REFLECT, "Centred frames, the window mirrored", "reflect"},
    {ASD_PAD_NONE, "Only frames that lie in the window", "none"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstAsdPad", values));
  return type;
}

#define GST_TYPE_ASD_MEL_SCALE (gst_asd_mel_scale_get_type ())
static GType
gst_asd_mel_scale_get_type (void)
{
  static const GEnumValue values[] = {
    {ASD_MEL_SCALE_HTK, "2595 log10 (1 + f / 700)", "htk"},
    {ASD_MEL_SCALE_SLANEY, "Linear up to 1 kHz, then logarithmic", "slaney"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstAsdMelScale",
            values));
  return type;
}

#define GST_TYPE_ASD_MEL_NORM (gst_asd_mel_norm_get_type ())
static GType
gst_asd_mel_norm_get_type (void)
{
  static const GEnumValue values[] = {
    {ASD_MEL_NORM_NONE, "Each filter with a peak of 1", "none"},
    {ASD_MEL_NORM_SLANEY, "Each filter with an area of 1 over Hz", "slaney"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstAsdMelNorm", values));
  return type;
}

G_DEFINE_TYPE (GstAsdLogMel, gst_asd_log_mel, GST_TYPE_ASD_EXTRACTOR);
GST_ELEMENT_REGISTER_DEFINE (asdlogmel, "asdlogmel", GST_RANK_NONE,
    GST_TYPE_ASD_LOG_MEL);

#define IS_SET(self, id) (((self)->set >> (id) & 1) != 0)

/* The variant's values, and what was set instead. Under the object lock. */
static AsdLogMelConfig
effective_config (GstAsdLogMel * self)
{
  const AsdLogMelConfig *own = &self->config;
  AsdLogMelConfig config;

  asd_log_mel_config_init (&config, own->variant, own->rate);
  if (IS_SET (self, PROP_BANDS))
    config.bands = own->bands;
  if (IS_SET (self, PROP_N_FFT))
    config.n_fft = own->n_fft;
  if (IS_SET (self, PROP_HOP))
    config.hop = own->hop;
  if (IS_SET (self, PROP_PAD))
    config.pad = own->pad;
  if (IS_SET (self, PROP_SCALE))
    config.scale = own->scale;
  if (IS_SET (self, PROP_NORM))
    config.norm = own->norm;
  if (IS_SET (self, PROP_LOW_FREQUENCY))
    config.low_frequency = own->low_frequency;
  if (IS_SET (self, PROP_HIGH_FREQUENCY))
    config.high_frequency = own->high_frequency;
  return config;
}

static gboolean
gst_asd_log_mel_setup (GstAsdExtractor * extractor, gint rate,
    GstAsdFeatureInfo * out, GError ** error)
{
  GstAsdLogMel *self = GST_ASD_LOG_MEL (extractor);
  AsdLogMelConfig config;
  const gchar *wrong;

  GST_OBJECT_LOCK (self);
  self->config.rate = rate;
  config = effective_config (self);
  GST_OBJECT_UNLOCK (self);
  wrong = asd_log_mel_config_check (&config);
  if (wrong != NULL) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_MISMATCH, wrong);
    return FALSE;
  }

  g_clear_pointer (&self->log_mel, asd_log_mel_free);
  self->log_mel = asd_log_mel_new (&config);
  g_strlcpy (out->kind, "log-mel", sizeof (out->kind));
  out->rows = 1;
  out->columns = config.bands;
  out->frame_length = asd_log_mel_get_frame_length (self->log_mel);
  out->frame_step = config.hop;
  return TRUE;
}

static gsize
gst_asd_log_mel_max_frames (GstAsdExtractor * extractor, gsize n_samples)
{
  return asd_log_mel_get_n_frames (GST_ASD_LOG_MEL (extractor)->log_mel,
      n_samples);
}

static void
gst_asd_log_mel_process (GstAsdExtractor * extractor, const gfloat *samples,
    gsize n_samples, gfloat *frames, gsize *n_frames)
{
  asd_log_mel_process (GST_ASD_LOG_MEL (extractor)->log_mel, samples,
      n_samples, frames);
}

static void
gst_asd_log_mel_get_axes (GstAsdExtractor * extractor, AsdAxis * axes)
{
  asd_log_mel_get_axes (GST_ASD_LOG_MEL (extractor)->log_mel, axes);
}

static void
gst_asd_log_mel_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstAsdLogMel *self = GST_ASD_LOG_MEL (object);

  GST_OBJECT_LOCK (self);
  self->set |= 1u << id;
  switch (id) {
    case PROP_VARIANT:
      self->config.variant = g_value_get_enum (value);
      break;
    case PROP_BANDS:
      self->config.bands = g_value_get_uint (value);
      break;
    case PROP_N_FFT:
      self->config.n_fft = g_value_get_uint (value);
      break;
    case PROP_HOP:
      self->config.hop = g_value_get_uint (value);
      break;
    case PROP_PAD:
      self->config.pad = g_value_get_enum (value);
      break;
    case PROP_SCALE:
      self->config.scale = g_value_get_enum (value);
      break;
    case PROP_NORM:
      self->config.norm = g_value_get_enum (value);
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
}

static void
gst_asd_log_mel_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdLogMel *self = GST_ASD_LOG_MEL (object);
  AsdLogMelConfig config;

  GST_OBJECT_LOCK (self);
  config = effective_config (self);
  GST_OBJECT_UNLOCK (self);
  switch (id) {
    case PROP_VARIANT:
      g_value_set_enum (value, config.variant);
      break;
    case PROP_BANDS:
      g_value_set_uint (value, config.bands);
      break;
    case PROP_N_FFT:
      g_value_set_uint (value, config.n_fft);
      break;
    case PROP_HOP:
      g_value_set_uint (value, config.hop);
      break;
    case PROP_PAD:
      g_value_set_enum (value, config.pad);
      break;
    case PROP_SCALE:
      g_value_set_enum (value, config.scale);
      break;
    case PROP_NORM:
      g_value_set_enum (value, config.norm);
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
gst_asd_log_mel_finalize (GObject * object)
{
  g_clear_pointer (&GST_ASD_LOG_MEL (object)->log_mel, asd_log_mel_free);
  G_OBJECT_CLASS (gst_asd_log_mel_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass * object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (object_class, PROP_VARIANT,
      g_param_spec_enum ("variant", "Variant", "Whose definition; it has "
          "values of its own for properties that are not set",
          GST_TYPE_ASD_LOG_MEL_VARIANT, DEFAULT_VARIANT, flags));
  g_object_class_install_property (object_class, PROP_BANDS,
      g_param_spec_uint ("bands", "Bands", "Number of mel bands",
          1, 512, DEFAULT_BANDS, flags));
  g_object_class_install_property (object_class, PROP_N_FFT,
      g_param_spec_uint ("n-fft", "n-fft", "Samples of the transform, even",
          16, 65536, DEFAULT_N_FFT, flags));
  g_object_class_install_property (object_class, PROP_HOP,
      g_param_spec_uint ("hop", "Hop", "Samples between two frames",
          1, 65536, DEFAULT_HOP, flags));
  g_object_class_install_property (object_class, PROP_PAD,
      g_param_spec_enum ("pad", "Pad", "What is around the window, in which "
          "frames are centred", GST_TYPE_ASD_PAD, DEFAULT_PAD, flags));
  g_object_class_install_property (object_class, PROP_SCALE,
      g_param_spec_enum ("scale", "Scale", "Mel scale",
          GST_TYPE_ASD_MEL_SCALE, DEFAULT_SCALE, flags));
  g_object_class_install_property (object_class, PROP_NORM,
      g_param_spec_enum ("norm", "Norm", "Norm of the filters",
          GST_TYPE_ASD_MEL_NORM, DEFAULT_NORM, flags));
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
gst_asd_log_mel_class_init (GstAsdLogMelClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstAsdExtractorClass *extractor_class = GST_ASD_EXTRACTOR_CLASS (klass);

  object_class->set_property = gst_asd_log_mel_set_property;
  object_class->get_property = gst_asd_log_mel_get_property;
  object_class->finalize = gst_asd_log_mel_finalize;
  install_properties (object_class);

  gst_asd_extractor_class_add_templates (extractor_class, "log-mel");
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Log-mel spectrogram", "Filter/Analyzer/Audio",
      "Turns audio into logarithms of mel band energies", "gst-asd");
  extractor_class->setup = gst_asd_log_mel_setup;
  extractor_class->max_frames = gst_asd_log_mel_max_frames;
  extractor_class->process = gst_asd_log_mel_process;
  extractor_class->get_axes = gst_asd_log_mel_get_axes;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_LOG_MEL_VARIANT, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ASD_PAD, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ASD_MEL_SCALE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ASD_MEL_NORM, 0);
}

static void
gst_asd_log_mel_init (GstAsdLogMel * self)
{
  self->config.variant = DEFAULT_VARIANT;
  self->config.rate = DEFAULT_RATE;
}
