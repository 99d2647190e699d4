/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ivectortrainer.h"

#include "error.h"
#include "linalg.h"

/* What the random numbers of a seed are for; k-means takes the seed itself. */
enum
{
  PURPOSE_CLIPS = 1,
  PURPOSE_FRAMES,
  PURPOSE_MATRIX,
};

typedef struct
{
  float *frames;
  gsize n;
  double key;                   /* the clips with the lowest ones stay */
} Clip;

struct _AsdIvectorTrainer
{
  AsdIvectorConfig config;
  gsize dim;
  GArray *clips;
  gsize n_added, n_frames;
  GRand *keys;
  char *warning;
};

const char *
asd_ivector_config_check (const AsdIvectorConfig * config)
{
  const char *wrong = asd_ubm_config_check (&config->ubm);

  if (wrong != NULL)
    return wrong;
  if (config->ubm_frames < config->ubm.components)
    return "ubm-frames must be at least the number of components";
  if (config->dimensions == 0)
    return "dimensions must be at least 1";
  if (!(config->variance_floor > 0 && isfinite (config->variance_floor)))
    return "variance-floor must be above 0";
  return NULL;
}

static GRand *
new_rand (const AsdIvectorConfig * config, guint32 purpose)
{
  guint32 seed[2] = { config->ubm.seed, purpose };

  return g_rand_new_with_seed_array (seed, G_N_ELEMENTS (seed));
}

static void
clip_clear (Clip * clip)
{
  g_free (clip->frames);
}

AsdIvectorTrainer *
asd_ivector_trainer_new (const AsdIvectorConfig * config, gsize dim)
{
  AsdIvectorTrainer *self = g_new0 (AsdIvectorTrainer, 1);

  self->config = *config;
  self->dim = dim;
  self->clips = g_array_new (FALSE, FALSE, sizeof (Clip));
  g_array_set_clear_func (self->clips, (GDestroyNotify) clip_clear);
  self->keys = new_rand (config, PURPOSE_CLIPS);
  return self;
}

void
asd_ivector_trainer_free (AsdIvectorTrainer * self)
{
  g_array_unref (self->clips);
  g_rand_free (self->keys);
  g_free (self->warning);
  g_free (self);
}

/* Forgets the clips with the highest keys. Those that stay keep their order. */
static void
limit_memory (AsdIvectorTrainer * self)
{
  const gsize frame = self->dim * sizeof (float);

  while (self->clips->len > 1
      && self->n_frames > self->config.max_bytes / frame) {
    guint highest = 0;

    for (guint i = 1; i < self->clips->len; i++) {
      if (g_array_index (self->clips, Clip, i).key
          > g_array_index (self->clips, Clip, highest).key)
        highest = i;
    }
    self->n_frames -= g_array_index (self->clips, Clip, highest).n;
    g_array_remove_index (self->clips, highest);
  }
}

gboolean
asd_ivector_trainer_add_clip (AsdIvectorTrainer * self, const float *frames,
    gsize n, GError ** error)
{
  Clip clip = { NULL, n, 0 };

  if (n == 0) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA, "the clip has no "
        "frame: leave it out");
    return FALSE;
  }
  for (gsize i = 0; i < n * self->dim; i++) {
    if (!isfinite (frames[i])) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "frame %" G_GSIZE_FORMAT
          " of %" G_GSIZE_FORMAT " has a value that is NaN or infinite: leave "
          "its clip out", i / self->dim + 1, n);
      return FALSE;
    }
  }
  clip.frames = g_memdup2 (frames, n * self->dim * sizeof *frames);
  clip.key = g_rand_double (self->keys);
  g_array_append_val (self->clips, clip);
  self->n_added++;
  self->n_frames += n;
  limit_memory (self);
  return TRUE;
}

/* Frames of all clips, each with the same chance (D. E. Knuth: The Art of
 * Computer Programming 2, algorithm 3.4.2 S). */
static double *
sample_frames (AsdIvectorTrainer * self, gsize *n)
{
  const gsize dim = self->dim;
  gsize left = self->n_frames, wanted = MIN (left, self->config.ubm_frames);
  double *sample = g_new (double, MAX (wanted, 1) * dim), *out = sample;
  g_autoptr (GRand) rand = new_rand (&self->config, PURPOSE_FRAMES);

  *n = wanted;
  for (guint c = 0; c < self->clips->len; c++) {
    const Clip *clip = &g_array_index (self->clips, Clip, c);

    for (gsize i = 0; i < clip->n; i++, left--) {
      if (wanted < left && left * g_rand_double (rand) >= wanted)
        continue;
      for (gsize j = 0; j < dim; j++)
        *out++ = clip->frames[i * dim + j];
      wanted--;
    }
  }
  return sample;
}

