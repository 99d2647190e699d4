/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_H__
#define __GST_ASD_H__

#include <gst/asd/gstasdexplanation.h>
#include <gst/asd/gstasdextractor.h>
#include <gst/asd/gstasdfeatures.h>
#include <gst/asd/gstasdjoiner.h>
#include <gst/asd/gstasdmodel.h>
#include <gst/asd/gstasdproperty.h>
#include <gst/asd/gstasdrecipe.h>
#include <gst/asd/gstasdscore.h>
#include <gst/asd/gstasdscorer.h>
#include <gst/asd/gstasdscoretext.h>
#include <gst/asd/gstasdstage.h>
#include <gst/asd/gstasdtrainer.h>
#include <gst/asd/gstasdtransform.h>
#include <gst/asd/gstasdutils.h>
#include <gst/asd/gstasdwindower.h>
#include <gst/asd/gstasdwindowfilter.h>

#endif /* __GST_ASD_H__ */
