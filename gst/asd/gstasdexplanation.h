/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_EXPLANATION_H__
#define __GST_ASD_EXPLANATION_H__

#include <asd/asd.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* Where each value of a feature frame comes from, asked for upstream: a custom
 * query "asd-axes", whose answer has the fields axes (GBytes of one #AsdAxis for
 * each value of a frame) and rate (int, as in the caps). */

/**
 * gst_asd_query_is_axes: (skip)
 *
 * Returns: whether it asks for the axes
 */
gboolean gst_asd_query_is_axes (GstQuery * query);

/**
 * gst_asd_query_set_axes: (skip)
 * @axes: an #AsdAxis for each value of a frame
 * @rate: sample rate in Hz of the audio that they are for
 *
 * Answers the query.
 */
void gst_asd_query_set_axes (GstQuery * query, GBytes * axes, gint rate);

/**
 * gst_asd_pad_query_axes: (skip)
 * @sinkpad: a pad for features
 * @rate: (out): as in gst_asd_query_set_axes()
 *
 * Asks the elements before @sinkpad. It is for the caller to see whether the
 * answer is for the caps of the pad: what is before a queue may be past them.
 *
 * Returns: (transfer full) (nullable): the axes, NULL where nobody knows
 */
GBytes *gst_asd_pad_query_axes (GstPad * sinkpad, gint * rate);

/**
 * gst_asd_buffer_add_shares: (skip)
 * @buffer: a writable buffer with a score
 * @shares: an #AsdShare for each band, in order
 *
 * Attaches what the score comes from as a custom meta of its own, so that scores
 * can be joined together with what they come from.
 */
void gst_asd_buffer_add_shares (GstBuffer * buffer, GBytes * shares);

/**
 * gst_asd_buffer_get_shares: (skip)
 *
 * Returns: (transfer none) (nullable): what gst_asd_buffer_add_shares() attached
 */
GBytes *gst_asd_buffer_get_shares (GstBuffer * buffer);

/**
 * gst_asd_buffers_merge_shares: (skip)
 * @parts: for each of @n systems the buffers (GstBuffer) that it has for a window
 * @weights: of each system
 *
 * Returns: (transfer full) (nullable): the mean, weighted, of the shares of those
 *     that have some; NULL where none has, or none of these has a weight
 */
GBytes *gst_asd_buffers_merge_shares (GPtrArray * const *parts,
    const gdouble * weights, guint n);

/**
 * gst_asd_score_explain: (skip)
 * @score: a score structure
 * @shares: (nullable): as above
 *
 * Adds the fields that say where an anomalous score comes from, see
 * %GST_ASD_SCORE_NAME. Leaves other scores alone.
 */
void gst_asd_score_explain (GstStructure * score, GBytes * shares);

/**
 * gst_asd_score_copy_explanation: (skip)
 * @score: a score structure
 * @to: another structure
 *
 * Copies the fields that gst_asd_score_explain() added, if any.
 */
void gst_asd_score_copy_explanation (const GstStructure * score,
    GstStructure * to);

G_END_DECLS

#endif /* __GST_ASD_EXPLANATION_H__ */
