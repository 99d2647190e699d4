/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_CHROMA_H__
#define __ASD_CHROMA_H__

#include <glib.h>
#include <math.h>

G_BEGIN_DECLS

/* Pitch classes: C, C sharp, ... B. */
#define ASD_CHROMA_COLUMNS 12

/**
 * AsdChromaKind:
 * @ASD_CHROMA_CENS: chroma energies, normalised, quantised and smoothed
 * @ASD_CHROMA_PLAIN: the share of each pitch class in a frame
 */
typedef enum
{
  ASD_CHROMA_CENS,
  ASD_CHROMA_PLAIN,
} AsdChromaKind;

/**
 * AsdChromaConfig:
 * @kind: what comes out
 * @rate: samples per second, 9214 to 192000
 * @hop: samples from frame to frame, a multiple of 64, 64 to 65536
 * @tuning: in 36ths of an octave, in [-0.5, 0.5); NaN to estimate that of
 *     each clip
 * @smoothing: frames of the Hann window that smooths CENS, 3 to 4095, both ends
 *     of which are 0; 1 for none
 * @downsampling: every how many frames one is kept of CENS, 1 to 4096
 */
typedef struct
{
  AsdChromaKind kind;
  guint rate;
  guint hop;
  double tuning;
  guint smoothing;
  guint downsampling;
} AsdChromaConfig;

#define ASD_CHROMA_CONFIG_INIT { ASD_CHROMA_CENS, 16000, 512, NAN, 43, 1 }

/**
 * AsdChroma:
 *
 * Chroma and CENS (Müller and Ewert, "Chroma Toolbox: MATLAB implementations
 * for extracting variants of chroma-based audio features", 2011), as librosa 0.10
 * computes them. With X the magnitudes of #AsdCqt:
 *
 *   S[c]    = sum over octaves of the three bins around pitch class c
 *   p[t][c] = S[c] / sum_i S[i]                     ASD_CHROMA_PLAIN
 *   q[t][c] = 0.25 for each of .4, .2, .1, .05 that p[t][c] is above
 *   s[t][c] = sum_j w[j] q[t + j - (smoothing - 1) / 2][c], w: the symmetric
 *             Hann window divided by its sum, and q = 0 outside of the clip. An
 *             even window has its middle half a frame later than t.
 *   v[t][c] = s[t][c] / sqrt (sum_i s[t][i]^2)      ASD_CHROMA_CENS
 *
 * of which the frames 0, downsampling, 2 downsampling, ... are kept. A frame of
 * zeros stays zeros: silence, and CENS frames farther than half a window from
 * sound. The level of the clip does not matter.
 *
 * At both ends of the clip the window sees zeros. So the first and the last
 * smoothing / 2 frames rest on fewer frames than the others, and the CENS of
 * a stretch that is cut out of a clip differ there from those of the clip.
 *
 * One object serves one thread at a time; make one for each. The frames depend
 * on the samples alone, to the last bit.
 */
typedef struct _AsdChroma AsdChroma;

/**
 * asd_chroma_config_check:
 *
 * Returns: NULL, or a text that names what is out of range, and the cure
 */
const char *asd_chroma_config_check (const AsdChromaConfig *config);

/**
 * asd_chroma_new:
 * @config: for which asd_chroma_config_check() returns NULL
 *
 * Returns: (transfer full): free with asd_chroma_free()
 */
AsdChroma *asd_chroma_new (const AsdChromaConfig *config);
void asd_chroma_free (AsdChroma *self);

/**
 * asd_chroma_get_n_frames:
 *
 * Returns: frames of @n samples: 1 + @n / hop, and of them one in downsampling,
 *     rounded up; 0 where @n is 0
 */
gsize asd_chroma_get_n_frames (const AsdChroma *self, gsize n);

/**
 * asd_chroma_get_frame_length:
 *
 * Returns: samples that a frame depends on
 */
gsize asd_chroma_get_frame_length (const AsdChroma *self);

/**
 * asd_chroma_get_frame_step:
 *
 * Returns: samples from frame to frame
 */
gsize asd_chroma_get_frame_step (const AsdChroma *self);

/**
 * asd_chroma_process:
 * @samples: @n finite samples of the clip
 * @frames: (out): asd_chroma_get_n_frames() x 12 values, frame after frame,
 *     from C on
 *
 * Allocates only when @n is longer than ever before, or for a new tuning.
 *
 * Returns: the tuning, in [-0.5, 0.5)
 */
double asd_chroma_process (AsdChroma *self, const float *samples, gsize n,
    float *frames);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdChroma, asd_chroma_free)

G_END_DECLS

#endif /* __ASD_CHROMA_H__ */
