/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Files that are no good models: each is refused in one line that names it. */

#include "modeltest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Pieces of a header. */
#define FORMAT "\"asd.format\":\"1\""
#define META "\"__metadata__\":{" FORMAT ",\"g.kind\":\"graph\"}"
#define TENSOR(name, dtype, shape, offsets) ",\"" name "\":{\"dtype\":\"" \
  dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define A TENSOR ("g.a", "F64", "[2]", "[0,16]")
#define DEEP10 "[[[[[[[[[["
#define DEEP100 DEEP10 DEEP10 DEEP10 DEEP10 DEEP10 DEEP10 DEEP10 DEEP10

typedef struct
{
  const char *what;
  const char *header;           /* padded to a multiple of 8 by the test */
  gsize n_data;                 /* bytes behind it */
  guint8 fill;
  int code;                     /* of ASD_ERROR, -1: it is good */
  const char *text;             /* in the message */
} Variant;

#define BAD ASD_ERROR_FORMAT
#define GOOD -1

static const Variant variants[] = {
  /* Unusual and good, so that the bad ones are bad for what they say. */
  {"the base of the others", "{" META A "}", 16, 0, GOOD, NULL},
  {"white space", "{ " META "\t" A "\r\n }  \n", 16, 0, GOOD, NULL},
  {"no tensors", "{" META "}", 0, 0, GOOD, NULL},
  {"no stages", "{\"__metadata__\":{" FORMAT "}}", 0, 0, GOOD, NULL},
  {"metadata last", "{\"g.a\":{\"data_offsets\":[0,1],\"shape\":[],"
        "\"dtype\":\"U8\"}," META "}", 1, 0, GOOD, NULL},
  {"tensors in any order", "{" META TENSOR ("g.b", "U8", "[1]", "[16,17]") A
        "}", 17, 0, GOOD, NULL},
  {"empty tensors between", "{" META TENSOR ("g.b", "F32", "[0]", "[0,0]") A
        TENSOR ("g.c", "F32", "[0,9]", "[16,16]") "}", 16, 0, GOOD, NULL},
  {"escapes", "{" META TENSOR ("\\u0067.a", "U8", "[]", "[0,1]") "}", 1, 0,
      GOOD, NULL},
  {"escaped text", "{\"__metadata__\":{" FORMAT ",\"asd.recipe\":"
        "\"\\ud83d\\ude00\\/\\\"\\n\"}}", 0, 0, GOOD, NULL},

  /* Not JSON */
  {"no object", "[]", 0, 0, BAD, "JSON object"},
  {"a string", "\"text\"", 0, 0, BAD, "JSON object"},
  {"spaces", "        ", 0, 0, BAD, "JSON object"},
  {"text before", " {" META "}", 0, 0, BAD, "JSON object"},
  {"cut off", "{" META, 0, 0, BAD, "in the middle"},
  {"open string", "{\"__metadata__", 0, 0, BAD, "byte 1 "},
  {"two objects", "{" META "}{" META "}", 0, 0, BAD, "goes on"},
  {"wrong bracket", "{" META "]", 0, 0, BAD, "not JSON"},
  {"comma at the end", "{" META ",}", 0, 0, BAD, "not JSON"},
  {"no comma", "{" META " \"g.a\":{}}", 0, 0, BAD, "not JSON"},
  {"a newline where none may be", "{" META ",\n}", 0, 0, BAD, "not JSON"},
  {"comment", "{/* */" META "}", 0, 0, BAD, "byte 1 "},
  {"single quotes", "{'a':1," META "}", 0, 0, BAD, "byte 1 "},
  {"null", "{" META ",\"g.a\":null}", 0, 0, BAD, "good text"},
  {"not UTF-8", "{" META ",\"g.\xff\":{}}", 0, 0, BAD, "UTF-8"},
  {"control character", "{" META ",\"g.\n\":{}}", 0, 0, BAD, "good text"},
  {"escaped NUL", "{" META ",\"g.a\\u0000\":{}}", 0, 0, BAD, "good text"},
  {"unknown escape", "{" META ",\"g.\\x\":{}}", 0, 0, BAD, "good text"},
  {"short escape", "{" META ",\"g.\\u00", 0, 0, BAD, "good text"},
  {"wrong escape", "{" META ",\"g.\\u00g0\":{}}", 0, 0, BAD, "good text"},
  {"high surrogate alone", "{" META ",\"\\ud83d\":\"" DEEP10 "\"}", 0, 0, BAD,
      "good text"},
  {"two high surrogates", "{" META ",\"\\ud83d\\ud83d\":1}", 0, 0, BAD,
      "good text"},
  {"low surrogate alone", "{" META ",\"\\ude00\":1}", 0, 0, BAD, "good text"},
  {"depth 4", "{" META ",\"g.a\":{\"shape\":[[1]]}}", 0, 0, BAD, "deeper"},
  {"depth 800", "{" META ",\"g.a\":" DEEP100 DEEP100 DEEP100 DEEP100 DEEP100
        DEEP100 DEEP100 DEEP100 DEEP100 DEEP100, 0, 0, BAD, "deeper"},
  {"duplicate tensor", "{" META A A "}", 16, 0, BAD, "\"g.a\" twice"},
  {"duplicate tensor, escaped", "{" META A TENSOR ("g.\\u0061", "F64", "[2]",
          "[0,16]") "}", 16, 0, BAD, "\"g.a\" twice"},
  {"duplicate metadata", "{" META "," META "}", 0, 0, BAD, "twice"},
  {"duplicate string", "{\"__metadata__\":{" FORMAT "," FORMAT "}}", 0, 0, BAD,
      "\"asd.format\" twice"},
  {"duplicate shape", "{" META ",\"g.a\":{\"dtype\":\"U8\",\"shape\":[1],"
        "\"shape\":[1],\"data_offsets\":[0,1]}}", 1, 0, BAD, "\"shape\" twice"},

  /* Metadata */
  {"nothing at all", "{}", 0, 0, BAD, "not a gst-asd model"},
  {"another's safetensors", "{\"weight\":{\"dtype\":\"F16\",\"shape\":[1],"
        "\"data_offsets\":[0,2]}}", 2, 0, BAD, "not a gst-asd model"},
  {"another's metadata", "{\"__metadata__\":{\"format\":\"pt\"}}", 0, 0, BAD,
      "not a gst-asd model"},
  {"metadata no object", "{\"__metadata__\":[\"asd.format\"]}", 0, 0, BAD,
      "not a JSON object"},
  {"metadata a text", "{\"__metadata__\":\"1\"}", 0, 0, BAD,
      "not a JSON object"},
  {"metadata a number", "{\"__metadata__\":{\"asd.format\":1}}", 0, 0, BAD,
      "\"asd.format\" is not a string"},
  {"metadata a list", "{\"__metadata__\":{" FORMAT ",\"asd.a\":[]}}", 0, 0, BAD,
      "\"asd.a\" is not a string"},
  {"next version", "{\"__metadata__\":{\"asd.format\":\"2\",\"new\":\"x\"}}", 0,
      0, ASD_ERROR_VERSION, "format 2, this gst-asd reads format 1; update"},
  {"version 0", "{\"__metadata__\":{\"asd.format\":\"0\"}}", 0, 0, BAD,
      "not a version"},
  {"version x", "{\"__metadata__\":{\"asd.format\":\"x\\n\"}}", 0, 0, BAD,
      "not a version"},
  {"version huge", "{\"__metadata__\":{\"asd.format\":"
        "\"99999999999999999999\"}}", 0, 0, BAD, "not a version"},
  {"key without stage", "{\"__metadata__\":{" FORMAT ",\"caps\":\"x\"}}", 0, 0,
      BAD, "\"caps\" is not named STAGE.KEY"},
  {"key in capitals", "{\"__metadata__\":{" FORMAT ",\"g.Caps\":\"x\"}}", 0, 0,
      BAD, "STAGE.KEY"},
  {"empty key", "{\"__metadata__\":{" FORMAT ",\"\":\"x\"}}", 0, 0, BAD,
      "STAGE.KEY"},
  {"key with a newline", "{\"__metadata__\":{" FORMAT ",\"g.\\n\":\"x\"}}", 0,
      0, BAD, "\"g.\\n\" is not named"},
  {"text of a stage without kind", "{\"__metadata__\":{" FORMAT
        ",\"g.caps\":\"x\"}}", 0, 0, BAD, "stage \"g\" has no kind"},
  {"tensor of a stage without kind", "{" META TENSOR ("h.a", "U8", "[]",
          "[0,1]") "}", 1, 0, BAD, "stage \"h\" has no kind"},
  {"empty kind", "{\"__metadata__\":{" FORMAT ",\"g.kind\":\"\"}}", 0, 0, BAD,
      "no kind"},

  /* Tensors */
  {"no stage", "{" META TENSOR ("a", "U8", "[]", "[0,1]") "}", 1, 0, BAD,
      "\"a\" is not named STAGE.TENSOR"},
  {"stage asd", "{" META TENSOR ("asd.a", "U8", "[]", "[0,1]") "}", 1, 0, BAD,
      "STAGE.TENSOR"},
  {"empty tensor name", "{" META TENSOR ("g.", "U8", "[]", "[0,1]") "}", 1, 0,
      BAD, "STAGE.TENSOR"},
  {"empty part", "{" META TENSOR ("g.a..b", "U8", "[]", "[0,1]") "}", 1, 0, BAD,
      "STAGE.TENSOR"},
  {"dot at the end", "{" META TENSOR ("g.a.", "U8", "[]", "[0,1]") "}", 1, 0,
      BAD, "STAGE.TENSOR"},
  {"long name", "{" META TENSOR ("g.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaa", "U8", "[]", "[0,1]") "}", 1, 0, BAD,
      "STAGE.TENSOR"},
  {"tensor a number", "{" META ",\"g.a\":1}", 0, 0, BAD, "\"g.a\""},
  {"tensor without members", "{" META ",\"g.a\":{}}", 0, 0, BAD, "dtype"},
  {"unknown dtype", "{" META TENSOR ("g.a", "BF16", "[1]", "[0,2]") "}", 2, 0,
      BAD, "unknown dtype"},
  {"dtype a number", "{" META ",\"g.a\":{\"dtype\":8,\"shape\":[1],"
        "\"data_offsets\":[0,1]}}", 1, 0, BAD, "unknown dtype"},
  {"no shape", "{" META ",\"g.a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}",
      1, 0, BAD, "shape"},
  {"shape a number", "{" META TENSOR ("g.a", "U8", "1", "[0,1]") "}", 1, 0, BAD,
      "shape"},
  {"shape of text", "{" META TENSOR ("g.a", "U8", "[\"1\"]", "[0,1]") "}", 1, 0,
      BAD, "shape"},
  {"negative shape", "{" META TENSOR ("g.a", "U8", "[-1]", "[0,1]") "}", 1, 0,
      BAD, "non-negative integer"},
  {"negative, wrapping to 1", "{" META TENSOR ("g.a", "U8",
          "[-18446744073709551615]", "[0,1]") "}", 1, 0, BAD, "integer"},
  {"fraction", "{" META TENSOR ("g.a", "U8", "[1.0]", "[0,1]") "}", 1, 0, BAD,
      "integer"},
  {"exponent", "{" META TENSOR ("g.a", "U8", "[1e0]", "[0,1]") "}", 1, 0, BAD,
      "integer"},
  {"octal", "{" META TENSOR ("g.a", "U8", "[01]", "[0,1]") "}", 1, 0, BAD,
      "integer"},
  {"too many digits", "{" META TENSOR ("g.a", "U8", "[18446744073709551617]",
          "[0,1]") "}", 1, 0, BAD, "15 digits"},
  {"overflow", "{" META TENSOR ("g.a", "U8", "[8589934592,8589934592]",
          "[0,1]") "}", 1, 0, BAD, "too large"},
  {"overflow by the item", "{" META TENSOR ("g.a", "F64",
          "[4611686018427,1000000]", "[0,8]") "}", 8, 0, BAD, "too large"},
  {"overflow times 0", "{" META TENSOR ("g.a", "U8",
          "[8589934592,8589934592,0]", "[0,0]") "}", 0, 0, BAD, "too large"},
  {"9 dimensions", "{" META TENSOR ("g.a", "U8", "[1,1,1,1,1,1,1,1,1]",
          "[0,1]") "}", 1, 0, BAD, "at most 8"},
  {"no offsets", "{" META ",\"g.a\":{\"dtype\":\"U8\",\"shape\":[]}}", 1, 0,
        BAD,
      "offsets"},
  {"one offset", "{" META TENSOR ("g.a", "U8", "[]", "[0]") "}", 1, 0, BAD,
      "two integers"},
  {"three offsets", "{" META TENSOR ("g.a", "U8", "[]", "[0,1,1]") "}", 1, 0,
      BAD, "two integers"},
  {"offset of text", "{" META TENSOR ("g.a", "U8", "[]", "[0,\"1\"]") "}", 1, 0,
      BAD, "two integers"},
  {"end before begin", "{" META TENSOR ("g.a", "U8", "[]", "[1,0]") "}", 1, 0,
      BAD, "ends before it begins"},
  {"behind the file", "{" META A "}", 15, 0, BAD, "1 bytes behind the file"},
  {"too few bytes", "{" META TENSOR ("g.a", "F64", "[3]", "[0,16]") "}", 16, 0,
      BAD, "16 bytes, its shape says 24"},
  {"too many bytes", "{" META TENSOR ("g.a", "F64", "[1]", "[0,16]") "}", 16, 0,
      BAD, "16 bytes, its shape says 8"},
  {"a member too many", "{" META ",\"g.a\":{\"dtype\":\"U8\",\"shape\":[],"
        "\"data_offsets\":[0,1],\"x\":1}}", 1, 0, BAD, "more than"},
  {"not aligned", "{" META TENSOR ("g.b", "U8", "[4]", "[0,4]")
        TENSOR ("g.a", "F64", "[1]", "[4,12]") "}", 12, 0, BAD,
      "\"g.a\" is not aligned"},
  {"overlap", "{" META A TENSOR ("g.b", "F64", "[1]", "[8,16]") "}", 16, 0, BAD,
      "\"g.b\" overlaps"},
  {"the same bytes twice", "{" META A TENSOR ("g.b", "F64", "[2]", "[0,16]")
      "}", 16, 0, BAD, "overlaps"},
  {"empty tensor within", "{" META A TENSOR ("g.b", "U8", "[0]", "[8,8]") "}",
      16, 0, BAD, "\"g.b\" overlaps"},
  {"hole at the begin", "{" META TENSOR ("g.a", "F64", "[1]", "[8,16]") "}", 16,
      0, BAD, "hole before tensor \"g.a\""},
  {"hole between", "{" META A TENSOR ("g.b", "U8", "[1]", "[17,18]") "}", 18, 0,
      BAD, "hole before tensor \"g.b\""},
  {"trailing byte", "{" META A "}", 17, 0, BAD, "1 bytes belong to no tensor"},
  {"NaN F64", "{" META A "}", 16, 0xff, BAD, "\"g.a\" has a value that is not"},
  {"NaN F32", "{" META TENSOR ("g.a", "F32", "[1]", "[0,4]") "}", 4, 0xff, BAD,
      "not finite"},
};

