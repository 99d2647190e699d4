/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Where scores come from: what the scorers say of each value, where the values
 * come from, and what is made of both. */

#include "scorertest.h"

#include <asd/asd.h>
#include <complex.h>

#define RATE 16000
#define DIM 6

static const AsdAxis plane[] = {
  {200, 300, 4, 8}, {200, 300, 8, 16},
  {100, 200, 4, 8}, {100, 200, 8, 16},
  {NAN, NAN, NAN, NAN},
};

#define N G_N_ELEMENTS (plane)

static void
check_share (const AsdShare * share, AsdShareKind kind, double low, double high,
    double value)
{
  fail_unless_equals_int (share->kind, kind);
  fail_unless_equals_float (share->low, low);
  fail_unless_equals_float (share->high, high);
  fail_unless (fabs (share->share - value) < 1e-12, "%g-%g Hz: %g, not %g",
      low, high, share->share, value);
}

/* Bands come out sorted, with what is in no band in the sum. */
GST_START_TEST (test_sums)
{
  g_autoptr (AsdExplainer) explainer = asd_explainer_new (plane, N);
  const double parts[N] = { 1, 2, 3, 4, 10 };
  AsdShare shares[4];

  fail_unless_equals_int (asd_explainer_get_n_shares (explainer), 4);
  fail_unless (asd_explainer_process (explainer, parts, shares));
  check_share (&shares[0], ASD_SHARE_BAND, 100, 200, 7 / 20.);
  check_share (&shares[1], ASD_SHARE_BAND, 200, 300, 3 / 20.);
  check_share (&shares[2], ASD_SHARE_MODULATION, 4, 8, 4 / 20.);
  check_share (&shares[3], ASD_SHARE_MODULATION, 8, 16, 6 / 20.);
}

GST_END_TEST;

/* A band that takes more than it adds has nothing; within a band they balance. */
GST_START_TEST (test_negative)
{
  g_autoptr (AsdExplainer) explainer = asd_explainer_new (plane, N);
  const double parts[N] = { -3, 1, 4, 2, 0 };
  AsdShare shares[4];

  fail_unless (asd_explainer_process (explainer, parts, shares));
  check_share (&shares[0], ASD_SHARE_BAND, 100, 200, 1);
  check_share (&shares[1], ASD_SHARE_BAND, 200, 300, 0);
  check_share (&shares[2], ASD_SHARE_MODULATION, 4, 8, 1 / 4.);
  check_share (&shares[3], ASD_SHARE_MODULATION, 8, 16, 3 / 4.);
}

GST_END_TEST;

GST_START_TEST (test_nothing_to_say)
{
  g_autoptr (AsdExplainer) explainer = asd_explainer_new (plane, N);
  const double none[N] = { 0 }, nan[N] = { 1, NAN, 1, 1, 1 };
  const double infinite[N] = { 1, INFINITY, 1, 1, 1 };
  AsdShare shares[4];

  fail_unless (!asd_explainer_process (explainer, none, shares));
  fail_unless (!asd_explainer_process (explainer, nan, shares));
  fail_unless (!asd_explainer_process (explainer, infinite, shares));
  fail_unless (asd_explainer_new (plane + 4, 1) == NULL);
  fail_unless (asd_shares_describe (NULL, 0) == NULL);
}

GST_END_TEST;

/* Bands of other features are put between, those that are the same are added. */
GST_START_TEST (test_merge)
{
  const AsdShare first[] = { {ASD_SHARE_BAND, 100, 200, 0.4},
  {ASD_SHARE_BAND, 200, 300, 0.6}, {ASD_SHARE_MODULATION, 4, 8, 1}
  };
  const AsdShare second[] = { {ASD_SHARE_BAND, 150, 250, 0.9},
  {ASD_SHARE_BAND, 200, 300, 0.1}
  };
  GArray *merged = g_array_new (FALSE, FALSE, sizeof (AsdShare));
  const AsdShare *shares;

  asd_shares_merge (merged, first, 3, 0.75);
  asd_shares_merge (merged, second, 2, 0.25);
  fail_unless_equals_int (merged->len, 4);
  shares = (const AsdShare *) merged->data;
  check_share (&shares[0], ASD_SHARE_BAND, 100, 200, 0.3);
  check_share (&shares[1], ASD_SHARE_BAND, 150, 250, 0.225);
  check_share (&shares[2], ASD_SHARE_BAND, 200, 300, 0.475);
  check_share (&shares[3], ASD_SHARE_MODULATION, 4, 8, 0.75);
  g_array_unref (merged);
}

