/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GstAsdScorer, its structures and the shared models, by means of asdgraph. The
 * score of a frame is the sum of its absolute values, see harness.h.
 */

#include "harness.h"

#include <glib/gstdio.h>
#include <string.h>

#define CAPS TEST_FEATURES (2, 2, "modspec", 16000)

static const float frame[] = { 1, -2, 3, -4 };  /* scores 10 */

static const char *
write_model (double threshold)
{
  const char *path = test_path ("m.asd");

  test_write_graph (path, "graph", CAPS, 4, threshold);
  return path;
}

static GstStructure *
pop_score (GstBus * bus)
{
  GstMessage *message = test_pop (bus, GST_MESSAGE_ELEMENT);
  GstStructure *score;

  fail_unless (message != NULL, "no score message");
  score = gst_structure_copy (gst_message_get_structure (message));
  fail_unless_equals_string (gst_structure_get_name (score), "asd-score");
  gst_message_unref (message);
  return score;
}

static double
get_double (const GstStructure * s, const char *field)
{
  double value;

  fail_unless (gst_structure_get_double (s, field, &value), "%s", field);
  return value;
}

static GstClockTime
get_time (const GstStructure * s, const char *field)
{
  guint64 value;

  fail_unless (gst_structure_get_uint64 (s, field, &value), "%s", field);
  return value;
}

static gboolean
is_anomalous (const GstStructure * s)
{
  gboolean anomalous;

  fail_unless (gst_structure_get_boolean (s, "anomalous", &anomalous));
  return anomalous;
}

/* Scores the frames and returns the structure. */
static GstStructure *
score_frames (TestHarness * t, const float *frames, gsize n)
{
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (frames, n, 0)),
      GST_FLOW_OK);
  gst_buffer_unref (gst_harness_pull (t->h));
  return pop_score (t->bus);
}

/* Every field, its type and value, on the bus and on the buffer. */
GST_START_TEST (test_structure)
{
  const char *model = write_model (9.5);
  TestHarness *t = test_harness_new ("asdgraph model=%s", model);
  GstBuffer *buffer = test_buffer (frame, 4, 7 * GST_SECOND);
  const GstStructure *meta;
  GstSegment segment;
  GstStructure *score;
  double value;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 5 * GST_SECOND;
  segment.time = GST_SECOND;
  segment.base = 100 * GST_SECOND;
  test_start_features (t, "fan 1", CAPS);
  test_push_event (t, gst_event_new_segment (&segment));
  GST_BUFFER_DURATION (buffer) = 3 * GST_SECOND;
  buffer = gst_harness_push_and_pull (t->h, buffer);
  value = 10;
  test_check_buffer (buffer, &value, sizeof (value), 7 * GST_SECOND,
      3 * GST_SECOND);

  score = pop_score (t->bus);
  fail_unless_equals_int (gst_structure_n_fields (score), 11);
  fail_unless_equals_float (get_double (score, "score"), 10);
  fail_unless_equals_float (get_double (score, "threshold"), 9.5);
  fail_unless (is_anomalous (score));
  fail_unless_equals_clocktime (get_time (score, "timestamp"), 7 * GST_SECOND);
  fail_unless_equals_clocktime (get_time (score, "stream-time"),
      3 * GST_SECOND);
  fail_unless_equals_clocktime (get_time (score, "running-time"),
      102 * GST_SECOND);
  fail_unless_equals_clocktime (get_time (score, "duration"), 3 * GST_SECOND);
  fail_unless_equals_clocktime (get_time (score, "endtime"), 10 * GST_SECOND);
  fail_unless_equals_string (gst_structure_get_string (score, "stage"),
      "graph");
  fail_unless_equals_string (gst_structure_get_string (score, "model"), model);
  fail_unless_equals_string (gst_structure_get_string (score, "stream-id"),
      "fan 1");

  meta = gst_asd_buffer_get_score (buffer);
  fail_unless (meta != NULL && gst_structure_is_equal (meta, score));
  gst_structure_free (score);
  gst_buffer_unref (buffer);
  test_harness_free (t);
}

GST_END_TEST;

