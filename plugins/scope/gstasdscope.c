/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdscope
 * @title: asdscope
 *
 * Draws sound and scores as video: a spectrogram with frequency and time axes,
 * below it the trace of the scores with the threshold, and what was anomalous
 * hatched. What is on the picture depends on the input:
 *
 * - audio: its log-mel energies (up to 128 bands, channels are averaged), and
 *   the scores that it carries as the meta asd-score, as asddetect attaches it;
 * - features: their frames, one row for each value, values of modspec in dB. The
 *   axis of log-mel features is in Hz, taken to be on Slaney's scale from 0 to
 *   half the rate, which is asdlogmel's default. Of windows that overlap, each is
 *   drawn where it is new;
 * - scores: their trace.
 *
 * By default the picture scrolls and shows the last 30 s. With span=0 it shows
 * everything since the stream began, in bounded memory. Scores far apart are
 * drawn on an axis that is like a logarithm. Stretches without input are grey.
 *
 * A picture stands for 1 / framerate of running time and shows all up to its
 * end; at EOS comes a last one if anything is new since. With the caps
 * framerate=0/1 that is the only one: a still of the whole stream. Missing
 * stretches above one second give no pictures. Pictures that would be late
 * (QoS) are left out, the last one never.
 *
 * Latency: the duration of one picture.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=motor.wav ! wavparse ! audioconvert ! asdscope span=0 ! video/x-raw,width=1280,height=720,framerate=0/1 ! videoconvert ! pngenc ! filesink location=motor.png
 * gst-launch-1.0 asdtestsrc machine=fan num-buffers=100 ! audioconvert ! asdmodspec window=1000000000 ! asdscope ! video/x-raw,width=640,height=360,framerate=5/1 ! videoconvert ! pngenc ! multifilesink location=modspec.png
 * # not run: needs a display
 * gst-launch-1.0 asdtestsrc machine=valve is-live=true ! audioconvert ! asdscope ! videoconvert ! ximagesink
 * ]|
 */

#include "gstasdscope.h"
#include "../elements.h"

#include <gst/audio/audio.h>

GST_DEBUG_CATEGORY (gst_asd_scope_debug);
#define GST_CAT_DEFAULT gst_asd_scope_debug

#define DEFAULT_SPAN (30 * GST_SECOND)

#define DEFAULT_WIDTH 1280
#define DEFAULT_HEIGHT 720
#define DEFAULT_FPS 10

/* A missing stretch up to this is played through. */
#define MAX_GAP GST_SECOND

enum
{
  PROP_0,
  PROP_SPAN,
};

#define SINK_CAPS "audio/x-raw, format = (string) " GST_AUDIO_NE (F32) \
    ", layout = (string) interleaved, rate = (int) [ 1000, 192000 ], " \
    "channels = (int) [ 1, 64 ]; " GST_ASD_FEATURES_CAPS "; " \
    GST_ASD_SCORE_CAPS

/* cairo's pixels are numbers of the machine. */
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define FORMATS "{ BGRx, BGRA }"
#else
#define FORMATS "{ xRGB, ARGB }"
#endif
#define SRC_CAPS "video/x-raw, format = (string) " FORMATS \
    ", width = (int) [ 160, 8192 ], height = (int) [ 90, 8192 ], " \
    "framerate = (fraction) [ 0/1, 240/1 ]"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (SINK_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (SRC_CAPS));

#define gst_asd_scope_parent_class parent_class
G_DEFINE_TYPE_WITH_CODE (GstAsdScope, gst_asd_scope, GST_TYPE_BASE_TRANSFORM,
    GST_DEBUG_CATEGORY_INIT (gst_asd_scope_debug, "asdscope", 0,
        "pictures of sound and scores"));
GST_ELEMENT_REGISTER_DEFINE (asdscope, "asdscope", GST_RANK_NONE,
    GST_TYPE_ASD_SCOPE);

