/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a stream of 'gst-asd monitor' reads. */

#include "monitor.h"

#include <errno.h>
#include <string.h>

#define NO_AUDIO "has no audio: choose a stream or file that has, or turn on " \
    "the camera's microphone"

/* How long packets may come out of order, in ms. */
#define RTSP_LATENCY 200
/* How long a server may take to answer, in us. */
#define RTSP_TIMEOUT (10 * G_USEC_PER_SEC)

static gboolean
has_scheme (const char *input, const char *scheme)
{
  char *found = g_uri_parse_scheme (input);
  gboolean ret = found != NULL && g_str_has_prefix (found, scheme);

  g_free (found);
  return ret;
}

/* "pulse" or "pulse:DEVICE"; @device gets NULL for the first. */
static gboolean
is_device (const char *input, const char *kind, const char **device)
{
  gsize length = strlen (kind);

  if (strncmp (input, kind, length) != 0 || strstr (input, "://") != NULL)
    return FALSE;
  *device = input[length] == ':' ? input + length + 1 : NULL;
  return input[length] == '\0' || input[length] == ':';
}

gboolean
monitor_source_is_live (const char *input)
{
  const char *device;

  return is_device (input, "pulse", &device)
      || is_device (input, "alsa", &device)
      || (strstr (input, "://") != NULL && !has_scheme (input, "file"));
}

static void
post_error (GstElement * pipeline, const char *text)
{
  GError *error = g_error_new_literal (ASD_ERROR, ASD_ERROR_DATA, text);

  gst_element_post_message (pipeline,
      gst_message_new_error (GST_OBJECT (pipeline), error, NULL));
  g_error_free (error);
}

static gboolean
select_audio (GstElement * source, guint n, GstCaps * caps, gpointer user_data)
{
  const GstStructure *media = gst_caps_get_structure (caps, 0);
  MonitorStream *stream = user_data;
  gboolean audio =
      g_strcmp0 (gst_structure_get_string (media, "media"), "audio") == 0;

  /* Streams come in order; one with audio is enough. */
  if (audio || n == 0)
    g_atomic_int_set (&stream->no_audio, !audio);
  return audio;
}

static void
set_up_source (GstElement * decoder, GstElement * source, gpointer user_data)
{
  GstElementFactory *factory = gst_element_get_factory (source);
  char *uri = NULL;

  if (g_strcmp0 (GST_OBJECT_NAME (factory), "rtspsrc") != 0)
    return;
  g_object_get (decoder, "uri", &uri, NULL);
  g_object_set (source, "latency", RTSP_LATENCY, "tcp-timeout",
      (guint64) RTSP_TIMEOUT, NULL);
  /* TCP passes firewalls and tells at once when the server is gone; rtspu://
   * asks for UDP. */
  if (has_scheme (uri, "rtsp") && !has_scheme (uri, "rtspu")
      && !has_scheme (uri, "rtsph"))
    gst_util_set_object_arg (G_OBJECT (source), "protocols", "tcp");
  g_signal_connect (source, "select-stream", G_CALLBACK (select_audio),
      user_data);
  g_free (uri);
}

static void
link_audio (GstElement * decoder, GstPad * pad, gpointer user_data)
{
  GstPad *sink = user_data;
  GstCaps *caps = gst_pad_get_current_caps (pad);

  if (caps == NULL)
    caps = gst_pad_query_caps (pad, NULL);
  /* Of several audio streams the first is taken. */
  if (gst_structure_has_name (gst_caps_get_structure (caps, 0), "audio/x-raw")
      && !gst_pad_is_linked (sink)
      && GST_PAD_LINK_FAILED (gst_pad_link (pad, sink)))
    GST_WARNING_OBJECT (pad, "cannot be linked");
  gst_caps_unref (caps);
}

static void
check_linked (GstElement * decoder, gpointer user_data)
{
  GstPad *sink = user_data;
  GstObject *pipeline;

  if (gst_pad_is_linked (sink))
    return;
  pipeline = gst_object_get_parent (GST_OBJECT (decoder));
  if (pipeline != NULL)
    post_error (GST_ELEMENT (pipeline), NO_AUDIO);
  gst_clear_object (&pipeline);
}

static GstElement *
make (const char *factory, const char *package, GError ** error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (element == NULL)
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "needs the GStreamer element %s: install the package %s", factory,
        package);
  return element;
}

static GstElement *
make_decoder (MonitorStream * stream, GstPad * sink, GError ** error)
{
  GstCaps *caps = gst_caps_new_empty_simple ("audio/x-raw");
  const char *input = stream->input;
  char *protocol, *uri;
  GstElement *decoder = NULL;

  uri = strstr (input, "://") != NULL ? g_strdup (input) :
      gst_filename_to_uri (input, error);
  if (uri == NULL)
    goto done;
  protocol = gst_uri_get_protocol (uri);
  if (protocol == NULL || !gst_uri_protocol_is_supported (GST_URI_SRC,
          protocol)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "nothing here reads %s://: give a file, rtsp://, http://, pulse, alsa "
        "or test, or install the GStreamer plugin", protocol);
    g_free (protocol);
    goto done;
  }
  g_free (protocol);
  decoder = make ("uridecodebin", "gstreamer1.0-plugins-base", error);
  if (decoder == NULL)
    goto done;
  g_object_set (decoder, "uri", uri, "caps", caps, "expose-all-streams", FALSE,
      NULL);
  g_signal_connect (decoder, "source-setup", G_CALLBACK (set_up_source),
      stream);
  g_signal_connect_object (decoder, "pad-added", G_CALLBACK (link_audio), sink,
      0);
  g_signal_connect_object (decoder, "no-more-pads", G_CALLBACK (check_linked),
      sink, 0);
