/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_MEL_FRAMES_H__
#define __ASD_MEL_FRAMES_H__

/* Internal: mel energies of the frames of a clip, which log-mel features and
 * cepstral coefficients share. Not installed. */

#include <asd/logmel.h>
#include <asd/mel.h>

G_BEGIN_DECLS

/**
 * AsdMelFramesConfig:
 * @mel: the filters and the size of the transform
 * @length: samples of a frame that are transformed, 1 to @mel.n_fft; they lie
 *     in the middle of the transform, zeros around them
 * @hop: samples between two frames, 1 to 65536
 * @pad: with %ASD_PAD_NONE the first frame begins with the clip; otherwise the
 *     first transform is centred at its beginning
 * @hann: periodic Hann window rather than none
 */
typedef struct
{
  AsdMelConfig mel;
  guint length;
  guint hop;
  AsdPad pad;
  gboolean hann;
} AsdMelFramesConfig;

typedef struct _AsdMelFrames AsdMelFrames;

/**
 * asd_mel_frames_config_check:
 *
 * Returns: NULL, or a text that names what is out of range and its range
 */
const char *asd_mel_frames_config_check (const AsdMelFramesConfig *config);

/**
 * asd_mel_frames_new:
 * @config: for which asd_mel_frames_config_check() returns NULL
 */
AsdMelFrames *asd_mel_frames_new (const AsdMelFramesConfig *config);
void asd_mel_frames_free (AsdMelFrames *self);

/**
 * asd_mel_frames_get_n_frames:
 *
 * Returns: frames of @n samples: those that fit, or 1 + @n / hop with padding;
 *     0 where @n is 0, or too few for reflection, which needs more than
 *     n_fft / 2
 */
gsize asd_mel_frames_get_n_frames (const AsdMelFrames *self, gsize n);

/**
 * asd_mel_frames_process:
 * @samples: the @n samples of the whole clip
 * @frame: below asd_mel_frames_get_n_frames() of @n
 * @energies: (out): the bands
 *
 * energies[b] = sum_k H[b][k] |FFT (w x)[k]|^2, the largest float where one
 * overflowed on the way. Where the transform is much longer than the frame, the
 * energies come from a smaller one: see asd_mel_new_for_length(). Allocates
 * nothing.
 */
void asd_mel_frames_process (AsdMelFrames *self, const float *samples, gsize n,
    gsize frame, double *energies);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdMelFrames, asd_mel_frames_free)

G_END_DECLS

#endif /* __ASD_MEL_FRAMES_H__ */
