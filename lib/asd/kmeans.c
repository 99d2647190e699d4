/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kmeans.h"

#include "linalg.h"
#include "simd.h"

/* Vectors whose distances to all centres are one matrix product. */
#define BLOCK 256

typedef struct
{
  gsize n, dim, n_clusters;
  double *x;                    /* the vectors minus their mean */
  double *centres;              /* in the same coordinates */
  guint *labels;
  double *distances;            /* squared, to the nearest centre */
  double *sums;                 /* n_clusters x dim */
  gsize *counts;
  double rounding;              /* squared distances below are taken for 0 */
} Kmeans;

/* Sums that do not depend on the width of a vector unit. */
#define LANES 8

ASD_KERNEL
squared_distance_kernel (const double *a, const double *b, gsize dim,
    double *result)
{
  double lanes[LANES] = { 0 };
  gsize k = 0;

  for (; k + LANES <= dim; k += LANES) {
    for (gsize i = 0; i < LANES; i++) {
      double d = a[k + i] - b[k + i];

      lanes[i] += d * d;
    }
  }
  for (gsize i = 0; k + i < dim; i++) {
    double d = a[k + i] - b[k + i];

    lanes[i] += d * d;
  }
  for (gsize width = LANES / 2; width > 0; width /= 2) {
    for (gsize i = 0; i < width; i++)
      lanes[i] += lanes[i + width];
  }
  *result = lanes[0];
}

ASD_KERNEL
lower_distances_kernel (const double *x, gsize n, gsize dim,
    const double *centre, double *distances)
{
  for (gsize i = 0; i < n; i++) {
    double d;

    squared_distance_kernel (x + i * dim, centre, dim, &d);
    distances[i] = d < distances[i] ? d : distances[i];
  }
}

ASD_DEFINE_KERNEL (squared_distance, squared_distance_kernel,
    (const double *a, const double *b, gsize dim, double *result),
    (a, b, dim, result));

ASD_DEFINE_KERNEL (lower_distances, lower_distances_kernel,
    (const double *x, gsize n, gsize dim, const double *centre,
        double *distances), (x, n, dim, centre, distances));

/* An index drawn with a probability that is proportional to its distance; any
 * where all distances are 0. */
static gsize
draw (const double *distances, gsize n, GRand * rand)
{
  double sum = 0, limit, position = g_rand_double (rand);
  gsize last = n * position;

  for (gsize i = 0; i < n; i++)
    sum += distances[i];
  limit = position * sum;
  sum = 0;
  for (gsize i = 0; i < n; i++) {
    if (distances[i] > 0) {
      last = i;
      sum += distances[i];
      if (sum > limit)
        break;
    }
  }
  return last;
}

static gboolean
seed_centres (Kmeans * self, GRand * rand, GCancellable * cancellable,
    GError ** error)
{
  const gsize dim = self->dim;

  for (gsize i = 0; i < self->n; i++)
    self->distances[i] = INFINITY;
  for (gsize c = 0; c < self->n_clusters; c++) {
    double *centre = self->centres + c * dim;
    gsize i = c == 0 ? (gsize) (self->n * g_rand_double (rand)) :
        draw (self->distances, self->n, rand);

    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    memcpy (centre, self->x + i * dim, dim * sizeof *centre);
    lower_distances (self->x, self->n, dim, centre, self->distances);
  }
  return TRUE;
}

/* Finds the nearest centre of each vector. Returns whether any has changed. */
static gboolean
assign (Kmeans * self, double *products)
{
  const gsize dim = self->dim, k = self->n_clusters;
  g_autofree double *norms = g_new (double, k);
  gboolean changed = FALSE;

  for (gsize c = 0; c < k; c++) {
    const double *centre = self->centres + c * dim;

    norms[c] = 0;
    for (gsize j = 0; j < dim; j++)
      norms[c] += centre[j] * centre[j];
  }
  for (gsize begin = 0; begin < self->n; begin += BLOCK) {
    gsize rows = MIN (BLOCK, self->n - begin);

    for (gsize i = 0; i < rows; i++)
      memcpy (products + i * k, norms, k * sizeof *norms);
    /* |x - c|^2 - |x|^2 */
    cblas_dgemm (CblasRowMajor, CblasNoTrans, CblasTrans, rows, k, dim, -2,
        self->x + begin * dim, dim, self->centres, dim, 1, products, k);
    for (gsize i = 0; i < rows; i++) {
      const double *row = products + i * k;
      guint best = 0;

      for (gsize c = 1; c < k; c++) {
        if (row[c] < row[best])
          best = c;
      }
      changed |= self->labels[begin + i] != best;
      self->labels[begin + i] = best;
      squared_distance (self->x + (begin + i) * dim, self->centres + best * dim,
          dim, &self->distances[begin + i]);
    }
  }
  return changed;
}

