/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gammatone.h"
#include "framefft.h"
#include "kernels.h"
#include "simd.h"

#include <complex.h>
#include <math.h>
#include <string.h>

/* Columns whose magnitudes are held at once. */
#define BLOCK 32

struct _AsdGammatone
{
  guint rate, bands;
  gsize nfft, n_bins, window_length, window_offset, hop, stride;
  double *frequencies;
  double *weights;

  float *window;                /* the non-zero part */
  float *cosine, *sine;         /* exp (-2 pi i k / nfft) */
  const AsdKernels *kernels;
  float *signal;                /* [point][lane]: one column in each lane */
  float *scratch;
  float *magnitudes;            /* [column / lanes][bin as it comes][lane] */
  float *tiles;                 /* [band tile][bin as it comes][band] */
  float *block;                 /* a last group of fewer columns */
};

/* The bin of 0 .. nfft / 2 of each magnitude of the spectrum kernel. */
static gsize *
bin_order (gsize nfft)
{
  gsize *order = g_new (gsize, nfft / 2 + 1), j;

  asd_frame_fft_order (nfft, order);
  for (j = 0; j <= nfft / 2; j++)
    order[j] = MIN (order[j], nfft - order[j]);
  return order;
}

/* The magnitudes of one column in each lane, from @first on; columns from @end
 * on repeat the last one. */
static void
transform (AsdGammatone * self, const float *samples, gsize first, gsize end,
    float *magnitudes)
{
  const AsdKernels *kernels = self->kernels;
  const float *sources[ASD_MAX_LANES];
  gsize l;

  for (l = 0; l < kernels->lanes; l++)
    sources[l] = samples + MIN (first + l, end - 1) * self->hop
        + self->window_offset;
  kernels->load (sources, self->window, self->window_length, self->signal);
  kernels->spectrum (self->nfft, self->cosine, self->sine, self->signal,
      self->scratch, magnitudes);
}

void
asd_gammatone_process (AsdGammatone * self, const float *samples, gsize n,
    gsize first, gsize n_columns, float *columns)
{
  const gsize stride = self->stride, lanes = self->kernels->lanes;
  gsize end, count, t;
  float *product;
  guint64 fpu;

  g_return_if_fail (first + n_columns <= asd_gammatone_get_n_columns (self, n));

  fpu = asd_denormals_off ();
  /* As the loop of the reference: for start in range (0, n - nfft, hop). */
  end = n > self->nfft ? (n - self->nfft + self->hop - 1) / self->hop : 0;
  end = MIN (end, first + n_columns);
  for (; first < end; first += count) {
    count = MIN (end - first, BLOCK);
    for (t = 0; t < count; t += lanes)
      transform (self, samples, first + t, end,
          self->magnitudes + t * self->n_bins);
    product = t == count ? columns : self->block;
    self->kernels->product (self->tiles, self->n_bins, self->magnitudes,
        t / lanes, product, stride);
    if (product != columns)
      memcpy (columns, product, count * stride * sizeof (float));
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
  const gsize width = self->kernels->tile_bands;
  gsize b, k;

  self->tiles = asd_vectors_alloc (self->stride * self->n_bins);
  for (b = 0; b < self->bands; b++)
    for (k = 0; k < self->n_bins; k++)
      self->tiles[(b / width * self->n_bins + k) * width + b % width] =
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
  self->kernels = asd_kernels_get ();
  self->rate = rate;
  self->bands = bands;
  for (self->nfft = 1; self->nfft < 0.020 * rate; self->nfft *= 2);
  self->n_bins = self->nfft / 2 + 1;
  self->hop = round (0.0025 * rate);
  self->stride = (bands + ASD_BAND_PADDING - 1) / ASD_BAND_PADDING
      * ASD_BAND_PADDING;
  fill_window (self, (gsize) round (0.010 * rate) / 2);

  self->frequencies = g_new (double, bands);
  fill_frequencies (self, low_frequency);
  self->weights = g_new (double, bands * self->n_bins);
  for (k = 0; k < bands; k++)
    fill_weights (self, self->frequencies[k], self->weights + k * self->n_bins);
  fill_tiles (self);

  self->cosine = g_new (float, self->nfft);
  self->sine = g_new (float, self->nfft);
  for (k = 0; k < self->nfft; k++) {
    self->cosine[k] = cos (2 * G_PI * k / self->nfft);
    self->sine[k] = -sin (2 * G_PI * k / self->nfft);
  }
  /* Behind the window the signal stays zero. */
  self->signal = asd_vectors_alloc (self->nfft / 2 * self->kernels->lanes);
  self->scratch = asd_vectors_alloc (self->nfft / 2 * self->kernels->lanes);
  self->magnitudes = asd_vectors_alloc (self->n_bins * BLOCK);
  self->block = asd_vectors_alloc (BLOCK * self->stride);
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
  g_aligned_free (self->scratch);
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

void
asd_gammatone_get_edges (const AsdGammatone * self, guint band, double *low,
    double *high)
{
  const double f = self->frequencies[band];
  const double width = MIN_BANDWIDTH + f / EAR_Q;

  *low = f - width / 2;
  *high = MIN (f + width / 2, self->rate / 2.0);
}

const double *
asd_gammatone_get_weights (const AsdGammatone * self)
{
  return self->weights;
}
