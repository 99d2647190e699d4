/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_JOINER_H__
#define __GST_ASD_JOINER_H__

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_ASD_JOINER (gst_asd_joiner_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstAsdJoiner, gst_asd_joiner, GST, ASD_JOINER,
    GstElement)

/**
 * GstAsdJoinerWindow:
 * @timestamp: first sample of the window in @segment
 * @duration: length of the window
 * @segment: TIME segment of the first pad
 * @stream_id: (nullable): stream of the first pad
 *
 * A stretch of a stream that all pads have something for.
 */
typedef struct
{
  GstClockTime timestamp;
  GstClockTime duration;
  const GstSegment *segment;
  const gchar *stream_id;
} GstAsdJoinerWindow;

/**
 * GstAsdJoinerClass:
 * @start: (nullable): on the way to PAUSED, before data flows; on failure post
 *     an error
 * @stop: (nullable): on the way back, or after @start failed
 * @negotiate: the caps of the output. @caps has those of each pad, in pad
 *     order, none of them NULL; on failure post an error and return NULL
 * @join: makes @out from the buffers of one window: @parts has for each pad, in
 *     pad order, a GPtrArray of at least one GstBuffer. Leave @out NULL where
 *     there is nothing to say; the base class sets its times
 *
 * Base class of elements that join several branches, window by window: request
 * pads sink_%u, an always pad src.
 *
 * Windows of different pads belong together by running time and clip. All pads
 * may have windows of their own length: the longest are the windows of the
 * output (of the first pad where they are equally long), and what another pad
 * has to say of one are its windows that lie within it. Where a pad has none, or
 * has ended, the window is left out with a warning.
 *
 * A pad never waits for another one, so branches with different windows
 * behind one tee cannot starve each other; a pad that gets
 * %GST_ASD_JOINER_MAX_WINDOWS windows ahead of another is an error that names
 * both. Clips, tags and segments are those of the first pad. Adds no latency.
 *
 * The output is pushed by the thread that brings the last part of a window, and
 * blocks there while downstream is busy.
 */
struct _GstAsdJoinerClass
{
  GstElementClass parent_class;

  gboolean (*start) (GstAsdJoiner * self);
  void (*stop) (GstAsdJoiner * self);
  GstCaps *(*negotiate) (GstAsdJoiner * self, GstCaps * const *caps,
      guint n_pads);
  GstFlowReturn (*join) (GstAsdJoiner * self,
      const GstAsdJoinerWindow * window, GPtrArray * const *parts,
      guint n_pads, GstBuffer ** out);

  /*< private >*/
  gpointer _gst_reserved[GST_PADDING];
};

/**
 * GST_ASD_JOINER_MAX_WINDOWS:
 *
 * How many windows a pad may be ahead of the others.
 */
#define GST_ASD_JOINER_MAX_WINDOWS 1024

/**
 * gst_asd_joiner_get_pad_name: (skip)
 * @i: index in pad order
 *
 * For error texts, where @negotiate and @join run.
 */
const gchar *gst_asd_joiner_get_pad_name (GstAsdJoiner * self, guint i);

G_END_DECLS

#endif /* __GST_ASD_JOINER_H__ */
