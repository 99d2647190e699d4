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

/* A list of scores for each clip, empty so far. */
static GPtrArray *
make_scores (guint n_clips)
{
  GPtrArray *scores =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  guint i;

  for (i = 0; i < n_clips; i++)
    g_ptr_array_add (scores, g_array_new (FALSE, FALSE, sizeof (double)));
  return scores;
}

typedef struct
{
  GPtrArray *of_clip;
  gboolean without_score;       /* a window came that is no score */
} Scores;

static void
add_score (guint clip, GstBuffer * buffer, gpointer user_data)
{
  const GstStructure *structure = gst_asd_buffer_get_score (buffer);
  Scores *scores = user_data;
  double score;

  if (structure == NULL || !gst_structure_get_double (structure, "score",
          &score))
    scores->without_score = TRUE;
  else
    g_array_append_val (g_ptr_array_index (scores->of_clip, clip), score);
}

GPtrArray *
training_score (const Training * training, Source * source,
    const char *scorer, const char *model, GError ** error)
{
  Scores scores = { NULL, FALSE };
  GstElement *bin;
  gboolean ok;

  bin = scorer != NULL ? gst_asd_recipe_make_scorer (training->recipe, scorer,
      model, training->window, error) :
      gst_asd_recipe_make_bin (training->recipe, model, training->window,
      error);
  if (bin == NULL)
    return NULL;
  scores.of_clip = make_scores (source_get_size (source));
  ok = tool_run (source, bin, add_score, &scores, NULL, error);
  if (ok && scores.without_score) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "The recipe \"%s\" does not end in scores: end it in a scorer, for "
        "example asdgraph", gst_asd_recipe_get_title (training->recipe));
    ok = FALSE;
  }
  if (!ok)
    g_clear_pointer (&scores.of_clip, g_ptr_array_unref);
  return scores.of_clip;
}

typedef struct
{
  const Training *training;
  Source *source;
  const guint *fold_of_clip;
  const char *folder;
  GPtrArray *scores;            /* of each scorer; a fold writes its clips' */

  GMutex lock;
  GError *error;
} CrossValidation;

/* The clips in a fold, or all others. */
static GArray *
choose_clips (CrossValidation * cv, guint fold, gboolean in_fold)
{
  GArray *clips = g_array_new (FALSE, FALSE, sizeof (guint));
  guint i;

  for (i = 0; i < source_get_size (cv->source); i++)
    if ((cv->fold_of_clip[i] == fold) == in_fold)
      g_array_append_val (clips, i);
  return clips;
}

static gboolean
score_fold (CrossValidation * cv, GArray * clips, const char *model,
    GError ** error)
{
  const char *const *scorers =
      gst_asd_recipe_get_scorers (cv->training->recipe);
  Source *held_out = source_subset (cv->source, (guint *) clips->data,
      clips->len);
  gboolean ok = TRUE;
  guint i, j;

  for (i = 0; scorers[i] != NULL && ok; i++) {
    GPtrArray *scores = training_score (cv->training, held_out, scorers[i],
        model, error);
    GPtrArray *all = g_ptr_array_index (cv->scores, i);

    ok = scores != NULL;
    for (j = 0; ok && j < clips->len; j++) {
      GArray *windows = g_ptr_array_index (scores, j);

      g_array_append_vals (g_ptr_array_index (all, g_array_index (clips, guint,
                  j)), windows->data, windows->len);
    }
    g_clear_pointer (&scores, g_ptr_array_unref);
  }
  source_free (held_out);
  return ok;
}

static void
run_fold (gpointer data, gpointer user_data)
{
  CrossValidation *cv = user_data;
  guint fold = GPOINTER_TO_UINT (data) - 1;
  char *name = g_strdup_printf ("%u.asd", fold);
  char *model = g_build_filename (cv->folder, name, NULL);
  GArray *seen = choose_clips (cv, fold, FALSE);
  GArray *held_out = choose_clips (cv, fold, TRUE);
  Source *source = source_subset (cv->source, (guint *) seen->data, seen->len);
  GError *error = NULL;

  if (!training_fit (cv->training, source, model, &error)
      || !score_fold (cv, held_out, model, &error)) {
    g_mutex_lock (&cv->lock);
    if (cv->error == NULL)
      cv->error = g_steal_pointer (&error);
    g_mutex_unlock (&cv->lock);
    g_clear_error (&error);
  }
  source_free (source);
  g_array_unref (seen);
  g_array_unref (held_out);
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

GPtrArray *
training_cross_validate (const Training * training, Source * source,
    GError ** error)
{
  const char *const *scorers = gst_asd_recipe_get_scorers (training->recipe);
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
  cv.scores =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  for (i = 0; scorers[i] != NULL; i++)
    g_ptr_array_add (cv.scores, make_scores (n_clips));
  g_mutex_init (&cv.lock);

  pool = g_thread_pool_new (run_fold, &cv, MIN (n_folds,
          g_get_num_processors ()), FALSE, NULL);
  for (i = 0; i < n_folds; i++)
    g_thread_pool_push (pool, GUINT_TO_POINTER (i + 1), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);

  if (cv.error != NULL) {
    g_propagate_error (error, cv.error);
    g_clear_pointer (&cv.scores, g_ptr_array_unref);
  }
  g_mutex_clear (&cv.lock);
  g_rmdir (folder);
  g_free (folder);
  g_free (folds);
  return cv.scores;
}
