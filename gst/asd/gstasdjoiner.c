/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdjoiner.h"
#include "gstasdbranch.h"
#include "gstasdutils.h"

#include <stdio.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_joiner_debug);
#define GST_CAT_DEFAULT gst_asd_joiner_debug

typedef struct
{
  GstPad *srcpad;

  /* All below belongs to who has the stream lock of srcpad. */
  GPtrArray *branches;          /* GstAsdBranch, by index */
  guint n_flushing;

  GstSegment segment;           /* of the output */
  gchar *stream_id;
  GList *pending;               /* events to send behind the caps */
  gboolean renegotiate;
  gboolean eos;
  GstFlowReturn flow;
} GstAsdJoinerPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (GstAsdJoiner, gst_asd_joiner,
    GST_TYPE_ELEMENT, G_ADD_PRIVATE (GstAsdJoiner);
    GST_DEBUG_CATEGORY_INIT (gst_asd_joiner_debug, "asdjoiner", 0,
        "branches joined window by window"));

#define GET_PRIVATE(self) gst_asd_joiner_get_instance_private (self)

static GstAsdBranch *
get_branch (GstAsdJoinerPrivate * priv, guint i)
{
  return g_ptr_array_index (priv->branches, i);
}

static void
clear_pending (GstAsdJoinerPrivate * priv)
{
  g_list_free_full (priv->pending, (GDestroyNotify) gst_event_unref);
  priv->pending = NULL;
}

static void
reset_stream (GstAsdJoinerPrivate * priv)
{
  guint i;

  for (i = 0; i < priv->branches->len; i++)
    gst_asd_branch_clear (get_branch (priv, i));
  clear_pending (priv);
  gst_segment_init (&priv->segment, GST_FORMAT_TIME);
  priv->eos = FALSE;
  priv->flow = GST_FLOW_OK;
}

const gchar *
gst_asd_joiner_get_pad_name (GstAsdJoiner * self, guint i)
{
  return GST_PAD_NAME (get_branch (GET_PRIVATE (self), i)->pad);
}

/* Caps come before segments: sends both where the caps can be told. */
static gboolean
send_pending (GstAsdJoiner * self)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  guint i, n = priv->branches->len;
  GstCaps **in, *caps;

  if (priv->renegotiate) {
    in = g_new (GstCaps *, n);
    for (i = 0; i < n; i++)
      in[i] = get_branch (priv, i)->caps;
    for (i = 0; i < n && in[i] != NULL; i++);
    caps = i == n ? GST_ASD_JOINER_GET_CLASS (self)->negotiate (self, in, n) :
        NULL;
    g_free (in);
    if (caps == NULL)
      return FALSE;
    priv->renegotiate = FALSE;
    gst_pad_push_event (priv->srcpad, gst_event_new_caps (caps));
    gst_caps_unref (caps);
  }
  while (priv->pending != NULL) {
    gst_pad_push_event (priv->srcpad, priv->pending->data);
    priv->pending = g_list_delete_link (priv->pending, priv->pending);
  }
  return TRUE;
}

/* Takes an event of the first branch, in the order of the output. */
static void
forward_event (GstAsdJoiner * self, GstEvent * event)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  const gchar *stream_id;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      gst_event_parse_stream_start (event, &stream_id);
      g_free (priv->stream_id);
      priv->stream_id = g_strdup (stream_id);
      send_pending (self);
      clear_pending (priv);
      gst_pad_push_event (priv->srcpad, event);
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &priv->segment);
      priv->pending = g_list_append (priv->pending, event);
      break;
    default:
      priv->pending = g_list_append (priv->pending, event);
      break;
  }
}

/* Handles the events at the head of a queue that end no clip. */
static void
take_events (GstAsdJoiner * self, GstAsdBranch * branch)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  GstEvent *event;
  GstCaps *caps;

  while ((event = gst_asd_branch_peek_event (branch)) != NULL
      && !gst_asd_branch_is_clip_end (event)) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
      gst_event_parse_caps (event, &caps);
      priv->renegotiate |= branch->caps == NULL
          || !gst_caps_is_equal (caps, branch->caps);
      gst_caps_replace (&branch->caps, caps);
    } else if (branch == get_branch (priv, 0)) {
      forward_event (self, gst_event_ref (event));
    }
    gst_asd_branch_drop_head (branch);
  }
}

