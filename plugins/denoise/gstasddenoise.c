/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asddenoise
 * @title: asddenoise
 *
 * Removes what all recordings of a machine have in common with the noise that
 * #asddenoisetrain learned: bins of the short-time spectrum below the noise
 * threshold are attenuated by `reduction` (the spectral gate of noisereduce
 * 1.1.0, used by Tiwari et al., DCASE 2020 Challenge, Task 2).
 *
 * Works on the whole clip (window=0) or on consecutive windows. The lowest
 * level that counts is 80 dB below the loudest bin of the window that is
 * processed, and each window is padded by reflection: a live stream in windows
 * of 10 s is gated as 10 s clips are, but not to the bit as one long clip would
 * be (on the bins that differ, a gate may open one frame earlier or later at
 * the seams). Silence stays silence.
 *
 * Latency: one window.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=motor.wav ! wavparse ! audioconvert ! asddenoise model=fan.asd ! wavenc ! filesink location=clean.wav
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! asddenoise model=fan.asd ! asdmodspec ! asdgraph model=fan.asd ! asdscoreenc ! fdsink
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_DENOISE (gst_asd_denoise_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdDenoise, gst_asd_denoise, GST, ASD_DENOISE,
    GstAsdWindowFilter);

#define DEFAULT_REDUCTION 1.

struct _GstAsdDenoise
{
  GstAsdWindowFilter parent;

  /* properties, under the object lock */
  gchar *model;
  gchar *stage;
  gdouble reduction;

  AsdModelSection *section;     /* from READY to PAUSED and back */
  AsdNoiseGate *gate;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_AUDIO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_AUDIO_CAPS));

G_DEFINE_TYPE (GstAsdDenoise, gst_asd_denoise, GST_TYPE_ASD_WINDOW_FILTER);
GST_ELEMENT_REGISTER_DEFINE (asddenoise, "asddenoise", GST_RANK_NONE,
    GST_TYPE_ASD_DENOISE);

static gint
trained_rate (AsdModelSection * section)
{
  const gchar *text = asd_model_section_get_string (section, "caps");
  GstCaps *caps = text != NULL ? gst_caps_from_string (text) : NULL;
  gint rate = 0;

  if (caps != NULL && gst_caps_get_size (caps) > 0)
    gst_structure_get_int (gst_caps_get_structure (caps, 0), "rate", &rate);
  gst_clear_caps (&caps);
  return rate;
}

static GstCaps *
gst_asd_denoise_set_format (GstAsdWindowFilter * filter, GstCaps * caps,
    gint rate, gsize window_samples)
{
  GstAsdDenoise *self = GST_ASD_DENOISE (filter);
  gint trained = trained_rate (self->section);
  gdouble reduction;
  GError *error = NULL;

  if (trained != rate) {
    GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
        ("%s: stage \"%s\" was trained at %d Hz, but the stream is at %d Hz: "
            "put audioresample ! audio/x-raw,rate=%d before %s",
            asd_model_get_name (asd_model_section_get_model (self->section)),
            asd_model_section_get_stage (self->section), trained, rate,
            trained, gst_asd_element_get_label (GST_ELEMENT (self))), (NULL));
    return NULL;
  }

  GST_OBJECT_LOCK (self);
  reduction = self->reduction;
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&self->gate, asd_noise_gate_free);
  self->gate = asd_noise_gate_load (self->section, reduction, &error);
  if (self->gate == NULL) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ, ("%s", error->message),
        (NULL));
    g_clear_error (&error);
    return NULL;
  }
  if (window_samples > 0)
    gst_asd_window_filter_set_output_size (filter, caps,
        window_samples * sizeof (gfloat));
  return gst_caps_ref (caps);
}

static GstFlowReturn
gst_asd_denoise_process_window (GstAsdWindowFilter * filter,
    const GstAsdWindow * window, GstBuffer ** outbuf)
{
  GstAsdDenoise *self = GST_ASD_DENOISE (filter);
  GstFlowReturn ret;
  GstMapInfo map;

  ret = gst_asd_window_filter_new_buffer (filter,
      window->n_samples * sizeof (gfloat), outbuf);
  if (ret != GST_FLOW_OK)
    return ret;
  if (!gst_buffer_map (*outbuf, &map, GST_MAP_WRITE)) {
    gst_clear_buffer (outbuf);
    return GST_FLOW_ERROR;
  }
  asd_noise_gate_process (self->gate, window->samples, window->n_samples,
      (gfloat *) map.data);
  gst_buffer_unmap (*outbuf, &map);
  return GST_FLOW_OK;
}

static gboolean
start (GstAsdDenoise * self)
{
  gchar *model, *stage;

  GST_OBJECT_LOCK (self);
  model = g_strdup (self->model);
  stage = gst_asd_element_get_stage (GST_ELEMENT (self), self->stage);
  GST_OBJECT_UNLOCK (self);
  self->section = gst_asd_element_load_section (GST_ELEMENT (self), model,
      stage, "denoise");
  g_free (model);
  g_free (stage);
  return self->section != NULL;
}

static void
stop (GstAsdDenoise * self)
{
  g_clear_pointer (&self->gate, asd_noise_gate_free);
  g_clear_pointer (&self->section, gst_asd_section_release);
}

static GstStateChangeReturn
gst_asd_denoise_change_state (GstElement * element, GstStateChange transition)
{
  GstAsdDenoise *self = GST_ASD_DENOISE (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (gst_asd_denoise_parent_class)->change_state
      (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
      || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
          && ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return ret;
}

/* The default of stage follows from the name of the element. */
static void
gst_asd_denoise_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  gst_asd_get_property (object, id, value, pspec);
  if (g_str_equal (pspec->name, "stage"))
    g_value_take_string (value,
        gst_asd_element_get_stage (GST_ELEMENT (object),
            g_value_get_string (value)));
}

static void
gst_asd_denoise_finalize (GObject * object)
{
  GstAsdDenoise *self = GST_ASD_DENOISE (object);

  stop (self);
  g_free (self->model);
  g_free (self->stage);
  G_OBJECT_CLASS (gst_asd_denoise_parent_class)->finalize (object);
}

static void
gst_asd_denoise_class_init (GstAsdDenoiseClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdWindowFilterClass *filter_class = GST_ASD_WINDOW_FILTER_CLASS (klass);

  GST_ASD_PROPERTY (klass, GstAsdDenoise, model,
      g_param_spec_string ("model", "Model", "Model file (.asd)", NULL,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdDenoise, stage,
      g_param_spec_string ("stage", "Stage",
          "Stage of the model; by default the element's name without \"asd\"",
          NULL, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdDenoise, reduction,
      g_param_spec_double ("reduction", "Reduction",
          "Part of the noise that is removed: 0 none, 1 all",
          0, 1, DEFAULT_REDUCTION, GST_ASD_PARAM_READY));
  object_class->get_property = gst_asd_denoise_get_property;
  object_class->finalize = gst_asd_denoise_finalize;

  element_class->change_state = gst_asd_denoise_change_state;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Noise gate",
      "Filter/Effect/Audio", "Removes learned noise from audio", "gst-asd");
  filter_class->set_format = gst_asd_denoise_set_format;
  filter_class->process_window = gst_asd_denoise_process_window;
}

static void
gst_asd_denoise_init (GstAsdDenoise * self)
{
}
