/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdautoencoder
 * @title: asdautoencoder
 *
 * Scores each window by how badly an autoencoder that #asdautoencodertrain
 * trained on normal sound gives it back: the mean over its frames of the mean
 * squared error of a frame (Koizumi et al., "Description and discussion on
 * DCASE2020 Challenge Task 2", DCASE 2020). Features are taken as they are:
 * scale them with asdscale before.
 *
 * Each score is posted as an element message "asd-score", see
 * %GST_ASD_SCORE_NAME for its fields, and travels as a meta of the same name on
 * the score buffers.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdautoencodertrain model=ae.asd epochs=3
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! asdmfcc ! asdautoencoder model=ae.asd ! asdscoreenc ! fdsink
 * ]|
 */

#include "../elements.h"
#include "gstasdnetwork.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_AUTOENCODER (gst_asd_autoencoder_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdAutoencoder, gst_asd_autoencoder, GST,
    ASD_AUTOENCODER, GstAsdScorer);

struct _GstAsdAutoencoder
{
  GstAsdScorer parent;

  AsdNetworkRunner *runner;
};

G_DEFINE_TYPE (GstAsdAutoencoder, gst_asd_autoencoder, GST_TYPE_ASD_SCORER);
GST_ELEMENT_REGISTER_DEFINE (asdautoencoder, "asdautoencoder", GST_RANK_NONE,
    GST_TYPE_ASD_AUTOENCODER);

static gboolean
gst_asd_autoencoder_load (GstAsdStage * stage,
    AsdModelSection * section, GError ** error)
{
  return gst_asd_network_load (section, &GST_ASD_AUTOENCODER (stage)->runner,
      error);
}

static void
gst_asd_autoencoder_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_AUTOENCODER (stage)->runner,
      asd_network_runner_free);
}

static gdouble
gst_asd_autoencoder_score (GstAsdScorer * scorer, const gfloat *frames,
    gsize n_frames, gdouble *parts)
{
  return asd_network_runner_score (GST_ASD_AUTOENCODER (scorer)->runner, frames,
      n_frames, parts);
}

static void
gst_asd_autoencoder_class_init (GstAsdAutoencoderClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Autoencoder scorer", "Filter/Analyzer/Audio",
      "Scores features by their reconstruction error", "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, GST_ASD_NETWORK_KIND);
  stage_class->load = gst_asd_autoencoder_load;
  stage_class->unload = gst_asd_autoencoder_unload;
  GST_ASD_SCORER_CLASS (klass)->score = gst_asd_autoencoder_score;
}

static void
gst_asd_autoencoder_init (GstAsdAutoencoder * self)
{
}
