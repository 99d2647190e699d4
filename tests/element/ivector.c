/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../asdtest.h"
#include "harness.h"

/* Of golden/ivector. */
#define COMPONENTS 16
#define FEATURES 42
#define DIMENSIONS 20

#define MFCC TEST_FEATURES (1, 42, "mfcc", 16000)

static GstBuffer *
to_buffer (const double *values, gsize n, GstClockTime pts)
{
  g_autofree float *floats = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    floats[i] = values[i];
  return test_buffer (floats, n, pts);
}

/* The golden model as a stage of a file. */
static void
write_golden_ivector (const char *path)
{
  g_autofree double *weights =
      asd_test_load_doubles ("golden/ivector/ubm_w.npy", NULL);
  g_autofree double *means =
      asd_test_load_doubles ("golden/ivector/ubm_m.npy", NULL);
  g_autofree double *variances =
      asd_test_load_doubles ("golden/ivector/ubm_v.npy", NULL);
  g_autofree double *matrix =
      asd_test_load_doubles ("golden/ivector/T5.npy", NULL);
  g_autofree double *sigma =
      asd_test_load_doubles ("golden/ivector/sigma5.npy", NULL);
  g_autoptr (AsdUbm) ubm = asd_ubm_new (weights, means, variances, COMPONENTS,
      FEATURES, NULL);
  g_autoptr (AsdIvector) model = asd_ivector_new (ubm, matrix, sigma,
      DIMENSIONS, FALSE, NULL);
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();

  asd_model_writer_set_stage (writer, "ivector", "ivector");
  asd_model_writer_set_string (writer, "caps", MFCC);
  asd_ivector_save (model, writer);
  fail_unless (asd_model_writer_commit (writer, path, NULL, NULL));
}

GST_START_TEST (test_golden)
{
  g_autofree double *golden =
      asd_test_load_doubles ("golden/ivector/w_T5.npy", NULL);
  g_autoptr (GPtrArray) buffers = NULL;
  g_autofree double *frames = NULL;
  g_autoptr (GstCaps) caps = NULL;
  GstAsdFeatureInfo info;
  double difference = 0;
  GstMapInfo map;
  TestHarness *t;
  gsize n;

  frames = asd_test_load_doubles ("golden/ivector/clip0_frames.npy", &n);
  write_golden_ivector (test_path ("m.asd"));
  t = test_harness_new ("asdivector model=%s", test_path ("m.asd"));
  test_start_features (t, "clip", MFCC);
  gst_harness_push (t->h, to_buffer (frames, n, 0));
  test_push_eos (t);

  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  caps = gst_pad_get_current_caps (t->h->sinkpad);
  fail_unless (gst_asd_feature_info_from_caps (&info, caps));
  fail_unless_equals_string (info.kind, "ivector");
  fail_unless_equals_int (info.rows, 1);
  fail_unless_equals_int (info.columns, DIMENSIONS);
  fail_unless_equals_int (info.frame_length, 0);

  fail_unless (gst_buffer_map (buffers->pdata[0], &map, GST_MAP_READ));
  fail_unless_equals_int (map.size, DIMENSIONS * sizeof (float));
  for (gsize i = 0; i < DIMENSIONS; i++)
    difference = MAX (difference, fabs (((float *) map.data)[i] - golden[i]));
  gst_buffer_unmap (buffers->pdata[0], &map);
  /* Frames and i-vector are floats here: 1e-6 of the largest value is the
   * rounding of both, golden/README.md asks for 1e-6 in doubles. */
  fail_unless (difference < 4e-6 * asd_test_peak (golden, DIMENSIONS), "%g",
      difference);
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_golden_gmm)
{
  const gsize dim = 40, n_components = 10;
  g_autofree double *weights =
      asd_test_load_doubles ("golden/gmm_full/weights.npy", NULL);
  g_autofree double *means =
      asd_test_load_doubles ("golden/gmm_full/means.npy", NULL);
  g_autofree double *covariances =
      asd_test_load_doubles ("golden/gmm_full/covariances.npy", NULL);
  g_autofree double *golden =
      asd_test_load_doubles ("golden/gmm_full/nll.npy", NULL);
  g_autoptr (AsdGmm) gmm = asd_gmm_new (ASD_GMM_FULL, weights, means,
      covariances, n_components, dim, NULL);
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (GPtrArray) buffers = NULL;
  g_autofree double *test = NULL;
  TestHarness *t;
  gsize n;

  asd_model_writer_set_stage (writer, "gmm", "gmm");
  asd_model_writer_set_string (writer, "caps",
      TEST_FEATURES (1, 40, "ivector", 16000));
  asd_gmm_save (gmm, writer);
  fail_unless (asd_model_writer_commit (writer, test_path ("g.asd"), NULL,
          NULL));

  test = asd_test_load_doubles ("golden/gmm_full/test.npy", &n);
  t = test_harness_new ("asdgmm model=%s", test_path ("g.asd"));
  test_start_features (t, "clip", TEST_FEATURES (1, 40, "ivector", 16000));
  for (gsize i = 0; i < n / dim; i++)
    gst_harness_push (t->h, to_buffer (test + i * dim, dim, i * GST_SECOND));

  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, n / dim);
  for (gsize i = 0; i < n / dim; i++) {
    const GstStructure *score = gst_asd_buffer_get_score (buffers->pdata[i]);
    double value = 0;

    fail_unless (gst_structure_get_double (score, "score", &value));
    /* Float input moves the score by some 1e-7 of it (ALGORITHMS.md). */
    fail_unless (fabs (value - golden[i]) < 1e-5 * (1 + fabs (golden[i])),
        "%g, not %g", value, golden[i]);
  }
  test_harness_free (t);
}

