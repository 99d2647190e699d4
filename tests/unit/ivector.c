/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "em.h"

#include <asd/ivectortrainer.h>

static AsdUbm *
load_ubm (const char *folder, gsize k)
{
  g_autofree char *w_path = g_strdup_printf ("golden/%s/ubm_w.npy", folder);
  g_autofree char *m_path = g_strdup_printf ("golden/%s/ubm_m.npy", folder);
  g_autofree char *v_path = g_strdup_printf ("golden/%s/ubm_v.npy", folder);
  g_autofree double *w = asd_test_load_doubles (w_path, NULL);
  g_autofree double *m = asd_test_load_doubles (m_path, NULL);
  g_autofree double *v = asd_test_load_doubles (v_path, NULL);
  AsdUbm *ubm = asd_ubm_new (w, m, v, k, 42, NULL);

  fail_unless (ubm != NULL);
  return ubm;
}

/* i-vectors of all clips, against golden ones. */
static void
check_vectors (AsdIvector * model, const AsdIvectorClips * clips,
    const char *path)
{
  const gsize r = asd_ivector_get_dimensions (model);
  const gsize k = asd_ubm_get_n_components (asd_ivector_get_ubm (model));
  g_autoptr (AsdIvectorExtractor) extractor = asd_ivector_extractor_new (model);
  g_autofree double *w = g_new (double, clips->n * r);

  for (gsize u = 0; u < clips->n; u++)
    asd_ivector_extractor_process_statistics (extractor,
        clips->zeroth + u * k, clips->first + u * k * 42, w + u * r);
  /* golden/README.md asks for 1e-6; all is double here. */
  em_check_golden (w, path, clips->n * r, 1e-8);
}

GST_START_TEST (test_golden)
{
  const gsize size = 16 * 42, r = 20;
  g_autoptr (AsdUbm) ubm = load_ubm ("ivector", 16);
  g_autofree double *zeroth = asd_test_load_doubles ("golden/ivector/N.npy",
      NULL);
  g_autofree double *first = asd_test_load_doubles ("golden/ivector/F.npy",
      NULL);
  g_autofree double *all = asd_test_load_doubles ("golden/ivector/S.npy", NULL);
  g_autofree double *matrix = asd_test_load_doubles ("golden/ivector/T0.npy",
      NULL);
  g_autofree double *second = g_new0 (double, size);
  AsdIvectorClips clips = { 40, zeroth, first, second };
  EmProgress progress = { NULL };
  g_autoptr (AsdIvector) start = asd_ivector_new (ubm, matrix,
      asd_ubm_get_variances (ubm), r, FALSE, NULL);
  g_autoptr (AsdIvector) one = NULL;
  g_autoptr (AsdIvector) five = NULL;

  for (gsize i = 0; i < 40 * size; i++)
    second[i % size] += all[i];
  one = asd_ivector_refine (start, &clips, 1, 1e-10, FALSE, NULL, NULL, NULL,
      NULL);
  five = asd_ivector_refine (start, &clips, 5, 1e-10, FALSE, em_progress,
      &progress, NULL, NULL);
  fail_unless (progress.n == 5 && progress.largest_fall == 0);
  check_vectors (start, &clips, "golden/ivector/w_T0.npy");
  /* As above. */
  em_check_golden (asd_ivector_get_matrix (one), "golden/ivector/T1.npy",
      size * r, 1e-8);
  em_check_golden (asd_ivector_get_sigma (one), "golden/ivector/sigma1.npy",
      size, 1e-8);
  check_vectors (one, &clips, "golden/ivector/w_T1.npy");
  em_check_golden (asd_ivector_get_matrix (five), "golden/ivector/T5.npy",
      size * r, 1e-8);
  em_check_golden (asd_ivector_get_sigma (five), "golden/ivector/sigma5.npy",
      size, 1e-8);
  check_vectors (five, &clips, "golden/ivector/w_T5.npy");
}

GST_END_TEST;

