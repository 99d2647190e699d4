/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const audio_suffixes[] = {
  ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aif",
  ".aiff", ".au", ".mka", ".w64", NULL
};

static gboolean
is_audio (const char *name)
{
  gsize i, length = strlen (name);

  for (i = 0; audio_suffixes[i] != NULL; i++) {
    gsize n = strlen (audio_suffixes[i]);

    if (length > n && g_ascii_strcasecmp (name + length - n,
            audio_suffixes[i]) == 0)
      return TRUE;
  }
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* What is in a folder, sorted, with its path; empty where there is none. */
static GPtrArray *
list_folder (const char *folder, gboolean (*wanted) (const char *name))
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (name[0] != '.' && (wanted == NULL || wanted (name)))
      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  g_clear_pointer (&dir, g_dir_close);
  g_ptr_array_sort (paths, compare_names);
  return paths;
}

char **
dataset_expand (char **paths, GError ** error)
{
  GPtrArray *files = g_ptr_array_new ();
  GHashTable *seen = g_hash_table_new (g_str_hash, g_str_equal);
  guint i, j;

  for (i = 0; paths[i] != NULL; i++) {
    GPtrArray *found;

    if (g_file_test (paths[i], G_FILE_TEST_IS_DIR)) {
      found = list_folder (paths[i], is_audio);
      if (found->len == 0)
        tool_skip (paths[i], "a folder without recordings: name one with "
            "audio files in it (folders in it are not searched)");
    } else {
      found = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (found, g_str_has_prefix (paths[i], "file://") ?
          g_filename_from_uri (paths[i], NULL, NULL) : g_strdup (paths[i]));
    }
    for (j = 0; j < found->len; j++) {
      char *path = g_ptr_array_index (found, j);

      if (path == NULL || g_hash_table_contains (seen, path))
        continue;
      g_hash_table_add (seen, path);
      g_ptr_array_add (files, g_steal_pointer (&found->pdata[j]));
    }
    g_ptr_array_unref (found);
  }
  g_hash_table_unref (seen);
  if (files->len == 0)
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "No recordings: name audio files or folders of them");
  g_ptr_array_add (files, NULL);
  if (files->len > 1)
    return (char **) g_ptr_array_free (files, FALSE);
  g_ptr_array_free (files, TRUE);
  return NULL;
}

static void
machine_free (gpointer data)
{
  Machine *machine = data;

  g_free (machine->machine);
  g_free (machine->id);
  g_free (machine->features);
  g_clear_pointer (&machine->train, g_ptr_array_unref);
  g_clear_pointer (&machine->test, g_ptr_array_unref);
  g_clear_pointer (&machine->labels, g_array_unref);
  g_free (machine);
}

static Machine *
find_machine (GPtrArray * machines, const char *name, const char *id)
{
  Machine *machine;
  guint i;

  for (i = 0; i < machines->len; i++) {
    machine = g_ptr_array_index (machines, i);
    if (strcmp (machine->machine, name) == 0 && strcmp (machine->id, id) == 0)
      return machine;
  }
  machine = g_new0 (Machine, 1);
  machine->machine = g_strdup (name);
  machine->id = g_strdup (id);
  machine->train = g_ptr_array_new_with_free_func (g_free);
  machine->test = g_ptr_array_new_with_free_func (g_free);
  machine->labels = g_array_new (FALSE, FALSE, sizeof (gint));
  g_ptr_array_add (machines, machine);
  return machine;
}

static void
add_test (Machine * machine, const char *file, gint label)
{
  g_ptr_array_add (machine->test, g_strdup (file));
  g_array_append_val (machine->labels, label);
}

/* "anomaly_id_02_00000090.wav" -> 1, "02" */
static gboolean
parse_dcase_name (const char *file, gint *label, char **id)
{
  char *name = g_path_get_basename (file);
  const char *rest = name;
  gsize n;

  *label = -1;
  if (g_str_has_prefix (name, "normal_"))
    *label = 0;
  else if (g_str_has_prefix (name, "anomaly_"))
    *label = 1;
  if (*label >= 0)
    rest = strchr (name, '_') + 1;
  n = g_str_has_prefix (rest, "id_") ? strspn (rest + 3, "0123456789") : 0;
  *id = n > 0 ? g_strndup (rest + 3, n) : NULL;
  g_free (name);
  return *id != NULL;
}

