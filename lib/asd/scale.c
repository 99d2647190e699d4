/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scale.h"

#include "error.h"

#include <math.h>
#include <string.h>

/* The energies of real recordings start at 1e-8. */
#define LOG_FLOOR 1e-12

struct _AsdScale
{
  gatomicrefcount refs;
  gboolean log;
  gsize dim;
  double *offset;
  double *divisor;
};

struct _AsdScaleTrainer
{
  AsdScaleConfig config;
  gsize dim;
  gsize n;
  double *mean;
  double *squares;              /* of the differences from the mean */
  double *minimum;
  double *maximum;
};

const GEnumValue *
asd_scale_method_values (void)
{
  static const GEnumValue values[] = {
    {ASD_SCALE_STANDARDISE, "Mean 0 and standard deviation 1", "standardise"},
    {ASD_SCALE_MIN_MAX, "From low to high", "min-max"},
    {ASD_SCALE_NONE, "As they are", "none"},
    {0, NULL, NULL},
  };

  return values;
}

const char *
asd_scale_config_check (const AsdScaleConfig * config)
{
  if (!isfinite (config->low) || !isfinite (config->high)
      || !(config->low < config->high))
    return "low must be below high";
  return NULL;
}

static double
to_log (double x)
{
  return log (MAX (x, 0) + LOG_FLOOR);
}

static AsdScale *
scale_alloc (gboolean log, gsize dim)
{
  AsdScale *scale = g_new0 (AsdScale, 1);

  g_atomic_ref_count_init (&scale->refs);
  scale->log = log;
  scale->dim = dim;
  scale->offset = g_new (double, dim);
  scale->divisor = g_new (double, dim);
  return scale;
}

AsdScale *
asd_scale_new (gboolean log, const double *offset, const double *divisor,
    gsize dim, GError ** error)
{
  gboolean valid = dim > 0;
  AsdScale *scale;

  for (gsize j = 0; valid && j < dim; j++)
    valid = isfinite (offset[j]) && isfinite (divisor[j]) && divisor[j] > 0;
  if (!valid) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_FORMAT, "a scale needs at "
        "least one dimension, finite offsets and divisors above 0: train the "
        "model again");
    return NULL;
  }
  scale = scale_alloc (log, dim);
  memcpy (scale->offset, offset, dim * sizeof *offset);
  memcpy (scale->divisor, divisor, dim * sizeof *divisor);
  return scale;
}

AsdScale *
asd_scale_ref (AsdScale * scale)
{
  g_atomic_ref_count_inc (&scale->refs);
  return scale;
}

void
asd_scale_unref (AsdScale * scale)
{
  if (!g_atomic_ref_count_dec (&scale->refs))
    return;
  g_free (scale->offset);
  g_free (scale->divisor);
  g_free (scale);
}

void
asd_scale_process (const AsdScale * scale, const float *frames, gsize n,
    float *out)
{
  for (gsize i = 0; i < n; i++, frames += scale->dim, out += scale->dim) {
    for (gsize j = 0; j < scale->dim; j++) {
      double x = scale->log ? to_log (frames[j]) : frames[j];

      out[j] = (x - scale->offset[j]) / scale->divisor[j];
    }
  }
}

gsize
asd_scale_get_dim (const AsdScale * scale)
{
  return scale->dim;
}

const double *
asd_scale_get_offset (const AsdScale * scale)
{
  return scale->offset;
}

const double *
asd_scale_get_divisor (const AsdScale * scale)
{
  return scale->divisor;
}

void
asd_scale_save (const AsdScale * scale, AsdModelWriter * writer)
{
  asd_model_writer_set_int64 (writer, "log", scale->log);
  asd_model_writer_add_f64 (writer, "offset", scale->offset, 1, &scale->dim);
  asd_model_writer_add_f64 (writer, "divisor", scale->divisor, 1, &scale->dim);
}

