/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/logmel.h>

#include "../asdtest.h"
#include "harness.h"

/* All windows of n samples. */
static GPtrArray *
extract (const char *launch, gint rate, const float *samples, gsize n,
    gsize chunk)
{
  TestHarness *t = test_harness_new ("%s", launch);
  GPtrArray *buffers;

  test_start_audio (t, rate);
  test_push_audio (t, samples, n, chunk);
  test_push_eos (t);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  buffers = test_pull_all (t);
  test_harness_free (t);
  return buffers;
}

/* The published numbers; buffers of one sample and of the whole clip give the
 * same bytes. */
GST_START_TEST (test_golden)
{
  static const struct
  {
    const char *launch, *golden;
    gsize n_frames, bands;
    gboolean transposed;
  } cases[] = {
    {"asdlogmel bands=64 n-fft=2048", "motor10_logmel64", 313, 64, TRUE},
    {"asdlogmel", "motor10_logmel128", 313, 128, TRUE},
    /* The order of the properties does not matter. */
    {"asdlogmel bands=64 variant=speechpy-quirk", "motor10_sp_lmfe", 12, 64,
        FALSE},
    {"asdlogmel variant=speechpy-quirk n-fft=2048 hop=12000",
        "motor10_sp_lmfe", 12, 64, FALSE},
  };
  static const gsize chunks[] = { 1, 333, 160000 };
  const gsize n_frames = cases[__i__].n_frames, bands = cases[__i__].bands;
  g_autoptr (AsdNpy) signal = asd_test_load ("golden/signals/motor10.npy");
  g_autofree float *samples = asd_npy_get_floats (signal);
  g_autofree char *path = g_strdup_printf ("golden/peerB_features/%s.npy",
      cases[__i__].golden);
  gsize n_golden;
  g_autofree double *golden = asd_test_load_doubles (path, &n_golden);
  g_autoptr (GPtrArray) whole = NULL;
  GstMapInfo map;

  fail_unless_equals_int (n_golden, n_frames * bands);
  whole = extract (cases[__i__].launch, 16000, samples, 160000, 1024);
  fail_unless_equals_int (whole->len, 1);
  fail_unless (gst_buffer_map (whole->pdata[0], &map, GST_MAP_READ));
  fail_unless_equals_int (map.size, n_golden * sizeof (float));
  for (gsize t = 0; t < n_frames; t++) {
    for (gsize b = 0; b < bands; b++) {
      double ours = ((float *) map.data)[t * bands + b];
      double expected = golden[cases[__i__].transposed ? b * n_frames + t :
          t * bands + b];

      /* golden/README.md: 1e-3 dB. */
      fail_unless (fabs (ours - expected) < 1e-3, "%g, not %g", ours, expected);
    }
  }
  for (gsize i = 0; i < G_N_ELEMENTS (chunks); i++) {
    g_autoptr (GPtrArray) again = extract (cases[__i__].launch, 16000, samples,
        160000, chunks[i]);

    fail_unless_equals_int (again->len, 1);
    test_check_buffer (again->pdata[0], map.data, map.size, 0, 10 * GST_SECOND);
  }
  gst_buffer_unmap (whole->pdata[0], &map);
}

GST_END_TEST;

/* What the caps say, and how many frames a window of a second gives, follows
 * the properties and the rate. */
GST_START_TEST (test_caps)
{
  static const struct
  {
    const char *launch;
    gint rate, columns, length, step;
    gsize n, n_frames;
  } cases[] = {
    {"asdlogmel", 16000, 128, 1024, 512, 16000, 32},
    {"asdlogmel", 8000, 128, 1024, 512, 8000, 16},
    {"asdlogmel", 48000, 128, 1024, 512, 48000, 94},
    {"asdlogmel", 11025, 128, 1024, 512, 11025, 22},
    {"asdlogmel n-fft=1000 hop=333 bands=40", 16000, 40, 1000, 333, 16000, 49},
    {"asdlogmel pad=reflect", 16000, 128, 1024, 512, 513, 2},
    {"asdlogmel pad=none", 16000, 128, 1024, 512, 1024, 1},
    /* shorter than a frame; a file of one sample */
    {"asdlogmel", 16000, 128, 1024, 512, 10, 1},
    {"asdlogmel", 16000, 128, 1024, 512, 1, 1},
    {"asdlogmel variant=speechpy", 16000, 64, 16000, 12000, 28000, 2},
    {"asdlogmel variant=speechpy", 8000, 64, 8000, 6000, 14000, 2},
    {"asdlogmel variant=speechpy", 48000, 64, 48000, 36000, 84000, 2},
    {"asdlogmel variant=speechpy-quirk", 16000, 64, 16000, 12000, 28000, 1},
    {"asdlogmel variant=speechpy-quirk", 8000, 64, 8000, 6000, 20000, 2},
    {"asdlogmel variant=speechpy bands=30 n-fft=4096 hop=1000 pad=zero", 16000,
        30, 4096, 1000, 16000, 17},
  };
  TestHarness *t = test_harness_new ("%s", cases[__i__].launch);
  g_autofree float *samples = test_noise (cases[__i__].n, 1);
  g_autoptr (GPtrArray) buffers = NULL;
  GstAsdFeatureInfo info;
  GstCaps *caps;

  test_start_audio (t, cases[__i__].rate);
  test_push_audio (t, samples, cases[__i__].n, 500);
  test_push_eos (t);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  caps = gst_pad_get_current_caps (t->h->sinkpad);
  fail_unless (gst_asd_feature_info_from_caps (&info, caps));
  gst_caps_unref (caps);
  fail_unless_equals_string (info.kind, "log-mel");
  fail_unless_equals_int (info.rate, cases[__i__].rate);
  fail_unless_equals_int (info.rows, 1);
  fail_unless_equals_int (info.columns, cases[__i__].columns);
  fail_unless_equals_int (info.frame_length, cases[__i__].length);
  fail_unless_equals_int (info.frame_step, cases[__i__].step);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  fail_unless_equals_int (gst_buffer_get_size (buffers->pdata[0]),
      cases[__i__].n_frames * info.columns * sizeof (float));
  test_harness_free (t);
}

