/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <math.h>
#include <string.h>

/* What the scores of a stage look like, for its section of the model. */
static void
write_summary (AsdModelWriter * writer, const AsdCalibration * summary)
{
  gsize shape[1] = { ASD_CALIBRATION_N_QUANTILES };

  asd_model_writer_set_int64 (writer, "calibration-n", summary->n);
  asd_model_writer_set_double (writer, "calibration-min", summary->min);
  asd_model_writer_set_double (writer, "calibration-max", summary->max);
  asd_model_writer_set_double (writer, "calibration-mean", summary->mean);
  asd_model_writer_set_double (writer, "calibration-std", summary->std);
  asd_model_writer_set_double (writer, "calibration-median", summary->median);
  asd_model_writer_set_double (writer, "calibration-q1", summary->q1);
  asd_model_writer_set_double (writer, "calibration-q3", summary->q3);
  asd_model_writer_add_f64 (writer, "calibration-probabilities",
      asd_calibration_probabilities, 1, shape);
  asd_model_writer_add_f64 (writer, "calibration-quantiles",
      summary->quantiles, 1, shape);
}

/* A threshold is for windows, so each window counts. @sizes gets those of each
 * clip. */
static GArray *
all_windows (GPtrArray * clips, gsize *sizes)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (double));
  guint i;

  for (i = 0; i < clips->len; i++) {
    GArray *windows = g_ptr_array_index (clips, i);

    g_array_append_vals (all, windows->data, windows->len);
    sizes[i] = windows->len;
  }
  return all;
}

/* How often overlapping windows give a false alarm is known from such only. */
static gboolean
check_overlap (const Calibration * self, GstClockTime interval,
    const WindowTimes * times, GError ** error)
{
  if (self->rule.method != ASD_THRESHOLD_FALSE_ALARMS || times->interval > 0
      || interval == 0 || interval >= times->duration)
    return TRUE;
  g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "no recording has two windows "
      "of %g s, so that none tells of false alarms with one each %g s: give "
      "longer recordings, or leave out --interval", times->duration / 1e9,
      interval / 1e9);
  return FALSE;
}

/* Finds the threshold. */
static gboolean
summarize (Calibration * self, const char *scorer, GPtrArray * clips,
    const WindowTimes * times, AsdCalibration * summary, GError ** error)
{
  gsize *sizes = g_new (gsize, clips->len);
  GArray *scores = all_windows (clips, sizes);
  const double *values = (const double *) scores->data;
  gboolean ok;

  self->n_scores = scores->len;
  self->rule.window = times->duration;
  self->rule.interval = times->interval > 0 ? times->interval : times->duration;
  ok = asd_calibration_compute (values, scores->len, summary, error)
      && asd_threshold_compute_clips (&self->rule, values, sizes, clips->len,
      &self->threshold, error);
  if (ok && scores->len > 1 && summary->min == summary->max)
    tool_remark (scorer, "gave all held-out recordings the same score, so that "
        "its threshold is of little use: are they copies of one recording, or "
        "of a sensor that is stuck?");
  g_array_unref (scores);
  g_free (sizes);
  return ok;
}

static gboolean
is_stage (GstAsdRecipe * recipe, const char *scorer)
{
  return g_strv_contains (gst_asd_recipe_get_stages (recipe), scorer);
}

gboolean
calibration_is_needed (GstAsdRecipe * recipe)
{
  const char *const *scorers = gst_asd_recipe_get_scorers (recipe);
  guint i;

  for (i = 0; scorers[i] != NULL; i++)
    if (!is_stage (recipe, scorers[i]))
      return TRUE;
  return FALSE;
}

/* What the threshold of an ensemble depends on. */
static void
write_joins (AsdModelWriter * writer, GstAsdRecipe * recipe, const char *scorer)
{
  GstElement *bin = gst_asd_recipe_make_scorer (recipe, scorer, NULL, 0, NULL);
  GstIterator *it = gst_bin_iterate_all_by_element_factory_name (GST_BIN (bin),
      "asdensemble");
  GValue item = G_VALUE_INIT;
  int method, normalize;
  char *stage, *joins;

  gst_object_ref_sink (bin);
  while (gst_iterator_next (it, &item) == GST_ITERATOR_OK) {
    GstElement *element = g_value_get_object (&item);

    g_object_get (element, "stage", &stage, "method", &method, "normalize",
        &normalize, NULL);
    if (strcmp (stage, scorer) == 0) {
      joins = asd_ensemble_describe (method, normalize, element->numsinkpads);
      asd_model_writer_set_string (writer, "joins", joins);
      g_free (joins);
    }
    g_free (stage);
    g_value_unset (&item);
  }
  gst_iterator_free (it);
  gst_object_unref (bin);
}

/* What a scorer gave normal clips, for its section. An ensemble learns nothing,
 * so that its section begins here. */
static void
write_scorer (Calibration * self, GstAsdRecipe * recipe, const char *scorer,
    const AsdCalibration * summary, AsdModelWriter * writer)
{
  if (is_stage (recipe, scorer)) {
    asd_model_writer_update_stage (writer, scorer);
  } else {
    asd_model_writer_set_stage (writer, scorer, "ensemble");
    write_joins (writer, recipe, scorer);
  }
  write_summary (writer, summary);
  asd_model_writer_set_double (writer, "threshold", self->threshold);
  asd_model_writer_set_string (writer, "threshold-rule", self->rule_text);
}

static gboolean
calibrate_scorer (Calibration * self, CrossValidation * cv,
    const Training * training, const char *scorer, AsdModelWriter * writer,
    GError ** error)
{
  GstAsdRecipe *recipe = training->recipe;
  WindowTimes times;
  GPtrArray *clips = cross_validation_score (cv, scorer, &times, error);
  AsdModelWriter *fold_writer;
  AsdCalibration summary;
  gboolean ok;

  if (clips == NULL)
    return FALSE;
  ok = check_overlap (self, training->interval, &times, error)
      && summarize (self, scorer, clips, &times, &summary, error);
  g_ptr_array_unref (clips);
  if (!ok)
    return FALSE;

  write_scorer (self, recipe, scorer, &summary, writer);
  /* An ensemble behind it needs the calibration, in every fold. */
  fold_writer = asd_model_writer_new ();
  write_scorer (self, recipe, scorer, &summary, fold_writer);
  ok = cross_validation_update (cv, fold_writer, error);
  asd_model_writer_free (fold_writer);
  return ok;
}

gboolean
calibration_run (Calibration * self, const Training * training,
    Source * source, AsdModelWriter * writer, GError ** error)
{
  const char *const *scorers = gst_asd_recipe_get_scorers (training->recipe);
  CrossValidation *cv;
  gboolean ok = TRUE;
  guint i;

  if (source_get_size (source) < 2) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "there is nothing to calibrate with: train on more recordings, or score "
        "with your own threshold");
    return FALSE;
  }
  cv = cross_validation_new (training, source, error);
  if (cv == NULL) {
    g_prefix_error (error, "calibrating, which trains on four fifths of the "
        "recordings: ");
    return FALSE;
  }
  for (i = 0; scorers[i] != NULL && ok; i++)
    ok = calibrate_scorer (self, cv, training, scorers[i], writer, error);
  cross_validation_free (cv);
  if (!ok)
    self->threshold = NAN;
  return ok;
}
