/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "clips.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static gchar *folder;

/* ---- files ---------------------------------------------------------- */

void
clips_setup (void)
{
  folder = g_dir_make_tmp ("asdclipsrc-XXXXXX", NULL);
  fail_unless (folder != NULL);
}

void
clips_teardown (void)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    fail_unless (g_remove (path) == 0);
  }
  g_dir_close (dir);
  fail_unless (g_rmdir (folder) == 0);
  g_clear_pointer (&folder, g_free);
}

gchar *
clips_path (const gchar * name)
{
  return g_build_filename (folder, name, NULL);
}

void
clips_write (const gchar * name, gconstpointer data, gssize size)
{
  g_autofree gchar *path = clips_path (name);

  fail_unless (g_file_set_contents (path, data, size, NULL));
}

static void
append_le (GByteArray * array, guint64 value, guint bytes)
{
  for (guint i = 0; i < bytes; i++) {
    guint8 byte = value >> (8 * i);

    g_byte_array_append (array, &byte, 1);
  }
}

/* The file promises @promised bytes of samples, or what it has (HONEST). */
void
clips_write_wav (const gchar * name, guint tag, guint bits, guint channels,
    guint rate, gconstpointer samples, gsize n_bytes, gint64 promised)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  gsize size = promised == HONEST ? n_bytes : (gsize) promised;

  g_byte_array_append (file, (const guint8 *) "RIFF", 4);
  append_le (file, 36 + n_bytes, 4);
  g_byte_array_append (file, (const guint8 *) "WAVEfmt ", 8);
  append_le (file, 16, 4);
  append_le (file, tag, 2);
  append_le (file, channels, 2);
  append_le (file, rate, 4);
  append_le (file, rate * channels * bits / 8, 4);
  append_le (file, channels * bits / 8, 2);
  append_le (file, bits, 2);
  g_byte_array_append (file, (const guint8 *) "data", 4);
  append_le (file, size, 4);
  g_byte_array_append (file, samples, n_bytes);
  clips_write (name, file->data, file->len);
}

/* Any 16-bit value, another one at each place. */
gint16
clips_value (guint seed, gsize i)
{
  return (gint16) ((i + 1) * 7919 + seed * 104729 + (i * i) % 613);
}

void
clips_write_pcm16 (const gchar * name, guint channels, guint rate,
    gsize n_frames, guint seed)
{
  g_autofree gint16 *samples = g_new (gint16, n_frames * channels + 1);

  for (gsize i = 0; i < n_frames * channels; i++)
    samples[i] = GINT16_TO_LE (clips_value (seed, i));
  clips_write_wav (name, WAV_PCM, 16, channels, rate, samples,
      n_frames * channels * 2, HONEST);
}

void
clips_write_sine (const gchar * name, guint rate, gsize n_frames,
    gdouble frequency)
{
  g_autofree gfloat *samples = g_new (gfloat, n_frames);

  for (gsize i = 0; i < n_frames; i++)
    samples[i] = 0.5 * cos (2.0 * G_PI * frequency * i / rate);
  clips_write_wav (name, WAV_FLOAT, 32, 1, rate, samples,
      n_frames * sizeof (gfloat), HONEST);
}

static void
clip_free (gpointer data)
{
  Clip *clip = data;

  g_free (clip->id);
  g_free (clip->tag);
  g_array_unref (clip->samples);
  g_free (clip);
}

static void
warning_free (gpointer data)
{
  Warning *warning = data;

  g_free (warning->text);
  gst_structure_free (warning->details);
  g_free (warning);
}

static void
on_stream_start (Run * run, GstEvent * event)
{
  guint32 seqnum = gst_event_get_seqnum (event);
  const gchar *id;
  Clip *clip;

  /* What did not get through while the pads went down is sent again. */
  if (seqnum == run->last_stream_start)
    return;
  run->last_stream_start = seqnum;
  gst_event_parse_stream_start (event, &id);
  clip = g_new0 (Clip, 1);
  clip->id = g_strdup (id);
  clip->samples = g_array_new (FALSE, FALSE, sizeof (gfloat));
  /* The message came right before. */
  fail_unless (run->announced != NULL);
  fail_unless (g_str_has_suffix (id, gst_structure_get_string (run->announced,
              "location")));
  gst_structure_get (run->announced, "channels", G_TYPE_INT,
      &clip->message_channels, "rate", G_TYPE_INT, &clip->message_rate, NULL);
  g_clear_pointer (&run->announced, gst_structure_free);
  g_ptr_array_add (run->clips, clip);
}

