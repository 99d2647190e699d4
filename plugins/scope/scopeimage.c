/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scopeimage.h"

#include <math.h>

void
scope_image_init (ScopeImage * self)
{
  self->surface = NULL;
  asd_viridis (self->colours);
  scope_image_clear (self);
}

void
scope_image_clear (ScopeImage * self)
{
  g_clear_pointer (&self->surface, cairo_surface_destroy);
  self->low = self->high = 0;
}

/* TRUE where the colours stand for other values than before. They follow the
 * history in steps, since all has to be painted again. */
static gboolean
update_range (ScopeImage * self, const ScopeHistory * history,
    gdouble min_range, gdouble max_range)
{
  gfloat smallest, largest;
  gdouble low, high, middle, slack;

  if (!scope_history_get_range (history, &smallest, &largest))
    return FALSE;
  high = largest;
  low = MAX (smallest, high - max_range);
  if (high - low < min_range) {
    middle = (low + high) / 2;
    low = middle - min_range / 2;
    high = middle + min_range / 2;
  }
  slack = 0.05 * (self->high - self->low);
  if (slack > 0 && fabs (low - self->low) <= slack
      && fabs (high - self->high) <= slack)
    return FALSE;
  self->low = low;
  self->high = high;
  return TRUE;
}

static void
paint_column (const ScopeImage * self, const ScopeHistory * history, guint i,
    guint32 * pixels, gsize stride)
{
  const guint last = G_N_ELEMENTS (self->colours) - 1;
  const gfloat *values = history->values + (gsize) i * history->n_bins;
  gboolean blank = history->columns[i].serial == 0;
  gdouble scale = last / (self->high - self->low);
  guint b;

  pixels += (history->n_bins - 1) * stride + i;
  for (b = 0; b < history->n_bins; b++, pixels -= stride) {
    gdouble place = blank ? 0 : (values[b] - self->low) * scale;

    *pixels = blank ? SCOPE_BLANK :
        self->colours[(guint) CLAMP (place, 0, last)];
  }
}

gboolean
scope_image_update (ScopeImage * self, ScopeHistory * history,
    gdouble min_range, gdouble max_range)
{
  guint32 *pixels;
  gsize stride;
  guint i;

  if (self->surface == NULL || self->n_bins != history->n_bins) {
    scope_image_clear (self);
    self->surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24,
        SCOPE_COLUMNS, history->n_bins);
    self->n_bins = history->n_bins;
    history->first_changed = 0;
  }
  if (cairo_surface_status (self->surface) != CAIRO_STATUS_SUCCESS)
    return FALSE;
  if (update_range (self, history, min_range, max_range))
    history->first_changed = 0;

  cairo_surface_flush (self->surface);
  pixels = (guint32 *) cairo_image_surface_get_data (self->surface);
  stride = cairo_image_surface_get_stride (self->surface) / sizeof (guint32);
  /* Behind the last column all is blank since the first time. */
  for (i = history->first_changed; i < SCOPE_COLUMNS; i++) {
    if (i >= history->n_columns && history->first_changed > 0)
      break;
    paint_column (self, history, i, pixels, stride);
  }
  history->first_changed = history->n_columns;
  cairo_surface_mark_dirty (self->surface);
  return TRUE;
}
