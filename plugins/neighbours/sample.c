/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "sample.h"

#include <string.h>

/* Each frame is kept with the probability that enough are still needed (Knuth,
 * The Art of Computer Programming, volume 2, algorithm S). */
static void
keep_sample (gdouble *frames, gsize size, gsize n_frames, gsize n_wanted,
    guint seed)
{
  GRand *rand = g_rand_new_with_seed (seed);
  gsize i, n_kept = 0;

  for (i = 0; i < n_frames && n_kept < n_wanted; i++) {
    if (g_rand_double (rand) * (n_frames - i) >= n_wanted - n_kept)
      continue;
    memmove (frames + n_kept * size, frames + i * size, size * sizeof *frames);
    n_kept++;
  }
  g_rand_free (rand);
}

gdouble *
gst_asd_trainer_sample_frames (GstAsdTrainer * trainer, gsize max_frames,
    gsize *n_frames)
{
  gdouble *frames = gst_asd_trainer_get_frames (trainer, n_frames);

  if (*n_frames <= max_frames)
    return frames;
  GST_ELEMENT_WARNING (trainer, LIBRARY, SETTINGS,
      ("A random %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
          " training frames are "
          "kept, as every frame is compared with each of them: have fewer "
          "frames per window (asdpool, asdstack), or set max-frames",
          max_frames, *n_frames), (NULL));
  keep_sample (frames,
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer)),
      *n_frames, max_frames, gst_asd_trainer_get_seed (trainer));
  *n_frames = max_frames;
  return g_renew (gdouble, frames, max_frames *
      gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer)));
}
