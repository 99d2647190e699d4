/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The tap of asddetect: what happens in the thread that brings the audio. */

#include "gstasddetect.h"

#include <gst/asd/asd.h>

GST_DEBUG_CATEGORY_EXTERN (gst_asd_detect_debug);
#define GST_CAT_DEFAULT gst_asd_detect_debug

/* How far listening may be behind a live source, if that is longer than a
 * window. */
#define MIN_BACKLOG (2 * GST_SECOND)
/* A resampler holds a little back: a window is complete behind it only when
 * some more has come. */
#define SLACK (20 * GST_MSECOND)

/* What waits of a source that is not live. */
#define MAX_BYTES (8 << 20)

static gboolean
is_live (GstAsdDetect * self, GstPad * pad)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_query (pad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  GST_DEBUG_OBJECT (self, "the source is%s live", live ? "" : " not");
  /* The gate bounds what a live source brings. */
  g_object_set (self->queue, "max-size-bytes", live ? 0 : MAX_BYTES,
      "max-size-time", live ? (guint64) 0 : GST_SECOND, NULL);
  return live;
}

static gboolean
is_behind (GstAsdDetect * self, GstClockTime window)
{
  guint64 waiting;

  g_object_get (self->queue, "current-level-time", &waiting, NULL);
  return waiting >= MAX (window, MIN_BACKLOG);
}

/* One window's length of audio was left out. */
static void
report_overrun (GstAsdDetect * self, GstPad * pad, GstClockTime end,
    GstClockTime window)
{
  GstAsdGrid *grid = &self->gate.grid;
  GstEvent *event = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  GstClockTime running_time = GST_CLOCK_TIME_NONE;
  gchar *stream_id = gst_pad_get_stream_id (pad);
  const GstSegment *segment;
  GstStructure *s;
  guint n;

  /* Where windows overlap, those that had begun are lost, too. */
  n = MAX (grid->window / grid->interval, 1);
  if (self->gate.end > 0)
    n += MAX (grid->window / grid->interval, 1) - 1;
  self->gate.end = 0;
  self->gate.total += n;
  if (event != NULL) {
    gst_event_parse_segment (event, &segment);
    running_time = gst_segment_to_running_time (segment, GST_FORMAT_TIME,
        end - MIN (window, end));
    gst_event_unref (event);
  }
  s = gst_structure_new ("asd-overrun", "windows", G_TYPE_UINT, n,
      "total", G_TYPE_UINT64, self->gate.total,
      "running-time", G_TYPE_UINT64, running_time,
      "duration", G_TYPE_UINT64, window,
      "stream-id", G_TYPE_STRING, stream_id, NULL);
  GST_INFO_OBJECT (self, "%" GST_PTR_FORMAT, s);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), s));
  g_free (stream_id);
}

/* Audio of a live source: lets it through, or leaves out whole windows. */
static GstPadProbeReturn
gate_buffer (GstAsdDetect * self, GstPad * pad, GstPadProbeInfo * info)
{
  GstAsdGate *gate = &self->gate;
  GstAsdGrid *grid = &gate->grid;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstClockTime window = gst_asd_detect_update_windows (self, grid);
  guint64 n = gst_asd_grid_enter (grid, buffer);
  guint64 length = gst_util_uint64_scale (window, grid->rate, GST_SECOND);

  if (grid->count == 0) {
    gate->leaking = FALSE;
    gate->end = 0;
  }
  if (!gate->leaking && (grid->count == 0 || grid->count >= gate->end +
          gst_util_uint64_scale (SLACK, grid->rate, GST_SECOND))) {
    gate->leaking = is_behind (self, window);
    gate->leaked = grid->count - gate->end;
    if (!gate->leaking)
      gate->end = gst_asd_grid_end_after (grid, grid->count);
  }
  while (gate->leaking && gate->leaked >= length) {
    gate->leaked -= length;
    report_overrun (self, pad, grid->next_time -
        gst_util_uint64_scale (gate->leaked, GST_SECOND, grid->rate), window);
    if (is_behind (self, window))
      continue;
    gate->leaking = FALSE;
    gst_asd_grid_reset (grid);
    gate->end = gst_asd_grid_end_after (grid, 0);
    buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    GST_PAD_PROBE_INFO_DATA (info) = buffer;
  }
  gst_asd_grid_advance (grid, n);
  if (!gate->leaking)
    return GST_PAD_PROBE_OK;
  gate->leaked += n;
  return GST_PAD_PROBE_DROP;
}

/* The branch hangs on the stream without a say in it: it takes any format, and
 * nobody waits for it to drain. */
static GstPadProbeReturn
answer_query (GstQuery * query)
{
  GstCaps *caps, *filter, *result;

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_CAPS:
      gst_query_parse_caps (query, &filter);
      caps = gst_caps_from_string (GST_ASD_DETECT_CAPS);
      result = filter != NULL ? gst_caps_intersect_full (filter, caps,
          GST_CAPS_INTERSECT_FIRST) : gst_caps_ref (caps);
      gst_query_set_caps_result (query, result);
      gst_caps_unref (result);
      gst_caps_unref (caps);
      return GST_PAD_PROBE_HANDLED;
    case GST_QUERY_ACCEPT_CAPS:
      gst_query_set_accept_caps_result (query, TRUE);
      return GST_PAD_PROBE_HANDLED;
    default:
      return GST_PAD_PROBE_DROP;
  }
}

