/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Where scores come from: how elements learn where features come from, and what
 * scores, ensembles and alarms say. The score of a frame is the sum of its
 * absolute values, see harness.h. */

#include "harness.h"

#include <string.h>

#define FEATURES TEST_FEATURES (2, 2, "modspec", 16000)
#define RATE 16000

static const AsdAxis plane[] = {
  {100, 200, 4, 8}, {100, 200, 8, 16}, {900, 1100, 4, 8}, {900, 1100, 8, 16},
};

/* Stands for the elements before: answers for these features. */
static GstPadProbeReturn
answer (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  const gint *rate = user_data;
  GBytes *axes;

  if (!gst_asd_query_is_axes (query))
    return GST_PAD_PROBE_OK;
  axes = g_bytes_new_static (plane, sizeof plane);
  gst_asd_query_set_axes (query, axes, *rate);
  g_bytes_unref (axes);
  return GST_PAD_PROBE_HANDLED;
}

static void
answer_from (GstPad * pad, gint *rate)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM |
      GST_PAD_PROBE_TYPE_PUSH, answer, rate, NULL);
}

static const char *
write_model (const char *stage, double threshold)
{
  const char *path = test_path (stage);

  test_write_graph (path, stage, FEATURES, 4, threshold);
  return path;
}

/* How much a frame of these values says. */
static GstStructure *
score_frame (TestHarness * t, const float *frame, gsize n)
{
  g_autoptr (GstMessage) message = NULL;
  GstBuffer *buffer = test_buffer (frame, n, 0);

  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  buffer = gst_harness_push_and_pull (t->h, buffer);
  message = test_pop (t->bus, GST_MESSAGE_ELEMENT);
  fail_unless (message != NULL);
  fail_unless (gst_structure_is_equal (gst_asd_buffer_get_score (buffer),
          gst_message_get_structure (message)));
  gst_buffer_unref (buffer);
  return gst_structure_copy (gst_message_get_structure (message));
}

static void
check_double (const GstStructure * s, const char *field, double wanted)
{
  double value;

  fail_unless (gst_structure_get_double (s, field, &value), "no %s", field);
  fail_unless (fabs (value - wanted) < 1e-9, "%s is %g, not %g", field, value,
      wanted);
}

static gboolean
check_scalar (GQuark field, const GValue * value, gpointer user_data)
{
  fail_unless (G_VALUE_HOLDS_DOUBLE (value) || G_VALUE_HOLDS_UINT64 (value)
      || G_VALUE_HOLDS_STRING (value) || G_VALUE_HOLDS_BOOLEAN (value),
      "%s is a %s", g_quark_to_string (field), G_VALUE_TYPE_NAME (value));
  return TRUE;
}

static const float loud[] = { 1, 2, 3, -4 };

/* Fields of scalars, on the bus and on the buffer; only of anomalous scores. */
GST_START_TEST (test_fields)
{
  const float quiet[] = { 1, 2, 0, 0 };
  TestHarness *t = test_harness_new ("asdgraph model=%s",
      write_model ("graph", 9));
  gint rate = RATE;
  GstStructure *s;

  answer_from (t->h->srcpad, &rate);
  test_start_features (t, "a", FEATURES);
  s = score_frame (t, loud, 4);
  gst_structure_foreach (s, check_scalar, NULL);
  check_double (s, "band-1-low", 900);
  check_double (s, "band-1-high", 1100);
  check_double (s, "band-1-share", 0.7);
  check_double (s, "band-2-low", 100);
  check_double (s, "band-2-share", 0.3);
  check_double (s, "modulation-1-low", 8);
  check_double (s, "modulation-1-high", 16);
  check_double (s, "modulation-1-share", 0.6);
  check_double (s, "modulation-2-low", 4);
  fail_unless (!gst_structure_has_field (s, "band-3-low"));
  fail_unless_equals_string (gst_structure_get_string (s, "text"),
      "strongest at 900-1100 Hz (70 %) and 100-200 Hz (30 %), "
      "modulated at 8-16 Hz (60 %)");
  gst_structure_free (s);

  s = score_frame (t, quiet, 4);
  fail_unless_equals_int (gst_structure_n_fields (s), 11);
  gst_structure_free (s);
  test_harness_free (t);
}

