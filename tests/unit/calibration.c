/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/calibration.h>
#include <asd/error.h>
#include <asd/gamma.h>
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

static void
assert_close (double got, double want, double tolerance)
{
  fail_unless (fabs (got - want) <= tolerance, "%.17g, expected %.17g", got,
      want);
}

/* The same sample as in tests/golden/gamma_fit.py. */
static double *
make_sample (gsize n, int terms)
{
  static const guint64 step[3] = { 37, 101, 59 };
  static const guint64 prime[3] = { 1009, 1013, 1019 };
  double *x = g_new (double, n);

  for (guint64 i = 0; i < n; i++) {
    x[i] = 50;
    for (int t = 0; t < terms; t++)
      x[i] -= 2 * log (((step[t] * i * i + i) % prime[t] + 1.0)
          / (prime[t] + 1));
  }
  return x;
}

/* Printed by tests/golden/gamma_fit.py with scipy 1.10.1. */
static const struct
{
  gsize n;
  int terms;
  AsdGamma expected;
} fits[] = {
  {75, 3, {50.61949156, 1.607929226, 3.57046414}},
  {200, 3, {50.45854895, 2.33500911, 2.390500367}},
  {1000, 3, {49.91392407, 3.154633242, 1.916737967}},
  {200, 2, {50.2835942, 1.670344898, 2.24645564}},
  {1000, 2, {49.98093448, 2.059710536, 1.886329015}},
};

static const struct
{
  double shape, probability, expected;
} quantiles[] = {
  {0.05, 0.001, 5.844632057287e-61},
  {0.05, 0.5, 5.573878440746e-07},
  {0.05, 0.9, 0.07631711390919},
  {0.05, 0.999, 2.736458598729},
  {0.05, 0.999999999, 15.11674010687},
  {0.5, 0.001, 7.853985746312e-07},
  {0.5, 0.5, 0.2274682115598},
  {0.5, 0.9, 1.352771727048},
  {0.5, 0.999, 5.413783085331},
  {0.5, 0.999999999, 18.66244655326},
  {1, 0.001, 0.001000500333584},
  {1, 0.5, 0.6931471805599},
  {1, 0.9, 2.302585092994},
  {1, 0.999, 6.907755278982},
  {1, 0.999999999, 20.72326586523},
  {3.7, 0.001, 0.348643700879},
  {3.7, 0.5, 3.372538013236},
  {3.7, 0.9, 6.278922321023},
  {3.7, 0.999, 12.5247833032},
  {3.7, 0.999999999, 28.42925204574},
  {150, 0.001, 114.981717589},
  {150, 0.5, 149.6667986746},
  {150, 0.9, 165.8942598623},
  {150, 0.999, 190.7126242602},
  {150, 0.999999999, 235.477713296},
  {12000, 0.001, 11664.32982545},
  {12000, 0.5, 11999.66666831},
  {12000, 0.9, 12140.59932358},
  {12000, 0.999, 12341.36979827},
  {12000, 0.999999999, 12668.72838107},
};

GST_START_TEST (test_gamma_fit)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fits); i++) {
    g_autofree double *x = make_sample (fits[i].n, fits[i].terms);
    AsdGamma fit;

    fail_unless (asd_gamma_fit (x, fits[i].n, &fit, NULL));
    /* The other side finds its maximum by comparing likelihoods, which says
     * little below the square root of the precision of a double. */
    assert_close (fit.location, fits[i].expected.location, 1e-5);
    assert_close (fit.shape, fits[i].expected.shape, 1e-5);
    assert_close (fit.scale, fits[i].expected.scale, 1e-5);
  }
}

GST_END_TEST;

GST_START_TEST (test_gamma_quantile)
{
  for (gsize i = 0; i < G_N_ELEMENTS (quantiles); i++) {
    AsdGamma gamma = { 0, quantiles[i].shape, 1 };
    AsdGamma moved = { -700, quantiles[i].shape, 20 };
    double expected = quantiles[i].expected;

    /* Both sides iterate to the precision of their incomplete gamma. */
    assert_close (asd_gamma_quantile (&gamma, quantiles[i].probability),
        expected, 1e-9 * expected);
    assert_close (asd_gamma_quantile (&moved, quantiles[i].probability),
        -700 + 20 * expected, 1e-9 * (700 + 20 * expected));
  }
}

GST_END_TEST;

