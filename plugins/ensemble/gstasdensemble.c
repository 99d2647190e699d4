/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdensemble
 * @title: asdensemble
 *
 * Joins the scores that several systems give the same sound: normalises each by
 * the scores that its stage gave normal sound (the calibration in the model, see
 * `gst-asd train`) and combines them, by default into their product (Tiwari et
 * al., DCASE 2020 Challenge, Task 2).
 *
 * The threshold in the model is for the method, normalize and number of systems
 * of the recipe that was trained. With others it is not used, with a warning.
 *
 * Scores belong together by running time. Where the systems have windows of
 * different lengths, the longest count, and a system with several windows in
 * one gives their mean. A window that a system gave no score for has no joint
 * score; a warning tells so.
 *
 * The joint score is posted as an element message "asd-score", see
 * %GST_ASD_SCORE_NAME for its fields, and travels as a meta of the same name on
 * the score buffers. It has one more field for each system:
 *
 * * `score-STAGE` (double): the score of that stage, as it was
 *
 * Latency: none beyond that of the slowest system. No pad waits for another; a
 * system that is more than 1024 windows behind another is an error.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -q asdclipsrc location='test/anomaly*.wav' ! tee name=t t. ! queue ! asddenoise model=ensemble.asd ! asdmodspec ! asdgraph model=ensemble.asd ! e. t. ! queue ! asdmfcc ! asdivector model=ensemble.asd ! asdgmm model=ensemble.asd ! e. asdensemble name=e model=ensemble.asd ! asdscoreenc ! fdsink
 * gst-launch-1.0 -m asdtestsrc machine=fan num-buffers=1600 ! tee name=t t. ! queue ! asdmodspec window=10000000000 ! asdgraph model=ensemble.asd ! e. t. ! queue ! asdmfcc window=2000000000 ! asdivector model=ensemble.asd ! asdgmm model=ensemble.asd ! e. asdensemble name=e method=mean normalize=z model=ensemble.asd ! fakesink
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>
#include <math.h>
#include <string.h>

#define KIND "ensemble"

#define DEFAULT_METHOD ASD_ENSEMBLE_PRODUCT
#define DEFAULT_NORMALIZE ASD_ENSEMBLE_MIN_MAX
#define DEFAULT_MODEL NULL
#define DEFAULT_STAGE NULL
#define DEFAULT_THRESHOLD NAN
#define DEFAULT_POST_MESSAGES TRUE

enum
{
  PROP_0,
  PROP_METHOD,
  PROP_NORMALIZE,
  PROP_MODEL,
  PROP_STAGE,
  PROP_THRESHOLD,
  PROP_POST_MESSAGES,
};

#define GST_TYPE_ASD_ENSEMBLE (gst_asd_ensemble_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdEnsemble, gst_asd_ensemble, GST, ASD_ENSEMBLE,
    GstAsdJoiner);
/* One system, as its scores name it. */
typedef struct
{
  gchar *stage;
  AsdCalibration calibration;
} System;

struct _GstAsdEnsemble
{
  GstAsdJoiner parent;

  /* properties, under the object lock */
  AsdEnsembleMethod method;
  AsdEnsembleNormalization normalize;
  gchar *model_path;
  gchar *stage;
  gdouble threshold;
  gboolean post_messages;

  /* from start to stop; systems where join() runs */
  AsdModel *model;              /* NULL where none is needed */
  gdouble model_threshold;
  gchar *joins;                 /* what that is for; NULL if unknown */
  GPtrArray *systems;           /* System, in pad order */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink_%u",
    GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS (GST_ASD_SCORE_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_SCORE_CAPS));

G_DEFINE_TYPE (GstAsdEnsemble, gst_asd_ensemble, GST_TYPE_ASD_JOINER);
GST_ELEMENT_REGISTER_DEFINE (asdensemble, "asdensemble", GST_RANK_NONE,
    GST_TYPE_ASD_ENSEMBLE);

GST_DEBUG_CATEGORY_STATIC (gst_asd_ensemble_debug);
#define GST_CAT_DEFAULT gst_asd_ensemble_debug

