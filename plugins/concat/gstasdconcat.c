/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdconcat
 * @title: asdconcat
 *
 * Puts the features that several branches make of the same window side by side,
 * in the order of its pads: a window of one frame of rows x columns values from
 * each pad becomes one frame of 1 x (the sum of all) values. Put asdpool before
 * it where a window has many frames.
 *
 * Windows belong together by running time. Where the branches have windows of
 * different lengths, the longest count, and a branch with several windows in one
 * gives their mean. A window that a branch has nothing for is left out with a
 * warning.
 *
 * Latency: none beyond that of the slowest branch. No pad waits for another; a
 * branch that is more than 1024 windows behind another is an error.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=motor.wav ! wavparse ! audioconvert ! tee name=t t. ! queue ! asdlogmel ! asdpool ! c. t. ! queue ! asdmfcc variant=torchaudio ! asdpool method=mean-std ! c. asdconcat name=c ! asdnpyenc ! filesink location=features.npy
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! tee name=t t. ! queue ! asdmodspec ! c. t. ! queue ! asdmfcc ! asdpool ! c. asdconcat name=c ! asdgraphtrain model=both.asd
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>
#include <math.h>
#include <string.h>

#define GST_TYPE_ASD_CONCAT (gst_asd_concat_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdConcat, gst_asd_concat, GST, ASD_CONCAT,
    GstAsdJoiner);
struct _GstAsdConcat
{
  GstAsdJoiner parent;

  /* since negotiate() */
  GArray *sizes;                /* gsize, values of each pad */
  gsize size;                   /* their sum */

  /* where the values come from, under the object lock */
  GBytes *axes;
  gint rate;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink_%u",
    GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdConcat, gst_asd_concat, GST_TYPE_ASD_JOINER);
GST_ELEMENT_REGISTER_DEFINE (asdconcat, "asdconcat", GST_RANK_NONE,
    GST_TYPE_ASD_CONCAT);

/* Appends where the values of a pad come from; FALSE where that is not known. */
static gboolean
append_axes (GArray * axes, GstElement * element, const gchar * pad_name,
    const GstAsdFeatureInfo * info)
{
  gsize i, size = gst_asd_feature_info_frame_size (info);
  GstPad *pad = gst_element_get_static_pad (element, pad_name);
  const AsdAxis none = ASD_AXIS_NONE;
  gint rate = 0;
  GBytes *known = pad != NULL ? gst_asd_pad_query_axes (pad, &rate) : NULL;
  gboolean ok = known != NULL && rate == info->rate
      && g_bytes_get_size (known) == size * sizeof (AsdAxis);

  if (ok)
    g_array_append_vals (axes, g_bytes_get_data (known, NULL), size);
  for (i = 0; !ok && i < size; i++)
    g_array_append_val (axes, none);
  g_clear_pointer (&known, g_bytes_unref);
  gst_clear_object (&pad);
  return ok;
}

static void
take_axes (GstAsdConcat * self, GArray * array, gboolean known, gint rate)
{
  gsize size = array->len * sizeof (AsdAxis);
  GBytes *axes = g_bytes_new_take (g_array_free (array, FALSE), size), *old;

  if (!known)
    g_clear_pointer (&axes, g_bytes_unref);
  GST_OBJECT_LOCK (self);
  old = self->axes;
  self->axes = axes;
  self->rate = rate;
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&old, g_bytes_unref);
}

static gboolean
gst_asd_concat_src_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  GstAsdConcat *self = GST_ASD_CONCAT (parent);
  gboolean known;

  if (!gst_asd_query_is_axes (query))
    return gst_pad_query_default (pad, parent, query);
  GST_OBJECT_LOCK (self);
  known = self->axes != NULL;
  if (known)
    gst_asd_query_set_axes (query, self->axes, self->rate);
  GST_OBJECT_UNLOCK (self);
  return known;
}

