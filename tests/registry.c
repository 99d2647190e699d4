/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs before all other tests, so that these find the registry written, and
 * looks at the plugin as an application sees it.
 */

#include <gst/check/gstcheck.h>

static GList *
features (void)
{
  GList *list = gst_registry_get_feature_list_by_plugin (gst_registry_get (),
      "asd");

  fail_unless (list != NULL, "no element: is the plugin blacklisted?");
  return list;
}

GST_START_TEST (test_plugin)
{
  GstPlugin *plugin = gst_registry_find_plugin (gst_registry_get (), "asd");
  gchar *build = g_build_filename (g_getenv ("ASD_BUILD"), "plugins", NULL);

  fail_unless (plugin != NULL, "no plugin in %s", build);
  fail_if (GST_OBJECT_FLAG_IS_SET (plugin, GST_PLUGIN_FLAG_BLACKLISTED));
  fail_unless (g_str_has_prefix (gst_plugin_get_filename (plugin), build),
      "%s is not of this build", gst_plugin_get_filename (plugin));
  fail_unless_equals_string (gst_plugin_get_license (plugin), "GPL");
  g_free (build);
  gst_object_unref (plugin);
}

GST_END_TEST;

static void
check_pad_templates (GstElementFactory * factory)
{
  const GList *item = gst_element_factory_get_static_pad_templates (factory);

  fail_unless (item != NULL
      || g_type_is_a (gst_element_factory_get_element_type (factory),
          GST_TYPE_BIN));
  for (; item != NULL; item = item->next) {
    GstCaps *caps = gst_static_pad_template_get_caps (item->data);

    fail_unless (caps != NULL && !gst_caps_is_empty (caps));
    gst_caps_unref (caps);
  }
}

static void
check_metadata (GstElementFactory * factory)
{
  const gchar *keys[] = { GST_ELEMENT_METADATA_LONGNAME,
    GST_ELEMENT_METADATA_KLASS, GST_ELEMENT_METADATA_DESCRIPTION
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    fail_unless (gst_element_factory_get_metadata (factory, keys[i]) != NULL,
        "%s has no %s", GST_OBJECT_NAME (factory), keys[i]);
  fail_unless_equals_int (gst_plugin_feature_get_rank (GST_PLUGIN_FEATURE
          (factory)), GST_RANK_NONE);
}

static void
check_properties (GstElement * element)
{
  guint i, n;
  GParamSpec **specs = g_object_class_list_properties (G_OBJECT_GET_CLASS
      (element), &n);

  for (i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    fail_unless (g_param_spec_get_blurb (specs[i]) != NULL,
        "%s::%s has no blurb", G_OBJECT_TYPE_NAME (element), specs[i]->name);
    if (!(specs[i]->flags & G_PARAM_READABLE))
      continue;
    g_value_init (&value, specs[i]->value_type);
    g_object_get_property (G_OBJECT (element), specs[i]->name, &value);
    g_value_unset (&value);
  }
  g_free (specs);
}

/* Every element: what gst-inspect-1.0 shows, and two lives of one instance. An
 * element that needs a model or a file may refuse READY; it must then come back
 * to NULL.
 */
GST_START_TEST (test_elements)
{
  GList *list = features (), *item;

  for (item = list; item != NULL; item = item->next) {
    GstElementFactory *factory =
        GST_ELEMENT_FACTORY (gst_plugin_feature_load (item->data));
    GstElement *element;
    gint i;

    fail_unless (factory != NULL);
    check_metadata (factory);
    element = gst_element_factory_create (factory, NULL);
    fail_unless (element != NULL);
    check_pad_templates (factory);
    check_properties (element);
    for (i = 0; i < 2; i++) {
      gst_element_set_state (element, GST_STATE_READY);
      fail_unless_equals_int (gst_element_set_state (element, GST_STATE_NULL),
          GST_STATE_CHANGE_SUCCESS);
    }
    gst_object_unref (element);
    gst_object_unref (factory);
  }
  gst_plugin_feature_list_free (list);
}

GST_END_TEST;

static Suite *
registry_suite (void)
{
  Suite *s = suite_create ("registry");
  TCase *tc = tcase_create ("plugin");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_plugin);
  tcase_add_test (tc, test_elements);
  return s;
}

GST_CHECK_MAIN (registry);
