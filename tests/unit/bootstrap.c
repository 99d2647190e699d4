/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/bootstrap.h>
#include <asd/metrics.h>
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

static const AsdBootstrapConfig config = { 0.1, 0.95, 2000, 7 };

static void
assert_close (double got, double want, double tolerance, const char *what)
{
  fail_unless (fabs (got - want) <= tolerance, "%s: %.17g, expected %.17g",
      what, got, want);
}

static void
assert_estimate (const AsdEstimate * got, double value, double low,
    double high, const char *what)
{
  /* The table has 6 digits. */
  assert_close (got->value, value, 1e-6, what);
  /* Both ends are quantiles of draws, ours of 20000 and the script's of 30000:
   * with a density of about 1 there, each errs by 0.001 to 0.002 (one standard
   * deviation). */
  assert_close (got->low, low, 0.006, what);
  assert_close (got->high, high, 0.006, what);
}

/* tests/golden/bootstrap_auc.py 30000 */
GST_START_TEST (test_numpy)
{
  AsdBootstrapConfig many = { 0.1, 0.95, 20000, 1 };
  double first[70], second[70];
  guint8 labels[70] = { 0 };
  AsdTestSet set = { first, NULL, labels, 70, 1 };
  AsdEstimate auc, pauc;

  for (int i = 0; i < 40; i++) {
    first[i] = 37 * i % 101 / 5;
    second[i] = 29 * i % 97 / 5;
  }
  for (int i = 0; i < 30; i++) {
    labels[40 + i] = 1;
    first[40 + i] = (53 * i % 113 + 30) / 5;
    second[40 + i] = (71 * i % 109 + 15) / 5;
  }
  asd_bootstrap (&set, 1, &many, &auc, &pauc);
  assert_estimate (&auc, 0.782500, 0.6683, 0.8796, "AUC");
  assert_estimate (&pauc, 0.695906, 0.6075, 0.7924, "pAUC");

  set.others = second;
  asd_bootstrap (&set, 1, &many, &auc, &pauc);
  assert_estimate (&auc, 0.100833, -0.0567, 0.2592, "difference of AUC");
  assert_estimate (&pauc, 0.078216, -0.0504, 0.2018, "difference of pAUC");
}

GST_END_TEST;

/* Two normal and two anomalous clips have 16 resamples, all as likely. */
GST_START_TEST (test_enumerated)
{
  double scores[4] = { 1, 3, 2, 4 };
  guint8 labels[4] = { 0, 0, 1, 1 };
  AsdTestSet set = { scores, NULL, labels, 4, 1 };
  AsdBootstrapConfig wide = { 0.1, 0.95, 20000, 3 };
  AsdEstimate auc, pauc;

  asd_bootstrap (&set, 1, &wide, &auc, &pauc);
  fail_unless (auc.value == 0.75);
  /* Only 3, 3 and 2, 2 give 0: one in 16, more than 0.025. */
  fail_unless (auc.low == 0 && auc.high == 1, "%g %g", auc.low, auc.high);
  /* ... and less than 0.1. The next are 3, 3 and 2, 4 in either order, and 1, 3
   * in either order and 2, 2: 0.5. */
  wide.level = 0.8;
  asd_bootstrap (&set, 1, &wide, &auc, &pauc);
  fail_unless (auc.low == 0.5 && auc.high == 1, "%g %g", auc.low, auc.high);
}

GST_END_TEST;

static double
normal_deviate (GRand * rand)
{
  return sqrt (-2 * log (1 - g_rand_double (rand)))
      * cos (2 * G_PI * g_rand_double (rand));
}

enum
{ N_CLASS = 60, N_CLIPS = 2 * N_CLASS, N_SETS = 2, N_STUDIES = 300 };

/* Scores of normals from N(0,1), of anomalies from N(d,1): AUC = Phi (d / sqrt
 * 2). Two systems hear the same clips: their noise is half the same. */
