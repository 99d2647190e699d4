/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "model-private.h"

#include <math.h>
#include <string.h>

#include "error.h"

struct _AsdModelSection
{
  gatomicrefcount ref;
  AsdModel *model;
  char *stage;
};

const AsdDtypeInfo asd_dtypes[] = {
  [ASD_DTYPE_F64] = {"F64", 8},
  [ASD_DTYPE_F32] = {"F32", 4},
  [ASD_DTYPE_I64] = {"I64", 8},
  [ASD_DTYPE_I32] = {"I32", 4},
  [ASD_DTYPE_U8] = {"U8", 1},
};

/* Tensors and names */

AsdTensor *
asd_tensor_new (const char *name, AsdDtype dtype)
{
  AsdTensor *tensor = g_new0 (AsdTensor, 1);

  tensor->name = g_strdup (name);
  tensor->dtype = dtype;
  return tensor;
}

void
asd_tensor_free (AsdTensor * tensor)
{
  g_free (tensor->name);
  g_free (tensor->owned);
  g_free (tensor);
}

gboolean
asd_tensor_count (AsdTensor * tensor)
{
  gsize i;

  tensor->size = asd_dtypes[tensor->dtype].item_size;
  for (i = 0; i < tensor->n_dims; i++)
    if (!g_size_checked_mul (&tensor->size, tensor->size, tensor->shape[i]))
      return FALSE;
  return TRUE;
}

gboolean
asd_tensor_is_finite (const AsdTensor * tensor)
{
  gsize i, n = tensor->size / asd_dtypes[tensor->dtype].item_size;

  if (tensor->dtype == ASD_DTYPE_F64) {
    const double *values = (const double *) tensor->data;

    for (i = 0; i < n; i++)
      if (!isfinite (values[i]))
        return FALSE;
  } else if (tensor->dtype == ASD_DTYPE_F32) {
    const float *values = (const float *) tensor->data;

    for (i = 0; i < n; i++)
      if (!isfinite (values[i]))
        return FALSE;
  }
  return TRUE;
}

void
asd_tensor_convert (guint8 * to, const guint8 * from, gsize size,
    gsize item_size)
{
  gsize i, j;

  if (size == 0)
    return;
  if (G_BYTE_ORDER == G_LITTLE_ENDIAN) {
    memmove (to, from, size);
    return;
  }
  for (i = 0; i < size; i += item_size) {
    guint8 item[8];

    memcpy (item, from + i, item_size);
    for (j = 0; j < item_size; j++)
      to[i + j] = item[item_size - 1 - j];
  }
}

gboolean
asd_model_name_ok (const char *name, gssize length)
{
  gssize i;

  if (length < 1 || length > ASD_MODEL_NAME_MAX
      || name[0] == '_' || name[0] == '-')
    return FALSE;
  for (i = 0; i < length; i++)
    if (!g_ascii_islower (name[i]) && !g_ascii_isdigit (name[i])
        && name[i] != '_' && name[i] != '-')
      return FALSE;
  return TRUE;
}

gboolean
asd_model_tensor_name_ok (const char *name)
{
  const char *part = name, *dot;

  if (strlen (name) > ASD_MODEL_NAME_MAX)
    return FALSE;
  for (; (dot = strchr (part, '.')) != NULL; part = dot + 1)
    if (!asd_model_name_ok (part, dot - part))
      return FALSE;
  return asd_model_name_ok (part, strlen (part));
}

static gint
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char **
asd_model_list_keys (GHashTable * table, const char *prefix)
{
  GPtrArray *keys = g_ptr_array_new ();
  gsize length = strlen (prefix);
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    const char *name = key;

    if (strncmp (name, prefix, length) == 0 && name[length] == '.')
      g_ptr_array_add (keys, g_strdup (name + length + 1));
  }
  g_ptr_array_sort (keys, compare_strings);
  g_ptr_array_add (keys, NULL);
  return (char **) g_ptr_array_free (keys, FALSE);
}

/* Model */

AsdModel *
asd_model_new (const char *name)
{
  AsdModel *model = g_new0 (AsdModel, 1);

  g_atomic_ref_count_init (&model->ref);
  model->name = g_strdup (name);
  model->strings = g_hash_table_new_full (g_str_hash, g_str_equal,
      g_free, g_free);
  model->tensors = g_hash_table_new_full (g_str_hash, g_str_equal,
      NULL, (GDestroyNotify) asd_tensor_free);
  return model;
}

AsdModel *
asd_model_ref (AsdModel * model)
{
  g_return_val_if_fail (model != NULL, NULL);

  g_atomic_ref_count_inc (&model->ref);
  return model;
}

