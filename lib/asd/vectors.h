/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_VECTORS_H__
#define __ASD_VECTORS_H__

/* Internal: what scorers ask of the vectors that they keep. Not installed. */

#include <glib.h>

G_BEGIN_DECLS

/* Fourth powers of larger values, and their sums, may overflow. */
#define ASD_VECTORS_MAX 1e70

/* FALSE with ASD_ERROR_DATA where @what ("a local outlier factor", say) cannot
 * be learned from @n training vectors: there are fewer than @different (1 or 2)
 * different ones, or a value is not finite or too large. */
gboolean asd_vectors_check (const char *what, const double *x, gsize n,
    gsize dim, gsize different, GError ** error);

/* FALSE where a value is not finite or too large. */
gboolean asd_vectors_usable (const double *x, gsize n_values);

G_END_DECLS

#endif /* __ASD_VECTORS_H__ */
