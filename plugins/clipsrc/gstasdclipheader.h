/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_CLIP_HEADER_H__
#define __GST_ASD_CLIP_HEADER_H__

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * GstAsdClipHeader:
 * @plain_wav: a RIFF/WAVE file of PCM or float samples, which wavparse reads
 *     without a decoder behind it
 * @frames: samples per channel that the file promises, 0 where it does not say
 *
 * What can be told of a recording before it is decoded.
 */
typedef struct
{
  gboolean plain_wav;
  guint64 frames;
} GstAsdClipHeader;

/**
 * gst_asd_clip_header_read:
 * @header: (out): filled in
 *
 * Looks at the first bytes of the file @path. Refuses what no decoder need be
 * asked about: what cannot be opened, is no regular file, is empty, or is a
 * WAV file that holds fewer bytes than its data chunk promises. The sizes that
 * programs write while they stream (0, and 0x7FFFF000 and above) promise
 * nothing.
 *
 * Returns: FALSE with @error "WHAT IS WRONG: WHAT TO DO"
 */
gboolean gst_asd_clip_header_read (GstAsdClipHeader * header,
    const gchar * path, GError ** error);

/**
 * gst_asd_clip_expand:
 * @location: a file, or a pattern with *, ? and [...]
 *
 * A file that exists is itself, even where its name has brackets in it.
 *
 * Returns: (transfer full): the files, sorted by name; none where nothing
 *     matches
 */
gchar **gst_asd_clip_expand (const gchar * location);

G_END_DECLS

#endif /* __GST_ASD_CLIP_HEADER_H__ */
