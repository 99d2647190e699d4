/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "mfcc.h"
#include "fft.h"
#include "mel.h"
#include "simd.h"

#include <math.h>
#include <string.h>

/* Frames to each side that a delta looks at. */
#define DELTA_WINDOW 2

struct _AsdMfcc
{
  AsdMfccConfig config;
  guint n_bins;
  guint n_columns;
  float *window;
  AsdMel *mel;
  AsdFft *fft;
  float *power;                 /* of one frame, [bin] */
  double *log_mel;              /* of one frame, [band] */
  double *cosine;               /* [coefficient][band] */
};

/* The next power of two, which leaves the transform at its fastest. */
static guint
transform_size (guint frame_length)
{
  guint size = 16;

  while (size < frame_length)
    size *= 2;
  return size;
}

static AsdMelConfig
mel_config (const AsdMfccConfig * config)
{
  AsdMelConfig mel = {
    config->rate, transform_size (config->frame_length), config->bands,
    config->low_frequency, config->high_frequency, ASD_MEL_SCALE_HTK,
    ASD_MEL_NORM_NONE
  };

  if (mel.high_frequency == 0)
    mel.high_frequency = config->rate / 2.0;
  return mel;
}

const char *
asd_mfcc_config_check (const AsdMfccConfig * config)
{
  AsdMelConfig mel;

  if (config->frame_length < 16 || config->frame_length > 65536)
    return "frame-duration must be 16 to 65536 samples";
  if (config->frame_step < 1 || config->frame_step > 65536)
    return "frame-interval must be 1 to 65536 samples";
  if (!(config->pre_emphasis >= 0 && config->pre_emphasis < 1))
    return "pre-emphasis must be at least 0 and below 1";
  if (config->coefficients < 1 || config->coefficients >= config->bands)
    return "coefficients must be at least 1 and fewer than bands";
  if (config->deltas > 2)
    return "deltas must be 0 to 2";
  mel = mel_config (config);
  return asd_mel_config_check (&mel);
}

AsdMfcc *
asd_mfcc_new (const AsdMfccConfig * config)
{
  const guint length = config->frame_length, bands = config->bands;
  AsdMelConfig mel;
  AsdMfcc *self;
  guint i, m;

  g_return_val_if_fail (asd_mfcc_config_check (config) == NULL, NULL);

  self = g_new0 (AsdMfcc, 1);
  self->config = *config;
  self->n_columns = (config->coefficients + 1) * (config->deltas + 1);
  mel = mel_config (config);
  self->mel = asd_mel_new (&mel);
  self->fft = asd_fft_new (mel.n_fft);
  memset (self->fft->samples, 0, mel.n_fft * sizeof (float));
  self->n_bins = mel.n_fft / 2 + 1;
  self->power = g_new (float, self->n_bins);
  self->log_mel = g_new (double, bands);

  self->window = g_new (float, length);
  for (i = 0; i < length; i++)
    self->window[i] = 0.54 - 0.46 * cos (2 * G_PI * i / (length - 1));
  self->cosine = g_new (double, config->coefficients * bands);
  for (i = 0; i < config->coefficients; i++)
    for (m = 0; m < bands; m++)
      self->cosine[i * bands + m] = cos (G_PI * (i + 1) * (m + 0.5) / bands);
  return self;
}

void
asd_mfcc_free (AsdMfcc * self)
{
  if (self == NULL)
    return;
  asd_mel_free (self->mel);
  asd_fft_free (self->fft);
  g_free (self->power);
  g_free (self->log_mel);
  g_free (self->window);
  g_free (self->cosine);
  g_free (self);
}

guint
asd_mfcc_get_n_columns (const AsdMfcc * self)
{
  return self->n_columns;
}

gsize
asd_mfcc_get_n_frames (const AsdMfcc * self, gsize n)
{
  if (n < self->config.frame_length)
    return 0;
  return 1 + (n - self->config.frame_length) / self->config.frame_step;
}

/* The logarithm, finite even where a float overflowed on the way. */
static double
finite_log (double x)
{
  return log (MIN (x, G_MAXFLOAT) + ASD_MFCC_FLOOR);
}

/* out[t] = window[t] (x[t] - a x[t-1]), with previous before x[0]; energy is
 * the sum of its squares. */
