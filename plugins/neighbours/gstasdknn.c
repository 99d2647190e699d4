/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdknn
 * @title: asdknn
 *
 * Scores each frame by its mean Euclidean distance from the nearest normal
 * frames, as it is (in the unit of the features) or in proportion to the same
 * distance of those frames themselves (about 1 among normal frames). Which one
 * it is and how many neighbours count, #asdknntrain decides, which keeps the
 * normal frames. A window of several frames gets their mean. Distances mean more
 * where the features are scaled.
 *
 * Each score is posted as an element message "asd-score", see
 * %GST_ASD_SCORE_NAME for its fields, and travels as a meta of the same name on
 * the score buffers.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! asdmodspec ! asdknn model=scorers.asd ! asdscoreenc ! fdsink
 * gst-launch-1.0 -m asdtestsrc machine=fan fault=bearing num-buffers=1600 ! asdmodspec window=10000000000 ! asdknn model=scorers.asd ! fakesink
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_KNN (gst_asd_knn_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdKnn, gst_asd_knn, GST, ASD_KNN, GstAsdScorer);

struct _GstAsdKnn
{
  GstAsdScorer parent;

  AsdKnn *knn;
};

G_DEFINE_TYPE (GstAsdKnn, gst_asd_knn, GST_TYPE_ASD_SCORER);
GST_ELEMENT_REGISTER_DEFINE (asdknn, "asdknn", GST_RANK_NONE, GST_TYPE_ASD_KNN);

static gboolean
gst_asd_knn_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdKnn *self = GST_ASD_KNN (stage);

  self->knn = asd_knn_load (section, error);
  return self->knn != NULL && gst_asd_section_check_size (section,
      asd_knn_get_dim (self->knn), error);
}

static void
gst_asd_knn_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_KNN (stage)->knn, asd_knn_free);
}

static void
gst_asd_knn_score_frames (GstAsdScorer * scorer, const gdouble *frames,
    gsize n_frames, gdouble *scores, gdouble *parts)
{
  asd_knn_score (GST_ASD_KNN (scorer)->knn, frames, n_frames, scores, parts);
}

static void
gst_asd_knn_class_init (GstAsdKnnClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Nearest neighbour scorer", "Filter/Analyzer/Audio",
      "Scores features by their distance from the nearest normal ones",
      "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, "knn");
  stage_class->load = gst_asd_knn_load;
  stage_class->unload = gst_asd_knn_unload;
  GST_ASD_SCORER_CLASS (klass)->score_frames = gst_asd_knn_score_frames;
}

static void
gst_asd_knn_init (GstAsdKnn * self)
{
}
