/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_METRICS_H__
#define __ASD_METRICS_H__

#include <glib.h>

G_BEGIN_DECLS

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

G_END_DECLS

#endif /* __ASD_METRICS_H__ */
