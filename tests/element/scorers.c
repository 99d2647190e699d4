/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The scorers that are no more than a module of lib/ and its trainer: that they
 * use it, its properties, its warnings, and refuse what it cannot do.
 */

#include "harness.h"

#include <string.h>

#define SIZE 6
#define N 40
#define CAPS TEST_FEATURES (2, 3, "modspec", 16000)
#define OTHER_CAPS TEST_FEATURES (1, 5, "modspec", 16000)

static const char *const names[] = { "lof", "knn", "iforest", "mahalanobis" };

/* Pushes frames in two windows into a trainer; FALSE where it fails. */
static gboolean
train (GstBus * bus, const char *description, const float *frames, gsize n)
{
  GstElement *element = gst_parse_launch (description, NULL);
  GstHarness *h;
  gboolean ok;

  fail_unless (element != NULL, "%s", description);
  gst_object_ref_sink (element);
  gst_element_set_bus (element, bus);
  h = gst_harness_new_with_element (element, "sink", NULL);
  gst_harness_set_src_caps_str (h, CAPS);
  gst_harness_push (h, test_buffer (frames, n / 2 * SIZE, 0));
  gst_harness_push (h, test_buffer (frames + n / 2 * SIZE,
          (n - n / 2) * SIZE, GST_SECOND));
  ok = gst_harness_push_event (h, gst_event_new_eos ());
  gst_element_set_bus (element, NULL);
  gst_harness_teardown (h);
  gst_object_unref (element);
  return ok;
}

/* Trains all of them into one model. */
static const char *
train_all (const float *frames)
{
  const char *model = test_path ("m.asd");
  GstBus *bus = gst_bus_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *line = g_strdup_printf ("asd%strain model=%s", names[i],
        model);

    fail_unless (train (bus, line, frames, N), "%s", line);
    test_check_quiet (bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  }
  gst_object_unref (bus);
  return model;
}

static double
pull_score (TestHarness * t)
{
  GstBuffer *buffer = gst_harness_pull (t->h);
  double score;

  fail_unless_equals_int (gst_buffer_extract (buffer, 0, &score,
          sizeof (score)), sizeof (score));
  gst_buffer_unref (buffer);
  return score;
}

/* What is far away scores higher than any training frame; a window of many
 * frames, more than are scored together, gets their mean. */
GST_START_TEST (test_score)
{
  g_autofree float *frames = test_noise (N * SIZE, 1);
  static const float far[SIZE] = { 1, -1, 1, -1, 1, -1 };
  const char *model = train_all (frames);
  g_autofree char *line = g_strdup_printf ("asd%s model=%s", names[__i__],
      model);
  TestHarness *t = test_harness_new ("%s", line);
  double sum = 0, highest = 0, mean;

  test_start_features (t, "clip", CAPS);
  for (guint i = 0; i < N; i++) {
    double score;

    gst_harness_push (t->h, test_buffer (frames + i * SIZE, SIZE, 0));
    score = pull_score (t);
    sum += score;
    highest = MAX (highest, score);
  }
  gst_harness_push (t->h, test_buffer (frames, N * SIZE, 0));
  mean = pull_score (t);
  /* The order of the same sum. */
  fail_unless (fabs (mean - sum / N) <= 1e-14 * mean, "%.17g, not %.17g", mean,
      sum / N);
  gst_harness_push (t->h, test_buffer (far, SIZE, 0));
  fail_unless (pull_score (t) > highest);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  test_harness_free (t);
}

GST_END_TEST;

