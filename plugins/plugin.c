/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/gst.h>

/* Each element file defines its registration with GST_ELEMENT_REGISTER_DEFINE.
 * A new element is a line in each of these two lists and one in meson.build. */

static gboolean
plugin_init (GstPlugin * plugin)
{
  gboolean ret = FALSE;

  return ret;
}

/* The sources are LGPL; FFTW3, which they are linked with, is GPL. */
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, asd,
    "Anomalous sound detection", plugin_init, PACKAGE_VERSION, "GPL",
    PACKAGE, "https://gstreamer.freedesktop.org/")
