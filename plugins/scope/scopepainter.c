/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scopepainter.h"
#include "scopeaxis.h"
#include "scopeimage.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

typedef struct
{
  gdouble x, y, width, height;
} Box;

struct _ScopePainter
{
  gboolean has_source;
  ScopeSource source;

  ScopeImage image;

  PangoContext *context;
  PangoLayout *layout;

  /* during one draw() */
  cairo_t *cr;
  gdouble em;                   /* font size in pixels */
  Box spectrum, scores;
  GstClockTime from, to;
};

/* Colours as 0xRRGGBB. Blue and orange are told apart by everyone. */
enum
{
  BACKGROUND = 0xffffff,
  INK = 0x202020,
  GRID = 0xd0d0d0,
  TRACE = 0x0050a0,
  LIMIT = 0xc04000,
  ALARM = 0xd03000,
};

ScopePainter *
scope_painter_new (void)
{
  ScopePainter *self = g_new0 (ScopePainter, 1);
  /* Not the default one, which belongs to a thread. */
  PangoFontMap *fonts = pango_cairo_font_map_new ();

  scope_image_init (&self->image);
  self->context = pango_font_map_create_context (fonts);
  /* One pixel is one unit, whatever the screen. */
  pango_cairo_context_set_resolution (self->context, 72);
  self->layout = pango_layout_new (self->context);
  g_object_unref (fonts);
  return self;
}

void
scope_painter_free (ScopePainter * self)
{
  if (self == NULL)
    return;
  scope_image_clear (&self->image);
  g_object_unref (self->layout);
  g_object_unref (self->context);
  g_free (self);
}

void
scope_painter_set_source (ScopePainter * self, const ScopeSource * source)
{
  self->has_source = source != NULL;
  if (source != NULL)
    self->source = *source;
  scope_image_clear (&self->image);
}

/* Text and lines */

static void
set_colour (ScopePainter * self, guint32 rgb, gdouble alpha)
{
  cairo_set_source_rgba (self->cr, ((rgb >> 16) & 0xff) / 255.0,
      ((rgb >> 8) & 0xff) / 255.0, (rgb & 0xff) / 255.0, alpha);
}

static gdouble
text_width (ScopePainter * self, const gchar * text)
{
  int width;

  pango_layout_set_text (self->layout, text, -1);
  pango_layout_get_pixel_size (self->layout, &width, NULL);
  return width;
}

/* align: 0 x is the left end, 0.5 the middle, 1 the right end; y is the middle
 * of the line. Returns the width. */
static gdouble
draw_text (ScopePainter * self, gdouble x, gdouble y, gdouble align,
    const gchar * text)
{
  int width, height;

  pango_layout_set_text (self->layout, text, -1);
  pango_layout_get_pixel_size (self->layout, &width, &height);
  cairo_move_to (self->cr, floor (x - align * width), floor (y - height / 2.0));
  pango_cairo_show_layout (self->cr, self->layout);
  return width;
}

static void
draw_line (ScopePainter * self, gdouble x1, gdouble y1, gdouble x2, gdouble y2)
{
  /* On the middle of pixels, where a line of one pixel is sharp. */
  cairo_move_to (self->cr, floor (x1) + 0.5, floor (y1) + 0.5);
  cairo_line_to (self->cr, floor (x2) + 0.5, floor (y2) + 0.5);
  cairo_stroke (self->cr);
}

static void
clip_to (ScopePainter * self, const Box * box)
{
  cairo_rectangle (self->cr, box->x, box->y, box->width, box->height);
  cairo_clip (self->cr);
}

static void
draw_frame (ScopePainter * self, const Box * box)
{
  set_colour (self, INK, 1);
  cairo_set_line_width (self->cr, 1);
  cairo_rectangle (self->cr, floor (box->x) - 0.5, floor (box->y) - 0.5,
      floor (box->width) + 1, floor (box->height) + 1);
  cairo_stroke (self->cr);
}

