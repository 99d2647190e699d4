/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tuning.h"
#include "framefft.h"
#include "simd.h"

#include <math.h>
#include <string.h>

#define SIZE 2048
#define HOP 512
#define BINS (SIZE / 2 + 1)
#define LOW_FREQUENCY 150.0
#define HIGH_FREQUENCY 4000.0
/* Of the highest magnitude of the frame. */
#define THRESHOLD 0.1
/* A0, the octaves above which are counted. */
#define REFERENCE 27.5

struct _AsdTuning
{
  guint rate;
  gsize low, high;              /* bins that may be peaks: low <= k < high */
  AsdFrameFft *fft;
  gsize order[BINS];
  float *power;                 /* [bin][lane], then magnitudes */
  float *shift, *height;        /* [bin from low on][lane] */
  float *padded;                /* the clip, SIZE / 2 zeros before and behind */
  gsize padded_size;

  float *frequencies, *heights; /* of the peaks, the first in bins */
  gsize n_peaks, max_peaks;
};

AsdTuning *
asd_tuning_new (guint rate)
{
  AsdTuning *self = g_new0 (AsdTuning, 1);
  float window[SIZE];
  gsize i;

  self->rate = rate;
  /* Both ends have neighbours: 0 < low, and high is at most the last bin. */
  self->low = MAX (ceil (LOW_FREQUENCY * SIZE / rate), 1);
  self->high = MIN (ceil (HIGH_FREQUENCY * SIZE / rate), SIZE / 2);
  for (i = 0; i < SIZE; i++)
    window[i] = 0.5 - 0.5 * cos (2 * G_PI * i / SIZE);
  self->fft = asd_frame_fft_new (SIZE, window);
  asd_frame_fft_order (SIZE, self->order);
  for (i = 0; i < BINS; i++)
    self->order[i] = MIN (self->order[i], SIZE - self->order[i]);
  self->power = asd_vectors_alloc (BINS * self->fft->lanes);
  self->shift = asd_vectors_alloc (BINS * self->fft->lanes);
  self->height = asd_vectors_alloc (BINS * self->fft->lanes);
  return self;
}

void
asd_tuning_free (AsdTuning * self)
{
  if (self == NULL)
    return;
  asd_frame_fft_free (self->fft);
  g_aligned_free (self->power);
  g_aligned_free (self->shift);
  g_aligned_free (self->height);
  g_free (self->padded);
  g_free (self->frequencies);
  g_free (self->heights);
  g_free (self);
}

/* Powers in the order of the bins, and the largest of each lane. */
ASD_KERNEL
power_kernel (const float *real, const float *imaginary, const gsize *order,
    gsize lanes, float *power, float *largest)
{
  gsize i, l;

  for (l = 0; l < lanes; l++)
    largest[l] = 0;
  for (i = 0; i < BINS; i++) {
    const float *re = real + i * lanes, *im = imaginary +i * lanes;
    float *p = power + order[i] * lanes;

    for (l = 0; l < lanes; l++) {
      p[l] = re[l] * re[l] + im[l] * im[l];
      largest[l] = MAX (largest[l], p[l]);
    }
  }
}

ASD_DEFINE_KERNEL (compute_power, power_kernel,
    (const float *real, const float *imaginary, const gsize *order,
        gsize lanes, float *power, float *largest),
    (real, imaginary, order, lanes, power, largest))
/* In place the magnitudes of n values and of a neighbour more on both sides,
 * and what each would be as a peak. The neighbours are stride away. */
     ASD_KERNEL interpolate_kernel (float *m, gsize n, gsize stride,
    float *shifts, float *heights)
{
  const float *below = m, *above = m + 2 * stride, *here = m + stride;
  gsize i;

  for (i = 0; i < n + 2 * stride; i++)
    m[i] = sqrtf (m[i]);
  for (i = 0; i < n; i++) {
    float slope = (above[i] - below[i]) / 2;
    float bend = above[i] + below[i] - 2 * here[i];
    float shift = fabsf (slope) < fabsf (bend) ? -slope / bend : 0;

    shifts[i] = shift;
    heights[i] = here[i] + slope * shift / 2;
  }
}

ASD_DEFINE_KERNEL (interpolate, interpolate_kernel,
    (float *m, gsize n, gsize stride, float *shifts, float *heights),
    (m, n, stride, shifts, heights))