/* Where the maximum lies at a bound of the location. */
GST_START_TEST (test_gamma_bounds)
{
  enum
  { N = 400 };
  g_autofree double *x = make_sample (N, 1);
  double mirrored[N], twice[N], smallest = INFINITY, mean = 0;
  AsdCalibration c;
  AsdGamma fit;

  /* Exponential, so that the density is largest at its beginning. */
  for (gsize i = 0; i < N; i++) {
    smallest = MIN (smallest, x[i]);
    mean += x[i] / N;
    mirrored[i] = -x[i];
  }
  fail_unless (asd_gamma_fit (x, N, &fit, NULL));
  assert_close (fit.location, smallest - (mean - smallest) / N, 1e-9);
  fail_unless (fit.shape > 0.9 && fit.shape < 1.1);

  /* Skewed to the left: normal for all purposes. */
  fail_unless (asd_gamma_fit (mirrored, N, &fit, NULL));
  fail_unless (asd_calibration_compute (mirrored, N, &c, NULL));
  assert_close (fit.location, c.min - 100 * c.std, 1e-9);
  /* The standard normal distribution's quantile of 0.999 is 3.0902. */
  assert_close (asd_gamma_quantile (&fit, 0.999), c.mean + 3.0902 * c.std,
      0.05 * c.std);

  /* Half of the scores at the smallest one: no shape above 1 can do that. */
  for (gsize i = 0; i < N; i++)
    twice[i] = i % 2 ? 50 : x[i];
  fail_unless (asd_gamma_fit (twice, N, &fit, NULL));
  fail_unless (fit.shape > 0 && fit.shape < 1);
  fail_unless (asd_gamma_quantile (&fit, 0.999) < INFINITY);
}

GST_END_TEST;

/* A rule of 0.99 passes about 1 % of new scores of the same kind. */
GST_START_TEST (test_gamma_rate)
{
  GRand *rand = g_rand_new_with_seed (3);
  const AsdThresholdRule rule = { ASD_THRESHOLD_GAMMA, 0.99 };
  g_autofree double *train = g_new (double, 1000);
  double threshold;
  int above = 0;

  for (int i = 0; i < 1000; i++)
    train[i] = -log (1 - g_rand_double (rand)) - log (1 - g_rand_double (rand));
  fail_unless (asd_threshold_compute (&rule, train, 1000, &threshold, NULL));
  for (int i = 0; i < 100000; i++)
    above += -log (1 - g_rand_double (rand)) - log (1 - g_rand_double (rand))
        > threshold;
  /* 1000 training scores fix the rate to about a fifth. */
  fail_unless (above > 700 && above < 1400, "%d of 100000", above);
  g_rand_free (rand);
}

GST_END_TEST;

/* x = 10, 20, ... 100 shuffled; numpy.quantile() and numpy.std() by hand. */
GST_START_TEST (test_calibration)
{
  const double x[] = { 30, 100, 10, 50, 20, 90, 40, 80, 60, 70 };
  const double expected[ASD_CALIBRATION_N_QUANTILES] = {
    10.9, 14.5, 19, 32.5, 55, 77.5, 91, 95.5, 99.1,
  };
  const double one = -7;
  AsdCalibration c;

  fail_unless (asd_calibration_compute (x, 10, &c, NULL));
  fail_unless_equals_int (c.n, 10);
  fail_unless (c.min == 10 && c.max == 100);
  assert_close (c.mean, 55, 1e-12);
  assert_close (c.std, sqrt (825), 1e-12);
  assert_close (c.median, 55, 1e-12);
  assert_close (c.q1, 32.5, 1e-12);
  assert_close (c.q3, 77.5, 1e-12);
  for (gsize i = 0; i < ASD_CALIBRATION_N_QUANTILES; i++)
    assert_close (c.quantiles[i], expected[i], 1e-12);
  fail_unless (asd_calibration_probabilities[0] == 0.01);

  fail_unless (asd_calibration_compute (&one, 1, &c, NULL));
  fail_unless (c.min == one && c.max == one && c.mean == one && c.std == 0);
  fail_unless (c.median == one && c.q1 == one && c.quantiles[8] == one);
}

GST_END_TEST;

GST_START_TEST (test_parse)
{
  static const char *bad[] = {
    "", "gamma", "gamma:", "gamma:x", "gamma:0", "gamma:1", "gamma:-0.5",
    "gamma:1.5", "gamma:0.9 ", "gamma: 0.9", "gamma:nan", "gamma:0,9",
    "Gamma:0.9", "0.9", "quantile:1.01", "quantile:-0.1", "quantile:inf",
    "mean-std:-1", "mean-std:1001", "mean-std:3x", "mean:3",
  };
  AsdThresholdRule rule;
  GError *error = NULL;

  fail_unless (asd_threshold_parse ("gamma:0.999", &rule, NULL));
  fail_unless (rule.method == ASD_THRESHOLD_GAMMA && rule.parameter == 0.999);
  fail_unless (asd_threshold_parse ("quantile:1", &rule, NULL));
  fail_unless (rule.method == ASD_THRESHOLD_QUANTILE && rule.parameter == 1);
  fail_unless (asd_threshold_parse ("quantile:.5", &rule, NULL));
  fail_unless (rule.parameter == 0.5);
  fail_unless (asd_threshold_parse ("mean-std:3", &rule, NULL));
  fail_unless (rule.method == ASD_THRESHOLD_MEAN_STD && rule.parameter == 3);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    fail_if (asd_threshold_parse (bad[i], &rule, &error), "%s", bad[i]);
    fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_FORMAT));
    fail_unless (strstr (error->message, "quantile:Q") != NULL);
    g_clear_error (&error);
  }
  fail_unless (rule.method == ASD_THRESHOLD_MEAN_STD && rule.parameter == 3);
}

GST_END_TEST;

