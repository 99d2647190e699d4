/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "harness.h"

#include <glib/gstdio.h>

#define SIZE 6
#define FRAMES 10
#define CAPS TEST_FEATURES (2, 3, "array", 16000)
#define NET " layers=12,2,12 batch-size=32 learning-rate=0.01 "

/* A window of frames that two numbers determine; @fault is beside that plane. */
static GstBuffer *
make_window (guint seed, gsize n_frames, float fault)
{
  g_autofree float *noise = test_noise (2 * n_frames, seed);
  g_autofree float *frames = g_new (float, SIZE * n_frames);

  for (gsize i = 0; i < n_frames; i++)
    for (gsize j = 0; j < SIZE; j++)
      frames[i * SIZE + j] = 10 * (noise[2 * i] * sinf (j) +
          noise[2 * i + 1] * cosf (2 * j)) + (j % 2 == 0 ? fault : -fault);
  return test_buffer (frames, SIZE * n_frames, seed * GST_SECOND);
}

/* A trainer with a bus of its own. */
typedef struct
{
  GstHarness *h;
  GstBus *bus;
} Trainer;

static Trainer
trainer_new (const char *format, ...)
{
  g_autofree char *launch = NULL;
  Trainer t;
  va_list args;

  va_start (args, format);
  launch = g_strdup_vprintf (format, args);
  va_end (args);
  t.h = gst_harness_new_parse (launch);
  t.bus = gst_bus_new ();
  gst_element_set_bus (t.h->element, t.bus);
  gst_harness_set_src_caps_str (t.h, CAPS);
  return t;
}

static void
trainer_free (Trainer * t)
{
  gst_element_set_bus (t->h->element, NULL);
  gst_object_unref (t->bus);
  gst_harness_teardown (t->h);
}

/* Trains on 40 windows. */
static void
train (const char *launch, const char *model)
{
  Trainer t = trainer_new ("%s model=%s", launch, model);

  for (guint i = 0; i < 40; i++)
    gst_harness_push (t.h, make_window (i, FRAMES, 0));
  fail_unless (gst_harness_push_event (t.h, gst_event_new_eos ()));
  trainer_free (&t);
}

static double
get_score (GstBuffer * buffer)
{
  double score = NAN;

  gst_structure_get_double (gst_asd_buffer_get_score (buffer), "score", &score);
  return score;
}

GST_START_TEST (test_train_and_score)
{
  g_autoptr (GPtrArray) buffers = NULL;
  double highest_normal = 0, lowest_other = INFINITY;
  TestHarness *t;

  train ("asdautoencodertrain epochs=60" NET, test_path ("m.asd"));
  t = test_harness_new ("asdautoencoder model=%s", test_path ("m.asd"));
  test_start_features (t, "clip", CAPS);
  for (guint i = 0; i < 10; i++)
    gst_harness_push (t->h, make_window (100 + i, FRAMES, i < 5 ? 0 : 0.7f));
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 10);
  for (guint i = 0; i < 5; i++) {
    highest_normal = MAX (highest_normal, get_score (buffers->pdata[i]));
    lowest_other = MIN (lowest_other, get_score (buffers->pdata[5 + i]));
  }
  fail_unless (lowest_other > 2 * highest_normal, "%g, normal %g",
      lowest_other, highest_normal);
  test_harness_free (t);
}

GST_END_TEST;

/* The score is the mean squared difference from the reconstruction, which
 * asdreconstruct gives by the same section. */
