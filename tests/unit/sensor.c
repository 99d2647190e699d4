/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../asdtest.h"

#include <asd/error.h>
#include <asd/sensor.h>
#include <asd/simulator.h>
#include <glib/gstdio.h>
#include <string.h>

#define RATE 16000
#define N RATE                  /* a window */

static AsdSensor *
new_sensor (double low, double high)
{
  const AsdSensorLevels levels = { low, (low + high) / 2, high };
  AsdSensorConfig config;

  asd_sensor_config_init (&config);
  return asd_sensor_new (&config, isnan (low) ? NULL : &levels, N);
}

static void
check_state (const float *x, gsize n, double low, double high,
    AsdSensorState expected, const char *part)
{
  const AsdSensorLevels levels = { low, (low + high) / 2, high };
  g_autoptr (AsdSensor) plain = new_sensor (NAN, NAN);
  g_autoptr (AsdSensor) sensor = new_sensor (low, high);
  g_autofree char *text = NULL;
  AsdSensorReport report;
  AsdSensorConfig config;

  /* The same, where the levels are known afterwards. */
  asd_sensor_config_init (&config);
  asd_sensor_process (plain, x, n, &report);
  fail_unless (asd_sensor_judge (&config, isnan (low) ? NULL : &levels,
          &report) == expected);
  asd_sensor_process (sensor, x, n, &report);
  text = asd_sensor_describe (sensor, &report);
  fail_unless (report.state == expected, "%s, expected %s: %s",
      asd_sensor_state_get_name (report.state),
      asd_sensor_state_get_name (expected), text);
  fail_unless (strstr (text, part) != NULL, "\"%s\" lacks \"%s\"", text, part);
  fail_unless (strchr (text, '\n') == NULL);
}

/* Gaussian noise of an RMS. */
static void
make_noise (float *x, gsize n, double rms, guint seed)
{
  GRand *rand = g_rand_new_with_seed (seed);

  for (gsize i = 0; i < n; i++)
    x[i] = rms * sqrt (-2 * log (1 - g_rand_double (rand)))
        * cos (2 * G_PI * g_rand_double (rand));
  g_rand_free (rand);
}

static void
scale (float *x, gsize n, double factor)
{
  for (gsize i = 0; i < n; i++)
    x[i] *= factor;
}

GST_START_TEST (test_measures)
{
  g_autoptr (AsdSensor) sensor = new_sensor (NAN, NAN);
  AsdSensorReport report;
  float x[N];

  for (gsize i = 0; i < N; i++)
    x[i] = 0.25 + 0.5 * sin (2 * G_PI * 0.0123456789 * i);
  asd_sensor_process (sensor, x, N, &report);
  /* Half of full scale: -6.02 - 3.01. Rounding of floats, and a sine that does
   * not end with a whole period. */
  fail_unless (fabs (report.level + 9.03) < 0.01, "%g", report.level);
  fail_unless (fabs (report.mean - 0.25) < 1e-3);
  fail_unless (fabs (report.peak - 0.75) < 1e-3);
  fail_unless (fabs (report.range - 1) < 1e-3);
  fail_unless (report.clipped == 0 && report.period == 0);
  fail_unless (report.state == ASD_SENSOR_OK);
}

GST_END_TEST;

GST_START_TEST (test_dead)
{
  g_autoptr (AsdSensor) sensor = new_sensor (NAN, NAN);
  AsdSensorReport report;
  float x[N] = { 0 };

  check_state (x, N, NAN, NAN, ASD_SENSOR_DEAD, "digital silence");
  check_state (x, N, -40, -30, ASD_SENSOR_DEAD, "digital silence");
  check_state (x, 1, NAN, NAN, ASD_SENSOR_DEAD, "digital silence");
  asd_sensor_process (sensor, x, N, &report);
  fail_unless (report.level == ASD_SENSOR_MIN_LEVEL);
  /* The last bit flickers. */
  for (gsize i = 0; i < N; i++)
    x[i] = ((int) (i * i % 7) % 3 - 1) / 32768.;
  check_state (x, N, NAN, NAN, ASD_SENSOR_DEAD, "digital silence");
  /* Noise 41 and 39 dB below a machine at -40 dBFS. */
  make_noise (x, N, pow (10, -81 / 20.), 1);
  check_state (x, N, -40, -30, ASD_SENSOR_DEAD, "41.");
  make_noise (x, N, pow (10, -79 / 20.), 1);
  check_state (x, N, -40, -30, ASD_SENSOR_QUIET, "39.");
}

GST_END_TEST;

