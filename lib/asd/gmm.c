/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gmm-private.h"

#include "covariance.h"
#include "error.h"
#include "linalg.h"

static const GEnumValue covariance_values[] = {
  {ASD_GMM_FULL, "A full covariance for each component", "full"},
  {ASD_GMM_DIAGONAL, "Variances only", "diagonal"},
  {ASD_GMM_SHRUNK, "Full, with Ledoit-Wolf shrinkage", "shrunk"},
  {0, NULL, NULL}
};

const GEnumValue *
asd_gmm_covariance_values (void)
{
  return covariance_values;
}

const char *
asd_gmm_config_check (const AsdGmmConfig * config)
{
  if (config->components == 0)
    return "components must be at least 1";
  if ((guint) config->covariance > ASD_GMM_SHRUNK)
    return "no such covariance: choose full, diagonal or shrunk";
  if (!(config->regularisation >= 0 && isfinite (config->regularisation)))
    return "regularisation must be 0 or more";
  if (!(config->tolerance >= 0))
    return "tolerance must be 0 or more";
  if (config->max_iterations == 0)
    return "max-iterations must be at least 1";
  if (config->restarts == 0)
    return "restarts must be at least 1";
  return NULL;
}

AsdGmm *
asd_gmm_alloc (AsdGmmCovariance covariance, gsize n_components, gsize dim)
{
  AsdGmm *gmm = g_new0 (AsdGmm, 1);

  g_atomic_ref_count_init (&gmm->refs);
  gmm->covariance = covariance;
  gmm->n_components = n_components;
  gmm->dim = dim;
  gmm->size = covariance == ASD_GMM_DIAGONAL ? dim : dim * dim;
  gmm->weights = g_new0 (double, n_components);
  gmm->means = g_new0 (double, n_components * dim);
  gmm->covariances = g_new0 (double, n_components * gmm->size);
  gmm->factors = g_new0 (double, n_components * gmm->size);
  gmm->offsets = g_new0 (double, n_components);
  return gmm;
}

AsdGmm *
asd_gmm_ref (AsdGmm * gmm)
{
  g_atomic_ref_count_inc (&gmm->refs);
  return gmm;
}

void
asd_gmm_unref (AsdGmm * gmm)
{
  if (!g_atomic_ref_count_dec (&gmm->refs))
    return;
  g_free (gmm->weights);
  g_free (gmm->means);
  g_free (gmm->covariances);
  g_free (gmm->factors);
  g_free (gmm->offsets);
  g_free (gmm->warning);
  g_free (gmm);
}

static gboolean
prepare_diagonal (const double *variances, gsize dim, double *factor,
    double *log_det)
{
  *log_det = 0;
  for (gsize i = 0; i < dim; i++) {
    if (!(variances[i] > 0))
      return FALSE;
    factor[i] = 1 / sqrt (variances[i]);
    *log_det += log (variances[i]);
  }
  return TRUE;
}

gssize
asd_gmm_prepare (AsdGmm * gmm)
{
  for (gsize c = 0; c < gmm->n_components; c++) {
    const double *covariance = gmm->covariances + c * gmm->size;
    double *factor = gmm->factors + c * gmm->size, log_det;
    gboolean ok = gmm->covariance == ASD_GMM_DIAGONAL ?
        prepare_diagonal (covariance, gmm->dim, factor, &log_det) :
        asd_covariance_factor (covariance, gmm->dim, factor, &log_det);

    if (!ok || !isfinite (log_det))
      return c;
    gmm->offsets[c] = log (gmm->weights[c]) -
        0.5 * (log_det + gmm->dim * log (2 * G_PI));
  }
  return -1;
}

AsdGmm *
asd_gmm_new (AsdGmmCovariance covariance, const double *weights,
    const double *means, const double *covariances, gsize n_components,
    gsize dim, GError ** error)
{
  AsdGmm *gmm = asd_gmm_alloc (covariance, n_components, dim);
  const gsize n = n_components * dim;
  gboolean valid = n > 0 && asd_weights_valid (weights, n_components)
      && asd_all_finite (means, n)
      && asd_all_finite (covariances, n_components * gmm->size);

  for (gsize c = 0; valid && c < n_components
      && covariance != ASD_GMM_DIAGONAL; c++)
    valid = asd_covariance_symmetric (covariances + c * gmm->size, dim);
  if (valid) {
    memcpy (gmm->weights, weights, n_components * sizeof *weights);
    memcpy (gmm->means, means, n * sizeof *means);
    memcpy (gmm->covariances, covariances,
        n_components * gmm->size * sizeof *covariances);
    valid = asd_gmm_prepare (gmm) < 0;
  }
  if (!valid) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "the mixture needs "
        "at least one component, weights above 0 that sum to 1, finite means, "
        "and covariances that are symmetric and positive definite: train the "
        "model again");
    g_clear_pointer (&gmm, asd_gmm_unref);
  }
  return gmm;
}

