/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdscaletrain
 * @title: asdscaletrain
 *
 * Learns for #asdscale the scale of each dimension: its mean and standard
 * deviation, or its range; of the features or of their logarithm. A dimension
 * that is constant gets a standard deviation (or a range) of 1. Keeps no
 * frames. At least two frames are needed, and with log=true none may be
 * negative.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train". EOS reaches the bus when
 * the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmodspec ! asdscaletrain model=scale.asd log=true
 * gst-launch-1.0 filesrc location=train.npy ! asdnpydec ! asdscaletrain model=range.asd method=min-max low=0 high=1
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_SCALE_TRAIN (gst_asd_scale_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdScaleTrain, gst_asd_scale_train, GST,
    ASD_SCALE_TRAIN, GstAsdTrainer);

#define DEFAULT_LOG FALSE
#define DEFAULT_METHOD ASD_SCALE_STANDARDISE
#define DEFAULT_LOW -5
#define DEFAULT_HIGH 5

struct _GstAsdScaleTrain
{
  GstAsdTrainer parent;

  AsdScaleConfig config;        /* under the object lock */

  AsdScaleTrainer *trainer;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdScaleTrain, gst_asd_scale_train, GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdscaletrain, "asdscaletrain", GST_RANK_NONE,
    GST_TYPE_ASD_SCALE_TRAIN);

static void
gst_asd_scale_train_reset (GstAsdTrainer * trainer)
{
  g_clear_pointer (&GST_ASD_SCALE_TRAIN (trainer)->trainer,
      asd_scale_trainer_free);
}

static gboolean
gst_asd_scale_train_collect (GstAsdTrainer * trainer, const gfloat *frames,
    gsize n_frames, GError ** error)
{
  GstAsdScaleTrain *self = GST_ASD_SCALE_TRAIN (trainer);
  AsdScaleConfig config;
  const char *wrong;

  if (self->trainer == NULL) {
    GST_OBJECT_LOCK (self);
    config = self->config;
    GST_OBJECT_UNLOCK (self);
    wrong = asd_scale_config_check (&config);
    if (wrong != NULL) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH, "%s: %s",
          gst_asd_element_get_label (GST_ELEMENT (self)), wrong);
      return FALSE;
    }
    self->trainer = asd_scale_trainer_new (&config,
        gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer)));
  }
  return asd_scale_trainer_add (self->trainer, frames, n_frames, error);
}

static gboolean
gst_asd_scale_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  GstAsdScaleTrain *self = GST_ASD_SCALE_TRAIN (trainer);
  AsdScale *scale = asd_scale_trainer_fit (self->trainer, error);

  if (scale == NULL)
    return FALSE;
  asd_scale_save (scale, writer);
  asd_scale_unref (scale);
  return TRUE;
}

static void
gst_asd_scale_train_finalize (GObject * object)
{
  gst_asd_scale_train_reset (GST_ASD_TRAINER (object));
  G_OBJECT_CLASS (gst_asd_scale_train_parent_class)->finalize (object);
}

static void
gst_asd_scale_train_class_init (GstAsdScaleTrainClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  object_class->finalize = gst_asd_scale_train_finalize;
  GST_ASD_PROPERTY (klass, GstAsdScaleTrain, config.log,
      g_param_spec_boolean ("log", "Logarithm", "Take the logarithm "
          "ln (x + 1e-12) of the features first, for energies", DEFAULT_LOG,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdScaleTrain, config.method,
      g_param_spec_enum ("method", "Method",
          "What each dimension is brought "
          "to: mean 0 and standard deviation 1, from low to high, or left as "
          "it is", gst_asd_enum_type ("GstAsdScaleMethod",
              asd_scale_method_values ()), DEFAULT_METHOD,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdScaleTrain, config.low,
      g_param_spec_double ("low", "Low",
          "Where min-max brings the smallest training value", -1e6, 1e6,
          DEFAULT_LOW, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdScaleTrain, config.high,
      g_param_spec_double ("high", "High",
          "Where min-max brings the largest training value; above low", -1e6,
          1e6, DEFAULT_HIGH, GST_ASD_PARAM_READY));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Feature scale trainer", "Sink/Analyzer/Audio",
      "Learns the scale of each dimension of features for asdscale", "gst-asd");
  trainer_class->kind = "scale";
  trainer_class->reset = gst_asd_scale_train_reset;
  trainer_class->collect = gst_asd_scale_train_collect;
  trainer_class->fit = gst_asd_scale_train_fit;
}

static void
gst_asd_scale_train_init (GstAsdScaleTrain * self)
{
}
