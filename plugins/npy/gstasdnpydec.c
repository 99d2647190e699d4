/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdnpydec
 * @title: asdnpydec
 *
 * Reads features from a NumPy .npy file, one buffer per window. The array is
 * float32 or float64 (converted) in C order, of shape [windows, columns],
 * [windows, rows, columns] or [windows, frames, rows, columns].
 *
 * A .npy file does not say what its numbers are, so the features are of kind
 * "array" at rate 0, which any model of the same rows and columns accepts.
 * #GstAsdNpyDec:caps tells more.
 *
 * It does not say when its windows were either. Where the caps have a rate and
 * a frame-length, the windows follow each other without a gap and each lasts
 * ((frames - 1) * frame-step + frame-length) / rate; else window i lasts from
 * i to i + 1 seconds. Branches that an ensemble joins thus agree when their
 * files have the same windows.
 *
 * A file that ends before its shape is filled is an error, and no EOS follows,
 * so that nothing is learned from half of it. NaN stays NaN. The element does
 * not seek.
 *
 * Latency: none.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=fan.npy ! asdnpydec ! asdnpyenc ! filesink location=copy.npy
 * gst-launch-1.0 filesrc location=fan.npy ! asdnpydec caps="application/x-asd-features, kind=modspec, rate=16000" ! asdgraphtrain model=fan.asd
 * ]|
 */

#include "../elements.h"

#include <asd/npy.h>
#include <gst/asd/asd.h>
#include <gst/base/gstadapter.h>
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_npy_dec_debug);
#define GST_CAT_DEFAULT gst_asd_npy_dec_debug

enum
{
  PROP_0,
  PROP_CAPS,
};

#define GST_TYPE_ASD_NPY_DEC (gst_asd_npy_dec_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdNpyDec, gst_asd_npy_dec, GST, ASD_NPY_DEC,
    GstElement);

struct _GstAsdNpyDec
{
  GstElement parent;

  GstPad *sinkpad;
  GstPad *srcpad;

  GstCaps *caps;                /* with the object lock */

