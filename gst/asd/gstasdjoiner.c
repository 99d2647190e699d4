/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdjoiner.h"
#include "gstasdjoin.h"

#include <stdio.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_joiner_debug);
#define GST_CAT_DEFAULT gst_asd_joiner_debug

typedef GstAsdJoin GstAsdJoinerPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (GstAsdJoiner, gst_asd_joiner,
    GST_TYPE_ELEMENT, G_ADD_PRIVATE (GstAsdJoiner);
    GST_DEBUG_CATEGORY_INIT (gst_asd_joiner_debug, "asdjoiner", 0,
        "branches joined window by window"));

#define GET_PRIVATE(self) gst_asd_joiner_get_instance_private (self)

const gchar *
gst_asd_joiner_get_pad_name (GstAsdJoiner * self, guint i)
{
  return GST_PAD_NAME (gst_asd_join_get_branch (GET_PRIVATE (self), i)->pad);
}

/* The queues must not grow for ever behind a branch that hangs. */
static GstFlowReturn
fail_overrun (GstAsdJoiner * self, GstAsdBranch * ahead)
{
  GstAsdJoin *join = GET_PRIVATE (self);
  GstAsdBranch *behind = NULL;
  GString *text = g_string_new ("The branches do not keep together: ");
  guint i;

  for (i = 0; i < join->branches->len; i++) {
    GstAsdBranch *branch = gst_asd_join_get_branch (join, i);

    if (branch != ahead && (behind == NULL
            || branch->progress < behind->progress))
      behind = branch;
  }
  gst_asd_branch_describe (ahead, text);
  g_string_append (text, "; ");
  gst_asd_branch_describe (behind, text);
  g_string_append (text,
      ": give both the same audio, and windows whose lengths differ less");
  GST_ELEMENT_ERROR (self, STREAM, FAILED, ("%s", text->str), (NULL));
  g_string_free (text, TRUE);
  return join->flow = GST_FLOW_ERROR;
}

static GstFlowReturn
gst_asd_joiner_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstAsdJoiner *self = GST_ASD_JOINER (parent);
  GstAsdJoin *join = GET_PRIVATE (self);
  GstAsdBranch *branch = gst_pad_get_element_private (pad);
  GstFlowReturn ret;

  GST_PAD_STREAM_LOCK (join->srcpad);
  gst_asd_branch_push_window (branch, buffer);
  ret = gst_asd_join_advance (join);
  if (ret == GST_FLOW_OK && branch->n_windows > GST_ASD_JOINER_MAX_WINDOWS)
    ret = fail_overrun (self, branch);
  GST_PAD_STREAM_UNLOCK (join->srcpad);
  return ret;
}

/* The thread that pushes has the stream lock until downstream lets it go. */
static void
flush_start (GstAsdJoiner * self, GstAsdBranch * branch, GstEvent * event)
{
  GstAsdJoin *join = GET_PRIVATE (self);

  gst_pad_push_event (join->srcpad, event);
  GST_PAD_STREAM_LOCK (join->srcpad);
  if (!branch->flushing)
    join->n_flushing++;
  branch->flushing = TRUE;
  gst_asd_join_reset (join);
  GST_PAD_STREAM_UNLOCK (join->srcpad);
}

