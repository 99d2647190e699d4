/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "report.h"

#include <math.h>
#include <stdlib.h>

#include "html.h"
#include "svg.h"

/* As the area is computed: clips of equal score make a slope. Steps in the same
 * direction are one line. */
static gsize
make_curve (const AsdRocLevel * levels, gsize n_levels, const ReportId * id,
    double *x, double *y)
{
  double normal = 0, anomalous = 0;
  gsize i, n = 1;

  x[0] = y[0] = 0;
  for (i = 0; i < n_levels; i++) {
    normal += levels[i].n_normal;
    anomalous += levels[i].n_anomalous;
    if (i > 0 && ((levels[i].n_normal == 0 && levels[i - 1].n_normal == 0)
            || (levels[i].n_anomalous == 0 && levels[i - 1].n_anomalous == 0)))
      n--;
    x[n] = normal / id->n_normal;
    y[n++] = anomalous / id->n_anomalous;
  }
  return n;
}

void
chart_roc (GString * page, const ReportId * id)
{
  static const SvgAxis x_axis = { "false positive rate", 0, 1 };
  static const SvgAxis y_axis = { "true positive rate", 0, 1 };
  static const double ends[] = { 0, 1 };
  gsize n, n_levels;
  AsdRocLevel *levels = asd_roc_levels (id->scores, id->labels, id->n,
      &n_levels);
  double *x = g_new (double, n_levels + 1), *y = g_new (double, n_levels + 1);
  char *text = g_strdup_printf ("ROC curve of %s id %s: AUC %.1f %%, pAUC "
      "%.1f %%", id->machine, id->id, 100 * id->auc.value,
      100 * id->pauc.value);
  SvgPlot plot;

  n = make_curve (levels, n_levels, id, x, y);
  html_add (page, "<figure>\n");
  svg_begin (&plot, page, &x_axis, &y_axis, text);
  svg_box (&plot, "region", 0, 0, TOOL_MAX_FPR, 1);
  svg_line (&plot, "chance", ends, ends, 2, FALSE);
  svg_line (&plot, "curve", x, y, n, FALSE);
  svg_key (&plot, 0, "region", "part of the pAUC");
  svg_end (&plot);
  html_add (page, "<figcaption>ROC curve; dashed: chance</figcaption>\n"
      "</figure>\n");
  g_free (text);
  g_free (levels);
  g_free (x);
  g_free (y);
}

/* Bins that both classes share. */
typedef struct
{
  SvgAxis axis;
  guint n_bins;
} Bins;

