/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_LOG_MEL_H__
#define __ASD_LOG_MEL_H__

#include <asd/explanation.h>
#include <asd/mel.h>

G_BEGIN_DECLS

/* What is added to energies before the logarithm, or taken for 0: silence gives
 * -156.5 dB or ln -36.04. */
#define ASD_LOG_MEL_FLOOR 2.220446049250313e-16

/**
 * AsdPad:
 * @ASD_PAD_ZERO: frames are centred at multiples of the hop, zeros around the
 *     clip; librosa from 0.9 on
 * @ASD_PAD_REFLECT: likewise, the clip mirrored at its first and last sample;
 *     librosa before 0.9, torchaudio
 * @ASD_PAD_NONE: only frames that lie in the clip
 */
typedef enum
{
  ASD_PAD_ZERO,
  ASD_PAD_REFLECT,
  ASD_PAD_NONE,
} AsdPad;

/**
 * AsdLogMelVariant:
 * @ASD_LOG_MEL_PLAIN: librosa's
 * @ASD_LOG_MEL_SPEECHPY: the log mel energies of speechpy as they are meant
 * @ASD_LOG_MEL_SPEECHPY_QUIRK: what speechpy computes for the chroma study,
 *     with its defects
 */
typedef enum
{
  ASD_LOG_MEL_PLAIN,
  ASD_LOG_MEL_SPEECHPY,
  ASD_LOG_MEL_SPEECHPY_QUIRK,
} AsdLogMelVariant;

/**
 * AsdLogMelConfig:
 * @rate: samples per second, 1000 to 192000
 * @bands: 1 to 512, none so narrow that it lies between two bins
 * @n_fft: samples of the transform, even, 16 to 65536
 * @hop: samples between two frames, 1 to 65536
 * @pad: none in the variant speechpy-quirk
 * @low_frequency: lower end of the lowest band in Hz
 * @high_frequency: upper end of the highest, 0 for @rate / 2
 */
typedef struct
{
  AsdLogMelVariant variant;
  guint rate;
  guint bands;
  guint n_fft;
  guint hop;
  AsdPad pad;
  AsdMelScale scale;
  AsdMelNorm norm;
  double low_frequency;
  double high_frequency;
} AsdLogMelConfig;

/**
 * AsdLogMel:
 *
 * Logarithms of mel energies, frame by frame. With H the filters of AsdMel and
 * w a periodic Hann window of n_fft samples, the plain variant is
 *
 *   S[k] = |FFT (w x)[k]|^2
 *   L[b] = 10 log10 (ASD_LOG_MEL_FLOOR + sum_k H[b][k] S[k])   (dB)
 *
 * that is librosa.feature.melspectrogram() of power 2, without a reference and
 * without a bound from below. The variants of speechpy have no window, S / n_fft,
 * filters whose ends and peaks are moved to bins, and
 *
 *   L[b] = ln (E[b]), E[b] = sum_k H[b][k] S[k], ASD_LOG_MEL_FLOOR where that is 0
 *
 * In %ASD_LOG_MEL_SPEECHPY a frame has n_fft samples, and f Hz is the bin
 * floor ((n_fft + 1) f / rate). In %ASD_LOG_MEL_SPEECHPY_QUIRK a frame has one
 * second but only its first n_fft samples are transformed, one frame fewer than
 * fits comes out, and f Hz is the bin floor ((n_fft / 2 + 2) f / rate), half of
 * what it should be.
 *
 * Values are finite for finite samples; energies beyond the range of a float
 * count as its largest value. One object serves one thread at a time. The values
 * depend on the samples alone, to the last bit.
 */
typedef struct _AsdLogMel AsdLogMel;

/**
 * asd_log_mel_config_init:
 * @config: (out): 128 bands, 1024, 512, zeros around the clip, Slaney's scale
 *     and norm; for speechpy 64 HTK bands without norm, frames of a second every
 *     0.75 s (with the quirk a transform of 2048, and bands from 300 Hz on)
 */
void asd_log_mel_config_init (AsdLogMelConfig *config,
    AsdLogMelVariant variant, guint rate);

/**
 * asd_log_mel_config_check:
 *
 * Returns: NULL, or a text that names what is out of range and its range
 */
const char *asd_log_mel_config_check (const AsdLogMelConfig *config);

/**
 * asd_log_mel_new:
 * @config: for which asd_log_mel_config_check() returns NULL
 *
 * Returns: (transfer full): free with asd_log_mel_free()
 */
AsdLogMel *asd_log_mel_new (const AsdLogMelConfig *config);
void asd_log_mel_free (AsdLogMel *self);

/**
 * asd_log_mel_get_frame_length:
 *
 * Returns: samples that a frame stands for
 */
guint asd_log_mel_get_frame_length (const AsdLogMel *self);

/**
 * asd_log_mel_get_n_frames:
 *
 * Returns: frames of a clip of @n samples. With %ASD_PAD_ZERO 1 + @n / hop,
 *     but 0 of 0 samples; with %ASD_PAD_REFLECT the same, but 0 where @n is not
 *     above n_fft / 2; otherwise those that fit.
 */
gsize asd_log_mel_get_n_frames (const AsdLogMel *self, gsize n);

/**
 * asd_log_mel_get_axes:
 * @axes: (out): of each band, see asd_mel_config_get_edges()
 */
void asd_log_mel_get_axes (const AsdLogMel *self, AsdAxis *axes);

/**
 * asd_log_mel_process:
 * @samples: @n samples of the clip
 * @frames: (out): asd_log_mel_get_n_frames() x bands values, row-major
 *
 * Allocates nothing.
 */
void asd_log_mel_process (AsdLogMel *self, const float *samples, gsize n,
    float *frames);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdLogMel, asd_log_mel_free)

G_END_DECLS

#endif /* __ASD_LOG_MEL_H__ */
