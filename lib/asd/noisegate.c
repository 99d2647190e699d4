/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "noisegate.h"
#include "error.h"
#include "fft.h"
#include "simd.h"

#include <math.h>
#include <string.h>

#define FFT_SIZE 2048
#define HOP 512
#define OVERLAP (FFT_SIZE / HOP)
#define BINS ASD_NOISE_GATE_BINS
/* Power below which everything is silence, and its level. */
#define MIN_POWER 1e-40
#define MIN_DB -400.0
/* The dynamic range of a spectrogram. */
#define TOP_DB 80.0
#define N_STD 1.5
/* The smoothing kernel: 1 2 3 2 1 over bins and 1 2 3 4 5 4 3 2 1 over frames.
 * Its sum fits a byte, and so do all sums of marks. */
#define BIN_REACH 2
#define FRAME_REACH 4
#define KERNEL_SUM 225

struct _AsdMeanClip
{
  float *sum;
  gsize n;
  guint n_clips;
};

/* Windowed FFTs of a signal that continues by reflection on both sides. */
typedef struct
{
  AsdFft *fft;
  float window[FFT_SIZE];       /* periodic Hann */
} Stft;

struct _AsdNoiseGate
{
  Stft stft;
  double threshold_db[BINS];
  float reduction;

  /* One over the sum of squared windows in a hop, by which of the frames that
   * overlap there exist: without the latest, without the earliest. */
  float scale[2][2][HOP];
  float overlap[FFT_SIZE];      /* output that later frames add to */

  float limits[BINS];           /* thresholds as power, 0 where inactive */
  gsize n_frames_max;
  fftwf_complex *spectra;       /* [frame][BINS] */
  guint8 *marks;                /* [frame + 2 * FRAME_REACH][BINS] */
};

AsdMeanClip *
asd_mean_clip_new (void)
{
  return g_new0 (AsdMeanClip, 1);
}

void
asd_mean_clip_free (AsdMeanClip * self)
{
  if (self == NULL)
    return;
  g_free (self->sum);
  g_free (self);
}

gboolean
asd_mean_clip_add (AsdMeanClip * self, const float *clip, gsize n)
{
  gsize i;

  if (n < ASD_NOISE_CLIP_MIN_SAMPLES)
    return FALSE;
  if (self->n_clips == 0) {
    self->sum = g_new0 (float, n);
    self->n = n;
  }
  self->n = MIN (self->n, n);
  for (i = 0; i < self->n; i++)
    self->sum[i] += clip[i];
  self->n_clips++;
  return TRUE;
}

float *
asd_mean_clip_get (const AsdMeanClip * self, gsize *n)
{
  const float n_clips = self->n_clips;
  float *mean;
  gsize i;

  *n = self->n;
  if (self->n_clips == 0)
    return NULL;
  mean = g_new (float, self->n);
  for (i = 0; i < self->n; i++)
    mean[i] = self->sum[i] / n_clips;
  return mean;
}

static void
stft_init (Stft * self)
{
  gsize i;

  self->fft = asd_fft_new (FFT_SIZE);
  for (i = 0; i < FFT_SIZE; i++)
    self->window[i] = 0.5 - 0.5 * cos (2 * G_PI * i / FFT_SIZE);
}

static gsize
stft_n_frames (gsize length)
{
  return 1 + length / HOP;
}

/* The spectrum of frame @t of @samples followed by zeros up to @length, in
 * self->fft->spectrum. */
static void
stft_process (Stft * self, const float *samples, gsize n, gsize length, gsize t)
{
  float *frame = self->fft->samples;
  gsize i, position;

  if (t * HOP >= FFT_SIZE / 2 && t * HOP + FFT_SIZE / 2 <= n) {
    samples += t * HOP - FFT_SIZE / 2;
    for (i = 0; i < FFT_SIZE; i++)
      frame[i] = samples[i] * self->window[i];
  } else {
    /* Reflection repeats with this period, and is even. A multiple of it that
     * is no less than FFT_SIZE / 2 keeps the position positive. */
    const gsize period = MAX (2 * (length - 1), 1);
    const gsize offset = (FFT_SIZE / 2 + period - 1) / period * period;

    for (i = 0; i < FFT_SIZE; i++) {
      position = (t * HOP + i + offset - FFT_SIZE / 2) % period;
      if (position >= length)
        position = period - position;
      frame[i] = position < n ? samples[position] * self->window[i] : 0;
    }
  }
  asd_fft_forward (self->fft);
}

static inline float
power_of (const fftwf_complex bin)
{
  return bin[0] * bin[0] + bin[1] * bin[1];
}

static double
decibel (float power)
{
  return 10 * log10 (MAX (power, MIN_POWER));
}

