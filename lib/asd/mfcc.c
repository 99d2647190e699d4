/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "mfcc.h"
#include "fft.h"
#include "mel.h"
#include "melframes.h"
#include "simd.h"

#include <math.h>
#include <string.h>

/* Frames to each side that a delta looks at. */
#define DELTA_WINDOW 2

/* Of the other variants' logarithms. */
#define LIBROSA_FLOOR 1e-10
#define LIBROSA_RANGE 80
#define TORCHAUDIO_FLOOR 1e-6

struct _AsdMfcc
{
  AsdMfccConfig config;
  guint n_bins;
  guint n_values;               /* of a frame, without deltas */
  guint n_cosines;              /* rows of the transform */
  double *cosine;               /* [row][band] */
  double *log_mel;              /* of one frame, [band] */

  /* the variant report */
  float *window;
  AsdMel *mel;
  AsdFft *fft;
  float *power;                 /* of one frame, [bin] */

  /* the others */
  AsdMelFrames *frames;
  float *bands;                 /* of a clip, [frame][band] */
  gsize bands_size;
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
    ASD_MEL_NORM_NONE, 0
  };

  if (config->variant == ASD_MFCC_LIBROSA) {
    mel.n_fft = config->frame_length + config->frame_length % 2;
    mel.scale = ASD_MEL_SCALE_SLANEY;
    mel.norm = ASD_MEL_NORM_SLANEY;
  } else if (config->variant == ASD_MFCC_TORCHAUDIO) {
    mel.n_fft = config->rate + config->rate % 2;
  }
  if (mel.high_frequency == 0)
    mel.high_frequency = config->rate / 2.0;
  return mel;
}

static const char *
check_variant (const AsdMfccConfig * config)
{
  if (config->variant > ASD_MFCC_TORCHAUDIO)
    return "variant must be report, librosa or torchaudio";
  if (config->variant != ASD_MFCC_REPORT && config->pre_emphasis != 0)
    return "pre-emphasis must be 0 but in variant=report";
  if (config->variant != ASD_MFCC_TORCHAUDIO)
    return NULL;
  if (config->rate > 65536)
    return "variant=torchaudio transforms a second at once: resample to at "
        "most 65536 Hz";
  if (config->frame_length > config->rate)
    return "frame-duration must be at most a second in variant=torchaudio";
  if (config->coefficients < 2)
    return "coefficients must be at least 2 in variant=torchaudio, which "
        "leaves the first out";
  return NULL;
}

