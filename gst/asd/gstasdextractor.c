/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdextractor.h"
#include "gstasdexplanation.h"
#include "gstasdutils.h"

#include <math.h>
#include <string.h>

#define DEFAULT_INTERVAL 0
#define DEFAULT_LEVEL NAN

enum
{
  PROP_0,
  PROP_INTERVAL,
  PROP_LEVEL,
};

typedef struct
{
  /* properties, under the object lock */
  GstClockTime interval;
  gdouble level;

  /* where the values come from, under the object lock; NULL if unknown */
  GBytes *axes;
  gint axes_rate;

  /* streaming thread only */
  GstAsdFeatureInfo info;
  gdouble active_level;
  gfloat *scaled;               /* the window at the wanted level */
  gsize scaled_size;
} GstAsdExtractorPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (GstAsdExtractor, gst_asd_extractor,
    GST_TYPE_ASD_WINDOW_FILTER);

#define GET_PRIVATE(self) gst_asd_extractor_get_instance_private (self)

static gsize
default_max_frames (GstAsdExtractor * self, gsize n_samples)
{
  GstAsdExtractorPrivate *priv = GET_PRIVATE (self);
  gsize length = priv->info.frame_length;

  if (length == 0)
    return 1;
  if (n_samples < length)
    return 0;
  return 1 + (n_samples - length) / MAX (priv->info.frame_step, 1);
}

/* The fewest samples that give a frame, by bisection. */
static gsize
min_samples (GstAsdExtractor * self)
{
  GstAsdExtractorClass *klass = GST_ASD_EXTRACTOR_GET_CLASS (self);
  gsize low = 0, high = 1;

  while (klass->max_frames (self, high) == 0 && high < G_MAXINT)
    high *= 2;
  while (high - low > 1) {
    gsize middle = low + (high - low) / 2;

    if (klass->max_frames (self, middle) == 0)
      low = middle;
    else
      high = middle;
  }
  return high;
}

static void
set_axes (GstAsdExtractor * self)
{
  GstAsdExtractorClass *klass = GST_ASD_EXTRACTOR_GET_CLASS (self);
  GstAsdExtractorPrivate *priv = GET_PRIVATE (self);
  gsize size = gst_asd_feature_info_frame_size (&priv->info);
  GBytes *axes, *old;
  AsdAxis *values;

  if (klass->get_axes == NULL)
    return;
  values = g_new (AsdAxis, size);
  klass->get_axes (self, values);
  axes = g_bytes_new_take (values, size * sizeof (AsdAxis));
  GST_OBJECT_LOCK (self);
  old = priv->axes;
  priv->axes = axes;
  priv->axes_rate = priv->info.rate;
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&old, g_bytes_unref);
}

/* Those of elements before it mean nothing behind it. */
static gboolean
gst_asd_extractor_src_query (GstAsdWindowFilter * filter, GstQuery * query)
{
  GstAsdExtractorPrivate *priv = GET_PRIVATE (GST_ASD_EXTRACTOR (filter));
  gboolean known;

  if (!gst_asd_query_is_axes (query))
    return GST_ASD_WINDOW_FILTER_CLASS (gst_asd_extractor_parent_class)
        ->src_query (filter, query);
  GST_OBJECT_LOCK (filter);
  known = priv->axes != NULL;
  if (known)
    gst_asd_query_set_axes (query, priv->axes, priv->axes_rate);
  GST_OBJECT_UNLOCK (filter);
  return known;
}

