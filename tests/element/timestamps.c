/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What asddetect makes of the times that sources give: clocks that are off,
 * times that jump or are missing, seeks. */

#include "harness.h"

#include <gst/audio/audio.h>
#include <string.h>

/* As in GstAsdWindower: timestamps follow the clock in steps of that. */
#define MAX_DRIFT (20 * GST_MSECOND)

static TestHarness *
start_detect (gint rate)
{
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"",
      test_write_recipe ("m.asd", NULL, "1000000000", 1e9));

  test_start_audio (t, rate);
  return t;
}

/* The timestamps of all scores, in their order. There is a warning where the
 * source had a lower rate than the model, and nothing else. */
static GArray *
pop_times (TestHarness * t)
{
  GArray *times = g_array_new (FALSE, FALSE, sizeof (guint64));
  GstMessage *message;
  guint n_warnings = 0;
  guint64 time;

  while ((message = test_pop (t->bus, GST_MESSAGE_ELEMENT |
              GST_MESSAGE_WARNING | GST_MESSAGE_ERROR)) != NULL) {
    fail_if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR);
    n_warnings += GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING;
    if (gst_message_has_name (message, "asd-score")) {
      fail_unless (gst_structure_get_uint64 (gst_message_get_structure
              (message), "timestamp", &time));
      g_array_append_val (times, time);
    }
    gst_message_unref (message);
  }
  fail_unless_equals_int (n_warnings, t->rate < 16000);
  return times;
}

/* The same in ms, rounded, as text. */
static char *
pop_times_text (TestHarness * t)
{
  g_autoptr (GArray) times = pop_times (t);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < times->len; i++)
    g_string_append_printf (text, "%s%" G_GUINT64_FORMAT, i > 0 ? " " : "",
        (g_array_index (times, guint64, i) + GST_MSECOND / 2) / GST_MSECOND);
  return g_string_free (text, FALSE);
}

static void
check_times (TestHarness * t, const char *expected)
{
  g_autofree char *text = NULL;

  test_push_eos (t);
  text = pop_times_text (t);
  fail_unless_equals_string (text, expected);
  test_harness_free (t);
}

static const gint rates[] = { 16000, 8000, 44100 };

/* The clock of the device runs 100 ppm off, which is more than 40 ms after
 * 400 s: no window is lost, and each has the time of the clock. A resampler must
 * not take it for a loss. */
GST_START_TEST (test_drift)
{
  const gint rate = rates[__i__ / 2];
  const double speed = __i__ % 2 == 0 ? 1.0001 : 0.9999;
  const guint seconds = 420;
  TestHarness *t = start_detect (rate);
  g_autofree float *x = test_noise (rate, 1);
  g_autoptr (GArray) times = NULL;
  gsize step = rate / 10;

  /* And a little more: resampled, a second has a sample less. */
  for (guint i = 0; i <= 10 * seconds; i++) {
    GstClockTime pts = GST_SECOND + i * (GST_SECOND / 10 * speed);

    fail_unless_equals_int (gst_harness_push (t->h,
            test_buffer (x + i % 10 * step, step, pts)), GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (t->h));
  }
  test_push_eos (t);
  times = pop_times (t);
  fail_unless_equals_int (times->len, seconds);
  for (guint i = 0; i < seconds; i++) {
    GstClockTimeDiff off = GST_CLOCK_DIFF (GST_SECOND + i * (GST_SECOND *
            speed), g_array_index (times, guint64, i));

    /* And what the clock moves in a buffer and a window. */
    fail_unless (ABS (off) <= MAX_DRIFT + GST_MSECOND, "window %u is off by %"
        GST_STIME_FORMAT, i, GST_STIME_ARGS (off));
  }
  test_harness_free (t);
}

GST_END_TEST;

