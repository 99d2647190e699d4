/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "metrics.h"

#include <math.h>
#include <stdlib.h>

typedef struct
{
  double score;
  gboolean anomalous;
} Clip;

static int
compare_falling (const void *a, const void *b)
{
  double x = ((const Clip *) a)->score, y = ((const Clip *) b)->score;

  return (x < y) - (x > y);
}

/* Clips by falling score, or NULL where there is no characteristic. */
static Clip *
sort_clips (const double *scores, const guint8 * labels, gsize n,
    gsize *n_anomalous)
{
  Clip *clips = g_new (Clip, n);
  gboolean valid = TRUE;

  *n_anomalous = 0;
  for (gsize i = 0; i < n; i++) {
    clips[i].score = scores[i];
    clips[i].anomalous = labels[i] != 0;
    *n_anomalous += clips[i].anomalous;
    valid = valid && !isnan (scores[i]);
  }
  if (!valid || *n_anomalous == 0 || *n_anomalous == n) {
    g_free (clips);
    return NULL;
  }
  qsort (clips, n, sizeof *clips, compare_falling);
  return clips;
}

/* Area under the characteristic up to max_fpr. It is summed in units of one
 * pair of clips, in which whole steps are exact. */
static double
roc_area (const double *scores, const guint8 * labels, gsize n, double max_fpr)
{
  gsize n_anomalous, n_normal;
  Clip *clips = sort_clips (scores, labels, n, &n_anomalous);
  double limit, area = 0, x = 0, y = 0;

  if (clips == NULL)
    return NAN;
  n_normal = n - n_anomalous;
  limit = max_fpr * n_normal;

  for (gsize i = 0; i < n && x < limit;) {
    double dx = 0, dy = 0, part;
    gsize first = i;

    /* Tied clips pass the threshold together. */
    for (; i < n && clips[i].score == clips[first].score; i++) {
      if (clips[i].anomalous)
        dy++;
      else
        dx++;
    }
    part = dx > 0 ? MIN (1, (limit - x) / dx) : 1;
    area += part * dx * (y + part * dy / 2);
    x += dx;
    y += dy;
  }
  g_free (clips);
  return area / n_normal / n_anomalous;
}

double
asd_auc (const double *scores, const guint8 * labels, gsize n)
{
  return roc_area (scores, labels, n, 1);
}

double
asd_pauc (const double *scores, const guint8 * labels, gsize n, double max_fpr)
{
  double area, chance = max_fpr * max_fpr / 2;

  g_return_val_if_fail (max_fpr > 0 && max_fpr <= 1, NAN);

  area = roc_area (scores, labels, n, max_fpr);
  return 0.5 * (1 + (area - chance) / (max_fpr - chance));
}
