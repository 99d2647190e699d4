/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdgrid.h"

/* As in GstAsdWindower: a larger step of the timestamps is a loss. */
#define JITTER (40 * GST_MSECOND)

void
gst_asd_grid_set_windows (GstAsdGrid * self, gint model_rate,
    GstClockTime window, GstClockTime interval)
{
  self->model_rate = model_rate;
  self->window =
      MAX (gst_util_uint64_scale_round (window, model_rate, GST_SECOND), 1);
  self->interval =
      MAX (gst_util_uint64_scale_round (interval, model_rate, GST_SECOND), 1);
}

void
gst_asd_grid_set_format (GstAsdGrid * self, const GstAudioInfo * info)
{
  self->rate = GST_AUDIO_INFO_RATE (info);
  self->bpf = GST_AUDIO_INFO_BPF (info);
  gst_asd_grid_reset (self);
}

void
gst_asd_grid_reset (GstAsdGrid * self)
{
  self->count = 0;
}

gboolean
gst_asd_grid_is_break (GstEvent * event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_CAPS:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_GAP:
    case GST_EVENT_FLUSH_STOP:
      return TRUE;
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      return gst_event_has_name (event, "asd-clip");
    default:
      return FALSE;
  }
}

guint64
gst_asd_grid_enter (GstAsdGrid * self, GstBuffer * buffer)
{
  guint64 n = self->bpf > 0 ? gst_buffer_get_size (buffer) / self->bpf : 0;
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)
      || GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP)
      || (GST_CLOCK_TIME_IS_VALID (pts) && self->count > 0
          && ABS (GST_CLOCK_DIFF (self->next_time, pts)) > JITTER))
    self->count = 0;
  if (GST_CLOCK_TIME_IS_VALID (pts))
    self->next_time = pts;
  else if (self->count == 0)
    self->next_time = 0;
  return GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP) ? 0 : n;
}

/* The end of window k, in samples of the stream. */
static guint64
end_of_window (const GstAsdGrid * self, guint64 k)
{
  return gst_util_uint64_scale_ceil (self->window + k * self->interval,
      self->rate, self->model_rate);
}

guint64
gst_asd_grid_end_after (const GstAsdGrid * self, guint64 count)
{
  guint64 at, k = 0;

  at = gst_util_uint64_scale (count, self->model_rate, self->rate);
  if (at > self->window)
    k = (at - self->window) / self->interval;
  while (end_of_window (self, k) <= count)
    k++;
  return end_of_window (self, k);
}

guint64
gst_asd_grid_to_end (const GstAsdGrid * self)
{
  if (self->count == 0)
    return 0;
  return gst_asd_grid_end_after (self, self->count - 1) - self->count;
}

void
gst_asd_grid_advance (GstAsdGrid * self, guint64 samples)
{
  self->count += samples;
  if (self->rate > 0)
    self->next_time += gst_util_uint64_scale (samples, GST_SECOND, self->rate);
}