static gdouble
time_to_x (const ScopePainter * self, gdouble time)
{
  return self->scores.x + self->scores.width * (time - self->from)
      / (self->to - self->from);
}

/* A tick at the left of the box, with its label. */
static void
draw_left_tick (ScopePainter * self, const Box * box, gdouble y,
    const gchar * label)
{
  set_colour (self, INK, 1);
  draw_line (self, box->x - 0.4 * self->em, y, box->x - 1, y);
  draw_text (self, box->x - 0.6 * self->em, y, 1, label);
}

/* Panels */

static gdouble
band_of_frequency (const ScopeSource * source, gdouble f)
{
  /* Centres are equally spaced in mel, with half a band less at both ends. */
  return (source->n_rows + 1) * asd_mel_from_hz (source->scale, f)
      / asd_mel_from_hz (source->scale, source->top_hz) - 1;
}

static void
draw_spectrum_axis (ScopePainter * self)
{
  const ScopeSource *source = &self->source;
  const Box *box = &self->spectrum;
  ScopeTick ticks[SCOPE_MAX_TICKS];
  gdouble last = -1e9, y;
  guint i, n;

  if (source->is_mel)
    n = scope_ticks_for_frequency (source->top_hz, ticks);
  else
    n = scope_ticks_for_index (source->n_rows, box->height / (2.5 * self->em),
        ticks);
  for (i = 0; i < n; i++) {
    gdouble row = source->is_mel ? band_of_frequency (source, ticks[i].value)
        : ticks[i].value;

    row = CLAMP (row + 0.5, 0, source->n_rows);
    y = box->y + box->height * (1 - row / source->n_rows);
    y = CLAMP (y, box->y, box->y + box->height - 1);
    if (fabs (y - last) < 1.3 * self->em)
      continue;
    draw_left_tick (self, box, y, ticks[i].label);
    last = y;
  }
}

/* The colours and what they stand for, from the right end of the title line
 * on; returns where it begins. */
static gdouble
draw_colour_key (ScopePainter * self, gdouble y)
{
  gdouble x = self->spectrum.x + self->spectrum.width;
  gdouble width = 6 * self->em, height = 0.8 * self->em;
  cairo_pattern_t *pattern;
  gchar number[G_ASCII_DTOSTR_BUF_SIZE], text[64];
  const guint n = G_N_ELEMENTS (self->image.colours);
  guint i;

  g_ascii_formatd (number, sizeof (number), "%.3g", self->image.high);
  g_snprintf (text, sizeof (text), "%s%s%s", number,
      *self->source.unit != '\0' ? " " : "", self->source.unit);
  set_colour (self, INK, 1);
  x -= draw_text (self, x, y, 1, text) + 0.4 * self->em + width;

  pattern = cairo_pattern_create_linear (x, 0, x + width, 0);
  for (i = 0; i < n; i++) {
    guint32 colour = self->image.colours[i];

    cairo_pattern_add_color_stop_rgb (pattern, i / (n - 1.0),
        ((colour >> 16) & 0xff) / 255.0, ((colour >> 8) & 0xff) / 255.0,
        (colour & 0xff) / 255.0);
  }
  cairo_set_source (self->cr, pattern);
  cairo_rectangle (self->cr, floor (x), floor (y - height / 2), width, height);
  cairo_fill (self->cr);
  cairo_pattern_destroy (pattern);

  g_ascii_formatd (number, sizeof (number), "%.3g", self->image.low);
  set_colour (self, INK, 1);
  x -= 0.4 * self->em;
  return x - draw_text (self, x, y, 1, number);
}

