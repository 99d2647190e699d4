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

/* What another recipe left would be taken for this one's. */
static void
clear (const char *folder)
{
  GPtrArray *names = list_names (folder);
  guint i;

  for (i = 0; i < names->len; i++) {
    char *path = make_path (folder, g_ptr_array_index (names, i));

    g_unlink (path);
    g_free (path);
  }
  g_rmdir (folder);
  g_ptr_array_unref (names);
}

static gboolean
save (const char *folder, const char *name, AsdNpyType type, gsize n_dims,
    const gsize *shape, gconstpointer data, GError ** error)
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

/* A column of losses, and one of validation losses where there are such. */
static gboolean
write_loss (const char *folder, AsdModelSection * section, GError ** error)
{
  char *name = g_strconcat (PICTURE_LOSS,
      asd_model_section_get_stage (section), NULL);
  gsize shape[2] = { 0, 1 }, i;
  const double *loss, *validation = NULL;
  double *table;
  gboolean ok;

  loss = asd_model_section_get_f64 (section, "loss", 1, shape, error);
  ok = loss != NULL;
  if (ok && asd_model_section_has_tensor (section, "validation-loss")) {
    validation = asd_model_section_get_f64 (section, "validation-loss", 1,
        shape, error);
    ok = validation != NULL;
    shape[1] = 2;
  }
  if (ok) {
    table = g_new (double, shape[0] * shape[1]);
    for (i = 0; i < shape[0]; i++) {
      table[i * shape[1]] = loss[i];
      if (validation != NULL)
        table[i * shape[1] + 1] = validation[i];
    }
    ok = save (folder, name, ASD_NPY_F64, 2, shape, table, error);
    g_free (table);
  }
  g_free (name);
  return ok;
}

static gboolean
write_losses (const char *folder, AsdModel * model, GError ** error)
{
  char **stages = asd_model_list_stages (model);
  gboolean ok = TRUE;
  guint i;

  for (i = 0; stages[i] != NULL && ok; i++) {
    AsdModelSection *section = asd_model_get_section (model, stages[i], error);

    ok = section != NULL && (!asd_model_section_has_tensor (section, "loss")
        || write_loss (folder, section, error));
    g_clear_pointer (&section, asd_model_section_unref);
  }
  g_strfreev (stages);
  return ok;
}

/* An element of the recipe, or NULL. */
static GstElement *
find_element (GstElement * bin, const char *factory)
{
  GstIterator *it = gst_bin_iterate_elements (GST_BIN (bin));
  GstElement *found = NULL;
  GValue item = G_VALUE_INIT;

  while (found == NULL && gst_iterator_next (it, &item) == GST_ITERATOR_OK) {
    GstElement *element = g_value_get_object (&item);
    GstElementFactory *own = gst_element_get_factory (element);

    if (own != NULL && strcmp (GST_OBJECT_NAME (own), factory) == 0)
      found = gst_object_ref (element);
    g_value_unset (&item);
  }
  gst_iterator_free (it);
  return found;
}

static void
ignore_buffer (guint clip, GstBuffer * buffer, gpointer user_data)
{
}

/* What leaves asdchroma, of each clip. */
typedef struct
{
  Source *source;
  GstAsdFeatureInfo info;
  double (*sums)[PICTURE_PITCHES];
  gsize *n_frames;
} Chroma;

static GstPadProbeReturn
add_chroma (GstPad * pad, GstPadProbeInfo * probe, gpointer user_data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (probe);
  Chroma *chroma = user_data;
  char *stream_id = gst_pad_get_stream_id (pad);
  GstCaps *caps = gst_pad_get_current_caps (pad);
  const gfloat *frame;
  GstMapInfo map;
  guint clip, i;
  gsize n;

  if (source_find_clip (chroma->source, stream_id, GST_BUFFER_PTS (buffer),
          &clip) && gst_asd_feature_info_from_caps (&chroma->info, caps)
      && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    frame = (const gfloat *) map.data;
    for (n = map.size / sizeof (gfloat) / PICTURE_PITCHES; n > 0; n--) {
      for (i = 0; i < PICTURE_PITCHES; i++)
        chroma->sums[clip][i] += *frame++;
      chroma->n_frames[clip]++;
    }
    gst_buffer_unmap (buffer, &map);
  }
  gst_clear_caps (&caps);
  g_free (stream_id);
  return GST_PAD_PROBE_OK;
}

/* Mean and standard deviation, over the clips of a class, of a clip's mean.
 * FALSE where there are no such clips. */
static gboolean
sum_up_chroma (Chroma * chroma, const GArray * labels, gint label,
    double (*table)[2])
{
  guint clip, i, n = 0;
  double x;

  for (clip = 0; clip < labels->len; clip++) {
    if (g_array_index (labels, gint, clip) != label
        || chroma->n_frames[clip] == 0
        || source_is_silent (chroma->source, clip))
      continue;
    n++;
    /* Welford's way, exact for equal clips. */
    for (i = 0; i < PICTURE_PITCHES; i++) {
      double delta;

      x = chroma->sums[clip][i] / chroma->n_frames[clip];
      delta = x - table[i][0];
      table[i][0] += delta / n;
      table[i][1] += delta * (x - table[i][0]);
    }
  }
  for (i = 0; i < PICTURE_PITCHES && n > 0; i++)
    table[i][1] = sqrt (table[i][1] / n);
  return n > 0;
}

static gboolean
write_chroma (const char *folder, GstElement * bin, GstElement * element,
    Source * test, const GArray * labels, GError ** error)
{
  static const gsize shape[] = { 2, PICTURE_PITCHES, 2 };
  double table[2][PICTURE_PITCHES][2] = { 0 };
  guint n = source_get_size (test);
  GstPad *pad = gst_element_get_static_pad (element, "src");
  Chroma chroma = { test };
  gboolean ok;

  chroma.sums = g_malloc0_n (n, sizeof *chroma.sums);
  chroma.n_frames = g_new0 (gsize, n);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, add_chroma, &chroma, NULL);
  gst_object_unref (pad);
  ok = tool_run (test, bin, ignore_buffer, NULL, NULL, error);
  if (ok && sum_up_chroma (&chroma, labels, 0, table[0])
      && sum_up_chroma (&chroma, labels, 1, table[1]))
    ok = save (folder, chroma.info.kind, ASD_NPY_F64, 3, shape, table, error);
  g_free (chroma.sums);
  g_free (chroma.n_frames);
  return ok;
}

/* Of recordings that were left out of the scores, nothing is said again. */
static gboolean
write_features (const char *folder, const Training * training, Source * test,
    const Machine * machine, const char *model, GError ** error)
{
  GstElement *bin = gst_asd_recipe_make_bin (training->recipe, model,
      training->window, error);
  GstElement *element;
  gboolean ok = TRUE;

  if (bin == NULL)
    return FALSE;
  element = find_element (gst_object_ref_sink (bin), "asdchroma");
  if (element != NULL)
    ok = write_chroma (folder, bin, element, test, machine->labels, error);
  gst_clear_object (&element);
  gst_object_unref (bin);
  return ok;
}

gboolean
pictures_write (const char *folder, const Training * training, Source * test,
    const Machine * machine, const char *model, GError ** error)
{
  char *own = make_folder_name (folder, machine->machine, machine->id);
  AsdModel *loaded = asd_model_load (model, error);
  gboolean ok = loaded != NULL;

  clear (own);
  ok = ok && write_losses (own, loaded, error)
      && write_features (own, training, test, machine, model, error);
  g_clear_pointer (&loaded, asd_model_unref);
  g_free (own);
  return ok;
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
