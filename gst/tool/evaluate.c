/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *opt_data, *opt_features, *opt_out, *opt_threshold;
static char **opt_recipes, **opt_train, **opt_machines;
static gint64 opt_window;
static int opt_seed, opt_channel, opt_jobs;

static const GOptionEntry entries[] = {
  {"recipe", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_recipes,
      "shipped recipe, recipe file or launch fragment; of several, each gets "
        "the folder DIR/RECIPE", "RECIPE"},
  {"train", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_train,
      "set a property of a stage's trainer", "STAGE.PROPERTY=VALUE"},
  {"data", 0, 0, G_OPTION_ARG_FILENAME, &opt_data,
      "data set in the layout of DCASE 2020 or MIMII", "ROOT"},
  {"features", 0, 0, G_OPTION_ARG_FILENAME, &opt_features,
      "features that 'gst-asd extract' wrote", "FEATURES"},
  {"out", 0, 0, G_OPTION_ARG_FILENAME, &opt_out,
      "folder for results.csv and anomaly_score_*.csv", "DIR"},
  {"threshold", 0, 0, G_OPTION_ARG_STRING, &opt_threshold,
      "gamma:P, quantile:Q or mean-std:K: calibrate each model as 'gst-asd "
        "train' does and tell precision, recall and F1 at its threshold; takes "
        "about 6 times as long", "RULE"},
  {"machine", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_machines,
      "only this machine type; may be given more than once", "M"},
  {"jobs", 0, 0, G_OPTION_ARG_INT, &opt_jobs,
      "machine ids to work on at once (default: one for each processor)", "N"},
  {"seed", 0, 0, G_OPTION_ARG_INT, &opt_seed,
      "seed of everything random (default: 0)", "N"},
  {"window", 0, 0, G_OPTION_ARG_INT64, &opt_window,
      "length of a window in ns (default: 0, the whole clip)", "NS"},
  {"channel", 0, 0, G_OPTION_ARG_INT, &opt_channel,
      "channel to listen to, from 0; -1: the mean (default: 0)", "N"},
  {NULL}
};

/* One recipe. */
typedef struct
{
  Training training;
  char *name;
  GString *options;             /* of --train, those that it has a stage for */
  GstAsdFeatureInfo extractor;  /* that --features takes the place of */
  char *out;                    /* folder for the scores */
  char *models;                 /* folder for the models, while it runs */
} Run;

/* One machine id. */
typedef struct
{
  Machine *machine;
  const Run *run;
  ScoreList *result;
  guint n_train;
  GError *error;
} Job;

static Source *
open_features (const Machine * machine, const char *name, GError ** error)
{
  char *path = g_build_filename (machine->features, name, NULL);
  AsdNpy *array = asd_npy_load (path, error);
  Source *source = NULL;

  if (array != NULL)
    source = source_new_features (array, path, error);
  g_free (path);
  return source;
}

static gboolean
load_labels (Machine * machine, guint n_test, GError ** error)
{
  char *path = g_build_filename (machine->features, "test_labels.npy", NULL);
  AsdNpy *array = asd_npy_load (path, error);
  double *values;
  guint i;

  if (array == NULL || array->n_elements != n_test) {
    if (array != NULL)
      g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
          "%s: %" G_GSIZE_FORMAT " labels for %u test windows: write both with "
          "'gst-asd extract'", path, array->n_elements, n_test);
    g_clear_pointer (&array, asd_npy_free);
    g_free (path);
    return FALSE;
  }
  g_array_set_size (machine->labels, 0);
  values = asd_npy_get_doubles (array);
  for (i = 0; i < n_test; i++) {
    gint label = values[i] == LABEL_UNKNOWN ? -1 : values[i] != 0;

    g_array_append_val (machine->labels, label);
  }
  g_free (values);
  asd_npy_free (array);
  g_free (path);
  return TRUE;
}

