/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What GstAsdWindowFilter and GstAsdExtractor make of a stream's events, of
 * seeks, live sources and bad samples.
 */

#include "harness.h"

#include <gst/audio/audio.h>
#include <string.h>

#define N_VALUES (60 * 8)
#define N_BYTES (N_VALUES * sizeof (float))

/* The spectrum of n samples, by lib/ itself. */
static void
modspec (const float *samples, gsize n, gint rate, float *energies)
{
  AsdModspecConfig config = ASD_MODSPEC_CONFIG_INIT;
  AsdModspec *self;

  config.rate = rate;
  self = asd_modspec_new (&config);
  fail_unless (asd_modspec_process (self, samples, n, energies));
  asd_modspec_free (self);
}

static void
check_spectrum (GstBuffer * buffer, const float *samples, gsize n, gint rate,
    GstClockTime pts)
{
  float energies[N_VALUES];

  modspec (samples, n, rate, energies);
  test_check_buffer (buffer, energies, N_BYTES, pts,
      gst_util_uint64_scale_round (n, GST_SECOND, rate));
}

static GstEvent *
custom_event (const char *name)
{
  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new_empty (name));
}

enum
{
  END_STREAM_START,
  END_ASD_CLIP,
  END_CAPS,
  END_SEGMENT,
  END_GAP,
  END_GAP_BUFFER,
  END_DISCONT,
  GOES_ON_OTHER_EVENT,
  GOES_ON_TAG,
  N_ENDS
};

/* What ends a clip and what does not: 8000 samples before, 8000 after. */
GST_START_TEST (test_clip_ends)
{
  TestHarness *t = test_harness_new ("asdmodspec");
  g_autofree float *samples = test_noise (16000, 1);
  g_autoptr (GPtrArray) buffers = NULL;
  GstBuffer *buffer = test_buffer (samples + 8000, 8000, GST_SECOND / 2);
  GstClockTime second = GST_SECOND / 2;
  gint rate = 16000;

  test_start_audio (t, 16000);
  test_push_audio (t, samples, 8000, 800);
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h), 0);
  switch (__i__) {
    case END_STREAM_START:
      test_start_audio (t, 16000);
      second = GST_BUFFER_PTS (buffer) = 0;
      break;
    case END_ASD_CLIP:
      test_push_event (t, custom_event ("asd-clip"));
      break;
    case END_CAPS:
      rate = 8000;
      test_start_audio (t, rate);
      break;
    case END_SEGMENT:{
      GstSegment segment;

      gst_segment_init (&segment, GST_FORMAT_TIME);
      test_push_event (t, gst_event_new_segment (&segment));
      break;
    }
    case END_GAP:
      test_push_event (t, gst_event_new_gap (second, GST_SECOND));
      second = GST_BUFFER_PTS (buffer) = second + GST_SECOND;
      break;
    case END_GAP_BUFFER:{
      GstBuffer *gap = test_buffer (samples, 8000, second);

      GST_BUFFER_FLAG_SET (gap, GST_BUFFER_FLAG_GAP);
      gst_harness_push (t->h, gap);
      second = GST_BUFFER_PTS (buffer) = GST_SECOND;
      break;
    }
    case END_DISCONT:
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
      break;
    case GOES_ON_OTHER_EVENT:
      test_push_event (t, custom_event ("another-clip"));
      break;
    case GOES_ON_TAG:
      test_push_event (t, gst_event_new_tag (gst_tag_list_new_empty ()));
      break;
  }

  /* What the end makes known is there before the next clip begins; a
   * missing stretch shows only with the next buffer. */
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h),
      __i__ < END_DISCONT);
  gst_harness_push (t->h, buffer);
  test_push_eos (t);
  buffers = test_pull_all (t);
  if (__i__ >= GOES_ON_OTHER_EVENT) {
    fail_unless_equals_int (buffers->len, 1);
    check_spectrum (buffers->pdata[0], samples, 16000, 16000, 0);
  } else {
    fail_unless_equals_int (buffers->len, 2);
    check_spectrum (buffers->pdata[0], samples, 8000, 16000, 0);
    check_spectrum (buffers->pdata[1], samples + 8000, 8000, rate, second);
    for (guint i = 0; i < 2; i++)
      fail_unless (GST_BUFFER_FLAG_IS_SET (buffers->pdata[i],
              GST_BUFFER_FLAG_DISCONT));
  }
  test_harness_free (t);
}