GST_START_TEST (test_golden_statistics)
{
  const gsize size = 16 * 42;
  g_autoptr (AsdUbm) ubm = load_ubm ("ivector", 16);
  g_autofree double *frames =
      asd_test_load_doubles ("golden/ivector/clip0_frames.npy", NULL);
  g_autofree double *golden[3] = {
    asd_test_load_doubles ("golden/ivector/N.npy", NULL),
    asd_test_load_doubles ("golden/ivector/F.npy", NULL),
    asd_test_load_doubles ("golden/ivector/S.npy", NULL),
  };
  g_autofree double *got = g_new (double, 16 + 2 * size);
  g_autoptr (AsdUbmStatistics) statistics = asd_ubm_statistics_new (ubm, TRUE);
  const gsize n[] = { 16, size, size };
  const double *values = got;

  asd_ubm_statistics_add_f64 (statistics, frames, 665);
  asd_ubm_statistics_get (statistics, got, got + 16, got + 16 + size);
  for (gsize i = 0; i < 3; values += n[i++])
    /* As above. */
    fail_unless (asd_test_max_difference (values, golden[i], n[i]) <=
        1e-8 * asd_test_peak (golden[i], n[i]));
  g_free (golden[1]);
  g_free (golden[2]);
}

GST_END_TEST;

GST_START_TEST (test_golden_100)
{
  g_autoptr (AsdUbm) ubm = load_ubm ("ivector100", 64);
  g_autofree double *zeroth = asd_test_load_doubles ("golden/ivector100/N.npy",
      NULL);
  g_autofree double *first = asd_test_load_doubles ("golden/ivector100/F.npy",
      NULL);
  g_autofree double *matrix = asd_test_load_doubles ("golden/ivector100/T.npy",
      NULL);
  AsdIvectorClips clips = { 5, zeroth, first, NULL };
  g_autoptr (AsdIvector) model = asd_ivector_new (ubm, matrix,
      asd_ubm_get_variances (ubm), 100, FALSE, NULL);

  check_vectors (model, &clips, "golden/ivector100/w.npy");
}

GST_END_TEST;

/* Adds n_clips clips, each around its own point, whose dimension 0 is constant
 * if silent. */
static void
add_clips (AsdIvectorTrainer * trainer, GRand * rand, gsize n_clips, gsize n,
    gsize dim, gboolean silent)
{
  g_autofree float *frames = g_new (float, n * dim);
  g_autofree double *shift = g_new (double, dim);

  for (gsize u = 0; u < n_clips; u++) {
    for (gsize j = 0; j < dim; j++)
      shift[j] = 2 * em_normal (rand);
    for (gsize i = 0; i < n * dim; i++) {
      frames[i] = (i / dim % 3) * (i % dim) + shift[i % dim] + em_normal (rand);
      if (silent && i % dim == 0)
        frames[i] = -100;
    }
    fail_unless (asd_ivector_trainer_add_clip (trainer, frames, n, NULL));
  }
}

/* 200 random problems, with and without minimum divergence. */
GST_START_TEST (test_likelihood_never_falls)
{
  GRand *rand = g_rand_new_with_seed (23);

  for (int round = 0; round < 200; round++) {
    AsdIvectorConfig config = ASD_IVECTOR_CONFIG_INIT;
    gsize dim = g_rand_int_range (rand, 2, 8);
    EmProgress progress = { NULL };
    GError *error = NULL;
    AsdIvectorTrainer *trainer;
    AsdIvector *model;

    config.ubm.components = g_rand_int_range (rand, 1, 6);
    config.ubm.seed = round;
    config.dimensions = g_rand_int_range (rand, 1, 10);
    config.minimum_divergence = round % 2;
    trainer = asd_ivector_trainer_new (&config, dim);
    add_clips (trainer, rand, g_rand_int_range (rand, 1, 50), 40, dim,
        round % 5 == 0);
    model = asd_ivector_trainer_fit (trainer, em_progress, &progress, NULL,
        &error);
    g_assert_no_error (error);
    fail_unless_equals_int (progress.n, 20);
    /* Rounding. */
    fail_unless (progress.largest_fall <= 1e-10,
        "round %d: falls by %g", round, progress.largest_fall);
    asd_ivector_unref (model);
    asd_ivector_trainer_free (trainer);
  }
  g_rand_free (rand);
}

GST_END_TEST;

/* One dimension: T is multiplied by the root of the mean of E[w^2] = w^2 + 1/L
 * over the clips, L = 1 + sum of N T^2 / S. */
