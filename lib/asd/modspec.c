/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "modspec.h"
#include "gammatone.h"
#include "kernels.h"
#include "simd.h"

#include <math.h>
#include <string.h>

#define FILTERS ASD_KERNEL_FILTERS
#define QUALITY 2.0
/* Energy frames in seconds. */
#define FRAME_LENGTH 0.256
#define FRAME_STEP 0.064
/* Gammatonegram columns that are filtered at once. */
#define BLOCK 64
/* Columns before the block that the filters look back at. */
#define HISTORY 2

G_STATIC_ASSERT (FILTERS == ASD_MODSPEC_MODULATION_BANDS);

struct _AsdModspec
{
  AsdModspecConfig config;
  AsdGammatone *gammatone;
  double frequencies[FILTERS];
  AsdBandPass filters[FILTERS];
  gsize frame_length, frame_step;
  double *window;               /* squared */

  float *columns;               /* HISTORY + BLOCK columns */
  const AsdKernels *kernels;
  float *state;                 /* [vector of bands][filter][2][lane] */
  float *sums;                  /* [vector of bands][filter][lane] of a block */
  double *totals;               /* the same of the clip */
  float *weights;               /* of each column in the mean energy */
  gsize n_weights;              /* columns they are for */
  gsize weights_size;           /* columns there is room for */
};

const char *
asd_modspec_config_check (const AsdModspecConfig * config)
{
  const char *problem = asd_gammatone_config_check (config->rate,
      config->bands, config->low_frequency);

  if (problem != NULL)
    return problem;
  if (!(config->modulation_low > 0))
    return "modulation-low must be above 0 Hz";
  if (!(config->modulation_high > config->modulation_low))
    return "modulation-high must be above modulation-low";
  if (!(config->modulation_high < config->rate / round (0.0025 * config->rate)
          / 2))
    return "modulation-high must be below half the rate of the envelopes "
        "(200 Hz)";
  return NULL;
}

static void
design_filters (AsdModspec * self, double rate)
{
  const AsdModspecConfig *config = &self->config;
  guint k;

  for (k = 0; k < FILTERS; k++) {
    double frequency = config->modulation_low * pow (config->modulation_high
        / config->modulation_low, k / (FILTERS - 1.0));
    double w0 = tan (G_PI * frequency / rate), b0 = w0 / QUALITY;
    double a0 = 1 + b0 + w0 * w0;

    self->frequencies[k] = frequency;
    self->filters[k].b = b0 / a0;
    self->filters[k].a1 = (2 * w0 * w0 - 2) / a0;
    self->filters[k].a2 = (1 - b0 + w0 * w0) / a0;
  }
}

AsdModspec *
asd_modspec_new (const AsdModspecConfig * config)
{
  AsdModspec *self;
  gsize stride, i;
  double rate;

  g_return_val_if_fail (asd_modspec_config_check (config) == NULL, NULL);

  self = g_new0 (AsdModspec, 1);
  self->config = *config;
  self->kernels = asd_kernels_get ();
  self->gammatone = asd_gammatone_new (config->rate, config->bands,
      config->low_frequency);
  rate = (double) config->rate / asd_gammatone_get_hop (self->gammatone);
  design_filters (self, rate);

  self->frame_length = ceil (FRAME_LENGTH * rate);
  self->frame_step = ceil (FRAME_STEP * rate);
  self->window = g_new (double, self->frame_length);
  for (i = 0; i < self->frame_length; i++) {
    /* A symmetric window of one more, without its last value. */
    double w = 0.54 - 0.46 * cos (2 * G_PI * i / self->frame_length);

    self->window[i] = w * w;
  }

  stride = asd_gammatone_get_stride (self->gammatone);
  self->columns = asd_vectors_alloc ((HISTORY + BLOCK) * stride);
  self->state = asd_vectors_alloc (stride * FILTERS * 2);
  self->sums = asd_vectors_alloc (stride * FILTERS);
  self->totals = g_new (double, stride * FILTERS);
  return self;
}

void
asd_modspec_free (AsdModspec * self)
{
  if (self == NULL)
    return;
  asd_gammatone_free (self->gammatone);
  g_free (self->window);
  g_aligned_free (self->columns);
  g_aligned_free (self->state);
  g_aligned_free (self->sums);
  g_free (self->totals);
  g_free (self->weights);
  g_free (self);
}

gsize
asd_modspec_get_min_samples (const AsdModspec * self)
{
  return asd_gammatone_get_nfft (self->gammatone) + (self->frame_length - 1)
      * asd_gammatone_get_hop (self->gammatone);
}

gsize
asd_modspec_get_n_frames (const AsdModspec * self, gsize n)
{
  gsize n_columns = asd_gammatone_get_n_columns (self->gammatone, n);

  if (n_columns < self->frame_length)
    return 0;
  return 1 + (n_columns - self->frame_length) / self->frame_step;
}

const double *
asd_modspec_get_modulation_frequencies (const AsdModspec * self)
{
  return self->frequencies;
}

