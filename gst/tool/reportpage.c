/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "report.h"

#include <math.h>
#include <string.h>

#include "html.h"

static ReportSystem *
get_system (const Report * report, guint i)
{
  return &g_array_index (report->systems, ReportSystem, i);
}

static ReportRival *
get_rival (const Report * report, guint i)
{
  return &g_array_index (report->rivals, ReportRival, i);
}

static ReportMean *
get_mean (GArray * means, guint i)
{
  return &g_array_index (means, ReportMean, i);
}

/* In percent, with a minus that is as wide as a plus. */
static char *
format_percent (const char *format, double value)
{
  char number[32];

  g_snprintf (number, sizeof number, format, 100 * value);
  return g_strconcat (number[0] == '-' ? "−" : "",
      number + (number[0] == '-'), NULL);
}

/* In percent for the eye, in full for programs. */
static void
add_estimate (GString * page, const AsdEstimate * e, const char *format,
    const char *css_class)
{
  char full[G_ASCII_DTOSTR_BUF_SIZE];
  char *value, *low, *high;

  if (isnan (e->value)) {
    html_add (page, "<td>–</td>");
    return;
  }
  value = format_percent (format, e->value);
  low = format_percent (format, e->low);
  high = format_percent (format, e->high);
  html_add (page, "<td><data class=\"%s\" value=\"%s\">%s</data> "
      "<span class=\"interval\">%s to %s</span></td>", css_class,
      gst_asd_double_to_string (full, e->value), value, low, high);
  g_free (value);
  g_free (low);
  g_free (high);
}

static void
add_area (GString * page, const AsdEstimate * e, gboolean best)
{
  add_estimate (page, e, "%.2f", best ? "best" : "");
}

/* Tables may be wider than a phone: they scroll by themselves. */
static void
begin_table (GString * page, const char *caption)
{
  html_add (page, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
      "aria-label=\"%s\">\n<table>\n<caption>%s</caption>\n<thead>\n<tr>",
      caption, caption);
}

static void
end_table (GString * page)
{
  html_add (page, "</tbody>\n</table>\n</div>\n");
}

static void
add_mean_row (GString * page, const ReportMean * mean)
{
  html_add (page, "<tr class=\"mean\"><th scope=\"row\">%s</th><td>mean</td>",
      mean->machine != NULL ? mean->machine : "All machines");
  add_area (page, &mean->auc, FALSE);
  add_area (page, &mean->pauc, FALSE);
  html_add (page, "<td></td><td></td><td></td></tr>\n");
}

static void
add_id_row (GString * page, const ReportId * id)
{
  html_add (page, "<tr><th scope=\"row\">%s</th><td>%s</td>", id->machine,
      id->id);
  add_area (page, &id->auc, FALSE);
  add_area (page, &id->pauc, FALSE);
  if (id->n_train >= 0)
    html_add (page, "<td>%d</td>", id->n_train);
  else
    html_add (page, "<td>–</td>");
  html_add (page, "<td>%u</td><td>%u</td></tr>\n", id->n_normal,
      id->n_anomalous);
}

static void
add_results (GString * page, const ReportSystem * system)
{
  guint i, n_means = 0;

  begin_table (page, "AUC and pAUC in % with 95 % intervals");
  html_add (page, "<th scope=\"col\">Machine</th><th scope=\"col\">Id</th>"
      "<th scope=\"col\">AUC</th><th scope=\"col\">pAUC</th>"
      "<th scope=\"col\">Training clips</th><th scope=\"col\">Normal test "
      "clips</th><th scope=\"col\">Anomalous test clips</th></tr>\n</thead>\n"
      "<tbody>\n");
  for (i = 0; i < system->ids->len; i++) {
    const ReportId *id = &g_array_index (system->ids, ReportId, i);
    const ReportId *next = i + 1 < system->ids->len ? id + 1 : NULL;

    add_id_row (page, id);
    if (next != NULL && strcmp (next->list->machine, id->list->machine) == 0)
      continue;
    if (n_means < system->means->len
        && strcmp (get_mean (system->means, n_means)->machine,
            id->machine) == 0)
      add_mean_row (page, get_mean (system->means, n_means++));
  }
  if (system->means->len > 1)
    add_mean_row (page, &system->mean);
  end_table (page);
}

