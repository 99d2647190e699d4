/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/error.h>
#include <asd/noisegate.h>

#include "../asdtest.h"

#define BINS ASD_NOISE_GATE_BINS

/* Thresholds that mark nothing, or everything that has a level. */
static AsdNoiseGate *
gate_new (double threshold_db, double reduction)
{
  double threshold[BINS];

  for (gsize k = 0; k < BINS; k++)
    threshold[k] = threshold_db;
  return asd_noise_gate_new (threshold, reduction);
}

static float *
noise_new (gsize n, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  float *x = g_new (float, n + 1);

  for (gsize i = 0; i < n; i++)
    x[i] = g_rand_double_range (rand, -1, 1);
  return x;
}

GST_START_TEST (test_mean)
{
  g_autoptr (AsdMeanClip) mean = asd_mean_clip_new ();
  float a[3000], b[2000];
  gsize n = 42;

  fail_unless (asd_mean_clip_get (mean, &n) == NULL && n == 0);
  for (gsize i = 0; i < 3000; i++)
    a[i] = i;
  for (gsize i = 0; i < 2000; i++)
    b[i] = 1;
  fail_if (asd_mean_clip_add (mean, a, 0));
  fail_if (asd_mean_clip_add (mean, a, 1024));
  fail_unless (asd_mean_clip_add (mean, a, 3000));
  fail_unless (asd_mean_clip_add (mean, b, 2000));
  fail_unless (asd_mean_clip_add (mean, a, 3000));
  g_autofree float *got = asd_mean_clip_get (mean, &n);
  fail_unless_equals_int (n, 2000);
  for (gsize i = 0; i < 2000; i++)
    fail_unless (got[i] == (2 * i + 1) / 3.f);
}

GST_END_TEST;

GST_START_TEST (test_profile_errors)
{
  g_autofree float *x = noise_new (2000, 1);
  double threshold[BINS];
  GError *error = NULL;

  fail_if (asd_noise_profile (x, 1024, threshold, &error));
  fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA));
  g_clear_error (&error);
  x[1999] = NAN;
  fail_if (asd_noise_profile (x, 2000, threshold, &error));
  fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA));
  g_clear_error (&error);
  fail_unless (asd_noise_profile (x, 1025, threshold, &error));
}

GST_END_TEST;

/* A frame where nothing is marked comes back as it was: analysis and synthesis
 * cancel at every length, at both ends too. float32 FFTs cost 5e-7. */
GST_START_TEST (test_lengths)
{
  static const gsize lengths[] = { 1, 2, 3, 10, 511, 512, 513, 1023, 1024,
    1025, 1535, 1536, 1537, 2047, 2048, 2049, 10000, 511, 1
  };
  g_autoptr (AsdNoiseGate) open = gate_new (-500, 1);
  g_autoptr (AsdNoiseGate) off = gate_new (500, 0);
  g_autoptr (AsdNoiseGate) closed = gate_new (500, 1);
  g_autofree float *x = noise_new (10000, 2);
  g_autofree float *y = g_new (float, 10001);

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++) {
    const gsize n = lengths[i];

    y[n] = 42;
    asd_noise_gate_process (open, x, n, y);
    for (gsize j = 0; j < n; j++)
      fail_unless (fabs (y[j] - x[j]) < 2e-6, "%d of %d: %g", (int) j, (int) n,
          y[j] - x[j]);
    asd_noise_gate_process (off, x, n, y);
    for (gsize j = 0; j < n; j++)
      fail_unless (fabs (y[j] - x[j]) < 2e-6);
    /* What is marked all around is removed; the kernel leaves something in the
     * outermost bins and frames. */
    asd_noise_gate_process (closed, x, n, y);
    for (gsize j = 0; j < n; j++)
      fail_unless (fabs (y[j]) < 1);
    if (n == 10000)
      for (gsize j = 4500; j < 5500; j++)
        fail_unless (fabs (y[j]) < 0.05, "%g", y[j]);
    fail_unless (y[n] == 42);
  }
  y[0] = 42;
  asd_noise_gate_process (open, x, 0, y);
  fail_unless (y[0] == 42);
}

GST_END_TEST;

