/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "melframes.h"
#include "fft.h"
#include "simd.h"

#include <math.h>
#include <string.h>

struct _AsdMelFrames
{
  AsdMelFramesConfig config;
  gssize before;                /* samples from a frame's start to its place */
  float *window;
  AsdMel *mel;
  AsdFft *fft;
  float *power;                 /* of one frame, [bin] */
};

const char *
asd_mel_frames_config_check (const AsdMelFramesConfig * config)
{
  if (config->hop < 1 || config->hop > 65536)
    return "hop must be 1 to 65536 samples";
  return asd_mel_config_check (&config->mel);
}

AsdMelFrames *
asd_mel_frames_new (const AsdMelFramesConfig * config)
{
  const guint length = config->length;
  AsdMelFrames *self;
  guint n_fft, i;

  g_return_val_if_fail (asd_mel_frames_config_check (config) == NULL, NULL);
  g_return_val_if_fail (length >= 1 && length <= config->mel.n_fft, NULL);

  self = g_new0 (AsdMelFrames, 1);
  self->config = *config;
  if (config->pad != ASD_PAD_NONE)
    self->before = config->mel.n_fft / 2 - (config->mel.n_fft - length) / 2;
  self->mel = asd_mel_new_for_length (&config->mel, length, &n_fft);
  /* Power does not depend on where in the transform the samples lie, so they
   * are put at its start and the zeros behind them stay. */
  self->fft = asd_fft_new (n_fft);
  memset (self->fft->samples, 0, n_fft * sizeof (float));
  self->power = g_new (float, n_fft / 2 + 1);
  self->window = g_new (float, length);
  for (i = 0; i < length; i++)
    self->window[i] =
        config->hann ? 0.5 - 0.5 * cos (2 * G_PI * i / length) : 1;
  return self;
}

void
asd_mel_frames_free (AsdMelFrames * self)
{
  if (self == NULL)
    return;
  asd_mel_free (self->mel);
  asd_fft_free (self->fft);
  g_free (self->power);
  g_free (self->window);
  g_free (self);
}

gsize
asd_mel_frames_get_n_frames (const AsdMelFrames * self, gsize n)
{
  const AsdMelFramesConfig *config = &self->config;

  if (config->pad == ASD_PAD_NONE)
    return n < config->length ? 0 : 1 + (n - config->length) / config->hop;
  if (n == 0 || (config->pad == ASD_PAD_REFLECT && n <= config->mel.n_fft / 2))
    return 0;
  return 1 + n / config->hop;
}

/* The sample at an index that may lie outside of the clip. */
static float
padded (const float *samples, gssize n, gssize i, AsdPad pad)
{
  if (i >= 0 && i < n)
    return samples[i];
  if (pad != ASD_PAD_REFLECT)
    return 0;
  return samples[i < 0 ? -i : 2 * (n - 1) - i];
}

ASD_KERNEL
multiply_kernel (const float *x, const float *window, gsize n, float *out)
{
  gsize i;

  for (i = 0; i < n; i++)
    out[i] = window[i] * x[i];
}

ASD_DEFINE_KERNEL (multiply, multiply_kernel,
    (const float *x, const float *window, gsize n, float *out),
    (x, window, n, out))
     void asd_mel_frames_process (AsdMelFrames * self, const float *samples,
    gsize n, gsize frame, double *energies)
{
  const gssize length = self->config.length;
  const gssize start = (gssize) (frame * self->config.hop) - self->before;
  float *in = self->fft->samples;
  gssize i;
  guint b;

  if (start >= 0 && start + length <= (gssize) n) {
    multiply (samples + start, self->window, length, in);
  } else {
    for (i = 0; i < length; i++)
      in[i] = self->window[i]
          * padded (samples, n, start + i, self->config.pad);
  }
  asd_fft_forward (self->fft);
  asd_fft_get_power (self->fft, self->power);
  asd_mel_process (self->mel, self->power, energies);
  /* Not a number is what infinite samples of the spectrum leave. */
  for (b = 0; b < self->config.mel.bands; b++)
    energies[b] = MAX (MIN (energies[b], G_MAXFLOAT), 0);
}
