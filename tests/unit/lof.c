/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scorertest.h"

#include <asd/lof.h>

/* Of the golden data: the README asks for 1e-6; the reference finds distances
 * by |a|^2 + |b|^2 - 2 a'b in double precision. */
#define TOLERANCE 1e-6

static void
check_scores (AsdLof * lof, const double *x, gsize n, const char *golden)
{
  g_autofree double *expected = asd_test_load_doubles (golden, NULL);
  g_autofree double *scores = g_new (double, n);

  asd_lof_score (lof, x, n, scores, NULL);
  for (gsize i = 0; i < n; i++) {
    double one;

    fail_unless (fabs (scores[i] + expected[i]) <= TOLERANCE,
        "%s: %.17g, expected %.17g", golden, scores[i], -expected[i]);
    asd_lof_score (lof, x + i * asd_lof_get_dim (lof), 1, &one, NULL);
    fail_unless (one == scores[i]);
  }
}

GST_START_TEST (test_golden)
{
  g_autoptr (AsdNpy) shape = asd_test_load ("golden/lof/train.npy");
  const gsize n = shape->shape[0], dim = shape->shape[1];
  gsize n_test, n_train;
  g_autofree double *train =
      asd_test_load_doubles ("golden/lof/train.npy", &n_train);
  g_autofree double *test =
      asd_test_load_doubles ("golden/lof/test.npy", &n_test);
  g_autofree double *scale =
      asd_test_load_doubles ("golden/lof/scale.npy", NULL);
  g_autofree double *min = asd_test_load_doubles ("golden/lof/min.npy", NULL);
  g_autofree double *lrd = asd_test_load_doubles ("golden/lof/lrd.npy", NULL);
  g_autoptr (AsdLof) raw = asd_lof_fit (train, n, dim, 20, NULL, NULL);
  g_autoptr (AsdLof) scaled = NULL;

  check_scores (raw, test, n_test / dim,
      "golden/lof/score_samples_raw_auto.npy");
  for (gsize i = 0; i < n_train; i++)
    train[i] = train[i] * scale[i % dim] + min[i % dim];
  for (gsize i = 0; i < n_test; i++)
    test[i] = test[i] * scale[i % dim] + min[i % dim];
  scaled = asd_lof_fit (train, n, dim, 20, NULL, NULL);
  fail_unless (asd_lof_get_warning (scaled) == NULL);
  fail_unless (asd_test_max_difference (asd_lof_get_densities (scaled), lrd,
          n) <= TOLERANCE);
  check_scores (scaled, test, n_test / dim, "golden/lof/score_samples.npy");
}

GST_END_TEST;

/* By hand: points 0, 1, 3 and two neighbours. */
GST_START_TEST (test_by_hand)
{
  const double x[] = { 0, 1, 3 }, query = 6;
  g_autoptr (AsdLof) lof = asd_lof_fit (x, 3, 1, 2, NULL, NULL);
  /* k-distances 3, 2, 3 */
  const double lrd[] =
      { 1 / (2.5 + 1e-10), 1 / (3 + 1e-10), 1 / (2.5 + 1e-10) };
  double score;

  fail_unless (asd_test_max_difference (asd_lof_get_densities (lof), lrd,
          3) < 1e-15);
  /* Neighbours 3 (at 3) and 1 (at 5). */
  asd_lof_score (lof, &query, 1, &score, NULL);
  fail_unless (fabs (score - (lrd[1] + lrd[2]) / 2 * (4 + 1e-10)) < 1e-14);
}

GST_END_TEST;

/* Of 1, -1 and 0 at the same distance the first ones count. */
GST_START_TEST (test_ties)
{
  const double x[] = { 1, -1, -3, 1, 5 }, query = 0;
  g_autoptr (AsdLof) lof = asd_lof_fit (x, 5, 1, 2, NULL, NULL);
  const double *lrd = asd_lof_get_densities (lof);
  double score;

  /* Neighbours 1 and -1, of which each has a k-distance of 2. */
  asd_lof_score (lof, &query, 1, &score, NULL);
  fail_unless (fabs (score - (lrd[0] + lrd[1]) / 2 * (2 + 1e-10)) < 1e-14,
      "%.17g", score);
}

GST_END_TEST;

GST_START_TEST (test_few_vectors)
{
  const double x[] = { 0, 1, 3 };
  g_autoptr (AsdLof) lof = asd_lof_fit (x, 3, 1, 20, NULL, NULL);
  g_autoptr (AsdLof) same = asd_lof_fit (x, 3, 1, 2, NULL, NULL);

  fail_unless_equals_int (asd_lof_get_neighbours (lof), 2);
  fail_unless (strstr (asd_lof_get_warning (lof), "for 20 neighbours, 2 are"));
  fail_unless (asd_lof_get_warning (same) == NULL);
  fail_unless (memcmp (asd_lof_get_densities (lof),
          asd_lof_get_densities (same), sizeof x) == 0);
}

GST_END_TEST;

/* Infinite densities, but for the 1e-10; scores stay finite. */
GST_START_TEST (test_duplicates)
{
  const double x[] = { 1, 1, 1, 1, 7 }, queries[] = { 1, 2 };
  g_autoptr (AsdLof) lof = asd_lof_fit (x, 5, 1, 3, NULL, NULL);
  double scores[2];

  fail_unless (strstr (asd_lof_get_warning (lof), "4 of 5 training vectors"));
  asd_lof_score (lof, queries, 2, scores, NULL);
  fail_unless (fabs (scores[0] - 1) < 1e-9, "%g", scores[0]);
  fail_unless (fabs (scores[1] - 1e10) < 10, "%g", scores[1]);
}

