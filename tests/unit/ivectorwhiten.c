/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "em.h"

#include <asd/ivectortrainer.h>

/* Of the background model, of an i-vector, clips. */
#define K 2
#define D 3
#define R 4
#define MAX_CLIPS 40

typedef struct
{
  AsdIvector *model;
  AsdIvectorClips clips;
  double zeroth[MAX_CLIPS * K];
  double first[MAX_CLIPS * K * D];
  double w[MAX_CLIPS * R];      /* the clips' i-vectors */
} Problem;

static void
extract (AsdIvector * model, const AsdIvectorClips * clips, double *w)
{
  g_autoptr (AsdIvectorExtractor) extractor = asd_ivector_extractor_new (model);

  for (gsize u = 0; u < clips->n; u++)
    asd_ivector_extractor_process_statistics (extractor, clips->zeroth + u * K,
        clips->first + u * K * D, w + u * R);
}

static void
make_problem (Problem * p, gsize n_clips, gboolean length_normalise)
{
  const double weights[K] = { 0.25, 0.75 };
  double means[K * D], variances[K * D], matrix[K * D * R];
  g_autoptr (GRand) rand = g_rand_new_with_seed (31);
  g_autoptr (AsdUbm) ubm = NULL;
  g_autoptr (AsdIvector) plain = NULL;

  for (gsize i = 0; i < K * D; i++) {
    means[i] = em_normal (rand);
    variances[i] = g_rand_double_range (rand, 0.5, 2);
  }
  for (gsize i = 0; i < K * D * R; i++)
    matrix[i] = (1 + i % R) * em_normal (rand);
  for (gsize i = 0; i < n_clips * K; i++)
    p->zeroth[i] = g_rand_double_range (rand, 1, 20);
  for (gsize i = 0; i < n_clips * K * D; i++)
    p->first[i] = p->zeroth[i / D] * (1 + 2 * em_normal (rand));
  p->clips.n = n_clips;
  p->clips.zeroth = p->zeroth;
  p->clips.first = p->first;
  p->clips.second = NULL;
  ubm = asd_ubm_new (weights, means, variances, K, D, NULL);
  p->model = asd_ivector_new (ubm, matrix, variances, R, length_normalise,
      NULL);
  plain = asd_ivector_new (ubm, matrix, variances, R, FALSE, NULL);
  extract (plain, &p->clips, p->w);
}

/* Centres the i-vectors and gives their covariance, shrunk as Ledoit and Wolf
 * define it. Returns the shrinkage. */
static double
shrunk_covariance (Problem * p, double c[R][R])
{
  const gsize n = p->clips.n;
  double mu = 0, distance = 0, uncertainty = 0, shrinkage;

  memset (c, 0, R * sizeof c[0]);
  for (gsize j = 0; j < R; j++) {
    double mean = 0;

    for (gsize u = 0; u < n; u++)
      mean += p->w[u * R + j] / n;
    for (gsize u = 0; u < n; u++)
      p->w[u * R + j] -= mean;
  }
  for (gsize u = 0; u < n; u++)
    for (gsize i = 0; i < R; i++)
      for (gsize j = 0; j < R; j++)
        c[i][j] += p->w[u * R + i] * p->w[u * R + j] / n;
  for (gsize i = 0; i < R; i++)
    mu += c[i][i] / R;
  for (gsize i = 0; i < R; i++) {
    for (gsize j = 0; j < R; j++) {
      distance += pow (c[i][j] - (i == j) * mu, 2);
      for (gsize u = 0; u < n; u++)
        uncertainty += pow (p->w[u * R + i] * p->w[u * R + j] - c[i][j], 2)
            / n / n;
    }
  }
  shrinkage = MIN (uncertainty / distance, 1);
  for (gsize i = 0; i < R; i++)
    for (gsize j = 0; j < R; j++)
      c[i][j] = (1 - shrinkage) * c[i][j] + (i == j) * shrinkage * mu;
  return shrinkage;
}

/* c x = b, by elimination; @c and @b are overwritten. */
static void
solve (double c[R][R], double *b)
{
  for (gsize k = 0; k < R; k++) {
    for (gsize i = k + 1; i < R; i++) {
      double factor = c[i][k] / c[k][k];

      for (gsize j = k; j < R; j++)
        c[i][j] -= factor * c[k][j];
      b[i] -= factor * b[k];
    }
  }
  for (gsize i = R; i-- > 0;) {
    for (gsize j = i + 1; j < R; j++)
      b[i] -= c[i][j] * b[j];
    b[i] /= c[i][i];
  }
}

/* Inner products of whitened vectors are v' C^-1 w of the centred ones, whatever
 * root of C^-1 is taken; also with fewer clips than dimensions. */
