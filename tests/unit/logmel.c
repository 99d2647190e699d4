/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/logmel.h>

#include "../asdtest.h"

static AsdLogMelConfig
configure (AsdLogMelVariant variant, guint rate)
{
  AsdLogMelConfig config;

  asd_log_mel_config_init (&config, variant, rate);
  return config;
}

static void
check_refused (AsdLogMelConfig config, const char *problem)
{
  const char *said = asd_log_mel_config_check (&config);

  fail_unless (said != NULL && g_str_has_prefix (said, problem),
      "%s, expected %s", said, problem);
}

#define CHECK_REFUSED(variant, field, value, problem) G_STMT_START {          \
  AsdLogMelConfig config = configure (variant, 16000);                        \
  config.field = value;                                                       \
  check_refused (config, problem);                                            \
} G_STMT_END

GST_START_TEST (test_config)
{
  static const guint rates[] = { 8000, 11025, 16000, 22050, 44100, 48000 };

  for (gsize r = 0; r < G_N_ELEMENTS (rates); r++) {
    for (int v = ASD_LOG_MEL_PLAIN; v <= ASD_LOG_MEL_SPEECHPY_QUIRK; v++) {
      AsdLogMelConfig config = configure (v, rates[r]);
      const char *problem = asd_log_mel_config_check (&config);

      fail_unless (problem == NULL, "%s", problem);
    }
  }
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, rate, 0, "rate");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, rate, 192001, "rate");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, n_fft, 14, "n-fft");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, n_fft, 1023, "n-fft must be even");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, n_fft, 65538, "n-fft");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, hop, 0, "hop");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, hop, 65537, "hop");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, bands, 0, "bands must");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, bands, 513, "bands must");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, bands, 512, "bands are so many");
  CHECK_REFUSED (ASD_LOG_MEL_SPEECHPY_QUIRK, bands, 512, "bands are so many");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, low_frequency, -1, "low-frequency");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, low_frequency, 8000, "high-frequency");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, high_frequency, 8001, "high-frequency");
  CHECK_REFUSED (ASD_LOG_MEL_PLAIN, high_frequency, NAN, "high-frequency");
  CHECK_REFUSED (ASD_LOG_MEL_SPEECHPY_QUIRK, pad, ASD_PAD_ZERO, "pad must");
  check_refused (configure (ASD_LOG_MEL_SPEECHPY, 96000), "hop");
}

GST_END_TEST;

GST_START_TEST (test_n_frames)
{
  static const struct
  {
    AsdLogMelVariant variant;
    AsdPad pad;
    guint n_fft, hop;
    gsize n, n_frames;
  } cases[] = {
    {ASD_LOG_MEL_PLAIN, ASD_PAD_ZERO, 2048, 512, 0, 0},
    {ASD_LOG_MEL_PLAIN, ASD_PAD_ZERO, 2048, 512, 1, 1},
    {ASD_LOG_MEL_PLAIN, ASD_PAD_ZERO, 2048, 512, 511, 1},
    {ASD_LOG_MEL_PLAIN, ASD_PAD_ZERO, 2048, 512, 512, 2},
    {ASD_LOG_MEL_PLAIN, ASD_PAD_ZERO, 2048, 512, 160000, 313},
    {ASD_LOG_MEL_PLAIN, ASD_PAD_REFLECT, 2048, 512, 1024, 0},
    {ASD_LOG_MEL_PLAIN, ASD_PAD_REFLECT, 2048, 512, 1025, 3},
    {ASD_LOG_MEL_PLAIN, ASD_PAD_REFLECT, 2048, 512, 160000, 313},
    {ASD_LOG_MEL_PLAIN, ASD_PAD_NONE, 2048, 512, 2047, 0},
    {ASD_LOG_MEL_PLAIN, ASD_PAD_NONE, 2048, 512, 2048, 1},
    {ASD_LOG_MEL_PLAIN, ASD_PAD_NONE, 2048, 512, 160000, 309},
    {ASD_LOG_MEL_SPEECHPY, ASD_PAD_NONE, 16000, 12000, 15999, 0},
    {ASD_LOG_MEL_SPEECHPY, ASD_PAD_NONE, 16000, 12000, 16000, 1},
    {ASD_LOG_MEL_SPEECHPY, ASD_PAD_NONE, 16000, 12000, 160000, 13},
    {ASD_LOG_MEL_SPEECHPY_QUIRK, ASD_PAD_NONE, 2048, 12000, 15999, 0},
    {ASD_LOG_MEL_SPEECHPY_QUIRK, ASD_PAD_NONE, 2048, 12000, 27999, 0},
    {ASD_LOG_MEL_SPEECHPY_QUIRK, ASD_PAD_NONE, 2048, 12000, 28000, 1},
    {ASD_LOG_MEL_SPEECHPY_QUIRK, ASD_PAD_NONE, 2048, 12000, 160000, 12},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    AsdLogMelConfig config = configure (cases[i].variant, 16000);
    g_autoptr (AsdLogMel) log_mel = NULL;

    config.bands = 32;
    if (cases[i].variant == ASD_LOG_MEL_PLAIN) {
      config.n_fft = cases[i].n_fft;
      config.pad = cases[i].pad;
    }
    /* The variants' own values. */
    fail_unless (config.n_fft == cases[i].n_fft && config.hop == cases[i].hop
        && config.pad == cases[i].pad);
    log_mel = asd_log_mel_new (&config);
    fail_unless (asd_log_mel_get_n_frames (log_mel, cases[i].n)
        == cases[i].n_frames, "case %d", (int) i);
    fail_unless_equals_int (asd_log_mel_get_frame_length (log_mel),
        cases[i].variant == ASD_LOG_MEL_PLAIN ? 2048 : 16000);
  }
}

