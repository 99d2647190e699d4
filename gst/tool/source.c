/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <gst/app/app.h>
#include <math.h>
#include <string.h>

#define STREAM_PREFIX "asdclipsrc/"
#define NOT_FINITE "has samples that are not finite numbers: record or " \
    "convert it again"
#define SILENT "silent, all samples are zero: check the microphone and its " \
    "connection"

typedef struct
{
  guint64 n_samples;
  gboolean has_sound;           /* a sample that is not zero */
} ClipFacts;

struct _Source
{
  guint n_clips;

  /* recordings */
  char **files;
  gint channel;
  GHashTable *index;            /* file -> clip */
  ClipFacts *facts;
  gint current;                 /* clip that is being read, or -1 */

  /* of source_check(), shared by what it returns */
  GArray *levels;               /* double, dBFS */
  guint first_level;            /* of the current clip */
  AsdSensor *sensor;            /* what measures them, while it runs */
  float *second;
  gsize n_second;

  /* features */
  char *name;
  GBytes *values;
  gsize clip_size;              /* bytes of one window */
  GstAsdFeatureInfo info;
  guint *rows;
};

Source *
source_new_files (char **files, gint channel)
{
  Source *source = g_new0 (Source, 1);
  guint i;

  source->files = g_strdupv (files);
  source->n_clips = g_strv_length (files);
  source->channel = channel;
  source->facts = g_new0 (ClipFacts, source->n_clips);
  source->index = g_hash_table_new (g_str_hash, g_str_equal);
  for (i = 0; i < source->n_clips; i++)
    g_hash_table_insert (source->index, source->files[i], GUINT_TO_POINTER (i));
  return source;
}

Source *
source_new_features (AsdNpy * array, const char *name, GError ** error)
{
  Source *source;
  gsize n_values = array->n_elements;
  guint i;

  if (array->n_dims < 2 || array->n_dims > 4 || n_values == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "%s: has %" G_GSIZE_FORMAT " dimensions and %" G_GSIZE_FORMAT
        " values, features are [n, rows, columns] with at least one window: "
        "write it with 'gst-asd extract'", name, array->n_dims, n_values);
    asd_npy_free (array);
    return NULL;
  }
  source = g_new0 (Source, 1);
  source->name = g_strdup (name);
  source->n_clips = array->shape[0];
  source->values = g_bytes_new_take (asd_npy_get_floats (array),
      n_values * sizeof (gfloat));
  source->clip_size = n_values / source->n_clips * sizeof (gfloat);
  g_strlcpy (source->info.kind, "array", sizeof (source->info.kind));
  source->info.rows = array->n_dims == 2 ? 1 : array->shape[array->n_dims - 2];
  source->info.columns = array->shape[array->n_dims - 1];
  source->rows = g_new (guint, source->n_clips);
  for (i = 0; i < source->n_clips; i++)
    source->rows[i] = i;
  asd_npy_free (array);
  return source;
}

Source *
source_subset (Source * source, const guint *indices, guint n)
{
  Source *subset;
  char **files;
  guint i;

  if (source->files != NULL) {
    files = g_new0 (char *, n + 1);
    for (i = 0; i < n; i++)
      files[i] = source->files[indices[i]];
    subset = source_new_files (files, source->channel);
    g_free (files);
    if (source->levels != NULL)
      subset->levels = g_array_ref (source->levels);
    return subset;
  }
  subset = g_new0 (Source, 1);
  subset->n_clips = n;
  subset->name = g_strdup (source->name);
  subset->values = g_bytes_ref (source->values);
  subset->clip_size = source->clip_size;
  subset->info = source->info;
  subset->rows = g_new (guint, n);
  for (i = 0; i < n; i++)
    subset->rows[i] = source->rows[indices[i]];
  return subset;
}

void
source_free (Source * source)
{
  if (source == NULL)
    return;
  g_strfreev (source->files);
  g_clear_pointer (&source->index, g_hash_table_unref);
  g_free (source->facts);
  g_clear_pointer (&source->levels, g_array_unref);
  g_free (source->name);
  g_clear_pointer (&source->values, g_bytes_unref);
  g_free (source->rows);
  g_free (source);
}

const GstAsdFeatureInfo *
source_get_info (Source * source)
{
  return source->files != NULL ? NULL : &source->info;
}

guint
source_get_size (Source * source)
{
  return source->n_clips;
}

const char *
source_get_file (Source * source, guint i)
{
  return source->files != NULL ? source->files[i] : NULL;
}

gboolean
source_find_clip (Source * source, const char *stream_id,
    GstClockTime timestamp, guint *clip)
{
  gpointer value;

  if (source->files == NULL) {
    *clip = timestamp / GST_SECOND;
    return *clip < source->n_clips;
  }
  if (stream_id == NULL || !g_str_has_prefix (stream_id, STREAM_PREFIX)
      || !g_hash_table_lookup_extended (source->index,
          stream_id + strlen (STREAM_PREFIX), NULL, &value))
    return FALSE;
  *clip = GPOINTER_TO_UINT (value);
  return TRUE;
}

