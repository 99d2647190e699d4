/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/modspec.h>
#include <asd/noisegate.h>

#include "../asdtest.h"

#define VALUES (60 * ASD_MODSPEC_MODULATION_BANDS)

static const AsdModspecConfig defaults = ASD_MODSPEC_CONFIG_INIT;

static void
check_refused (AsdModspecConfig config, const char *property)
{
  const char *problem = asd_modspec_config_check (&config);

  fail_unless (problem != NULL && g_str_has_prefix (problem, property),
      "%s, expected %s", problem, property);
}

GST_START_TEST (test_config)
{
  fail_unless (asd_modspec_config_check (&defaults) == NULL);
  check_refused ((AsdModspecConfig) {
      0, 60, 125, 4, 128}, "rate");
  check_refused ((AsdModspecConfig) {
      16000, 257, 125, 4, 128}, "bands");
  check_refused ((AsdModspecConfig) {
      16000, 60, -1, 4, 128}, "low-frequency");
  check_refused ((AsdModspecConfig) {
      16000, 60, 125, 0, 128}, "modulation-low");
  check_refused ((AsdModspecConfig) {
      16000, 60, 125, 4, 4}, "modulation-high");
  check_refused ((AsdModspecConfig) {
      16000, 60, 125, 4, 200}, "modulation-high");
  check_refused ((AsdModspecConfig) {
      16000, 60, 125, 4, NAN}, "modulation-high");
}

GST_END_TEST;

GST_START_TEST (test_short)
{
  g_autoptr (AsdModspec) modspec = asd_modspec_new (&defaults);
  float x[4592] = { 1 }, energies[VALUES] = { 42 };

  fail_unless_equals_int (asd_modspec_get_min_samples (modspec), 4592);
  fail_unless_equals_int (asd_modspec_get_n_frames (modspec, 4591), 0);
  fail_unless_equals_int (asd_modspec_get_n_frames (modspec, 4592), 1);
  fail_unless_equals_int (asd_modspec_get_n_frames (modspec, 160000), 150);
  fail_if (asd_modspec_process (modspec, x, 0, energies));
  fail_if (asd_modspec_process (modspec, x, 1, energies));
  fail_if (asd_modspec_process (modspec, x, 10, energies));
  fail_if (asd_modspec_process (modspec, x, 4591, energies));
  fail_if (asd_modspec_process_frames (modspec, x, 4591, energies));
  fail_unless (energies[0] == 42);
  fail_unless (asd_modspec_process (modspec, x, 4592, energies));
  fail_unless (asd_modspec_process_frames (modspec, x, 4592, energies));
}

GST_END_TEST;

/* An amplitude-modulated tone must peak in the bands of its carrier and of its
 * modulation, at every rate; an impulse reaches all of them; silence none. */
GST_START_TEST (test_rates)
{
  static const guint rates[] = { 8000, 16000, 44100, 48000 };

  for (gsize r = 0; r < G_N_ELEMENTS (rates); r++) {
    AsdModspecConfig config = ASD_MODSPEC_CONFIG_INIT;
    g_autoptr (AsdModspec) modspec = NULL;
    const gsize n = rates[r];
    g_autofree float *x = g_new0 (float, n);
    float energies[VALUES];
    gsize best = 0;

    config.rate = rates[r];
    modspec = asd_modspec_new (&config);
    fail_unless (asd_modspec_process (modspec, x, n, energies));
    for (gsize i = 0; i < VALUES; i++)
      fail_unless (energies[i] == 0);

    x[n / 2] = 1;
    fail_unless (asd_modspec_process (modspec, x, n, energies));
    for (gsize i = 0; i < VALUES; i++)
      fail_unless (energies[i] > 0 && isfinite (energies[i]));

    for (gsize i = 0; i < n; i++) {
      double t = (double) i / rates[r];

      x[i] = sin (2 * G_PI * 1000 * t) * (1 + sin (2 * G_PI * 28.98 * t));
    }
    fail_unless (asd_modspec_process (modspec, x, n, energies));
    for (gsize i = 1; i < VALUES; i++)
      if (energies[i] > energies[best])
        best = i;
    /* 28.98 Hz is the centre of modulation band 4. The band whose carrier is
     * nearest to 1 kHz follows from the ERB scale up to half the rate. */
    double b = 9.26449 * 24.7;
    double nearest = 60 * (1 - log ((rates[r] / 2.0 + b) / (1000 + b))
        / log ((rates[r] / 2.0 + b) / (125 + b)));

    fail_unless_equals_int (best % 8, 4);
    fail_unless (fabs (best / 8 - nearest) <= 1, "band %d, expected %g",
        (int) best / 8, nearest);
  }
}

GST_END_TEST;

/* The same samples give the same bytes after other clips. */
GST_START_TEST (test_history)
{
  enum
  { N = 50000 };
  g_autoptr (AsdModspec) modspec = asd_modspec_new (&defaults);
  g_autofree float *x = g_new (float, N);
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  float first[VALUES], again[VALUES];

  for (gsize i = 0; i < N; i++)
    x[i] = g_rand_double_range (rand, -1, 1);
  asd_modspec_process (modspec, x, 30000, first);
  asd_modspec_process (modspec, x, N, again);
  fail_unless (memcmp (first, again, sizeof (first)) != 0);
  asd_modspec_process (modspec, x, 5000, again);
  asd_modspec_process (modspec, x, 30000, again);
  fail_unless (memcmp (first, again, sizeof (first)) == 0);
}