/* A file from a header and data. */
static GByteArray *
build (const char *header, gsize n_data, guint8 fill)
{
  GByteArray *file = g_byte_array_new ();
  gsize size = strlen (header), padded = (size + 7) / 8 * 8;
  guint64 length = GUINT64_TO_LE (padded);

  g_byte_array_append (file, (guint8 *) & length, 8);
  g_byte_array_append (file, (const guint8 *) header, size);
  g_byte_array_set_size (file, 8 + padded + n_data);
  memset (file->data + 8 + size, ' ', padded - size);
  memset (file->data + 8 + padded, fill, n_data);
  return file;
}

/* By memory and by file. */
static void
check (const char *what, const guint8 * data, gsize size, int code,
    const char *text)
{
  GError *error = NULL;
  AsdModel *model = asd_model_parse (data, size, "mem.asd", &error);

  if (code == GOOD) {
    fail_unless (model != NULL, "%s: %s", what,
        error != NULL ? error->message : "");
    asd_model_unref (model);
  } else {
    fail_unless (model == NULL, "%s: it was read", what);
    fail_unless (strstr (error->message, text) != NULL, "%s: \"%s\" lacks "
        "\"%s\"", what, error->message, text);
    assert_error (&error, ASD_ERROR, code, "mem.asd");
  }
  fail_unless (g_file_set_contents (path, (const char *) data, size, NULL));
  model = asd_model_load (path, &error);
  fail_unless ((model != NULL) == (code == GOOD), "%s", what);
  if (model != NULL)
    asd_model_unref (model);
  else
    assert_error (&error, ASD_ERROR, code, path);
}

