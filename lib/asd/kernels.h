/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_KERNELS_H__
#define __ASD_KERNELS_H__

/* Internal: the vectorised inner loops. Not installed.
 *
 * kernels.c is compiled for the build's baseline and, on x86-64, once more for
 * AVX2 and FMA; asd_kernels_get() picks at run time. ASD_KERNELS=baseline in the
 * environment keeps to the baseline, which lets tests cover both. Vectors hold
 * as many floats as the registers, so layouts that interleave lanes depend on
 * the choice. Arrays of vectors come from asd_vectors_alloc().
 */

#include <glib.h>

G_BEGIN_DECLS

/* Most lanes of any kernels. */
#define ASD_MAX_LANES 8

/* Floats to which one column of bands is padded: a whole number of band tiles
 * whatever the lanes. */
#define ASD_BAND_PADDING 16

/* Outputs of the decimator to which their number is rounded up. */
#define ASD_DECIMATE_PADDING 64

/* Filters that are applied at once. */
#define ASD_KERNEL_FILTERS 8

/**
 * AsdBandPass:
 *
 * y[t] = b (x[t] - x[t-2]) - a1 y[t-1] - a2 y[t-2]
 */
typedef struct
{
  double b, a1, a2;
} AsdBandPass;

/**
 * AsdSparseWeight:
 * @place: where the transform kernel leaves the bin
 * @re, @im_turned: real and imaginary part, which multiply the real part there
 * @im, @re_turned: the same, which multiply the imaginary part: with the other
 *     sign where it is the conjugate that is left there
 */
typedef struct
{
  gsize place;
  float re, im, re_turned, im_turned;
} AsdSparseWeight;

/**
 * AsdSparseRow:
 *
 * A filter in the frequency domain: the bins that it does not ignore.
 */
typedef struct
{
  gsize n_weights;
  AsdSparseWeight *weights;
} AsdSparseRow;

/**
 * AsdKernels:
 * @lanes: floats in a vector
 * @tile_bands: bands that @product computes at once; divides #ASD_BAND_PADDING
 * @load: signal[j][l] = sources[l][j] window[j] for all @n points and lanes
 * @spectrum: magnitudes of real FFTs of @nfft points, one transform in each
 *     lane. @signal holds the first half of the points [point][lane], the others
 *     are zero; it is overwritten as far as @nfft / 4. @scratch has room for
 *     @nfft / 2 vectors, @cosine and @sine are exp (-2 pi i k / nfft) for all k.
 *     @magnitudes are [nfft / 2 + 1][lane] in the order that
 *     bin_order() in gammatone.c tells
 * @transform: the complex bins of real FFTs of @nfft points [point][lane],
 *     which are overwritten. @real and @imaginary are [nfft / 2 + 1][lane] in the
 *     order that asd_frame_fft_order() tells
 * @project: magnitudes[row][l] = |sum_k weights[row][k] bins[k][l]|
 * @decimate: out[i] = sum_k taps[2k] even[i+k] + taps[2k+1] odd[i+k] for @n
 *     outputs, rounded up to #ASD_DECIMATE_PADDING; @out is aligned
 * @product: columns[group * lanes + l][band] = sum_k tiles[band / tile_bands][k]
 *     [band % tile_bands] magnitudes[group][k][l], for @stride bands
 * @filter: #ASD_KERNEL_FILTERS filters over @n columns of @stride bands. Reads
 *     two columns before @x. @state is [vector of bands][filter][2][lane], @sums
 *     [vector of bands][filter][lane] becomes sum_t weights[t] y[t]^2
 */
typedef struct
{
  guint lanes;
  guint tile_bands;
  void (*load) (const float *const *sources, const float *window, gsize n,
      float *signal);
  void (*spectrum) (gsize nfft, const float *cosine, const float *sine,
      float *signal, float *scratch, float *magnitudes);
  void (*transform) (gsize nfft, const float *cosine, const float *sine,
      float *signal, float *real, float *imaginary);
  void (*project) (const AsdSparseRow *rows, gsize n_rows, const float *real,
      const float *imaginary, float *magnitudes);
  void (*decimate) (const float *even, const float *odd, const float *taps,
      gsize n_taps, gsize n, float *out);
  void (*product) (const float *tiles, gsize n_bins, const float *magnitudes,
      gsize n_groups, float *columns, gsize stride);
  void (*filter) (const AsdBandPass *filters, const float *x, gsize stride,
      gsize n, const float *weights, float *state, float *sums);
} AsdKernels;

extern const AsdKernels asd_kernels_baseline;
#ifdef ASD_HAVE_AVX2
extern const AsdKernels asd_kernels_avx2;
#endif

static inline const AsdKernels *
asd_kernels_get (void)
{
#ifdef ASD_HAVE_AVX2
  if (g_strcmp0 (g_getenv ("ASD_KERNELS"), "baseline") != 0 &&
      __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    return &asd_kernels_avx2;
#endif
  return &asd_kernels_baseline;
}

/* @n zeroed floats, aligned for vectors; g_aligned_free() them. */
static inline float *
asd_vectors_alloc (gsize n)
{
  return g_aligned_alloc0 (n, sizeof (float), 64);
}

G_END_DECLS

#endif /* __ASD_KERNELS_H__ */