static void
add_charts (GString * page, const ReportSystem * system)
{
  guint i;

  html_add (page, "<div class=\"charts\">\n");
  for (i = 0; i < system->ids->len; i++) {
    const ReportId *id = &g_array_index (system->ids, ReportId, i);

    html_add (page, "<div class=\"id\">\n<h4>%s id %s</h4>\n", id->machine,
        id->id);
    if (isnan (id->auc.value))
      html_add (page, "<p class=\"soft\">No AUC: that needs test clips called "
          "normal_… and anomaly_…</p>\n");
    if (id->n > 0)
      html_add (page, "<div class=\"pair\">\n");
    if (!isnan (id->auc.value))
      chart_roc (page, id);
    if (id->n > 0) {
      chart_histogram (page, id);
      html_add (page, "</div>\n");
    }
    chart_pictures (page, id);
    html_add (page, "</div>\n");
  }
  html_add (page, "</div>\n");
}

/* What the user may want to read otherwise than it is stored. */
static void
add_setting (GString * page, const char *key, const char *value)
{
  double seconds = g_ascii_strtod (value, NULL);

  html_add (page, "<dt>%s</dt><dd>", key);
  if (strcmp (key, "window") == 0)
    html_add (page, seconds > 0 ? "%g s" : "the whole clip", seconds / 1e9);
  else if (strcmp (key, "channel") == 0 && strcmp (value, "-1") == 0)
    html_add (page, "mean of all");
  else
    html_add (page, "%s", value);
  html_add (page, "</dd>\n");
}

static void
add_settings (GString * page, const ReportSystem * system)
{
  GKeyFile *recipe = g_key_file_new ();
  char **groups, **keys, *data, *clean;
  gsize i, j, size = 0;

  groups = g_key_file_get_groups (system->settings, NULL);
  html_add (page, "<dl>\n");
  for (i = 0; groups[i] != NULL; i++) {
    gboolean is_ours = strcmp (groups[i], SETTINGS_GROUP) == 0;

    if (strcmp (groups[i], SETTINGS_TRAINED) == 0)
      continue;
    keys = g_key_file_get_keys (system->settings, groups[i], NULL, NULL);
    for (j = 0; keys[j] != NULL; j++) {
      char *value = g_key_file_get_string (system->settings, groups[i],
          keys[j], NULL);

      clean = html_clean (value != NULL ? value : "");
      if (is_ours)
        add_setting (page, keys[j], clean);
      else
        g_key_file_set_string (recipe, groups[i], keys[j], clean);
      g_free (clean);
      g_free (value);
    }
    g_strfreev (keys);
  }
  html_add (page, "</dl>\n");
  data = g_key_file_to_data (recipe, &size, NULL);
  if (size > 0)
    html_add (page, "<pre>%s</pre>\n", g_strchomp (data));
  g_free (data);
  g_strfreev (groups);
  g_key_file_unref (recipe);
}

static void
add_system (GString * page, const ReportSystem * system, guint number)
{
  html_add (page, "<section aria-labelledby=\"system-%u\">\n"
      "<h2 id=\"system-%u\">%s</h2>\n", number, number, system->name);
  html_add (page, "<h3>Recipe and settings</h3>\n");
  if (system->settings != NULL)
    add_settings (page, system);
  else
    html_add (page, "<p>The recipe is unknown: the folder has scores, but no "
        "<code>evaluation.ini</code>, in which gst-asd leaves it.</p>\n");
  html_add (page, "<h3>Results</h3>\n");
  add_results (page, system);
  html_add (page, "<h3>Curves and scores</h3>\n");
  add_charts (page, system);
  html_add (page, "</section>\n");
}

/* Of a machine, or over machines where that is negative. */
static const AsdEstimate *
get_auc (const Report * report, guint rival, int machine)
{
  ReportRival *r = get_rival (report, rival);

  return machine < 0 ? &r->mean.auc : &get_mean (r->means, machine)->auc;
}

static void
add_rival_area (GString * page, const Report * report, guint rival, int machine)
{
  const AsdEstimate *auc = get_auc (report, rival, machine);
  gboolean best = TRUE;
  guint i;

  for (i = 0; i < report->rivals->len; i++)
    best = best && auc->value >= get_auc (report, i, machine)->value;
  add_area (page, auc, best);
}

