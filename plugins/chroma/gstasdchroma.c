/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdchroma
 * @title: asdchroma
 *
 * How the sound of each frame of a window is spread over the twelve pitch
 * classes, from C on: all octaves from C1 (33 Hz) to B7 (3951 Hz) count. The
 * `kind`:
 *
 * - `cens`: chroma energy normalised statistics (Müller and Ewert, Chroma
 *   Toolbox, 2011): the shares quantised, smoothed over `smoothing` frames, and
 *   scaled to a length of 1
 * - `chroma`: the shares themselves, which add up to 1; `smoothing` and
 *   `downsampling` do not count
 *
 * as librosa 0.10 computes them. A frame is 1 x 12, one every `hop` samples:
 * ten seconds at 16 kHz give 313 frames. Where the grid of pitches lies, the
 * tuning, is estimated in each window. In noise the estimate jumps from one
 * window to the next; set `tuning` where windows have to be comparable. The
 * level does not matter. Silence gives zeros. Any window gives at least one
 * frame.
 *
 * Audio is zero beyond the ends of a window, and at 16 kHz the lowest octave
 * sees 1 s to each side of a frame, and smoothing 0.66 s more. So the first and
 * the last frames of a window rest on less sound than the others, and windows
 * of a live stream differ there from the same stretch of a whole clip. Train on
 * windows of the length that is used live.
 *
 * The sample rate has to be at least 9214 Hz.
 *
 * Latency: one window.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=motor.wav ! wavparse ! audioconvert ! asdchroma ! asdnpyenc ! filesink location=motor.npy
 * gst-launch-1.0 asdtestsrc machine=fan num-buffers=500 ! audioconvert ! asdchroma kind=chroma tuning=0 window=2000000000 ! asdnpyenc ! filesink location=fan.npy
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define DEFAULT_KIND ASD_CHROMA_CENS
#define DEFAULT_HOP 512
#define DEFAULT_TUNING NAN
#define DEFAULT_SMOOTHING 43
#define DEFAULT_DOWNSAMPLING 1

GST_DEBUG_CATEGORY_STATIC (asd_chroma_debug);
#define GST_CAT_DEFAULT asd_chroma_debug

enum
{
  PROP_0,
  PROP_KIND,
  PROP_HOP,
  PROP_TUNING,
  PROP_SMOOTHING,
  PROP_DOWNSAMPLING,
};

#define GST_TYPE_ASD_CHROMA (gst_asd_chroma_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdChroma, gst_asd_chroma, GST, ASD_CHROMA,
    GstAsdExtractor);

struct _GstAsdChroma
{
  GstAsdExtractor parent;

  AsdChromaConfig config;       /* under the object lock; rate is not used */
  AsdChroma *chroma;
};

#define GST_TYPE_ASD_CHROMA_KIND (gst_asd_chroma_kind_get_type ())
static GType
gst_asd_chroma_kind_get_type (void)
{
  static const GEnumValue values[] = {
    {ASD_CHROMA_CENS, "Quantised, smoothed, length 1", "cens"},
    {ASD_CHROMA_PLAIN, "Shares of the pitch classes, sum 1", "chroma"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstAsdChromaKind",
            values));
  return type;
}

G_DEFINE_TYPE (GstAsdChroma, gst_asd_chroma, GST_TYPE_ASD_EXTRACTOR);
GST_ELEMENT_REGISTER_DEFINE (asdchroma, "asdchroma", GST_RANK_NONE,
    GST_TYPE_ASD_CHROMA);

static gboolean
gst_asd_chroma_setup (GstAsdExtractor * extractor, gint rate,
    GstAsdFeatureInfo * out, GError ** error)
{
  GstAsdChroma *self = GST_ASD_CHROMA (extractor);
  AsdChromaConfig config;
  const gchar *wrong;

  GST_OBJECT_LOCK (self);
  config = self->config;
  GST_OBJECT_UNLOCK (self);
  config.rate = rate;
  wrong = asd_chroma_config_check (&config);
  if (wrong != NULL) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_MISMATCH, wrong);
    return FALSE;
  }

  g_clear_pointer (&self->chroma, asd_chroma_free);
  self->chroma = asd_chroma_new (&config);
  g_strlcpy (out->kind, config.kind == ASD_CHROMA_CENS ? "cens" : "chroma",
      sizeof (out->kind));
  out->rows = 1;
  out->columns = ASD_CHROMA_COLUMNS;
  out->frame_length = asd_chroma_get_frame_length (self->chroma);
  out->frame_step = asd_chroma_get_frame_step (self->chroma);
  return TRUE;
}

