/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdscorer.h"
#include "gstasdexplanation.h"
#include "gstasdproperty.h"
#include "gstasdscore.h"
#include "gstasdutils.h"

#include <math.h>
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_scorer_debug);
#define GST_CAT_DEFAULT gst_asd_scorer_debug

/* Frames that are scored together. */
#define BLOCK 32

#define DEFAULT_THRESHOLD NAN
#define DEFAULT_POST_MESSAGES TRUE

typedef struct
{
  /* properties, under the object lock */
  gdouble threshold;
  gboolean post_messages;

  gdouble model_threshold;      /* from start to stop */

  /* streaming thread only */
  gdouble *frames;              /* BLOCK frames in double precision */
  gchar *stream_id;
  GBytes *axes;                 /* where the values of a frame come from */
  AsdExplainer *explainer;      /* for these; NULL where they are not known */
  gdouble *parts;               /* of a window, then of BLOCK frames */
} GstAsdScorerPrivate;

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_SCORE_CAPS));

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (GstAsdScorer, gst_asd_scorer,
    GST_TYPE_ASD_STAGE, G_ADD_PRIVATE (GstAsdScorer);
    GST_DEBUG_CATEGORY_INIT (gst_asd_scorer_debug, "asdscorer", 0,
        "scores of windows"));

#define GET_PRIVATE(self) gst_asd_scorer_get_instance_private (self)

static void
clear_axes (GstAsdScorerPrivate * priv)
{
  g_clear_pointer (&priv->axes, g_bytes_unref);
  g_clear_pointer (&priv->explainer, asd_explainer_free);
  g_clear_pointer (&priv->parts, g_free);
}

static gboolean
gst_asd_scorer_stop (GstBaseTransform * trans)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (GST_ASD_SCORER (trans));

  g_clear_pointer (&priv->frames, g_free);
  g_clear_pointer (&priv->stream_id, g_free);
  clear_axes (priv);
  return GST_BASE_TRANSFORM_CLASS (gst_asd_scorer_parent_class)->stop (trans);
}

static gboolean
gst_asd_scorer_start (GstBaseTransform * trans)
{
  GstAsdScorer *self = GST_ASD_SCORER (trans);
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);
  AsdModelSection *section;
  GError *error = NULL;

  if (!GST_BASE_TRANSFORM_CLASS (gst_asd_scorer_parent_class)->start (trans))
    return FALSE;
  section = gst_asd_stage_get_section (GST_ASD_STAGE (self));
  priv->model_threshold = NAN;
  if (asd_model_section_get_string (section, "threshold") == NULL) {
    GST_INFO_OBJECT (self, "the model has no threshold");
  } else if (!asd_model_section_get_double (section, "threshold",
          &priv->model_threshold, &error)) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ, ("%s", error->message),
        (NULL));
    g_clear_error (&error);
    gst_asd_scorer_stop (trans);
    return FALSE;
  }
  return TRUE;
}

static gboolean
gst_asd_scorer_transform_size (GstBaseTransform * trans,
    GstPadDirection direction, GstCaps * caps, gsize size, GstCaps * othercaps,
    gsize *othersize)
{
  *othersize = sizeof (gdouble);
  return direction == GST_PAD_SINK;
}

static gsize
frame_size (GstAsdScorer * self)
{
  const GstAsdFeatureInfo *info = gst_asd_stage_get_info (GST_ASD_STAGE (self));

  return gst_asd_feature_info_frame_size (info);
}

static gboolean
gst_asd_scorer_set_caps (GstBaseTransform * trans, GstCaps * incaps,
    GstCaps * outcaps)
{
  GstAsdScorer *self = GST_ASD_SCORER (trans);
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);

  if (!GST_BASE_TRANSFORM_CLASS (gst_asd_scorer_parent_class)->set_caps (trans,
          incaps, outcaps))
    return FALSE;
  g_free (priv->frames);
  priv->frames = g_new (gdouble, BLOCK * frame_size (self));
  return TRUE;
}

/* With each new caps, which is what axes are for. */
static void
update_axes (GstAsdScorer * self)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);
  const GstAsdFeatureInfo *info = gst_asd_stage_get_info (GST_ASD_STAGE (self));
  gsize n = frame_size (self);
  gint rate = 0;
  GBytes *axes =
      gst_asd_pad_query_axes (GST_BASE_TRANSFORM_SINK_PAD (self), &rate);

  if (axes != NULL && (rate != info->rate
          || g_bytes_get_size (axes) != n * sizeof (AsdAxis)))
    g_clear_pointer (&axes, g_bytes_unref);
  if (axes != NULL && priv->axes != NULL && g_bytes_equal (axes, priv->axes)) {
    g_bytes_unref (axes);
    return;
  }
  clear_axes (priv);
  priv->axes = axes;
  if (axes != NULL)
    priv->explainer = asd_explainer_new (g_bytes_get_data (axes, NULL), n);
  if (priv->explainer != NULL)
    priv->parts = g_new (gdouble, (1 + BLOCK) * n);
  GST_DEBUG_OBJECT (self, "where features come from is %sknown",
      priv->explainer != NULL ? "" : "not ");
}

static void
score_frame_by_frame (GstAsdScorer * self, const gdouble *frames,
    gsize n_frames, gdouble *scores, gdouble *parts)
{
  GstAsdScorerClass *klass = GST_ASD_SCORER_GET_CLASS (self);
  gsize i, size = frame_size (self);

  for (i = 0; i < n_frames; i++)
    scores[i] = klass->score_frame (self, frames + i * size,
        parts != NULL ? parts + i * size : NULL);
}