GST_END_TEST;

/* Frames of a window are summed. */
GST_START_TEST (test_many_frames)
{
  g_autofree float *frames = g_new0 (float, 4 * 100);
  TestHarness *t = test_harness_new ("asdgraph model=%s",
      write_model ("graph", 0));
  gint rate = RATE;
  GstStructure *s;

  for (guint i = 0; i < 100; i++)
    frames[4 * i + (i < 50 ? 0 : 3)] = i < 50 ? 1 : 3;
  answer_from (t->h->srcpad, &rate);
  test_start_features (t, "a", FEATURES);
  gst_structure_free (score_frame (t, loud, 4));
  s = score_frame (t, frames, 400);
  check_double (s, "band-1-low", 900);
  check_double (s, "band-1-share", 0.75);
  check_double (s, "band-2-share", 0.25);
  gst_structure_free (s);
  test_harness_free (t);
}

GST_END_TEST;

/* Nobody who knows, another number of values, and axes of the caps before. */
GST_START_TEST (test_unknown)
{
  const float wide[] = { 1, 2, 3, 4, 5, 6 };
  TestHarness *t = test_harness_new ("asdgraph model=%s",
      write_model ("graph", 9));
  gint rate = RATE;
  GstStructure *s;

  test_start_features (t, "a", FEATURES);
  s = score_frame (t, loud, 4);
  fail_unless_equals_int (gst_structure_n_fields (s), 11);
  gst_structure_free (s);

  answer_from (t->h->srcpad, &rate);
  test_start_features (t, "b", FEATURES);
  s = score_frame (t, loud, 4);
  fail_unless (gst_structure_has_field (s, "text"));
  gst_structure_free (s);

  rate = 8000;
  test_start_features (t, "c", FEATURES);
  s = score_frame (t, loud, 4);
  fail_unless_equals_int (gst_structure_n_fields (s), 11);
  gst_structure_free (s);
  test_harness_free (t);

  test_write_graph (test_path ("wide"), "graph", TEST_FEATURES (2, 3,
          "modspec", 16000), 6, 0);
  t = test_harness_new ("asdgraph model=%s", test_path ("wide"));
  rate = RATE;
  answer_from (t->h->srcpad, &rate);
  test_start_features (t, "d", TEST_FEATURES (2, 3, "modspec", 16000));
  s = score_frame (t, wide, 6);
  fail_unless_equals_int (gst_structure_n_fields (s), 11);
  gst_structure_free (s);
  test_harness_free (t);
}

GST_END_TEST;

/* The axes that come out of a launch line fed by these features. */
static GBytes *
query_behind (TestHarness * t)
{
  gint rate = 0;
  GBytes *axes = gst_asd_pad_query_axes (t->h->sinkpad, &rate);

  fail_unless (axes == NULL || rate == RATE);
  return axes;
}

static void
check_axes (const char *line, const guint *sources, gsize n)
{
  TestHarness *t = test_harness_new ("%s", line);
  gint rate = RATE;
  const AsdAxis *got;
  GBytes *axes;
  gsize size;

  answer_from (t->h->srcpad, &rate);
  test_start_features (t, "a", FEATURES);
  axes = query_behind (t);
  test_harness_free (t);
  if (n == 0) {
    fail_unless (axes == NULL, "%s", line);
    return;
  }
  fail_unless (axes != NULL, "%s", line);
  got = g_bytes_get_data (axes, &size);
  fail_unless_equals_int (size, n * sizeof (AsdAxis));
  for (gsize i = 0; i < n; i++)
    fail_unless (memcmp (&got[i], &plane[sources[i]], sizeof *got) == 0,
        "%s: value %" G_GSIZE_FORMAT, line, i);
  g_bytes_unref (axes);
}

static void
set_stage (AsdModelWriter * writer, const char *stage)
{
  asd_model_writer_set_stage (writer, stage, stage);
  asd_model_writer_set_string (writer, "caps", FEATURES);
}

