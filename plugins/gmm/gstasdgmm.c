/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdgmm
 * @title: asdgmm
 *
 * Scores each frame by its negative log-likelihood under a Gaussian mixture of
 * normal frames, which #asdgmmtrain learns. The score has no unit and may be
 * negative; a window of several frames gets their mean.
 *
 * Each score is posted as an element message "asd-score", see
 * %GST_ASD_SCORE_NAME for its fields, and travels as a meta of the same name on
 * the score buffers.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! asdmfcc ! asdivector model=ivector.asd ! asdgmm model=ivector.asd ! asdscoreenc ! fdsink
 * gst-launch-1.0 -m asdtestsrc machine=fan num-buffers=1600 ! asdmfcc window=10000000000 ! asdivector model=ivector.asd ! asdgmm model=ivector.asd ! fakesink
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_GMM (gst_asd_gmm_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdGmm, gst_asd_gmm, GST, ASD_GMM, GstAsdScorer);

struct _GstAsdGmm
{
  GstAsdScorer parent;

  AsdGmm *gmm;
};

G_DEFINE_TYPE (GstAsdGmm, gst_asd_gmm, GST_TYPE_ASD_SCORER);
GST_ELEMENT_REGISTER_DEFINE (asdgmm, "asdgmm", GST_RANK_NONE, GST_TYPE_ASD_GMM);

static gboolean
gst_asd_gmm_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdGmm *self = GST_ASD_GMM (stage);

  self->gmm = asd_gmm_load (section, error);
  return self->gmm != NULL && gst_asd_section_check_size (section,
      asd_gmm_get_dim (self->gmm), error);
}

static void
gst_asd_gmm_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_GMM (stage)->gmm, asd_gmm_unref);
}

static gdouble
gst_asd_gmm_score_frame (GstAsdScorer * scorer, const gdouble *frame,
    gdouble *parts)
{
  const AsdGmm *gmm = GST_ASD_GMM (scorer)->gmm;

  if (parts != NULL)
    asd_gmm_get_parts (gmm, frame, parts);
  return asd_gmm_score (gmm, frame);
}

static void
gst_asd_gmm_class_init (GstAsdGmmClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Gaussian mixture scorer", "Filter/Analyzer/Audio",
      "Scores features by their negative log-likelihood", "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, "gmm");
  stage_class->load = gst_asd_gmm_load;
  stage_class->unload = gst_asd_gmm_unload;
  GST_ASD_SCORER_CLASS (klass)->score_frame = gst_asd_gmm_score_frame;
}

static void
gst_asd_gmm_init (GstAsdGmm * self)
{
}