GST_END_TEST;

/* Events and buffers of a stream leave in order, a clip before what ended it;
 * new caps say the new rate. */
GST_START_TEST (test_order)
{
  TestHarness *t = test_harness_new ("asdmodspec");
  g_autofree float *samples = test_noise (8000, 2);
  GstEvent *event;
  GstCaps *caps;
  gint rate, rows;
  guint n_caps = 0;

  test_start_audio (t, 16000);
  test_push_audio (t, samples, 8000, 800);
  test_start_audio (t, 8000);
  test_push_audio (t, samples, 8000, 800);
  test_push_event (t, custom_event ("asd-clip"));
  test_push_eos (t);
  while ((event = gst_harness_try_pull_event (t->h)) != NULL) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
      gst_event_parse_caps (event, &caps);
      gst_structure_get (gst_caps_get_structure (caps, 0), "rate", G_TYPE_INT,
          &rate, "rows", G_TYPE_INT, &rows, NULL);
      fail_unless_equals_int (rate, n_caps++ == 0 ? 16000 : 8000);
      fail_unless_equals_int (rows, 60);
    }
    gst_event_unref (event);
  }
  fail_unless_equals_int (n_caps, 2);
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h), 2);
  test_harness_free (t);
}

GST_END_TEST;

/* Nothing of what came before a flush is in what comes after. */
GST_START_TEST (test_flush)
{
  static const char *const lines[] = { "asdmodspec",
    "asdmodspec window=500000000", "asdmodspec window=500000000 "
        "interval=100000000"
  };
  TestHarness *t = test_harness_new ("%s", lines[__i__]);
  g_autofree float *samples = test_noise (16000, 3);
  g_autofree float *old = test_noise (7999, 4);
  g_autoptr (GPtrArray) buffers = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.position = segment.time = 5 * GST_SECOND;
  test_start_audio (t, 16000);
  test_push_audio (t, old, 7999, 1000);
  test_push_event (t, gst_event_new_flush_start ());
  test_push_event (t, gst_event_new_flush_stop (TRUE));
  test_push_event (t, gst_event_new_segment (&segment));
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h), 0);
  t->position = 5 * 16000;
  test_push_audio (t, samples, 8000, 1000);
  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  check_spectrum (buffers->pdata[0], samples, 8000, 16000, 5 * GST_SECOND);
  test_harness_free (t);
}

GST_END_TEST;

static void
write_wav (const char *path, const float *samples, gsize n)
{
  g_autofree char *line = g_strdup_printf ("appsrc name=in format=time "
      "caps=audio/x-raw,format=F32LE,rate=16000,channels=1,"
      "layout=interleaved ! wavenc ! filesink location=%s", path);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstElement *in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  GstBuffer *buffer = test_buffer (samples, n, 0);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstFlowReturn ret;
  GstMessage *message;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_signal_emit_by_name (in, "push-buffer", buffer, &ret);
  g_signal_emit_by_name (in, "end-of-stream", &ret);
  message = gst_bus_timed_pop_filtered (bus, 100 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_buffer_unref (buffer);
  gst_object_unref (bus);
  gst_object_unref (in);
  gst_object_unref (pipeline);
}

static void
keep_buffer (GstElement * sink, GstBuffer * buffer, GstPad * pad,
    GPtrArray * buffers)
{
  g_ptr_array_add (buffers, gst_buffer_ref (buffer));
}

static GstElement *
wav_pipeline (const char *path, const char *elements, GPtrArray * buffers)
{
  g_autofree char *line = g_strdup_printf ("filesrc location=%s ! wavparse ! "
      "%s ! fakesink name=sink signal-handoffs=true sync=false", path,
      elements);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");

  g_signal_connect (sink, "handoff", G_CALLBACK (keep_buffer), buffers);
  gst_object_unref (sink);
  return pipeline;
}

static void
wait_for (GstElement * pipeline, GstMessageType type)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (bus, 100 * GST_SECOND,
      type | GST_MESSAGE_ERROR);

  fail_unless (message != NULL && GST_MESSAGE_TYPE (message) == type);
  gst_message_unref (message);
  gst_object_unref (bus);
}

