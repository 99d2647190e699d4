/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdclipsrc
 * @title: asdclipsrc
 *
 * Reads recordings in any format that GStreamer can decode and delivers them
 * as one stream of mono float samples at #GstAsdClipSrc:rate.
 *
 * Each file starts with a STREAM_START event whose stream-id is "asdclipsrc/"
 * followed by the file's path, and a TAG event with #GST_TAG_LOCATION, the
 * path. Timestamps begin at 0 with every file; the running time goes on
 * without a gap. They are counted in samples: a file of n samples at another
 * rate becomes round(n * rate / its rate) samples, with its end, converted as
 * audioresample does it (to within a quarter of a sample in time). Timestamps
 * inside of files are ignored. EOS follows the last file.
 *
 * A file that is missing, empty, no recording, shorter than its WAV header
 * promises, without the wanted channel, or broken before the first buffer is
 * full is named in a warning and skipped; nothing of it leaves the element. Of
 * a file that breaks later, what was delivered stays and its clip ends there,
 * with a warning that says where. Where no file could be used, an error follows
 * the warnings.
 *
 * Latency: none; the element is not live, and it does not seek.
 *
 * ## Messages
 *
 * "asd-clip", an element message right before a file's STREAM_START:
 *
 * | field | type | |
 * |---|---|---|
 * | location | string | the file |
 * | index | uint | its place in the list, from 0 |
 * | channels | int | channels in the file |
 * | rate | int | sample rate of the file in Hz |
 *
 * A warning has the text "FILE: WHAT IS WRONG: WHAT TO DO" and these details
 * (see gst_message_parse_warning_details()):
 *
 * | field | type | |
 * |---|---|---|
 * | location | string | the file |
 * | index | uint | its place in the list, from 0 |
 * | reason | string | the text without the file |
 * | skipped | boolean | FALSE where the clip was delivered all the same, as far as it goes |
 *
 * A recording at a rate below #GstAsdClipSrc:rate is delivered, with a warning
 * that names the band it lacks.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='normal_*.wav' ! asdmodspec ! asdnpyenc ! filesink location=normal.npy
 * ]|
 */

#include "../elements.h"

#include <gio/gio.h>
#include <gst/asd/asd.h>
#include <gst/audio/audio.h>
#include <gst/base/gstpushsrc.h>

#include "gstasdclipheader.h"
#include "gstasdclipreader.h"

GST_DEBUG_CATEGORY (gst_asd_clip_src_debug);
#define GST_CAT_DEFAULT gst_asd_clip_src_debug

#define DEFAULT_CHANNEL 0
#define DEFAULT_RATE 16000

/* Half a second at the default rate. */
#define BLOCK_SAMPLES 8192

#define STREAM_ID_PREFIX "asdclipsrc/"

#define GST_TYPE_ASD_CLIP_SRC (gst_asd_clip_src_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdClipSrc, gst_asd_clip_src, GST, ASD_CLIP_SRC,
    GstPushSrc);

struct _GstAsdClipSrc
{
  GstPushSrc parent;

  /* properties, with the object lock */
  gchar *location;
  gchar **locations;
  gint channel;
  gint rate;
  gboolean restart;             /* running time begins again, by a flush */

  /* from start to stop */
  gchar **paths;
  gint out_rate;
  GstAsdClipReader *reader;

  /* streaming thread */
  guint next;                   /* index of the next file */
  guint delivered;              /* files that gave samples */
  guint64 stream_samples;       /* before the file, modulo 2^64 */
  gboolean open;
  gboolean announced;           /* the file's STREAM_START is out */
  gboolean ended;
  gboolean discont;             /* the next buffer starts anew */
  guint64 offset;               /* samples of the file that are out */
  GError *failure;              /* why it ended before its time */
  gfloat block[BLOCK_SAMPLES];
  gsize fill;
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-raw, format = (string) " GST_AUDIO_NE (F32)
        ", rate = (int) [ 1, MAX ], channels = (int) 1, "
        "layout = (string) interleaved"));

#define gst_asd_clip_src_parent_class parent_class
G_DEFINE_TYPE_WITH_CODE (GstAsdClipSrc, gst_asd_clip_src, GST_TYPE_PUSH_SRC,
    GST_DEBUG_CATEGORY_INIT (gst_asd_clip_src_debug, "asdclipsrc", 0,
        "recordings one after the other"));
GST_ELEMENT_REGISTER_DEFINE (asdclipsrc, "asdclipsrc", GST_RANK_NONE,
    GST_TYPE_ASD_CLIP_SRC);