GST_END_TEST;

#if defined (__x86_64__) || defined (__aarch64__)
/* Filters that ring into silence would reach denormal numbers, a hundred times
 * slower on some processors: they count as zero inside, and only there. */
GST_START_TEST (test_denormals)
{
  g_autoptr (AsdModspec) modspec = asd_modspec_new (&defaults);
  volatile float tiny = G_MINFLOAT;
  float x[8000] = { 0 }, energies[VALUES], loudest = 0;

  /* Energies near 1e-8 for 1, so near 1e-40 for 1e-16. */
  x[4000] = 1;
  asd_modspec_process (modspec, x, 8000, energies);
  for (gsize i = 0; i < VALUES; i++)
    loudest = MAX (loudest, energies[i]);
  x[4000] = sqrt (1e-40 / loudest);
  asd_modspec_process (modspec, x, 8000, energies);
  for (gsize i = 0; i < VALUES; i++)
    fail_unless (energies[i] == 0);
  tiny /= 2;
  fail_unless (tiny > 0);
}

GST_END_TEST;
#endif

static AsdNpy *
load_signal (const char *name)
{
  g_autofree char *path = g_strdup_printf ("golden/signals/%s.npy", name);

  return asd_test_load (path);
}

static void
check_golden (const char *name, const char *suffix, const float *ours, gsize n)
{
  g_autofree char *path = g_strdup_printf ("golden/modspec/%s_%s.npy", name,
      suffix);
  gsize n_golden;
  g_autofree double *golden = asd_test_load_doubles (path, &n_golden);

  fail_unless_equals_int (n, n_golden);
  asd_test_check_spectrum (path, ours, golden, n);
}

GST_START_TEST (test_golden_filters)
{
  g_autoptr (AsdModspec) modspec = asd_modspec_new (&defaults);
  g_autofree double *frequencies =
      asd_test_load_doubles ("golden/modspec/mod_cfs.npy", NULL);

  fail_unless (asd_test_max_difference (frequencies,
          asd_modspec_get_modulation_frequencies (modspec), 8) < 1e-9);
}

GST_END_TEST;

GST_START_TEST (test_golden_energies)
{
  static const char *names[] = { "motor10", "chirp_odd", "exact", "srmr_test" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (AsdModspec) modspec = asd_modspec_new (&defaults);
    g_autoptr (AsdNpy) signal = load_signal (names[i]);
    const gsize n_frames = asd_modspec_get_n_frames (modspec,
        signal->n_elements);
    g_autofree float *x = asd_npy_get_floats (signal);
    g_autofree float *frames = g_new (float, n_frames * VALUES);
    g_autofree float *transposed = g_new (float, n_frames * VALUES);
    float mean[VALUES];

    asd_modspec_process_frames (modspec, x, signal->n_elements, frames);
    for (gsize f = 0; f < n_frames; f++)
      for (gsize v = 0; v < VALUES; v++)
        transposed[v * n_frames + f] = frames[f * VALUES + v];
    check_golden (names[i], "energy", transposed, n_frames * VALUES);

    asd_modspec_process (modspec, x, signal->n_elements, mean);
    check_golden (names[i], "mean", mean, VALUES);
  }
}

GST_END_TEST;

/* The whole chain: noise profile, gate, features. */
GST_START_TEST (test_golden_gated)
{
  static const struct
  {
    const char *name;
    gsize noise_samples;
  } cases[] = {
    {"motor10", 160000}, {"chirp_odd", 32000}, {"exact", 16000}
  };
  g_autoptr (AsdNpy) noise = load_signal ("noise_motor");
  g_autofree float *clip = asd_npy_get_floats (noise);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (AsdNpy) signal = load_signal (cases[i].name);
    g_autofree float *x = asd_npy_get_floats (signal);
    g_autoptr (AsdModspec) modspec = asd_modspec_new (&defaults);
    g_autoptr (AsdNoiseGate) gate = NULL;
    double threshold[ASD_NOISE_GATE_BINS];
    float mean[VALUES];

    fail_unless (asd_noise_profile (clip, cases[i].noise_samples, threshold,
            NULL));
    gate = asd_noise_gate_new (threshold, 1);
    asd_noise_gate_process (gate, x, signal->n_elements, x);
    asd_modspec_process (modspec, x, signal->n_elements, mean);
    check_golden (cases[i].name, "gated_mean", mean, VALUES);
  }
}

GST_END_TEST;

/* The speech-to-reverberation ratio of SRMRpy from the mean energies: the four
 * slowest modulation bands over those above, up to the band that the bandwidth
 * of 90 % of the energy reaches. */
