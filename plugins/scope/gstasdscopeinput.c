/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What asdscope draws: audio, features and scores, all in running time. */

#include "gstasdscope.h"

#include <gst/audio/audio.h>
#include <math.h>
#include <string.h>

GST_DEBUG_CATEGORY_EXTERN (gst_asd_scope_debug);
#define GST_CAT_DEFAULT gst_asd_scope_debug

/* Audio whose timestamps jump by more starts anew. */
#define MAX_JITTER (40 * GST_MSECOND)

/* Audio */

static GstClockTime
sample_time (GstAsdScope * self, guint64 n)
{
  return self->base + gst_util_uint64_scale (n, GST_SECOND, self->rate);
}

/* Draws what is behind the last n_fft samples of the block. */
static GstFlowReturn
draw_block (GstAsdScope * self)
{
  const gfloat *samples = self->block + self->fill;
  GstClockTime from = sample_time (self, self->n_samples), to;

  if (self->fill == 0)
    return GST_FLOW_OK;
  to = sample_time (self, self->n_samples + self->fill);
  /* A time that is not a number stays empty. */
  if (gst_asd_first_non_finite (samples, self->n_fft) == self->n_fft) {
    asd_log_mel_process (self->mel, samples, self->n_fft, self->values);
    scope_history_put (self->history, from, to, self->serial, self->values);
  }
  memmove (self->block, samples, self->n_fft * sizeof (gfloat));
  self->n_samples += self->fill;
  self->fill = 0;
  return gst_asd_scope_advance (self, to);
}

/* Where the samples of a buffer lie in time. */
static GstFlowReturn
place_audio (GstAsdScope * self, GstClockTime time)
{
  GstClockTime expected = GST_CLOCK_TIME_NONE;
  GstFlowReturn flow;

  if (GST_CLOCK_TIME_IS_VALID (self->base)) {
    expected = sample_time (self, self->n_samples + self->fill);
    if (!GST_CLOCK_TIME_IS_VALID (time)
        || ABS (GST_CLOCK_DIFF (expected, time)) <= MAX_JITTER)
      return GST_FLOW_OK;
    GST_DEBUG_OBJECT (self, "from %" GST_TIME_FORMAT " to %" GST_TIME_FORMAT,
        GST_TIME_ARGS (expected), GST_TIME_ARGS (time));
    flow = draw_block (self);
    if (flow != GST_FLOW_OK)
      return flow;
    memset (self->block, 0, self->n_fft * sizeof (gfloat));
  }
  self->base = GST_CLOCK_TIME_IS_VALID (time) ? time : self->time;
  self->n_samples = 0;
  gst_asd_scope_begin (self, self->base);
  return GST_FLOW_OK;
}

/* A missing stretch stays empty. */
static GstFlowReturn
skip_audio (GstAsdScope * self, gsize n)
{
  GstFlowReturn flow = draw_block (self);

  memset (self->block, 0, self->n_fft * sizeof (gfloat));
  self->n_samples += n;
  return flow == GST_FLOW_OK ? gst_asd_scope_advance (self, sample_time (self,
          self->n_samples)) : flow;
}

