/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdscale
 * @title: asdscale
 *
 * Brings the dimensions of frames to one scale that #asdscaletrain learned:
 * mean 0 and standard deviation 1, or a range; of the features themselves or of
 * their logarithm ln (x + 1e-12). How is told by the model. Features outside of
 * what was learned are not clipped; negative ones have the logarithm of 0.
 *
 * As many frames of rows x columns as come in, kind=scaled.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmodspec ! asdscaletrain model=scale.asd log=true
 * gst-launch-1.0 asdclipsrc location='test/anomaly*.wav' ! asdmodspec ! asdscale model=scale.asd ! asdnpyenc ! filesink location=scaled.npy
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_SCALE (gst_asd_scale_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdScale, gst_asd_scale, GST, ASD_SCALE,
    GstAsdTransform);

struct _GstAsdScale
{
  GstAsdTransform parent;

  AsdScale *scale;
};

G_DEFINE_TYPE (GstAsdScale, gst_asd_scale, GST_TYPE_ASD_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (asdscale, "asdscale", GST_RANK_NONE,
    GST_TYPE_ASD_SCALE);

static gboolean
gst_asd_scale_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdScale *self = GST_ASD_SCALE (stage);

  self->scale = asd_scale_load (section, error);
  return self->scale != NULL && gst_asd_section_check_size (section,
      asd_scale_get_dim (self->scale), error);
}

static void
gst_asd_scale_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_SCALE (stage)->scale, asd_scale_unref);
}

static void
gst_asd_scale_describe (GstAsdTransform * transform,
    const GstAsdFeatureInfo * in, GstAsdFeatureInfo * out)
{
  g_strlcpy (out->kind, "scaled", sizeof (out->kind));
}

static void
gst_asd_scale_transform (GstAsdTransform * transform, const gfloat *frames,
    gsize n_frames, gfloat *out, gsize *n_out)
{
  asd_scale_process (GST_ASD_SCALE (transform)->scale, frames, n_frames, out);
}

static gsize
gst_asd_scale_source (GstAsdTransform * transform, gsize i, gsize n_in)
{
  return i;
}

static void
gst_asd_scale_class_init (GstAsdScaleClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);
  GstAsdTransformClass *transform_class = GST_ASD_TRANSFORM_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Feature scaler", "Filter/Analyzer/Audio",
      "Brings the dimensions of features to one scale", "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, "scale");
  stage_class->load = gst_asd_scale_load;
  stage_class->unload = gst_asd_scale_unload;
  transform_class->describe = gst_asd_scale_describe;
  transform_class->transform = gst_asd_scale_transform;
  transform_class->source = gst_asd_scale_source;
}

static void
gst_asd_scale_init (GstAsdScale * self)
{
}
