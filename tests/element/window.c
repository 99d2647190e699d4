/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The windows that asddenoise, asdmodspec and the elements after them make of
 * a stream, against windows cut here and given to lib/ directly.
 */

#include "harness.h"

#include <string.h>

typedef struct
{
  gint rate;
  GstClockTime window;
  GstClockTime interval;
  gsize n_samples;
} Setting;

/* The clip of 10 s is fed in one buffer, too. At 44.1 kHz times are no whole
 * number of ns, and some of these are to be rounded up. */
static const Setting settings[] = {
  {16000, 0, 0, 160000},
  {16000, 0, 0, 20001},
  {16000, 500 * GST_MSECOND, 0, 24000},
  {16000, 500 * GST_MSECOND, 200 * GST_MSECOND, 24000},
  {16000, 400 * GST_MSECOND, 700 * GST_MSECOND, 24000},
  {44100, 0, 0, 36003},
  {44100, 333333333, 123470000, 36003},
};

static const gsize chunks[] = { 1, 7, 160, 1024, 16000, 160000 };

/* Ten seconds in buffers of a few samples would only take long. */
#define FIRST_CHUNK(s) ((s)->n_samples == 160000 ? 2 : 0)

/* A part of the stream: what the test expects a window to be. */
typedef struct
{
  gsize first;
  gsize n;
} Part;

static gsize
to_samples (GstClockTime time, gint rate)
{
  return floor ((double) time * rate / GST_SECOND + 0.5);
}

static GstClockTime
to_time (gsize n, gint rate)
{
  return floorl ((long double) n * GST_SECOND / rate + 0.5L);
}

/* The definition of DESIGN.md, "Windows and clips". */
static GArray *
cut (gsize n, gint rate, GstClockTime window, GstClockTime interval)
{
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (Part));
  gsize length = to_samples (window, rate);
  gsize step = interval > 0 ? to_samples (interval, rate) : length;
  Part part = { 0, n };

  if (window == 0) {
    g_array_append_val (parts, part);
    return parts;
  }
  for (part.n = length; part.first + length <= n; part.first += step)
    g_array_append_val (parts, part);
  return parts;
}

static AsdModspec *
modspec_new (gint rate)
{
  AsdModspecConfig config = ASD_MODSPEC_CONFIG_INIT;

  config.rate = rate;
  return asd_modspec_new (&config);
}

static void
check_modspec (GPtrArray * buffers, const Setting * s, const float *samples,
    gsize n)
{
  g_autoptr (GArray) parts = cut (n, s->rate, s->window, s->interval);
  g_autoptr (AsdModspec) modspec = modspec_new (s->rate);
  float energies[60 * 8];

  fail_unless_equals_int (buffers->len, parts->len);
  for (guint i = 0; i < parts->len; i++) {
    Part part = g_array_index (parts, Part, i);

    asd_modspec_process (modspec, samples + part.first, part.n, energies);
    test_check_buffer (buffers->pdata[i], energies, sizeof (energies),
        to_time (part.first, s->rate), to_time (part.n, s->rate));
  }
}

GST_START_TEST (test_modspec_chunks)
{
  const Setting *s = &settings[__i__];
  g_autofree float *samples = test_noise (s->n_samples, __i__);

  for (guint i = FIRST_CHUNK (s); i < G_N_ELEMENTS (chunks); i++) {
    TestHarness *t = test_harness_new ("asdmodspec window=%" G_GUINT64_FORMAT
        " interval=%" G_GUINT64_FORMAT, s->window, s->interval);
    g_autoptr (GPtrArray) buffers = NULL;

    test_start_audio (t, s->rate);
    test_push_audio (t, samples, s->n_samples, chunks[i]);
    test_push_eos (t);
    buffers = test_pull_all (t);
    check_modspec (buffers, s, samples, s->n_samples);
    test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
    test_harness_free (t);
  }
}

GST_END_TEST;

