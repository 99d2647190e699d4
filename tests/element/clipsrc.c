/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* asdclipsrc: what leaves it for sound recordings. */

#include <math.h>

#include "clips.h"

GST_START_TEST (test_order_times_and_samples)
{
  /* Shorter than, as long as, longer than and a multiple of a block, and
   * lengths whose durations in ns are not whole. */
  static const gsize lengths[] = { 10, 8192, 20011, 16384, 33333 };
  Run *run = run_new ("fakesink");
  g_autofree gchar *pattern = clips_path ("order*.wav");
  guint64 before = 0;

  /* Written in another order than that of their names. */
  for (gint i = G_N_ELEMENTS (lengths) - 1; i >= 0; i--) {
    g_autofree gchar *name = g_strdup_printf ("order-%d.wav", i);

    clips_write_pcm16 (name, 1, 16000, lengths[i], i);
  }
  g_object_set (run->src, "location", pattern, NULL);

  /* Twice: a second start reads everything again. */
  for (guint cycle = 0; cycle < 2; cycle++) {
    run_play (run);
    fail_unless (run->error == NULL);
    fail_unless_equals_int (run->warnings->len, 0);
    fail_unless_equals_int (run->clips->len, G_N_ELEMENTS (lengths));
    before = 0;
    for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
      g_autofree gchar *name = g_strdup_printf ("order-%d.wav", i);
      Clip *clip = run_clip (run, i);

      run_assert_clip (run, i, name, lengths[i]);
      fail_unless_equals_int (clip->message_channels, 1);
      fail_unless_equals_int (clip->message_rate, 16000);
      /* From the sample count, not from a sum of durations. */
      fail_unless_equals_uint64 (clip->segment.base,
          gst_util_uint64_scale (before, GST_SECOND, 16000));
      fail_unless_equals_uint64 (clip->segment.time, 0);
      before += lengths[i];
      for (gsize k = 0; k < lengths[i]; k++)
        fail_unless_quickly (run_sample (run, i, k) == clips_value (i,
                k) / 32768.0f);
    }
    gst_element_set_state (run->pipeline, GST_STATE_NULL);
  }
  run_free (run);
}

GST_END_TEST;

GST_START_TEST (test_locations)
{
  Run *run = run_new ("fakesink");
  g_autofree gchar *bracket = clips_path ("[x].wav");

  clips_write_pcm16 ("z.wav", 1, 16000, 100, 1);
  clips_write_pcm16 ("[x].wav", 1, 16000, 200, 2);
  g_object_set (run->src, "location", "/nowhere/*", NULL);
  run_set_names (run, "z.wav", "[x].wav", "z.wav", NULL);
  run_play (run);
  fail_unless_equals_int (run->clips->len, 3);
  run_assert_clip (run, 0, "z.wav", 100);
  run_assert_clip (run, 1, "[x].wav", 200);
  run_assert_clip (run, 2, "z.wav", 100);

  /* A file that exists is no pattern. */
  g_object_set (run->src, "locations", NULL, "location", bracket, NULL);
  run_play (run);
  fail_unless_equals_int (run->clips->len, 1);
  run_assert_clip (run, 0, "[x].wav", 200);
  run_free (run);
}

GST_END_TEST;

/* Short files end while their decoder is still starting; threads and files of
 * a thousand decoders would not fit. */
GST_START_TEST (test_many_files)
{
  Run *run = run_new ("fakesink");
  g_autofree gchar *path = clips_path ("short.wav");
  gchar *paths[1001] = { NULL };

  clips_write_pcm16 ("short.wav", 1, 16000, 160, 1);
  for (guint i = 0; i < 1000; i++)
    paths[i] = path;
  g_object_set (run->src, "locations", paths, NULL);
  run_play (run);
  fail_unless_equals_int (run->warnings->len, 0);
  fail_unless_equals_int (run->clips->len, 1000);
  fail_unless_equals_uint64 (run->running_time, 10 * GST_SECOND);
  run_free (run);
}

GST_END_TEST;

GST_START_TEST (test_channels)
{
  static const gint channels[] = { 0, 1, 7, -1 };
  Run *run = run_new ("fakesink");

  clips_write_pcm16 ("eight.wav", 8, 16000, 9000, 3);
  clips_write_pcm16 ("one.wav", 1, 16000, 50, 4);
  run_set_names (run, "eight.wav", "one.wav", NULL);
  for (guint c = 0; c < G_N_ELEMENTS (channels); c++) {
    g_object_set (run->src, "channel", channels[c], NULL);
    run_play (run);
    run_assert_clip (run, 0, "eight.wav", 9000);
    fail_unless_equals_int (run_clip (run, 0)->message_channels, 8);
    for (gsize i = 0; i < 9000; i++) {
      gdouble expected = 0.0;

      if (channels[c] >= 0)
        expected = clips_value (3, i * 8 + channels[c]) / 32768.0;
      for (guint k = 0; channels[c] < 0 && k < 8; k++)
        expected += clips_value (3, i * 8 + k) / 32768.0 / 8.0;
      /* One rounding to float of a number below 1. */
      fail_unless_quickly (fabs (run_sample (run, 0, i) - expected) <= 1e-7);
    }
    if (channels[c] <= 0) {
      fail_unless_equals_int (run->warnings->len, 0);
      run_assert_clip (run, 1, "one.wav", 50);
    } else {
      fail_unless_equals_int (run->warnings->len, 1);
      run_assert_warning (run, "one.wav", "has 1 channel", TRUE);
      run_assert_warning (run, "one.wav", "channel=", TRUE);
      fail_unless_equals_int (run->clips->len, 1);
    }
  }
  run_free (run);
}

