/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_SCORE_H__
#define __GST_ASD_SCORE_H__

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_ASD_SCORE_MEDIA_TYPE "application/x-asd-score"

/**
 * GST_ASD_SCORE_CAPS:
 *
 * Caps of score pads. One buffer is one window: one double, higher is more
 * anomalous, with the score structure as a custom meta.
 */
#define GST_ASD_SCORE_CAPS GST_ASD_SCORE_MEDIA_TYPE \
    ", format = (string) F64LE"

/**
 * GST_ASD_SCORE_NAME:
 *
 * Name of the score structure, of the element message that carries it and of
 * the registered custom meta.
 *
 * |[
 * score        double    how anomalous the window is, higher is more so
 * threshold    double    scores above it are anomalous; NaN where unknown
 * anomalous    boolean   score > threshold
 * timestamp    uint64    first sample of the window, ns
 * stream-time  uint64    the same in stream time, ns
 * running-time uint64    the same in running time, ns
 * duration     uint64    length of the window, ns
 * endtime      uint64    timestamp + duration, ns
 * stage        string    stage of the model that gave the score
 * model        string    model file
 * stream-id    string    stream the window came from
 * ]|
 *
 * An anomalous score also has, where the features and the scorer know, the bands
 * that it comes from, 3 of each kind where there are so many (see
 * asd_shares_get_top()):
 *
 * |[
 * band-1-low        double   lower edge of a frequency band, Hz
 * band-1-high       double   its upper edge, Hz
 * band-1-share      double   how much of the score comes from it, 0 to 1; the
 *                            next are band-2-... and band-3-...
 * modulation-1-low, modulation-1-high, modulation-1-share, ...
 *                   double   the same for modulation frequencies
 * text              string   the same as a phrase
 * ]|
 */
#define GST_ASD_SCORE_NAME "asd-score"

/**
 * gst_asd_score_register:
 *
 * Registers the custom meta. Every function here does so by itself; an
 * application calls it before it looks for the meta by name.
 */
void gst_asd_score_register (void);

/**
 * gst_asd_score_new:
 * @score: the score
 * @threshold: NaN where there is none
 * @segment: TIME segment of the window
 * @timestamp: first sample of the window in @segment
 * @duration: length of the window
 * @stage: stage that gave the score
 * @model: (nullable): model file
 * @stream_id: (nullable): stream that was scored
 *
 * Returns: (transfer full): the score structure
 */
GstStructure *gst_asd_score_new (gdouble score, gdouble threshold,
    const GstSegment * segment, GstClockTime timestamp, GstClockTime duration,
    const gchar * stage, const gchar * model, const gchar * stream_id);

/**
 * gst_asd_buffer_add_score:
 * @buffer: a writable buffer
 * @score: (transfer none): the score structure
 *
 * Attaches @score, replacing a score that is there.
 */
void gst_asd_buffer_add_score (GstBuffer * buffer, const GstStructure * score);

/**
 * gst_asd_buffer_get_score:
 *
 * Returns: (transfer none) (nullable): the score that @buffer carries
 */
const GstStructure *gst_asd_buffer_get_score (GstBuffer * buffer);

G_END_DECLS

#endif /* __GST_ASD_SCORE_H__ */
