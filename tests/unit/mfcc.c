/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/mfcc.h>

#include "../asdtest.h"

#define COLUMNS 42

static const AsdMfccConfig defaults = ASD_MFCC_CONFIG_INIT;
static const AsdMfccConfig librosa = ASD_MFCC_LIBROSA_INIT;
static const AsdMfccConfig torchaudio = ASD_MFCC_TORCHAUDIO_INIT;

static void
check_refused (AsdMfccConfig config, const char *property)
{
  const char *problem = asd_mfcc_config_check (&config);

  fail_unless (problem != NULL && g_str_has_prefix (problem, property),
      "%s, expected %s", problem, property);
}

GST_START_TEST (test_config)
{
  fail_unless (asd_mfcc_config_check (&defaults) == NULL);
  check_refused ((AsdMfccConfig) {
      0, 480, 240, 0.95, 26, 0, 0, 13, 2}, "rate");
  check_refused ((AsdMfccConfig) {
      16000, 15, 240, 0.95, 26, 0, 0, 13, 2}, "frame-duration");
  check_refused ((AsdMfccConfig) {
      16000, 65537, 240, 0.95, 26, 0, 0, 13, 2}, "frame-duration");
  check_refused ((AsdMfccConfig) {
      16000, 480, 0, 0.95, 26, 0, 0, 13, 2}, "frame-interval");
  check_refused ((AsdMfccConfig) {
      16000, 480, 240, 1, 26, 0, 0, 13, 2}, "pre-emphasis");
  check_refused ((AsdMfccConfig) {
      16000, 480, 240, NAN, 26, 0, 0, 13, 2}, "pre-emphasis");
  check_refused ((AsdMfccConfig) {
      16000, 480, 240, 0.95, 513, 0, 0, 13, 2}, "bands");
  check_refused ((AsdMfccConfig) {
      16000, 480, 240, 0.95, 26, -1, 0, 13, 2}, "low-frequency");
  check_refused ((AsdMfccConfig) {
      16000, 480, 240, 0.95, 26, 0, 8001, 13, 2}, "high-frequency");
  check_refused ((AsdMfccConfig) {
      16000, 480, 240, 0.95, 26, 0, 0, 0, 2}, "coefficients");
  check_refused ((AsdMfccConfig) {
      16000, 480, 240, 0.95, 26, 0, 0, 26, 2}, "coefficients");
  check_refused ((AsdMfccConfig) {
      16000, 480, 240, 0.95, 26, 0, 0, 13, 3}, "deltas");
}

GST_END_TEST;

GST_START_TEST (test_config_variants)
{
  fail_unless (asd_mfcc_config_check (&librosa) == NULL);
  fail_unless (asd_mfcc_config_check (&torchaudio) == NULL);
  check_refused ((AsdMfccConfig) {
      16000, 2048, 512, 0.5, 64, 0, 0, 13, 0, ASD_MFCC_LIBROSA}, "pre-emph");
  check_refused ((AsdMfccConfig) {
      16000, 2048, 512, 0, 64, 0, 0, 64, 0, ASD_MFCC_LIBROSA}, "coefficients");
  check_refused ((AsdMfccConfig) {
      16000, 512, 512, 0, 300, 0, 0, 13, 0, ASD_MFCC_LIBROSA}, "bands are so");
  check_refused ((AsdMfccConfig) {
      16000, 1600, 1200, 0, 64, 0, 0, 1, 0, ASD_MFCC_TORCHAUDIO}, "coeffic");
  check_refused ((AsdMfccConfig) {
      16000, 16001, 1200, 0, 64, 0, 0, 13, 0, ASD_MFCC_TORCHAUDIO}, "frame-d");
  check_refused ((AsdMfccConfig) {
      96000, 1600, 1200, 0, 64, 0, 0, 13, 0, ASD_MFCC_TORCHAUDIO},
      "variant=torchaudio transforms a second at once: resample");
  check_refused ((AsdMfccConfig) {
      16000, 1600, 1200, 0, 64, 0, 0, 13, 0, ASD_MFCC_TORCHAUDIO + 1}, "var");
}

GST_END_TEST;

