/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __RECORDER_H__
#define __RECORDER_H__

#include "monitor.h"

/* What 'gst-asd train' learns from a line: its sound, as recordings of one window
 * each, since training reads its data several times. */

/* recording.c: the windows */

typedef struct _Recording Recording;

/* @folder: NULL for a temporary one; @n_samples: of a window. Checks that
 * @n_windows of them fit in. */
Recording *recording_new (const char *folder, gsize n_samples,
    guint n_windows, GError ** error);

/* Removes what is in a temporary folder. */
void recording_free (Recording * self);

/* Writes a window. @start is in us. */
gboolean recording_add (Recording * self, const float *samples, gint64 start,
    GError ** error);

/* Before recording_sort_out() a window that is too quiet or too loud is not
 * known to be left out. */
void recording_count (Recording * self, guint * n_windows,
    guint * n_left_out);

/* When all are there: leaves out those in which the sensor had a fault. */
gboolean recording_sort_out (Recording * self, GError ** error);

/* Those that are left, in order. */
char **recording_get_files (Recording * self);

/* What was heard, and what was left out, why and when: the time of day, or that
 * since the start. */
void recording_print (Recording * self, const char *name, gboolean of_day);

/* recorder.c: how they come */

/* Each is a file. */
#define RECORDER_MAX_WINDOWS 100000

typedef struct
{
  const char *input;            /* as 'gst-asd monitor' takes it */
  const char *folder;           /* to keep the recordings in, or NULL */
  gboolean keep;                /* after Ctrl-C what was heard is returned */
  MonitorOptions monitor;       /* duration, window and channel are set */
} RecorderOptions;

/* @input is a line, not a file. Without --duration, "pulse", "alsa" and "test"
 * may be files. */
gboolean recorder_is_line (const char *input, gboolean has_duration);

/* Makes @window, which is for the elements of a recipe that have none of their
 * own, the longest of them all; 0 where one takes whole clips. */
gboolean recorder_find_window (GstAsdRecipe * recipe, gint64 * window,
    GError ** error);

/* How many windows are asked for. */
guint recorder_count_windows (const RecorderOptions * options);

/* Listens to the end and prints what was heard. The recording has a window to
 * learn from. */
Recording *recorder_listen (const RecorderOptions * options, GError ** error);

#endif /* __RECORDER_H__ */
