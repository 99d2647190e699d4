/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdlaunch.h"
#include "gstasdextractor.h"
#include "gstasdwindowfilter.h"

#include <asd/asd.h>
#include <string.h>

static const gchar *const helpers[] = {
  "audioconvert", "audioresample", "queue", "tee", NULL
};

static gboolean
is_allowed (GstElementFactory * factory)
{
  const gchar *name = GST_OBJECT_NAME (factory);
  const gchar *klass;

  if (g_strv_contains (helpers, name))
    return TRUE;
  klass = gst_element_factory_get_metadata (factory,
      GST_ELEMENT_METADATA_KLASS);
  return g_str_has_prefix (name, "asd") && strstr (klass, "Sink") == NULL
      && strstr (klass, "Source") == NULL;
}

static GstElementFactory *
find_trainer (GstElement * element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  gchar *name = g_strconcat (GST_OBJECT_NAME (factory), "train", NULL);
  GstElementFactory *trainer = gst_element_factory_find (name);

  g_free (name);
  return trainer;
}

/* An element that learns, a stage. */
static gboolean
has_trainer (GstElement * element)
{
  GstElementFactory *trainer = find_trainer (element);
  gboolean ret = trainer != NULL;

  gst_clear_object (&trainer);
  return ret;
}

/* The elements of the bin, sources first. */
static GPtrArray *
list_elements (GstElement * bin)
{
  GPtrArray *elements = g_ptr_array_new_with_free_func (gst_object_unref);
  GstIterator *it = gst_bin_iterate_sorted (GST_BIN (bin));
  GValue item = G_VALUE_INIT;

  while (gst_iterator_next (it, &item) == GST_ITERATOR_OK) {
    g_ptr_array_insert (elements, 0, g_value_dup_object (&item));
    g_value_unset (&item);
  }
  gst_iterator_free (it);
  return elements;
}

static gchar *
stage_of (GstElement * element)
{
  gchar *stage = NULL;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (element), "stage"))
    g_object_get (element, "stage", &stage, NULL);
  return stage;
}

static gboolean
check_elements (GPtrArray * elements, GError ** error)
{
  guint i;

  for (i = 0; i < elements->len; i++) {
    GstElement *element = g_ptr_array_index (elements, i);
    GstElementFactory *factory = gst_element_get_factory (element);

    if (factory != NULL && is_allowed (factory))
      continue;
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "\"%s\" is not allowed in a recipe: use asd* elements that neither "
        "read nor write files, audioconvert, audioresample, tee and queue",
        factory != NULL ? GST_OBJECT_NAME (factory) :
        GST_OBJECT_NAME (element));
    return FALSE;
  }
  return TRUE;
}