/* What asddenoise makes of the stream with consecutive windows. */
static gsize
denoise (const Setting * s, const char *model_path, const float *samples,
    float *out)
{
  g_autoptr (GArray) parts = cut (s->n_samples, s->rate, s->window, 0);
  g_autoptr (AsdModel) model = asd_model_load (model_path, NULL);
  g_autoptr (AsdModelSection) section =
      asd_model_get_section (model, "denoise", NULL);
  g_autoptr (AsdNoiseGate) gate = asd_noise_gate_load (section, 1, NULL);
  gsize n = 0;

  for (guint i = 0; i < parts->len; i++) {
    Part part = g_array_index (parts, Part, i);

    asd_noise_gate_process (gate, samples + part.first, part.n,
        out + part.first);
    n = part.first + part.n;
  }
  return n;
}

GST_START_TEST (test_denoise_chunks)
{
  const Setting *s = &settings[__i__];
  g_autofree float *samples = test_noise (s->n_samples, __i__);
  g_autofree float *clean = g_new (float, s->n_samples);
  g_autoptr (GArray) parts = cut (s->n_samples, s->rate, s->window, 0);
  const char *model = test_path ("m.asd");

  test_write_denoise (model, s->rate);
  denoise (s, model, samples, clean);
  fail_unless (memcmp (clean, samples, 4 * 16000) != 0);
  for (guint i = FIRST_CHUNK (s); i < G_N_ELEMENTS (chunks); i++) {
    TestHarness *t = test_harness_new ("asddenoise model=%s window=%"
        G_GUINT64_FORMAT, model, s->window);
    g_autoptr (GPtrArray) buffers = NULL;

    test_start_audio (t, s->rate);
    test_push_audio (t, samples, s->n_samples, chunks[i]);
    test_push_eos (t);
    buffers = test_pull_all (t);
    fail_unless_equals_int (buffers->len, parts->len);
    for (guint k = 0; k < parts->len; k++) {
      Part part = g_array_index (parts, Part, k);

      test_check_buffer (buffers->pdata[k], clean + part.first, part.n *
          sizeof (float), to_time (part.first, s->rate), to_time (part.n,
              s->rate));
    }
    test_harness_free (t);
  }
}

GST_END_TEST;

/* All of system 1; the graph gives the sum of the features. */
GST_START_TEST (test_chain_chunks)
{
  const Setting *s = &settings[__i__];
  g_autofree float *samples = test_noise (s->n_samples, __i__);
  g_autofree float *clean = g_new (float, s->n_samples);
  g_autoptr (AsdModspec) modspec = modspec_new (s->rate);
  g_autoptr (GArray) parts = NULL;
  const char *model = test_path ("m.asd");
  gsize n;

  test_write_denoise (model, s->rate);
  test_write_graph (model, "graph", TEST_FEATURES (60, 8, "modspec", 0), 480,
      NAN);
  n = denoise (s, model, samples, clean);
  parts = cut (n, s->rate, s->window, s->interval);
  for (guint i = FIRST_CHUNK (s); i < G_N_ELEMENTS (chunks); i++) {
    TestHarness *t = test_harness_new ("asddenoise model=%s window=%"
        G_GUINT64_FORMAT " ! asdmodspec window=%" G_GUINT64_FORMAT
        " interval=%" G_GUINT64_FORMAT " ! asdgraph model=%s", model,
        s->window, s->window, s->interval, model);
    g_autoptr (GPtrArray) buffers = NULL;

    test_start_audio (t, s->rate);
    test_push_audio (t, samples, s->n_samples, chunks[i]);
    test_push_eos (t);
    buffers = test_pull_all (t);
    fail_unless_equals_int (buffers->len, parts->len);
    for (guint k = 0; k < parts->len; k++) {
      Part part = g_array_index (parts, Part, k);
      float energies[60 * 8];
      double expected = 0, score;

      asd_modspec_process (modspec, clean + part.first, part.n, energies);
      for (guint j = 0; j < G_N_ELEMENTS (energies); j++)
        expected += fabs (energies[j]);
      gst_buffer_extract (buffers->pdata[k], 0, &score, sizeof (score));
      /* lib/ sums in another order. */
      fail_unless (fabs (score - expected) <= 1e-12 * expected);
      test_check_buffer (buffers->pdata[k], &score, sizeof (score),
          to_time (part.first, s->rate), to_time (part.n, s->rate));
    }
    test_harness_free (t);
  }
}

GST_END_TEST;

static guint64
get_dropped (TestHarness * t, const char *name)
{
  GstElement *element = test_element (t, name);
  guint64 dropped;

  g_object_get (element, "windows-dropped", &dropped, NULL);
  gst_object_unref (element);
  return dropped;
}