/* Adds the peaks of some frames. In noise every third bin is one, which no
 * branch can foresee. */
     static void
         collect_peaks (AsdTuning * self, gsize n_frames, const float *largest)
{
  const gsize lanes = self->fft->lanes, n_bins = self->high - self->low;
  float limits[ASD_MAX_LANES], *m = self->power + (self->low - 1) * lanes;
  gsize k, l, n = self->n_peaks;

  if (self->max_peaks < n + n_frames * n_bins) {
    self->max_peaks = 2 * (n + n_frames * n_bins);
    self->frequencies = g_renew (float, self->frequencies, self->max_peaks);
    self->heights = g_renew (float, self->heights, self->max_peaks);
  }
  interpolate (m, n_bins * lanes, lanes, self->shift, self->height);
  for (l = 0; l < n_frames; l++)
    limits[l] = THRESHOLD * sqrtf (largest[l]);
  for (k = 0; k < n_bins; k++) {
    m += lanes;
    for (l = 0; l < n_frames; l++) {
      self->frequencies[n] = self->low + k + self->shift[k * lanes + l];
      self->heights[n] = self->height[k * lanes + l];
      n += (m[l] > *(m + l - lanes)) & (m[l] >= m[l + lanes])
          & (m[l] > limits[l]);
    }
  }
  self->n_peaks = n;
}

/* What would be x[rank] if the positive x were sorted. They have the order of
 * their bits taken as integers, of which each pass settles some. */
static float
select_rank (const float *x, gsize n, gsize rank)
{
  static const guint shifts[] = { 21, 10, 0 };
  guint32 found = 0, known = 0, bits;
  float value;
  gsize pass, i;

  for (pass = 0; pass < G_N_ELEMENTS (shifts); pass++) {
    const guint shift = shifts[pass];
    gsize counts[2048] = { 0 };
    guint32 digit = 0;

    for (i = 0; i < n; i++) {
      memcpy (&bits, x + i, sizeof (bits));
      if ((bits & known) == found)
        counts[(bits & ~known) >> shift]++;
    }
    while (rank >= counts[digit])
      rank -= counts[digit++];
    found |= digit << shift;
    known |= G_MAXUINT32 << shift;
  }
  memcpy (&value, &found, sizeof (value));
  return value;
}

/* The lower edge of the fullest bin of the residuals. */
static double
fullest_bin (const AsdTuning * self)
{
  const double unit = (double) self->rate / SIZE / REFERENCE;
  guint counts[ASD_TUNING_STEPS] = { 0 };
  guint fullest = 0, bin;
  gsize i, n = 0;
  float median;

  if (self->n_peaks == 0)
    return 0;
  /* Of an even number of heights the median is between this one and the one
   * before, so the same peaks reach it. */
  median = select_rank (self->heights, self->n_peaks, self->n_peaks / 2);
  for (i = 0; i < self->n_peaks; i++) {
    self->frequencies[n] = self->frequencies[i];
    n += self->heights[i] >= median;
  }
  for (i = 0; i < n; i++) {
    double pitch = ASD_TUNING_BINS * log2 (unit * self->frequencies[i]) + 0.5;

    bin = (pitch - floor (pitch)) * ASD_TUNING_STEPS;
    counts[MIN (bin, ASD_TUNING_STEPS - 1)]++;
  }
  for (bin = 1; bin < ASD_TUNING_STEPS; bin++)
    if (counts[bin] > counts[fullest])
      fullest = bin;
  return (double) fullest / ASD_TUNING_STEPS - 0.5;
}

double
asd_tuning_estimate (AsdTuning * self, const float *samples, gsize n)
{
  const gsize n_frames = n > 0 ? 1 + n / HOP : 0;
  float largest[ASD_MAX_LANES];
  guint64 fpu = asd_denormals_off ();
  double tuning;
  gsize t;

  if (self->padded_size < n + SIZE) {
    g_free (self->padded);
    self->padded = g_new0 (float, n + SIZE);
    self->padded_size = n + SIZE;
  }
  if (n > 0)
    memcpy (self->padded + SIZE / 2, samples, n * sizeof (float));
  memset (self->padded + SIZE / 2 + n, 0, SIZE / 2 * sizeof (float));

  self->n_peaks = 0;
  for (t = 0; t < n_frames; t += self->fft->lanes) {
    asd_frame_fft_process (self->fft, self->padded, HOP, t, n_frames);
    compute_power (self->fft->real, self->fft->imaginary, self->order,
        self->fft->lanes, self->power, largest);
    collect_peaks (self, MIN (self->fft->lanes, n_frames - t), largest);
  }
  tuning = fullest_bin (self);
  asd_denormals_restore (fpu);
  return tuning;
}