static GstFlowReturn
draw_audio (GstAsdScope * self, GstBuffer * buffer, GstClockTime time)
{
  GstFlowReturn flow = GST_FLOW_OK;
  const gfloat *samples;
  GstMapInfo map;
  gsize i, n;
  gint c;

  /* Without samples there is no time: it brings a score alone. */
  if (gst_buffer_get_size (buffer) == 0)
    return GST_FLOW_OK;
  flow = place_audio (self, time);
  if (flow == GST_FLOW_OK && GST_BUFFER_FLAG_IS_SET (buffer,
          GST_BUFFER_FLAG_GAP))
    return skip_audio (self, gst_buffer_get_size (buffer) / sizeof (gfloat)
        / self->channels);
  if (flow != GST_FLOW_OK || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return flow;
  samples = (const gfloat *) map.data;
  n = map.size / sizeof (gfloat) / self->channels;
  for (i = 0; i < n && flow == GST_FLOW_OK; i++) {
    gfloat sum = 0;

    for (c = 0; c < self->channels; c++)
      sum += samples[i * self->channels + c];
    self->block[self->n_fft + self->fill++] = sum / self->channels;
    if (self->fill == self->hop)
      flow = draw_block (self);
  }
  gst_buffer_unmap (buffer, &map);
  return flow;
}

void
gst_asd_scope_free_input (GstAsdScope * self)
{
  g_clear_pointer (&self->block, g_free);
  g_clear_pointer (&self->mel, asd_log_mel_free);
  self->fill = 0;
  self->base = GST_CLOCK_TIME_NONE;
}

/* Frames of 60 to 120 ms, four times as many as fit side by side; at low rates
 * fewer bands. */
static gboolean
setup_audio (GstAsdScope * self, GstCaps * caps, ScopeSource * source)
{
  AsdLogMelConfig config;
  GstAudioInfo info;

  if (!gst_audio_info_from_caps (&info, caps))
    return FALSE;
  self->rate = GST_AUDIO_INFO_RATE (&info);
  self->channels = GST_AUDIO_INFO_CHANNELS (&info);
  for (self->n_fft = 64; self->n_fft < self->rate * 0.06; self->n_fft *= 2);
  self->hop = self->n_fft / 4;

  asd_log_mel_config_init (&config, ASD_LOG_MEL_PLAIN, self->rate);
  config.n_fft = self->n_fft;
  config.pad = ASD_PAD_NONE;
  while (asd_log_mel_config_check (&config) != NULL && config.bands > 1)
    config.bands--;
  self->mel = asd_log_mel_new (&config);
  self->block = g_new0 (gfloat, self->n_fft + self->hop);
  self->serial++;

  g_strlcpy (source->title, "log-mel energy of the sound",
      sizeof (source->title));
  source->is_mel = TRUE;
  source->scale = ASD_MEL_SCALE_SLANEY;
  source->n_rows = config.bands;
  source->unit = "dB";
  scope_history_set_bins (self->history, config.bands);
  return self->mel != NULL;
}

/* Features */

static void
put_frame (GstAsdScope * self, GstClockTime from, GstClockTime to,
    const gfloat *frame)
{
  const gsize size = gst_asd_feature_info_frame_size (&self->info);
  const guint n_bins = self->history->n_bins;
  gboolean is_power = strcmp (self->info.kind, "modspec") == 0;
  gsize i;
  guint b;

  if (gst_asd_first_non_finite (frame, size) < size)
    return;
  for (b = 0; b < n_bins; b++)
    self->values[b] = -G_MAXFLOAT;
  for (i = 0; i < size; i++) {
    b = i * n_bins / size;
    self->values[b] = MAX (self->values[b], frame[i]);
  }
  for (b = 0; is_power && b < n_bins; b++)
    self->values[b] = 10 * log10f (MAX (self->values[b], 1e-30f));
  scope_history_put (self->history, from, to, self->serial, self->values);
}

static GstClockTime
feature_time (GstAsdScope * self, gsize n_samples)
{
  return self->info.rate == 0 ? 0 :
      gst_util_uint64_scale (n_samples, GST_SECOND, self->info.rate);
}

/* The stretch of a frame in a window that begins at start. The last frame goes
 * on to the end of the window. */
static void
get_frame_times (GstAsdScope * self, gsize i, gsize n_frames,
    GstClockTime start, GstClockTime end, GstClockTime * from,
    GstClockTime * to)
{
  GstClockTime step = feature_time (self, self->info.frame_step);

  if (step > 0) {
    *from = start + feature_time (self, i * self->info.frame_step);
    *to = start + feature_time (self, (i + 1) * self->info.frame_step);
  } else {
    *from = start + gst_util_uint64_scale (i, end - start, n_frames);
    *to = start + gst_util_uint64_scale (i + 1, end - start, n_frames);
  }
  if (i + 1 == n_frames)
    *to = MAX (*to, end);
  *to = MIN (*to, end);
}

static GstFlowReturn
draw_frames (GstAsdScope * self, const gfloat *frames, gsize n_frames,
    GstClockTime start, GstClockTime end)
{
  const gsize size = gst_asd_feature_info_frame_size (&self->info);
  GstClockTime margin = feature_time (self, self->info.frame_length);
  GstClockTime from, to, known = self->drawn;
  GstFlowReturn flow = GST_FLOW_OK;
  gsize i;

  /* The frames at the ends of a window know less than those in it: where it
   * overlaps the one before it, its own are drawn over the last of that. */
  if (known > start + margin)
    known -= margin;
  self->serial++;
  for (i = 0; i < n_frames && flow == GST_FLOW_OK; i++) {
    get_frame_times (self, i, n_frames, start, end, &from, &to);
    from = MAX (from, known);
    if (to <= from)
      continue;
    put_frame (self, from, to, frames + i * size);
    flow = gst_asd_scope_advance (self, to);
  }
  self->drawn = MAX (self->drawn, end);
  return flow == GST_FLOW_OK ? gst_asd_scope_advance (self, end) : flow;
}

static GstFlowReturn
draw_features (GstAsdScope * self, GstBuffer * buffer, GstClockTime time)
{
  const gsize size = gst_asd_feature_info_frame_size (&self->info);
  GstClockTime end;
  GstFlowReturn flow;
  GstMapInfo map;
  gsize n_frames;

  if (!GST_CLOCK_TIME_IS_VALID (time))
    time = self->time;
  gst_asd_scope_begin (self, time);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_OK;
  n_frames = map.size / sizeof (gfloat) / size;
  end = time;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    end += GST_BUFFER_DURATION (buffer);
  else
    end += feature_time (self, n_frames * self->info.frame_step);
  flow = draw_frames (self, (const gfloat *) map.data, n_frames, time, end);
  gst_buffer_unmap (buffer, &map);
  return flow;
}

static gboolean
setup_features (GstAsdScope * self, GstCaps * caps, ScopeSource * source)
{
  GstAsdFeatureInfo *info = &self->info;
  gsize size;

  if (!gst_asd_feature_info_from_caps (info, caps))
    return FALSE;
  size = gst_asd_feature_info_frame_size (info);
  source->n_rows = info->rows > 1 ? info->rows : info->columns;
  if (strcmp (info->kind, "log-mel") == 0 && info->rate > 0) {
    source->is_mel = TRUE;
    source->scale = ASD_MEL_SCALE_SLANEY;
    g_strlcpy (source->title, "log-mel energy", sizeof (source->title));
  } else {
    if (strcmp (info->kind, "modspec") == 0)
      source->unit = "dB";
    else
      source->min_range = 1e-6, source->max_range = G_MAXFLOAT;
    g_snprintf (source->title, sizeof (source->title), "%s, %d x %d",
        info->kind, info->rows, info->columns);
  }
  self->rate = info->rate;
  scope_history_set_bins (self->history, MIN (size, SCOPE_MAX_BINS));
  return TRUE;
}

/* Scores */

static void
put_score (GstAsdScope * self, const GstStructure * score)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  guint64 from = GST_CLOCK_TIME_NONE, duration = 0;
  gdouble value = NAN, threshold = NAN;
  gboolean anomalous = FALSE;

  gst_structure_get (score, "score", G_TYPE_DOUBLE, &value, "threshold",
      G_TYPE_DOUBLE, &threshold, "anomalous", G_TYPE_BOOLEAN, &anomalous, NULL);
  gst_structure_get_uint64 (score, "duration", &duration);
  if (!gst_structure_get_uint64 (score, "running-time", &from)
      && gst_structure_get_uint64 (score, "timestamp", &from))
    from = gst_segment_to_running_time (&trans->segment, GST_FORMAT_TIME, from);
  if (!GST_CLOCK_TIME_IS_VALID (from) || !GST_CLOCK_TIME_IS_VALID (duration)
      || duration > GST_ASD_SCOPE_MAX_SPAN)
    return;
  if (!GST_CLOCK_TIME_IS_VALID (self->first))
    gst_asd_scope_begin (self, from);
  scope_history_put_score (self->history, from, from + duration, value,
      threshold, anomalous);
  self->changed = TRUE;
}

