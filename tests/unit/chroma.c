/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/chroma.h>

#include "../asdtest.h"

#define COLUMNS ASD_CHROMA_COLUMNS

static const AsdChromaConfig defaults = ASD_CHROMA_CONFIG_INIT;
static const float thresholds[] = { 0.4, 0.2, 0.1, 0.05 };

static void
check_refused (AsdChromaConfig config, const char *property)
{
  const char *problem = asd_chroma_config_check (&config);

  fail_unless (problem != NULL && g_str_has_prefix (problem, property),
      "%s, expected %s", problem, property);
}

GST_START_TEST (test_config)
{
  fail_unless (asd_chroma_config_check (&defaults) == NULL);
  check_refused ((AsdChromaConfig) {
      ASD_CHROMA_CENS, 8000, 512, NAN, 43, 1}, "rate");
  check_refused ((AsdChromaConfig) {
      ASD_CHROMA_CENS, 16000, 100, NAN, 43, 1}, "hop");
  check_refused ((AsdChromaConfig) {
      ASD_CHROMA_CENS, 16000, 512, 0.5, 43, 1}, "tuning");
  check_refused ((AsdChromaConfig) {
      ASD_CHROMA_CENS, 16000, 512, -0.51, 43, 1}, "tuning");
  check_refused ((AsdChromaConfig) {
      ASD_CHROMA_CENS, 16000, 512, INFINITY, 43, 1}, "tuning");
  check_refused ((AsdChromaConfig) {
      ASD_CHROMA_CENS, 16000, 512, NAN, 0, 1}, "smoothing");
  check_refused ((AsdChromaConfig) {
      ASD_CHROMA_CENS, 16000, 512, NAN, 2, 1}, "smoothing");
  check_refused ((AsdChromaConfig) {
      ASD_CHROMA_CENS, 16000, 512, NAN, 4096, 1}, "smoothing");
  check_refused ((AsdChromaConfig) {
      ASD_CHROMA_CENS, 16000, 512, NAN, 43, 0}, "downsampling");
}

GST_END_TEST;

static float *
make_noise (gsize n)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  float *x = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    x[i] = g_rand_double_range (rand, -1, 1);
  return x;
}

/* CENS from chroma as the formula has it, in double. */
static void
reference_cens (const float *chroma, gsize n_frames, gsize t, gsize smoothing,
    double *frame)
{
  double energy = 0;

  for (gsize c = 0; c < COLUMNS; c++) {
    frame[c] = 0;
    for (gsize j = 0; j < smoothing; j++) {
      gint64 from = (gint64) t + j - (smoothing - 1) / 2;
      double w = smoothing == 1 ? 1
          : 0.5 - 0.5 * cos (2 * G_PI * j / (smoothing - 1));

      for (gsize i = 0; i < 4 && from >= 0 && from < (gint64) n_frames; i++)
        if (chroma[from * COLUMNS + c] > thresholds[i])
          frame[c] += 0.25 * w;
    }
    energy += frame[c] * frame[c];
  }
  for (gsize c = 0; c < COLUMNS && energy > 0; c++)
    frame[c] /= sqrt (energy);
}

/* Windows that are odd, even, none, or longer than the clip; and steps, one of
 * them beyond the end. */
