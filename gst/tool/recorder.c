/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Listens to a line as 'gst-asd monitor' does, but records its windows. */

#include "recorder.h"

#include <gst/audio/audio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Sound that may wait while the disk is busy. */
#define QUEUE_TIME (10 * GST_SECOND)

/* A line is waited for a little longer than it is listened to, in seconds: its
 * clock need not be ours. */
#define PATIENCE 2

typedef struct
{
  const RecorderOptions *options;
  MonitorOptions monitor;
  char *name;                   /* the input without its password */
  guint n_wanted;               /* windows */
  GMainLoop *loop;
  MonitorStream *stream;
  gboolean begun;               /* there was sound */
  gboolean stopped;             /* by Ctrl-C */

  /* of the streaming thread, while there is one */
  Recording *recording;
  GstElement *listener;         /* not owned */
  GstElement *convert;
  GstAsdWindower *windower;
  gboolean new_format;
  gboolean broken;              /* a window could not be written */
} Recorder;

static void
post_error (Recorder * self, GError * error)
{
  gst_element_post_message (self->listener,
      gst_message_new_error (GST_OBJECT (self->listener), error, NULL));
  g_error_free (error);
}

/* In the streaming thread. */
static GstFlowReturn
take_window (const GstAsdWindow * window, gpointer user_data)
{
  Recorder *self = user_data;
  guint n_windows, n_left_out;
  GError *error = NULL;
  gint64 start;

  recording_count (self->recording, &n_windows, &n_left_out);
  /* A simulated machine may be ahead of who stops it. */
  if (n_windows == self->n_wanted)
    return GST_FLOW_OK;
  start = self->stream->live ?
      g_get_real_time () - (gint64) (window->duration / 1000) :
      (gint64) (window->timestamp / 1000);
  if (!recording_add (self->recording, window->samples, start, &error)) {
    self->broken = TRUE;
    post_error (self, error);
    return GST_FLOW_ERROR;
  }
  recording_count (self->recording, &n_windows, &n_left_out);
  gst_element_post_message (self->listener,
      gst_message_new_element (GST_OBJECT (self->listener),
          gst_structure_new ("asd-window", "windows", G_TYPE_UINT, n_windows,
              "left-out", G_TYPE_UINT, n_left_out, NULL)));
  return GST_FLOW_OK;
}

/* The element that listens */

static void
take_caps (Recorder * self, GstCaps * caps)
{
  GError *error = NULL;
  GstAudioInfo info;

  if (!gst_audio_info_from_caps (&info, caps))
    return;
  self->new_format = TRUE;
  if (!gst_asd_choose_channel (self->convert, self->options->monitor.channel,
          info.channels, &error))
    post_error (self, error);
  else if (info.rate < TOOL_RATE)
    GST_ELEMENT_WARNING (self->listener, STREAM, FORMAT,
        ("The sound comes at %d Hz, so there is nothing between %d and %d Hz: "
            "use a source with %d Hz or more, or let the model listen to this "
            "one only", info.rate, info.rate / 2, TOOL_RATE / 2, TOOL_RATE),
        (NULL));
}

/* What the line gives, before it is converted. */
static GstPadProbeReturn
watch_input (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Recorder *self = user_data;
  GstBuffer *buffer;
  GstCaps *caps;

  if (!(info->type & GST_PAD_PROBE_TYPE_BUFFER)) {
    if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_CAPS) {
      gst_event_parse_caps (GST_PAD_PROBE_INFO_EVENT (info), &caps);
      take_caps (self, caps);
    }
  } else if (self->new_format) {
    /* No window is of two formats. */
    buffer = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    GST_PAD_PROBE_INFO_DATA (info) = buffer;
    self->new_format = FALSE;
  }
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
watch_output (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Recorder *self = user_data;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    if (gst_asd_windower_push (self->windower, GST_PAD_PROBE_INFO_BUFFER (info))
        != GST_FLOW_OK)
      return GST_PAD_PROBE_REMOVE;
    return GST_PAD_PROBE_OK;
  }
  switch (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info))) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_GAP:
    case GST_EVENT_FLUSH_STOP:
      gst_asd_windower_reset (self->windower);
      break;
    default:
      break;
  }
  return GST_PAD_PROBE_OK;
}

static void
add_pad (GstElement * bin, GstElement * element, const char *name,
    GstPadProbeCallback watch, Recorder * self)
{
  GstPad *pad = gst_element_get_static_pad (element, name);

  if (watch != NULL)
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER |
        GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
        watch, self, NULL);
  if (bin != NULL)
    gst_element_add_pad (bin, gst_ghost_pad_new (name, pad));
  gst_object_unref (pad);
}

/* queue ! audioconvert ! audioresample ! capsfilter: what asddetect does to its
 * input. The source before it is gone, if there was one. */
