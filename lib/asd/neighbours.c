/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "neighbours.h"

#include <float.h>

#include "linalg.h"
#include "simd.h"

/* Queries that are worked on together. */
#define BLOCK 64

/* Accumulators that run side by side, whatever the width of a vector unit. */
#define LANES 8

/* Groups of vectors for each neighbour that is looked for. */
#define GROUPS 4

/* Steps in which a bound is narrowed down. */
#define BISECTIONS 16

/* Sum of lengths, in units of the longest vector, whose products with others
 * are far from an overflow in single precision. */
#define MAX_LENGTH 1e15

struct _AsdNeighbours
{
  gsize n, dim;
  double *x;                    /* n x dim */

  /* The same for the screening: minus their mean, the longest one of length 1,
   * so that neither offset nor unit of the data costs precision or range. */
  double *centre;
  double scale;
  float *scaled;                /* n x dim */
  float *norms;                 /* n, squared */

  /* of asd_neighbours_find() */
  float *queries;               /* BLOCK x dim */
  float *screen;                /* BLOCK x n */
  float *minima;                /* n */
  gsize *candidates;            /* n */
};

ASD_KERNEL
distance_kernel (const double *a, const double *b, gsize dim, double *sum)
{
  double lanes[LANES] = { 0 };
  gsize k = 0;

  for (; k + LANES <= dim; k += LANES) {
    for (gsize i = 0; i < LANES; i++)
      lanes[i] += (a[k + i] - b[k + i]) * (a[k + i] - b[k + i]);
  }
  for (gsize i = 0; k + i < dim; i++)
    lanes[i] += (a[k + i] - b[k + i]) * (a[k + i] - b[k + i]);
  for (gsize width = LANES / 2; width > 0; width /= 2) {
    for (gsize i = 0; i < width; i++)
      lanes[i] += lanes[i + width];
  }
  *sum = lanes[0];
}

ASD_DEFINE_KERNEL (squared_distance, distance_kernel,
    (const double *a, const double *b, gsize dim, double *sum),
    (a, b, dim, sum));

/* Centres and scales a vector. Returns the square of its length. */
static double
scale_vector (const AsdNeighbours * self, const double *x, float *scaled)
{
  double norm = 0;

  for (gsize j = 0; j < self->dim; j++) {
    scaled[j] = (x[j] - self->centre[j]) * self->scale;
    norm += (double) scaled[j] * scaled[j];
  }
  return norm;
}

AsdNeighbours *
asd_neighbours_new (const double *x, gsize n, gsize dim)
{
  AsdNeighbours *self = g_new0 (AsdNeighbours, 1);
  double longest = 0;

  self->n = n;
  self->dim = dim;
  self->x = g_new (double, n * dim);
  memcpy (self->x, x, n * dim * sizeof *x);
  self->centre = g_new0 (double, dim);
  self->scaled = g_new (float, n * dim);
  self->norms = g_new (float, n);
  self->queries = g_new (float, BLOCK * dim);
  self->screen = g_new (float, BLOCK * n);
  self->minima = g_new (float, n);
  self->candidates = g_new (gsize, n);

  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < dim; j++)
      self->centre[j] += x[i * dim + j] / n;
  }
  for (gsize i = 0; i < n; i++) {
    double norm;

    squared_distance (x + i * dim, self->centre, dim, &norm);
    longest = MAX (longest, norm);
  }
  self->scale = longest > DBL_MIN ? 1 / sqrt (longest) : 1;
  for (gsize i = 0; i < n; i++)
    self->norms[i] = scale_vector (self, x + i * dim, self->scaled + i * dim);
  return self;
}

void
asd_neighbours_free (AsdNeighbours * self)
{
  g_free (self->x);
  g_free (self->centre);
  g_free (self->scaled);
  g_free (self->norms);
  g_free (self->queries);
  g_free (self->screen);
  g_free (self->minima);
  g_free (self->candidates);
  g_free (self);
}

