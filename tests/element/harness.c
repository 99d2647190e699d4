/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "harness.h"

#include <glib/gstdio.h>
#include <string.h>

static char *folder;
static GSList *paths;

void
test_folder_setup (void)
{
  folder = g_dir_make_tmp ("gst-asd-test-XXXXXX", NULL);
  fail_unless (folder != NULL);
}

void
test_folder_teardown (void)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    g_remove (test_path (name));
  g_dir_close (dir);
  fail_unless (g_rmdir (folder) == 0);
  g_slist_free_full (paths, g_free);
  paths = NULL;
  g_clear_pointer (&folder, g_free);
}

const char *
test_path (const char *name)
{
  paths = g_slist_prepend (paths, g_build_filename (folder, name, NULL));
  return paths->data;
}

TestHarness *
test_harness_new (const char *format, ...)
{
  TestHarness *t = g_new0 (TestHarness, 1);
  GError *error = NULL;
  va_list args;
  char *line;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  t->bin = gst_parse_bin_from_description_full (line, TRUE, NULL,
      GST_PARSE_FLAG_FATAL_ERRORS, &error);
  fail_unless (t->bin != NULL, "%s: %s", line, error ? error->message : "");
  g_free (line);

  t->bus = gst_bus_new ();
  gst_element_set_bus (t->bin, t->bus);
  t->h = gst_harness_new_with_element (t->bin, "sink", "src");
  gst_harness_set_live (t->h, FALSE);
  return t;
}

void
test_harness_free (TestHarness * t)
{
  gst_element_set_state (t->bin, GST_STATE_NULL);
  gst_element_set_bus (t->bin, NULL);
  gst_harness_teardown (t->h);
  gst_object_unref (t->bin);
  gst_object_unref (t->bus);
  g_free (t);
}

GstElement *
test_element (TestHarness * t, const char *name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (t->bin), name);

  fail_unless (element != NULL, "%s", name);
  return element;
}

static void
start (TestHarness * t, const char *stream_id, const char *caps_text)
{
  GstCaps *caps = gst_caps_from_string (caps_text);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  test_push_event (t, gst_event_new_stream_start (stream_id));
  test_push_event (t, gst_event_new_caps (caps));
  test_push_event (t, gst_event_new_segment (&segment));
  gst_caps_unref (caps);
}

void
test_start_audio (TestHarness * t, gint rate)
{
  g_autofree char *caps = g_strdup_printf ("audio/x-raw, format=F32LE, "
      "layout=interleaved, channels=1, rate=%d", rate);
  g_autofree char *stream_id = g_strdup_printf ("clip %u", ++t->n_streams);

  t->rate = rate;
  t->position = 0;
  start (t, stream_id, caps);
}

void
test_start_features (TestHarness * t, const char *stream_id, const char *caps)
{
  start (t, stream_id, caps);
}

GstBuffer *
test_buffer (const float *values, gsize n, GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, n * sizeof (float), NULL);

  gst_buffer_fill (buffer, 0, values, n * sizeof (float));
  GST_BUFFER_PTS (buffer) = pts;
  return buffer;
}

void
test_push_audio (TestHarness * t, const float *samples, gsize n, gsize chunk)
{
  for (gsize done = 0; done < n; done += chunk) {
    gsize take = MIN (chunk, n - done);
    GstBuffer *buffer = test_buffer (samples + done, take,
        gst_util_uint64_scale_round (t->position, GST_SECOND, t->rate));

    GST_BUFFER_DURATION (buffer) =
        gst_util_uint64_scale_round (take, GST_SECOND, t->rate);
    fail_unless_equals_int (gst_harness_push (t->h, buffer), GST_FLOW_OK);
    t->position += take;
  }
}

void
test_push_event (TestHarness * t, GstEvent * event)
{
  fail_unless (gst_harness_push_event (t->h, event));
}

void
test_push_eos (TestHarness * t)
{
  test_push_event (t, gst_event_new_eos ());
}

GPtrArray *
test_pull_all (TestHarness * t)
{
  GPtrArray *buffers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  GstBuffer *buffer;

  while (gst_harness_buffers_in_queue (t->h) > 0) {
    buffer = gst_harness_pull (t->h);
    g_ptr_array_add (buffers, buffer);
  }
  return buffers;
}

void
test_check_buffer (GstBuffer * buffer, const void *data, gsize size,
    GstClockTime pts, GstClockTime duration)
{
  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffer), pts);
  fail_unless_equals_clocktime (GST_BUFFER_DURATION (buffer), duration);
  fail_unless_equals_int (gst_buffer_get_size (buffer), size);
  fail_unless (gst_buffer_memcmp (buffer, 0, data, size) == 0,
      "other bytes at %" GST_TIME_FORMAT, GST_TIME_ARGS (pts));
}

GstMessage *
test_pop (GstBus * bus, GstMessageType type)
{
  return gst_bus_pop_filtered (bus, type);
}

