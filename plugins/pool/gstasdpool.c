/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdpool
 * @title: asdpool
 *
 * Makes one frame of all frames of a window: the mean, the maximum, the
 * standard deviation, or the mean of the values in descending order weighted by
 * 1, r, r^2, ... (global weighted rank pooling: Guan et al., ICASSP 2023), each
 * dimension by itself. mean-std gives 2 rows x columns: the means, then the
 * deviations.
 *
 * One frame for each window, kind=pooled; frame-length and frame-step are 0. It
 * learns nothing.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='test/anomaly*.wav' ! asdmfcc ! asdpool method=mean-std ! asdnpyenc ! filesink location=pooled.npy
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdpool method=gwrp r=0.98 ! asdscaletrain model=pooled.asd
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_POOL (gst_asd_pool_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdPool, gst_asd_pool, GST, ASD_POOL, GstAsdTransform);

#define DEFAULT_METHOD ASD_POOL_MEAN
#define DEFAULT_R 0.99

struct _GstAsdPool
{
  GstAsdTransform parent;

  /* properties, under the object lock */
  AsdPoolMethod method;
  gdouble r;

  AsdPool *pool;
};

G_DEFINE_TYPE (GstAsdPool, gst_asd_pool, GST_TYPE_ASD_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (asdpool, "asdpool", GST_RANK_NONE,
    GST_TYPE_ASD_POOL);

static gboolean
gst_asd_pool_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdPool *self = GST_ASD_POOL (stage);

  GST_OBJECT_LOCK (self);
  self->pool = asd_pool_new (self->method, self->r);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static void
gst_asd_pool_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_POOL (stage)->pool, asd_pool_free);
}

static void
gst_asd_pool_describe (GstAsdTransform * transform,
    const GstAsdFeatureInfo * in, GstAsdFeatureInfo * out)
{
  g_strlcpy (out->kind, "pooled", sizeof (out->kind));
  out->rows *= asd_pool_get_n_out (GST_ASD_POOL (transform)->pool);
  out->frame_length = out->frame_step = 0;
}

static gsize
gst_asd_pool_max_frames (GstAsdTransform * transform, gsize n_frames)
{
  return 1;
}

static void
gst_asd_pool_transform (GstAsdTransform * transform, const gfloat *frames,
    gsize n_frames, gfloat *out, gsize *n_out)
{
  const GstAsdFeatureInfo *info =
      gst_asd_stage_get_info (GST_ASD_STAGE (transform));

  asd_pool_process (GST_ASD_POOL (transform)->pool, frames, n_frames,
      gst_asd_feature_info_frame_size (info), out);
}

static gsize
gst_asd_pool_source (GstAsdTransform * transform, gsize i, gsize n_in)
{
  return i % n_in;
}

static void
gst_asd_pool_class_init (GstAsdPoolClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);
  GstAsdTransformClass *transform_class = GST_ASD_TRANSFORM_CLASS (klass);

  GST_ASD_PROPERTY (klass, GstAsdPool, method,
      g_param_spec_enum ("method", "Method", "What is taken over the frames",
          gst_asd_enum_type ("GstAsdPoolMethod", asd_pool_method_values ()),
          DEFAULT_METHOD, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdPool, r,
      g_param_spec_double ("r", "r",
          "Of gwrp: weight of a value over that of "
          "the next larger one; 0 is the maximum, 1 the mean", 0, 1, DEFAULT_R,
          GST_ASD_PARAM_READY));

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Frame pooling", "Filter/Analyzer/Audio",
      "Makes one frame of the frames of a window", "gst-asd");
  stage_class->load = gst_asd_pool_load;
  stage_class->unload = gst_asd_pool_unload;
  transform_class->describe = gst_asd_pool_describe;
  transform_class->max_frames = gst_asd_pool_max_frames;
  transform_class->transform = gst_asd_pool_transform;
  transform_class->source = gst_asd_pool_source;
}

static void
gst_asd_pool_init (GstAsdPool * self)
{
}
