/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdrecipe.h"
#include "gstasdextractor.h"
#include "gstasdutils.h"

#include <asd/asd.h>
#include <string.h>

struct _GstAsdRecipe
{
  GKeyFile *file;
  gchar *launch;
  gchar *title;
  gchar **stages;
  gboolean from_features;
};

static const gchar *const helpers[] = {
  "audioconvert", "audioresample", "queue", "tee", NULL
};

static gboolean
is_allowed (GstElementFactory * factory)
{
  const gchar *name = GST_OBJECT_NAME (factory);
  const gchar *klass;

  if (g_strv_contains (helpers, name))
    return TRUE;
  klass = gst_element_factory_get_metadata (factory,
      GST_ELEMENT_METADATA_KLASS);
  return g_str_has_prefix (name, "asd") && strstr (klass, "Sink") == NULL
      && strstr (klass, "Source") == NULL;
}

static GstElementFactory *
find_trainer (GstElement * element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  gchar *name = g_strconcat (GST_OBJECT_NAME (factory), "train", NULL);
  GstElementFactory *trainer = gst_element_factory_find (name);

  g_free (name);
  return trainer;
}

static gboolean
has_trainer (GstElement * element)
{
  GstElementFactory *trainer = find_trainer (element);
  gboolean ret = trainer != NULL;

  gst_clear_object (&trainer);
  return ret;
}

/* The elements of the bin, sources first. */
static GPtrArray *
list_elements (GstElement * bin)
{
  GPtrArray *elements = g_ptr_array_new_with_free_func (gst_object_unref);
  GstIterator *it = gst_bin_iterate_sorted (GST_BIN (bin));
  GValue item = G_VALUE_INIT;

  while (gst_iterator_next (it, &item) == GST_ITERATOR_OK) {
    g_ptr_array_insert (elements, 0, g_value_dup_object (&item));
    g_value_unset (&item);
  }
  gst_iterator_free (it);
  return elements;
}

static gchar *
stage_of (GstElement * element)
{
  gchar *stage = NULL;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (element), "stage"))
    g_object_get (element, "stage", &stage, NULL);
  return stage;
}

static gboolean
check_elements (GPtrArray * elements, GError ** error)
{
  guint i;

  for (i = 0; i < elements->len; i++) {
    GstElement *element = g_ptr_array_index (elements, i);
    GstElementFactory *factory = gst_element_get_factory (element);

    if (factory != NULL && is_allowed (factory))
      continue;
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "\"%s\" is not allowed in a recipe: use asd* elements that neither "
        "read nor write files, audioconvert, audioresample, tee and queue",
        factory != NULL ? GST_OBJECT_NAME (factory) :
        GST_OBJECT_NAME (element));
    return FALSE;
  }
  return TRUE;
}

