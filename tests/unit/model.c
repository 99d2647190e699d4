/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Values that go into a model file and what comes back. */

#include "modeltest.h"

#include <float.h>
#include <math.h>

static const double doubles[] = {
  0.0, -0.0, 1.0 / 3, -DBL_MAX, DBL_MIN, 4.9406564584124654e-324, DBL_EPSILON
};

static const float floats[] = { 0.1f, -FLT_MAX, FLT_MIN, -0.0f };
static const gint64 longs[] = { G_MININT64, -1, 0, G_MAXINT64 };
static const gint32 ints[] = { G_MININT32, 1, G_MAXINT32 };
static const guint8 bytes[] = { 0, 1, 255, '\n', 128 };

#define RECIPE "asdmodspec ! asdgraph\n\t\"quoted\" \\ \x01\x7f \xc3\xbc " \
  "\xf0\x9f\x98\x80"

/* One of everything. */
static void
fill (AsdModelWriter * writer)
{
  gsize shape[ASD_MODEL_MAX_DIMS] = { 1, 7, 1, 1, 1, 1, 1, 1 };

  asd_model_writer_set_model_string (writer, "recipe", RECIPE);
  asd_model_writer_set_model_string (writer, "seed", "");
  asd_model_writer_set_stage (writer, "graph", "graph");
  asd_model_writer_set_string (writer, "caps", "modspec 60x8");
  asd_model_writer_add_f64 (writer, "f64", doubles, 8, shape);
  asd_model_writer_add_f64 (writer, "single", &doubles[2], 0, NULL);
  shape[0] = 2;
  shape[1] = 2;
  asd_model_writer_add_f32 (writer, "f32", floats, 2, shape);
  asd_model_writer_add_i64 (writer, "i64", longs, 2, shape);
  asd_model_writer_set_stage (writer, "2nd_stage-x", "lof");
  shape[0] = 3;
  asd_model_writer_add_i32 (writer, "i32", ints, 1, shape);
  shape[0] = 5;
  asd_model_writer_add_u8 (writer, "u8", bytes, 1, shape);
  shape[0] = 0;
  shape[1] = 4;
  asd_model_writer_add_f64 (writer, "none", NULL, 2, shape);
  asd_model_writer_add_u8 (writer, "nothing", NULL, 1, shape);
  asd_model_writer_set_int64 (writer, "count", G_MININT64);
}

static AsdModelSection *
get_section (AsdModel * model, const char *stage)
{
  GError *error = NULL;
  AsdModelSection *section = asd_model_get_section (model, stage, &error);

  fail_unless (section != NULL, "%s", error != NULL ? error->message : "");
  return section;
}

static void
assert_list (char **list, const char *expected)
{
  g_autofree char *joined = g_strjoinv (" ", list);

  assert_equals_string (joined, expected);
  g_strfreev (list);
}

GST_START_TEST (test_strings)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModelSection) section = NULL;
  AsdModel *model;

  fill (writer);
  commit (writer, path);
  model = load (path);
  assert_equals_string (asd_model_get_name (model), path);
  assert_equals_string (asd_model_get_string (model, "recipe"), RECIPE);
  assert_equals_string (asd_model_get_string (model, "seed"), "");
  assert_equals_string (asd_model_get_string (model, "format"), "1");
  fail_unless (asd_model_get_string (model, "caps") == NULL);
  assert_list (asd_model_list_strings (model), "format recipe seed");
  assert_list (asd_model_list_stages (model), "2nd_stage-x graph");

  section = get_section (model, "graph");
  /* The section keeps its model. */
  asd_model_unref (model);
  assert_equals_string (asd_model_section_get_stage (section), "graph");
  assert_equals_string (asd_model_section_get_kind (section), "graph");
  assert_equals_string (asd_model_section_get_string (section, "caps"),
      "modspec 60x8");
  fail_unless (asd_model_section_get_string (section, "recipe") == NULL);
  assert_list (asd_model_section_list_strings (section), "caps kind");
  fail_unless (asd_model_section_get_model (section) == model);
}

