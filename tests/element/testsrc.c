/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* asdtestsrc: its stream, against the simulator that it wraps. */

#include <asd/simulator.h>
#include <gst/audio/audio.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <string.h>

#define SECOND_SAMPLES 16000

/* Pulls one buffer and checks that it is samples at .. at + n. */
static GstBuffer *
pull_samples (GstHarness * h, guint64 at, gsize n, gint rate)
{
  GstBuffer *buffer = gst_harness_pull (h);
  GstClockTime start = gst_util_uint64_scale_round (at, GST_SECOND, rate);
  GstClockTime end = gst_util_uint64_scale_round (at + n, GST_SECOND, rate);

  fail_unless (buffer != NULL);
  fail_unless_equals_uint64 (gst_buffer_get_size (buffer), n * sizeof (float));
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), at);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (buffer), at + n);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), start);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (buffer), end - start);
  return buffer;
}

/* What the library says that the stream is. */
static void
check_samples (GstBuffer * buffer, const AsdSimulatorConfig * config,
    guint64 at)
{
  g_autoptr (AsdSimulator) simulator = asd_simulator_new (config);
  gsize size = gst_buffer_get_size (buffer);
  g_autofree float *expected = g_malloc (size);

  asd_simulator_seek (simulator, at);
  asd_simulator_process (simulator, expected, size / sizeof *expected);
  fail_unless (gst_buffer_memcmp (buffer, 0, expected, size) == 0,
      "other samples at %" G_GUINT64_FORMAT, at);
}

static GstHarness *
new_harness (const gchar * settings)
{
  g_autofree gchar *launch = g_strconcat ("asdtestsrc ", settings, NULL);

  return gst_harness_new_parse (launch);
}

