/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_DETECTOR_H__
#define __GST_ASD_DETECTOR_H__

#include <asd/asd.h>
#include <gst/audio/audio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* The branch of asddetect that listens: everything that depends on the model,
 * as one bin from any raw audio to the end. */

/* What the properties of asddetect say. */
typedef struct
{
  gint channel;                 /* -1: the mean, G_MININT: the model's */
  GstClockTime window;          /* 0: the model's */
  GstClockTime interval;        /* 0: the recipe's */
  gboolean post_messages;
  AsdAlarmConfig alarm;
} GstAsdDetectorConfig;

typedef struct
{
  gchar *path;                  /* model file */
  gint channel;
  gint rate;                    /* of the model */
  GstClockTime window;          /* the longest in the recipe */
  GstClockTime interval;        /* from one start of it to the next */

  GstElement *bin;
  GstElement *convert;
  GstPad *sink;                 /* takes any raw audio */
  GstPad *audio;                /* takes it as the recipe does */
  GstPad *scores;               /* what arrives here has a score */
  GstPad *end;                  /* the last pad */
} GstAsdDetector;

/* Loads a model and makes its branch, in PAUSED and with the recipe negotiated,
 * so that whatever can be wrong with the model is found here. */
GstAsdDetector *gst_asd_detector_new (const gchar * model,
    const GstAsdDetectorConfig * config, GError ** error);

/* Stops it; a bin around it has to be left before. */
void gst_asd_detector_free (GstAsdDetector * detector);

/* Chooses the channel of what will arrive. FALSE where it is not there. */
gboolean gst_asd_detector_set_format (GstAsdDetector * detector,
    const GstAudioInfo * info, GError ** error);

G_END_DECLS

#endif /* __GST_ASD_DETECTOR_H__ */
