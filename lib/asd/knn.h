/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_KNN_H__
#define __ASD_KNN_H__

#include <asd/model.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * AsdKnn:
 *
 * Nearest neighbours as a scorer: the mean Euclidean distance of a vector x
 * from its k nearest training vectors N (x), as it is or in proportion to how
 * far those are from each other. With r (y) the mean distance of a training
 * vector y from its k nearest other ones:
 *
 *   none      score (x) = mean of d (x, y) over y in N (x)
 *   density   score (x) = mean of d (x, y) / (mean of r (y) + 1e-10)
 *
 * The second is about 1 where training vectors are as dense around x as around
 * its neighbours, so that sparse and dense kinds of normal sound are measured
 * alike: a local outlier factor without its reachability. Of vectors at the
 * same distance, those that came first in training count.
 *
 * S. Ramaswamy, R. Rastogi, K. Shim: Efficient algorithms for mining outliers
 * from large data sets. SIGMOD 2000. E. Schubert, A. Zimek, H.-P. Kriegel:
 * Local outlier detection reconsidered. Data Mining and Knowledge Discovery 28,
 * 2014.
 *
 * One thread at a time: scoring needs room to work in, which is a part of it.
 */
typedef struct _AsdKnn AsdKnn;

/**
 * AsdKnnNormalise:
 * @ASD_KNN_NONE: distances as they are
 * @ASD_KNN_DENSITY: in proportion to those between the neighbours and theirs
 */
typedef enum
{
  ASD_KNN_NONE,
  ASD_KNN_DENSITY,
} AsdKnnNormalise;

/**
 * asd_knn_normalise_values:
 *
 * Returns: the ways to normalise with a sentence (value_name) and the name used
 * on command lines (value_nick), ended by a row of zeros; ready for
 * g_enum_register_static(). Owned by the library.
 */
const GEnumValue *asd_knn_normalise_values (void);

/**
 * asd_knn_fit:
 * @normalise: whether distances are compared with those around
 * @x: @n training vectors of @dim values, row-major
 * @n: at least 1, for ASD_KNN_DENSITY at least 2
 * @neighbours: k, at least 1; where there are not so many it becomes as many as
 *     there are, see asd_knn_get_warning()
 * @cancellable: (nullable): ends the search for neighbours early
 *
 * Takes time for n^2 distances for ASD_KNN_DENSITY.
 *
 * Returns: (transfer full): the scorer, or NULL with ASD_ERROR_DATA (no vector,
 *     a value that is not finite or above 1e70; for ASD_KNN_DENSITY also no
 *     two vectors that differ) or G_IO_ERROR_CANCELLED
 */
AsdKnn *asd_knn_fit (AsdKnnNormalise normalise, const double *x, gsize n,
    gsize dim, gsize neighbours, GCancellable * cancellable, GError ** error);

/**
 * asd_knn_new:
 * @x: @n training vectors of @dim values, row-major; copied as the others
 * @distances: (array length=n) (nullable): r (y) of each, 0 or more; NULL for
 *     ASD_KNN_NONE
 * @neighbours: k, 1 to @n, or to @n - 1 if @distances are given
 *
 * Returns: (transfer full): the scorer, or NULL with ASD_ERROR_FORMAT
 */
AsdKnn *asd_knn_new (const double *x, const double *distances, gsize n,
    gsize dim, gsize neighbours, GError ** error);

/**
 * asd_knn_free:
 */
void asd_knn_free (AsdKnn * knn);

/**
 * asd_knn_score:
 * @x: @n vectors of asd_knn_get_dim() values, row-major; many at once take
 *     less time than one after the other, and get the same scores
 * @scores: (out) (array length=n): their scores, 0 or more; not finite where a
 *     vector is not
 * @parts: (out) (optional): @n rows of as many values as @x: how much each adds
 *     to the score of its vector, in proportion to what it adds to the mean
 *     distance, the mean of (x - y)^2 / d over the neighbours y at distances d.
 *     A row sums to the score.
 */
void asd_knn_score (AsdKnn * knn, const double *x, gsize n, double *scores,
    double *parts);

AsdKnnNormalise asd_knn_get_normalise (const AsdKnn * knn);
gsize asd_knn_get_dim (const AsdKnn * knn);
gsize asd_knn_get_n_vectors (const AsdKnn * knn);
gsize asd_knn_get_neighbours (const AsdKnn * knn);

/**
 * asd_knn_get_warning:
 *
 * Returns: (nullable): a sentence that says why what was fitted may not be good
 *     and what to do about it: fewer neighbours than wanted, or vectors with as
 *     many duplicates as neighbours; NULL if there is nothing to say
 */
const char *asd_knn_get_warning (const AsdKnn * knn);

/**
 * asd_knn_save:
 * @writer: a writer whose current stage takes the scorer: the f64 tensors
 *     "vectors" (n x dim) and, for ASD_KNN_DENSITY, "distances" (n), the integer
 *     "neighbours" and the string "normalise"
 */
void asd_knn_save (const AsdKnn * knn, AsdModelWriter * writer);

/**
 * asd_knn_load:
 * @section: what asd_knn_save() wrote
 *
 * Returns: (transfer full): the scorer, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdKnn *asd_knn_load (AsdModelSection * section, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdKnn, asd_knn_free)

G_END_DECLS

#endif /* __ASD_KNN_H__ */
