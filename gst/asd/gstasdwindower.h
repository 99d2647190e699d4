/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_WINDOWER_H__
#define __GST_ASD_WINDOWER_H__

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstAsdWindower:
 *
 * Cuts a mono float stream into windows, the same windows whatever the buffer
 * sizes are:
 *
 * |[
 *  window > 0   |<---- window ---->|
 *               |<- interval ->|<---- window ---->|
 *  window = 0   |<--------- the whole clip --------->|
 * ]|
 *
 * A missing stretch (a GAP or DISCONT buffer, a jump of the timestamps by more
 * than 40 ms) ends the clip and starts the next one. Timestamps are counted in
 * samples from the first buffer of a clip; slow clock drift moves the count to
 * the buffers' time once it exceeds 20 ms, without breaking a window here or in
 * an element that gets the windows.
 *
 * Memory: one window, or at most max-window for whole clips.
 */
typedef struct _GstAsdWindower GstAsdWindower;

/**
 * GstAsdWindow:
 * @samples: (array length=n_samples): valid during the call only
 * @n_samples: at least 1
 * @timestamp: of the first sample
 * @duration: of all samples
 * @discont: the first window after a missing stretch
 * @cut: a whole clip that was cut because it is longer than max-window
 */
typedef struct
{
  const gfloat *samples;
  gsize n_samples;
  GstClockTime timestamp;
  GstClockTime duration;
  gboolean discont;
  gboolean cut;
} GstAsdWindow;

typedef GstFlowReturn (*GstAsdWindowFunc) (const GstAsdWindow * window,
    gpointer user_data);

/**
 * gst_asd_windower_new: (skip)
 * @func: called for every window from within push() and finish()
 */
GstAsdWindower *gst_asd_windower_new (GstAsdWindowFunc func,
    gpointer user_data);

void gst_asd_windower_free (GstAsdWindower * self);

/**
 * gst_asd_windower_configure: (skip)
 * @rate: samples per second, at least 1
 * @window: ns, 0 for whole clips
 * @interval: ns between the starts of windows, 0 for @window
 * @max_window: ns, bound of a whole clip
 *
 * Also drops what is collected.
 */
void gst_asd_windower_configure (GstAsdWindower * self, gint rate,
    GstClockTime window, GstClockTime interval, GstClockTime max_window);

/**
 * gst_asd_windower_push: (skip)
 * @buffer: (transfer none): F32LE mono samples
 *
 * Returns: what the function returned for the last window
 */
GstFlowReturn gst_asd_windower_push (GstAsdWindower * self,
    GstBuffer * buffer);

/**
 * gst_asd_windower_finish: (skip)
 *
 * Ends the clip: a whole clip is handed on, a partial window is dropped and
 * counted.
 */
GstFlowReturn gst_asd_windower_finish (GstAsdWindower * self);

/**
 * gst_asd_windower_reset: (skip)
 *
 * Drops what is collected, as a flush does.
 */
void gst_asd_windower_reset (GstAsdWindower * self);

/**
 * gst_asd_windower_get_window_samples: (skip)
 *
 * Returns: samples per window, 0 for whole clips
 */
gsize gst_asd_windower_get_window_samples (const GstAsdWindower * self);

/**
 * gst_asd_windower_get_dropped: (skip)
 *
 * Returns: partial windows dropped since the windower was made
 */
guint64 gst_asd_windower_get_dropped (const GstAsdWindower * self);

G_END_DECLS

#endif /* __GST_ASD_WINDOWER_H__ */