static int
compare_rising (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* The scores of one class, sorted. */
static double *
sort_class (const ReportId * id, guint8 label, gsize *n)
{
  double *sorted = g_new (double, id->n);
  gsize i;

  *n = 0;
  for (i = 0; i < id->n; i++)
    if (id->labels[i] == label)
      sorted[(*n)++] = id->scores[i];
  qsort (sorted, *n, sizeof *sorted, compare_rising);
  return sorted;
}

/* Scores that span more than 1.5 decades are seen on a logarithmic axis. */
static gboolean
want_log (double *const *sorted, const gsize *n)
{
  double low = INFINITY, high = 0;
  guint i;

  for (i = 0; i < 2; i++) {
    if (n[i] == 0)
      continue;
    if (sorted[i][0] <= 0)
      return FALSE;
    low = MIN (low, asd_quantile (sorted[i], n[i], 0.05));
    high = MAX (high, asd_quantile (sorted[i], n[i], 0.95));
  }
  return high / low > 30;
}

/* The axis ends 3 interquartile ranges beyond the quartiles of either class, so
 * that a few far clips do not press all others into one bar. The bins are those
 * of Freedman and Diaconis, 2 IQR / cbrt (n), for the class that has the
 * narrower ones, within reason. */
static void
choose_bins (Bins * bins, double *const *sorted, const gsize *n)
{
  gboolean log_axis = want_log (sorted, n);
  double low = INFINITY, high = -INFINITY, width = INFINITY;
  guint i;

  for (i = 0; i < 2; i++) {
    double q1, q3, first, last, iqr;

    if (n[i] == 0)
      continue;
    q1 = asd_quantile (sorted[i], n[i], 0.25);
    q3 = asd_quantile (sorted[i], n[i], 0.75);
    first = sorted[i][0];
    last = sorted[i][n[i] - 1];
    if (log_axis) {
      q1 = log (q1);
      q3 = log (q3);
      first = log (first);
      last = log (last);
    }
    iqr = q3 - q1;
    /* Of more than half equal scores the range cannot be told by quartiles. */
    low = MIN (low, iqr > 0 ? MAX (first, q1 - 3 * iqr) : first);
    high = MAX (high, iqr > 0 ? MIN (last, q3 + 3 * iqr) : last);
    if (iqr > 0)
      width = MIN (width, 2 * iqr / cbrt (n[i]));
  }
  if (!(high > low)) {
    low -= 0.5 * MAX (1, fabs (low));
    high += 0.5 * MAX (1, fabs (high));
  }
  bins->n_bins = CLAMP (ceil ((high - low) / width), 10, 40);
  bins->axis.log = log_axis;
  bins->axis.low = log_axis ? exp (low) : low;
  bins->axis.high = log_axis ? exp (high) : high;
}

static double
bin_edge (const Bins * bins, guint i)
{
  const SvgAxis *axis = &bins->axis;
  double part = (double) i / bins->n_bins;

  if (axis->log)
    return axis->low * pow (axis->high / axis->low, part);
  return axis->low + part * (axis->high - axis->low);
}

/* Percent of the class in each bin; what is beyond goes to the outer ones. */
static void
fill_bins (const Bins * bins, const double *sorted, gsize n, double *heights)
{
  guint bin = 0;
  gsize i;

  for (i = 0; i < n; i++) {
    while (bin + 1 < bins->n_bins && sorted[i] >= bin_edge (bins, bin + 1))
      bin++;
    heights[bin] += 100.0 / n;
  }
}

/* The outline of all bars. */
static void
draw_bars (SvgPlot * plot, const Bins * bins, const double *heights,
    const char *css_class)
{
  gsize n = 2 * bins->n_bins + 2;
  double *x = g_new (double, n), *y = g_new0 (double, n);
  guint i;

  x[0] = bin_edge (bins, 0);
  for (i = 0; i < bins->n_bins; i++) {
    x[2 * i + 1] = bin_edge (bins, i);
    x[2 * i + 2] = bin_edge (bins, i + 1);
    y[2 * i + 1] = y[2 * i + 2] = heights[i];
  }
  x[n - 1] = bin_edge (bins, bins->n_bins);
  svg_line (plot, css_class, x, y, n, TRUE);
  g_free (x);
  g_free (y);
}

static void
add_caption (GString * page, const Bins * bins, double *const *sorted,
    const gsize *n)
{
  guint n_below = 0, n_above = 0, label;
  gsize i;

  for (label = 0; label < 2; label++) {
    for (i = 0; i < n[label]; i++) {
      /* The logarithm's rounding puts no clip beyond. */
      n_below += sorted[label][i] < bins->axis.low
          - 1e-9 * fabs (bins->axis.low);
      n_above += sorted[label][i] > bins->axis.high
          + 1e-9 * fabs (bins->axis.high);
    }
  }
  html_add (page, "<figcaption>Scores%s", bins->axis.log ?
      ", on a logarithmic axis" : "");
  if (n_below > 0)
    html_add (page, "; beyond the left end, in the first bars: %u", n_below);
  if (n_above > 0)
    html_add (page, "; beyond the right end, in the last bars: %u", n_above);
  html_add (page, "</figcaption>\n");
}

void
chart_histogram (GString * page, const ReportId * id)
{
  static const char *const classes[] = { "normal", "anomalous" };
  double *sorted[2], *heights[2], top = 0;
  char *text = g_strdup_printf ("Histogram of the scores of %u normal and %u "
      "anomalous clips of %s id %s", id->n_normal, id->n_anomalous,
      id->machine, id->id);
  SvgAxis y_axis = { "share of the clips in %", 0, 0 };
  Bins bins = { {"score (higher: more anomalous)"} };
  SvgPlot plot;
  gsize n[2];
  guint i, j;

  for (i = 0; i < 2; i++)
    sorted[i] = sort_class (id, i, &n[i]);
  choose_bins (&bins, sorted, n);
  for (i = 0; i < 2; i++) {
    heights[i] = g_new0 (double, bins.n_bins);
    fill_bins (&bins, sorted[i], n[i], heights[i]);
    for (j = 0; j < bins.n_bins; j++)
      top = MAX (top, heights[i][j]);
  }
  y_axis.high = 1.05 * top;

  html_add (page, "<figure>\n");
  svg_begin (&plot, page, &bins.axis, &y_axis, text);
  for (i = 0; i < 2; i++) {
    char *key = g_strdup_printf ("%s (%u)", classes[i], (guint) n[i]);

    if (n[i] > 0)
      draw_bars (&plot, &bins, heights[i], classes[i]);
    svg_key (&plot, i, classes[i], key);
    g_free (key);
  }
  svg_end (&plot);
  add_caption (page, &bins, sorted, n);
  html_add (page, "</figure>\n");
  for (i = 0; i < 2; i++) {
    g_free (sorted[i]);
    g_free (heights[i]);
  }
  g_free (text);
}
