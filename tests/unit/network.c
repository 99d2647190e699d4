/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/network.h>

#include "em.h"

static const char *const tensors[] = { "weight", "bias", "running_mean",
  "running_var"
};

/* A golden file as a tensor of the network; Keras's kernels are transposed. */
static void
add_golden (AsdModelWriter * writer, const char *name, const char *format,
    gsize i, gboolean transpose)
{
  g_autofree char *file = g_strdup_printf (format, i);
  g_autoptr (AsdNpy) npy = asd_test_load (file);
  g_autofree double *values = asd_npy_get_doubles (npy);
  g_autofree float *floats = g_new (float, npy->n_elements);
  gsize shape[2] = { npy->shape[0], npy->n_dims > 1 ? npy->shape[1] : 1 };

  if (transpose) {
    for (gsize in = 0; in < npy->shape[0]; in++)
      for (gsize out = 0; out < npy->shape[1]; out++)
        floats[out * npy->shape[0] + in] = values[in * npy->shape[1] + out];
    shape[0] = npy->shape[1];
    shape[1] = npy->shape[0];
    asd_model_writer_add_f32 (writer, name, floats, 2, shape);
  } else {
    for (gsize k = 0; k < npy->n_elements; k++)
      floats[k] = values[k];
    asd_model_writer_add_f32 (writer, name, floats, 1, shape);
  }
}

/* bnI: rows gamma, beta, mean, variance. */
static void
add_golden_norm (AsdModelWriter * writer, gsize i, gsize module)
{
  g_autofree char *file = g_strdup_printf ("golden/ae_dcase/bn%" G_GSIZE_FORMAT
      ".npy", i);
  g_autofree double *values = NULL;
  gsize n;

  values = asd_test_load_doubles (file, &n);
  for (gsize row = 0; row < 4; row++) {
    g_autofree char *name = g_strdup_printf ("%" G_GSIZE_FORMAT ".%s", module,
        tensors[row]);
    g_autofree float *floats = g_new (float, n / 4);
    const gsize width = n / 4;

    for (gsize k = 0; k < width; k++)
      floats[k] = values[row * width + k];
    asd_model_writer_add_f32 (writer, name, floats, 1, &width);
  }
}

/* A golden net of ten dense layers, through a model file. */
static AsdNetwork *
golden_network (const char *folder, gboolean norm)
{
  g_autofree char *weights = g_strconcat (folder, "/W%" G_GSIZE_FORMAT ".npy",
      NULL);
  g_autofree char *biases = g_strconcat (folder, "/b%" G_GSIZE_FORMAT ".npy",
      NULL);
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModelSection) section = NULL;
  g_autoptr (GString) modules = g_string_new (NULL);
  GError *error = NULL;
  AsdNetwork *network;

  asd_model_writer_set_stage (writer, "s", "autoencoder");
  for (gsize i = 0; i < 10; i++) {
    gsize module = i * (norm ? 3 : 2);
    g_autofree char *weight = g_strdup_printf ("%" G_GSIZE_FORMAT ".weight",
        module);
    g_autofree char *bias = g_strdup_printf ("%" G_GSIZE_FORMAT ".bias",
        module);

    add_golden (writer, weight, weights, i, TRUE);
    add_golden (writer, bias, biases, i, FALSE);
    g_string_append (modules, "Linear");
    if (i < 9 && norm)
      add_golden_norm (writer, i, module + 1);
    if (i < 9)
      g_string_append (modules, norm ? " BatchNorm1d ReLU " : " ReLU ");
  }
  asd_model_writer_set_string (writer, "modules", modules->str);
  asd_model_writer_set_double (writer, "epsilon", 1e-3);
  section = em_through_file (writer);
  network = asd_network_load (section, &error);
  g_assert_no_error (error);
  return network;
}