GST_END_TEST;

/* Clips of noise; with a tilt they are of another machine. */
static void
push_clips (GstHarness * h, guint n_clips, double tilt, guint seed)
{
  const gsize n = 100 * FEATURES;

  for (guint clip = 0; clip < n_clips; clip++) {
    g_autofree float *frames = test_noise (n, seed + clip);

    for (gsize i = 0; i < n; i++)
      frames[i] = 10 * frames[i] + tilt * (i % FEATURES);
    gst_harness_push (h, test_buffer (frames, n, clip * GST_SECOND));
  }
}

static void
train (const char *format, ...)
{
  g_autofree char *launch = NULL;
  GstHarness *h;
  va_list args;

  va_start (args, format);
  launch = g_strdup_vprintf (format, args);
  va_end (args);
  h = gst_harness_new_parse (launch);
  gst_harness_set_src_caps_str (h, MFCC);
  push_clips (h, 30, 0, 1);
  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
  gst_harness_teardown (h);
}

/* What was never heard scores higher than what was; the same seed gives the
 * same bytes. */
GST_START_TEST (test_train_and_score)
{
  const char *models[] = { test_path ("a.asd"), test_path ("b.asd") };
  double highest_normal = -INFINITY, lowest_other = INFINITY;
  g_autoptr (GPtrArray) buffers = NULL;
  gchar *data[2];
  gsize size[2];
  TestHarness *t;

  for (guint i = 0; i < 2; i++) {
    train ("asdivectortrain model=%s components=4 dimensions=3 seed=7",
        models[i]);
    train ("asdivector model=%s ! asdgmmtrain model=%s components=2 "
        "covariance=shrunk seed=7", models[i], models[i]);
    fail_unless (g_file_get_contents (models[i], &data[i], &size[i], NULL));
  }
  fail_unless_equals_int (size[0], size[1]);
  fail_unless (memcmp (data[0], data[1], size[0]) == 0);
  g_free (data[0]);
  g_free (data[1]);

  t = test_harness_new ("asdivector model=%s ! asdgmm model=%s", models[0],
      models[0]);
  test_start_features (t, "test", MFCC);
  push_clips (t->h, 5, 0, 1000);
  push_clips (t->h, 5, 0.02, 2000);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 10);
  for (guint i = 0; i < 10; i++) {
    double score = NAN;

    gst_structure_get_double (gst_asd_buffer_get_score (buffers->pdata[i]),
        "score", &score);
    if (i < 5)
      highest_normal = MAX (highest_normal, score);
    else
      lowest_other = MIN (lowest_other, score);
  }
  fail_unless (lowest_other > highest_normal, "%g is not above %g",
      lowest_other, highest_normal);
  test_harness_free (t);
}

GST_END_TEST;

/* Whitened and of length 1, as the trainer's properties say; too few clips are
 * refused. */
