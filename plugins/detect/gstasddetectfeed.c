/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What feeds the branch of asddetect, in the thread of its queue. */

#include "gstasddetect.h"

#include <gst/asd/asd.h>

GST_DEBUG_CATEGORY_EXTERN (gst_asd_detect_debug);
#define GST_CAT_DEFAULT gst_asd_detect_debug

/* Chooses the channel, and warns of a band that is missing. */
static GstPadProbeReturn
take_caps (GstAsdDetect * self, GstEvent * event)
{
  GstAsdDetector *detector = self->detector;
  GError *error = NULL;
  GstAudioInfo info;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  if (!gst_audio_info_from_caps (&info, caps))
    return GST_PAD_PROBE_OK;
  gst_asd_grid_set_format (&self->grid, &info);
  self->new_format = TRUE;
  self->resampled = info.rate != detector->rate;
  if (!gst_asd_detector_set_format (detector, &info, &error)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", error->message), (NULL));
    g_clear_error (&error);
    return GST_PAD_PROBE_DROP;
  }
  if (info.rate < detector->rate)
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("The sound comes at %d Hz, so there is nothing between %d and %d Hz, "
            "where the model listens: use a source with %d Hz or more, or "
            "train on the sound of this one", info.rate, info.rate / 2,
            detector->rate / 2, detector->rate), (NULL));
  return GST_PAD_PROBE_OK;
}

/* A resampler counts, and takes a clock that drifts away from the count for a
 * loss. So it gets a time only where windows begin afresh; give_time() adds the
 * drift behind it. */
static GstBuffer *
take_time (GstAsdDetect * self, GstBuffer * buffer)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  buffer = gst_buffer_make_writable (buffer);
  if (self->grid.count == 0) {
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    self->start = pts;
    self->fresh = TRUE;
    return buffer;
  }
  if (GST_CLOCK_TIME_IS_VALID (self->start) && GST_CLOCK_TIME_IS_VALID (pts))
    self->drift = GST_CLOCK_DIFF (self->start +
        gst_util_uint64_scale_round (self->grid.count, GST_SECOND,
            self->grid.rate), pts);
  GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_NONE;
  return buffer;
}

static GstPadProbeReturn
give_time (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstAsdDetect *self = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  if (!self->resampled)
    return GST_PAD_PROBE_OK;
  buffer = gst_buffer_make_writable (buffer);
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT)) {
    /* It says so, too, where an input was too short to give output. */
    if (self->fresh)
      self->drift = 0;
    else
      GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_DISCONT);
    self->fresh = FALSE;
  }
  if (GST_BUFFER_PTS_IS_VALID (buffer))
    GST_BUFFER_PTS (buffer) = MAX (self->drift +
        (GstClockTimeDiff) GST_BUFFER_PTS (buffer), 0);
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

/* All that the detector gets: the grid has to see what it sees. */
static GstPadProbeReturn
take_input (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstAsdDetect *self = user_data;
  GstBuffer *buffer;
  GstEvent *event;
  guint64 n;

  if (!(info->type & GST_PAD_PROBE_TYPE_BUFFER)) {
    event = GST_PAD_PROBE_INFO_EVENT (info);
    if (gst_asd_grid_is_break (event))
      gst_asd_grid_reset (&self->grid);
    return GST_EVENT_TYPE (event) == GST_EVENT_CAPS ? take_caps (self, event) :
        GST_PAD_PROBE_OK;
  }
  buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  if (self->new_format) {
    /* No window is of two formats, though the branch converts them to one. */
    buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    GST_PAD_PROBE_INFO_DATA (info) = buffer;
    self->new_format = FALSE;
  }
  n = gst_asd_grid_enter (&self->grid, buffer);
  if (self->resampled)
    GST_PAD_PROBE_INFO_DATA (info) = take_time (self, buffer);
  gst_asd_grid_advance (&self->grid, n);
  return GST_PAD_PROBE_OK;
}

/* A window counts for alarms only where the sensor was in order. */
static gboolean
is_heard_well (GstAsdDetect * self, GstBuffer * score)
{
  GstClockTime running_time = GST_CLOCK_TIME_NONE;
  gboolean well;

  gst_structure_get_uint64 (gst_asd_buffer_get_score (score), "running-time",
      &running_time);
  g_mutex_lock (&self->lock);
  well = !self->sensor_faulty && (!GST_CLOCK_TIME_IS_VALID (running_time)
      || running_time >= self->sensor_ok_from);
  g_mutex_unlock (&self->lock);
  return well;
}

/* Before asdalarm; in the thread of the recipe's last element. */
static GstPadProbeReturn
take_window (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstAsdDetect *self = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  if (gst_asd_buffer_get_score (buffer) == NULL)
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&self->lock);
  gst_buffer_replace (&self->score, buffer);
  g_mutex_unlock (&self->lock);
  return is_heard_well (self, buffer) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

static GstPadProbeReturn
take_end (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GstAsdDetect *self = user_data;

  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS)
    gst_asd_detect_set_flag (self, &self->ended, TRUE);
  return GST_PAD_PROBE_OK;
}

