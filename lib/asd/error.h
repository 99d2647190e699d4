/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_ERROR_H__
#define __ASD_ERROR_H__

#include <glib.h>

G_BEGIN_DECLS

#define ASD_ERROR (asd_error_quark ())

/**
 * AsdError:
 * @ASD_ERROR_FORMAT: a file or text is not what it should be
 * @ASD_ERROR_VERSION: a file comes from a newer version of this library
 * @ASD_ERROR_MISSING: a stage, tensor or value is not there
 * @ASD_ERROR_MISMATCH: two things that belong together differ, for example a
 *     model and the features it is given
 * @ASD_ERROR_DATA: the data cannot be learned from, for example too few clips
 *
 * File errors use G_FILE_ERROR or G_IO_ERROR, a cancelled operation
 * G_IO_ERROR_CANCELLED. Every message is one line that says what to do.
 */
typedef enum
{
  ASD_ERROR_FORMAT,
  ASD_ERROR_VERSION,
  ASD_ERROR_MISSING,
  ASD_ERROR_MISMATCH,
  ASD_ERROR_DATA,
} AsdError;

GQuark asd_error_quark (void);

G_END_DECLS

#endif /* __ASD_ERROR_H__ */