GST_START_TEST (test_whiten)
{
  const char *model = test_path ("m.asd");
  g_autoptr (GPtrArray) buffers = NULL;
  double mean[3] = { 0 };
  g_autofree char *launch = g_strdup_printf ("asdivectortrain model=%s "
      "components=4 dimensions=3 whiten=true", model);
  GstElement *element;
  GstHarness *h;
  TestHarness *t;
  GstBus *bus;

  train ("asdivectortrain model=%s components=4 dimensions=3 whiten=true "
      "length-normalise=true", model);
  t = test_harness_new ("asdivector model=%s", model);
  test_start_features (t, "train", MFCC);
  push_clips (t->h, 30, 0, 1);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 30);
  for (guint i = 0; i < 30; i++) {
    double length = 0;
    float w[3];

    gst_buffer_extract (buffers->pdata[i], 0, w, sizeof w);
    for (guint j = 0; j < 3; j++) {
      mean[j] += w[j] / 30;
      length += w[j] * w[j];
    }
    fail_unless (fabs (length - 1) < 1e-6, "%g", length);
  }
  /* Directions of 30 whitened vectors go all ways: their mean is some
   * 1 / sqrt (30) long, that of vectors with an offset is near 1. */
  fail_unless (hypot (hypot (mean[0], mean[1]), mean[2]) < 0.4);
  test_harness_free (t);

  element = gst_object_ref_sink (gst_parse_launch (launch, NULL));
  bus = gst_bus_new ();
  gst_element_set_bus (element, bus);
  h = gst_harness_new_with_element (element, "sink", NULL);
  gst_harness_set_src_caps_str (h, MFCC);
  push_clips (h, 2, 0, 1);
  fail_unless (!gst_harness_push_event (h, gst_event_new_eos ()));
  test_check_error (bus, "too few clips .2. to whiten.*whiten=false");
  gst_element_set_bus (element, NULL);
  gst_harness_teardown (h);
  gst_object_unref (element);
  gst_object_unref (bus);
}

GST_END_TEST;

/* A model of another kind of features is refused by both names. */
GST_START_TEST (test_mismatch)
{
  TestHarness *t;

  write_golden_ivector (test_path ("m.asd"));
  t = test_harness_new ("asdivector model=%s", test_path ("m.asd"));
  test_start_features (t, "clip", TEST_FEATURES (60, 8, "modspec", 16000));
  test_check_error (t->bus, "trained on mfcc 1x42.*stream is modspec 60x8");
  test_harness_free (t);
}

GST_END_TEST;

/* A file that claims to be for longer frames than its vectors are. */
GST_START_TEST (test_bad_size)
{
  static const char *const stages[] = { "ivector", "gmm" };
  static const char *const errors[] = {
    "m\\.asd.*ivector.*42 values.*1 x 41", "m\\.asd.*gmm.*3 values.*1 x 41"
  };
  const char *model = test_path ("m.asd");

  train ("asdivectortrain model=%s components=4 dimensions=3", model);
  train ("asdivector model=%s ! asdgmmtrain model=%s components=2 "
      "covariance=shrunk", model, model);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
    g_autofree char *name = g_strconcat ("asd", stages[i], NULL);
    GstElement *element = gst_element_factory_make (name, NULL);
    GstBus *bus = gst_bus_new ();

    asd_model_writer_update_stage (writer, stages[i]);
    asd_model_writer_set_string (writer, "caps",
        TEST_FEATURES (1, 41, "mfcc", 16000));
    fail_unless (asd_model_writer_commit (writer, model, NULL, NULL));
    gst_element_set_bus (element, bus);
    g_object_set (element, "model", model, NULL);
    fail_unless (gst_element_set_state (element, GST_STATE_PAUSED) ==
        GST_STATE_CHANGE_FAILURE);
    test_check_error (bus, errors[i]);
    gst_element_set_state (element, GST_STATE_NULL);
    /* The messages on the bus refer to the element, and it to the bus. */
    gst_element_set_bus (element, NULL);
    gst_object_unref (bus);
    gst_object_unref (element);
  }
}

GST_END_TEST;

static Suite *
ivector_suite (void)
{
  Suite *s = suite_create ("ivector");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_test (tc, test_train_and_score);
  tcase_add_test (tc, test_whiten);
  tcase_add_test (tc, test_bad_size);
  asd_test_add_golden (tc, test_golden);
  asd_test_add_golden (tc, test_golden_gmm);
  asd_test_add_golden (tc, test_mismatch);
  return s;
}

ASD_TEST_MAIN (ivector)
