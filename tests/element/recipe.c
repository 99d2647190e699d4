/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "harness.h"

#include <string.h>

static GstAsdRecipe *
recipe_new (const char *text)
{
  GError *error = NULL;
  GstAsdRecipe *recipe = gst_asd_recipe_new (text, &error);

  fail_unless (recipe != NULL, "%s", error ? error->message : "");
  return recipe;
}

static void
check_stages (GstAsdRecipe * recipe, const char *expected)
{
  g_autofree char *stages =
      g_strjoinv (" ", (char **) gst_asd_recipe_get_stages (recipe));

  fail_unless_equals_string (stages, expected);
}

static void
check_refused (const char *text, const char *pattern)
{
  GError *error = NULL;
  GstAsdRecipe *recipe = gst_asd_recipe_new (text, &error);

  fail_unless (recipe == NULL, "%s", text);
  fail_unless (error != NULL);
  test_check_text (error->message, pattern);
  g_error_free (error);
}

GST_START_TEST (test_shipped)
{
  GstAsdRecipe *recipe = recipe_new ("modspec-graph");

  check_stages (recipe, "denoise graph");
  fail_unless_equals_string (gst_asd_recipe_get_title (recipe),
      "Modulation spectrum and nearest-neighbour graph");
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

/* The folders of ASD_RECIPE_PATH in order. */
GST_START_TEST (test_path_variable)
{
  g_autofree char *shipped = g_strdup (g_getenv ("ASD_RECIPE_PATH"));
  g_autofree char *folder = g_path_get_dirname (test_path ("x"));
  g_autofree char *both = g_strconcat (folder, ":", shipped, NULL);
  GstAsdRecipe *recipe;

  g_file_set_contents (test_path ("mine.recipe"),
      "[recipe]\nlaunch=asdmodspec ! asdgraph\n", -1, NULL);
  g_file_set_contents (test_path ("modspec-graph.recipe"),
      "[recipe]\nlaunch=asdmodspec ! asdgraph stage=other\n", -1, NULL);
  g_setenv ("ASD_RECIPE_PATH", both, TRUE);
  recipe = recipe_new ("mine");
  check_stages (recipe, "graph");
  gst_asd_recipe_free (recipe);
  recipe = recipe_new ("modspec-graph");
  check_stages (recipe, "other");
  gst_asd_recipe_free (recipe);
  check_refused ("none", "^There is no recipe \"none\": name a file, a launch "
      "fragment such as .*, or one of: .*mine.*modspec-graph");
  g_setenv ("ASD_RECIPE_PATH", shipped, TRUE);
}

GST_END_TEST;

GST_START_TEST (test_file)
{
  const char *path = test_path ("a file.recipe");
  const char *text = "[recipe]\nlaunch=asddenoise stage=asdfirst ! asdmodspec "
      "window=1000000000 ! asdgraph\n\n[train asdfirst]\nclips=3\n";
  GstAsdRecipe *recipe;
  GstAsdRecipe *again;
  g_autofree char *data = NULL;

  g_file_set_contents (path, text, -1, NULL);
  recipe = recipe_new (path);
  check_stages (recipe, "first graph");
  fail_unless_equals_string (gst_asd_recipe_get_title (recipe),
      "asddenoise stage=asdfirst ! asdmodspec window=1000000000 ! asdgraph");
  data = gst_asd_recipe_to_data (recipe);
  again = gst_asd_recipe_from_data (data, "copy", NULL);
  fail_unless (again != NULL);
  check_stages (again, "first graph");
  gst_asd_recipe_free (again);
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

GST_START_TEST (test_fragments)
{
  static const struct
  {
    const char *text, *stages;
  } cases[] = {
    {"asdgraph", "graph"},
    {"asdmodspec", ""},
    {"asdmodspec ! asdgraph", "graph"},
    {"audioconvert ! audioresample ! asddenoise stage=a ! asddenoise stage=b ! "
          "queue ! asdmodspec ! asdgraph stage=asdc", "a b c"},
  };
  GstAsdRecipe *recipe = recipe_new (cases[__i__].text);

  check_stages (recipe, cases[__i__].stages);
  fail_unless_equals_string (gst_asd_recipe_get_title (recipe),
      cases[__i__].text);
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

GST_START_TEST (test_bad_fragments)
{
  static const struct
  {
    const char *text, *error;
  } cases[] = {
    {"asdmodspec ! asdnonsense", "no element \"asdnonsense\""},
    {"asdmodspec nonsense=1 ! asdgraph", "no property \"nonsense\""},
    {"asdmodspec ! ! asdgraph", "syntax error|^Recipe "},
    {"asdgraph ! asdmodspec", "could not link"},
    {"asdmodspec ! filesink location=/dev/null",
        "^\"filesink\" is not allowed in a recipe: use asd\\* elements that "
          "neither read nor write files, audioconvert"},
    {"filesrc location=/dev/null ! asdmodspec", "^\"filesrc\" is not allowed"},
    {"file:///dev/null ! asdmodspec", "^\"filesrc\" is not allowed"},
    {"asdmodspec ! asdgraphtrain model=m.asd",
        "^\"asdgraphtrain\" is not allowed"},
    {"asdtestsrc ! asdmodspec", "^\"asdtestsrc\" is not allowed"},
    {"asdclipsrc ! asdmodspec", "^\"asdclipsrc\" is not allowed"},
    {"audioconvert ! audio/x-raw,rate=1 ! asdmodspec",
        "^\"capsfilter\" is not allowed"},
    {"( asdmodspec ! asdgraph )", "^\"bin\" is not allowed|no recipe"},
    {"asdmodspec ! ( asdgraph )", "^\"bin\" is not allowed"},
    {"asdmodspec ! fakesink", "^\"fakesink\" is not allowed"},
    {"asddenoise ! asddenoise ! asdmodspec", "^Two stages of the recipe are "
          "called \"denoise\": give one another name with its property stage, "
          "for example stage=denoise2$"},
    {"asddenoise stage=a ! asdmodspec ! asdgraph stage=asda",
        "called \"a\".*property stage"},
  };

  check_refused (cases[__i__].text, cases[__i__].error);
}

GST_END_TEST;

/* What a model file may hold. */
GST_START_TEST (test_bad_data)
{
  static const struct
  {
    const char *data, *error;
  } cases[] = {
    {"", "^m: "},
    {"junk", "^m: not a recipe: "},
    {"\001\002\377\376", "^m: not a recipe: "},
    {"[recipe]\n", "^m: .*launch"},
    {"[recipe]\nlaunch=\n", "^m: "},
    {"[other]\nlaunch=asdgraph\n", "^m: .*recipe"},
    {"[recipe]\nlaunch=asdgraph\377\n", "^m: "},
    {"[recipe]\nlaunch=filesrc location=/etc/passwd ! asdnpydec ! asdgraph\n",
        "^m: \"filesrc\" is not allowed"},
    {"[recipe]\nlaunch=asdgraph\n[train denoise]\nclips=1\n",
        "^m: The recipe has a group \\[train denoise\\]: write \\[recipe\\], or "
          "\\[train STAGE\\] for a stage of \"asdgraph\"$"},
    {"[recipe]\nlaunch=asdgraph\n[other]\n", "a group \\[other\\]"},
  };
  GError *error = NULL;
  GstAsdRecipe *recipe = gst_asd_recipe_from_data (cases[__i__].data, "m",
      &error);

  fail_unless (recipe == NULL && error != NULL);
  test_check_text (error->message, cases[__i__].error);
  g_error_free (error);
}

GST_END_TEST;

/* The options are those of the trainer's properties. */
static guint
get_clips (GstAsdRecipe * recipe)
{
  GError *error = NULL;
  GstElement *bin = gst_asd_recipe_make_trainer (recipe, "denoise",
      "m.asd", 0, 0, &error);
  GstElement *trainer;
  guint clips;

  fail_unless (bin != NULL, "%s", error ? error->message : "");
  trainer = GST_ELEMENT (GST_BIN (bin)->children->data);
  g_object_get (trainer, "clips", &clips, NULL);
  gst_object_unref (gst_object_ref_sink (bin));
  return clips;
}

GST_START_TEST (test_options)
{
  static const struct
  {
    const char *option, *error;
  } bad[] = {
    {"graph.clips=1", "^graph\\.clips: the trainer of stage \"graph\" has no "
          "property \"clips\": see 'gst-inspect-1.0 asdgraphtrain'$"},
    {"other.clips=1",
        "^\"other\" is not a stage of the recipe: it has denoise, " "graph$"},
    {"denoise.clips=many",
        "^denoise\\.clips=many: not a value of this property "
          "\\(Number of clips.*\\): see 'gst-inspect-1.0 asddenoisetrain'$"},
    {"denoise.clips=0", "^denoise\\.clips=0: not a value"},
    {"denoise.clips=-1", "^denoise\\.clips=-1: not a value"},
    {"denoise.clips=4294967297", "^denoise\\.clips=4294967297: not a value"},
    {"denoise.clips=7 or so", "^denoise\\.clips=7 or so: not a value"},
    {"denoise.max-memory=-1", "^denoise\\.max-memory=-1: not a value"},
    {"denoise.clips=", "^denoise\\.clips=: not a value"},
    {"denoise.clips", "^\"denoise\\.clips\" is not a training option: write "
          "STAGE\\.PROPERTY=VALUE, for example"},
    {"clips=7", "is not a training option"},
    {"clips=7.5", "is not a training option"},
    {".clips=7", "is not a stage"},
    {"denoise.=7", "is not a training option"},
    {"denoise.a[b=7", "is not a training option"},
    {"denoise.clips =7", "is not a training option"},
    {"denoise.model=x", "^denoise\\.model: .* are no training options"},
    {"denoise.seed=1", "^denoise\\.seed: .* are no training options"},
    {"denoise.stage=x", "^denoise\\.stage: .* are no training options"},
  };
  GstAsdRecipe *recipe = recipe_new ("asddenoise ! asdmodspec ! asdgraph");

  fail_unless_equals_int (get_clips (recipe), 100);
  fail_unless (gst_asd_recipe_set_option (recipe, "denoise.clips=5", NULL));
  fail_unless_equals_int (get_clips (recipe), 5);
  fail_unless (gst_asd_recipe_set_option (recipe, "asddenoise.clips=6", NULL));
  fail_unless_equals_int (get_clips (recipe), 6);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    GError *error = NULL;

    fail_if (gst_asd_recipe_set_option (recipe, bad[i].option, &error), "%s",
        bad[i].option);
    fail_unless (error != NULL);
    test_check_text (error->message, bad[i].error);
    g_error_free (error);
    /* What was there before stays. */
    fail_unless_equals_int (get_clips (recipe), 6);
  }
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

/* Options join those of the file, however its group writes the stage. */
GST_START_TEST (test_options_of_file)
{
  static const char *const groups[] = { "denoise", "asddenoise" };

  for (guint i = 0; i < 2; i++) {
    g_autofree char *data = g_strdup_printf ("[recipe]\nlaunch=asddenoise ! "
        "asdmodspec ! asdgraph\n[train %s]\nclips=7\n", groups[i]);
    GstAsdRecipe *recipe = gst_asd_recipe_from_data (data, "m", NULL);

    fail_unless_equals_int (get_clips (recipe), 7);
    fail_unless (gst_asd_recipe_set_option (recipe,
            "denoise.max-memory=2000000", NULL));
    fail_unless_equals_int (get_clips (recipe), 7);
    fail_unless (gst_asd_recipe_set_option (recipe, "denoise.clips=8", NULL));
    fail_unless_equals_int (get_clips (recipe), 8);
    gst_asd_recipe_free (recipe);
  }
}

GST_END_TEST;

/* A mistake in the file shows when its trainer is made. */
GST_START_TEST (test_bad_options_of_file)
{
  GstAsdRecipe *recipe =
      gst_asd_recipe_from_data ("[recipe]\nlaunch=asddenoise "
      "! asdmodspec ! asdgraph\n[train denoise]\nclps=7\n", "m", NULL);
  GError *error = NULL;

  fail_unless (gst_asd_recipe_make_trainer (recipe, "denoise", "m.asd", 0, 0,
          &error) == NULL);
  test_check_text (error->message, "has no property \"clps\"");
  g_error_free (error);
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Names of the factories in the bin, sorted. */
static char *
list_factories (GstElement * bin)
{
  GPtrArray *names = g_ptr_array_new ();
  GList *l;
  char *text;

  for (l = GST_BIN (bin)->children; l != NULL; l = l->next)
    g_ptr_array_add (names, GST_OBJECT_NAME (gst_element_get_factory
            (l->data)));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  text = g_strjoinv (" ", (char **) names->pdata);
  g_ptr_array_free (names, TRUE);
  return text;
}

static GstElement *
find_element (GstElement * bin, const char *factory)
{
  GList *l;

  for (l = GST_BIN (bin)->children; l != NULL; l = l->next)
    if (g_strcmp0 (GST_OBJECT_NAME (gst_element_get_factory (l->data)),
            factory) == 0)
      return l->data;
  fail ("no %s", factory);
  return NULL;
}

static guint64
get_window (GstElement * bin, const char *factory)
{
  guint64 window;

  g_object_get (find_element (bin, factory), "window", &window, NULL);
  return window;
}

GST_START_TEST (test_make_bin)
{
  GstAsdRecipe *recipe =
      recipe_new ("asddenoise ! asdmodspec window=5000000000 "
      "! asdgraph stage=g");
  GstElement *bin = gst_asd_recipe_make_bin (recipe, "x.asd", GST_SECOND, NULL);
  GstPad *sink, *src;
  char *model;

  fail_unless (bin != NULL && g_object_is_floating (bin));
  gst_object_ref_sink (bin);
  sink = gst_element_get_static_pad (bin, "sink");
  src = gst_element_get_static_pad (bin, "src");
  fail_unless (sink != NULL && src != NULL);
  g_object_get (find_element (bin, "asddenoise"), "model", &model, NULL);
  fail_unless_equals_string (model, "x.asd");
  g_free (model);
  g_object_get (find_element (bin, "asdgraph"), "model", &model, NULL);
  fail_unless_equals_string (model, "x.asd");
  g_free (model);
  fail_unless_equals_uint64 (get_window (bin, "asddenoise"), GST_SECOND);
  fail_unless_equals_uint64 (get_window (bin, "asdmodspec"), 5 * GST_SECOND);
  gst_object_unref (sink);
  gst_object_unref (src);
  gst_object_unref (bin);
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

/* The recipe up to a stage, then its trainer. */
GST_START_TEST (test_make_trainer)
{
  static const struct
  {
    const char *recipe, *stage, *factories, *trainer;
  } cases[] = {
    {"asddenoise ! asdmodspec ! asdgraph", "denoise", "asddenoisetrain",
        "asddenoisetrain"},
    {"asddenoise ! asdmodspec ! asdgraph", "graph",
        "asddenoise asdgraphtrain asdmodspec", "asdgraphtrain"},
    {"audioconvert ! asddenoise ! asdmodspec ! queue ! asdgraph", "denoise",
        "asddenoisetrain audioconvert", "asddenoisetrain"},
    {"asdgraph", "graph", "asdgraphtrain", "asdgraphtrain"},
    {"asddenoise ! tee name=t  t. ! queue ! asdmodspec bands=20 ! "
          "asdgraph stage=a  t. ! queue ! asdmodspec bands=30 ! "
          "asdgraph stage=b", "a",
        "asddenoise asdgraphtrain asdmodspec queue tee", "asdgraphtrain"},
    {"asddenoise ! tee name=t  t. ! queue ! asdmodspec bands=20 ! "
          "asdgraph stage=a  t. ! queue ! asdmodspec bands=30 ! "
          "asdgraph stage=b", "b",
        "asddenoise asdgraphtrain asdmodspec queue tee", "asdgraphtrain"},
  };
  GstAsdRecipe *recipe = recipe_new (cases[__i__].recipe);
  GError *error = NULL;
  GstElement *bin = gst_asd_recipe_make_trainer (recipe, cases[__i__].stage,
      "x.asd", 2 * GST_SECOND, 11, &error);
  g_autofree char *factories = NULL;
  g_autofree char *model = NULL;
  g_autofree char *stage = NULL;
  GstElement *trainer;
  GstPad *sink;
  guint seed;

  fail_unless (bin != NULL, "%s", error ? error->message : "");
  gst_object_ref_sink (bin);
  factories = list_factories (bin);
  fail_unless_equals_string (factories, cases[__i__].factories);
  sink = gst_element_get_static_pad (bin, "sink");
  fail_unless (sink != NULL);
  gst_object_unref (sink);
  trainer = find_element (bin, cases[__i__].trainer);
  g_object_get (trainer, "model", &model, "stage", &stage, "seed", &seed, NULL);
  fail_unless_equals_string (model, "x.asd");
  fail_unless_equals_string (stage, cases[__i__].stage);
  fail_unless_equals_int (seed, 11);
  fail_unless_equals_uint64 (get_window (bin, cases[__i__].trainer),
      2 * GST_SECOND);
  gst_object_unref (bin);
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

/* A window that the recipe gives a trainer is not overridden. */
GST_START_TEST (test_trainer_window)
{
  GstAsdRecipe *recipe = recipe_new ("asddenoise ! asdmodspec ! asdgraph");
  GstElement *bin;

  fail_unless (gst_asd_recipe_set_option (recipe, "denoise.window=7000000000",
          NULL));
  bin = gst_asd_recipe_make_trainer (recipe, "denoise", "x.asd", GST_SECOND, 0,
      NULL);
  gst_object_ref_sink (bin);
  fail_unless_equals_uint64 (get_window (bin, "asddenoisetrain"),
      7 * GST_SECOND);
  gst_object_unref (bin);
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

/* The trainers of a recipe with two branches, run one after the other as
 * `gst-asd train` does, leave a model with all its stages. */
GST_START_TEST (test_trainers_run)
{
  GstAsdRecipe *recipe = recipe_new ("asddenoise ! tee name=t  "
      "t. ! queue ! asdmodspec bands=20 ! asdgraph stage=a  "
      "t. ! queue ! asdmodspec bands=30 ! asdgraph stage=b");
  const char *const *stages = gst_asd_recipe_get_stages (recipe);
  const char *path = test_path ("m.asd");
  g_autofree float *samples = test_noise (48000, 1);
  AsdModel *model;

  fail_unless_equals_string (stages[0], "denoise");
  for (guint i = 0; stages[i] != NULL; i++)
    test_train (gst_asd_recipe_make_trainer (recipe, stages[i], path,
            GST_SECOND, 0, NULL), samples, 48000,
        "audio/x-raw, format=F32LE, rate=16000, "
        "channels=1, layout=interleaved");
  model = asd_model_load (path, NULL);
  fail_unless (model != NULL);
  for (guint i = 0; i < 2; i++) {
    AsdModelSection *section = asd_model_get_section (model, i == 0 ? "a" : "b",
        NULL);
    gsize shape[2] = { 0, i == 0 ? 160 : 240 };

    fail_unless (asd_model_section_get_f64 (section, "means", 2, shape, NULL)
        != NULL);
    asd_model_section_unref (section);
  }
  asd_model_unref (model);
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

/* Features replace the extractor and what is before it. */
GST_START_TEST (test_start_at_features)
{
  static const struct
  {
    const char *recipe, *stages, *factories, *left_out;
  } cases[] = {
    {"asddenoise ! asdmodspec ! queue ! asdgraph", "graph", "asdgraph queue",
        "modspec"},
    {"asdlogmel ! asdgraph", "graph", "asdgraph", "log-mel"},
    {"asdgraph", "graph", "asdgraph", ""},
    {"queue ! asdgraph", "graph", "asdgraph queue", ""},
    {"audioconvert ! asddenoise ! asdmodspec ! tee name=t  t. ! queue ! "
          "asdgraph stage=a  t. ! queue ! asdgraph stage=b", "a b",
        "asdgraph asdgraph queue queue tee", "modspec"},
  };
  GstAsdRecipe *recipe = recipe_new (cases[__i__].recipe);
  const char *const *stages;
  g_autofree char *factories = NULL;
  GstAsdFeatureInfo left_out;
  GError *error = NULL;
  GstElement *bin;
  GstCaps *caps;
  GstPad *sink;

  fail_unless (gst_asd_recipe_start_at_features (recipe, 16000, &left_out,
          &error), "%s", error ? error->message : "");
  fail_unless_equals_string (left_out.kind, cases[__i__].left_out);
  stages = gst_asd_recipe_get_stages (recipe);
  if (__i__ < 4)
    check_stages (recipe, cases[__i__].stages);
  else                          /* either branch may be first */
    fail_unless (g_strv_contains (stages, "a") && g_strv_contains (stages, "b")
        && stages[2] == NULL);
  bin = gst_asd_recipe_make_bin (recipe, "m.asd", 0, &error);
  fail_unless (bin != NULL);
  gst_object_ref_sink (bin);
  factories = list_factories (bin);
  fail_unless_equals_string (factories, cases[__i__].factories);
  sink = gst_element_get_static_pad (bin, "sink");
  caps = gst_caps_from_string (TEST_FEATURES (60, 8, "modspec", 16000));
  fail_unless (sink != NULL && gst_pad_query_accept_caps (sink, caps));
  gst_caps_unref (caps);
  gst_object_unref (sink);
  gst_object_unref (bin);
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

/* Where features cannot take the place of audio the recipe stays usable. */
GST_START_TEST (test_start_at_features_refused)
{
  static const struct
  {
    const char *recipe, *error;
  } cases[] = {
    {"asddenoise ! asdmodspec", "extractor"},
    {"tee name=t  t. ! queue ! asdmodspec ! asdgraph stage=a  t. ! queue ! "
          "asdmodspec ! asdgraph stage=b", "^The recipe has 2 extractors"},
  };
  GstAsdRecipe *recipe = recipe_new (cases[__i__].recipe);
  GstAsdFeatureInfo left_out;
  GstElement *bin;
  GError *error = NULL;

  fail_if (gst_asd_recipe_start_at_features (recipe, 16000, &left_out, &error));
  test_check_text (error->message, cases[__i__].error);
  g_error_free (error);
  bin = gst_asd_recipe_make_bin (recipe, NULL, 0, NULL);
  fail_unless (bin != NULL);
  gst_object_unref (gst_object_ref_sink (bin));
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

/* A recipe cut to features trains from them. */
GST_START_TEST (test_train_on_features)
{
  GstAsdRecipe *recipe = recipe_new ("asddenoise ! asdmodspec ! asdgraph");
  const char *path = test_path ("m.asd");
  g_autofree float *values = test_noise (480 * 3, 1);
  GstAsdFeatureInfo left_out;
  AsdModel *model;

  fail_unless (gst_asd_recipe_start_at_features (recipe, 16000, &left_out,
          NULL));
  test_train (gst_asd_recipe_make_trainer (recipe, "graph", path, GST_SECOND, 0,
          NULL), values, 480 * 3, TEST_FEATURES (60, 8, "modspec", 16000));
  model = asd_model_load (path, NULL);
  fail_unless (model != NULL);
  asd_model_unref (model);
  gst_asd_recipe_free (recipe);
}

GST_END_TEST;

static Suite *
recipe_suite (void)
{
  Suite *s = suite_create ("recipe");
  TCase *tc = tcase_create ("recipes");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_test (tc, test_shipped);
  tcase_add_test (tc, test_path_variable);
  tcase_add_test (tc, test_file);
  tcase_add_loop_test (tc, test_fragments, 0, 4);
  tcase_add_loop_test (tc, test_bad_fragments, 0, 16);
  tcase_add_loop_test (tc, test_bad_data, 0, 10);
  tcase_add_test (tc, test_options);
  tcase_add_test (tc, test_options_of_file);
  tcase_add_test (tc, test_bad_options_of_file);
  tcase_add_test (tc, test_make_bin);
  tcase_add_loop_test (tc, test_make_trainer, 0, 6);
  tcase_add_test (tc, test_trainer_window);
  tcase_add_test (tc, test_trainers_run);
  tcase_add_loop_test (tc, test_start_at_features, 0, 5);
  tcase_add_loop_test (tc, test_start_at_features_refused, 0, 2);
  tcase_add_test (tc, test_train_on_features);
  return s;
}

GST_CHECK_MAIN (recipe);