GST_START_TEST (test_smoothing)
{
  enum
  { N = 20000, FRAMES = 40 };
  static const guint smoothings[] = { 1, 3, 4, 5, 10, 43, 44, 101 };
  static const guint steps[] = { 1, 2, 5, 39, 40, 1000 };
  AsdChromaConfig config = defaults;
  g_autoptr (AsdChroma) plain = NULL;
  g_autofree float *x = make_noise (N);
  float chroma[FRAMES * COLUMNS], cens[FRAMES * COLUMNS];

  config.kind = ASD_CHROMA_PLAIN;
  plain = asd_chroma_new (&config);
  fail_unless_equals_int (asd_chroma_get_n_frames (plain, N), FRAMES);
  asd_chroma_process (plain, x, N, chroma);
  config.kind = ASD_CHROMA_CENS;
  for (gsize i = 0; i < G_N_ELEMENTS (smoothings); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (steps); k++) {
      g_autoptr (AsdChroma) self = NULL;
      gsize n_frames;

      config.smoothing = smoothings[i];
      config.downsampling = steps[k];
      self = asd_chroma_new (&config);
      n_frames = asd_chroma_get_n_frames (self, N);
      fail_unless_equals_int (n_frames, (FRAMES - 1) / steps[k] + 1);
      fail_unless_equals_int (asd_chroma_get_frame_step (self), 512 * steps[k]);
      fail_unless_equals_int (asd_chroma_get_frame_length (self),
          64 * 512 + 512 * (smoothings[i] - 1));
      asd_chroma_process (self, x, N, cens);
      for (gsize t = 0; t < n_frames; t++) {
        double expected[COLUMNS];

        reference_cens (chroma, FRAMES, t * steps[k], smoothings[i], expected);
        for (gsize c = 0; c < COLUMNS; c++)
          /* Sums of 101 floats. */
          fail_unless (fabs (cens[t * COLUMNS + c] - expected[c]) < 2e-6,
              "smoothing %u, frame %d: %g, not %g", smoothings[i], (int) t,
              cens[t * COLUMNS + c], expected[c]);
      }
    }
}

GST_END_TEST;

/* A tone is in its pitch class, in each octave and at each rate, and its
 * neighbours of a third of a semitone are as well. */
GST_START_TEST (test_tone)
{
  static const guint rates[] = { 9214, 16000, 48000 };

  for (gsize r = 0; r < G_N_ELEMENTS (rates); r++) {
    AsdChromaConfig config = { ASD_CHROMA_PLAIN, rates[r], 512, 0, 43, 1 };
    g_autoptr (AsdChroma) self = asd_chroma_new (&config);
    const gsize n = rates[r], n_frames = asd_chroma_get_n_frames (self, n);
    g_autofree float *x = g_new (float, n);
    g_autofree float *frames = g_new (float, n_frames * COLUMNS);

    for (gint third = 72; third < 251; third += 11) {
      const guint pitch_class = (third + 1) / 3 % COLUMNS;
      const float *middle = frames + n_frames / 2 * COLUMNS;
      double sum = 0;

      for (gsize i = 0; i < n; i++)
        x[i] = sin (2 * G_PI * 32.703196 * pow (2, third / 36.) * i / rates[r]);
      fail_unless (asd_chroma_process (self, x, n, frames) == 0);
      for (gsize c = 0; c < COLUMNS; c++) {
        sum += middle[c];
        fail_unless (c == pitch_class || middle[c] < middle[pitch_class],
            "%u Hz, %d", rates[r], third);
      }
      /* Floats that were divided by their sum. */
      fail_unless (fabs (sum - 1) < 1e-6);
    }
  }
}

GST_END_TEST;

/* Silence is zeros, and CENS are zeros farther than half a window from sound.
 * A clip of one sample is a frame, one of none is none. */
GST_START_TEST (test_silence)
{
  enum
  { N = 160000, FRAMES = 313 };
  AsdChromaConfig config = defaults;
  g_autoptr (AsdChroma) self = NULL;
  g_autofree float *x = g_new0 (float, N), *noise = make_noise (N);
  g_autofree float *frames = g_new (float, FRAMES * COLUMNS);

  for (guint kind = 0; kind < 2; kind++) {
    config.kind = kind;
    g_clear_pointer (&self, asd_chroma_free);
    self = asd_chroma_new (&config);
    for (gsize i = 0; i < FRAMES * COLUMNS; i++)
      frames[i] = 42;
    fail_unless_equals_int (asd_chroma_get_n_frames (self, 0), 0);
    fail_unless (asd_chroma_process (self, x, 0, frames) == 0);
    fail_unless (frames[0] == 42);
    fail_unless (asd_chroma_process (self, x, N, frames) == 0);
    for (gsize i = 0; i < FRAMES * COLUMNS; i++)
      fail_unless (frames[i] == 0);

    for (gsize n = 1; n < 5000; n = 3 * n + 1) {
      asd_chroma_process (self, noise, n, frames);
      for (gsize i = 0; i < COLUMNS * asd_chroma_get_n_frames (self, n); i++)
        fail_unless (frames[i] >= 0 && frames[i] <= 1);
    }
  }

  /* Sound in the first second: 32 frames, which the lowest octave sees from
   * another 96 away at most (filter and low-passes), and CENS from 21 more. */
  memcpy (x, noise, 16000 * sizeof (float));
  config.kind = ASD_CHROMA_CENS;
  g_clear_pointer (&self, asd_chroma_free);
  self = asd_chroma_new (&config);
  asd_chroma_process (self, x, N, frames);
  for (gsize t = 0; t < FRAMES; t++) {
    double energy = 0;

    for (gsize c = 0; c < COLUMNS; c++)
      energy += frames[t * COLUMNS + c] * frames[t * COLUMNS + c];
    if (t < 32)
      fail_unless (fabs (energy - 1) < 1e-6);
    else if (t > 32 + 96 + 21)
      fail_unless (energy == 0, "frame %d", (int) t);
  }
}