const char *
asd_mfcc_config_check (const AsdMfccConfig * config)
{
  const char *problem = check_variant (config);
  AsdMelConfig mel;

  if (problem != NULL)
    return problem;
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

static void
prepare_report (AsdMfcc * self, const AsdMelConfig * mel)
{
  const guint length = self->config.frame_length;
  guint i;

  self->mel = asd_mel_new (mel);
  self->fft = asd_fft_new (mel->n_fft);
  memset (self->fft->samples, 0, mel->n_fft * sizeof (float));
  self->power = g_new (float, mel->n_fft / 2 + 1);
  self->window = g_new (float, length);
  for (i = 0; i < length; i++)
    self->window[i] = 0.54 - 0.46 * cos (2 * G_PI * i / (length - 1));
}

static void
prepare_frames (AsdMfcc * self, const AsdMelConfig * mel)
{
  const AsdMelFramesConfig config = {
    *mel, self->config.frame_length, self->config.frame_step,
    self->config.variant == ASD_MFCC_LIBROSA ? ASD_PAD_ZERO : ASD_PAD_REFLECT,
    TRUE
  };

  self->frames = asd_mel_frames_new (&config);
}

/* Row i of the transform from first on: that of the report has no scale, that
 * of the others is orthonormal. */
static void
prepare_cosines (AsdMfcc * self, guint first)
{
  const guint bands = self->config.bands;
  guint i, m;

  self->cosine = g_new (double, self->n_cosines * bands);
  for (i = 0; i < self->n_cosines; i++) {
    double scale = 1;

    if (self->config.variant != ASD_MFCC_REPORT)
      scale = sqrt ((first + i == 0 ? 1. : 2.) / bands);
    for (m = 0; m < bands; m++)
      self->cosine[i * bands + m] =
          scale * cos (G_PI * (first + i) * (m + 0.5) / bands);
  }
}

AsdMfcc *
asd_mfcc_new (const AsdMfccConfig * config)
{
  AsdMelConfig mel;
  AsdMfcc *self;

  g_return_val_if_fail (asd_mfcc_config_check (config) == NULL, NULL);

  self = g_new0 (AsdMfcc, 1);
  self->config = *config;
  self->log_mel = g_new (double, config->bands);
  self->n_cosines = config->coefficients;
  mel = mel_config (config);
  switch (config->variant) {
    case ASD_MFCC_REPORT:
      self->n_values = self->n_cosines + 1;
      prepare_report (self, &mel);
      prepare_cosines (self, 1);
      break;
    case ASD_MFCC_LIBROSA:
      self->n_values = self->n_cosines;
      prepare_frames (self, &mel);
      prepare_cosines (self, 0);
      break;
    case ASD_MFCC_TORCHAUDIO:
      self->n_values = --self->n_cosines;
      prepare_frames (self, &mel);
      prepare_cosines (self, 1);
      break;
  }
  return self;
}

void
asd_mfcc_free (AsdMfcc * self)
{
  if (self == NULL)
    return;
  asd_mel_free (self->mel);
  asd_fft_free (self->fft);
  asd_mel_frames_free (self->frames);
  g_free (self->power);
  g_free (self->log_mel);
  g_free (self->window);
  g_free (self->cosine);
  g_free (self->bands);
  g_free (self);
}

guint
asd_mfcc_get_n_columns (const AsdMfcc * self)
{
  return self->n_values * (self->config.deltas + 1);
}

gsize
asd_mfcc_get_n_frames (const AsdMfcc * self, gsize n)
{
  if (self->frames != NULL)
    return asd_mel_frames_get_n_frames (self->frames, n);
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
  asd_fft_get_power (self->fft, self->power);
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

  for (i = 0; i < self->n_cosines; i++, cosine += bands) {
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

static void
process_report (AsdMfcc * self, const float *samples, gsize n_frames,
    gsize stride, float *frames)
{
  gsize t;

  for (t = 0; t < n_frames; t++) {
    float *frame = frames + t * stride;
    double energy = analyse_frame (self, samples, t);

    write_coefficients (self, frame);
    frame[self->n_cosines] = finite_log (energy);
  }
}

/* The logarithms of the other variants. */
static void
process_bands (AsdMfcc * self, const float *samples, gsize n, gsize n_frames,
    float *log_energies)
{
  const guint bands = self->config.bands;
  float largest = -G_MAXFLOAT;
  gsize t, i;
  guint m;

  for (t = 0; t < n_frames; t++, log_energies += bands) {
    asd_mel_frames_process (self->frames, samples, n, t, self->log_mel);
    for (m = 0; m < bands; m++) {
      double energy = self->log_mel[m];

      if (self->config.variant == ASD_MFCC_LIBROSA)
        log_energies[m] = 10 / G_LN10 * log (MAX (energy, LIBROSA_FLOOR));
      else
        log_energies[m] = log (energy + TORCHAUDIO_FLOOR);
      largest = MAX (largest, log_energies[m]);
    }
  }
  if (self->config.variant != ASD_MFCC_LIBROSA)
    return;
  log_energies -= n_frames * bands;
  for (i = 0; i < n_frames * bands; i++)
    log_energies[i] = MAX (log_energies[i], largest - LIBROSA_RANGE);
}

static void
process_frames (AsdMfcc * self, const float *samples, gsize n, gsize n_frames,
    gsize stride, float *frames)
{
  const guint bands = self->config.bands;
  gsize t;
  guint m;

  if (self->bands_size < n_frames * bands) {
    self->bands_size = n_frames * bands;
    self->bands = g_renew (float, self->bands, self->bands_size);
  }
  process_bands (self, samples, n, n_frames, self->bands);
  for (t = 0; t < n_frames; t++) {
    for (m = 0; m < bands; m++)
      self->log_mel[m] = self->bands[t * bands + m];
    write_coefficients (self, frames + t * stride);
  }
}

void
asd_mfcc_process (AsdMfcc * self, const float *samples, gsize n, float *frames)
{
  const gsize n_frames = asd_mfcc_get_n_frames (self, n);
  const gsize stride = asd_mfcc_get_n_columns (self);
  guint64 fpu = asd_denormals_off ();
  guint d;

  if (self->frames != NULL)
    process_frames (self, samples, n, n_frames, stride, frames);
  else
    process_report (self, samples, n_frames, stride, frames);
  for (d = 0; d < self->config.deltas; d++)
    write_deltas (frames + d * self->n_values, self->n_values, stride,
        n_frames);
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

  if (self->frames != NULL) {
    process_bands (self, samples, n, n_frames, log_energies);
  } else {
    for (t = 0; t < n_frames; t++) {
      analyse_frame (self, samples, t);
      for (m = 0; m < bands; m++)
        log_energies[t * bands + m] = self->log_mel[m];
    }
  }
  asd_denormals_restore (fpu);
}
