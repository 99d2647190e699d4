/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GstAsdJoiner by means of asdensemble: which windows are joined, and what
 * happens when branches do not keep together.
 */

#include "harness.h"

#include <string.h>

#define FEATURES TEST_FEATURES (2, 2, "modspec", 16000)
#define SCORE_CAPS "application/x-asd-score, format=F64LE"
#define N_BRANCHES 2

/* An asdensemble with a harness around each of its pads. */
typedef struct
{
  GstElement *element;
  GstBus *bus;
  GstHarness *out;
  GstHarness *in[N_BRANCHES];
} Ensemble;

static void
start_branch (GstHarness * h, const char *stream_id, GstClockTime base)
{
  GstCaps *caps = gst_caps_from_string (SCORE_CAPS);
  GstSegment segment;

  gst_harness_push_event (h, gst_event_new_stream_start (stream_id));
  gst_harness_push_event (h, gst_event_new_caps (caps));
  gst_caps_unref (caps);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = base;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
}

static void
start_clip (Ensemble * e, const char *stream_id, GstClockTime base)
{
  for (guint i = 0; i < N_BRANCHES; i++)
    start_branch (e->in[i], stream_id, base);
}

static Ensemble *
ensemble_new (const char *options)
{
  Ensemble *e = g_new0 (Ensemble, 1);
  char *line = g_strdup_printf ("asdensemble %s", options);
  GstCaps *caps = gst_caps_from_string (SCORE_CAPS);

  e->element = gst_parse_launch (line, NULL);
  g_free (line);
  gst_object_ref_sink (e->element);
  e->bus = gst_bus_new ();
  gst_element_set_bus (e->element, e->bus);
  e->out = gst_harness_new_with_element (e->element, NULL, "src");
  for (guint i = 0; i < N_BRANCHES; i++) {
    char *pad = g_strdup_printf ("sink_%u", i);

    e->in[i] = gst_harness_new_with_element (e->element, pad, NULL);
    gst_harness_set_src_caps (e->in[i], gst_caps_ref (caps));
    g_free (pad);
  }
  gst_caps_unref (caps);
  return e;
}

/* With normalize=none unless told otherwise, and a clip begun. */
static Ensemble *
ensemble_begin (const char *options)
{
  Ensemble *e = ensemble_new (options);

  start_clip (e, "clip 1", 0);
  return e;
}

static void
ensemble_free (Ensemble * e)
{
  gst_element_set_bus (e->element, NULL);
  for (guint i = 0; i < N_BRANCHES; i++)
    if (e->in[i] != NULL)
      gst_harness_teardown (e->in[i]);
  gst_harness_teardown (e->out);
  gst_object_unref (e->bus);
  gst_object_unref (e->element);
  g_free (e);
}

/* A score of a branch: stage "a" on sink_0, "b" on sink_1. Times in seconds. */
static GstBuffer *
make_score (guint branch, double start, double duration, double score)
{
  GstBuffer *buffer = gst_buffer_new_memdup (&score, sizeof (score));
  GstStructure *structure = gst_structure_new ("asd-score",
      "score", G_TYPE_DOUBLE, score,
      "stage", G_TYPE_STRING, branch == 0 ? "a" : "b", NULL);

  GST_BUFFER_PTS (buffer) = start * GST_SECOND;
  GST_BUFFER_DURATION (buffer) = duration * GST_SECOND;
  gst_asd_buffer_add_score (buffer, structure);
  gst_structure_free (structure);
  return buffer;
}

static GstFlowReturn
push (Ensemble * e, guint branch, double start, double duration, double score)
{
  return gst_harness_push (e->in[branch], make_score (branch, start, duration,
          score));
}

static void
check_next (Ensemble * e, double start, double duration, double score)
{
  GstBuffer *buffer = gst_harness_try_pull (e->out);

  fail_unless (buffer != NULL, "no score at %g s", start);
  test_check_buffer (buffer, &score, sizeof (score), start * GST_SECOND,
      duration * GST_SECOND);
  gst_buffer_unref (buffer);
}

static void
check_no_more (Ensemble * e)
{
  fail_unless_equals_int (gst_harness_buffers_in_queue (e->out), 0);
}

/* Stages a and b: normal scores from 10 to 20 with mean 14 and deviation 2, and
 * from 1 to 1. */
