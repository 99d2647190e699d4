/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_POOL_H__
#define __ASD_POOL_H__

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * AsdPoolMethod:
 * @ASD_POOL_MEAN: the mean over the frames
 * @ASD_POOL_MAX: the maximum
 * @ASD_POOL_STD: the population standard deviation, just 0 for a constant
 * @ASD_POOL_MEAN_STD: the means of all dimensions, then their deviations
 * @ASD_POOL_GWRP: global weighted rank pooling: the mean of the values in
 *     descending order with the weights 1, r, r^2, ...; r = 0 is the maximum,
 *     r = 1 the mean (A. Kolesnikov, C. H. Lampert: Seed, expand and constrain.
 *     ECCV 2016; for anomalous sound J. Guan et al.: Time-weighted frequency
 *     domain audio representation with GMM estimator for anomalous sound
 *     detection. ICASSP 2023)
 */
typedef enum
{
  ASD_POOL_MEAN,
  ASD_POOL_MAX,
  ASD_POOL_STD,
  ASD_POOL_MEAN_STD,
  ASD_POOL_GWRP,
} AsdPoolMethod;

/**
 * asd_pool_method_values:
 *
 * Returns: the methods with a sentence (value_name) and the name used on
 * command lines (value_nick), ended by a row of zeros; ready for
 * g_enum_register_static(). Owned by the library.
 */
const GEnumValue *asd_pool_method_values (void);

/**
 * AsdPool:
 *
 * Makes one frame of many: each dimension by itself. One thread at a time.
 */
typedef struct _AsdPool AsdPool;

/**
 * asd_pool_new:
 * @r: of ASD_POOL_GWRP, from 0 to 1; clamped
 */
AsdPool *asd_pool_new (AsdPoolMethod method, double r);
void asd_pool_free (AsdPool * pool);

/**
 * asd_pool_get_n_out:
 *
 * Returns: values that one value of a frame becomes: 2 for ASD_POOL_MEAN_STD,
 *     else 1
 */
gsize asd_pool_get_n_out (const AsdPool * pool);

/**
 * asd_pool_process:
 * @frames: @n frames of @dim finite values, row-major; at least one frame
 * @out: (out): asd_pool_get_n_out() times @dim values
 *
 * Allocates only where there are more frames than ever before.
 */
void asd_pool_process (AsdPool * pool, const float *frames, gsize n,
    gsize dim, float *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdPool, asd_pool_free)

G_END_DECLS

#endif /* __ASD_POOL_H__ */
