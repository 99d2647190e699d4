/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gammatone.h"
#include "simd.h"

#include <complex.h>
#include <math.h>

/* Columns whose magnitudes are held at once, in vectors of ASD_LANES. */
#define GROUPS 4
#define BLOCK (GROUPS * ASD_LANES)
/* The matrix product computes tiles of four columns by two band vectors. */
#define TILE_BANDS (2 * ASD_LANES)
#define TILE_COLUMNS 4

struct _AsdGammatone
{
  guint rate, bands;
  gsize nfft, n_bins, window_length, window_offset, hop, stride;
  double *frequencies;
  double *weights;

  float *window;                /* the non-zero part */
  float *cosine, *sine;         /* exp (-2 pi i k / nfft) */
  AsdVec *signal, *re, *im;     /* one column in each lane */
  AsdVec *magnitudes;           /* [group][bin as it comes][lane] */
  float *tiles;                 /* [band tile][bin as it comes][TILE_BANDS] */
  float *block;                 /* a last group of fewer columns */
};

/* The FFT. Eight columns are transformed at once, one in each lane, so that no
 * step has to move data between lanes. With X_n the spectrum of n real points,
 *
 *   X_n[4k+1] = sum_{j < n/4} y[j] W_{n/4}^{jk},
 *   y[j] = W_n^j (x[j] - x[j+n/2] - i (x[j+n/4] - x[j+3n/4])),
 *
 * is one complex FFT of n/4 points. It holds all odd bins, for X_n[4k+3] =
 * conj (X_n[n-4k-3]), and the even bins are the spectrum of the n/2 points
 * x[j] + x[j+n/2]: the same step again. The window covers less than half of
 * the FFT, so the first step has two terms only. Magnitudes do not depend on
 * where the window lies, and their order does not matter because the weights
 * are stored in the order in which they come (bin_order()). */

/* One complex FFT of n points in place, decimated in frequency by four, output
 * in digit-reversed order. stride: nfft / n. */
