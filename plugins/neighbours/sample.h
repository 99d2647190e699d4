/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_NEIGHBOURS_SAMPLE_H__
#define __GST_ASD_NEIGHBOURS_SAMPLE_H__

#include <gst/asd/asd.h>

G_BEGIN_DECLS

/* gst_asd_trainer_get_frames(), but of more than @max_frames a random sample in
 * their order, with a warning. The same seed gives the same sample. */
gdouble *gst_asd_trainer_sample_frames (GstAsdTrainer * trainer,
    gsize max_frames, gsize * n_frames);

G_END_DECLS

#endif /* __GST_ASD_NEIGHBOURS_SAMPLE_H__ */