GST_END_TEST;

/* Bands of 100 Hz with these percents. */
static AsdShare *
make_bands (const double *percents, gsize n)
{
  AsdShare *shares = g_new (AsdShare, n);

  for (gsize i = 0; i < n; i++)
    shares[i] = (AsdShare) {
    ASD_SHARE_BAND, 100 * i, 100 * (i + 1), percents[i] / 100};
  return shares;
}

/* The peak with its neighbours of at least half; its slopes are no peaks, as
 * long as there are others. */
GST_START_TEST (test_top)
{
  const double percents[] = { 5, 0, 4, 11, 20, 10, 9, 2, 12, 12, 0, 15 };
  g_autofree AsdShare *shares = make_bands (percents, 12);
  AsdShare top[ASD_SHARES_TOP];
  g_autofree char *text = NULL;

  fail_unless_equals_int (asd_shares_get_top (shares, 12,
          ASD_SHARE_MODULATION, top), 0);
  fail_unless_equals_int (asd_shares_get_top (shares, 12, ASD_SHARE_BAND, top),
      3);
  check_share (&top[0], ASD_SHARE_BAND, 300, 600, 0.41);
  check_share (&top[1], ASD_SHARE_BAND, 800, 1000, 0.24);
  check_share (&top[2], ASD_SHARE_BAND, 1100, 1200, 0.15);
  text = asd_shares_describe (shares, 12);
  fail_unless_equals_string (text, "strongest at 300-600 Hz (41 %), "
      "800-1000 Hz (24 %) and 1100-1200 Hz (15 %)");
}

GST_END_TEST;

GST_START_TEST (test_slopes)
{
  const double percents[] = { 3, 6, 20, 60, 11 };
  g_autofree AsdShare *shares = make_bands (percents, 5);
  AsdShare top[ASD_SHARES_TOP];

  fail_unless_equals_int (asd_shares_get_top (shares, 5, ASD_SHARE_BAND, top),
      3);
  check_share (&top[0], ASD_SHARE_BAND, 300, 400, 0.6);
  check_share (&top[1], ASD_SHARE_BAND, 200, 300, 0.2);
  check_share (&top[2], ASD_SHARE_BAND, 400, 500, 0.11);
}

GST_END_TEST;

/* A wide one is told by the octave. */
GST_START_TEST (test_wide)
{
  const double percents[] = { 0, 10, 10, 10, 10, 10, 10, 10 };
  g_autofree AsdShare *shares = make_bands (percents, 8);
  AsdShare top[ASD_SHARES_TOP];

  fail_unless_equals_int (asd_shares_get_top (shares, 8, ASD_SHARE_BAND, top),
      3);
  check_share (&top[0], ASD_SHARE_BAND, 400, 800, 0.4);
  check_share (&top[1], ASD_SHARE_BAND, 200, 400, 0.2);
  check_share (&top[2], ASD_SHARE_BAND, 100, 200, 0.1);
}

GST_END_TEST;

/* Three digits of frequencies, two of modulations, and no exponent. */
GST_START_TEST (test_describe)
{
  const AsdShare shares[] = { {ASD_SHARE_BAND, 106.6, 143.4, 0.02},
  {ASD_SHARE_BAND, 5163.7, 10287, 0.9}, {ASD_SHARE_MODULATION, 3.123, 5.123,
      0.2}, {ASD_SHARE_MODULATION, 82.1, 141.4, 0.755}
  };
  g_autofree char *both = asd_shares_describe (shares, 4);
  g_autofree char *modulation = asd_shares_describe (shares + 2, 1);

  fail_unless_equals_string (both, "strongest at 5160-10300 Hz (90 %) and "
      "107-143 Hz (2 %), modulated at 82-140 Hz (76 %)");
  fail_unless_equals_string (modulation,
      "strongest modulated at 3.1-5.1 Hz (20 %)");
}

GST_END_TEST;

/* What each value adds */

/* n rows of parts, each of which sums to its score. */
static void
check_sums (const char *name, const double *parts, const double *scores,
    gsize n)
{
  for (gsize i = 0; i < n; i++) {
    double sum = 0;

    for (gsize j = 0; j < DIM; j++)
      sum += parts[i * DIM + j];
    fail_unless (fabs (sum - scores[i]) < 1e-9 * fabs (scores[i]),
        "%s: %.12g, not %.12g", name, sum, scores[i]);
  }
}

