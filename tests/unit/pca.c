/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "modeltest.h"

#include <asd/pca.h>
#include <float.h>
#include <math.h>

static const AsdPcaConfig nine_tenths = ASD_PCA_CONFIG_INIT;

/* The numbers of tests/golden/pca.py, and its vectors, which are floats. */
static const struct
{
  gsize n, dim, kept;
  double variances[3];
  double projected[3];
  double whitened[3];
} golden[] = {
  {40, 6, 5,
        {2.17073056547507, 0.130797554350781, 0.0570946926875796},
        {2.08760236427216, 0.407881071045093, 0.308433437796009},
      {1.41691833228868, 1.12780428213081, 1.2908137551687}},
  {6, 40, 5,
        {3.34522299748415, 1.59661318184666, 1.34062902425208},
        {2.96389763464608, 0.879089849801886, 1.16772326555941},
      {1.62050607426504, 0.695718273175648, 1.00852257582607}},
  {30, 30, 20,
        {2.34142307438163, 0.919194134121377, 0.800639722765675},
        {2.55326025150027, 1.3125067172825, -0.45848596477093},
      {1.6686111347356, 1.36898255094647, -0.512398062477625}},
};

static float *
make_frames (gsize n, gsize dim)
{
  float *x = g_new (float, n * dim);

  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < dim; j++)
      x[i * dim + j] = sin (1. + i * (j + 1)) / (1 + j % 7)
          + cos (i) / (1 + j);
  }
  return x;
}

static AsdPca *
fit (const AsdPcaConfig * config, const float *frames, gsize n, gsize dim,
    GError ** error)
{
  g_autofree double *x = g_new (double, n * dim);

  for (gsize i = 0; i < n * dim; i++)
    x[i] = frames[i];
  return asd_pca_fit (config, x, n, dim, NULL, error);
}

/* Singular values of the vectors and eigenvalues of their products differ by
 * rounding: 1e-15 of the largest variance, here at most 1e-12 of each. */
static void
check_golden (guint g, gboolean whiten)
{
  const gsize n = golden[g].n, dim = golden[g].dim;
  const double *expected = whiten ? golden[g].whitened : golden[g].projected;
  const AsdPcaConfig config = { 0.99, 0, whiten };
  g_autofree float *frames = make_frames (n, dim);
  g_autoptr (AsdPca) pca = fit (&config, frames, n, dim, NULL);
  g_autofree float *out = g_new (float, golden[g].kept);

  fail_unless_equals_int (asd_pca_get_n_components (pca), golden[g].kept);
  fail_unless_equals_int (asd_pca_get_dim (pca), dim);
  asd_pca_process (pca, frames, 1, out);
  for (gsize i = 0; i < 3; i++) {
    double variance = asd_pca_get_variances (pca)[i];

    fail_unless (fabs (variance / golden[g].variances[i] - 1) < 1e-12,
        "%u, %" G_GSIZE_FORMAT ": %.15g", g, i, variance);
    /* The result is a float. */
    fail_unless (fabs (out[i] - expected[i]) < 1e-7 * (1 + fabs (expected[i])),
        "%u, %" G_GSIZE_FORMAT ": %.9g, not %.9g", g, i, out[i], expected[i]);
  }
}

GST_START_TEST (test_golden)
{
  for (guint g = 0; g < G_N_ELEMENTS (golden); g++) {
    check_golden (g, FALSE);
    check_golden (g, TRUE);
  }
}

GST_END_TEST;

/* Of the training frames themselves, each whitened component has mean 0 and
 * variance 1 and none goes with another, even when all of them are kept. */
GST_START_TEST (test_whitened)
{
  const AsdPcaConfig config = { 1, 0, TRUE };

  for (guint g = 0; g < G_N_ELEMENTS (golden); g++) {
    const gsize n = golden[g].n, dim = golden[g].dim;
    const gsize rank = MIN (n - 1, dim);
    g_autofree float *frames = make_frames (n, dim);
    g_autoptr (AsdPca) pca = fit (&config, frames, n, dim, NULL);
    g_autofree float *out = g_new (float, n * rank);

    fail_unless_equals_int (asd_pca_get_n_components (pca), rank);
    asd_pca_process (pca, frames, n, out);
    for (gsize a = 0; a < rank; a++) {
      for (gsize b = 0; b <= a; b++) {
        double product = 0;

        for (gsize i = 0; i < n; i++)
          product += (double) out[i * rank + a] * out[i * rank + b];
        product /= n - 1;
        /* Rounding to floats, divided by the smallest deviations. */
        fail_unless (fabs (product - (a == b)) < 1e-5, "%u: %" G_GSIZE_FORMAT
            " with %" G_GSIZE_FORMAT ": %g", g, a, b, product);
      }
    }
  }
}

GST_END_TEST;

/* The same subspace from more vectors than dimensions and from fewer: each
 * direction has one sign. */
GST_START_TEST (test_sign)
{
  const double axis[4] = { 0.5, -0.7, 0.1, 0.5 };

  for (gsize n = 3; n <= 5; n += 2) {
    float frames[5 * 4];
    g_autoptr (AsdPca) pca = NULL;

    for (gsize i = 0; i < n * 4; i++)
      frames[i] = 3 + (i / 4) * axis[i % 4];
    pca = fit (&nine_tenths, frames, n, 4, NULL);
    fail_unless_equals_int (asd_pca_get_n_components (pca), 1);
    for (gsize j = 0; j < 4; j++)
      fail_unless (fabs (asd_pca_get_components (pca)[j] + axis[j]) < 1e-6,
          "%g", asd_pca_get_components (pca)[j]);
  }
}