GST_START_TEST (test_minimum_divergence)
{
  const double weights[] = { 0.25, 0.75 }, means[] = { 0, 1, 2, 3 };
  const double variances[] = { 1, 2, 3, 4 }, matrix[] = { 1, -2, 0.5, 3 };
  const double zeroth[] = { 3, 5, 4, 1, 7, 2 };
  const double first[] = { 1, 2, 13, 14, -5, 3, 1, 4, 9, -3, 2, 8 };
  const double second[] = { 60, 70, 80, 90 };
  const AsdIvectorClips clips = { 3, zeroth, first, second };
  g_autoptr (AsdUbm) ubm = asd_ubm_new (weights, means, variances, 2, 2, NULL);
  g_autoptr (AsdIvector) start = asd_ivector_new (ubm, matrix, variances, 1,
      FALSE, NULL);
  g_autoptr (AsdIvector) without = asd_ivector_refine (start, &clips, 1, 1e-10,
      FALSE, NULL, NULL, NULL, NULL);
  g_autoptr (AsdIvector) with = asd_ivector_refine (start, &clips, 1, 1e-10,
      TRUE, NULL, NULL, NULL, NULL);
  g_autoptr (AsdIvectorExtractor) extractor = asd_ivector_extractor_new (start);
  double moment = 0;

  for (gsize u = 0; u < 3; u++) {
    double w, precision = 1;

    for (gsize i = 0; i < 4; i++)
      precision += zeroth[u * 2 + i / 2] * matrix[i] * matrix[i] / variances[i];
    asd_ivector_extractor_process_statistics (extractor, zeroth + u * 2,
        first + u * 4, &w);
    moment += (w * w + 1 / precision) / 3;
  }
  fail_unless (fabs (moment - 1) > 0.01);
  for (gsize i = 0; i < 4; i++) {
    double t = asd_ivector_get_matrix (without)[i] * sqrt (moment);

    /* Rounding. */
    fail_unless (fabs (asd_ivector_get_matrix (with)[i] - t) <=
        1e-12 * fabs (t));
    fail_unless (asd_ivector_get_sigma (with)[i] ==
        asd_ivector_get_sigma (without)[i]);
  }
}

GST_END_TEST;

/* Length normalisation divides what is the same without it. */
GST_START_TEST (test_length_normalise)
{
  AsdIvectorConfig config = ASD_IVECTOR_CONFIG_INIT;
  GRand *rand = g_rand_new_with_seed (24);
  double w[2][6], length = 0;
  float frames[30 * 4];

  config.ubm.components = 3;
  config.dimensions = 6;
  for (int normalise = 0; normalise < 2; normalise++) {
    AsdIvectorTrainer *trainer;
    AsdIvector *model;
    AsdIvectorExtractor *extractor;

    config.length_normalise = normalise;
    g_rand_set_seed (rand, 24);
    trainer = asd_ivector_trainer_new (&config, 4);
    add_clips (trainer, rand, 20, 30, 4, FALSE);
    for (gsize i = 0; i < G_N_ELEMENTS (frames); i++)
      frames[i] = em_normal (rand);
    model = asd_ivector_trainer_fit (trainer, NULL, NULL, NULL, NULL);
    extractor = asd_ivector_extractor_new (model);
    asd_ivector_extractor_process (extractor, frames, 30, w[normalise]);
    asd_ivector_extractor_free (extractor);
    asd_ivector_unref (model);
    asd_ivector_trainer_free (trainer);
  }
  for (gsize i = 0; i < 6; i++)
    length += w[0][i] * w[0][i];
  length = sqrt (length);
  fail_unless (length > 0 && length != 1);
  for (gsize i = 0; i < 6; i++)
    fail_unless (fabs (w[0][i] / length - w[1][i]) < 1e-14);
  g_rand_free (rand);
}

GST_END_TEST;