/* Correlated vectors. */
static double *
training_vectors (GRand * rand, gsize n)
{
  double *x = random_vectors (rand, n * DIM);

  for (gsize i = 0; i < n * DIM; i++)
    x[i] += i % DIM == 0 ? 0 : 0.7 * x[i - 1];
  return x;
}

GST_START_TEST (test_parts_sum_to_score)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree double *x = training_vectors (rand, 200);
  g_autofree double *y = random_vectors (rand, 4 * DIM);
  g_autoptr (AsdGraph) graph = asd_graph_fit (x, 200, DIM, NULL, NULL);
  g_autoptr (AsdMahalanobis) mahalanobis = asd_mahalanobis_fit (x, 200, DIM,
      NULL);
  double scores[4], parts[4 * DIM];
  gsize cluster;

  for (guint i = 0; i < 4; i++) {
    scores[i] = asd_graph_score (graph, y + i * DIM, &cluster);
    asd_graph_get_parts (graph, cluster, y + i * DIM, parts + i * DIM);
  }
  check_sums ("graph", parts, scores, 4);
  for (guint i = 0; i < 4; i++) {
    scores[i] = asd_mahalanobis_score (mahalanobis, y + i * DIM);
    asd_mahalanobis_get_parts (mahalanobis, y + i * DIM, parts + i * DIM);
  }
  check_sums ("mahalanobis", parts, scores, 4);
}

GST_END_TEST;

GST_START_TEST (test_parts_of_neighbours)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_autofree double *x = training_vectors (rand, 200);
  g_autofree double *y = random_vectors (rand, 100 * DIM);
  g_autofree double *parts = g_new (double, 100 * DIM);
  double scores[100];

  for (guint i = 0; i < 3; i++) {
    g_autoptr (AsdKnn) knn = asd_knn_fit (i, x, 200, DIM, 4, NULL, NULL);
    g_autoptr (AsdLof) lof = asd_lof_fit (x, 200, DIM, 4, NULL, NULL);

    if (i < 2)
      asd_knn_score (knn, y, 100, scores, parts);
    else
      asd_lof_score (lof, y, 100, scores, parts);
    check_sums ("neighbours", parts, scores, 100);
    /* A duplicate of a training vector, which is at no distance. */
    asd_knn_score (knn, x, 1, scores, parts);
    for (guint j = 0; j < DIM; j++)
      fail_unless (isfinite (parts[j]));
  }
}

GST_END_TEST;

/* The quadratic form in the exponent of the component that is nearest. */
GST_START_TEST (test_parts_of_mixture)
{
  const double weights[] = { 0.5, 0.5 }, means[] = { 0, 0, 10, 10 };
  const double full[] = { 2, 1, 1, 2, 2, 1, 1, 2 };
  const double diagonal[] = { 4, 1, 4, 1 };
  const double y[] = { 12, 9 };
  g_autoptr (AsdGmm) correlated = asd_gmm_new (ASD_GMM_FULL, weights, means,
      full, 2, 2, NULL);
  g_autoptr (AsdGmm) independent = asd_gmm_new (ASD_GMM_DIAGONAL, weights,
      means, diagonal, 2, 2, NULL);
  double parts[2];

  /* z = (2, -1), S^-1 z = (5, -4) / 3 */
  asd_gmm_get_parts (correlated, y, parts);
  fail_unless (fabs (parts[0] - 2 * 5 / 6.) < 1e-12, "%g", parts[0]);
  fail_unless (fabs (parts[1] - 1 * 4 / 6.) < 1e-12, "%g", parts[1]);
  asd_gmm_get_parts (independent, y, parts);
  fail_unless (fabs (parts[0] - 4 / 4. / 2) < 1e-12, "%g", parts[0]);
  fail_unless (fabs (parts[1] - 1 / 1. / 2) < 1e-12, "%g", parts[1]);
}

GST_END_TEST;

