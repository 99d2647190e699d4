/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "harness.h"

#include <gst/audio/audio.h>
#include <string.h>

#define RATE 16000
#define WINDOW GST_SECOND

static const char *
simple_model (void)
{
  return test_write_recipe ("m.asd", NULL, "1000000000", 1e9);
}

/* The next message of this name within 20 s; messages before it are dropped. */
static GstMessage *
wait_for (TestHarness * t, const char *name)
{
  GstMessage *message;

  while ((message = gst_bus_timed_pop_filtered (t->bus, 20 * GST_SECOND,
              GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR)) != NULL) {
    fail_if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR);
    if (gst_message_has_name (message, name))
      return message;
    gst_message_unref (message);
  }
  fail ("no %s", name);
  return NULL;
}

/* Copies of the structures of this name, or of all, that are on the bus, and the texts of
 * the warnings, each with a line of its own. Nothing else stays there. */
static GPtrArray *
pop_all_and_warnings (TestHarness * t, const char *name, GString * warnings)
{
  GPtrArray *all =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
  GstMessage *message;
  GError *error;

  while ((message = test_pop (t->bus, GST_MESSAGE_ELEMENT |
              GST_MESSAGE_WARNING)) != NULL) {
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
      gst_message_parse_warning (message, &error, NULL);
      g_string_append_printf (warnings, "%s\n", error->message);
      g_error_free (error);
    } else if (name == NULL || gst_message_has_name (message, name)) {
      g_ptr_array_add (all,
          gst_structure_copy (gst_message_get_structure (message)));
    }
    gst_message_unref (message);
  }
  return all;
}

/* The same where no warning may be. */
static GPtrArray *
pop_all (TestHarness * t, const char *name)
{
  GString *warnings = g_string_new (NULL);
  GPtrArray *all = pop_all_and_warnings (t, name, warnings);

  fail_unless_equals_string (warnings->str, "");
  g_string_free (warnings, TRUE);
  return all;
}

/* The same where one has to be. */
static GPtrArray *
pop_all_and_warning (TestHarness * t, const char *name, const char *pattern)
{
  GString *warnings = g_string_new (NULL);
  GPtrArray *all = pop_all_and_warnings (t, name, warnings);

  fail_unless (g_str_has_suffix (warnings->str, "\n"), "no %s", pattern);
  g_string_truncate (warnings, warnings->len - 1);
  test_check_text (warnings->str, pattern);
  g_string_free (warnings, TRUE);
  return all;
}

static guint64
get_time (const GstStructure * s, const char *field)
{
  guint64 time = 0;

  fail_unless (gst_structure_get_uint64 (s, field, &time), "%s", field);
  return time;
}

static double
get_score (const GstStructure * s)
{
  double score = NAN;

  fail_unless (gst_structure_get_double (s, "score", &score));
  return score;
}

/* What the recipe alone gives for n samples, one window. */
static double
reference (const char *model, const float *x, gsize n)
{
  TestHarness *t =
      test_harness_new ("asdmodspec ! asdgraph model=\"%s\"", model);
  g_autoptr (GPtrArray) scores = NULL;
  g_autoptr (GPtrArray) buffers = NULL;
  double score;

  test_start_audio (t, RATE);
  test_push_audio (t, x, n, n);
  test_push_eos (t);
  scores = pop_all (t, "asd-score");
  buffers = test_pull_all (t);
  fail_unless_equals_int (scores->len, 1);
  score = get_score (g_ptr_array_index (scores, 0));
  test_harness_free (t);
  return score;
}

/* Each score is that of its own stretch of audio. */
static void
check_scores (GPtrArray * scores, const char *model, const float *x, gsize n)
{
  for (guint i = 0; i < scores->len; i++) {
    const GstStructure *s = g_ptr_array_index (scores, i);
    guint64 start = gst_util_uint64_scale_round (get_time (s, "timestamp"),
        RATE, GST_SECOND);

    fail_unless_equals_uint64 (get_time (s, "duration"), WINDOW);
    fail_unless (start + RATE <= n);
    /* The same code on the same samples: the same bits. */
    fail_unless_equals_float (get_score (s), reference (model, x + start,
            RATE));
  }
}

static const gsize chunks[] = { 160, 1000, 5 * RATE };

