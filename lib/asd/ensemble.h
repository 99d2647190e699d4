/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_ENSEMBLE_H__
#define __ASD_ENSEMBLE_H__

#include <glib-object.h>
#include <asd/calibration.h>

G_BEGIN_DECLS

/**
 * AsdEnsembleMethod:
 * @ASD_ENSEMBLE_PRODUCT: product of the scores (Tiwari et al., DCASE 2020
 *     Challenge, Task 2)
 * @ASD_ENSEMBLE_GEOMETRIC_MEAN: its root: the same ranking
 * @ASD_ENSEMBLE_MEAN: arithmetic mean
 * @ASD_ENSEMBLE_MAX: the highest
 * @ASD_ENSEMBLE_MIN: the lowest
 *
 * How the scores that several systems give one clip become one. The first two
 * need scores that are not negative.
 */
typedef enum
{
  ASD_ENSEMBLE_PRODUCT,
  ASD_ENSEMBLE_GEOMETRIC_MEAN,
  ASD_ENSEMBLE_MEAN,
  ASD_ENSEMBLE_MAX,
  ASD_ENSEMBLE_MIN,
} AsdEnsembleMethod;

/**
 * asd_ensemble_method_values:
 *
 * Returns: the methods with a sentence (value_name) and the name used on
 * command lines (value_nick), ended by a row of zeros; ready for
 * g_enum_register_static(). Owned by the library.
 */
const GEnumValue *asd_ensemble_method_values (void);

/**
 * AsdEnsembleNormalization:
 * @ASD_ENSEMBLE_MIN_MAX: 0 at the lowest and 1 at the highest normal score; what
 *     lies below becomes 0, so that two scores below their lowest cannot multiply
 *     to a high one; what lies above stays above 1
 * @ASD_ENSEMBLE_Z: distance from the mean normal score in standard deviations
 * @ASD_ENSEMBLE_NONE: the score as it is
 *
 * How scores of systems with different scales are made comparable, by what each
 * gave to normal sound.
 */
typedef enum
{
  ASD_ENSEMBLE_MIN_MAX,
  ASD_ENSEMBLE_Z,
  ASD_ENSEMBLE_NONE,
} AsdEnsembleNormalization;

/**
 * asd_ensemble_normalization_values:
 *
 * Returns: as asd_ensemble_method_values(): "min-max", "z" and "none"
 */
const GEnumValue *asd_ensemble_normalization_values (void);

/**
 * asd_ensemble_normalize:
 * @calibration: scores of normal clips; min and max, or mean and std, are used
 *
 * Returns: the normalised score, 0 where all normal scores are equal
 */
double asd_ensemble_normalize (AsdEnsembleNormalization normalization,
    const AsdCalibration * calibration, double score);

/**
 * asd_ensemble_describe:
 * @n: number of systems
 *
 * What a threshold for joint scores depends on. `gst-asd train` writes it into
 * the ensemble's section of the model as "joins".
 *
 * Returns: (transfer full): for example "2 scores, method=product,
 *     normalize=min-max"
 */
char *asd_ensemble_describe (AsdEnsembleMethod method,
    AsdEnsembleNormalization normalization, guint n);

/**
 * asd_ensemble_min_max:
 * @scores: (inout) (array length=n): finite scores of one system
 *
 * Moves and scales them to 0 .. 1; equal scores become 0.
 */
void asd_ensemble_min_max (double *scores, gsize n);

/**
 * asd_ensemble_combine:
 * @scores: (array length=n): the scores of one clip, at least one
 *
 * Returns: the joint score, of one score itself; NaN where the method cannot
 *     take a negative score
 */
double asd_ensemble_combine (AsdEnsembleMethod method, const double *scores,
    gsize n);
/**
 * asd_ensemble_get_weights:
 * @scores: as in asd_ensemble_combine()
 * @weights: (out) (array length=n): how much each has to do with the joint score
 *     being high: the score itself, but 0 where it is below; for the highest and
 *     the lowest score 1 for the one that it is and 0 for the others
 */
void asd_ensemble_get_weights (AsdEnsembleMethod method, const double *scores,
    gsize n, double *weights);

G_END_DECLS

#endif /* __ASD_ENSEMBLE_H__ */
