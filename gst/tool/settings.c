/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <string.h>

#define FILE_NAME "evaluation.ini"

GKeyFile *
settings_new (const char *command)
{
  GKeyFile *settings = g_key_file_new ();

  settings_set (settings, "command", "%s", command);
  settings_set (settings, "version", "%s", PACKAGE_VERSION);
  return settings;
}

void
settings_set (GKeyFile * settings, const char *key, const char *format, ...)
{
  char *text, *valid;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  /* File names may be in any encoding. */
  valid = g_utf8_make_valid (text, -1);
  g_key_file_set_string (settings, SETTINGS_GROUP, key, valid);
  g_free (valid);
  g_free (text);
}

/* The groups of a recipe file, [recipe] and [train STAGE], follow ours. */
void
settings_add_recipe (GKeyFile * settings, GstAsdRecipe * recipe)
{
  char *data = gst_asd_recipe_to_data (recipe);
  GKeyFile *file = g_key_file_new ();
  char **groups, **keys, *value;
  guint i, j;

  g_key_file_load_from_data (file, data, -1, G_KEY_FILE_NONE, NULL);
  groups = g_key_file_get_groups (file, NULL);
  for (i = 0; groups[i] != NULL; i++) {
    keys = g_key_file_get_keys (file, groups[i], NULL, NULL);
    for (j = 0; keys[j] != NULL; j++) {
      value = g_key_file_get_value (file, groups[i], keys[j], NULL);
      g_key_file_set_value (settings, groups[i], keys[j], value);
      g_free (value);
    }
    g_strfreev (keys);
  }
  g_strfreev (groups);
  g_key_file_free (file);
  g_free (data);
}

gboolean
settings_write (GKeyFile * settings, const char *folder, GError ** error)
{
  char *path = g_build_filename (folder, FILE_NAME, NULL);
  gboolean ok = g_key_file_save_to_file (settings, path, error);

  g_free (path);
  return ok;
}

gboolean
settings_read (const char *folder, GKeyFile ** settings, GError ** error)
{
  char *path = g_build_filename (folder, FILE_NAME, NULL);
  GKeyFile *file = g_key_file_new ();
  GError *failure = NULL;
  gboolean ok = g_key_file_load_from_file (file, path, G_KEY_FILE_NONE,
      &failure);

  *settings = NULL;
  if (ok) {
    *settings = g_key_file_ref (file);
  } else if (g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
    g_clear_error (&failure);
    ok = TRUE;
  } else {
    g_propagate_prefixed_error (error, failure, "%s: ", path);
  }
  g_key_file_unref (file);
  g_free (path);
  return ok;
}
