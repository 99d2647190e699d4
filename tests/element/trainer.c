/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GstAsdTrainer, by means of asdgraphtrain, asddenoisetrain and a trainer of
 * its own whose fit waits or keeps what it was given.
 */

#include "harness.h"

#include <glib/gstdio.h>
#include <string.h>

#define CAPS TEST_FEATURES (1, 2, "test", 16000)
#define AUDIO "audio/x-raw, format=F32LE, layout=interleaved, channels=1, " \
  "rate=16000"

/* The trainer of this test: fit saves the frames, after waiting to be
 * cancelled if told so. */
typedef struct
{
  GstAsdTrainer parent;

  gboolean wait;
  gint fitting;                 /* atomic */
} SlowTrain;

typedef struct
{
  GstAsdTrainerClass parent_class;
} SlowTrainClass;

static GType slow_train_get_type (void);
G_DEFINE_TYPE (SlowTrain, slow_train, GST_TYPE_ASD_TRAINER);

static GstStaticPadTemplate slow_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_FEATURES_CAPS));

static gboolean
slow_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  SlowTrain *self = (SlowTrain *) trainer;
  gsize size, shape[2];
  double *frames;

  gst_asd_trainer_progress (trainer, "step %d", 1);
  gst_asd_trainer_progress (trainer, "step %d", 2);
  g_atomic_int_set (&self->fitting, TRUE);
  while (self->wait) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    g_usleep (1000);
  }
  size = gst_asd_feature_info_frame_size (gst_asd_trainer_get_info (trainer));
  frames = gst_asd_trainer_get_frames (trainer, &shape[0]);
  shape[1] = size;
  asd_model_writer_add_f64 (writer, "frames", frames, 2, shape);
  g_free (frames);
  return TRUE;
}

static void
slow_train_class_init (SlowTrainClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  gst_element_class_add_static_pad_template (element_class, &slow_template);
  gst_element_class_set_static_metadata (element_class, "Slow", "Sink", "Slow",
      "gst-asd");
  GST_ASD_TRAINER_CLASS (klass)->kind = "slow";
  GST_ASD_TRAINER_CLASS (klass)->fit = slow_train_fit;
}

static void
slow_train_init (SlowTrain * self)
{
}

static void
setup (void)
{
  test_folder_setup ();
  gst_element_register (NULL, "asdslowtrain", GST_RANK_NONE,
      slow_train_get_type ());
}

/* A pipeline appsrc ! trainer. */
typedef struct
{
  GstElement *pipeline;
  GstElement *src;
  GstElement *trainer;
  GstBus *bus;
} Training;

static void
training_init (Training * t, const char *caps, const char *trainer)
{
  g_autofree char *line = g_strdup_printf ("appsrc name=src format=time "
      "caps=\"%s\" ! %s name=trainer", caps, trainer);
  GError *error = NULL;

  t->pipeline = gst_parse_launch (line, &error);
  fail_unless (error == NULL, "%s", error ? error->message : "");
  t->src = gst_bin_get_by_name (GST_BIN (t->pipeline), "src");
  t->trainer = gst_bin_get_by_name (GST_BIN (t->pipeline), "trainer");
  t->bus = gst_element_get_bus (t->pipeline);
}

static void
training_clear (Training * t)
{
  gst_element_set_state (t->pipeline, GST_STATE_NULL);
  gst_object_unref (t->bus);
  gst_object_unref (t->src);
  gst_object_unref (t->trainer);
  gst_object_unref (t->pipeline);
}

static void
feed (Training * t, const float *values, gsize n, GstClockTime pts)
{
  GstBuffer *buffer = test_buffer (values, n, pts);
  GstFlowReturn ret;

  g_signal_emit_by_name (t->src, "push-buffer", buffer, &ret);
  gst_buffer_unref (buffer);
}

static void
end (Training * t)
{
  GstFlowReturn ret;

  g_signal_emit_by_name (t->src, "end-of-stream", &ret);
}

static GstMessage *
wait_for (Training * t, GstMessageType types)
{
  GstMessage *message = gst_bus_timed_pop_filtered (t->bus, 100 * GST_SECOND,
      types);

  fail_unless (message != NULL);
  return message;
}

