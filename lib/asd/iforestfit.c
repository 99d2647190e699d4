/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "iforest.h"

#include <math.h>

#include "error.h"
#include "vectors.h"

/* Nodes are numbered by 32 bits, and there are less than two for a sample. */
#define MAX_NODES 1e9

typedef struct
{
  const float *x;
  gsize n, dim;
  guint samples, max_depth;
  GRand *rand;                  /* of the tree */
  guint32 *rows;                /* n, of which the first are the sample */
  guint32 *dims;                /* dim, shuffled as they are drawn */
  GArray *offsets, *feature, *threshold, *left, *right, *count;
} Builder;

const char *
asd_iforest_config_check (const AsdIforestConfig * config)
{
  if (config->trees == 0)
    return "trees must be at least 1";
  if (config->samples < 2)
    return "samples must be at least 2";
  if (2.0 * config->trees * config->samples > MAX_NODES)
    return "trees times samples must be at most 5e8";
  return NULL;
}

/* One of the values behind @begin, moved there. */
static guint32
draw (guint32 * values, gsize begin, gsize n, GRand * rand)
{
  const gsize place = begin + (gsize) (g_rand_double (rand) * (n - begin));
  const guint32 drawn = values[place];

  values[place] = values[begin];
  values[begin] = drawn;
  return drawn;
}

/* Draws a dimension in which the rows differ, and its range. */
static gboolean
draw_dimension (Builder * b, const guint32 * rows, gsize n, guint32 * dim,
    float *low, float *high)
{
  for (gsize i = 0; i < b->dim; i++) {
    *dim = draw (b->dims, i, b->dim, b->rand);
    *low = *high = b->x[rows[0] * b->dim + *dim];
    for (gsize k = 1; k < n; k++) {
      const float value = b->x[rows[k] * b->dim + *dim];

      *low = MIN (*low, value);
      *high = MAX (*high, value);
    }
    if (*low < *high)
      return TRUE;
  }
  return FALSE;
}

/* Moves the rows up to the threshold to the front. Returns their number. */
static gsize
divide (const Builder * b, guint32 * rows, gsize n, guint32 dim,
    double threshold)
{
  gsize n_left = 0;

  for (gsize i = 0; i < n; i++) {
    const guint32 row = rows[i];

    if (b->x[row * b->dim + dim] <= threshold) {
      rows[i] = rows[n_left];
      rows[n_left++] = row;
    }
  }
  return n_left;
}

/* Adds a node and all below it, as deep as the logarithm of the sample at most.
 * Returns its number in the tree that begins at @root. */
static gint32
add_node (Builder * b, guint root, guint32 * rows, gint32 n, guint depth)
{
  const guint index = b->count->len;
  gint32 leaf = -1, feature = -1, left, right;
  double threshold = 0;
  guint32 dim;
  float low, high;
  gsize n_left;

  g_array_append_val (b->count, n);
  g_array_append_val (b->left, leaf);
  g_array_append_val (b->right, leaf);
  g_array_append_val (b->feature, feature);
  g_array_append_val (b->threshold, threshold);
  if (depth == b->max_depth || n == 1
      || !draw_dimension (b, rows, n, &dim, &low, &high))
    return index - root;

  threshold = g_rand_double_range (b->rand, low, high);
  /* Something has to remain on the right. */
  if (!(threshold < high))
    threshold = low;
  n_left = divide (b, rows, n, dim, threshold);
  g_array_index (b->feature, gint32, index) = dim;
  g_array_index (b->threshold, double, index) = threshold;
  left = add_node (b, root, rows, n_left, depth + 1);
  right = add_node (b, root, rows + n_left, n - n_left, depth + 1);
  g_array_index (b->left, gint32, index) = left;
  g_array_index (b->right, gint32, index) = right;
  return index - root;
}

static void
add_tree (Builder * b, guint32 seed, guint32 tree)
{
  const guint32 seeds[] = { seed, tree };
  const gint32 offset = b->count->len;

  g_rand_set_seed_array (b->rand, seeds, G_N_ELEMENTS (seeds));
  g_array_append_val (b->offsets, offset);
  for (gsize i = 0; i < b->n; i++)
    b->rows[i] = i;
  for (gsize i = 0; i < b->dim; i++)
    b->dims[i] = i;
  for (gsize i = 0; i < b->samples; i++)
    draw (b->rows, i, b->n, b->rand);
  add_node (b, offset, b->rows, b->samples, 0);
}

static AsdIforest *
finish (Builder * b)
{
  const gint32 end = b->count->len;
  AsdIforestTrees trees;

  g_array_append_val (b->offsets, end);
  trees.n_trees = b->offsets->len - 1;
  trees.n_nodes = end;
  trees.offsets = (const gint32 *) b->offsets->data;
  trees.feature = (const gint32 *) b->feature->data;
  trees.threshold = (const double *) b->threshold->data;
  trees.left = (const gint32 *) b->left->data;
  trees.right = (const gint32 *) b->right->data;
  trees.count = (const gint32 *) b->count->data;
  return asd_iforest_new (&trees, b->dim, NULL);
}

/* Rounded to single precision; NULL if that is not finite or all are equal. */
static float *
round_vectors (const double *x, gsize n, gsize dim, GError ** error)
{
  g_autofree float *rounded = NULL;
  gboolean differ = FALSE;

  if (!asd_vectors_check ("an isolation forest", x, n, dim, 2, error))
    return NULL;
  rounded = g_new (float, n * dim);
  for (gsize i = 0; i < n * dim; i++) {
    rounded[i] = x[i];
    differ |= rounded[i] != rounded[i % dim];
    if (!isfinite (rounded[i])) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "training vector %"
          G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " has a value above the range "
          "of single precision: scale the features down", i / dim + 1, n);
      return NULL;
    }
  }
  if (!differ) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "all %" G_GSIZE_FORMAT
        " training vectors are the same in single precision, and an isolation "
        "forest needs some that differ: scale the features", n);
    return NULL;
  }
  return g_steal_pointer (&rounded);
}

AsdIforest *
asd_iforest_fit (const AsdIforestConfig * config, const double *x, gsize n,
    gsize dim, GCancellable * cancellable, GError ** error)
{
  g_autofree float *rounded = round_vectors (x, n, dim, error);
  Builder b = { rounded, n, dim, MIN (config->samples, n) };
  AsdIforest *forest = NULL;
  guint tree;

  if (rounded == NULL)
    return NULL;
  b.max_depth = ceil (log2 (b.samples));
  b.rand = g_rand_new_with_seed (config->seed);
  b.rows = g_new (guint32, n);
  b.dims = g_new (guint32, dim);
  b.offsets = g_array_new (FALSE, FALSE, sizeof (gint32));
  b.feature = g_array_new (FALSE, FALSE, sizeof (gint32));
  b.threshold = g_array_new (FALSE, FALSE, sizeof (double));
  b.left = g_array_new (FALSE, FALSE, sizeof (gint32));
  b.right = g_array_new (FALSE, FALSE, sizeof (gint32));
  b.count = g_array_new (FALSE, FALSE, sizeof (gint32));

  for (tree = 0; tree < config->trees; tree++) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      break;
    add_tree (&b, config->seed, tree);
  }
  if (tree == config->trees)
    forest = finish (&b);

  g_array_unref (b.offsets);
  g_array_unref (b.feature);
  g_array_unref (b.threshold);
  g_array_unref (b.left);
  g_array_unref (b.right);
  g_array_unref (b.count);
  g_rand_free (b.rand);
  g_free (b.rows);
  g_free (b.dims);
  return forest;
}
