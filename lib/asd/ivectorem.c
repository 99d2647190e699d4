/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ivector-private.h"

#include "error.h"
#include "linalg.h"

/* Clips whose sums over components are one matrix product each. */
#define BATCH 32

/* Below so many frames a component stays as it is. */
#define MIN_COUNT 1e-3

typedef struct
{
  const AsdIvectorClips *clips;
  gsize k, d, r, packed_size;
  double *counts;               /* N of all clips: k */
  double *scatter;              /* sum of g (x - m)^2: k x d */
  double *second_moments;       /* A: k x packed */
  double *cross_moments;        /* B: k x d x r */
  double *moment;               /* sum over clips of E[w w'], packed */
  double log_likelihood;
  /* One batch */
  double *centred;              /* BATCH x k x d */
  double *precisions;           /* BATCH x packed: L, then E[w w'] */
  double *ivectors;             /* BATCH x r */
  double *square;               /* r x r */
} Em;

static void
em_init (Em * em, const AsdIvector * model, const AsdIvectorClips * clips)
{
  const double *means = asd_ubm_get_means (model->ubm);
  gsize size;

  em->clips = clips;
  em->k = model->n_components;
  em->d = model->n_features;
  em->r = model->dimensions;
  em->packed_size = ASD_PACKED_SIZE (em->r);
  size = em->k * em->d;
  em->counts = g_new0 (double, em->k);
  em->scatter = g_new (double, size);
  em->second_moments = g_new (double, em->k * em->packed_size);
  em->cross_moments = g_new (double, size * em->r);
  em->moment = g_new (double, em->packed_size);
  em->centred = g_new (double, BATCH * size);
  em->precisions = g_new (double, BATCH * em->packed_size);
  em->ivectors = g_new (double, BATCH * em->r);
  em->square = g_new (double, em->r * em->r);

  memcpy (em->scatter, clips->second, size * sizeof *em->scatter);
  for (gsize u = 0; u < clips->n; u++) {
    for (gsize i = 0; i < size; i++)
      em->scatter[i] -= 2 * means[i] * clips->first[u * size + i];
    for (gsize c = 0; c < em->k; c++)
      em->counts[c] += clips->zeroth[u * em->k + c];
  }
  for (gsize i = 0; i < size; i++) {
    em->scatter[i] += em->counts[i / em->d] * means[i] * means[i];
    em->scatter[i] = MAX (em->scatter[i], 0);
  }
}

static void
em_clear (Em * em)
{
  g_free (em->counts);
  g_free (em->scatter);
  g_free (em->second_moments);
  g_free (em->cross_moments);
  g_free (em->moment);
  g_free (em->centred);
  g_free (em->precisions);
  g_free (em->ivectors);
  g_free (em->square);
}

/* From L and T' S^-1 (F - N m) of a clip to E[w w'] and E[w]. FALSE if L is
 * not finite. */
static gboolean
expect_clip (Em * em, double *packed, double *w)
{
  const gsize r = em->r;
  double before = 0, after = 0;
  g_autofree double *b = g_memdup2 (w, r * sizeof *w);

  asd_unpack (packed, r, em->square);
  for (gsize i = 0; i < r; i++)
    em->square[i * r + i] += 1;
  if (!asd_all_finite (w, r) || !asd_cholesky (em->square, r))
    return FALSE;
  before = asd_cholesky_log_det (em->square, r);
  asd_cholesky_solve (em->square, r, w);
  for (gsize i = 0; i < r; i++)
    after += b[i] * w[i];
  em->log_likelihood += 0.5 * (after - before);
  asd_cholesky_invert (em->square, r);
  for (gsize i = 0; i < r; i++) {
    for (gsize j = 0; j <= i; j++)
      em->square[i * r + j] += w[i] * w[j];
  }
  asd_pack (em->square, r, packed);
  for (gsize i = 0; i < em->packed_size; i++)
    em->moment[i] += packed[i];
  return TRUE;
}

static gboolean
expect_batch (Em * em, const AsdIvector * model, gsize begin, gsize n)
{
  const gsize k = em->k, r = em->r, p = em->packed_size, size = k * em->d;
  const double *zeroth = em->clips->zeroth + begin * k;

  for (gsize u = 0; u < n; u++)
    asd_ivector_centre (model, zeroth + u * k,
        em->clips->first + (begin + u) * size, em->centred + u * size);
  cblas_dgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, n, r, size, 1,
      em->centred, size, model->scaled, r, 0, em->ivectors, r);
  cblas_dgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, n, p, k, 1, zeroth,
      k, model->products, p, 0, em->precisions, p);
  for (gsize u = 0; u < n; u++) {
    if (!expect_clip (em, em->precisions + u * p, em->ivectors + u * r))
      return FALSE;
  }
  cblas_dgemm (CblasRowMajor, CblasTrans, CblasNoTrans, k, p, n, 1, zeroth, k,
      em->precisions, p, 1, em->second_moments, p);
  cblas_dgemm (CblasRowMajor, CblasTrans, CblasNoTrans, size, r, n, 1,
      em->centred, size, em->ivectors, r, 1, em->cross_moments, r);
  return TRUE;
}