/* The meta goes with every copy, and is a plain custom meta to others. */
GST_START_TEST (test_meta_is_copied)
{
  TestHarness *t = test_harness_new ("asdgraph model=%s", write_model (NAN));
  GstBuffer *buffer, *copy;
  GstCustomMeta *meta;

  test_start_features (t, "a", CAPS);
  buffer = gst_harness_push_and_pull (t->h, test_buffer (frame, 4, 0));
  for (guint i = 0; i < 2; i++) {
    copy = i == 0 ? gst_buffer_copy (buffer) : gst_buffer_copy_deep (buffer);
    meta = gst_buffer_get_custom_meta (copy, "asd-score");
    fail_unless (meta != NULL);
    fail_unless_equals_float (get_double (gst_custom_meta_get_structure (meta),
            "score"), 10);
    gst_buffer_unref (copy);
  }
  gst_buffer_unref (buffer);
  test_harness_free (t);
}

GST_END_TEST;

/* A second score takes the place of the first. */
GST_START_TEST (test_meta_is_replaced)
{
  GstBuffer *buffer = gst_buffer_new ();
  GstSegment segment;

  fail_unless (gst_asd_buffer_get_score (buffer) == NULL);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  for (guint i = 1; i <= 2; i++) {
    GstStructure *score = gst_asd_score_new (i, NAN, &segment, 0,
        GST_CLOCK_TIME_NONE, "s", NULL, NULL);

    fail_unless_equals_clocktime (get_time (score, "endtime"),
        GST_CLOCK_TIME_NONE);
    fail_unless (gst_structure_has_field_typed (score, "model", G_TYPE_STRING));
    gst_asd_buffer_add_score (buffer, score);
    gst_structure_free (score);
  }
  fail_unless_equals_int (gst_buffer_get_n_meta (buffer,
          gst_meta_get_info ("asd-score")->api), 1);
  fail_unless_equals_float (get_double (gst_asd_buffer_get_score (buffer),
          "score"), 2);
  gst_buffer_unref (buffer);
}

GST_END_TEST;

GST_START_TEST (test_post_messages)
{
  TestHarness *t = test_harness_new ("asdgraph post-messages=false model=%s",
      write_model (1));
  GstBuffer *buffer;

  test_start_features (t, "a", CAPS);
  buffer = gst_harness_push_and_pull (t->h, test_buffer (frame, 4, 0));
  fail_unless (gst_asd_buffer_get_score (buffer) != NULL);
  test_check_quiet (t->bus, GST_MESSAGE_ELEMENT);
  gst_buffer_unref (buffer);
  test_harness_free (t);
}

GST_END_TEST;

/* The property wins over the model while it is a number, at any time; a score
 * that equals the threshold is not above it. */
GST_START_TEST (test_threshold)
{
  static const struct
  {
    double property, threshold;
    gboolean anomalous;
  } steps[] = {
    {NAN, 9, TRUE},
    {20, 20, FALSE},
    {10, 10, FALSE},
    {-1, -1, TRUE},
    {NAN, 9, TRUE},
  };
  TestHarness *t = test_harness_new ("asdgraph name=g model=%s",
      write_model (9));
  GstElement *element = test_element (t, "g");

  test_start_features (t, "a", CAPS);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    GstStructure *score;
    double property;

    g_object_set (element, "threshold", steps[i].property, NULL);
    g_object_get (element, "threshold", &property, NULL);
    fail_unless (property == steps[i].property || isnan (steps[i].property));
    score = score_frames (t, frame, 4);
    fail_unless_equals_float (get_double (score, "threshold"),
        steps[i].threshold);
    fail_unless (is_anomalous (score) == steps[i].anomalous, "step %u", i);
    gst_structure_free (score);
  }
  gst_object_unref (element);
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_no_threshold)
{
  TestHarness *t = test_harness_new ("asdgraph model=%s", write_model (NAN));
  GstStructure *score;

  test_start_features (t, "a", CAPS);
  score = score_frames (t, frame, 4);
  fail_unless (isnan (get_double (score, "threshold")));
  fail_if (is_anomalous (score));
  gst_structure_free (score);
  test_harness_free (t);
}

