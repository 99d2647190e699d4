/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../asdtest.h"

#include <asd/error.h>
#include <asd/graph.h>
#include <asd/metrics.h>
#include <string.h>

/* The definition, step by step: all distances with 999 on the diagonal, the
 * first smallest of each row, components by flooding. */
static gsize
fit_naively (const double *x, gsize n, gsize dim, gsize *cluster)
{
  g_autofree gsize *nearest = g_new (gsize, n);
  gsize n_clusters = 0;

  for (gsize i = 0; i < n; i++) {
    double best = INFINITY;

    cluster[i] = n;
    for (gsize j = 0; j < n; j++) {
      double d = 0;

      for (gsize k = 0; k < dim; k++)
        d += fabs (x[i * dim + k] - x[j * dim + k]);
      if (i == j)
        d = 999;
      if (d < best) {
        best = d;
        nearest[i] = j;
      }
    }
  }
  for (gsize first = 0; first < n; first++) {
    gboolean grown = cluster[first] == n;

    if (grown)
      cluster[first] = n_clusters++;
    while (grown) {
      grown = FALSE;
      for (gsize i = 0; i < n; i++) {
        gsize j = nearest[i];

        if (cluster[i] != cluster[j]) {
          cluster[i] = cluster[j] = MIN (cluster[i], cluster[j]);
          grown = TRUE;
        }
      }
    }
  }
  return n_clusters;
}

static double
score_naively (const double *train, gsize n, gsize dim, const gsize *cluster,
    gsize n_clusters, const double *x)
{
  double best = INFINITY;

  for (gsize c = 0; c < n_clusters; c++) {
    double sum = 0;

    for (gsize k = 0; k < dim; k++) {
      double mean = 0, variance = 0, count = 0;

      for (gsize i = 0; i < n; i++) {
        if (cluster[i] == c) {
          mean += train[i * dim + k];
          count++;
        }
      }
      mean /= count;
      for (gsize i = 0; i < n; i++) {
        if (cluster[i] == c)
          variance += pow (train[i * dim + k] - mean, 2);
      }
      sum += fabs (x[k] - mean) / (sqrt (variance / count) + 1e-6);
    }
    best = MIN (best, sum);
  }
  return best;
}

/* Small integers: distances are exact and many are tied. Every size below and
 * above a tile, and every remainder of the lanes. */
GST_START_TEST (test_against_definition)
{
  GRand *rand = g_rand_new_with_seed (2);

  for (int round = 0; round < 120; round++) {
    gsize n = g_rand_int_range (rand, 1, 60), dim = round % 40 + 1;
    /* Now and then so far apart that 999 decides. */
    int scale = round % 3 == 0 ? 333 : 1;
    g_autofree double *x = g_new (double, n * dim);
    g_autofree gsize *cluster = g_new (gsize, n);
    g_autoptr (AsdGraph) graph = NULL;
    gsize n_clusters;

    for (gsize i = 0; i < n * dim; i++)
      x[i] = scale * g_rand_int_range (rand, 0, 4);
    n_clusters = fit_naively (x, n, dim, cluster);
    graph = asd_graph_fit (x, n, dim, NULL, NULL);
    fail_unless (graph != NULL);
    fail_unless_equals_int (asd_graph_get_n_clusters (graph), n_clusters);
    fail_unless_equals_int (asd_graph_get_dim (graph), dim);
    fail_unless (memcmp (asd_graph_get_assignment (graph), cluster,
            n * sizeof *cluster) == 0, "round %d", round);

    for (int i = 0; i < 5; i++) {
      g_autofree double *y = g_new (double, dim);
      double expected, got;

      for (gsize k = 0; k < dim; k++)
        y[k] = scale * g_rand_double_range (rand, -1, 5);
      expected = score_naively (x, n, dim, cluster, n_clusters, y);
      got = asd_graph_score (graph, y, NULL);
      /* At most 40 terms in another order. */
      fail_unless (fabs (got - expected) <= 1e-12 * expected,
          "%.17g, expected %.17g", got, expected);
    }
  }
  g_rand_free (rand);
}

GST_END_TEST;

/* At exactly 999 the diagonal is one more tie: the lowest index wins. */
GST_START_TEST (test_diagonal)
{
  const double at[] = { 0, 999 }, beyond[] = { 0, 999.5 };
  const double three[] = { 0, 999, 1998 };
  AsdGraph *graph = asd_graph_fit (at, 2, 1, NULL, NULL);

  /* 0 joins itself, 999 joins 0. */
  fail_unless_equals_int (asd_graph_get_n_clusters (graph), 1);
  asd_graph_unref (graph);
  graph = asd_graph_fit (beyond, 2, 1, NULL, NULL);
  fail_unless_equals_int (asd_graph_get_n_clusters (graph), 2);
  asd_graph_unref (graph);
  graph = asd_graph_fit (three, 3, 1, NULL, NULL);
  fail_unless_equals_int (asd_graph_get_n_clusters (graph), 1);
  asd_graph_unref (graph);
}

