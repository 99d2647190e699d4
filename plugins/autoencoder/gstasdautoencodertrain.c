/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdautoencodertrain
 * @title: asdautoencodertrain
 *
 * Trains the autoencoder that #asdautoencoder scores by: a dense net that
 * learns to give back frames of normal sound through a narrow code, by Adam on
 * mini-batches (Kingma and Ba 2015). The property net chooses a published net;
 * every other property that is set counts instead of what that net has, in
 * whatever order they are set.
 *
 * Features are taken as they are: scale them with asdscale before. With noise
 * the net learns to take noise away (Vincent et al., "Extracting and composing
 * robust features with denoising autoencoders", ICML 2008).
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train" and the losses of each
 * epoch, which are also in the model. A training that diverges is an error, and
 * leaves the model file as it was. EOS reaches the bus when the model is safe
 * on disk.
 *
 * The same seed gives the same bytes on the same machine with the same
 * libraries and the same number of OpenBLAS threads, which is the
 * application's: set OPENBLAS_NUM_THREADS, or call openblas_set_num_threads()
 * as gst-asd does.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdautoencodertrain model=ae.asd layers=32,4,32 epochs=5 patience=2
 * gst-launch-1.0 asdtestsrc machine=fan num-buffers=500 ! audioconvert ! asdlogmel window=1000000000 ! asdautoencodertrain model=ae.asd stage=logmel-net net=chroma epochs=5
 * ]|
 */

/**
 * SECTION:element-asdreconstructtrain
 * @title: asdreconstructtrain
 *
 * Trains the autoencoder that #asdreconstruct sends features through. It is
 * #asdautoencodertrain in all but the default of the property stage.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asdmfcc ! asdreconstructtrain model=r.asd net=denoising layers=64,16,64 noise=0.5 epochs=3
 * gst-launch-1.0 asdtestsrc machine=fan num-buffers=500 ! audioconvert ! asdlogmel window=1000000000 ! asdreconstructtrain model=r.asd net=chroma epochs=5
 * ]|
 */

#include "../elements.h"
#include "gstasdnetwork.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>
#include <math.h>

#define GST_TYPE_ASD_AUTOENCODER_TRAIN (gst_asd_autoencoder_train_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstAsdAutoencoderTrain, gst_asd_autoencoder_train,
    GST, ASD_AUTOENCODER_TRAIN, GstAsdTrainer);

#define DEFAULT_NET ASD_NET_SIMPLE
enum
{
  PROP_0,
  PROP_NET,
  PROP_LAYERS,
  PROP_ACTIVATION,
  PROP_BATCH_NORM,
  PROP_DROPOUT,
  PROP_NOISE,
  PROP_EPOCHS,
  PROP_BATCH_SIZE,
  PROP_LEARNING_RATE,
  PROP_VALIDATION,
  PROP_PATIENCE,
  N_PROPS,
};

struct _GstAsdAutoencoderTrainClass
{
  GstAsdTrainerClass parent_class;
};

typedef struct
{
  /* under the object lock */
  AsdNet net;
  GValue given[N_PROPS];        /* unset: as the net has it */
} GstAsdAutoencoderTrainPrivate;

typedef GstAsdAutoencoderTrain GstAsdReconstructTrain;
typedef GstAsdAutoencoderTrainClass GstAsdReconstructTrainClass;

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

G_DEFINE_TYPE_WITH_PRIVATE (GstAsdAutoencoderTrain, gst_asd_autoencoder_train,
    GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asdautoencodertrain, "asdautoencodertrain",
    GST_RANK_NONE, GST_TYPE_ASD_AUTOENCODER_TRAIN);

#define GET_PRIVATE(self) \
    gst_asd_autoencoder_train_get_instance_private (self)

GType gst_asd_reconstruct_train_get_type (void);
G_DEFINE_TYPE (GstAsdReconstructTrain, gst_asd_reconstruct_train,
    GST_TYPE_ASD_AUTOENCODER_TRAIN);
