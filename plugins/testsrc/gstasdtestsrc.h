/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __GST_ASD_TEST_SRC_H__
#define __GST_ASD_TEST_SRC_H__

#include <gst/gst.h>
#include <gst/audio/audio.h>
#include <gst/base/gstbasesrc.h>
#include <asd/simulator.h>

G_BEGIN_DECLS

#define GST_TYPE_ASD_TEST_SRC (gst_asd_test_src_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdTestSrc, gst_asd_test_src, GST, ASD_TEST_SRC,
    GstBaseSrc)

struct _GstAsdTestSrc
{
  GstBaseSrc parent;

  /* properties, under the object lock */
  AsdSimulatorConfig settings;  /* rate and fault_start are not used */
  GstClockTime fault_time;
  gint samples_per_buffer;

  /* streaming state */
  AsdSimulatorConfig config;
  GstClockTime config_fault_time;
  AsdSimulator *simulator;
  GstAudioInfo info;
  GstClockTime start_time, stop_time;   /* of the segment */
  guint64 next_sample;
  guint64 stop_sample;          /* G_MAXUINT64: none */
};

GST_ELEMENT_REGISTER_DECLARE (asdtestsrc);

G_END_DECLS

#endif /* __GST_ASD_TEST_SRC_H__ */