/* ROOT/MACHINE/{train,test}/{normal,anomaly}_id_XX_*.wav */
static void
add_dcase (GPtrArray * machines, const char *folder, const char *name)
{
  static const char *const parts[] = { "train", "test" };
  guint i, part;

  for (part = 0; part < 2; part++) {
    char *path = g_build_filename (folder, parts[part], NULL);
    GPtrArray *files = list_folder (path, is_audio);

    for (i = 0; i < files->len; i++) {
      const char *file = g_ptr_array_index (files, i);
      Machine *machine;
      gint label;
      char *id;

      if (!parse_dcase_name (file, &label, &id)) {
        tool_skip (file, "the name has no machine id: call it "
            "normal_id_00_....wav or anomaly_id_00_....wav");
        continue;
      }
      machine = find_machine (machines, name, id);
      if (part == 1)
        add_test (machine, file, label);
      else if (label <= 0)
        g_ptr_array_add (machine->train, g_strdup (file));
      else
        tool_skip (file, "an anomaly among the training clips: move it to "
            "the folder test");
      g_free (id);
    }
    g_ptr_array_unref (files);
    g_free (path);
  }
}

/* A random half of the normal clips is for training, the other for the test. */
static void
split_normal (Machine * machine, GPtrArray * files, guint seed)
{
  GRand *rand = g_rand_new_with_seed (seed);
  guint i, left = files->len, to_train = (files->len + 1) / 2;

  for (i = 0; i < files->len; i++, left--) {
    const char *file = g_ptr_array_index (files, i);

    /* Selection sampling (Knuth, algorithm S): keeps the order. */
    if ((guint) g_rand_int_range (rand, 0, left) < to_train) {
      g_ptr_array_add (machine->train, g_strdup (file));
      to_train--;
    } else {
      add_test (machine, file, 0);
    }
  }
  g_rand_free (rand);
}

/* ROOT/MACHINE/id_XX/{normal,abnormal}/ recordings */
static void
add_mimii (GPtrArray * machines, const char *folder, const char *name,
    guint seed)
{
  GPtrArray *ids = list_folder (folder, NULL);
  guint i, j;

  for (i = 0; i < ids->len; i++) {
    const char *path = g_ptr_array_index (ids, i);
    char *base = g_path_get_basename (path);
    char *normal = g_build_filename (path, "normal", NULL);
    char *abnormal = g_build_filename (path, "abnormal", NULL);

    if (g_str_has_prefix (base, "id_") && g_file_test (normal,
            G_FILE_TEST_IS_DIR)) {
      Machine *machine = find_machine (machines, name, base + 3);
      GPtrArray *files = list_folder (normal, is_audio);

      split_normal (machine, files, seed);
      g_ptr_array_unref (files);
      files = list_folder (abnormal, is_audio);
      for (j = 0; j < files->len; j++)
        add_test (machine, g_ptr_array_index (files, j), 1);
      g_ptr_array_unref (files);
    }
    g_free (base);
    g_free (normal);
    g_free (abnormal);
  }
  g_ptr_array_unref (ids);
}

/* ROOT/MACHINE/id_XX/train.npy */
static void
add_features (GPtrArray * machines, const char *folder, const char *name)
{
  GPtrArray *ids = list_folder (folder, NULL);
  guint i;

  for (i = 0; i < ids->len; i++) {
    const char *path = g_ptr_array_index (ids, i);
    char *base = g_path_get_basename (path);

    if (g_str_has_prefix (base, "id_") && g_file_test (path,
            G_FILE_TEST_IS_DIR))
      find_machine (machines, name, base + 3)->features = g_strdup (path);
    g_free (base);
  }
  g_ptr_array_unref (ids);
}

typedef void (*AddFunc) (GPtrArray * machines, const char *folder,
    const char *name, guint seed);

