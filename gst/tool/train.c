/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "recorder.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *opt_recipe, *opt_model, *opt_threshold;
static char **opt_train, **opt_data, **opt_more_data;
static gint64 opt_window, opt_interval;
static double opt_false_alarms = NAN;
static gboolean opt_extrapolate;
static int opt_seed, opt_channel;

/* of a line */
static char *opt_duration;
static RecorderOptions line = {.monitor = MONITOR_OPTIONS_INIT };

static const GOptionEntry entries[] = {
  {"recipe", 0, 0, G_OPTION_ARG_STRING, &opt_recipe,
      "shipped recipe, recipe file or launch fragment", "RECIPE"},
  {"train", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_train,
      "set a property of a stage's trainer", "STAGE.PROPERTY=VALUE"},
  {"data", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_data,
        "recordings of normal sound, or folders of them; or a line, see above",
      "FILES...|LINE"},
  {"model", 0, 0, G_OPTION_ARG_FILENAME, &opt_model,
      "model file to write", "OUT.asd"},
  {"seed", 0, 0, G_OPTION_ARG_INT, &opt_seed,
      "seed of everything random, \"test\" included (default: 0)", "N"},
  {"window", 0, 0, G_OPTION_ARG_INT64, &opt_window,
      "length of a window in ns (default: 0, the whole clip)", "NS"},
  {"interval", 0, 0, G_OPTION_ARG_INT64, &opt_interval,
      "time in ns between the starts of windows to calibrate with and to score "
        "(default: 0, the window)", "NS"},
  {"channel", 0, 0, G_OPTION_ARG_INT, &opt_channel,
      "channel to listen to, from 0; -1: the mean (default: 0)", "N"},
  {"threshold", 0, 0, G_OPTION_ARG_STRING, &opt_threshold,
      "gamma:P, quantile:Q, mean-std:K or false-alarms:PER_DAY (default: "
        "gamma:0.999)", "RULE"},
  {"false-alarms", 0, 0, G_OPTION_ARG_DOUBLE, &opt_false_alarms,
        "threshold by how many windows of normal sound may exceed it in a day",
      "PER_DAY"},
  {"extrapolate", 0, 0, G_OPTION_ARG_NONE, &opt_extrapolate,
      "accept fewer false alarms than the recordings can vouch for", NULL},
  {"duration", 0, 0, G_OPTION_ARG_STRING, &opt_duration,
      "how long to listen to a line", "90|90s|30m|1h|1d"},
  {"keep", 0, 0, G_OPTION_ARG_NONE, &line.keep,
      "Ctrl-C ends the listening and learns from what was heard", NULL},
  {"record", 0, 0, G_OPTION_ARG_FILENAME, &line.folder,
      "keep the line's windows as recordings in this folder", "FOLDER"},
  MONITOR_MACHINE_ENTRIES (line.monitor),
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_more_data,
      NULL, NULL},
  {NULL}
};

static char **
join (char **a, char **b)
{
  GPtrArray *all = g_ptr_array_new ();
  guint i;

  for (i = 0; a != NULL && a[i] != NULL; i++)
    g_ptr_array_add (all, a[i]);
  for (i = 0; b != NULL && b[i] != NULL; i++)
    g_ptr_array_add (all, b[i]);
  g_ptr_array_add (all, NULL);
  return (char **) g_ptr_array_free (all, FALSE);
}

static char *
hash_list (Source * source)
{
  GChecksum *checksum = g_checksum_new (G_CHECKSUM_SHA256);
  char *text, *name;
  guint i;

  for (i = 0; i < source_get_size (source); i++) {
    name = g_path_get_basename (source_get_file (source, i));
    g_checksum_update (checksum, (guint8 *) name, strlen (name) + 1);
    g_free (name);
  }
  text = g_strdup (g_checksum_get_string (checksum));
  g_checksum_free (checksum);
  return text;
}

static void
set_number (AsdModelWriter * writer, const char *key, guint64 number)
{
  char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  asd_model_writer_set_model_string (writer, key, text);
  g_free (text);
}