/* For flush, start and stop. */
static void
reset_stream (GstAsdScope * self)
{
  GstClockTime span;

  GST_OBJECT_LOCK (self);
  span = self->span;
  self->earliest = 0;
  GST_OBJECT_UNLOCK (self);
  scope_history_reset (self->history, span);
  gst_asd_scope_reset_input (self);
  self->first = GST_CLOCK_TIME_NONE;
  self->n_pictures = 0;
  self->time = 0;
  self->changed = FALSE;
}

/* Pictures */

static GstBuffer *
acquire_picture (GstAsdScope * self)
{
  GstBufferPool *pool =
      gst_base_transform_get_buffer_pool (GST_BASE_TRANSFORM (self));
  GstBuffer *buffer = NULL;

  if (pool != NULL && gst_buffer_pool_set_active (pool, TRUE))
    gst_buffer_pool_acquire_buffer (pool, &buffer, NULL);
  gst_clear_object (&pool);
  return buffer;
}

static gboolean
draw (GstAsdScope * self, GstBuffer * buffer)
{
  GstVideoFrame frame;
  gboolean ok;

  if (!gst_video_frame_map (&frame, &self->video, buffer, GST_MAP_WRITE))
    return FALSE;
  ok = scope_painter_draw (self->painter, self->history,
      GST_VIDEO_FRAME_PLANE_DATA (&frame, 0), GST_VIDEO_FRAME_WIDTH (&frame),
      GST_VIDEO_FRAME_HEIGHT (&frame), GST_VIDEO_FRAME_PLANE_STRIDE (&frame,
          0));
  gst_video_frame_unmap (&frame);
  return ok;
}

/* When a picture begins, in running time. */
static GstClockTime
picture_time (GstAsdScope * self, guint64 i)
{
  return self->first + gst_util_uint64_scale (i, GST_SECOND *
      GST_VIDEO_INFO_FPS_D (&self->video), GST_VIDEO_INFO_FPS_N (&self->video));
}

static gboolean
is_still (GstAsdScope * self)
{
  return GST_VIDEO_INFO_FPS_N (&self->video) == 0;
}

/* Sends the history as the picture of [from, to) in running time. */
static GstFlowReturn
push_picture (GstAsdScope * self, GstClockTime from, GstClockTime to)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  GstBuffer *buffer = acquire_picture (self);
  guint64 pts;

  if (buffer == NULL)
    return GST_PAD_IS_FLUSHING (trans->srcpad) ? GST_FLOW_FLUSHING :
        GST_FLOW_NOT_NEGOTIATED;
  if (!draw (self, buffer)) {
    GST_ELEMENT_ERROR (self, RESOURCE, FAILED,
        ("A picture of %d x %d cannot be drawn: ask for a smaller one",
            GST_VIDEO_INFO_WIDTH (&self->video),
            GST_VIDEO_INFO_HEIGHT (&self->video)), (NULL));
    gst_buffer_unref (buffer);
    return GST_FLOW_ERROR;
  }
  pts = gst_segment_position_from_running_time (&trans->segment,
      GST_FORMAT_TIME, from);
  /* The first of a new segment may begin a little before it. */
  if (!GST_CLOCK_TIME_IS_VALID (pts))
    pts = trans->segment.start;
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = to - from;
  self->changed = FALSE;
  return gst_pad_push (trans->srcpad, buffer);
}

static gboolean
is_late (GstAsdScope * self, GstClockTime from)
{
  gboolean late;

  GST_OBJECT_LOCK (self);
  late = from < self->earliest;
  GST_OBJECT_UNLOCK (self);
  if (late)
    GST_DEBUG_OBJECT (self, "late: %" GST_TIME_FORMAT, GST_TIME_ARGS (from));
  return late;
}

void
gst_asd_scope_begin (GstAsdScope * self, GstClockTime time)
{
  if (!GST_CLOCK_TIME_IS_VALID (self->first)) {
    self->first = self->time = time;
    scope_history_advance (self->history, time);
  } else if (time > self->time + MAX_GAP && !is_still (self)) {
    self->n_pictures = gst_util_uint64_scale (time - self->first,
        GST_VIDEO_INFO_FPS_N (&self->video),
        GST_SECOND * GST_VIDEO_INFO_FPS_D (&self->video));
    self->time = time;
    scope_history_advance (self->history, time);
  }
}

