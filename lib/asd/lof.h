/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_LOF_H__
#define __ASD_LOF_H__

#include <asd/model.h>

G_BEGIN_DECLS

/**
 * AsdLof:
 *
 * Local outlier factor for new vectors. With the k nearest training vectors
 * N (x) in Euclidean distance d, and k-distance (y) the distance of a training
 * vector y from its k-th nearest other one,
 *
 *   reachability (x, y) = max (k-distance (y), d (x, y))
 *   lrd (x) = 1 / (mean of reachability (x, y) over y in N (x) + 1e-10)
 *   score (x) = mean of lrd (y) over y in N (x) / lrd (x)
 *
 * About 1 where training vectors are as dense around x as around its
 * neighbours, more where x is farther away. Of vectors at the same distance,
 * those that came first in training count. As scikit-learn's LocalOutlierFactor
 * (novelty=True) with the sign of its score_samples() turned.
 *
 * M. M. Breunig, H.-P. Kriegel, R. T. Ng, J. Sander: LOF: identifying
 * density-based local outliers. SIGMOD 2000.
 *
 * One thread at a time: scoring needs room to work in, which is a part of it.
 */
typedef struct _AsdLof AsdLof;

/**
 * asd_lof_fit:
 * @x: @n training vectors of @dim values, row-major
 * @n: at least 2
 * @neighbours: k, at least 1; where there are no more vectors than that it
 *     becomes @n - 1, see asd_lof_get_warning()
 * @cancellable: (nullable): ends the search for neighbours early
 *
 * Takes time for n^2 distances.
 *
 * Returns: (transfer full): the factor, or NULL with ASD_ERROR_DATA (no two
 *     vectors that differ, a value that is not finite or above 1e70) or
 *     G_IO_ERROR_CANCELLED
 */
AsdLof *asd_lof_fit (const double *x, gsize n, gsize dim, gsize neighbours,
    GCancellable * cancellable, GError ** error);

/**
 * asd_lof_new:
 * @x: @n training vectors of @dim values, row-major; copied as the others
 * @lrd: (array length=n): local reachability density of each, above 0
 * @distances: (array length=n): k-distance of each, 0 or more
 * @neighbours: k, 1 to @n - 1
 *
 * Returns: (transfer full): the factor, or NULL with ASD_ERROR_FORMAT
 */
AsdLof *asd_lof_new (const double *x, const double *lrd,
    const double *distances, gsize n, gsize dim, gsize neighbours,
    GError ** error);

/**
 * asd_lof_free:
 */
void asd_lof_free (AsdLof * lof);

/**
 * asd_lof_score:
 * @x: @n vectors of asd_lof_get_dim() values, row-major; many at once take
 *     less time than one after the other, and get the same scores
 * @scores: (out) (array length=n): their local outlier factors, above 0; not
 *     finite where a vector is not
 * @parts: (out) (optional): @n rows of as many values as @x: how much each adds
 *     to the score of its vector, in proportion to what it adds to the mean
 *     distance, the mean of (x - y)^2 / d over the neighbours y at distances d.
 *     A row sums to the score.
 */
void asd_lof_score (AsdLof * lof, const double *x, gsize n, double *scores,
    double *parts);

gsize asd_lof_get_dim (const AsdLof * lof);
gsize asd_lof_get_n_vectors (const AsdLof * lof);
gsize asd_lof_get_neighbours (const AsdLof * lof);

/**
 * asd_lof_get_densities:
 *
 * Returns: (transfer none): lrd of each training vector
 */
const double *asd_lof_get_densities (const AsdLof * lof);

/**
 * asd_lof_get_warning:
 *
 * Returns: (nullable): a sentence that says why what was fitted may not be good
 *     and what to do about it: fewer neighbours than wanted, or vectors with so
 *     many duplicates that their density is infinite but for the 1e-10; NULL if
 *     there is nothing to say
 */
const char *asd_lof_get_warning (const AsdLof * lof);

/**
 * asd_lof_save:
 * @writer: a writer whose current stage takes the factor: the f64 tensors
 *     "vectors" (n x dim), "densities" and "distances" (n), and the integer
 *     "neighbours"
 */
void asd_lof_save (const AsdLof * lof, AsdModelWriter * writer);

/**
 * asd_lof_load:
 * @section: what asd_lof_save() wrote
 *
 * Returns: (transfer full): the factor, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdLof *asd_lof_load (AsdModelSection * section, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdLof, asd_lof_free)

G_END_DECLS

#endif /* __ASD_LOF_H__ */
