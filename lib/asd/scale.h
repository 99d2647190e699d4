/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_SCALE_H__
#define __ASD_SCALE_H__

#include <asd/model.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * AsdScale:
 *
 * Brings the dimensions of feature vectors to one scale: y = (x - offset) /
 * divisor in each dimension, where x may be ln (x + 1e-12) first. Offsets and
 * divisors are learned from normal features; what lies outside of what these
 * were is not clipped.
 *
 * An AsdScale does not change once made and may be used by several threads.
 */
typedef struct _AsdScale AsdScale;

/**
 * AsdScaleMethod:
 * @ASD_SCALE_STANDARDISE: mean 0 and (population) standard deviation 1; a
 *     dimension that is constant gets a standard deviation of 1
 * @ASD_SCALE_MIN_MAX: from low to high; a dimension that is constant gets a
 *     range of 1, so that the constant becomes low
 * @ASD_SCALE_NONE: as they are, for the logarithm alone
 */
typedef enum
{
  ASD_SCALE_STANDARDISE,
  ASD_SCALE_MIN_MAX,
  ASD_SCALE_NONE,
} AsdScaleMethod;

/**
 * asd_scale_method_values:
 *
 * Returns: the methods with a sentence (value_name) and the name used on
 * command lines (value_nick), ended by a row of zeros; ready for
 * g_enum_register_static(). Owned by the library.
 */
const GEnumValue *asd_scale_method_values (void);

/**
 * AsdScaleConfig:
 * @log: whether to take ln (x + 1e-12) first, for energies
 * @method: what to bring to one scale
 * @low: where ASD_SCALE_MIN_MAX brings the smallest value
 * @high: and the largest one
 */
typedef struct
{
  gboolean log;
  AsdScaleMethod method;
  double low;
  double high;
} AsdScaleConfig;

#define ASD_SCALE_CONFIG_INIT { FALSE, ASD_SCALE_STANDARDISE, -5, 5 }

/**
 * asd_scale_config_check:
 *
 * Returns: NULL, or a text that says what is wrong
 */
const char *asd_scale_config_check (const AsdScaleConfig * config);

/**
 * asd_scale_new:
 * @log: whether to take ln (x + 1e-12) first; values below 0 count as 0
 * @offset: @dim finite values
 * @divisor: @dim finite values above 0
 * @dim: values of a frame, at least 1
 *
 * Returns: (transfer full): the scale, or NULL with ASD_ERROR_FORMAT
 */
AsdScale *asd_scale_new (gboolean log, const double *offset,
    const double *divisor, gsize dim, GError ** error);

AsdScale *asd_scale_ref (AsdScale * scale);
void asd_scale_unref (AsdScale * scale);

/**
 * asd_scale_process:
 * @frames: @n frames of dim finite values, row-major
 * @out: (out): as many; may be @frames. Infinite where a float cannot hold it.
 */
void asd_scale_process (const AsdScale * scale, const float *frames, gsize n,
    float *out);

/**
 * asd_scale_get_dim:
 *
 * Returns: values of a frame
 */
gsize asd_scale_get_dim (const AsdScale * scale);

/**
 * asd_scale_get_offset:
 *
 * Returns: (transfer none): as asd_scale_new() takes them
 */
const double *asd_scale_get_offset (const AsdScale * scale);
const double *asd_scale_get_divisor (const AsdScale * scale);

/**
 * asd_scale_save:
 * @writer: a writer whose current stage takes the f64 tensors "offset" and
 *     "divisor" and the number "log", 0 or 1
 */
void asd_scale_save (const AsdScale * scale, AsdModelWriter * writer);

/**
 * asd_scale_load:
 * @section: what asd_scale_save() wrote
 *
 * Returns: (transfer full): the scale, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdScale *asd_scale_load (AsdModelSection * section, GError ** error);

/**
 * AsdScaleTrainer:
 *
 * Learns an AsdScale from frames as they come; keeps a few numbers for each
 * dimension and no frames (B. P. Welford: Note on a method for calculating
 * corrected sums of squares and products. Technometrics 4, 1962).
 */
typedef struct _AsdScaleTrainer AsdScaleTrainer;

/**
 * asd_scale_trainer_new:
 * @config: a valid configuration, copied
 * @dim: values of a frame
 */
AsdScaleTrainer *asd_scale_trainer_new (const AsdScaleConfig * config,
    gsize dim);
void asd_scale_trainer_free (AsdScaleTrainer * self);

/**
 * asd_scale_trainer_add:
 * @frames: @n frames of dim finite values, row-major
 *
 * Returns: FALSE, and none of them count, with ASD_ERROR_MISMATCH where a value
 *     is negative and its logarithm is wanted
 */
gboolean asd_scale_trainer_add (AsdScaleTrainer * self, const float *frames,
    gsize n, GError ** error);

/**
 * asd_scale_trainer_fit:
 *
 * Returns: (transfer full): the scale, or NULL with ASD_ERROR_DATA where there
 *     are fewer than two frames
 */
AsdScale *asd_scale_trainer_fit (AsdScaleTrainer * self, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdScale, asd_scale_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdScaleTrainer, asd_scale_trainer_free)

G_END_DECLS

#endif /* __ASD_SCALE_H__ */
