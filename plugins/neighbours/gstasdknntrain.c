/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdknntrain
 * @title: asdknntrain
 *
 * Keeps normal frames for #asdknn. Of more than max-frames, a random sample is
 * kept, with a warning: each frame that is scored is compared with all of them.
 * Where there are not as many frames as neighbours, all of them count, with a
 * warning. normalise=density also keeps how far each frame is from its own
 * neighbours, and needs at least two frames that differ.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train". EOS reaches the bus when
 * the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=train.npy ! asdnpydec ! asdknntrain model=knn.asd normalise=none
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmodspec ! asdknntrain model=knn.asd
 * ]|
 */

#include "../elements.h"
#include "sample.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_KNN_TRAIN (gst_asd_knn_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdKnnTrain, gst_asd_knn_train, GST,
    ASD_KNN_TRAIN, GstAsdTrainer);

#define DEFAULT_NEIGHBOURS 4
#define DEFAULT_NORMALISE ASD_KNN_DENSITY
#define DEFAULT_MAX_FRAMES 10000

struct _GstAsdKnnTrain
{
  GstAsdTrainer parent;

  /* properties, under the object lock */
  guint neighbours;
  AsdKnnNormalise normalise;
  guint max_frames;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdKnnTrain, gst_asd_knn_train, GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdknntrain, "asdknntrain",
    GST_RANK_NONE, GST_TYPE_ASD_KNN_TRAIN);

static gboolean
gst_asd_knn_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  GstAsdKnnTrain *self = GST_ASD_KNN_TRAIN (trainer);
  gsize n_frames, size =
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer));
  AsdKnnNormalise normalise;
  guint neighbours, max_frames;
  gdouble *frames;
  AsdKnn *knn;

  GST_OBJECT_LOCK (self);
  neighbours = self->neighbours;
  normalise = self->normalise;
  max_frames = self->max_frames;
  GST_OBJECT_UNLOCK (self);

  frames = gst_asd_trainer_sample_frames (trainer, max_frames, &n_frames);
  knn = asd_knn_fit (normalise, frames, n_frames, size, neighbours,
      cancellable, error);
  g_free (frames);
  if (knn == NULL)
    return FALSE;

  if (asd_knn_get_warning (knn) != NULL)
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS, ("%s",
            asd_knn_get_warning (knn)), (NULL));
  asd_knn_save (knn, writer);
  asd_knn_free (knn);
  return TRUE;
}

static void
gst_asd_knn_train_class_init (GstAsdKnnTrainClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  GST_ASD_PROPERTY (klass, GstAsdKnnTrain, neighbours,
      g_param_spec_uint ("neighbours", "Neighbours",
          "Nearest training frames that count", 1, 100000, DEFAULT_NEIGHBOURS,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdKnnTrain, normalise,
      g_param_spec_enum ("normalise", "Normalise",
          "What distances are compared with",
          gst_asd_enum_type ("GstAsdKnnNormalise", asd_knn_normalise_values ()),
          DEFAULT_NORMALISE, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdKnnTrain, max_frames,
      g_param_spec_uint ("max-frames", "Most frames",
          "Training frames to keep and compare with; of more, a random sample is kept",
          2, G_MAXINT, DEFAULT_MAX_FRAMES, GST_ASD_PARAM_READY));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Nearest neighbour trainer", "Sink/Analyzer/Audio",
      "Keeps normal features for asdknn", "gst-asd");
  trainer_class->kind = "knn";
  trainer_class->fit = gst_asd_knn_train_fit;
}

static void
gst_asd_knn_train_init (GstAsdKnnTrain * self)
{
}
