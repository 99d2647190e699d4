/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdnpyenc
 * @title: asdnpyenc
 *
 * Writes features as one NumPy .npy file: float32 in C order, [windows, rows,
 * columns] when every window has one frame, else [windows, frames, rows,
 * columns]. The windows of all clips follow each other. NaN stays NaN.
 *
 * The header has 128 bytes and is written again at the end of the stream, when
 * the number of windows is known. Downstream must therefore be able to seek in
 * bytes, as filesink can. A stream without a window gives a file of shape
 * (0, rows, columns) and a warning.
 *
 * An array needs the same number of frames in every window. For clips of
 * different length set the extractor's window, or pool the frames with
 * asdpool.
 *
 * Latency: none.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdtestsrc machine=fan num-buffers=500 ! audioconvert ! asdmodspec interval=2000000000 window=2000000000 ! asdnpyenc ! filesink location=fan.npy
 * gst-launch-1.0 filesrc location=fan.npy ! asdnpydec ! asdnpyenc ! filesink location=copy.npy
 * ]|
 */

#include "../elements.h"

#include <asd/npy.h>
#include <gst/asd/asd.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_npy_enc_debug);
#define GST_CAT_DEFAULT gst_asd_npy_enc_debug

#define GST_TYPE_ASD_NPY_ENC (gst_asd_npy_enc_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdNpyEnc, gst_asd_npy_enc, GST, ASD_NPY_ENC,
    GstElement);

/* All in the streaming thread. */
struct _GstAsdNpyEnc
{
  GstElement parent;

  GstPad *sinkpad;
  GstPad *srcpad;

  GstAsdFeatureInfo info;       /* rows = 0 until caps arrive */
  gboolean stream_started;
  gboolean header_written;
  gsize n_windows;
  gsize n_frames;               /* in each window, 0 until one arrives */
  guint64 offset;               /* bytes written */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("application/x-npy"));

#define gst_asd_npy_enc_parent_class parent_class
G_DEFINE_TYPE_WITH_CODE (GstAsdNpyEnc, gst_asd_npy_enc, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (gst_asd_npy_enc_debug, "asdnpyenc", 0,
        "features to .npy"));
GST_ELEMENT_REGISTER_DEFINE (asdnpyenc, "asdnpyenc", GST_RANK_NONE,
    GST_TYPE_ASD_NPY_ENC);

static void
reset (GstAsdNpyEnc * self)
{
  self->header_written = FALSE;
  self->n_windows = self->n_frames = 0;
  self->offset = 0;
}

static gboolean
downstream_can_seek (GstAsdNpyEnc * self)
{
  g_autoptr (GstQuery) query = gst_query_new_seeking (GST_FORMAT_BYTES);
  gboolean seekable = FALSE;

  if (gst_pad_peer_query (self->srcpad, query))
    gst_query_parse_seeking (query, NULL, &seekable, NULL, NULL);
  return seekable;
}

/* A segment from byte 0 makes the sink go there. */
static GstFlowReturn
push_header (GstAsdNpyEnc * self)
{
  gsize shape[4];
  gsize n_dims = 0;
  guint8 header[ASD_NPY_HEADER_SIZE];
  GstSegment segment;
  GstBuffer *buffer;

  shape[n_dims++] = self->n_windows;
  if (self->n_frames > 1)
    shape[n_dims++] = self->n_frames;
  shape[n_dims++] = self->info.rows;
  shape[n_dims++] = self->info.columns;
  if (!asd_npy_format_header (ASD_NPY_F32, n_dims, shape, header)) {
    GST_ELEMENT_ERROR (self, STREAM, ENCODE, (NULL),
        ("four sizes do not fit the header"));
    return GST_FLOW_ERROR;
  }

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_pad_push_event (self->srcpad, gst_event_new_segment (&segment));
  buffer = gst_buffer_new_memdup (header, sizeof (header));
  GST_BUFFER_OFFSET (buffer) = 0;
  GST_BUFFER_OFFSET_END (buffer) = sizeof (header);
  return gst_pad_push (self->srcpad, buffer);
}

/* Everything before the first window. */
static GstFlowReturn
begin_file (GstAsdNpyEnc * self)
{
  g_autoptr (GstCaps) caps = gst_static_pad_template_get_caps (&src_template);

  gst_pad_push_event (self->srcpad, gst_event_new_caps (caps));
  if (!downstream_can_seek (self)) {
    GST_ELEMENT_ERROR (self, STREAM, MUX,
        ("asdnpyenc writes the number of windows into the header at the end, "
            "and what follows it cannot seek: put filesink after asdnpyenc"),
        (NULL));
    return GST_FLOW_ERROR;
  }
  self->header_written = TRUE;
  self->offset = ASD_NPY_HEADER_SIZE;
  return push_header (self);
}