/* Timestamps that jitter by less than 40 ms break no window. */
GST_START_TEST (test_jitter)
{
  const gint rate = rates[__i__];
  TestHarness *t = start_detect (rate);
  g_autofree float *x = test_noise (rate, 1);
  g_autoptr (GArray) times = NULL;
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  gsize step = rate / 100;

  for (guint i = 0; i <= 2000; i++)
    gst_harness_push (t->h, test_buffer (x + i % 100 * step, step,
            i * 10 * GST_MSECOND + g_rand_int_range (rand, 0, 39000000)));
  test_push_eos (t);
  times = pop_times (t);
  fail_unless_equals_int (times->len, 20);
  for (guint i = 0; i < times->len; i++) {
    GstClockTimeDiff off = GST_CLOCK_DIFF (i * GST_SECOND,
        g_array_index (times, guint64, i));

    fail_unless (off >= -20 * (gint64) GST_MSECOND && off <= 60 * GST_MSECOND,
        "%" GST_STIME_FORMAT, GST_STIME_ARGS (off));
  }
  test_harness_free (t);
}

GST_END_TEST;

/* 1.5 s, a jump, 2.5 s: forwards or back, by 5 s or by little more than jitter.
 * Windows begin afresh where the times do. */
GST_START_TEST (test_jump)
{
  static const struct
  {
    GstClockTimeDiff jump;
    const char *times;
  } jumps[] = {
    {5 * GST_SECOND, "10000 16500 17500"},
    {50 * GST_MSECOND, "10000 11550 12550"},
    {-50 * GST_MSECOND, "10000 11450 12450"},
    {-5 * (gint64) GST_SECOND, "10000 6500 7500"},
  };
  const gint rate = rates[__i__ / G_N_ELEMENTS (jumps)];
  const guint k = __i__ % G_N_ELEMENTS (jumps);
  TestHarness *t = start_detect (rate);
  g_autofree float *x = test_noise (rate, 1);

  for (guint i = 0; i < 40; i++)
    gst_harness_push (t->h, test_buffer (x + i % 10 * (rate / 10), rate / 10,
            10 * GST_SECOND + i * GST_SECOND / 10 + (i >= 15) * jumps[k].jump));
  check_times (t, jumps[k].times);
}

GST_END_TEST;

/* No buffer has a time, only the first has one, every third one has. */
GST_START_TEST (test_missing)
{
  static const char *expected[] =
      { "0 1000 2000", "10000 11000 12000", "10000 11000 12000" };
  const gint rate = rates[__i__ / 3];
  TestHarness *t = start_detect (rate);
  g_autofree float *x = test_noise (rate, 1);

  for (guint i = 0; i < 39; i++) {
    gboolean has_time = (__i__ % 3 == 1 && i == 0)
        || (__i__ % 3 == 2 && i % 3 == 0);

    gst_harness_push (t->h, test_buffer (x + i % 10 * (rate / 10), rate / 10,
            has_time ? (100 + i) * GST_SECOND / 10 : GST_CLOCK_TIME_NONE));
  }
  check_times (t, expected[__i__ % 3]);
}

GST_END_TEST;

/* What the source marks as lost or missing. */
GST_START_TEST (test_marks)
{
  const gint rate = rates[__i__ / 3];
  TestHarness *t = start_detect (rate);
  g_autofree float *x = test_noise (rate, 1);

  for (guint i = 0; i < 40; i++) {
    GstClockTime pts = i * GST_SECOND / 10;
    GstBuffer *buffer = test_buffer (x + i % 10 * (rate / 10), rate / 10, pts);

    if (i == 15 && __i__ % 3 == 0)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    if (i == 15 && __i__ % 3 == 1)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
    if (i == 15 && __i__ % 3 == 2)
      test_push_event (t, gst_event_new_gap (pts, 0));
    gst_harness_push (t->h, buffer);
  }
  check_times (t, __i__ % 3 == 1 ? "0 1600 2600" : "0 1500 2500");
}

GST_END_TEST;

/* 16, 8, 44.1 kHz and stereo in one stream: no window is of two of them, and the
 * missing band is named once. */
