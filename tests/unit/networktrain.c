/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/networktrain.h>

#include <asd/network-private.h>

#include "em.h"

/* Gradients */

#define ROWS 8
#define WIDTH 5
#define MAX_VALUES 64

typedef struct
{
  AsdNetwork *network;          /* of one module */
  AsdModuleTraining training;
  double sums[2 * WIDTH];
  float saved[ROWS * WIDTH];
  float x[ROWS * WIDTH];
  float y[ROWS * WIDTH];
  float direction[ROWS * WIDTH];
} Check;

/* The sum of the outputs, each times a random factor: a loss whose gradient by
 * the outputs is the direction. The same dropout every time. */
static double
check_loss (Check * check)
{
  const AsdModule *module = check->network->modules;
  double sum = 0;

  g_rand_set_seed (check->training.rand, 3);
  asd_module_forward (module, check->x, ROWS, check->network->epsilon,
      &check->training, check->y);
  for (gsize i = 0; i < ROWS * module->n_out; i++)
    sum += (double) check->y[i] * check->direction[i];
  return sum;
}

/* Compares with (f(x + h) - f(x - h)) / 2h in double precision. Values are
 * about 1, so that outputs are wrong by 1e-7 and their sum by 5e-7: 1e-4 of a
 * quotient by 2h = 0.006. What the third derivative adds is below h^2 = 1e-5
 * times a few. A forgotten term or factor is off by a part of 1. */
static void
check_values (Check * check, const char *what, float *values, gsize n,
    const float *gradient)
{
  const float h = 0.003f;
  double largest = 0.1, difference = 0;

  for (gsize i = 0; i < n; i++) {
    float saved = values[i], above = saved + h, below = saved - h;
    double rise;

    values[i] = above;
    rise = check_loss (check);
    values[i] = below;
    rise -= check_loss (check);
    values[i] = saved;
    rise /= (double) above - below;
    difference = MAX (difference, fabs (rise - gradient[i]));
    largest = MAX (largest, fabs (rise));
  }
  fail_unless (difference < 1e-3 * largest, "%s of module %d: %g of %g", what,
      check->network->modules->type, difference, largest);
}

