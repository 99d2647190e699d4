/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdscore.h"

void
gst_asd_score_register (void)
{
  static gsize once = 0;

  if (g_once_init_enter (&once)) {
    /* Without tags and transform function the meta follows every copy. */
    static const gchar *no_tags[] = { NULL };

    gst_meta_register_custom (GST_ASD_SCORE_NAME, no_tags, NULL, NULL, NULL);
    g_once_init_leave (&once, 1);
  }
}

GstStructure *
gst_asd_score_new (gdouble score, gdouble threshold,
    const GstSegment * segment, GstClockTime timestamp, GstClockTime duration,
    const gchar * stage, const gchar * model, const gchar * stream_id)
{
  GstClockTime endtime = GST_CLOCK_TIME_NONE;

  if (GST_CLOCK_TIME_IS_VALID (timestamp)
      && GST_CLOCK_TIME_IS_VALID (duration))
    endtime = timestamp + duration;

  /* A comparison with NaN is false: no threshold, no anomaly. */
  return gst_structure_new (GST_ASD_SCORE_NAME,
      "score", G_TYPE_DOUBLE, score,
      "threshold", G_TYPE_DOUBLE, threshold,
      "anomalous", G_TYPE_BOOLEAN, score > threshold,
      "timestamp", G_TYPE_UINT64, timestamp,
      "stream-time", G_TYPE_UINT64,
      gst_segment_to_stream_time (segment, GST_FORMAT_TIME, timestamp),
      "running-time", G_TYPE_UINT64,
      gst_segment_to_running_time (segment, GST_FORMAT_TIME, timestamp),
      "duration", G_TYPE_UINT64, duration,
      "endtime", G_TYPE_UINT64, endtime,
      "stage", G_TYPE_STRING, stage,
      "model", G_TYPE_STRING, model, "stream-id", G_TYPE_STRING, stream_id,
      NULL);
}

static gboolean
copy_field (GQuark field, const GValue * value, gpointer user_data)
{
  gst_structure_id_set_value (user_data, field, value);
  return TRUE;
}

void
gst_asd_buffer_add_score (GstBuffer * buffer, const GstStructure * score)
{
  GstCustomMeta *meta;
  GstStructure *fields;

  g_return_if_fail (gst_buffer_is_writable (buffer));

  gst_asd_score_register ();
  meta = gst_buffer_get_custom_meta (buffer, GST_ASD_SCORE_NAME);
  if (meta == NULL)
    meta = gst_buffer_add_custom_meta (buffer, GST_ASD_SCORE_NAME);
  fields = gst_custom_meta_get_structure (meta);
  gst_structure_remove_all_fields (fields);
  gst_structure_foreach (score, copy_field, fields);
}

const GstStructure *
gst_asd_buffer_get_score (GstBuffer * buffer)
{
  GstCustomMeta *meta;

  gst_asd_score_register ();
  meta = gst_buffer_get_custom_meta (buffer, GST_ASD_SCORE_NAME);
  return meta != NULL ? gst_custom_meta_get_structure (meta) : NULL;
}
