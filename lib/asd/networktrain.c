/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "networktrain.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "network-private.h"
#include "simd.h"

/* Keras's, which the published nets used. */
#define NORM_EPSILON 1e-3

typedef struct
{
  const AsdNetworkConfig *config;
  const float *x;               /* n_train, then n_validation vectors */
  gsize dim;
  gsize n_train;
  gsize n_validation;
  gsize n_batches;
  AsdNetwork *network;
  AsdNetworkRunner *runner;
  GRand *rand;
  gsize *order;                 /* n_train */

  /* of one mini-batch */
  float *target;
  float *noisy;                 /* NULL without noise */
  float **outputs;              /* of each module */
  AsdModuleTraining *trainings; /* of each module */
  float *differences[2];        /* gradients of outputs, taking turns */
  double *sums;

  /* of all parameters */
  guint64 step;
  float *gradient;
  float *m, *v;

  double best_loss;
  guint n_worse;                /* epochs since then */
  float *best_values;
} Training;

/* The chain */

static gsize
add_hidden_layer (const AsdNetworkConfig * config, gsize i,
    AsdModuleType * types)
{
  static const AsdModuleType activations[] = {
    [ASD_NETWORK_RELU] = ASD_MODULE_RELU,
    [ASD_NETWORK_TANH] = ASD_MODULE_TANH,
    [ASD_NETWORK_SIGMOID] = ASD_MODULE_SIGMOID,
  };
  gsize n = 0;

  types[n++] = ASD_MODULE_LINEAR;
  if (config->batch_norm == ASD_NETWORK_NORM_BEFORE)
    types[n++] = ASD_MODULE_BATCH_NORM;
  if (config->activation != ASD_NETWORK_LINEAR)
    types[n++] = activations[config->activation];
  if (config->batch_norm == ASD_NETWORK_NORM_AFTER)
    types[n++] = ASD_MODULE_BATCH_NORM;
  if (config->dropout > 0 && (i == 0 || i + 1 == config->n_layers))
    types[n++] = ASD_MODULE_DROPOUT;
  return n;
}

static AsdNetwork *
build_network (const AsdNetworkConfig * config, gsize dim)
{
  AsdModuleType types[ASD_NETWORK_MAX_MODULES];
  gsize widths[ASD_NETWORK_MAX_LAYERS + 1], n = 0;
  AsdNetwork *network;

  if (config->batch_norm == ASD_NETWORK_NORM_AFTER)
    types[n++] = ASD_MODULE_BATCH_NORM;
  for (gsize i = 0; i < config->n_layers; i++)
    n += add_hidden_layer (config, i, types + n);
  types[n++] = ASD_MODULE_LINEAR;
  memcpy (widths, config->layers, config->n_layers * sizeof *widths);
  widths[config->n_layers] = dim;
  network = asd_network_alloc (types, n, dim, widths);
  network->epsilon = NORM_EPSILON;
  return network;
}

/* Two independent normal numbers (G. E. P. Box, M. E. Muller 1958). */
static void
draw_normal (GRand * rand, double *a, double *b)
{
  double radius = sqrt (-2 * log (1 - g_rand_double (rand)));
  double angle = 2 * G_PI * g_rand_double (rand);

  *a = radius * cos (angle);
  *b = radius * sin (angle);
}

static void
draw_weights (AsdNetworkStart start, GRand * rand, const AsdModule * module)
{
  double limit = sqrt (6.0 / (module->n_in + module->n_out));
  double deviation = sqrt (2.0 / module->n_in);
  double a, b;

  for (gsize i = 0; i < module->n_weights; i++) {
    if (start == ASD_NETWORK_GLOROT) {
      module->weight[i] = g_rand_double_range (rand, -limit, limit);
    } else {
      draw_normal (rand, &a, &b);
      module->weight[i] = deviation * a;
    }
  }
}

