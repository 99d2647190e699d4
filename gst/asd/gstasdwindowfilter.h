/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_WINDOW_FILTER_H__
#define __GST_ASD_WINDOW_FILTER_H__

#include <gst/audio/audio.h>
#include <gst/asd/gstasdwindower.h>

G_BEGIN_DECLS

#define GST_ASD_AUDIO_CAPS "audio/x-raw, format = (string) " \
    GST_AUDIO_NE (F32) ", rate = (int) [ 1, max ], channels = (int) 1, " \
    "layout = (string) interleaved"

#define GST_TYPE_ASD_WINDOW_FILTER (gst_asd_window_filter_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstAsdWindowFilter, gst_asd_window_filter, GST,
    ASD_WINDOW_FILTER, GstElement)

/**
 * GstAsdWindowFilterClass:
 * @set_format: the sample rate is known: size the work and return the caps of
 *     the source pad. @window_samples is 0 for whole clips. On failure post an
 *     error with GST_ELEMENT_ERROR and return NULL.
 * @get_interval: ns between the starts of windows; default: the window
 * @process_window: turn one window into a buffer, or NULL in @outbuf where it
 *     gives none. The base class sets its timestamps. Samples are finite:
 *     other windows are skipped with a warning.
 * @src_query: answer a query on the source pad, in any thread; chain up for those
 *     of others
 *
 * Base class of elements that take mono audio window by window. It does the
 * windows, the timestamps, gaps, flushes, format changes, the end of a clip
 * (EOS, STREAM_START or the serialized custom event "asd-clip") and latency.
 * Subclasses add one sink pad template with GST_ASD_AUDIO_CAPS and one source
 * pad template.
 */
struct _GstAsdWindowFilterClass
{
  GstElementClass parent_class;

  GstCaps *(*set_format) (GstAsdWindowFilter * self, GstCaps * caps, gint rate,
      gsize window_samples);
  GstClockTime (*get_interval) (GstAsdWindowFilter * self);
  GstFlowReturn (*process_window) (GstAsdWindowFilter * self,
      const GstAsdWindow * window, GstBuffer ** outbuf);
  gboolean (*src_query) (GstAsdWindowFilter * self, GstQuery * query);

  /*< private >*/
  gpointer _gst_reserved[GST_PADDING];
};

/**
 * gst_asd_window_filter_skip_window: (skip)
 * @format: what is wrong and what to do, one line
 *
 * Posts a warning that @window gives no output. Its details structure has the
 * fields stream-id (string), timestamp (uint64, ns) and reason (string). The
 * window leaves as a GAP event.
 */
void gst_asd_window_filter_skip_window (GstAsdWindowFilter * self,
    const GstAsdWindow * window, const gchar * format,
    ...) G_GNUC_PRINTF (3, 4);

/**
 * gst_asd_window_filter_set_output_size: (skip)
 * @caps: caps of the buffers
 * @size: bytes of every buffer
 *
 * For @set_format: where all windows are of one size, buffers are recycled.
 */
void gst_asd_window_filter_set_output_size (GstAsdWindowFilter * self,
    GstCaps * caps, gsize size);

/**
 * gst_asd_window_filter_new_buffer: (skip)
 * @size: bytes, at most the output size if one is set
 * @buffer: (out): the buffer
 *
 * For @process_window.
 */
GstFlowReturn gst_asd_window_filter_new_buffer (GstAsdWindowFilter * self,
    gsize size, GstBuffer ** buffer);

G_END_DECLS

#endif /* __GST_ASD_WINDOW_FILTER_H__ */