gboolean
source_is_silent (Source * source, guint i)
{
  return source->files != NULL && !source->facts[i].has_sound;
}

/* Measures whole seconds. */
static void
measure_levels (Source * source, const gfloat *samples, gsize n)
{
  AsdSensorReport report;
  gsize part;

  for (; n > 0; samples += part, n -= part) {
    part = MIN (n, TOOL_RATE - source->n_second);
    memcpy (source->second + source->n_second, samples, part * sizeof *samples);
    source->n_second += part;
    if (source->n_second < TOOL_RATE)
      continue;
    asd_sensor_process (source->sensor, source->second, TOOL_RATE, &report);
    g_array_append_val (source->levels, report.level);
    source->n_second = 0;
  }
}

static void
watch_buffer (Source * source, guint clip, GstBuffer * buffer)
{
  ClipFacts *facts = &source->facts[clip];
  const gfloat *samples;
  GstMapInfo map;
  gsize i, n;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  samples = (const gfloat *) map.data;
  n = map.size / sizeof (gfloat);
  facts->n_samples += n;
  for (i = 0; i < n && !facts->has_sound; i++)
    facts->has_sound = samples[i] != 0;
  if (gst_asd_first_non_finite (samples, n) < n)
    tool_skip (source->files[clip], NOT_FINITE);
  else if (source->sensor != NULL)
    measure_levels (source, samples, n);
  gst_buffer_unmap (buffer, &map);
}

static void
end_clip (Source * source)
{
  ClipFacts *facts;

  if (source->current < 0)
    return;
  facts = &source->facts[source->current];
  if (facts->n_samples > 0 && !facts->has_sound)
    tool_skip (source->files[source->current], SILENT);
  if (source->sensor != NULL
      && tool_is_skipped (source->files[source->current]))
    g_array_set_size (source->levels, source->first_level);
  source->current = -1;
  tool_progress_step (1);
}

/* Sees all that leaves the source before the elements after it do. */
static GstPadProbeReturn
watch (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Source *source = user_data;
  const char *stream_id;
  GstEvent *event;
  guint clip;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    if (source->current >= 0)
      watch_buffer (source, source->current, GST_PAD_PROBE_INFO_BUFFER (info));
    return GST_PAD_PROBE_OK;
  }
  event = GST_PAD_PROBE_INFO_EVENT (info);
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS) {
    end_clip (source);
  } else if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START) {
    end_clip (source);
    gst_event_parse_stream_start (event, &stream_id);
    if (source_find_clip (source, stream_id, 0, &clip)) {
      source->current = clip;
      source->facts[clip].n_samples = 0;
      source->facts[clip].has_sound = FALSE;
      source->n_second = 0;
      source->first_level = source->levels != NULL ? source->levels->len : 0;
    }
  }
  return GST_PAD_PROBE_OK;
}

static GstElement *
make_clip_source (Source * source)
{
  GstElement *element = gst_element_factory_make ("asdclipsrc", NULL);
  GstPad *pad;

  if (element == NULL)
    return NULL;
  g_object_set (element, "locations", source->files, "channel",
      source->channel, "rate", TOOL_RATE, NULL);
  source->current = -1;
  pad = gst_element_get_static_pad (element, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER |
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, watch, source, NULL);
  gst_object_unref (pad);
  return element;
}

static GstElement *
make_feature_source (Source * source)
{
  GstElement *element = gst_element_factory_make ("appsrc", NULL);
  GstCaps *caps = gst_asd_feature_info_to_caps (&source->info);
  guint i;

  g_object_set (element, "caps", caps, "format", GST_FORMAT_TIME, NULL);
  gst_caps_unref (caps);
  /* One second stands for a window. */
  for (i = 0; i < source->n_clips; i++) {
    GBytes *bytes = g_bytes_new_from_bytes (source->values,
        source->rows[i] * source->clip_size, source->clip_size);
    GstBuffer *buffer = gst_buffer_new_wrapped_bytes (bytes);

    g_bytes_unref (bytes);
    GST_BUFFER_PTS (buffer) = i * GST_SECOND;
    GST_BUFFER_DURATION (buffer) = GST_SECOND;
    gst_app_src_push_buffer (GST_APP_SRC (element), buffer);
  }
  gst_app_src_end_of_stream (GST_APP_SRC (element));
  return element;
}

GstElement *
source_make_element (Source * source)
{
  return source->files != NULL ? make_clip_source (source) :
      make_feature_source (source);
}

gboolean
source_link_element (Source * source, GstElement * element, GstElement * bin)
{
  GstCaps *caps = source->files != NULL ? NULL :
      gst_asd_feature_info_to_caps (&source->info);
  /* The element of features could be linked to anything. */
  gboolean ok = gst_element_link_filtered (element, bin, caps);

  gst_clear_caps (&caps);
  return ok;
}