GstFlowReturn
gst_asd_scope_advance (GstAsdScope * self, GstClockTime to)
{
  GstFlowReturn flow = GST_FLOW_OK;

  if (to <= self->time)
    return GST_FLOW_OK;
  self->changed = TRUE;
  while (!is_still (self) && flow == GST_FLOW_OK) {
    GstClockTime from = picture_time (self, self->n_pictures);
    GstClockTime end = picture_time (self, self->n_pictures + 1);

    if (end > to)
      break;
    scope_history_advance (self->history, end);
    self->n_pictures++;
    if (!is_late (self, from))
      flow = push_picture (self, from, end);
    self->changed = end < to || self->changed;
  }
  self->time = to;
  scope_history_advance (self->history, to);
  return flow;
}

static GstFlowReturn
push_last_picture (GstAsdScope * self)
{
  if (!GST_CLOCK_TIME_IS_VALID (self->first) || !self->changed)
    return GST_FLOW_OK;
  if (is_still (self))
    return push_picture (self, self->first, self->time);
  return push_picture (self, picture_time (self, self->n_pictures),
      picture_time (self, self->n_pictures + 1));
}

/* Negotiation */

static gboolean
gst_asd_scope_set_caps (GstBaseTransform * trans, GstCaps * incaps,
    GstCaps * outcaps)
{
  GstAsdScope *self = GST_ASD_SCOPE (trans);
  GstVideoInfo video;

  if (!gst_video_info_from_caps (&video, outcaps))
    return FALSE;
  if (GST_CLOCK_TIME_IS_VALID (self->first)) {
    /* Another rate of pictures counts them anew. */
    if (GST_VIDEO_INFO_FPS_N (&video) != GST_VIDEO_INFO_FPS_N (&self->video)
        || GST_VIDEO_INFO_FPS_D (&video) != GST_VIDEO_INFO_FPS_D (&self->video)) {
      self->first = self->time;
      self->n_pictures = 0;
    }
  }
  self->video = video;
  if (self->incaps != NULL && gst_caps_is_equal (self->incaps, incaps))
    return TRUE;
  gst_caps_replace (&self->incaps, incaps);
  return gst_asd_scope_set_input (self, incaps);
}

static GstCaps *
gst_asd_scope_transform_caps (GstBaseTransform * trans,
    GstPadDirection direction, GstCaps * caps, GstCaps * filter)
{
  GstCaps *all = gst_static_pad_template_get_caps (direction == GST_PAD_SINK ?
      &src_template : &sink_template);
  GstCaps *result;

  if (filter == NULL)
    return all;
  result = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (all);
  return result;
}

static GstCaps *
gst_asd_scope_fixate_caps (GstBaseTransform * trans, GstPadDirection direction,
    GstCaps * caps, GstCaps * othercaps)
{
  GstStructure *s;

  othercaps = gst_caps_make_writable (gst_caps_truncate (othercaps));
  if (direction == GST_PAD_SINK && !gst_caps_is_empty (othercaps)) {
    s = gst_caps_get_structure (othercaps, 0);
    gst_structure_fixate_field_nearest_int (s, "width", DEFAULT_WIDTH);
    gst_structure_fixate_field_nearest_int (s, "height", DEFAULT_HEIGHT);
    gst_structure_fixate_field_nearest_fraction (s, "framerate", DEFAULT_FPS,
        1);
    if (gst_structure_has_field (s, "pixel-aspect-ratio"))
      gst_structure_fixate_field_nearest_fraction (s, "pixel-aspect-ratio", 1,
          1);
  }
  return gst_caps_fixate (othercaps);
}

