/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdloftrain
 * @title: asdloftrain
 *
 * Keeps normal frames and their densities for #asdlof. Of more than max-frames, a
 * random sample is kept, with a warning: each frame that is scored is compared
 * with all of them, and training compares each with each. Where there are not
 * as many others as neighbours, all of them count, with a warning; at least two
 * frames have to differ. A warning also tells of frames that have as many
 * duplicates as neighbours.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train". EOS reaches the bus when
 * the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=train.npy ! asdnpydec ! asdloftrain model=lof.asd neighbours=4
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmodspec ! asdloftrain model=lof.asd
 * ]|
 */

#include "../elements.h"
#include "sample.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_LOF_TRAIN (gst_asd_lof_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdLofTrain, gst_asd_lof_train, GST,
    ASD_LOF_TRAIN, GstAsdTrainer);

#define DEFAULT_NEIGHBOURS 20
#define DEFAULT_MAX_FRAMES 10000

struct _GstAsdLofTrain
{
  GstAsdTrainer parent;

  /* properties, under the object lock */
  guint neighbours;
  guint max_frames;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdLofTrain, gst_asd_lof_train, GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdloftrain, "asdloftrain",
    GST_RANK_NONE, GST_TYPE_ASD_LOF_TRAIN);

static gboolean
gst_asd_lof_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  GstAsdLofTrain *self = GST_ASD_LOF_TRAIN (trainer);
  gsize n_frames, size =
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer));
  guint neighbours, max_frames;
  gdouble *frames;
  AsdLof *lof;

  GST_OBJECT_LOCK (self);
  neighbours = self->neighbours;
  max_frames = self->max_frames;
  GST_OBJECT_UNLOCK (self);

  frames = gst_asd_trainer_sample_frames (trainer, max_frames, &n_frames);
  lof = asd_lof_fit (frames, n_frames, size, neighbours, cancellable, error);
  g_free (frames);
  if (lof == NULL)
    return FALSE;

  if (asd_lof_get_warning (lof) != NULL)
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS, ("%s",
            asd_lof_get_warning (lof)), (NULL));
  asd_lof_save (lof, writer);
  asd_lof_free (lof);
  return TRUE;
}

static void
gst_asd_lof_train_class_init (GstAsdLofTrainClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  GST_ASD_PROPERTY (klass, GstAsdLofTrain, neighbours,
      g_param_spec_uint ("neighbours", "Neighbours",
          "Nearest training frames that count", 1, 100000, DEFAULT_NEIGHBOURS,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdLofTrain, max_frames,
      g_param_spec_uint ("max-frames", "Most frames",
          "Training frames to keep and compare with; of more, a random sample is kept",
          2, G_MAXINT, DEFAULT_MAX_FRAMES, GST_ASD_PARAM_READY));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Local outlier factor trainer", "Sink/Analyzer/Audio",
      "Keeps normal features and their densities for asdlof", "gst-asd");
  trainer_class->kind = "lof";
  trainer_class->fit = gst_asd_lof_train_fit;
}

static void
gst_asd_lof_train_init (GstAsdLofTrain * self)
{
}