  /* streaming thread */
  GstAdapter *adapter;
  AsdNpy header;                /* n_dims = 0 until it was read */
  gsize window_values;
  gsize window_size;            /* bytes in the file */
  guint64 window_samples;       /* length of a window ... */
  gint rate;                    /* ... at this rate */
  gsize next;                   /* index of the next window */
  gboolean failed;              /* an error was posted */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("application/x-npy"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

#define gst_asd_npy_dec_parent_class parent_class
G_DEFINE_TYPE_WITH_CODE (GstAsdNpyDec, gst_asd_npy_dec, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (gst_asd_npy_dec_debug, "asdnpydec", 0,
        ".npy to features"));
GST_ELEMENT_REGISTER_DEFINE (asdnpydec, "asdnpydec", GST_RANK_NONE,
    GST_TYPE_ASD_NPY_DEC);

static void
reset (GstAsdNpyDec * self)
{
  gst_adapter_clear (self->adapter);
  memset (&self->header, 0, sizeof (self->header));
  self->next = 0;
  self->failed = FALSE;
}

/* As numpy prints it, for messages. */
static gchar *
describe_shape (const AsdNpy * header)
{
  GString *text = g_string_new ("(");

  for (gsize i = 0; i < header->n_dims; i++)
    g_string_append_printf (text, "%s%" G_GSIZE_FORMAT, i > 0 ? ", " : "",
        header->shape[i]);
  g_string_append (text, header->n_dims == 1 ? ",)" : ")");
  return g_string_free (text, FALSE);
}

/* What the property says, completed with what the file says. */
static GstCaps *
complete_caps (GstAsdNpyDec * self, gsize rows, gsize columns)
{
  GstCaps *caps = NULL;
  GstStructure *s;

  GST_OBJECT_LOCK (self);
  if (self->caps != NULL && gst_caps_get_size (self->caps) == 1)
    caps = gst_caps_copy (self->caps);
  GST_OBJECT_UNLOCK (self);
  if (caps == NULL)
    caps = gst_caps_new_empty_simple (GST_ASD_FEATURES_MEDIA_TYPE);

  s = gst_caps_get_structure (caps, 0);
  if (!gst_structure_has_field (s, "format"))
    gst_structure_set (s, "format", G_TYPE_STRING, "F32LE", NULL);
  if (!gst_structure_has_field (s, "kind"))
    gst_structure_set (s, "kind", G_TYPE_STRING, "array", NULL);
  if (!gst_structure_has_field (s, "rows"))
    gst_structure_set (s, "rows", G_TYPE_INT, (gint) rows, NULL);
  if (!gst_structure_has_field (s, "columns"))
    gst_structure_set (s, "columns", G_TYPE_INT, (gint) columns, NULL);
  return caps;
}

/* Sizes the windows; FALSE with an error posted. */
static gboolean
setup (GstAsdNpyDec * self)
{
  const AsdNpy *header = &self->header;
  g_autofree gchar *shape = describe_shape (header);
  g_autoptr (GstCaps) partial = NULL;
  g_autoptr (GstCaps) caps = NULL;
  GstAsdFeatureInfo info;
  GstSegment segment;
  gsize rows, columns, n_frames;

  if (header->type != ASD_NPY_F32 && header->type != ASD_NPY_F64)
    goto wrong_type;
  if (header->n_dims < 2 || header->n_dims > 4)
    goto wrong_dims;
  columns = header->shape[header->n_dims - 1];
  rows = header->n_dims > 2 ? header->shape[header->n_dims - 2] : 1;
  n_frames = header->n_dims == 4 ? header->shape[1] : 1;
  if (rows > G_MAXINT / 8 / columns)
    goto too_large;

  partial = complete_caps (self, rows, columns);
  if (!gst_asd_feature_info_from_caps (&info, partial))
    goto no_features;
  if ((gsize) info.rows != rows || (gsize) info.columns != columns)
    goto mismatch;

  self->window_values = n_frames * rows * columns;
  self->window_size = self->window_values * asd_npy_type_size (header->type);
  self->rate = self->window_samples = 1;
  if (info.rate > 0 && info.frame_length > 0) {
    self->rate = info.rate;
    self->window_samples =
        (guint64) (n_frames - 1) * info.frame_step + info.frame_length;
  }
  GST_INFO_OBJECT (self, "shape %s, caps %" GST_PTR_FORMAT, shape, partial);

  caps = gst_asd_feature_info_to_caps (&info);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->srcpad, gst_event_new_caps (caps));
  gst_pad_push_event (self->srcpad, gst_event_new_segment (&segment));
  return TRUE;

wrong_type:
  {
    GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
        ("The .npy file holds integers, features are float32 or float64: "
            "convert it, np.save(path, a.astype('<f4'))"), (NULL));
    return FALSE;
  }
wrong_dims:
  {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The .npy file has the shape %s, features have [windows, columns], "
            "[windows, rows, columns] or [windows, frames, rows, columns]: "
            "reshape it", shape), (NULL));
    return FALSE;
  }
too_large:
  {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The .npy file has the shape %s, whose frames are too large: "
            "put the windows in the first dimension", shape), (NULL));
    return FALSE;
  }
no_features:
  {
    g_autofree gchar *text = gst_caps_to_string (partial);

    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("caps=\"%s\" do not describe features for a .npy file of shape %s: "
            "give application/x-asd-features with kind, rows, columns, rate, "
            "frame-length or frame-step, or no caps", text, shape), (NULL));
    return FALSE;
  }
mismatch:
  {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("caps ask for frames of %dx%d, the .npy file of shape %s has %"
            G_GSIZE_FORMAT "x%" G_GSIZE_FORMAT ": correct caps, or take the "
            "file that belongs to them", info.rows, info.columns, shape,
            rows, columns), (NULL));
    return FALSE;
  }
}

/* FALSE with an error posted; TRUE with n_dims = 0 where more bytes are
 * needed. */
