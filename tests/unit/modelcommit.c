/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How a commit changes a file: what it keeps, and that nothing is ever lost or
 * half written. */

#include "modeltest.h"

#include <fcntl.h>
#include <math.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_COMMITS 50

static const guint8 bytes_of_one[1] = { 7 };

static void
write_one (const char *stage, gint64 value)
{
  GError *error = NULL;

  fail_unless (write_value (path, stage, 3, value, NULL, &error), "%s",
      error != NULL ? error->message : "");
}

/* Merging */

GST_START_TEST (test_merge)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModel) model = NULL;
  g_autoptr (AsdModelSection) section = NULL;
  gsize n = 1;

  asd_model_writer_set_model_string (writer, "recipe", "old");
  asd_model_writer_set_model_string (writer, "seed", "7");
  asd_model_writer_set_model_string (writer, "title", "fan");
  asd_model_writer_set_stage (writer, "a", "test");
  asd_model_writer_set_string (writer, "caps", "gone with the old section");
  asd_model_writer_add_u8 (writer, "gone", (const guint8 *) "x", 1, &n);
  commit (writer, path);
  write_one ("ab", 1);
  write_one ("a", 2);
  asd_model_writer_free (writer);

  writer = asd_model_writer_new ();
  asd_model_writer_set_model_string (writer, "recipe", "new");
  asd_model_writer_set_model_string (writer, "title", NULL);
  commit (writer, path);
  assert_folder_is ("fan.asd");
  assert_equals_int64 (read_value (path, "ab"), 1);
  assert_equals_int64 (read_value (path, "a"), 2);
  model = load (path);
  section = asd_model_get_section (model, "a", NULL);
  fail_unless (asd_model_section_get_string (section, "caps") == NULL);
  fail_if (asd_model_section_has_tensor (section, "gone"));
  assert_equals_string (asd_model_get_string (model, "recipe"), "new");
  assert_equals_string (asd_model_get_string (model, "seed"), "7");
  fail_unless (asd_model_get_string (model, "title") == NULL);
}

GST_END_TEST;

GST_START_TEST (test_update_stage)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModel) model = NULL;
  g_autoptr (AsdModelSection) section = NULL;
  double threshold = 0;
  GError *error = NULL;

  asd_model_writer_update_stage (writer, "a");
  asd_model_writer_set_double (writer, "threshold", 0.1);
  fail_if (asd_model_writer_commit (writer, path, NULL, &error));
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISSING, path);
  assert_folder_is ("");

  write_one ("a", 5);
  write_one ("b", 6);
  commit (writer, path);
  assert_equals_int64 (read_value (path, "a"), 5);
  assert_equals_int64 (read_value (path, "b"), 6);
  model = load (path);
  section = asd_model_get_section (model, "a", NULL);
  assert_equals_string (asd_model_section_get_kind (section), "test");
  fail_unless (asd_model_section_get_double (section, "threshold", &threshold,
          NULL) && threshold == 0.1);

  /* Replacing a tensor by one of another size. */
  asd_model_writer_set_int64 (writer, "value", 8);
  asd_model_writer_add_f64 (writer, "values", (const double[]) {
        8, 8
      }, 1, (const gsize[]) {
        2
      });
  commit (writer, path);
  assert_equals_int64 (read_value (path, "a"), 8);
}

GST_END_TEST;

GST_START_TEST (test_remove)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModelWriter) fresh = asd_model_writer_new ();
  g_autoptr (AsdModel) model = NULL;
  g_auto (GStrv) stages = NULL;

  write_one ("a", 1);
  write_one ("b", 2);
  asd_model_writer_remove_stage (writer, "a");
  asd_model_writer_remove_stage (writer, "never");
  commit (writer, path);
  assert_equals_int64 (read_value (path, "a"), -1);
  assert_equals_int64 (read_value (path, "b"), 2);

  asd_model_writer_clear (fresh);
  asd_model_writer_set_stage (fresh, "c", "test");
  commit (fresh, path);
  model = load (path);
  stages = asd_model_list_stages (model);
  assert_equals_string (stages[0], "c");
  fail_unless (stages[1] == NULL);
}

