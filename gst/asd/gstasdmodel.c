/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdmodel.h"
#include "gstasdutils.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  gchar *path;
  struct stat st;
  AsdModel *model;
  guint users;
} SharedModel;

/* A handful of models at most: a list is enough. */
G_LOCK_DEFINE_STATIC (shared_models);
static GSList *shared_models;

static void
shared_model_free (SharedModel * shared)
{
  asd_model_unref (shared->model);
  g_free (shared->path);
  g_free (shared);
}

static gboolean
is_same_file (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino
      && a->st_size == b->st_size
      && a->st_mtim.tv_sec == b->st_mtim.tv_sec
      && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static SharedModel *
load_shared (const gchar * path, GError ** error)
{
  SharedModel *shared;
  struct stat st = { 0 };
  AsdModel *model;

  /* The file may be replaced meanwhile: looked at before it is read, so that
   * the worst is one load too many. */
  stat (path, &st);
  model = asd_model_load (path, error);
  if (model == NULL)
    return NULL;
  shared = g_new0 (SharedModel, 1);
  shared->path = g_strdup (path);
  shared->st = st;
  shared->model = model;
  return shared;
}

AsdModel *
gst_asd_model_acquire (const gchar * path, GError ** error)
{
  SharedModel *shared = NULL;
  struct stat st;
  GSList *l;

  G_LOCK (shared_models);
  if (stat (path, &st) == 0) {
    for (l = shared_models; l != NULL && shared == NULL; l = l->next) {
      SharedModel *candidate = l->data;

      if (strcmp (candidate->path, path) == 0
          && is_same_file (&candidate->st, &st))
        shared = candidate;
    }
  }
  if (shared == NULL) {
    shared = load_shared (path, error);
    if (shared != NULL)
      shared_models = g_slist_prepend (shared_models, shared);
  }
  if (shared != NULL)
    shared->users++;
  G_UNLOCK (shared_models);

  return shared != NULL ? asd_model_ref (shared->model) : NULL;
}

void
gst_asd_model_release (AsdModel * model)
{
  GSList *l;

  if (model == NULL)
    return;

  G_LOCK (shared_models);
  for (l = shared_models; l != NULL; l = l->next) {
    SharedModel *shared = l->data;

    if (shared->model == model && --shared->users == 0) {
      shared_models = g_slist_delete_link (shared_models, l);
      shared_model_free (shared);
      break;
    }
  }
  G_UNLOCK (shared_models);
  asd_model_unref (model);
}

gboolean
gst_asd_model_get_number (AsdModel * model, const gchar * key, gint64 min,
    gint64 max, gint64 default_value, gint64 * number, GError ** error)
{
  const gchar *text = asd_model_get_string (model, key);

  *number = default_value;
  if (text == NULL
      || g_ascii_string_to_signed (text, 10, min, max, number, NULL))
    return TRUE;
  g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
      "%s: %s \"%s\" is no number from %" G_GINT64_FORMAT " to %"
      G_GINT64_FORMAT ": train it again", asd_model_get_name (model), key, text,
      min, max);
  return FALSE;
}

AsdModelSection *
gst_asd_element_load_section (GstElement * element, const gchar * path,
    const gchar * stage, const gchar * kind)
{
  AsdModelSection *section;
  GError *error = NULL;
  AsdModel *model;

  if (path == NULL || *path == '\0') {
    GST_ELEMENT_ERROR (element, RESOURCE, NOT_FOUND,
        ("%s has no model: set model=FILE.asd, made by 'gst-asd train' or by "
            "asd%strain", gst_asd_element_get_label (element), kind), (NULL));
    return NULL;
  }
  model = gst_asd_model_acquire (path, &error);
  if (model == NULL)
    goto load_failed;
  section = asd_model_get_section (model, stage, &error);
  if (section == NULL)
    goto no_section;
  if (strcmp (asd_model_section_get_kind (section), kind) != 0)
    goto wrong_kind;
  return section;

load_failed:
  {
    GST_ELEMENT_ERROR (element, RESOURCE, OPEN_READ, ("%s", error->message),
        (NULL));
    g_clear_error (&error);
    return NULL;
  }
no_section:
  {
    GST_ELEMENT_ERROR (element, RESOURCE, SETTINGS, ("%s", error->message),
        (NULL));
    g_clear_error (&error);
    gst_asd_model_release (model);
    return NULL;
  }
wrong_kind:
  {
    GST_ELEMENT_ERROR (element, RESOURCE, SETTINGS,
        ("%s: stage \"%s\" is of kind \"%s\", %s needs kind \"%s\": set stage "
            "to one that asd%strain made", path, stage,
            asd_model_section_get_kind (section),
            gst_asd_element_get_label (element), kind, kind), (NULL));
    gst_asd_section_release (section);
    return NULL;
  }
}

void
gst_asd_section_release (AsdModelSection * section)
{
  AsdModel *model;

  if (section == NULL)
    return;
  model = asd_model_section_get_model (section);
  asd_model_section_unref (section);
  gst_asd_model_release (model);
}

/* FALSE where the section does not say what it was trained on. */
static gboolean
get_trained_info (AsdModelSection * section, GstAsdFeatureInfo * info)
{
  const gchar *text = asd_model_section_get_string (section, "caps");
  GstCaps *caps = text != NULL ? gst_caps_from_string (text) : NULL;
  gboolean known = gst_asd_feature_info_from_caps (info, caps);

  gst_clear_caps (&caps);
  return known;
}

gboolean
gst_asd_section_check_size (AsdModelSection * section, gsize n_values,
    GError ** error)
{
  GstAsdFeatureInfo trained;

  if (!get_trained_info (section, &trained)
      || gst_asd_feature_info_frame_size (&trained) == n_values)
    return TRUE;
  return asd_model_section_refuse (section, error, "it has %" G_GSIZE_FORMAT
      " values for frames of %d x %d", n_values, trained.rows, trained.columns);
}

gboolean
gst_asd_element_check_features (GstElement * element,
    AsdModelSection * section, const GstAsdFeatureInfo * info)
{
  const gchar *text = asd_model_section_get_string (section, "caps");
  GstAsdFeatureInfo trained;
  gchar *ours, *theirs;
  gboolean known = get_trained_info (section, &trained);

  if (known && gst_asd_feature_info_compatible (&trained, info))
    return TRUE;

  ours = known ? gst_asd_feature_info_describe (&trained) :
      g_strdup_printf ("something unknown (caps \"%s\")", GST_STR_NULL (text));
  theirs = gst_asd_feature_info_describe (info);
  GST_ELEMENT_ERROR (element, STREAM, WRONG_TYPE,
      ("%s: stage \"%s\" was trained on %s, but the stream is %s: use the "
          "pipeline it was trained with, or train it on this one",
          asd_model_get_name (asd_model_section_get_model (section)),
          asd_model_section_get_stage (section), ours, theirs), (NULL));
  g_free (ours);
  g_free (theirs);
  return FALSE;
}
