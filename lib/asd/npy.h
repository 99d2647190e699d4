/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_NPY_H__
#define __ASD_NPY_H__

#include <glib.h>

G_BEGIN_DECLS

/**
 * NumPy's .npy files: little endian, C order, one to eight dimensions, and
 * at least one element. Format versions 1.0, 2.0 and 3.0 are read, 1.0 is
 * written.
 *
 * See numpy.lib.format in NumPy's reference.
 */

#define ASD_NPY_MAX_DIMS 8

/**
 * ASD_NPY_HEADER_SIZE:
 *
 * Bytes before the data in every file that is written here, so that the shape
 * can be written again when it is known.
 */
#define ASD_NPY_HEADER_SIZE 128

/**
 * AsdNpyType:
 * @ASD_NPY_F32: float, '<f4'
 * @ASD_NPY_F64: double, '<f8'
 * @ASD_NPY_I32: gint32, '<i4'
 * @ASD_NPY_I64: gint64, '<i8'
 * @ASD_NPY_U8: guint8, '|u1'
 */
typedef enum
{
  ASD_NPY_F32,
  ASD_NPY_F64,
  ASD_NPY_I32,
  ASD_NPY_I64,
  ASD_NPY_U8,
} AsdNpyType;

/**
 * AsdNpy:
 * @type: type of an element
 * @n_dims: number of dimensions, 1 to 8
 * @shape: the first @n_dims are used; the last one varies fastest
 * @n_elements: the product of @shape
 * @data: the elements, row-major; NULL where only a header was parsed
 */
typedef struct
{
  AsdNpyType type;
  gsize n_dims;
  gsize shape[ASD_NPY_MAX_DIMS];
  gsize n_elements;
  gpointer data;
} AsdNpy;

/**
 * asd_npy_type_size:
 *
 * Returns: the bytes of one element
 */
gsize asd_npy_type_size (AsdNpyType type);

/**
 * asd_npy_load:
 * @path: file to read
 *
 * Returns: (transfer full): the array, or NULL with G_FILE_ERROR where the
 * file cannot be read and ASD_ERROR_FORMAT where it is not an array of the
 * kind above; the message starts with @path and names the cure
 */
AsdNpy *asd_npy_load (const char *path, GError ** error);

/**
 * asd_npy_parse:
 * @bytes: a whole file
 * @size: its length; truncated or trailing data is an error
 *
 * Returns: (transfer full): the array, or NULL with ASD_ERROR_FORMAT
 */
AsdNpy *asd_npy_parse (const guint8 * bytes, gsize size, GError ** error);

/**
 * asd_npy_parse_header:
 * @bytes: the beginning of a file
 * @size: how much of it there is
 * @info: (out): type and shape, with data = NULL; written only on success
 *
 * For readers that stream: call it again with more bytes while it returns 0.
 *
 * Returns: where the data begins, 0 if more bytes are needed, or -1 with
 * ASD_ERROR_FORMAT
 */
gssize asd_npy_parse_header (const guint8 * bytes, gsize size, AsdNpy * info,
    GError ** error);

/**
 * asd_npy_get_doubles:
 *
 * Returns: (transfer full): the n_elements as doubles, to be freed with
 * g_free(); integers beyond 2^53 are rounded
 */
double *asd_npy_get_doubles (const AsdNpy * npy);

/**
 * asd_npy_get_floats:
 *
 * Returns: (transfer full): the n_elements rounded to float, to be freed with
 * g_free()
 */
float *asd_npy_get_floats (const AsdNpy * npy);

/**
 * asd_npy_free:
 * @npy: (nullable): an array from asd_npy_load() or asd_npy_parse()
 */
void asd_npy_free (AsdNpy * npy);

/**
 * asd_npy_format_header:
 * @type: type of an element
 * @n_dims: number of dimensions, 1 to 8
 * @shape: @n_dims sizes; a size may be 0 while it is not yet known
 * @header: (out): the bytes that come before the data
 *
 * Returns: FALSE where the shape has too many dimensions or digits
 */
gboolean asd_npy_format_header (AsdNpyType type, gsize n_dims,
    const gsize * shape, guint8 header[ASD_NPY_HEADER_SIZE]);

/**
 * asd_npy_save:
 * @path: file to write; a file of that name is replaced at once, or stays as
 *     it was on error
 * @type: type of an element
 * @n_dims: number of dimensions, 1 to 8
 * @shape: @n_dims sizes
 * @data: the elements, row-major
 *
 * Returns: FALSE with G_FILE_ERROR, or ASD_ERROR_DATA where the shape cannot
 * be written
 */
gboolean asd_npy_save (const char *path, AsdNpyType type, gsize n_dims,
    const gsize * shape, gconstpointer data, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdNpy, asd_npy_free)

G_END_DECLS

#endif /* __ASD_NPY_H__ */
