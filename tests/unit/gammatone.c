/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/gammatone.h>

#include "../asdtest.h"

GST_START_TEST (test_config)
{
  fail_unless (asd_gammatone_config_check (16000, 60, 125) == NULL);
  fail_unless (g_str_has_prefix (asd_gammatone_config_check (3999, 60, 125),
          "rate"));
  fail_unless (g_str_has_prefix (asd_gammatone_config_check (16000, 0, 125),
          "bands"));
  fail_unless (g_str_has_prefix (asd_gammatone_config_check (16000, 60, 8000),
          "low-frequency"));
  fail_unless (g_str_has_prefix (asd_gammatone_config_check (16000, 60, NAN),
          "low-frequency"));
}

GST_END_TEST;

/* The FFT size is the power of two that holds two windows, as in fft_gtgram. */
GST_START_TEST (test_rates)
{
  static const struct
  {
    guint rate;
    gsize nfft, hop;
  } cases[] = {
    {4000, 128, 10}, {8000, 256, 20}, {16000, 512, 40}, {44100, 1024, 110},
    {48000, 1024, 120}, {96000, 2048, 240}, {192000, 4096, 480}
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (AsdGammatone) gammatone =
        asd_gammatone_new (cases[i].rate, 23, 125);
    const gsize nfft = cases[i].nfft, hop = cases[i].hop;

    fail_unless_equals_int (asd_gammatone_get_nfft (gammatone), nfft);
    fail_unless_equals_int (asd_gammatone_get_hop (gammatone), hop);
    fail_unless_equals_int (asd_gammatone_get_n_columns (gammatone, 0), 0);
    fail_unless_equals_int (asd_gammatone_get_n_columns (gammatone, nfft - 1),
        0);
    fail_unless_equals_int (asd_gammatone_get_n_columns (gammatone,
            nfft + hop - 1), 1);
    fail_unless_equals_int (asd_gammatone_get_n_columns (gammatone,
            nfft + hop), 2);
  }
}

GST_END_TEST;

/* The textbook: a windowed DFT in double precision, bin by bin, at every rate
 * that has another FFT size. */
GST_START_TEST (test_definition)
{
  static const guint rates[] = { 4000, 8000, 16000, 44100, 48000, 192000 };
  const guint bands = 7;

  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autoptr (AsdGammatone) gammatone =
        asd_gammatone_new (rates[i], bands, 100);
    const gsize nfft = asd_gammatone_get_nfft (gammatone);
    const double *weights = asd_gammatone_get_weights (gammatone);
    const int half = (int) round (0.01 * rates[i]) / 2;
    g_autoptr (GRand) rand = g_rand_new_with_seed (i);
    g_autofree float *x = g_new (float, nfft + 1);
    float column[16], band[7];
    double expected[7] = { 0 };

    for (gsize j = 0; j <= nfft; j++)
      x[j] = g_rand_double_range (rand, -1, 1);
    for (gsize k = 0; k <= nfft / 2; k++) {
      double re = 0, im = 0;

      for (int j = -half; j <= half; j++) {
        double v = 0.5 * (1 + cos (G_PI * j / half)) * x[nfft / 2 + j];

        re += v * cos (2 * G_PI * j * k / nfft);
        im += v * sin (2 * G_PI * j * k / nfft);
      }
      for (guint b = 0; b < bands; b++)
        expected[b] += weights[b * (nfft / 2 + 1) + k] * hypot (re, im) / nfft;
    }
    fail_unless_equals_int (asd_gammatone_get_stride (gammatone), 16);
    asd_gammatone_process (gammatone, x, nfft + 1, 0, 1, column);
    memcpy (band, column, sizeof (band));
    asd_test_check_spectrum ("textbook", band, expected, bands);
    for (guint b = bands; b < 16; b++)
      fail_unless (column[b] == 0);
  }
}

GST_END_TEST;

/* Any stretches of columns give the same bytes, and nothing is written or read
 * beyond (the sanitizers see the latter). */
