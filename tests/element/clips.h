/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __CLIPS_H__
#define __CLIPS_H__

/* For tests of asdclipsrc: recordings in a folder of their own, and a pipeline
 * that takes down all that leaves the element. */

#include <gst/check/gstcheck.h>

#define WAV_PCM 1
#define WAV_FLOAT 3
#define HONEST -1

/* For loops over samples: fail_unless() writes down that it was reached. */
#define fail_unless_quickly(condition) G_STMT_START {                         \
  if (G_UNLIKELY (!(condition)))                                              \
    fail_unless (condition);                                                  \
} G_STMT_END

typedef struct
{
  gchar *id;
  gchar *tag;
  guint n_caps;
  guint n_segments;
  GstSegment segment;
  GArray *samples;
  gint message_channels;        /* from asd-clip, -1 without */
  gint message_rate;
} Clip;

typedef struct
{
  gchar *text;
  GstStructure *details;
} Warning;

typedef struct
{
  GstElement *pipeline;
  GstElement *src;
  GPtrArray *clips;
  GPtrArray *warnings;
  gchar *error;
  guint n_eos;
  guint64 running_time;         /* where the next buffer must be */
  gboolean unchecked;           /* let the data pass */
  GstStructure *announced;      /* asd-clip without its STREAM_START yet */
  guint32 last_stream_start;    /* its sequence number */
} Run;

void clips_setup (void);
void clips_teardown (void);
gchar *clips_path (const gchar * name);
void clips_write (const gchar * name, gconstpointer data, gssize size);
void clips_write_wav (const gchar * name, guint tag, guint bits, guint channels,
    guint rate, gconstpointer samples, gsize n_bytes, gint64 promised);
gint16 clips_value (guint seed, gsize i);
void clips_write_pcm16 (const gchar * name, guint channels, guint rate, gsize n_frames,
    guint seed);
void clips_write_sine (const gchar * name, guint rate, gsize n_frames, gdouble frequency);
void run_reset (Run * run);
Run *run_new (const gchar * sink);
void run_free (Run * run);
void run_set_names (Run * run, const gchar * name, ...);
void run_play (Run * run);
Clip *run_clip (Run * run, guint i);
gfloat run_sample (Run * run, guint clip, gsize i);
void run_assert_clip (Run * run, guint i, const gchar * name, gsize n_samples);
void run_assert_warning (Run * run, const gchar * name, const gchar * words,
    gboolean skipped);

#endif /* __CLIPS_H__ */
