/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "modeltest.h"

#include <asd/scale.h>
#include <float.h>
#include <math.h>

#define DIM 4

/* The third dimension is constant. */
static const float frames[3 * DIM] = {
  1, 0.5, 7, 2,
  3, 0.25, 7, 0,
  8, 4, 7, 1,
};

static AsdScale *
learn (const AsdScaleConfig * config)
{
  g_autoptr (AsdScaleTrainer) trainer = asd_scale_trainer_new (config, DIM);
  AsdScale *scale;

  /* In parts, as windows come. */
  fail_unless (asd_scale_trainer_add (trainer, frames, 1, NULL));
  fail_unless (asd_scale_trainer_add (trainer, frames + DIM, 2, NULL));
  scale = asd_scale_trainer_fit (trainer, NULL);
  fail_unless (scale != NULL);
  fail_unless_equals_int (asd_scale_get_dim (scale), DIM);
  return scale;
}

/* numpy's mean (0) and std (0), to the rounding of a double. */
static void
check_scale (AsdScale * scale, const double *offset, const double *divisor)
{
  for (gsize j = 0; j < DIM; j++) {
    fail_unless (fabs (asd_scale_get_offset (scale)[j] - offset[j])
        < 1e-14 * (1 + fabs (offset[j])), "%" G_GSIZE_FORMAT ": %.17g", j,
        asd_scale_get_offset (scale)[j]);
    fail_unless (fabs (asd_scale_get_divisor (scale)[j] - divisor[j])
        < 1e-14 * divisor[j], "%" G_GSIZE_FORMAT ": %.17g", j,
        asd_scale_get_divisor (scale)[j]);
  }
}

GST_START_TEST (test_standardise)
{
  const AsdScaleConfig config = ASD_SCALE_CONFIG_INIT;
  const double mean[DIM] = { 4, 1.5833333333333333, 7, 1 };
  const double std[DIM] = {
    2.9439202887759488, 1.7118865486811781, 1, 0.81649658092772603
  };
  const float far[DIM] = { -100, 0, 9, 1e6 };
  g_autoptr (AsdScale) scale = learn (&config);
  float out[DIM];

  check_scale (scale, mean, std);
  /* What was never seen is not clipped. */
  asd_scale_process (scale, far, 1, out);
  for (gsize j = 0; j < DIM; j++)
    fail_unless (out[j] == (float) ((far[j] - mean[j]) / std[j]));
  fail_unless (out[2] == 2);
}

GST_END_TEST;

GST_START_TEST (test_log)
{
  const AsdScaleConfig config = { TRUE, ASD_SCALE_STANDARDISE, 0, 0 };
  const double mean[DIM] = {
    1.0593512767831348, -0.23104906018456517, 1.9459101490554562,
    -8.9792913117890354
  };
  const double std[DIM] = {
    0.84938226635821923, 1.1781236664875396, 1, 13.191800022954892
  };
  g_autoptr (AsdScale) scale = learn (&config);
  const float zero[DIM] = { 0, 0, 0, 0 };
  const float negative[DIM] = { -1, -1e-30, -1e30, -5 };
  float out[DIM], of_zero[DIM];

  check_scale (scale, mean, std);
  /* Below zero is as zero: finite, and the lowest that there is. */
  asd_scale_process (scale, zero, 1, of_zero);
  asd_scale_process (scale, negative, 1, out);
  fail_unless (memcmp (out, of_zero, sizeof out) == 0);
  fail_unless (fabs (out[2] - (log (1e-12) - mean[2])) < 1e-5);
}

GST_END_TEST;

GST_START_TEST (test_min_max)
{
  const AsdScaleConfig config = { FALSE, ASD_SCALE_MIN_MAX, -5, 5 };
  /* (x - min) / (max - min) 10 - 5; the constant as if its range were 1. */
  const double expected[2 * DIM] = {
    -5, -5 + 10 * 0.25 / 3.75, -5, 5,
    15, -5 - 10 * 0.25 / 3.75, 15, -15,
  };
  const float input[2 * DIM] = { 1, 0.5, 7, 2, 15, 0, 9, -2 };
  g_autoptr (AsdScale) scale = learn (&config);
  float out[2 * DIM];

  asd_scale_process (scale, input, 2, out);
  for (gsize i = 0; i < 2 * DIM; i++)
    fail_unless (fabs (out[i] - expected[i]) < 1e-6 * fabs (expected[i]),
        "%" G_GSIZE_FORMAT ": %g, not %g", i, out[i], expected[i]);
}

GST_END_TEST;

/* The logarithm alone. */
GST_START_TEST (test_none)
{
  const AsdScaleConfig config = { TRUE, ASD_SCALE_NONE, -5, 5 };
  g_autoptr (AsdScale) scale = learn (&config);
  float out[3 * DIM];

  asd_scale_process (scale, frames, 3, out);
  for (gsize i = 0; i < 3 * DIM; i++)
    fail_unless (out[i] == (float) log (frames[i] + 1e-12));
}

GST_END_TEST;

/* A mean far from zero takes nothing from the deviation; the smallest and the
 * largest floats have one, and what a float cannot hold exactly is constant. */