static GstElement *
parse (GstAsdRecipe * recipe, GPtrArray ** elements, GError ** error)
{
  GstElement *bin;

  bin = gst_parse_bin_from_description_full (recipe->launch, TRUE, NULL,
      GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (bin == NULL) {
    g_prefix_error (error, "Recipe \"%s\": ", recipe->launch);
    return NULL;
  }
  *elements = list_elements (bin);
  if (check_elements (*elements, error))
    return bin;
  g_clear_pointer (elements, g_ptr_array_unref);
  gst_object_unref (gst_object_ref_sink (bin));
  return NULL;
}

static gboolean
collect_stages (GstAsdRecipe * recipe, GError ** error)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *elements;
  GstElement *bin;
  gboolean ok = TRUE;
  guint i;

  bin = parse (recipe, &elements, error);
  if (bin == NULL) {
    g_ptr_array_unref (names);
    return FALSE;
  }
  for (i = 0; i < elements->len && ok; i++) {
    GstElement *element = g_ptr_array_index (elements, i);
    gchar *stage = stage_of (element);

    if (stage == NULL || !has_trainer (element)) {
      g_free (stage);
      continue;
    }
    ok = !g_ptr_array_find_with_equal_func (names, stage, g_str_equal, NULL);
    if (!ok)
      g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
          "Two stages of the recipe are called \"%s\": give one another name "
          "with its property stage, for example stage=%s2", stage, stage);
    g_ptr_array_add (names, stage);
  }
  g_ptr_array_add (names, NULL);
  recipe->stages = (gchar **) g_ptr_array_free (names, FALSE);
  g_ptr_array_unref (elements);
  gst_object_unref (gst_object_ref_sink (bin));
  return ok;
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
  if (recipe->launch != NULL && collect_stages (recipe, error)
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

static gchar *
list_shipped (gchar ** folders)
{
  GString *names = g_string_new (NULL);
  guint i;

  for (i = 0; folders[i] != NULL; i++) {
    GDir *dir = g_dir_open (folders[i], 0, NULL);
    const gchar *name;

    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
      if (g_str_has_suffix (name, ".recipe"))
        g_string_append_printf (names, "%s%.*s", names->len > 0 ? ", " : "",
            (int) (strlen (name) - strlen (".recipe")), name);
    g_clear_pointer (&dir, g_dir_close);
  }
  return g_string_free (names, FALSE);
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

const gchar *
gst_asd_recipe_get_title (GstAsdRecipe * recipe)
{
  return recipe->title != NULL ? recipe->title : recipe->launch;
}

static gboolean
set_property_from_text (GObject * object, const gchar * stage,
    const gchar * name, const gchar * text, GError ** error)
{
  GParamSpec *pspec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (object), name);
  GValue value = G_VALUE_INIT;
  gboolean ok;

  if (pspec == NULL || !(pspec->flags & G_PARAM_WRITABLE)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "%s.%s: the trainer of stage \"%s\" has no property \"%s\": see "
        "'gst-inspect-1.0 %s'", stage, name, stage, name,
        GST_OBJECT_NAME (gst_element_get_factory (GST_ELEMENT (object))));
    return FALSE;
  }
  g_value_init (&value, pspec->value_type);
  /* g_param_value_validate() says whether it had to change the value. */
  ok = gst_value_deserialize (&value, text)
      && !g_param_value_validate (pspec, &value);
  if (ok)
    g_object_set_property (object, name, &value);
  else
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "%s.%s=%s: not a value of this property (%s): see 'gst-inspect-1.0 "
        "%s'", stage, name, text, g_param_spec_get_blurb (pspec),
        GST_OBJECT_NAME (gst_element_get_factory (GST_ELEMENT (object))));
  g_value_unset (&value);
  return ok;
}

/* Makes the trainer of an element with the options of its stage. */
static GstElement *
make_trainer (GstAsdRecipe * recipe, GstElement * element, GError ** error)
{
  GstElementFactory *factory = find_trainer (element);
  GstElement *trainer = gst_element_factory_create (factory, NULL);
  gchar *stage = stage_of (element);
  gchar *group = g_strdup_printf ("train %s", stage);
  gchar **keys;
  gboolean ok = TRUE;
  guint i;

  if (!g_key_file_has_group (recipe->file, group)) {
    g_free (group);
    group = g_strdup_printf ("train asd%s", stage);
  }
  keys = g_key_file_get_keys (recipe->file, group, NULL, NULL);
  for (i = 0; keys != NULL && keys[i] != NULL && ok; i++) {
    gchar *value = g_key_file_get_string (recipe->file, group, keys[i], NULL);

    ok = set_property_from_text (G_OBJECT (trainer), stage, keys[i], value,
        error);
    g_free (value);
  }
  if (ok)
    g_object_set (trainer, "stage", stage, NULL);
  else
    gst_clear_object (&trainer);
  g_strfreev (keys);
  g_free (group);
  g_free (stage);
  gst_object_unref (factory);
  return trainer;
}

static GstElement *
find_stage (GPtrArray * elements, const gchar * name)
{
  guint i;

  for (i = 0; i < elements->len; i++) {
    GstElement *element = g_ptr_array_index (elements, i);
    gchar *stage = stage_of (element);
    gboolean found = g_strcmp0 (stage, name) == 0 && has_trainer (element);

    g_free (stage);
    if (found)
      return element;
  }
  return NULL;
}