static void
profile_from_levels (double *levels, gsize n_frames, double floor_db,
    double *threshold_db)
{
  gsize k, t;

  for (k = 0; k < BINS; k++) {
    double mean = 0, variance = 0;

    for (t = 0; t < n_frames; t++) {
      levels[t * BINS + k] = MAX (levels[t * BINS + k], floor_db);
      mean += levels[t * BINS + k] / n_frames;
    }
    for (t = 0; t < n_frames; t++)
      variance += pow (levels[t * BINS + k] - mean, 2) / n_frames;
    threshold_db[k] = mean + N_STD * sqrt (variance);
  }
}

gboolean
asd_noise_profile (const float *clip, gsize n, double *threshold_db,
    GError ** error)
{
  const gsize n_frames = stft_n_frames (n);
  g_autofree double *levels = NULL;
  double peak = MIN_DB;
  Stft stft;
  gsize i, t, k;

  if (n < ASD_NOISE_CLIP_MIN_SAMPLES) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "the noise clip has %"
        G_GSIZE_FORMAT " samples and needs %d: use longer clips", n,
        ASD_NOISE_CLIP_MIN_SAMPLES);
    return FALSE;
  }
  for (i = 0; i < n; i++) {
    if (!isfinite (clip[i])) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "the noise clip is not "
          "finite at sample %" G_GSIZE_FORMAT ": leave out damaged clips", i);
      return FALSE;
    }
  }

  stft_init (&stft);
  levels = g_new (double, n_frames * BINS);
  for (t = 0; t < n_frames; t++) {
    stft_process (&stft, clip, n, n, t);
    for (k = 0; k < BINS; k++) {
      levels[t * BINS + k] = decibel (power_of (stft.fft->spectrum[k]));
      peak = MAX (peak, levels[t * BINS + k]);
    }
  }
  asd_fft_free (stft.fft);
  profile_from_levels (levels, n_frames, peak - TOP_DB, threshold_db);
  return TRUE;
}

AsdNoiseGate *
asd_noise_gate_new (const double *threshold_db, double reduction)
{
  AsdNoiseGate *self = g_new0 (AsdNoiseGate, 1);
  gsize without_latest, without_earliest, part, i;

  stft_init (&self->stft);
  memcpy (self->threshold_db, threshold_db, sizeof (self->threshold_db));
  self->reduction = CLAMP (reduction, 0, 1);

  /* Hop part q of a frame meets part q - 1 of the next one. */
  for (without_latest = 0; without_latest < 2; without_latest++) {
    for (without_earliest = 0; without_earliest < 2; without_earliest++) {
      for (i = 0; i < HOP; i++) {
        double sum = 0;

        for (part = without_latest; part < OVERLAP - without_earliest; part++)
          sum += pow (self->stft.window[part * HOP + i], 2);
        self->scale[without_latest][without_earliest][i] = 1 / sum;
      }
    }
  }
  return self;
}

void
asd_noise_gate_free (AsdNoiseGate * self)
{
  if (self == NULL)
    return;
  asd_fft_free (self->stft.fft);
  fftwf_free (self->spectra);
  g_free (self->marks);
  g_free (self);
}

static void
reserve (AsdNoiseGate * self, gsize n_frames)
{
  if (n_frames <= self->n_frames_max)
    return;
  fftwf_free (self->spectra);
  self->spectra = fftwf_alloc_complex (n_frames * BINS);
  g_free (self->marks);
  self->marks = g_new (guint8, (n_frames + 2 * FRAME_REACH) * BINS);
  self->n_frames_max = n_frames;
}

/* Fills the spectra and returns their largest power. */
static float
analyse (AsdNoiseGate * self, const float *in, gsize n, gsize n_frames)
{
  /* Partial maxima, so that the compiler can use vectors. */
  float peaks[8] = { 0 }, peak = 0;
  gsize t, k, l;

  for (t = 0; t < n_frames; t++) {
    fftwf_complex *spectrum = self->spectra + t * BINS;

    stft_process (&self->stft, in, n, n + HOP, t);
    memcpy (spectrum, self->stft.fft->spectrum, BINS * sizeof (*spectrum));
    for (k = 0; k + G_N_ELEMENTS (peaks) <= BINS; k += G_N_ELEMENTS (peaks))
      for (l = 0; l < G_N_ELEMENTS (peaks); l++)
        peaks[l] = MAX (peaks[l], power_of (spectrum[k + l]));
    peak = MAX (peak, power_of (spectrum[BINS - 1]));
  }
  for (l = 0; l < G_N_ELEMENTS (peaks); l++)
    peak = MAX (peak, peaks[l]);
  return peak;
}

/* The rule max (level, peak - 80 dB) < threshold without a logarithm for each
 * value: a bin whose threshold is not above the floor is never marked. */