void
test_check_text (const char *text, const char *pattern)
{
  fail_unless (g_regex_match_simple (pattern, text, G_REGEX_DOTALL, 0),
      "\"%s\" does not match \"%s\"", text, pattern);
  fail_unless (strchr (text, '\n') == NULL, "\"%s\" is not one line", text);
}

void
test_check_error (GstBus * bus, const char *pattern)
{
  GstMessage *message = test_pop (bus, GST_MESSAGE_ERROR);
  GError *error;

  fail_unless (message != NULL, "no error like \"%s\"", pattern);
  gst_message_parse_error (message, &error, NULL);
  test_check_text (error->message, pattern);
  g_error_free (error);
  gst_message_unref (message);
}

void
test_check_warning (GstBus * bus, const char *pattern)
{
  GstMessage *message = test_pop (bus, GST_MESSAGE_WARNING);
  GError *error;

  fail_unless (message != NULL, "no warning like \"%s\"", pattern);
  gst_message_parse_warning (message, &error, NULL);
  test_check_text (error->message, pattern);
  g_error_free (error);
  gst_message_unref (message);
}

void
test_check_quiet (GstBus * bus, GstMessageType types)
{
  g_autoptr (GstMessage) message = test_pop (bus, types);
  const GstStructure *s = message ? gst_message_get_structure (message) : NULL;
  g_autofree char *text = s ? gst_structure_to_string (s) : NULL;

  fail_unless (message == NULL, "unexpected %s message: %s",
      message ? GST_MESSAGE_TYPE_NAME (message) : "", text);
}

float *
test_noise (gsize n, guint seed)
{
  GRand *rand = g_rand_new_with_seed (seed);
  float *samples = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    samples[i] = g_rand_double_range (rand, -0.1, 0.1);
  g_rand_free (rand);
  return samples;
}

void
test_train (GstElement * bin, const float *samples, gsize n,
    const char *caps_text)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *src = gst_element_factory_make ("appsrc", NULL);
  GstCaps *caps = gst_caps_from_string (caps_text);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstBuffer *buffer = test_buffer (samples, n, 0);
  GstMessage *message;
  GstFlowReturn ret;

  g_object_set (src, "caps", caps, "format", GST_FORMAT_TIME, NULL);
  gst_bin_add_many (GST_BIN (pipeline), src, bin, NULL);
  fail_unless (gst_element_link (src, bin));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_signal_emit_by_name (src, "push-buffer", buffer, &ret);
  g_signal_emit_by_name (src, "end-of-stream", &ret);
  message = gst_bus_timed_pop_filtered (bus, 100 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  fail_unless (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}

static void
commit (AsdModelWriter * writer, const char *path)
{
  GError *error = NULL;

  fail_unless (asd_model_writer_commit (writer, path, NULL, &error), "%s",
      error ? error->message : "");
  asd_model_writer_free (writer);
}

void
test_write_denoise (const char *path, gint rate)
{
  g_autofree float *noise = test_noise (16000, 99);
  g_autofree char *caps = g_strdup_printf ("audio/x-raw, format=F32LE, "
      "layout=interleaved, channels=1, rate=(int)%d", rate);
  AsdModelWriter *writer = asd_model_writer_new ();
  double thresholds[ASD_NOISE_GATE_BINS];

  fail_unless (asd_noise_profile (noise, 16000, thresholds, NULL));
  asd_model_writer_set_stage (writer, "denoise", "denoise");
  asd_model_writer_set_string (writer, "caps", caps);
  asd_noise_profile_save (thresholds, writer);
  commit (writer, path);
}

void
test_write_graph (const char *path, const char *stage, const char *caps,
    gsize n_values, double threshold)
{
  AsdModelWriter *writer = asd_model_writer_new ();
  double *means = g_new0 (double, n_values);
  double *deviations = g_new (double, n_values);
  AsdGraph *graph;

  for (gsize i = 0; i < n_values; i++)
    deviations[i] = 1;
  graph = asd_graph_new (means, deviations, 1, n_values, NULL);
  asd_model_writer_set_stage (writer, stage, "graph");
  asd_model_writer_set_string (writer, "caps", caps);
  if (!isnan (threshold))
    asd_model_writer_set_double (writer, "threshold", threshold);
  asd_graph_save (graph, writer);
  asd_graph_unref (graph);
  g_free (means);
  g_free (deviations);
  commit (writer, path);
}

const char *
test_write_recipe (const char *name, const char *recipe, const char *window,
    double threshold)
{
  const char *path = test_path (name);
  AsdModelWriter *writer = asd_model_writer_new ();

  test_write_graph (path, "graph", TEST_MODSPEC, 480, threshold);
  test_write_graph (path, "second", TEST_MODSPEC, 480, threshold);
  asd_model_writer_set_model_string (writer, "recipe", recipe != NULL ? recipe :
      "[recipe]\nlaunch=asdmodspec ! asdgraph\n");
  asd_model_writer_set_model_string (writer, "window", window);
  asd_model_writer_set_model_string (writer, "median-length", "2000000000");
  asd_model_writer_set_model_string (writer, "rate", "16000");
  commit (writer, path);
  return path;
}
