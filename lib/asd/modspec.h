/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_MODSPEC_H__
#define __ASD_MODSPEC_H__

#include <asd/explanation.h>

G_BEGIN_DECLS

/* Modulation bands of every modulation spectrum. */
#define ASD_MODSPEC_MODULATION_BANDS 8

/**
 * AsdModspecConfig:
 * @rate: samples per second, 4000 to 192000
 * @bands: gammatone bands, 1 to 256
 * @low_frequency: centre frequency of the lowest band in Hz, below @rate / 2
 * @modulation_low: centre frequency of the lowest modulation filter in Hz
 * @modulation_high: that of the highest, above @modulation_low and below half
 *     the rate of the envelopes (one value in 2.5 ms: 200 Hz)
 */
typedef struct
{
  guint rate;
  guint bands;
  double low_frequency;
  double modulation_low;
  double modulation_high;
} AsdModspecConfig;

#define ASD_MODSPEC_CONFIG_INIT { 16000, 60, 125, 4, 128 }

/**
 * AsdModspec:
 *
 * The modulation spectrum of Falk, Zheng and Chan, "A non-intrusive quality and
 * intelligibility measure of reverberant and dereverberated speech" (2010), as
 * the fast path of SRMRpy computes it: the envelopes of a gammatonegram, each
 * through eight second-order band-passes of quality 2, and the energy of the
 * outputs in Hamming windows of 256 ms every 64 ms.
 *
 * One object serves one thread at a time; make one for each. The energies
 * depend on the samples alone, to the last bit.
 */
typedef struct _AsdModspec AsdModspec;

/**
 * asd_modspec_config_check:
 *
 * Returns: NULL, or a text that names the property out of range and its range
 */
const char *asd_modspec_config_check (const AsdModspecConfig *config);

/**
 * asd_modspec_new:
 * @config: for which asd_modspec_config_check() returns NULL
 *
 * Returns: (transfer full): free with asd_modspec_free()
 */
AsdModspec *asd_modspec_new (const AsdModspecConfig *config);
void asd_modspec_free (AsdModspec *self);

/**
 * asd_modspec_get_min_samples:
 *
 * Returns: the fewest samples that give one energy frame (4592 at 16 kHz)
 */
gsize asd_modspec_get_min_samples (const AsdModspec *self);

/**
 * asd_modspec_get_n_frames:
 *
 * Returns: energy frames of @n samples: 0 below the minimum
 */
gsize asd_modspec_get_n_frames (const AsdModspec *self, gsize n);

/**
 * asd_modspec_get_modulation_frequencies:
 *
 * Returns: (transfer none): centre frequencies of the eight modulation filters
 */
const double *asd_modspec_get_modulation_frequencies (const AsdModspec *self);

/**
 * asd_modspec_get_axes:
 * @axes: (out): bands x 8, row-major: asd_gammatone_get_edges(), and the
 *     frequencies at which a modulation filter lets half of the power through
 */
void asd_modspec_get_axes (const AsdModspec *self, AsdAxis *axes);

/**
 * asd_modspec_process:
 * @samples: @n samples of the clip
 * @energies: (out): bands x 8 energies, row-major, the mean over the frames
 *
 * Allocates only when @n is longer than ever before.
 *
 * Returns: FALSE, and leaves @energies alone, if @n is below the minimum
 */
gboolean asd_modspec_process (AsdModspec *self, const float *samples, gsize n,
    float *energies);

/**
 * asd_modspec_process_frames:
 * @samples: @n samples of the clip
 * @energies: (out): asd_modspec_get_n_frames() x bands x 8 energies, row-major
 *
 * The energies of each frame, for measures such as SRMR. Filters in double
 * precision and takes longer than asd_modspec_process().
 *
 * Returns: FALSE, and leaves @energies alone, if @n is below the minimum
 */
gboolean asd_modspec_process_frames (AsdModspec *self, const float *samples,
    gsize n, float *energies);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdModspec, asd_modspec_free)

G_END_DECLS

#endif /* __ASD_MODSPEC_H__ */
