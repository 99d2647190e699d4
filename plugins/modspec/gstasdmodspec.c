/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdmodspec
 * @title: asdmodspec
 *
 * Modulation spectrum of each window: how strongly each of `bands` gammatone
 * bands is modulated at each of eight rates. Machines that turn, stroke or
 * click have spectra of their own here. The features are those of SRMRpy's fast
 * path (Falk, Zheng, Chan, "A non-intrusive quality and intelligibility measure
 * of reverberant and dereverberated speech", IEEE TASLP 2010), used for machine
 * sounds by Tiwari et al. (DCASE 2020 Challenge, Task 2).
 *
 * One frame per window: bands x 8 mean energies, the lowest band and the
 * slowest modulation first. Silence gives zeros. Windows shorter than 0.29 s
 * give nothing and a warning.
 *
 * Latency: one window.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=motor.wav ! wavparse ! audioconvert ! asdmodspec ! asdnpyenc ! filesink location=motor.npy
 * gst-launch-1.0 asdtestsrc machine=fan num-buffers=500 ! audioconvert ! asdmodspec window=2000000000 interval=2000000000 ! asdnpyenc ! filesink location=fan.npy
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_MODSPEC (gst_asd_modspec_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdModspec, gst_asd_modspec, GST, ASD_MODSPEC,
    GstAsdExtractor);

#define DEFAULT_BANDS 60
#define DEFAULT_LOW_FREQUENCY 125.
#define DEFAULT_MODULATION_LOW 4.
#define DEFAULT_MODULATION_HIGH 128.
struct _GstAsdModspec
{
  GstAsdExtractor parent;

  AsdModspecConfig config;      /* under the object lock */
  AsdModspec *modspec;
};

G_DEFINE_TYPE (GstAsdModspec, gst_asd_modspec, GST_TYPE_ASD_EXTRACTOR);
GST_ELEMENT_REGISTER_DEFINE (asdmodspec, "asdmodspec", GST_RANK_NONE,
    GST_TYPE_ASD_MODSPEC);

static gboolean
gst_asd_modspec_setup (GstAsdExtractor * extractor, gint rate,
    GstAsdFeatureInfo * out, GError ** error)
{
  GstAsdModspec *self = GST_ASD_MODSPEC (extractor);
  AsdModspecConfig config;
  const gchar *wrong;

  GST_OBJECT_LOCK (self);
  config = self->config;
  GST_OBJECT_UNLOCK (self);
  config.rate = rate;
  wrong = asd_modspec_config_check (&config);
  if (wrong != NULL) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_MISMATCH, wrong);
    return FALSE;
  }

  g_clear_pointer (&self->modspec, asd_modspec_free);
  self->modspec = asd_modspec_new (&config);
  g_strlcpy (out->kind, "modspec", sizeof (out->kind));
  out->rows = config.bands;
  out->columns = ASD_MODSPEC_MODULATION_BANDS;
  return TRUE;
}

static gsize
gst_asd_modspec_max_frames (GstAsdExtractor * extractor, gsize n_samples)
{
  GstAsdModspec *self = GST_ASD_MODSPEC (extractor);

  return asd_modspec_get_n_frames (self->modspec, n_samples) > 0 ? 1 : 0;
}

static void
gst_asd_modspec_process (GstAsdExtractor * extractor, const gfloat *samples,
    gsize n_samples, gfloat *frames, gsize *n_frames)
{
  GstAsdModspec *self = GST_ASD_MODSPEC (extractor);

  asd_modspec_process (self->modspec, samples, n_samples, frames);
}

static void
gst_asd_modspec_get_axes (GstAsdExtractor * extractor, AsdAxis * axes)
{
  asd_modspec_get_axes (GST_ASD_MODSPEC (extractor)->modspec, axes);
}

static void
gst_asd_modspec_finalize (GObject * object)
{
  g_clear_pointer (&GST_ASD_MODSPEC (object)->modspec, asd_modspec_free);
  G_OBJECT_CLASS (gst_asd_modspec_parent_class)->finalize (object);
}

static void
gst_asd_modspec_class_init (GstAsdModspecClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstAsdExtractorClass *extractor_class = GST_ASD_EXTRACTOR_CLASS (klass);

  object_class->finalize = gst_asd_modspec_finalize;

  GST_ASD_PROPERTY (klass, GstAsdModspec, config.bands,
      g_param_spec_uint ("bands", "Bands", "Number of gammatone bands",
          1, 256, DEFAULT_BANDS, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdModspec, config.low_frequency,
      g_param_spec_double ("low-frequency", "Lowest frequency",
          "Centre frequency in Hz of the lowest gammatone band",
          1, 96000, DEFAULT_LOW_FREQUENCY, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdModspec, config.modulation_low,
      g_param_spec_double ("modulation-low", "Slowest modulation",
          "Centre frequency in Hz of the slowest modulation filter",
          0.1, 200, DEFAULT_MODULATION_LOW, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdModspec, config.modulation_high,
      g_param_spec_double ("modulation-high", "Fastest modulation",
          "Centre frequency in Hz of the fastest modulation filter",
          0.1, 200, DEFAULT_MODULATION_HIGH, GST_ASD_PARAM_READY));

  gst_asd_extractor_class_add_templates (extractor_class, "modspec");
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Modulation spectrum", "Filter/Analyzer/Audio",
      "Turns audio into gammatone x modulation band energies", "gst-asd");
  extractor_class->setup = gst_asd_modspec_setup;
  extractor_class->max_frames = gst_asd_modspec_max_frames;
  extractor_class->process = gst_asd_modspec_process;
  extractor_class->get_axes = gst_asd_modspec_get_axes;
}

static void
gst_asd_modspec_init (GstAsdModspec * self)
{
}
