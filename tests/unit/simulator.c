/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/modspec.h>
#include <asd/simulator.h>
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

#define RATE 16000
#define N_MACHINES (ASD_MACHINE_VALVE + 1)
#define N_FAULTS (ASD_FAULT_NO_GREASE + 1)

static AsdSimulatorConfig
config_for (AsdMachine machine, AsdFault fault, guint seed)
{
  AsdSimulatorConfig config;

  asd_simulator_config_init (&config);
  config.machine = machine;
  config.fault = fault;
  config.seed = seed;
  return config;
}

/* Free with g_free(). */
static float *
simulate (const AsdSimulatorConfig * config, gsize n)
{
  g_autoptr (AsdSimulator) simulator = asd_simulator_new (config);
  float *samples = g_new (float, n);

  fail_unless (simulator != NULL, "%s", asd_simulator_config_check (config));
  asd_simulator_process (simulator, samples, n);
  return samples;
}

static gboolean
same_samples (const AsdSimulatorConfig * a, const AsdSimulatorConfig * b,
    gsize n)
{
  g_autofree float *x = simulate (a, n);
  g_autofree float *y = simulate (b, n);

  return memcmp (x, y, n * sizeof *x) == 0;
}

static double
rms (const float *x, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (double) x[i] * x[i];
  return sqrt (sum / n);
}

/* Any sizes of requests, and any way of seeking, give the same bytes. */
GST_START_TEST (test_chunks)
{
  static const gsize sizes[] = { 1, 2, 31, 32, 33, 160, 1024, 10000 };
  const gsize n = 40000;
  AsdSimulatorConfig config = config_for (__i__, ASD_FAULT_NONE, 3);
  g_autofree float *whole = NULL;
  g_autofree float *parts = g_new (float, n);

  config.rate = 22050;
  whole = simulate (&config, n);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (AsdSimulator) simulator = asd_simulator_new (&config);

    memset (parts, 0, n * sizeof *parts);
    for (gsize done = 0; done < n; done += sizes[i])
      asd_simulator_process (simulator, parts + done, MIN (sizes[i], n - done));
    fail_unless (memcmp (whole, parts, n * sizeof *whole) == 0,
        "chunks of %" G_GSIZE_FORMAT " differ", sizes[i]);
  }
  {
    static const gsize places[] = { 0, 1, 20000, 19999, 44, 43, 39000, 39001 };
    g_autoptr (AsdSimulator) simulator = asd_simulator_new (&config);

    for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
      asd_simulator_seek (simulator, places[i]);
      asd_simulator_process (simulator, parts, 100);
      fail_unless (memcmp (whole + places[i], parts, 100 * sizeof *parts) == 0,
          "a seek to %" G_GSIZE_FORMAT " goes elsewhere", places[i]);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_seeds)
{
  AsdSimulatorConfig a = config_for (__i__, ASD_FAULT_NONE, 7), b = a;

  fail_unless (same_samples (&a, &b, RATE));
  b.seed = 8;
  fail_if (same_samples (&a, &b, 100));
  b = a;
  b.machine_id = 1;
  fail_if (same_samples (&a, &b, 100));
}

GST_END_TEST;

/* Finite, of the level of a real recording, never clipped: at any rate, even
 * with every fault at its worst. */
GST_START_TEST (test_level)
{
  static const guint rates[] = { 8000, 44100, 192000 };

  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    for (guint fault = 0; fault < N_FAULTS; fault++) {
      AsdSimulatorConfig config = config_for (__i__, fault, fault);
      gsize n = 4 * rates[i];
      g_autofree float *x = NULL;
      double peak = 0, level;

      config.rate = rates[i];
      config.severity = 1.0;
      if (!asd_machine_has_fault (__i__, fault))
        continue;
      x = simulate (&config, n);
      for (gsize k = 0; k < n; k++)
        peak = isfinite (x[k]) ? MAX (peak, fabs (x[k])) : INFINITY;
      level = 20 * log10 (rms (x, n));
      GST_INFO ("machine %d fault %u at %u Hz: %.1f dBFS, peak %.3f", __i__,
          fault, rates[i], level, peak);
      /* -37 dBFS at 6 dB SNR, 3.5 dB of natural variation, and what a fault
       * at its worst adds (4 s of a slider may hold few strokes). */
      fail_unless (level > -45 && level < -26, "%g dBFS", level);
      fail_unless (peak < 0.5, "peak %g", peak);
    }
}

