/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "harness.h"

#include <string.h>

#define SCORE_CAPS "application/x-asd-score, format=F64LE"
#define WINDOW (2 * GST_SECOND)

static void
start_stream (TestHarness * t, const char *stream_id)
{
  test_start_features (t, stream_id, SCORE_CAPS);
}

/* A window as a scorer gives it; base is the running time of time 0. */
static void
push_window (TestHarness * t, GstClockTime pts, GstClockTime base, double score,
    double threshold)
{
  GstBuffer *buffer = gst_buffer_new_memdup (&score, sizeof (score));
  GstStructure *structure;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = base;
  structure = gst_asd_score_new (score, threshold, &segment, pts, WINDOW,
      "graph", "m.asd", "stream 1");
  gst_asd_buffer_add_score (buffer, structure);
  gst_structure_free (structure);
  GST_BUFFER_PTS (buffer) = pts;
  fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
}

static void
push_scores (TestHarness * t, const double *scores, guint n)
{
  for (guint i = 0; i < n; i++)
    push_window (t, i * WINDOW, 0, scores[i], 10);
}

/* The next asd-alarm message; gst_message_unref() it. */
static GstMessage *
pop_alarm (TestHarness * t, const char *state)
{
  GstMessage *message = test_pop (t->bus, GST_MESSAGE_ELEMENT);
  const GstStructure *s;

  fail_unless (message != NULL, "no message %s", state);
  s = gst_message_get_structure (message);
  fail_unless (gst_structure_has_name (s, "asd-alarm"));
  fail_unless_equals_string (gst_structure_get_string (s, "state"), state);
  return message;
}

/* Of the latest message that was checked: why it was cleared. */
static char reason[16];

static void
check_alarm (TestHarness * t, const char *state, guint64 start, guint64 end,
    double peak)
{
  g_autoptr (GstMessage) message = pop_alarm (t, state);
  const GstStructure *s = gst_message_get_structure (message);
  guint64 got_start, got_end, duration, stream_time;
  double got_peak, threshold;

  fail_unless (gst_structure_get (s, "start", G_TYPE_UINT64, &got_start,
          "end", G_TYPE_UINT64, &got_end, "duration", G_TYPE_UINT64, &duration,
          "stream-time", G_TYPE_UINT64, &stream_time,
          "peak-score", G_TYPE_DOUBLE, &got_peak,
          "threshold", G_TYPE_DOUBLE, &threshold, NULL));
  fail_unless_equals_uint64 (got_start, start);
  fail_unless_equals_uint64 (got_end, end);
  fail_unless_equals_uint64 (duration, end - start);
  fail_unless (got_peak == peak && threshold == 10);
  fail_unless_equals_string (gst_structure_get_string (s, "stage"), "graph");
  fail_unless_equals_string (gst_structure_get_string (s, "model"), "m.asd");
  fail_unless_equals_string (gst_structure_get_string (s, "stream-id"),
      "stream 1");
  g_strlcpy (reason, g_strcmp0 (state, "cleared") == 0 ?
      gst_structure_get_string (s, "reason") : "", sizeof reason);
}

static void
check_no_alarm (TestHarness * t)
{
  test_check_quiet (t->bus, GST_MESSAGE_ELEMENT);
}

