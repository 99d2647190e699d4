/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What thresholds for rare false alarms achieve is checked by simulation,
 * against distributions whose tails are known.
 */

#include <asd/calibration.h>
#include <asd/error.h>
#include <asd/tail.h>
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

#define HOUR (G_GUINT64_CONSTANT (3600) * 1000000000)
#define SECONDS(s) (G_GUINT64_CONSTANT (1000000000) * (s))

static double
uniform (GRand * rand)
{
  return 1 - g_rand_double (rand);
}

static double
draw_exponential (GRand * rand)
{
  return -log (uniform (rand));
}

static double
exceed_exponential (double x)
{
  return exp (-x);
}

static double
draw_gamma (GRand * rand)
{
  return draw_exponential (rand) + draw_exponential (rand) +
      draw_exponential (rand);
}

static double
exceed_gamma (double x)
{
  return exp (-x) * (1 + x + x * x / 2);
}

static double
draw_normal (GRand * rand)
{
  double radius = sqrt (2 * draw_exponential (rand));

  return radius * cos (2 * G_PI * g_rand_double (rand));
}

static double
exceed_normal (double x)
{
  return 0.5 * erfc (x / sqrt (2));
}

static double
draw_lognormal (GRand * rand)
{
  return exp (0.5 * draw_normal (rand));
}

static double
exceed_lognormal (double x)
{
  return exceed_normal (log (x) / 0.5);
}

static double
draw_pareto (GRand * rand)
{
  return (pow (uniform (rand), -0.2) - 1) / 0.2;
}

static double
exceed_pareto (double x)
{
  return pow (1 + 0.2 * x, -5);
}

static double
draw_heavy (GRand * rand)
{
  return (pow (uniform (rand), -0.4) - 1) / 0.4;
}

static double
exceed_heavy (double x)
{
  return pow (1 + 0.4 * x, -2.5);
}

static double
draw_bounded (GRand * rand)
{
  return g_rand_double (rand);
}

static double
exceed_bounded (double x)
{
  return x < 1 ? 1 - x : 0;
}

/* The mean rate may be this many times the one asked for: that of a bounded,
 * light or moderately heavy tail stays near 1, and what is more is the noise of
 * the simulation. No fixed bound can hold for a tail that is heavier than what
 * 100 scores show. */
static const struct
{
  const char *name;
  double (*draw) (GRand * rand);
  double (*exceed) (double x);
  double at_support, extrapolated;
} distributions[] = {
  {"exponential", draw_exponential, exceed_exponential, 1.3, 1.5},
  {"gamma", draw_gamma, exceed_gamma, 1.3, 1.5},
  {"normal", draw_normal, exceed_normal, 1.3, 1.5},
  {"lognormal", draw_lognormal, exceed_lognormal, 1.3, 1.7},
  {"pareto 0.2", draw_pareto, exceed_pareto, 1.3, 2},
  {"pareto 0.4", draw_heavy, exceed_heavy, 1.4, 3},
  {"bounded", draw_bounded, exceed_bounded, 1.4, 1},
};

/* Mean rates over what is asked for, 3 / n and a tenth of it. */
static void
simulate (gsize d, gsize n, guint n_trials, double ratios[2])
{
  GRand *rand = g_rand_new_with_seed (7);
  g_autofree double *scores = g_new (double, n);

  ratios[0] = ratios[1] = 0;
  for (guint t = 0; t < n_trials; t++) {
    double probability = 3. / n;
    AsdTail *tail;

    for (gsize i = 0; i < n; i++)
      scores[i] = distributions[d].draw (rand);
    tail = asd_tail_new (scores, n, NULL, 0, 1);
    for (int i = 0; i < 2; i++, probability /= 10)
      ratios[i] += distributions[d].exceed (asd_tail_get_threshold (tail,
              probability)) / probability / n_trials;
    asd_tail_free (tail);
  }
  g_rand_free (rand);
}

GST_START_TEST (test_rate)
{
  static const gsize sizes[] = { 40, 100, 1000 };
  gsize d = __i__;

  for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s];
    double ratios[2];

    simulate (d, n, n < 1000 ? 100 : 40, ratios);
    GST_INFO ("%s, %" G_GSIZE_FORMAT " scores: %.2f and %.2f times the rate",
        distributions[d].name, n, ratios[0], ratios[1]);
    fail_unless (ratios[0] < distributions[d].at_support, "%s, %"
        G_GSIZE_FORMAT ": %g", distributions[d].name, n, ratios[0]);
    fail_unless (ratios[1] < distributions[d].extrapolated, "%s, %"
        G_GSIZE_FORMAT ": %g", distributions[d].name, n, ratios[1]);
    /* Careful, but not silent: a uniform distribution just ends. */
    if (strcmp (distributions[d].name, "bounded") != 0)
      fail_unless (ratios[0] > 0.6, "%s, %" G_GSIZE_FORMAT ": %g",
          distributions[d].name, n, ratios[0]);
  }
}