static void
start_network (Training * self)
{
  for (gsize i = 0; i < self->network->n_modules; i++) {
    const AsdModule *module = &self->network->modules[i];

    if (module->type == ASD_MODULE_LINEAR) {
      draw_weights (self->config->start, self->rand, module);
    } else if (module->type == ASD_MODULE_BATCH_NORM) {
      for (gsize j = 0; j < module->n_out; j++)
        module->weight[j] = 1;
    }
  }
}

static void
training_alloc (Training * self)
{
  const AsdNetworkConfig *config = self->config;
  AsdNetwork *network = self->network;
  gsize batch = self->n_train / self->n_batches + 1, widest = self->dim;

  for (gsize i = 0; i < network->n_modules; i++)
    widest = MAX (widest, network->modules[i].n_out);
  self->runner = asd_network_runner_new (network);
  self->order = g_new (gsize, self->n_train);
  self->target = g_new (float, batch * self->dim);
  if (config->noise > 0)
    self->noisy = g_new (float, batch * self->dim + 1);
  self->outputs = g_new (float *, network->n_modules);
  self->trainings = g_new0 (AsdModuleTraining, network->n_modules);
  self->sums = g_new (double, 2 * widest);
  for (gsize i = 0; i < network->n_modules; i++) {
    const AsdModule *module = &network->modules[i];
    AsdModuleTraining *training = &self->trainings[i];

    self->outputs[i] = g_new (float, batch * module->n_out);
    training->epsilon = network->epsilon;
    training->rate = config->dropout;
    training->rand = self->rand;
    training->sums = self->sums;
    if (module->type == ASD_MODULE_BATCH_NORM)
      training->saved = g_new (float, 2 * module->n_out);
    else if (module->type == ASD_MODULE_DROPOUT)
      training->saved = g_new (float, batch * module->n_out);
  }
  for (gsize i = 0; i < 2; i++)
    self->differences[i] = g_new (float, batch * widest);
  self->gradient = g_new0 (float, network->n_parameters);
  self->m = g_new0 (float, network->n_parameters);
  self->v = g_new0 (float, network->n_parameters);
  self->best_values = g_new (float, network->n_values);
  network->losses = g_new (double, config->epochs);
  if (self->n_validation > 0)
    network->validation_losses = g_new (double, config->epochs);
}

static void
training_clear (Training * self)
{
  for (gsize i = 0; i < self->network->n_modules; i++) {
    g_free (self->outputs[i]);
    g_free (self->trainings[i].saved);
  }
  g_free (self->outputs);
  g_free (self->trainings);
  g_free (self->differences[0]);
  g_free (self->differences[1]);
  g_free (self->order);
  g_free (self->target);
  g_free (self->noisy);
  g_free (self->sums);
  g_free (self->gradient);
  g_free (self->m);
  g_free (self->v);
  g_free (self->best_values);
  g_rand_free (self->rand);
  asd_network_runner_free (self->runner);
  asd_network_unref (self->network);
}

/* A step */

/* Returns the input of the network for @n vectors, in the order from @begin. */
static const float *
gather (Training * self, gsize begin, gsize n)
{
  gsize dim = self->dim, n_values = n * dim;
  double noise = self->config->noise, a, b;

  for (gsize i = 0; i < n; i++)
    memcpy (self->target + i * dim, self->x + self->order[begin + i] * dim,
        dim * sizeof (float));
  if (self->noisy == NULL)
    return self->target;
  for (gsize i = 0; i < n_values; i += 2) {
    draw_normal (self->rand, &a, &b);
    self->noisy[i] = self->target[i] + noise * a;
    if (i + 1 < n_values)
      self->noisy[i + 1] = self->target[i + 1] + noise * b;
  }
  return self->noisy;
}

static void
forward (Training * self, const float *x, gsize n)
{
  /* The running statistics do not remember where they started. */
  double kept = MIN (self->config->momentum, 1 - 1.0 / self->step);

  for (gsize i = 0; i < self->network->n_modules; i++) {
    self->trainings[i].momentum = kept;
    asd_module_forward (&self->network->modules[i], x, n,
        self->network->epsilon, &self->trainings[i], self->outputs[i]);
    x = self->outputs[i];
  }
}

