/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../asdtest.h"

#include <asd/error.h>
#include <glib/gstdio.h>
#include <string.h>

#define DICT(descr, order, shape) \
    "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }"

/* A file of the given version; the header is padded as NumPy pads it. */
static GByteArray *
make_file (guint8 version, const char *dict, gsize n_data)
{
  GByteArray *file = g_byte_array_new ();
  gsize begin = version == 1 ? 10 : 12;
  gsize length = (begin + strlen (dict) + 64) / 64 * 64 - begin;
  guint8 start[12] = "\x93NUMPY";
  g_autofree char *text = g_strdup_printf ("%-*s\n", (int) length - 1, dict);

  start[6] = version;
  start[8] = length & 255;
  start[9] = length >> 8;
  g_byte_array_append (file, start, begin);
  g_byte_array_append (file, (guint8 *) text, length);
  for (gsize i = 0; i < n_data; i++) {
    guint8 byte = i;

    g_byte_array_append (file, &byte, 1);
  }
  return file;
}

static void
assert_refused (const guint8 * bytes, gsize size, const char *reason)
{
  g_autoptr (GError) error = NULL;
  AsdNpy *npy = asd_npy_parse (bytes, size, &error);

  fail_unless (npy == NULL, "accepted, expected '%s'", reason);
  fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_FORMAT));
  fail_unless (strstr (error->message, reason) != NULL,
      "'%s' does not say '%s'", error->message, reason);
  fail_unless (strchr (error->message, '\n') == NULL);
}

GST_START_TEST (test_versions)
{
  for (guint8 version = 1; version <= 3; version++) {
    GByteArray *file =
        make_file (version, DICT ("'<i4'", "False", "(2, 3)"), 24);
    GError *error = NULL;
    AsdNpy *npy = asd_npy_parse (file->data, file->len, &error);
    double *x;

    g_assert_no_error (error);
    fail_unless_equals_int (npy->type, ASD_NPY_I32);
    fail_unless_equals_int (npy->n_dims, 2);
    fail_unless_equals_int (npy->shape[0], 2);
    fail_unless_equals_int (npy->shape[1], 3);
    fail_unless_equals_int (npy->n_elements, 6);
    x = asd_npy_get_doubles (npy);
    fail_unless (x[1] == 0x07060504);
    g_free (x);
    asd_npy_free (npy);
    g_byte_array_unref (file);
  }
}

GST_END_TEST;

/* Other writers order, quote and space the header differently. */
GST_START_TEST (test_spelling)
{
  static const char *dicts[] = {
    "{\"shape\": (3,), \"fortran_order\": False, \"descr\": \"|u1\"}",
    "{'shape':(3),'descr':'|u1','fortran_order':False}",
    " { 'descr' : '|u1' , 'fortran_order' : False , 'shape' : ( 3 , ) , } ",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (dicts); i++) {
    GByteArray *file = make_file (1, dicts[i], 3);
    GError *error = NULL;
    AsdNpy *npy = asd_npy_parse (file->data, file->len, &error);

    g_assert_no_error (error);
    fail_unless_equals_int (npy->n_elements, 3);
    asd_npy_free (npy);
    g_byte_array_unref (file);
  }
}

GST_END_TEST;