GST_END_TEST;

/* Refused contents */

static void
assert_refused (AsdModelWriter * writer, int code, const char *first,
    const char *second)
{
  GError *error = NULL;

  fail_if (asd_model_writer_commit (writer, path, NULL, &error));
  fail_unless (strstr (error->message, first) != NULL
      && strstr (error->message, second) != NULL, "%s", error->message);
  assert_error (&error, ASD_ERROR, code, path);
  assert_folder_is ("");
  asd_model_writer_free (writer);
}

static AsdModelWriter *
start (const char *stage)
{
  AsdModelWriter *writer = asd_model_writer_new ();

  asd_model_writer_set_stage (writer, stage, "test");
  return writer;
}

GST_START_TEST (test_not_finite)
{
  const double f64[3] = { 1, NAN, 2 };
  const float f32[3] = { 1, 2, -INFINITY };
  gsize n = 3;
  AsdModelWriter *writer = start ("graph");

  asd_model_writer_add_f64 (writer, "means", f64, 1, &n);
  /* The first error counts. */
  asd_model_writer_add_f32 (writer, "later", f32, 1, &n);
  assert_refused (writer, ASD_ERROR_DATA, "graph", "means");
  writer = start ("graph");
  asd_model_writer_add_f32 (writer, "stds", f32, 1, &n);
  assert_refused (writer, ASD_ERROR_DATA, "graph", "stds");
  writer = start ("graph");
  asd_model_writer_set_double (writer, "threshold", INFINITY);
  assert_refused (writer, ASD_ERROR_DATA, "graph", "threshold");
}

GST_END_TEST;

GST_START_TEST (test_refused_names)
{
  static const char *const names[] =
      { "", "A", "a.b", "a..b", ".a", "a.", "-a", "_a", "a b",
    "\xc3\xbc", "a\n",
    "a234567890123456789012345678901234567890123456789012345678901234x"
  };
  AsdModelWriter *writer;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    fail_unless (asd_model_check_stage (names[i]) != NULL, "%s", names[i]);
    if (strchr (names[i], '\n') != NULL)
      continue;
    assert_refused (start (names[i]), ASD_ERROR_DATA, "stage", names[i]);
    writer = start ("s");
    asd_model_writer_set_string (writer, names[i], "x");
    assert_refused (writer, ASD_ERROR_DATA, "s: ", names[i]);
    /* Only tensors may have dots in between. */
    if (strcmp (names[i], "a.b") == 0)
      continue;
    writer = start ("s");
    asd_model_writer_add_u8 (writer, names[i], (const guint8 *) "x", 0, NULL);
    assert_refused (writer, ASD_ERROR_DATA, "s: ", names[i]);
  }
  assert_refused (start ("asd"), ASD_ERROR_DATA, "stage", "asd");
  fail_unless (asd_model_check_stage (NULL) != NULL);
  fail_unless (asd_model_check_stage ("asd") != NULL);
  fail_unless (asd_model_check_stage ("asdx") == NULL);
  fail_unless (asd_model_check_stage ("0_b-c") == NULL);
}

GST_END_TEST;

GST_START_TEST (test_refused_contents)
{
  g_autofree char *text = g_strnfill (ASD_MODEL_MAX_HEADER, 'x');
  gsize huge[2] = { G_MAXSIZE / 4, 8 };
  AsdModelWriter *writer = start ("s");

  asd_model_writer_set_string (writer, "caps", "\xff");
  assert_refused (writer, ASD_ERROR_DATA, "UTF-8", "caps");
  writer = start ("s");
  asd_model_writer_set_string (writer, "caps", text);
  assert_refused (writer, ASD_ERROR_DATA, "header", "more than a model holds");
  writer = start ("s");
  asd_model_writer_add_u8 (writer, "t", bytes_of_one, 2, huge);
  assert_refused (writer, ASD_ERROR_DATA, "too large", "s.t");
  writer = start ("s");
  for (int i = 0; i <= ASD_MODEL_MAX_TENSORS; i++) {
    g_autofree char *name = g_strdup_printf ("t%d", i);

    asd_model_writer_add_u8 (writer, name, bytes_of_one, 0, NULL);
  }
  assert_refused (writer, ASD_ERROR_DATA, "257 tensors", "256");
}

