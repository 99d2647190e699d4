/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "graph.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "simd.h"

/* What the reference puts on the diagonal of its distances. */
#define SELF_DISTANCE 999.0

/* What the reference adds to each standard deviation. */
#define MIN_DEVIATION 1e-6

/* Accumulators that run side by side, so that a vector unit is kept busy and
 * the order of summation does not depend on its width. */
#define LANES 16

/* Rows that are compared with one other row while it is in the cache. */
#define TILE 16

struct _AsdGraph
{
  gatomicrefcount refs;
  gsize dim;
  gsize n_clusters;
  double *means;                /* n_clusters x dim */
  double *deviations;           /* n_clusters x dim */
  gsize *assignment;            /* of the training vectors, or NULL */
};

static AsdGraph *
graph_alloc (gsize n_clusters, gsize dim)
{
  AsdGraph *graph = g_new0 (AsdGraph, 1);

  g_atomic_ref_count_init (&graph->refs);
  graph->dim = dim;
  graph->n_clusters = n_clusters;
  graph->means = g_new0 (double, n_clusters * dim);
  graph->deviations = g_new0 (double, n_clusters * dim);
  return graph;
}

AsdGraph *
asd_graph_ref (AsdGraph * graph)
{
  g_atomic_ref_count_inc (&graph->refs);
  return graph;
}

void
asd_graph_unref (AsdGraph * graph)
{
  if (!g_atomic_ref_count_dec (&graph->refs))
    return;
  g_free (graph->means);
  g_free (graph->deviations);
  g_free (graph->assignment);
  g_free (graph);
}

static inline double
sum_lanes (double *lanes)
{
  for (gsize width = LANES / 2; width > 0; width /= 2) {
    for (gsize i = 0; i < width; i++)
      lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

/* Symmetric to the last bit, since |a - b| is; and without a product that a
 * processor could fuse into the sum, the same everywhere. */
ASD_KERNEL
distance_kernel (const double *a, const double *b, gsize dim, double *sum)
{
  double lanes[LANES] = { 0 };
  gsize k = 0;

  for (; k + LANES <= dim; k += LANES) {
    for (gsize i = 0; i < LANES; i++)
      lanes[i] += fabs (a[k + i] - b[k + i]);
  }
  for (gsize i = 0; k + i < dim; i++)
    lanes[i] += fabs (a[k + i] - b[k + i]);
  *sum = sum_lanes (lanes);
}

ASD_DEFINE_KERNEL (distance, distance_kernel,
    (const double *a, const double *b, gsize dim, double *sum),
    (a, b, dim, sum));

ASD_KERNEL
scaled_distance_kernel (const double *x, const double *mean,
    const double *deviation, gsize dim, double *sum)
{
  double lanes[LANES] = { 0 };
  gsize k = 0;

  for (; k + LANES <= dim; k += LANES) {
    for (gsize i = 0; i < LANES; i++)
      lanes[i] += fabs (x[k + i] - mean[k + i]) / deviation[k + i];
  }
  for (gsize i = 0; k + i < dim; i++)
    lanes[i] += fabs (x[k + i] - mean[k + i]) / deviation[k + i];
  *sum = sum_lanes (lanes);
}

ASD_DEFINE_KERNEL (scaled_distance, scaled_distance_kernel,
    (const double *x, const double *mean, const double *deviation, gsize dim,
        double *sum), (x, mean, deviation, dim, sum));

typedef struct
{
  gsize index;
  double distance;
} Neighbour;

static inline void
offer (Neighbour * nearest, gsize index, double distance)
{
  if (distance < nearest->distance
      || (distance == nearest->distance && index < nearest->index)) {
    nearest->distance = distance;
    nearest->index = index;
  }
}

/* The nearest other vector of each, or itself; NULL if cancelled. */
static Neighbour *
find_neighbours (const double *x, gsize n, gsize dim,
    GCancellable * cancellable, GError ** error)
{
  Neighbour *nearest = g_new (Neighbour, n);

  for (gsize i = 0; i < n; i++) {
    nearest[i].index = i;
    nearest[i].distance = SELF_DISTANCE;
  }
  for (gsize begin = 0; begin < n; begin += TILE) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error)) {
      g_free (nearest);
      return NULL;
    }
    for (gsize j = begin + 1; j < n; j++) {
      gsize end = MIN (begin + TILE, j);

      for (gsize i = begin; i < end; i++) {
        double d;

        distance (x + i * dim, x + j * dim, dim, &d);
        offer (&nearest[i], j, d);
        offer (&nearest[j], i, d);
      }
    }
  }
  return nearest;
}

static gsize
find_root (gsize *parent, gsize i)
{
  while (parent[i] != i) {
    parent[i] = parent[parent[i]];
    i = parent[i];
  }
  return i;
}

/* Numbers the connected components by their smallest member, which is the root
 * of its tree: a parent is never above its child. */
static gsize *
number_components (const Neighbour * nearest, gsize n, gsize *n_components)
{
  gsize *component = g_new (gsize, n), *parent = g_new (gsize, n);

  for (gsize i = 0; i < n; i++)
    parent[i] = i;
  for (gsize i = 0; i < n; i++) {
    gsize a = find_root (parent, i), b = find_root (parent, nearest[i].index);

    parent[MAX (a, b)] = MIN (a, b);
  }
  *n_components = 0;
  for (gsize i = 0; i < n; i++) {
    gsize root = find_root (parent, i);

    component[i] = root == i ? (*n_components)++ : component[root];
  }
  g_free (parent);
  return component;
}

