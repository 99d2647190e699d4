/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_LINALG_H__
#define __ASD_LINALG_H__

/* Internal: what is used of BLAS and LAPACK, row-major. Not installed. OpenBLAS
 * has LAPACK but not always the headers of its C interface. */

#include <cblas.h>
#include <glib.h>
#include <math.h>
#include <string.h>

#include "error.h"

G_BEGIN_DECLS

void dpotrf_ (const char *uplo, const int *n, double *a, const int *lda,
    int *info);
void dpotri_ (const char *uplo, const int *n, double *a, const int *lda,
    int *info);
void dtrtri_ (const char *uplo, const char *diag, const int *n, double *a,
    const int *lda, int *info);
void dsyevd_ (const char *jobz, const char *uplo, const int *n, double *a,
    const int *lda, double *w, double *work, const int *lwork, int *iwork,
    const int *liwork, int *info);

/* Elements of the lower triangle of an n x n matrix, stored row after row. */
#define ASD_PACKED_SIZE(n) ((n) * ((n) + 1) / 2)

/* Replaces the lower triangle of a positive definite @a by L, a = L L'. The
 * upper triangle of the columns that LAPACK sees is the lower one of our rows. */
static inline gboolean
asd_cholesky (double *a, gsize dim)
{
  int n = dim, info;

  dpotrf_ ("U", &n, a, &n, &info);
  for (gsize i = 0; info == 0 && i < dim; i++) {
    if (!isfinite (a[i * dim + i]))
      return FALSE;
  }
  return info == 0;
}

/* Replaces L by its inverse. */
static inline void
asd_cholesky_invert_factor (double *l, gsize dim)
{
  int n = dim, info;

  dtrtri_ ("U", "N", &n, l, &n, &info);
}

/* Replaces L by the lower triangle of (L L')^-1. */
static inline void
asd_cholesky_invert (double *l, gsize dim)
{
  int n = dim, info;

  dpotri_ ("U", &n, l, &n, &info);
}

/* ln det (L L') */
static inline double
asd_cholesky_log_det (const double *l, gsize dim)
{
  double sum = 0;

  for (gsize i = 0; i < dim; i++)
    sum += log (l[i * dim + i]);
  return 2 * sum;
}

/* Replaces x by (L L')^-1 x. */
static inline void
asd_cholesky_solve (const double *l, gsize dim, double *x)
{
  cblas_dtrsv (CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, dim, l,
      dim, x, 1);
  cblas_dtrsv (CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, dim, l,
      dim, x, 1);
}

/* Replaces a symmetric @a, of which the lower triangle is read, by its
 * eigenvectors, one in each row, and gives the eigenvalues, smallest first. */
static inline gboolean
asd_eigen_symmetric (double *a, gsize dim, double *values)
{
  int n = dim, info, lwork = -1, liwork = -1;
  double size, *work = &size;
  int isize, *iwork = &isize;

  dsyevd_ ("V", "U", &n, a, &n, values, work, &lwork, iwork, &liwork, &info);
  if (info != 0)
    return FALSE;
  lwork = size;
  liwork = isize;
  work = g_new (double, lwork);
  iwork = g_new (int, liwork);
  dsyevd_ ("V", "U", &n, a, &n, values, work, &lwork, iwork, &liwork, &info);
  g_free (work);
  g_free (iwork);
  return info == 0;
}

static inline void
asd_pack (const double *a, gsize dim, double *packed)
{
  for (gsize i = 0; i < dim; i++) {
    memcpy (packed, a + i * dim, (i + 1) * sizeof *packed);
    packed += i + 1;
  }
}

/* Writes the lower triangle only. */
static inline void
asd_unpack (const double *packed, gsize dim, double *a)
{
  for (gsize i = 0; i < dim; i++) {
    memcpy (a + i * dim, packed, (i + 1) * sizeof *packed);
    packed += i + 1;
  }
}

static inline gboolean
asd_all_finite (const double *x, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (!isfinite (x[i]))
      return FALSE;
  }
  return TRUE;
}

/* Whether @n vectors can be divided into @n_clusters components. */
static inline gboolean
asd_check_vectors (const double *x, gsize n, gsize dim, gsize n_clusters,
    GError ** error)
{
  if (n_clusters == 0 || dim == 0 || n < n_clusters) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "%" G_GSIZE_FORMAT
        " vectors are fewer than the %" G_GSIZE_FORMAT " components that they "
        "shall be divided into: use more clips or fewer components", n,
        n_clusters);
    return FALSE;
  }
  for (gsize i = 0; i < n; i++) {
    if (!asd_all_finite (x + i * dim, dim)) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "training vector %"
          G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " has a value that is NaN or "
          "infinite: leave its clip out", i + 1, n);
      return FALSE;
    }
  }
  return TRUE;
}

/* Whether weights of a mixture are above 0 and sum to 1. */
static inline gboolean
asd_weights_valid (const double *weights, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++) {
    if (!(weights[i] > 0))
      return FALSE;
    sum += weights[i];
  }
  return fabs (sum - 1) < 1e-6;
}

G_END_DECLS

#endif /* __ASD_LINALG_H__ */
