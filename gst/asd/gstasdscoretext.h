/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_SCORE_TEXT_H__
#define __GST_ASD_SCORE_TEXT_H__

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GST_ASD_SCORE_CSV_HEADER:
 *
 * First line of a table of scores. Times are in seconds of stream time; an
 * unknown threshold and what follows from it are left empty; anomalous is 0 or
 * 1.
 */
#define GST_ASD_SCORE_CSV_HEADER \
    "file,start,duration,score,threshold,anomalous\n"

/**
 * gst_asd_score_to_csv: (skip)
 * @score: a score structure
 * @file: (nullable): what the first column says, NULL for the stream-id
 *
 * Returns: (transfer full): one line (RFC 4180); numbers read back exactly
 */
gchar *gst_asd_score_to_csv (const GstStructure * score, const gchar * file);

/**
 * gst_asd_score_to_json: (skip)
 * @score: a score structure
 * @file: (nullable): added as "file" where it is given
 *
 * Returns: (transfer full): one line with all fields of @score; times in ns,
 *     values that are not finite as null
 */
gchar *gst_asd_score_to_json (const GstStructure * score, const gchar * file);

G_END_DECLS

#endif /* __GST_ASD_SCORE_TEXT_H__ */