/* Transforms that keep values, repeat them, or mix them. */
GST_START_TEST (test_transforms)
{
  const guint same[] = { 0, 1, 2, 3 };
  const guint twice[] = { 0, 1, 2, 3, 0, 1, 2, 3 };
  const guint in_time[] = { 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3 };
  const double zeros[4] = { 0 }, ones[] = { 1, 1, 1, 1 };
  AsdModelWriter *writer = asd_model_writer_new ();
  const char *model = test_path ("m.asd");
  g_autoptr (AsdScale) scale = asd_scale_new (FALSE, zeros, ones, 4, NULL);
  g_autoptr (AsdPca) pca = asd_pca_new (zeros, ones, ones, 1, 4, FALSE, NULL);
  g_autofree char *line = NULL, *mixed = NULL;

  fail_unless (scale != NULL && pca != NULL);
  set_stage (writer, "scale");
  asd_scale_save (scale, writer);
  set_stage (writer, "pca");
  asd_pca_save (pca, writer);
  set_stage (writer, "flatten");
  asd_model_writer_set_int64 (writer, "frames", 3);
  fail_unless (asd_model_writer_commit (writer, model, NULL, NULL));
  asd_model_writer_free (writer);

  check_axes ("identity", same, 4);
  check_axes ("asdpool", same, 4);
  check_axes ("asdpool method=mean-std", twice, 8);
  check_axes ("asdstack frames=2", twice, 8);
  check_axes ("asdstack frames=2 ! asdpool", twice, 8);
  line = g_strdup_printf ("asdscale model=%s", model);
  check_axes (line, same, 4);
  mixed = g_strdup_printf ("asdpca model=%s", model);
  check_axes (mixed, NULL, 0);
  g_free (line);
  line = g_strdup_printf ("asdflatten model=%s", model);
  check_axes (line, in_time, 12);
}

GST_END_TEST;

/* What extractors say changes with the caps, and what comes before them is not
 * theirs. */
GST_START_TEST (test_extractors)
{
  TestHarness *t = test_harness_new ("asdmodspec bands=20");
  gint rate = 0;
  GBytes *axes;
  const AsdAxis *values;
  double top;

  fail_unless (query_behind (t) == NULL);
  test_start_audio (t, RATE);
  axes = query_behind (t);
  fail_unless (axes != NULL);
  fail_unless_equals_int (g_bytes_get_size (axes), 20 * 8 * sizeof (AsdAxis));
  values = g_bytes_get_data (axes, NULL);
  top = values[20 * 8 - 1].high;
  g_bytes_unref (axes);

  test_start_audio (t, 48000);
  axes = gst_asd_pad_query_axes (t->h->sinkpad, &rate);
  fail_unless (axes != NULL && rate == 48000);
  values = g_bytes_get_data (axes, NULL);
  fail_unless (top <= 8000 && values[20 * 8 - 1].high > 2 * top);
  g_bytes_unref (axes);
  test_harness_free (t);

  t = test_harness_new ("asdmfcc");
  rate = RATE;
  answer_from (t->h->srcpad, &rate);
  test_start_audio (t, RATE);
  fail_unless (query_behind (t) == NULL);
  test_harness_free (t);
}

GST_END_TEST;

/* Values that are known beside some that are not. */
GST_START_TEST (test_concat)
{
  TestHarness *t = test_harness_new ("tee name=t ! queue ! asdlogmel bands=30 "
      "! asdpool ! c. t. ! queue ! asdmfcc ! asdpool ! c. asdconcat name=c");
  g_autofree float *noise = test_noise (RATE, 1);
  const AsdAxis *values;
  GBytes *axes;

  test_start_audio (t, RATE);
  test_push_audio (t, noise, RATE, RATE);
  test_push_eos (t);
  gst_buffer_unref (gst_harness_pull (t->h));
  axes = query_behind (t);
  fail_unless (axes != NULL);
  fail_unless_equals_int (g_bytes_get_size (axes), 72 * sizeof (AsdAxis));
  values = g_bytes_get_data (axes, NULL);
  for (guint i = 0; i < 72; i++)
    fail_unless (isnan (values[i].low) == (i >= 30), "%u", i);
  g_bytes_unref (axes);
  test_harness_free (t);
}

