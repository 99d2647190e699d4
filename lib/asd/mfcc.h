/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_MFCC_H__
#define __ASD_MFCC_H__

#include <glib.h>

G_BEGIN_DECLS

/* Energies are logarithms of x + this: silence gives ln of it, -36.04. */
#define ASD_MFCC_FLOOR 2.220446049250313e-16

/**
 * AsdMfccVariant:
 * @ASD_MFCC_REPORT: that of Tiwari et al.
 * @ASD_MFCC_LIBROSA: librosa.feature.mfcc() from librosa 0.9 on
 * @ASD_MFCC_TORCHAUDIO: torchaudio.transforms.MFCC with log_mels, without c0, in
 *     a transform of one second
 */
typedef enum
{
  ASD_MFCC_REPORT,
  ASD_MFCC_LIBROSA,
  ASD_MFCC_TORCHAUDIO,
} AsdMfccVariant;

/**
 * AsdMfccConfig:
 * @rate: samples per second, 1000 to 192000
 * @frame_length: samples of a frame, 16 to 65536; at most @rate in the variant
 *     torchaudio
 * @frame_step: samples between the starts of two frames, 1 to 65536
 * @pre_emphasis: a in y[t] = x[t] - a x[t-1], from 0 up to, but not, 1; 0 but in
 *     the variant report
 * @bands: mel bands, 2 to 512
 * @low_frequency: lower end of the lowest band in Hz
 * @high_frequency: upper end of the highest, 0 for @rate / 2
 * @coefficients: cepstral coefficients, 1 to @bands - 1. c0 is not one of them
 *     in the variant report, the first of them in librosa, and the first of them
 *     but left out in torchaudio, which needs 2 for that reason.
 * @deltas: 0, 1 for differences too, 2 for differences of differences as well
 */
typedef struct
{
  guint rate;
  guint frame_length;
  guint frame_step;
  double pre_emphasis;
  guint bands;
  double low_frequency;
  double high_frequency;
  guint coefficients;
  guint deltas;
  AsdMfccVariant variant;
} AsdMfccConfig;

/* The variants at 16 kHz. */
#define ASD_MFCC_CONFIG_INIT \
  { 16000, 480, 240, 0.95, 26, 0, 0, 13, 2, ASD_MFCC_REPORT }
#define ASD_MFCC_LIBROSA_INIT \
  { 16000, 2048, 512, 0, 64, 0, 0, 13, 0, ASD_MFCC_LIBROSA }
#define ASD_MFCC_TORCHAUDIO_INIT \
  { 16000, 1600, 1200, 0, 64, 0, 0, 13, 0, ASD_MFCC_TORCHAUDIO }

/**
 * AsdMfcc:
 *
 * Mel-frequency cepstral coefficients (Davis and Mermelstein, "Comparison of
 * parametric representations for monosyllabic word recognition in continuously
 * spoken sentences", 1980) with deltas. The variant report is that of Tiwari et
 * al. (DCASE 2020 Challenge, Task 2), with log energy. With y = x after pre-emphasis over the
 * whole clip (y[0] = x[0]) and w = the symmetric Hamming window of a frame:
 *
 *   S[k] = |FFT (w y, zero-padded to the next power of two)[k]|^2
 *   L[m] = ln (ASD_MFCC_FLOOR + sum_k H[m][k] S[k]), H: HTK mels with peak 1
 *   c[i] = sum_m L[m] cos (pi i (m + 1/2) / bands), i = 1 .. coefficients
 *   e    = ln (ASD_MFCC_FLOOR + sum_t (w[t] y[t])^2)
 *   d[t] = sum_{j=1,2} j (v[t+j] - v[t-j]) / 10, the first and the last frame
 *          repeated beyond the ends, for v = (c, e); likewise for d again
 *
 * A frame is c[1], ..., e, then their deltas, then the deltas of these: 42
 * values by default. The other variants have centred frames, w = the periodic
 * Hann window of a frame, and c = the orthonormal DCT-II of the bands:
 *
 *   librosa: filters of Slaney's scale and norm, zeros around the clip,
 *     L[m] = 10 log10 (max (1e-10, sum_k H[m][k] S[k])), and no L less than the
 *     largest of the clip - 80
 *   torchaudio: HTK mels with peak 1, each frame in the middle of a transform of
 *     a second (16000), reflection around the clip,
 *     L[m] = ln (1e-6 + sum_k H[m][k] S[k])
 *
 * The signal's level is the caller's business. Values are finite for finite samples; energies beyond the range of a float count as its
 * largest value.
 *
 * One object serves one thread at a time. The values depend on the samples
 * alone, to the last bit.
 */
typedef struct _AsdMfcc AsdMfcc;

/**
 * asd_mfcc_config_check:
 *
 * Returns: NULL, or a text that names the property out of range and its range
 */
const char *asd_mfcc_config_check (const AsdMfccConfig *config);

/**
 * asd_mfcc_new:
 * @config: for which asd_mfcc_config_check() returns NULL
 *
 * Returns: (transfer full): free with asd_mfcc_free()
 */
AsdMfcc *asd_mfcc_new (const AsdMfccConfig *config);
void asd_mfcc_free (AsdMfcc *self);

/**
 * asd_mfcc_get_n_columns:
 *
 * Returns: values of a frame: (deltas + 1) times coefficients + 1 in the variant
 *     report, coefficients in librosa, coefficients - 1 in torchaudio
 */
guint asd_mfcc_get_n_columns (const AsdMfcc *self);

/**
 * asd_mfcc_get_n_frames:
 *
 * Returns: in the variant report the frames that fit into @n samples, 0 below
 *     one; otherwise 1 + @n / frame_step, but 0 of 0 samples in librosa and of
 *     half a second in torchaudio, which are too few to reflect
 */
gsize asd_mfcc_get_n_frames (const AsdMfcc *self, gsize n);

/**
 * asd_mfcc_process:
 * @samples: @n samples of the clip
 * @frames: (out): asd_mfcc_get_n_frames() x asd_mfcc_get_n_columns() values,
 *     row-major
 *
 * Allocates nothing in the variant report, and otherwise only where @n is larger
 * than ever before.
 */
void asd_mfcc_process (AsdMfcc *self, const float *samples, gsize n,
    float *frames);

/**
 * asd_mfcc_process_bands:
 * @samples: @n samples of the clip
 * @log_energies: (out): asd_mfcc_get_n_frames() x bands values L[m], row-major
 *
 * The log mel energies that the coefficients come from. Allocates nothing.
 */
void asd_mfcc_process_bands (AsdMfcc *self, const float *samples, gsize n,
    float *log_energies);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdMfcc, asd_mfcc_free)

G_END_DECLS

#endif /* __ASD_MFCC_H__ */
