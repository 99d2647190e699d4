/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_MAHALANOBIS_H__
#define __ASD_MAHALANOBIS_H__

#include <asd/model.h>

G_BEGIN_DECLS

/**
 * AsdMahalanobis:
 *
 * Mahalanobis distance as a scorer: with the mean m and the covariance S of the
 * training vectors,
 *
 *   score (x) = sqrt ((x - m)' S^-1 (x - m))
 *
 * S is drawn towards a multiple of the identity by as much as the vectors leave
 * it uncertain (O. Ledoit, M. Wolf: A well-conditioned estimator for
 * large-dimensional covariance matrices. J. Multivariate Analysis 88, 2004), and
 * 1e-9 of its mean variance is added to each variance, so that few vectors and
 * dimensions that never change are no obstacle. As the square root of
 * scikit-learn's LedoitWolf.mahalanobis(), but for the 1e-9.
 *
 * An AsdMahalanobis does not change once made and may be used by several
 * threads.
 */
typedef struct _AsdMahalanobis AsdMahalanobis;

/**
 * asd_mahalanobis_fit:
 * @x: @n training vectors of @dim values, row-major
 * @n: at least 2
 *
 * Returns: (transfer full): the scorer, or NULL with ASD_ERROR_DATA (no two
 *     vectors that differ, a value that is not finite or above 1e70, values of
 *     which the squares vanish)
 */
AsdMahalanobis *asd_mahalanobis_fit (const double *x, gsize n, gsize dim,
    GError ** error);

/**
 * asd_mahalanobis_new:
 * @mean: (array length=dim): m; copied as the covariance
 * @covariance: @dim x @dim values, symmetric and positive definite
 *
 * Returns: (transfer full): the scorer, or NULL with ASD_ERROR_FORMAT
 */
AsdMahalanobis *asd_mahalanobis_new (const double *mean,
    const double *covariance, gsize dim, GError ** error);

/**
 * asd_mahalanobis_free:
 */
void asd_mahalanobis_free (AsdMahalanobis * mahalanobis);

/**
 * asd_mahalanobis_score:
 * @x: one vector of asd_mahalanobis_get_dim() values
 *
 * Returns: its distance, 0 or more; not finite where @x is not
 */
double asd_mahalanobis_score (const AsdMahalanobis * mahalanobis,
    const double *x);

/**
 * asd_mahalanobis_get_parts:
 * @x: as above
 * @parts: (out) (array length=dim): z_i (S^-1 z)_i / score (x) of each value,
 *     z = x - m, which sum to the score. That of a value which others have been
 *     seen to go along with may be below 0.
 */
void asd_mahalanobis_get_parts (const AsdMahalanobis * mahalanobis,
    const double *x, double *parts);

gsize asd_mahalanobis_get_dim (const AsdMahalanobis * mahalanobis);

/**
 * asd_mahalanobis_get_mean:
 *
 * Returns: (transfer none): as asd_mahalanobis_new() takes it
 */
const double *asd_mahalanobis_get_mean (const AsdMahalanobis * mahalanobis);
const double *asd_mahalanobis_get_covariance (const AsdMahalanobis *
    mahalanobis);

/**
 * asd_mahalanobis_save:
 * @writer: a writer whose current stage takes the scorer: the f64 tensors
 *     "mean" (dim) and "covariance" (dim x dim)
 */
void asd_mahalanobis_save (const AsdMahalanobis * mahalanobis,
    AsdModelWriter * writer);

/**
 * asd_mahalanobis_load:
 * @section: what asd_mahalanobis_save() wrote
 *
 * Returns: (transfer full): the scorer, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdMahalanobis *asd_mahalanobis_load (AsdModelSection * section,
    GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdMahalanobis, asd_mahalanobis_free)

G_END_DECLS

#endif /* __ASD_MAHALANOBIS_H__ */
