/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __MONITOR_H__
#define __MONITOR_H__

#include "tool.h"

/* Parts of 'gst-asd monitor'. All of it runs in the thread of the main loop,
 * but for the probe of monitor-stream.c. */

typedef struct _MonitorStream MonitorStream;
typedef struct _MonitorLink MonitorLink;

/* What holds for all streams; times in seconds, 0 where there is none. */
typedef struct
{
  gint64 window;                /* ns, 0 = the model's */
  gint64 interval;              /* ns, 0 = the recipe's */
  int channel;                  /* G_MININT = the model's */
  double duration;
  const char *machine;          /* of the input "test" */
  int machine_id;
  int seed;
  double snr;
  const char *fault;
  double fault_at;
  double severity;

  /* What listens in place of asddetect, or NULL: an element (floating) with the
   * pads sink and src, which posts "asd-window" for each window. */
  GstElement *(*make_listener) (MonitorStream * stream, GError ** error);
} MonitorOptions;

#define MONITOR_OPTIONS_INIT { \
  .channel = G_MININT, \
  .machine = "fan", \
  .fault = "none", \
  .severity = 0.5, \
  .snr = 6, \
}

/* The simulated machine's. */
#define MONITOR_MACHINE_ENTRIES(options) \
  {"machine", 0, 0, G_OPTION_ARG_STRING, &(options).machine, \
      "what \"test\" simulates: fan (default), pump, slider, valve", "KIND"}, \
  {"machine-id", 0, 0, G_OPTION_ARG_INT, &(options).machine_id, \
      "which individual of its kind (default: 0)", "N"}, \
  {"snr", 0, 0, G_OPTION_ARG_DOUBLE, &(options).snr, \
      "its level over that of the factory noise, in dB (default: 6)", "DB"}, \
  {"fault", 0, 0, G_OPTION_ARG_STRING, &(options).fault, \
      "fault of the simulated machine", "FAULT"}, \
  {"fault-at", 0, 0, G_OPTION_ARG_DOUBLE, &(options).fault_at, \
      "when the fault starts, in seconds (default: 0)", "S"}, \
  {"severity", 0, 0, G_OPTION_ARG_DOUBLE, &(options).severity, \
      "severity of the fault, 0 to 1 (default: 0.5)", "X"}

/* Takes the text of --duration, or NULL. Returns 0 where the options of the
 * simulated machine are in range, too, else the exit code. */
int monitor_options_check (MonitorOptions * options, const char *duration);

typedef enum
{
  MONITOR_CONNECTING,
  MONITOR_LISTENING,
  MONITOR_LOST,                 /* and trying again */
  MONITOR_ENDED,
  MONITOR_FAILED,
} MonitorState;

/* Something happened to a stream: one of the messages asd-score, asd-alarm,
 * asd-sensor and asd-overrun; "asd-window" of another listener; or a change of
 * its state, "asd-state" with state and text (strings), "asd-warning" with text.
 * The stream is up to date. */
typedef void (*MonitorFunc) (MonitorStream * stream,
    const GstStructure * event, gpointer user_data);

struct _MonitorStream
{
  /* given */
  char *name;                   /* no slash, blank, + or # */
  char *model;
  char *input;                  /* file, URI, "pulse[:D]", "alsa[:D]", "test" */
  const MonitorOptions *options;
  MonitorFunc func;
  gpointer user_data;

  /* to look at */
  MonitorState state;
  char *text;                   /* of the state: "" where all is well */
  double score, threshold;      /* of the last window; NaN before it */
  gboolean anomalous;
  gboolean alarm;
  char *sensor;                 /* "ok", "dead", ... */
  guint64 position;             /* ns in a file: the end of the last window */
  guint64 n_windows, n_alarms, n_overruns, n_reconnects;

  /* of monitor-stream.c */
  gboolean live;
  MonitorLink *link;            /* the pipeline, while there is one */
  guint retry;                  /* GSource, while there is none */
  double delay;                 /* seconds, before the next attempt */
  gint64 down_since;            /* monotonic time, or 0 */
  gint64 deadline;              /* monotonic time, or 0 */
  gint64 give_up;               /* when a stop stops waiting, or 0 */
  GHashTable *warnings;         /* those that were passed on */
  char *missing;                /* name of a decoder, or NULL */
  gint no_audio;                /* atomic: the server offers none */
};

/* monitor-stream.c */

MonitorStream *monitor_stream_new (const char *name, const char *model,
    const char *input, const MonitorOptions * options, MonitorFunc func,
    gpointer user_data);
void monitor_stream_free (MonitorStream * stream);
void monitor_stream_start (MonitorStream * stream);

/* Lets the last scores and messages come; the stream then ends. */
void monitor_stream_stop (MonitorStream * stream);

/* At once; its state stays what it was. */
void monitor_stream_cut (MonitorStream * stream);

/* To be called once a second. */
void monitor_stream_tick (MonitorStream * stream);
gboolean monitor_stream_is_over (MonitorStream * stream);

/* "6 windows, 1 alarm" */
char *monitor_stream_describe_counts (const MonitorStream * stream);
const char *monitor_state_get_name (MonitorState state);

/* @input without a password, to be freed. */
char *monitor_hide_password (const char *input);

/* monitor-source.c */

/* The element (floating) that reads @stream->input, its pads linked to @sink
 * when they come. What it finds wrong later it posts as an error of @pipeline
 * with ASD_ERROR. */
GstElement *monitor_source_new (MonitorStream * stream, GstElement * pipeline,
    GstPad * sink, GError ** error);
gboolean monitor_source_is_live (const char *input);

/* One line that says what is wrong with @input and what to do, from an error
 * that did not come from the detector. @final gets whether another attempt
 * would be in vain. */
char *monitor_source_explain (MonitorStream * stream, const GError * error,
    gboolean * final);

/* monitor-output.c: standard output and error */

typedef struct _MonitorOutput MonitorOutput;

MonitorOutput *monitor_output_new (GPtrArray * streams, gboolean json);
void monitor_output_free (MonitorOutput * output);
void monitor_output_event (MonitorOutput * output, MonitorStream * stream,
    const GstStructure * event);

/* A line beside the streams' own. */
void monitor_output_say (MonitorOutput * output, const char *text);

/* FALSE where nothing more can be written. */
gboolean monitor_output_flush (MonitorOutput * output, GError ** error);

/* One JSON object without newline: type, stream, time, the fields. */
char *monitor_event_to_json (MonitorStream * stream,
    const GstStructure * event);

/* monitor-mqtt.c */

typedef struct _MonitorMqtt MonitorMqtt;

/* @uri: mqtt://[USER:PASSWORD@]HOST[:PORT][/PREFIX]. A broker that is away is
 * waited for. */
MonitorMqtt *monitor_mqtt_new (const char *uri, GPtrArray * streams,
    GError ** error);
void monitor_mqtt_free (MonitorMqtt * mqtt);
void monitor_mqtt_event (MonitorMqtt * mqtt, MonitorStream * stream,
    const GstStructure * event);

/* To be called once a second. Returns what is wrong with the broker where that
 * is new, to be freed; or NULL. */
char *monitor_mqtt_tick (MonitorMqtt * mqtt);

/* monitor-metrics.c */

typedef struct _MonitorMetrics MonitorMetrics;

/* @address: [ADDRESS]:PORT to listen at */
MonitorMetrics *monitor_metrics_new (const char *address, GPtrArray * streams,
    GError ** error);
void monitor_metrics_free (MonitorMetrics * metrics);

#endif /* __MONITOR_H__ */
