/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_RECIPE_H__
#define __GST_ASD_RECIPE_H__

#include <asd/asd.h>
#include <gst/asd/gstasdfeatures.h>

G_BEGIN_DECLS

/**
 * GstAsdRecipe:
 *
 * A gst-launch fragment from audio (or features) to a score, and the training
 * parameters of its stages. As a file it is a GKeyFile:
 *
 * |[
 * [recipe]
 * title=Modulation spectrum and nearest-neighbour graph
 * source=Tiwari et al., DCASE 2020 Challenge, Task 2
 * launch=asddenoise ! asdmodspec ! asdgraph
 *
 * [train denoise]
 * clips=100
 * ]|
 *
 * A stage is an element that has a trainer (asdgraph and asdgraphtrain); its
 * name is its property stage. As recipes come with models, only asd* elements
 * that neither read nor write files by themselves, audioconvert,
 * audioresample, tee and queue are accepted.
 */
typedef struct _GstAsdRecipe GstAsdRecipe;

/**
 * gst_asd_recipe_new: (skip)
 * @text: the name of a shipped recipe, a recipe file or a launch fragment
 *
 * Shipped recipes are looked for in the folders of the environment variable
 * ASD_RECIPE_PATH, then where they are installed.
 *
 * Returns: (transfer full): the recipe; or NULL with ASD_ERROR or
 *     GST_PARSE_ERROR
 */
GstAsdRecipe *gst_asd_recipe_new (const gchar * text, GError ** error);

/**
 * gst_asd_recipe_from_data: (skip)
 * @data: text of a recipe file, for example of a model
 * @name_for_errors: what errors call it
 */
GstAsdRecipe *gst_asd_recipe_from_data (const gchar * data,
    const gchar * name_for_errors, GError ** error);

/**
 * gst_asd_recipe_from_model: (skip)
 *
 * Returns: (transfer full): the recipe that @model was trained with, with the
 *     interval that it was calibrated for
 */
GstAsdRecipe *gst_asd_recipe_from_model (AsdModel * model, GError ** error);

void gst_asd_recipe_free (GstAsdRecipe * recipe);

/**
 * gst_asd_recipe_to_data: (skip)
 *
 * Returns: (transfer full): text of the recipe as a file
 */
gchar *gst_asd_recipe_to_data (GstAsdRecipe * recipe);

/**
 * gst_asd_recipe_get_stages: (skip)
 *
 * Returns: (transfer none): names of the stages, from source to score
 */
const gchar *const *gst_asd_recipe_get_stages (GstAsdRecipe * recipe);

/**
 * gst_asd_recipe_get_scorers: (skip)
 *
 * Returns: (transfer none): names of what gives scores, from source to score:
 *     stages, and asdensemble, which is no stage as it has no trainer
 */
const gchar *const *gst_asd_recipe_get_scorers (GstAsdRecipe * recipe);

/**
 * gst_asd_recipe_get_title: (skip)
 *
 * Returns: (transfer none): its title, or its launch line where it has none
 */
const gchar *gst_asd_recipe_get_title (GstAsdRecipe * recipe);

/**
 * gst_asd_recipe_set_option: (skip)
 * @option: "STAGE.PROPERTY=VALUE", a property of the stage's trainer; the stage
 *     may be written with or without "asd"
 */
gboolean gst_asd_recipe_set_option (GstAsdRecipe * recipe,
    const gchar * option, GError ** error);

/**
 * gst_asd_recipe_start_at_features: (skip)
 * @rate: of the sound that the features come from
 * @left_out: (out): what the extractor that is left out would give, with an
 *     empty kind where there is none
 *
 * Leaves out the extractor and all before it, for input that consists of
 * features already. A recipe that starts at features stays as it is.
 */
gboolean gst_asd_recipe_start_at_features (GstAsdRecipe * recipe, gint rate,
    GstAsdFeatureInfo * left_out, GError ** error);

/**
 * gst_asd_recipe_set_interval: (skip)
 * @interval: ns between the starts of windows that are scored, for extractors
 *     whose property interval is 0; 0 leaves it there. Stages always learn from
 *     windows that do not overlap because of it.
 */
void gst_asd_recipe_set_interval (GstAsdRecipe * recipe,
    GstClockTime interval);

/**
 * gst_asd_recipe_make_bin: (skip)
 * @model: (nullable): model file for its stages
 * @window: ns, for the elements whose property window is 0
 *
 * Returns: (transfer floating): a bin with the pads "sink" and "src"
 */
GstElement *gst_asd_recipe_make_bin (GstAsdRecipe * recipe,
    const gchar * model, GstClockTime window, GError ** error);

/**
 * gst_asd_recipe_make_scorer: (skip)
 * @stage: one of its scorers
 *
 * gst_asd_recipe_make_bin() for what leads to one scorer.
 */
GstElement *gst_asd_recipe_make_scorer (GstAsdRecipe * recipe,
    const gchar * stage, const gchar * model, GstClockTime window,
    GError ** error);

/**
 * gst_asd_recipe_make_trainer: (skip)
 * @stage: one of its stages
 * @model: model file that holds the stages before @stage and is written
 * @window: ns, as above
 * @seed: for the trainer
 *
 * Returns: (transfer floating): a bin with the pad "sink": the recipe up to
 *     @stage, then the trainer of @stage
 */
GstElement *gst_asd_recipe_make_trainer (GstAsdRecipe * recipe,
    const gchar * stage, const gchar * model, GstClockTime window, guint seed,
    GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstAsdRecipe, gst_asd_recipe_free)

G_END_DECLS

#endif /* __GST_ASD_RECIPE_H__ */
