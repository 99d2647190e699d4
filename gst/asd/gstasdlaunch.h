/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_LAUNCH_H__
#define __GST_ASD_LAUNCH_H__

#include "gstasdfeatures.h"

G_BEGIN_DECLS

/* The launch line of a recipe as elements, for GstAsdRecipe only: not
 * installed. A stage is an element that has a trainer. */
typedef struct
{
  GstElement *bin;
  GPtrArray *elements;          /* sources first */
} GstAsdLaunch;

/* Fails with ASD_ERROR or GST_PARSE_ERROR; elements that do not belong into a
 * recipe are refused. */
GstAsdLaunch *gst_asd_launch_parse (const gchar * text, GError ** error);
void gst_asd_launch_free (GstAsdLaunch * launch);

/* Returns the bin (floating) and frees the rest. */
GstElement *gst_asd_launch_free_to_bin (GstAsdLaunch * launch);

/* Names of the stages, sources first; g_strfreev() it. */
gchar **gst_asd_launch_list_stages (GstAsdLaunch * launch);

/* Those that give a score, and ensembles, which have no trainer; g_strfreev()
 * it. */
gchar **gst_asd_launch_list_scorers (GstAsdLaunch * launch);

/* The element of a stage or scorer, or NULL. */
GstElement *gst_asd_launch_find_stage (GstAsdLaunch * launch,
    const gchar * name);

/* The trainer (floating) of a stage that is there. */
GstElement *gst_asd_launch_make_trainer (GstAsdLaunch * launch,
    const gchar * stage);

/* What the extractor gives; the kind is empty where there is none. */
gboolean gst_asd_launch_describe_features (GstAsdLaunch * launch, gint rate,
    GstAsdFeatureInfo * info, GError ** error);

/* Takes the extractor and all before it out of the bin. */
gboolean gst_asd_launch_cut_to_features (GstAsdLaunch * launch,
    GError ** error);

/* Sets the model, and the window where it is 0. */
void gst_asd_launch_set_up (GstAsdLaunch * launch, const gchar * model,
    GstClockTime window);

/* Sets the interval of extractors where it is 0. */
void gst_asd_launch_set_interval (GstAsdLaunch * launch,
    GstClockTime interval);

/* Removes all that does not lead to a stage, whose scores leave the bin. */
void gst_asd_launch_end_in_scorer (GstAsdLaunch * launch,
    const gchar * stage);

/* Puts @trainer in the place of a stage and removes all that does not lead to
 * it. */
void gst_asd_launch_end_in_trainer (GstAsdLaunch * launch,
    const gchar * stage, GstElement * trainer);

G_END_DECLS

#endif /* __GST_ASD_LAUNCH_H__ */
