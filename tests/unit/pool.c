/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/pool.h>
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

#define DIM 3
#define N 4

/* The last dimension is a constant that a float does not hold exactly. */
static const float frames[N * DIM] = {
  1, -0.5, 0.1,
  3, 0.25, 0.1,
  8, 4, 0.1,
  2, -7, 0.1,
};

static void
check (AsdPoolMethod method, double r, const double *expected)
{
  g_autoptr (AsdPool) pool = asd_pool_new (method, r);
  const gsize n = asd_pool_get_n_out (pool) * DIM;
  float out[2 * DIM];

  asd_pool_process (pool, frames, N, DIM, out);
  /* One rounding to float. */
  for (gsize i = 0; i < n; i++)
    fail_unless (fabs (out[i] - expected[i]) <= 6e-8 * fabs (expected[i]),
        "method %d, %" G_GSIZE_FORMAT ": %.9g, not %.9g", method, i, out[i],
        expected[i]);
}

GST_START_TEST (test_methods)
{
  /* numpy's mean (0) and std (0). */
  const double mean_std[2 * DIM] = {
    3.5, -0.8125, 0.1f, 2.6925824035672519, 3.9582785083922531, 0
  };
  const double maximum[DIM] = { 8, 4, 0.1f };
  /* np.sort, then the weights 8, 4, 2, 1 of 15. */
  const double rank[DIM] = {
    (8 * 8 + 4 * 3 + 2 * 2 + 1) / 15.,
    (8 * 4 + 4 * 0.25 - 2 * 0.5 - 7) / 15., 0.1f
  };

  check (ASD_POOL_MEAN, 0.5, mean_std);
  check (ASD_POOL_STD, 0.5, mean_std + DIM);
  check (ASD_POOL_MEAN_STD, 0.5, mean_std);
  check (ASD_POOL_MAX, 0.5, maximum);
  check (ASD_POOL_GWRP, 0.5, rank);
  check (ASD_POOL_GWRP, 0, maximum);
  check (ASD_POOL_GWRP, 1, mean_std);
}

GST_END_TEST;

/* More frames, fewer and one, with the same pool. */
GST_START_TEST (test_lengths)
{
  const gsize lengths[] = { 10, 1000, 1, 10 };
  const double r = 0.9;
  g_autoptr (AsdPool) pool = asd_pool_new (ASD_POOL_GWRP, r);
  float ramp[1000], out;

  for (guint l = 0; l < G_N_ELEMENTS (lengths); l++) {
    const gsize n = lengths[l];
    double sum = 0, weight = 1, total = 0;

    /* 7 shares no factor with the lengths: a permutation of 1, ..., n. */
    for (gsize i = 0; i < n; i++)
      ramp[i] = i * 7 % n + 1;
    for (gsize k = 0; k < n; k++, total += weight, weight *= r)
      sum += weight * (n - k);
    asd_pool_process (pool, ramp, n, 1, &out);
    /* One rounding to float. */
    fail_unless (fabs (out - sum / total) <= 6e-8 * sum / total,
        "%" G_GSIZE_FORMAT ": %.9g, not %.9g", n, out, sum / total);
  }
}

GST_END_TEST;

/* Each method has its name where the enumeration says. */
GST_START_TEST (test_values)
{
  static const char *const nicks[] = {
    "mean", "max", "std", "mean-std", "gwrp"
  };
  const GEnumValue *values = asd_pool_method_values ();

  for (guint i = 0; i < G_N_ELEMENTS (nicks); i++) {
    fail_unless_equals_int (values[i].value, i);
    fail_unless_equals_string (values[i].value_nick, nicks[i]);
  }
  fail_unless (values[G_N_ELEMENTS (nicks)].value_name == NULL);
}

GST_END_TEST;

static Suite *
pool_suite (void)
{
  Suite *suite = suite_create ("pool");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_methods);
  tcase_add_test (tc, test_lengths);
  tcase_add_test (tc, test_values);
  return suite;
}

GST_CHECK_MAIN (pool);
