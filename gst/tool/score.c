/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of the picture, in pixels. */
#define PICTURE_WIDTH "1280"
#define PICTURE_HEIGHT "720"

static char *opt_model, *opt_csv, *opt_picture;
static char **opt_files;
static int opt_channel = G_MININT;

static const GOptionEntry entries[] = {
  {"model", 0, 0, G_OPTION_ARG_FILENAME, &opt_model,
      "model that 'gst-asd train' wrote", "M.asd"},
  {"csv", 0, 0, G_OPTION_ARG_FILENAME, &opt_csv,
      "file for the scores (default: standard output)", "OUT.csv"},
  {"picture", 0, 0, G_OPTION_ARG_FILENAME, &opt_picture,
      "picture of the sound and its scores, of one recording", "OUT.png"},
  {"channel", 0, 0, G_OPTION_ARG_INT, &opt_channel,
      "channel to listen to, from 0; -1: the mean (default: the model's)", "N"},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_files,
      NULL, NULL},
  {NULL}
};

typedef struct
{
  FILE *out;
  Source *source;
  guint n_rows;
  GPtrArray *scores;            /* for the picture, or NULL */
} Table;

static void
write_row (guint clip, GstBuffer * buffer, gpointer user_data)
{
  const GstStructure *score = gst_asd_buffer_get_score (buffer);
  Table *table = user_data;
  char *row;

  if (score == NULL)
    return;
  if (table->n_rows++ == 0)
    fputs (GST_ASD_SCORE_CSV_HEADER, table->out);
  row = gst_asd_score_to_csv (score, source_get_file (table->source, clip));
  fputs (row, table->out);
  g_free (row);
  if (table->scores != NULL)
    g_ptr_array_add (table->scores, gst_structure_copy (score));
}

static GstElement *
make_bin (AsdModel * model, GError ** error)
{
  GstAsdRecipe *recipe;
  GstElement *bin;
  gint64 window;

  if (!gst_asd_model_get_number (model, "window", 0, TOOL_MAX_WINDOW, 0,
          &window, error))
    return NULL;
  recipe = gst_asd_recipe_from_model (model, error);
  if (recipe == NULL)
    return NULL;
  bin = gst_asd_recipe_make_bin (recipe, opt_model, window, error);
  gst_asd_recipe_free (recipe);
  return bin;
}

/* The scores come before the end of the sound, in buffers without samples: there
 * may be more of them than buffers with. */
static GstPadProbeReturn
add_scores (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  GPtrArray *scores = user_data;
  GstBuffer *buffer;
  guint i;

  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) != GST_EVENT_EOS)
    return GST_PAD_PROBE_OK;
  for (i = 0; i < scores->len; i++) {
    buffer = gst_buffer_new ();
    gst_asd_buffer_add_score (buffer, g_ptr_array_index (scores, i));
    gst_pad_chain (pad, buffer);
  }
  return GST_PAD_PROBE_OK;
}

/* Reads the recording once more, for its sound. */
static gboolean
draw_picture (Source * source, GPtrArray * scores, GError ** error)
{
  GstElement *bin =
      gst_parse_bin_from_description ("asdscope name=scope span=0 "
      "! video/x-raw, framerate=0/1, width=" PICTURE_WIDTH ", height="
      PICTURE_HEIGHT " ! videoconvert ! pngenc ! filesink name=file", TRUE,
      error);
  GstElement *element;
  GstPad *pad;

  if (bin == NULL)
    return FALSE;
  element = gst_bin_get_by_name (GST_BIN (bin), "file");
  g_object_set (element, "location", opt_picture, NULL);
  gst_object_unref (element);
  element = gst_bin_get_by_name (GST_BIN (bin), "scope");
  pad = gst_element_get_static_pad (element, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, add_scores,
      scores, NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
  return tool_run (source, bin, NULL, NULL, NULL, error);
}

static gboolean
score (Source * source, GstElement * bin, GError ** error)
{
  Table table = { stdout, source, 0, NULL };
  gboolean ok, written;

  if (opt_csv != NULL)
    table.out = fopen (opt_csv, "w");
  if (table.out == NULL) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s: cannot be written: %s", opt_csv, g_strerror (errno));
    gst_object_unref (gst_object_ref_sink (bin));
    return FALSE;
  }
  if (opt_picture != NULL)
    table.scores = g_ptr_array_new_with_free_func ((GDestroyNotify)
        gst_structure_free);
  tool_progress_begin ("scoring", source_get_size (source));
  ok = tool_run (source, bin, write_row, &table, NULL, error);
  tool_progress_end ();

  if (ok && table.n_rows == 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "%s: gave no score: its recipe has to end in a scorer, and its window "
        "to fit into the recordings", opt_model);
    ok = FALSE;
  }
  written = fflush (table.out) == 0 && !ferror (table.out);
  if (opt_csv != NULL)
    written = fclose (table.out) == 0 && written;
  if (ok && !written) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC,
        "%s: not all scores could be written: is the disk full?",
        opt_csv != NULL ? opt_csv : "standard output");
    ok = FALSE;
  }
  if (ok && table.scores != NULL)
    ok = draw_picture (source, table.scores, error);
  g_clear_pointer (&table.scores, g_ptr_array_unref);
  return ok;
}

int
cmd_score (int argc, char **argv)
{
  AsdModel *model = NULL;
  GstElement *bin = NULL;
  gint64 channel = 0;
  Source *source = NULL;
  char **files = NULL;
  GError *error = NULL;
  gboolean ok;
  int code;

  if (!tool_parse (&argc, &argv, "FILES...",
          "Scores recordings with a model, one line for each window.", entries,
          &code))
    return code;
  if (opt_model == NULL || opt_files == NULL)
    return tool_usage ("--model and recordings are needed");

  files = dataset_expand (opt_files, &error);
  if (files != NULL && opt_picture != NULL && g_strv_length (files) != 1) {
    code = tool_usage ("--picture shows one recording, not %u: draw them one "
        "by one", g_strv_length (files));
    g_strfreev (files);
    return code;
  }
  if (files != NULL)
    model = gst_asd_model_acquire (opt_model, &error);
  if (model != NULL && gst_asd_model_get_number (model, "channel", -1,
          G_MAXINT, 0, &channel, &error))
    bin = make_bin (model, &error);
  ok = bin != NULL;
  if (ok) {
    source = source_new_files (files, opt_channel == G_MININT ? channel :
        opt_channel);
    ok = score (source, bin, &error);
  }

  source_free (source);
  g_strfreev (files);
  gst_asd_model_release (model);
  return ok ? tool_exit_code () : tool_fail (error);
}