GST_END_TEST;

/* The level does not matter to the last bit, where it is a power of two and
 * nothing is denormal. Extremes stay finite. */
GST_START_TEST (test_level)
{
  enum
  { N = 20000, FRAMES = 40 };
  static const int exponents[] = { -100, -50, -39, 39, 50, 100, 127 };
  g_autofree float *x = make_noise (N), *scaled = g_new (float, N);
  AsdChromaConfig config = defaults;
  float frames[FRAMES * COLUMNS], again[FRAMES * COLUMNS];

  for (guint kind = 0; kind < 2; kind++) {
    g_autoptr (AsdChroma) self = NULL;

    config.kind = kind;
    self = asd_chroma_new (&config);
    asd_chroma_process (self, x, N, frames);
    for (gsize i = 0; i < G_N_ELEMENTS (exponents); i++) {
      for (gsize j = 0; j < N; j++)
        scaled[j] = ldexp (x[j], exponents[i]);
      asd_chroma_process (self, scaled, N, again);
      fail_unless (memcmp (frames, again, sizeof (frames)) == 0, "2^%d",
          exponents[i]);
    }
    for (gsize j = 0; j < N; j++)
      scaled[j] = ldexp (x[j], -140);
    asd_chroma_process (self, scaled, N, again);
    for (gsize i = 0; i < FRAMES * COLUMNS; i++)
      fail_unless (fabs (again[i] - frames[i]) < 0.5);
    for (gsize j = 0; j < N; j++)
      scaled[j] = j % 7 < 3 ? G_MAXFLOAT : -G_MAXFLOAT;
    asd_chroma_process (self, scaled, N, again);
    for (gsize i = 0; i < FRAMES * COLUMNS; i++)
      fail_unless (isfinite (again[i]));
  }
}

GST_END_TEST;

/* An estimated tuning is the same as that tuning fixed. */
GST_START_TEST (test_tuning)
{
  enum
  { N = 20000, FRAMES = 40 };
  AsdChromaConfig config = defaults;
  g_autofree float *x = make_noise (N);
  g_autoptr (AsdChroma) estimated = asd_chroma_new (&defaults), fixed = NULL;
  float frames[FRAMES * COLUMNS], again[FRAMES * COLUMNS];

  config.tuning = asd_chroma_process (estimated, x, N, frames);
  fail_unless (config.tuning >= -0.5 && config.tuning < 0.5);
  fixed = asd_chroma_new (&config);
  fail_unless (asd_chroma_process (fixed, x, N, again) == config.tuning);
  fail_unless (memcmp (frames, again, sizeof (frames)) == 0);
  g_clear_pointer (&fixed, asd_chroma_free);
  config.tuning += config.tuning < 0 ? 0.4 : -0.4;
  fixed = asd_chroma_new (&config);
  asd_chroma_process (fixed, x, N, again);
  fail_unless (memcmp (frames, again, sizeof (frames)) != 0);
}

GST_END_TEST;

/* What docs/elements.md says about windows of a stream: with the same tuning
 * they are the clip to the last bit in the middle, and not at the borders. */