/* A partial window is dropped and counted, at once even where DISCONT ends the
 * clip; one whose samples were all in a window before is not. */
GST_START_TEST (test_dropped)
{
  TestHarness *t = test_harness_new ("asdmodspec name=m window=500000000 "
      "interval=250000000");
  g_autofree float *samples = test_noise (16000, 1);
  g_autoptr (GPtrArray) buffers = NULL;
  GstBuffer *buffer;

  test_start_audio (t, 16000);
  test_push_audio (t, samples, 16000, 1000);
  fail_unless_equals_uint64 (get_dropped (t, "m"), 0);
  test_push_event (t, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("asd-clip")));
  fail_unless_equals_uint64 (get_dropped (t, "m"), 0);
  test_push_audio (t, samples, 8001, 1000);
  buffer = test_buffer (samples, 100, 2 * GST_SECOND);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  gst_harness_push (t->h, buffer);
  fail_unless_equals_uint64 (get_dropped (t, "m"), 1);
  test_push_eos (t);
  fail_unless_equals_uint64 (get_dropped (t, "m"), 2);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 3 + 1);
  test_harness_free (t);
}

GST_END_TEST;

/* Without timestamps they count from 0; empty buffers change nothing. */
GST_START_TEST (test_no_timestamps)
{
  const Setting s = { 16000, 500 * GST_MSECOND, 300 * GST_MSECOND, 30000 };
  TestHarness *t = test_harness_new ("asdmodspec window=500000000 "
      "interval=300000000");
  g_autofree float *samples = test_noise (s.n_samples, 2);
  g_autoptr (GPtrArray) buffers = NULL;

  test_start_audio (t, 16000);
  for (gsize i = 0; i < s.n_samples; i += 100) {
    gst_harness_push (t->h, test_buffer (samples + i, 100,
            GST_CLOCK_TIME_NONE));
    gst_harness_push (t->h, test_buffer (NULL, 0, GST_CLOCK_TIME_NONE));
  }
  test_push_eos (t);
  buffers = test_pull_all (t);
  check_modspec (buffers, &s, samples, s.n_samples);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  test_harness_free (t);
}

GST_END_TEST;

/* Empty buffers alone are an empty clip. */
GST_START_TEST (test_empty_clip)
{
  TestHarness *t = test_harness_new ("asdmodspec");

  test_start_audio (t, 16000);
  gst_harness_push (t->h, test_buffer (NULL, 0, 0));
  gst_harness_push (t->h, test_buffer (NULL, 0, GST_SECOND));
  test_push_eos (t);
  fail_unless_equals_int (gst_harness_buffers_in_queue (t->h), 0);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  test_harness_free (t);
}

GST_END_TEST;

/* Whole clips are cut at max-window, with one warning; a clip of just that
 * length is not cut. */
GST_START_TEST (test_max_window)
{
  g_autofree float *samples = test_noise (40000, 3);
  static const gsize chunk[] = { 160, 40000 };

  for (guint i = 0; i < G_N_ELEMENTS (chunk); i++) {
    TestHarness *t = test_harness_new ("asdmodspec max-window=1000000000");
    const Setting s = { 16000, GST_SECOND, 0, 16000 };
    g_autoptr (GPtrArray) buffers = NULL;
    g_autoptr (GPtrArray) pieces = NULL;

    test_start_audio (t, 16000);
    test_push_audio (t, samples, 16000, chunk[i]);
    test_push_event (t, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
            gst_structure_new_empty ("asd-clip")));
    buffers = test_pull_all (t);
    check_modspec (buffers, &s, samples, 16000);
    test_check_quiet (t->bus, GST_MESSAGE_WARNING);

    test_push_audio (t, samples, 40000, chunk[i]);
    test_push_eos (t);
    pieces = test_pull_all (t);
    fail_unless_equals_int (pieces->len, 3);
    for (guint k = 0; k < 3; k++) {
      fail_unless_equals_clocktime (GST_BUFFER_PTS (pieces->pdata[k]),
          (k + 1) * GST_SECOND);
      fail_unless_equals_clocktime (GST_BUFFER_DURATION (pieces->pdata[k]),
          k < 2 ? GST_SECOND : GST_SECOND / 2);
    }
    test_check_warning (t->bus, "longer than max-window \\(1000000000 ns\\).*"
        "set window, or raise max-window");
    test_check_quiet (t->bus, GST_MESSAGE_WARNING);
    test_harness_free (t);
  }
}