GST_END_TEST;

/* Exact where it can be: among the scores, and monotonic everywhere. */
GST_START_TEST (test_monotonic)
{
  GRand *rand = g_rand_new_with_seed (11);

  for (gsize n = 2; n < 400; n = n * 3 / 2 + 1) {
    g_autofree double *scores = g_new (double, n);
    gsize clips[2] = { n / 2, n - n / 2 };
    double last = -INFINITY;

    for (gsize i = 0; i < n; i++)
      scores[i] = floor (10 * draw_normal (rand));
    scores[0] = -100;
    for (int c = 0; c < 2; c++) {
      g_autoptr (AsdTail) tail = asd_tail_new (scores, n, c ? clips : NULL, 2,
          3);

      last = -INFINITY;
      fail_unless (asd_tail_get_n_events (tail) >= 1);
      for (double p = 0.99; p > 1e-9; p *= 0.9) {
        double threshold = asd_tail_get_threshold (tail, p);
        gsize above = 0;

        fail_unless (isfinite (threshold) && threshold >= last);
        last = threshold;
        for (gsize i = 0; i < n; i++)
          above += scores[i] > threshold;
        if (c == 0 && p * n >= asd_tail_get_n_events (tail))
          fail_unless (above <= p * n);
      }
      /* Below what was seen, the threshold is above what was seen. */
      for (gsize i = 0; i < n; i++)
        fail_unless (scores[i] < last);
    }
  }
  g_rand_free (rand);
}

GST_END_TEST;

/* Windows that overlap tenfold: a score is the highest of the last ten draws, so
 * each high draw gives ten high scores, and one alarm. */
GST_START_TEST (test_declustering)
{
  enum
  { N = 5000, OVERLAP = 10 };
  GRand *rand = g_rand_new_with_seed (13);
  const gsize one_clip = N;
  double scores[N + OVERLAP], plain, events = 0, wanted = 0;

  for (int t = 0; t < 20; t++) {
    g_autoptr (AsdTail) tail = NULL;
    g_autoptr (AsdTail) careless = NULL;

    for (int i = 0; i < N + OVERLAP; i++)
      scores[i] = draw_exponential (rand);
    for (int i = 0; i < N; i++)
      for (int j = 1; j < OVERLAP; j++)
        scores[i] = MAX (scores[i], scores[i + j]);
    tail = asd_tail_new (scores, N, &one_clip, 1, OVERLAP);
    careless = asd_tail_new (scores, N, NULL, 0, 1);
    fail_unless (asd_tail_get_n_events (tail) * 5 <
        asd_tail_get_n_events (careless));
    /* Draws above the threshold come one by one, at that rate. */
    events += exceed_exponential (asd_tail_get_threshold (tail, 1e-3));
    wanted += 1e-3;
    plain = asd_tail_get_threshold (careless, 1e-3);
    fail_unless (plain > asd_tail_get_threshold (tail, 1e-3));
  }
  fail_unless (events > 0.6 * wanted && events < 1.4 * wanted, "%g of %g",
      events, wanted);
  g_rand_free (rand);
}

GST_END_TEST;

/* Events a window of clips with @size windows, each a standard normal number of
 * the clip and @spread times one of its own: the first window above the threshold,
 * and each above it that follows one below. */
static double
recordings_rate (double threshold, double spread, gsize size)
{
  double events = 0, weights = 0;

  for (double clip = -8; clip <= 8; clip += 0.01) {
    double weight = exp (-clip * clip / 2);
    double above = exceed_normal ((threshold - clip) / spread);

    events += weight * (above + (size - 1) * above * (1 - above)) / size;
    weights += weight;
  }
  return events / weights;
}

/* Windows of a recording are more like each other than like those of another:
 * the budget is for new recordings. */
