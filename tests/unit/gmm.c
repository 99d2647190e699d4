/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "em.h"

#include <asd/gmm.h>
#include <asd/kmeans.h>

static void
check_golden (const char *folder, guint expected_iterations)
{
  g_autofree char *train_path = g_strdup_printf ("golden/%s/train.npy", folder);
  g_autofree char *test_path = g_strdup_printf ("golden/%s/test.npy", folder);
  g_autofree char *label_path =
      g_strdup_printf ("golden/%s/init_labels.npy", folder);
  g_autoptr (AsdNpy) train = asd_test_load (train_path);
  g_autoptr (AsdNpy) test = asd_test_load (test_path);
  g_autoptr (AsdNpy) label = asd_test_load (label_path);
  const gsize n = train->shape[0], dim = train->shape[1];
  g_autofree double *x = asd_npy_get_doubles (train);
  g_autofree double *y = asd_npy_get_doubles (test);
  g_autofree double *scores = g_new (double, test->shape[0]);
  AsdGmmConfig config = ASD_GMM_CONFIG_INIT;
  EmProgress progress = { NULL };
  GError *error = NULL;
  g_autoptr (AsdGmm) gmm = asd_gmm_fit (&config, x, n, dim, label->data,
      em_progress, &progress, NULL, &error);
  struct
  {
    const char *name;
    const double *values;
    gsize n;
  } results[] = {
    {"weights", asd_gmm_get_weights (gmm), 10},
    {"means", asd_gmm_get_means (gmm), 10 * dim},
    {"covariances", asd_gmm_get_covariances (gmm), 10 * dim * dim},
    {"nll", scores, test->shape[0]},
  };

  g_assert_no_error (error);
  fail_unless (label->type == ASD_NPY_I32);
  fail_unless_equals_int (progress.n, expected_iterations);
  for (gsize i = 0; i < test->shape[0]; i++)
    scores[i] = asd_gmm_score (gmm, y + i * dim);
  /* golden/README.md asks for 1e-9 from double input; only the order of
   * summation differs. */
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++) {
    g_autofree char *path =
        g_strdup_printf ("golden/%s/%s.npy", folder, results[i].name);

    em_check_golden (results[i].values, path, results[i].n, 1e-9);
  }
}

GST_START_TEST (test_golden)
{
  check_golden ("gmm_em", 30);
  check_golden ("gmm_full", 2);
}

GST_END_TEST;

static void
record_bound (const char *what, guint iteration, guint max_iterations,
    double log_likelihood, gpointer user_data)
{
  double *bounds = user_data;

  fail_unless (iteration <= 30);
  bounds[iteration - 1] = log_likelihood;
}

GST_START_TEST (test_golden_bounds)
{
  g_autofree double *x = asd_test_load_doubles ("golden/gmm_em/train.npy",
      NULL);
  g_autoptr (AsdNpy) label = asd_test_load ("golden/gmm_em/init_labels.npy");
  AsdGmmConfig config = ASD_GMM_CONFIG_INIT;
  double bounds[30] = { 0 };
  g_autoptr (AsdGmm) gmm = asd_gmm_fit (&config, x, 900, 6, label->data,
      record_bound, bounds, NULL, NULL);

  fail_unless (gmm != NULL);
  /* As above. */
  em_check_golden (bounds, "golden/gmm_em/lower_bounds.npy", 30, 1e-9);
}

GST_END_TEST;