GST_END_TEST;

/* Timestamps that differ by less than 40 ms from where they should be break no
 * window. */
GST_START_TEST (test_jitter)
{
  const Setting s = { 16000, 500 * GST_MSECOND, 0, 80000 };
  TestHarness *t = test_harness_new ("asdmodspec name=m window=500000000");
  g_autofree float *samples = test_noise (s.n_samples, 4);
  g_autoptr (GPtrArray) buffers = NULL;
  GRand *rand = g_rand_new_with_seed (5);

  test_start_audio (t, 16000);
  for (gsize i = 0; i < s.n_samples; i += 160) {
    GstClockTime jitter = i == 0 ? 0 : g_rand_int_range (rand, 0, 39000000);

    gst_harness_push (t->h, test_buffer (samples + i, 160,
            to_time (i, 16000) + jitter));
  }
  test_push_eos (t);
  g_rand_free (rand);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 10);
  for (guint i = 0; i < buffers->len; i++) {
    GstClockTimeDiff off = GST_CLOCK_DIFF (i * s.window,
        GST_BUFFER_PTS (buffers->pdata[i]));

    fail_unless (ABS (off) <= 39 * GST_MSECOND, "%" GST_STIME_FORMAT,
        GST_STIME_ARGS (off));
    fail_unless (GST_BUFFER_FLAG_IS_SET (buffers->pdata[i],
            GST_BUFFER_FLAG_DISCONT) == (i == 0));
  }
  fail_unless_equals_uint64 (get_dropped (t, "m"), 0);
  test_harness_free (t);
}

GST_END_TEST;

/* A jump of the timestamps by more than 40 ms, forwards or backwards, starts a
 * new window; one of 40 ms does not. */
GST_START_TEST (test_jump)
{
  static const GstClockTimeDiff jumps[] =
      { 39999999, 40000001, -39999999, -40000001 };
  const GstClockTimeDiff jump = jumps[__i__];
  TestHarness *t = test_harness_new ("asdmodspec name=m window=500000000");
  g_autofree float *samples = test_noise (20000, 6);
  g_autoptr (GPtrArray) buffers = NULL;
  AsdModspec *modspec = modspec_new (16000);
  float energies[60 * 8];
  gboolean missing = ABS (jump) > 40 * GST_MSECOND;

  test_start_audio (t, 16000);
  test_push_audio (t, samples, 4000, 400);
  for (gsize i = 4000; i < 20000; i += 400)
    gst_harness_push (t->h, test_buffer (samples + i, 400,
            to_time (i, 16000) + jump));
  test_push_eos (t);
  buffers = test_pull_all (t);
  asd_modspec_process (modspec, samples + (missing ? 4000 : 0), 8000, energies);
  test_check_buffer (buffers->pdata[0], energies, sizeof (energies),
      missing ? 250 * GST_MSECOND + jump : 0, 500 * GST_MSECOND);
  fail_unless_equals_int (buffers->len, 2);
  fail_unless_equals_uint64 (get_dropped (t, "m"), 1);
  asd_modspec_free (modspec);
  test_harness_free (t);
}

GST_END_TEST;

/* The clock of the device runs 100 ppm off for 25 minutes: no window is lost or
 * moved by more than 40 ms against the timestamps, not even behind an element
 * that has windows of its own. */
