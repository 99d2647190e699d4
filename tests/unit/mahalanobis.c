/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scorertest.h"

#include <asd/mahalanobis.h>

#define N 12

/* scikit-learn 1.2.2's LedoitWolf on the vectors of fill() (with @dim 4, the last
 * one constant): the square root of mahalanobis(), and covariance_, of
 *
 *   i = np.arange(12)[:, None]; j = np.arange(3)
 *   x = np.sin(1.0 + i * (j + 1) * 0.7) * (j + 1) + 0.1 * ((i * 7) % 5)
 */
static const double queries[2][4] = { {1, 2, 3, 2}, {-2, 0.5, 1, 2.5} };
static const double distances3[] = { 1.8542317781908046, 2.3083989001329552 };
static const double distances4[] = { 1.8822047337521104, 2.8319934771082718 };

static const double covariance3[] = {
  1.1196962074074559, 0.031586652460298362, 0.021772691377217122,
  0.031586652460298362, 1.9805728671769858, 0.35827236636065679,
  0.021772691377217122, 0.35827236636065679, 3.6981448047345586
};

static void
fill (double *x, gsize dim)
{
  for (gsize i = 0; i < N; i++) {
    for (gsize j = 0; j < dim; j++)
      x[i * dim + j] = j == 3 ? 2 :
          sin (1.0 + i * (j + 1) * 0.7) * (j + 1) + 0.1 * ((i * 7) % 5);
  }
}

GST_START_TEST (test_reference)
{
  double x[N * 4];

  for (gsize dim = 3; dim <= 4; dim++) {
    const double *expected = dim == 3 ? distances3 : distances4;
    g_autoptr (AsdMahalanobis) scorer = NULL;

    fill (x, dim);
    scorer = asd_mahalanobis_fit (x, N, dim, NULL);
    for (gsize i = 0; i < 2; i++)
      /* 1e-9 of the mean variance is added. */
      fail_unless (fabs (asd_mahalanobis_score (scorer, queries[i]) -
              expected[i]) < 1e-8, "%.17g, expected %.17g",
          asd_mahalanobis_score (scorer, queries[i]), expected[i]);
    if (dim == 3)
      fail_unless (asd_test_max_difference (asd_mahalanobis_get_covariance
              (scorer), covariance3, 9) < 1e-8);
  }
}

GST_END_TEST;

/* More vectors than are added at once: the same twice is the same covariance,
 * but for the shrinkage; with very many there is none. */
GST_START_TEST (test_many)
{
  const gsize n = 3000;
  GRand *rand = g_rand_new_with_seed (1);
  g_autofree double *x = random_vectors (rand, n * 2);
  g_autoptr (AsdMahalanobis) scorer = NULL;
  const double query[] = { 1, 2 };

  for (gsize i = 0; i < n; i++)
    x[2 * i + 1] *= 2;
  scorer = asd_mahalanobis_fit (x, n, 2, NULL);
  /* Uniform in -1..1 and -2..2: variances of 1/3 and 4/3; of 3000 vectors they
   * are within a few percent. */
  fail_unless (fabs (asd_mahalanobis_score (scorer, query) - sqrt (6)) < 0.1,
      "%g", asd_mahalanobis_score (scorer, query));
  g_rand_free (rand);
}

GST_END_TEST;

/* Two vectors leave nothing uncertain, in the formula, and most directions
 * without variance. */
GST_START_TEST (test_two_vectors)
{
  const double x[] = { 0, 0, 0, 1, 2, 3 }, beside[] = { 0.5, 1, 2 };
  g_autoptr (AsdMahalanobis) scorer = asd_mahalanobis_fit (x, 2, 3, NULL);

  fail_unless (scorer != NULL);
  fail_unless (fabs (asd_mahalanobis_score (scorer, x) - 1) < 1e-6);
  fail_unless (fabs (asd_mahalanobis_score (scorer, x + 3) - 1) < 1e-6);
  fail_unless (isfinite (asd_mahalanobis_score (scorer, beside)));
  fail_unless (asd_mahalanobis_score (scorer, beside) > 1000);
}