GST_START_TEST (test_variants)
{
  for (gsize i = 0; i < G_N_ELEMENTS (variants); i++) {
    const Variant *v = &variants[i];
    GByteArray *file = build (v->header, v->n_data, v->fill);

    check (v->what, file->data, file->len, v->code, v->text);
    g_byte_array_unref (file);
  }
}

GST_END_TEST;

/* What no header text can say. */
GST_START_TEST (test_lengths)
{
  GByteArray *file = build ("{" META A "}", 16, 0);
  guint64 length, good;
  guint32 infinity = GUINT32_TO_LE (0x7f800000);

  memcpy (&good, file->data, 8);
  good = GUINT64_FROM_LE (good);
  check ("empty", file->data, 0, BAD, "empty");
  check ("7 bytes", file->data, 7, BAD, "7 bytes");
  check ("8 bytes", file->data, 8, BAD, "truncated");
#define LENGTH(what, n, text) length = GUINT64_TO_LE (n); \
  memcpy (file->data, &length, 8); \
  check (what, file->data, file->len, BAD, text)
  LENGTH ("no header", 0, "a header of 0 bytes");
  LENGTH ("over 1 MiB", ASD_MODEL_MAX_HEADER + 8, "1048584");
  LENGTH ("over the file", ASD_MODEL_MAX_HEADER, "truncated");
  LENGTH ("one over the file", file->len - 7, "truncated");
  LENGTH ("header over all", G_MAXUINT64, "not a gst-asd model");
  LENGTH ("not a multiple of 8", good - 1, "aligned");
  LENGTH ("a part of the header", good - 8, "in the middle");
  LENGTH ("a part of the tensors", good + 8, "");
  g_byte_array_unref (file);

  file = build ("{" META A "}", 16, 0);
  file->data[8 + 5] = '\0';
  check ("NUL", file->data, file->len, BAD, "UTF-8");
  g_byte_array_unref (file);

  file = build ("{" META TENSOR ("g.a", "F32", "[2]", "[0,8]") "}", 8, 0);
  memcpy (file->data + file->len - 4, &infinity, 4);
  check ("infinity", file->data, file->len, BAD, "not finite");
  g_byte_array_unref (file);
}