static void
check_products (gsize n_clips)
{
  Problem p;
  double c[R][R], copy[R][R], x[R], y[MAX_CLIPS * R];
  AsdIvector *whitened;
  GError *error = NULL;
  double shrinkage;

  make_problem (&p, n_clips, FALSE);
  whitened = asd_ivector_whiten (p.model, &p.clips, &error);
  g_assert_no_error (error);
  extract (whitened, &p.clips, y);
  shrinkage = shrunk_covariance (&p, c);
  fail_unless (shrinkage > 0.001 && shrinkage < 1, "%g", shrinkage);
  for (gsize u = 0; u < n_clips; u++) {
    memcpy (copy, c, sizeof copy);
    memcpy (x, p.w + u * R, sizeof x);
    solve (copy, x);
    for (gsize v = 0; v < n_clips; v++) {
      double expected = 0, product = 0;

      for (gsize j = 0; j < R; j++) {
        expected += p.w[v * R + j] * x[j];
        product += y[u * R + j] * y[v * R + j];
      }
      /* Rounding, by two ways to solve. */
      fail_unless (fabs (product - expected) < 1e-9, "%g, not %g", product,
          expected);
    }
  }
  asd_ivector_unref (whitened);
  asd_ivector_unref (p.model);
}

GST_START_TEST (test_products)
{
  check_products (MAX_CLIPS);
  check_products (R - 1);
}

GST_END_TEST;

/* First whitened, then divided by the length; a file keeps it to the bit. */
GST_START_TEST (test_length_and_file)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModelSection) section = NULL;
  double y[MAX_CLIPS * R], unit[MAX_CLIPS * R], again[MAX_CLIPS * R];
  AsdIvector *whitened, *loaded;
  Problem p;

  make_problem (&p, MAX_CLIPS, FALSE);
  whitened = asd_ivector_whiten (p.model, &p.clips, NULL);
  extract (whitened, &p.clips, y);
  asd_ivector_unref (whitened);
  asd_ivector_unref (p.model);
  make_problem (&p, MAX_CLIPS, TRUE);
  whitened = asd_ivector_whiten (p.model, &p.clips, NULL);
  extract (whitened, &p.clips, unit);
  for (gsize u = 0; u < MAX_CLIPS; u++) {
    double length = 0;

    for (gsize j = 0; j < R; j++)
      length += y[u * R + j] * y[u * R + j];
    for (gsize j = 0; j < R; j++)
      fail_unless (fabs (unit[u * R + j] - y[u * R + j] / sqrt (length))
          < 1e-14);
  }

  asd_model_writer_set_stage (writer, "s", "ivector");
  asd_ivector_save (whitened, writer);
  section = em_through_file (writer);
  loaded = asd_ivector_load (section, NULL);
  fail_unless (loaded != NULL);
  extract (loaded, &p.clips, again);
  fail_unless (memcmp (unit, again, sizeof unit) == 0);
  asd_ivector_unref (loaded);
  asd_ivector_unref (whitened);
  asd_ivector_unref (p.model);
}

GST_END_TEST;

GST_START_TEST (test_refused)
{
  GError *error = NULL;
  Problem p;

  make_problem (&p, 5, FALSE);
  p.clips.n = 2;
  fail_unless (asd_ivector_whiten (p.model, &p.clips, &error) == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "at least 3");
  p.clips.n = 5;
  for (gsize u = 1; u < 5; u++) {
    memcpy (p.zeroth + u * K, p.zeroth, K * sizeof (double));
    memcpy (p.first + u * K * D, p.first, K * D * sizeof (double));
  }
  fail_unless (asd_ivector_whiten (p.model, &p.clips, &error) == NULL);
  em_check_error (&error, ASD_ERROR_DATA, "do not differ enough");
  asd_ivector_unref (p.model);
}

GST_END_TEST;

GST_START_TEST (test_damaged)
{
  static const struct
  {
    gsize n_mean, n_matrix;
    double diagonal;
    int code;
    const char *text;
  } cases[] = {
    {R, R, 0, ASD_ERROR_FORMAT, "not above 0"},
    {R, R, -1, ASD_ERROR_FORMAT, "not above 0"},
    {R - 1, R, 1, ASD_ERROR_MISMATCH, "whitening-mean"},
    {R, R - 1, 1, ASD_ERROR_MISMATCH, "whitening"},
  };
  Problem p;

  make_problem (&p, 5, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const gsize square[2] = { cases[i].n_matrix, cases[i].n_matrix };
    g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
    g_autoptr (AsdModelSection) section = NULL;
    double matrix[R * R] = { 0 };
    GError *error = NULL;

    for (gsize j = 0; j < R; j++)
      matrix[j * (square[0] + 1) % (R * R)] = cases[i].diagonal;
    asd_model_writer_set_stage (writer, "s", "ivector");
    asd_ivector_save (p.model, writer);
    asd_model_writer_add_f64 (writer, "whitening-mean", matrix, 1,
        &cases[i].n_mean);
    asd_model_writer_add_f64 (writer, "whitening", matrix, 2, square);
    section = em_through_file (writer);
    fail_unless (asd_ivector_load (section, &error) == NULL);
    em_check_error (&error, cases[i].code, cases[i].text);
  }
  asd_ivector_unref (p.model);
}

GST_END_TEST;

static Suite *
ivectorwhiten_suite (void)
{
  Suite *suite = suite_create ("ivectorwhiten");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_products);
  tcase_add_test (tc, test_length_and_file);
  tcase_add_test (tc, test_refused);
  tcase_add_test (tc, test_damaged);
  return suite;
}

GST_CHECK_MAIN (ivectorwhiten);
