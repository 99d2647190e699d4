/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdivector
 * @title: asdivector
 *
 * Turns the frames of each window into one i-vector: how the window differs
 * from the average of all clips, as a point in a space of few dimensions that
 * #asdivectortrain learned (Dehak et al., "Front-end factor analysis for
 * speaker verification", IEEE TASLP 2011).
 *
 * One frame of 1 x dimensions values for each window, kind=ivector.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='test/anomaly*.wav' ! asdmfcc ! asdivector model=ivector.asd ! asdnpyenc ! filesink location=ivectors.npy
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! asdmfcc ! asdivector model=ivector.asd ! asdgmm model=ivector.asd ! asdscoreenc ! fdsink
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_IVECTOR (gst_asd_ivector_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdIvector, gst_asd_ivector, GST, ASD_IVECTOR,
    GstAsdTransform);

struct _GstAsdIvector
{
  GstAsdTransform parent;

  AsdIvectorExtractor *extractor;
  gsize dimensions;
  gdouble *ivector;
};

G_DEFINE_TYPE (GstAsdIvector, gst_asd_ivector, GST_TYPE_ASD_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (asdivector, "asdivector", GST_RANK_NONE,
    GST_TYPE_ASD_IVECTOR);

static gboolean
gst_asd_ivector_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdIvector *self = GST_ASD_IVECTOR (stage);
  AsdIvector *model = asd_ivector_load (section, error);
  gboolean ok;

  if (model == NULL)
    return FALSE;
  self->dimensions = asd_ivector_get_dimensions (model);
  self->ivector = g_new (gdouble, self->dimensions);
  self->extractor = asd_ivector_extractor_new (model);
  ok = gst_asd_section_check_size (section,
      asd_ubm_get_dim (asd_ivector_get_ubm (model)), error);
  asd_ivector_unref (model);
  return ok;
}

static void
gst_asd_ivector_unload (GstAsdStage * stage)
{
  GstAsdIvector *self = GST_ASD_IVECTOR (stage);

  g_clear_pointer (&self->extractor, asd_ivector_extractor_free);
  g_clear_pointer (&self->ivector, g_free);
}

static void
gst_asd_ivector_describe (GstAsdTransform * transform,
    const GstAsdFeatureInfo * in, GstAsdFeatureInfo * out)
{
  g_strlcpy (out->kind, "ivector", sizeof (out->kind));
  out->rows = 1;
  out->columns = GST_ASD_IVECTOR (transform)->dimensions;
  out->frame_length = out->frame_step = 0;
}

static gsize
gst_asd_ivector_max_frames (GstAsdTransform * transform, gsize n_frames)
{
  return 1;
}

static void
gst_asd_ivector_transform (GstAsdTransform * transform, const gfloat *frames,
    gsize n_frames, gfloat *out, gsize *n_out)
{
  GstAsdIvector *self = GST_ASD_IVECTOR (transform);
  gsize i;

  asd_ivector_extractor_process (self->extractor, frames, n_frames,
      self->ivector);
  for (i = 0; i < self->dimensions; i++)
    out[i] = self->ivector[i];
}

static void
gst_asd_ivector_class_init (GstAsdIvectorClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);
  GstAsdTransformClass *transform_class = GST_ASD_TRANSFORM_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "i-vector", "Filter/Analyzer/Audio",
      "Turns the frames of a window into one i-vector", "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, "ivector");
  stage_class->load = gst_asd_ivector_load;
  stage_class->unload = gst_asd_ivector_unload;
  transform_class->describe = gst_asd_ivector_describe;
  transform_class->max_frames = gst_asd_ivector_max_frames;
  transform_class->transform = gst_asd_ivector_transform;
}

static void
gst_asd_ivector_init (GstAsdIvector * self)
{
}
