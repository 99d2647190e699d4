/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kernels.h"

#include <math.h>
#include <string.h>

/* ASD_KERNEL_TABLE, the name of the table, comes from the build. */
#ifdef __AVX2__
#define LANES 8
#else
#define LANES 4
#endif

/* The matrix product computes tiles of four columns by two band vectors, and
 * the filters run in batches: that is what 16 registers hold. */
#define TILE_BANDS (2 * LANES)
#define TILE_COLUMNS 4
#define BATCH (ASD_KERNEL_FILTERS / 2)
#define FIR_VECTORS 8

typedef float Vec
    __attribute__((vector_size (LANES * sizeof (float)), may_alias));
typedef float UnalignedVec
    __attribute__((vector_size (LANES * sizeof (float)), may_alias,
        aligned (sizeof (float))));

static void
load (const float *const *sources, const float *window, gsize n, float *signal)
{
  gsize j, l;

  for (j = 0; j < n; j++)
    for (l = 0; l < LANES; l++)
      signal[j * LANES + l] = sources[l][j] * window[j];
}

/* The FFT. As many columns as there are lanes are transformed at once, so that
 * no step has to move data between lanes. With X_n the spectrum of n real points,
 *
 *   X_n[4k+1] = sum_{j < n/4} y[j] W_{n/4}^{jk},
 *   y[j] = W_n^j (x[j] - x[j+n/2] - i (x[j+n/4] - x[j+3n/4])),
 *
 * is one complex FFT of n/4 points. It holds all odd bins, for X_n[4k+3] =
 * conj (X_n[n-4k-3]), and the even bins are the spectrum of the n/2 points
 * x[j] + x[j+n/2]: the same step again. The window covers less than half of
 * the FFT, so the first step has two terms only. Magnitudes do not depend on
 * where the window lies, and their order does not matter because the weights
 * are stored in the order in which they come. */

/* One complex FFT of n points in place, decimated in frequency by four, output
 * in digit-reversed order. stride: nfft / n. */
static inline void
complex_fft (Vec * re, Vec * im, gsize n, gsize stride,
    const float *cosine, const float *sine)
{
  gsize m, q, j, base, p, w;

  for (m = n; m >= 4; m /= 4, stride *= 4) {
    q = m / 4;
    for (j = 0; j < q; j++) {
      w = j * stride;
      for (base = 0; base < n; base += m) {
        Vec ar, ai, br, bi, cr, ci, dr, di, tr, ti;

        p = base + j;
        ar = re[p] + re[p + 2 * q];
        ai = im[p] + im[p + 2 * q];
        br = re[p] - re[p + 2 * q];
        bi = im[p] - im[p + 2 * q];
        cr = re[p + q] + re[p + 3 * q];
        ci = im[p + q] + im[p + 3 * q];
        dr = re[p + q] - re[p + 3 * q];
        di = im[p + q] - im[p + 3 * q];
        re[p] = ar + cr;
        im[p] = ai + ci;
        if (j == 0) {
          re[p + q] = br + di;
          im[p + q] = bi - dr;
          re[p + 2 * q] = ar - cr;
          im[p + 2 * q] = ai - ci;
          re[p + 3 * q] = br - di;
          im[p + 3 * q] = bi + dr;
          continue;
        }
        tr = br + di;
        ti = bi - dr;
        re[p + q] = tr * cosine[w] - ti * sine[w];
        im[p + q] = ti * cosine[w] + tr * sine[w];
        tr = ar - cr;
        ti = ai - ci;
        re[p + 2 * q] = tr * cosine[2 * w] - ti * sine[2 * w];
        im[p + 2 * q] = ti * cosine[2 * w] + tr * sine[2 * w];
        tr = br - di;
        ti = bi + dr;
        re[p + 3 * q] = tr * cosine[3 * w] - ti * sine[3 * w];
        im[p + 3 * q] = ti * cosine[3 * w] + tr * sine[3 * w];
      }
    }
  }
  if (m == 2) {
    for (p = 0; p < n; p += 2) {
      Vec ar = re[p] - re[p + 1], ai = im[p] - im[p + 1];

      re[p] += re[p + 1];
      im[p] += im[p + 1];
      re[p + 1] = ar;
      im[p + 1] = ai;
    }
  }
}

