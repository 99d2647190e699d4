/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../asdtest.h"

#include <asd/metrics.h>
#include <string.h>

/* Sums of at most 1e6 exact steps and three divisions: see the README of the
 * golden data. */
#define TOLERANCE 1e-12

static void
assert_close (double got, double want, const char *what)
{
  fail_unless (fabs (got - want) <= TOLERANCE, "%s: %.17g, expected %.17g",
      what, got, want);
}

/* From the definition: pairs of clips, ties counting half. */
static double
auc_by_pairs (const double *scores, const guint8 * labels, gsize n)
{
  double wins = 0, pairs = 0;

  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < n; j++) {
      if (labels[i] && !labels[j]) {
        wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
        pairs++;
      }
    }
  }
  return wins / pairs;
}

/* By hand: the characteristic of 2 anomalous and 10 normal clips. */
GST_START_TEST (test_by_hand)
{
  double scores[12] = { 9, 5, 10, 8, 5, 4, 3, 2, 1, 0, -1, -2 };
  guint8 labels[12] = { 1, 1 };

  /* 9 beats 9 normals; 5 beats 7 and ties with 1. */
  assert_close (asd_auc (scores, labels, 12), (9 + 7.5) / 20, "AUC");
  /* Up to 0.1 only the normal 10 has passed, before any anomalous clip. */
  assert_close (asd_pauc (scores, labels, 12, 0.1),
      0.5 * (1 + (0 - 0.005) / (0.1 - 0.005)), "pAUC 0.1");
  /* From 0.1 to 0.2 one of two is found; from 0.2 the tie rises from 0.5 to
   * 1 until 0.3, and is 0.75 at 0.25. */
  assert_close (asd_pauc (scores, labels, 12, 0.25),
      0.5 * (1 + (0.05 + 0.05 * 0.625 - 0.03125) / (0.25 - 0.03125)),
      "pAUC 0.25");
  assert_close (asd_pauc (scores, labels, 12, 1),
      asd_auc (scores, labels, 12), "pAUC 1");
}

GST_END_TEST;

GST_START_TEST (test_symmetry)
{
  GRand *rand = g_rand_new_with_seed (1);
  enum
  { N = 60 };

  for (int round = 0; round < 200; round++) {
    double scores[N], negated[N], warped[N], auc;
    guint8 labels[N], swapped[N];

    for (gsize i = 0; i < N; i++) {
      labels[i] = i == 0 ? 1 : i == 1 ? 0 : g_rand_int_range (rand, 0, 2);
      /* Few values, so that most are tied. */
      scores[i] = g_rand_int_range (rand, -4, 5) + labels[i];
      swapped[i] = !labels[i];
      negated[i] = -scores[i];
      warped[i] = exp (scores[i]);
    }
    auc = asd_auc (scores, labels, N);
    assert_close (auc, auc_by_pairs (scores, labels, N), "pairs");
    assert_close (asd_auc (scores, swapped, N), 1 - auc, "swapped");
    assert_close (asd_auc (negated, labels, N), 1 - auc, "negated");
    assert_close (asd_auc (warped, labels, N), auc, "monotone");
    assert_close (asd_pauc (warped, labels, N, 0.1),
        asd_pauc (scores, labels, N, 0.1), "monotone pAUC");
    assert_close (asd_pauc (scores, labels, N, 1), auc, "whole range");
  }
  g_rand_free (rand);
}

GST_END_TEST;

