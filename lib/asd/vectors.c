/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "vectors.h"

#include <math.h>
#include <string.h>

#include "error.h"

gboolean
asd_vectors_usable (const double *x, gsize n_values)
{
  /* A NaN is not below anything. */
  for (gsize i = 0; i < n_values; i++) {
    if (!(fabs (x[i]) <= ASD_VECTORS_MAX))
      return FALSE;
  }
  return TRUE;
}

gboolean
asd_vectors_check (const char *what, const double *x, gsize n, gsize dim,
    gsize different, GError ** error)
{
  gsize found = n > 0;

  for (gsize i = 0; i < n; i++) {
    if (!asd_vectors_usable (x + i * dim, dim)) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "training vector %"
          G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " has a value that is NaN, "
          "infinite or above %g: leave its clip out or scale the features "
          "down", i + 1, n, ASD_VECTORS_MAX);
      return FALSE;
    }
    for (gsize j = 0; j < dim && found < 2; j++)
      found += x[i * dim + j] != x[j];
  }
  if (found >= different)
    return TRUE;
  if (n > 1)
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "all %" G_GSIZE_FORMAT
        " training vectors are the same, and %s needs some that differ: check "
        "that the recordings are not silent", n, what);
  else
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "there is %s training "
        "vector for %s, which needs at least %" G_GSIZE_FORMAT ": use more "
        "clips", n == 0 ? "no" : "only one", what, different);
  return FALSE;
}
