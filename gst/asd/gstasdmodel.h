/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_MODEL_H__
#define __GST_ASD_MODEL_H__

#include <asd/asd.h>
#include <gst/gst.h>
#include <gst/asd/gstasdfeatures.h>

G_BEGIN_DECLS

/**
 * gst_asd_model_acquire: (skip)
 * @path: model file
 *
 * Elements that name one file share one model: a file is read once per process
 * as long as it is in use and does not change. When it is replaced, the next
 * caller gets the new model and the old one lives on with its users.
 *
 * Returns: (transfer full): the model, to be given back with
 *     gst_asd_model_release(); or NULL with an error of asd_model_load()
 */
AsdModel *gst_asd_model_acquire (const gchar * path, GError ** error);

/**
 * gst_asd_model_release: (skip)
 * @model: (transfer full) (nullable): what gst_asd_model_acquire() gave
 */
void gst_asd_model_release (AsdModel * model);

/**
 * gst_asd_model_get_number: (skip)
 * @key: one of its model-wide strings, such as "rate"
 * @default_value: where it is not there
 *
 * Returns: FALSE with ASD_ERROR_FORMAT where it is no number from @min to @max
 */
gboolean gst_asd_model_get_number (AsdModel * model, const gchar * key,
    gint64 min, gint64 max, gint64 default_value, gint64 * number,
    GError ** error);

/**
 * gst_asd_element_load_section: (skip)
 * @element: for its error messages
 * @path: (nullable): its property model
 * @stage: its stage
 * @kind: kind of section that it can read
 *
 * Loads what a running element needs through the shared models; where that
 * fails, posts an error that names the cure.
 *
 * Returns: (transfer full) (nullable): the section, to be given back with
 *     gst_asd_section_release()
 */
AsdModelSection *gst_asd_element_load_section (GstElement * element,
    const gchar * path, const gchar * stage, const gchar * kind);

/**
 * gst_asd_section_release: (skip)
 * @section: (transfer full) (nullable): a section that
 *     gst_asd_element_load_section() gave
 */
void gst_asd_section_release (AsdModelSection * section);

/**
 * gst_asd_section_check_size: (skip)
 * @n_values: values in one of its vectors
 *
 * For the load of a leaf: a model that was not made by its trainer may hold
 * vectors that do not fit the frames that it claims to be for.
 *
 * Returns: TRUE where they fit, or where the section says nothing of frames and
 *     is therefore refused when caps arrive; else FALSE with ASD_ERROR_FORMAT
 */
gboolean gst_asd_section_check_size (AsdModelSection * section,
    gsize n_values, GError ** error);

/**
 * gst_asd_element_check_features: (skip)
 * @section: what @element loaded
 * @info: what its sink pad gets
 *
 * Posts an error that names both sides where the model was trained on other
 * features.
 *
 * Returns: TRUE where they fit
 */
gboolean gst_asd_element_check_features (GstElement * element,
    AsdModelSection * section, const GstAsdFeatureInfo * info);

G_END_DECLS

#endif /* __GST_ASD_MODEL_H__ */
