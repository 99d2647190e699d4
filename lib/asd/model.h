/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_MODEL_H__
#define __ASD_MODEL_H__

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * The model file (.asd): everything that a recipe learned about a machine.
 *
 * The layout is that of safetensors
 * (https://github.com/huggingface/safetensors): the length of the header as
 * u64, a JSON header padded with spaces to a multiple of 8, then the raw
 * tensors; all little-endian. Tensors are sorted by item size, largest first,
 * then by name, and follow each other without a gap.
 *
 * A tensor is named STAGE.TENSOR. `__metadata__` holds strings: model-wide ones
 * as asd.KEY ("asd.format" is the version of the file, "1"), those of a stage
 * as STAGE.KEY. Every stage has a STAGE.kind, and most have a STAGE.caps. Names
 * of stages, tensors and keys are lower-case letters, digits, `_` and `-`,
 * start with a letter or digit and have at most %ASD_MODEL_NAME_MAX of them;
 * "asd" is not a stage. A tensor's name may also be several of them with dots in
 * between, as PyTorch names tensors.
 *
 * A trainer writes its stage and a scorer reads it:
 *
 * |[
 *   AsdModelWriter *writer = asd_model_writer_new ();
 *   gsize shape[2] = { n_clusters, n_dims };
 *
 *   asd_model_writer_set_stage (writer, "graph", "graph");
 *   asd_model_writer_set_string (writer, "caps", caps);
 *   asd_model_writer_add_f64 (writer, "means", means, 2, shape);
 *   ok = asd_model_writer_commit (writer, "fan.asd", cancellable, &error);
 *
 *   AsdModel *model = asd_model_load ("fan.asd", &error);
 *   AsdModelSection *section = asd_model_get_section (model, "graph", &error);
 *   gsize shape[2] = { 0, 480 };
 *   const double *means =
 *       asd_model_section_get_f64 (section, "means", 2, shape, &error);
 * ]|
 */

#define ASD_MODEL_FORMAT 1
#define ASD_MODEL_NAME_MAX 64
#define ASD_MODEL_MAX_DIMS 8
#define ASD_MODEL_MAX_TENSORS 256
#define ASD_MODEL_MAX_HEADER (G_GUINT64_CONSTANT (1) << 20)
#define ASD_MODEL_MAX_SIZE (G_GUINT64_CONSTANT (1) << 32)

/**
 * AsdModel:
 *
 * A model file in memory: immutable, reference counted, usable from several
 * threads at once.
 */
typedef struct _AsdModel AsdModel;

/**
 * AsdModelSection:
 *
 * What one stage has in a model. Holds a reference to the model; immutable,
 * reference counted, usable from several threads at once.
 */
typedef struct _AsdModelSection AsdModelSection;

/**
 * AsdModelWriter:
 *
 * Collects what shall be in a model file, in memory, until it is committed.
 * One thread at a time.
 */
typedef struct _AsdModelWriter AsdModelWriter;

/**
 * AsdModelTensorInfo:
 * @name: name without the stage
 * @dtype: "F64", "F32", "I64", "I32" or "U8"
 * @n_dims: number of dimensions, 0 for a single value
 * @shape: @n_dims sizes
 * @size: size in bytes
 *
 * What `gst-asd inspect` tells of a tensor. The strings belong to the section.
 */
typedef struct
{
  const char *name;
  const char *dtype;
  gsize n_dims;
  gsize shape[ASD_MODEL_MAX_DIMS];
  gsize size;
} AsdModelTensorInfo;

/* Reading */

/**
 * asd_model_load:
 * @path: file name
 *
 * Reads and checks a whole model file. Never waits for a FIFO or a device.
 *
 * Returns: (transfer full): the model, or NULL with G_FILE_ERROR (cannot be
 *     read), ASD_ERROR_FORMAT (not a model, damaged, or with a value that is
 *     not finite) or ASD_ERROR_VERSION (from a newer gst-asd)
 */
AsdModel *asd_model_load (const char *path, GError ** error);

/**
 * asd_model_parse:
 * @data: (array length=size): the bytes of a model file; copied
 * @size: number of bytes
 * @name_for_errors: what errors call it, usually a file name
 *
 * asd_model_load() for bytes in memory.
 *
 * Returns: (transfer full): the model, or NULL with ASD_ERROR_FORMAT or
 *     ASD_ERROR_VERSION
 */
AsdModel *asd_model_parse (const guint8 * data, gsize size,
    const char *name_for_errors, GError ** error);

AsdModel *asd_model_ref (AsdModel * model);
void asd_model_unref (AsdModel * model);

/**
 * asd_model_get_name:
 *
 * Returns: what errors call this model: its file name, in UTF-8
 */
const char *asd_model_get_name (AsdModel * model);

/**
 * asd_model_get_string:
 * @key: key without "asd.", for example "recipe"
 *
 * Returns: a model-wide string, NULL if absent
 */
const char *asd_model_get_string (AsdModel * model, const char *key);

/**
 * asd_model_list_strings:
 *
 * Returns: (transfer full): the sorted keys of the model-wide strings, without
 *     "asd."; g_strfreev() it
 */
char **asd_model_list_strings (AsdModel * model);

/**
 * asd_model_list_stages:
 *
 * Returns: (transfer full): the sorted names of the stages; g_strfreev() it
 */
char **asd_model_list_stages (AsdModel * model);

/**
 * asd_model_get_section:
 * @stage: name of a stage
 *
 * Returns: (transfer full): the section, or NULL with ASD_ERROR_MISSING that
 *     names the stages of the file
 */
AsdModelSection *asd_model_get_section (AsdModel * model, const char *stage,
    GError ** error);

AsdModelSection *asd_model_section_ref (AsdModelSection * section);
void asd_model_section_unref (AsdModelSection * section);

/**
 * asd_model_section_get_model:
 *
 * Returns: (transfer none): the model that @section is a part of
 */
AsdModel *asd_model_section_get_model (AsdModelSection * section);

/**
 * asd_model_section_get_stage:
 *
 * Returns: the name of the stage, for example "graph"
 */
const char *asd_model_section_get_stage (AsdModelSection * section);

/**
 * asd_model_section_get_kind:
 *
 * Returns: what wrote the section, for example "graph"; never NULL. A leaf
 *     compares it, as a stage may have any name.
 */
const char *asd_model_section_get_kind (AsdModelSection * section);

/**
 * asd_model_section_get_string:
 *
 * Returns: a string of the stage, for example its "caps"; NULL if absent
 */
const char *asd_model_section_get_string (AsdModelSection * section,
    const char *key);

/**
 * asd_model_section_get_double:
 * @value: (out): the number, finite; untouched on error
 *
 * Returns: FALSE with ASD_ERROR_MISSING (no such key) or ASD_ERROR_FORMAT (not
 *     a finite number)
 */
gboolean asd_model_section_get_double (AsdModelSection * section,
    const char *key, double *value, GError ** error);

/**
 * asd_model_section_get_int64:
 * @value: (out): the number; untouched on error
 *
 * Returns: FALSE with ASD_ERROR_MISSING (no such key) or ASD_ERROR_FORMAT (not
 *     an integer)
 */
gboolean asd_model_section_get_int64 (AsdModelSection * section,
    const char *key, gint64 * value, GError ** error);

/**
 * asd_model_section_list_strings:
 *
 * Returns: (transfer full): the sorted keys of the strings, without the stage;
 *     g_strfreev() it
 */
char **asd_model_section_list_strings (AsdModelSection * section);

/**
 * asd_model_section_list_tensors:
 * @n_tensors: (out): their number
 *
 * Returns: (transfer container) (array length=n_tensors): the tensors by name;
 *     g_free() it
 */
AsdModelTensorInfo *asd_model_section_list_tensors (AsdModelSection * section,
    gsize * n_tensors);

/**
 * asd_model_section_has_tensor:
 *
 * For tensors that a stage may have or not.
 */
gboolean asd_model_section_has_tensor (AsdModelSection * section,
    const char *name);

/**
 * asd_model_section_get_f64:
 * @name: name of the tensor, without the stage
 * @n_dims: how many dimensions it must have
 * @shape: (inout) (array length=n_dims) (nullable): in: the sizes it must have,
 *     0 for any; out: its sizes; untouched on error. NULL: any sizes
 *
 * The values, row-major and finite. They belong to the model and are valid as
 * long as @section or its model.
 *
 * Returns: never NULL without an error, not even for a tensor without items;
 *     NULL with ASD_ERROR_MISSING (no such tensor) or ASD_ERROR_MISMATCH
 *     (another type or shape)
 */
const double *asd_model_section_get_f64 (AsdModelSection * section,
    const char *name, gsize n_dims, gsize * shape, GError ** error);
const float *asd_model_section_get_f32 (AsdModelSection * section,
    const char *name, gsize n_dims, gsize * shape, GError ** error);
const gint64 *asd_model_section_get_i64 (AsdModelSection * section,
    const char *name, gsize n_dims, gsize * shape, GError ** error);
const gint32 *asd_model_section_get_i32 (AsdModelSection * section,
    const char *name, gsize n_dims, gsize * shape, GError ** error);
const guint8 *asd_model_section_get_u8 (AsdModelSection * section,
    const char *name, gsize n_dims, gsize * shape, GError ** error);

/**
 * asd_model_section_refuse:
 * @format: printf format of what is wrong, for example "a std is not positive"
 *
 * For the semantic checks of a leaf: sets ASD_ERROR_FORMAT with a text that
 * names the file and the stage and tells to train it again.
 *
 * Returns: FALSE, so that a check can return it
 */
gboolean asd_model_section_refuse (AsdModelSection * section, GError ** error,
    const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Writing */

/**
 * asd_model_check_stage:
 * @stage: (nullable): a name that a user chose
 *
 * Returns: NULL if it can name a stage, or a text that says what is wrong
 */
const char *asd_model_check_stage (const char *stage);

/**
 * asd_model_writer_new:
 *
 * The functions that fill a writer return nothing: the first thing that is
 * wrong (a value that is not finite, a name that is not allowed, text that is
 * not UTF-8) is remembered and asd_model_writer_commit() fails with it. All
 * data is copied.
 *
 * Returns: (transfer full): a writer that would change nothing
 */
AsdModelWriter *asd_model_writer_new (void);
void asd_model_writer_free (AsdModelWriter * writer);

/**
 * asd_model_writer_set_model_string:
 * @key: key without "asd.", for example "recipe"
 * @value: (nullable): NULL removes it
 *
 * Sets a model-wide string.
 */
void asd_model_writer_set_model_string (AsdModelWriter * writer,
    const char *key, const char *value);

/**
 * asd_model_writer_set_stage:
 * @stage: name of the stage
 * @kind: what it is, see asd_model_section_get_kind()
 *
 * Starts a section: the strings and tensors that follow belong to it. On
 * commit it takes the place of all that the file has for @stage; the other
 * stages stay as they are.
 */
void asd_model_writer_set_stage (AsdModelWriter * writer, const char *stage,
    const char *kind);

/**
 * asd_model_writer_update_stage:
 * @stage: name of the stage
 *
 * Continues a section: like asd_model_writer_set_stage(), but the strings and
 * tensors of @stage that are in the file and not set here stay. Commit fails
 * with ASD_ERROR_MISSING if the file has no such stage.
 */
void asd_model_writer_update_stage (AsdModelWriter * writer,
    const char *stage);

/**
 * asd_model_writer_remove_stage:
 *
 * Removes @stage from the file, if it is there.
 */
void asd_model_writer_remove_stage (AsdModelWriter * writer,
    const char *stage);

/**
 * asd_model_writer_clear:
 *
 * Starts afresh: nothing that the file has is kept. The file must be a model
 * all the same, so that nothing else is ever overwritten.
 */
void asd_model_writer_clear (AsdModelWriter * writer);

/**
 * asd_model_writer_set_string:
 *
 * Sets a string of the current stage.
 */
void asd_model_writer_set_string (AsdModelWriter * writer, const char *key,
    const char *value);

/**
 * asd_model_writer_set_double:
 * @value: a finite number; it is read back with the same bits
 *
 * Sets a number of the current stage. Where "none" is possible, leave it out.
 */
void asd_model_writer_set_double (AsdModelWriter * writer, const char *key,
    double value);
void asd_model_writer_set_int64 (AsdModelWriter * writer, const char *key,
    gint64 value);

/**
 * asd_model_writer_add_f64:
 * @name: name of the tensor, without the stage
 * @data: finite values, row-major; may be NULL if a size is 0
 * @n_dims: number of dimensions, at most %ASD_MODEL_MAX_DIMS; 0 for a single
 *     value
 * @shape: (array length=n_dims): the sizes; may be NULL if @n_dims is 0
 *
 * Adds a tensor to the current stage, or replaces it.
 */
void asd_model_writer_add_f64 (AsdModelWriter * writer, const char *name,
    const double *data, gsize n_dims, const gsize * shape);
void asd_model_writer_add_f32 (AsdModelWriter * writer, const char *name,
    const float *data, gsize n_dims, const gsize * shape);
void asd_model_writer_add_i64 (AsdModelWriter * writer, const char *name,
    const gint64 * data, gsize n_dims, const gsize * shape);
void asd_model_writer_add_i32 (AsdModelWriter * writer, const char *name,
    const gint32 * data, gsize n_dims, const gsize * shape);
void asd_model_writer_add_u8 (AsdModelWriter * writer, const char *name,
    const guint8 * data, gsize n_dims, const gsize * shape);

/**
 * asd_model_writer_commit:
 * @path: file name; a symbolic link stays one
 *
 * Merges what was collected into the file, which need not exist. Until the
 * moment it is replaced, whatever happens leaves the old file; after that the
 * new one is safe on disk. Threads and processes that commit to one file wait
 * for each other by a lock on PATH.lock, and none loses what another wrote.
 * Neither that file nor PATH.tmp stays behind, unless the process is killed;
 * the next commit then removes them. The same content gives the same bytes.
 *
 * Returns: FALSE with ASD_ERROR_DATA (a value that is not finite, a name that
 *     is not allowed, more than fits), ASD_ERROR_FORMAT, ASD_ERROR_VERSION (the
 *     file that is there cannot be merged with; it stays as it is),
 *     ASD_ERROR_MISSING, G_FILE_ERROR or G_IO_ERROR_CANCELLED
 */
gboolean asd_model_writer_commit (AsdModelWriter * writer, const char *path,
    GCancellable * cancellable, GError ** error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdModel, asd_model_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdModelSection, asd_model_section_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdModelWriter, asd_model_writer_free)

G_END_DECLS

#endif /* __ASD_MODEL_H__ */
