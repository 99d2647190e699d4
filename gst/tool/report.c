/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "html.h"

static char **opt_folders;

static const GOptionEntry entries[] = {
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_folders,
      NULL, NULL},
  {NULL}
};

static const AsdBootstrapConfig bootstrap = { TOOL_MAX_FPR, 0.95, 2000, 0 };

static void
id_clear (gpointer data)
{
  ReportId *id = data;

  g_free (id->machine);
  g_free (id->id);
  g_free (id->scores);
  g_free (id->labels);
  g_ptr_array_unref (id->pictures);
}

static void
mean_clear (gpointer data)
{
  g_free (((ReportMean *) data)->machine);
}

static void
system_clear (gpointer data)
{
  ReportSystem *system = data;

  g_free (system->name);
  g_ptr_array_unref (system->lists);
  g_clear_pointer (&system->settings, g_key_file_unref);
  g_array_unref (system->ids);
  g_array_unref (system->means);
}

static void
rival_clear (gpointer data)
{
  g_array_unref (((ReportRival *) data)->means);
}

static GArray *
array_new (gsize element_size, GDestroyNotify clear)
{
  GArray *array = g_array_new (FALSE, TRUE, element_size);

  g_array_set_clear_func (array, clear);
  return array;
}

static AsdTestSet
make_set (const ReportId * id)
{
  return (AsdTestSet) {
  id->scores, NULL, id->labels, id->n, 1};
}

/* Means over the ids of each machine, then over machines, as in DCASE 2020. */
static void
find_means (GPtrArray * ids, GArray * means, ReportMean * total)
{
  GArray *sets = g_array_new (FALSE, FALSE, sizeof (AsdTestSet));
  guint i, j, first = 0, n_machines;

  for (i = 0; i < ids->len; i++) {
    const ReportId *id = g_ptr_array_index (ids, i);
    const ReportId *next =
        i + 1 < ids->len ? g_ptr_array_index (ids, i + 1) : NULL;
    AsdTestSet set = make_set (id);
    ReportMean mean = { NULL };

    g_array_append_val (sets, set);
    if (next != NULL && strcmp (id->list->machine, next->list->machine) == 0)
      continue;
    for (j = first; j < sets->len; j++)
      g_array_index (sets, AsdTestSet, j).weight = 1.0 / (sets->len - first);
    asd_bootstrap (&g_array_index (sets, AsdTestSet, first),
        sets->len - first, &bootstrap, &mean.auc, &mean.pauc);
    mean.machine = g_strdup (id->machine);
    g_array_append_val (means, mean);
    first = sets->len;
  }
  n_machines = means->len;
  for (i = 0; i < sets->len; i++)
    g_array_index (sets, AsdTestSet, i).weight /= n_machines;
  asd_bootstrap ((AsdTestSet *) sets->data, sets->len, &bootstrap,
      &total->auc, &total->pauc);
  g_array_unref (sets);
}

static int
find_n_train (GKeyFile * settings, const char *machine, const char *id)
{
  char *name, *wanted;
  char **names = NULL;
  gsize n = 0, n_clips = 0, i;
  gint *clips = NULL;
  int found = -1;

  if (settings == NULL)
    return -1;
  name = g_strdup_printf ("%s id_%s", machine, id);
  wanted = g_utf8_make_valid (name, -1);
  names = g_key_file_get_string_list (settings, SETTINGS_TRAINED, "machines",
      &n, NULL);
  clips = g_key_file_get_integer_list (settings, SETTINGS_TRAINED, "clips",
      &n_clips, NULL);
  for (i = 0; i < MIN (n, n_clips); i++)
    if (strcmp (names[i], wanted) == 0)
      found = clips[i];
  g_strfreev (names);
  g_free (clips);
  g_free (wanted);
  g_free (name);
  return found;
}

static gboolean
add_id (ReportSystem * system, const char *folder, const ScoreList * list,
    GError ** error)
{
  ReportId id = { list };
  AsdTestSet set;
  gsize i;

  id.pictures = pictures_read (folder, list->machine, list->id, error);
  if (id.pictures == NULL)
    return FALSE;
  id.machine = html_clean (list->machine);
  id.id = html_clean (list->id);
  id.scores = g_new (double, list->clips->len);
  id.labels = g_new (guint8, list->clips->len);
  id.n = score_list_get_labelled (list, id.scores, id.labels);
  for (i = 0; i < id.n; i++)
    id.n_anomalous += id.labels[i];
  id.n_normal = id.n - id.n_anomalous;
  id.n_train = find_n_train (system->settings, list->machine, list->id);
  set = make_set (&id);
  asd_bootstrap (&set, 1, &bootstrap, &id.auc, &id.pauc);
  g_array_append_val (system->ids, id);
  return TRUE;
}