GST_START_TEST (test_tap)
{
  const char *model = simple_model ();
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", model);
  gsize n = 5 * RATE + 77, chunk = chunks[__i__], done, n_metas = 0;
  g_autofree float *x = test_noise (n, 1);
  g_autoptr (GPtrArray) scores = NULL;
  g_autoptr (GPtrArray) out = NULL;
  guint64 last = 0;

  test_start_audio (t, RATE);
  test_push_audio (t, x, n, chunk);
  test_push_eos (t);
  scores = pop_all (t, "asd-score");
  fail_unless_equals_int (scores->len, 5);
  for (guint i = 0; i < 5; i++)
    fail_unless_equals_uint64 (get_time (g_ptr_array_index (scores, i),
            "timestamp"), i * WINDOW);
  check_scores (scores, model, x, n);

  out = test_pull_all (t);
  fail_unless_equals_int (out->len, (n + chunk - 1) / chunk);
  for (done = 0; done < n; done += chunk) {
    GstBuffer *buffer = g_ptr_array_index (out, done / chunk);
    const GstStructure *score = gst_asd_buffer_get_score (buffer);
    gsize take = MIN (chunk, n - done);

    test_check_buffer (buffer, x + done, take * sizeof (float),
        gst_util_uint64_scale_round (done, GST_SECOND, RATE),
        gst_util_uint64_scale_round (take, GST_SECOND, RATE));
    if (score == NULL)
      continue;
    /* It is over when the score is known, and none comes twice. */
    fail_unless (get_time (score, "endtime") <= GST_BUFFER_PTS (buffer) +
        GST_BUFFER_DURATION (buffer));
    fail_unless (get_time (score, "endtime") > last);
    last = get_time (score, "endtime");
    fail_unless (gst_structure_is_equal (score, g_ptr_array_index (scores,
                last / WINDOW - 1)));
    n_metas++;
  }
  fail_unless (n_metas <= 5);
  test_harness_free (t);
}

GST_END_TEST;

/* A buffer is not copied unless a score rides on it, and each score that is
 * ready does. */
GST_START_TEST (test_meta)
{
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", simple_model ());
  g_autofree float *x = test_noise (RATE, 1);
  GstBuffer *in, *out;
  GstMessage *message;

  test_start_audio (t, RATE);
  for (guint i = 0; i < 3; i++) {
    in = test_buffer (x, RATE, i * GST_SECOND);
    out = gst_harness_push_and_pull (t->h, gst_buffer_ref (in));
    fail_unless_equals_int (out == in, gst_asd_buffer_get_score (out) == NULL);
    /* Where listening was quick, the window rides on its own last buffer. */
    fail_unless (gst_asd_buffer_get_score (in) == NULL);
    gst_buffer_unref (in);
    gst_buffer_unref (out);
    message = wait_for (t, "asd-score");
    gst_message_unref (message);
  }
  test_harness_free (t);
}

GST_END_TEST;

static const struct
{
  const char *caps;
  const char *properties;
  guint channels;
  guint hears;
} formats[] = {
  {"audio/x-raw, format=F32LE, layout=interleaved, channels=1, rate=16000",
      "", 1, 0},
  {"audio/x-raw, format=F32LE, layout=interleaved, channels=2, rate=16000, "
        "channel-mask=(bitmask)3", "", 2, 0},
  {"audio/x-raw, format=F32LE, layout=interleaved, channels=8, rate=16000, "
        "channel-mask=(bitmask)0", "channel=5", 8, 5},
  {"audio/x-raw, format=F32LE, layout=interleaved, channels=8, rate=16000, "
        "channel-mask=(bitmask)0", "channel=-1", 8, 0},
};

/* Only one channel has sound, or all the same. */
GST_START_TEST (test_channels)
{
  const char *model = simple_model ();
  TestHarness *t = test_harness_new ("asddetect model=\"%s\" %s", model,
      formats[__i__].properties);
  guint channels = formats[__i__].channels;
  gboolean all = strstr (formats[__i__].properties, "-1") != NULL;
  g_autoptr (GstCaps) caps = gst_caps_from_string (formats[__i__].caps);
  g_autofree float *mono = test_noise (RATE, 1);
  g_autofree float *x = g_new0 (float, RATE * channels);
  g_autoptr (GPtrArray) scores = NULL;
  double score, expected = reference (model, mono, RATE);

  for (guint i = 0; i < RATE; i++)
    for (guint c = 0; c < channels; c++)
      if (all || c == formats[__i__].hears)
        x[i * channels + c] = mono[i];
  test_start_audio (t, RATE);
  test_push_event (t, gst_event_new_caps (caps));
  gst_harness_push (t->h, test_buffer (x, RATE * channels, 0));
  test_push_eos (t);
  scores = pop_all (t, "asd-score");
  fail_unless_equals_int (scores->len, 1);
  score = get_score (g_ptr_array_index (scores, 0));
  /* A mean of eight equal floats rounds. */
  fail_unless (fabs (score - expected) <= (all ? 1e-5 : 0) * expected,
      "%.17g instead of %.17g", score, expected);
  test_harness_free (t);
}