ASD_KERNEL
emphasise_kernel (const float *x, float previous, float a, const float *window,
    gsize n, float *out, double *energy)
{
  double sums[8] = { 0 };
  gsize t, l;

  out[0] = window[0] * (x[0] - a * previous);
  for (t = 1; t < n; t++)
    out[t] = window[t] * (x[t] - a * x[t - 1]);
  for (t = 0; t + 8 <= n; t += 8)
    for (l = 0; l < 8; l++)
      sums[l] += (double) out[t + l] * out[t + l];
  for (; t < n; t++)
    sums[0] += (double) out[t] * out[t];
  *energy = 0;
  for (l = 0; l < 8; l++)
    *energy += sums[l];
}

ASD_DEFINE_KERNEL (emphasise, emphasise_kernel,
    (const float *x, float previous, float a, const float *window, gsize n,
        float *out, double *energy), (x, previous, a, window, n, out, energy))
    ASD_KERNEL
power_kernel (const fftwf_complex * spectrum, gsize n, float *power)
{
  gsize k;

  for (k = 0; k < n; k++)
    power[k] = spectrum[k][0] * spectrum[k][0]
        + spectrum[k][1] * spectrum[k][1];
}

ASD_DEFINE_KERNEL (compute_power, power_kernel,
    (const fftwf_complex * spectrum, gsize n, float *power),
    (spectrum, n, power))
/* Leaves the log mel energies of a frame in log_mel and returns its energy. */
     static double
         analyse_frame (AsdMfcc * self, const float *samples, gsize frame)
{
  const gsize start = frame * self->config.frame_step;
  double energy;
  guint m;

  emphasise (samples + start, start > 0 ? samples[start - 1] : 0,
      self->config.pre_emphasis, self->window, self->config.frame_length,
      self->fft->samples, &energy);
  asd_fft_forward (self->fft);
  compute_power (self->fft->spectrum, self->n_bins, self->power);
  asd_mel_process (self->mel, self->power, self->log_mel);
  for (m = 0; m < self->config.bands; m++)
    self->log_mel[m] = finite_log (self->log_mel[m]);
  return energy;
}

static void
write_coefficients (const AsdMfcc * self, float *frame)
{
  const guint bands = self->config.bands;
  const double *cosine = self->cosine;
  guint i, m;

  for (i = 0; i < self->config.coefficients; i++, cosine += bands) {
    double sum = 0;

    for (m = 0; m < bands; m++)
      sum += self->log_mel[m] * cosine[m];
    frame[i] = sum;
  }
}

/* Writes the deltas of the n_values columns from v on into those behind. */
static void
write_deltas (float *v, gsize n_values, gsize stride, gsize n_frames)
{
  gsize t, i, j;

  for (t = 0; t < n_frames; t++) {
    float *deltas = v + t * stride + n_values;

    memset (deltas, 0, n_values * sizeof (float));
    for (j = 1; j <= DELTA_WINDOW; j++) {
      const float *after = v + MIN (t + j, n_frames - 1) * stride;
      const float *before = v + (t > j ? t - j : 0) * stride;

      for (i = 0; i < n_values; i++)
        deltas[i] += j * (after[i] - before[i]);
    }
    /* 2 (1^2 + 2^2) = 10: the slope of the least-squares line. */
    for (i = 0; i < n_values; i++)
      deltas[i] /= 10;
  }
}

void
asd_mfcc_process (AsdMfcc * self, const float *samples, gsize n, float *frames)
{
  const gsize n_frames = asd_mfcc_get_n_frames (self, n);
  const guint n_values = self->config.coefficients + 1;
  guint64 fpu = asd_denormals_off ();
  gsize t;
  guint d;

  for (t = 0; t < n_frames; t++) {
    float *frame = frames + t * self->n_columns;
    double energy = analyse_frame (self, samples, t);

    write_coefficients (self, frame);
    frame[n_values - 1] = finite_log (energy);
  }
  for (d = 0; d < self->config.deltas; d++)
    write_deltas (frames + d * n_values, n_values, self->n_columns, n_frames);
  asd_denormals_restore (fpu);
}

void
asd_mfcc_process_bands (AsdMfcc * self, const float *samples, gsize n,
    float *log_energies)
{
  const gsize n_frames = asd_mfcc_get_n_frames (self, n);
  const guint bands = self->config.bands;
  guint64 fpu = asd_denormals_off ();
  gsize t;
  guint m;

  for (t = 0; t < n_frames; t++) {
    analyse_frame (self, samples, t);
    for (m = 0; m < bands; m++)
      log_energies[t * bands + m] = self->log_mel[m];
  }
  asd_denormals_restore (fpu);
}