GST_START_TEST (test_recordings)
{
  enum
  { N_CLIPS = 100, SIZE = 6, N_TRIALS = 60 };
  static const double spreads[] = { 0.3, 1, 2 };
  const double spread = spreads[__i__];
  GRand *rand = g_rand_new_with_seed (23);
  double scores[N_CLIPS * SIZE], ratios[2] = { 0, 0 };
  gsize sizes[N_CLIPS];

  for (int t = 0; t < N_TRIALS; t++) {
    g_autoptr (AsdTail) tail = NULL;
    double probability = 3. / (N_CLIPS * SIZE);

    for (int c = 0; c < N_CLIPS; c++) {
      double clip = draw_normal (rand);

      sizes[c] = SIZE;
      for (int i = 0; i < SIZE; i++)
        scores[c * SIZE + i] = clip + spread * draw_normal (rand);
    }
    tail = asd_tail_new (scores, N_CLIPS * SIZE, sizes, N_CLIPS, 1);
    for (int i = 0; i < 2; i++, probability /= 10)
      ratios[i] += recordings_rate (asd_tail_get_threshold (tail, probability),
          spread, SIZE) / probability / N_TRIALS;
  }
  GST_INFO ("spread %g: %.2f and %.2f times the rate", spread, ratios[0],
      ratios[1]);
  /* An estimate of one calibration varies by a factor of 2 (quantile 0.9), the
   * mean of 60 by 10 %. */
  fail_unless (ratios[0] > 0.7 && ratios[0] < 1.6, "%g", ratios[0]);
  fail_unless (ratios[1] > 0.4 && ratios[1] < 1.6, "%g", ratios[1]);
  g_rand_free (rand);
}

GST_END_TEST;

/* Events do not reach from one clip into the next, nor over a run below u. */
GST_START_TEST (test_events)
{
  static const struct
  {
    gsize clips[3];
    gsize run, events;
  } cases[] = {
    {{20, 0, 0}, 1, 5}, {{20, 0, 0}, 2, 3}, {{20, 0, 0}, 3, 2},
    {{10, 10, 0}, 3, 2}, {{20, 0, 0}, 20, 1}, {{3, 3, 14}, 20, 3},
    {{2, 1, 17}, 1, 5},
  };
  /* Half of the 20 are zeros, which is u. */
  const double scores[20] = {
    1, 2, 0, 3, 4, 0, 0, 5, 6, 0, 0, 0, 7, 8, 0, 9, 10, 0, 0, 0,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (AsdTail) tail = asd_tail_new (scores, 20, cases[i].clips, 3,
        cases[i].run);

    fail_unless_equals_int (asd_tail_get_n_events (tail), cases[i].events);
  }
}

GST_END_TEST;

/* Ties: many at the top, and all but one equal. */
GST_START_TEST (test_ties)
{
  double scores[100] = { 0 };
  g_autoptr (AsdTail) one = NULL;
  g_autoptr (AsdTail) many = NULL;

  scores[50] = 1;
  one = asd_tail_new (scores, 100, NULL, 0, 1);
  fail_unless_equals_int (asd_tail_get_n_events (one), 1);
  fail_unless (asd_tail_get_threshold (one, 0.5) == 0);
  fail_unless (asd_tail_get_threshold (one, 0.02) == 0);
  fail_unless (asd_tail_get_threshold (one, 0.001) > 1);
  fail_unless (asd_tail_get_threshold (one, 0.001) < 100);

  for (int i = 0; i < 60; i++)
    scores[i] = 1;
  many = asd_tail_new (scores, 100, NULL, 0, 1);
  fail_unless_equals_int (asd_tail_get_n_events (many), 60);
  fail_unless (asd_tail_get_threshold (many, 0.001) > 1);
}

GST_END_TEST;

GST_START_TEST (test_equivariance)
{
  GRand *rand = g_rand_new_with_seed (17);
  double x[200], y[200];

  for (int i = 0; i < 200; i++)
    x[i] = draw_gamma (rand);
  for (double scale = 1e-9; scale < 1e10; scale *= 1e6) {
    for (double shift = -1e3; shift <= 1e3; shift += 1e3) {
      g_autoptr (AsdTail) plain = asd_tail_new (x, 200, NULL, 0, 1);
      g_autoptr (AsdTail) moved = NULL;
      double expected = asd_tail_get_threshold (plain, 0.002);
      double got;

      for (int i = 0; i < 200; i++)
        y[i] = (x[i] + shift) * scale;
      moved = asd_tail_new (y, 200, NULL, 0, 1);
      got = asd_tail_get_threshold (moved, 0.002) / scale - shift;
      /* Rounding of scores near 1000 that differ by 1. */
      fail_unless (fabs (got - expected) < 1e-9, "%g, expected %g", got,
          expected);
    }
  }
  g_rand_free (rand);
}

