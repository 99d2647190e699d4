/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gamma.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>

#include "error.h"

/* Points of the search for the location, about 1.4 apart for 1000 scores. */
#define GRID 41

/* In standard deviations. */
#define MAX_SHIFT 100.0

/* The most likely gamma distribution that begins shift below the smallest
 * score, and how likely it is. */
typedef struct
{
  double shift;
  double shape;
  double mean;
  double log_likelihood;        /* per score */
  double slope;                 /* of log_likelihood over shift */
} Candidate;

/* Solves log k - digamma (k) = s; Newton on 1/k. */
static double
solve_shape (double s)
{
  double k = (3 - s + sqrt ((s - 3) * (s - 3) + 24 * s)) / (12 * s);

  for (int i = 0; i < 20; i++) {
    double old = k;

    k = 1 / (1 / k + (log (k) - gsl_sf_psi (k) - s)
        / (k - k * k * gsl_sf_psi_1 (k)));
    if (fabs (k - old) <= 1e-14 * k)
      break;
  }
  return k;
}

/* z: scores in standard deviations above the smallest one. */
static Candidate
try_shift (const double *z, gsize n, double shift)
{
  Candidate c = {.shift = shift };
  double sum = 0, sum_log = 0, sum_inverse = 0, k;

  for (gsize i = 0; i < n; i++) {
    double y = z[i] + shift;

    sum += y;
    sum_log += log (y);
    sum_inverse += 1 / y;
  }
  c.mean = sum / n;
  c.shape = k = solve_shape (log (c.mean) - sum_log / n);
  c.log_likelihood = (k - 1) * (sum_log / n) - k - gsl_sf_lngamma (k)
      - k * log (c.mean / k);
  /* Shape and scale are at their best, so only y itself counts. */
  c.slope = (k - 1) * (sum_inverse / n) - k / c.mean;
  return c;
}

/* The best point of a grid, then bisection towards where it still rises. */
static Candidate
search_shift (const double *z, gsize n)
{
  Candidate best, low, high;
  double mean = 0, first, ratio;
  int at = 0;

  for (gsize i = 0; i < n; i++)
    mean += z[i] / n;
  first = mean / n;
  ratio = pow (MAX_SHIFT / first, 1.0 / (GRID - 1));

  best = try_shift (z, n, first);
  for (int i = 1; i < GRID; i++) {
    Candidate c = try_shift (z, n, first * pow (ratio, i));

    if (c.log_likelihood > best.log_likelihood) {
      best = c;
      at = i;
    }
  }
  if (at == (best.slope > 0 ? GRID - 1 : 0))
    return best;

  low = high = best;
  if (best.slope > 0)
    high.shift *= ratio;
  else
    low.shift /= ratio;
  for (int i = 0; i < 50; i++) {
    best = try_shift (z, n, sqrt (low.shift * high.shift));
    if (best.slope > 0)
      low = best;
    else
      high = best;
  }
  return best;
}

/* Scores as standard deviations above the smallest one; NULL where there is no
 * spread to measure. Divided by the range first, so that no square leaves the
 * range of a double. */
static double *
standardise (const double *scores, gsize n, double *smallest, double *std)
{
  double min = INFINITY, max = -INFINITY, mean = 0, variance = 0, *z;
  gboolean finite = TRUE;

  for (gsize i = 0; i < n; i++) {
    finite = finite && isfinite (scores[i]);
    min = MIN (min, scores[i]);
    max = MAX (max, scores[i]);
  }
  if (n < 3 || !finite || min == max || !isfinite (max - min))
    return NULL;

  z = g_new (double, n);
  for (gsize i = 0; i < n; i++) {
    z[i] = (scores[i] - min) / (max - min);
    mean += z[i] / n;
  }
  for (gsize i = 0; i < n; i++)
    variance += (z[i] - mean) * (z[i] - mean) / n;
  for (gsize i = 0; i < n; i++)
    z[i] /= sqrt (variance);
  *smallest = min;
  *std = sqrt (variance) * (max - min);
  return z;
}

gboolean
asd_gamma_fit (const double *scores, gsize n, AsdGamma * fit, GError ** error)
{
  double smallest, std, *z = standardise (scores, n, &smallest, &std);
  Candidate best;

  if (z == NULL) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "a gamma "
        "distribution needs at least 3 finite scores that are not all equal: "
        "train with more clips or use the rule quantile:1");
    return FALSE;
  }
  best = search_shift (z, n);
  g_free (z);
  fit->location = smallest - best.shift * std;
  fit->shape = best.shape;
  fit->scale = best.mean / best.shape * std;
  return TRUE;
}

/* By bisection to the last bit: gsl_cdf_gamma_Pinv() does not converge for
 * shapes of a few thousand and then ends the process. */
double
asd_gamma_quantile (const AsdGamma * gamma, double probability)
{
  double low = 0, high = gamma->shape + 1, middle;

  g_return_val_if_fail (probability > 0 && probability < 1, NAN);

  while (gsl_cdf_gamma_Q (high, gamma->shape, 1) > 1 - probability)
    high *= 2;
  for (middle = high / 2; middle > low && middle < high;
      middle = low + (high - low) / 2) {
    gboolean below = probability < 0.5
        ? gsl_cdf_gamma_P (middle, gamma->shape, 1) < probability
        : gsl_cdf_gamma_Q (middle, gamma->shape, 1) > 1 - probability;

    if (below)
      low = middle;
    else
      high = middle;
  }
  return gamma->location + gamma->scale * middle;
}
