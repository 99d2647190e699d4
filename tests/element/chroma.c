/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../asdtest.h"
#include "harness.h"

#define COLUMNS 12

/* The only window of n samples; gst_buffer_unref() it. */
static GstBuffer *
extract (const char *launch, const float *samples, gsize n, gsize chunk)
{
  TestHarness *t = test_harness_new ("%s", launch);
  g_autoptr (GPtrArray) buffers = NULL;
  GstBuffer *buffer;

  test_start_audio (t, 16000);
  test_push_audio (t, samples, n, chunk);
  test_push_eos (t);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  buffer = gst_buffer_ref (buffers->pdata[0]);
  fail_unless (GST_BUFFER_PTS (buffer) == 0);
  fail_unless (GST_BUFFER_DURATION (buffer) ==
      gst_util_uint64_scale_round (n, GST_SECOND, 16000));
  test_harness_free (t);
  return buffer;
}

/* The defaults are those of the golden frames, and the size of the buffers does
 * not matter, from one sample to all. */
GST_START_TEST (test_golden)
{
  static const struct
  {
    const char *launch, *signal, *golden;
    gsize n_frames;
    double tolerance;           /* of golden/README.md */
  } cases[] = {
    {"asdchroma", "golden/signals/motor10.npy",
        "golden/peerB_features/motor10_cens.npy", 313, 1e-3},
    {"asdchroma kind=chroma", "golden/signals/chirp_odd.npy",
        "golden/peerB_features/chirp_odd_chroma_l1.npy", 97, 1e-4},
  };
  static const gsize chunks[] = { 1, 333, 1024 };
  const gsize n_frames = cases[__i__].n_frames;
  g_autoptr (AsdNpy) signal = asd_test_load (cases[__i__].signal);
  g_autofree float *samples = asd_npy_get_floats (signal);
  const gsize n = signal->n_elements;
  GstBuffer *whole = extract (cases[__i__].launch, samples, n, n), *buffer;
  gsize n_golden, outside = 0;
  g_autofree double *golden = asd_test_load_doubles (cases[__i__].golden,
      &n_golden);
  GstMapInfo map;

  fail_unless (gst_buffer_map (whole, &map, GST_MAP_READ));
  fail_unless_equals_int (n_golden, n_frames * COLUMNS);
  fail_unless_equals_int (map.size, n_golden * sizeof (float));
  for (gsize t = 0; t < n_frames; t++)
    for (gsize c = 0; c < COLUMNS; c++)
      outside += !(fabs (((float *) map.data)[t * COLUMNS + c]
              - golden[c * n_frames + t]) < cases[__i__].tolerance);
  /* Of CENS, a flipped quantisation step could change some. */
  fail_unless (outside <= (__i__ == 0 ? 120 : 0), "%d", (int) outside);

  for (gsize i = 0; i < G_N_ELEMENTS (chunks); i++) {
    buffer = extract (cases[__i__].launch, samples, n, chunks[i]);
    test_check_buffer (buffer, map.data, map.size, 0,
        GST_BUFFER_DURATION (whole));
    gst_buffer_unref (buffer);
  }
  gst_buffer_unmap (whole, &map);
  gst_buffer_unref (whole);
}

GST_END_TEST;

/* What the caps say, and how many frames come, follows the properties. */
GST_START_TEST (test_caps)
{
  static const struct
  {
    const char *launch, *kind;
    gint rate, length, step;
    gsize n_frames;             /* of one second */
  } cases[] = {
    {"asdchroma", "cens", 16000, 32768 + 42 * 512, 512, 32},
    {"asdchroma kind=chroma", "chroma", 16000, 32768, 512, 32},
    {"asdchroma kind=chroma downsampling=5", "chroma", 16000, 32768, 512, 32},
    {"asdchroma smoothing=1", "cens", 16000, 32768, 512, 32},
    {"asdchroma downsampling=5", "cens", 16000, 32768 + 42 * 512, 2560, 7},
    {"asdchroma downsampling=100", "cens", 16000, 32768 + 42 * 512, 51200, 1},
    {"asdchroma hop=1600 smoothing=41 downsampling=10", "cens", 16000,
        32768 + 40 * 1600, 16000, 2},
    {"asdchroma smoothing=3", "cens", 11025, 32768 + 2 * 512, 512, 22},
    {"asdchroma smoothing=3", "cens", 48000, 131072 + 2 * 512, 512, 94},
  };
  const gsize n = cases[__i__].rate;
  TestHarness *t = test_harness_new ("%s", cases[__i__].launch);
  g_autofree float *samples = test_noise (n, 1);
  g_autoptr (GPtrArray) buffers = NULL;
  GstAsdFeatureInfo info;
  GstCaps *caps;

  test_start_audio (t, cases[__i__].rate);
  test_push_audio (t, samples, n, 500);
  test_push_eos (t);
  caps = gst_pad_get_current_caps (t->h->sinkpad);
  fail_unless (gst_asd_feature_info_from_caps (&info, caps));
  gst_caps_unref (caps);
  fail_unless_equals_string (info.kind, cases[__i__].kind);
  fail_unless_equals_int (info.rate, cases[__i__].rate);
  fail_unless_equals_int (info.rows, 1);
  fail_unless_equals_int (info.columns, COLUMNS);
  fail_unless_equals_int (info.frame_length, cases[__i__].length);
  fail_unless_equals_int (info.frame_step, cases[__i__].step);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  fail_unless_equals_int (gst_buffer_get_size (buffers->pdata[0]),
      cases[__i__].n_frames * COLUMNS * sizeof (float));
  test_harness_free (t);
}

