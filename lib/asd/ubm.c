/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ubm.h"

#include "error.h"
#include "kmeans.h"
#include "linalg.h"
#include "posteriors.h"

/* Frames whose densities and statistics are one matrix product each. */
#define BLOCK 256

/* Below so many frames a component keeps its place. */
#define MIN_COUNT 1e-3

/* What is left to a component without frames, so that its logarithm exists. */
#define MIN_WEIGHT 1e-12

struct _AsdUbm
{
  gatomicrefcount refs;
  gsize n_components, dim;
  double *weights;
  double *means;                /* n_components x dim */
  double *variances;            /* n_components x dim */
  double *origin;               /* frames are taken relative to it */
  /* ln (w N (x)) = offset + slopes . [x - origin, (x - origin)^2] */
  double *slopes;               /* n_components x 2 dim */
  double *offsets;
};

struct _AsdUbmStatistics
{
  AsdUbm *ubm;
  gboolean second_order;
  double log_likelihood;
  double *counts;               /* n_components */
  double *sums;                 /* n_components x 2 dim, relative to origin */
  double *block;                /* BLOCK x 2 dim: x - origin and its squares */
  double *posteriors;           /* n_components x BLOCK */
  double log_sums[BLOCK], scratch[BLOCK];
};

const char *
asd_ubm_config_check (const AsdUbmConfig * config)
{
  if (config->components == 0)
    return "components must be at least 1";
  if (config->kmeans_iterations == 0)
    return "kmeans-iterations must be at least 1";
  if (!(config->variance_floor > 0 && isfinite (config->variance_floor)))
    return "variance-floor must be above 0";
  return NULL;
}

static AsdUbm *
ubm_alloc (gsize n_components, gsize dim)
{
  AsdUbm *ubm = g_new0 (AsdUbm, 1);

  g_atomic_ref_count_init (&ubm->refs);
  ubm->n_components = n_components;
  ubm->dim = dim;
  ubm->weights = g_new0 (double, n_components);
  ubm->means = g_new0 (double, n_components * dim);
  ubm->variances = g_new0 (double, n_components * dim);
  ubm->origin = g_new0 (double, dim);
  ubm->slopes = g_new0 (double, n_components * dim * 2);
  ubm->offsets = g_new0 (double, n_components);
  return ubm;
}

AsdUbm *
asd_ubm_ref (AsdUbm * ubm)
{
  g_atomic_ref_count_inc (&ubm->refs);
  return ubm;
}

void
asd_ubm_unref (AsdUbm * ubm)
{
  if (!g_atomic_ref_count_dec (&ubm->refs))
    return;
  g_free (ubm->weights);
  g_free (ubm->means);
  g_free (ubm->variances);
  g_free (ubm->origin);
  g_free (ubm->slopes);
  g_free (ubm->offsets);
  g_free (ubm);
}

/* Around the middle of all means the squares cancel least. */
static void
ubm_prepare (AsdUbm * ubm)
{
  const gsize dim = ubm->dim;

  memset (ubm->origin, 0, dim * sizeof *ubm->origin);
  for (gsize c = 0; c < ubm->n_components; c++) {
    for (gsize j = 0; j < dim; j++)
      ubm->origin[j] += ubm->weights[c] * ubm->means[c * dim + j];
  }
  for (gsize c = 0; c < ubm->n_components; c++) {
    double *slopes = ubm->slopes + c * 2 * dim;
    double sum = dim * log (2 * G_PI);

    for (gsize j = 0; j < dim; j++) {
      double mean = ubm->means[c * dim + j] - ubm->origin[j];
      double variance = ubm->variances[c * dim + j];

      slopes[j] = mean / variance;
      slopes[dim + j] = -0.5 / variance;
      sum += log (variance) + mean * mean / variance;
    }
    ubm->offsets[c] = log (ubm->weights[c]) - 0.5 * sum;
  }
}

