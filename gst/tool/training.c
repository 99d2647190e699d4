/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define N_FOLDS 5

gboolean
training_fit (const Training * training, Source * source, const char *model,
    GError ** error)
{
  const char *const *stages = gst_asd_recipe_get_stages (training->recipe);
  GstElement *bin;
  guint i;

  for (i = 0; stages[i] != NULL; i++) {
    bin = gst_asd_recipe_make_trainer (training->recipe, stages[i], model,
        training->window, training->seed, error);
    if (bin == NULL || !tool_run (source, bin, NULL, NULL, NULL, error))
      return FALSE;
  }
  return TRUE;
}

typedef struct
{
  GArray *scores;
  guint *n_windows;
  gboolean without_score;       /* a window came that is no score */
} Scores;

static void
add_score (guint clip, GstBuffer * buffer, gpointer user_data)
{
  const GstStructure *structure = gst_asd_buffer_get_score (buffer);
  Scores *scores = user_data;
  double score;

  if (structure == NULL || !gst_structure_get_double (structure, "score",
          &score)) {
    scores->without_score = TRUE;
    return;
  }
  g_array_index (scores->scores, double, clip) += score;
  scores->n_windows[clip]++;
}

GArray *
training_score (const Training * training, Source * source, const char *model,
    GError ** error)
{
  guint i, n = source_get_size (source);
  Scores scores;
  GstElement *bin;
  gboolean ok;

  bin = gst_asd_recipe_make_bin (training->recipe, model, training->window,
      error);
  if (bin == NULL)
    return NULL;
  scores.scores = g_array_sized_new (FALSE, TRUE, sizeof (double), n);
  g_array_set_size (scores.scores, n);
  scores.n_windows = g_new0 (guint, n);
  scores.without_score = FALSE;
  ok = tool_run (source, bin, add_score, &scores, NULL, error);
  if (ok && scores.without_score) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "The recipe \"%s\" does not end in scores: end it in a scorer, for "
        "example asdgraph", gst_asd_recipe_get_title (training->recipe));
    ok = FALSE;
  }
  for (i = 0; i < n; i++)
    g_array_index (scores.scores, double, i) /= scores.n_windows[i];
  g_free (scores.n_windows);
  if (!ok)
    g_clear_pointer (&scores.scores, g_array_unref);
  return scores.scores;
}

typedef struct
{
  const Training *training;
  Source *source;
  const guint *fold_of_clip;
  const char *folder;

  GMutex lock;
  GArray *scores;
  GError *error;
} CrossValidation;

static Source *
choose_fold (CrossValidation * cv, guint fold, gboolean in_fold)
{
  guint i, n = source_get_size (cv->source), n_chosen = 0;
  guint *indices = g_new (guint, n);
  Source *subset;

  for (i = 0; i < n; i++)
    if ((cv->fold_of_clip[i] == fold) == in_fold)
      indices[n_chosen++] = i;
  subset = source_subset (cv->source, indices, n_chosen);
  g_free (indices);
  return subset;
}

static void
run_fold (gpointer data, gpointer user_data)
{
  CrossValidation *cv = user_data;
  guint i, fold = GPOINTER_TO_UINT (data) - 1;
  char *name = g_strdup_printf ("%u.asd", fold);
  char *model = g_build_filename (cv->folder, name, NULL);
  Source *seen = choose_fold (cv, fold, FALSE);
  Source *held_out = choose_fold (cv, fold, TRUE);
  GArray *scores = NULL;
  GError *error = NULL;

  if (training_fit (cv->training, seen, model, &error))
    scores = training_score (cv->training, held_out, model, &error);
  /* Nothing to score in this fold is no reason against the others. */
  if (error != NULL && !source_has_good (held_out))
    g_clear_error (&error);

  g_mutex_lock (&cv->lock);
  for (i = 0; scores != NULL && i < scores->len; i++)
    if (!isnan (g_array_index (scores, double, i)))
        g_array_append_val (cv->scores, g_array_index (scores, double, i));
  if (error != NULL && cv->error == NULL)
    cv->error = error;
  else
    g_clear_error (&error);
  g_mutex_unlock (&cv->lock);

  g_clear_pointer (&scores, g_array_unref);
  source_free (seen);
  source_free (held_out);
  g_unlink (model);
  g_free (model);
  g_free (name);
}

/* Clips in random order, dealt to the folds in turn. */
static guint *
deal_folds (guint n_clips, guint n_folds, guint seed)
{
  GRand *rand = g_rand_new_with_seed (seed);
  guint *order = g_new (guint, n_clips);
  guint *folds = g_new (guint, n_clips);
  guint i, j, swap;

  for (i = 0; i < n_clips; i++)
    order[i] = i;
  for (i = n_clips; i > 1; i--) {
    j = g_rand_int_range (rand, 0, i);
    swap = order[j];
    order[j] = order[i - 1];
    order[i - 1] = swap;
  }
  for (i = 0; i < n_clips; i++)
    folds[order[i]] = i % n_folds;
  g_free (order);
  g_rand_free (rand);
  return folds;
}

static int
compare_scores (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

GArray *
training_cross_validate (const Training * training, Source * source,
    GError ** error)
{
  guint n_clips = source_get_size (source);
  guint i, n_folds = MIN (N_FOLDS, n_clips);
  CrossValidation cv = { training, source };
  GThreadPool *pool;
  guint *folds;
  char *folder;

  folder = g_dir_make_tmp ("gst-asd-XXXXXX", error);
  if (folder == NULL)
    return NULL;
  folds = deal_folds (n_clips, n_folds, training->seed);
  cv.fold_of_clip = folds;
  cv.folder = folder;
  cv.scores = g_array_new (FALSE, FALSE, sizeof (double));
  g_mutex_init (&cv.lock);

  pool = g_thread_pool_new (run_fold, &cv, MIN (n_folds,
          g_get_num_processors ()), FALSE, NULL);
  for (i = 0; i < n_folds; i++)
    g_thread_pool_push (pool, GUINT_TO_POINTER (i + 1), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);

  /* The folds end in any order; the result shall not depend on it. */
  g_array_sort (cv.scores, compare_scores);
  if (cv.error != NULL) {
    g_propagate_error (error, cv.error);
    g_clear_pointer (&cv.scores, g_array_unref);
  }
  g_mutex_clear (&cv.lock);
  g_rmdir (folder);
  g_free (folder);
  g_free (folds);
  return cv.scores;
}
