/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdgmmtrain
 * @title: asdgmmtrain
 *
 * Learns the Gaussian mixture that #asdgmm scores by: k-means, then
 * expectation-maximisation until the mean log-likelihood changes by less than
 * 1e-3. Full covariances are the published system's (Tiwari et al., DCASE 2020
 * Challenge, Task 2); they need many more frames for each component than a
 * frame has values. Shrunk (Ledoit and Wolf 2004) and diagonal ones need fewer.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train" and the log-likelihood of
 * each iteration, and a warning where components collapse. EOS reaches the bus
 * when the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdivector model=ivector.asd ! asdgmmtrain model=ivector.asd components=2 covariance=shrunk
 * gst-launch-1.0 filesrc location=train.npy ! asdnpydec ! asdgmmtrain model=gmm.asd components=2 covariance=diagonal
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_GMM_TRAIN (gst_asd_gmm_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdGmmTrain, gst_asd_gmm_train, GST, ASD_GMM_TRAIN,
    GstAsdTrainer);

#define DEFAULT_COMPONENTS 10
#define DEFAULT_COVARIANCE ASD_GMM_FULL
#define DEFAULT_RESTARTS 1
#define DEFAULT_ITERATIONS 100

struct _GstAsdGmmTrain
{
  GstAsdTrainer parent;

  AsdGmmConfig config;          /* under the object lock */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE (GstAsdGmmTrain, gst_asd_gmm_train, GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdgmmtrain, "asdgmmtrain", GST_RANK_NONE,
    GST_TYPE_ASD_GMM_TRAIN);

static void
report (const char *what, guint iteration, guint max_iterations,
    double log_likelihood, gpointer user_data)
{
  gst_asd_trainer_progress (user_data, "%s iteration %u of at most %u, "
      "log-likelihood %.4f", what, iteration, max_iterations, log_likelihood);
}

static gboolean
gst_asd_gmm_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  GstAsdGmmTrain *self = GST_ASD_GMM_TRAIN (trainer);
  gsize n_frames, size =
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer));
  AsdGmmConfig config;
  gdouble *frames;
  AsdGmm *gmm;

  GST_OBJECT_LOCK (self);
  config = self->config;
  GST_OBJECT_UNLOCK (self);
  config.seed = gst_asd_trainer_get_seed (trainer);

  frames = gst_asd_trainer_get_frames (trainer, &n_frames);
  gmm = asd_gmm_fit (&config, frames, n_frames, size, NULL, report, self,
      cancellable, error);
  g_free (frames);
  if (gmm == NULL)
    return FALSE;

  if (asd_gmm_get_warning (gmm) != NULL)
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS, ("%s",
            asd_gmm_get_warning (gmm)), (NULL));
  asd_gmm_save (gmm, writer);
  asd_gmm_unref (gmm);
  return TRUE;
}

static void
gst_asd_gmm_train_class_init (GstAsdGmmTrainClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  GST_ASD_PROPERTY (klass, GstAsdGmmTrain, config.components,
      g_param_spec_uint ("components", "Components", "Number of Gaussians",
          1, 4096, DEFAULT_COMPONENTS, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdGmmTrain, config.covariance,
      g_param_spec_enum ("covariance", "Covariance",
          "Kind of covariance of each Gaussian",
          gst_asd_enum_type ("GstAsdGmmCovariance",
              asd_gmm_covariance_values ()), DEFAULT_COVARIANCE,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdGmmTrain, config.restarts,
      g_param_spec_uint ("restarts", "Restarts",
          "Fits from different starts, of which the likeliest is kept", 1, 1000,
          DEFAULT_RESTARTS, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdGmmTrain, config.max_iterations,
      g_param_spec_uint ("iterations", "Iterations",
          "Most iterations of expectation-maximisation", 1, 100000,
          DEFAULT_ITERATIONS, GST_ASD_PARAM_READY));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Gaussian mixture trainer", "Sink/Analyzer/Audio",
      "Learns a Gaussian mixture of normal features for asdgmm", "gst-asd");
  trainer_class->kind = "gmm";
  trainer_class->fit = gst_asd_gmm_train_fit;
}

static void
gst_asd_gmm_train_init (GstAsdGmmTrain * self)
{
  const AsdGmmConfig config = ASD_GMM_CONFIG_INIT;

  self->config = config;
}
