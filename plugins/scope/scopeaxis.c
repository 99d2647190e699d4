/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scopeaxis.h"

#include <math.h>
#include <stdlib.h>

/* Beyond it differences of doubles overflow. */
#define LARGEST 1e300

/* Values further apart than this are drawn like logarithms. */
#define LOG_RATIO 100

static int
compare (const void *a, const void *b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

static gdouble
warp (const ScopeScale * self, gdouble value)
{
  value = CLAMP (value, -LARGEST, LARGEST);
  return self->knee > 0 ? asinh (value / self->knee) : value;
}

static gdouble
unwarp (const ScopeScale * self, gdouble value)
{
  return self->knee > 0 ? self->knee * sinh (value) : value;
}

gdouble
scope_scale_map (const ScopeScale * self, gdouble value)
{
  gdouble low = warp (self, self->low);

  return (warp (self, value) - low) / (warp (self, self->high) - low);
}

void
scope_scale_init (ScopeScale * self, gdouble *values, guint n)
{
  gdouble low = -1, high = 1, median = 0, margin;

  if (n > 0) {
    qsort (values, n, sizeof (*values), compare);
    low = CLAMP (values[0], -LARGEST, LARGEST);
    high = CLAMP (values[n - 1], -LARGEST, LARGEST);
    median = fabs (values[n / 2]);
  }
  self->knee = 0;
  if (median > 0 && MAX (fabs (low), fabs (high)) / median > LOG_RATIO)
    self->knee = median;
  low = warp (self, low);
  high = warp (self, high);
  margin = 0.1 * (high - low);
  /* All the same: a tenth of it around it. */
  if (margin <= 0)
    margin = MAX (0.1 * fabs (high), 1e-3);
  self->low = MAX (unwarp (self, low - margin), -LARGEST);
  self->high = MIN (unwarp (self, high + margin), LARGEST);
}

static void
add_tick (ScopeTick * tick, gdouble value)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  tick->value = value;
  g_ascii_formatd (text, sizeof (text), "%.6g", value);
  g_strlcpy (tick->label, text, SCOPE_LABEL_SIZE);
}

/* The smallest 1, 2 or 5 times a power of ten that is not below x. */
static gdouble
round_step (gdouble x)
{
  gdouble power = pow (10, floor (log10 (x)));

  if (x <= power)
    return power;
  if (x <= 2 * power)
    return 2 * power;
  return x <= 5 * power ? 5 * power : 10 * power;
}

static guint
linear_ticks (gdouble low, gdouble high, gdouble step,
    ScopeTick ticks[SCOPE_MAX_TICKS])
{
  gdouble first = ceil (low / step - 1e-9);
  guint n;

  /* No sum of steps, whose error would show as 0.30000000000000004; and 0 is
   * not to be -0. */
  for (n = 0; n < SCOPE_MAX_TICKS && (first + n) * step <= high * (1 + 1e-9);
      n++)
    add_tick (&ticks[n], (first + n) * step + 0.0);
  return n;
}

/* 0 and powers of ten, those that keep a distance from each other. */
static guint
log_ticks (const ScopeScale * scale, guint n_max,
    ScopeTick ticks[SCOPE_MAX_TICKS])
{
  gdouble distance = 1.0 / n_max, last = -1;
  gint sign, k, top = ceil (log10 (MAX (fabs (scale->low),
              fabs (scale->high))));
  guint n = 0;

  for (sign = -1; sign <= 1; sign++) {
    for (k = 0; k <= (sign == 0 ? 0 : 40); k++) {
      gint exponent = sign < 0 ? top - k : top - 40 + k;
      gdouble value = sign * pow (10, exponent);
      gdouble place = scope_scale_map (scale, value);

      if (place < 0 || place > 1 || place < last + distance
          || n == SCOPE_MAX_TICKS)
        continue;
      add_tick (&ticks[n++], value);
      last = place;
    }
  }
  return n;
}

guint
scope_ticks_for_scale (const ScopeScale * scale, guint n_max,
    ScopeTick ticks[SCOPE_MAX_TICKS])
{
  n_max = CLAMP (n_max, 2, SCOPE_MAX_TICKS);
  if (scale->knee > 0)
    return log_ticks (scale, n_max, ticks);
  return linear_ticks (scale->low, scale->high,
      round_step ((scale->high - scale->low) / n_max), ticks);
}

static void
format_time (gdouble seconds, gdouble step, gboolean with_minutes,
    gchar * label)
{
  gint64 milliseconds = llround (seconds * 1000);
  gint64 minutes = milliseconds / 60000;
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  milliseconds %= 60000;
  if (!with_minutes) {
    g_ascii_formatd (number, sizeof (number), "%.6g", seconds);
    g_snprintf (label, SCOPE_LABEL_SIZE, "%s s", number);
    return;
  }
  if (step < 1)
    g_ascii_formatd (number, sizeof (number),
        step < 0.1 ? "%05.2f" : "%04.1f", milliseconds / 1000.0);
  else
    g_ascii_formatd (number, sizeof (number), "%02.0f", milliseconds / 1000.0);
  if (minutes >= 60)
    g_snprintf (label, SCOPE_LABEL_SIZE, "%" G_GINT64_FORMAT ":%02d:%s",
        minutes / 60, (int) (minutes % 60), number);
  else
    g_snprintf (label, SCOPE_LABEL_SIZE, "%d:%s", (int) minutes, number);
}

guint
scope_ticks_for_time (gdouble from, gdouble to, guint n_max,
    ScopeTick ticks[SCOPE_MAX_TICKS])
{
  static const gdouble steps[] = { 10, 15, 30, 60, 120, 300, 600, 900, 1800,
    3600, 7200, 10800, 21600, 43200, 86400
  };
  gdouble smallest, step = 0;
  guint i, n;

  n_max = CLAMP (n_max, 2, SCOPE_MAX_TICKS);
  smallest = (to - from) / n_max;
  if (smallest <= 5)
    step = MAX (round_step (smallest), 0.01);
  for (i = 0; i < G_N_ELEMENTS (steps) && step == 0; i++)
    if (steps[i] >= smallest)
      step = steps[i];
  if (step == 0)
    step = ceil (smallest / 86400) * 86400;

  n = linear_ticks (from, to, step, ticks);
  for (i = 0; i < n; i++)
    format_time (ticks[i].value, step, to >= 60, ticks[i].label);
  return n;
}

guint
scope_ticks_for_index (guint n, guint n_max, ScopeTick ticks[SCOPE_MAX_TICKS])
{
  n_max = CLAMP (n_max, 2, SCOPE_MAX_TICKS);
  return linear_ticks (0, n - 1, MAX (round_step ((gdouble) n / n_max), 1),
      ticks);
}

guint
scope_ticks_for_frequency (gdouble top, ScopeTick ticks[SCOPE_MAX_TICKS])
{
  static const gdouble frequencies[] = { 64000, 32000, 16000, 8000, 4000, 2000,
    1000, 500, 250, 125, 0
  };
  guint i, n = 0;

  for (i = 0; i < G_N_ELEMENTS (frequencies); i++) {
    gdouble f = frequencies[i];

    if (f > top)
      continue;
    add_tick (&ticks[n], f >= 1000 ? f / 1000 : f);
    if (f >= 1000)
      g_strlcat (ticks[n].label, "k", SCOPE_LABEL_SIZE);
    ticks[n++].value = f;
  }
  return n;
}