static GstCaps *
gst_asd_extractor_set_format (GstAsdWindowFilter * filter, GstCaps * caps,
    gint rate, gsize window_samples)
{
  GstAsdExtractor *self = GST_ASD_EXTRACTOR (filter);
  GstAsdExtractorClass *klass = GST_ASD_EXTRACTOR_GET_CLASS (self);
  GstAsdExtractorPrivate *priv = GET_PRIVATE (self);
  GError *error = NULL;
  GstCaps *srccaps;
  gsize n_frames;

  memset (&priv->info, 0, sizeof (priv->info));
  priv->info.rate = rate;
  GST_OBJECT_LOCK (self);
  priv->active_level = priv->level;
  GST_OBJECT_UNLOCK (self);

  if (!klass->setup (self, rate, &priv->info, &error)) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("%s", error->message), (NULL));
    g_clear_error (&error);
    return NULL;
  }

  set_axes (self);
  srccaps = gst_asd_feature_info_to_caps (&priv->info);
  if (window_samples == 0)
    return srccaps;

  n_frames = klass->max_frames (self, window_samples);
  if (n_frames == 0) {
    gsize fewest = min_samples (self);

    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("A window of %" G_GSIZE_FORMAT " samples is too short for one %s "
            "frame: set window to at least %" G_GUINT64_FORMAT " (ns)",
            window_samples, priv->info.kind,
            gst_util_uint64_scale_ceil (fewest, GST_SECOND, rate)), (NULL));
    gst_caps_unref (srccaps);
    return NULL;
  }
  gst_asd_window_filter_set_output_size (filter, srccaps, n_frames *
      sizeof (gfloat) * gst_asd_feature_info_frame_size (&priv->info));
  return srccaps;
}

static GstClockTime
gst_asd_extractor_get_interval (GstAsdWindowFilter * filter)
{
  GstAsdExtractorPrivate *priv = GET_PRIVATE (GST_ASD_EXTRACTOR (filter));
  GstClockTime interval;

  GST_OBJECT_LOCK (filter);
  interval = priv->interval;
  GST_OBJECT_UNLOCK (filter);
  return interval;
}

/* Scales the window to an RMS of level dB relative to full scale (dBov);
 * silence stays silence. */
static const gfloat *
normalise_level (GstAsdExtractorPrivate * priv, const gfloat *samples, gsize n)
{
  gdouble energy = 0;
  gfloat gain;
  gsize i;

  for (i = 0; i < n; i++)
    energy += (gdouble) samples[i] * samples[i];
  if (energy == 0)
    return samples;

  gain = MIN (pow (10, priv->active_level / 20) / sqrt (energy / n),
      G_MAXFLOAT);
  if (priv->scaled_size < n) {
    priv->scaled = g_renew (gfloat, priv->scaled, n);
    priv->scaled_size = n;
  }
  for (i = 0; i < n; i++)
    priv->scaled[i] = gain * samples[i];
  return priv->scaled;
}

static GstFlowReturn
gst_asd_extractor_process_window (GstAsdWindowFilter * filter,
    const GstAsdWindow * window, GstBuffer ** outbuf)
{
  GstAsdExtractor *self = GST_ASD_EXTRACTOR (filter);
  GstAsdExtractorClass *klass = GST_ASD_EXTRACTOR_GET_CLASS (self);
  GstAsdExtractorPrivate *priv = GET_PRIVATE (self);
  const gfloat *samples = window->samples;
  gsize n_frames, frame_size;
  GstFlowReturn ret;
  GstMapInfo map;

  n_frames = klass->max_frames (self, window->n_samples);
  if (n_frames == 0) {
    gst_asd_window_filter_skip_window (filter, window, "%" G_GSIZE_FORMAT
        " samples are too few for one %s frame: record at least %.3f s",
        window->n_samples, priv->info.kind,
        ceil (1e3 * min_samples (self) / priv->info.rate) / 1e3);
    return GST_FLOW_OK;
  }

  frame_size = sizeof (gfloat) * gst_asd_feature_info_frame_size (&priv->info);
  ret = gst_asd_window_filter_new_buffer (filter, n_frames * frame_size,
      outbuf);
  if (ret != GST_FLOW_OK)
    return ret;

  if (!isnan (priv->active_level))
    samples = normalise_level (priv, samples, window->n_samples);
  if (!gst_buffer_map (*outbuf, &map, GST_MAP_WRITE)) {
    gst_clear_buffer (outbuf);
    return GST_FLOW_ERROR;
  }
  klass->process (self, samples, window->n_samples, (gfloat *) map.data,
      &n_frames);
  gst_buffer_unmap (*outbuf, &map);
  gst_buffer_set_size (*outbuf, n_frames * frame_size);
  return GST_FLOW_OK;
}