GST_START_TEST (test_reconstruct)
{
  g_autoptr (GPtrArray) scores = NULL, frames = NULL;
  g_autoptr (GstCaps) caps = NULL;
  GstBuffer *window = make_window (200, FRAMES, 0.3f);
  GstAsdFeatureInfo info;
  GstMapInfo in, out;
  double sum = 0;
  TestHarness *t;

  train ("asdreconstructtrain epochs=5" NET, test_path ("m.asd"));
  t = test_harness_new ("asdautoencoder stage=reconstruct model=%s",
      test_path ("m.asd"));
  test_start_features (t, "clip", CAPS);
  gst_harness_push (t->h, gst_buffer_ref (window));
  scores = test_pull_all (t);
  test_harness_free (t);

  t = test_harness_new ("asdreconstruct model=%s", test_path ("m.asd"));
  test_start_features (t, "clip", CAPS);
  gst_harness_push (t->h, gst_buffer_ref (window));
  frames = test_pull_all (t);
  caps = gst_pad_get_current_caps (t->h->sinkpad);
  fail_unless (gst_asd_feature_info_from_caps (&info, caps));
  fail_unless_equals_string (info.kind, "reconstruction");
  fail_unless (info.rows == 2 && info.columns == 3);

  fail_unless (scores->len == 1 && frames->len == 1);
  fail_unless (gst_buffer_map (window, &in, GST_MAP_READ));
  fail_unless (gst_buffer_map (frames->pdata[0], &out, GST_MAP_READ));
  fail_unless_equals_int (out.size, in.size);
  for (gsize i = 0; i < SIZE * FRAMES; i++) {
    double d = ((float *) out.data)[i] - ((float *) in.data)[i];

    sum += d * d;
  }
  /* The differences are rounded to float in one of them. */
  fail_unless (fabs (get_score (scores->pdata[0]) - sum / (SIZE * FRAMES)) <
      1e-6 * sum);
  gst_buffer_unmap (frames->pdata[0], &out);
  gst_buffer_unmap (window, &in);
  gst_buffer_unref (window);
  test_harness_free (t);
}

GST_END_TEST;

/* Same seed, same bytes. */
GST_START_TEST (test_reproducible)
{
  static const char *const launches[] = {
    "asdautoencodertrain epochs=3 noise=0.1 seed=7" NET,
    "asdautoencodertrain epochs=3 noise=0.1 seed=7" NET,
    "asdautoencodertrain epochs=3 noise=0.1 seed=8" NET,
  };
  gchar *data[3];
  gsize size[3];

  for (guint i = 0; i < 3; i++) {
    g_remove (test_path ("m.asd"));
    train (launches[i], test_path ("m.asd"));
    fail_unless (g_file_get_contents (test_path ("m.asd"), &data[i], &size[i],
            NULL));
  }
  fail_unless (size[0] == size[1] && memcmp (data[0], data[1], size[0]) == 0);
  fail_unless (size[0] != size[2] || memcmp (data[0], data[2], size[0]) != 0);
  for (guint i = 0; i < 3; i++)
    g_free (data[i]);
}

GST_END_TEST;

/* Whatever is set counts instead of what the net has, in any order. */
GST_START_TEST (test_properties)
{
  GstElement *element = gst_element_factory_make ("asdautoencodertrain", NULL);
  gchar *layers;
  guint batch_size, epochs;
  gdouble dropout;

  g_object_set (element, "epochs", 7, NULL);
  gst_util_set_object_arg (G_OBJECT (element), "net", "denoising");
  g_object_set (element, "dropout", 0.25, NULL);
  g_object_get (element, "layers", &layers, "batch-size", &batch_size,
      "epochs", &epochs, "dropout", &dropout, NULL);
  fail_unless_equals_string (layers, "2049,500,180,500,2049");
  fail_unless_equals_int (batch_size, 64);
  fail_unless_equals_int (epochs, 7);
  fail_unless (dropout == 0.25);
  g_free (layers);
  gst_object_unref (element);
}

GST_END_TEST;