static GstElement *
make_listener (MonitorStream * stream, GError ** error)
{
  Recorder *self = stream->user_data;
  GstElement *bin, *queue, *resample, *filter;
  GstCaps *caps;

  queue = gst_element_factory_make ("queue", NULL);
  self->convert = gst_element_factory_make ("audioconvert", NULL);
  resample = gst_element_factory_make ("audioresample", NULL);
  filter = gst_element_factory_make ("capsfilter", NULL);
  if (!queue || !self->convert || !resample || !filter) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "needs audioconvert and audioresample: install the package "
        "gstreamer1.0-plugins-base");
    gst_clear_object (&queue);
    gst_clear_object (&self->convert);
    gst_clear_object (&resample);
    gst_clear_object (&filter);
    return NULL;
  }
  g_object_set (queue, "max-size-buffers", 0, "max-size-bytes", 0,
      "max-size-time", (guint64) QUEUE_TIME, NULL);
  caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
      GST_AUDIO_NE (F32), "layout", G_TYPE_STRING, "interleaved", "channels",
      G_TYPE_INT, 1, "rate", G_TYPE_INT, TOOL_RATE, NULL);
  g_object_set (filter, "caps", caps, NULL);
  gst_caps_unref (caps);
  bin = gst_bin_new ("listener");
  gst_bin_add_many (GST_BIN (bin), queue, self->convert, resample, filter,
      NULL);
  gst_element_link_many (queue, self->convert, resample, filter, NULL);
  add_pad (bin, queue, "sink", NULL, self);
  add_pad (NULL, self->convert, "sink", watch_input, self);
  add_pad (bin, filter, "src", watch_output, self);
  gst_asd_windower_reset (self->windower);
  self->listener = bin;
  return bin;
}

/* Listening */

static void
show_progress (Recorder * self, guint n_windows, guint n_left_out)
{
  guint heard = n_windows * (self->options->monitor.window / 1e9);
  char *text = g_strdup_printf ("%u:%02u:%02u heard, %u windows kept, %u left "
      "out", heard / 3600, heard / 60 % 60, heard % 60, n_windows - n_left_out,
      n_left_out);

  tool_progress_update (text, n_windows);
  g_free (text);
}

static void
on_event (MonitorStream * stream, const GstStructure * event,
    gpointer user_data)
{
  Recorder *self = user_data;
  guint n_windows, n_left_out;
  char *text;

  if (gst_structure_has_name (event, "asd-window")) {
    gst_structure_get (event, "windows", G_TYPE_UINT, &n_windows, "left-out",
        G_TYPE_UINT, &n_left_out, NULL);
    show_progress (self, n_windows, n_left_out);
    if (n_windows == self->n_wanted)
      monitor_stream_stop (stream);
  } else if (gst_structure_has_name (event, "asd-warning")) {
    tool_say (self->name, gst_structure_get_string (event, "text"));
  } else if (stream->state == MONITOR_LOST) {
    text = g_strdup_printf ("%s; trying again", stream->text);
    tool_say (self->name, text);
    g_free (text);
  } else if (stream->state == MONITOR_LISTENING && stream->live && !self->begun) {
    /* It took its time. */
    self->begun = TRUE;
    stream->deadline = g_get_monotonic_time ()
        + (self->options->monitor.duration + PATIENCE) * G_USEC_PER_SEC;
  }
  if (monitor_stream_is_over (stream))
    g_main_loop_quit (self->loop);
}

static gboolean
on_tick (gpointer user_data)
{
  Recorder *self = user_data;

  monitor_stream_tick (self->stream);
  return G_SOURCE_CONTINUE;
}

static gboolean
check_interrupt (gpointer user_data)
{
  Recorder *self = user_data;

  if (tool_is_interrupted ()) {
    g_main_loop_quit (self->loop);
  } else if (tool_is_stopped () && !self->stopped) {
    self->stopped = TRUE;
    monitor_stream_stop (self->stream);
  }
  return G_SOURCE_CONTINUE;
}

static void
listen_to_end (Recorder * self)
{
  guint sources[] = {
    g_timeout_add_seconds (1, on_tick, self),
    g_timeout_add (100, check_interrupt, self),
  };

  if (isatty (STDERR_FILENO))
    fprintf (stderr, "%s: listening to %s; Ctrl-C %s\n", g_get_prgname (),
        self->name, self->options->keep ?
        "ends it and learns from what was heard" :
        "throws away what was heard (with --keep it does not)");
  tool_progress_begin ("", self->n_wanted);
  show_progress (self, 0, 0);
  monitor_stream_start (self->stream);
  if (!monitor_stream_is_over (self->stream))
    g_main_loop_run (self->loop);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  /* What was recorded is ours now. */
  monitor_stream_cut (self->stream);
  tool_progress_end ();
}