GST_ELEMENT_REGISTER_DEFINE (asdreconstructtrain, "asdreconstructtrain",
    GST_RANK_NONE, gst_asd_reconstruct_train_get_type ());

/* Enumerations of lib/ as types */
#define DEFINE_ENUM(name, type_name, values) \
static GType \
name (void) \
{ \
  static gsize type = 0; \
\
  if (g_once_init_enter (&type)) { \
    GType new_type = g_enum_register_static (type_name, values ()); \
\
    gst_type_mark_as_plugin_api (new_type, 0); \
    g_once_init_leave (&type, new_type); \
  } \
  return type; \
}

DEFINE_ENUM (net_type, "GstAsdNet", asd_net_values);
DEFINE_ENUM (activation_type, "GstAsdNetworkActivation",
    asd_network_activation_values);
DEFINE_ENUM (batch_norm_type, "GstAsdNetworkBatchNorm",
    asd_network_batch_norm_values);

/* Returns NULL, or what is wrong. */
static const char *
apply (AsdNetworkConfig * config, guint id, const GValue * value)
{
  switch (id) {
    case PROP_LAYERS:
      return asd_network_config_set_layers (config,
          g_value_get_string (value) != NULL ? g_value_get_string (value) : "");
    case PROP_ACTIVATION:
      config->activation = g_value_get_enum (value);
      break;
    case PROP_BATCH_NORM:
      config->batch_norm = g_value_get_enum (value);
      break;
    case PROP_DROPOUT:
      config->dropout = g_value_get_double (value);
      break;
    case PROP_NOISE:
      config->noise = g_value_get_double (value);
      break;
    case PROP_EPOCHS:
      config->epochs = g_value_get_uint (value);
      break;
    case PROP_BATCH_SIZE:
      config->batch_size = g_value_get_uint (value);
      break;
    case PROP_LEARNING_RATE:
      config->learning_rate = g_value_get_double (value);
      break;
    case PROP_VALIDATION:
      config->validation = g_value_get_double (value);
      break;
    case PROP_PATIENCE:
      config->patience = g_value_get_uint (value);
      break;
  }
  return NULL;
}

/* The net with what was set; returns NULL, or what is wrong. With the object
 * lock. */
static const char *
get_config (GstAsdAutoencoderTrain * self, AsdNetworkConfig * config)
{
  GstAsdAutoencoderTrainPrivate *priv = GET_PRIVATE (self);
  const char *wrong = NULL;

  asd_network_config_init (config, priv->net);
  for (guint id = PROP_LAYERS; id < N_PROPS; id++) {
    if (G_IS_VALUE (&priv->given[id])) {
      const char *problem = apply (config, id, &priv->given[id]);

      wrong = wrong != NULL ? wrong : problem;
    }
  }
  return wrong != NULL ? wrong : asd_network_config_check (config);
}

/* What would make the work of hours void is found before it starts. */
static gboolean
gst_asd_autoencoder_train_start (GstBaseSink * sink)
{
  AsdNetworkConfig config;
  const char *wrong;

  GST_OBJECT_LOCK (sink);
  wrong = get_config (GST_ASD_AUTOENCODER_TRAIN (sink), &config);
  GST_OBJECT_UNLOCK (sink);
  if (wrong != NULL) {
    GST_ELEMENT_ERROR (sink, LIBRARY, SETTINGS, ("%s", wrong), (NULL));
    return FALSE;
  }
  return GST_BASE_SINK_CLASS (gst_asd_autoencoder_train_parent_class)->start
      (sink);
}

static void
report (guint epoch, guint epochs, double loss, double validation_loss,
    gpointer user_data)
{
  if (isnan (validation_loss))
    gst_asd_trainer_progress (user_data, "epoch %u of at most %u, loss %.6g",
        epoch, epochs, loss);
  else
    gst_asd_trainer_progress (user_data, "epoch %u of at most %u, loss %.6g, "
        "validation loss %.6g", epoch, epochs, loss, validation_loss);
}

