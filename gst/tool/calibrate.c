/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

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

/* A threshold is for windows, so each window counts. */
static GArray *
all_windows (GPtrArray * clips)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (double));
  guint i;

  for (i = 0; i < clips->len; i++) {
    GArray *windows = g_ptr_array_index (clips, i);

    g_array_append_vals (all, windows->data, windows->len);
  }
  return all;
}

/* Writes to the current stage of the writer. */
static gboolean
calibrate_stage (Calibration * self, GArray * scores, AsdModelWriter * writer,
    GError ** error)
{
  const double *values = (const double *) scores->data;
  AsdCalibration summary;

  if (!asd_calibration_compute (values, scores->len, &summary, error)
      || !asd_threshold_compute (self->rule, values, scores->len,
          &self->threshold, error))
    return FALSE;
  self->n_scores = scores->len;
  write_summary (writer, &summary);
  asd_model_writer_set_double (writer, "threshold", self->threshold);
  asd_model_writer_set_string (writer, "threshold-rule", self->rule_text);
  return TRUE;
}

gboolean
calibration_write (Calibration * self, const Training * training,
    GPtrArray * scores, AsdModelWriter * writer, GError ** error)
{
  const char *const *scorers = gst_asd_recipe_get_scorers (training->recipe);
  gboolean ok = TRUE;
  guint i;

  for (i = 0; i < scores->len && ok; i++) {
    GArray *windows = all_windows (g_ptr_array_index (scores, i));

    if (windows->len > 0) {
      asd_model_writer_update_stage (writer, scorers[i]);
      ok = calibrate_stage (self, windows, writer, error);
    }
    g_array_unref (windows);
  }
  return ok;
}