/* Centred frames: librosa takes any sample, reflection needs 8001. */
GST_START_TEST (test_short_variants)
{
  g_autoptr (AsdMfcc) zero = asd_mfcc_new (&librosa);
  g_autoptr (AsdMfcc) reflect = asd_mfcc_new (&torchaudio);
  float x[10] = { 0.5, -0.5 }, frame[13] = { 0 };

  fail_unless_equals_int (asd_mfcc_get_n_columns (zero), 13);
  fail_unless_equals_int (asd_mfcc_get_n_columns (reflect), 12);
  fail_unless_equals_int (asd_mfcc_get_n_frames (zero, 0), 0);
  fail_unless_equals_int (asd_mfcc_get_n_frames (zero, 10), 1);
  fail_unless_equals_int (asd_mfcc_get_n_frames (zero, 160000), 313);
  fail_unless_equals_int (asd_mfcc_get_n_frames (reflect, 8000), 0);
  fail_unless_equals_int (asd_mfcc_get_n_frames (reflect, 8001), 7);
  fail_unless_equals_int (asd_mfcc_get_n_frames (reflect, 160000), 134);
  asd_mfcc_process (zero, x, 10, frame);
  for (gsize i = 0; i < 13; i++)
    fail_unless (isfinite (frame[i]) && frame[i] != 0);
}

GST_END_TEST;

/* Silence is flat: c0 = -100 dB sqrt (64) in librosa, the others are 0. Huge
 * samples stay finite. */
GST_START_TEST (test_extremes_variants)
{
  const AsdMfccConfig *config = __i__ == 0 ? &librosa : &torchaudio;
  g_autoptr (AsdMfcc) mfcc = asd_mfcc_new (config);
  const gsize columns = asd_mfcc_get_n_columns (mfcc), n = 12000;
  const gsize n_values = asd_mfcc_get_n_frames (mfcc, n) * columns;
  g_autofree float *x = g_new0 (float, n);
  g_autofree float *frames = g_new (float, n_values);

  asd_mfcc_process (mfcc, x, n, frames);
  for (gsize i = 0; i < n_values; i++) {
    double expected = __i__ == 0 && i % columns == 0 ? -800 : 0;

    /* 64 terms of 100, in double */
    fail_unless (fabs (frames[i] - expected) < 1e-10, "%g", frames[i]);
  }
  for (gsize i = 0; i < n; i++)
    x[i] = i % 7 < 3 ? G_MAXFLOAT : -G_MAXFLOAT;
  asd_mfcc_process (mfcc, x, n, frames);
  for (gsize i = 0; i < n_values; i++)
    fail_unless (isfinite (frames[i]));
}

GST_END_TEST;

/* librosa's decibels end 80 below the largest of the whole clip. */
GST_START_TEST (test_range)
{
  enum
  { N = 16000 };
  g_autoptr (AsdMfcc) mfcc = asd_mfcc_new (&librosa);
  const gsize n_values = asd_mfcc_get_n_frames (mfcc, N) * librosa.bands;
  g_autofree float *x = g_new0 (float, N);
  g_autofree float *log_mel = g_new (float, n_values);
  float largest = -INFINITY, smallest = INFINITY;

  for (gsize i = 0; i < N / 2; i++)
    x[i] = 0.5 * sin (0.3 * i);
  asd_mfcc_process_bands (mfcc, x, N, log_mel);
  for (gsize i = 0; i < n_values; i++) {
    largest = MAX (largest, log_mel[i]);
    smallest = MIN (smallest, log_mel[i]);
  }
  fail_unless (largest > 0 && smallest == largest - 80);
  /* The end is silent. */
  fail_unless (log_mel[n_values - 1] == smallest);
}

GST_END_TEST;