GST_END_TEST;

/* Mel energies by the definition of the DFT, in double; the filters are tested
 * on their own. */
static void
naive_energies (const AsdLogMelConfig * config, const double *frame,
    double *energies)
{
  const AsdMelConfig mel_config = {
    config->rate, config->n_fft, config->bands, config->low_frequency,
    config->rate / 2.0, config->scale, config->norm
  };
  const guint n = config->n_fft, n_bins = n / 2 + 1;
  g_autoptr (AsdMel) mel = asd_mel_new (&mel_config);
  g_autofree double *weights = g_new (double, config->bands * n_bins);

  asd_mel_get_weights (mel, weights);
  memset (energies, 0, config->bands * sizeof (double));
  for (guint k = 0; k < n_bins; k++) {
    double re = 0, im = 0;

    for (guint i = 0; i < n; i++) {
      double x = frame[i] * (0.5 - 0.5 * cos (2 * G_PI * i / n));

      re += x * cos (2 * G_PI * (i * k % n) / n);
      im -= x * sin (2 * G_PI * (i * k % n) / n);
    }
    for (guint b = 0; b < config->bands; b++)
      energies[b] += weights[b * n_bins + k] * (re * re + im * im);
  }
}

/* The sample at an index of the padded clip. */
static double
naive_sample (const float *x, int n, int i, AsdPad pad)
{
  if (pad == ASD_PAD_REFLECT) {
    if (i < 0)
      i = -i;
    if (i > n - 1)
      i = 2 * (n - 1) - i;
  }
  return i < 0 || i > n - 1 ? 0 : x[i];
}

/* Sizes that are no power of two, odd hops, each padding, each scale and norm,
 * clips that are shorter than a frame, all against the definition. */
