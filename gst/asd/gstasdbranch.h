/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_BRANCH_H__
#define __GST_ASD_BRANCH_H__

#include <gst/gst.h>

G_BEGIN_DECLS

/* The queue of one pad of GstAsdJoiner, for it only: not installed. */

/* What arrives on a pad waits in its queue: buffers, and the events that matter
 * for their order. */
typedef struct
{
  GstBuffer *buffer;            /* a window, or */
  GstEvent *event;              /* an event */

  /* of a window: */
  GstClockTime start, end;      /* running time */
  gboolean used;                /* it is a part of an output */
} GstAsdBranchItem;

/* One request pad. */
typedef struct
{
  GstPad *pad;
  guint index;                  /* the number in its name */
  GQueue queue;                 /* GstAsdBranchItem */
  guint n_windows;              /* in the queue */
  GstSegment segment;           /* of what arrives */
  GstClockTime progress;        /* running time up to which nothing follows */
  GstClockTime length;          /* of its latest window */
  GstClockTime left;            /* end of the latest window that left the queue */
  GstCaps *caps;                /* at the head of the queue */
  gboolean started;             /* it had a STREAM_START */
  gboolean eos;
  gboolean flushing;
} GstAsdBranch;

GstAsdBranch *gst_asd_branch_new (void);
void gst_asd_branch_free (GstAsdBranch * branch);

/* Forgets what has arrived. */
void gst_asd_branch_clear (GstAsdBranch * branch);

/* Both take what they get. A window without a time is dropped. */
void gst_asd_branch_push_window (GstAsdBranch * branch, GstBuffer * buffer);
void gst_asd_branch_push_event (GstAsdBranch * branch, GstEvent * event);

/* Nothing comes before the end of the gap. */
void gst_asd_branch_skip_gap (GstAsdBranch * branch, GstEvent * event);

/* The head of the queue, or NULL where it is no window or no event. */
GstAsdBranchItem *gst_asd_branch_peek_window (GstAsdBranch * branch);
GstEvent *gst_asd_branch_peek_event (GstAsdBranch * branch);
void gst_asd_branch_drop_head (GstAsdBranch * branch);

/* STREAM_START and "asd-clip": what comes behind them is another clip. */
gboolean gst_asd_branch_is_clip_end (GstEvent * event);

/* Is the next thing on the branch the end of the clip? */
gboolean gst_asd_branch_has_ended (GstAsdBranch * branch);

/* Does it have all its windows before a running time, or all of the clip? */
gboolean gst_asd_branch_is_complete (GstAsdBranch * branch, GstClockTime end);

/* The windows of the clip that end before a running time, marked as used; NULL
 * where there are none. They stay in the queue, as others may need them, too. */
GPtrArray *gst_asd_branch_collect (GstAsdBranch * branch, GstClockTime end);

/* For error messages. */
void gst_asd_branch_describe (GstAsdBranch * branch, GString * text);

G_END_DECLS

#endif /* __GST_ASD_BRANCH_H__ */
