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

static char *opt_recipe, *opt_data, *opt_features, *opt_out, *opt_machine;
static char **opt_train;
static gint64 opt_window;
static int opt_seed, opt_channel, opt_jobs;

static const GOptionEntry entries[] = {
  {"recipe", 0, 0, G_OPTION_ARG_STRING, &opt_recipe,
      "shipped recipe, recipe file or launch fragment", "RECIPE"},
  {"train", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_train,
      "set a property of a stage's trainer", "STAGE.PROPERTY=VALUE"},
  {"data", 0, 0, G_OPTION_ARG_FILENAME, &opt_data,
      "data set in the layout of DCASE 2020 or MIMII", "ROOT"},
  {"features", 0, 0, G_OPTION_ARG_FILENAME, &opt_features,
      "features that 'gst-asd extract' wrote", "FEATURES"},
  {"out", 0, 0, G_OPTION_ARG_FILENAME, &opt_out,
      "folder for results.csv and anomaly_score_*.csv", "DIR"},
  {"machine", 0, 0, G_OPTION_ARG_STRING, &opt_machine,
      "only this machine type", "M"},
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

/* One machine id. */
typedef struct
{
  Machine *machine;
  const Training *training;
  const char *folder;           /* for models */
  ScoreList *result;
  GError *error;
} Job;

static char **
to_strv (GPtrArray * files)
{
  char **strv = g_new0 (char *, files->len + 1);

  if (files->len > 0)
    memcpy (strv, files->pdata, files->len * sizeof (char *));
  return strv;
}

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
  char **files;
  Source *all;

  if (machine->features != NULL) {
    *train = open_features (machine, "train.npy", error);
    if (*train != NULL)
      *test = open_features (machine, "test.npy", error);
    return *test != NULL && load_labels (machine, source_get_size (*test),
        error);
  }
  files = to_strv (machine->train);
  all = source_new_files (files, opt_channel);
  *train = source_check (all, error);
  source_free (all);
  g_free (files);
  files = to_strv (machine->test);
  *test = source_new_files (files, opt_channel);
  g_free (files);
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
    GError ** error)
{
  Calibration calibration = { {0}, "gamma:0.999", NAN, 0 };
  AsdModelWriter *writer;
  gboolean ok;

  if (!training_fit (training, train, model, error))
    return FALSE;
  if (!calibration_is_needed (training->recipe))
    return TRUE;
  writer = asd_model_writer_new ();
  ok = asd_threshold_parse (calibration.rule_text, &calibration.rule, error)
      && calibration_run (&calibration, training, train, writer, error)
      && asd_model_writer_commit (writer, model, NULL, error);
  asd_model_writer_free (writer);
  return ok;
}

