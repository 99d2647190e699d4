/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdscorer.h"
#include "gstasdmodel.h"
#include "gstasdscore.h"
#include "gstasdutils.h"

#include <math.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_scorer_debug);
#define GST_CAT_DEFAULT gst_asd_scorer_debug

#define DEFAULT_THRESHOLD NAN
#define DEFAULT_POST_MESSAGES TRUE

enum
{
  PROP_0,
  PROP_MODEL,
  PROP_STAGE,
  PROP_THRESHOLD,
  PROP_POST_MESSAGES,
};

typedef struct
{
  /* properties, under the object lock */
  gchar *model;
  gchar *stage;
  gdouble threshold;
  gboolean post_messages;

  /* from start to stop */
  AsdModelSection *section;
  gdouble model_threshold;

  /* streaming thread only */
  GstAsdFeatureInfo info;
  gdouble *frame;               /* one frame in double precision */
  gchar *stream_id;
} GstAsdScorerPrivate;

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_SCORE_CAPS));

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (GstAsdScorer, gst_asd_scorer,
    GST_TYPE_BASE_TRANSFORM, G_ADD_PRIVATE (GstAsdScorer);
    GST_DEBUG_CATEGORY_INIT (gst_asd_scorer_debug, "asdscorer", 0,
        "scores of windows"));

#define GET_PRIVATE(self) gst_asd_scorer_get_instance_private (self)

const GstAsdFeatureInfo *
gst_asd_scorer_get_info (GstAsdScorer * self)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);

  return &priv->info;
}

static void
unload (GstAsdScorer * self)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);

  GST_ASD_SCORER_GET_CLASS (self)->unload (self);
  gst_asd_section_release (priv->section);
  priv->section = NULL;
}

static gboolean
gst_asd_scorer_start (GstBaseTransform * trans)
{
  GstAsdScorer *self = GST_ASD_SCORER (trans);
  GstAsdScorerClass *klass = GST_ASD_SCORER_GET_CLASS (self);
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);
  GstElement *element = GST_ELEMENT (self);
  gchar *model, *property, *stage;
  GError *error = NULL;

  GST_OBJECT_LOCK (self);
  model = g_strdup (priv->model);
  property = g_strdup (priv->stage);
  GST_OBJECT_UNLOCK (self);
  stage = gst_asd_element_get_stage (element, property);

  priv->section = gst_asd_element_load_section (element, model, stage,
      klass->kind);
  g_free (model);
  g_free (property);
  g_free (stage);
  if (priv->section == NULL)
    return FALSE;

  if (!klass->load (self, priv->section, &error)) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ, ("%s", error->message),
        (NULL));
    g_clear_error (&error);
    unload (self);
    return FALSE;
  }
  priv->model_threshold = NAN;
  if (asd_model_section_get_string (priv->section, "threshold") == NULL)
    GST_INFO_OBJECT (self, "the model has no threshold");
  else if (!asd_model_section_get_double (priv->section, "threshold",
          &priv->model_threshold, &error)) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ, ("%s", error->message),
        (NULL));
    g_clear_error (&error);
    unload (self);
    return FALSE;
  }
  return TRUE;
}

static gboolean
gst_asd_scorer_stop (GstBaseTransform * trans)
{
  GstAsdScorer *self = GST_ASD_SCORER (trans);
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);

  unload (self);
  g_clear_pointer (&priv->frame, g_free);
  g_clear_pointer (&priv->stream_id, g_free);
  return TRUE;
}

static GstCaps *
gst_asd_scorer_transform_caps (GstBaseTransform * trans,
    GstPadDirection direction, GstCaps * caps, GstCaps * filter)
{
  GstPad *other = direction == GST_PAD_SINK ?
      GST_BASE_TRANSFORM_SRC_PAD (trans) : GST_BASE_TRANSFORM_SINK_PAD (trans);
  GstCaps *result = gst_pad_get_pad_template_caps (other);
  GstCaps *all;

  if (filter != NULL) {
    all = result;
    result = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (all);
  }
  return result;
}

