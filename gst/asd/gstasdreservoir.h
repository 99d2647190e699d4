/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_RESERVOIR_H__
#define __GST_ASD_RESERVOIR_H__

#include <glib.h>

G_BEGIN_DECLS

/* The frames that GstAsdTrainer keeps, for it only: not installed. Where not all
 * fit into the memory, each that has come has the same chance to be kept. */
typedef struct
{
  gfloat *frames;
  gsize n_frames;
  gsize capacity;
  guint64 n_seen;
  GRand *rand;
} GstAsdReservoir;

/* Forgets all, or begins with zeros: the same seed keeps the same frames. */
void gst_asd_reservoir_reset (GstAsdReservoir * reservoir, guint32 seed);
void gst_asd_reservoir_clear (GstAsdReservoir * reservoir);

/* Takes @n_frames of @size values each; at least one is kept. */
void gst_asd_reservoir_add (GstAsdReservoir * reservoir, const gfloat * frames,
    gsize n_frames, gsize size, guint64 max_memory);

G_END_DECLS

#endif /* __GST_ASD_RESERVOIR_H__ */
