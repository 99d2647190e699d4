/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_IFOREST_H__
#define __ASD_IFOREST_H__

#include <asd/model.h>

G_BEGIN_DECLS

/**
 * AsdIforest:
 *
 * Isolation forest. Each tree divides a random sample of the training vectors
 * at a random value of a random dimension (of those that differ), until a
 * vector is alone or the depth is the logarithm to base 2 of the sample's size.
 * What is different is alone soon. With the depth of the leaf that a vector x
 * ends in, and the n training vectors there,
 *
 *   score (x) = 2^(-mean over trees of (depth + c (n)) / c (samples))
 *   c (1) = 0, c (2) = 1, c (n) = 2 (ln (n - 1) + gamma) - 2 (n - 1) / n
 *
 * which is above 0 and at most 1, and about 0.5 where nothing is remarkable.
 * Values are compared in single precision. As scikit-learn's IsolationForest
 * with the sign of its score_samples() turned; its random numbers are others.
 *
 * F. T. Liu, K. M. Ting, Z.-H. Zhou: Isolation forest. ICDM 2008.
 *
 * One thread at a time: scoring needs room to work in, which is a part of it.
 */
typedef struct _AsdIforest AsdIforest;

/**
 * AsdIforestConfig:
 * @trees: number of trees
 * @samples: training vectors for each of them; where there are fewer, all
 * @seed: of all random numbers. Each tree has its own, made of this and its
 *     index, so that the forest does not depend on the order of the trees
 */
typedef struct
{
  guint trees;
  guint samples;
  guint32 seed;
} AsdIforestConfig;

#define ASD_IFOREST_CONFIG_INIT { 100, 256, 0 }

/**
 * asd_iforest_config_check:
 *
 * Returns: (nullable): NULL, or what is wrong and how to mend it
 */
const char *asd_iforest_config_check (const AsdIforestConfig * config);

/**
 * AsdIforestTrees:
 * @n_trees: number of trees
 * @n_nodes: number of nodes of all trees together
 * @offsets: (array length=n_trees + 1): first node of each tree, its root; the
 *     last one is @n_nodes
 * @feature: (array length=n_nodes): dimension that divides a node
 * @threshold: (array length=n_nodes): vectors up to this value go to the left
 * @left: (array length=n_nodes): the left child, counted from the root of the
 *     tree, behind its parent; -1 for a leaf, where @feature and @threshold
 *     mean nothing
 * @right: (array length=n_nodes): the right child, as @left
 * @count: (array length=n_nodes): training vectors in a node
 *
 * The trees behind each other, as scikit-learn numbers their nodes.
 */
typedef struct
{
  gsize n_trees;
  gsize n_nodes;
  const gint32 *offsets;
  const gint32 *feature;
  const double *threshold;
  const gint32 *left;
  const gint32 *right;
  const gint32 *count;
} AsdIforestTrees;

/**
 * asd_iforest_fit:
 * @config: one that asd_iforest_config_check() likes
 * @x: @n training vectors of @dim values, row-major
 * @n: at least 2
 * @cancellable: (nullable): ends the work early
 *
 * Returns: (transfer full): the forest, or NULL with ASD_ERROR_DATA (no two
 *     vectors that differ in single precision, a value that is not finite
 *     there) or G_IO_ERROR_CANCELLED
 */
AsdIforest *asd_iforest_fit (const AsdIforestConfig * config, const double *x,
    gsize n, gsize dim, GCancellable * cancellable, GError ** error);

/**
 * asd_iforest_new:
 * @trees: the trees; copied
 * @dim: values of a vector
 *
 * Returns: (transfer full): the forest, or NULL with ASD_ERROR_FORMAT where
 *     these are no trees: a child that is not behind its parent or is not the
 *     child of exactly one node, a dimension that there is not, counts that do
 *     not add up
 */
AsdIforest *asd_iforest_new (const AsdIforestTrees * trees, gsize dim,
    GError ** error);

/**
 * asd_iforest_free:
 */
void asd_iforest_free (AsdIforest * forest);

/**
 * asd_iforest_score:
 * @x: one vector of asd_iforest_get_dim() values
 *
 * Returns: its score, above 0 and at most 1
 */
double asd_iforest_score (AsdIforest * forest, const double *x);

gsize asd_iforest_get_dim (const AsdIforest * forest);

/**
 * asd_iforest_get_trees:
 *
 * Returns: (transfer none): the trees
 */
const AsdIforestTrees *asd_iforest_get_trees (const AsdIforest * forest);

/**
 * asd_iforest_save:
 * @writer: a writer whose current stage takes the forest: the tensors of
 *     #AsdIforestTrees under their names (i32, "threshold" f64) and the integer
 *     "values", the length of a vector
 */
void asd_iforest_save (const AsdIforest * forest, AsdModelWriter * writer);

/**
 * asd_iforest_load:
 * @section: what asd_iforest_save() wrote
 *
 * Returns: (transfer full): the forest, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdIforest *asd_iforest_load (AsdModelSection * section, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdIforest, asd_iforest_free)

G_END_DECLS

#endif /* __ASD_IFOREST_H__ */
