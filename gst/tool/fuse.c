/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static char *opt_method, *opt_normalize, *opt_out;
static char **opt_folders;

static const GOptionEntry entries[] = {
  {"method", 0, 0, G_OPTION_ARG_STRING, &opt_method,
      "product, geometric-mean, mean, max or min (default: product)", "METHOD"},
  {"normalize", 0, 0, G_OPTION_ARG_STRING, &opt_normalize,
      "test: scale the scores of each machine id to 0 .. 1 over its test set; "
        "none (default: test)", "HOW"},
  {"out", 0, 0, G_OPTION_ARG_FILENAME, &opt_out,
      "folder for results.csv and anomaly_score_*.csv", "DIR"},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_folders,
      NULL, NULL},
  {NULL}
};

/* One folder of scores. */
typedef struct
{
  const char *folder;
  GPtrArray *lists;
} System;

static void
system_clear (gpointer data)
{
  g_clear_pointer (&((System *) data)->lists, g_ptr_array_unref);
}

static ScoreList *
find_list (const System * system, const ScoreList * like)
{
  guint i;

  for (i = 0; i < system->lists->len; i++) {
    ScoreList *list = g_ptr_array_index (system->lists, i);

    if (strcmp (list->machine, like->machine) == 0
        && strcmp (list->id, like->id) == 0)
      return list;
  }
  return NULL;
}

static GHashTable *
index_clips (const ScoreList * list)
{
  GHashTable *index = g_hash_table_new (g_str_hash, g_str_equal);
  guint i;

  for (i = 0; i < list->clips->len; i++)
    g_hash_table_insert (index, g_ptr_array_index (list->clips, i),
        &g_array_index (list->scores, double, i));
  return index;
}

/* The scores of a clip from all systems; FALSE where one has none. */
static gboolean
gather (GPtrArray * indices, GArray * systems, const char *clip, double *scores)
{
  guint i;

  for (i = 0; i < indices->len; i++) {
    double *score = g_hash_table_lookup (g_ptr_array_index (indices, i), clip);
    char *reason;

    if (score == NULL) {
      reason = g_strdup_printf ("no score in %s: evaluate both on the same "
          "clips", g_array_index (systems, System, i).folder);
      tool_skip (clip, reason);
      g_free (reason);
      return FALSE;
    }
    scores[i] = *score;
  }
  return TRUE;
}

/* The joint scores of one machine id, in the order of the first system. */
static ScoreList *
fuse_id (GArray * systems, ScoreList * first, AsdEnsembleMethod method,
    GError ** error)
{
  ScoreList *fused = score_list_new (first->machine, first->id);
  GPtrArray *indices =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_hash_table_unref);
  double *scores = g_new (double, systems->len);
  gboolean ok = TRUE;
  guint i;

  for (i = 0; i < systems->len; i++)
    g_ptr_array_add (indices, index_clips (find_list (&g_array_index (systems,
                    System, i), first)));
  for (i = 0; i < first->clips->len && ok; i++) {
    const char *clip = g_ptr_array_index (first->clips, i);
    double joint;

    if (!gather (indices, systems, clip, scores))
      continue;
    joint = asd_ensemble_combine (method, scores, systems->len);
    ok = isfinite (joint);
    if (ok)
      score_list_add (fused, clip, joint);
    else
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
          "%s: its scores cannot be joined by --method %s, which needs scores "
          "that are not negative and not huge: use --normalize test", clip,
          opt_method);
  }
  g_ptr_array_unref (indices);
  g_free (scores);
  if (!ok)
    g_clear_pointer (&fused, score_list_free);
  return fused;
}

/* Where a system has no scores of a machine id, the id is named and left out. */
static gboolean
all_have (GArray * systems, const ScoreList * list)
{
  guint i;

  for (i = 0; i < systems->len; i++) {
    System *system = &g_array_index (systems, System, i);
    char *name, *reason;

    if (find_list (system, list) != NULL)
      continue;
    name = g_strdup_printf ("%s id_%s", list->machine, list->id);
    reason = g_strdup_printf ("no scores in %s: evaluate all systems on the "
        "same data", system->folder);
    tool_skip (name, reason);
    g_free (name);
    g_free (reason);
    return FALSE;
  }
  return TRUE;
}