AsdScale *
asd_scale_load (AsdModelSection * section, GError ** error)
{
  const double *offset, *divisor;
  GError *wrong = NULL;
  AsdScale *scale;
  gsize dim = 0;
  gint64 log;

  offset = asd_model_section_get_f64 (section, "offset", 1, &dim, error);
  if (offset == NULL)
    return NULL;
  divisor = asd_model_section_get_f64 (section, "divisor", 1, &dim, error);
  if (divisor == NULL || !asd_model_section_get_int64 (section, "log", &log,
          error))
    return NULL;
  if (log != 0 && log != 1) {
    asd_model_section_refuse (section, error, "its log is %" G_GINT64_FORMAT
        ", not 0 or 1", log);
    return NULL;
  }
  scale = asd_scale_new (log, offset, divisor, dim, &wrong);
  if (scale == NULL) {
    asd_model_section_refuse (section, error, "%s", wrong->message);
    g_error_free (wrong);
  }
  return scale;
}

AsdScaleTrainer *
asd_scale_trainer_new (const AsdScaleConfig * config, gsize dim)
{
  AsdScaleTrainer *self = g_new0 (AsdScaleTrainer, 1);

  self->config = *config;
  self->dim = dim;
  self->mean = g_new0 (double, dim);
  self->squares = g_new0 (double, dim);
  self->minimum = g_new (double, dim);
  self->maximum = g_new (double, dim);
  for (gsize j = 0; j < dim; j++) {
    self->minimum[j] = INFINITY;
    self->maximum[j] = -INFINITY;
  }
  return self;
}

void
asd_scale_trainer_free (AsdScaleTrainer * self)
{
  g_free (self->mean);
  g_free (self->squares);
  g_free (self->minimum);
  g_free (self->maximum);
  g_free (self);
}

static void
add_frame (AsdScaleTrainer * self, const float *frame)
{
  self->n++;
  for (gsize j = 0; j < self->dim; j++) {
    double x = self->config.log ? to_log (frame[j]) : frame[j];
    double difference = x - self->mean[j];

    /* A constant leaves the squares at just 0. */
    self->mean[j] += difference / self->n;
    self->squares[j] += difference * (x - self->mean[j]);
    self->minimum[j] = MIN (self->minimum[j], x);
    self->maximum[j] = MAX (self->maximum[j], x);
  }
}

gboolean
asd_scale_trainer_add (AsdScaleTrainer * self, const float *frames, gsize n,
    GError ** error)
{
  for (gsize i = 0; self->config.log && i < n * self->dim; i++) {
    if (frames[i] < 0) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH, "The features hold "
          "negative values such as %g, whose logarithm cannot be taken: train "
          "with log=false, or on energies", frames[i]);
      return FALSE;
    }
  }
  for (gsize i = 0; i < n; i++)
    add_frame (self, frames + i * self->dim);
  return TRUE;
}

AsdScale *
asd_scale_trainer_fit (AsdScaleTrainer * self, GError ** error)
{
  const AsdScaleConfig *config = &self->config;
  AsdScale *scale;

  if (self->n < 2) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "too few frames (%"
        G_GSIZE_FORMAT ") to show how features vary: train on at least two",
        self->n);
    return NULL;
  }
  scale = scale_alloc (config->log, self->dim);
  for (gsize j = 0; j < self->dim; j++) {
    double offset = self->mean[j];
    double width = sqrt (self->squares[j] / self->n);

    if (config->method == ASD_SCALE_MIN_MAX) {
      offset = self->minimum[j];
      width = self->maximum[j] - self->minimum[j];
    }
    if (!(width > 0))
      width = 1;
    if (config->method == ASD_SCALE_MIN_MAX) {
      width /= config->high - config->low;
      offset -= config->low * width;
    } else if (config->method == ASD_SCALE_NONE) {
      offset = 0;
      width = 1;
    }
    scale->offset[j] = offset;
    scale->divisor[j] = width;
  }
  return scale;
}
