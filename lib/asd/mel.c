/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "mel.h"
#include "simd.h"

#include <math.h>
#include <string.h>

/* Slaney's scale: 200/3 Hz for a mel up to 1 kHz, then 27 mels for a factor of
 * 6.4. */
#define SLANEY_HZ (200 / 3.0)
#define SLANEY_KNEE 1000.0
#define SLANEY_STEP (log (6.4) / 27)

/* The bins that a band covers. */
typedef struct
{
  guint first, n;
  gsize offset;                 /* of its weights */
} Band;

struct _AsdMel
{
  guint bands, n_bins;
  Band *band;
  float *weights;               /* those that are not zero, band after band */
};

static double
hz_to_mel (AsdMelScale scale, double hz)
{
  if (scale == ASD_MEL_SCALE_HTK)
    return 2595 * log10 (1 + hz / 700);
  if (hz < SLANEY_KNEE)
    return hz / SLANEY_HZ;
  return SLANEY_KNEE / SLANEY_HZ + log (hz / SLANEY_KNEE) / SLANEY_STEP;
}

static double
mel_to_hz (AsdMelScale scale, double mel)
{
  if (scale == ASD_MEL_SCALE_HTK)
    return 700 * (pow (10, mel / 2595) - 1);
  if (mel < SLANEY_KNEE / SLANEY_HZ)
    return mel * SLANEY_HZ;
  return SLANEY_KNEE * exp ((mel - SLANEY_KNEE / SLANEY_HZ) * SLANEY_STEP);
}

/* Left end, peak and right end of a band in Hz. */
static void
band_points (const AsdMelConfig * config, guint band, double points[3])
{
  double low = hz_to_mel (config->scale, config->low_frequency);
  double high = hz_to_mel (config->scale, config->high_frequency);
  guint i;

  for (i = 0; i < 3; i++) {
    points[i] = mel_to_hz (config->scale, low + (high - low) * (band + i)
        / (config->bands + 1));
    /* Half the rate may be a whole bin, and rounding errors put it below that in
     * speechpy at 16 kHz. Here it is below always. */
    if (config->grid > 0)
      points[i] = floor (config->grid * points[i] / config->rate
          * (1 - 1e-12)) * config->rate / config->n_fft;
  }
}

void
asd_mel_config_get_edges (const AsdMelConfig * config, guint band, double *low,
    double *high)
{
  double points[3];

  band_points (config, band, points);
  *low = (points[0] + points[1]) / 2;
  *high = (points[1] + points[2]) / 2;
}

/* Whether a bin lies inside the band, where its weight is above zero. */
static gboolean
covers_a_bin (const AsdMelConfig * config, guint band)
{
  double points[3];

  band_points (config, band, points);
  if (config->grid > 0)
    return points[2] > points[0];
  return (floor (points[0] * config->n_fft / config->rate) + 1) * config->rate
      < points[2] * config->n_fft;
}

const char *
asd_mel_config_check (const AsdMelConfig * config)
{
  guint i;

  if (config->rate < 1000 || config->rate > 192000)
    return "rate must be 1000 to 192000 Hz";
  if (config->n_fft < 16 || config->n_fft > 65536 || config->n_fft % 2 != 0)
    return "n-fft must be even and 16 to 65536";
  if (config->bands < 1 || config->bands > 512)
    return "bands must be 1 to 512";
  if (!(config->low_frequency >= 0))
    return "low-frequency must be 0 Hz or above";
  if (!(config->high_frequency > config->low_frequency))
    return "high-frequency must be above low-frequency";
  if (!(config->high_frequency <= config->rate / 2.0))
    return "high-frequency must be at most half the rate";
  if (config->grid > config->n_fft + 1)
    return "grid must be at most n-fft + 1";
  for (i = 0; i < config->bands; i++)
    if (!covers_a_bin (config, i))
      return "bands are so many that one lies between two bins of the "
          "spectrum: set fewer bands, or take longer frames";
  return NULL;
}

/* The weight at a frequency, 0 or less outside. On a grid the peak may be an
 * end too. */
static double
triangle (const double points[3], double hz)
{
  if (hz == points[1])
    return 1;
  if (hz < points[1])
    return (hz - points[0]) / (points[1] - points[0]);
  return (points[2] - hz) / (points[2] - points[1]);
}

AsdMel *
asd_mel_new (const AsdMelConfig * config)
{
  AsdMel *self;
  gsize n_weights = 0;
  guint b, k;

  g_return_val_if_fail (asd_mel_config_check (config) == NULL, NULL);

  self = g_new0 (AsdMel, 1);
  self->bands = config->bands;
  self->n_bins = config->n_fft / 2 + 1;
  self->band = g_new0 (Band, self->bands);
  /* A bin lies in two bands at most. */
  self->weights = g_new (float, 2 * self->n_bins);
  for (b = 0; b < self->bands; b++) {
    Band *band = &self->band[b];
    double points[3], scale;

    band_points (config, b, points);
    scale = config->norm == ASD_MEL_NORM_SLANEY ?
        2 / (points[2] - points[0]) : 1;
    band->offset = n_weights;
    for (k = 0; k < self->n_bins; k++) {
      double weight = triangle (points, (double) k * config->rate
          / config->n_fft);

      if (weight <= 0)
        continue;
      if (band->n == 0)
        band->first = k;
      band->n++;
      self->weights[n_weights++] = scale * weight;
    }
  }
  return self;
}