const double *
asd_neighbours_get_vectors (const AsdNeighbours * self)
{
  return self->x;
}

gsize
asd_neighbours_get_n (const AsdNeighbours * self)
{
  return self->n;
}

gsize
asd_neighbours_get_dim (const AsdNeighbours * self)
{
  return self->dim;
}

/* Most that |a|^2 + |b|^2 - 2 a'b is off in single precision, for vectors of
 * lengths that sum to @length: each factor and each sum is rounded by half of
 * FLT_EPSILON, a'b has dim of them whatever their order, at most
 * length^2 / 4; the rest is less than eight. */
static double
screen_error (const AsdNeighbours * self, double length)
{
  if (!(length < MAX_LENGTH))
    return INFINITY;
  return (self->dim + 16) * (FLT_EPSILON / 2 * length * length + FLT_MIN);
}

/* The smallest of each of several groups, interleaved and of a multiple of LANES,
 * that @n values are divided into. Only whole rounds of groups are looked at. */
ASD_KERNEL
minima_kernel (const float *values, gsize n, gsize n_groups, float *minima)
{
  memcpy (minima, values, n_groups * sizeof *minima);
  for (gsize begin = n_groups; begin + n_groups <= n; begin += n_groups) {
    for (gsize i = 0; i < n_groups; i += LANES) {
      for (gsize l = 0; l < LANES; l++) {
        const float value = values[begin + i + l];

        minima[i + l] = value < minima[i + l] ? value : minima[i + l];
      }
    }
  }
}

/* A little above the @k-th smallest of @n values, a multiple of LANES. */
ASD_KERNEL
bound_kernel (const float *values, gsize n, gsize k, float *bound)
{
  float low = INFINITY, high = -INFINITY;

  for (gsize i = 0; i < n; i++) {
    low = values[i] < low ? values[i] : low;
    high = values[i] > high ? values[i] : high;
  }
  for (guint step = 0; step < BISECTIONS; step++) {
    const float middle = low + (high - low) / 2;
    guint lanes[LANES] = { 0 };
    gsize count = 0;

    for (gsize i = 0; i < n; i += LANES) {
      for (gsize l = 0; l < LANES; l++)
        lanes[l] += values[i + l] <= middle;
    }
    for (gsize l = 0; l < LANES; l++)
      count += lanes[l];
    if (count >= k)
      high = middle;
    else
      low = middle;
  }
  *bound = high;
}

/* Hardly above the @k-th smallest of @n values: a bound of the k-th smallest of
 * the smallest of each group. */
ASD_KERNEL
kth_kernel (const float *values, gsize n, gsize n_groups, gsize k,
    float *minima, float *bound)
{
  minima_kernel (values, n, n_groups, minima);
  bound_kernel (minima, n_groups, k, bound);
}

ASD_DEFINE_KERNEL (bound_kth, kth_kernel,
    (const float *values, gsize n, gsize n_groups, gsize k, float *minima,
        float *bound), (values, n, n_groups, k, minima, bound));

/* Keeps the @k nearest, sorted. Indices rise, so that the first of equal
 * distances has the lowest one. */
static gsize
offer (AsdNeighbour * found, gsize n_found, gsize k, gsize index, double d)
{
  gsize place;

  if (n_found < k)
    place = n_found++;
  else if (d < found[k - 1].distance)
    place = k - 1;
  else
    return n_found;
  for (; place > 0 && d < found[place - 1].distance; place--)
    found[place] = found[place - 1];
  found[place].index = index;
  found[place].distance = d;
  return n_found;
}

/* Lists the vectors that may be among the @k nearest of a query a of this
 * length, by |b|^2 - 2 a'b of all vectors b: those where that, less its error,
 * is not above the k-th smallest one plus its error. */
