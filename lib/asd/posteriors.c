/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "posteriors.h"

#include <math.h>
#include <string.h>

#include "simd.h"

/* Below, exp() is taken for 0: it would be denormal soon. */
#define MIN_EXPONENT -708.0

/* Adding it to a small number rounds that to an integer, found in the lowest
 * bits of the sum. */
#define ROUND 0x1.8p52

/* e^x for x <= 0 without a branch or a call, so that the compiler can compute
 * several at once: x = n ln 2 + r, the series of e^r to the 13th power (the
 * next term is below 1e-17), times 2^n through the bits of the exponent. Within
 * 3e-16 of exp(). */
static inline __attribute__((always_inline))
     double exp_not_above_0 (double x)
{
  double clamped = x < MIN_EXPONENT ? MIN_EXPONENT : x;
  double shifted = clamped * 0x1.71547652b82fep0 + ROUND;
  double n = shifted - ROUND;
  double r = clamped - n * 0x1.62e42fefa3800p-1 - n * 0x1.ef35793c76730p-45;
  double sum = 1.0 / 6227020800.0, scale;
  gint64 bits;

  sum = sum * r + 1.0 / 479001600.0;
  sum = sum * r + 1.0 / 39916800.0;
  sum = sum * r + 1.0 / 3628800.0;
  sum = sum * r + 1.0 / 362880.0;
  sum = sum * r + 1.0 / 40320.0;
  sum = sum * r + 1.0 / 5040.0;
  sum = sum * r + 1.0 / 720.0;
  sum = sum * r + 1.0 / 120.0;
  sum = sum * r + 1.0 / 24.0;
  sum = sum * r + 1.0 / 6.0;
  sum = sum * r + 0.5;
  sum = sum * r + 1.0;
  sum = sum * r + 1.0;
  memcpy (&bits, &shifted, sizeof bits);
  bits = (gint64) (((guint64) bits + 1023) << 52);
  memcpy (&scale, &bits, sizeof scale);
  return x < MIN_EXPONENT ? 0.0 : sum * scale;
}

ASD_KERNEL
raise_maximum_kernel (const double *row, gsize n, double *maximum)
{
  for (gsize i = 0; i < n; i++)
    maximum[i] = row[i] > maximum[i] ? row[i] : maximum[i];
}

ASD_DEFINE_KERNEL (raise_maximum, raise_maximum_kernel,
    (const double *row, gsize n, double *maximum), (row, n, maximum));

ASD_KERNEL
exponentiate_kernel (double *restrict row, const double *restrict maximum,
    gsize n, double *restrict sums)
{
  for (gsize i = 0; i < n; i++) {
    row[i] = exp_not_above_0 (row[i] - maximum[i]);
    sums[i] += row[i];
  }
}

ASD_DEFINE_KERNEL (exponentiate, exponentiate_kernel,
    (double *row, const double *maximum, gsize n, double *sums),
    (row, maximum, n, sums));

ASD_KERNEL
scale_kernel (double *restrict row, const double *restrict factors, gsize n)
{
  for (gsize i = 0; i < n; i++)
    row[i] *= factors[i];
}

ASD_DEFINE_KERNEL (scale, scale_kernel,
    (double *row, const double *factors, gsize n), (row, factors, n));

void
asd_posteriors (double *p, gsize n_components, gsize n, gsize stride,
    double *log_sums, double *scratch)
{
  memcpy (log_sums, p, n * sizeof *p);
  memset (scratch, 0, n * sizeof *scratch);
  for (gsize c = 1; c < n_components; c++)
    raise_maximum (p + c * stride, n, log_sums);
  for (gsize c = 0; c < n_components; c++)
    exponentiate (p + c * stride, log_sums, n, scratch);
  for (gsize i = 0; i < n; i++) {
    log_sums[i] += log (scratch[i]);
    scratch[i] = 1 / scratch[i];
  }
  for (gsize c = 0; c < n_components; c++)
    scale (p + c * stride, scratch, n);
}
