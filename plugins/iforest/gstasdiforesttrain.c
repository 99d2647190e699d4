/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdiforesttrain
 * @title: asdiforesttrain
 *
 * Grows the isolation forest that #asdiforest scores by. At least two frames have
 * to differ. The same seed gives the same forest.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train". EOS reaches the bus when
 * the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=train.npy ! asdnpydec ! asdiforesttrain model=iforest.asd trees=50 seed=1
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmodspec ! asdiforesttrain model=iforest.asd
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_IFOREST_TRAIN (gst_asd_iforest_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdIforestTrain, gst_asd_iforest_train, GST,
    ASD_IFOREST_TRAIN, GstAsdTrainer);

#define DEFAULT_TREES 100
#define DEFAULT_SAMPLES 256

struct _GstAsdIforestTrain
{
  GstAsdTrainer parent;

  AsdIforestConfig config;      /* under the object lock */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdIforestTrain, gst_asd_iforest_train, GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdiforesttrain, "asdiforesttrain",
    GST_RANK_NONE, GST_TYPE_ASD_IFOREST_TRAIN);

static gboolean
gst_asd_iforest_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  GstAsdIforestTrain *self = GST_ASD_IFOREST_TRAIN (trainer);
  gsize n_frames, size =
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer));
  AsdIforestConfig config;
  AsdIforest *forest;
  gdouble *frames;

  GST_OBJECT_LOCK (self);
  config = self->config;
  GST_OBJECT_UNLOCK (self);
  config.seed = gst_asd_trainer_get_seed (trainer);

  frames = gst_asd_trainer_get_frames (trainer, &n_frames);
  forest = asd_iforest_fit (&config, frames, n_frames, size, cancellable,
      error);
  g_free (frames);
  if (forest == NULL)
    return FALSE;

  asd_iforest_save (forest, writer);
  asd_iforest_free (forest);
  return TRUE;
}

static void
gst_asd_iforest_train_class_init (GstAsdIforestTrainClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  GST_ASD_PROPERTY (klass, GstAsdIforestTrain, config.trees,
      g_param_spec_uint ("trees", "Trees", "Number of trees", 1, 10000,
          DEFAULT_TREES, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdIforestTrain, config.samples,
      g_param_spec_uint ("samples", "Samples",
          "Random training frames for each tree; of fewer, all", 2, 50000,
          DEFAULT_SAMPLES, GST_ASD_PARAM_READY));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Isolation forest trainer", "Sink/Analyzer/Audio",
      "Grows a forest on normal features for asdiforest", "gst-asd");
  trainer_class->kind = "iforest";
  trainer_class->fit = gst_asd_iforest_train_fit;
}

static void
gst_asd_iforest_train_init (GstAsdIforestTrain * self)
{
  const AsdIforestConfig config = ASD_IFOREST_CONFIG_INIT;

  self->config = config;
}