GST_END_TEST;

GST_START_TEST (test_missing_channel)
{
  TestHarness *t = test_harness_new ("asddetect model=\"%s\" channel=1",
      simple_model ());
  g_autofree float *x = test_noise (RATE, 1);

  test_start_audio (t, RATE);
  gst_harness_push (t->h, test_buffer (x, RATE, 0));
  /* It is found by another thread. */
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_check_error (t->bus, "1 channel, so channel=1 is not there");
  test_harness_free (t);
}

GST_END_TEST;

/* 8 kHz lacks a half of the band; a change to 16 kHz in mid-stream begins
 * another window. */
GST_START_TEST (test_rates)
{
  const char *model = simple_model ();
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", model);
  g_autofree float *x = test_noise (RATE, 1);
  g_autoptr (GPtrArray) scores = NULL;
  GstCaps *caps = gst_caps_from_string ("audio/x-raw, format=F32LE, "
      "layout=interleaved, channels=1, rate=16000");

  test_start_audio (t, 8000);
  gst_harness_push (t->h, test_buffer (x, 12000, 0));
  test_push_event (t, gst_event_new_caps (caps));
  gst_harness_push (t->h, test_buffer (x, RATE, 1500 * GST_MSECOND));
  test_push_eos (t);
  scores = pop_all_and_warning (t, "asd-score",
      "comes at 8000 Hz.*between 4000 and 8000 Hz");
  fail_unless_equals_int (scores->len, 2);
  fail_unless_equals_uint64 (get_time (g_ptr_array_index (scores, 1),
          "timestamp"), 1500 * GST_MSECOND);
  fail_unless_equals_float (get_score (g_ptr_array_index (scores, 1)),
      reference (model, x, RATE));
  gst_caps_unref (caps);
  test_harness_free (t);
}

GST_END_TEST;

/* Stereo, mono, eight channels, mono again: always the first one is heard. */
GST_START_TEST (test_other_channels)
{
  static const guint channels[] = { 2, 1, 8, 1 };
  const char *model = simple_model ();
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", model);
  g_autofree float *mono = test_noise (4 * RATE, 1);
  g_autoptr (GPtrArray) scores = NULL;

  test_start_audio (t, RATE);
  for (guint i = 0; i < 4; i++) {
    g_autofree float *x = g_new0 (float, RATE * channels[i]);
    GstCaps *caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
        "F32LE", "layout", G_TYPE_STRING, "interleaved", "rate", G_TYPE_INT,
        RATE, "channels", G_TYPE_INT, channels[i], "channel-mask",
        GST_TYPE_BITMASK, (guint64) (channels[i] == 2 ? 3 : 0), NULL);

    for (guint j = 0; j < RATE; j++)
      x[j * channels[i]] = mono[i * RATE + j];
    test_push_event (t, gst_event_new_caps (caps));
    gst_harness_push (t->h, test_buffer (x, RATE * channels[i],
            i * GST_SECOND));
    gst_caps_unref (caps);
  }
  test_push_eos (t);
  scores = pop_all (t, "asd-score");
  fail_unless_equals_int (scores->len, 4);
  check_scores (scores, model, mono, 4 * RATE);
  test_harness_free (t);
}

GST_END_TEST;

/* 48 kHz, 44.1 kHz: as many windows as there are seconds. */
GST_START_TEST (test_resampled)
{
  gint rate = __i__ ? 48000 : 44100;
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", simple_model ());
  g_autofree float *x = test_noise (3 * rate, 1);
  g_autoptr (GPtrArray) scores = NULL;

  test_start_audio (t, rate);
  test_push_audio (t, x, 3 * rate, 1024);
  test_push_eos (t);
  scores = pop_all (t, "asd-score");
  fail_unless_equals_int (scores->len, 3);
  test_harness_free (t);
}

GST_END_TEST;

