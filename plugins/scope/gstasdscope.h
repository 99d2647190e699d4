/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_SCOPE_H__
#define __GST_ASD_SCOPE_H__

#include "scopepainter.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>
#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

/* Longest time that a picture shows, and a score is for. */
#define GST_ASD_SCOPE_MAX_SPAN (24 * 3600 * GST_SECOND)

typedef enum
{
  GST_ASD_SCOPE_AUDIO,
  GST_ASD_SCOPE_FEATURES,
  GST_ASD_SCOPE_SCORES,
} GstAsdScopeInput;

#define GST_TYPE_ASD_SCOPE (gst_asd_scope_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdScope, gst_asd_scope, GST, ASD_SCOPE,
    GstBaseTransform);

struct _GstAsdScope
{
  GstBaseTransform parent;

  /* under the object lock */
  GstClockTime span;
  GstClockTime earliest;        /* running time, of QoS */

  /* streaming thread */
  ScopeHistory *history;
  ScopePainter *painter;
  GstVideoInfo video;
  GstCaps *incaps;
  GstAsdScopeInput input;
  guint serial;                 /* of what is drawn */
  gfloat values[SCOPE_MAX_BINS];

  /* audio */
  gint rate, channels;
  guint n_fft, hop, fill;
  gfloat *block;                /* n_fft samples that were drawn, then hop */
  AsdLogMel *mel;
  GstClockTime base;            /* running time of sample 0, NONE: unknown */
  guint64 n_samples;            /* since then, without those not drawn */

  /* features */
  GstAsdFeatureInfo info;
  GstClockTime drawn;           /* running time, how far windows went */

  /* pictures */
  GstClockTime first;           /* running time of the first, NONE: none yet */
  GstClockTime time;            /* running time, how far the input went */
  guint64 n_pictures;           /* since first */
  gboolean changed;             /* since the last picture */
};

/* gstasdscope.c: time and pictures */

/* The input begins at a running time, or goes on there. */
void gst_asd_scope_begin (GstAsdScope * self, GstClockTime time);

/* The input is known up to a running time: sends the pictures before it. */
GstFlowReturn gst_asd_scope_advance (GstAsdScope * self, GstClockTime to);

/* gstasdscopeinput.c: what is drawn */

gboolean gst_asd_scope_set_input (GstAsdScope * self, GstCaps * caps);
GstFlowReturn gst_asd_scope_take_buffer (GstAsdScope * self,
    GstBuffer * buffer);

/* Draws what waits for more. */
GstFlowReturn gst_asd_scope_finish_input (GstAsdScope * self);

/* As after a flush. */
void gst_asd_scope_reset_input (GstAsdScope * self);
void gst_asd_scope_free_input (GstAsdScope * self);

G_END_DECLS

#endif /* __GST_ASD_SCOPE_H__ */