GST_END_TEST;

/* Windows that overlap: each is padded on its own, so its frames are those of
 * its samples alone; the partial one at the end is dropped. */
GST_START_TEST (test_sliding)
{
  static const struct
  {
    const char *launch;
    AsdPad pad;
  } cases[] = {
    {"asdlogmel window=250000000 interval=100000000", ASD_PAD_ZERO},
    {"asdlogmel window=250000000 interval=100000000 pad=reflect",
        ASD_PAD_REFLECT},
    {"asdlogmel window=250000000 interval=100000000 pad=none", ASD_PAD_NONE},
  };
  static const gsize chunks[] = { 1, 1000, 16000 };
  g_autofree float *samples = test_noise (16000, 1);
  g_autofree float *frames = NULL;
  g_autoptr (AsdLogMel) log_mel = NULL;
  AsdLogMelConfig config;
  gsize size;

  asd_log_mel_config_init (&config, ASD_LOG_MEL_PLAIN, 16000);
  config.pad = cases[__i__].pad;
  log_mel = asd_log_mel_new (&config);
  size = asd_log_mel_get_n_frames (log_mel, 4000) * 128 * sizeof (float);
  frames = g_malloc (size);
  for (gsize c = 0; c < G_N_ELEMENTS (chunks); c++) {
    g_autoptr (GPtrArray) buffers = extract (cases[__i__].launch, 16000,
        samples, 16000, chunks[c]);

    fail_unless_equals_int (buffers->len, 8);
    for (gsize i = 0; i < buffers->len; i++) {
      asd_log_mel_process (log_mel, samples + i * 1600, 4000, frames);
      test_check_buffer (buffers->pdata[i], frames, size,
          i * 100 * GST_MSECOND, 250 * GST_MSECOND);
    }
  }
}

GST_END_TEST;

/* Silence is the floor, at any level. */
GST_START_TEST (test_silence)
{
  static const struct
  {
    const char *launch;
    double floor;
  } cases[] = {
    {"asdlogmel", -156.5356},
    {"asdlogmel level=-26", -156.5356},
    {"asdlogmel variant=speechpy", -36.0437},
    {"asdlogmel variant=speechpy-quirk", -36.0437},
  };
  static const float silence[28000];
  g_autoptr (GPtrArray) buffers = extract (cases[__i__].launch, 16000, silence,
      28000, 1600);
  GstMapInfo map;

  fail_unless_equals_int (buffers->len, 1);
  fail_unless (gst_buffer_map (buffers->pdata[0], &map, GST_MAP_READ));
  fail_unless (map.size > 0);
  for (gsize i = 0; i < map.size / sizeof (float); i++)
    fail_unless (fabs (((float *) map.data)[i] - cases[__i__].floor) < 1e-3);
  gst_buffer_unmap (buffers->pdata[0], &map);
}

GST_END_TEST;

/* The level is left alone unless told otherwise. */
GST_START_TEST (test_level)
{
  g_autofree float *loud = test_noise (1024, 1), *quiet = test_noise (1024, 1);
  const struct
  {
    const char *launch;
    double difference;
  } cases[] = {
    {"asdlogmel pad=none", 20 * log10 (16)},
    {"asdlogmel pad=none level=-30", 0},
  };

  for (gsize i = 0; i < 1024; i++)
    quiet[i] /= 16;
  for (gsize c = 0; c < G_N_ELEMENTS (cases); c++) {
    g_autoptr (GPtrArray) a = extract (cases[c].launch, 16000, loud, 1024, 100);
    g_autoptr (GPtrArray) b = extract (cases[c].launch, 16000, quiet, 1024, 50);
    float x[128], y[128];

    fail_unless_equals_int (gst_buffer_extract (a->pdata[0], 0, x, sizeof (x)),
        sizeof (x));
    fail_unless_equals_int (gst_buffer_extract (b->pdata[0], 0, y, sizeof (y)),
        sizeof (y));
    /* Rounding of floats of 100 dB. */
    for (gsize i = 0; i < 128; i++)
      fail_unless (fabs (x[i] - y[i] - cases[c].difference) < 1e-4);
  }
}