GST_START_TEST (test_extremes)
{
  double rising[4] = { 1, 2, 3, 4 }, same[4] = { 7, 7, 7, 7 };
  double infinite[4] = { -INFINITY, 0, 1, INFINITY };
  double nan[4] = { 0, 1, NAN, 3 };
  guint8 labels[4] = { 0, 0, 1, 255 }, reversed[4] = { 1, 1, 0, 0 };
  guint8 normal[4] = { 0 }, anomalous[4] = { 1, 1, 1, 1 };

  fail_unless (asd_auc (rising, labels, 4) == 1);
  fail_unless (asd_auc (infinite, labels, 4) == 1);
  fail_unless (asd_auc (rising, reversed, 4) == 0);
  fail_unless (asd_auc (same, labels, 4) == 0.5);
  assert_close (asd_pauc (rising, labels, 4, 0.1), 1, "best pAUC");
  assert_close (asd_pauc (same, labels, 4, 0.1), 0.5, "pAUC of chance");
  assert_close (asd_pauc (rising, reversed, 4, 0.1),
      0.5 * (1 - 0.1 / 1.9), "worst pAUC");
  fail_unless (isnan (asd_auc (rising, normal, 4)));
  fail_unless (isnan (asd_auc (rising, anomalous, 4)));
  fail_unless (isnan (asd_auc (nan, labels, 4)));
  fail_unless (isnan (asd_auc (rising, labels, 0)));
  fail_unless (isnan (asd_pauc (rising, normal, 4, 0.1)));
}

GST_END_TEST;

/* golden/auc/params.json, cases: with and without ties, sizes 40 to 500. */
GST_START_TEST (test_golden)
{
  static const double expected[4][2] = {
    {0.6537499999999999, 0.5723684210526316},
    {0.7130081300813008, 0.5528455284552846},
    {0.7226403733253048, 0.5859527638907596},
    {0.6598214134431284, 0.533843472351901},
  };

  for (int i = 0; i < 4; i++) {
    g_autofree char *scores_path =
        g_strdup_printf ("golden/auc/case%d_scores.npy", i);
    g_autofree char *labels_path =
        g_strdup_printf ("golden/auc/case%d_labels.npy", i);
    g_autoptr (AsdNpy) ints = asd_test_load (labels_path);
    gsize n;
    g_autofree double *scores = asd_test_load_doubles (scores_path, &n);
    g_autofree guint8 *labels = g_new (guint8, n);

    fail_unless (ints->type == ASD_NPY_I32 && ints->n_elements == n);
    for (gsize j = 0; j < n; j++)
      labels[j] = ((gint32 *) ints->data)[j];
    assert_close (asd_auc (scores, labels, n), expected[i][0], scores_path);
    assert_close (asd_pauc (scores, labels, n, 0.1), expected[i][1],
        scores_path);
  }
}

GST_END_TEST;

typedef struct
{
  double *scores;
  guint8 *labels;
  gsize n;
} Scores;

static void
read_scores (const char *folder, const char *machine, int id, Scores * out)
{
  g_autofree char *relative =
      g_strdup_printf ("data/scores/%s/anomaly_score_%s_id_%02d.csv", folder,
      machine, id);
  g_autofree char *path = asd_test_path (relative);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  fail_unless (g_file_get_contents (path, &text, NULL, NULL), "%s", path);
  lines = g_strsplit (g_strchomp (text), "\n", -1);
  out->n = g_strv_length (lines);
  out->scores = g_new (double, out->n);
  out->labels = g_new (guint8, out->n);
  for (gsize i = 0; i < out->n; i++) {
    const char *comma = strchr (lines[i], ',');

    fail_unless (comma != NULL, "%s: %s", path, lines[i]);
    out->labels[i] = g_str_has_prefix (lines[i], "anomaly_");
    out->scores[i] = g_ascii_strtod (comma + 1, NULL);
  }
}

/* Min-max normalised over the test set and multiplied (ALGORITHMS.md 7). */
static void
multiply_normalised (Scores * a, const Scores * b)
{
  double low[2] = { INFINITY, INFINITY }, high[2] = { -INFINITY, -INFINITY };

  fail_unless_equals_int (a->n, b->n);
  for (gsize i = 0; i < a->n; i++) {
    low[0] = MIN (low[0], a->scores[i]);
    high[0] = MAX (high[0], a->scores[i]);
    low[1] = MIN (low[1], b->scores[i]);
    high[1] = MAX (high[1], b->scores[i]);
  }
  for (gsize i = 0; i < a->n; i++)
    a->scores[i] = (a->scores[i] - low[0]) / (high[0] - low[0])
        * ((b->scores[i] - low[1]) / (high[1] - low[1]));
}

