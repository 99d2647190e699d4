/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "anomaly_score_"
#define SUFFIX ".csv"

ScoreList *
score_list_new (const char *machine, const char *id)
{
  ScoreList *list = g_new0 (ScoreList, 1);

  list->machine = g_strdup (machine);
  list->id = g_strdup (id);
  list->clips = g_ptr_array_new_with_free_func (g_free);
  list->scores = g_array_new (FALSE, FALSE, sizeof (double));
  list->auc = list->pauc = list->threshold = NAN;
  return list;
}

void
score_list_free (ScoreList * list)
{
  g_free (list->machine);
  g_free (list->id);
  g_ptr_array_unref (list->clips);
  g_array_unref (list->scores);
  g_free (list);
}

void
score_list_add (ScoreList * list, const char *clip, double score)
{
  g_ptr_array_add (list->clips, g_strdup (clip));
  g_array_append_val (list->scores, score);
}

gsize
score_list_get_labelled (const ScoreList * list, double *scores,
    guint8 * labels)
{
  gsize n = 0;
  guint i;

  for (i = 0; i < list->clips->len; i++) {
    const char *clip = g_ptr_array_index (list->clips, i);
    gboolean is_anomaly = g_str_has_prefix (clip, "anomaly_");

    if (!is_anomaly && !g_str_has_prefix (clip, "normal_"))
      continue;
    scores[n] = g_array_index (list->scores, double, i);
    labels[n++] = is_anomaly;
  }
  return n;
}

/* Mids have no leading zeros. */
static const char *
short_id (const char *id)
{
  while (id[0] == '0' && id[1] != '\0')
    id++;
  return id;
}

void
score_list_measure (ScoreList * list)
{
  guint8 *labels = g_new (guint8, list->clips->len);
  double *scores = g_new (double, list->clips->len);
  gsize n = score_list_get_labelled (list, scores, labels);

  list->auc = asd_auc (scores, labels, n);
  list->pauc = asd_pauc (scores, labels, n, TOOL_MAX_FPR);
  g_free (scores);
  g_free (labels);
}

void
score_list_detect (ScoreList * list, double threshold)
{
  guint8 *labels = g_new (guint8, list->clips->len);
  double *scores = g_new (double, list->clips->len);
  gsize n = score_list_get_labelled (list, scores, labels);

  list->threshold = threshold;
  asd_detection_compute (scores, labels, n, threshold, &list->detection);
  g_free (scores);
  g_free (labels);
}

static void
add_detection (GString * csv, const char *machine, const char *mid,
    double threshold, const AsdDetection * d)
{
  char text[4][G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (csv, "%s,%s,%s,%" G_GSIZE_FORMAT ",%" G_GSIZE_FORMAT
      ",%" G_GSIZE_FORMAT ",%" G_GSIZE_FORMAT ",%s,%s,%s\n", machine, mid,
      isnan (threshold) ? "" : gst_asd_double_to_string (text[0], threshold),
      d->true_positives, d->false_positives, d->true_negatives,
      d->false_negatives, gst_asd_double_to_string (text[1], d->precision),
      gst_asd_double_to_string (text[2], d->recall),
      gst_asd_double_to_string (text[3], d->f1));
  printf ("%-12s %-8s %6.2f %9.2f %6.2f   %" G_GSIZE_FORMAT " of %"
      G_GSIZE_FORMAT " anomalous, %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
      " normal\n", machine, mid, 100 * d->f1, 100 * d->precision,
      100 * d->recall, d->true_positives, d->true_positives +
      d->false_negatives, d->false_positives, d->false_positives +
      d->true_negatives);
}

static void
sum_detection (AsdDetection * sum, const AsdDetection * d)
{
  sum->true_positives += d->true_positives;
  sum->false_positives += d->false_positives;
  sum->true_negatives += d->true_negatives;
  sum->false_negatives += d->false_negatives;
}

gboolean
results_write_detection (const char *folder, GPtrArray * lists, GError ** error)
{
  GString *csv = g_string_new ("Machine,Mid,threshold,TP,FP,TN,FN,precision,"
      "recall,F1\n");
  char *path = g_build_filename (folder, "detection.csv", NULL);
  AsdDetection all = { 0 };
  gboolean ok = TRUE;
  guint i, n = 0;

  for (i = 0; i < lists->len; i++) {
    ScoreList *list = g_ptr_array_index (lists, i);

    if (isnan (list->threshold) || isnan (list->auc))
      continue;
    if (n++ == 0)
      printf ("\n%-12s %-8s %6s %9s %6s   %s\n", "Machine", "Mid", "F1 %",
          "precision", "recall", "above the model's own threshold");
    add_detection (csv, list->machine, short_id (list->id), list->threshold,
        &list->detection);
    sum_detection (&all, &list->detection);
  }
  if (n > 0) {
    asd_detection_rate (&all);
    add_detection (csv, "Total", "", NAN, &all);
    ok = g_file_set_contents (path, csv->str, csv->len, error);
  } else {
    /* That of an earlier run would not belong to the scores beside it. */
    g_unlink (path);
  }
  g_string_free (csv, TRUE);
  g_free (path);
  return ok;
}

gboolean
results_write_scores (const char *folder, const ScoreList * list,
    GError ** error)
{
  char *name = g_strdup_printf (PREFIX "%s_id_%s" SUFFIX, list->machine,
      list->id);
  char *path = g_build_filename (folder, name, NULL);
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  GString *text = g_string_new (NULL);
  gboolean ok;
  guint i;

  for (i = 0; i < list->clips->len; i++)
    g_string_append_printf (text, "%s,%s\n",
        (const char *) g_ptr_array_index (list->clips, i),
        gst_asd_double_to_string (number, g_array_index (list->scores, double,
                i)));
  ok = g_file_set_contents (path, text->str, text->len, error);
  g_string_free (text, TRUE);
  g_free (path);
  g_free (name);
  return ok;
}

static void
add_row (GString * csv, const char *machine, const char *mid, double auc,
    double pauc)
{
  char a[G_ASCII_DTOSTR_BUF_SIZE], p[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (csv, "%s,%s,%s,%s\n", machine, mid,
      gst_asd_double_to_string (a, auc), gst_asd_double_to_string (p, pauc));
  printf ("%-12s %-8s %7.2f %7.2f\n", machine, mid, 100 * auc, 100 * pauc);
}

gboolean
results_write_table (const char *folder, GPtrArray * lists, GError ** error)
{
  GString *csv = g_string_new ("Machine,Mid,AUC,pAUC\n");
  char *path = g_build_filename (folder, "results.csv", NULL);
  double auc = 0, pauc = 0;
  guint i, n = 0;
  gboolean ok;

  printf ("%-12s %-8s %7s %7s\n", "Machine", "Mid", "AUC %", "pAUC %");
  for (i = 0; i < lists->len; i++) {
    ScoreList *list = g_ptr_array_index (lists, i);
    ScoreList *next =
        i + 1 < lists->len ? g_ptr_array_index (lists, i + 1) : NULL;

    if (!isnan (list->auc)) {
      add_row (csv, list->machine, short_id (list->id), list->auc, list->pauc);
      auc += list->auc;
      pauc += list->pauc;
      n++;
    }
    if (n > 0 && (next == NULL || strcmp (next->machine, list->machine) != 0)) {
      add_row (csv, list->machine, "Average", auc / n, pauc / n);
      auc = pauc = 0;
      n = 0;
    }
  }
  ok = g_file_set_contents (path, csv->str, csv->len, error);
  g_string_free (csv, TRUE);
  g_free (path);
  return ok;
}

static gboolean
parse_line (ScoreList * list, GHashTable * seen, char *line, GError ** error)
{
  char *comma = strrchr (line, ','), *end;
  double score;

  if (comma != NULL) {
    *comma = '\0';
    score = g_ascii_strtod (comma + 1, &end);
    if (end != comma + 1 && *end == '\0' && isfinite (score)
        && *line != '\0') {
      if (g_hash_table_add (seen, g_strdup (line))) {
        score_list_add (list, line, score);
        return TRUE;
      }
      g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "%s is there twice",
          line);
      return FALSE;
    }
  }
  g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
      "not \"file,score\" with a finite score");
  return FALSE;
}

