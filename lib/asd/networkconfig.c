/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "networktrain.h"

#include <string.h>

const GEnumValue *
asd_net_values (void)
{
  static const GEnumValue values[] = {
    {ASD_NET_SIMPLE, "Four layers of 128, a code of 8, four of 128, with batch "
          "normalisation (the DCASE 2020 baseline)", "simple"},
    {ASD_NET_CHROMA, "64-64-32-16-8-16-32-64-64 (the chroma study)", "chroma"},
    {ASD_NET_DENOISING, "2049-500-180-500-2049 with dropout and batch "
          "normalisation (the bachelor project)", "denoising"},
    {0, NULL, NULL},
  };

  return values;
}

const GEnumValue *
asd_network_activation_values (void)
{
  static const GEnumValue values[] = {
    {ASD_NETWORK_RELU, "max (0, x)", "relu"},
    {ASD_NETWORK_TANH, "Hyperbolic tangent", "tanh"},
    {ASD_NETWORK_SIGMOID, "1 / (1 + exp (-x))", "sigmoid"},
    {ASD_NETWORK_LINEAR, "None: the net is a projection", "linear"},
    {0, NULL, NULL},
  };

  return values;
}

const GEnumValue *
asd_network_batch_norm_values (void)
{
  static const GEnumValue values[] = {
    {ASD_NETWORK_NORM_NONE, "No batch normalisation", "none"},
    {ASD_NETWORK_NORM_BEFORE, "Before the activation of each hidden layer",
        "before"},
    {ASD_NETWORK_NORM_AFTER, "After the activation, and of the input",
        "after"},
    {0, NULL, NULL},
  };

  return values;
}

void
asd_network_config_init (AsdNetworkConfig * config, AsdNet net)
{
  static const AsdNetworkConfig nets[] = {
    [ASD_NET_SIMPLE] = {{128, 128, 128, 128, 8, 128, 128, 128, 128}, 9,
        ASD_NETWORK_RELU, ASD_NETWORK_NORM_BEFORE, 0.9, 0, 0,
        ASD_NETWORK_GLOROT, 100, 512, 1e-3, 0.1, 0, 0},
    [ASD_NET_CHROMA] = {{64, 64, 32, 16, 8, 16, 32, 64, 64}, 9,
        ASD_NETWORK_RELU, ASD_NETWORK_NORM_NONE, 0.9, 0, 0,
        ASD_NETWORK_GLOROT, 50, 56, 1e-3, 0.1, 0, 0},
    [ASD_NET_DENOISING] = {{2049, 500, 180, 500, 2049}, 5,
        ASD_NETWORK_RELU, ASD_NETWORK_NORM_AFTER, 0.6, 0.1, 0,
        ASD_NETWORK_HE, 30, 64, 1e-3, 0.1, 0, 0},
  };

  *config = nets[net];
}

const char *
asd_network_config_set_layers (AsdNetworkConfig * config, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, ",", ASD_NETWORK_MAX_LAYERS + 1);
  gsize n = g_strv_length (words), layers[ASD_NETWORK_MAX_LAYERS];

  if (n < 1 || n > ASD_NETWORK_MAX_LAYERS)
    return "layers has to name from 1 to 24 hidden layers, for example "
        "128,8,128";
  for (gsize i = 0; i < n; i++) {
    guint64 width;

    if (!g_ascii_string_to_unsigned (g_strstrip (words[i]), 10, 1,
            ASD_NETWORK_MAX_WIDTH, &width, NULL))
      return "layers has to be numbers from 1 to 1048576 with commas between "
          "them, for example 128,8,128";
    layers[i] = width;
  }
  memcpy (config->layers, layers, n * sizeof *layers);
  config->n_layers = n;
  return NULL;
}

char *
asd_network_config_get_layers (const AsdNetworkConfig * config)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < config->n_layers; i++)
    g_string_append_printf (text, "%s%" G_GSIZE_FORMAT, i > 0 ? "," : "",
        config->layers[i]);
  return g_string_free (text, FALSE);
}

const char *
asd_network_config_check (const AsdNetworkConfig * config)
{
  if (config->n_layers < 1 || config->n_layers > ASD_NETWORK_MAX_LAYERS)
    return "a network has from 1 to 24 hidden layers";
  for (gsize i = 0; i < config->n_layers; i++)
    if (config->layers[i] < 1 || config->layers[i] > ASD_NETWORK_MAX_WIDTH)
      return "a layer has from 1 to 1048576 outputs";
  if (config->epochs < 1)
    return "epochs has to be at least 1";
  if (config->batch_size < 1 || config->batch_size > 65536)
    return "batch-size has to be from 1 to 65536";
  if (config->batch_size < 2 && config->batch_norm != ASD_NETWORK_NORM_NONE)
    return "batch normalisation needs a batch-size of at least 2";
  if (!(config->learning_rate > 0 && config->learning_rate <= 10))
    return "learning-rate has to be above 0 and at most 10";
  if (!(config->dropout >= 0 && config->dropout < 1))
    return "dropout has to be at least 0 and below 1";
  if (!(config->noise >= 0 && config->noise <= 1e6))
    return "noise has to be from 0 to 1e6";
  if (!(config->validation >= 0 && config->validation < 1))
    return "validation has to be at least 0 and below 1";
  if (!(config->momentum >= 0 && config->momentum < 1))
    return "momentum has to be at least 0 and below 1";
  return NULL;
}