/* Settings that cannot be are refused before any data is collected. */
GST_START_TEST (test_bad_settings)
{
  static const char *const bad[][2] = {
    {"layers=12,x", "layers"},
    {"layers=0", "layers"},
    {"batch-size=1", "batch-size of at least 2"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *launch = g_strdup_printf ("asdautoencodertrain model=%s "
        "%s", test_path ("m.asd"), bad[i][0]);
    GstElement *element = gst_parse_launch (launch, NULL);
    GstBus *bus = gst_bus_new ();

    gst_element_set_bus (element, bus);
    fail_unless (gst_element_set_state (element, GST_STATE_PAUSED) ==
        GST_STATE_CHANGE_FAILURE);
    test_check_error (bus, bad[i][1]);
    gst_element_set_state (element, GST_STATE_NULL);
    gst_element_set_bus (element, NULL);
    gst_object_unref (bus);
    gst_object_unref (element);
  }
}

GST_END_TEST;

/* What cannot be learned is an error, and the old model stays. */
GST_START_TEST (test_no_model)
{
  g_autofree gchar *before = NULL, *after = NULL;
  gsize size, size_after;

  train ("asdautoencodertrain epochs=1" NET, test_path ("m.asd"));
  fail_unless (g_file_get_contents (test_path ("m.asd"), &before, &size, NULL));
  for (guint k = 0; k < 2; k++) {
    Trainer t = trainer_new ("asdautoencodertrain net=chroma epochs=3 model=%s",
        test_path ("m.asd"));
    float silence[SIZE * FRAMES] = { 0 };

    for (guint i = 0; i < 40; i++)
      gst_harness_push (t.h, k == 0 ? make_window (i, FRAMES, 1e30f * (i + 1)) :
          test_buffer (silence, SIZE * FRAMES, i * GST_SECOND));
    fail_unless (!gst_harness_push_event (t.h, gst_event_new_eos ()));
    test_check_error (t.bus, k == 0 ? "diverged in epoch.*learning-rate.*"
        "asdscale" : "are the same.*not silent");
    trainer_free (&t);
  }
  fail_unless (g_file_get_contents (test_path ("m.asd"), &after, &size_after,
          NULL));
  fail_unless (size == size_after && memcmp (before, after, size) == 0);
}

GST_END_TEST;

static gpointer
send_eos (gpointer harness)
{
  return GINT_TO_POINTER (gst_harness_push_event (harness,
          gst_event_new_eos ()));
}

/* A training of days ends when it is told to, and leaves no file. */
GST_START_TEST (test_cancel)
{
  Trainer t = trainer_new ("asdautoencodertrain epochs=1000000 model=%s" NET,
      test_path ("m.asd"));
  GstProgressType type = GST_PROGRESS_TYPE_START;
  g_autofree gchar *text = NULL;
  GstMessage *message;
  GThread *thread;

  for (guint i = 0; i < 40; i++)
    gst_harness_push (t.h, make_window (i, FRAMES, 0));
  thread = g_thread_new ("eos", send_eos, t.h);
  while (type != GST_PROGRESS_TYPE_CONTINUE) {
    message = gst_bus_timed_pop_filtered (t.bus, 60 * GST_SECOND,
        GST_MESSAGE_PROGRESS);
    fail_unless (message != NULL);
    g_clear_pointer (&text, g_free);
    gst_message_parse_progress (message, &type, NULL, &text);
    gst_message_unref (message);
  }
  test_check_text (text, "epoch 1 of at most 1000000, loss [0-9.e-]+, "
      "validation loss [0-9.e-]+$");
  gst_element_set_state (t.h->element, GST_STATE_NULL);
  fail_unless (!GPOINTER_TO_INT (g_thread_join (thread)));
  fail_unless (!g_file_test (test_path ("m.asd"), G_FILE_TEST_EXISTS));
  trainer_free (&t);
}

GST_END_TEST;

/* Neither frames of another size nor a file that claims another one. */
GST_START_TEST (test_wrong_sizes)
{
  const char *model = test_path ("m.asd");
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  GstElement *element = gst_element_factory_make ("asdautoencoder", NULL);
  GstBus *bus = gst_bus_new ();
  TestHarness *t;

  train ("asdautoencodertrain epochs=1" NET, model);
  t = test_harness_new ("asdautoencoder model=%s", model);
  test_start_features (t, "clip", TEST_FEATURES (1, 7, "array", 16000));
  test_check_error (t->bus, "trained on array 2x3.*stream is array 1x7");
  test_harness_free (t);

  asd_model_writer_update_stage (writer, "autoencoder");
  asd_model_writer_set_string (writer, "caps",
      TEST_FEATURES (1, 7, "array", 16000));
  fail_unless (asd_model_writer_commit (writer, model, NULL, NULL));
  gst_element_set_bus (element, bus);
  g_object_set (element, "model", model, NULL);
  fail_unless (gst_element_set_state (element, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE);
  test_check_error (bus, "m\\.asd.*autoencoder.*6 values.*1 x 7");
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  gst_object_unref (element);
}

GST_END_TEST;

/* [feature][time], for windows of the length that it was trained on. */
GST_START_TEST (test_flatten)
{
  g_autoptr (GPtrArray) buffers = NULL;
  g_autoptr (GstCaps) caps = NULL;
  GstAsdFeatureInfo info;
  float in[FRAMES * SIZE], out[FRAMES * SIZE];
  TestHarness *t;

  train ("asdflattentrain", test_path ("m.asd"));
  for (gsize i = 0; i < FRAMES; i++) {
    for (gsize j = 0; j < SIZE; j++) {
      in[i * SIZE + j] = 100 * j + i;
      out[j * FRAMES + i] = 100 * j + i;
    }
  }
  t = test_harness_new ("asdflatten model=%s", test_path ("m.asd"));
  test_start_features (t, "clip", CAPS);
  gst_harness_push (t->h, make_window (1, FRAMES + 1, 0));
  test_check_warning (t->bus, "11 frames.*trained on windows of 10");
  gst_harness_push (t->h, make_window (2, FRAMES - 1, 0));
  test_check_warning (t->bus, "9 frames.*trained on windows of 10");
  gst_harness_push (t->h, test_buffer (in, FRAMES * SIZE, 0));
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  test_check_buffer (buffers->pdata[0], out, sizeof out, 0,
      GST_CLOCK_TIME_NONE);
  caps = gst_pad_get_current_caps (t->h->sinkpad);
  fail_unless (gst_asd_feature_info_from_caps (&info, caps));
  fail_unless_equals_string (info.kind, "flat");
  fail_unless (info.rows == 1 && info.columns == FRAMES * SIZE);
  test_harness_free (t);
}

GST_END_TEST;

/* Clips of different lengths make no model. */
GST_START_TEST (test_flatten_lengths)
{
  Trainer t = trainer_new ("asdflattentrain model=%s", test_path ("m.asd"));

  gst_harness_push (t.h, make_window (1, FRAMES, 0));
  fail_unless (gst_harness_push (t.h, make_window (2, FRAMES - 1, 0)) ==
      GST_FLOW_ERROR);
  test_check_error (t.bus, "10 and of 9 frames.*window=");
  fail_unless (!gst_harness_push_event (t.h, gst_event_new_eos ()));
  fail_unless (!g_file_test (test_path ("m.asd"), G_FILE_TEST_EXISTS));
  trainer_free (&t);
}

GST_END_TEST;

static Suite *
autoencoder_suite (void)
{
  Suite *s = suite_create ("autoencoder");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_test (tc, test_train_and_score);
  tcase_add_test (tc, test_reconstruct);
  tcase_add_test (tc, test_reproducible);
  tcase_add_test (tc, test_properties);
  tcase_add_test (tc, test_bad_settings);
  tcase_add_test (tc, test_no_model);
  tcase_add_test (tc, test_cancel);
  tcase_add_test (tc, test_wrong_sizes);
  tcase_add_test (tc, test_flatten);
  tcase_add_test (tc, test_flatten_lengths);
  return s;
}

GST_CHECK_MAIN (autoencoder);
