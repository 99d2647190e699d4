/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdtrainer.h"
#include "gstasdproperty.h"
#include "gstasdreservoir.h"
#include "gstasdutils.h"
#include "gstasdwindower.h"

#include <gst/audio/audio.h>
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_trainer_debug);
#define GST_CAT_DEFAULT gst_asd_trainer_debug

#define DEFAULT_SEED 0
#define DEFAULT_WINDOW 0
#define DEFAULT_MAX_MEMORY (G_GUINT64_CONSTANT (1) << 30)
#define MAX_WINDOW (3600 * GST_SECOND)

typedef struct
{
  /* properties, under the object lock */
  gchar *model;
  gchar *stage;
  guint seed;
  GstClockTime window;
  guint64 max_memory;

  /* streaming thread only */
  GstAsdFeatureInfo info;
  gchar *caps;
  gboolean is_audio;
  GstAsdWindower *windower;
  GstAsdReservoir kept;         /* frames */
  guint64 n_windows;
  gboolean failed;              /* an error was posted: there is no model */

  GCancellable *cancellable;
} GstAsdTrainerPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (GstAsdTrainer, gst_asd_trainer,
    GST_TYPE_BASE_SINK, G_ADD_PRIVATE (GstAsdTrainer);
    GST_DEBUG_CATEGORY_INIT (gst_asd_trainer_debug, "asdtrainer", 0,
        "training of models"));

#define GET_PRIVATE(self) gst_asd_trainer_get_instance_private (self)

const GstAsdFeatureInfo *
gst_asd_trainer_get_info (GstAsdTrainer * self)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);

  return &priv->info;
}

guint
gst_asd_trainer_get_seed (GstAsdTrainer * self)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  guint seed;

  GST_OBJECT_LOCK (self);
  seed = priv->seed;
  GST_OBJECT_UNLOCK (self);
  return seed;
}

gdouble *
gst_asd_trainer_get_frames (GstAsdTrainer * self, gsize *n_frames)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  gsize i, n = priv->kept.n_frames
      * gst_asd_feature_info_frame_size (&priv->info);
  gdouble *frames = g_new (gdouble, n);

  for (i = 0; i < n; i++)
    frames[i] = priv->kept.frames[i];
  *n_frames = priv->kept.n_frames;
  return frames;
}

const gfloat *
gst_asd_trainer_peek_frames (GstAsdTrainer * self, gsize *n_frames)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);

  *n_frames = priv->kept.n_frames;
  return priv->kept.frames;
}

static void
post_progress (GstAsdTrainer * self, GstProgressType type, const gchar * text)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_progress (GST_OBJECT (self), type, "train", text));
}

void
gst_asd_trainer_progress (GstAsdTrainer * self, const gchar * format, ...)
{
  va_list args;
  gchar *text;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  post_progress (self, GST_PROGRESS_TYPE_CONTINUE, text);
  g_free (text);
}

static void
reset (GstAsdTrainer * self)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  GstAsdTrainerClass *klass = GST_ASD_TRAINER_GET_CLASS (self);

  g_clear_pointer (&priv->caps, g_free);
  priv->n_windows = 0;
  priv->failed = FALSE;
  gst_asd_reservoir_reset (&priv->kept, gst_asd_trainer_get_seed (self));
  gst_asd_windower_reset (priv->windower);
  if (klass->reset != NULL)
    klass->reset (self);
}

/* What would make the work of hours void is found before it starts. */
static gboolean
check_model_path (const gchar * path, const gchar * stage, GError ** error)
{
  const gchar *wrong = asd_model_check_stage (stage);
  gchar *folder;
  AsdModel *model;
  gboolean ok;

  if (path == NULL || *path == '\0') {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "No model file to write: set model=FILE.asd");
    return FALSE;
  }
  if (wrong != NULL) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "stage=%s: %s", stage,
        wrong);
    return FALSE;
  }
  if (g_file_test (path, G_FILE_TEST_EXISTS)) {
    model = asd_model_load (path, error);
    g_prefix_error (error, "The model cannot be added to: ");
    ok = model != NULL;
    g_clear_pointer (&model, asd_model_unref);
    return ok;
  }
  folder = g_path_get_dirname (path);
  ok = g_file_test (folder, G_FILE_TEST_IS_DIR);
  if (!ok)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
        "%s: there is no folder %s: make it first", path, folder);
  g_free (folder);
  return ok;
}

