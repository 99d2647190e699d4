/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asddistancetrain
 * @title: asddistancetrain
 *
 * Learns the mean and standard deviation of normal frames for #asddistance.
 */

#include <gst/asd/asd.h>

#include "distance.h"
#include "elements.h"

#define GST_TYPE_ASD_DISTANCE_TRAIN (gst_asd_distance_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdDistanceTrain, gst_asd_distance_train, GST,
    ASD_DISTANCE_TRAIN, GstAsdTrainer);

struct _GstAsdDistanceTrain
{
  GstAsdTrainer parent;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdDistanceTrain, gst_asd_distance_train,
    GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asddistancetrain, "asddistancetrain",
    GST_RANK_NONE, GST_TYPE_ASD_DISTANCE_TRAIN);

static gboolean
gst_asd_distance_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  gsize size =
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer));
  gdouble *frames, *mean, *deviation;
  gsize n_frames;

  frames = gst_asd_trainer_get_frames (trainer, &n_frames);
  mean = g_new (gdouble, size);
  deviation = g_new (gdouble, size);
  asd_distance_fit (frames, n_frames, size, mean, deviation);
  asd_model_writer_add_f64 (writer, "mean", mean, 1, &size);
  asd_model_writer_add_f64 (writer, "deviation", deviation, 1, &size);
  g_free (frames);
  g_free (mean);
  g_free (deviation);
  return TRUE;
}

static void
gst_asd_distance_train_class_init (GstAsdDistanceTrainClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Distance trainer", "Sink/Analyzer/Audio",
      "Learns the mean of normal features for asddistance", "gst-asd");
  trainer_class->kind = "distance";
  trainer_class->fit = gst_asd_distance_train_fit;
}

static void
gst_asd_distance_train_init (GstAsdDistanceTrain * self)
{
}