/* Half of the power: |tan (pi f / rate) / w0 - w0 / tan (pi f / rate)| = 1 / Q. */
static void
modulation_edges (const AsdModspec * self, guint k, double *low, double *high)
{
  const double rate = (double) self->config.rate /
      asd_gammatone_get_hop (self->gammatone);
  const double w0 = tan (G_PI * self->frequencies[k] / rate);
  const double root = sqrt (1 + 1 / (4 * QUALITY * QUALITY));

  *low = atan (w0 * (root - 1 / (2 * QUALITY))) * rate / G_PI;
  *high = atan (w0 * (root + 1 / (2 * QUALITY))) * rate / G_PI;
}

void
asd_modspec_get_axes (const AsdModspec * self, AsdAxis * axes)
{
  for (guint b = 0; b < self->config.bands; b++) {
    for (guint k = 0; k < FILTERS; k++, axes++) {
      asd_gammatone_get_edges (self->gammatone, b, &axes->low, &axes->high);
      modulation_edges (self, k, &axes->modulation_low, &axes->modulation_high);
    }
  }
}

/* The mean over frames of sum_t w[t]^2 y[t]^2 is one sum over all columns,
 * weighted by what the frames that cover a column give to it. */
static void
update_weights (AsdModspec * self, gsize n_columns, gsize n_frames)
{
  gsize frame, t;

  if (self->n_weights == n_columns)
    return;
  if (n_columns > self->weights_size) {
    self->weights = g_renew (float, self->weights, n_columns);
    self->weights_size = n_columns;
  }
  self->n_weights = n_columns;
  for (t = 0; t < n_columns; t++) {
    double sum = 0;

    for (frame = t / self->frame_step + 1; frame-- > 0;) {
      if (t - frame * self->frame_step >= self->frame_length)
        break;
      if (frame < n_frames)
        sum += self->window[t - frame * self->frame_step];
    }
    self->weights[t] = sum / n_frames;
  }
}

gboolean
asd_modspec_process (AsdModspec * self, const float *samples, gsize n,
    float *energies)
{
  const gsize stride = asd_gammatone_get_stride (self->gammatone);
  const gsize n_columns = asd_gammatone_get_n_columns (self->gammatone, n);
  const gsize n_frames = asd_modspec_get_n_frames (self, n);
  const gsize lanes = self->kernels->lanes;
  gsize t, count, i, b, k;
  guint64 fpu;

  if (n_frames == 0)
    return FALSE;

  update_weights (self, n_columns, n_frames);
  memset (self->columns, 0, HISTORY * stride * sizeof (float));
  memset (self->state, 0, stride * FILTERS * 2 * sizeof (float));
  memset (self->totals, 0, stride * FILTERS * sizeof (double));

  fpu = asd_denormals_off ();
  for (t = 0; t < n_columns; t += count) {
    count = MIN (BLOCK, n_columns - t);
    asd_gammatone_process (self->gammatone, samples, n, t, count,
        self->columns + HISTORY * stride);
    self->kernels->filter (self->filters, self->columns + HISTORY * stride,
        stride, count, self->weights + t, self->state, self->sums);
    for (i = 0; i < stride * FILTERS; i++)
      self->totals[i] += self->sums[i];
    memmove (self->columns, self->columns + count * stride,
        HISTORY * stride * sizeof (float));
  }
  asd_denormals_restore (fpu);

  for (b = 0; b < self->config.bands; b++)
    for (k = 0; k < FILTERS; k++)
      energies[b * FILTERS + k] = self->totals[(b / lanes * FILTERS + k)
          * lanes + b % lanes];
  return TRUE;
}

/* Adds the squares of one output to the frames that cover its column. */
static void
add_to_frames (const AsdModspec * self, double y, gsize t, gsize n_frames,
    double *frames)
{
  gsize frame;

  for (frame = t / self->frame_step + 1; frame-- > 0;) {
    if (t - frame * self->frame_step >= self->frame_length)
      break;
    if (frame < n_frames)
      frames[frame] += self->window[t - frame * self->frame_step] * y * y;
  }
}

gboolean
asd_modspec_process_frames (AsdModspec * self, const float *samples, gsize n,
    float *energies)
{
  const gsize stride = asd_gammatone_get_stride (self->gammatone);
  const gsize n_columns = asd_gammatone_get_n_columns (self->gammatone, n);
  const gsize n_frames = asd_modspec_get_n_frames (self, n);
  const guint bands = self->config.bands;
  g_autofree float *columns = NULL;
  g_autofree double *frames = NULL;
  gsize b, k, t, i;

  if (n_frames == 0)
    return FALSE;

  columns = g_new (float, n_columns * stride);
  frames = g_new (double, n_frames);
  asd_gammatone_process (self->gammatone, samples, n, 0, n_columns, columns);
  for (b = 0; b < bands; b++) {
    for (k = 0; k < FILTERS; k++) {
      const AsdBandPass *f = &self->filters[k];
      double x1 = 0, x2 = 0, y1 = 0, y2 = 0;

      memset (frames, 0, n_frames * sizeof (double));
      for (t = 0; t < n_columns; t++) {
        double x = columns[t * stride + b];
        double y = f->b * (x - x2) - f->a1 * y1 - f->a2 * y2;

        x2 = x1;
        x1 = x;
        y2 = y1;
        y1 = y;
        add_to_frames (self, y, t, n_frames, frames);
      }
      for (i = 0; i < n_frames; i++)
        energies[(i * bands + b) * FILTERS + k] = frames[i];
    }
  }
  return TRUE;
}
