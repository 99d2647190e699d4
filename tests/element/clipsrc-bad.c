/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* asdclipsrc: files as they are, and being stopped. */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clips.h"

/* ---- a decoder that fails as told ------------------------------------ */

/* Files that begin with "ASDTEST" reach this decoder. Their last byte tells
 * what it does after 20000 samples: 'e' an error, 'h' nothing at all any more,
 * 'c' other caps. */
typedef GstElement TestDecoder;
typedef GstElementClass TestDecoderClass;

static GType test_decoder_get_type (void);
G_DEFINE_TYPE (TestDecoder, test_decoder, GST_TYPE_ELEMENT);

static GstStaticPadTemplate test_sink = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("audio/x-asd-test"));
static GstStaticPadTemplate test_src = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("audio/x-raw"));

static void
test_decoder_push (GstPad * src, guint rate, gsize n_frames)
{
  GstCaps *caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
      "S16LE", "layout", G_TYPE_STRING, "interleaved", "channels", G_TYPE_INT,
      1, "rate", G_TYPE_INT, rate, NULL);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, n_frames * 2, NULL);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (src, gst_event_new_caps (caps));
  gst_pad_push_event (src, gst_event_new_segment (&segment));
  gst_buffer_memset (buffer, 0, 1, n_frames * 2);
  gst_pad_push (src, buffer);
  gst_caps_unref (caps);
}

static GstFlowReturn
test_decoder_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstPad *src = GST_PAD (GST_ELEMENT (parent)->srcpads->data);
  guint8 what;

  gst_buffer_extract (buffer, gst_buffer_get_size (buffer) - 1, &what, 1);
  gst_buffer_unref (buffer);
  if (what != 'E')
    test_decoder_push (src, 16000, 20000);
  if (what == 'c')
    test_decoder_push (src, 8000, 100);
  if (what != 'e' && what != 'E')
    return GST_FLOW_OK;
  GST_ELEMENT_ERROR (parent, STREAM, DECODE, ("the test wants it"), (NULL));
  return GST_FLOW_ERROR;
}

static gboolean
test_decoder_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
    return gst_pad_event_default (pad, parent, event);
  gst_event_unref (event);
  return TRUE;
}

static void
test_decoder_init (TestDecoder * self)
{
  GstPad *sink = gst_pad_new_from_static_template (&test_sink, "sink");

  gst_pad_set_chain_function (sink, test_decoder_chain);
  gst_pad_set_event_function (sink, test_decoder_event);
  gst_element_add_pad (self, sink);
  gst_element_add_pad (self,
      gst_pad_new_from_static_template (&test_src, "src"));
}

static void
test_decoder_class_init (TestDecoderClass * klass)
{
  gst_element_class_add_static_pad_template (klass, &test_sink);
  gst_element_class_add_static_pad_template (klass, &test_src);
  gst_element_class_set_static_metadata (klass, "Test", "Decoder/Audio",
      "Fails as told", "gst-asd");
}

static void
test_decoder_find (GstTypeFind * find, gpointer user_data)
{
  const guint8 *start = gst_type_find_peek (find, 0, 7);

  if (start != NULL && memcmp (start, "ASDTEST", 7) == 0)
    gst_type_find_suggest_empty_simple (find, GST_TYPE_FIND_MAXIMUM,
        "audio/x-asd-test");
}

static void
write_video (const gchar * name)
{
  g_autofree gchar *path = clips_path (name);
  g_autofree gchar *line = g_strdup_printf ("videotestsrc num-buffers=5 ! "
      "video/x-raw,width=64,height=64 ! avimux ! filesink location=%s", path);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_message_unref (gst_bus_timed_pop_filtered (bus, 100 * GST_SECOND,
          GST_MESSAGE_EOS));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}

