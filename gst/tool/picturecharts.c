/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "report.h"

#include <math.h>
#include <string.h>

#include "html.h"
#include "svg.h"

/* Losses that fall by more than a decade are seen on a logarithmic axis. */
static void
choose_loss_axis (SvgAxis * axis, const Picture * loss)
{
  gsize i, n = loss->shape[0] * loss->shape[1];

  axis->low = INFINITY;
  for (i = 0; i < n; i++) {
    axis->low = MIN (axis->low, loss->values[i]);
    axis->high = MAX (axis->high, loss->values[i]);
  }
  axis->log = axis->low > 0 && axis->high / axis->low > 10;
  if (!axis->log) {
    axis->low = 0;
    axis->high = axis->high > 0 ? 1.05 * axis->high : 1;
  }
}

static void
chart_loss (GString * page, const ReportId * id, const Picture * loss)
{
  static const char *const classes[] = { "loss", "validation" };
  static const char *const keys[] = { "training", "validation" };
  gsize n = loss->shape[0], i, j;
  /* Ticks at whole epochs only. */
  SvgAxis x_axis = { "epoch", 0, MAX (n, 6) };
  SvgAxis y_axis = { "mean squared error" };
  double *x = g_new (double, n), *y = g_new (double, n);
  char *stage = html_clean (loss->name + strlen (PICTURE_LOSS));
  char *text = g_strdup_printf ("Training loss of stage %s of %s id %s: %"
      G_GSIZE_FORMAT " epochs", stage, id->machine, id->id, n);
  SvgPlot plot;

  choose_loss_axis (&y_axis, loss);
  html_add (page, "<figure>\n");
  svg_begin (&plot, page, &x_axis, &y_axis, text);
  for (j = 0; j < loss->shape[1]; j++) {
    for (i = 0; i < n; i++) {
      x[i] = i + 1;
      y[i] = loss->values[i * loss->shape[1] + j];
    }
    /* A single epoch is a dot. */
    svg_line (&plot, classes[j], x, y, n, n == 1);
    svg_key (&plot, j, classes[j], keys[j]);
  }
  svg_end (&plot);
  html_add (page, "<figcaption>Loss of the training of stage %s%s"
      "</figcaption>\n</figure>\n", stage, y_axis.log ?
      ", on a logarithmic axis" : "");
  g_free (text);
  g_free (stage);
  g_free (x);
  g_free (y);
}

void
chart_pictures (GString * page, const ReportId * id)
{
  guint i;

  if (id->pictures->len == 0)
    return;
  html_add (page, "<div class=\"pair\">\n");
  for (i = 0; i < id->pictures->len; i++) {
    const Picture *picture = g_ptr_array_index (id->pictures, i);

    if (g_str_has_prefix (picture->name, PICTURE_LOSS))
      chart_loss (page, id, picture);
  }
  html_add (page, "</div>\n");
}