static gboolean
gst_asd_autoencoder_train_fit (GstAsdTrainer * trainer,
    AsdModelWriter * writer, GCancellable * cancellable, GError ** error)
{
  gsize n_frames, size =
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer));
  const gfloat *frames;
  AsdNetworkConfig config;
  AsdNetwork *network;

  if (size > ASD_NETWORK_MAX_WIDTH) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "frames of %" G_GSIZE_FORMAT
        " values are too large for a net, which takes %d: use shorter windows "
        "or fewer values", size, ASD_NETWORK_MAX_WIDTH);
    return FALSE;
  }
  GST_OBJECT_LOCK (trainer);
  get_config (GST_ASD_AUTOENCODER_TRAIN (trainer), &config);
  GST_OBJECT_UNLOCK (trainer);
  config.seed = gst_asd_trainer_get_seed (trainer);

  frames = gst_asd_trainer_peek_frames (trainer, &n_frames);
  network = asd_network_train (&config, frames, n_frames, size, report, trainer,
      cancellable, error);
  if (network == NULL)
    return FALSE;
  asd_network_save (network, writer);
  asd_network_unref (network);
  return TRUE;
}

static void
gst_asd_autoencoder_train_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstAsdAutoencoderTrainPrivate *priv =
      GET_PRIVATE (GST_ASD_AUTOENCODER_TRAIN (object));

  GST_OBJECT_LOCK (object);
  if (id == PROP_NET) {
    priv->net = g_value_get_enum (value);
  } else {
    if (!G_IS_VALUE (&priv->given[id]))
      g_value_init (&priv->given[id], G_VALUE_TYPE (value));
    g_value_copy (value, &priv->given[id]);
  }
  GST_OBJECT_UNLOCK (object);
}

