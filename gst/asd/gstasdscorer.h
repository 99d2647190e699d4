/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_SCORER_H__
#define __GST_ASD_SCORER_H__

#include <gst/asd/gstasdstage.h>

G_BEGIN_DECLS

#define GST_TYPE_ASD_SCORER (gst_asd_scorer_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstAsdScorer, gst_asd_scorer, GST, ASD_SCORER,
    GstAsdStage)

/**
 * GstAsdScorerClass:
 * @score_frame: score one frame of rows x columns values; higher is more
 *     anomalous
 * @score_frames: score @n_frames frames into @scores, where that takes less time
 *     than one after the other, with a row of @parts for each. Default:
 *     @score_frame of each
 * @score: score a whole window. Default: the mean of @score_frames over its
 *     frames, and the sum of the rows of @parts
 *
 * @parts, where it is not NULL, takes how much each value of the frame adds to
 * the score (or takes from it); only their ratios count. It comes in as zeros,
 * and may stay so: then scores are not explained.
 *
 * Base class of elements that turn features into scores. It does what
 * #GstAsdStage does, the threshold, the score structure, its meta and its
 * messages. A subclass gives kind, load and unload of #GstAsdStage and one of
 * @score_frame, @score_frames and @score.
 */
struct _GstAsdScorerClass
{
  GstAsdStageClass parent_class;

  gdouble (*score_frame) (GstAsdScorer * self, const gdouble * frame,
      gdouble * parts);
  gdouble (*score) (GstAsdScorer * self, const gfloat * frames,
      gsize n_frames, gdouble * parts);
  void (*score_frames) (GstAsdScorer * self, const gdouble * frames,
      gsize n_frames, gdouble * scores, gdouble * parts);

  /*< private >*/
  gpointer _gst_reserved[GST_PADDING];
};

G_END_DECLS

#endif /* __GST_ASD_SCORER_H__ */