static void
wait_for_eos (Training * t)
{
  GstMessage *message = wait_for (t, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  fail_unless (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  gst_message_unref (message);
}

static void
wait_for_error (Training * t, const char *pattern)
{
  GstMessage *message = wait_for (t, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  GError *error;

  fail_unless (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  test_check_text (error->message, pattern);
  g_error_free (error);
  gst_message_unref (message);
}

static void
wait_for_warning (Training * t, const char *pattern)
{
  GstMessage *message = wait_for (t, GST_MESSAGE_WARNING | GST_MESSAGE_EOS
      | GST_MESSAGE_ERROR);
  GError *error;

  fail_unless (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING);
  gst_message_parse_warning (message, &error, NULL);
  test_check_text (error->message, pattern);
  g_error_free (error);
  gst_message_unref (message);
}

static void
wait_for_fit (Training * t)
{
  while (!g_atomic_int_get (&((SlowTrain *) t->trainer)->fitting))
    g_usleep (1000);
}

static AsdModelSection *
load_section (const char *path, const char *stage)
{
  GError *error = NULL;
  AsdModel *model = asd_model_load (path, &error);
  AsdModelSection *section;

  fail_unless (model != NULL, "%s", error ? error->message : "");
  section = asd_model_get_section (model, stage, &error);
  fail_unless (section != NULL, "%s", error ? error->message : "");
  asd_model_unref (model);
  return section;
}

static gint64
get_int (AsdModelSection * section, const char *key)
{
  gint64 value;

  fail_unless (asd_model_section_get_int64 (section, key, &value, NULL));
  return value;
}

/* 20 frames of 2 values. */
static void
feed_frames (Training * t)
{
  g_autofree float *values = test_noise (40, 1);

  for (guint i = 0; i < 20; i++)
    feed (t, values + 2 * i, 2, i * GST_SECOND);
}

static char *
read_file (const char *path, gsize *size)
{
  char *data;

  fail_unless (g_file_get_contents (path, &data, size, NULL));
  return data;
}

static GstBusSyncReply
check_file (GstBus * bus, GstMessage * message, gpointer path)
{
  /* In the thread that posts it. */
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    AsdModel *model = asd_model_load (path, NULL);

    fail_unless (model != NULL, "EOS before the model");
    asd_model_unref (model);
  }
  return GST_BUS_PASS;
}

/* The file is complete when EOS says so, and says what it learned from. */
GST_START_TEST (test_eos_after_file)
{
  const char *path = test_path ("m.asd");
  g_autofree char *line = g_strdup_printf ("asdgraphtrain seed=7 model=%s",
      path);
  AsdModelSection *section;
  GstStructure *s;
  GstCaps *caps;
  Training t;
  int rows, columns;

  training_init (&t, CAPS, line);
  gst_bus_set_sync_handler (t.bus, check_file, (gpointer) path, NULL);
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  feed_frames (&t);
  fail_if (g_file_test (path, G_FILE_TEST_EXISTS));
  end (&t);
  wait_for_eos (&t);
  training_clear (&t);

  section = load_section (path, "graph");
  fail_unless_equals_string (asd_model_section_get_kind (section), "graph");
  fail_unless_equals_int64 (get_int (section, "windows"), 20);
  fail_unless_equals_int64 (get_int (section, "seed"), 7);
  caps = gst_caps_from_string (asd_model_section_get_string (section, "caps"));
  s = gst_caps_get_structure (caps, 0);
  fail_unless (gst_structure_has_name (s, "application/x-asd-features"));
  fail_unless (gst_structure_get (s, "rows", G_TYPE_INT, &rows, "columns",
          G_TYPE_INT, &columns, NULL));
  fail_unless (rows == 1 && columns == 2);
  gst_caps_unref (caps);
  asd_model_section_unref (section);
}

GST_END_TEST;

GST_START_TEST (test_progress)
{
  static const struct
  {
    GstProgressType type;
    const char *text;
  } expected[] = {
    {GST_PROGRESS_TYPE_START, "20 windows"},
    {GST_PROGRESS_TYPE_CONTINUE, "step 1"},
    {GST_PROGRESS_TYPE_CONTINUE, "step 2"},
    {GST_PROGRESS_TYPE_COMPLETE, "model written"},
  };
  g_autofree char *line = g_strdup_printf ("asdslowtrain model=%s",
      test_path ("m.asd"));
  Training t;

  training_init (&t, CAPS, line);
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  feed_frames (&t);
  end (&t);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    GstMessage *message = wait_for (&t, GST_MESSAGE_PROGRESS | GST_MESSAGE_EOS
        | GST_MESSAGE_ERROR);
    GstProgressType type;
    char *code, *text;

    fail_unless (GST_MESSAGE_TYPE (message) == GST_MESSAGE_PROGRESS);
    gst_message_parse_progress (message, &type, &code, &text);
    fail_unless_equals_int (type, expected[i].type);
    fail_unless_equals_string (code, "train");
    fail_unless_equals_string (text, expected[i].text);
    g_free (code);
    g_free (text);
    gst_message_unref (message);
  }
  wait_for_eos (&t);
  training_clear (&t);
}

GST_END_TEST;

/* Stopped, or flushed, while it learns: at once, without EOS, and the old file
 * is as it was. */
GST_START_TEST (test_cancel)
{
  const char *path = test_path ("m.asd");
  g_autofree char *line = g_strdup_printf ("asdslowtrain stage=graph model=%s",
      path);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  gboolean cancelled = FALSE;
  gsize n_before, n_after;
  GstMessage *message;
  Training t;

  test_write_graph (path, "graph", CAPS, 2, 1);
  before = read_file (path, &n_before);
  training_init (&t, CAPS, line);
  ((SlowTrain *) t.trainer)->wait = TRUE;
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  feed_frames (&t);
  end (&t);
  wait_for_fit (&t);
  if (__i__ == 0)
    gst_element_set_state (t.pipeline, GST_STATE_READY);
  else if (__i__ == 1)
    gst_element_set_state (t.pipeline, GST_STATE_PAUSED);
  else {
    fail_unless (gst_element_send_event (t.src, gst_event_new_flush_start ()));
    fail_unless (gst_element_send_event (t.src, gst_event_new_flush_stop
            (TRUE)));
  }
  /* Going to READY flushes the bus only of the pipeline's own messages. */
  while ((message = gst_bus_timed_pop (t.bus, __i__ == 0 ? 0 :
              200 * GST_MSECOND)) != NULL) {
    GstProgressType type;

    fail_if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
    fail_if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_PROGRESS) {
      gst_message_parse_progress (message, &type, NULL, NULL);
      fail_if (type == GST_PROGRESS_TYPE_COMPLETE);
      cancelled = cancelled || type == GST_PROGRESS_TYPE_CANCELED;
    }
    gst_message_unref (message);
  }
  fail_unless (cancelled);
  after = read_file (path, &n_after);
  fail_unless (n_before == n_after && memcmp (before, after, n_after) == 0);
  training_clear (&t);
}

GST_END_TEST;

/* A cancelled trainer can be started again. */
GST_START_TEST (test_after_cancel)
{
  const char *path = test_path ("m.asd");
  g_autofree char *line = g_strdup_printf ("asdslowtrain model=%s", path);
  AsdModelSection *section;
  SlowTrain *slow;
  Training t;

  training_init (&t, CAPS, line);
  slow = (SlowTrain *) t.trainer;
  slow->wait = TRUE;
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  feed_frames (&t);
  end (&t);
  wait_for_fit (&t);
  gst_element_set_state (t.pipeline, GST_STATE_NULL);
  fail_if (g_file_test (path, G_FILE_TEST_EXISTS));
  slow->wait = FALSE;
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  feed_frames (&t);
  end (&t);
  wait_for_eos (&t);
  training_clear (&t);
  section = load_section (path, "slow");
  fail_unless_equals_int64 (get_int (section, "windows"), 20);
  asd_model_section_unref (section);
}

GST_END_TEST;

/* What would make the training void is found before it begins. */
GST_START_TEST (test_bad_targets)
{
  static const struct
  {
    const char *file, *stage, *error;
  } bad[] = {
    {NULL, NULL, "^No model file to write: set model=FILE.asd$"},
    {"none/m.asd", NULL, "there is no folder .*none: make it first"},
    {"junk.asd", NULL, "^The model cannot be added to: .*junk\\.asd"},
    {"m.asd", "a.b", "^stage=a\\.b: "},
    {"m.asd", "Stage", "^stage=Stage: "},
  };
  Training t;

  g_file_set_contents (test_path ("junk.asd"), "precious", -1, NULL);
  training_init (&t, CAPS, "asdgraphtrain");
  if (bad[__i__].file != NULL)
    g_object_set (t.trainer, "model", test_path (bad[__i__].file), NULL);
  g_object_set (t.trainer, "stage", bad[__i__].stage, NULL);
  fail_unless (gst_element_set_state (t.pipeline, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE);
  test_check_error (t.bus, bad[__i__].error);
  training_clear (&t);
}

GST_END_TEST;

/* Nothing came, or nothing that can be used. */
GST_START_TEST (test_nothing_to_learn)
{
  static const float bad[] = { 1, NAN };
  const char *path = test_path ("m.asd");
  g_autofree char *line = g_strdup_printf ("asdgraphtrain model=%s", path);
  Training t;

  training_init (&t, CAPS, line);
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  if (__i__ == 1) {
    feed (&t, bad, 2, GST_SECOND);
    feed (&t, NULL, 0, 2 * GST_SECOND);
  }
  end (&t);
  if (__i__ == 1)
    wait_for_warning (&t, "not all finite and nothing is learned");
  wait_for_error (&t, "^There is nothing to train on: no window reached trainer"
      ", check the source and that the clips are long enough$");
  fail_if (g_file_test (path, G_FILE_TEST_EXISTS));
  training_clear (&t);
}

GST_END_TEST;

/* The same seed gives the same bytes; a window that is not finite, none. */
GST_START_TEST (test_same_bytes)
{
  static const float bad[] = { INFINITY, 0 };
  const char *paths[2] = { test_path ("a.asd"), test_path ("b.asd") };
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  gsize n_first, n_second;

  for (guint i = 0; i < 2; i++) {
    g_autofree char *line = g_strdup_printf ("asdgraphtrain seed=3 model=%s",
        paths[i]);
    Training t;

    training_init (&t, CAPS, line);
    gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
    if (i == 1)
      feed (&t, bad, 2, 0);
    feed_frames (&t);
    end (&t);
    wait_for_eos (&t);
    training_clear (&t);
  }
  first = read_file (paths[0], &n_first);
  second = read_file (paths[1], &n_second);
  fail_unless (n_first == n_second && memcmp (first, second, n_first) == 0);
}

GST_END_TEST;

/* Other stages of the file stay; its own is replaced as a whole. */
GST_START_TEST (test_keeps_other_stages)
{
  const char *path = test_path ("m.asd");
  g_autofree char *line = g_strdup_printf ("asdgraphtrain stage=asdnew "
      "model=%s", path);
  AsdModelSection *section;
  double threshold;
  Training t;

  test_write_graph (path, "old", CAPS, 2, 4);
  test_write_graph (path, "new", CAPS, 2, 5);
  training_init (&t, CAPS, line);
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  feed_frames (&t);
  end (&t);
  wait_for_eos (&t);
  training_clear (&t);

  section = load_section (path, "old");
  fail_unless (asd_model_section_get_double (section, "threshold", &threshold,
          NULL));
  fail_unless_equals_float (threshold, 4);
  asd_model_section_unref (section);
  section = load_section (path, "new");
  fail_unless (asd_model_section_get_string (section, "threshold") == NULL);
  fail_unless_equals_int64 (get_int (section, "windows"), 20);
  asd_model_section_unref (section);
}

GST_END_TEST;

/* Four trainers write one file at once: all four stages are in it. */
GST_START_TEST (test_concurrent)
{
  const char *path = test_path ("m.asd");
  g_autofree char *line = g_strdup_printf ("tee name=t "
      "t. ! queue ! asdgraphtrain model=%s stage=a "
      "t. ! queue ! asdgraphtrain model=%s stage=b "
      "t. ! queue ! asdslowtrain model=%s stage=c "
      "t. ! queue ! asdgraphtrain model=%s stage=d t. ! queue ! fakesink",
      path, path, path, path);
  static const char *const stages[] = { "a", "b", "c", "d" };
  Training t;

  training_init (&t, CAPS, line);
  for (guint round = 0; round < 5; round++) {
    g_unlink (path);
    gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
    feed_frames (&t);
    end (&t);
    wait_for_eos (&t);
    gst_element_set_state (t.pipeline, GST_STATE_NULL);
    for (guint i = 0; i < G_N_ELEMENTS (stages); i++) {
      AsdModelSection *section = load_section (path, stages[i]);

      fail_unless_equals_int64 (get_int (section, "windows"), 20);
      asd_model_section_unref (section);
    }
  }
  training_clear (&t);
}

GST_END_TEST;

/* Of more frames than max-memory holds a random part is kept, early and late
 * ones alike; the seed says which. */
GST_START_TEST (test_reservoir)
{
  enum
  { N = 400000, WINDOW = 1000, LIMIT = (1 << 20) / 8, PARTS = 8 };
  const char *path = test_path ("m.asd");
  static const guint seeds[] = { 1, 1, 2 };
  double *kept[G_N_ELEMENTS (seeds)];
  float *values = g_new (float, 2 * WINDOW);

  for (guint k = 0; k < G_N_ELEMENTS (seeds); k++) {
    g_autofree char *line = g_strdup_printf ("asdslowtrain seed=%u "
        "max-memory=1048576 model=%s", seeds[k], path);
    gsize shape[2] = { LIMIT, 2 };
    guint count[PARTS] = { 0, };
    AsdModelSection *section;
    const double *frames;
    Training t;

    training_init (&t, CAPS, line);
    gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
    for (guint i = 0; i < N; i += WINDOW) {
      for (guint j = 0; j < WINDOW; j++) {
        values[2 * j] = i + j;  /* its number, below 2^24 */
        values[2 * j + 1] = -1.f * (i + j);
      }
      feed (&t, values, 2 * WINDOW, GST_CLOCK_TIME_NONE);
    }
    end (&t);
    wait_for_eos (&t);
    training_clear (&t);

    section = load_section (path, "slow");
    frames = asd_model_section_get_f64 (section, "frames", 2, shape, NULL);
    fail_unless (frames != NULL, "not exactly %d frames", LIMIT);
    for (guint i = 0; i < LIMIT; i++) {
      fail_unless (frames[2 * i] == -frames[2 * i + 1]);
      count[(guint) frames[2 * i] / (N / PARTS)]++;
    }
    /* Hypergeometric: a standard deviation is 98 of 16384; 6 of them. */
    for (guint i = 0; i < PARTS; i++)
      fail_unless (abs ((int) count[i] - LIMIT / PARTS) < 590,
          "%u of part %u", count[i], i);
    kept[k] = g_memdup2 (frames, LIMIT * 2 * sizeof (double));
    asd_model_section_unref (section);
  }
  fail_unless (memcmp (kept[0], kept[1], LIMIT * 2 * sizeof (double)) == 0);
  fail_if (memcmp (kept[0], kept[2], LIMIT * 2 * sizeof (double)) == 0);
  for (guint k = 0; k < G_N_ELEMENTS (seeds); k++)
    g_free (kept[k]);
  g_free (values);
}

GST_END_TEST;

/* Below the bound all frames are kept, in order. */
GST_START_TEST (test_keeps_all)
{
  const char *path = test_path ("m.asd");
  g_autofree char *line = g_strdup_printf ("asdslowtrain model=%s", path);
  g_autofree float *values = test_noise (40, 1);
  gsize shape[2] = { 20, 2 };
  AsdModelSection *section;
  const double *frames;
  Training t;

  training_init (&t, CAPS, line);
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  feed_frames (&t);
  end (&t);
  wait_for_eos (&t);
  training_clear (&t);
  section = load_section (path, "slow");
  frames = asd_model_section_get_f64 (section, "frames", 2, shape, NULL);
  fail_unless (frames != NULL);
  for (guint i = 0; i < 40; i++)
    fail_unless (frames[i] == values[i]);
  asd_model_section_unref (section);
}

GST_END_TEST;

static void
set_caps (Training * t, const char *text)
{
  GstCaps *caps = gst_caps_from_string (text);

  g_object_set (t->src, "caps", caps, NULL);
  gst_caps_unref (caps);
}

/* One model, one kind of data: features, or audio within a clip. */
GST_START_TEST (test_caps_change)
{
  const char *path = test_path ("m.asd");
  g_autofree char *line = g_strdup_printf ("%s model=%s",
      __i__ == 0 ? "asdgraphtrain" : "asddenoisetrain", path);
  g_autofree float *values = test_noise (16000, 1);
  Training t;

  training_init (&t, __i__ == 0 ? CAPS : AUDIO, line);
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  if (__i__ == 0)
    feed_frames (&t);
  else
    feed (&t, values, 16000, 0);
  set_caps (&t, __i__ == 0 ? TEST_FEATURES (2, 1, "test", 16000) :
      "audio/x-raw, format=F32LE, layout=interleaved, channels=1, rate=8000");
  feed (&t, values, 16000, 20 * GST_SECOND);
  end (&t);
  wait_for_error (&t, __i__ == 0 ?
      "^The training data changes from .*rows=\\(int\\)1.* to .*rows=\\(int\\)2"
      ".*: bring all clips to one format first$" :
      "^The training data changes from .*rate=\\(int\\)16000.* to .*rate="
      "\\(int\\)8000.*: bring all clips to one format first$");
  training_clear (&t);
}

GST_END_TEST;

/* Sources send EOS after an error of theirs: it must not make a model of half
 * the data. */
GST_START_TEST (test_eos_after_error)
{
  const char *path = test_path ("m.asd");
  GstElement *trainer = gst_element_factory_make ("asdgraphtrain", NULL);
  GstPad *pad = gst_element_get_static_pad (trainer, "sink");
  static const char *const caps_texts[] = { CAPS,
    TEST_FEATURES (2, 1, "test", 16000)
  };
  const float values[] = { 1, 2 };
  GstSegment segment;

  g_object_set (trainer, "model", path, "async", FALSE, NULL);
  gst_element_set_state (trainer, GST_STATE_PLAYING);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_stream_start ("s"));
  for (guint i = 0; i < 2; i++) {
    GstCaps *caps = gst_caps_from_string (caps_texts[i]);

    fail_unless (gst_pad_send_event (pad, gst_event_new_caps (caps)) ==
        (i == 0));
    gst_pad_send_event (pad, gst_event_new_segment (&segment));
    if (i == 0)
      fail_unless_equals_int (gst_pad_chain (pad, test_buffer (values, 2, 0)),
          GST_FLOW_OK);
    gst_caps_unref (caps);
  }
  fail_if (gst_pad_send_event (pad, gst_event_new_eos ()));
  fail_if (g_file_test (path, G_FILE_TEST_EXISTS));
  gst_element_set_state (trainer, GST_STATE_NULL);
  gst_object_unref (pad);
  gst_object_unref (trainer);
}

GST_END_TEST;

/* Clips of audio, or windows of them; the mean of these is the noise. */
GST_START_TEST (test_audio)
{
  static const struct
  {
    const char *options;
    gsize window;
    gint64 windows, clips;
  } cases[] = {
    {"", 60000, 1, 1},
    {"window=1000000000", 16000, 3, 3},
    {"window=1000000000 clips=2", 16000, 3, 2},
  };
  const char *path = test_path ("m.asd");
  g_autofree char *line = g_strdup_printf ("asddenoisetrain model=%s %s", path,
      cases[__i__].options);
  g_autofree float *samples = test_noise (60000, 1);
  g_autofree float *noise = NULL;
  double thresholds[ASD_NOISE_GATE_BINS];
  gsize shape[1] = { ASD_NOISE_GATE_BINS }, n;
  AsdMeanClip *mean = asd_mean_clip_new ();
  AsdModelSection *section;
  const double *values;
  Training t;

  training_init (&t, AUDIO, line);
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < 60000; i += 500)
    feed (&t, samples + i, 500, gst_util_uint64_scale (i, GST_SECOND, 16000));
  end (&t);
  wait_for_eos (&t);
  training_clear (&t);

  for (gint64 i = 0; i < cases[__i__].clips; i++)
    asd_mean_clip_add (mean, samples + i * cases[__i__].window,
        cases[__i__].window);
  noise = asd_mean_clip_get (mean, &n);
  fail_unless (asd_noise_profile (noise, n, thresholds, NULL));
  section = load_section (path, "denoise");
  fail_unless_equals_int64 (get_int (section, "windows"), cases[__i__].windows);
  fail_unless_equals_int64 (get_int (section, "clips"), cases[__i__].clips);
  values = asd_model_section_get_f64 (section, "threshold-db", 1, shape, NULL);
  fail_unless (values != NULL);
  fail_unless (memcmp (values, thresholds, sizeof (thresholds)) == 0);
  asd_model_section_unref (section);
  asd_mean_clip_free (mean);
}

