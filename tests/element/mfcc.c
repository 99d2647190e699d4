/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../asdtest.h"
#include "harness.h"

#define COLUMNS 42

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

/* The defaults, level included, are those of the golden frames; the size of the
 * buffers does not matter. */
GST_START_TEST (test_golden)
{
  static const struct
  {
    const char *signal, *golden;
    gsize n_frames;
    const char *launch;
    gsize transposed;           /* columns where the golden are frames */
  } cases[] = {
    {"golden/signals/motor10.npy", "golden/mfcc42/motor10_mfcc42.npy", 665,
        "asdmfcc"},
    {"golden/signals/chirp_odd.npy", "golden/mfcc42/chirp_odd_mfcc42.npy", 205,
        "asdmfcc"},
    {"golden/signals/motor10.npy",
          "golden/peerB_features/motor10_librosa_mfcc13.npy", 313,
        "asdmfcc variant=librosa", 13},
    {"golden/signals/motor10.npy",
          "golden/peerB_features/motor10_ta_mfcc12.npy", 134,
        "asdmfcc variant=torchaudio", 12},
  };
  static const gsize chunks[] = { 1, 333, 1024 };
  g_autoptr (AsdNpy) signal = asd_test_load (cases[__i__].signal);
  g_autofree float *samples = asd_npy_get_floats (signal);
  const gsize n = signal->n_elements;
  const gsize rows = cases[__i__].transposed, n_frames = cases[__i__].n_frames;
  const char *launch = cases[__i__].launch;
  GstBuffer *whole = extract (launch, samples, n, n), *buffer;
  double difference = 0;
  double *golden;
  GstMapInfo map;
  gsize n_golden;

  golden = asd_test_load_doubles (cases[__i__].golden, &n_golden);
  fail_unless (gst_buffer_map (whole, &map, GST_MAP_READ));
  fail_unless_equals_int (map.size, n_golden * sizeof (float));
  fail_unless_equals_int (n_golden, n_frames * (rows > 0 ? rows : COLUMNS));
  for (gsize i = 0; i < n_golden; i++) {
    double ours = ((float *) map.data)[rows > 0 ?
        i % n_frames * rows + i / n_frames : i];

    fail_unless (isfinite (ours));
    difference = MAX (difference, fabs (ours - golden[i]));
  }
  /* golden/README.md: 1e-3 absolute. */
  fail_unless (difference < 1e-3, "%g", difference);

  for (gsize i = 0; i < G_N_ELEMENTS (chunks); i++) {
    buffer = extract (launch, samples, n, chunks[i]);
    test_check_buffer (buffer, map.data, map.size, 0,
        GST_BUFFER_DURATION (whole));
    gst_buffer_unref (buffer);
  }
  gst_buffer_unmap (whole, &map);
  gst_buffer_unref (whole);
  g_free (golden);
}

GST_END_TEST;

