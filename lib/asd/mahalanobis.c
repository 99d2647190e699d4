/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "mahalanobis.h"

#include "covariance.h"
#include "error.h"
#include "linalg.h"
#include "vectors.h"

/* Part of the mean variance that is added to each variance. */
#define REGULARISATION 1e-9

/* Vectors that are added to the covariance together. */
#define BLOCK 256

struct _AsdMahalanobis
{
  gsize dim;
  double *mean;
  double *covariance;           /* dim x dim */
  double *factor;               /* dim x dim, L^-1 */
};

AsdMahalanobis *
asd_mahalanobis_new (const double *mean, const double *covariance, gsize dim,
    GError ** error)
{
  AsdMahalanobis *self = g_new0 (AsdMahalanobis, 1);
  double log_det;

  self->dim = dim;
  self->mean = g_memdup2 (mean, dim * sizeof *mean);
  self->covariance = g_memdup2 (covariance, dim * dim * sizeof *covariance);
  self->factor = g_new (double, dim * dim);
  if (dim > 0 && asd_vectors_usable (mean, dim)
      && asd_all_finite (covariance, dim * dim)
      && asd_covariance_symmetric (covariance, dim)
      && asd_covariance_factor (covariance, dim, self->factor, &log_det)
      && asd_all_finite (self->factor, dim * dim))
    return self;
  g_set_error_literal (error, ASD_ERROR, ASD_ERROR_FORMAT, "the Mahalanobis "
      "distance needs a finite mean and a covariance that is symmetric and "
      "positive definite: train the model again");
  asd_mahalanobis_free (self);
  return NULL;
}

void
asd_mahalanobis_free (AsdMahalanobis * self)
{
  g_free (self->mean);
  g_free (self->covariance);
  g_free (self->factor);
  g_free (self);
}

static void
add_means (const double *x, gsize n, gsize dim, double *mean)
{
  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < dim; j++)
      mean[j] += x[i * dim + j];
  }
  for (gsize j = 0; j < dim; j++)
    mean[j] /= n;
}

/* Returns the sum of the fourth powers of the vectors' lengths, over n^2. */
static double
add_covariance (const double *x, gsize n, gsize dim, const double *mean,
    double *covariance)
{
  g_autofree double *block = g_new (double, BLOCK * dim);
  double fourths = 0;

  for (gsize begin = 0; begin < n; begin += BLOCK) {
    const gsize rows = MIN (BLOCK, n - begin);

    for (gsize i = 0; i < rows; i++) {
      double norm = 0;

      for (gsize j = 0; j < dim; j++) {
        const double z = x[(begin + i) * dim + j] - mean[j];

        block[i * dim + j] = z;
        norm += z * z;
      }
      fourths += norm / n * norm / n;
    }
    cblas_dsyrk (CblasRowMajor, CblasLower, CblasTrans, dim, rows, 1.0 / n,
        block, dim, 1, covariance, dim);
  }
  for (gsize i = 0; i < dim; i++) {
    for (gsize j = 0; j < i; j++)
      covariance[j * dim + i] = covariance[i * dim + j];
  }
  return fourths;
}

AsdMahalanobis *
asd_mahalanobis_fit (const double *x, gsize n, gsize dim, GError ** error)
{
  g_autofree double *mean = NULL, *covariance = NULL;
  AsdMahalanobis *self;
  double fourths, trace = 0;

  if (!asd_vectors_check ("a covariance", x, n, dim, 2, error))
    return NULL;
  mean = g_new0 (double, dim);
  covariance = g_new0 (double, dim * dim);
  add_means (x, n, dim, mean);
  fourths = add_covariance (x, n, dim, mean, covariance);
  asd_covariance_shrink (covariance, dim, 1.0 / n, fourths);
  for (gsize i = 0; i < dim; i++)
    trace += covariance[i * dim + i];
  for (gsize i = 0; i < dim; i++)
    covariance[i * dim + i] += REGULARISATION * trace / dim;

  self = asd_mahalanobis_new (mean, covariance, dim, NULL);
  if (self == NULL)
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "the training "
        "vectors differ by so little that their squares vanish: scale the "
        "features up");
  return self;
}

double
asd_mahalanobis_score (const AsdMahalanobis * self, const double *x)
{
  return sqrt (asd_covariance_distance (x, self->mean, self->factor,
          self->dim));
}

void
asd_mahalanobis_get_parts (const AsdMahalanobis * self, const double *x,
    double *parts)
{
  double squared = 0, scale;

  asd_covariance_distance_parts (x, self->mean, self->factor, self->dim, parts);
  for (gsize i = 0; i < self->dim; i++)
    squared += parts[i];
  scale = squared > 0 ? 1 / sqrt (squared) : 0;
  for (gsize i = 0; i < self->dim; i++)
    parts[i] *= scale;
}

gsize
asd_mahalanobis_get_dim (const AsdMahalanobis * self)
{
  return self->dim;
}

const double *
asd_mahalanobis_get_mean (const AsdMahalanobis * self)
{
  return self->mean;
}

const double *
asd_mahalanobis_get_covariance (const AsdMahalanobis * self)
{
  return self->covariance;
}

void
asd_mahalanobis_save (const AsdMahalanobis * self, AsdModelWriter * writer)
{
  const gsize shape[2] = { self->dim, self->dim };

  asd_model_writer_add_f64 (writer, "mean", self->mean, 1, shape);
  asd_model_writer_add_f64 (writer, "covariance", self->covariance, 2, shape);
}

AsdMahalanobis *
asd_mahalanobis_load (AsdModelSection * section, GError ** error)
{
  const double *mean, *covariance;
  gsize shape[2] = { 0, 0 };
  AsdMahalanobis *self;
  GError *wrong = NULL;

  mean = asd_model_section_get_f64 (section, "mean", 1, shape, error);
  if (mean == NULL)
    return NULL;
  shape[1] = shape[0];
  covariance = asd_model_section_get_f64 (section, "covariance", 2, shape,
      error);
  if (covariance == NULL)
    return NULL;
  self = asd_mahalanobis_new (mean, covariance, shape[0], &wrong);
  if (self == NULL) {
    asd_model_section_refuse (section, error, "%s", wrong->message);
    g_error_free (wrong);
  }
  return self;
}