/* A vector of another length would be read behind its end. */
GST_START_TEST (test_caps)
{
  g_autofree float *frames = test_noise (N * SIZE, 1);
  const char *model = train_all (frames);
  AsdModelWriter *writer = asd_model_writer_new ();
  g_autofree char *name = g_strdup_printf ("asd%s", names[__i__]);
  GstElement *element = gst_element_factory_make (name, "scorer");
  GstBus *bus = gst_bus_new ();

  asd_model_writer_update_stage (writer, names[__i__]);
  asd_model_writer_set_string (writer, "caps", OTHER_CAPS);
  fail_unless (asd_model_writer_commit (writer, model, NULL, NULL));
  asd_model_writer_free (writer);

  g_object_set (element, "model", model, NULL);
  gst_element_set_bus (element, bus);
  fail_unless (gst_element_set_state (element, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE);
  test_check_error (bus, "6 values.*1 x 5");
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
}

GST_END_TEST;

/* Properties reach lib/ and the model. */
GST_START_TEST (test_properties)
{
  static const struct
  {
    const char *line, *stage, *key, *value, *tensor;
    gsize n;
  } cases[] = {
    {"asdloftrain neighbours=3", "lof", "neighbours", "3", "densities", N},
    {"asdknntrain", "knn", "normalise", "density", "distances", N},
    {"asdknntrain neighbours=5 normalise=none", "knn", "neighbours", "5",
        "vectors", N},
    {"asdknntrain normalise=none", "knn", "normalise", "none", "vectors", N},
    {"asdiforesttrain trees=7 samples=10 seed=3", "iforest", "seed", "3",
        "offsets", 8},
    {"asdmahalanobistrain", "mahalanobis", "windows", "2", "mean", SIZE},
  };
  g_autofree float *frames = test_noise (N * SIZE, 1);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const char *path = test_path ("p.asd");
    g_autofree char *line = g_strdup_printf ("%s model=%s", cases[i].line,
        path);
    GstBus *bus = gst_bus_new ();
    g_autoptr (AsdModel) model = NULL;
    g_autoptr (AsdModelSection) section = NULL;
    g_autofree AsdModelTensorInfo *tensors = NULL;
    gsize n_tensors, found = 0;

    fail_unless (train (bus, line, frames, N));
    test_check_quiet (bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
    gst_object_unref (bus);
    model = asd_model_load (path, NULL);
    section = asd_model_get_section (model, cases[i].stage, NULL);
    fail_unless_equals_string (asd_model_section_get_string (section,
            cases[i].key), cases[i].value);
    tensors = asd_model_section_list_tensors (section, &n_tensors);
    for (gsize k = 0; k < n_tensors; k++) {
      if (strcmp (tensors[k].name, cases[i].tensor) == 0)
        found = tensors[k].shape[0];
    }
    fail_unless_equals_int (found, cases[i].n);
  }
}

GST_END_TEST;

/* Of too many frames a random sample is kept, which the seed decides. */
GST_START_TEST (test_max_frames)
{
  static const char *const trainers[] = { "loftrain", "knntrain" };
  static const char *const stages[] = { "lof", "knn" };
  g_autofree float *frames = test_noise (N * SIZE, 1);
  GstBus *bus = gst_bus_new ();
  double *kept[3];

  for (guint seed = 0; seed < 3; seed++) {
    const char *path = test_path ("f.asd");
    g_autofree char *line =
        g_strdup_printf ("asd%s model=%s max-frames=25 seed=%u",
        trainers[__i__], path, seed / 2);
    g_autoptr (AsdModel) model = NULL;
    g_autoptr (AsdModelSection) section = NULL;
    gsize shape[] = { 25, SIZE }, at = 0;
    const double *vectors;

    fail_unless (train (bus, line, frames, N));
    test_check_warning (bus, "A random 25 of 40 training frames.*max-frames");
    if (__i__ == 0 && seed == 0)
      test_check_quiet (bus, GST_MESSAGE_WARNING);
    model = asd_model_load (path, NULL);
    section = asd_model_get_section (model, stages[__i__], NULL);
    vectors = asd_model_section_get_f64 (section, "vectors", 2, shape, NULL);
    fail_unless (vectors != NULL);
    /* All of them are training frames, in their order. */
    for (guint i = 0; i < 25; i++, at++) {
      while (at < N && frames[at * SIZE] != (float) vectors[i * SIZE])
        at++;
      fail_unless (at < N, "frame %u", i);
    }
    kept[seed] = g_memdup2 (vectors, 25 * SIZE * sizeof (double));
  }
  fail_unless (memcmp (kept[0], kept[1], 25 * SIZE * sizeof (double)) == 0);
  fail_if (memcmp (kept[0], kept[2], 25 * SIZE * sizeof (double)) == 0);
  g_free (kept[0]);
  g_free (kept[1]);
  g_free (kept[2]);
  gst_object_unref (bus);
}

GST_END_TEST;

/* One clip, silence: an error with the cure, and no model; or a warning. */
GST_START_TEST (test_bad_training)
{
  static const struct
  {
    const char *line, *error, *warning;
    gsize n;
  } cases[] = {
    {"asdloftrain", "only one training vector.*use more clips", NULL, 1},
    {"asdknntrain", "only one training vector.*use more clips", NULL, 1},
    {"asdiforesttrain", "only one training vector.*use more clips", NULL, 1},
    {"asdmahalanobistrain", "only one training vector.*use more", NULL, 1},
    {"asdloftrain", "all 4 training vectors are the same.*silent", NULL, 4},
    {"asdknntrain", "all 4 training vectors are the same.*silent", NULL, 4},
    {"asdiforesttrain", "all 4 training vectors are the same", NULL, 4},
    {"asdmahalanobistrain", "all 4 training vectors are the same", NULL, 4},
    {"asdknntrain normalise=none neighbours=1", NULL, NULL, 1},
    {"asdknntrain normalise=none", NULL, "for 4 neighbours, 1 are used", 1},
  };
  static const float silence[4 * SIZE] = { 0, };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const char *path = test_path ("b.asd");
    g_autofree char *line = g_strdup_printf ("%s model=%s", cases[i].line,
        path);
    GstBus *bus = gst_bus_new ();

    fail_unless (train (bus, line, silence, cases[i].n) ==
        (cases[i].error == NULL));
    if (cases[i].error != NULL)
      test_check_error (bus, cases[i].error);
    if (cases[i].warning != NULL)
      test_check_warning (bus, cases[i].warning);
    fail_unless (g_file_test (path, G_FILE_TEST_EXISTS) ==
        (cases[i].error == NULL));
    gst_bus_set_flushing (bus, TRUE);
    gst_object_unref (bus);
  }
}

GST_END_TEST;

static Suite *
scorers_suite (void)
{
  Suite *suite = suite_create ("scorers");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_loop_test (tc, test_score, 0, G_N_ELEMENTS (names));
  tcase_add_loop_test (tc, test_caps, 0, G_N_ELEMENTS (names));
  tcase_add_test (tc, test_properties);
  tcase_add_loop_test (tc, test_max_frames, 0, 2);
  tcase_add_test (tc, test_bad_training);
  return suite;
}

GST_CHECK_MAIN (scorers);
