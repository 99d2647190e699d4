/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_SCOPE_HISTORY_H__
#define __ASD_SCOPE_HISTORY_H__

#include <gst/gst.h>

G_BEGIN_DECLS

/* Columns that are kept; a scrolling view shows half of them. */
#define SCOPE_COLUMNS 2048

/* Values of a column, at most. */
#define SCOPE_MAX_BINS 512

/* What is known of a short stretch of time. */
typedef struct
{
  gdouble score;                /* NaN: none */
  gdouble threshold;            /* NaN: none */
  gboolean anomalous;
  guint serial;                 /* of the window its values are from; 0: none */
} ScopeColumn;

/* What a scope shows, in columns of equal time. Memory is bounded: columns that
 * left a scrolling view are dropped, those of a view of everything are merged
 * by pairs when there are too many. Times are in ns and count up. */
typedef struct
{
  GstClockTime span;            /* of a scrolling view, 0: of everything */
  GstClockTime column_time;     /* of one column */
  GstClockTime origin;          /* start of the first column, NONE: empty */
  GstClockTime first;           /* first time of all */
  GstClockTime now;             /* how far time went */
  GstClockTime score_end;       /* how far scores went */
  guint n_columns;
  ScopeColumn columns[SCOPE_COLUMNS];
  gdouble last_score, last_threshold;
  gboolean last_anomalous, has_scores;

  guint n_bins;
  gfloat *values;               /* [column][bin] */

  guint first_changed;          /* column, since the painter set it */
} ScopeHistory;

ScopeHistory *scope_history_new (void);
void scope_history_free (ScopeHistory * self);

/* Forgets everything but the number of bins. */
void scope_history_reset (ScopeHistory * self, GstClockTime span);

/* Values of a column, 0 for none; forgets those that are there. */
void scope_history_set_bins (ScopeHistory * self, guint n_bins);

/* The values of [from, to). Where values of the same serial are, the larger
 * count; those of another serial are replaced. */
void scope_history_put (ScopeHistory * self, GstClockTime from,
    GstClockTime to, guint serial, const gfloat * values);

/* The score of a window. Of windows that overlap, each shows its score where it
 * is new. */
void scope_history_put_score (ScopeHistory * self, GstClockTime from,
    GstClockTime to, gdouble score, gdouble threshold, gboolean anomalous);

/* Time goes on, with nothing to show. */
void scope_history_advance (ScopeHistory * self, GstClockTime to);

/* What the picture's left and right ends stand for. */
void scope_history_get_view (const ScopeHistory * self, GstClockTime * from,
    GstClockTime * to);

/* Nearly the smallest and nearly the largest value, FALSE where there is
 * none. */
gboolean scope_history_get_range (const ScopeHistory * self, gfloat * low,
    gfloat * high);

G_END_DECLS

#endif /* __ASD_SCOPE_HISTORY_H__ */