GST_START_TEST (test_extremes)
{
  const AsdScaleConfig config = ASD_SCALE_CONFIG_INIT;
  const float hard[4 * DIM] = {
    1e6 + 1, 1e-45, FLT_MAX, 0.1,
    1e6 - 1, 0, -FLT_MAX, 0.1,
    1e6 + 1, 1e-45, FLT_MAX, 0.1,
    1e6 - 1, 0, -FLT_MAX, 0.1,
  };
  g_autoptr (AsdScaleTrainer) trainer = asd_scale_trainer_new (&config, DIM);
  g_autoptr (AsdScale) scale = NULL;
  const double *divisor;

  for (guint i = 0; i < 1000; i++)
    fail_unless (asd_scale_trainer_add (trainer, hard, 4, NULL));
  scale = asd_scale_trainer_fit (trainer, NULL);
  divisor = asd_scale_get_divisor (scale);
  fail_unless (fabs (divisor[0] - 1) < 1e-12, "%.17g", divisor[0]);
  fail_unless (fabs (divisor[1] / 7e-46 - 1) < 0.01, "%g", divisor[1]);
  fail_unless (fabs (divisor[2] / FLT_MAX - 1) < 1e-12, "%g", divisor[2]);
  fail_unless (divisor[3] == 1, "%g", divisor[3]);
}

GST_END_TEST;

GST_START_TEST (test_refused)
{
  AsdScaleConfig config = { TRUE, ASD_SCALE_MIN_MAX, -5, 5 };
  const float negative[DIM] = { 1, 2, 3, -0.5 };
  g_autoptr (AsdScaleTrainer) trainer = asd_scale_trainer_new (&config, DIM);
  GError *error = NULL;

  fail_unless (asd_scale_trainer_add (trainer, frames, 1, NULL));
  fail_unless (!asd_scale_trainer_add (trainer, negative, 1, &error));
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISMATCH, "-0.5");
  /* The refused frame did not count: one is too few. */
  fail_unless (asd_scale_trainer_fit (trainer, &error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_DATA, "at least two");

  fail_unless (asd_scale_config_check (&config) == NULL);
  config.high = -5;
  fail_unless (asd_scale_config_check (&config) != NULL);
  config.high = NAN;
  fail_unless (asd_scale_config_check (&config) != NULL);
}

GST_END_TEST;

static void
write_scale (const double *divisor, gsize n_divisor, gint64 log)
{
  const double offset[2] = { 0, 1 };
  const gsize n = 2;
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();

  asd_model_writer_set_stage (writer, "scale", "scale");
  asd_model_writer_add_f64 (writer, "offset", offset, 1, &n);
  asd_model_writer_add_f64 (writer, "divisor", divisor, 1, &n_divisor);
  asd_model_writer_set_int64 (writer, "log", log);
  commit (writer, path);
}

static AsdScale *
load_scale (GError ** error)
{
  g_autoptr (AsdModel) model = load (path);
  g_autoptr (AsdModelSection) section =
      asd_model_get_section (model, "scale", NULL);

  return asd_scale_load (section, error);
}

GST_START_TEST (test_model)
{
  const AsdScaleConfig config = { TRUE, ASD_SCALE_MIN_MAX, -5, 5 };
  g_autoptr (AsdScale) scale = learn (&config);
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdScale) loaded = NULL;
  float out[3 * DIM], again[3 * DIM];

  asd_model_writer_set_stage (writer, "scale", "scale");
  asd_scale_save (scale, writer);
  commit (writer, path);
  loaded = load_scale (NULL);
  fail_unless (loaded != NULL);
  asd_scale_process (scale, frames, 3, out);
  asd_scale_process (loaded, frames, 3, again);
  fail_unless (memcmp (out, again, sizeof out) == 0);
}

GST_END_TEST;

GST_START_TEST (test_corrupt)
{
  const double good[3] = { 1, 2, 3 };
  const double zero[2] = { 1, 0 };
  const double negative[2] = { -1, 1 };
  g_autoptr (AsdScale) scale = NULL;
  GError *error = NULL;

  write_scale (good, 2, 0);
  scale = load_scale (&error);
  fail_unless (scale != NULL);
  write_scale (zero, 2, 0);
  fail_unless (load_scale (&error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_FORMAT, "divisors above 0");
  write_scale (negative, 2, 0);
  fail_unless (load_scale (&error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_FORMAT, "divisors above 0");
  write_scale (good, 3, 0);
  fail_unless (load_scale (&error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISMATCH, "divisor");
  write_scale (good, 2, 2);
  fail_unless (load_scale (&error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_FORMAT, "its log is 2");
}

GST_END_TEST;

static Suite *
scale_suite (void)
{
  Suite *suite = suite_create ("scale");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup_folder, teardown_folder);
  tcase_add_test (tc, test_standardise);
  tcase_add_test (tc, test_log);
  tcase_add_test (tc, test_min_max);
  tcase_add_test (tc, test_none);
  tcase_add_test (tc, test_extremes);
  tcase_add_test (tc, test_refused);
  tcase_add_test (tc, test_model);
  tcase_add_test (tc, test_corrupt);
  return suite;
}

GST_CHECK_MAIN (scale);
