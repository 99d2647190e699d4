/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdproperty.h"

static G_DEFINE_QUARK (gst - asd - property - offset, offset);
static G_DEFINE_QUARK (gst - asd - property - count, count);

static gpointer
get_field (GObject * object, GParamSpec * pspec)
{
  return (guint8 *) object
      + (gssize) g_param_spec_get_qdata (pspec, offset_quark ());
}

void
gst_asd_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  gpointer field = get_field (object, pspec);

  GST_OBJECT_LOCK (object);
  switch (G_TYPE_FUNDAMENTAL (pspec->value_type)) {
    case G_TYPE_BOOLEAN:
      *(gboolean *) field = g_value_get_boolean (value);
      break;
    case G_TYPE_INT:
      *(gint *) field = g_value_get_int (value);
      break;
    case G_TYPE_UINT:
      *(guint *) field = g_value_get_uint (value);
      break;
    case G_TYPE_UINT64:
      *(guint64 *) field = g_value_get_uint64 (value);
      break;
    case G_TYPE_DOUBLE:
      *(gdouble *) field = g_value_get_double (value);
      break;
    case G_TYPE_ENUM:
      *(gint *) field = g_value_get_enum (value);
      break;
    case G_TYPE_STRING:
      g_free (*(gchar **) field);
      *(gchar **) field = g_value_dup_string (value);
      break;
    default:
      g_strfreev (*(gchar ***) field);
      *(gchar ***) field = g_value_dup_boxed (value);
      break;
  }
  GST_OBJECT_UNLOCK (object);
}

void
gst_asd_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  gconstpointer field = get_field (object, pspec);

  GST_OBJECT_LOCK (object);
  switch (G_TYPE_FUNDAMENTAL (pspec->value_type)) {
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, *(const gboolean *) field);
      break;
    case G_TYPE_INT:
      g_value_set_int (value, *(const gint *) field);
      break;
    case G_TYPE_UINT:
      g_value_set_uint (value, *(const guint *) field);
      break;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, *(const guint64 *) field);
      break;
    case G_TYPE_DOUBLE:
      g_value_set_double (value, *(const gdouble *) field);
      break;
    case G_TYPE_ENUM:
      g_value_set_enum (value, *(const gint *) field);
      break;
    case G_TYPE_STRING:
      g_value_set_string (value, *(gchar * const *) field);
      break;
    default:
      g_value_set_boxed (value, *(gchar ** const *) field);
      break;
  }
  GST_OBJECT_UNLOCK (object);
}

/* Bytes of a member that can hold the values, 0 where none is known to. */
static gsize
get_size (GType type)
{
  switch (G_TYPE_FUNDAMENTAL (type)) {
    case G_TYPE_BOOLEAN:
    case G_TYPE_INT:
    case G_TYPE_UINT:
    case G_TYPE_ENUM:
      return sizeof (gint);
    case G_TYPE_UINT64:
    case G_TYPE_DOUBLE:
      return sizeof (gdouble);
    case G_TYPE_STRING:
      return sizeof (gchar *);
    default:
      return type == G_TYPE_STRV ? sizeof (gchar **) : 0;
  }
}

void
gst_asd_class_add_property (GObjectClass * klass, gssize offset, gsize size,
    GParamSpec * pspec)
{
  GType type = G_OBJECT_CLASS_TYPE (klass);
  guint id = GPOINTER_TO_UINT (g_type_get_qdata (type, count_quark ())) + 1;

  g_assert (size == get_size (pspec->value_type));
  g_assert (pspec->flags & G_PARAM_CONSTRUCT);

  /* The numbers are the order in which properties are listed. */
  g_type_set_qdata (type, count_quark (), GUINT_TO_POINTER (id));
  g_param_spec_set_qdata (pspec, offset_quark (), (gpointer) offset);
  if (id == 1) {
    klass->set_property = gst_asd_set_property;
    klass->get_property = gst_asd_get_property;
  }
  g_object_class_install_property (klass, id, pspec);
}

GType
gst_asd_enum_type (const gchar * name, const GEnumValue * values)
{
  GType type = g_type_from_name (name);

  if (type == 0) {
    type = g_enum_register_static (name, values);
    gst_type_mark_as_plugin_api (type, 0);
  }
  return type;
}
