/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "cqt.h"
#include "fft.h"
#include "framefft.h"
#include "simd.h"
#include "tuning.h"

#include <math.h>
#include <string.h>

#define PER_OCTAVE ASD_CQT_BINS_PER_OCTAVE
#define LOWEST 32.70319566257483        /* C1 in Hz */
/* Bandwidth of a Hann window in bins, as librosa has it. */
#define HANN_BANDWIDTH 1.50018310546875
/* Part of a filter's magnitudes that is dropped. */
#define SPARSITY 0.01
/* The low-pass before every second sample is dropped is that of soxr's HQ, as
 * librosa has it: it passes up to 0.913 of the new Nyquist frequency and stops
 * from there on. The constant-Q filters are not perfectly selective: one that
 * lets half of the amplitude through at the Nyquist frequency would change
 * chroma by 1e-3. But it may end where its window has become small. */
#define HALF_TAPS 159
#define CUTOFF 0.9567
#define PASSBAND 0.913
#define KAISER_HALF_LENGTH 191
#define KAISER_BETA 12.3
#define N_TAPS (HALF_TAPS + 1)  /* of each phase */
#define PHASE_PADDING (N_TAPS / 2)

typedef struct
{
  double tuning;
  AsdSparseRow rows[PER_OCTAVE];
  AsdSparseWeight *weights;
} Filters;

struct _AsdCqt
{
  guint hop;                    /* after the early halvings */
  guint n_halvings;             /* before the first octave */
  double rate;                  /* of the first octave */
  guint full_hop;
  AsdFrameFft *fft;
  gsize *places;                /* [bin], where the FFT leaves it */
  gboolean *conjugate;          /* [bin], whether it leaves the conjugate */
  /* One for each tuning that is estimated, and one for any other. */
  Filters *filters[ASD_TUNING_STEPS + 1];

  float taps[2 * N_TAPS];       /* even, odd, even, ... */
  gsize size;                   /* samples that there is room for */
  float *signal;                /* n_fft / 2 zeros before and behind */
  float *even, *odd;            /* PHASE_PADDING zeros before and behind */
  float *half;
  float *block;                 /* [filter][lane] */
};

static double
relative_bandwidth (void)
{
  const double step = pow (2, 2.0 / PER_OCTAVE);

  return (step - 1) / (step + 1);
}

/* How high the highest filter reaches. */
static double
highest_frequency (double tuning)
{
  return LOWEST * pow (2, (ASD_CQT_BINS - 1 + tuning) / PER_OCTAVE)
      * (1 + 0.5 * HANN_BANDWIDTH * relative_bandwidth ());
}

/* Samples of filter b of the highest octave at a rate. */
static double
filter_length (double rate, guint b, double tuning)
{
  return rate / (relative_bandwidth () * LOWEST * pow (2, ASD_CQT_OCTAVES - 1
          + (b + tuning) / PER_OCTAVE));
}

const char *
asd_cqt_config_check (guint rate, guint hop)
{
  if (rate > 192000 || PASSBAND * rate / 2 < highest_frequency (0.5))
    return
        "rate must be 9214 to 192000 Hz, or the highest of 7 octaves from C1 "
        "on does not fit: convert to 16000 Hz, as with audioresample";
  if (hop < 64 || hop > 65536 || hop % 64 != 0)
    return "hop must be a multiple of 64 samples from 64 to 65536, as it is "
        "halved for each octave";
  return NULL;
}

