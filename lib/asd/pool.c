/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "pool.h"

#include <math.h>
#include <stdlib.h>

struct _AsdPool
{
  AsdPoolMethod method;
  double r;
  float *column;                /* one dimension of all frames */
  gsize capacity;
};

const GEnumValue *
asd_pool_method_values (void)
{
  static const GEnumValue values[] = {
    {ASD_POOL_MEAN, "Mean", "mean"},
    {ASD_POOL_MAX, "Maximum", "max"},
    {ASD_POOL_STD, "Standard deviation", "std"},
    {ASD_POOL_MEAN_STD, "Means, then standard deviations", "mean-std"},
    {ASD_POOL_GWRP, "Global weighted rank pooling", "gwrp"},
    {0, NULL, NULL},
  };

  return values;
}

AsdPool *
asd_pool_new (AsdPoolMethod method, double r)
{
  AsdPool *pool = g_new0 (AsdPool, 1);

  pool->method = method;
  pool->r = CLAMP (r, 0, 1);
  return pool;
}

void
asd_pool_free (AsdPool * pool)
{
  g_free (pool->column);
  g_free (pool);
}

gsize
asd_pool_get_n_out (const AsdPool * pool)
{
  return pool->method == ASD_POOL_MEAN_STD ? 2 : 1;
}

/* Welford's recurrence, in which a constant stays itself and has deviation 0. */
static void
moments (const float *x, gsize n, double *mean, double *std)
{
  double squares = 0;

  *mean = 0;
  for (gsize i = 0; i < n; i++) {
    double difference = x[i] - *mean;

    *mean += difference / (i + 1);
    squares += difference * (x[i] - *mean);
  }
  *std = sqrt (squares / n);
}

static float
maximum (const float *x, gsize n)
{
  float largest = x[0];

  for (gsize i = 1; i < n; i++)
    largest = MAX (largest, x[i]);
  return largest;
}

static int
compare_descending (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x < y) - (x > y);
}

static double
weighted_rank (float *x, gsize n, double r)
{
  double sum = 0, total = 0, weight = 1;

  qsort (x, n, sizeof *x, compare_descending);
  for (gsize i = 0; i < n; i++) {
    sum += weight * x[i];
    total += weight;
    weight *= r;
  }
  return sum / total;
}

void
asd_pool_process (AsdPool * pool, const float *frames, gsize n, gsize dim,
    float *out)
{
  double mean, std;

  if (n > pool->capacity) {
    pool->capacity = n;
    g_free (pool->column);
    pool->column = g_new (float, n);
  }
  for (gsize j = 0; j < dim; j++) {
    for (gsize i = 0; i < n; i++)
      pool->column[i] = frames[i * dim + j];
    switch (pool->method) {
      case ASD_POOL_MAX:
        out[j] = maximum (pool->column, n);
        break;
      case ASD_POOL_GWRP:
        out[j] = weighted_rank (pool->column, n, pool->r);
        break;
      default:
        moments (pool->column, n, &mean, &std);
        out[j] = pool->method == ASD_POOL_STD ? std : mean;
        if (pool->method == ASD_POOL_MEAN_STD)
          out[dim + j] = std;
        break;
    }
  }
}
