/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Prints what mixtures and i-vectors take on one core, best of a few runs.
 * OPENBLAS_NUM_THREADS=1 and `taskset -c 0` make it one core. With "--npy DIR"
 * it writes its data there, for another program to be timed beside it. */

#include <asd/asd.h>
#include <math.h>

#define DIM 42
#define FRAMES 66500
#define CLIP 665
#define VECTORS 1000
#define VECTOR_DIM 100

typedef struct
{
  double *frames;               /* FRAMES x DIM */
  float *clip;                  /* CLIP x DIM */
  double *vectors;              /* VECTORS x VECTOR_DIM */
  AsdIvectorTrainer *trainer;
  AsdIvectorExtractor *extractor;
  AsdGmm *gmm;
} Bench;

static double
normal (GRand * rand)
{
  double radius = sqrt (-2 * log (1 - g_rand_double (rand)));

  return radius * cos (2 * G_PI * g_rand_double (rand));
}

/* Vectors around 64 overlapping centres. */
static double *
make_vectors (GRand * rand, gsize n, gsize dim)
{
  g_autofree double *centres = g_new (double, 64 * dim);
  double *x = g_new (double, n * dim);

  for (gsize i = 0; i < 64 * dim; i++)
    centres[i] = normal (rand);
  for (gsize i = 0; i < n; i++) {
    gsize c = g_rand_int_range (rand, 0, 64);

    for (gsize j = 0; j < dim; j++)
      x[i * dim + j] = centres[c * dim + j] + normal (rand);
  }
  return x;
}

static void
run_ubm (Bench * bench)
{
  const AsdUbmConfig config = ASD_UBM_CONFIG_INIT;

  asd_ubm_unref (asd_ubm_fit (&config, bench->frames, FRAMES, DIM, NULL, NULL,
          NULL, NULL));
}

static void
run_gmm (Bench * bench)
{
  const AsdGmmConfig config = ASD_GMM_CONFIG_INIT;

  g_clear_pointer (&bench->gmm, asd_gmm_unref);
  bench->gmm = asd_gmm_fit (&config, bench->vectors, VECTORS, VECTOR_DIM, NULL,
      NULL, NULL, NULL, NULL);
}

static void
run_gmm_score (Bench * bench)
{
  for (gsize i = 0; i < 500; i++)
    asd_gmm_score (bench->gmm, bench->vectors + i * VECTOR_DIM);
}

static void
run_trainer (Bench * bench)
{
  AsdIvector *model = asd_ivector_trainer_fit (bench->trainer, NULL, NULL, NULL,
      NULL);

  g_clear_pointer (&bench->extractor, asd_ivector_extractor_free);
  bench->extractor = asd_ivector_extractor_new (model);
  asd_ivector_unref (model);
}

static void
run_extractor (Bench * bench)
{
  double ivector[100];

  asd_ivector_extractor_process (bench->extractor, bench->clip, CLIP, ivector);
}

static void
measure (const char *name, guint runs, void (*run) (Bench *), Bench * bench)
{
  gint64 best = G_MAXINT64;

  for (guint i = 0; i < runs; i++) {
    gint64 start = g_get_monotonic_time ();

    run (bench);
    best = MIN (best, g_get_monotonic_time () - start);
  }
  g_print ("%-52s %9.3f ms\n", name, best / 1e3);
}

static gboolean
write_data (Bench * bench, const char *folder)
{
  const gsize frames[] = { FRAMES, DIM }, vectors[] = { VECTORS, VECTOR_DIM };
  g_autofree char *first = g_build_filename (folder, "frames.npy", NULL);
  g_autofree char *second = g_build_filename (folder, "vectors.npy", NULL);

  return asd_npy_save (first, ASD_NPY_F64, 2, frames, bench->frames, NULL)
      && asd_npy_save (second, ASD_NPY_F64, 2, vectors, bench->vectors, NULL);
}

int
main (int argc, char **argv)
{
  AsdIvectorConfig config = ASD_IVECTOR_CONFIG_INIT;
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  Bench bench = { NULL };

  bench.frames = make_vectors (rand, FRAMES, DIM);
  bench.vectors = make_vectors (rand, VECTORS, VECTOR_DIM);
  bench.clip = g_new (float, CLIP * DIM);
  if (argc > 2)
    return write_data (&bench, argv[2]) ? 0 : 1;

  config.iterations = 5;
  bench.trainer = asd_ivector_trainer_new (&config, DIM);
  for (gsize u = 0; u < FRAMES / CLIP; u++) {
    for (gsize i = 0; i < CLIP * DIM; i++)
      bench.clip[i] = bench.frames[u * CLIP * DIM + i];
    asd_ivector_trainer_add_clip (bench.trainer, bench.clip, CLIP, NULL);
  }
  measure ("UBM 64 x 42, 66500 frames, 10 k-means + 10 EM", 3, run_ubm, &bench);
  measure ("the same, and T of 100 dimensions, 5 EM, 100 clips", 3, run_trainer,
      &bench);
  measure ("statistics and i-vector of 665 frames", 50, run_extractor, &bench);
  measure ("GMM fit, 10 full, 1000 x 100", 10, run_gmm, &bench);
  measure ("GMM score, 500 x 100", 50, run_gmm_score, &bench);

  asd_ivector_extractor_free (bench.extractor);
  asd_ivector_trainer_free (bench.trainer);
  asd_gmm_unref (bench.gmm);
  g_free (bench.frames);
  g_free (bench.vectors);
  g_free (bench.clip);
  return 0;
}
