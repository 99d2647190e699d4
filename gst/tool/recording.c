/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The windows of a line, as files, and which of them are fit to learn from. */

#include "recorder.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* RIFF, a fmt chunk of 16 bytes, fact, and the head of data. */
#define HEADER_SIZE 56
#define FORMAT_FLOAT 3

/* Of one fault, so many stretches are told. */
#define MAX_STRETCHES 5

/* In the folder that is to be kept: training does not look into folders of a
 * folder. */
#define LEFT_OUT "left-out"

enum
{
  NOT_FINITE = ASD_SENSOR_LOUD + 1,
  N_FAULTS,
};

typedef struct
{
  gint64 start;                 /* us */
  guint fault;                  /* AsdSensorState or NOT_FINITE */
} Window;

struct _Recording
{
  char *folder;
  char *prefix;                 /* of the files */
  gboolean temporary;

  gsize n_samples;              /* of a window */
  guint n_parts;                /* of a window: a second each, or a little more */
  guint8 *wav;
  AsdSensorConfig config;
  AsdSensor *sensor;

  GArray *windows;              /* Window */
  GArray *reports;              /* AsdSensorReport, n_parts for each */
  guint n_left_out;
  GPtrArray *files;             /* of the others */
};

static char *
get_file (Recording * self, guint i)
{
  char *name = g_strdup_printf ("%s%06u.wav", self->prefix, i);
  char *path = g_build_filename (self->folder, name, NULL);

  g_free (name);
  return path;
}

static Window *
get_window (Recording * self, guint i)
{
  return &g_array_index (self->windows, Window, i);
}

static AsdSensorReport *
get_reports (Recording * self, guint window)
{
  return &g_array_index (self->reports, AsdSensorReport,
      window * self->n_parts);
}

/* The folder */

static gboolean
make_folder (Recording * self, const char *folder, GError ** error)
{
  GDateTime *now;

  self->temporary = folder == NULL;
  if (self->temporary) {
    self->folder = g_dir_make_tmp ("gst-asd-XXXXXX", error);
    self->prefix = g_strdup ("");
    return self->folder != NULL;
  }
  self->folder = g_strdup (folder);
  /* Recordings of other days may be in it. */
  now = g_date_time_new_now_local ();
  self->prefix = g_date_time_format (now, "%Y%m%d-%H%M%S-");
  g_date_time_unref (now);
  if (g_mkdir_with_parents (folder, 0777) == 0 && g_access (folder, W_OK) == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
      "--record %s: cannot write into this folder (%s): choose another", folder,
      g_strerror (errno));
  return FALSE;
}

static gsize
get_file_size (Recording * self)
{
  return HEADER_SIZE + self->n_samples * sizeof (float);
}

static gboolean
check_space (Recording * self, guint n_windows, GError ** error)
{
  guint64 size = get_file_size (self), needed, left;
  struct statvfs fs;

  if (statvfs (self->folder, &fs) != 0 || fs.f_frsize == 0 || fs.f_blocks == 0)
    return TRUE;
  needed = (size + fs.f_frsize - 1) / fs.f_frsize * fs.f_frsize * n_windows;
  left = (guint64) fs.f_bavail * fs.f_frsize;
  if (needed <= left)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "%s: the sound needs "
      "%.1f MB, and %.1f are free: make room, choose another folder with "
      "--record FOLDER, or a shorter --duration", self->folder, needed / 1e6,
      left / 1e6);
  return FALSE;
}

Recording *
recording_new (const char *folder, gsize n_samples, guint n_windows,
    GError ** error)
{
  Recording *self = g_new0 (Recording, 1);

  self->n_samples = n_samples;
  self->n_parts = MAX (n_samples / TOOL_RATE, 1);
  self->wav = g_malloc (get_file_size (self));
  asd_sensor_config_init (&self->config);
  self->sensor = asd_sensor_new (&self->config, NULL, n_samples);
  self->windows = g_array_new (FALSE, FALSE, sizeof (Window));
  self->reports = g_array_new (FALSE, TRUE, sizeof (AsdSensorReport));
  self->files = g_ptr_array_new_with_free_func (g_free);
  if (make_folder (self, folder, error) && check_space (self, n_windows, error))
    return self;
  recording_free (self);
  return NULL;
}

void
recording_free (Recording * self)
{
  if (self == NULL)
    return;
  if (self->temporary && self->folder != NULL) {
    for (guint i = 0; i < self->windows->len; i++) {
      char *path = get_file (self, i);

      g_unlink (path);
      g_free (path);
    }
    g_rmdir (self->folder);
  }
  asd_sensor_free (self->sensor);
  g_array_unref (self->windows);
  g_array_unref (self->reports);
  g_ptr_array_unref (self->files);
  g_free (self->wav);
  g_free (self->folder);
  g_free (self->prefix);
  g_free (self);
}

