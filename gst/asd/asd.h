/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_H__
#define __GST_ASD_H__

#include <gst/asd/gstasdfeatures.h>

#endif /* __GST_ASD_H__ */