GST_START_TEST (test_stuck)
{
  static const gsize periods[] = { 2, 3, 160, 1024, N / 3 };
  float x[N], noise[N];

  for (gsize i = 0; i < N; i++)
    x[i] = -0.125;
  check_state (x, N, NAN, NAN, ASD_SENSOR_STUCK, "-0.125");
  for (gsize i = 0; i < N; i++)
    x[i] = 1;
  check_state (x, N, NAN, NAN, ASD_SENSOR_STUCK, "about 1");
  /* A direct current and a flickering bit. */
  for (gsize i = 0; i < N; i++)
    x[i] = 0.3 + (i * i % 7 % 2) / 32768.;
  check_state (x, N, NAN, NAN, ASD_SENSOR_STUCK, "about 0.3");

  make_noise (noise, N, 0.01, 2);
  for (gsize p = 0; p < G_N_ELEMENTS (periods); p++) {
    g_autofree char *said = g_strdup_printf ("same %" G_GSIZE_FORMAT
        " samples", periods[p]);

    for (gsize i = 0; i < N; i++)
      x[i] = noise[i % periods[p]];
    check_state (x, N, NAN, NAN, ASD_SENSOR_STUCK, said);
    /* One sample that differs, and it is no repetition. */
    x[N / 2] += 1e-6;
    check_state (x, N, NAN, NAN, ASD_SENSOR_OK, "level");
  }
  /* Twice is not enough. */
  for (gsize i = 0; i < N; i++)
    x[i] = noise[i % (N / 2)];
  check_state (x, N, NAN, NAN, ASD_SENSOR_OK, "level");
  /* Blocks of mostly zeros, which make searching hard. */
  for (gsize i = 0; i < N; i++)
    x[i] = i % 4000 == 3999 ? 0.1 : 0;
  check_state (x, N, NAN, NAN, ASD_SENSOR_STUCK, "same 4000 samples");
}

GST_END_TEST;

GST_START_TEST (test_clipped)
{
  float x[N];

  /* Gaussian noise clipped at 2.3 standard deviations: 2.1 % of it. */
  make_noise (x, N, 1 / 2.3, 3);
  for (gsize i = 0; i < N; i++)
    x[i] = CLAMP (x[i], -1.f, 32767 / 32768.f);
  check_state (x, N, NAN, NAN, ASD_SENSOR_CLIPPED, "2.");
  /* A recording scaled to its peak: its rare peaks are at full scale. */
  make_noise (x, N, 1 / 3.5, 3);
  for (gsize i = 0; i < N; i++)
    x[i] = CLAMP (x[i], -1.f, 32767 / 32768.f);
  check_state (x, N, NAN, NAN, ASD_SENSOR_OK, "level");
}

GST_END_TEST;

GST_START_TEST (test_level)
{
  static const struct
  {
    double level;
    AsdSensorState state;
  } cases[] = {
    {-61, ASD_SENSOR_QUIET}, {-59, ASD_SENSOR_OK}, {-40, ASD_SENSOR_OK},
    {-11, ASD_SENSOR_OK}, {-9, ASD_SENSOR_LOUD}, {-95, ASD_SENSOR_DEAD},
  };
  float x[N];

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    make_noise (x, N, pow (10, cases[i].level / 20), 4);
    for (gsize j = 0; j < N; j++)
      x[j] = CLAMP (x[j], -0.99f, 0.99f);
    check_state (x, N, -40, -30, cases[i].state, "level");
    /* Without a level to compare with, it is neither. */
    if (cases[i].level > -80)
      check_state (x, N, NAN, NAN, ASD_SENSOR_OK, "level");
  }
}

GST_END_TEST;

/* What a window of a recording is in the eyes of a sensor trained on it. */
static void
check_windows (const char *name, const float *x, gsize n_windows,
    const AsdSensorLevels * levels)
{
  g_autoptr (AsdSensor) sensor = NULL;
  AsdSensorConfig config;
  AsdSensorReport report;

  asd_sensor_config_init (&config);
  sensor = asd_sensor_new (&config, levels, N);
  for (gsize w = 0; w < n_windows; w++) {
    asd_sensor_process (sensor, x + w * N, N, &report);
    fail_unless (report.state == ASD_SENSOR_OK, "%s, window %" G_GSIZE_FORMAT
        ": %s at %g dBFS", name, w, asd_sensor_state_get_name (report.state),
        report.level);
  }
}

static void
learn_levels (const float *x, gsize n_windows, AsdSensorLevels * levels)
{
  g_autoptr (AsdSensor) sensor = new_sensor (NAN, NAN);
  g_autofree double *values = g_new (double, n_windows);
  AsdSensorReport report;

  for (gsize w = 0; w < n_windows; w++) {
    asd_sensor_process (sensor, x + w * N, N, &report);
    values[w] = report.level;
  }
  fail_unless (asd_sensor_levels_compute (values, n_windows, levels, NULL));
}