/* What is no matter of a clip is one of a stage, if any. */
static void
remark_element (GstObject * element, const char *remark)
{
  char *stage = NULL;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (element), "stage"))
    g_object_get (element, "stage", &stage, NULL);
  tool_remark (stage != NULL ? stage : GST_IS_ELEMENT (element) ?
      gst_asd_element_get_label (GST_ELEMENT (element)) :
      GST_OBJECT_NAME (element), remark);
  g_free (stage);
}

static void
handle_warning (Source * source, GstMessage * message)
{
  const GstStructure *details;
  const char *file = NULL, *reason = NULL, *stream_id;
  gboolean skipped = TRUE;
  guint64 timestamp = 0;
  GError *error = NULL;
  char *name = NULL;
  guint clip;

  gst_message_parse_warning (message, &error, NULL);
  gst_message_parse_warning_details (message, &details);
  if (details != NULL) {
    file = gst_structure_get_string (details, "location");
    reason = gst_structure_get_string (details, "reason");
    gst_structure_get_boolean (details, "skipped", &skipped);
    gst_structure_get_uint64 (details, "timestamp", &timestamp);
    stream_id = gst_structure_get_string (details, "stream-id");
    if (file == NULL && source_find_clip (source, stream_id, timestamp, &clip)) {
      if (source->files != NULL)
        name = g_strdup (source->files[clip]);
      else
        name = g_strdup_printf ("%s, window %u", source->name,
            source->rows[clip]);
      file = name;
    }
  }
  if (file == NULL)
    remark_element (message->src, error->message);
  else if (skipped)
    tool_skip (file, reason != NULL ? reason : error->message);
  else
    tool_remark (file, reason != NULL ? reason : error->message);
  g_free (name);
  g_error_free (error);
}

static void
handle_clip (Source * source, const GstStructure * clip)
{
  const char *file = gst_structure_get_string (clip, "location");
  gint channels = 1, rate = TOOL_RATE;
  char *text;

  gst_structure_get (clip, "channels", G_TYPE_INT, &channels, "rate",
      G_TYPE_INT, &rate, NULL);
  if (channels > 1) {
    text = source->channel < 0 ?
        g_strdup_printf ("%d channels: their mean is used (choose one with "
        "--channel N)", channels) :
        g_strdup_printf ("%d channels: channel %d is used (choose another with "
        "--channel N, or their mean with --channel -1)", channels,
        source->channel);
    tool_remark (file, text);
    g_free (text);
  }
  /* Of lower rates the element itself warns. */
  if (rate > TOOL_RATE) {
    text = g_strdup_printf ("%d Hz: converted to %d Hz", rate, TOOL_RATE);
    tool_remark (file, text);
    g_free (text);
  }
}

void
source_handle_message (Source * source, GstMessage * message)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    handle_warning (source, message);
  else if (gst_message_has_name (message, "asd-clip"))
    handle_clip (source, gst_message_get_structure (message));
}

static void
ignore_buffer (guint clip, GstBuffer * buffer, gpointer user_data)
{
}

static int
compare_lengths (const void *a, const void *b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return (x > y) - (x < y);
}

gboolean
source_has_good (Source * source)
{
  guint i;

  for (i = 0; source->files != NULL && i < source->n_clips; i++)
    if (!tool_is_skipped (source->files[i]))
      return TRUE;
  return source->files == NULL;
}

Source *
source_choose_good (Source * source, guint64 *median_length)
{
  guint *indices = g_new (guint, source->n_clips);
  guint64 *lengths = g_new (guint64, source->n_clips);
  guint i, n = 0;
  Source *good;

  for (i = 0; i < source->n_clips; i++) {
    if (source->files != NULL) {
      if (tool_is_skipped (source->files[i]))
        continue;
      lengths[n] = source->facts[i].n_samples;
    }
    indices[n++] = i;
  }
  good = source_subset (source, indices, n);
  if (median_length != NULL && n > 0 && source->files != NULL) {
    qsort (lengths, n, sizeof (*lengths), compare_lengths);
    *median_length = gst_util_uint64_scale_round (lengths[n / 2], GST_SECOND,
        TOOL_RATE);
  }
  g_free (indices);
  g_free (lengths);
  return good;
}

Source *
source_check (Source * source, GError ** error)
{
  AsdSensorConfig config;
  gboolean ok;

  if (source->files == NULL)
    return source_choose_good (source, NULL);
  asd_sensor_config_init (&config);
  source->sensor = asd_sensor_new (&config, NULL, TOOL_RATE);
  source->second = g_new (float, TOOL_RATE);
  source->levels = g_array_new (FALSE, FALSE, sizeof (double));
  ok = tool_run (source, gst_element_factory_make ("identity", NULL),
      ignore_buffer, NULL, NULL, error);
  g_clear_pointer (&source->sensor, asd_sensor_free);
  g_clear_pointer (&source->second, g_free);
  return ok ? source_choose_good (source, NULL) : NULL;
}

gboolean
source_get_levels (Source * source, AsdSensorLevels * levels)
{
  return source->levels != NULL
      && asd_sensor_levels_compute ((double *) source->levels->data,
      source->levels->len, levels, NULL);
}
