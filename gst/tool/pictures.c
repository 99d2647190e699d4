/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool.h"

#include <math.h>
#include <string.h>

/* A column of losses, and one of validation losses where there are such. */
static gboolean
write_loss (const char *folder, AsdModelSection * section, GError ** error)
{
  char *name = g_strconcat (PICTURE_LOSS,
      asd_model_section_get_stage (section), NULL);
  gsize shape[2] = { 0, 1 }, i;
  const double *loss, *validation = NULL;
  double *table;
  gboolean ok;

  loss = asd_model_section_get_f64 (section, "loss", 1, shape, error);
  ok = loss != NULL;
  if (ok && asd_model_section_has_tensor (section, "validation-loss")) {
    validation = asd_model_section_get_f64 (section, "validation-loss", 1,
        shape, error);
    ok = validation != NULL;
    shape[1] = 2;
  }
  if (ok) {
    table = g_new (double, shape[0] * shape[1]);
    for (i = 0; i < shape[0]; i++) {
      table[i * shape[1]] = loss[i];
      if (validation != NULL)
        table[i * shape[1] + 1] = validation[i];
    }
    ok = pictures_save (folder, name, ASD_NPY_F64, 2, shape, table, error);
    g_free (table);
  }
  g_free (name);
  return ok;
}

static gboolean
write_losses (const char *folder, AsdModel * model, GError ** error)
{
  char **stages = asd_model_list_stages (model);
  gboolean ok = TRUE;
  guint i;

  for (i = 0; stages[i] != NULL && ok; i++) {
    AsdModelSection *section = asd_model_get_section (model, stages[i], error);

    ok = section != NULL && (!asd_model_section_has_tensor (section, "loss")
        || write_loss (folder, section, error));
    g_clear_pointer (&section, asd_model_section_unref);
  }
  g_strfreev (stages);
  return ok;
}

/* An element of the recipe, or NULL. */
static GstElement *
find_element (GstElement * bin, const char *factory)
{
  GstIterator *it = gst_bin_iterate_elements (GST_BIN (bin));
  GstElement *found = NULL;
  GValue item = G_VALUE_INIT;

  while (found == NULL && gst_iterator_next (it, &item) == GST_ITERATOR_OK) {
    GstElement *element = g_value_get_object (&item);
    GstElementFactory *own = gst_element_get_factory (element);

    if (own != NULL && strcmp (GST_OBJECT_NAME (own), factory) == 0)
      found = gst_object_ref (element);
    g_value_unset (&item);
  }
  gst_iterator_free (it);
  return found;
}

static void
ignore_buffer (guint clip, GstBuffer * buffer, gpointer user_data)
{
}

/* What leaves asdchroma, of each clip. */
typedef struct
{
  Source *source;
  GstAsdFeatureInfo info;
  double (*sums)[PICTURE_PITCHES];
  gsize *n_frames;
} Chroma;

static GstPadProbeReturn
add_chroma (GstPad * pad, GstPadProbeInfo * probe, gpointer user_data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (probe);
  Chroma *chroma = user_data;
  char *stream_id = gst_pad_get_stream_id (pad);
  GstCaps *caps = gst_pad_get_current_caps (pad);
  const gfloat *frame;
  GstMapInfo map;
  guint clip, i;
  gsize n;

  if (source_find_clip (chroma->source, stream_id, GST_BUFFER_PTS (buffer),
          &clip) && gst_asd_feature_info_from_caps (&chroma->info, caps)
      && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    frame = (const gfloat *) map.data;
    for (n = map.size / sizeof (gfloat) / PICTURE_PITCHES; n > 0; n--) {
      for (i = 0; i < PICTURE_PITCHES; i++)
        chroma->sums[clip][i] += *frame++;
      chroma->n_frames[clip]++;
    }
    gst_buffer_unmap (buffer, &map);
  }
  gst_clear_caps (&caps);
  g_free (stream_id);
  return GST_PAD_PROBE_OK;
}

/* Mean and standard deviation, over the clips of a class, of a clip's mean.
 * FALSE where there are no such clips. */
static gboolean
sum_up_chroma (Chroma * chroma, const GArray * labels, gint label,
    double (*table)[2])
{
  guint clip, i, n = 0;
  double x;

  for (clip = 0; clip < labels->len; clip++) {
    if (g_array_index (labels, gint, clip) != label
        || chroma->n_frames[clip] == 0
        || source_is_silent (chroma->source, clip))
      continue;
    n++;
    /* Welford's way, exact for equal clips. */
    for (i = 0; i < PICTURE_PITCHES; i++) {
      double delta;

      x = chroma->sums[clip][i] / chroma->n_frames[clip];
      delta = x - table[i][0];
      table[i][0] += delta / n;
      table[i][1] += delta * (x - table[i][0]);
    }
  }
  for (i = 0; i < PICTURE_PITCHES && n > 0; i++)
    table[i][1] = sqrt (table[i][1] / n);
  return n > 0;
}

