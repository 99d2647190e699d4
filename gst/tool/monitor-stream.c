/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One stream of 'gst-asd monitor': its pipeline, and a new one when the source
 * is gone. */

#include "monitor.h"

#include <math.h>
#include <string.h>

/* Without a buffer for so long a live source counts as gone, in seconds; the
 * second is for the time before the first one. */
#define STALL_TIMEOUT 5
#define CONNECT_TIMEOUT 15

/* Seconds between attempts: doubled from the first to the second; to the third
 * where the source has been gone for PATIENCE. */
#define FIRST_DELAY 0.5
#define SHORT_DELAY 2.
#define LONG_DELAY 30.
#define PATIENCE 300.

/* How long a stop waits for the last scores, in seconds. */
#define STOP_TIMEOUT 2

struct _MonitorLink
{
  MonitorStream *stream;
  GstElement *pipeline;
  GstElement *detector;
  guint watch;
  gint64 started;               /* monotonic time */

  /* of the probe, in a streaming thread */
  gint last_buffer;             /* atomic: monotonic time in ms, cut off */
  gint stopping;                /* atomic */
  gboolean ended;
};

static gboolean handle_message (GstBus * bus, GstMessage * message,
    gpointer user_data);

const char *
monitor_state_get_name (MonitorState state)
{
  static const char *names[] = { "connecting", "listening", "lost", "ended",
    "failed"
  };

  return names[state];
}

char *
monitor_hide_password (const char *input)
{
  static GRegex *regex;

  if (regex == NULL)
    regex = g_regex_new ("^([^:/]+://[^:@/]*):[^@/]*@", 0, 0, NULL);
  return g_regex_replace (regex, input, -1, 0, "\\1:***@", 0, NULL);
}

int
monitor_options_check (MonitorOptions * options, const char *duration)
{
  if (!(options->fault_at >= 0 && options->fault_at <= 1e9))
    return tool_usage ("--fault-at is 0 to 1e9 seconds");
  if (!(options->severity >= 0 && options->severity <= 1))
    return tool_usage ("--severity is 0 to 1");
  if (!(options->snr >= -20 && options->snr <= 60))
    return tool_usage ("--snr is -20 to 60 dB");
  if (options->machine_id < 0 || options->seed < 0)
    return tool_usage ("--machine-id and --seed are not negative");
  return duration != NULL ? tool_parse_duration (duration, &options->duration) :
      0;
}

MonitorStream *
monitor_stream_new (const char *name, const char *model, const char *input,
    const MonitorOptions * options, MonitorFunc func, gpointer user_data)
{
  MonitorStream *stream = g_new0 (MonitorStream, 1);

  stream->name = g_strdup (name);
  stream->model = g_strdup (model);
  stream->input = g_strdup (input);
  stream->options = options;
  stream->func = func;
  stream->user_data = user_data;
  stream->text = g_strdup ("");
  stream->sensor = g_strdup ("ok");
  stream->score = stream->threshold = NAN;
  stream->live = monitor_source_is_live (input);
  stream->warnings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      NULL);
  return stream;
}

static void
emit (MonitorStream * stream, GstStructure * event)
{
  stream->func (stream, event, stream->user_data);
  gst_structure_free (event);
}

static void
set_state (MonitorStream * stream, MonitorState state, const char *text)
{
  /* A source that stays away is lost once, whatever the attempts end in. */
  if (stream->state == state)
    return;
  stream->state = state;
  g_free (stream->text);
  stream->text = g_strdup (text);
  emit (stream, gst_structure_new ("asd-state", "state", G_TYPE_STRING,
          monitor_state_get_name (state), "text", G_TYPE_STRING, text, NULL));
}

void
monitor_stream_cut (MonitorStream * stream)
{
  MonitorLink *link = stream->link;

  if (link == NULL)
    return;
  stream->link = NULL;
  g_source_remove (link->watch);
  gst_element_set_state (link->pipeline, GST_STATE_NULL);
  gst_object_unref (link->pipeline);
  g_free (link);
}

void
monitor_stream_free (MonitorStream * stream)
{
  monitor_stream_cut (stream);
  if (stream->retry != 0)
    g_source_remove (stream->retry);
  g_hash_table_unref (stream->warnings);
  g_free (stream->name);
  g_free (stream->model);
  g_free (stream->input);
  g_free (stream->text);
  g_free (stream->sensor);
  g_free (stream->missing);
  g_free (stream);
}