/* The density written down: Gauss-Jordan instead of Cholesky. */
static double
score_naively (const AsdGmm * gmm, const double *x)
{
  const gsize dim = asd_gmm_get_dim (gmm);
  const gboolean diagonal = asd_gmm_get_covariance (gmm) == ASD_GMM_DIAGONAL;
  double p = 0;

  for (gsize c = 0; c < asd_gmm_get_n_components (gmm); c++) {
    const double *m = asd_gmm_get_means (gmm) + c * dim;
    const double *s = asd_gmm_get_covariances (gmm) +
        c * dim * (diagonal ? 1 : dim);
    g_autofree double *a = g_new0 (double, dim * (dim + 1));
    double det = 1, sum = 0;

    for (gsize i = 0; i < dim; i++) {
      for (gsize j = 0; j < dim; j++)
        a[i * (dim + 1) + j] = !diagonal ? s[i * dim + j] : i == j ? s[i] : 0;
      a[i * (dim + 1) + dim] = x[i] - m[i];
    }
    for (gsize i = 0; i < dim; i++) {
      double pivot = a[i * (dim + 1) + i];

      det *= pivot;
      for (gsize j = 0; j <= dim; j++)
        a[i * (dim + 1) + j] /= pivot;
      for (gsize k = 0; k < dim; k++) {
        double factor = a[k * (dim + 1) + i];

        for (gsize j = 0; k != i && j <= dim; j++)
          a[k * (dim + 1) + j] -= factor * a[i * (dim + 1) + j];
      }
    }
    for (gsize i = 0; i < dim; i++)
      sum += (x[i] - m[i]) * a[i * (dim + 1) + dim];
    p += asd_gmm_get_weights (gmm)[c] * exp (-0.5 * sum) /
        sqrt (det * pow (2 * G_PI, dim));
  }
  return -log (p);
}

/* 200 random problems. The regularisation makes each step a little less than a
 * maximisation: here it is 1e-12 of the smallest variances, and 1e-9 leaves
 * room for rounding. Shrunk covariances do not maximise the likelihood. */
GST_START_TEST (test_likelihood_never_falls)
{
  GRand *rand = g_rand_new_with_seed (3);

  for (int round = 0; round < 200; round++) {
    gsize dim = g_rand_int_range (rand, 1, 12), k = g_rand_int_range (rand, 1,
        6);
    gsize n = k * dim * 6 + g_rand_int_range (rand, 10, 300);
    AsdGmmConfig config = {
      k, round % 2 ? ASD_GMM_FULL : ASD_GMM_DIAGONAL, 1e-12, 1e-7, 60, 1, round
    };
    EmProgress progress = { NULL };
    g_autofree double *x = em_problem (rand, n, dim, k + round % 3);
    GError *error = NULL;
    g_autoptr (AsdGmm) gmm = asd_gmm_fit (&config, x, n, dim, NULL,
        em_progress, &progress, NULL, &error);

    g_assert_no_error (error);
    fail_unless (progress.n >= 2);
    fail_unless (progress.largest_fall <= 1e-9, "round %d: falls by %g", round,
        progress.largest_fall);
    for (gsize i = 0; i < 5; i++) {
      double score = asd_gmm_score (gmm, x + i * dim);
      double naive = score_naively (gmm, x + i * dim);

      /* Rounding of another way to invert. */
      fail_unless (fabs (score - naive) <= 1e-8 * (1 + fabs (naive)),
          "round %d: %.17g, expected %.17g", round, score, naive);
    }
  }
  g_rand_free (rand);
}

GST_END_TEST;

/* Ledoit and Wolf's estimate from its definition, for one component. */
GST_START_TEST (test_shrinkage)
{
  AsdGmmConfig config = { 1, ASD_GMM_SHRUNK, 0, 1e-3, 100, 1, 0 };
  const gsize n = 30, dim = 12;
  GRand *rand = g_rand_new_with_seed (4);
  g_autofree double *x = em_problem (rand, n, dim, 2);
  g_autoptr (AsdGmm) gmm = asd_gmm_fit (&config, x, n, dim, NULL, NULL, NULL,
      NULL, NULL);
  const double *mean = asd_gmm_get_means (gmm);
  double s[12][12] = { {0} }, mu = 0, delta = 0, beta = 0, shrinkage;

  for (gsize i = 0; i < n; i++) {
    for (gsize a = 0; a < dim; a++) {
      for (gsize b = 0; b < dim; b++)
        s[a][b] += (x[i * dim + a] - mean[a]) * (x[i * dim + b] - mean[b]) / n;
    }
  }
  for (gsize a = 0; a < dim; a++)
    mu += s[a][a] / dim;
  for (gsize a = 0; a < dim; a++) {
    for (gsize b = 0; b < dim; b++) {
      delta += pow (s[a][b] - (a == b ? mu : 0), 2);
      for (gsize i = 0; i < n; i++)
        beta += pow ((x[i * dim + a] - mean[a]) * (x[i * dim + b] - mean[b]) -
            s[a][b], 2) / n / n;
    }
  }
  shrinkage = MIN (beta / delta, 1);
  fail_unless (shrinkage > 0.01 && shrinkage < 0.99, "%g", shrinkage);
  for (gsize a = 0; a < dim; a++) {
    for (gsize b = 0; b < dim; b++) {
      double expected = (1 - shrinkage) * s[a][b] +
          (a == b ? shrinkage * mu : 0);

      /* Another order of summation. */
      fail_unless (fabs (asd_gmm_get_covariances (gmm)[a * dim + b] - expected)
          <= 1e-10 * mu);
    }
  }
  fail_unless (asd_gmm_get_warning (gmm) == NULL);
  g_rand_free (rand);
}

