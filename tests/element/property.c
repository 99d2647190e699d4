/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Properties that are members of an instance: GST_ASD_PROPERTY(). */

#include <gst/asd/asd.h>
#include <gst/check/gstcheck.h>

typedef enum
{
  SOFT,
  LOUD = 7,
} Volume;

static const GEnumValue volumes[] = {
  {SOFT, "Soft", "soft"},
  {LOUD, "Loud", "loud"},
  {0, NULL, NULL},
};

typedef struct
{
  GstElement parent;

  gboolean whiten;
  gint channel;
  guint frames;
  guint64 window;
  gdouble level;
  Volume volume;
  gchar *location;
  gchar **locations;
} TestElement;

typedef GstElementClass TestElementClass;

typedef struct
{
  guint8 before;
  guint seed;
} TestElementPrivate;

GType test_element_get_type (void);
G_DEFINE_TYPE_WITH_PRIVATE (TestElement, test_element, GST_TYPE_ELEMENT);

static void
test_element_finalize (GObject * object)
{
  TestElement *self = (TestElement *) object;

  g_free (self->location);
  g_strfreev (self->locations);
  G_OBJECT_CLASS (test_element_parent_class)->finalize (object);
}

static void
test_element_class_init (TestElementClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_element_finalize;

  GST_ASD_PROPERTY (klass, TestElement, whiten,
      g_param_spec_boolean ("whiten", "Whiten", "", TRUE, GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, TestElement, channel,
      g_param_spec_int ("channel", "Channel", "", -1, 8, -1,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, TestElement, frames,
      g_param_spec_uint ("frames", "Frames", "", 1, 100, 5,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, TestElement, window,
      g_param_spec_uint64 ("window", "Window", "", 0, G_MAXUINT64, 1 << 20,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, TestElement, level,
      g_param_spec_double ("level", "Level", "", -100, 0, -26,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, TestElement, volume,
      g_param_spec_enum ("volume", "Volume", "",
          gst_asd_enum_type ("TestVolume", volumes), LOUD,
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, TestElement, location,
      g_param_spec_string ("location", "Location", "", "here",
          GST_ASD_PARAM_READY));
  GST_ASD_PROPERTY (klass, TestElement, locations,
      g_param_spec_boxed ("locations", "Locations", "", G_TYPE_STRV,
          GST_ASD_PARAM_READY));
  GST_ASD_PRIVATE_PROPERTY (klass, TestElement, seed,
      g_param_spec_uint ("seed", "Seed", "", 0, G_MAXUINT, 3,
          GST_ASD_PARAM_READY));
}

static void
test_element_init (TestElement * self)
{
}

/* Adds a property to those of its parent. */
typedef struct
{
  TestElement parent;

  gdouble r;
} TestLeaf;

typedef TestElementClass TestLeafClass;

GType test_leaf_get_type (void);
G_DEFINE_TYPE (TestLeaf, test_leaf, test_element_get_type ());

static void
test_leaf_class_init (TestLeafClass * klass)
{
  GST_ASD_PROPERTY (klass, TestLeaf, r,
      g_param_spec_double ("r", "r", "", 0, 1, 0.5, GST_ASD_PARAM_READY));
}

static void
test_leaf_init (TestLeaf * self)
{
}

static TestElementPrivate *
get_private (TestElement * self)
{
  return test_element_get_instance_private (self);
}

GST_START_TEST (test_defaults)
{
  TestLeaf *leaf = g_object_new (test_leaf_get_type (), NULL);
  TestElement *self = &leaf->parent;

  fail_unless (self->whiten == TRUE);
  fail_unless_equals_int (self->channel, -1);
  fail_unless_equals_int (self->frames, 5);
  fail_unless_equals_uint64 (self->window, 1 << 20);
  fail_unless_equals_float (self->level, -26);
  fail_unless_equals_int (self->volume, LOUD);
  fail_unless_equals_string (self->location, "here");
  fail_unless (self->locations == NULL);
  fail_unless_equals_int (get_private (self)->seed, 3);
  fail_unless_equals_float (leaf->r, 0.5);
  gst_object_unref (leaf);

  leaf = g_object_new (test_leaf_get_type (), "r", 0.25, "frames", 9, NULL);
  fail_unless_equals_float (leaf->r, 0.25);
  fail_unless_equals_int (leaf->parent.frames, 9);
  gst_object_unref (leaf);
}

GST_END_TEST;

/* Each one reaches its member and no other, and comes back. */
GST_START_TEST (test_set_get)
{
  TestLeaf *leaf = g_object_new (test_leaf_get_type (), NULL);
  TestElement *self = &leaf->parent;
  const gchar *both[] = { "a.wav", "b.wav", NULL };
  gboolean whiten;
  gint channel, volume;
  guint frames, seed;
  guint64 window;
  gdouble level, r;
  gchar *location, **locations;

  g_object_set (leaf, "whiten", FALSE, "channel", 2, "frames", 7, "window",
      G_MAXUINT64, "level", -3.5, "volume", SOFT, "location", "there",
      "locations", both, "seed", G_MAXUINT, "r", 1.0, NULL);
  fail_unless (self->whiten == FALSE);
  fail_unless_equals_int (self->channel, 2);
  fail_unless_equals_int (self->frames, 7);
  fail_unless_equals_uint64 (self->window, G_MAXUINT64);
  fail_unless_equals_float (self->level, -3.5);
  fail_unless_equals_int (self->volume, SOFT);
  fail_unless_equals_string (self->location, "there");
  fail_unless_equals_string (self->locations[1], "b.wav");
  fail_unless_equals_uint64 (get_private (self)->seed, G_MAXUINT);
  fail_unless_equals_int (get_private (self)->before, 0);
  fail_unless_equals_float (leaf->r, 1);

  g_object_get (leaf, "whiten", &whiten, "channel", &channel, "frames", &frames,
      "window", &window, "level", &level, "volume", &volume, "location",
      &location, "locations", &locations, "seed", &seed, "r", &r, NULL);
  fail_unless (whiten == FALSE);
  fail_unless_equals_int (channel, 2);
  fail_unless_equals_int (frames, 7);
  fail_unless_equals_uint64 (window, G_MAXUINT64);
  fail_unless_equals_float (level, -3.5);
  fail_unless_equals_int (volume, SOFT);
  fail_unless_equals_string (location, "there");
  fail_unless_equals_string (locations[0], "a.wav");
  fail_unless_equals_uint64 (seed, G_MAXUINT);
  fail_unless_equals_float (r, 1);
  g_free (location);
  g_strfreev (locations);
  gst_object_unref (leaf);
}

GST_END_TEST;

/* gst-inspect and the documents list them in the order in which a class adds
 * them. */
GST_START_TEST (test_order)
{
  GObjectClass *klass = g_type_class_ref (test_element_get_type ());
  guint i, n;
  GParamSpec **specs = g_object_class_list_properties (klass, &n);
  GString *names = g_string_new (NULL);

  for (i = 0; i < n; i++)
    if (specs[i]->owner_type == test_element_get_type ())
      g_string_append_printf (names, "%s ", specs[i]->name);
  fail_unless_equals_string (names->str, "whiten channel frames window level "
      "volume location locations seed ");
  g_string_free (names, TRUE);
  g_free (specs);
  g_type_class_unref (klass);
}

GST_END_TEST;

GST_START_TEST (test_enum_type)
{
  GType type = gst_asd_enum_type ("TestEnum", volumes);

  fail_unless (G_TYPE_IS_ENUM (type));
  fail_unless (gst_asd_enum_type ("TestEnum", volumes) == type);
}

GST_END_TEST;

/* Texts name an element as its user does. */
GST_START_TEST (test_label)
{
  static const char *const names[][2] = {
    {NULL, "identity"}, {"identity12", "identity"}, {"front", "front"},
    {"identity-a", "identity-a"}, {"identi", "identi"},
  };
  GstElement *element = gst_element_factory_make ("identity",
      names[__i__][0]);

  fail_unless_equals_string (gst_asd_element_get_label (element),
      names[__i__][1]);
  gst_object_unref (element);
}

GST_END_TEST;

static Suite *
property_suite (void)
{
  Suite *s = suite_create ("property");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_defaults);
  tcase_add_test (tc, test_set_get);
  tcase_add_test (tc, test_order);
  tcase_add_test (tc, test_enum_type);
  tcase_add_loop_test (tc, test_label, 0, 5);
  return s;
}

GST_CHECK_MAIN (property);