static const char *
write_model (gboolean with_threshold)
{
  static const double values[2][4] = { {10, 20, 14, 2}, {1, 1, 1, 0} };
  const char *path = test_path ("m.asd");
  AsdModelWriter *writer = asd_model_writer_new ();

  for (guint i = 0; i < 2; i++) {
    test_write_graph (path, i == 0 ? "a" : "b", FEATURES, 4, NAN);
    asd_model_writer_update_stage (writer, i == 0 ? "a" : "b");
    asd_model_writer_set_double (writer, "calibration-min", values[i][0]);
    asd_model_writer_set_double (writer, "calibration-max", values[i][1]);
    asd_model_writer_set_double (writer, "calibration-mean", values[i][2]);
    asd_model_writer_set_double (writer, "calibration-std", values[i][3]);
  }
  if (with_threshold) {
    asd_model_writer_set_stage (writer, "ensemble", "ensemble");
    asd_model_writer_set_double (writer, "threshold", 0.25);
    asd_model_writer_set_string (writer, "joins",
        "2 scores, method=mean, normalize=min-max");
  }
  fail_unless (asd_model_writer_commit (writer, path, NULL, NULL));
  asd_model_writer_free (writer);
  return path;
}

static Ensemble *
ensemble_begin_with_model (const char *options)
{
  char *line = g_strdup_printf ("model=%s %s", write_model (TRUE), options);
  Ensemble *e = ensemble_begin (line);

  g_free (line);
  return e;
}

/* Every field of the joint score, on the bus and on the buffer. */
GST_START_TEST (test_structure)
{
  Ensemble *e = ensemble_begin_with_model ("method=mean");
  const GstStructure *meta, *posted;
  GstMessage *message;
  GstBuffer *buffer;
  gdouble value;
  guint64 time;
  gboolean anomalous;

  start_clip (e, "clip 2", 100 * GST_SECOND);
  push (e, 1, 3, 2, 7);
  push (e, 0, 3, 2, 16);
  buffer = gst_harness_try_pull (e->out);
  fail_unless (buffer != NULL);
  meta = gst_asd_buffer_get_score (buffer);
  message = test_pop (e->bus, GST_MESSAGE_ELEMENT);
  posted = gst_message_get_structure (message);
  fail_unless (gst_structure_is_equal (meta, posted));
  fail_unless_equals_string (gst_structure_get_name (posted), "asd-score");
  fail_unless_equals_int (gst_structure_n_fields (posted), 13);

  /* (16 - 10) / 10, and 0 where all normal scores are equal. */
  fail_unless (gst_structure_get_double (meta, "score", &value));
  fail_unless_equals_float (value, 0.3);
  fail_unless (gst_structure_get_double (meta, "score-a", &value));
  fail_unless_equals_float (value, 16);
  fail_unless (gst_structure_get_double (meta, "score-b", &value));
  fail_unless_equals_float (value, 7);
  fail_unless (gst_structure_get_double (meta, "threshold", &value));
  fail_unless_equals_float (value, 0.25);
  fail_unless (gst_structure_get_boolean (meta, "anomalous", &anomalous));
  fail_unless (anomalous);
  fail_unless (gst_structure_get_uint64 (meta, "timestamp", &time));
  fail_unless_equals_clocktime (time, 3 * GST_SECOND);
  fail_unless (gst_structure_get_uint64 (meta, "running-time", &time));
  fail_unless_equals_clocktime (time, 103 * GST_SECOND);
  fail_unless (gst_structure_get_uint64 (meta, "endtime", &time));
  fail_unless_equals_clocktime (time, 5 * GST_SECOND);
  fail_unless_equals_string (gst_structure_get_string (meta, "stage"),
      "ensemble");
  fail_unless_equals_string (gst_structure_get_string (meta, "model"),
      test_path ("m.asd"));
  fail_unless_equals_string (gst_structure_get_string (meta, "stream-id"),
      "clip 2");
  gst_message_unref (message);
  gst_buffer_unref (buffer);
  ensemble_free (e);
}

GST_END_TEST;

