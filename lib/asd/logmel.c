/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "logmel.h"
#include "melframes.h"
#include "simd.h"

#include <math.h>

struct _AsdLogMel
{
  AsdLogMelConfig config;
  AsdMelFrames *frames;
  double *energies;             /* of one frame */
};

void
asd_log_mel_config_init (AsdLogMelConfig * config, AsdLogMelVariant variant,
    guint rate)
{
  *config = (AsdLogMelConfig) {
  variant, rate, 128, 1024, 512, ASD_PAD_ZERO, ASD_MEL_SCALE_SLANEY,
        ASD_MEL_NORM_SLANEY, 0, 0};
  if (variant == ASD_LOG_MEL_PLAIN)
    return;

  config->bands = 64;
  config->n_fft = rate + rate % 2;
  config->hop = (3 * rate + 2) / 4;
  config->pad = ASD_PAD_NONE;
  config->scale = ASD_MEL_SCALE_HTK;
  config->norm = ASD_MEL_NORM_NONE;
  if (variant == ASD_LOG_MEL_SPEECHPY_QUIRK) {
    config->n_fft = 2048;
    config->low_frequency = 300;
  }
}

static AsdMelFramesConfig
frames_config (const AsdLogMelConfig * config)
{
  AsdMelFramesConfig frames = {
    .mel = {config->rate, config->n_fft, config->bands, config->low_frequency,
        config->high_frequency, config->scale, config->norm, 0},
    .length = config->n_fft,
    .hop = config->hop,
    .pad = config->pad,
    .hann = config->variant == ASD_LOG_MEL_PLAIN,
  };

  if (config->high_frequency == 0)
    frames.mel.high_frequency = config->rate / 2.0;
  if (config->variant == ASD_LOG_MEL_SPEECHPY) {
    frames.mel.grid = config->n_fft + 1;
  } else if (config->variant == ASD_LOG_MEL_SPEECHPY_QUIRK) {
    frames.mel.grid = config->n_fft / 2 + 2;
    frames.length = MIN (config->n_fft, config->rate);
  }
  return frames;
}

const char *
asd_log_mel_config_check (const AsdLogMelConfig * config)
{
  AsdMelFramesConfig frames;

  if (config->variant == ASD_LOG_MEL_SPEECHPY_QUIRK
      && config->pad != ASD_PAD_NONE)
    return "pad must be none in variant=speechpy-quirk";
  frames = frames_config (config);
  return asd_mel_frames_config_check (&frames);
}

AsdLogMel *
asd_log_mel_new (const AsdLogMelConfig * config)
{
  AsdMelFramesConfig frames;
  AsdLogMel *self;

  g_return_val_if_fail (asd_log_mel_config_check (config) == NULL, NULL);

  self = g_new0 (AsdLogMel, 1);
  self->config = *config;
  frames = frames_config (config);
  self->frames = asd_mel_frames_new (&frames);
  self->energies = g_new (double, config->bands);
  return self;
}

void
asd_log_mel_free (AsdLogMel * self)
{
  if (self == NULL)
    return;
  asd_mel_frames_free (self->frames);
  g_free (self->energies);
  g_free (self);
}

guint
asd_log_mel_get_frame_length (const AsdLogMel * self)
{
  if (self->config.variant == ASD_LOG_MEL_SPEECHPY_QUIRK)
    return self->config.rate;
  return self->config.n_fft;
}

gsize
asd_log_mel_get_n_frames (const AsdLogMel * self, gsize n)
{
  if (self->config.variant == ASD_LOG_MEL_SPEECHPY_QUIRK)
    return n < self->config.rate ? 0 : (n - self->config.rate)
        / self->config.hop;
  return asd_mel_frames_get_n_frames (self->frames, n);
}

void
asd_log_mel_get_axes (const AsdLogMel * self, AsdAxis * axes)
{
  const AsdMelFramesConfig frames = frames_config (&self->config);

  for (guint b = 0; b < self->config.bands; b++) {
    axes[b] = ASD_AXIS_NONE;
    asd_mel_config_get_edges (&frames.mel, b, &axes[b].low, &axes[b].high);
  }
}

/* log10() takes twice the time of log(). */
static void
to_decibels (const double *energies, guint n, float *frame)
{
  guint b;

  for (b = 0; b < n; b++)
    frame[b] = 10 / G_LN10 * log (energies[b] + ASD_LOG_MEL_FLOOR);
}

static void
to_logarithms (const double *energies, guint n, guint n_fft, float *frame)
{
  guint b;

  for (b = 0; b < n; b++) {
    double energy = energies[b] / n_fft;

    frame[b] = log (energy == 0 ? ASD_LOG_MEL_FLOOR : energy);
  }
}

void
asd_log_mel_process (AsdLogMel * self, const float *samples, gsize n,
    float *frames)
{
  const gsize n_frames = asd_log_mel_get_n_frames (self, n);
  const guint bands = self->config.bands;
  guint64 fpu = asd_denormals_off ();
  gsize t;

  for (t = 0; t < n_frames; t++) {
    asd_mel_frames_process (self->frames, samples, n, t, self->energies);
    if (self->config.variant == ASD_LOG_MEL_PLAIN)
      to_decibels (self->energies, bands, frames + t * bands);
    else
      to_logarithms (self->energies, bands, self->config.n_fft,
          frames + t * bands);
  }
  asd_denormals_restore (fpu);
}
