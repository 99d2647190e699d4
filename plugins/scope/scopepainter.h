/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_SCOPE_PAINTER_H__
#define __ASD_SCOPE_PAINTER_H__

#include "scopehistory.h"

#include <asd/mel.h>

G_BEGIN_DECLS

/* What the values of the columns are, from the bottom up. */
typedef struct
{
  gchar title[64];
  gboolean is_mel;              /* else the axis counts rows */
  AsdMelScale scale;            /* mel bands from 0 Hz to top_hz */
  gdouble top_hz;
  guint n_rows;
  const gchar *unit;            /* of the values, "" where it is not known */
  gdouble min_range, max_range;  /* of the colours */
} ScopeSource;

/* Draws a history. */
typedef struct _ScopePainter ScopePainter;

ScopePainter *scope_painter_new (void);
void scope_painter_free (ScopePainter * self);

/* @source: (nullable): NULL where there are scores only */
void scope_painter_set_source (ScopePainter * self,
    const ScopeSource * source);

/* Fills a picture of 32 bits a pixel, 0xffRRGGBB as numbers of this machine.
 * FALSE where @stride is not a multiple of 4 or memory lacks. */
gboolean scope_painter_draw (ScopePainter * self, ScopeHistory * history,
    guint8 * data, gint width, gint height, gint stride);

G_END_DECLS

#endif /* __ASD_SCOPE_PAINTER_H__ */
