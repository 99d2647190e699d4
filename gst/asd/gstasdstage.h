/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_STAGE_H__
#define __GST_ASD_STAGE_H__

#include <asd/asd.h>
#include <gst/base/gstbasetransform.h>
#include <gst/asd/gstasdfeatures.h>

G_BEGIN_DECLS

#define GST_TYPE_ASD_STAGE (gst_asd_stage_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstAsdStage, gst_asd_stage, GST, ASD_STAGE,
    GstBaseTransform)

/**
 * GstAsdStageClass:
 * @kind: see gst_asd_stage_class_set_kind(); NULL for an element that learned
 *     nothing
 * @load: take what the element needs from the section (NULL without @kind); on
 *     failure set @error
 * @unload: free it (may be called without a load)
 *
 * Base class of elements that take features and a section of a model: of
 * #GstAsdScorer and #GstAsdTransform. It loads the section on the way to PAUSED
 * and compares the stream with the features that the section was trained on.
 */
struct _GstAsdStageClass
{
  GstBaseTransformClass parent_class;

  const gchar *kind;
  gboolean (*load) (GstAsdStage * self, AsdModelSection * section,
      GError ** error);
  void (*unload) (GstAsdStage * self);

  /*< private >*/
  gpointer _gst_reserved[GST_PADDING];
};

/**
 * gst_asd_stage_class_set_kind: (skip)
 * @kind: (transfer none): kind of model section that load reads, for example
 *     "graph"; static
 *
 * Adds the properties model and stage: for elements that learned something.
 */
void gst_asd_stage_class_set_kind (GstAsdStageClass * klass,
    const gchar * kind);

/**
 * gst_asd_stage_get_section: (skip)
 *
 * Returns: (transfer none) (nullable): the section, from READY to PAUSED and
 *     back; NULL for a class without a kind
 */
AsdModelSection *gst_asd_stage_get_section (GstAsdStage * self);

/**
 * gst_asd_stage_is_loaded: (skip)
 *
 * Returns: whether load has been called, and unload not yet
 */
gboolean gst_asd_stage_is_loaded (GstAsdStage * self);

/**
 * gst_asd_stage_get_info: (skip)
 *
 * Returns: (transfer none): what a frame of the input is, in the streaming
 *     thread
 */
const GstAsdFeatureInfo *gst_asd_stage_get_info (GstAsdStage * self);

/**
 * gst_asd_stage_check_frames: (skip)
 * @buffer: a window, for its timestamp
 * @frames: (array length=n_values): what is in it
 *
 * Posts a warning where a window has no frames or values that are not finite.
 *
 * Returns: TRUE where the window can be used
 */
gboolean gst_asd_stage_check_frames (GstAsdStage * self, GstBuffer * buffer,
    const gfloat * frames, gsize n_values);

/**
 * gst_asd_stage_skip_window: (skip)
 * @reason: what is wrong and what to do, one line
 *
 * Posts a warning that the window that gst_asd_stage_check_frames() saw last is
 * left out.
 */
void gst_asd_stage_skip_window (GstAsdStage * self, const gchar * reason);

G_END_DECLS

#endif /* __GST_ASD_STAGE_H__ */
