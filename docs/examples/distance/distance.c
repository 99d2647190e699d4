/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "distance.h"

#include <math.h>

void
asd_distance_fit (const double *frames, gsize n_frames, gsize size,
    double *mean, double *deviation)
{
  for (gsize j = 0; j < size; j++) {
    double sum = 0, squares = 0;

    for (gsize i = 0; i < n_frames; i++)
      sum += frames[i * size + j];
    mean[j] = sum / n_frames;
    for (gsize i = 0; i < n_frames; i++)
      squares += (frames[i * size + j] - mean[j])
          * (frames[i * size + j] - mean[j]);
    /* A value that never changes says nothing of its scale. */
    deviation[j] = squares > 0 ? sqrt (squares / n_frames) : 1;
  }
}

double
asd_distance_score (const double *frame, gsize size, const double *mean,
    const double *deviation)
{
  double sum = 0;

  for (gsize j = 0; j < size; j++)
    sum += fabs (frame[j] - mean[j]) / deviation[j];
  return sum / size;
}
