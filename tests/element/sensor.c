/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "harness.h"

#include <string.h>

#define RATE 16000

static void
check_sensor (TestHarness * t, const char *state, GstClockTime timestamp,
    const char *stream_id)
{
  g_autoptr (GstMessage) message = test_pop (t->bus, GST_MESSAGE_ELEMENT);
  guint64 got, running_time, duration;
  const GstStructure *s;
  double level;

  fail_unless (message != NULL, "no message %s", state);
  s = gst_message_get_structure (message);
  fail_unless (gst_structure_has_name (s, "asd-sensor"));
  fail_unless_equals_string (gst_structure_get_string (s, "state"), state);
  fail_unless_equals_string (gst_structure_get_string (s, "stream-id"),
      stream_id);
  fail_unless (gst_structure_get (s, "timestamp", G_TYPE_UINT64, &got,
          "running-time", G_TYPE_UINT64, &running_time,
          "duration", G_TYPE_UINT64, &duration,
          "level", G_TYPE_DOUBLE, &level, NULL));
  fail_unless_equals_uint64 (got, timestamp);
  fail_unless_equals_uint64 (running_time, timestamp);
  fail_unless (level <= 0 && level >= ASD_SENSOR_MIN_LEVEL);
  test_check_text (gst_structure_get_string (s, "text"), "^[A-Z0-9].*");
}

static void
check_nothing (TestHarness * t)
{
  test_check_quiet (t->bus, GST_MESSAGE_ELEMENT | GST_MESSAGE_WARNING);
}

/* Seconds of noise (n), silence (0) or noise that is too loud (l). */
static void
push_seconds (TestHarness * t, const char *seconds, gsize chunk)
{
  for (gsize i = 0; seconds[i] != '\0'; i++) {
    g_autofree float *x = test_noise (RATE, 100 + i);

    for (gsize j = 0; j < RATE; j++)
      x[j] *= seconds[i] == 'n' ? 0.01 : seconds[i] == 'l' ? 1 : 0;
    test_push_audio (t, x, RATE, chunk);
  }
}

/* Audio passes; a message for each change, whatever the sizes of buffers. */
GST_START_TEST (test_changes)
{
  static const gsize chunks[] = { 160, 1000, 16000 };
  TestHarness *t = test_harness_new ("asdsensor");
  g_autofree float *noise = test_noise (RATE, 1);
  g_autoptr (GPtrArray) buffers = NULL;

  test_start_audio (t, RATE);
  push_seconds (t, "nn00nn0", chunks[__i__]);
  check_sensor (t, "dead", 2 * GST_SECOND, "clip 1");
  check_sensor (t, "ok", 4 * GST_SECOND, "clip 1");
  check_sensor (t, "dead", 6 * GST_SECOND, "clip 1");
  check_nothing (t);

  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 7 * RATE / chunks[__i__]);
  g_clear_pointer (&buffers, g_ptr_array_unref);
  test_push_audio (t, noise, RATE, RATE);
  buffers = test_pull_all (t);
  test_check_buffer (buffers->pdata[0], noise, RATE * sizeof (float),
      7 * GST_SECOND, GST_SECOND);
  test_harness_free (t);
}

GST_END_TEST;

/* Each stream with a fault says so; a good one does after a bad one. */
GST_START_TEST (test_streams)
{
  TestHarness *t = test_harness_new ("asdsensor");

  test_start_audio (t, RATE);
  push_seconds (t, "00", 1000);
  check_sensor (t, "dead", 0, "clip 1");
  test_start_audio (t, RATE);
  push_seconds (t, "00", 1000);
  check_sensor (t, "dead", 0, "clip 2");
  test_start_audio (t, RATE);
  push_seconds (t, "nn", 1000);
  check_sensor (t, "ok", 0, "clip 3");
  test_start_audio (t, RATE);
  push_seconds (t, "nn", 1000);
  check_nothing (t);
  test_harness_free (t);
}

GST_END_TEST;

/* Half a second of silence on both sides of an event is no window. */
GST_START_TEST (test_boundaries)
{
  TestHarness *t = test_harness_new ("asdsensor");
  g_autofree float *silence = g_new0 (float, RATE / 2);

  test_start_audio (t, RATE);
  test_push_audio (t, silence, RATE / 2, RATE / 2);
  test_push_event (t, __i__ ? gst_event_new_gap (GST_SECOND / 2, 0) :
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("asd-clip")));
  test_push_audio (t, silence, RATE / 2, RATE / 2);
  check_nothing (t);
  test_push_audio (t, silence, RATE / 2, RATE / 2);
  check_sensor (t, "dead", GST_SECOND / 2, "clip 1");
  test_harness_free (t);
}

GST_END_TEST;

static void
write_model (const char *path, const AsdSensorLevels * levels)
{
  AsdModelWriter *writer = asd_model_writer_new ();

  asd_model_writer_set_stage (writer, "graph", "graph");
  if (levels != NULL)
    asd_sensor_levels_write (levels, writer);
  fail_unless (asd_model_writer_commit (writer, path, NULL, NULL));
  asd_model_writer_free (writer);
}

/* The noise has -65 dBFS, and -25 when it is loud. */
GST_START_TEST (test_level)
{
  const AsdSensorLevels levels = { -66, -65, -64 };
  const char *path = test_path ("m.asd");
  TestHarness *t;

  write_model (path, &levels);
  t = test_harness_new ("asdsensor model=\"%s\"", path);
  test_start_audio (t, RATE);
  push_seconds (t, "nln", 1000);
  check_sensor (t, "loud", GST_SECOND, "clip 1");
  check_sensor (t, "ok", 2 * GST_SECOND, "clip 1");
  check_nothing (t);
  test_harness_free (t);

  t = test_harness_new ("asdsensor model=\"%s\" loud-margin=50", path);
  test_start_audio (t, RATE);
  push_seconds (t, "nln", 1000);
  check_nothing (t);
  test_harness_free (t);
}

GST_END_TEST;

/* It tells no level. */
GST_START_TEST (test_old_model)
{
  const char *path = test_path ("old.asd");
  TestHarness *t;

  write_model (path, NULL);
  t = test_harness_new ("asdsensor model=\"%s\"", path);
  test_start_audio (t, RATE);
  push_seconds (t, "nl", 1000);
  check_nothing (t);
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_not_finite)
{
  TestHarness *t = test_harness_new ("asdsensor");
  g_autofree float *x = test_noise (RATE, 1);

  test_start_audio (t, RATE);
  x[77] = NAN;
  test_push_audio (t, x, RATE, 1000);
  test_check_warning (t->bus, "not a finite number");
  check_nothing (t);
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_no_model)
{
  GstElement *element =
      gst_parse_launch ("asdsensor model=/nonexistent.asd", NULL);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (element, bus);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  test_check_error (bus, "nonexistent");
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
}

GST_END_TEST;

static Suite *
sensor_suite (void)
{
  Suite *suite = suite_create ("sensor");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_loop_test (tc, test_changes, 0, 3);
  tcase_add_test (tc, test_streams);
  tcase_add_loop_test (tc, test_boundaries, 0, 2);
  tcase_add_test (tc, test_level);
  tcase_add_test (tc, test_old_model);
  tcase_add_test (tc, test_not_finite);
  tcase_add_test (tc, test_no_model);
  return suite;
}

GST_CHECK_MAIN (sensor);