static GstFlowReturn
draw_score (GstAsdScope * self, GstBuffer * buffer, GstClockTime time)
{
  GstClockTime end;
  gdouble value;

  if (!GST_CLOCK_TIME_IS_VALID (time))
    time = self->time;
  gst_asd_scope_begin (self, time);
  end = time;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    end += GST_BUFFER_DURATION (buffer);
  /* A score without its meta is still a score. */
  if (gst_asd_buffer_get_score (buffer) == NULL
      && gst_buffer_extract (buffer, 0, &value, sizeof (value))
      == sizeof (value))
    scope_history_put_score (self->history, time, end, value, NAN, FALSE);
  self->changed = TRUE;
  return gst_asd_scope_advance (self, end);
}

gboolean
gst_asd_scope_set_input (GstAsdScope * self, GstCaps * caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  ScopeSource source = { "", FALSE, 0, 0, 0, "", 30, 80 };
  gboolean ok = TRUE;

  gst_asd_scope_free_input (self);
  if (gst_structure_has_name (s, GST_ASD_SCORE_MEDIA_TYPE)) {
    self->input = GST_ASD_SCOPE_SCORES;
    scope_history_set_bins (self->history, 0);
  } else if (gst_structure_has_name (s, GST_ASD_FEATURES_MEDIA_TYPE)) {
    self->input = GST_ASD_SCOPE_FEATURES;
    ok = setup_features (self, caps, &source);
  } else {
    self->input = GST_ASD_SCOPE_AUDIO;
    ok = setup_audio (self, caps, &source);
  }
  source.top_hz = self->rate / 2.0;
  scope_painter_set_source (self->painter,
      self->input == GST_ASD_SCOPE_SCORES ? NULL : &source);
  return ok;
}

static GstClockTime
buffer_time (GstAsdScope * self, GstBuffer * buffer)
{
  if (!GST_BUFFER_PTS_IS_VALID (buffer))
    return GST_CLOCK_TIME_NONE;
  return gst_segment_to_running_time (&GST_BASE_TRANSFORM (self)->segment,
      GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
}

GstFlowReturn
gst_asd_scope_take_buffer (GstAsdScope * self, GstBuffer * buffer)
{
  const GstStructure *score = gst_asd_buffer_get_score (buffer);
  GstClockTime time = buffer_time (self, buffer);

  if (score != NULL)
    put_score (self, score);
  switch (self->input) {
    case GST_ASD_SCOPE_AUDIO:
      return draw_audio (self, buffer, time);
    case GST_ASD_SCOPE_FEATURES:
      return draw_features (self, buffer, time);
    default:
      return draw_score (self, buffer, time);
  }
}

GstFlowReturn
gst_asd_scope_finish_input (GstAsdScope * self)
{
  return self->block != NULL ? draw_block (self) : GST_FLOW_OK;
}

void
gst_asd_scope_reset_input (GstAsdScope * self)
{
  self->base = GST_CLOCK_TIME_NONE;
  self->n_samples = 0;
  self->fill = 0;
  if (self->block != NULL)
    memset (self->block, 0, self->n_fft * sizeof (gfloat));
  self->drawn = 0;
}