static gboolean
draw_spectrum (ScopePainter * self, ScopeHistory * history)
{
  const Box *box = &self->spectrum;
  gdouble y = 0.8 * self->em, end = box->x + box->width, columns;
  cairo_pattern_t *pattern;

  if (!scope_image_update (&self->image, history, self->source.min_range,
          self->source.max_range))
    return FALSE;
  columns = (gdouble) (self->to - self->from) / history->column_time;
  cairo_save (self->cr);
  clip_to (self, box);
  set_colour (self, SCOPE_BLANK, 1);
  cairo_paint (self->cr);
  /* Scores may lie far ahead of the sound. */
  if (history->n_columns > 0 && history->origin < self->to) {
    cairo_rectangle (self->cr, box->x, box->y, time_to_x (self, history->now)
        - box->x, box->height);
    cairo_clip (self->cr);
    cairo_translate (self->cr, box->x, box->y);
    cairo_scale (self->cr, box->width / columns, box->height / history->n_bins);
    cairo_translate (self->cr, -((gdouble) self->from - history->origin)
        / history->column_time, 0);
    pattern = cairo_pattern_create_for_surface (self->image.surface);
    cairo_pattern_set_extend (pattern, CAIRO_EXTEND_PAD);
    /* Nothing may be lost where columns are narrower than pixels. */
    cairo_pattern_set_filter (pattern, columns > box->width
        || history->n_bins > box->height ? CAIRO_FILTER_GOOD :
        CAIRO_FILTER_BILINEAR);
    cairo_set_source (self->cr, pattern);
    cairo_paint (self->cr);
    cairo_pattern_destroy (pattern);
  }
  cairo_restore (self->cr);

  draw_frame (self, box);
  draw_spectrum_axis (self);
  draw_text (self, box->x - 0.6 * self->em, y, 1,
      self->source.is_mel ? "Hz" : "row");
  if (self->image.high > self->image.low)
    end = draw_colour_key (self, y);
  if (box->x + text_width (self, self->source.title) < end - self->em)
    draw_text (self, box->x, y, 0, self->source.title);
  return TRUE;
}

/* The columns of the view. */
static void
get_view_columns (const ScopePainter * self, const ScopeHistory * history,
    guint *first, guint *last)
{
  *first = self->from > history->origin ?
      (self->from - history->origin) / history->column_time : 0;
  *last = history->n_columns;
}

static gdouble
column_to_x (const ScopePainter * self, const ScopeHistory * history, guint i)
{
  gdouble x = time_to_x (self, (gdouble) history->origin + (gdouble) i
      * history->column_time);

  x = MIN (x, time_to_x (self, MAX (history->now, history->score_end)));
  return CLAMP (x, self->scores.x, self->scores.x + self->scores.width);
}

static void
init_scale (ScopePainter * self, const ScopeHistory * history,
    ScopeScale * scale)
{
  gdouble values[2 * SCOPE_COLUMNS];
  guint i, first, last, n = 0;

  get_view_columns (self, history, &first, &last);
  for (i = first; i < last; i++) {
    if (!isnan (history->columns[i].score))
      values[n++] = history->columns[i].score;
    if (!isnan (history->columns[i].threshold))
      values[n++] = history->columns[i].threshold;
  }
  scope_scale_init (scale, values, n);
}

/* Steps of score or threshold; a hole is a stretch without. */
static void
trace (ScopePainter * self, const ScopeHistory * history,
    const ScopeScale * scale, gboolean thresholds)
{
  const Box *box = &self->scores;
  gdouble last_y = NAN;
  guint i, first, last;

  get_view_columns (self, history, &first, &last);
  for (i = first; i < last; i++) {
    const ScopeColumn *column = &history->columns[i];
    gdouble value = thresholds ? column->threshold : column->score;
    gdouble y = NAN;

    if (!isnan (value)) {
      y = box->y + box->height * (1 - scope_scale_map (scale, value));
      y = floor (y) + 0.5;
      if (isnan (last_y))
        cairo_move_to (self->cr, column_to_x (self, history, i), y);
      else if (y != last_y)
        cairo_line_to (self->cr, column_to_x (self, history, i), y);
      cairo_line_to (self->cr, column_to_x (self, history, i + 1), y);
    }
    last_y = y;
  }
  cairo_stroke (self->cr);
}

