/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <cblas.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gboolean
tool_parse (int *argc, char ***argv, const char *parameters,
    const char *summary, const GOptionEntry * entries, int *exit_code)
{
  GOptionContext *context = g_option_context_new (parameters);
  GError *error = NULL;
  gboolean ok;

  g_option_context_set_summary (context, summary);
  g_option_context_add_main_entries (context, entries, NULL);
  ok = g_option_context_parse (context, argc, argv, &error);
  if (!ok) {
    *exit_code = tool_usage ("%s", error->message);
    g_error_free (error);
  }
  g_option_context_free (context);
  return ok;
}

int
tool_usage (const char *format, ...)
{
  va_list args;

  fprintf (stderr, "%s: ", g_get_prgname ());
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fprintf (stderr, " (see '%s --help')\n", g_get_prgname ());
  return EXIT_USAGE;
}

int
tool_check_numbers (gint64 window, int channel, int seed)
{
  if (window < 0 || window > TOOL_MAX_WINDOW)
    return tool_usage ("--window is 0 to %" G_GINT64_FORMAT " ns",
        TOOL_MAX_WINDOW);
  if (window > 0 && window < GST_MSECOND)
    return tool_usage ("--window is in ns, and %" G_GINT64_FORMAT " ns hold no "
        "sound: 10 s are 10000000000", window);
  if (channel < -1 || seed < 0)
    return tool_usage ("--seed is 0 or more, --channel -1 or more");
  return 0;
}

int
tool_parse_duration (const char *text, double *seconds)
{
  static const char units[] = "smhd";
  static const double lengths[] = { 1, 60, 3600, 86400 };
  const char *unit = "s";
  char *end;

  *seconds = g_ascii_strtod (text, &end);
  if (end != text && *end != '\0')
    unit = end;
  if (end == text || unit[1] != '\0' || strchr (units, *unit) == NULL)
    *seconds = 0;
  else
    *seconds *= lengths[strchr (units, *unit) - units];
  if (*seconds > 0 && *seconds <= 1e9)
    return 0;
  return tool_usage ("\"%s\" is no --duration: write 90, 90s, 30m, 1h or 1d",
      text);
}

int
tool_fail (GError * error)
{
  gboolean interrupted = tool_is_interrupted ();

  tool_progress_end ();
  fprintf (stderr, "%s: %s\n", g_get_prgname (),
      interrupted && (error == NULL
          || !g_str_has_prefix (error->message, "interrupted")) ?
      "interrupted" : error->message);
  g_clear_error (&error);
  tool_exit_code ();
  return interrupted ? EXIT_INTERRUPTED : EXIT_USER_ERROR;
}

typedef struct
{
  const char *name;
  int (*run) (int argc, char **argv);
  const char *summary;
} Command;

static const Command commands[] = {
  {"train", cmd_train, "learn a machine's normal sound"},
  {"score", cmd_score, "score recordings with a model"},
  {"extract", cmd_extract, "write the features of a data set"},
  {"evaluate", cmd_evaluate, "train and test on a data set: AUC and pAUC"},
  {"fuse", cmd_fuse, "join the scores of several systems"},
  {"report", cmd_report, "show the scores of a folder as an HTML page"},
  {"monitor", cmd_monitor, "score live streams and report alarms"},
  {"inspect", cmd_inspect, "show what is in a model"},
};

static void
print_help (FILE * out)
{
  guint i;

  fprintf (out, "Usage: gst-asd COMMAND [OPTION...]\n\n"
      "Anomalous sound detection.\n\nCommands:\n");
  for (i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  %-10s %s\n", commands[i].name, commands[i].summary);
  fprintf (out, "\n'gst-asd COMMAND --help' tells more; "
      "'gst-inspect-1.0 asd' lists the elements.\n");
}

int
main (int argc, char **argv)
{
  char *name;
  guint i;
  int code;

  setlocale (LC_ALL, "");
  /* Files and tables have points in their numbers wherever they are made. */
  setlocale (LC_NUMERIC, "C");
  /* Folds and machine ids run side by side already. */
  openblas_set_num_threads (1);
  gst_init (NULL, NULL);
  g_set_prgname ("gst-asd");
  if (argc < 2) {
    print_help (stderr);
    return EXIT_USAGE;
  }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0) {
    print_help (stdout);
    return EXIT_SUCCESS;
  }
  if (strcmp (argv[1], "--version") == 0) {
    puts ("gst-asd " PACKAGE_VERSION);
    return EXIT_SUCCESS;
  }
  for (i = 0; i < G_N_ELEMENTS (commands); i++) {
    if (strcmp (argv[1], commands[i].name) != 0)
      continue;
    name = g_strdup_printf ("gst-asd %s", argv[1]);
    g_set_prgname (name);
    g_free (name);
    code = commands[i].run (argc - 1, argv + 1);
    gst_deinit ();
    return code;
  }
  return tool_usage ("there is no command \"%s\"", argv[1]);
}