/* Takes over the weights, [band][bin]. */
static AsdMel *
new_from_weights (guint bands, guint n_bins, double *weights)
{
  AsdMel *self = g_new0 (AsdMel, 1);
  gsize n_weights = 0;
  guint b, k;

  self->bands = bands;
  self->n_bins = n_bins;
  self->band = g_new0 (Band, bands);
  self->weights = g_new (float, (gsize) bands * n_bins);
  for (b = 0; b < bands; b++) {
    const double *row = weights + (gsize) b * n_bins;
    Band *band = &self->band[b];
    guint end = n_bins;

    while (row[band->first] == 0)
      band->first++;
    while (row[end - 1] == 0)
      end--;
    band->n = end - band->first;
    band->offset = n_weights;
    for (k = band->first; k < end; k++)
      self->weights[n_weights++] = row[k];
  }
  self->weights = g_renew (float, self->weights, n_weights);
  g_free (weights);
  return self;
}

/* Adds the share that bin k of the band's own transform has in the bins of a
 * transform of size points: sinc (x - j) within a Gaussian. Both ends of the
 * spectrum are mirrors. */
static void
spread (double weight, double x, int size, double deviation, double *row)
{
  /* What is left beyond this is below 3e-7. */
  const int reach = ceil (5.5 * deviation), centre = lround (x);
  const double sine = sin (G_PI * (x - centre)) / G_PI;
  int j;

  for (j = centre - reach; j <= centre + reach; j++) {
    double d = x - j;
    double share = d == 0 ? 1 : ((j - centre) % 2 == 0 ? sine : -sine) / d;

    row[abs (j) <= size / 2 ? abs (j) : size - abs (j)] +=
        weight * share * exp (-d * d / (2 * deviation * deviation));
  }
}

AsdMel *
asd_mel_new_for_length (const AsdMelConfig * config, guint length, guint *n_fft)
{
  AsdMel *exact = asd_mel_new (config), *self;
  double *weights, deviation;
  guint size, n_bins, b, k;

  /* The powers fill at most 8/9 of the range that the bins determine. */
  for (size = 16; size < 2.25 * length; size *= 2);
  *n_fft = config->n_fft;
  if (size > config->n_fft / 2)
    return exact;

  /* The gap around the limit is ten standard deviations of the Gaussian's own
   * spectrum wide: 3e-7 of the powers pass on the wrong side. */
  deviation = 5 / (G_PI * (1 - 2. * length / size));
  n_bins = size / 2 + 1;
  weights = g_new0 (double, (gsize) exact->bands * n_bins);
  for (b = 0; b < exact->bands; b++) {
    const Band *band = &exact->band[b];

    for (k = 0; k < band->n; k++)
      spread (exact->weights[band->offset + k],
          (double) (band->first + k) * size / config->n_fft, size, deviation,
          weights + (gsize) b * n_bins);
  }
  self = new_from_weights (exact->bands, n_bins, weights);
  asd_mel_free (exact);
  *n_fft = size;
  return self;
}

void
asd_mel_free (AsdMel * self)
{
  if (self == NULL)
    return;
  g_free (self->band);
  g_free (self->weights);
  g_free (self);
}

void
asd_mel_get_weights (const AsdMel * self, double *weights)
{
  guint b, i;

  memset (weights, 0, (gsize) self->bands * self->n_bins * sizeof (double));
  for (b = 0; b < self->bands; b++, weights += self->n_bins)
    for (i = 0; i < self->band[b].n; i++)
      weights[self->band[b].first + i] =
          self->weights[self->band[b].offset + i];
}

ASD_KERNEL
process_kernel (const AsdMel * self, const float *spectrum, double *energies)
{
  guint b, i, l;

  for (b = 0; b < self->bands; b++) {
    const guint n = self->band[b].n;
    const float *x = spectrum + self->band[b].first;
    const float *w = self->weights + self->band[b].offset;
    double sums[4] = { 0 };

    for (i = 0; i + 4 <= n; i += 4)
      for (l = 0; l < 4; l++)
        sums[l] += (double) w[i + l] * x[i + l];
    for (; i < n; i++)
      sums[0] += (double) w[i] * x[i];
    energies[b] = sums[0] + sums[1] + sums[2] + sums[3];
  }
}

ASD_DEFINE_KERNEL (process, process_kernel,
    (const AsdMel * self, const float *spectrum, double *energies),
    (self, spectrum, energies))
     void asd_mel_process (const AsdMel * self, const float *spectrum,
    double *energies)
{
  process (self, spectrum, energies);
}

double
asd_mel_from_hz (AsdMelScale scale, double hz)
{
  return hz_to_mel (scale, hz);
}
