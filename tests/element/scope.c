/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * asdscope: what it negotiates, when pictures come, and what is on them.
 */

#include "harness.h"

#include <string.h>

#define RATE 16000
#define SCORE_CAPS "application/x-asd-score, format=F64LE"

#define SIZE "video/x-raw, format=BGRx, width=640, height=360, framerate="
#define STILL SIZE "0/1"

/* The painter's colours. */
#define WHITE 0xffffff
#define BLANK 0xd8d8d8
#define TRACE 0x0050a0
#define LIMIT 0xc04000

static TestHarness *
start (const char *properties, const char *video)
{
  TestHarness *t = test_harness_new ("asdscope %s", properties);

  gst_harness_set_sink_caps_str (t->h, video);
  return t;
}

/* A picture in memory. */
typedef struct
{
  gint width, height;
  guint32 *pixels;
} Picture;

static guint32
pixel (const Picture * p, gint x, gint y)
{
  return p->pixels[y * p->width + x] & 0xffffff;
}

static Picture
read_picture (GstBuffer * buffer, gint width, gint height)
{
  Picture p = { width, height, g_new (guint32, width * height) };

  fail_unless_equals_int (gst_buffer_extract (buffer, 0, p.pixels,
          4 * width * height), 4 * width * height);
  return p;
}

/* The one picture that comes, at EOS. */
static Picture
take_still (TestHarness * t)
{
  g_autoptr (GPtrArray) buffers = NULL;

  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 1);
  return read_picture (buffers->pdata[0], 640, 360);
}

/* The middle of the rows in which a column has this colour, -1: none. */
static gdouble
find_colour (const Picture * p, gint x, guint32 colour)
{
  gint first = -1, last = -1;

  for (gint y = 0; y < p->height; y++) {
    if (pixel (p, x, y) != colour)
      continue;
    first = first < 0 ? y : first;
    last = y;
  }
  return first < 0 ? -1 : (first + last) / 2.0;
}

/* Louder is greener. */
static gint
find_brightest (const Picture * p, gint x, gint y1, gint y2)
{
  gint best = y1;

  for (gint y = y1; y < y2; y++)
    if (((pixel (p, x, y) >> 8) & 0xff) > ((pixel (p, x, best) >> 8) & 0xff))
      best = y;
  return best;
}

static void
push_tone (TestHarness * t, double f, double amplitude, gsize n)
{
  g_autofree float *samples = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    samples[i] = amplitude * sin (2 * G_PI * f * i / t->rate);
  test_push_audio (t, samples, n, 1000);
}

static void
push_score (TestHarness * t, GstClockTime pts, double score, double threshold)
{
  GstBuffer *buffer = gst_buffer_new_memdup (&score, sizeof (score));
  GstStructure *structure;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  structure = gst_asd_score_new (score, threshold, &segment, pts, GST_SECOND,
      "graph", "m.asd", "s");
  gst_asd_buffer_add_score (buffer, structure);
  gst_structure_free (structure);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
}

/* Sizes and rates are downstream's, within its formats; else there are
 * defaults, with even sizes. */
GST_START_TEST (test_caps)
{
  static const struct
  {
    const char *wanted, *got;
  } cases[] = {
    {"video/x-raw", "video/x-raw, format=BGRx, width=1280, height=720, "
          "framerate=10/1"},
    {"video/x-raw, format=BGRA, width=[1,500], height=[1,300], "
          "framerate=[0/1,5/1]",
        "video/x-raw, format=BGRA, width=500, height=300, framerate=5/1"},
    {STILL, STILL},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    TestHarness *t = start ("", cases[i].wanted);
    g_autoptr (GstCaps) expected = gst_caps_from_string (cases[i].got);
    GstCaps *caps;

    test_start_audio (t, RATE);
    caps = gst_pad_get_current_caps (t->h->sinkpad);
    fail_unless (caps != NULL);
    fail_unless (gst_caps_is_subset (caps, expected), "%" GST_PTR_FORMAT, caps);
    gst_caps_unref (caps);
    test_harness_free (t);
  }
}

GST_END_TEST;

/* Picture i lasts from i / framerate on, and comes when its time is over,
 * whatever the buffers; the rest comes at EOS. */
