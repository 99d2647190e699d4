/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdscoretext.h"
#include "gstasdutils.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

/* Quotes a field that would break the line (RFC 4180). */
static void
append_field (GString * line, const gchar * text)
{
  const gchar *c;

  if (strpbrk (text, ",\"\r\n") == NULL) {
    g_string_append (line, text);
    return;
  }
  g_string_append_c (line, '"');
  for (c = text; *c != '\0'; c++) {
    if (*c == '"')
      g_string_append_c (line, '"');
    g_string_append_c (line, *c);
  }
  g_string_append_c (line, '"');
}

static void
append_number (GString * line, gdouble number)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_c (line, ',');
  if (isfinite (number))
    g_string_append (line, gst_asd_double_to_string (text, number));
}

static void
append_seconds (GString * line, const GstStructure * score, const gchar * field)
{
  guint64 time = GST_CLOCK_TIME_NONE;

  gst_structure_get_uint64 (score, field, &time);
  append_number (line, GST_CLOCK_TIME_IS_VALID (time) ?
      (gdouble) time / GST_SECOND : NAN);
}

gchar *
gst_asd_score_to_csv (const GstStructure * score, const gchar * file)
{
  GString *line = g_string_new (NULL);
  gdouble value = NAN, threshold = NAN;
  gboolean anomalous = FALSE;

  if (file == NULL)
    file = gst_structure_get_string (score, "stream-id");
  gst_structure_get (score, "score", G_TYPE_DOUBLE, &value, "threshold",
      G_TYPE_DOUBLE, &threshold, "anomalous", G_TYPE_BOOLEAN, &anomalous, NULL);

  append_field (line, file != NULL ? file : "");
  append_seconds (line, score, "stream-time");
  append_seconds (line, score, "duration");
  append_number (line, value);
  append_number (line, threshold);
  /* Without a threshold nobody knows. */
  g_string_append (line, isnan (threshold) ? ",\n" : anomalous ? ",1\n" :
      ",0\n");
  return g_string_free (line, FALSE);
}

static gboolean
add_member (GQuark field, const GValue * value, gpointer user_data)
{
  JsonBuilder *builder = user_data;

  json_builder_set_member_name (builder, g_quark_to_string (field));
  if (G_VALUE_HOLDS_DOUBLE (value)) {
    if (isfinite (g_value_get_double (value)))
      json_builder_add_double_value (builder, g_value_get_double (value));
    else
      json_builder_add_null_value (builder);
  } else if (G_VALUE_HOLDS_BOOLEAN (value)) {
    json_builder_add_boolean_value (builder, g_value_get_boolean (value));
  } else if (G_VALUE_HOLDS_UINT64 (value)) {
    if (GST_CLOCK_TIME_IS_VALID (g_value_get_uint64 (value)))
      json_builder_add_int_value (builder, g_value_get_uint64 (value));
    else
      json_builder_add_null_value (builder);
  } else if (G_VALUE_HOLDS_STRING (value) && g_value_get_string (value)) {
    json_builder_add_string_value (builder, g_value_get_string (value));
  } else {
    json_builder_add_null_value (builder);
  }
  return TRUE;
}

gchar *
gst_asd_score_to_json (const GstStructure * score, const gchar * file)
{
  JsonBuilder *builder = json_builder_new ();
  JsonNode *root;
  gchar *text, *line;

  json_builder_begin_object (builder);
  if (file != NULL) {
    json_builder_set_member_name (builder, "file");
    json_builder_add_string_value (builder, file);
  }
  gst_structure_foreach (score, add_member, builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  line = g_strconcat (text, "\n", NULL);

  g_free (text);
  json_node_unref (root);
  g_object_unref (builder);
  return line;
}