#define GST_TYPE_ASD_ENSEMBLE_METHOD (gst_asd_ensemble_method_get_type ())
static GType
gst_asd_ensemble_method_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstAsdEnsembleMethod",
            asd_ensemble_method_values ()));
  return type;
}

#define GST_TYPE_ASD_ENSEMBLE_NORMALIZATION \
    (gst_asd_ensemble_normalization_get_type ())
static GType
gst_asd_ensemble_normalization_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
        g_enum_register_static ("GstAsdEnsembleNormalization",
            asd_ensemble_normalization_values ()));
  return type;
}

static void
free_system (gpointer data)
{
  System *system = data;

  g_free (system->stage);
  g_free (system);
}

/* Its own section has the threshold; a model made by trainers has none. */
static gboolean
load_threshold (GstAsdEnsemble * self, const gchar * stage, GError ** error)
{
  gchar **stages = asd_model_list_stages (self->model);
  gboolean known = g_strv_contains ((const gchar * const *) stages, stage);
  AsdModelSection *section;
  gboolean ok = TRUE;

  g_strfreev (stages);
  if (!known) {
    GST_INFO_OBJECT (self, "the model has no stage \"%s\"", stage);
    return TRUE;
  }
  section = asd_model_get_section (self->model, stage, error);
  if (section == NULL)
    return FALSE;
  if (strcmp (asd_model_section_get_kind (section), KIND) != 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "%s: stage \"%s\" is of kind \"%s\", %s needs kind \"" KIND "\": set "
        "stage to one that 'gst-asd train' made for it",
        asd_model_get_name (self->model), stage,
        asd_model_section_get_kind (section),
        gst_asd_element_get_label (GST_ELEMENT (self)));
    ok = FALSE;
  } else if (asd_model_section_get_string (section, "threshold") != NULL) {
    self->joins = g_strdup (asd_model_section_get_string (section, "joins"));
    ok = asd_model_section_get_double (section, "threshold",
        &self->model_threshold, error);
  }
  asd_model_section_unref (section);
  return ok;
}

static gboolean
gst_asd_ensemble_start (GstAsdJoiner * joiner)
{
  GstAsdEnsemble *self = GST_ASD_ENSEMBLE (joiner);
  AsdEnsembleNormalization normalize;
  AsdEnsembleMethod method;
  GError *error = NULL;
  gchar *path, *stage;

  GST_OBJECT_LOCK (self);
  method = self->method;
  normalize = self->normalize;
  path = g_strdup (self->model_path);
  stage = gst_asd_element_get_stage (GST_ELEMENT (self), self->stage);
  GST_OBJECT_UNLOCK (self);

  self->model_threshold = NAN;
  self->systems = g_ptr_array_new_with_free_func (free_system);
  if (normalize == ASD_ENSEMBLE_Z && (method == ASD_ENSEMBLE_PRODUCT
          || method == ASD_ENSEMBLE_GEOMETRIC_MEAN)) {
    g_set_error (&error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "normalize=z gives negative scores, which cannot be multiplied: use "
        "normalize=min-max, or method=mean");
  } else if (path != NULL && *path != '\0') {
    self->model = gst_asd_model_acquire (path, &error);
    if (self->model != NULL)
      load_threshold (self, stage, &error);
  } else if (normalize != ASD_ENSEMBLE_NONE) {
    g_set_error (&error, ASD_ERROR, ASD_ERROR_MISSING,
        "%s has no model to normalise scores by: set model=FILE.asd, made by "
        "'gst-asd train', or normalize=none",
        gst_asd_element_get_label (GST_ELEMENT (self)));
  }
  g_free (path);
  g_free (stage);
  if (error == NULL)
    return TRUE;
  GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("%s", error->message), (NULL));
  g_clear_error (&error);
  return FALSE;
}

static void
gst_asd_ensemble_stop (GstAsdJoiner * joiner)
{
  GstAsdEnsemble *self = GST_ASD_ENSEMBLE (joiner);

  gst_asd_model_release (g_steal_pointer (&self->model));
  g_clear_pointer (&self->systems, g_ptr_array_unref);
  g_clear_pointer (&self->joins, g_free);
}