/* What the model says beside its stages. */
static void
describe (AsdModelWriter * writer, const Training * training, Source * source,
    GstClockTime median_length)
{
  AsdSensorLevels levels;
  char *text;

  text = gst_asd_recipe_to_data (training->recipe);
  asd_model_writer_set_model_string (writer, "recipe", text);
  g_free (text);
  text = hash_list (source);
  asd_model_writer_set_model_string (writer, "training-list-sha256", text);
  g_free (text);
  text = g_strdup_printf ("%d", opt_channel);
  asd_model_writer_set_model_string (writer, "channel", text);
  g_free (text);
  set_number (writer, "seed", training->seed);
  set_number (writer, "rate", TOOL_RATE);
  set_number (writer, "window", training->window);
  set_number (writer, "interval", training->interval);
  set_number (writer, "median-length", median_length);
  set_number (writer, "clips", source_get_size (source));
  if (source_get_levels (source, &levels))
    asd_sensor_levels_write (&levels, writer);
}

/* Fewer scores have no tail that a threshold could follow. */
#define MIN_SCORES 8

/* What the threshold is worth. */
static void
print_result (const Calibration * calibration, guint n_recordings,
    gboolean live)
{
  const AsdThresholdRule *rule = &calibration->rule;
  char *text;

  printf ("%s: %u %s", opt_model, n_recordings,
      live ? "windows" : "recordings");
  if (!isnan (calibration->threshold))
    printf (", threshold %g (%s of %u held-out scores)",
        calibration->threshold, opt_threshold, calibration->n_scores);
  printf ("\n");
  if (!isnan (calibration->threshold) && calibration->n_scores < MIN_SCORES) {
    text =
        g_strdup_printf ("a threshold from so few scores (%u) may be far off: "
        "learn from %u %s or more", calibration->n_scores, MIN_SCORES,
        live ? "windows" : "recordings");
    tool_say (opt_model, text);
    g_free (text);
  }
  if (!isnan (calibration->threshold)
      && rule->method == ASD_THRESHOLD_FALSE_ALARMS)
    printf
        ("%u windows, one each %g s, can vouch for %.3g false alarms per day "
        "(3/N of them); %s\n", calibration->n_scores,
        rule->interval / (double) GST_SECOND,
        asd_false_alarms_supported (calibration->n_scores, rule->interval),
        asd_false_alarms_supported (calibration->n_scores, rule->interval)
        <= rule->parameter ? "this threshold needs no more" :
        "below that, this threshold follows the fitted tail");
}

/* Trains beside the old model and puts the new one in its place at the end. */
static gboolean
train (const Training * training, Source * checked,
    const AsdThresholdRule * rule, const char *model, GError ** error)
{
  Calibration calibration = { *rule, opt_threshold, NAN, 0 };
  AsdModelWriter *writer;
  guint64 median_length;
  GError *why = NULL;
  Source *source;
  gboolean ok;

  if (!training_fit (training, checked, model, error))
    return FALSE;
  writer = asd_model_writer_new ();
  /* A stage may have found more that it cannot use, now or for its score. */
  source = source_choose_good (checked, NULL);
  ok = calibration_run (&calibration, training, source, writer, &why);
  source_free (source);
  source = source_choose_good (checked, &median_length);
  describe (writer, training, source, median_length);
  if (!ok && !tool_is_interrupted ()
      && !calibration_is_needed (training->recipe)
      && rule->method != ASD_THRESHOLD_FALSE_ALARMS) {
    g_prefix_error (&why, "has no threshold: ");
    tool_remark (opt_model, why->message);
    g_clear_error (&why);
    ok = TRUE;
  }
  ok = ok && !tool_is_interrupted ()
      && asd_model_writer_commit (writer, model, NULL, &why);
  tool_progress_end ();
  if (ok)
    print_result (&calibration, source_get_size (source), training->live);

  if (why != NULL)
    g_propagate_error (error, why);
  source_free (source);
  asd_model_writer_free (writer);
  return ok;
}