static void
simulate (AsdMachine machine, AsdFault fault, double severity, double snr,
    guint seed, float *x, gsize n)
{
  AsdSimulatorConfig config;
  g_autoptr (AsdSimulator) simulator = NULL;

  asd_simulator_config_init (&config);
  config.machine = machine;
  config.fault = fault;
  config.severity = severity;
  config.snr = snr;
  config.seed = seed;
  simulator = asd_simulator_new (&config);
  asd_simulator_process (simulator, x, n);
}

/* Learned from 10 s of a machine in a factory: other sounds of it, its worst
 * faults and another level of factory noise are no sensor faults. */
GST_START_TEST (test_machines)
{
  enum
  { WINDOWS = 10 };
  static const double snrs[] = { -6, 0, 6, 20 };
  g_autofree float *x = g_new (float, WINDOWS * N);
  AsdMachine machine = __i__;
  const GEnumValue *fault = asd_fault_values ();
  AsdSensorLevels levels;

  for (gsize s = 0; s < G_N_ELEMENTS (snrs); s++) {
    simulate (machine, ASD_FAULT_NONE, 0, snrs[s], 0, x, WINDOWS * N);
    learn_levels (x, WINDOWS, &levels);
    for (guint seed = 1; seed < 4; seed++) {
      simulate (machine, ASD_FAULT_NONE, 0, snrs[s], seed, x, WINDOWS * N);
      check_windows ("healthy", x, WINDOWS, &levels);
    }
    /* The gain was changed within reason. */
    scale (x, WINDOWS * N, 4);
    check_windows ("louder", x, WINDOWS, &levels);
    scale (x, WINDOWS * N, 1 / 16.);
    check_windows ("quieter", x, WINDOWS, &levels);
  }
  simulate (machine, ASD_FAULT_NONE, 0, 6, 0, x, WINDOWS * N);
  learn_levels (x, WINDOWS, &levels);
  for (; fault->value_name != NULL; fault++) {
    if (!asd_machine_has_fault (machine, fault->value))
      continue;
    simulate (machine, fault->value, 1, 6, 5, x, WINDOWS * N);
    check_windows (fault->value_nick, x, WINDOWS, &levels);
  }
  simulate (machine, ASD_FAULT_NONE, 0, 0, 6, x, WINDOWS * N);
  check_windows ("noisier", x, WINDOWS, &levels);
}

GST_END_TEST;

/* The first channel of a WAV of 16 bits. */
static float *
read_wav (const char *path, gsize *n)
{
  g_autofree char *bytes = NULL;
  guint16 channels = 0;
  gsize size, at = 12;
  float *x = NULL;

  fail_unless (g_file_get_contents (path, &bytes, &size, NULL), "%s", path);
  while (x == NULL && at + 8 <= size) {
    guint32 length;

    memcpy (&length, bytes + at + 4, 4);
    length = GUINT32_FROM_LE (length);
    if (memcmp (bytes + at, "fmt ", 4) == 0) {
      memcpy (&channels, bytes + at + 10, 2);
      channels = GUINT16_FROM_LE (channels);
    }
    if (memcmp (bytes + at, "data", 4) == 0) {
      fail_unless (channels > 0);
      *n = MIN (length, size - at - 8) / 2 / channels;
      x = g_new (float, *n);
      for (gsize i = 0; i < *n; i++) {
        gint16 sample;

        memcpy (&sample, bytes + at + 8 + i * 2 * channels, 2);
        x[i] = (gint16) GUINT16_FROM_LE (sample) / 32768.f;
      }
    }
    at += 8 + length + length % 2;
  }
  fail_unless (x != NULL, "%s", path);
  return x;
}

/* Real microphones, normal and anomalous: each clip of a folder, with the level
 * that the first one of it has. */
static guint
check_folder (const char *relative)
{
  g_autofree char *folder = asd_test_path (relative);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  AsdSensorLevels levels;
  guint n_files = 0;
  const char *name;

  fail_unless (dir != NULL, "%s", folder);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_autofree float *x = NULL;
    gsize n;

    x = read_wav (path, &n);
    if (n_files++ == 0)
      learn_levels (x, n / N, &levels);
    check_windows (path, x, n / N, &levels);
    check_windows (path, x, n / N, NULL);
  }
  return n_files;
}

