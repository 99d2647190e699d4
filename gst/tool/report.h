/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __REPORT_H__
#define __REPORT_H__

#include "tool.h"

/* What the page of 'gst-asd report' says, found by report.c, written by
 * reportpage.c. All texts may be shown as they are. */

/* One machine id. */
typedef struct
{
  const ScoreList *list;
  char *machine, *id;
  double *scores;               /* of the clips with a label */
  guint8 *labels;
  gsize n;
  guint n_normal, n_anomalous;
  int n_train;                  /* -1: unknown */
  AsdEstimate auc, pauc;        /* NaN: not both classes */
  GPtrArray *pictures;          /* Picture */
} ReportId;

/* The mean over machine ids. */
typedef struct
{
  char *machine;                /* NULL: over machines */
  AsdEstimate auc, pauc;
} ReportMean;

/* One folder of scores. */
typedef struct
{
  char *name;
  GPtrArray *lists;
  GKeyFile *settings;           /* NULL: unknown */
  GArray *ids;                  /* ReportId by machine and id */
  GArray *means;                /* ReportMean, one a machine */
  ReportMean mean;              /* over machines */
} ReportSystem;

/* A system in the comparison, by the machine ids that all have. */
typedef struct
{
  GArray *means;                /* ReportMean, one a machine */
  ReportMean mean;
  AsdEstimate auc, pauc;        /* paired difference from the best */
} ReportRival;

typedef struct
{
  GArray *systems;
  GArray *rivals;               /* one a system; empty: nothing to compare */
  guint best;                   /* by mean AUC */
  guint n_common, n_ids;        /* machine ids that all have, that any has */
  guint n_left_out;             /* clips that not all of them scored */
} Report;

/* charts.c */
void chart_roc (GString * page, const ReportId * id);
void chart_histogram (GString * page, const ReportId * id);

/* picturecharts.c: what 'gst-asd evaluate' left for pictures */
void chart_pictures (GString * page, const ReportId * id);

/* reportpage.c: the whole page */
char *report_make_page (const Report * report, const char *title);

#endif /* __REPORT_H__ */