/* What a branch has to say of a window, or NULL. */
static GPtrArray *
collect_part (GstAsdJoiner * self, GstAsdBranch * branch, GstClockTime start,
    GstClockTime end)
{
  GstAsdBranchItem *item;

  for (take_events (self, branch);
      (item = gst_asd_branch_peek_window (branch)) != NULL
      && item->start < start; take_events (self, branch))
    gst_asd_branch_drop_head (branch);
  return gst_asd_branch_collect (branch, end);
}

/* A window as the first pad counts its times. */
static void
describe_window (GstAsdJoinerPrivate * priv, const GstAsdBranchItem * item,
    GstAsdJoinerWindow * window)
{
  window->timestamp = gst_segment_position_from_running_time (&priv->segment,
      GST_FORMAT_TIME, item->start);
  window->duration = item->end - item->start;
  window->segment = &priv->segment;
  window->stream_id = priv->stream_id;
}

static void
skip_window (GstAsdJoiner * self, const GstAsdBranchItem * item,
    GstAsdBranch * missing)
{
  GstAsdJoinerWindow window;
  gchar *reason;

  describe_window (GET_PRIVATE (self), item, &window);
  reason = g_strdup_printf ("%s has nothing for it: give all branches the same "
      "audio, and see whether one of them left it out",
      GST_PAD_NAME (missing->pad));
  gst_asd_element_skip_window_of_stream (GST_ELEMENT (self), window.stream_id,
      window.timestamp, reason);
  g_free (reason);
}

static void
join_parts (GstAsdJoiner * self, const GstAsdBranchItem * item,
    GPtrArray ** parts)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  GstAsdJoinerWindow window;
  GstBuffer *out = NULL;

  if (!send_pending (self)) {
    priv->flow = GST_FLOW_NOT_NEGOTIATED;
    return;
  }
  describe_window (priv, item, &window);
  priv->flow = GST_ASD_JOINER_GET_CLASS (self)->join (self, &window, parts,
      priv->branches->len, &out);
  if (out == NULL)
    return;
  GST_BUFFER_PTS (out) = window.timestamp;
  GST_BUFFER_DURATION (out) = window.duration;
  priv->flow = gst_pad_push (priv->srcpad, out);
}

/* Joins what the branches have for a window at the head of owner. */
static void
join_window (GstAsdJoiner * self, GstAsdBranch * owner)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  guint i, n = priv->branches->len;
  GPtrArray **parts = g_new0 (GPtrArray *, n);
  GstAsdBranchItem *item = gst_asd_branch_peek_window (owner);
  GstAsdBranch *missing = NULL;

  for (i = 0; i < n; i++) {
    parts[i] = collect_part (self, get_branch (priv, i), item->start,
        item->end);
    if (parts[i] == NULL && missing == NULL)
      missing = get_branch (priv, i);
  }
  if (missing != NULL)
    skip_window (self, item, missing);
  else
    join_parts (self, item, parts);
  for (i = 0; i < n; i++)
    g_clear_pointer (&parts[i], g_ptr_array_unref);
  g_free (parts);
  gst_asd_branch_drop_head (owner);
}

/* Drops what is left of a clip that has ended on a branch. There may be a rest
 * that is too short for that branch; else it had to have something. */
static void
drop_rest (GstAsdJoiner * self, GstAsdBranch * ended)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  guint i;

  for (i = 0; i < priv->branches->len; i++) {
    GstAsdBranch *branch = get_branch (priv, i);
    GstAsdBranchItem *item;

    for (; (item = gst_asd_branch_peek_window (branch)) != NULL;
        gst_asd_branch_drop_head (branch)) {
      if (!item->used && item->end - item->start >= ended->length)
        skip_window (self, item, ended);
      else
        GST_DEBUG_OBJECT (branch->pad, "rest %" GST_PTR_FORMAT, item->buffer);
    }
  }
}

/* All branches have ended the clip. */
static void
end_clip (GstAsdJoiner * self)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  guint i;

  for (i = 0; i < priv->branches->len; i++) {
    GstAsdBranch *branch = get_branch (priv, i);
    GstEvent *event = gst_asd_branch_peek_event (branch);

    if (event == NULL)
      continue;
    if (i == 0)
      forward_event (self, gst_event_ref (event));
    gst_asd_branch_drop_head (branch);
  }
}

