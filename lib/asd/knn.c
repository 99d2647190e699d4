/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "knn.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "neighbours.h"
#include "vectors.h"

/* Added to the distances around, which are 0 between duplicates. */
#define MIN_DISTANCE 1e-10

/* Vectors that are scored together. */
#define BLOCK 64

struct _AsdKnn
{
  AsdNeighbours *neighbours;
  gsize k;
  double *distances;            /* r of each training vector, or NULL */
  AsdNeighbour *found;          /* BLOCK x k */
  char *warning;
};

static const GEnumValue normalise_values[] = {
  {ASD_KNN_NONE, "Distances as they are", "none"},
  {ASD_KNN_DENSITY, "In proportion to distances between the neighbours",
      "density"},
  {0, NULL, NULL}
};

const GEnumValue *
asd_knn_normalise_values (void)
{
  return normalise_values;
}

static AsdKnn *
knn_alloc (AsdKnnNormalise normalise, const double *x, gsize n, gsize dim,
    gsize k)
{
  AsdKnn *knn = g_new0 (AsdKnn, 1);

  knn->neighbours = asd_neighbours_new (x, n, dim);
  knn->k = k;
  if (normalise == ASD_KNN_DENSITY)
    knn->distances = g_new (double, n);
  knn->found = g_new (AsdNeighbour, BLOCK * k);
  return knn;
}

void
asd_knn_free (AsdKnn * knn)
{
  asd_neighbours_free (knn->neighbours);
  g_free (knn->distances);
  g_free (knn->found);
  g_free (knn->warning);
  g_free (knn);
}

static gboolean
measure_training (AsdKnn * knn, GCancellable * cancellable, GError ** error)
{
  const gsize n = asd_knn_get_n_vectors (knn), k = knn->k;
  g_autofree AsdNeighbour *found = asd_neighbours_find_own (knn->neighbours, k,
      cancellable, error);
  gsize duplicates = 0;

  if (found == NULL)
    return FALSE;
  for (gsize i = 0; i < n; i++) {
    knn->distances[i] = asd_neighbours_mean_distance (found + i * k, k);
    duplicates += knn->distances[i] == 0;
  }
  if (duplicates > 0)
    knn->warning = g_strdup_printf ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
        " training vectors have %" G_GSIZE_FORMAT " or more duplicates, beside "
        "which everything else is an outlier: leave duplicates out or use more "
        "neighbours", duplicates, n, k);
  return TRUE;
}

AsdKnn *
asd_knn_fit (AsdKnnNormalise normalise, const double *x, gsize n, gsize dim,
    gsize neighbours, GCancellable * cancellable, GError ** error)
{
  const gboolean density = normalise == ASD_KNN_DENSITY;
  AsdKnn *knn;

  g_return_val_if_fail (neighbours > 0, NULL);
  if (!asd_vectors_check ("a local density", x, n, dim, density ? 2 : 1, error))
    return NULL;
  knn = knn_alloc (normalise, x, n, dim, MIN (neighbours, n - density));
  if (density && !measure_training (knn, cancellable, error)) {
    asd_knn_free (knn);
    return NULL;
  }
  if (knn->k < neighbours) {
    g_free (knn->warning);
    knn->warning = g_strdup_printf ("too few training vectors (%" G_GSIZE_FORMAT
        ") for %" G_GSIZE_FORMAT " neighbours, %" G_GSIZE_FORMAT " are used: "
        "use more clips or fewer neighbours", n, neighbours, knn->k);
  }
  return knn;
}

AsdKnn *
asd_knn_new (const double *x, const double *distances, gsize n, gsize dim,
    gsize neighbours, GError ** error)
{
  const gboolean density = distances != NULL;
  gboolean valid = dim > 0 && n > 0 && neighbours > 0
      && neighbours <= n - density && asd_vectors_usable (x, n * dim)
      && (!density || asd_vectors_usable (distances, n));
  AsdKnn *knn;

  for (gsize i = 0; valid && density && i < n; i++)
    valid = distances[i] >= 0;
  if (!valid) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_FORMAT, "the nearest "
        "neighbours need as many vectors (more for a density), at least one "
        "neighbour, values up to 1e70 and distances of 0 or more: train the "
        "model again");
    return NULL;
  }
  knn = knn_alloc (density ? ASD_KNN_DENSITY : ASD_KNN_NONE, x, n, dim,
      neighbours);
  if (density)
    memcpy (knn->distances, distances, n * sizeof *distances);
  return knn;
}

