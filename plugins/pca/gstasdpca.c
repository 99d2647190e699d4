/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdpca
 * @title: asdpca
 *
 * Projects frames on the principal components that #asdpcatrain learned: fewer
 * values that are not correlated, whitened ones with a variance of 1 each. How
 * many, and whether whitened, is told by the model.
 *
 * As many frames as come in, of 1 x components values, kind=pca.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdpcatrain model=pca.asd variance=0.99
 * gst-launch-1.0 asdclipsrc location='test/anomaly*.wav' ! asdmfcc ! asdpca model=pca.asd ! asdnpyenc ! filesink location=components.npy
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_PCA (gst_asd_pca_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdPca, gst_asd_pca, GST, ASD_PCA, GstAsdTransform);

struct _GstAsdPca
{
  GstAsdTransform parent;

  AsdPca *pca;
};

G_DEFINE_TYPE (GstAsdPca, gst_asd_pca, GST_TYPE_ASD_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (asdpca, "asdpca", GST_RANK_NONE, GST_TYPE_ASD_PCA);

static gboolean
gst_asd_pca_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdPca *self = GST_ASD_PCA (stage);

  self->pca = asd_pca_load (section, error);
  return self->pca != NULL && gst_asd_section_check_size (section,
      asd_pca_get_dim (self->pca), error);
}

static void
gst_asd_pca_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_PCA (stage)->pca, asd_pca_free);
}

static void
gst_asd_pca_describe (GstAsdTransform * transform,
    const GstAsdFeatureInfo * in, GstAsdFeatureInfo * out)
{
  g_strlcpy (out->kind, "pca", sizeof (out->kind));
  out->rows = 1;
  out->columns = asd_pca_get_n_components (GST_ASD_PCA (transform)->pca);
}

static void
gst_asd_pca_transform (GstAsdTransform * transform, const gfloat *frames,
    gsize n_frames, gfloat *out, gsize *n_out)
{
  asd_pca_process (GST_ASD_PCA (transform)->pca, frames, n_frames, out);
}

static void
gst_asd_pca_class_init (GstAsdPcaClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);
  GstAsdTransformClass *transform_class = GST_ASD_TRANSFORM_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Principal components", "Filter/Analyzer/Audio",
      "Projects features on their principal components", "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, "pca");
  stage_class->load = gst_asd_pca_load;
  stage_class->unload = gst_asd_pca_unload;
  transform_class->describe = gst_asd_pca_describe;
  transform_class->transform = gst_asd_pca_transform;
}

static void
gst_asd_pca_init (GstAsdPca * self)
{
}