/* Reduction scales the mask, and the rest is linear. */
GST_START_TEST (test_reduction)
{
  enum
  { N = 10000 };
  g_autoptr (AsdNoiseGate) all = gate_new (10, 1);
  g_autoptr (AsdNoiseGate) half = gate_new (10, 0.5);
  g_autofree float *x = noise_new (N, 3);
  g_autofree float *y = g_new (float, N);
  g_autofree float *z = g_new (float, N);
  double removed = 0;

  asd_noise_gate_process (all, x, N, y);
  asd_noise_gate_process (half, x, N, z);
  for (gsize i = 0; i < N; i++) {
    fail_unless (fabs (z[i] - (x[i] + y[i]) / 2) < 2e-6);
    removed = MAX (removed, fabs (x[i] - y[i]));
  }
  fail_unless (removed > 1e-3);
  /* In place. */
  asd_noise_gate_process (all, x, N, x);
  fail_unless (memcmp (x, y, N * sizeof (float)) == 0);
}

GST_END_TEST;

/* Levels are raised to 80 dB below the loudest before they are compared: a
 * threshold that is lower than that marks nothing. */
GST_START_TEST (test_clamp)
{
  enum
  { N = 20000 };
  g_autofree float *x = noise_new (N, 4);
  g_autofree float *y = g_new (float, N);
  /* A Hann window of 2048 turns a full-scale sine into 512. */
  const double peak_db = 20 * log10 (512);
  double difference[2] = { 0 };

  for (gsize i = 0; i < N; i++)
    x[i] = 1e-7 * x[i] + sin (2 * G_PI * i * 64 / 2048);
  for (gsize i = 0; i < 2; i++) {
    g_autoptr (AsdNoiseGate) gate =
        gate_new (peak_db - 80 + (i == 0 ? -1 : 1), 1);

    asd_noise_gate_process (gate, x, N, y);
    for (gsize j = 4096; j < N - 4096; j++)
      difference[i] = MAX (difference[i], fabs (y[j] - x[j]));
  }
  /* Above the floor all bins but the sine's are marked, and the smoothing
   * takes a part of the sine with them; below it nothing is. */
  fail_unless (difference[0] < 2e-6 && difference[1] > 0.1, "%g, %g",
      difference[0], difference[1]);
}

GST_END_TEST;

GST_START_TEST (test_silence)
{
  enum
  { N = 5000 };
  static const double levels[] = { -500, -400, -50, 500 };
  float x[N] = { 0 }, y[N];
  double threshold[BINS];

  for (gsize i = 0; i < G_N_ELEMENTS (levels); i++) {
    g_autoptr (AsdNoiseGate) gate = gate_new (levels[i], 1);

    asd_noise_gate_process (gate, x, N, y);
    for (gsize j = 0; j < N; j++)
      fail_unless (y[j] == 0);
  }
  /* A profile of silence is the level of silence, and marks nothing. */
  fail_unless (asd_noise_profile (x, N, threshold, NULL));
  for (gsize k = 0; k < BINS; k++)
    fail_unless (threshold[k] == -400);
  g_autoptr (AsdNoiseGate) gate = asd_noise_gate_new (threshold, 1);
  g_autofree float *noise = noise_new (N, 5);
  asd_noise_gate_process (gate, noise, N, y);
  for (gsize j = 0; j < N; j++)
    fail_unless (fabs (y[j] - noise[j]) < 2e-6);
}

GST_END_TEST;

/* Not finite samples do no harm to the next clip. */
GST_START_TEST (test_not_finite)
{
  enum
  { N = 5000 };
  g_autoptr (AsdNoiseGate) gate = gate_new (-10, 1);
  g_autofree float *x = noise_new (N, 6);
  float first[N], y[N];

  asd_noise_gate_process (gate, x, N, first);
  x[100] = NAN;
  x[200] = INFINITY;
  asd_noise_gate_process (gate, x, N, y);
  g_free (x);
  x = noise_new (N, 6);
  asd_noise_gate_process (gate, x, N, y);
  fail_unless (memcmp (first, y, sizeof (y)) == 0);
}

GST_END_TEST;

/* FFTW's planner is not thread-safe: gates come and go in all threads. */
static gpointer
gate_thread (gpointer data)
{
  const float *x = data;
  float *y = g_new (float, 5000);

  for (guint i = 0; i < 50; i++) {
    g_autoptr (AsdNoiseGate) gate = gate_new (-10, 1);

    asd_noise_gate_process (gate, x, 5000, y);
  }
  return y;
}