AsdUbm *
asd_ubm_new (const double *weights, const double *means,
    const double *variances, gsize n_components, gsize dim, GError ** error)
{
  const gsize n = n_components * dim;
  AsdUbm *ubm;
  gboolean valid = n > 0 && asd_weights_valid (weights, n_components)
      && asd_all_finite (means, n) && asd_all_finite (variances, n);

  for (gsize i = 0; valid && i < n; i++)
    valid = variances[i] > 0;
  if (!valid) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_FORMAT, "the background "
        "model needs at least one component, weights above 0 that sum to 1, "
        "finite means, and finite variances above 0: train the model again");
    return NULL;
  }
  ubm = ubm_alloc (n_components, dim);
  memcpy (ubm->weights, weights, n_components * sizeof *weights);
  memcpy (ubm->means, means, n * sizeof *means);
  memcpy (ubm->variances, variances, n * sizeof *variances);
  ubm_prepare (ubm);
  return ubm;
}

AsdUbmStatistics *
asd_ubm_statistics_new (AsdUbm * ubm, gboolean second_order)
{
  AsdUbmStatistics *self = g_new0 (AsdUbmStatistics, 1);

  self->ubm = asd_ubm_ref (ubm);
  self->second_order = second_order;
  self->counts = g_new0 (double, ubm->n_components);
  self->sums = g_new0 (double, ubm->n_components * ubm->dim * 2);
  self->block = g_new0 (double, BLOCK * ubm->dim * 2);
  self->posteriors = g_new0 (double, ubm->n_components * BLOCK);
  return self;
}

void
asd_ubm_statistics_free (AsdUbmStatistics * self)
{
  asd_ubm_unref (self->ubm);
  g_free (self->counts);
  g_free (self->sums);
  g_free (self->block);
  g_free (self->posteriors);
  g_free (self);
}

void
asd_ubm_statistics_reset (AsdUbmStatistics * self)
{
  const gsize k = self->ubm->n_components;

  self->log_likelihood = 0;
  memset (self->counts, 0, k * sizeof *self->counts);
  memset (self->sums, 0, k * self->ubm->dim * 2 * sizeof *self->sums);
}

/* The statistics of the first @n frames of the block. */
static void
add_block (AsdUbmStatistics * self, gsize n)
{
  const AsdUbm *ubm = self->ubm;
  const gsize k = ubm->n_components, dim = ubm->dim;

  for (gsize c = 0; c < k; c++) {
    for (gsize i = 0; i < n; i++)
      self->posteriors[c * BLOCK + i] = ubm->offsets[c];
  }
  cblas_dgemm (CblasRowMajor, CblasNoTrans, CblasTrans, k, n, 2 * dim, 1,
      ubm->slopes, 2 * dim, self->block, 2 * dim, 1, self->posteriors, BLOCK);
  asd_posteriors (self->posteriors, k, n, BLOCK, self->log_sums, self->scratch);
  for (gsize i = 0; i < n; i++)
    self->log_likelihood += self->log_sums[i];
  for (gsize c = 0; c < k; c++) {
    for (gsize i = 0; i < n; i++)
      self->counts[c] += self->posteriors[c * BLOCK + i];
  }
  cblas_dgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, k,
      self->second_order ? 2 * dim : dim, n, 1, self->posteriors, BLOCK,
      self->block, 2 * dim, 1, self->sums, 2 * dim);
}

#define ADD_BLOCKS(self, frames, n) G_STMT_START {                            \
  const gsize dim = self->ubm->dim;                                           \
  const double *origin = self->ubm->origin;                                   \
                                                                              \
  for (gsize begin = 0; begin < n; begin += BLOCK) {                          \
    gsize rows = MIN (BLOCK, n - begin);                                      \
                                                                              \
    for (gsize i = 0; i < rows; i++) {                                        \
      double *out = self->block + i * 2 * dim;                                \
                                                                              \
      for (gsize j = 0; j < dim; j++) {                                       \
        out[j] = frames[(begin + i) * dim + j] - origin[j];                   \
        out[dim + j] = out[j] * out[j];                                       \
      }                                                                       \
    }                                                                         \
    add_block (self, rows);                                                   \
  }                                                                           \
} G_STMT_END

void
asd_ubm_statistics_add (AsdUbmStatistics * self, const float *frames, gsize n)
{
  ADD_BLOCKS (self, frames, n);
}