static void
check_threshold (GstAsdEnsemble * self, guint n_pads)
{
  gboolean is_needed;
  gchar *ours;

  GST_OBJECT_LOCK (self);
  ours = asd_ensemble_describe (self->method, self->normalize, n_pads);
  is_needed = isnan (self->threshold);
  GST_OBJECT_UNLOCK (self);
  if (self->joins != NULL && strcmp (ours, self->joins) != 0) {
    self->model_threshold = NAN;
    if (is_needed)
      GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
          ("The threshold of %s is for %s, and is not used here for %s: set the "
              "same, or threshold=", asd_model_get_name (self->model),
              self->joins, ours), (NULL));
  }
  g_free (ours);
}

static GstCaps *
gst_asd_ensemble_negotiate (GstAsdJoiner * joiner, GstCaps * const *caps,
    guint n_pads)
{
  check_threshold (GST_ASD_ENSEMBLE (joiner), n_pads);
  return gst_static_pad_template_get_caps (&src_template);
}

static gboolean
read_calibration (AsdModelSection * section, AsdCalibration * calibration,
    GError ** error)
{
  static const gchar *const keys[] = { "calibration-min", "calibration-max",
    "calibration-mean", "calibration-std"
  };
  gdouble *values[] = { &calibration->min, &calibration->max,
    &calibration->mean, &calibration->std
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    if (!asd_model_section_get_double (section, keys[i], values[i], error))
      return FALSE;
  return TRUE;
}

/* Finds what a stage gave normal sound. */
static gboolean
load_calibration (GstAsdEnsemble * self, System * system, GError ** error)
{
  AsdModelSection *section;
  gboolean ok;

  section = asd_model_get_section (self->model, system->stage, error);
  if (section == NULL)
    return FALSE;
  ok = read_calibration (section, &system->calibration, error);
  if (!ok)
    g_prefix_error (error, "%s: stage \"%s\" has no calibration, train it with "
        "'gst-asd train', or set normalize=none: ",
        asd_model_get_name (self->model), system->stage);
  asd_model_section_unref (section);
  return ok;
}

/* The system behind a pad; a new one on the first score of its stage. */
static System *
find_system (GstAsdEnsemble * self, guint pad, const gchar * stage,
    AsdEnsembleNormalization normalize, GError ** error)
{
  System *system;
  guint i;

  while (self->systems->len <= pad)
    g_ptr_array_add (self->systems, g_new0 (System, 1));
  system = g_ptr_array_index (self->systems, pad);
  if (g_strcmp0 (system->stage, stage) == 0)
    return system;
  for (i = 0; i < self->systems->len; i++) {
    if (g_strcmp0 (((System *) g_ptr_array_index (self->systems, i))->stage,
            stage) == 0 && i != pad) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
          "%s and %s both bring scores of stage \"%s\": give one another name "
          "with its property stage",
          gst_asd_joiner_get_pad_name (GST_ASD_JOINER (self), i),
          gst_asd_joiner_get_pad_name (GST_ASD_JOINER (self), pad), stage);
      return NULL;
    }
  }
  g_free (system->stage);
  system->stage = g_strdup (stage);
  if (normalize != ASD_ENSEMBLE_NONE && !load_calibration (self, system, error))
    return NULL;
  return system;
}

/* The mean of the scores that a pad brought, and the stage that gave them. */
static gboolean
read_part (GPtrArray * part, gdouble *score, const gchar ** stage)
{
  gdouble value, sum = 0;
  guint i;

  for (i = 0; i < part->len; i++) {
    const GstStructure *structure =
        gst_asd_buffer_get_score (g_ptr_array_index (part, i));

    if (structure == NULL
        || !gst_structure_get_double (structure, "score", &value))
      return FALSE;
    *stage = gst_structure_get_string (structure, "stage");
    sum += value;
  }
  *score = sum / part->len;
  return *stage != NULL;
}