static inline void
square_root (Vec * v)
{
  guint l;

  for (l = 0; l < LANES; l++)
    (*v)[l] = sqrtf ((*v)[l]);
}

/* The odd bins of @n real points in x, in the order in which complex_fft()
 * leaves them. Where the points are not the last ones, the first half of x
 * becomes the n/2 points that hold the even bins. half: the second half of x is
 * zeros, and not touched. */
static inline void
odd_bins (gsize nfft, gsize n, gboolean half, const float *cosine,
    const float *sine, Vec * x, Vec * re, Vec * im)
{
  const gsize q = n / 4, step = nfft / n;
  gsize j;

  for (j = 0; j < q; j++) {
    Vec a = x[j], b = x[j + q];

    if (!half) {
      a -= x[j + 2 * q];
      b -= x[j + 3 * q];
      x[j] += x[j + 2 * q];
      x[j + q] += x[j + 3 * q];
    }
    re[j] = a * cosine[j * step] + b * sine[j * step];
    im[j] = a * sine[j * step] - b * cosine[j * step];
  }
  complex_fft (re, im, q, 4 * step, cosine, sine);
}

static void
spectrum (gsize nfft, const float *cosine, const float *sine, float *signal,
    float *scratch, float *magnitudes)
{
  Vec *x = (Vec *) signal, *out = (Vec *) magnitudes;
  Vec *re = (Vec *) scratch, *im = re + nfft / 4;
  gsize n, j;

  for (n = nfft; n >= 4; n /= 2) {
    odd_bins (nfft, n, n == nfft, cosine, sine, x, re, im);
    for (j = 0; j < n / 4; j++) {
      Vec power = re[j] * re[j] + im[j] * im[j];

      square_root (&power);
      *out++ = power;
    }
  }
  for (j = 0; j < 2; j++) {
    Vec power = j == 0 ? x[0] + x[1] : x[0] - x[1];

    power *= power;
    square_root (&power);
    *out++ = power;
  }
}

static void
transform (gsize nfft, const float *cosine, const float *sine, float *signal,
    float *real, float *imaginary)
{
  Vec *x = (Vec *) signal, *re = (Vec *) real, *im = (Vec *) imaginary;
  gsize n;

  for (n = nfft; n >= 4; n /= 2) {
    odd_bins (nfft, n, FALSE, cosine, sine, x, re, im);
    re += n / 4;
    im += n / 4;
  }
  re[0] = x[0] + x[1];
  re[1] = x[0] - x[1];
  im[0] = im[1] = (Vec) {
  0};
}

static void
project (const AsdSparseRow * rows, gsize n_rows, const float *real,
    const float *imaginary, float *magnitudes)
{
  const Vec *re = (const Vec *) real, *im = (const Vec *) imaginary;
  Vec *out = (Vec *) magnitudes;
  gsize r, k;

  for (r = 0; r < n_rows; r++) {
    const AsdSparseWeight *w = rows[r].weights;
    Vec x = { 0 }, y = { 0 };

    for (k = 0; k < rows[r].n_weights; k++, w++) {
      x += w->re * re[w->place] - w->im * im[w->place];
      y += w->re_turned * im[w->place] + w->im_turned * re[w->place];
    }
    out[r] = x * x + y * y;
    square_root (out + r);
  }
}

static void
decimate (const float *even, const float *odd, const float *taps, gsize n_taps,
    gsize n, float *out)
{
  Vec *y = (Vec *) out;
  gsize i, k, v;

  for (i = 0; i < n; i += FIR_VECTORS * LANES, y += FIR_VECTORS) {
    Vec sum[FIR_VECTORS] = { 0 };

    for (k = 0; k < n_taps; k++) {
      const UnalignedVec *e = (const UnalignedVec *) (even + i + k);
      const UnalignedVec *o = (const UnalignedVec *) (odd + i + k);

      for (v = 0; v < FIR_VECTORS; v++)
        sum[v] += taps[2 * k] * e[v] + taps[2 * k + 1] * o[v];
    }
    for (v = 0; v < FIR_VECTORS; v++)
      y[v] = sum[v];
  }
}

