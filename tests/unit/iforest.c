/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scorertest.h"

#include <asd/iforest.h>

static gint32 *
load_ints (const char *name, gsize *n)
{
  g_autofree char *golden = g_strdup_printf ("golden/iforest/%s.npy", name);
  g_autofree double *values = asd_test_load_doubles (golden, n);
  gint32 *ints = g_new (gint32, *n);

  for (gsize i = 0; i < *n; i++)
    ints[i] = values[i];
  return ints;
}

/* The trees of the reference, and its scores with the sign turned. */
GST_START_TEST (test_golden)
{
  gsize n, n_offsets, n_test, dim = 24;
  g_autofree gint32 *offsets = load_ints ("tree_offset", &n_offsets);
  g_autofree gint32 *feature = load_ints ("feature", &n);
  g_autofree gint32 *left = load_ints ("left", &n);
  g_autofree gint32 *right = load_ints ("right", &n);
  g_autofree gint32 *count = load_ints ("n_node", &n);
  g_autofree double *threshold =
      asd_test_load_doubles ("golden/iforest/threshold.npy", NULL);
  g_autofree double *test =
      asd_test_load_doubles ("golden/iforest/test.npy", &n_test);
  g_autofree double *expected =
      asd_test_load_doubles ("golden/iforest/score_samples.npy", NULL);
  const AsdIforestTrees trees = { n_offsets - 1, n, offsets, feature, threshold,
    left, right, count
  };
  GError *error = NULL;
  g_autoptr (AsdIforest) forest = asd_iforest_new (&trees, dim, &error);

  g_assert_no_error (error);
  for (gsize i = 0; i < n_test / dim; i++) {
    const double score = asd_iforest_score (forest, test + i * dim);

    /* The README of the golden data asks for 1e-6; all is double but for the
     * values that are compared, which are single in both. */
    fail_unless (fabs (score + expected[i]) <= 1e-12, "%.17g, expected %.17g",
        score, -expected[i]);
  }
}

GST_END_TEST;

static const AsdIforestConfig small = { 20, 64, 5 };

/* What a tree says by itself: down from the root. */
static double
score_naively (const AsdIforestTrees * trees, const double *x)
{
  double sum = 0, c[2] = { 0 };

  for (gsize tree = 0; tree < trees->n_trees; tree++) {
    gint32 begin = trees->offsets[tree], node = 0;

    for (; trees->left[begin + node] >= 0; sum++)
      node = (float) x[trees->feature[begin + node]]
          <= trees->threshold[begin + node] ?
          trees->left[begin + node] : trees->right[begin + node];
    for (gsize i = 0; i < 2; i++) {
      const double n = trees->count[i == 0 ? begin + node : begin];

      c[i] = n < 2 ? 0 : n == 2 ? 1 :
          2 * (log (n - 1) + 0.5772156649015329) - 2 * (n - 1) / n;
    }
    sum += c[0];
  }
  return pow (2, -sum / trees->n_trees / c[1]);
}

GST_START_TEST (test_fit)
{
  const gsize n = 200, dim = 5;
  GRand *rand = g_rand_new_with_seed (1);
  g_autofree double *x = random_vectors (rand, n * dim);
  const double far[] = { 3, -3, 3, 3, -3 }, middle[] = { 0, 0, 0, 0, 0 };
  g_autoptr (AsdIforest) forest =
      asd_iforest_fit (&small, x, n, dim, NULL, NULL);
  const AsdIforestTrees *trees = asd_iforest_get_trees (forest);

  fail_unless_equals_int (trees->n_trees, 20);
  for (gsize tree = 0; tree < trees->n_trees; tree++) {
    const gint32 begin = trees->offsets[tree];
    guint8 depth[200] = { 0 };

    fail_unless_equals_int (trees->count[begin], 64);
    for (gint32 i = 0; i < trees->offsets[tree + 1] - begin; i++) {
      if (trees->left[begin + i] >= 0) {
        depth[trees->left[begin + i]] = depth[i] + 1;
        depth[trees->right[begin + i]] = depth[i] + 1;
      } else {
        /* Random values differ: a leaf is alone, or as deep as allowed. */
        fail_unless (trees->count[begin + i] == 1 || depth[i] == 6);
      }
      fail_unless (depth[i] <= 6);
    }
  }
  for (gsize i = 0; i < n; i++) {
    const double score = asd_iforest_score (forest, x + i * dim);

    fail_unless (fabs (score - score_naively (trees, x + i * dim)) < 1e-14);
    fail_unless (score < asd_iforest_score (forest, far));
  }
  fail_unless (asd_iforest_score (forest, far) > 0.6, "%g",
      asd_iforest_score (forest, far));
  fail_unless (asd_iforest_score (forest, middle) < 0.5);
  g_rand_free (rand);
}