/* Moves vector @i to the empty cluster @c. */
static void
move (Kmeans * self, gsize i, gsize c)
{
  const gsize dim = self->dim;
  double *from = self->sums + self->labels[i] * dim, *to = self->sums + c * dim;

  for (gsize j = 0; j < dim; j++) {
    from[j] -= self->x[i * dim + j];
    to[j] = self->x[i * dim + j];
  }
  self->counts[self->labels[i]]--;
  self->counts[c] = 1;
  self->labels[i] = c;
  self->distances[i] = 0;
}

/* Moves the centres into the middle of their clusters. Returns whether a vector
 * was moved to an empty cluster. */
static gboolean
update (Kmeans * self)
{
  const gsize dim = self->dim, k = self->n_clusters;
  gboolean moved = FALSE;

  memset (self->sums, 0, k * dim * sizeof *self->sums);
  memset (self->counts, 0, k * sizeof *self->counts);
  for (gsize i = 0; i < self->n; i++) {
    double *sum = self->sums + self->labels[i] * dim;

    self->counts[self->labels[i]]++;
    for (gsize j = 0; j < dim; j++)
      sum[j] += self->x[i * dim + j];
  }
  for (gsize c = 0; c < k; c++) {
    gsize farthest = 0;

    if (self->counts[c] > 0)
      continue;
    for (gsize i = 1; i < self->n; i++) {
      if (self->distances[i] > self->distances[farthest])
        farthest = i;
    }
    if (self->distances[farthest] <= self->rounding
        || self->counts[self->labels[farthest]] == 1)
      break;
    move (self, farthest, c);
    moved = TRUE;
  }
  for (gsize c = 0; c < k; c++) {
    for (gsize j = 0; self->counts[c] > 0 && j < dim; j++)
      self->centres[c * dim + j] = self->sums[c * dim + j] / self->counts[c];
  }
  return moved;
}

static gboolean
iterate (Kmeans * self, guint max_iterations, GRand * rand, double *inertia,
    GCancellable * cancellable, GError ** error)
{
  g_autofree double *products = g_new (double, BLOCK * self->n_clusters);

  if (!seed_centres (self, rand, cancellable, error))
    return FALSE;
  memset (self->labels, 0xff, self->n * sizeof *self->labels);
  for (guint i = 0; i < MAX (max_iterations, 1); i++) {
    gboolean changed, moved;

    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    changed = assign (self, products);
    if (inertia != NULL) {
      *inertia = 0;
      for (gsize j = 0; j < self->n; j++)
        *inertia += self->distances[j];
    }
    moved = update (self);
    if (!changed && !moved)
      break;
  }
  return TRUE;
}

gboolean
asd_kmeans (const double *x, gsize n, gsize dim, gsize n_clusters,
    guint max_iterations, GRand * rand, double *centres, guint *labels,
    double *inertia, GCancellable * cancellable, GError ** error)
{
  Kmeans self = { n, dim, n_clusters, NULL, centres, labels };
  g_autofree double *mean = NULL;
  double largest = 0;
  gboolean ok;

  if (!asd_check_vectors (x, n, dim, n_clusters, error))
    return FALSE;
  mean = g_new0 (double, dim);
  self.x = g_new (double, n * dim);
  self.distances = g_new (double, n);
  self.sums = g_new (double, n_clusters * dim);
  self.counts = g_new (gsize, n_clusters);

  /* |x|^2 - 2 x c + |c|^2 cancels less around 0. */
  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < dim; j++) {
      mean[j] += x[i * dim + j] / n;
      largest = MAX (largest, fabs (x[i * dim + j]));
    }
  }
  self.rounding = dim * pow (1e-12 * largest, 2);
  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < dim; j++)
      self.x[i * dim + j] = x[i * dim + j] - mean[j];
  }
  ok = iterate (&self, max_iterations, rand, inertia, cancellable, error);
  for (gsize c = 0; c < n_clusters; c++) {
    for (gsize j = 0; j < dim; j++)
      centres[c * dim + j] += mean[j];
  }
  g_free (self.x);
  g_free (self.distances);
  g_free (self.sums);
  g_free (self.counts);
  return ok;
}
