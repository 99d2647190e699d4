/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asddistance
 * @title: asddistance
 *
 * Scores each frame by its mean distance from the mean of normal frames, in
 * standard deviations. #asddistancetrain learns both.
 */

#include <gst/asd/asd.h>

#include "distance.h"
#include "elements.h"

#define GST_TYPE_ASD_DISTANCE (gst_asd_distance_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdDistance, gst_asd_distance, GST, ASD_DISTANCE,
    GstAsdScorer);

struct _GstAsdDistance
{
  GstAsdScorer parent;

  /* of the model */
  gsize size;
  const gdouble *mean;
  const gdouble *deviation;
};

G_DEFINE_TYPE (GstAsdDistance, gst_asd_distance, GST_TYPE_ASD_SCORER);
GST_ELEMENT_REGISTER_DEFINE (asddistance, "asddistance", GST_RANK_NONE,
    GST_TYPE_ASD_DISTANCE);

static gboolean
gst_asd_distance_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdDistance *self = GST_ASD_DISTANCE (stage);

  /* 0 is any size, the second call demands that of the first. */
  self->size = 0;
  self->mean = asd_model_section_get_f64 (section, "mean", 1, &self->size,
      error);
  if (self->mean == NULL)
    return FALSE;
  self->deviation = asd_model_section_get_f64 (section, "deviation", 1,
      &self->size, error);
  if (self->deviation == NULL)
    return FALSE;
  for (gsize i = 0; i < self->size; i++)
    if (self->deviation[i] <= 0)
      return asd_model_section_refuse (section, error,
          "a deviation is not positive");
  return gst_asd_section_check_size (section, self->size, error);
}

static void
gst_asd_distance_unload (GstAsdStage * stage)
{
  /* All of it belongs to the model. */
}

static gdouble
gst_asd_distance_score_frame (GstAsdScorer * scorer, const gdouble *frame,
    gdouble *parts)
{
  GstAsdDistance *self = GST_ASD_DISTANCE (scorer);

  if (parts != NULL)
    for (gsize i = 0; i < self->size; i++)
      parts[i] = asd_distance_score (frame + i, 1, self->mean + i,
          self->deviation + i);
  return asd_distance_score (frame, self->size, self->mean, self->deviation);
}

static void
gst_asd_distance_class_init (GstAsdDistanceClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Distance scorer", "Filter/Analyzer/Audio",
      "Scores features by their distance from the mean of normal ones",
      "gst-asd");
  gst_asd_stage_class_set_kind (stage_class, "distance");
  stage_class->load = gst_asd_distance_load;
  stage_class->unload = gst_asd_distance_unload;
  GST_ASD_SCORER_CLASS (klass)->score_frame = gst_asd_distance_score_frame;
}

static void
gst_asd_distance_init (GstAsdDistance * self)
{
}