GST_START_TEST (test_refused)
{
  static const struct
  {
    const char *dict;
    gsize n_data;
    const char *reason;
  } cases[] = {
    {DICT ("'<f4'", "True", "(2, 3)"), 24, "np.ascontiguousarray"},
    {DICT ("'<f4'", "Maybe", "(2, 3)"), 24, "fortran_order"},
    {DICT ("'>f4'", "False", "(2, 3)"), 24, "little endian"},
    {DICT ("'|O'", "False", "(2,)"), 24, "objects"},
    {DICT ("[('a', '<f4')]", "False", "(2,)"), 8, "structured"},
    {DICT ("'<f2'", "False", "(2,)"), 4, "'<f2'"},
    {DICT ("'<c8'", "False", "(2,)"), 16, "astype"},
    {DICT ("'|b1'", "False", "(2,)"), 2, "astype"},
    {DICT ("'<U40000000000000000000000000000000000000000'", "False", "(2,)"), 2,
        "type"},
    {DICT ("'<f4'", "False", "()"), 4, "np.atleast_1d"},
    {DICT ("'<f4'", "False", "(0, 3)"), 0, "empty"},
    {DICT ("'<f4'", "False", "(0, 18446744073709551615, 2)"), 0, "too large"},
    {DICT ("'<f4'", "False", "(2, -3)"), 24, "tuple"},
    {DICT ("'<f4'", "False", "(2 3)"), 24, "tuple"},
    {DICT ("'<f4'", "False", "(2, 3"), 24, "tuple"},
    {DICT ("'<f4'", "False", "[2, 3]"), 24, "tuple"},
    {DICT ("'<f4'", "False", "(2.0, 3)"), 24, "tuple"},
    {DICT ("'<f4'", "False", "(1,1,1,1,1,1,1,1,1)"), 4, "8 dimensions"},
    {DICT ("'<f4'", "False", "(4294967296, 4294967296)"), 0, "too large"},
    {DICT ("'<f8'", "False", "(2305843009213693952,)"), 0, "too large"},
    {DICT ("'<f4'", "False", "(99999999999999999999999,)"), 4, "too large"},
    {DICT ("'<f4'", "False", "(2, 3)"), 23, "truncated"},
    {DICT ("'<f4'", "False", "(2, 3)"), 0, "truncated"},
    {DICT ("'<f4'", "False", "(2, 3)"), 25, "damaged"},
    {"{'descr': '<f4', 'shape': (2,)}", 8, "dict"},
    {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, "
          "'shape': (2,)}", 8, "dict"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", 8,
        "dict"},
    {"{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}", 8, "dict"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", 8, "dict"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)", 8, "dict"},
    {"{'descr: 3", 8, "dict"},
    {"", 8, "dict"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GByteArray *file = make_file (1, cases[i].dict, cases[i].n_data);

    assert_refused (file->data, file->len, cases[i].reason);
    g_byte_array_unref (file);
  }
}

GST_END_TEST;

GST_START_TEST (test_refused_start)
{
  static const struct
  {
    gsize offset;
    guint8 value;
    const char *reason;
  } cases[] = {
    {0, 'x', "not a .npy"},
    {5, 'x', "not a .npy"},
    {6, 0, "version 0"},
    {6, 4, "version 4"},
    {7, 1, "version 2.1"},
    {8, 0, "dict"},
    {9, 1, "ends inside its header"},
    {10, 2, "more than any plain array needs"},
    {11, 255, "more than any plain array needs"},
    {20, 0, "zero byte"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GByteArray *file = make_file (2, DICT ("'<f4'", "False", "(2,)"), 8);

    if (cases[i].offset == 8)
      file->data[9] = 0;
    file->data[cases[i].offset] = cases[i].value;
    assert_refused (file->data, file->len, cases[i].reason);
    g_byte_array_unref (file);
  }
  assert_refused ((const guint8 *) "", 0, "ends inside its header");
}

GST_END_TEST;

/* Whatever one byte becomes, the result is an error or a whole array. */
GST_START_TEST (test_every_byte)
{
  GByteArray *file = make_file (1, DICT ("'<f4'", "False", "(2, 3)"), 24);
  int n_accepted = 0;

  for (gsize at = 0; at < file->len - 24; at++) {
    guint8 kept = file->data[at];

    for (int value = 0; value < 256; value++) {
      GError *error = NULL;
      AsdNpy *npy;

      file->data[at] = value;
      npy = asd_npy_parse (file->data, file->len, &error);
      fail_unless ((npy == NULL) == (error != NULL));
      if (npy != NULL) {
        fail_unless_equals_int (npy->n_elements
            * asd_npy_type_size (npy->type), 24);
        n_accepted++;
      }
      g_clear_error (&error);
      asd_npy_free (npy);
    }
    file->data[at] = kept;
  }
  /* At least where the byte stays what it was. */
  fail_unless (n_accepted >= (int) file->len - 24);
  g_byte_array_unref (file);
}

GST_END_TEST;

/* Every beginning of a header asks for more and never fails. */
GST_START_TEST (test_streaming)
{
  for (guint8 version = 1; version <= 3; version++) {
    GByteArray *file = make_file (version, DICT ("'<f8'", "False", "(5,)"), 40);
    gsize begin = file->len - 40;
    GError *error = NULL;
    AsdNpy info;

    for (gsize size = 0; size < begin; size++) {
      fail_unless_equals_int (asd_npy_parse_header (file->data, size, &info,
              &error), 0);
      g_assert_no_error (error);
    }
    fail_unless_equals_int (asd_npy_parse_header (file->data, begin, &info,
            &error), begin);
    fail_unless (info.data == NULL && info.n_elements == 5);
    g_byte_array_unref (file);
  }
}

GST_END_TEST;

GST_START_TEST (test_format_header)
{
  guint8 header[ASD_NPY_HEADER_SIZE];
  gsize large[] = { G_MAXSIZE, G_MAXSIZE, G_MAXSIZE, G_MAXSIZE };
  gsize shape[] = { 123456789, 0 };
  gsize ones[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
  AsdNpy info;

  fail_unless (asd_npy_format_header (ASD_NPY_F32, 1, shape, header));
  fail_unless_equals_int (header[ASD_NPY_HEADER_SIZE - 1], '\n');
  fail_unless_equals_int (asd_npy_parse_header (header, sizeof header, &info,
          NULL), ASD_NPY_HEADER_SIZE);
  fail_unless_equals_int (info.shape[0], 123456789);
  /* A size that is not known yet. */
  fail_unless (asd_npy_format_header (ASD_NPY_F32, 2, shape, header));
  fail_unless (asd_npy_format_header (ASD_NPY_F32, 8, ones, header));
  fail_if (asd_npy_format_header (ASD_NPY_F32, 0, ones, header));
  fail_if (asd_npy_format_header (ASD_NPY_F32, 9, ones, header));
  fail_if (asd_npy_format_header (ASD_NPY_F32, 4, large, header));
}

GST_END_TEST;

GST_START_TEST (test_round_trip)
{
  g_autofree char *folder = g_dir_make_tmp ("asd-npy-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "x.npy", NULL);
  g_autofree char *missing = g_build_filename (folder, "no", "x.npy", NULL);
  gint64 values[] = { -1, 0, 1, 1 << 24, -7, 250 };
  gsize shape[] = { 3, 2 };
  gsize huge[] = { G_MAXSIZE / 2, 8 };
  GError *error = NULL;
  AsdNpy *npy;
  float *x;

  fail_unless (asd_npy_save (path, ASD_NPY_I64, 2, shape, values, &error));
  npy = asd_npy_load (path, &error);
  g_assert_no_error (error);
  fail_unless (npy->type == ASD_NPY_I64 && npy->n_elements == 6);
  fail_unless (memcmp (npy->data, values, sizeof values) == 0);
  x = asd_npy_get_floats (npy);
  for (gsize i = 0; i < 6; i++)
    fail_unless (x[i] == values[i]);
  g_free (x);
  asd_npy_free (npy);

  /* What cannot be written leaves the old file. */
  fail_if (asd_npy_save (path, ASD_NPY_I64, 2, huge, values, &error));
  fail_unless (g_error_matches (error, ASD_ERROR, ASD_ERROR_DATA));
  g_clear_error (&error);
  npy = asd_npy_load (path, &error);
  g_assert_no_error (error);
  asd_npy_free (npy);

  fail_if (asd_npy_save (missing, ASD_NPY_I64, 2, shape, values, &error));
  fail_unless (error->domain == G_FILE_ERROR);
  g_clear_error (&error);
  fail_unless (asd_npy_load (missing, &error) == NULL);
  fail_unless (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
  g_clear_error (&error);

  fail_unless (g_file_set_contents (path, "text", -1, NULL));
  fail_unless (asd_npy_load (path, &error) == NULL);
  fail_unless (g_str_has_prefix (error->message, path));
  g_clear_error (&error);
  g_remove (path);
  g_rmdir (folder);
}

GST_END_TEST;

/* Files that NumPy wrote. */
GST_START_TEST (test_numpy_files)
{
  g_autoptr (AsdNpy) f64 = asd_test_load ("golden/graph/motor_train.npy");
  g_autoptr (AsdNpy) i32 = asd_test_load ("golden/graph/motor_cluster.npy");
  g_autoptr (AsdNpy) f32 =
      asd_test_load ("data/modspec/slider/id_00/train.npy");
  g_autoptr (AsdNpy) u8 =
      asd_test_load ("data/modspec/slider/id_00/test_labels.npy");

  fail_unless (f64->type == ASD_NPY_F64 && f64->shape[1] == 480);
  fail_unless (i32->type == ASD_NPY_I32 && i32->n_elements == 100);
  fail_unless (f32->type == ASD_NPY_F32 && f32->n_dims == 3);
  fail_unless (f32->shape[1] == 60 && f32->shape[2] == 8);
  fail_unless (u8->type == ASD_NPY_U8 && u8->n_dims == 1);
}

GST_END_TEST;

static Suite *
npy_suite (void)
{
  Suite *suite = suite_create ("npy");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_versions);
  tcase_add_test (tc, test_spelling);
  tcase_add_test (tc, test_refused);
  tcase_add_test (tc, test_refused_start);
  tcase_add_test (tc, test_every_byte);
  tcase_add_test (tc, test_streaming);
  tcase_add_test (tc, test_format_header);
  tcase_add_test (tc, test_round_trip);
  asd_test_add_golden (tc, test_numpy_files);
  return suite;
}

ASD_TEST_MAIN (npy);