GST_END_TEST;

GST_START_TEST (test_number)
{
  const AsdPcaConfig two = { 0.9, 2, FALSE };
  const AsdPcaConfig many = { 0.9, 6, FALSE };
  g_autofree float *frames = make_frames (40, 6);
  g_autoptr (AsdPca) pca = fit (&two, frames, 40, 6, NULL);
  GError *error = NULL;

  fail_unless_equals_int (asd_pca_get_n_components (pca), 2);
  /* A dimension that repeats another is no direction of its own. */
  for (gsize i = 0; i < 40; i++)
    frames[i * 6 + 5] = 2 * frames[i * 6 + 4];
  fail_unless (fit (&many, frames, 40, 6, &error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_DATA, "5 directions");
}

GST_END_TEST;

GST_START_TEST (test_refused)
{
  AsdPcaConfig config = ASD_PCA_CONFIG_INIT;
  g_autofree float *frames = make_frames (2, 3);
  GCancellable *cancellable = g_cancellable_new ();
  double x[6] = { 1, 2, 3, 4, 5, 7 };
  GError *error = NULL;

  fail_unless (fit (&config, frames, 1, 3, &error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_DATA, "at least two");
  for (gsize j = 0; j < 6; j++)
    frames[j] = 0.1;
  fail_unless (fit (&config, frames, 2, 3, &error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_DATA, "are the same");
  g_cancellable_cancel (cancellable);
  fail_unless (asd_pca_fit (&config, x, 2, 3, cancellable, &error) == NULL);
  assert_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_object_unref (cancellable);

  fail_unless (asd_pca_config_check (&config) == NULL);
  config.variance = 1.01;
  fail_unless (asd_pca_config_check (&config) != NULL);
  config.variance = 0;
  fail_unless (asd_pca_config_check (&config) != NULL);
  config.variance = NAN;
  fail_unless (asd_pca_config_check (&config) != NULL);
}

GST_END_TEST;

static AsdPca *
load_pca (GError ** error)
{
  g_autoptr (AsdModel) model = load (path);
  g_autoptr (AsdModelSection) section =
      asd_model_get_section (model, "pca", NULL);

  return asd_pca_load (section, error);
}

GST_START_TEST (test_model)
{
  const AsdPcaConfig config = { 0.9, 0, TRUE };
  g_autofree float *frames = make_frames (6, 40);
  g_autoptr (AsdPca) pca = fit (&config, frames, 6, 40, NULL);
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdPca) loaded = NULL;
  float out[6 * 6], again[6 * 6];

  asd_model_writer_set_stage (writer, "pca", "pca");
  asd_pca_save (pca, writer);
  commit (writer, path);
  loaded = load_pca (NULL);
  fail_unless (loaded != NULL);
  fail_unless_equals_int (asd_pca_get_n_components (loaded),
      asd_pca_get_n_components (pca));
  asd_pca_process (pca, frames, 6, out);
  asd_pca_process (loaded, frames, 6, again);
  fail_unless (memcmp (out, again, 6 * asd_pca_get_n_components (pca)
          * sizeof *out) == 0);
}

GST_END_TEST;

GST_START_TEST (test_corrupt)
{
  static const struct
  {
    gsize n_components, dim, n_variances;
    double variance;
    gint64 whiten;
    int code;
    const char *text;
  } cases[] = {
    {2, 3, 2, 0, 0, ASD_ERROR_FORMAT, "variances above 0"},
    {2, 3, 2, -1, 1, ASD_ERROR_FORMAT, "variances above 0"},
    {0, 3, 0, 1, 0, ASD_ERROR_FORMAT, "at least one component"},
    {2, 2, 2, 1, 0, ASD_ERROR_MISMATCH, "mean"},
    {2, 3, 1, 1, 0, ASD_ERROR_MISMATCH, "variances"},
    {2, 3, 2, 1, -1, ASD_ERROR_FORMAT, "its whiten is -1"},
  };
  const double values[6] = { 1, 0, 0, 0, 1, 0 };
  const gsize three = 3;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const gsize shape[2] = { cases[i].n_components, cases[i].dim };
    const double variances[2] = { 2, cases[i].variance };
    g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
    GError *error = NULL;

    asd_model_writer_set_stage (writer, "pca", "pca");
    asd_model_writer_set_int64 (writer, "whiten", cases[i].whiten);
    asd_model_writer_add_f64 (writer, "mean", values, 1, &three);
    asd_model_writer_add_f64 (writer, "components", values, 2, shape);
    asd_model_writer_add_f64 (writer, "variances", variances, 1,
        &cases[i].n_variances);
    commit (writer, path);
    fail_unless (load_pca (&error) == NULL, "%u", i);
    assert_error (&error, ASD_ERROR, cases[i].code, cases[i].text);
  }
}

GST_END_TEST;

static Suite *
pca_suite (void)
{
  Suite *suite = suite_create ("pca");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup_folder, teardown_folder);
  tcase_add_test (tc, test_golden);
  tcase_add_test (tc, test_whitened);
  tcase_add_test (tc, test_sign);
  tcase_add_test (tc, test_number);
  tcase_add_test (tc, test_refused);
  tcase_add_test (tc, test_model);
  tcase_add_test (tc, test_corrupt);
  return suite;
}

GST_CHECK_MAIN (pca);
