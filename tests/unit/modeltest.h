/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_MODEL_TEST_H__
#define __ASD_MODEL_TEST_H__

/* What the tests of the model file share: a folder for each test, the bytes of
 * files, errors. */

#include <asd/error.h>
#include <asd/model.h>
#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <string.h>

static char *folder;
static char *path;              /* of a model in it, not there yet */

static inline void
setup_folder (void)
{
  folder = g_dir_make_tmp ("asd-model-XXXXXX", NULL);
  fail_unless (folder != NULL);
  path = g_build_filename (folder, "fan.asd", NULL);
}

/* The names in the folder, sorted, with a space between them. */
static inline char *
list_folder (void)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  GString *list = g_string_new (NULL);
  GList *names = NULL;
  const char *name;

  fail_unless (dir != NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    names = g_list_insert_sorted (names, g_strdup (name),
        (GCompareFunc) strcmp);
  for (GList *link = names; link != NULL; link = link->next)
    g_string_append_printf (list, "%s%s", link == names ? "" : " ",
        (char *) link->data);
  g_list_free_full (names, g_free);
  g_dir_close (dir);
  return g_string_free (list, FALSE);
}

static inline void
assert_folder_is (const char *expected)
{
  g_autofree char *list = list_folder ();

  assert_equals_string (list, expected);
}

static inline void
teardown_folder (void)
{
  g_autofree char *list = list_folder ();
  char **names = g_strsplit (list, " ", -1);

  for (char **name = names; *name != NULL; name++) {
    g_autofree char *file = g_build_filename (folder, *name, NULL);

    g_remove (file);
  }
  g_strfreev (names);
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
  g_clear_pointer (&path, g_free);
}

static inline GBytes *
read_file (const char *file)
{
  GError *error = NULL;
  char *data;
  gsize size;

  fail_unless (g_file_get_contents (file, &data, &size, &error), "%s",
      error != NULL ? error->message : "");
  return g_bytes_new_take (data, size);
}

static inline void
assert_bytes (const char *file, GBytes * expected)
{
  g_autoptr (GBytes) bytes = read_file (file);

  fail_unless (g_bytes_equal (bytes, expected), "%s has changed", file);
}

/* Checks and clears an error: what it is, that it is one line and names
 * @where. */
static inline void
assert_error (GError ** error, GQuark domain, int code, const char *where)
{
  fail_unless (*error != NULL, "no error");
  fail_unless ((*error)->domain == domain && (*error)->code == code,
      "unexpected %s %d: %s", g_quark_to_string ((*error)->domain),
      (*error)->code, (*error)->message);
  fail_unless (strstr ((*error)->message, where) != NULL,
      "\"%s\" does not name %s", (*error)->message, where);
  fail_unless (strchr ((*error)->message, '\n') == NULL, "%s",
      (*error)->message);
  g_clear_error (error);
}

static inline AsdModel *
load (const char *file)
{
  GError *error = NULL;
  AsdModel *model = asd_model_load (file, &error);

  fail_unless (model != NULL, "%s", error != NULL ? error->message : "");
  return model;
}

static inline void
commit (AsdModelWriter * writer, const char *file)
{
  GError *error = NULL;

  fail_unless (asd_model_writer_commit (writer, file, NULL, &error), "%s",
      error != NULL ? error->message : "");
}

/* Writes a stage with "value" and a tensor of @n times @value. */
static inline gboolean
write_value (const char *file, const char *stage, gsize n, gint64 value,
    GCancellable * cancellable, GError ** error)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autofree double *values = g_new (double, n);

  for (gsize i = 0; i < n; i++)
    values[i] = value;
  asd_model_writer_set_stage (writer, stage, "test");
  asd_model_writer_set_int64 (writer, "value", value);
  asd_model_writer_add_f64 (writer, "values", values, 1, &n);
  return asd_model_writer_commit (writer, file, cancellable, error);
}

/* Reads it back; -1 if the stage is not there. Tensor and value must agree. */
static inline gint64
read_value (const char *file, const char *stage)
{
  g_autoptr (AsdModel) model = load (file);
  g_autoptr (AsdModelSection) section =
      asd_model_get_section (model, stage, NULL);
  const double *values;
  gsize n = 0;
  gint64 value;

  if (section == NULL)
    return -1;
  fail_unless (asd_model_section_get_int64 (section, "value", &value, NULL));
  values = asd_model_section_get_f64 (section, "values", 1, &n, NULL);
  fail_unless (values != NULL);
  for (gsize i = 0; i < n; i++)
    fail_unless (values[i] == value);
  return value;
}

#endif /* __ASD_MODEL_TEST_H__ */