static void
draw_status (ScopePainter * self, const ScopeHistory * history)
{
  gchar score[G_ASCII_DTOSTR_BUF_SIZE], threshold[G_ASCII_DTOSTR_BUF_SIZE];
  gchar *text;
  gdouble width, x = self->scores.x + 0.5 * self->em;
  gdouble y = self->scores.y + 0.9 * self->em;

  g_ascii_formatd (score, sizeof (score), "%.4g", history->last_score);
  g_ascii_formatd (threshold, sizeof (threshold), "%.4g",
      history->last_threshold);
  if (isnan (history->last_threshold))
    text = g_strdup_printf ("score %s", score);
  else
    text = g_strdup_printf ("score %s, threshold %s: %s", score, threshold,
        history->last_anomalous ? "ANOMALOUS" : "normal");
  width = text_width (self, text);
  set_colour (self, BACKGROUND, 0.8);
  cairo_rectangle (self->cr, x - 0.2 * self->em, y - 0.7 * self->em,
      width + 0.4 * self->em, 1.4 * self->em);
  cairo_fill (self->cr);
  set_colour (self, history->last_anomalous ? ALARM : INK, 1);
  draw_text (self, x, y, 0, text);
  g_free (text);
}

static void
draw_scores (ScopePainter * self, const ScopeHistory * history)
{
  const Box *box = &self->scores;
  static const gdouble dashes[] = { 6, 4 };
  gdouble line = MAX (1, self->em / 8);
  ScopeTick ticks[SCOPE_MAX_TICKS];
  ScopeScale scale;
  guint i, n;

  init_scale (self, history, &scale);
  n = scope_ticks_for_scale (&scale, box->height / (2 * self->em), ticks);
  cairo_set_line_width (self->cr, 1);
  for (i = 0; i < n && history->has_scores; i++) {
    gdouble y = box->y + box->height * (1 - scope_scale_map (&scale,
            ticks[i].value));

    set_colour (self, GRID, 1);
    draw_line (self, box->x, y, box->x + box->width - 1, y);
    draw_left_tick (self, box, y, ticks[i].label);
  }
  cairo_save (self->cr);
  clip_to (self, box);
  cairo_set_line_width (self->cr, line);
  set_colour (self, LIMIT, 1);
  cairo_set_dash (self->cr, dashes, G_N_ELEMENTS (dashes), 0);
  trace (self, history, &scale, TRUE);
  cairo_set_dash (self->cr, NULL, 0, 0);
  cairo_set_line_width (self->cr, 1.5 * line);
  set_colour (self, TRACE, 1);
  trace (self, history, &scale, FALSE);
  cairo_restore (self->cr);
  draw_frame (self, box);
}

/* Hatched, so that it does not depend on colours. */
static void
draw_alarm (ScopePainter * self, const Box * box, gdouble x1, gdouble x2)
{
  gdouble step = 0.8 * self->em, x;

  cairo_save (self->cr);
  cairo_rectangle (self->cr, x1, box->y, MAX (x2 - x1, 1), box->height);
  cairo_clip (self->cr);
  set_colour (self, ALARM, 0.15);
  cairo_paint (self->cr);
  set_colour (self, ALARM, 0.5);
  cairo_set_line_width (self->cr, 1);
  for (x = floor ((x1 - box->height) / step) * step; x < x2; x += step) {
    cairo_move_to (self->cr, x, box->y + box->height);
    cairo_line_to (self->cr, x + box->height, box->y);
  }
  cairo_stroke (self->cr);
  cairo_restore (self->cr);
}