static void
gst_asd_autoencoder_train_get_property (GObject * object, guint id,
    GValue * value, GParamSpec * pspec)
{
  GstAsdAutoencoderTrain *self = GST_ASD_AUTOENCODER_TRAIN (object);
  GstAsdAutoencoderTrainPrivate *priv = GET_PRIVATE (self);
  AsdNetworkConfig config;

  GST_OBJECT_LOCK (object);
  get_config (self, &config);
  switch (id) {
    case PROP_NET:
      g_value_set_enum (value, priv->net);
      break;
    case PROP_LAYERS:
      g_value_take_string (value, asd_network_config_get_layers (&config));
      break;
    case PROP_ACTIVATION:
      g_value_set_enum (value, config.activation);
      break;
    case PROP_BATCH_NORM:
      g_value_set_enum (value, config.batch_norm);
      break;
    case PROP_DROPOUT:
      g_value_set_double (value, config.dropout);
      break;
    case PROP_NOISE:
      g_value_set_double (value, config.noise);
      break;
    case PROP_EPOCHS:
      g_value_set_uint (value, config.epochs);
      break;
    case PROP_BATCH_SIZE:
      g_value_set_uint (value, config.batch_size);
      break;
    case PROP_LEARNING_RATE:
      g_value_set_double (value, config.learning_rate);
      break;
    case PROP_VALIDATION:
      g_value_set_double (value, config.validation);
      break;
    case PROP_PATIENCE:
      g_value_set_uint (value, config.patience);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (object);
}

static void
gst_asd_autoencoder_train_finalize (GObject * object)
{
  GstAsdAutoencoderTrainPrivate *priv =
      GET_PRIVATE (GST_ASD_AUTOENCODER_TRAIN (object));

  for (guint id = 0; id < N_PROPS; id++)
    if (G_IS_VALUE (&priv->given[id]))
      g_value_unset (&priv->given[id]);
  G_OBJECT_CLASS (gst_asd_autoencoder_train_parent_class)->finalize (object);
}

/* The defaults are those of the default net. */
static void
install_net (GObjectClass * object_class, const AsdNetworkConfig * net,
    GParamFlags flags)
{
  gchar *layers = asd_network_config_get_layers (net);

  g_object_class_install_property (object_class, PROP_NET,
      g_param_spec_enum ("net", "Net", "Published net whose settings count "
          "where a property is not set", net_type (), DEFAULT_NET, flags));
  g_object_class_install_property (object_class, PROP_LAYERS,
      g_param_spec_string ("layers", "Layers", "Outputs of the hidden layers, "
          "with commas in between", layers, flags));
  g_object_class_install_property (object_class, PROP_ACTIVATION,
      g_param_spec_enum ("activation", "Activation", "What follows each hidden "
          "layer", activation_type (), net->activation, flags));
  g_object_class_install_property (object_class, PROP_BATCH_NORM,
      g_param_spec_enum ("batch-norm", "Batch normalisation", "Where there is "
          "batch normalisation", batch_norm_type (), net->batch_norm, flags));
  g_object_class_install_property (object_class, PROP_DROPOUT,
      g_param_spec_double ("dropout", "Dropout", "Part of the outputs of the "
          "first and the last hidden layer that each step leaves out",
          0, 0.999, net->dropout, flags));
  g_object_class_install_property (object_class, PROP_NOISE,
      g_param_spec_double ("noise", "Noise", "Standard deviation of the noise "
          "that is added to the input while training", 0, 1e6, net->noise,
          flags));
  g_free (layers);
}

static void
install_training (GObjectClass * object_class, const AsdNetworkConfig * net,
    GParamFlags flags)
{
  g_object_class_install_property (object_class, PROP_EPOCHS,
      g_param_spec_uint ("epochs", "Epochs", "Times that each frame is used",
          1, 1000000, net->epochs, flags));
  g_object_class_install_property (object_class, PROP_BATCH_SIZE,
      g_param_spec_uint ("batch-size", "Batch size", "Frames of one step",
          1, 65536, net->batch_size, flags));
  g_object_class_install_property (object_class, PROP_LEARNING_RATE,
      g_param_spec_double ("learning-rate", "Learning rate", "Length of a step "
          "of Adam", 1e-9, 10, net->learning_rate, flags));
  g_object_class_install_property (object_class, PROP_VALIDATION,
      g_param_spec_double ("validation", "Validation", "Part of the frames, "
          "the last ones, that is held out to tell the validation loss",
          0, 0.999, net->validation, flags));
  g_object_class_install_property (object_class, PROP_PATIENCE,
      g_param_spec_uint ("patience", "Patience", "Epochs without a new minimum "
          "of the validation loss after which the training ends with the net "
          "of the minimum, 0 for all epochs", 0, 1000000, net->patience,
          flags));
}

static void
gst_asd_autoencoder_train_class_init (GstAsdAutoencoderTrainClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY;
  AsdNetworkConfig net;

  object_class->set_property = gst_asd_autoencoder_train_set_property;
  object_class->get_property = gst_asd_autoencoder_train_get_property;
  object_class->finalize = gst_asd_autoencoder_train_finalize;
  asd_network_config_init (&net, DEFAULT_NET);
  install_net (object_class, &net, flags);
  install_training (object_class, &net, flags);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "Autoencoder trainer",
      "Sink/Analyzer/Audio",
      "Trains an autoencoder of normal features for asdautoencoder", "gst-asd");
  GST_BASE_SINK_CLASS (klass)->start = gst_asd_autoencoder_train_start;
  trainer_class->kind = GST_ASD_NETWORK_KIND;
  trainer_class->fit = gst_asd_autoencoder_train_fit;
}

static void
gst_asd_autoencoder_train_init (GstAsdAutoencoderTrain * self)
{
  GstAsdAutoencoderTrainPrivate *priv = GET_PRIVATE (self);

  priv->net = DEFAULT_NET;
}

static void
gst_asd_reconstruct_train_class_init (GstAsdReconstructTrainClass * klass)
{
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Reconstruction trainer", "Sink/Analyzer/Audio",
      "Trains an autoencoder of normal features for asdreconstruct", "gst-asd");
}

static void
gst_asd_reconstruct_train_init (GstAsdReconstructTrain * self)
{
}
