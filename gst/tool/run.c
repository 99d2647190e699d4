/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t n_interrupts;
static volatile sig_atomic_t n_stops;   /* of these that only stop, 0 or 1 */

/* One more than interrupts ends the process at once. */
static void
handle_interrupt (int signal_number)
{
  if (tool_is_interrupted ()) {
    signal (signal_number, SIG_DFL);
    raise (signal_number);
  }
  n_interrupts += signal_number == SIGINT ? 1 : 1 + n_stops;
}

gboolean
tool_is_interrupted (void)
{
  return n_interrupts > n_stops;
}

void
tool_allow_stop (gboolean allow)
{
  tool_catch_interrupts ();
  /* One that came is spent. */
  n_stops = allow || tool_is_stopped ();
}

gboolean
tool_is_stopped (void)
{
  return n_stops > 0 && n_interrupts > 0;
}

void
tool_catch_interrupts (void)
{
  static gsize once = 0;

  if (g_once_init_enter (&once)) {
    struct sigaction action;

    memset (&action, 0, sizeof (action));
    action.sa_handler = handle_interrupt;
    sigaction (SIGINT, &action, NULL);
    sigaction (SIGTERM, &action, NULL);
    /* That of a terminal that goes; not with nohup. */
    if (signal (SIGHUP, SIG_IGN) != SIG_IGN)
      sigaction (SIGHUP, &action, NULL);
    g_once_init_leave (&once, 1);
  }
}

typedef struct
{
  Source *source;
  RunFunc func;
  gpointer user_data;
  char *stream_id;
  guint clip;
  GPtrArray *held_back;         /* windows of the clip, silent so far */
  gboolean *delivered;          /* for each clip */
} Run;

static void
deliver (Run * run, GstBuffer * buffer)
{
  guint i, clip;

  if (!source_find_clip (run->source, run->stream_id, GST_BUFFER_PTS (buffer),
          &clip))
    return;
  if (clip != run->clip)
    g_ptr_array_set_size (run->held_back, 0);
  run->clip = clip;
  g_ptr_array_add (run->held_back, gst_buffer_ref (buffer));
  if (source_is_silent (run->source, clip))
    return;
  for (i = 0; i < run->held_back->len; i++)
    run->func (clip, g_ptr_array_index (run->held_back, i), run->user_data);
  g_ptr_array_set_size (run->held_back, 0);
  run->delivered[clip] = TRUE;
}

/* Nobody else has a reason to name a clip that ends before its first window. */
static void
report_short_clips (Run * run)
{
  guint i;

  for (i = 0; i < source_get_size (run->source); i++) {
    const char *file = source_get_file (run->source, i);

    if (file != NULL && !run->delivered[i])
      tool_skip (file, "is shorter than the window: record for longer, or "
          "train with a shorter window");
  }
}

static GstPadProbeReturn
collect (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Run *run = user_data;
  const char *stream_id;
  GstEvent *event;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    deliver (run, GST_PAD_PROBE_INFO_BUFFER (info));
  } else {
    event = GST_PAD_PROBE_INFO_EVENT (info);
    if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START) {
      gst_event_parse_stream_start (event, &stream_id);
      g_free (run->stream_id);
      run->stream_id = g_strdup (stream_id);
    }
  }
  return GST_PAD_PROBE_OK;
}

static GstElement *
make_pipeline (Run * run, GstElement * bin, GstPad ** end, GError ** error)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *source = source_make_element (run->source);
  GstElement *sink;

  *end = NULL;
  if (source == NULL || bin == NULL)
    goto missing;
  gst_bin_add_many (GST_BIN (pipeline), source, bin, NULL);
  if (!source_link_element (run->source, source, bin))
    goto not_linked;
  if (run->func == NULL)
    return pipeline;

  sink = gst_element_factory_make ("fakesink", NULL);
  g_object_set (sink, "sync", FALSE, "enable-last-sample", FALSE, NULL);
  gst_bin_add (GST_BIN (pipeline), sink);
  if (!gst_element_link (bin, sink))
    goto not_linked;
  *end = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (*end, GST_PAD_PROBE_TYPE_BUFFER |
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, collect, run, NULL);
  return pipeline;

missing:
  g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
      "An element is missing: check that 'gst-inspect-1.0 asd' and "
      "'gst-inspect-1.0 coreelements' list theirs");
  g_clear_pointer (&source, gst_object_unref);
  gst_object_unref (pipeline);
  return NULL;
not_linked:
  g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
      source_get_file (run->source, 0) != NULL ?
      "The recipe does not start with audio: put an extractor such as "
      "asdmodspec first, or give it features" :
      "The recipe does not take features: it needs a stage after its extractor");
  gst_object_unref (pipeline);
  return NULL;
}

static void
set_error_from_message (GError ** error, GstMessage * message)
{
  GError *posted = NULL;
  gchar *debug = NULL;

  gst_message_parse_error (message, &posted, &debug);
  GST_INFO ("%s", GST_STR_NULL (debug));
  g_propagate_error (error, posted);
  g_free (debug);
}

/* Returns at EOS, an error or an interrupt. */
static gboolean
wait_for_end (Run * run, GstElement * pipeline, GError ** error)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  gboolean ok = FALSE, done = FALSE;
  GstMessage *message;

  while (!done) {
    message = gst_bus_timed_pop (bus, 100 * GST_MSECOND);
    if (tool_is_interrupted ()) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
      g_clear_pointer (&message, gst_message_unref);
      break;
    }
    if (message == NULL)
      continue;
    switch (GST_MESSAGE_TYPE (message)) {
      case GST_MESSAGE_EOS:
        ok = done = TRUE;
        break;
      case GST_MESSAGE_ERROR:
        set_error_from_message (error, message);
        done = TRUE;
        break;
      default:
        source_handle_message (run->source, message);
        break;
    }
    gst_message_unref (message);
  }
  gst_object_unref (bus);
  return ok;
}

gboolean
tool_run (Source * source, GstElement * bin, RunFunc func, gpointer user_data,
    GstCaps ** caps, GError ** error)
{
  Run run = { source, func, user_data };
  GstElement *pipeline;
  GstPad *end;
  gboolean ok;

  tool_catch_interrupts ();
  pipeline = make_pipeline (&run, bin, &end, error);
  if (pipeline == NULL)
    return FALSE;

  run.delivered = g_new0 (gboolean, source_get_size (source));
  run.held_back = g_ptr_array_new_with_free_func ((GDestroyNotify)
      gst_buffer_unref);
  /* Where this fails, the reason is on the bus. */
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  ok = wait_for_end (&run, pipeline, error);
  if (ok && caps != NULL && end != NULL)
    *caps = gst_pad_get_current_caps (end);
  gst_clear_object (&end);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  if (ok && func != NULL)
    report_short_clips (&run);
  if (!tool_is_interrupted () && !source_has_good (source)) {
    g_clear_error (error);
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "No recording can be used: see above what is wrong with each");
    ok = FALSE;
  }
  g_ptr_array_unref (run.held_back);
  g_free (run.delivered);
  g_free (run.stream_id);
  return ok;
}