static void
enter_event (GstAsdDetect * self, GstEvent * event)
{
  GstAudioInfo info;
  GstBuffer *score;
  GstCaps *caps;

  if (gst_asd_grid_is_break (event))
    gst_asd_grid_reset (&self->gate.grid);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      if (gst_audio_info_from_caps (&info, caps))
        gst_asd_grid_set_format (&self->gate.grid, &info);
      break;
    case GST_EVENT_STREAM_START:
      gst_asd_detect_set_flag (self, &self->ended, FALSE);
      break;
    case GST_EVENT_FLUSH_START:
      /* Before the queue waits for its thread, which may wait for us. */
      gst_asd_detect_set_flag (self, &self->flushing, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      score = gst_asd_detect_take_score (self);
      gst_clear_buffer (&score);
      gst_asd_detect_set_flag (self, &self->ended, FALSE);
      gst_asd_detect_set_flag (self, &self->flushing, FALSE);
      break;
    default:
      break;
  }
}

/* Where the branch leaves the stream. */
static GstPadProbeReturn
enter_branch (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstAsdDetect *self = user_data;
  GstAsdGate *gate = &self->gate;

  if (info->type & GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM)
    return info->type & GST_PAD_PROBE_TYPE_PUSH ?
        answer_query (GST_PAD_PROBE_INFO_QUERY (info)) : GST_PAD_PROBE_OK;
  if (info->type & GST_PAD_PROBE_TYPE_EVENT_UPSTREAM)
    return GST_PAD_PROBE_DROP;
  if (info->type & GST_PAD_PROBE_TYPE_EVENT_BOTH) {
    enter_event (self, GST_PAD_PROBE_INFO_EVENT (info));
    return GST_PAD_PROBE_OK;
  }
  if (!gate->live_known) {
    gate->live = is_live (self, pad);
    gate->live_known = TRUE;
  }
  return gate->live ? gate_buffer (self, pad, info) : GST_PAD_PROBE_OK;
}

/* The audio on its way out. The branch has had it before. */
static GstPadProbeReturn
leave (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstAsdDetect *self = user_data;
  GstBuffer *buffer, *score;

  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
    if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS)
      gst_asd_detect_wait_for_end (self);
    return GST_PAD_PROBE_OK;
  }
  score = gst_asd_detect_take_score (self);
  if (score != NULL) {
    buffer = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
    gst_asd_buffer_add_score (buffer, gst_asd_buffer_get_score (score));
    GST_PAD_PROBE_INFO_DATA (info) = buffer;
    gst_buffer_unref (score);
  }
  return GST_PAD_PROBE_OK;
}

/* The pads of a tee know lists, the probes do not. */
static GstFlowReturn
chain_list (GstPad * pad, GstObject * parent, GstBufferList * list)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint i;

  for (i = 0; i < gst_buffer_list_length (list) && ret == GST_FLOW_OK; i++)
    ret = gst_proxy_pad_chain_default (pad, parent,
        gst_buffer_ref (gst_buffer_list_get (list, i)));
  gst_buffer_list_unref (list);
  return ret;
}

/* The branch first: it has all before the audio goes on. */
void
gst_asd_detect_add_pads (GstAsdDetect * self)
{
  GstPad *tee_sink = gst_element_get_static_pad (self->tee, "sink");
  GstPad *branch = gst_element_request_pad_simple (self->tee, "src_%u");
  GstPad *audio = gst_element_request_pad_simple (self->tee, "src_%u");
  GstPad *queue_sink = gst_element_get_static_pad (self->queue, "sink");
  GstPad *queue_src = gst_element_get_static_pad (self->queue, "src");
  GstElementClass *klass = GST_ELEMENT_GET_CLASS (self);
  GstPad *sink = gst_ghost_pad_new_from_template ("sink", tee_sink,
      gst_element_class_get_pad_template (klass, "sink"));

  gst_pad_set_chain_list_function (sink, chain_list);
  gst_element_add_pad (GST_ELEMENT (self), sink);
  gst_element_add_pad (GST_ELEMENT (self),
      gst_ghost_pad_new_from_template ("src", audio,
          gst_element_class_get_pad_template (klass, "src")));
  gst_pad_link (branch, queue_sink);

  gst_pad_add_probe (branch, GST_PAD_PROBE_TYPE_BUFFER |
      GST_PAD_PROBE_TYPE_EVENT_BOTH | GST_PAD_PROBE_TYPE_EVENT_FLUSH |
      GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, enter_branch, self, NULL);
  gst_pad_add_probe (audio, GST_PAD_PROBE_TYPE_BUFFER |
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, leave, self, NULL);
  gst_pad_add_probe (queue_src, GST_PAD_PROBE_TYPE_BUFFER,
      gst_asd_detect_leave_queue, self, NULL);
  gst_object_unref (tee_sink);
  gst_object_unref (branch);
  gst_object_unref (audio);
  gst_object_unref (queue_sink);
  gst_object_unref (queue_src);
}
