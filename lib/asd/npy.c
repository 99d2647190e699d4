/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "npy.h"

#include <string.h>

#include "error.h"

/* Elements are copied between files and memory as they are. */
G_STATIC_ASSERT (G_BYTE_ORDER == G_LITTLE_ENDIAN);

#define MAGIC "\x93NUMPY"
#define MAGIC_SIZE 6

/* A plain array needs some 60 to 250 bytes; longer headers are those of
 * structured types, or garbage. */
#define MAX_HEADER 65536

static const struct
{
  const char *descr;
  gsize size;
} types[] = {
  [ASD_NPY_F32] = {"<f4", 4},
  [ASD_NPY_F64] = {"<f8", 8},
  [ASD_NPY_I32] = {"<i4", 4},
  [ASD_NPY_I64] = {"<i8", 8},
  [ASD_NPY_U8] = {"|u1", 1},
};

gsize
asd_npy_type_size (AsdNpyType type)
{
  return types[type].size;
}

static gboolean
fail (GError ** error, const char *text)
{
  g_set_error_literal (error, ASD_ERROR, ASD_ERROR_FORMAT, text);
  return FALSE;
}

static void
skip_spaces (const char **p)
{
  while (**p == ' ' || **p == '\t' || **p == '\n' || **p == '\r')
    (*p)++;
}

static gboolean
accept (const char **p, const char *token)
{
  skip_spaces (p);
  if (!g_str_has_prefix (*p, token))
    return FALSE;
  *p += strlen (token);
  return TRUE;
}

/* A Python string without escapes, into a buffer of 32 bytes. */
static gboolean
accept_string (const char **p, char out[32])
{
  const char *end;
  char quote;

  skip_spaces (p);
  quote = **p;
  if (quote != '\'' && quote != '"')
    return FALSE;
  end = strchr (*p + 1, quote);
  if (end == NULL || end - *p > 32)
    return FALSE;
  g_strlcpy (out, *p + 1, end - *p);
  *p = end + 1;
  return TRUE;
}

static gboolean
parse_descr (const char **p, AsdNpy * info, GError ** error)
{
  char descr[32];

  if (!accept_string (p, descr))
    return fail (error, "the array has a structured type: save one field of "
        "it as a plain array, np.save(path, a['field'].astype('<f4'))");
  if (strchr (descr, 'O') != NULL)
    return fail (error, "the array holds Python objects: save numbers of one "
        "shape, np.save(path, np.stack(a).astype('<f4'))");
  if (descr[0] == '>')
    return fail (error, "the array is big endian: save it as little endian, "
        "np.save(path, a.astype('<f4'))");
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++) {
    if (g_str_equal (descr, types[i].descr)) {
      info->type = i;
      return TRUE;
    }
  }
  g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "the array has type '%s', "
      "not <f4, <f8, <i4, <i8 or |u1: convert it, "
      "np.save(path, a.astype('<f4'))", descr);
  return FALSE;
}

static gboolean
parse_order (const char **p, GError ** error)
{
  if (accept (p, "False"))
    return TRUE;
  if (accept (p, "True"))
    return fail (error, "the array is in Fortran order: save it in C order, "
        "np.save(path, np.ascontiguousarray(a))");
  return fail (error, "the header's fortran_order is neither True nor False: "
      "write the file again with np.save");
}

static gboolean
parse_shape (const char **p, AsdNpy * info, GError ** error)
{
  info->n_dims = 0;
  if (!accept (p, "("))
    goto malformed;
  while (!accept (p, ")")) {
    guint64 size;
    char *end;

    if (!g_ascii_isdigit (**p))
      goto malformed;
    if (info->n_dims == ASD_NPY_MAX_DIMS)
      return fail (error, "the array has more than 8 dimensions: reshape it to "
          "[windows, rows, columns]");
    size = g_ascii_strtoull (*p, &end, 10);
    info->shape[info->n_dims] = size;
    if (end - *p > 19 || info->shape[info->n_dims] != size)
      return fail (error, "the array's shape is too large for this machine: "
          "the file is damaged, make it again");
    info->n_dims++;
    *p = end;
    if (!accept (p, ",") && (skip_spaces (p), **p != ')'))
      goto malformed;
  }
  return TRUE;

malformed:
  return fail (error, "the header's shape is not a tuple of sizes: write the "
      "file again with np.save");
}

