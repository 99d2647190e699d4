/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdrecipe.h"
#include "gstasdlaunch.h"
#include "gstasdmodel.h"

#include <asd/asd.h>
#include <string.h>

#define MAX_INTERVAL (3600 * GST_SECOND)
#define NAME_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_"

struct _GstAsdRecipe
{
  GKeyFile *file;
  gchar *launch;
  gchar *title;
  gchar **stages;
  gchar **scorers;
  gboolean from_features;
  GstClockTime interval;
};

/* The launch line for the kind of input that the recipe starts with. */
static GstAsdLaunch *
parse (GstAsdRecipe * recipe, GError ** error)
{
  GstAsdLaunch *launch = gst_asd_launch_parse (recipe->launch, error);

  if (launch != NULL && recipe->from_features
      && !gst_asd_launch_cut_to_features (launch, error))
    g_clear_pointer (&launch, gst_asd_launch_free);
  return launch;
}

static gboolean
check_names (gchar ** names, GError ** error)
{
  guint i, j;

  for (i = 0; names[i] != NULL; i++) {
    for (j = 0; j < i; j++) {
      if (strcmp (names[i], names[j]) != 0)
        continue;
      g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
          "Two stages of the recipe are called \"%s\": give one another name "
          "with its property stage, for example stage=%s2", names[i], names[i]);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
update_stages (GstAsdRecipe * recipe, GError ** error)
{
  GstAsdLaunch *launch = parse (recipe, error);

  if (launch == NULL)
    return FALSE;
  g_strfreev (recipe->stages);
  g_strfreev (recipe->scorers);
  recipe->stages = gst_asd_launch_list_stages (launch);
  recipe->scorers = gst_asd_launch_list_scorers (launch);
  gst_asd_launch_free (launch);

  return check_names (recipe->stages, error)
      && check_names (recipe->scorers, error);
}

/* Groups and keys are those of the documentation and no others. */
static gboolean
check_groups (GstAsdRecipe * recipe, GError ** error)
{
  gchar **groups = g_key_file_get_groups (recipe->file, NULL);
  gboolean ok = TRUE;
  guint i;

  for (i = 0; groups[i] != NULL && ok; i++) {
    const gchar *stage;

    if (strcmp (groups[i], "recipe") == 0)
      continue;
    stage = g_str_has_prefix (groups[i], "train ") ? groups[i] + 6 : "";
    if (g_str_has_prefix (stage, "asd"))
      stage += 3;
    ok = g_strv_contains ((const gchar * const *) recipe->stages, stage);
    if (!ok)
      g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
          "The recipe has a group [%s]: write [recipe], or [train STAGE] for "
          "a stage of \"%s\"", groups[i], recipe->launch);
  }
  g_strfreev (groups);
  return ok;
}

static GstAsdRecipe *
recipe_from_key_file (GKeyFile * file, GError ** error)
{
  GstAsdRecipe *recipe = g_new0 (GstAsdRecipe, 1);

  recipe->file = file;
  recipe->launch = g_key_file_get_string (file, "recipe", "launch", error);
  recipe->title = g_key_file_get_string (file, "recipe", "title", NULL);
  if (recipe->launch != NULL && update_stages (recipe, error)
      && check_groups (recipe, error))
    return recipe;
  gst_asd_recipe_free (recipe);
  return NULL;
}

GstAsdRecipe *
gst_asd_recipe_from_data (const gchar * data, const gchar * name_for_errors,
    GError ** error)
{
  GKeyFile *file = g_key_file_new ();
  GstAsdRecipe *recipe;

  if (!g_key_file_load_from_data (file, data, -1, G_KEY_FILE_NONE, error)) {
    g_key_file_free (file);
    g_prefix_error (error, "%s: not a recipe: ", name_for_errors);
    return NULL;
  }
  recipe = recipe_from_key_file (file, error);
  if (recipe == NULL)
    g_prefix_error (error, "%s: ", name_for_errors);
  return recipe;
}

GstAsdRecipe *
gst_asd_recipe_from_model (AsdModel * model, GError ** error)
{
  const gchar *text = asd_model_get_string (model, "recipe");
  const gchar *name = asd_model_get_name (model);
  GstAsdRecipe *recipe;
  gint64 interval;

  if (!gst_asd_model_get_number (model, "interval", 0, MAX_INTERVAL, 0,
          &interval, error))
    return NULL;
  if (text != NULL) {
    recipe = gst_asd_recipe_from_data (text, name, error);
    if (recipe != NULL)
      recipe->interval = interval;
    return recipe;
  }
  g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
      "%s: has no recipe: train it with 'gst-asd train', or use its stages in "
      "a gst-launch pipeline", name);
  return NULL;
}