GST_START_TEST (test_drift)
{
  const double speed = 1 + (__i__ == 0 ? 1e-4 : -1e-4);
  const guint seconds = 1500;
  const char *model = test_path ("m.asd");
  g_autofree float *samples = test_noise (4000, 7);
  guint n = 0, n_chain = 0;
  TestHarness *t, *chain;

  test_write_denoise (model, 4000);
  t = test_harness_new ("asdmodspec name=m window=10000000000 "
      "interval=8000000000");
  chain = test_harness_new ("asddenoise model=%s window=2000000000 ! "
      "asdmodspec name=m window=10000000000 interval=8000000000", model);
  test_start_audio (t, 4000);
  test_start_audio (chain, 4000);
  for (gsize i = 0; i < seconds; i++) {
    GstBuffer *buffer = test_buffer (samples, 4000, i * GST_SECOND * speed);

    fail_unless_equals_int (gst_harness_push (t->h, gst_buffer_ref (buffer)),
        GST_FLOW_OK);
    fail_unless_equals_int (gst_harness_push (chain->h, buffer), GST_FLOW_OK);
    while ((buffer = gst_harness_try_pull (t->h)) != NULL) {
      GstClockTimeDiff off = GST_CLOCK_DIFF (n++ * 8 * GST_SECOND * speed,
          GST_BUFFER_PTS (buffer));

      /* 20 ms and what the clock moves in a window */
      fail_unless (ABS (off) <= 21 * GST_MSECOND);
      gst_buffer_unref (buffer);
    }
    while ((buffer = gst_harness_try_pull (chain->h)) != NULL) {
      GstClockTimeDiff off = GST_CLOCK_DIFF (n_chain++ * 8 * GST_SECOND *
          speed, GST_BUFFER_PTS (buffer));

      fail_unless (ABS (off) <= 42 * GST_MSECOND);
      gst_buffer_unref (buffer);
    }
  }
  fail_unless_equals_int (n, 1 + (seconds - 10) / 8);
  fail_unless_equals_int (n_chain, n);
  fail_unless_equals_uint64 (get_dropped (t, "m"), 0);
  fail_unless_equals_uint64 (get_dropped (chain, "m"), 0);
  test_harness_free (t);
  test_harness_free (chain);
}

GST_END_TEST;

/* A clip begins where its first sample is, however the clock drifts after. */
GST_START_TEST (test_drift_in_clip)
{
  TestHarness *t = test_harness_new ("asdmodspec");
  g_autofree float *samples = test_noise (4000, 7);
  g_autoptr (GPtrArray) buffers = NULL;

  test_start_audio (t, 4000);
  for (gsize i = 0; i < 500; i++)
    gst_harness_push (t->h, test_buffer (samples, 4000,
            GST_SECOND + i * GST_SECOND * 1.0002));
  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffers->pdata[0]), GST_SECOND);
  fail_unless_equals_clocktime (GST_BUFFER_DURATION (buffers->pdata[0]),
      500 * GST_SECOND);
  test_harness_free (t);
}

GST_END_TEST;

/* Buffers come from a pool: once all are back, the same ones leave again. */
GST_START_TEST (test_pool)
{
  const char *model = test_path ("m.asd");
  g_autofree float *samples = test_noise (8000, 8);

  test_write_denoise (model, 16000);
  for (guint i = 0; i < 2; i++) {
    TestHarness *t = i == 0 ?
        test_harness_new ("asdmodspec window=500000000") :
        test_harness_new ("asddenoise window=500000000 model=%s", model);
    GstMemory *first = NULL;

    test_start_audio (t, 16000);
    for (guint k = 0; k < 20; k++) {
      GstBuffer *buffer;

      test_push_audio (t, samples, 8000, 1000);
      buffer = gst_harness_try_pull (t->h);
      fail_unless (buffer != NULL && buffer->pool != NULL);
      if (first == NULL)
        first = gst_buffer_peek_memory (buffer, 0);
      fail_unless (gst_buffer_peek_memory (buffer, 0) == first);
      gst_buffer_unref (buffer);
    }
    test_harness_free (t);
  }
}

GST_END_TEST;

static Suite *
window_suite (void)
{
  Suite *s = suite_create ("window");
  TCase *tc = tcase_create ("windows");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_loop_test (tc, test_modspec_chunks, 0, G_N_ELEMENTS (settings));
  tcase_add_loop_test (tc, test_denoise_chunks, 0, G_N_ELEMENTS (settings));
  tcase_add_loop_test (tc, test_chain_chunks, 0, G_N_ELEMENTS (settings));
  tcase_add_test (tc, test_dropped);
  tcase_add_test (tc, test_no_timestamps);
  tcase_add_test (tc, test_empty_clip);
  tcase_add_test (tc, test_max_window);
  tcase_add_test (tc, test_jitter);
  tcase_add_loop_test (tc, test_jump, 0, 4);
  tcase_add_loop_test (tc, test_drift, 0, 2);
  tcase_add_test (tc, test_drift_in_clip);
  tcase_add_test (tc, test_pool);
  return s;
}

GST_CHECK_MAIN (window);
