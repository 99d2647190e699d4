/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ensemble.h"

#include <math.h>

const GEnumValue *
asd_ensemble_method_values (void)
{
  static const GEnumValue values[] = {
    {ASD_ENSEMBLE_PRODUCT, "Product of the scores", "product"},
    {ASD_ENSEMBLE_GEOMETRIC_MEAN, "Geometric mean of the scores",
        "geometric-mean"},
    {ASD_ENSEMBLE_MEAN, "Mean of the scores", "mean"},
    {ASD_ENSEMBLE_MAX, "Highest score", "max"},
    {ASD_ENSEMBLE_MIN, "Lowest score", "min"},
    {0, NULL, NULL}
  };

  return values;
}

const GEnumValue *
asd_ensemble_normalization_values (void)
{
  static const GEnumValue values[] = {
    {ASD_ENSEMBLE_MIN_MAX, "0 .. 1 between the lowest and highest normal score",
        "min-max"},
    {ASD_ENSEMBLE_Z, "Standard deviations from the mean normal score", "z"},
    {ASD_ENSEMBLE_NONE, "As it is", "none"},
    {0, NULL, NULL}
  };

  return values;
}

double
asd_ensemble_normalize (AsdEnsembleNormalization normalization,
    const AsdCalibration * calibration, double score)
{
  double range = calibration->max - calibration->min;

  switch (normalization) {
    case ASD_ENSEMBLE_MIN_MAX:
      return range > 0 ? MAX (0, (score - calibration->min) / range) : 0;
    case ASD_ENSEMBLE_Z:
      return calibration->std > 0 ?
          (score - calibration->mean) / calibration->std : 0;
    case ASD_ENSEMBLE_NONE:
      return score;
  }
  return NAN;
}

char *
asd_ensemble_describe (AsdEnsembleMethod method,
    AsdEnsembleNormalization normalization, guint n)
{
  return g_strdup_printf ("%u scores, method=%s, normalize=%s", n,
      asd_ensemble_method_values ()[method].value_nick,
      asd_ensemble_normalization_values ()[normalization].value_nick);
}

void
asd_ensemble_min_max (double *scores, gsize n)
{
  double min = INFINITY, max = -INFINITY;
  gsize i;

  for (i = 0; i < n; i++) {
    min = MIN (min, scores[i]);
    max = MAX (max, scores[i]);
  }
  for (i = 0; i < n; i++)
    scores[i] = max > min ? (scores[i] - min) / (max - min) : 0;
}

double
asd_ensemble_combine (AsdEnsembleMethod method, const double *scores, gsize n)
{
  double product = 1, sum = 0, max = -INFINITY, min = INFINITY;
  gsize i;

  for (i = 0; i < n; i++) {
    product *= scores[i];
    sum += scores[i];
    max = MAX (max, scores[i]);
    min = MIN (min, scores[i]);
  }
  switch (method) {
    case ASD_ENSEMBLE_PRODUCT:
      return min < 0 && n > 1 ? NAN : product;
    case ASD_ENSEMBLE_GEOMETRIC_MEAN:
      return n == 1 ? product : min < 0 ? NAN : pow (product, 1. / n);
    case ASD_ENSEMBLE_MEAN:
      return sum / n;
    case ASD_ENSEMBLE_MAX:
      return max;
    case ASD_ENSEMBLE_MIN:
      return min;
  }
  return NAN;
}

void
asd_ensemble_get_weights (AsdEnsembleMethod method, const double *scores,
    gsize n, double *weights)
{
  const gboolean picks = method == ASD_ENSEMBLE_MAX
      || method == ASD_ENSEMBLE_MIN;
  const double joint = asd_ensemble_combine (method, scores, n);
  gsize i;

  for (i = 0; i < n; i++)
    weights[i] = picks ? scores[i] == joint : MAX (scores[i], 0);
}
