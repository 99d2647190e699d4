/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_GAMMA_H__
#define __ASD_GAMMA_H__

#include <glib.h>

G_BEGIN_DECLS

/**
 * AsdGamma:
 * @location: where the distribution begins, in the unit of the scores
 * @shape: k, without unit
 * @scale: theta, in the unit of the scores
 *
 * A shifted gamma distribution: (score - location) / scale has the density
 * y^(k-1) exp (-y) / Gamma (k).
 */
typedef struct
{
  double location;
  double shape;
  double scale;
} AsdGamma;

/**
 * asd_gamma_fit:
 * @scores: @n values
 * @n: number of values, at least 3
 * @fit: (out): the distribution
 *
 * Fits all three parameters by maximum likelihood, as scipy.stats.gamma.fit()
 * does. For a given location the shape solves
 *
 *   log k - digamma (k) = log (mean y) - mean (log y),  y = score - location
 *
 * (Newton; T. P. Minka: Estimating a gamma distribution, 2002). The
 * likelihood grows without bound where the location meets the smallest score,
 * so the location is searched, over the whole range, between two bounds: it
 * lies below the smallest score by at least (mean - smallest) / n, which is
 * where the unbiased location of an exponential distribution is, and by at
 * most 100 standard deviations, where the distribution is a normal one for
 * all purposes. Scores skewed to the left end at the second bound.
 *
 * Shifted and scaled scores give the same shape and a shifted and scaled
 * location and scale.
 *
 * Returns: FALSE with ASD_ERROR_DATA where there are fewer than 3 scores, all
 * are equal, or one is not finite
 */
gboolean asd_gamma_fit (const double *scores, gsize n, AsdGamma * fit,
    GError ** error);

/**
 * asd_gamma_quantile:
 * @probability: above 0 and below 1
 *
 * Returns: the value below which @probability of the distribution lies
 */
double asd_gamma_quantile (const AsdGamma * gamma, double probability);

G_END_DECLS

#endif /* __ASD_GAMMA_H__ */