GST_START_TEST (test_recordings)
{
  static const char *folders[] = {
    "data/audio/dcase2020/slider/train", "data/audio/dcase2020/slider/test",
    "data/audio/dcase2020/fan/test", "data/audio/dcase2020/ToyCar/test",
    "data/audio/mimii/fan/id_02/normal", "data/audio/mimii/fan/id_02/abnormal",
  };
  guint n_files = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    n_files += check_folder (folders[i]);
  fail_unless (n_files > 100, "%u files", n_files);
}

GST_END_TEST;

static void
write_levels (const char *path, const AsdSensorLevels * levels,
    const char *key, const char *value)
{
  AsdModelWriter *writer = asd_model_writer_new ();
  GError *error = NULL;

  asd_model_writer_set_stage (writer, "graph", "graph");
  if (levels != NULL)
    asd_sensor_levels_write (levels, writer);
  if (key != NULL)
    asd_model_writer_set_model_string (writer, key, value);
  fail_unless (asd_model_writer_commit (writer, path, NULL, &error), "%s",
      error != NULL ? error->message : "");
  asd_model_writer_free (writer);
}

static void
check_levels (const char *path, int code, const char *part)
{
  g_autoptr (AsdModel) model = asd_model_load (path, NULL);
  AsdSensorLevels levels;
  GError *error = NULL;

  fail_unless (model != NULL);
  fail_if (asd_sensor_levels_read (model, &levels, &error));
  fail_unless (g_error_matches (error, ASD_ERROR, code));
  fail_unless (strstr (error->message, part) != NULL, "%s", error->message);
  g_error_free (error);
}

GST_START_TEST (test_levels)
{
  g_autofree char *folder = g_dir_make_tmp ("gst-asd-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "m.asd", NULL);
  double values[201];
  AsdSensorLevels levels, back;
  AsdModel *model;

  for (int i = 0; i <= 200; i++)
    values[i] = -40 - (i * 7 % 201) * 0.1;
  fail_unless (asd_sensor_levels_compute (values, 201, &levels, NULL));
  fail_unless (fabs (levels.low + 59.8) < 1e-9);
  fail_unless (fabs (levels.median + 50) < 1e-9);
  fail_unless (fabs (levels.high + 40.2) < 1e-9);
  write_levels (path, &levels, NULL, NULL);
  model = asd_model_load (path, NULL);
  fail_unless (asd_sensor_levels_read (model, &back, NULL));
  fail_unless (memcmp (&levels, &back, sizeof levels) == 0);
  asd_model_unref (model);

  write_levels (path, NULL, "level-median", "loud");
  check_levels (path, ASD_ERROR_FORMAT, "level-median=loud");
  write_levels (path, NULL, "level-median", "-90");
  check_levels (path, ASD_ERROR_FORMAT, "out of order");
  write_levels (path, NULL, "level-median", NULL);
  check_levels (path, ASD_ERROR_MISSING, "level-median");

  fail_unless (asd_sensor_levels_compute (values, 1, &levels, NULL));
  fail_unless (levels.low == values[0] && levels.high == values[0]);
  fail_if (asd_sensor_levels_compute (values, 0, &levels, NULL));
  values[3] = -INFINITY;
  fail_if (asd_sensor_levels_compute (values, 201, &levels, NULL));
  g_unlink (path);
  g_rmdir (folder);
}

GST_END_TEST;

GST_START_TEST (test_config)
{
  AsdSensorConfig config;

  asd_sensor_config_init (&config);
  fail_unless (asd_sensor_config_check (&config) == NULL);
  config.clip_share = 2;
  fail_if (asd_sensor_config_check (&config) == NULL);
  fail_unless (asd_sensor_new (&config, NULL, N) == NULL);
  asd_sensor_config_init (&config);
  config.dead_margin = NAN;
  fail_if (asd_sensor_config_check (&config) == NULL);
  asd_sensor_config_init (&config);
  config.quiet_margin = -1;
  fail_if (asd_sensor_config_check (&config) == NULL);
  asd_sensor_config_init (&config);
  config.loud_margin = 201;
  fail_if (asd_sensor_config_check (&config) == NULL);
}

GST_END_TEST;

static Suite *
sensor_suite (void)
{
  Suite *suite = suite_create ("sensor");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_measures);
  tcase_add_test (tc, test_dead);
  tcase_add_test (tc, test_stuck);
  tcase_add_test (tc, test_clipped);
  tcase_add_test (tc, test_level);
  tcase_add_loop_test (tc, test_machines, ASD_MACHINE_FAN,
      ASD_MACHINE_VALVE + 1);
  asd_test_add_golden (tc, test_recordings);
  tcase_add_test (tc, test_levels);
  tcase_add_test (tc, test_config);
  return suite;
}

ASD_TEST_MAIN (sensor)
