/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_BOOTSTRAP_H__
#define __ASD_BOOTSTRAP_H__

#include <glib.h>

G_BEGIN_DECLS

/**
 * AsdEstimate:
 * @value: of the clips themselves
 * @low: lower end of the interval
 * @high: upper end of the interval
 *
 * A measured value and how sure it is. All are NaN where it cannot be told.
 */
typedef struct
{
  double value;
  double low;
  double high;
} AsdEstimate;

/**
 * AsdTestSet:
 * @scores: @n scores, higher = more anomalous
 * @others: (nullable): the scores that another system gave the same clips
 * @labels: @n labels, 0 = normal, anything else = anomalous
 * @n: number of clips
 * @weight: in the sum over all test sets; 1 / number of sets for the mean
 *
 * The test clips of one machine id. Borrows what it points to.
 */
typedef struct
{
  const double *scores;
  const double *others;
  const guint8 *labels;
  gsize n;
  double weight;
} AsdTestSet;

/**
 * AsdBootstrapConfig:
 * @max_fpr: of the partial area, above 0 and at most 1; DCASE uses 0.1
 * @level: coverage of the intervals, above 0 and below 1: 0.95
 * @n_resamples: how many times the clips are drawn: 2000 for intervals of 95 %
 * @seed: the same seed gives the same intervals
 */
typedef struct
{
  double max_fpr;
  double level;
  guint n_resamples;
  guint seed;
} AsdBootstrapConfig;

/**
 * asd_bootstrap_config_check:
 *
 * Returns: NULL, or what is wrong
 */
const char *asd_bootstrap_config_check (const AsdBootstrapConfig * config);

/**
 * asd_bootstrap:
 * @sets: @n_sets test sets
 * @n_sets: number of test sets, at least 1
 * @config: a valid configuration
 * @auc: (out): sum over the sets of weight * AUC
 * @pauc: (out): sum over the sets of weight * pAUC, see asd_pauc()
 *
 * Intervals by the stratified bootstrap: each resample draws, with replacement,
 * as many normal and as many anomalous clips as each set has, the two apart, and
 * the interval lies between the quantiles (1 - level) / 2 and (1 + level) / 2 of
 * the resamples' values. It says how much the result depends on the choice of
 * test clips, not on that of machines or training clips.
 *
 * Where a set has the scores of another system, its AUC is replaced by the
 * difference AUC(scores) - AUC(others), both of the same drawn clips: an
 * interval of a paired difference.
 *
 * With few clips in a class, intervals are too narrow; with one, that class is
 * the same in every resample. An AUC of 1 has the interval 1 to 1.
 *
 * B. Efron, R. J. Tibshirani: An Introduction to the Bootstrap (1993), chapters
 * 8 and 13. Takes time in proportion to clips * resamples: scores are sorted
 * once, and a resample is a count for each level of the characteristic.
 *
 * A set without one of the classes or with a NaN makes both estimates NaN.
 */
void asd_bootstrap (const AsdTestSet * sets, gsize n_sets,
    const AsdBootstrapConfig * config, AsdEstimate * auc, AsdEstimate * pauc);

G_END_DECLS

#endif /* __ASD_BOOTSTRAP_H__ */
