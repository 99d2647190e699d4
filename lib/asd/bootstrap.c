/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bootstrap.h"

#include <math.h>
#include <stdlib.h>

#include "calibration.h"
#include "metrics.h"

/* What one system says of the clips of a test set. */
typedef struct
{
  AsdRocLevel *levels;          /* by falling score; counts of a resample */
  gsize n_levels;
  guint *level_of;              /* of each clip */
  double auc, pauc;
} System;

const char *
asd_bootstrap_config_check (const AsdBootstrapConfig * config)
{
  if (!(config->max_fpr > 0 && config->max_fpr <= 1))
    return "the largest false positive rate is above 0 and at most 1";
  if (!(config->level > 0 && config->level < 1))
    return "the coverage of an interval is above 0 and below 1";
  if (config->n_resamples == 0)
    return "a bootstrap needs at least 1 resample";
  return NULL;
}

/* Where the score is among the levels, which it is one of. */
static guint
find_level (const System * system, double score)
{
  gsize first = 0, end = system->n_levels;

  while (end - first > 1) {
    gsize middle = (first + end) / 2;

    if (system->levels[middle].score >= score)
      first = middle;
    else
      end = middle;
  }
  return first;
}

static void
system_measure (System * system, double max_fpr)
{
  system->auc = asd_roc_area (system->levels, system->n_levels, 1);
  system->pauc = asd_roc_standardise (asd_roc_area (system->levels,
          system->n_levels, max_fpr), max_fpr);
}

static gboolean
system_init (System * system, const double *scores, const AsdTestSet * set)
{
  system->levels = asd_roc_levels (scores, set->labels, set->n,
      &system->n_levels);
  if (system->levels == NULL)
    return FALSE;
  system->level_of = g_new (guint, set->n);
  for (gsize i = 0; i < set->n; i++)
    system->level_of[i] = find_level (system, scores[i]);
  return TRUE;
}

static void
system_clear (System * system)
{
  g_free (system->levels);
  g_free (system->level_of);
}

/* Draws n of the n clips for all systems; a product instead of a division is
 * fast, and its bias of n / 2^32 far below what an interval shows. */
static void
draw (System * systems, guint n_systems, const guint *clips, guint n,
    gboolean anomalous, GRand * rand)
{
  for (guint i = 0; i < n; i++) {
    guint clip = clips[((guint64) g_rand_int (rand) * n) >> 32];

    for (guint s = 0; s < n_systems; s++) {
      AsdRocLevel *level = &systems[s].levels[systems[s].level_of[clip]];

      if (anomalous)
        level->n_anomalous++;
      else
        level->n_normal++;
    }
  }
}

static void
forget_counts (System * system)
{
  for (gsize i = 0; i < system->n_levels; i++)
    system->levels[i].n_normal = system->levels[i].n_anomalous = 0;
}

/* Adds weight * (first - second system, if any). */
static void
add (const System * systems, guint n_systems, double weight, double *auc,
    double *pauc)
{
  *auc += weight * (systems[0].auc - (n_systems > 1 ? systems[1].auc : 0));
  *pauc += weight * (systems[0].pauc - (n_systems > 1 ? systems[1].pauc : 0));
}

/* Adds what a set contributes, to the values and to each resample. */
static gboolean
add_set (const AsdTestSet * set, const AsdBootstrapConfig * config,
    GRand * rand, double *values, double *aucs, double *paucs)
{
  System systems[2] = { {0} };
  guint n_systems = set->others != NULL ? 2 : 1;
  guint *clips[2], n_clips[2] = { 0 };
  gboolean valid = system_init (&systems[0], set->scores, set)
      && (n_systems == 1 || system_init (&systems[1], set->others, set));

  for (guint label = 0; label < 2; label++)
    clips[label] = g_new (guint, set->n);
  for (gsize i = 0; i < set->n; i++) {
    guint label = set->labels[i] != 0;

    clips[label][n_clips[label]++] = i;
  }
  for (guint s = 0; valid && s < n_systems; s++)
    system_measure (&systems[s], config->max_fpr);
  if (valid)
    add (systems, n_systems, set->weight, &values[0], &values[1]);

  for (guint r = 0; valid && r < config->n_resamples; r++) {
    for (guint s = 0; s < n_systems; s++)
      forget_counts (&systems[s]);
    for (guint label = 0; label < 2; label++)
      draw (systems, n_systems, clips[label], n_clips[label], label, rand);
    for (guint s = 0; s < n_systems; s++)
      system_measure (&systems[s], config->max_fpr);
    add (systems, n_systems, set->weight, &aucs[r], &paucs[r]);
  }
  for (guint i = 0; i < 2; i++) {
    system_clear (&systems[i]);
    g_free (clips[i]);
  }
  return valid;
}

static int
compare_rising (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static void
estimate (double value, double *resampled, const AsdBootstrapConfig * config,
    AsdEstimate * out)
{
  gsize n = config->n_resamples;

  qsort (resampled, n, sizeof *resampled, compare_rising);
  out->value = value;
  out->low = asd_quantile (resampled, n, (1 - config->level) / 2);
  out->high = asd_quantile (resampled, n, (1 + config->level) / 2);
}

void
asd_bootstrap (const AsdTestSet * sets, gsize n_sets,
    const AsdBootstrapConfig * config, AsdEstimate * auc, AsdEstimate * pauc)
{
  double values[2] = { 0 };
  double *aucs, *paucs;
  gboolean valid = n_sets > 0;
  GRand *rand;

  g_return_if_fail (asd_bootstrap_config_check (config) == NULL);

  rand = g_rand_new_with_seed (config->seed);
  aucs = g_new0 (double, config->n_resamples);
  paucs = g_new0 (double, config->n_resamples);
  for (gsize i = 0; i < n_sets && valid; i++)
    valid = add_set (&sets[i], config, rand, values, aucs, paucs);
  if (valid) {
    estimate (values[0], aucs, config, auc);
    estimate (values[1], paucs, config, pauc);
  } else {
    *auc = *pauc = (AsdEstimate) {
    NAN, NAN, NAN};
  }
  g_free (aucs);
  g_free (paucs);
  g_rand_free (rand);
}
