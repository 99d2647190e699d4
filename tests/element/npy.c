/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* asdnpyenc and asdnpydec, with each other, with lib/ and with numpy. */

#include <asd/npy.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/asd/asd.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <math.h>
#include <string.h>

#define MODSPEC "application/x-asd-features, format=F32LE, kind=modspec, " \
    "rows=3, columns=2, rate=16000, frame-length=0, frame-step=0"
#define FRAME_VALUES 6

static gchar *path;

static void
setup (void)
{
  gint fd = g_file_open_tmp ("asdnpy-XXXXXX", &path, NULL);

  fail_unless (fd >= 0);
  g_close (fd, NULL);
}

static void
teardown (void)
{
  fail_unless (g_remove (path) == 0);
  g_clear_pointer (&path, g_free);
}

static GstBuffer *
window (gsize n_frames, gfloat first)
{
  gsize n = n_frames * FRAME_VALUES;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, n * sizeof (gfloat), NULL);

  for (gsize i = 0; i < n; i++) {
    gfloat value = first + i;

    gst_buffer_fill (buffer, i * sizeof (gfloat), &value, sizeof (gfloat));
  }
  return buffer;
}

/* The text of the first error on the bus of @element. */
static gchar *
take_error (GstBus * bus)
{
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL, "no error");
  gst_message_parse_error (message, &error, NULL);
  return g_strdup (error->message);
}

static void
assert_error (GstBus * bus, const gchar * words)
{
  g_autofree gchar *text = take_error (bus);

  fail_unless (strstr (text, words) != NULL, "'%s' not in '%s'", words, text);
}

static GstBus *
harness_bus (GstHarness * h)
{
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (h->element, bus);
  return bus;
}

/* ---- asdnpyenc ------------------------------------------------------- */

/* asdnpyenc into a real filesink, fed by a pad of the test. */
typedef struct
{
  GstElement *pipeline;
  GstPad *pad;
  GstBus *bus;
} Writer;

static void
writer_init (Writer * w, const gchar * sink)
{
  g_autofree gchar *line = g_strdup_printf ("asdnpyenc name=enc ! %s", sink);
  g_autoptr (GstElement) enc = NULL;
  g_autoptr (GstPad) sinkpad = NULL;

  w->pipeline = gst_parse_launch (line, NULL);
  w->bus = gst_element_get_bus (w->pipeline);
  enc = gst_bin_get_by_name (GST_BIN (w->pipeline), "enc");
  sinkpad = gst_element_get_static_pad (enc, "sink");
  w->pad = gst_pad_new ("src", GST_PAD_SRC);
  fail_unless (gst_pad_link_full (w->pad, sinkpad, GST_PAD_LINK_CHECK_NOTHING)
      == GST_PAD_LINK_OK);
  gst_pad_set_active (w->pad, TRUE);
  gst_element_set_state (w->pipeline, GST_STATE_PLAYING);
}

/* What starts each clip. */
static void
writer_begin_clip (Writer * w, const gchar * id, const gchar * caps_text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (w->pad, gst_event_new_stream_start (id));
  gst_pad_push_event (w->pad, gst_event_new_caps (caps));
  gst_pad_push_event (w->pad, gst_event_new_segment (&segment));
}

static void
writer_end (Writer * w)
{
  fail_unless (gst_pad_push_event (w->pad, gst_event_new_eos ()));
  gst_message_unref (gst_bus_timed_pop_filtered (w->bus, 100 * GST_SECOND,
          GST_MESSAGE_EOS));
}

static void
writer_clear (Writer * w)
{
  gst_element_set_state (w->pipeline, GST_STATE_NULL);
  gst_pad_set_active (w->pad, FALSE);
  gst_object_unref (w->pad);
  gst_object_unref (w->bus);
  gst_object_unref (w->pipeline);
}

static gchar *
to_file (void)
{
  return g_strdup_printf ("filesink location=%s", path);
}

