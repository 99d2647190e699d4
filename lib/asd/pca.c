/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "pca.h"

#include <float.h>

#include "error.h"
#include "linalg.h"

struct _AsdPca
{
  gsize dim, n_components;
  gboolean whiten;
  double *mean;                 /* dim */
  double *components;           /* n_components x dim */
  double *variances;            /* n_components */

  /* of process() */
  double *scales;               /* n_components */
  double *centred;              /* dim */
  double *projected;            /* n_components */
};

const char *
asd_pca_config_check (const AsdPcaConfig * config)
{
  if (!(config->variance > 0 && config->variance <= 1))
    return "variance must be above 0 and at most 1";
  return NULL;
}

static AsdPca *
pca_alloc (gsize n_components, gsize dim, gboolean whiten)
{
  AsdPca *pca = g_new0 (AsdPca, 1);

  pca->dim = dim;
  pca->n_components = n_components;
  pca->whiten = whiten;
  pca->mean = g_new0 (double, dim);
  pca->components = g_new0 (double, n_components * dim);
  pca->variances = g_new0 (double, n_components);
  pca->scales = g_new0 (double, n_components);
  pca->centred = g_new0 (double, dim);
  pca->projected = g_new0 (double, n_components);
  return pca;
}

void
asd_pca_free (AsdPca * pca)
{
  g_free (pca->mean);
  g_free (pca->components);
  g_free (pca->variances);
  g_free (pca->scales);
  g_free (pca->centred);
  g_free (pca->projected);
  g_free (pca);
}

static void
prepare (AsdPca * pca)
{
  for (gsize i = 0; i < pca->n_components; i++)
    pca->scales[i] = pca->whiten ? 1 / sqrt (pca->variances[i]) : 1;
}

AsdPca *
asd_pca_new (const double *mean, const double *components,
    const double *variances, gsize n_components, gsize dim, gboolean whiten,
    GError ** error)
{
  gboolean valid = n_components > 0 && dim > 0 && asd_all_finite (mean, dim)
      && asd_all_finite (components, n_components * dim)
      && asd_all_finite (variances, n_components);
  AsdPca *pca;

  for (gsize i = 0; valid && i < n_components; i++)
    valid = variances[i] > 0;
  if (!valid) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_FORMAT, "principal "
        "components need at least one component, finite values, and variances "
        "above 0: train the model again");
    return NULL;
  }
  pca = pca_alloc (n_components, dim, whiten);
  memcpy (pca->mean, mean, dim * sizeof *mean);
  memcpy (pca->components, components, n_components * dim * sizeof *components);
  memcpy (pca->variances, variances, n_components * sizeof *variances);
  prepare (pca);
  return pca;
}

/* Subtracts the mean, by a recurrence that leaves a constant at just 0. */
static void
centre (double *x, gsize n, gsize dim, double *mean)
{
  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < dim; j++)
      mean[j] += (x[i * dim + j] - mean[j]) / (i + 1);
  }
  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < dim; j++)
      x[i * dim + j] -= mean[j];
  }
}

/* How many of the @n ascending eigenvalues are components; 0 with an error. */
static gsize
count_components (const AsdPcaConfig * config, const double *values, gsize n,
    double relative_rounding, GError ** error)
{
  const double cut = values[n - 1] * relative_rounding;
  double total = 0, sum = 0;
  gsize rank = 0, kept = 0;

  while (rank < n && values[n - 1 - rank] > cut)
    total += values[n - 1 - rank++];
  if (rank == 0)
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "All training "
        "frames are the same and have no components: check the recordings");
  else if (config->components > rank)
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "The training frames vary "
        "in %" G_GSIZE_FORMAT " directions, fewer than the %u components "
        "wanted: set components lower, or train on more clips", rank,
        config->components);
  else if (config->components > 0)
    kept = config->components;
  else
    while (kept < rank && sum < config->variance * total)
      sum += values[n - 1 - kept++];
  return kept;
}

/* A direction has two signs: the largest coefficient shall be positive. */
static void
fix_sign (double *component, gsize dim)
{
  gsize largest = cblas_idamax (dim, component, 1);

  if (component[largest] < 0)
    cblas_dscal (dim, -1, component, 1);
}

