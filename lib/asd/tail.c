/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

#define NS_PER_DAY 86400e9

/* Supported is 3 / n. */
#define RULE_OF_THREE 3.0

/* The grid over which the distributions are weighed. */
#define N_SHAPES 41
#define MAX_SHAPE 0.5
#define N_SCALES 33
#define MAX_LOG_SCALE 2.3       /* a factor of 10 both ways, */
#define DEVIATIONS 8.0          /* or that many standard deviations */

/* Less would not be seen in any probability that can be asked for. */
#define MIN_WEIGHT 1e-15

struct _AsdTail
{
  double *sorted;               /* all scores, falling */
  gsize n;
  double base;                  /* u */
  gsize n_events;
  double unit;                  /* mean exceedance */
  double scales[N_SHAPES][N_SCALES];    /* in that unit */
  double weights[N_SHAPES][N_SCALES];   /* sum to 1 */
};

static int
compare_falling (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x < y) - (x > y);
}

static double
shape_at (gsize i)
{
  /* Whole numbers first, so that the middle one is exactly 0. */
  return MAX_SHAPE * ((double) i - N_SHAPES / 2) / (N_SHAPES / 2);
}

/* The mean of a distribution is scale / (1 - shape), and that of the exceedances
 * is known the better the more there are. */
static void
choose_scales (AsdTail * self)
{
  double range = fmin (MAX_LOG_SCALE, DEVIATIONS / sqrt (self->n_events));

  for (gsize i = 0; i < N_SHAPES; i++)
    for (gsize j = 0; j < N_SCALES; j++)
      self->scales[i][j] = (1 - shape_at (i)) *
          exp (range * ((double) j - N_SCALES / 2) / (N_SCALES / 2));
}

/* Logarithm of P (X > x); -infinity beyond the end of a bounded one. */
static double
log_survival (double shape, double scale, double x)
{
  double part = shape * x / scale;

  if (shape == 0)
    return -x / scale;
  return part > -1 ? -log1p (part) / shape : -INFINITY;
}

static double
log_likelihood (double shape, double scale, const double *x, gsize n)
{
  double sum = 0;

  /* The density is P (X > x)^(1 + shape) / scale. */
  for (gsize i = 0; i < n; i++)
    sum += log_survival (shape, scale, x[i]);
  return (1 + shape) * sum - n * log (scale);
}

/* x: exceedances in units of their mean */
static void
weigh (AsdTail * self, const double *x, gsize n)
{
  double largest = -INFINITY, sum = 0;

  choose_scales (self);
  for (gsize i = 0; i < N_SHAPES; i++) {
    for (gsize j = 0; j < N_SCALES; j++) {
      double l = log_likelihood (shape_at (i), self->scales[i][j], x, n);

      self->weights[i][j] = l;
      largest = fmax (largest, l);
    }
  }
  for (gsize i = 0; i < N_SHAPES; i++) {
    for (gsize j = 0; j < N_SCALES; j++) {
      self->weights[i][j] = exp (self->weights[i][j] - largest);
      sum += self->weights[i][j];
    }
  }
  for (gsize i = 0; i < N_SHAPES; i++)
    for (gsize j = 0; j < N_SCALES; j++)
      self->weights[i][j] /= sum;
}

/* u is a score, at least this many are higher unless too many are equal. */
static double
choose_base (const double *sorted, gsize n)
{
  gsize wanted = MAX (MIN (n / 5, (gsize) (3 * sqrt (n))), MIN (10, n / 2));
  gsize i = wanted;

  while (i < n && sorted[i] == sorted[wanted - 1])
    i++;
  return i < n ? sorted[i] : sorted[n - 1];
}

