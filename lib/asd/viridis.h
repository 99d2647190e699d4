/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_VIRIDIS_H__
#define __ASD_VIRIDIS_H__

#include <glib.h>

G_BEGIN_DECLS

#define ASD_VIRIDIS_N_COLOURS 256

/**
 * asd_viridis:
 * @colours: (out) (array fixed-size=256): 0xffRRGGBB, from the lowest value to
 *     the highest
 *
 * The colours of pictures of values: equal steps of values look equal, and
 * their order remains in grey (viridis: van der Walt and Smith, "A better
 * default colormap for Matplotlib", SciPy 2015), from nine of them by linear
 * interpolation.
 */
void asd_viridis (guint32 colours[ASD_VIRIDIS_N_COLOURS]);

G_END_DECLS

#endif /* __ASD_VIRIDIS_H__ */
