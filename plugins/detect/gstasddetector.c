/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasddetector.h"

#include <gst/asd/asd.h>

#define MAX_WINDOW (3600 * GST_SECOND)
#define MAX_RATE 768000
#define DEFAULT_RATE 16000

static gboolean
take_settings (GstAsdDetector * self, AsdModel * model,
    const GstAsdDetectorConfig * config, GError ** error)
{
  gint64 channel, rate, window, median;

  if (!gst_asd_model_get_number (model, "channel", -1, G_MAXINT, 0, &channel,
          error)
      || !gst_asd_model_get_number (model, "rate", 1, MAX_RATE, DEFAULT_RATE,
          &rate, error)
      || !gst_asd_model_get_number (model, "window", 0, MAX_WINDOW, 0, &window,
          error)
      || !gst_asd_model_get_number (model, "median-length", 0, MAX_WINDOW, 0,
          &median, error))
    return FALSE;
  self->channel = config->channel == G_MININT ? channel : config->channel;
  self->rate = rate;
  self->window = config->window;
  if (self->window == 0)
    self->window = window > 0 ? window : median;
  return TRUE;
}

/* Properties of the recipe's elements that are asddetect's to set; learns the
 * longest window on the way. */
static gboolean
set_up_element (GstAsdDetector * self, GstElement * element,
    const GstAsdDetectorConfig * config)
{
  guint64 window, interval = 0;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (element),
          "post-messages") != NULL)
    g_object_set (element, "post-messages", FALSE, NULL);
  if (!GST_IS_ASD_WINDOW_FILTER (element))
    return TRUE;
  g_object_get (element, "window", &window, NULL);
  if (GST_IS_ASD_EXTRACTOR (element))
    g_object_get (element, "interval", &interval, NULL);
  if (window >= self->window) {
    self->window = window;
    self->interval = interval > 0 ? interval : window;
  }
  return window > 0;
}

/* Only the last element says what the score is. */
static gboolean
set_up_recipe (GstAsdDetector * self, GstElement * recipe,
    const GstAsdDetectorConfig * config, GError ** error)
{
  GstIterator *it = gst_bin_iterate_recurse (GST_BIN (recipe));
  GValue item = G_VALUE_INIT;
  GstElement *last = NULL;
  GstPad *ghost, *target;
  gboolean ok = TRUE;

  self->window = 0;
  while (gst_iterator_next (it, &item) == GST_ITERATOR_OK) {
    ok = set_up_element (self, g_value_get_object (&item), config) && ok;
    g_value_unset (&item);
  }
  gst_iterator_free (it);
  if (!ok || self->window == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "%s: does not say how long a window is: set the property window, for "
        "example window=10000000000 for 10 s", self->path);
    return FALSE;
  }

  ghost = gst_element_get_static_pad (recipe, "src");
  if (ghost != NULL) {
    target = gst_ghost_pad_get_target (GST_GHOST_PAD (ghost));
    last = gst_pad_get_parent_element (target);
    gst_object_unref (target);
    gst_object_unref (ghost);
  }
  if (last == NULL || g_object_class_find_property (G_OBJECT_GET_CLASS (last),
          "post-messages") == NULL) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "%s: its recipe does not end in a scorer: end it in one, for example "
        "asdgraph, and train it again", self->path);
    gst_clear_object (&last);
    return FALSE;
  }
  g_object_set (last, "post-messages", config->post_messages, NULL);
  gst_object_unref (last);
  return TRUE;
}

static GstElement *
make_recipe (GstAsdDetector * self, const GstAsdDetectorConfig * config,
    GError ** error)
{
  AsdModel *model = gst_asd_model_acquire (self->path, error);
  GstAsdRecipe *recipe = NULL;
  GstElement *bin = NULL;

  if (model == NULL)
    return NULL;
  if (take_settings (self, model, config, error))
    recipe = gst_asd_recipe_from_model (model, error);
  if (recipe != NULL && config->interval > 0)
    gst_asd_recipe_set_interval (recipe, config->interval);
  if (recipe != NULL)
    bin = gst_asd_recipe_make_bin (recipe, self->path, self->window, error);
  gst_asd_recipe_free (recipe);
  gst_asd_model_release (model);
  if (bin != NULL && !set_up_recipe (self, bin, config, error)) {
    gst_object_unref (gst_object_ref_sink (bin));
    return NULL;
  }
  return bin;
}

static GstElement *
add (GstAsdDetector * self, const gchar * factory, GError ** error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (element == NULL)
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "The element %s is missing: install the plugin that has it (see "
        "'gst-inspect-1.0 %s')", factory, factory);
  else
    gst_bin_add (GST_BIN (self->bin), element);
  return element;
}

static GstCaps *
model_caps (GstAsdDetector * self)
{
  return gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING,
      GST_AUDIO_NE (F32), "layout", G_TYPE_STRING, "interleaved", "channels",
      G_TYPE_INT, 1, "rate", G_TYPE_INT, self->rate, NULL);
}