GST_END_TEST;

/* Files that are in the way */

GST_START_TEST (test_bad_file_stays)
{
  static const struct
  {
    const char *content;
    int code;
  } files[] = {
    {"RIFF....WAVE....", ASD_ERROR_FORMAT},
    {"", ASD_ERROR_FORMAT},
    {"\x28\0\0\0\0\0\0\0{\"__metadata__\":{\"asd.format\":\"2\"}}     ",
        ASD_ERROR_VERSION},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++) {
    gsize size = i == 2 ? 48 : strlen (files[i].content);
    g_autoptr (GBytes) bytes = g_bytes_new_static (files[i].content, size);
    AsdModelWriter *writer = start ("s");
    GError *error = NULL;

    fail_unless (g_file_set_contents (path, files[i].content, size, NULL));
    fail_if (asd_model_writer_commit (writer, path, NULL, &error));
    assert_error (&error, ASD_ERROR, files[i].code, path);
    asd_model_writer_clear (writer);
    fail_if (asd_model_writer_commit (writer, path, NULL, &error));
    fail_unless (files[i].code != ASD_ERROR_FORMAT
        || strstr (error->message, "remove it") != NULL, "%s", error->message);
    assert_error (&error, ASD_ERROR, files[i].code, path);
    assert_bytes (path, bytes);
    assert_folder_is ("fan.asd");
    asd_model_writer_free (writer);
  }
}

GST_END_TEST;

GST_START_TEST (test_permissions)
{
  mode_t mask = umask (0027);
  struct stat st;

  write_one ("a", 1);
  fail_unless (stat (path, &st) == 0);
  assert_equals_int (st.st_mode & 07777, 0640);
  fail_unless (g_chmod (path, 0606) == 0);
  write_one ("a", 2);
  fail_unless (stat (path, &st) == 0);
  assert_equals_int (st.st_mode & 07777, 0606);
  umask (mask);
}

GST_END_TEST;

GST_START_TEST (test_links)
{
  g_autofree char *near = g_build_filename (folder, "near.asd", NULL);
  g_autofree char *far = g_build_filename (folder, "far.asd", NULL);
  g_autofree char *loop = g_build_filename (folder, "loop.asd", NULL);
  GError *error = NULL;

  /* The second commit meets a file, the first one a link to nothing. */
  fail_unless (symlink ("fan.asd", near) == 0 && symlink (near, far) == 0
      && symlink ("loop.asd", loop) == 0);
  fail_unless (write_value (far, "a", 1, 1, NULL, NULL));
  fail_unless (write_value (far, "b", 1, 2, NULL, NULL));
  fail_unless (g_file_test (far, G_FILE_TEST_IS_SYMLINK)
      && g_file_test (near, G_FILE_TEST_IS_SYMLINK));
  fail_if (g_file_test (path, G_FILE_TEST_IS_SYMLINK));
  assert_equals_int64 (read_value (path, "a"), 1);
  assert_equals_int64 (read_value (path, "b"), 2);
  fail_if (write_value (loop, "a", 1, 1, NULL, &error));
  assert_error (&error, G_FILE_ERROR, G_FILE_ERROR_LOOP, loop);
  assert_folder_is ("fan.asd far.asd loop.asd near.asd");
}

GST_END_TEST;

