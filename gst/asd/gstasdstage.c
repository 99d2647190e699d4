/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdstage.h"
#include "gstasdmodel.h"
#include "gstasdproperty.h"
#include "gstasdutils.h"

typedef struct
{
  /* properties, under the object lock */
  gchar *model;
  gchar *stage;

  /* from start to stop */
  AsdModelSection *section;
  gboolean loaded;

  /* streaming thread only */
  GstAsdFeatureInfo info;
  GstClockTime timestamp;       /* of the window */
} GstAsdStagePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (GstAsdStage, gst_asd_stage,
    GST_TYPE_BASE_TRANSFORM);

#define GET_PRIVATE(self) gst_asd_stage_get_instance_private (self)

AsdModelSection *
gst_asd_stage_get_section (GstAsdStage * self)
{
  GstAsdStagePrivate *priv = GET_PRIVATE (self);

  return priv->section;
}

gboolean
gst_asd_stage_is_loaded (GstAsdStage * self)
{
  GstAsdStagePrivate *priv = GET_PRIVATE (self);

  return priv->loaded;
}

const GstAsdFeatureInfo *
gst_asd_stage_get_info (GstAsdStage * self)
{
  GstAsdStagePrivate *priv = GET_PRIVATE (self);

  return &priv->info;
}

void
gst_asd_stage_skip_window (GstAsdStage * self, const gchar * reason)
{
  GstAsdStagePrivate *priv = GET_PRIVATE (self);

  gst_asd_element_skip_window (GST_ELEMENT (self),
      GST_BASE_TRANSFORM_SINK_PAD (self), priv->timestamp, reason);
}

gboolean
gst_asd_stage_check_frames (GstAsdStage * self, GstBuffer * buffer,
    const gfloat *frames, gsize n_values)
{
  GstAsdStagePrivate *priv = GET_PRIVATE (self);
  const gchar *reason;

  priv->timestamp = GST_BUFFER_PTS (buffer);
  if (n_values == 0)
    reason = "The window has no frames and gives no result: make it longer";
  else if (gst_asd_first_non_finite (frames, n_values) < n_values)
    reason = "The features hold values that are not finite and give no "
        "result: check the elements before";
  else
    return TRUE;
  gst_asd_stage_skip_window (self, reason);
  return FALSE;
}

static gboolean
gst_asd_stage_stop (GstBaseTransform * trans)
{
  GstAsdStage *self = GST_ASD_STAGE (trans);
  GstAsdStagePrivate *priv = GET_PRIVATE (self);

  priv->loaded = FALSE;
  GST_ASD_STAGE_GET_CLASS (self)->unload (self);
  g_clear_pointer (&priv->section, gst_asd_section_release);
  return TRUE;
}

static gboolean
load_section (GstAsdStage * self)
{
  GstAsdStagePrivate *priv = GET_PRIVATE (self);
  GstElement *element = GST_ELEMENT (self);
  gchar *model, *stage;

  GST_OBJECT_LOCK (self);
  model = g_strdup (priv->model);
  stage = gst_asd_element_get_stage (element, priv->stage);
  GST_OBJECT_UNLOCK (self);
  priv->section = gst_asd_element_load_section (element, model, stage,
      GST_ASD_STAGE_GET_CLASS (self)->kind);
  g_free (model);
  g_free (stage);
  return priv->section != NULL;
}

static gboolean
gst_asd_stage_start (GstBaseTransform * trans)
{
  GstAsdStage *self = GST_ASD_STAGE (trans);
  GstAsdStageClass *klass = GST_ASD_STAGE_GET_CLASS (self);
  GstAsdStagePrivate *priv = GET_PRIVATE (self);
  GError *error = NULL;

  if (klass->kind != NULL && !load_section (self))
    return FALSE;
  priv->loaded = klass->load (self, priv->section, &error);
  if (priv->loaded)
    return TRUE;

  GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ, ("%s", error->message), (NULL));
  g_clear_error (&error);
  gst_asd_stage_stop (trans);
  return FALSE;
}

/* Any caps that the other pad can have. */
static GstCaps *
gst_asd_stage_transform_caps (GstBaseTransform * trans,
    GstPadDirection direction, GstCaps * caps, GstCaps * filter)
{
  GstPad *other = direction == GST_PAD_SINK ?
      GST_BASE_TRANSFORM_SRC_PAD (trans) : GST_BASE_TRANSFORM_SINK_PAD (trans);
  GstCaps *all = gst_pad_get_pad_template_caps (other);
  GstCaps *result;

  if (filter == NULL)
    return all;
  result = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (all);
  return result;
}

static gboolean
gst_asd_stage_set_caps (GstBaseTransform * trans, GstCaps * incaps,
    GstCaps * outcaps)
{
  GstAsdStage *self = GST_ASD_STAGE (trans);
  GstAsdStagePrivate *priv = GET_PRIVATE (self);

  if (gst_asd_feature_info_from_caps (&priv->info, incaps))
    return priv->section == NULL
        || gst_asd_element_check_features (GST_ELEMENT (self), priv->section,
        &priv->info);

  GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
      ("%s needs feature caps with kind, rows and columns",
          gst_asd_element_get_label (GST_ELEMENT (self))),
      ("got %" GST_PTR_FORMAT, incaps));
  return FALSE;
}

/* The default of stage follows from the name of the element. */
static void
gst_asd_stage_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  gst_asd_get_property (object, id, value, pspec);
  if (g_str_equal (pspec->name, "stage"))
    g_value_take_string (value,
        gst_asd_element_get_stage (GST_ELEMENT (object),
            g_value_get_string (value)));
}

void
gst_asd_stage_class_set_kind (GstAsdStageClass * klass, const gchar * kind)
{
  klass->kind = kind;
  GST_ASD_PRIVATE_PROPERTY (klass, GstAsdStage, model,
      g_param_spec_string ("model", "Model", "Model file (.asd)", NULL,
          GST_ASD_PARAM_READY));
  GST_ASD_PRIVATE_PROPERTY (klass, GstAsdStage, stage,
      g_param_spec_string ("stage", "Stage",
          "Stage of the model; by default the element's name without \"asd\"",
          NULL, GST_ASD_PARAM_READY));
  G_OBJECT_CLASS (klass)->get_property = gst_asd_stage_get_property;
}

static void
gst_asd_stage_finalize (GObject * object)
{
  GstAsdStagePrivate *priv = GET_PRIVATE (GST_ASD_STAGE (object));

  g_free (priv->model);
  g_free (priv->stage);
  G_OBJECT_CLASS (gst_asd_stage_parent_class)->finalize (object);
}

static void
gst_asd_stage_class_init (GstAsdStageClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->finalize = gst_asd_stage_finalize;

  trans_class->start = gst_asd_stage_start;
  trans_class->stop = gst_asd_stage_stop;
  trans_class->transform_caps = gst_asd_stage_transform_caps;
  trans_class->set_caps = gst_asd_stage_set_caps;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_STAGE, 0);
}

static void
gst_asd_stage_init (GstAsdStage * self)
{
  /* A late result is worth having: never drop a window for QoS. */
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
}