static GstPadProbeReturn
hold (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GMutex *mutex = user_data;

  g_mutex_lock (mutex);
  g_mutex_unlock (mutex);
  return GST_PAD_PROBE_OK;
}

/* Holds up the scorer while the mutex is locked. */
static void
hold_scorer (TestHarness * t, GMutex * mutex)
{
  GstIterator *it = gst_bin_iterate_all_by_element_factory_name
      (GST_BIN (t->bin), "asdgraph");
  GValue item = G_VALUE_INIT;
  GstPad *pad;

  fail_unless (gst_iterator_next (it, &item) == GST_ITERATOR_OK);
  pad = gst_element_get_static_pad (g_value_get_object (&item), "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, hold, mutex, NULL);
  gst_object_unref (pad);
  g_value_unset (&item);
  gst_iterator_free (it);
}

/* One window each, one behind the other. */
static void
check_lost (GPtrArray * lost)
{
  guint64 end = 0;
  guint windows;

  for (guint i = 0; i < lost->len; i++) {
    const GstStructure *s = g_ptr_array_index (lost, i);

    fail_unless (gst_structure_get_uint (s, "windows", &windows));
    fail_unless_equals_int (windows, 1);
    fail_unless_equals_uint64 (get_time (s, "total"), i + 1);
    fail_unless_equals_uint64 (get_time (s, "duration"), WINDOW);
    fail_unless_equals_string (gst_structure_get_string (s, "stream-id"),
        "clip 1");
    fail_unless (get_time (s, "running-time") >= end);
    end = get_time (s, "running-time") + WINDOW;
  }
}

/* A live source goes on while the scorer stands still, and then at ten times
 * real time, which a scorer can follow unless the machine is busy. What is scored is whole, what is not is reported, and nothing
 * is forgotten. */
GST_START_TEST (test_live)
{
  const char *model = simple_model ();
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", model);
  gsize n = 20 * RATE, chunk = __i__ ? 4801 : 160;
  g_autofree float *x = test_noise (n, 1);
  g_autoptr (GPtrArray) all = NULL;
  g_autoptr (GPtrArray) scores = g_ptr_array_new ();
  g_autoptr (GPtrArray) lost = g_ptr_array_new ();
  GMutex mutex;

  g_mutex_init (&mutex);
  gst_harness_set_live (t->h, TRUE);
  test_start_audio (t, RATE);
  hold_scorer (t, &mutex);
  g_mutex_lock (&mutex);
  test_push_audio (t, x, 10 * RATE, chunk);
  g_mutex_unlock (&mutex);
  while (t->position + chunk <= n) {
    g_usleep (chunk * G_USEC_PER_SEC / RATE / 10);
    test_push_audio (t, x + t->position, chunk, chunk);
  }
  test_push_eos (t);

  all = pop_all (t, NULL);
  for (guint i = 0; i < all->len; i++) {
    GstStructure *s = g_ptr_array_index (all, i);

    g_ptr_array_add (gst_structure_has_name (s, "asd-score") ? scores : lost,
        s);
  }
  check_lost (lost);
  check_scores (scores, model, x, n);
  fail_unless (lost->len >= 5, "%u", lost->len);
  fail_unless (scores->len >= 3, "%u", scores->len);
  /* Windows begin afresh with the first buffer after a stretch that was left
   * out; parts of windows remain there, and at the end. */
  fail_unless (scores->len + lost->len >= 17 && scores->len + lost->len <= 20,
      "%u scored, %u lost", scores->len, lost->len);
  g_mutex_clear (&mutex);
  test_harness_free (t);
}

GST_END_TEST;

/* Four windows begin within one; where leaving out begins, three that had begun
 * are lost, too. It may begin twice: the branch still takes some at first. */
GST_START_TEST (test_live_overlapping)
{
  TestHarness *t = test_harness_new ("asddetect model=\"%s\" "
      "interval=250000000", simple_model ());
  gsize n = 10 * RATE;
  g_autofree float *x = test_noise (n, 1);
  g_autoptr (GPtrArray) lost = NULL;
  guint windows, n_first = 0;
  guint64 total = 0;
  GMutex mutex;

  g_mutex_init (&mutex);
  gst_harness_set_live (t->h, TRUE);
  test_start_audio (t, RATE);
  hold_scorer (t, &mutex);
  g_mutex_lock (&mutex);
  test_push_audio (t, x, n, 160);
  lost = pop_all (t, "asd-overrun");
  g_mutex_unlock (&mutex);
  test_push_eos (t);
  fail_unless (lost->len >= 5, "%u", lost->len);
  for (guint i = 0; i < lost->len; i++) {
    fail_unless (gst_structure_get_uint (g_ptr_array_index (lost, i), "windows",
            &windows));
    fail_unless (windows == 7 || (i > 0 && windows == 4), "%u", windows);
    n_first += windows == 7;
    total += windows;
    fail_unless_equals_uint64 (get_time (g_ptr_array_index (lost, i), "total"),
        total);
  }
  fail_unless (n_first <= 2, "%u", n_first);
  g_mutex_clear (&mutex);
  test_harness_free (t);
}

GST_END_TEST;

/* The same, not live: pushing waits. */
static gpointer
release (gpointer mutex)
{
  g_usleep (500 * 1000);
  g_mutex_unlock (mutex);
  return NULL;
}

GST_START_TEST (test_not_live)
{
  const char *model = simple_model ();
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", model);
  gsize n = 20 * RATE;
  g_autofree float *x = test_noise (n, 1);
  g_autoptr (GPtrArray) scores = NULL;
  GThread *thread;
  GMutex mutex;

  g_mutex_init (&mutex);
  test_start_audio (t, RATE);
  hold_scorer (t, &mutex);
  g_mutex_lock (&mutex);
  thread = g_thread_new ("release", release, &mutex);
  test_push_audio (t, x, n, 160);
  test_push_eos (t);
  g_thread_join (thread);
  scores = pop_all (t, "asd-score");
  fail_unless_equals_int (scores->len, 20);
  check_scores (scores, model, x, n);
  g_mutex_clear (&mutex);
  test_harness_free (t);
}

GST_END_TEST;

/* What a query for latency says with and without it is the same. */
GST_START_TEST (test_latency)
{
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", simple_model ());

  gst_harness_set_live (t->h, TRUE);
  gst_harness_set_upstream_latency (t->h, 30 * GST_MSECOND);
  test_start_audio (t, RATE);
  fail_unless_equals_uint64 (gst_harness_query_latency (t->h),
      30 * GST_MSECOND);
  fail_if (GST_OBJECT_FLAG_IS_SET (t->bin, GST_ELEMENT_FLAG_SINK));
  test_harness_free (t);
}

GST_END_TEST;

/* A window that a gap, a flush or another clip breaks is not scored. */
GST_START_TEST (test_breaks)
{
  const char *model = simple_model ();
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", model);
  g_autofree float *x = test_noise (4 * RATE, 1);
  g_autoptr (GPtrArray) scores = NULL;
  GstSegment segment;

  test_start_audio (t, RATE);
  test_push_audio (t, x, RATE * 3 / 2, 1000);
  switch (__i__) {
    case 0:
      test_push_event (t, gst_event_new_gap (3 * GST_SECOND / 2, GST_SECOND));
      break;
    case 1:
      /* What is before it has to be through. */
      gst_message_unref (wait_for (t, "asd-score"));
      gst_segment_init (&segment, GST_FORMAT_TIME);
      test_push_event (t, gst_event_new_flush_start ());
      test_push_event (t, gst_event_new_flush_stop (TRUE));
      test_push_event (t, gst_event_new_segment (&segment));
      break;
    case 2:
      test_push_event (t, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
              gst_structure_new_empty ("asd-clip")));
      break;
  }
  t->position = 3 * RATE;
  test_push_audio (t, x + 3 * RATE, RATE, 1000);
  test_push_eos (t);
  scores = pop_all (t, "asd-score");
  fail_unless_equals_int (scores->len, __i__ == 1 ? 1 : 2);
  fail_unless_equals_uint64 (get_time (g_ptr_array_index (scores,
              scores->len - 1), "timestamp"), 3 * GST_SECOND);
  check_scores (scores, model, x, 4 * RATE);
  test_harness_free (t);
}