/* Tries the options of all stages. */
static gboolean
check_options (GstAsdRecipe * recipe, GError ** error)
{
  GPtrArray *elements;
  GstElement *bin = parse (recipe, &elements, error);
  gboolean ok = bin != NULL;
  guint i;

  for (i = 0; ok && recipe->stages[i] != NULL; i++) {
    GstElement *trainer = make_trainer (recipe,
        find_stage (elements, recipe->stages[i]), error);

    ok = trainer != NULL;
    gst_clear_object (&trainer);
  }
  if (bin != NULL) {
    g_ptr_array_unref (elements);
    gst_object_unref (gst_object_ref_sink (bin));
  }
  return ok;
}

gboolean
gst_asd_recipe_set_option (GstAsdRecipe * recipe, const gchar * option,
    GError ** error)
{
  const gchar *equals = strchr (option, '=');
  const gchar *dot = strchr (option, '.');
  gchar *stage, *name, *group, *names;
  gboolean ok;

  if (equals == NULL || dot == NULL || dot > equals) {
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
    group = g_strdup_printf ("train %s", stage);
    g_key_file_set_string (recipe->file, group, name, equals + 1);
    g_free (group);
    ok = check_options (recipe, error);
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

static void
collect_upstream (GstElement * element, GHashTable * set)
{
  GList *l;

  if (!g_hash_table_add (set, element))
    return;
  for (l = element->sinkpads; l != NULL; l = l->next) {
    GstPad *peer = gst_pad_get_peer (l->data);
    GstElement *parent = peer ? gst_pad_get_parent_element (peer) : NULL;

    /* The peer of the first element is inside a ghost pad. */
    if (parent != NULL && parent != element)
      collect_upstream (parent, set);
    gst_clear_object (&parent);
    gst_clear_object (&peer);
  }
}

static void
expose (GstElement * bin, const gchar * name, GstPad * target)
{
  GstPad *ghost = gst_element_get_static_pad (bin, name);

  if (ghost != NULL) {
    gst_element_remove_pad (bin, ghost);
    gst_object_unref (ghost);
  }
  gst_element_add_pad (bin, gst_ghost_pad_new (name, target));
}

/* Takes the extractor and all before it out of the bin. */
static gboolean
cut_to_features (GstElement * bin, GPtrArray * elements, GError ** error)
{
  GstElement *extractor = NULL;
  GHashTable *upstream;
  GstPad *src, *next;
  guint i, n = 0;

  for (i = 0; i < elements->len; i++) {
    if (GST_IS_ASD_EXTRACTOR (g_ptr_array_index (elements, i))) {
      extractor = g_ptr_array_index (elements, i);
      n++;
    }
  }
  if (n == 0)
    return TRUE;
  src = gst_element_get_static_pad (extractor, "src");
  next = gst_pad_get_peer (src);
  gst_object_unref (src);
  if (n > 1 || next == NULL || GST_PAD_PARENT (next) == NULL) {
    gst_clear_object (&next);
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "The recipe has %u extractors with stages after them, features can "
        "replace only one: give it the audio, or a recipe with one branch",
        n > 1 ? n : 0);
    return FALSE;
  }

  upstream = g_hash_table_new (NULL, NULL);
  collect_upstream (extractor, upstream);
  for (i = elements->len; i-- > 0;) {
    GstElement *element = g_ptr_array_index (elements, i);

    if (g_hash_table_contains (upstream, element)) {
      gst_bin_remove (GST_BIN (bin), element);
      g_ptr_array_remove_index (elements, i);
    }
  }
  g_hash_table_unref (upstream);
  expose (bin, "sink", next);
  gst_object_unref (next);
  return TRUE;
}

static GstElement *
parse_for_input (GstAsdRecipe * recipe, GPtrArray ** elements, GError ** error)
{
  GstElement *bin = parse (recipe, elements, error);

  if (bin != NULL && recipe->from_features
      && !cut_to_features (bin, *elements, error)) {
    g_clear_pointer (elements, g_ptr_array_unref);
    gst_object_unref (gst_object_ref_sink (bin));
    return NULL;
  }
  return bin;
}

gboolean
gst_asd_recipe_start_at_features (GstAsdRecipe * recipe, GError ** error)
{
  GPtrArray *elements, *left = g_ptr_array_new_with_free_func (g_free);
  GstElement *bin;
  guint i;

  recipe->from_features = TRUE;
  bin = parse_for_input (recipe, &elements, error);
  if (bin == NULL) {
    g_ptr_array_unref (left);
    return FALSE;
  }
  for (i = 0; recipe->stages[i] != NULL; i++)
    if (find_stage (elements, recipe->stages[i]) != NULL)
      g_ptr_array_add (left, g_strdup (recipe->stages[i]));
  g_ptr_array_add (left, NULL);
  g_strfreev (recipe->stages);
  recipe->stages = (gchar **) g_ptr_array_free (left, FALSE);
  g_ptr_array_unref (elements);
  gst_object_unref (gst_object_ref_sink (bin));
  return TRUE;
}

static void
set_up_elements (GPtrArray * elements, const gchar * model, GstClockTime window)
{
  guint64 own;
  guint i;

  for (i = 0; i < elements->len; i++) {
    GObject *element = g_ptr_array_index (elements, i);
    GObjectClass *klass = G_OBJECT_GET_CLASS (element);

    if (g_object_class_find_property (klass, "model") != NULL)
      g_object_set (element, "model", model, NULL);
    if (window > 0 && GST_IS_ASD_WINDOW_FILTER (element)) {
      g_object_get (element, "window", &own, NULL);
      if (own == 0)
        g_object_set (element, "window", window, NULL);
    }
  }
}

GstElement *
gst_asd_recipe_make_bin (GstAsdRecipe * recipe, const gchar * model,
    GstClockTime window, GError ** error)
{
  GPtrArray *elements;
  GstElement *bin = parse_for_input (recipe, &elements, error);

  if (bin == NULL)
    return NULL;
  set_up_elements (elements, model, window);
  g_ptr_array_unref (elements);
  return bin;
}

/* Puts @trainer in the place of @element and removes all that does not lead to
 * it. */
static void
replace_with_trainer (GstElement * bin, GPtrArray * elements,
    GstElement * element, GstElement * trainer)
{
  GHashTable *upstream = g_hash_table_new (NULL, NULL);
  GstPad *sink = gst_element_get_static_pad (element, "sink");
  GstPad *trainer_sink = gst_element_get_static_pad (trainer, "sink");
  GstPad *peer = gst_pad_get_peer (sink);
  GstElement *before = peer ? gst_pad_get_parent_element (peer) : NULL;
  guint i;

  collect_upstream (element, upstream);
  g_hash_table_remove (upstream, element);
  gst_bin_add (GST_BIN (bin), trainer);
  if (before != NULL && before != bin && g_hash_table_contains (upstream,
          before)) {
    gst_pad_unlink (peer, sink);
    gst_pad_link (peer, trainer_sink);
  } else {
    expose (bin, "sink", trainer_sink);
  }
  for (i = 0; i < elements->len; i++)
    if (!g_hash_table_contains (upstream, g_ptr_array_index (elements, i)))
      gst_bin_remove (GST_BIN (bin), g_ptr_array_index (elements, i));

  gst_clear_object (&before);
  gst_clear_object (&peer);
  gst_object_unref (sink);
  gst_object_unref (trainer_sink);
  g_hash_table_unref (upstream);
}

GstElement *
gst_asd_recipe_make_trainer (GstAsdRecipe * recipe, const gchar * stage,
    const gchar * model, GstClockTime window, guint seed, GError ** error)
{
  GstElement *bin, *element, *trainer;
  GPtrArray *elements;

  bin = parse_for_input (recipe, &elements, error);
  if (bin == NULL)
    return NULL;
  element = find_stage (elements, stage);
  g_return_val_if_fail (element != NULL, NULL);
  trainer = make_trainer (recipe, element, error);
  if (trainer == NULL) {
    g_ptr_array_unref (elements);
    gst_object_unref (gst_object_ref_sink (bin));
    return NULL;
  }

  g_object_set (trainer, "model", model, "seed", seed, NULL);
  if (window > 0)
    g_object_set (trainer, "window", window, NULL);
  set_up_elements (elements, model, window);
  replace_with_trainer (bin, elements, element, trainer);
  g_ptr_array_unref (elements);
  return bin;
}
