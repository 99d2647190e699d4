/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdalarm
 * @title: asdalarm
 *
 * Turns scores into alarms that a person can trust. Scores pass unchanged.
 *
 * An alarm starts when at least on-count of the last of-count windows score
 * above their threshold, and is cleared when fewer than on-count of the last
 * of-count are above the off level, normal + off-ratio * (threshold - normal).
 * normal is the median score of the calibration where `model` names a model
 * that has one, else 0: then the off level is off-ratio * threshold. A threshold
 * that is not above normal is its own off level. See asd/alarm.h for the
 * minimum times and for windows that are missing.
 *
 * The threshold is that of the score structure. Where it is NaN, a warning is
 * posted once, and there are no alarms.
 *
 * An alarm does not outlive its stream: STREAM_START, the event "asd-clip",
 * FLUSH_STOP, EOS and the way to READY clear it. So each file is judged by
 * itself.
 *
 * Latency: none.
 *
 * ## Messages
 * The element message "asd-alarm" is posted when an alarm starts, with each
 * window while it lasts, and when it is cleared:
 *
 * - state (string): "started", "ongoing" or "cleared"
 * - reason (string; when cleared): "normal" where the scores came back down,
 *   "ended" where the stream or file ended first
 * - start (uint64, ns): running time of the first window that voted
 * - end (uint64, ns): running time at which the last window so far ends that is
 *   above the off level
 * - duration (uint64, ns): end - start
 * - stream-time (uint64, ns): start in stream time, which for a recording is
 *   the place in it
 * - peak-score (double): the highest score from start on
 * - threshold (double): of the last window above the off level
 * - stage (string), model (string), stream-id (string): as in asd-score
 * - text (string), band-1-low (double) ...: where the peak score comes from, as in
 *   asd-score: of all windows, the one that shows the fault most clearly
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m asdtestsrc machine=fan fault=bearing severity=0.9 fault-time=20000000000 samplesperbuffer=16000 num-buffers=40 ! audioconvert ! asddenoise model=fan.asd window=4000000000 ! asdmodspec window=4000000000 ! asdgraph model=fan.asd threshold=120 ! asdalarm model=fan.asd ! fakesink
 * gst-launch-1.0 -m asdclipsrc location='test/anomaly*.wav' ! asddenoise model=fan.asd ! asdmodspec ! asdgraph model=fan.asd ! asdalarm on-count=1 of-count=1 ! fakesink
 * ]|
 */

#include "../elements.h"

#include <gst/asd/asd.h>
#include <gst/base/gstbasetransform.h>
#include <math.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_alarm_debug);
#define GST_CAT_DEFAULT gst_asd_alarm_debug

#define DEFAULT_ON_COUNT 2
#define DEFAULT_OF_COUNT 3
#define DEFAULT_OFF_RATIO 0.9
#define DEFAULT_MIN_ON 0
#define DEFAULT_MIN_OFF 0

/* A score above its threshold, which may become the peak of an alarm. */
typedef struct
{
  GstClockTime start;           /* running time */
  GstStructure *score;
} Candidate;

#define GST_TYPE_ASD_ALARM (gst_asd_alarm_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdAlarm, gst_asd_alarm, GST, ASD_ALARM,
    GstBaseTransform);

struct _GstAsdAlarm
{
  GstBaseTransform parent;

  /* properties, under the object lock */
  AsdAlarmConfig config;
  gchar *model_path;

  /* from start to stop */
  AsdModel *model;
  AsdAlarm *alarm;

  /* streaming thread only */
  gdouble normal;               /* score of normal sound */
  gboolean normal_known;
  gboolean warned;
  GstClockTime next_time;       /* end of the last window, in running time */
  GQueue candidates;            /* Candidate, the last of-count of them */

  /* while there is an alarm */
  GstStructure *source;         /* its peak score */
  gboolean has_stream_time;
  GstClockTimeDiff to_stream_time;      /* from running time */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_SCORE_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_SCORE_CAPS));

G_DEFINE_TYPE_WITH_CODE (GstAsdAlarm, gst_asd_alarm, GST_TYPE_BASE_TRANSFORM,
    GST_DEBUG_CATEGORY_INIT (gst_asd_alarm_debug, "asdalarm", 0, "alarms"));
GST_ELEMENT_REGISTER_DEFINE (asdalarm, "asdalarm", GST_RANK_NONE,
    GST_TYPE_ASD_ALARM);

static void
free_candidate (gpointer data)
{
  Candidate *candidate = data;

  gst_clear_structure (&candidate->score);
  g_free (candidate);
}

static void
remember_score (GstAsdAlarm * self, const GstStructure * score,
    const AsdAlarmWindow * window)
{
  Candidate *candidate;
  guint of_count;

  if (!(window->score > window->threshold))
    return;
  candidate = g_new (Candidate, 1);
  candidate->start = window->start;
  candidate->score = gst_structure_copy (score);
  g_queue_push_tail (&self->candidates, candidate);
  GST_OBJECT_LOCK (self);
  of_count = self->config.of_count;
  GST_OBJECT_UNLOCK (self);
  if (self->candidates.length > of_count)
    free_candidate (g_queue_pop_head (&self->candidates));
}

