/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdwindowfilter.h"
#include "gstasdutils.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_window_filter_debug);
#define GST_CAT_DEFAULT gst_asd_window_filter_debug

#define DEFAULT_WINDOW 0
#define DEFAULT_MAX_WINDOW (600 * GST_SECOND)
#define MAX_WINDOW (3600 * GST_SECOND)

enum
{
  PROP_0,
  PROP_WINDOW,
  PROP_MAX_WINDOW,
  PROP_WINDOWS_DROPPED,
};

typedef struct
{
  GstPad *sinkpad;
  GstPad *srcpad;

  /* properties, under the object lock */
  GstClockTime window;
  GstClockTime max_window;
  guint64 dropped;

  /* streaming thread only */
  GstAsdWindower *windower;
  GstSegment segment;
  GstClockTime active_window;
  GstBufferPool *pool;          /* where all windows give one size */
  GstCaps *incaps;              /* what it is set up for, and ... */
  GstCaps *outcaps;             /* ... what that gives */
  gint rate;
  gboolean check_live;
  gboolean warned_cut;
} GstAsdWindowFilterPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (GstAsdWindowFilter, gst_asd_window_filter,
    GST_TYPE_ELEMENT, G_ADD_PRIVATE (GstAsdWindowFilter);
    GST_DEBUG_CATEGORY_INIT (gst_asd_window_filter_debug, "asdwindowfilter", 0,
        "windows of audio"));

#define GET_PRIVATE(self) gst_asd_window_filter_get_instance_private (self)

void
gst_asd_window_filter_skip_window (GstAsdWindowFilter * self,
    const GstAsdWindow * window, const gchar * format, ...)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  gchar *reason;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  gst_asd_element_skip_window (GST_ELEMENT (self), priv->sinkpad,
      window->timestamp, reason);
  g_free (reason);
}

static void
clear_pool (GstAsdWindowFilter * self)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);

  if (priv->pool != NULL)
    gst_buffer_pool_set_active (priv->pool, FALSE);
  gst_clear_object (&priv->pool);
}

void
gst_asd_window_filter_set_output_size (GstAsdWindowFilter * self,
    GstCaps * caps, gsize size)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  GstStructure *config;

  clear_pool (self);
  priv->pool = gst_buffer_pool_new ();
  config = gst_buffer_pool_get_config (priv->pool);
  gst_buffer_pool_config_set_params (config, caps, size, 0, 0);
  gst_buffer_pool_set_config (priv->pool, config);
  gst_buffer_pool_set_active (priv->pool, TRUE);
}

GstFlowReturn
gst_asd_window_filter_new_buffer (GstAsdWindowFilter * self, gsize size,
    GstBuffer ** buffer)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);

  if (priv->pool != NULL)
    return gst_buffer_pool_acquire_buffer (priv->pool, buffer, NULL);
  *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  return *buffer != NULL ? GST_FLOW_OK : GST_FLOW_ERROR;
}

static GstFlowReturn
handle_window (const GstAsdWindow * window, gpointer user_data)
{
  GstAsdWindowFilter *self = user_data;
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  GstFlowReturn ret = GST_FLOW_OK;
  GstBuffer *outbuf = NULL;
  gsize bad;

  if (window->cut && !priv->warned_cut) {
    priv->warned_cut = TRUE;
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("The clip is longer than max-window (%" G_GUINT64_FORMAT " ns) and is "
            "taken in pieces of that length: set window, or raise max-window",
            window->duration), (NULL));
  }

  bad = gst_asd_first_non_finite (window->samples, window->n_samples);
  if (bad < window->n_samples)
    gst_asd_window_filter_skip_window (self, window, "Sample %" G_GSIZE_FORMAT
        " is not a finite number: check the source or the element before %s",
        bad, gst_asd_element_get_label (GST_ELEMENT (self)));
  else
    ret = GST_ASD_WINDOW_FILTER_GET_CLASS (self)->process_window (self, window,
        &outbuf);
  if (ret != GST_FLOW_OK)
    return ret;
  if (outbuf == NULL) {
    gst_pad_push_event (priv->srcpad, gst_event_new_gap (window->timestamp,
            window->duration));
    return GST_FLOW_OK;
  }

  GST_BUFFER_PTS (outbuf) = window->timestamp;
  GST_BUFFER_DURATION (outbuf) = window->duration;
  if (window->discont)
    GST_BUFFER_FLAG_SET (outbuf, GST_BUFFER_FLAG_DISCONT);
  GST_LOG_OBJECT (self, "window of %" G_GSIZE_FORMAT " samples at %"
      GST_TIME_FORMAT, window->n_samples, GST_TIME_ARGS (window->timestamp));
  return gst_pad_push (priv->srcpad, outbuf);
}

static gboolean
is_live (GstAsdWindowFilter * self)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (priv->sinkpad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  return live;
}

