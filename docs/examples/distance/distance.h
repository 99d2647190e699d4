/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_DISTANCE_H__
#define __ASD_DISTANCE_H__

#include <glib.h>

/**
 * asd_distance_fit:
 * @frames: @n_frames frames of @size values each, at least one frame
 * @mean: (out) (array length=size): mean of each value
 * @deviation: (out) (array length=size): its population standard deviation, 1
 *     where that is 0
 */
void asd_distance_fit (const double *frames, gsize n_frames, gsize size,
    double *mean, double *deviation);

/**
 * asd_distance_score:
 *
 * Returns: the mean over all values of |x - mean| / deviation
 */
double asd_distance_score (const double *frame, gsize size,
    const double *mean, const double *deviation);

#endif /* __ASD_DISTANCE_H__ */
