/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_SCOPE_AXIS_H__
#define __ASD_SCOPE_AXIS_H__

#include <glib.h>

G_BEGIN_DECLS

#define SCOPE_MAX_TICKS 24
#define SCOPE_LABEL_SIZE 24

typedef struct
{
  gdouble value;
  gchar label[SCOPE_LABEL_SIZE];
} ScopeTick;

/* A scale of scores: v is drawn at asinh (v / knee), that is like a logarithm
 * above the knee; linear where knee is 0. low and high are the ends. */
typedef struct
{
  gdouble low, high, knee;
} ScopeScale;

/* Takes all of the n values in, and is like a logarithm where they are far
 * apart. Sorts them. */
void scope_scale_init (ScopeScale * self, gdouble * values, guint n);

/* Where a value lies: 0 at the low end, 1 at the high end. */
gdouble scope_scale_map (const ScopeScale * self, gdouble value);

/* Round numbers from low to high, n_max at most; all return how many. */
guint scope_ticks_for_scale (const ScopeScale * scale, guint n_max,
    ScopeTick ticks[SCOPE_MAX_TICKS]);

/* Times in seconds as "5 s", "1:05" and "1:00:05". */
guint scope_ticks_for_time (gdouble from, gdouble to, guint n_max,
    ScopeTick ticks[SCOPE_MAX_TICKS]);

/* Whole numbers from 0 to n - 1. */
guint scope_ticks_for_index (guint n, guint n_max,
    ScopeTick ticks[SCOPE_MAX_TICKS]);

/* Frequencies in Hz up to top, the highest first, however close. */
guint scope_ticks_for_frequency (gdouble top,
    ScopeTick ticks[SCOPE_MAX_TICKS]);

G_END_DECLS

#endif /* __ASD_SCOPE_AXIS_H__ */