static GPtrArray *
buffer_list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
}

/* After a flushing seek to 3 s all windows are those of a file that begins
 * there. */
GST_START_TEST (test_seek)
{
  g_autofree float *samples = test_noise (10 * 16000, 5);
  g_autoptr (GPtrArray) buffers = buffer_list ();
  const char *path = test_path ("long.wav");
  GstElement *pipeline;

  write_wav (path, samples, 10 * 16000);
  pipeline = wav_pipeline (path, "asdmodspec window=2000000000 "
      "interval=500000000", buffers);
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  wait_for (pipeline, GST_MESSAGE_ASYNC_DONE);
  fail_unless (gst_element_seek_simple (pipeline, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, 3 * GST_SECOND));
  wait_for (pipeline, GST_MESSAGE_ASYNC_DONE);
  g_ptr_array_set_size (buffers, 0);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  wait_for (pipeline, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);

  fail_unless_equals_int (buffers->len, 1 + (7000 - 2000) / 500);
  for (guint i = 0; i < buffers->len; i++)
    check_spectrum (buffers->pdata[i], samples + 48000 + i * 8000, 32000,
        16000, 3 * GST_SECOND + i * 500 * GST_MSECOND);
}

GST_END_TEST;

/* PLAYING, NULL and PLAYING again: the same output, from the beginning. */
GST_START_TEST (test_state_cycle)
{
  g_autofree float *samples = test_noise (5 * 16000, 6);
  g_autoptr (GPtrArray) buffers = buffer_list ();
  const char *path = test_path ("a.wav");
  const char *model = test_path ("m.asd");
  g_autofree char *line = NULL;
  GstElement *pipeline;
  guint n;

  write_wav (path, samples, 5 * 16000);
  test_write_denoise (model, 16000);
  test_write_graph (model, "graph", TEST_FEATURES (60, 8, "modspec", 16000),
      N_VALUES, 1);
  line = g_strdup_printf ("asddenoise model=%s window=1000000000 ! asdmodspec "
      "window=1200000000 ! asdgraph model=%s", model, model);
  pipeline = wav_pipeline (path, line, buffers);
  for (guint i = 0; i < 3; i++) {
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    wait_for (pipeline, GST_MESSAGE_EOS);
    gst_element_set_state (pipeline, i == 0 ? GST_STATE_NULL : GST_STATE_READY);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);

  fail_unless_equals_int (buffers->len, 3 * 4);
  n = buffers->len / 3;
  for (guint i = 0; i < 2 * n; i++) {
    GstBuffer *a = buffers->pdata[i], *b = buffers->pdata[i + n];
    double score;

    gst_buffer_extract (a, 0, &score, sizeof (score));
    test_check_buffer (b, &score, sizeof (score), GST_BUFFER_PTS (a),
        GST_BUFFER_DURATION (a));
    fail_unless_equals_clocktime (GST_BUFFER_PTS (a),
        (i % n) * 1200 * GST_MSECOND);
  }
}

GST_END_TEST;