static gboolean
set_up (GstAsdWindowFilter * self, GstCaps * caps)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  GstAsdWindowFilterClass *klass = GST_ASD_WINDOW_FILTER_GET_CLASS (self);
  GstClockTime interval, max_window;
  GstCaps *srccaps;
  GstAudioInfo info;
  gint rate;

  priv->rate = 0;
  if (!gst_audio_info_from_caps (&info, caps)) {
    GST_ERROR_OBJECT (self, "not audio caps: %" GST_PTR_FORMAT, caps);
    return FALSE;
  }

  GST_OBJECT_LOCK (self);
  priv->active_window = priv->window;
  max_window = priv->max_window;
  GST_OBJECT_UNLOCK (self);
  interval = klass->get_interval ? klass->get_interval (self) : 0;

  rate = GST_AUDIO_INFO_RATE (&info);
  gst_asd_windower_configure (priv->windower, rate, priv->active_window,
      interval, max_window);
  priv->check_live = priv->active_window == 0;
  clear_pool (self);

  srccaps = klass->set_format (self, caps, rate,
      gst_asd_windower_get_window_samples (priv->windower));
  if (srccaps == NULL)
    return FALSE;
  priv->rate = rate;
  GST_INFO_OBJECT (self, "%d Hz, window %" GST_TIME_FORMAT ": %" GST_PTR_FORMAT,
      priv->rate, GST_TIME_ARGS (priv->active_window), srccaps);
  gst_caps_replace (&priv->incaps, caps);
  gst_caps_take (&priv->outcaps, srccaps);
  return TRUE;
}

/* Each clip brings its caps. Setting up may take longer than a clip does, and
 * no property changes meanwhile. */
static gboolean
set_caps (GstAsdWindowFilter * self, GstCaps * caps)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);

  if ((priv->rate == 0 || !gst_caps_is_equal (caps, priv->incaps))
      && !set_up (self, caps))
    return FALSE;
  return gst_pad_push_event (priv->srcpad, gst_event_new_caps (priv->outcaps));
}

static void
publish_dropped (GstAsdWindowFilter * self)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  guint64 dropped = gst_asd_windower_get_dropped (priv->windower);

  /* Only this thread writes it. */
  if (dropped == priv->dropped)
    return;
  GST_OBJECT_LOCK (self);
  priv->dropped = dropped;
  GST_OBJECT_UNLOCK (self);
}

static void
finish_clip (GstAsdWindowFilter * self)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);

  if (priv->rate == 0)
    return;
  gst_asd_windower_finish (priv->windower);
  publish_dropped (self);
}

static void
reset_stream (GstAsdWindowFilter * self)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);

  gst_asd_windower_reset (priv->windower);
  gst_segment_init (&priv->segment, GST_FORMAT_TIME);
}

static gboolean
set_segment (GstAsdWindowFilter * self, GstEvent * event)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  if (segment->format != GST_FORMAT_TIME) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The audio comes in %s, not in time: put a parser such as "
            "rawaudioparse before %s", gst_format_get_name (segment->format),
            gst_asd_element_get_label (GST_ELEMENT (self))), (NULL));
    return FALSE;
  }
  gst_segment_copy_into (segment, &priv->segment);
  return TRUE;
}