/* Downstream's pool, or one of our own. */
static gboolean
gst_asd_scope_decide_allocation (GstBaseTransform * trans, GstQuery * query)
{
  GstBufferPool *pool = NULL;
  guint size = 0, min = 0, max = 0;
  GstStructure *config;
  GstVideoInfo info;
  gboolean offered;
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, NULL);
  if (caps == NULL || !gst_video_info_from_caps (&info, caps))
    return FALSE;
  offered = gst_query_get_n_allocation_pools (query) > 0;
  if (offered)
    gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, &min, &max);
  size = MAX (size, GST_VIDEO_INFO_SIZE (&info));
  if (pool == NULL)
    pool = gst_video_buffer_pool_new ();
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_set_params (config, caps, size, min, max);
  if (gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL))
    gst_buffer_pool_config_add_option (config,
        GST_BUFFER_POOL_OPTION_VIDEO_META);
  if (!gst_buffer_pool_set_config (pool, config)) {
    gst_object_unref (pool);
    return FALSE;
  }
  if (offered)
    gst_query_set_nth_allocation_pool (query, 0, pool, size, min, max);
  else
    gst_query_add_allocation_pool (query, pool, size, min, max);
  gst_object_unref (pool);
  return TRUE;
}

/* Streaming */

/* Pushes the pictures itself: any number of them. */
static GstFlowReturn
gst_asd_scope_generate_output (GstBaseTransform * trans, GstBuffer ** output)
{
  GstBuffer *buffer = g_steal_pointer (&trans->queued_buf);
  GstFlowReturn flow;

  *output = NULL;
  if (buffer == NULL)
    return GST_FLOW_OK;
  flow = gst_asd_scope_take_buffer (GST_ASD_SCOPE (trans), buffer);
  gst_buffer_unref (buffer);
  return flow;
}

/* The base class lets buffers pass where there is none. */
static GstFlowReturn
gst_asd_scope_transform (GstBaseTransform * trans, GstBuffer * input,
    GstBuffer * output)
{
  g_return_val_if_reached (GST_FLOW_ERROR);
}

/* What follows says that the input is complete up to here. */
static void
drain (GstAsdScope * self)
{
  gst_asd_scope_finish_input (self);
  push_last_picture (self);
}

static void
take_gap (GstAsdScope * self, GstEvent * event)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  GstClockTime time, duration;

  gst_event_parse_gap (event, &time, &duration);
  time = gst_segment_to_running_time (&trans->segment, GST_FORMAT_TIME, time);
  if (!GST_CLOCK_TIME_IS_VALID (time)
      || !GST_CLOCK_TIME_IS_VALID (self->first))
    return;
  gst_asd_scope_finish_input (self);
  gst_asd_scope_begin (self, time);
  if (GST_CLOCK_TIME_IS_VALID (duration) && duration <= MAX_GAP)
    gst_asd_scope_advance (self, time + duration);
}

