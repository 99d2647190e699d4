/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_EXTRACTOR_H__
#define __GST_ASD_EXTRACTOR_H__

#include <asd/explanation.h>
#include <gst/asd/gstasdfeatures.h>
#include <gst/asd/gstasdwindowfilter.h>

G_BEGIN_DECLS

#define GST_TYPE_ASD_EXTRACTOR (gst_asd_extractor_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstAsdExtractor, gst_asd_extractor, GST,
    ASD_EXTRACTOR, GstAsdWindowFilter)

/**
 * GstAsdExtractorClass:
 * @setup: the sample rate is known: check the properties, size the work and
 *     describe a frame in @out (rate is filled in already). On failure set
 *     @error.
 * @max_frames: the most frames that @n_samples give, 0 where they are too few;
 *     never falls with @n_samples. Default: from frame-length and frame-step
 *     of the info, or 1 where they are 0.
 * @process: write the frames of one window. *@n_frames comes in as what
 *     max_frames said and leaves as the number written. Samples are finite.
 * @get_axes: (nullable): after @setup, say where each of the rows x columns values
 *     of a frame comes from, for scorers that explain their scores. Default: not
 *     known
 *
 * Base class of elements that turn audio into feature frames. It does what
 * #GstAsdWindowFilter does, level normalisation, and windows that are too
 * short or hold NaN.
 *
 * A subclass calls gst_asd_extractor_class_add_templates().
 */
struct _GstAsdExtractorClass
{
  GstAsdWindowFilterClass parent_class;

  gboolean (*setup) (GstAsdExtractor * self, gint rate,
      GstAsdFeatureInfo * out, GError ** error);
  gsize (*max_frames) (GstAsdExtractor * self, gsize n_samples);
  void (*process) (GstAsdExtractor * self, const gfloat * samples,
      gsize n_samples, gfloat * frames, gsize * n_frames);
  void (*get_axes) (GstAsdExtractor * self, AsdAxis * axes);

  /*< private >*/
  gpointer _gst_reserved[GST_PADDING];
};

/**
 * gst_asd_extractor_class_add_templates: (skip)
 * @kind: kind of the features, for the source pad's caps, or a list of them,
 *     as "{ cens, chroma }"
 */
void gst_asd_extractor_class_add_templates (GstAsdExtractorClass * klass,
    const gchar * kind);

/**
 * gst_asd_extractor_class_override_level: (skip)
 * @id: of the property in the subclass, whose set_property and get_property
 *     call gst_asd_extractor_set_level() and gst_asd_extractor_get_level()
 * @level: the default in dBov, which the subclass's init has to set too
 *
 * Gives the property level another default.
 */
void gst_asd_extractor_class_override_level (GstAsdExtractorClass * klass,
    guint id, gdouble level);

/**
 * gst_asd_extractor_set_level:
 * @level: RMS level in dBov that each window is scaled to, NaN for none
 *
 * Takes the object lock.
 */
void gst_asd_extractor_set_level (GstAsdExtractor * self, gdouble level);

/**
 * gst_asd_extractor_get_level:
 *
 * Takes the object lock.
 *
 * Returns: the property level
 */
gdouble gst_asd_extractor_get_level (GstAsdExtractor * self);

G_END_DECLS

#endif /* __GST_ASD_EXTRACTOR_H__ */
