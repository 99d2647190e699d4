/* Listens to a machine with asddetect, and prints what it says.
 *
 *   cc -Wall listen.c -o listen $(pkg-config --cflags --libs gstreamer-1.0)
 *   ./listen fan.asd                   a microphone
 *   ./listen fan.asd 'SOURCE'          a gst-launch fragment that gives audio
 */

#include <gst/gst.h>

static double
seconds (const GstStructure * s, const char *field)
{
  guint64 time = 0;

  gst_structure_get_uint64 (s, field, &time);
  return time / 1e9;
}

static double
number (const GstStructure * s, const char *field)
{
  double value = 0;

  gst_structure_get_double (s, field, &value);
  return value;
}

static void
print_element (const GstStructure * s)
{
  if (gst_structure_has_name (s, "asd-score"))
    g_print ("%.1f s: score %.10g\n", seconds (s, "running-time"),
        number (s, "score"));
  else if (gst_structure_has_name (s, "asd-alarm"))
    g_print ("%.1f s: alarm %s, up to %.10g\n", seconds (s, "start"),
        gst_structure_get_string (s, "state"), number (s, "peak-score"));
  else if (gst_structure_has_name (s, "asd-sensor"))
    g_print ("%.1f s: sensor %s\n", seconds (s, "running-time"),
        gst_structure_get_string (s, "text"));
}

/* Returns whether the pipeline goes on. */
static gboolean
handle (GstMessage * message)
{
  GError *error = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      print_element (gst_message_get_structure (message));
      return TRUE;
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning (message, &error, NULL);
      g_printerr ("warning: %s\n", error->message);
      g_error_free (error);
      return TRUE;
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, NULL);
      g_printerr ("error: %s\n", error->message);
      g_error_free (error);
      return FALSE;
    default:
      return GST_MESSAGE_TYPE (message) != GST_MESSAGE_EOS;
  }
}

int
main (int argc, char **argv)
{
  const char *source = argc > 2 ? argv[2] : "pulsesrc";
  GstElement *pipeline, *detect;
  GError *error = NULL;
  gboolean more = TRUE, failed = FALSE;
  GstBus *bus;
  char *line;

  gst_init (&argc, &argv);
  if (argc < 2) {
    g_printerr ("usage: %s MODEL.asd [SOURCE]\n", argv[0]);
    return 2;
  }
  line = g_strconcat (source, " ! audioconvert ! asddetect name=detect ! "
      "fakesink", NULL);
  pipeline = gst_parse_launch (line, &error);
  g_free (line);
  if (error != NULL) {
    g_printerr ("error: %s\n", error->message);
    return 1;
  }
  detect = gst_bin_get_by_name (GST_BIN (pipeline), "detect");
  g_object_set (detect, "model", argv[1], NULL);
  gst_object_unref (detect);

  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (more) {
    GstMessage *message = gst_bus_timed_pop (bus, GST_CLOCK_TIME_NONE);

    more = handle (message);
    failed = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;
    gst_message_unref (message);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  return failed;
}