/* columns[t][b] = sum_k magnitudes[t][k] tiles[b][k] for one tile of bands and
 * four of the columns of one group. OpenBLAS would do as well alone, but it
 * wakes a thread for each core, and its lock makes parallel streams wait for
 * each other. */
static inline void
multiply_tile (const Vec * tile, const float *magnitudes, gsize n_bins,
    float *columns, gsize stride)
{
  Vec sum[TILE_COLUMNS][2] = { 0 };
  gsize k, t;

  for (k = 0; k < n_bins; k++) {
    for (t = 0; t < TILE_COLUMNS; t++) {
      sum[t][0] += tile[2 * k] * magnitudes[k * LANES + t];
      sum[t][1] += tile[2 * k + 1] * magnitudes[k * LANES + t];
    }
  }
  for (t = 0; t < TILE_COLUMNS; t++)
    memcpy (columns + t * stride, sum[t], sizeof (sum[t]));
}

static void
product (const float *tiles, gsize n_bins, const float *magnitudes,
    gsize n_groups, float *columns, gsize stride)
{
  gsize band, g, lane;

  for (band = 0; band < stride; band += TILE_BANDS)
    for (g = 0; g < n_groups; g++)
      for (lane = 0; lane < LANES; lane += TILE_COLUMNS)
        multiply_tile ((const Vec *) (tiles + band * n_bins),
            magnitudes + g * n_bins * LANES + lane, n_bins,
            columns + (g * LANES + lane) * stride + band, stride);
}

/* Some filters over @n columns of one vector of bands. The column two before
 * @x is the first that is read. */
static inline void
band_pass (const AsdBandPass * filters, const float *x,
    gsize stride, gsize n, const float *weights, Vec * state, Vec * sums)
{
  Vec y1[BATCH], y2[BATCH], sum[BATCH] = { 0 };
  float b[BATCH], a1[BATCH], a2[BATCH];
  gsize t;
  guint k;

  for (k = 0; k < BATCH; k++) {
    b[k] = filters[k].b;
    a1[k] = -filters[k].a1;
    a2[k] = -filters[k].a2;
    y1[k] = state[2 * k];
    y2[k] = state[2 * k + 1];
  }
  for (t = 0; t < n; t++) {
    const Vec *now = (const Vec *) (x + t * stride);
    const Vec *before = (const Vec *) (x + t * stride - 2 * stride);
    Vec difference = *now - *before;

    for (k = 0; k < BATCH; k++) {
      Vec y = b[k] * difference + a2[k] * y2[k] + a1[k] * y1[k];

      y2[k] = y1[k];
      y1[k] = y;
      sum[k] += weights[t] * y * y;
    }
  }
  for (k = 0; k < BATCH; k++) {
    state[2 * k] = y1[k];
    state[2 * k + 1] = y2[k];
    sums[k] = sum[k];
  }
}

static void
filter (const AsdBandPass * filters, const float *x, gsize stride, gsize n,
    const float *weights, float *state, float *sums)
{
  gsize v, k;

  for (v = 0; v < stride / LANES; v++)
    for (k = 0; k < ASD_KERNEL_FILTERS; k += BATCH)
      band_pass (filters + k, x + v * LANES, stride, n, weights,
          (Vec *) state + 2 * (v * ASD_KERNEL_FILTERS + k),
          (Vec *) sums + v * ASD_KERNEL_FILTERS + k);
}

const AsdKernels ASD_KERNEL_TABLE = {
  .lanes = LANES,
  .tile_bands = TILE_BANDS,
  .load = load,
  .spectrum = spectrum,
  .transform = transform,
  .project = project,
  .decimate = decimate,
  .product = product,
  .filter = filter,
};