static gboolean
is_fragment (const gchar * text)
{
  GstElementFactory *factory;
  gchar *word;

  if (strchr (text, '!') != NULL)
    return TRUE;
  word = g_strndup (text, strcspn (text, " \t\n"));
  factory = gst_element_factory_find (word);
  g_free (word);
  if (factory == NULL)
    return FALSE;
  gst_object_unref (factory);
  return TRUE;
}

static gchar **
recipe_folders (void)
{
  const gchar *path = g_getenv ("ASD_RECIPE_PATH");
  gchar *all = g_strconcat (path != NULL ? path : "",
      path != NULL ? G_SEARCHPATH_SEPARATOR_S : "", ASD_RECIPE_DIR, NULL);
  gchar **folders = g_strsplit (all, G_SEARCHPATH_SEPARATOR_S, -1);

  g_free (all);
  return folders;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar * const *) a, *(gchar * const *) b);
}

static gchar *
list_shipped (gchar ** folders)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  gchar *text;
  guint i;

  for (i = 0; folders[i] != NULL; i++) {
    GDir *dir = g_dir_open (folders[i], 0, NULL);
    const gchar *name;

    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
      if (g_str_has_suffix (name, ".recipe"))
        g_ptr_array_add (names, g_strndup (name,
                strlen (name) - strlen (".recipe")));
    g_clear_pointer (&dir, g_dir_close);
  }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  text = g_strjoinv (", ", (gchar **) names->pdata);
  g_ptr_array_unref (names);
  return text;
}

/* Returns the file of a shipped recipe. */
static gchar *
find_shipped (const gchar * name, GError ** error)
{
  gchar **folders = recipe_folders ();
  gchar *base = g_strconcat (name, ".recipe", NULL);
  gchar *found = NULL, *names;
  guint i;

  for (i = 0; folders[i] != NULL && found == NULL; i++) {
    found = g_build_filename (folders[i], base, NULL);
    if (!g_file_test (found, G_FILE_TEST_IS_REGULAR))
      g_clear_pointer (&found, g_free);
  }
  if (found == NULL) {
    names = list_shipped (folders);
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "There is no recipe \"%s\": name a file, a launch fragment such as "
        "\"asdmodspec ! asdgraph\", or one of: %s", name, names);
    g_free (names);
  }
  g_free (base);
  g_strfreev (folders);
  return found;
}

GstAsdRecipe *
gst_asd_recipe_new (const gchar * text, GError ** error)
{
  GstAsdRecipe *recipe;
  gchar *path, *data;
  GKeyFile *file;
  gboolean ok;

  if (is_fragment (text)) {
    file = g_key_file_new ();
    g_key_file_set_string (file, "recipe", "launch", text);
    return recipe_from_key_file (file, error);
  }
  if (g_file_test (text, G_FILE_TEST_IS_REGULAR))
    path = g_strdup (text);
  else
    path = find_shipped (text, error);
  if (path == NULL)
    return NULL;

  ok = g_file_get_contents (path, &data, NULL, error);
  recipe = ok ? gst_asd_recipe_from_data (data, path, error) : NULL;
  if (ok)
    g_free (data);
  g_free (path);
  return recipe;
}

void
gst_asd_recipe_free (GstAsdRecipe * recipe)
{
  if (recipe == NULL)
    return;
  g_key_file_free (recipe->file);
  g_free (recipe->launch);
  g_free (recipe->title);
  g_strfreev (recipe->stages);
  g_strfreev (recipe->scorers);
  g_free (recipe);
}

gchar *
gst_asd_recipe_to_data (GstAsdRecipe * recipe)
{
  return g_key_file_to_data (recipe->file, NULL, NULL);
}

const gchar *const *
gst_asd_recipe_get_stages (GstAsdRecipe * recipe)
{
  return (const gchar * const *) recipe->stages;
}

const gchar *const *
gst_asd_recipe_get_scorers (GstAsdRecipe * recipe)
{
  return (const gchar * const *) recipe->scorers;
}

const gchar *
gst_asd_recipe_get_title (GstAsdRecipe * recipe)
{
  return recipe->title != NULL ? recipe->title : recipe->launch;
}