void
gst_asd_detect_attach (GstAsdDetect * self, GstAsdDetector * detector)
{
  GstPad *pad = gst_element_get_static_pad (self->queue, "src");

  gst_pad_add_probe (detector->sink, GST_PAD_PROBE_TYPE_BUFFER |
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      take_input, self, NULL);
  gst_pad_add_probe (detector->audio, GST_PAD_PROBE_TYPE_BUFFER, give_time,
      self, NULL);
  gst_pad_add_probe (detector->scores, GST_PAD_PROBE_TYPE_BUFFER, take_window,
      self, NULL);
  gst_pad_add_probe (detector->end, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      take_end, self, NULL);
  gst_bin_add (GST_BIN (self), detector->bin);
  gst_pad_link (pad, detector->sink);
  gst_object_unref (pad);
  self->detector = detector;

  g_mutex_lock (&self->lock);
  g_free (self->path);
  self->path = g_strdup (detector->path);
  self->model_rate = detector->rate;
  self->window = detector->window;
  self->interval = detector->interval;
  self->sensor_faulty = FALSE;
  self->sensor_ok_from = 0;
  g_mutex_unlock (&self->lock);
  gst_asd_detect_update_windows (self, &self->grid);
  gst_asd_grid_reset (&self->grid);
}

void
gst_asd_detect_detach (GstAsdDetect * self)
{
  GstPad *pad = gst_element_get_static_pad (self->queue, "src");
  GstAsdDetector *detector = g_steal_pointer (&self->detector);

  gst_pad_unlink (pad, detector->sink);
  gst_object_unref (pad);
  gst_element_set_locked_state (detector->bin, TRUE);
  gst_element_set_state (detector->bin, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (self), detector->bin);
  gst_asd_detector_free (detector);
}

GstAsdDetector *
gst_asd_detect_take_next (GstAsdDetect * self)
{
  GstAsdDetector *next;

  g_mutex_lock (&self->lock);
  next = g_steal_pointer (&self->next);
  g_mutex_unlock (&self->lock);
  return next;
}

/* Lets the old detector finish and puts the next one in its place. */
static void
change_detector (GstAsdDetect * self, GstPad * pad)
{
  GstAsdDetector *next = gst_asd_detect_take_next (self);
  GstCaps *caps = gst_pad_get_current_caps (pad);
  GError *error = NULL;
  GstAudioInfo info;

  if (caps != NULL && gst_audio_info_from_caps (&info, caps)
      && !gst_asd_detector_set_format (next, &info, &error)) {
    gst_asd_detect_refuse (self, next->path, error);
    g_clear_error (&error);
    gst_asd_detector_free (next);
  } else {
    GST_INFO_OBJECT (self, "%s follows %s", next->path, self->detector->path);
    gst_pad_send_event (self->detector->sink, gst_event_new_eos ());
    gst_asd_detect_wait_for_end (self);
    gst_asd_detect_detach (self);
    gst_asd_detect_set_flag (self, &self->ended, FALSE);
    gst_asd_detect_attach (self, next);
    gst_element_sync_state_with_parent (next->bin);
  }
  gst_clear_caps (&caps);
}

/* Cuts a buffer in two; takes it and returns what is behind the cut. */
static GstBuffer *
cut (GstBuffer * buffer, const GstAsdGrid * grid, guint64 samples,
    GstBuffer ** head)
{
  GstClockTime length = gst_util_uint64_scale_round (samples, GST_SECOND,
      grid->rate);

  *head = gst_audio_buffer_truncate (gst_buffer_copy (buffer), grid->bpf, 0,
      samples);
  GST_BUFFER_DURATION (*head) = length;
  buffer = gst_audio_buffer_truncate (buffer, grid->bpf, samples, -1);
  if (GST_BUFFER_PTS_IS_VALID (*head))
    GST_BUFFER_PTS (buffer) = GST_BUFFER_PTS (*head) + length;
  GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
  return buffer;
}

GstPadProbeReturn
gst_asd_detect_leave_queue (GstPad * pad, GstPadProbeInfo * info,
    gpointer user_data)
{
  GstAsdDetect *self = user_data;
  GstBuffer *head, *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  guint64 n, to_end;
  gboolean waiting;

  g_mutex_lock (&self->lock);
  waiting = self->next != NULL;
  g_mutex_unlock (&self->lock);
  if (!waiting)
    return GST_PAD_PROBE_OK;

  n = gst_asd_grid_enter (&self->grid, buffer);
  to_end = gst_asd_grid_to_end (&self->grid);
  if (to_end >= MAX (n, 1))
    return GST_PAD_PROBE_OK;
  if (to_end > 0) {
    GST_PAD_PROBE_INFO_DATA (info) = cut (buffer, &self->grid, to_end, &head);
    gst_pad_chain (self->detector->sink, head);
  }
  change_detector (self, pad);
  return GST_PAD_PROBE_OK;
}
