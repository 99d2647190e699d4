/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_IVECTOR_TRAINER_H__
#define __ASD_IVECTOR_TRAINER_H__

#include <asd/ivector.h>

G_BEGIN_DECLS

/**
 * AsdIvectorConfig:
 * @ubm: of the background model; its seed decides all that is drawn
 * @ubm_frames: most frames that the background model learns from, a seeded
 *     sample of those of all clips
 * @dimensions: values of an i-vector
 * @iterations: iterations of expectation-maximisation of T
 * @variance_floor: smallest variance there
 * @minimum_divergence: see asd_ivector_refine()
 * @whiten: see asd_ivector_whiten()
 * @length_normalise: see asd_ivector_new()
 * @max_bytes: most memory for the frames of clips
 */
typedef struct
{
  AsdUbmConfig ubm;
  gsize ubm_frames;
  guint dimensions;
  guint iterations;
  double variance_floor;
  gboolean minimum_divergence;
  gboolean whiten;
  gboolean length_normalise;
  gsize max_bytes;
} AsdIvectorConfig;

#define ASD_IVECTOR_CONFIG_INIT \
  { ASD_UBM_CONFIG_INIT, 100000, 100, 10, 1e-10, FALSE, FALSE, FALSE, \
    256 << 20 }

/**
 * asd_ivector_config_check:
 *
 * Returns: NULL, or a text that says what is wrong
 */
const char *asd_ivector_config_check (const AsdIvectorConfig * config);

/**
 * AsdIvectorTrainer:
 *
 * Collects the frames of clips, each once, and learns from them a background
 * model, then T from the statistics of each clip. T starts from normal random
 * numbers with the variances of the background model, divided by the
 * dimensions.
 *
 * The frames are kept as floats (a clip of 10 s with 665 frames of 42 values is
 * 0.11 MB). Where they would need more than the configured memory, clips are
 * forgotten so that those that stay are a seeded sample; at least one always
 * stays.
 */
typedef struct _AsdIvectorTrainer AsdIvectorTrainer;

/**
 * asd_ivector_trainer_new:
 * @config: a valid configuration, copied
 * @dim: values of a frame
 */
AsdIvectorTrainer *asd_ivector_trainer_new (const AsdIvectorConfig * config,
    gsize dim);
void asd_ivector_trainer_free (AsdIvectorTrainer * self);

/**
 * asd_ivector_trainer_add_clip:
 * @frames: the @n frames of a clip, row-major; copied
 *
 * Returns: FALSE, and the clip is left out, with ASD_ERROR_DATA where it has no
 *     frame or a value that is not finite
 */
gboolean asd_ivector_trainer_add_clip (AsdIvectorTrainer * self,
    const float *frames, gsize n, GError ** error);

/**
 * asd_ivector_trainer_fit:
 * @progress: (nullable): told of each iteration, of "UBM" and then of
 *     "i-vectors"
 *
 * Returns: (transfer full): the model, or NULL with ASD_ERROR_DATA (no clip, or
 *     fewer frames than components) or G_IO_ERROR_CANCELLED
 */
AsdIvector *asd_ivector_trainer_fit (AsdIvectorTrainer * self,
    AsdProgressFunc progress, gpointer user_data, GCancellable * cancellable,
    GError ** error);

/**
 * asd_ivector_trainer_get_warning:
 *
 * Returns: (nullable): a sentence that says why what asd_ivector_trainer_fit()
 *     makes may not be good and what to do about it: clips forgotten, or not
 *     more clips than dimensions; NULL if there is nothing to say. Valid until
 *     the next call.
 */
const char *asd_ivector_trainer_get_warning (AsdIvectorTrainer * self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdIvectorTrainer, asd_ivector_trainer_free)

G_END_DECLS

#endif /* __ASD_IVECTOR_TRAINER_H__ */