GST_START_TEST (test_extremes)
{
  AsdIvectorConfig config = ASD_IVECTOR_CONFIG_INIT;
  GRand *rand = g_rand_new_with_seed (25);
  AsdIvectorTrainer *trainer = asd_ivector_trainer_new (&config, 4);
  GCancellable *cancellable = g_cancellable_new ();
  float frames[200 * 4] = { 0 };
  double w[100];
  GError *error = NULL;
  AsdIvector *model;
  AsdIvectorExtractor *extractor;

  fail_unless (asd_ivector_trainer_fit (trainer, NULL, NULL, NULL, &error) ==
      NULL);
  em_check_error (&error, ASD_ERROR_DATA, "at least one");
  fail_if (asd_ivector_trainer_add_clip (trainer, frames, 0, &error));
  em_check_error (&error, ASD_ERROR_DATA, "leave it out");
  frames[9] = NAN;
  fail_if (asd_ivector_trainer_add_clip (trainer, frames, 200, &error));
  em_check_error (&error, ASD_ERROR_DATA, "frame 3 of 200");
  frames[9] = 0;

  /* Fewer frames than components, then one clip of silence. */
  fail_unless (asd_ivector_trainer_add_clip (trainer, frames, 20, NULL));
  fail_unless (asd_ivector_trainer_fit (trainer, NULL, NULL, NULL, &error) ==
      NULL);
  em_check_error (&error, ASD_ERROR_DATA, "fewer components");
  asd_ivector_trainer_free (trainer);
  trainer = asd_ivector_trainer_new (&config, 4);
  fail_unless (asd_ivector_trainer_add_clip (trainer, frames, 200, NULL));
  fail_unless (strstr (asd_ivector_trainer_get_warning (trainer),
          "too few clips (1) for i-vectors"));
  model = asd_ivector_trainer_fit (trainer, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  extractor = asd_ivector_extractor_new (model);
  for (gsize n = 0; n <= 200; n += 100) {
    asd_ivector_extractor_process (extractor, frames, n, w);
    for (gsize i = 0; i < 100; i++)
      fail_unless (n == 0 ? w[i] == 0 : isfinite (w[i]));
  }
  frames[5] = INFINITY;
  asd_ivector_extractor_process (extractor, frames, 200, w);
  for (gsize i = 0; i < 100; i++)
    fail_unless (isnan (w[i]));
  frames[5] = 0;
  asd_ivector_extractor_process (extractor, frames, 200, w);
  fail_unless (isfinite (w[0]));
  asd_ivector_extractor_free (extractor);
  asd_ivector_unref (model);

  g_cancellable_cancel (cancellable);
  fail_unless (asd_ivector_trainer_fit (trainer, NULL, NULL, cancellable,
          &error) == NULL);
  fail_unless (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_clear_error (&error);
  asd_ivector_trainer_free (trainer);
  g_object_unref (cancellable);
  g_rand_free (rand);
}

GST_END_TEST;

/* Of clips that do not fit, each stays as often as any other. */
GST_START_TEST (test_memory_bound)
{
  guint kept[20] = { 0 };

  for (guint seed = 0; seed < 400; seed++) {
    AsdIvectorConfig config = ASD_IVECTOR_CONFIG_INIT;
    AsdIvectorTrainer *trainer;
    float frames[10];
    AsdIvector *model;
    const double *mean;
    GError *error = NULL;

    config.ubm.components = 1;
    config.ubm.seed = seed;
    config.dimensions = 1;
    config.max_bytes = 10 * sizeof (float);
    trainer = asd_ivector_trainer_new (&config, 1);
    for (guint u = 0; u < 20; u++) {
      for (guint i = 0; i < 10; i++)
        frames[i] = u;
      fail_unless (asd_ivector_trainer_add_clip (trainer, frames, 10, NULL));
    }
    fail_unless (strstr (asd_ivector_trainer_get_warning (trainer),
            "sample of 1 of 20"));
    model = asd_ivector_trainer_fit (trainer, NULL, NULL, NULL, &error);
    g_assert_no_error (error);
    mean = asd_ubm_get_means (asd_ivector_get_ubm (model));
    kept[(guint) (mean[0] + 0.5)]++;
    asd_ivector_unref (model);
    asd_ivector_trainer_free (trainer);
  }
  /* 20 of each are expected, with a deviation of 4.4. */
  for (guint u = 0; u < 20; u++)
    fail_unless (kept[u] >= 4 && kept[u] <= 40, "clip %u: %u", u, kept[u]);
}

GST_END_TEST;

static AsdIvector *
load (AsdUbm * ubm, const double *matrix, const double *sigma,
    gint64 normalise, GError ** error)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModelSection) section = NULL;
  gsize shape[3] = { 2, 2, 1 };

  asd_model_writer_set_stage (writer, "s", "ivector");
  asd_ubm_save (ubm, writer);
  asd_model_writer_add_f64 (writer, "matrix", matrix, 3, shape);
  asd_model_writer_add_f64 (writer, "sigma", sigma, 2, shape);
  asd_model_writer_set_int64 (writer, "length-normalise", normalise);
  section = em_through_file (writer);
  return asd_ivector_load (section, error);
}