static void
reset_clip (GstAsdClipSrc * self)
{
  self->open = self->announced = self->ended = FALSE;
  self->offset = 0;
  self->fill = 0;
  g_clear_error (&self->failure);
}

static gboolean
gst_asd_clip_src_stop (GstBaseSrc * basesrc)
{
  GstAsdClipSrc *self = GST_ASD_CLIP_SRC (basesrc);

  g_clear_pointer (&self->reader, gst_asd_clip_reader_free);
  g_clear_pointer (&self->paths, g_strfreev);
  reset_clip (self);
  return TRUE;
}

static gboolean
gst_asd_clip_src_start (GstBaseSrc * basesrc)
{
  GstAsdClipSrc *self = GST_ASD_CLIP_SRC (basesrc);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *location = NULL;
  gint channel;

  /* A start that failed is not followed by a stop. */
  gst_asd_clip_src_stop (basesrc);

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  self->paths = g_strdupv (self->locations);
  channel = self->channel;
  self->out_rate = self->rate;
  self->restart = FALSE;
  GST_OBJECT_UNLOCK (self);

  if (self->paths == NULL || self->paths[0] == NULL) {
    g_clear_pointer (&self->paths, g_strfreev);
    if (location == NULL || location[0] == '\0')
      goto no_location;
    self->paths = gst_asd_clip_expand (location);
    if (self->paths[0] == NULL)
      goto no_match;
  }
  self->reader = gst_asd_clip_reader_new (self->out_rate, channel, &error);
  if (self->reader == NULL)
    goto no_reader;

  self->next = self->delivered = 0;
  self->stream_samples = 0;
  return TRUE;

no_location:
  {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("No recordings to read: set location, for example "
            "location=\"normal/*.wav\""), (NULL));
    return FALSE;
  }
no_match:
  {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
        ("No file matches location=\"%s\": check the folder and the pattern",
            location), (NULL));
    return FALSE;
  }
no_reader:
  {
    GST_ELEMENT_ERROR (self, CORE, MISSING_PLUGIN, ("%s", error->message),
        (NULL));
    return FALSE;
  }
}

static GstCaps *
make_caps (gint rate)
{
  return gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
      GST_AUDIO_NE (F32), "rate", G_TYPE_INT, rate, "channels", G_TYPE_INT, 1,
      "layout", G_TYPE_STRING, "interleaved", NULL);
}

static GstCaps *
gst_asd_clip_src_get_caps (GstBaseSrc * basesrc, GstCaps * filter)
{
  GstAsdClipSrc *self = GST_ASD_CLIP_SRC (basesrc);
  g_autoptr (GstCaps) caps = NULL;

  GST_OBJECT_LOCK (self);
  caps = make_caps (self->rate);
  GST_OBJECT_UNLOCK (self);
  if (filter == NULL)
    return g_steal_pointer (&caps);
  return gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST);
}

/* The caps follow each STREAM_START, from create(). */
static gboolean
gst_asd_clip_src_negotiate (GstBaseSrc * basesrc)
{
  return TRUE;
}

/* Events may come before start, too. */
static gboolean
set_flushing (GstBaseSrc * basesrc, gboolean flushing)
{
  GstAsdClipReader *reader = GST_ASD_CLIP_SRC (basesrc)->reader;

  if (reader != NULL)
    gst_asd_clip_reader_set_flushing (reader, flushing);
  return TRUE;
}

static gboolean
gst_asd_clip_src_unlock (GstBaseSrc * basesrc)
{
  return set_flushing (basesrc, TRUE);
}

static gboolean
gst_asd_clip_src_unlock_stop (GstBaseSrc * basesrc)
{
  return set_flushing (basesrc, FALSE);
}

static gboolean
gst_asd_clip_src_send_event (GstElement * element, GstEvent * event)
{
  GstAsdClipSrc *self = GST_ASD_CLIP_SRC (element);
  gboolean reset_time;

  if (GST_EVENT_TYPE (event) == GST_EVENT_SEEK) {
    /* The base class would flush before it finds that it cannot. */
    gst_event_unref (event);
    return FALSE;
  }
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP) {
    gst_event_parse_flush_stop (event, &reset_time);
    GST_OBJECT_LOCK (self);
    self->restart |= reset_time;
    GST_OBJECT_UNLOCK (self);
  }
  return GST_ELEMENT_CLASS (parent_class)->send_event (element, event);
}

