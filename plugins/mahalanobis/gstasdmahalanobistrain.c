/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdmahalanobistrain
 * @title: asdmahalanobistrain
 *
 * Learns mean and covariance of normal frames for #asdmahalanobis. The covariance
 * is shrunk (Ledoit and Wolf 2004), so that fewer frames than a frame has values
 * are enough; at least two have to differ.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train". EOS reaches the bus when
 * the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=train.npy ! asdnpydec ! asdmahalanobistrain model=mahalanobis.asd
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmodspec ! asdmahalanobistrain model=mahalanobis.asd
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_MAHALANOBIS_TRAIN (gst_asd_mahalanobis_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdMahalanobisTrain, gst_asd_mahalanobis_train, GST,
    ASD_MAHALANOBIS_TRAIN, GstAsdTrainer);

struct _GstAsdMahalanobisTrain
{
  GstAsdTrainer parent;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdMahalanobisTrain, gst_asd_mahalanobis_train,
    GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdmahalanobistrain, "asdmahalanobistrain",
    GST_RANK_NONE, GST_TYPE_ASD_MAHALANOBIS_TRAIN);

static gboolean
gst_asd_mahalanobis_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  gsize n_frames, size =
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer));
  AsdMahalanobis *mahalanobis;
  gdouble *frames;

  frames = gst_asd_trainer_get_frames (trainer, &n_frames);
  mahalanobis = asd_mahalanobis_fit (frames, n_frames, size, error);
  g_free (frames);
  if (mahalanobis == NULL)
    return FALSE;

  asd_mahalanobis_save (mahalanobis, writer);
  asd_mahalanobis_free (mahalanobis);
  return TRUE;
}

static void
gst_asd_mahalanobis_train_class_init (GstAsdMahalanobisTrainClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Mahalanobis distance trainer", "Sink/Analyzer/Audio",
      "Learns mean and covariance of normal features for asdmahalanobis",
      "gst-asd");
  trainer_class->kind = "mahalanobis";
  trainer_class->fit = gst_asd_mahalanobis_train_fit;
}

static void
gst_asd_mahalanobis_train_init (GstAsdMahalanobisTrain * self)
{
}
