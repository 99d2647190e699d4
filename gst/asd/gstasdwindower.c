/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdwindower.h"

#include <string.h>

/* Timestamps of captured audio jitter; only a larger step is a loss. */
#define JITTER (40 * GST_MSECOND)
/* The count follows the clock in steps that are no loss for a windower behind
 * this one. */
#define MAX_DRIFT (JITTER / 2)

struct _GstAsdWindower
{
  GstAsdWindowFunc func;
  gpointer user_data;

  gint rate;
  gsize window;                 /* samples, 0: whole clips */
  gsize interval;               /* samples */
  gsize max_window;             /* samples */

  gfloat *samples;              /* the window that is being collected */
  gsize fill;
  GstClockTime start;           /* of its first sample */
  gsize capacity;
  gsize fresh;                  /* of these, not yet part of a window */
  gsize skip;                   /* to be left out before the next window */

  /* The clip's sample anchor_index was captured at anchor_time. */
  GstClockTime anchor_time;
  guint64 anchor_index;
  guint64 index;                /* of the next sample in the clip */
  GstClockTime next_time;       /* of the next buffer if nothing is missing */
  gboolean in_clip;
  gboolean discont;
  guint64 dropped;
};

GstAsdWindower *
gst_asd_windower_new (GstAsdWindowFunc func, gpointer user_data)
{
  GstAsdWindower *self = g_new0 (GstAsdWindower, 1);

  self->func = func;
  self->user_data = user_data;
  return self;
}

void
gst_asd_windower_free (GstAsdWindower * self)
{
  if (self == NULL)
    return;
  g_free (self->samples);
  g_free (self);
}

static gsize
to_samples (GstClockTime time, gint rate)
{
  return gst_util_uint64_scale_round (time, rate, GST_SECOND);
}

static GstClockTime
to_time (guint64 samples, gint rate)
{
  return gst_util_uint64_scale_round (samples, GST_SECOND, rate);
}

void
gst_asd_windower_configure (GstAsdWindower * self, gint rate,
    GstClockTime window, GstClockTime interval, GstClockTime max_window)
{
  g_return_if_fail (rate >= 1);

  self->rate = rate;
  self->window = window > 0 ? MAX (to_samples (window, rate), 1) : 0;
  self->interval = interval > 0 ? MAX (to_samples (interval, rate), 1) :
      self->window;
  self->max_window = MAX (to_samples (max_window, rate), 1);
  gst_asd_windower_reset (self);
  if (self->window > 0) {
    self->capacity = self->window;
    self->samples = g_renew (gfloat, self->samples, self->capacity);
  }
}

void
gst_asd_windower_reset (GstAsdWindower * self)
{
  self->fill = 0;
  self->fresh = 0;
  self->skip = 0;
  self->index = 0;
  self->in_clip = FALSE;
  self->discont = TRUE;
}

gsize
gst_asd_windower_get_window_samples (const GstAsdWindower * self)
{
  return self->window;
}

guint64
gst_asd_windower_get_dropped (const GstAsdWindower * self)
{
  return self->dropped;
}

static GstClockTime
time_of_index (GstAsdWindower * self, guint64 index)
{
  GstClockTime back;

  if (index >= self->anchor_index)
    return self->anchor_time + to_time (index - self->anchor_index, self->rate);
  back = to_time (self->anchor_index - index, self->rate);
  return self->anchor_time > back ? self->anchor_time - back : 0;
}

static GstFlowReturn
emit (GstAsdWindower * self, gboolean cut)
{
  GstAsdWindow window;

  window.samples = self->samples;
  window.n_samples = self->fill;
  window.timestamp = self->start;
  window.duration = to_time (self->fill, self->rate);
  window.discont = self->discont;
  window.cut = cut;

  self->discont = FALSE;
  self->fresh = 0;
  return self->func (&window, self->user_data);
}

