/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scopehistory.h"

#include <math.h>
#include <string.h>

/* Columns of a scrolling view. */
#define VIEW_COLUMNS (SCOPE_COLUMNS / 2)

/* Shorter than a frame of sound nothing can be seen. */
#define MIN_SPAN (100 * GST_MSECOND)

/* A view of everything starts with columns this short. */
#define FIRST_COLUMN_TIME GST_MSECOND

/* Values that a range is told from, about. */
#define RANGE_VALUES 8192

ScopeHistory *
scope_history_new (void)
{
  ScopeHistory *self = g_new0 (ScopeHistory, 1);

  scope_history_reset (self, 0);
  return self;
}

void
scope_history_free (ScopeHistory * self)
{
  if (self == NULL)
    return;
  g_free (self->values);
  g_free (self);
}

static const ScopeColumn empty_column = { NAN, NAN, FALSE, 0 };

void
scope_history_reset (ScopeHistory * self, GstClockTime span)
{
  guint i;

  if (span > 0)
    span = MAX (span, MIN_SPAN);
  self->span = span;
  self->column_time = span > 0 ? span / VIEW_COLUMNS : FIRST_COLUMN_TIME;
  self->origin = GST_CLOCK_TIME_NONE;
  self->first = self->now = self->score_end = 0;
  self->n_columns = 0;
  self->first_changed = 0;
  self->has_scores = self->last_anomalous = FALSE;
  self->last_score = self->last_threshold = NAN;
  for (i = 0; i < SCOPE_COLUMNS; i++)
    self->columns[i] = empty_column;
}

void
scope_history_set_bins (ScopeHistory * self, guint n_bins)
{
  guint i;

  g_return_if_fail (n_bins <= SCOPE_MAX_BINS);

  self->n_bins = n_bins;
  g_free (self->values);
  self->values = g_new0 (gfloat, (gsize) SCOPE_COLUMNS * n_bins);
  for (i = 0; i < SCOPE_COLUMNS; i++)
    self->columns[i].serial = 0;
  self->first_changed = 0;
}

static gfloat *
column_values (const ScopeHistory * self, guint i)
{
  return self->values + (gsize) i *self->n_bins;
}

static void
mark_changed (ScopeHistory * self, guint column)
{
  self->first_changed = MIN (self->first_changed, column);
}

static gdouble
larger (gdouble a, gdouble b)
{
  return isnan (a) || b > a ? b : a;
}

static void
put_values (ScopeHistory * self, guint i, guint serial, const gfloat *values)
{
  gfloat *mine = column_values (self, i);
  guint b;

  if (self->columns[i].serial != serial) {
    memcpy (mine, values, self->n_bins * sizeof (gfloat));
    self->columns[i].serial = serial;
    return;
  }
  for (b = 0; b < self->n_bins; b++)
    mine[b] = MAX (mine[b], values[b]);
}

/* Drops the oldest columns. */
static void
drop (ScopeHistory * self, guint64 n)
{
  guint kept = n < self->n_columns ? self->n_columns - n : 0;
  guint i;

  if (kept > 0) {
    memmove (self->columns, self->columns + n, kept * sizeof (ScopeColumn));
    if (self->n_bins > 0)
      memmove (self->values, column_values (self, n),
          (gsize) kept * self->n_bins * sizeof (gfloat));
  }
  for (i = kept; i < self->n_columns; i++)
    self->columns[i] = empty_column;
  self->n_columns = kept;
  self->origin += n * self->column_time;
  self->first_changed = 0;
}

/* Puts two columns into one, everywhere. */
static void
merge_pairs (ScopeHistory * self)
{
  guint i, n = (self->n_columns + 1) / 2;

  for (i = 0; i < n; i++) {
    ScopeColumn *a = &self->columns[2 * i], *b = a + 1;
    ScopeColumn merged = *a;

    merged.score = larger (a->score, b->score);
    merged.threshold = larger (a->threshold, b->threshold);
    merged.anomalous = a->anomalous || b->anomalous;
    if (self->n_bins > 0) {
      if (b->serial != 0)
        put_values (self, 2 * i, a->serial != 0 ? a->serial : b->serial,
            column_values (self, 2 * i + 1));
      memmove (column_values (self, i), column_values (self, 2 * i),
          self->n_bins * sizeof (gfloat));
    }
    merged.serial = MAX (a->serial, b->serial);
    self->columns[i] = merged;
  }
  for (i = n; i < self->n_columns; i++)
    self->columns[i] = empty_column;
  self->n_columns = n;
  self->column_time *= 2;
  self->first_changed = 0;
}

