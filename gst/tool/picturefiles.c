/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define FOLDER_NAME "pictures"
#define SUFFIX ".npy"

static char *
make_folder_name (const char *folder, const char *machine, const char *id)
{
  char *name = g_strdup_printf ("%s_id_%s", machine, id);
  char *path = g_build_filename (folder, FOLDER_NAME, name, NULL);

  g_free (name);
  return path;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The arrays in a folder by name, without the suffix; none where there is no
 * folder. */
static GPtrArray *
list_names (const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, SUFFIX))
      g_ptr_array_add (names, g_strndup (name,
              strlen (name) - strlen (SUFFIX)));
  g_clear_pointer (&dir, g_dir_close);
  g_ptr_array_sort (names, compare_names);
  return names;
}

static char *
make_path (const char *folder, const char *name)
{
  char *base = g_strconcat (name, SUFFIX, NULL);
  char *path = g_build_filename (folder, base, NULL);

  g_free (base);
  return path;
}

char *
pictures_clear (const char *folder, const char *machine, const char *id)
{
  char *own = make_folder_name (folder, machine, id);
  GPtrArray *names = list_names (own);
  guint i;

  for (i = 0; i < names->len; i++) {
    char *path = make_path (own, g_ptr_array_index (names, i));

    g_unlink (path);
    g_free (path);
  }
  g_rmdir (own);
  g_ptr_array_unref (names);
  return own;
}

gboolean
pictures_save (const char *folder, const char *name, AsdNpyType type,
    gsize n_dims, const gsize *shape, gconstpointer data, GError ** error)
{
  char *path;
  gboolean ok;

  if (g_mkdir_with_parents (folder, 0777) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s: cannot be made: %s", folder, g_strerror (errno));
    return FALSE;
  }
  path = make_path (folder, name);
  ok = asd_npy_save (path, type, n_dims, shape, data, error);
  g_free (path);
  return ok;
}

const char *
pictures_find_clip (const ScoreList * list, gboolean most)
{
  const double *scores = (const double *) list->scores->data;
  guint i, found = 0;

  for (i = 1; i < list->scores->len; i++)
    if (most ? scores[i] > scores[found] : scores[i] < scores[found])
      found = i;
  return list->scores->len > 0 ? g_ptr_array_index (list->clips, found) : NULL;
}

static void
picture_free (gpointer data)
{
  Picture *picture = data;

  g_free (picture->name);
  g_free (picture->values);
  g_free (picture);
}

/* The sizes of the arrays that pictures_write() leaves, 0 for any. */
static gboolean
is_known (const Picture * picture)
{
  const gsize *shape = picture->shape;

  if (g_str_has_prefix (picture->name, PICTURE_LOSS))
    return picture->n_dims == 2 && shape[1] <= 2;
  if (strcmp (picture->name, PICTURE_CENS) == 0
      || strcmp (picture->name, PICTURE_CHROMA) == 0)
    return picture->n_dims == 3 && shape[0] == 2
        && shape[1] == PICTURE_PITCHES && shape[2] == 2;
  if (strcmp (picture->name, PICTURE_LEAST) == 0
      || strcmp (picture->name, PICTURE_MOST) == 0)
    return picture->n_dims == 3 && shape[0] == 2
        && shape[1] <= PICTURE_MAX_FRAMES && shape[2] <= PICTURE_MAX_BANDS;
  if (strcmp (picture->name, PICTURE_STEP) == 0)
    return picture->n_dims == 1 && shape[0] == 1 && picture->values[0] > 0;
  return FALSE;
}

static Picture *
read_picture (const char *folder, const char *name, GError ** error)
{
  char *path = make_path (folder, name);
  AsdNpy *array = asd_npy_load (path, error);
  Picture *picture = NULL;
  gboolean ok;
  gsize i;

  if (array != NULL) {
    picture = g_new0 (Picture, 1);
    picture->name = g_strdup (name);
    picture->n_dims = array->n_dims;
    memcpy (picture->shape, array->shape, sizeof picture->shape);
    picture->values = asd_npy_get_doubles (array);
    ok = is_known (picture);
    for (i = 0; i < array->n_elements; i++)
      ok = ok && isfinite (picture->values[i]);
    if (!ok) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
          "%s: not what 'gst-asd evaluate' leaves for pictures: remove it, or "
          "evaluate again", path);
      g_clear_pointer (&picture, picture_free);
    }
    asd_npy_free (array);
  }
  g_free (path);
  return picture;
}

GPtrArray *
pictures_read (const char *folder, const char *machine, const char *id,
    GError ** error)
{
  char *own = make_folder_name (folder, machine, id);
  GPtrArray *names = list_names (own);
  GPtrArray *pictures = g_ptr_array_new_with_free_func (picture_free);
  guint i;

  for (i = 0; i < names->len && pictures != NULL; i++) {
    Picture *picture = read_picture (own, g_ptr_array_index (names, i), error);

    if (picture != NULL)
      g_ptr_array_add (pictures, picture);
    else
      g_clear_pointer (&pictures, g_ptr_array_unref);
  }
  g_ptr_array_unref (names);
  g_free (own);
  return pictures;
}