GST_END_TEST;

/* 256 tensors are good, 257 are not; the depth is bounded before any parser
 * recurses, with as many brackets as fit. */
GST_START_TEST (test_many)
{
  for (int n = ASD_MODEL_MAX_TENSORS; n <= ASD_MODEL_MAX_TENSORS + 1; n++) {
    GString *header = g_string_new ("{" META);
    GByteArray *file;

    for (int i = 0; i < n; i++)
      g_string_append_printf (header, ",\"g.t%d\":{\"dtype\":\"U8\","
          "\"shape\":[1],\"data_offsets\":[%d,%d]}", i, i, i + 1);
    g_string_append_c (header, '}');
    file = build (header->str, n, 1);
    check ("many tensors", file->data, file->len,
        n > ASD_MODEL_MAX_TENSORS ? (int) BAD : GOOD, "257 tensors");
    g_byte_array_unref (file);
    g_string_free (header, TRUE);
  }
  for (guint i = 0; i < 2; i++) {
    g_autofree char *text = g_strnfill (ASD_MODEL_MAX_HEADER, "[{"[i]);
    GByteArray *file;

    text[0] = '{';
    file = build (text, 0, 0);
    check ("1 MiB of brackets", file->data, file->len, BAD, "deeper");
    g_byte_array_unref (file);
  }
}

