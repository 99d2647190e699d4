/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Runs a libFuzzer target without libFuzzer, so that any compiler will do:
 *
 *   fuzz-NAME [-n MUTATIONS] [-s SEED] FILE_OR_FOLDER...
 *
 * gives it every file, and then MUTATIONS variants of them. Each variant has its
 * own seed, SEED and on, so that a crash, which names it, can be had again with
 * -n 1 -s THAT_SEED. */

#include <glib.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t * data, size_t size);
/* Only there in a build with a sanitizer. */
extern void __sanitizer_set_death_callback (void (*callback) (void))
    __attribute__((weak));

static gint n_mutations = 10000;
static gint seed = 1;
static char **paths;

static const GOptionEntry options[] = {
  {"mutations", 'n', 0, G_OPTION_ARG_INT, &n_mutations,
      "Number of variants (10000)", "N"},
  {"seed", 's', 0, G_OPTION_ARG_INT, &seed, "Seed of the first variant (1)",
      "N"},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL},
  {NULL}
};

static void
tell (void)
{
  g_printerr ("crashed; have it again with: -n 1 -s %d\n", seed);
}

static void
on_signal (int number)
{
  tell ();
  signal (number, SIG_DFL);
  raise (number);
}

static void
add_files (GPtrArray * files, const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  GList *names = NULL;
  const char *name;
  char *data;
  gsize size;

  if (dir == NULL) {
    if (!g_file_get_contents (path, &data, &size, NULL))
      g_error ("%s: cannot be read", path);
    g_ptr_array_add (files, g_bytes_new_take (data, size));
    return;
  }
  /* Sorted, as the order of a folder is not the same everywhere. */
  while ((name = g_dir_read_name (dir)) != NULL)
    names = g_list_insert_sorted (names, g_build_filename (path, name, NULL),
        (GCompareFunc) strcmp);
  for (GList * link = names; link != NULL; link = link->next)
    add_files (files, link->data);
  g_list_free_full (names, g_free);
  g_dir_close (dir);
}

static void
mutate (GByteArray * bytes, GRand * random)
{
  static const char interesting[] = "{}[]\",:0123456789-.\\u \n";
  guint8 some[8];
  guint at, n;

  if (bytes->len == 0)
    g_byte_array_append (bytes, (const guint8 *) "", 1);
  at = g_rand_int_range (random, 0, bytes->len);
  n = g_rand_int_range (random, 1, 9);
  n = MIN (n, bytes->len - at);
  switch (g_rand_int_range (random, 0, 7)) {
    case 0:
      bytes->data[at] ^= 1 << g_rand_int_range (random, 0, 8);
      break;
    case 1:
      bytes->data[at] = g_rand_int (random);
      break;
    case 2:
      bytes->data[at] = interesting[g_rand_int_range (random, 0,
              sizeof (interesting))];
      break;
    case 3:
      g_byte_array_remove_range (bytes, at, n);
      break;
    case 4:                    /* say it twice */
      memcpy (some, bytes->data + at, n);
      g_byte_array_append (bytes, some, n);
      memmove (bytes->data + at + n, bytes->data + at, bytes->len - at - n);
      memcpy (bytes->data + at, some, n);
      break;
    case 5:                    /* copy it elsewhere */
      memmove (bytes->data + g_rand_int_range (random, 0, bytes->len - n + 1),
          bytes->data + at, n);
      break;
    default:
      memset (bytes->data + at, g_rand_boolean (random) ? 0xff : 0, n);
      break;
  }
}

/* In a block of that size, so that a sanitizer sees each byte too far. */
static void
run_bytes (GBytes * bytes)
{
  gsize size = g_bytes_get_size (bytes);
  guint8 *data = g_memdup2 (g_bytes_get_data (bytes, NULL), size);

  LLVMFuzzerTestOneInput (data, size);
  g_free (data);
}

static void
run_variants (GPtrArray * files)
{
  GRand *random = g_rand_new ();

  for (gint i = 0; i < n_mutations; i++, seed++) {
    GByteArray *bytes = g_byte_array_new ();
    GBytes *file;

    g_rand_set_seed (random, seed);
    file = g_ptr_array_index (files, g_rand_int_range (random, 0, files->len));
    g_byte_array_append (bytes, g_bytes_get_data (file, NULL),
        g_bytes_get_size (file));
    for (int k = g_rand_int_range (random, 1, 5); k > 0; k--)
      mutate (bytes, random);
    file = g_byte_array_free_to_bytes (bytes);
    run_bytes (file);
    g_bytes_unref (file);
  }
  g_rand_free (random);
}

int
main (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new ("FILE_OR_FOLDER...");
  GPtrArray *files =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  GError *error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);
  for (guint i = 0; paths != NULL && paths[i] != NULL; i++)
    add_files (files, paths[i]);
  if (files->len == 0)
    g_error ("give files to start from");
  if (__sanitizer_set_death_callback != NULL) {
    __sanitizer_set_death_callback (tell);
  } else {
    signal (SIGABRT, on_signal);
    signal (SIGSEGV, on_signal);
    signal (SIGFPE, on_signal);
  }
  for (guint i = 0; i < files->len; i++)
    run_bytes (g_ptr_array_index (files, i));
  run_variants (files);
  g_print ("%u files and %d variants\n", files->len, n_mutations);
  g_ptr_array_unref (files);
  g_strfreev (paths);
  g_option_context_free (context);
  return 0;
}
