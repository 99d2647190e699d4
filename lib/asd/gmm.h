/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_GMM_H__
#define __ASD_GMM_H__

#include <asd/model.h>
#include <asd/progress.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * AsdGmm:
 *
 * Gaussian mixture model as a scorer: the score of a vector x is its negative
 * log-likelihood -ln sum_c w_c N (x; m_c, S_c). Fitted as scikit-learn's
 * GaussianMixture is: k-means, then expectation-maximisation until the mean
 * log-likelihood changes by less than the tolerance.
 *
 * An AsdGmm does not change once made and may be used by several threads.
 *
 * A. P. Dempster, N. M. Laird, D. B. Rubin: Maximum likelihood from incomplete
 * data via the EM algorithm. J. Royal Statistical Society B 39, 1977.
 */
typedef struct _AsdGmm AsdGmm;

/**
 * AsdGmmCovariance:
 * @ASD_GMM_FULL: a full covariance for each component. It needs many more
 *     vectors per component than there are dimensions.
 * @ASD_GMM_DIAGONAL: variances only
 * @ASD_GMM_SHRUNK: full, but each one drawn towards a multiple of the identity
 *     by as much as its vectors leave it uncertain (O. Ledoit, M. Wolf: A
 *     well-conditioned estimator for large-dimensional covariance matrices. J.
 *     Multivariate Analysis 88, 2004), vectors counting by their
 *     responsibility
 */
typedef enum
{
  ASD_GMM_FULL,
  ASD_GMM_DIAGONAL,
  ASD_GMM_SHRUNK,
} AsdGmmCovariance;

/**
 * asd_gmm_covariance_values:
 *
 * Returns: the covariances with a sentence (value_name) and the name used on
 * command lines (value_nick), ended by a row of zeros; ready for
 * g_enum_register_static(). Owned by the library.
 */
const GEnumValue *asd_gmm_covariance_values (void);

/**
 * AsdGmmConfig:
 * @components: number of Gaussians
 * @covariance: their kind
 * @regularisation: added to each variance
 * @tolerance: the iterations end when the mean log-likelihood changes by less
 * @max_iterations: or after so many
 * @restarts: fits from different starts, of which the likeliest is kept
 * @seed: of the starts; the same seed gives the same model
 */
typedef struct
{
  guint components;
  AsdGmmCovariance covariance;
  double regularisation;
  double tolerance;
  guint max_iterations;
  guint restarts;
  guint32 seed;
} AsdGmmConfig;

/* scikit-learn's defaults, and the components of the published system. */
#define ASD_GMM_CONFIG_INIT { 10, ASD_GMM_FULL, 1e-6, 1e-3, 100, 1, 0 }

/**
 * asd_gmm_config_check:
 *
 * Returns: NULL, or a text that says what is wrong
 */
const char *asd_gmm_config_check (const AsdGmmConfig * config);

/**
 * asd_gmm_fit:
 * @config: a valid configuration
 * @x: @n training vectors of @dim values, row-major
 * @labels: (nullable): the component from which each vector starts, instead of
 *     k-means; there are no restarts then
 * @progress: (nullable): told of each iteration
 *
 * A component that no vector belongs to in the end is left out. One that has
 * too few for its covariance stays; see asd_gmm_get_warning(). A dimension
 * that is constant has the variance @regularisation.
 *
 * Returns: (transfer full): the mixture, or NULL with ASD_ERROR_DATA (fewer
 *     vectors than components, a value that is not finite, a covariance that is
 *     singular in spite of the regularisation) or G_IO_ERROR_CANCELLED
 */
AsdGmm *asd_gmm_fit (const AsdGmmConfig * config, const double *x, gsize n,
    gsize dim, const guint * labels, AsdProgressFunc progress,
    gpointer user_data, GCancellable * cancellable, GError ** error);

/**
 * asd_gmm_new:
 * @weights: @n_components values above 0 that sum to 1
 * @means: @n_components x @dim values
 * @covariances: @n_components x @dim x @dim values, symmetric and positive
 *     definite; if @covariance is ASD_GMM_DIAGONAL @n_components x @dim
 *     variances
 *
 * Returns: (transfer full): the mixture, or NULL with ASD_ERROR_FORMAT
 */
AsdGmm *asd_gmm_new (AsdGmmCovariance covariance, const double *weights,
    const double *means, const double *covariances, gsize n_components,
    gsize dim, GError ** error);

AsdGmm *asd_gmm_ref (AsdGmm * gmm);
void asd_gmm_unref (AsdGmm * gmm);

/**
 * asd_gmm_score:
 * @x: one vector of asd_gmm_get_dim() values
 *
 * Returns: its negative log-likelihood; NaN or infinite where @x is not finite.
 *     A density may exceed 1, so the score may be negative.
 */
double asd_gmm_score (const AsdGmm * gmm, const double *x);

/**
 * asd_gmm_get_parts:
 * @x: as above
 * @parts: (out) (array length=dim): z_i (S^-1 z)_i / 2 of each value, z = x - m
 *     with mean and covariance of the component that @x most likely belongs to:
 *     what it adds to the negative log-likelihood there. Some may be below 0.
 */
void asd_gmm_get_parts (const AsdGmm * gmm, const double *x, double *parts);

gsize asd_gmm_get_dim (const AsdGmm * gmm);
gsize asd_gmm_get_n_components (const AsdGmm * gmm);
AsdGmmCovariance asd_gmm_get_covariance (const AsdGmm * gmm);

/**
 * asd_gmm_get_weights:
 *
 * Returns: (transfer none): as asd_gmm_new() takes them
 */
const double *asd_gmm_get_weights (const AsdGmm * gmm);
const double *asd_gmm_get_means (const AsdGmm * gmm);
const double *asd_gmm_get_covariances (const AsdGmm * gmm);

/**
 * asd_gmm_get_warning:
 *
 * Returns: (nullable): a sentence that says why a fitted mixture may not be
 *     good and what to do about it: components left out or with too few vectors
 *     (full: not more than dimensions; else: fewer than two), no convergence;
 *     NULL if there is nothing to say
 */
const char *asd_gmm_get_warning (const AsdGmm * gmm);

/**
 * asd_gmm_save:
 * @writer: a writer whose current stage takes the mixture: the f64 tensors
 *     "weights" (components), "means" (components x dim) and "covariances"
 *     (components x dim x dim, or components x dim), and the string
 *     "covariance"
 */
void asd_gmm_save (const AsdGmm * gmm, AsdModelWriter * writer);

/**
 * asd_gmm_load:
 * @section: what asd_gmm_save() wrote
 *
 * Returns: (transfer full): the mixture, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdGmm *asd_gmm_load (AsdModelSection * section, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdGmm, asd_gmm_unref)

G_END_DECLS

#endif /* __ASD_GMM_H__ */
