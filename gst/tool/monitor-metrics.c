/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A text endpoint for Prometheus (exposition format 0.0.4). libmicrohttpd has
 * no thread here: the main loop runs it. */

#include "monitor.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <math.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

/* What a client may take to send its request, in seconds. */
#define TIMEOUT 10

struct _MonitorMetrics
{
  GPtrArray *streams;
  struct MHD_Daemon *daemon;
  guint watch, tick;
};

/* Metrics */

static double
get_up (MonitorStream * stream)
{
  return stream->state == MONITOR_LISTENING;
}

static double
get_score (MonitorStream * stream)
{
  return stream->score;
}

static double
get_threshold (MonitorStream * stream)
{
  return stream->threshold;
}

static double
get_anomalous (MonitorStream * stream)
{
  return stream->anomalous;
}

static double
get_alarm (MonitorStream * stream)
{
  return stream->alarm;
}

static double
get_sensor (MonitorStream * stream)
{
  return strcmp (stream->sensor, "ok") == 0;
}

static double
get_windows (MonitorStream * stream)
{
  return stream->n_windows;
}

static double
get_alarms (MonitorStream * stream)
{
  return stream->n_alarms;
}

static double
get_overruns (MonitorStream * stream)
{
  return stream->n_overruns;
}

static double
get_reconnects (MonitorStream * stream)
{
  return stream->n_reconnects;
}

typedef struct
{
  const char *name, *type, *help;
  double (*get) (MonitorStream * stream);
} Metric;

static const Metric metrics_table[] = {
  {"asd_up", "gauge", "1 while the stream gives sound.", get_up},
  {"asd_score", "gauge", "Score of the last window.", get_score},
  {"asd_threshold", "gauge", "Scores above it are anomalous.", get_threshold},
  {"asd_anomalous", "gauge", "1 where the last window was anomalous.",
      get_anomalous},
  {"asd_alarm", "gauge", "1 while there is an alarm.", get_alarm},
  {"asd_sensor_ok", "gauge", "0 while the microphone or line is faulty.",
      get_sensor},
  {"asd_windows_total", "counter", "Windows that were scored.", get_windows},
  {"asd_alarms_total", "counter", "Alarms that started.", get_alarms},
  {"asd_overruns_total", "counter",
      "Windows that were left out for lack of time.", get_overruns},
  {"asd_reconnects_total", "counter",
      "Times that the source was lost and " "tried again.", get_reconnects},
};

static void
append_label (GString * text, const char *value)
{
  for (; *value != '\0'; value++) {
    if (*value == '\\' || *value == '"')
      g_string_append_c (text, '\\');
    g_string_append_c (text, *value);
  }
}

static void
append_metric (GString * text, const Metric * metric, GPtrArray * streams)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", metric->name,
      metric->help, metric->name, metric->type);
  for (guint i = 0; i < streams->len; i++) {
    MonitorStream *stream = g_ptr_array_index (streams, i);
    double value = metric->get (stream);

    g_string_append_printf (text, "%s{stream=\"", metric->name);
    append_label (text, stream->name);
    g_string_append_printf (text, "\"} %s\n", isnan (value) ? "NaN" :
        g_ascii_dtostr (number, sizeof (number), value));
  }
}

static char *
write_metrics (GPtrArray * streams)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (metrics_table); i++)
    append_metric (text, &metrics_table[i], streams);
  return g_string_free (text, FALSE);
}

/* The server */

static enum MHD_Result
answer (void *user_data, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_size, void **request)
{
  MonitorMetrics *metrics = user_data;
  gboolean found = strcmp (url, "/metrics") == 0;
  struct MHD_Response *response;
  enum MHD_Result result;
  char *text;

  if (strcmp (method, "GET") != 0 && strcmp (method, "HEAD") != 0)
    return MHD_NO;
  text = found ? write_metrics (metrics->streams) :
      g_strdup ("The metrics are at /metrics.\n");
  response = MHD_create_response_from_buffer (strlen (text), text,
      MHD_RESPMEM_MUST_COPY);
  g_free (text);
  MHD_add_response_header (response, "Content-Type",
      "text/plain; version=0.0.4; charset=utf-8");
  result = MHD_queue_response (connection, found ? MHD_HTTP_OK :
      MHD_HTTP_NOT_FOUND, response);
  MHD_destroy_response (response);
  return result;
}

static gboolean
serve (int fd, GIOCondition condition, gpointer user_data)
{
  MonitorMetrics *metrics = user_data;
  MHD_UNSIGNED_LONG_LONG timeout;

  do
    MHD_run (metrics->daemon);
  while (MHD_get_timeout (metrics->daemon, &timeout) == MHD_YES
      && timeout == 0);
  return G_SOURCE_CONTINUE;
}

/* Closes connections of which nothing is heard. */
static gboolean
clean_up (gpointer user_data)
{
  return serve (-1, 0, user_data);
}

static GSocketAddress *
parse_address (const char *text, GError ** error)
{
  const char *colon = strrchr (text, ':');
  GSocketAddress *address = NULL;
  gint64 port = 0;
  char *host = NULL;

  if (colon != NULL && g_ascii_string_to_signed (colon + 1, 10, 1, 65535,
          &port, NULL)) {
    host = g_strndup (text, colon - text);
    if (*host == '[' && g_str_has_suffix (host, "]")) {
      host[strlen (host) - 1] = '\0';
      memmove (host, host + 1, strlen (host));
    }
    address = g_inet_socket_address_new_from_string (*host == '\0' ? "0.0.0.0" :
        strcmp (host, "localhost") == 0 ? "127.0.0.1" : host, port);
  }
  if (address == NULL)
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "--metrics is "
        "ADDRESS:PORT, such as 127.0.0.1:9100, or :PORT for all addresses");
  g_free (host);
  return address;
}

MonitorMetrics *
monitor_metrics_new (const char *text, GPtrArray * streams, GError ** error)
{
  GSocketAddress *address = parse_address (text, error);
  unsigned int flags = MHD_USE_EPOLL;
  struct sockaddr_storage native;
  MonitorMetrics *metrics;

  if (address == NULL)
    return NULL;
  metrics = g_new0 (MonitorMetrics, 1);
  metrics->streams = streams;
  if (g_socket_address_get_family (address) == G_SOCKET_FAMILY_IPV6)
    flags |= MHD_USE_IPv6;
  if (g_socket_address_to_native (address, &native, sizeof (native), error)) {
    errno = 0;
    metrics->daemon = MHD_start_daemon (flags, 0, NULL, NULL, answer, metrics,
        MHD_OPTION_SOCK_ADDR, &native, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT,
        MHD_OPTION_END);
    if (metrics->daemon == NULL)
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
          "--metrics cannot listen at %s: %s: choose another address or port",
          text, g_strerror (errno));
  }
  g_object_unref (address);
  if (metrics->daemon == NULL) {
    g_free (metrics);
    return NULL;
  }
  metrics->watch = g_unix_fd_add (MHD_get_daemon_info (metrics->daemon,
          MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, G_IO_IN, serve, metrics);
  metrics->tick = g_timeout_add_seconds (1, clean_up, metrics);
  return metrics;
}

void
monitor_metrics_free (MonitorMetrics * metrics)
{
  if (metrics == NULL)
    return;
  g_source_remove (metrics->watch);
  g_source_remove (metrics->tick);
  MHD_stop_daemon (metrics->daemon);
  g_free (metrics);
}
