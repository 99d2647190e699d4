/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdjoin.h"
#include "gstasdutils.h"

static void
clear_pending (GstAsdJoin * join)
{
  g_list_free_full (join->pending, (GDestroyNotify) gst_event_unref);
  join->pending = NULL;
}

void
gst_asd_join_init (GstAsdJoin * join, GstAsdJoiner * joiner)
{
  join->joiner = joiner;
  join->branches = g_ptr_array_new_with_free_func ((GDestroyNotify)
      gst_asd_branch_free);
  gst_segment_init (&join->segment, GST_FORMAT_TIME);
}

void
gst_asd_join_clear (GstAsdJoin * join)
{
  clear_pending (join);
  g_ptr_array_unref (join->branches);
  g_free (join->stream_id);
}

GstAsdBranch *
gst_asd_join_get_branch (GstAsdJoin * join, guint i)
{
  return g_ptr_array_index (join->branches, i);
}

void
gst_asd_join_reset (GstAsdJoin * join)
{
  guint i;

  for (i = 0; i < join->branches->len; i++)
    gst_asd_branch_clear (gst_asd_join_get_branch (join, i));
  clear_pending (join);
  gst_segment_init (&join->segment, GST_FORMAT_TIME);
  join->eos = FALSE;
  join->flow = GST_FLOW_OK;
}

/* Returns NULL where the caps cannot be told yet, or not at all. */
static GstCaps *
negotiate (GstAsdJoin * join)
{
  GstAsdJoinerClass *klass = GST_ASD_JOINER_GET_CLASS (join->joiner);
  guint i, n = join->branches->len;
  GstCaps **in = g_new (GstCaps *, n);
  GstCaps *caps = NULL;

  for (i = 0; i < n; i++)
    in[i] = gst_asd_join_get_branch (join, i)->caps;
  for (i = 0; i < n && in[i] != NULL; i++);
  if (i == n)
    caps = klass->negotiate (join->joiner, in, n);
  g_free (in);
  return caps;
}

/* Caps come before segments: sends both where the caps can be told. */
static gboolean
send_pending (GstAsdJoin * join)
{
  GstCaps *caps;

  if (join->renegotiate) {
    caps = negotiate (join);
    if (caps == NULL)
      return FALSE;
    join->renegotiate = FALSE;
    gst_pad_push_event (join->srcpad, gst_event_new_caps (caps));
    gst_caps_unref (caps);
  }
  while (join->pending != NULL) {
    gst_pad_push_event (join->srcpad, join->pending->data);
    join->pending = g_list_delete_link (join->pending, join->pending);
  }
  return TRUE;
}

void
gst_asd_join_forward_event (GstAsdJoin * join, GstEvent * event)
{
  const gchar *stream_id;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      gst_event_parse_stream_start (event, &stream_id);
      g_free (join->stream_id);
      join->stream_id = g_strdup (stream_id);
      send_pending (join);
      clear_pending (join);
      gst_pad_push_event (join->srcpad, event);
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &join->segment);
      join->pending = g_list_append (join->pending, event);
      break;
    default:
      join->pending = g_list_append (join->pending, event);
      break;
  }
}

/* Handles the events at the head of a queue that end no clip. */
static void
take_events (GstAsdJoin * join, GstAsdBranch * branch)
{
  GstEvent *event;
  GstCaps *caps;

  while ((event = gst_asd_branch_peek_event (branch)) != NULL
      && !gst_asd_branch_is_clip_end (event)) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
      gst_event_parse_caps (event, &caps);
      join->renegotiate |= branch->caps == NULL
          || !gst_caps_is_equal (caps, branch->caps);
      gst_caps_replace (&branch->caps, caps);
    } else if (branch == gst_asd_join_get_branch (join, 0)) {
      gst_asd_join_forward_event (join, gst_event_ref (event));
    }
    gst_asd_branch_drop_head (branch);
  }
}

/* What a branch has to say of a window, or NULL. */
static GPtrArray *
collect_part (GstAsdJoin * join, GstAsdBranch * branch, GstClockTime start,
    GstClockTime end)
{
  GstAsdBranchItem *item;

  for (take_events (join, branch);
      (item = gst_asd_branch_peek_window (branch)) != NULL
      && item->start < start; take_events (join, branch))
    gst_asd_branch_drop_head (branch);
  return gst_asd_branch_collect (branch, end);
}

/* A window as the first pad counts its times. */
static void
describe_window (GstAsdJoin * join, const GstAsdBranchItem * item,
    GstAsdJoinerWindow * window)
{
  window->timestamp = gst_segment_position_from_running_time (&join->segment,
      GST_FORMAT_TIME, item->start);
  window->duration = item->end - item->start;
  window->segment = &join->segment;
  window->stream_id = join->stream_id;
}

static void
skip_window (GstAsdJoin * join, const GstAsdBranchItem * item,
    GstAsdBranch * missing)
{
  GstAsdJoinerWindow window;
  gchar *reason;

  describe_window (join, item, &window);
  reason = g_strdup_printf ("%s has nothing for it: give all branches the same "
      "audio, and see whether one of them left it out",
      GST_PAD_NAME (missing->pad));
  gst_asd_element_skip_window_of_stream (GST_ELEMENT (join->joiner),
      window.stream_id, window.timestamp, reason);
  g_free (reason);
}

