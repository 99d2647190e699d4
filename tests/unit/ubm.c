/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "em.h"

#include <asd/ubm.h>

static void
check_golden (const AsdUbm * ubm, const double *x, const char *iteration)
{
  double log_likelihoods[50];
  struct
  {
    const char *name;
    const double *values;
    gsize n;
  } results[] = {
    {"w", asd_ubm_get_weights (ubm), 16},
    {"m", asd_ubm_get_means (ubm), 16 * 42},
    {"v", asd_ubm_get_variances (ubm), 16 * 42},
    {"loglik", log_likelihoods, 50},
  };

  for (gsize i = 0; i < 50; i++)
    log_likelihoods[i] = asd_ubm_log_likelihood (ubm, x + i * 42);
  /* golden/README.md asks for 1e-6; all is double here. */
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++) {
    g_autofree char *path =
        g_strdup_printf ("golden/ubm/%s%s.npy", results[i].name, iteration);

    em_check_golden (results[i].values, path, results[i].n, 1e-9);
  }
}

GST_START_TEST (test_golden)
{
  g_autoptr (AsdNpy) data = asd_test_load ("golden/ubm/data.npy");
  g_autofree double *w = asd_test_load_doubles ("golden/ubm/w0.npy", NULL);
  g_autofree double *m = asd_test_load_doubles ("golden/ubm/m0.npy", NULL);
  g_autofree double *v = asd_test_load_doubles ("golden/ubm/v0.npy", NULL);
  g_autoptr (AsdUbm) start = asd_ubm_new (w, m, v, 16, 42, NULL);
  g_autoptr (AsdUbm) one = asd_ubm_refine (start, data->data, data->shape[0],
      1, 1e-3, NULL, NULL, NULL, NULL);
  g_autoptr (AsdUbm) ten = asd_ubm_refine (start, data->data, data->shape[0],
      10, 1e-3, NULL, NULL, NULL, NULL);

  fail_unless (data->type == ASD_NPY_F64);
  check_golden (one, data->data, "1");
  check_golden (ten, data->data, "10");
}

GST_END_TEST;

/* 200 random problems. The floor is below all variances; 1e-10 leaves room for
 * rounding. */
GST_START_TEST (test_likelihood_never_falls)
{
  GRand *rand = g_rand_new_with_seed (13);

  for (int round = 0; round < 200; round++) {
    gsize dim = g_rand_int_range (rand, 1, 20), k = g_rand_int_range (rand, 1,
        12);
    gsize n = k * 20 + g_rand_int_range (rand, 1, 600);
    AsdUbmConfig config = { k, 1 + round % 10, 15, 1e-3, round };
    EmProgress progress = { NULL };
    g_autofree double *x = em_problem (rand, n, dim, k + round % 4);
    GError *error = NULL;
    g_autoptr (AsdUbm) ubm = asd_ubm_fit (&config, x, n, dim, em_progress,
        &progress, NULL, &error);

    g_assert_no_error (error);
    fail_unless (ubm != NULL);
    fail_unless_equals_int (progress.n, 15);
    fail_unless (progress.largest_fall <= 1e-10, "round %d: falls by %g",
        round, progress.largest_fall);
  }
  g_rand_free (rand);
}

GST_END_TEST;

/* The sums written down, for a number of frames that is no whole block. */
GST_START_TEST (test_statistics)
{
  const gsize n = 300, dim = 5, k = 4;
  AsdUbmConfig config = { 4, 5, 3, 1e-3, 1 };
  GRand *rand = g_rand_new_with_seed (14);
  g_autofree double *x = em_problem (rand, n, dim, k);
  g_autofree float *frames = g_new (float, n * dim);
  double zeroth[4], first[20], second[20], got[3][20], total = 0, sum;
  g_autoptr (AsdUbm) ubm = NULL;
  AsdUbmStatistics *statistics;

  for (gsize i = 0; i < n * dim; i++)
    x[i] = frames[i] = x[i];
  ubm = asd_ubm_fit (&config, x, n, dim, NULL, NULL, NULL, NULL);
  memset (zeroth, 0, sizeof zeroth);
  memset (first, 0, sizeof first);
  memset (second, 0, sizeof second);
  for (gsize i = 0; i < n; i++) {
    double p = asd_ubm_log_likelihood (ubm, x + i * dim);

    total += p;
    for (gsize c = 0; c < k; c++) {
      double g = log (asd_ubm_get_weights (ubm)[c]) - p;

      for (gsize j = 0; j < dim; j++) {
        double d = x[i * dim + j] - asd_ubm_get_means (ubm)[c * dim + j];
        double v = asd_ubm_get_variances (ubm)[c * dim + j];

        g -= 0.5 * (d * d / v + log (2 * G_PI * v));
      }
      g = exp (g);
      zeroth[c] += g;
      for (gsize j = 0; j < dim; j++) {
        first[c * dim + j] += g * x[i * dim + j];
        second[c * dim + j] += g * x[i * dim + j] * x[i * dim + j];
      }
    }
  }

  /* In pieces, and after something that is forgotten. */
  statistics = asd_ubm_statistics_new (ubm, TRUE);
  asd_ubm_statistics_add (statistics, frames, 7);
  asd_ubm_statistics_reset (statistics);
  asd_ubm_statistics_add (statistics, frames, 290);
  asd_ubm_statistics_add_f64 (statistics, x + 290 * dim, 10);
  sum = asd_ubm_statistics_get (statistics, got[0], got[1], got[2]);
  /* Rounding: squares around the origin of the model, exp() within 3e-16. */
  fail_unless (fabs (sum - total) <= 1e-10 * fabs (total));
  fail_unless (asd_test_max_difference (got[0], zeroth, k) <= 1e-9 * n);
  fail_unless (asd_test_max_difference (got[1], first, k * dim) <=
      1e-10 * asd_test_peak (first, k * dim));
  fail_unless (asd_test_max_difference (got[2], second, k * dim) <=
      1e-10 * asd_test_peak (second, k * dim));

  frames[4] = NAN;
  asd_ubm_statistics_add (statistics, frames, 2);
  fail_unless (isnan (asd_ubm_statistics_get (statistics, got[0], got[1],
              NULL)));
  fail_unless (isnan (got[0][0]) && isnan (got[0][3]) && isnan (got[1][0]));
  asd_ubm_statistics_free (statistics);
  g_rand_free (rand);
}

