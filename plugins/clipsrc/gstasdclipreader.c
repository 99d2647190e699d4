/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdclipreader.h"

#include <string.h>

#include <asd/error.h>
#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>

#include "gstasdclipheader.h"

GST_DEBUG_CATEGORY_EXTERN (gst_asd_clip_src_debug);
#define GST_CAT_DEFAULT gst_asd_clip_src_debug

/* Decoded buffers that may wait: enough that decoder and reader rarely wait
 * for each other, little memory. */
#define MAX_BUFFERS 64

/* How long what a decoder has finished may take to arrive after its error. */
#define ERROR_GRACE (50 * G_TIME_SPAN_MILLISECOND)

/* Outside of these no resampler is sensible and no file honest. */
#define MIN_RATE 100
#define MAX_RATE 1536000

/* The decoder is a pipeline of its own: filesrc ! wavparse ! audioconvert !
 * appsink for plain WAV files, with decodebin for wavparse otherwise. Its
 * messages end here, so that a broken file is this file's problem only. */
typedef struct
{
  GstElement *pipeline;
  GstElement *source;
  GstElement *decoder;
  GstElement *convert;
  GstAppSink *sink;
} Chain;

struct _GstAsdClipReader
{
  gint rate;
  gint channel;

  Chain wav;
  Chain any;
  Chain *chain;                 /* of the open file, else NULL */

  GMutex lock;
  GCond cond;
  /* with the lock */
  guint waiting;                /* samples in the sink */
  gboolean eos;
  gboolean flushing;
  gchar *failure;               /* the decoder's words */
  gchar *undecodable;           /* media type of audio without a decoder */

  /* the open file */
  guint64 promised;             /* frames, 0 = unknown */
  guint64 frames;               /* decoded */
  gint channels;
  gint file_rate;
  GstAudioResampler *resampler;
  guint64 produced;             /* samples at @rate */
  gboolean ended;
  GError *error;                /* why it ended before its time */

  GArray *mono;                 /* one decoded buffer */
  GArray *ready;                /* samples at @rate */
  gsize ready_offset;
};

static GstFlowReturn
on_new_sample (GstAppSink * sink, gpointer user_data)
{
  GstAsdClipReader *self = user_data;

  g_mutex_lock (&self->lock);
  self->waiting++;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
  return GST_FLOW_OK;
}