GST_START_TEST (test_short)
{
  g_autoptr (AsdMfcc) mfcc = asd_mfcc_new (&defaults);
  float x[719] = { 1 }, frames[2 * COLUMNS];

  fail_unless_equals_int (asd_mfcc_get_n_columns (mfcc), COLUMNS);
  fail_unless_equals_int (asd_mfcc_get_n_frames (mfcc, 0), 0);
  fail_unless_equals_int (asd_mfcc_get_n_frames (mfcc, 479), 0);
  fail_unless_equals_int (asd_mfcc_get_n_frames (mfcc, 480), 1);
  fail_unless_equals_int (asd_mfcc_get_n_frames (mfcc, 719), 1);
  fail_unless_equals_int (asd_mfcc_get_n_frames (mfcc, 720), 2);
  fail_unless_equals_int (asd_mfcc_get_n_frames (mfcc, 160000), 665);

  for (gsize i = 0; i < 2 * COLUMNS; i++)
    frames[i] = 42;
  asd_mfcc_process (mfcc, x, 0, frames);
  asd_mfcc_process (mfcc, x, 479, frames);
  fail_unless (frames[0] == 42);
  /* One frame has no neighbours to differ from. */
  asd_mfcc_process (mfcc, x, 719, frames);
  fail_unless (frames[0] != 42);
  for (gsize i = 14; i < COLUMNS; i++)
    fail_unless (frames[i] == 0);
  fail_unless (frames[COLUMNS] == 42);
}

GST_END_TEST;

/* Silence is the floor everywhere: a flat spectrum has no shape, and its
 * coefficients add up to zero. Huge samples stay finite. */
GST_START_TEST (test_extremes)
{
  g_autoptr (AsdMfcc) mfcc = asd_mfcc_new (&defaults);
  const double floor = log (ASD_MFCC_FLOOR);
  float x[4800] = { 0 }, frames[19 * COLUMNS];

  fail_unless_equals_int (asd_mfcc_get_n_frames (mfcc, 4800), 19);
  asd_mfcc_process (mfcc, x, 4800, frames);
  for (gsize i = 0; i < 19 * COLUMNS; i++) {
    double expected = i % COLUMNS == 13 ? floor : 0;

    /* 26 terms of 36, in double; the energy is rounded to a float. */
    fail_unless (fabs (frames[i] - expected) < (expected ? 2e-6 : 1e-12),
        "%g at %d", frames[i], (int) i);
  }
  for (gsize i = 0; i < 4800; i++)
    x[i] = i % 7 < 3 ? G_MAXFLOAT : -G_MAXFLOAT;
  asd_mfcc_process (mfcc, x, 4800, frames);
  for (gsize i = 0; i < 19 * COLUMNS; i++)
    fail_unless (isfinite (frames[i]));
  for (gsize i = 0; i < 4800; i++)
    x[i] = i % 7 < 3 ? G_MINFLOAT / 4 : 0;
  asd_mfcc_process (mfcc, x, 4800, frames);
  fail_unless (fabs (frames[13] - floor) < 2e-6);
}

GST_END_TEST;

/* At every rate a tone is loudest in the band of its frequency. */
GST_START_TEST (test_rates)
{
  static const guint rates[] = { 8000, 11025, 16000, 44100, 48000, 192000 };

  for (gsize r = 0; r < G_N_ELEMENTS (rates); r++) {
    AsdMfccConfig config = ASD_MFCC_CONFIG_INIT;
    const gsize n = rates[r] / 10;
    g_autofree float *x = g_new (float, n);
    g_autoptr (AsdMfcc) mfcc = NULL;
    g_autofree float *log_mel = NULL;
    double step, centre;
    gsize n_frames;

    config.rate = rates[r];
    config.frame_length = 3 * rates[r] / 100;
    config.frame_step = config.frame_length / 2;
    fail_unless (asd_mfcc_config_check (&config) == NULL);
    mfcc = asd_mfcc_new (&config);
    n_frames = asd_mfcc_get_n_frames (mfcc, n);
    fail_unless (n_frames >= 5);
    log_mel = g_new (float, n_frames * config.bands);
    /* The peak of band 12 of 0 .. 25. */
    step = 2595 * log10 (1 + rates[r] / 2.0 / 700) / 27;
    centre = 700 * (pow (10, 13 * step / 2595) - 1);
    for (gsize i = 0; i < n; i++)
      x[i] = 0.1 * sin (2 * G_PI * centre * i / rates[r]);
    asd_mfcc_process_bands (mfcc, x, n, log_mel);
    for (gsize t = 0; t < n_frames; t++)
      for (gsize m = 0; m < config.bands; m++)
        fail_unless (m == 12 || log_mel[t * config.bands + m]
            < log_mel[t * config.bands + 12]);
  }
}