GST_START_TEST (test_threads)
{
  g_autofree float *x = noise_new (5000, 7);
  g_autofree float *expected = gate_thread (x);
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("gate", gate_thread, x);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++) {
    g_autofree float *y = g_thread_join (threads[i]);

    fail_unless (memcmp (y, expected, 5000 * sizeof (float)) == 0);
  }
}

GST_END_TEST;

GST_START_TEST (test_golden_mean)
{
  g_autoptr (AsdNpy) clips = asd_test_load ("golden/noise_mean/clips.npy");
  g_autofree double *golden =
      asd_test_load_doubles ("golden/noise_mean/mean.npy", NULL);
  g_autofree float *x = asd_npy_get_floats (clips);
  g_autoptr (AsdMeanClip) mean = asd_mean_clip_new ();
  gsize n;

  for (gsize i = 0; i < clips->shape[0]; i++)
    fail_unless (asd_mean_clip_add (mean, x + i * clips->shape[1],
            clips->shape[1]));
  g_autofree float *got = asd_mean_clip_get (mean, &n);
  fail_unless_equals_int (n, clips->shape[1]);
  /* The same operations in the same order: the same bits. */
  for (gsize i = 0; i < n; i++)
    fail_unless (got[i] == golden[i]);
}

GST_END_TEST;

/* A bin within rounding of its threshold may be marked by one side only. That
 * changes the samples of the nine frames around it, and by little, because the
 * bin is as weak as the threshold. */
#define FLIP_SAMPLES (8 * 512 + 2048)
#define MAX_FLIPS 3

static void
check_golden (const char *name, gsize noise_samples)
{
  g_autofree char *in = g_strdup_printf ("golden/signals/%s.npy", name);
  g_autofree char *thresholds =
      g_strdup_printf ("golden/noise_gate/%s_thresh_db.npy", name);
  g_autofree char *out = g_strdup_printf ("golden/noise_gate/%s_out.npy", name);
  g_autoptr (AsdNpy) noise = asd_test_load ("golden/signals/noise_motor.npy");
  g_autoptr (AsdNpy) signal = asd_test_load (in);
  gsize n, flips = 0, flip = 0;
  g_autofree double *golden_threshold =
      asd_test_load_doubles (thresholds, NULL);
  g_autofree double *golden = asd_test_load_doubles (out, &n);
  g_autofree float *clip = asd_npy_get_floats (noise);
  g_autofree float *x = asd_npy_get_floats (signal);
  g_autofree float *y = g_new (float, n);
  double threshold[BINS], difference, largest = 0;

  fail_unless (asd_noise_profile (clip, noise_samples, threshold, NULL));
  difference = asd_test_max_difference (threshold, golden_threshold, BINS);
  GST_INFO ("%s: thresholds differ by %g dB", name, difference);
  /* float32 spectra; the reference itself is 4e-5 dB from float64. */
  fail_unless (difference < 1e-3, "%s: thresholds differ by %g dB", name,
      difference);

  fail_unless_equals_int (n, signal->n_elements);
  g_autoptr (AsdNoiseGate) gate = asd_noise_gate_new (threshold, 1);
  asd_noise_gate_process (gate, x, n, y);
  for (gsize i = 0; i < n; i++) {
    difference = fabs (y[i] - golden[i]);
    fail_unless (difference < 1e-4, "%s: %g at %d", name, difference, (int) i);
    largest = MAX (largest, difference);
    if (difference > 1e-5 && (flips == 0 || i > flip + FLIP_SAMPLES)) {
      flip = i;
      flips++;
    }
  }
  GST_INFO ("%s: %d flips, %g", name, (int) flips, largest);
  fail_unless (flips <= MAX_FLIPS, "%s: %d flips", name, (int) flips);
}

GST_START_TEST (test_golden_gate)
{
  check_golden ("motor10", 160000);
  check_golden ("chirp_odd", 32000);
  check_golden ("exact", 16000);
}

GST_END_TEST;

static Suite *
noisegate_suite (void)
{
  Suite *suite = suite_create ("noisegate");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_mean);
  tcase_add_test (tc, test_profile_errors);
  tcase_add_test (tc, test_lengths);
  tcase_add_test (tc, test_reduction);
  tcase_add_test (tc, test_clamp);
  tcase_add_test (tc, test_silence);
  tcase_add_test (tc, test_not_finite);
  tcase_add_test (tc, test_threads);
  asd_test_add_golden (tc, test_golden_mean);
  asd_test_add_golden (tc, test_golden_gate);
  return suite;
}

ASD_TEST_MAIN (noisegate);