static gboolean
open_machine (Machine * machine, Source ** train, Source ** test,
    GError ** error)
{
  Source *all;

  if (machine->features != NULL) {
    *train = open_features (machine, "train.npy", error);
    if (*train != NULL)
      *test = open_features (machine, "test.npy", error);
    return *test != NULL && load_labels (machine, source_get_size (*test),
        error);
  }
  all = dataset_make_source (machine->train, opt_channel);
  *train = source_check (all, error);
  source_free (all);
  *test = dataset_make_source (machine->test, opt_channel);
  return *train != NULL;
}

/* A clip's score is the mean of its windows'. */
static ScoreList *
list_scores (const Machine * machine, GPtrArray * scores)
{
  ScoreList *list = score_list_new (machine->machine, machine->id);
  guint i, j;

  for (i = 0; i < scores->len; i++) {
    GArray *windows = g_ptr_array_index (scores, i);
    double sum = 0;
    char *clip;

    if (windows->len == 0)
      continue;
    for (j = 0; j < windows->len; j++)
      sum += g_array_index (windows, double, j);
    clip = dataset_clip_name (machine, i);
    score_list_add (list, clip, sum / windows->len);
    g_free (clip);
  }
  return list;
}

static void
remark_no_auc (const Machine * machine)
{
  char *name = g_strdup_printf ("%s id_%s", machine->machine, machine->id);

  tool_remark (name, "no AUC, only scores: that needs test clips called "
      "normal_... and anomaly_...");
  g_free (name);
}

/* An ensemble cannot do without calibration; scores of others do not depend on
 * it. */
static gboolean
fit (const Training * training, Source * train, const char *model,
    double *threshold, GError ** error)
{
  Calibration calibration = { {0}, opt_threshold, NAN, 0 };
  AsdModelWriter *writer;
  gboolean ok;

  if (!training_fit (training, train, model, error))
    return FALSE;
  if (opt_threshold == NULL && !calibration_is_needed (training->recipe))
    return TRUE;
  if (opt_threshold == NULL)
    calibration.rule_text = "gamma:0.999";
  writer = asd_model_writer_new ();
  ok = asd_threshold_parse (calibration.rule_text, &calibration.rule, error)
      && calibration_run (&calibration, training, train, writer, error)
      && asd_model_writer_commit (writer, model, NULL, error);
  asd_model_writer_free (writer);
  *threshold = calibration.threshold;
  return ok;
}

/* Scores do not depend on pictures. */
static void
write_pictures (const Job * job, Source * test, const char *model)
{
  Evaluated evaluated = { &job->run->training, job->machine, test, job->result,
    model
  };
  GError *error = NULL;
  char *name;

  if (pictures_write (job->run->out, &evaluated, &error))
    return;
  if (tool_is_interrupted ()) {
    g_error_free (error);
    return;
  }
  name = g_strdup_printf ("%s id_%s, pictures", job->machine->machine,
      job->machine->id);
  tool_remark (name, error->message);
  g_error_free (error);
  g_free (name);
}

static void
run_job (gpointer data, gpointer user_data)
{
  Job *job = data;
  Machine *machine = job->machine;
  Source *train = NULL, *test = NULL;
  GPtrArray *scores = NULL;
  char *name = g_strdup_printf ("%s_%s.asd", machine->machine, machine->id);
  char *model = g_build_filename (job->run->models, name, NULL);
  const Training *training = &job->run->training;
  double threshold = NAN;

  if (!tool_is_interrupted () && open_machine (machine, &train, &test,
          &job->error) && fit (training, train, model, &threshold, &job->error))
    scores = training_score (training, test, NULL, model, NULL, &job->error);
  if (scores != NULL) {
    job->n_train = source_get_size (train);
    job->result = list_scores (machine, scores);
    score_list_measure (job->result);
    score_list_detect (job->result, threshold);
    if (!results_write_scores (job->run->out, job->result, &job->error))
      g_clear_pointer (&job->result, score_list_free);
    else if (isnan (job->result->auc))
      remark_no_auc (machine);
    if (job->result != NULL)
      write_pictures (job, test, model);
  }
  if (machine->features != NULL)
    tool_progress_step (1);

  g_clear_pointer (&scores, g_ptr_array_unref);
  source_free (train);
  source_free (test);
  g_unlink (model);
  g_free (model);
  g_free (name);
}

