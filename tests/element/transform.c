/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "harness.h"

#include <string.h>

#define SIZE 6
#define MODSPEC \
  "application/x-asd-features, format=F32LE, kind=modspec, rows=2, columns=3, " \
  "rate=16000, frame-length=400, frame-step=160"

/* The last value is constant. */
static const float training[2 * SIZE] = {
  1, 2, 3, 4, 5, 9,
  3, 6, 3.5, 4.25, 5, 9,
};

/* A harness around a trainer, whose stream has begun. */
typedef struct
{
  GstHarness *h;
  GstBus *bus;
  GstElement *element;
} Trainer;

static Trainer
start_trainer (const char *description, const char *caps)
{
  Trainer t;

  t.element = gst_parse_launch (description, NULL);
  fail_unless (t.element != NULL, "%s", description);
  gst_object_ref_sink (t.element);
  t.bus = gst_bus_new ();
  gst_element_set_bus (t.element, t.bus);
  t.h = gst_harness_new_with_element (t.element, "sink", NULL);
  gst_harness_set_src_caps_str (t.h, caps);
  return t;
}

static gboolean
finish_trainer (Trainer * t)
{
  return gst_harness_push_event (t->h, gst_event_new_eos ());
}

static void
free_trainer (Trainer * t)
{
  gst_element_set_bus (t->element, NULL);
  gst_harness_teardown (t->h);
  gst_object_unref (t->element);
  gst_object_unref (t->bus);
}

/* Learns from what is above, as one window. */
static void
train (const char *name, const char *path)
{
  g_autofree char *line = g_strdup_printf ("%s model=%s", name, path);
  Trainer t = start_trainer (line, MODSPEC);

  fail_unless_equals_int (gst_harness_push (t.h, test_buffer (training,
              2 * SIZE, 0)), GST_FLOW_OK);
  fail_unless (finish_trainer (&t));
  test_check_quiet (t.bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  free_trainer (&t);
}

static void
check_out (TestHarness * t, const char *kind, int rows, int columns,
    int frame_length, int frame_step)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (t->h->sinkpad);
  GstAsdFeatureInfo info;

  fail_unless (gst_asd_feature_info_from_caps (&info, caps));
  fail_unless_equals_string (info.kind, kind);
  fail_unless_equals_int (info.rows, rows);
  fail_unless_equals_int (info.columns, columns);
  fail_unless_equals_int (info.rate, 16000);
  fail_unless_equals_int (info.frame_length, frame_length);
  fail_unless_equals_int (info.frame_step, frame_step);
}

static void
push (TestHarness * t, const float *frames, gsize n_frames, GstClockTime pts)
{
  GstBuffer *buffer = test_buffer (frames, n_frames * SIZE, pts);

  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
}

static void
check_frames (GstBuffer * buffer, const float *expected, gsize n,
    GstClockTime pts)
{
  GstMapInfo map;

  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffer), pts);
  fail_unless_equals_clocktime (GST_BUFFER_DURATION (buffer), GST_SECOND);
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  fail_unless_equals_int (map.size, n * sizeof (float));
  for (gsize i = 0; i < n; i++) {
    float value = ((float *) map.data)[i];

    /* Some roundings of a float. */
    fail_unless (fabs (value - expected[i]) <= 1e-6 * (1 + fabs (expected[i])),
        "%" G_GSIZE_FORMAT ": %g, not %g", i, value, expected[i]);
  }
  gst_buffer_unmap (buffer, &map);
}

