/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/alarm.h>
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

/* Windows in these tests are 10 long and start every 10, threshold 100, unless
 * said otherwise. */
#define LENGTH 10

static guint
push_at (AsdAlarm * alarm, guint64 start, double score,
    AsdAlarmReport * reports)
{
  const AsdAlarmWindow window = { start, LENGTH, score, 100, 0 };

  return asd_alarm_push (alarm, &window, reports);
}

/* A letter for each window: what was reported. */
static char *
run (const AsdAlarmConfig * config, const double *scores, guint n,
    AsdAlarmReport * last)
{
  g_autoptr (AsdAlarm) alarm = asd_alarm_new (config);
  AsdAlarmReport reports[ASD_ALARM_MAX_REPORTS];
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++) {
    guint n_reports = push_at (alarm, i * LENGTH, scores[i], reports);

    fail_unless (n_reports <= 1);
    g_string_append_c (text, n_reports == 0 ? '.' :
        asd_alarm_state_get_name (reports[0].state)[0]);
    if (n_reports > 0 && last != NULL)
      *last = reports[0];
  }
  return g_string_free (text, FALSE);
}

/* 'h' is above the threshold, 'm' above the off level, 'l' normal. */
static void
check_letters (const AsdAlarmConfig * config, const char *letters,
    const char *expected)
{
  g_autofree char *said = NULL;
  double scores[100];
  guint n = strlen (letters);

  for (guint i = 0; i < n; i++)
    scores[i] = letters[i] == 'h' ? 150 : letters[i] == 'm' ? 95 : 50;
  said = run (config, scores, n, NULL);
  fail_unless (strcmp (said, expected) == 0, "%s: %s, expected %s", letters,
      said, expected);
}

GST_START_TEST (test_votes)
{
  static const struct
  {
    guint on, of;
    const char *letters, *expected;
  } cases[] = {
    {2, 3, "lllll", "....."},
    {2, 3, "lhlllhl", "......."},
    {2, 3, "hhll", ".soc"},
    {2, 3, "lhlhll", "...sc."},
    {2, 3, "hlhlhlh", "..sc..s"},
    {2, 3, "hhmmmmll", ".soooooc"},
    {2, 3, "mmmmm", "....."},
    {2, 3, "hmh", "..s"},
    {1, 1, "lhhlh", ".socs"},
    {1, 1, "hmmml", "soooc"},
    {1, 3, "hlllh", "soocs"},
    {3, 3, "hhlhhhl", ".....sc"},
    {3, 5, "hlhlhllll", "....sc..."},
    {3, 5, "hhhllll", "..sooc."},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    AsdAlarmConfig config;

    asd_alarm_config_init (&config);
    config.on_count = cases[i].on;
    config.of_count = cases[i].of;
    check_letters (&config, cases[i].letters, cases[i].expected);
  }
}

GST_END_TEST;

GST_START_TEST (test_times)
{
  AsdAlarmConfig config;

  asd_alarm_config_init (&config);
  /* The alarm starts at 10. Its votes end at 50, that is after 40. */
  config.min_on = 40;
  check_letters (&config, "lhhllllll", "..soc....");
  config.min_on = 41;
  check_letters (&config, "lhhllllll", "..sooc...");
  config.min_on = 0;
  /* Cleared at 50; the window that ends at 90 may start the next. */
  config.min_off = 40;
  check_letters (&config, "lhhllhhhhhll", "..soc...sooc");
  config.min_off = 41;
  check_letters (&config, "lhhllhhhhhll", "..soc....soc");
  check_letters (&config, "lhhllhhlllll", "..soc.......");
}

GST_END_TEST;

GST_START_TEST (test_report)
{
  const double scores[] = { 10, 120, 90, 300, 95, 60, 50, 40 };
  AsdAlarmReport report = { 0 };
  AsdAlarmConfig config;
  g_autofree char *said = NULL;

  asd_alarm_config_init (&config);
  said = run (&config, scores, 4, &report);
  fail_unless_equals_string (said, "...s");
  fail_unless_equals_uint64 (report.start, 10);
  fail_unless_equals_uint64 (report.end, 40);
  fail_unless (report.peak == 300 && report.threshold == 100);
  g_free (said);

  /* 95 is above 0.9 * 100, so the alarm ends with that window. */
  said = run (&config, scores, 8, &report);
  fail_unless_equals_string (said, "...sooc.");
  fail_unless (report.state == ASD_ALARM_CLEARED);
  fail_unless_equals_uint64 (report.start, 10);
  fail_unless_equals_uint64 (report.end, 50);
  fail_unless (report.peak == 300);
}