/* Scores pass as they are, and the messages tell of the alarm. */
GST_START_TEST (test_messages)
{
  const double scores[] = { 5, 12, 5, 30, 9.5, 8, 5 };
  TestHarness *t = test_harness_new ("asdalarm");
  g_autoptr (GPtrArray) buffers = NULL;

  start_stream (t, "stream 1");
  push_scores (t, scores, G_N_ELEMENTS (scores));
  check_alarm (t, "started", 1 * WINDOW, 4 * WINDOW, 30);
  check_alarm (t, "ongoing", 1 * WINDOW, 5 * WINDOW, 30);
  check_alarm (t, "ongoing", 1 * WINDOW, 5 * WINDOW, 30);
  check_alarm (t, "cleared", 1 * WINDOW, 5 * WINDOW, 30);
  fail_unless_equals_string (reason, "normal");
  check_no_alarm (t);

  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, G_N_ELEMENTS (scores));
  for (guint i = 0; i < buffers->len; i++) {
    const GstStructure *s = gst_asd_buffer_get_score (buffers->pdata[i]);
    double score = NAN;

    gst_buffer_extract (buffers->pdata[i], 0, &score, sizeof (score));
    fail_unless (score == scores[i]);
    fail_unless (gst_structure_get_double (s, "score", &score)
        && score == scores[i]);
  }
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_properties)
{
  const double scores[] = { 12, 9, 6, 6, 6, 12, 12, 12 };
  TestHarness *t = test_harness_new ("asdalarm on-count=1 of-count=1 "
      "off-ratio=0.8 min-on=%" G_GUINT64_FORMAT " min-off=%" G_GUINT64_FORMAT,
      4 * WINDOW, 3 * WINDOW);

  start_stream (t, "stream 1");
  push_scores (t, scores, G_N_ELEMENTS (scores));
  check_alarm (t, "started", 0, 1 * WINDOW, 12);
  check_alarm (t, "ongoing", 0, 2 * WINDOW, 12);
  check_alarm (t, "ongoing", 0, 2 * WINDOW, 12);
  /* Four windows have passed. */
  check_alarm (t, "cleared", 0, 2 * WINDOW, 12);
  /* The window that is over three windows after that. */
  check_alarm (t, "started", 6 * WINDOW, 7 * WINDOW, 12);
  check_alarm (t, "ongoing", 6 * WINDOW, 8 * WINDOW, 12);
  check_no_alarm (t);
  test_harness_free (t);
}

GST_END_TEST;

/* Each end of a stream clears the alarm, and no vote reaches over it. */
static GstEvent *
make_end (int which)
{
  switch (which) {
    case 0:
      return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("asd-clip"));
    case 1:
      return gst_event_new_stream_start ("stream 2");
    case 2:
      return gst_event_new_flush_stop (TRUE);
    default:
      return gst_event_new_eos ();
  }
}

GST_START_TEST (test_boundaries)
{
  const double scores[] = { 12, 14 };

  TestHarness *t = test_harness_new ("asdalarm");

  start_stream (t, "stream 1");
  push_scores (t, scores, 2);
  check_alarm (t, "started", 0, 2 * WINDOW, 14);
  if (__i__ == 4) {
    gst_element_set_state (t->bin, GST_STATE_READY);
    check_alarm (t, "cleared", 0, 2 * WINDOW, 14);
    test_harness_free (t);
    return;
  }
  if (__i__ == 2)
    test_push_event (t, gst_event_new_flush_start ());
  test_push_event (t, make_end (__i__));
  check_alarm (t, "cleared", 0, 2 * WINDOW, 14);
  fail_unless_equals_string (reason, "ended");
  check_no_alarm (t);
  if (__i__ == 2)
    start_stream (t, "stream 1");
  if (__i__ != 3) {
    push_window (t, 2 * WINDOW, 0, 15, 10);
    check_no_alarm (t);
    push_window (t, 3 * WINDOW, 0, 15, 10);
    check_alarm (t, "started", 2 * WINDOW, 4 * WINDOW, 15);
  }
  test_harness_free (t);
}

GST_END_TEST;

/* Alarms are in running time, and say where in the recording they are. */
GST_START_TEST (test_stream_time)
{
  TestHarness *t = test_harness_new ("asdalarm on-count=1 of-count=1");
  GstClockTime base = 1000 * GST_SECOND;
  guint64 stream_time;
  GstMessage *message;

  start_stream (t, "stream 1");
  push_window (t, 0, base, 5, 10);
  push_window (t, WINDOW, base, 15, 10);
  message = test_pop (t->bus, GST_MESSAGE_ELEMENT);
  fail_unless (gst_structure_get_uint64 (gst_message_get_structure (message),
          "stream-time", &stream_time));
  fail_unless_equals_uint64 (stream_time, WINDOW);
  gst_message_unref (message);
  push_window (t, 2 * WINDOW, base, 5, 10);
  check_alarm (t, "cleared", base + WINDOW, base + 2 * WINDOW, 15);
  test_harness_free (t);
}

