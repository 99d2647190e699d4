/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/cqt.h>

#include "../asdtest.h"

static double
frequency (guint bin, double tuning)
{
  return 32.70319566257483 * pow (2, (bin + tuning) / 36);
}

GST_START_TEST (test_config)
{
  fail_unless (asd_cqt_config_check (16000, 512) == NULL);
  fail_unless (asd_cqt_config_check (9214, 64) == NULL);
  fail_unless (asd_cqt_config_check (192000, 65536) == NULL);
  fail_unless (g_str_has_prefix (asd_cqt_config_check (9213, 512), "rate"));
  fail_unless (g_str_has_prefix (asd_cqt_config_check (0, 512), "rate"));
  fail_unless (g_str_has_prefix (asd_cqt_config_check (192001, 512), "rate"));
  fail_unless (g_str_has_prefix (asd_cqt_config_check (16000, 0), "hop"));
  fail_unless (g_str_has_prefix (asd_cqt_config_check (16000, 500), "hop"));
  fail_unless (g_str_has_prefix (asd_cqt_config_check (16000, 131072), "hop"));
}

GST_END_TEST;

/* At every rate a tone is loudest in the bin of its frequency, and as loud as
 * it should be: octaves and early halvings fit together. */
GST_START_TEST (test_tone)
{
  static const guint rates[] = { 9214, 11025, 16000, 22050, 32000, 44100,
    48000, 96000, 192000
  };
  static const guint bins[] = { 0, 35, 36, 100, 144, 200, 216, 251 };
  const guint rate = rates[__i__];
  const gsize n = 3 * rate;
  g_autofree float *x = g_new (float, n);
  g_autoptr (AsdCqt) cqt = asd_cqt_new (rate, 512);
  const gsize n_frames = asd_cqt_get_n_frames (cqt, n);
  g_autofree float *m = g_new (float, n_frames * ASD_CQT_BINS);
  const double tunings[] = { 0, 0.49, -0.5, 0.123 };

  fail_unless_equals_int (n_frames, 1 + n / 512);
  for (gsize i = 0; i < G_N_ELEMENTS (bins); i++) {
    const double tuning = tunings[i % G_N_ELEMENTS (tunings)];
    const double f = frequency (bins[i], tuning);
    const double length = rate / (0.019251 * f);
    /* In the middle, where all filters see the tone only. */
    const float *middle = m + n_frames / 2 * ASD_CQT_BINS;

    for (gsize t = 0; t < n; t++)
      x[t] = 0.5 * sin (2 * G_PI * f * t / rate);
    asd_cqt_process (cqt, x, n, tuning, m);
    for (gsize b = 0; b < ASD_CQT_BINS; b++)
      fail_unless (b == bins[i] || middle[b] < middle[bins[i]]);
    /* The dropped part of the filter, one percent in sum, may matter. */
    fail_unless (fabs (middle[bins[i]] / (0.25 * sqrt (length)) - 1) < 0.01,
        "%u Hz, bin %u: %g of %g", rate, bins[i], middle[bins[i]],
        0.25 * sqrt (length));
  }
}

GST_END_TEST;

/* Frames depend on the samples around them, not on how many frames there are;
 * and the same samples give the same bytes after others. */
GST_START_TEST (test_hop)
{
  enum
  { N = 20000 };
  g_autoptr (AsdCqt) cqt = asd_cqt_new (16000, 512);
  g_autoptr (AsdCqt) fine = asd_cqt_new (16000, 64);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  const gsize n_frames = asd_cqt_get_n_frames (cqt, N);
  g_autofree float *x = g_new (float, N);
  g_autofree float *m = g_new (float, n_frames * ASD_CQT_BINS);
  g_autofree float *again = g_new (float, n_frames * ASD_CQT_BINS);
  g_autofree float *many =
      g_new (float, asd_cqt_get_n_frames (fine, N) * ASD_CQT_BINS);

  for (gsize i = 0; i < N; i++)
    x[i] = g_rand_double_range (rand, -1, 1);
  asd_cqt_process (cqt, x, N, 0.1, m);
  asd_cqt_process (fine, x, N, 0.1, many);
  for (gsize t = 0; t < n_frames; t++)
    fail_unless (memcmp (m + t * ASD_CQT_BINS, many + 8 * t * ASD_CQT_BINS,
            ASD_CQT_BINS * sizeof (float)) == 0);

  asd_cqt_process (cqt, x + 1, N - 1, 0.3, again);
  asd_cqt_process (cqt, x + 1, 3333, 0.34567, again);
  asd_cqt_process (cqt, x + 1, 33, 0.4567, again);
  asd_cqt_process (cqt, x, N, 0.1, again);
  fail_unless (memcmp (m, again, n_frames * ASD_CQT_BINS * sizeof (float))
      == 0);
}