static gboolean
fuse (GArray * systems, AsdEnsembleMethod method, GError ** error)
{
  GPtrArray *results =
      g_ptr_array_new_with_free_func ((GDestroyNotify) score_list_free);
  gboolean ok = TRUE;
  guint i, j;

  for (i = 0; i < systems->len; i++) {
    GPtrArray *lists = g_array_index (systems, System, i).lists;

    for (j = 0; j < lists->len && ok; j++) {
      ScoreList *list = g_ptr_array_index (lists, j);
      ScoreList *fused;

      if (!all_have (systems, list) || i > 0)
        continue;
      fused = fuse_id (systems, list, method, error);
      ok = fused != NULL && results_write_scores (opt_out, fused, error);
      if (fused != NULL) {
        score_list_measure (fused);
        g_ptr_array_add (results, fused);
      }
    }
  }
  if (ok && results->len == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "The folders have no machine id in common");
    ok = FALSE;
  }
  ok = ok && results_write_table (opt_out, results, error);
  g_ptr_array_unref (results);
  return ok;
}

/* What 'gst-asd report' says of the scores. */
static gboolean
write_settings (GArray * systems, GError ** error)
{
  GKeyFile *settings = settings_new ("fuse");
  GString *folders = g_string_new (NULL);
  gboolean ok;
  guint i;

  for (i = 0; i < systems->len; i++)
    g_string_append_printf (folders, "%s%s", i > 0 ? ", " : "",
        g_array_index (systems, System, i).folder);
  settings_set (settings, "method", "%s", opt_method);
  settings_set (settings, "normalize", "%s", opt_normalize);
  settings_set (settings, "systems", "%s", folders->str);
  ok = settings_write (settings, opt_out, error);
  g_string_free (folders, TRUE);
  g_key_file_unref (settings);
  return ok;
}

static gboolean
parse_method (AsdEnsembleMethod * method)
{
  const GEnumValue *value;

  for (value = asd_ensemble_method_values (); value->value_nick; value++) {
    if (strcmp (value->value_nick, opt_method) != 0)
      continue;
    *method = value->value;
    return TRUE;
  }
  return FALSE;
}

static gboolean
open_systems (GArray * systems, GError ** error)
{
  gboolean normalise = strcmp (opt_normalize, "test") == 0;
  guint i, j;

  for (i = 0; opt_folders[i] != NULL; i++) {
    System system = { opt_folders[i] };

    if (g_file_test (opt_folders[i], G_FILE_TEST_IS_REGULAR))
      continue;
    system.lists = results_read (opt_folders[i], error);
    if (system.lists == NULL)
      return FALSE;
    for (j = 0; normalise && j < system.lists->len; j++) {
      GArray *scores =
          ((ScoreList *) g_ptr_array_index (system.lists, j))->scores;

      asd_ensemble_min_max ((double *) scores->data, scores->len);
    }
    g_array_append_val (systems, system);
  }
  if (systems->len == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "No folder of scores: name those that 'gst-asd evaluate' wrote");
    return FALSE;
  }
  /* A pattern finds report.html, too. */
  for (i = 0; opt_folders[i] != NULL; i++)
    if (g_file_test (opt_folders[i], G_FILE_TEST_IS_REGULAR))
      tool_remark (opt_folders[i], "is no folder of scores and left out");
  return TRUE;
}

int
cmd_fuse (int argc, char **argv)
{
  AsdEnsembleMethod method;
  GError *error = NULL;
  GArray *systems;
  gboolean ok;
  int code;

  if (!tool_parse (&argc, &argv, "SCORE_DIR...",
          "Joins the scores that several systems gave the same test clips.",
          entries, &code))
    return code;
  if (opt_method == NULL)
    opt_method = g_strdup ("product");
  if (opt_normalize == NULL)
    opt_normalize = g_strdup ("test");
  if (opt_folders == NULL || opt_out == NULL)
    return tool_usage ("--out and folders of scores are needed");
  if (!parse_method (&method))
    return tool_usage ("--method is product, geometric-mean, mean, max or min");
  if (strcmp (opt_normalize, "test") != 0
      && strcmp (opt_normalize, "none") != 0)
    return tool_usage ("--normalize is test or none");

  systems = g_array_new (FALSE, FALSE, sizeof (System));
  g_array_set_clear_func (systems, system_clear);
  ok = open_systems (systems, &error);
  if (ok && g_mkdir_with_parents (opt_out, 0777) != 0) {
    g_set_error (&error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s: cannot be made: %s", opt_out, g_strerror (errno));
    ok = FALSE;
  }
  ok = ok && fuse (systems, method, &error) && write_settings (systems, &error);
  g_array_unref (systems);
  return ok ? tool_exit_code () : tool_fail (error);
}