GST_START_TEST (test_stream)
{
  GstHarness *h = new_harness ("machine=pump machine-id=3 seed=9 snr=2 "
      "fault=leakage severity=0.7 fault-time=60000000 num-buffers=3 "
      "samplesperbuffer=1001");
  AsdSimulatorConfig config;
  GstCaps *caps, *expected;

  asd_simulator_config_init (&config);
  config.machine = ASD_MACHINE_PUMP;
  config.machine_id = 3;
  config.seed = 9;
  config.snr = 2;
  config.fault = ASD_FAULT_LEAKAGE;
  config.severity = 0.7;
  config.fault_start = 960;

  gst_harness_play (h);
  for (guint i = 0; i < 3; i++) {
    GstBuffer *buffer = pull_samples (h, i * 1001, 1001, 16000);

    fail_unless_equals_int (GST_BUFFER_IS_DISCONT (buffer), i == 0);
    check_samples (buffer, &config, i * 1001);
    gst_buffer_unref (buffer);
  }
  fail_unless (gst_harness_try_pull (h) == NULL);

  caps = gst_pad_get_current_caps (h->sinkpad);
  expected = gst_caps_from_string ("audio/x-raw, format = F32LE, "
      "layout = interleaved, rate = 16000, channels = 1");
  fail_unless (gst_caps_is_equal (caps, expected));
  gst_caps_unref (caps);
  gst_caps_unref (expected);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* 44.1 kHz: buffers whose length in ns is not whole. */
GST_START_TEST (test_rate)
{
  GstHarness *h = new_harness ("fault=imbalance fault-time=100000000");
  AsdSimulatorConfig config;
  GstClockTime last = 0;

  asd_simulator_config_init (&config);
  config.rate = 44100;
  config.fault = ASD_FAULT_IMBALANCE;
  config.fault_start = 4410;
  gst_harness_set_sink_caps_str (h, "audio/x-raw, rate = 44100");
  gst_harness_play (h);
  for (guint i = 0; i < 100; i++) {
    GstBuffer *buffer = pull_samples (h, i * 1024, 1024, 44100);

    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), last);
    last += GST_BUFFER_DURATION (buffer);
    if (i % 33 == 0)
      check_samples (buffer, &config, i * 1024);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* The rate is negotiated anew in the middle; time goes on. */
GST_START_TEST (test_new_rate)
{
  GstElement *pipeline = gst_parse_launch ("asdtestsrc num-buffers=40 ! "
      "capsfilter name=filter caps=audio/x-raw,rate=16000 ! "
      "fakesink name=sink sync=false", NULL);
  GstElement *filter = gst_bin_get_by_name (GST_BIN (pipeline), "filter");
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstBus *bus = gst_element_get_bus (pipeline);
  GstCaps *caps = gst_caps_from_string ("audio/x-raw, rate = 48000");
  GstMessage *message;
  GstSample *sample;
  GstBuffer *buffer;
  AsdSimulatorConfig config;

  /* Paused, one buffer has reached the sink and the source waits. */
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  fail_unless (gst_element_get_state (pipeline, NULL, NULL,
          GST_CLOCK_TIME_NONE) == GST_STATE_CHANGE_SUCCESS);
  g_object_set (filter, "caps", caps, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);

  g_object_get (sink, "last-sample", &sample, NULL);
  buffer = gst_sample_get_buffer (sample);
  asd_simulator_config_init (&config);
  config.rate = 48000;
  check_samples (buffer, &config, GST_BUFFER_OFFSET (buffer));
  /* One or two buffers of 64 ms, the others of 21.333 ms; the sample at the
   * change may be rounded. */
  fail_unless (GST_BUFFER_PTS (buffer) >= 64 * GST_MSECOND +
      38 * 21333333 && GST_BUFFER_PTS (buffer) < 2 * 64 * GST_MSECOND +
      38 * 21333334);

  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_sample_unref (sample);
  gst_message_unref (message);
  gst_caps_unref (caps);
  gst_object_unref (bus);
  gst_object_unref (filter);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
}

GST_END_TEST;

/* The same bytes when the element is started again. */
GST_START_TEST (test_state_cycle)
{
  GstHarness *h = new_harness ("machine=valve seed=4");
  AsdSimulatorConfig config;

  asd_simulator_config_init (&config);
  config.machine = ASD_MACHINE_VALVE;
  config.seed = 4;
  for (guint cycle = 0; cycle < 2; cycle++) {
    gst_harness_play (h);
    for (guint i = 0; i < 5; i++) {
      GstBuffer *buffer = pull_samples (h, i * 1024, 1024, 16000);

      fail_unless_equals_int (GST_BUFFER_IS_DISCONT (buffer), i == 0);
      check_samples (buffer, &config, i * 1024);
      gst_buffer_unref (buffer);
    }
    gst_element_set_state (h->element, GST_STATE_NULL);
    while (gst_harness_buffers_in_queue (h) > 0)
      gst_buffer_unref (gst_harness_pull (h));
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

static GstBuffer *
last_buffer (GstElement * sink)
{
  GstSample *sample;
  GstBuffer *buffer;

  g_object_get (sink, "last-sample", &sample, NULL);
  fail_unless (sample != NULL);
  buffer = gst_buffer_ref (gst_sample_get_buffer (sample));
  gst_sample_unref (sample);
  return buffer;
}

GST_START_TEST (test_seek)
{
  static const guint starts[] = { 3000, 500, 500, 0, 1500 };    /* ms */
  GstElement *pipeline = gst_parse_launch ("asdtestsrc machine=slider "
      "fault=no-grease fault-time=1000000000 ! fakesink name=sink sync=false",
      NULL);
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstBus *bus = gst_element_get_bus (pipeline);
  AsdSimulatorConfig config;
  GstMessage *message;
  GstBuffer *buffer;

  asd_simulator_config_init (&config);
  config.machine = ASD_MACHINE_SLIDER;
  config.fault = ASD_FAULT_NO_GREASE;
  config.fault_start = SECOND_SAMPLES;
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  fail_unless (gst_element_get_state (pipeline, NULL, NULL,
          GST_CLOCK_TIME_NONE) == GST_STATE_CHANGE_SUCCESS);
  for (guint i = 0; i < G_N_ELEMENTS (starts); i++) {
    guint64 at = starts[i] * SECOND_SAMPLES / 1000;

    fail_unless (gst_element_seek_simple (pipeline, GST_FORMAT_TIME,
            GST_SEEK_FLAG_FLUSH, starts[i] * GST_MSECOND));
    gst_element_get_state (pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
    buffer = last_buffer (sink);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), at);
    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer),
        starts[i] * GST_MSECOND);
    fail_unless (GST_BUFFER_IS_DISCONT (buffer));
    check_samples (buffer, &config, at);
    gst_buffer_unref (buffer);
  }

  /* Backwards is refused, and changes nothing. */
  fail_if (gst_element_seek (pipeline, -1.0, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_SET,
          GST_SECOND));

  /* A segment ends at its stop, with a short buffer. */
  fail_unless (gst_element_seek (pipeline, 1.0, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, GST_SECOND,
          GST_SEEK_TYPE_SET, 1100 * GST_MSECOND));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  buffer = last_buffer (sink);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), 16000 + 1024);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (buffer), 17600);
  fail_unless_equals_uint64 (gst_buffer_get_size (buffer),
      576 * sizeof (float));
  check_samples (buffer, &config, 16000 + 1024);
  gst_buffer_unref (buffer);

  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
}

