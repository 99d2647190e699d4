/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __HTML_H__
#define __HTML_H__

#include <glib.h>

/* A page that needs nothing but itself: no scripts, no other files. It follows
 * the reader's choice of light or dark, and prints. */
GString *html_new (const char *title);

/* Appends; what %s stands for is escaped, the format is not. */
void html_add (GString * page, const char *format, ...) G_GNUC_PRINTF (2, 3);

void html_end (GString * page);

/* A copy of foreign text that may be shown: valid UTF-8 without control
 * characters, which no page may contain, escaped or not. */
char *html_clean (const char *text);

#endif /* __HTML_H__ */