/* Many frames, one frame, a new stream, a flush. */
GST_START_TEST (test_scale)
{
  const float expected[2 * SIZE] = {
    -1, -1, -1, -1, 0, 0,
    1, 1, 1, 1, 0, 0,
  };
  const float other[SIZE] = { 12, 4, 3.25, 4.125, 6, 8 };
  const float of_other[SIZE] = { 10, 0, 0, 0, 1, -1 };
  const char *model = test_path ("m.asd");
  g_autoptr (GPtrArray) buffers = NULL;
  TestHarness *t;

  train ("asdscaletrain", model);
  t = test_harness_new ("asdscale model=%s", model);
  test_start_features (t, "clip", MODSPEC);
  push (t, training, 2, 0);
  push (t, other, 1, GST_SECOND);
  test_push_event (t, gst_event_new_flush_start ());
  test_push_event (t, gst_event_new_flush_stop (TRUE));
  test_start_features (t, "next clip", MODSPEC);
  push (t, other, 1, 0);
  test_push_eos (t);

  check_out (t, "scaled", 2, 3, 400, 160);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 3);
  check_frames (buffers->pdata[0], expected, 2 * SIZE, 0);
  check_frames (buffers->pdata[1], of_other, SIZE, GST_SECOND);
  check_frames (buffers->pdata[2], of_other, SIZE, 0);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  test_harness_free (t);
}

GST_END_TEST;

/* The trainer's properties are in the model; the running element has none. */
GST_START_TEST (test_scale_log)
{
  const float expected[2 * SIZE] = {
    0, 0, 0, 0, 0, 0,
    10, 10, 10, 10, 0, 0,
  };
  const float e[SIZE] = { 1, 2, 3, 4, 5 * G_E, 9 / G_E };
  const float of_e[SIZE] = { 0, 0, 0, 0, 10, -10 };
  const char *model = test_path ("m.asd");
  g_autoptr (GPtrArray) buffers = NULL;
  TestHarness *t;

  train ("asdscaletrain log=true method=min-max low=0 high=10", model);
  t = test_harness_new ("asdscale model=%s", model);
  test_start_features (t, "clip", MODSPEC);
  push (t, training, 2, 0);
  push (t, e, 1, GST_SECOND);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 2);
  check_frames (buffers->pdata[0], expected, 2 * SIZE, 0);
  check_frames (buffers->pdata[1], of_e, SIZE, GST_SECOND);
  test_harness_free (t);
}

GST_END_TEST;

/* No frames, NaN, and what becomes infinite give a warning and no buffer; the
 * next window is as if they had not been. */
GST_START_TEST (test_bad_windows)
{
  static const char *const warnings[] = {
    "no frames.*longer", "not finite.*before", "not finite.*too large"
  };
  static const char *const elements[] = { "asdscale", "asdpca" };
  const char *element = elements[__i__];
  const char *model = test_path ("m.asd");
  g_autofree char *trainer = g_strdup_printf ("%strain", element);
  g_autoptr (GPtrArray) buffers = NULL;
  float bad[SIZE] = { 1, 2, NAN, 4, 5, 6 };
  const float large[SIZE] = { 3e38, 3e38, 3e38, 3e38, 3e38, 3e38 };
  TestHarness *t;

  train (trainer, model);
  t = test_harness_new ("%s model=%s", element, model);
  test_start_features (t, "clip", MODSPEC);
  push (t, bad, 0, 0);
  push (t, bad, 1, GST_SECOND);
  push (t, large, 1, 2 * GST_SECOND);
  push (t, training, 1, 3 * GST_SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (warnings); i++)
    test_check_warning (t->bus, warnings[i]);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffers->pdata[0]),
      3 * GST_SECOND);
  test_harness_free (t);
}

GST_END_TEST;

/* Other features than were trained on, and a file whose vectors do not fit what
 * it claims to be for. */
