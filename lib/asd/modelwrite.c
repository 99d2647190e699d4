/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "model-private.h"

#include <math.h>
#include <string.h>

#include "error.h"

/* What becomes of a stage of the file. */
typedef enum
{
  STAGE_KEPT,
  STAGE_UPDATED,
  STAGE_REPLACED,
  STAGE_REMOVED,
} StageFate;

struct _AsdModelWriter
{
  GHashTable *strings;          /* full key -> value, NULL: removed */
  GHashTable *tensors;          /* full name -> AsdTensor, owned */
  GHashTable *stages;           /* name -> StageFate */
  gboolean clear;
  char *stage;                  /* current */
  GError *error;                /* the first one */
};

/* Filling */

AsdModelWriter *
asd_model_writer_new (void)
{
  AsdModelWriter *writer = g_new0 (AsdModelWriter, 1);

  writer->strings = g_hash_table_new_full (g_str_hash, g_str_equal,
      g_free, g_free);
  writer->tensors = g_hash_table_new_full (g_str_hash, g_str_equal,
      NULL, (GDestroyNotify) asd_tensor_free);
  writer->stages = g_hash_table_new_full (g_str_hash, g_str_equal,
      g_free, NULL);
  return writer;
}

void
asd_model_writer_free (AsdModelWriter * writer)
{
  g_return_if_fail (writer != NULL);

  g_hash_table_unref (writer->strings);
  g_hash_table_unref (writer->tensors);
  g_hash_table_unref (writer->stages);
  g_free (writer->stage);
  g_clear_error (&writer->error);
  g_free (writer);
}

static void
G_GNUC_PRINTF (2, 3)
fail (AsdModelWriter * writer, const char *format, ...)
{
  va_list args;

  if (writer->error != NULL)
    return;
  va_start (args, format);
  writer->error = g_error_new_valist (ASD_ERROR, ASD_ERROR_DATA, format, args);
  va_end (args);
}

const char *
asd_model_check_stage (const char *stage)
{
  if (stage == NULL || !asd_model_name_ok (stage, strlen (stage)))
    return "a stage is named by up to 64 lower-case letters, digits, _ and -, "
        "and starts with a letter or digit";
  if (strcmp (stage, "asd") == 0)
    return "no stage can be named asd; choose another name";
  return NULL;
}

static gboolean
key_ok (AsdModelWriter * writer, const char *prefix, const char *key)
{
  if (asd_model_name_ok (key, strlen (key)))
    return TRUE;
  fail (writer, "%s: \"%s\" is not a name of up to %d lower-case letters, "
      "digits, _ and -", prefix, key, ASD_MODEL_NAME_MAX);
  return FALSE;
}

static void
set_string (AsdModelWriter * writer, const char *prefix, const char *key,
    const char *value)
{
  if (!key_ok (writer, prefix, key))
    return;
  if (value != NULL && !g_utf8_validate (value, -1, NULL)) {
    fail (writer, "%s: the text \"%s\" is not UTF-8; convert it", prefix, key);
    return;
  }
  g_hash_table_insert (writer->strings, g_strconcat (prefix, ".", key, NULL),
      g_strdup (value));
}

void
asd_model_writer_set_model_string (AsdModelWriter * writer, const char *key,
    const char *value)
{
  g_return_if_fail (writer != NULL);
  g_return_if_fail (key != NULL && strcmp (key, "format") != 0);

  set_string (writer, "asd", key, value);
}

static gboolean
is_of_stage (gpointer name, gpointer value, gpointer stage)
{
  gsize length = strlen (stage);

  return strncmp (name, stage, length) == 0
      && ((const char *) name)[length] == '.';
}

/* Forgets what was set for @stage here. Returns whether it can be a stage. */
static gboolean
start_stage (AsdModelWriter * writer, const char *stage, StageFate fate)
{
  const char *problem = asd_model_check_stage (stage);

  g_free (writer->stage);
  writer->stage = g_strdup (stage);
  if (problem != NULL) {
    fail (writer, "stage \"%s\": %s", stage, problem);
    return FALSE;
  }
  g_hash_table_foreach_remove (writer->strings, is_of_stage, writer->stage);
  g_hash_table_foreach_remove (writer->tensors, is_of_stage, writer->stage);
  g_hash_table_insert (writer->stages, g_strdup (stage),
      GINT_TO_POINTER (fate));
  return TRUE;
}