GstFlowReturn
gst_asd_windower_finish (GstAsdWindower * self)
{
  GstFlowReturn ret = GST_FLOW_OK;

  if (self->window == 0 && self->fill > 0)
    ret = emit (self, FALSE);
  else if (self->fresh > 0)
    self->dropped++;
  gst_asd_windower_reset (self);
  return ret;
}

/* Keeps what the next window shares with the one just handed on. */
static void
advance (GstAsdWindower * self)
{
  gsize keep = 0;

  if (self->interval < self->window) {
    keep = self->window - self->interval;
    self->start = time_of_index (self, self->index - keep);
    memmove (self->samples, self->samples + self->interval,
        keep * sizeof (gfloat));
  } else {
    self->skip = self->interval - self->window;
  }
  self->fill = keep;
}

static void
grow (GstAsdWindower * self, gsize size)
{
  if (size <= self->capacity)
    return;
  self->capacity = MIN (MAX (size, 2 * self->capacity), self->max_window);
  self->samples = g_renew (gfloat, self->samples, self->capacity);
}

static GstFlowReturn
collect (GstAsdWindower * self, const gfloat *samples, gsize n)
{
  GstFlowReturn ret = GST_FLOW_OK;
  gsize limit = self->window > 0 ? self->window : self->max_window;

  while (n > 0 && ret == GST_FLOW_OK) {
    gsize take = MIN (n, self->skip);

    if (take > 0) {
      self->skip -= take;
    } else {
      /* A whole clip is cut only if there is more of it. */
      if (self->fill == limit) {
        ret = emit (self, TRUE);
        self->fill = 0;
      }
      if (self->fill == 0)
        self->start = time_of_index (self, self->index);
      take = MIN (n, limit - self->fill);
      grow (self, self->fill + take);
      memcpy (self->samples + self->fill, samples, take * sizeof (gfloat));
      self->fill += take;
      self->fresh += take;
    }
    self->index += take;
    samples += take;
    n -= take;

    if (self->fill == self->window) {
      ret = emit (self, FALSE);
      advance (self);
    }
  }
  return ret;
}

static gboolean
is_missing_something (GstAsdWindower * self, GstBuffer * buffer)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)
      || GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP))
    return TRUE;
  return GST_CLOCK_TIME_IS_VALID (pts)
      && ABS (GST_CLOCK_DIFF (self->next_time, pts)) > JITTER;
}

static void
follow_clock (GstAsdWindower * self, GstClockTime pts, gsize n)
{
  if (!self->in_clip) {
    self->anchor_time = GST_CLOCK_TIME_IS_VALID (pts) ? pts : 0;
    self->anchor_index = self->index;
    self->next_time = self->anchor_time;
    self->in_clip = TRUE;
  } else if (GST_CLOCK_TIME_IS_VALID (pts)) {
    if (ABS (GST_CLOCK_DIFF (time_of_index (self, self->index), pts))
        > MAX_DRIFT) {
      self->anchor_time = pts;
      self->anchor_index = self->index;
    }
    self->next_time = pts;
  }
  self->next_time += to_time (n, self->rate);
}

GstFlowReturn
gst_asd_windower_push (GstAsdWindower * self, GstBuffer * buffer)
{
  GstFlowReturn ret = GST_FLOW_OK;
  GstMapInfo map;
  gsize n;

  g_return_val_if_fail (self->rate > 0, GST_FLOW_NOT_NEGOTIATED);

  if (self->in_clip && is_missing_something (self, buffer))
    ret = gst_asd_windower_finish (self);
  if (ret != GST_FLOW_OK || GST_BUFFER_FLAG_IS_SET (buffer,
          GST_BUFFER_FLAG_GAP))
    return ret;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  n = map.size / sizeof (gfloat);
  if (n > 0) {
    follow_clock (self, GST_BUFFER_PTS (buffer), n);
    ret = collect (self, (const gfloat *) map.data, n);
  }
  gst_buffer_unmap (buffer, &map);
  return ret;
}
