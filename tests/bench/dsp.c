/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Prints the milliseconds that a clip of ten seconds takes in each part of the
 * signal processing, best of many runs. Times differ between machines: compare
 * with another program in the same minute on the same machine. What log-mel is
 * compared with, x being ten seconds of float32, in a Python with librosa 0.10.1,
 * OPENBLAS_NUM_THREADS=1 and both programs below taskset -c 0:
 *
 *   min (timeit.repeat (lambda: 10 * np.log10 (librosa.feature.melspectrogram (
 *       y=x, sr=16000, n_fft=2048, hop_length=512, n_mels=64) + 2.22e-16),
 *       number=1, repeat=50)) */

#include <asd/asd.h>

#define RATE 16000
#define SAMPLES (10 * RATE)
#define RUNS 50

typedef struct
{
  AsdNoiseGate *gate;
  AsdModspec *modspec;
  AsdMfcc *mfcc;
  AsdLogMel *log_mel;
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
  g_print ("%-16s %.3f ms\n", name, best / 1e3);
}

static void
run_log_mel (Bench * bench)
{
  asd_log_mel_process (bench->log_mel, bench->in, SAMPLES, bench->frames);
}

static void
measure_mfcc (const char *name, AsdMfccConfig config, Bench * bench)
{
  bench->mfcc = asd_mfcc_new (&config);
  bench->frames = g_new (float, asd_mfcc_get_n_frames (bench->mfcc, SAMPLES)
      * asd_mfcc_get_n_columns (bench->mfcc));
  measure (name, run_mfcc, bench);
  g_clear_pointer (&bench->mfcc, asd_mfcc_free);
  g_free (bench->frames);
}

static void
measure_log_mel (const char *name, AsdLogMelVariant variant, guint bands,
    guint n_fft, Bench * bench)
{
  AsdLogMelConfig config;

  asd_log_mel_config_init (&config, variant, RATE);
  config.bands = bands;
  if (n_fft != 0)
    config.n_fft = n_fft;
  bench->log_mel = asd_log_mel_new (&config);
  bench->frames = g_new (float, bands
      * asd_log_mel_get_n_frames (bench->log_mel, SAMPLES));
  measure (name, run_log_mel, bench);
  g_clear_pointer (&bench->log_mel, asd_log_mel_free);
  g_free (bench->frames);
}

int
main (void)
{
  const AsdModspecConfig config = ASD_MODSPEC_CONFIG_INIT;
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

  measure ("noise gate", run_gate, &bench);
  measure ("modspec", run_modspec, &bench);
  measure ("modspec, gated", run_modspec_gated, &bench);
  measure_mfcc ("mfcc", (AsdMfccConfig) ASD_MFCC_CONFIG_INIT, &bench);
  measure_mfcc ("mfcc librosa", (AsdMfccConfig) ASD_MFCC_LIBROSA_INIT, &bench);
  measure_mfcc ("mfcc torchaudio", (AsdMfccConfig) ASD_MFCC_TORCHAUDIO_INIT,
      &bench);
  measure_log_mel ("log-mel 64/2048", ASD_LOG_MEL_PLAIN, 64, 2048, &bench);
  measure_log_mel ("log-mel 128/1024", ASD_LOG_MEL_PLAIN, 128, 1024, &bench);
  measure_log_mel ("lmfe", ASD_LOG_MEL_SPEECHPY, 64, 0, &bench);
  measure_log_mel ("lmfe with quirk", ASD_LOG_MEL_SPEECHPY_QUIRK, 64, 0,
      &bench);

  asd_noise_gate_free (bench.gate);
  asd_modspec_free (bench.modspec);
  g_free (bench.in);
  g_free (bench.gated);
  return 0;
}