GST_END_TEST;

/* A small model that has all types. */
static GBytes *
write_small (void)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  static const gint64 values[2] = { 1, 0x4000000000000000 };
  gsize n = 2;

  asd_model_writer_set_model_string (writer, "recipe", "asdmodspec ! \xc3\xbc");
  asd_model_writer_set_stage (writer, "g", "graph");
  asd_model_writer_add_f64 (writer, "a", (const double *) values, 1, &n);
  asd_model_writer_add_f32 (writer, "b", (const float *) values, 1, &n);
  asd_model_writer_add_i64 (writer, "c", values, 1, &n);
  asd_model_writer_set_stage (writer, "h", "lof");
  asd_model_writer_add_i32 (writer, "a", (const gint32 *) values, 1, &n);
  asd_model_writer_add_u8 (writer, "b", (const guint8 *) values, 1, &n);
  commit (writer, path);
  return read_file (path);
}

GST_START_TEST (test_truncated)
{
  g_autoptr (GBytes) bytes = write_small ();
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize n = 0; n < size; n++) {
    /* A block of its own, so that ASan sees each byte too far. */
    guint8 *part = g_memdup2 (data, n);
    GError *error = NULL;

    fail_unless (asd_model_parse (part, n, "cut", &error) == NULL, "%u bytes",
        (guint) n);
    assert_error (&error, ASD_ERROR, ASD_ERROR_FORMAT, "cut: ");
    g_free (part);
  }
}

GST_END_TEST;