GST_END_TEST;

/* Of the scorers in a recipe, only the last one speaks. */
GST_START_TEST (test_ensemble)
{
  const char *model = test_write_recipe ("e.asd", "[recipe]\nlaunch=tee name=t "
      "t. ! queue ! asdmodspec ! asdgraph ! e. "
      "t. ! queue ! asdmodspec ! asdgraph stage=second ! e. "
      "asdensemble name=e method=mean normalize=none\n", "1000000000", NAN);
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", model);
  g_autofree float *x = test_noise (5 * RATE, 1);
  g_autoptr (GPtrArray) scores = NULL;

  test_start_audio (t, RATE);
  test_push_audio (t, x, 5 * RATE, 1000);
  test_push_eos (t);
  scores = pop_all_and_warning (t, "asd-score", "no threshold");
  fail_unless_equals_int (scores->len, 5);
  fail_unless_equals_string (gst_structure_get_string (g_ptr_array_index
          (scores, 0), "stage"), "ensemble");
  check_scores (scores, model, x, 5 * RATE);
  test_harness_free (t);
}

GST_END_TEST;

static const struct
{
  const char *properties;
  const char *window;
  GstClockTime duration;
  GstClockTime step;
} windows[] = {
  {"", "1000000000", GST_SECOND, GST_SECOND},
  {"", "0", 2 * GST_SECOND, 2 * GST_SECOND},
  {"window=1500000000", "1000000000", 1500 * GST_MSECOND, 1500 * GST_MSECOND},
  {"interval=250000000", "1000000000", GST_SECOND, 250 * GST_MSECOND},
};