GST_END_TEST;

GST_START_TEST (test_formats)
{
  static const guint8 bits8[] = { 0, 128, 255 };
  static const guint8 bits24[] = { 1, 0, 0, 0, 0, 0x80, 0xff, 0xff, 0x7f, 9, 9,
    9
  };
  static const gfloat floats[] = { 0.1f, -3.5f, 1e-20f };
  static const gdouble doubles[] = { 0.25, -0.75 };
  Run *run = run_new ("fakesink");

  clips_write_wav ("u8.wav", WAV_PCM, 8, 1, 16000, bits8, 3, HONEST);
  clips_write_wav ("s24.wav", WAV_PCM, 24, 2, 16000, bits24, 12, HONEST);
  clips_write_wav ("f32.wav", WAV_FLOAT, 32, 1, 16000, floats, 12, HONEST);
  clips_write_wav ("f64.wav", WAV_FLOAT, 64, 1, 16000, doubles, 16, HONEST);
  run_set_names (run, "u8.wav", "s24.wav", "f32.wav", "f64.wav", NULL);
  run_play (run);
  fail_unless_equals_int (run->warnings->len, 0);
  run_assert_clip (run, 0, "u8.wav", 3);
  fail_unless (run_sample (run, 0, 0) == -1.0f && run_sample (run, 0, 1) == 0.0f
      && run_sample (run, 0, 2) == 127.0f / 128.0f);
  run_assert_clip (run, 1, "s24.wav", 2);
  fail_unless (run_sample (run, 1, 0) == 1.0f / 8388608.0f
      && run_sample (run, 1, 1) == 8388607.0f / 8388608.0f);
  run_assert_clip (run, 2, "f32.wav", 3);
  for (guint i = 0; i < 3; i++)
    fail_unless_quickly (run_sample (run, 2, i) == floats[i]);
  run_assert_clip (run, 3, "f64.wav", 2);
  fail_unless (run_sample (run, 3, 0) == 0.25f
      && run_sample (run, 3, 1) == -0.75f);
  run_free (run);
}

GST_END_TEST;

GST_START_TEST (test_other_rates)
{
  static const guint rates[] = { 48000, 44100, 22050, 96000, 8000, 11025 };
  static const gsize lengths[] = { 30001, 1, 2, 3, 44100 };
  Run *run = run_new ("fakesink");

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    for (guint l = 0; l < G_N_ELEMENTS (lengths); l++) {
      guint64 expected =
          gst_util_uint64_scale_round (lengths[l], 16000, rates[r]);

      clips_write_sine ("rate.wav", rates[r], lengths[l], 500.0);
      run_set_names (run, "rate.wav", NULL);
      run_play (run);
      if (expected == 0) {
        run_assert_warning (run, "rate.wav", "holds no sound", TRUE);
        continue;
      }
      run_assert_clip (run, 0, "rate.wav", expected);
      fail_unless_equals_int (run_clip (run, 0)->message_rate, rates[r]);
      if (rates[r] < 16000) {
        g_autofree gchar *band =
            g_strdup_printf ("nothing above %u Hz", rates[r] / 2);

        fail_unless_equals_int (run->warnings->len, 1);
        run_assert_warning (run, "rate.wav", band, FALSE);
      } else {
        fail_unless_equals_int (run->warnings->len, 0);
      }
      /* In place: GStreamer's resampler is up to a quarter of a sample early,
       * an error of 0.0246 at 500 Hz; a whole sample would be 0.098. Up to
       * 200 samples from either end the filter sees the silence around. */
      for (gsize i = 200; i + 200 < expected; i++)
        fail_unless_quickly (fabs (run_sample (run, 0, i)
                - 0.5 * cos (2.0 * G_PI * 500.0 * i / 16000.0)) < 0.027);
      /* The end is there: the filter's edge takes half of it away at most. */
      if (expected > 400) {
        gdouble loudest = 0.0;

        for (gsize i = expected - 32; i < expected - 1; i++)
          loudest = MAX (loudest, fabs (run_sample (run, 0, i)));
        fail_unless (loudest > 0.4);
      }
    }
  }
  run_free (run);
}

GST_END_TEST;