static GstElement *
make_bin (const Evaluated * evaluated, GError ** error)
{
  const Training *training = evaluated->training;
  GstElement *bin = gst_asd_recipe_make_bin (training->recipe, evaluated->model,
      training->window, error);

  return bin != NULL ? gst_object_ref_sink (bin) : NULL;
}

static gboolean
run_chroma (const char *folder, const Evaluated * evaluated, GstElement * bin,
    GstElement * element, GError ** error)
{
  static const gsize shape[] = { 2, PICTURE_PITCHES, 2 };
  double table[2][PICTURE_PITCHES][2] = { 0 };
  Source *test = evaluated->test;
  const GArray *labels = evaluated->machine->labels;
  guint n = source_get_size (test);
  GstPad *pad = gst_element_get_static_pad (element, "src");
  Chroma chroma = { test };
  gboolean ok;

  chroma.sums = g_malloc0_n (n, sizeof *chroma.sums);
  chroma.n_frames = g_new0 (gsize, n);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, add_chroma, &chroma, NULL);
  gst_object_unref (pad);
  ok = tool_run (test, bin, ignore_buffer, NULL, NULL, error);
  if (ok && sum_up_chroma (&chroma, labels, 0, table[0])
      && sum_up_chroma (&chroma, labels, 1, table[1]))
    ok = pictures_save (folder, chroma.info.kind, ASD_NPY_F64, 3, shape, table,
        error);
  g_free (chroma.sums);
  g_free (chroma.n_frames);
  return ok;
}

static gboolean
write_chroma (const char *folder, const Evaluated * evaluated, GError ** error)
{
  GstElement *bin = make_bin (evaluated, error), *element;
  gboolean ok = TRUE;

  if (bin == NULL)
    return FALSE;
  element = find_element (bin, "asdchroma");
  if (element != NULL)
    ok = run_chroma (folder, evaluated, bin, element, error);
  gst_clear_object (&element);
  gst_object_unref (bin);
  return ok;
}

/* The first window that a net gets which ends a recipe on log-mel frames. */
typedef struct
{
  GstElement *net;
  GstElement *extractor;
  gboolean is_flat;             /* a window is one vector, band after band */
  gfloat *values;
  gsize n_values;
} NetInput;

static GstElement *
get_neighbour (GstElement * element, const char *pad_name)
{
  GstPad *pad = gst_element_get_static_pad (element, pad_name);
  GstPad *peer = pad != NULL ? gst_pad_get_peer (pad) : NULL;
  /* The peer of the first or last element is inside a ghost pad. */
  GstElement *neighbour =
      peer != NULL ? gst_pad_get_parent_element (peer) : NULL;

  gst_clear_object (&peer);
  gst_clear_object (&pad);
  return neighbour;
}

static gboolean
is_made_by (GstElement * element, const char *factory)
{
  return strcmp (GST_OBJECT_NAME (gst_element_get_factory (element)),
      factory) == 0;
}

/* FALSE where what the net gets is no spectrogram. */
static gboolean
find_net (NetInput * input, GstElement * bin)
{
  GstElement *element = input->net = find_element (bin, "asdautoencoder");
  GstElement *next = element ? get_neighbour (element, "src") : NULL;
  guint n_shapes = 0;

  if (element == NULL || next != NULL) {
    gst_clear_object (&next);
    return FALSE;
  }
  element = get_neighbour (element, "sink");
  while (element != NULL && (is_made_by (element, "asdscale")
          || is_made_by (element, "asdstack")
          || is_made_by (element, "asdflatten"))) {
    n_shapes += !is_made_by (element, "asdscale");
    input->is_flat |= is_made_by (element, "asdflatten");
    next = get_neighbour (element, "sink");
    gst_object_unref (element);
    element = next;
  }
  input->extractor = element;
  return element != NULL && is_made_by (element, "asdlogmel") && n_shapes <= 1;
}

static GstPadProbeReturn
keep_input (GstPad * pad, GstPadProbeInfo * probe, gpointer user_data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (probe);
  NetInput *input = user_data;
  gpointer data;
  gsize size;

  if (input->values == NULL) {
    gst_buffer_extract_dup (buffer, 0, gst_buffer_get_size (buffer), &data,
        &size);
    input->values = data;
    input->n_values = size / sizeof (gfloat);
  }
  return GST_PAD_PROBE_OK;
}

/* They are gone when the pipeline has stopped. */
static GstPadProbeReturn
keep_caps (GstPad * pad, GstPadProbeInfo * probe, gpointer user_data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (probe);
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    gst_event_parse_caps (event, &caps);
    gst_caps_replace (user_data, caps);
  }
  return GST_PAD_PROBE_OK;
}

