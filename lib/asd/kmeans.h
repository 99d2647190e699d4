/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_KMEANS_H__
#define __ASD_KMEANS_H__

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * asd_kmeans:
 * @x: @n vectors of @dim finite values, row-major
 * @n_clusters: at least 1 and at most @n
 * @max_iterations: iterations of Lloyd's algorithm, which ends before when no
 *     vector changes its cluster
 * @rand: decides where the search starts
 * @centres: (out): @n_clusters x @dim values, row-major: the means of the
 *     clusters
 * @labels: (out): the cluster of each vector
 * @inertia: (out) (optional): sum of the squared distances of the vectors to
 *     the centres that they were assigned to; it falls from one iteration to
 *     the next
 *
 * Divides vectors into clusters of small squared distance. The search starts
 * from centres that k-means++ draws; a cluster that loses all its vectors goes
 * on with the one that is farthest from its centre, the lowest index on ties.
 * Where there are fewer different vectors than clusters some clusters stay
 * empty, with the centre of another one.
 *
 * S. P. Lloyd: Least squares quantization in PCM. IEEE Trans. Information
 * Theory 28, 1982. D. Arthur, S. Vassilvitskii: k-means++: The advantages of
 * careful seeding. SODA 2007.
 *
 * Returns: FALSE with ASD_ERROR_DATA where there are fewer vectors than
 *     clusters or a value is not finite, or G_IO_ERROR_CANCELLED
 */
gboolean asd_kmeans (const double *x, gsize n, gsize dim, gsize n_clusters,
    guint max_iterations, GRand * rand, double *centres, guint * labels,
    double *inertia, GCancellable * cancellable, GError ** error);

G_END_DECLS

#endif /* __ASD_KMEANS_H__ */
