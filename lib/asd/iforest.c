/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "iforest.h"

#include <math.h>
#include <string.h>

#include "error.h"

#define EULER_GAMMA 0.57721566490153286061

/* Trees that a vector goes down side by side, so that their nodes are fetched
 * at the same time. */
#define LANES 8

/* As the trees are gone down: a leaf is its own child, so that all trees of
 * LANES take the same number of steps. */
typedef struct
{
  float threshold;
  gint32 feature;
  gint32 child[2];              /* of all nodes */
} Node;

struct _AsdIforest
{
  gsize dim;
  AsdIforestTrees trees;
  Node *nodes;
  double *paths;                /* of leaves: depth + c (count) */
  guint *depths;                /* of trees */
  double normaliser;            /* c (samples) */
  float *x;                     /* dim, of asd_iforest_score() */
};

/* Mean depth of a leaf in a random tree of n vectors. */
static double
mean_depth (gint32 n)
{
  if (n < 2)
    return 0;
  if (n == 2)
    return 1;
  return 2 * (log (n - 1) + EULER_GAMMA) - 2 * (n - 1.0) / n;
}

static const char *
check_node (const AsdIforestTrees * trees, gsize begin, gint32 node,
    gint32 n_nodes, gsize dim, guint8 * has_parent)
{
  const gint32 *left = trees->left + begin, *right = trees->right + begin;
  const gint32 *count = trees->count + begin;
  const gint32 feature = trees->feature[begin + node];

  if (count[node] < 1)
    return "a node without training vectors";
  if (left[node] == -1 && right[node] == -1)
    return NULL;
  if (left[node] <= node || right[node] <= node || left[node] >= n_nodes
      || right[node] >= n_nodes)
    return "a child that is not behind its parent in the same tree";
  if (left[node] == right[node] || has_parent[left[node]]
      || has_parent[right[node]])
    return "a node with two parents";
  has_parent[left[node]] = has_parent[right[node]] = TRUE;
  if (feature < 0 || (gsize) feature >= dim)
    return "a dimension that the features do not have";
  if (!isfinite (trees->threshold[begin + node]))
    return "a threshold that is not finite";
  if ((gint64) count[left[node]] + count[right[node]] != count[node])
    return "children that have not the vectors of their parent";
  return NULL;
}

/* NULL, or what is wrong with a tree. */
static const char *
check_tree (const AsdIforestTrees * trees, gsize tree, gsize dim)
{
  const gint32 begin = trees->offsets[tree];
  const gint32 n = trees->offsets[tree + 1] - begin;
  g_autofree guint8 *has_parent = g_new0 (guint8, n);

  for (gint32 i = 0; i < n; i++) {
    const char *wrong = check_node (trees, begin, i, n, dim, has_parent);

    if (wrong != NULL)
      return wrong;
    if (i > 0 && !has_parent[i])
      return "a node without a parent";
  }
  return NULL;
}

/* NULL, or what is wrong with the trees. */
static const char *
check_trees (const AsdIforestTrees * trees, gsize dim)
{
  const gsize n_nodes = trees->n_nodes;

  if (dim == 0 || trees->n_trees == 0 || n_nodes > G_MAXINT32)
    return "no trees of up to 2^31 nodes";
  if (trees->offsets[0] != 0
      || (gsize) MAX (trees->offsets[trees->n_trees], 0) != n_nodes)
    return "trees that do not take all nodes";
  for (gsize i = 0; i < trees->n_trees; i++) {
    if (trees->offsets[i + 1] <= trees->offsets[i])
      return "a tree without nodes";
  }
  /* Offsets rise from 0 to n_nodes: all of them are inside now. */
  for (gsize i = 0; i < trees->n_trees; i++) {
    const char *wrong = check_tree (trees, i, dim);

    if (wrong != NULL)
      return wrong;
    if (trees->count[trees->offsets[i]] != trees->count[0])
      return "trees of different numbers of vectors";
  }
  return trees->count[0] < 2 ? "trees of less than two vectors" : NULL;
}

/* The largest float that is not above: x <= it for the same floats x. */
static float
round_down (double threshold)
{
  const float rounded = threshold;

  return rounded > threshold ? nextafterf (rounded, -INFINITY) : rounded;
}

static void
prepare_tree (AsdIforest * self, gsize tree)
{
  const AsdIforestTrees *trees = &self->trees;
  const gint32 begin = trees->offsets[tree], end = trees->offsets[tree + 1];

  /* First the depth; parents are before their children. */
  self->paths[begin] = 0;
  for (gint32 i = begin; i < end; i++) {
    const double depth = self->paths[i];
    Node *node = &self->nodes[i];

    if (trees->left[i] < 0) {
      node->child[0] = node->child[1] = i;
      self->depths[tree] = MAX (self->depths[tree], depth);
      self->paths[i] += mean_depth (trees->count[i]);
      continue;
    }
    node->threshold = round_down (trees->threshold[i]);
    node->feature = trees->feature[i];
    node->child[0] = begin + trees->left[i];
    node->child[1] = begin + trees->right[i];
    self->paths[node->child[0]] = self->paths[node->child[1]] = depth + 1;
  }
}

