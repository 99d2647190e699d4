/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "alarm.h"

#include <math.h>

/* What is remembered of a window. */
typedef struct
{
  guint64 start;
  guint64 end;
  double score;
  double threshold;
  gboolean voted;
  gboolean above_off;
} Vote;

struct _AsdAlarm
{
  AsdAlarmConfig config;

  Vote votes[ASD_ALARM_MAX_COUNT];      /* the last n_votes, oldest first */
  guint n_votes;

  gboolean has_last;            /* there was a window: */
  guint64 last_start;
  guint64 last_end;
  guint64 interval;             /* 0 before the second one */

  gboolean open;
  AsdAlarmReport alarm;         /* while open */
  gboolean was_cleared;
  guint64 cleared;              /* end of the window that did it */
};

const char *
asd_alarm_state_get_name (AsdAlarmState state)
{
  static const char *const names[] = { "started", "ongoing", "cleared" };

  return names[state];
}

void
asd_alarm_config_init (AsdAlarmConfig * config)
{
  config->on_count = 2;
  config->of_count = 3;
  config->off_ratio = 0.9;
  config->min_on = 0;
  config->min_off = 0;
}

const char *
asd_alarm_config_check (const AsdAlarmConfig * config)
{
  if (config->of_count < 1 || config->of_count > ASD_ALARM_MAX_COUNT)
    return "of-count must be 1 to " G_STRINGIFY (ASD_ALARM_MAX_COUNT);
  if (config->on_count < 1 || config->on_count > config->of_count)
    return "on-count must be 1 to of-count: raise of-count or lower on-count";
  if (!(config->off_ratio >= 0 && config->off_ratio <= 1))
    return "off-ratio must be 0 to 1";
  return NULL;
}

AsdAlarm *
asd_alarm_new (const AsdAlarmConfig * config)
{
  AsdAlarm *self;

  if (asd_alarm_config_check (config) != NULL)
    return NULL;
  self = g_new0 (AsdAlarm, 1);
  self->config = *config;
  return self;
}

void
asd_alarm_free (AsdAlarm * self)
{
  g_free (self);
}

/* Returns FALSE where no alarm was open. */
static gboolean
clear (AsdAlarm * self, AsdAlarmReport * report)
{
  gboolean was_open = self->open;

  self->n_votes = 0;
  if (!was_open)
    return FALSE;
  self->open = FALSE;
  self->was_cleared = TRUE;
  self->cleared = self->last_end;
  self->alarm.state = ASD_ALARM_CLEARED;
  *report = self->alarm;
  return TRUE;
}

static guint64
distance (guint64 from, guint64 to)
{
  return to > from ? to - from : 0;
}

static gboolean
is_continued_by (AsdAlarm * self, const AsdAlarmWindow * window)
{
  guint64 interval = MAX (self->interval, window->duration);

  return window->start >= self->last_start
      && distance (self->last_end, window->start) / self->config.of_count
      <= interval;
}

static const Vote *
remember_vote (AsdAlarm * self, const AsdAlarmWindow * window)
{
  const double above = window->threshold - window->normal;
  const double off = above > 0 ? window->normal +
      self->config.off_ratio * above : window->threshold;
  Vote *vote;

  if (self->n_votes == self->config.of_count) {
    self->n_votes--;
    for (guint i = 0; i < self->n_votes; i++)
      self->votes[i] = self->votes[i + 1];
  }
  vote = &self->votes[self->n_votes++];
  vote->start = window->start;
  vote->end = window->start + window->duration;
  vote->score = window->score;
  vote->threshold = window->threshold;
  /* Comparisons with NaN are false. */
  vote->voted = window->score > window->threshold;
  vote->above_off = window->score > off;
  return vote;
}

static void
remember_time (AsdAlarm * self, const AsdAlarmWindow * window)
{
  guint64 interval = distance (self->last_start, window->start);

  if (self->has_last && interval > 0)
    self->interval = self->interval > 0 ? MIN (self->interval, interval) :
        interval;
  self->last_start = window->start;
  self->last_end = window->start + window->duration;
  self->has_last = TRUE;
}

static void
include (AsdAlarmReport * alarm, const Vote * vote)
{
  if (vote->score > alarm->peak) {
    alarm->peak = vote->score;
    alarm->peak_start = vote->start;
  }
  if (!vote->above_off)
    return;
  alarm->end = MAX (alarm->end, vote->end);
  alarm->threshold = vote->threshold;
}

static void
start (AsdAlarm * self)
{
  AsdAlarmReport *alarm = &self->alarm;
  guint first = 0;

  while (!self->votes[first].voted)
    first++;
  self->open = TRUE;
  alarm->state = ASD_ALARM_STARTED;
  alarm->start = self->votes[first].start;
  alarm->end = 0;
  alarm->peak = -INFINITY;
  for (guint i = first; i < self->n_votes; i++)
    include (alarm, &self->votes[i]);
}

guint
asd_alarm_push (AsdAlarm * self, const AsdAlarmWindow * window,
    AsdAlarmReport reports[ASD_ALARM_MAX_REPORTS])
{
  const AsdAlarmConfig *config = &self->config;
  guint n_voted = 0, n_above = 0, n_reports = 0;
  const Vote *vote;

  if (self->has_last && !is_continued_by (self, window))
    n_reports += clear (self, &reports[n_reports]);
  vote = remember_vote (self, window);
  remember_time (self, window);
  for (guint i = 0; i < self->n_votes; i++) {
    n_voted += self->votes[i].voted;
    n_above += self->votes[i].above_off;
  }

  if (self->open) {
    self->alarm.state = ASD_ALARM_ONGOING;
    include (&self->alarm, vote);
    if (n_above >= config->on_count
        || distance (self->alarm.start, self->last_end) < config->min_on)
      reports[n_reports++] = self->alarm;
    else
      n_reports += clear (self, &reports[n_reports]);
  } else if (n_voted >= config->on_count && (!self->was_cleared
          || distance (self->cleared, self->last_end) >= config->min_off)) {
    start (self);
    reports[n_reports++] = self->alarm;
  }
  return n_reports;
}

gboolean
asd_alarm_finish (AsdAlarm * self, AsdAlarmReport * report)
{
  gboolean was_open = clear (self, report);

  self->was_cleared = FALSE;
  self->has_last = FALSE;
  self->interval = 0;
  return was_open;
}
