/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gmm-private.h"

#include <float.h>

#include "covariance.h"
#include "error.h"
#include "kmeans.h"
#include "linalg.h"
#include "posteriors.h"

/* Vectors that are worked on while they are in the cache. */
#define BLOCK 256

#define KMEANS_ITERATIONS 100

/* What the reference adds to the responsibilities of each component. */
#define MIN_COUNT (10 * DBL_EPSILON)

/* Responsibilities below add less to a covariance than its rounding: even a
 * component without vectors is divided by MIN_COUNT. */
#define MIN_RESPONSIBILITY 1e-24

/* Vectors below which a component is taken for empty. */
#define EMPTY 1e-6

typedef struct
{
  const AsdGmmConfig *config;
  const double *x;
  gsize n, dim, k;
  double *responsibilities;     /* k x n */
  double *log_sums, *scratch;   /* n */
  double *counts;               /* k */
  double *block;                /* BLOCK x dim */
} Fit;

/* One block of vectors, minus the mean of a component, times L^-1'. */
static void
block_densities (Fit * fit, const AsdGmm * gmm, gsize c, gsize begin,
    gsize rows)
{
  const gsize dim = fit->dim;
  const double *mean = gmm->means + c * dim;
  const double *factor = gmm->factors + c * gmm->size;
  double *out = fit->responsibilities + c * fit->n + begin;

  for (gsize i = 0; i < rows; i++) {
    const double *x = fit->x + (begin + i) * dim;
    double *d = fit->block + i * dim;

    for (gsize j = 0; j < dim; j++)
      d[j] = x[j] - mean[j];
    for (gsize j = 0; gmm->covariance == ASD_GMM_DIAGONAL && j < dim; j++)
      d[j] *= factor[j];
  }
  if (gmm->covariance != ASD_GMM_DIAGONAL)
    cblas_dtrmm (CblasRowMajor, CblasRight, CblasLower, CblasTrans,
        CblasNonUnit, rows, dim, 1, factor, dim, fit->block, dim);
  for (gsize i = 0; i < rows; i++) {
    const double *d = fit->block + i * dim;
    double sum = 0;

    for (gsize j = 0; j < dim; j++)
      sum += d[j] * d[j];
    out[i] = gmm->offsets[c] - 0.5 * sum;
  }
}

/* Expectation. Returns the mean log-likelihood. */
static double
expect (Fit * fit, const AsdGmm * gmm)
{
  double sum = 0;

  for (gsize c = 0; c < fit->k; c++) {
    for (gsize begin = 0; begin < fit->n; begin += BLOCK)
      block_densities (fit, gmm, c, begin, MIN (BLOCK, fit->n - begin));
  }
  asd_posteriors (fit->responsibilities, fit->k, fit->n, fit->n, fit->log_sums,
      fit->scratch);
  for (gsize i = 0; i < fit->n; i++)
    sum += fit->log_sums[i];
  return sum / fit->n;
}

/* Adds all vectors to the lower triangle of a covariance, each
 * minus the mean and times the root of its responsibility. */
static void
add_products (Fit * fit, const AsdGmm * gmm, gsize c, double *covariance,
    double *fourths)
{
  const gsize dim = fit->dim;
  const double *r = fit->responsibilities + c * fit->n;
  const double *mean = gmm->means + c * dim;
  gsize rows = 0;

  for (gsize i = 0; i < fit->n; i++) {
    double root, norm = 0, *d = fit->block + rows * dim;

    if (r[i] > MIN_RESPONSIBILITY) {
      root = sqrt (r[i]);
      for (gsize j = 0; j < dim; j++) {
        d[j] = root * (fit->x[i * dim + j] - mean[j]);
        norm += d[j] * d[j];
      }
      *fourths += norm * norm;
      rows++;
    }
    if (rows == BLOCK || (i + 1 == fit->n && rows > 0)) {
      cblas_dsyrk (CblasRowMajor, CblasLower, CblasTrans, dim, rows, 1,
          fit->block, dim, 1, covariance, dim);
      rows = 0;
    }
  }
}

static void
estimate_full (Fit * fit, AsdGmm * gmm, gsize c)
{
  const gsize dim = fit->dim;
  const double *r = fit->responsibilities + c * fit->n, count = fit->counts[c];
  double *covariance = gmm->covariances + c * gmm->size;
  double squares = 0, fourths = 0;

  memset (covariance, 0, gmm->size * sizeof *covariance);
  add_products (fit, gmm, c, covariance, &fourths);
  for (gsize i = 0; i < dim; i++) {
    for (gsize j = 0; j <= i; j++) {
      covariance[i * dim + j] /= count;
      covariance[j * dim + i] = covariance[i * dim + j];
    }
  }
  if (gmm->covariance == ASD_GMM_SHRUNK) {
    for (gsize i = 0; i < fit->n; i++)
      squares += r[i] * r[i];
    asd_covariance_shrink (covariance, dim, squares / (count * count),
        fourths / (count * count));
  }
  for (gsize i = 0; i < dim; i++)
    covariance[i * dim + i] += fit->config->regularisation;
}

