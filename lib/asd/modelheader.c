/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "model-private.h"

#include <string.h>

#include "error.h"

/* { of the header, { of a tensor, [ of a shape */
#define MAX_DEPTH 3
/* Far above any size, far below where json-glib would wrap around. */
#define MAX_DIGITS 15

static gboolean
G_GNUC_PRINTF (2, 3)
refuse (char **problem, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  *problem = g_strdup_vprintf (format, args);
  va_end (args);
  return FALSE;
}

/* Reading: json-glib recurses without a limit, wraps numbers around,
 * reads 010 as 8, takes comments and several roots: so only plain JSON gets
 * there, with no numbers but non-negative integers. */

/* The value of 4 hexadecimal digits, or -1. */
static int
scan_hex (const char *p, const char *end)
{
  int i, value = 0;

  if (end - p < 4)
    return -1;
  for (i = 0; i < 4; i++) {
    if (!g_ascii_isxdigit (p[i]))
      return -1;
    value = value * 16 + g_ascii_xdigit_value (p[i]);
  }
  return value;
}

/* @p is behind a backslash; returns the end of the escape, NULL if it is bad.
 * A lone surrogate would make json-glib swallow the closing quote. */
static const char *
scan_escape (const char *p, const char *end)
{
  int code, low;

  if (p == end || *p == '\0')
    return NULL;
  if (*p != 'u')
    return strchr ("\"\\/bfnrt", *p) != NULL ? p + 1 : NULL;
  code = scan_hex (p + 1, end);
  if (code <= 0 || (code >= 0xdc00 && code <= 0xdfff))
    return NULL;
  p += 5;
  if (code < 0xd800 || code > 0xdbff)
    return p;
  if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
    return NULL;
  low = scan_hex (p + 2, end);
  return low >= 0xdc00 && low <= 0xdfff ? p + 6 : NULL;
}

/* @p is behind the opening quote; returns what is behind the closing one. */
static const char *
scan_string (const char *p, const char *end)
{
  while (p != NULL && p < end) {
    char c = *p++;

    if (c == '"')
      return p;
    if ((guchar) c < 0x20)
      return NULL;
    if (c == '\\')
      p = scan_escape (p, end);
  }
  return NULL;
}

static const char *
scan_number (const char *p, const char *end)
{
  const char *start = p;

  while (p < end && g_ascii_isdigit (*p))
    p++;
  if (p - start > MAX_DIGITS || (*start == '0' && p - start > 1))
    return NULL;
  return p;
}

static gboolean
scan_header (char **problem, const char *text, gsize length)
{
  const char *p = text, *end = text + length;
  int depth = 0;

  if (!g_utf8_validate_len (text, length, NULL))
    return refuse (problem, "the header is not UTF-8 text");
  if (length == 0 || *text != '{')
    return refuse (problem, "the header is not a JSON object");
  do {
    const char *token = p;

    if (*p == '"')
      p = scan_string (p + 1, end);
    else if (g_ascii_isdigit (*p))
      p = scan_number (p, end);
    else if (strchr ("{}[],: \t\n\r", *p) != NULL)
      p++;
    else
      p = NULL;
    if (p == NULL)
      return refuse (problem, "byte %" G_GSIZE_FORMAT " of the header starts "
          "neither good text nor a non-negative integer of %d digits at most",
          (gsize) (token - text), MAX_DIGITS);
    depth += (*token == '{' || *token == '[');
    depth -= (*token == '}' || *token == ']');
    if (depth > MAX_DEPTH)
      return refuse (problem, "the header nests deeper than %d", MAX_DEPTH);
  } while (depth > 0 && p < end);

  if (depth > 0)
    return refuse (problem, "the header ends in the middle");
  while (p < end && g_ascii_isspace (*p))
    p++;
  if (p < end)
    return refuse (problem, "the header goes on behind its JSON object");
  return TRUE;
}

/* json-glib keeps the last of two equal keys and does not tell: an object
 * then has fewer members than were read. */
typedef struct
{
  GHashTable *counts;           /* JsonObject -> members read */
  char *duplicate;
} Duplicates;

static void
on_object_member (JsonParser * parser, JsonObject * object, const char *name,
    Duplicates * duplicates)
{
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (duplicates->counts,
          object)) + 1;

  g_hash_table_insert (duplicates->counts, object, GUINT_TO_POINTER (count));
  if (json_object_get_size (object) != count && duplicates->duplicate == NULL)
    duplicates->duplicate = g_strescape (name, NULL);
}

