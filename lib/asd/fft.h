/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_FFT_H__
#define __ASD_FFT_H__

/* Internal: the real FFT of a fixed size. Not installed. */

#include <glib.h>
#include <fftw3.h>

G_BEGIN_DECLS

/**
 * AsdFft:
 * @size: real samples
 * @samples: @size real samples, aligned for SIMD
 * @spectrum: @size / 2 + 1 complex bins, aligned for SIMD
 *
 * Fill one of the buffers and transform into the other.
 */
typedef struct
{
  gsize size;
  float *samples;
  fftwf_complex *spectrum;
  /*< private > */
  fftwf_plan forward_plan, inverse_plan;
} AsdFft;

/**
 * asd_fft_new:
 * @size: real samples of one transform
 *
 * Plans with FFTW_ESTIMATE: measured plans differ from run to run and so would
 * the last bits of every result. FFTW's planner is not thread-safe, so planning
 * and destroying hold one lock of the process.
 */
AsdFft *asd_fft_new (gsize size);
void asd_fft_free (AsdFft *self);

/**
 * asd_fft_forward:
 *
 * spectrum[k] = sum_n samples[n] exp (-2 pi i k n / size). Leaves the samples
 * as they are.
 */
void asd_fft_forward (AsdFft *self);

/**
 * asd_fft_inverse:
 *
 * The unnormalised inverse: forward and inverse multiply by the size.
 * Overwrites the spectrum.
 */
void asd_fft_inverse (AsdFft *self);

/**
 * asd_fft_get_power:
 * @power: (out): |spectrum[k]|^2 of the size / 2 + 1 bins
 */
void asd_fft_get_power (const AsdFft *self, float *power);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdFft, asd_fft_free)

G_END_DECLS

#endif /* __ASD_FFT_H__ */
