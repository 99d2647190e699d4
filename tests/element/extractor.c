/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GstAsdExtractor with many frames a window, by means of an extractor of its
 * own: a frame is the first and the last of its samples.
 */

#include "harness.h"

#define LENGTH 100
#define STEP 40

typedef struct
{
  GstAsdExtractor parent;

  gboolean drop;                /* write one frame less than could be */
} Ends;

typedef struct
{
  GstAsdExtractorClass parent_class;
} EndsClass;

static GType ends_get_type (void);
G_DEFINE_TYPE (Ends, ends, GST_TYPE_ASD_EXTRACTOR);

enum
{
  PROP_0,
  PROP_DROP,
};

static gboolean
ends_setup (GstAsdExtractor * self, gint rate, GstAsdFeatureInfo * out,
    GError ** error)
{
  fail_unless_equals_int (out->rate, rate);
  g_strlcpy (out->kind, "ends", sizeof (out->kind));
  out->rows = 1;
  out->columns = 2;
  out->frame_length = LENGTH;
  out->frame_step = STEP;
  return TRUE;
}

static void
ends_process (GstAsdExtractor * self, const gfloat *samples, gsize n_samples,
    gfloat *frames, gsize *n_frames)
{
  fail_unless_equals_int (*n_frames, 1 + (n_samples - LENGTH) / STEP);
  if (((Ends *) self)->drop)
    (*n_frames)--;
  for (gsize i = 0; i < *n_frames; i++) {
    frames[2 * i] = samples[i * STEP];
    frames[2 * i + 1] = samples[i * STEP + LENGTH - 1];
  }
}

static void
ends_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  ((Ends *) object)->drop = g_value_get_boolean (value);
}

static void
ends_class_init (EndsClass * klass)
{
  GstAsdExtractorClass *extractor_class = GST_ASD_EXTRACTOR_CLASS (klass);

  G_OBJECT_CLASS (klass)->set_property = ends_set_property;
  g_object_class_install_property (G_OBJECT_CLASS (klass), PROP_DROP,
      g_param_spec_boolean ("drop", "Drop", "Drop", FALSE, G_PARAM_WRITABLE |
          G_PARAM_STATIC_STRINGS));
  gst_asd_extractor_class_add_templates (extractor_class, "ends");
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass), "Ends",
      "Filter", "Ends", "gst-asd");
  extractor_class->setup = ends_setup;
  extractor_class->process = ends_process;
}

static void
ends_init (Ends * self)
{
}

static void
setup (void)
{
  gst_element_register (NULL, "asdends", GST_RANK_NONE, ends_get_type ());
}

static void
teardown (void)
{
}

static void
check_frames (GstBuffer * buffer, const float *samples, gsize n_frames,
    GstClockTime pts, GstClockTime duration)
{
  g_autofree float *frames = g_new (float, 2 * n_frames);

  for (gsize i = 0; i < n_frames; i++) {
    frames[2 * i] = samples[i * STEP];
    frames[2 * i + 1] = samples[i * STEP + LENGTH - 1];
  }
  test_check_buffer (buffer, frames, 2 * n_frames * sizeof (float), pts,
      duration);
}

/* As many frames as frame-length and frame-step give; caps say so. */
GST_START_TEST (test_frames)
{
  static const struct
  {
    gsize n_samples, n_frames;
  } cases[] = { {100, 1}, {139, 1}, {140, 2}, {8000, 198} };
  const gsize n = cases[__i__].n_samples;
  TestHarness *t = test_harness_new ("asdends");
  g_autofree float *samples = test_noise (n, 1);
  g_autoptr (GPtrArray) buffers = NULL;
  GstAsdFeatureInfo info;
  GstCaps *caps;

  test_start_audio (t, 8000);
  test_push_audio (t, samples, n, 30);
  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  check_frames (buffers->pdata[0], samples, cases[__i__].n_frames, 0,
      gst_util_uint64_scale_round (n, GST_SECOND, 8000));
  caps = gst_pad_get_current_caps (t->h->sinkpad);
  fail_unless (gst_asd_feature_info_from_caps (&info, caps));
  fail_unless_equals_string (info.kind, "ends");
  fail_unless (info.rows == 1 && info.columns == 2 && info.rate == 8000
      && info.frame_length == LENGTH && info.frame_step == STEP);
  gst_caps_unref (caps);
  test_harness_free (t);
}

GST_END_TEST;

/* Fewer frames than could be: the buffer shrinks, and is as long as ever when
 * it comes from the pool again. */