GST_START_TEST (test_definition)
{
  static const struct
  {
    guint n_fft, hop, bands;
    AsdPad pad;
    AsdMelScale scale;
    AsdMelNorm norm;
    int n;
  } cases[] = {
    {90, 33, 8, ASD_PAD_ZERO, ASD_MEL_SCALE_SLANEY, ASD_MEL_NORM_SLANEY, 500},
    {90, 33, 8, ASD_PAD_REFLECT, ASD_MEL_SCALE_SLANEY, ASD_MEL_NORM_NONE, 500},
    {90, 33, 8, ASD_PAD_NONE, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_SLANEY, 500},
    {128, 1, 12, ASD_PAD_REFLECT, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE, 300},
    {90, 33, 8, ASD_PAD_ZERO, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE, 20},
    {90, 7, 8, ASD_PAD_REFLECT, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE, 46},
    {90, 200, 8, ASD_PAD_REFLECT, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE, 500},
    {94, 95, 8, ASD_PAD_ZERO, ASD_MEL_SCALE_HTK, ASD_MEL_NORM_NONE, 189},
  };
  AsdLogMelConfig config = configure (ASD_LOG_MEL_PLAIN, 16000);
  const int n = cases[__i__].n, n_fft = config.n_fft = cases[__i__].n_fft;
  g_autoptr (GRand) rand = g_rand_new_with_seed (__i__);
  g_autofree float *x = g_new (float, n);
  g_autofree float *frames = NULL;
  g_autofree double *frame = g_new (double, n_fft);
  g_autoptr (AsdLogMel) log_mel = NULL;
  double energies[12];
  gsize n_frames;

  config.hop = cases[__i__].hop;
  config.bands = cases[__i__].bands;
  config.pad = cases[__i__].pad;
  config.scale = cases[__i__].scale;
  config.norm = cases[__i__].norm;
  log_mel = asd_log_mel_new (&config);
  n_frames = asd_log_mel_get_n_frames (log_mel, n);
  fail_unless (n_frames > 0);
  frames = g_new (float, n_frames * config.bands);
  for (int i = 0; i < n; i++)
    x[i] = g_rand_double_range (rand, -1, 1);
  asd_log_mel_process (log_mel, x, n, frames);
  for (gsize t = 0; t < n_frames; t++) {
    int start = t * config.hop - (config.pad == ASD_PAD_NONE ? 0 : n_fft / 2);

    for (int i = 0; i < n_fft; i++)
      frame[i] = naive_sample (x, n, start + i, config.pad);
    naive_energies (&config, frame, energies);
    for (guint b = 0; b < config.bands; b++) {
      double expected = 10 * log10 (energies[b] + ASD_LOG_MEL_FLOOR);

      /* Float arithmetic, 1e-7 of a frame's largest bin, and no band of noise
       * is far below: well within the 1e-3 dB of golden/README.md. */
      fail_unless (fabs (frames[t * config.bands + b] - expected) < 1e-4,
          "frame %d, band %u: %g, not %g", (int) t, b,
          frames[t * config.bands + b], expected);
    }
  }
}

GST_END_TEST;

/* Silence is the floor, and so are samples whose squares are below the smallest
 * float; squares beyond the largest stay finite. */
GST_START_TEST (test_extremes)
{
  const AsdLogMelVariant variant = __i__;
  const double floor = variant == ASD_LOG_MEL_PLAIN ?
      10 * log10 (ASD_LOG_MEL_FLOOR) : log (ASD_LOG_MEL_FLOOR);
  const AsdLogMelConfig config = configure (variant, 16000);
  g_autoptr (AsdLogMel) log_mel = asd_log_mel_new (&config);
  const gsize n = 40000, n_values =
      asd_log_mel_get_n_frames (log_mel, n) * config.bands;
  g_autofree float *x = g_new0 (float, n);
  g_autofree float *frames = g_new (float, n_values);

  fail_unless (n_values > 0);
  asd_log_mel_process (log_mel, x, n, frames);
  for (gsize i = 0; i < n_values; i++)
    fail_unless (fabs (frames[i] - floor) < 1e-4, "%g", frames[i]);
  for (gsize i = 0; i < n; i++)
    x[i] = i % 7 < 3 ? G_MINFLOAT / 4 : 0;
  asd_log_mel_process (log_mel, x, n, frames);
  for (gsize i = 0; i < n_values; i++)
    fail_unless (fabs (frames[i] - floor) < 1e-4, "%g", frames[i]);
  for (gsize i = 0; i < n; i++)
    x[i] = i % 7 < 3 ? G_MAXFLOAT : -G_MAXFLOAT;
  asd_log_mel_process (log_mel, x, n, frames);
  for (gsize i = 0; i < n_values; i++)
    fail_unless (isfinite (frames[i]));
}

GST_END_TEST;

/* At every rate a tone is loudest in the band of its frequency; with speechpy's
 * quirk in the band of twice its frequency. */