static gsize
gst_asd_chroma_max_frames (GstAsdExtractor * extractor, gsize n_samples)
{
  return asd_chroma_get_n_frames (GST_ASD_CHROMA (extractor)->chroma,
      n_samples);
}

static void
gst_asd_chroma_process (GstAsdExtractor * extractor, const gfloat *samples,
    gsize n_samples, gfloat *frames, gsize *n_frames)
{
  GstAsdChroma *self = GST_ASD_CHROMA (extractor);
  gdouble tuning = asd_chroma_process (self->chroma, samples, n_samples,
      frames);

  GST_LOG_OBJECT (self, "%" G_GSIZE_FORMAT " frames, tuning %.2f", *n_frames,
      tuning);
}

static void
gst_asd_chroma_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstAsdChroma *self = GST_ASD_CHROMA (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_KIND:
      self->config.kind = g_value_get_enum (value);
      break;
    case PROP_HOP:
      self->config.hop = g_value_get_uint (value);
      break;
    case PROP_TUNING:
      self->config.tuning = g_value_get_double (value);
      break;
    case PROP_SMOOTHING:
      self->config.smoothing = g_value_get_uint (value);
      break;
    case PROP_DOWNSAMPLING:
      self->config.downsampling = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_chroma_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdChroma *self = GST_ASD_CHROMA (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_KIND:
      g_value_set_enum (value, self->config.kind);
      break;
    case PROP_HOP:
      g_value_set_uint (value, self->config.hop);
      break;
    case PROP_TUNING:
      g_value_set_double (value, self->config.tuning);
      break;
    case PROP_SMOOTHING:
      g_value_set_uint (value, self->config.smoothing);
      break;
    case PROP_DOWNSAMPLING:
      g_value_set_uint (value, self->config.downsampling);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_chroma_finalize (GObject * object)
{
  g_clear_pointer (&GST_ASD_CHROMA (object)->chroma, asd_chroma_free);
  G_OBJECT_CLASS (gst_asd_chroma_parent_class)->finalize (object);
}

static void
gst_asd_chroma_class_init (GstAsdChromaClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstAsdExtractorClass *extractor_class = GST_ASD_EXTRACTOR_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY;

  GST_DEBUG_CATEGORY_INIT (asd_chroma_debug, "asdchroma", 0, "asdchroma");

  object_class->set_property = gst_asd_chroma_set_property;
  object_class->get_property = gst_asd_chroma_get_property;
  object_class->finalize = gst_asd_chroma_finalize;

  g_object_class_install_property (object_class, PROP_KIND,
      g_param_spec_enum ("kind", "Kind", "What a frame is",
          GST_TYPE_ASD_CHROMA_KIND, DEFAULT_KIND, flags));
  g_object_class_install_property (object_class, PROP_HOP,
      g_param_spec_uint ("hop", "Hop",
          "Samples from frame to frame, a multiple of 64", 64, 65536,
          DEFAULT_HOP, flags));
  g_object_class_install_property (object_class, PROP_TUNING,
      gst_asd_param_spec_double ("tuning", "Tuning",
          "Where pitches lie, in thirds of a semitone off A4 = 440 Hz, from "
          "-0.5 to below 0.5; NaN to estimate it in each window",
          -0.5, 0.5, DEFAULT_TUNING, flags));
  g_object_class_install_property (object_class, PROP_SMOOTHING,
      g_param_spec_uint ("smoothing", "Smoothing",
          "Frames of the Hann window that smooths CENS, its ends, which are 0, "
          "included; 1 for none", 1, 4095, DEFAULT_SMOOTHING, flags));
  g_object_class_install_property (object_class, PROP_DOWNSAMPLING,
      g_param_spec_uint ("downsampling", "Downsampling",
          "Every how many frames of CENS one is kept, from the first on",
          1, 4096, DEFAULT_DOWNSAMPLING, flags));

  gst_asd_extractor_class_add_templates (extractor_class, "{ cens, chroma }");
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Chroma", "Filter/Analyzer/Audio",
      "Turns audio into chroma or CENS: its share of each pitch class",
      "gst-asd");
  extractor_class->setup = gst_asd_chroma_setup;
  extractor_class->max_frames = gst_asd_chroma_max_frames;
  extractor_class->process = gst_asd_chroma_process;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_CHROMA_KIND, 0);
}

static void
gst_asd_chroma_init (GstAsdChroma * self)
{
  self->config.kind = DEFAULT_KIND;
  self->config.hop = DEFAULT_HOP;
  self->config.tuning = DEFAULT_TUNING;
  self->config.smoothing = DEFAULT_SMOOTHING;
  self->config.downsampling = DEFAULT_DOWNSAMPLING;
}
