/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_TAIL_H__
#define __ASD_TAIL_H__

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * AsdTail:
 *
 * How often scores of normal sound will be above a threshold that few or none
 * of them have reached: peaks over threshold.
 *
 * - The highest max (min (n / 5, 3 sqrt n), min (10, n / 2)) scores are looked
 *   at, by how much they exceed the next lower one, u (the size is that of
 *   Vehtari et al., Pareto smoothed importance sampling, 2024; more with ties,
 *   as an exceedance is never 0).
 * - Those of one clip with fewer than `run` windows below u between them are one
 *   event, of which only the highest counts: windows that overlap hear the same
 *   noise (runs declustering; Coles, An introduction to statistical modeling of
 *   extreme values, 2001, section 5.3.2).
 * - The exceedances of events follow a generalised Pareto distribution
 *       P (X > x) = (1 + shape x / scale)^(-1 / shape).
 *   Few of them cannot tell the shape, and a threshold from the most likely one
 *   is too low on average. So all shapes from -0.5 to 0.5 (which have a finite
 *   variance) and all scales are weighed by their likelihood (uniform in shape
 *   and in log scale), and the probability is the mean over them: the Bayesian
 *   predictive distribution. It becomes careful by itself where data are few.
 *
 * Checked by simulation (tests/unit/tail.c) with 40, 100 and 1000 scores: the mean
 * rate of exceedances is 0.9 to 1.4 times the one asked for at 3 / n, and 0 to
 * 1.2 times after 10-fold extrapolation, for normal, gamma, exponential,
 * lognormal and bounded scores (0 is where a distribution just ends). Heavier
 * tails exceed it more often after extrapolation: 1.6-fold for a shape of 0.2,
 * 2-fold for 0.4. The error of a single calibration is larger than that of the
 * mean. Recordings that differ from each other by up to three times as much as
 * windows within one do: 0.8 to 1.5 times, after extrapolation as well.
 */
typedef struct _AsdTail AsdTail;

/**
 * asd_tail_new:
 * @scores: (array length=n): finite scores of windows, clip after clip
 * @n: number of scores, at least 2, not all equal
 * @clips: (array length=n_clips) (nullable): windows of each clip, @n together;
 *     NULL where each window is a clip
 * @run: windows below u that part two events of a clip, at least 1: as many as a
 *     window overlaps
 *
 * Returns: (transfer full): the tail; shifting and scaling the scores shifts and
 *     scales its thresholds
 */
AsdTail *asd_tail_new (const double *scores, gsize n, const gsize * clips,
    gsize n_clips, gsize run);
void asd_tail_free (AsdTail * self);

/**
 * asd_tail_get_threshold:
 * @probability: events per window, above 0 and below 1
 *
 * Returns: the threshold that is exceeded with @probability; among the scores it
 *     is one of these, so that at most that many are above it
 */
double asd_tail_get_threshold (const AsdTail * self, double probability);

/**
 * asd_tail_get_n_events:
 *
 * Returns: the number of events that the fit is made of
 */
gsize asd_tail_get_n_events (const AsdTail * self);

/**
 * ASD_MAX_EXTRAPOLATION:
 *
 * How far below what n windows support a rate is accepted without a warning.
 */
#define ASD_MAX_EXTRAPOLATION 10

/**
 * asd_false_alarms_supported:
 * @n: windows of normal sound
 * @interval: ns between their starts, at least 1
 *
 * If none of @n windows gave a false alarm, the true rate may still be up to
 * 3 / @n a window, with 95 % confidence (the rule of three).
 *
 * Returns: that rate, per day
 */
double asd_false_alarms_supported (gsize n, guint64 interval);

/**
 * asd_false_alarms_check:
 * @per_day: false alarms that are allowed in a day of normal sound, above 0
 * @n: windows to calibrate with
 * @interval: ns between their starts
 * @extrapolate: accept any @per_day that can be met at all
 *
 * Returns: FALSE with ASD_ERROR_DATA where @per_day is more than
 *     ASD_MAX_EXTRAPOLATION-fold below asd_false_alarms_supported(), or above
 *     the number of windows in a day
 */
gboolean asd_false_alarms_check (double per_day, gsize n, guint64 interval,
    gboolean extrapolate, GError ** error);

/**
 * asd_false_alarms_to_probability:
 *
 * Returns: the probability for each window: @per_day * @interval / 1 day
 */
double asd_false_alarms_to_probability (double per_day, guint64 interval);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdTail, asd_tail_free)

G_END_DECLS

#endif /* __ASD_TAIL_H__ */