static void
end_stream (GstAsdJoiner * self)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);

  send_pending (self);
  if (!priv->eos)
    gst_pad_push_event (priv->srcpad, gst_event_new_eos ());
  priv->eos = TRUE;
}

/* Returns FALSE where it has to wait for more. */
static gboolean
step (GstAsdJoiner * self)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  gboolean all_ended = TRUE, all_eos = TRUE;
  GstAsdBranch *ended = NULL, *owner = NULL;
  GstAsdBranchItem *longest = NULL, *item;
  guint i;

  for (i = 0; i < priv->branches->len; i++) {
    GstAsdBranch *branch = get_branch (priv, i);

    take_events (self, branch);
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
    end_stream (self);
    return FALSE;
  }
  if (all_ended) {
    end_clip (self);
    return TRUE;
  }
  if (ended != NULL) {
    drop_rest (self, ended);
    return longest != NULL;
  }
  for (i = 0; i < priv->branches->len; i++)
    if (longest == NULL || g_queue_is_empty (&get_branch (priv, i)->queue)
        || !gst_asd_branch_is_complete (get_branch (priv, i), longest->end))
      return FALSE;
  join_window (self, owner);
  return TRUE;
}

/* With the stream lock of srcpad. */
static GstFlowReturn
advance (GstAsdJoiner * self)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);

  while (priv->flow == GST_FLOW_OK && priv->n_flushing == 0
      && priv->branches->len > 0 && step (self));
  return priv->n_flushing > 0 ? GST_FLOW_FLUSHING : priv->flow;
}

/* The queues must not grow for ever behind a branch that hangs. */
static GstFlowReturn
fail_overrun (GstAsdJoiner * self, GstAsdBranch * ahead)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  GstAsdBranch *behind = NULL;
  GString *text = g_string_new ("The branches do not keep together: ");
  guint i;

  for (i = 0; i < priv->branches->len; i++) {
    GstAsdBranch *branch = get_branch (priv, i);

    if (branch != ahead && (behind == NULL
            || branch->progress < behind->progress))
      behind = branch;
  }
  gst_asd_branch_describe (ahead, text);
  g_string_append (text, "; ");
  gst_asd_branch_describe (behind, text);
  g_string_append (text,
      ": give both the same audio, and windows whose lengths " "differ less");
  GST_ELEMENT_ERROR (self, STREAM, FAILED, ("%s", text->str), (NULL));
  g_string_free (text, TRUE);
  return priv->flow = GST_FLOW_ERROR;
}

static GstFlowReturn
gst_asd_joiner_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstAsdJoiner *self = GST_ASD_JOINER (parent);
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  GstAsdBranch *branch = gst_pad_get_element_private (pad);
  GstFlowReturn ret;

  GST_PAD_STREAM_LOCK (priv->srcpad);
  gst_asd_branch_push_window (branch, buffer);
  ret = advance (self);
  if (ret == GST_FLOW_OK && branch->n_windows > GST_ASD_JOINER_MAX_WINDOWS)
    ret = fail_overrun (self, branch);
  GST_PAD_STREAM_UNLOCK (priv->srcpad);
  return ret;
}

/* The thread that pushes has the stream lock until downstream lets it go. */
static void
flush_start (GstAsdJoiner * self, GstAsdBranch * branch, GstEvent * event)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);

  gst_pad_push_event (priv->srcpad, event);
  GST_PAD_STREAM_LOCK (priv->srcpad);
  if (!branch->flushing)
    priv->n_flushing++;
  branch->flushing = TRUE;
  reset_stream (priv);
  GST_PAD_STREAM_UNLOCK (priv->srcpad);
}

static void
flush_stop (GstAsdJoiner * self, GstAsdBranch * branch, GstEvent * event)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);

  GST_PAD_STREAM_LOCK (priv->srcpad);
  gst_asd_branch_clear (branch);
  if (branch->flushing)
    priv->n_flushing--;
  branch->flushing = FALSE;
  if (priv->n_flushing == 0)
    gst_pad_push_event (priv->srcpad, gst_event_ref (event));
  GST_PAD_STREAM_UNLOCK (priv->srcpad);
  gst_event_unref (event);
}