/* Each machine id of the published tables, and their averages per machine. */
static void
check_published (const char *system)
{
  g_autofree char *relative =
      g_strdup_printf ("data/scores/published_%s.csv", system);
  g_autofree char *path = asd_test_path (relative);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  double sum[2] = { 0 };
  int n_ids = 0, n_checked = 0;

  fail_unless (g_file_get_contents (path, &text, NULL, NULL), "%s", path);
  lines = g_strsplit (g_strchomp (text), "\n", -1);
  for (char **line = lines + 1; *line != NULL; line++) {
    g_auto (GStrv) fields = g_strsplit (*line, ",", -1);
    double auc, pauc;

    fail_unless_equals_int (g_strv_length (fields), 4);
    if (g_str_equal (fields[1], "Average")) {
      auc = sum[0] / n_ids;
      pauc = sum[1] / n_ids;
      sum[0] = sum[1] = n_ids = 0;
    } else {
      gboolean ensemble = g_str_equal (system, "ensemble");
      int id = atoi (fields[1]);
      Scores s;

      read_scores (ensemble ? "ivector-gmm" : system, fields[0], id, &s);
      if (ensemble) {
        Scores other;

        read_scores ("modspec-graph", fields[0], id, &other);
        multiply_normalised (&s, &other);
        g_free (other.scores);
        g_free (other.labels);
      }
      auc = asd_auc (s.scores, s.labels, s.n);
      pauc = asd_pauc (s.scores, s.labels, s.n, 0.1);
      sum[0] += auc;
      sum[1] += pauc;
      n_ids++;
      n_checked++;
      g_free (s.scores);
      g_free (s.labels);
    }
    assert_close (auc, g_ascii_strtod (fields[2], NULL), *line);
    assert_close (pauc, g_ascii_strtod (fields[3], NULL), *line);
  }
  fail_unless (n_checked >= 12, "%s: only %d machine ids", path, n_checked);
}

GST_START_TEST (test_published)
{
  check_published ("modspec-graph");
  check_published ("ivector-gmm");
  check_published ("ensemble");
}

GST_END_TEST;

/* 4 anomalies, of which 3 are found, with 2 false alarms among 5 normals. */
GST_START_TEST (test_detection)
{
  static const double scores[] = { 5, 4, 3, 1, 5, 4, 2, 2, 0 };
  static const guint8 labels[] = { 1, 1, 1, 1, 0, 0, 0, 0, 0 };
  AsdDetection d;

  asd_detection_compute (scores, labels, 9, 2, &d);
  fail_unless_equals_int (d.true_positives, 3);
  fail_unless_equals_int (d.false_positives, 2);
  fail_unless_equals_int (d.false_negatives, 1);
  fail_unless_equals_int (d.true_negatives, 3);
  fail_unless_equals_float (d.precision, 0.6);
  fail_unless_equals_float (d.recall, 0.75);
  fail_unless_equals_float (d.f1, 6. / 9);

  /* Nothing is flagged: shares of nothing are 0. */
  asd_detection_compute (scores, labels, 9, 5, &d);
  fail_unless_equals_int (d.true_positives + d.false_positives, 0);
  fail_unless (d.precision == 0 && d.recall == 0 && d.f1 == 0);
}

GST_END_TEST;

static Suite *
metrics_suite (void)
{
  Suite *suite = suite_create ("metrics");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_by_hand);
  tcase_add_test (tc, test_symmetry);
  tcase_add_test (tc, test_extremes);
  tcase_add_test (tc, test_detection);
  asd_test_add_golden (tc, test_golden);
  asd_test_add_golden (tc, test_published);
  return suite;
}

ASD_TEST_MAIN (metrics);