GST_END_TEST;

/* The noise is independent of the SNR, so two SNRs tell machine and noise
 * apart. 60 s, so that the strokes and rare events average. */
GST_START_TEST (test_snr)
{
  static const double snrs[] = { -20, 6, 20 };
  const gsize n = 60 * RATE;
  AsdSimulatorConfig config = config_for (__i__, ASD_FAULT_NONE, 1);
  g_autofree float *machine = NULL;

  config.snr = 60;
  machine = simulate (&config, n);
  for (guint i = 0; i < G_N_ELEMENTS (snrs); i++) {
    g_autofree float *x = NULL;
    double snr;

    config.snr = snrs[i];
    x = simulate (&config, n);
    for (gsize k = 0; k < n; k++)
      x[k] -= machine[k];
    snr = 20 * log10 (rms (machine, n) / rms (x, n));
    GST_INFO ("machine %d: %.2f dB for %g dB", __i__, snr, snrs[i]);
    fail_unless (fabs (snr - snrs[i]) < 1.0, "%g dB, not %g", snr, snrs[i]);
  }
}

GST_END_TEST;

GST_START_TEST (test_fault_start)
{
  const gsize n = 2 * RATE;

  for (guint fault = 1; fault < N_FAULTS; fault++) {
    AsdSimulatorConfig healthy = config_for (__i__, ASD_FAULT_NONE, 5);
    AsdSimulatorConfig faulty = config_for (__i__, fault, 5);
    gsize start = 12345, same = 0;
    g_autofree float *x = NULL;
    g_autofree float *y = NULL;

    if (!asd_machine_has_fault (__i__, fault))
      continue;
    faulty.severity = 0.0;
    fail_unless (same_samples (&healthy, &faulty, n));

    faulty.severity = 1.0;
    faulty.fault_start = start;
    x = simulate (&healthy, n);
    y = simulate (&faulty, n);
    while (same < n && x[same] == y[same])
      same++;
    /* The clicks that a fault of a valve changes are up to 0.5 s apart, the
     * strokes of a slider 1 s. */
    fail_unless (same >= start && same < start + RATE,
        "the fault is heard at %" G_GSIZE_FORMAT ", not %" G_GSIZE_FORMAT,
        same, start);
  }
}

GST_END_TEST;

#define N_SEEDS 6
#define CLIP (6 * RATE)

/* Modulation spectra in dB of some recordings; free with g_free(). */
static double *
spectra (const AsdSimulatorConfig * config, gsize *n_cells)
{
  const AsdModspecConfig modspec_config = ASD_MODSPEC_CONFIG_INIT;
  g_autoptr (AsdModspec) modspec = asd_modspec_new (&modspec_config);
  gsize n = modspec_config.bands * ASD_MODSPEC_MODULATION_BANDS;
  g_autofree float *energies = g_new (float, n);
  double *db = g_new (double, N_SEEDS * n);

  for (guint seed = 0; seed < N_SEEDS; seed++) {
    AsdSimulatorConfig one = *config;
    g_autofree float *x = NULL;

    one.seed = 100 + seed;
    x = simulate (&one, CLIP);
    fail_unless (asd_modspec_process (modspec, x, CLIP, energies));
    for (gsize i = 0; i < n; i++)
      db[seed * n + i] = 10 * log10 (energies[i] + 1e-12);
  }
  *n_cells = n;
  return db;
}

/* How far the fault shifts the mean of the cells, in standard deviations of
 * the cell over recordings of the healthy machine: the mean of the tenth of
 * the cells that it shifts most. */
static double
shift (const double *healthy, const double *faulty, gsize n_cells)
{
  g_autofree double *z = g_new (double, n_cells);
  const gsize top = n_cells / 10;
  double sum = 0;

  for (gsize i = 0; i < n_cells; i++) {
    double mean = 0, square = 0, change = 0;

    for (guint k = 0; k < N_SEEDS; k++) {
      double x = healthy[k * n_cells + i];

      mean += x / N_SEEDS;
      square += x * x / N_SEEDS;
      change += (faulty[k * n_cells + i] - x) / N_SEEDS;
    }
    z[i] = fabs (change) / sqrt (MAX (square - mean * mean, 1e-4));
  }
  for (gsize k = 0; k < top; k++) {
    gsize best = 0;

    for (gsize i = 1; i < n_cells; i++)
      if (z[i] > z[best])
        best = i;
    sum += z[best];
    z[best] = 0;
  }
  return sum / top;
}