AsdIforest *
asd_iforest_new (const AsdIforestTrees * trees, gsize dim, GError ** error)
{
  const char *wrong = check_trees (trees, dim);
  const gsize n = trees->n_nodes;
  AsdIforest *self;

  if (wrong != NULL) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "the isolation forest has "
        "%s: train the model again", wrong);
    return NULL;
  }
  self = g_new0 (AsdIforest, 1);
  self->dim = dim;
  self->trees = *trees;
  self->trees.offsets = g_memdup2 (trees->offsets,
      (trees->n_trees + 1) * sizeof (gint32));
  self->trees.feature = g_memdup2 (trees->feature, n * sizeof (gint32));
  self->trees.threshold = g_memdup2 (trees->threshold, n * sizeof (double));
  self->trees.left = g_memdup2 (trees->left, n * sizeof (gint32));
  self->trees.right = g_memdup2 (trees->right, n * sizeof (gint32));
  self->trees.count = g_memdup2 (trees->count, n * sizeof (gint32));
  self->nodes = g_new0 (Node, n);
  self->paths = g_new (double, n);
  self->depths = g_new0 (guint, trees->n_trees);
  self->normaliser = mean_depth (trees->count[0]);
  self->x = g_new (float, dim);
  for (gsize i = 0; i < trees->n_trees; i++)
    prepare_tree (self, i);
  return self;
}

void
asd_iforest_free (AsdIforest * self)
{
  g_free ((gpointer) self->trees.offsets);
  g_free ((gpointer) self->trees.feature);
  g_free ((gpointer) self->trees.threshold);
  g_free ((gpointer) self->trees.left);
  g_free ((gpointer) self->trees.right);
  g_free ((gpointer) self->trees.count);
  g_free (self->nodes);
  g_free (self->paths);
  g_free (self->depths);
  g_free (self->x);
  g_free (self);
}

/* Sum of the paths through @n trees, at most LANES. */
static inline double
sum_paths (const AsdIforest * self, gsize begin, gsize n)
{
  gint32 node[LANES];
  double sum = 0;
  guint depth = 0;

  for (gsize i = 0; i < n; i++) {
    node[i] = self->trees.offsets[begin + i];
    depth = MAX (depth, self->depths[begin + i]);
  }
  for (guint step = 0; step < depth; step++) {
    for (gsize i = 0; i < n; i++) {
      const Node *at = &self->nodes[node[i]];

      node[i] = at->child[!(self->x[at->feature] <= at->threshold)];
    }
  }
  for (gsize i = 0; i < n; i++)
    sum += self->paths[node[i]];
  return sum;
}

double
asd_iforest_score (AsdIforest * self, const double *x)
{
  const gsize n = self->trees.n_trees;
  double sum = 0;
  gsize tree = 0;

  for (gsize j = 0; j < self->dim; j++)
    self->x[j] = x[j];
  /* A constant number of trees lets the compiler unroll. */
  for (; tree + LANES <= n; tree += LANES)
    sum += sum_paths (self, tree, LANES);
  sum += sum_paths (self, tree, n - tree);
  return exp2 (-sum / n / self->normaliser);
}

gsize
asd_iforest_get_dim (const AsdIforest * self)
{
  return self->dim;
}

const AsdIforestTrees *
asd_iforest_get_trees (const AsdIforest * self)
{
  return &self->trees;
}

void
asd_iforest_save (const AsdIforest * self, AsdModelWriter * writer)
{
  const AsdIforestTrees *trees = &self->trees;
  const gsize n_offsets = trees->n_trees + 1, *n = &trees->n_nodes;

  asd_model_writer_set_int64 (writer, "values", self->dim);
  asd_model_writer_add_i32 (writer, "offsets", trees->offsets, 1, &n_offsets);
  asd_model_writer_add_i32 (writer, "feature", trees->feature, 1, n);
  asd_model_writer_add_f64 (writer, "threshold", trees->threshold, 1, n);
  asd_model_writer_add_i32 (writer, "left", trees->left, 1, n);
  asd_model_writer_add_i32 (writer, "right", trees->right, 1, n);
  asd_model_writer_add_i32 (writer, "count", trees->count, 1, n);
}

static gboolean
load_trees (AsdModelSection * section, AsdIforestTrees * trees, GError ** error)
{
  gsize n_offsets = 0, *n = &trees->n_nodes;

  *n = 0;
  trees->offsets = asd_model_section_get_i32 (section, "offsets", 1,
      &n_offsets, error);
  if (trees->offsets == NULL)
    return FALSE;
  if (n_offsets < 2)
    return asd_model_section_refuse (section, error, "it has no trees");
  trees->n_trees = n_offsets - 1;
  /* The first demands any number of nodes, the others the same. */
  return (trees->feature = asd_model_section_get_i32 (section, "feature", 1, n,
          error)) != NULL
      && (trees->threshold = asd_model_section_get_f64 (section, "threshold",
          1, n, error)) != NULL
      && (trees->left = asd_model_section_get_i32 (section, "left", 1, n,
          error)) != NULL
      && (trees->right = asd_model_section_get_i32 (section, "right", 1, n,
          error)) != NULL
      && (trees->count = asd_model_section_get_i32 (section, "count", 1, n,
          error)) != NULL;
}

AsdIforest *
asd_iforest_load (AsdModelSection * section, GError ** error)
{
  AsdIforestTrees trees;
  GError *wrong = NULL;
  AsdIforest *forest;
  gint64 dim;

  if (!load_trees (section, &trees, error)
      || !asd_model_section_get_int64 (section, "values", &dim, error))
    return NULL;
  forest = asd_iforest_new (&trees, CLAMP (dim, 0, G_MAXINT32), &wrong);
  if (forest == NULL) {
    asd_model_section_refuse (section, error, "%s", wrong->message);
    g_error_free (wrong);
  }
  return forest;
}