/* What the mean distance is divided by. */
static double
unit_around (const AsdKnn * knn, const AsdNeighbour * found)
{
  double around = 0;

  if (knn->distances == NULL)
    return 1;
  for (gsize i = 0; i < knn->k; i++)
    around += knn->distances[found[i].index];
  return around / knn->k + MIN_DISTANCE;
}

void
asd_knn_score (AsdKnn * knn, const double *x, gsize n, double *scores,
    double *parts)
{
  const gsize dim = asd_knn_get_dim (knn), k = knn->k;

  for (gsize begin = 0; begin < n; begin += BLOCK) {
    const gsize rows = MIN (BLOCK, n - begin);

    asd_neighbours_find (knn->neighbours, x + begin * dim, rows, -1, k,
        knn->found);
    for (gsize i = 0; i < rows; i++) {
      const AsdNeighbour *found = knn->found + i * k;
      const double unit = unit_around (knn, found);

      scores[begin + i] = asd_neighbours_mean_distance (found, k) / unit;
      if (parts != NULL)
        asd_neighbours_get_parts (knn->neighbours, x + (begin + i) * dim, found,
            k, 1 / unit, parts + (begin + i) * dim);
    }
  }
}

AsdKnnNormalise
asd_knn_get_normalise (const AsdKnn * knn)
{
  return knn->distances != NULL ? ASD_KNN_DENSITY : ASD_KNN_NONE;
}

gsize
asd_knn_get_dim (const AsdKnn * knn)
{
  return asd_neighbours_get_dim (knn->neighbours);
}

gsize
asd_knn_get_n_vectors (const AsdKnn * knn)
{
  return asd_neighbours_get_n (knn->neighbours);
}

gsize
asd_knn_get_neighbours (const AsdKnn * knn)
{
  return knn->k;
}

const char *
asd_knn_get_warning (const AsdKnn * knn)
{
  return knn->warning;
}

void
asd_knn_save (const AsdKnn * knn, AsdModelWriter * writer)
{
  const gsize shape[2] = { asd_knn_get_n_vectors (knn), asd_knn_get_dim (knn) };

  asd_model_writer_set_string (writer, "normalise",
      normalise_values[asd_knn_get_normalise (knn)].value_nick);
  asd_model_writer_set_int64 (writer, "neighbours", knn->k);
  asd_model_writer_add_f64 (writer, "vectors",
      asd_neighbours_get_vectors (knn->neighbours), 2, shape);
  if (knn->distances != NULL)
    asd_model_writer_add_f64 (writer, "distances", knn->distances, 1, shape);
}

AsdKnn *
asd_knn_load (AsdModelSection * section, GError ** error)
{
  const char *normalise = asd_model_section_get_string (section, "normalise");
  const gboolean density = g_strcmp0 (normalise, "density") == 0;
  const double *x, *distances = NULL;
  gsize shape[2] = { 0, 0 };
  GError *wrong = NULL;
  gint64 neighbours;
  AsdKnn *knn;

  if (!density && g_strcmp0 (normalise, "none") != 0) {
    asd_model_section_refuse (section, error, "it normalises by %s, not by "
        "density or none", normalise != NULL ? normalise : "what is not told");
    return NULL;
  }
  x = asd_model_section_get_f64 (section, "vectors", 2, shape, error);
  if (x == NULL)
    return NULL;
  if (density) {
    distances = asd_model_section_get_f64 (section, "distances", 1, shape,
        error);
    if (distances == NULL)
      return NULL;
  }
  if (!asd_model_section_get_int64 (section, "neighbours", &neighbours, error))
    return NULL;
  knn = asd_knn_new (x, distances, shape[0], shape[1], MAX (neighbours, 0),
      &wrong);
  if (knn == NULL) {
    asd_model_section_refuse (section, error, "%s", wrong->message);
    g_error_free (wrong);
  }
  return knn;
}