/* Touches all that a model says. */
static void
read_all (AsdModel * model)
{
  char **stages = asd_model_list_stages (model);
  double sum = 0;

  for (char **stage = stages; *stage != NULL; stage++) {
    g_autoptr (AsdModelSection) section = asd_model_get_section (model, *stage,
        NULL);
    g_autofree AsdModelTensorInfo *infos = NULL;
    gsize n;

    fail_unless (section != NULL);
    infos = asd_model_section_list_tensors (section, &n);
    for (gsize i = 0; i < n; i++) {
      const double *values = asd_model_section_get_f64 (section, infos[i].name,
          infos[i].n_dims, NULL, NULL);

      for (gsize k = 0; values != NULL && k < infos[i].size / 8; k++)
        sum += values[k];
    }
  }
  fail_if (sum != sum);
  g_strfreev (stages);
}

/* Most are refused, some are other good models; nothing else happens. */
GST_START_TEST (test_flipped)
{
  static const guint8 masks[] = { 1, 2, 4, 8, 16, 32, 64, 128, 0xff };
  g_autoptr (GBytes) bytes = write_small ();
  gsize size, header_size, n_good = 0, n_bad = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  guint8 *flipped = g_memdup2 (data, size);

  /* The tensors: 2 items of each of 5 types. */
  header_size = size - 2 * (8 + 8 + 4 + 4 + 1);
  for (gsize i = 0; i < header_size; i++) {
    for (gsize k = 0; k < G_N_ELEMENTS (masks); k++) {
      GError *error = NULL;
      AsdModel *model;

      flipped[i] = data[i] ^ masks[k];
      model = asd_model_parse (flipped, size, "flipped", &error);
      fail_unless ((model == NULL) == (error != NULL));
      if (model != NULL) {
        read_all (model);
        asd_model_unref (model);
        n_good++;
      } else {
        fail_unless (error->domain == ASD_ERROR);
        assert_error (&error, ASD_ERROR, error->code, "flipped: ");
        n_bad++;
      }
    }
    flipped[i] = data[i];
  }
  g_free (flipped);
  /* The recipe and the names may change, the rest may not. */
  fail_unless (n_good > 0 && n_good < n_bad / 2, "%u good, %u bad",
      (guint) n_good, (guint) n_bad);
}

GST_END_TEST;

GST_START_TEST (test_no_files)
{
  GError *error = NULL;
  int fd;

  fail_unless (asd_model_load (path, &error) == NULL);
  assert_error (&error, G_FILE_ERROR, G_FILE_ERROR_NOENT, path);
  fail_unless (asd_model_load (folder, &error) == NULL);
  assert_error (&error, G_FILE_ERROR, G_FILE_ERROR_ISDIR, folder);
  fail_unless (asd_model_load ("/dev/zero", &error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_FORMAT, "/dev/zero");
  fail_unless (mkfifo (path, 0600) == 0);
  fail_unless (asd_model_load (path, &error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_FORMAT, path);
  g_unlink (path);

  /* More than 4 GiB, but a hole: no memory is asked for. */
  fd = g_open (path, O_CREAT | O_WRONLY, 0600);
  fail_unless (ftruncate (fd, (off_t) ASD_MODEL_MAX_SIZE + 1) == 0);
  close (fd);
  fail_unless (asd_model_load (path, &error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_FORMAT, "4294967297 bytes");
}

GST_END_TEST;

GST_START_TEST (test_unreadable)
{
  g_autoptr (GBytes) bytes = write_small ();
  int status = -1;
  pid_t child;

  fail_unless (g_chmod (folder, 0755) == 0 && g_chmod (path, 0200) == 0);
  child = fork ();
  if (child == 0) {
    GError *error = NULL;

    /* root may read anything. */
    if (geteuid () == 0 && setuid (65534) != 0)
      _exit (2);
    if (asd_model_load (path, &error) != NULL)
      _exit (3);
    _exit (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_ACCES));
  }
  fail_unless (child > 0 && waitpid (child, &status, 0) == child);
  fail_unless (WIFEXITED (status));
  assert_equals_int (WEXITSTATUS (status), 0);
}

GST_END_TEST;

static Suite *
modelcorrupt_suite (void)
{
  Suite *suite = suite_create ("modelcorrupt");
  TCase *tcase = tcase_create ("files");

  tcase_add_checked_fixture (tcase, setup_folder, teardown_folder);
  tcase_add_test (tcase, test_variants);
  tcase_add_test (tcase, test_lengths);
  tcase_add_test (tcase, test_many);
  tcase_add_test (tcase, test_truncated);
  tcase_add_test (tcase, test_flipped);
  tcase_add_test (tcase, test_no_files);
  tcase_add_test (tcase, test_unreadable);
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (modelcorrupt);