/* The base class sends a STREAM_START of its own before create() can name the
 * first file. */
static GstPadProbeReturn
drop_foreign_stream_start (GstPad * pad, GstPadProbeInfo * info,
    gpointer user_data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  const gchar *id;

  if (GST_EVENT_TYPE (event) != GST_EVENT_STREAM_START)
    return GST_PAD_PROBE_OK;
  gst_event_parse_stream_start (event, &id);
  return g_str_has_prefix (id, STREAM_ID_PREFIX) ? GST_PAD_PROBE_OK :
      GST_PAD_PROBE_DROP;
}

/* The current file, as messages and events can carry it. */
static gchar *
current_name (GstAsdClipSrc * self)
{
  return g_filename_display_name (self->paths[self->next - 1]);
}

static void
warn (GstAsdClipSrc * self, const gchar * reason, gboolean skipped)
{
  g_autofree gchar *name = current_name (self);

  GST_ELEMENT_WARNING_WITH_DETAILS (self, RESOURCE, READ,
      ("%s: %s", name, reason), (NULL), ("location", G_TYPE_STRING, name,
          "index", G_TYPE_UINT, self->next - 1, "reason", G_TYPE_STRING,
          reason, "skipped", G_TYPE_BOOLEAN, skipped, NULL));
}

static GstClockTime
to_time (GstAsdClipSrc * self, guint64 samples)
{
  return gst_util_uint64_scale (samples, GST_SECOND, self->out_rate);
}

static void
new_segment (GstAsdClipSrc * self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = to_time (self, self->offset);
  segment.time = segment.position = segment.start;
  segment.base = to_time (self, self->stream_samples + self->offset);
  gst_base_src_new_segment (GST_BASE_SRC (self), &segment);
  self->discont = TRUE;
}

/* Everything that comes before the first sample of a file. */
static void
announce (GstAsdClipSrc * self)
{
  GstPad *pad = GST_BASE_SRC_PAD (self);
  g_autofree gchar *name = current_name (self);
  g_autofree gchar *id = g_strconcat (STREAM_ID_PREFIX, name, NULL);
  g_autoptr (GstCaps) caps = make_caps (self->out_rate);
  GstEvent *event;
  gint channels, rate;

  gst_asd_clip_reader_get_format (self->reader, &channels, &rate);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("asd-clip", "location", G_TYPE_STRING, name,
              "index", G_TYPE_UINT, self->next - 1, "channels", G_TYPE_INT,
              channels, "rate", G_TYPE_INT, rate, NULL)));
  if (rate < self->out_rate) {
    g_autofree gchar *reason =
        g_strdup_printf ("is recorded at %d Hz, so there is nothing above "
        "%d Hz where %d Hz is wanted: record at %d Hz or more", rate, rate / 2,
        self->out_rate / 2, self->out_rate);

    warn (self, reason, FALSE);
  }

  /* Where one of these is refused, pushing the buffer says so. */
  event = gst_event_new_stream_start (id);
  gst_event_set_group_id (event, gst_util_group_id_next ());
  gst_pad_push_event (pad, event);
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  new_segment (self);
  /* The base class sends this after the segment. Not by
   * gst_element_send_event(), which takes the state lock. */
  GST_ELEMENT_CLASS (parent_class)->send_event (GST_ELEMENT (self),
      gst_event_new_tag (gst_tag_list_new (GST_TAG_LOCATION, name, NULL)));

  self->announced = TRUE;
  self->delivered++;
}

static void
close_clip (GstAsdClipSrc * self)
{
  if (self->failure != NULL)
    warn (self, self->failure->message, !self->announced);
  gst_asd_clip_reader_close (self->reader);
  self->stream_samples += self->offset;
  reset_clip (self);
}

/* Reads until the block is full or the clip ends. Returns FALSE when
 * flushing; the block keeps what it has. */