GST_START_TEST (test_mismatch)
{
  static const char *const stages[] = { "scale", "pca" };
  const char *stage = stages[__i__];
  const char *model = test_path ("m.asd");
  g_autofree char *trainer = g_strdup_printf ("asd%strain", stage);
  g_autofree char *name = g_strdup_printf ("asd%s", stage);
  g_autofree char *text = g_strdup_printf ("m\\.asd.*%s.*6 values.*1 x 7",
      stage);
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  GstElement *element;
  TestHarness *t;
  GstBus *bus;

  train (trainer, model);
  t = test_harness_new ("%s model=%s", name, model);
  test_start_features (t, "clip", TEST_FEATURES (1, 42, "mfcc", 16000));
  test_check_error (t->bus, "trained on modspec 2x3.*stream is mfcc 1x42");
  test_harness_free (t);

  asd_model_writer_update_stage (writer, stage);
  asd_model_writer_set_string (writer, "caps",
      TEST_FEATURES (1, 7, "modspec", 16000));
  fail_unless (asd_model_writer_commit (writer, model, NULL, NULL));
  element = gst_element_factory_make (name, NULL);
  bus = gst_bus_new ();
  gst_element_set_bus (element, bus);
  g_object_set (element, "model", model, NULL);
  fail_unless (gst_element_set_state (element, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE);
  test_check_error (bus, text);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  gst_object_unref (element);
}

GST_END_TEST;

/* What cannot be learned from ends in an error that names the cure, and in no
 * model. */
GST_START_TEST (test_bad_training)
{
  static const struct
  {
    const char *trainer;
    guint n_frames;
    const char *error;
  } cases[] = {
    {"asdscaletrain", 1, "at least two"},
    {"asdscaletrain log=true", 2, "-0\\.5.*log=false"},
    {"asdscaletrain low=5 high=-5", 2, "low must be below high"},
    {"asdpcatrain", 1, "at least two"},
    {"asdpcatrain components=2", 2, "1 directions.*2 components"},
  };
  const float frames[2 * SIZE] = { 1, 2, 3, 4, 5, 6, 7, 8, -0.5, 1, 2, 3 };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = g_strdup_printf ("%s model=%s", cases[i].trainer,
        test_path ("m.asd"));
    Trainer t = start_trainer (line, MODSPEC);

    gst_harness_push (t.h, test_buffer (frames, cases[i].n_frames * SIZE, 0));
    fail_unless (!finish_trainer (&t));
    test_check_error (t.bus, cases[i].error);
    fail_unless (!g_file_test (test_path ("m.asd"), G_FILE_TEST_EXISTS));
    free_trainer (&t);
  }
}

GST_END_TEST;

/* 1 x components, with the time of frames kept. */
GST_START_TEST (test_pca)
{
  const char *model = test_path ("m.asd");
  g_autoptr (GPtrArray) buffers = NULL;
  /* Two frames differ in one direction: whitened, -a and a with the sample
   * variance 2 a^2 = 1. */
  const float expected[2] = { -G_SQRT2 / 2, G_SQRT2 / 2 };
  TestHarness *t;

  train ("asdpcatrain whiten=true", model);
  t = test_harness_new ("asdpca model=%s", model);
  test_start_features (t, "clip", MODSPEC);
  push (t, training, 2, 0);
  push (t, training, 1, GST_SECOND);
  test_push_event (t, gst_event_new_flush_start ());
  test_push_event (t, gst_event_new_flush_stop (TRUE));
  test_start_features (t, "next clip", MODSPEC);
  push (t, training, 1, 0);
  check_out (t, "pca", 1, 1, 400, 160);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 3);
  check_frames (buffers->pdata[0], expected, 2, 0);
  check_frames (buffers->pdata[1], expected, 1, GST_SECOND);
  check_frames (buffers->pdata[2], expected, 1, 0);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  test_harness_free (t);
}

GST_END_TEST;

/* One frame for a window of many and for one of one, without a model. */
GST_START_TEST (test_pool)
{
  static const struct
  {
    const char *method;
    gsize n;
    float of_two[2 * SIZE];
    float of_one[2 * SIZE];
  } cases[] = {
    {"mean", SIZE, {2, 4, 3.25, 4.125, 5, 9}, {1, 2, 3, 4, 5, 9}},
    {"max", SIZE, {3, 6, 3.5, 4.25, 5, 9}, {1, 2, 3, 4, 5, 9}},
    {"std", SIZE, {1, 2, 0.25, 0.125, 0, 0}, {0}},
    {"mean-std", 2 * SIZE, {2, 4, 3.25, 4.125, 5, 9, 1, 2, 0.25, 0.125, 0, 0},
        {1, 2, 3, 4, 5, 9}},
    {"gwrp r=0.25", SIZE, {2.6, 5.2, 3.4, 4.2, 5, 9}, {1, 2, 3, 4, 5, 9}},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    TestHarness *t = test_harness_new ("asdpool method=%s", cases[i].method);
    g_autoptr (GPtrArray) buffers = NULL;

    test_start_features (t, "clip", MODSPEC);
    push (t, training, 2, 0);
    push (t, training, 0, GST_SECOND);
    push (t, training, 1, 2 * GST_SECOND);
    check_out (t, "pooled", 2 * cases[i].n / SIZE, 3, 0, 0);
    test_check_warning (t->bus, "no frames");
    buffers = test_pull_all (t);
    fail_unless_equals_int (buffers->len, 2);
    check_frames (buffers->pdata[0], cases[i].of_two, cases[i].n, 0);
    check_frames (buffers->pdata[1], cases[i].of_one, cases[i].n,
        2 * GST_SECOND);
    test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
    test_harness_free (t);
  }
}