/* The file and stage that are written. */
static void
get_target (GstAsdTrainer * self, gchar ** model, gchar ** stage)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);

  GST_OBJECT_LOCK (self);
  *model = g_strdup (priv->model);
  *stage = gst_asd_element_get_stage (GST_ELEMENT (self), priv->stage);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gst_asd_trainer_start (GstBaseSink * sink)
{
  GstAsdTrainer *self = GST_ASD_TRAINER (sink);
  GError *error = NULL;
  gchar *model, *stage;
  gboolean ok;

  get_target (self, &model, &stage);
  ok = check_model_path (model, stage, &error);
  if (!ok) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE, ("%s", error->message),
        (NULL));
    g_clear_error (&error);
  }
  g_free (model);
  g_free (stage);
  if (ok)
    reset (self);
  return ok;
}

static gboolean
gst_asd_trainer_stop (GstBaseSink * sink)
{
  reset (GST_ASD_TRAINER (sink));
  return TRUE;
}

static gboolean
gst_asd_trainer_unlock (GstBaseSink * sink)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (GST_ASD_TRAINER (sink));

  g_cancellable_cancel (priv->cancellable);
  return TRUE;
}

static gboolean
gst_asd_trainer_unlock_stop (GstBaseSink * sink)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (GST_ASD_TRAINER (sink));

  g_cancellable_reset (priv->cancellable);
  return TRUE;
}

static gboolean
set_audio_caps (GstAsdTrainer * self, GstCaps * caps)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  GstClockTime window;
  GstAudioInfo audio;

  if (!gst_audio_info_from_caps (&audio, caps))
    return FALSE;
  memset (&priv->info, 0, sizeof (priv->info));
  g_strlcpy (priv->info.kind, "audio", sizeof (priv->info.kind));
  priv->info.rows = priv->info.columns = 1;
  priv->info.rate = GST_AUDIO_INFO_RATE (&audio);

  GST_OBJECT_LOCK (self);
  window = priv->window;
  GST_OBJECT_UNLOCK (self);
  gst_asd_windower_configure (priv->windower, priv->info.rate, window, 0,
      MAX_WINDOW);
  return TRUE;
}

static gboolean
gst_asd_trainer_set_caps (GstBaseSink * sink, GstCaps * caps)
{
  GstAsdTrainer *self = GST_ASD_TRAINER (sink);
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  gchar *text = gst_caps_to_string (caps);

  if (priv->caps != NULL && strcmp (priv->caps, text) != 0
      && priv->n_windows > 0)
    goto changed;
  g_free (priv->caps);
  priv->caps = text;
  priv->is_audio = gst_structure_has_name (gst_caps_get_structure (caps, 0),
      "audio/x-raw");
  if (priv->is_audio ? set_audio_caps (self, caps) :
      gst_asd_feature_info_from_caps (&priv->info, caps))
    return TRUE;

  priv->failed = TRUE;
  GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
      ("%s needs feature caps with kind, rows and columns",
          gst_asd_element_get_label (GST_ELEMENT (self))),
      ("got %" GST_PTR_FORMAT, caps));
  return FALSE;

changed:
  {
    priv->failed = TRUE;
    GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
        ("The training data changes from %s to %s: bring all clips to one "
            "format first", priv->caps, text), (NULL));
    g_free (text);
    return FALSE;
  }
}

static gboolean
keep_frames (GstAsdTrainer * self, const gfloat *frames, gsize n_frames,
    GError ** error)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  guint64 max_memory;

  GST_OBJECT_LOCK (self);
  max_memory = priv->max_memory;
  GST_OBJECT_UNLOCK (self);
  gst_asd_reservoir_add (&priv->kept, frames, n_frames,
      gst_asd_feature_info_frame_size (&priv->info), max_memory);
  return TRUE;
}

