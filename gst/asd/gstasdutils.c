/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdutils.h"

#include <asd/error.h>
#include <math.h>
#include <string.h>

GParamSpec *
gst_asd_param_spec_double (const gchar * name, const gchar * nick,
    const gchar * blurb, gdouble minimum, gdouble maximum,
    gdouble default_value, GParamFlags flags)
{
  /* GLib checks values against the range, which NaN cannot pass: it must be lax
   * to let it be set again, and the default comes after the check. */
  GParamSpec *pspec = g_param_spec_double (name, nick, blurb, minimum, maximum,
      isnan (default_value) ? minimum : default_value,
      flags | G_PARAM_LAX_VALIDATION);

  G_PARAM_SPEC_DOUBLE (pspec)->default_value = default_value;
  return pspec;
}

gchar *
gst_asd_stage_name (const gchar * factory_name)
{
  const gchar *name = factory_name;
  gsize length;

  if (g_str_has_prefix (name, "asd") && name[3] != '\0')
    name += 3;
  length = strlen (name);
  if (g_str_has_suffix (name, "train") && length > 5)
    length -= 5;
  return g_strndup (name, length);
}

gchar *
gst_asd_element_get_stage (GstElement * element, const gchar * stage)
{
  GstElementFactory *factory;

  if (stage != NULL && *stage != '\0')
    return g_strdup (g_str_has_prefix (stage, "asd") && stage[3] != '\0' ?
        stage + 3 : stage);
  factory = gst_element_get_factory (element);
  return gst_asd_stage_name (factory != NULL ? GST_OBJECT_NAME (factory) :
      GST_OBJECT_NAME (element));
}

const gchar *
gst_asd_element_get_label (GstElement * element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const gchar *name = GST_OBJECT_NAME (element);
  gsize n = factory != NULL ? strlen (GST_OBJECT_NAME (factory)) : 0;

  if (factory == NULL || strncmp (name, GST_OBJECT_NAME (factory), n) != 0
      || name[n + strspn (name + n, "0123456789")] != '\0')
    return name;
  return GST_OBJECT_NAME (factory);
}

void
gst_asd_element_skip_window (GstElement * element, GstPad * pad,
    GstClockTime timestamp, const gchar * reason)
{
  gchar *stream_id = gst_pad_get_stream_id (pad);

  gst_asd_element_skip_window_of_stream (element, stream_id, timestamp, reason);
  g_free (stream_id);
}

void
gst_asd_element_skip_window_of_stream (GstElement * element,
    const gchar * stream_id, GstClockTime timestamp, const gchar * reason)
{
  GST_ELEMENT_WARNING_WITH_DETAILS (element, STREAM, FORMAT, ("%s", reason),
      ("window at %" GST_TIME_FORMAT " of stream %s",
          GST_TIME_ARGS (timestamp), GST_STR_NULL (stream_id)),
      ("stream-id", G_TYPE_STRING, stream_id,
          "timestamp", G_TYPE_UINT64, timestamp,
          "reason", G_TYPE_STRING, reason, NULL));
}

gchar *
gst_asd_double_to_string (gchar * text, gdouble value)
{
  gchar format[] = "%.15g";

  for (; format[3] < '7'; format[3]++) {
    g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, format, value);
    if (g_ascii_strtod (text, NULL) == value)
      return text;
  }
  return g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, "%.17g", value);
}

gsize
gst_asd_first_non_finite (const gfloat *values, gsize n)
{
  gfloat sum = 0;
  gsize i;

  /* 0 * x is NaN just for NaN and infinity: one pass without branches. */
  for (i = 0; i < n; i++)
    sum += 0 * values[i];
  if (sum == 0)
    return n;
  for (i = 0; i < n && isfinite (values[i]); i++);
  return i;
}

/* One row: how much of each channel is heard. */
static void
set_mix (GstElement * convert, gint channel, gint n_channels)
{
  GValue matrix = G_VALUE_INIT, row = G_VALUE_INIT, weight = G_VALUE_INIT;
  gint i;

  g_value_init (&matrix, GST_TYPE_ARRAY);
  g_value_init (&row, GST_TYPE_ARRAY);
  g_value_init (&weight, G_TYPE_FLOAT);
  for (i = 0; i < n_channels; i++) {
    g_value_set_float (&weight, channel < 0 ? 1.0 / n_channels : i == channel);
    gst_value_array_append_value (&row, &weight);
  }
  gst_value_array_append_and_take_value (&matrix, &row);
  g_object_set_property (G_OBJECT (convert), "mix-matrix", &matrix);
  g_value_unset (&matrix);
  g_value_unset (&weight);
}

gboolean
gst_asd_choose_channel (GstElement * convert, gint channel, gint n_channels,
    GError ** error)
{
  if (channel >= n_channels) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "The sound has %d channel%s, so channel=%d is not there: set channel "
        "to 0%s, or to -1 for the mean", n_channels, n_channels == 1 ? "" : "s",
        channel, n_channels == 1 ? "" : " or the next ones");
    return FALSE;
  }
  set_mix (convert, channel, n_channels);
  return TRUE;
}