GST_END_TEST;

/* Fewer deltas leave the columns that stay as they are; and the same samples
 * give the same bytes after other clips. */
GST_START_TEST (test_deltas)
{
  enum
  { N = 16000, FRAMES = 65 };
  g_autoptr (AsdMfcc) full = asd_mfcc_new (&defaults);
  g_autofree float *x = g_new (float, N);
  g_autofree float *frames = g_new (float, FRAMES * COLUMNS);
  g_autofree float *fewer = g_new (float, FRAMES * COLUMNS);
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (gsize i = 0; i < N; i++)
    x[i] = g_rand_double_range (rand, -1, 1);
  asd_mfcc_process (full, x, N, frames);
  asd_mfcc_process (full, x, N / 2, fewer);
  fail_unless (memcmp (frames, fewer, 20 * COLUMNS * sizeof (float)) == 0);
  asd_mfcc_process (full, x, N, fewer);
  fail_unless (memcmp (frames, fewer, FRAMES * COLUMNS * sizeof (float)) == 0);
  for (guint deltas = 0; deltas < 2; deltas++) {
    AsdMfccConfig config = ASD_MFCC_CONFIG_INIT;
    const gsize columns = 14 * (deltas + 1);
    g_autoptr (AsdMfcc) mfcc = NULL;

    config.deltas = deltas;
    mfcc = asd_mfcc_new (&config);
    fail_unless_equals_int (asd_mfcc_get_n_columns (mfcc), columns);
    asd_mfcc_process (mfcc, x, N, fewer);
    for (gsize t = 0; t < FRAMES; t++)
      fail_unless (memcmp (fewer + t * columns, frames + t * COLUMNS,
              columns * sizeof (float)) == 0);
  }
}

GST_END_TEST;

/* Deltas of the variants: those of the columns before them. */
GST_START_TEST (test_deltas_variants)
{
  enum
  { N = 32000, STATIC = 12 };
  AsdMfccConfig config = ASD_MFCC_TORCHAUDIO_INIT;
  g_autoptr (AsdMfcc) plain = asd_mfcc_new (&config);
  g_autoptr (AsdMfcc) full = NULL;
  const gsize n_frames = asd_mfcc_get_n_frames (plain, N);
  g_autofree float *x = g_new (float, N);
  g_autofree float *a = g_new (float, n_frames * STATIC);
  g_autofree float *b = g_new (float, n_frames * 2 * STATIC);
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  config.deltas = 1;
  full = asd_mfcc_new (&config);
  fail_unless_equals_int (asd_mfcc_get_n_columns (full), 2 * STATIC);
  for (gsize i = 0; i < N; i++)
    x[i] = g_rand_double_range (rand, -1, 1);
  asd_mfcc_process (plain, x, N, a);
  asd_mfcc_process (full, x, N, b);
  for (gsize t = 2; t + 2 < n_frames; t++) {
    const float *v = a + t * STATIC, *row = b + t * 2 * STATIC;

    fail_unless (memcmp (v, row, STATIC * sizeof (float)) == 0);
    for (gsize i = 0; i < STATIC; i++)
      /* Rounding of sums of a few ones. */
      fail_unless (fabs (row[STATIC + i] - (v[STATIC + i] - v[i - STATIC]
                  + 2 * (v[2 * STATIC + i] - v[i - 2 * STATIC])) / 10) < 1e-5);
  }
}

GST_END_TEST;

/* The golden signals at -26 dBov, to which asdmfcc scales them. */
static float *
load_signal (const char *name, gsize *n)
{
  g_autofree char *path = g_strdup_printf ("golden/signals/%s.npy", name);
  g_autoptr (AsdNpy) npy = asd_test_load (path);
  float *x = asd_npy_get_floats (npy), gain;
  double energy = 0;

  *n = npy->n_elements;
  for (gsize i = 0; i < *n; i++)
    energy += (double) x[i] * x[i];
  gain = pow (10, -26 / 20.) / sqrt (energy / *n);
  for (gsize i = 0; i < *n; i++)
    x[i] *= gain;
  return x;
}