static gboolean
gst_asd_scorer_transform_size (GstBaseTransform * trans,
    GstPadDirection direction, GstCaps * caps, gsize size, GstCaps * othercaps,
    gsize *othersize)
{
  *othersize = sizeof (gdouble);
  return direction == GST_PAD_SINK;
}

static gboolean
gst_asd_scorer_set_caps (GstBaseTransform * trans, GstCaps * incaps,
    GstCaps * outcaps)
{
  GstAsdScorer *self = GST_ASD_SCORER (trans);
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);

  if (!gst_asd_feature_info_from_caps (&priv->info, incaps)) {
    GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
        ("%s needs feature caps with kind, rows and columns",
            GST_OBJECT_NAME (self)), ("got %" GST_PTR_FORMAT, incaps));
    return FALSE;
  }
  if (!gst_asd_element_check_features (GST_ELEMENT (self), priv->section,
          &priv->info))
    return FALSE;
  g_free (priv->frame);
  priv->frame = g_new (gdouble, gst_asd_feature_info_frame_size (&priv->info));
  return TRUE;
}

static gdouble
mean_of_frames (GstAsdScorer * self, const gfloat *frames, gsize n_frames)
{
  GstAsdScorerClass *klass = GST_ASD_SCORER_GET_CLASS (self);
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);
  gsize size = gst_asd_feature_info_frame_size (&priv->info);
  gdouble sum = 0;
  gsize i, j;

  for (i = 0; i < n_frames; i++) {
    for (j = 0; j < size; j++)
      priv->frame[j] = frames[i * size + j];
    sum += klass->score_frame (self, priv->frame);
  }
  return sum / n_frames;
}

/* Returns FALSE for a window that cannot be scored. */
static gboolean
score_buffer (GstAsdScorer * self, GstBuffer * buffer, gdouble *score)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);
  gsize frame_size = gst_asd_feature_info_frame_size (&priv->info);
  const gchar *reason = NULL;
  const gfloat *frames;
  GstMapInfo map;
  gsize n_frames;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return FALSE;
  frames = (const gfloat *) map.data;
  n_frames = map.size / sizeof (gfloat) / frame_size;

  if (n_frames == 0)
    reason = "The window has no frames and gets no score: make it longer";
  else if (gst_asd_first_non_finite (frames, n_frames * frame_size)
      < n_frames * frame_size)
    reason = "The features hold values that are not finite and get no score: "
        "check the elements before";
  else
    *score = GST_ASD_SCORER_GET_CLASS (self)->score (self, frames, n_frames);
  gst_buffer_unmap (buffer, &map);

  if (reason == NULL && !isfinite (*score))
    reason = "The score is not finite: the features are too large for the "
        "model, check the level of the input";
  if (reason != NULL)
    gst_asd_element_skip_window (GST_ELEMENT (self),
        GST_BASE_TRANSFORM_SINK_PAD (self), GST_BUFFER_PTS (buffer), reason);
  return reason == NULL;
}

static GstFlowReturn
gst_asd_scorer_transform (GstBaseTransform * trans, GstBuffer * inbuf,
    GstBuffer * outbuf)
{
  GstAsdScorer *self = GST_ASD_SCORER (trans);
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);
  gdouble score = 0, threshold;
  GstStructure *structure;
  gboolean post;

  if (!score_buffer (self, inbuf, &score))
    return GST_BASE_TRANSFORM_FLOW_DROPPED;

  GST_OBJECT_LOCK (self);
  threshold = isnan (priv->threshold) ? priv->model_threshold : priv->threshold;
  post = priv->post_messages;
  GST_OBJECT_UNLOCK (self);

  structure = gst_asd_score_new (score, threshold, &trans->segment,
      GST_BUFFER_PTS (inbuf), GST_BUFFER_DURATION (inbuf),
      asd_model_section_get_stage (priv->section),
      asd_model_get_name (asd_model_section_get_model (priv->section)),
      priv->stream_id);
  gst_buffer_fill (outbuf, 0, &score, sizeof (score));
  gst_asd_buffer_add_score (outbuf, structure);
  GST_LOG_OBJECT (self, "%" GST_PTR_FORMAT, structure);

  if (post)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_element (GST_OBJECT (self), structure));
  else
    gst_structure_free (structure);
  return GST_FLOW_OK;
}