/* json-glib quotes what it met, be it half a letter or the end of a line. */
static void
refuse_json (char **problem, const char *message)
{
  char *escaped = g_strescape (message, NULL);

  refuse (problem, "the header is not JSON (%s)", escaped);
  g_free (escaped);
}

JsonObject *
asd_model_header_parse (const char *text, gsize length, char **problem)
{
  JsonParser *parser;
  Duplicates duplicates = { NULL, NULL };
  GError *error = NULL;
  JsonObject *header = NULL;

  if (!scan_header (problem, text, length))
    return NULL;
  parser = json_parser_new ();
  duplicates.counts = g_hash_table_new (NULL, NULL);
  g_signal_connect (parser, "object-member", G_CALLBACK (on_object_member),
      &duplicates);
  if (!json_parser_load_from_data (parser, text, length, &error))
    refuse_json (problem, error->message);
  else if (duplicates.duplicate != NULL)
    refuse (problem, "the header has \"%.*s\" twice", ASD_MODEL_SHOWN_MAX,
        duplicates.duplicate);
  else
    header = json_object_ref (json_node_get_object (json_parser_get_root
            (parser)));
  g_clear_error (&error);
  g_free (duplicates.duplicate);
  g_hash_table_unref (duplicates.counts);
  g_object_unref (parser);
  return header;
}

/* Writing */

static void
build_metadata (JsonBuilder * builder, GHashTable * strings)
{
  GList *link, *keys = g_list_sort (g_hash_table_get_keys (strings),
      (GCompareFunc) strcmp);

  json_builder_set_member_name (builder, "__metadata__");
  json_builder_begin_object (builder);
  for (link = keys; link != NULL; link = link->next) {
    json_builder_set_member_name (builder, link->data);
    json_builder_add_string_value (builder,
        g_hash_table_lookup (strings, link->data));
  }
  json_builder_end_object (builder);
  g_list_free (keys);
}

static void
build_tensor (JsonBuilder * builder, const AsdTensor * tensor, guint64 begin)
{
  gsize i;

  json_builder_set_member_name (builder, tensor->name);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "dtype");
  json_builder_add_string_value (builder, asd_dtypes[tensor->dtype].name);
  json_builder_set_member_name (builder, "shape");
  json_builder_begin_array (builder);
  for (i = 0; i < tensor->n_dims; i++)
    json_builder_add_int_value (builder, tensor->shape[i]);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "data_offsets");
  json_builder_begin_array (builder);
  json_builder_add_int_value (builder, begin);
  json_builder_add_int_value (builder, begin + tensor->size);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

GString *
asd_model_header_build (const char *name, const AsdModelContents * contents,
    GError ** error)
{
  JsonBuilder *builder = json_builder_new_immutable ();
  JsonGenerator *generator = json_generator_new ();
  GString *text = g_string_new ("LENGTH..");
  guint64 length, begin = 0;
  JsonNode *root;
  guint i;

  json_builder_begin_object (builder);
  build_metadata (builder, contents->strings);
  for (i = 0; i < contents->tensors->len; i++) {
    const AsdTensor *tensor = g_ptr_array_index (contents->tensors, i);

    build_tensor (builder, tensor, begin);
    begin += tensor->size;
  }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  json_generator_to_gstring (generator, text);
  while (text->len % 8 != 0)
    g_string_append_c (text, ' ');
  length = text->len - 8;
  begin += text->len;
  json_node_unref (root);
  g_object_unref (generator);
  g_object_unref (builder);

  if (i <= ASD_MODEL_MAX_TENSORS && length <= ASD_MODEL_MAX_HEADER
      && begin <= ASD_MODEL_MAX_SIZE) {
    length = GUINT64_TO_LE (length);
    memcpy (text->str, &length, sizeof (length));
    return text;
  }
  g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
      "%s: %u tensors, %" G_GUINT64_FORMAT " bytes of header, %"
      G_GUINT64_FORMAT " bytes in all are more than a model holds (%d, %"
      G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT "); learn less", name, i, length,
      begin, ASD_MODEL_MAX_TENSORS, ASD_MODEL_MAX_HEADER, ASD_MODEL_MAX_SIZE);
  g_string_free (text, TRUE);
  return NULL;
}
