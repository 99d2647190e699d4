/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "sensor.h"

#include <math.h>
#include <stdlib.h>

#include "error.h"

/* One step of 16 bits. */
#define STEP (1.001 / 32768)

/* Full scale, less what resampling or a conversion takes off. */
#define FULL_SCALE 0.999f

/* A block has to repeat so often to be no coincidence. */
#define MIN_REPEATS 3

struct _AsdSensor
{
  AsdSensorConfig config;
  AsdSensorLevels levels;
  gboolean has_levels;
  gsize max_samples;
  guint32 *borders;
};

static const char *const level_keys[] = {
  "level-low", "level-median", "level-high",
};

const char *
asd_sensor_state_get_name (AsdSensorState state)
{
  static const char *const names[] = {
    "ok", "dead", "stuck", "clipped", "quiet", "loud",
  };

  return names[state];
}

static int
compare_rising (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

gboolean
asd_sensor_levels_compute (const double *levels, gsize n,
    AsdSensorLevels * result, GError ** error)
{
  double *sorted;

  for (gsize i = 0; i < n; i++) {
    if (!isfinite (levels[i])) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "level %" G_GSIZE_FORMAT
          " of %" G_GSIZE_FORMAT " is not finite: leave its recording out",
          i + 1, n);
      return FALSE;
    }
  }
  if (n == 0) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA,
        "there is no level: give recordings of at least one second");
    return FALSE;
  }
  sorted = g_memdup2 (levels, n * sizeof *levels);
  qsort (sorted, n, sizeof *sorted, compare_rising);
  /* Nearest rank: of fewer than 50 levels the lowest and the highest. */
  result->low = sorted[(gsize) (0.01 * (n - 1) + 0.5)];
  result->median = sorted[(n - 1) / 2];
  result->high = sorted[(gsize) (0.99 * (n - 1) + 0.5)];
  g_free (sorted);
  return TRUE;
}

void
asd_sensor_levels_write (const AsdSensorLevels * levels,
    AsdModelWriter * writer)
{
  const double values[] = { levels->low, levels->median, levels->high };
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    asd_model_writer_set_model_string (writer, level_keys[i],
        g_ascii_dtostr (text, sizeof text, values[i]));
}

gboolean
asd_sensor_levels_read (AsdModel * model, AsdSensorLevels * levels,
    GError ** error)
{
  double values[G_N_ELEMENTS (level_keys)];

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++) {
    const char *text = asd_model_get_string (model, level_keys[i]);
    char *end;

    if (text == NULL) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING, "%s: the model does "
          "not tell how loud the machine is (%s): train it with gst-asd train",
          asd_model_get_name (model), level_keys[i]);
      return FALSE;
    }
    values[i] = g_ascii_strtod (text, &end);
    if (end == text || *end != '\0' || !isfinite (values[i])
        || (i > 0 && values[i] < values[i - 1])) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "%s: %s=%s is no level "
          "or out of order: train the model again", asd_model_get_name (model),
          level_keys[i], text);
      return FALSE;
    }
  }
  *levels = (AsdSensorLevels) {
  values[0], values[1], values[2]};
  return TRUE;
}

void
asd_sensor_config_init (AsdSensorConfig * config)
{
  config->clip_share = 0.01;
  config->dead_margin = 40;
  config->quiet_margin = 20;
  config->loud_margin = 20;
}

const char *
asd_sensor_config_check (const AsdSensorConfig * config)
{
  if (!(config->clip_share >= 0 && config->clip_share <= 1))
    return "clip-share must be 0 to 1";
  if (!(config->dead_margin >= 0 && config->dead_margin <= 200))
    return "dead-margin must be 0 to 200 dB";
  if (!(config->quiet_margin >= 0 && config->quiet_margin <= 200))
    return "quiet-margin must be 0 to 200 dB";
  if (!(config->loud_margin >= 0 && config->loud_margin <= 200))
    return "loud-margin must be 0 to 200 dB";
  return NULL;
}

AsdSensor *
asd_sensor_new (const AsdSensorConfig * config, const AsdSensorLevels * levels,
    gsize max_samples)
{
  AsdSensor *self;

  if (asd_sensor_config_check (config) != NULL || max_samples > G_MAXUINT32)
    return NULL;
  self = g_new0 (AsdSensor, 1);
  self->config = *config;
  self->has_levels = levels != NULL;
  if (levels != NULL)
    self->levels = *levels;
  self->max_samples = max_samples;
  self->borders = g_new (guint32, max_samples);
  return self;
}