GST_END_TEST;

/* Equal bits, not only equal values: -0.0 == 0.0. */
#define assert_values(values, expected) G_STMT_START {                      \
  fail_unless ((values) != NULL, "%s", error != NULL ? error->message : ""); \
  fail_unless (memcmp ((values), (expected), sizeof (expected)) == 0);      \
} G_STMT_END

GST_START_TEST (test_tensors)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModel) model = NULL;
  g_autoptr (AsdModelSection) graph = NULL, second = NULL;
  gsize shape[ASD_MODEL_MAX_DIMS] = { 0, };
  GError *error = NULL;
  const double *single;

  fill (writer);
  commit (writer, path);
  model = load (path);
  graph = get_section (model, "graph");
  second = get_section (model, "2nd_stage-x");

  assert_values (asd_model_section_get_f64 (graph, "f64", 8, shape, &error),
      doubles);
  fail_unless (shape[0] == 1 && shape[1] == 7 && shape[7] == 1);
  single = asd_model_section_get_f64 (graph, "single", 0, NULL, &error);
  fail_unless (single != NULL && *single == doubles[2]);
  shape[0] = 0;
  shape[1] = 2;
  assert_values (asd_model_section_get_f32 (graph, "f32", 2, shape, &error),
      floats);
  fail_unless (shape[0] == 2 && shape[1] == 2);
  assert_values (asd_model_section_get_i64 (graph, "i64", 2, NULL, &error),
      longs);
  assert_values (asd_model_section_get_i32 (second, "i32", 1, NULL, &error),
      ints);
  assert_values (asd_model_section_get_u8 (second, "u8", 1, NULL, &error),
      bytes);

  shape[0] = shape[1] = 0;
  fail_unless (asd_model_section_get_f64 (second, "none", 2, shape, &error)
      != NULL);
  fail_unless (shape[0] == 0 && shape[1] == 4);
  fail_unless (asd_model_section_get_u8 (second, "nothing", 1, shape, &error)
      != NULL);
  fail_unless (asd_model_section_has_tensor (second, "none"));
  fail_if (asd_model_section_has_tensor (second, "f64"));
}

GST_END_TEST;

/* On their own, as nothing but their bits may be looked at: some libraries that
 * plugins load make the processor take denormals for 0. */
GST_START_TEST (test_denormals)
{
  static const guint32 bits32[2] = { 1, 0x807fffff };
  static const guint64 bits64[2] =
      { 1, G_GUINT64_CONSTANT (0x800fffffffffffff) };
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModel) model = NULL;
  g_autoptr (AsdModelSection) section = NULL;
  GError *error = NULL;
  gsize n = 2;

  asd_model_writer_set_stage (writer, "s", "test");
  asd_model_writer_add_f32 (writer, "f32", (const float *) bits32, 1, &n);
  asd_model_writer_add_f64 (writer, "f64", (const double *) bits64, 1, &n);
  commit (writer, path);
  model = load (path);
  section = get_section (model, "s");
  assert_values (asd_model_section_get_f32 (section, "f32", 1, &n, &error),
      bits32);
  assert_values (asd_model_section_get_f64 (section, "f64", 1, &n, &error),
      bits64);
}

GST_END_TEST;

GST_START_TEST (test_list_tensors)
{
  static const char *const expected[] = { "i32 I32 12:3", "none F64 0:0,4",
    "nothing U8 0:0", "u8 U8 5:5"
  };
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModel) model = NULL;
  g_autoptr (AsdModelSection) section = NULL;
  g_autofree AsdModelTensorInfo *infos = NULL;
  gsize n;

  fill (writer);
  commit (writer, path);
  model = load (path);
  section = get_section (model, "2nd_stage-x");
  infos = asd_model_section_list_tensors (section, &n);
  assert_equals_uint64 (n, G_N_ELEMENTS (expected));
  for (gsize i = 0; i < n; i++) {
    GString *text = g_string_new (NULL);

    g_string_printf (text, "%s %s %" G_GSIZE_FORMAT, infos[i].name,
        infos[i].dtype, infos[i].size);
    for (gsize k = 0; k < infos[i].n_dims; k++)
      g_string_append_printf (text, "%c%" G_GSIZE_FORMAT, k == 0 ? ':' : ',',
          infos[i].shape[k]);
    assert_equals_string (text->str, expected[i]);
    g_string_free (text, TRUE);
  }
}

