/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "viridis.h"

static const guint32 viridis[] = { 0x440154, 0x472d7b, 0x3b528b, 0x2c728e,
  0x21918c, 0x28ae80, 0x5ec962, 0xaadc32, 0xfde725
};

static guint32
blend (guint32 a, guint32 b, double part)
{
  guint32 result = 0xff000000;

  for (guint shift = 0; shift < 24; shift += 8) {
    double from = (a >> shift) & 0xff, to = (b >> shift) & 0xff;

    result |= (guint32) (from + part * (to - from) + 0.5) << shift;
  }
  return result;
}

void
asd_viridis (guint32 colours[ASD_VIRIDIS_N_COLOURS])
{
  for (guint i = 0; i < ASD_VIRIDIS_N_COLOURS; i++) {
    double place = i * (G_N_ELEMENTS (viridis) - 1.0)
        / (ASD_VIRIDIS_N_COLOURS - 1);
    guint k = MIN ((guint) place, G_N_ELEMENTS (viridis) - 2);

    colours[i] = blend (viridis[k], viridis[k + 1], place - k);
  }
}