GstAsdLaunch *
gst_asd_launch_parse (const gchar * text, GError ** error)
{
  GstAsdLaunch *launch;
  GstElement *bin;

  bin = gst_parse_bin_from_description_full (text, TRUE, NULL,
      GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (bin == NULL) {
    g_prefix_error (error, "Recipe \"%s\": ", text);
    return NULL;
  }
  launch = g_new0 (GstAsdLaunch, 1);
  launch->bin = gst_object_ref_sink (bin);
  launch->elements = list_elements (bin);
  if (check_elements (launch->elements, error))
    return launch;
  gst_asd_launch_free (launch);
  return NULL;
}

void
gst_asd_launch_free (GstAsdLaunch * launch)
{
  if (launch == NULL)
    return;
  g_ptr_array_unref (launch->elements);
  gst_object_unref (launch->bin);
  g_free (launch);
}

GstElement *
gst_asd_launch_free_to_bin (GstAsdLaunch * launch)
{
  GstElement *bin = gst_object_ref (launch->bin);

  gst_asd_launch_free (launch);
  g_object_force_floating (G_OBJECT (bin));
  return bin;
}

/* It decides what is anomalous: a scorer, or an ensemble of them. */
static gboolean
is_scorer (GstElement * element)
{
  GObjectClass *klass = G_OBJECT_GET_CLASS (element);

  return g_object_class_find_property (klass, "stage") != NULL
      && g_object_class_find_property (klass, "threshold") != NULL;
}

static gchar **
list_stages (GstAsdLaunch * launch, gboolean (*belongs) (GstElement *))
{
  GPtrArray *names = g_ptr_array_new ();
  guint i;

  for (i = 0; i < launch->elements->len; i++) {
    GstElement *element = g_ptr_array_index (launch->elements, i);

    if (belongs (element))
      g_ptr_array_add (names, stage_of (element));
  }
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}

gchar **
gst_asd_launch_list_stages (GstAsdLaunch * launch)
{
  return list_stages (launch, has_trainer);
}

gchar **
gst_asd_launch_list_scorers (GstAsdLaunch * launch)
{
  return list_stages (launch, is_scorer);
}

GstElement *
gst_asd_launch_find_stage (GstAsdLaunch * launch, const gchar * name)
{
  guint i;

  for (i = 0; i < launch->elements->len; i++) {
    GstElement *element = g_ptr_array_index (launch->elements, i);
    gchar *stage = stage_of (element);
    gboolean found = g_strcmp0 (stage, name) == 0 && (has_trainer (element)
        || is_scorer (element));

    g_free (stage);
    if (found)
      return element;
  }
  return NULL;
}

GstElement *
gst_asd_launch_make_trainer (GstAsdLaunch * launch, const gchar * stage)
{
  GstElementFactory *factory =
      find_trainer (gst_asd_launch_find_stage (launch, stage));
  GstElement *trainer = gst_element_factory_create (factory, NULL);

  gst_object_unref (factory);
  g_object_set (trainer, "stage", stage, NULL);
  return trainer;
}

static void
collect_upstream (GstElement * element, GHashTable * set)
{
  GList *l;

  if (!g_hash_table_add (set, element))
    return;
  for (l = element->sinkpads; l != NULL; l = l->next) {
    GstPad *peer = gst_pad_get_peer (l->data);
    GstElement *parent = peer ? gst_pad_get_parent_element (peer) : NULL;

    /* The peer of the first element is inside a ghost pad. */
    if (parent != NULL && parent != element)
      collect_upstream (parent, set);
    gst_clear_object (&parent);
    gst_clear_object (&peer);
  }
}

static void
expose (GstElement * bin, const gchar * name, GstPad * target)
{
  GstPad *ghost = gst_element_get_static_pad (bin, name);

  if (ghost != NULL) {
    gst_element_remove_pad (bin, ghost);
    gst_object_unref (ghost);
  }
  gst_element_add_pad (bin, gst_ghost_pad_new (name, target));
}

/* The last element's peer is inside a ghost pad. */
static gboolean
is_pad_of_element (GstPad * pad)
{
  GstElement *parent = pad != NULL ? gst_pad_get_parent_element (pad) : NULL;
  gboolean ret = parent != NULL;

  gst_clear_object (&parent);
  return ret;
}

/* The last one; NULL where there is none. */
static GstElement *
find_extractor (GstAsdLaunch * launch, guint *n)
{
  GstElement *extractor = NULL;
  guint i;

  for (i = *n = 0; i < launch->elements->len; i++) {
    if (GST_IS_ASD_EXTRACTOR (g_ptr_array_index (launch->elements, i))) {
      extractor = g_ptr_array_index (launch->elements, i);
      (*n)++;
    }
  }
  return extractor;
}

gboolean
gst_asd_launch_describe_features (GstAsdLaunch * launch, gint rate,
    GstAsdFeatureInfo * info, GError ** error)
{
  guint n;
  GstAsdExtractor *extractor = (GstAsdExtractor *) find_extractor (launch, &n);

  memset (info, 0, sizeof (*info));
  info->rate = rate;
  return extractor == NULL
      || GST_ASD_EXTRACTOR_GET_CLASS (extractor)->setup (extractor, rate, info,
      error);
}

gboolean
gst_asd_launch_cut_to_features (GstAsdLaunch * launch, GError ** error)
{
  GPtrArray *elements = launch->elements;
  GHashTable *upstream;
  GstPad *src, *next;
  guint i, n;
  GstElement *extractor = find_extractor (launch, &n);

  if (extractor == NULL)
    return TRUE;
  src = gst_element_get_static_pad (extractor, "src");
  next = gst_pad_get_peer (src);
  gst_object_unref (src);
  if (n > 1 || !is_pad_of_element (next)) {
    gst_clear_object (&next);
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "The recipe has %u extractors with elements after them, features can "
        "replace only one: give it the audio, or a recipe with one branch",
        n > 1 ? n : 0);
    return FALSE;
  }

  upstream = g_hash_table_new (NULL, NULL);
  collect_upstream (extractor, upstream);
  for (i = elements->len; i-- > 0;) {
    GstElement *element = g_ptr_array_index (elements, i);

    if (g_hash_table_contains (upstream, element)) {
      gst_bin_remove (GST_BIN (launch->bin), element);
      g_ptr_array_remove_index (elements, i);
    }
  }
  g_hash_table_unref (upstream);
  expose (launch->bin, "sink", next);
  gst_object_unref (next);
  return TRUE;
}