GST_END_TEST;

/* The property goes in and comes out, NaN too; and a fixed tuning gives other
 * frames than another one. */
GST_START_TEST (test_tuning)
{
  g_autofree float *samples = test_noise (16000, 1);
  GstElement *element = gst_element_factory_make ("asdchroma", NULL);
  GstBuffer *one, *other;
  GstMapInfo map;
  double tuning;

  g_object_get (element, "tuning", &tuning, NULL);
  fail_unless (isnan (tuning));
  g_object_set (element, "tuning", -0.25, NULL);
  g_object_get (element, "tuning", &tuning, NULL);
  fail_unless (tuning == -0.25);
  /* GObject keeps values within the range. */
  g_object_set (element, "tuning", -7., NULL);
  g_object_get (element, "tuning", &tuning, NULL);
  fail_unless (tuning == -0.5);
  g_object_set (element, "tuning", (double) NAN, NULL);
  g_object_get (element, "tuning", &tuning, NULL);
  fail_unless (isnan (tuning));
  gst_object_unref (element);

  one = extract ("asdchroma kind=chroma tuning=0.3", samples, 16000, 700);
  other = extract ("asdchroma kind=chroma tuning=-0.3", samples, 16000, 700);
  fail_unless (gst_buffer_map (one, &map, GST_MAP_READ));
  fail_unless (gst_buffer_memcmp (other, 0, map.data, map.size) != 0);
  gst_buffer_unmap (one, &map);
  gst_buffer_unref (one);
  gst_buffer_unref (other);
}

GST_END_TEST;

/* Silence is zeros; a clip of one sample is a frame; a sample that is no number
 * costs its window, with a warning, and not the next. */
GST_START_TEST (test_edges)
{
  static const float zeros[33 * COLUMNS];
  g_autofree float *samples = g_new0 (float, 16000);
  GstBuffer *buffer = extract ("asdchroma", samples, 16000, 1600);
  g_autoptr (GPtrArray) buffers = NULL;
  TestHarness *t;

  test_check_buffer (buffer, zeros, 32 * COLUMNS * sizeof (float), 0,
      GST_SECOND);
  gst_buffer_unref (buffer);
  samples[0] = 0.5;
  buffer = extract ("asdchroma", samples, 1, 1);
  fail_unless_equals_int (gst_buffer_get_size (buffer),
      COLUMNS * sizeof (float));
  gst_buffer_unref (buffer);

  t = test_harness_new ("asdchroma window=500000000");
  samples[100] = NAN;
  test_start_audio (t, 16000);
  test_push_audio (t, samples, 16000, 1000);
  test_push_eos (t);
  test_check_warning (t->bus, "not (a )?finite");
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  test_check_buffer (buffers->pdata[0], zeros, 16 * COLUMNS * sizeof (float),
      GST_SECOND / 2, GST_SECOND / 2);
  test_harness_free (t);
}

GST_END_TEST;

/* Properties that do not go together, and a rate that is too low. */
GST_START_TEST (test_bad_properties)
{
  static const struct
  {
    const char *launch;
    gint rate;
    const char *error;
  } cases[] = {
    {"asdchroma", 8000, "^rate must be 9214 .*convert to 16000 Hz"},
    {"asdchroma hop=100", 16000, "^hop must be a multiple of 64"},
    {"asdchroma smoothing=2", 16000, "^smoothing must be 1, or 3"},
    {"asdchroma tuning=0.5", 16000, "^tuning must be .* below 0.5"},
  };
  g_autofree float *samples = test_noise (480, 1);
  TestHarness *t = test_harness_new ("%s", cases[__i__].launch);

  test_start_audio (t, cases[__i__].rate);
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (samples, 480,
              0)), GST_FLOW_NOT_NEGOTIATED);
  test_check_error (t->bus, cases[__i__].error);
  test_harness_free (t);
}

GST_END_TEST;

static Suite *
chroma_suite (void)
{
  Suite *suite = suite_create ("chroma");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_caps, 0, 9);
  tcase_add_test (tc, test_tuning);
  tcase_add_test (tc, test_edges);
  tcase_add_loop_test (tc, test_bad_properties, 0, 4);
  if (asd_test_have_golden ())
    tcase_add_loop_test (tc, test_golden, 0, 2);
  return suite;
}

ASD_TEST_MAIN (chroma);