GST_END_TEST;

GST_START_TEST (test_single)
{
  const double x[] = { 3, -4 }, y[] = { 3, -4.5 };
  GError *error = NULL;
  g_autoptr (AsdGraph) graph = asd_graph_fit (x, 1, 2, NULL, &error);
  gsize cluster = 7;

  g_assert_no_error (error);
  fail_unless_equals_int (asd_graph_get_n_clusters (graph), 1);
  fail_unless (memcmp (asd_graph_get_means (graph), x, sizeof x) == 0);
  fail_unless (asd_graph_get_deviations (graph)[0] == 1e-6);
  fail_unless (asd_graph_score (graph, x, &cluster) == 0);
  fail_unless_equals_int (cluster, 0);
  fail_unless (fabs (asd_graph_score (graph, y, NULL) - 0.5e6) < 1e-9);
}

GST_END_TEST;

GST_START_TEST (test_bad_data)
{
  const double nan[] = { 1, 2, NAN, 4 }, infinite[] = { 1, 2, 3, -INFINITY };
  const double huge[] = { 1.7e308, 0, 1.7e308, 0 };
  const double good[] = { 1, 2, 3, 4 };
  struct
  {
    const double *x;
    gsize n, dim;
    const char *reason;
  } cases[] = {
    {nan, 2, 2, "vector 2 of 2"},
    {infinite, 2, 2, "vector 2 of 2"},
    {good, 0, 2, "at least one window"},
    {good, 2, 0, "at least one window"},
    {huge, 2, 2, "scale them down"},
  };
  GCancellable *cancellable = g_cancellable_new ();
  GError *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    fail_unless (asd_graph_fit (cases[i].x, cases[i].n, cases[i].dim, NULL,
            &error) == NULL);
    fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA));
    fail_unless (strstr (error->message, cases[i].reason) != NULL, "%s",
        error->message);
    g_clear_error (&error);
  }

  g_cancellable_cancel (cancellable);
  fail_unless (asd_graph_fit (good, 2, 2, cancellable, &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_clear_error (&error);
  g_object_unref (cancellable);
}

GST_END_TEST;

GST_START_TEST (test_new)
{
  const double means[] = { 0, 0, 10, 10 }, x[] = { 9, 10 };
  const double nan[] = { NAN, 10 }, infinite[] = { 9, INFINITY };
  const double deviations[] = { 1, 1, 2, 2 };
  const double bad[][4] = {
    {1, 1, 0, 2}, {1, -1, 2, 2}, {NAN, 1, 2, 2}, {1, INFINITY, 2, 2},
  };
  GError *error = NULL;
  AsdGraph *graph = asd_graph_new (means, deviations, 2, 2, &error);
  gsize cluster;

  g_assert_no_error (error);
  fail_unless (asd_graph_ref (graph) == graph);
  asd_graph_unref (graph);
  fail_unless (asd_graph_get_assignment (graph) == NULL);
  fail_unless (asd_graph_score (graph, x, &cluster) == 0.5);
  fail_unless_equals_int (cluster, 1);
  fail_unless (isnan (asd_graph_score (graph, nan, NULL)));
  fail_unless (isinf (asd_graph_score (graph, infinite, NULL)));
  asd_graph_unref (graph);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    fail_unless (asd_graph_new (means, bad[i], 2, 2, &error) == NULL);
    fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_FORMAT));
    g_clear_error (&error);
  }
  fail_unless (asd_graph_new (bad[2], deviations, 2, 2, NULL) == NULL);
  fail_unless (asd_graph_new (means, deviations, 0, 2, NULL) == NULL);
}

GST_END_TEST;

