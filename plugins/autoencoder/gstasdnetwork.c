/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdnetwork.h"

#include <gst/asd/asd.h>

gboolean
gst_asd_network_load (AsdModelSection * section, AsdNetworkRunner ** runner,
    GError ** error)
{
  g_autoptr (AsdNetwork) network = asd_network_load (section, error);
  gsize n_inputs, n_outputs;

  if (network == NULL)
    return FALSE;
  n_inputs = asd_network_get_n_inputs (network);
  n_outputs = asd_network_get_n_outputs (network);
  if (n_inputs != n_outputs)
    return asd_model_section_refuse (section, error, "the net has %"
        G_GSIZE_FORMAT " inputs and %" G_GSIZE_FORMAT " outputs, an "
        "autoencoder has as many", n_inputs, n_outputs);
  if (!gst_asd_section_check_size (section, n_inputs, error))
    return FALSE;
  *runner = asd_network_runner_new (network);
  return TRUE;
}
