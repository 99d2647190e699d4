/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_CQT_H__
#define __ASD_CQT_H__

#include <glib.h>

G_BEGIN_DECLS

#define ASD_CQT_OCTAVES 7
#define ASD_CQT_BINS_PER_OCTAVE 36
#define ASD_CQT_BINS (ASD_CQT_OCTAVES * ASD_CQT_BINS_PER_OCTAVE)

/**
 * AsdCqt:
 *
 * Magnitudes of a constant-Q transform of 7 octaves from C1 on with 36 bins
 * each, by the recursion of Schörkhuber and Klapuri, "Constant-Q transform
 * toolbox for music processing" (2010), as librosa 0.10 computes it. Bin b of
 * 0 .. 251 has
 *
 *   frequency f[b] = 32.7032 Hz * 2^((b + tuning) / 36)
 *   length    l[b] = rate / (alpha f[b]),
 *             alpha = (2^(2/36) - 1) / (2^(2/36) + 1)
 *   filter    a periodic Hann window of the whole samples from -l/2 to l/2,
 *             with a sum of 1, times exp (2 pi i f t / rate), times sqrt (l)
 *
 * of which the smallest bins of the spectrum are left out up to one percent of
 * the sum of its magnitudes. All filters of the highest octave are in a frame
 * of n_fft samples, the power of two that holds the longest. The next octave is
 * that of the signal at half the rate with half the hop, and the same filters.
 * Rates above 33 kHz are halved once or more before the first octave where the
 * hop allows it.
 *
 * Frame t is centred at sample t * hop; beyond its ends the clip is zeros. The
 * lowest octave sees 64 * n_fft samples, 2.048 s at 16 kHz.
 *
 * Filters are made when a tuning is seen for the first time and kept for
 * each of the hundred tunings that asd_tuning_estimate() gives, about 40 kB.
 *
 * One object serves one thread at a time; make one for each. The magnitudes
 * depend on the samples and the tuning alone, to the last bit.
 */
typedef struct _AsdCqt AsdCqt;

/**
 * asd_cqt_config_check:
 * @rate: samples per second, 9214 to 192000: the highest filter of each octave
 *     has to fit below the edge of the low-pass at any tuning
 * @hop: samples from frame to frame, a multiple of 64, 64 to 65536
 *
 * Returns: NULL, or a text that names what is out of range, and the cure
 */
const char *asd_cqt_config_check (guint rate, guint hop);

/**
 * asd_cqt_new:
 *
 * asd_cqt_config_check() has to return NULL for the same.
 *
 * Returns: (transfer full): free with asd_cqt_free()
 */
AsdCqt *asd_cqt_new (guint rate, guint hop);
void asd_cqt_free (AsdCqt *self);

/**
 * asd_cqt_get_n_frames:
 *
 * Returns: frames of @n samples, 1 + @n / hop; 0 where @n is 0
 */
gsize asd_cqt_get_n_frames (const AsdCqt *self, gsize n);

/**
 * asd_cqt_get_frame_length:
 *
 * Returns: samples that a frame of the lowest octave sees
 */
gsize asd_cqt_get_frame_length (const AsdCqt *self);

/**
 * asd_cqt_process:
 * @samples: @n finite samples of the clip
 * @tuning: in 36ths of an octave, in [-0.5, 0.5)
 * @magnitudes: (out): asd_cqt_get_n_frames() x 252 magnitudes, frame after
 *     frame, the lowest bin first. A sine of amplitude A in the middle of
 *     a bin has about A sqrt (l[b]) / 2.
 *
 * Allocates only when @n is longer than ever before, or for a new tuning.
 */
void asd_cqt_process (AsdCqt *self, const float *samples, gsize n,
    double tuning, float *magnitudes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdCqt, asd_cqt_free)

G_END_DECLS

#endif /* __ASD_CQT_H__ */