GST_END_TEST;

/* No clip is as long as the window, or as noise must be. */
GST_START_TEST (test_audio_too_short)
{
  const char *path = test_path ("m.asd");
  g_autofree char *line = g_strdup_printf ("asddenoisetrain model=%s %s", path,
      __i__ == 0 ? "window=10000000000" : "");
  g_autofree float *samples = test_noise (16000, 1);
  Training t;

  training_init (&t, AUDIO, line);
  gst_element_set_state (t.pipeline, GST_STATE_PLAYING);
  feed (&t, samples, __i__ == 0 ? 16000 : 1000, 0);
  end (&t);
  if (__i__ == 1)
    wait_for_warning (&t, "^too few samples .1000. to learn noise from: "
        "record at least 1025$");
  wait_for_error (&t, "^There is nothing to train on: no window reached .*long "
      "enough$");
  training_clear (&t);
}

GST_END_TEST;

/* Events end the clips of a training stream as they do everywhere. */
GST_START_TEST (test_audio_clips)
{
  const char *path = test_path ("m.asd");
  GstElement *trainer = gst_element_factory_make ("asddenoisetrain", NULL);
  g_autofree float *samples = test_noise (16000, 1);
  GstPad *pad = gst_element_get_static_pad (trainer, "sink");
  GstCaps *caps = gst_caps_from_string (AUDIO);
  AsdModelSection *section;
  GstSegment segment;

  g_object_set (trainer, "model", path, "async", FALSE, NULL);
  gst_element_set_state (trainer, GST_STATE_PLAYING);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  for (guint i = 0; i < 4; i++) {
    GstBuffer *buffer = test_buffer (samples, 4000, i * GST_SECOND / 4);

    if (i != 2) {
      gst_pad_send_event (pad, gst_event_new_stream_start ("s"));
      gst_pad_send_event (pad, gst_event_new_caps (caps));
      gst_pad_send_event (pad, gst_event_new_segment (&segment));
    } else {
      gst_pad_send_event (pad, gst_event_new_custom
          (GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty ("asd-clip")));
    }
    if (i == 3)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    fail_unless_equals_int (gst_pad_chain (pad, buffer), GST_FLOW_OK);
  }
  gst_pad_send_event (pad, gst_event_new_gap (GST_SECOND, GST_SECOND));
  fail_unless_equals_int (gst_pad_chain (pad, test_buffer (samples, 4000,
              2 * GST_SECOND)), GST_FLOW_OK);
  fail_unless (gst_pad_send_event (pad, gst_event_new_eos ()));
  gst_element_set_state (trainer, GST_STATE_NULL);
  section = load_section (path, "denoise");
  fail_unless_equals_int64 (get_int (section, "windows"), 5);
  asd_model_section_unref (section);
  gst_caps_unref (caps);
  gst_object_unref (pad);
  gst_object_unref (trainer);
}

GST_END_TEST;

static Suite *
trainer_suite (void)
{
  Suite *s = suite_create ("trainer");
  TCase *tc = tcase_create ("training");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, setup, test_folder_teardown);
  tcase_add_test (tc, test_eos_after_file);
  tcase_add_test (tc, test_progress);
  tcase_add_loop_test (tc, test_cancel, 0, 3);
  tcase_add_test (tc, test_after_cancel);
  tcase_add_loop_test (tc, test_bad_targets, 0, 5);
  tcase_add_loop_test (tc, test_nothing_to_learn, 0, 2);
  tcase_add_test (tc, test_same_bytes);
  tcase_add_test (tc, test_keeps_other_stages);
  tcase_add_test (tc, test_concurrent);
  tcase_add_test (tc, test_reservoir);
  tcase_add_test (tc, test_keeps_all);
  tcase_add_loop_test (tc, test_caps_change, 0, 2);
  tcase_add_test (tc, test_eos_after_error);
  tcase_add_loop_test (tc, test_audio, 0, 3);
  tcase_add_loop_test (tc, test_audio_too_short, 0, 2);
  tcase_add_test (tc, test_audio_clips);
  return s;
}

GST_CHECK_MAIN (trainer);