GST_END_TEST;

static gboolean
equal_prefix (const AsdIforestTrees * a, const AsdIforestTrees * b, gsize trees)
{
  const gsize n = a->offsets[trees];

  return memcmp (a->offsets, b->offsets, (trees + 1) * sizeof (gint32)) == 0
      && memcmp (a->threshold, b->threshold, n * sizeof (double)) == 0
      && memcmp (a->feature, b->feature, n * sizeof (gint32)) == 0
      && memcmp (a->right, b->right, n * sizeof (gint32)) == 0;
}

/* The same seed, the same trees; each tree has a seed of its own. */
GST_START_TEST (test_seed)
{
  GRand *rand = g_rand_new_with_seed (1);
  g_autofree double *x = random_vectors (rand, 100 * 4);
  const AsdIforestConfig fewer = { 7, 64, 5 }, other = { 20, 64, 6 };
  g_autoptr (AsdIforest) a = asd_iforest_fit (&small, x, 100, 4, NULL, NULL);
  g_autoptr (AsdIforest) b = asd_iforest_fit (&small, x, 100, 4, NULL, NULL);
  g_autoptr (AsdIforest) c = asd_iforest_fit (&fewer, x, 100, 4, NULL, NULL);
  g_autoptr (AsdIforest) d = asd_iforest_fit (&other, x, 100, 4, NULL, NULL);
  const AsdIforestTrees *trees = asd_iforest_get_trees (a);

  fail_unless (equal_prefix (trees, asd_iforest_get_trees (b), 20));
  fail_unless (equal_prefix (trees, asd_iforest_get_trees (c), 7));
  fail_if (equal_prefix (trees, asd_iforest_get_trees (d), 1));
  g_rand_free (rand);
}

GST_END_TEST;

/* A dimension that never changes divides nothing; neither do neighbouring
 * floats more than once. */
GST_START_TEST (test_constant_dimension)
{
  const double next = nextafterf (1, 2), x[] = { 7, 1, 7, next, 7, 1, 7, next };
  g_autoptr (AsdIforest) forest = asd_iforest_fit (&small, x, 4, 2, NULL, NULL);
  const AsdIforestTrees *trees = asd_iforest_get_trees (forest);

  fail_unless_equals_int (trees->n_nodes, 3 * 20);
  for (gsize i = 0; i < 20; i++) {
    fail_unless_equals_int (trees->feature[3 * i], 1);
    fail_unless (trees->threshold[3 * i] >= 1
        && trees->threshold[3 * i] < next);
    fail_unless_equals_int (trees->count[3 * i + 1], 2);
  }
}

GST_END_TEST;