/* Expectation, and the log-likelihood of the clips with w integrated out. */
static gboolean
expect (Em * em, const AsdIvector * model, GCancellable * cancellable,
    GError ** error)
{
  const gsize size = em->k * em->d;

  em->log_likelihood = 0;
  memset (em->second_moments, 0,
      em->k * em->packed_size * sizeof *em->second_moments);
  memset (em->cross_moments, 0, size * em->r * sizeof *em->cross_moments);
  memset (em->moment, 0, em->packed_size * sizeof *em->moment);
  for (gsize begin = 0; begin < em->clips->n; begin += BATCH) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    if (!expect_batch (em, model, begin, MIN (BATCH, em->clips->n - begin))) {
      g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "the statistics "
          "of the training clips have values that are NaN, infinite or too "
          "large: leave such clips out");
      return FALSE;
    }
  }
  for (gsize i = 0; i < size; i++)
    em->log_likelihood -= 0.5 * (em->counts[i / em->d] *
        log (2 * G_PI * model->sigma[i]) + em->scatter[i] / model->sigma[i]);
  return TRUE;
}

/* T_c = B_c A_c^-1, and S_c from the new T_c. */
static void
maximise_component (Em * em, const AsdIvector * old, AsdIvector * model,
    gsize c, double variance_floor)
{
  const gsize d = em->d, r = em->r;
  const double *cross = em->cross_moments + c * d * r;
  double *matrix = model->matrix + c * d * r;

  asd_unpack (em->second_moments + c * em->packed_size, r, em->square);
  if (em->counts[c] < MIN_COUNT || !asd_cholesky (em->square, r)) {
    memcpy (matrix, old->matrix + c * d * r, d * r * sizeof *matrix);
    memcpy (model->sigma + c * d, old->sigma + c * d, d * sizeof *matrix);
    return;
  }
  memcpy (matrix, cross, d * r * sizeof *matrix);
  cblas_dtrsm (CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit,
      d, r, 1, em->square, r, matrix, r);
  cblas_dtrsm (CblasRowMajor, CblasRight, CblasLower, CblasNoTrans,
      CblasNonUnit, d, r, 1, em->square, r, matrix, r);
  for (gsize j = 0; j < d; j++) {
    double sum = em->scatter[c * d + j];

    for (gsize i = 0; i < r; i++)
      sum -= matrix[j * r + i] * cross[j * r + i];
    model->sigma[c * d + j] = MAX (sum / em->counts[c], variance_floor);
  }
}

static AsdIvector *
maximise (Em * em, const AsdIvector * old, double variance_floor,
    gboolean minimum_divergence)
{
  AsdIvector *model = asd_ivector_alloc (old->ubm, old->dimensions,
      old->length_normalise);

  for (gsize c = 0; c < em->k; c++)
    maximise_component (em, old, model, c, variance_floor);
  if (minimum_divergence) {
    for (gsize i = 0; i < em->packed_size; i++)
      em->moment[i] /= em->clips->n;
    asd_unpack (em->moment, em->r, em->square);
    if (asd_cholesky (em->square, em->r))
      cblas_dtrmm (CblasRowMajor, CblasRight, CblasLower, CblasNoTrans,
          CblasNonUnit, em->k * em->d, em->r, 1, em->square, em->r,
          model->matrix, em->r);
  }
  asd_ivector_prepare (model);
  return model;
}

static gboolean
check_clips (const AsdIvector * model, const AsdIvectorClips * clips,
    GError ** error)
{
  const gsize size = model->n_components * model->n_features;

  if (clips->n == 0) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA,
        "there is no clip to " "learn i-vectors from: give at least one");
    return FALSE;
  }
  for (gsize u = 0; u < clips->n; u++) {
    if (!asd_all_finite (clips->zeroth + u * model->n_components,
            model->n_components)
        || !asd_all_finite (clips->first + u * size, size)) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "the statistics of clip %"
          G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " have a value that is NaN or "
          "infinite: leave it out", u + 1, clips->n);
      return FALSE;
    }
  }
  return TRUE;
}

AsdIvector *
asd_ivector_refine (const AsdIvector * model, const AsdIvectorClips * clips,
    guint iterations, double variance_floor, gboolean minimum_divergence,
    AsdProgressFunc progress, gpointer user_data, GCancellable * cancellable,
    GError ** error)
{
  AsdIvector *current;
  double frames = 0;
  Em em;

  if (!check_clips (model, clips, error))
    return NULL;
  current = asd_ivector_new (model->ubm, model->matrix, model->sigma,
      model->dimensions, model->length_normalise, error);
  em_init (&em, model, clips);
  for (gsize c = 0; c < em.k; c++)
    frames += em.counts[c];
  for (guint i = 0; current != NULL && i < iterations; i++) {
    AsdIvector *next = NULL;

    if (expect (&em, current, cancellable, error)) {
      if (progress != NULL)
        progress ("i-vectors", i + 1, iterations, em.log_likelihood / frames,
            user_data);
      next = maximise (&em, current, variance_floor, minimum_divergence);
    }
    asd_ivector_unref (current);
    current = next;
  }
  em_clear (&em);
  return current;
}
