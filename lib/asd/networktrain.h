/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_NETWORK_TRAIN_H__
#define __ASD_NETWORK_TRAIN_H__

#include <asd/network.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * AsdNet:
 * @ASD_NET_SIMPLE: four layers of 128, a code of 8, four of 128, each with
 *     batch normalisation before its ReLU; batches of 512, 100 epochs: the
 *     baseline of the DCASE 2020 Challenge, Task 2 (Koizumi et al. 2020)
 * @ASD_NET_CHROMA: 64-64-32-16-8-16-32-64-64, ReLU; batches of 56, 50 epochs:
 *     the study of chroma features
 * @ASD_NET_DENOISING: 2049-500-180-500-2049, ReLU, batch normalisation of the
 *     input and after each layer, dropout 0.1 after the layers of 2049; batches
 *     of 64, 30 epochs: the bachelor project. Its input had no noise; with
 *     noise it is a denoising autoencoder in the sense of Vincent et al. 2008.
 *
 * The published nets, as starting points of an AsdNetworkConfig.
 */
typedef enum
{
  ASD_NET_SIMPLE,
  ASD_NET_CHROMA,
  ASD_NET_DENOISING,
} AsdNet;

/**
 * AsdNetworkActivation:
 * @ASD_NETWORK_LINEAR: none; the network is then a projection
 *
 * What follows each hidden layer. The output is always linear.
 */
typedef enum
{
  ASD_NETWORK_RELU,
  ASD_NETWORK_TANH,
  ASD_NETWORK_SIGMOID,
  ASD_NETWORK_LINEAR,
} AsdNetworkActivation;

/**
 * AsdNetworkBatchNorm:
 * @ASD_NETWORK_NORM_NONE: nowhere
 * @ASD_NETWORK_NORM_BEFORE: before the activation of each hidden layer
 * @ASD_NETWORK_NORM_AFTER: after it, and of the input
 *
 * Where batch normalisation is (S. Ioffe, C. Szegedy: Batch normalization:
 * accelerating deep network training by reducing internal covariate shift.
 * ICML 2015).
 */
typedef enum
{
  ASD_NETWORK_NORM_NONE,
  ASD_NETWORK_NORM_BEFORE,
  ASD_NETWORK_NORM_AFTER,
} AsdNetworkBatchNorm;

/**
 * AsdNetworkStart:
 * @ASD_NETWORK_GLOROT: uniform in +-sqrt (6 / (inputs + outputs)), as Keras
 * @ASD_NETWORK_HE: normal with the variance 2 / inputs
 *
 * The first weights; biases start at 0.
 */
typedef enum
{
  ASD_NETWORK_GLOROT,
  ASD_NETWORK_HE,
} AsdNetworkStart;

/**
 * asd_net_values:
 *
 * Returns: the enumeration with a sentence (value_name) and the name used on
 * command lines (value_nick), ended by a row of zeros; ready for
 * g_enum_register_static(). Owned by the library.
 */
const GEnumValue *asd_net_values (void);
const GEnumValue *asd_network_activation_values (void);
const GEnumValue *asd_network_batch_norm_values (void);

#define ASD_NETWORK_MAX_LAYERS 24

/**
 * AsdNetworkConfig:
 * @layers: outputs of the hidden layers; input and output are as wide as a
 *     training vector
 * @n_layers: their number, at least 1
 * @activation: of the hidden layers
 * @batch_norm: where batch normalisation is
 * @momentum: part of the running statistics that stays in each step; in the
 *     first steps they are plain means
 * @dropout: part of the outputs of the first and the last hidden layer that
 *     each step leaves out
 * @noise: standard deviation of the Gaussian noise that is added to the input,
 *     and not to what the output is compared with
 * @start: the first weights
 * @epochs: times that each training vector is used
 * @batch_size: vectors of a step, at most; all batches are of one size, give or
 *     take one
 * @learning_rate: of Adam, with the moments' decay 0.9 and 0.999
 * @validation: part of the vectors, the last ones, that is held out to tell the
 *     validation loss
 * @patience: end when the validation loss (without validation the loss) has
 *     had no new minimum for so many epochs, and keep the network of the
 *     minimum; 0: train all epochs and keep the last
 * @seed: of the first weights, the order, dropout and noise
 */
typedef struct
{
  gsize layers[ASD_NETWORK_MAX_LAYERS];
  gsize n_layers;
  AsdNetworkActivation activation;
  AsdNetworkBatchNorm batch_norm;
  double momentum;
  double dropout;
  double noise;
  AsdNetworkStart start;
  guint epochs;
  guint batch_size;
  double learning_rate;
  double validation;
  guint patience;
  guint32 seed;
} AsdNetworkConfig;

/**
 * asd_network_config_init:
 *
 * Sets all of @config as @net has it.
 */
void asd_network_config_init (AsdNetworkConfig * config, AsdNet net);

/**
 * asd_network_config_set_layers:
 * @text: outputs of the hidden layers, such as "128,8,128"
 *
 * Returns: NULL, or a text that says what is wrong; @config is as before then
 */
const char *asd_network_config_set_layers (AsdNetworkConfig * config,
    const char *text);

/**
 * asd_network_config_get_layers:
 *
 * Returns: (transfer full): the text
 */
char *asd_network_config_get_layers (const AsdNetworkConfig * config);

/**
 * asd_network_config_check:
 *
 * Returns: NULL, or a text that says what is wrong
 */
const char *asd_network_config_check (const AsdNetworkConfig * config);

/**
 * AsdNetworkProgressFunc:
 * @epoch: 1 for the first
 * @loss: mean squared error of the training vectors while they were learned
 * @validation_loss: that of the vectors held out, after the epoch; NaN without
 *
 * Tells of an epoch, in the thread that learns.
 */
typedef void (*AsdNetworkProgressFunc) (guint epoch, guint epochs,
    double loss, double validation_loss, gpointer user_data);

/**
 * asd_network_train:
 * @config: a valid configuration
 * @x: @n training vectors of @dim values, row-major, finite; scale them first
 * @progress: (nullable): told of each epoch
 *
 * Trains an autoencoder: mini-batches in a random order, the mean squared error
 * between output and input, and Adam.
 *
 * The same seed, data, processor, libraries and number of OpenBLAS threads give
 * the same network to the last bit. That number belongs to the process and is
 * not touched here.
 *
 * Returns: (transfer full): the network, or NULL with ASD_ERROR_DATA (fewer
 *     than two vectors, all the same, or a loss that is not finite any more) or
 *     G_IO_ERROR_CANCELLED
 */
AsdNetwork *asd_network_train (const AsdNetworkConfig * config,
    const float *x, gsize n, gsize dim, AsdNetworkProgressFunc progress,
    gpointer user_data, GCancellable * cancellable, GError ** error);

G_END_DECLS

#endif /* __ASD_NETWORK_TRAIN_H__ */