static gsize
list_candidates (AsdNeighbours * self, const float *screen, double length,
    gsize k)
{
  const gsize n_groups = (GROUPS * k + LANES - 1) / LANES * LANES;
  float limit = INFINITY;
  gsize n_candidates = 0;

  if (2 * n_groups <= self->n) {
    bound_kth (screen, self->n, n_groups, k, self->minima, &limit);
    limit += 2 * screen_error (self, length + 1);
  }
  for (gsize i = 0; i < self->n; i++) {
    self->candidates[n_candidates] = i;
    /* Not <=, as too large a query makes it a NaN. */
    n_candidates += !(screen[i] > limit);
  }
  return n_candidates;
}

static void
select_nearest (AsdNeighbours * self, const double *query, gsize own,
    gsize n_candidates, gsize k, AsdNeighbour * found)
{
  gsize n_found = 0;

  for (gsize i = 0; i < n_candidates; i++) {
    const gsize index = self->candidates[i];
    double d;

    if (index == own)
      continue;
    squared_distance (query, self->x + index * self->dim, self->dim, &d);
    n_found = offer (found, n_found, k, index, d);
  }
  for (gsize i = 0; i < k; i++)
    found[i].distance = sqrt (found[i].distance);
}

void
asd_neighbours_find (AsdNeighbours * self, const double *queries,
    gsize n_queries, gssize first, gsize k, AsdNeighbour * found)
{
  for (gsize begin = 0; begin < n_queries; begin += BLOCK) {
    const gsize rows = MIN (BLOCK, n_queries - begin);
    double norms[BLOCK];

    for (gsize i = 0; i < rows; i++) {
      norms[i] = scale_vector (self, queries + (begin + i) * self->dim,
          self->queries + i * self->dim);
      memcpy (self->screen + i * self->n, self->norms,
          self->n * sizeof (float));
      /* Not its own neighbour. */
      if (first >= 0)
        self->screen[i * self->n + first + begin + i] = INFINITY;
    }
    if (rows == 1)
      cblas_sgemv (CblasRowMajor, CblasNoTrans, self->n, self->dim, -2,
          self->scaled, self->dim, self->queries, 1, 1, self->screen, 1);
    else
      cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, rows, self->n,
          self->dim, -2, self->queries, self->dim, self->scaled, self->dim, 1,
          self->screen, self->n);
    for (gsize i = 0; i < rows; i++) {
      const gsize n_candidates = list_candidates (self,
          self->screen + i * self->n, sqrt (norms[i]), k);

      select_nearest (self, queries + (begin + i) * self->dim,
          first < 0 ? G_MAXSIZE : first + begin + i, n_candidates, k,
          found + (begin + i) * k);
    }
  }
}

double
asd_neighbours_mean_distance (const AsdNeighbour * found, gsize k)
{
  double sum = 0;

  for (gsize i = 0; i < k; i++)
    sum += found[i].distance;
  return sum / k;
}

void
asd_neighbours_get_parts (const AsdNeighbours * self, const double *query,
    const AsdNeighbour * found, gsize k, double scale, double *parts)
{
  memset (parts, 0, self->dim * sizeof *parts);
  for (gsize i = 0; i < k; i++) {
    const double *x = self->x + found[i].index * self->dim;
    const double weight = found[i].distance > 0 ?
        scale / (k * found[i].distance) : 0;

    for (gsize j = 0; j < self->dim; j++)
      parts[j] += weight * (query[j] - x[j]) * (query[j] - x[j]);
  }
}

AsdNeighbour *
asd_neighbours_find_own (AsdNeighbours * self, gsize k,
    GCancellable * cancellable, GError ** error)
{
  AsdNeighbour *found = g_new (AsdNeighbour, self->n * k);

  for (gsize begin = 0; begin < self->n; begin += BLOCK) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error)) {
      g_free (found);
      return NULL;
    }
    asd_neighbours_find (self, self->x + begin * self->dim,
        MIN (BLOCK, self->n - begin), begin, k, found + begin * k);
  }
  return found;
}