/* What lies below all normal scores of both must not multiply to a high one. */
GST_START_TEST (test_below_the_minimum)
{
  static const double values[2][4] = { {10, 20, 14, 2}, {100, 200, 150, 20} };
  AsdModelWriter *writer = asd_model_writer_new ();
  const char *path = write_model (FALSE);
  char *line = g_strdup_printf ("model=%s", path);
  Ensemble *e;

  asd_model_writer_update_stage (writer, "b");
  asd_model_writer_set_double (writer, "calibration-min", values[1][0]);
  asd_model_writer_set_double (writer, "calibration-max", values[1][1]);
  fail_unless (asd_model_writer_commit (writer, path, NULL, NULL));
  asd_model_writer_free (writer);
  e = ensemble_begin (line);
  push (e, 0, 0, 1, -1000);
  push (e, 1, 0, 1, -1000);
  check_next (e, 0, 1, 0);
  push (e, 0, 1, 1, 40);        /* 3 */
  push (e, 1, 1, 1, 300);       /* 2 */
  check_next (e, 1, 1, 6);
  g_free (line);
  ensemble_free (e);
}

GST_END_TEST;

/* The longest windows count; another branch gives the mean of what lies in
 * one. In every order, and when all of one branch comes first. */
GST_START_TEST (test_different_windows)
{
  for (guint order = 0; order < 3; order++) {
    Ensemble *e = ensemble_begin ("normalize=none method=max");

    for (guint i = 0; order == 0 && i < 2; i++)
      push (e, 0, 10 * i, 10, -100);
    for (guint i = 0; i < 12; i++) {
      push (e, 1, 2 * i, 2, i);
      if (order == 2 && i % 5 == 4)
        push (e, 0, 2 * i - 8, 10, -100);
    }
    for (guint i = 0; order == 1 && i < 2; i++)
      push (e, 0, 10 * i, 10, -100);
    for (guint i = 0; i < 2; i++)
      gst_harness_push_event (e->in[i], gst_event_new_eos ());
    check_next (e, 0, 10, 2);
    check_next (e, 10, 10, 7);
    check_no_more (e);
    /* 20 .. 24 s was too short for the first. */
    test_check_quiet (e->bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
    ensemble_free (e);
  }
}

GST_END_TEST;

/* 10 s every 2 s beside 2 s every 2 s, the long ones on the second pad. */
GST_START_TEST (test_overlapping_windows)
{
  Ensemble *e = ensemble_begin ("normalize=none method=max");

  for (guint i = 0; i < 20; i++) {
    push (e, 0, 2 * i, 2, i);
    if (i >= 4)
      push (e, 1, 2 * i - 8, 10, -100);
  }
  for (guint i = 0; i < 2; i++)
    gst_harness_push_event (e->in[i], gst_event_new_eos ());
  for (guint i = 0; i < 16; i++)
    check_next (e, 2 * i, 10, i + 2);
  check_no_more (e);
  test_check_quiet (e->bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  ensemble_free (e);
}

GST_END_TEST;

/* asddenoise leaves out the last seconds, in which other branches have windows
 * that overlap: nobody has to hear of them. */
GST_START_TEST (test_rest_of_overlapping_windows)
{
  Ensemble *e = ensemble_begin ("normalize=none method=mean");

  push (e, 0, 0, 10, 1);
  for (guint i = 0; i < 3; i++)
    push (e, 1, 2 * i, 10, 3);
  for (guint i = 0; i < 2; i++)
    gst_harness_push_event (e->in[i], gst_event_new_eos ());
  check_next (e, 0, 10, 2);
  check_no_more (e);
  test_check_quiet (e->bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  ensemble_free (e);
}

GST_END_TEST;

/* A window that one branch leaves out is the only one that is lost. */
GST_START_TEST (test_dropped_window)
{
  for (guint late = 0; late < 2; late++) {
    Ensemble *e = ensemble_begin ("normalize=none method=mean");

    for (guint i = 0; i < 5; i++) {
      push (e, late, i, 1, i);
      if (i != 2)
        push (e, 1 - late, i, 1, i);
    }
    for (guint i = 0; i < 5; i++)
      if (i != 2)
        check_next (e, i, 1, i);
    check_no_more (e);
    /* Where the first has it, the second's lack shows; else it said so
     * itself. */
    if (late == 0)
      test_check_warning (e->bus, "sink_1 has nothing for it");
    ensemble_free (e);
  }
}

GST_END_TEST;

/* A gap tells that nothing comes before its end. */
GST_START_TEST (test_gap)
{
  Ensemble *e = ensemble_begin ("normalize=none method=mean");

  push (e, 0, 0, 1, 5);
  gst_harness_push_event (e->in[1], gst_event_new_gap (0, GST_SECOND));
  push (e, 0, 1, 1, 6);
  push (e, 1, 1, 1, 8);
  check_next (e, 1, 1, 7);
  check_no_more (e);
  test_check_warning (e->bus, "sink_1 has nothing for it");
  ensemble_free (e);
}

GST_END_TEST;

GST_START_TEST (test_lag)
{
  Ensemble *e = ensemble_begin ("normalize=none method=mean");

  for (guint i = 0; i < 1000; i++)
    fail_unless_equals_int (push (e, 1, i, 1, i), GST_FLOW_OK);
  check_no_more (e);
  for (guint i = 0; i < 1000; i++) {
    push (e, 0, i, 1, i);
    check_next (e, i, 1, i);
  }
  test_check_quiet (e->bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  ensemble_free (e);
}

GST_END_TEST;

GST_START_TEST (test_overrun)
{
  Ensemble *e = ensemble_begin ("normalize=none");
  guint i;

  push (e, 1, 0, 10, 1);
  for (i = 0; i < 3000 && push (e, 0, 10 + 2 * i, 2, 1) == GST_FLOW_OK; i++);
  fail_unless_equals_int (i, GST_ASD_JOINER_MAX_WINDOWS);
  test_check_error (e->bus, "sink_0 has 1025 windows waiting, of 2 s each.*"
      "sink_1 has 0 windows waiting, of 10 s each, up to 10 s");
  ensemble_free (e);
}

GST_END_TEST;

/* The rest of the other branch is told, and the end comes all the same. */
GST_START_TEST (test_early_end)
{
  Ensemble *e = ensemble_begin ("normalize=none method=mean");
  GstEvent *event;

  push (e, 0, 0, 1, 1);
  push (e, 1, 0, 1, 1);
  gst_harness_push_event (e->in[0], gst_event_new_eos ());
  push (e, 1, 1, 1, 1);
  test_check_warning (e->bus, "sink_0 has nothing for it");
  gst_harness_push_event (e->in[1], gst_event_new_eos ());
  check_next (e, 0, 1, 1);
  check_no_more (e);
  while ((event = gst_harness_try_pull_event (e->out)) != NULL
      && GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    gst_event_unref (event);
  fail_unless (event != NULL, "no EOS");
  gst_event_unref (event);

  /* A new stream begins anew. */
  start_clip (e, "again", 0);
  push (e, 1, 0, 1, 4);
  push (e, 0, 0, 1, 2);
  check_next (e, 0, 1, 3);
  ensemble_free (e);
}

GST_END_TEST;

/* What waits before a flush meets nothing that comes after it. */
GST_START_TEST (test_flush)
{
  Ensemble *e = ensemble_begin ("normalize=none method=mean");

  push (e, 0, 0, 1, 1000);
  for (guint i = 0; i < 2; i++)
    gst_harness_push_event (e->in[i], gst_event_new_flush_start ());
  for (guint i = 0; i < 2; i++)
    gst_harness_push_event (e->in[i], gst_event_new_flush_stop (TRUE));
  start_clip (e, "clip 2", 0);
  push (e, 1, 0, 1, 4);
  check_no_more (e);
  push (e, 0, 0, 1, 2);
  check_next (e, 0, 1, 3);
  ensemble_free (e);
}

GST_END_TEST;

/* Names of events and "score" for buffers that came out so far. */
static GstPadProbeReturn
note (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GString *log = user_data;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    g_string_append (log, " score");
  else if (gst_event_has_name (GST_PAD_PROBE_INFO_EVENT (info), "asd-clip"))
    g_string_append (log, " asd-clip");
  else
    g_string_append_printf (log, " %s",
        GST_EVENT_TYPE_NAME (GST_PAD_PROBE_INFO_EVENT (info)));
  return GST_PAD_PROBE_OK;
}

/* The clips are those of the first pad, and no window meets one of another
 * clip, even at the same running time. */
GST_START_TEST (test_clips)
{
  Ensemble *e = ensemble_new ("normalize=none method=mean");
  GString *log = g_string_new (NULL);
  GstPad *pad = gst_element_get_static_pad (e->element, "src");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER |
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, note, log, NULL);
  gst_object_unref (pad);
  start_clip (e, "clip 1", 0);
  push (e, 1, 0, 1, 1);
  gst_harness_push_event (e->in[1], gst_event_new_custom
      (GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty ("asd-clip")));
  push (e, 1, 1, 1, 1000);
  gst_harness_push_event (e->in[1], gst_event_new_eos ());
  push (e, 0, 0, 1, 1);
  check_next (e, 0, 1, 1);
  push (e, 0, 1, 1, 1);
  gst_harness_push_event (e->in[0], gst_event_new_custom
      (GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty ("asd-clip")));
  test_check_warning (e->bus, "sink_1 has nothing for it");
  push (e, 0, 1, 1, 2000);
  check_next (e, 1, 1, 1500);
  gst_harness_push_event (e->in[0], gst_event_new_eos ());
  /* The harness begins a stream of its own. */
  fail_unless_equals_string (log->str, " caps segment stream-start segment "
      "score asd-clip score eos");
  g_string_free (log, TRUE);
  ensemble_free (e);
}

GST_END_TEST;

/* The others go on when a pad is released. */
GST_START_TEST (test_release_pad)
{
  Ensemble *e = ensemble_begin ("normalize=none method=mean");

  push (e, 0, 0, 1, 5);
  check_no_more (e);
  gst_harness_teardown (e->in[1]);
  e->in[1] = NULL;
  check_next (e, 0, 1, 5);
  push (e, 0, 1, 1, 6);
  check_next (e, 1, 1, 6);
  ensemble_free (e);
}

GST_END_TEST;

static gpointer
push_all (gpointer data)
{
  GstHarness *h = data;
  guint branch =
      strcmp (GST_PAD_NAME (GST_PAD_PEER (h->srcpad)), "sink_0") != 0;
  GRand *rand = g_rand_new_with_seed (branch);

  for (guint i = 0; i < 500; i++) {
    if (g_rand_int_range (rand, 0, 20) == 0)
      g_usleep (g_rand_int_range (rand, 0, 2000));
    gst_harness_push (h, make_score (branch, i, 1, i));
  }
  g_rand_free (rand);
  return NULL;
}

GST_START_TEST (test_threads)
{
  Ensemble *e = ensemble_begin ("normalize=none method=mean");
  GThread *threads[N_BRANCHES];

  for (guint i = 0; i < N_BRANCHES; i++)
    threads[i] = g_thread_new ("push", push_all, e->in[i]);
  for (guint i = 0; i < N_BRANCHES; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < 500; i++)
    check_next (e, i, 1, i);
  check_no_more (e);
  test_check_quiet (e->bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  ensemble_free (e);
}

GST_END_TEST;

static void
check_refused (const char *options, const char *pattern)
{
  GstElement *element;
  GstBus *bus = gst_bus_new ();
  char *line = g_strdup_printf ("asdensemble %s", options);

  element = gst_parse_launch (line, NULL);
  gst_object_ref_sink (element);
  gst_element_set_bus (element, bus);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  test_check_error (bus, pattern);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  gst_object_unref (element);
  g_free (line);
}

GST_START_TEST (test_bad_settings)
{
  char *line = g_strdup_printf ("model=%s stage=a", write_model (TRUE));

  check_refused ("", "has no model.*'gst-asd train', or normalize=none");
  check_refused ("model=/nonexistent", "/nonexistent");
  check_refused ("normalize=z", "cannot be multiplied.*method=mean");
  check_refused (line, "is of kind \"graph\"");
  g_free (line);
}

GST_END_TEST;

/* A threshold for other joint scores is told of and left alone. */
GST_START_TEST (test_other_threshold)
{
  Ensemble *e = ensemble_begin_with_model ("method=max");
  GstBuffer *buffer;
  gdouble threshold;

  push (e, 0, 0, 1, 16);
  push (e, 1, 0, 1, 1);
  buffer = gst_harness_try_pull (e->out);
  test_check_warning (e->bus, "threshold of .*m.asd is for 2 scores, "
      "method=mean, normalize=min-max, and is not used here for 2 scores, "
      "method=max, normalize=min-max");
  fail_unless (gst_structure_get_double (gst_asd_buffer_get_score (buffer),
          "threshold", &threshold));
  fail_unless (isnan (threshold));
  gst_buffer_unref (buffer);
  ensemble_free (e);
}

GST_END_TEST;

GST_START_TEST (test_bad_parts)
{
  const char *path = test_path ("n.asd");
  char *line = g_strdup_printf ("model=%s", path);
  GstBuffer *buffer;
  Ensemble *e;

  test_write_graph (path, "a", FEATURES, 4, 1);
  e = ensemble_begin (line);
  push (e, 1, 0, 1, 1);
  fail_unless_equals_int (push (e, 0, 0, 1, 1), GST_FLOW_ERROR);
  test_check_error (e->bus, "\"a\" has no calibration, train it with 'gst-asd "
      "train'.*calibration-min");
  ensemble_free (e);

  e = ensemble_begin ("normalize=none");
  push (e, 0, 0, 1, -1);
  push (e, 1, 0, 1, 2);
  check_no_more (e);
  test_check_warning (e->bus, "Negative scores cannot be multiplied");
  gst_harness_push (e->in[0], make_score (0, 1, 1, 1));
  fail_unless_equals_int (gst_harness_push (e->in[1], make_score (0, 1, 1, 1)),
      GST_FLOW_ERROR);
  test_check_error (e->bus, "sink_0 and sink_1 both bring scores of stage "
      "\"a\".*property stage");
  ensemble_free (e);

  e = ensemble_begin ("normalize=none");
  buffer = gst_buffer_new_and_alloc (8);
  GST_BUFFER_PTS (buffer) = 0;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  gst_harness_push (e->in[0], buffer);
  fail_unless_equals_int (push (e, 1, 0, 1, 1), GST_FLOW_ERROR);
  test_check_error (e->bus, "sink_0 has no \"asd-score\" meta");
  ensemble_free (e);
  g_free (line);
}

GST_END_TEST;

/* What the slowest branch needs, and nothing more. */
GST_START_TEST (test_latency)
{
  const char *model = test_path ("m.asd");
  char *line = g_strdup_printf ("asdtestsrc is-live=true ! tee name=t "
      "t. ! queue ! asdmodspec window=10000000000 ! asdgraph model=%s ! e. "
      "t. ! queue ! asdmfcc window=2000000000 ! asdgraph stage=b model=%s ! e. "
      "asdensemble name=e normalize=none ! fakesink sync=false", model, model);
  GstElement *pipeline, *e;
  GstClockTime min = 0, max;
  GstQuery *query = gst_query_new_latency ();
  GstPad *pad;
  gboolean live = FALSE;

  test_write_graph (model, "graph", TEST_FEATURES (60, 8, "modspec", 16000),
      480, NAN);
  test_write_graph (model, "b",
      "application/x-asd-features, format=F32LE, kind=mfcc, rows=1, "
      "columns=42, rate=16000, frame-length=480, frame-step=240", 42, NAN);
  pipeline = gst_parse_launch (line, NULL);
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_PLAYING),
      GST_STATE_CHANGE_ASYNC);
  e = gst_bin_get_by_name (GST_BIN (pipeline), "e");
  pad = gst_element_get_static_pad (e, "src");
  /* Elements tell their latency when they know the rate. */
  for (guint i = 0; i < 100; i++) {
    if (gst_pad_query (pad, query))
      gst_query_parse_latency (query, &live, &min, &max);
    if (live && min >= 10 * GST_SECOND)
      break;
    g_usleep (20000);
  }
  fail_unless (live);
  fail_unless (min >= 10 * GST_SECOND && min < 10.5 * GST_SECOND);
  gst_query_unref (query);
  gst_object_unref (pad);
  gst_object_unref (e);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  g_free (line);
}

GST_END_TEST;

static Suite *
ensemble_suite (void)
{
  Suite *s = suite_create ("ensemble");
  TCase *tc = tcase_create ("general");

  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_test (tc, test_structure);
  tcase_add_test (tc, test_below_the_minimum);
  tcase_add_test (tc, test_different_windows);
  tcase_add_test (tc, test_overlapping_windows);
  tcase_add_test (tc, test_rest_of_overlapping_windows);
  tcase_add_test (tc, test_dropped_window);
  tcase_add_test (tc, test_gap);
  tcase_add_test (tc, test_lag);
  tcase_add_test (tc, test_overrun);
  tcase_add_test (tc, test_early_end);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_clips);
  tcase_add_test (tc, test_release_pad);
  tcase_add_test (tc, test_threads);
  tcase_add_test (tc, test_bad_settings);
  tcase_add_test (tc, test_bad_parts);
  tcase_add_test (tc, test_other_threshold);
  tcase_add_test (tc, test_latency);
  suite_add_tcase (s, tc);
  return s;
}

GST_CHECK_MAIN (ensemble);
