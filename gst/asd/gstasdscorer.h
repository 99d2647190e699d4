/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_SCORER_H__
#define __GST_ASD_SCORER_H__

#include <asd/asd.h>
#include <gst/base/gstbasetransform.h>
#include <gst/asd/gstasdfeatures.h>

G_BEGIN_DECLS

#define GST_TYPE_ASD_SCORER (gst_asd_scorer_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstAsdScorer, gst_asd_scorer, GST, ASD_SCORER,
    GstBaseTransform)

/**
 * GstAsdScorerClass:
 * @kind: kind of model section that @load reads, for example "graph"
 * @load: take what scoring needs from the section; on failure set @error
 * @unload: free it (may be called without a load)
 * @score_frame: score one frame of rows x columns values; higher is more
 *     anomalous
 * @score: score a whole window. Default: the mean of @score_frame over its
 *     frames
 *
 * Base class of elements that turn features into scores. It does the model and
 * its caps, the threshold, the score structure, its meta and its messages. A
 * subclass gives @kind, @load, @unload and one of @score_frame and @score.
 */
struct _GstAsdScorerClass
{
  GstBaseTransformClass parent_class;

  const gchar *kind;
  gboolean (*load) (GstAsdScorer * self, AsdModelSection * section,
      GError ** error);
  void (*unload) (GstAsdScorer * self);
  gdouble (*score_frame) (GstAsdScorer * self, const gdouble * frame);
  gdouble (*score) (GstAsdScorer * self, const gfloat * frames,
      gsize n_frames);

  /*< private >*/
  gpointer _gst_reserved[GST_PADDING];
};

/**
 * gst_asd_scorer_get_info: (skip)
 *
 * Returns: (transfer none): what a frame is; valid while scoring
 */
const GstAsdFeatureInfo *gst_asd_scorer_get_info (GstAsdScorer * self);

G_END_DECLS

#endif /* __GST_ASD_SCORER_H__ */
