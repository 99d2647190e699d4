/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_CLIP_READER_H__
#define __GST_ASD_CLIP_READER_H__

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstAsdClipReader GstAsdClipReader;

/**
 * gst_asd_clip_reader_new:
 * @rate: sample rate in Hz of what is read
 * @channel: the channel to take, or -1 for the mean of all
 *
 * A decoder of one file after the other to mono float samples. One thread
 * opens, reads and closes; gst_asd_clip_reader_set_flushing() is for others.
 *
 * Returns: (transfer full): NULL with @error naming the GStreamer element that
 *     is not installed
 */
GstAsdClipReader *gst_asd_clip_reader_new (gint rate, gint channel,
    GError ** error);

void gst_asd_clip_reader_free (GstAsdClipReader * reader);

/**
 * gst_asd_clip_reader_open:
 *
 * Starts to decode the file @path. What is wrong with it shows here or at the
 * first gst_asd_clip_reader_read().
 *
 * Returns: FALSE with @error "WHAT IS WRONG: WHAT TO DO"
 */
gboolean gst_asd_clip_reader_open (GstAsdClipReader * reader,
    const gchar * path, GError ** error);

/**
 * gst_asd_clip_reader_read:
 * @samples: (out): room for @n_samples
 *
 * Fewer than @n_samples without an error are the end of the clip. With
 * G_IO_ERROR_CANCELLED the reader is flushing: what was read is valid and
 * the next call goes on after it. With any other error, "WHAT IS WRONG: WHAT
 * TO DO", the clip ends before its time.
 *
 * Returns: the number of samples read
 */
gsize gst_asd_clip_reader_read (GstAsdClipReader * reader, gfloat * samples,
    gsize n_samples, GError ** error);

/**
 * gst_asd_clip_reader_get_format:
 * @channels: (out): channels of the file
 * @rate: (out): sample rate of the file
 *
 * Valid once samples were read.
 */
void gst_asd_clip_reader_get_format (GstAsdClipReader * reader,
    gint * channels, gint * rate);

/**
 * gst_asd_clip_reader_close:
 *
 * Shuts the decoder of the open file down; no thread of it is left.
 */
void gst_asd_clip_reader_close (GstAsdClipReader * reader);

/**
 * gst_asd_clip_reader_set_flushing:
 *
 * While @flushing, reading returns at once. From any thread.
 */
void gst_asd_clip_reader_set_flushing (GstAsdClipReader * reader,
    gboolean flushing);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstAsdClipReader, gst_asd_clip_reader_free)

G_END_DECLS

#endif /* __GST_ASD_CLIP_READER_H__ */
