/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_TRAINER_H__
#define __GST_ASD_TRAINER_H__

#include <asd/asd.h>
#include <gst/base/gstbasesink.h>
#include <gst/asd/gstasdfeatures.h>

G_BEGIN_DECLS

#define GST_TYPE_ASD_TRAINER (gst_asd_trainer_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstAsdTrainer, gst_asd_trainer, GST, ASD_TRAINER,
    GstBaseSink)

/**
 * GstAsdTrainerClass:
 * @kind: kind of the section that is written, for example "graph"
 * @reset: forget what was collected; called at start and stop
 * @collect: take one window: @n_frames frames of a feature stream, or
 *     @n_frames samples of an audio stream. ASD_ERROR_DATA leaves the window out
 *     with a warning, other errors end the stream. Default: keep the frames,
 *     see gst_asd_trainer_get_frames()
 * @fit: learn from what was collected and add the result to @writer, whose
 *     current stage is set already. On failure set @error. Return soon when
 *     @cancellable says so.
 *
 * Base class of elements that learn a stage of a model from a stream. It does
 * the clips and windows of an audio stream, bounds the memory, runs @fit at
 * EOS, writes the section into the model file and lets EOS go on only when the
 * file is safe on disk. A subclass adds a sink pad template and gives @kind
 * and @fit.
 *
 * Messages: GST_MESSAGE_PROGRESS with the code "train": start, continue with
 * what @fit reports, and complete, canceled or error.
 */
struct _GstAsdTrainerClass
{
  GstBaseSinkClass parent_class;

  const gchar *kind;
  void (*reset) (GstAsdTrainer * self);
  gboolean (*collect) (GstAsdTrainer * self, const gfloat * frames,
      gsize n_frames, GError ** error);
  gboolean (*fit) (GstAsdTrainer * self, AsdModelWriter * writer,
      GCancellable * cancellable, GError ** error);

  /*< private >*/
  gpointer _gst_reserved[GST_PADDING];
};

/**
 * gst_asd_trainer_get_info: (skip)
 *
 * Returns: (transfer none): what a frame is; for audio, one sample
 */
const GstAsdFeatureInfo *gst_asd_trainer_get_info (GstAsdTrainer * self);

/**
 * gst_asd_trainer_get_seed:
 *
 * Returns: the property seed
 */
guint gst_asd_trainer_get_seed (GstAsdTrainer * self);

/**
 * gst_asd_trainer_get_frames: (skip)
 * @n_frames: (out): how many
 *
 * Returns: (transfer full): the frames that the default collect kept,
 *     row-major, in double precision; g_free() it
 */
gdouble *gst_asd_trainer_get_frames (GstAsdTrainer * self, gsize * n_frames);

/**
 * gst_asd_trainer_peek_frames: (skip)
 * @n_frames: (out): how many
 *
 * Returns: (transfer none): the frames that the default collect kept,
 *     row-major, until @fit returns
 */
const gfloat *gst_asd_trainer_peek_frames (GstAsdTrainer * self,
    gsize * n_frames);

/**
 * gst_asd_trainer_progress: (skip)
 *
 * Tells what a long fit is doing.
 */
void gst_asd_trainer_progress (GstAsdTrainer * self, const gchar * format,
    ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS

#endif /* __GST_ASD_TRAINER_H__ */