/* Windows */

/* 32 bit float, so that nothing is rounded or clipped. */
static void
fill_wav (Recording * self, const float *samples)
{
  gsize n = self->n_samples;
  guint8 *wav = self->wav;

  memcpy (wav, "RIFF....WAVEfmt ", 16);
  GST_WRITE_UINT32_LE (wav + 4, get_file_size (self) - 8);
  GST_WRITE_UINT32_LE (wav + 16, 16);
  GST_WRITE_UINT16_LE (wav + 20, FORMAT_FLOAT);
  GST_WRITE_UINT16_LE (wav + 22, 1);
  GST_WRITE_UINT32_LE (wav + 24, TOOL_RATE);
  GST_WRITE_UINT32_LE (wav + 28, TOOL_RATE * sizeof (float));
  GST_WRITE_UINT16_LE (wav + 32, sizeof (float));
  GST_WRITE_UINT16_LE (wav + 34, 8 * sizeof (float));
  memcpy (wav + 36, "fact", 4);
  GST_WRITE_UINT32_LE (wav + 40, 4);
  GST_WRITE_UINT32_LE (wav + 44, n);
  memcpy (wav + 48, "data", 4);
  GST_WRITE_UINT32_LE (wav + 52, n * sizeof (float));
  for (gsize i = 0; i < n; i++)
    GST_WRITE_FLOAT_LE (wav + HEADER_SIZE + i * sizeof (float), samples[i]);
}

static gboolean
write_wav (Recording * self, const float *samples, GError ** error)
{
  char *path = get_file (self, self->windows->len);
  /* What is there is nobody's to overwrite. */
  FILE *file = fopen (path, "wbx");
  gboolean ok = file != NULL;

  fill_wav (self, samples);
  ok = ok && fwrite (self->wav, get_file_size (self), 1, file) == 1
      && fflush (file) == 0;
  if (!ok) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "the sound cannot be written to %s (%s): make room, or choose another "
        "folder with --record FOLDER", self->folder, g_strerror (errno));
    if (file != NULL)
      g_unlink (path);
  }
  if (file != NULL)
    fclose (file);
  g_free (path);
  return ok;
}

/* What can be told of a window before it is known how loud the others are. */
static guint
examine (Recording * self, const float *samples, AsdSensorReport * reports)
{
  gsize n = self->n_samples, from, to;
  guint fault = ASD_SENSOR_OK;

  if (gst_asd_first_non_finite (samples, n) < n)
    return NOT_FINITE;
  for (guint i = 0; i < self->n_parts; i++) {
    from = i * n / self->n_parts;
    to = (i + 1) * n / self->n_parts;
    asd_sensor_process (self->sensor, samples + from, to - from, &reports[i]);
    if (fault == ASD_SENSOR_OK)
      fault = reports[i].state;
  }
  return fault;
}

gboolean
recording_add (Recording * self, const float *samples, gint64 start,
    GError ** error)
{
  Window window = { start, ASD_SENSOR_OK };

  if (!write_wav (self, samples, error))
    return FALSE;
  g_array_append_val (self->windows, window);
  g_array_set_size (self->reports, self->windows->len * self->n_parts);
  get_window (self, self->windows->len - 1)->fault = examine (self, samples,
      get_reports (self, self->windows->len - 1));
  if (get_window (self, self->windows->len - 1)->fault != ASD_SENSOR_OK)
    self->n_left_out++;
  return TRUE;
}

void
recording_count (Recording * self, guint *n_windows, guint *n_left_out)
{
  *n_windows = self->windows->len;
  *n_left_out = self->n_left_out;
}

/* What is left out */

static int
compare_levels (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* Those of windows without a fault of which no part is far from a level; NaN is
 * far from none. */
static GArray *
collect_levels (Recording * self, double middle)
{
  GArray *levels = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < self->windows->len; i++) {
    const AsdSensorReport *reports = get_reports (self, i);
    gboolean far = get_window (self, i)->fault != ASD_SENSOR_OK;

    for (guint k = 0; k < self->n_parts && !far; k++)
      far = reports[k].level < middle - self->config.quiet_margin
          || reports[k].level > middle + self->config.loud_margin;
    for (guint k = 0; k < self->n_parts && !far; k++)
      g_array_append_val (levels, reports[k].level);
  }
  return levels;
}

/* How loud the line is: most of its windows, so that a stretch with a fault does
 * not count; or all where a machine is now loud and now quiet. */