GST_START_TEST (test_rates)
{
  static const guint rates[] = { 8000, 11025, 16000, 22050, 44100, 48000 };
  enum
  { BANDS = 40, BAND = 20 };

  for (gsize r = 0; r < G_N_ELEMENTS (rates); r++) {
    for (int v = ASD_LOG_MEL_PLAIN; v <= ASD_LOG_MEL_SPEECHPY_QUIRK; v++) {
      AsdLogMelConfig config = configure (v, rates[r]);
      const gsize n = 2 * rates[r];
      g_autofree float *x = g_new (float, n);
      g_autofree float *frames = NULL;
      g_autoptr (AsdLogMel) log_mel = NULL;
      double low, high, centre;
      gsize n_frames;

      config.bands = BANDS;
      config.scale = ASD_MEL_SCALE_HTK;
      log_mel = asd_log_mel_new (&config);
      n_frames = asd_log_mel_get_n_frames (log_mel, n);
      fail_unless (n_frames > 0);
      frames = g_new (float, n_frames * BANDS);
      low = log (1 + config.low_frequency / 700);
      high = log (1 + rates[r] / 2.0 / 700);
      centre = 700 * expm1 (low + (high - low) * (BAND + 1) / (BANDS + 1));
      if (v == ASD_LOG_MEL_SPEECHPY_QUIRK)
        centre /= 2;
      for (gsize i = 0; i < n; i++)
        x[i] = 0.1 * sin (2 * G_PI * centre * i / rates[r]);
      asd_log_mel_process (log_mel, x, n, frames);
      for (gsize t = 0; t < n_frames; t++)
        for (gsize b = 0; b < BANDS; b++)
          fail_unless (b == BAND || frames[t * BANDS + b]
              < frames[t * BANDS + BAND], "%u Hz, variant %d: band %d",
              rates[r], v, (int) b);
    }
  }
}

GST_END_TEST;

/* golden/README.md: 1e-3 dB. The golden lmfe were computed in double; with float
 * spectra they come within 5e-6. */
static void
check_golden (const char *name, const char *suffix, AsdLogMelConfig config,
    gboolean transposed, double tolerance)
{
  g_autofree char *signal = g_strdup_printf ("golden/signals/%s.npy", name);
  g_autofree char *path = g_strdup_printf ("golden/peerB_features/%s_%s.npy",
      name, suffix);
  g_autoptr (AsdNpy) npy = asd_test_load (signal);
  g_autofree float *x = asd_npy_get_floats (npy);
  g_autoptr (AsdLogMel) log_mel = asd_log_mel_new (&config);
  const gsize bands = config.bands;
  const gsize n_frames = asd_log_mel_get_n_frames (log_mel, npy->n_elements);
  g_autofree float *frames = g_new (float, n_frames * bands);
  gsize n_golden;
  g_autofree double *golden = asd_test_load_doubles (path, &n_golden);
  double difference = 0;

  fail_unless_equals_int (n_golden, n_frames * bands);
  asd_log_mel_process (log_mel, x, npy->n_elements, frames);
  for (gsize t = 0; t < n_frames; t++) {
    for (gsize b = 0; b < bands; b++) {
      double expected = golden[transposed ? b * n_frames + t : t * bands + b];

      fail_unless (isfinite (frames[t * bands + b]));
      difference = MAX (difference, fabs (frames[t * bands + b] - expected));
    }
  }
  GST_INFO ("%s: %g", path, difference);
  fail_unless (difference < tolerance, "%s: %g", path, difference);

  /* The same again: nothing stays behind. */
  {
    g_autofree float *again = g_new (float, n_frames * bands);

    asd_log_mel_process (log_mel, x, npy->n_elements, again);
    fail_unless (memcmp (frames, again, n_frames * bands * sizeof (float))
        == 0);
  }
}

GST_START_TEST (test_golden)
{
  static const char *names[] = { "motor10", "chirp_odd" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    AsdLogMelConfig config = configure (ASD_LOG_MEL_PLAIN, 16000);

    check_golden (names[i], "logmel128", config, TRUE, 1e-3);
    config.bands = 64;
    config.n_fft = 2048;
    check_golden (names[i], "logmel64", config, TRUE, 1e-3);
    check_golden (names[i], "sp_lmfe", configure (ASD_LOG_MEL_SPEECHPY_QUIRK,
            16000), FALSE, 1e-5);
  }
}

GST_END_TEST;

static Suite *
log_mel_suite (void)
{
  Suite *suite = suite_create ("logmel");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_config);
  tcase_add_test (tc, test_n_frames);
  tcase_add_loop_test (tc, test_definition, 0, 8);
  tcase_add_loop_test (tc, test_extremes, 0, 3);
  tcase_add_test (tc, test_rates);
  asd_test_add_golden (tc, test_golden);
  return suite;
}

ASD_TEST_MAIN (log_mel);