static gboolean
gst_asd_window_filter_sink_event (GstPad * pad, GstObject * parent,
    GstEvent * event)
{
  GstAsdWindowFilter *self = GST_ASD_WINDOW_FILTER (parent);
  gboolean ret;
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      finish_clip (self);
      gst_event_parse_caps (event, &caps);
      ret = set_caps (self, caps);
      gst_event_unref (event);
      return ret;
    case GST_EVENT_SEGMENT:
      finish_clip (self);
      if (!set_segment (self, event)) {
        gst_event_unref (event);
        return FALSE;
      }
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      if (gst_event_has_name (event, "asd-clip"))
        finish_clip (self);
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_GAP:
    case GST_EVENT_EOS:
      finish_clip (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      reset_stream (self);
      break;
    default:
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static GstFlowReturn
gst_asd_window_filter_chain (GstPad * pad, GstObject * parent,
    GstBuffer * buffer)
{
  GstAsdWindowFilter *self = GST_ASD_WINDOW_FILTER (parent);
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  GstFlowReturn ret;

  if (priv->rate == 0) {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  if (priv->check_live) {
    priv->check_live = FALSE;
    if (is_live (self)) {
      gst_buffer_unref (buffer);
      GST_ELEMENT_ERROR (self, STREAM, FAILED,
          ("A live stream has no end, so window=0 (the whole clip) never gives "
              "a result: set the property window, for example "
              "window=10000000000 for 10 s"), (NULL));
      return GST_FLOW_ERROR;
    }
  }

  buffer = gst_audio_buffer_clip (buffer, &priv->segment, priv->rate,
      sizeof (gfloat));
  if (buffer == NULL)
    return GST_FLOW_OK;
  ret = gst_asd_windower_push (priv->windower, buffer);
  publish_dropped (self);
  gst_buffer_unref (buffer);
  return ret;
}

static gboolean
gst_asd_window_filter_src_query (GstAsdWindowFilter * self, GstQuery * query)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  GstClockTime min, max, window;
  gboolean live;

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (priv->srcpad, GST_OBJECT (self), query);
  if (!gst_pad_peer_query (priv->sinkpad, query))
    return FALSE;

  /* A window leaves when its last sample is here and carries the time of its
   * first. */
  GST_OBJECT_LOCK (self);
  window = priv->window;
  GST_OBJECT_UNLOCK (self);
  gst_query_parse_latency (query, &live, &min, &max);
  min += window;
  if (GST_CLOCK_TIME_IS_VALID (max))
    max += window;
  gst_query_set_latency (query, live, min, max);
  return TRUE;
}

static gboolean
src_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  GstAsdWindowFilter *self = GST_ASD_WINDOW_FILTER (parent);

  return GST_ASD_WINDOW_FILTER_GET_CLASS (self)->src_query (self, query);
}

static GstStateChangeReturn
gst_asd_window_filter_change_state (GstElement * element,
    GstStateChange transition)
{
  GstAsdWindowFilter *self = GST_ASD_WINDOW_FILTER (element);
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  GstStateChangeReturn ret;

  ret = GST_ELEMENT_CLASS (gst_asd_window_filter_parent_class)->change_state
      (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    reset_stream (self);
    clear_pool (self);
    gst_clear_caps (&priv->incaps);
    gst_clear_caps (&priv->outcaps);
    priv->rate = 0;
    priv->warned_cut = FALSE;
  }
  return ret;
}

static void
gst_asd_window_filter_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstAsdWindowFilter *self = GST_ASD_WINDOW_FILTER (object);
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_WINDOW:
      priv->window = g_value_get_uint64 (value);
      break;
    case PROP_MAX_WINDOW:
      priv->max_window = g_value_get_uint64 (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_window_filter_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdWindowFilter *self = GST_ASD_WINDOW_FILTER (object);
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_WINDOW:
      g_value_set_uint64 (value, priv->window);
      break;
    case PROP_MAX_WINDOW:
      g_value_set_uint64 (value, priv->max_window);
      break;
    case PROP_WINDOWS_DROPPED:
      g_value_set_uint64 (value, priv->dropped);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_window_filter_constructed (GObject * object)
{
  GstAsdWindowFilter *self = GST_ASD_WINDOW_FILTER (object);
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);
  GstElementClass *klass = GST_ELEMENT_GET_CLASS (self);

  /* The templates are the subclass's, so the pads can be made only here. */
  priv->sinkpad = gst_pad_new_from_template
      (gst_element_class_get_pad_template (klass, "sink"), "sink");
  gst_pad_set_event_function (priv->sinkpad, gst_asd_window_filter_sink_event);
  gst_pad_set_chain_function (priv->sinkpad, gst_asd_window_filter_chain);
  gst_element_add_pad (GST_ELEMENT (self), priv->sinkpad);

  priv->srcpad = gst_pad_new_from_template
      (gst_element_class_get_pad_template (klass, "src"), "src");
  gst_pad_set_query_function (priv->srcpad, src_query);
  gst_pad_use_fixed_caps (priv->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), priv->srcpad);

  G_OBJECT_CLASS (gst_asd_window_filter_parent_class)->constructed (object);
}

static void
gst_asd_window_filter_finalize (GObject * object)
{
  GstAsdWindowFilter *self = GST_ASD_WINDOW_FILTER (object);
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);

  clear_pool (self);
  gst_clear_caps (&priv->incaps);
  gst_clear_caps (&priv->outcaps);
  gst_asd_windower_free (priv->windower);
  G_OBJECT_CLASS (gst_asd_window_filter_parent_class)->finalize (object);
}

static void
gst_asd_window_filter_class_init (GstAsdWindowFilterClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY;

  object_class->set_property = gst_asd_window_filter_set_property;
  object_class->get_property = gst_asd_window_filter_get_property;
  object_class->constructed = gst_asd_window_filter_constructed;
  object_class->finalize = gst_asd_window_filter_finalize;

  g_object_class_install_property (object_class, PROP_WINDOW,
      g_param_spec_uint64 ("window", "Window",
          "Length of a window in ns, 0 for the whole clip",
          0, MAX_WINDOW, DEFAULT_WINDOW, flags));
  g_object_class_install_property (object_class, PROP_MAX_WINDOW,
      g_param_spec_uint64 ("max-window", "Longest window",
          "Longest clip in ns that is taken whole when window is 0",
          GST_MSECOND, MAX_WINDOW, DEFAULT_MAX_WINDOW, flags));
  g_object_class_install_property (object_class, PROP_WINDOWS_DROPPED,
      g_param_spec_uint64 ("windows-dropped", "Windows dropped",
          "Partial windows dropped at the end of a clip or at a gap",
          0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  GST_ELEMENT_CLASS (klass)->change_state = gst_asd_window_filter_change_state;
  klass->src_query = gst_asd_window_filter_src_query;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_WINDOW_FILTER, 0);
}

static void
gst_asd_window_filter_init (GstAsdWindowFilter * self)
{
  GstAsdWindowFilterPrivate *priv = GET_PRIVATE (self);

  priv->window = DEFAULT_WINDOW;
  priv->max_window = DEFAULT_MAX_WINDOW;
  priv->windower = gst_asd_windower_new (handle_window, self);
  gst_segment_init (&priv->segment, GST_FORMAT_TIME);
}
