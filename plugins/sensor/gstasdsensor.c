/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdsensor
 * @title: asdsensor
 *
 * Tells faults of the microphone from faults of the machine. Audio passes
 * untouched; each window of it is dead (digital silence, or nothing to be
 * heard), stuck (constant, or one block that repeats), clipped, quiet, loud, or
 * ok. asd/sensor.h has the definitions.
 *
 * How loud the machine is has to come from the model. Without `model`, or with a
 * model that does not tell, nothing is quiet or loud, and only digital silence
 * is dead. The levels in a model are those of windows of 1 s, the default.
 *
 * What a source marks as missing (GAP), such as audiotestsrc does with silence, is
 * not looked at.
 *
 * Latency: none. A message comes when its window is complete.
 *
 * ## Messages
 * The element message "asd-sensor" is posted when the state changes, and at the
 * first window of a stream that is not ok:
 *
 * - state (string): "ok", "dead", "stuck", "clipped", "quiet" or "loud"
 * - timestamp, running-time, duration (uint64, ns): the window that was found so
 * - level (double): its RMS around the mean in dBFS, at least -200
 * - text (string): one sentence that says what to do
 * - stream-id (string)
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m asdtestsrc machine=fan num-buffers=100 ! audioconvert ! asdsensor model=fan.asd ! asddenoise model=fan.asd ! asdmodspec ! asdgraph model=fan.asd ! fakesink
 * gst-launch-1.0 -m asdtestsrc machine=fan num-buffers=100 ! audioamplify amplification=100 ! asdsensor ! fakesink
 * ]|
 */

#include "../elements.h"

#include <gst/asd/asd.h>
#include <gst/base/gstbasetransform.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_sensor_debug);
#define GST_CAT_DEFAULT gst_asd_sensor_debug

#define DEFAULT_WINDOW ASD_SENSOR_WINDOW
#define MIN_WINDOW (10 * GST_MSECOND)
#define MAX_WINDOW (60 * GST_SECOND)
#define DEFAULT_CLIP_SHARE 0.01
#define DEFAULT_DEAD_MARGIN 40
#define DEFAULT_QUIET_MARGIN 20
#define DEFAULT_LOUD_MARGIN 20
#define MAX_MARGIN 200

#define GST_TYPE_ASD_SENSOR (gst_asd_sensor_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdSensor, gst_asd_sensor, GST, ASD_SENSOR,
    GstBaseTransform);

struct _GstAsdSensor
{
  GstBaseTransform parent;

  /* properties, under the object lock */
  AsdSensorConfig config;
  GstClockTime window;
  gchar *model_path;

  /* from start to stop */
  AsdSensorLevels levels;
  gboolean has_levels;

  /* streaming thread only */
  GstAsdWindower *windower;
  AsdSensor *sensor;
  AsdSensorState state;         /* that was posted, ok before the first */
  gboolean told;                /* this stream's first window was looked at */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_AUDIO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_AUDIO_CAPS));

G_DEFINE_TYPE_WITH_CODE (GstAsdSensor, gst_asd_sensor, GST_TYPE_BASE_TRANSFORM,
    GST_DEBUG_CATEGORY_INIT (gst_asd_sensor_debug, "asdsensor", 0,
        "faults of the sensor"));
GST_ELEMENT_REGISTER_DEFINE (asdsensor, "asdsensor", GST_RANK_NONE,
    GST_TYPE_ASD_SENSOR);

static void
post_report (GstAsdSensor * self, const GstAsdWindow * window,
    const AsdSensorReport * report)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  GstClockTime running_time = GST_CLOCK_TIME_NONE;
  gchar *stream_id =
      gst_pad_get_stream_id (GST_BASE_TRANSFORM_SINK_PAD (trans));
  gchar *text = asd_sensor_describe (self->sensor, report);
  GstStructure *s;

  if (trans->segment.format == GST_FORMAT_TIME)
    running_time = gst_segment_to_running_time (&trans->segment,
        GST_FORMAT_TIME, window->timestamp);
  s = gst_structure_new ("asd-sensor",
      "state", G_TYPE_STRING, asd_sensor_state_get_name (report->state),
      "timestamp", G_TYPE_UINT64, window->timestamp,
      "running-time", G_TYPE_UINT64, running_time,
      "duration", G_TYPE_UINT64, window->duration,
      "level", G_TYPE_DOUBLE, report->level,
      "text", G_TYPE_STRING, text, "stream-id", G_TYPE_STRING, stream_id, NULL);
  GST_DEBUG_OBJECT (self, "%" GST_PTR_FORMAT, s);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), s));
  g_free (text);
  g_free (stream_id);
}

static GstFlowReturn
handle_window (const GstAsdWindow * window, gpointer user_data)
{
  GstAsdSensor *self = user_data;
  AsdSensorReport report;
  gboolean changed;

  if (gst_asd_first_non_finite (window->samples, window->n_samples)
      < window->n_samples) {
    gst_asd_element_skip_window (GST_ELEMENT (self),
        GST_BASE_TRANSFORM_SINK_PAD (self), window->timestamp,
        "A sample is not a finite number: check the source");
    return GST_FLOW_OK;
  }
  asd_sensor_process (self->sensor, window->samples, window->n_samples,
      &report);
  changed = report.state != self->state
      || (!self->told && report.state != ASD_SENSOR_OK);
  self->state = report.state;
  self->told = TRUE;
  if (changed)
    post_report (self, window, &report);
  return GST_FLOW_OK;
}

