/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdbranch.h"

GstAsdBranch *
gst_asd_branch_new (void)
{
  GstAsdBranch *branch = g_new0 (GstAsdBranch, 1);

  g_queue_init (&branch->queue);
  gst_asd_branch_clear (branch);
  return branch;
}

static void
free_item (gpointer data)
{
  GstAsdBranchItem *item = data;

  gst_clear_buffer (&item->buffer);
  gst_clear_event (&item->event);
  g_free (item);
}

void
gst_asd_branch_clear (GstAsdBranch * branch)
{
  g_queue_clear_full (&branch->queue, free_item);
  branch->n_windows = 0;
  branch->progress = 0;
  branch->left = 0;
  branch->eos = FALSE;
  gst_segment_init (&branch->segment, GST_FORMAT_TIME);
}

void
gst_asd_branch_free (GstAsdBranch * branch)
{
  gst_asd_branch_clear (branch);
  gst_clear_caps (&branch->caps);
  g_free (branch);
}

void
gst_asd_branch_push_window (GstAsdBranch * branch, GstBuffer * buffer)
{
  GstClockTime start = gst_segment_to_running_time (&branch->segment,
      GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  GstAsdBranchItem *item;

  if (!GST_CLOCK_TIME_IS_VALID (start)
      || !GST_BUFFER_DURATION_IS_VALID (buffer)) {
    GST_WARNING_OBJECT (branch->pad, "without time: %" GST_PTR_FORMAT, buffer);
    gst_buffer_unref (buffer);
    return;
  }
  item = g_new0 (GstAsdBranchItem, 1);
  item->buffer = buffer;
  item->start = start;
  item->end = start + GST_BUFFER_DURATION (buffer);
  branch->length = GST_BUFFER_DURATION (buffer);
  branch->progress = MAX (branch->progress, item->end);
  branch->n_windows++;
  g_queue_push_tail (&branch->queue, item);
}

void
gst_asd_branch_push_event (GstAsdBranch * branch, GstEvent * event)
{
  GstAsdBranchItem *item = g_new0 (GstAsdBranchItem, 1);

  item->event = event;
  g_queue_push_tail (&branch->queue, item);
}

void
gst_asd_branch_skip_gap (GstAsdBranch * branch, GstEvent * event)
{
  GstClockTime time, duration;

  gst_event_parse_gap (event, &time, &duration);
  if (GST_CLOCK_TIME_IS_VALID (duration))
    time += duration;
  time = gst_segment_to_running_time (&branch->segment, GST_FORMAT_TIME, time);
  if (GST_CLOCK_TIME_IS_VALID (time))
    branch->progress = MAX (branch->progress, time);
}

GstAsdBranchItem *
gst_asd_branch_peek_window (GstAsdBranch * branch)
{
  GstAsdBranchItem *head = g_queue_peek_head (&branch->queue);

  return head != NULL && head->buffer != NULL ? head : NULL;
}

GstEvent *
gst_asd_branch_peek_event (GstAsdBranch * branch)
{
  GstAsdBranchItem *head = g_queue_peek_head (&branch->queue);

  return head != NULL ? head->event : NULL;
}

void
gst_asd_branch_drop_head (GstAsdBranch * branch)
{
  GstAsdBranchItem *head = g_queue_pop_head (&branch->queue);

  if (head->buffer != NULL) {
    branch->n_windows--;
    branch->left = head->end;
  }
  free_item (head);
}

gboolean
gst_asd_branch_is_clip_end (GstEvent * event)
{
  return GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START
      || gst_event_has_name (event, "asd-clip");
}

gboolean
gst_asd_branch_has_ended (GstAsdBranch * branch)
{
  GstEvent *event = gst_asd_branch_peek_event (branch);

  return g_queue_is_empty (&branch->queue) ? branch->eos :
      event != NULL && gst_asd_branch_is_clip_end (event);
}

static gboolean
is_clip_end (const GstAsdBranchItem * item)
{
  return item->event != NULL && gst_asd_branch_is_clip_end (item->event);
}

gboolean
gst_asd_branch_is_complete (GstAsdBranch * branch, GstClockTime end)
{
  GList *l;

  if (branch->eos || branch->progress >= end)
    return TRUE;
  for (l = branch->queue.head; l != NULL; l = l->next)
    if (is_clip_end (l->data))
      return TRUE;
  return FALSE;
}

GPtrArray *
gst_asd_branch_collect (GstAsdBranch * branch, GstClockTime end)
{
  GPtrArray *windows = NULL;
  GList *l;

  for (l = branch->queue.head; l != NULL && !is_clip_end (l->data); l = l->next) {
    GstAsdBranchItem *item = l->data;

    if (item->buffer == NULL || item->end > end)
      continue;
    if (windows == NULL)
      windows = g_ptr_array_new_with_free_func ((GDestroyNotify)
          gst_buffer_unref);
    g_ptr_array_add (windows, gst_buffer_ref (item->buffer));
    item->used = TRUE;
  }
  return windows;
}

void
gst_asd_branch_describe (GstAsdBranch * branch, GString * text)
{
  g_string_append_printf (text,
      "%s has %u windows waiting, of %g s each, up to " "%g s",
      GST_PAD_NAME (branch->pad), branch->n_windows,
      branch->length / (gdouble) GST_SECOND,
      branch->progress / (gdouble) GST_SECOND);
}