/* The gradient of the outputs is in differences[0]. */
static void
backward (Training * self, const float *x, gsize n)
{
  const AsdNetwork *network = self->network;

  for (gsize i = network->n_modules; i-- > 0;) {
    const AsdModule *module = &network->modules[i];
    float *dy = self->differences[0], *dx = self->differences[1];
    float *dweight = NULL, *dbias = NULL;

    if (module->n_weights > 0) {
      dweight = self->gradient + (module->weight - network->parameters);
      dbias = self->gradient + (module->bias - network->parameters);
    }
    asd_module_backward (module, i > 0 ? self->outputs[i - 1] : x,
        self->outputs[i], dy, n, &self->trainings[i], i > 0 ? dx : NULL,
        dweight, dbias);
    /* A batch normalisation takes the mean away, bias and all. Adam would make
     * steps of what is left of its gradient by rounding. */
    if (module->type == ASD_MODULE_LINEAR && i + 1 < network->n_modules
        && network->modules[i + 1].type == ASD_MODULE_BATCH_NORM)
      memset (dbias, 0, module->n_out * sizeof *dbias);
    self->differences[0] = dx;
    self->differences[1] = dy;
  }
}

/* Returns the sum of squared errors of the mini-batch. */
static double
make_step (Training * self, gsize begin, gsize n)
{
  const AsdAdam adam = { self->config->learning_rate, 0.9, 0.999, 1e-8 };
  AsdNetwork *network = self->network;
  const float *x = gather (self, begin, n);
  gsize n_values = n * self->dim;
  double error;

  self->step++;
  forward (self, x, n);
  error = asd_network_squared_error (self->outputs[network->n_modules - 1],
      self->target, n_values, 1.0 / n_values, self->differences[0]);
  backward (self, x, n);
  asd_adam_step (&adam, self->step, self->gradient, network->n_parameters,
      self->m, self->v, network->parameters);
  return error;
}

/* An epoch */

static void
shuffle (Training * self)
{
  for (gsize i = self->n_train; i-- > 1;) {
    gsize j = g_rand_double (self->rand) * (i + 1);
    gsize saved = self->order[i];

    self->order[i] = self->order[j];
    self->order[j] = saved;
  }
}

static gboolean
all_finite (const float *x, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!isfinite (x[i]))
      return FALSE;
  return TRUE;
}

/* Returns FALSE if cancelled or diverged. */
static gboolean
run_epoch (Training * self, guint epoch, double *loss,
    double *validation_loss, GCancellable * cancellable, GError ** error)
{
  AsdNetwork *network = self->network;
  double sum = 0;

  shuffle (self);
  for (gsize k = 0; k < self->n_batches && isfinite (sum); k++) {
    gsize begin = k * self->n_train / self->n_batches;
    gsize end = (k + 1) * self->n_train / self->n_batches;

    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    sum += make_step (self, begin, end - begin);
  }
  *loss = sum / ((double) self->n_train * self->dim);
  *validation_loss = NAN;
  if (self->n_validation > 0)
    *validation_loss = asd_network_runner_score (self->runner,
        self->x + self->n_train * self->dim, self->n_validation, NULL);
  if (isfinite (*loss) && (self->n_validation == 0
          || isfinite (*validation_loss))
      && all_finite (network->values, network->n_values))
    return TRUE;
  g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "the training diverged in "
      "epoch %u of %u: the loss is not finite any more; lower learning-rate, "
      "which is %g, or scale the features with asdscale first", epoch,
      self->config->epochs, self->config->learning_rate);
  return FALSE;
}

/* Returns whether the training shall end. */
static gboolean
look_at_loss (Training * self, double loss)
{
  AsdNetwork *network = self->network;

  if (self->config->patience == 0)
    return FALSE;
  if (loss >= self->best_loss)
    return ++self->n_worse >= self->config->patience;
  self->best_loss = loss;
  self->n_worse = 0;
  memcpy (self->best_values, network->values,
      network->n_values * sizeof (float));
  return FALSE;
}

