/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_SENSOR_H__
#define __ASD_SENSOR_H__

#include <asd/model.h>

G_BEGIN_DECLS

/**
 * ASD_SENSOR_WINDOW:
 *
 * Length in ns of the windows that #AsdSensorLevels are statistics of.
 */
#define ASD_SENSOR_WINDOW G_GUINT64_CONSTANT (1000000000)

/**
 * ASD_SENSOR_MIN_LEVEL:
 *
 * The level in dBFS of silence, and the least that is ever told.
 */
#define ASD_SENSOR_MIN_LEVEL -200.0

/**
 * AsdSensorState:
 * @ASD_SENSOR_OK: none of the following
 * @ASD_SENSOR_DEAD: digital silence (no sample is further than one step of 16
 *     bits from 0), or far below the level in training
 * @ASD_SENSOR_STUCK: the samples are elsewhere, but all within two steps of 16
 *     bits; or the window is one block of samples that repeats exactly, three
 *     times or more
 * @ASD_SENSOR_CLIPPED: more than a share of the samples is at full scale
 * @ASD_SENSOR_QUIET: too far below the level in training
 * @ASD_SENSOR_LOUD: too far above it
 *
 * What is wrong with the microphone, its cable, its gain or its driver, rather
 * than with the machine. The first that holds, in this order; a dead level comes
 * after stuck.
 */
typedef enum
{
  ASD_SENSOR_OK,
  ASD_SENSOR_DEAD,
  ASD_SENSOR_STUCK,
  ASD_SENSOR_CLIPPED,
  ASD_SENSOR_QUIET,
  ASD_SENSOR_LOUD,
} AsdSensorState;

/**
 * asd_sensor_state_get_name:
 *
 * Returns: "ok", "dead", "stuck", "clipped", "quiet" or "loud"
 */
const char *asd_sensor_state_get_name (AsdSensorState state);

/**
 * AsdSensorLevels:
 * @low: the quantile 0.01
 * @median: the quantile 0.5
 * @high: the quantile 0.99
 *
 * How loud a machine is: the levels (see #AsdSensorReport) of the windows of
 * %ASD_SENSOR_WINDOW that training heard, in dBFS. In a model they are the
 * model-wide strings "level-low", "level-median" and "level-high".
 */
typedef struct
{
  double low;
  double median;
  double high;
} AsdSensorLevels;

/**
 * asd_sensor_levels_compute:
 * @levels: @n levels in dBFS
 * @n: at least 1
 *
 * Returns: FALSE with ASD_ERROR_DATA where there is none, or one is not finite
 */
gboolean asd_sensor_levels_compute (const double *levels, gsize n,
    AsdSensorLevels * result, GError ** error);

/**
 * asd_sensor_levels_write:
 *
 * Puts the levels into a model.
 */
void asd_sensor_levels_write (const AsdSensorLevels * levels,
    AsdModelWriter * writer);

/**
 * asd_sensor_levels_read:
 * @levels: (out): untouched on error
 *
 * Returns: FALSE with ASD_ERROR_MISSING (the model has none) or ASD_ERROR_FORMAT
 *     (they are no levels)
 */
gboolean asd_sensor_levels_read (AsdModel * model, AsdSensorLevels * levels,
    GError ** error);

/**
 * AsdSensorConfig:
 * @clip_share: share of samples at full scale (0.999 or more) above which the
 *     input is clipped. Recordings that are scaled to their peak have a few
 *     such samples; the clipped tops of a sound are one in a hundred and more.
 * @dead_margin: dB below the low level of training at which nothing is heard
 * @quiet_margin: dB below the low level of training at which the input is too
 *     quiet. A machine that stops leaves the sound of its surroundings, usually
 *     6 to 15 dB below; a microphone that lost its preamplifier 40 and more.
 * @loud_margin: dB above the high level of training at which it is too loud;
 *     the worst of faults of machines add about 10 dB.
 */
typedef struct
{
  double clip_share;
  double dead_margin;
  double quiet_margin;
  double loud_margin;
} AsdSensorConfig;

/**
 * AsdSensorReport:
 * @level: RMS around the mean in dBFS (a sine of full scale has -3), at least
 *     %ASD_SENSOR_MIN_LEVEL
 * @mean: mean of the samples
 * @peak: the largest absolute value
 * @range: largest less smallest sample
 * @clipped: share of samples at full scale
 * @period: samples of the block that repeats, 0 where none does
 */
typedef struct
{
  AsdSensorState state;
  double level;
  double mean;
  double peak;
  double range;
  double clipped;
  gsize period;
} AsdSensorReport;

/**
 * asd_sensor_config_init:
 *
 * Sets the defaults: 0.01, 40 dB, 20 dB and 20 dB.
 */
void asd_sensor_config_init (AsdSensorConfig * config);

/**
 * asd_sensor_config_check:
 *
 * Returns: (nullable): NULL, or what is wrong; owned by the library
 */
const char *asd_sensor_config_check (const AsdSensorConfig * config);

/**
 * AsdSensor:
 *
 * Tells faults of the sensor from faults of the machine. One thread at a time.
 */
typedef struct _AsdSensor AsdSensor;

/**
 * asd_sensor_new:
 * @config: valid by asd_sensor_config_check(), else NULL is returned
 * @levels: (nullable): of the model; without them nothing is quiet or
 *     loud, and only silence is dead
 * @max_samples: longest window
 *
 * Memory: 4 bytes for each of @max_samples.
 */
AsdSensor *asd_sensor_new (const AsdSensorConfig * config,
    const AsdSensorLevels * levels, gsize max_samples);
void asd_sensor_free (AsdSensor * self);

/**
 * asd_sensor_process:
 * @samples: a window: @n finite samples, full scale is 1
 * @n: 1 to max_samples
 * @report: (out): what is told of it
 *
 * Time is linear in @n, nothing is allocated.
 *
 * Returns: the state, as in @report
 */
AsdSensorState asd_sensor_process (AsdSensor * self, const float *samples,
    gsize n, AsdSensorReport * report);

/**
 * asd_sensor_judge:
 * @config: valid by asd_sensor_config_check()
 * @levels: (nullable): as in asd_sensor_new()
 * @report: of asd_sensor_process(); its state is not looked at
 *
 * What asd_sensor_process() had said with these levels, for who knows them only
 * when all is heard.
 */
AsdSensorState asd_sensor_judge (const AsdSensorConfig * config,
    const AsdSensorLevels * levels, const AsdSensorReport * report);

/**
 * asd_sensor_describe:
 *
 * Returns: (transfer full): one sentence that tells what is heard and what to do
 */
char *asd_sensor_describe (const AsdSensor * self,
    const AsdSensorReport * report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdSensor, asd_sensor_free)

G_END_DECLS

#endif /* __ASD_SENSOR_H__ */