GST_START_TEST (test_times)
{
  static const gsize chunks[] = { 160, 1000, 40000 };

  for (guint c = 0; c < G_N_ELEMENTS (chunks); c++) {
    TestHarness *t = start ("", SIZE "30/1");
    g_autofree float *samples = test_noise (RATE * 2 + 100, 1);
    g_autoptr (GPtrArray) buffers = NULL;

    test_start_audio (t, RATE);
    test_push_audio (t, samples, RATE * 2 + 100, chunks[c]);
    fail_unless (gst_harness_buffers_in_queue (t->h) >= 58);
    test_push_eos (t);
    buffers = test_pull_all (t);
    fail_unless_equals_int (buffers->len, 61);
    for (guint i = 0; i < buffers->len; i++) {
      GstClockTime pts = gst_util_uint64_scale (i, GST_SECOND, 30);

      fail_unless_equals_clocktime (GST_BUFFER_PTS (buffers->pdata[i]), pts);
      fail_unless_equals_clocktime (GST_BUFFER_DURATION (buffers->pdata[i]),
          gst_util_uint64_scale (i + 1, GST_SECOND, 30) - pts);
    }
    test_harness_free (t);
  }
}

GST_END_TEST;

/* The row of a tone: Slaney's mel has 15 at 1 kHz and 15 + ln (f / 1000) 27 /
 * ln 6.4 above; band b of 128 peaks at (b + 1) / 129 of the way to 8 kHz. */
GST_START_TEST (test_tone)
{
  static const double frequencies[] = { 500, 1000, 4000 };
  const double knee = 15, step = 27 / log (6.4);

  for (guint i = 0; i < G_N_ELEMENTS (frequencies); i++) {
    TestHarness *t = start ("span=0", STILL);
    double f = frequencies[i], top = knee + log (8) * step, row, expected;
    double mel = f < 1000 ? knee * f / 1000 : knee + log (f / 1000) * step;
    gint y1 = 0, y2;
    Picture p;

    test_start_audio (t, RATE);
    push_tone (t, f, 0.5, 3 * RATE);
    p = take_still (t);
    /* The panel is between two black lines; at the left there are labels. */
    while (pixel (&p, 300, y1) != 0x202020)
      y1++;
    for (y2 = p.height - 1; pixel (&p, 300, y2) != 0x202020; y2--);
    row = find_brightest (&p, 300, y1 + 1, y2);
    expected = y2 - (y2 - y1) * (mel / top * 129 - 0.5) / 128;
    /* Half a band is 1.2 rows, and the image is interpolated. */
    fail_unless (fabs (row - expected) <= 3, "%g Hz: row %g, not %g", f, row,
        expected);
    g_free (p.pixels);
    test_harness_free (t);
  }
}

GST_END_TEST;

/* The lines are where they should be: the threshold half way between scores of 1
 * and 3. The window above it is hatched from top to bottom, the other is not. */
GST_START_TEST (test_scores)
{
  TestHarness *t = start ("span=0", STILL);
  double low, high = -1, limit = -1;
  guint n_white[2] = { 0, 0 };
  Picture p;

  test_start_features (t, "s", SCORE_CAPS);
  push_score (t, 0, 1, 2);
  push_score (t, GST_SECOND, 3, 2);
  p = take_still (t);
  low = find_colour (&p, 150, TRACE);
  /* It is dashed. */
  for (gint x = 100; x < 130; x++)
    limit = MAX (limit, find_colour (&p, x, LIMIT));
  /* There the trace shines through the hatching: it is blue all the same. */
  for (gint y = p.height - 1; y >= 0; y--)
    if ((gint) (pixel (&p, 500, y) & 0xff) > 40 +
        (gint) ((pixel (&p, 500, y) >> 16) & 0xff))
      high = y;
  fail_unless (high > 0 && high < limit && limit < low);
  /* Lines are up to three rows wide. */
  fail_unless (fabs (limit - (low + high) / 2) <= 3, "%g, %g, %g", low, limit,
      high);
  for (gint y = 60; y < 300; y++) {
    n_white[0] += pixel (&p, 150, y) == WHITE;
    n_white[1] += pixel (&p, 500, y) == WHITE;
  }
  fail_unless (n_white[0] > 200 && n_white[1] == 0);
  g_free (p.pixels);
  test_harness_free (t);
}

GST_END_TEST;

/* Scores on audio, as asddetect sends them, and on buffers without samples. */
GST_START_TEST (test_scores_of_audio)
{
  for (guint with = 0; with < 2; with++) {
    TestHarness *t = start ("span=0", STILL);
    GstSegment segment;
    Picture p;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    test_start_audio (t, RATE);
    push_tone (t, 1000, 0.5, 4 * RATE);
    if (with) {
      GstStructure *score = gst_asd_score_new (5, 7, &segment, GST_SECOND,
          2 * GST_SECOND, "graph", NULL, NULL);
      GstBuffer *buffer = gst_buffer_new ();

      gst_asd_buffer_add_score (buffer, score);
      gst_structure_free (score);
      fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
    }
    p = take_still (t);
    /* From 1 s to 3 s of 4 s. */
    fail_unless ((find_colour (&p, 330, TRACE) > 0) == with);
    fail_unless (find_colour (&p, 100, TRACE) < 0);
    fail_unless (find_colour (&p, 600, TRACE) < 0);
    g_free (p.pixels);
    test_harness_free (t);
  }
}

