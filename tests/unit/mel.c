/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/mel.h>

#include "../asdtest.h"

/* The bank of golden mfcc42. */
static const AsdMelConfig report = {
  16000, 512, 26, 0, 8000, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE
};

static void
check_refused (AsdMelConfig config, const char *property)
{
  const char *problem = asd_mel_config_check (&config);

  fail_unless (problem != NULL && g_str_has_prefix (problem, property),
      "%s, expected %s", problem, property);
}

GST_START_TEST (test_config)
{
  AsdMelConfig widest = { 192000, 65536, 512, 0, 96000, 0, 0 };

  fail_unless (asd_mel_config_check (&report) == NULL);
  fail_unless (asd_mel_config_check (&widest) == NULL);
  check_refused ((AsdMelConfig) {
      0, 512, 26, 0, 8000}, "rate");
  check_refused ((AsdMelConfig) {
      16000, 0, 26, 0, 8000}, "n-fft");
  check_refused ((AsdMelConfig) {
      16000, 511, 26, 0, 8000}, "n-fft");
  check_refused ((AsdMelConfig) {
      16000, 512, 0, 0, 8000}, "bands");
  check_refused ((AsdMelConfig) {
      16000, 512, 26, -1, 8000}, "low-frequency");
  check_refused ((AsdMelConfig) {
      16000, 512, 26, NAN, 8000}, "low-frequency");
  check_refused ((AsdMelConfig) {
      16000, 512, 26, 8000, 8000}, "high-frequency");
  check_refused ((AsdMelConfig) {
      16000, 512, 26, 0, 8001}, "high-frequency");
  check_refused ((AsdMelConfig) {
      16000, 512, 26, 0, NAN}, "high-frequency");
  /* A band between two bins would be a constant. */
  check_refused ((AsdMelConfig) {
      16000, 512, 128, 0, 8000}, "bands are so many");
}

GST_END_TEST;

/* Numbers of the two definitions: librosa.hz_to_mel (f, htk=...). The texts give
 * four decimals. */
GST_START_TEST (test_scale)
{
  static const double hz[] = { 0, 500, 1000, 8000 };
  static const double htk[] = { 0, 607.4459, 999.9855, 2840.0230 };
  static const double slaney[] = { 0, 7.5, 15, 45.2456 };

  for (gsize i = 0; i < G_N_ELEMENTS (hz); i++) {
    fail_unless (fabs (asd_mel_from_hz (ASD_MEL_SCALE_HTK, hz[i]) - htk[i])
        < 1e-4);
    fail_unless (fabs (asd_mel_from_hz (ASD_MEL_SCALE_SLANEY, hz[i])
            - slaney[i]) < 1e-4);
  }
}

GST_END_TEST;

/* Between the first and the last peak, neighbouring triangles of height 1 add
 * up to 1, whatever the scale, rate and size; process() applies the weights. */
GST_START_TEST (test_weights)
{
  static const AsdMelConfig cases[] = {
    {16000, 512, 26, 0, 8000, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE},
    {16000, 2048, 64, 0, 8000, ASD_MEL_SCALE_SLANEY, ASD_MEL_NORM_NONE},
    {8000, 256, 20, 100, 3500, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE},
    {44100, 1000, 30, 0, 22050, ASD_MEL_SCALE_SLANEY, ASD_MEL_NORM_NONE},
    {48000, 16, 1, 0, 24000, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE},
  };

  for (gsize c = 0; c < G_N_ELEMENTS (cases); c++) {
    const gsize bands = cases[c].bands, bins = cases[c].n_fft / 2 + 1;
    g_autoptr (AsdMel) mel = asd_mel_new (&cases[c]);
    g_autofree double *weights = g_new (double, bands * bins);
    g_autofree double *energies = g_new (double, bands);
    g_autofree float *spectrum = g_new (float, bins);
    g_autoptr (GRand) rand = g_rand_new_with_seed (1);
    gsize first_peak = 0, last_peak = 0;

    asd_mel_get_weights (mel, weights);
    for (gsize k = 0; k < bins; k++) {
      spectrum[k] = g_rand_double (rand);
      if (weights[k] > weights[first_peak])
        first_peak = k;
      if (weights[(bands - 1) * bins + k] > weights[(bands - 1) * bins
              + last_peak])
        last_peak = k;
    }
    for (gsize k = first_peak + 1; k < last_peak; k++) {
      double sum = 0;

      for (gsize b = 0; b < bands; b++)
        sum += weights[b * bins + k];
      /* Weights are floats. */
      fail_unless (fabs (sum - 1) < 1e-6, "%g at bin %d", sum, (int) k);
    }

    asd_mel_process (mel, spectrum, energies);
    for (gsize b = 0; b < bands; b++) {
      double sum = 0;

      for (gsize k = 0; k < bins; k++)
        sum += weights[b * bins + k] * spectrum[k];
      /* The same products in another order. */
      fail_unless (sum > 0 && fabs (energies[b] / sum - 1) < 1e-12);
    }
  }
}

GST_END_TEST;

/* On a grid: ends and peaks on bins, which may coincide; what lies between two
 * bins of it is refused. */