GST_START_TEST (test_bad_files_between_good_ones)
{
  static const gint16 zeros[1000] = { 0 };
  Run *run = run_new ("fakesink");
  g_autofree gchar *directory = clips_path ("dir.wav");
  g_autofree gchar *pipe = clips_path ("pipe.wav");
  g_autofree gchar *secret = clips_path ("secret.wav");

  clips_write_pcm16 ("good.wav", 1, 16000, 9000, 5);
  clips_write ("empty.wav", "", 0);
  clips_write ("text.wav", "These are the notes of the recordings.\n", -1);
  clips_write ("garbage.wav", "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20", 16);
  clips_write_wav ("truncated.wav", WAV_PCM, 16, 1, 16000, zeros, 1000, 320000);
  clips_write_wav ("one-short.wav", WAV_PCM, 16, 1, 16000, zeros, 999, 1000);
  clips_write_wav ("no-samples.wav", WAV_PCM, 16, 1, 16000, zeros, 0, HONEST);
  clips_write ("header.wav", "RIFF\44\0\0\0WAVEfmt \20\0\0\0", 20);
  clips_write_wav ("rate0.wav", WAV_PCM, 16, 1, 0, zeros, 1000, HONEST);
  clips_write_wav ("rate-mad.wav", WAV_PCM, 16, 1, 0x7fffffff, zeros, 1000,
      HONEST);
  write_video ("video.avi");
  fail_unless (g_mkdir (directory, 0700) == 0);
  fail_unless (mkfifo (pipe, 0600) == 0);

  run_set_names (run, "missing.wav", "good.wav", "empty.wav", "text.wav",
      "good.wav", "truncated.wav", "one-short.wav", "no-samples.wav",
      "header.wav", "rate0.wav", "rate-mad.wav", "garbage.wav", "video.avi",
      "good.wav", "dir.wav", "pipe.wav", NULL);
  run_play (run);
  fail_unless (run->error == NULL);
  fail_unless_equals_int (run->clips->len, 3);
  for (guint c = 0; c < 3; c++) {
    run_assert_clip (run, c, "good.wav", 9000);
    for (gsize i = 0; i < 9000; i++)
      fail_unless_quickly (run_sample (run, c, i) == clips_value (5,
              i) / 32768.0f);
  }
  fail_unless_equals_int (run->warnings->len, 13);
  run_assert_warning (run, "missing.wav", "No such file", TRUE);
  run_assert_warning (run, "empty.wav", "is empty", TRUE);
  run_assert_warning (run, "text.wav", "cannot be decoded", TRUE);
  run_assert_warning (run, "garbage.wav", "cannot be decoded", TRUE);
  run_assert_warning (run, "truncated.wav", "promises 320000 bytes", TRUE);
  run_assert_warning (run, "one-short.wav", "truncated", TRUE);
  run_assert_warning (run, "no-samples.wav", "holds no sound (0 samples)",
      TRUE);
  run_assert_warning (run, "header.wav", "without a data chunk", TRUE);
  run_assert_warning (run, "rate0.wav", "cannot be decoded", TRUE);
  run_assert_warning (run, "rate-mad.wav", "2147483647 Hz", TRUE);
  run_assert_warning (run, "video.avi", "no audio", TRUE);
  run_assert_warning (run, "dir.wav", "is a directory", TRUE);
  run_assert_warning (run, "pipe.wav", "not a regular file", TRUE);

  clips_write_pcm16 ("secret.wav", 1, 16000, 10, 0);
  fail_unless (g_chmod (secret, 0) == 0);
  run_set_names (run, "secret.wav", "good.wav", NULL);
  run_play (run);
  if (geteuid () != 0) {
    run_assert_warning (run, "secret.wav", "Permission denied", TRUE);
  } else {                      /* may read everything */
    fail_unless_equals_int (run->clips->len, 2);
  }
  run_free (run);
}

GST_END_TEST;

