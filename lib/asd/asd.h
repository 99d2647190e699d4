/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_H__
#define __ASD_H__

/**
 * The science of gst-asd without GStreamer: signal processing takes float
 * samples, models and scorers take doubles, and a higher score is always more
 * anomalous.
 */

#include <asd/alarm.h>
#include <asd/bootstrap.h>
#include <asd/calibration.h>
#include <asd/chroma.h>
#include <asd/cqt.h>
#include <asd/ensemble.h>
#include <asd/error.h>
#include <asd/explanation.h>
#include <asd/gamma.h>
#include <asd/gammatone.h>
#include <asd/gmm.h>
#include <asd/graph.h>
#include <asd/iforest.h>
#include <asd/ivector.h>
#include <asd/ivectortrainer.h>
#include <asd/kmeans.h>
#include <asd/knn.h>
#include <asd/lof.h>
#include <asd/logmel.h>
#include <asd/mahalanobis.h>
#include <asd/mel.h>
#include <asd/metrics.h>
#include <asd/mfcc.h>
#include <asd/model.h>
#include <asd/modspec.h>
#include <asd/network.h>
#include <asd/networktrain.h>
#include <asd/noisegate.h>
#include <asd/npy.h>
#include <asd/pca.h>
#include <asd/pool.h>
#include <asd/progress.h>
#include <asd/scale.h>
#include <asd/sensor.h>
#include <asd/simulator.h>
#include <asd/tail.h>
#include <asd/tuning.h>
#include <asd/ubm.h>
#include <asd/viridis.h>

#endif /* __ASD_H__ */