static gboolean
read_header (GstAsdNpyDec * self)
{
  gsize available = gst_adapter_available (self->adapter);
  g_autoptr (GError) error = NULL;
  gssize size;

  size = asd_npy_parse_header (gst_adapter_map (self->adapter, available),
      available, &self->header, &error);
  gst_adapter_unmap (self->adapter);
  if (size == 0)
    return TRUE;
  if (size < 0) {
    GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
        ("This is no .npy file of features: %s", error->message), (NULL));
    return FALSE;
  }
  gst_adapter_flush (self->adapter, size);
  return setup (self);
}

static GstBuffer *
take_window (GstAsdNpyDec * self)
{
  GstBuffer *buffer;
  GstMapInfo map;
  const gdouble *in;
  gfloat *out;

  /* Copied, as upstream's bytes need not be aligned for floats. */
  if (self->header.type == ASD_NPY_F32)
    return gst_buffer_new_wrapped (gst_adapter_take (self->adapter,
            self->window_size), self->window_size);

  buffer = gst_buffer_new_allocate (NULL,
      self->window_values * sizeof (gfloat), NULL);
  in = gst_adapter_map (self->adapter, self->window_size);
  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  out = (gfloat *) map.data;
  for (gsize i = 0; i < self->window_values; i++) {
    gdouble value;

    memcpy (&value, in + i, sizeof (value));
    out[i] = value;
  }
  gst_buffer_unmap (buffer, &map);
  gst_adapter_unmap (self->adapter);
  gst_adapter_flush (self->adapter, self->window_size);
  return buffer;
}

static GstClockTime
window_time (GstAsdNpyDec * self, gsize index)
{
  return gst_util_uint64_scale (index * self->window_samples, GST_SECOND,
      self->rate);
}

static GstFlowReturn
push_window (GstAsdNpyDec * self)
{
  GstBuffer *buffer = take_window (self);
  GstClockTime start = window_time (self, self->next);

  GST_BUFFER_PTS (buffer) = start;
  GST_BUFFER_OFFSET (buffer) = self->next++;
  GST_BUFFER_OFFSET_END (buffer) = self->next;
  GST_BUFFER_DURATION (buffer) = window_time (self, self->next) - start;
  return gst_pad_push (self->srcpad, buffer);
}

static GstFlowReturn
gst_asd_npy_dec_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstAsdNpyDec *self = GST_ASD_NPY_DEC (parent);
  GstFlowReturn flow = GST_FLOW_OK;

  gst_adapter_push (self->adapter, buffer);
  if (self->failed)
    return GST_FLOW_ERROR;
  if (self->header.n_dims == 0 && !read_header (self)) {
    self->failed = TRUE;
    return GST_FLOW_ERROR;
  }
  if (self->header.n_dims == 0)
    return GST_FLOW_OK;

  while (flow == GST_FLOW_OK && self->next < self->header.shape[0]
      && gst_adapter_available (self->adapter) >= self->window_size)
    flow = push_window (self);

  if (flow == GST_FLOW_OK && self->next == self->header.shape[0]
      && gst_adapter_available (self->adapter) > 0) {
    g_autofree gchar *shape = describe_shape (&self->header);

    GST_ELEMENT_ERROR (self, STREAM, DECODE,
        ("The .npy file goes on after the %" G_GSIZE_FORMAT " bytes of its "
            "shape %s: make the file again", self->window_size * self->next,
            shape), (NULL));
    return GST_FLOW_ERROR;
  }
  return flow;
}

/* FALSE with an error posted where the array is not complete. */
static gboolean
check_complete (GstAsdNpyDec * self)
{
  gsize available = gst_adapter_available (self->adapter);
  g_autofree gchar *shape = describe_shape (&self->header);

  if (self->header.n_dims == 0) {
    GST_ELEMENT_ERROR (self, STREAM, DECODE,
        ("The .npy file ends after %" G_GSIZE_FORMAT " bytes, within its "
            "header: make or copy the file again", available), (NULL));
    return FALSE;
  }
  if (self->next == self->header.shape[0])
    return TRUE;
  GST_ELEMENT_ERROR (self, STREAM, DECODE,
      ("The .npy file is truncated: its shape %s needs %" G_GSIZE_FORMAT
          " bytes, it holds %" G_GSIZE_FORMAT ": make or copy the file again",
          shape, self->window_size * self->header.shape[0],
          self->window_size * self->next + available), (NULL));
  return FALSE;
}