static GArray *
make_jobs (GPtrArray * machines, const Run * run, gsize *n_steps)
{
  guint n_stages =
      g_strv_length ((char **) gst_asd_recipe_get_stages (run->
          training.recipe));
  GArray *jobs = g_array_new (FALSE, TRUE, sizeof (Job));
  guint i;

  *n_steps = 0;
  for (i = 0; i < machines->len; i++) {
    Job job = { g_ptr_array_index (machines, i), run };
    char *name;

    if (job.machine->features != NULL) {
      *n_steps += 1;
    } else if (job.machine->train->len == 0 || job.machine->test->len == 0) {
      name = g_strdup_printf ("%s id_%s", job.machine->machine,
          job.machine->id);
      tool_skip (name, job.machine->train->len == 0 ?
          "no training clips: nothing to learn from" :
          "no test clips: nothing to score");
      g_free (name);
      continue;
    } else {
      *n_steps += job.machine->train->len * (n_stages + 1) +
          job.machine->test->len;
    }
    g_array_append_val (jobs, job);
  }
  return jobs;
}

/* A machine id that fails does not keep the others from their results. */
static gboolean
report_failures (const Run * run, GArray * jobs, GError ** error)
{
  gboolean alone = opt_recipes[1] == NULL;
  guint i, n_done = 0;

  for (i = 0; i < jobs->len; i++) {
    Job *job = &g_array_index (jobs, Job, i);
    char *name;

    n_done += job->result != NULL;
    if (job->error == NULL)
      continue;
    name = g_strdup_printf ("%s%s%s id_%s", alone ? "" : run->name,
        alone ? "" : ", ", job->machine->machine, job->machine->id);
    if (!tool_is_interrupted ())
      tool_skip (name, job->error->message);
    g_clear_error (&job->error);
    g_free (name);
  }
  if (n_done > 0 && !tool_is_interrupted ())
    return TRUE;
  g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
      "No machine could be evaluated: see above what is wrong with each");
  return FALSE;
}

/* What 'gst-asd report' says of the scores. */
static gboolean
write_settings (const Run * run, GArray * jobs, double seconds, GError ** error)
{
  GKeyFile *settings = settings_new ("evaluate");
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  GArray *clips = g_array_new (FALSE, FALSE, sizeof (gint));
  gboolean ok;
  guint i;

  settings_set (settings, "recipe", "%s", run->name);
  if (run->options->len > 0)
    settings_set (settings, "training-options", "%s", run->options->str);
  settings_set (settings, opt_features != NULL ? "features" : "data", "%s",
      opt_features != NULL ? opt_features : opt_data);
  settings_set (settings, "seed", "%d", opt_seed);
  settings_set (settings, "window", "%" G_GINT64_FORMAT, opt_window);
  settings_set (settings, "channel", "%d", opt_channel);
  if (opt_threshold != NULL)
    settings_set (settings, "threshold", "%s", opt_threshold);
  settings_set (settings, "seconds", "%.1f", seconds);
  settings_add_recipe (settings, run->training.recipe);

  for (i = 0; i < jobs->len; i++) {
    Job *job = &g_array_index (jobs, Job, i);
    gint n = job->n_train;
    char *name;

    if (job->result == NULL)
      continue;
    name = g_strdup_printf ("%s id_%s", job->machine->machine,
        job->machine->id);
    g_ptr_array_add (ids, g_utf8_make_valid (name, -1));
    g_array_append_val (clips, n);
    g_free (name);
  }
  g_key_file_set_string_list (settings, SETTINGS_TRAINED, "machines",
      (const char *const *) ids->pdata, ids->len);
  g_key_file_set_integer_list (settings, SETTINGS_TRAINED, "clips",
      (gint *) clips->data, clips->len);
  ok = settings_write (settings, run->out, error);
  g_ptr_array_unref (ids);
  g_array_unref (clips);
  g_key_file_unref (settings);
  return ok;
}