/* Scores of machines that the settings do not name are left from before. */
static gboolean
is_from_another_run (GKeyFile * settings, const ScoreList * list)
{
  char *name, *wanted, **names;
  gboolean found;

  names = settings != NULL ? g_key_file_get_string_list (settings,
      SETTINGS_TRAINED, "machines", NULL, NULL) : NULL;
  if (names == NULL)
    return FALSE;
  name = g_strdup_printf ("%s id_%s", list->machine, list->id);
  wanted = g_utf8_make_valid (name, -1);
  found = g_strv_contains ((const char *const *) names, wanted);
  g_free (name);
  g_free (wanted);
  g_strfreev (names);
  return !found;
}

/* FALSE without error where the folder has no scores. */
static gboolean
add_system (Report * report, const char *folder, const char *name,
    GError ** error)
{
  GError *failure = NULL;
  ReportSystem system = { 0 };
  GPtrArray *measured;
  gboolean ok;
  guint i;

  system.lists = results_read (folder, &failure);
  if (g_error_matches (failure, ASD_ERROR, ASD_ERROR_MISSING)) {
    g_error_free (failure);
    return FALSE;
  }
  if (system.lists == NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  ok = settings_read (folder, &system.settings, error);
  system.name = html_clean (name);
  system.ids = array_new (sizeof (ReportId), id_clear);
  system.means = array_new (sizeof (ReportMean), mean_clear);
  for (i = 0; i < system.lists->len && ok; i++)
    ok = is_from_another_run (system.settings,
        g_ptr_array_index (system.lists, i))
        || add_id (&system, folder, g_ptr_array_index (system.lists, i), error);
  if (!ok) {
    system_clear (&system);
    return FALSE;
  }
  measured = g_ptr_array_new ();
  for (i = 0; i < system.ids->len; i++)
    if (!isnan (g_array_index (system.ids, ReportId, i).auc.value))
      g_ptr_array_add (measured, &g_array_index (system.ids, ReportId, i));
  find_means (measured, system.means, &system.mean);
  g_ptr_array_unref (measured);
  g_array_append_val (report->systems, system);
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* A folder of scores, or the folders of scores in it. */
static gboolean
read_systems (Report * report, const char *folder, GError ** error)
{
  char *full = g_canonicalize_filename (folder, NULL);
  char *base = g_path_get_basename (full);
  GError *failure = NULL;
  gboolean found = add_system (report, folder, base, &failure);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  GDir *dir = NULL;
  guint i;

  if (!found && failure == NULL)
    dir = g_dir_open (folder, 0, &failure);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  for (i = 0; i < names->len && failure == NULL; i++) {
    char *path = g_build_filename (folder, g_ptr_array_index (names, i), NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      add_system (report, path, g_ptr_array_index (names, i), &failure);
    g_free (path);
  }
  if (failure == NULL && report->systems->len == 0)
    failure = g_error_new (ASD_ERROR, ASD_ERROR_MISSING,
        "%s: no anomaly_score_MACHINE_id_XX.csv in it nor in its folders: name "
        "a folder that 'gst-asd evaluate' or 'gst-asd fuse' wrote", folder);
  g_clear_pointer (&dir, g_dir_close);
  g_ptr_array_unref (names);
  g_free (base);
  g_free (full);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

static ReportSystem *
get_system (const Report * report, guint i)
{
  return &g_array_index (report->systems, ReportSystem, i);
}

/* The same machine id in another system, with an AUC. */
static ReportId *
find_id (const ReportSystem * system, const ReportId * like)
{
  guint i;

  for (i = 0; i < system->ids->len; i++) {
    ReportId *id = &g_array_index (system->ids, ReportId, i);

    if (strcmp (id->list->machine, like->list->machine) == 0
        && strcmp (id->list->id, like->list->id) == 0)
      return isnan (id->auc.value) ? NULL : id;
  }
  return NULL;
}

static GPtrArray *
find_common (Report * report)
{
  GHashTable *seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      NULL);
  GPtrArray *common = g_ptr_array_new ();
  guint i, j, k;

  for (i = 0; i < report->systems->len; i++) {
    GArray *ids = get_system (report, i)->ids;

    for (j = 0; j < ids->len; j++) {
      ReportId *id = &g_array_index (ids, ReportId, j);
      gboolean everywhere = TRUE;

      if (!g_hash_table_add (seen, g_strdup_printf ("%s id_%s",
                  id->list->machine, id->list->id)))
        continue;
      for (k = 0; k < report->systems->len && everywhere; k++)
        everywhere = find_id (get_system (report, k), id) != NULL;
      if (everywhere)
        g_ptr_array_add (common, id);
    }
  }
  report->n_ids = g_hash_table_size (seen);
  report->n_common = common->len;
  g_hash_table_unref (seen);
  return common;
}

/* Fills the arrays with the clips that both systems scored. */
static AsdTestSet
make_paired_set (const ReportId * id, const ReportId * other, guint *n_left_out)
{
  GHashTable *index = g_hash_table_new (g_str_hash, g_str_equal);
  gsize room = MAX (id->n, other->n), n = 0, i;
  double *scores = g_new (double, room), *others = g_new (double, room);
  guint8 *labels = g_new (guint8, room);
  const ScoreList *list = id->list;

  for (i = 0; i < other->list->clips->len; i++)
    g_hash_table_insert (index, g_ptr_array_index (other->list->clips, i),
        &g_array_index (other->list->scores, double, i));
  for (i = 0; i < list->clips->len; i++) {
    const char *clip = g_ptr_array_index (list->clips, i);
    double *match = g_hash_table_lookup (index, clip);
    gboolean is_anomaly = g_str_has_prefix (clip, "anomaly_");

    if (match == NULL || (!is_anomaly && !g_str_has_prefix (clip, "normal_")))
      continue;
    scores[n] = g_array_index (list->scores, double, i);
    others[n] = *match;
    labels[n++] = is_anomaly;
  }
  *n_left_out += id->n + other->n - 2 * n;
  g_hash_table_unref (index);
  return (AsdTestSet) {
  scores, others, labels, n, 1};
}

/* The paired difference in the mean over machine ids, then machines. */
static void
compare_with_best (Report * report, ReportRival * rival,
    const ReportSystem * system, GPtrArray * common)
{
  const ReportSystem *best = get_system (report, report->best);
  AsdTestSet *sets = g_new (AsdTestSet, common->len);
  guint i, j, n_same;

  for (i = 0; i < common->len; i++) {
    const ReportId *id = g_ptr_array_index (common, i);

    sets[i] = make_paired_set (find_id (system, id), find_id (best, id),
        &report->n_left_out);
    for (j = n_same = 0; j < common->len; j++)
      n_same += strcmp (id->list->machine, ((ReportId *)
              g_ptr_array_index (common, j))->list->machine) == 0;
    sets[i].weight = 1.0 / (n_same * rival->means->len);
  }
  asd_bootstrap (sets, common->len, &bootstrap, &rival->auc, &rival->pauc);
  for (i = 0; i < common->len; i++) {
    g_free ((gpointer) sets[i].scores);
    g_free ((gpointer) sets[i].others);
    g_free ((gpointer) sets[i].labels);
  }
  g_free (sets);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const ReportId *x = *(ReportId * const *) a, *y = *(ReportId * const *) b;

  return strcmp (x->list->machine, y->list->machine);
}

static void
compare_systems (Report * report)
{
  GPtrArray *common = find_common (report);
  double highest = -INFINITY;
  guint i, j;

  g_ptr_array_sort (common, compare_ids);
  for (i = 0; i < report->systems->len && common->len > 0; i++) {
    ReportRival rival = { array_new (sizeof (ReportMean), mean_clear) };
    GPtrArray *ids = g_ptr_array_new ();

    for (j = 0; j < common->len; j++)
      g_ptr_array_add (ids, find_id (get_system (report, i),
              g_ptr_array_index (common, j)));
    find_means (ids, rival.means, &rival.mean);
    g_ptr_array_unref (ids);
    if (rival.mean.auc.value > highest) {
      highest = rival.mean.auc.value;
      report->best = i;
    }
    g_array_append_val (report->rivals, rival);
  }
  for (i = 0; i < report->rivals->len; i++)
    if (i != report->best)
      compare_with_best (report, &g_array_index (report->rivals, ReportRival,
              i), get_system (report, i), common);
  g_ptr_array_unref (common);
}

static gboolean
write_page (const Report * report, const char *folder, GError ** error)
{
  char *full = g_canonicalize_filename (folder, NULL);
  char *base = g_path_get_basename (full), *name = html_clean (base);
  char *title = g_strdup_printf ("Anomalous sound detection: %s", name);
  char *page = report_make_page (report, title);
  char *path = g_build_filename (folder, "report.html", NULL);
  gboolean ok = g_file_set_contents (path, page, -1, error);

  if (ok)
    printf ("%s\n", path);
  g_free (path);
  g_free (page);
  g_free (title);
  g_free (name);
  g_free (base);
  g_free (full);
  return ok;
}

int
cmd_report (int argc, char **argv)
{
  Report report = { 0 };
  GError *error = NULL;
  gboolean ok;
  int code;

  if (!tool_parse (&argc, &argv, "DIR",
          "Writes DIR/report.html: tables with intervals, ROC curves and "
          "histograms of the scores\nthat 'gst-asd evaluate' or 'gst-asd fuse' "
          "left in DIR, or in several folders in DIR,\nwhich are compared.",
          entries, &code))
    return code;
  if (opt_folders == NULL || opt_folders[1] != NULL)
    return tool_usage ("one folder of scores is needed");

  report.systems = array_new (sizeof (ReportSystem), system_clear);
  report.rivals = array_new (sizeof (ReportRival), rival_clear);
  ok = read_systems (&report, opt_folders[0], &error);
  if (ok && report.systems->len > 1)
    compare_systems (&report);
  ok = ok && write_page (&report, opt_folders[0], &error);
  g_array_unref (report.rivals);
  g_array_unref (report.systems);
  return ok ? tool_exit_code () : tool_fail (error);
}