static void
on_buffer (Run * run, Clip * clip, GstBuffer * buffer)
{
  guint64 time, duration;
  GstMapInfo map;

  fail_unless (clip->n_caps == 1 && clip->n_segments == 1);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), clip->samples->len);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer),
      gst_util_uint64_scale (clip->samples->len, GST_SECOND, 16000));
  fail_unless (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)
      == (clip->samples->len == 0));

  /* Nanoseconds are rounded once for the segment and once for the buffer. */
  time = gst_segment_to_running_time (&clip->segment, GST_FORMAT_TIME,
      GST_BUFFER_PTS (buffer));
  duration = GST_BUFFER_DURATION (buffer);
  fail_unless (ABS ((gint64) (time - run->running_time)) <= 1);
  run->running_time = time + duration;

  gst_buffer_map (buffer, &map, GST_MAP_READ);
  fail_unless (map.size > 0 && map.size <= 8192 * sizeof (gfloat));
  g_array_append_vals (clip->samples, map.data, map.size / sizeof (gfloat));
  gst_buffer_unmap (buffer, &map);
}

static GstPadProbeReturn
on_data (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Run *run = user_data;
  Clip *clip = run->clips->len ? run->clips->pdata[run->clips->len - 1] : NULL;
  GstTagList *tags;
  GstEvent *event;

  if (run->unchecked)
    return GST_PAD_PROBE_OK;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    fail_unless (clip != NULL);
    on_buffer (run, clip, GST_PAD_PROBE_INFO_BUFFER (info));
    return GST_PAD_PROBE_OK;
  }
  event = GST_PAD_PROBE_INFO_EVENT (info);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      on_stream_start (run, event);
      break;
    case GST_EVENT_CAPS:
      fail_unless (clip != NULL);
      clip->n_caps++;
      break;
    case GST_EVENT_SEGMENT:
      fail_unless (clip != NULL && clip->n_caps == 1);
      clip->n_segments++;
      gst_event_copy_segment (event, &clip->segment);
      break;
    case GST_EVENT_TAG:
      fail_unless (clip != NULL && clip->n_segments == 1);
      gst_event_parse_tag (event, &tags);
      gst_tag_list_get_string (tags, GST_TAG_LOCATION, &clip->tag);
      break;
    case GST_EVENT_EOS:
      run->n_eos++;
      break;
    default:
      break;
  }
  return GST_PAD_PROBE_OK;
}

/* In the thread of the source, so that messages and data keep their order. */
static GstBusSyncReply
on_sync_message (GstBus * bus, GstMessage * message, gpointer user_data)
{
  Run *run = user_data;

  if (gst_message_has_name (message, "asd-clip")) {
    fail_unless (run->announced == NULL);
    run->announced = gst_structure_copy (gst_message_get_structure (message));
  }
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
    Warning *warning = g_new0 (Warning, 1);
    const GstStructure *details;
    g_autoptr (GError) error = NULL;

    gst_message_parse_warning (message, &error, NULL);
    gst_message_parse_warning_details (message, &details);
    fail_unless (details != NULL);
    warning->text = g_strdup (error->message);
    warning->details = gst_structure_copy (details);
    g_ptr_array_add (run->warnings, warning);
  }
  return GST_BUS_PASS;
}

void
run_reset (Run * run)
{
  g_ptr_array_set_size (run->clips, 0);
  g_ptr_array_set_size (run->warnings, 0);
  g_clear_pointer (&run->error, g_free);
  run->n_eos = 0;
  run->running_time = 0;
}