gboolean
recorder_is_line (const char *input, gboolean has_duration)
{
  if (!monitor_source_is_live (input) && strcmp (input, "test") != 0)
    return FALSE;
  return has_duration || strstr (input, "://") != NULL
      || !g_file_test (input, G_FILE_TEST_EXISTS);
}

static gboolean
takes_audio (GstElement * bin)
{
  GstCaps *caps = gst_caps_new_empty_simple ("audio/x-raw"), *taken;
  GstPad *pad = gst_element_get_static_pad (bin, "sink");
  gboolean ret;

  taken = gst_pad_query_caps (pad, caps);
  ret = !gst_caps_is_empty (taken);
  gst_caps_unref (taken);
  gst_caps_unref (caps);
  gst_object_unref (pad);
  return ret;
}

gboolean
recorder_find_window (GstAsdRecipe * recipe, gint64 * window, GError ** error)
{
  GstElement *bin = gst_asd_recipe_make_bin (recipe, NULL, *window, error);
  GValue item = G_VALUE_INIT;
  GstIterator *it;
  guint64 longest = 0, value;
  gboolean ok;

  if (bin == NULL)
    return FALSE;
  gst_object_ref_sink (bin);
  ok = takes_audio (bin);
  if (!ok)
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH, "The recipe does not "
        "start with audio: put an extractor such as asdmodspec first");
  it = gst_bin_iterate_recurse (GST_BIN (bin));
  while (gst_iterator_next (it, &item) == GST_ITERATOR_OK) {
    if (GST_IS_ASD_WINDOW_FILTER (g_value_get_object (&item))) {
      g_object_get (g_value_get_object (&item), "window", &value, NULL);
      /* One that takes whole clips is the longest. */
      longest = MAX (longest, value > 0 ? value : G_MAXUINT64);
    }
    g_value_unset (&item);
  }
  gst_iterator_free (it);
  gst_object_unref (bin);
  *window = longest < G_MAXINT64 ? longest : 0;
  return ok;
}

guint
recorder_count_windows (const RecorderOptions * options)
{
  double n = options->monitor.duration * GST_SECOND / options->monitor.window;

  /* An hour is 360 windows of 10 s, however it was rounded. */
  return MIN (n + 1e-6, G_MAXUINT);
}

/* Whether what was heard is to be learned from. */
static gboolean
check_end (Recorder * self, GError ** error)
{
  const RecorderOptions *options = self->options;
  gboolean failed = self->stream->state == MONITOR_FAILED;
  guint n_windows, n_left_out;

  recording_count (self->recording, &n_windows, &n_left_out);
  if (tool_is_interrupted ()) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
        "interrupted: nothing "
        "was learned from the %u windows that were heard%s", n_windows,
        options->folder !=
        NULL ? ", they are in the folder of --record" : options->keep ? "" :
        "; with --keep, Ctrl-C ends the listening and " "learns from them");
    return FALSE;
  }
  if (failed && (self->broken || !options->keep || n_windows == 0)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "%s: %s", self->name,
        self->stream->text);
    return FALSE;
  }
  if (failed)
    tool_say (self->name, self->stream->text);
  if (failed || self->stopped)
    tool_say (g_get_prgname (), "learning from what was heard; Ctrl-C cancels");
  recording_print (self->recording, self->name, self->stream->live);
  if (n_windows > n_left_out)
    return TRUE;
  g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "%s: there is no window to "
      "learn from: %s", self->name, n_windows > 0 ?
      "check the microphone, its cable and its gain" : "listen for longer");
  return FALSE;
}

static gboolean
record (Recorder * self, GError ** error)
{
  const RecorderOptions *options = self->options;
  gboolean ok;

  self->recording = recording_new (options->folder,
      gst_asd_windower_get_window_samples (self->windower), self->n_wanted,
      error);
  if (self->recording == NULL)
    return FALSE;
  /* The recordings are to be removed whatever happens. */
  signal (SIGPIPE, SIG_IGN);
  tool_allow_stop (options->keep);
  listen_to_end (self);
  ok = recording_sort_out (self->recording, error) && check_end (self, error);
  tool_allow_stop (FALSE);
  return ok;
}

Recording *
recorder_listen (const RecorderOptions * options, GError ** error)
{
  Recorder self = { options, options->monitor };

  self.monitor.make_listener = make_listener;
  self.name = monitor_hide_password (options->input);
  self.n_wanted = recorder_count_windows (options);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.windower = gst_asd_windower_new (take_window, &self);
  gst_asd_windower_configure (self.windower, TOOL_RATE, self.monitor.window, 0,
      self.monitor.window);
  self.stream = monitor_stream_new ("line", NULL, options->input, &self.monitor,
      on_event, &self);
  if (!record (&self, error)) {
    recording_free (self.recording);
    self.recording = NULL;
  }
  monitor_stream_free (self.stream);
  gst_asd_windower_free (self.windower);
  g_main_loop_unref (self.loop);
  g_free (self.name);
  return self.recording;
}
