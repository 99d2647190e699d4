/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_PCA_H__
#define __ASD_PCA_H__

#include <asd/model.h>

G_BEGIN_DECLS

/**
 * AsdPca:
 *
 * Principal components: y = W (x - mean), where the rows of W are the
 * directions of largest variance, each of length 1; whitened, they are divided
 * by the standard deviation along them. A direction's largest coefficient is
 * positive, so that it has one sign everywhere.
 *
 * One thread at a time.
 *
 * I. T. Jolliffe: Principal component analysis. Springer, 2002.
 */
typedef struct _AsdPca AsdPca;

/**
 * AsdPcaConfig:
 * @variance: part of the variance to keep, above 0, at most 1
 * @components: number of components to keep; 0: as many as @variance needs
 * @whiten: whether each component gets a variance of 1
 */
typedef struct
{
  double variance;
  guint components;
  gboolean whiten;
} AsdPcaConfig;

#define ASD_PCA_CONFIG_INIT { 0.9, 0, FALSE }

/**
 * asd_pca_config_check:
 *
 * Returns: NULL, or a text that says what is wrong
 */
const char *asd_pca_config_check (const AsdPcaConfig * config);

/**
 * asd_pca_fit:
 * @config: a valid configuration
 * @x: @n vectors of @dim finite values, row-major; overwritten
 *
 * The eigenvectors of the covariance, or of the Gram matrix where there are
 * fewer vectors than dimensions: memory and time go with the square and the
 * cube of the smaller one. Directions whose variance is only the rounding of
 * others are never kept, so that whitening does not blow it up.
 *
 * Returns: (transfer full): the components, or NULL with ASD_ERROR_DATA (fewer
 *     than two vectors, vectors that are all the same, or fewer directions than
 *     components wanted) or G_IO_ERROR_CANCELLED
 */
AsdPca *asd_pca_fit (const AsdPcaConfig * config, double *x, gsize n,
    gsize dim, GCancellable * cancellable, GError ** error);

/**
 * asd_pca_new:
 * @mean: @dim values
 * @components: W, @n_components x @dim values
 * @variances: @n_components values above 0
 *
 * Returns: (transfer full): the components, or NULL with ASD_ERROR_FORMAT
 */
AsdPca *asd_pca_new (const double *mean, const double *components,
    const double *variances, gsize n_components, gsize dim, gboolean whiten,
    GError ** error);
void asd_pca_free (AsdPca * pca);

/**
 * asd_pca_process:
 * @frames: @n frames of dim finite values, row-major
 * @out: (out): @n times n_components values. Infinite where a float cannot hold
 *     it.
 *
 * Allocates nothing.
 */
void asd_pca_process (AsdPca * pca, const float *frames, gsize n, float *out);

/**
 * asd_pca_get_dim:
 *
 * Returns: values of a frame
 */
gsize asd_pca_get_dim (const AsdPca * pca);
gsize asd_pca_get_n_components (const AsdPca * pca);

/**
 * asd_pca_get_components:
 *
 * Returns: (transfer none): as asd_pca_new() takes them
 */
const double *asd_pca_get_components (const AsdPca * pca);

/**
 * asd_pca_get_variances:
 *
 * Returns: (transfer none): the sample variance (divided by n - 1) along each
 *     component, largest first
 */
const double *asd_pca_get_variances (const AsdPca * pca);

/**
 * asd_pca_save:
 * @writer: a writer whose current stage takes the f64 tensors "mean" (dim),
 *     "components" (components x dim) and "variances" (components), and the
 *     number "whiten", 0 or 1
 */
void asd_pca_save (const AsdPca * pca, AsdModelWriter * writer);

/**
 * asd_pca_load:
 * @section: what asd_pca_save() wrote
 *
 * Returns: (transfer full): the components, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdPca *asd_pca_load (AsdModelSection * section, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdPca, asd_pca_free)

G_END_DECLS

#endif /* __ASD_PCA_H__ */
