/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "monitor.h"

#include <glib-unix.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static char *opt_model, *opt_streams, *opt_mqtt, *opt_metrics;
static char **opt_inputs;
static char *opt_duration;
static gboolean opt_json;
static MonitorOptions options = MONITOR_OPTIONS_INIT;

static const GOptionEntry entries[] = {
  {"model", 0, 0, G_OPTION_ARG_FILENAME, &opt_model,
      "model that 'gst-asd train' wrote", "M.asd"},
  {"streams", 0, 0, G_OPTION_ARG_FILENAME, &opt_streams,
      "file with a line NAME MODEL URI for each stream", "FILE"},
  {"window", 0, 0, G_OPTION_ARG_INT64, &options.window,
      "length of a window in ns (default: the model's)", "NS"},
  {"interval", 0, 0, G_OPTION_ARG_INT64, &options.interval,
      "time in ns between the starts of windows (default: the recipe's)", "NS"},
  {"channel", 0, 0, G_OPTION_ARG_INT, &options.channel,
      "channel to listen to, from 0; -1: the mean (default: the model's)", "N"},
  {"duration", 0, 0, G_OPTION_ARG_STRING, &opt_duration,
      "end after that time (default: never)", "90|90s|30m|1h|1d"},
  {"json", 0, 0, G_OPTION_ARG_NONE, &opt_json,
      "write every score, alarm and change of state as a JSON object", NULL},
  {"mqtt", 0, 0, G_OPTION_ARG_STRING, &opt_mqtt,
      "send all of it to mqtt://[USER:PASSWORD@]HOST[:PORT][/PREFIX]", "URI"},
  {"metrics", 0, 0, G_OPTION_ARG_STRING, &opt_metrics,
        "serve metrics for Prometheus at http://ADDRESS:PORT/metrics",
      "ADDRESS:PORT"},
  {"seed", 0, 0, G_OPTION_ARG_INT, &options.seed,
      "which recording \"test\" simulates (default: 0)", "N"},
  MONITOR_MACHINE_ENTRIES (options),
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_inputs,
      NULL, NULL},
  {NULL}
};

typedef struct
{
  GMainLoop *loop;
  GPtrArray *streams;
  MonitorOutput *output;
  MonitorMqtt *mqtt;            /* or NULL */
  MonitorMetrics *metrics;      /* or NULL */
  GError *error;                /* why the loop ended before the streams */
} Monitor;

/* The streams */

static void
on_event (MonitorStream * stream, const GstStructure * event,
    gpointer user_data)
{
  Monitor *monitor = user_data;

  if (monitor->mqtt != NULL)
    monitor_mqtt_event (monitor->mqtt, stream, event);
  monitor_output_event (monitor->output, stream, event);
  if (monitor->error == NULL
      && !monitor_output_flush (monitor->output, &monitor->error))
    g_main_loop_quit (monitor->loop);
  for (guint i = 0; i < monitor->streams->len; i++)
    if (!monitor_stream_is_over (g_ptr_array_index (monitor->streams, i)))
      return;
  g_main_loop_quit (monitor->loop);
}

static gboolean
add_stream (Monitor * monitor, const char *name, const char *model,
    const char *input, GError ** error)
{
  for (guint i = 0; i < monitor->streams->len; i++) {
    MonitorStream *other = g_ptr_array_index (monitor->streams, i);

    if (strcmp (other->name, name) == 0) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
          "a second stream is called \"%s\": give it another name", name);
      return FALSE;
    }
  }
  if (*name == '\0' || strpbrk (name, " \t/+#") != NULL
      || !g_utf8_validate (name, -1, NULL)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "\"%s\" is no name for a "
        "stream: leave out blanks, /, + and #", name);
    return FALSE;
  }
  g_ptr_array_add (monitor->streams, monitor_stream_new (name, model, input,
          &options, on_event, monitor));
  return TRUE;
}

/* The input without its scheme, user, path of folders and extension. */
static char *
make_name (const char *input)
{
  const char *start = strstr (input, "://");
  char *name, *at;

  if (start == NULL) {
    name = g_path_get_basename (input);
  } else {
    at = strchr (start + 3, '@');
    name = g_strdup (at != NULL ? at + 1 : start + 3);
    g_strdelimit (name, "?", '\0');
  }
  for (char *c = name; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("-.:", *c) == NULL)
      *c = '_';
  while (g_str_has_suffix (name, "_"))
    name[strlen (name) - 1] = '\0';
  return name;
}

static gboolean
add_inputs (Monitor * monitor, GError ** error)
{
  gboolean ok = TRUE;

  for (guint i = 0; ok && opt_inputs != NULL && opt_inputs[i] != NULL; i++) {
    char *name = make_name (opt_inputs[i]);

    ok = add_stream (monitor, name, opt_model, opt_inputs[i], error);
    g_free (name);
  }
  return ok;
}

static gboolean
add_line (Monitor * monitor, const char *line, GError ** error)
{
  char **words = NULL;
  gboolean ok = FALSE;

  if (!g_shell_parse_argv (line, NULL, &words, error)) {
    /* Nothing, or a comment. */
    ok = g_error_matches (*error, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING);
    if (ok)
      g_clear_error (error);
    return ok;
  }
  if (g_strv_length (words) == 3)
    ok = add_stream (monitor, words[0], words[1], words[2], error);
  else
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "has %u words: write NAME MODEL URI, those with blanks in quotes",
        g_strv_length (words));
  g_strfreev (words);
  return ok;
}