static void
check_golden (const char *folder, gboolean norm, gsize n_vectors)
{
  g_autofree char *in = g_strconcat (folder, "/x.npy", NULL);
  g_autofree char *out = g_strconcat (folder, "/out.npy", NULL);
  g_autofree char *errors = g_strconcat (folder, "/mse.npy", NULL);
  g_autofree double *x = NULL, *y = NULL, *mse = NULL;
  g_autoptr (AsdNetwork) network = golden_network (folder, norm);
  g_autoptr (AsdNetworkRunner) runner = asd_network_runner_new (network);
  g_autofree float *floats = NULL, *result = NULL;
  double difference = 0;
  gsize n, dim;

  x = asd_test_load_doubles (in, &n);
  y = asd_test_load_doubles (out, NULL);
  mse = asd_test_load_doubles (errors, NULL);
  dim = n / n_vectors;
  fail_unless_equals_int (asd_network_get_n_inputs (network), dim);
  fail_unless_equals_int (asd_network_get_n_outputs (network), dim);
  floats = g_new (float, n);
  result = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    floats[i] = x[i];

  asd_network_runner_process (runner, floats, n_vectors, result);
  for (gsize i = 0; i < n; i++)
    difference = MAX (difference, fabs (result[i] - y[i]));
  difference /= asd_test_peak (y, n);
  g_printerr ("%s: %.2g\n", folder, difference);
  /* golden/README.md; float32 sums of up to 3756 products reach 1e-6. */
  fail_unless (difference < 1e-5, "%s: %g of the peak", folder, difference);
  for (gsize i = 0; i < n_vectors; i++) {
    double score = asd_network_runner_score (runner, floats + i * dim, 1, NULL);

    fail_unless (fabs (score - mse[i]) < 1e-5 * mse[i], "%g, not %g", score,
        mse[i]);
  }
}

GST_START_TEST (test_golden_chroma)
{
  check_golden ("golden/ae_peerB", FALSE, 2);
}

GST_END_TEST;

GST_START_TEST (test_golden_dcase)
{
  check_golden ("golden/ae_dcase", TRUE, 40);
}

GST_END_TEST;

/* A model file that Python and numpy made of each module, and the outputs that
 * numpy computed in float64. */
GST_START_TEST (test_python)
{
  g_autofree char *folder = g_dir_make_tmp ("asd-XXXXXX", NULL);
  const char *source = g_getenv ("ASD_SOURCE");
  g_autofree char *script = g_build_filename (source != NULL ? source : ".",
      "tests", "write_network.py", NULL);
  g_autofree char *path = g_build_filename (folder, "net.asd", NULL);
  const char *argv[] = { "/usr/bin/python3", "-B", script, path, NULL };
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;
  g_autoptr (AsdModel) model = NULL;
  g_autoptr (AsdModelSection) section = NULL;
  g_autoptr (AsdNetwork) network = NULL;
  g_autoptr (AsdNetworkRunner) runner = NULL;
  GError *error = NULL;
  float x[2 * 3], y[2 * 3];
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, 0, NULL, NULL, &text, NULL,
      &status, &error);
  g_assert_no_error (error);
  fail_unless_equals_int (status, 0);
  model = asd_model_load (path, &error);
  g_assert_no_error (error);
  section = asd_model_get_section (model, "autoencoder", &error);
  g_assert_no_error (error);
  network = asd_network_load (section, &error);
  g_assert_no_error (error);
  runner = asd_network_runner_new (network);

  words = g_strsplit (g_strstrip (text), " ", -1);
  fail_unless_equals_int (g_strv_length (words), 12);
  for (gsize i = 0; i < 6; i++)
    x[i] = g_ascii_strtod (words[i], NULL);
  asd_network_runner_process (runner, x, 2, y);
  for (gsize i = 0; i < 6; i++) {
    double golden = g_ascii_strtod (words[6 + i], NULL);

    /* Values of about 1 after seven modules in float32. */
    fail_unless (fabs (y[i] - golden) < 1e-5, "%g, not %g", y[i], golden);
  }
  g_remove (path);
  g_rmdir (folder);
}

GST_END_TEST;

/* More vectors than go through at once give what each gives by itself. */
GST_START_TEST (test_blocks)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  const float weight[] = { 0.5, 0.25, -1, 2 }, bias[] = { 1, -1 };
  const gsize shape[] = { 2, 2 };
  g_autoptr (AsdModelSection) section = NULL;
  g_autoptr (AsdNetwork) network = NULL;
  g_autoptr (AsdNetworkRunner) runner = NULL;
  float x[2 * 300], y[2 * 300];
  double sum = 0;

  asd_model_writer_set_stage (writer, "s", "autoencoder");
  asd_model_writer_set_string (writer, "modules", "Linear");
  asd_model_writer_add_f32 (writer, "0.weight", weight, 2, shape);
  asd_model_writer_add_f32 (writer, "0.bias", bias, 1, shape);
  section = em_through_file (writer);
  network = asd_network_load (section, NULL);
  runner = asd_network_runner_new (network);
  for (gsize i = 0; i < 600; i++)
    x[i] = i % 37;
  asd_network_runner_process (runner, x, 300, y);
  for (gsize i = 0; i < 300; i++) {
    const float *in = x + 2 * i, *out = y + 2 * i;

    /* These sums have few enough bits to be exact. */
    fail_unless (out[0] == 0.5f * in[0] + 0.25f * in[1] + 1);
    fail_unless (out[1] == -in[0] + 2 * in[1] - 1);
    sum += (out[0] - in[0]) * (out[0] - in[0]);
    sum += (out[1] - in[1]) * (out[1] - in[1]);
  }
  fail_unless (fabs (asd_network_runner_score (runner, x, 300,
              NULL) - sum / 600) < 1e-12 * sum);
}

