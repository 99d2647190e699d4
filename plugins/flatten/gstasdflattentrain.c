/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdflattentrain
 * @title: asdflattentrain
 *
 * Learns how many frames #asdflatten makes one of: as many as every training
 * window has. Windows with different numbers of frames are an error that names
 * two of them.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train". EOS reaches the bus when
 * the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdflattentrain model=flat.asd
 * gst-launch-1.0 filesrc location=train.npy ! asdnpydec ! asdflattentrain model=flat.asd stage=flatten-npy
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_FLATTEN_TRAIN (gst_asd_flatten_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdFlattenTrain, gst_asd_flatten_train, GST,
    ASD_FLATTEN_TRAIN, GstAsdTrainer);

struct _GstAsdFlattenTrain
{
  GstAsdTrainer parent;

  gsize n_frames;               /* of each window, 0 before the first */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdFlattenTrain, gst_asd_flatten_train, GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdflattentrain, "asdflattentrain", GST_RANK_NONE,
    GST_TYPE_ASD_FLATTEN_TRAIN);

static void
gst_asd_flatten_train_reset (GstAsdTrainer * trainer)
{
  GST_ASD_FLATTEN_TRAIN (trainer)->n_frames = 0;
}

static gboolean
gst_asd_flatten_train_collect (GstAsdTrainer * trainer, const gfloat *frames,
    gsize n_frames, GError ** error)
{
  GstAsdFlattenTrain *self = GST_ASD_FLATTEN_TRAIN (trainer);

  if (self->n_frames == 0)
    self->n_frames = n_frames;
  if (n_frames == self->n_frames)
    return TRUE;
  g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH, "the training clips give "
      "windows of %" G_GSIZE_FORMAT " and of %" G_GSIZE_FORMAT " frames, and "
      "asdflatten needs one size: give windows the length of the shortest clip "
      "('gst-asd train --window NS', or window=NS of the features)",
      self->n_frames, n_frames);
  return FALSE;
}

static gboolean
gst_asd_flatten_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  asd_model_writer_set_int64 (writer, "frames",
      GST_ASD_FLATTEN_TRAIN (trainer)->n_frames);
  return TRUE;
}

static void
gst_asd_flatten_train_class_init (GstAsdFlattenTrainClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "Flatten trainer",
      "Sink/Analyzer/Audio",
      "Learns the number of frames of a window for asdflatten", "gst-asd");
  trainer_class->kind = "flatten";
  trainer_class->reset = gst_asd_flatten_train_reset;
  trainer_class->collect = gst_asd_flatten_train_collect;
  trainer_class->fit = gst_asd_flatten_train_fit;
}

static void
gst_asd_flatten_train_init (GstAsdFlattenTrain * self)
{
}