GST_END_TEST;

GST_START_TEST (test_warnings)
{
  AsdGmmConfig config = ASD_GMM_CONFIG_INIT;
  GRand *rand = g_rand_new_with_seed (5);
  g_autofree double *x = em_problem (rand, 60, 20, 4);
  g_autofree double *same = g_new (double, 40);
  const double away[] = { 100, 100 };
  AsdGmm *gmm;

  for (gsize i = 0; i < 40; i++)
    same[i] = 0.1;
  /* Too few vectors for full covariances, enough for shrunk ones. */
  config.components = 4;
  gmm = asd_gmm_fit (&config, x, 60, 20, NULL, NULL, NULL, NULL, NULL);
  fail_unless (strstr (asd_gmm_get_warning (gmm), "shrunk or diagonal"));
  asd_gmm_unref (gmm);
  config.covariance = ASD_GMM_SHRUNK;
  gmm = asd_gmm_fit (&config, x, 60, 20, NULL, NULL, NULL, NULL, NULL);
  fail_unless (asd_gmm_get_warning (gmm) == NULL, "%s",
      asd_gmm_get_warning (gmm));
  asd_gmm_unref (gmm);

  /* One iteration is not enough. */
  config.covariance = ASD_GMM_DIAGONAL;
  config.max_iterations = 1;
  gmm = asd_gmm_fit (&config, x, 60, 20, NULL, NULL, NULL, NULL, NULL);
  fail_unless (strstr (asd_gmm_get_warning (gmm), "more of them"));
  asd_gmm_unref (gmm);

  /* All vectors are the same and every dimension is constant. */
  for (guint covariance = 0; covariance <= ASD_GMM_SHRUNK; covariance++) {
    config = (AsdGmmConfig) ASD_GMM_CONFIG_INIT;
    config.covariance = covariance;
    gmm = asd_gmm_fit (&config, same, 20, 2, NULL, NULL, NULL, NULL, NULL);
    fail_unless (gmm != NULL);
    fail_unless_equals_int (asd_gmm_get_n_components (gmm), 1);
    fail_unless (fabs (asd_gmm_get_weights (gmm)[0] - 1) < 1e-12);
    fail_unless (strstr (asd_gmm_get_warning (gmm), "9 of 10"));
    fail_unless (isfinite (asd_gmm_score (gmm, same)));
    fail_unless (asd_gmm_score (gmm, away) > asd_gmm_score (gmm, same));
    asd_gmm_unref (gmm);
  }

  /* A single vector. */
  config = (AsdGmmConfig) ASD_GMM_CONFIG_INIT;
  config.components = 1;
  gmm = asd_gmm_fit (&config, same, 1, 2, NULL, NULL, NULL, NULL, NULL);
  fail_unless (gmm != NULL && asd_gmm_get_warning (gmm) != NULL);
  /* -ln of a normal density with variance 1e-6 in two dimensions. */
  fail_unless (fabs (asd_gmm_score (gmm, same) - log (2 * G_PI * 1e-6)) < 1e-9);
  asd_gmm_unref (gmm);
  g_rand_free (rand);
}

GST_END_TEST;