/* GStreamer would wrap a number that is negative or too large. */
static gboolean
read_value (GParamSpec * pspec, const gchar * text, GValue * value)
{
  guint64 number = 0;
  gboolean ok;

  if (G_IS_PARAM_SPEC_UINT (pspec)) {
    ok = g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT, &number, NULL);
    g_value_set_uint (value, number);
  } else if (G_IS_PARAM_SPEC_UINT64 (pspec)) {
    ok = g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &number, NULL);
    g_value_set_uint64 (value, number);
  } else {
    ok = gst_value_deserialize (value, text);
  }
  /* It says whether it had to change the value. */
  return ok && !g_param_value_validate (pspec, value);
}

/* Returns ", LOW to HIGH" of a number, else nothing. */
static gchar *
describe_range (GParamSpec * pspec)
{
  if (G_IS_PARAM_SPEC_DOUBLE (pspec))
    return g_strdup_printf (", %g to %g",
        G_PARAM_SPEC_DOUBLE (pspec)->minimum,
        G_PARAM_SPEC_DOUBLE (pspec)->maximum);
  if (G_IS_PARAM_SPEC_UINT (pspec))
    return g_strdup_printf (", %u to %u", G_PARAM_SPEC_UINT (pspec)->minimum,
        G_PARAM_SPEC_UINT (pspec)->maximum);
  return g_strdup ("");
}

static gboolean
set_property_from_text (GObject * object, const gchar * stage,
    const gchar * name, const gchar * text, GError ** error)
{
  static const gchar *const not_options[] = { "model", "seed", "stage", NULL };
  GParamSpec *pspec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (object), name);
  GValue value = G_VALUE_INIT;
  gchar *range;
  gboolean ok;

  if (g_strv_contains (not_options, name)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "%s.%s: model, seed and stage are no training options: the recipe and "
        "the command set them for all stages", stage, name);
    return FALSE;
  }
  if (pspec == NULL || !(pspec->flags & G_PARAM_WRITABLE)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "%s.%s: the trainer of stage \"%s\" has no property \"%s\": see "
        "'gst-inspect-1.0 %s'", stage, name, stage, name,
        GST_OBJECT_NAME (gst_element_get_factory (GST_ELEMENT (object))));
    return FALSE;
  }
  g_value_init (&value, pspec->value_type);
  ok = read_value (pspec, text, &value);
  if (ok) {
    g_object_set_property (object, name, &value);
  } else {
    range = describe_range (pspec);
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "%s.%s=%s: not a value of this property (%s%s): see 'gst-inspect-1.0 "
        "%s'", stage, name, text, g_param_spec_get_blurb (pspec), range,
        GST_OBJECT_NAME (gst_element_get_factory (GST_ELEMENT (object))));
    g_free (range);
  }
  g_value_unset (&value);
  return ok;
}

/* The group of a stage, which may be written with "asd". */
static gchar *
train_group (GstAsdRecipe * recipe, const gchar * stage)
{
  gchar *group = g_strdup_printf ("train asd%s", stage);

  if (g_key_file_has_group (recipe->file, group))
    return group;
  g_free (group);
  return g_strdup_printf ("train %s", stage);
}

/* Makes the trainer of a stage with the options of the recipe. */
static GstElement *
make_trainer (GstAsdRecipe * recipe, GstAsdLaunch * launch,
    const gchar * stage, GError ** error)
{
  GstElement *trainer = gst_asd_launch_make_trainer (launch, stage);
  gchar *group = train_group (recipe, stage);
  gchar **keys;
  gboolean ok = TRUE;
  guint i;

  keys = g_key_file_get_keys (recipe->file, group, NULL, NULL);
  for (i = 0; keys != NULL && keys[i] != NULL && ok; i++) {
    gchar *value = g_key_file_get_string (recipe->file, group, keys[i], NULL);

    ok = set_property_from_text (G_OBJECT (trainer), stage, keys[i], value,
        error);
    g_free (value);
  }
  g_strfreev (keys);
  g_free (group);
  if (ok)
    return trainer;
  gst_object_unref (gst_object_ref_sink (trainer));
  return NULL;
}

/* Tries the options of all stages. */
static gboolean
check_options (GstAsdRecipe * recipe, GError ** error)
{
  GstAsdLaunch *launch = parse (recipe, error);
  gboolean ok = launch != NULL;
  guint i;

  for (i = 0; ok && recipe->stages[i] != NULL; i++) {
    GstElement *trainer = make_trainer (recipe, launch, recipe->stages[i],
        error);

    ok = trainer != NULL;
    if (ok)
      gst_object_unref (gst_object_ref_sink (trainer));
  }
  gst_asd_launch_free (launch);
  return ok;
}