/* The modified Bessel function I0 of Kaiser's window, by its series. */
static double
bessel_i0 (double x)
{
  double term = 1, sum = 1;
  guint k;

  for (k = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

/* Times sqrt (2), which keeps the energy when half of the samples go. */
static void
fill_taps (AsdCqt * self)
{
  double taps[2 * N_TAPS] = { 0 }, sum = 0;
  gint i;

  /* Tap i weighs sample 2t + i; none in front makes the phases as long. */
  for (i = -HALF_TAPS; i <= HALF_TAPS; i++) {
    double x = G_PI * CUTOFF / 2 * i, r = (double) i / KAISER_HALF_LENGTH;

    taps[i + HALF_TAPS + 1] = (i == 0 ? 1 : sin (x) / x)
        * bessel_i0 (KAISER_BETA * sqrt (1 - r * r));
    sum += taps[i + HALF_TAPS + 1];
  }
  for (i = 0; i < 2 * N_TAPS; i++)
    self->taps[i] = taps[i] * G_SQRT2 / sum;
}

AsdCqt *
asd_cqt_new (guint rate, guint hop)
{
  AsdCqt *self;
  g_autofree gsize *order = NULL;
  gsize n_fft, i;

  g_return_val_if_fail (asd_cqt_config_check (rate, hop) == NULL, NULL);

  self = g_new0 (AsdCqt, 1);
  self->full_hop = self->hop = hop;
  self->rate = rate;
  /* librosa leaves an octave of room above, and six halvings of the hop. */
  while (self->rate / 2 > 4 * highest_frequency (0) && self->hop % 128 == 0) {
    self->rate /= 2;
    self->hop /= 2;
    self->n_halvings++;
  }
  for (n_fft = 16; n_fft < filter_length (self->rate, 0, -0.5);)
    n_fft *= 2;
  self->fft = asd_frame_fft_new (n_fft, NULL);
  order = g_new (gsize, n_fft / 2 + 1);
  asd_frame_fft_order (n_fft, order);
  self->places = g_new (gsize, n_fft / 2 + 1);
  self->conjugate = g_new (gboolean, n_fft / 2 + 1);
  for (i = 0; i <= n_fft / 2; i++) {
    self->places[MIN (order[i], n_fft - order[i])] = i;
    self->conjugate[MIN (order[i], n_fft - order[i])] = order[i] > n_fft / 2;
  }
  fill_taps (self);
  self->block = asd_vectors_alloc (PER_OCTAVE * self->fft->lanes);
  return self;
}

static void
filters_free (Filters * filters)
{
  if (filters == NULL)
    return;
  g_free (filters->weights);
  g_free (filters);
}

static void
free_signals (AsdCqt * self)
{
  g_aligned_free (self->signal);
  g_aligned_free (self->even);
  g_aligned_free (self->odd);
  g_aligned_free (self->half);
}

void
asd_cqt_free (AsdCqt * self)
{
  gsize i;

  if (self == NULL)
    return;
  for (i = 0; i < G_N_ELEMENTS (self->filters); i++)
    filters_free (self->filters[i]);
  asd_frame_fft_free (self->fft);
  g_free (self->places);
  g_free (self->conjugate);
  g_aligned_free (self->block);
  free_signals (self);
  g_free (self);
}

gsize
asd_cqt_get_n_frames (const AsdCqt * self, gsize n)
{
  return n > 0 ? 1 + n / self->full_hop : 0;
}

gsize
asd_cqt_get_frame_length (const AsdCqt * self)
{
  return self->fft->size << (ASD_CQT_OCTAVES - 1 + self->n_halvings);
}

/* Adds the spectrum of the filter's cosine, or, turned by 90 degrees, of its
 * sine. */
static void
add_part (AsdFft * fft, gint first, const double *window, gint n,
    double radians, gboolean sine, double (*spectrum)[2])
{
  const gsize middle = (fft->size - n) / 2;
  gsize k;
  gint i;

  memset (fft->samples, 0, fft->size * sizeof (float));
  for (i = 0; i < n; i++)
    fft->samples[middle + i] = window[i] * (sine ? sin (radians * (first + i))
        : cos (radians * (first + i)));
  asd_fft_forward (fft);
  for (k = 0; k <= fft->size / 2; k++) {
    spectrum[k][0] += sine ? -fft->spectrum[k][1] : fft->spectrum[k][0];
    spectrum[k][1] += sine ? fft->spectrum[k][0] : fft->spectrum[k][1];
  }
}

/* The spectrum of filter b, n_fft / 2 + 1 bins. */
static void
make_filter (const AsdCqt * self, AsdFft * fft, guint b, double tuning,
    double (*spectrum)[2])
{
  const double length = filter_length (self->rate, b, tuning);
  const gint first = floor (-length / 2), n = floor (length / 2) - first;
  const double radians = 2 * G_PI / (relative_bandwidth () * length);
  g_autofree double *window = g_new (double, n);
  double sum = 0;
  gint i;

  for (i = 0; i < n; i++) {
    window[i] = 0.5 - 0.5 * cos (2 * G_PI * i / n);
    sum += window[i];
  }
  for (i = 0; i < n; i++)
    window[i] *= sqrt (length) / fft->size / sum;
  memset (spectrum, 0, (fft->size / 2 + 1) * sizeof (*spectrum));
  add_part (fft, first, window, n, radians, FALSE, spectrum);
  add_part (fft, first, window, n, radians, TRUE, spectrum);
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* The magnitude below which bins are dropped. */
static double
smallest_kept (double (*spectrum)[2], gsize n_bins)
{
  g_autofree double *sorted = g_new (double, n_bins);
  double total = 0, sum = 0;
  gsize k;

  for (k = 0; k < n_bins; k++) {
    sorted[k] = hypot (spectrum[k][0], spectrum[k][1]);
    total += sorted[k];
  }
  qsort (sorted, n_bins, sizeof (double), compare_doubles);
  for (k = 0; k < n_bins; k++) {
    sum += sorted[k];
    if (sum >= SPARSITY * total)
      break;
  }
  return sorted[k];
}

static Filters *
filters_new (const AsdCqt * self, double tuning)
{
  const gsize n_bins = self->fft->size / 2 + 1;
  Filters *filters = g_new (Filters, 1);
  AsdSparseWeight *next = g_new (AsdSparseWeight, PER_OCTAVE * n_bins);
  g_autofree double (*spectrum)[2] = g_malloc_n (n_bins, sizeof (*spectrum));
  g_autoptr (AsdFft) fft = asd_fft_new (self->fft->size);
  guint b;
  gsize k, n;

  filters->tuning = tuning;
  filters->weights = next;
  for (b = 0; b < PER_OCTAVE; b++) {
    double smallest;

    make_filter (self, fft, b, tuning, spectrum);
    smallest = smallest_kept (spectrum, n_bins);
    filters->rows[b].weights = next;
    for (k = 0; k < n_bins; k++) {
      const double re = spectrum[k][0], im = spectrum[k][1];
      const double sign = self->conjugate[k] ? -1 : 1;

      if (hypot (re, im) >= smallest)
        *next++ = (AsdSparseWeight) {
        self->places[k], re, sign * im, sign * re, im};
    }
    filters->rows[b].n_weights = next - filters->rows[b].weights;
  }
  /* Few are left of all the bins. */
  n = next - filters->weights;
  next = g_renew (AsdSparseWeight, filters->weights, n);
  for (b = 0; b < PER_OCTAVE; b++)
    filters->rows[b].weights = next + (filters->rows[b].weights
        - filters->weights);
  filters->weights = next;
  return filters;
}

static const Filters *
get_filters (AsdCqt * self, double tuning)
{
  double step = round ((tuning + 0.5) * ASD_TUNING_STEPS);
  Filters **filters;

  if (step / ASD_TUNING_STEPS - 0.5 == tuning)
    filters = &self->filters[(gsize) step];
  else
    filters = &self->filters[ASD_TUNING_STEPS];
  if (*filters == NULL || (*filters)->tuning != tuning) {
    filters_free (*filters);
    *filters = filters_new (self, tuning);
  }
  return *filters;
}

static void
reserve (AsdCqt * self, gsize n)
{
  const gsize phase = n / 2 + 1 + 2 * PHASE_PADDING + ASD_DECIMATE_PADDING;

  if (self->size >= n && self->signal != NULL)
    return;
  free_signals (self);
  self->size = n;
  self->signal = asd_vectors_alloc (n + self->fft->size);
  self->even = asd_vectors_alloc (phase);
  self->odd = asd_vectors_alloc (phase);
  self->half = asd_vectors_alloc (n / 2 + 1 + ASD_DECIMATE_PADDING);
}

/* Halves the rate of the n samples of the signal; returns how many are left. */
static gsize
halve (AsdCqt * self, gsize n)
{
  float *x = self->signal + self->fft->size / 2;
  float *even = self->even + PHASE_PADDING, *odd = self->odd + PHASE_PADDING;
  const gsize n_half = (n + 1) / 2, behind = PHASE_PADDING
      + ASD_DECIMATE_PADDING;
  gsize i;

  for (i = 0; i < n / 2; i++) {
    even[i] = x[2 * i];
    odd[i] = x[2 * i + 1];
  }
  odd[n_half - 1] = 0;
  if (n % 2 != 0)
    even[n_half - 1] = x[n - 1];
  else
    odd[n_half - 1] = x[n - 1];
  memset (even + n_half, 0, behind * sizeof (float));
  memset (odd + n_half, 0, behind * sizeof (float));
  self->fft->kernels->decimate (self->even, self->odd, self->taps, N_TAPS,
      n_half, self->half);
  memcpy (x, self->half, n_half * sizeof (float));
  memset (x + n_half, 0, self->fft->size / 2 * sizeof (float));
  return n_half;
}

/* The filters of one octave in n_frames frames, frame after frame. */
static void
process_octave (AsdCqt * self, const Filters * filters, gsize hop,
    gsize n_frames, float *magnitudes)
{
  const gsize lanes = self->fft->lanes;
  gsize t, l, b;

  for (t = 0; t < n_frames; t += lanes) {
    asd_frame_fft_process (self->fft, self->signal, hop, t, n_frames);
    self->fft->kernels->project (filters->rows, PER_OCTAVE, self->fft->real,
        self->fft->imaginary, self->block);
    for (l = 0; l < MIN (lanes, n_frames - t); l++)
      for (b = 0; b < PER_OCTAVE; b++)
        magnitudes[(t + l) * ASD_CQT_BINS + b] = self->block[b * lanes + l];
  }
}

void
asd_cqt_process (AsdCqt * self, const float *samples, gsize n, double tuning,
    float *magnitudes)
{
  const gsize n_frames = asd_cqt_get_n_frames (self, n);
  const gsize pad = self->fft->size / 2;
  const Filters *filters;
  gsize hop = self->hop;
  guint64 fpu;
  guint i;

  if (n_frames == 0)
    return;
  filters = get_filters (self, tuning);
  reserve (self, n);
  memcpy (self->signal + pad, samples, n * sizeof (float));
  memset (self->signal + pad + n, 0, pad * sizeof (float));
  fpu = asd_denormals_off ();
  for (i = 0; i < self->n_halvings; i++)
    n = halve (self, n);
  /* Longer filters are in proportion to sqrt (length), and so is the signal by
   * sqrt (2) for every halving: the same filters serve all octaves. */
  for (i = 0; i < ASD_CQT_OCTAVES; i++, hop /= 2) {
    if (i > 0)
      n = halve (self, n);
    process_octave (self, filters, hop, n_frames,
        magnitudes + (ASD_CQT_OCTAVES - 1 - i) * PER_OCTAVE);
  }
  asd_denormals_restore (fpu);
}