/* What is outside the segment does not count. */
GST_START_TEST (test_segment_clips)
{
  TestHarness *t = test_harness_new ("asdmodspec");
  g_autofree float *samples = test_noise (48000, 7);
  g_autoptr (GPtrArray) buffers = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = GST_SECOND / 2;
  segment.stop = 2 * GST_SECOND;
  test_start_audio (t, 16000);
  test_push_event (t, gst_event_new_segment (&segment));
  test_push_audio (t, samples, 48000, 48000 / (1 + __i__ * 47));
  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  check_spectrum (buffers->pdata[0], samples + 8000, 24000, 16000,
      GST_SECOND / 2);
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_bytes_segment)
{
  TestHarness *t = test_harness_new ("asdmodspec name=spectrum");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  test_start_audio (t, 16000);
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  fail_unless (gst_harness_push (t->h, test_buffer (NULL, 0, 0))
      != GST_FLOW_OK);
  test_check_error (t->bus, "comes in bytes, not in time: put a parser such as "
      "rawaudioparse before spectrum");
  test_harness_free (t);
}

GST_END_TEST;

/* The warning about a window that gives nothing. */
static void
check_skipped (TestHarness * t, const char *stream_id, GstClockTime start,
    const char *reason)
{
  GstMessage *message = test_pop (t->bus, GST_MESSAGE_WARNING);
  const GstStructure *details;
  GstClockTime timestamp;
  GError *error;

  fail_unless (message != NULL);
  gst_message_parse_warning (message, &error, NULL);
  gst_message_parse_warning_details (message, &details);
  fail_unless (gst_structure_get_clock_time (details, "timestamp", &timestamp));
  fail_unless_equals_clocktime (timestamp, start);
  fail_unless_equals_string (gst_structure_get_string (details, "stream-id"),
      stream_id);
  test_check_text (error->message, reason);
  fail_unless_equals_string (gst_structure_get_string (details, "reason"),
      error->message);
  g_error_free (error);
  gst_message_unref (message);
}

/* Only the window with a bad sample is lost; a warning tells which, and a GAP
 * event is in its place. */
GST_START_TEST (test_not_finite)
{
  static const float bad[] = { NAN, INFINITY, -INFINITY };
  TestHarness *t = test_harness_new ("asdmodspec window=500000000");
  g_autofree float *samples = test_noise (24000, 8);
  g_autoptr (GPtrArray) buffers = NULL;
  GstClockTime timestamp;
  GstEvent *event;
  gboolean gap = FALSE;

  samples[8000 + __i__ * 3999] = bad[__i__];
  test_start_audio (t, 16000);
  test_push_audio (t, samples, 24000, 999);
  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 2);
  check_spectrum (buffers->pdata[0], samples, 8000, 16000, 0);
  check_spectrum (buffers->pdata[1], samples + 16000, 8000, 16000, GST_SECOND);

  check_skipped (t, "clip 1", GST_SECOND / 2,
      __i__ == 0 ? "^Sample 0 is not a finite number: check the source" :
      "^Sample [37]99[98] is not a finite number: check the source");
  test_check_quiet (t->bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);

  while ((event = gst_harness_try_pull_event (t->h)) != NULL) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_GAP) {
      gst_event_parse_gap (event, &timestamp, NULL);
      fail_unless_equals_clocktime (timestamp, GST_SECOND / 2);
      gap = TRUE;
    }
    gst_event_unref (event);
  }
  fail_unless (gap);
  test_harness_free (t);
}

GST_END_TEST;

/* The element with the window property must say so. */
GST_START_TEST (test_live_without_window)
{
  TestHarness *t = test_harness_new ("asdmodspec");
  g_autofree float *samples = test_noise (1600, 9);

  gst_harness_set_live (t->h, TRUE);
  test_start_audio (t, 16000);
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (samples, 1600,
              0)), GST_FLOW_ERROR);
  test_check_error (t->bus, "live.*set the property window, for example "
      "window=10000000000");
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_live_with_window)
{
  TestHarness *t = test_harness_new ("asdmodspec window=500000000");
  g_autofree float *samples = test_noise (8000, 9);

  gst_harness_set_live (t->h, TRUE);
  test_start_audio (t, 16000);
  test_push_audio (t, samples, 8000, 160);
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h), 1);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR);
  test_harness_free (t);
}

