/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_NETWORK_H__
#define __GST_ASD_NETWORK_H__

#include <asd/asd.h>

G_BEGIN_DECLS

/* asdautoencoder and asdreconstruct can read each other's sections: they use
 * the same net in two ways. */
#define GST_ASD_NETWORK_KIND "autoencoder"

/* Loads an autoencoder for frames of the size that the section was trained
 * on. */
gboolean gst_asd_network_load (AsdModelSection * section,
    AsdNetworkRunner ** runner, GError ** error);

G_END_DECLS

#endif /* __GST_ASD_NETWORK_H__ */