GST_END_TEST;

/* The off level of thresholds of any sign. */
GST_START_TEST (test_off_level)
{
  static const struct
  {
    double threshold, normal, score;
    gboolean cleared;
  } cases[] = {
    {100, 0, 90.1, FALSE}, {100, 0, 89.9, TRUE},
    {100, 80, 98.1, FALSE}, {100, 80, 97.9, TRUE},
    {-100, -200, -109, FALSE}, {-100, -200, -111, TRUE},
    /* Not above normal: without hysteresis. */
    {-100, 0, -99, FALSE}, {-100, 0, -101, TRUE},
    {0, 0, 0, TRUE}, {0, 0, 0.1, FALSE},
  };
  AsdAlarmReport reports[ASD_ALARM_MAX_REPORTS];
  AsdAlarmConfig config;

  asd_alarm_config_init (&config);
  config.on_count = config.of_count = 1;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (AsdAlarm) alarm = asd_alarm_new (&config);
    AsdAlarmWindow window = { 0, LENGTH, cases[i].threshold + 1,
      cases[i].threshold, cases[i].normal
    };

    fail_unless_equals_int (asd_alarm_push (alarm, &window, reports), 1);
    window.start = LENGTH;
    window.score = cases[i].score;
    fail_unless_equals_int (asd_alarm_push (alarm, &window, reports), 1);
    fail_unless (reports[0].state == (cases[i].cleared ? ASD_ALARM_CLEARED :
            ASD_ALARM_ONGOING), "case %u", i);
  }
}

GST_END_TEST;

/* No threshold, no score: no vote, and no harm to the votes there are. */
GST_START_TEST (test_nan)
{
  AsdAlarmReport reports[ASD_ALARM_MAX_REPORTS];
  AsdAlarmWindow window = { 0, LENGTH, 1e300, NAN, 0 };
  AsdAlarmConfig config;
  g_autoptr (AsdAlarm) alarm = NULL;

  asd_alarm_config_init (&config);
  alarm = asd_alarm_new (&config);
  for (guint i = 0; i < 10; i++, window.start += LENGTH)
    fail_unless_equals_int (asd_alarm_push (alarm, &window, reports), 0);
  fail_unless_equals_int (push_at (alarm, window.start, 150, reports), 0);
  fail_unless_equals_int (push_at (alarm, window.start + 10, NAN, reports), 0);
  fail_unless_equals_int (push_at (alarm, window.start + 20, 140, reports), 1);
  fail_unless (reports[0].peak == 150);
  fail_unless_equals_uint64 (reports[0].start, window.start);
}

GST_END_TEST;

/* of-count = 3 windows of 10: 30 may be missing, 31 may not. */
GST_START_TEST (test_gaps)
{
  AsdAlarmReport reports[ASD_ALARM_MAX_REPORTS];
  AsdAlarmConfig config;

  asd_alarm_config_init (&config);
  for (guint64 missing = 29; missing <= 34; missing++) {
    g_autoptr (AsdAlarm) alarm = asd_alarm_new (&config);
    /* Rounded down to whole ns per window: 32 is 10.67 each. */
    gboolean held = missing < 33;

    fail_unless_equals_int (push_at (alarm, 0, 150, reports), 0);
    fail_unless_equals_int (push_at (alarm, 10 + missing, 150, reports), held);
  }

  /* A gap ends an alarm, and what follows may start another one at once. */
  config.on_count = 1;
  {
    g_autoptr (AsdAlarm) alarm = asd_alarm_new (&config);

    fail_unless_equals_int (push_at (alarm, 0, 150, reports), 1);
    fail_unless_equals_int (push_at (alarm, 1000, 170, reports), 2);
    fail_unless (reports[0].state == ASD_ALARM_CLEARED);
    fail_unless_equals_uint64 (reports[0].end, LENGTH);
    fail_unless (reports[0].peak == 150);
    fail_unless (reports[1].state == ASD_ALARM_STARTED);
    fail_unless_equals_uint64 (reports[1].start, 1000);
    fail_unless (reports[1].peak == 170);
    /* Time that goes back: another recording. */
    fail_unless_equals_int (push_at (alarm, 500, 50, reports), 1);
    fail_unless (reports[0].state == ASD_ALARM_CLEARED);
  }
}

