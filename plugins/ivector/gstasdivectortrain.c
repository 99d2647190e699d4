/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdivectortrain
 * @title: asdivectortrain
 *
 * Learns what #asdivector needs: a background model of all frames (a diagonal
 * Gaussian mixture, by k-means and expectation-maximisation) and the matrix T
 * of total variability from the statistics of each clip (Dehak et al. 2011). A
 * window is a clip. Frames are kept in memory, at most max-memory bytes of
 * them; of more clips a random sample is kept.
 *
 * With whiten=true, i-vectors get the mean 0 and a covariance of 1, as the
 * training clips' have it (Garcia-Romero and Espy-Wilson, Interspeech 2011).
 * Their covariance is shrunk (Ledoit and Wolf 2004), so that fewer clips than
 * dimensions will do, but at least three.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train" and the log-likelihood of
 * each iteration. EOS reaches the bus when the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdivectortrain model=ivector.asd components=8 dimensions=4
 * gst-launch-1.0 asdtestsrc machine=fan num-buffers=1600 ! asdmfcc window=2000000000 ! asdivectortrain model=test.asd components=8 dimensions=4
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_IVECTOR_TRAIN (gst_asd_ivector_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdIvectorTrain, gst_asd_ivector_train, GST,
    ASD_IVECTOR_TRAIN, GstAsdTrainer);

#define DEFAULT_COMPONENTS 64
#define DEFAULT_DIMENSIONS 100
#define DEFAULT_UBM_ITERATIONS 10
#define DEFAULT_ITERATIONS 10
#define DEFAULT_MINIMUM_DIVERGENCE FALSE
#define DEFAULT_WHITEN FALSE
#define DEFAULT_LENGTH_NORMALISE FALSE

struct _GstAsdIvectorTrain
{
  GstAsdTrainer parent;

  AsdIvectorConfig config;      /* under the object lock */

  AsdIvectorTrainer *trainer;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdIvectorTrain, gst_asd_ivector_train, GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdivectortrain, "asdivectortrain", GST_RANK_NONE,
    GST_TYPE_ASD_IVECTOR_TRAIN);

static void
gst_asd_ivector_train_reset (GstAsdTrainer * trainer)
{
  g_clear_pointer (&GST_ASD_IVECTOR_TRAIN (trainer)->trainer,
      asd_ivector_trainer_free);
}

static gboolean
gst_asd_ivector_train_collect (GstAsdTrainer * trainer, const gfloat *frames,
    gsize n_frames, GError ** error)
{
  GstAsdIvectorTrain *self = GST_ASD_IVECTOR_TRAIN (trainer);
  AsdIvectorConfig config;
  guint64 max_memory;

  if (self->trainer == NULL) {
    GST_OBJECT_LOCK (self);
    config = self->config;
    GST_OBJECT_UNLOCK (self);
    g_object_get (self, "max-memory", &max_memory, NULL);
    config.max_bytes = MIN (max_memory, G_MAXSIZE);
    config.ubm.seed = gst_asd_trainer_get_seed (trainer);
    self->trainer = asd_ivector_trainer_new (&config,
        gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer)));
  }
  return asd_ivector_trainer_add_clip (self->trainer, frames, n_frames, error);
}

static void
report (const char *what, guint iteration, guint max_iterations,
    double log_likelihood, gpointer user_data)
{
  gst_asd_trainer_progress (user_data, "%s iteration %u of at most %u, "
      "log-likelihood %.4f", what, iteration, max_iterations, log_likelihood);
}

static gboolean
gst_asd_ivector_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  GstAsdIvectorTrain *self = GST_ASD_IVECTOR_TRAIN (trainer);
  const char *warning = asd_ivector_trainer_get_warning (self->trainer);
  AsdIvector *model;

  if (warning != NULL)
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS, ("%s", warning), (NULL));
  model = asd_ivector_trainer_fit (self->trainer, report, self, cancellable,
      error);
  if (model == NULL)
    return FALSE;
  asd_ivector_save (model, writer);
  asd_ivector_unref (model);
  return TRUE;
}

static void
gst_asd_ivector_train_finalize (GObject * object)
{
  gst_asd_ivector_train_reset (GST_ASD_TRAINER (object));
  G_OBJECT_CLASS (gst_asd_ivector_train_parent_class)->finalize (object);
}

static void
install_properties (GstAsdIvectorTrainClass * klass)
{
  GST_ASD_PROPERTY (klass, GstAsdIvectorTrain, config.ubm.components,
      g_param_spec_uint ("components", "Components",
          "Number of Gaussians of the background model",
          1, 65536, DEFAULT_COMPONENTS, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdIvectorTrain, config.dimensions,
      g_param_spec_uint ("dimensions", "Dimensions",
          "Values of an i-vector", 1, 4096, DEFAULT_DIMENSIONS,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdIvectorTrain, config.ubm.iterations,
      g_param_spec_uint ("ubm-iterations", "Iterations of the background model",
          "Iterations of expectation-maximisation for the background model", 0,
          100000, DEFAULT_UBM_ITERATIONS, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdIvectorTrain, config.iterations,
      g_param_spec_uint ("iterations", "Iterations",
          "Iterations of expectation-maximisation for the matrix T", 0, 100000,
          DEFAULT_ITERATIONS, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdIvectorTrain, config.minimum_divergence,
      g_param_spec_boolean ("minimum-divergence", "Minimum divergence",
          "Keep the second moments of the training i-vectors at 1",
          DEFAULT_MINIMUM_DIVERGENCE, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdIvectorTrain, config.whiten,
      g_param_spec_boolean ("whiten", "Whiten",
          "Bring i-vectors to the mean 0 "
          "and uncorrelated values with a variance of 1, before length "
          "normalisation", DEFAULT_WHITEN, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdIvectorTrain, config.length_normalise,
      g_param_spec_boolean ("length-normalise", "Length normalisation",
          "Divide i-vectors by their length", DEFAULT_LENGTH_NORMALISE,
          GST_ASD_PARAM_READY));
}

static void
gst_asd_ivector_train_class_init (GstAsdIvectorTrainClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  object_class->finalize = gst_asd_ivector_train_finalize;
  install_properties (klass);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "i-vector trainer",
      "Sink/Analyzer/Audio", "Learns the i-vector space for asdivector",
      "gst-asd");
  trainer_class->kind = "ivector";
  trainer_class->reset = gst_asd_ivector_train_reset;
  trainer_class->collect = gst_asd_ivector_train_collect;
  trainer_class->fit = gst_asd_ivector_train_fit;
}

static void
gst_asd_ivector_train_init (GstAsdIvectorTrain * self)
{
  const AsdIvectorConfig config = ASD_IVECTOR_CONFIG_INIT;

  self->config = config;
}
