/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_COVARIANCE_H__
#define __ASD_COVARIANCE_H__

/* Internal: covariances and the distances that they measure. Not installed. */

#include <glib.h>

G_BEGIN_DECLS

/* Draws a covariance S of @dim x @dim values towards mu I, mu its mean variance,
 * by as much as the vectors leave it uncertain (Ledoit and Wolf 2004). @squares
 * is the sum over the vectors of w^2, w the share of the vector, and @fourths
 * that of w^2 |z|^4, z its deviation from the mean. Where all are equal the
 * covariance stays as it is. */
void asd_covariance_shrink (double *covariance, gsize dim, double squares,
    double fourths);

/* L^-1 of S = L L', and ln det S. FALSE if S is not positive definite. */
gboolean asd_covariance_factor (const double *covariance, gsize dim,
    double *factor, double *log_det);

/* |L^-1 (x - m)|^2 */
double asd_covariance_distance (const double *x, const double *mean,
    const double *factor, gsize dim);

/* (x - m)_i (S^-1 (x - m))_i of each value, which sum to that. */
void asd_covariance_distance_parts (const double *x, const double *mean,
    const double *factor, gsize dim, double *parts);

/* Whether two halves of a matrix are the same. */
gboolean asd_covariance_symmetric (const double *a, gsize dim);

G_END_DECLS

#endif /* __ASD_COVARIANCE_H__ */