GST_START_TEST (test_stretches)
{
  enum
  { N = 512 + 70 * 40 + 8 };
  g_autoptr (AsdGammatone) gammatone = asd_gammatone_new (16000, 60, 125);
  const gsize stride = asd_gammatone_get_stride (gammatone);
  const gsize columns = asd_gammatone_get_n_columns (gammatone, N);
  g_autofree float *x = g_new (float, N);
  g_autofree float *whole = g_new (float, columns * stride);
  g_autofree float *part = g_new (float, (columns + 1) * stride);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  fail_unless_equals_int (columns, 71);
  for (gsize i = 0; i < N; i++)
    x[i] = g_rand_double_range (rand, -1, 1);
  asd_gammatone_process (gammatone, x, N, 0, columns, whole);
  for (gsize step = 1; step < columns; step += 6) {
    for (gsize t = 0; t < columns; t += step) {
      gsize count = MIN (step, columns - t);

      part[count * stride] = 42;
      asd_gammatone_process (gammatone, x, N, t, count, part);
      fail_unless (memcmp (part, whole + t * stride,
              count * stride * sizeof (float)) == 0);
      fail_unless (part[count * stride] == 42);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_golden_design)
{
  g_autoptr (AsdGammatone) gammatone = asd_gammatone_new (16000, 60, 125);
  gsize n;
  g_autofree double *frequencies =
      asd_test_load_doubles ("golden/gammatone/centre_freqs.npy", &n);
  g_autofree double *weights =
      asd_test_load_doubles ("golden/gammatone/weights.npy", NULL);
  const double *ours = asd_gammatone_get_weights (gammatone);

  /* Both are double precision: what differs is the order of operations. */
  fail_unless_equals_int (n, 60);
  fail_unless (asd_test_max_difference (frequencies,
          asd_gammatone_get_centre_frequencies (gammatone), 60) < 1e-9);
  for (gsize i = 0; i < 60 * 257; i++)
    fail_unless (fabs (ours[i] - weights[i]) <= 1e-9 * fabs (weights[i]),
        "weight %d: %g instead of %g", (int) i, ours[i], weights[i]);
}

GST_END_TEST;

static void
check_golden (const char *name)
{
  g_autofree char *in = g_strdup_printf ("golden/signals/%s.npy", name);
  g_autofree char *out = g_strdup_printf ("golden/gammatone/%s_gtgram.npy",
      name);
  g_autoptr (AsdNpy) signal = asd_test_load (in);
  g_autoptr (AsdGammatone) gammatone = asd_gammatone_new (16000, 60, 125);
  const gsize stride = asd_gammatone_get_stride (gammatone);
  const gsize columns = asd_gammatone_get_n_columns (gammatone,
      signal->n_elements);
  gsize n;
  g_autofree double *golden = asd_test_load_doubles (out, &n);
  g_autofree float *x = asd_npy_get_floats (signal);
  g_autofree float *ours = g_new (float, columns * stride);
  g_autofree float *transposed = g_new (float, n);

  fail_unless_equals_int (n, columns * 60);
  asd_gammatone_process (gammatone, x, signal->n_elements, 0, columns, ours);
  for (gsize t = 0; t < columns; t++)
    for (gsize b = 0; b < 60; b++)
      transposed[b * columns + t] = ours[t * stride + b];
  asd_test_check_spectrum (name, transposed, golden, n);
}

/* "exact" ends with the reference's column of zeros. */
GST_START_TEST (test_golden_columns)
{
  check_golden ("motor10");
  check_golden ("chirp_odd");
  check_golden ("exact");
  check_golden ("srmr_test");
}

GST_END_TEST;

static Suite *
gammatone_suite (void)
{
  Suite *suite = suite_create ("gammatone");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_config);
  tcase_add_test (tc, test_rates);
  tcase_add_test (tc, test_definition);
  tcase_add_test (tc, test_stretches);
  asd_test_add_golden (tc, test_golden_design);
  asd_test_add_golden (tc, test_golden_columns);
  return suite;
}

ASD_TEST_MAIN (gammatone);
