/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_NOISE_GATE_H__
#define __ASD_NOISE_GATE_H__

#include <asd/model.h>

G_BEGIN_DECLS

/* Frequency bins of a noise profile: an FFT of 2048 samples. */
#define ASD_NOISE_GATE_BINS 1025

/* Shortest clip to learn noise from: the reflection at its start needs half a
 * frame beyond the first sample. */
#define ASD_NOISE_CLIP_MIN_SAMPLES 1025

/**
 * AsdMeanClip:
 *
 * The sample-wise mean of many clips, in which what is not common to them
 * cancels: the noise clip of a machine. A float32 sum in order of arrival, then
 * divided, to the last bit what NumPy computes.
 */
typedef struct _AsdMeanClip AsdMeanClip;

AsdMeanClip *asd_mean_clip_new (void);
void asd_mean_clip_free (AsdMeanClip *self);

/**
 * asd_mean_clip_add:
 * @clip: @n samples
 *
 * Where clips have different lengths the mean covers the shortest of them.
 *
 * Returns: FALSE, and the clip is left out, if it is shorter than
 * #ASD_NOISE_CLIP_MIN_SAMPLES
 */
gboolean asd_mean_clip_add (AsdMeanClip *self, const float *clip, gsize n);

/**
 * asd_mean_clip_get:
 * @n: (out): samples of the mean
 *
 * Returns: (transfer full): the mean so far, free with g_free(); NULL before
 * the first clip
 */
float *asd_mean_clip_get (const AsdMeanClip *self, gsize *n);

/**
 * asd_noise_profile:
 * @clip: @n samples of noise
 * @threshold_db: (out): #ASD_NOISE_GATE_BINS thresholds in dB
 * @error: #ASD_ERROR_DATA if the clip is shorter than
 *     #ASD_NOISE_CLIP_MIN_SAMPLES or not finite
 *
 * The level below which noisereduce 1.1.0 takes each bin for noise: mean plus
 * 1.5 population standard deviations of the dB values of the clip's frames
 * (2048 samples, periodic Hann, hop 512, reflected by 1024 at both ends), after
 * all values are raised to at least 80 dB below their maximum.
 */
gboolean asd_noise_profile (const float *clip, gsize n, double *threshold_db,
    GError **error);

/**
 * asd_noise_profile_save:
 * @threshold_db: #ASD_NOISE_GATE_BINS values of asd_noise_profile()
 * @writer: a writer whose current stage takes them as the f64 tensor
 *     "threshold-db"
 */
void asd_noise_profile_save (const double *threshold_db,
    AsdModelWriter * writer);

/**
 * AsdNoiseGate:
 *
 * The spectral gate of noisereduce 1.1.0 (Sainburg): bins of the short-time
 * spectrum below the threshold are marked, the marks are smoothed over five
 * bins and nine frames, and the spectrum is attenuated by them.
 *
 * One object serves one thread at a time; make one for each.
 */
typedef struct _AsdNoiseGate AsdNoiseGate;

/**
 * asd_noise_gate_new:
 * @threshold_db: #ASD_NOISE_GATE_BINS values of asd_noise_profile(), copied
 * @reduction: 1 removes what is marked, 0 leaves the signal as it is
 *
 * Returns: (transfer full): free with asd_noise_gate_free()
 */
AsdNoiseGate *asd_noise_gate_new (const double *threshold_db,
    double reduction);

/**
 * asd_noise_gate_load:
 * @section: what asd_noise_profile_save() wrote
 *
 * Returns: (transfer full): asd_noise_gate_new() with those thresholds, or NULL
 *     with ASD_ERROR_MISSING or ASD_ERROR_MISMATCH
 */
AsdNoiseGate *asd_noise_gate_load (AsdModelSection * section,
    double reduction, GError ** error);
void asd_noise_gate_free (AsdNoiseGate *self);

/**
 * asd_noise_gate_process:
 * @in: @n samples
 * @out: (out): @n samples; may be @in
 *
 * Gates one clip. Any @n is allowed: short clips are reflected repeatedly, as
 * NumPy pads them. Silence stays silence. The lowest level that counts is 80 dB
 * below the clip's loudest bin, so a clip cut in two is not gated quite as the
 * whole. Allocates only when @n is longer than ever before.
 */
void asd_noise_gate_process (AsdNoiseGate *self, const float *in, gsize n,
    float *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdMeanClip, asd_mean_clip_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdNoiseGate, asd_noise_gate_free)

G_END_DECLS

#endif /* __ASD_NOISE_GATE_H__ */
