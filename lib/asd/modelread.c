/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "model-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "error.h"

#define ADVICE "train it again or give another file"
#define PREFIX_SIZE 8

/* One reading; the error functions below return FALSE. */
typedef struct
{
  AsdModel *model;
  const char *name;
  const char *advice;
  GError **error;
  char shown[ASD_MODEL_SHOWN_MAX + 1];
} Reading;

static gboolean
G_GNUC_PRINTF (2, 3)
refuse (Reading * reading, const char *format, ...)
{
  va_list args;
  char *text;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (reading->error, ASD_ERROR, ASD_ERROR_FORMAT, "%s: %s; %s",
      reading->name, text, reading->advice);
  g_free (text);
  return FALSE;
}

/* A name from the file in a form that fits an error of one line. */
static const char *
show (Reading * reading, const char *name)
{
  char *escaped = g_strescape (name, NULL);

  g_strlcpy (reading->shown, escaped, sizeof (reading->shown));
  g_free (escaped);
  return reading->shown;
}

/* Metadata */

/* Whether @full is PREFIX.NAME with two good names, or of a tensor. */
static gboolean
full_name_ok (const char *full, gboolean is_tensor)
{
  const char *dot = strchr (full, '.');

  return dot != NULL && asd_model_name_ok (full, dot - full)
      && (is_tensor ? asd_model_tensor_name_ok (dot + 1) :
      asd_model_name_ok (dot + 1, strlen (dot + 1)));
}

static gboolean
check_version (Reading * reading)
{
  const char *text = asd_model_get_string (reading->model, "format");
  guint64 format;

  if (text == NULL)
    return refuse (reading, "not a gst-asd model (it has no asd.format)");
  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT64, &format, NULL))
    return refuse (reading, "asd.format \"%s\" is not a version",
        show (reading, text));
  if (format > ASD_MODEL_FORMAT) {
    g_set_error (reading->error, ASD_ERROR, ASD_ERROR_VERSION,
        "%s: has model format %" G_GUINT64_FORMAT
        ", this gst-asd reads format %d; update gst-asd", reading->name,
        format, ASD_MODEL_FORMAT);
    return FALSE;
  }
  return TRUE;
}

/* The version comes first: the rest may be different in another one. */
static gboolean
read_metadata (Reading * reading, JsonObject * header)
{
  JsonNode *node = json_object_get_member (header, "__metadata__");
  GHashTable *strings = reading->model->strings;
  JsonObjectIter members;
  GHashTableIter iter;
  const char *key;
  gpointer full;

  if (node == NULL)
    return refuse (reading, "not a gst-asd model (it has no metadata)");
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return refuse (reading, "the metadata are not a JSON object");
  json_object_iter_init (&members, json_node_get_object (node));
  while (json_object_iter_next (&members, &key, &node)) {
    if (!JSON_NODE_HOLDS_VALUE (node)
        || json_node_get_value_type (node) != G_TYPE_STRING)
      return refuse (reading, "metadata \"%s\" is not a string",
          show (reading, key));
    g_hash_table_insert (strings, g_strdup (key), json_node_dup_string (node));
  }
  if (!check_version (reading))
    return FALSE;
  g_hash_table_iter_init (&iter, strings);
  while (g_hash_table_iter_next (&iter, &full, NULL))
    if (!full_name_ok (full, FALSE))
      return refuse (reading, "metadata \"%s\" is not named STAGE.KEY",
          show (reading, full));
  return TRUE;
}

/* Tensors */

/* A list of at most @max integers; the scan left no other numbers. */
static gboolean
read_integers (JsonNode * node, gsize max, guint64 *values, gsize *n_values)
{
  JsonArray *array;
  gsize i;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  *n_values = json_array_get_length (array);
  if (*n_values > max)
    return FALSE;
  for (i = 0; i < *n_values; i++) {
    JsonNode *element = json_array_get_element (array, i);

    if (!JSON_NODE_HOLDS_VALUE (element)
        || json_node_get_value_type (element) != G_TYPE_INT64)
      return FALSE;
    values[i] = json_node_get_int (element);
  }
  return TRUE;
}