static gboolean
gst_asd_scope_sink_event (GstBaseTransform * trans, GstEvent * event)
{
  GstAsdScope *self = GST_ASD_SCOPE (trans);
  const GstSegment *segment;
  GstSegment in_time;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_SEGMENT:
      gst_event_parse_segment (event, &segment);
      if (segment->format == GST_FORMAT_TIME)
        break;
      /* Pictures have times even where the input has none. */
      gst_event_unref (event);
      gst_segment_init (&in_time, GST_FORMAT_TIME);
      event = gst_event_new_segment (&in_time);
      break;
    case GST_EVENT_GAP:
      take_gap (self, event);
      break;
    case GST_EVENT_EOS:
      drain (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      reset_stream (self);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (parent_class)->sink_event (trans, event);
}

static gboolean
gst_asd_scope_src_event (GstBaseTransform * trans, GstEvent * event)
{
  GstAsdScope *self = GST_ASD_SCOPE (trans);
  GstClockTimeDiff lateness;
  GstClockTime time;

  if (GST_EVENT_TYPE (event) != GST_EVENT_QOS)
    return GST_BASE_TRANSFORM_CLASS (parent_class)->src_event (trans, event);

  /* It ends here: the input has to come whatever happens to the pictures. */
  gst_event_parse_qos (event, NULL, NULL, &lateness, &time);
  GST_OBJECT_LOCK (self);
  if (!GST_CLOCK_TIME_IS_VALID (time))
    self->earliest = 0;
  else if (lateness > 0)
    self->earliest = time + 2 * lateness;
  else
    self->earliest = time > (GstClockTime) - lateness ? time + lateness : 0;
  GST_OBJECT_UNLOCK (self);
  gst_event_unref (event);
  return TRUE;
}

static gboolean
gst_asd_scope_query (GstBaseTransform * trans, GstPadDirection direction,
    GstQuery * query)
{
  GstClockTime min, max, duration = 0;
  GstVideoInfo video;
  gboolean live;
  GstCaps *caps;

  if (!GST_BASE_TRANSFORM_CLASS (parent_class)->query (trans, direction, query))
    return FALSE;
  if (direction != GST_PAD_SRC || GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return TRUE;
  caps = gst_pad_get_current_caps (trans->srcpad);
  if (caps != NULL && gst_video_info_from_caps (&video, caps)
      && GST_VIDEO_INFO_FPS_N (&video) > 0)
    duration = gst_util_uint64_scale (GST_SECOND, GST_VIDEO_INFO_FPS_D (&video),
        GST_VIDEO_INFO_FPS_N (&video));
  gst_clear_caps (&caps);
  gst_query_parse_latency (query, &live, &min, &max);
  if (GST_CLOCK_TIME_IS_VALID (max))
    max += duration;
  gst_query_set_latency (query, live, min + duration, max);
  return TRUE;
}

static gboolean
gst_asd_scope_start (GstBaseTransform * trans)
{
  GstAsdScope *self = GST_ASD_SCOPE (trans);

  self->history = scope_history_new ();
  self->painter = scope_painter_new ();
  reset_stream (self);
  return TRUE;
}

static gboolean
gst_asd_scope_stop (GstBaseTransform * trans)
{
  GstAsdScope *self = GST_ASD_SCOPE (trans);

  gst_asd_scope_free_input (self);
  gst_caps_replace (&self->incaps, NULL);
  g_clear_pointer (&self->history, scope_history_free);
  g_clear_pointer (&self->painter, scope_painter_free);
  return TRUE;
}

static void
gst_asd_scope_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstAsdScope *self = GST_ASD_SCOPE (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_SPAN)
    self->span = g_value_get_uint64 (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_scope_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdScope *self = GST_ASD_SCOPE (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_SPAN)
    g_value_set_uint64 (value, self->span);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_scope_class_init (GstAsdScopeClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_asd_scope_set_property;
  object_class->get_property = gst_asd_scope_get_property;
  g_object_class_install_property (object_class, PROP_SPAN,
      g_param_spec_uint64 ("span", "Span",
          "Time in ns that the picture shows, 0.1 s at least, or 0 for all since "
          "the stream began",
          0, GST_ASD_SCOPE_MAX_SPAN, DEFAULT_SPAN, G_PARAM_READWRITE |
          G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Scope",
      "Visualization", "Draws sound, features and scores as video", "gst-asd");

  trans_class->transform_caps = gst_asd_scope_transform_caps;
  trans_class->fixate_caps = gst_asd_scope_fixate_caps;
  trans_class->set_caps = gst_asd_scope_set_caps;
  trans_class->decide_allocation = gst_asd_scope_decide_allocation;
  trans_class->transform = gst_asd_scope_transform;
  trans_class->generate_output = gst_asd_scope_generate_output;
  trans_class->sink_event = gst_asd_scope_sink_event;
  trans_class->src_event = gst_asd_scope_src_event;
  trans_class->query = gst_asd_scope_query;
  trans_class->start = gst_asd_scope_start;
  trans_class->stop = gst_asd_scope_stop;
}

static void
gst_asd_scope_init (GstAsdScope * self)
{
  self->span = DEFAULT_SPAN;
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
}