static void
estimate_diagonal (Fit * fit, AsdGmm * gmm, gsize c)
{
  const gsize dim = fit->dim;
  const double *r = fit->responsibilities + c * fit->n;
  const double *mean = gmm->means + c * dim;
  double *variances = gmm->covariances + c * dim;

  memset (variances, 0, dim * sizeof *variances);
  for (gsize i = 0; i < fit->n; i++) {
    const double *x = fit->x + i * dim;

    if (r[i] <= MIN_RESPONSIBILITY)
      continue;
    for (gsize j = 0; j < dim; j++)
      variances[j] += r[i] * (x[j] - mean[j]) * (x[j] - mean[j]);
  }
  for (gsize j = 0; j < dim; j++)
    variances[j] = variances[j] / fit->counts[c] + fit->config->regularisation;
}

/* Maximisation. FALSE with a mixture that cannot go on. */
static gboolean
maximise (Fit * fit, AsdGmm * gmm, GError ** error)
{
  double total = 0;
  gssize bad;

  for (gsize c = 0; c < fit->k; c++) {
    const double *r = fit->responsibilities + c * fit->n;

    fit->counts[c] = 0;
    for (gsize i = 0; i < fit->n; i++)
      fit->counts[c] += r[i];
    fit->counts[c] += MIN_COUNT;
    total += fit->counts[c];
  }
  cblas_dgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, fit->k, fit->dim,
      fit->n, 1, fit->responsibilities, fit->n, fit->x, fit->dim, 0,
      gmm->means, fit->dim);
  for (gsize c = 0; c < fit->k; c++) {
    gmm->weights[c] = fit->counts[c] / total;
    for (gsize j = 0; j < fit->dim; j++)
      gmm->means[c * fit->dim + j] /= fit->counts[c];
    if (gmm->covariance == ASD_GMM_DIAGONAL)
      estimate_diagonal (fit, gmm, c);
    else
      estimate_full (fit, gmm, c);
  }
  if (!asd_all_finite (gmm->covariances, fit->k * gmm->size)) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "the training "
        "vectors are so large that their squares overflow: scale them down");
    return FALSE;
  }
  bad = asd_gmm_prepare (gmm);
  if (bad >= 0)
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "the covariance of component " "%" G_GSSIZE_FORMAT " of %"
        G_GSIZE_FORMAT ", which has %.4g of %" G_GSIZE_FORMAT
        " vectors, is singular: use a regularisation above %g, "
        "fewer components, or a shrunk or diagonal covariance", bad + 1, fit->k,
        fit->counts[bad], fit->n, fit->config->regularisation);
  return bad < 0;
}

/* Leaves out components without vectors. */
static gsize
drop_empty (Fit * fit, AsdGmm * gmm)
{
  const gsize dim = fit->dim, size = gmm->size;
  gsize kept = 0, dropped;
  double sum = 0;

  for (gsize c = 0; c < fit->k; c++) {
    if (fit->counts[c] < EMPTY)
      continue;
    fit->counts[kept] = fit->counts[c];
    gmm->weights[kept] = gmm->weights[c];
    memmove (gmm->means + kept * dim, gmm->means + c * dim,
        dim * sizeof *gmm->means);
    memmove (gmm->covariances + kept * size, gmm->covariances + c * size,
        size * sizeof *gmm->covariances);
    sum += gmm->weights[kept++];
  }
  dropped = fit->k - kept;
  gmm->n_components = kept;
  for (gsize c = 0; dropped > 0 && c < kept; c++)
    gmm->weights[c] /= sum;
  /* All of these were prepared before. */
  if (dropped > 0)
    asd_gmm_prepare (gmm);
  return dropped;
}

