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
  WindowTimes *times;
  guint last_clip;
  GstClockTime last_start;
  gboolean without_score;       /* a window came that is no score */
} Scores;

static void
note_times (Scores * scores, guint clip, GstBuffer * buffer)
{
  WindowTimes *times = scores->times;
  GstClockTime start = GST_BUFFER_PTS (buffer);

  times->duration = MAX (times->duration, GST_BUFFER_DURATION (buffer));
  if (clip == scores->last_clip && start > scores->last_start
      && (times->interval == 0 || start - scores->last_start < times->interval))
    times->interval = start - scores->last_start;
  scores->last_clip = clip;
  scores->last_start = start;
}

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
  if (scores->times != NULL)
    note_times (scores, clip, buffer);
}

GPtrArray *
training_score (const Training * training, Source * source,
    const char *scorer, const char *model, WindowTimes * times, GError ** error)
{
  Scores scores = { NULL, times, G_MAXUINT, 0, FALSE };
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

struct _CrossValidation
{
  const Training *training;
  Source *source;
  guint n_folds;
  guint *fold_of_clip;
  char *folder;                 /* of the folds' models */

  /* of what runs */
  const char *scorer;
  GPtrArray *scores;            /* a fold writes those of its clips */
  GMutex lock;
  WindowTimes times;
  GError *error;
};

static char *
fold_model (CrossValidation * cv, guint fold)
{
  char *name = g_strdup_printf ("%u.asd", fold);
  char *path = g_build_filename (cv->folder, name, NULL);

  g_free (name);
  return path;
}

/* The clips in a fold, or all others. */
static Source *
choose_clips (CrossValidation * cv, guint fold, gboolean in_fold,
    GArray ** indices)
{
  GArray *clips = g_array_new (FALSE, FALSE, sizeof (guint));
  Source *chosen;
  guint i;

  for (i = 0; i < source_get_size (cv->source); i++)
    if ((cv->fold_of_clip[i] == fold) == in_fold)
      g_array_append_val (clips, i);
  chosen = source_subset (cv->source, (guint *) clips->data, clips->len);
  if (indices != NULL)
    *indices = clips;
  else
    g_array_unref (clips);
  return chosen;
}

/* Learns from all but one fold. */
static gboolean
fit_fold (CrossValidation * cv, guint fold, const char *model, GError ** error)
{
  Source *seen = choose_clips (cv, fold, FALSE, NULL);
  gboolean ok = training_fit (cv->training, seen, model, error);

  source_free (seen);
  return ok;
}

/* Scores the clips that a fold's model does not know. */
static gboolean
score_fold (CrossValidation * cv, guint fold, const char *model,
    GError ** error)
{
  GArray *clips;
  Source *held_out = choose_clips (cv, fold, TRUE, &clips);
  WindowTimes times = { 0, 0 };
  GPtrArray *scores = training_score (cv->training, held_out, cv->scorer,
      model, &times, error);
  guint i;

  for (i = 0; scores != NULL && i < clips->len; i++) {
    GArray *windows = g_ptr_array_index (scores, i);

    g_array_append_vals (g_ptr_array_index (cv->scores, g_array_index (clips,
                guint, i)), windows->data, windows->len);
  }
  source_free (held_out);
  g_array_unref (clips);
  if (scores == NULL)
    return FALSE;
  g_mutex_lock (&cv->lock);
  cv->times.duration = MAX (cv->times.duration, times.duration);
  if (cv->times.interval == 0 || (times.interval > 0
          && times.interval < cv->times.interval))
    cv->times.interval = times.interval;
  g_mutex_unlock (&cv->lock);
  g_ptr_array_unref (scores);
  return TRUE;
}

static void
run_fold (gpointer data, gpointer user_data)
{
  CrossValidation *cv = user_data;
  guint fold = GPOINTER_TO_UINT (data) - 1;
  char *model = fold_model (cv, fold);
  GError *error = NULL;

  if (!(cv->scores == NULL ? fit_fold : score_fold) (cv, fold, model, &error)) {
    g_mutex_lock (&cv->lock);
    if (cv->error == NULL)
      cv->error = g_steal_pointer (&error);
    g_mutex_unlock (&cv->lock);
    g_clear_error (&error);
  }
  g_free (model);
}

static gboolean
run_folds (CrossValidation * cv, GError ** error)
{
  GThreadPool *pool = g_thread_pool_new (run_fold, cv, MIN (cv->n_folds,
          g_get_num_processors ()), FALSE, NULL);
  guint i;

  for (i = 0; i < cv->n_folds; i++)
    g_thread_pool_push (pool, GUINT_TO_POINTER (i + 1), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  if (cv->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cv->error));
  return FALSE;
}

/* A window of a line is more like its neighbours than like what comes later, so
 * a fold is one stretch of it. */
static guint *
cut_folds (guint n_clips, guint n_folds)
{
  guint *folds = g_new (guint, n_clips);
  guint i;

  for (i = 0; i < n_clips; i++)
    folds[i] = (guint64) i *n_folds / n_clips;
  return folds;
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

CrossValidation *
cross_validation_new (const Training * training, Source * source,
    GError ** error)
{
  char *folder = g_dir_make_tmp ("gst-asd-XXXXXX", error);
  guint n_clips = source_get_size (source);
  CrossValidation *cv;

  if (folder == NULL)
    return NULL;
  cv = g_new0 (CrossValidation, 1);
  cv->training = training;
  cv->source = source;
  cv->n_folds = MIN (N_FOLDS, n_clips);
  cv->fold_of_clip = training->live ? cut_folds (n_clips, cv->n_folds) :
      deal_folds (n_clips, cv->n_folds, training->seed);
  cv->folder = folder;
  g_mutex_init (&cv->lock);
  if (!run_folds (cv, error))
    g_clear_pointer (&cv, cross_validation_free);
  return cv;
}

GPtrArray *
cross_validation_score (CrossValidation * cv, const char *scorer,
    WindowTimes * times, GError ** error)
{
  GPtrArray *scores = make_scores (source_get_size (cv->source));

  cv->scorer = scorer;
  cv->scores = scores;
  cv->times = (WindowTimes) {
  0, 0};
  if (!run_folds (cv, error))
    g_clear_pointer (&scores, g_ptr_array_unref);
  cv->scores = NULL;
  *times = cv->times;
  return scores;
}

gboolean
cross_validation_update (CrossValidation * cv, AsdModelWriter * writer,
    GError ** error)
{
  gboolean ok = TRUE;
  guint i;

  for (i = 0; i < cv->n_folds && ok; i++) {
    char *model = fold_model (cv, i);

    ok = asd_model_writer_commit (writer, model, NULL, error);
    g_free (model);
  }
  return ok;
}

void
cross_validation_free (CrossValidation * cv)
{
  guint i;

  if (cv == NULL)
    return;
  for (i = 0; i < cv->n_folds; i++) {
    char *model = fold_model (cv, i);

    g_unlink (model);
    g_free (model);
  }
  g_rmdir (cv->folder);
  g_free (cv->folder);
  g_free (cv->fold_of_clip);
  g_clear_error (&cv->error);
  g_mutex_clear (&cv->lock);
  g_free (cv);
}