/* Sets an option of a stage; a value that is wrong leaves the old one. */
static gboolean
try_option (GstAsdRecipe * recipe, const gchar * stage, const gchar * name,
    const gchar * value, GError ** error)
{
  gchar *group = train_group (recipe, stage);
  gchar *old = g_key_file_get_value (recipe->file, group, name, NULL);
  gboolean ok;

  g_key_file_set_string (recipe->file, group, name, value);
  ok = check_options (recipe, error);
  if (!ok && old != NULL)
    g_key_file_set_value (recipe->file, group, name, old);
  else if (!ok)
    g_key_file_remove_key (recipe->file, group, name, NULL);
  g_free (old);
  g_free (group);
  return ok;
}

gboolean
gst_asd_recipe_set_option (GstAsdRecipe * recipe, const gchar * option,
    GError ** error)
{
  const gchar *equals = strchr (option, '=');
  const gchar *dot = strchr (option, '.');
  gchar *stage, *name, *names;
  gboolean ok;

  if (equals == NULL || dot == NULL || dot + 1 >= equals
      || strspn (dot + 1, NAME_CHARACTERS) != (gsize) (equals - dot - 1)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "\"%s\" is not a training option: write STAGE.PROPERTY=VALUE, for "
        "example denoise.clips=50", option);
    return FALSE;
  }
  if (g_str_has_prefix (option, "asd"))
    option += 3;
  stage = g_strndup (option, dot - option);
  name = g_strndup (dot + 1, equals - dot - 1);
  ok = g_strv_contains ((const gchar * const *) recipe->stages, stage);
  if (ok) {
    ok = try_option (recipe, stage, name, equals + 1, error);
  } else {
    names = g_strjoinv (", ", recipe->stages);
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "\"%s\" is not a stage of the recipe: it has %s", stage,
        *names != '\0' ? names : "none");
    g_free (names);
  }
  g_free (stage);
  g_free (name);
  return ok;
}

gboolean
gst_asd_recipe_start_at_features (GstAsdRecipe * recipe, gint rate,
    GstAsdFeatureInfo * left_out, GError ** error)
{
  GstAsdLaunch *launch = parse (recipe, error);
  gboolean ok = launch != NULL
      && gst_asd_launch_describe_features (launch, rate, left_out, error);

  gst_asd_launch_free (launch);
  if (!ok)
    return FALSE;
  recipe->from_features = TRUE;
  if (update_stages (recipe, error))
    return TRUE;
  recipe->from_features = FALSE;
  return FALSE;
}

void
gst_asd_recipe_set_interval (GstAsdRecipe * recipe, GstClockTime interval)
{
  recipe->interval = interval;
}

GstElement *
gst_asd_recipe_make_bin (GstAsdRecipe * recipe, const gchar * model,
    GstClockTime window, GError ** error)
{
  GstAsdLaunch *launch = parse (recipe, error);

  if (launch == NULL)
    return NULL;
  gst_asd_launch_set_up (launch, model, window);
  gst_asd_launch_set_interval (launch, recipe->interval);
  return gst_asd_launch_free_to_bin (launch);
}

GstElement *
gst_asd_recipe_make_scorer (GstAsdRecipe * recipe, const gchar * stage,
    const gchar * model, GstClockTime window, GError ** error)
{
  GstAsdLaunch *launch = parse (recipe, error);

  if (launch == NULL)
    return NULL;
  gst_asd_launch_end_in_scorer (launch, stage);
  gst_asd_launch_set_up (launch, model, window);
  gst_asd_launch_set_interval (launch, recipe->interval);
  return gst_asd_launch_free_to_bin (launch);
}

GstElement *
gst_asd_recipe_make_trainer (GstAsdRecipe * recipe, const gchar * stage,
    const gchar * model, GstClockTime window, guint seed, GError ** error)
{
  GstAsdLaunch *launch = parse (recipe, error);
  GstElement *trainer;
  guint64 own;

  if (launch == NULL)
    return NULL;
  trainer = make_trainer (recipe, launch, stage, error);
  if (trainer == NULL) {
    gst_asd_launch_free (launch);
    return NULL;
  }

  g_object_set (trainer, "model", model, "seed", seed, NULL);
  g_object_get (trainer, "window", &own, NULL);
  if (own == 0)
    g_object_set (trainer, "window", window, NULL);
  gst_asd_launch_set_up (launch, model, window);
  gst_asd_launch_end_in_trainer (launch, stage, trainer);
  return gst_asd_launch_free_to_bin (launch);
}