/* The highest score of the alarm, if it is one of the latest. */
static void
update_source (GstAsdAlarm * self, const AsdAlarmReport * report)
{
  GList *l;

  for (l = self->candidates.head; l != NULL; l = l->next) {
    Candidate *candidate = l->data;

    if (candidate->start != report->peak_start || candidate->score == NULL)
      continue;
    gst_structure_free (self->source);
    self->source = g_steal_pointer (&candidate->score);
  }
}

/* @reason: of the end of the alarm, or NULL */
static void
post_report (GstAsdAlarm * self, const AsdAlarmReport * report,
    const gchar * reason)
{
  GstClockTime stream_time = GST_CLOCK_TIME_NONE;
  GstStructure *s;

  if (self->has_stream_time)
    stream_time = report->start + self->to_stream_time;
  s = gst_structure_new ("asd-alarm",
      "state", G_TYPE_STRING, asd_alarm_state_get_name (report->state),
      "start", G_TYPE_UINT64, report->start,
      "end", G_TYPE_UINT64, report->end,
      "duration", G_TYPE_UINT64, report->end - report->start,
      "stream-time", G_TYPE_UINT64, stream_time,
      "peak-score", G_TYPE_DOUBLE, report->peak,
      "threshold", G_TYPE_DOUBLE, report->threshold,
      "stage", G_TYPE_STRING, gst_structure_get_string (self->source, "stage"),
      "model", G_TYPE_STRING, gst_structure_get_string (self->source, "model"),
      "stream-id", G_TYPE_STRING,
      gst_structure_get_string (self->source, "stream-id"), NULL);
  if (reason != NULL)
    gst_structure_set (s, "reason", G_TYPE_STRING, reason, NULL);
  gst_asd_score_copy_explanation (self->source, s);
  GST_DEBUG_OBJECT (self, "%" GST_PTR_FORMAT, s);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), s));
  if (report->state == ASD_ALARM_CLEARED)
    g_clear_pointer (&self->source, gst_structure_free);
}

/* Remembers where an alarm comes from until it is cleared. */
static void
begin_alarm (GstAsdAlarm * self, const GstStructure * score,
    GstClockTime running_time)
{
  GstClockTime stream_time = GST_CLOCK_TIME_NONE;

  gst_structure_get_uint64 (score, "stream-time", &stream_time);
  self->has_stream_time = GST_CLOCK_TIME_IS_VALID (stream_time);
  self->to_stream_time = GST_CLOCK_DIFF (running_time, stream_time);
  self->source = gst_structure_copy (score);
}

static void
finish_stream (GstAsdAlarm * self)
{
  AsdAlarmReport report;

  if (self->alarm != NULL && asd_alarm_finish (self->alarm, &report))
    post_report (self, &report, "ended");
  g_queue_clear_full (&self->candidates, free_candidate);
  self->next_time = 0;
}

static void
warn_once (GstAsdAlarm * self, const gchar * stage)
{
  if (self->warned)
    return;
  self->warned = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FAILED,
      ("The scores of stage \"%s\" have no threshold, so there are no alarms: "
          "make a model with one by gst-asd train, or set the property "
          "threshold of the scorer", GST_STR_NULL (stage)), (NULL));
}

/* The model is in memory, and the stage is the same for all scores. */
static void
find_normal (GstAsdAlarm * self, const gchar * stage)
{
  AsdModelSection *section = NULL;

  if (self->normal_known)
    return;
  self->normal_known = TRUE;
  self->normal = 0;
  if (self->model != NULL && stage != NULL)
    section = asd_model_get_section (self->model, stage, NULL);
  if (section == NULL)
    return;
  asd_model_section_get_double (section, "calibration-median", &self->normal,
      NULL);
  asd_model_section_unref (section);
  GST_INFO_OBJECT (self, "stage %s: normal is %g", stage, self->normal);
}

static gboolean
read_window (GstAsdAlarm * self, const GstStructure * score,
    AsdAlarmWindow * window)
{
  const gchar *stage = gst_structure_get_string (score, "stage");

  if (!gst_structure_get (score, "score", G_TYPE_DOUBLE, &window->score,
          "threshold", G_TYPE_DOUBLE, &window->threshold,
          "running-time", G_TYPE_UINT64, &window->start,
          "duration", G_TYPE_UINT64, &window->duration, NULL))
    return FALSE;
  /* Without times, windows follow each other. */
  if (!GST_CLOCK_TIME_IS_VALID (window->start))
    window->start = self->next_time;
  if (!GST_CLOCK_TIME_IS_VALID (window->duration))
    window->duration = 0;
  self->next_time = window->start + window->duration;
  find_normal (self, stage);
  window->normal = self->normal;
  if (isnan (window->threshold))
    warn_once (self, stage);
  return TRUE;
}