GST_START_TEST (test_grid)
{
  AsdMelConfig config = {
    16000, 64, 8, 0, 8000, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE, 65
  };
  enum
  { BINS = 33 };
  /* floor (65 hz / 16000) of the ten ends and peaks */
  static const int points[] = { 0, 0, 2, 3, 5, 8, 12, 17, 23, 32 };
  g_autoptr (AsdMel) mel = asd_mel_new (&config);
  double weights[8 * BINS];

  asd_mel_get_weights (mel, weights);
  for (int b = 0; b < 8; b++) {
    const int left = points[b], peak = points[b + 1], right = points[b + 2];

    for (int k = 0; k < BINS; k++) {
      double expected = 0;

      if (k == peak)
        expected = 1;
      else if (k > left && k < peak)
        expected = (k - left) / (double) (peak - left);
      else if (k > peak && k < right)
        expected = (right - k) / (double) (right - peak);
      fail_unless (fabs (weights[b * BINS + k] - expected) < 1e-7,
          "band %d, bin %d: %g, not %g", b, k, weights[b * BINS + k], expected);
    }
  }
  config.bands = 20;
  check_refused (config, "bands are so many");
  config.bands = 8;
  config.grid = 66;
  check_refused (config, "grid");
}

GST_END_TEST;

/* Powers of a frame of length samples in a transform of n, by definition. */
static void
naive_powers (const double *x, guint length, guint n, float *powers)
{
  for (guint k = 0; k <= n / 2; k++) {
    double re = 0, im = 0;

    for (guint i = 0; i < length; i++) {
      re += x[i] * cos (2 * G_PI * (i * k % n) / n);
      im += x[i] * sin (2 * G_PI * (i * k % n) / n);
    }
    powers[k] = re * re + im * im;
  }
}

/* The smaller transform gives the same energies: of noise, and of tones
 * beside bands that hold no more than the window leaks. */
GST_START_TEST (test_for_length)
{
  static const struct
  {
    guint length, n_fft, size;
    AsdMelScale scale;
    AsdMelNorm norm;
  } cases[] = {
    {100, 1000, 256, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE},
    {113, 512, 256, ASD_MEL_SCALE_SLANEY, ASD_MEL_NORM_SLANEY},
    {81, 3002, 256, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE},
    /* too long for half the size */
    {114, 512, 512, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE},
    {512, 512, 512, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE},
  };
  enum
  { BANDS = 24 };
  const guint length = cases[__i__].length, n_fft = cases[__i__].n_fft;
  const AsdMelConfig config = {
    16000, n_fft, BANDS, 0, 8000, cases[__i__].scale, cases[__i__].norm
  };
  guint size;
  g_autoptr (AsdMel) exact = asd_mel_new (&config);
  g_autoptr (AsdMel) mel = asd_mel_new_for_length (&config, length, &size);
  g_autofree double *x = g_new (double, length);
  g_autofree float *powers = g_new (float, n_fft / 2 + 1);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  double expected[BANDS], energies[BANDS], peak;

  fail_unless_equals_int (size, cases[__i__].size);
  for (guint tone = 0; tone < 12; tone++) {
    for (guint i = 0; i < length; i++)
      x[i] = (0.5 - 0.5 * cos (2 * G_PI * i / length)) * (tone == 0 ?
          g_rand_double_range (rand, -1, 1) : cos (0.26 * tone * i));
    naive_powers (x, length, n_fft, powers);
    asd_mel_process (exact, powers, expected);
    naive_powers (x, length, size, powers);
    asd_mel_process (mel, powers, energies);
    /* Powers are floats, and the header grants 1e-8 of the largest. */
    peak = asd_test_peak (expected, BANDS);
    for (guint b = 0; b < BANDS; b++)
      fail_unless (fabs (energies[b] - expected[b])
          < 1e-6 * expected[b] + 1e-8 * peak, "tone %u, band %u: %g, not %g",
          tone, b, energies[b], expected[b]);
  }
}

GST_END_TEST;

static void
check_golden (const AsdMelConfig * config, const char *path, double tolerance)
{
  gsize n;
  g_autofree double *golden = asd_test_load_doubles (path, &n);
  g_autofree double *weights = g_new (double, n);
  g_autoptr (AsdMel) mel = asd_mel_new (config);
  double difference;

  fail_unless_equals_int (n, config->bands * (config->n_fft / 2 + 1));
  asd_mel_get_weights (mel, weights);
  difference = asd_test_max_difference (weights, golden, n)
      / asd_test_peak (golden, n);
  GST_INFO ("%s: %g of the peak", path, difference);
  fail_unless (difference < tolerance, "%s: %g", path, difference);
}

/* Float weights: 2^-24 = 6e-8 of the peak. librosa's own are float32 too, so
 * the two may round differently: twice that. */
GST_START_TEST (test_golden)
{
  const AsdMelConfig mel64 = {
    16000, 2048, 64, 0, 8000, ASD_MEL_SCALE_SLANEY, ASD_MEL_NORM_SLANEY
  };
  const AsdMelConfig mel128 = {
    16000, 1024, 128, 0, 8000, ASD_MEL_SCALE_SLANEY, ASD_MEL_NORM_SLANEY
  };

  check_golden (&report, "golden/mfcc42/mel_fb.npy", 6e-8);
  check_golden (&mel64, "golden/peerB_features/melfb_64_2048.npy", 1.2e-7);
  check_golden (&mel128, "golden/peerB_features/melfb_128_1024.npy", 1.2e-7);
}

GST_END_TEST;

static Suite *
mel_suite (void)
{
  Suite *suite = suite_create ("mel");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_config);
  tcase_add_test (tc, test_scale);
  tcase_add_test (tc, test_weights);
  tcase_add_test (tc, test_grid);
  tcase_add_loop_test (tc, test_for_length, 0, 5);
  asd_test_add_golden (tc, test_golden);
  return suite;
}

ASD_TEST_MAIN (mel);
