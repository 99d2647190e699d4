/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __SVG_H__
#define __SVG_H__

#include <glib.h>

/* Plots as inline SVG. Colours and strokes are those of the page's classes. */

typedef struct
{
  const char *label;            /* with its unit */
  double low;
  double high;                  /* above low */
  gboolean log;                 /* low is above 0 */
  const char *const *names;     /* of x, from 0 to 1, 1 to 2...; NULL: numbers */
} SvgAxis;

typedef struct
{
  GString *page;
  SvgAxis x;
  SvgAxis y;
} SvgPlot;

/* Axes with ticks; @description is for those who cannot see the picture. */
void svg_begin (SvgPlot * plot, GString * page, const SvgAxis * x,
    const SvgAxis * y, const char *description);
void svg_end (SvgPlot * plot);

/* In the units of the axes: a line through @n points, closed and filled where
 * its class fills, and a box. */
void svg_line (SvgPlot * plot, const char *css_class, const double *x,
    const double *y, gsize n, gboolean closed);
void svg_box (SvgPlot * plot, const char *css_class, double x0, double y0,
    double x1, double y1);

/* Colours for @n_columns x @n_rows values, column after column from the bottom
 * up, that fill the axes: from dark for @low to bright for @high. */
void svg_image (SvgPlot * plot, const double *values, gsize n_columns,
    gsize n_rows, double low, double high);

/* The next entry of a legend above the plot. */
void svg_key (SvgPlot * plot, guint position, const char *css_class,
    const char *text);

#endif /* __SVG_H__ */
