/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_TRANSFORM_H__
#define __GST_ASD_TRANSFORM_H__

#include <gst/asd/gstasdstage.h>

G_BEGIN_DECLS

#define GST_TYPE_ASD_TRANSFORM (gst_asd_transform_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstAsdTransform, gst_asd_transform, GST,
    ASD_TRANSFORM, GstAsdStage)

/**
 * GstAsdTransformClass:
 * @describe: describe in @out the frames that come from frames like @in, which
 *     the model (if there is one) was trained on; @out comes in as a copy of @in.
 *     A new kind of features gets one name whatever @in is, so that a model
 *     from an "array" fits the features themselves. Called after load.
 * @max_frames: the most frames that a window of @n_frames gives; default: as
 *     many
 * @transform: write the frames of one window. *@n_out comes in as what
 *     max_frames said and leaves as the number written; 0 drops the window: say
 *     why with gst_asd_stage_skip_window(). Input is finite and not empty.
 *     Output that is not finite is dropped with a warning.
 * @source: (nullable): which of the @n_in values of an input frame value @i of an
 *     output frame is made of, in any thread after load; tells scorers behind it
 *     where their features come from. Default: all values are mixed
 *
 * Base class of elements that turn features into other features, most by what
 * they learned. It does what #GstAsdStage does, and negotiation. A subclass
 * gives load and unload of #GstAsdStage, its kind if it has a model, @describe
 * and @transform.
 */
struct _GstAsdTransformClass
{
  GstAsdStageClass parent_class;

  void (*describe) (GstAsdTransform * self, const GstAsdFeatureInfo * in,
      GstAsdFeatureInfo * out);
  gsize (*max_frames) (GstAsdTransform * self, gsize n_frames);
  void (*transform) (GstAsdTransform * self, const gfloat * frames,
      gsize n_frames, gfloat * out, gsize * n_out);
  gsize (*source) (GstAsdTransform * self, gsize i, gsize n_in);

  /*< private >*/
  gpointer _gst_reserved[GST_PADDING];
};

G_END_DECLS

#endif /* __GST_ASD_TRANSFORM_H__ */
