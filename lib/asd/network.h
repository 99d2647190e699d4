/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_NETWORK_H__
#define __ASD_NETWORK_H__

#include <asd/model.h>

G_BEGIN_DECLS

/**
 * AsdNetwork:
 *
 * A chain of modules from a vector to a vector, in float32 as PyTorch and Keras
 * compute: dense layers, batch normalisation and activations. An autoencoder is
 * one that was trained to give back its input, and whose reconstruction error
 * tells how unusual an input is; see networktrain.h.
 *
 * An AsdNetwork does not change once made and may be used by several threads.
 *
 * Its form in a model file is that of a torch.nn.Sequential: the string
 * "modules" names the modules, with a space between them, and the f32 tensors
 * have the names of its state_dict():
 *
 * - Linear: y = W x + b, with "I.weight" (outputs x inputs) and "I.bias", I
 *   being the place in the chain, from 0
 * - BatchNorm1d: y = (x - mean) / sqrt (variance + e) * weight + bias, with
 *   "I.weight", "I.bias", "I.running_mean" and "I.running_var"; e is the string
 *   "epsilon" of the section, 1e-5 (PyTorch's) without it
 * - ReLU, Tanh, Sigmoid
 * - Dropout: nothing, but it counts in I
 */
typedef struct _AsdNetwork AsdNetwork;

#define ASD_NETWORK_MAX_MODULES 120

/* Values of the widest layer that there may be. */
#define ASD_NETWORK_MAX_WIDTH (1 << 20)

AsdNetwork *asd_network_ref (AsdNetwork * network);
void asd_network_unref (AsdNetwork * network);

gsize asd_network_get_n_inputs (const AsdNetwork * network);
gsize asd_network_get_n_outputs (const AsdNetwork * network);

/**
 * asd_network_get_modules:
 *
 * Returns: (transfer full): the names of the modules as in a model file
 */
char *asd_network_get_modules (const AsdNetwork * network);

/**
 * asd_network_get_losses:
 * @n_epochs: (out): epochs of the training, 0 if it is not known
 * @validation: (out) (nullable) (transfer none): the losses of the frames that
 *     were held out, as many; NULL if there were none
 *
 * Returns: (nullable) (transfer none): mean squared error of the training
 *     frames in each epoch
 */
const double *asd_network_get_losses (const AsdNetwork * network,
    gsize * n_epochs, const double **validation);

/**
 * asd_network_save:
 * @writer: a writer whose current stage takes the network, and its losses as
 *     the f64 tensors "loss" and "validation-loss" (epochs)
 */
void asd_network_save (const AsdNetwork * network, AsdModelWriter * writer);

/**
 * asd_network_load:
 * @section: what asd_network_save() or another program wrote
 *
 * Returns: (transfer full): the network, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdNetwork *asd_network_load (AsdModelSection * section, GError ** error);

/**
 * AsdNetworkRunner:
 *
 * A network and the room to compute in. One thread at a time.
 *
 * The products are OpenBLAS's sgemm. How it sums may depend on its number of
 * threads, which belongs to the process and is not touched here: where results
 * shall be equal to the last bit, it has to be the same.
 */
typedef struct _AsdNetworkRunner AsdNetworkRunner;

AsdNetworkRunner *asd_network_runner_new (AsdNetwork * network);
void asd_network_runner_free (AsdNetworkRunner * runner);

/**
 * asd_network_runner_process:
 * @x: @n vectors of asd_network_get_n_inputs() values, row-major
 * @y: @n vectors of asd_network_get_n_outputs() values
 */
void asd_network_runner_process (AsdNetworkRunner * runner, const float *x,
    gsize n, float *y);

/**
 * asd_network_runner_score:
 * @x: @n vectors, at least one, of a network with as many outputs as inputs
 * @parts: (out) (optional): how much of the error each input has; they sum to it
 *
 * Returns: the reconstruction error: the mean over all vectors and values of
 *     (y - x)^2
 */
double asd_network_runner_score (AsdNetworkRunner * runner, const float *x,
    gsize n, double *parts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdNetwork, asd_network_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdNetworkRunner, asd_network_runner_free)

G_END_DECLS

#endif /* __ASD_NETWORK_H__ */