static GstFlowReturn
gst_asd_alarm_transform_ip (GstBaseTransform * trans, GstBuffer * buffer)
{
  GstAsdAlarm *self = GST_ASD_ALARM (trans);
  const GstStructure *score = gst_asd_buffer_get_score (buffer);
  AsdAlarmReport reports[ASD_ALARM_MAX_REPORTS];
  AsdAlarmWindow window;
  guint i, n;

  if (score == NULL || !read_window (self, score, &window)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A score without its meta: an element before %s drops metas",
            gst_asd_element_get_label (GST_ELEMENT (self))), (NULL));
    return GST_FLOW_ERROR;
  }
  remember_score (self, score, &window);
  n = asd_alarm_push (self->alarm, &window, reports);
  for (i = 0; i < n; i++) {
    if (reports[i].state == ASD_ALARM_STARTED)
      begin_alarm (self, score, window.start);
    update_source (self, &reports[i]);
    post_report (self, &reports[i],
        reports[i].state == ASD_ALARM_CLEARED ? "normal" : NULL);
  }
  return GST_FLOW_OK;
}

static gboolean
gst_asd_alarm_sink_event (GstBaseTransform * trans, GstEvent * event)
{
  GstAsdAlarm *self = GST_ASD_ALARM (trans);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      if (gst_event_has_name (event, "asd-clip"))
        finish_stream (self);
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_FLUSH_STOP:
    case GST_EVENT_EOS:
      finish_stream (self);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_asd_alarm_parent_class)->sink_event
      (trans, event);
}

static gboolean
gst_asd_alarm_stop (GstBaseTransform * trans)
{
  GstAsdAlarm *self = GST_ASD_ALARM (trans);

  finish_stream (self);
  g_clear_pointer (&self->alarm, asd_alarm_free);
  g_clear_pointer (&self->model, gst_asd_model_release);
  return TRUE;
}

static gboolean
gst_asd_alarm_start (GstBaseTransform * trans)
{
  GstAsdAlarm *self = GST_ASD_ALARM (trans);
  AsdAlarmConfig config;
  GError *error = NULL;
  const char *wrong;
  gchar *path;

  GST_OBJECT_LOCK (self);
  config = self->config;
  path = g_strdup (self->model_path);
  GST_OBJECT_UNLOCK (self);
  self->warned = FALSE;
  self->normal_known = FALSE;
  wrong = asd_alarm_config_check (&config);
  if (wrong == NULL && path != NULL && *path != '\0')
    self->model = gst_asd_model_acquire (path, &error);
  g_free (path);
  if (wrong != NULL)
    goto wrong_config;
  if (error != NULL)
    goto no_model;
  self->alarm = asd_alarm_new (&config);
  return TRUE;

wrong_config:
  GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("%s: %s",
          gst_asd_element_get_label (GST_ELEMENT (self)), wrong), (NULL));
  return FALSE;

no_model:
  GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ, ("%s", error->message), (NULL));
  g_clear_error (&error);
  return FALSE;
}

static void
gst_asd_alarm_finalize (GObject * object)
{
  g_free (GST_ASD_ALARM (object)->model_path);
  G_OBJECT_CLASS (gst_asd_alarm_parent_class)->finalize (object);
}

static void
install_properties (GstAsdAlarmClass * klass)
{
  GST_ASD_PROPERTY (klass, GstAsdAlarm, model_path,
      g_param_spec_string ("model", "Model",
          "Model file (.asd), for the median score of normal sound; without it "
          "that is taken as 0", NULL, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdAlarm, config.on_count,
      g_param_spec_uint ("on-count", "On count",
          "Windows above the threshold, of the last of-count ones, that start "
          "an alarm", 1, ASD_ALARM_MAX_COUNT, DEFAULT_ON_COUNT,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdAlarm, config.of_count,
      g_param_spec_uint ("of-count", "Of count",
          "Windows that are looked back on", 1, ASD_ALARM_MAX_COUNT,
          DEFAULT_OF_COUNT, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdAlarm, config.off_ratio,
      g_param_spec_double ("off-ratio", "Off ratio",
          "An alarm lasts while scores are above this part of the way from "
          "normal to the threshold", 0, 1, DEFAULT_OFF_RATIO,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdAlarm, config.min_on,
      g_param_spec_uint64 ("min-on", "Minimum on time",
          "Shortest time in ns that an alarm lasts", 0, G_MAXINT64,
          DEFAULT_MIN_ON, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdAlarm, config.min_off,
      g_param_spec_uint64 ("min-off", "Minimum off time",
          "Shortest time in ns from the end of an alarm to the next", 0,
          G_MAXINT64, DEFAULT_MIN_OFF, GST_ASD_PARAM_READY));
}

static void
gst_asd_alarm_class_init (GstAsdAlarmClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->finalize = gst_asd_alarm_finalize;
  install_properties (klass);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Alarm",
      "Filter/Analyzer/Audio", "Turns scores into alarms by votes of windows",
      "gst-asd");

  trans_class->start = gst_asd_alarm_start;
  trans_class->stop = gst_asd_alarm_stop;
  trans_class->transform_ip = gst_asd_alarm_transform_ip;
  trans_class->transform_ip_on_passthrough = TRUE;
  trans_class->sink_event = gst_asd_alarm_sink_event;
}

static void
gst_asd_alarm_init (GstAsdAlarm * self)
{
  g_queue_init (&self->candidates);
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
}
