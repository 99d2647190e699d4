/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_GAMMATONE_H__
#define __ASD_GAMMATONE_H__

#include <glib.h>

G_BEGIN_DECLS

/**
 * AsdGammatone:
 *
 * The gammatone-like spectrogram of Ellis (2009), as the Python package
 * gammatone computes it in fft_gtgram: magnitude spectra of 10 ms Hann windows
 * every 2.5 ms, summed with weights that follow the power response of Slaney's
 * fourth-order gammatone filters (Apple Technical Report 35, 1993). Centre
 * frequencies are equally spaced on the ERB scale of Glasberg and Moore from
 * the lowest frequency to half the sampling rate.
 *
 * One object serves one thread at a time; make one for each.
 */
typedef struct _AsdGammatone AsdGammatone;

/**
 * asd_gammatone_config_check:
 * @rate: samples per second, 4000 to 192000
 * @bands: filters, 1 to 256
 * @low_frequency: lowest centre frequency in Hz, below @rate / 2
 *
 * Returns: NULL, or a text that names the value out of range and its range
 */
const char *asd_gammatone_config_check (guint rate, guint bands,
    double low_frequency);

/**
 * asd_gammatone_new:
 *
 * Arguments as asd_gammatone_config_check(), which must return NULL for them.
 *
 * Returns: (transfer full): free with asd_gammatone_free()
 */
AsdGammatone *asd_gammatone_new (guint rate, guint bands,
    double low_frequency);
void asd_gammatone_free (AsdGammatone *self);

/**
 * asd_gammatone_get_nfft:
 *
 * Returns: FFT size: the power of two that holds 20 ms (512 at 16 kHz). The
 * window lies in its middle, so a column needs that many samples.
 */
gsize asd_gammatone_get_nfft (const AsdGammatone *self);

/**
 * asd_gammatone_get_hop:
 *
 * Returns: samples between columns (40 at 16 kHz)
 */
gsize asd_gammatone_get_hop (const AsdGammatone *self);

/**
 * asd_gammatone_get_stride:
 *
 * Returns: floats from one column to the next in the output of
 * asd_gammatone_process(): the bands and padding
 */
gsize asd_gammatone_get_stride (const AsdGammatone *self);

/**
 * asd_gammatone_get_n_columns:
 *
 * Returns: columns of @n samples: 0 below nfft, else 1 + (@n - nfft) / hop
 */
gsize asd_gammatone_get_n_columns (const AsdGammatone *self, gsize n);

/**
 * asd_gammatone_get_centre_frequencies:
 *
 * Returns: (transfer none): one frequency in Hz for each band, ascending
 */
const double *asd_gammatone_get_centre_frequencies (const AsdGammatone *self);

/**
 * asd_gammatone_get_edges:
 * @low: (out): lower edge of the band in Hz
 * @high: (out): its upper edge, at most half the sampling rate
 *
 * What a band is, as far as one word goes: its centre frequency f and half of
 * the equivalent rectangular bandwidth, 24.7 + f / 9.26449, to both sides.
 * Neighbouring bands may overlap.
 */
void asd_gammatone_get_edges (const AsdGammatone *self, guint band,
    double *low, double *high);

/**
 * asd_gammatone_get_weights:
 *
 * Returns: (transfer none): bands x (nfft / 2 + 1) weights, row-major, of the
 * magnitudes before the division by nfft
 */
const double *asd_gammatone_get_weights (const AsdGammatone *self);

/**
 * asd_gammatone_process:
 * @samples: @n samples of the clip
 * @first: first column
 * @n_columns: columns, at most asd_gammatone_get_n_columns() - @first
 * @columns: (out): @n_columns x stride floats, row-major; band b of column t
 *     at [t * stride + b], the padding is zero
 *
 * Writes a stretch of the gammatonegram. A column depends on its own samples
 * alone, so any stretches give the same bytes as the whole.
 *
 * The reference leaves the last column zero when the window would end exactly
 * with the clip, and so does this.
 */
void asd_gammatone_process (AsdGammatone *self, const float *samples,
    gsize n, gsize first, gsize n_columns, float *columns);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdGammatone, asd_gammatone_free)

G_END_DECLS

#endif /* __ASD_GAMMATONE_H__ */