/* The highest exceedance of each event; returns their number. */
static gsize
find_events (const double *scores, gsize n, const gsize *clips, gsize n_clips,
    gsize run, double base, double *events)
{
  gsize n_events = 0, begin = 0, n_parts = clips != NULL ? n_clips : n;

  for (gsize c = 0; c < n_parts; c++) {
    gsize end = begin + (clips != NULL ? clips[c] : 1);
    gsize below = run;          /* since the last exceedance */

    for (gsize i = begin; i < end; i++) {
      double exceedance = scores[i] - base;

      if (exceedance <= 0) {
        below++;
        continue;
      }
      if (below >= run)
        events[n_events++] = exceedance;
      else
        events[n_events - 1] = fmax (events[n_events - 1], exceedance);
      below = 0;
    }
    begin = end;
  }
  return n_events;
}

AsdTail *
asd_tail_new (const double *scores, gsize n, const gsize *clips, gsize n_clips,
    gsize run)
{
  AsdTail *self = g_new0 (AsdTail, 1);
  double *events = g_new (double, n);

  self->n = n;
  self->sorted = g_memdup2 (scores, n * sizeof *scores);
  qsort (self->sorted, n, sizeof *scores, compare_falling);
  self->base = choose_base (self->sorted, n);
  self->n_events = find_events (scores, n, clips, n_clips, MAX (run, 1),
      self->base, events);

  for (gsize i = 0; i < self->n_events; i++)
    self->unit += events[i] / self->n_events;
  for (gsize i = 0; i < self->n_events; i++)
    events[i] /= self->unit;
  weigh (self, events, self->n_events);
  g_free (events);
  return self;
}

void
asd_tail_free (AsdTail * self)
{
  if (self == NULL)
    return;
  g_free (self->sorted);
  g_free (self);
}

gsize
asd_tail_get_n_events (const AsdTail * self)
{
  return self->n_events;
}

/* Of an event: the probability that it exceeds x units. */
static double
survival (const AsdTail * self, double x)
{
  double sum = 0;

  for (gsize i = 0; i < N_SHAPES; i++)
    for (gsize j = 0; j < N_SCALES; j++)
      if (self->weights[i][j] > MIN_WEIGHT)
        sum += self->weights[i][j] * exp (log_survival (shape_at (i),
                self->scales[i][j], x));
  return sum;
}

double
asd_tail_get_threshold (const AsdTail * self, double probability)
{
  const double wanted = probability * self->n / self->n_events;
  double low = 0, high = 1;

  if (wanted >= 1)
    return fmin (self->base, self->sorted[(gsize) (probability * self->n)]);
  while (survival (self, high) > wanted)
    high *= 2;
  while (high - low > 1e-10 * high) {
    double middle = (low + high) / 2;

    if (survival (self, middle) > wanted)
      low = middle;
    else
      high = middle;
  }
  return self->base + self->unit * high;
}

double
asd_false_alarms_to_probability (double per_day, guint64 interval)
{
  return per_day * (interval / NS_PER_DAY);
}

double
asd_false_alarms_supported (gsize n, guint64 interval)
{
  return RULE_OF_THREE / n * (NS_PER_DAY / interval);
}

gboolean
asd_false_alarms_check (double per_day, gsize n, guint64 interval,
    gboolean extrapolate, GError ** error)
{
  double supported = asd_false_alarms_supported (n, interval);
  double least = supported / ASD_MAX_EXTRAPOLATION;

  if (asd_false_alarms_to_probability (per_day, interval) >= 1) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "%g false alarms per day "
        "are not fewer than the %g windows of a day: allow fewer", per_day,
        NS_PER_DAY / interval);
    return FALSE;
  }
  if (per_day >= least || extrapolate)
    return TRUE;
  g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "%g false alarms per day "
      "cannot be promised from %" G_GSIZE_FORMAT " windows (%.3g h), which "
      "support %.3g per day (3 in %" G_GSIZE_FORMAT "), or %.3g when "
      "extrapolated %d-fold: give %.3g h of normal sound, allow %.3g, or "
      "extrapolate further with --extrapolate", per_day, n,
      n * (interval / 3600e9), supported, n, least, ASD_MAX_EXTRAPOLATION,
      n * (interval / 3600e9) * (least / per_day), least * 1.01);
  return FALSE;
}