GST_END_TEST;

/* Silence and whatever is too loud have colours, NaN and gaps are grey. */
GST_START_TEST (test_bad_input)
{
  TestHarness *t = start ("span=0", STILL);
  g_autofree float *samples = test_noise (RATE, 1);
  GstBuffer *buffer;
  Picture p;

  test_start_audio (t, RATE);
  test_push_audio (t, samples, RATE, 160);
  memset (samples, 0, RATE * sizeof (float));
  test_push_audio (t, samples, RATE, 1000);
  samples[RATE / 2] = NAN;
  for (gsize i = 100; i < RATE; i += 100)
    samples[i] = i % 200 ? NAN : INFINITY;
  test_push_audio (t, samples, RATE, RATE);
  /* Without times, and too large. */
  for (gsize i = 0; i < RATE; i++)
    samples[i] = i % 2 ? G_MAXFLOAT : -G_MAXFLOAT;
  buffer = test_buffer (samples, RATE, GST_CLOCK_TIME_NONE);
  fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
  /* A second is missing. */
  buffer = test_buffer (samples, 100, 5 * GST_SECOND);
  fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
  fail_unless_equals_int (gst_harness_push (t->h, gst_buffer_new ()),
      GST_FLOW_OK);
  p = take_still (t);
  fail_unless (pixel (&p, 220, 180) != BLANK);
  fail_unless_equals_int (pixel (&p, 335, 180), BLANK);
  fail_unless (pixel (&p, 450, 180) != BLANK);
  fail_unless_equals_int (pixel (&p, 565, 180), BLANK);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  g_free (p.pixels);
  test_harness_free (t);
}

GST_END_TEST;

/* Scores of any size are drawn, or left out where they are no number. */
GST_START_TEST (test_bad_scores)
{
  static const double scores[] = { 0, NAN, INFINITY, 1e308, -1e308, 1e-308, 5 };
  TestHarness *t = start ("", SIZE "2/1");
  g_autoptr (GPtrArray) buffers = NULL;

  test_start_features (t, "s", SCORE_CAPS);
  for (guint i = 0; i < G_N_ELEMENTS (scores); i++)
    push_score (t, i * GST_SECOND, scores[i], scores[(i + 3) % 7]);
  test_push_eos (t);
  buffers = test_pull_all (t);
  fail_unless_equals_int (buffers->len, 14);
  test_check_quiet (t->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  test_harness_free (t);
}

GST_END_TEST;

/* Features of any shape, with and without frames, that overlap or not; a window
 * that ends where the one before it ended adds no time. */
GST_START_TEST (test_features)
{
  static const char *const caps[] = {
    TEST_FEATURES (60, 8, "modspec", 16000),
    TEST_FEATURES (1, 1, "array", 0),
    TEST_FEATURES (1, 5000, "array", 0),
    "application/x-asd-features, format=F32LE, kind=log-mel, rows=1, "
        "columns=128, rate=16000, frame-length=1024, frame-step=512",
  };
  static const gsize sizes[] = { 480, 1, 5000, 128 };

  for (guint c = 0; c < G_N_ELEMENTS (caps); c++) {
    TestHarness *t = start ("", SIZE "10/1");
    g_autofree float *values = test_noise (sizes[c] * 32, 1);
    g_autoptr (GPtrArray) buffers = NULL;
    GstBuffer *buffer;

    test_start_features (t, "s", caps[c]);
    for (guint i = 0; i < 20; i++) {
      buffer = test_buffer (values, sizes[c] * 32, i * 100 * GST_MSECOND);
      GST_BUFFER_DURATION (buffer) = GST_SECOND;
      fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
    }
    values[0] = NAN;
    buffer = test_buffer (values, sizes[c], GST_CLOCK_TIME_NONE);
    fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
    test_push_eos (t);
    buffers = test_pull_all (t);
    /* 1.9 s to the last start, and its second; a frame more has a time of its
     * own only in log-mel. */
    fail_unless_equals_int (buffers->len, c == 3 ? 30 : 29);
    test_harness_free (t);
  }
}

GST_END_TEST;

/* After a flush everything begins anew. */
GST_START_TEST (test_flush)
{
  TestHarness *t = start ("", SIZE "10/1");
  GstSegment segment;

  test_start_audio (t, RATE);
  push_tone (t, 1000, 0.5, RATE);
  g_ptr_array_unref (test_pull_all (t));
  test_push_event (t, gst_event_new_flush_start ());
  test_push_event (t, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = segment.position = 70 * GST_SECOND;
  test_push_event (t, gst_event_new_segment (&segment));
  t->position = 70 * RATE;
  push_tone (t, 1000, 0.5, RATE);
  test_push_eos (t);
  {
    g_autoptr (GPtrArray) buffers = test_pull_all (t);

    fail_unless_equals_int (buffers->len, 10);
    fail_unless_equals_clocktime (GST_BUFFER_PTS (buffers->pdata[0]),
        70 * GST_SECOND);
  }
  test_harness_free (t);
}

GST_END_TEST;

/* Caps may change: the picture goes on. Of a long gap there are no pictures. */
GST_START_TEST (test_changes)
{
  TestHarness *t = start ("span=2000000000", SIZE "10/1");
  g_autoptr (GPtrArray) buffers = NULL;
  g_autoptr (GstCaps) caps = gst_caps_from_string ("audio/x-raw, format=F32LE, "
      "layout=interleaved, channels=2, rate=8000, channel-mask=(bitmask)3");

  test_start_audio (t, RATE);
  push_tone (t, 1000, 0.5, RATE);
  test_push_event (t, gst_event_new_gap (GST_SECOND, GST_SECOND / 2));
  test_push_event (t, gst_event_new_caps (caps));
  t->rate = 8000;
  t->position = 2 * 8000;
  /* Two channels: half the time of each buffer, the rest is missing. */
  push_tone (t, 1000, 0.5, 8000);
  t->position = 1000 * 8000;
  for (guint i = 0; i < 2; i++)
    push_tone (t, 1000, 0.5, 1000);
  test_push_eos (t);
  buffers = test_pull_all (t);
  for (guint i = 1; i < buffers->len; i++)
    fail_unless (GST_BUFFER_PTS (buffers->pdata[i]) >
        GST_BUFFER_PTS (buffers->pdata[i - 1]));
  /* Up to 2.9 s, and two after the gap. */
  fail_unless_equals_int (buffers->len, 31);
  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffers->pdata[28]),
      2800 * GST_MSECOND);
  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffers->pdata[30]),
      1000100 * GST_MSECOND);
  test_harness_free (t);
}