static gboolean
gst_asd_scorer_sink_event (GstBaseTransform * trans, GstEvent * event)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (GST_ASD_SCORER (trans));
  const gchar *stream_id;

  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START) {
    gst_event_parse_stream_start (event, &stream_id);
    g_free (priv->stream_id);
    priv->stream_id = g_strdup (stream_id);
  }
  return GST_BASE_TRANSFORM_CLASS (gst_asd_scorer_parent_class)->sink_event
      (trans, event);
}

static void
gst_asd_scorer_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (GST_ASD_SCORER (object));

  GST_OBJECT_LOCK (object);
  switch (id) {
    case PROP_MODEL:
      g_free (priv->model);
      priv->model = g_value_dup_string (value);
      break;
    case PROP_STAGE:
      g_free (priv->stage);
      priv->stage = g_value_dup_string (value);
      break;
    case PROP_THRESHOLD:
      priv->threshold = g_value_get_double (value);
      break;
    case PROP_POST_MESSAGES:
      priv->post_messages = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (object);
}

static void
gst_asd_scorer_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (GST_ASD_SCORER (object));
  gchar *stage;

  GST_OBJECT_LOCK (object);
  switch (id) {
    case PROP_MODEL:
      g_value_set_string (value, priv->model);
      break;
    case PROP_STAGE:
      stage = gst_asd_element_get_stage (GST_ELEMENT (object), priv->stage);
      g_value_take_string (value, stage);
      break;
    case PROP_THRESHOLD:
      g_value_set_double (value, priv->threshold);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, priv->post_messages);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (object);
}

static void
gst_asd_scorer_finalize (GObject * object)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (GST_ASD_SCORER (object));

  g_free (priv->model);
  g_free (priv->stage);
  G_OBJECT_CLASS (gst_asd_scorer_parent_class)->finalize (object);
}

static void
gst_asd_scorer_class_init (GstAsdScorerClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  object_class->set_property = gst_asd_scorer_set_property;
  object_class->get_property = gst_asd_scorer_get_property;
  object_class->finalize = gst_asd_scorer_finalize;

  g_object_class_install_property (object_class, PROP_MODEL,
      g_param_spec_string ("model", "Model", "Model file (.asd)", NULL,
          flags | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (object_class, PROP_STAGE,
      g_param_spec_string ("stage", "Stage",
          "Stage of the model; by default the element's name without \"asd\"",
          NULL, flags | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (object_class, PROP_THRESHOLD,
      gst_asd_param_spec_double ("threshold", "Threshold",
          "A score above it is anomalous, NaN for the model's threshold",
          -G_MAXDOUBLE, G_MAXDOUBLE, DEFAULT_THRESHOLD,
          flags | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property (object_class, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post every score as an element message", DEFAULT_POST_MESSAGES,
          flags | GST_PARAM_MUTABLE_PLAYING));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);

  trans_class->start = gst_asd_scorer_start;
  trans_class->stop = gst_asd_scorer_stop;
  trans_class->transform_caps = gst_asd_scorer_transform_caps;
  trans_class->transform_size = gst_asd_scorer_transform_size;
  trans_class->set_caps = gst_asd_scorer_set_caps;
  trans_class->transform = gst_asd_scorer_transform;
  trans_class->sink_event = gst_asd_scorer_sink_event;
  klass->score = mean_of_frames;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_SCORER, 0);
}

static void
gst_asd_scorer_init (GstAsdScorer * self)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);

  priv->threshold = DEFAULT_THRESHOLD;
  priv->post_messages = DEFAULT_POST_MESSAGES;
  /* A score is worth a late moment: never drop a window for QoS. */
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
}