static gboolean
find_dtype (JsonNode * node, AsdDtype * dtype)
{
  const char *name;
  gsize i;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return FALSE;
  name = json_node_get_string (node);
  for (i = 0; i < G_N_ELEMENTS (asd_dtypes); i++) {
    if (strcmp (name, asd_dtypes[i].name) == 0) {
      *dtype = i;
      return TRUE;
    }
  }
  return FALSE;
}

/* @begin .. @end of @tensor, as far as it can be told without the others. */
static gboolean
check_extent (Reading * reading, AsdTensor * tensor, guint64 begin,
    guint64 end, guint64 data_size)
{
  const char *name = tensor->name;

  if (end < begin)
    return refuse (reading, "tensor \"%s\" ends before it begins", name);
  if (end > data_size)
    return refuse (reading, "tensor \"%s\" ends %" G_GUINT64_FORMAT
        " bytes behind the file", name, end - data_size);
  if (end - begin != tensor->size)
    return refuse (reading, "tensor \"%s\" has %" G_GUINT64_FORMAT " bytes, "
        "its shape says %" G_GSIZE_FORMAT, name, end - begin, tensor->size);
  if (begin % asd_dtypes[tensor->dtype].item_size != 0)
    return refuse (reading, "tensor \"%s\" is not aligned", name);
  tensor->begin = begin;
  return TRUE;
}

static gboolean
read_tensor (Reading * reading, const char *name, JsonNode * node,
    guint64 data_size)
{
  guint64 values[ASD_MODEL_MAX_DIMS];
  gsize i, n_values;
  JsonObject *object;
  AsdTensor *tensor;
  AsdDtype dtype;

  if (!full_name_ok (name, TRUE) || g_str_has_prefix (name, "asd."))
    return refuse (reading, "tensor \"%s\" is not named STAGE.TENSOR",
        show (reading, name));
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return refuse (reading, "tensor \"%s\" is not described", name);
  object = json_node_get_object (node);
  if (!find_dtype (json_object_get_member (object, "dtype"), &dtype))
    return refuse (reading, "tensor \"%s\" has an unknown dtype", name);

  tensor = asd_tensor_new (name, dtype);
  g_hash_table_insert (reading->model->tensors, tensor->name, tensor);
  if (!read_integers (json_object_get_member (object, "shape"),
          ASD_MODEL_MAX_DIMS, values, &tensor->n_dims))
    return refuse (reading, "the shape of tensor \"%s\" is not a list of at "
        "most %d integers", name, ASD_MODEL_MAX_DIMS);
  for (i = 0; i < tensor->n_dims; i++) {
    if (values[i] > G_MAXSIZE)
      return refuse (reading, "tensor \"%s\" is too large", name);
    tensor->shape[i] = values[i];
  }
  if (!asd_tensor_count (tensor))
    return refuse (reading, "tensor \"%s\" is too large", name);
  if (!read_integers (json_object_get_member (object, "data_offsets"), 2,
          values, &n_values) || n_values != 2)
    return refuse (reading, "the offsets of tensor \"%s\" are not two integers",
        name);
  if (json_object_get_size (object) != 3)
    return refuse (reading, "tensor \"%s\" has more than dtype, shape and "
        "offsets", name);
  return check_extent (reading, tensor, values[0], values[1], data_size);
}

/* Empty tensors come before the one that begins where they do. */
static gint
compare_extents (gconstpointer a, gconstpointer b)
{
  const AsdTensor *ta = a, *tb = b;

  if (ta->begin != tb->begin)
    return ta->begin < tb->begin ? -1 : 1;
  return (ta->size > tb->size) - (ta->size < tb->size);
}