gboolean
monitor_stream_is_over (MonitorStream * stream)
{
  return stream->state == MONITOR_ENDED || stream->state == MONITOR_FAILED;
}

static void
fail (MonitorStream * stream, const char *text)
{
  monitor_stream_cut (stream);
  stream->alarm = FALSE;
  set_state (stream, MONITOR_FAILED, text);
}

char *
monitor_stream_describe_counts (const MonitorStream * stream)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT " window%s, %" G_GUINT64_FORMAT
      " alarm%s", stream->n_windows, stream->n_windows == 1 ? "" : "s",
      stream->n_alarms, stream->n_alarms == 1 ? "" : "s");
}

static void
end (MonitorStream * stream)
{
  char *text;

  monitor_stream_cut (stream);
  if (stream->retry != 0)
    g_source_remove (stream->retry);
  stream->retry = 0;
  stream->alarm = FALSE;
  if (stream->n_windows == 0 && stream->give_up == 0) {
    text = g_strdup (stream->state == MONITOR_LOST ? "was never reached" :
        "ended before its first window was full: record for longer, or choose "
        "a shorter --window");
    set_state (stream, MONITOR_FAILED, text);
  } else {
    text = monitor_stream_describe_counts (stream);
    set_state (stream, MONITOR_ENDED, text);
  }
  g_free (text);
}

static gboolean
try_again (gpointer user_data)
{
  MonitorStream *stream = user_data;

  stream->retry = 0;
  monitor_stream_start (stream);
  return G_SOURCE_REMOVE;
}

static void
lose (MonitorStream * stream, const char *text)
{
  gint64 now = g_get_monotonic_time ();
  double longest;

  monitor_stream_cut (stream);
  if (stream->give_up != 0 || (stream->deadline != 0
          && now >= stream->deadline)) {
    end (stream);
    return;
  }
  if (stream->down_since == 0)
    stream->down_since = now;
  longest = now - stream->down_since < PATIENCE * G_USEC_PER_SEC ?
      SHORT_DELAY : LONG_DELAY;
  stream->delay = stream->delay == 0 ? FIRST_DELAY :
      MIN (2 * stream->delay, longest);
  stream->retry = g_timeout_add (1000 * stream->delay, try_again, stream);
  stream->n_reconnects++;
  stream->alarm = FALSE;
  set_state (stream, MONITOR_LOST, text);
}

/* Sees every buffer before the detector does. */
static GstPadProbeReturn
watch_buffer (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  MonitorLink *link = user_data;
  MonitorStream *stream = link->stream;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstClockTime pts = GST_BUFFER_PTS (buffer);
  gint64 now = g_get_monotonic_time ();
  gboolean over;

  if (g_atomic_int_get (&link->last_buffer) == 0)
    gst_element_post_message (link->pipeline,
        gst_message_new_application (GST_OBJECT (link->pipeline),
            gst_structure_new_empty ("asd-sound")));
  g_atomic_int_set (&link->last_buffer, MAX (1, (now / 1000) & G_MAXINT));
  if (stream->live)
    over = stream->deadline != 0 && now >= stream->deadline;
  else
    over = stream->options->duration > 0 && GST_CLOCK_TIME_IS_VALID (pts)
        && pts >= stream->options->duration * GST_SECOND;
  over = over || g_atomic_int_get (&link->stopping);
  if (!over)
    return GST_PAD_PROBE_OK;
  /* Not upstream, where a decoder may or may not make an EOS of it. */
  if (!link->ended)
    gst_pad_send_event (pad, gst_event_new_eos ());
  link->ended = TRUE;
  return GST_PAD_PROBE_DROP;
}

/* Returns the element (floating) that scores. */
static GstElement *
make_detector (MonitorStream * stream, GError ** error)
{
  const MonitorOptions *options = stream->options;
  GstElement *detector = gst_element_factory_make ("asddetect", NULL);
  AsdModel *model;

  if (detector == NULL) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "asddetect is missing: check 'gst-inspect-1.0 asd'");
    return NULL;
  }
  /* An element could only say so after it had been started. */
  model = gst_asd_model_acquire (stream->model, error);
  if (model == NULL) {
    gst_object_unref (gst_object_ref_sink (detector));
    return NULL;
  }
  gst_asd_model_release (model);
  g_object_set (detector, "model", stream->model, NULL);
  if (options->window > 0)
    g_object_set (detector, "window", (guint64) options->window, NULL);
  if (options->interval > 0)
    g_object_set (detector, "interval", (guint64) options->interval, NULL);
  if (options->channel != G_MININT)
    g_object_set (detector, "channel", options->channel, NULL);
  return detector;
}

