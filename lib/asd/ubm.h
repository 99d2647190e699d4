/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_UBM_H__
#define __ASD_UBM_H__

#include <asd/model.h>
#include <asd/progress.h>

G_BEGIN_DECLS

/**
 * AsdUbm:
 *
 * Universal background model: a mixture of Gaussians with diagonal covariances
 * that describes the frames of all clips, and against which a clip is told by
 * its Baum-Welch statistics.
 *
 * An AsdUbm does not change once made and may be used by several threads.
 *
 * D. A. Reynolds, T. F. Quatieri, R. B. Dunn: Speaker verification using adapted
 * Gaussian mixture models. Digital Signal Processing 10, 2000.
 */
typedef struct _AsdUbm AsdUbm;

/**
 * AsdUbmConfig:
 * @components: number of Gaussians
 * @kmeans_iterations: most iterations of k-means, from which they start
 * @iterations: iterations of expectation-maximisation
 * @variance_floor: smallest variance
 * @seed: of the start; the same seed gives the same model
 */
typedef struct
{
  guint components;
  guint kmeans_iterations;
  guint iterations;
  double variance_floor;
  guint32 seed;
} AsdUbmConfig;

#define ASD_UBM_CONFIG_INIT { 64, 10, 10, 1e-3, 0 }

/**
 * asd_ubm_config_check:
 *
 * Returns: NULL, or a text that says what is wrong
 */
const char *asd_ubm_config_check (const AsdUbmConfig * config);

/**
 * asd_ubm_fit:
 * @config: a valid configuration
 * @x: @n training frames of @dim values, row-major
 * @progress: (nullable): told of each iteration
 *
 * Returns: (transfer full): the model, or NULL with ASD_ERROR_DATA (fewer
 *     frames than components, a value that is not finite) or
 *     G_IO_ERROR_CANCELLED
 */
AsdUbm *asd_ubm_fit (const AsdUbmConfig * config, const double *x, gsize n,
    gsize dim, AsdProgressFunc progress, gpointer user_data,
    GCancellable * cancellable, GError ** error);

/**
 * asd_ubm_new:
 * @weights: @n_components values above 0 that sum to 1
 * @means: @n_components x @dim values, row-major
 * @variances: the same of variances, each above 0
 *
 * Returns: (transfer full): the model, or NULL with ASD_ERROR_FORMAT
 */
AsdUbm *asd_ubm_new (const double *weights, const double *means,
    const double *variances, gsize n_components, gsize dim, GError ** error);

/**
 * asd_ubm_refine:
 * @ubm: where to start; it does not change
 * @x: @n training frames of its dimensions
 *
 * Iterations of expectation-maximisation: responsibilities g, N_c = sum of g,
 * w_c = N_c / @n, m_c = sum of g x / N_c, v_c = sum of g x^2 / N_c - m_c^2, at
 * least @variance_floor. A component with N_c below 1e-3 keeps its mean and
 * variances.
 *
 * Returns: (transfer full): a new model, or NULL as asd_ubm_fit()
 */
AsdUbm *asd_ubm_refine (const AsdUbm * ubm, const double *x, gsize n,
    guint iterations, double variance_floor, AsdProgressFunc progress,
    gpointer user_data, GCancellable * cancellable, GError ** error);

AsdUbm *asd_ubm_ref (AsdUbm * ubm);
void asd_ubm_unref (AsdUbm * ubm);

gsize asd_ubm_get_dim (const AsdUbm * ubm);
gsize asd_ubm_get_n_components (const AsdUbm * ubm);

/**
 * asd_ubm_get_weights:
 *
 * Returns: (transfer none): as asd_ubm_new() takes them
 */
const double *asd_ubm_get_weights (const AsdUbm * ubm);
const double *asd_ubm_get_means (const AsdUbm * ubm);
const double *asd_ubm_get_variances (const AsdUbm * ubm);

/**
 * asd_ubm_log_likelihood:
 * @x: one frame
 *
 * Returns: ln p (x); NaN or -infinite where @x is not finite
 */
double asd_ubm_log_likelihood (const AsdUbm * ubm, const double *x);

/**
 * asd_ubm_save:
 * @writer: a writer whose current stage takes the f64 tensors "ubm-weights"
 *     (components), "ubm-means" and "ubm-variances" (components x dim)
 */
void asd_ubm_save (const AsdUbm * ubm, AsdModelWriter * writer);

/**
 * asd_ubm_load:
 * @section: what asd_ubm_save() wrote
 *
 * Returns: (transfer full): the model, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdUbm *asd_ubm_load (AsdModelSection * section, GError ** error);

/**
 * AsdUbmStatistics:
 *
 * Collects the Baum-Welch statistics of a clip, frame by frame. One thread at a
 * time.
 */
typedef struct _AsdUbmStatistics AsdUbmStatistics;

/**
 * asd_ubm_statistics_new:
 * @second_order: whether to sum squares, too
 *
 * Returns: (transfer full): statistics of no frame; it has its own reference
 *     to @ubm
 */
AsdUbmStatistics *asd_ubm_statistics_new (AsdUbm * ubm,
    gboolean second_order);
void asd_ubm_statistics_free (AsdUbmStatistics * self);

/**
 * asd_ubm_statistics_reset:
 *
 * Forgets all frames.
 */
void asd_ubm_statistics_reset (AsdUbmStatistics * self);

/**
 * asd_ubm_statistics_add:
 * @frames: @n frames, row-major
 *
 * Adds frames; allocates nothing. A value that is not finite makes all
 * statistics NaN.
 */
void asd_ubm_statistics_add (AsdUbmStatistics * self, const float *frames,
    gsize n);
void asd_ubm_statistics_add_f64 (AsdUbmStatistics * self,
    const double *frames, gsize n);

/**
 * asd_ubm_statistics_get:
 * @zeroth: (out): n_components values N_c, the sums of the responsibilities g
 * @first: (out): n_components x dim values F_c, the sums of g x
 * @second: (out) (nullable): the same of the sums of g x^2; only where
 *     @second_order was asked for
 *
 * Returns: the sum of the frames' log-likelihoods
 */
double asd_ubm_statistics_get (const AsdUbmStatistics * self, double *zeroth,
    double *first, double *second);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdUbm, asd_ubm_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdUbmStatistics, asd_ubm_statistics_free)

G_END_DECLS

#endif /* __ASD_UBM_H__ */