void
asd_model_unref (AsdModel * model)
{
  g_return_if_fail (model != NULL);

  if (!g_atomic_ref_count_dec (&model->ref))
    return;
  g_hash_table_unref (model->strings);
  g_hash_table_unref (model->tensors);
  g_free (model->data);
  g_free (model->name);
  g_free (model);
}

const char *
asd_model_get_name (AsdModel * model)
{
  return model->name;
}

/* Looks up PREFIX.NAME. */
static gpointer
lookup (GHashTable * table, const char *prefix, const char *name)
{
  char *full = g_strconcat (prefix, ".", name, NULL);
  gpointer found = g_hash_table_lookup (table, full);

  g_free (full);
  return found;
}

const char *
asd_model_get_string (AsdModel * model, const char *key)
{
  return lookup (model->strings, "asd", key);
}

char **
asd_model_list_strings (AsdModel * model)
{
  return asd_model_list_keys (model->strings, "asd");
}

char **
asd_model_list_stages (AsdModel * model)
{
  GPtrArray *stages = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, model->strings);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    const char *dot = strchr (key, '.');

    if (strcmp (dot, ".kind") == 0 && !g_str_has_prefix (key, "asd."))
      g_ptr_array_add (stages, g_strndup (key, dot - (char *) key));
  }
  g_ptr_array_sort (stages, compare_strings);
  g_ptr_array_add (stages, NULL);
  return (char **) g_ptr_array_free (stages, FALSE);
}

/* Section */

static void
set_missing_stage (AsdModel * model, const char *stage, GError ** error)
{
  char **stages = asd_model_list_stages (model);
  char *list = g_strjoinv (", ", stages);

  if (stages[0] == NULL)
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "%s: no stage \"%s\", the model has no stage at all; train it again",
        model->name, stage);
  else
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "%s: no stage \"%s\"; choose one of its stages with stage=: %s",
        model->name, stage, list);
  g_free (list);
  g_strfreev (stages);
}

AsdModelSection *
asd_model_get_section (AsdModel * model, const char *stage, GError ** error)
{
  AsdModelSection *section;

  g_return_val_if_fail (model != NULL, NULL);
  g_return_val_if_fail (stage != NULL, NULL);

  if (strcmp (stage, "asd") == 0 || lookup (model->strings, stage, "kind")
      == NULL) {
    set_missing_stage (model, stage, error);
    return NULL;
  }
  section = g_new0 (AsdModelSection, 1);
  g_atomic_ref_count_init (&section->ref);
  section->model = asd_model_ref (model);
  section->stage = g_strdup (stage);
  return section;
}

AsdModelSection *
asd_model_section_ref (AsdModelSection * section)
{
  g_return_val_if_fail (section != NULL, NULL);

  g_atomic_ref_count_inc (&section->ref);
  return section;
}

void
asd_model_section_unref (AsdModelSection * section)
{
  g_return_if_fail (section != NULL);

  if (!g_atomic_ref_count_dec (&section->ref))
    return;
  asd_model_unref (section->model);
  g_free (section->stage);
  g_free (section);
}

AsdModel *
asd_model_section_get_model (AsdModelSection * section)
{
  return section->model;
}

const char *
asd_model_section_get_stage (AsdModelSection * section)
{
  return section->stage;
}

const char *
asd_model_section_get_kind (AsdModelSection * section)
{
  return asd_model_section_get_string (section, "kind");
}

const char *
asd_model_section_get_string (AsdModelSection * section, const char *key)
{
  return lookup (section->model->strings, section->stage, key);
}

gboolean
asd_model_section_refuse (AsdModelSection * section, GError ** error,
    const char *format, ...)
{
  va_list args;
  char *text;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT,
      "%s: stage \"%s\": %s; train it again", section->model->name,
      section->stage, text);
  g_free (text);
  return FALSE;
}

/* The text of a number, or NULL with an error. */
static const char *
get_number (AsdModelSection * section, const char *key, GError ** error)
{
  const char *text = asd_model_section_get_string (section, key);

  if (text == NULL)
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "%s: stage \"%s\" has no value \"%s\"; train it again",
        section->model->name, section->stage, key);
  return text;
}

gboolean
asd_model_section_get_double (AsdModelSection * section, const char *key,
    double *value, GError ** error)
{
  const char *text = get_number (section, key, error);
  char *end;
  double number;

  if (text == NULL)
    return FALSE;
  /* errno tells nothing: it is set for denormals, which are fine. */
  number = g_ascii_strtod (text, &end);
  if (end == text || *end != '\0' || !isfinite (number))
    return asd_model_section_refuse (section, error,
        "value \"%s\" is not a finite number", key);
  *value = number;
  return TRUE;
}