GST_END_TEST;

/* A score as a scorer gives it, to a pad of asdensemble. */
static void
push_score (GstHarness * h, const char *stage, double score,
    const AsdShare * share)
{
  GstBuffer *buffer = gst_buffer_new_memdup (&score, sizeof (score));
  GstStructure *s;
  GstSegment segment;
  GBytes *shares;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  s = gst_asd_score_new (score, NAN, &segment, 0, GST_SECOND, stage, "m.asd",
      "a");
  gst_asd_buffer_add_score (buffer, s);
  gst_structure_free (s);
  if (share != NULL) {
    shares = g_bytes_new (share, sizeof *share);
    gst_asd_buffer_add_shares (buffer, shares);
    g_bytes_unref (shares);
  }
  GST_BUFFER_PTS (buffer) = 0;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
}

/* What asdensemble makes of a score of 6 and one of another value, where one
 * comes from 100 to 200 Hz and the other from 500 to 600 Hz or nobody knows. */
static GstStructure *
join (double other, gboolean first_known, gboolean other_known)
{
  const AsdShare low = { ASD_SHARE_BAND, 100, 200, 1 };
  const AsdShare high = { ASD_SHARE_BAND, 500, 600, 1 };
  GstElement *element = gst_parse_launch ("asdensemble normalize=none "
      "method=mean post-messages=false threshold=0", NULL);
  GstHarness *out, *in[2];
  GstStructure *s;
  GstBuffer *buffer;

  gst_object_ref_sink (element);
  out = gst_harness_new_with_element (element, NULL, "src");
  in[0] = gst_harness_new_with_element (element, "sink_0", NULL);
  in[1] = gst_harness_new_with_element (element, "sink_1", NULL);
  for (guint i = 0; i < 2; i++)
    gst_harness_set_src_caps_str (in[i], GST_ASD_SCORE_CAPS);
  push_score (in[0], "a", 6, first_known ? &low : NULL);
  push_score (in[1], "b", other, other_known ? &high : NULL);
  buffer = gst_harness_pull (out);
  s = gst_structure_copy (gst_asd_buffer_get_score (buffer));
  fail_unless ((gst_asd_buffer_get_shares (buffer) != NULL) ==
      gst_structure_has_field (s, "text"));
  gst_structure_foreach (s, check_scalar, NULL);
  gst_buffer_unref (buffer);
  for (guint i = 0; i < 2; i++)
    gst_harness_teardown (in[i]);
  gst_harness_teardown (out);
  gst_object_unref (element);
  return s;
}

/* Each part by what it adds; one that cannot say leaves it to the others. */
GST_START_TEST (test_ensemble)
{
  GstStructure *s = join (2, TRUE, TRUE);

  check_double (s, "band-1-low", 100);
  check_double (s, "band-1-share", 0.75);
  check_double (s, "band-2-low", 500);
  check_double (s, "band-2-share", 0.25);
  gst_structure_free (s);

  s = join (2, FALSE, TRUE);
  check_double (s, "band-1-low", 500);
  check_double (s, "band-1-share", 1);
  gst_structure_free (s);

  s = join (-2, TRUE, TRUE);
  check_double (s, "band-1-share", 1);
  gst_structure_free (s);

  s = join (2, FALSE, FALSE);
  fail_unless (!gst_structure_has_field (s, "text"));
  gst_structure_free (s);
  s = join (-2, FALSE, TRUE);
  fail_unless (!gst_structure_has_field (s, "text"));
  gst_structure_free (s);
}

GST_END_TEST;

