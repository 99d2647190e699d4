/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdiforest
 * @title: asdiforest
 *
 * Scores each frame by how few random divisions of the features isolate it from
 * normal frames (Liu, Ting and Zhou, ICDM 2008). #asdiforesttrain grows the trees
 * that divide. The score is above 0 and at most 1, about 0.5 where nothing is
 * remarkable; a window of several frames gets their mean. Neither offset nor
 * unit of a feature matters.
 *
 * Each score is posted as an element message "asd-score", see
 * %GST_ASD_SCORE_NAME for its fields, and travels as a meta of the same name on
 * the score buffers.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! asdmodspec ! asdiforest model=scorers.asd ! asdscoreenc ! fdsink
 * gst-launch-1.0 -m asdtestsrc machine=fan fault=bearing num-buffers=1600 ! asdmodspec window=10000000000 ! asdiforest model=scorers.asd ! fakesink
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_IFOREST (gst_asd_iforest_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdIforest, gst_asd_iforest, GST, ASD_IFOREST,
    GstAsdScorer);

struct _GstAsdIforest
{
  GstAsdScorer parent;

  AsdIforest *forest;
};

G_DEFINE_TYPE (GstAsdIforest, gst_asd_iforest, GST_TYPE_ASD_SCORER);
GST_ELEMENT_REGISTER_DEFINE (asdiforest, "asdiforest", GST_RANK_NONE,
    GST_TYPE_ASD_IFOREST);

static gboolean
gst_asd_iforest_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdIforest *self = GST_ASD_IFOREST (stage);

  self->forest = asd_iforest_load (section, error);
  return self->forest != NULL && gst_asd_section_check_size (section,
      asd_iforest_get_dim (self->forest), error);
}

static void
gst_asd_iforest_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_IFOREST (stage)->forest, asd_iforest_free);
}

static gdouble
gst_asd_iforest_score_frame (GstAsdScorer * scorer, const gdouble *frame,
    gdouble *parts)
{
  return asd_iforest_score (GST_ASD_IFOREST (scorer)->forest, frame);
}

static void
gst_asd_iforest_class_init (GstAsdIforestClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Isolation forest scorer", "Filter/Analyzer/Audio",
      "Scores features by how easily they are isolated from normal ones",
      "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, "iforest");
  stage_class->load = gst_asd_iforest_load;
  stage_class->unload = gst_asd_iforest_unload;
  GST_ASD_SCORER_CLASS (klass)->score_frame = gst_asd_iforest_score_frame;
}

static void
gst_asd_iforest_init (GstAsdIforest * self)
{
}
