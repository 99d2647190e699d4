/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_TEST_H__
#define __ASD_TEST_H__

/* Helpers for tests against the golden data, which lies in the folder that
 * the environment variable ASD_SHARED names. A program adds such tests with
 * asd_test_add_golden() and ends with ASD_TEST_MAIN(); without the folder its
 * other tests run, and it exits with 77 (skipped), saying so. */

#include <asd/npy.h>
#include <gst/check/gstcheck.h>
#include <math.h>

static inline char *
asd_test_path (const char *relative)
{
  const char *shared = g_getenv ("ASD_SHARED");

  return g_build_filename (shared != NULL ? shared : "../shared", relative,
      NULL);
}

static inline gboolean
asd_test_have_golden (void)
{
  g_autofree char *path = asd_test_path ("golden");

  return g_file_test (path, G_FILE_TEST_IS_DIR);
}

#define asd_test_add_golden(tcase, test) G_STMT_START {                       \
  if (asd_test_have_golden ())                                                \
    tcase_add_test (tcase, test);                                             \
} G_STMT_END

#define ASD_TEST_MAIN(name)                                                   \
int                                                                           \
main (int argc, char **argv)                                                  \
{                                                                             \
  int failed;                                                                 \
                                                                              \
  gst_check_init (&argc, &argv);                                              \
  failed = gst_check_run_suite (name ## _suite (), #name, __FILE__);          \
  if (failed == 0 && !asd_test_have_golden ()) {                              \
    g_printerr ("SKIPPED: " #name "'s golden tests: set ASD_SHARED to the "   \
        "folder that holds golden/\n");                                       \
    return 77;                                                                \
  }                                                                           \
  return failed;                                                              \
}

/* Free with asd_npy_free(). */
static inline AsdNpy *
asd_test_load (const char *relative)
{
  g_autofree char *path = asd_test_path (relative);
  GError *error = NULL;
  AsdNpy *npy = asd_npy_load (path, &error);

  fail_unless (npy != NULL, "%s", error != NULL ? error->message : path);
  return npy;
}

/* Free with g_free(); n may be NULL. */
static inline double *
asd_test_load_doubles (const char *relative, gsize *n)
{
  g_autoptr (AsdNpy) npy = asd_test_load (relative);

  if (n != NULL)
    *n = npy->n_elements;
  return asd_npy_get_doubles (npy);
}

/* Largest |a - b|; infinite where either is NaN. */
static inline double
asd_test_max_difference (const double *a, const double *b, gsize n)
{
  double largest = 0;

  for (gsize i = 0; i < n; i++) {
    double difference = fabs (a[i] - b[i]);

    largest = isnan (difference) ? INFINITY : MAX (largest, difference);
  }
  return largest;
}

/* Largest |x|. */
static inline double
asd_test_peak (const double *x, gsize n)
{
  double largest = 0;

  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, fabs (x[i]));
  return largest;
}

/* Fails where a value differs from the golden one by more than 1e-4 of the
 * array's peak or, above 1e-6 of the peak, by more than 1e-3 of itself: the
 * tolerance of golden/README.md for float32 against float64 chains. */
static inline void
asd_test_check_spectrum (const char *name, const float *x,
    const double *golden, gsize n)
{
  const double peak = asd_test_peak (golden, n);
  double absolute = 0, relative = 0;

  for (gsize i = 0; i < n; i++) {
    double difference = fabs (x[i] - golden[i]);

    fail_unless (isfinite (x[i]), "%s: not finite at %" G_GSIZE_FORMAT, name,
        i);
    absolute = MAX (absolute, difference / peak);
    if (fabs (golden[i]) > 1e-6 * peak)
      relative = MAX (relative, difference / fabs (golden[i]));
  }
  GST_INFO ("%s: %.2g of the peak, %.2g of the value", name, absolute,
      relative);
  fail_unless (absolute <= 1e-4 && relative <= 1e-3,
      "%s: %g of the peak, %g of the value", name, absolute, relative);
}

#endif /* __ASD_TEST_H__ */
