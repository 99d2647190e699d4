/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_ELEMENTS_H__
#define __ASD_ELEMENTS_H__

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE (asddistance);
GST_ELEMENT_REGISTER_DECLARE (asddistancetrain);

#endif /* __ASD_ELEMENTS_H__ */
