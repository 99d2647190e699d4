/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <stdio.h>
#include <string.h>

static char **opt_files;

static const GOptionEntry entries[] = {
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_files,
      NULL, NULL},
  {NULL}
};

static void
print_value (const char *key, const char *value)
{
  char **lines = g_strsplit (value, "\n", -1);
  guint i;

  printf ("  %s: %s\n", key, lines[0] != NULL ? lines[0] : "");
  for (i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      printf ("    %s\n", lines[i]);
  g_strfreev (lines);
}

static void
print_section (AsdModelSection * section)
{
  char **keys = asd_model_section_list_strings (section);
  AsdModelTensorInfo *tensors;
  gsize i, j, n;

  printf ("stage %s (%s)\n", asd_model_section_get_stage (section),
      asd_model_section_get_kind (section));
  for (i = 0; keys[i] != NULL; i++)
    if (strcmp (keys[i], "kind") != 0)
      print_value (keys[i], asd_model_section_get_string (section, keys[i]));
  tensors = asd_model_section_list_tensors (section, &n);
  for (i = 0; i < n; i++) {
    printf ("  %s: %s [", tensors[i].name, tensors[i].dtype);
    for (j = 0; j < tensors[i].n_dims; j++)
      printf ("%s%" G_GSIZE_FORMAT, j > 0 ? ", " : "", tensors[i].shape[j]);
    puts ("]");
  }
  g_free (tensors);
  g_strfreev (keys);
}

static void
print_model (AsdModel * model)
{
  char **keys = asd_model_list_strings (model);
  char **stages = asd_model_list_stages (model);
  guint i;

  printf ("%s\n", asd_model_get_name (model));
  for (i = 0; keys[i] != NULL; i++)
    print_value (keys[i], asd_model_get_string (model, keys[i]));
  for (i = 0; stages[i] != NULL; i++) {
    AsdModelSection *section = asd_model_get_section (model, stages[i], NULL);

    print_section (section);
    asd_model_section_unref (section);
  }
  g_strfreev (keys);
  g_strfreev (stages);
}

int
cmd_inspect (int argc, char **argv)
{
  GError *error = NULL;
  AsdModel *model;
  int code;

  if (!tool_parse (&argc, &argv, "MODEL.asd",
          "Shows what is in a model: its recipe, stages and calibration.",
          entries, &code))
    return code;
  if (opt_files == NULL || opt_files[1] != NULL)
    return tool_usage ("one model is needed");

  model = asd_model_load (opt_files[0], &error);
  if (model == NULL)
    return tool_fail (error);
  print_model (model);
  asd_model_unref (model);
  return 0;
}