GST_START_TEST (test_no_folder)
{
  g_autofree char *gone = g_build_filename (folder, "gone", "fan.asd", NULL);
  GError *error = NULL;
  int status = -1;
  pid_t child;

  fail_if (write_value (gone, "a", 1, 1, NULL, &error));
  assert_error (&error, G_FILE_ERROR, G_FILE_ERROR_NOENT, gone);
  fail_if (write_value (folder, "a", 1, 1, NULL, &error));
  assert_error (&error, G_FILE_ERROR, G_FILE_ERROR_ISDIR, folder);

  write_one ("a", 1);
  fail_unless (g_chmod (folder, 0555) == 0);
  child = fork ();
  if (child == 0) {
    /* root may write anywhere. */
    if (geteuid () == 0 && setuid (65534) != 0)
      _exit (2);
    if (write_value (path, "a", 1, 2, NULL, &error))
      _exit (3);
    _exit (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_ACCES));
  }
  fail_unless (child > 0 && waitpid (child, &status, 0) == child);
  fail_unless (WIFEXITED (status));
  assert_equals_int (WEXITSTATUS (status), 0);
  assert_equals_int64 (read_value (path, "a"), 1);
  fail_unless (g_chmod (folder, 0755) == 0);
  assert_folder_is ("fan.asd");
}

GST_END_TEST;

/* At the same time */

static gpointer
commit_many (gpointer stage)
{
  GError *error = NULL;

  for (int i = 1; i <= N_COMMITS; i++) {
    if (!write_value (path, stage, 3, i, NULL, &error)) {
      g_printerr ("%s\n", error->message);
      return "failed";
    }
    if (read_value (path, stage) != i)
      return "lost";
  }
  return NULL;
}

GST_START_TEST (test_two_threads)
{
  GThread *a = g_thread_new ("a", commit_many, "a");
  GThread *b = g_thread_new ("b", commit_many, "b");

  assert_equals_string (g_thread_join (a), NULL);
  assert_equals_string (g_thread_join (b), NULL);
  assert_equals_int64 (read_value (path, "a"), N_COMMITS);
  assert_equals_int64 (read_value (path, "b"), N_COMMITS);
  assert_folder_is ("fan.asd");
}

GST_END_TEST;

