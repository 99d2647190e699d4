/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdexplanation.h"

#define AXES_NAME "asd-axes"
#define SHARES_NAME "asd-shares"

static const gchar *const kinds[] = { "band", "modulation" };

gboolean
gst_asd_query_is_axes (GstQuery * query)
{
  const GstStructure *s = gst_query_get_structure (query);

  return GST_QUERY_TYPE (query) == GST_QUERY_CUSTOM
      && gst_structure_has_name (s, AXES_NAME);
}

void
gst_asd_query_set_axes (GstQuery * query, GBytes * axes, gint rate)
{
  gst_structure_set (gst_query_writable_structure (query),
      "axes", G_TYPE_BYTES, axes, "rate", G_TYPE_INT, rate, NULL);
}

GBytes *
gst_asd_pad_query_axes (GstPad * sinkpad, gint *rate)
{
  GstQuery *query = gst_query_new_custom (GST_QUERY_CUSTOM,
      gst_structure_new_empty (AXES_NAME));
  GBytes *axes = NULL;

  if (gst_pad_peer_query (sinkpad, query))
    gst_structure_get (gst_query_get_structure (query),
        "axes", G_TYPE_BYTES, &axes, "rate", G_TYPE_INT, rate, NULL);
  gst_query_unref (query);
  return axes;
}

static void
register_shares (void)
{
  static gsize once = 0;

  if (g_once_init_enter (&once)) {
    static const gchar *no_tags[] = { NULL };

    gst_meta_register_custom (SHARES_NAME, no_tags, NULL, NULL, NULL);
    g_once_init_leave (&once, 1);
  }
}

void
gst_asd_buffer_add_shares (GstBuffer * buffer, GBytes * shares)
{
  GstCustomMeta *meta;

  register_shares ();
  meta = gst_buffer_add_custom_meta (buffer, SHARES_NAME);
  gst_structure_set (gst_custom_meta_get_structure (meta), "shares",
      G_TYPE_BYTES, shares, NULL);
}

GBytes *
gst_asd_buffer_get_shares (GstBuffer * buffer)
{
  GstCustomMeta *meta;

  register_shares ();
  meta = gst_buffer_get_custom_meta (buffer, SHARES_NAME);
  if (meta == NULL)
    return NULL;
  return g_value_get_boxed (gst_structure_get_value
      (gst_custom_meta_get_structure (meta), "shares"));
}

/* Returns the weight of those that were added. */
static gdouble
add_shares (GArray * merged, GPtrArray * buffers, gdouble weight)
{
  gdouble sum = 0;
  GBytes *shares;
  guint i;

  for (i = 0; i < buffers->len; i++) {
    shares = gst_asd_buffer_get_shares (g_ptr_array_index (buffers, i));
    if (shares == NULL)
      continue;
    asd_shares_merge (merged, g_bytes_get_data (shares, NULL),
        g_bytes_get_size (shares) / sizeof (AsdShare), weight / buffers->len);
    sum += weight / buffers->len;
  }
  return sum;
}

GBytes *
gst_asd_buffers_merge_shares (GPtrArray * const *parts, const gdouble *weights,
    guint n)
{
  GArray *merged = g_array_new (FALSE, FALSE, sizeof (AsdShare));
  gdouble sum = 0;
  gsize size;
  guint i;

  for (i = 0; i < n; i++)
    sum += add_shares (merged, parts[i], weights[i]);
  if (!(sum > 0)) {
    g_array_unref (merged);
    return NULL;
  }
  for (i = 0; i < merged->len; i++)
    g_array_index (merged, AsdShare, i).share /= sum;
  size = merged->len * sizeof (AsdShare);
  return g_bytes_new_take (g_array_free (merged, FALSE), size);
}

static void
set_band (GstStructure * score, AsdShareKind kind, guint rank,
    const AsdShare * band)
{
  static const gchar *const fields[] = { "low", "high", "share" };
  const gdouble values[] = { band->low, band->high, band->share };
  gchar name[32];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (fields); i++) {
    g_snprintf (name, sizeof (name), "%s-%u-%s", kinds[kind], rank, fields[i]);
    gst_structure_set (score, name, G_TYPE_DOUBLE, values[i], NULL);
  }
}

void
gst_asd_score_explain (GstStructure * score, GBytes * shares)
{
  AsdShare top[ASD_SHARES_TOP];
  const AsdShare *all;
  gboolean anomalous = FALSE;
  gchar *text;
  guint kind, i, n_top;
  gsize size, n;

  gst_structure_get_boolean (score, "anomalous", &anomalous);
  if (!anomalous || shares == NULL)
    return;
  all = g_bytes_get_data (shares, &size);
  n = size / sizeof (AsdShare);
  for (kind = 0; kind < G_N_ELEMENTS (kinds); kind++) {
    n_top = asd_shares_get_top (all, n, kind, top);
    for (i = 0; i < n_top; i++)
      set_band (score, kind, i + 1, &top[i]);
  }
  text = asd_shares_describe (all, n);
  if (text != NULL)
    gst_structure_set (score, "text", G_TYPE_STRING, text, NULL);
  g_free (text);
}

static gboolean
copy_field (GQuark field, const GValue * value, gpointer user_data)
{
  const gchar *name = g_quark_to_string (field);

  if (g_str_equal (name, "text") || g_str_has_prefix (name, "band-")
      || g_str_has_prefix (name, "modulation-"))
    gst_structure_id_set_value (user_data, field, value);
  return TRUE;
}

void
gst_asd_score_copy_explanation (const GstStructure * score, GstStructure * to)
{
  gst_structure_foreach (score, copy_field, to);
}