static void
mark (AsdNoiseGate * self, float peak, gsize n_frames)
{
  const double floor_db = MAX (decibel (peak) - TOP_DB, MIN_DB);
  guint8 *marks = self->marks + FRAME_REACH * BINS;
  gsize t, k;

  for (k = 0; k < BINS; k++)
    self->limits[k] = self->threshold_db[k] > floor_db ?
        pow (10, self->threshold_db[k] / 10) : 0;

  memset (self->marks, 0, FRAME_REACH * BINS);
  memset (marks + n_frames * BINS, 0, FRAME_REACH * BINS);
  for (t = 0; t < n_frames; t++) {
    const fftwf_complex *spectrum = self->spectra + t * BINS;

    for (k = 0; k < BINS; k++)
      marks[t * BINS + k] = power_of (spectrum[k]) < self->limits[k];
  }
}

/* Attenuates frame @t by its smoothed marks into the FFT's spectrum, with the
 * normalisation of the inverse FFT. */
static void
attenuate (AsdNoiseGate * self, gsize t)
{
  const fftwf_complex *in = self->spectra + t * BINS;
  const guint8 *m = self->marks + t * BINS;
  const float scale = 1.0 / KERNEL_SUM / FFT_SIZE;
  fftwf_complex *out = self->stft.fft->spectrum;
  guint8 column[BINS + 2 * BIN_REACH] = { 0 }, *c = column;
  gsize k;

  for (k = 0; k < BINS; k++)
    column[k + BIN_REACH] = m[k] + m[k + 8 * BINS]
        + 2 * (m[k + BINS] + m[k + 7 * BINS])
        + 3 * (m[k + 2 * BINS] + m[k + 6 * BINS])
        + 4 * (m[k + 3 * BINS] + m[k + 5 * BINS]) + 5 * m[k + 4 * BINS];
  for (k = 0; k < BINS; k++) {
    guint8 sum = c[k] + c[k + 4] + 2 * (c[k + 1] + c[k + 3]) + 3 * c[k + 2];
    float gain = (KERNEL_SUM - self->reduction * sum) * scale;

    out[k][0] = in[k][0] * gain;
    out[k][1] = in[k][1] * gain;
  }
}

/* Writes hop @hop of the reflected signal, of which the first and the last two
 * are padding, as far as it lies in the output, and makes room for the next. */
static void
emit_hop (AsdNoiseGate * self, gsize hop, gsize n_frames, float *out, gsize n)
{
  const gsize padding = FFT_SIZE / 2 / HOP;
  const float *scale = self->scale[hop == n_frames][hop < OVERLAP - 1];
  gsize i, start = (hop - padding) * HOP;

  if (hop >= padding && start < n)
    for (i = 0; i < MIN (HOP, n - start); i++)
      out[start + i] = self->overlap[i] * scale[i];
  memmove (self->overlap, self->overlap + HOP,
      (FFT_SIZE - HOP) * sizeof (float));
  memset (self->overlap + FFT_SIZE - HOP, 0, HOP * sizeof (float));
}

void
asd_noise_gate_process (AsdNoiseGate * self, const float *in, gsize n,
    float *out)
{
  /* The reference appends a hop of zeros to the signal. */
  const gsize n_frames = stft_n_frames (n + HOP);
  const float *window = self->stft.window;
  float *frame = self->stft.fft->samples;
  gsize t, i;
  guint64 fpu;

  if (n == 0)
    return;

  reserve (self, n_frames);
  fpu = asd_denormals_off ();
  mark (self, analyse (self, in, n, n_frames), n_frames);
  memset (self->overlap, 0, sizeof (self->overlap));
  for (t = 0; t < n_frames; t++) {
    attenuate (self, t);
    asd_fft_inverse (self->stft.fft);
    for (i = 0; i < FFT_SIZE; i++)
      self->overlap[i] += frame[i] * window[i];
    emit_hop (self, t, n_frames, out, n);
  }
  emit_hop (self, n_frames, n_frames, out, n);
  asd_denormals_restore (fpu);
}

void
asd_noise_profile_save (const double *threshold_db, AsdModelWriter * writer)
{
  gsize shape[1] = { ASD_NOISE_GATE_BINS };

  asd_model_writer_add_f64 (writer, "threshold-db", threshold_db, 1, shape);
}

AsdNoiseGate *
asd_noise_gate_load (AsdModelSection * section, double reduction,
    GError ** error)
{
  gsize shape[1] = { ASD_NOISE_GATE_BINS };
  const double *threshold_db;

  threshold_db = asd_model_section_get_f64 (section, "threshold-db", 1, shape,
      error);
  return threshold_db != NULL ? asd_noise_gate_new (threshold_db, reduction) :
      NULL;
}
