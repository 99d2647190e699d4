/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/tuning.h>

#include "../asdtest.h"

static float *
make_tone (guint rate, gsize n, double frequency)
{
  float *x = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    x[i] = 0.1 * sin (2 * G_PI * frequency * i / rate);
  return x;
}

/* A tone beside the grid of pitches has the tuning that it was made with, at
 * all rates. */
GST_START_TEST (test_tone)
{
  static const guint rates[] = { 9214, 11025, 16000, 22050, 44100, 48000 };
  static const double offsets[] = { -0.47, -0.3, -0.1, 0.04, 0.25, 0.47 };

  for (gsize r = 0; r < G_N_ELEMENTS (rates); r++) {
    g_autoptr (AsdTuning) tuning = asd_tuning_new (rates[r]);

    for (gsize i = 0; i < G_N_ELEMENTS (offsets); i++) {
      const double frequency = 440 * pow (2, (95 + offsets[i]) / 36);
      g_autofree float *x = make_tone (rates[r], 2 * rates[r], frequency);
      double estimate = asd_tuning_estimate (tuning, x, 2 * rates[r]);

      /* The parabola misses by up to 0.05 bins of rate / 2048, of which at
       * 2.7 kHz there are 53 Hz / (rate / 2048) in a step of the grid; and
       * the answer is the lower edge of 0.01. */
      double tolerance = 0.01 + 0.05 * rates[r] / 2048 / 53;

      fail_unless (fabs (estimate - offsets[i]) < tolerance,
          "%u Hz: %g, not %g", rates[r], estimate, offsets[i]);
    }
  }
}

GST_END_TEST;

/* What has no peak has the tuning 0, what is too short or too loud has any. */
GST_START_TEST (test_extremes)
{
  g_autoptr (AsdTuning) tuning = asd_tuning_new (16000);
  g_autofree float *x = make_tone (16000, 16000, 1000);
  static const float silence[16000];
  double estimate;

  fail_unless (asd_tuning_estimate (tuning, silence, 0) == 0);
  fail_unless (asd_tuning_estimate (tuning, silence, 1) == 0);
  fail_unless (asd_tuning_estimate (tuning, silence, 16000) == 0);
  /* Silence and a tone that is no peak: below 150 Hz nothing counts. */
  g_free (x);
  x = make_tone (16000, 16000, 50);
  for (gsize i = 0; i < 16000; i++)
    x[i] *= 0.5 - 0.5 * cos (2 * G_PI * i / 16000);
  fail_unless (asd_tuning_estimate (tuning, x, 16000) == 0);

  for (gsize n = 1; n < 3000; n += 511) {
    estimate = asd_tuning_estimate (tuning, x, n);
    fail_unless (estimate >= -0.5 && estimate < 0.5);
  }
  for (gsize i = 0; i < 16000; i++)
    x[i] = i % 7 < 3 ? G_MAXFLOAT : -G_MAXFLOAT;
  estimate = asd_tuning_estimate (tuning, x, 16000);
  fail_unless (estimate >= -0.5 && estimate < 0.5);
}

GST_END_TEST;

/* params.json of golden/peerB_features. In motor10 the two fullest bins hold
 * 135 and 133 peaks. Nothing is left behind by the clip before. */
GST_START_TEST (test_golden)
{
  static const struct
  {
    const char *path;
    double tuning;
  } cases[] = {
    {"golden/signals/motor10.npy", -0.49},
    {"golden/signals/chirp_odd.npy", 0.05},
    {"golden/signals/motor10.npy", -0.49},
  };
  g_autoptr (AsdTuning) tuning = asd_tuning_new (16000);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (AsdNpy) npy = asd_test_load (cases[i].path);
    g_autofree float *x = asd_npy_get_floats (npy);
    double estimate = asd_tuning_estimate (tuning, x, npy->n_elements);

    /* Edges of bins are 0.01 apart. */
    fail_unless (fabs (estimate - cases[i].tuning) < 1e-6, "%s: %g",
        cases[i].path, estimate);
  }
}

GST_END_TEST;

static Suite *
tuning_suite (void)
{
  Suite *suite = suite_create ("tuning");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_tone);
  tcase_add_test (tc, test_extremes);
  asd_test_add_golden (tc, test_golden);
  return suite;
}

ASD_TEST_MAIN (tuning);