GST_END_TEST;

/* A window leaves with the time of its first sample: its length is latency,
 * and the most that is buffered. */
GST_START_TEST (test_latency)
{
  TestHarness *t = test_harness_new ("asdmodspec name=m window=500000000 "
      "interval=100000000");
  GstQuery *query = gst_query_new_latency ();
  GstElement *element = test_element (t, "m");
  GstClockTime min, max;
  gboolean live;

  gst_harness_set_live (t->h, TRUE);
  gst_harness_set_upstream_latency (t->h, 20 * GST_MSECOND);
  test_start_audio (t, 16000);
  fail_unless (gst_element_query (element, query));
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live);
  fail_unless_equals_clocktime (min, 520 * GST_MSECOND);
  fail_unless (max == GST_CLOCK_TIME_NONE || max >= min);
  gst_query_unref (query);
  gst_object_unref (element);
  test_harness_free (t);
}

GST_END_TEST;

static gboolean
answer_latency (GstPad * pad, GstObject * parent, GstQuery * query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, 20 * GST_MSECOND, 60 * GST_MSECOND);
  return TRUE;
}

GST_START_TEST (test_latency_max)
{
  GstElement *element = gst_element_factory_make ("asdmodspec", NULL);
  GstPad *src = gst_pad_new ("src", GST_PAD_SRC);
  GstPad *sink = gst_element_get_static_pad (element, "sink");
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min, max;

  g_object_set (element, "window", 500 * GST_MSECOND, NULL);
  gst_pad_set_query_function (src, answer_latency);
  fail_unless (gst_pad_link (src, sink) == GST_PAD_LINK_OK);
  gst_pad_set_active (src, TRUE);
  gst_element_set_state (element, GST_STATE_PAUSED);
  fail_unless (gst_element_query (element, query));
  gst_query_parse_latency (query, NULL, &min, &max);
  fail_unless_equals_clocktime (min, 520 * GST_MSECOND);
  fail_unless_equals_clocktime (max, 560 * GST_MSECOND);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_pad_set_active (src, FALSE);
  gst_query_unref (query);
  gst_object_unref (sink);
  gst_object_unref (src);
  gst_object_unref (element);
}

GST_END_TEST;

/* Ten samples give no spectrum, but the clip after them does. */
GST_START_TEST (test_ten_samples)
{
  TestHarness *t = test_harness_new ("asdmodspec");
  g_autofree float *samples = test_noise (8000, 10);
  g_autoptr (GPtrArray) buffers = NULL;

  test_start_audio (t, 16000);
  test_push_audio (t, samples, 10, 10);
  test_start_audio (t, 16000);
  test_push_audio (t, samples, 8000, 8000);
  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  check_spectrum (buffers->pdata[0], samples, 8000, 16000, 0);
  /* Its own name, although the next clip made it known. */
  check_skipped (t, "clip 1", 0, "^10 samples are too few for one modspec "
      "frame: record at least 0.287 s$");
  test_check_quiet (t->bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  test_harness_free (t);
}

GST_END_TEST;

/* Silence gives zeros: no division by its level, with or without denoise. */
GST_START_TEST (test_silence)
{
  const char *model = test_path ("m.asd");
  g_autofree float *zeros = g_new0 (float, 16000);
  g_autoptr (GPtrArray) buffers = NULL;
  float energies[N_VALUES] = { 0, };
  TestHarness *t;

  test_write_denoise (model, 16000);
  t = test_harness_new ("asddenoise model=%s ! asdmodspec level=%s", model,
      __i__ == 0 ? "-26" : "20");
  test_start_audio (t, 16000);
  test_push_audio (t, zeros, 16000, 1600);
  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  test_check_buffer (buffers->pdata[0], energies, N_BYTES, 0, GST_SECOND);
  test_harness_free (t);
}

GST_END_TEST;

/* level is the RMS of every window in dB of full scale: the spectrum is that
 * of the samples scaled here. */
GST_START_TEST (test_level)
{
  TestHarness *t = test_harness_new ("asdmodspec level=-26 window=500000000");
  g_autofree float *samples = test_noise (16000, 11);
  g_autofree float *scaled = g_new (float, 8000);
  g_autoptr (GPtrArray) buffers = NULL;

  for (gsize i = 8000; i < 16000; i++)
    samples[i] *= 1e-3;
  test_start_audio (t, 16000);
  test_push_audio (t, samples, 16000, 1600);
  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 2);
  for (guint k = 0; k < 2; k++) {
    float energies[N_VALUES], out[N_VALUES];
    double energy = 0, gain;

    for (gsize i = 0; i < 8000; i++)
      energy += samples[k * 8000 + i] * (double) samples[k * 8000 + i];
    gain = 0.0501187233627272 / sqrt (energy / 8000);   /* 10^(-26/20) */
    for (gsize i = 0; i < 8000; i++)
      scaled[i] = samples[k * 8000 + i] * gain;
    modspec (scaled, 8000, 16000, energies);
    gst_buffer_extract (buffers->pdata[k], 0, out, sizeof (out));
    /* Float filters of float samples; 0.01 dB would be 2e-3. */
    for (gsize i = 0; i < N_VALUES; i++)
      fail_unless (fabs (out[i] - energies[i]) <= 1e-4 * energies[i]);
  }
  test_harness_free (t);
}