GST_END_TEST;

static void
check_refused (double per_day, gsize n, guint64 interval, gboolean extrapolate,
    const char *part)
{
  GError *error = NULL;

  fail_if (asd_false_alarms_check (per_day, n, interval, extrapolate, &error));
  fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA));
  fail_unless (strstr (error->message, part) != NULL, "\"%s\" lacks \"%s\"",
      error->message, part);
  fail_unless (strchr (error->message, '\n') == NULL);
  g_error_free (error);
}

GST_START_TEST (test_budget)
{
  const guint64 ten = SECONDS (10);

  /* 3 in 100 windows of 10 s, of which a day has 8640. */
  fail_unless (fabs (asd_false_alarms_supported (100, ten) - 259.2) < 1e-9);
  fail_unless (fabs (asd_false_alarms_to_probability (1, ten) - 1. / 8640)
      < 1e-15);
  fail_unless (asd_false_alarms_check (26, 100, ten, FALSE, NULL));
  check_refused (25, 100, ten, FALSE, "support 259 per day (3 in 100)");
  check_refused (25, 100, ten, FALSE, "--extrapolate");
  /* 2592 windows are 7.2 hours. */
  check_refused (1, 100, ten, FALSE, "give 7.2 h");
  fail_unless (asd_false_alarms_check (1, 2592, ten, FALSE, NULL));
  fail_unless (asd_false_alarms_check (1, 100, ten, TRUE, NULL));
  /* More alarms than windows cannot be extrapolated away. */
  check_refused (8640, 100, ten, TRUE, "8640 windows of a day");
  check_refused (1, 1, 30 * HOUR, TRUE, "allow fewer");
}

GST_END_TEST;

GST_START_TEST (test_rule)
{
  GRand *rand = g_rand_new_with_seed (19);
  const double same[4] = { 3, 3, 3, 3 };
  const gsize clips[2] = { 500, 500 };
  double scores[1000], threshold, other, loose;
  AsdThresholdRule rule;
  GError *error = NULL;

  for (int i = 0; i < 1000; i++)
    scores[i] = draw_exponential (rand);
  fail_unless (asd_threshold_parse ("false-alarms:24", &rule, NULL));
  fail_unless (rule.method == ASD_THRESHOLD_FALSE_ALARMS);
  fail_unless (rule.parameter == 24);
  fail_if (asd_threshold_parse ("false-alarms:0", &rule, NULL));
  fail_if (asd_threshold_compute (&rule, scores, 1000, &threshold, &error));
  fail_unless (strstr (error->message, "interval") != NULL);
  g_clear_error (&error);

  /* 24 of 8640 windows: 5.9 for an exponential distribution. */
  rule.window = rule.interval = SECONDS (10);
  fail_unless (asd_threshold_compute (&rule, scores, 1000, &threshold, NULL));
  fail_unless (threshold > 4.9 && threshold < 7.5, "%g", threshold);
  fail_unless (asd_threshold_compute_clips (&rule, scores, clips, 2, &other,
          NULL));
  fail_unless (fabs (other - threshold) < 0.5);

  rule.parameter = 0.1;
  fail_if (asd_threshold_compute (&rule, scores, 1000, &loose, &error));
  fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA));
  g_clear_error (&error);
  rule.extrapolate = TRUE;
  fail_unless (asd_threshold_compute (&rule, scores, 1000, &loose, NULL));
  fail_unless (loose > threshold);
  fail_unless (asd_threshold_compute (&rule, same, 4, &threshold, NULL));
  fail_unless (threshold == nextafter (3, 4));
  fail_unless (asd_threshold_compute (&rule, scores, 2, &threshold, NULL));
  fail_unless (threshold > MAX (scores[0], scores[1]));
  g_rand_free (rand);
}

GST_END_TEST;

static Suite *
tail_suite (void)
{
  Suite *suite = suite_create ("tail");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_rate, 0, G_N_ELEMENTS (distributions));
  tcase_add_test (tc, test_monotonic);
  tcase_add_test (tc, test_declustering);
  tcase_add_loop_test (tc, test_recordings, 0, 3);
  tcase_add_test (tc, test_events);
  tcase_add_test (tc, test_ties);
  tcase_add_test (tc, test_equivariance);
  tcase_add_test (tc, test_budget);
  tcase_add_test (tc, test_rule);
  return suite;
}

GST_CHECK_MAIN (tail);
