/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_MODEL_PRIVATE_H__
#define __ASD_MODEL_PRIVATE_H__

/* What the reader and the writer of model files share. */

#include <json-glib/json-glib.h>

#include "model.h"

/* At most so much of an untrusted name is in an error. */
#define ASD_MODEL_SHOWN_MAX 80

G_BEGIN_DECLS

typedef enum
{
  ASD_DTYPE_F64,
  ASD_DTYPE_F32,
  ASD_DTYPE_I64,
  ASD_DTYPE_I32,
  ASD_DTYPE_U8,
} AsdDtype;

typedef struct
{
  const char *name;
  gsize item_size;
} AsdDtypeInfo;

G_GNUC_INTERNAL extern const AsdDtypeInfo asd_dtypes[ASD_DTYPE_U8 + 1];

typedef struct
{
  char *name;                   /* STAGE.TENSOR */
  AsdDtype dtype;
  gsize n_dims;
  gsize shape[ASD_MODEL_MAX_DIMS];
  gsize size;                   /* bytes */
  guint64 begin;                /* offset behind the header */
  const guint8 *data;           /* in host byte order */
  guint8 *owned;                /* data, if the tensor has its own copy */
} AsdTensor;

struct _AsdModel
{
  gatomicrefcount ref;
  char *name;
  guint8 *data;                 /* the file */
  GHashTable *strings;          /* full key -> value */
  GHashTable *tensors;          /* full name -> AsdTensor, owned */
};

/* What a file shall hold; the entries are borrowed. */
typedef struct
{
  GHashTable *strings;          /* full key -> value */
  GPtrArray *tensors;           /* AsdTensor, in the order of the file */
} AsdModelContents;

G_GNUC_INTERNAL AsdModel *asd_model_new (const char *name);

/* asd_model_load() with another advice at the end of ASD_ERROR_FORMAT. */
G_GNUC_INTERNAL AsdModel *asd_model_load_or_advise (const char *path,
    const char *advice, GError ** error);

G_GNUC_INTERNAL AsdTensor *asd_tensor_new (const char *name, AsdDtype dtype);
G_GNUC_INTERNAL void asd_tensor_free (AsdTensor * tensor);

/* Sets the size from the type and the shape; FALSE if it cannot be counted. */
G_GNUC_INTERNAL gboolean asd_tensor_count (AsdTensor * tensor);
G_GNUC_INTERNAL gboolean asd_tensor_is_finite (const AsdTensor * tensor);

/* Copies items, between the order of bytes of the host and the file's. */
G_GNUC_INTERNAL void asd_tensor_convert (guint8 * to, const guint8 * from,
    gsize size, gsize item_size);

/* Whether the first @length bytes of @name are a name, see model.h. */
G_GNUC_INTERNAL gboolean asd_model_name_ok (const char *name, gssize length);

/* Whether @name can name a tensor: names with dots between them. */
G_GNUC_INTERNAL gboolean asd_model_tensor_name_ok (const char *name);

/* Sorted keys of @table that start with @prefix and a dot, without these. */
G_GNUC_INTERNAL char **asd_model_list_keys (GHashTable * table,
    const char *prefix);

/* Fills the empty @contents with what @writer makes of @old (nullable). */
G_GNUC_INTERNAL gboolean asd_model_writer_merge (AsdModelWriter * writer,
    AsdModel * old, const char *name, AsdModelContents * contents,
    GError ** error);

/* Returns the object (transfer full) that the text is, or NULL and what is
 * wrong with it (transfer full). */
G_GNUC_INTERNAL JsonObject *asd_model_header_parse (const char *text,
    gsize length, char **problem);

/* The start of a file: the length of the header and the header; NULL if a
 * reader would not take it. */
G_GNUC_INTERNAL GString *asd_model_header_build (const char *name,
    const AsdModelContents * contents, GError ** error);

G_END_DECLS

#endif /* __ASD_MODEL_PRIVATE_H__ */
