/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The messages of 'gst-asd monitor' for an MQTT broker. The library has a
 * thread of its own, which connects again after a loss. */

#include "monitor.h"

#include <errno.h>
#include <mosquitto.h>
#include <string.h>

#define DEFAULT_PORT 1883
#define DEFAULT_PREFIX "gst-asd"
/* All in seconds. Half as long again as KEEPALIVE without a word, and the broker
 * publishes the last will. */
#define KEEPALIVE 10
#define DELAY 2
#define PATIENCE 3
#define LAST_WORDS 1

struct _MonitorMqtt
{
  GPtrArray *streams;
  struct mosquitto *client;
  char *host;
  int port;
  char *prefix;
  gboolean started;             /* its thread is there */
  guint away;                   /* seconds without the broker */
  guint lost;                   /* messages that cannot wait for it */

  /* of the library's thread, atomic */
  gint connected;
  gint unsent;                  /* messages on their way to the broker */
  gint refused;                 /* code of the broker's last answer */
};

static void
publish (MonitorMqtt * mqtt, const char *topic, const char *text, int qos,
    gboolean retain)
{
  /* Where it fails, the broker is away, which tick tells. */
  if (mosquitto_publish (mqtt->client, NULL, topic, strlen (text), text, qos,
          retain) == MOSQ_ERR_SUCCESS)
    g_atomic_int_inc (&mqtt->unsent);
  else
    mqtt->lost++;
}

/* It left, and the broker has it where that was asked for. */
static void
on_publish (struct mosquitto *client, void *user_data, int id)
{
  g_atomic_int_add (&((MonitorMqtt *) user_data)->unsent, -1);
}

/* A connection that is closed at once takes what is on its way along. */
static void
flush (MonitorMqtt * mqtt)
{
  gint64 end = g_get_monotonic_time () + LAST_WORDS * G_USEC_PER_SEC;

  while (g_atomic_int_get (&mqtt->unsent) > 0
      && g_atomic_int_get (&mqtt->connected)
      && g_get_monotonic_time () < end)
    g_usleep (10000);
}

/* Of the whole monitor; "lost" is the last will. */
static void
publish_own_state (MonitorMqtt * mqtt, const char *state, gboolean is_will)
{
  char *topic = g_strdup_printf ("%s/state", mqtt->prefix);
  char *text = g_strdup_printf ("{\"type\":\"state\",\"state\":\"%s\"}", state);

  if (is_will)
    mosquitto_will_set (mqtt->client, topic, strlen (text), text, 1, TRUE);
  else
    publish (mqtt, topic, text, 1, TRUE);
  g_free (text);
  g_free (topic);
}

static void
publish_event (MonitorMqtt * mqtt, MonitorStream * stream,
    const GstStructure * event, int qos, gboolean retain)
{
  char *topic = g_strdup_printf ("%s/%s/%s", mqtt->prefix, stream->name,
      gst_structure_get_name (event) + strlen ("asd-"));
  char *text = monitor_event_to_json (stream, event);

  publish (mqtt, topic, text, qos, retain);
  g_free (text);
  g_free (topic);
}

void
monitor_mqtt_event (MonitorMqtt * mqtt, MonitorStream * stream,
    const GstStructure * event)
{
  gboolean alarm = gst_structure_has_name (event, "asd-alarm");
  gboolean retain = gst_structure_has_name (event, "asd-state")
      || gst_structure_has_name (event, "asd-sensor");

  /* Without a broker only the start and end of alarms wait for it; states are
   * told when it comes. */
  if (!g_atomic_int_get (&mqtt->connected)
      && !(alarm && g_strcmp0 (gst_structure_get_string (event, "state"),
              "ongoing") != 0))
    return;
  publish_event (mqtt, stream, event, alarm || retain ? 1 : 0, retain);
}

static gboolean
announce (gpointer user_data)
{
  MonitorMqtt *mqtt = user_data;
  GstStructure *event;

  publish_own_state (mqtt, "online", FALSE);
  for (guint i = 0; i < mqtt->streams->len; i++) {
    MonitorStream *stream = g_ptr_array_index (mqtt->streams, i);

    event = gst_structure_new ("asd-state", "state", G_TYPE_STRING,
        monitor_state_get_name (stream->state), "text", G_TYPE_STRING,
        stream->text, NULL);
    publish_event (mqtt, stream, event, 1, TRUE);
    gst_structure_free (event);
    event = gst_structure_new ("asd-sensor", "state", G_TYPE_STRING,
        stream->sensor, NULL);
    publish_event (mqtt, stream, event, 1, TRUE);
    gst_structure_free (event);
  }
  return G_SOURCE_REMOVE;
}

static void
on_connect (struct mosquitto *client, void *user_data, int code)
{
  MonitorMqtt *mqtt = user_data;

  g_atomic_int_set (&mqtt->refused, code);
  g_atomic_int_set (&mqtt->connected, code == 0);
  if (code == 0)
    g_idle_add (announce, mqtt);
}

static void
on_disconnect (struct mosquitto *client, void *user_data, int code)
{
  MonitorMqtt *mqtt = user_data;

  g_atomic_int_set (&mqtt->connected, FALSE);
}