static gboolean
fill_block (GstAsdClipSrc * self)
{
  g_autoptr (GError) error = NULL;

  if (self->ended)
    return TRUE;
  self->fill += gst_asd_clip_reader_read (self->reader,
      self->block + self->fill, BLOCK_SAMPLES - self->fill, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return FALSE;
  self->ended = self->fill < BLOCK_SAMPLES || error != NULL;
  self->failure = g_steal_pointer (&error);
  return TRUE;
}

static GstBuffer *
take_block (GstAsdClipSrc * self)
{
  GstBuffer *buffer =
      gst_buffer_new_memdup (self->block, self->fill * sizeof (gfloat));

  if (self->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->discont = FALSE;
  GST_BUFFER_OFFSET (buffer) = self->offset;
  GST_BUFFER_PTS (buffer) = to_time (self, self->offset);
  self->offset += self->fill;
  self->fill = 0;
  GST_BUFFER_OFFSET_END (buffer) = self->offset;
  GST_BUFFER_DURATION (buffer) =
      to_time (self, self->offset) - GST_BUFFER_PTS (buffer);
  return buffer;
}

/* After a flush that resets it the running time begins with the next buffer. */
static void
handle_restart (GstAsdClipSrc * self)
{
  gboolean restart;

  GST_OBJECT_LOCK (self);
  restart = self->restart;
  self->restart = FALSE;
  GST_OBJECT_UNLOCK (self);
  if (!restart)
    return;

  self->stream_samples = -self->offset;
  if (self->announced)
    new_segment (self);
}

static GstFlowReturn
gst_asd_clip_src_create (GstPushSrc * pushsrc, GstBuffer ** buffer)
{
  GstAsdClipSrc *self = GST_ASD_CLIP_SRC (pushsrc);

  handle_restart (self);
  for (;;) {
    if (!self->open) {
      if (self->paths[self->next] == NULL)
        break;
      self->open = gst_asd_clip_reader_open (self->reader,
          self->paths[self->next++], &self->failure);
      if (!self->open) {
        close_clip (self);
        continue;
      }
    }
    if (!fill_block (self))
      return GST_FLOW_FLUSHING;
    if (self->fill == 0 || (!self->announced && self->failure != NULL)) {
      close_clip (self);
      continue;
    }
    if (!self->announced)
      announce (self);
    *buffer = take_block (self);
    return GST_FLOW_OK;
  }

  if (self->delivered > 0)
    return GST_FLOW_EOS;
  GST_ELEMENT_ERROR (self, RESOURCE, READ,
      ("None of the %u files of location could be read: see the warnings, and "
          "give recordings such as WAV or FLAC files", self->next), (NULL));
  return GST_FLOW_ERROR;
}

static void
gst_asd_clip_src_finalize (GObject * object)
{
  GstAsdClipSrc *self = GST_ASD_CLIP_SRC (object);

  g_free (self->location);
  g_strfreev (self->locations);
  g_strfreev (self->paths);
  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
install_properties (GstAsdClipSrcClass * klass)
{
  GST_ASD_PROPERTY (klass, GstAsdClipSrc, location,
      g_param_spec_string ("location", "Location",
          "A file, or a pattern with *, ? and [...] for many; they are read "
          "in the order of their names", NULL, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdClipSrc, locations,
      g_param_spec_boxed ("locations", "Locations",
          "For programs: the files in the order in which to read them, no "
          "patterns; if any, they count instead of location",
          G_TYPE_STRV, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdClipSrc, channel,
      g_param_spec_int ("channel", "Channel",
          "The channel to take, from 0, or -1 for the plain mean of all", -1,
          G_MAXINT, DEFAULT_CHANNEL, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, GstAsdClipSrc, rate,
      g_param_spec_int ("rate", "Rate",
          "Sample rate in Hz that recordings are converted to", 1, G_MAXINT,
          DEFAULT_RATE, GST_ASD_PARAM_READY));
}

static void
gst_asd_clip_src_class_init (GstAsdClipSrcClass * klass)
{
  GObjectClass *gobject_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *basesrc_class = GST_BASE_SRC_CLASS (klass);

  gobject_class->finalize = gst_asd_clip_src_finalize;
  install_properties (klass);

  element_class->send_event = gst_asd_clip_src_send_event;
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "ASD clip source",
      "Source/File/Audio", "Reads many recordings one after the other",
      "gst-asd");

  basesrc_class->start = gst_asd_clip_src_start;
  basesrc_class->stop = gst_asd_clip_src_stop;
  basesrc_class->get_caps = gst_asd_clip_src_get_caps;
  basesrc_class->negotiate = gst_asd_clip_src_negotiate;
  basesrc_class->unlock = gst_asd_clip_src_unlock;
  basesrc_class->unlock_stop = gst_asd_clip_src_unlock_stop;
  GST_PUSH_SRC_CLASS (klass)->create = gst_asd_clip_src_create;
}

static void
gst_asd_clip_src_init (GstAsdClipSrc * self)
{
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
  gst_pad_add_probe (GST_BASE_SRC_PAD (self),
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, drop_foreign_stream_start, NULL,
      NULL);
}