static void
on_eos (GstAppSink * sink, gpointer user_data)
{
  GstAsdClipReader *self = user_data;

  g_mutex_lock (&self->lock);
  self->eos = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
set_failure (GstAsdClipReader * self, const gchar * text)
{
  g_mutex_lock (&self->lock);
  /* The first error is the cause, the others follow from it. */
  if (self->failure == NULL)
    self->failure = g_strndup (text, strlen (text)
        - g_str_has_suffix (text, "."));
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* decodebin says that a plugin is missing for whatever has no audio, too. */
static void
set_missing_failure (GstAsdClipReader * self)
{
  g_autofree gchar *text = NULL;

  g_mutex_lock (&self->lock);
  if (self->undecodable != NULL)
    text = g_strdup_printf ("no decoder for %s is installed",
        self->undecodable);
  g_mutex_unlock (&self->lock);
  set_failure (self, text != NULL ? text : "there is no audio in it");
}

static void
on_unknown_type (GstElement * decoder, GstPad * pad, GstCaps * caps,
    gpointer user_data)
{
  GstAsdClipReader *self = user_data;
  const gchar *type = gst_structure_get_name (gst_caps_get_structure (caps, 0));

  if (!g_str_has_prefix (type, "audio/"))
    return;
  g_mutex_lock (&self->lock);
  g_free (self->undecodable);
  self->undecodable = g_strdup (type);
  g_mutex_unlock (&self->lock);
}

static GstBusSyncReply
on_message (GstBus * bus, GstMessage * message, gpointer user_data)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *debug = NULL;

    gst_message_parse_error (message, &error, &debug);
    GST_DEBUG ("%s: %s (%s)", GST_MESSAGE_SRC_NAME (message), error->message,
        GST_STR_NULL (debug));
    if (g_error_matches (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
      set_missing_failure (user_data);
    else
      set_failure (user_data, error->message);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
on_pad_added (GstElement * decoder, GstPad * pad, gpointer user_data)
{
  GstElement *convert = user_data;
  g_autoptr (GstPad) sink = gst_element_get_static_pad (convert, "sink");

  /* Of several audio streams the first counts. */
  if (!gst_pad_is_linked (sink))
    gst_pad_link (pad, sink);
}

static GstElement *
make (Chain * chain, const gchar * factory, GError ** error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (element == NULL)
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "The GStreamer element %s is missing: install "
        "gstreamer1.0-plugins-base and gstreamer1.0-plugins-good", factory);
  else
    gst_bin_add (GST_BIN (chain->pipeline), element);
  return element;
}

static gboolean
chain_init (Chain * chain, GstAsdClipReader * self, const gchar * decoder,
    GError ** error)
{
  GstAppSinkCallbacks callbacks = {.eos = on_eos,.new_sample = on_new_sample };
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstBus) bus = NULL;

  chain->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  bus = gst_pipeline_get_bus (GST_PIPELINE (chain->pipeline));
  gst_bus_set_sync_handler (bus, on_message, self, NULL);

  if ((chain->source = make (chain, "filesrc", error)) == NULL
      || (chain->decoder = make (chain, decoder, error)) == NULL
      || (chain->convert = make (chain, "audioconvert", error)) == NULL
      || (chain->sink = GST_APP_SINK (make (chain, "appsink", error))) == NULL)
    return FALSE;

  caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
      GST_AUDIO_NE (F32), "layout", G_TYPE_STRING, "interleaved", NULL);
  g_object_set (chain->sink, "caps", caps, "sync", FALSE, "async", FALSE,
      "max-buffers", MAX_BUFFERS, "enable-last-sample", FALSE, NULL);
  gst_app_sink_set_callbacks (chain->sink, &callbacks, self, NULL);
  /* See chain_set_state(). */
  gst_element_set_locked_state (GST_ELEMENT (chain->sink), TRUE);

  return gst_element_link (chain->source, chain->decoder)
      && gst_element_link (chain->convert, GST_ELEMENT (chain->sink));
}

/* The sink first: it holds its preroll lock while its queue is full, so once
 * buffers flow, starting it would wait for the very thread that is to empty the
 * queue. */
static gboolean
chain_set_state (Chain * chain, GstState state)
{
  if (chain->sink != NULL)
    gst_element_set_state (GST_ELEMENT (chain->sink), state);
  return gst_element_set_state (chain->pipeline, state)
      != GST_STATE_CHANGE_FAILURE;
}

static void
chain_clear (Chain * chain)
{
  if (chain->pipeline == NULL)
    return;
  chain_set_state (chain, GST_STATE_NULL);
  gst_clear_object (&chain->pipeline);
}

GstAsdClipReader *
gst_asd_clip_reader_new (gint rate, gint channel, GError ** error)
{
  g_autoptr (GstAsdClipReader) self = g_new0 (GstAsdClipReader, 1);
  g_autoptr (GstCaps) audio = gst_caps_new_empty_simple ("audio/x-raw");

  self->rate = rate;
  self->channel = channel;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->mono = g_array_new (FALSE, FALSE, sizeof (gfloat));
  self->ready = g_array_new (FALSE, FALSE, sizeof (gfloat));

  if (!chain_init (&self->wav, self, "wavparse", error)
      || !chain_init (&self->any, self, "decodebin", error))
    return NULL;
  gst_element_link (self->wav.decoder, self->wav.convert);
  /* Pictures are neither decoded nor waited for. */
  g_object_set (self->any.decoder, "caps", audio, "expose-all-streams", FALSE,
      NULL);
  g_signal_connect (self->any.decoder, "pad-added",
      G_CALLBACK (on_pad_added), self->any.convert);
  g_signal_connect (self->any.decoder, "unknown-type",
      G_CALLBACK (on_unknown_type), self);
  return g_steal_pointer (&self);
}

void
gst_asd_clip_reader_free (GstAsdClipReader * self)
{
  if (self == NULL)
    return;
  gst_asd_clip_reader_close (self);
  chain_clear (&self->wav);
  chain_clear (&self->any);
  g_array_unref (self->mono);
  g_array_unref (self->ready);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

gboolean
gst_asd_clip_reader_open (GstAsdClipReader * self, const gchar * path,
    GError ** error)
{
  GstAsdClipHeader header;

  g_return_val_if_fail (self->chain == NULL, FALSE);

  if (!gst_asd_clip_header_read (&header, path, error))
    return FALSE;
  self->promised = header.frames;
  self->chain = header.plain_wav ? &self->wav : &self->any;
  g_object_set (self->chain->source, "location", path, NULL);
  /* An error shows at the first read, with the words of its message. */
  if (!chain_set_state (self->chain, GST_STATE_PLAYING))
    set_failure (self, "the decoder does not start");
  return TRUE;
}

void
gst_asd_clip_reader_close (GstAsdClipReader * self)
{
  if (self->chain == NULL)
    return;
  /* In READY the sink would keep what nobody has taken of this file. */
  gst_element_set_state (GST_ELEMENT (self->chain->sink), GST_STATE_NULL);
  gst_element_set_state (self->chain->pipeline, GST_STATE_READY);
  self->chain = NULL;

  /* No thread of the decoder is left, but set_flushing may be called. */
  g_mutex_lock (&self->lock);
  self->waiting = 0;
  self->eos = FALSE;
  g_clear_pointer (&self->failure, g_free);
  g_clear_pointer (&self->undecodable, g_free);
  g_mutex_unlock (&self->lock);

  self->frames = self->produced = 0;
  self->channels = self->file_rate = 0;
  self->ended = FALSE;
  g_clear_error (&self->error);
  g_clear_pointer (&self->resampler, gst_audio_resampler_free);
  g_array_set_size (self->ready, 0);
  self->ready_offset = 0;
}

void
gst_asd_clip_reader_set_flushing (GstAsdClipReader * self, gboolean flushing)
{
  g_mutex_lock (&self->lock);
  self->flushing = flushing;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

void
gst_asd_clip_reader_get_format (GstAsdClipReader * self, gint *channels,
    gint *rate)
{
  *channels = self->channels;
  *rate = self->file_rate;
}

typedef enum
{
  FETCH_SAMPLE,
  FETCH_END,
  FETCH_FAILED,
  FETCH_FLUSHING,
} Fetch;

/* Waits for the decoder. What it finished before it failed comes first. */
static Fetch
fetch (GstAsdClipReader * self, GstSample ** sample, gchar ** failure)
{
  Fetch result;
  gint64 deadline = 0;

  g_mutex_lock (&self->lock);
  while (!self->flushing && self->waiting == 0 && !self->eos) {
    if (self->failure == NULL) {
      g_cond_wait (&self->cond, &self->lock);
      continue;
    }
    if (deadline == 0)
      deadline = g_get_monotonic_time () + ERROR_GRACE;
    if (!g_cond_wait_until (&self->cond, &self->lock, deadline))
      break;
  }
  if (self->flushing) {
    result = FETCH_FLUSHING;
  } else if (self->waiting > 0) {
    self->waiting--;
    result = FETCH_SAMPLE;
  } else if (self->failure != NULL) {
    *failure = g_strdup (self->failure);
    result = FETCH_FAILED;
  } else {
    result = FETCH_END;
  }
  g_mutex_unlock (&self->lock);

  if (result == FETCH_SAMPLE)
    *sample = gst_app_sink_try_pull_sample (self->chain->sink, 0);
  return result;
}

/* The format of the file, from the first buffer. */
static gboolean
setup (GstAsdClipReader * self, const GstAudioInfo * info)
{
  GstStructure *options;

  self->channels = info->channels;
  self->file_rate = info->rate;
  if (self->channel >= self->channels) {
    g_set_error (&self->error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "has %d channel%s, so channel=%d is not there: set channel to 0%s, or "
        "to -1 for the mean", self->channels, self->channels == 1 ? "" : "s",
        self->channel, self->channels == 1 ? "" : " or the next ones");
    return FALSE;
  }
  if (info->rate < MIN_RATE || info->rate > MAX_RATE) {
    g_set_error (&self->error, ASD_ERROR, ASD_ERROR_FORMAT,
        "has a sample rate of %d Hz, which no recording has: record or "
        "convert it again", info->rate);
    return FALSE;
  }
  if (info->rate == self->rate)
    return TRUE;

  /* The settings of audioresample, so that a clip sounds as in a pipeline. */
  options = gst_structure_new_empty ("options");
  gst_audio_resampler_options_set_quality (GST_AUDIO_RESAMPLER_METHOD_KAISER,
      GST_AUDIO_RESAMPLER_QUALITY_DEFAULT, info->rate, self->rate, options);
  self->resampler =
      gst_audio_resampler_new (GST_AUDIO_RESAMPLER_METHOD_KAISER,
      GST_AUDIO_RESAMPLER_FLAG_NONE, GST_AUDIO_FORMAT_F32, 1, info->rate,
      self->rate, options);
  gst_structure_free (options);
  return TRUE;
}

/* Puts @n_frames, or as many zeros where @mono is NULL, through the resampler
 * to the ready samples. */
static void
resample (GstAsdClipReader * self, const gfloat *mono, gsize n_frames)
{
  gsize n_out = gst_audio_resampler_get_out_frames (self->resampler, n_frames);
  gsize before = self->ready->len;
  gpointer in[1] = { (gpointer) mono };
  gpointer out[1];

  g_array_set_size (self->ready, before + n_out);
  out[0] = &g_array_index (self->ready, gfloat, before);
  gst_audio_resampler_resample (self->resampler, mono ? in : NULL, n_frames,
      out, n_out);
  self->produced += n_out;
}

static void
take_channel (GstAsdClipReader * self, const gfloat *samples, gsize n_frames,
    gfloat *mono)
{
  gsize channels = self->channels;

  if (self->channel >= 0) {
    for (gsize i = 0; i < n_frames; i++)
      mono[i] = samples[i * channels + self->channel];
    return;
  }
  for (gsize i = 0; i < n_frames; i++) {
    gdouble sum = 0.0;

    for (gsize c = 0; c < channels; c++)
      sum += samples[i * channels + c];
    mono[i] = sum / channels;
  }
}

static gboolean
convert_sample (GstAsdClipReader * self, GstSample * sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstAudioInfo info;
  GstMapInfo map;
  gsize n_frames;
  gfloat *mono;

  if (!gst_audio_info_from_caps (&info, gst_sample_get_caps (sample))) {
    g_set_error (&self->error, ASD_ERROR, ASD_ERROR_FORMAT,
        "has a format that is not understood: convert it to WAV");
    return FALSE;
  }
  if (self->channels == 0 && !setup (self, &info))
    return FALSE;
  if (info.channels != self->channels || info.rate != self->file_rate) {
    g_set_error (&self->error, ASD_ERROR, ASD_ERROR_FORMAT,
        "changes from %d channels at %d Hz to %d at %d Hz after %.3f s: "
        "split it", self->channels, self->file_rate, info.channels,
        info.rate, (gdouble) self->frames / self->file_rate);
    return FALSE;
  }
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return TRUE;

  n_frames = map.size / info.bpf;
  self->frames += n_frames;
  g_array_set_size (self->mono, n_frames);
  mono = (gfloat *) self->mono->data;
  take_channel (self, (const gfloat *) map.data, n_frames, mono);
  if (self->resampler != NULL) {
    resample (self, mono, n_frames);
  } else {
    g_array_append_vals (self->ready, mono, n_frames);
    self->produced += n_frames;
  }
  gst_buffer_unmap (buffer, &map);
  return TRUE;
}

/* Zeros push out what the resampler's filter holds back, so that the clip has
 * its length and its last samples. */
static void
drain (GstAsdClipReader * self)
{
  guint64 expected;
  gsize latency;

  if (self->resampler == NULL)
    return;
  expected = gst_util_uint64_scale_round (self->frames, self->rate,
      self->file_rate);
  latency = gst_audio_resampler_get_max_latency (self->resampler);
  while (self->produced < expected)
    resample (self, NULL, latency + 1);
  g_array_set_size (self->ready, self->ready->len
      - (self->produced - expected));
  self->produced = expected;
}

static void
end_clip (GstAsdClipReader * self, const gchar * failure)
{
  gdouble seconds = self->file_rate > 0 ?
      (gdouble) self->frames / self->file_rate : 0.0;

  self->ended = TRUE;
  if (failure != NULL && self->frames == 0)
    g_set_error (&self->error, ASD_ERROR, ASD_ERROR_FORMAT,
        "cannot be decoded (%s): give audio files, for example WAV or FLAC",
        failure);
  else if (failure != NULL)
    g_set_error (&self->error, ASD_ERROR, ASD_ERROR_FORMAT,
        "cannot be decoded beyond %.3f s (%s): record or copy it again",
        seconds, failure);
  else if (self->error == NULL && self->frames < self->promised)
    g_set_error (&self->error, ASD_ERROR, ASD_ERROR_FORMAT,
        "is truncated: its header promises %" G_GUINT64_FORMAT " samples, the "
        "file ends after %" G_GUINT64_FORMAT " (%.3f s): record or copy it "
        "again", self->promised, self->frames, seconds);
  drain (self);
  if (self->error == NULL && self->produced == 0)
    g_set_error (&self->error, ASD_ERROR, ASD_ERROR_FORMAT,
        "holds no sound (%" G_GUINT64_FORMAT " samples): record or copy it "
        "again", self->frames);
}

/* More ready samples, or the end. Returns FALSE when flushing. */
static gboolean
advance (GstAsdClipReader * self)
{
  g_autofree gchar *failure = NULL;
  g_autoptr (GstSample) sample = NULL;

  g_array_set_size (self->ready, 0);
  self->ready_offset = 0;

  switch (fetch (self, &sample, &failure)) {
    case FETCH_FLUSHING:
      return FALSE;
    case FETCH_SAMPLE:
      if (sample != NULL && !convert_sample (self, sample))
        end_clip (self, NULL);
      break;
    case FETCH_FAILED:
    case FETCH_END:
      end_clip (self, failure);
      break;
  }
  return TRUE;
}

gsize
gst_asd_clip_reader_read (GstAsdClipReader * self, gfloat *samples,
    gsize n_samples, GError ** error)
{
  gsize done = 0;

  g_return_val_if_fail (self->chain != NULL, 0);

  for (;;) {
    gsize n = MIN (n_samples - done, self->ready->len - self->ready_offset);

    if (n > 0)
      memcpy (samples + done, &g_array_index (self->ready, gfloat,
              self->ready_offset), n * sizeof (gfloat));
    self->ready_offset += n;
    done += n;
    if (done == n_samples)
      return done;
    if (self->ended) {
      if (self->error != NULL)
        g_propagate_error (error, g_steal_pointer (&self->error));
      return done;
    }
    if (!advance (self)) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
          "Interrupted");
      return done;
    }
  }
}
