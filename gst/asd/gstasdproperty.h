/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_PROPERTY_H__
#define __GST_ASD_PROPERTY_H__

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GST_ASD_PARAM_READY:
 *
 * Flags of a property that may change up to READY, which most are.
 */
#define GST_ASD_PARAM_READY ((GParamFlags) (G_PARAM_READWRITE | \
    G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY))

/**
 * GST_ASD_PARAM_PLAYING:
 *
 * Flags of a property that may change in any state.
 */
#define GST_ASD_PARAM_PLAYING ((GParamFlags) (G_PARAM_READWRITE | \
    G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING))

/**
 * GST_ASD_PROPERTY:
 * @klass: the class, in its class_init
 * @Type: the instance struct
 * @field: a member of it: gboolean, gint, guint, guint64, gdouble, gchar *,
 *     gchar ** or an enumeration
 * @pspec: its name, range, default and flags, G_PARAM_CONSTRUCT among them
 *
 * Adds a property that is a member of the instance: it has its default from the
 * beginning, and is set and read under the object lock. What is allocated is to
 * be freed in finalize.
 *
 * Where setting or reading has to do more, override set_property or get_property
 * of @klass behind the first, and call gst_asd_set_property() or
 * gst_asd_get_property() there.
 */
#define GST_ASD_PROPERTY(klass, Type, field, pspec) \
    gst_asd_class_add_property (G_OBJECT_CLASS (klass), \
        G_STRUCT_OFFSET (Type, field), G_SIZEOF_MEMBER (Type, field), pspec)

/**
 * GST_ASD_PRIVATE_PROPERTY:
 *
 * As GST_ASD_PROPERTY(), where @field is a member of the private struct.
 */
#define GST_ASD_PRIVATE_PROPERTY(klass, Type, field, pspec) \
    gst_asd_class_add_property (G_OBJECT_CLASS (klass), \
        G_PRIVATE_OFFSET (Type, field), \
        G_SIZEOF_MEMBER (Type##Private, field), pspec)

/**
 * gst_asd_class_add_property: (skip)
 * @offset: of the member from the instance, in bytes
 * @size: of the member, in bytes
 * @pspec: (transfer full): the property
 *
 * Does what GST_ASD_PROPERTY() says.
 */
void gst_asd_class_add_property (GObjectClass * klass, gssize offset,
    gsize size, GParamSpec * pspec);

/* As GObjectClass has them, of properties that were added by the above. */
void gst_asd_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec);
void gst_asd_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec);

/**
 * gst_asd_enum_type: (skip)
 * @name: name of the type
 * @values: (array zero-terminated=1): static, for example of lib/
 *
 * For class_init.
 *
 * Returns: the type, which is registered with the first call
 */
GType gst_asd_enum_type (const gchar * name, const GEnumValue * values);

G_END_DECLS

#endif /* __GST_ASD_PROPERTY_H__ */