GST_END_TEST;

GST_START_TEST (test_numbers)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModel) model = NULL;
  g_autoptr (AsdModelSection) section = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  double numbers[500], value = 42;
  gint64 count = 42;
  GError *error = NULL;

  memcpy (numbers, doubles, sizeof (doubles));
  for (gsize i = G_N_ELEMENTS (doubles); i < G_N_ELEMENTS (numbers); i++)
    numbers[i] = ldexp (g_rand_double_range (random, -1, 1),
        g_rand_int_range (random, -1074, 1024));
  asd_model_writer_set_stage (writer, "s", "test");
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autofree char *key = g_strdup_printf ("n%u", (guint) i);

    asd_model_writer_set_double (writer, key, numbers[i]);
  }
  asd_model_writer_set_int64 (writer, "count", G_MININT64);
  asd_model_writer_set_string (writer, "nan", "nan");
  asd_model_writer_set_string (writer, "text", "12 apples");
  asd_model_writer_set_string (writer, "empty", "");
  commit (writer, path);

  model = load (path);
  section = get_section (model, "s");
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autofree char *key = g_strdup_printf ("n%u", (guint) i);

    fail_unless (asd_model_section_get_double (section, key, &value, &error));
    fail_unless (memcmp (&value, &numbers[i], sizeof (value)) == 0, "%a %a",
        value, numbers[i]);
  }
  fail_unless (asd_model_section_get_int64 (section, "count", &count, &error));
  fail_unless (count == G_MININT64);

  for (guint i = 0; i < 3; i++) {
    static const char *const keys[] = { "nan", "text", "empty" };

    value = 42;
    fail_if (asd_model_section_get_double (section, keys[i], &value, &error));
    assert_error (&error, ASD_ERROR, ASD_ERROR_FORMAT, keys[i]);
    fail_if (asd_model_section_get_int64 (section, keys[i], &count, &error));
    assert_error (&error, ASD_ERROR, ASD_ERROR_FORMAT, path);
  }
  fail_if (asd_model_section_get_double (section, "gone", &value, &error));
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISSING, "gone");
  fail_if (asd_model_section_get_int64 (section, "gone", &count, &error));
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISSING, path);
  fail_unless (value == 42 && count == G_MININT64);
}

GST_END_TEST;

GST_START_TEST (test_wrong_questions)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModel) model = NULL;
  g_autoptr (AsdModelSection) section = NULL;
  gsize shape[2] = { 0, 3 };
  GError *error = NULL;

  fill (writer);
  commit (writer, path);
  model = load (path);
  fail_unless (asd_model_get_section (model, "lof", &error) == NULL);
  fail_unless (strstr (error->message, "2nd_stage-x, graph") != NULL
      && strstr (error->message, "stage=") != NULL, "%s", error->message);
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISSING, path);
  fail_unless (asd_model_get_section (model, "asd", &error) == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISSING, path);

  section = get_section (model, "graph");
  fail_unless (asd_model_section_get_f32 (section, "f32", 2, shape, &error)
      == NULL);
  fail_unless (strstr (error->message, "F32 2 x 2") != NULL
      && strstr (error->message, "F32 0 x 3") != NULL, "%s", error->message);
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISMATCH, path);
  fail_unless (shape[0] == 0 && shape[1] == 3);
  fail_unless (asd_model_section_get_f32 (section, "f32", 1, NULL, &error)
      == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISMATCH, "graph.f32");
  fail_unless (asd_model_section_get_f64 (section, "f32", 2, NULL, &error)
      == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISMATCH, "F64");
  fail_unless (asd_model_section_get_i64 (section, "i32", 1, NULL, &error)
      == NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_MISSING, "i32");
  fail_if (asd_model_section_refuse (section, &error, "%d is odd", 3));
  fail_unless (strstr (error->message, "3 is odd") != NULL);
  assert_error (&error, ASD_ERROR, ASD_ERROR_FORMAT, "graph");
}