static void
join_parts (GstAsdJoin * join, const GstAsdBranchItem * item,
    GPtrArray ** parts)
{
  GstAsdJoinerClass *klass = GST_ASD_JOINER_GET_CLASS (join->joiner);
  GstAsdJoinerWindow window;
  GstBuffer *out = NULL;

  if (!send_pending (join)) {
    join->flow = GST_FLOW_NOT_NEGOTIATED;
    return;
  }
  describe_window (join, item, &window);
  join->flow = klass->join (join->joiner, &window, parts, join->branches->len,
      &out);
  if (out == NULL)
    return;
  GST_BUFFER_PTS (out) = window.timestamp;
  GST_BUFFER_DURATION (out) = window.duration;
  join->flow = gst_pad_push (join->srcpad, out);
}

/* Joins what the branches have for a window at the head of owner. */
static void
join_window (GstAsdJoin * join, GstAsdBranch * owner)
{
  guint i, n = join->branches->len;
  GPtrArray **parts = g_new0 (GPtrArray *, n);
  GstAsdBranchItem *item = gst_asd_branch_peek_window (owner);
  GstAsdBranch *missing = NULL;

  for (i = 0; i < n; i++) {
    GstAsdBranch *branch = gst_asd_join_get_branch (join, i);

    parts[i] = collect_part (join, branch, item->start, item->end);
    if (parts[i] == NULL && missing == NULL)
      missing = branch;
  }
  if (missing != NULL)
    skip_window (join, item, missing);
  else
    join_parts (join, item, parts);
  for (i = 0; i < n; i++)
    g_clear_pointer (&parts[i], g_ptr_array_unref);
  g_free (parts);
  gst_asd_branch_drop_head (owner);
}

/* Drops what is left of a clip that has ended on a branch. There may be a rest
 * that is too short for one more window there; else it had to have something. */
static void
drop_rest (GstAsdJoin * join, GstAsdBranch * ended)
{
  guint i;

  for (i = 0; i < join->branches->len; i++) {
    GstAsdBranch *branch = gst_asd_join_get_branch (join, i);
    GstAsdBranchItem *item;

    for (; (item = gst_asd_branch_peek_window (branch)) != NULL;
        gst_asd_branch_drop_head (branch)) {
      if (!item->used && item->end >= ended->left + ended->length)
        skip_window (join, item, ended);
      else
        GST_DEBUG_OBJECT (branch->pad, "rest %" GST_PTR_FORMAT, item->buffer);
    }
  }
}

/* All branches have ended the clip. */
static void
end_clip (GstAsdJoin * join)
{
  guint i;

  for (i = 0; i < join->branches->len; i++) {
    GstAsdBranch *branch = gst_asd_join_get_branch (join, i);
    GstEvent *event = gst_asd_branch_peek_event (branch);

    if (event == NULL)
      continue;
    if (i == 0)
      gst_asd_join_forward_event (join, gst_event_ref (event));
    gst_asd_branch_drop_head (branch);
  }
}

static void
end_stream (GstAsdJoin * join)
{
  send_pending (join);
  if (!join->eos)
    gst_pad_push_event (join->srcpad, gst_event_new_eos ());
  join->eos = TRUE;
}

/* Has each branch something to say up to a running time? */
static gboolean
is_complete (GstAsdJoin * join, GstClockTime end)
{
  guint i;

  for (i = 0; i < join->branches->len; i++) {
    GstAsdBranch *branch = gst_asd_join_get_branch (join, i);

    if (g_queue_is_empty (&branch->queue)
        || !gst_asd_branch_is_complete (branch, end))
      return FALSE;
  }
  return TRUE;
}

/* Returns FALSE where it has to wait for more. */
static gboolean
step (GstAsdJoin * join)
{
  gboolean all_ended = TRUE, all_eos = TRUE;
  GstAsdBranch *ended = NULL, *owner = NULL;
  GstAsdBranchItem *longest = NULL, *item;
  guint i;

  for (i = 0; i < join->branches->len; i++) {
    GstAsdBranch *branch = gst_asd_join_get_branch (join, i);

    take_events (join, branch);
    all_eos = all_eos && branch->eos && g_queue_is_empty (&branch->queue);
    all_ended = all_ended && gst_asd_branch_has_ended (branch);
    if (ended == NULL && gst_asd_branch_has_ended (branch))
      ended = branch;
    item = gst_asd_branch_peek_window (branch);
    if (item != NULL && (longest == NULL
            || item->end - item->start > longest->end - longest->start)) {
      longest = item;
      owner = branch;
    }
  }
  if (all_eos) {
    end_stream (join);
    return FALSE;
  }
  if (all_ended) {
    end_clip (join);
    return TRUE;
  }
  if (ended != NULL) {
    drop_rest (join, ended);
    return longest != NULL;
  }
  if (longest == NULL || !is_complete (join, longest->end))
    return FALSE;
  join_window (join, owner);
  return TRUE;
}

GstFlowReturn
gst_asd_join_advance (GstAsdJoin * join)
{

  while (join->flow == GST_FLOW_OK && join->n_flushing == 0
      && join->branches->len > 0 && step (join));
  return join->n_flushing > 0 ? GST_FLOW_FLUSHING : join->flow;
}