static MonitorLink *
make_link (MonitorStream * stream, GError ** error)
{
  GstElement *detector = stream->options->make_listener != NULL ?
      stream->options->make_listener (stream, error) :
      make_detector (stream, error);
  GstElement *sink;
  MonitorLink *link;
  GstPad *pad;
  GstBus *bus;

  if (detector == NULL)
    return NULL;
  link = g_new0 (MonitorLink, 1);
  link->stream = stream;
  link->pipeline = gst_pipeline_new (stream->name);
  link->detector = detector;
  link->started = g_get_monotonic_time ();
  sink = gst_element_factory_make ("fakesink", NULL);
  g_object_set (sink, "sync", FALSE, "async", FALSE, "enable-last-sample",
      FALSE, NULL);
  gst_bin_add_many (GST_BIN (link->pipeline), detector, sink, NULL);
  gst_element_link (detector, sink);
  bus = gst_element_get_bus (link->pipeline);
  link->watch = gst_bus_add_watch (bus, handle_message, link);
  gst_object_unref (bus);

  pad = gst_element_get_static_pad (detector, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, watch_buffer, link, NULL);
  if (monitor_source_new (stream, link->pipeline, pad, error) == NULL) {
    g_source_remove (link->watch);
    g_clear_pointer (&link->pipeline, gst_object_unref);
    g_clear_pointer (&link, g_free);
  }
  gst_object_unref (pad);
  return link;
}

void
monitor_stream_start (MonitorStream * stream)
{
  double duration = stream->options->duration;
  GError *error = NULL;

  if (stream->live && stream->deadline == 0 && duration > 0)
    stream->deadline = g_get_monotonic_time () + duration * G_USEC_PER_SEC;
  g_clear_pointer (&stream->missing, g_free);
  stream->link = make_link (stream, &error);
  if (stream->link == NULL) {
    fail (stream, error->message);
    g_error_free (error);
    return;
  }
  /* Where this fails, the reason is on the bus. */
  gst_element_set_state (stream->link->pipeline, GST_STATE_PLAYING);
}

void
monitor_stream_stop (MonitorStream * stream)
{
  gint64 now = g_get_monotonic_time ();

  if (monitor_stream_is_over (stream))
    return;
  stream->give_up = now + STOP_TIMEOUT * G_USEC_PER_SEC;
  if (stream->link == NULL || stream->state != MONITOR_LISTENING)
    end (stream);
  else
    g_atomic_int_set (&stream->link->stopping, TRUE);
}

void
monitor_stream_tick (MonitorStream * stream)
{
  MonitorLink *link = stream->link;
  gint64 now = g_get_monotonic_time ();
  gint last;

  if (monitor_stream_is_over (stream))
    return;
  if ((stream->give_up != 0 && now >= stream->give_up)
      || (stream->deadline != 0
          && now >= stream->deadline + STOP_TIMEOUT * G_USEC_PER_SEC)) {
    end (stream);
    return;
  }
  if (link == NULL || !stream->live)
    return;
  last = g_atomic_int_get (&link->last_buffer);
  if (last == 0 && now - link->started > CONNECT_TIMEOUT * G_USEC_PER_SEC)
    lose (stream, "gives no sound: check that the source is on");
  else if (last != 0
      && (((now / 1000 - last) & G_MAXINT)) > STALL_TIMEOUT * 1000)
    lose (stream, "has stopped giving sound: check that the source is on");
}

static gboolean
is_of_detector (MonitorStream * stream, GstMessage * message)
{
  GstObject *detector = GST_OBJECT (stream->link->detector);

  return message->src == detector
      || gst_object_has_as_ancestor (message->src, detector);
}

