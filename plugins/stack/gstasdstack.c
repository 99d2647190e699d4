/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdstack
 * @title: asdstack
 *
 * Puts each frame together with those after it, so that a scorer of single
 * frames sees how they go on:
 *
 * |[
 * in   a b c d e f
 * out  abc bcd cde def      (frames=3)
 * ]|
 *
 * T frames of a window become T - frames + 1 of frames x (rows * columns)
 * values, kind=stacked. A window with fewer frames gives a warning and no
 * buffer. The DCASE 2020 baseline stacks 5 frames of 128 log-mel bands. It
 * learns nothing.
 *
 * Latency: none beyond that of the features.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='test/anomaly*.wav' ! asdmfcc ! asdstack ! asdnpyenc ! filesink location=stacked.npy
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdstack frames=3 ! asdgmmtrain model=stacked.asd components=2 covariance=diagonal
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>
#include <string.h>

#define GST_TYPE_ASD_STACK (gst_asd_stack_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdStack, gst_asd_stack, GST, ASD_STACK,
    GstAsdTransform);

#define DEFAULT_FRAMES 5

struct _GstAsdStack
{
  GstAsdTransform parent;

  guint frames_property;        /* under the object lock */

  guint frames;                 /* from start to stop */
};

G_DEFINE_TYPE (GstAsdStack, gst_asd_stack, GST_TYPE_ASD_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (asdstack, "asdstack", GST_RANK_NONE,
    GST_TYPE_ASD_STACK);

static gboolean
gst_asd_stack_load (GstAsdStage * stage, AsdModelSection * section,
    GError ** error)
{
  GstAsdStack *self = GST_ASD_STACK (stage);

  GST_OBJECT_LOCK (self);
  self->frames = self->frames_property;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static void
gst_asd_stack_unload (GstAsdStage * stage)
{
  /* There is nothing to free. */
}

static void
gst_asd_stack_describe (GstAsdTransform * transform,
    const GstAsdFeatureInfo * in, GstAsdFeatureInfo * out)
{
  guint frames = GST_ASD_STACK (transform)->frames;

  g_strlcpy (out->kind, "stacked", sizeof (out->kind));
  out->rows = frames;
  out->columns = in->rows * in->columns;
  if (in->frame_length > 0)
    out->frame_length = MIN (in->frame_length +
        (gint64) (frames - 1) * in->frame_step, G_MAXINT);
}

static gsize
gst_asd_stack_max_frames (GstAsdTransform * transform, gsize n_frames)
{
  guint frames = GST_ASD_STACK (transform)->frames;

  return n_frames < frames ? 0 : n_frames - frames + 1;
}

static void
gst_asd_stack_transform (GstAsdTransform * transform, const gfloat *frames,
    gsize n_frames, gfloat *out, gsize *n_out)
{
  GstAsdStage *stage = GST_ASD_STAGE (transform);
  guint n = GST_ASD_STACK (transform)->frames;
  gsize i, size =
      gst_asd_feature_info_frame_size (gst_asd_stage_get_info (stage));
  gchar *reason;

  for (i = 0; i < *n_out; i++)
    memcpy (out + i * n * size, frames + i * size, n * size * sizeof (gfloat));
  if (*n_out > 0)
    return;
  reason = g_strdup_printf ("The window has fewer frames (%" G_GSIZE_FORMAT ") "
      "than the %u that %s puts together: make the window longer, or set "
      "frames lower", n_frames, n,
      gst_asd_element_get_label (GST_ELEMENT (transform)));
  gst_asd_stage_skip_window (stage, reason);
  g_free (reason);
}

static gsize
gst_asd_stack_source (GstAsdTransform * transform, gsize i, gsize n_in)
{
  return i % n_in;
}

static void
gst_asd_stack_class_init (GstAsdStackClass * klass)
{
  GstAsdStageClass *stage_class = GST_ASD_STAGE_CLASS (klass);
  GstAsdTransformClass *transform_class = GST_ASD_TRANSFORM_CLASS (klass);

  GST_ASD_PROPERTY (klass, GstAsdStack, frames_property,
      g_param_spec_uint ("frames", "Frames",
          "Number of neighbours that become one frame", 1, 1024,
          DEFAULT_FRAMES, GST_ASD_PARAM_READY));

  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Frame stacking", "Filter/Analyzer/Audio",
      "Puts each frame together with its neighbours", "gst-asd");
  stage_class->load = gst_asd_stack_load;
  stage_class->unload = gst_asd_stack_unload;
  transform_class->describe = gst_asd_stack_describe;
  transform_class->max_frames = gst_asd_stack_max_frames;
  transform_class->transform = gst_asd_stack_transform;
  transform_class->source = gst_asd_stack_source;
}

static void
gst_asd_stack_init (GstAsdStack * self)
{
}