GST_START_TEST (test_no_file_at_all)
{
  Run *run = run_new ("fakesink");
  g_autofree gchar *pattern = clips_path ("nothing*.wav");

  run_play (run);
  fail_unless (strstr (run->error, "set location") != NULL);

  g_object_set (run->src, "location", pattern, NULL);
  run_play (run);
  fail_unless (strstr (run->error, "location") != NULL);
  fail_unless (strstr (run->error, pattern) != NULL);
  fail_unless_equals_int (run->clips->len, 0);

  clips_write ("nothing1.wav", "", 0);
  clips_write ("nothing2.wav", "", 0);
  run_play (run);
  fail_unless_equals_int (run->warnings->len, 2);
  fail_unless (strstr (run->error, "None of the 2 files") != NULL);
  fail_unless (strstr (run->error, "location") != NULL);
  fail_unless_equals_int (run->clips->len, 0);
  run_free (run);
}

GST_END_TEST;

GST_START_TEST (test_failing_in_the_middle)
{
  Run *run = run_new ("fakesink");

  clips_write_pcm16 ("good.wav", 1, 16000, 100, 5);
  clips_write ("late.asd", "ASDTEST e", -1);
  clips_write ("early.asd", "ASDTEST E", -1);
  clips_write ("changes.asd", "ASDTEST c", -1);
  run_set_names (run, "good.wav", "late.asd", "good.wav", "early.asd",
      "changes.asd", "good.wav", NULL);
  run_play (run);
  fail_unless (run->error == NULL);
  fail_unless_equals_int (run->clips->len, 5);
  run_assert_clip (run, 0, "good.wav", 100);
  run_assert_clip (run, 1, "late.asd", 20000);
  run_assert_clip (run, 2, "good.wav", 100);
  run_assert_clip (run, 3, "changes.asd", 20000);
  run_assert_clip (run, 4, "good.wav", 100);
  fail_unless_equals_int (run->warnings->len, 3);
  run_assert_warning (run, "late.asd", "beyond 1.250 s (the test wants it)",
      FALSE);
  run_assert_warning (run, "early.asd", "the test wants it", TRUE);
  run_assert_warning (run, "changes.asd", "at 8000 Hz after 1.250 s", FALSE);
  run_free (run);
}

GST_END_TEST;

/* A pipeline that stops in the middle of a file, blocked downstream or in a
 * decoder that says nothing any more, is torn down at once. */
GST_START_TEST (test_stop_in_the_middle)
{
  static const gchar *sinks[] = { "appsink sync=false max-buffers=1",
    "fakesink sync=true", "fakesink"
  };

  clips_write_pcm16 ("long.wav", 1, 16000, 400000, 5);
  clips_write ("hangs.asd", "ASDTEST h", -1);
  for (guint s = 0; s < G_N_ELEMENTS (sinks); s++) {
    Run *run = run_new (sinks[s]);

    run_set_names (run, s == 2 ? "hangs.asd" : "long.wav", NULL);
    for (guint cycle = 0; cycle < 10; cycle++) {
      gint64 before;

      run_reset (run);
      g_clear_pointer (&run->announced, gst_structure_free);
      gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
      g_usleep (cycle * 5000);
      before = g_get_monotonic_time ();
      gst_element_set_state (run->pipeline, GST_STATE_NULL);
      /* It takes milliseconds; the machine may be busy. */
      fail_unless (g_get_monotonic_time () - before < 2 * G_USEC_PER_SEC);
    }
    run_free (run);
  }
}

GST_END_TEST;

