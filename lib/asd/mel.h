/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_MEL_H__
#define __ASD_MEL_H__

#include <glib.h>

G_BEGIN_DECLS

/**
 * AsdMelScale:
 * @ASD_MEL_SCALE_HTK: 2595 log10 (1 + f / 700), of the HTK Book
 * @ASD_MEL_SCALE_SLANEY: linear below 1 kHz, logarithmic above, of Slaney's
 *     Auditory Toolbox (1998); librosa's default
 */
typedef enum
{
  ASD_MEL_SCALE_HTK,
  ASD_MEL_SCALE_SLANEY,
} AsdMelScale;

/**
 * AsdMelNorm:
 * @ASD_MEL_NORM_NONE: triangles with a peak of 1
 * @ASD_MEL_NORM_SLANEY: triangles with an area of 1 over Hz
 */
typedef enum
{
  ASD_MEL_NORM_NONE,
  ASD_MEL_NORM_SLANEY,
} AsdMelNorm;

/**
 * AsdMelConfig:
 * @rate: samples per second, 1000 to 192000
 * @n_fft: samples of the transform, even, 16 to 65536
 * @bands: 1 to 512, none so narrow that it lies between two bins
 * @low_frequency: lower end of the lowest band in Hz, 0 or above
 * @high_frequency: upper end of the highest, at most @rate / 2
 * @grid: 0 for triangles at their exact places; else their ends and peaks f are
 *     moved to the bins floor (@grid f / @rate), as speechpy does. @n_fft + 1
 *     at most.
 */
typedef struct
{
  guint rate;
  guint n_fft;
  guint bands;
  double low_frequency;
  double high_frequency;
  AsdMelScale scale;
  AsdMelNorm norm;
  guint grid;
} AsdMelConfig;

/**
 * AsdMel:
 *
 * Triangular filters whose ends and centres are equally spaced on a mel scale,
 * evaluated at the bins of a spectrum as librosa.filters.mel() and torchaudio's
 * melscale_fbanks() do. Immutable: threads may share it.
 */
typedef struct _AsdMel AsdMel;

/**
 * asd_mel_from_hz:
 * @hz: a frequency, 0 or above
 *
 * Returns: its place on the scale
 */
double asd_mel_from_hz (AsdMelScale scale, double hz);

/**
 * asd_mel_config_check:
 *
 * Returns: NULL, or a text that names what is out of range and its range
 */
const char *asd_mel_config_check (const AsdMelConfig *config);

/**
 * asd_mel_new:
 * @config: for which asd_mel_config_check() returns NULL
 *
 * Returns: (transfer full): free with asd_mel_free()
 */
AsdMel *asd_mel_new (const AsdMelConfig *config);

/**
 * asd_mel_new_for_length:
 * @config: for which asd_mel_config_check() returns NULL
 * @length: samples of a frame, the others of its transform being zero
 * @n_fft: (out): size of the transform to use, at most that of @config
 *
 * Filters that give the energies of @config from powers (not magnitudes) of a
 * smaller transform. For the power of @length samples is a trigonometric
 * polynomial of degree @length - 1, which any 2 @length - 1 of its values
 * determine: the filters are interpolated by a sinc with a Gaussian window. This
 * errs by less than 1e-8 of the largest energy around, which floats are far from
 * resolving; an energy may be below 0 by as much. Where no transform of half the
 * size or less would do, it is asd_mel_new().
 *
 * Returns: (transfer full): free with asd_mel_free()
 */
AsdMel *asd_mel_new_for_length (const AsdMelConfig *config, guint length,
    guint *n_fft);
void asd_mel_free (AsdMel *self);

/**
 * asd_mel_config_get_edges:
 * @config: for which asd_mel_config_check() returns NULL
 * @low: (out): frequency in Hz at which the triangle of a band has risen to half
 *     its height
 * @high: (out): and has fallen to half of it
 */
void asd_mel_config_get_edges (const AsdMelConfig *config, guint band,
    double *low, double *high);

/**
 * asd_mel_get_weights:
 * @weights: (out): bands x (n_fft / 2 + 1) values, row-major
 */
void asd_mel_get_weights (const AsdMel *self, double *weights);

/**
 * asd_mel_process:
 * @spectrum: n_fft / 2 + 1 powers or magnitudes
 * @energies: (out): one weighted sum for each band
 */
void asd_mel_process (const AsdMel *self, const float *spectrum,
    double *energies);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdMel, asd_mel_free)

G_END_DECLS

#endif /* __ASD_MEL_H__ */