/* Takes components from eigenvectors of X'X, or of XX', in rows. */
static void
take_components (AsdPca * pca, const double *vectors, const double *values,
    gsize size, const double *x, gsize n)
{
  const gsize dim = pca->dim;

  for (gsize i = 0; i < pca->n_components; i++) {
    const double *vector = vectors + (size - 1 - i) * size;
    double *component = pca->components + i * dim;

    pca->variances[i] = values[size - 1 - i] / (n - 1);
    if (size == dim)
      memcpy (component, vector, dim * sizeof *component);
    else
      cblas_dgemv (CblasRowMajor, CblasTrans, n, dim, 1, x, dim, vector, 1, 0,
          component, 1);
    cblas_dscal (dim, 1 / cblas_dnrm2 (dim, component, 1), component, 1);
    fix_sign (component, dim);
  }
}

AsdPca *
asd_pca_fit (const AsdPcaConfig * config, double *x, gsize n, gsize dim,
    GCancellable * cancellable, GError ** error)
{
  const gsize size = n < dim ? n : dim;
  g_autofree double *mean = g_new0 (double, dim);
  g_autofree double *products = g_new (double, size * size);
  g_autofree double *values = g_new (double, size);
  AsdPca *pca = NULL;
  gsize kept;

  if (n < 2) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "too few frames (%"
        G_GSIZE_FORMAT ") for principal components: train on at least two", n);
    return NULL;
  }
  centre (x, n, dim, mean);
  if (size == dim)
    cblas_dsyrk (CblasRowMajor, CblasLower, CblasTrans, dim, n, 1, x, dim, 0,
        products, dim);
  else
    cblas_dsyrk (CblasRowMajor, CblasLower, CblasNoTrans, n, dim, 1, x, dim, 0,
        products, n);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (!asd_eigen_symmetric (products, size, values)
      || !asd_all_finite (values, size)) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "The covariance of "
        "the training frames has no eigenvectors: check the level of the "
        "input");
    return NULL;
  }
  kept = count_components (config, values, size, MAX (n, dim) * DBL_EPSILON,
      error);
  if (kept > 0) {
    pca = pca_alloc (kept, dim, config->whiten);
    memcpy (pca->mean, mean, dim * sizeof *mean);
    take_components (pca, products, values, size, x, n);
    prepare (pca);
  }
  return pca;
}

void
asd_pca_process (AsdPca * pca, const float *frames, gsize n, float *out)
{
  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < pca->dim; j++)
      pca->centred[j] = *frames++ - pca->mean[j];
    cblas_dgemv (CblasRowMajor, CblasNoTrans, pca->n_components, pca->dim, 1,
        pca->components, pca->dim, pca->centred, 1, 0, pca->projected, 1);
    for (gsize k = 0; k < pca->n_components; k++)
      *out++ = pca->projected[k] * pca->scales[k];
  }
}

gsize
asd_pca_get_dim (const AsdPca * pca)
{
  return pca->dim;
}

gsize
asd_pca_get_n_components (const AsdPca * pca)
{
  return pca->n_components;
}

const double *
asd_pca_get_components (const AsdPca * pca)
{
  return pca->components;
}

const double *
asd_pca_get_variances (const AsdPca * pca)
{
  return pca->variances;
}

void
asd_pca_save (const AsdPca * pca, AsdModelWriter * writer)
{
  const gsize shape[2] = { pca->n_components, pca->dim };

  asd_model_writer_set_int64 (writer, "whiten", pca->whiten);
  asd_model_writer_add_f64 (writer, "mean", pca->mean, 1, shape + 1);
  asd_model_writer_add_f64 (writer, "components", pca->components, 2, shape);
  asd_model_writer_add_f64 (writer, "variances", pca->variances, 1, shape);
}

AsdPca *
asd_pca_load (AsdModelSection * section, GError ** error)
{
  const double *mean, *components, *variances;
  gsize shape[2] = { 0, 0 };
  GError *wrong = NULL;
  gint64 whiten;
  AsdPca *pca;

  components = asd_model_section_get_f64 (section, "components", 2, shape,
      error);
  if (components == NULL)
    return NULL;
  mean = asd_model_section_get_f64 (section, "mean", 1, shape + 1, error);
  if (mean == NULL)
    return NULL;
  variances = asd_model_section_get_f64 (section, "variances", 1, shape, error);
  if (variances == NULL || !asd_model_section_get_int64 (section, "whiten",
          &whiten, error))
    return NULL;
  if (whiten != 0 && whiten != 1) {
    asd_model_section_refuse (section, error, "its whiten is %" G_GINT64_FORMAT
        ", not 0 or 1", whiten);
    return NULL;
  }
  pca = asd_pca_new (mean, components, variances, shape[0], shape[1], whiten,
      &wrong);
  if (pca == NULL) {
    asd_model_section_refuse (section, error, "%s", wrong->message);
    g_error_free (wrong);
  }
  return pca;
}