Run *
run_new (const gchar * sink)
{
  Run *run = g_new0 (Run, 1);
  g_autofree gchar *line = g_strdup_printf ("asdclipsrc name=src ! %s", sink);
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstPad) pad = NULL;

  run->clips = g_ptr_array_new_with_free_func (clip_free);
  run->warnings = g_ptr_array_new_with_free_func (warning_free);
  run->pipeline = gst_parse_launch (line, NULL);
  fail_unless (run->pipeline != NULL);
  run->src = gst_bin_get_by_name (GST_BIN (run->pipeline), "src");
  pad = gst_element_get_static_pad (run->src, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER |
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_data, run, NULL);
  bus = gst_element_get_bus (run->pipeline);
  gst_bus_set_sync_handler (bus, on_sync_message, run, NULL);
  return run;
}

void
run_free (Run * run)
{
  gst_element_set_state (run->pipeline, GST_STATE_NULL);
  gst_object_unref (run->src);
  gst_object_unref (run->pipeline);
  run_reset (run);
  g_ptr_array_unref (run->clips);
  g_ptr_array_unref (run->warnings);
  g_clear_pointer (&run->announced, gst_structure_free);
  g_free (run);
}

/* Names in the folder, ended by NULL. */
void
run_set_names (Run * run, const gchar * name, ...)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) paths = NULL;
  va_list names;

  va_start (names, name);
  for (; name != NULL; name = va_arg (names, const gchar *))
  {
    g_autofree gchar *path = clips_path (name);

    g_strv_builder_add (builder, path);
  }
  va_end (names);
  paths = g_strv_builder_end (builder);
  g_object_set (run->src, "locations", paths, NULL);
}

/* Plays to the end. */
void
run_play (Run * run)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (run->pipeline);
  g_autoptr (GstMessage) message = NULL;

  run_reset (run);
  gst_bus_set_flushing (bus, TRUE);
  gst_bus_set_flushing (bus, FALSE);
  gst_element_set_state (run->pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 100 * GST_SECOND,
      GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  fail_unless (message != NULL, "neither EOS nor error");
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;

    gst_message_parse_error (message, &error, NULL);
    run->error = g_strdup (error->message);
  } else {
    fail_unless_equals_int (run->n_eos, 1);
  }
  gst_element_set_state (run->pipeline, GST_STATE_READY);
}

Clip *
run_clip (Run * run, guint i)
{
  fail_unless_quickly (i < run->clips->len);
  return run->clips->pdata[i];
}

gfloat
run_sample (Run * run, guint clip, gsize i)
{
  GArray *samples = run_clip (run, clip)->samples;

  fail_unless_quickly (i < samples->len);
  return g_array_index (samples, gfloat, i);
}

void
run_assert_clip (Run * run, guint i, const gchar * name, gsize n_samples)
{
  g_autofree gchar *path = clips_path (name);
  g_autofree gchar *id = g_strconcat ("asdclipsrc/", path, NULL);
  Clip *clip = run_clip (run, i);

  fail_unless_equals_string (clip->id, id);
  fail_unless_equals_string (clip->tag, path);
  fail_unless_equals_int (clip->samples->len, n_samples);
}

/* @name is warned of exactly once, with @words in the reason. */
void
run_assert_warning (Run * run, const gchar * name, const gchar * words,
    gboolean skipped)
{
  g_autofree gchar *path = clips_path (name);
  guint found = 0;

  for (guint i = 0; i < run->warnings->len; i++) {
    Warning *warning = run->warnings->pdata[i];
    const gchar *reason = gst_structure_get_string (warning->details,
        "reason");
    g_autofree gchar *text = g_strdup_printf ("%s: %s", path, reason);
    g_auto (GStrv) parts = NULL;
    gboolean is_skipped;

    if (g_strcmp0 (gst_structure_get_string (warning->details, "location"),
            path) != 0)
      continue;
    found++;
    fail_unless_equals_string (warning->text, text);
    fail_unless (strstr (reason, words) != NULL, "'%s' not in '%s'", words,
        reason);
    fail_unless (gst_structure_get_boolean (warning->details, "skipped",
            &is_skipped));
    fail_unless_equals_int (is_skipped, skipped);
    /* file, what is wrong, what to do */
    parts = g_strsplit (reason, ": ", -1);
    fail_unless (g_strv_length (parts) >= 2, "no cure in '%s'", reason);
    fail_unless (strchr (reason, '\n') == NULL);
  }
  fail_unless (found == 1, "%u warnings for %s", found, name);
}
