/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_FEATURES_H__
#define __GST_ASD_FEATURES_H__

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_ASD_FEATURES_MEDIA_TYPE "application/x-asd-features"

/**
 * GST_ASD_FEATURES_CAPS:
 *
 * Template caps of feature pads. One buffer is one window: n frames of
 * rows x columns little-endian floats, frame after frame, row-major.
 */
#define GST_ASD_FEATURES_CAPS GST_ASD_FEATURES_MEDIA_TYPE \
    ", format = (string) F32LE"

/**
 * GstAsdFeatureInfo:
 * @kind: what a frame is: "modspec", "mfcc", "log-mel", ..., or "array" where
 *     the origin is unknown
 * @rows: rows of a frame, at least 1
 * @columns: columns of a frame, at least 1
 * @rate: sample rate in Hz of the audio the features came from, 0 if unknown
 * @frame_length: samples that one frame covers, 0 if it stands for the whole
 *     window
 * @frame_step: samples between the starts of two frames, 0 as above
 *
 * What the caps of a feature stream say.
 */
typedef struct
{
  gchar kind[32];
  gint rows;
  gint columns;
  gint rate;
  gint frame_length;
  gint frame_step;
} GstAsdFeatureInfo;

/**
 * gst_asd_feature_info_from_caps:
 * @info: (out): filled in
 * @caps: fixed caps
 *
 * Returns: FALSE where @caps are not complete feature caps
 */
gboolean gst_asd_feature_info_from_caps (GstAsdFeatureInfo * info,
    const GstCaps * caps);

/**
 * gst_asd_feature_info_to_caps:
 *
 * Returns: (transfer full): the caps that @info describes
 */
GstCaps *gst_asd_feature_info_to_caps (const GstAsdFeatureInfo * info);

/**
 * gst_asd_feature_info_compatible:
 * @a: one side, for example a model
 * @b: the other side, for example a stream
 *
 * rows and columns must be equal; kind, rate, frame-length and frame-step
 * too, unless one side is "array" or 0.
 */
gboolean gst_asd_feature_info_compatible (const GstAsdFeatureInfo * a,
    const GstAsdFeatureInfo * b);

/**
 * gst_asd_feature_info_describe:
 *
 * Returns: (transfer full): one phrase for error messages, such as
 *     "modspec 60x8 at 16000 Hz"
 */
gchar *gst_asd_feature_info_describe (const GstAsdFeatureInfo * info);

/**
 * gst_asd_feature_info_frame_size:
 *
 * Returns: floats in one frame
 */
#define gst_asd_feature_info_frame_size(info) \
    ((gsize) (info)->rows * (gsize) (info)->columns)

G_END_DECLS

#endif /* __GST_ASD_FEATURES_H__ */
