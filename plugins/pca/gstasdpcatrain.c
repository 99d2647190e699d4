/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdpcatrain
 * @title: asdpcatrain
 *
 * Learns for #asdpca the directions in which frames vary most: as many as hold
 * the part `variance` of all variance, or a number of them. The covariance has
 * the size of a frame, squared, or that of the number of frames if there are
 * fewer. Frames are kept in memory, at most max-memory bytes of them. At least
 * two different frames are needed.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train". EOS reaches the bus when
 * the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdpcatrain model=pca.asd variance=0.99 whiten=true
 * gst-launch-1.0 filesrc location=train.npy ! asdnpydec ! asdpcatrain model=train.asd components=3
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_PCA_TRAIN (gst_asd_pca_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdPcaTrain, gst_asd_pca_train, GST,
    ASD_PCA_TRAIN, GstAsdTrainer);

#define DEFAULT_VARIANCE 0.9
#define DEFAULT_COMPONENTS 0
#define DEFAULT_WHITEN FALSE

struct _GstAsdPcaTrain
{
  GstAsdTrainer parent;

  AsdPcaConfig config;          /* under the object lock */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdPcaTrain, gst_asd_pca_train, GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdpcatrain, "asdpcatrain", GST_RANK_NONE,
    GST_TYPE_ASD_PCA_TRAIN);

static gboolean
gst_asd_pca_train_fit (GstAsdTrainer * trainer,
    AsdModelWriter * writer, GCancellable * cancellable, GError ** error)
{
  GstAsdPcaTrain *self = GST_ASD_PCA_TRAIN (trainer);
  gsize n_frames, size =
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer));
  AsdPcaConfig config;
  gdouble *frames;
  AsdPca *pca;

  GST_OBJECT_LOCK (self);
  config = self->config;
  GST_OBJECT_UNLOCK (self);

  frames = gst_asd_trainer_get_frames (trainer, &n_frames);
  pca = asd_pca_fit (&config, frames, n_frames, size, cancellable, error);
  g_free (frames);
  if (pca == NULL)
    return FALSE;

  gst_asd_trainer_progress (trainer, "%" G_GSIZE_FORMAT " components of %"
      G_GSIZE_FORMAT " dimensions", asd_pca_get_n_components (pca), size);
  asd_pca_save (pca, writer);
  asd_pca_free (pca);
  return TRUE;
}

static void
gst_asd_pca_train_class_init (GstAsdPcaTrainClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  GST_ASD_PROPERTY (klass, GstAsdPcaTrain, config.variance,
      g_param_spec_double ("variance", "Variance", "Part of the variance that "
          "the components keep, if components is 0", 1e-6, 1,
          DEFAULT_VARIANCE, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdPcaTrain, config.components,
      g_param_spec_uint ("components", "Components", "Number of components "
          "to keep, 0 for as many as variance needs", 0, 1 << 24,
          DEFAULT_COMPONENTS, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdPcaTrain, config.whiten,
      g_param_spec_boolean ("whiten", "Whiten",
          "Give each component a variance of 1", DEFAULT_WHITEN,
          GST_ASD_PARAM_READY));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Principal component trainer", "Sink/Analyzer/Audio",
      "Learns the principal components of features for asdpca", "gst-asd");
  trainer_class->kind = "pca";
  trainer_class->fit = gst_asd_pca_train_fit;
}

static void
gst_asd_pca_train_init (GstAsdPcaTrain * self)
{
}