GST_END_TEST;

/* The bytes depend neither on the order of the calls nor on what was there. */
GST_START_TEST (test_same_bytes)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModelWriter) other = asd_model_writer_new ();
  g_autoptr (GBytes) first = NULL;
  gsize two[2] = { 2, 2 }, shape[2] = { 0, 4 };
  gsize eight[8] = { 1, 7, 1, 1, 1, 1, 1, 1 };

  fill (writer);
  commit (writer, path);
  first = read_file (path);
  commit (writer, path);
  assert_bytes (path, first);

  asd_model_writer_set_stage (other, "2nd_stage-x", "lof");
  asd_model_writer_add_u8 (other, "u8", bytes, 1, (gsize[]) { 5 });
  asd_model_writer_add_u8 (other, "nothing", NULL, 1, shape);
  asd_model_writer_add_f64 (other, "none", NULL, 2, shape);
  asd_model_writer_add_i32 (other, "i32", ints, 1, (gsize[]) { 3 });
  asd_model_writer_set_int64 (other, "count", G_MININT64);
  commit (other, path);
  assert_bytes (path, first);
  fail_unless (g_unlink (path) == 0);
  commit (other, path);
  asd_model_writer_set_stage (other, "graph", "graph");
  asd_model_writer_add_i64 (other, "i64", longs, 2, two);
  asd_model_writer_add_f32 (other, "f32", floats, 2, two);
  asd_model_writer_add_f64 (other, "single", &doubles[2], 0, NULL);
  asd_model_writer_add_f64 (other, "f64", doubles, 8, eight);
  asd_model_writer_set_string (other, "caps", "modspec 60x8");
  asd_model_writer_set_model_string (other, "seed", "");
  asd_model_writer_set_model_string (other, "recipe", RECIPE);
  commit (other, path);
  assert_bytes (path, first);
}

GST_END_TEST;

/* asd_model_parse() copies: bytes at an odd address, gone afterwards. */
GST_START_TEST (test_parse)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (GBytes) file = NULL;
  g_autoptr (AsdModel) model = NULL;
  g_autoptr (AsdModelSection) section = NULL;
  GError *error = NULL;
  gsize size;
  guint8 *copy;

  fill (writer);
  commit (writer, path);
  file = read_file (path);
  size = g_bytes_get_size (file);
  copy = g_malloc (size + 1);
  memcpy (copy + 1, g_bytes_get_data (file, NULL), size);
  model = asd_model_parse (copy + 1, size, "memory", &error);
  fail_unless (model != NULL, "%s", error != NULL ? error->message : "");
  memset (copy, 0xff, size + 1);
  g_free (copy);
  section = get_section (model, "graph");
  assert_values (asd_model_section_get_f64 (section, "f64", 8, NULL, &error),
      doubles);
  assert_equals_string (asd_model_get_name (model), "memory");
}

GST_END_TEST;

