/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_TUNING_H__
#define __ASD_TUNING_H__

#include <glib.h>

G_BEGIN_DECLS

/* Pitches per octave that a tuning is a fraction of. */
#define ASD_TUNING_BINS 36

/* An estimated tuning is -0.5 + i / ASD_TUNING_STEPS. */
#define ASD_TUNING_STEPS 100

/**
 * AsdTuning:
 *
 * By how much the pitches of a clip lie off the grid of 36 pitches per octave
 * that contains A4 = 440 Hz, as librosa 0.10 estimates it (estimate_tuning with
 * bins_per_octave=36): with S the magnitudes of the short-time spectrum (2048
 * samples, periodic Hann, every 512 samples, centred, zeros around the clip),
 *
 *   peaks:    bins k of 150 to below 4000 Hz with S[k] > S[k-1],
 *             S[k] >= S[k+1] and S[k] > 0.1 max S of the frame
 *   d         = (S[k-1] - S[k+1]) / (2 (S[k-1] - 2 S[k] + S[k+1]))
 *   frequency = (k + d) rate / 2048
 *   height    = S[k] + d (S[k+1] - S[k-1]) / 4
 *   r         = 36 log2 (frequency / 27.5 Hz), less the nearest whole number
 *
 * and the tuning is the lower edge of the fullest of 100 bins of r between -0.5
 * and 0.5, the lowest of equals, where only peaks count that are at least as
 * high as the median peak.
 *
 * In noise the two fullest bins may differ by a few peaks, so similar clips may
 * get different tunings.
 *
 * One object serves one thread at a time; make one for each.
 */
typedef struct _AsdTuning AsdTuning;

/**
 * asd_tuning_new:
 * @rate: samples per second, 1000 to 192000
 *
 * Returns: (transfer full): free with asd_tuning_free()
 */
AsdTuning *asd_tuning_new (guint rate);
void asd_tuning_free (AsdTuning *self);

/**
 * asd_tuning_estimate:
 * @samples: @n finite samples of the clip
 *
 * Allocates only when @n is longer, or the peaks are more, than ever before.
 *
 * Returns: the tuning in [-0.5, 0.5), in 36ths of an octave; 0 where there is
 *     no peak, as in silence or where @n is 0
 */
double asd_tuning_estimate (AsdTuning *self, const float *samples, gsize n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdTuning, asd_tuning_free)

G_END_DECLS

#endif /* __ASD_TUNING_H__ */
