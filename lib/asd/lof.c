/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "lof.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "neighbours.h"
#include "vectors.h"

/* What the reference adds to the mean reachability of duplicates. */
#define MIN_REACHABILITY 1e-10

/* Vectors that are scored together. */
#define BLOCK 64

struct _AsdLof
{
  AsdNeighbours *neighbours;
  gsize k;
  double *lrd;                  /* of each training vector */
  double *distances;            /* to its k-th neighbour */
  AsdNeighbour *found;          /* BLOCK x k */
  char *warning;
};

static AsdLof *
lof_alloc (const double *x, gsize n, gsize dim, gsize k)
{
  AsdLof *lof = g_new0 (AsdLof, 1);

  lof->neighbours = asd_neighbours_new (x, n, dim);
  lof->k = k;
  lof->lrd = g_new (double, n);
  lof->distances = g_new (double, n);
  lof->found = g_new (AsdNeighbour, BLOCK * k);
  return lof;
}

void
asd_lof_free (AsdLof * lof)
{
  asd_neighbours_free (lof->neighbours);
  g_free (lof->lrd);
  g_free (lof->distances);
  g_free (lof->found);
  g_free (lof->warning);
  g_free (lof);
}

/* The local reachability density of a vector with these neighbours. */
static double
density (const AsdLof * lof, const AsdNeighbour * found)
{
  double sum = 0;

  for (gsize i = 0; i < lof->k; i++)
    sum += MAX (found[i].distance, lof->distances[found[i].index]);
  return 1 / (sum / lof->k + MIN_REACHABILITY);
}

static void
warn (AsdLof * lof, gsize n, gsize wanted)
{
  gsize duplicates = 0;

  for (gsize i = 0; i < n; i++)
    duplicates += lof->distances[i] == 0;
  if (wanted > lof->k)
    lof->warning = g_strdup_printf ("too few training vectors (%" G_GSIZE_FORMAT
        ") for %" G_GSIZE_FORMAT " neighbours, %" G_GSIZE_FORMAT " are used: "
        "use more clips or fewer neighbours", n, wanted, lof->k);
  else if (duplicates > 0)
    lof->warning = g_strdup_printf ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
        " training vectors have %" G_GSIZE_FORMAT " or more duplicates, beside "
        "which everything else is an outlier: leave duplicates out or use more "
        "neighbours", duplicates, n, lof->k);
}

AsdLof *
asd_lof_fit (const double *x, gsize n, gsize dim, gsize neighbours,
    GCancellable * cancellable, GError ** error)
{
  AsdNeighbour *found;
  AsdLof *lof;

  g_return_val_if_fail (neighbours > 0, NULL);
  if (!asd_vectors_check ("a local outlier factor", x, n, dim, 2, error))
    return NULL;
  lof = lof_alloc (x, n, dim, MIN (neighbours, n - 1));
  found = asd_neighbours_find_own (lof->neighbours, lof->k, cancellable, error);
  if (found == NULL) {
    asd_lof_free (lof);
    return NULL;
  }
  for (gsize i = 0; i < n; i++)
    lof->distances[i] = found[i * lof->k + lof->k - 1].distance;
  for (gsize i = 0; i < n; i++)
    lof->lrd[i] = density (lof, found + i * lof->k);
  g_free (found);
  warn (lof, n, neighbours);
  return lof;
}

AsdLof *
asd_lof_new (const double *x, const double *lrd, const double *distances,
    gsize n, gsize dim, gsize neighbours, GError ** error)
{
  gboolean valid = dim > 0 && neighbours > 0 && neighbours < n
      && asd_vectors_usable (x, n * dim) && asd_vectors_usable (lrd, n)
      && asd_vectors_usable (distances, n);
  AsdLof *lof;

  for (gsize i = 0; valid && i < n; i++)
    valid = lrd[i] > 0 && distances[i] >= 0;
  if (!valid) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_FORMAT, "the local "
        "outlier factor needs more vectors than neighbours, at least one of "
        "those, values up to 1e70, densities above 0 and distances of 0 or "
        "more: train the model again");
    return NULL;
  }
  lof = lof_alloc (x, n, dim, neighbours);
  memcpy (lof->lrd, lrd, n * sizeof *lrd);
  memcpy (lof->distances, distances, n * sizeof *distances);
  return lof;
}

void
asd_lof_score (AsdLof * lof, const double *x, gsize n, double *scores,
    double *parts)
{
  const gsize dim = asd_lof_get_dim (lof), k = lof->k;

  for (gsize begin = 0; begin < n; begin += BLOCK) {
    const gsize rows = MIN (BLOCK, n - begin);

    asd_neighbours_find (lof->neighbours, x + begin * dim, rows, -1, k,
        lof->found);
    for (gsize i = 0; i < rows; i++) {
      const AsdNeighbour *found = lof->found + i * k;
      double sum = 0;

      for (gsize j = 0; j < k; j++)
        sum += lof->lrd[found[j].index];
      scores[begin + i] = sum / k / density (lof, found);
      if (parts != NULL)
        asd_neighbours_get_parts (lof->neighbours, x + (begin + i) * dim, found,
            k, scores[begin + i] / asd_neighbours_mean_distance (found, k),
            parts + (begin + i) * dim);
    }
  }
}

gsize
asd_lof_get_dim (const AsdLof * lof)
{
  return asd_neighbours_get_dim (lof->neighbours);
}

gsize
asd_lof_get_n_vectors (const AsdLof * lof)
{
  return asd_neighbours_get_n (lof->neighbours);
}

gsize
asd_lof_get_neighbours (const AsdLof * lof)
{
  return lof->k;
}

const double *
asd_lof_get_densities (const AsdLof * lof)
{
  return lof->lrd;
}

const char *
asd_lof_get_warning (const AsdLof * lof)
{
  return lof->warning;
}

void
asd_lof_save (const AsdLof * lof, AsdModelWriter * writer)
{
  const gsize shape[2] = { asd_lof_get_n_vectors (lof), asd_lof_get_dim (lof) };

  asd_model_writer_set_int64 (writer, "neighbours", lof->k);
  asd_model_writer_add_f64 (writer, "vectors",
      asd_neighbours_get_vectors (lof->neighbours), 2, shape);
  asd_model_writer_add_f64 (writer, "densities", lof->lrd, 1, shape);
  asd_model_writer_add_f64 (writer, "distances", lof->distances, 1, shape);
}

AsdLof *
asd_lof_load (AsdModelSection * section, GError ** error)
{
  const double *x, *lrd, *distances;
  gsize shape[2] = { 0, 0 };
  GError *wrong = NULL;
  gint64 neighbours;
  AsdLof *lof;

  x = asd_model_section_get_f64 (section, "vectors", 2, shape, error);
  if (x == NULL)
    return NULL;
  lrd = asd_model_section_get_f64 (section, "densities", 1, shape, error);
  if (lrd == NULL)
    return NULL;
  distances = asd_model_section_get_f64 (section, "distances", 1, shape, error);
  if (distances == NULL || !asd_model_section_get_int64 (section, "neighbours",
          &neighbours, error))
    return NULL;
  lof = asd_lof_new (x, lrd, distances, shape[0], shape[1],
      MAX (neighbours, 0), &wrong);
  if (lof == NULL) {
    asd_model_section_refuse (section, error, "%s", wrong->message);
    g_error_free (wrong);
  }
  return lof;
}
