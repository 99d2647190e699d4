/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What 'gst-asd monitor' writes: NDJSON; or lines for a person, with a line for
 * each stream below them where there is a terminal. */

#include "monitor.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* At most so often the lines of the streams are drawn, in us. */
#define DRAW_INTERVAL (G_USEC_PER_SEC / 10)

struct _MonitorOutput
{
  GPtrArray *streams;
  gboolean json;
  gboolean draw;                /* to a terminal that is high enough */
  guint n_drawn;                /* lines that are there */
  gint64 drawn;                 /* when */
  int error;                    /* errno of the first write that failed */
};

MonitorOutput *
monitor_output_new (GPtrArray * streams, gboolean json)
{
  MonitorOutput *output = g_new0 (MonitorOutput, 1);
  struct winsize size;

  output->streams = streams;
  output->json = json;
  output->draw = !json && isatty (STDOUT_FILENO)
      && ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0
      && streams->len < size.ws_row;
  return output;
}

void
monitor_output_free (MonitorOutput * output)
{
  g_free (output);
}

static void
write_text (MonitorOutput * output, const char *text)
{
  if (output->error == 0 && (fputs (text, stdout) < 0 || fflush (stdout) != 0))
    output->error = errno;
}

gboolean
monitor_output_flush (MonitorOutput * output, GError ** error)
{
  if (output->error == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (output->error),
      "standard output: cannot be written: %s%s", g_strerror (output->error),
      output->error == ENOSPC ? ": make room and start again" : "");
  return FALSE;
}

/* JSON */

static void
add_value (JsonBuilder * builder, const GValue * value)
{
  char *text;

  if (G_VALUE_HOLDS_DOUBLE (value) && isfinite (g_value_get_double (value))) {
    json_builder_add_double_value (builder, g_value_get_double (value));
  } else if (G_VALUE_HOLDS_BOOLEAN (value)) {
    json_builder_add_boolean_value (builder, g_value_get_boolean (value));
  } else if (G_VALUE_HOLDS_UINT64 (value)
      && GST_CLOCK_TIME_IS_VALID (g_value_get_uint64 (value))) {
    json_builder_add_int_value (builder, g_value_get_uint64 (value));
  } else if (G_VALUE_HOLDS_INT (value)) {
    json_builder_add_int_value (builder, g_value_get_int (value));
  } else if (G_VALUE_HOLDS_UINT (value)) {
    json_builder_add_int_value (builder, g_value_get_uint (value));
  } else if (G_VALUE_HOLDS_STRING (value) && g_value_get_string (value)) {
    text = g_utf8_make_valid (g_value_get_string (value), -1);
    json_builder_add_string_value (builder, text);
    g_free (text);
  } else if (GST_VALUE_HOLDS_ARRAY (value)) {
    json_builder_begin_array (builder);
    for (guint i = 0; i < gst_value_array_get_size (value); i++)
      add_value (builder, gst_value_array_get_value (value, i));
    json_builder_end_array (builder);
  } else {
    json_builder_add_null_value (builder);
  }
}

static gboolean
add_member (GQuark field, const GValue * value, gpointer user_data)
{
  json_builder_set_member_name (user_data, g_quark_to_string (field));
  add_value (user_data, value);
  return TRUE;
}

char *
monitor_event_to_json (MonitorStream * stream, const GstStructure * event)
{
  GDateTime *now = g_date_time_new_now_utc ();
  char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.");
  char *full = g_strdup_printf ("%s%03dZ", time,
      g_date_time_get_microsecond (now) / 1000);
  JsonBuilder *builder = json_builder_new ();
  JsonNode *root;
  char *text;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "type");
  json_builder_add_string_value (builder,
      gst_structure_get_name (event) + strlen ("asd-"));
  json_builder_set_member_name (builder, "stream");
  json_builder_add_string_value (builder, stream->name);
  json_builder_set_member_name (builder, "time");
  json_builder_add_string_value (builder, full);
  gst_structure_foreach (event, add_member, builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  json_node_unref (root);
  g_object_unref (builder);
  g_free (full);
  g_free (time);
  g_date_time_unref (now);
  return text;
}

/* for people */

/* A change of the sensor says when it was, to which no window belongs. */
static char *
format_time (MonitorStream * stream, const GstStructure * event)
{
  guint64 time = stream->position;
  GDateTime *now;
  guint seconds;
  char *text;

  if (gst_structure_has_name (event, "asd-sensor"))
    gst_structure_get_uint64 (event, "running-time", &time);
  seconds = time / GST_SECOND;
  if (!stream->live)
    return g_strdup_printf ("%u:%02u:%02u", seconds / 3600,
        seconds / 60 % 60, seconds % 60);
  now = g_date_time_new_now_local ();
  text = g_date_time_format (now, "%Y-%m-%d %H:%M:%S");
  g_date_time_unref (now);
  return text;
}

