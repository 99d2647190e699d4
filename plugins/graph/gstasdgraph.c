/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdgraph
 * @title: asdgraph
 *
 * Scores each frame by its distance to the nearest cluster of normal frames:
 * the smallest sum over the dimensions of |x - mean| / deviation (Tiwari et
 * al., DCASE 2020 Challenge, Task 2). The clusters are the connected components
 * of the graph that joins each training vector to its nearest neighbour;
 * #asdgraphtrain learns them. The score has no unit and no upper bound; a
 * window of several frames gets their mean.
 *
 * Each score is posted as an element message "asd-score", see
 * %GST_ASD_SCORE_NAME for its fields, and travels as a meta of the same name on
 * the score buffers.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! asddenoise model=fan.asd ! asdmodspec ! asdgraph model=fan.asd ! asdscoreenc ! fdsink
 * gst-launch-1.0 -m asdtestsrc machine=fan fault=bearing num-buffers=1600 ! audioconvert ! asddenoise model=fan.asd window=10000000000 ! asdmodspec window=10000000000 ! asdgraph model=fan.asd ! fakesink
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_GRAPH (gst_asd_graph_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdGraph, gst_asd_graph, GST, ASD_GRAPH, GstAsdScorer);

struct _GstAsdGraph
{
  GstAsdScorer parent;

  AsdGraph *graph;
};

G_DEFINE_TYPE (GstAsdGraph, gst_asd_graph, GST_TYPE_ASD_SCORER);
GST_ELEMENT_REGISTER_DEFINE (asdgraph, "asdgraph", GST_RANK_NONE,
    GST_TYPE_ASD_GRAPH);

static gboolean
gst_asd_graph_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdGraph *self = GST_ASD_GRAPH (stage);

  self->graph = asd_graph_load (section, error);
  return self->graph != NULL && gst_asd_section_check_size (section,
      asd_graph_get_dim (self->graph), error);
}

static void
gst_asd_graph_unload (GstAsdStage * stage)
{
  g_clear_pointer (&GST_ASD_GRAPH (stage)->graph, asd_graph_unref);
}

static gdouble
gst_asd_graph_score_frame (GstAsdScorer * scorer, const gdouble *frame,
    gdouble *parts)
{
  const AsdGraph *graph = GST_ASD_GRAPH (scorer)->graph;
  gsize cluster;
  gdouble score = asd_graph_score (graph, frame, &cluster);

  if (parts != NULL)
    asd_graph_get_parts (graph, cluster, frame, parts);
  return score;
}

static void
gst_asd_graph_class_init (GstAsdGraphClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Nearest-neighbour graph scorer", "Filter/Analyzer/Audio",
      "Scores features by their distance to clusters of normal ones",
      "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, "graph");
  stage_class->load = gst_asd_graph_load;
  stage_class->unload = gst_asd_graph_unload;
  GST_ASD_SCORER_CLASS (klass)->score_frame = gst_asd_graph_score_frame;
}

static void
gst_asd_graph_init (GstAsdGraph * self)
{
}