GST_START_TEST (test_windows)
{
  TestHarness *t = test_harness_new ("asddetect model=\"%s\" %s",
      test_write_recipe ("w.asd", NULL, windows[__i__].window, 1e9),
      windows[__i__].properties);
  g_autofree float *x = test_noise (6 * RATE, 1);
  g_autoptr (GPtrArray) scores = NULL;

  test_start_audio (t, RATE);
  test_push_audio (t, x, 6 * RATE, 1000);
  test_push_eos (t);
  scores = pop_all (t, "asd-score");
  fail_unless_equals_int (scores->len, 1 + (6 * GST_SECOND -
          windows[__i__].duration) / windows[__i__].step);
  fail_unless_equals_uint64 (get_time (g_ptr_array_index (scores, 1),
          "timestamp"), windows[__i__].step);
  fail_unless_equals_uint64 (get_time (g_ptr_array_index (scores, 1),
          "duration"), windows[__i__].duration);
  test_harness_free (t);
}

GST_END_TEST;

static void
check_alarm (const GstStructure * s, const char *state, GstClockTime start)
{
  fail_unless_equals_string (gst_structure_get_string (s, "state"), state);
  fail_unless_equals_uint64 (get_time (s, "start"), start);
}

/* Every window of noise is above the threshold. */
GST_START_TEST (test_alarm)
{
  TestHarness *t = test_harness_new ("asddetect model=\"%s\" on-count=3 "
      "of-count=3", test_write_recipe ("a.asd", NULL, "1000000000", 0));
  g_autofree float *x = test_noise (4 * RATE, 1);
  g_autoptr (GPtrArray) alarms = NULL;

  test_start_audio (t, RATE);
  test_push_audio (t, x, 4 * RATE, 1000);
  test_push_eos (t);
  alarms = pop_all (t, "asd-alarm");
  fail_unless_equals_int (alarms->len, 3);
  check_alarm (g_ptr_array_index (alarms, 0), "started", 0);
  check_alarm (g_ptr_array_index (alarms, 1), "ongoing", 0);
  check_alarm (g_ptr_array_index (alarms, 2), "cleared", 0);
  test_harness_free (t);
}

GST_END_TEST;

/* A model without a threshold has scores, and says once that it has no alarms. */
GST_START_TEST (test_uncalibrated)
{
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"",
      test_write_recipe ("u.asd", NULL, "1000000000", NAN));
  g_autofree float *x = test_noise (2 * RATE, 1);
  g_autoptr (GPtrArray) scores = NULL;
  gboolean anomalous;

  test_start_audio (t, RATE);
  test_push_audio (t, x, 2 * RATE, 1000);
  test_push_eos (t);
  scores = pop_all_and_warning (t, "asd-score", "no threshold");
  fail_unless_equals_int (scores->len, 2);
  fail_unless (gst_structure_get_boolean (g_ptr_array_index (scores, 1),
          "anomalous", &anomalous) && !anomalous);
  test_harness_free (t);
}

GST_END_TEST;