GST_START_TEST (test_seek_is_refused_and_flush_restarts_the_time)
{
  Run *run = run_new ("appsink name=sink sync=false max-buffers=1");
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (run->pipeline), "sink");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (run->src, "src");
  g_autoptr (GstQuery) query = gst_query_new_seeking (GST_FORMAT_TIME);
  GstSample *pulled;
  GstClockTime running_time;
  gboolean seekable = TRUE;

  clips_write_pcm16 ("long.wav", 1, 16000, 400000, 5);
  run_set_names (run, "long.wav", NULL);
  /* Nothing is there yet that could be flushed. */
  gst_element_send_event (run->src, gst_event_new_flush_start ());
  gst_element_send_event (run->src, gst_event_new_flush_stop (TRUE));
  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  g_signal_emit_by_name (sink, "pull-sample", &pulled);
  gst_sample_unref (pulled);

  fail_unless (gst_pad_query (pad, query));
  gst_query_parse_seeking (query, NULL, &seekable, NULL, NULL);
  fail_if (seekable);
  fail_if (gst_element_seek_simple (run->pipeline, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH, 0));
  fail_if (gst_element_seek_simple (run->src, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH, 0));
  g_signal_emit_by_name (sink, "pull-sample", &pulled);
  fail_unless (pulled != NULL);
  gst_sample_unref (pulled);

  /* A second segment and another running time are right here. */
  run->unchecked = TRUE;
  fail_unless (gst_element_send_event (run->src, gst_event_new_flush_start ()));
  fail_unless (gst_element_send_event (run->src,
          gst_event_new_flush_stop (TRUE)));
  g_signal_emit_by_name (sink, "pull-sample", &pulled);
  fail_unless (pulled != NULL);
  running_time = gst_segment_to_running_time (gst_sample_get_segment (pulled),
      GST_FORMAT_TIME, GST_BUFFER_PTS (gst_sample_get_buffer (pulled)));
  fail_unless_equals_uint64 (running_time, 0);
  fail_unless (GST_BUFFER_PTS (gst_sample_get_buffer (pulled)) > 0);
  gst_sample_unref (pulled);
  run_free (run);
}

GST_END_TEST;

/* A clip that is left at its first buffer leaves nothing behind: neither for
 * the next clip nor in its way. */
GST_START_TEST (test_left_early)
{
  const gsize n = 160000;
  Run *run = run_new ("fakesink");

  clips_write_pcm16 ("one.wav", 1, 16000, n, 5);
  clips_write_pcm16 ("four.wav", 4, 16000, 9000, 6);
  run_set_names (run, "one.wav", "four.wav", "one.wav", "one.wav", "four.wav",
      "one.wav", "four.wav", NULL);
  g_object_set (run->src, "channel", 3, NULL);
  for (guint round = 0; round < 10; round++) {
    run_play (run);
    fail_unless_equals_int (run->warnings->len, 4);
    fail_unless_equals_int (run->clips->len, 3);
    for (guint clip = 0; clip < 3; clip++) {
      run_assert_clip (run, clip, "four.wav", 9000);
      for (gsize i = 0; i < 9000; i++)
        fail_unless_quickly (run_sample (run, clip, i) ==
            clips_value (6, i * 4 + 3) / 32768.0f);
    }
  }
  run_free (run);
}

GST_END_TEST;

static Suite *
clipsrc_bad_suite (void)
{
  Suite *suite = suite_create ("asdclipsrc-bad");
  TCase *tcase = tcase_create ("general");

  gst_element_register (NULL, "asdtestdecoder", GST_RANK_PRIMARY + 100,
      test_decoder_get_type ());
  gst_type_find_register (NULL, "asdtest", GST_RANK_PRIMARY + 100,
      test_decoder_find, "asd", NULL, NULL, NULL);
  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, clips_setup, clips_teardown);
  tcase_add_test (tcase, test_bad_files_between_good_ones);
  tcase_add_test (tcase, test_no_file_at_all);
  tcase_add_test (tcase, test_failing_in_the_middle);
  tcase_add_test (tcase, test_left_early);
  tcase_add_test (tcase, test_stop_in_the_middle);
  tcase_add_test (tcase, test_seek_is_refused_and_flush_restarts_the_time);
  return suite;
}

GST_CHECK_MAIN (clipsrc_bad);
