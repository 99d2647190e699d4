/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstasdclipheader.h"

#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include <asd/error.h>
#include <glib/gstdio.h>

#define WAV_FORMAT_PCM 0x0001
#define WAV_FORMAT_FLOAT 0x0003
#define WAV_FORMAT_EXTENSIBLE 0xFFFE

/* sox writes 0x7FFFF000 and more, FFmpeg 0xFFFFFFFF, when they cannot know. */
#define WAV_SIZE_UNKNOWN 0x7FFFF000

static FILE *
open_regular (const gchar * path, GStatBuf * info, GError ** error)
{
  FILE *file = NULL;

  /* stat() first: opening a pipe would wait for its writer. */
  if (g_stat (path, info) != 0)
    goto failed;
  if (S_ISDIR (info->st_mode)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_ISDIR,
        "is a directory: give the files in it, such as %s/*.wav", path);
    return NULL;
  }
  if (!S_ISREG (info->st_mode)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "is not a regular file: give recordings as files");
    return NULL;
  }
  if (info->st_size == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
        "is empty (0 bytes): record or copy it again");
    return NULL;
  }
  file = g_fopen (path, "rb");
  if (file != NULL)
    return file;

failed:
  {
    gint code = errno;

    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
        "cannot be read (%s): check the name and the permissions",
        g_strerror (code));
    return NULL;
  }
}

/* Reads the format chunk at the file position; TRUE where its samples are
 * plain numbers. */
static gboolean
is_plain_format (FILE * file, guint32 size)
{
  guint16 words[20] = { 0 };
  guint tag;

  if (fread (words, 1, MIN (size, sizeof (words)), file) < 16)
    return FALSE;
  tag = GUINT16_FROM_LE (words[0]);
  if (tag == WAV_FORMAT_EXTENSIBLE)
    tag = GUINT16_FROM_LE (words[12]);
  return tag == WAV_FORMAT_PCM || tag == WAV_FORMAT_FLOAT;
}

static gboolean
read_wav (GstAsdClipHeader * header, FILE * file, guint64 file_size,
    GError ** error)
{
  guint64 position = 12;
  struct
  {
    gchar id[4];
    guint32 size;
  } chunk;

  while (fseeko (file, position, SEEK_SET) == 0
      && fread (&chunk, sizeof (chunk), 1, file) == 1) {
    guint32 size = GUINT32_FROM_LE (chunk.size);

    position += 8;
    if (memcmp (chunk.id, "fmt ", 4) == 0)
      header->plain_wav = is_plain_format (file, size);
    if (memcmp (chunk.id, "data", 4) == 0) {
      if (size < WAV_SIZE_UNKNOWN && size > file_size - position) {
        g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
            "is truncated: its header promises %u bytes of sound, the file "
            "holds %" G_GUINT64_FORMAT ": record or copy it again", size,
            file_size - position);
        return FALSE;
      }
      return TRUE;
    }
    position += (guint64) size + (size & 1);
  }
  g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
      "is a WAV file without a data chunk in its %" G_GUINT64_FORMAT
      " bytes: record or copy it again", file_size);
  return FALSE;
}

/* The number of samples in the STREAMINFO block, which is always first. */
static void
read_flac (GstAsdClipHeader * header, FILE * file)
{
  guint8 block[26];

  if (fseeko (file, 0, SEEK_SET) != 0
      || fread (block, 1, sizeof (block), file) != sizeof (block)
      || (block[4] & 0x7F) != 0)
    return;
  header->frames = block[21] & 0x0F;
  for (guint i = 22; i < 26; i++)
    header->frames = header->frames << 8 | block[i];
}

gboolean
gst_asd_clip_header_read (GstAsdClipHeader * header, const gchar * path,
    GError ** error)
{
  guint8 start[12] = { 0 };
  gboolean ok = TRUE;
  GStatBuf info;
  FILE *file;

  memset (header, 0, sizeof (*header));
  file = open_regular (path, &info, error);
  if (file == NULL)
    return FALSE;

  if (fread (start, 1, sizeof (start), file) >= 4) {
    if (memcmp (start, "RIFF", 4) == 0 && memcmp (start + 8, "WAVE", 4) == 0)
      ok = read_wav (header, file, info.st_size, error);
    else if (memcmp (start, "fLaC", 4) == 0)
      read_flac (header, file);
  }
  fclose (file);
  return ok;
}

static gint
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar **) a, *(const gchar **) b);
}

gchar **
gst_asd_clip_expand (const gchar * location)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gchar **paths;
  glob_t found;

  if (g_file_test (location, G_FILE_TEST_EXISTS)) {
    g_strv_builder_add (builder, location);
  } else if (glob (location, GLOB_NOSORT, NULL, &found) == 0) {
    for (gsize i = 0; i < found.gl_pathc; i++)
      g_strv_builder_add (builder, found.gl_pathv[i]);
    globfree (&found);
  }
  paths = g_strv_builder_end (builder);
  qsort (paths, g_strv_length (paths), sizeof (gchar *), compare_paths);
  return paths;
}
