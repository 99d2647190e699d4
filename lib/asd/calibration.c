/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "gamma.h"
#include "tail.h"

const double asd_calibration_probabilities[ASD_CALIBRATION_N_QUANTILES] = {
  0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99,
};

static const struct
{
  const char *prefix;
  double min, max;              /* of the parameter */
  gboolean open;                /* min and max themselves are out of range */
} forms[] = {
  [ASD_THRESHOLD_GAMMA] = {"gamma:", 0, 1, TRUE},
  [ASD_THRESHOLD_QUANTILE] = {"quantile:", 0, 1, FALSE},
  [ASD_THRESHOLD_MEAN_STD] = {"mean-std:", 0, 1000, FALSE},
  [ASD_THRESHOLD_FALSE_ALARMS] = {"false-alarms:", 0, 1e9, TRUE},
};

static int
compare_rising (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

double
asd_quantile (const double *sorted, gsize n, double probability)
{
  double position = probability * (n - 1);
  gsize below = position;
  double part = position - below;

  /* At the last score there is nothing to interpolate to. */
  return part > 0 ? sorted[below] + part * (sorted[below + 1] - sorted[below])
      : sorted[below];
}

/* A sorted copy; NULL where there is no score or one is not finite. */
static double *
sort_scores (const double *scores, gsize n, GError ** error)
{
  double *sorted;

  if (n == 0) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA,
        "there is no score to calibrate with: give more training clips");
    return NULL;
  }
  for (gsize i = 0; i < n; i++) {
    if (!isfinite (scores[i])) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "training score %"
          G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " is not finite: leave its "
          "clip out", i + 1, n);
      return NULL;
    }
  }
  sorted = g_memdup2 (scores, n * sizeof *scores);
  qsort (sorted, n, sizeof *sorted, compare_rising);
  return sorted;
}

gboolean
asd_calibration_compute (const double *scores, gsize n,
    AsdCalibration * calibration, GError ** error)
{
  double *sorted = sort_scores (scores, n, error);
  AsdCalibration c = {.n = n };
  double variance = 0;

  if (sorted == NULL)
    return FALSE;
  c.min = sorted[0];
  c.max = sorted[n - 1];
  /* From the smallest one, so that equal scores have exactly that mean. */
  for (gsize i = 0; i < n; i++)
    c.mean += (sorted[i] - c.min) / n;
  c.mean += c.min;
  for (gsize i = 0; i < n; i++)
    variance += (sorted[i] - c.mean) * (sorted[i] - c.mean) / n;
  c.std = sqrt (variance);
  for (gsize i = 0; i < ASD_CALIBRATION_N_QUANTILES; i++)
    c.quantiles[i] = asd_quantile (sorted, n, asd_calibration_probabilities[i]);
  c.median = asd_quantile (sorted, n, 0.5);
  c.q1 = asd_quantile (sorted, n, 0.25);
  c.q3 = asd_quantile (sorted, n, 0.75);
  g_free (sorted);

  if (!isfinite (c.mean) || !isfinite (c.std)) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "the training "
        "scores are too large to be summed: scale the features down");
    return FALSE;
  }
  *calibration = c;
  return TRUE;
}

gboolean
asd_threshold_parse (const char *text, AsdThresholdRule * rule, GError ** error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++) {
    const char *number;
    double value;
    char *end;

    if (!g_str_has_prefix (text, forms[i].prefix))
      continue;
    number = text + strlen (forms[i].prefix);
    value = g_ascii_strtod (number, &end);
    if (!(g_ascii_isdigit (*number) || *number == '.') || *end != '\0')
      break;
    if (value < forms[i].min || value > forms[i].max || (forms[i].open
            && (value == forms[i].min || value == forms[i].max)))
      break;
    *rule = (AsdThresholdRule) {
    .method = i,.parameter = value};
    return TRUE;
  }
  g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "threshold '%s' is none of "
      "gamma:P (0 < P < 1), quantile:Q (0 <= Q <= 1), mean-std:K "
      "(0 <= K <= 1000) and false-alarms:PER_DAY (above 0): write for example "
      "gamma:0.999", text);
  return FALSE;
}

static double
keep_budget (const AsdThresholdRule * rule, const double *scores, gsize n,
    const gsize *clips, gsize n_clips)
{
  /* Windows that start within one. */
  gsize run = rule->window / rule->interval +
      (rule->window % rule->interval > 0);
  double p = asd_false_alarms_to_probability (rule->parameter, rule->interval);
  AsdTail *tail = asd_tail_new (scores, n, clips, n_clips, MAX (run, 1));
  double threshold = asd_tail_get_threshold (tail, p);

  asd_tail_free (tail);
  return threshold;
}

/* What a rule needs to know beside the scores. */
static gboolean
check_budget (const AsdThresholdRule * rule, gsize n, GError ** error)
{
  if (rule->method != ASD_THRESHOLD_FALSE_ALARMS)
    return TRUE;
  if (rule->interval == 0) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "false alarms per "
        "day need to know how often there is a window: set the interval");
    return FALSE;
  }
  return asd_false_alarms_check (rule->parameter, n, rule->interval,
      rule->extrapolate, error);
}

static gboolean
compute_threshold (const AsdThresholdRule * rule, const double *scores,
    gsize n, const gsize *clips, gsize n_clips, double *threshold,
    GError ** error)
{
  AsdCalibration c;
  AsdGamma gamma;
  double *sorted, parameter = rule->parameter;

  if (!asd_calibration_compute (scores, n, &c, error)
      || !check_budget (rule, n, error))
    return FALSE;
  if (c.min == c.max || (rule->method == ASD_THRESHOLD_GAMMA && n < 3)) {
    *threshold = nextafter (c.max, INFINITY);
    return TRUE;
  }
  switch (rule->method) {
    case ASD_THRESHOLD_GAMMA:
      if (!asd_gamma_fit (scores, n, &gamma, error))
        return FALSE;
      *threshold = asd_gamma_quantile (&gamma, parameter);
      break;
    case ASD_THRESHOLD_QUANTILE:
      sorted = sort_scores (scores, n, error);
      *threshold = asd_quantile (sorted, n, parameter);
      g_free (sorted);
      break;
    case ASD_THRESHOLD_MEAN_STD:
      *threshold = c.mean + parameter * c.std;
      break;
    case ASD_THRESHOLD_FALSE_ALARMS:
      *threshold = keep_budget (rule, scores, n, clips, n_clips);
      break;
  }
  return TRUE;
}

gboolean
asd_threshold_compute (const AsdThresholdRule * rule, const double *scores,
    gsize n, double *threshold, GError ** error)
{
  return compute_threshold (rule, scores, n, NULL, 0, threshold, error);
}

gboolean
asd_threshold_compute_clips (const AsdThresholdRule * rule,
    const double *scores, const gsize *clips, gsize n_clips, double *threshold,
    GError ** error)
{
  gsize n = 0;

  for (gsize i = 0; i < n_clips; i++)
    n += clips[i];
  return compute_threshold (rule, scores, n, clips, n_clips, threshold, error);
}