/* Sets n_elements so that the size in bytes fits in a gssize too. */
static gboolean
count_elements (AsdNpy * info, GError ** error)
{
  gsize n = 1, bytes;

  if (info->n_dims == 0)
    return fail (error, "the array is a single number without a dimension: "
        "save at least one dimension, np.save(path, np.atleast_1d(a))");
  for (gsize i = 0; i < info->n_dims; i++) {
    if (info->shape[i] == 0)
      return fail (error, "the array is empty (a size in its shape is 0): "
          "make the file again from at least one clip");
  }
  for (gsize i = 0; i < info->n_dims; i++) {
    if (!g_size_checked_mul (&n, n, info->shape[i]))
      goto too_large;
  }
  if (!g_size_checked_mul (&bytes, n, types[info->type].size)
      || bytes > G_MAXSSIZE - MAX_HEADER)
    goto too_large;
  info->n_elements = n;
  return TRUE;

too_large:
  return fail (error, "the array's shape is too large for this machine: the "
      "file is damaged, make it again");
}

/* The Python dict of the header: three keys, each once, in any order. */
static gboolean
parse_dict (const char *p, AsdNpy * info, GError ** error)
{
  enum
  { DESCR = 1, ORDER = 2, SHAPE = 4 };
  guint seen = 0;

  if (!accept (&p, "{"))
    goto malformed;
  while (!accept (&p, "}")) {
    char key[32];
    guint bit;
    gboolean ok;

    if (!accept_string (&p, key) || !accept (&p, ":"))
      goto malformed;
    if (g_str_equal (key, "descr")) {
      bit = DESCR;
      ok = parse_descr (&p, info, error);
    } else if (g_str_equal (key, "fortran_order")) {
      bit = ORDER;
      ok = parse_order (&p, error);
    } else if (g_str_equal (key, "shape")) {
      bit = SHAPE;
      ok = parse_shape (&p, info, error);
    } else {
      goto malformed;
    }
    if (!ok)
      return FALSE;
    if (seen & bit)
      goto malformed;
    seen |= bit;
    if (!accept (&p, ",") && (skip_spaces (&p), *p != '}'))
      goto malformed;
  }
  skip_spaces (&p);
  if (*p != '\0' || seen != (DESCR | ORDER | SHAPE))
    goto malformed;
  return count_elements (info, error);

malformed:
  return fail (error, "the header is not a dict of descr, fortran_order and "
      "shape: write the file again with np.save");
}

gssize
asd_npy_parse_header (const guint8 * bytes, gsize size, AsdNpy * info,
    GError ** error)
{
  AsdNpy parsed = { 0 };
  gsize begin, length;
  char *text;
  gboolean ok;

  if (size > 0 && memcmp (bytes, MAGIC, MIN (size, MAGIC_SIZE)) != 0) {
    fail (error, "this is not a .npy file: write it with np.save");
    return -1;
  }
  if (size > MAGIC_SIZE && (bytes[6] < 1 || bytes[6] > 3)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "the file has .npy "
        "version %u, not 1, 2 or 3: write it with np.save", bytes[6]);
    return -1;
  }
  begin = size > MAGIC_SIZE && bytes[6] > 1 ? 12 : 10;
  if (size < begin)
    return 0;
  if (bytes[7] != 0) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "the file has .npy "
        "version %u.%u, not %u.0: write it with np.save", bytes[6], bytes[7],
        bytes[6]);
    return -1;
  }

  length = bytes[8] | bytes[9] << 8;
  if (begin == 12)
    length |= (gsize) bytes[10] << 16 | (gsize) bytes[11] << 24;
  if (length > MAX_HEADER) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "the header claims %"
        G_GSIZE_FORMAT " bytes, more than any plain array needs: write the "
        "file again with np.save", length);
    return -1;
  }
  if (size - begin < length)
    return 0;

  text = g_strndup ((const char *) bytes + begin, length);
  /* A zero byte would hide what follows it. */
  ok = strlen (text) == length ? parse_dict (text, &parsed, error)
      : fail (error, "the header has a zero byte: the file is damaged, write "
      "it again with np.save");
  g_free (text);
  if (!ok)
    return -1;
  *info = parsed;
  return begin + length;
}

AsdNpy *
asd_npy_parse (const guint8 * bytes, gsize size, GError ** error)
{
  AsdNpy info, *npy;
  gsize expected;
  gssize begin = asd_npy_parse_header (bytes, size, &info, error);

  if (begin < 0)
    return NULL;
  if (begin == 0) {
    fail (error, "the file ends inside its header: it is truncated, make it "
        "again");
    return NULL;
  }
  expected = info.n_elements * types[info.type].size;
  if (size - begin != expected) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_FORMAT, "the shape needs %"
        G_GSIZE_FORMAT " bytes of data but there are %" G_GSIZE_FORMAT
        ": the file is %s, make it again", expected, size - begin,
        size - begin < expected ? "truncated" : "damaged");
    return NULL;
  }
  npy = g_new (AsdNpy, 1);
  *npy = info;
  npy->data = g_memdup2 (bytes + begin, expected);
  return npy;
}