GST_START_TEST (test_bad_data)
{
  const double nan[] = { 1, NAN }, same[] = { 2, 2 }, large[] = { 2, 1e60 };
  const double close[] = { 1, 1 + 1e-12 };
  const AsdIforestConfig bad[] =
      { {0, 256, 0}, {100, 1, 0}, {1 << 20, 4096, 0} };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    fail_unless (asd_iforest_config_check (&bad[i]) != NULL);
  fail_unless (asd_iforest_config_check (&small) == NULL);

  fail_unless (asd_iforest_fit (&small, nan, 2, 1, NULL, &error) == NULL);
  assert_data_error (&error, "training vector 2 of 2");
  fail_unless (asd_iforest_fit (&small, same, 2, 1, NULL, &error) == NULL);
  assert_data_error (&error, "all 2 training vectors are the same");
  fail_unless (asd_iforest_fit (&small, close, 2, 1, NULL, &error) == NULL);
  assert_data_error (&error, "the same in single precision");
  fail_unless (asd_iforest_fit (&small, large, 2, 1, NULL, &error) == NULL);
  assert_data_error (&error, "training vector 2 of 2");
  fail_unless (asd_iforest_fit (&small, same, 1, 1, NULL, &error) == NULL);
  assert_data_error (&error, "only one training vector");

  g_cancellable_cancel (cancellable);
  fail_unless (asd_iforest_fit (&small, large, 2, 1, cancellable,
          NULL) == NULL);
  fail_unless (asd_iforest_fit (&small, (double[]) { 1, 2 }, 2, 1, cancellable,
          &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_clear_error (&error);
}

GST_END_TEST;

GST_START_TEST (test_save)
{
  GRand *rand = g_rand_new_with_seed (3);
  g_autofree double *x = random_vectors (rand, 90 * 3);
  g_autoptr (AsdIforest) forest =
      asd_iforest_fit (&small, x, 80, 3, NULL, NULL);
  AsdModelWriter *writer = open_section ("iforest");
  g_autoptr (AsdModelSection) section = NULL;
  g_autoptr (AsdIforest) loaded = NULL;

  asd_iforest_save (forest, writer);
  section = close_section (writer);
  loaded = asd_iforest_load (section, NULL);
  fail_unless (loaded != NULL);
  fail_unless_equals_int (asd_iforest_get_dim (loaded), 3);
  for (gsize i = 80; i < 90; i++)
    fail_unless (asd_iforest_score (loaded, x + i * 3) ==
        asd_iforest_score (forest, x + i * 3));
  g_rand_free (rand);
}

GST_END_TEST;

/* Two trees: one of three vectors in five nodes, and one in a single leaf. */
typedef struct
{
  gint32 offsets[3];
  gint32 feature[6];
  gint32 left[6], right[6], count[6];
  gint64 values;
} Forest;

static const Forest good = {
  {0, 5, 6}, {1, -1, 0, -1, -1, -1}, {1, -1, 3, -1, -1, -1},
  {2, -1, 4, -1, -1, -1}, {3, 1, 2, 1, 1, 3}, 2
};

static AsdIforest *
load_forest (const Forest * forest, GError ** error)
{
  static const double threshold[6] = { 0, };
  const gsize n = 6, n_offsets = 3;
  AsdModelWriter *writer = open_section ("iforest");
  g_autoptr (AsdModelSection) section = NULL;

  asd_model_writer_set_int64 (writer, "values", forest->values);
  asd_model_writer_add_i32 (writer, "offsets", forest->offsets, 1, &n_offsets);
  asd_model_writer_add_i32 (writer, "feature", forest->feature, 1, &n);
  asd_model_writer_add_f64 (writer, "threshold", threshold, 1, &n);
  asd_model_writer_add_i32 (writer, "left", forest->left, 1, &n);
  asd_model_writer_add_i32 (writer, "right", forest->right, 1, &n);
  asd_model_writer_add_i32 (writer, "count", forest->count, 1, &n);
  section = close_section (writer);
  return asd_iforest_load (section, error);
}

GST_START_TEST (test_bad_models)
{
  static const struct
  {
    gsize offset;
    gint32 value;
    const char *error;
  } bad[] = {
#define AT(member, index) G_STRUCT_OFFSET (Forest, member) + 4 * index
    {AT (offsets, 0), 1, "do not take all nodes"},
    {AT (offsets, 1), 0, "a tree without nodes"},
    {AT (offsets, 1), 6, "a tree without nodes"},
    {AT (offsets, 1), 7, "a tree without nodes"},
    {AT (offsets, 1), -5, "a tree without nodes"},
    {AT (offsets, 2), 7, "do not take all nodes"},
    {AT (offsets, 2), -1, "do not take all nodes"},
    {AT (offsets, 1), 4, "behind its parent"},
    {AT (feature, 0), 2, "a dimension"},
    {AT (feature, 2), -1, "a dimension"},
    {AT (left, 0), 0, "behind its parent"},
    {AT (left, 2), 2, "behind its parent"},
    {AT (left, 2), 1, "behind its parent"},
    {AT (left, 2), 5, "behind its parent"},
    {AT (left, 2), G_MAXINT32, "behind its parent"},
    {AT (left, 2), G_MININT32, "behind its parent"},
    {AT (right, 2), -1, "behind its parent"},
    {AT (right, 0), 1, "two parents"},
    {AT (left, 1), 2, "behind its parent"},
    {AT (count, 0), 4, "the vectors of their parent"},
    {AT (count, 5), 0, "without training vectors"},
    {AT (count, 1), G_MAXINT32, "the vectors of their parent"},
    {AT (count, 5), 4, "different numbers"},
    {AT (values, 0), 0, "no trees"},
    {AT (values, 0), 1, "a dimension"},
  };
  Forest orphans = good;
  GError *error = NULL;
  AsdIforest *forest = load_forest (&good, &error);

  g_assert_no_error (error);
  asd_iforest_free (forest);
  orphans.left[2] = orphans.right[2] = -1;
  fail_unless (load_forest (&orphans, &error) == NULL);
  assert_refused (&error, "without a parent");
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    Forest wrong = good;

    *(gint32 *) ((char *) &wrong + bad[i].offset) = bad[i].value;
    forest = load_forest (&wrong, &error);
    fail_unless (forest == NULL, "case %" G_GSIZE_FORMAT, i);
    assert_refused (&error, bad[i].error);
  }
}

GST_END_TEST;

static Suite *
iforest_suite (void)
{
  Suite *suite = suite_create ("iforest");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup_folder, teardown_folder);
  tcase_add_test (tc, test_fit);
  tcase_add_test (tc, test_seed);
  tcase_add_test (tc, test_constant_dimension);
  tcase_add_test (tc, test_bad_data);
  tcase_add_test (tc, test_save);
  tcase_add_test (tc, test_bad_models);
  asd_test_add_golden (tc, test_golden);
  return suite;
}

ASD_TEST_MAIN (iforest);