static ScoreList *
read_scores (const char *path, const char *machine, const char *id,
    GError ** error)
{
  ScoreList *list = score_list_new (machine, id);
  GHashTable *seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      NULL);
  gboolean ok;
  char *text, **lines = NULL;
  guint i;

  ok = g_file_get_contents (path, &text, NULL, error);
  if (ok) {
    lines = g_strsplit (text, "\n", -1);
    g_free (text);
  }
  for (i = 0; ok && lines[i] != NULL; i++) {
    if (*g_strchomp (lines[i]) == '\0')
      continue;
    ok = parse_line (list, seen, lines[i], error);
    if (!ok)
      g_prefix_error (error, "%s, line %u: ", path, i + 1);
  }
  if (ok && list->clips->len == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "%s: has no scores: write it with 'gst-asd evaluate'", path);
    ok = FALSE;
  }
  g_strfreev (lines);
  g_hash_table_unref (seen);
  if (!ok)
    g_clear_pointer (&list, score_list_free);
  return list;
}

static int
compare_lists (gconstpointer a, gconstpointer b)
{
  const ScoreList *x = *(ScoreList * const *) a, *y = *(ScoreList * const *) b;
  int order = strcmp (x->machine, y->machine);

  return order != 0 ? order : strcmp (x->id, y->id);
}

/* "anomaly_score_fan_id_00.csv" -> "fan", "00" */
static gboolean
parse_name (const char *name, char **machine, char **id)
{
  const char *start, *split;

  if (!g_str_has_prefix (name, PREFIX) || !g_str_has_suffix (name, SUFFIX))
    return FALSE;
  start = name + strlen (PREFIX);
  split = g_strrstr (start, "_id_");
  if (split == NULL || split == start)
    return FALSE;
  *machine = g_strndup (start, split - start);
  split += strlen ("_id_");
  *id = g_strndup (split, strlen (split) - strlen (SUFFIX));
  return TRUE;
}

GPtrArray *
results_read (const char *folder, GError ** error)
{
  GPtrArray *lists =
      g_ptr_array_new_with_free_func ((GDestroyNotify) score_list_free);
  GDir *dir = g_dir_open (folder, 0, NULL);
  ScoreList *list = NULL;
  gboolean ok = dir != NULL;
  const char *name;
  char *machine, *id, *path;

  if (!ok)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s: cannot be read (%s): name a folder that 'gst-asd evaluate' wrote",
        folder, g_strerror (errno));
  while (ok && (name = g_dir_read_name (dir)) != NULL) {
    if (!parse_name (name, &machine, &id))
      continue;
    path = g_build_filename (folder, name, NULL);
    list = read_scores (path, machine, id, error);
    ok = list != NULL;
    if (ok)
      g_ptr_array_add (lists, list);
    g_free (path);
    g_free (machine);
    g_free (id);
  }
  g_clear_pointer (&dir, g_dir_close);
  if (ok && lists->len == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "%s: no " PREFIX "MACHINE_id_XX" SUFFIX " in it: name a folder that "
        "'gst-asd evaluate' wrote", folder);
    ok = FALSE;
  }
  if (!ok)
    g_clear_pointer (&lists, g_ptr_array_unref);
  else
    g_ptr_array_sort (lists, compare_lists);
  return lists;
}