GST_START_TEST (test_window)
{
  enum
  { N = 160000, FRAMES = 313, START = 80, LENGTH = 200 * 512 };
  /* Half of what the lowest octave sees, half of the smoothing, and what the
   * six low-passes reach to each side. */
  const gsize border = (16384 + 21 * 512 + 159 * 63) / 512 + 1;
  AsdChromaConfig config = defaults;
  g_autoptr (AsdChroma) self = NULL;
  g_autofree float *x = make_noise (N);
  g_autofree float *clip = g_new (float, FRAMES * COLUMNS);
  g_autofree float *window = g_new (float, FRAMES * COLUMNS);
  const float *same = clip + START * COLUMNS;

  config.tuning = 0;
  self = asd_chroma_new (&config);
  asd_chroma_process (self, x, N, clip);
  fail_unless_equals_int (asd_chroma_get_n_frames (self, LENGTH), 201);
  asd_chroma_process (self, x + START * 512, LENGTH, window);
  fail_unless (memcmp (window + border * COLUMNS, same + border * COLUMNS,
          (201 - 2 * border) * COLUMNS * sizeof (float)) == 0);
  fail_unless (memcmp (window, same, COLUMNS * sizeof (float)) != 0);
  fail_unless (memcmp (window + 200 * COLUMNS, same + 200 * COLUMNS,
          COLUMNS * sizeof (float)) != 0);
}

GST_END_TEST;

static float *
run_golden (AsdChromaKind kind, const char *name, gsize *n_frames)
{
  g_autofree char *path = g_strdup_printf ("golden/signals/%s.npy", name);
  g_autoptr (AsdNpy) npy = asd_test_load (path);
  g_autofree float *x = asd_npy_get_floats (npy);
  AsdChromaConfig config = defaults;
  g_autoptr (AsdChroma) self = NULL;
  float *frames;

  config.kind = kind;
  self = asd_chroma_new (&config);
  *n_frames = asd_chroma_get_n_frames (self, npy->n_elements);
  frames = g_new (float, *n_frames * COLUMNS);
  asd_chroma_process (self, x, npy->n_elements, frames);
  return frames;
}

/* The golden array is [pitch class][frame]. */
static double *
load_golden (const char *name, const char *what, gsize n_frames)
{
  g_autofree char *path = g_strdup_printf ("golden/peerB_features/%s_%s.npy",
      name, what);
  gsize n;
  double *golden = asd_test_load_doubles (path, &n);

  fail_unless_equals_int (n, n_frames * COLUMNS);
  return golden;
}

GST_START_TEST (test_golden)
{
  static const char *names[] = { "motor10", "chirp_odd" };
  const char *name = names[__i__];
  gsize n_frames, flips = 0, outside = 0;
  g_autofree float *chroma = run_golden (ASD_CHROMA_PLAIN, name, &n_frames);
  g_autofree float *cens = run_golden (ASD_CHROMA_CENS, name, &n_frames);
  g_autofree double *shares = load_golden (name, "chroma_l1", n_frames);
  g_autofree double *steps = load_golden (name, "cens_quant", n_frames);
  g_autofree double *golden = load_golden (name, "cens", n_frames);

  for (gsize t = 0; t < n_frames; t++)
    for (gsize c = 0; c < COLUMNS; c++) {
      const float ours = chroma[t * COLUMNS + c];
      const gsize i = c * n_frames + t;
      double quantised = 0;

      /* golden/README.md: 1e-4. */
      fail_unless (fabs (ours - shares[i]) < 1e-4, "%g and %g", ours,
          shares[i]);
      for (gsize k = 0; k < 4; k++)
        quantised += ours > thresholds[k] ? 0.25 : 0;
      flips += quantised != steps[i];
      outside += !(fabs (cens[t * COLUMNS + c] - golden[i]) < 1e-3);
    }
  /* golden/README.md: at most 10 flipped steps, each of which changes the
   * frames that a window reaches; elsewhere 1e-3. */
  fail_unless (flips <= 10 && outside <= flips * 43 * COLUMNS,
      "%s: %d flips, %d outside", name, (int) flips, (int) outside);
}

GST_END_TEST;

static Suite *
chroma_suite (void)
{
  Suite *suite = suite_create ("chroma");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_config);
  tcase_add_test (tc, test_smoothing);
  tcase_add_test (tc, test_tone);
  tcase_add_test (tc, test_silence);
  tcase_add_test (tc, test_level);
  tcase_add_test (tc, test_tuning);
  tcase_add_test (tc, test_window);
  if (asd_test_have_golden ())
    tcase_add_loop_test (tc, test_golden, 0, 2);
  return suite;
}

ASD_TEST_MAIN (chroma);
