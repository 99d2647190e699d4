/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Any bytes as a model file: it is refused with an error, or all that it says
 * can be read. With libFuzzer:
 *
 *   clang -g -fsanitize=fuzzer,address,undefined -Ilib tests/fuzz/model.c \
 *       lib/asd/model*.c lib/asd/error.c \
 *       $(pkg-config --cflags --libs json-glib-1.0 gio-2.0) -lm -o fuzz-model
 *   ./fuzz-model tests/fuzz/corpus/model
 */

#include <asd/error.h>
#include <asd/model.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t * data, size_t size);

static void
read_strings (AsdModelSection * section)
{
  char **keys = asd_model_section_list_strings (section);
  double number = 0;
  gint64 integer;

  for (char **key = keys; *key != NULL; key++) {
    g_assert (asd_model_section_get_string (section, *key) != NULL);
    asd_model_section_get_double (section, *key, &number, NULL);
    g_assert (isfinite (number));
    asd_model_section_get_int64 (section, *key, &integer, NULL);
  }
  g_strfreev (keys);
}

static gconstpointer
get_values (AsdModelSection * section, const AsdModelTensorInfo * info,
    gsize *shape)
{
  GError *error = NULL;
  gconstpointer values =
      asd_model_section_get_u8 (section, info->name, info->n_dims, shape,
      &error);

  g_assert ((values == NULL) == (error != NULL));
  g_clear_error (&error);
  if (values == NULL)
    values = asd_model_section_get_i32 (section, info->name, info->n_dims,
        shape, NULL);
  if (values == NULL)
    values = asd_model_section_get_i64 (section, info->name, info->n_dims,
        shape, NULL);
  if (values == NULL)
    values = asd_model_section_get_f32 (section, info->name, info->n_dims,
        shape, NULL);
  if (values == NULL)
    values = asd_model_section_get_f64 (section, info->name, info->n_dims,
        shape, NULL);
  return values;
}

static void
read_section (AsdModelSection * section)
{
  gsize n_tensors;
  AsdModelTensorInfo *infos =
      asd_model_section_list_tensors (section, &n_tensors);

  g_assert (*asd_model_section_get_kind (section) != '\0');
  read_strings (section);
  for (gsize i = 0; i < n_tensors; i++) {
    gsize shape[ASD_MODEL_MAX_DIMS] = { 0, };
    const guint8 *values = get_values (section, &infos[i], shape);
    guint sum = 0;

    g_assert (values != NULL);
    g_assert (memcmp (shape, infos[i].shape,
            infos[i].n_dims * sizeof (gsize)) == 0);
    for (gsize k = 0; k < infos[i].size; k++)
      sum += values[k];
    g_assert (sum <= 255 * infos[i].size);
  }
  g_free (infos);
}

static void
try_bytes (const guint8 * data, gsize size)
{
  GError *error = NULL;
  AsdModel *model = asd_model_parse (data, size, "fuzz", &error);
  char **stages;

  g_assert ((model == NULL) == (error != NULL));
  if (model == NULL) {
    g_assert (error->domain == ASD_ERROR);
    g_assert (g_str_has_prefix (error->message, "fuzz: "));
    g_assert (strchr (error->message, '\n') == NULL);
    g_assert (g_utf8_validate (error->message, -1, NULL));
    g_error_free (error);
    return;
  }
  stages = asd_model_list_stages (model);
  for (char **stage = stages; *stage != NULL; stage++) {
    AsdModelSection *section = asd_model_get_section (model, *stage, NULL);

    g_assert (section != NULL);
    read_section (section);
    asd_model_section_unref (section);
  }
  g_strfreev (stages);
  asd_model_unref (model);
}

/* A change of the header's length would never come past the first check: so
 * the bytes are tried again with the length that their last brace tells. */
static void
try_mended (const guint8 * data, gsize size)
{
  gsize end = size, header_size;
  GByteArray *bytes;
  guint64 length;

  while (end > 8 && data[end - 1] != '}')
    end--;
  if (end <= 8)
    return;
  header_size = (end - 8 + 7) / 8 * 8;
  length = GUINT64_TO_LE (header_size);
  bytes = g_byte_array_new ();
  g_byte_array_append (bytes, (const guint8 *) &length, 8);
  g_byte_array_append (bytes, data + 8, end - 8);
  while (bytes->len < 8 + header_size)
    g_byte_array_append (bytes, (const guint8 *) " ", 1);
  while (end < size && data[end] == ' ')
    end++;
  g_byte_array_append (bytes, data + end, size - end);
  try_bytes (bytes->data, bytes->len);
  g_byte_array_unref (bytes);
}

int
LLVMFuzzerTestOneInput (const uint8_t * data, size_t size)
{
  try_bytes (data, size);
  try_mended (data, size);
  return 0;
}