GST_START_TEST (test_enc_one_frame)
{
  g_autofree gchar *sink = to_file ();
  g_autoptr (AsdNpy) npy = NULL;
  Writer w;

  writer_init (&w, sink);
  /* Three clips, one file. */
  for (guint i = 0; i < 3; i++) {
    g_autofree gchar *id = g_strdup_printf ("clip/%u", i);

    writer_begin_clip (&w, id, MODSPEC);
    fail_unless (gst_pad_push (w.pad, window (1, i * 100)) == GST_FLOW_OK);
  }
  writer_end (&w);
  writer_clear (&w);

  npy = asd_npy_load (path, NULL);
  fail_unless (npy != NULL && npy->type == ASD_NPY_F32);
  fail_unless (npy->n_dims == 3 && npy->shape[0] == 3 && npy->shape[1] == 3
      && npy->shape[2] == 2);
  for (gsize i = 0; i < 3 * FRAME_VALUES; i++)
    fail_unless (((gfloat *) npy->data)[i]
        == (gfloat) (i / FRAME_VALUES * 100 + i % FRAME_VALUES));
}

GST_END_TEST;

GST_START_TEST (test_enc_read_by_numpy)
{
  g_autofree gchar *sink = to_file ();
  g_autofree gchar *program = NULL;
  g_autofree gchar *output = NULL;
  Writer w;

  writer_init (&w, sink);
  writer_begin_clip (&w, "clip", MODSPEC);
  for (guint i = 0; i < 2; i++)
    fail_unless (gst_pad_push (w.pad, window (4, i * 1000)) == GST_FLOW_OK);
  writer_end (&w);
  writer_clear (&w);

  program = g_strdup_printf ("import numpy; a = numpy.load('%s'); "
      "print(a.dtype, a.shape, a.flags.c_contiguous, a[1, 3, 2, 1], a.sum())",
      path);
  {
    const gchar *argv[] = { "/usr/bin/python3", "-c", program, NULL };
    gint status;

    fail_unless (g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_DEFAULT,
            NULL, NULL, &output, NULL, &status, NULL));
    fail_unless (g_spawn_check_wait_status (status, NULL));
  }
  /* sum: 2 * (0 + ... + 23) + 24 * 1000 */
  fail_unless_equals_string (output,
      "float32 (2, 4, 3, 2) True 1023.0 24552.0\n");
}

GST_END_TEST;

GST_START_TEST (test_enc_nan_stays)
{
  g_autofree gchar *sink = to_file ();
  g_autoptr (AsdNpy) npy = NULL;
  GstBuffer *buffer = window (1, 0);
  gfloat nan = NAN;
  Writer w;

  gst_buffer_fill (buffer, 4, &nan, 4);
  writer_init (&w, sink);
  writer_begin_clip (&w, "clip", MODSPEC);
  fail_unless (gst_pad_push (w.pad, buffer) == GST_FLOW_OK);
  writer_end (&w);
  writer_clear (&w);
  npy = asd_npy_load (path, NULL);
  fail_unless (isnan (((gfloat *) npy->data)[1]));
  fail_unless (((gfloat *) npy->data)[2] == 2.0f);
}

GST_END_TEST;

GST_START_TEST (test_enc_no_window)
{
  g_autofree gchar *sink = to_file ();
  g_autofree gchar *bytes = NULL;
  gsize size;
  GstMessage *warning;
  Writer w;

  writer_init (&w, sink);
  writer_begin_clip (&w, "clip", MODSPEC);
  fail_unless (gst_pad_push_event (w.pad, gst_event_new_eos ()));
  warning = gst_bus_timed_pop_filtered (w.bus, GST_SECOND, GST_MESSAGE_WARNING);
  fail_unless (warning != NULL);
  gst_message_unref (warning);
  writer_clear (&w);

  fail_unless (g_file_get_contents (path, &bytes, &size, NULL));
  fail_unless_equals_int (size, ASD_NPY_HEADER_SIZE);
  fail_unless (strstr (bytes + 10, "'shape': (0, 3, 2)") != NULL);
}

GST_END_TEST;

