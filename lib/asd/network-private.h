/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_NETWORK_PRIVATE_H__
#define __ASD_NETWORK_PRIVATE_H__

/* Internal: what network.c, networkmodules.c and networktrain.c share. Not
 * installed. */

#include "network.h"

G_BEGIN_DECLS

typedef enum
{
  ASD_MODULE_LINEAR,
  ASD_MODULE_BATCH_NORM,
  ASD_MODULE_RELU,
  ASD_MODULE_TANH,
  ASD_MODULE_SIGMOID,
  ASD_MODULE_DROPOUT,
} AsdModuleType;

#define ASD_N_MODULE_TYPES (ASD_MODULE_DROPOUT + 1)

/* The pointers are into the values of the network. */
typedef struct
{
  AsdModuleType type;
  gsize n_in;
  gsize n_out;
  gsize n_weights;              /* 0 without parameters, and n_out biases */
  float *weight;                /* n_out x n_in, or n_out */
  float *bias;
  float *mean;                  /* of a batch normalisation: n_out */
  float *variance;
} AsdModule;

struct _AsdNetwork
{
  gatomicrefcount refs;
  gsize n_modules;
  AsdModule *modules;
  gsize n_values;
  float *values;                /* parameters, then statistics */
  gsize n_parameters;
  float *parameters;            /* weight and bias, module after module */
  float *statistics;            /* mean and variance, module after module */
  double epsilon;               /* of batch normalisation */
  gsize n_epochs;
  double *losses;
  double *validation_losses;
};

/* What a module has to remember while it is trained on one mini-batch. */
typedef struct
{
  double momentum;              /* part of the running statistics that stays */
  double epsilon;
  double rate;                  /* part that a dropout drops */
  GRand *rand;
  double *sums;                 /* 2 x n_out, while a function runs */
  float *saved;                 /* batch normalisation: mean and inverse
                                 * deviation, 2 x n_out; dropout: what each
                                 * value was multiplied by, n x n_out */
} AsdModuleTraining;

/* A chain of @types for vectors of @n_inputs values; a Linear has the next of
 * @widths as its outputs. All values are 0. */
AsdNetwork *asd_network_alloc (const AsdModuleType * types, gsize n_modules,
    gsize n_inputs, const gsize * widths);

/* From @n x n_in values to @n x n_out. @training is NULL in inference. */
void asd_module_forward (const AsdModule * module, const float *x, gsize n,
    double epsilon, AsdModuleTraining * training, float *y);

/* From the gradient @dy of the outputs to that of the inputs, @dx (NULL where
 * nobody needs it), and of the parameters, @dweight and @dbias. */
void asd_module_backward (const AsdModule * module, const float *x,
    const float *y, const float *dy, gsize n, AsdModuleTraining * training,
    float *dx, float *dweight, float *dbias);

/* Returns the sum of (y - x)^2; @dy, if not NULL, becomes its gradient times
 * @scale. */
double asd_network_squared_error (const float *y, const float *x, gsize n,
    float scale, float *dy);

/* One step of Adam (D. P. Kingma, J. Ba: Adam: a method for stochastic
 * optimization. ICLR 2015), with PyTorch's place for epsilon. @step counts from
 * 1, @m and @v are the moments. */
typedef struct
{
  double learning_rate;
  double beta1;
  double beta2;
  double epsilon;
} AsdAdam;

void asd_adam_step (const AsdAdam * adam, guint64 step, const float *gradient,
    gsize n, float *m, float *v, float *parameters);

G_END_DECLS

#endif /* __ASD_NETWORK_PRIVATE_H__ */
