/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "network-private.h"

#include <math.h>
#include <string.h>

/* Vectors that go through the network at once. */
#define BLOCK 128

#define DEFAULT_EPSILON 1e-5

static const char *const module_names[ASD_N_MODULE_TYPES] = {
  "Linear", "BatchNorm1d", "ReLU", "Tanh", "Sigmoid", "Dropout"
};

/* Gives the modules their places in the blocks of values. */
static void
place_values (AsdNetwork * network)
{
  float *parameter, *statistic;
  gsize n_statistics = 0;

  for (gsize i = 0; i < network->n_modules; i++) {
    const AsdModule *module = &network->modules[i];

    if (module->n_weights > 0)
      network->n_parameters += module->n_weights + module->n_out;
    if (module->type == ASD_MODULE_BATCH_NORM)
      n_statistics += 2 * module->n_out;
  }
  network->n_values = network->n_parameters + n_statistics;
  network->values = g_new0 (float, network->n_values);
  network->parameters = parameter = network->values;
  network->statistics = statistic = network->values + network->n_parameters;
  for (gsize i = 0; i < network->n_modules; i++) {
    AsdModule *module = &network->modules[i];

    if (module->n_weights > 0) {
      module->weight = parameter;
      module->bias = parameter + module->n_weights;
      parameter += module->n_weights + module->n_out;
    }
    if (module->type == ASD_MODULE_BATCH_NORM) {
      module->mean = statistic;
      module->variance = statistic + module->n_out;
      statistic += 2 * module->n_out;
    }
  }
}

AsdNetwork *
asd_network_alloc (const AsdModuleType * types, gsize n_modules, gsize n_inputs,
    const gsize *widths)
{
  AsdNetwork *network = g_new0 (AsdNetwork, 1);
  gsize width = n_inputs;

  g_atomic_ref_count_init (&network->refs);
  network->epsilon = DEFAULT_EPSILON;
  network->n_modules = n_modules;
  network->modules = g_new0 (AsdModule, n_modules);
  for (gsize i = 0; i < n_modules; i++) {
    AsdModule *module = &network->modules[i];

    module->type = types[i];
    module->n_in = width;
    if (types[i] == ASD_MODULE_LINEAR) {
      width = *widths++;
      module->n_weights = module->n_in * width;
    } else if (types[i] == ASD_MODULE_BATCH_NORM) {
      module->n_weights = width;
    }
    module->n_out = width;
  }
  place_values (network);
  return network;
}

AsdNetwork *
asd_network_ref (AsdNetwork * network)
{
  g_atomic_ref_count_inc (&network->refs);
  return network;
}

void
asd_network_unref (AsdNetwork * network)
{
  if (!g_atomic_ref_count_dec (&network->refs))
    return;
  g_free (network->modules);
  g_free (network->values);
  g_free (network->losses);
  g_free (network->validation_losses);
  g_free (network);
}

gsize
asd_network_get_n_inputs (const AsdNetwork * network)
{
  return network->modules[0].n_in;
}

gsize
asd_network_get_n_outputs (const AsdNetwork * network)
{
  return network->modules[network->n_modules - 1].n_out;
}

char *
asd_network_get_modules (const AsdNetwork * network)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < network->n_modules; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "",
        module_names[network->modules[i].type]);
  return g_string_free (text, FALSE);
}

const double *
asd_network_get_losses (const AsdNetwork * network, gsize *n_epochs,
    const double **validation)
{
  *n_epochs = network->n_epochs;
  if (validation != NULL)
    *validation = network->validation_losses;
  return network->losses;
}

/* The model file */

typedef char TensorName[64];

static const char *
tensor_name (TensorName name, gsize module, const char *what)
{
  g_snprintf (name, sizeof (TensorName), "%" G_GSIZE_FORMAT ".%s", module,
      what);
  return name;
}

