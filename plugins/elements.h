/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_ELEMENTS_H__
#define __ASD_ELEMENTS_H__

#include <gst/gst.h>

/* Each element file defines its registration with GST_ELEMENT_REGISTER_DEFINE.
 * A new element is a line here, one in plugin.c and one in meson.build. */

G_BEGIN_DECLS

GST_ELEMENT_REGISTER_DECLARE (asdalarm);
GST_ELEMENT_REGISTER_DECLARE (asdchroma);
GST_ELEMENT_REGISTER_DECLARE (asdclipsrc);
GST_ELEMENT_REGISTER_DECLARE (asdconcat);
GST_ELEMENT_REGISTER_DECLARE (asddenoise);
GST_ELEMENT_REGISTER_DECLARE (asddenoisetrain);
GST_ELEMENT_REGISTER_DECLARE (asdensemble);
GST_ELEMENT_REGISTER_DECLARE (asdgmm);
GST_ELEMENT_REGISTER_DECLARE (asdgmmtrain);
GST_ELEMENT_REGISTER_DECLARE (asdgraph);
GST_ELEMENT_REGISTER_DECLARE (asdgraphtrain);
GST_ELEMENT_REGISTER_DECLARE (asdivector);
GST_ELEMENT_REGISTER_DECLARE (asdivectortrain);
GST_ELEMENT_REGISTER_DECLARE (asdlogmel);
GST_ELEMENT_REGISTER_DECLARE (asdmfcc);
GST_ELEMENT_REGISTER_DECLARE (asdmodspec);
GST_ELEMENT_REGISTER_DECLARE (asdnpydec);
GST_ELEMENT_REGISTER_DECLARE (asdnpyenc);
GST_ELEMENT_REGISTER_DECLARE (asdpca);
GST_ELEMENT_REGISTER_DECLARE (asdpcatrain);
GST_ELEMENT_REGISTER_DECLARE (asdpool);
GST_ELEMENT_REGISTER_DECLARE (asdscale);
GST_ELEMENT_REGISTER_DECLARE (asdscaletrain);
GST_ELEMENT_REGISTER_DECLARE (asdscope);
GST_ELEMENT_REGISTER_DECLARE (asdscoreenc);
GST_ELEMENT_REGISTER_DECLARE (asdsensor);
GST_ELEMENT_REGISTER_DECLARE (asdstack);
GST_ELEMENT_REGISTER_DECLARE (asdtestsrc);

G_END_DECLS

#endif /* __ASD_ELEMENTS_H__ */