static char *
describe_alarm (const GstStructure * alarm)
{
  const char *state = gst_structure_get_string (alarm, "state");
  const char *why = gst_structure_get_string (alarm, "text");
  double peak = NAN, threshold = NAN;
  guint64 duration = 0;

  gst_structure_get (alarm, "peak-score", G_TYPE_DOUBLE, &peak, "threshold",
      G_TYPE_DOUBLE, &threshold, "duration", G_TYPE_UINT64, &duration, NULL);
  if (g_strcmp0 (state, "started") == 0)
    return g_strdup_printf ("ALARM: score %.4g is above %.4g%s%s", peak,
        threshold, why != NULL ? "; " : "", why != NULL ? why : "");
  if (g_strcmp0 (state, "cleared") == 0)
    return g_strdup_printf ("%s %.1f s, highest score %.4g",
        g_strcmp0 (gst_structure_get_string (alarm, "reason"), "ended") == 0 ?
        "listening ended during an alarm of" : "alarm over after",
        duration / 1e9, peak);
  return NULL;
}

/* NULL where a person need not be told. @wrong gets whether it is for standard
 * error. */
static char *
describe (MonitorStream * stream, const GstStructure * event, gboolean *wrong)
{
  const char *text = gst_structure_get_string (event, "text");
  const char *state = gst_structure_get_string (event, "state");

  *wrong = FALSE;
  if (gst_structure_has_name (event, "asd-alarm"))
    return describe_alarm (event);
  if (gst_structure_has_name (event, "asd-sensor"))
    return g_strdup_printf ("sensor %s%s%s", state, text != NULL ? ": " : "",
        text != NULL ? text : "");
  if (gst_structure_has_name (event, "asd-overrun"))
    return stream->n_overruns > 1 ? NULL : g_strdup ("falls behind: windows "
        "are left out; give it more processor time, or fewer streams");
  if (gst_structure_has_name (event, "asd-warning")) {
    *wrong = TRUE;
    return g_strdup (text);
  }
  if (!gst_structure_has_name (event, "asd-state"))
    return NULL;
  *wrong = stream->state == MONITOR_LOST || stream->state == MONITOR_FAILED;
  if (*wrong)
    return g_strconcat (text, stream->state == MONITOR_LOST ?
        "; trying again" : "", NULL);
  return g_strdup_printf ("%s%s%s", state, *text != '\0' ? ": " : "", text);
}

static char *
describe_status (MonitorStream * stream)
{
  GString *line = g_string_new (stream->name);
  const char *sound = stream->alarm ? "ALARM" :
      stream->anomalous ? "anomalous" : "normal";
  char *counts;

  g_string_append_printf (line, ": %s", monitor_state_get_name (stream->state));
  if (stream->state != MONITOR_LISTENING && *stream->text != '\0')
    g_string_append_printf (line, ", %s", stream->text);
  if (!isnan (stream->score) && stream->state == MONITOR_LISTENING) {
    counts = monitor_stream_describe_counts (stream);
    g_string_append_printf (line, ", %s, score %.4g (threshold %.4g), %s",
        sound, stream->score, stream->threshold, counts);
    g_free (counts);
  }
  if (strcmp (stream->sensor, "ok") != 0)
    g_string_append_printf (line, ", sensor %s", stream->sensor);
  return g_string_free (line, FALSE);
}

static void
clear_status (MonitorOutput * output)
{
  char *up;

  if (output->n_drawn == 0)
    return;
  up = g_strdup_printf ("\033[%uA\033[J", output->n_drawn);
  write_text (output, up);
  g_free (up);
  output->n_drawn = 0;
}

static void
draw_status (MonitorOutput * output)
{
  GString *block;

  if (!output->draw)
    return;
  clear_status (output);
  /* Lines do not wrap, so that their number is known. */
  block = g_string_new ("\033[?7l");
  for (guint i = 0; i < output->streams->len; i++) {
    char *line = describe_status (g_ptr_array_index (output->streams, i));

    g_string_append_printf (block, "%s\n", line);
    g_free (line);
  }
  g_string_append (block, "\033[?7h");
  write_text (output, block->str);
  g_string_free (block, TRUE);
  output->n_drawn = output->streams->len;
  output->drawn = g_get_monotonic_time ();
}

void
monitor_output_say (MonitorOutput * output, const char *text)
{
  clear_status (output);
  fprintf (stderr, "%s: %s\n", g_get_prgname (), text);
  draw_status (output);
}

static void
write_event (MonitorOutput * output, MonitorStream * stream,
    const GstStructure * event)
{
  gboolean wrong;
  char *text = describe (stream, event, &wrong), *time, *line;

  if (text == NULL)
    return;
  clear_status (output);
  if (wrong) {
    fprintf (stderr, "%s: %s: %s\n", g_get_prgname (), stream->name, text);
  } else if (!output->json) {
    time = format_time (stream, event);
    line = g_strdup_printf ("%s  %s: %s\n", time, stream->name, text);
    write_text (output, line);
    g_free (line);
    g_free (time);
  }
  g_free (text);
  draw_status (output);
}

void
monitor_output_event (MonitorOutput * output, MonitorStream * stream,
    const GstStructure * event)
{
  char *json, *line;

  if (output->json) {
    json = monitor_event_to_json (stream, event);
    line = g_strconcat (json, "\n", NULL);
    write_text (output, line);
    g_free (line);
    g_free (json);
  }
  write_event (output, stream, event);
  if (g_get_monotonic_time () - output->drawn > DRAW_INTERVAL)
    draw_status (output);
}
