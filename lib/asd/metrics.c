/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "metrics.h"

#include <math.h>
#include <stdlib.h>

static int
compare_falling (const void *a, const void *b)
{
  double x = ((const AsdRocLevel *) a)->score;
  double y = ((const AsdRocLevel *) b)->score;

  return (x < y) - (x > y);
}

AsdRocLevel *
asd_roc_levels (const double *scores, const guint8 * labels, gsize n,
    gsize *n_levels)
{
  AsdRocLevel *levels = g_new0 (AsdRocLevel, n);
  gboolean valid = TRUE;
  gsize n_anomalous = 0, last = 0;

  *n_levels = 0;
  for (gsize i = 0; i < n; i++) {
    levels[i].score = scores[i];
    levels[i].n_anomalous = labels[i] != 0;
    levels[i].n_normal = labels[i] == 0;
    n_anomalous += levels[i].n_anomalous;
    valid = valid && !isnan (scores[i]);
  }
  if (!valid || n_anomalous == 0 || n_anomalous == n) {
    g_free (levels);
    return NULL;
  }
  qsort (levels, n, sizeof *levels, compare_falling);

  for (gsize i = 1; i < n; i++) {
    if (levels[i].score != levels[last].score) {
      levels[++last] = levels[i];
      continue;
    }
    levels[last].n_normal += levels[i].n_normal;
    levels[last].n_anomalous += levels[i].n_anomalous;
  }
  *n_levels = last + 1;
  return levels;
}

/* Summed in units of one pair of clips, in which whole steps are exact. */
double
asd_roc_area (const AsdRocLevel * levels, gsize n_levels, double max_fpr)
{
  double n_normal = 0, n_anomalous = 0, limit, area = 0, x = 0, y = 0;

  for (gsize i = 0; i < n_levels; i++) {
    n_normal += levels[i].n_normal;
    n_anomalous += levels[i].n_anomalous;
  }
  limit = max_fpr * n_normal;

  for (gsize i = 0; i < n_levels && x < limit; i++) {
    double dx = levels[i].n_normal, dy = levels[i].n_anomalous;
    double part = dx > 0 ? MIN (1, (limit - x) / dx) : 1;

    area += part * dx * (y + part * dy / 2);
    x += dx;
    y += dy;
  }
  return area / n_normal / n_anomalous;
}

double
asd_roc_standardise (double area, double max_fpr)
{
  double chance = max_fpr * max_fpr / 2;

  return 0.5 * (1 + (area - chance) / (max_fpr - chance));
}

static double
area_of_clips (const double *scores, const guint8 * labels, gsize n,
    double max_fpr)
{
  gsize n_levels;
  AsdRocLevel *levels = asd_roc_levels (scores, labels, n, &n_levels);
  double area;

  if (levels == NULL)
    return NAN;
  area = asd_roc_area (levels, n_levels, max_fpr);
  g_free (levels);
  return area;
}

double
asd_auc (const double *scores, const guint8 * labels, gsize n)
{
  return area_of_clips (scores, labels, n, 1);
}

double
asd_pauc (const double *scores, const guint8 * labels, gsize n, double max_fpr)
{
  g_return_val_if_fail (max_fpr > 0 && max_fpr <= 1, NAN);

  return asd_roc_standardise (area_of_clips (scores, labels, n, max_fpr),
      max_fpr);
}

static double
share (double part, double whole)
{
  return whole > 0 ? part / whole : 0;
}

void
asd_detection_rate (AsdDetection * d)
{
  double found = d->true_positives;

  d->precision = share (found, found + d->false_positives);
  d->recall = share (found, found + d->false_negatives);
  d->f1 = share (2 * found, 2 * found + d->false_positives +
      d->false_negatives);
}

void
asd_detection_compute (const double *scores, const guint8 * labels, gsize n,
    double threshold, AsdDetection * d)
{
  gsize i;

  *d = (AsdDetection) {
  0};
  for (i = 0; i < n; i++) {
    if (scores[i] > threshold)
      *(labels[i] ? &d->true_positives : &d->false_positives) += 1;
    else
      *(labels[i] ? &d->false_negatives : &d->true_negatives) += 1;
  }
  asd_detection_rate (d);
}