/* The library's thread waits for ever for a first attempt that failed at
 * once. */
static void
start (MonitorMqtt * mqtt)
{
  if (!mqtt->started && mosquitto_connect_async (mqtt->client, mqtt->host,
          mqtt->port, KEEPALIVE) == MOSQ_ERR_SUCCESS)
    mqtt->started = mosquitto_loop_start (mqtt->client) == MOSQ_ERR_SUCCESS;
}

char *
monitor_mqtt_tick (MonitorMqtt * mqtt)
{
  int refused = g_atomic_int_get (&mqtt->refused);

  start (mqtt);
  if (g_atomic_int_get (&mqtt->connected)) {
    mqtt->away = 0;
    return NULL;
  }
  if (mqtt->away++ != PATIENCE)
    return NULL;
  if (refused != 0)
    return g_strdup_printf ("the MQTT broker %s:%d refuses: %s Check user and "
        "password; trying again", mqtt->host, mqtt->port,
        mosquitto_connack_string (refused));
  return g_strdup_printf ("the MQTT broker %s:%d cannot be reached: check that "
      "it runs; trying again", mqtt->host, mqtt->port);
}

static gboolean
parse (MonitorMqtt * mqtt, const char *uri, char **user, char **password,
    GError ** error)
{
  char *scheme = NULL, *path = NULL, *query = NULL, *fragment = NULL;
  const char *prefix;
  gboolean ok;

  ok = g_uri_split_with_user (uri, G_URI_FLAGS_HAS_PASSWORD, &scheme, user,
      password, NULL, &mqtt->host, &mqtt->port, &path, &query, &fragment, NULL)
      && g_strcmp0 (scheme, "mqtt") == 0 && mqtt->host != NULL
      && *mqtt->host != '\0' && strpbrk (path, "+#") == NULL && query == NULL
      && fragment == NULL;
  g_free (query);
  g_free (fragment);
  if (!ok) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "--mqtt is mqtt://[USER:PASSWORD@]HOST[:PORT][/PREFIX], without ?, + and "
        "# in PREFIX");
    g_free (scheme);
    g_free (path);
    return FALSE;
  }
  if (mqtt->port <= 0)
    mqtt->port = DEFAULT_PORT;
  prefix = path + strspn (path, "/");
  mqtt->prefix = g_strdup (*prefix != '\0' ? prefix : DEFAULT_PREFIX);
  if (g_str_has_suffix (mqtt->prefix, "/"))
    mqtt->prefix[strlen (mqtt->prefix) - 1] = '\0';
  g_free (scheme);
  g_free (path);
  return TRUE;
}

MonitorMqtt *
monitor_mqtt_new (const char *uri, GPtrArray * streams, GError ** error)
{
  MonitorMqtt *mqtt = g_new0 (MonitorMqtt, 1);
  char *user = NULL, *password = NULL;

  mqtt->streams = streams;
  if (!parse (mqtt, uri, &user, &password, error)) {
    g_free (user);
    g_free (password);
    monitor_mqtt_free (mqtt);
    return NULL;
  }
  mosquitto_lib_init ();
  mqtt->client = mosquitto_new (NULL, TRUE, mqtt);
  mosquitto_connect_callback_set (mqtt->client, on_connect);
  mosquitto_disconnect_callback_set (mqtt->client, on_disconnect);
  mosquitto_publish_callback_set (mqtt->client, on_publish);
  mosquitto_reconnect_delay_set (mqtt->client, DELAY, DELAY, FALSE);
  if (user != NULL)
    mosquitto_username_pw_set (mqtt->client, user, password);
  publish_own_state (mqtt, "lost", TRUE);
  start (mqtt);
  g_free (user);
  g_free (password);
  return mqtt;
}

/* Only alarms wait for a broker that is away. */
static void
say_unsent (MonitorMqtt * mqtt)
{
  gint n = g_atomic_int_get (&mqtt->unsent) + mqtt->lost;
  char *name = g_strdup_printf ("MQTT broker %s:%d", mqtt->host, mqtt->port);
  char *text = g_strdup_printf ("is away at the end: %d message%s of alarms "
      "cannot reach it any more", n, n == 1 ? "" : "s");

  if (n > 0)
    tool_say (name, text);
  g_free (text);
  g_free (name);
}

void
monitor_mqtt_free (MonitorMqtt * mqtt)
{
  gboolean connected;

  if (mqtt == NULL)
    return;
  if (mqtt->client != NULL) {
    connected = g_atomic_int_get (&mqtt->connected);
    if (connected) {
      publish_own_state (mqtt, "ended", FALSE);
      flush (mqtt);
    } else {
      say_unsent (mqtt);
    }
    mosquitto_disconnect (mqtt->client);
    /* By force where it waits for a broker. */
    if (mqtt->started)
      mosquitto_loop_stop (mqtt->client, !connected);
    mosquitto_destroy (mqtt->client);
    mosquitto_lib_cleanup ();
    while (g_idle_remove_by_data (mqtt));
  }
  g_free (mqtt->host);
  g_free (mqtt->prefix);
  g_free (mqtt);
}