/* Takes the shares, which may be NULL. */
static GstBuffer *
make_score (GstAsdEnsemble * self, const GstAsdJoinerWindow * window,
    gdouble score, const gdouble *parts, guint n_parts, GBytes * shares)
{
  GstStructure *structure;
  GstBuffer *buffer;
  gdouble threshold;
  gboolean post;
  gchar *stage;
  guint i;

  GST_OBJECT_LOCK (self);
  threshold = isnan (self->threshold) ? self->model_threshold : self->threshold;
  post = self->post_messages;
  stage = gst_asd_element_get_stage (GST_ELEMENT (self), self->stage);
  GST_OBJECT_UNLOCK (self);

  structure = gst_asd_score_new (score, threshold, window->segment,
      window->timestamp, window->duration, stage,
      self->model != NULL ? asd_model_get_name (self->model) : NULL,
      window->stream_id);
  g_free (stage);
  for (i = 0; i < n_parts; i++) {
    System *system = g_ptr_array_index (self->systems, i);
    gchar *field = g_strconcat ("score-", system->stage, NULL);

    gst_structure_set (structure, field, G_TYPE_DOUBLE, parts[i], NULL);
    g_free (field);
  }
  gst_asd_score_explain (structure, shares);
  buffer = gst_buffer_new_memdup (&score, sizeof (score));
  gst_asd_buffer_add_score (buffer, structure);
  if (shares != NULL)
    gst_asd_buffer_add_shares (buffer, shares);
  g_clear_pointer (&shares, g_bytes_unref);
  GST_LOG_OBJECT (self, "%" GST_PTR_FORMAT, structure);
  if (post)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_element (GST_OBJECT (self), structure));
  else
    gst_structure_free (structure);
  return buffer;
}

static GstFlowReturn
gst_asd_ensemble_join (GstAsdJoiner * joiner,
    const GstAsdJoinerWindow * window, GPtrArray * const *parts, guint n_pads,
    GstBuffer ** out)
{
  GstAsdEnsemble *self = GST_ASD_ENSEMBLE (joiner);
  gdouble *scores = g_newa (gdouble, 3 * n_pads), score;
  gdouble *normalized = scores + n_pads, *weights = normalized + n_pads;
  AsdEnsembleNormalization normalize;
  AsdEnsembleMethod method;
  const gchar *stage = NULL;
  GError *error = NULL;
  System *system;
  guint i;

  GST_OBJECT_LOCK (self);
  method = self->method;
  normalize = self->normalize;
  GST_OBJECT_UNLOCK (self);
  for (i = 0; i < n_pads; i++) {
    if (!read_part (parts[i], &scores[i], &stage))
      goto no_score;
    system = find_system (self, i, stage, normalize, &error);
    if (system == NULL)
      goto no_system;
    normalized[i] = asd_ensemble_normalize (normalize, &system->calibration,
        scores[i]);
  }
  score = asd_ensemble_combine (method, normalized, n_pads);
  asd_ensemble_get_weights (method, normalized, n_pads, weights);
  if (isfinite (score))
    *out = make_score (self, window, score, scores, n_pads,
        gst_asd_buffers_merge_shares (parts, weights, n_pads));
  else
    gst_asd_element_skip_window_of_stream (GST_ELEMENT (self),
        window->stream_id, window->timestamp, "Negative scores cannot be "
        "multiplied: set normalize=min-max, or method=mean");
  return GST_FLOW_OK;

no_score:
  {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A buffer on %s has no \"asd-score\" meta with score and stage: link "
            "scorers such as asdgraph", gst_asd_joiner_get_pad_name (joiner,
                i)), (NULL));
    return GST_FLOW_ERROR;
  }
no_system:
  {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("%s", error->message),
        (NULL));
    g_clear_error (&error);
    return GST_FLOW_ERROR;
  }
}

