/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "framefft.h"

#include <math.h>

AsdFrameFft *
asd_frame_fft_new (gsize size, const float *window)
{
  AsdFrameFft *self = g_new (AsdFrameFft, 1);
  gsize k;

  self->kernels = asd_kernels_get ();
  self->size = size;
  self->lanes = self->kernels->lanes;
  self->window = g_new (float, size);
  self->cosine = g_new (float, size);
  self->sine = g_new (float, size);
  for (k = 0; k < size; k++) {
    self->window[k] = window != NULL ? window[k] : 1;
    self->cosine[k] = cos (2 * G_PI * k / size);
    self->sine[k] = -sin (2 * G_PI * k / size);
  }
  self->signal = asd_vectors_alloc (size * self->lanes);
  self->real = asd_vectors_alloc ((size / 2 + 1) * self->lanes);
  self->imaginary = asd_vectors_alloc ((size / 2 + 1) * self->lanes);
  return self;
}

void
asd_frame_fft_free (AsdFrameFft * self)
{
  if (self == NULL)
    return;
  g_free (self->window);
  g_free (self->cosine);
  g_free (self->sine);
  g_aligned_free (self->signal);
  g_aligned_free (self->real);
  g_aligned_free (self->imaginary);
  g_free (self);
}

void
asd_frame_fft_process (AsdFrameFft * self, const float *samples, gsize hop,
    gsize first, gsize end)
{
  const float *sources[ASD_MAX_LANES];
  gsize l;

  for (l = 0; l < self->lanes; l++)
    sources[l] = samples + MIN (first + l, end - 1) * hop;
  self->kernels->load (sources, self->window, self->size, self->signal);
  self->kernels->transform (self->size, self->cosine, self->sine,
      self->signal, self->real, self->imaginary);
}

/* Which bin a complex FFT of n points that is decimated in frequency by four
 * leaves at each place, if its bin k is called first + k * step. */
static void
digit_order (gsize *order, gsize n, gsize first, gsize step)
{
  gsize radix = n >= 4 ? 4 : n, r;

  if (n == 1) {
    order[0] = first;
    return;
  }
  for (r = 0; r < radix; r++)
    digit_order (order + r * n / radix, n / radix, first + r * step,
        step * radix);
}

void
asd_frame_fft_order (gsize size, gsize *order)
{
  gsize n;

  /* From every step the odd bins, then the ends. */
  for (n = size; n >= 4; n /= 2) {
    digit_order (order, n / 4, size / n, 4 * size / n);
    order += n / 4;
  }
  order[0] = 0;
  order[1] = size / 2;
}