gboolean
asd_model_section_get_int64 (AsdModelSection * section, const char *key,
    gint64 * value, GError ** error)
{
  const char *text = get_number (section, key, error);

  if (text == NULL)
    return FALSE;
  if (!g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, value, NULL))
    return asd_model_section_refuse (section, error,
        "value \"%s\" is not an integer", key);
  return TRUE;
}

char **
asd_model_section_list_strings (AsdModelSection * section)
{
  return asd_model_list_keys (section->model->strings, section->stage);
}

AsdModelTensorInfo *
asd_model_section_list_tensors (AsdModelSection * section, gsize *n_tensors)
{
  char **names = asd_model_list_keys (section->model->tensors, section->stage);
  gsize i, n = g_strv_length (names);
  AsdModelTensorInfo *infos = g_new0 (AsdModelTensorInfo, n + 1);

  for (i = 0; i < n; i++) {
    const AsdTensor *tensor = lookup (section->model->tensors, section->stage,
        names[i]);

    infos[i].name = strchr (tensor->name, '.') + 1;
    infos[i].dtype = asd_dtypes[tensor->dtype].name;
    infos[i].n_dims = tensor->n_dims;
    memcpy (infos[i].shape, tensor->shape, sizeof (tensor->shape));
    infos[i].size = tensor->size;
  }
  g_strfreev (names);
  *n_tensors = n;
  return infos;
}

gboolean
asd_model_section_has_tensor (AsdModelSection * section, const char *name)
{
  return lookup (section->model->tensors, section->stage, name) != NULL;
}

/* "F64 3 x any", for errors. */
static char *
describe (AsdDtype dtype, gsize n_dims, const gsize *shape)
{
  GString *text = g_string_new (asd_dtypes[dtype].name);
  gsize i;

  if (n_dims == 0)
    g_string_append (text, " single value");
  for (i = 0; i < n_dims; i++) {
    g_string_append (text, i == 0 ? " " : " x ");
    if (shape == NULL)
      g_string_append (text, "any");
    else
      g_string_append_printf (text, "%" G_GSIZE_FORMAT, shape[i]);
  }
  return g_string_free (text, FALSE);
}

static gboolean
fits (const AsdTensor * tensor, AsdDtype dtype, gsize n_dims,
    const gsize *shape)
{
  gsize i;

  if (tensor->dtype != dtype || tensor->n_dims != n_dims)
    return FALSE;
  for (i = 0; shape != NULL && i < n_dims; i++)
    if (shape[i] != 0 && shape[i] != tensor->shape[i])
      return FALSE;
  return TRUE;
}

static gconstpointer
get_tensor (AsdModelSection * section, const char *name, AsdDtype dtype,
    gsize n_dims, gsize *shape, GError ** error)
{
  const AsdTensor *tensor = lookup (section->model->tensors, section->stage,
      name);

  if (tensor == NULL) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_MISSING,
        "%s: stage \"%s\" has no tensor \"%s\"; train it again",
        section->model->name, section->stage, name);
    return NULL;
  }
  if (!fits (tensor, dtype, n_dims, shape)) {
    char *is = describe (tensor->dtype, tensor->n_dims, tensor->shape);
    char *wanted = describe (dtype, n_dims, shape);

    g_set_error (error, ASD_ERROR, ASD_ERROR_MISMATCH,
        "%s: tensor \"%s\" is %s, wanted is %s (0: any); train it again",
        section->model->name, tensor->name, is, wanted);
    g_free (is);
    g_free (wanted);
    return NULL;
  }
  if (shape != NULL)
    memcpy (shape, tensor->shape, n_dims * sizeof (gsize));
  return tensor->data;
}

const double *
asd_model_section_get_f64 (AsdModelSection * section, const char *name,
    gsize n_dims, gsize *shape, GError ** error)
{
  return get_tensor (section, name, ASD_DTYPE_F64, n_dims, shape, error);
}

const float *
asd_model_section_get_f32 (AsdModelSection * section, const char *name,
    gsize n_dims, gsize *shape, GError ** error)
{
  return get_tensor (section, name, ASD_DTYPE_F32, n_dims, shape, error);
}

const gint64 *
asd_model_section_get_i64 (AsdModelSection * section, const char *name,
    gsize n_dims, gsize *shape, GError ** error)
{
  return get_tensor (section, name, ASD_DTYPE_I64, n_dims, shape, error);
}

const gint32 *
asd_model_section_get_i32 (AsdModelSection * section, const char *name,
    gsize n_dims, gsize *shape, GError ** error)
{
  return get_tensor (section, name, ASD_DTYPE_I32, n_dims, shape, error);
}

const guint8 *
asd_model_section_get_u8 (AsdModelSection * section, const char *name,
    gsize n_dims, gsize *shape, GError ** error)
{
  return get_tensor (section, name, ASD_DTYPE_U8, n_dims, shape, error);
}