static void
run_job (gpointer data, gpointer user_data)
{
  Job *job = data;
  Machine *machine = job->machine;
  Source *train = NULL, *test = NULL;
  GPtrArray *scores = NULL;
  char *name = g_strdup_printf ("%s_%s.asd", machine->machine, machine->id);
  char *model = g_build_filename (job->folder, name, NULL);

  if (!tool_is_interrupted () && open_machine (machine, &train, &test,
          &job->error) && fit (job->training, train, model, &job->error))
    scores = training_score (job->training, test, NULL, model, NULL,
        &job->error);
  if (scores != NULL) {
    job->result = list_scores (machine, scores);
    score_list_measure (job->result);
    if (!results_write_scores (opt_out, job->result, &job->error))
      g_clear_pointer (&job->result, score_list_free);
    else if (isnan (job->result->auc))
      remark_no_auc (machine);
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
make_jobs (GPtrArray * machines, const Training * training,
    const char *folder, gsize *n_steps)
{
  guint n_stages =
      g_strv_length ((char **) gst_asd_recipe_get_stages (training->recipe));
  GArray *jobs = g_array_new (FALSE, TRUE, sizeof (Job));
  guint i;

  *n_steps = 0;
  for (i = 0; i < machines->len; i++) {
    Job job = { g_ptr_array_index (machines, i), training, folder };
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
report_failures (GArray * jobs, GError ** error)
{
  guint i, n_done = 0;

  for (i = 0; i < jobs->len; i++) {
    Job *job = &g_array_index (jobs, Job, i);
    char *name;

    n_done += job->result != NULL;
    if (job->error == NULL)
      continue;
    name = g_strdup_printf ("%s id_%s", job->machine->machine,
        job->machine->id);
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

static gboolean
evaluate (const Training * training, GPtrArray * machines, GError ** error)
{
  char *folder = g_dir_make_tmp ("gst-asd-XXXXXX", error);
  GPtrArray *results;
  GThreadPool *pool;
  GArray *jobs;
  gsize n_steps;
  gboolean ok;
  guint i;

  if (folder == NULL)
    return FALSE;
  jobs = make_jobs (machines, training, folder, &n_steps);
  tool_progress_begin ("evaluating", n_steps);
  pool = g_thread_pool_new (run_job, NULL, opt_jobs, FALSE, NULL);
  for (i = 0; i < jobs->len; i++)
    g_thread_pool_push (pool, &g_array_index (jobs, Job, i), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  tool_progress_end ();

  ok = report_failures (jobs, error);
  results = g_ptr_array_new_with_free_func ((GDestroyNotify) score_list_free);
  for (i = 0; i < jobs->len; i++)
    if (g_array_index (jobs, Job, i).result != NULL)
      g_ptr_array_add (results, g_array_index (jobs, Job, i).result);
  ok = ok && results_write_table (opt_out, results, error);
  g_ptr_array_unref (results);
  g_array_unref (jobs);
  g_rmdir (folder);
  g_free (folder);
  return ok;
}

static int
check_options (void)
{
  if (opt_recipe == NULL || opt_out == NULL
      || (opt_data == NULL) == (opt_features == NULL))
    return tool_usage ("--recipe, --out and one of --data and --features are "
        "needed");
  if (opt_jobs < 0)
    return tool_usage ("--jobs is 1 or more, 0 for one job a processor");
  if (opt_jobs == 0)
    opt_jobs = g_get_num_processors ();
  return tool_check_numbers (opt_window, opt_channel, opt_seed);
}

int
cmd_evaluate (int argc, char **argv)
{
  GPtrArray *machines = NULL;
  Training training = { 0 };
  GError *error = NULL;
  gboolean ok;
  int code;
  guint i;

  if (!tool_parse (&argc, &argv, NULL,
          "Trains on the normal clips of each machine id of a data set, scores "
          "its test clips\nand prints AUC and pAUC (p = 0.1).", entries, &code))
    return code;
  if (argc > 1)
    return tool_usage ("\"%s\" is not an option", argv[1]);
  code = check_options ();
  if (code != 0)
    return code;

  training.window = opt_window;
  training.seed = opt_seed;
  training.recipe = gst_asd_recipe_new (opt_recipe, &error);
  ok = training.recipe != NULL;
  for (i = 0; ok && opt_train != NULL && opt_train[i] != NULL; i++)
    ok = gst_asd_recipe_set_option (training.recipe, opt_train[i], &error);
  if (ok && opt_features != NULL)
    ok = gst_asd_recipe_start_at_features (training.recipe, &error);
  if (ok) {
    machines = opt_features != NULL ?
        dataset_open_features (opt_features, opt_machine, &error) :
        dataset_open (opt_data, opt_machine, opt_seed, &error);
    ok = machines != NULL;
  }
  if (ok && g_mkdir_with_parents (opt_out, 0777) != 0) {
    g_set_error (&error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s: cannot be made: %s", opt_out, g_strerror (errno));
    ok = FALSE;
  }
  ok = ok && evaluate (&training, machines, &error);

  g_clear_pointer (&machines, g_ptr_array_unref);
  gst_asd_recipe_free (training.recipe);
  return ok ? tool_exit_code () : tool_fail (error);
}