/* The columns of [from, to), made where there are none yet; FALSE where all of
 * them are dropped already. */
static gboolean
get_columns (ScopeHistory * self, GstClockTime from, GstClockTime to,
    guint *first, guint *last)
{
  guint64 i;

  if (to <= from)
    return FALSE;
  if (!GST_CLOCK_TIME_IS_VALID (self->origin))
    self->origin = self->first = self->now = self->score_end = from;
  if (to <= self->origin)
    return FALSE;
  while ((i = (to - 1 - self->origin) / self->column_time) >= SCOPE_COLUMNS) {
    if (self->span > 0)
      drop (self, i - VIEW_COLUMNS);
    else
      merge_pairs (self);
  }
  *last = i;
  *first = from > self->origin ? (from - self->origin) / self->column_time : 0;
  self->n_columns = MAX (self->n_columns, *last + 1);
  return TRUE;
}

void
scope_history_put (ScopeHistory * self, GstClockTime from, GstClockTime to,
    guint serial, const gfloat *values)
{
  guint i, first, last;

  if (self->n_bins == 0 || !get_columns (self, from, to, &first, &last))
    return;
  for (i = first; i <= last; i++)
    put_values (self, i, serial, values);
  mark_changed (self, first);
}

void
scope_history_put_score (ScopeHistory * self, GstClockTime from,
    GstClockTime to, gdouble score, gdouble threshold, gboolean anomalous)
{
  guint i, first, last;
  GstClockTime new_from;

  if (!get_columns (self, from, to, &first, &last))
    return;
  for (i = first; i <= last; i++)
    self->columns[i].anomalous |= anomalous;

  new_from = self->has_scores ? MAX (from, self->score_end) : from;
  if (to > self->score_end || !self->has_scores)
    self->score_end = to;
  self->has_scores = TRUE;
  self->last_score = score;
  self->last_threshold = threshold;
  self->last_anomalous = anomalous;
  if (!isfinite (score) || !get_columns (self, new_from, to, &first, &last))
    return;
  for (i = first; i <= last; i++) {
    ScopeColumn *column = &self->columns[i];

    column->score = larger (column->score, score);
    if (isfinite (threshold))
      column->threshold = threshold;
  }
}

void
scope_history_advance (ScopeHistory * self, GstClockTime to)
{
  guint first, last;

  if (!GST_CLOCK_TIME_IS_VALID (self->origin))
    self->origin = self->first = self->now = self->score_end = to;
  if (to <= self->now)
    return;
  get_columns (self, self->now, to, &first, &last);
  self->now = to;
}

void
scope_history_get_view (const ScopeHistory * self, GstClockTime * from,
    GstClockTime * to)
{
  if (self->span > 0) {
    *to = MAX (self->now, self->first + self->span);
    *from = *to - self->span;
  } else {
    *from = self->first;
    *to = MAX (self->now, self->first + FIRST_COLUMN_TIME);
  }
}

static int
compare_floats (const void *a, const void *b)
{
  gfloat x = *(const gfloat *) a, y = *(const gfloat *) b;

  return (x > y) - (x < y);
}

gboolean
scope_history_get_range (const ScopeHistory * self, gfloat *low, gfloat *high)
{
  gfloat values[RANGE_VALUES];
  gsize n_all = (gsize) self->n_columns * self->n_bins;
  /* Odd, so that it does not meet the same bins in every column. */
  gsize step = (n_all / RANGE_VALUES + 1) | 1, k, n = 0;

  for (k = 0; k < n_all; k += step)
    if (self->columns[k / self->n_bins].serial != 0)
      values[n++] = self->values[k];
  if (n == 0)
    return FALSE;
  qsort (values, n, sizeof (gfloat), compare_floats);
  *low = values[n / 50];
  *high = values[n - 1 - n / 500];
  return TRUE;
}