GST_START_TEST (test_fewer_frames)
{
  TestHarness *t = test_harness_new ("asdends name=e window=100000000");
  GstElement *element = test_element (t, "e");
  g_autofree float *samples = test_noise (800, 1);
  GstMemory *memory = NULL;

  test_start_audio (t, 8000);
  for (guint i = 0; i < 10; i++) {
    gboolean drop = i % 2 == 0;
    GstBuffer *buffer;

    g_object_set (element, "drop", drop, NULL);
    test_push_audio (t, samples, 800, 100);
    buffer = gst_harness_pull (t->h);
    check_frames (buffer, samples, 18 - drop, i * 100 * GST_MSECOND,
        100 * GST_MSECOND);
    if (memory == NULL)
      memory = gst_buffer_peek_memory (buffer, 0);
    fail_unless (gst_buffer_peek_memory (buffer, 0) == memory);
    gst_buffer_unref (buffer);
  }
  gst_object_unref (element);
  test_harness_free (t);
}

GST_END_TEST;

/* The fewest samples, to the sample, in both texts. */
GST_START_TEST (test_too_short)
{
  g_autofree float *samples = test_noise (100, 1);
  TestHarness *t = test_harness_new ("asdends window=12374999");

  test_start_audio (t, 8000);
  fail_unless_equals_int (gst_harness_push (t->h, test_buffer (samples, 100,
              0)), GST_FLOW_NOT_NEGOTIATED);
  test_check_error (t->bus, "^A window of 99 samples is too short for one ends "
      "frame: set window to at least 12500000 \\(ns\\)$");
  test_harness_free (t);

  t = test_harness_new ("asdends window=12500000");
  test_start_audio (t, 8000);
  test_push_audio (t, samples, 100, 10);
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h), 1);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR);
  test_harness_free (t);

  t = test_harness_new ("asdends");
  test_start_audio (t, 8000);
  test_push_audio (t, samples, 99, 10);
  test_push_eos (t);
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h), 0);
  test_check_warning (t->bus, "^99 samples are too few for one ends frame: "
      "record at least 0.013 s$");
  test_harness_free (t);

  /* 2.27 ms, rounded so that it is enough. */
  t = test_harness_new ("asdends");
  test_start_audio (t, 44100);
  test_push_audio (t, samples, 99, 10);
  test_push_eos (t);
  test_check_warning (t->bus, "record at least 0.003 s$");
  test_harness_free (t);
}

GST_END_TEST;

/* Feature caps and back; what is not complete is refused. */
GST_START_TEST (test_caps)
{
  static const char *const bad[] = {
    "audio/x-raw",
    "application/x-asd-features",
    "application/x-asd-features, format=F32LE, kind=a, rows=1",
    "application/x-asd-features, format=F32LE, kind=a, rows=1, columns=0",
    "application/x-asd-features, format=F32LE, kind=a, rows=1, columns=-1",
    "application/x-asd-features, format=F32LE, kind=a, rows=65536, "
        "columns=65536",
    "application/x-asd-features, format=F64LE, kind=a, rows=1, columns=1",
    "application/x-asd-features, format=F32LE, rows=1, columns=1",
    "application/x-asd-features, format=F32LE, kind=a, rows=1, columns=1, "
        "rate=-1",
    "application/x-asd-features, format=F32LE, kind=a, rows=[1,2], columns=1",
    "application/x-asd-features, format=F32LE, rows=1, columns=1, kind="
        "a-name-of-a-kind-of-features-that-is-too-long",
  };
  const GstAsdFeatureInfo info = { "log-mel", 5, 128, 16000, 1024, 512 };
  GstCaps *caps = gst_asd_feature_info_to_caps (&info);
  GstAsdFeatureInfo again;
  g_autofree char *text = gst_asd_feature_info_describe (&info);

  fail_unless (gst_asd_feature_info_from_caps (&again, caps));
  fail_unless_equals_string (again.kind, info.kind);
  fail_unless (again.rows == 5 && again.columns == 128 && again.rate == 16000
      && again.frame_length == 1024 && again.frame_step == 512);
  fail_unless_equals_string (text, "log-mel 5x128 at 16000 Hz, frames of 1024 "
      "samples every 512");
  gst_caps_unref (caps);
  fail_if (gst_asd_feature_info_from_caps (&again, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    caps = gst_caps_from_string (bad[i]);
    fail_unless (caps != NULL, "%s", bad[i]);
    fail_if (gst_asd_feature_info_from_caps (&again, caps), "%s", bad[i]);
    gst_caps_unref (caps);
  }
}

GST_END_TEST;

static Suite *
extractor_suite (void)
{
  Suite *s = suite_create ("extractor");
  TCase *tc = tcase_create ("frames");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_loop_test (tc, test_frames, 0, 4);
  tcase_add_test (tc, test_fewer_frames);
  tcase_add_test (tc, test_too_short);
  tcase_add_test (tc, test_caps);
  return s;
}

GST_CHECK_MAIN (extractor);