GST_START_TEST (test_bad_data)
{
  AsdGmmConfig config = ASD_GMM_CONFIG_INIT;
  double x[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  const guint labels[] = { 0, 1, 2, 0 };
  GCancellable *cancellable = g_cancellable_new ();
  EmProgress progress = { NULL, 0, 0, 0, cancellable };
  GError *error = NULL;

  fail_unless (asd_gmm_fit (&config, x, 4, 2, NULL, NULL, NULL, NULL, &error)
      == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "fewer components");
  config.components = 2;
  fail_unless (asd_gmm_fit (&config, x, 4, 2, labels, NULL, NULL, NULL, &error)
      == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "number them from 0");
  /* On one line: singular without regularisation. */
  config.regularisation = 0;
  fail_unless (asd_gmm_fit (&config, x, 4, 2, NULL, NULL, NULL, NULL, &error)
      == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "shrunk or diagonal");
  config.regularisation = 1e-6;
  fail_unless (asd_gmm_fit (&config, x, 4, 2, NULL, em_progress, &progress,
          cancellable, &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_clear_error (&error);
  x[2] = NAN;
  fail_unless (asd_gmm_fit (&config, x, 4, 2, NULL, NULL, NULL, NULL, &error)
      == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "vector 2 of 4");
  x[2] = 1e200;
  fail_unless (asd_gmm_fit (&config, x, 4, 2, labels + 2, NULL, NULL, NULL,
          &error) == NULL);
  g_clear_error (&error);
  fail_unless (asd_gmm_fit (&config, x, 4, 2, NULL, NULL, NULL, NULL, &error)
      == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "scale them down");
  g_object_unref (cancellable);
}

GST_END_TEST;

GST_START_TEST (test_config)
{
  const AsdGmmConfig good = ASD_GMM_CONFIG_INIT;
  AsdGmmConfig config = good;

  fail_unless (asd_gmm_config_check (&config) == NULL);
  config.components = 0;
  fail_unless (strstr (asd_gmm_config_check (&config), "components"));
  config = good;
  config.covariance = 3;
  fail_unless (strstr (asd_gmm_config_check (&config), "covariance"));
  config = good;
  config.regularisation = NAN;
  fail_unless (strstr (asd_gmm_config_check (&config), "regularisation"));
  config = good;
  config.tolerance = -1;
  fail_unless (strstr (asd_gmm_config_check (&config), "tolerance"));
  config = good;
  config.max_iterations = 0;
  fail_unless (strstr (asd_gmm_config_check (&config), "max-iterations"));
  config = good;
  config.restarts = 0;
  fail_unless (strstr (asd_gmm_config_check (&config), "restarts"));
}

GST_END_TEST;

/* Restarts never make the fit less likely, and a seed repeats it. */
GST_START_TEST (test_restarts)
{
  GRand *rand = g_rand_new_with_seed (6);

  for (int round = 0; round < 20; round++) {
    AsdGmmConfig config = ASD_GMM_CONFIG_INIT;
    g_autofree double *x = em_problem (rand, 200, 3, 6);
    double one = 0, many = 0;
    AsdGmm *first, *again, *best;

    config.components = 6;
    config.tolerance = 1e-6;
    config.seed = round;
    first = asd_gmm_fit (&config, x, 200, 3, NULL, NULL, NULL, NULL, NULL);
    again = asd_gmm_fit (&config, x, 200, 3, NULL, NULL, NULL, NULL, NULL);
    config.restarts = 5;
    best = asd_gmm_fit (&config, x, 200, 3, NULL, NULL, NULL, NULL, NULL);
    for (gsize i = 0; i < 200; i++) {
      one -= asd_gmm_score (first, x + i * 3);
      many -= asd_gmm_score (best, x + i * 3);
      fail_unless (asd_gmm_score (first, x + i * 3) ==
          asd_gmm_score (again, x + i * 3));
    }
    /* The last step after the likelihood that is compared may gain 1e-6 each. */
    fail_unless (many >= one - 1e-3, "%g, %g", many, one);
    asd_gmm_unref (first);
    asd_gmm_unref (again);
    asd_gmm_unref (best);
  }
  g_rand_free (rand);
}

GST_END_TEST;

static AsdGmm *
load (AsdGmmCovariance covariance, const double *weights, const double *means,
    const double *covariances, GError ** error)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModelSection) section = NULL;
  gsize shape[3] = { 2, 2, 2 };

  asd_model_writer_set_stage (writer, "s", "gmm");
  asd_model_writer_set_string (writer, "covariance",
      asd_gmm_covariance_values ()[covariance].value_nick);
  asd_model_writer_add_f64 (writer, "weights", weights, 1, shape);
  asd_model_writer_add_f64 (writer, "means", means, 2, shape);
  asd_model_writer_add_f64 (writer, "covariances", covariances,
      covariance == ASD_GMM_DIAGONAL ? 2 : 3, shape);
  section = em_through_file (writer);
  return asd_gmm_load (section, error);
}

GST_START_TEST (test_save_and_load)
{
  const double weights[] = { 0.25, 0.75 }, means[] = { 0, 1, 2, 3 };
  const double full[] = { 2, 1, 1, 2, 1, 0, 0, 1 };
  const double bad_weights[][2] = { {0.5, 0.75}, {1, 0}, {1.5, -0.5} };
  const double bad_full[][8] = {
    {2, 1, 0, 2, 1, 0, 0, 1}, {1, 2, 2, 1, 1, 0, 0, 1},
    {2, 1, 1, 2, 0, 0, 0, 1},
  };
  const double bad_diagonal[] = { 1, 1, 0, 1 };
  GRand *rand = g_rand_new_with_seed (7);
  GError *error = NULL;
  AsdGmm *gmm;

  for (guint covariance = 0; covariance <= ASD_GMM_SHRUNK; covariance++) {
    AsdGmmConfig config = { 3, covariance, 1e-6, 1e-3, 100, 1, 1 };
    g_autofree double *x = em_problem (rand, 300, 9, 3);
    g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
    g_autoptr (AsdModelSection) section = NULL;
    g_autoptr (AsdGmm) fitted = asd_gmm_fit (&config, x, 300, 9, NULL, NULL,
        NULL, NULL, NULL);
    g_autoptr (AsdGmm) loaded = NULL;

    asd_model_writer_set_stage (writer, "s", "gmm");
    asd_gmm_save (fitted, writer);
    section = em_through_file (writer);
    loaded = asd_gmm_load (section, &error);
    g_assert_no_error (error);
    fail_unless (asd_gmm_get_covariance (loaded) == covariance);
    for (gsize i = 0; i < 300; i++)
      fail_unless (asd_gmm_score (fitted, x + i * 9) ==
          asd_gmm_score (loaded, x + i * 9));
  }

  gmm = load (ASD_GMM_FULL, weights, means, full, &error);
  g_assert_no_error (error);
  asd_gmm_unref (asd_gmm_ref (gmm));
  asd_gmm_unref (gmm);
  for (gsize i = 0; i < G_N_ELEMENTS (bad_weights); i++) {
    fail_unless (load (ASD_GMM_FULL, bad_weights[i], means, full, &error) ==
        NULL);
    em_check_error (&error, ASD_ERROR_FORMAT, "weights");
  }
  for (gsize i = 0; i < G_N_ELEMENTS (bad_full); i++) {
    fail_unless (load (ASD_GMM_SHRUNK, weights, means, bad_full[i], &error) ==
        NULL);
    em_check_error (&error, ASD_ERROR_FORMAT, "positive definite");
  }
  fail_unless (load (ASD_GMM_DIAGONAL, weights, means, bad_diagonal, &error) ==
      NULL);
  em_check_error (&error, ASD_ERROR_FORMAT, "positive definite");
  g_rand_free (rand);
}

GST_END_TEST;

GST_START_TEST (test_score_of_bad_vectors)
{
  const double weights[] = { 0.25, 0.75 }, means[] = { 0, 1, 2, 3 };
  const double variances[] = { 1, 1, 1, 1 };
  const double nan[] = { NAN, 0 }, infinite[] = { INFINITY, 0 };
  const double far[] = { 1e6, 0 };
  g_autoptr (AsdGmm) gmm = asd_gmm_new (ASD_GMM_DIAGONAL, weights, means,
      variances, 2, 2, NULL);

  fail_unless (isnan (asd_gmm_score (gmm, nan)));
  fail_unless (!isfinite (asd_gmm_score (gmm, infinite)));
  /* Where every density is 0 its logarithm is still known. */
  fail_unless (fabs (asd_gmm_score (gmm, far) / 5e11 - 1) < 1e-5);
}

GST_END_TEST;

/* Far-apart clusters are found, whatever their offset. */
GST_START_TEST (test_kmeans)
{
  GRand *rand = g_rand_new_with_seed (8);

  for (int round = 0; round < 100; round++) {
    const gsize k = g_rand_int_range (rand, 1, 8), n = 40 * k, dim = 3;
    const double offset = round % 2 ? 1e6 : 0;
    g_autofree double *x = g_new (double, n * dim);
    g_autofree double *centres = g_new (double, k * dim);
    g_autofree guint *labels = g_new (guint, n);
    double inertia, previous = INFINITY, expected = 0;

    for (gsize i = 0; i < n; i++) {
      for (gsize j = 0; j < dim; j++)
        x[i * dim + j] = offset + (j == 0 ? 1000.0 * (i % k) : 0) +
            g_rand_double (rand);
    }
    /* The same seed: the first iterations of the longer run. */
    for (guint iterations = 1; iterations < 6; iterations++) {
      g_autoptr (GRand) seed = g_rand_new_with_seed (round);

      fail_unless (asd_kmeans (x, n, dim, k, iterations, seed, centres, labels,
              &inertia, NULL, NULL));
      fail_unless (inertia <= previous * (1 + 1e-12));
      previous = inertia;
    }
    for (gsize i = 0; i < n; i++) {
      fail_unless_equals_int (labels[i], labels[i % k]);
      for (gsize j = 0; j < dim; j++)
        expected += pow (x[i * dim + j] - centres[labels[i] * dim + j], 2);
    }
    /* Offsets of 1e6 leave 1e-10 of each value. */
    fail_unless (fabs (inertia - expected) <= 1e-6 * expected);
  }
  g_rand_free (rand);
}

GST_END_TEST;

/* Of these seeds seven make a cluster lose all its vectors. None stays empty,
 * and centres are means after each iteration. */
GST_START_TEST (test_kmeans_empty)
{
  const double x[] = { 8, 9, 8, 0, 0, 4, 3, 8, 2 };
  const gsize n = G_N_ELEMENTS (x), k = 3;
  double centres[3];
  guint labels[G_N_ELEMENTS (x)];

  for (guint round = 0; round < 300 * 6; round++) {
    g_autoptr (GRand) rand = g_rand_new_with_seed (round / 6);

    fail_unless (asd_kmeans (x, n, 1, k, round % 6 + 1, rand, centres, labels,
            NULL, NULL, NULL));
    for (gsize c = 0; c < k; c++) {
      double sum = 0, count = 0;

      for (gsize i = 0; i < n; i++) {
        if (labels[i] == c) {
          sum += x[i];
          count++;
        }
      }
      fail_unless (count > 0, "round %u: cluster %u is empty", round,
          (guint) c);
      /* Rounding. */
      fail_unless (fabs (centres[c] - sum / count) < 1e-12, "round %u", round);
    }
  }
}

GST_END_TEST;

static Suite *
gmm_suite (void)
{
  Suite *suite = suite_create ("gmm");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_kmeans);
  tcase_add_test (tc, test_kmeans_empty);
  tcase_add_test (tc, test_likelihood_never_falls);
  tcase_add_test (tc, test_shrinkage);
  tcase_add_test (tc, test_warnings);
  tcase_add_test (tc, test_bad_data);
  tcase_add_test (tc, test_config);
  tcase_add_test (tc, test_restarts);
  tcase_add_test (tc, test_save_and_load);
  tcase_add_test (tc, test_score_of_bad_vectors);
  asd_test_add_golden (tc, test_golden);
  asd_test_add_golden (tc, test_golden_bounds);
  return suite;
}

ASD_TEST_MAIN (gmm);