static void
gst_asd_extractor_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstAsdExtractorPrivate *priv = GET_PRIVATE (GST_ASD_EXTRACTOR (object));

  GST_OBJECT_LOCK (object);
  switch (id) {
    case PROP_INTERVAL:
      priv->interval = g_value_get_uint64 (value);
      break;
    case PROP_LEVEL:
      priv->level = g_value_get_double (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (object);
}

static void
gst_asd_extractor_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdExtractorPrivate *priv = GET_PRIVATE (GST_ASD_EXTRACTOR (object));

  GST_OBJECT_LOCK (object);
  switch (id) {
    case PROP_INTERVAL:
      g_value_set_uint64 (value, priv->interval);
      break;
    case PROP_LEVEL:
      g_value_set_double (value, priv->level);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (object);
}

static void
gst_asd_extractor_finalize (GObject * object)
{
  GstAsdExtractorPrivate *priv = GET_PRIVATE (GST_ASD_EXTRACTOR (object));

  g_free (priv->scaled);
  g_clear_pointer (&priv->axes, g_bytes_unref);
  G_OBJECT_CLASS (gst_asd_extractor_parent_class)->finalize (object);
}

void
gst_asd_extractor_class_add_templates (GstAsdExtractorClass * klass,
    const gchar * kind)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstCaps *caps = gst_caps_from_string (GST_ASD_AUDIO_CAPS);
  gchar *text;

  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_caps_unref (caps);

  text = g_strconcat (GST_ASD_FEATURES_CAPS ", kind = (string) ", kind, NULL);
  caps = gst_caps_from_string (text);
  g_free (text);
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_caps_unref (caps);
}

static GParamSpec *
level_param_spec (gdouble level)
{
  return gst_asd_param_spec_double ("level", "Level",
      "RMS level in dBov that each window is scaled to, NaN for none",
      -200, 20, level, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY);
}

void
gst_asd_extractor_class_override_level (GstAsdExtractorClass * klass, guint id,
    gdouble level)
{
  g_object_class_install_property (G_OBJECT_CLASS (klass), id,
      level_param_spec (level));
}

void
gst_asd_extractor_set_level (GstAsdExtractor * self, gdouble level)
{
  GstAsdExtractorPrivate *priv = GET_PRIVATE (self);

  GST_OBJECT_LOCK (self);
  priv->level = level;
  GST_OBJECT_UNLOCK (self);
}

gdouble
gst_asd_extractor_get_level (GstAsdExtractor * self)
{
  GstAsdExtractorPrivate *priv = GET_PRIVATE (self);
  gdouble level;

  GST_OBJECT_LOCK (self);
  level = priv->level;
  GST_OBJECT_UNLOCK (self);
  return level;
}

static void
gst_asd_extractor_class_init (GstAsdExtractorClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstAsdWindowFilterClass *filter_class = GST_ASD_WINDOW_FILTER_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY;

  object_class->set_property = gst_asd_extractor_set_property;
  object_class->get_property = gst_asd_extractor_get_property;
  object_class->finalize = gst_asd_extractor_finalize;

  g_object_class_install_property (object_class, PROP_INTERVAL,
      g_param_spec_uint64 ("interval", "Interval",
          "Time in ns between the starts of windows, 0 for window",
          0, G_MAXINT64, DEFAULT_INTERVAL, flags));
  g_object_class_install_property (object_class, PROP_LEVEL,
      level_param_spec (DEFAULT_LEVEL));

  filter_class->set_format = gst_asd_extractor_set_format;
  filter_class->get_interval = gst_asd_extractor_get_interval;
  filter_class->process_window = gst_asd_extractor_process_window;
  filter_class->src_query = gst_asd_extractor_src_query;
  klass->max_frames = default_max_frames;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_EXTRACTOR, 0);
}

static void
gst_asd_extractor_init (GstAsdExtractor * self)
{
  GstAsdExtractorPrivate *priv = GET_PRIVATE (self);

  priv->interval = DEFAULT_INTERVAL;
  priv->level = DEFAULT_LEVEL;
}
