/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asddetect
 * @title: asddetect
 *
 * Listens to a machine: a model that 'gst-asd train' wrote, with the whole of
 * its recipe, in one element. It is a tap: the audio passes untouched.
 *
 * |[
 *            .--------------------- audio ----------------------.
 *  sink --- tee                                                 src
 *            '- queue - channel, rate - asdsensor - RECIPE - asdalarm
 * ]|
 *
 * Channel and rate become those of the model; a source with a lower rate gives
 * a warning that names the missing band. Windows are as long as the property
 * window says, else as those of the training, else as the median recording of
 * it. So the scores are those that 'gst-asd score' gives for the same windows.
 *
 * A score rides on the first audio buffer after it is ready, as the meta
 * "asd-score", with the times of its own window; where several are ready, the
 * newest does. The messages have all of them, the last ones possibly as messages
 * alone. EOS passes when the last window is scored.
 *
 * Where the source is not live, listening holds it back and no window is lost.
 * Where it is live, whole windows are left out while listening is behind by more
 * than a window, or 2 s if that is more.
 *
 * While the sensor is faulty, and for windows in which it was, there are scores
 * but no alarms.
 *
 * `model` may change while playing: the new one is loaded beside the old one and
 * takes over where a window of that ends, which also clears its alarm. What
 * cannot be used is refused with a warning, and the old one stays.
 *
 * Latency: none. A score comes when its window is complete.
 *
 * ## Messages
 * - "asd-score": see #GstAsdScorer; of the whole recipe, not of its parts
 * - "asd-alarm": see #GstAsdAlarm
 * - "asd-sensor": see #GstAsdSensor
 * - "asd-overrun", for windows that were left out:
 *   - windows (uint): how many. One, where they do not overlap
 *   - total (uint64): how many since the element was started
 *   - running-time, duration (uint64, ns): the audio that was left out
 *   - stream-id (string)
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m asdtestsrc machine=fan fault=bearing severity=0.9 num-buffers=1000 ! audioconvert ! asddetect model=fan.asd on-count=1 of-count=1 ! fakesink
 * gst-launch-1.0 filesrc location=motor.wav ! wavparse ! audioconvert ! asddetect model=fan.asd window=1000000000 ! wavenc ! filesink location=copy.wav
 * ]|
 */

#include "../elements.h"
#include "gstasddetect.h"

#include <gst/asd/asd.h>
#include <string.h>

GST_DEBUG_CATEGORY (gst_asd_detect_debug);
#define GST_CAT_DEFAULT gst_asd_detect_debug

#define DEFAULT_CHANNEL 0
#define DEFAULT_WINDOW 0
#define DEFAULT_INTERVAL 0
#define DEFAULT_POST_MESSAGES TRUE
#define DEFAULT_ON_COUNT 2
#define DEFAULT_OF_COUNT 3
#define DEFAULT_OFF_RATIO 0.9
#define DEFAULT_MIN_ON 0
#define DEFAULT_MIN_OFF 0

#define MAX_WINDOW (3600 * GST_SECOND)
enum
{
  PROP_0,
  PROP_MODEL,
  PROP_CHANNEL,
  PROP_WINDOW,
  PROP_INTERVAL,
  PROP_POST_MESSAGES,
  PROP_ON_COUNT,
  PROP_OF_COUNT,
  PROP_OFF_RATIO,
  PROP_MIN_ON,
  PROP_MIN_OFF,
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_DETECT_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_DETECT_CAPS));

G_DEFINE_TYPE_WITH_CODE (GstAsdDetect, gst_asd_detect, GST_TYPE_BIN,
    GST_DEBUG_CATEGORY_INIT (gst_asd_detect_debug, "asddetect", 0,
        "listens to a machine"));
GST_ELEMENT_REGISTER_DEFINE (asddetect, "asddetect", GST_RANK_NONE,
    GST_TYPE_ASD_DETECT);

