/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/neighbours.h>
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

/* The k nearest, one after the other, from all distances. */
static void
find_naively (const double *x, gsize n, gsize dim, const double *query,
    gssize own, gsize k, AsdNeighbour * found)
{
  g_autofree double *distances = g_new (double, n);

  for (gsize i = 0; i < n; i++) {
    distances[i] = 0;
    for (gsize j = 0; j < dim; j++)
      distances[i] += pow (query[j] - x[i * dim + j], 2);
    if ((gssize) i == own)
      distances[i] = INFINITY;
  }
  for (gsize place = 0; place < k; place++) {
    gsize best = 0;

    for (gsize i = 1; i < n; i++) {
      if (distances[i] < distances[best])
        best = i;
    }
    found[place].index = best;
    found[place].distance = sqrt (distances[best]);
    distances[best] = INFINITY;
  }
}

static void
check (const double *x, gsize n, gsize dim, const double *queries,
    gsize n_queries, gssize first, gsize k)
{
  AsdNeighbours *neighbours = asd_neighbours_new (x, n, dim);
  g_autofree AsdNeighbour *together = g_new (AsdNeighbour, n_queries * k);
  g_autofree AsdNeighbour *single = g_new (AsdNeighbour, k);
  g_autofree AsdNeighbour *expected = g_new (AsdNeighbour, k);

  asd_neighbours_find (neighbours, queries, n_queries, first, k, together);
  for (gsize i = 0; i < n_queries; i++) {
    const double *query = queries + i * dim;
    const gssize own = first < 0 ? -1 : first + (gssize) i;

    find_naively (x, n, dim, query, own, k, expected);
    asd_neighbours_find (neighbours, query, 1, own, k, single);
    for (gsize j = 0; j < k; j++) {
      const AsdNeighbour *got = &together[i * k + j];

      fail_unless (got->index == expected[j].index, "n %" G_GSIZE_FORMAT
          " dim %" G_GSIZE_FORMAT " k %" G_GSIZE_FORMAT ": %" G_GSIZE_FORMAT
          " at %.17g, expected %" G_GSIZE_FORMAT " at %.17g", n, dim, k,
          got->index, got->distance, expected[j].index, expected[j].distance);
      /* Another order of summation. */
      fail_unless (fabs (got->distance - expected[j].distance) <=
          1e-14 * expected[j].distance);
      /* Alone or together, to the bit. */
      fail_unless (got->index == single[j].index
          && got->distance == single[j].distance);
    }
  }
  asd_neighbours_free (neighbours);
}

/* Small integers, of which distances are exact and many are tied; every size
 * below and above what is done together, with and without the screening. */
GST_START_TEST (test_against_definition)
{
  GRand *rand = g_rand_new_with_seed (3);

  for (int round = 0; round < 60; round++) {
    const gsize n = g_rand_int_range (rand, 2, round % 3 ? 300 : 20);
    const gsize dim = round % 40 + 1, n_queries = round % 80;
    const gsize k = g_rand_int_range (rand, 1, MIN (n, 30));
    g_autofree double *x = g_new (double, n * dim);
    g_autofree double *queries = g_new (double, n_queries * dim);

    for (gsize i = 0; i < n * dim; i++)
      x[i] = g_rand_int_range (rand, 0, 4);
    for (gsize i = 0; i < n_queries * dim; i++)
      queries[i] = g_rand_int_range (rand, -1, 5);
    check (x, n, dim, queries, n_queries, -1, k);
    check (x, n, dim, x, MIN (n, 70), 0, MIN (k, n - 1));
    check (x, n, dim, x + n / 2 * dim, n - n / 2, n / 2, MIN (k, n - 1));
  }
  g_rand_free (rand);
}

GST_END_TEST;

/* Where single precision, or |a|^2 + |b|^2 - 2 a'b in any precision, does not
 * tell vectors apart: clusters far from each other, units and offsets. */
GST_START_TEST (test_precision)
{
  static const struct
  {
    double unit, offset, spread;
  } cases[] = {
    {1, 0, 0}, {1e-30, 0, 0}, {1e-150, 0, 0}, {1e69, 0, 0}, {1, 1e6, 0},
    {1e-6, 1e3, 0}, {1e-9, 0, 1}, {1e-7, 0, 1e3}, {1, 0, 1e6},
  };
  const gsize n = 300, dim = 17, n_queries = 50;
  GRand *rand = g_rand_new_with_seed (4);

  for (gsize c = 0; c < G_N_ELEMENTS (cases); c++) {
    g_autofree double *x = g_new (double, n * dim);
    g_autofree double *queries = g_new (double, n_queries * dim);

    for (gsize i = 0; i < n * dim; i++)
      x[i] = cases[c].offset + cases[c].unit * g_rand_double (rand)
          + cases[c].spread * (i / dim % 3);
    for (gsize i = 0; i < n_queries * dim; i++)
      queries[i] = cases[c].offset + cases[c].unit * g_rand_double (rand)
          + cases[c].spread * (i / dim % 3);
    check (x, n, dim, queries, n_queries, -1, 7);
    check (x, n, dim, x, n, 0, 7);
  }
  g_rand_free (rand);
}

GST_END_TEST;

/* A query so far away that its products overflow in single precision. */
GST_START_TEST (test_far_query)
{
  const gsize n = 200, dim = 3;
  GRand *rand = g_rand_new_with_seed (5);
  g_autofree double *x = g_new (double, n * dim);

  for (gsize i = 0; i < n * dim; i++)
    x[i] = 1e-8 * g_rand_double (rand);
  for (double far = 1; far < 1e45; far *= 1e4) {
    const double queries[] = { far, -far, 0, 1e-8, far, far };

    check (x, n, dim, queries, 2, -1, 5);
  }
  g_rand_free (rand);
}

GST_END_TEST;

/* Nothing is read outside, whatever the query. */
GST_START_TEST (test_not_finite)
{
  const double bad[] = { NAN, INFINITY, -INFINITY, 1e200 };
  double x[200];
  AsdNeighbours *neighbours;
  AsdNeighbour found[10];

  for (gsize i = 0; i < 200; i++)
    x[i] = i % 7;
  neighbours = asd_neighbours_new (x, 100, 2);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    const double query[] = { 1, bad[i] };

    asd_neighbours_find (neighbours, query, 1, -1, 10, found);
    for (gsize j = 0; j < 10; j++)
      fail_unless (found[j].index < 100 && !isfinite (found[j].distance));
  }
  asd_neighbours_free (neighbours);
}

GST_END_TEST;

GST_START_TEST (test_cancel)
{
  const double x[] = { 1, 2, 3 };
  AsdNeighbours *neighbours = asd_neighbours_new (x, 3, 1);
  GCancellable *cancellable = g_cancellable_new ();
  GError *error = NULL;

  g_cancellable_cancel (cancellable);
  fail_unless (asd_neighbours_find_own (neighbours, 1, cancellable,
          &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_error_free (error);
  g_object_unref (cancellable);
  asd_neighbours_free (neighbours);
}

GST_END_TEST;

static Suite *
neighbours_suite (void)
{
  Suite *suite = suite_create ("neighbours");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_against_definition);
  tcase_add_test (tc, test_precision);
  tcase_add_test (tc, test_far_query);
  tcase_add_test (tc, test_not_finite);
  tcase_add_test (tc, test_cancel);
  return suite;
}

GST_CHECK_MAIN (neighbours);