static void
flush_stop (GstAsdJoiner * self, GstAsdBranch * branch, GstEvent * event)
{
  GstAsdJoin *join = GET_PRIVATE (self);

  GST_PAD_STREAM_LOCK (join->srcpad);
  gst_asd_branch_clear (branch);
  if (branch->flushing)
    join->n_flushing--;
  branch->flushing = FALSE;
  if (join->n_flushing == 0)
    gst_pad_push_event (join->srcpad, gst_event_ref (event));
  GST_PAD_STREAM_UNLOCK (join->srcpad);
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
take_stream_start (GstAsdJoin * join, GstAsdBranch * branch, GstEvent * event)
{
  gboolean ends_clip;
  guint i;

  /* After the end of all, all begin anew. */
  for (i = 0; join->eos && i < join->branches->len; i++) {
    GstAsdBranch *other = gst_asd_join_get_branch (join, i);

    other->started = other->eos = FALSE;
  }
  join->eos = FALSE;
  ends_clip = branch->started;
  branch->started = TRUE;
  branch->eos = FALSE;
  if (!ends_clip && branch == gst_asd_join_get_branch (join, 0))
    gst_asd_join_forward_event (join, gst_event_ref (event));
  return ends_clip;
}

/* With the stream lock of srcpad. Takes the event. */
static gboolean
queue_event (GstAsdJoiner * self, GstAsdBranch * branch, GstEvent * event)
{
  GstAsdJoin *join = GET_PRIVATE (self);
  gboolean keep = TRUE, ok = TRUE;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      keep = take_stream_start (join, branch, event);
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
  gst_asd_join_advance (join);
  return ok;
}

static gboolean
gst_asd_joiner_sink_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstAsdJoiner *self = GST_ASD_JOINER (parent);
  GstAsdJoin *join = GET_PRIVATE (self);
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
  GST_PAD_STREAM_LOCK (join->srcpad);
  ret = queue_event (self, branch, event);
  GST_PAD_STREAM_UNLOCK (join->srcpad);
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
next_index (GstAsdJoin * join)
{
  guint i, index = 0;

  for (i = 0; i < join->branches->len; i++)
    if (gst_asd_join_get_branch (join, i)->index == index)
      index++;
  return index;
}

static GstPad *
gst_asd_joiner_request_new_pad (GstElement * element, GstPadTemplate * templ,
    const gchar * wanted, const GstCaps * caps)
{
  GstAsdJoiner *self = GST_ASD_JOINER (element);
  GstAsdJoin *join = GET_PRIVATE (self);
  GstAsdBranch *branch = gst_asd_branch_new ();
  gchar *name;

  GST_PAD_STREAM_LOCK (join->srcpad);
  if (wanted == NULL || sscanf (wanted, "sink_%u", &branch->index) != 1)
    branch->index = next_index (join);
  name = g_strdup_printf ("sink_%u", branch->index);
  branch->pad = gst_pad_new_from_template (templ, name);
  g_free (name);
  gst_pad_set_element_private (branch->pad, branch);
  gst_pad_set_chain_function (branch->pad, gst_asd_joiner_chain);
  gst_pad_set_event_function (branch->pad, gst_asd_joiner_sink_event);
  g_ptr_array_add (join->branches, branch);
  g_ptr_array_sort (join->branches, compare_branches);
  join->renegotiate = TRUE;
  GST_PAD_STREAM_UNLOCK (join->srcpad);

  gst_pad_set_active (branch->pad, TRUE);
  if (!gst_element_add_pad (element, branch->pad)) {
    GST_PAD_STREAM_LOCK (join->srcpad);
    g_ptr_array_remove (join->branches, branch);
    GST_PAD_STREAM_UNLOCK (join->srcpad);
    return NULL;
  }
  return branch->pad;
}

static void
gst_asd_joiner_release_pad (GstElement * element, GstPad * pad)
{
  GstAsdJoiner *self = GST_ASD_JOINER (element);
  GstAsdJoin *join = GET_PRIVATE (self);
  GstAsdBranch *branch = gst_pad_get_element_private (pad);

  gst_pad_set_active (pad, FALSE);
  GST_PAD_STREAM_LOCK (join->srcpad);
  if (branch->flushing)
    join->n_flushing--;
  join->renegotiate = TRUE;
  g_ptr_array_remove (join->branches, branch);
  /* The others need not wait for it any more. */
  if (GST_STATE (self) > GST_STATE_READY)
    gst_asd_join_advance (join);
  GST_PAD_STREAM_UNLOCK (join->srcpad);
  gst_element_remove_pad (element, pad);
}

static gboolean
start (GstAsdJoiner * self)
{
  GstAsdJoin *join = GET_PRIVATE (self);
  GstAsdJoinerClass *klass = GST_ASD_JOINER_GET_CLASS (self);
  guint i;

  gst_asd_join_reset (join);
  join->renegotiate = TRUE;
  for (i = 0; i < join->branches->len; i++) {
    GstAsdBranch *branch = gst_asd_join_get_branch (join, i);

    gst_clear_caps (&branch->caps);
    branch->started = FALSE;
    branch->length = 0;
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
    gst_asd_join_reset (GET_PRIVATE (self));
    if (klass->stop != NULL)
      klass->stop (self);
  }
  return ret;
}

/* The template is that of the subclass. */
static void
gst_asd_joiner_constructed (GObject * object)
{
  GstAsdJoin *join = GET_PRIVATE (GST_ASD_JOINER (object));
  GstElement *element = GST_ELEMENT (object);

  G_OBJECT_CLASS (gst_asd_joiner_parent_class)->constructed (object);
  join->srcpad = gst_pad_new_from_template (gst_element_get_pad_template
      (element, "src"), "src");
  gst_pad_use_fixed_caps (join->srcpad);
  gst_element_add_pad (element, join->srcpad);
}

static void
gst_asd_joiner_finalize (GObject * object)
{
  gst_asd_join_clear (GET_PRIVATE (GST_ASD_JOINER (object)));
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
  gst_asd_join_init (GET_PRIVATE (self), self);
}
