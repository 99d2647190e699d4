/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "chroma.h"
#include "cqt.h"
#include "simd.h"
#include "tuning.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define COLUMNS ASD_CHROMA_COLUMNS
#define MERGED (ASD_CQT_BINS_PER_OCTAVE / COLUMNS)
/* Peaks within 2^-this and 2^this leave squares and sums within floats. */
#define SAFE_EXPONENT 40

struct _AsdChroma
{
  AsdChromaConfig config;
  AsdTuning *tuning;            /* NULL where it is fixed */
  AsdCqt *cqt;
  float *window;                /* of the smoothing */

  gsize n_frames;               /* that there is room for */
  float *magnitudes;            /* [frame][bin] */
  float *steps;                 /* [frame][pitch class] */
  float *scaled;                /* a clip of extreme level */
  gsize scaled_size;
};

const char *
asd_chroma_config_check (const AsdChromaConfig * config)
{
  if (!isnan (config->tuning)
      && !(config->tuning >= -0.5 && config->tuning < 0.5))
    return "tuning must be at least -0.5 and below 0.5, or NaN to estimate it";
  if (config->smoothing < 1 || config->smoothing == 2
      || config->smoothing > 4095)
    return "smoothing must be 1, or 3 to 4095 frames";
  if (config->downsampling < 1 || config->downsampling > 4096)
    return "downsampling must be 1 to 4096 frames";
  return asd_cqt_config_check (config->rate, config->hop);
}

AsdChroma *
asd_chroma_new (const AsdChromaConfig * config)
{
  AsdChroma *self;
  double sum = 0;
  guint i;

  g_return_val_if_fail (asd_chroma_config_check (config) == NULL, NULL);

  self = g_new0 (AsdChroma, 1);
  self->config = *config;
  if (config->kind == ASD_CHROMA_PLAIN)
    self->config.smoothing = self->config.downsampling = 1;
  if (isnan (config->tuning))
    self->tuning = asd_tuning_new (config->rate);
  self->cqt = asd_cqt_new (config->rate, config->hop);

  self->window = g_new (float, self->config.smoothing);
  self->window[0] = 1;
  if (self->config.smoothing > 1) {
    const guint last = self->config.smoothing - 1;

    for (i = 0; i <= last; i++)
      sum += 0.5 - 0.5 * cos (2 * G_PI * i / last);
    for (i = 0; i <= last; i++)
      self->window[i] = (0.5 - 0.5 * cos (2 * G_PI * i / last)) / sum;
  }
  return self;
}

void
asd_chroma_free (AsdChroma * self)
{
  if (self == NULL)
    return;
  asd_tuning_free (self->tuning);
  asd_cqt_free (self->cqt);
  g_free (self->window);
  g_free (self->magnitudes);
  g_free (self->steps);
  g_free (self->scaled);
  g_free (self);
}

gsize
asd_chroma_get_n_frames (const AsdChroma * self, gsize n)
{
  gsize n_frames = asd_cqt_get_n_frames (self->cqt, n);

  return (n_frames + self->config.downsampling - 1)
      / self->config.downsampling;
}

gsize
asd_chroma_get_frame_length (const AsdChroma * self)
{
  return asd_cqt_get_frame_length (self->cqt)
      + (self->config.smoothing - 1) * self->config.hop;
}

gsize
asd_chroma_get_frame_step (const AsdChroma * self)
{
  return self->config.hop * self->config.downsampling;
}

/* In eight parts, which the compiler can make vectors of. */
ASD_KERNEL
peak_kernel (const float *x, gsize n, float *peak)
{
  float peaks[8] = { 0 };
  gsize i, l;

  for (i = 0; i + 8 <= n; i += 8)
    for (l = 0; l < 8; l++)
      peaks[l] = MAX (peaks[l], fabsf (x[i + l]));
  for (; i < n; i++)
    peaks[0] = MAX (peaks[0], fabsf (x[i]));
  *peak = 0;
  for (l = 0; l < 8; l++)
    *peak = MAX (*peak, peaks[l]);
}

ASD_DEFINE_KERNEL (find_peak, peak_kernel,
    (const float *x, gsize n, float *peak), (x, n, peak))