static double
srmr (const AsdModspec * modspec, const double *energies, guint bands)
{
  const double *frequencies = asd_modspec_get_modulation_frequencies (modspec);
  const double b = 9.26449 * 24.7, low = 125, high = 8000;
  double total = 0, part = 0, slow = 0, fast = 0, bandwidth = 0;
  guint last = 5, i, k;

  for (i = 0; i < bands * 8; i++)
    total += energies[i];
  for (i = 0; i < bands && part <= 0.9 * total; i++) {
    for (k = 0; k < 8; k++)
      part += energies[i * 8 + k];
    /* Ascending frequency; SRMRpy's ERB uses 9.265 as quality. */
    bandwidth = (-b + exp ((double) (bands - i) / bands * log ((low + b)
                / (high + b))) * (high + b)) / 9.265 + 24.7;
  }
  for (k = 5; k < 8; k++)
    if (bandwidth > frequencies[k] - tan (G_PI * frequencies[k] / 400) / 2
        * 400 / (2 * G_PI))
      last = k + 1;
  for (i = 0; i < bands; i++) {
    for (k = 0; k < 4; k++)
      slow += energies[i * 8 + k];
    for (k = 4; k < last; k++)
      fast += energies[i * 8 + k];
  }
  return slow / fast;
}

/* SRMRpy's normalisation: 30 dB below the peak of the mean over bands. */
static void
normalise (float *frames, gsize n_frames, guint bands)
{
  double peak = 0;

  for (gsize f = 0; f < n_frames; f++) {
    for (gsize k = 0; k < 8; k++) {
      double sum = 0;

      for (gsize b = 0; b < bands; b++)
        sum += frames[(f * bands + b) * 8 + k];
      peak = MAX (peak, sum / bands);
    }
  }
  for (gsize i = 0; i < n_frames * bands * 8; i++)
    frames[i] = CLAMP (frames[i], peak * 1e-3, peak);
}

static void
check_srmr (AsdModspecConfig config, const char *signal_name, gboolean norm,
    const char *golden_mean, double golden_ratio)
{
  g_autoptr (AsdModspec) modspec = asd_modspec_new (&config);
  g_autoptr (AsdNpy) signal = load_signal (signal_name);
  g_autofree float *x = asd_npy_get_floats (signal);
  const gsize n_frames = asd_modspec_get_n_frames (modspec,
      signal->n_elements);
  const gsize values = config.bands * 8;
  g_autofree float *frames = g_new (float, n_frames * values);
  g_autofree float *mean_float = g_new (float, values);
  g_autofree double *mean = g_new0 (double, values);
  double ratio;

  asd_modspec_process_frames (modspec, x, signal->n_elements, frames);
  if (norm)
    normalise (frames, n_frames, config.bands);
  for (gsize i = 0; i < n_frames * values; i++)
    mean[i % values] += frames[i] / n_frames;
  if (golden_mean != NULL) {
    gsize n;
    g_autofree double *golden = asd_test_load_doubles (golden_mean, &n);

    fail_unless_equals_int (n, values);
    for (gsize i = 0; i < values; i++)
      mean_float[i] = mean[i];
    asd_test_check_spectrum (golden_mean, mean_float, golden, values);
  }
  ratio = srmr (modspec, mean, config.bands);
  GST_INFO ("SRMR of %s: %.7g, golden %.7g", signal_name, ratio, golden_ratio);
  fail_unless (fabs (ratio / golden_ratio - 1) < 1e-4, "%s: %g instead of %g",
      signal_name, ratio, golden_ratio);
}

GST_START_TEST (test_golden_srmr)
{
  const AsdModspecConfig speech = { 16000, 23, 125, 4, 128 };
  const AsdModspecConfig slow = { 16000, 23, 125, 4, 30 };
  g_autofree double *ratios =
      asd_test_load_doubles ("golden/srmrpy_test/head_ratios.npy", NULL);

  check_srmr (speech, "srmr_test", FALSE,
      "golden/srmrpy_test/head_energy_mean_fast.npy", ratios[1]);
  check_srmr (slow, "srmr_test", TRUE,
      "golden/srmrpy_test/head_energy_mean_fast_norm.npy", ratios[2]);
  /* The ratios in golden/modspec/params.json. */
  check_srmr (defaults, "motor10", FALSE, NULL, 3.193649327366075);
  check_srmr (defaults, "chirp_odd", FALSE, NULL, 70.13404290041777);
  check_srmr (defaults, "exact", FALSE, NULL, 206.8417211305627);
  check_srmr (defaults, "srmr_test", FALSE, NULL, 6.803981651307361);
}

GST_END_TEST;

static Suite *
modspec_suite (void)
{
  Suite *suite = suite_create ("modspec");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_config);
  tcase_add_test (tc, test_short);
  tcase_add_test (tc, test_rates);
  tcase_add_test (tc, test_history);
#if defined (__x86_64__) || defined (__aarch64__)
  tcase_add_test (tc, test_denormals);
#endif
  asd_test_add_golden (tc, test_golden_filters);
  asd_test_add_golden (tc, test_golden_energies);
  asd_test_add_golden (tc, test_golden_gated);
  asd_test_add_golden (tc, test_golden_srmr);
  return suite;
}

ASD_TEST_MAIN (modspec);
