/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_POSTERIORS_H__
#define __ASD_POSTERIORS_H__

/* Internal: from logarithms of joint densities to responsibilities. Not
 * installed. */

#include <glib.h>

G_BEGIN_DECLS

/* @p holds for each of @n_components rows ln (weight density) of @n vectors; on
 * return their responsibilities, which sum to 1 over the rows. The rows lie
 * @stride values apart. @log_sums gets ln (sum over rows of the densities) of
 * each vector; @scratch has room for @n. A value that is NaN makes all of its
 * vector NaN. */
void asd_posteriors (double *p, gsize n_components, gsize n, gsize stride,
    double *log_sums, double *scratch);

G_END_DECLS

#endif /* __ASD_POSTERIORS_H__ */