/* TRUE where a window of @size bytes fits in the array. */
static gboolean
check_window (GstAsdNpyEnc * self, gsize size)
{
  gsize frame_size =
      gst_asd_feature_info_frame_size (&self->info) * sizeof (gfloat);
  gsize n_frames = size / frame_size;
  g_autofree gchar *features = gst_asd_feature_info_describe (&self->info);

  if (n_frames == 0 || size % frame_size != 0) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Window %" G_GSIZE_FORMAT " has %" G_GSIZE_FORMAT " bytes, which are "
            "no whole frames of %s (%" G_GSIZE_FORMAT " bytes each): check "
            "the element before asdnpyenc", self->n_windows, size, features,
            frame_size), (NULL));
    return FALSE;
  }
  if (self->n_frames == 0)
    self->n_frames = n_frames;
  if (self->n_frames != n_frames) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("Window %" G_GSIZE_FORMAT " has %" G_GSIZE_FORMAT " frames of %s, the "
            "windows before it have %" G_GSIZE_FORMAT ", and an array has one "
            "shape: set the extractor's window, or put asdpool before "
            "asdnpyenc", self->n_windows, n_frames, features, self->n_frames),
        (NULL));
    return FALSE;
  }
  return TRUE;
}

static GstFlowReturn
gst_asd_npy_enc_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstAsdNpyEnc *self = GST_ASD_NPY_ENC (parent);
  gsize size = gst_buffer_get_size (buffer);
  GstFlowReturn flow = GST_FLOW_OK;

  if (self->info.rows == 0) {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  if (!check_window (self, size)) {
    gst_buffer_unref (buffer);
    return GST_FLOW_ERROR;
  }
  if (!self->header_written)
    flow = begin_file (self);
  if (flow != GST_FLOW_OK) {
    gst_buffer_unref (buffer);
    return flow;
  }

  /* A piece of a file: no times. */
  buffer = gst_buffer_make_writable (buffer);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_OFFSET (buffer) = self->offset;
  self->offset += size;
  GST_BUFFER_OFFSET_END (buffer) = self->offset;
  self->n_windows++;
  return gst_pad_push (self->srcpad, buffer);
}

static gboolean
set_caps (GstAsdNpyEnc * self, GstCaps * caps)
{
  g_autofree gchar *before = NULL;
  g_autofree gchar *after = NULL;
  GstAsdFeatureInfo info;

  if (!gst_asd_feature_info_from_caps (&info, caps))
    return FALSE;
  if (self->info.rows == 0 || (info.rows == self->info.rows
          && info.columns == self->info.columns)) {
    self->info = info;
    return TRUE;
  }
  before = gst_asd_feature_info_describe (&self->info);
  after = gst_asd_feature_info_describe (&info);
  GST_ELEMENT_ERROR (self, STREAM, FORMAT,
      ("The features change from %s to %s, and an array has one shape: write "
          "them into two files", before, after), (NULL));
  return FALSE;
}

/* FALSE where an error was posted: then the file is not finished, and nothing
 * must look as if it were. */
static gboolean
finish_file (GstAsdNpyEnc * self)
{
  if (self->info.rows == 0) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The stream ended before any features, so the file has no shape: "
            "check that the source gives sound"), (NULL));
    return FALSE;
  }
  if (self->n_windows == 0) {
    g_autofree gchar *features = gst_asd_feature_info_describe (&self->info);

    GST_ELEMENT_WARNING (self, STREAM, ENCODE,
        ("No window of %s came before the end of the stream: the file has 0 "
            "windows; a clip must be as long as one window", features), (NULL));
    return begin_file (self) == GST_FLOW_OK;
  }
  return push_header (self) == GST_FLOW_OK;
}

static gboolean
gst_asd_npy_enc_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstAsdNpyEnc *self = GST_ASD_NPY_ENC (parent);
  GstCaps *caps;
  gboolean ok = TRUE;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      /* All clips go into one file, one stream. */
      if (!self->stream_started) {
        self->stream_started = TRUE;
        return gst_pad_push_event (self->srcpad, event);
      }
      break;
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      ok = set_caps (self, caps);
      break;
    case GST_EVENT_SEGMENT:
    case GST_EVENT_GAP:
    case GST_EVENT_TAG:
      break;
    case GST_EVENT_EOS:
      ok = finish_file (self);
      if (ok)
        return gst_pad_push_event (self->srcpad, event);
      break;
    case GST_EVENT_FLUSH_STOP:
      /* filesink empties its file. */
      reset (self);
      return gst_pad_push_event (self->srcpad, event);
    default:
      return gst_pad_event_default (pad, parent, event);
  }
  gst_event_unref (event);
  return ok;
}

static GstStateChangeReturn
gst_asd_npy_enc_change_state (GstElement * element, GstStateChange transition)
{
  GstAsdNpyEnc *self = GST_ASD_NPY_ENC (element);
  GstStateChangeReturn ret =
      GST_ELEMENT_CLASS (parent_class)->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    reset (self);
    self->stream_started = FALSE;
    self->info.rows = 0;
  }
  return ret;
}

static void
gst_asd_npy_enc_class_init (GstAsdNpyEncClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  element_class->change_state = gst_asd_npy_enc_change_state;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "NumPy writer",
      "Codec/Encoder", "Writes features as a NumPy .npy file", "gst-asd");
}

static void
gst_asd_npy_enc_init (GstAsdNpyEnc * self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sinkpad, gst_asd_npy_enc_chain);
  gst_pad_set_event_function (self->sinkpad, gst_asd_npy_enc_event);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);

  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_use_fixed_caps (self->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}