GST_START_TEST (test_two_processes)
{
  pid_t children[2];

  for (int i = 0; i < 2; i++) {
    children[i] = fork ();
    if (children[i] == 0)
      _exit (commit_many (i == 0 ? "a" : "b") != NULL);
  }
  for (int i = 0; i < 2; i++) {
    int status = -1;

    fail_unless (waitpid (children[i], &status, 0) == children[i]);
    fail_unless (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  }
  assert_equals_int64 (read_value (path, "a"), N_COMMITS);
  assert_equals_int64 (read_value (path, "b"), N_COMMITS);
  assert_folder_is ("fan.asd");
}

GST_END_TEST;

/* Cancelled and killed */

typedef struct
{
  GCancellable *cancellable;
  gulong delay;
} Canceller;

static gpointer
cancel_later (gpointer data)
{
  Canceller *canceller = data;

  g_usleep (canceller->delay);
  g_cancellable_cancel (canceller->cancellable);
  return NULL;
}

GST_START_TEST (test_cancelled_while_waiting)
{
  g_autofree char *lock = g_strconcat (path, ".lock", NULL);
  Canceller canceller = { g_cancellable_new (), 50000 };
  g_autoptr (GBytes) bytes = NULL;
  GError *error = NULL;
  GThread *thread;
  int fd;

  write_one ("a", 1);
  bytes = read_file (path);
  fd = g_open (lock, O_CREAT | O_RDONLY, 0600);
  fail_unless (fd >= 0 && flock (fd, LOCK_EX) == 0);
  thread = g_thread_new ("cancel", cancel_later, &canceller);
  fail_if (write_value (path, "a", 1, 2, canceller.cancellable, &error));
  g_thread_join (thread);
  assert_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  assert_bytes (path, bytes);
  close (fd);
  /* Cancelled before it began. The lock that was left over goes next time. */
  fail_if (write_value (path, "a", 1, 2, canceller.cancellable, &error));
  assert_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  assert_bytes (path, bytes);
  write_one ("a", 3);
  assert_folder_is ("fan.asd");
  g_object_unref (canceller.cancellable);
}

GST_END_TEST;

/* Wherever the cancellation falls, the file is as the result says. */
GST_START_TEST (test_cancelled_while_writing)
{
  gint64 value = 1;
  guint n_cancelled = 0;

  write_one ("a", value);
  for (gulong delay = 0; delay < 100000; delay = delay * 2 + 250) {
    Canceller canceller = { g_cancellable_new (), delay };
    GThread *thread = g_thread_new ("cancel", cancel_later, &canceller);
    GError *error = NULL;

    if (write_value (path, "a", 1 << 20, value + 1, canceller.cancellable,
            &error)) {
      value++;
    } else {
      assert_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
      n_cancelled++;
    }
    assert_equals_int64 (read_value (path, "a"), value);
    assert_folder_is ("fan.asd");
    g_thread_join (thread);
    g_object_unref (canceller.cancellable);
  }
  fail_unless (n_cancelled > 0);
}

GST_END_TEST;

/* Commits stage "a" in a child that is killed when it has made @n_calls system
 * calls. Returns whether it ended before. */
static gboolean
commit_and_kill (guint n_calls, gint64 value)
{
  int status = 0;
  pid_t child = fork ();

  if (child == 0) {
    if (ptrace (PTRACE_TRACEME, 0, NULL, NULL) != 0)
      _exit (2);
    raise (SIGSTOP);
    _exit (!write_value (path, "a", 3, value, NULL, NULL));
  }
  fail_unless (child > 0 && waitpid (child, &status, 0) == child);
  fail_unless (WIFSTOPPED (status), "this test needs ptrace");
  /* It stops at the entry and at the exit of each call. */
  for (guint i = 0; i < 2 * n_calls && !WIFEXITED (status); i++) {
    fail_unless (ptrace (PTRACE_SYSCALL, child, NULL, NULL) == 0);
    fail_unless (waitpid (child, &status, 0) == child);
  }
  if (WIFEXITED (status)) {
    assert_equals_int (WEXITSTATUS (status), 0);
    return TRUE;
  }
  kill (child, SIGKILL);
  fail_unless (waitpid (child, &status, 0) == child);
  return FALSE;
}

/* kill -9 after each system call: the old file or the new one, and the next
 * commit neither waits nor leaves anything. */
GST_START_TEST (test_killed)
{
  guint n_calls = 0, n_old = 0, n_new = 0, n_left = 0;
  gboolean ended;

  do {
    g_autofree char *left = NULL;
    gint64 value;

    write_one ("a", 1);
    write_one ("b", 9);
    assert_folder_is ("fan.asd");
    ended = commit_and_kill (n_calls++, 2);
    value = read_value (path, "a");
    fail_unless (value == 1 || value == 2);
    n_old += value == 1;
    n_new += value == 2;
    assert_equals_int64 (read_value (path, "b"), 9);
    left = list_folder ();
    n_left += strcmp (left, "fan.asd") != 0;
  } while (!ended);
  /* The kills did fall before and after the change and within it. */
  fail_unless (n_old > 5 && n_new > 2 && n_left > 5,
      "%u calls, %u old, %u new, %u left over", n_calls, n_old, n_new, n_left);
}

GST_END_TEST;

static Suite *
modelcommit_suite (void)
{
  Suite *suite = suite_create ("modelcommit");
  TCase *tcase = tcase_create ("commits");

  tcase_add_checked_fixture (tcase, setup_folder, teardown_folder);
  tcase_add_test (tcase, test_merge);
  tcase_add_test (tcase, test_update_stage);
  tcase_add_test (tcase, test_remove);
  tcase_add_test (tcase, test_not_finite);
  tcase_add_test (tcase, test_refused_names);
  tcase_add_test (tcase, test_refused_contents);
  tcase_add_test (tcase, test_bad_file_stays);
  tcase_add_test (tcase, test_permissions);
  tcase_add_test (tcase, test_links);
  tcase_add_test (tcase, test_no_folder);
  tcase_add_test (tcase, test_two_threads);
  tcase_add_test (tcase, test_two_processes);
  tcase_add_test (tcase, test_cancelled_while_waiting);
  tcase_add_test (tcase, test_cancelled_while_writing);
  tcase_add_test (tcase, test_killed);
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (modelcommit);