/* A finite loss far above that of a net that gives nothing back is no use
 * either. */
static gboolean
check_loss (Training * self, double loss, GError ** error)
{
  gsize n = self->n_train * self->dim;
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (double) self->x[i] * self->x[i];
  if (loss <= 10 * sum / n)
    return TRUE;
  g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "the training gave no "
      "useful net: its loss of %g is more than 10 times the mean square of the "
      "features, %g; lower learning-rate, which is %g, or scale the features "
      "with asdscale first", loss, sum / n, self->config->learning_rate);
  return FALSE;
}

static gboolean
run (Training * self, AsdNetworkProgressFunc progress, gpointer user_data,
    GCancellable * cancellable, GError ** error)
{
  AsdNetwork *network = self->network;
  double loss = INFINITY, validation_loss;
  gboolean done = FALSE;

  for (guint epoch = 1; epoch <= self->config->epochs && !done; epoch++) {
    if (!run_epoch (self, epoch, &loss, &validation_loss, cancellable, error))
      return FALSE;
    network->losses[epoch - 1] = loss;
    if (self->n_validation > 0)
      network->validation_losses[epoch - 1] = validation_loss;
    network->n_epochs = epoch;
    if (progress != NULL)
      progress (epoch, self->config->epochs, loss, validation_loss, user_data);
    done = look_at_loss (self, self->n_validation > 0 ? validation_loss : loss);
  }
  if (self->config->patience > 0) {
    memcpy (network->values, self->best_values,
        network->n_values * sizeof (float));
    loss = self->best_loss;
  }
  return check_loss (self, loss, error);
}

static gboolean
all_same (const float *x, gsize n, gsize dim)
{
  for (gsize i = 1; i < n; i++)
    if (memcmp (x, x + i * dim, dim * sizeof *x) != 0)
      return FALSE;
  return TRUE;
}

/* Into training and validation, and into batches, none of which is of one
 * vector where that would have to be normalised. */
static gboolean
divide (Training * self, gsize n, GError ** error)
{
  gboolean normalises = self->config->batch_norm != ASD_NETWORK_NORM_NONE;
  gsize least = normalises ? 2 : 1, size = self->config->batch_size;

  self->n_validation = n * self->config->validation;
  self->n_train = n - self->n_validation;
  if (self->n_train < 2) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "too few vectors (%"
        G_GSIZE_FORMAT ", of which %" G_GSIZE_FORMAT " are for validation) to "
        "train a network: use more clips", n, self->n_validation);
    return FALSE;
  }
  if (all_same (self->x, self->n_train, self->dim)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "all %" G_GSIZE_FORMAT
        " training vectors are the same, and there is nothing to learn: use "
        "clips that are not silent", self->n_train);
    return FALSE;
  }
  self->n_batches = MIN ((self->n_train + size - 1) / size,
      self->n_train / least);
  return TRUE;
}

AsdNetwork *
asd_network_train (const AsdNetworkConfig * config, const float *x, gsize n,
    gsize dim, AsdNetworkProgressFunc progress, gpointer user_data,
    GCancellable * cancellable, GError ** error)
{
  Training self = {.config = config,.x = x,.dim = dim,.best_loss = INFINITY };
  AsdNetwork *network = NULL;
  guint64 denormals;

  g_return_val_if_fail (asd_network_config_check (config) == NULL, NULL);
  g_return_val_if_fail (dim > 0 && dim <= ASD_NETWORK_MAX_WIDTH, NULL);

  if (!divide (&self, n, error))
    return NULL;
  self.network = build_network (config, dim);
  self.rand = g_rand_new_with_seed (config->seed);
  training_alloc (&self);
  start_network (&self);
  for (gsize i = 0; i < self.n_train; i++)
    self.order[i] = i;

  denormals = asd_denormals_off ();
  if (run (&self, progress, user_data, cancellable, error))
    network = asd_network_ref (self.network);
  asd_denormals_restore (denormals);
  training_clear (&self);
  return network;
}
