/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "elements.h"

static gboolean
plugin_init (GstPlugin * plugin)
{
  gboolean ret = FALSE;

  ret |= GST_ELEMENT_REGISTER (asdalarm, plugin);
  ret |= GST_ELEMENT_REGISTER (asdautoencoder, plugin);
  ret |= GST_ELEMENT_REGISTER (asdautoencodertrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdchroma, plugin);
  ret |= GST_ELEMENT_REGISTER (asdclipsrc, plugin);
  ret |= GST_ELEMENT_REGISTER (asdconcat, plugin);
  ret |= GST_ELEMENT_REGISTER (asddenoise, plugin);
  ret |= GST_ELEMENT_REGISTER (asddenoisetrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asddetect, plugin);
  ret |= GST_ELEMENT_REGISTER (asdensemble, plugin);
  ret |= GST_ELEMENT_REGISTER (asdflatten, plugin);
  ret |= GST_ELEMENT_REGISTER (asdflattentrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdgmm, plugin);
  ret |= GST_ELEMENT_REGISTER (asdgmmtrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdgraph, plugin);
  ret |= GST_ELEMENT_REGISTER (asdgraphtrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdiforest, plugin);
  ret |= GST_ELEMENT_REGISTER (asdiforesttrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdivector, plugin);
  ret |= GST_ELEMENT_REGISTER (asdivectortrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdknn, plugin);
  ret |= GST_ELEMENT_REGISTER (asdknntrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdlof, plugin);
  ret |= GST_ELEMENT_REGISTER (asdloftrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdlogmel, plugin);
  ret |= GST_ELEMENT_REGISTER (asdmahalanobis, plugin);
  ret |= GST_ELEMENT_REGISTER (asdmahalanobistrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdmfcc, plugin);
  ret |= GST_ELEMENT_REGISTER (asdmodspec, plugin);
  ret |= GST_ELEMENT_REGISTER (asdnpydec, plugin);
  ret |= GST_ELEMENT_REGISTER (asdnpyenc, plugin);
  ret |= GST_ELEMENT_REGISTER (asdpca, plugin);
  ret |= GST_ELEMENT_REGISTER (asdpcatrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdpool, plugin);
  ret |= GST_ELEMENT_REGISTER (asdreconstruct, plugin);
  ret |= GST_ELEMENT_REGISTER (asdreconstructtrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdscale, plugin);
  ret |= GST_ELEMENT_REGISTER (asdscaletrain, plugin);
  ret |= GST_ELEMENT_REGISTER (asdscope, plugin);
  ret |= GST_ELEMENT_REGISTER (asdscoreenc, plugin);
  ret |= GST_ELEMENT_REGISTER (asdsensor, plugin);
  ret |= GST_ELEMENT_REGISTER (asdstack, plugin);
  ret |= GST_ELEMENT_REGISTER (asdtestsrc, plugin);

  return ret;
}

/* The sources are LGPL; FFTW3, which they are linked with, is GPL. */
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, asd,
    "Anomalous sound detection", plugin_init, PACKAGE_VERSION, "GPL",
    PACKAGE, "https://gstreamer.freedesktop.org/")