GST_END_TEST;

typedef struct
{
  const char *modules;          /* of the file, NULL for none */
  const char *epsilon;
  gsize in, out;                /* of 2.weight, which wants 3 and 4 */
  gsize norm;                   /* of 1.weight, which wants 3 */
  float variance;
  gint code;
  const char *reason;
} BadNetwork;

#define CHAIN "Linear BatchNorm1d Linear"

static const BadNetwork bad_networks[] = {
  {NULL, "1", 3, 4, 3, 1, ASD_ERROR_FORMAT, "no \"modules\""},
  {"", "1", 3, 4, 3, 1, ASD_ERROR_FORMAT, "no \"modules\""},
  {"ReLU", "1", 3, 4, 3, 1, ASD_ERROR_FORMAT, "no module is a Linear"},
  {"Linear  Linear", "1", 3, 4, 3, 1, ASD_ERROR_FORMAT, "module 1 is \"\""},
  {"Conv1d", "1", 3, 4, 3, 1, ASD_ERROR_FORMAT, "\"Conv1d\""},
  {CHAIN " Linear", "1", 3, 4, 3, 1, ASD_ERROR_MISSING, "3.weight"},
  {CHAIN, "1", 2, 4, 3, 1, ASD_ERROR_MISMATCH, "2.weight"},
  {CHAIN, "1", 3, 0, 3, 1, ASD_ERROR_FORMAT, "2.weight"},
  {CHAIN, "1", 3, 4, 2, 1, ASD_ERROR_MISMATCH, "1.weight"},
  {CHAIN, "1", 3, 4, 3, -1, ASD_ERROR_FORMAT, "variance is negative"},
  {CHAIN, "0", 3, 4, 3, 1, ASD_ERROR_FORMAT, "epsilon"},
  {CHAIN, "x", 3, 4, 3, 1, ASD_ERROR_FORMAT, "epsilon"},
};

static void
add_ones (AsdModelWriter * writer, const char *name, gsize n_dims, gsize a,
    gsize b, float value)
{
  const gsize shape[] = { a, b };
  gsize n = n_dims == 2 ? a * b : a;
  g_autofree float *values = g_new (float, n + 1);

  for (gsize i = 0; i < n; i++)
    values[i] = value;
  asd_model_writer_add_f32 (writer, name, values, n_dims, shape);
}

GST_START_TEST (test_bad_files)
{
  const BadNetwork *bad = &bad_networks[__i__];
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModelSection) section = NULL;
  g_autoptr (AsdNetwork) network = NULL;
  GError *error = NULL;

  asd_model_writer_set_stage (writer, "s", "autoencoder");
  if (bad->modules != NULL)
    asd_model_writer_set_string (writer, "modules", bad->modules);
  asd_model_writer_set_string (writer, "epsilon", bad->epsilon);
  add_ones (writer, "0.weight", 2, 3, 4, 1);
  add_ones (writer, "0.bias", 1, 3, 0, 1);
  add_ones (writer, "1.weight", 1, bad->norm, 0, 1);
  add_ones (writer, "1.bias", 1, 3, 0, 1);
  add_ones (writer, "1.running_mean", 1, 3, 0, 1);
  add_ones (writer, "1.running_var", 1, 3, 0, bad->variance);
  add_ones (writer, "2.weight", 2, bad->out, bad->in, 1);
  add_ones (writer, "2.bias", 1, bad->out, 0, 1);
  section = em_through_file (writer);
  network = asd_network_load (section, &error);
  fail_unless (network == NULL);
  em_check_error (&error, bad->code, bad->reason);
}

GST_END_TEST;

static Suite *
network_suite (void)
{
  Suite *s = suite_create ("network");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  asd_test_add_golden (tc, test_golden_chroma);
  asd_test_add_golden (tc, test_golden_dcase);
  tcase_add_test (tc, test_python);
  tcase_add_test (tc, test_blocks);
  tcase_add_loop_test (tc, test_bad_files, 0, G_N_ELEMENTS (bad_networks));
  return s;
}

ASD_TEST_MAIN (network)
