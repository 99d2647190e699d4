/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scorertest.h"

#include <asd/knn.h>

/* By hand: points 0, 1, 3 and two neighbours, of which 6 has 3 and 1. */
GST_START_TEST (test_by_hand)
{
  const double x[] = { 0, 1, 3 }, query = 6;
  g_autoptr (AsdKnn) none = asd_knn_fit (ASD_KNN_NONE, x, 3, 1, 2, NULL, NULL);
  g_autoptr (AsdKnn) density =
      asd_knn_fit (ASD_KNN_DENSITY, x, 3, 1, 2, NULL, NULL);
  double score;

  fail_unless (asd_knn_get_normalise (none) == ASD_KNN_NONE);
  fail_unless (asd_knn_get_warning (none) == NULL);
  asd_knn_score (none, &query, 1, &score, NULL);
  fail_unless (score == (3 + 5) / 2.);

  /* 3 is 2 and 3 away from its neighbours, 1 is 1 and 2 away. */
  fail_unless (asd_knn_get_normalise (density) == ASD_KNN_DENSITY);
  asd_knn_score (density, &query, 1, &score, NULL);
  fail_unless (fabs (score - 4 / ((2.5 + 1.5) / 2 + 1e-10)) < 1e-15);
}

GST_END_TEST;

/* One training vector is its own nearest neighbour to others, but has none. */
GST_START_TEST (test_few_vectors)
{
  const double x[] = { 3, 4 }, query[] = { 0, 0 };
  g_autoptr (AsdKnn) one = asd_knn_fit (ASD_KNN_NONE, x, 1, 2, 4, NULL, NULL);
  g_autoptr (AsdKnn) two =
      asd_knn_fit (ASD_KNN_DENSITY, x, 2, 1, 4, NULL, NULL);
  GError *error = NULL;
  double score;

  fail_unless_equals_int (asd_knn_get_neighbours (one), 1);
  fail_unless (strstr (asd_knn_get_warning (one), "for 4 neighbours, 1 are"));
  asd_knn_score (one, query, 1, &score, NULL);
  fail_unless (score == 5);
  fail_unless_equals_int (asd_knn_get_neighbours (two), 1);
  fail_unless (asd_knn_fit (ASD_KNN_DENSITY, x, 1, 2, 4, NULL, &error) == NULL);
  assert_data_error (&error, "only one training vector");
}

GST_END_TEST;

GST_START_TEST (test_duplicates)
{
  const double x[] = { 1, 1, 1, 9 }, queries[] = { 1, 2 };
  g_autoptr (AsdKnn) knn =
      asd_knn_fit (ASD_KNN_DENSITY, x, 4, 1, 2, NULL, NULL);
  double scores[2];

  fail_unless (strstr (asd_knn_get_warning (knn), "3 of 4 training vectors"));
  asd_knn_score (knn, queries, 2, scores, NULL);
  fail_unless (scores[0] == 0);
  fail_unless (fabs (scores[1] - 1e10) < 1, "%g", scores[1]);
}

GST_END_TEST;

GST_START_TEST (test_bad_data)
{
  const double nan[] = { 1, NAN }, same[] = { 2, 2 };
  g_autoptr (AsdKnn) none =
      asd_knn_fit (ASD_KNN_NONE, same, 2, 1, 1, NULL, NULL);
  GError *error = NULL;

  fail_unless (none != NULL);
  fail_unless (asd_knn_fit (ASD_KNN_NONE, nan, 2, 1, 1, NULL, &error) == NULL);
  assert_data_error (&error, "training vector 2 of 2");
  fail_unless (asd_knn_fit (ASD_KNN_NONE, nan, 0, 1, 1, NULL, &error) == NULL);
  assert_data_error (&error, "no training vector");
  fail_unless (asd_knn_fit (ASD_KNN_DENSITY, same, 2, 1, 1, NULL,
          &error) == NULL);
  assert_data_error (&error, "all 2 training vectors are the same");
}

GST_END_TEST;

GST_START_TEST (test_save)
{
  GRand *rand = g_rand_new_with_seed (2);
  g_autofree double *x = random_vectors (rand, 60 * 3);

  for (AsdKnnNormalise how = ASD_KNN_NONE; how <= ASD_KNN_DENSITY; how++) {
    g_autoptr (AsdKnn) knn = asd_knn_fit (how, x, 50, 3, 4, NULL, NULL);
    AsdModelWriter *writer = open_section ("knn");
    g_autoptr (AsdModelSection) section = NULL;
    g_autoptr (AsdKnn) loaded = NULL;
    double scores[10], expected[10];

    asd_knn_save (knn, writer);
    section = close_section (writer);
    loaded = asd_knn_load (section, NULL);
    fail_unless (loaded != NULL && asd_knn_get_normalise (loaded) == how);
    asd_knn_score (knn, x + 50 * 3, 10, expected, NULL);
    asd_knn_score (loaded, x + 50 * 3, 10, scores, NULL);
    fail_unless (memcmp (scores, expected, sizeof scores) == 0);
  }
  g_rand_free (rand);
}

GST_END_TEST;

GST_START_TEST (test_bad_models)
{
  static const struct
  {
    const char *normalise, *error;
    double distance, value;
    gint64 neighbours;
  } bad[] = {
    {"both", "normalises by both", 1, 1, 1},
    {NULL, "not told", 1, 1, 1},
    {"density", "train the model again", -1, 1, 1},
    {"density", "train the model again", 1, 1e71, 1},
    {"density", "train the model again", 1, 1, 3},
    {"none", "train the model again", 1, 1, 4},
    {"none", "train the model again", 1, 1, 0},
    {"none", "train the model again", 1, 1, -1},
    {"none", "train the model again", 1, 1, G_MAXINT64},
  };
  const gsize shape[] = { 3, 1 };
  GError *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    const double distances[] = { 1, bad[i].distance, 1 };
    const double x[] = { 1, 2, bad[i].value };
    AsdModelWriter *writer = open_section ("knn");
    g_autoptr (AsdModelSection) section = NULL;

    if (bad[i].normalise != NULL)
      asd_model_writer_set_string (writer, "normalise", bad[i].normalise);
    asd_model_writer_set_int64 (writer, "neighbours", bad[i].neighbours);
    asd_model_writer_add_f64 (writer, "vectors", x, 2, shape);
    asd_model_writer_add_f64 (writer, "distances", distances, 1, shape);
    section = close_section (writer);
    fail_unless (asd_knn_load (section, &error) == NULL);
    assert_refused (&error, bad[i].error);
  }
}

GST_END_TEST;

static Suite *
knn_suite (void)
{
  Suite *suite = suite_create ("knn");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup_folder, teardown_folder);
  tcase_add_test (tc, test_by_hand);
  tcase_add_test (tc, test_few_vectors);
  tcase_add_test (tc, test_duplicates);
  tcase_add_test (tc, test_bad_data);
  tcase_add_test (tc, test_save);
  tcase_add_test (tc, test_bad_models);
  return suite;
}

GST_CHECK_MAIN (knn);