/* No overlap, no hole, no byte left over. */
static gboolean
check_cover (Reading * reading, guint64 data_size)
{
  GList *link, *tensors =
      g_list_sort (g_hash_table_get_values (reading->model->tensors),
      compare_extents);
  guint64 covered = 0;
  gboolean ok = TRUE;

  for (link = tensors; ok && link != NULL; link = link->next) {
    const AsdTensor *tensor = link->data;

    if (tensor->begin < covered)
      ok = refuse (reading, "tensor \"%s\" overlaps another", tensor->name);
    else if (tensor->begin > covered)
      ok = refuse (reading, "there is a hole before tensor \"%s\"",
          tensor->name);
    covered = tensor->begin + tensor->size;
  }
  if (ok && covered != data_size)
    ok = refuse (reading, "%" G_GUINT64_FORMAT " bytes belong to no tensor",
        data_size - covered);
  g_list_free (tensors);
  return ok;
}

static gboolean
read_tensors (Reading * reading, JsonObject * header, guint64 data_size)
{
  JsonObjectIter members;
  const char *name;
  JsonNode *node;
  /* One member is the metadata. */
  guint n_tensors = json_object_get_size (header) - 1;

  if (n_tensors > ASD_MODEL_MAX_TENSORS)
    return refuse (reading, "%u tensors, at most %d are allowed", n_tensors,
        ASD_MODEL_MAX_TENSORS);
  json_object_iter_init (&members, header);
  while (json_object_iter_next (&members, &name, &node))
    if (strcmp (name, "__metadata__") != 0
        && !read_tensor (reading, name, node, data_size))
      return FALSE;
  return check_cover (reading, data_size);
}

/* Every stage that is mentioned says what it is. */
static gboolean
check_kinds (Reading * reading, GHashTable * table)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    const char *full = key;
    int length = strchr (full, '.') - full;
    char *kind = g_strdup_printf ("%.*s.kind", length, full);
    const char *value = g_hash_table_lookup (reading->model->strings, kind);
    gboolean ok = (value != NULL && *value != '\0')
        || g_str_has_prefix (full, "asd.");

    g_free (kind);
    if (!ok)
      return refuse (reading, "stage \"%.*s\" has no kind", length, full);
  }
  return TRUE;
}

static gboolean
take_values (Reading * reading, guint8 * data)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, reading->model->tensors);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    AsdTensor *tensor = value;
    guint8 *bytes = data + tensor->begin;

    asd_tensor_convert (bytes, bytes, tensor->size,
        asd_dtypes[tensor->dtype].item_size);
    tensor->data = bytes;
    if (!asd_tensor_is_finite (tensor))
      return refuse (reading, "tensor \"%s\" has a value that is not finite",
          tensor->name);
  }
  return TRUE;
}

/* The first bytes of a file of @size bytes. */
static gboolean
check_prefix (Reading * reading, const guint8 * prefix, guint64 size,
    gsize *header_size)
{
  guint64 length;

  if (size == 0)
    return refuse (reading, "the file is empty");
  if (size < PREFIX_SIZE)
    return refuse (reading, "not a gst-asd model (%" G_GUINT64_FORMAT " bytes)",
        size);
  memcpy (&length, prefix, sizeof (length));
  length = GUINT64_FROM_LE (length);
  if (length == 0 || length > ASD_MODEL_MAX_HEADER)
    return refuse (reading, "not a gst-asd model (a header of %"
        G_GUINT64_FORMAT " bytes)", length);
  if (length > size - PREFIX_SIZE)
    return refuse (reading, "truncated: a header of %" G_GUINT64_FORMAT
        " bytes in a file of %" G_GUINT64_FORMAT, length, size);
  if (length % PREFIX_SIZE != 0)
    return refuse (reading, "a header of %" G_GUINT64_FORMAT
        " bytes leaves the tensors not aligned", length);
  *header_size = length;
  return TRUE;
}

/* Takes @data, which is aligned for any type. */
static AsdModel *
parse (guint8 * data, gsize size, const char *name, const char *advice,
    GError ** error)
{
  AsdModel *model = asd_model_new (name);
  Reading reading = { model, model->name, advice, error, "" };
  JsonObject *header = NULL;
  gsize header_size, data_size;
  const char *text;
  char *problem = NULL;
  gboolean ok;

  model->data = data;
  ok = check_prefix (&reading, data, size, &header_size);
  if (ok) {
    text = (const char *) data + PREFIX_SIZE;
    data_size = size - PREFIX_SIZE - header_size;
    header = asd_model_header_parse (text, header_size, &problem);
    ok = header != NULL || refuse (&reading, "%s", problem);
    ok = ok && read_metadata (&reading, header)
        && read_tensors (&reading, header, data_size)
        && check_kinds (&reading, model->strings)
        && check_kinds (&reading, model->tensors)
        && take_values (&reading, data + PREFIX_SIZE + header_size);
  }
  g_clear_pointer (&header, json_object_unref);
  g_free (problem);
  if (ok)
    return model;
  asd_model_unref (model);
  return NULL;
}