GST_START_TEST (test_formats)
{
  static const struct
  {
    gint rate, channels;
  } formats[] = { {16000, 1}, {8000, 1}, {44100, 2}, {16000, 2} };
  TestHarness *t = start_detect (16000);
  g_autofree float *x = test_noise (2 * 44100, 1);

  for (guint k = 0; k < G_N_ELEMENTS (formats); k++) {
    gint rate = formats[k].rate, channels = formats[k].channels;
    GstCaps *caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
        "F32LE", "layout", G_TYPE_STRING, "interleaved", "rate", G_TYPE_INT,
        rate, "channels", G_TYPE_INT, channels, "channel-mask",
        GST_TYPE_BITMASK, (guint64) (channels == 2 ? 3 : 0), NULL);

    test_push_event (t, gst_event_new_caps (caps));
    gst_caps_unref (caps);
    for (guint i = 0; i < 15; i++)
      gst_harness_push (t->h, test_buffer (x, rate / 10 * channels,
              (15 * k + i) * GST_SECOND / 10));
  }
  t->rate = 8000;
  check_times (t, "0 1500 3000 4500");
}

GST_END_TEST;

/* Buffers of one sample, and of 10 s. */
GST_START_TEST (test_sizes)
{
  const gsize chunk = __i__ % 2 == 0 ? 1 : 160000;
  const gint rate = rates[__i__ / 2 * 2];
  TestHarness *t = start_detect (rate);
  g_autofree float *x = test_noise (4 * rate + 9, 1);

  test_push_audio (t, x, 4 * rate + 9, chunk);
  check_times (t, "0 1000 2000 3000");
}

GST_END_TEST;

static void
wait_for_score (GstBus * bus, guint64 timestamp)
{
  GstMessage *message;
  guint64 got = 0;

  while ((message = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND,
              GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR)) != NULL) {
    fail_if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR);
    if (gst_message_has_name (message, "asd-score"))
      gst_structure_get_uint64 (gst_message_get_structure (message),
          "timestamp", &got);
    gst_message_unref (message);
    if (got == timestamp)
      return;
  }
  fail ("no score of %" GST_TIME_FORMAT, GST_TIME_ARGS (timestamp));
}

/* In a pipeline, with and without flush, to and fro, while windows are on their
 * way. */
GST_START_TEST (test_seek)
{
  static const GstSeekFlags flags[] = { GST_SEEK_FLAG_FLUSH, 0 };
  g_autofree char *line = g_strdup_printf ("audiotestsrc wave=white-noise "
      "name=src ! audio/x-raw,rate=%d ! asddetect model=\"%s\" ! fakesink",
      rates[__i__ / 2], test_write_recipe ("m.asd", NULL, "1000000000", 1e9));
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstElement *source = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  GstBus *bus = gst_element_get_bus (pipeline);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  wait_for_score (bus, 2 * GST_SECOND);
  for (guint i = 0; i < 4; i++) {
    guint64 to = i % 2 ? 10500 * GST_MSECOND : 77777 * GST_SECOND;

    fail_unless (gst_element_seek_simple (source, GST_FORMAT_TIME,
            flags[__i__ % 2], to));
    wait_for_score (bus, to);
    wait_for_score (bus, to + 2 * GST_SECOND);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (source);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}

GST_END_TEST;

static Suite *
timestamps_suite (void)
{
  Suite *suite = suite_create ("timestamps");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_loop_test (tc, test_drift, 0, 2 * G_N_ELEMENTS (rates));
  tcase_add_loop_test (tc, test_jitter, 0, G_N_ELEMENTS (rates));
  tcase_add_loop_test (tc, test_jump, 0, 4 * G_N_ELEMENTS (rates));
  tcase_add_loop_test (tc, test_missing, 0, 3 * G_N_ELEMENTS (rates));
  tcase_add_loop_test (tc, test_marks, 0, 3 * G_N_ELEMENTS (rates));
  tcase_add_test (tc, test_formats);
  tcase_add_loop_test (tc, test_sizes, 0, 4);
  tcase_add_loop_test (tc, test_seek, 0, 2 * G_N_ELEMENTS (rates));
  return suite;
}

GST_CHECK_MAIN (timestamps);