static gboolean
check_output (const char *path, GError ** error)
{
  AsdModel *old;
  char *folder;
  gboolean ok;

  /* Only a model may be replaced by a model. */
  if (g_file_test (path, G_FILE_TEST_EXISTS)) {
    old = asd_model_load (path, error);
    if (old == NULL) {
      g_prefix_error (error, "Will not overwrite what is no model, remove it "
          "or choose another name: ");
      return FALSE;
    }
    asd_model_unref (old);
  }
  folder = g_path_get_dirname (path);
  ok = g_file_test (folder, G_FILE_TEST_IS_DIR) && g_access (folder, W_OK) == 0;
  if (!ok)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_ACCES,
        "%s: cannot write into the folder %s: make it, or choose another",
        path, folder);
  g_free (folder);
  return ok;
}

static gboolean
train_into (const char *path, const Training * training, Source * source,
    const AsdThresholdRule * rule, GError ** error)
{
  guint n_stages =
      g_strv_length ((char **) gst_asd_recipe_get_stages (training->recipe));
  char *target = realpath (path, NULL);
  char *temporary;
  GStatBuf old;
  Source *good;
  gboolean ok;

  if (target == NULL)
    target = strdup (path);
  temporary = g_strdup_printf ("%s.%d.tmp", target, (int) getpid ());
  tool_progress_begin ("reading", source_get_size (source));
  good = source_check (source, error);
  ok = good != NULL;
  if (ok) {
    tool_progress_begin ("training", source_get_size (good) *
        (5 * n_stages + 1));
    ok = train (training, good, rule, temporary, error);
  }
  /* A link stays one, and who may read the old model may read the new one. */
  if (ok && g_stat (target, &old) == 0)
    g_chmod (temporary, old.st_mode);
  if (ok && g_rename (temporary, target) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s: cannot be written: %s", path, g_strerror (errno));
    ok = FALSE;
  }
  g_unlink (temporary);
  g_free (temporary);
  free (target);
  source_free (good);
  return ok;
}

/* Returns 0, or the exit code for what is wrong with the command line. */
static int
check_options (AsdThresholdRule * rule, GError ** error)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  int code;

  if (opt_threshold != NULL && !isnan (opt_false_alarms))
    return tool_usage ("--threshold and --false-alarms are two ways to one "
        "threshold: give one of them");
  if (opt_extrapolate && isnan (opt_false_alarms))
    return tool_usage ("--extrapolate belongs to --false-alarms PER_DAY");
  if (!isnan (opt_false_alarms))
    opt_threshold = g_strconcat ("false-alarms:",
        gst_asd_double_to_string (number, opt_false_alarms), NULL);
  else if (opt_threshold == NULL)
    opt_threshold = g_strdup ("gamma:0.999");
  if (opt_recipe == NULL || opt_data == NULL || opt_model == NULL)
    return tool_usage ("--recipe, --data and --model are needed");
  code = tool_check_numbers (opt_window, opt_channel, opt_seed);
  if (code != 0)
    return code;
  if (opt_interval < 0 || opt_interval > TOOL_MAX_WINDOW
      || (opt_interval > 0 && opt_interval < GST_MSECOND))
    return tool_usage ("--interval is in ns: 2 s are 2000000000");
  if (!asd_threshold_parse (opt_threshold, rule, error))
    return EXIT_USER_ERROR;
  rule->extrapolate = opt_extrapolate;
  return 0;
}

/* Whether the data is a line. Returns the exit code for what cannot be. */
static int
check_data (char **data, gboolean *live)
{
  guint i, n_lines = 0;
  char *name;
  int code;

  for (i = 0; data[i] != NULL; i++) {
    if (recorder_is_line (data[i], opt_duration != NULL)) {
      line.input = data[i];
      n_lines++;
    }
  }
  *live = n_lines > 0;
  if (n_lines > 0 && i > 1) {
    name = monitor_hide_password (line.input);
    code = tool_usage ("--data %s is a line, which is learned by itself: "
        "--record the lines into folders and give these", name);
    g_free (name);
    return code;
  }
  if (n_lines == 0 && (opt_duration != NULL || line.keep || line.folder))
    return tool_usage ("--duration, --keep and --record belong to a line, and "
        "%s is none: give rtsp://, http://, pulse, alsa or test, or leave them "
        "out", data[0]);
  if (n_lines > 0 && opt_duration == NULL)
    return tool_usage ("a line has no end: say how long to listen, for example "
        "--duration 1h");
  return monitor_options_check (&line.monitor, opt_duration);
}

