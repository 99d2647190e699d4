/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_JOIN_H__
#define __GST_ASD_JOIN_H__

#include "gstasdbranch.h"
#include "gstasdjoiner.h"

G_BEGIN_DECLS

/* What GstAsdJoiner makes of the queues of its pads: which windows belong
 * together, and what leaves the element in which order. For it only: not
 * installed. All of it belongs to who has the stream lock of srcpad. */
typedef struct
{
  GstAsdJoiner *joiner;
  GstPad *srcpad;
  GPtrArray *branches;          /* GstAsdBranch, by index */
  guint n_flushing;

  GstSegment segment;           /* of the output */
  gchar *stream_id;
  GList *pending;               /* events to send behind the caps */
  gboolean renegotiate;
  gboolean eos;
  GstFlowReturn flow;
} GstAsdJoin;

void gst_asd_join_init (GstAsdJoin * join, GstAsdJoiner * joiner);
void gst_asd_join_clear (GstAsdJoin * join);

GstAsdBranch *gst_asd_join_get_branch (GstAsdJoin * join, guint i);

/* Forgets what has arrived on all branches. */
void gst_asd_join_reset (GstAsdJoin * join);

/* Takes an event of the first branch, in the order of the output. */
void gst_asd_join_forward_event (GstAsdJoin * join, GstEvent * event);

/* Pushes all that can be pushed before more arrives. */
GstFlowReturn gst_asd_join_advance (GstAsdJoin * join);

G_END_DECLS

#endif /* __GST_ASD_JOIN_H__ */