static gboolean
find_levels (Recording * self, AsdSensorLevels * levels)
{
  GArray *all = collect_levels (self, NAN), *most, *chosen;
  gboolean ok = all->len > 0;

  if (ok) {
    qsort (all->data, all->len, sizeof (double), compare_levels);
    most = collect_levels (self, g_array_index (all, double, all->len / 2));
    chosen = 2 * most->len < all->len ? all : most;
    ok = asd_sensor_levels_compute ((double *) chosen->data, chosen->len,
        levels, NULL);
    g_array_unref (most);
  }
  g_array_unref (all);
  return ok;
}

static void
judge_levels (Recording * self)
{
  AsdSensorLevels levels;

  if (!find_levels (self, &levels))
    return;
  for (guint i = 0; i < self->windows->len; i++) {
    const AsdSensorReport *reports = get_reports (self, i);
    Window *window = get_window (self, i);

    for (guint k = 0; k < self->n_parts && window->fault == ASD_SENSOR_OK; k++)
      window->fault = asd_sensor_judge (&self->config, &levels, &reports[k]);
  }
}

/* Out of the way of who trains on the folder. */
static gboolean
put_aside (Recording * self, guint i, GError ** error)
{
  char *folder = g_build_filename (self->folder, LEFT_OUT, NULL);
  char *old = get_file (self, i), *name = g_path_get_basename (old);
  char *path = g_build_filename (folder, name, NULL);
  gboolean ok;

  ok = g_mkdir_with_parents (folder, 0777) == 0 && g_rename (old, path) == 0;
  if (!ok)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s: cannot be written: %s", path, g_strerror (errno));
  g_free (folder);
  g_free (old);
  g_free (name);
  g_free (path);
  return ok;
}

gboolean
recording_sort_out (Recording * self, GError ** error)
{
  gboolean ok = TRUE;

  judge_levels (self);
  self->n_left_out = 0;
  for (guint i = 0; i < self->windows->len && ok; i++) {
    if (get_window (self, i)->fault == ASD_SENSOR_OK) {
      g_ptr_array_add (self->files, get_file (self, i));
      continue;
    }
    self->n_left_out++;
    if (!self->temporary)
      ok = put_aside (self, i, error);
  }
  g_ptr_array_add (self->files, NULL);
  return ok;
}

char **
recording_get_files (Recording * self)
{
  return (char **) self->files->pdata;
}

/* The summary */

static void
add_time (GString * text, gint64 time, gboolean of_day)
{
  gint64 seconds = time / G_USEC_PER_SEC;
  GDateTime *date;
  char *formatted;

  if (!of_day) {
    g_string_append_printf (text, "%d:%02d:%02d", (int) (seconds / 3600),
        (int) (seconds / 60 % 60), (int) (seconds % 60));
    return;
  }
  date = g_date_time_new_from_unix_local (seconds);
  formatted = g_date_time_format (date, "%Y-%m-%d %H:%M:%S");
  g_string_append (text, formatted);
  g_free (formatted);
  g_date_time_unref (date);
}

/* "left out, dead: 2 from 0:00:20, 1 from 0:01:40" */
static void
print_fault (Recording * self, guint fault, gboolean of_day)
{
  GString *text = g_string_new (NULL);
  guint i, n, n_stretches = 0;

  for (i = 0; i < self->windows->len; i += MAX (n, 1)) {
    for (n = 0; i + n < self->windows->len
        && get_window (self, i + n)->fault == fault; n++);
    if (n > 0 && n_stretches++ < MAX_STRETCHES) {
      g_string_append_printf (text, "%s%u from ", text->len > 0 ? ", " : "", n);
      add_time (text, get_window (self, i)->start, of_day);
    }
  }
  if (n_stretches > MAX_STRETCHES)
    g_string_append_printf (text, " and %u times more",
        n_stretches - MAX_STRETCHES);
  if (n_stretches > 0)
    printf ("  left out, %s: %s\n", fault == NOT_FINITE ? "not finite" :
        asd_sensor_state_get_name (fault), text->str);
  g_string_free (text, TRUE);
}

void
recording_print (Recording * self, const char *name, gboolean of_day)
{
  guint heard = (double) self->windows->len * self->n_samples / TOOL_RATE;

  printf ("%s: %u:%02u:%02u heard, %u windows kept, %u left out\n", name,
      heard / 3600, heard / 60 % 60, heard % 60,
      self->windows->len - self->n_left_out, self->n_left_out);
  for (guint fault = ASD_SENSOR_OK + 1; fault < N_FAULTS; fault++)
    print_fault (self, fault, of_day);
  fflush (stdout);
}