static void
handle_error (MonitorStream * stream, GstMessage * message)
{
  gboolean final = TRUE;
  GError *error = NULL;
  gchar *debug = NULL;
  char *text;

  gst_message_parse_error (message, &error, &debug);
  GST_INFO ("%s: %s", stream->name, GST_STR_NULL (debug));
  /* The sound is what it is: another attempt would end in the same way. */
  if (is_of_detector (stream, message))
    text = g_strdup (error->message);
  else
    text = monitor_source_explain (stream, error, &final);
  if (final || !stream->live)
    fail (stream, text);
  else
    lose (stream, text);
  g_error_free (error);
  g_free (debug);
  g_free (text);
}

static void
handle_warning (MonitorStream * stream, GstMessage * message)
{
  const char *reason = NULL;
  const GstStructure *details;
  GError *error = NULL;

  /* What matters of the source's comes again as an error. */
  if (!is_of_detector (stream, message))
    return;
  gst_message_parse_warning (message, &error, NULL);
  gst_message_parse_warning_details (message, &details);
  if (details != NULL)
    reason = gst_structure_get_string (details, "reason");
  if (reason == NULL)
    reason = error->message;
  if (g_hash_table_add (stream->warnings, g_strdup (reason)))
    emit (stream, gst_structure_new ("asd-warning", "text", G_TYPE_STRING,
            reason, NULL));
  g_error_free (error);
}

static void
take_score (MonitorStream * stream, const GstStructure * score)
{
  guint64 start = 0, duration = 0;

  gst_structure_get (score, "score", G_TYPE_DOUBLE, &stream->score,
      "threshold", G_TYPE_DOUBLE, &stream->threshold, "anomalous",
      G_TYPE_BOOLEAN, &stream->anomalous, "stream-time", G_TYPE_UINT64, &start,
      "duration", G_TYPE_UINT64, &duration, NULL);
  stream->position = start + duration;
  stream->n_windows++;
}

static void
handle_event (MonitorStream * stream, const GstStructure * event)
{
  const char *state = gst_structure_get_string (event, "state");
  guint n = 1;

  if (gst_structure_has_name (event, "asd-sound")) {
    stream->delay = 0;
    stream->down_since = 0;
    set_state (stream, MONITOR_LISTENING, "");
    return;
  }
  if (gst_structure_has_name (event, "missing-plugin")) {
    g_free (stream->missing);
    stream->missing = g_strdup (gst_structure_get_string (event, "name"));
    return;
  }
  if (gst_structure_has_name (event, GST_ASD_SCORE_NAME)) {
    take_score (stream, event);
  } else if (gst_structure_has_name (event, "asd-alarm")) {
    stream->alarm = g_strcmp0 (state, "cleared") != 0;
    stream->n_alarms += g_strcmp0 (state, "started") == 0;
  } else if (gst_structure_has_name (event, "asd-sensor")) {
    g_free (stream->sensor);
    stream->sensor = g_strdup (state != NULL ? state : "");
  } else if (gst_structure_has_name (event, "asd-window")) {
    stream->n_windows++;
  } else if (gst_structure_has_name (event, "asd-overrun")) {
    gst_structure_get_uint (event, "windows", &n);
    stream->n_overruns += n;
  } else {
    return;
  }
  stream->func (stream, event, stream->user_data);
}

static void
handle_end (MonitorStream * stream)
{
  MonitorLink *link = stream->link;
  gint64 length = -1;

  /* What has a length, such as a file from a web server, has an end. */
  if (stream->live && !link->ended
      && !(gst_element_query_duration (link->pipeline, GST_FORMAT_TIME,
              &length) && length > 0))
    lose (stream, "has ended: check that the source is on");
  else
    end (stream);
}

static gboolean
handle_message (GstBus * bus, GstMessage * message, gpointer user_data)
{
  MonitorLink *link = user_data;
  MonitorStream *stream = link->stream;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_EOS:
      handle_end (stream);
      break;
    case GST_MESSAGE_ERROR:
      handle_error (stream, message);
      break;
    case GST_MESSAGE_WARNING:
      handle_warning (stream, message);
      break;
    case GST_MESSAGE_CLOCK_LOST:
      gst_element_set_state (link->pipeline, GST_STATE_PAUSED);
      gst_element_set_state (link->pipeline, GST_STATE_PLAYING);
      break;
    case GST_MESSAGE_ELEMENT:
    case GST_MESSAGE_APPLICATION:
      if (gst_message_get_structure (message) != NULL)
        handle_event (stream, gst_message_get_structure (message));
      break;
    default:
      break;
  }
  /* The watch may be gone, which removes it again without harm. */
  return stream->link == link ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}