static void
draw_alarms (ScopePainter * self, const ScopeHistory * history)
{
  /* On the spectrum only a bar at its lower end: it is there to be seen. */
  Box bar = self->spectrum;
  guint i, first, last, start;

  bar.height = MIN (0.6 * self->em, bar.height);
  bar.y = self->spectrum.y + self->spectrum.height + 1;
  get_view_columns (self, history, &first, &last);
  for (i = first; i < last; i++) {
    gdouble x1, x2;

    if (!history->columns[i].anomalous)
      continue;
    for (start = i; i < last && history->columns[i].anomalous; i++);
    x1 = MAX (column_to_x (self, history, start), self->scores.x);
    x2 = column_to_x (self, history, i);
    draw_alarm (self, &self->scores, x1, x2);
    if (!self->has_source)
      continue;
    set_colour (self, ALARM, 1);
    cairo_rectangle (self->cr, x1, bar.y, MAX (x2 - x1, 1), bar.height);
    cairo_fill (self->cr);
  }
}

static void
draw_time_axis (ScopePainter * self, const Box * box, gint width)
{
  ScopeTick ticks[SCOPE_MAX_TICKS];
  guint i, n = scope_ticks_for_time ((gdouble) self->from / GST_SECOND,
      (gdouble) self->to / GST_SECOND, box->width / (6 * self->em), ticks);
  gdouble bottom = box->y + box->height;

  set_colour (self, INK, 1);
  cairo_set_line_width (self->cr, 1);
  for (i = 0; i < n; i++) {
    gdouble x = time_to_x (self, ticks[i].value * GST_SECOND);
    gdouble half = text_width (self, ticks[i].label) / 2;

    draw_line (self, x, bottom + 1, x, bottom + 0.4 * self->em);
    draw_text (self, CLAMP (x, half, width - half), bottom + 1.1 * self->em,
        0.5, ticks[i].label);
  }
}

/* Where the panels are, and how large text is. */
static void
lay_out (ScopePainter * self, const ScopeHistory * history, gint width,
    gint height)
{
  PangoFontDescription *font = pango_font_description_from_string ("Sans");
  gdouble em, available;
  Box box;

  self->em = em = CLAMP (floor (MIN (height / 32.0, width / 50.0)), 8, 40);
  pango_font_description_set_absolute_size (font, em * PANGO_SCALE);
  pango_layout_set_font_description (self->layout, font);
  pango_font_description_free (font);

  box.x = floor (4.6 * em);
  box.width = MAX (width - box.x - floor (1.5 * em), 1);
  box.y = floor (2.2 * em);
  available = MAX (height - box.y - floor (2.2 * em), 2);
  box.height = available;
  self->spectrum = self->scores = box;
  if (!self->has_source || !history->has_scores)
    return;
  self->spectrum.height = floor (0.66 * available);
  self->scores.height = floor (MAX (available - self->spectrum.height - em, 1));
  self->scores.y = box.y + available - self->scores.height;
}

gboolean
scope_painter_draw (ScopePainter * self, ScopeHistory * history, guint8 * data,
    gint width, gint height, gint stride)
{
  cairo_surface_t *surface = cairo_image_surface_create_for_data (data,
      CAIRO_FORMAT_ARGB32, width, height, stride);
  gboolean ok;

  self->cr = cairo_create (surface);
  set_colour (self, BACKGROUND, 1);
  cairo_paint (self->cr);
  lay_out (self, history, width, height);
  scope_history_get_view (history, &self->from, &self->to);
  ok = !self->has_source || draw_spectrum (self, history);
  if (history->has_scores || !self->has_source) {
    draw_scores (self, history);
    draw_alarms (self, history);
    if (history->has_scores)
      draw_status (self, history);
  }
  draw_time_axis (self, &self->scores, width);

  ok = ok && cairo_status (self->cr) == CAIRO_STATUS_SUCCESS;
  cairo_destroy (self->cr);
  cairo_surface_flush (surface);
  cairo_surface_destroy (surface);
  return ok;
}