/* A linear net that gives back the half of everything. */
GST_START_TEST (test_parts_of_net)
{
  const float weight[] = { 0.5, 0, 0, 0.5 }, bias[] = { 0, 0 };
  const float x[] = { 2, 4, 6, 0 };
  const gsize shape[] = { 2, 2 };
  AsdModelWriter *writer = open_section ("autoencoder");
  g_autoptr (AsdModelSection) section = NULL;
  g_autoptr (AsdNetwork) network = NULL;
  g_autoptr (AsdNetworkRunner) runner = NULL;
  double parts[2] = { 7, 7 }, score;

  asd_model_writer_set_string (writer, "modules", "Linear");
  asd_model_writer_add_f32 (writer, "0.weight", weight, 2, shape);
  asd_model_writer_add_f32 (writer, "0.bias", bias, 1, shape);
  section = close_section (writer);
  network = asd_network_load (section, NULL);
  fail_unless (network != NULL);
  runner = asd_network_runner_new (network);
  score = asd_network_runner_score (runner, x, 2, parts);
  fail_unless (fabs (score - (1 + 4 + 9 + 0) / 4.) < 1e-12, "%g", score);
  fail_unless (fabs (parts[0] - (1 + 9) / 4.) < 1e-12, "%g", parts[0]);
  fail_unless (fabs (parts[1] - (4 + 0) / 4.) < 1e-12, "%g", parts[1]);
}

GST_END_TEST;

/* A normal vector with one value changed gets it from there. */
GST_START_TEST (test_changed_value)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  g_autofree double *x = training_vectors (rand, 300);
  g_autoptr (AsdGraph) graph = asd_graph_fit (x, 300, DIM, NULL, NULL);
  g_autoptr (AsdMahalanobis) mahalanobis = asd_mahalanobis_fit (x, 300, DIM,
      NULL);
  g_autoptr (AsdKnn) knn = asd_knn_fit (ASD_KNN_DENSITY, x, 300, DIM, 4, NULL,
      NULL);
  g_autoptr (AsdLof) lof = asd_lof_fit (x, 300, DIM, 4, NULL, NULL);
  double y[DIM], parts[4][DIM], score;
  gsize cluster;

  memcpy (y, x + 17 * DIM, sizeof y);
  y[__i__] += 100;
  asd_graph_score (graph, y, &cluster);
  asd_graph_get_parts (graph, cluster, y, parts[0]);
  asd_mahalanobis_get_parts (mahalanobis, y, parts[1]);
  asd_knn_score (knn, y, 1, &score, parts[2]);
  asd_lof_score (lof, y, 1, &score, parts[3]);
  for (guint s = 0; s < 4; s++) {
    double most = 0, sum = 0;

    for (guint j = 0; j < DIM; j++) {
      sum += parts[s][j];
      most = MAX (most, j == (guint) __i__ ? 0 : parts[s][j]);
    }
    fail_unless (parts[s][__i__] > 0.6 * sum && parts[s][__i__] > 4 * most,
        "scorer %u: %g of %g, another %g", s, parts[s][__i__], sum, most);
  }
}

GST_END_TEST;

/* Where values come from */

/* A tone whose loudness goes up and down. */
static float *
make_tone (double hz, double modulation, gsize n)
{
  float *samples = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    samples[i] = 0.1 * sin (2 * G_PI * hz * i / RATE)
        * (1 + sin (2 * G_PI * modulation * i / RATE));
  return samples;
}

static gsize
largest (const float *values, gsize n)
{
  gsize best = 0;

  for (gsize i = 1; i < n; i++)
    if (values[i] > values[best])
      best = i;
  return best;
}

/* What a modulation filter lets through, from its coefficients in
 * ALGORITHMS.md, section 2. */
static double
modulation_power (double centre, double hz)
{
  const double w0 = tan (G_PI * centre / 400), b0 = w0 / 2;
  const double complex z1 = cexp (-2 * G_PI * I * hz / 400), z2 = z1 * z1;
  const double gain = cabs ((b0 - b0 * z2)
      / (1 + b0 + w0 * w0 + (2 * w0 * w0 - 2) * z1 + (1 - b0 + w0 * w0) * z2));

  return gain * gain;
}

