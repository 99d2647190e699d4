/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../asdtest.h"

#include <asd/asd.h>

GST_START_TEST (test_combine)
{
  const double scores[] = { 0.5, 2, 0.25 };
  const double negative[] = { -1, -2 };
  const double one = -3;

  fail_unless (asd_ensemble_combine (ASD_ENSEMBLE_PRODUCT, scores, 3) == 0.25);
  fail_unless (fabs (asd_ensemble_combine (ASD_ENSEMBLE_GEOMETRIC_MEAN, scores,
              3) - cbrt (0.25)) < 1e-15);
  fail_unless (fabs (asd_ensemble_combine (ASD_ENSEMBLE_MEAN, scores, 3)
          - 2.75 / 3) < 1e-15);
  fail_unless (asd_ensemble_combine (ASD_ENSEMBLE_MAX, scores, 3) == 2);
  fail_unless (asd_ensemble_combine (ASD_ENSEMBLE_MIN, scores, 3) == 0.25);

  /* Two normal scores below zero must not multiply to a high one. */
  fail_unless (isnan (asd_ensemble_combine (ASD_ENSEMBLE_PRODUCT, negative,
              2)));
  fail_unless (isnan (asd_ensemble_combine (ASD_ENSEMBLE_GEOMETRIC_MEAN,
              negative, 2)));
  fail_unless (asd_ensemble_combine (ASD_ENSEMBLE_MEAN, negative, 2) == -1.5);
  for (guint method = 0; method <= ASD_ENSEMBLE_MIN; method++)
    fail_unless (asd_ensemble_combine (method, &one, 1) == one);
}

GST_END_TEST;

GST_START_TEST (test_min_max)
{
  double scores[] = { 3, -1, 1 };
  double equal[] = { 7, 7 };

  asd_ensemble_min_max (scores, 3);
  fail_unless (scores[0] == 1 && scores[1] == 0 && scores[2] == 0.5);
  asd_ensemble_min_max (equal, 2);
  fail_unless (equal[0] == 0 && equal[1] == 0);
  asd_ensemble_min_max (NULL, 0);
}

GST_END_TEST;

GST_START_TEST (test_normalize)
{
  AsdCalibration c = {.min = 10,.max = 30,.mean = 15,.std = 5 };
  AsdCalibration equal = {.min = 7,.max = 7,.mean = 7,.std = 0 };

  /* Nothing below 0, but above 1. */
  fail_unless (asd_ensemble_normalize (ASD_ENSEMBLE_MIN_MAX, &c, 20) == 0.5);
  fail_unless (asd_ensemble_normalize (ASD_ENSEMBLE_MIN_MAX, &c, 5) == 0);
  fail_unless (asd_ensemble_normalize (ASD_ENSEMBLE_MIN_MAX, &c, 50) == 2);
  fail_unless (asd_ensemble_normalize (ASD_ENSEMBLE_Z, &c, 5) == -2);
  fail_unless (asd_ensemble_normalize (ASD_ENSEMBLE_NONE, &c, 5) == 5);
  fail_unless (asd_ensemble_normalize (ASD_ENSEMBLE_MIN_MAX, &equal, 9) == 0);
  fail_unless (asd_ensemble_normalize (ASD_ENSEMBLE_Z, &equal, 9) == 0);
}

GST_END_TEST;

static Suite *
ensemble_suite (void)
{
  Suite *suite = suite_create ("ensemble");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_combine);
  tcase_add_test (tc, test_min_max);
  tcase_add_test (tc, test_normalize);
  return suite;
}

GST_CHECK_MAIN (ensemble);
