/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_ALARM_H__
#define __ASD_ALARM_H__

#include <glib-object.h>

G_BEGIN_DECLS

#define ASD_ALARM_MAX_COUNT 64
#define ASD_ALARM_MAX_REPORTS 2

/**
 * AsdAlarm:
 *
 * Turns the scores of windows, which may overlap, into alarms:
 *
 * |[
 *  threshold  - - - - - - - - - x - - x - - - - - - - -
 *                                  x     x
 *  off level  - - - - - - - - - - - - - - - - - - - - -
 *              x  x  x  x  x                 x  x  x
 *                            on-count=2 ^       ^ fewer than 2 of the last 3
 *                            of-count=3 |       | are above the off level
 *                               started '-------' cleared
 * ]|
 *
 * - A window votes when its score is above its threshold. An alarm starts when
 *   at least on-count of the last of-count windows voted. Its start is that of
 *   the first of these, as the fault was there already.
 * - It is cleared when fewer than on-count of the last of-count windows are
 *   above the off level
 *       normal + off-ratio * (threshold - normal),
 *   which is off-ratio * threshold where no normal score is known (normal = 0).
 *   A threshold that is not above normal has no such level: it is the off level
 *   itself. The end is that of the last window above the off level. The next
 *   alarm needs new votes.
 * - An alarm lasts at least min-on, from its start to the end of the window that
 *   clears it. From there until the end of the window that starts the next one
 *   at least min-off pass.
 * - Votes belong together in time. A window that starts before the one before it
 *   does, or more than of-count intervals after the end of that, makes all
 *   before it void: an open alarm is cleared whatever min-on says. The interval
 *   is the smallest time between the starts of two windows so far, or a window's
 *   duration where that is longer. So windows may be lost, but not as many as
 *   are looked back on.
 *
 * A score or threshold of NaN is a window that does not vote. One thread at a
 * time; memory is fixed.
 */
typedef struct _AsdAlarm AsdAlarm;

/**
 * AsdAlarmConfig:
 * @on_count: votes that start an alarm, 1 to @of_count
 * @of_count: windows that are looked back on, 1 to %ASD_ALARM_MAX_COUNT
 * @off_ratio: 0 to 1
 * @min_on: ns
 * @min_off: ns
 */
typedef struct
{
  guint on_count;
  guint of_count;
  double off_ratio;
  guint64 min_on;
  guint64 min_off;
} AsdAlarmConfig;

/**
 * AsdAlarmState:
 * @ASD_ALARM_STARTED: this window started an alarm
 * @ASD_ALARM_ONGOING: an alarm goes on with this window
 * @ASD_ALARM_CLEARED: it is over
 */
typedef enum
{
  ASD_ALARM_STARTED,
  ASD_ALARM_ONGOING,
  ASD_ALARM_CLEARED,
} AsdAlarmState;

/**
 * asd_alarm_state_get_name:
 *
 * Returns: "started", "ongoing" or "cleared"
 */
const char *asd_alarm_state_get_name (AsdAlarmState state);

/**
 * AsdAlarmWindow:
 * @start: ns
 * @duration: ns
 * @score: higher is more anomalous
 * @threshold: NaN where there is none
 * @normal: typical score of normal sound, such as the median of the
 *     calibration; 0 where it is not known
 */
typedef struct
{
  guint64 start;
  guint64 duration;
  double score;
  double threshold;
  double normal;
} AsdAlarmWindow;

/**
 * AsdAlarmReport:
 * @start: of the first window that voted, ns
 * @end: of the last window above the off level, ns
 * @peak: highest score from the first window that voted on
 * @peak_start: of the first window that has it, ns
 * @threshold: of the last window that was above the off level
 */
typedef struct
{
  AsdAlarmState state;
  guint64 start;
  guint64 end;
  double peak;
  guint64 peak_start;
  double threshold;
} AsdAlarmReport;

/**
 * asd_alarm_config_init:
 *
 * Sets the defaults: 2 of 3, off-ratio 0.9, no minimum times.
 */
void asd_alarm_config_init (AsdAlarmConfig * config);

/**
 * asd_alarm_config_check:
 *
 * Returns: (nullable): NULL, or what is wrong; owned by the library
 */
const char *asd_alarm_config_check (const AsdAlarmConfig * config);

/**
 * asd_alarm_new:
 * @config: valid by asd_alarm_config_check(), else NULL is returned
 */
AsdAlarm *asd_alarm_new (const AsdAlarmConfig * config);
void asd_alarm_free (AsdAlarm * self);

/**
 * asd_alarm_push:
 * @window: the next window
 * @reports: (out): what there is to tell, in order
 *
 * Returns: the number of reports, 0 to %ASD_ALARM_MAX_REPORTS. There are two
 *     where missing windows cleared an alarm and this window starts one.
 */
guint asd_alarm_push (AsdAlarm * self, const AsdAlarmWindow * window,
    AsdAlarmReport reports[ASD_ALARM_MAX_REPORTS]);

/**
 * asd_alarm_finish:
 * @report: (out): the alarm that this cleared
 *
 * Ends the stream: the next window has nothing to do with those before, not
 * even by min-off.
 *
 * Returns: TRUE where an alarm was open
 */
gboolean asd_alarm_finish (AsdAlarm * self, AsdAlarmReport * report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdAlarm, asd_alarm_free)

G_END_DECLS

#endif /* __ASD_ALARM_H__ */
