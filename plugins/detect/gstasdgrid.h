/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_GRID_H__
#define __GST_ASD_GRID_H__

#include <gst/audio/audio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* Knows where windows end in a stream of audio, by counting as GstAsdWindower
 * does behind it, so that the stream can be cut there. */
typedef struct
{
  /* of the windows */
  gint model_rate;
  guint64 window;               /* samples at model_rate */
  guint64 interval;

  /* of the stream */
  gint rate;
  gint bpf;
  guint64 count;                /* samples since a window began afresh */
  GstClockTime next_time;       /* of the next buffer if nothing is missing */
} GstAsdGrid;

void gst_asd_grid_set_windows (GstAsdGrid * grid, gint model_rate,
    GstClockTime window, GstClockTime interval);
void gst_asd_grid_set_format (GstAsdGrid * grid, const GstAudioInfo * info);

/* What comes begins a window. */
void gst_asd_grid_reset (GstAsdGrid * grid);

/* Does this event make a window begin afresh? */
gboolean gst_asd_grid_is_break (GstEvent * event);

/* To be called for a buffer before all others: looks for what is missing before
 * it. Returns its samples. */
guint64 gst_asd_grid_enter (GstAsdGrid * grid, GstBuffer * buffer);

/* Where the next window ends that ends after a count of samples. */
guint64 gst_asd_grid_end_after (const GstAsdGrid * grid, guint64 count);

/* Samples from the start of the entered buffer to the next end of a window: 0
 * where one is just over, or none has begun. */
guint64 gst_asd_grid_to_end (const GstAsdGrid * grid);

/* The entered buffer, or a part of it, goes on. */
void gst_asd_grid_advance (GstAsdGrid * grid, guint64 samples);

G_END_DECLS

#endif /* __GST_ASD_GRID_H__ */
