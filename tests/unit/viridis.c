/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <asd/asd.h>
#include <gst/check/gstcheck.h>
#include <math.h>

static double
channel (guint32 colour, guint shift)
{
  return (colour >> shift) & 0xff;
}

/* As sRGB is seen in grey (ITU-R BT.709). */
static double
luminance (guint32 colour)
{
  return 0.2126 * channel (colour, 16) + 0.7152 * channel (colour, 8)
      + 0.0722 * channel (colour, 0);
}

/* Those of matplotlib 3. The eighths of 255 lie up to half a place beside these. */
GST_START_TEST (test_colours)
{
  static const struct
  {
    guint place;
    guint8 red, green, blue;
  } wanted[] = {
    {0, 68, 1, 84}, {64, 59, 82, 139}, {128, 33, 145, 140}, {191, 94, 201, 98},
    {255, 253, 231, 37},
  };
  guint32 colours[ASD_VIRIDIS_N_COLOURS];

  asd_viridis (colours);
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++) {
    guint32 colour = colours[wanted[i].place];

    fail_unless_equals_int (colour >> 24, 0xff);
    fail_unless (fabs (channel (colour, 16) - wanted[i].red) <= 1);
    fail_unless (fabs (channel (colour, 8) - wanted[i].green) <= 1);
    fail_unless (fabs (channel (colour, 0) - wanted[i].blue) <= 1);
  }
}

GST_END_TEST;

/* A higher value is lighter; next to each other, rounding may hide it. */
GST_START_TEST (test_order)
{
  guint32 colours[ASD_VIRIDIS_N_COLOURS];

  asd_viridis (colours);
  for (guint i = 4; i < ASD_VIRIDIS_N_COLOURS; i++)
    fail_unless (luminance (colours[i]) > luminance (colours[i - 4]));
}

GST_END_TEST;

static Suite *
viridis_suite (void)
{
  Suite *suite = suite_create ("viridis");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_colours);
  tcase_add_test (tc, test_order);
  return suite;
}

GST_CHECK_MAIN (viridis);