GST_END_TEST;

/* Windows with pauses between them, and windows that overlap. */
GST_START_TEST (test_intervals)
{
  static const guint64 intervals[] = { 1, 2, 10, 60, 1000 };
  AsdAlarmReport reports[ASD_ALARM_MAX_REPORTS];
  AsdAlarmConfig config;

  asd_alarm_config_init (&config);
  for (guint i = 0; i < G_N_ELEMENTS (intervals); i++) {
    g_autoptr (AsdAlarm) alarm = asd_alarm_new (&config);
    guint64 start = 0;

    for (guint j = 0; j < 5; j++, start += intervals[i])
      fail_unless_equals_int (push_at (alarm, start, 50, reports), 0);
    fail_unless_equals_int (push_at (alarm, start, 150, reports), 0);
    start += intervals[i];
    fail_unless_equals_int (push_at (alarm, start, 150, reports), 1);
    fail_unless_equals_uint64 (reports[0].start, start - intervals[i]);
    fail_unless_equals_uint64 (reports[0].end, start + LENGTH);
  }
}

GST_END_TEST;

GST_START_TEST (test_finish)
{
  AsdAlarmReport reports[ASD_ALARM_MAX_REPORTS], report;
  AsdAlarmConfig config;
  g_autoptr (AsdAlarm) alarm = NULL;

  asd_alarm_config_init (&config);
  config.min_on = config.min_off = 1000;
  alarm = asd_alarm_new (&config);
  fail_if (asd_alarm_finish (alarm, &report));
  for (guint i = 0; i < 2; i++) {
    /* Votes and min-off do not reach over the end of a stream. */
    fail_unless_equals_int (push_at (alarm, 0, 150, reports), 0);
    fail_unless_equals_int (push_at (alarm, 10, 200, reports), 1);
    fail_unless (asd_alarm_finish (alarm, &report));
    fail_unless (report.state == ASD_ALARM_CLEARED);
    fail_unless_equals_uint64 (report.start, 0);
    fail_unless_equals_uint64 (report.end, 20);
    fail_unless (report.peak == 200);
    fail_if (asd_alarm_finish (alarm, &report));
    fail_unless_equals_int (push_at (alarm, 20, 150, reports), 0);
    fail_if (asd_alarm_finish (alarm, &report));
  }
}

GST_END_TEST;

/* The definition, over the whole history. */
typedef struct
{
  AsdAlarmWindow windows[300];
  guint n;
  guint first;                  /* that may still count */
  gboolean open;
  guint opened;                 /* first voter */
} History;

static gboolean
continues (const History * h, guint i, guint of)
{
  const AsdAlarmWindow *w = h->windows;
  guint64 interval = w[i].duration, end = w[i - 1].start + w[i - 1].duration;
  guint64 shortest = G_MAXUINT64;

  for (guint j = 1; j < i; j++)
    if (w[j].start > w[j - 1].start)
      shortest = MIN (shortest, w[j].start - w[j - 1].start);
  if (shortest != G_MAXUINT64)
    interval = MAX (interval, shortest);
  return w[i].start >= w[i - 1].start
      && (w[i].start < end || (w[i].start - end) / of <= interval);
}

static char *
expect (History * h, const AsdAlarmConfig * c)
{
  GString *said = g_string_new (NULL);
  guint i = h->n - 1, n_voted = 0, n_above = 0, first;

  if (i > 0 && !continues (h, i, c->of_count)) {
    if (h->open)
      g_string_append_c (said, 'c');
    h->open = FALSE;
    h->first = i;
  }
  first = MAX ((gint) h->first, (gint) i + 1 - (gint) c->of_count);
  for (guint j = first; j <= i; j++) {
    n_voted += h->windows[j].score > 100;
    n_above += h->windows[j].score > 100 * c->off_ratio;
  }
  if (!h->open && n_voted >= c->on_count) {
    h->open = TRUE;
    for (h->opened = first; h->windows[h->opened].score <= 100; h->opened++);
    g_string_append_c (said, 's');
  } else if (h->open && n_above < c->on_count) {
    h->open = FALSE;
    h->first = i + 1;
    g_string_append_c (said, 'c');
  } else if (h->open) {
    g_string_append_c (said, 'o');
  }
  return g_string_free (said, FALSE);
}