GST_START_TEST (test_enc_refuses)
{
  g_autofree gchar *sink = to_file ();
  Writer w;

  /* Another number of frames. */
  writer_init (&w, sink);
  writer_begin_clip (&w, "clip", MODSPEC);
  fail_unless (gst_pad_push (w.pad, window (4, 0)) == GST_FLOW_OK);
  fail_unless (gst_pad_push (w.pad, window (5, 0)) == GST_FLOW_ERROR);
  assert_error (w.bus, "asdpool");
  writer_clear (&w);

  /* No whole frames; no frame. */
  writer_init (&w, sink);
  writer_begin_clip (&w, "clip", MODSPEC);
  fail_unless (gst_pad_push (w.pad, gst_buffer_new_allocate (NULL, 25, NULL))
      == GST_FLOW_ERROR);
  assert_error (w.bus, "no whole frames of modspec 3x2");
  writer_clear (&w);
  writer_init (&w, sink);
  writer_begin_clip (&w, "clip", MODSPEC);
  fail_unless (gst_pad_push (w.pad, gst_buffer_new ()) == GST_FLOW_ERROR);
  assert_error (w.bus, "has 0 bytes");
  writer_clear (&w);

  /* Another shape in the second clip. */
  writer_init (&w, sink);
  writer_begin_clip (&w, "clip", MODSPEC);
  fail_unless (gst_pad_push (w.pad, window (1, 0)) == GST_FLOW_OK);
  writer_begin_clip (&w, "clip2", "application/x-asd-features, format=F32LE, "
      "kind=mfcc, rows=1, columns=42");
  assert_error (w.bus, "from modspec 3x2 at 16000 Hz to mfcc 1x42");
  writer_clear (&w);

  /* The end before any caps. */
  writer_init (&w, sink);
  gst_pad_push_event (w.pad, gst_event_new_stream_start ("clip"));
  fail_if (gst_pad_push_event (w.pad, gst_event_new_eos ()));
  assert_error (w.bus, "has no shape");
  writer_clear (&w);

  /* What cannot seek. */
  writer_init (&w, "fakesink");
  writer_begin_clip (&w, "clip", MODSPEC);
  fail_unless (gst_pad_push (w.pad, window (1, 0)) == GST_FLOW_ERROR);
  assert_error (w.bus, "filesink");
  writer_clear (&w);
}

GST_END_TEST;

/* ---- asdnpydec ------------------------------------------------------- */

typedef struct
{
  guint8 *bytes;
  gsize size;
} File;

static void
make_file (File * file, AsdNpyType type, gsize n_dims, const gsize *shape)
{
  gsize n = 1;

  for (gsize i = 0; i < n_dims; i++)
    n *= shape[i];
  file->size = ASD_NPY_HEADER_SIZE + n * asd_npy_type_size (type);
  file->bytes = g_malloc0 (file->size);
  fail_unless (asd_npy_format_header (type, n_dims, shape, file->bytes));
  for (gsize i = 0; i < n; i++) {
    gfloat single = i == 5 ? NAN : i * 0.5f;
    gdouble twice = single;

    if (type == ASD_NPY_F32)
      memcpy (file->bytes + ASD_NPY_HEADER_SIZE + 4 * i, &single, 4);
    if (type == ASD_NPY_F64)
      memcpy (file->bytes + ASD_NPY_HEADER_SIZE + 8 * i, &twice, 8);
  }
}

/* In buffers of @chunk bytes; stops where the element does. */
static GstFlowReturn
feed (GstHarness * h, const guint8 * bytes, gsize size, gsize chunk)
{
  GstFlowReturn flow = GST_FLOW_OK;

  gst_harness_set_src_caps_str (h, "application/x-npy");
  for (gsize at = 0; at < size && flow == GST_FLOW_OK; at += chunk)
    flow = gst_harness_push (h, gst_buffer_new_memdup (bytes + at,
            MIN (chunk, size - at)));
  return flow;
}

static void
assert_windows (GstHarness * h, gsize n_windows, gsize n_values,
    GstClockTime duration)
{
  for (gsize w = 0; w < n_windows; w++) {
    GstBuffer *buffer = gst_harness_pull (h);
    GstMapInfo map;

    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), w * duration);
    fail_unless_equals_uint64 (GST_BUFFER_DURATION (buffer), duration);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), w);
    gst_buffer_map (buffer, &map, GST_MAP_READ);
    fail_unless_equals_int (map.size, n_values * sizeof (gfloat));
    fail_unless ((gsize) map.data % sizeof (gfloat) == 0);
    for (gsize i = 0; i < n_values; i++) {
      gfloat value = ((gfloat *) map.data)[i];
      gsize k = w * n_values + i;

      /* fail_unless() writes down that it was reached. */
      if (k == 5 ? !isnan (value) : value != k * 0.5f)
        fail ("value %d is %g", (gint) k, value);
    }
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  fail_unless (gst_harness_try_pull (h) == NULL);
}