static gboolean
take_segment (GstAsdJoiner * self, GstAsdBranch * branch, GstEvent * event)
{
  gst_event_copy_segment (event, &branch->segment);
  if (branch->segment.format == GST_FORMAT_TIME)
    return TRUE;
  GST_ELEMENT_ERROR (self, STREAM, FORMAT,
      ("The windows of %s come in %s, not in time: only windows with a time can "
          "be joined", GST_PAD_NAME (branch->pad),
          gst_format_get_name (branch->segment.format)), (NULL));
  return FALSE;
}

/* Returns FALSE for the first one, which ends no clip. */
static gboolean
take_stream_start (GstAsdJoiner * self, GstAsdBranch * branch, GstEvent * event)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  gboolean ends_clip;
  guint i;

  /* After the end of all, all begin anew. */
  for (i = 0; priv->eos && i < priv->branches->len; i++)
    get_branch (priv, i)->started = get_branch (priv, i)->eos = FALSE;
  priv->eos = FALSE;
  ends_clip = branch->started;
  branch->started = TRUE;
  branch->eos = FALSE;
  if (!ends_clip && branch == get_branch (priv, 0))
    forward_event (self, gst_event_ref (event));
  return ends_clip;
}

/* With the stream lock of srcpad. Takes the event. */
static gboolean
queue_event (GstAsdJoiner * self, GstAsdBranch * branch, GstEvent * event)
{
  gboolean keep = TRUE, ok = TRUE;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      keep = take_stream_start (self, branch, event);
      break;
    case GST_EVENT_SEGMENT:
      keep = ok = take_segment (self, branch, event);
      break;
    case GST_EVENT_GAP:
      gst_asd_branch_skip_gap (branch, event);
      break;
    case GST_EVENT_EOS:
      branch->eos = TRUE;
      keep = FALSE;
      break;
    default:
      break;
  }
  if (keep)
    gst_asd_branch_push_event (branch, event);
  else
    gst_event_unref (event);
  advance (self);
  return ok;
}

static gboolean
gst_asd_joiner_sink_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstAsdJoiner *self = GST_ASD_JOINER (parent);
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  GstAsdBranch *branch = gst_pad_get_element_private (pad);
  gboolean ret;

  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START) {
    flush_start (self, branch, event);
    return TRUE;
  }
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP) {
    flush_stop (self, branch, event);
    return TRUE;
  }
  if (!GST_EVENT_IS_SERIALIZED (event))
    return gst_pad_event_default (pad, parent, event);
  GST_PAD_STREAM_LOCK (priv->srcpad);
  ret = queue_event (self, branch, event);
  GST_PAD_STREAM_UNLOCK (priv->srcpad);
  return ret;
}

static gint
compare_branches (gconstpointer a, gconstpointer b)
{
  const GstAsdBranch *x = *(GstAsdBranch * const *) a, *y =
      *(GstAsdBranch * const *) b;

  return x->index < y->index ? -1 : x->index > y->index;
}

/* The lowest number that no pad has. */
static guint
next_index (GstAsdJoinerPrivate * priv)
{
  guint i, index = 0;

  for (i = 0; i < priv->branches->len; i++)
    if (get_branch (priv, i)->index == index)
      index++;
  return index;
}

static GstPad *
gst_asd_joiner_request_new_pad (GstElement * element, GstPadTemplate * templ,
    const gchar * wanted, const GstCaps * caps)
{
  GstAsdJoiner *self = GST_ASD_JOINER (element);
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  GstAsdBranch *branch = gst_asd_branch_new ();
  gchar *name;

  GST_PAD_STREAM_LOCK (priv->srcpad);
  if (wanted == NULL || sscanf (wanted, "sink_%u", &branch->index) != 1)
    branch->index = next_index (priv);
  name = g_strdup_printf ("sink_%u", branch->index);
  branch->pad = gst_pad_new_from_template (templ, name);
  g_free (name);
  gst_pad_set_element_private (branch->pad, branch);
  gst_pad_set_chain_function (branch->pad, gst_asd_joiner_chain);
  gst_pad_set_event_function (branch->pad, gst_asd_joiner_sink_event);
  g_ptr_array_add (priv->branches, branch);
  g_ptr_array_sort (priv->branches, compare_branches);
  priv->renegotiate = TRUE;
  GST_PAD_STREAM_UNLOCK (priv->srcpad);

  gst_pad_set_active (branch->pad, TRUE);
  if (!gst_element_add_pad (element, branch->pad)) {
    GST_PAD_STREAM_LOCK (priv->srcpad);
    g_ptr_array_remove (priv->branches, branch);
    GST_PAD_STREAM_UNLOCK (priv->srcpad);
    return NULL;
  }
  return branch->pad;
}

