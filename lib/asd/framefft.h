/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_FRAME_FFT_H__
#define __ASD_FRAME_FFT_H__

/* Internal: short-time Fourier transform, several frames at once. Not
 * installed. */

#include "kernels.h"

G_BEGIN_DECLS

/**
 * AsdFrameFft:
 * @size: samples of a frame, a power of two from 16 on
 * @lanes: frames that are transformed at once
 * @real: @size / 2 + 1 real parts x @lanes frames, in the order of
 *     asd_frame_fft_order()
 * @imaginary: the imaginary parts; those of a place whose bin is above
 *     @size / 2 are of that bin, so with the other sign for the bin
 *     @size minus it
 */
typedef struct
{
  gsize size;
  gsize lanes;
  float *real, *imaginary;
  /*< private > */
  const AsdKernels *kernels;
  float *window;
  float *cosine, *sine;
  float *signal;
} AsdFrameFft;

/**
 * asd_frame_fft_new:
 * @window: (nullable): @size factors of the samples, NULL for ones
 */
AsdFrameFft *asd_frame_fft_new (gsize size, const float *window);
void asd_frame_fft_free (AsdFrameFft *self);

/**
 * asd_frame_fft_process:
 * @samples: frame t is @size samples from @samples + t * @hop on
 * @first: the frame in the first lane
 * @end: lanes from this frame on repeat the one before
 */
void asd_frame_fft_process (AsdFrameFft *self, const float *samples,
    gsize hop, gsize first, gsize end);

/**
 * asd_frame_fft_order:
 * @order: (out): bin of 0 .. @size - 1 that is left in each of the
 *     @size / 2 + 1 places. Each bin of 0 .. @size / 2 is there once, itself
 *     or as @size minus it.
 */
void asd_frame_fft_order (gsize size, gsize *order);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdFrameFft, asd_frame_fft_free)

G_END_DECLS

#endif /* __ASD_FRAME_FFT_H__ */