/* golden/README.md: 1e-3 absolute. */
static void
check_golden (const char *name, const char *suffix, const float *ours, gsize n)
{
  g_autofree char *path = g_strdup_printf ("golden/mfcc42/%s_%s.npy", name,
      suffix);
  gsize n_golden;
  g_autofree double *golden = asd_test_load_doubles (path, &n_golden);
  double difference = 0;

  fail_unless_equals_int (n, n_golden);
  for (gsize i = 0; i < n; i++) {
    fail_unless (isfinite (ours[i]));
    difference = MAX (difference, fabs (ours[i] - golden[i]));
  }
  GST_INFO ("%s: %g", path, difference);
  fail_unless (difference < 1e-3, "%s: %g", path, difference);
}

GST_START_TEST (test_golden)
{
  static const char *names[] = { "motor10", "chirp_odd" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (AsdMfcc) mfcc = asd_mfcc_new (&defaults);
    gsize n;
    g_autofree float *x = load_signal (names[i], &n);
    const gsize n_frames = asd_mfcc_get_n_frames (mfcc, n);
    g_autofree float *log_mel = g_new (float, n_frames * defaults.bands);
    g_autofree float *frames = g_new (float, n_frames * COLUMNS);

    asd_mfcc_process_bands (mfcc, x, n, log_mel);
    check_golden (names[i], "logmel26", log_mel, n_frames * defaults.bands);
    asd_mfcc_process (mfcc, x, n, frames);
    check_golden (names[i], "mfcc42", frames, n_frames * COLUMNS);
  }
}

GST_END_TEST;

/* golden/README.md: 1e-3. Golden values are [coefficient][frame]. */
GST_START_TEST (test_golden_variants)
{
  static const struct
  {
    const char *signal, *golden;
    const AsdMfccConfig *config;
  } cases[] = {
    {"motor10", "librosa_mfcc13", &librosa},
    {"chirp_odd", "librosa_mfcc13", &librosa},
    {"motor10", "ta_mfcc12", &torchaudio},
    {"chirp_odd", "ta_mfcc12", &torchaudio},
  };

  for (gsize c = 0; c < G_N_ELEMENTS (cases); c++) {
    g_autofree char *signal = g_strdup_printf ("golden/signals/%s.npy",
        cases[c].signal);
    g_autofree char *path = g_strdup_printf ("golden/peerB_features/%s_%s.npy",
        cases[c].signal, cases[c].golden);
    g_autoptr (AsdNpy) npy = asd_test_load (signal);
    g_autofree float *x = asd_npy_get_floats (npy);
    g_autoptr (AsdMfcc) mfcc = asd_mfcc_new (cases[c].config);
    const gsize columns = asd_mfcc_get_n_columns (mfcc);
    const gsize n_frames = asd_mfcc_get_n_frames (mfcc, npy->n_elements);
    g_autofree float *frames = g_new (float, n_frames * columns);
    g_autofree double *ours = g_new (double, n_frames * columns);
    gsize n_golden;
    g_autofree double *golden = asd_test_load_doubles (path, &n_golden);
    double difference;

    fail_unless_equals_int (n_golden, n_frames * columns);
    asd_mfcc_process (mfcc, x, npy->n_elements, frames);
    for (gsize t = 0; t < n_frames; t++)
      for (gsize i = 0; i < columns; i++)
        ours[i * n_frames + t] = frames[t * columns + i];
    difference = asd_test_max_difference (ours, golden, n_golden);
    GST_INFO ("%s: %g", path, difference);
    fail_unless (difference < 1e-3, "%s: %g", path, difference);
  }
}

GST_END_TEST;

static Suite *
mfcc_suite (void)
{
  Suite *suite = suite_create ("mfcc");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_config);
  tcase_add_test (tc, test_config_variants);
  tcase_add_test (tc, test_short);
  tcase_add_test (tc, test_short_variants);
  tcase_add_test (tc, test_extremes);
  tcase_add_loop_test (tc, test_extremes_variants, 0, 2);
  tcase_add_test (tc, test_range);
  tcase_add_test (tc, test_rates);
  tcase_add_test (tc, test_deltas);
  tcase_add_test (tc, test_deltas_variants);
  asd_test_add_golden (tc, test_golden);
  asd_test_add_golden (tc, test_golden_variants);
  return suite;
}

ASD_TEST_MAIN (mfcc);
