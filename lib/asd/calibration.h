/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_CALIBRATION_H__
#define __ASD_CALIBRATION_H__

#include <glib.h>

G_BEGIN_DECLS

/**
 * asd_quantile:
 * @sorted: @n rising values
 * @n: number of values, at least 1
 * @probability: 0 to 1
 *
 * Interpolates linearly between the values, as numpy.quantile() does.
 */
double asd_quantile (const double *sorted, gsize n, double probability);

#define ASD_CALIBRATION_N_QUANTILES 9

/**
 * asd_calibration_probabilities:
 *
 * What the quantiles of an #AsdCalibration belong to: 0.01, 0.05, 0.1, 0.25,
 * 0.5, 0.75, 0.9, 0.95, 0.99.
 */
extern const double asd_calibration_probabilities[ASD_CALIBRATION_N_QUANTILES];

/**
 * AsdCalibration:
 * @n: number of scores
 * @std: population standard deviation
 * @q1: lower quartile
 * @q3: upper quartile
 * @quantiles: see asd_calibration_probabilities
 *
 * What the scores of normal clips look like. Quantiles are interpolated
 * linearly between the sorted scores, as numpy.quantile() does.
 */
typedef struct
{
  gsize n;
  double min;
  double max;
  double mean;
  double std;
  double median;
  double q1;
  double q3;
  double quantiles[ASD_CALIBRATION_N_QUANTILES];
} AsdCalibration;

/**
 * asd_calibration_compute:
 * @scores: @n scores of normal clips
 * @n: number of scores, at least 1
 * @calibration: (out): their summary
 *
 * Returns: FALSE with ASD_ERROR_DATA where there is no score, one is not
 * finite, or they are too large to be summed
 */
gboolean asd_calibration_compute (const double *scores, gsize n,
    AsdCalibration * calibration, GError ** error);

/**
 * AsdThresholdMethod:
 * @ASD_THRESHOLD_GAMMA: quantile of a fitted gamma distribution, see
 *     asd_gamma_fit()
 * @ASD_THRESHOLD_QUANTILE: quantile of the scores themselves
 * @ASD_THRESHOLD_MEAN_STD: mean + parameter * standard deviation
 * @ASD_THRESHOLD_FALSE_ALARMS: parameter false alarms per day, see #AsdTail
 */
typedef enum
{
  ASD_THRESHOLD_GAMMA,
  ASD_THRESHOLD_QUANTILE,
  ASD_THRESHOLD_MEAN_STD,
  ASD_THRESHOLD_FALSE_ALARMS,
} AsdThresholdMethod;

/**
 * AsdThresholdRule:
 * @parameter: a probability, a number of standard deviations, or of false alarms
 *     per day
 * @window: length of a window in ns
 * @interval: ns between the starts of two windows
 * @extrapolate: accept fewer false alarms than asd_false_alarms_check() does
 *
 * The times and @extrapolate are for ASD_THRESHOLD_FALSE_ALARMS, and are to be
 * set after asd_threshold_parse(), which makes them 0.
 */
typedef struct
{
  AsdThresholdMethod method;
  double parameter;
  guint64 window;
  guint64 interval;
  gboolean extrapolate;
} AsdThresholdRule;

/**
 * asd_threshold_parse:
 * @text: "gamma:P" with 0 < P < 1, "quantile:Q" with 0 <= Q <= 1,
 *     "mean-std:K" with 0 <= K <= 1000, or "false-alarms:PER_DAY" with
 *     0 < PER_DAY <= 1e9
 * @rule: (out): the rule
 *
 * Returns: FALSE with ASD_ERROR_FORMAT and a message that lists the forms
 */
gboolean asd_threshold_parse (const char *text, AsdThresholdRule * rule,
    GError ** error);

/**
 * asd_threshold_compute:
 * @scores: @n scores of normal clips
 * @n: number of scores, at least 1
 * @threshold: (out): what a score has to exceed to be anomalous
 *
 * Shifting and scaling the scores shifts and scales the threshold. Where the
 * rule has nothing to work with, the threshold is the next double above the
 * largest score: for equal scores, and for gamma with fewer than 3 scores.
 *
 * Returns: FALSE with ASD_ERROR_DATA as asd_calibration_compute(), and as
 *     asd_false_alarms_check() where that is the rule
 */
gboolean asd_threshold_compute (const AsdThresholdRule * rule,
    const double *scores, gsize n, double *threshold, GError ** error);

/**
 * asd_threshold_compute_clips:
 * @scores: scores of all windows, clip after clip
 * @clips: (array length=n_clips): windows of each clip
 *
 * asd_threshold_compute() for clips of several windows, which some rules do not
 * take for independent.
 */
gboolean asd_threshold_compute_clips (const AsdThresholdRule * rule,
    const double *scores, const gsize * clips, gsize n_clips,
    double *threshold, GError ** error);

G_END_DECLS

#endif /* __ASD_CALIBRATION_H__ */