void
asd_ubm_statistics_add_f64 (AsdUbmStatistics * self, const double *frames,
    gsize n)
{
  ADD_BLOCKS (self, frames, n);
}

double
asd_ubm_statistics_get (const AsdUbmStatistics * self, double *zeroth,
    double *first, double *second)
{
  const gsize k = self->ubm->n_components, dim = self->ubm->dim;

  memcpy (zeroth, self->counts, k * sizeof *zeroth);
  for (gsize c = 0; c < k; c++) {
    const double *sums = self->sums + c * 2 * dim, n = self->counts[c];

    for (gsize j = 0; j < dim; j++) {
      double o = self->ubm->origin[j];

      first[c * dim + j] = sums[j] + n * o;
      if (second != NULL && self->second_order)
        second[c * dim + j] = sums[dim + j] + 2 * o * sums[j] + n * o * o;
    }
  }
  return self->log_likelihood;
}

double
asd_ubm_log_likelihood (const AsdUbm * ubm, const double *x)
{
  const gsize dim = ubm->dim;
  double maximum = -INFINITY, sum = 0;

  for (gsize c = 0; c < ubm->n_components; c++) {
    double p = log (ubm->weights[c]) - 0.5 * dim * log (2 * G_PI);

    for (gsize j = 0; j < dim; j++) {
      double d = x[j] - ubm->means[c * dim + j];
      double variance = ubm->variances[c * dim + j];

      p -= 0.5 * (d * d / variance + log (variance));
    }
    if (isnan (p))
      return NAN;
    if (p > maximum) {
      sum = sum * exp (maximum - p) + 1;
      maximum = p;
    } else if (p > -INFINITY) {
      sum += exp (p - maximum);
    }
  }
  return maximum + log (sum);
}

/* Maximisation: what the statistics say, from the origin of those. */
static AsdUbm *
maximise (const AsdUbmStatistics * self, gsize n, double variance_floor)
{
  const AsdUbm *old = self->ubm;
  const gsize k = old->n_components, dim = old->dim;
  AsdUbm *ubm = ubm_alloc (k, dim);
  double total = 0;

  for (gsize c = 0; c < k; c++) {
    const double *sums = self->sums + c * 2 * dim, count = self->counts[c];

    ubm->weights[c] = MAX (count / n, MIN_WEIGHT);
    total += ubm->weights[c];
    for (gsize j = c * dim; j < (c + 1) * dim; j++, sums++) {
      double mean = sums[0] / count, variance = sums[dim] / count - mean * mean;

      if (count < MIN_COUNT) {
        ubm->means[j] = old->means[j];
        ubm->variances[j] = old->variances[j];
      } else {
        ubm->means[j] = mean + old->origin[j - c * dim];
        ubm->variances[j] = MAX (variance, variance_floor);
      }
    }
  }
  for (gsize c = 0; c < k; c++)
    ubm->weights[c] /= total;
  ubm_prepare (ubm);
  return ubm;
}

AsdUbm *
asd_ubm_refine (const AsdUbm * ubm, const double *x, gsize n, guint iterations,
    double variance_floor, AsdProgressFunc progress, gpointer user_data,
    GCancellable * cancellable, GError ** error)
{
  AsdUbm *current;

  if (!asd_check_vectors (x, n, ubm->dim, ubm->n_components, error))
    return NULL;
  current = asd_ubm_new (ubm->weights, ubm->means, ubm->variances,
      ubm->n_components, ubm->dim, error);
  for (guint i = 0; current != NULL && i < iterations; i++) {
    g_autoptr (AsdUbmStatistics) self = asd_ubm_statistics_new (current, TRUE);

    g_clear_pointer (&current, asd_ubm_unref);
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return NULL;
    asd_ubm_statistics_add_f64 (self, x, n);
    if (!isfinite (self->log_likelihood)) {
      g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "the training "
          "frames are so large that their squares overflow: scale them down");
      return NULL;
    }
    if (progress != NULL)
      progress ("UBM", i + 1, iterations, self->log_likelihood / n, user_data);
    current = maximise (self, n, variance_floor);
  }
  return current;
}

