/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdtransform.h"
#include "gstasdexplanation.h"
#include "gstasdutils.h"

#include <math.h>

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

typedef struct
{
  GstAsdFeatureInfo out;        /* streaming thread only */
  gsize out_size;               /* of a frame, under the object lock */
} GstAsdTransformPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (GstAsdTransform, gst_asd_transform,
    GST_TYPE_ASD_STAGE);

#define GET_PRIVATE(self) gst_asd_transform_get_instance_private (self)

static gsize
same_number (GstAsdTransform * self, gsize n_frames)
{
  return n_frames;
}

/* What comes out is known once the element is loaded and the input is known. */
static GstCaps *
gst_asd_transform_transform_caps (GstBaseTransform * trans,
    GstPadDirection direction, GstCaps * caps, GstCaps * filter)
{
  GstAsdTransform *self = GST_ASD_TRANSFORM (trans);
  GstAsdFeatureInfo in, out;
  GstCaps *result, *all;

  if (direction != GST_PAD_SINK
      || !gst_asd_stage_is_loaded (GST_ASD_STAGE (self))
      || !gst_asd_feature_info_from_caps (&in, caps))
    return GST_BASE_TRANSFORM_CLASS
        (gst_asd_transform_parent_class)->transform_caps (trans, direction,
        caps, filter);

  out = in;
  GST_ASD_TRANSFORM_GET_CLASS (self)->describe (self, &in, &out);
  all = gst_asd_feature_info_to_caps (&out);
  if (filter == NULL)
    return all;
  result = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (all);
  return result;
}

static gboolean
gst_asd_transform_set_caps (GstBaseTransform * trans, GstCaps * incaps,
    GstCaps * outcaps)
{
  GstAsdTransformPrivate *priv = GET_PRIVATE (GST_ASD_TRANSFORM (trans));

  if (!GST_BASE_TRANSFORM_CLASS (gst_asd_transform_parent_class)->set_caps
      (trans, incaps, outcaps)
      || !gst_asd_feature_info_from_caps (&priv->out, outcaps))
    return FALSE;
  GST_OBJECT_LOCK (trans);
  priv->out_size = gst_asd_feature_info_frame_size (&priv->out);
  GST_OBJECT_UNLOCK (trans);
  return TRUE;
}

/* Where the values of the output come from, by way of those of the input. */
static gboolean
answer_axes (GstAsdTransform * self, GstQuery * query)
{
  GstAsdTransformClass *klass = GST_ASD_TRANSFORM_GET_CLASS (self);
  GstAsdTransformPrivate *priv = GET_PRIVATE (self);
  gsize i, j, n_in, n_out;
  const AsdAxis *in;
  AsdAxis *out;
  GBytes *axes;
  gint rate;

  if (klass->source == NULL)
    return FALSE;
  axes = gst_asd_pad_query_axes (GST_BASE_TRANSFORM_SINK_PAD (self), &rate);
  if (axes == NULL)
    return FALSE;
  in = g_bytes_get_data (axes, &n_in);
  n_in /= sizeof (AsdAxis);
  GST_OBJECT_LOCK (self);
  n_out = priv->out_size;
  GST_OBJECT_UNLOCK (self);
  out = g_new (AsdAxis, n_out);
  for (i = 0; i < n_out; i++) {
    j = klass->source (self, i, n_in);
    out[i] = j < n_in ? in[j] : ASD_AXIS_NONE;
  }
  g_bytes_unref (axes);
  axes = g_bytes_new_take (out, n_out * sizeof (AsdAxis));
  gst_asd_query_set_axes (query, axes, rate);
  g_bytes_unref (axes);
  return TRUE;
}

static gboolean
gst_asd_transform_query (GstBaseTransform * trans, GstPadDirection direction,
    GstQuery * query)
{
  if (direction == GST_PAD_SRC && gst_asd_query_is_axes (query))
    return answer_axes (GST_ASD_TRANSFORM (trans), query);
  return GST_BASE_TRANSFORM_CLASS (gst_asd_transform_parent_class)->query
      (trans, direction, query);
}

static gboolean
gst_asd_transform_transform_size (GstBaseTransform * trans,
    GstPadDirection direction, GstCaps * caps, gsize size, GstCaps * othercaps,
    gsize *othersize)
{
  GstAsdTransform *self = GST_ASD_TRANSFORM (trans);
  GstAsdFeatureInfo in, out;

  if (direction != GST_PAD_SINK || !gst_asd_feature_info_from_caps (&in, caps)
      || !gst_asd_feature_info_from_caps (&out, othercaps))
    return FALSE;
  *othersize = sizeof (gfloat) * gst_asd_feature_info_frame_size (&out) *
      GST_ASD_TRANSFORM_GET_CLASS (self)->max_frames (self, size /
      sizeof (gfloat) / gst_asd_feature_info_frame_size (&in));
  return TRUE;
}

static GstFlowReturn
gst_asd_transform_transform (GstBaseTransform * trans, GstBuffer * inbuf,
    GstBuffer * outbuf)
{
  GstAsdTransform *self = GST_ASD_TRANSFORM (trans);
  GstAsdTransformPrivate *priv = GET_PRIVATE (self);
  GstAsdStage *stage = GST_ASD_STAGE (self);
  gsize in_size =
      gst_asd_feature_info_frame_size (gst_asd_stage_get_info (stage));
  gsize out_size = gst_asd_feature_info_frame_size (&priv->out);
  gsize n_frames, n_out = 0;
  GstMapInfo in, out;

  if (!gst_buffer_map (inbuf, &in, GST_MAP_READ))
    return GST_FLOW_ERROR;
  if (!gst_buffer_map (outbuf, &out, GST_MAP_WRITE)) {
    gst_buffer_unmap (inbuf, &in);
    return GST_FLOW_ERROR;
  }
  n_frames = in.size / sizeof (gfloat) / in_size;
  if (gst_asd_stage_check_frames (stage, inbuf, (const gfloat *) in.data,
          n_frames * in_size)) {
    n_out = out.size / sizeof (gfloat) / out_size;
    GST_ASD_TRANSFORM_GET_CLASS (self)->transform (self,
        (const gfloat *) in.data, n_frames, (gfloat *) out.data, &n_out);
  }
  if (gst_asd_first_non_finite ((const gfloat *) out.data, n_out * out_size)
      < n_out * out_size) {
    gst_asd_stage_skip_window (stage, "The result is not finite: the features "
        "are too large, check the level of the input");
    n_out = 0;
  }
  gst_buffer_unmap (outbuf, &out);
  gst_buffer_unmap (inbuf, &in);
  if (n_out == 0)
    return GST_BASE_TRANSFORM_FLOW_DROPPED;
  gst_buffer_set_size (outbuf, n_out * out_size * sizeof (gfloat));
  return GST_FLOW_OK;
}

static void
gst_asd_transform_class_init (GstAsdTransformClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  trans_class->transform_caps = gst_asd_transform_transform_caps;
  trans_class->set_caps = gst_asd_transform_set_caps;
  trans_class->transform_size = gst_asd_transform_transform_size;
  trans_class->transform = gst_asd_transform_transform;
  trans_class->query = gst_asd_transform_query;
  klass->max_frames = same_number;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_TRANSFORM, 0);
}

static void
gst_asd_transform_init (GstAsdTransform * self)
{
}
