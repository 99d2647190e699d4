/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_NEIGHBOURS_H__
#define __ASD_NEIGHBOURS_H__

/* Internal: the search for nearest neighbours that scorers share. Not
 * installed. */

#include <gio/gio.h>

G_BEGIN_DECLS

/* Vectors among which neighbours are found, by Euclidean distance, by comparing
 * with all of them. Products of matrices in single precision tell which vectors
 * may be near enough; with a bound on their error, so that the distances of
 * those, calculated from differences in double precision, give what comparing
 * all of them would give, to the last bit. One thread at a time. */
typedef struct _AsdNeighbours AsdNeighbours;

typedef struct
{
  gsize index;
  double distance;
} AsdNeighbour;

/* Copies @n > 0 vectors of @dim values, none above ASD_VECTORS_MAX. */
AsdNeighbours *asd_neighbours_new (const double *x, gsize n, gsize dim);
void asd_neighbours_free (AsdNeighbours * neighbours);

const double *asd_neighbours_get_vectors (const AsdNeighbours * neighbours);
gsize asd_neighbours_get_n (const AsdNeighbours * neighbours);
gsize asd_neighbours_get_dim (const AsdNeighbours * neighbours);

/* Finds the @k nearest of each of @n_queries vectors, nearest first, the lowest
 * index on ties: @k for each in @found. Where @first is not negative, the
 * queries are the vectors from that index on, and none is a neighbour of
 * itself. @k is at most the number of vectors, then less one. The distances of
 * a query that is not finite are not finite. */
void asd_neighbours_find (AsdNeighbours * neighbours, const double *queries,
    gsize n_queries, gssize first, gsize k, AsdNeighbour * found);

/* Mean of the distances of @k vectors. */
double asd_neighbours_mean_distance (const AsdNeighbour * found, gsize k);

/* How much each value of @query adds to the mean distance from the @k vectors that
 * were @found: the mean of (x - y)^2 / d over them, d the distance of each, times
 * @scale. They sum to the mean distance times @scale. */
void asd_neighbours_get_parts (const AsdNeighbours * neighbours,
    const double *query, const AsdNeighbour * found, gsize k, double scale,
    double *parts);

/* The @k nearest other vectors of each vector; g_free() them. NULL with
 * G_IO_ERROR_CANCELLED. */
AsdNeighbour *asd_neighbours_find_own (AsdNeighbours * neighbours, gsize k,
    GCancellable * cancellable, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdNeighbours, asd_neighbours_free)

G_END_DECLS

#endif /* __ASD_NEIGHBOURS_H__ */
