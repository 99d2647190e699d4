/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdscoreenc
 * @title: asdscoreenc
 *
 * Writes scores as text, one line for each window: a CSV table with a header
 * (file, start and duration in seconds, score, threshold, anomalous), or one
 * JSON object a line with all fields of the score structure. The file is the
 * location tag of the stream, else its stream-id.
 *
 * Latency: none.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! asddenoise model=fan.asd ! asdmodspec ! asdgraph model=fan.asd ! asdscoreenc ! fdsink
 * gst-launch-1.0 asdclipsrc location='test/anomaly*.wav' ! asddenoise model=fan.asd ! asdmodspec ! asdgraph model=fan.asd ! asdscoreenc format=ndjson ! filesink location=scores.ndjson
 * ]|
 */

#include "../elements.h"

#include <gst/asd/asd.h>
#include <gst/base/gstbasetransform.h>
#include <string.h>

typedef enum
{
  FORMAT_CSV,
  FORMAT_NDJSON,
} Format;

#define DEFAULT_FORMAT FORMAT_CSV

enum
{
  PROP_0,
  PROP_FORMAT,
};

#define GST_TYPE_ASD_SCORE_ENC (gst_asd_score_enc_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdScoreEnc, gst_asd_score_enc, GST, ASD_SCORE_ENC,
    GstBaseTransform);

struct _GstAsdScoreEnc
{
  GstBaseTransform parent;

  Format format;                /* under the object lock */

  gchar *location;              /* of the current stream */
  gboolean header_written;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_SCORE_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/csv; application/x-ndjson"));

G_DEFINE_TYPE (GstAsdScoreEnc, gst_asd_score_enc, GST_TYPE_BASE_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (asdscoreenc, "asdscoreenc", GST_RANK_NONE,
    GST_TYPE_ASD_SCORE_ENC);

#define GST_TYPE_ASD_SCORE_ENC_FORMAT (gst_asd_score_enc_format_get_type ())
static GType
gst_asd_score_enc_format_get_type (void)
{
  static const GEnumValue values[] = {
    {FORMAT_CSV, "Comma-separated values with a header", "csv"},
    {FORMAT_NDJSON, "One JSON object a line", "ndjson"},
    {0, NULL, NULL},
  };
  static gsize type = 0;

  if (g_once_init_enter (&type)) {
    GType new_type = g_enum_register_static ("GstAsdScoreEncFormat", values);

    gst_type_mark_as_plugin_api (new_type, 0);
    g_once_init_leave (&type, new_type);
  }
  return type;
}

static Format
get_format (GstAsdScoreEnc * self)
{
  Format format;

  GST_OBJECT_LOCK (self);
  format = self->format;
  GST_OBJECT_UNLOCK (self);
  return format;
}

static GstCaps *
gst_asd_score_enc_transform_caps (GstBaseTransform * trans,
    GstPadDirection direction, GstCaps * caps, GstCaps * filter)
{
  GstAsdScoreEnc *self = GST_ASD_SCORE_ENC (trans);
  GstCaps *all, *result;

  if (direction == GST_PAD_SRC)
    all = gst_static_pad_template_get_caps (&sink_template);
  else if (get_format (self) == FORMAT_CSV)
    all = gst_caps_new_empty_simple ("text/csv");
  else
    all = gst_caps_new_empty_simple ("application/x-ndjson");

  if (filter == NULL)
    return all;
  result = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (all);
  return result;
}

static GstFlowReturn
gst_asd_score_enc_prepare_output_buffer (GstBaseTransform * trans,
    GstBuffer * input, GstBuffer ** output)
{
  GstAsdScoreEnc *self = GST_ASD_SCORE_ENC (trans);
  const GstStructure *score = gst_asd_buffer_get_score (input);
  gchar *line, *text;

  if (score == NULL) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A score without its meta: an element before %s drops metas",
            gst_asd_element_get_label (GST_ELEMENT (self))), (NULL));
    return GST_FLOW_ERROR;
  }

  if (get_format (self) == FORMAT_NDJSON) {
    text = gst_asd_score_to_json (score, self->location);
  } else {
    line = gst_asd_score_to_csv (score, self->location);
    text = g_strconcat (self->header_written ? "" : GST_ASD_SCORE_CSV_HEADER,
        line, NULL);
    g_free (line);
    self->header_written = TRUE;
  }
  *output = gst_buffer_new_wrapped (text, strlen (text));
  gst_buffer_copy_into (*output, input, GST_BUFFER_COPY_FLAGS |
      GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  return GST_FLOW_OK;
}

static GstFlowReturn
gst_asd_score_enc_transform (GstBaseTransform * trans, GstBuffer * inbuf,
    GstBuffer * outbuf)
{
  return GST_FLOW_OK;
}

static gboolean
gst_asd_score_enc_sink_event (GstBaseTransform * trans, GstEvent * event)
{
  GstAsdScoreEnc *self = GST_ASD_SCORE_ENC (trans);
  GstTagList *tags;
  gchar *location;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      g_clear_pointer (&self->location, g_free);
      break;
    case GST_EVENT_TAG:
      gst_event_parse_tag (event, &tags);
      if (gst_tag_list_get_string (tags, GST_TAG_LOCATION, &location)) {
        g_free (self->location);
        self->location = location;
      }
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_asd_score_enc_parent_class)->sink_event
      (trans, event);
}

static gboolean
gst_asd_score_enc_stop (GstBaseTransform * trans)
{
  GstAsdScoreEnc *self = GST_ASD_SCORE_ENC (trans);

  g_clear_pointer (&self->location, g_free);
  self->header_written = FALSE;
  return TRUE;
}

static void
gst_asd_score_enc_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstAsdScoreEnc *self = GST_ASD_SCORE_ENC (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_FORMAT)
    self->format = g_value_get_enum (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_score_enc_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdScoreEnc *self = GST_ASD_SCORE_ENC (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_FORMAT)
    g_value_set_enum (value, self->format);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_score_enc_class_init (GstAsdScoreEncClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_asd_score_enc_set_property;
  object_class->get_property = gst_asd_score_enc_get_property;
  g_object_class_install_property (object_class, PROP_FORMAT,
      g_param_spec_enum ("format", "Format", "What the text is",
          GST_TYPE_ASD_SCORE_ENC_FORMAT, DEFAULT_FORMAT, G_PARAM_READWRITE |
          G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Score writer",
      "Codec/Encoder", "Writes scores as CSV or JSON lines", "gst-asd");

  trans_class->transform_caps = gst_asd_score_enc_transform_caps;
  trans_class->prepare_output_buffer = gst_asd_score_enc_prepare_output_buffer;
  trans_class->transform = gst_asd_score_enc_transform;
  trans_class->sink_event = gst_asd_score_enc_sink_event;
  trans_class->stop = gst_asd_score_enc_stop;
}

static void
gst_asd_score_enc_init (GstAsdScoreEnc * self)
{
  self->format = DEFAULT_FORMAT;
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
}