void
gst_asd_detect_set_flag (GstAsdDetect * self, gboolean *flag, gboolean value)
{
  g_mutex_lock (&self->lock);
  *flag = value;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

void
gst_asd_detect_wait_for_end (GstAsdDetect * self)
{
  g_mutex_lock (&self->lock);
  while (self->running && !self->flushing && !self->failed && !self->ended)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

GstBuffer *
gst_asd_detect_take_score (GstAsdDetect * self)
{
  GstBuffer *score;

  g_mutex_lock (&self->lock);
  score = g_steal_pointer (&self->score);
  g_mutex_unlock (&self->lock);
  return score;
}

GstClockTime
gst_asd_detect_update_windows (GstAsdDetect * self, GstAsdGrid * grid)
{
  GstClockTime window, interval;
  gint rate;

  g_mutex_lock (&self->lock);
  window = self->window;
  interval = self->interval;
  rate = self->model_rate;
  g_mutex_unlock (&self->lock);
  gst_asd_grid_set_windows (grid, rate, window, interval);
  return window;
}

void
gst_asd_detect_refuse (GstAsdDetect * self, const gchar * path,
    const GError * why)
{
  gchar *old;

  g_mutex_lock (&self->lock);
  old = g_strdup (self->path);
  g_mutex_unlock (&self->lock);
  GST_OBJECT_LOCK (self);
  if (g_strcmp0 (self->model, path) == 0) {
    g_free (self->model);
    self->model = g_strdup (old);
  }
  GST_OBJECT_UNLOCK (self);
  GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
      ("%s (%s goes on)", why->message, old), (NULL));
  g_free (old);
}

/* Models */

static GstAsdDetector *
load (GstAsdDetect * self, gchar ** path, GError ** error)
{
  GstAsdDetectorConfig config;

  GST_OBJECT_LOCK (self);
  config = self->config;
  *path = g_strdup (self->model);
  GST_OBJECT_UNLOCK (self);
  return gst_asd_detector_new (*path, &config, error);
}

/* In a thread of its own. Of two that run at once, the later one counts. */
static void
load_next (GstElement * element, gpointer user_data)
{
  GstAsdDetect *self = GST_ASD_DETECT (element);
  GstAsdDetector *next, *unused;
  GError *error = NULL;
  gboolean current;
  gchar *path;

  next = load (self, &path, &error);
  unused = next;
  g_mutex_lock (&self->lock);
  current = self->running && self->n_loads == GPOINTER_TO_UINT (user_data);
  if (current && next != NULL) {
    unused = self->next;
    self->next = next;
  }
  g_mutex_unlock (&self->lock);
  if (current && next == NULL)
    gst_asd_detect_refuse (self, path, error);
  g_clear_error (&error);
  gst_asd_detector_free (unused);
  g_free (path);
}

static void
set_model (GstAsdDetect * self, const gchar * path)
{
  gboolean running;
  guint n;

  GST_OBJECT_LOCK (self);
  g_free (self->model);
  self->model = g_strdup (path);
  GST_OBJECT_UNLOCK (self);
  g_mutex_lock (&self->lock);
  running = self->running;
  n = ++self->n_loads;
  g_mutex_unlock (&self->lock);
  if (running)
    gst_element_call_async (GST_ELEMENT (self), load_next, GUINT_TO_POINTER (n),
        NULL);
}

/* States */

static gboolean
start (GstAsdDetect * self)
{
  GstAsdDetector *detector;
  GError *error = NULL;
  gchar *path;

  detector = load (self, &path, &error);
  g_free (path);
  if (detector == NULL) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("%s", error->message),
        (NULL));
    g_clear_error (&error);
    return FALSE;
  }
  gst_asd_detect_attach (self, detector);
  memset (&self->gate, 0, sizeof (self->gate));
  g_mutex_lock (&self->lock);
  self->running = TRUE;
  self->flushing = self->failed = self->ended = FALSE;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
stop (GstAsdDetect * self)
{
  GstBuffer *score = gst_asd_detect_take_score (self);

  gst_clear_buffer (&score);
  gst_asd_detector_free (gst_asd_detect_take_next (self));
  if (self->detector != NULL)
    gst_asd_detect_detach (self);
}

static GstStateChangeReturn
gst_asd_detect_change_state (GstElement * element, GstStateChange transition)
{
  GstAsdDetect *self = GST_ASD_DETECT (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_asd_detect_set_flag (self, &self->running, FALSE);

  ret = GST_ELEMENT_CLASS (gst_asd_detect_parent_class)->change_state (element,
      transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
      || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
          && ret == GST_STATE_CHANGE_FAILURE)) {
    gst_asd_detect_set_flag (self, &self->running, FALSE);
    stop (self);
  }
  return ret;
}