/* The cell with the most energy of a tone is the one whose bands it is in. */
GST_START_TEST (test_modspec)
{
  static const double tones[][2] = { {700, 4.2}, {1500, 6.5}, {2600, 18},
  {4100, 50}, {6500, 125}
  };
  const AsdModspecConfig config = ASD_MODSPEC_CONFIG_INIT;
  const double *tone = tones[__i__];
  g_autoptr (AsdModspec) modspec = asd_modspec_new (&config);
  g_autofree float *samples = make_tone (tone[0], tone[1], 4 * RATE);
  float energies[60 * 8];
  AsdAxis axes[60 * 8], *axis;

  asd_modspec_get_axes (modspec, axes);
  fail_unless (asd_modspec_process (modspec, samples, 4 * RATE, energies));
  axis = &axes[largest (energies, 60 * 8)];
  fail_unless (axis->low < tone[0] && tone[0] < axis->high,
      "%g Hz is not in %g-%g Hz", tone[0], axis->low, axis->high);
  fail_unless (axis->modulation_low < tone[1]
      && tone[1] < axis->modulation_high, "%g Hz is not in %g-%g Hz", tone[1],
      axis->modulation_low, axis->modulation_high);
  for (guint k = 0; k < 8; k++) {
    double f = asd_modspec_get_modulation_frequencies (modspec)[k];

    fail_unless (fabs (modulation_power (f, f) - 1) < 1e-9);
    fail_unless (fabs (modulation_power (f, axes[k].modulation_low) - 0.5) <
        1e-9);
    fail_unless (fabs (modulation_power (f, axes[k].modulation_high) - 0.5) <
        1e-9);
  }
}

GST_END_TEST;

GST_START_TEST (test_log_mel)
{
  static const double tones[] = { 300, 1000, 2345, 6789 };
  AsdLogMelConfig config;
  g_autoptr (AsdLogMel) log_mel = NULL;
  g_autofree float *samples = make_tone (tones[__i__ % 4], 0, RATE / 2);
  g_autofree float *frames = NULL;
  AsdAxis axes[128], *axis;

  asd_log_mel_config_init (&config, __i__ / 4, RATE);
  config.n_fft = 1024;
  config.bands = 40;
  config.norm = ASD_MEL_NORM_NONE;
  config.pad = ASD_PAD_NONE;
  log_mel = asd_log_mel_new (&config);
  asd_log_mel_get_axes (log_mel, axes);
  frames = g_new (float, asd_log_mel_get_n_frames (log_mel, RATE / 2) * 40);
  asd_log_mel_process (log_mel, samples, RATE / 2, frames);
  axis = &axes[largest (frames, 40)];
  fail_unless (axis->low <= tones[__i__ % 4] && tones[__i__ % 4] <= axis->high,
      "%g Hz is not in %g-%g Hz", tones[__i__ % 4], axis->low, axis->high);
  fail_unless (isnan (axis->modulation_low) && isnan (axis->modulation_high));
}

GST_END_TEST;

/* How much each score has to do with the joint one. */
GST_START_TEST (test_ensemble_weights)
{
  const double scores[] = { 3, -1, 0.5 };
  double weights[3];

  asd_ensemble_get_weights (ASD_ENSEMBLE_MEAN, scores, 3, weights);
  fail_unless (weights[0] == 3 && weights[1] == 0 && weights[2] == 0.5);
  asd_ensemble_get_weights (ASD_ENSEMBLE_MAX, scores, 3, weights);
  fail_unless (weights[0] == 1 && weights[1] == 0 && weights[2] == 0);
  asd_ensemble_get_weights (ASD_ENSEMBLE_MIN, scores, 3, weights);
  fail_unless (weights[0] == 0 && weights[1] == 1 && weights[2] == 0);
  asd_ensemble_get_weights (ASD_ENSEMBLE_PRODUCT, scores, 1, weights);
  fail_unless (weights[0] == 3);
}

GST_END_TEST;

static Suite *
explanation_suite (void)
{
  Suite *suite = suite_create ("explanation");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup_folder, teardown_folder);
  tcase_add_test (tc, test_sums);
  tcase_add_test (tc, test_negative);
  tcase_add_test (tc, test_nothing_to_say);
  tcase_add_test (tc, test_merge);
  tcase_add_test (tc, test_top);
  tcase_add_test (tc, test_slopes);
  tcase_add_test (tc, test_wide);
  tcase_add_test (tc, test_describe);
  tcase_add_test (tc, test_parts_sum_to_score);
  tcase_add_test (tc, test_parts_of_neighbours);
  tcase_add_test (tc, test_parts_of_mixture);
  tcase_add_test (tc, test_parts_of_net);
  tcase_add_loop_test (tc, test_changed_value, 0, DIM);
  tcase_add_loop_test (tc, test_modspec, 0, 5);
  tcase_add_loop_test (tc, test_log_mel, 0, 8);
  tcase_add_test (tc, test_ensemble_weights);
  return suite;
}

GST_CHECK_MAIN (explanation);