/* Where nothing but the level keeps the arithmetic from going well, changes
 * it by a power of two, to which chroma are indifferent. */
     static const float *normalise_level (AsdChroma * self,
    const float *samples, gsize n)
{
  float peak;
  int exponent;
  double gain;
  gsize i;

  find_peak (samples, n, &peak);
  frexpf (peak, &exponent);
  if (peak == 0 || ABS (exponent) <= SAFE_EXPONENT)
    return samples;

  if (self->scaled_size < n) {
    g_free (self->scaled);
    self->scaled = g_new (float, n);
    self->scaled_size = n;
  }
  gain = ldexp (1, -exponent);
  for (i = 0; i < n; i++)
    self->scaled[i] = samples[i] * gain;
  return self->scaled;
}

/* One frame of the constant-Q transform to its pitch classes, with a sum of
 * 1 unless there is nothing. */
static void
fold (const float *magnitudes, float *chroma)
{
  float octave[ASD_CQT_BINS_PER_OCTAVE + 1] = { 0 };
  float sum = 0;
  gsize i, b, c;

  for (i = 0; i < ASD_CQT_OCTAVES; i++)
    for (b = 0; b < ASD_CQT_BINS_PER_OCTAVE; b++)
      octave[b + 1] += magnitudes[i * ASD_CQT_BINS_PER_OCTAVE + b];
  /* The last bin is the one below C. */
  octave[0] = octave[ASD_CQT_BINS_PER_OCTAVE];
  for (c = 0; c < COLUMNS; c++) {
    chroma[c] = 0;
    for (b = 0; b < MERGED; b++)
      chroma[c] += octave[c * MERGED + b];
    sum += chroma[c];
  }
  for (c = 0; c < COLUMNS && sum >= FLT_MIN; c++)
    chroma[c] /= sum;
}

static void
quantise (float *chroma)
{
  static const float thresholds[] = { 0.4, 0.2, 0.1, 0.05 };
  gsize c, i;

  for (c = 0; c < COLUMNS; c++) {
    float steps = 0;

    for (i = 0; i < G_N_ELEMENTS (thresholds); i++)
      steps += chroma[c] > thresholds[i] ? 0.25 : 0;
    chroma[c] = steps;
  }
}

/* sum[c] = sum_j window[j] steps[j][c] */
ASD_KERNEL
smooth_kernel (const float *window, const float *steps, gsize n, float *sum)
{
  float sums[COLUMNS] = { 0 };
  gsize j, c;

  for (j = 0; j < n; j++)
    for (c = 0; c < COLUMNS; c++)
      sums[c] += window[j] * steps[j * COLUMNS + c];
  memcpy (sum, sums, sizeof (sums));
}

ASD_DEFINE_KERNEL (smooth, smooth_kernel,
    (const float *window, const float *steps, gsize n, float *sum),
    (window, steps, n, sum))
/* Frame t of CENS. */
     static void
         write_cens (const AsdChroma * self, gsize n_frames, gsize t,
    float *frame)
{
  const gsize length = self->config.smoothing, before = (length - 1) / 2;
  const gsize start = t > before ? t - before : 0;
  const gsize end = MIN (t + length - before, n_frames);
  double energy = 0;
  gsize c;

  smooth (self->window + (start + before - t), self->steps + start * COLUMNS,
      end - start, frame);
  for (c = 0; c < COLUMNS; c++)
    energy += (double) frame[c] * frame[c];
  for (c = 0; c < COLUMNS && energy > 0; c++)
    frame[c] /= sqrt (energy);
}

double
asd_chroma_process (AsdChroma * self, const float *samples, gsize n,
    float *frames)
{
  const gsize n_frames = asd_cqt_get_n_frames (self->cqt, n);
  const gboolean plain = self->config.kind == ASD_CHROMA_PLAIN;
  double tuning = self->config.tuning;
  gsize t;

  if (self->n_frames < n_frames) {
    g_free (self->magnitudes);
    g_free (self->steps);
    self->magnitudes = g_new (float, n_frames * ASD_CQT_BINS);
    self->steps = g_new (float, n_frames * COLUMNS);
    self->n_frames = n_frames;
  }
  samples = normalise_level (self, samples, n);
  if (self->tuning != NULL)
    tuning = asd_tuning_estimate (self->tuning, samples, n);
  asd_cqt_process (self->cqt, samples, n, tuning, self->magnitudes);
  for (t = 0; t < n_frames; t++)
    fold (self->magnitudes + t * ASD_CQT_BINS,
        (plain ? frames : self->steps) + t * COLUMNS);
  if (plain)
    return tuning;

  for (t = 0; t < n_frames; t++)
    quantise (self->steps + t * COLUMNS);
  for (t = 0; t < n_frames; t += self->config.downsampling, frames += COLUMNS)
    write_cens (self, n_frames, t, frames);
  return tuning;
}
