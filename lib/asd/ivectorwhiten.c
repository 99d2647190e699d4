/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ivector-private.h"

#include "covariance.h"
#include "error.h"
#include "linalg.h"

/* Two clips differ in one direction, by which no covariance is uncertain. */
#define MIN_CLIPS 3

/* Of the mean variance: less than this, whitening would only blow rounding up. */
#define MIN_VARIANCE 1e-12

/* The i-vectors of all clips, minus their mean. */
static double *
centred_ivectors (AsdIvector * plain, const AsdIvectorClips * clips,
    double *mean)
{
  const gsize r = plain->dimensions;
  const gsize size = plain->n_components * plain->n_features;
  g_autoptr (AsdIvectorExtractor) extractor = asd_ivector_extractor_new (plain);
  double *w = g_new (double, clips->n * r);

  for (gsize u = 0; u < clips->n; u++) {
    asd_ivector_extractor_process_statistics (extractor,
        clips->zeroth + u * plain->n_components, clips->first + u * size,
        w + u * r);
    for (gsize i = 0; i < r; i++)
      mean[i] += w[u * r + i] / clips->n;
  }
  for (gsize i = 0; i < clips->n * r; i++)
    w[i] -= mean[i % r];
  return w;
}

static void
estimate_covariance (const double *w, gsize n, gsize r, double *covariance)
{
  double fourths = 0;

  cblas_dsyrk (CblasRowMajor, CblasLower, CblasTrans, r, n, 1. / n, w, r, 0,
      covariance, r);
  for (gsize i = 0; i < r; i++) {
    for (gsize j = 0; j < i; j++)
      covariance[j * r + i] = covariance[i * r + j];
  }
  for (gsize u = 0; u < n; u++) {
    double norm = cblas_ddot (r, w + u * r, 1, w + u * r, 1);

    fourths += norm * norm;
  }
  asd_covariance_shrink (covariance, r, 1. / n, fourths / ((double) n * n));
}

/* Replaces a covariance R R' by R^-1. */
static gboolean
invert_root (double *covariance, gsize r)
{
  double trace = 0;

  for (gsize i = 0; i < r; i++)
    trace += covariance[i * r + i];
  if (!asd_cholesky (covariance, r))
    return FALSE;
  for (gsize i = 0; i < r; i++) {
    double root = covariance[i * r + i];

    if (!(root * root > MIN_VARIANCE * trace / r))
      return FALSE;
    memset (covariance + i * r + i + 1, 0, (r - i - 1) * sizeof *covariance);
  }
  asd_cholesky_invert_factor (covariance, r);
  return asd_all_finite (covariance, r * r);
}

AsdIvector *
asd_ivector_whiten (const AsdIvector * model, const AsdIvectorClips * clips,
    GError ** error)
{
  const gsize r = model->dimensions;
  g_autoptr (AsdIvector) plain = asd_ivector_plain (model);
  g_autofree double *mean = g_new0 (double, r);
  g_autofree double *covariance = g_new (double, r * r);
  g_autofree double *w = NULL;
  AsdIvector *whitened;

  if (clips->n < MIN_CLIPS) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "too few clips (%"
        G_GSIZE_FORMAT
        ") to whiten i-vectors: use at least %d, or whiten=false", clips->n,
        MIN_CLIPS);
    return NULL;
  }
  w = centred_ivectors (plain, clips, mean);
  estimate_covariance (w, clips->n, r, covariance);
  if (!asd_all_finite (mean, r) || !invert_root (covariance, r)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "The i-vectors of %"
        G_GSIZE_FORMAT " clips do not differ enough to be whitened: use more "
        "clips, fewer dimensions, or whiten=false", clips->n);
    return NULL;
  }
  whitened = asd_ivector_plain (model);
  whitened->length_normalise = model->length_normalise;
  whitened->whitening_mean = g_steal_pointer (&mean);
  whitened->whitening = g_steal_pointer (&covariance);
  return whitened;
}
