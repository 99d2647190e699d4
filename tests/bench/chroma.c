/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Prints the milliseconds that CENS of a clip of ten seconds takes, and its
 * parts, best of many runs. librosa beside it, where it is installed:
 *
 * OPENBLAS_NUM_THREADS=1 taskset -c 0 python3 -c "
 * import librosa, numpy, timeit
 * y = numpy.random.default_rng(1).uniform(-.1, .1, 160000).astype('f')
 * run = lambda: librosa.feature.chroma_cens(y=y, sr=16000)
 * run(), print(1e3 * min(timeit.repeat(run, number=1, repeat=20)), 'ms')"
 */

#include <asd/asd.h>

#define RATE 16000
#define SAMPLES (10 * RATE)
#define RUNS 50

typedef struct
{
  AsdTuning *tuning;
  AsdCqt *cqt, *other;
  AsdChroma *cens;
  float *in, *magnitudes, *frames;
  double other_tuning;
} Bench;

static void
run_tuning (Bench * bench)
{
  asd_tuning_estimate (bench->tuning, bench->in, SAMPLES);
}

static void
run_cqt (Bench * bench)
{
  asd_cqt_process (bench->cqt, bench->in, SAMPLES, 0, bench->magnitudes);
}

/* Not one of those that are kept, and one sample only. */
static void
run_filters (Bench * bench)
{
  bench->other_tuning += 0.0011;
  asd_cqt_process (bench->other, bench->in, 1, bench->other_tuning,
      bench->magnitudes);
}

static void
run_cens (Bench * bench)
{
  asd_chroma_process (bench->cens, bench->in, SAMPLES, bench->frames);
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
  g_print ("%-24s %.3f ms\n", name, best / 1e3);
}

int
main (void)
{
  const AsdChromaConfig config = ASD_CHROMA_CONFIG_INIT;
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  Bench bench = { 0 };

  bench.in = g_new (float, SAMPLES);
  for (guint i = 0; i < SAMPLES; i++)
    bench.in[i] = g_rand_double_range (rand, -0.1, 0.1);
  bench.tuning = asd_tuning_new (RATE);
  bench.cqt = asd_cqt_new (RATE, config.hop);
  bench.other = asd_cqt_new (RATE, config.hop);
  bench.cens = asd_chroma_new (&config);
  bench.magnitudes = g_new (float, ASD_CQT_BINS
      * asd_cqt_get_n_frames (bench.cqt, SAMPLES));
  bench.frames = g_new (float, ASD_CHROMA_COLUMNS
      * asd_chroma_get_n_frames (bench.cens, SAMPLES));

  measure ("tuning", run_tuning, &bench);
  measure ("constant Q", run_cqt, &bench);
  measure ("filters of a new tuning", run_filters, &bench);
  measure ("CENS", run_cens, &bench);

  asd_tuning_free (bench.tuning);
  asd_cqt_free (bench.cqt);
  asd_cqt_free (bench.other);
  asd_chroma_free (bench.cens);
  g_free (bench.in);
  g_free (bench.magnitudes);
  g_free (bench.frames);
  return 0;
}
