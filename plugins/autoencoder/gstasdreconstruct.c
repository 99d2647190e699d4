/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdreconstruct
 * @title: asdreconstruct
 *
 * Gives each frame as an autoencoder that #asdreconstructtrain trained on
 * normal sound gives it back. A scorer behind it is trained on, and gets,
 * frames that went through the same net. Features are taken as they are: scale
 * them with asdscale before.
 *
 * As many frames of rows x columns values as come in, kind=reconstruction.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdreconstructtrain model=r.asd epochs=3
 * gst-launch-1.0 asdclipsrc location='test/anomaly*.wav' ! asdmfcc ! asdreconstruct model=r.asd ! asdnpyenc ! filesink location=reconstruction.npy
 * ]|
 */

#include "../elements.h"
#include "gstasdnetwork.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_RECONSTRUCT (gst_asd_reconstruct_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdReconstruct, gst_asd_reconstruct, GST,
    ASD_RECONSTRUCT, GstAsdTransform);

struct _GstAsdReconstruct
{
  GstAsdTransform parent;

  AsdNetworkRunner *runner;
};

G_DEFINE_TYPE (GstAsdReconstruct, gst_asd_reconstruct, GST_TYPE_ASD_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (asdreconstruct, "asdreconstruct", GST_RANK_NONE,
    GST_TYPE_ASD_RECONSTRUCT);

static gboolean
gst_asd_reconstruct_load (GstAsdStage * stage,
    AsdModelSection * section, GError ** error)
{
  return gst_asd_network_load (section, &GST_ASD_RECONSTRUCT (stage)->runner,
      error);
}

static void
gst_asd_reconstruct_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_RECONSTRUCT (stage)->runner,
      asd_network_runner_free);
}

static void
gst_asd_reconstruct_describe (GstAsdTransform * transform,
    const GstAsdFeatureInfo * in, GstAsdFeatureInfo * out)
{
  g_strlcpy (out->kind, "reconstruction", sizeof (out->kind));
}

static void
gst_asd_reconstruct_transform (GstAsdTransform * transform,
    const gfloat *frames, gsize n_frames, gfloat *out, gsize *n_out)
{
  asd_network_runner_process (GST_ASD_RECONSTRUCT (transform)->runner, frames,
      n_frames, out);
}

static gsize
gst_asd_reconstruct_source (GstAsdTransform * transform, gsize i, gsize n_in)
{
  return i;
}

static void
gst_asd_reconstruct_class_init (GstAsdReconstructClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);
  GstAsdTransformClass *transform_class = GST_ASD_TRANSFORM_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Reconstruction", "Filter/Analyzer/Audio",
      "Gives features as an autoencoder gives them back", "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, GST_ASD_NETWORK_KIND);
  stage_class->load = gst_asd_reconstruct_load;
  stage_class->unload = gst_asd_reconstruct_unload;
  transform_class->describe = gst_asd_reconstruct_describe;
  transform_class->transform = gst_asd_reconstruct_transform;
  transform_class->source = gst_asd_reconstruct_source;
}

static void
gst_asd_reconstruct_init (GstAsdReconstruct * self)
{
}