static double
diagonal_distance (const double *x, const double *mean, const double *factor,
    gsize dim)
{
  double sum = 0;

  for (gsize i = 0; i < dim; i++) {
    double d = (x[i] - mean[i]) * factor[i];

    sum += d * d;
  }
  return sum;
}

/* ln (w_c p_c (x)) */
static double
component_log_density (const AsdGmm * gmm, gsize c, const double *x)
{
  const double *mean = gmm->means + c * gmm->dim;
  const double *factor = gmm->factors + c * gmm->size;

  return gmm->offsets[c] - 0.5 * (gmm->covariance == ASD_GMM_DIAGONAL ?
      diagonal_distance (x, mean, factor, gmm->dim) :
      asd_covariance_distance (x, mean, factor, gmm->dim));
}

double
asd_gmm_score (const AsdGmm * gmm, const double *x)
{
  double maximum = -INFINITY, sum = 0;

  for (gsize c = 0; c < gmm->n_components; c++) {
    double d = component_log_density (gmm, c, x);

    if (isnan (d))
      return NAN;
    if (d > maximum) {
      sum = sum * exp (maximum - d) + 1;
      maximum = d;
    } else if (d > -INFINITY) {
      sum += exp (d - maximum);
    }
  }
  return -(maximum + log (sum));
}

void
asd_gmm_get_parts (const AsdGmm * gmm, const double *x, double *parts)
{
  double best_density = -INFINITY;
  const double *mean, *factor;
  gsize best = 0;

  for (gsize c = 0; c < gmm->n_components; c++) {
    double d = component_log_density (gmm, c, x);

    if (d > best_density) {
      best_density = d;
      best = c;
    }
  }
  mean = gmm->means + best * gmm->dim;
  factor = gmm->factors + best * gmm->size;
  if (gmm->covariance != ASD_GMM_DIAGONAL)
    asd_covariance_distance_parts (x, mean, factor, gmm->dim, parts);
  else
    for (gsize i = 0; i < gmm->dim; i++)
      parts[i] = pow ((x[i] - mean[i]) * factor[i], 2);
  for (gsize i = 0; i < gmm->dim; i++)
    parts[i] /= 2;
}

gsize
asd_gmm_get_dim (const AsdGmm * gmm)
{
  return gmm->dim;
}

gsize
asd_gmm_get_n_components (const AsdGmm * gmm)
{
  return gmm->n_components;
}

AsdGmmCovariance
asd_gmm_get_covariance (const AsdGmm * gmm)
{
  return gmm->covariance;
}

const double *
asd_gmm_get_weights (const AsdGmm * gmm)
{
  return gmm->weights;
}

const double *
asd_gmm_get_means (const AsdGmm * gmm)
{
  return gmm->means;
}

const double *
asd_gmm_get_covariances (const AsdGmm * gmm)
{
  return gmm->covariances;
}

const char *
asd_gmm_get_warning (const AsdGmm * gmm)
{
  return gmm->warning;
}

void
asd_gmm_save (const AsdGmm * gmm, AsdModelWriter * writer)
{
  gsize shape[3] = { gmm->n_components, gmm->dim, gmm->dim };
  gsize n_dims = gmm->covariance == ASD_GMM_DIAGONAL ? 2 : 3;

  asd_model_writer_set_string (writer, "covariance",
      covariance_values[gmm->covariance].value_nick);
  asd_model_writer_add_f64 (writer, "weights", gmm->weights, 1, shape);
  asd_model_writer_add_f64 (writer, "means", gmm->means, 2, shape);
  asd_model_writer_add_f64 (writer, "covariances", gmm->covariances, n_dims,
      shape);
}

AsdGmm *
asd_gmm_load (AsdModelSection * section, GError ** error)
{
  const char *name = asd_model_section_get_string (section, "covariance");
  const double *weights, *means, *covariances;
  gsize shape[3] = { 0, 0, 0 };
  guint covariance = 0;
  GError *wrong = NULL;
  AsdGmm *gmm;

  while (covariance <= ASD_GMM_SHRUNK
      && g_strcmp0 (name, covariance_values[covariance].value_nick) != 0)
    covariance++;
  if (covariance > ASD_GMM_SHRUNK) {
    asd_model_section_refuse (section, error, "its covariance is %s, not full, "
        "diagonal or shrunk", name != NULL ? name : "not told");
    return NULL;
  }
  means = asd_model_section_get_f64 (section, "means", 2, shape, error);
  if (means == NULL)
    return NULL;
  weights = asd_model_section_get_f64 (section, "weights", 1, shape, error);
  if (weights == NULL)
    return NULL;
  shape[2] = shape[1];
  covariances = asd_model_section_get_f64 (section, "covariances",
      covariance == ASD_GMM_DIAGONAL ? 2 : 3, shape, error);
  if (covariances == NULL)
    return NULL;
  gmm = asd_gmm_new (covariance, weights, means, covariances, shape[0],
      shape[1], &wrong);
  if (gmm == NULL) {
    asd_model_section_refuse (section, error, "%s", wrong->message);
    g_error_free (wrong);
  }
  return gmm;
}