static GstCaps *
gst_asd_concat_negotiate (GstAsdJoiner * joiner,
    GstCaps * const *caps, guint n_pads)
{
  GstAsdConcat *self = GST_ASD_CONCAT (joiner);
  GstAsdFeatureInfo info, out = { "concat", 1, 0, 0, 0, 0 };
  GArray *axes = g_array_new (FALSE, FALSE, sizeof (AsdAxis));
  gboolean known = FALSE;
  gsize size;
  guint i;

  self->size = 0;
  g_array_set_size (self->sizes, 0);
  for (i = 0; i < n_pads; i++) {
    if (!gst_asd_feature_info_from_caps (&info, caps[i]))
      goto not_features;
    if (out.rate != 0 && info.rate != 0 && out.rate != info.rate)
      goto other_rate;
    if (info.rate != 0)
      out.rate = info.rate;
    size = gst_asd_feature_info_frame_size (&info);
    g_array_append_val (self->sizes, size);
    self->size += size;
    known |= append_axes (axes, GST_ELEMENT (self),
        gst_asd_joiner_get_pad_name (joiner, i), &info);
  }
  if (self->size > G_MAXINT / 8)
    goto not_features;
  out.columns = self->size;
  take_axes (self, axes, known, out.rate);
  return gst_asd_feature_info_to_caps (&out);

not_features:
  {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("What comes on %s is incomplete or too large: link an extractor such "
            "as asdmodspec", gst_asd_joiner_get_pad_name (joiner,
                MIN (i, n_pads - 1))), ("%" GST_PTR_FORMAT,
            (gpointer) caps[MIN (i, n_pads - 1)]));
    g_array_unref (axes);
    return NULL;
  }
other_rate:
  {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("%s has features of audio at %d Hz, those before it are of %d Hz: put "
            "audioresample before the tee", gst_asd_joiner_get_pad_name (joiner,
                i), info.rate, out.rate), (NULL));
    g_array_unref (axes);
    return NULL;
  }
}

/* Adds 1 / n of the frame in the buffer; FALSE where it is not one frame. */
static gboolean
add_frame (GstBuffer * buffer, gfloat *frame, gsize size, guint n)
{
  GstMapInfo map;
  gboolean ok;
  gsize i;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return FALSE;
  ok = map.size == size * sizeof (gfloat);
  for (i = 0; ok && i < size; i++)
    frame[i] += ((const gfloat *) map.data)[i] / n;
  gst_buffer_unmap (buffer, &map);
  return ok;
}

static GstFlowReturn
gst_asd_concat_join (GstAsdJoiner * joiner, const GstAsdJoinerWindow * window,
    GPtrArray * const *parts, guint n_pads, GstBuffer ** out)
{
  GstAsdConcat *self = GST_ASD_CONCAT (joiner);
  GstBuffer *buffer =
      gst_buffer_new_allocate (NULL, self->size * sizeof (gfloat), NULL);
  gboolean ok = TRUE;
  GstMapInfo map;
  gfloat *frame;
  guint i, j;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  memset (map.data, 0, map.size);
  frame = (gfloat *) map.data;
  for (i = 0; i < n_pads; i++) {
    gsize size = g_array_index (self->sizes, gsize, i);

    for (j = 0; j < parts[i]->len && ok; j++)
      ok = add_frame (g_ptr_array_index (parts[i], j), frame, size,
          parts[i]->len);
    if (!ok)
      break;
    frame += size;
  }
  gst_buffer_unmap (buffer, &map);
  if (ok) {
    *out = buffer;
    return GST_FLOW_OK;
  }
  gst_buffer_unref (buffer);
  GST_ELEMENT_ERROR (self, STREAM, FORMAT,
      ("A window on %s has not one frame: put asdpool before it",
          gst_asd_joiner_get_pad_name (joiner, i)), (NULL));
  return GST_FLOW_ERROR;
}

/* The base class has made the pads. */
static void
gst_asd_concat_constructed (GObject * object)
{
  GstPad *pad;

  G_OBJECT_CLASS (gst_asd_concat_parent_class)->constructed (object);
  pad = gst_element_get_static_pad (GST_ELEMENT (object), "src");
  gst_pad_set_query_function (pad, gst_asd_concat_src_query);
  gst_object_unref (pad);
}

static void
gst_asd_concat_finalize (GObject * object)
{
  g_clear_pointer (&GST_ASD_CONCAT (object)->axes, g_bytes_unref);
  g_array_unref (GST_ASD_CONCAT (object)->sizes);
  G_OBJECT_CLASS (gst_asd_concat_parent_class)->finalize (object);
}

static void
gst_asd_concat_class_init (GstAsdConcatClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdJoinerClass *joiner_class = GST_ASD_JOINER_CLASS (klass);

  G_OBJECT_CLASS (klass)->constructed = gst_asd_concat_constructed;
  G_OBJECT_CLASS (klass)->finalize = gst_asd_concat_finalize;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Feature concatenator", "Filter/Analyzer/Audio",
      "Puts the features of several branches side by side", "gst-asd");
  joiner_class->negotiate = gst_asd_concat_negotiate;
  joiner_class->join = gst_asd_concat_join;
}

static void
gst_asd_concat_init (GstAsdConcat * self)
{
  self->sizes = g_array_new (FALSE, FALSE, sizeof (gsize));
}
