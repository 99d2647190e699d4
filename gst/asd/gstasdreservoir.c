/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdreservoir.h"

#include <string.h>

void
gst_asd_reservoir_reset (GstAsdReservoir * reservoir, guint32 seed)
{
  gst_asd_reservoir_clear (reservoir);
  reservoir->rand = g_rand_new_with_seed (seed);
}

void
gst_asd_reservoir_clear (GstAsdReservoir * reservoir)
{
  g_free (reservoir->frames);
  g_clear_pointer (&reservoir->rand, g_rand_free);
  memset (reservoir, 0, sizeof (*reservoir));
}

static gfloat *
append_frame (GstAsdReservoir * reservoir, gsize size, gsize limit)
{
  if (reservoir->n_frames == reservoir->capacity) {
    reservoir->capacity = MIN (MAX (2 * reservoir->capacity, 64), limit);
    reservoir->frames = g_renew (gfloat, reservoir->frames,
        reservoir->capacity * size);
  }
  return reservoir->frames + reservoir->n_frames++ * size;
}

/* Vitter 1985, algorithm R. */
void
gst_asd_reservoir_add (GstAsdReservoir * reservoir, const gfloat *frames,
    gsize n_frames, gsize size, guint64 max_memory)
{
  gsize limit = MAX (max_memory / (size * sizeof (gfloat)), 1);
  gsize i, place;
  gfloat *to;

  for (i = 0; i < n_frames; i++) {
    reservoir->n_seen++;
    if (reservoir->n_frames < limit) {
      to = append_frame (reservoir, size, limit);
    } else {
      place = g_rand_double (reservoir->rand) * reservoir->n_seen;
      if (place >= limit)
        continue;
      to = reservoir->frames + place * size;
    }
    memcpy (to, frames + i * size, size * sizeof (gfloat));
  }
}