static void
simulate (GRand * rand, double *scores, double *others, double distance)
{
  for (int i = 0; i < N_CLIPS; i++) {
    double common = normal_deviate (rand), shift = i < N_CLASS ? 0 : distance;

    scores[i] = shift + sqrt (0.5) * (common + normal_deviate (rand));
    others[i] = shift + sqrt (0.5) * (common + normal_deviate (rand));
  }
}

/* How many of the intervals hold the truth. */
GST_START_TEST (test_coverage)
{
  AsdBootstrapConfig few = { 0.1, 0.95, 400, 0 };
  double scores[N_SETS][N_CLIPS], others[N_SETS][N_CLIPS];
  double distance[N_SETS] = { 1, 2 }, truth = 0, width[2] = { 0 };
  guint8 labels[N_CLIPS] = { 0 };
  GRand *rand = g_rand_new_with_seed (11);
  int n_right[2] = { 0 };

  memset (labels + N_CLASS, 1, N_CLASS);
  for (int i = 0; i < N_SETS; i++)
    truth += 0.5 * erfc (-distance[i] / 2) / N_SETS;

  for (int study = 0; study < N_STUDIES; study++) {
    AsdTestSet sets[N_SETS];
    AsdEstimate auc, pauc;

    for (int i = 0; i < N_SETS; i++) {
      simulate (rand, scores[i], others[i], distance[i]);
      sets[i] = (AsdTestSet) {
      scores[i], NULL, labels, N_CLIPS, 1.0 / N_SETS};
    }
    few.seed = study;
    asd_bootstrap (sets, N_SETS, &few, &auc, &pauc);
    n_right[0] += auc.low <= truth && truth <= auc.high;
    width[0] += (auc.high - auc.low) / N_STUDIES;
    for (int i = 0; i < N_SETS; i++)
      sets[i].others = others[i];
    asd_bootstrap (sets, N_SETS, &few, &auc, &pauc);
    n_right[1] += auc.low <= 0 && 0 <= auc.high;
    width[1] += (auc.high - auc.low) / N_STUDIES;
  }
  g_rand_free (rand);
  /* 285 are expected of 300, with a standard deviation of 3.8; percentile
   * intervals of 60 clips hold a little less than they say. */
  for (int i = 0; i < 2; i++)
    fail_unless (n_right[i] >= 270 && n_right[i] <= 296, "%s: %d of %d",
        i == 0 ? "AUC" : "difference", n_right[i], N_STUDIES);
  /* Half of the variance is common, so of two systems the difference varies as
   * much as one does: by sqrt (2 (1 - 1/2)) = 1. Unpaired it would be 1.41. */
  assert_close (width[1] / width[0], 1, 0.1, "width of the differences");
}

GST_END_TEST;

GST_START_TEST (test_sums)
{
  double a[5] = { 1, 2, 3, 2, 5 }, b[5] = { 2, 2, 7, 1, 9 };
  guint8 labels[5] = { 0, 0, 1, 0, 1 };
  double mixed[5] = { 4, 1, 2, 3, 3.5 };
  AsdTestSet sets[2] = {
    {mixed, NULL, labels, 5, 0.25}, {a, NULL, labels, 5, 0.75},
  };
  AsdEstimate auc, pauc, again, other;

  asd_bootstrap (sets, 2, &config, &auc, &pauc);
  assert_close (auc.value, 0.25 * asd_auc (mixed, labels, 5)
      + 0.75 * asd_auc (a, labels, 5), 1e-15, "weighted AUC");
  assert_close (pauc.value, 0.25 * asd_pauc (mixed, labels, 5, 0.1)
      + 0.75 * asd_pauc (a, labels, 5, 0.1), 1e-15, "weighted pAUC");
  fail_unless (auc.low <= auc.value && auc.value <= auc.high);
  fail_unless (pauc.low <= pauc.value && pauc.value <= pauc.high);

  asd_bootstrap (sets, 2, &config, &again, &other);
  fail_unless (memcmp (&auc, &again, sizeof auc) == 0, "same seed");

  /* A system has no difference from itself, nor from one that ranks alike. */
  sets[0].others = mixed;
  sets[1].others = b;
  asd_bootstrap (sets, 2, &config, &auc, &pauc);
  fail_unless (auc.value == 0 && auc.low == 0 && auc.high == 0);
}