/* A sink waits with its first buffer until the pipeline plays. That may be
 * never: sinks behind asddetect that need all of the audio first, such as the
 * file of one picture, get it only when the windows have gone through here. */
static GstPadProbeReturn
drop_what_prerolls (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  (void) pad;
  (void) user_data;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    return GST_PAD_PROBE_DROP;
  return GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_GAP ?
      GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* audioconvert ! audioresample ! capsfilter ! asdsensor ! RECIPE ! asdalarm !
 * fakesink */
static gboolean
fill_bin (GstAsdDetector * self, GstElement * recipe,
    const GstAsdDetectorConfig * config, GError ** error)
{
  GstElement *resample, *filter, *sensor, *alarm, *sink;
  GstCaps *caps;
  GstPad *pad;

  gst_bin_add (GST_BIN (self->bin), recipe);
  if ((self->convert = add (self, "audioconvert", error)) == NULL
      || (resample = add (self, "audioresample", error)) == NULL
      || (filter = add (self, "capsfilter", error)) == NULL
      || (sensor = add (self, "asdsensor", error)) == NULL
      || (alarm = add (self, "asdalarm", error)) == NULL
      || (sink = add (self, "fakesink", error)) == NULL)
    return FALSE;

  caps = model_caps (self);
  g_object_set (filter, "caps", caps, NULL);
  gst_caps_unref (caps);
  g_object_set (sensor, "model", self->path, NULL);
  g_object_set (alarm, "model", self->path,
      "on-count", config->alarm.on_count, "of-count", config->alarm.of_count,
      "off-ratio", config->alarm.off_ratio, "min-on", config->alarm.min_on,
      "min-off", config->alarm.min_off, NULL);
  g_object_set (sink, "sync", FALSE, "async", FALSE, "enable-last-sample",
      FALSE, NULL);

  if (!gst_element_link_many (self->convert, resample, filter, sensor, recipe,
          alarm, sink, NULL)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "%s: its recipe does not lead from audio to a score: train it with one "
        "that does, for example \"asdmodspec ! asdgraph\"", self->path);
    return FALSE;
  }
  self->audio = gst_element_get_static_pad (sensor, "sink");
  self->scores = gst_element_get_static_pad (alarm, "sink");
  self->end = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (self->end, GST_PAD_PROBE_TYPE_BUFFER |
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, drop_what_prerolls, NULL, NULL);
  pad = gst_element_get_static_pad (self->convert, "sink");
  gst_element_add_pad (self->bin, gst_ghost_pad_new ("sink", pad));
  gst_object_unref (pad);
  self->sink = gst_element_get_static_pad (self->bin, "sink");
  return TRUE;
}

/* What the elements say of the model: the error that one of them posted. */
static gboolean
check (GstAsdDetector * self, GError ** error)
{
  GstBus *bus = gst_bus_new ();
  GstCaps *caps = model_caps (self);
  GstMessage *message;
  GError *posted = NULL;
  gboolean ok;

  gst_element_set_bus (self->bin, bus);
  ok = gst_element_set_state (self->bin, GST_STATE_PAUSED) !=
      GST_STATE_CHANGE_FAILURE
      && gst_pad_send_event (self->sink, gst_event_new_stream_start ("check"))
      && gst_pad_send_event (self->sink, gst_event_new_caps (caps));
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  if (message != NULL) {
    gst_message_parse_error (message, &posted, NULL);
    g_propagate_error (error, posted);
    gst_message_unref (message);
  } else if (!ok) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "%s: its recipe cannot be run: train it again", self->path);
  }
  ok = ok && message == NULL;
  gst_element_set_bus (self->bin, NULL);
  gst_caps_unref (caps);
  gst_object_unref (bus);
  return ok;
}

GstAsdDetector *
gst_asd_detector_new (const gchar * model, const GstAsdDetectorConfig * config,
    GError ** error)
{
  GstAsdDetector *self;
  GstElement *recipe;

  if (model == NULL || *model == '\0') {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "There is no model: set model=FILE.asd, made by 'gst-asd train'");
    return NULL;
  }
  self = g_new0 (GstAsdDetector, 1);
  self->path = g_strdup (model);
  self->bin = gst_object_ref_sink (gst_bin_new (NULL));
  recipe = make_recipe (self, config, error);
  if (recipe != NULL && fill_bin (self, recipe, config, error)
      && check (self, error))
    return self;
  gst_asd_detector_free (self);
  return NULL;
}

void
gst_asd_detector_free (GstAsdDetector * self)
{
  if (self == NULL)
    return;
  gst_element_set_state (self->bin, GST_STATE_NULL);
  gst_clear_object (&self->sink);
  gst_clear_object (&self->audio);
  gst_clear_object (&self->scores);
  gst_clear_object (&self->end);
  gst_object_unref (self->bin);
  g_free (self->path);
  g_free (self);
}

gboolean
gst_asd_detector_set_format (GstAsdDetector * self, const GstAudioInfo * info,
    GError ** error)
{
  return gst_asd_choose_channel (self->convert, self->channel, info->channels,
      error);
}