GST_END_TEST;

/* Windows without times follow each other. */
GST_START_TEST (test_no_times)
{
  TestHarness *t = test_harness_new ("asdalarm");

  start_stream (t, "stream 1");
  push_window (t, GST_CLOCK_TIME_NONE, 0, 15, 10);
  check_no_alarm (t);
  push_window (t, GST_CLOCK_TIME_NONE, 0, 15, 10);
  check_alarm (t, "started", 0, 2 * WINDOW, 15);
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_no_threshold)
{
  TestHarness *t = test_harness_new ("asdalarm");

  start_stream (t, "stream 1");
  for (guint i = 0; i < 5; i++)
    push_window (t, i * WINDOW, 0, 100, NAN);
  test_check_warning (t->bus, "graph.*no threshold.*gst-asd train");
  test_check_quiet (t->bus, GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT);
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_no_meta)
{
  TestHarness *t = test_harness_new ("asdalarm");
  double score = 3;

  start_stream (t, "stream 1");
  fail_unless_equals_int (gst_harness_push (t->h, gst_buffer_new_memdup (&score,
              sizeof (score))), GST_FLOW_ERROR);
  test_check_error (t->bus, "without its meta");
  test_harness_free (t);
}

GST_END_TEST;

static void
write_model (const char *path)
{
  AsdModelWriter *writer = asd_model_writer_new ();

  asd_model_writer_set_stage (writer, "graph", "graph");
  asd_model_writer_set_double (writer, "calibration-median", 8);
  fail_unless (asd_model_writer_commit (writer, path, NULL, NULL));
  asd_model_writer_free (writer);
}

/* The off level is 8 + 0.9 * 2 with the model, and 9 without it. */
GST_START_TEST (test_model)
{
  const double scores[] = { 12, 9.5 };
  const char *path = test_path ("m.asd");

  write_model (path);
  for (guint i = 0; i < 2; i++) {
    TestHarness *t = test_harness_new ("asdalarm on-count=1 of-count=1 "
        "model=\"%s\"", i ? path : "");

    start_stream (t, "stream 1");
    push_scores (t, scores, 2);
    check_alarm (t, "started", 0, WINDOW, 12);
    if (i)
      check_alarm (t, "cleared", 0, WINDOW, 12);
    else
      check_alarm (t, "ongoing", 0, 2 * WINDOW, 12);
    test_harness_free (t);
  }
}

GST_END_TEST;

static void
check_start_fails (const char *properties, const char *pattern)
{
  GstElement *element = gst_parse_launch (properties, NULL);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (element, bus);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  test_check_error (bus, pattern);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
}

GST_START_TEST (test_bad_settings)
{
  check_start_fails ("asdalarm on-count=4", "on-count must be 1 to of-count");
  check_start_fails ("asdalarm model=/nonexistent.asd", "nonexistent");
}

GST_END_TEST;

static Suite *
alarm_suite (void)
{
  Suite *suite = suite_create ("alarm");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_test (tc, test_messages);
  tcase_add_test (tc, test_properties);
  tcase_add_loop_test (tc, test_boundaries, 0, 5);
  tcase_add_test (tc, test_stream_time);
  tcase_add_test (tc, test_no_times);
  tcase_add_test (tc, test_no_threshold);
  tcase_add_test (tc, test_no_meta);
  tcase_add_test (tc, test_model);
  tcase_add_test (tc, test_bad_settings);
  return suite;
}

GST_CHECK_MAIN (alarm);