/* Scores each of which comes from a band of its own, number times 1 kHz. */
static void
push_windows (TestHarness * t, const double *scores, guint n)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  for (guint i = 0; i < n; i++) {
    const AsdShare share = { ASD_SHARE_BAND, 1000 * i, 1000 * i + 500, 1 };
    GBytes *shares = g_bytes_new (&share, sizeof share);
    GstStructure *s = gst_asd_score_new (scores[i], 10, &segment,
        i * GST_SECOND, GST_SECOND, "graph", "m.asd", "a");
    GstBuffer *buffer = gst_buffer_new_memdup (&scores[i], sizeof (double));

    gst_asd_score_explain (s, shares);
    gst_asd_buffer_add_score (buffer, s);
    fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
    gst_structure_free (s);
    g_bytes_unref (shares);
  }
}

static void
check_alarm (TestHarness * t, const char *state, guint window)
{
  g_autoptr (GstMessage) message = test_pop (t->bus, GST_MESSAGE_ELEMENT);
  const GstStructure *s;

  fail_unless (message != NULL);
  s = gst_message_get_structure (message);
  fail_unless_equals_string (gst_structure_get_string (s, "state"), state);
  check_double (s, "band-1-low", 1000 * window);
  fail_unless (gst_structure_get_string (s, "text") != NULL);
  gst_structure_foreach (s, check_scalar, NULL);
}

/* An alarm is explained by its peak, which a window before it is not. */
GST_START_TEST (test_alarm)
{
  const double scores[] = { 50, 1, 1, 12, 30, 20, 40, 10, 9, 1 };
  TestHarness *t = test_harness_new ("asdalarm");

  test_start_features (t, "a", GST_ASD_SCORE_CAPS);
  push_windows (t, scores, G_N_ELEMENTS (scores));
  check_alarm (t, "started", 4);
  check_alarm (t, "ongoing", 4);
  check_alarm (t, "ongoing", 6);
  check_alarm (t, "ongoing", 6);
  check_alarm (t, "ongoing", 6);
  check_alarm (t, "cleared", 6);
  test_check_quiet (t->bus, GST_MESSAGE_ELEMENT);
  test_harness_free (t);
}

GST_END_TEST;

/* The whole way: scores on the audio and alarms have scalars, and no more. */
GST_START_TEST (test_detect)
{
  TestHarness *t = test_harness_new ("asddetect model=%s",
      test_write_recipe ("m.asd", NULL, "1000000000", 1e-9));
  g_autofree float *noise = test_noise (4 * RATE, 1);
  g_autoptr (GPtrArray) buffers = NULL;
  guint n_scores = 0, n_alarms = 0;
  GstMessage *message;

  test_start_audio (t, RATE);
  test_push_audio (t, noise, 4 * RATE, 1600);
  test_push_eos (t);
  buffers = test_pull_all (t);
  for (guint i = 0; i < buffers->len; i++) {
    const GstStructure *s = gst_asd_buffer_get_score (buffers->pdata[i]);

    fail_unless (gst_asd_buffer_get_shares (buffers->pdata[i]) == NULL);
    if (s == NULL)
      continue;
    fail_unless (gst_structure_has_field (s, "text"));
    gst_structure_foreach (s, check_scalar, NULL);
    n_scores++;
  }
  fail_unless (n_scores > 0);
  while ((message = test_pop (t->bus, GST_MESSAGE_ELEMENT)) != NULL) {
    const GstStructure *s = gst_message_get_structure (message);

    if (gst_structure_has_name (s, "asd-alarm")) {
      fail_unless (gst_structure_has_field (s, "text"));
      gst_structure_foreach (s, check_scalar, NULL);
      n_alarms++;
    }
    gst_message_unref (message);
  }
  fail_unless (n_alarms > 0);
  test_harness_free (t);
}

GST_END_TEST;

static Suite *
explanation_suite (void)
{
  Suite *suite = suite_create ("explanation");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_test (tc, test_fields);
  tcase_add_test (tc, test_many_frames);
  tcase_add_test (tc, test_unknown);
  tcase_add_test (tc, test_transforms);
  tcase_add_test (tc, test_extractors);
  tcase_add_test (tc, test_concat);
  tcase_add_test (tc, test_ensemble);
  tcase_add_test (tc, test_alarm);
  tcase_add_test (tc, test_detect);
  return suite;
}

GST_CHECK_MAIN (explanation);
