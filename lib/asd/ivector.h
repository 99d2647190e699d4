/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_IVECTOR_H__
#define __ASD_IVECTOR_H__

#include <asd/ubm.h>

G_BEGIN_DECLS

/**
 * AsdIvector:
 *
 * Total-variability model: the mean of component c of the background model is,
 * in a clip, m_c + T_c w, with w normal around 0 with unit variances. The
 * i-vector of the clip is the expectation of w,
 *
 *   w = L^-1 sum_c T_c' S_c^-1 (F_c - N_c m_c)
 *   L = I + sum_c N_c T_c' S_c^-1 T_c
 *
 * where N_c and F_c are the clip's Baum-Welch statistics and S_c variances. It
 * may be whitened, see asd_ivector_whiten(), then divided by its length.
 *
 * An AsdIvector does not change once made and may be used by several threads.
 *
 * N. Dehak et al.: Front-end factor analysis for speaker verification. IEEE
 * Trans. Audio, Speech, and Language Processing 19, 2011.
 */
typedef struct _AsdIvector AsdIvector;

/**
 * asd_ivector_new:
 * @ubm: the background model; referenced
 * @matrix: T, components x features x @dimensions values
 * @sigma: S, components x features variances, each above 0
 * @dimensions: values of an i-vector
 * @length_normalise: whether i-vectors are divided by their length (D.
 *     Garcia-Romero, C. Y. Espy-Wilson: Analysis of i-vector length
 *     normalization in speaker recognition systems. Interspeech 2011)
 *
 * Returns: (transfer full): the model, or NULL with ASD_ERROR_FORMAT
 */
AsdIvector *asd_ivector_new (AsdUbm * ubm, const double *matrix,
    const double *sigma, gsize dimensions, gboolean length_normalise,
    GError ** error);

AsdIvector *asd_ivector_ref (AsdIvector * model);
void asd_ivector_unref (AsdIvector * model);

/**
 * AsdIvectorClips:
 * @n: number of clips
 * @zeroth: N, @n x components
 * @first: F, @n x components x features
 * @second: components x features: the sums of g x^2 over all clips
 *
 * Baum-Welch statistics to learn from.
 */
typedef struct
{
  gsize n;
  const double *zeroth;
  const double *first;
  const double *second;
} AsdIvectorClips;

/**
 * asd_ivector_refine:
 * @model: where to start; it does not change
 * @iterations: iterations of expectation-maximisation
 * @variance_floor: smallest S
 * @minimum_divergence: whether each iteration ends with T multiplied so that
 *     the training clips' w have unit second moments
 * @progress: (nullable): told of each iteration, with the log-likelihood per
 *     frame (that of the statistics: responsibilities stay as they are)
 *
 * T_c = B_c A_c^-1 with A_c = sum over clips of N_c E[w w'] and B_c that of
 * (F_c - N_c m_c) E[w]'; then S_c from the new T_c. A component with less than
 * 1e-3 frames stays as it is.
 *
 * Returns: (transfer full): a new model, or NULL with ASD_ERROR_DATA (no clip,
 *     a value that is not finite) or G_IO_ERROR_CANCELLED
 */
AsdIvector *asd_ivector_refine (const AsdIvector * model,
    const AsdIvectorClips * clips, guint iterations, double variance_floor,
    gboolean minimum_divergence, AsdProgressFunc progress, gpointer user_data,
    GCancellable * cancellable, GError ** error);

/**
 * asd_ivector_whiten:
 * @model: a model; it does not change
 * @clips: the clips that the mean m and the covariance C = R R' of i-vectors are
 *     learned from, at least three
 *
 * i-vectors w become R^-1 (w - m), before they are divided by their length (D.
 * Garcia-Romero, C. Y. Espy-Wilson: Analysis of i-vector length normalization in
 * speaker recognition systems. Interspeech 2011). C is drawn towards a multiple
 * of the identity by as much as the clips leave it uncertain (Ledoit, Wolf
 * 2004), so that fewer clips than dimensions will do, too.
 *
 * Returns: (transfer full): a model that whitens, or NULL with ASD_ERROR_DATA
 *     (fewer than three clips, i-vectors that do not differ enough, a value that
 *     is not finite)
 */
AsdIvector *asd_ivector_whiten (const AsdIvector * model,
    const AsdIvectorClips * clips, GError ** error);

/**
 * asd_ivector_get_dimensions:
 *
 * Returns: values of an i-vector
 */
gsize asd_ivector_get_dimensions (const AsdIvector * model);

/**
 * asd_ivector_get_ubm:
 *
 * Returns: (transfer none): the background model, whose dim is the values of a
 *     frame
 */
AsdUbm *asd_ivector_get_ubm (const AsdIvector * model);

/**
 * asd_ivector_get_matrix:
 *
 * Returns: (transfer none): as asd_ivector_new() takes them
 */
const double *asd_ivector_get_matrix (const AsdIvector * model);
const double *asd_ivector_get_sigma (const AsdIvector * model);

/**
 * asd_ivector_save:
 * @writer: a writer whose current stage takes what asd_ubm_save() writes, the
 *     f64 tensors "matrix" (components x features x dimensions) and "sigma"
 *     (components x features), and the number "length-normalise", 0 or 1;
 *     where i-vectors are whitened also the f64 tensors "whitening-mean"
 *     (dimensions) and "whitening" (dimensions x dimensions, lower triangular)
 */
void asd_ivector_save (const AsdIvector * model, AsdModelWriter * writer);

/**
 * asd_ivector_load:
 * @section: what asd_ivector_save() wrote
 *
 * Returns: (transfer full): the model, or NULL with ASD_ERROR_MISSING,
 *     ASD_ERROR_MISMATCH or ASD_ERROR_FORMAT
 */
AsdIvector *asd_ivector_load (AsdModelSection * section, GError ** error);

/**
 * AsdIvectorExtractor:
 *
 * What one thread needs to turn clips into i-vectors.
 */
typedef struct _AsdIvectorExtractor AsdIvectorExtractor;

/**
 * asd_ivector_extractor_new:
 *
 * Returns: (transfer full): an extractor with its own reference to @model
 */
AsdIvectorExtractor *asd_ivector_extractor_new (AsdIvector * model);
void asd_ivector_extractor_free (AsdIvectorExtractor * self);

/**
 * asd_ivector_extractor_process:
 * @frames: the @n frames of a clip, row-major; none give a vector of zeros
 * @ivector: (out): dimensions values; all NaN where a frame is not finite
 *
 * Allocates nothing.
 */
void asd_ivector_extractor_process (AsdIvectorExtractor * self,
    const float *frames, gsize n, double *ivector);

/**
 * asd_ivector_extractor_process_statistics:
 * @zeroth: N_c, one value per component
 * @first: F_c, components x features
 *
 * The same from statistics.
 */
void asd_ivector_extractor_process_statistics (AsdIvectorExtractor * self,
    const double *zeroth, const double *first, double *ivector);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdIvector, asd_ivector_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdIvectorExtractor, asd_ivector_extractor_free)

G_END_DECLS

#endif /* __ASD_IVECTOR_H__ */