GST_END_TEST;

/* Samples so small that their gain is beyond float give finite features. */
GST_START_TEST (test_level_of_denormals)
{
  TestHarness *t = test_harness_new ("asdmodspec level=20");
  g_autofree float *samples = g_new (float, 8000);
  g_autoptr (GPtrArray) buffers = NULL;
  float out[N_VALUES];

  for (gsize i = 0; i < 8000; i++)
    samples[i] = i % 2 ? 1e-42f : -1e-42f;
  test_start_audio (t, 16000);
  test_push_audio (t, samples, 8000, 8000);
  test_push_eos (t);
  buffers = test_pull_all (t);
  gst_buffer_extract (buffers->pdata[0], 0, out, sizeof (out));
  fail_unless_equals_int (gst_asd_first_non_finite (out, N_VALUES), N_VALUES);
  test_harness_free (t);
}

GST_END_TEST;

/* Settings that cannot be are refused with their cure, and data after that
 * does no harm. */
GST_START_TEST (test_bad_settings)
{
  static const struct
  {
    const char *line, *error;
  } bad[] = {
    {"asdmodspec low-frequency=8000", "low-frequency"},
    {"asdmodspec modulation-low=100 modulation-high=50", "modulation"},
    {"asdmodspec window=100000000",
        "^A window of 1600 samples is too short for "
          "one modspec frame: set window to at least 287000000 \\(ns\\)$"},
  };
  TestHarness *t = test_harness_new ("%s", bad[__i__].line);
  g_autofree float *samples = test_noise (8000, 12);
  GstFlowReturn ret = GST_FLOW_OK;

  gst_harness_push_event (t->h, gst_event_new_stream_start ("a"));
  t->rate = 16000;
  for (guint i = 0; i < 3; i++) {
    GstCaps *caps = gst_caps_from_string ("audio/x-raw, format=F32LE, "
        "rate=16000, channels=1, layout=interleaved");
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (t->h, gst_event_new_caps (caps));
    gst_harness_push_event (t->h, gst_event_new_segment (&segment));
    ret = gst_harness_push (t->h, test_buffer (samples, 8000, 0));
    fail_unless (ret != GST_FLOW_OK);
    gst_caps_unref (caps);
  }
  test_check_error (t->bus, bad[__i__].error);
  test_harness_free (t);
}

GST_END_TEST;