GST_END_TEST;

/* PTS restarts with every clip, running time goes on. */
GST_START_TEST (test_streams)
{
  TestHarness *t = test_harness_new ("asdgraph model=%s", write_model (1));

  for (guint i = 0; i < 3; i++) {
    g_autofree char *id = g_strdup_printf ("clip %u", i);
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    segment.base = i * 10 * GST_SECOND;
    test_start_features (t, id, CAPS);
    test_push_event (t, gst_event_new_segment (&segment));
    for (guint k = 0; k < 2; k++) {
      GstStructure *score;

      gst_harness_push (t->h, test_buffer (frame, 4, k * GST_SECOND));
      score = pop_score (t->bus);
      fail_unless_equals_clocktime (get_time (score, "timestamp"),
          k * GST_SECOND);
      fail_unless_equals_clocktime (get_time (score, "running-time"),
          (i * 10 + k) * GST_SECOND);
      fail_unless_equals_string (gst_structure_get_string (score,
              "stream-id"), id);
      gst_structure_free (score);
    }
  }
  test_harness_free (t);
}

GST_END_TEST;

/* Each frame is scored, the mean is the window's. */
GST_START_TEST (test_many_frames)
{
  static const float frames[] = { 1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 3 };
  TestHarness *t = test_harness_new ("asdgraph model=%s", write_model (1));
  GstStructure *score;

  test_start_features (t, "a", CAPS);
  score = score_frames (t, frames, 12);
  fail_unless_equals_float (get_double (score, "score"), (4 + 8 + 3) / 3.);
  gst_structure_free (score);
  score = score_frames (t, frames, 8);
  fail_unless_equals_float (get_double (score, "score"), (4 + 8) / 2.);
  gst_structure_free (score);
  test_harness_free (t);
}

GST_END_TEST;

/* A window that cannot be scored is left out with a warning that names it; the
 * stream goes on. */
GST_START_TEST (test_unusable_windows)
{
  static const float bad[] = { 1, 2, NAN, 4 };
  static const float infinite[] = { 1, 2, 3, -INFINITY };
  TestHarness *t = test_harness_new ("asdgraph model=%s", write_model (1));
  static const char *const warnings[] = {
    "^The window has no frames and gives no result: make it longer$",
    "not finite and give no result: check the elements before$",
    "not finite and give no result: check the elements before$",
  };
  GstStructure *score;

  test_start_features (t, "clip", CAPS);
  for (guint i = 0; i < G_N_ELEMENTS (warnings); i++) {
    GstBuffer *buffer = test_buffer (i == 0 ? NULL : i == 1 ? bad : infinite,
        i == 0 ? 0 : 4, i * GST_SECOND);
    const GstStructure *details;
    GstMessage *message;
    GError *error;

    fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
    message = test_pop (t->bus, GST_MESSAGE_WARNING);
    fail_unless (message != NULL);
    gst_message_parse_warning (message, &error, NULL);
    gst_message_parse_warning_details (message, &details);
    test_check_text (error->message, warnings[i]);
    fail_unless_equals_string (gst_structure_get_string (details,
            "stream-id"), "clip");
    fail_unless_equals_clocktime (get_time (details, "timestamp"),
        i * GST_SECOND);
    g_error_free (error);
    gst_message_unref (message);
  }
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h), 0);
  test_check_quiet (t->bus, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);
  score = score_frames (t, frame, 4);
  fail_unless_equals_float (get_double (score, "score"), 10);
  gst_structure_free (score);
  test_harness_free (t);
}

GST_END_TEST;

