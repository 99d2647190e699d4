/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdlof
 * @title: asdlof
 *
 * Scores each frame by its local outlier factor (Breunig et al., SIGMOD 2000):
 * how much farther away its nearest normal frames are than they are from their
 * own neighbours. #asdloftrain keeps the normal frames. The score has no unit;
 * it is about 1 among normal frames and has no upper bound. A window of several
 * frames gets their mean. Distances mean more where the features are scaled.
 *
 * Each score is posted as an element message "asd-score", see
 * %GST_ASD_SCORE_NAME for its fields, and travels as a meta of the same name on
 * the score buffers.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! asdmodspec ! asdlof model=scorers.asd ! asdscoreenc ! fdsink
 * gst-launch-1.0 -m asdtestsrc machine=fan fault=bearing num-buffers=1600 ! asdmodspec window=10000000000 ! asdlof model=scorers.asd ! fakesink
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_LOF (gst_asd_lof_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdLof, gst_asd_lof, GST, ASD_LOF, GstAsdScorer);

struct _GstAsdLof
{
  GstAsdScorer parent;

  AsdLof *lof;
};

G_DEFINE_TYPE (GstAsdLof, gst_asd_lof, GST_TYPE_ASD_SCORER);
GST_ELEMENT_REGISTER_DEFINE (asdlof, "asdlof", GST_RANK_NONE, GST_TYPE_ASD_LOF);

static gboolean
gst_asd_lof_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdLof *self = GST_ASD_LOF (stage);

  self->lof = asd_lof_load (section, error);
  return self->lof != NULL && gst_asd_section_check_size (section,
      asd_lof_get_dim (self->lof), error);
}

static void
gst_asd_lof_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_LOF (stage)->lof, asd_lof_free);
}

static void
gst_asd_lof_score_frames (GstAsdScorer * scorer, const gdouble *frames,
    gsize n_frames, gdouble *scores, gdouble *parts)
{
  asd_lof_score (GST_ASD_LOF (scorer)->lof, frames, n_frames, scores, parts);
}

static void
gst_asd_lof_class_init (GstAsdLofClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Local outlier factor scorer", "Filter/Analyzer/Audio",
      "Scores features by how isolated they are among normal ones", "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, "lof");
  stage_class->load = gst_asd_lof_load;
  stage_class->unload = gst_asd_lof_unload;
  GST_ASD_SCORER_CLASS (klass)->score_frames = gst_asd_lof_score_frames;
}

static void
gst_asd_lof_init (GstAsdLof * self)
{
}
