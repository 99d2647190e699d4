/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "model-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "error.h"

#define ADVICE "it is left as it is: remove it or choose another name"
#define MAX_LINKS 32
#define LOCK_POLL (5 * G_TIME_SPAN_MILLISECOND)
#define CHUNK (1024 * 1024)

static gboolean
set_file_error (GError ** error, const char *name, const char *what)
{
  int code = errno;
  char *shown = g_filename_display_name (name);

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
      "%s: cannot %s: %s", shown, what, g_strerror (code));
  g_free (shown);
  return FALSE;
}

/* Returns the file behind the links of @path, which need not exist. */
static char *
follow_links (const char *path, GError ** error)
{
  char *target = g_strdup (path);
  guint i;

  for (i = 0; i < MAX_LINKS; i++) {
    char *folder, *next, *link = g_file_read_link (target, NULL);

    if (link == NULL)
      return target;
    folder = g_path_get_dirname (target);
    next = g_path_is_absolute (link) ? g_strdup (link)
        : g_build_filename (folder, link, NULL);
    g_free (folder);
    g_free (link);
    g_free (target);
    target = next;
  }
  g_free (target);
  errno = ELOOP;
  set_file_error (error, path, "follow the links");
  return NULL;
}

/* Whether @fd is still what @path names. */
static gboolean
is_current (int fd, const char *path)
{
  struct stat a, b;

  return fstat (fd, &a) == 0 && stat (path, &b) == 0
      && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Waits for the lock of @fd, in steps so that it can be cancelled. */
static gboolean
wait_for_lock (int fd, const char *path, GCancellable * cancellable,
    GError ** error)
{
  while (flock (fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return set_file_error (error, path, "lock");
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    g_usleep (LOCK_POLL);
  }
  return TRUE;
}

/* Returns the locked file, or -1. The one who has the lock unlinks the file:
 * who waited for that one starts over with the next. */
static int
take_lock (const char *path, GCancellable * cancellable, GError ** error)
{
  while (TRUE) {
    int fd = g_open (path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        | O_NONBLOCK, 0666);

    if (fd < 0) {
      set_file_error (error, path,
          "create the lock of the model (is the folder "
          "there, can it be written to?)");
      return -1;
    }
    if (!wait_for_lock (fd, path, cancellable, error)) {
      close (fd);
      return -1;
    }
    if (is_current (fd, path))
      return fd;
    close (fd);
  }
}

static void
release_lock (int fd, const char *path)
{
  g_unlink (path);
  close (fd);
}

/* @size is in whole items. */
static gboolean
write_bytes (int fd, const char *path, const guint8 * data, gsize size,
    gsize item_size, GCancellable * cancellable, GError ** error)
{
  guint8 *chunk = g_malloc (MIN (size, CHUNK));
  gboolean ok = TRUE;

  while (ok && size > 0) {
    gsize written = 0, n = MIN (size, CHUNK);

    asd_tensor_convert (chunk, data, n, item_size);
    while (ok && written < n) {
      gssize k = write (fd, chunk + written, n - written);

      if (k >= 0)
        written += k;
      else if (errno != EINTR)
        ok = set_file_error (error, path, "write the model");
      ok = ok && !g_cancellable_set_error_if_cancelled (cancellable, error);
    }
    data += n;
    size -= n;
  }
  g_free (chunk);
  return ok;
}

/* The permissions and, where allowed, the owner of the file it will replace. */
static gboolean
copy_owner (int fd, const char *temp, const char *path, GError ** error)
{
  struct stat st;

  if (stat (path, &st) != 0)
    return errno == ENOENT || set_file_error (error, path, "look at the model");
  if (fchown (fd, st.st_uid, st.st_gid) != 0)
    g_debug ("%s: the owner changes: %s", path, g_strerror (errno));
  return fchmod (fd, st.st_mode & 0777) == 0
      || set_file_error (error, temp, "set the permissions");
}

static gboolean
write_temp (int fd, const char *temp, const char *path,
    const AsdModelContents * contents, GCancellable * cancellable,
    GError ** error)
{
  GString *header = asd_model_header_build (path, contents, error);
  gboolean ok = header != NULL;
  guint i;

  if (ok)
    ok = write_bytes (fd, temp, (guint8 *) header->str, header->len, 1,
        cancellable, error);
  for (i = 0; ok && i < contents->tensors->len; i++) {
    const AsdTensor *tensor = g_ptr_array_index (contents->tensors, i);

    ok = write_bytes (fd, temp, tensor->data, tensor->size,
        asd_dtypes[tensor->dtype].item_size, cancellable, error);
  }
  if (header != NULL)
    g_string_free (header, TRUE);
  return ok && copy_owner (fd, temp, path, error)
      && (fsync (fd) == 0 || set_file_error (error, temp, "save the model"));
}

/* So that the new name survives a power failure as well. */
static gboolean
sync_folder (const char *path, GError ** error)
{
  char *folder = g_path_get_dirname (path);
  int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  /* Some file systems cannot, and say so by EINVAL. */
  gboolean ok = fd >= 0 && (fsync (fd) == 0 || errno == EINVAL);

  if (!ok)
    set_file_error (error, folder, "save the folder of the model");
  if (fd >= 0)
    close (fd);
  g_free (folder);
  return ok;
}

/* Called with the lock held, so that the name of the temporary file is ours;
 * one is left over only by a process that was killed. */
static gboolean
replace_file (const char *path, const AsdModelContents * contents,
    GCancellable * cancellable, GError ** error)
{
  char *temp = g_strconcat (path, ".tmp", NULL);
  gboolean ok = FALSE;
  int fd;

  g_unlink (temp);
  fd = g_open (temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    set_file_error (error, temp, "create the new model");
  } else {
    ok = write_temp (fd, temp, path, contents, cancellable, error);
    if (close (fd) != 0 && ok)
      ok = set_file_error (error, temp, "save the model");
    ok = ok && !g_cancellable_set_error_if_cancelled (cancellable, error);
    if (ok && g_rename (temp, path) != 0)
      ok = set_file_error (error, path, "replace the model");
    if (!ok)
      g_unlink (temp);
  }
  g_free (temp);
  return ok && sync_folder (path, error);
}

/* Called with the lock held. */
static gboolean
merge_and_replace (AsdModelWriter * writer, const char *path,
    GCancellable * cancellable, GError ** error)
{
  AsdModelContents contents;
  GError *local = NULL;
  AsdModel *old = asd_model_load_or_advise (path, ADVICE, &local);
  gboolean ok;

  if (g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
    g_clear_error (&local);
  } else if (local != NULL) {
    g_propagate_error (error, local);
    return FALSE;
  }
  contents.strings = g_hash_table_new (g_str_hash, g_str_equal);
  contents.tensors = g_ptr_array_new ();
  ok = asd_model_writer_merge (writer, old, path, &contents, error)
      && replace_file (path, &contents, cancellable, error);
  g_hash_table_unref (contents.strings);
  g_ptr_array_unref (contents.tensors);
  g_clear_pointer (&old, asd_model_unref);
  return ok;
}

gboolean
asd_model_writer_commit (AsdModelWriter * writer, const char *path,
    GCancellable * cancellable, GError ** error)
{
  char *target, *lock;
  gboolean ok = FALSE;
  int fd;

  g_return_val_if_fail (writer != NULL, FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  target = follow_links (path, error);
  if (target == NULL)
    return FALSE;
  lock = g_strconcat (target, ".lock", NULL);
  fd = take_lock (lock, cancellable, error);
  if (fd >= 0) {
    ok = merge_and_replace (writer, target, cancellable, error);
    release_lock (fd, lock);
  }
  g_free (lock);
  g_free (target);
  return ok;
}