static void
gst_asd_joiner_release_pad (GstElement * element, GstPad * pad)
{
  GstAsdJoiner *self = GST_ASD_JOINER (element);
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  GstAsdBranch *branch = gst_pad_get_element_private (pad);

  gst_pad_set_active (pad, FALSE);
  GST_PAD_STREAM_LOCK (priv->srcpad);
  if (branch->flushing)
    priv->n_flushing--;
  priv->renegotiate = TRUE;
  g_ptr_array_remove (priv->branches, branch);
  /* The others need not wait for it any more. */
  if (GST_STATE (self) > GST_STATE_READY)
    advance (self);
  GST_PAD_STREAM_UNLOCK (priv->srcpad);
  gst_element_remove_pad (element, pad);
}

static gboolean
start (GstAsdJoiner * self)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);
  GstAsdJoinerClass *klass = GST_ASD_JOINER_GET_CLASS (self);
  guint i;

  reset_stream (priv);
  priv->renegotiate = TRUE;
  for (i = 0; i < priv->branches->len; i++) {
    gst_clear_caps (&get_branch (priv, i)->caps);
    get_branch (priv, i)->started = FALSE;
    get_branch (priv, i)->length = 0;
  }
  if (klass->start == NULL || klass->start (self))
    return TRUE;
  if (klass->stop != NULL)
    klass->stop (self);
  return FALSE;
}

static GstStateChangeReturn
gst_asd_joiner_change_state (GstElement * element, GstStateChange transition)
{
  GstAsdJoiner *self = GST_ASD_JOINER (element);
  GstAsdJoinerClass *klass = GST_ASD_JOINER_GET_CLASS (self);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (gst_asd_joiner_parent_class)->change_state (element,
      transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
      || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
          && ret == GST_STATE_CHANGE_FAILURE)) {
    reset_stream (GET_PRIVATE (self));
    if (klass->stop != NULL)
      klass->stop (self);
  }
  return ret;
}

/* The template is that of the subclass. */
static void
gst_asd_joiner_constructed (GObject * object)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (GST_ASD_JOINER (object));
  GstElement *element = GST_ELEMENT (object);

  G_OBJECT_CLASS (gst_asd_joiner_parent_class)->constructed (object);
  priv->srcpad = gst_pad_new_from_template (gst_element_get_pad_template
      (element, "src"), "src");
  gst_pad_use_fixed_caps (priv->srcpad);
  gst_element_add_pad (element, priv->srcpad);
}

static void
gst_asd_joiner_finalize (GObject * object)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (GST_ASD_JOINER (object));

  clear_pending (priv);
  g_ptr_array_unref (priv->branches);
  g_free (priv->stream_id);
  G_OBJECT_CLASS (gst_asd_joiner_parent_class)->finalize (object);
}

static void
gst_asd_joiner_class_init (GstAsdJoinerClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->constructed = gst_asd_joiner_constructed;
  G_OBJECT_CLASS (klass)->finalize = gst_asd_joiner_finalize;
  element_class->request_new_pad = gst_asd_joiner_request_new_pad;
  element_class->release_pad = gst_asd_joiner_release_pad;
  element_class->change_state = gst_asd_joiner_change_state;

  gst_type_mark_as_plugin_api (GST_TYPE_ASD_JOINER, 0);
}

static void
gst_asd_joiner_init (GstAsdJoiner * self)
{
  GstAsdJoinerPrivate *priv = GET_PRIVATE (self);

  priv->branches = g_ptr_array_new_with_free_func ((GDestroyNotify)
      gst_asd_branch_free);
  gst_segment_init (&priv->segment, GST_FORMAT_TIME);
}