AsdModel *
asd_model_parse (const guint8 * data, gsize size, const char *name_for_errors,
    GError ** error)
{
  g_return_val_if_fail (data != NULL || size == 0, NULL);
  g_return_val_if_fail (name_for_errors != NULL, NULL);

  return parse (g_memdup2 (data, size), size, name_for_errors, ADVICE, error);
}

/* Files */

static void
set_file_error (Reading * reading, int code, const char *what)
{
  g_set_error (reading->error, G_FILE_ERROR, g_file_error_from_errno (code),
      "%s: %s: %s", reading->name, what, g_strerror (code));
}

/* Opens without waiting for what is no file. Returns -1 with an error. */
static int
open_regular (Reading * reading, const char *path, guint64 *size)
{
  int fd = g_open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
  struct stat st;

  if (fd < 0) {
    set_file_error (reading, errno, "cannot open the model");
    return -1;
  }
  if (fstat (fd, &st) != 0)
    set_file_error (reading, errno, "cannot read the model");
  else if (S_ISDIR (st.st_mode))
    set_file_error (reading, EISDIR, "cannot read the model");
  else if (!S_ISREG (st.st_mode))
    refuse (reading, "not a regular file");
  else if ((guint64) st.st_size > ASD_MODEL_MAX_SIZE)
    refuse (reading, "%" G_GUINT64_FORMAT " bytes, at most %" G_GUINT64_FORMAT
        " are allowed", (guint64) st.st_size, ASD_MODEL_MAX_SIZE);
  else {
    *size = st.st_size;
    return fd;
  }
  close (fd);
  return -1;
}

static gboolean
read_bytes (Reading * reading, int fd, guint8 * data, gsize size)
{
  while (size > 0) {
    gssize n = read (fd, data, MIN (size, G_MAXINT));

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      set_file_error (reading, errno, "cannot read the model");
      return FALSE;
    }
    if (n == 0)
      return refuse (reading, "it was cut off while it was read");
    data += n;
    size -= n;
  }
  return TRUE;
}

/* The whole file, or NULL. Looks at the first bytes before it allocates. */
static guint8 *
read_file (Reading * reading, int fd, guint64 size)
{
  guint8 prefix[PREFIX_SIZE] = { 0, };
  gsize header_size, n = MIN (size, PREFIX_SIZE);
  guint8 *data;

  if (!read_bytes (reading, fd, prefix, n)
      || !check_prefix (reading, prefix, size, &header_size))
    return NULL;
  data = size <= G_MAXSSIZE ? g_try_malloc (size) : NULL;
  if (data == NULL) {
    set_file_error (reading, ENOMEM, "cannot read the model");
    return NULL;
  }
  memcpy (data, prefix, n);
  if (read_bytes (reading, fd, data + n, size - n))
    return data;
  g_free (data);
  return NULL;
}

AsdModel *
asd_model_load_or_advise (const char *path, const char *advice, GError ** error)
{
  char *name = g_filename_display_name (path);
  Reading reading = { NULL, name, advice, error, "" };
  AsdModel *model = NULL;
  guint8 *data = NULL;
  guint64 size = 0;
  int fd = open_regular (&reading, path, &size);

  if (fd >= 0) {
    data = read_file (&reading, fd, size);
    close (fd);
  }
  if (data != NULL)
    model = parse (data, size, name, advice, error);
  g_free (name);
  return model;
}

AsdModel *
asd_model_load (const char *path, GError ** error)
{
  g_return_val_if_fail (path != NULL, NULL);

  return asd_model_load_or_advise (path, ADVICE, error);
}
