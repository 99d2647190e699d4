/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs before all other tests, so that these find the registry written.
 */

#include <gst/check/gstcheck.h>

GST_START_TEST (test_scan)
{
  GstPlugin *plugin = gst_registry_find_plugin (gst_registry_get (),
      "coreelements");

  fail_unless (plugin != NULL);
  gst_object_unref (plugin);
}

GST_END_TEST;

static Suite *
registry_suite (void)
{
  Suite *s = suite_create ("registry");
  TCase *tc = tcase_create ("plugin");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_scan);
  return s;
}

GST_CHECK_MAIN (registry);
