/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * asdscoreenc; its JSON is read by Python.
 */

#include "harness.h"

#include <string.h>

#define SCORE_CAPS "application/x-asd-score, format=F64LE"

/* Scores a window of a file as a scorer does; location may be NULL. */
static void
push_score (TestHarness * t, const char *location, gboolean first, double score,
    double threshold, GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_new_memdup (&score, sizeof (score));
  GstStructure *structure;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  if (first)
    test_start_features (t, "stream 1", SCORE_CAPS);
  if (first && location != NULL)
    test_push_event (t, gst_event_new_tag (gst_tag_list_new (GST_TAG_LOCATION,
                location, NULL)));
  structure = gst_asd_score_new (score, threshold, &segment, pts,
      2500 * GST_MSECOND, "graph", "m.asd", "stream 1");
  gst_asd_buffer_add_score (buffer, structure);
  gst_structure_free (structure);
  GST_BUFFER_PTS (buffer) = pts;
  fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
}

static char *
take_text (TestHarness * t)
{
  g_autoptr (GPtrArray) buffers = test_pull_all (t);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < buffers->len; i++) {
    GstMapInfo map;

    gst_buffer_map (buffers->pdata[i], &map, GST_MAP_READ);
    g_string_append_len (text, (char *) map.data, map.size);
    gst_buffer_unmap (buffers->pdata[i], &map);
  }
  return g_string_free (text, FALSE);
}

/* One header however many streams; names that need it are quoted; a location
 * belongs to its stream. */
GST_START_TEST (test_csv)
{
  TestHarness *t = test_harness_new ("asdscoreenc");
  g_autofree char *text = NULL;
  GstCaps *caps;

  push_score (t, "plain.wav", TRUE, 1.5, 1, 0);
  push_score (t, NULL, FALSE, 0.1, 1, 2500 * GST_MSECOND);
  push_score (t, "a, \"b\".wav", TRUE, 1e300, NAN, GST_SECOND / 2);
  push_score (t, NULL, TRUE, -1, -2, GST_CLOCK_TIME_NONE);
  caps = gst_pad_get_current_caps (t->h->sinkpad);
  fail_unless (gst_structure_has_name (gst_caps_get_structure (caps, 0),
          "text/csv"));
  gst_caps_unref (caps);
  text = take_text (t);
  fail_unless_equals_string (text,
      "file,start,duration,score,threshold,anomalous\n"
      "plain.wav,0,2.5,1.5,1,1\n"
      "plain.wav,2.5,2.5,0.1,1,0\n"
      "\"a, \"\"b\"\".wav\",0.5,2.5,1e+300,,\n" "stream 1,,2.5,-1,-2,1\n");
  test_harness_free (t);
}

GST_END_TEST;

/* A table that begins anew has its header again. */
GST_START_TEST (test_restart)
{
  TestHarness *t = test_harness_new ("asdscoreenc");

  for (guint i = 0; i < 2; i++) {
    g_autofree char *text = NULL;

    push_score (t, "x", TRUE, 1, 2, 0);
    text = take_text (t);
    fail_unless_equals_string (text,
        "file,start,duration,score,threshold,anomalous\nx,0,2.5,1,2,0\n");
    gst_element_set_state (t->bin, GST_STATE_READY);
    gst_element_set_state (t->bin, GST_STATE_PLAYING);
  }
  test_harness_free (t);
}

GST_END_TEST;

static const char reader[] =
    "import json, sys\n"
    "def refuse(name):\n"
    "    raise ValueError(name)\n"
    "a, b = [json.loads(line, parse_constant=refuse) for line in sys.stdin]\n"
    "assert a == {'file': 'a, \"b\" \\u00e4.wav', 'score': 0.1, 'threshold': 9.5,"
    " 'anomalous': False, 'timestamp': 500000000, 'stream-time': 500000000,"
    " 'running-time': 500000000, 'duration': 2500000000,"
    " 'endtime': 3000000000, 'stage': 'graph', 'model': 'm.asd',"
    " 'stream-id': 'stream 1'}, a\n"
    "assert type(a['score']) is float and type(a['timestamp']) is int\n"
    "assert b['threshold'] is None and b['timestamp'] is None, b\n"
    "assert b['anomalous'] is False and b['score'] == 12.0, b\n"
    "assert 'file' not in b, b\n" "print('read')\n";