GST_END_TEST;

/* T frames become T - n + 1; too few and none give a warning and nothing. */
GST_START_TEST (test_stack)
{
  const gsize n_frames = 5, n = 3;
  float frames[5 * SIZE], expected[3 * 3 * SIZE];
  TestHarness *t = test_harness_new ("asdstack frames=3");
  g_autoptr (GPtrArray) buffers = NULL;

  for (gsize i = 0; i < n_frames * SIZE; i++)
    frames[i] = i;
  for (gsize i = 0; i < 3 * n * SIZE; i++)
    expected[i] = i / (n * SIZE) * SIZE + i % (n * SIZE);
  test_start_features (t, "clip", MODSPEC);
  push (t, frames, n_frames, 0);
  push (t, frames, n - 1, GST_SECOND);
  push (t, frames, 0, 2 * GST_SECOND);
  push (t, frames, n, 3 * GST_SECOND);
  check_out (t, "stacked", 3, SIZE, 400 + 2 * 160, 160);
  test_check_warning (t->bus,
      "fewer frames .2. than the 3 that asdstack puts.*longer.*lower");
  test_check_warning (t->bus, "no frames");
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 2);
  check_frames (buffers->pdata[0], expected, 3 * n * SIZE, 0);
  check_frames (buffers->pdata[1], expected, n * SIZE, 3 * GST_SECOND);
  test_harness_free (t);
}

GST_END_TEST;

/* Restarted with another size, everything follows. */
GST_START_TEST (test_restart)
{
  TestHarness *t = test_harness_new ("asdstack name=s frames=2 ! asdpool "
      "name=p method=max");
  GstElement *stack = test_element (t, "s"), *pool = test_element (t, "p");
  g_autoptr (GPtrArray) buffers = NULL;

  test_start_features (t, "clip", MODSPEC);
  push (t, training, 2, 0);
  check_out (t, "pooled", 2, SIZE, 0, 0);
  gst_element_set_state (t->bin, GST_STATE_READY);
  g_object_set (stack, "frames", 1, NULL);
  gst_util_set_object_arg (G_OBJECT (pool), "method", "mean-std");
  gst_element_set_state (t->bin, GST_STATE_PLAYING);
  test_start_features (t, "clip", MODSPEC);
  push (t, training, 2, GST_SECOND);
  check_out (t, "pooled", 2, SIZE, 0, 0);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 2);
  check_frames (buffers->pdata[0], training, 2 * SIZE, 0);
  gst_object_unref (stack);
  gst_object_unref (pool);
  test_harness_free (t);
}

GST_END_TEST;

static Suite *
transform_suite (void)
{
  Suite *s = suite_create ("transform");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_test (tc, test_scale);
  tcase_add_test (tc, test_scale_log);
  tcase_add_loop_test (tc, test_bad_windows, 0, 2);
  tcase_add_loop_test (tc, test_mismatch, 0, 2);
  tcase_add_test (tc, test_bad_training);
  tcase_add_test (tc, test_pca);
  tcase_add_test (tc, test_pool);
  tcase_add_test (tc, test_stack);
  tcase_add_test (tc, test_restart);
  return s;
}

GST_CHECK_MAIN (transform);
