/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_TEST_HARNESS_H__
#define __ASD_TEST_HARNESS_H__

/* What tests of elements share. */

#include <gst/asd/asd.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <math.h>

/* A folder of its own for every test: fixtures for tcase_add_checked_fixture()
 * and the path of a file in it, valid until the test ends. */
void test_folder_setup (void);
void test_folder_teardown (void);
const char *test_path (const char *name);

/* A harness around a launch line, which must have the pads sink and src. Not
 * live. Free with test_harness_free(). */
typedef struct
{
  GstHarness *h;
  GstBus *bus;
  GstElement *bin;
  gint rate;
  guint64 position;             /* samples pushed since the stream began */
  guint n_streams;
} TestHarness;

TestHarness *test_harness_new (const char *format, ...) G_GNUC_PRINTF (1, 2);
void test_harness_free (TestHarness * t);

/* The element called name in it; unref it. */
GstElement *test_element (TestHarness * t, const char *name);

/* Begins a stream: STREAM_START, CAPS and a TIME segment from 0. The ids of
 * audio streams are "clip 1", "clip 2", ... */
void test_start_audio (TestHarness * t, gint rate);
void test_start_features (TestHarness * t, const char *stream_id,
    const char *caps);

#define TEST_FEATURES(rows, columns, kind, rate) \
  "application/x-asd-features, format=F32LE, kind=" kind ", rows=" #rows \
  ", columns=" #columns ", rate=" #rate ", frame-length=0, frame-step=0"

/* A buffer of floats. */
GstBuffer *test_buffer (const float *values, gsize n, GstClockTime pts);

/* Pushes n samples in buffers of chunk samples with timestamps that go on. */
void test_push_audio (TestHarness * t, const float *samples, gsize n,
    gsize chunk);
void test_push_event (TestHarness * t, GstEvent * event);
void test_push_eos (TestHarness * t);

/* All buffers that came out so far; elements are GstBuffer. */
GPtrArray *test_pull_all (TestHarness * t);

/* Fails where the buffer is not these bytes at this time. */
void test_check_buffer (GstBuffer * buffer, const void *data, gsize size,
    GstClockTime pts, GstClockTime duration);

/* Message of this type on the bus, oldest first; NULL if there is none. The
 * check functions fail where there is none, or its text does not match the
 * regular expression. */
GstMessage *test_pop (GstBus * bus, GstMessageType type);
void test_check_error (GstBus * bus, const char *pattern);
void test_check_warning (GstBus * bus, const char *pattern);
void test_check_quiet (GstBus * bus, GstMessageType types);
void test_check_text (const char *text, const char *pattern);

/* White noise with an RMS of 0.06, the same for the same seed; g_free() it. */
float *test_noise (gsize n, guint seed);

/* Runs a trainer (floating, with the pad "sink") on n floats and frees it. */
void test_train (GstElement * trainer, const float *samples, gsize n,
    const char *caps);

/* Writes a stage that asddenoise reads, learned from noise. */
void test_write_denoise (const char *path, gint rate);

/* Writes a stage that asdgraph reads: one cluster with mean 0 and deviation 1,
 * so that the score of a frame is the sum of its absolute values. threshold is
 * left out where it is NaN. */
void test_write_graph (const char *path, const char *stage,
    const char *caps, gsize n_values, double threshold);

#define TEST_MODSPEC TEST_FEATURES (60, 8, "modspec", 16000)

/* Writes a model as gst-asd train does: two such stages, graph and second, for
 * asdmodspec, the model-wide strings, and a recipe, by default "asdmodspec !
 * asdgraph". Returns its path, as test_path() does. */
const char *test_write_recipe (const char *name, const char *recipe,
    const char *window, double threshold);

#endif /* __ASD_TEST_HARNESS_H__ */