static const AsdThresholdRule all_rules[] = {
  {ASD_THRESHOLD_GAMMA, 0.5}, {ASD_THRESHOLD_GAMMA, 0.999},
  {ASD_THRESHOLD_QUANTILE, 0}, {ASD_THRESHOLD_QUANTILE, 0.99},
  {ASD_THRESHOLD_MEAN_STD, 0}, {ASD_THRESHOLD_MEAN_STD, 3},
};

GST_START_TEST (test_threshold)
{
  const double x[] = { 4, 2, 8, 6 };
  const AsdThresholdRule half = { ASD_THRESHOLD_QUANTILE, 0.5 };
  const AsdThresholdRule largest = { ASD_THRESHOLD_QUANTILE, 1 };
  const AsdThresholdRule two = { ASD_THRESHOLD_MEAN_STD, 2 };
  double threshold;

  fail_unless (asd_threshold_compute (&half, x, 4, &threshold, NULL));
  assert_close (threshold, 5, 1e-12);
  fail_unless (asd_threshold_compute (&largest, x, 4, &threshold, NULL));
  fail_unless (threshold == 8);
  fail_unless (asd_threshold_compute (&two, x, 4, &threshold, NULL));
  assert_close (threshold, 5 + 2 * sqrt (5), 1e-12);
}

GST_END_TEST;

GST_START_TEST (test_equivariance)
{
  const double shifts[] = { 0, -1e4, 3e5, 0.1 };
  const double scales[] = { 1, 1e-12, 7, 1e100 };
  enum
  { N = 150 };

  for (int terms = 1; terms <= 3; terms++) {
    g_autofree double *x = make_sample (N, terms);

    for (gsize r = 0; r < G_N_ELEMENTS (all_rules); r++) {
      double plain, moved, y[N];

      fail_unless (asd_threshold_compute (&all_rules[r], x, N, &plain, NULL));
      for (gsize s = 0; s < G_N_ELEMENTS (shifts); s++) {
        for (gsize k = 0; k < G_N_ELEMENTS (scales); k++) {
          for (gsize i = 0; i < N; i++)
            y[i] = (x[i] + shifts[s]) * scales[k];
          fail_unless (asd_threshold_compute (&all_rules[r], y, N, &moved,
                  NULL));
          /* Shifted by 3e5, scores keep 11 digits of their differences; the
           * flat top of the likelihood costs two. */
          assert_close (moved / scales[k] - shifts[s], plain, 1e-8);
        }
      }
    }
  }
}

GST_END_TEST;

/* Nothing to estimate a spread from. */
GST_START_TEST (test_degenerate)
{
  const double same[] = { 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1 };
  const double two[] = { 5, 3 };
  const double nan[] = { 1, NAN, 3, 4 }, infinite[] = { 1, 2, INFINITY, 4 };
  const double large[] = { 1e308, -1e308, 1.5e308, -1.5e308 };
  GError *error = NULL;
  AsdCalibration c;
  AsdGamma gamma;
  double threshold;

  for (gsize r = 0; r < G_N_ELEMENTS (all_rules); r++) {
    const AsdThresholdRule *rule = &all_rules[r];

    for (gsize n = 1; n <= G_N_ELEMENTS (same); n++) {
      fail_unless (asd_threshold_compute (rule, same, n, &threshold, NULL));
      fail_unless (threshold == nextafter (0.1, 1));
    }
    fail_unless (asd_threshold_compute (rule, two, 2, &threshold, NULL));
    if (rule->method == ASD_THRESHOLD_GAMMA)
      fail_unless (threshold == nextafter (5, 6));

    fail_if (asd_threshold_compute (rule, nan, 4, &threshold, &error));
    fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA));
    fail_unless (strstr (error->message, "score 2 of 4") != NULL);
    g_clear_error (&error);
    fail_if (asd_threshold_compute (rule, infinite, 4, &threshold, &error));
    g_clear_error (&error);
    fail_if (asd_threshold_compute (rule, large, 4, &threshold, &error));
    fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA));
    g_clear_error (&error);
    fail_if (asd_threshold_compute (rule, same, 0, &threshold, &error));
    fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA));
    g_clear_error (&error);
  }
  fail_unless (asd_calibration_compute (same, 7, &c, NULL));
  fail_unless (c.mean == 0.1 && c.std == 0);
  fail_if (asd_gamma_fit (same, 7, &gamma, &error));
  fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA));
  g_clear_error (&error);
  fail_if (asd_gamma_fit (two, 2, &gamma, NULL));
  fail_if (asd_gamma_fit (nan, 4, &gamma, NULL));
}

GST_END_TEST;

static Suite *
calibration_suite (void)
{
  Suite *suite = suite_create ("calibration");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_gamma_fit);
  tcase_add_test (tc, test_gamma_quantile);
  tcase_add_test (tc, test_gamma_bounds);
  tcase_add_test (tc, test_gamma_rate);
  tcase_add_test (tc, test_calibration);
  tcase_add_test (tc, test_parse);
  tcase_add_test (tc, test_threshold);
  tcase_add_test (tc, test_equivariance);
  tcase_add_test (tc, test_degenerate);
  return suite;
}

GST_CHECK_MAIN (calibration);