static void
gst_asd_ensemble_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstAsdEnsemble *self = GST_ASD_ENSEMBLE (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_METHOD:
      self->method = g_value_get_enum (value);
      break;
    case PROP_NORMALIZE:
      self->normalize = g_value_get_enum (value);
      break;
    case PROP_MODEL:
      g_free (self->model_path);
      self->model_path = g_value_dup_string (value);
      break;
    case PROP_STAGE:
      g_free (self->stage);
      self->stage = g_value_dup_string (value);
      break;
    case PROP_THRESHOLD:
      self->threshold = g_value_get_double (value);
      break;
    case PROP_POST_MESSAGES:
      self->post_messages = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_ensemble_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdEnsemble *self = GST_ASD_ENSEMBLE (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_METHOD:
      g_value_set_enum (value, self->method);
      break;
    case PROP_NORMALIZE:
      g_value_set_enum (value, self->normalize);
      break;
    case PROP_MODEL:
      g_value_set_string (value, self->model_path);
      break;
    case PROP_STAGE:
      g_value_take_string (value,
          gst_asd_element_get_stage (GST_ELEMENT (self), self->stage));
      break;
    case PROP_THRESHOLD:
      g_value_set_double (value, self->threshold);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, self->post_messages);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_ensemble_finalize (GObject * object)
{
  GstAsdEnsemble *self = GST_ASD_ENSEMBLE (object);

  g_free (self->model_path);
  g_free (self->stage);
  G_OBJECT_CLASS (gst_asd_ensemble_parent_class)->finalize (object);
}

static void
gst_asd_ensemble_class_init (GstAsdEnsembleClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdJoinerClass *joiner_class = GST_ASD_JOINER_CLASS (klass);
  GParamFlags ready = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_READY;
  GParamFlags playing = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_PLAYING;

  GST_DEBUG_CATEGORY_INIT (gst_asd_ensemble_debug, "asdensemble", 0,
      "joins scores");
  object_class->set_property = gst_asd_ensemble_set_property;
  object_class->get_property = gst_asd_ensemble_get_property;
  object_class->finalize = gst_asd_ensemble_finalize;

  g_object_class_install_property (object_class, PROP_METHOD,
      g_param_spec_enum ("method", "Method", "How scores become one",
          GST_TYPE_ASD_ENSEMBLE_METHOD, DEFAULT_METHOD, ready));
  g_object_class_install_property (object_class, PROP_NORMALIZE,
      g_param_spec_enum ("normalize", "Normalize",
          "How scores are made comparable",
          GST_TYPE_ASD_ENSEMBLE_NORMALIZATION, DEFAULT_NORMALIZE, ready));
  g_object_class_install_property (object_class, PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "File with the calibration of the stages that give the scores",
          DEFAULT_MODEL, ready));
  g_object_class_install_property (object_class, PROP_STAGE,
      g_param_spec_string ("stage", "Stage",
          "Section of the model, with the threshold (default: ensemble)",
          DEFAULT_STAGE, ready));
  g_object_class_install_property (object_class, PROP_THRESHOLD,
      gst_asd_param_spec_double ("threshold", "Threshold",
          "A score above it is anomalous, NaN for the model's threshold",
          -G_MAXDOUBLE, G_MAXDOUBLE, DEFAULT_THRESHOLD, playing));
  g_object_class_install_property (object_class, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post every score as an element message", DEFAULT_POST_MESSAGES,
          playing));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Ensemble of scorers", "Filter/Analyzer/Audio",
      "Joins the scores of several systems", "gst-asd");
  joiner_class->start = gst_asd_ensemble_start;
  joiner_class->stop = gst_asd_ensemble_stop;
  joiner_class->negotiate = gst_asd_ensemble_negotiate;
  joiner_class->join = gst_asd_ensemble_join;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_ENSEMBLE_METHOD, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ASD_ENSEMBLE_NORMALIZATION, 0);
}

static void
gst_asd_ensemble_init (GstAsdEnsemble * self)
{
  self->method = DEFAULT_METHOD;
  self->normalize = DEFAULT_NORMALIZE;
  self->threshold = DEFAULT_THRESHOLD;
  self->post_messages = DEFAULT_POST_MESSAGES;
}