GST_END_TEST;

/* No samples: no frames. Fewer than a hop, or than any filter: one frame. */
GST_START_TEST (test_short)
{
  g_autoptr (AsdCqt) cqt = asd_cqt_new (16000, 512);
  static const float silence[16000];
  float x[513], m[32 * ASD_CQT_BINS];

  for (gsize i = 0; i < 513; i++)
    x[i] = 1;
  for (gsize i = 0; i < G_N_ELEMENTS (m); i++)
    m[i] = 42;
  fail_unless_equals_int (asd_cqt_get_n_frames (cqt, 0), 0);
  fail_unless_equals_int (asd_cqt_get_n_frames (cqt, 1), 1);
  fail_unless_equals_int (asd_cqt_get_n_frames (cqt, 511), 1);
  fail_unless_equals_int (asd_cqt_get_n_frames (cqt, 512), 2);
  fail_unless_equals_int (asd_cqt_get_n_frames (cqt, 160000), 313);
  fail_unless_equals_int (asd_cqt_get_frame_length (cqt), 64 * 512);
  asd_cqt_process (cqt, x, 0, 0, m);
  fail_unless (m[0] == 42);
  for (gsize n = 1; n < 512; n += 51) {
    asd_cqt_process (cqt, x, n, 0, m);
    for (gsize b = 0; b < ASD_CQT_BINS; b++)
      fail_unless (isfinite (m[b]) && m[b] > 0);
    fail_unless (m[ASD_CQT_BINS] == 42);
  }
  asd_cqt_process (cqt, silence, 15000, 0, m);
  for (gsize i = 0; i < 30 * ASD_CQT_BINS; i++)
    fail_unless (m[i] == 0);
  fail_unless (m[30 * ASD_CQT_BINS] == 42);
}

GST_END_TEST;

/* golden/README.md gives chroma, which are sums of these, 1e-4; so these get
 * 1e-4 of the largest. (4e-5 is what the shortened low-pass costs.) */
GST_START_TEST (test_golden)
{
  static const struct
  {
    const char *signal, *golden;
    double tuning;
  } cases[] = {
    {"golden/signals/motor10.npy",
        "golden/peerB_features/motor10_cqt_mag.npy", -0.49},
    {"golden/signals/chirp_odd.npy",
        "golden/peerB_features/chirp_odd_cqt_mag.npy", 0.05},
  };
  g_autoptr (AsdCqt) cqt = asd_cqt_new (16000, 512);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (AsdNpy) npy = asd_test_load (cases[i].signal);
    g_autofree float *x = asd_npy_get_floats (npy);
    const gsize n_frames = asd_cqt_get_n_frames (cqt, npy->n_elements);
    g_autofree float *m = g_new (float, n_frames * ASD_CQT_BINS);
    gsize n_golden;
    g_autofree double *golden = asd_test_load_doubles (cases[i].golden,
        &n_golden);
    double difference = 0, peak = asd_test_peak (golden, n_golden);

    fail_unless_equals_int (n_frames * ASD_CQT_BINS, n_golden);
    asd_cqt_process (cqt, x, npy->n_elements, cases[i].tuning, m);
    for (gsize t = 0; t < n_frames; t++)
      for (gsize b = 0; b < ASD_CQT_BINS; b++) {
        double ours = m[t * ASD_CQT_BINS + b];

        fail_unless (isfinite (ours));
        difference = MAX (difference, fabs (ours - golden[b * n_frames + t]));
      }
    fail_unless (difference < 1e-4 * peak, "%s: %g of the peak",
        cases[i].golden, difference / peak);
  }
}

GST_END_TEST;

static Suite *
cqt_suite (void)
{
  Suite *suite = suite_create ("cqt");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_config);
  tcase_add_loop_test (tc, test_tone, 0, 9);
  tcase_add_test (tc, test_hop);
  tcase_add_test (tc, test_short);
  asd_test_add_golden (tc, test_golden);
  return suite;
}

ASD_TEST_MAIN (cqt);