/* The first two seconds are clipped: no alarm starts there. */
GST_START_TEST (test_sensor)
{
  TestHarness *t = test_harness_new ("asddetect model=\"%s\" on-count=1 "
      "of-count=1", test_write_recipe ("s.asd", NULL, "1000000000", 0));
  g_autofree float *x = test_noise (3 * RATE, 1);
  g_autoptr (GPtrArray) alarms = NULL;

  for (guint i = 0; i < 2 * RATE; i++)
    x[i] = x[i] < 0 ? -1 : 1;
  test_start_audio (t, RATE);
  test_push_audio (t, x, 3 * RATE, 1000);
  test_push_eos (t);
  alarms = pop_all (t, "asd-alarm");
  fail_unless_equals_int (alarms->len, 2);
  check_alarm (g_ptr_array_index (alarms, 0), "started", 2 * GST_SECOND);
  test_harness_free (t);

  t = test_harness_new ("asddetect model=\"%s\"", test_path ("s.asd"));
  test_start_audio (t, RATE);
  test_push_audio (t, x, 3 * RATE, 1000);
  test_push_eos (t);
  g_ptr_array_unref (alarms);
  alarms = pop_all (t, "asd-sensor");
  fail_unless_equals_int (alarms->len, 2);
  fail_unless_equals_string (gst_structure_get_string (g_ptr_array_index
          (alarms, 0), "state"), "clipped");
  test_harness_free (t);
}

GST_END_TEST;

/* Another model takes over where a window ends, and none is lost. */
GST_START_TEST (test_change)
{
  const char *first = simple_model ();
  const char *second =
      test_write_recipe ("second.asd", NULL, "1000000000", 1e9);
  TestHarness *t = test_harness_new ("asddetect name=d model=\"%s\"", first);
  GstElement *detect = test_element (t, "d");
  gsize chunk = chunks[__i__], n = 600 * RATE;
  g_autofree float *x = test_noise (n, 1);
  g_autoptr (GPtrArray) scores = NULL;
  gboolean changed = FALSE;
  guint i;

  scores = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
  test_start_audio (t, RATE);
  test_push_audio (t, x, 5 * RATE / 2, chunk);
  g_object_set (detect, "model", second, NULL);
  /* It is loaded meanwhile. */
  while (!changed && t->position + 5 * RATE < n) {
    GstMessage *message;

    test_push_audio (t, x + t->position, MAX (chunk, RATE / 2), chunk);
    g_ptr_array_unref (test_pull_all (t));
    while ((message = test_pop (t->bus, GST_MESSAGE_ELEMENT)) != NULL) {
      const GstStructure *s = gst_message_get_structure (message);

      g_ptr_array_add (scores, gst_structure_copy (s));
      changed |= strcmp (gst_structure_get_string (s, "model"), second) == 0;
      gst_message_unref (message);
    }
    g_usleep (10000);
  }
  fail_unless (changed);
  test_push_eos (t);
  for (i = 0; i < scores->len; i++)
    fail_unless_equals_uint64 (get_time (g_ptr_array_index (scores, i),
            "timestamp"), i * WINDOW);
  check_scores (scores, first, x, n);
  gst_object_unref (detect);
  test_harness_free (t);
}

GST_END_TEST;

static void
write_text (const char *path, const char *text)
{
  fail_unless (g_file_set_contents (path, text, -1, NULL));
}

GST_START_TEST (test_refuse)
{
  const char *first = simple_model ();
  const char *bad = test_path ("bad.asd");
  TestHarness *t = test_harness_new ("asddetect name=d model=\"%s\"", first);
  GstElement *detect = test_element (t, "d");
  g_autofree float *x = test_noise (2 * RATE, 1);
  g_autofree char *model = NULL;
  g_autoptr (GPtrArray) scores = NULL;
  GstMessage *message;
  GError *error;

  write_text (bad, "no model");
  test_start_audio (t, RATE);
  test_push_audio (t, x, RATE, 1000);
  g_object_set (detect, "model", bad, NULL);
  message = gst_bus_timed_pop_filtered (t->bus, 20 * GST_SECOND,
      GST_MESSAGE_WARNING);
  fail_unless (message != NULL);
  gst_message_parse_warning (message, &error, NULL);
  test_check_text (error->message, "bad.asd.*m.asd goes on");
  g_error_free (error);
  gst_message_unref (message);
  g_object_get (detect, "model", &model, NULL);
  fail_unless_equals_string (model, first);
  test_push_audio (t, x + RATE, RATE, 1000);
  test_push_eos (t);
  scores = pop_all (t, "asd-score");
  fail_unless (scores->len >= 1);
  gst_object_unref (detect);
  test_harness_free (t);
}

GST_END_TEST;