/* What asddenoise cannot use is refused before it streams. */
GST_START_TEST (test_bad_denoise)
{
  static const char *const errors[] = {
    "^gate has no model: set model=FILE.asd, made by 'gst-asd train' or by "
        "asddenoisetrain$",
    "none\\.asd.*No such file",
    "stage \"graph\" is of kind \"graph\", gate needs kind \"denoise\": set "
        "stage",
  };
  GstElement *element = gst_element_factory_make ("asddenoise", "gate");
  GstBus *bus = gst_bus_new ();
  const char *model = test_path ("m.asd");

  test_write_graph (model, "graph", TEST_FEATURES (1, 1, "x", 0), 1, NAN);
  gst_element_set_bus (element, bus);
  if (__i__ > 0)
    g_object_set (element, "model", __i__ == 1 ? test_path ("none.asd") : model,
        "stage", "asdgraph", NULL);
  fail_unless (gst_element_set_state (element, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE);
  test_check_error (bus, errors[__i__]);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
}

GST_END_TEST;

GST_START_TEST (test_denoise_rate)
{
  const char *model = test_path ("m.asd");
  g_autofree float *samples = test_noise (8000, 13);
  TestHarness *t;

  test_write_denoise (model, 16000);
  t = test_harness_new ("asddenoise name=gate model=%s", model);
  test_start_audio (t, 44100);
  fail_unless (gst_harness_push (t->h, test_buffer (samples, 8000, 0))
      != GST_FLOW_OK);
  test_check_error (t->bus,
      "m\\.asd: stage \"denoise\" was trained at 16000 Hz, "
      "but the stream is at 44100 Hz: put audioresample ! "
      "audio/x-raw,rate=16000 before gate$");
  test_harness_free (t);
}

GST_END_TEST;

/* Caps that are not allowed are refused by the pad. */
GST_START_TEST (test_bad_caps)
{
  static const char *const bad[] = {
    "audio/x-raw,format=F32LE,rate=16000,channels=2,layout=interleaved,"
        "channel-mask=(bitmask)3",
    "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved",
    "audio/x-raw,format=F32LE,rate=0,channels=1,layout=interleaved",
    "audio/x-raw,format=F32LE,channels=1,layout=interleaved",
  };
  GstElement *element = gst_element_factory_make ("asdmodspec", NULL);
  GstPad *sink = gst_element_get_static_pad (element, "sink");
  GstCaps *caps = gst_caps_from_string (bad[__i__]);

  fail_if (gst_pad_query_accept_caps (sink, caps));
  gst_caps_unref (caps);
  gst_object_unref (sink);
  gst_object_unref (element);
}

GST_END_TEST;

static Suite *
stream_suite (void)
{
  Suite *s = suite_create ("stream");
  TCase *tc = tcase_create ("events");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_loop_test (tc, test_clip_ends, 0, N_ENDS);
  tcase_add_test (tc, test_order);
  tcase_add_loop_test (tc, test_flush, 0, 3);
  tcase_add_test (tc, test_seek);
  tcase_add_test (tc, test_state_cycle);
  tcase_add_loop_test (tc, test_segment_clips, 0, 2);
  tcase_add_test (tc, test_bytes_segment);
  tcase_add_loop_test (tc, test_not_finite, 0, 3);
  tcase_add_test (tc, test_live_without_window);
  tcase_add_test (tc, test_live_with_window);
  tcase_add_test (tc, test_latency);
  tcase_add_test (tc, test_latency_max);
  tcase_add_test (tc, test_ten_samples);
  tcase_add_loop_test (tc, test_silence, 0, 2);
  tcase_add_test (tc, test_level);
  tcase_add_test (tc, test_level_of_denormals);
  tcase_add_loop_test (tc, test_bad_settings, 0, 3);
  tcase_add_loop_test (tc, test_bad_denoise, 0, 3);
  tcase_add_test (tc, test_denoise_rate);
  tcase_add_loop_test (tc, test_bad_caps, 0, 4);
  return s;
}

GST_CHECK_MAIN (stream);
