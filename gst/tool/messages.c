/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

G_LOCK_DEFINE_STATIC (messages);
static GHashTable *skipped;     /* files */
static GPtrArray *remarks;      /* Remark, in order of appearance */
static GHashTable *remarked;    /* files */

typedef struct
{
  char *text;
  char *first_file;
  guint n_files;
} Remark;

static char *progress_what;
static gsize progress_done, progress_total;

/* With the lock. */
static void
draw_progress (void)
{
  enum
  { WIDTH = 30 };
  gsize filled;

  if (progress_what == NULL || !isatty (STDERR_FILENO))
    return;
  filled = progress_total > 0 ? progress_done * WIDTH / progress_total : 0;
  fprintf (stderr, "\r\033[K%s [%.*s%*s] %" G_GSIZE_FORMAT "/%" G_GSIZE_FORMAT,
      progress_what, (int) filled, "##############################",
      (int) (WIDTH - filled), "", progress_done, progress_total);
  fflush (stderr);
}

/* With the lock. */
static void
print_line (const char *file, const char *text)
{
  if (progress_what != NULL && isatty (STDERR_FILENO))
    fputs ("\r\033[K", stderr);
  fprintf (stderr, "%s: %s\n", file, text);
  draw_progress ();
}

void
tool_say (const char *name, const char *text)
{
  G_LOCK (messages);
  print_line (name, text);
  G_UNLOCK (messages);
}

void
tool_skip (const char *file, const char *reason)
{
  G_LOCK (messages);
  if (skipped == NULL)
    skipped = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (g_hash_table_add (skipped, g_strdup (file)))
    print_line (file, reason);
  G_UNLOCK (messages);
}

gboolean
tool_is_skipped (const char *file)
{
  gboolean ret;

  G_LOCK (messages);
  ret = skipped != NULL && g_hash_table_contains (skipped, file);
  G_UNLOCK (messages);
  return ret;
}

void
tool_remark (const char *file, const char *text)
{
  Remark *remark = NULL;
  char *key = g_strdup_printf ("%s\n%s", file, text);
  guint i;

  G_LOCK (messages);
  if (remarks == NULL) {
    remarks = g_ptr_array_new ();
    remarked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  }
  /* A file is read in several passes. */
  if (g_hash_table_add (remarked, key)) {
    for (i = 0; i < remarks->len && remark == NULL; i++) {
      remark = g_ptr_array_index (remarks, i);
      if (strcmp (remark->text, text) != 0)
        remark = NULL;
    }
    if (remark == NULL) {
      remark = g_new0 (Remark, 1);
      remark->text = g_strdup (text);
      remark->first_file = g_strdup (file);
      g_ptr_array_add (remarks, remark);
    }
    remark->n_files++;
  }
  G_UNLOCK (messages);
}

int
tool_exit_code (void)
{
  guint i;
  int code;

  G_LOCK (messages);
  for (i = 0; remarks != NULL && i < remarks->len; i++) {
    Remark *remark = g_ptr_array_index (remarks, i);

    fputs (remark->first_file, stderr);
    if (remark->n_files > 1)
      fprintf (stderr, " and %u more", remark->n_files - 1);
    fprintf (stderr, ": %s\n", remark->text);
    g_free (remark->text);
    g_free (remark->first_file);
    g_free (remark);
  }
  g_clear_pointer (&remarks, g_ptr_array_unref);
  g_clear_pointer (&remarked, g_hash_table_unref);
  code = skipped != NULL ? EXIT_SKIPPED : 0;
  g_clear_pointer (&skipped, g_hash_table_unref);
  G_UNLOCK (messages);
  return code;
}

void
tool_progress_begin (const char *what, gsize n_steps)
{
  G_LOCK (messages);
  g_free (progress_what);
  progress_what = g_strdup (what);
  progress_done = 0;
  progress_total = n_steps;
  draw_progress ();
  G_UNLOCK (messages);
}

void
tool_progress_step (gsize n)
{
  G_LOCK (messages);
  progress_done = MIN (progress_done + n, progress_total);
  draw_progress ();
  G_UNLOCK (messages);
}

void
tool_progress_update (const char *what, gsize n_done)
{
  G_LOCK (messages);
  g_free (progress_what);
  progress_what = g_strdup (what);
  progress_done = MIN (n_done, progress_total);
  draw_progress ();
  G_UNLOCK (messages);
}

void
tool_progress_end (void)
{
  G_LOCK (messages);
  if (progress_what != NULL && isatty (STDERR_FILENO))
    fputs ("\r\033[K", stderr);
  g_clear_pointer (&progress_what, g_free);
  G_UNLOCK (messages);
}