GST_START_TEST (test_ndjson)
{
  const char *argv[] = { "/usr/bin/python3", "-c", reader, NULL };
  TestHarness *t = test_harness_new ("asdscoreenc format=ndjson");
  g_autofree char *text = NULL;
  g_autofree char *out = NULL;
  GError *error = NULL;
  GSubprocess *python;
  GstCaps *caps;

  push_score (t, "a, \"b\" \303\244.wav", TRUE, 0.1, 9.5, GST_SECOND / 2);
  push_score (t, NULL, TRUE, 12, NAN, GST_CLOCK_TIME_NONE);
  caps = gst_pad_get_current_caps (t->h->sinkpad);
  fail_unless (gst_structure_has_name (gst_caps_get_structure (caps, 0),
          "application/x-ndjson"));
  gst_caps_unref (caps);
  text = take_text (t);
  python = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDIN_PIPE |
      G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  fail_unless (python != NULL, "%s", error ? error->message : "");
  fail_unless (g_subprocess_communicate_utf8 (python, text, NULL, &out, NULL,
          NULL));
  fail_unless (g_subprocess_get_exit_status (python) == 0, "%s", text);
  fail_unless_equals_string (out, "read\n");
  g_object_unref (python);
  test_harness_free (t);
}

GST_END_TEST;

/* Downstream that wants the other format is refused, not served junk. */
GST_START_TEST (test_format_is_caps)
{
  GstElement *element = gst_element_factory_make ("asdscoreenc", NULL);
  GstPad *src = gst_element_get_static_pad (element, "src");
  GstPad *sink = gst_element_get_static_pad (element, "sink");
  GstCaps *scores = gst_caps_from_string (SCORE_CAPS);
  GstCaps *caps = gst_pad_query_caps (src, NULL);

  fail_unless_equals_string (gst_structure_get_name (gst_caps_get_structure
          (caps, 0)), "text/csv");
  fail_unless_equals_int (gst_caps_get_size (caps), 1);
  gst_caps_unref (caps);
  g_object_set (element, "format", 1, NULL);
  caps = gst_pad_query_caps (src, NULL);
  fail_unless_equals_string (gst_structure_get_name (gst_caps_get_structure
          (caps, 0)), "application/x-ndjson");
  gst_caps_unref (caps);
  fail_unless (gst_pad_query_accept_caps (sink, scores));
  gst_caps_unref (scores);
  gst_object_unref (src);
  gst_object_unref (sink);
  gst_object_unref (element);
}

GST_END_TEST;

GST_START_TEST (test_no_meta)
{
  TestHarness *t = test_harness_new ("asdscoreenc name=enc");

  test_start_features (t, "a", SCORE_CAPS);
  fail_unless_equals_int (gst_harness_push (t->h, gst_buffer_new_and_alloc (8)),
      GST_FLOW_ERROR);
  test_check_error (t->bus, "^A score without its meta: an element before enc "
      "drops metas$");
  test_harness_free (t);
}

GST_END_TEST;

static Suite *
scoreenc_suite (void)
{
  Suite *s = suite_create ("scoreenc");
  TCase *tc = tcase_create ("text");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_csv);
  tcase_add_test (tc, test_restart);
  tcase_add_test (tc, test_ndjson);
  tcase_add_test (tc, test_format_is_caps);
  tcase_add_test (tc, test_no_meta);
  return s;
}

GST_CHECK_MAIN (scoreenc);