static StageFate
get_fate (AsdModelWriter * writer, const char *stage)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (writer->stages, stage));
}

void
asd_model_writer_set_stage (AsdModelWriter * writer, const char *stage,
    const char *kind)
{
  g_return_if_fail (writer != NULL);
  g_return_if_fail (stage != NULL);
  g_return_if_fail (kind != NULL && *kind != '\0');

  if (start_stage (writer, stage, STAGE_REPLACED))
    set_string (writer, stage, "kind", kind);
}

void
asd_model_writer_update_stage (AsdModelWriter * writer, const char *stage)
{
  g_return_if_fail (writer != NULL);
  g_return_if_fail (stage != NULL);

  if (get_fate (writer, stage) == STAGE_REPLACED
      || get_fate (writer, stage) == STAGE_UPDATED) {
    g_free (writer->stage);
    writer->stage = g_strdup (stage);
  } else {
    start_stage (writer, stage, STAGE_UPDATED);
  }
}

void
asd_model_writer_remove_stage (AsdModelWriter * writer, const char *stage)
{
  g_return_if_fail (writer != NULL);
  g_return_if_fail (stage != NULL);

  start_stage (writer, stage, STAGE_REMOVED);
  g_clear_pointer (&writer->stage, g_free);
}

void
asd_model_writer_clear (AsdModelWriter * writer)
{
  g_return_if_fail (writer != NULL);

  writer->clear = TRUE;
}

void
asd_model_writer_set_string (AsdModelWriter * writer, const char *key,
    const char *value)
{
  g_return_if_fail (writer != NULL && writer->stage != NULL);
  g_return_if_fail (key != NULL && strcmp (key, "kind") != 0);
  g_return_if_fail (value != NULL);

  set_string (writer, writer->stage, key, value);
}

void
asd_model_writer_set_double (AsdModelWriter * writer, const char *key,
    double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_return_if_fail (writer != NULL && writer->stage != NULL);

  if (isfinite (value))
    asd_model_writer_set_string (writer, key, g_ascii_dtostr (text,
            sizeof (text), value));
  else
    fail (writer, "stage \"%s\": value \"%s\" is not finite; look for silent, "
        "constant or damaged training data", writer->stage, key);
}

void
asd_model_writer_set_int64 (AsdModelWriter * writer, const char *key,
    gint64 value)
{
  char text[32];

  g_snprintf (text, sizeof (text), "%" G_GINT64_FORMAT, value);
  asd_model_writer_set_string (writer, key, text);
}

static void
add_tensor (AsdModelWriter * writer, const char *name, AsdDtype dtype,
    gconstpointer data, gsize n_dims, const gsize *shape)
{
  AsdTensor *tensor;
  char *full;

  g_return_if_fail (writer != NULL && writer->stage != NULL);
  g_return_if_fail (name != NULL);
  g_return_if_fail (n_dims <= ASD_MODEL_MAX_DIMS);
  g_return_if_fail (n_dims == 0 || shape != NULL);

  if (!asd_model_tensor_name_ok (name)) {
    fail (writer, "%s: \"%s\" is not a name of up to %d lower-case letters, "
        "digits, _, - and dots in between", writer->stage, name,
        ASD_MODEL_NAME_MAX);
    return;
  }
  full = g_strconcat (writer->stage, ".", name, NULL);
  tensor = asd_tensor_new (full, dtype);
  g_free (full);
  tensor->n_dims = n_dims;
  if (n_dims > 0)
    memcpy (tensor->shape, shape, n_dims * sizeof (gsize));
  if (!asd_tensor_count (tensor) || tensor->size > ASD_MODEL_MAX_SIZE) {
    fail (writer, "tensor \"%s\" is too large for a model; learn less",
        tensor->name);
    asd_tensor_free (tensor);
    return;
  }
  g_assert (data != NULL || tensor->size == 0);
  tensor->owned = g_memdup2 (data, tensor->size);
  tensor->data = tensor->owned;
  if (!asd_tensor_is_finite (tensor))
    fail (writer, "stage \"%s\": tensor \"%s\" has a value that is not finite; "
        "look for silent, constant or damaged training data", writer->stage,
        name);
  /* Not insert: the key is in the tensor, and an old key would dangle. */
  g_hash_table_replace (writer->tensors, tensor->name, tensor);
}

void
asd_model_writer_add_f64 (AsdModelWriter * writer, const char *name,
    const double *data, gsize n_dims, const gsize *shape)
{
  add_tensor (writer, name, ASD_DTYPE_F64, data, n_dims, shape);
}

