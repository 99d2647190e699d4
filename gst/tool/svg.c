/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "svg.h"

#include <asd/asd.h>
#include <cairo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

/* In units of the picture. */
enum
{
  WIDTH = 340, HEIGHT = 290,
  LEFT = 50, RIGHT = WIDTH - 12, TOP = 30, BOTTOM = HEIGHT - 46,
  MAX_TICKS = 6, KEY_WIDTH = 140,
};

static double
share (const SvgAxis * axis, double value)
{
  value = CLAMP (value, axis->low, axis->high);
  if (axis->log)
    return log (value / axis->low) / log (axis->high / axis->low);
  return (value - axis->low) / (axis->high - axis->low);
}

static double
to_x (const SvgPlot * plot, double value)
{
  return LEFT + share (&plot->x, value) * (RIGHT - LEFT);
}

static double
to_y (const SvgPlot * plot, double value)
{
  return BOTTOM - share (&plot->y, value) * (BOTTOM - TOP);
}

/* "0.25", "1e6" */
static char *
format_tick (double value)
{
  char *text = g_strdup_printf ("%.4g", value), *e = strchr (text, 'e');
  char *number;

  if (e == NULL)
    return text;
  *e = '\0';
  number = g_strdup_printf ("%se%d", text, (int) strtol (e + 1, NULL, 10));
  g_free (text);
  return number;
}

static void
add_x_names (SvgPlot * plot, const char *const *names)
{
  guint i;

  for (i = 0; names[i] != NULL; i++)
    html_add (plot->page, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" "
        "text-anchor=\"middle\">%s</text>\n", to_x (plot, i + 0.5),
        BOTTOM + 16, names[i]);
}

static void
add_x_tick (SvgPlot * plot, double value)
{
  double x = to_x (plot, value);
  char *text = format_tick (value);

  html_add (plot->page, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>"
      "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s"
      "</text>\n", x, TOP, BOTTOM, x, BOTTOM + 16, text);
  g_free (text);
}

static void
add_y_tick (SvgPlot * plot, double value)
{
  double y = to_y (plot, value);
  char *text = format_tick (value);

  html_add (plot->page, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>"
      "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s"
      "</text>\n", LEFT, y, RIGHT, LEFT - 6, y + 4, text);
  g_free (text);
}

typedef void (*TickFunc) (SvgPlot * plot, double value);

/* Whole multiples of 1, 2 or 5 * 10^k. */
static void
add_linear_ticks (SvgPlot * plot, const SvgAxis * axis, TickFunc add)
{
  static const double steps[] = { 1, 2, 5, 10 };
  double range = axis->high - axis->low;
  double unit = pow (10, floor (log10 (range / MAX_TICKS))), step = unit, i;
  guint s;

  for (s = 0; s < G_N_ELEMENTS (steps); s++) {
    step = unit * steps[s];
    if (range / step <= MAX_TICKS)
      break;
  }
  for (i = ceil (axis->low / step - 1e-9);
      i <= floor (axis->high / step + 1e-9); i++)
    add (plot, i * step + 0.0); /* no -0 */
}

/* Powers of ten, of many every n-th; of few 2 and 5 times them as well. */
static void
add_log_ticks (SvgPlot * plot, const SvgAxis * axis, TickFunc add)
{
  double decades = log10 (axis->high / axis->low);
  int every = ceil (decades / MAX_TICKS), decade;

  for (decade = floor (log10 (axis->low)); decade <= log10 (axis->high);
      decade++) {
    double power = pow (10, decade), value;
    int factor;

    if (decade % every != 0)
      continue;
    for (factor = 1; factor <= 5; factor = factor == 1 ? 2 : factor + 3) {
      value = factor * power;
      if ((factor == 1 || decades < 2) && value >= axis->low
          && value <= axis->high)
        add (plot, value);
    }
  }
}

static void
add_ticks (SvgPlot * plot, const SvgAxis * axis, TickFunc add)
{
  if (axis->log)
    add_log_ticks (plot, axis, add);
  else
    add_linear_ticks (plot, axis, add);
}

