/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_SCOPE_IMAGE_H__
#define __ASD_SCOPE_IMAGE_H__

#include "scopehistory.h"

#include <asd/asd.h>
#include <cairo.h>

G_BEGIN_DECLS

/* A time of which nothing is known. */
#define SCOPE_BLANK 0xffd8d8d8

/* A pixel for each value of a history: columns from the left, values from the
 * bottom. Only what is new is painted. */
typedef struct
{
  cairo_surface_t *surface;     /* NULL until it is painted */
  guint n_bins;
  gdouble low, high;            /* what the first and the last colour stand for */
  guint32 colours[ASD_VIRIDIS_N_COLOURS];
} ScopeImage;

void scope_image_init (ScopeImage * self);
void scope_image_clear (ScopeImage * self);

/* Colours reach over the values of the history, at least over min_range and at
 * most over max_range. FALSE where memory lacks. */
gboolean scope_image_update (ScopeImage * self, ScopeHistory * history,
    gdouble min_range, gdouble max_range);

G_END_DECLS

#endif /* __ASD_SCOPE_IMAGE_H__ */