static GstFlowReturn
collect (GstAsdTrainer * self, const gfloat *values, gsize n_frames,
    GstClockTime timestamp)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  gsize n = n_frames * gst_asd_feature_info_frame_size (&priv->info);
  GstFlowReturn ret = GST_FLOW_OK;
  GError *error = NULL;

  if (n == 0)
    return GST_FLOW_OK;
  if (gst_asd_first_non_finite (values, n) < n) {
    gst_asd_element_skip_window (GST_ELEMENT (self), GST_BASE_SINK_PAD (self),
        timestamp, "The values are not all finite and nothing is learned from "
        "them: check the elements before the trainer");
    return GST_FLOW_OK;
  }
  if (GST_ASD_TRAINER_GET_CLASS (self)->collect (self, values, n_frames,
          &error)) {
    priv->n_windows++;
  } else if (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA)) {
    gst_asd_element_skip_window (GST_ELEMENT (self), GST_BASE_SINK_PAD (self),
        timestamp, error->message);
  } else {
    priv->failed = TRUE;
    GST_ELEMENT_ERROR (self, STREAM, FAILED, ("%s", error->message), (NULL));
    ret = GST_FLOW_ERROR;
  }
  g_clear_error (&error);
  return ret;
}

static GstFlowReturn
collect_window (const GstAsdWindow * window, gpointer user_data)
{
  return collect (user_data, window->samples, window->n_samples,
      window->timestamp);
}

static GstFlowReturn
gst_asd_trainer_render (GstBaseSink * sink, GstBuffer * buffer)
{
  GstAsdTrainer *self = GST_ASD_TRAINER (sink);
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  GstFlowReturn ret;
  GstMapInfo map;

  if (priv->is_audio)
    return gst_asd_windower_push (priv->windower, buffer);

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  ret = collect (self, (const gfloat *) map.data, map.size / sizeof (gfloat) /
      gst_asd_feature_info_frame_size (&priv->info), GST_BUFFER_PTS (buffer));
  gst_buffer_unmap (buffer, &map);
  return ret;
}

static gboolean
write_section (GstAsdTrainer * self, GError ** error)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  GstAsdTrainerClass *klass = GST_ASD_TRAINER_GET_CLASS (self);
  AsdModelWriter *writer;
  gchar *model, *stage;
  gboolean ok;

  if (priv->n_windows == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "There is nothing to train on: no window reached %s, check the source "
        "and that the clips are long enough",
        gst_asd_element_get_label (GST_ELEMENT (self)));
    return FALSE;
  }

  get_target (self, &model, &stage);
  writer = asd_model_writer_new ();
  asd_model_writer_set_stage (writer, stage, klass->kind);
  asd_model_writer_set_string (writer, "caps", priv->caps);
  asd_model_writer_set_int64 (writer, "windows", priv->n_windows);
  asd_model_writer_set_int64 (writer, "seed", gst_asd_trainer_get_seed (self));
  ok = klass->fit (self, writer, priv->cancellable, error)
      && asd_model_writer_commit (writer, model, priv->cancellable, error);
  asd_model_writer_free (writer);
  g_free (model);
  g_free (stage);
  return ok;
}

/* Called with the preroll lock, which unlock() does not need. */
static gboolean
train (GstAsdTrainer * self)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  GError *error = NULL;
  gchar *text =
      g_strdup_printf ("%" G_GUINT64_FORMAT " window%s", priv->n_windows,
      priv->n_windows == 1 ? "" : "s");

  post_progress (self, GST_PROGRESS_TYPE_START, text);
  g_free (text);

  if (write_section (self, &error)) {
    post_progress (self, GST_PROGRESS_TYPE_COMPLETE, "model written");
    return TRUE;
  }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    post_progress (self, GST_PROGRESS_TYPE_CANCELED, "cancelled");
  } else {
    post_progress (self, GST_PROGRESS_TYPE_ERROR, error->message);
    GST_ELEMENT_ERROR (self, LIBRARY, FAILED, ("%s", error->message), (NULL));
  }
  g_clear_error (&error);
  return FALSE;
}

