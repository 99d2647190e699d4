/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Prints the milliseconds that a clip of ten seconds takes in each part of the
 * signal processing, best of many runs. Times differ between machines: compare
 * with another program in the same minute on the same machine. */

#include <asd/asd.h>

#define RATE 16000
#define SAMPLES (10 * RATE)
#define RUNS 50

typedef struct
{
  AsdNoiseGate *gate;
  AsdModspec *modspec;
  AsdMfcc *mfcc;
  float *in, *gated;
  float energies[60 * ASD_MODSPEC_MODULATION_BANDS];
  float *frames;
} Bench;

static void
run_gate (Bench * bench)
{
  asd_noise_gate_process (bench->gate, bench->in, SAMPLES, bench->gated);
}

static void
run_modspec (Bench * bench)
{
  asd_modspec_process (bench->modspec, bench->in, SAMPLES, bench->energies);
}

static void
run_modspec_gated (Bench * bench)
{
  asd_modspec_process (bench->modspec, bench->gated, SAMPLES, bench->energies);
}

static void
run_mfcc (Bench * bench)
{
  asd_mfcc_process (bench->mfcc, bench->in, SAMPLES, bench->frames);
}

static void
measure (const char *name, void (*run) (Bench *), Bench * bench)
{
  gint64 best = G_MAXINT64;

  for (guint i = 0; i < RUNS; i++) {
    gint64 start = g_get_monotonic_time ();

    run (bench);
    best = MIN (best, g_get_monotonic_time () - start);
  }
  g_print ("%-14s %.3f ms\n", name, best / 1e3);
}

int
main (void)
{
  const AsdModspecConfig config = ASD_MODSPEC_CONFIG_INIT;
  const AsdMfccConfig mfcc_config = ASD_MFCC_CONFIG_INIT;
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  double threshold[ASD_NOISE_GATE_BINS];
  Bench bench;

  bench.in = g_new (float, SAMPLES);
  bench.gated = g_new (float, SAMPLES);
  for (guint i = 0; i < SAMPLES; i++)
    bench.in[i] = g_rand_double_range (rand, -0.1, 0.1);
  if (!asd_noise_profile (bench.in, SAMPLES, threshold, NULL))
    return 1;
  bench.gate = asd_noise_gate_new (threshold, 1);
  bench.modspec = asd_modspec_new (&config);
  bench.mfcc = asd_mfcc_new (&mfcc_config);
  bench.frames = g_new (float, asd_mfcc_get_n_frames (bench.mfcc, SAMPLES)
      * asd_mfcc_get_n_columns (bench.mfcc));

  measure ("noise gate", run_gate, &bench);
  measure ("modspec", run_modspec, &bench);
  measure ("modspec, gated", run_modspec_gated, &bench);
  measure ("mfcc", run_mfcc, &bench);

  asd_noise_gate_free (bench.gate);
  asd_modspec_free (bench.modspec);
  asd_mfcc_free (bench.mfcc);
  g_free (bench.frames);
  g_free (bench.in);
  g_free (bench.gated);
  return 0;
}
