/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdgraphtrain
 * @title: asdgraphtrain
 *
 * Learns the clusters of normal frames that #asdgraph scores by: joins each
 * frame to its nearest other frame (L1 distance); the connected components are
 * the clusters. Time grows with the square of the number of frames.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train". EOS reaches the bus when
 * the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmodspec ! asdgraphtrain model=fan.asd
 * gst-launch-1.0 filesrc location=train.npy ! asdnpydec ! asdgraphtrain model=fan.asd
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_GRAPH_TRAIN (gst_asd_graph_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdGraphTrain, gst_asd_graph_train, GST,
    ASD_GRAPH_TRAIN, GstAsdTrainer);

struct _GstAsdGraphTrain
{
  GstAsdTrainer parent;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdGraphTrain, gst_asd_graph_train, GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdgraphtrain, "asdgraphtrain", GST_RANK_NONE,
    GST_TYPE_ASD_GRAPH_TRAIN);

static gboolean
gst_asd_graph_train_fit (GstAsdTrainer * trainer,
    AsdModelWriter * writer, GCancellable * cancellable, GError ** error)
{
  gsize size =
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer));
  gdouble *frames;
  gsize n_frames, n_clusters;
  AsdGraph *graph;

  frames = gst_asd_trainer_get_frames (trainer, &n_frames);
  graph = asd_graph_fit (frames, n_frames, size, cancellable, error);
  g_free (frames);
  if (graph == NULL)
    return FALSE;

  n_clusters = asd_graph_get_n_clusters (graph);
  gst_asd_trainer_progress (trainer, "%" G_GSIZE_FORMAT " cluster%s",
      n_clusters, n_clusters == 1 ? "" : "s");
  asd_graph_save (graph, writer);
  asd_graph_unref (graph);
  return TRUE;
}

static void
gst_asd_graph_train_class_init (GstAsdGraphTrainClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Nearest-neighbour graph trainer", "Sink/Analyzer/Audio",
      "Learns clusters of normal features for asdgraph", "gst-asd");
  trainer_class->kind = "graph";
  trainer_class->fit = gst_asd_graph_train_fit;
}

static void
gst_asd_graph_train_init (GstAsdGraphTrain * self)
{
}