GST_END_TEST;

/* Late pictures are left out, but not the last one. */
GST_START_TEST (test_qos)
{
  TestHarness *t = start ("", SIZE "10/1");
  g_autoptr (GPtrArray) buffers = NULL;

  test_start_audio (t, RATE);
  push_tone (t, 1000, 0.5, RATE);
  gst_harness_push_upstream_event (t->h, gst_event_new_qos
      (GST_QOS_TYPE_UNDERFLOW, 0.5, 100 * GST_SECOND, GST_SECOND));
  push_tone (t, 1000, 0.5, RATE);
  test_push_eos (t);
  buffers = test_pull_all (t);
  /* The tenth was not complete when the news came. */
  fail_unless_equals_int (buffers->len, 10);
  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffers->pdata[8]),
      800 * GST_MSECOND);
  fail_unless (GST_BUFFER_PTS (buffers->pdata[9]) >= 1900 * GST_MSECOND);
  test_harness_free (t);
}

GST_END_TEST;

/* Any span, length and size: nothing is cut off or out of bounds. */
GST_START_TEST (test_sizes)
{
  static const char *const sizes[] = {
    "video/x-raw, width=160, height=90, framerate=1/1",
    "video/x-raw, width=1920, height=1080, framerate=1/1",
    "video/x-raw, width=161, height=1000, framerate=1/1",
    "video/x-raw, width=2000, height=91, framerate=1/1",
  };
  static const char *const spans[] = { "span=0", "span=1", "span=3000000000" };

  for (guint i = 0; i < G_N_ELEMENTS (sizes) * G_N_ELEMENTS (spans); i++) {
    TestHarness *t = start (spans[i % 3], sizes[i / 3]);
    g_autoptr (GPtrArray) buffers = NULL;

    test_start_audio (t, 8000);
    push_tone (t, 1000, 0.5, 5 * 8000 + 10);
    test_push_eos (t);
    buffers = test_pull_all (t);
    fail_unless_equals_int (buffers->len, 6);
    test_harness_free (t);
  }
}

GST_END_TEST;

static Suite *
scope_suite (void)
{
  Suite *s = suite_create ("scope");
  TCase *tc = tcase_create ("pictures");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_caps);
  tcase_add_test (tc, test_times);
  tcase_add_test (tc, test_tone);
  tcase_add_test (tc, test_scores);
  tcase_add_test (tc, test_scores_of_audio);
  tcase_add_test (tc, test_bad_input);
  tcase_add_test (tc, test_bad_scores);
  tcase_add_test (tc, test_features);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_changes);
  tcase_add_test (tc, test_qos);
  tcase_add_test (tc, test_sizes);
  return s;
}

GST_CHECK_MAIN (scope);