static gboolean
add_list (Monitor * monitor, GError ** error)
{
  gboolean ok = TRUE;
  char *text, **lines;

  if (opt_streams == NULL)
    return TRUE;
  if (!g_file_get_contents (opt_streams, &text, NULL, error))
    return FALSE;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; ok && lines[i] != NULL; i++) {
    ok = add_line (monitor, lines[i], error);
    if (!ok)
      g_prefix_error (error, "%s:%u: ", opt_streams, i + 1);
  }
  g_strfreev (lines);
  g_free (text);
  if (ok && monitor->streams->len == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "%s: has no stream: write a line NAME MODEL URI for each", opt_streams);
    ok = FALSE;
  }
  return ok;
}

/* The loop */

static void
for_all (Monitor * monitor, void (*func) (MonitorStream *))
{
  for (guint i = 0; i < monitor->streams->len; i++)
    func (g_ptr_array_index (monitor->streams, i));
}

static gboolean
on_signal (gpointer user_data)
{
  Monitor *monitor = user_data;
  static gboolean again;

  if (again)
    g_main_loop_quit (monitor->loop);
  again = TRUE;
  for_all (monitor, monitor_stream_stop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_tick (gpointer user_data)
{
  Monitor *monitor = user_data;

  char *text;

  for_all (monitor, monitor_stream_tick);
  text = monitor->mqtt != NULL ? monitor_mqtt_tick (monitor->mqtt) : NULL;
  if (text != NULL)
    monitor_output_say (monitor->output, text);
  g_free (text);
  return G_SOURCE_CONTINUE;
}

static int
finish (Monitor * monitor)
{
  guint n_failed = 0;

  if (monitor->error != NULL) {
    fprintf (stderr, "%s: %s\n", g_get_prgname (), monitor->error->message);
    return EXIT_USER_ERROR;
  }
  for (guint i = 0; i < monitor->streams->len; i++) {
    MonitorStream *stream = g_ptr_array_index (monitor->streams, i);

    n_failed += stream->state == MONITOR_FAILED;
  }
  return n_failed == 0 ? 0 :
      n_failed == monitor->streams->len ? EXIT_USER_ERROR : EXIT_SKIPPED;
}

static int
run (Monitor * monitor)
{
  guint sources[] = {
    g_unix_signal_add (SIGINT, on_signal, monitor),
    g_unix_signal_add (SIGTERM, on_signal, monitor),
    g_timeout_add_seconds (1, on_tick, monitor),
  };

  /* Who reads may go: then a write says so. */
  signal (SIGPIPE, SIG_IGN);
  for_all (monitor, monitor_stream_start);
  for (guint i = 0; i < monitor->streams->len && monitor->error == NULL; i++) {
    if (!monitor_stream_is_over (g_ptr_array_index (monitor->streams, i))) {
      g_main_loop_run (monitor->loop);
      break;
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  return finish (monitor);
}

static gboolean
open_outputs (Monitor * monitor)
{
  monitor->output = monitor_output_new (monitor->streams, opt_json);
  if (opt_metrics != NULL)
    monitor->metrics = monitor_metrics_new (opt_metrics, monitor->streams,
        &monitor->error);
  if (monitor->error == NULL && opt_mqtt != NULL)
    monitor->mqtt = monitor_mqtt_new (opt_mqtt, monitor->streams,
        &monitor->error);
  return monitor->error == NULL;
}

static int
check_options (void)
{
  int code;

  if ((opt_inputs == NULL) == (opt_streams == NULL))
    return tool_usage ("either --model and a file, URI, pulse, alsa or test, "
        "or --streams is needed");
  if ((opt_model == NULL) != (opt_inputs == NULL))
    return tool_usage (opt_model == NULL ? "--model is needed" :
        "the list of --streams has the models, leave out --model");
  code = monitor_options_check (&options, opt_duration);
  if (code != 0)
    return code;
  if (options.interval < 0 || options.interval > TOOL_MAX_WINDOW
      || (options.interval > 0 && options.interval < GST_MSECOND))
    return tool_usage ("--interval is in ns: 2 s are 2000000000");
  return tool_check_numbers (options.window,
      options.channel == G_MININT ? 0 : options.channel, 0);
}

int
cmd_monitor (int argc, char **argv)
{
  Monitor monitor = { NULL };
  int code;

  if (!tool_parse (&argc, &argv, "FILE|URI|pulse|alsa|test...",
          "Scores streams as long as they last, and says when a machine sounds "
          "wrong.\nSources: files, rtsp://, http://, pulse[:DEVICE], "
          "alsa[:DEVICE], and \"test\", a simulated\nmachine, in real time or, "
          "with --duration, as fast as it can be scored.", entries, &code))
    return code;
  code = check_options ();
  if (code != 0)
    return code;

  monitor.streams = g_ptr_array_new_with_free_func ((GDestroyNotify)
      monitor_stream_free);
  monitor.loop = g_main_loop_new (NULL, FALSE);
  if (add_inputs (&monitor, &monitor.error)
      && add_list (&monitor, &monitor.error) && open_outputs (&monitor))
    code = run (&monitor);
  else
    code = finish (&monitor);

  monitor_mqtt_free (monitor.mqtt);
  monitor_metrics_free (monitor.metrics);
  g_ptr_array_unref (monitor.streams);
  monitor_output_free (monitor.output);
  g_main_loop_unref (monitor.loop);
  g_clear_error (&monitor.error);
  return code;
}