void
gst_asd_launch_set_up (GstAsdLaunch * launch, const gchar * model,
    GstClockTime window)
{
  guint64 own;
  guint i;

  for (i = 0; i < launch->elements->len; i++) {
    GObject *element = g_ptr_array_index (launch->elements, i);
    GObjectClass *klass = G_OBJECT_GET_CLASS (element);

    if (g_object_class_find_property (klass, "model") != NULL)
      g_object_set (element, "model", model, NULL);
    if (window > 0 && GST_IS_ASD_WINDOW_FILTER (element)) {
      g_object_get (element, "window", &own, NULL);
      if (own == 0)
        g_object_set (element, "window", window, NULL);
    }
  }
}

void
gst_asd_launch_set_interval (GstAsdLaunch * launch, GstClockTime interval)
{
  guint64 own;
  guint i;

  for (i = 0; i < launch->elements->len; i++) {
    GObject *element = g_ptr_array_index (launch->elements, i);

    if (!GST_IS_ASD_EXTRACTOR (element))
      continue;
    g_object_get (element, "interval", &own, NULL);
    if (own == 0)
      g_object_set (element, "interval", interval, NULL);
  }
}

static void
keep_only (GstAsdLaunch * launch, GHashTable * kept)
{
  guint i;

  for (i = launch->elements->len; i-- > 0;) {
    GstElement *element = g_ptr_array_index (launch->elements, i);

    if (g_hash_table_contains (kept, element))
      continue;
    gst_bin_remove (GST_BIN (launch->bin), element);
    g_ptr_array_remove_index (launch->elements, i);
  }
}

void
gst_asd_launch_end_in_scorer (GstAsdLaunch * launch, const gchar * stage)
{
  GstElement *element = gst_asd_launch_find_stage (launch, stage);
  GHashTable *upstream = g_hash_table_new (NULL, NULL);
  GstPad *src = gst_element_get_static_pad (element, "src");

  collect_upstream (element, upstream);
  keep_only (launch, upstream);
  g_hash_table_unref (upstream);
  expose (launch->bin, "src", src);
  gst_object_unref (src);
}

void
gst_asd_launch_end_in_trainer (GstAsdLaunch * launch, const gchar * stage,
    GstElement * trainer)
{
  GstElement *element = gst_asd_launch_find_stage (launch, stage);
  GHashTable *upstream = g_hash_table_new (NULL, NULL);
  GstPad *sink = gst_element_get_static_pad (element, "sink");
  GstPad *trainer_sink = gst_element_get_static_pad (trainer, "sink");
  GstPad *peer = gst_pad_get_peer (sink);
  GstElement *before = peer ? gst_pad_get_parent_element (peer) : NULL;

  collect_upstream (element, upstream);
  g_hash_table_remove (upstream, element);
  gst_bin_add (GST_BIN (launch->bin), trainer);
  if (before != NULL && before != launch->bin
      && g_hash_table_contains (upstream, before)) {
    gst_pad_unlink (peer, sink);
    gst_pad_link (peer, trainer_sink);
  } else {
    expose (launch->bin, "sink", trainer_sink);
  }
  keep_only (launch, upstream);

  gst_clear_object (&before);
  gst_clear_object (&peer);
  gst_object_unref (sink);
  gst_object_unref (trainer_sink);
  g_hash_table_unref (upstream);
}
