/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_DETECT_H__
#define __GST_ASD_DETECT_H__

#include "gstasddetector.h"
#include "gstasdgrid.h"

G_BEGIN_DECLS

/* The parts of asddetect: the element (gstasddetect.c), the tap in the stream
 * (gstasddetecttap.c), and what feeds the branch (gstasddetectfeed.c). */

#define GST_TYPE_ASD_DETECT (gst_asd_detect_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdDetect, gst_asd_detect, GST, ASD_DETECT, GstBin);

#define GST_ASD_DETECT_CAPS GST_AUDIO_CAPS_MAKE (GST_AUDIO_FORMATS_ALL) \
    ", layout = (string) { interleaved, non-interleaved }"

/* What leaves windows out, in the thread that brings the audio. */
typedef struct
{
  GstAsdGrid grid;
  gboolean live_known;
  gboolean live;
  gboolean leaking;
  guint64 end;                  /* of the window after which it may leak */
  guint64 leaked;               /* samples that are not reported yet */
  guint64 total;                /* windows */
} GstAsdGate;

struct _GstAsdDetect
{
  GstBin parent;

  GstElement *tee, *queue;

  /* properties, under the object lock */
  gchar *model;
  GstAsdDetectorConfig config;

  GstAsdGate gate;                    /* in the thread that brings the audio */

  /* in the queue's thread, and when the state changes */
  GstAsdDetector *detector;
  GstAsdGrid grid;
  gboolean new_format;          /* of the next buffer */
  gboolean resampled;
  GstClockTime start;           /* of the first sample since windows began */
  GstClockTimeDiff drift;       /* of the clock since then */
  gboolean fresh;               /* nothing has been resampled since then */

  GMutex lock;
  GCond cond;                   /* one of the next four has changed */
  /* all below are under the lock */
  gboolean running;
  gboolean flushing;
  gboolean failed;
  gboolean ended;               /* EOS has come to the end of the branch */
  GstAsdDetector *next;         /* takes over when a window ends */
  gchar *path;                  /* of the model that is running */
  guint n_loads;                /* of models while running */
  gint model_rate;              /* of the running detector */
  GstClockTime window, interval;
  GstBuffer *score;             /* the newest that no audio carries */
  gboolean sensor_faulty;
  GstClockTime sensor_ok_from;  /* running time, if it is not faulty */
};

/* gstasddetect.c */

/* The property says again what is running, and a warning why. */
void gst_asd_detect_refuse (GstAsdDetect * self, const gchar * path,
    const GError * why);

/* Sets a flag that is waited for. */
void gst_asd_detect_set_flag (GstAsdDetect * self, gboolean * flag,
    gboolean value);

/* Waits until EOS has come to the end of the branch, or never will. */
void gst_asd_detect_wait_for_end (GstAsdDetect * self);

/* The newest score that no audio carries; NULL where there is none. */
GstBuffer *gst_asd_detect_take_score (GstAsdDetect * self);

/* Tells a grid how long windows are now. */
GstClockTime gst_asd_detect_update_windows (GstAsdDetect * self,
    GstAsdGrid * grid);

/* gstasddetecttap.c */

/* Makes the pads and what watches them, with tee and queue. */
void gst_asd_detect_add_pads (GstAsdDetect * self);

/* gstasddetectfeed.c */

/* Puts a detector that is in PAUSED behind the queue. */
void gst_asd_detect_attach (GstAsdDetect * self, GstAsdDetector * detector);
void gst_asd_detect_detach (GstAsdDetect * self);

/* The detector that waits for its turn; NULL where there is none. */
GstAsdDetector *gst_asd_detect_take_next (GstAsdDetect * self);

/* The probe behind the queue. */
GstPadProbeReturn gst_asd_detect_leave_queue (GstPad * pad,
    GstPadProbeInfo * info, gpointer user_data);

G_END_DECLS

#endif /* __GST_ASD_DETECT_H__ */
