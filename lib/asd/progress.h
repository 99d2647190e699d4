/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_PROGRESS_H__
#define __ASD_PROGRESS_H__

#include <glib.h>

G_BEGIN_DECLS

/**
 * AsdProgressFunc:
 * @what: what is being learned, for example "GMM"; a static string
 * @iteration: 1 for the first iteration
 * @max_iterations: the last one, unless it converges before
 * @log_likelihood: natural logarithm of the likelihood of the training data
 *     per vector, under the model from which this iteration started; it does
 *     not decrease
 *
 * Tells of an iteration of the expectation-maximisation algorithm, in the
 * thread that learns.
 */
typedef void (*AsdProgressFunc) (const char *what, guint iteration,
    guint max_iterations, double log_likelihood, gpointer user_data);

G_END_DECLS

#endif /* __ASD_PROGRESS_H__ */
