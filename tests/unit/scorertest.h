/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_SCORER_TEST_H__
#define __ASD_SCORER_TEST_H__

/* What the tests of scorers share: random vectors, and sections of models. */

#include "../asdtest.h"
#include "modeltest.h"

static inline double *
random_vectors (GRand * rand, gsize n_values)
{
  double *x = g_new (double, n_values);

  for (gsize i = 0; i < n_values; i++)
    x[i] = g_rand_double_range (rand, -1, 1);
  return x;
}

/* A writer of the stage "s"; to be finished by close_section(). */
static inline AsdModelWriter *
open_section (const char *kind)
{
  AsdModelWriter *writer = asd_model_writer_new ();

  asd_model_writer_set_stage (writer, "s", kind);
  return writer;
}

/* What was written, by way of a file; frees the writer. */
static inline AsdModelSection *
close_section (AsdModelWriter * writer)
{
  g_autoptr (AsdModel) model = NULL;
  AsdModelSection *section;

  g_remove (path);
  commit (writer, path);
  asd_model_writer_free (writer);
  model = load (path);
  section = asd_model_get_section (model, "s", NULL);
  fail_unless (section != NULL);
  return section;
}

/* Checks and clears an error of unusable training vectors. */
static inline void
assert_data_error (GError ** error, const char *text)
{
  assert_error (error, ASD_ERROR, ASD_ERROR_DATA, text);
}

/* Checks and clears an error of a section, which names the file. */
static inline void
assert_refused (GError ** error, const char *text)
{
  fail_unless (*error != NULL, "not refused: %s", text);
  fail_unless (strstr ((*error)->message, text) != NULL, "%s: %s", text,
      (*error)->message);
  assert_error (error, ASD_ERROR, ASD_ERROR_FORMAT, path);
}

#endif /* __ASD_SCORER_TEST_H__ */