static gboolean
write_results (const Run * run, GArray * jobs, double seconds, GError ** error)
{
  GPtrArray *results =
      g_ptr_array_new_with_free_func ((GDestroyNotify) score_list_free);
  gboolean ok = report_failures (run, jobs, error);
  guint i;

  for (i = 0; i < jobs->len; i++)
    if (g_array_index (jobs, Job, i).result != NULL)
      g_ptr_array_add (results, g_array_index (jobs, Job, i).result);
  if (ok && opt_recipes[1] != NULL)
    printf ("%s\n", run->name);
  ok = ok && results_write_table (run->out, results, error)
      && results_write_detection (run->out, results, error)
      && write_settings (run, jobs, seconds, error);
  g_ptr_array_unref (results);
  return ok;
}

static gboolean
evaluate (Run * run, GPtrArray * machines, GError ** error)
{
  gint64 start = g_get_monotonic_time ();
  GThreadPool *pool;
  GArray *jobs;
  gsize n_steps;
  gboolean ok;
  guint i;

  if (g_mkdir_with_parents (run->out, 0777) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s: cannot be made: %s", run->out, g_strerror (errno));
    return FALSE;
  }
  run->models = g_dir_make_tmp ("gst-asd-XXXXXX", error);
  if (run->models == NULL)
    return FALSE;

  jobs = make_jobs (machines, run, &n_steps);
  tool_progress_begin (opt_recipes[1] != NULL ? run->name : "evaluating",
      n_steps);
  pool = g_thread_pool_new (run_job, NULL, opt_jobs, FALSE, NULL);
  for (i = 0; i < jobs->len; i++)
    g_thread_pool_push (pool, &g_array_index (jobs, Job, i), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  tool_progress_end ();
  ok = write_results (run, jobs, (g_get_monotonic_time () - start) / 1e6,
      error);
  g_array_unref (jobs);
  g_rmdir (run->models);
  return ok;
}

/* "modspec-graph", "my" for a file my.recipe, "asdmodspec-asdgraph" for a
 * launch fragment. */
static char *
name_recipe (const char *text)
{
  gboolean is_file = g_file_test (text, G_FILE_TEST_IS_REGULAR);
  char *base = is_file ? g_path_get_basename (text) : g_strdup (text);
  GString *name = g_string_new (NULL);
  const char *c;

  if (is_file && g_str_has_suffix (base, ".recipe"))
    base[strlen (base) - strlen (".recipe")] = '\0';
  for (c = base; *c != '\0'; c++) {
    if (g_ascii_isalnum (*c) || strchr ("._-", *c) != NULL)
      g_string_append_c (name, *c);
    else if (name->len > 0 && name->str[name->len - 1] != '-')
      g_string_append_c (name, '-');
  }
  g_free (base);
  return g_string_free (name, FALSE);
}

static void
run_clear (gpointer data)
{
  Run *run = data;

  gst_asd_recipe_free (run->training.recipe);
  g_free (run->name);
  g_string_free (run->options, TRUE);
  g_free (run->out);
  g_free (run->models);
}

static gboolean
add_run (GArray * runs, const char *recipe, GError ** error)
{
  Run run = {
    .training.recipe = gst_asd_recipe_new (recipe, error),
    .training.window = opt_window,
    .training.seed = opt_seed,
  };
  gboolean ok = run.training.recipe != NULL;
  guint i;

  run.name = name_recipe (recipe);
  run.options = g_string_new (NULL);
  run.out = opt_recipes[1] == NULL ? g_strdup (opt_out) :
      g_build_filename (opt_out, run.name, NULL);
  ok = ok && (opt_features == NULL
      || gst_asd_recipe_start_at_features (run.training.recipe, TOOL_RATE,
          &run.extractor, error));
  for (i = 0; ok && i < runs->len; i++) {
    ok = strcmp (g_array_index (runs, Run, i).out, run.out) != 0;
    if (!ok)
      g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
          "Two recipes would both write into %s: evaluate them one by one, "
          "with an --out each", run.out);
  }
  g_array_append_val (runs, run);
  return ok;
}