/* Prints what tests/read_model.py prints. */
static void
describe_tensor (GString * text, const char *stage,
    const AsdModelTensorInfo * info, AsdModelSection * section)
{
  gsize n = info->n_dims;

  g_string_append_printf (text, "%s.%s %s [", stage, info->name, info->dtype);
  for (gsize i = 0; i < n; i++)
    g_string_append_printf (text, "%s%" G_GSIZE_FORMAT, i == 0 ? "" : ", ",
        info->shape[i]);
  g_string_append (text, "]");
#define VALUES(DTYPE, get, type, format, cast)                             \
  if (strcmp (info->dtype, DTYPE) == 0) {                                  \
    const type *values = get (section, info->name, n, NULL, NULL);         \
                                                                           \
    for (gsize i = 0; i < info->size / sizeof (type); i++)                 \
      g_string_append_printf (text, " %" format, (cast) values[i]);        \
  }
  VALUES ("F64", asd_model_section_get_f64, double, ".17g", double);
  VALUES ("F32", asd_model_section_get_f32, float, ".17g", double);
  VALUES ("I64", asd_model_section_get_i64, gint64, G_GINT64_FORMAT, gint64);
  VALUES ("I32", asd_model_section_get_i32, gint32, "d", int);
  VALUES ("U8", asd_model_section_get_u8, guint8, "d", int);
  g_string_append (text, "\n");
}

/* A reader that has none of our code, on what it must read alike. */
GST_START_TEST (test_independent_reader)
{
  const char *source = g_getenv ("ASD_SOURCE");
  g_autofree char *script = g_build_filename (source != NULL ? source : ".",
      "tests", "read_model.py", NULL);
  const char *argv[] = { "/usr/bin/python3", script, path, NULL };
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModel) model = NULL;
  g_autofree char *output = NULL;
  GString *expected = g_string_new (NULL);
  GError *error = NULL;
  int status;

  fill (writer);
  commit (writer, path);
  model = load (path);
  for (guint i = 0; i < 2; i++) {
    static const char *const stages[] = { "2nd_stage-x", "graph" };
    g_autoptr (AsdModelSection) section = get_section (model, stages[i]);
    g_autofree AsdModelTensorInfo *infos = NULL;
    gsize n;

    infos = asd_model_section_list_tensors (section, &n);
    for (gsize k = 0; k < n; k++)
      describe_tensor (expected, stages[i], &infos[k], section);
  }
  g_string_append (expected, "recipe " RECIPE "\n");
  fail_unless (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL,
          NULL, &output, NULL, &status, &error), "%s",
      error != NULL ? error->message : "");
  fail_unless (g_spawn_check_wait_status (status, &error), "%s",
      error != NULL ? error->message : "");
  assert_equals_string (output, expected->str);
  g_string_free (expected, TRUE);
}

GST_END_TEST;

static gpointer
use_model (gpointer data)
{
  for (guint i = 0; i < 2000; i++) {
    AsdModel *model = asd_model_ref (data);
    AsdModelSection *section = get_section (model, "graph");
    AsdModelSection *same = asd_model_section_ref (section);
    const double *values;

    asd_model_unref (model);
    asd_model_section_unref (section);
    values = asd_model_section_get_f64 (same, "f64", 8, NULL, NULL);
    fail_unless (values != NULL && values[2] == doubles[2]);
    asd_model_section_unref (same);
  }
  return NULL;
}

GST_START_TEST (test_threads)
{
  g_autoptr (AsdModelWriter) writer = asd_model_writer_new ();
  g_autoptr (AsdModel) model = NULL;
  GThread *threads[4];

  fill (writer);
  commit (writer, path);
  model = load (path);
  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new ("user", use_model, model);
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
}

GST_END_TEST;

static Suite *
model_suite (void)
{
  Suite *suite = suite_create ("model");
  TCase *tcase = tcase_create ("values");

  tcase_add_checked_fixture (tcase, setup_folder, teardown_folder);
  tcase_add_test (tcase, test_strings);
  tcase_add_test (tcase, test_tensors);
  tcase_add_test (tcase, test_denormals);
  tcase_add_test (tcase, test_list_tensors);
  tcase_add_test (tcase, test_numbers);
  tcase_add_test (tcase, test_wrong_questions);
  tcase_add_test (tcase, test_same_bytes);
  tcase_add_test (tcase, test_parse);
  tcase_add_test (tcase, test_independent_reader);
  tcase_add_test (tcase, test_threads);
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (model);
