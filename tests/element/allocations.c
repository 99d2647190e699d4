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

static const struct
{
  const char *recipe;
  const char *options[4];
} recipes[] = {
  {"modspec-graph", {NULL}},
  {"ensemble", {"ivector.components=2", "ivector.dimensions=2",
          "gmm.components=1"}},
  {"best", {NULL}},
};

/* What ensembles want to know of their parts; any numbers will do. */
static void
calibrate (const char *const *stages, const char *path)
{
  AsdModelWriter *writer = asd_model_writer_new ();

  for (guint i = 0; stages[i] != NULL; i++) {
    asd_model_writer_update_stage (writer, stages[i]);
    asd_model_writer_set_double (writer, "calibration-min", 0);
    asd_model_writer_set_double (writer, "calibration-max", 1);
    asd_model_writer_set_double (writer, "calibration-mean", 0);
    asd_model_writer_set_double (writer, "calibration-std", 1);
    asd_model_writer_set_double (writer, "threshold", 1e9);
  }
  fail_unless (asd_model_writer_commit (writer, path, NULL, NULL));
  asd_model_writer_free (writer);
}

/* Learned from noise. */
static const char *
write_model (guint k, const char *window)
{
  GstAsdRecipe *recipe = gst_asd_recipe_new (recipes[k].recipe, NULL);
  g_autofree float *x = test_noise (16 * RATE, 2);
  g_autofree char *data = NULL;
  const char *const *stages;
  const char *path;

  fail_unless (recipe != NULL);
  for (guint i = 0; recipes[k].options[i] != NULL; i++)
    fail_unless (gst_asd_recipe_set_option (recipe, recipes[k].options[i],
            NULL));
  data = gst_asd_recipe_to_data (recipe);
  path = test_write_recipe ("m.asd", data, window, NAN);
  stages = gst_asd_recipe_get_stages (recipe);
  for (guint i = 0; stages[i] != NULL; i++)
    test_train (gst_asd_recipe_make_trainer (recipe, stages[i], path,
            GST_SECOND, 0, NULL), x, 16 * RATE, "audio/x-raw, format=F32LE, "
        "rate=16000, channels=1, layout=interleaved");
  calibrate (stages, path);
  gst_asd_recipe_free (recipe);
  return path;
}

static void
wait_for_score (GstBus * bus)
{
  GstMessage *message;
  gboolean found = FALSE;

  while (!found) {
    message = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND,
        GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);
    fail_unless (message != NULL, "no score");
    fail_unless (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT);
    found = gst_message_has_name (message, "asd-score");
    gst_message_unref (message);
  }
}

/* Pushes n buffers of the noise, waits for scores, and gives the other threads
 * time for the rest. The buffers are made before. */
static gint
count_push (TestHarness * t, const float *x, guint n, gsize samples,
    guint n_scores)
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
  while (n_scores-- > 0)
    wait_for_score (t->bus);
  g_usleep (200 * 1000);
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
  count_push (t, x, 20, 160, 0);
  return t;
}

/* Of 1 ms each, none of which ends a window: what passes them on in the harness
 * allocates, and asddetect nothing more. */
GST_START_TEST (test_buffers)
{
  g_autofree float *x = test_noise (RATE, 1);
  g_autofree char *line = g_strdup_printf ("asddetect model=\"%s\"",
      write_model (__i__ / 2, "4000000000"));
  TestHarness *t = start ("identity", x, __i__ % 2);
  gint with, without = count_push (t, x, 400, 16, 0);

  test_harness_free (t);
  t = start (line, x, __i__ % 2);
  with = count_push (t, x, 400, 16, 0);
  test_harness_free (t);
  fail_unless (without > 0);
  /* The queues may grow once or twice. */
  fail_unless (with - without < 10, "%d instead of %d for 400 buffers", with,
      without);
}

GST_END_TEST;

static gint
count_windows (TestHarness * t, const float *x, guint n)
{
  gint sum = 0;

  for (guint i = 0; i < n; i++)
    sum += count_push (t, x, 1, RATE, 1);
  return sum;
}

/* As many for each window, for its scores and the message. Where a score is
 * quick, it rides on the audio of its own window, else on that of the next. */
GST_START_TEST (test_windows)
{
  /* GStreamer's tracers allocate, too. */
  static const gint most[] = { 100, 200, 300 };
  const gint ride = 10, n_windows = 5;
  const guint k = __i__ / 2;
  g_autofree float *x = test_noise (RATE, 1);
  g_autofree char *line = g_strdup_printf ("asddetect model=\"%s\"",
      write_model (k, "1000000000"));
  TestHarness *t = start (line, x, __i__ % 2);
  gint first, second;

  count_windows (t, x, 2);
  first = count_windows (t, x, n_windows);
  second = count_windows (t, x, n_windows);
  fail_unless (ABS (second - first) <= 2 * ride, "%d, then %d", first, second);
  fail_unless (first > 0 && first < most[k] * n_windows, "%d", first);
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
  tcase_add_loop_test (tc, test_buffers, 0, 2 * G_N_ELEMENTS (recipes));
  tcase_add_loop_test (tc, test_windows, 0, 2 * G_N_ELEMENTS (recipes));
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
