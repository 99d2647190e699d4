/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

static char *opt_recipe, *opt_data, *opt_out;
static char **opt_train, **opt_machines;
static gint64 opt_window;
static int opt_seed, opt_channel;

static const GOptionEntry entries[] = {
  {"recipe", 0, 0, G_OPTION_ARG_STRING, &opt_recipe,
      "recipe or launch fragment that ends in features", "FRAGMENT"},
  {"train", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_train,
      "set a property of a stage's trainer", "STAGE.PROPERTY=VALUE"},
  {"data", 0, 0, G_OPTION_ARG_FILENAME, &opt_data,
      "data set in the layout of DCASE 2020 or MIMII", "ROOT"},
  {"out", 0, 0, G_OPTION_ARG_FILENAME, &opt_out,
      "folder for MACHINE/id_XX/*.npy", "FEATURES"},
  {"machine", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_machines,
      "only this machine type; may be given more than once", "M"},
  {"seed", 0, 0, G_OPTION_ARG_INT, &opt_seed,
      "seed of everything random (default: 0)", "N"},
  {"window", 0, 0, G_OPTION_ARG_INT64, &opt_window,
      "length of a window in ns (default: 0, the whole clip)", "NS"},
  {"channel", 0, 0, G_OPTION_ARG_INT, &opt_channel,
      "channel to listen to, from 0; -1: the mean (default: 0)", "N"},
  {NULL}
};

typedef struct
{
  GByteArray *values;
  GArray *labels;               /* of the windows: guint8 */
  GArray *label_of_clip;        /* gint, or NULL */
  gsize window_size;
  gsize n_windows;
  gboolean uneven;
} Collection;

static void
add_window (guint clip, GstBuffer * buffer, gpointer user_data)
{
  Collection *collection = user_data;
  GstMapInfo map;
  guint8 label;
  gint known;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  if (collection->n_windows == 0)
    collection->window_size = map.size;
  if (map.size == collection->window_size) {
    g_byte_array_append (collection->values, map.data, map.size);
    collection->n_windows++;
    if (collection->label_of_clip != NULL) {
      known = g_array_index (collection->label_of_clip, gint, clip);
      label = known < 0 ? LABEL_UNKNOWN : known;
      g_array_append_val (collection->labels, label);
    }
  } else {
    collection->uneven = TRUE;
  }
  gst_buffer_unmap (buffer, &map);
}

static gboolean
save_features (const char *path, Collection * collection, GstCaps * caps,
    GError ** error)
{
  gsize shape[4], n_dims = 0, n_frames;
  GstAsdFeatureInfo info;

  if (!gst_asd_feature_info_from_caps (&info, caps)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "The recipe does not end in features: give it without its scorer, for "
        "example \"asdmodspec\"");
    return FALSE;
  }
  if (collection->uneven) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "%s: the windows have different numbers of frames, an array needs "
        "equal ones: set --window, or end the recipe in asdpool", path);
    return FALSE;
  }
  n_frames = collection->window_size / sizeof (gfloat) /
      gst_asd_feature_info_frame_size (&info);
  shape[n_dims++] = collection->n_windows;
  if (n_frames > 1)
    shape[n_dims++] = n_frames;
  shape[n_dims++] = info.rows;
  shape[n_dims++] = info.columns;
  return asd_npy_save (path, ASD_NPY_F32, n_dims, shape,
      collection->values->data, error);
}

static gboolean
extract_part (const Training * training, const char *model, GPtrArray * files,
    GArray * labels, const char *folder, const char *part, GError ** error)
{
  Source *source = dataset_make_source (files, opt_channel);
  Collection collection = { g_byte_array_new (),
    g_array_new (FALSE, FALSE, sizeof (guint8)), labels
  };
  char *name = g_strconcat (part, ".npy", NULL);
  char *label_name = g_strconcat (part, "_labels.npy", NULL);
  char *path = g_build_filename (folder, name, NULL);
  char *label_path = g_build_filename (folder, label_name, NULL);
  GstCaps *caps = NULL;
  GstElement *bin;
  gboolean ok;

  bin = gst_asd_recipe_make_bin (training->recipe, model, training->window,
      error);
  ok = bin != NULL && tool_run (source, bin, add_window, &collection, &caps,
      error);
  if (ok && collection.n_windows == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "%s: no recording gave features: see above what is wrong with each",
        path);
    ok = FALSE;
  }
  ok = ok && save_features (path, &collection, caps, error);
  if (ok && labels != NULL)
    ok = asd_npy_save (label_path, ASD_NPY_U8, 1, &collection.n_windows,
        collection.labels->data, error);

  gst_clear_caps (&caps);
  g_byte_array_unref (collection.values);
  g_array_unref (collection.labels);
  source_free (source);
  g_free (name);
  g_free (label_name);
  g_free (path);
  g_free (label_path);
  return ok;
}

