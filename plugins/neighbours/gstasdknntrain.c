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
 * gst-launch-1.0 -q filesrc location=train.npy ! asdnpydec ! asdknntrain model=knn.asd normalise=none
 * gst-launch-1.0 -q asdclipsrc location='train/normal*.wav' ! asdmodspec ! asdknntrain model=knn.asd
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

enum
{
  PROP_0,
  PROP_NEIGHBOURS,
  PROP_NORMALISE,
  PROP_MAX_FRAMES,
};

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

#define GST_TYPE_ASD_KNN_NORMALISE (gst_asd_knn_normalise_get_type ())
static GType
gst_asd_knn_normalise_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type)) {
    GType new_type = g_enum_register_static ("GstAsdKnnNormalise",
        asd_knn_normalise_values ());

    gst_type_mark_as_plugin_api (new_type, 0);
    g_once_init_leave (&type, new_type);
  }
  return type;
}

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
gst_asd_knn_train_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstAsdKnnTrain *self = GST_ASD_KNN_TRAIN (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_NEIGHBOURS:
      self->neighbours = g_value_get_uint (value);
      break;
    case PROP_NORMALISE:
      self->normalise = g_value_get_enum (value);
      break;
    case PROP_MAX_FRAMES:
      self->max_frames = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_knn_train_get_property (GObject * object, guint id,
    GValue * value, GParamSpec * pspec)
{
  GstAsdKnnTrain *self = GST_ASD_KNN_TRAIN (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_NEIGHBOURS:
      g_value_set_uint (value, self->neighbours);
      break;
    case PROP_NORMALISE:
      g_value_set_enum (value, self->normalise);
      break;
    case PROP_MAX_FRAMES:
      g_value_set_uint (value, self->max_frames);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_knn_train_class_init (GstAsdKnnTrainClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY;

  object_class->set_property = gst_asd_knn_train_set_property;
  object_class->get_property = gst_asd_knn_train_get_property;
  g_object_class_install_property (object_class, PROP_NEIGHBOURS,
      g_param_spec_uint ("neighbours", "Neighbours",
          "Nearest training frames that count", 1, 100000, DEFAULT_NEIGHBOURS,
          flags));
  g_object_class_install_property (object_class, PROP_NORMALISE,
      g_param_spec_enum ("normalise", "Normalise",
          "What distances are compared with", GST_TYPE_ASD_KNN_NORMALISE,
          DEFAULT_NORMALISE, flags));
  g_object_class_install_property (object_class, PROP_MAX_FRAMES,
      g_param_spec_uint ("max-frames", "Most frames",
          "Training frames to keep and compare with; of more, a random sample is kept",
          2, G_MAXINT, DEFAULT_MAX_FRAMES, flags));

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
  self->neighbours = DEFAULT_NEIGHBOURS;
  self->normalise = DEFAULT_NORMALISE;
  self->max_frames = DEFAULT_MAX_FRAMES;
}
