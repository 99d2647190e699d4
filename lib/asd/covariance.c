/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "covariance.h"

#include <math.h>

#include "linalg.h"
#include "simd.h"

/* Accumulators that run side by side, whatever the width of a vector unit. */
#define LANES 8

/* The uncertainty of S is the sum over the vectors of w^2 |z z' - S|^2, which is
 * that of w^2 |z|^4 minus that of w^2 |S|^2; exactly so where all weights are
 * equal. */
void
asd_covariance_shrink (double *covariance, gsize dim, double squares,
    double fourths)
{
  double norm = 0, trace = 0, mu, uncertainty, distance, shrinkage;

  for (gsize i = 0; i < dim * dim; i++)
    norm += covariance[i] * covariance[i];
  for (gsize i = 0; i < dim; i++)
    trace += covariance[i * dim + i];
  mu = trace / dim;
  distance = norm - mu * trace;
  uncertainty = fourths - squares * norm;
  if (!(uncertainty > 0 && distance > 0))
    return;
  shrinkage = MIN (uncertainty / distance, 1);
  for (gsize i = 0; i < dim * dim; i++)
    covariance[i] *= 1 - shrinkage;
  for (gsize i = 0; i < dim; i++)
    covariance[i * dim + i] += shrinkage * mu;
}

gboolean
asd_covariance_factor (const double *covariance, gsize dim, double *factor,
    double *log_det)
{
  memcpy (factor, covariance, dim * dim * sizeof *factor);
  if (!asd_cholesky (factor, dim))
    return FALSE;
  *log_det = asd_cholesky_log_det (factor, dim);
  asd_cholesky_invert_factor (factor, dim);
  return TRUE;
}

gboolean
asd_covariance_symmetric (const double *a, gsize dim)
{
  for (gsize i = 0; i < dim; i++) {
    for (gsize j = 0; j < i; j++) {
      if (a[i * dim + j] != a[j * dim + i])
        return FALSE;
    }
  }
  return TRUE;
}

/* |L^-1 (x - m)|^2, row by row, so that nothing has to be kept. */
ASD_KERNEL
full_distance_kernel (const double *x, const double *mean,
    const double *factor, gsize dim, double *result)
{
  *result = 0;
  for (gsize i = 0; i < dim; i++, factor += dim) {
    double lanes[LANES] = { 0 };
    gsize k = 0;

    for (; k + LANES <= i + 1; k += LANES) {
      for (gsize l = 0; l < LANES; l++)
        lanes[l] += factor[k + l] * (x[k + l] - mean[k + l]);
    }
    for (gsize l = 0; k + l <= i; l++)
      lanes[l] += factor[k + l] * (x[k + l] - mean[k + l]);
    for (gsize width = LANES / 2; width > 0; width /= 2) {
      for (gsize l = 0; l < width; l++)
        lanes[l] += lanes[l + width];
    }
    *result += lanes[0] * lanes[0];
  }
}

ASD_DEFINE_KERNEL (full_distance, full_distance_kernel,
    (const double *x, const double *mean, const double *factor, gsize dim,
        double *result), (x, mean, factor, dim, result));

double
asd_covariance_distance (const double *x, const double *mean,
    const double *factor, gsize dim)
{
  double d;

  full_distance (x, mean, factor, dim, &d);
  return d;
}

void
asd_covariance_distance_parts (const double *x, const double *mean,
    const double *factor, gsize dim, double *parts)
{
  for (gsize i = 0; i < dim; i++)
    parts[i] = x[i] - mean[i];
  cblas_dtrmv (CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, dim,
      factor, dim, parts, 1);
  cblas_dtrmv (CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, dim,
      factor, dim, parts, 1);
  for (gsize i = 0; i < dim; i++)
    parts[i] *= x[i] - mean[i];
}