/* Features so large that the score is not a number. */
GST_START_TEST (test_score_not_finite)
{
  static const float huge[] = { 1e38, 1e38, 1e38, 1e38 };
  const double mean[4] = { 0, }, deviation[4] = { 1e-300, 1, 1, 1 };
  AsdModelWriter *writer = asd_model_writer_new ();
  AsdGraph *graph = asd_graph_new (mean, deviation, 1, 4, NULL);
  const char *path = test_path ("tiny.asd");
  TestHarness *t;

  asd_model_writer_set_stage (writer, "graph", "graph");
  asd_model_writer_set_string (writer, "caps", CAPS);
  asd_graph_save (graph, writer);
  fail_unless (asd_model_writer_commit (writer, path, NULL, NULL));
  asd_graph_unref (graph);
  asd_model_writer_free (writer);

  t = test_harness_new ("asdgraph model=%s", path);
  test_start_features (t, "clip", CAPS);
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (huge, 4, 0)),
      GST_FLOW_OK);
  test_check_warning (t->bus, "^The score is not finite.*check the level");
  test_check_quiet (t->bus, GST_MESSAGE_ELEMENT);
  test_harness_free (t);
}

GST_END_TEST;

/* Times that nobody knows stay unknown. */
GST_START_TEST (test_no_timestamp)
{
  TestHarness *t = test_harness_new ("asdgraph model=%s", write_model (1));
  static const char *const fields[] = { "timestamp", "stream-time",
    "running-time", "duration", "endtime"
  };
  GstStructure *score;

  test_start_features (t, "a", CAPS);
  gst_harness_push (t->h, test_buffer (frame, 4, GST_CLOCK_TIME_NONE));
  score = pop_score (t->bus);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fail_unless_equals_clocktime (get_time (score, fields[i]),
        GST_CLOCK_TIME_NONE);
  gst_structure_free (score);
  test_harness_free (t);
}

GST_END_TEST;