static void
add_summary (GString * page, const Report * report)
{
  GArray *means = get_rival (report, 0)->means;
  guint i, j;

  begin_table (page, "Mean AUC in % with 95 % intervals, the best in bold");
  html_add (page, "<th scope=\"col\">Recipe</th>");
  for (j = 0; j < means->len; j++)
    html_add (page, "<th scope=\"col\">%s</th>", get_mean (means, j)->machine);
  html_add (page, "<th scope=\"col\">Mean AUC</th><th scope=\"col\">Mean pAUC"
      "</th></tr>\n</thead>\n<tbody>\n");
  for (i = 0; i < report->rivals->len; i++) {
    html_add (page, "<tr><th scope=\"row\"><a href=\"#system-%u\">%s</a>%s"
        "</th>", i, get_system (report, i)->name,
        i == report->best ? " (best)" : "");
    for (j = 0; j < means->len; j++)
      add_rival_area (page, report, i, j);
    add_rival_area (page, report, i, -1);
    add_area (page, &get_rival (report, i)->mean.pauc, FALSE);
    html_add (page, "</tr>\n");
  }
  end_table (page);
}

static const char *
judge (const AsdEstimate * e)
{
  if (isnan (e->value))
    return "no clips of both classes in common";
  return e->high < 0 ? "worse" : e->low > 0 ? "better" : "no clear difference";
}

static void
add_differences (GString * page, const Report * report)
{
  char *caption = g_strdup_printf ("Difference from %s in percentage points, "
      "with 95 %% intervals", get_system (report, report->best)->name);
  guint i;

  begin_table (page, caption);
  html_add (page, "<th scope=\"col\">Recipe</th><th scope=\"col\">Mean AUC</th>"
      "<th scope=\"col\">Mean pAUC</th>"
      "<th scope=\"col\" class=\"text\">AUC is</th></tr>\n"
      "</thead>\n<tbody>\n");
  for (i = 0; i < report->rivals->len; i++) {
    ReportRival *rival = get_rival (report, i);

    if (i == report->best)
      continue;
    html_add (page, "<tr><th scope=\"row\">%s</th>",
        get_system (report, i)->name);
    add_estimate (page, &rival->auc, "%+.2f", "");
    add_estimate (page, &rival->pauc, "%+.2f", "");
    html_add (page, "<td class=\"text\">%s</td></tr>\n", judge (&rival->auc));
  }
  end_table (page);
  g_free (caption);
}

static void
add_comparison (GString * page, const Report * report)
{
  html_add (page, "<section aria-labelledby=\"comparison\">\n"
      "<h2 id=\"comparison\">Comparison</h2>\n");
  if (report->rivals->len == 0) {
    html_add (page, "<p>The recipes cannot be compared: there is no machine id "
        "of which all have an AUC.</p>\n</section>\n");
    return;
  }
  if (report->n_common < report->n_ids)
    html_add (page, "<p>Of %u machine ids, these are the %u of which all "
        "recipes have an AUC.</p>\n", report->n_ids, report->n_common);
  add_summary (page, report);
  html_add (page,
      "<h3>Paired differences</h3>\n<p>Each resample draws the same "
      "clips for both recipes, so that what makes a clip hard for both cancels. "
      "The best was chosen by these very clips, which flatters it a little."
      "</p>\n");
  add_differences (page, report);
  if (report->n_left_out > 0)
    html_add (page,
        "<p>%u scores of clips that only one of a pair had are left "
        "out of the differences.</p>\n", report->n_left_out);
  html_add (page, "</section>\n");
}

char *
report_make_page (const Report * report, const char *title)
{
  GString *page = html_new (title);
  guint i;

  html_add (page, "<p>AUC is the probability that an anomalous clip scores "
      "higher than a normal one, pAUC the part of it up to a false positive rate "
      "of %g, scaled so that chance is 50 %%. The intervals come from drawing "
      "the test clips anew (stratified bootstrap): they say how much the choice "
      "of test clips matters, not that of machines. Means are over the ids of a "
      "machine, then over machines.</p>\n", TOOL_MAX_FPR);
  if (report->systems->len > 1)
    add_comparison (page, report);
  for (i = 0; i < report->systems->len; i++)
    add_system (page, get_system (report, i), i);
  html_add (page, "<p class=\"soft\">gst-asd " PACKAGE_VERSION "</p>\n");
  html_end (page);
  return g_string_free (page, FALSE);
}
