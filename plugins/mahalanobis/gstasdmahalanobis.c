/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdmahalanobis
 * @title: asdmahalanobis
 *
 * Scores each frame by its Mahalanobis distance from the mean of normal frames:
 * in standard deviations along the axes of their covariance, which
 * #asdmahalanobistrain learns. A window of several frames gets their mean.
 *
 * Each score is posted as an element message "asd-score", see
 * %GST_ASD_SCORE_NAME for its fields, and travels as a meta of the same name on
 * the score buffers.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! asdmodspec ! asdmahalanobis model=scorers.asd ! asdscoreenc ! fdsink
 * gst-launch-1.0 -m asdtestsrc machine=fan fault=bearing num-buffers=1600 ! asdmodspec window=10000000000 ! asdmahalanobis model=scorers.asd ! fakesink
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_MAHALANOBIS (gst_asd_mahalanobis_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdMahalanobis, gst_asd_mahalanobis, GST,
    ASD_MAHALANOBIS, GstAsdScorer);

struct _GstAsdMahalanobis
{
  GstAsdScorer parent;

  AsdMahalanobis *mahalanobis;
};

G_DEFINE_TYPE (GstAsdMahalanobis, gst_asd_mahalanobis, GST_TYPE_ASD_SCORER);
GST_ELEMENT_REGISTER_DEFINE (asdmahalanobis, "asdmahalanobis", GST_RANK_NONE,
    GST_TYPE_ASD_MAHALANOBIS);

static gboolean
gst_asd_mahalanobis_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdMahalanobis *self = GST_ASD_MAHALANOBIS (stage);

  self->mahalanobis = asd_mahalanobis_load (section, error);
  return self->mahalanobis != NULL && gst_asd_section_check_size (section,
      asd_mahalanobis_get_dim (self->mahalanobis), error);
}

static void
gst_asd_mahalanobis_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_MAHALANOBIS (stage)->mahalanobis,
      asd_mahalanobis_free);
}

static gdouble
gst_asd_mahalanobis_score_frame (GstAsdScorer * scorer, const gdouble *frame,
    gdouble *parts)
{
  const AsdMahalanobis *mahalanobis = GST_ASD_MAHALANOBIS (scorer)->mahalanobis;

  if (parts != NULL)
    asd_mahalanobis_get_parts (mahalanobis, frame, parts);
  return asd_mahalanobis_score (mahalanobis, frame);
}

static void
gst_asd_mahalanobis_class_init (GstAsdMahalanobisClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Mahalanobis distance scorer", "Filter/Analyzer/Audio",
      "Scores features by their Mahalanobis distance from normal ones",
      "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, "mahalanobis");
  stage_class->load = gst_asd_mahalanobis_load;
  stage_class->unload = gst_asd_mahalanobis_unload;
  GST_ASD_SCORER_CLASS (klass)->score_frame = gst_asd_mahalanobis_score_frame;
}

static void
gst_asd_mahalanobis_init (GstAsdMahalanobis * self)
{
}