GST_START_TEST (test_gradients)
{
  AsdModuleType type = __i__;
  const gsize widths[] = { 4 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  Check check = {.training = {.momentum = 0.9,.epsilon = 1e-3,.rate = 0.4} };
  float dx[ROWS * WIDTH], gradient[MAX_VALUES];
  const AsdModule *module;

  check.network = asd_network_alloc (&type, 1, WIDTH, widths);
  check.training.rand = g_rand_new_with_seed (3);
  check.training.sums = check.sums;
  check.training.saved = check.saved;
  module = check.network->modules;
  for (gsize i = 0; i < check.network->n_parameters; i++)
    check.network->parameters[i] = em_normal (rand);
  for (gsize i = 0; i < ROWS * WIDTH; i++) {
    double x = em_normal (rand);

    /* No nearer than that to the corner of a ReLU. */
    check.x[i] = x + copysign (0.1, x);
    check.direction[i] = em_normal (rand);
  }

  check_loss (&check);
  asd_module_backward (module, check.x, check.y, check.direction, ROWS,
      &check.training, dx, gradient, gradient + module->n_weights);
  check_values (&check, "inputs", check.x, ROWS * WIDTH, dx);
  check_values (&check, "parameters", check.network->parameters,
      check.network->n_parameters, gradient);
  asd_network_unref (check.network);
  g_rand_free (check.training.rand);
}

GST_END_TEST;

GST_START_TEST (test_squared_error)
{
  const float x[] = { 1, 2, 3 }, y[] = { 2, 0, 3.5 };
  float dy[3];

  fail_unless (asd_network_squared_error (y, x, 3, 0.5, dy) == 5.25);
  fail_unless (dy[0] == 1 && dy[1] == -2 && dy[2] == 0.5);
}

GST_END_TEST;

/* By hand: after the first step m / (1 - b1) = g and v / (1 - b2) = g^2, so a
 * parameter moves by the learning rate against its gradient; the second with
 * g = 1, then -3: m = (0.09 - 0.3) / 0.19, v = (0.000999 + 0.009) / 0.001999. */
GST_START_TEST (test_adam)
{
  const AsdAdam adam = { 0.01, 0.9, 0.999, 1e-8 };
  float gradient[] = { 1, -0.001, 0 }, m[3] = { 0 }, v[3] = { 0 };
  float parameters[] = { 1, 1, 1 };

  asd_adam_step (&adam, 1, gradient, 3, m, v, parameters);
  fail_unless (fabs (parameters[0] - 0.99) < 1e-6);
  fail_unless (fabs (parameters[1] - 1.01) < 1e-6);
  fail_unless (parameters[2] == 1);
  gradient[0] = -3;
  asd_adam_step (&adam, 2, gradient, 3, m, v, parameters);
  fail_unless (fabs (parameters[0] - (0.99 + 0.01 * (0.21 / 0.19) /
              sqrt (0.009999 / 0.001999))) < 1e-6, "%g", parameters[0]);
}

GST_END_TEST;

/* Training */

#define DIM 20

/* Vectors on a curved surface of three dimensions. */
static float *
make_vectors (gsize n, guint seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  float *x = g_new (float, n * DIM);

  for (gsize i = 0; i < n; i++) {
    double a = g_rand_double (rand), b = g_rand_double (rand);
    double c = g_rand_double (rand);

    for (gsize j = 0; j < DIM; j++)
      x[i * DIM + j] = a * sin (j) + b * cos (0.7 * j) + c * a * sin (0.4 * j);
  }
  return x;
}

typedef struct
{
  guint n_epochs;
  double first, last, validation;
  GCancellable *cancel;
} Seen;

static void
on_epoch (guint epoch, guint epochs, double loss, double validation_loss,
    gpointer user_data)
{
  Seen *seen = user_data;

  seen->n_epochs++;
  fail_unless_equals_int (epoch, seen->n_epochs);
  fail_unless (epoch <= epochs);
  if (epoch == 1)
    seen->first = loss;
  seen->last = loss;
  seen->validation = validation_loss;
  if (seen->cancel != NULL)
    g_cancellable_cancel (seen->cancel);
}

static AsdNetworkConfig
small_config (AsdNet net)
{
  AsdNetworkConfig config;

  asd_network_config_init (&config, net);
  fail_unless (asd_network_config_set_layers (&config, "24,3,24") == NULL);
  config.batch_size = 32;
  config.epochs = 40;
  config.learning_rate = 0.01;
  return config;
}

static double
variance (const float *x, gsize n)
{
  double sum = 0, squares = 0;

  for (gsize j = 0; j < DIM; j++) {
    double mean = 0;

    for (gsize i = 0; i < n; i++)
      mean += x[i * DIM + j] / n;
    sum += mean;
    for (gsize i = 0; i < n; i++)
      squares += pow (x[i * DIM + j] - mean, 2);
  }
  return squares / (n * DIM);
}

/* Each net learns the surface: what it gives back is nearer than the mean by
 * far, also for vectors that it has not seen, and what is beside the surface is
 * not given back. */
GST_START_TEST (test_learns)
{
  AsdNetworkConfig config = small_config (__i__);
  g_autofree float *x = make_vectors (1000, 1), *test = make_vectors (100, 2);
  g_autoptr (AsdNetwork) network = NULL;
  g_autoptr (AsdNetworkRunner) runner = NULL;
  Seen seen = { 0 };
  double spread = variance (x, 1000), normal;
  const double *losses, *validation;
  gsize n_epochs;

  network = asd_network_train (&config, x, 1000, DIM, on_epoch, &seen, NULL,
      NULL);
  fail_unless_equals_int (seen.n_epochs, 40);
  losses = asd_network_get_losses (network, &n_epochs, &validation);
  fail_unless_equals_int (n_epochs, 40);
  fail_unless (losses[0] == seen.first && losses[39] == seen.last);
  fail_unless (validation[39] == seen.validation);

  runner = asd_network_runner_new (network);
  fail_unless (asd_network_runner_score (runner, x + 900 * DIM, 100, NULL) ==
      seen.validation);
  normal = asd_network_runner_score (runner, test, 100, NULL);
  g_printerr ("net %d: variance %g, unseen %g\n", __i__, spread, normal);
  fail_unless (normal < 0.1 * spread, "%g of %g", normal, spread);
  for (gsize i = 0; i < 100 * DIM; i++)
    test[i] += i % 2 == 0 ? 0.5 : -0.5;
  fail_unless (asd_network_runner_score (runner, test, 100, NULL) > 3 * normal);
}

GST_END_TEST;

static gboolean
same_bytes (AsdNetwork * a, AsdNetwork * b)
{
  return a->n_values == b->n_values
      && memcmp (a->values, b->values, a->n_values * sizeof (float)) == 0;
}

/* All that is random comes from the seed. */
GST_START_TEST (test_reproducible)
{
  AsdNetworkConfig config = small_config (ASD_NET_DENOISING);
  g_autofree float *x = make_vectors (333, 1);
  g_autoptr (AsdNetwork) a = NULL, b = NULL, c = NULL;

  config.noise = 0.1;
  config.epochs = 5;
  config.seed = 7;
  a = asd_network_train (&config, x, 333, DIM, NULL, NULL, NULL, NULL);
  b = asd_network_train (&config, x, 333, DIM, NULL, NULL, NULL, NULL);
  config.seed = 8;
  c = asd_network_train (&config, x, 333, DIM, NULL, NULL, NULL, NULL);
  fail_unless (same_bytes (a, b));
  fail_unless (!same_bytes (a, c));
}

GST_END_TEST;

/* A net that was trained with noise takes noise away; one without does less. */
GST_START_TEST (test_noise)
{
  AsdNetworkConfig config = small_config (ASD_NET_CHROMA);
  g_autofree float *x = make_vectors (2000, 1), *clean = make_vectors (200, 2);
  g_autofree float *noisy = g_memdup2 (clean, 200 * DIM * sizeof (float));
  g_autofree float *y = g_new (float, 200 * DIM);
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  double error[2];

  for (gsize i = 0; i < 200 * DIM; i++)
    noisy[i] += 0.3 * em_normal (rand);
  asd_network_config_set_layers (&config, "64,64");
  for (gsize i = 0; i < 2; i++) {
    g_autoptr (AsdNetwork) network = NULL;
    g_autoptr (AsdNetworkRunner) runner = NULL;

    config.noise = i == 0 ? 0 : 0.3;
    network = asd_network_train (&config, x, 2000, DIM, NULL, NULL, NULL, NULL);
    runner = asd_network_runner_new (network);
    asd_network_runner_process (runner, noisy, 200, y);
    error[i] = asd_network_squared_error (y, clean, 200 * DIM, 1, NULL) /
        (200 * DIM);
  }
  g_printerr ("of a noise of 0.09 stays %g, %g trained with noise\n", error[0],
      error[1]);
  fail_unless (error[1] < 0.5 * 0.09 && error[1] < 0.7 * error[0]);
}

GST_END_TEST;

/* With patience the training ends early, with the net of the best epoch. */
GST_START_TEST (test_patience)
{
  AsdNetworkConfig config = small_config (ASD_NET_CHROMA);
  g_autofree float *x = make_vectors (60, 1);
  g_autoptr (AsdNetwork) network = NULL;
  g_autoptr (AsdNetworkRunner) runner = NULL;
  const double *validation;
  double best = INFINITY;
  gsize n_epochs, best_epoch = 0;

  config.epochs = 2000;
  config.patience = 5;
  config.validation = 0.5;
  network = asd_network_train (&config, x, 60, DIM, NULL, NULL, NULL, NULL);
  asd_network_get_losses (network, &n_epochs, &validation);
  for (gsize i = 0; i < n_epochs; i++) {
    if (validation[i] < best) {
      best = validation[i];
      best_epoch = i;
    }
  }
  fail_unless (n_epochs < 2000);
  fail_unless_equals_int (n_epochs, best_epoch + 6);
  runner = asd_network_runner_new (network);
  fail_unless (asd_network_runner_score (runner, x + 30 * DIM, 30,
          NULL) == best);
}

GST_END_TEST;

GST_START_TEST (test_silence)
{
  AsdNetworkConfig config = small_config (ASD_NET_SIMPLE);
  g_autofree float *x = g_new (float, 50 * DIM);
  GError *error = NULL;

  for (gsize i = 0; i < 50 * DIM; i++)
    x[i] = -1;
  fail_unless (asd_network_train (&config, x, 50, DIM, NULL, NULL, NULL,
          &error) == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "45 training vectors are the same");
}

GST_END_TEST;

/* One dimension of silence does no harm: it is given back as it is. */
GST_START_TEST (test_constant_dimension)
{
  AsdNetworkConfig config = small_config (__i__);
  g_autofree float *x = make_vectors (1000, 1);
  g_autofree float *y = g_new (float, DIM);
  g_autoptr (AsdNetwork) network = NULL;
  g_autoptr (AsdNetworkRunner) runner = NULL;

  for (gsize i = 0; i < 1000; i++)
    x[i * DIM + 3] = -1;
  network = asd_network_train (&config, x, 1000, DIM, NULL, NULL, NULL, NULL);
  runner = asd_network_runner_new (network);
  asd_network_runner_process (runner, x, 1, y);
  fail_unless (fabs (y[3] + 1) < 0.2, "%g", y[3]);
}

GST_END_TEST;

GST_START_TEST (test_diverges)
{
  AsdNetworkConfig config = small_config (ASD_NET_CHROMA);
  g_autofree float *x = make_vectors (100, 1);
  g_autoptr (AsdNetwork) network = NULL;
  GError *error = NULL;

  for (gsize i = 0; i < 100 * DIM; i++)
    x[i] *= 1e25f;
  network = asd_network_train (&config, x, 100, DIM, NULL, NULL, NULL, &error);
  fail_unless (network == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "lower learning-rate, which is 0.01");
}

GST_END_TEST;

GST_START_TEST (test_few_vectors)
{
  AsdNetworkConfig config = small_config (ASD_NET_SIMPLE);
  g_autofree float *x = make_vectors (65, 1);
  GError *error = NULL;

  config.epochs = 2;
  fail_unless (asd_network_train (&config, x, 1, DIM, NULL, NULL, NULL,
          &error) == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "(1, of which 0");
  fail_unless (asd_network_train (&config, x, 0, DIM, NULL, NULL, NULL,
          &error) == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "(0, of which 0");
  /* No batch is of one vector, which has no variance. */
  config.validation = 0;
  for (gsize n = 2; n <= 65; n += 31) {
    g_autoptr (AsdNetwork) network = asd_network_train (&config, x, n, DIM,
        NULL, NULL, NULL, &error);
    const double *validation;
    gsize n_epochs;

    g_assert_no_error (error);
    asd_network_get_losses (network, &n_epochs, &validation);
    fail_unless (validation == NULL && n_epochs == 2);
  }
}

GST_END_TEST;

GST_START_TEST (test_cancel)
{
  AsdNetworkConfig config = small_config (ASD_NET_SIMPLE);
  g_autofree float *x = make_vectors (100, 1);
  Seen seen = {.cancel = g_cancellable_new () };
  GError *error = NULL;

  fail_unless (asd_network_train (&config, x, 100, DIM, on_epoch, &seen,
          seen.cancel, &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  fail_unless_equals_int (seen.n_epochs, 1);
  g_clear_error (&error);
  g_object_unref (seen.cancel);
}

GST_END_TEST;

/* What is written is what is read: the modules of each net, and all values. */
GST_START_TEST (test_save)
{
  static const char *const modules[] = {
    "Linear BatchNorm1d ReLU Linear BatchNorm1d ReLU Linear BatchNorm1d ReLU "
        "Linear",
    "Linear ReLU Linear ReLU Linear ReLU Linear",
    "BatchNorm1d Linear ReLU BatchNorm1d Dropout Linear ReLU BatchNorm1d "
        "Linear ReLU BatchNorm1d Dropout Linear",
  };
  AsdNetworkConfig config = small_config (__i__);
  g_autofree float *x = make_vectors (100, 1);
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModelSection) section = NULL;
  g_autoptr (AsdNetwork) network = NULL, again = NULL;
  g_autofree char *text = NULL;
  const double *losses;
  gsize n_epochs, shape = 0;
  GError *error = NULL;

  config.epochs = 3;
  network = asd_network_train (&config, x, 100, DIM, NULL, NULL, NULL, NULL);
  text = asd_network_get_modules (network);
  fail_unless_equals_string (text, modules[__i__]);
  asd_model_writer_set_stage (writer, "s", "autoencoder");
  asd_network_save (network, writer);
  section = em_through_file (writer);
  again = asd_network_load (section, &error);
  g_assert_no_error (error);
  fail_unless (same_bytes (network, again));
  fail_unless (network->epsilon == again->epsilon);
  losses = asd_network_get_losses (network, &n_epochs, NULL);
  fail_unless (memcmp (losses, asd_model_section_get_f64 (section, "loss", 1,
              &shape, NULL), 3 * sizeof (double)) == 0);
  fail_unless (asd_model_section_get_f64 (section, "validation-loss", 1,
          &shape, NULL) != NULL);
}

GST_END_TEST;

GST_START_TEST (test_config)
{
  static const char *const bad[] = { "", "0", "8,", "8,,8", "8;8", "-8", "1e3",
    "1048577", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"
  };
  AsdNetworkConfig config;
  g_autofree char *text = NULL;

  for (gint net = ASD_NET_SIMPLE; net <= ASD_NET_DENOISING; net++) {
    asd_network_config_init (&config, net);
    fail_unless (asd_network_config_check (&config) == NULL);
  }
  fail_unless (asd_network_config_set_layers (&config, "128, 8,128") == NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    fail_unless (asd_network_config_set_layers (&config, bad[i]) != NULL, "%s",
        bad[i]);
  text = asd_network_config_get_layers (&config);
  fail_unless_equals_string (text, "128,8,128");
  config.batch_size = 1;
  fail_unless (strstr (asd_network_config_check (&config), "at least 2") !=
      NULL);
  config.batch_size = 2;
  config.dropout = 1;
  fail_unless (strstr (asd_network_config_check (&config), "dropout") != NULL);
  config.dropout = 0;
  config.learning_rate = NAN;
  fail_unless (strstr (asd_network_config_check (&config), "learning-rate") !=
      NULL);
}

GST_END_TEST;

static Suite *
networktrain_suite (void)
{
  Suite *s = suite_create ("networktrain");
  TCase *tc = tcase_create ("general");
  const int n_nets = ASD_NET_DENOISING + 1;

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_gradients, 0, ASD_N_MODULE_TYPES);
  tcase_add_test (tc, test_squared_error);
  tcase_add_test (tc, test_adam);
  tcase_add_loop_test (tc, test_learns, 0, n_nets);
  tcase_add_test (tc, test_reproducible);
  tcase_add_test (tc, test_noise);
  tcase_add_test (tc, test_patience);
  tcase_add_test (tc, test_silence);
  tcase_add_loop_test (tc, test_constant_dimension, 0, n_nets);
  tcase_add_test (tc, test_diverges);
  tcase_add_test (tc, test_few_vectors);
  tcase_add_test (tc, test_cancel);
  tcase_add_loop_test (tc, test_save, 0, n_nets);
  tcase_add_test (tc, test_config);
  return s;
}

GST_CHECK_MAIN (networktrain);