GST_START_TEST (test_damaged)
{
  const double weights[] = { 0.25, 0.75 }, values[] = { 1, 2, 3, 4 };
  const double zero[] = { 1, 2, 0, 4 }, bad_weights[] = { 0.25, 0.5 };
  const double huge[] = { 1e200, 1, 1, 1 };
  g_autoptr (AsdUbm) ubm = asd_ubm_new (weights, values, values, 2, 2, NULL);
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModelSection) section = NULL;
  gsize shape[2] = { 2, 2 };
  GError *error = NULL;
  AsdIvector *model = load (ubm, values, values, 1, &error);

  g_assert_no_error (error);
  asd_ivector_unref (asd_ivector_ref (model));
  asd_ivector_unref (model);
  fail_unless (load (ubm, values, zero, 0, &error) == NULL);
  em_check_error (&error, ASD_ERROR_FORMAT, "variances above 0");
  fail_unless (load (ubm, huge, values, 0, &error) == NULL);
  em_check_error (&error, ASD_ERROR_FORMAT, "finite matrix");
  fail_unless (load (ubm, values, values, 2, &error) == NULL);
  em_check_error (&error, ASD_ERROR_FORMAT, "length-normalise");

  asd_model_writer_set_stage (writer, "s", "ivector");
  asd_model_writer_add_f64 (writer, "ubm-weights", bad_weights, 1, shape);
  asd_model_writer_add_f64 (writer, "ubm-means", values, 2, shape);
  asd_model_writer_add_f64 (writer, "ubm-variances", values, 2, shape);
  section = em_through_file (writer);
  fail_unless (asd_ivector_load (section, &error) == NULL);
  em_check_error (&error, ASD_ERROR_FORMAT, "sum to 1");
  fail_unless (asd_ubm_new (weights, values, zero, 2, 2, NULL) == NULL);
}

GST_END_TEST;

/* A seed repeats the model, and a file gives the same i-vectors to the bit. */
GST_START_TEST (test_save_and_load)
{
  AsdIvectorConfig config = ASD_IVECTOR_CONFIG_INIT;
  double w[3][12];
  GError *error = NULL;

  config.ubm.components = 5;
  config.ubm_frames = 500;
  config.dimensions = 12;
  for (int i = 0; i < 3; i++) {
    g_autoptr (GRand) rand = g_rand_new_with_seed (26);
    g_autoptr (AsdIvectorTrainer) trainer = asd_ivector_trainer_new (&config,
        6);
    g_autoptr (AsdIvector) model = NULL;
    g_autoptr (AsdIvectorExtractor) extractor = NULL;
    float frames[50 * 6];

    add_clips (trainer, rand, 30, 40, 6, FALSE);
    for (gsize j = 0; j < G_N_ELEMENTS (frames); j++)
      frames[j] = em_normal (rand);
    model = asd_ivector_trainer_fit (trainer, NULL, NULL, NULL, NULL);
    if (i == 2) {
      g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
      g_autoptr (AsdModelSection) section = NULL;

      asd_model_writer_set_stage (writer, "s", "ivector");
      asd_ivector_save (model, writer);
      section = em_through_file (writer);
      asd_ivector_unref (model);
      model = asd_ivector_load (section, &error);
      g_assert_no_error (error);
    }
    extractor = asd_ivector_extractor_new (model);
    asd_ivector_extractor_process (extractor, frames, 50, w[i]);
  }
  fail_unless (memcmp (w[0], w[1], sizeof w[0]) == 0);
  fail_unless (memcmp (w[0], w[2], sizeof w[0]) == 0);
}

GST_END_TEST;

GST_START_TEST (test_config)
{
  const AsdIvectorConfig good = ASD_IVECTOR_CONFIG_INIT;
  AsdIvectorConfig config = good;

  fail_unless (asd_ivector_config_check (&config) == NULL);
  config.ubm.components = 0;
  fail_unless (strstr (asd_ivector_config_check (&config), "components"));
  config = good;
  config.ubm_frames = 63;
  fail_unless (strstr (asd_ivector_config_check (&config), "ubm-frames"));
  config = good;
  config.dimensions = 0;
  fail_unless (strstr (asd_ivector_config_check (&config), "dimensions"));
  config = good;
  config.variance_floor = 0;
  fail_unless (strstr (asd_ivector_config_check (&config), "variance-floor"));
}

GST_END_TEST;

static Suite *
ivector_suite (void)
{
  Suite *suite = suite_create ("ivector");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_likelihood_never_falls);
  tcase_add_test (tc, test_minimum_divergence);
  tcase_add_test (tc, test_length_normalise);
  tcase_add_test (tc, test_extremes);
  tcase_add_test (tc, test_memory_bound);
  tcase_add_test (tc, test_damaged);
  tcase_add_test (tc, test_save_and_load);
  tcase_add_test (tc, test_config);
  asd_test_add_golden (tc, test_golden);
  asd_test_add_golden (tc, test_golden_statistics);
  asd_test_add_golden (tc, test_golden_100);
  return suite;
}

ASD_TEST_MAIN (ivector);