done:
  gst_caps_unref (caps);
  g_free (uri);
  return decoder;
}

static gboolean
set_enum (GstElement * element, const char *property, const char *value,
    GError ** error)
{
  GParamSpec *spec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (element), property);
  GEnumClass *values = G_PARAM_SPEC_ENUM (spec)->enum_class;
  GEnumValue *found = g_enum_get_value_by_nick (values, value);
  GString *known;

  if (found != NULL) {
    g_object_set (element, property, found->value, NULL);
    return TRUE;
  }
  known = g_string_new (NULL);
  for (guint i = 0; i < values->n_values; i++)
    g_string_append_printf (known, "%s%s", i > 0 ? ", " : "",
        values->values[i].value_nick);
  g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
      "there is no %s \"%s\": one of %s", property, value, known->str);
  g_string_free (known, TRUE);
  return FALSE;
}

static GstElement *
make_test (const MonitorOptions * options, GError ** error)
{
  GstElement *element = make ("asdtestsrc", "of gst-asd", error);

  if (element == NULL)
    return NULL;
  if (!set_enum (element, "machine", options->machine, error)
      || !set_enum (element, "fault", options->fault, error)) {
    gst_object_unref (gst_object_ref_sink (element));
    return NULL;
  }
  /* Tenths of a second; without an end it is as slow as a real machine. */
  g_object_set (element, "samplesperbuffer", TOOL_RATE / 10, "machine-id",
      options->machine_id, "seed", options->seed, "snr", options->snr,
      "severity", options->severity, "fault-time",
      (guint64) (options->fault_at * GST_SECOND), "is-live",
      options->duration == 0, NULL);
  return element;
}

GstElement *
monitor_source_new (MonitorStream * stream, GstElement * pipeline,
    GstPad * sink, GError ** error)
{
  const char *device = NULL;
  GstElement *element;
  GstPad *pad;

  if (is_device (stream->input, "pulse", &device))
    element = make ("pulsesrc", "gstreamer1.0-plugins-good", error);
  else if (is_device (stream->input, "alsa", &device))
    element = make ("alsasrc", "gstreamer1.0-alsa", error);
  else if (strcmp (stream->input, "test") == 0)
    element = make_test (stream->options, error);
  else
    element = make_decoder (stream, sink, error);
  if (element == NULL)
    return NULL;
  if (device != NULL)
    g_object_set (element, "device", device, NULL);
  gst_bin_add (GST_BIN (pipeline), element);
  pad = gst_element_get_static_pad (element, "src");
  if (pad != NULL && GST_PAD_LINK_FAILED (gst_pad_link (pad, sink)))
    post_error (pipeline, "gives no audio that the model can take");
  gst_clear_object (&pad);
  return element;
}

static gboolean
is_file (const char *input)
{
  return strcmp (input, "test") != 0 && !monitor_source_is_live (input);
}

char *
monitor_source_explain (MonitorStream * stream, const GError * error,
    gboolean *final)
{
  char *message = g_strdup (error->message), *text;

  if (g_str_has_suffix (message, "."))
    message[strlen (message) - 1] = '\0';
  *final = TRUE;
  if (strcmp (stream->input, "test") == 0
      || (error->domain != GST_RESOURCE_ERROR
          && error->domain != GST_STREAM_ERROR
          && error->domain != GST_CORE_ERROR))
    return message;

  if (g_error_matches (error, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_NOT_AUTHORIZED)) {
    text = g_strdup ("user name or password is wrong or missing: write "
        "rtsp://USER:PASSWORD@HOST/PATH");
  } else if (g_error_matches (error, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_NOT_FOUND)) {
    text = g_strdup (is_file (stream->input) ?
        "there is no such file: check the name" :
        "is not there: check the path in the URI or the name of the device");
    /* A server that was there may not have all its streams again yet. */
    *final = !stream->live || stream->n_windows == 0;
  } else if (stream->missing != NULL) {
    text = g_strdup_printf ("%s is missing to decode the sound: install the "
        "package gstreamer1.0-plugins-bad or gstreamer1.0-libav, or choose "
        "another codec", stream->missing);
  } else if (g_atomic_int_get (&stream->no_audio)
      || g_error_matches (error, GST_STREAM_ERROR,
          GST_STREAM_ERROR_CODEC_NOT_FOUND)
      || g_error_matches (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN)) {
    /* No decoder is missing, but there was nothing to decode. */
    text = g_strdup (NO_AUDIO);
  } else if (is_file (stream->input)) {
    text = g_strdup_printf ("cannot be read (%s): give audio files", message);
  } else {
    text = g_strdup_printf ("cannot be reached (%s): check host, port and "
        "device", message);
    *final = FALSE;
  }
  g_free (message);
  return text;
}
