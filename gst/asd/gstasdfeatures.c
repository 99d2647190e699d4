/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdfeatures.h"

#include <string.h>

gboolean
gst_asd_feature_info_from_caps (GstAsdFeatureInfo * info, const GstCaps * caps)
{
  const GstStructure *s;
  const gchar *kind, *format;

  g_return_val_if_fail (info != NULL, FALSE);

  if (caps == NULL || !gst_caps_is_fixed (caps))
    return FALSE;
  s = gst_caps_get_structure (caps, 0);
  if (!gst_structure_has_name (s, GST_ASD_FEATURES_MEDIA_TYPE))
    return FALSE;
  format = gst_structure_get_string (s, "format");
  kind = gst_structure_get_string (s, "kind");
  if (g_strcmp0 (format, "F32LE") != 0 || kind == NULL)
    return FALSE;

  memset (info, 0, sizeof (*info));
  if (g_strlcpy (info->kind, kind, sizeof (info->kind)) >= sizeof (info->kind))
    return FALSE;
  if (!gst_structure_get (s, "rows", G_TYPE_INT, &info->rows,
          "columns", G_TYPE_INT, &info->columns, NULL))
    return FALSE;
  gst_structure_get_int (s, "rate", &info->rate);
  gst_structure_get_int (s, "frame-length", &info->frame_length);
  gst_structure_get_int (s, "frame-step", &info->frame_step);

  /* A frame must stay far from the limits of gsize arithmetic. */
  return info->rows >= 1 && info->columns >= 1
      && info->rows <= G_MAXINT / 8 / info->columns
      && info->rate >= 0 && info->frame_length >= 0 && info->frame_step >= 0;
}

GstCaps *
gst_asd_feature_info_to_caps (const GstAsdFeatureInfo * info)
{
  return gst_caps_new_simple (GST_ASD_FEATURES_MEDIA_TYPE,
      "format", G_TYPE_STRING, "F32LE", "kind", G_TYPE_STRING, info->kind,
      "rows", G_TYPE_INT, info->rows, "columns", G_TYPE_INT, info->columns,
      "rate", G_TYPE_INT, info->rate,
      "frame-length", G_TYPE_INT, info->frame_length,
      "frame-step", G_TYPE_INT, info->frame_step, NULL);
}

static gboolean
same_or_unknown (gint a, gint b)
{
  return a == b || a == 0 || b == 0;
}

gboolean
gst_asd_feature_info_compatible (const GstAsdFeatureInfo * a,
    const GstAsdFeatureInfo * b)
{
  if (a->rows != b->rows || a->columns != b->columns)
    return FALSE;
  if (strcmp (a->kind, b->kind) != 0 && strcmp (a->kind, "array") != 0
      && strcmp (b->kind, "array") != 0)
    return FALSE;
  return same_or_unknown (a->rate, b->rate)
      && same_or_unknown (a->frame_length, b->frame_length)
      && same_or_unknown (a->frame_step, b->frame_step);
}

gchar *
gst_asd_feature_info_describe (const GstAsdFeatureInfo * info)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%s %dx%d", info->kind, info->rows,
      info->columns);
  if (info->rate != 0)
    g_string_append_printf (text, " at %d Hz", info->rate);
  if (info->frame_length != 0)
    g_string_append_printf (text, ", frames of %d samples every %d",
        info->frame_length, info->frame_step);
  return g_string_free (text, FALSE);
}
