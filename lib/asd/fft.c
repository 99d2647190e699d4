/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fft.h"
#include "simd.h"

static GMutex planner_lock;

AsdFft *
asd_fft_new (gsize size)
{
  AsdFft *self = g_new (AsdFft, 1);

  self->size = size;
  self->samples = fftwf_alloc_real (size);
  self->spectrum = fftwf_alloc_complex (size / 2 + 1);

  g_mutex_lock (&planner_lock);
  self->forward_plan = fftwf_plan_dft_r2c_1d (size, self->samples,
      self->spectrum, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  self->inverse_plan = fftwf_plan_dft_c2r_1d (size, self->spectrum,
      self->samples, FFTW_ESTIMATE);
  g_mutex_unlock (&planner_lock);
  return self;
}

void
asd_fft_free (AsdFft * self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&planner_lock);
  fftwf_destroy_plan (self->forward_plan);
  fftwf_destroy_plan (self->inverse_plan);
  g_mutex_unlock (&planner_lock);
  fftwf_free (self->samples);
  fftwf_free (self->spectrum);
  g_free (self);
}

void
asd_fft_forward (AsdFft * self)
{
  fftwf_execute (self->forward_plan);
}

void
asd_fft_inverse (AsdFft * self)
{
  fftwf_execute (self->inverse_plan);
}

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
     void asd_fft_get_power (const AsdFft * self, float *power)
{
  compute_power (self->spectrum, self->size / 2 + 1, power);
}