static void
check_report (const History * h, const AsdAlarmConfig * c,
    const AsdAlarmReport * report, guint last)
{
  double peak = -INFINITY;
  guint64 end = 0;

  for (guint j = h->opened; j <= last; j++) {
    const AsdAlarmWindow *w = &h->windows[j];

    peak = MAX (peak, w->score);
    if (w->score > 100 * c->off_ratio)
      end = MAX (end, w->start + w->duration);
  }
  fail_unless (report->peak == peak);
  fail_unless_equals_uint64 (report->start, h->windows[h->opened].start);
  fail_unless_equals_uint64 (report->end, end);
}

GST_START_TEST (test_against_definition)
{
  GRand *rand = g_rand_new_with_seed (5);
  guint n_seen[3] = { 0 };

  for (guint round = 0; round < 300; round++) {
    AsdAlarmReport reports[ASD_ALARM_MAX_REPORTS];
    AsdAlarmConfig config;
    g_autoptr (AsdAlarm) alarm = NULL;
    History h = {.n = 0 };
    guint64 start = 0, interval = g_rand_int_range (rand, 1, 30);

    asd_alarm_config_init (&config);
    config.of_count = g_rand_int_range (rand, 1, 9);
    config.on_count = g_rand_int_range (rand, 1, config.of_count + 1);
    config.off_ratio = g_rand_double (rand);
    alarm = asd_alarm_new (&config);
    while (h.n < G_N_ELEMENTS (h.windows)) {
      AsdAlarmWindow w = { start, LENGTH, g_rand_double_range (rand, 20, 140),
        100, 0
      };
      g_autofree char *wanted = NULL;
      guint n;

      h.windows[h.n++] = w;
      wanted = expect (&h, &config);
      n = asd_alarm_push (alarm, &w, reports);
      fail_unless_equals_int (n, strlen (wanted));
      for (guint i = 0; i < n; i++) {
        fail_unless (asd_alarm_state_get_name (reports[i].state)[0]
            == wanted[i], "%s", wanted);
        n_seen[reports[i].state]++;
        if (n == 1 && !(wanted[0] == 'c' && h.first == h.n - 1))
          check_report (&h, &config, &reports[0], h.n - 1);
      }
      start += interval;
      if (g_rand_int_range (rand, 0, 10) == 0)
        start += interval * g_rand_int_range (rand, 0, 12);
    }
  }
  /* All of it was seen, and each alarm ends before the next. */
  fail_unless (n_seen[0] > 1000 && n_seen[1] > 1000 && n_seen[2] > 1000);
  g_rand_free (rand);
}

GST_END_TEST;

GST_START_TEST (test_config)
{
  AsdAlarmConfig good, bad;

  asd_alarm_config_init (&good);
  fail_unless (asd_alarm_config_check (&good) == NULL);
  bad = good;
  bad.on_count = 4;
  fail_unless (strstr (asd_alarm_config_check (&bad), "on-count") != NULL);
  fail_unless (asd_alarm_new (&bad) == NULL);
  bad.on_count = 0;
  fail_if (asd_alarm_config_check (&bad) == NULL);
  bad = good;
  bad.of_count = ASD_ALARM_MAX_COUNT + 1;
  fail_if (asd_alarm_config_check (&bad) == NULL);
  bad = good;
  bad.off_ratio = NAN;
  fail_if (asd_alarm_config_check (&bad) == NULL);
  bad.off_ratio = 1.01;
  fail_if (asd_alarm_config_check (&bad) == NULL);
}

GST_END_TEST;

static Suite *
alarm_suite (void)
{
  Suite *suite = suite_create ("alarm");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_votes);
  tcase_add_test (tc, test_times);
  tcase_add_test (tc, test_report);
  tcase_add_test (tc, test_off_level);
  tcase_add_test (tc, test_nan);
  tcase_add_test (tc, test_gaps);
  tcase_add_test (tc, test_intervals);
  tcase_add_test (tc, test_finish);
  tcase_add_test (tc, test_against_definition);
  tcase_add_test (tc, test_config);
  return suite;
}

GST_CHECK_MAIN (alarm);
