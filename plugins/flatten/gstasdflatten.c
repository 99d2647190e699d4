/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdflatten
 * @title: asdflatten
 *
 * Makes one frame of all frames of a window, for stages that look at a whole
 * clip at once: first the values over time of the first feature, then those of
 * the second one. How many frames that are is learned by #asdflattentrain; a
 * window with more or fewer is left out with a warning that names both numbers.
 *
 * One frame of 1 x (rows columns frames) values for each window, kind=flat.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdflattentrain model=flat.asd
 * gst-launch-1.0 asdclipsrc location='test/anomaly*.wav' ! asdmfcc ! asdflatten model=flat.asd ! asdnpyenc ! filesink location=flat.npy
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

/* Also what a net can take. */
#define MAX_FRAMES (1 << 20)

#define GST_TYPE_ASD_FLATTEN (gst_asd_flatten_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdFlatten, gst_asd_flatten, GST, ASD_FLATTEN,
    GstAsdTransform);

struct _GstAsdFlatten
{
  GstAsdTransform parent;

  gsize n_frames;               /* of the model */
};

G_DEFINE_TYPE (GstAsdFlatten, gst_asd_flatten, GST_TYPE_ASD_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (asdflatten, "asdflatten", GST_RANK_NONE,
    GST_TYPE_ASD_FLATTEN);

static gboolean
gst_asd_flatten_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  const char *caps_text = asd_model_section_get_string (section, "caps");
  GstCaps *caps = caps_text != NULL ? gst_caps_from_string (caps_text) : NULL;
  GstAsdFeatureInfo info;
  gboolean ok = caps != NULL && gst_asd_feature_info_from_caps (&info, caps);
  gint64 n_frames;

  gst_clear_caps (&caps);
  if (!ok)
    return asd_model_section_refuse (section, error, "its caps are not those "
        "of features");
  if (!asd_model_section_get_int64 (section, "frames", &n_frames, error))
    return FALSE;
  if (n_frames < 1 || n_frames > MAX_FRAMES
      || (guint64) n_frames * gst_asd_feature_info_frame_size (&info) >
      G_MAXINT / sizeof (gfloat))
    return asd_model_section_refuse (section, error, "%" G_GINT64_FORMAT
        " frames cannot be one", n_frames);
  GST_ASD_FLATTEN (stage)->n_frames = n_frames;
  return TRUE;
}

static void
gst_asd_flatten_unload (GstAsdStage * stage)
{
}

static void
gst_asd_flatten_describe (GstAsdTransform * transform,
    const GstAsdFeatureInfo * in, GstAsdFeatureInfo * out)
{
  g_strlcpy (out->kind, "flat", sizeof (out->kind));
  out->rows = 1;
  out->columns = in->rows * in->columns * GST_ASD_FLATTEN (transform)->n_frames;
  out->frame_length = out->frame_step = 0;
}

static gsize
gst_asd_flatten_max_frames (GstAsdTransform * transform, gsize n_frames)
{
  return 1;
}

static void
gst_asd_flatten_transform (GstAsdTransform * transform, const gfloat *frames,
    gsize n_frames, gfloat *out, gsize *n_out)
{
  gsize size = gst_asd_feature_info_frame_size (gst_asd_stage_get_info
      (GST_ASD_STAGE (transform)));

  for (gsize i = 0; i < n_frames; i++)
    for (gsize j = 0; j < size; j++)
      out[j * n_frames + i] = frames[i * size + j];
}

static gsize
gst_asd_flatten_source (GstAsdTransform * transform, gsize i, gsize n_in)
{
  return i / GST_ASD_FLATTEN (transform)->n_frames;
}

/* Windows of another length do not get as far as transform. */
static GstFlowReturn
gst_asd_flatten_check_window (GstBaseTransform * trans, GstBuffer * inbuf,
    GstBuffer * outbuf)
{
  GstAsdFlatten *self = GST_ASD_FLATTEN (trans);
  gsize n_frames = gst_buffer_get_size (inbuf) / sizeof (gfloat) /
      gst_asd_feature_info_frame_size (gst_asd_stage_get_info
      (GST_ASD_STAGE (self)));
  gchar *reason;

  if (n_frames == 0 || n_frames == self->n_frames)
    return GST_BASE_TRANSFORM_CLASS (gst_asd_flatten_parent_class)->transform
        (trans, inbuf, outbuf);
  reason = g_strdup_printf ("The window has %" G_GSIZE_FORMAT " frames and the "
      "model was trained on windows of %" G_GSIZE_FORMAT ": give it clips of "
      "that length, or train with windows ('gst-asd train --window NS', or "
      "window=NS of the features)", n_frames, self->n_frames);
  gst_asd_element_skip_window (GST_ELEMENT (self), trans->sinkpad,
      GST_BUFFER_PTS (inbuf), reason);
  g_free (reason);
  return GST_BASE_TRANSFORM_FLOW_DROPPED;
}

static void
gst_asd_flatten_class_init (GstAsdFlattenClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);
  GstAsdTransformClass *transform_class = GST_ASD_TRANSFORM_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Flatten", "Filter/Analyzer/Audio",
      "Makes one frame of all frames of a window", "gst-asd");
  GST_BASE_TRANSFORM_CLASS (klass)->transform = gst_asd_flatten_check_window;
  gst_asd_stage_class_set_kind (stage_class, "flatten");
  stage_class->load = gst_asd_flatten_load;
  stage_class->unload = gst_asd_flatten_unload;
  transform_class->describe = gst_asd_flatten_describe;
  transform_class->max_frames = gst_asd_flatten_max_frames;
  transform_class->transform = gst_asd_flatten_transform;
  transform_class->source = gst_asd_flatten_source;
}

static void
gst_asd_flatten_init (GstAsdFlatten * self)
{
}