GST_START_TEST (test_same_as_audioresample)
{
  Run *run = run_new ("fakesink");
  g_autofree gchar *path = clips_path ("noise48.wav");
  g_autofree gchar *line = g_strdup_printf ("filesrc location=%s ! wavparse ! "
      "audioconvert ! audioresample ! audio/x-raw,rate=16000,format=F32LE ! "
      "appsink name=sink sync=false", path);
  GstElement *other, *sink;
  GstSample *pulled;
  gsize at = 0;

  clips_write_pcm16 ("noise48.wav", 1, 48000, 40000, 9);
  run_set_names (run, "noise48.wav", NULL);
  run_play (run);
  run_assert_clip (run, 0, "noise48.wav", 13333);

  other = gst_parse_launch (line, NULL);
  sink = gst_bin_get_by_name (GST_BIN (other), "sink");
  gst_element_set_state (other, GST_STATE_PLAYING);
  for (;;) {
    GstMapInfo map;

    g_signal_emit_by_name (sink, "pull-sample", &pulled);
    if (pulled == NULL)
      break;
    gst_buffer_map (gst_sample_get_buffer (pulled), &map, GST_MAP_READ);
    for (gsize i = 0; i < map.size / 4 && at < 13333; i++, at++)
      fail_unless_quickly (((gfloat *) map.data)[i] == run_sample (run, 0, at));
    gst_buffer_unmap (gst_sample_get_buffer (pulled), &map);
    gst_sample_unref (pulled);
  }
  fail_unless (at >= 13332);
  gst_element_set_state (other, GST_STATE_NULL);
  gst_object_unref (sink);
  gst_object_unref (other);
  run_free (run);
}

GST_END_TEST;

/* What programs write that do not know the size yet is no truncation. */
GST_START_TEST (test_streaming_sizes)
{
  static const gint64 sizes[] = { 0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFDB };
  g_autofree gint16 *samples = g_new (gint16, 10000);
  Run *run = run_new ("fakesink");

  for (gsize i = 0; i < 10000; i++)
    samples[i] = GINT16_TO_LE (clips_value (6, i));
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    clips_write_wav ("stream.wav", WAV_PCM, 16, 1, 16000, samples, 20000,
        sizes[s]);
    run_set_names (run, "stream.wav", NULL);
    run_play (run);
    fail_unless_equals_int (run->warnings->len, 0);
    run_assert_clip (run, 0, "stream.wav", 10000);
    fail_unless (run_sample (run, 0, 9999) == clips_value (6, 9999) / 32768.0f);
  }
  run_free (run);
}

GST_END_TEST;

GST_START_TEST (test_flac)
{
  g_autofree gchar *wav = clips_path ("to-flac.wav");
  g_autofree gchar *flac = clips_path ("x.flac");
  g_autofree gchar *bytes = NULL;
  g_autofree gchar *line = g_strdup_printf ("filesrc location=%s ! wavparse ! "
      "flacenc ! filesink location=%s", wav, flac);
  GstElement *pipeline;
  GstBus *bus;
  gsize size;
  Run *run;

  clips_write_pcm16 ("to-flac.wav", 2, 16000, 40000, 8);
  pipeline = gst_parse_launch (line, NULL);
  fail_unless (pipeline != NULL);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_message_unref (gst_bus_timed_pop_filtered (bus, 100 * GST_SECOND,
          GST_MESSAGE_EOS));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  fail_unless (g_file_get_contents (flac, &bytes, &size, NULL));
  clips_write ("cut.flac", bytes, size / 2);

  run = run_new ("fakesink");
  g_object_set (run->src, "channel", 1, NULL);
  run_set_names (run, "x.flac", "cut.flac", "x.flac", NULL);
  run_play (run);
  fail_unless_equals_int (run->clips->len, 3);
  run_assert_clip (run, 0, "x.flac", 40000);
  run_assert_clip (run, 2, "x.flac", 40000);
  for (gsize i = 0; i < 40000; i++)
    fail_unless_quickly (run_sample (run, 2, i) == clips_value (8,
            i * 2 + 1) / 32768.0f);
  fail_unless (run_clip (run, 1)->samples->len < 40000);
  fail_unless_equals_int (run->warnings->len, 1);
  run_assert_warning (run, "cut.flac", "promises 40000 samples", FALSE);
  run_free (run);
}

GST_END_TEST;

static Suite *
clipsrc_suite (void)
{
  Suite *suite = suite_create ("asdclipsrc");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, clips_setup, clips_teardown);
  tcase_add_test (tcase, test_order_times_and_samples);
  tcase_add_test (tcase, test_locations);
  tcase_add_test (tcase, test_many_files);
  tcase_add_test (tcase, test_channels);
  tcase_add_test (tcase, test_formats);
  tcase_add_test (tcase, test_other_rates);
  tcase_add_test (tcase, test_same_as_audioresample);
  tcase_add_test (tcase, test_streaming_sizes);
  tcase_add_test (tcase, test_flac);
  return suite;
}

GST_CHECK_MAIN (clipsrc);