static void
add_recordings (GPtrArray * machines, const char *folder, const char *name,
    guint seed)
{
  char *train = g_build_filename (folder, "train", NULL);
  char *test = g_build_filename (folder, "test", NULL);

  if (g_file_test (train, G_FILE_TEST_IS_DIR)
      || g_file_test (test, G_FILE_TEST_IS_DIR))
    add_dcase (machines, folder, name);
  else
    add_mimii (machines, folder, name, seed);
  g_free (train);
  g_free (test);
}

static void
add_feature_folders (GPtrArray * machines, const char *folder,
    const char *name, guint seed)
{
  add_features (machines, folder, name);
}

static int
compare_machines (gconstpointer a, gconstpointer b)
{
  const Machine *x = *(Machine * const *) a, *y = *(Machine * const *) b;
  int order = strcmp (x->machine, y->machine);

  return order != 0 ? order : strcmp (x->id, y->id);
}

static gboolean
has_machine (GPtrArray * machines, const char *name)
{
  guint i;

  for (i = 0; i < machines->len; i++)
    if (strcmp (((Machine *) g_ptr_array_index (machines, i))->machine,
            name) == 0)
      return TRUE;
  return FALSE;
}

/* One of those wanted that is not there, or NULL. */
static const char *
find_missing (GPtrArray * machines, char **only)
{
  for (; only != NULL && *only != NULL; only++)
    if (!has_machine (machines, *only))
      return *only;
  return NULL;
}

static GPtrArray *
open_tree (const char *root, char **only, guint seed, AddFunc add,
    const char *expected, GError ** error)
{
  GPtrArray *machines = g_ptr_array_new_with_free_func (machine_free);
  GPtrArray *folders = list_folder (root, NULL);
  const char *missing;
  guint i;

  for (i = 0; i < folders->len; i++) {
    const char *folder = g_ptr_array_index (folders, i);
    char *name = g_path_get_basename (folder);

    if (g_file_test (folder, G_FILE_TEST_IS_DIR)
        && (only == NULL || g_strv_contains ((const char *const *) only, name)))
      add (machines, folder, name, seed);
    g_free (name);
  }
  g_ptr_array_unref (folders);
  g_ptr_array_sort (machines, compare_machines);
  missing = find_missing (machines, only);
  if (machines->len > 0 && missing == NULL)
    return machines;

  g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
      g_file_test (root, G_FILE_TEST_IS_DIR) ?
      "%s: no machine%s%s in it: expected %s" :
      "%s: is no folder, and has no machine%s%s: expected %s", root,
      missing != NULL ? " " : "", missing != NULL ? missing : "", expected);
  g_ptr_array_unref (machines);
  return NULL;
}

GPtrArray *
dataset_open (const char *root, char **only, guint seed, GError ** error)
{
  return open_tree (root, only, seed, add_recordings,
      "MACHINE/{train,test}/normal_id_00_....wav (DCASE 2020) or "
      "MACHINE/id_00/{normal,abnormal}/ (MIMII)", error);
}

GPtrArray *
dataset_open_features (const char *root, char **only, GError ** error)
{
  return open_tree (root, only, 0, add_feature_folders,
      "MACHINE/id_00/train.npy, test.npy and test_labels.npy, as 'gst-asd "
      "extract' writes them", error);
}

Source *
dataset_make_source (GPtrArray * files, gint channel)
{
  char **names = g_new0 (char *, files->len + 1);
  Source *source;

  if (files->len > 0)
    memcpy (names, files->pdata, files->len * sizeof *names);
  source = source_new_files (names, channel);
  g_free (names);
  return source;
}

char *
dataset_clip_name (const Machine * machine, guint test_clip)
{
  gint label = g_array_index (machine->labels, gint, test_clip);
  guint i, number = 0;
  gint other;
  char *name, *id;
  gboolean is_dcase;

  if (machine->features == NULL) {
    name = g_path_get_basename (g_ptr_array_index (machine->test, test_clip));
    is_dcase = parse_dcase_name (name, &other, &id);
    g_free (id);
    if (is_dcase)
      return name;
    g_free (name);
  }
  for (i = 0; i < test_clip; i++)
    if (g_array_index (machine->labels, gint, i) == label)
      number++;
  return g_strdup_printf ("%sid_%s_%08u.wav", label < 0 ? "" : label == 0 ?
      "normal_" : "anomaly_", machine->id, number);
}
