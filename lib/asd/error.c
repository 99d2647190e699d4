/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "error.h"

GQuark
asd_error_quark (void)
{
  return g_quark_from_static_string ("asd-error-quark");
}