void
svg_begin (SvgPlot * plot, GString * page, const SvgAxis * x,
    const SvgAxis * y, const char *description)
{
  plot->page = page;
  plot->x = *x;
  plot->y = *y;
  html_add (page, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n"
      "<title>%s</title>\n", WIDTH, HEIGHT, description, description);
  if (plot->x.names != NULL)
    add_x_names (plot, plot->x.names);
  else
    add_ticks (plot, &plot->x, add_x_tick);
  add_ticks (plot, &plot->y, add_y_tick);
  html_add (page, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n"
      "<text transform=\"translate(14 %d) rotate(-90)\" "
      "text-anchor=\"middle\">%s</text>\n", (LEFT + RIGHT) / 2, HEIGHT - 10,
      x->label, (TOP + BOTTOM) / 2, y->label);
}

void
svg_end (SvgPlot * plot)
{
  html_add (plot->page, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n</svg>\n",
      LEFT, TOP, BOTTOM, RIGHT);
}

void
svg_line (SvgPlot * plot, const char *css_class, const double *x,
    const double *y, gsize n, gboolean closed)
{
  gsize i;

  html_add (plot->page, "<path class=\"%s\" d=\"", css_class);
  for (i = 0; i < n; i++)
    html_add (plot->page, "%c%.1f %.1f", i == 0 ? 'M' : 'L', to_x (plot, x[i]),
        to_y (plot, y[i]));
  html_add (plot->page, "%s\"/>\n", closed ? "Z" : "");
}

void
svg_box (SvgPlot * plot, const char *css_class, double x0, double y0,
    double x1, double y1)
{
  double left = to_x (plot, x0), top = to_y (plot, y1);

  html_add (plot->page, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" "
      "width=\"%.1f\" height=\"%.1f\"/>\n", css_class, left, top,
      to_x (plot, x1) - left, to_y (plot, y0) - top);
}

static cairo_status_t
append (void *array, const unsigned char *data, unsigned int size)
{
  g_byte_array_append (array, data, size);
  return CAIRO_STATUS_SUCCESS;
}

void
svg_image (SvgPlot * plot, const double *values, gsize n_columns,
    gsize n_rows, double low, double high)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24,
      n_columns, n_rows);
  gsize stride = cairo_image_surface_get_stride (surface), i, j;
  guint8 *pixels = cairo_image_surface_get_data (surface);
  GByteArray *png = g_byte_array_new ();
  guint32 palette[ASD_VIRIDIS_N_COLOURS];
  char *text;

  asd_viridis (palette);
  cairo_surface_flush (surface);
  for (i = 0; i < n_columns; i++) {
    for (j = 0; j < n_rows; j++) {
      double place = (values[i * n_rows + j] - low) / (high - low);
      guint32 *row = (guint32 *) (pixels + (n_rows - 1 - j) * stride);

      row[i] = palette[(guint) ((ASD_VIRIDIS_N_COLOURS - 1)
              * CLAMP (place, 0, 1) + 0.5)];
    }
  }
  cairo_surface_mark_dirty (surface);
  cairo_surface_write_to_png_stream (surface, append, png);
  text = g_base64_encode (png->data, png->len);
  html_add (plot->page, "<image x=\"%d\" y=\"%d\" width=\"%d\" "
      "height=\"%d\" preserveAspectRatio=\"none\" "
      "href=\"data:image/png;base64,", LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP);
  g_string_append (plot->page, text);
  html_add (plot->page, "\"/>\n");
  g_free (text);
  g_byte_array_unref (png);
  cairo_surface_destroy (surface);
}

void
svg_key (SvgPlot * plot, guint position, const char *css_class,
    const char *text)
{
  int x = LEFT + position * KEY_WIDTH;

  html_add (plot->page, "<rect class=\"%s\" x=\"%d\" y=\"8\" width=\"16\" "
      "height=\"11\"/><text x=\"%d\" y=\"18\">%s</text>\n", css_class, x,
      x + 22, text);
}
