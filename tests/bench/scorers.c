/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Prints what scorers take on one core, best of a few runs. OPENBLAS_NUM_THREADS=1
 * and `taskset -c 0` make it one core. With "--npy DIR" it writes its data there,
 * on which scikit-learn takes (in its folder, run after this program)
 *
 * OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 taskset -c 0 python3 -m timeit -u msec
 *   -s 'import numpy, sklearn.neighbors as s'
 *   -s 'm = s.LocalOutlierFactor(n_neighbors=20, novelty=True)'
 *   -s 'm.fit(numpy.load("train.npy")); x = numpy.load("test.npy")'
 *   'm.score_samples(x)'
 *
 * and the same with sklearn.ensemble and IsolationForest(). */

#include <asd/asd.h>
#include <math.h>

#define DIM 88
#define TRAIN 1000
#define TEST 500
#define ROUNDS 40

typedef struct
{
  double *train;                /* TRAIN x DIM */
  double *test;                 /* TEST x DIM */
  AsdLof *lof;
  AsdKnn *knn;
  AsdIforest *forest;
  AsdMahalanobis *mahalanobis;
  double scores[TEST];
} Bench;

static double
normal (GRand * rand)
{
  double radius = sqrt (-2 * log (1 - g_rand_double (rand)));

  return radius * cos (2 * G_PI * g_rand_double (rand));
}

static double *
make_vectors (GRand * rand, gsize n)
{
  double *x = g_new (double, n * DIM);

  for (gsize i = 0; i < n * DIM; i++)
    x[i] = (float) normal (rand);
  return x;
}

static void
fit_lof (Bench * bench)
{
  g_clear_pointer (&bench->lof, asd_lof_free);
  bench->lof = asd_lof_fit (bench->train, TRAIN, DIM, 20, NULL, NULL);
}

static void
score_lof (Bench * bench)
{
  asd_lof_score (bench->lof, bench->test, TEST, bench->scores, NULL);
}

static void
score_lof_singly (Bench * bench)
{
  for (gsize i = 0; i < TEST; i++)
    asd_lof_score (bench->lof, bench->test + i * DIM, 1, bench->scores + i,
        NULL);
}

static void
fit_knn (Bench * bench)
{
  g_clear_pointer (&bench->knn, asd_knn_free);
  bench->knn = asd_knn_fit (ASD_KNN_DENSITY, bench->train, TRAIN, DIM, 4, NULL,
      NULL);
}

static void
score_knn (Bench * bench)
{
  asd_knn_score (bench->knn, bench->test, TEST, bench->scores, NULL);
}

static void
fit_iforest (Bench * bench)
{
  const AsdIforestConfig config = ASD_IFOREST_CONFIG_INIT;

  g_clear_pointer (&bench->forest, asd_iforest_free);
  bench->forest = asd_iforest_fit (&config, bench->train, TRAIN, DIM, NULL,
      NULL);
}

static void
score_iforest (Bench * bench)
{
  for (gsize i = 0; i < TEST; i++)
    bench->scores[i] = asd_iforest_score (bench->forest, bench->test + i * DIM);
}

static void
fit_mahalanobis (Bench * bench)
{
  g_clear_pointer (&bench->mahalanobis, asd_mahalanobis_free);
  bench->mahalanobis = asd_mahalanobis_fit (bench->train, TRAIN, DIM, NULL);
}

static void
score_mahalanobis (Bench * bench)
{
  for (gsize i = 0; i < TEST; i++)
    bench->scores[i] = asd_mahalanobis_score (bench->mahalanobis,
        bench->test + i * DIM);
}

static void
measure (const char *name, void (*run) (Bench *), Bench * bench)
{
  gint64 best = G_MAXINT64;

  for (guint i = 0; i < ROUNDS; i++) {
    gint64 start = g_get_monotonic_time ();

    run (bench);
    best = MIN (best, g_get_monotonic_time () - start);
  }
  g_print ("%s\t%.3f\tms\n", name, best / 1e3);
}

static gboolean
write_data (Bench * bench, const char *folder)
{
  const gsize train[] = { TRAIN, DIM }, test[] = { TEST, DIM };
  g_autofree char *first = g_build_filename (folder, "train.npy", NULL);
  g_autofree char *second = g_build_filename (folder, "test.npy", NULL);

  return asd_npy_save (first, ASD_NPY_F64, 2, train, bench->train, NULL)
      && asd_npy_save (second, ASD_NPY_F64, 2, test, bench->test, NULL);
}

int
main (int argc, char **argv)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  Bench bench = { NULL };

  bench.train = make_vectors (rand, TRAIN);
  bench.test = make_vectors (rand, TEST);
  if (argc > 2)
    return write_data (&bench, argv[2]) ? 0 : 1;

  measure ("LOF fit", fit_lof, &bench);
  measure ("LOF score", score_lof, &bench);
  measure ("LOF score, one by one", score_lof_singly, &bench);
  measure ("kNN fit", fit_knn, &bench);
  measure ("kNN score", score_knn, &bench);

  measure ("isolation forest fit", fit_iforest, &bench);
  measure ("isolation forest score", score_iforest, &bench);
  measure ("Mahalanobis fit", fit_mahalanobis, &bench);
  measure ("Mahalanobis score", score_mahalanobis, &bench);

  asd_iforest_free (bench.forest);
  asd_mahalanobis_free (bench.mahalanobis);
  asd_lof_free (bench.lof);
  asd_knn_free (bench.knn);
  g_free (bench.train);
  g_free (bench.test);
  return 0;
}
