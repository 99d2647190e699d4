/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_GMM_PRIVATE_H__
#define __ASD_GMM_PRIVATE_H__

/* Internal: what gmm.c and gmmfit.c share. Not installed. */

#include "gmm.h"

G_BEGIN_DECLS

struct _AsdGmm
{
  gatomicrefcount refs;
  AsdGmmCovariance covariance;
  gsize dim;
  gsize n_components;
  double *weights;
  double *means;                /* n_components x dim */
  double *covariances;          /* n_components x size */
  gsize size;                   /* values of one covariance */
  double *factors;              /* the same of L^-1, S = L L', or S^-1/2 */
  double *offsets;              /* ln (w_c (2 pi)^(-dim / 2) |S_c|^(-1/2)) */
  char *warning;
};

AsdGmm *asd_gmm_alloc (AsdGmmCovariance covariance, gsize n_components,
    gsize dim);

/* Prepares for densities. Returns -1, or the first component whose covariance
 * is not positive definite. */
gssize asd_gmm_prepare (AsdGmm * gmm);

G_END_DECLS

#endif /* __ASD_GMM_PRIVATE_H__ */