GST_END_TEST;

GST_START_TEST (test_degenerate)
{
  double scores[4] = { 1, 2, 3, 4 }, same[4] = { 5, 5, 5, 5 };
  double nan[4] = { 1, NAN, 3, 4 }, infinite[4] = { 1, 2, INFINITY, INFINITY };
  guint8 labels[4] = { 0, 0, 1, 1 }, one[4] = { 0, 0, 0, 0 };
  guint8 single[4] = { 0, 1, 0, 0 };
  AsdTestSet set = { scores, NULL, labels, 4, 1 };
  AsdTestSet bad[2] =
      { {scores, NULL, labels, 4, 1}, {nan, NULL, labels, 4, 1} };
  AsdEstimate auc, pauc;

  asd_bootstrap (&set, 1, &config, &auc, &pauc);
  fail_unless (auc.value == 1 && auc.low == 1 && auc.high == 1);
  assert_close (pauc.low, 1, 1e-15, "pAUC of 1");
  set.scores = infinite;
  asd_bootstrap (&set, 1, &config, &auc, &pauc);
  fail_unless (auc.value == 1 && auc.low == 1);
  set.scores = same;
  asd_bootstrap (&set, 1, &config, &auc, &pauc);
  fail_unless (auc.value == 0.5 && auc.low == 0.5 && auc.high == 0.5);

  /* One anomaly of score 2 among 1, 3, 4: beats a third of the normals. */
  set.scores = scores;
  set.labels = single;
  asd_bootstrap (&set, 1, &config, &auc, &pauc);
  assert_close (auc.value, 1.0 / 3, 1e-15, "one anomaly");
  fail_unless (auc.low == 0 && auc.high == 1);

  set.labels = one;
  asd_bootstrap (&set, 1, &config, &auc, &pauc);
  fail_unless (isnan (auc.value) && isnan (pauc.low) && isnan (pauc.high));
  set.n = 0;
  asd_bootstrap (&set, 1, &config, &auc, &pauc);
  fail_unless (isnan (auc.value));
  set.n = 1;
  asd_bootstrap (&set, 1, &config, &auc, &pauc);
  fail_unless (isnan (auc.value));
  asd_bootstrap (bad, 2, &config, &auc, &pauc);
  fail_unless (isnan (auc.value) && isnan (auc.low) && isnan (auc.high));
  bad[1].scores = scores;
  bad[1].others = nan;
  asd_bootstrap (bad, 2, &config, &auc, &pauc);
  fail_unless (isnan (auc.value));
}

GST_END_TEST;

GST_START_TEST (test_config)
{
  static const AsdBootstrapConfig bad[] = {
    {0, 0.95, 100, 0}, {1.1, 0.95, 100, 0}, {NAN, 0.95, 100, 0},
    {0.1, 0, 100, 0}, {0.1, 1, 100, 0}, {0.1, NAN, 100, 0}, {0.1, 0.95, 0, 0},
  };

  fail_unless (asd_bootstrap_config_check (&config) == NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    fail_unless (asd_bootstrap_config_check (&bad[i]) != NULL);
}

GST_END_TEST;

static Suite *
bootstrap_suite (void)
{
  Suite *suite = suite_create ("bootstrap");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_numpy);
  tcase_add_test (tc, test_enumerated);
  tcase_add_test (tc, test_coverage);
  tcase_add_test (tc, test_sums);
  tcase_add_test (tc, test_degenerate);
  tcase_add_test (tc, test_config);
  return suite;
}

GST_CHECK_MAIN (bootstrap);