static AsdUbm *
fit_ubm (AsdIvectorTrainer * self, AsdProgressFunc progress,
    gpointer user_data, GCancellable * cancellable, GError ** error)
{
  gsize n;
  g_autofree double *sample = sample_frames (self, &n);

  return asd_ubm_fit (&self->config.ubm, sample, n, self->dim, progress,
      user_data, cancellable, error);
}

/* One of a pair of normal random numbers (G. E. P. Box, M. E. Muller: A note on
 * the generation of random normal deviates. 1958). */
static double
draw_normal (GRand * rand)
{
  double radius = sqrt (-2 * log (1 - g_rand_double (rand)));

  return radius * cos (2 * G_PI * g_rand_double (rand));
}

static AsdIvector *
start_model (AsdIvectorTrainer * self, AsdUbm * ubm, GError ** error)
{
  const gsize r = self->config.dimensions;
  const gsize size = asd_ubm_get_n_components (ubm) * self->dim;
  const double *variances = asd_ubm_get_variances (ubm);
  g_autofree double *matrix = g_new (double, size * r);
  g_autoptr (GRand) rand = new_rand (&self->config, PURPOSE_MATRIX);

  for (gsize i = 0; i < size * r; i++)
    matrix[i] = sqrt (variances[i / r] / r) * draw_normal (rand);
  return asd_ivector_new (ubm, matrix, variances, r,
      self->config.length_normalise, error);
}

static AsdIvector *
fit_matrix (AsdIvectorTrainer * self, AsdUbm * ubm, AsdProgressFunc progress,
    gpointer user_data, GCancellable * cancellable, GError ** error)
{
  const gsize k = asd_ubm_get_n_components (ubm), size = k * self->dim;
  const gsize n = self->clips->len;
  g_autofree double *zeroth = g_new (double, n * k);
  g_autofree double *first = g_new (double, n * size);
  g_autofree double *second = g_new0 (double, size);
  g_autofree double *one = g_new (double, size);
  AsdIvectorClips clips = { n, zeroth, first, second };
  g_autoptr (AsdUbmStatistics) statistics = asd_ubm_statistics_new (ubm, TRUE);
  g_autoptr (AsdIvector) start = start_model (self, ubm, error);
  g_autoptr (AsdIvector) model = NULL;

  if (start == NULL)
    return NULL;
  for (gsize u = 0; u < n; u++) {
    const Clip *clip = &g_array_index (self->clips, Clip, u);

    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return NULL;
    asd_ubm_statistics_reset (statistics);
    asd_ubm_statistics_add (statistics, clip->frames, clip->n);
    asd_ubm_statistics_get (statistics, zeroth + u * k, first + u * size, one);
    for (gsize i = 0; i < size; i++)
      second[i] += one[i];
  }
  model = asd_ivector_refine (start, &clips, self->config.iterations,
      self->config.variance_floor, self->config.minimum_divergence, progress,
      user_data, cancellable, error);
  if (model != NULL && self->config.whiten)
    return asd_ivector_whiten (model, &clips, error);
  return g_steal_pointer (&model);
}

AsdIvector *
asd_ivector_trainer_fit (AsdIvectorTrainer * self, AsdProgressFunc progress,
    gpointer user_data, GCancellable * cancellable, GError ** error)
{
  g_autoptr (AsdUbm) ubm = NULL;

  if (self->clips->len == 0) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_DATA,
        "there is no clip to " "learn i-vectors from: give at least one");
    return NULL;
  }
  ubm = fit_ubm (self, progress, user_data, cancellable, error);
  if (ubm == NULL)
    return NULL;
  return fit_matrix (self, ubm, progress, user_data, cancellable, error);
}

const char *
asd_ivector_trainer_get_warning (AsdIvectorTrainer * self)
{
  const guint n = self->clips->len;

  g_clear_pointer (&self->warning, g_free);
  if (n < self->n_added)
    self->warning =
        g_strdup_printf ("i-vectors are learned from a sample of %u " "of %"
        G_GSIZE_FORMAT " clips, all that fit into %" G_GSIZE_FORMAT
        " MB: raise the memory bound to use more", n, self->n_added,
        self->config.max_bytes >> 20);
  else if (n <= self->config.dimensions)
    self->warning = g_strdup_printf ("too few clips (%u) for i-vectors of %u "
        "dimensions: use more clips or fewer dimensions", n,
        self->config.dimensions);
  return self->warning;
}