void
asd_network_save (const AsdNetwork * network, AsdModelWriter * writer)
{
  g_autofree char *modules = asd_network_get_modules (network);
  TensorName name;

  asd_model_writer_set_string (writer, "modules", modules);
  asd_model_writer_set_double (writer, "epsilon", network->epsilon);
  for (gsize i = 0; i < network->n_modules; i++) {
    const AsdModule *module = &network->modules[i];
    const gsize shape[] = { module->n_out, module->n_in };
    gsize n_dims = module->type == ASD_MODULE_LINEAR ? 2 : 1;

    if (module->n_weights > 0) {
      asd_model_writer_add_f32 (writer, tensor_name (name, i, "weight"),
          module->weight, n_dims, shape);
      asd_model_writer_add_f32 (writer, tensor_name (name, i, "bias"),
          module->bias, 1, shape);
    }
    if (module->type == ASD_MODULE_BATCH_NORM) {
      asd_model_writer_add_f32 (writer, tensor_name (name, i, "running_mean"),
          module->mean, 1, shape);
      asd_model_writer_add_f32 (writer, tensor_name (name, i, "running_var"),
          module->variance, 1, shape);
    }
  }
  if (network->losses != NULL)
    asd_model_writer_add_f64 (writer, "loss", network->losses, 1,
        &network->n_epochs);
  if (network->validation_losses != NULL)
    asd_model_writer_add_f64 (writer, "validation-loss",
        network->validation_losses, 1, &network->n_epochs);
}

/* Returns the number of modules that the section names, 0 on error. */
static gsize
read_modules (AsdModelSection * section, AsdModuleType * types, GError ** error)
{
  const char *text = asd_model_section_get_string (section, "modules");
  g_auto (GStrv) names = NULL;
  gsize n, type;

  if (text == NULL || *text == '\0') {
    asd_model_section_refuse (section, error, "it has no \"modules\"");
    return 0;
  }
  names = g_strsplit (text, " ", ASD_NETWORK_MAX_MODULES + 1);
  n = g_strv_length (names);
  if (n > ASD_NETWORK_MAX_MODULES) {
    asd_model_section_refuse (section, error, "more than %d modules",
        ASD_NETWORK_MAX_MODULES);
    return 0;
  }
  for (gsize i = 0; i < n; i++) {
    for (type = 0; type < ASD_N_MODULE_TYPES; type++)
      if (strcmp (names[i], module_names[type]) == 0)
        break;
    if (type == ASD_N_MODULE_TYPES) {
      asd_model_section_refuse (section, error, "module %" G_GSIZE_FORMAT
          " is \"%.40s\", which is none of Linear, BatchNorm1d, ReLU, Tanh, "
          "Sigmoid and Dropout", i, names[i]);
      return 0;
    }
    types[i] = type;
  }
  return n;
}

/* The outputs of every Linear, and the inputs of the first one. */
static gboolean
read_widths (AsdModelSection * section, const AsdModuleType * types, gsize n,
    gsize *n_inputs, gsize *widths, GError ** error)
{
  gsize n_linear = 0, shape[2];
  TensorName name;

  for (gsize i = 0; i < n; i++) {
    if (types[i] != ASD_MODULE_LINEAR)
      continue;
    shape[0] = 0;
    shape[1] = n_linear > 0 ? widths[n_linear - 1] : 0;
    if (asd_model_section_get_f32 (section, tensor_name (name, i, "weight"), 2,
            shape, error) == NULL)
      return FALSE;
    if (shape[0] == 0 || shape[0] > ASD_NETWORK_MAX_WIDTH || shape[1] == 0
        || shape[1] > ASD_NETWORK_MAX_WIDTH)
      return asd_model_section_refuse (section, error, "tensor \"%s\" has %"
          G_GSIZE_FORMAT " x %" G_GSIZE_FORMAT " values: from 1 to %d each",
          name, shape[0], shape[1], ASD_NETWORK_MAX_WIDTH);
    if (n_linear == 0)
      *n_inputs = shape[1];
    widths[n_linear++] = shape[0];
  }
  if (n_linear == 0)
    return asd_model_section_refuse (section, error, "no module is a Linear");
  return TRUE;
}

static gboolean
read_tensor (AsdModelSection * section, gsize module, const char *what,
    gsize n_dims, gsize *shape, float *values, GError ** error)
{
  gsize n = n_dims == 2 ? shape[0] * shape[1] : shape[0];
  const float *data;
  TensorName name;

  data = asd_model_section_get_f32 (section, tensor_name (name, module, what),
      n_dims, shape, error);
  if (data == NULL)
    return FALSE;
  memcpy (values, data, n * sizeof *values);
  return TRUE;
}