static gboolean
extract_machine (const Training * training, const Machine * machine,
    GError ** error)
{
  char *id = g_strconcat ("id_", machine->id, NULL);
  char *folder = g_build_filename (opt_out, machine->machine, id, NULL);
  char *model = g_build_filename (folder, ".stages.asd", NULL);
  gboolean ok;
  Source *all, *good = NULL;

  if (g_mkdir_with_parents (folder, 0777) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s: cannot be made: %s", folder, g_strerror (errno));
    ok = FALSE;
    goto done;
  }
  all = dataset_make_source (machine->train, opt_channel);
  good = source_check (all, error);
  source_free (all);
  ok = good != NULL && training_fit (training, good, model, error)
      && extract_part (training, model, machine->train, NULL, folder, "train",
      error);
  if (ok && machine->test->len > 0)
    ok = extract_part (training, model, machine->test, machine->labels, folder,
        "test", error);
  g_unlink (model);

done:
  if (!ok)
    g_rmdir (folder);           /* only where it is empty */
  source_free (good);
  g_free (model);
  g_free (folder);
  g_free (id);
  return ok;
}

static gboolean
extract (const Training * training, GError ** error)
{
  guint n_stages =
      g_strv_length ((char **) gst_asd_recipe_get_stages (training->recipe));
  GPtrArray *machines;
  gsize n_steps = 0;
  gboolean ok = TRUE;
  guint i, n_done = 0;

  machines = dataset_open (opt_data, opt_machines, training->seed, error);
  if (machines == NULL)
    return FALSE;
  for (i = 0; i < machines->len; i++) {
    Machine *machine = g_ptr_array_index (machines, i);

    n_steps += machine->train->len * (n_stages + 2) + machine->test->len;
  }
  tool_progress_begin ("extracting", n_steps);
  for (i = 0; i < machines->len && ok; i++) {
    Machine *machine = g_ptr_array_index (machines, i);
    char *name = g_strdup_printf ("%s id_%s", machine->machine, machine->id);
    GError *reason = NULL;

    if (machine->train->len == 0) {
      tool_skip (name, "no training clips: nothing to learn from");
    } else if (extract_machine (training, machine, &reason)) {
      n_done++;
    } else if (g_error_matches (reason, ASD_ERROR, ASD_ERROR_DATA)) {
      /* Bad recordings cost the machine that they are of. */
      tool_skip (name, reason->message);
      g_clear_error (&reason);
    } else {
      g_propagate_error (error, reason);
      ok = FALSE;
    }
    g_free (name);
  }
  tool_progress_end ();
  g_ptr_array_unref (machines);
  if (ok && n_done == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "No machine gave features: see above what is wrong with each");
    ok = FALSE;
  }
  return ok;
}

int
cmd_extract (int argc, char **argv)
{
  Training training = { 0 };
  GError *error = NULL;
  gboolean ok;
  int code;
  guint i;

  if (!tool_parse (&argc, &argv, NULL,
          "Writes the features of a data set as .npy files.", entries, &code))
    return code;
  if (argc > 1)
    return tool_usage ("\"%s\" is not an option", argv[1]);
  if (opt_recipe == NULL || opt_data == NULL || opt_out == NULL)
    return tool_usage ("--recipe, --data and --out are needed");
  code = tool_check_numbers (opt_window, opt_channel, opt_seed);
  if (code != 0)
    return code;

  training.window = opt_window;
  training.seed = opt_seed;
  training.recipe = gst_asd_recipe_new (opt_recipe, &error);
  ok = training.recipe != NULL;
  for (i = 0; ok && opt_train != NULL && opt_train[i] != NULL; i++)
    ok = gst_asd_recipe_set_option (training.recipe, opt_train[i], &error);
  ok = ok && extract (&training, &error);
  gst_asd_recipe_free (training.recipe);
  return ok ? tool_exit_code () : tool_fail (error);
}
