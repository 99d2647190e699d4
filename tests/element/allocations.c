/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Counts what asddetect allocates. meson sets G_SLICE=always-malloc, so that
 * this is everything. */

#include "harness.h"

#define RATE 16000

#if defined (__GLIBC__) && !defined (__SANITIZE_ADDRESS__)
#define CAN_COUNT 1

void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *block, size_t size);

static gint counting, count;

static void
count_one (void)
{
  if (g_atomic_int_get (&counting))
    g_atomic_int_inc (&count);
}

void *
malloc (size_t size)
{
  count_one ();
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  count_one ();
  return __libc_calloc (n, size);
}

void *
realloc (void *block, size_t size)
{
  count_one ();
  return __libc_realloc (block, size);
}

#else
#define CAN_COUNT 0
static gint counting, count;
#endif

/* Pushes n buffers of the noise, and gives the other threads time for them. The
 * buffers are made before. */
static gint
count_push (TestHarness * t, const float *x, guint n, gsize samples)
{
  GstBuffer **buffers = g_new (GstBuffer *, n);

  for (guint i = 0; i < n; i++) {
    buffers[i] = test_buffer (x, samples,
        gst_util_uint64_scale_round (t->position, GST_SECOND, RATE));
    GST_BUFFER_DURATION (buffers[i]) =
        gst_util_uint64_scale_round (samples, GST_SECOND, RATE);
    t->position += samples;
  }
  g_atomic_int_set (&count, 0);
  g_atomic_int_set (&counting, 1);
  for (guint i = 0; i < n; i++)
    gst_harness_push (t->h, buffers[i]);
  g_usleep (300 * 1000);
  g_atomic_int_set (&counting, 0);
  g_free (buffers);
  g_ptr_array_unref (test_pull_all (t));
  return g_atomic_int_get (&count);
}

static TestHarness *
start (const char *line, const float *x, gboolean live)
{
  TestHarness *t = test_harness_new ("%s", line);

  gst_harness_set_live (t->h, live);
  test_start_audio (t, RATE);
  count_push (t, x, 20, 160);
  return t;
}

/* Of 1 ms each, none of which ends a window: what passes them on in the harness
 * allocates, and asddetect nothing more. */
GST_START_TEST (test_buffers)
{
  g_autofree float *x = test_noise (RATE, 1);
  g_autofree char *line = g_strdup_printf ("asddetect model=\"%s\"",
      test_write_recipe ("m.asd", NULL, "4000000000", 1e9));
  TestHarness *t = start ("identity", x, __i__);
  gint with, without = count_push (t, x, 400, 16);

  test_harness_free (t);
  t = start (line, x, __i__);
  with = count_push (t, x, 400, 16);
  test_harness_free (t);
  fail_unless (without > 0);
  /* The queue may grow once or twice. */
  fail_unless (with - without < 10, "%d instead of %d for 400 buffers", with,
      without);
}

GST_END_TEST;

/* As many for each window. */
GST_START_TEST (test_windows)
{
  g_autofree float *x = test_noise (RATE, 1);
  g_autofree char *line = g_strdup_printf ("asddetect model=\"%s\"",
      test_write_recipe ("m.asd", NULL, "1000000000", 1e9));
  TestHarness *t = start (line, x, __i__);
  gint first, n;

  count_push (t, x, 2, RATE);
  first = count_push (t, x, 1, RATE);
  for (guint i = 0; i < 5; i++) {
    gst_bus_set_flushing (t->bus, TRUE);
    gst_bus_set_flushing (t->bus, FALSE);
    n = count_push (t, x, 1, RATE);
    fail_unless (ABS (n - first) <= 5, "%d, then %d", first, n);
  }
  fail_unless (first > 0 && first < 200, "%d", first);
  test_harness_free (t);
}

GST_END_TEST;

static Suite *
allocations_suite (void)
{
  Suite *suite = suite_create ("allocations");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, test_folder_setup, test_folder_teardown);
  tcase_add_loop_test (tc, test_buffers, 0, 2);
  tcase_add_loop_test (tc, test_windows, 0, 2);
  return suite;
}

int
main (int argc, char **argv)
{
  if (!CAN_COUNT) {
    g_print
        ("SKIP: allocations cannot be counted here (sanitizer, or another C "
        "library than glibc)\n");
    return 77;
  }
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (allocations_suite (), "allocations", __FILE__);
}