AsdNpy *
asd_npy_load (const char *path, GError ** error)
{
  char *contents;
  gsize size;
  AsdNpy *npy;

  if (!g_file_get_contents (path, &contents, &size, error))
    return NULL;
  npy = asd_npy_parse ((const guint8 *) contents, size, error);
  if (npy == NULL)
    g_prefix_error (error, "%s: ", path);
  g_free (contents);
  return npy;
}

#define CONVERT(to, from) G_STMT_START {                                      \
  const from *x = npy->data;                                                  \
                                                                              \
  for (gsize i = 0; i < npy->n_elements; i++)                                 \
    out[i] = (to) x[i];                                                       \
} G_STMT_END

#define CONVERT_ANY(to) G_STMT_START {                                        \
  switch (npy->type) {                                                        \
    case ASD_NPY_F32: CONVERT (to, float); break;                             \
    case ASD_NPY_F64: CONVERT (to, double); break;                            \
    case ASD_NPY_I32: CONVERT (to, gint32); break;                            \
    case ASD_NPY_I64: CONVERT (to, gint64); break;                            \
    case ASD_NPY_U8: CONVERT (to, guint8); break;                             \
  }                                                                           \
} G_STMT_END

double *
asd_npy_get_doubles (const AsdNpy * npy)
{
  double *out = g_new (double, npy->n_elements);

  CONVERT_ANY (double);
  return out;
}

float *
asd_npy_get_floats (const AsdNpy * npy)
{
  float *out = g_new (float, npy->n_elements);

  CONVERT_ANY (float);
  return out;
}

void
asd_npy_free (AsdNpy * npy)
{
  if (npy == NULL)
    return;
  g_free (npy->data);
  g_free (npy);
}

gboolean
asd_npy_format_header (AsdNpyType type, gsize n_dims, const gsize *shape,
    guint8 header[ASD_NPY_HEADER_SIZE])
{
  const gsize begin = 10, length = ASD_NPY_HEADER_SIZE - begin;
  GString *dict;
  gboolean fits;

  if (n_dims == 0 || n_dims > ASD_NPY_MAX_DIMS)
    return FALSE;
  dict = g_string_new (NULL);
  g_string_printf (dict, "{'descr': '%s', 'fortran_order': False, 'shape': (",
      types[type].descr);
  for (gsize i = 0; i < n_dims; i++)
    g_string_append_printf (dict, "%s%" G_GSIZE_FORMAT, i > 0 ? ", " : "",
        shape[i]);
  g_string_append (dict, n_dims == 1 ? ",), }" : "), }");

  fits = dict->len < length;
  if (fits) {
    memcpy (header, MAGIC "\x01\x00", 8);
    header[8] = length;
    header[9] = 0;
    memset (header + begin, ' ', length);
    memcpy (header + begin, dict->str, dict->len);
    header[ASD_NPY_HEADER_SIZE - 1] = '\n';
  }
  g_string_free (dict, TRUE);
  return fits;
}

gboolean
asd_npy_save (const char *path, AsdNpyType type, gsize n_dims,
    const gsize *shape, gconstpointer data, GError ** error)
{
  guint8 header[ASD_NPY_HEADER_SIZE];
  gsize n_bytes = types[type].size;
  gboolean ok = asd_npy_format_header (type, n_dims, shape, header);
  GByteArray *file;

  for (gsize i = 0; ok && i < n_dims; i++)
    ok = g_size_checked_mul (&n_bytes, n_bytes, shape[i]);
  /* GByteArray counts in guint. */
  if (!ok || n_bytes > G_MAXUINT / 2) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA, "%s: the array cannot be "
        "written: it needs 1 to 8 dimensions and less than 2 GiB", path);
    return FALSE;
  }
  file = g_byte_array_sized_new (ASD_NPY_HEADER_SIZE + n_bytes);
  g_byte_array_append (file, header, sizeof header);
  g_byte_array_append (file, data, n_bytes);
  ok = g_file_set_contents_full (path, (const char *) file->data, file->len,
      G_FILE_SET_CONTENTS_CONSISTENT, 0666, error);
  g_byte_array_unref (file);
  return ok;
}