/* The mixture whose responsibilities are the clusters. */
static AsdUbm *
from_clusters (const double *x, gsize n, gsize dim, const double *centres,
    const guint *labels, gsize k, double variance_floor)
{
  g_autofree double *weights = g_new0 (double, k);
  g_autofree double *variances = g_new0 (double, k * dim);
  double total = 0;

  for (gsize i = 0; i < n; i++) {
    const double *centre = centres + labels[i] * dim;
    double *variance = variances + labels[i] * dim;

    weights[labels[i]]++;
    for (gsize j = 0; j < dim; j++) {
      double d = x[i * dim + j] - centre[j];

      variance[j] += d * d;
    }
  }
  for (gsize c = 0; c < k; c++) {
    for (gsize j = 0; j < dim; j++)
      variances[c * dim + j] =
          MAX (variances[c * dim + j] / MAX (weights[c], 1), variance_floor);
    weights[c] = MAX (weights[c] / n, MIN_WEIGHT);
    total += weights[c];
  }
  for (gsize c = 0; c < k; c++)
    weights[c] /= total;
  return asd_ubm_new (weights, centres, variances, k, dim, NULL);
}

AsdUbm *
asd_ubm_fit (const AsdUbmConfig * config, const double *x, gsize n, gsize dim,
    AsdProgressFunc progress, gpointer user_data, GCancellable * cancellable,
    GError ** error)
{
  const gsize k = config->components;
  g_autofree double *centres = NULL;
  g_autofree guint *labels = NULL;
  g_autoptr (GRand) rand = NULL;
  g_autoptr (AsdUbm) start = NULL;

  if (!asd_check_vectors (x, n, dim, k, error))
    return NULL;
  centres = g_new (double, k * dim);
  labels = g_new (guint, n);
  rand = g_rand_new_with_seed (config->seed);
  if (!asd_kmeans (x, n, dim, k, config->kmeans_iterations, rand, centres,
          labels, NULL, cancellable, error))
    return NULL;
  start = from_clusters (x, n, dim, centres, labels, k, config->variance_floor);
  if (start == NULL) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "the training "
        "frames are so large that their squares overflow: scale them down");
    return NULL;
  }
  return asd_ubm_refine (start, x, n, config->iterations,
      config->variance_floor, progress, user_data, cancellable, error);
}

gsize
asd_ubm_get_dim (const AsdUbm * ubm)
{
  return ubm->dim;
}

gsize
asd_ubm_get_n_components (const AsdUbm * ubm)
{
  return ubm->n_components;
}

const double *
asd_ubm_get_weights (const AsdUbm * ubm)
{
  return ubm->weights;
}

const double *
asd_ubm_get_means (const AsdUbm * ubm)
{
  return ubm->means;
}

const double *
asd_ubm_get_variances (const AsdUbm * ubm)
{
  return ubm->variances;
}

void
asd_ubm_save (const AsdUbm * ubm, AsdModelWriter * writer)
{
  gsize shape[2] = { ubm->n_components, ubm->dim };

  asd_model_writer_add_f64 (writer, "ubm-weights", ubm->weights, 1, shape);
  asd_model_writer_add_f64 (writer, "ubm-means", ubm->means, 2, shape);
  asd_model_writer_add_f64 (writer, "ubm-variances", ubm->variances, 2, shape);
}

AsdUbm *
asd_ubm_load (AsdModelSection * section, GError ** error)
{
  const double *weights, *means, *variances;
  gsize shape[2] = { 0, 0 };
  GError *wrong = NULL;
  AsdUbm *ubm;

  means = asd_model_section_get_f64 (section, "ubm-means", 2, shape, error);
  if (means == NULL)
    return NULL;
  variances = asd_model_section_get_f64 (section, "ubm-variances", 2, shape,
      error);
  if (variances == NULL)
    return NULL;
  weights = asd_model_section_get_f64 (section, "ubm-weights", 1, shape, error);
  if (weights == NULL)
    return NULL;
  ubm = asd_ubm_new (weights, means, variances, shape[0], shape[1], &wrong);
  if (ubm == NULL) {
    asd_model_section_refuse (section, error, "%s", wrong->message);
    g_error_free (wrong);
  }
  return ubm;
}