static void
take_sensor (GstAsdDetect * self, const GstStructure * s)
{
  GstClockTime running_time = 0;

  gst_structure_get_uint64 (s, "running-time", &running_time);
  g_mutex_lock (&self->lock);
  self->sensor_faulty =
      g_strcmp0 (gst_structure_get_string (s, "state"), "ok") != 0;
  if (!self->sensor_faulty && GST_CLOCK_TIME_IS_VALID (running_time))
    self->sensor_ok_from = running_time;
  g_mutex_unlock (&self->lock);
}

static void
gst_asd_detect_handle_message (GstBin * bin, GstMessage * message)
{
  GstAsdDetect *self = GST_ASD_DETECT (bin);

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_EOS:
    case GST_MESSAGE_LATENCY:
    case GST_MESSAGE_STREAM_START:
      /* The end of the branch is none of the pipeline. */
      gst_message_unref (message);
      return;
    case GST_MESSAGE_ERROR:
      gst_asd_detect_set_flag (self, &self->failed, TRUE);
      break;
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name (message, "asd-sensor"))
        take_sensor (self, gst_message_get_structure (message));
      break;
    default:
      break;
  }
  GST_BIN_CLASS (gst_asd_detect_parent_class)->handle_message (bin, message);
}

static void
gst_asd_detect_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstAsdDetect *self = GST_ASD_DETECT (object);
  GstAsdDetectorConfig *config = &self->config;

  if (id == PROP_MODEL) {
    set_model (self, g_value_get_string (value));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_CHANNEL:
      config->channel = g_value_get_int (value);
      break;
    case PROP_WINDOW:
      config->window = g_value_get_uint64 (value);
      break;
    case PROP_INTERVAL:
      config->interval = g_value_get_uint64 (value);
      break;
    case PROP_POST_MESSAGES:
      config->post_messages = g_value_get_boolean (value);
      break;
    case PROP_ON_COUNT:
      config->alarm.on_count = g_value_get_uint (value);
      break;
    case PROP_OF_COUNT:
      config->alarm.of_count = g_value_get_uint (value);
      break;
    case PROP_OFF_RATIO:
      config->alarm.off_ratio = g_value_get_double (value);
      break;
    case PROP_MIN_ON:
      config->alarm.min_on = g_value_get_uint64 (value);
      break;
    case PROP_MIN_OFF:
      config->alarm.min_off = g_value_get_uint64 (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_detect_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdDetect *self = GST_ASD_DETECT (object);
  const GstAsdDetectorConfig *config = &self->config;

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODEL:
      g_value_set_string (value, self->model);
      break;
    case PROP_CHANNEL:
      g_value_set_int (value, config->channel == G_MININT ? DEFAULT_CHANNEL :
          config->channel);
      break;
    case PROP_WINDOW:
      g_value_set_uint64 (value, config->window);
      break;
    case PROP_INTERVAL:
      g_value_set_uint64 (value, config->interval);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, config->post_messages);
      break;
    case PROP_ON_COUNT:
      g_value_set_uint (value, config->alarm.on_count);
      break;
    case PROP_OF_COUNT:
      g_value_set_uint (value, config->alarm.of_count);
      break;
    case PROP_OFF_RATIO:
      g_value_set_double (value, config->alarm.off_ratio);
      break;
    case PROP_MIN_ON:
      g_value_set_uint64 (value, config->alarm.min_on);
      break;
    case PROP_MIN_OFF:
      g_value_set_uint64 (value, config->alarm.min_off);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_detect_finalize (GObject * object)
{
  GstAsdDetect *self = GST_ASD_DETECT (object);

  g_free (self->model);
  g_free (self->path);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (gst_asd_detect_parent_class)->finalize (object);
}

static void
install_alarm_properties (GObjectClass * object_class, GParamFlags flags)
{
  g_object_class_install_property (object_class, PROP_ON_COUNT,
      g_param_spec_uint ("on-count", "On count",
          "Windows above the threshold, of the last of-count ones, that start "
          "an alarm", 1, ASD_ALARM_MAX_COUNT, DEFAULT_ON_COUNT, flags));
  g_object_class_install_property (object_class, PROP_OF_COUNT,
      g_param_spec_uint ("of-count", "Of count",
          "Windows that are looked back on", 1, ASD_ALARM_MAX_COUNT,
          DEFAULT_OF_COUNT, flags));
  g_object_class_install_property (object_class, PROP_OFF_RATIO,
      g_param_spec_double ("off-ratio", "Off ratio",
          "An alarm lasts while scores are above this part of the way from "
          "normal to the threshold", 0, 1, DEFAULT_OFF_RATIO, flags));
  g_object_class_install_property (object_class, PROP_MIN_ON,
      g_param_spec_uint64 ("min-on", "Minimum on time",
          "Shortest time in ns that an alarm lasts", 0, G_MAXINT64,
          DEFAULT_MIN_ON, flags));
  g_object_class_install_property (object_class, PROP_MIN_OFF,
      g_param_spec_uint64 ("min-off", "Minimum off time",
          "Shortest time in ns from the end of an alarm to the next", 0,
          G_MAXINT64, DEFAULT_MIN_OFF, flags));
}

static void
gst_asd_detect_class_init (GstAsdDetectClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  object_class->set_property = gst_asd_detect_set_property;
  object_class->get_property = gst_asd_detect_get_property;
  object_class->finalize = gst_asd_detect_finalize;

  g_object_class_install_property (object_class, PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "Model file (.asd) that 'gst-asd train' wrote; set while playing, it "
          "takes over at the end of a window", NULL,
          flags | GST_PARAM_MUTABLE_PLAYING));
  flags |= GST_PARAM_MUTABLE_READY;
  g_object_class_install_property (object_class, PROP_CHANNEL,
      g_param_spec_int ("channel", "Channel",
          "The channel to listen to, from 0, or -1 for the plain mean of all; "
          "where it is never set, that of the training", -1, G_MAXINT,
          DEFAULT_CHANNEL, flags));
  g_object_class_install_property (object_class, PROP_WINDOW,
      g_param_spec_uint64 ("window", "Window",
          "Length in ns of the windows that the recipe leaves open, 0 for that "
          "of the training", 0, MAX_WINDOW, DEFAULT_WINDOW, flags));
  g_object_class_install_property (object_class, PROP_INTERVAL,
      g_param_spec_uint64 ("interval", "Interval",
          "Time in ns between the starts of windows, 0 for that of the recipe "
          "or of the calibration", 0, MAX_WINDOW, DEFAULT_INTERVAL, flags));
  g_object_class_install_property (object_class, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post every score as an element message", DEFAULT_POST_MESSAGES,
          flags));
  install_alarm_properties (object_class, flags);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Detector",
      "Filter/Analyzer/Audio",
      "Listens with a model and its whole recipe, and lets the audio pass",
      "gst-asd");
  element_class->change_state = gst_asd_detect_change_state;
  GST_BIN_CLASS (klass)->handle_message = gst_asd_detect_handle_message;
}

static void
gst_asd_detect_init (GstAsdDetect * self)
{
  self->config.channel = G_MININT;
  self->config.window = DEFAULT_WINDOW;
  self->config.interval = DEFAULT_INTERVAL;
  self->config.post_messages = DEFAULT_POST_MESSAGES;
  self->config.alarm.on_count = DEFAULT_ON_COUNT;
  self->config.alarm.of_count = DEFAULT_OF_COUNT;
  self->config.alarm.off_ratio = DEFAULT_OFF_RATIO;
  self->config.alarm.min_on = DEFAULT_MIN_ON;
  self->config.alarm.min_off = DEFAULT_MIN_OFF;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);

  /* A filter for those around it, in spite of the sink inside. */
  gst_bin_set_suppressed_flags (GST_BIN (self), GST_ELEMENT_FLAG_SINK |
      GST_ELEMENT_FLAG_SOURCE);
  self->tee = gst_element_factory_make ("tee", NULL);
  self->queue = gst_element_factory_make ("queue", NULL);
  g_object_set (self->queue, "max-size-buffers", 0, "silent", TRUE, NULL);
  gst_bin_add_many (GST_BIN (self), self->tee, self->queue, NULL);
  gst_asd_detect_add_pads (self);
}