/* Mean and deviation of each cluster, in two passes. */
static void
describe_clusters (AsdGraph * graph, const double *x, gsize n)
{
  gsize dim = graph->dim, *count = g_new0 (gsize, graph->n_clusters);

  for (gsize i = 0; i < n; i++) {
    double *mean = graph->means + graph->assignment[i] * dim;

    count[graph->assignment[i]]++;
    for (gsize k = 0; k < dim; k++)
      mean[k] += x[i * dim + k];
  }
  for (gsize c = 0; c < graph->n_clusters; c++) {
    for (gsize k = 0; k < dim; k++)
      graph->means[c * dim + k] /= count[c];
  }
  for (gsize i = 0; i < n; i++) {
    const double *mean = graph->means + graph->assignment[i] * dim;
    double *variance = graph->deviations + graph->assignment[i] * dim;

    for (gsize k = 0; k < dim; k++) {
      double d = x[i * dim + k] - mean[k];

      variance[k] += d * d;
    }
  }
  for (gsize c = 0; c < graph->n_clusters; c++) {
    for (gsize k = 0; k < dim; k++) {
      double *value = graph->deviations + c * dim + k;

      *value = sqrt (*value / count[c]) + MIN_DEVIATION;
    }
  }
  g_free (count);
}

static gboolean
all_finite (const double *x, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (!isfinite (x[i]))
      return FALSE;
  }
  return TRUE;
}

AsdGraph *
asd_graph_fit (const double *x, gsize n, gsize dim, GCancellable * cancellable,
    GError ** error)
{
  Neighbour *nearest;
  AsdGraph *graph;
  gsize *assignment, n_clusters;

  if (n == 0 || dim == 0) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA,
        "the graph has no vector to learn from: give it at least one window");
    return NULL;
  }
  for (gsize i = 0; i < n; i++) {
    if (!all_finite (x + i * dim, dim)) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "training vector %"
          G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " has a value that is NaN or "
          "infinite: leave its clip out", i + 1, n);
      return NULL;
    }
  }

  nearest = find_neighbours (x, n, dim, cancellable, error);
  if (nearest == NULL)
    return NULL;
  assignment = number_components (nearest, n, &n_clusters);
  g_free (nearest);

  graph = graph_alloc (n_clusters, dim);
  graph->assignment = assignment;
  describe_clusters (graph, x, n);
  if (!all_finite (graph->deviations, n_clusters * dim)) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "the training "
        "vectors are so large that their sum overflows: scale them down");
    g_clear_pointer (&graph, asd_graph_unref);
  }
  return graph;
}

AsdGraph *
asd_graph_new (const double *means, const double *deviations,
    gsize n_clusters, gsize dim, GError ** error)
{
  AsdGraph *graph;
  gsize n = n_clusters * dim;
  gboolean valid = n > 0 && all_finite (means, n) && all_finite (deviations, n);

  for (gsize i = 0; valid && i < n; i++)
    valid = deviations[i] > 0;
  if (!valid) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_FORMAT, "the graph needs "
        "at least one cluster, finite means, and finite deviations above 0: "
        "train the model again");
    return NULL;
  }
  graph = graph_alloc (n_clusters, dim);
  memcpy (graph->means, means, n * sizeof *means);
  memcpy (graph->deviations, deviations, n * sizeof *deviations);
  return graph;
}

double
asd_graph_score (const AsdGraph * graph, const double *x, gsize *cluster)
{
  double best = INFINITY;
  gsize best_cluster = 0;

  for (gsize c = 0; c < graph->n_clusters; c++) {
    double d;

    scaled_distance (x, graph->means + c * graph->dim,
        graph->deviations + c * graph->dim, graph->dim, &d);
    /* The first one counts even if it is NaN. */
    if (c == 0 || d < best) {
      best = d;
      best_cluster = c;
    }
  }
  if (cluster != NULL)
    *cluster = best_cluster;
  return best;
}

void
asd_graph_get_parts (const AsdGraph * graph, gsize cluster, const double *x,
    double *parts)
{
  const double *mean = graph->means + cluster * graph->dim;
  const double *deviation = graph->deviations + cluster * graph->dim;

  for (gsize k = 0; k < graph->dim; k++)
    parts[k] = fabs (x[k] - mean[k]) / deviation[k];
}

gsize
asd_graph_get_dim (const AsdGraph * graph)
{
  return graph->dim;
}

gsize
asd_graph_get_n_clusters (const AsdGraph * graph)
{
  return graph->n_clusters;
}

const double *
asd_graph_get_means (const AsdGraph * graph)
{
  return graph->means;
}

const double *
asd_graph_get_deviations (const AsdGraph * graph)
{
  return graph->deviations;
}

const gsize *
asd_graph_get_assignment (const AsdGraph * graph)
{
  return graph->assignment;
}

void
asd_graph_save (const AsdGraph * graph, AsdModelWriter * writer)
{
  gsize shape[2] = { graph->n_clusters, graph->dim };

  asd_model_writer_add_f64 (writer, "means", graph->means, 2, shape);
  asd_model_writer_add_f64 (writer, "deviations", graph->deviations, 2, shape);
}

AsdGraph *
asd_graph_load (AsdModelSection * section, GError ** error)
{
  const double *means, *deviations;
  gsize shape[2] = { 0, 0 };
  GError *wrong = NULL;
  AsdGraph *graph;

  means = asd_model_section_get_f64 (section, "means", 2, shape, error);
  if (means == NULL)
    return NULL;
  deviations = asd_model_section_get_f64 (section, "deviations", 2, shape,
      error);
  if (deviations == NULL)
    return NULL;
  graph = asd_graph_new (means, deviations, shape[0], shape[1], &wrong);
  if (graph == NULL) {
    asd_model_section_refuse (section, error, "%s", wrong->message);
    g_error_free (wrong);
  }
  return graph;
}