GST_END_TEST;

GST_START_TEST (test_constant_dimension)
{
  GRand *rand = g_rand_new_with_seed (1);
  g_autofree double *x = random_vectors (rand, 40);
  double wide[80], score, expected;
  const double query[] = { 0.3, 5 };
  g_autoptr (AsdLof) lof = asd_lof_fit (x, 40, 1, 5, NULL, NULL);
  g_autoptr (AsdLof) wider = NULL;

  for (gsize i = 0; i < 40; i++) {
    wide[2 * i] = x[i];
    wide[2 * i + 1] = 5;
  }
  wider = asd_lof_fit (wide, 40, 2, 5, NULL, NULL);
  asd_lof_score (lof, query, 1, &expected, NULL);
  asd_lof_score (wider, query, 1, &score, NULL);
  fail_unless (score == expected);
  g_rand_free (rand);
}

GST_END_TEST;

GST_START_TEST (test_bad_data)
{
  const double nan[] = { 1, 2, NAN, 4 }, large[] = { 1, 2, 3, 1e71 };
  const double same[] = { 1, 2, 1, 2 };
  GError *error = NULL;

  fail_unless (asd_lof_fit (nan, 2, 2, 1, NULL, &error) == NULL);
  assert_data_error (&error, "training vector 2 of 2");
  fail_unless (asd_lof_fit (large, 2, 2, 1, NULL, &error) == NULL);
  assert_data_error (&error, "scale the features down");
  fail_unless (asd_lof_fit (same, 2, 2, 1, NULL, &error) == NULL);
  assert_data_error (&error, "all 2 training vectors are the same");
  fail_unless (asd_lof_fit (same, 1, 2, 1, NULL, &error) == NULL);
  assert_data_error (&error, "only one training vector");
  fail_unless (asd_lof_fit (same, 0, 2, 1, NULL, &error) == NULL);
  assert_data_error (&error, "no training vector");
}

GST_END_TEST;

GST_START_TEST (test_save)
{
  GRand *rand = g_rand_new_with_seed (2);
  g_autofree double *x = random_vectors (rand, 60 * 3);
  g_autoptr (AsdLof) lof = asd_lof_fit (x, 50, 3, 7, NULL, NULL);
  AsdModelWriter *writer = open_section ("lof");
  g_autoptr (AsdModelSection) section = NULL;
  g_autoptr (AsdLof) loaded = NULL;
  double scores[10], expected[10];

  asd_lof_save (lof, writer);
  section = close_section (writer);
  loaded = asd_lof_load (section, NULL);
  fail_unless (loaded != NULL);
  fail_unless_equals_int (asd_lof_get_dim (loaded), 3);
  fail_unless_equals_int (asd_lof_get_n_vectors (loaded), 50);
  asd_lof_score (lof, x + 50 * 3, 10, expected, NULL);
  asd_lof_score (loaded, x + 50 * 3, 10, scores, NULL);
  fail_unless (memcmp (scores, expected, sizeof scores) == 0);
  g_rand_free (rand);
}

GST_END_TEST;

GST_START_TEST (test_bad_models)
{
  static const double good[] = { 1, 2, 3 };
  static const struct
  {
    double lrd, distance, value;
    gint64 neighbours;
  } bad[] = {
    {0, 1, 1, 2}, {-1, 1, 1, 2}, {1, -1, 1, 2}, {1, 1, 1e71, 2},
    {1, 1, 1, 0}, {1, 1, 1, 3}, {1, 1, 1, -1}, {1, 1, 1, G_MAXINT64},
  };
  const gsize shape[] = { 3, 1 };
  GError *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    const double lrd[] = { 1, bad[i].lrd, 1 };
    const double distances[] = { 1, bad[i].distance, 1 };
    const double x[] = { 1, 2, bad[i].value };
    AsdModelWriter *writer = open_section ("lof");
    g_autoptr (AsdModelSection) section = NULL;

    asd_model_writer_set_int64 (writer, "neighbours", bad[i].neighbours);
    asd_model_writer_add_f64 (writer, "vectors", x, 2, shape);
    asd_model_writer_add_f64 (writer, "densities", lrd, 1, shape);
    asd_model_writer_add_f64 (writer, "distances", distances, 1, shape);
    section = close_section (writer);
    fail_unless (asd_lof_load (section, &error) == NULL);
    assert_refused (&error, "train the model again");
  }
  fail_unless (asd_lof_new (good, good, good, 3, 0, 1, NULL) == NULL);
  fail_unless (asd_lof_new (good, good, good, 0, 1, 1, NULL) == NULL);
}

GST_END_TEST;

static Suite *
lof_suite (void)
{
  Suite *suite = suite_create ("lof");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup_folder, teardown_folder);
  tcase_add_test (tc, test_by_hand);
  tcase_add_test (tc, test_ties);
  tcase_add_test (tc, test_few_vectors);
  tcase_add_test (tc, test_duplicates);
  tcase_add_test (tc, test_constant_dimension);
  tcase_add_test (tc, test_bad_data);
  tcase_add_test (tc, test_save);
  tcase_add_test (tc, test_bad_models);
  asd_test_add_golden (tc, test_golden);
  return suite;
}

ASD_TEST_MAIN (lof);