/* At a severity of 0.5 each fault moves some part of the modulation spectrum
 * by more than recordings of the healthy machine differ (one standard
 * deviation), and the more severe a fault, the further. */
GST_START_TEST (test_faults)
{
  static const double severities[] = { 0.25, 0.5, 1.0 };
  AsdSimulatorConfig config = config_for (__i__, ASD_FAULT_NONE, 0);
  gsize n_cells;
  g_autofree double *healthy = spectra (&config, &n_cells);

  for (guint fault = 1; fault < N_FAULTS; fault++) {
    double last = 0;

    if (!asd_machine_has_fault (__i__, fault))
      continue;
    config.fault = fault;
    for (guint i = 0; i < G_N_ELEMENTS (severities); i++) {
      g_autofree double *faulty = NULL;
      double z;

      config.severity = severities[i];
      faulty = spectra (&config, &n_cells);
      z = shift (healthy, faulty, n_cells);
      GST_INFO ("machine %d fault %u severity %.2f: %.2f deviations", __i__,
          fault, severities[i], z);
      fail_unless (z > last, "fault %u: %g at severity %g, after %g", fault, z,
          severities[i], last);
      fail_unless (severities[i] != 0.5 || z > 1.0,
          "fault %u at 0.5: %g deviations", fault, z);
      last = z;
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_config)
{
  AsdSimulatorConfig config;
  const GEnumValue *machine, *fault;

#define REFUSED(field, value, word) G_STMT_START {                            \
  asd_simulator_config_init (&config);                                        \
  fail_unless (asd_simulator_config_check (&config) == NULL);                 \
  config.field = (value);                                                     \
  fail_unless (asd_simulator_config_check (&config) != NULL);                 \
  fail_unless (strstr (asd_simulator_config_check (&config), word) != NULL);  \
  fail_unless (asd_simulator_new (&config) == NULL);                          \
} G_STMT_END
  REFUSED (rate, 7999, "rate");
  REFUSED (rate, 192001, "rate");
  REFUSED (machine, 4, "machine");
  REFUSED (machine, -1, "machine");
  REFUSED (fault, 10, "fault");
  REFUSED (severity, -0.1, "severity");
  REFUSED (severity, NAN, "severity");
  REFUSED (snr, 61, "snr");
  REFUSED (snr, NAN, "snr");

  /* The text of a wrong fault names the machine and exactly its faults. */
  for (machine = asd_machine_values (); machine->value_nick; machine++)
    for (fault = asd_fault_values (); fault->value_nick; fault++) {
      const char *text;

      asd_simulator_config_init (&config);
      config.machine = machine->value;
      config.fault = fault->value;
      text = asd_simulator_config_check (&config);
      fail_unless ((text == NULL) ==
          asd_machine_has_fault (machine->value, fault->value));
      config.fault = N_FAULTS;
      text = asd_simulator_config_check (&config);
      fail_unless (strstr (text, machine->value_nick) != NULL);
      fail_unless ((strstr (text, fault->value_nick) != NULL) ==
          asd_machine_has_fault (machine->value, fault->value),
          "%s: %s", fault->value_nick, text);
    }
}

GST_END_TEST;

static Suite *
simulator_suite (void)
{
  Suite *s = suite_create ("simulator");
  TCase *tc = tcase_create ("simulator");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_chunks, 0, N_MACHINES);
  tcase_add_loop_test (tc, test_seeds, 0, N_MACHINES);
  tcase_add_loop_test (tc, test_level, 0, N_MACHINES);
  tcase_add_loop_test (tc, test_snr, 0, N_MACHINES);
  tcase_add_loop_test (tc, test_fault_start, 0, N_MACHINES);
  tcase_add_loop_test (tc, test_faults, 0, N_MACHINES);
  tcase_add_test (tc, test_config);
  return s;
}

GST_CHECK_MAIN (simulator);