static gboolean
gst_asd_npy_dec_sink_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstAsdNpyDec *self = GST_ASD_NPY_DEC (parent);
  gboolean ok = TRUE;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
    case GST_EVENT_SEGMENT:
      /* Those of the features follow the header. */
      break;
    case GST_EVENT_EOS:
      /* Sources send EOS after an error, too. */
      ok = !self->failed && check_complete (self);
      if (ok)
        return gst_pad_push_event (self->srcpad, event);
      break;
    case GST_EVENT_FLUSH_STOP:
      reset (self);
      return gst_pad_push_event (self->srcpad, event);
    default:
      return gst_pad_event_default (pad, parent, event);
  }
  gst_event_unref (event);
  return ok;
}

/* What upstream says of bytes is not true of windows. */
static gboolean
gst_asd_npy_dec_src_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  if (GST_EVENT_TYPE (event) != GST_EVENT_SEEK)
    return gst_pad_event_default (pad, parent, event);
  gst_event_unref (event);
  return FALSE;
}

static gboolean
gst_asd_npy_dec_src_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  GstFormat format;

  if (GST_QUERY_TYPE (query) != GST_QUERY_SEEKING)
    return gst_pad_query_default (pad, parent, query);
  gst_query_parse_seeking (query, &format, NULL, NULL, NULL);
  gst_query_set_seeking (query, format, FALSE, 0, -1);
  return TRUE;
}

static GstStateChangeReturn
gst_asd_npy_dec_change_state (GstElement * element, GstStateChange transition)
{
  GstStateChangeReturn ret =
      GST_ELEMENT_CLASS (parent_class)->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    reset (GST_ASD_NPY_DEC (element));
  return ret;
}

static void
gst_asd_npy_dec_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstAsdNpyDec *self = GST_ASD_NPY_DEC (object);

  switch (id) {
    case PROP_CAPS:
      GST_OBJECT_LOCK (self);
      gst_caps_replace (&self->caps, (GstCaps *) gst_value_get_caps (value));
      GST_OBJECT_UNLOCK (self);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_asd_npy_dec_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdNpyDec *self = GST_ASD_NPY_DEC (object);

  switch (id) {
    case PROP_CAPS:
      GST_OBJECT_LOCK (self);
      gst_value_set_caps (value, self->caps);
      GST_OBJECT_UNLOCK (self);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_asd_npy_dec_finalize (GObject * object)
{
  GstAsdNpyDec *self = GST_ASD_NPY_DEC (object);

  gst_clear_caps (&self->caps);
  g_object_unref (self->adapter);
  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
gst_asd_npy_dec_class_init (GstAsdNpyDecClass * klass)
{
  GObjectClass *gobject_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  gobject_class->set_property = gst_asd_npy_dec_set_property;
  gobject_class->get_property = gst_asd_npy_dec_get_property;
  gobject_class->finalize = gst_asd_npy_dec_finalize;
  /**
   * GstAsdNpyDec:caps:
   *
   * Feature caps; what they leave out comes from the file. rows and columns
   * must be those of the file.
   */
  g_object_class_install_property (gobject_class, PROP_CAPS,
      g_param_spec_boxed ("caps", "Caps",
          "What the features are (NULL = kind array, of the file's shape)",
          GST_TYPE_CAPS, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
          | GST_PARAM_MUTABLE_READY));

  element_class->change_state = gst_asd_npy_dec_change_state;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "NumPy reader",
      "Codec/Decoder", "Reads features from a NumPy .npy file", "gst-asd");
}

static void
gst_asd_npy_dec_init (GstAsdNpyDec * self)
{
  self->adapter = gst_adapter_new ();

  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sinkpad, gst_asd_npy_dec_chain);
  gst_pad_set_event_function (self->sinkpad, gst_asd_npy_dec_sink_event);
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);

  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_event_function (self->srcpad, gst_asd_npy_dec_src_event);
  gst_pad_set_query_function (self->srcpad, gst_asd_npy_dec_src_query);
  gst_pad_use_fixed_caps (self->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}
