/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Prints what an epoch of the DCASE 2020 baseline takes: 30900 vectors of 640
 * values, batches of 512, no validation; and the scoring of 10 s of sound.
 * OPENBLAS_NUM_THREADS=1 and `taskset -c 0` make it one core. With "--npy FILE"
 * it writes its data there, for another program to be timed beside it. */

#include <asd/asd.h>
#include <math.h>

#define N 30900
#define DIM 640
#define FACTORS 12
#define FRAMES 309
#define EPOCHS 3

/* Smooth patterns that come and go, and a little noise: from 0 to about 1. */
static float *
make_vectors (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  float *x = g_new (float, (gsize) N * DIM);

  for (gsize i = 0; i < N; i++) {
    double level[FACTORS];

    for (gsize k = 0; k < FACTORS; k++)
      level[k] = g_rand_double (rand);
    for (gsize j = 0; j < DIM; j++) {
      double value = 0.1 * g_rand_double (rand);

      for (gsize k = 0; k < FACTORS; k++)
        value += level[k] * (1 + sin (0.01 * (k + 1) * j)) / (2 * FACTORS);
      x[i * DIM + j] = value;
    }
  }
  return x;
}

typedef struct
{
  gint64 start, best;
} Clock;

static void
report (guint epoch, guint epochs, double loss, double validation_loss,
    gpointer user_data)
{
  Clock *clock = user_data;
  gint64 now = g_get_monotonic_time ();

  clock->best = MIN (clock->best, now - clock->start);
  clock->start = now;
}

static double
time_score (AsdNetwork * network, const float *x)
{
  AsdNetworkRunner *runner = asd_network_runner_new (network);
  gint64 best = G_MAXINT64;

  for (guint i = 0; i < 50; i++) {
    gint64 start = g_get_monotonic_time ();

    asd_network_runner_score (runner, x, FRAMES, NULL);
    best = MIN (best, g_get_monotonic_time () - start);
  }
  asd_network_runner_free (runner);
  return best / 1e3;
}

int
main (int argc, char **argv)
{
  const gsize shape[] = { N, DIM };
  g_autofree float *x = make_vectors ();
  g_autoptr (AsdNetwork) network = NULL;
  AsdNetworkConfig config;
  Clock clock = { 0, G_MAXINT64 };

  if (argc > 2)
    return asd_npy_save (argv[2], ASD_NPY_F32, 2, shape, x, NULL) ? 0 : 1;
  asd_network_config_init (&config, ASD_NET_SIMPLE);
  config.epochs = EPOCHS;
  config.validation = 0;
  clock.start = g_get_monotonic_time ();
  network = asd_network_train (&config, x, N, DIM, report, &clock, NULL, NULL);
  g_print ("%-52s %9.3f ms\n", "epoch of the DCASE baseline, 30900 x 640",
      clock.best / 1e3);
  g_print ("%-52s %9.3f ms\n", "score of 309 x 640", time_score (network, x));
  return 0;
}