static void
check_start_fails (const char *properties, const char *pattern)
{
  g_autofree char *line = g_strdup_printf ("asddetect %s", properties);
  GstElement *element = gst_parse_launch (line, NULL);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (element, bus);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  test_check_error (bus, pattern);
  test_check_quiet (bus, GST_MESSAGE_ERROR);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
}

static void
check_model_fails (const char *path, const char *pattern)
{
  g_autofree char *properties = g_strdup_printf ("model=\"%s\"", path);

  check_start_fails (properties, pattern);
}

GST_START_TEST (test_bad_models)
{
  const char *path = test_path ("graph.asd");

  check_start_fails ("", "no model: set model=FILE");
  check_model_fails ("/nonexistent.asd", "nonexistent.asd");
  test_write_graph (path, "graph", TEST_MODSPEC, 480, NAN);
  check_model_fails (path, "has no recipe.*gst-asd train");
  check_model_fails (test_write_recipe ("1.asd",
          "[recipe]\nlaunch=asdmodspec\n", "1000000000", NAN),
      "does not end in a scorer");
  check_model_fails (test_write_recipe ("2.asd",
          "[recipe]\nlaunch=asdmodspec ! " "asdgraph stage=third\n",
          "1000000000", NAN), "third");
  check_model_fails (test_write_recipe ("3.asd",
          "[recipe]\nlaunch=asdmodspec ! " "filesink\n", "1000000000", NAN),
      "filesink.*not allowed");
  check_model_fails (test_write_recipe ("4.asd", NULL, "soon", NAN),
      "window \"soon\" is no number");
  /* It was trained on other features. */
  check_model_fails (test_write_recipe ("5.asd", "[recipe]\nlaunch=asdmfcc ! "
          "asdgraph\n", "1000000000", NAN), "trained on.*but the stream is");
  check_model_fails (test_write_recipe ("6.asd", "[recipe]\nlaunch=asdgraph\n",
          "1000000000", NAN), "6.asd");
}

GST_END_TEST;

/* Again and again, with streams that end anywhere. */
GST_START_TEST (test_states)
{
  TestHarness *t = test_harness_new ("asddetect model=\"%s\"", simple_model ());
  g_autofree float *x = test_noise (2 * RATE, 1);
  GPtrArray *scores;

  for (guint i = 0; i < 20; i++) {
    gst_element_set_state (t->bin, GST_STATE_PLAYING);
    gst_harness_play (t->h);
    test_start_audio (t, RATE);
    test_push_audio (t, x, i % 2 ? 2 * RATE : RATE / 2 + i, 1000);
    if (i % 2)
      test_push_eos (t);
    gst_element_set_state (t->bin, i % 3 ? GST_STATE_NULL : GST_STATE_READY);
    scores = pop_all (t, "asd-score");
    fail_unless_equals_int (scores->len, i % 2 ? 2 : 0);
    g_ptr_array_unref (scores);
    g_ptr_array_unref (test_pull_all (t));
  }
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  test_harness_free (t);
}

GST_END_TEST;

static Suite *
detect_suite (void)
{
  Suite *suite = suite_create ("detect");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_loop_test (tc, test_tap, 0, G_N_ELEMENTS (chunks));
  tcase_add_test (tc, test_meta);
  tcase_add_loop_test (tc, test_channels, 0, G_N_ELEMENTS (formats));
  tcase_add_test (tc, test_missing_channel);
  tcase_add_test (tc, test_rates);
  tcase_add_test (tc, test_other_channels);
  tcase_add_loop_test (tc, test_resampled, 0, 2);
  tcase_add_loop_test (tc, test_live, 0, 2);
  tcase_add_test (tc, test_live_overlapping);
  tcase_add_test (tc, test_not_live);
  tcase_add_test (tc, test_latency);
  tcase_add_loop_test (tc, test_breaks, 0, 3);
  tcase_add_test (tc, test_ensemble);
  tcase_add_loop_test (tc, test_windows, 0, G_N_ELEMENTS (windows));
  tcase_add_test (tc, test_alarm);
  tcase_add_test (tc, test_uncalibrated);
  tcase_add_test (tc, test_sensor);
  tcase_add_loop_test (tc, test_change, 0, G_N_ELEMENTS (chunks));
  tcase_add_test (tc, test_refuse);
  tcase_add_test (tc, test_bad_models);
  tcase_add_test (tc, test_states);
  return suite;
}

GST_CHECK_MAIN (detect);