void
asd_sensor_free (AsdSensor * self)
{
  if (self == NULL)
    return;
  g_free (self->borders);
  g_free (self);
}

static void
measure (const float *samples, gsize n, AsdSensorReport * report)
{
  float lowest = samples[0], highest = samples[0];
  double sum = 0, squares = 0;
  gsize clipped = 0;

  for (gsize i = 0; i < n; i++) {
    sum += samples[i];
    lowest = MIN (lowest, samples[i]);
    highest = MAX (highest, samples[i]);
    clipped += fabsf (samples[i]) >= FULL_SCALE;
  }
  report->mean = sum / n;
  for (gsize i = 0; i < n; i++) {
    double x = samples[i] - report->mean;

    squares += x * x;
  }
  report->peak = MAX (highest, -lowest);
  report->range = (double) highest - lowest;
  report->clipped = (double) clipped / n;
  report->level = fmax (10 * log10 (squares / n), ASD_SENSOR_MIN_LEVEL);
}

/* The smallest period of the whole window, by the prefix function of Knuth,
 * Morris and Pratt: borders[i] is the length of the longest proper prefix of the
 * first i + 1 samples that is also their suffix. */
static gsize
find_period (AsdSensor * self, const float *x, gsize n)
{
  guint32 *borders = self->borders;
  gsize length = 0;

  borders[0] = 0;
  for (gsize i = 1; i < n; i++) {
    while (length > 0 && x[i] != x[length])
      length = borders[length - 1];
    if (x[i] == x[length])
      length++;
    borders[i] = length;
  }
  return n - length;
}

AsdSensorState
asd_sensor_judge (const AsdSensorConfig * config,
    const AsdSensorLevels * levels, const AsdSensorReport * report)
{
  double below = -INFINITY, above = -INFINITY;

  if (levels != NULL) {
    below = levels->low - report->level;
    above = report->level - levels->high;
  }
  if (report->peak <= STEP)
    return ASD_SENSOR_DEAD;
  if (report->range <= 2 * STEP || report->period > 0)
    return ASD_SENSOR_STUCK;
  if (below > config->dead_margin)
    return ASD_SENSOR_DEAD;
  if (report->clipped > config->clip_share)
    return ASD_SENSOR_CLIPPED;
  if (below > config->quiet_margin)
    return ASD_SENSOR_QUIET;
  return above > config->loud_margin ? ASD_SENSOR_LOUD : ASD_SENSOR_OK;
}

AsdSensorState
asd_sensor_process (AsdSensor * self, const float *samples, gsize n,
    AsdSensorReport * report)
{
  g_return_val_if_fail (n >= 1 && n <= self->max_samples, ASD_SENSOR_OK);

  measure (samples, n, report);
  report->period = find_period (self, samples, n);
  if (report->period > n / MIN_REPEATS)
    report->period = 0;
  report->state = asd_sensor_judge (&self->config,
      self->has_levels ? &self->levels : NULL, report);
  return report->state;
}

char *
asd_sensor_describe (const AsdSensor * self, const AsdSensorReport * report)
{
  switch (report->state) {
    case ASD_SENSOR_DEAD:
      if (report->peak > STEP)
        return g_strdup_printf ("The level is %.1f dBFS, %.1f dB below what it "
            "was in training: check the microphone, its cable and its power",
            report->level, self->levels.low - report->level);
      return g_strdup ("The input is digital silence: check the microphone, "
          "its cable and whether it is muted");
    case ASD_SENSOR_STUCK:
      if (report->range <= 2 * STEP)
        return
            g_strdup_printf ("All samples are about %.3g: check the microphone "
            "and its converter", report->mean);
      return g_strdup_printf ("The input repeats the same %" G_GSIZE_FORMAT
          " samples: restart the device or its driver", report->period);
    case ASD_SENSOR_CLIPPED:
      return g_strdup_printf ("%.3g %% of the samples are at full scale: lower "
          "the gain of the input", 100 * report->clipped);
    case ASD_SENSOR_QUIET:
      return g_strdup_printf ("The level is %.1f dBFS, %.1f dB below what it "
          "was in training: check the microphone, its gain, and whether the "
          "machine is on", report->level, self->levels.low - report->level);
    case ASD_SENSOR_LOUD:
      return g_strdup_printf ("The level is %.1f dBFS, %.1f dB above what it "
          "was in training: check the gain of the input and what is next to "
          "the microphone", report->level, report->level - self->levels.high);
    case ASD_SENSOR_OK:
      break;
  }
  return g_strdup_printf ("The level is %.1f dBFS", report->level);
}
