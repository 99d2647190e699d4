/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_IVECTOR_PRIVATE_H__
#define __ASD_IVECTOR_PRIVATE_H__

/* Internal: what ivector.c and ivectorem.c share. Not installed. */

#include "ivector.h"

G_BEGIN_DECLS

struct _AsdIvector
{
  gatomicrefcount refs;
  AsdUbm *ubm;
  gsize n_components, n_features, dimensions;
  gboolean length_normalise;
  double *matrix;               /* T: components x features x dimensions */
  double *sigma;                /* S: components x features */
  double *scaled;               /* S^-1 T */
  double *products;             /* T' S^-1 T of each component, packed */

  /* Both NULL where i-vectors are not whitened. */
  double *whitening_mean;       /* dimensions */
  double *whitening;            /* dimensions x dimensions, its lower triangle */
};

AsdIvector *asd_ivector_alloc (AsdUbm * ubm, gsize dimensions,
    gboolean length_normalise);

/* A model without whitening and length normalisation. */
AsdIvector *asd_ivector_plain (const AsdIvector * model);

/* Computes what follows from T and S. */
void asd_ivector_prepare (AsdIvector * model);

/* F_c - N_c m_c */
void asd_ivector_centre (const AsdIvector * model, const double *zeroth,
    const double *first, double *centred);

G_END_DECLS

#endif /* __ASD_IVECTOR_PRIVATE_H__ */