/* For each recipe that it fits, at least one. */
static gboolean
set_option (GArray * runs, const char *option, GError ** error)
{
  GError *why = NULL;
  guint i, n_fit = 0;

  for (i = 0; i < runs->len; i++) {
    Run *run = &g_array_index (runs, Run, i);

    g_clear_error (&why);
    if (gst_asd_recipe_set_option (run->training.recipe, option, &why)) {
      g_string_append_printf (run->options, "%s%s",
          run->options->len > 0 ? " " : "", option);
      n_fit++;
    } else if (!g_error_matches (why, ASD_ERROR, ASD_ERROR_MISSING)) {
      n_fit = 0;
      break;
    }
  }
  if (n_fit > 0) {
    g_clear_error (&why);
    return TRUE;
  }
  if (runs->len > 1 && g_error_matches (why, ASD_ERROR, ASD_ERROR_MISSING))
    g_prefix_error (&why, "--train %s fits no recipe: ", option);
  g_propagate_error (error, why);
  return FALSE;
}

/* Features of another extractor than the recipe's would be scored without a
 * word. */
static gboolean
check_features (const Run * run, const Machine * machine, GError ** error)
{
  const GstAsdFeatureInfo *wanted = &run->extractor, *info;
  Source *source = *wanted->kind != '\0' ?
      open_features (machine, "train.npy", NULL) : NULL;
  gboolean ok = TRUE;

  if (source != NULL) {
    info = source_get_info (source);
    ok = info->rows == wanted->rows && info->columns == wanted->columns;
    if (!ok)
      g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
          "%s: frames of %d x %d values, but the recipe %s is for %s of %d x "
          "%d: extract with the extractor of the recipe, or leave it out of "
          "the recipe", machine->features, info->rows, info->columns, run->name,
          wanted->kind, wanted->rows, wanted->columns);
  }
  source_free (source);
  return ok;
}

static int
check_options (void)
{
  if (opt_recipes == NULL || opt_out == NULL
      || (opt_data == NULL) == (opt_features == NULL))
    return tool_usage ("--recipe, --out and one of --data and --features are "
        "needed");
  if (opt_jobs < 0)
    return tool_usage ("--jobs is 1 or more, 0 for one job a processor");
  if (opt_jobs == 0)
    opt_jobs = g_get_num_processors ();
  if (opt_threshold != NULL && g_str_has_prefix (opt_threshold,
          "false-alarms:"))
    return tool_usage ("--threshold false-alarms is for 'gst-asd train': use "
        "gamma:P, quantile:Q or mean-std:K");
  return tool_check_numbers (opt_window, opt_channel, opt_seed);
}

int
cmd_evaluate (int argc, char **argv)
{
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (Run));
  GPtrArray *machines = NULL;
  AsdThresholdRule rule;
  GError *error = NULL;
  gboolean ok;
  int code;
  guint i;

  g_array_set_clear_func (runs, run_clear);
  if (!tool_parse (&argc, &argv, NULL,
          "Trains on the normal clips of each machine id of a data set, scores "
          "its test clips\nand prints AUC and pAUC (p = 0.1).", entries, &code))
    goto out;
  code = argc > 1 ? tool_usage ("\"%s\" is not an option", argv[1]) :
      check_options ();
  if (code != 0)
    goto out;

  ok = opt_threshold == NULL || asd_threshold_parse (opt_threshold, &rule,
      &error);
  for (i = 0; ok && opt_recipes[i] != NULL; i++)
    ok = add_run (runs, opt_recipes[i], &error);
  for (i = 0; ok && opt_train != NULL && opt_train[i] != NULL; i++)
    ok = set_option (runs, opt_train[i], &error);
  if (ok) {
    machines = opt_features != NULL ?
        dataset_open_features (opt_features, opt_machines, &error) :
        dataset_open (opt_data, opt_machines, opt_seed, &error);
    ok = machines != NULL;
  }
  for (i = 0; i < runs->len && ok && opt_features != NULL; i++)
    ok = check_features (&g_array_index (runs, Run, i), machines->pdata[0],
        &error);
  for (i = 0; i < runs->len && ok; i++)
    ok = evaluate (&g_array_index (runs, Run, i), machines, &error);
  code = ok ? tool_exit_code () : tool_fail (error);
  g_clear_pointer (&machines, g_ptr_array_unref);

out:
  g_array_unref (runs);
  return code;
}