static void
assert_caps (GstHarness * h, const gchar * text)
{
  g_autoptr (GstCaps) expected = gst_caps_from_string (text);
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (h->sinkpad);

  fail_unless (gst_caps_is_equal (caps, expected), "%s",
      gst_caps_to_string (caps));
}

GST_START_TEST (test_dec_shapes_and_chunks)
{
  static const gsize chunks[] = { 1, 7, 128, 129, 1001, 1 << 20 };
  static const struct
  {
    gsize n_dims;
    gsize shape[4];
    const gchar *frame;
    gsize n_values;
  } arrays[] = {
    {2, {5, 12}, "rows=1, columns=12", 12},
    {3, {5, 3, 2}, "rows=3, columns=2", 6},
    {4, {2, 7, 3, 2}, "rows=3, columns=2", 42},
    {3, {1, 1, 1}, "rows=1, columns=1", 1},
  };

  for (guint a = 0; a < G_N_ELEMENTS (arrays); a++) {
    g_autofree gchar *caps = g_strdup_printf ("application/x-asd-features, "
        "format=F32LE, kind=array, %s, rate=0, frame-length=0, frame-step=0",
        arrays[a].frame);

    for (AsdNpyType type = ASD_NPY_F32; type <= ASD_NPY_F64; type++) {
      File file;

      make_file (&file, type, arrays[a].n_dims, arrays[a].shape);
      for (guint c = 0; c < G_N_ELEMENTS (chunks); c++) {
        GstHarness *h = gst_harness_new ("asdnpydec");

        fail_unless (feed (h, file.bytes, file.size, chunks[c])
            == GST_FLOW_OK);
        fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
        assert_windows (h, arrays[a].shape[0], arrays[a].n_values, GST_SECOND);
        assert_caps (h, caps);
        gst_harness_teardown (h);
      }
      g_free (file.bytes);
    }
  }
}

GST_END_TEST;

GST_START_TEST (test_dec_caps)
{
  static const gsize shape[] = { 4, 3, 1, 2 };
  GstHarness *h = gst_harness_new ("asdnpydec");
  File file;

  make_file (&file, ASD_NPY_F32, 4, shape);
  /* Three frames of 400 every 160 samples: 720 samples, 45 ms. */
  gst_util_set_object_arg (G_OBJECT (h->element), "caps",
      "application/x-asd-features, kind=mfcc, rate=16000, frame-length=400, "
      "frame-step=160");
  fail_unless (feed (h, file.bytes, file.size, 50) == GST_FLOW_OK);
  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
  assert_windows (h, 4, 6, 45 * GST_MSECOND);
  assert_caps (h, "application/x-asd-features, format=F32LE, kind=mfcc, "
      "rows=1, columns=2, rate=16000, frame-length=400, frame-step=160");
  gst_harness_teardown (h);
  g_free (file.bytes);
}

GST_END_TEST;