/* All that can be told before anybody listens for an hour. */
static int
check_line (const Training * training, const AsdThresholdRule * rule,
    GError ** error)
{
  GstClockTime window;
  guint n;

  line.monitor.seed = opt_seed;
  line.monitor.channel = opt_channel;
  line.monitor.window = opt_window;
  if (!recorder_find_window (training->recipe, &line.monitor.window, error))
    return EXIT_USER_ERROR;
  window = line.monitor.window;
  if (opt_interval > 0)
    return tool_usage ("--interval needs recordings of several windows, and a "
        "line is cut into single ones: leave it out");
  if (window == 0)
    return tool_usage ("a line has no clips, and the recipe does not say how "
        "long a window is: for example --window 10000000000 for 10 s");
  n = recorder_count_windows (&line);
  if (n < 1 || n > RECORDER_MAX_WINDOWS)
    return tool_usage ("--duration %s is %u windows of %g s: choose 1 to %d",
        opt_duration, n, window / 1e9, RECORDER_MAX_WINDOWS);
  return rule->method != ASD_THRESHOLD_FALSE_ALARMS
      || asd_false_alarms_check (rule->parameter, n, window, rule->extrapolate,
      error) ? 0 : EXIT_USER_ERROR;
}

static gboolean
make_recipe (Training * training, GError ** error)
{
  gboolean ok;
  guint i;

  training->recipe = gst_asd_recipe_new (opt_recipe, error);
  ok = training->recipe != NULL;
  if (ok && *gst_asd_recipe_get_stages (training->recipe) == NULL) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "\"%s\" has no stage that learns: end the recipe in a scorer, for "
        "example \"asdmodspec ! asdgraph\"", opt_recipe);
    ok = FALSE;
  }
  if (ok)
    gst_asd_recipe_set_interval (training->recipe, opt_interval);
  for (i = 0; ok && opt_train != NULL && opt_train[i] != NULL; i++)
    ok = gst_asd_recipe_set_option (training->recipe, opt_train[i], error);
  return ok;
}

static gboolean
train_on_files (const Training * training, char **files, int channel,
    const AsdThresholdRule * rule, GError ** error)
{
  Source *source = source_new_files (files, channel);
  gboolean ok = train_into (opt_model, training, source, rule, error);

  source_free (source);
  return ok;
}

/* 0 where there is a model now. */
static int
run (Training * training, char **data, const AsdThresholdRule * rule,
    GError ** error)
{
  Recording *recording = NULL;
  char **files = NULL;
  gboolean ok;
  int code = 0;

  ok = make_recipe (training, error);
  if (ok && training->live)
    code = check_line (training, rule, error);
  ok = ok && code == 0;
  if (ok && !training->live)
    ok = (files = dataset_expand (data, error)) != NULL;
  ok = ok && check_output (opt_model, error);
  if (ok && training->live)
    ok = (recording = recorder_listen (&line, error)) != NULL;
  if (ok)
    ok = training->live ?
        train_on_files (training, recording_get_files (recording), 0, rule,
        error)
        : train_on_files (training, files, opt_channel, rule, error);
  recording_free (recording);
  g_strfreev (files);
  return ok ? 0 : code != 0 ? code : EXIT_USER_ERROR;
}

int
cmd_train (int argc, char **argv)
{
  Training training = { 0 };
  AsdThresholdRule rule;
  GError *error = NULL;
  char **data = NULL;
  int code;

  if (!tool_parse (&argc, &argv, "FILES...|LINE",
          "Learns a machine's normal sound from recordings of it, or from a "
          "line: rtsp://,\nhttp://, pulse[:DEVICE], alsa[:DEVICE], or \"test\", "
          "a simulated machine. A line\nneeds --duration and --window.",
          entries, &code))
    return code;
  code = check_options (&rule, &error);
  if (code == 0) {
    data = join (opt_data, opt_more_data);
    code = check_data (data, &training.live);
  }
  training.window = opt_window;
  training.interval = opt_interval;
  training.seed = opt_seed;
  if (code == 0)
    code = run (&training, data, &rule, &error);

  g_free (data);
  gst_asd_recipe_free (training.recipe);
  if (code == 0)
    return tool_exit_code ();
  return error != NULL || tool_is_interrupted ()? tool_fail (error) : code;
}