static void
check_golden (const char *name)
{
  g_autofree char *train_path =
      g_strdup_printf ("golden/graph/%s_train.npy", name);
  g_autofree char *test_path =
      g_strdup_printf ("golden/graph/%s_test.npy", name);
  g_autofree char *cluster_path =
      g_strdup_printf ("golden/graph/%s_cluster.npy", name);
  g_autofree char *scores_path =
      g_strdup_printf ("golden/graph/%s_scores.npy", name);
  g_autofree char *nearest_path =
      g_strdup_printf ("golden/graph/%s_nearest_cluster.npy", name);
  g_autoptr (AsdNpy) train = asd_test_load (train_path);
  g_autoptr (AsdNpy) test = asd_test_load (test_path);
  g_autofree double *clusters = asd_test_load_doubles (cluster_path, NULL);
  g_autofree double *scores = asd_test_load_doubles (scores_path, NULL);
  g_autofree double *nearest = asd_test_load_doubles (nearest_path, NULL);
  gsize n = train->shape[0], dim = train->shape[1];
  g_autoptr (AsdGraph) graph = asd_graph_fit (train->data, n, dim, NULL, NULL);
  g_autoptr (AsdGraph) loaded =
      asd_graph_new (asd_graph_get_means (graph),
      asd_graph_get_deviations (graph), asd_graph_get_n_clusters (graph), dim,
      NULL);

  fail_unless (train->type == ASD_NPY_F64 && test->type == ASD_NPY_F64);
  for (gsize i = 0; i < n; i++)
    fail_unless (asd_graph_get_assignment (graph)[i] == clusters[i],
        "%s: vector %" G_GSIZE_FORMAT, name, i);
  for (gsize i = 0; i < test->shape[0]; i++) {
    const double *x = (const double *) test->data + i * dim;
    gsize cluster;
    double score = asd_graph_score (graph, x, &cluster);

    /* The README of the golden data asks for 1e-5; in double only the order
     * of summation differs. */
    fail_unless (fabs (score - scores[i]) <= 1e-9 * scores[i],
        "%s: %.17g, expected %.17g", name, score, scores[i]);
    fail_unless (cluster == nearest[i]);
    fail_unless (asd_graph_score (loaded, x, NULL) == score);
  }
}

GST_START_TEST (test_golden)
{
  check_golden ("motor");
  check_golden ("ties");
  check_golden ("far999");
}

GST_END_TEST;

/* Printed by tests/golden/graph_auc.py, which follows the definition. */
static const struct
{
  const char *machine;
  gsize n_clusters;
  double auc;
} real[] = {
  {"ToyCar/id_01", 228, 0.780681818181818},
  {"ToyCar/id_02", 231, 0.882619946091644},
  {"fan/id_00", 206, 0.630687960687961},
  {"fan/id_02", 186, 0.789693593314763},
  {"pump/id_00", 164, 0.855944055944056},
  {"pump/id_02", 149, 0.623873873873874},
  {"slider/id_00", 217, 0.999129213483146},
  {"slider/id_02", 210, 0.849550561797753},
  {"valve/id_00", 205, 1},
  {"valve/id_02", 144, 0.998416666666667},
};

GST_START_TEST (test_real)
{
  for (gsize m = 0; m < G_N_ELEMENTS (real); m++) {
    g_autofree char *folder =
        g_strconcat ("data/modspec/", real[m].machine, NULL);
    g_autofree char *train_path = g_strconcat (folder, "/train.npy", NULL);
    g_autofree char *test_path = g_strconcat (folder, "/test.npy", NULL);
    g_autofree char *labels_path =
        g_strconcat (folder, "/test_labels.npy", NULL);
    g_autoptr (AsdNpy) labels = asd_test_load (labels_path);
    gsize n_train, n_test, dim = 480;
    g_autofree double *train = asd_test_load_doubles (train_path, &n_train);
    g_autofree double *test = asd_test_load_doubles (test_path, &n_test);
    g_autofree double *scores = NULL;
    g_autoptr (AsdGraph) graph =
        asd_graph_fit (train, n_train / dim, dim, NULL, NULL);
    double auc;

    n_test /= dim;
    scores = g_new (double, n_test);
    for (gsize i = 0; i < n_test; i++)
      scores[i] = asd_graph_score (graph, test + i * dim, NULL);
    fail_unless_equals_int (labels->n_elements, n_test);
    auc = asd_auc (scores, labels->data, n_test);
    fail_unless_equals_int (asd_graph_get_n_clusters (graph),
        real[m].n_clusters);
    /* Both sides are double, and no two clips are so near each other that the
     * order of summation would exchange their ranks. */
    fail_unless (fabs (auc - real[m].auc) < 1e-12, "%s: %.15g",
        real[m].machine, auc);
  }
}

GST_END_TEST;

static Suite *
graph_suite (void)
{
  Suite *suite = suite_create ("graph");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_against_definition);
  tcase_add_test (tc, test_diagonal);
  tcase_add_test (tc, test_single);
  tcase_add_test (tc, test_bad_data);
  tcase_add_test (tc, test_new);
  asd_test_add_golden (tc, test_golden);
  asd_test_add_golden (tc, test_real);
  return suite;
}

ASD_TEST_MAIN (graph);