static gdouble
mean_of_frames (GstAsdScorer * self, const gfloat *frames, gsize n_frames,
    gdouble *parts)
{
  GstAsdScorerClass *klass = GST_ASD_SCORER_GET_CLASS (self);
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);
  gsize size = frame_size (self);
  gdouble scores[BLOCK], sum = 0, *rows = NULL;
  gsize i, j, n;

  if (parts != NULL)
    rows = parts + size;

  for (i = 0; i < n_frames; i += n) {
    n = MIN (BLOCK, n_frames - i);
    for (j = 0; j < n * size; j++)
      priv->frames[j] = frames[i * size + j];
    if (rows != NULL)
      memset (rows, 0, n * size * sizeof (gdouble));
    klass->score_frames (self, priv->frames, n, scores, rows);
    for (j = 0; j < n; j++)
      sum += scores[j];
    for (j = 0; rows != NULL && j < n * size; j++)
      parts[j % size] += rows[j];
  }
  return sum / n_frames;
}

/* Returns FALSE for a window that cannot be scored. */
static gboolean
score_buffer (GstAsdScorer * self, GstBuffer * buffer, gdouble *score)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);
  GstAsdStage *stage = GST_ASD_STAGE (self);
  gsize n_frames, size = frame_size (self);
  const gfloat *frames;
  GstMapInfo map;
  gboolean ok;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return FALSE;
  frames = (const gfloat *) map.data;
  n_frames = map.size / sizeof (gfloat) / size;
  ok = gst_asd_stage_check_frames (stage, buffer, frames, n_frames * size);
  if (ok && priv->parts != NULL)
    memset (priv->parts, 0, size * sizeof (gdouble));
  if (ok)
    *score = GST_ASD_SCORER_GET_CLASS (self)->score (self, frames, n_frames,
        priv->parts);
  gst_buffer_unmap (buffer, &map);

  if (ok && !isfinite (*score)) {
    gst_asd_element_skip_window (GST_ELEMENT (self),
        GST_BASE_TRANSFORM_SINK_PAD (self), GST_BUFFER_PTS (buffer),
        "The score is not finite: the features are too large for the model, "
        "check the level of the input");
    ok = FALSE;
  }
  return ok;
}

/* Where the score of the window comes from; NULL where that is not known. */
static GBytes *
get_shares (GstAsdScorer * self)
{
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);
  AsdShare *shares;
  gsize n;

  if (priv->explainer == NULL)
    return NULL;
  n = asd_explainer_get_n_shares (priv->explainer);
  shares = g_new (AsdShare, n);
  if (asd_explainer_process (priv->explainer, priv->parts, shares))
    return g_bytes_new_take (shares, n * sizeof (AsdShare));
  g_free (shares);
  return NULL;
}

static GstFlowReturn
gst_asd_scorer_transform (GstBaseTransform * trans, GstBuffer * inbuf,
    GstBuffer * outbuf)
{
  GstAsdScorer *self = GST_ASD_SCORER (trans);
  GstAsdScorerPrivate *priv = GET_PRIVATE (self);
  AsdModelSection *section = gst_asd_stage_get_section (GST_ASD_STAGE (self));
  gdouble score = 0, threshold;
  GstStructure *structure;
  GBytes *shares;
  gboolean post;

  if (!score_buffer (self, inbuf, &score))
    return GST_BASE_TRANSFORM_FLOW_DROPPED;

  GST_OBJECT_LOCK (self);
  threshold = isnan (priv->threshold) ? priv->model_threshold : priv->threshold;
  post = priv->post_messages;
  GST_OBJECT_UNLOCK (self);

  structure = gst_asd_score_new (score, threshold, &trans->segment,
      GST_BUFFER_PTS (inbuf), GST_BUFFER_DURATION (inbuf),
      asd_model_section_get_stage (section),
      asd_model_get_name (asd_model_section_get_model (section)),
      priv->stream_id);
  shares = get_shares (self);
  gst_asd_score_explain (structure, shares);
  if (shares != NULL) {
    gst_asd_buffer_add_shares (outbuf, shares);
    g_bytes_unref (shares);
  }
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
  GstEventType type = GST_EVENT_TYPE (event);
  const gchar *stream_id;
  gboolean ret;

  if (type == GST_EVENT_STREAM_START) {
    gst_event_parse_stream_start (event, &stream_id);
    g_free (priv->stream_id);
    priv->stream_id = g_strdup (stream_id);
  }
  ret = GST_BASE_TRANSFORM_CLASS (gst_asd_scorer_parent_class)->sink_event
      (trans, event);
  if (ret && type == GST_EVENT_CAPS)
    update_axes (GST_ASD_SCORER (trans));
  return ret;
}

static void
gst_asd_scorer_class_init (GstAsdScorerClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_ASD_PRIVATE_PROPERTY (klass, GstAsdScorer, threshold,
      gst_asd_param_spec_double ("threshold", "Threshold",
          "A score above it is anomalous, NaN for the model's threshold",
          -G_MAXDOUBLE, G_MAXDOUBLE, DEFAULT_THRESHOLD, GST_ASD_PARAM_PLAYING));
  GST_ASD_PRIVATE_PROPERTY (klass, GstAsdScorer, post_messages,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post every score as an element message", DEFAULT_POST_MESSAGES,
          GST_ASD_PARAM_PLAYING));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);

  trans_class->start = gst_asd_scorer_start;
  trans_class->stop = gst_asd_scorer_stop;
  trans_class->transform_size = gst_asd_scorer_transform_size;
  trans_class->set_caps = gst_asd_scorer_set_caps;
  trans_class->transform = gst_asd_scorer_transform;
  trans_class->sink_event = gst_asd_scorer_sink_event;
  klass->score_frames = score_frame_by_frame;
  klass->score = mean_of_frames;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_SCORER, 0);
}

static void
gst_asd_scorer_init (GstAsdScorer * self)
{
}