GST_END_TEST;

/* Constant dimensions, and fewer different frames than components. */
GST_START_TEST (test_silence)
{
  const gsize n = 100, dim = 3;
  AsdUbmConfig config = ASD_UBM_CONFIG_INIT;
  g_autofree double *x = g_new (double, n * dim);
  g_autofree float *frames = g_new (float, n * dim);
  double zeroth[64], first[64 * 3], sum = 0;
  g_autoptr (AsdUbm) ubm = NULL;
  g_autoptr (AsdUbmStatistics) statistics = NULL;
  GError *error = NULL;

  for (gsize i = 0; i < n * dim; i++)
    x[i] = frames[i] = i % dim == 0 ? -1e4 : i / dim % 3;
  ubm = asd_ubm_fit (&config, x, n, dim, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  for (gsize c = 0; c < 64; c++) {
    fail_unless (asd_ubm_get_weights (ubm)[c] > 0);
    for (gsize j = 0; j < dim; j++) {
      fail_unless (isfinite (asd_ubm_get_means (ubm)[c * dim + j]));
      fail_unless (asd_ubm_get_variances (ubm)[c * dim + j] >= 1e-3);
    }
  }
  statistics = asd_ubm_statistics_new (ubm, FALSE);
  asd_ubm_statistics_add (statistics, frames, n);
  fail_unless (isfinite (asd_ubm_statistics_get (statistics, zeroth, first,
              NULL)));
  for (gsize c = 0; c < 64; c++)
    sum += zeroth[c];
  fail_unless (fabs (sum - n) < 1e-9);
}

GST_END_TEST;

GST_START_TEST (test_bad_data)
{
  AsdUbmConfig config = ASD_UBM_CONFIG_INIT;
  double x[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  GCancellable *cancellable = g_cancellable_new ();
  EmProgress progress = { NULL, 0, 0, 0, cancellable };
  GError *error = NULL;

  fail_unless (asd_ubm_config_check (&config) == NULL);
  fail_unless (asd_ubm_fit (&config, x, 4, 2, NULL, NULL, NULL, &error) ==
      NULL);
  em_check_error (&error, ASD_ERROR_DATA, "fewer components");
  config.components = 2;
  fail_unless (asd_ubm_fit (&config, x, 4, 2, em_progress, &progress,
          cancellable, &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_clear_error (&error);
  x[7] = 1e200;
  fail_unless (asd_ubm_fit (&config, x, 4, 2, NULL, NULL, NULL, &error) ==
      NULL);
  em_check_error (&error, ASD_ERROR_DATA, "scale them down");
  x[7] = INFINITY;
  fail_unless (asd_ubm_fit (&config, x, 4, 2, NULL, NULL, NULL, &error) ==
      NULL);
  em_check_error (&error, ASD_ERROR_DATA, "vector 4 of 4");
  config.components = 0;
  fail_unless (strstr (asd_ubm_config_check (&config), "components"));
  config = (AsdUbmConfig) ASD_UBM_CONFIG_INIT;
  config.kmeans_iterations = 0;
  fail_unless (strstr (asd_ubm_config_check (&config), "kmeans-iterations"));
  config = (AsdUbmConfig) ASD_UBM_CONFIG_INIT;
  config.variance_floor = 0;
  fail_unless (strstr (asd_ubm_config_check (&config), "variance-floor"));
  g_object_unref (cancellable);
}

GST_END_TEST;

static Suite *
ubm_suite (void)
{
  Suite *suite = suite_create ("ubm");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_likelihood_never_falls);
  tcase_add_test (tc, test_statistics);
  tcase_add_test (tc, test_silence);
  tcase_add_test (tc, test_bad_data);
  asd_test_add_golden (tc, test_golden);
  return suite;
}

ASD_TEST_MAIN (ubm);