/* The error that @caps and the first @size bytes of @file give. */
static void
assert_refused (const File * file, gsize size, const gchar * caps,
    const gchar * words)
{
  GstHarness *h = gst_harness_new ("asdnpydec");
  g_autoptr (GstBus) bus = harness_bus (h);
  gsize chunks[] = { 11, 1 << 20 };

  if (caps != NULL)
    gst_util_set_object_arg (G_OBJECT (h->element), "caps", caps);
  for (guint c = 0; c < G_N_ELEMENTS (chunks); c++) {
    if (feed (h, file->bytes, size, chunks[c]) == GST_FLOW_OK) {
      /* No EOS leaves, so that nobody learns from half a file. */
      fail_if (gst_harness_push_event (h, gst_event_new_eos ()));
    }
    assert_error (bus, words);
    gst_bus_set_flushing (bus, TRUE);
    gst_bus_set_flushing (bus, FALSE);
    fail_unless (gst_harness_push_event (h, gst_event_new_flush_start ()));
    fail_unless (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  }
  gst_element_set_bus (h->element, NULL);
  gst_harness_teardown (h);
}

GST_START_TEST (test_dec_refuses)
{
  static const gsize shape[] = { 5, 3, 2 };
  static const gsize line[] = { 30 };
  static const gsize deep[] = { 2, 2, 2, 2, 2 };
  static const gsize wide[] = { 2, 40000, 40000 };
  File file, longer;
  guint8 header[ASD_NPY_HEADER_SIZE];
  File lone = { header, sizeof (header) };

  make_file (&file, ASD_NPY_F32, 3, shape);
  assert_refused (&file, file.size - 1, NULL,
      "shape (5, 3, 2) needs 120 bytes, it holds 119");
  assert_refused (&file, ASD_NPY_HEADER_SIZE, NULL, "it holds 0");
  assert_refused (&file, 100, NULL, "within its header");
  assert_refused (&file, 0, NULL, "ends after 0 bytes");
  assert_refused (&file, file.size, "application/x-asd-features, rows=60, "
      "columns=8", "60x8, the .npy file of shape (5, 3, 2) has 3x2");
  assert_refused (&file, file.size, "audio/x-raw, rows=3", "audio/x-raw");
  assert_refused (&file, file.size, "application/x-asd-features, rows=[1,5]",
      "do not describe features");
  assert_refused (&file, file.size,
      "application/x-asd-features, format=F64LE", "do not describe features");

  longer.size = file.size + 1;
  longer.bytes = g_malloc0 (longer.size);
  memcpy (longer.bytes, file.bytes, file.size);
  assert_refused (&longer, longer.size, NULL, "goes on after the 120 bytes");
  longer.bytes[0] = 'x';
  assert_refused (&longer, longer.size, NULL, "no .npy file");
  g_free (longer.bytes);
  g_free (file.bytes);

  make_file (&file, ASD_NPY_F32, 1, line);
  assert_refused (&file, file.size, NULL, "shape (30,)");
  g_free (file.bytes);
  make_file (&file, ASD_NPY_F32, 5, deep);
  assert_refused (&file, file.size, NULL, "shape (2, 2, 2, 2, 2)");
  g_free (file.bytes);
  make_file (&file, ASD_NPY_I32, 3, shape);
  assert_refused (&file, file.size, NULL, "integers");
  g_free (file.bytes);
  asd_npy_format_header (ASD_NPY_F32, 3, wide, header);
  assert_refused (&lone, lone.size, NULL, "too large");
}

GST_END_TEST;

/* ---- both ------------------------------------------------------------ */

static void
play (const gchar * line)
{
  GstElement *pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;

  fail_unless (pipeline != NULL);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 100 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  fail_unless (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

/* Files through both come out byte for byte, whatever filesrc's buffers. */
GST_START_TEST (test_round_trip)
{
  static const gsize shapes[][4] = { {75, 60, 8, 0}, {3, 11, 1, 42} };
  static const guint chunks[] = { 1, 4096, 100000 };
  g_autofree gchar *copy = g_strconcat (path, ".copy", NULL);

  for (guint s = 0; s < G_N_ELEMENTS (shapes); s++) {
    File file;

    make_file (&file, ASD_NPY_F32, 3 + s, shapes[s]);
    fail_unless (g_file_set_contents (path, (gchar *) file.bytes, file.size,
            NULL));
    for (guint c = 0; c < G_N_ELEMENTS (chunks); c++) {
      g_autofree gchar *line = g_strdup_printf ("filesrc location=%s "
          "blocksize=%u ! asdnpydec ! asdnpyenc ! filesink location=%s", path,
          chunks[c], copy);
      g_autofree gchar *bytes = NULL;
      gsize size;

      play (line);
      fail_unless (g_file_get_contents (copy, &bytes, &size, NULL));
      fail_unless_equals_int (size, file.size);
      fail_unless (memcmp (bytes, file.bytes, size) == 0);
    }
    g_free (file.bytes);
  }
  fail_unless (g_remove (copy) == 0);
}

GST_END_TEST;

static Suite *
npy_suite (void)
{
  Suite *suite = suite_create ("npy");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, test_enc_one_frame);
  tcase_add_test (tcase, test_enc_read_by_numpy);
  tcase_add_test (tcase, test_enc_nan_stays);
  tcase_add_test (tcase, test_enc_no_window);
  tcase_add_test (tcase, test_enc_refuses);
  tcase_add_test (tcase, test_dec_shapes_and_chunks);
  tcase_add_test (tcase, test_dec_caps);
  tcase_add_test (tcase, test_dec_refuses);
  tcase_add_test (tcase, test_round_trip);
  return suite;
}

GST_CHECK_MAIN (npy);
