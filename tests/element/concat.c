/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * asdconcat; what it has from GstAsdJoiner is in ensemble.c.
 */

#include "harness.h"

#define N_BRANCHES 3

typedef struct
{
  GstElement *element;
  GstBus *bus;
  GstHarness *out;
  GstHarness *in[N_BRANCHES];
} Concat;

static Concat *
concat_new (const char *caps_0, const char *caps_1, const char *caps_2)
{
  const char *caps[] = { caps_0, caps_1, caps_2 };
  Concat *c = g_new0 (Concat, 1);

  c->element = gst_element_factory_make ("asdconcat", NULL);
  gst_object_ref_sink (c->element);
  c->bus = gst_bus_new ();
  gst_element_set_bus (c->element, c->bus);
  c->out = gst_harness_new_with_element (c->element, NULL, "src");
  /* Pads are in the order of their numbers, not of their making. */
  for (guint i = N_BRANCHES; i-- > 0;) {
    char *pad = g_strdup_printf ("sink_%u", i);

    c->in[i] = gst_harness_new_with_element (c->element, pad, NULL);
    g_free (pad);
  }
  for (guint i = 0; i < N_BRANCHES; i++)
    gst_harness_set_src_caps_str (c->in[i], caps[i]);
  return c;
}

static void
concat_free (Concat * c)
{
  gst_element_set_bus (c->element, NULL);
  for (guint i = 0; i < N_BRANCHES; i++)
    gst_harness_teardown (c->in[i]);
  gst_harness_teardown (c->out);
  gst_object_unref (c->bus);
  gst_object_unref (c->element);
  g_free (c);
}

static GstFlowReturn
push (Concat * c, guint branch, const float *values, gsize n,
    GstClockTime start, GstClockTime duration)
{
  GstBuffer *buffer = test_buffer (values, n, start);

  GST_BUFFER_DURATION (buffer) = duration;
  return gst_harness_push (c->in[branch], buffer);
}

/* In pad order, rows and columns flattened, the caps of the sum; several
 * windows in one are averaged. */
GST_START_TEST (test_concat)
{
  static const float a[] = { 1, 2, 3, 4 }, b[] = { 5 }, c1[] = { 2, 10 },
      c2[] = { 4, 20 }, wanted[] = { 1, 2, 3, 4, 5, 3, 15 };
  Concat *c = concat_new (TEST_FEATURES (2, 2, "modspec", 16000),
      TEST_FEATURES (1, 1, "mfcc", 0), TEST_FEATURES (1, 2, "cens", 16000));
  GstAsdFeatureInfo info;
  GstBuffer *buffer;
  GstCaps *caps;

  push (c, 2, c1, 2, 0, GST_SECOND);
  push (c, 1, b, 1, 0, 2 * GST_SECOND);
  push (c, 2, c2, 2, GST_SECOND, GST_SECOND);
  fail_unless_equals_int (gst_harness_buffers_in_queue (c->out), 0);
  push (c, 0, a, 4, 0, 2 * GST_SECOND);
  buffer = gst_harness_try_pull (c->out);
  fail_unless (buffer != NULL);
  test_check_buffer (buffer, wanted, sizeof (wanted), 0, 2 * GST_SECOND);
  gst_buffer_unref (buffer);

  caps = gst_pad_get_current_caps (c->out->sinkpad);
  fail_unless (gst_asd_feature_info_from_caps (&info, caps));
  fail_unless_equals_string (info.kind, "concat");
  fail_unless_equals_int (info.rows, 1);
  fail_unless_equals_int (info.columns, 7);
  fail_unless_equals_int (info.rate, 16000);
  gst_caps_unref (caps);
  concat_free (c);
}

GST_END_TEST;

GST_START_TEST (test_many_frames)
{
  static const float values[] = { 1, 2 };
  Concat *c = concat_new (TEST_FEATURES (1, 1, "mfcc", 16000),
      TEST_FEATURES (1, 1, "mfcc", 16000), TEST_FEATURES (1, 1, "mfcc", 16000));

  push (c, 0, values, 1, 0, GST_SECOND);
  push (c, 1, values, 2, 0, GST_SECOND);
  fail_unless_equals_int (push (c, 2, values, 1, 0, GST_SECOND),
      GST_FLOW_ERROR);
  test_check_error (c->bus, "sink_1 has not one frame: put asdpool before it");
  concat_free (c);
}

GST_END_TEST;

GST_START_TEST (test_other_rate)
{
  static const float value = 1;
  Concat *c = concat_new (TEST_FEATURES (1, 1, "mfcc", 16000),
      TEST_FEATURES (1, 1, "mfcc", 0), TEST_FEATURES (1, 1, "mfcc", 8000));
  GstFlowReturn ret = GST_FLOW_OK;

  for (guint i = 0; i < 3; i++)
    ret = push (c, i, &value, 1, 0, GST_SECOND);
  fail_unless_equals_int (ret, GST_FLOW_NOT_NEGOTIATED);
  test_check_error (c->bus, "sink_2 has features of audio at 8000 Hz, those "
      "before it are of 16000 Hz");
  concat_free (c);
}

GST_END_TEST;

static Suite *
concat_suite (void)
{
  Suite *s = suite_create ("concat");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_concat);
  tcase_add_test (tc, test_many_frames);
  tcase_add_test (tc, test_other_rate);
  return s;
}

GST_CHECK_MAIN (concat);
