/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_UTILS_H__
#define __GST_ASD_UTILS_H__

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * gst_asd_param_spec_double: (skip)
 *
 * As g_param_spec_double(), with NaN ("not set") allowed as the default and as
 * a value. Values out of range are clamped without a warning.
 */
GParamSpec *gst_asd_param_spec_double (const gchar * name, const gchar * nick,
    const gchar * blurb, gdouble minimum, gdouble maximum,
    gdouble default_value, GParamFlags flags);

/**
 * gst_asd_stage_name:
 * @factory_name: for example "asdgraph" or "asdgraphtrain"
 *
 * Returns: (transfer full): the default stage name, "graph" for both
 */
gchar *gst_asd_stage_name (const gchar * factory_name);

/**
 * gst_asd_element_get_stage: (skip)
 * @element: a scorer, transform or trainer
 * @stage: (nullable): its property, NULL or empty for the default
 *
 * Returns: (transfer full): the stage of @element without a leading "asd"
 */
gchar *gst_asd_element_get_stage (GstElement * element, const gchar * stage);

/**
 * gst_asd_element_get_label: (skip)
 *
 * For texts: the name that a user gave @element, not one that GStreamer made
 * up, such as asdgraph0.
 *
 * Returns: (transfer none): its name, or that of its factory
 */
const gchar *gst_asd_element_get_label (GstElement * element);

/**
 * gst_asd_element_skip_window: (skip)
 * @pad: its sink pad, which knows the stream
 * @timestamp: start of the window
 * @reason: what is wrong and what to do, one line
 *
 * Posts a warning that a window is left out. Its details structure has the
 * fields stream-id (string), timestamp (uint64, ns) and reason (string).
 */
void gst_asd_element_skip_window (GstElement * element, GstPad * pad,
    GstClockTime timestamp, const gchar * reason);

/**
 * gst_asd_element_skip_window_of_stream: (skip)
 * @stream_id: (nullable): the stream, where the pad is past it already
 *
 * As gst_asd_element_skip_window().
 */
void gst_asd_element_skip_window_of_stream (GstElement * element,
    const gchar * stream_id, GstClockTime timestamp, const gchar * reason);

/**
 * gst_asd_double_to_string: (skip)
 * @text: room for G_ASCII_DTOSTR_BUF_SIZE characters
 *
 * Returns: @text, the shortest decimal number that reads back as @value
 */
gchar *gst_asd_double_to_string (gchar * text, gdouble value);

/**
 * gst_asd_first_non_finite: (skip)
 *
 * Returns: index of the first NaN or infinite value, @n if there is none
 */
gsize gst_asd_first_non_finite (const gfloat * values, gsize n);

/**
 * gst_asd_choose_channel: (skip)
 * @convert: an audioconvert that has not negotiated its output yet
 * @channel: from 0, or -1 for the plain mean
 * @n_channels: of its input
 *
 * Returns: FALSE with ASD_ERROR_MISMATCH where there is no such channel
 */
gboolean gst_asd_choose_channel (GstElement * convert, gint channel,
    gint n_channels, GError ** error);

G_END_DECLS

#endif /* __GST_ASD_UTILS_H__ */
