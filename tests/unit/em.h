/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __EM_TEST_H__
#define __EM_TEST_H__

/* What the tests of gmm.c, ubm.c and ivector.c share. */

#include "../asdtest.h"

#include <asd/error.h>
#include <asd/model.h>
#include <glib/gstdio.h>
#include <string.h>

static inline double
em_normal (GRand * rand)
{
  double radius = sqrt (-2 * log (1 - g_rand_double (rand)));

  return radius * cos (2 * G_PI * g_rand_double (rand));
}

/* n vectors around k centres, each dimension with its own scale and offset. */
static inline double *
em_problem (GRand * rand, gsize n, gsize dim, gsize k)
{
  double *x = g_new (double, n * dim);
  g_autofree double *centres = g_new (double, k * dim);
  g_autofree double *scales = g_new (double, dim);

  for (gsize i = 0; i < k * dim; i++)
    centres[i] = 3 * em_normal (rand);
  for (gsize j = 0; j < dim; j++)
    scales[j] = g_rand_double_range (rand, 0.5, 5);
  for (gsize i = 0; i < n; i++) {
    gsize c = g_rand_int_range (rand, 0, k);

    for (gsize j = 0; j < dim; j++)
      x[i * dim + j] = scales[j] * (10 + centres[c * dim + j] +
          em_normal (rand));
  }
  return x;
}

/* A progress callback: remembers that the likelihood fell. */
typedef struct
{
  const char *what;
  double previous, largest_fall;
  guint n;
  GCancellable *cancel;
} EmProgress;

static inline void
em_progress (const char *what, guint iteration, guint max_iterations,
    double log_likelihood, gpointer user_data)
{
  EmProgress *self = user_data;

  fail_unless (iteration >= 1 && iteration <= max_iterations);
  fail_unless (isfinite (log_likelihood));
  if (iteration > 1 && g_strcmp0 (what, self->what) == 0)
    self->largest_fall = MAX (self->largest_fall,
        self->previous - log_likelihood);
  self->what = what;
  self->previous = log_likelihood;
  self->n++;
  if (self->cancel != NULL)
    g_cancellable_cancel (self->cancel);
}

static inline void
em_check_error (GError ** error, gint code, const char *reason)
{
  fail_unless (g_error_matches (*error, ASD_ERROR, code), "%s",
      *error != NULL ? (*error)->message : "no error");
  fail_unless (strstr ((*error)->message, reason) != NULL, "%s",
      (*error)->message);
  fail_unless (strchr ((*error)->message, '\n') == NULL);
  g_clear_error (error);
}

/* Largest difference relative to the golden array's largest value. */
static inline void
em_check_golden (const double *x, const char *path, gsize n, double tolerance)
{
  gsize n_golden;
  g_autofree double *golden = asd_test_load_doubles (path, &n_golden);
  double difference;

  fail_unless_equals_int (n, n_golden);
  difference = asd_test_max_difference (x, golden, n) /
      asd_test_peak (golden, n);
  g_printerr ("%s: %.2g\n", path, difference);
  fail_unless (difference <= tolerance, "%s: %g", path, difference);
}

/* The section "s" of a model file with what the writer holds; the file is gone
 * when this returns. */
static inline AsdModelSection *
em_through_file (AsdModelWriter * writer)
{
  g_autofree char *folder = g_dir_make_tmp ("asd-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "m.asd", NULL);
  GError *error = NULL;
  g_autoptr (AsdModel) model = NULL;
  AsdModelSection *section;

  asd_model_writer_commit (writer, path, NULL, &error);
  g_assert_no_error (error);
  model = asd_model_load (path, &error);
  g_assert_no_error (error);
  section = asd_model_get_section (model, "s", &error);
  g_assert_no_error (error);
  g_remove (path);
  g_rmdir (folder);
  return section;
}

#endif /* __EM_TEST_H__ */
