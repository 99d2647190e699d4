/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_METRICS_H__
#define __ASD_METRICS_H__

#include <glib.h>

G_BEGIN_DECLS

/**
 * AsdRocLevel:
 * @score: a score
 * @n_normal: number of normal clips that have it
 * @n_anomalous: number of anomalous clips that have it
 *
 * One step of the receiver operating characteristic (ROC). Clips of equal
 * score pass a threshold together: where both kinds do, the step is a slope.
 */
typedef struct
{
  double score;
  guint n_normal;
  guint n_anomalous;
} AsdRocLevel;

/**
 * asd_roc_levels:
 * @scores: @n scores, higher = more anomalous
 * @labels: @n labels, 0 = normal, anything else = anomalous
 * @n: number of clips
 * @n_levels: (out): number of different scores
 *
 * Returns: (transfer full) (array length=n_levels): the levels by falling
 * score, free with g_free(); NULL where one class is missing or a score is NaN
 */
AsdRocLevel *asd_roc_levels (const double *scores, const guint8 * labels,
    gsize n, gsize * n_levels);

/**
 * asd_roc_area:
 * @levels: @n_levels levels by falling score, with clips of both classes
 * @max_fpr: largest false positive rate p, above 0 and at most 1
 *
 * Returns: the area under the linearly interpolated characteristic up to p, not
 * standardised
 */
double asd_roc_area (const AsdRocLevel * levels, gsize n_levels,
    double max_fpr);

/**
 * asd_roc_standardise:
 * @area: what asd_roc_area() gave for @max_fpr
 *
 * Returns: 0.5 (1 + (A - p^2/2) / (p - p^2/2)), as asd_pauc()
 */
double asd_roc_standardise (double area, double max_fpr);

/**
 * asd_auc:
 * @scores: @n scores, higher = more anomalous
 * @labels: @n labels, 0 = normal, anything else = anomalous
 * @n: number of clips
 *
 * Area under the receiver operating characteristic: the probability that an
 * anomalous clip scores higher than a normal one, ties counting half.
 *
 * Returns: 0 to 1, or NaN where one class is missing or a score is NaN
 */
double asd_auc (const double *scores, const guint8 * labels, gsize n);

/**
 * asd_pauc:
 * @scores: @n scores, higher = more anomalous
 * @labels: @n labels, 0 = normal, anything else = anomalous
 * @n: number of clips
 * @max_fpr: largest false positive rate p, above 0 and at most 1; DCASE
 *     uses 0.1
 *
 * Area A under the linearly interpolated characteristic up to p, standardised
 * as 0.5 (1 + (A - p^2/2) / (p - p^2/2)), so that chance gives 0.5.
 *
 * D. K. McClish: Analyzing a portion of the ROC curve. Medical Decision
 * Making 9 (1989), 190-195.
 *
 * Returns: at most 1 and at least 0.5 (1 - p/(2-p)), or NaN where one class is
 * missing or a score is NaN
 */
double asd_pauc (const double *scores, const guint8 * labels, gsize n,
    double max_fpr);

/**
 * AsdDetection:
 * @true_positives: anomalous clips above the threshold
 * @false_positives: normal clips above it
 * @precision: share of anomalous clips among those above it
 * @recall: share of the anomalous clips that are above it
 * @f1: harmonic mean of both
 *
 * What a threshold makes of labelled clips; anomalous is the positive class. A
 * share of nothing is 0.
 */
typedef struct
{
  gsize true_positives;
  gsize false_positives;
  gsize true_negatives;
  gsize false_negatives;
  double precision;
  double recall;
  double f1;
} AsdDetection;

/**
 * asd_detection_compute:
 * @scores: @n scores, higher = more anomalous
 * @labels: @n labels, 0 = normal, anything else = anomalous
 * @n: number of clips
 * @threshold: a score above it is taken for an anomaly; it must not come from
 *     these clips
 * @detection: (out): counts and ratios
 */
void asd_detection_compute (const double *scores, const guint8 * labels,
    gsize n, double threshold, AsdDetection * detection);

/**
 * asd_detection_rate:
 *
 * Computes precision, recall and F1 from the counts.
 */
void asd_detection_rate (AsdDetection * detection);

G_END_DECLS

#endif /* __ASD_METRICS_H__ */