/* What cannot be used is refused before data flows. */
GST_START_TEST (test_bad_models)
{
  static const struct
  {
    const char *model, *stage, *error;
  } bad[] = {
    {NULL, NULL, "^scorer has no model: set model=FILE.asd, made by 'gst-asd "
          "train' or by asdgraphtrain$"},
    {"", NULL, "^scorer has no model"},
    {"none.asd", NULL, "none\\.asd.*No such file"},
    {"junk.asd", NULL, "junk\\.asd"},
    {"m.asd", "other", "m\\.asd.*\"other\".*graph"},
    {"m.asd", "denoise", "m\\.asd: stage \"denoise\" is of kind \"denoise\", "
          "scorer needs kind \"graph\": set stage to one that asdgraphtrain "
          "made$"},
    {"nothreshold.asd", NULL, "threshold"},
    {"notensor.asd", NULL, "means"},
    {"toolong.asd", NULL, "toolong\\.asd.*graph.*5 values.*2 x 2"},
  };
  GstElement *element = gst_element_factory_make ("asdgraph", "scorer");
  GstBus *bus = gst_bus_new ();
  AsdModelWriter *writer = asd_model_writer_new ();

  write_model (1);
  test_write_denoise (test_path ("m.asd"), 16000);
  fail_unless (g_file_set_contents (test_path ("junk.asd"), "junk of a file",
          -1, NULL));
  test_write_graph (test_path ("toolong.asd"), "graph", CAPS, 5, 1);
  test_write_graph (test_path ("nothreshold.asd"), "graph", CAPS, 4, 1);
  asd_model_writer_update_stage (writer, "graph");
  asd_model_writer_set_string (writer, "threshold", "high");
  fail_unless (asd_model_writer_commit (writer, test_path ("nothreshold.asd"),
          NULL, NULL));
  asd_model_writer_free (writer);
  writer = asd_model_writer_new ();
  asd_model_writer_set_stage (writer, "graph", "graph");
  asd_model_writer_set_string (writer, "caps", CAPS);
  fail_unless (asd_model_writer_commit (writer, test_path ("notensor.asd"),
          NULL, NULL));
  asd_model_writer_free (writer);

  gst_element_set_bus (element, bus);
  if (bad[__i__].model != NULL)
    g_object_set (element, "model", *bad[__i__].model == '\0' ? "" :
        test_path (bad[__i__].model), NULL);
  g_object_set (element, "stage", bad[__i__].stage, NULL);
  fail_unless (gst_element_set_state (element, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE);
  test_check_error (bus, bad[__i__].error);
  test_check_quiet (bus, GST_MESSAGE_ERROR);

  /* The cure works. */
  gst_element_set_state (element, GST_STATE_NULL);
  g_object_set (element, "model", write_model (1), "stage", NULL, NULL);
  fail_unless (gst_element_set_state (element, GST_STATE_PAUSED) !=
      GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
}

GST_END_TEST;

/* A stage may be written with and without "asd". */
GST_START_TEST (test_stage)
{
  static const char *const stages[] = { "graph", "asdgraph", "second",
    "asdsecond"
  };
  const char *path = test_path ("m.asd");
  TestHarness *t;
  GstElement *element;
  GstStructure *score;
  char *stage;

  test_write_graph (path, __i__ < 2 ? "graph" : "second", CAPS, 4, 1);
  t = test_harness_new ("asdgraph name=g model=%s stage=%s", path,
      stages[__i__]);
  element = test_element (t, "g");
  g_object_get (element, "stage", &stage, NULL);
  fail_unless_equals_string (stage, __i__ < 2 ? "graph" : "second");
  g_free (stage);
  test_start_features (t, "a", CAPS);
  score = score_frames (t, frame, 4);
  fail_unless_equals_string (gst_structure_get_string (score, "stage"),
      __i__ < 2 ? "graph" : "second");
  gst_structure_free (score);
  gst_object_unref (element);
  test_harness_free (t);
}

GST_END_TEST;

/* A stream that the model was not trained on: both sides are named. */
GST_START_TEST (test_caps_mismatch)
{
  static const struct
  {
    const char *caps, *error;
  } bad[] = {
    {TEST_FEATURES (4, 1, "modspec", 16000), "modspec 4x1 at 16000 Hz"},
    {TEST_FEATURES (2, 3, "modspec", 16000), "modspec 2x3 at 16000 Hz"},
    {TEST_FEATURES (2, 2, "modspec", 8000), "modspec 2x2 at 8000 Hz"},
    {TEST_FEATURES (2, 2, "mfcc", 16000), "mfcc 2x2 at 16000 Hz"},
    {"application/x-asd-features, format=F32LE, kind=modspec, rows=2, "
          "columns=2, rate=16000, frame-length=100, frame-step=50",
        "modspec 2x2 at 16000 Hz, frames of 100 samples every 50"},
  };
  const char *model = test_path ("m.asd");
  TestHarness *t;
  g_autofree char *error = NULL;

  /* Trained on frames of 200 samples, unless the stream says nothing. */
  test_write_graph (model, "graph", "application/x-asd-features, format=F32LE, "
      "kind=modspec, rows=2, columns=2, rate=16000, frame-length=200, "
      "frame-step=50", 4, 1);
  t = test_harness_new ("asdgraph model=%s", model);
  error =
      g_strdup_printf ("m\\.asd: stage \"graph\" was trained on modspec 2x2 "
      "at 16000 Hz, frames of 200 samples every 50, but the stream is %s: use",
      bad[__i__].error);
  test_start_features (t, "a", bad[__i__].caps);
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (frame, 4, 0)),
      GST_FLOW_NOT_NEGOTIATED);
  test_check_error (t->bus, error);
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_caps_that_fit)
{
  static const char *const good[] = {
    CAPS,
    TEST_FEATURES (2, 2, "array", 0),
    TEST_FEATURES (2, 2, "array", 16000),
    TEST_FEATURES (2, 2, "modspec", 0),
    "application/x-asd-features, format=F32LE, kind=modspec, rows=2, "
        "columns=2",
  };
  TestHarness *t = test_harness_new ("asdgraph model=%s", write_model (1));
  GstStructure *score;

  test_start_features (t, "a", good[__i__]);
  score = score_frames (t, frame, 4);
  fail_unless_equals_float (get_double (score, "score"), 10);
  gst_structure_free (score);
  test_harness_free (t);
}

GST_END_TEST;

/* Caps without a shape are not features. */
GST_START_TEST (test_caps_incomplete)
{
  TestHarness *t = test_harness_new ("asdgraph name=g model=%s",
      write_model (1));

  test_start_features (t, "a", __i__ == 0 ?
      "application/x-asd-features, format=F32LE, rows=2, columns=2" :
      "application/x-asd-features, format=F32LE, kind=a, rows=0, columns=2");
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (frame, 4, 0)),
      GST_FLOW_NOT_NEGOTIATED);
  test_check_error (t->bus, "^g needs feature caps with kind, rows and "
      "columns$");
  test_harness_free (t);
}

