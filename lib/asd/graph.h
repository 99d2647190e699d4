/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_GRAPH_H__
#define __ASD_GRAPH_H__

#include <asd/model.h>

G_BEGIN_DECLS

/**
 * AsdGraph:
 *
 * Nearest-neighbour-graph scorer. Every training vector is joined to the
 * other one that is nearest to it in L1 distance, the lowest index on ties.
 * Where all others are farther than 999 (the diagonal of the reference) it
 * stays alone. The connected components are the clusters, numbered by their
 * smallest member; each has a mean m and a deviation s, the population
 * standard deviation + 1e-6, per dimension. The score of a vector x is
 *
 *   min over clusters of sum over dimensions of |x - m| / s
 *
 * It is not scale invariant: both 999 and 1e-6 are in the unit of the data.
 * An AsdGraph does not change once made and may be used by several threads.
 *
 * P. Tiwari et al.: Modulation spectral signal representation and i-vectors
 * for anomalous sound detection. DCASE 2020 Challenge, Task 2, technical
 * report. Where its published code differs from it, this follows the code.
 */
typedef struct _AsdGraph AsdGraph;

/**
 * asd_graph_fit:
 * @x: @n training vectors of @dim values, row-major
 * @n: number of vectors; a single one is a cluster of its own
 * @dim: values per vector
 * @cancellable: (nullable): ends the search for neighbours early
 *
 * Takes n^2/2 distances but no memory for them.
 *
 * Returns: (transfer full): the graph, or NULL with ASD_ERROR_DATA where there
 * is no vector or not every value is finite, or G_IO_ERROR_CANCELLED
 */
AsdGraph *asd_graph_fit (const double *x, gsize n, gsize dim,
    GCancellable * cancellable, GError ** error);

/**
 * asd_graph_new:
 * @means: @n_clusters vectors of @dim values, row-major
 * @deviations: the same for the deviations, each above 0
 *
 * Makes a graph from what asd_graph_get_means() and
 * asd_graph_get_deviations() gave; both arrays are copied.
 *
 * Returns: (transfer full): the graph, or NULL with ASD_ERROR_FORMAT where
 * there is no cluster or a value is out of range
 */
AsdGraph *asd_graph_new (const double *means, const double *deviations,
    gsize n_clusters, gsize dim, GError ** error);

/**
 * asd_graph_ref:
 *
 * Returns: (transfer full): @graph
 */
AsdGraph *asd_graph_ref (AsdGraph * graph);

/**
 * asd_graph_unref:
 *
 * Frees @graph with its last reference.
 */
void asd_graph_unref (AsdGraph * graph);

/**
 * asd_graph_score:
 * @x: one vector of asd_graph_get_dim() values
 * @cluster: (out) (optional): the cluster with the smallest sum, the lowest
 *     number on ties
 *
 * Returns: the score of @x, 0 or more; NaN or infinite where @x is not finite
 */
double asd_graph_score (const AsdGraph * graph, const double *x,
    gsize * cluster);

/**
 * asd_graph_get_parts:
 * @cluster: what asd_graph_score() found for @x
 * @parts: (out) (array length=dim): |x - m| / s of each value, which sum to the
 *     score
 */
void asd_graph_get_parts (const AsdGraph * graph, gsize cluster,
    const double *x, double *parts);

gsize asd_graph_get_dim (const AsdGraph * graph);

gsize asd_graph_get_n_clusters (const AsdGraph * graph);

/**
 * asd_graph_get_means:
 *
 * Returns: (transfer none): n_clusters x dim values, row-major
 */
const double *asd_graph_get_means (const AsdGraph * graph);

/**
 * asd_graph_get_deviations:
 *
 * Returns: (transfer none): n_clusters x dim values, row-major
 */
const double *asd_graph_get_deviations (const AsdGraph * graph);

/**
 * asd_graph_get_assignment:
 *
 * Returns: (transfer none) (nullable): the cluster of each training vector, or
 * NULL where the graph does not come from asd_graph_fit()
 */
const gsize *asd_graph_get_assignment (const AsdGraph * graph);

/**
 * asd_graph_save:
 * @writer: a writer whose current stage takes the graph: the f64 tensors
 *     "means" and "deviations", both clusters x dim
 */
void asd_graph_save (const AsdGraph * graph, AsdModelWriter * writer);

/**
 * asd_graph_load:
 * @section: what asd_graph_save() wrote
 *
 * Returns: (transfer full): the graph, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdGraph *asd_graph_load (AsdModelSection * section, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdGraph, asd_graph_unref)

G_END_DECLS

#endif /* __ASD_GRAPH_H__ */