static void
finish (Fit * fit, AsdGmm * gmm, gboolean converged)
{
  const gsize dropped = drop_empty (fit, gmm);
  const double needed = gmm->covariance == ASD_GMM_FULL ? fit->dim + 1 : 2;
  gsize poor = 0;

  for (gsize c = 0; c < gmm->n_components; c++)
    poor += fit->counts[c] < needed - 1e-6;
  if (dropped > 0)
    gmm->warning = g_strdup_printf ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
        " components have no vectors and are left out, as too few of the %"
        G_GSIZE_FORMAT " training vectors differ: use fewer components or more "
        "clips", dropped, fit->k, fit->n);
  else if (poor > 0)
    gmm->warning = g_strdup_printf ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
        " components have fewer than the %g vectors that their covariance "
        "needs, and know hardly more than those: use fewer components, more "
        "clips%s", poor, fit->k, needed,
        gmm->covariance == ASD_GMM_FULL ?
        ", or a shrunk or diagonal covariance" : "");
  else if (!converged)
    gmm->warning = g_strdup_printf ("the mixture still changes after %u "
        "iterations: use more of them or a larger tolerance",
        fit->config->max_iterations);
}

/* From responsibilities to a mixture. */
static AsdGmm *
run (Fit * fit, double *log_likelihood, AsdProgressFunc progress,
    gpointer user_data, GCancellable * cancellable, GError ** error)
{
  AsdGmm *gmm = asd_gmm_alloc (fit->config->covariance, fit->k, fit->dim);
  gboolean converged = FALSE;

  *log_likelihood = -INFINITY;
  if (!maximise (fit, gmm, error))
    goto failed;
  for (guint i = 0; i < fit->config->max_iterations && !converged; i++) {
    double previous = *log_likelihood;

    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      goto failed;
    *log_likelihood = expect (fit, gmm);
    if (!maximise (fit, gmm, error))
      goto failed;
    converged = fabs (*log_likelihood - previous) < fit->config->tolerance;
    if (progress != NULL)
      progress ("GMM", i + 1, fit->config->max_iterations, *log_likelihood,
          user_data);
  }
  finish (fit, gmm, converged);
  return gmm;

failed:
  asd_gmm_unref (gmm);
  return NULL;
}

static gboolean
start (Fit * fit, const guint *labels, GRand * rand,
    GCancellable * cancellable, GError ** error)
{
  g_autofree guint *own = NULL;

  if (labels == NULL) {
    g_autofree double *centres = g_new (double, fit->k * fit->dim);

    own = g_new (guint, fit->n);
    if (!asd_kmeans (fit->x, fit->n, fit->dim, fit->k, KMEANS_ITERATIONS, rand,
            centres, own, NULL, cancellable, error))
      return FALSE;
    labels = own;
  }
  memset (fit->responsibilities, 0,
      fit->k * fit->n * sizeof *fit->responsibilities);
  for (gsize i = 0; i < fit->n; i++) {
    if (labels[i] >= fit->k) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "vector %" G_GSIZE_FORMAT
          " starts from component %u, but there are %" G_GSIZE_FORMAT
          ": number them from 0", i + 1, labels[i], fit->k);
      return FALSE;
    }
    fit->responsibilities[labels[i] * fit->n + i] = 1;
  }
  return TRUE;
}

AsdGmm *
asd_gmm_fit (const AsdGmmConfig * config, const double *x, gsize n, gsize dim,
    const guint *labels, AsdProgressFunc progress, gpointer user_data,
    GCancellable * cancellable, GError ** error)
{
  Fit fit = { config, x, n, dim, config->components };
  guint restarts = labels != NULL ? 1 : config->restarts;
  AsdGmm *best = NULL;
  double best_likelihood = -INFINITY;
  GRand *rand;

  if (!asd_check_vectors (x, n, dim, fit.k, error))
    return NULL;
  rand = g_rand_new_with_seed (config->seed);
  fit.responsibilities = g_new (double, fit.k * n);
  fit.log_sums = g_new (double, n);
  fit.scratch = g_new (double, n);
  fit.counts = g_new (double, fit.k);
  fit.block = g_new (double, BLOCK * dim);

  for (guint i = 0; i < restarts; i++) {
    AsdGmm *gmm = NULL;
    double likelihood;

    if (start (&fit, labels, rand, cancellable, error))
      gmm = run (&fit, &likelihood, progress, user_data, cancellable, error);
    if (gmm == NULL) {
      g_clear_pointer (&best, asd_gmm_unref);
      break;
    }
    if (best == NULL || likelihood > best_likelihood) {
      g_clear_pointer (&best, asd_gmm_unref);
      best = g_steal_pointer (&gmm);
      best_likelihood = likelihood;
    }
    g_clear_pointer (&gmm, asd_gmm_unref);
  }
  g_free (fit.responsibilities);
  g_free (fit.log_sums);
  g_free (fit.scratch);
  g_free (fit.counts);
  g_free (fit.block);
  g_rand_free (rand);
  return best;
}
