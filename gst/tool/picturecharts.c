/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "report.h"

#include <math.h>
#include <stdlib.h>
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

/* Two bars for each pitch class, and lines of one standard deviation to each
 * side. */
static void
draw_chroma (SvgPlot * plot, const Picture * chroma)
{
  static const char *const classes[] = { "normal", "anomalous" };
  guint i, j;

  for (j = 0; j < G_N_ELEMENTS (classes); j++) {
    for (i = 0; i < PICTURE_PITCHES; i++) {
      const double *m = chroma->values + 2 * (j * PICTURE_PITCHES + i);
      double left = i + 0.12 + 0.38 * j, middle = left + 0.19;
      double x[] = { middle, middle }, y[] = { m[0] - m[1], m[0] + m[1] };

      svg_box (plot, classes[j], left, 0, left + 0.38, m[0]);
      svg_line (plot, "spread", x, y, 2, FALSE);
    }
    svg_key (plot, j, classes[j], classes[j]);
  }
}

static void
chart_chroma (GString * page, const ReportId * id, const Picture * chroma)
{
  static const char *const pitches[] =
      { "C", "C♯", "D", "D♯", "E", "F", "F♯",
    "G", "G♯", "A", "A♯", "B", NULL
  };
  gboolean is_cens = strcmp (chroma->name, PICTURE_CENS) == 0;
  SvgAxis x_axis = { "pitch class", 0, PICTURE_PITCHES, FALSE, pitches };
  SvgAxis y_axis = { is_cens ? "mean CENS" : "mean share of the chroma" };
  char *text = g_strdup_printf ("Mean %s of the normal and the anomalous clips "
      "of %s id %s by pitch class", is_cens ? "CENS" : "chroma", id->machine,
      id->id);
  SvgPlot plot;
  guint i;

  for (i = 0; i < 2 * PICTURE_PITCHES; i++)
    y_axis.high = MAX (y_axis.high, 1.05 * (chroma->values[2 * i] +
            chroma->values[2 * i + 1]));
  if (y_axis.high == 0)
    y_axis.high = 1;
  html_add (page, "<figure>\n");
  svg_begin (&plot, page, &x_axis, &y_axis, text);
  draw_chroma (&plot, chroma);
  svg_end (&plot);
  html_add (page, "<figcaption>Mean %s of the test clips; lines: standard "
      "deviation over clips</figcaption>\n</figure>\n",
      is_cens ? "CENS" : "chroma");
  g_free (text);
}

/* Colours: of features and reconstruction, and of squared errors. */
typedef struct
{
  double low, high, worst;
} Range;

static int
compare_rising (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* Features, reconstruction, squared error. */
static double *
find_planes (const Picture * clip, gsize *size)
{
  gsize n = clip->shape[1] * clip->shape[2], i;
  double *planes = g_new (double, 3 * n);

  memcpy (planes, clip->values, 2 * n * sizeof *planes);
  for (i = 0; i < n; i++)
    planes[2 * n + i] = pow (planes[n + i] - planes[i], 2);
  *size = n;
  return planes;
}

/* A few far values do not make all others look the same. */
static void
widen (Range * range, const Picture * clip)
{
  gsize n;
  double *planes = find_planes (clip, &n);

  qsort (planes, n, sizeof *planes, compare_rising);
  qsort (planes + 2 * n, n, sizeof *planes, compare_rising);
  range->low = MIN (range->low, asd_quantile (planes, n, 0.01));
  range->high = MAX (range->high, asd_quantile (planes, n, 0.999));
  range->worst = MAX (range->worst, asd_quantile (planes + 2 * n, n, 0.99));
  g_free (planes);
}

static void
chart_clip (GString * page, const ReportId * id, const Picture * clip,
    const Range * range, double step)
{
  static const char *const names[] = { "Log-mel spectrogram", "Reconstruction",
    "Squared error"
  };
  gboolean most = strcmp (clip->name, PICTURE_MOST) == 0;
  const char *found = pictures_find_clip (id->list, most);
  char *name = html_clean (found != NULL ? found : "");
  SvgAxis x_axis = { step > 0 ? "time in s" : "frame", 0,
    clip->shape[1] * (step > 0 ? step : 1)
  };
  SvgAxis y_axis = { "mel band", 0, clip->shape[2] };
  gsize size;
  double *planes = find_planes (clip, &size);
  SvgPlot plot;
  guint i;

  html_add (page, "<p>The %s anomalous clip by its score, %s, as the net gets "
      "it and gives it back:</p>\n<div class=\"pair\">\n",
      most ? "most" : "least", name);
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    double low = i < 2 ? range->low : 0, high = i < 2 ? range->high :
        range->worst;
    char *text = g_strdup_printf ("%s of the %s anomalous clip of %s id %s",
        names[i], most ? "most" : "least", id->machine, id->id);

    html_add (page, "<figure>\n");
    svg_begin (&plot, page, &x_axis, &y_axis, text);
    svg_image (&plot, planes + i * size, clip->shape[1], clip->shape[2], low,
        high);
    svg_end (&plot);
    html_add (page, "<figcaption>%s, from %.4g (dark) to %.4g (bright)"
        "</figcaption>\n</figure>\n", names[i], low, high);
    g_free (text);
  }
  html_add (page, "</div>\n");
  g_free (planes);
  g_free (name);
}

static const Picture *
find_picture (const ReportId * id, const char *name)
{
  guint i;

  for (i = 0; i < id->pictures->len; i++) {
    const Picture *picture = g_ptr_array_index (id->pictures, i);

    if (strcmp (picture->name, name) == 0)
      return picture;
  }
  return NULL;
}

/* Both clips in the same colours. */
static void
chart_spectrograms (GString * page, const ReportId * id)
{
  const Picture *clips[] = { find_picture (id, PICTURE_MOST),
    find_picture (id, PICTURE_LEAST)
  };
  const Picture *step = find_picture (id, PICTURE_STEP);
  Range range = { INFINITY, -INFINITY, 0 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (clips); i++)
    if (clips[i] != NULL)
      widen (&range, clips[i]);
  if (!(range.high > range.low))
    range.high = range.low + 1;
  if (!(range.worst > 0))
    range.worst = 1;
  for (i = 0; i < G_N_ELEMENTS (clips); i++)
    if (clips[i] != NULL)
      chart_clip (page, id, clips[i], &range,
          step != NULL ? step->values[0] : 0);
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
    else if (strcmp (picture->name, PICTURE_CENS) == 0
        || strcmp (picture->name, PICTURE_CHROMA) == 0)
      chart_chroma (page, id, picture);
  }
  html_add (page, "</div>\n");
  chart_spectrograms (page, id);
}