GST_END_TEST;

GST_START_TEST (test_bad_data)
{
  const double nan[] = { 1, NAN }, same[] = { 2, 2 }, large[] = { 1, 1e71 };
  const double tiny[] = { 1e-200, 2e-200 };
  GError *error = NULL;

  fail_unless (asd_mahalanobis_fit (nan, 2, 1, &error) == NULL);
  assert_data_error (&error, "training vector 2 of 2");
  fail_unless (asd_mahalanobis_fit (same, 2, 1, &error) == NULL);
  assert_data_error (&error, "all 2 training vectors are the same");
  fail_unless (asd_mahalanobis_fit (same, 1, 1, &error) == NULL);
  assert_data_error (&error, "only one training vector");
  fail_unless (asd_mahalanobis_fit (large, 2, 1, &error) == NULL);
  assert_data_error (&error, "scale the features down");
  fail_unless (asd_mahalanobis_fit (tiny, 2, 1, &error) == NULL);
  assert_data_error (&error, "scale the features up");
}

GST_END_TEST;

GST_START_TEST (test_save)
{
  double x[N * 3];
  g_autoptr (AsdMahalanobis) scorer = NULL, loaded = NULL;
  AsdModelWriter *writer = open_section ("mahalanobis");
  g_autoptr (AsdModelSection) section = NULL;

  fill (x, 3);
  scorer = asd_mahalanobis_fit (x, N, 3, NULL);
  asd_mahalanobis_save (scorer, writer);
  section = close_section (writer);
  loaded = asd_mahalanobis_load (section, NULL);
  fail_unless (loaded != NULL);
  fail_unless_equals_int (asd_mahalanobis_get_dim (loaded), 3);
  fail_unless (memcmp (asd_mahalanobis_get_mean (loaded),
          asd_mahalanobis_get_mean (scorer), 3 * sizeof (double)) == 0);
  for (gsize i = 0; i < 2; i++)
    fail_unless (asd_mahalanobis_score (loaded, queries[i]) ==
        asd_mahalanobis_score (scorer, queries[i]));
}

GST_END_TEST;

GST_START_TEST (test_bad_models)
{
  static const double bad[][4] = {
    {1, 0.5, 0.4, 1}, {1, 2, 2, 1}, {0, 0, 0, 1}, {-1, 0, 0, 1},
  };
  static const double mean[] = { 1, 2 }, far[] = { 1, 1e200 };
  const gsize shape[] = { 2, 2 };
  GError *error = NULL;

  for (gsize i = 0; i <= G_N_ELEMENTS (bad); i++) {
    static const double good[] = { 1, 0, 0, 1 };
    const gboolean last = i == G_N_ELEMENTS (bad);
    AsdModelWriter *writer = open_section ("mahalanobis");
    g_autoptr (AsdModelSection) section = NULL;

    asd_model_writer_add_f64 (writer, "mean", last ? far : mean, 1, shape);
    asd_model_writer_add_f64 (writer, "covariance", last ? good : bad[i], 2,
        shape);
    section = close_section (writer);
    fail_unless (asd_mahalanobis_load (section, &error) == NULL, "case %"
        G_GSIZE_FORMAT, i);
    assert_refused (&error, "positive definite");
  }
  fail_unless (asd_mahalanobis_new (mean, mean, 0, NULL) == NULL);
}

GST_END_TEST;

static Suite *
mahalanobis_suite (void)
{
  Suite *suite = suite_create ("mahalanobis");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup_folder, teardown_folder);
  tcase_add_test (tc, test_reference);
  tcase_add_test (tc, test_many);
  tcase_add_test (tc, test_two_vectors);
  tcase_add_test (tc, test_bad_data);
  tcase_add_test (tc, test_save);
  tcase_add_test (tc, test_bad_models);
  return suite;
}

GST_CHECK_MAIN (mahalanobis);