GST_END_TEST;

/* A seek before the stream starts is done when it does. */
GST_START_TEST (test_early_seek)
{
  GstElement *pipeline = gst_parse_launch ("asdtestsrc name=src ! "
      "fakesink name=sink sync=false", NULL);
  GstElement *src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  AsdSimulatorConfig config;
  GstBuffer *buffer;

  asd_simulator_config_init (&config);
  gst_element_set_state (pipeline, GST_STATE_READY);
  fail_unless (gst_element_seek_simple (src, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH, GST_SECOND));
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  fail_unless (gst_element_get_state (pipeline, NULL, NULL,
          GST_CLOCK_TIME_NONE) == GST_STATE_CHANGE_SUCCESS);
  buffer = last_buffer (sink);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), GST_SECOND);
  check_samples (buffer, &config, SECOND_SAMPLES);
  gst_buffer_unref (buffer);

  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (src);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
}

GST_END_TEST;

GST_START_TEST (test_wrong_fault)
{
  GstElement *src = gst_element_factory_make ("asdtestsrc", NULL);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error;

  gst_object_ref_sink (src);
  gst_element_set_bus (src, bus);
  gst_util_set_object_arg (G_OBJECT (src), "machine", "valve");
  gst_util_set_object_arg (G_OBJECT (src), "fault", "bearing");
  fail_unless_equals_int (gst_element_set_state (src, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  fail_unless_equals_string (error->message, "machine=valve fault=bearing: "
      "a valve has no such fault: choose none, contamination or leakage");
  g_error_free (error);
  gst_message_unref (message);

  /* The next start takes new settings. */
  gst_element_set_state (src, GST_STATE_NULL);
  gst_util_set_object_arg (G_OBJECT (src), "fault", "leakage");
  fail_unless (gst_element_set_state (src, GST_STATE_PAUSED) !=
      GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (src, GST_STATE_NULL);
  gst_element_set_bus (src, NULL);
  gst_object_unref (bus);
  gst_object_unref (src);
}

GST_END_TEST;

/* Live, a buffer comes at its time, and the latency is one buffer. */
GST_START_TEST (test_live)
{
  GstHarness *h = new_harness ("is-live=true samplesperbuffer=1600");
  GstTestClock *clock;
  GstBuffer *buffer;

  gst_harness_use_testclock (h);
  clock = gst_harness_get_testclock (h);
  gst_harness_play (h);
  for (guint i = 0; i < 3; i++) {
    fail_unless (gst_harness_wait_for_clock_id_waits (h, 1, 10));
    fail_unless_equals_int (gst_harness_buffers_in_queue (h), 0);
    fail_unless (gst_harness_crank_single_clock_wait (h));
    buffer = pull_samples (h, i * 1600, 1600, 16000);
    gst_buffer_unref (buffer);
    fail_unless_equals_uint64 (gst_clock_get_time (GST_CLOCK (clock)),
        i * 100 * GST_MSECOND);
  }
  gst_object_unref (clock);
  fail_unless_equals_uint64 (gst_harness_query_latency (h), 100 * GST_MSECOND);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* Not live: all at once, and no live latency. */
GST_START_TEST (test_not_live)
{
  GstHarness *h = new_harness ("samplesperbuffer=1600");
  GstQuery *query = gst_query_new_latency ();
  gboolean live;

  gst_harness_play (h);
  gst_buffer_unref (gst_harness_pull (h));
  fail_unless (gst_pad_peer_query (h->sinkpad, query));
  gst_query_parse_latency (query, &live, NULL, NULL);
  fail_if (live);
  gst_query_unref (query);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
testsrc_suite (void)
{
  Suite *s = suite_create ("testsrc");
  TCase *tc = tcase_create ("testsrc");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_stream);
  tcase_add_test (tc, test_rate);
  tcase_add_test (tc, test_new_rate);
  tcase_add_test (tc, test_state_cycle);
  tcase_add_test (tc, test_seek);
  tcase_add_test (tc, test_early_seek);
  tcase_add_test (tc, test_wrong_fault);
  tcase_add_test (tc, test_live);
  tcase_add_test (tc, test_not_live);
  return s;
}

GST_CHECK_MAIN (testsrc);