static GstFlowReturn
gst_asd_sensor_transform_ip (GstBaseTransform * trans, GstBuffer * buffer)
{
  return gst_asd_windower_push (GST_ASD_SENSOR (trans)->windower, buffer);
}

static gboolean
gst_asd_sensor_set_caps (GstBaseTransform * trans, GstCaps * incaps,
    GstCaps * outcaps)
{
  GstAsdSensor *self = GST_ASD_SENSOR (trans);
  AsdSensorConfig config;
  GstClockTime window;
  GstAudioInfo info;

  if (!gst_audio_info_from_caps (&info, incaps))
    return FALSE;
  GST_OBJECT_LOCK (self);
  config = self->config;
  window = self->window;
  GST_OBJECT_UNLOCK (self);
  gst_asd_windower_configure (self->windower, GST_AUDIO_INFO_RATE (&info),
      window, 0, window);
  asd_sensor_free (self->sensor);
  self->sensor = asd_sensor_new (&config,
      self->has_levels ? &self->levels : NULL,
      gst_asd_windower_get_window_samples (self->windower));
  return TRUE;
}

static gboolean
gst_asd_sensor_sink_event (GstBaseTransform * trans, GstEvent * event)
{
  GstAsdSensor *self = GST_ASD_SENSOR (trans);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      if (!gst_event_has_name (event, "asd-clip"))
        break;
      /* FALLTHROUGH */
    case GST_EVENT_STREAM_START:
      self->told = FALSE;
      gst_asd_windower_reset (self->windower);
      break;
    case GST_EVENT_SEGMENT:
    case GST_EVENT_GAP:
    case GST_EVENT_FLUSH_STOP:
      gst_asd_windower_reset (self->windower);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_asd_sensor_parent_class)->sink_event
      (trans, event);
}

static gboolean
gst_asd_sensor_start (GstBaseTransform * trans)
{
  GstAsdSensor *self = GST_ASD_SENSOR (trans);
  AsdModel *model = NULL;
  GError *error = NULL;
  gchar *path;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->model_path);
  GST_OBJECT_UNLOCK (self);
  self->state = ASD_SENSOR_OK;
  self->told = FALSE;
  self->has_levels = FALSE;
  if (path != NULL && *path != '\0')
    model = gst_asd_model_acquire (path, &error);
  g_free (path);
  if (model != NULL) {
    self->has_levels = asd_sensor_levels_read (model, &self->levels, &error);
    gst_asd_model_release (model);
    if (g_error_matches (error, ASD_ERROR, ASD_ERROR_MISSING)) {
      GST_INFO_OBJECT (self, "%s", error->message);
      g_clear_error (&error);
    }
  }
  if (error == NULL)
    return TRUE;
  GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ, ("%s", error->message), (NULL));
  g_clear_error (&error);
  return FALSE;
}

static gboolean
gst_asd_sensor_stop (GstBaseTransform * trans)
{
  GstAsdSensor *self = GST_ASD_SENSOR (trans);

  gst_asd_windower_reset (self->windower);
  g_clear_pointer (&self->sensor, asd_sensor_free);
  return TRUE;
}

static void
gst_asd_sensor_finalize (GObject * object)
{
  GstAsdSensor *self = GST_ASD_SENSOR (object);

  gst_asd_windower_free (self->windower);
  g_free (self->model_path);
  G_OBJECT_CLASS (gst_asd_sensor_parent_class)->finalize (object);
}

static void
install_properties (GstAsdSensorClass * klass)
{
  GST_ASD_PROPERTY (klass, GstAsdSensor, model_path,
      g_param_spec_string ("model", "Model",
          "Model file (.asd), for the level of the machine; without it nothing "
          "is too quiet or too loud", NULL, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdSensor, window,
      g_param_spec_uint64 ("window", "Window",
          "Length in ns of the windows that are looked at", MIN_WINDOW,
          MAX_WINDOW, DEFAULT_WINDOW, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdSensor, config.clip_share,
      g_param_spec_double ("clip-share", "Clip share",
          "Share of samples at full scale above which the input is clipped",
          0, 1, DEFAULT_CLIP_SHARE, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdSensor, config.dead_margin,
      g_param_spec_double ("dead-margin", "Dead margin",
          "The input is dead that many dB below the level in training",
          0, MAX_MARGIN, DEFAULT_DEAD_MARGIN, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdSensor, config.quiet_margin,
      g_param_spec_double ("quiet-margin", "Quiet margin",
          "The input is too quiet that many dB below the level in training",
          0, MAX_MARGIN, DEFAULT_QUIET_MARGIN, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdSensor, config.loud_margin,
      g_param_spec_double ("loud-margin", "Loud margin",
          "The input is too loud that many dB above the level in training",
          0, MAX_MARGIN, DEFAULT_LOUD_MARGIN, GST_ASD_PARAM_READY));
}

static void
gst_asd_sensor_class_init (GstAsdSensorClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->finalize = gst_asd_sensor_finalize;
  install_properties (klass);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Sensor check",
      "Filter/Analyzer/Audio",
      "Tells faults of the microphone from faults of the machine", "gst-asd");

  trans_class->start = gst_asd_sensor_start;
  trans_class->stop = gst_asd_sensor_stop;
  trans_class->set_caps = gst_asd_sensor_set_caps;
  trans_class->transform_ip = gst_asd_sensor_transform_ip;
  trans_class->transform_ip_on_passthrough = TRUE;
  trans_class->sink_event = gst_asd_sensor_sink_event;
}

static void
gst_asd_sensor_init (GstAsdSensor * self)
{
  self->windower = gst_asd_windower_new (handle_window, self);
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
}