ASD_KERNEL
complex_fft (AsdVec * re, AsdVec * im, gsize n, gsize stride,
    const float *cosine, const float *sine)
{
  gsize m, q, j, base, p, w;

  for (m = n; m >= 4; m /= 4, stride *= 4) {
    q = m / 4;
    for (j = 0; j < q; j++) {
      w = j * stride;
      for (base = 0; base < n; base += m) {
        AsdVec ar, ai, br, bi, cr, ci, dr, di, tr, ti;

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
      AsdVec ar = re[p] - re[p + 1], ai = im[p] - im[p + 1];

      re[p] += re[p + 1];
      im[p] += im[p + 1];
      re[p + 1] = ar;
      im[p + 1] = ai;
    }
  }
}

ASD_KERNEL
square_root (AsdVec * v)
{
  guint l;

  for (l = 0; l < ASD_LANES; l++)
    (*v)[l] = sqrtf ((*v)[l]);
}

/* The nfft / 2 + 1 magnitudes of self->signal, in bin_order(). */
ASD_KERNEL
spectrum_kernel (AsdGammatone * self, AsdVec * magnitudes)
{
  AsdVec *x = self->signal, *re = self->re, *im = self->im;
  const float *cosine = self->cosine, *sine = self->sine;
  const gsize nfft = self->nfft;
  gsize n, j, q, step;

  for (n = nfft; n >= 4; n /= 2) {
    q = n / 4;
    step = nfft / n;
    for (j = 0; j < q; j++) {
      AsdVec a = x[j], b = x[j + q];

      if (n < nfft) {
        a -= x[j + 2 * q];
        b -= x[j + 3 * q];
        x[j] += x[j + 2 * q];
        x[j + q] += x[j + 3 * q];
      }
      re[j] = a * cosine[j * step] + b * sine[j * step];
      im[j] = a * sine[j * step] - b * cosine[j * step];
    }
    complex_fft (re, im, q, 4 * step, cosine, sine);
    for (j = 0; j < q; j++) {
      AsdVec power = re[j] * re[j] + im[j] * im[j];

      square_root (&power);
      *magnitudes++ = power;
    }
  }
  for (j = 0; j < 2; j++) {
    AsdVec power = j == 0 ? x[0] + x[1] : x[0] - x[1];

    power *= power;
    square_root (&power);
    *magnitudes++ = power;
  }
}

ASD_DEFINE_KERNEL (spectrum, spectrum_kernel,
    (AsdGammatone * self, AsdVec * magnitudes), (self, magnitudes));

/* Which bin of n points complex_fft() leaves at each place of [base, base + n),
 * for a sequence whose bin k is bin first + k * step of the real spectrum. */
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

/* The bin of 0 .. nfft / 2 of each magnitude of spectrum_kernel(). */
static gsize *
bin_order (gsize nfft)
{
  gsize *order = g_new (gsize, nfft / 2 + 1), *next = order, n, j;

  for (n = nfft; n >= 4; n /= 2) {
    digit_order (next, n / 4, nfft / n, 4 * nfft / n);
    for (j = 0; j < n / 4; j++, next++)
      *next = MIN (*next, nfft - *next);
  }
  next[0] = 0;
  next[1] = nfft / 2;
  return order;
}

/* columns[t][b] = sum_k magnitudes[t][k] tiles[b][k] for one tile of bands and
 * four of the columns of one group. OpenBLAS would do as well alone, but it
 * wakes a thread for each core, and its lock makes parallel streams wait for
 * each other. */
ASD_KERNEL
tile_kernel (const AsdVec * tile, const AsdVec * magnitudes, gsize n_bins,
    gsize lane, float *columns, gsize stride)
{
  AsdVec sum[TILE_COLUMNS][2] = { 0 };
  const float *m = (const float *) magnitudes + lane;
  gsize k, t;

  for (k = 0; k < n_bins; k++) {
    for (t = 0; t < TILE_COLUMNS; t++) {
      sum[t][0] += tile[2 * k] * m[k * ASD_LANES + t];
      sum[t][1] += tile[2 * k + 1] * m[k * ASD_LANES + t];
    }
  }
  for (t = 0; t < TILE_COLUMNS; t++)
    memcpy (columns + (lane + t) * stride, sum[t], sizeof (sum[t]));
}

ASD_KERNEL
product_kernel (const AsdGammatone * self, gsize n_groups, float *columns)
{
  gsize tile, g, lane;

  for (tile = 0; tile < self->stride / TILE_BANDS; tile++)
    for (g = 0; g < n_groups; g++)
      for (lane = 0; lane < ASD_LANES; lane += TILE_COLUMNS)
        tile_kernel ((const AsdVec *) self->tiles + 2 * tile * self->n_bins,
            self->magnitudes + g * self->n_bins, self->n_bins, lane,
            columns + g * ASD_LANES * self->stride + tile * TILE_BANDS,
            self->stride);
}

ASD_DEFINE_KERNEL (product, product_kernel,
    (const AsdGammatone * self, gsize n_groups, float *columns),
    (self, n_groups, columns));

/* Windows eight columns from @first on into the lanes of self->signal; columns
 * from @end on repeat the last one. */
static void
load_signal (AsdGammatone * self, const float *samples, gsize first, gsize end)
{
  float *x = (float *) self->signal;
  const float *s[ASD_LANES];
  gsize j, l;

  for (l = 0; l < ASD_LANES; l++)
    s[l] = samples + MIN (first + l, end - 1) * self->hop + self->window_offset;
  for (j = 0; j < self->window_length; j++)
    for (l = 0; l < ASD_LANES; l++)
      x[j * ASD_LANES + l] = s[l][j] * self->window[j];
}

void
asd_gammatone_process (AsdGammatone * self, const float *samples, gsize n,
    gsize first, gsize n_columns, float *columns)
{
  const gsize stride = self->stride;
  gsize end, count, g;
  guint64 fpu;

  g_return_if_fail (first + n_columns <= asd_gammatone_get_n_columns (self, n));

  fpu = asd_denormals_off ();
  /* As the loop of the reference: for start in range (0, n - nfft, hop). */
  end = n > self->nfft ? (n - self->nfft + self->hop - 1) / self->hop : 0;
  end = MIN (end, first + n_columns);
  for (; first < end; first += count) {
    count = MIN (end - first, BLOCK);
    for (g = 0; g * ASD_LANES < count; g++) {
      load_signal (self, samples, first + g * ASD_LANES, end);
      spectrum (self, self->magnitudes + g * self->n_bins);
    }
    if (count % ASD_LANES == 0) {
      product (self, g, columns);
    } else {
      product (self, g, self->block);
      memcpy (columns, self->block, count * stride * sizeof (float));
    }
    columns += count * stride;
    n_columns -= count;
  }
  memset (columns, 0, n_columns * stride * sizeof (float));
  asd_denormals_restore (fpu);
}

/* Slaney's ERB filters: quality and minimum bandwidth of Glasberg and Moore. */
#define EAR_Q 9.26449
#define MIN_BANDWIDTH 24.7

static void
fill_frequencies (AsdGammatone * self, double low)
{
  const double high = self->rate / 2.0, b = EAR_Q * MIN_BANDWIDTH;
  guint i;

  for (i = 1; i <= self->bands; i++)
    self->frequencies[self->bands - i] = -b + exp ((double) i / self->bands
        * (log (low + b) - log (high + b))) * (high + b);
}

/* |H| of one gammatone filter at the unit circle's points, with the gain at its
 * centre frequency normalised to one as in Slaney's MakeERBFilters. */
static void
fill_weights (const AsdGammatone * self, double frequency, double *weights)
{
  const double fs = self->rate, arg = 2 * G_PI * frequency / fs;
  const double bandwidth = 1.019 * 2 * G_PI * (frequency / EAR_Q
      + MIN_BANDWIDTH);
  const double decay = exp (-bandwidth / fs);
  const double root[4] = { sqrt (3 + pow (2, 1.5)), -sqrt (3 + pow (2, 1.5)),
    sqrt (3 - pow (2, 1.5)), -sqrt (3 - pow (2, 1.5))
  };
  const double complex centre = cexp (2 * I * arg);
  const double complex pole = decay * cexp (I * arg);
  double complex gain, z;
  double zero[4], value;
  gsize k, i;

  gain = 1 / fs / decay / (-decay + 1 + centre * (1 - 1 / decay));
  gain = gain * gain * gain * gain;
  for (i = 0; i < 4; i++) {
    zero[i] = cos (arg) + root[i] * sin (arg);
    gain *= centre - pole * zero[i];
  }
  for (k = 0; k < self->n_bins; k++) {
    z = cexp (2 * I * G_PI * k / self->nfft);
    value = pow (cabs (fs * (pole - z) * (conj (pole) - z)), -4) / cabs (gain);
    for (i = 0; i < 4; i++)
      value *= cabs (z - decay * zero[i]);
    weights[k] = value;
  }
}

static void
fill_tiles (AsdGammatone * self)
{
  g_autofree gsize *order = bin_order (self->nfft);
  gsize b, k;

  for (b = 0; b < self->bands; b++)
    for (k = 0; k < self->n_bins; k++)
      self->tiles[(b / TILE_BANDS * self->n_bins + k) * TILE_BANDS
          + b % TILE_BANDS] =
          self->weights[b * self->n_bins + order[k]] / self->nfft;
}

static void
fill_window (AsdGammatone * self, gsize half)
{
  gsize k;

  self->window_length = 2 * half - 1;
  self->window_offset = self->nfft / 2 - (half - 1);
  self->window = g_new (float, self->window_length);
  for (k = 0; k < half; k++)
    self->window[half - 1 + k] = self->window[half - 1 - k] =
        0.5 * (1 + cos (G_PI * k / half));
}

const char *
asd_gammatone_config_check (guint rate, guint bands, double low_frequency)
{
  if (rate < 4000 || rate > 192000)
    return "rate must be 4000 to 192000 Hz";
  if (bands < 1 || bands > 256)
    return "bands must be 1 to 256";
  if (!(low_frequency > 0 && low_frequency < rate / 2.0))
    return "low-frequency must be above 0 and below half the rate";
  return NULL;
}

AsdGammatone *
asd_gammatone_new (guint rate, guint bands, double low_frequency)
{
  AsdGammatone *self;
  gsize k;

  g_return_val_if_fail (asd_gammatone_config_check (rate, bands,
          low_frequency) == NULL, NULL);

  self = g_new0 (AsdGammatone, 1);
  self->rate = rate;
  self->bands = bands;
  for (self->nfft = 1; self->nfft < 0.020 * rate; self->nfft *= 2);
  self->n_bins = self->nfft / 2 + 1;
  self->hop = round (0.0025 * rate);
  self->stride = (bands + TILE_BANDS - 1) / TILE_BANDS * TILE_BANDS;
  fill_window (self, (gsize) round (0.010 * rate) / 2);

  self->frequencies = g_new (double, bands);
  fill_frequencies (self, low_frequency);
  self->weights = g_new (double, bands * self->n_bins);
  for (k = 0; k < bands; k++)
    fill_weights (self, self->frequencies[k], self->weights + k * self->n_bins);
  self->tiles = asd_simd_alloc (self->stride * self->n_bins);
  fill_tiles (self);

  self->cosine = g_new (float, self->nfft);
  self->sine = g_new (float, self->nfft);
  for (k = 0; k < self->nfft; k++) {
    self->cosine[k] = cos (2 * G_PI * k / self->nfft);
    self->sine[k] = -sin (2 * G_PI * k / self->nfft);
  }
  /* Behind the window the signal stays zero. */
  self->signal = (AsdVec *) asd_simd_alloc (self->nfft / 2 * ASD_LANES);
  self->re = (AsdVec *) asd_simd_alloc (self->nfft / 4 * ASD_LANES);
  self->im = (AsdVec *) asd_simd_alloc (self->nfft / 4 * ASD_LANES);
  self->magnitudes = (AsdVec *) asd_simd_alloc (self->n_bins * BLOCK);
  self->block = asd_simd_alloc (BLOCK * self->stride);
  return self;
}

void
asd_gammatone_free (AsdGammatone * self)
{
  if (self == NULL)
    return;
  g_free (self->frequencies);
  g_free (self->weights);
  g_free (self->window);
  g_free (self->cosine);
  g_free (self->sine);
  g_aligned_free (self->tiles);
  g_aligned_free (self->signal);
  g_aligned_free (self->re);
  g_aligned_free (self->im);
  g_aligned_free (self->magnitudes);
  g_aligned_free (self->block);
  g_free (self);
}

gsize
asd_gammatone_get_nfft (const AsdGammatone * self)
{
  return self->nfft;
}

gsize
asd_gammatone_get_hop (const AsdGammatone * self)
{
  return self->hop;
}

gsize
asd_gammatone_get_stride (const AsdGammatone * self)
{
  return self->stride;
}

gsize
asd_gammatone_get_n_columns (const AsdGammatone * self, gsize n)
{
  return n < self->nfft ? 0 : 1 + (n - self->nfft) / self->hop;
}

const double *
asd_gammatone_get_centre_frequencies (const AsdGammatone * self)
{
  return self->frequencies;
}

const double *
asd_gammatone_get_weights (const AsdGammatone * self)
{
  return self->weights;
}