/* Stacked frames are shown where they are in the middle. */
static void
lay_out (const NetInput * input, const gfloat *values, gsize n_inputs,
    gsize n_frames, gsize n_bands, gfloat *out)
{
  gsize length = n_inputs / n_bands, i, j;

  for (i = 0; i < n_frames; i++)
    for (j = 0; j < n_bands; j++)
      *out++ = input->is_flat ? values[j * length + i] :
          values[i * n_inputs + length / 2 * n_bands + j];
}

static gboolean
save_spectrogram (const char *folder, const char *name, NetInput * input,
    AsdNetwork * network, const GstAsdFeatureInfo * info, GError ** error)
{
  gsize n_inputs = asd_network_get_n_inputs (network), one = 1;
  gsize n = input->n_values / n_inputs;
  gsize n_bands = gst_asd_feature_info_frame_size (info);
  gsize n_frames = MIN (input->is_flat ? n_inputs / n_bands : n,
      PICTURE_MAX_FRAMES);
  gsize shape[] = { 2, n_frames, n_bands };
  AsdNetworkRunner *runner = asd_network_runner_new (network);
  gfloat *back = g_new (gfloat, n * n_inputs);
  gfloat *out = g_new (gfloat, 2 * n_frames * n_bands);
  double step = info->rate > 0 ? (double) info->frame_step / info->rate : 0;
  gboolean ok;

  asd_network_runner_process (runner, input->values, n, back);
  lay_out (input, input->values, n_inputs, n_frames, n_bands, out);
  lay_out (input, back, n_inputs, n_frames, n_bands, out + n_frames * n_bands);
  ok = pictures_save (folder, name, ASD_NPY_F32, 3, shape, out, error)
      && (step <= 0
      || pictures_save (folder, PICTURE_STEP, ASD_NPY_F64, 1, &one, &step,
          error));
  asd_network_runner_free (runner);
  g_free (back);
  g_free (out);
  return ok;
}

static gboolean
run_net (const char *folder, const char *name, NetInput * input,
    GstElement * bin, Source * clip, AsdModel * model, GError ** error)
{
  GstPad *sink = gst_element_get_static_pad (input->net, "sink");
  GstPad *src = gst_element_get_static_pad (input->extractor, "src");
  AsdModelSection *section = NULL;
  AsdNetwork *network = NULL;
  GstAsdFeatureInfo info;
  GstCaps *caps = NULL;
  char *stage;
  gboolean ok;

  g_object_get (input->net, "stage", &stage, NULL);
  section = asd_model_get_section (model, stage, error);
  network = section != NULL ? asd_network_load (section, error) : NULL;
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER, keep_input, input, NULL);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, keep_caps,
      &caps, NULL);
  ok = network != NULL && tool_run (clip, bin, ignore_buffer, NULL, NULL,
      error);
  if (ok && input->values != NULL
      && gst_asd_feature_info_from_caps (&info, caps))
    ok = save_spectrogram (folder, name, input, network, &info, error);
  gst_clear_caps (&caps);
  g_clear_pointer (&network, asd_network_unref);
  g_clear_pointer (&section, asd_model_section_unref);
  g_free (stage);
  gst_object_unref (sink);
  gst_object_unref (src);
  return ok;
}

static Source *
choose_clip (const Evaluated * evaluated, const char *wanted)
{
  Source *chosen = NULL;
  guint i;

  for (i = 0; i < source_get_size (evaluated->test) && chosen == NULL; i++) {
    char *name = dataset_clip_name (evaluated->machine, i);

    if (g_strcmp0 (name, wanted) == 0)
      chosen = source_subset (evaluated->test, &i, 1);
    g_free (name);
  }
  return chosen;
}

static gboolean
write_spectrogram (const char *folder, const Evaluated * evaluated,
    gboolean most, AsdModel * model, GError ** error)
{
  NetInput input = { NULL };
  GstElement *bin = make_bin (evaluated, error);
  Source *clip = NULL;
  gboolean ok = bin != NULL;

  if (ok && find_net (&input, bin))
    clip = choose_clip (evaluated, pictures_find_clip (evaluated->list, most));
  if (clip != NULL)
    ok = run_net (folder, most ? PICTURE_MOST : PICTURE_LEAST, &input, bin,
        clip, model, error);
  source_free (clip);
  gst_clear_object (&input.net);
  gst_clear_object (&input.extractor);
  g_free (input.values);
  gst_clear_object (&bin);
  return ok;
}

gboolean
pictures_write (const char *folder, const Evaluated * evaluated,
    GError ** error)
{
  const Machine *machine = evaluated->machine;
  char *own = pictures_clear (folder, machine->machine, machine->id);
  AsdModel *model = asd_model_load (evaluated->model, error);
  gboolean ok = model != NULL;

  ok = ok && write_losses (own, model, error)
      && write_chroma (own, evaluated, error)
      && write_spectrogram (own, evaluated, FALSE, model, error)
      && write_spectrogram (own, evaluated, TRUE, model, error);
  g_clear_pointer (&model, asd_model_unref);
  g_free (own);
  return ok;
}