static gboolean
gst_asd_trainer_event (GstBaseSink * sink, GstEvent * event)
{
  GstAsdTrainer *self = GST_ASD_TRAINER (sink);
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);
  gboolean ends_clip = FALSE;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_CAPS:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_GAP:
    case GST_EVENT_EOS:
      ends_clip = TRUE;
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      ends_clip = gst_event_has_name (event, "asd-clip");
      break;
    case GST_EVENT_FLUSH_STOP:
      gst_asd_windower_reset (priv->windower);
      break;
    default:
      break;
  }
  if (ends_clip && priv->is_audio && priv->caps != NULL
      && gst_asd_windower_finish (priv->windower) != GST_FLOW_OK)
    goto failed;
  /* Sources send EOS after an error, too. */
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS && (priv->failed
          || !train (self)))
    goto failed;
  return GST_BASE_SINK_CLASS (gst_asd_trainer_parent_class)->event (sink,
      event);

failed:
  gst_event_unref (event);
  return FALSE;
}

/* The default of stage follows from the name of the element. */
static void
gst_asd_trainer_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  gst_asd_get_property (object, id, value, pspec);
  if (g_str_equal (pspec->name, "stage"))
    g_value_take_string (value,
        gst_asd_element_get_stage (GST_ELEMENT (object),
            g_value_get_string (value)));
}

static void
gst_asd_trainer_finalize (GObject * object)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (GST_ASD_TRAINER (object));

  g_free (priv->model);
  g_free (priv->stage);
  g_free (priv->caps);
  gst_asd_reservoir_clear (&priv->kept);
  gst_asd_windower_free (priv->windower);
  g_object_unref (priv->cancellable);
  G_OBJECT_CLASS (gst_asd_trainer_parent_class)->finalize (object);
}

static void
gst_asd_trainer_class_init (GstAsdTrainerClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstBaseSinkClass *sink_class = GST_BASE_SINK_CLASS (klass);

  GST_ASD_PRIVATE_PROPERTY (klass, GstAsdTrainer, model,
      g_param_spec_string ("model", "Model",
          "Model file (.asd) to write; its other stages are kept", NULL,
          GST_ASD_PARAM_READY));
  GST_ASD_PRIVATE_PROPERTY (klass, GstAsdTrainer, stage,
      g_param_spec_string ("stage", "Stage", "Stage of the model to write; by "
          "default the element's name without \"asd\" and \"train\"",
          NULL, GST_ASD_PARAM_READY));
  GST_ASD_PRIVATE_PROPERTY (klass, GstAsdTrainer, seed,
      g_param_spec_uint ("seed", "Seed",
          "Seed of everything random: the same seed gives the same model",
          0, G_MAXUINT, DEFAULT_SEED, GST_ASD_PARAM_READY));
  GST_ASD_PRIVATE_PROPERTY (klass, GstAsdTrainer, window,
      g_param_spec_uint64 ("window", "Window", "Length in ns of the windows "
          "that audio is cut into, 0 for whole clips; features come in windows "
          "already", 0, MAX_WINDOW, DEFAULT_WINDOW, GST_ASD_PARAM_READY));
  GST_ASD_PRIVATE_PROPERTY (klass, GstAsdTrainer, max_memory,
      g_param_spec_uint64 ("max-memory", "Most memory",
          "Bytes of features to keep; of more, a random sample is kept",
          1 << 20, G_MAXINT64, DEFAULT_MAX_MEMORY, GST_ASD_PARAM_READY));
  object_class->get_property = gst_asd_trainer_get_property;
  object_class->finalize = gst_asd_trainer_finalize;

  sink_class->start = gst_asd_trainer_start;
  sink_class->stop = gst_asd_trainer_stop;
  sink_class->unlock = gst_asd_trainer_unlock;
  sink_class->unlock_stop = gst_asd_trainer_unlock_stop;
  sink_class->set_caps = gst_asd_trainer_set_caps;
  sink_class->render = gst_asd_trainer_render;
  sink_class->event = gst_asd_trainer_event;
  klass->collect = keep_frames;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_TRAINER, 0);
}

static void
gst_asd_trainer_init (GstAsdTrainer * self)
{
  GstAsdTrainerPrivate *priv = GET_PRIVATE (self);

  priv->windower = gst_asd_windower_new (collect_window, self);
  gst_asd_reservoir_reset (&priv->kept, DEFAULT_SEED);
  priv->cancellable = g_cancellable_new ();
  gst_base_sink_set_sync (GST_BASE_SINK (self), FALSE);
  gst_base_sink_set_last_sample_enabled (GST_BASE_SINK (self), FALSE);
}