GST_END_TEST;

/* A new file serves elements that start after it; those that run keep theirs,
 * also when it was removed. */
GST_START_TEST (test_model_replaced)
{
  const char *path = write_model (1);
  TestHarness *old = test_harness_new ("asdgraph model=%s", path);
  TestHarness *restarted = test_harness_new ("asdgraph model=%s", path);
  TestHarness *fresh;
  GstStructure *score;

  test_start_features (old, "a", CAPS);
  score = score_frames (old, frame, 4);
  fail_unless_equals_float (get_double (score, "threshold"), 1);
  gst_structure_free (score);

  test_write_graph (path, "graph", CAPS, 4, 2);
  fresh = test_harness_new ("asdgraph model=%s", path);
  gst_element_set_state (restarted->bin, GST_STATE_READY);
  gst_element_set_state (restarted->bin, GST_STATE_PLAYING);
  fail_unless (g_unlink (path) == 0);
  test_start_features (fresh, "a", CAPS);
  test_start_features (restarted, "a", CAPS);
  score = score_frames (fresh, frame, 4);
  fail_unless_equals_float (get_double (score, "threshold"), 2);
  gst_structure_free (score);
  score = score_frames (restarted, frame, 4);
  fail_unless_equals_float (get_double (score, "threshold"), 2);
  gst_structure_free (score);
  score = score_frames (old, frame, 4);
  fail_unless_equals_float (get_double (score, "threshold"), 1);
  gst_structure_free (score);
  test_harness_free (old);
  test_harness_free (restarted);
  test_harness_free (fresh);
}

GST_END_TEST;

/* One file, one model; given back by all, it is read again. */
GST_START_TEST (test_model_shared)
{
  const char *path = write_model (1);
  AsdModel *a = gst_asd_model_acquire (path, NULL);
  AsdModel *b = gst_asd_model_acquire (path, NULL);
  AsdModel *c;
  GError *error = NULL;

  fail_unless (a != NULL && a == b);
  gst_asd_model_release (a);
  fail_unless (gst_asd_model_acquire (path, NULL) == b);
  gst_asd_model_release (b);

  test_write_graph (path, "graph", CAPS, 4, 2);
  c = gst_asd_model_acquire (path, NULL);
  fail_unless (c != NULL && c != b);
  gst_asd_model_release (c);
  gst_asd_model_release (b);
  gst_asd_model_release (NULL);

  g_unlink (path);
  fail_unless (gst_asd_model_acquire (path, &error) == NULL);
  fail_unless (error != NULL && error->domain == G_FILE_ERROR);
  g_clear_error (&error);
}

GST_END_TEST;

static Suite *
scorer_suite (void)
{
  Suite *s = suite_create ("scorer");
  TCase *tc = tcase_create ("graph");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_test (tc, test_structure);
  tcase_add_test (tc, test_meta_is_copied);
  tcase_add_test (tc, test_meta_is_replaced);
  tcase_add_test (tc, test_post_messages);
  tcase_add_test (tc, test_threshold);
  tcase_add_test (tc, test_no_threshold);
  tcase_add_test (tc, test_streams);
  tcase_add_test (tc, test_many_frames);
  tcase_add_test (tc, test_unusable_windows);
  tcase_add_test (tc, test_score_not_finite);
  tcase_add_test (tc, test_no_timestamp);
  tcase_add_loop_test (tc, test_bad_models, 0, 9);
  tcase_add_loop_test (tc, test_stage, 0, 4);
  tcase_add_loop_test (tc, test_caps_mismatch, 0, 5);
  tcase_add_loop_test (tc, test_caps_that_fit, 0, 5);
  tcase_add_loop_test (tc, test_caps_incomplete, 0, 2);
  tcase_add_test (tc, test_model_replaced);
  tcase_add_test (tc, test_model_shared);
  return s;
}

GST_CHECK_MAIN (scorer);