/* What the caps say, and how many frames come, follows the properties. */
GST_START_TEST (test_caps)
{
  static const struct
  {
    const char *launch;
    gint rate, columns, length, step;
    gsize n_frames;             /* of a second; 0: those that fit */
  } cases[] = {
    {"asdmfcc", 16000, 42, 480, 240},
    {"asdmfcc", 8000, 42, 240, 120},
    {"asdmfcc", 11025, 42, 331, 165},
    {"asdmfcc", 48000, 42, 1440, 720},
    {"asdmfcc deltas=0", 16000, 14, 480, 240},
    {"asdmfcc deltas=1 coefficients=5 bands=8", 16000, 12, 480, 240},
    {"asdmfcc frame-duration=64000000 frame-interval=10000000 variant=report",
        16000, 42, 1024, 160},
    {"asdmfcc variant=librosa", 16000, 13, 2048, 512, 32},
    {"asdmfcc variant=librosa", 8000, 13, 1024, 256, 32},
    {"asdmfcc variant=librosa", 11025, 13, 1411, 353, 32},
    {"asdmfcc deltas=2 bands=40 variant=librosa", 48000, 39, 6144, 1536, 32},
    {"asdmfcc variant=torchaudio", 16000, 12, 1600, 1200, 14},
    {"asdmfcc variant=torchaudio", 8000, 12, 800, 600, 14},
    {"asdmfcc variant=torchaudio", 11025, 12, 1103, 827, 14},
    {"asdmfcc variant=torchaudio", 48000, 12, 4800, 3600, 14},
    {"asdmfcc coefficients=20 frame-interval=50000000 variant=torchaudio",
        16000, 19, 1600, 800, 21},
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
  fail_unless_equals_string (info.kind, "mfcc");
  fail_unless_equals_int (info.rate, cases[__i__].rate);
  fail_unless_equals_int (info.rows, 1);
  fail_unless_equals_int (info.columns, cases[__i__].columns);
  fail_unless_equals_int (info.frame_length, cases[__i__].length);
  fail_unless_equals_int (info.frame_step, cases[__i__].step);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  fail_unless_equals_int (gst_buffer_get_size (buffers->pdata[0]),
      (cases[__i__].n_frames > 0 ? cases[__i__].n_frames :
          1 + (n - info.frame_length) / info.frame_step) * info.columns
      * sizeof (float));
  test_harness_free (t);
}

GST_END_TEST;

static float
log_energy (const char *launch, const float *samples, gsize n)
{
  GstBuffer *buffer = extract (launch, samples, n, 100);
  float value;

  gst_buffer_extract (buffer, 13 * sizeof (float), &value, sizeof (value));
  gst_buffer_unref (buffer);
  return value;
}

/* The level is -26 dBov unless told otherwise, and NaN leaves it alone. */
GST_START_TEST (test_level)
{
  g_autofree float *loud = test_noise (480, 1), *quiet = test_noise (480, 1);
  GstElement *element = gst_element_factory_make ("asdmfcc", NULL);
  double level;

  g_object_get (element, "level", &level, NULL);
  fail_unless (level == -26);
  g_object_set (element, "level", (double) NAN, NULL);
  g_object_get (element, "level", &level, NULL);
  fail_unless (isnan (level));
  gst_object_unref (element);

  /* Only the report has a level of its own, and what is set stays. */
  element = gst_element_factory_make ("asdmfcc", NULL);
  gst_util_set_object_arg (G_OBJECT (element), "variant", "librosa");
  g_object_get (element, "level", &level, NULL);
  fail_unless (isnan (level));
  g_object_set (element, "level", -20., NULL);
  gst_util_set_object_arg (G_OBJECT (element), "variant", "report");
  g_object_get (element, "level", &level, NULL);
  fail_unless (level == -20);
  gst_object_unref (element);

  for (gsize i = 0; i < 480; i++)
    quiet[i] /= 16;
  /* Powers of two are exact, decibels are not: float rounding of the gain. */
  fail_unless (fabs (log_energy ("asdmfcc", loud, 480)
          - log_energy ("asdmfcc", quiet, 480)) < 1e-5);
  fail_unless (fabs (log_energy ("asdmfcc level=-6", loud, 480)
          - log_energy ("asdmfcc", loud, 480) - 2 * log (10)) < 1e-5);
  fail_unless (fabs (log_energy ("asdmfcc level=NaN", loud, 480)
          - log_energy ("asdmfcc level=NaN", quiet, 480) - 2 * log (16))
      < 1e-5);
}

GST_END_TEST;

/* Silence: the floor, and no change. */
GST_START_TEST (test_silence)
{
  static const float silence[16000];
  GstBuffer *buffer = extract ("asdmfcc", silence, 16000, 1600);
  GstMapInfo map;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  fail_unless_equals_int (map.size, 65 * COLUMNS * sizeof (float));
  for (gsize i = 0; i < 65 * COLUMNS; i++)
    fail_unless (fabs (((float *) map.data)[i]
            - (i % COLUMNS == 13 ? log (ASD_MFCC_FLOOR) : 0)) < 1e-5);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
}

GST_END_TEST;

/* One sample too few is a warning with the cure, or an error where the window
 * is a property. */
GST_START_TEST (test_short)
{
  g_autofree float *samples = test_noise (480, 1);
  TestHarness *t = test_harness_new ("asdmfcc");

  test_start_audio (t, 16000);
  test_push_audio (t, samples, 479, 100);
  test_push_eos (t);
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h), 0);
  test_check_warning (t->bus, "^479 samples are too few for one mfcc frame: "
      "record at least 0.030 s$");
  test_harness_free (t);

  t = test_harness_new ("asdmfcc window=29900000");
  test_start_audio (t, 16000);
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (samples, 100,
              0)), GST_FLOW_NOT_NEGOTIATED);
  test_check_error (t->bus, "set window to at least 30000000 \\(ns\\)$");
  test_harness_free (t);

  /* Half a second cannot be mirrored by half a second. */
  t = test_harness_new ("asdmfcc variant=torchaudio window=500000000");
  test_start_audio (t, 16000);
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (samples, 100,
              0)), GST_FLOW_NOT_NEGOTIATED);
  test_check_error (t->bus, "set window to at least 500062500 \\(ns\\)$");
  test_harness_free (t);
}

GST_END_TEST;

/* Properties that do not go together, or not with the rate. */
GST_START_TEST (test_bad_properties)
{
  static const struct
  {
    const char *launch, *error;
  } cases[] = {
    {"asdmfcc coefficients=26", "^coefficients must be .* fewer than bands$"},
    {"asdmfcc high-frequency=9000", "^high-frequency must be at most half"},
    {"asdmfcc low-frequency=8000", "^high-frequency must be above low-freq"},
    {"asdmfcc bands=200", "^bands are so many .*: set fewer bands"},
    {"asdmfcc frame-duration=1", "^frame-duration must be 16 to 65536 samples"},
    {"asdmfcc frame-interval=1", "^frame-interval must be 1 to 65536 samples"},
    {"asdmfcc variant=torchaudio coefficients=1",
        "^coefficients must be at .* 2"},
    {"asdmfcc variant=torchaudio frame-duration=1100000000",
        "^frame-duration must be at most a second"},
    {"asdmfcc variant=librosa pre-emphasis=0.9", "^pre-emphasis must be 0 but"},
  };
  g_autofree float *samples = test_noise (480, 1);
  TestHarness *t = test_harness_new ("%s", cases[__i__].launch);

  test_start_audio (t, 16000);
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (samples, 480,
              0)), GST_FLOW_NOT_NEGOTIATED);
  test_check_error (t->bus, cases[__i__].error);
  test_harness_free (t);
}

GST_END_TEST;

static Suite *
mfcc_suite (void)
{
  Suite *suite = suite_create ("mfcc");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_caps, 0, 16);
  tcase_add_test (tc, test_level);
  tcase_add_test (tc, test_silence);
  tcase_add_test (tc, test_short);
  tcase_add_loop_test (tc, test_bad_properties, 0, 9);
  if (asd_test_have_golden ())
    tcase_add_loop_test (tc, test_golden, 0, 4);
  return suite;
}

ASD_TEST_MAIN (mfcc);