void
asd_model_writer_add_f32 (AsdModelWriter * writer, const char *name,
    const float *data, gsize n_dims, const gsize *shape)
{
  add_tensor (writer, name, ASD_DTYPE_F32, data, n_dims, shape);
}

void
asd_model_writer_add_i64 (AsdModelWriter * writer, const char *name,
    const gint64 * data, gsize n_dims, const gsize *shape)
{
  add_tensor (writer, name, ASD_DTYPE_I64, data, n_dims, shape);
}

void
asd_model_writer_add_i32 (AsdModelWriter * writer, const char *name,
    const gint32 * data, gsize n_dims, const gsize *shape)
{
  add_tensor (writer, name, ASD_DTYPE_I32, data, n_dims, shape);
}

void
asd_model_writer_add_u8 (AsdModelWriter * writer, const char *name,
    const guint8 * data, gsize n_dims, const gsize *shape)
{
  add_tensor (writer, name, ASD_DTYPE_U8, data, n_dims, shape);
}

/* Merging */

static gboolean
keeps (AsdModelWriter * writer, const char *full)
{
  char *stage = g_strndup (full, strcspn (full, "."));
  StageFate fate = get_fate (writer, stage);

  g_free (stage);
  return fate == STAGE_KEPT || fate == STAGE_UPDATED;
}

static void
merge_strings (AsdModelWriter * writer, AsdModel * old, GHashTable * strings)
{
  GHashTableIter iter;
  gpointer key, value;

  if (old != NULL) {
    g_hash_table_iter_init (&iter, old->strings);
    while (g_hash_table_iter_next (&iter, &key, &value))
      if (keeps (writer, key))
        g_hash_table_insert (strings, key, value);
  }
  g_hash_table_iter_init (&iter, writer->strings);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    if (value != NULL)
      g_hash_table_insert (strings, key, value);
    else
      g_hash_table_remove (strings, key);
  }
  g_hash_table_insert (strings, (char *) "asd.format",
      (char *) G_STRINGIFY (ASD_MODEL_FORMAT));
}

static gint
compare_tensors (gconstpointer a, gconstpointer b)
{
  const AsdTensor *ta = *(AsdTensor * const *) a;
  const AsdTensor *tb = *(AsdTensor * const *) b;
  gsize sa = asd_dtypes[ta->dtype].item_size;
  gsize sb = asd_dtypes[tb->dtype].item_size;

  return sa != sb ? (sa > sb ? -1 : 1) : strcmp (ta->name, tb->name);
}

static void
merge_tensors (AsdModelWriter * writer, AsdModel * old, GPtrArray * tensors)
{
  GHashTableIter iter;
  gpointer key, value;

  if (old != NULL) {
    g_hash_table_iter_init (&iter, old->tensors);
    while (g_hash_table_iter_next (&iter, &key, &value))
      if (keeps (writer, key) && !g_hash_table_contains (writer->tensors, key))
        g_ptr_array_add (tensors, value);
  }
  g_hash_table_iter_init (&iter, writer->tensors);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (tensors, value);
  g_ptr_array_sort (tensors, compare_tensors);
}

/* A stage that is updated must be there. */
static gboolean
check_updates (AsdModelWriter * writer, const char *name,
    const AsdModelContents * contents, GError ** error)
{
  GHashTableIter iter;
  gpointer stage, fate;

  g_hash_table_iter_init (&iter, writer->stages);
  while (g_hash_table_iter_next (&iter, &stage, &fate)) {
    char *kind = g_strconcat (stage, ".kind", NULL);
    gboolean ok = GPOINTER_TO_INT (fate) != STAGE_UPDATED
        || g_hash_table_contains (contents->strings, kind);

    g_free (kind);
    if (!ok) {
      g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
          "%s: no stage \"%s\" to add to; train it first", name,
          (char *) stage);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
asd_model_writer_merge (AsdModelWriter * writer, AsdModel * old,
    const char *name, AsdModelContents * contents, GError ** error)
{
  if (writer->error != NULL) {
    g_propagate_error (error, g_error_copy (writer->error));
    g_prefix_error (error, "%s: ", name);
    return FALSE;
  }
  if (writer->clear)
    old = NULL;
  merge_strings (writer, old, contents->strings);
  merge_tensors (writer, old, contents->tensors);
  return check_updates (writer, name, contents, error);
}
