/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "elements.h"

static gboolean
plugin_init (GstPlugin * plugin)
{
  gboolean ret = FALSE;

  ret |= GST_ELEMENT_REGISTER (asddistance, plugin);
  ret |= GST_ELEMENT_REGISTER (asddistancetrain, plugin);
  return ret;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, asddistance,
    "A new stage for gst-asd", plugin_init, PACKAGE_VERSION, "GPL", PACKAGE,
    "https://gstreamer.freedesktop.org/")