static gboolean
read_module (AsdModelSection * section, gsize i, AsdModule * module,
    GError ** error)
{
  gsize shape[] = { module->n_out, module->n_in };
  gsize n_dims = module->type == ASD_MODULE_LINEAR ? 2 : 1;

  if (module->n_weights == 0)
    return TRUE;
  if (!read_tensor (section, i, "weight", n_dims, shape, module->weight, error)
      || !read_tensor (section, i, "bias", 1, shape, module->bias, error))
    return FALSE;
  if (module->type != ASD_MODULE_BATCH_NORM)
    return TRUE;
  if (!read_tensor (section, i, "running_mean", 1, shape, module->mean, error)
      || !read_tensor (section, i, "running_var", 1, shape, module->variance,
          error))
    return FALSE;
  for (gsize j = 0; j < module->n_out; j++)
    if (module->variance[j] < 0)
      return asd_model_section_refuse (section, error,
          "a running variance is negative");
  return TRUE;
}

AsdNetwork *
asd_network_load (AsdModelSection * section, GError ** error)
{
  AsdModuleType types[ASD_NETWORK_MAX_MODULES];
  gsize widths[ASD_NETWORK_MAX_MODULES], n_inputs = 0, n;
  g_autoptr (AsdNetwork) network = NULL;

  n = read_modules (section, types, error);
  if (n == 0 || !read_widths (section, types, n, &n_inputs, widths, error))
    return NULL;
  network = asd_network_alloc (types, n, n_inputs, widths);
  if (asd_model_section_get_string (section, "epsilon") != NULL
      && !asd_model_section_get_double (section, "epsilon", &network->epsilon,
          error))
    return NULL;
  if (!((float) network->epsilon > 0)) {
    asd_model_section_refuse (section, error, "epsilon is not positive");
    return NULL;
  }
  for (gsize i = 0; i < n; i++)
    if (!read_module (section, i, &network->modules[i], error))
      return NULL;
  return g_steal_pointer (&network);
}

/* Inference */

struct _AsdNetworkRunner
{
  AsdNetwork *network;
  float *buffers[2];            /* BLOCK vectors of the widest layer */
  float *reconstruction;        /* BLOCK outputs */
};

AsdNetworkRunner *
asd_network_runner_new (AsdNetwork * network)
{
  AsdNetworkRunner *runner = g_new0 (AsdNetworkRunner, 1);
  gsize widest = 0;

  runner->network = asd_network_ref (network);
  for (gsize i = 0; i < network->n_modules; i++)
    widest = MAX (widest, network->modules[i].n_out);
  for (gsize i = 0; i < 2; i++)
    runner->buffers[i] = g_new (float, BLOCK * widest);
  runner->reconstruction = g_new (float,
      BLOCK * asd_network_get_n_outputs (network));
  return runner;
}

void
asd_network_runner_free (AsdNetworkRunner * runner)
{
  asd_network_unref (runner->network);
  g_free (runner->buffers[0]);
  g_free (runner->buffers[1]);
  g_free (runner->reconstruction);
  g_free (runner);
}

static void
process_block (AsdNetworkRunner * runner, const float *x, gsize n, float *y)
{
  const AsdNetwork *network = runner->network;

  for (gsize i = 0; i < network->n_modules; i++) {
    float *out = i + 1 < network->n_modules ? runner->buffers[i % 2] : y;

    asd_module_forward (&network->modules[i], x, n, network->epsilon, NULL,
        out);
    x = out;
  }
}

void
asd_network_runner_process (AsdNetworkRunner * runner, const float *x, gsize n,
    float *y)
{
  gsize n_in = asd_network_get_n_inputs (runner->network);
  gsize n_out = asd_network_get_n_outputs (runner->network);

  for (gsize begin = 0; begin < n; begin += BLOCK)
    process_block (runner, x + begin * n_in, MIN (BLOCK, n - begin),
        y + begin * n_out);
}

static void
add_errors (const float *y, const float *x, gsize n, gsize dim, double scale,
    double *parts)
{
  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < dim; j++) {
      const float d = y[i * dim + j] - x[i * dim + j];

      parts[j] += scale * d * d;
    }
  }
}

double
asd_network_runner_score (AsdNetworkRunner * runner, const float *x, gsize n,
    double *parts)
{
  gsize dim = asd_network_get_n_inputs (runner->network);
  double sum = 0;

  if (parts != NULL)
    memset (parts, 0, dim * sizeof *parts);

  for (gsize begin = 0; begin < n; begin += BLOCK) {
    gsize n_block = MIN (BLOCK, n - begin);

    process_block (runner, x + begin * dim, n_block, runner->reconstruction);
    sum += asd_network_squared_error (runner->reconstruction,
        x + begin * dim, n_block * dim, 1, NULL);
    if (parts != NULL)
      add_errors (runner->reconstruction, x + begin * dim, n_block, dim,
          1 / ((double) n * dim), parts);
  }
  return sum / ((double) n * dim);
}