GST_END_TEST;

/* Too few samples: a warning with the cure, or an error where the window is a
 * property. */
GST_START_TEST (test_short)
{
  static const struct
  {
    const char *launch;
    gsize fewest;
    const char *seconds, *ns;
  } cases[] = {
    {"asdlogmel pad=reflect", 513, "0.033", "32062500"},
    {"asdlogmel pad=none", 1024, "0.064", "64000000"},
    {"asdlogmel variant=speechpy", 16000, "1.000", "1000000000"},
    {"asdlogmel variant=speechpy-quirk", 28000, "1.750", "1750000000"},
  };
  g_autofree float *samples = test_noise (28000, 1);
  g_autofree char *warning = g_strdup_printf ("are too few for one log-mel "
      "frame: record at least %s s$", cases[__i__].seconds);
  g_autofree char *error = g_strdup_printf ("set window to at least %s "
      "\\(ns\\)$", cases[__i__].ns);
  TestHarness *t = test_harness_new ("%s", cases[__i__].launch);

  test_start_audio (t, 16000);
  test_push_audio (t, samples, cases[__i__].fewest - 1, 1000);
  test_push_eos (t);
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h), 0);
  test_check_warning (t->bus, warning);
  test_harness_free (t);

  t = test_harness_new ("%s window=30000000", cases[__i__].launch);
  test_start_audio (t, 16000);
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (samples, 100,
              0)), GST_FLOW_NOT_NEGOTIATED);
  test_check_error (t->bus, error);
  test_harness_free (t);
}

GST_END_TEST;

/* A clip without a sample, and then one with some. */
GST_START_TEST (test_empty)
{
  g_autofree float *samples = test_noise (2000, 1);
  TestHarness *t = test_harness_new ("asdlogmel");
  g_autoptr (GPtrArray) buffers = NULL;

  test_start_audio (t, 16000);
  test_start_audio (t, 16000);
  test_push_audio (t, samples, 2000, 100);
  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  fail_unless_equals_int (gst_buffer_get_size (buffers->pdata[0]),
      4 * 128 * sizeof (float));
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
    {"asdlogmel n-fft=1023", "^n-fft must be even"},
    {"asdlogmel bands=400", "^bands are so many .*: set fewer bands"},
    {"asdlogmel n-fft=64 bands=40", "^bands are so many .*: set fewer bands"},
    {"asdlogmel high-frequency=9000", "^high-frequency must be at most half"},
    {"asdlogmel low-frequency=8000", "^high-frequency must be above low-freq"},
    {"asdlogmel variant=speechpy-quirk pad=reflect", "^pad must be none in "
          "variant=speechpy-quirk$"},
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

/* Properties show the variant's value until they are set, and go back into
 * their range. */
GST_START_TEST (test_properties)
{
  GstElement *element = gst_element_factory_make ("asdlogmel", NULL);
  guint bands, n_fft, hop;

  g_object_get (element, "bands", &bands, "n-fft", &n_fft, "hop", &hop, NULL);
  fail_unless (bands == 128 && n_fft == 1024 && hop == 512);
  g_object_set (element, "hop", 100, NULL);
  gst_util_set_object_arg (G_OBJECT (element), "variant", "speechpy-quirk");
  g_object_get (element, "bands", &bands, "n-fft", &n_fft, "hop", &hop, NULL);
  fail_unless (bands == 64 && n_fft == 2048 && hop == 100);
  gst_util_set_object_arg (G_OBJECT (element), "variant", "plain");
  g_object_get (element, "bands", &bands, "n-fft", &n_fft, "hop", &hop, NULL);
  fail_unless (bands == 128 && n_fft == 1024 && hop == 100);

  gst_object_unref (element);
}

GST_END_TEST;

static Suite *
logmel_suite (void)
{
  Suite *suite = suite_create ("logmel");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_caps, 0, 15);
  tcase_add_loop_test (tc, test_sliding, 0, 3);
  tcase_add_loop_test (tc, test_silence, 0, 4);
  tcase_add_test (tc, test_level);
  tcase_add_loop_test (tc, test_short, 0, 4);
  tcase_add_test (tc, test_empty);
  tcase_add_loop_test (tc, test_bad_properties, 0, 6);
  tcase_add_test (tc, test_properties);
  if (asd_test_have_golden ())
    tcase_add_loop_test (tc, test_golden, 0, 4);
  return suite;
}

ASD_TEST_MAIN (logmel);
