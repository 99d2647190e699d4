/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "network-private.h"

#include <math.h>
#include <string.h>

#include "linalg.h"
#include "simd.h"

/* Sums that run side by side; their order does not depend on the processor. */
#define LANES 16

/* Loops */

/* Sums over the rows are in double precision: a batch may be long. */
ASD_KERNEL
column_sums_kernel (const float *x, gsize n, gsize width, double *sums)
{
  for (gsize j = 0; j < width; j++)
    sums[j] = 0;
  for (gsize i = 0; i < n; i++) {
    const float *row = x + i * width;

    for (gsize j = 0; j < width; j++)
      sums[j] += row[j];
  }
}

ASD_DEFINE_KERNEL (column_sums, column_sums_kernel,
    (const float *x, gsize n, gsize width, double *sums), (x, n, width, sums));

ASD_KERNEL
column_squares_kernel (const float *x, gsize n, gsize width,
    const float *mean, double *sums)
{
  for (gsize j = 0; j < width; j++)
    sums[j] = 0;
  for (gsize i = 0; i < n; i++) {
    const float *row = x + i * width;

    for (gsize j = 0; j < width; j++) {
      float d = row[j] - mean[j];

      sums[j] += (double) d *d;
    }
  }
}

ASD_DEFINE_KERNEL (column_squares, column_squares_kernel,
    (const float *x, gsize n, gsize width, const float *mean, double *sums),
    (x, n, width, mean, sums));

ASD_KERNEL
normalise_kernel (const float *x, gsize n, gsize width, const float *mean,
    const float *inverse, const float *weight, const float *bias, float *y)
{
  for (gsize i = 0; i < n; i++) {
    const float *in = x + i * width;
    float *out = y + i * width;

    for (gsize j = 0; j < width; j++)
      out[j] = (in[j] - mean[j]) * inverse[j] * weight[j] + bias[j];
  }
}

ASD_DEFINE_KERNEL (normalise, normalise_kernel,
    (const float *x, gsize n, gsize width, const float *mean,
        const float *inverse, const float *weight, const float *bias,
        float *y), (x, n, width, mean, inverse, weight, bias, y));

/* The same by running statistics. */
ASD_KERNEL
normalise_running_kernel (const float *x, gsize n, gsize width,
    const float *mean, const float *variance, float epsilon,
    const float *weight, const float *bias, float *y)
{
  for (gsize i = 0; i < n; i++) {
    const float *in = x + i * width;
    float *out = y + i * width;

    for (gsize j = 0; j < width; j++)
      out[j] = (in[j] - mean[j]) / sqrtf (variance[j] + epsilon) * weight[j] +
          bias[j];
  }
}

ASD_DEFINE_KERNEL (normalise_running, normalise_running_kernel,
    (const float *x, gsize n, gsize width, const float *mean,
        const float *variance, float epsilon, const float *weight,
        const float *bias, float *y),
    (x, n, width, mean, variance, epsilon, weight, bias, y));

/* sums: of dy, then of dy times the normalised x. */
ASD_KERNEL
normalise_sums_kernel (const float *x, const float *dy, gsize n, gsize width,
    const float *mean, const float *inverse, double *sums)
{
  double *products = sums + width;

  for (gsize j = 0; j < 2 * width; j++)
    sums[j] = 0;
  for (gsize i = 0; i < n; i++) {
    const float *in = x + i * width, *d = dy + i * width;

    for (gsize j = 0; j < width; j++) {
      sums[j] += d[j];
      products[j] += (double) d[j] * ((in[j] - mean[j]) * inverse[j]);
    }
  }
}

ASD_DEFINE_KERNEL (normalise_sums, normalise_sums_kernel,
    (const float *x, const float *dy, gsize n, gsize width, const float *mean,
        const float *inverse, double *sums),
    (x, dy, n, width, mean, inverse, sums));

ASD_KERNEL
normalise_back_kernel (const float *x, const float *dy, gsize n, gsize width,
    const float *mean, const float *inverse, const float *weight,
    const float *dweight, const float *dbias, float *dx)
{
  const float per_row = 1.0f / n;

  for (gsize i = 0; i < n; i++) {
    const float *in = x + i * width, *d = dy + i * width;
    float *out = dx + i * width;

    for (gsize j = 0; j < width; j++)
      out[j] = weight[j] * inverse[j] * (d[j] - per_row * (dbias[j] +
              (in[j] - mean[j]) * inverse[j] * dweight[j]));
  }
}

ASD_DEFINE_KERNEL (normalise_back, normalise_back_kernel,
    (const float *x, const float *dy, gsize n, gsize width, const float *mean,
        const float *inverse, const float *weight, const float *dweight,
        const float *dbias, float *dx),
    (x, dy, n, width, mean, inverse, weight, dweight, dbias, dx));

ASD_KERNEL
rectify_kernel (const float *x, gsize n, float *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] > 0 ? x[i] : 0;
}

ASD_DEFINE_KERNEL (rectify, rectify_kernel,
    (const float *x, gsize n, float *y), (x, n, y));

ASD_KERNEL
rectify_back_kernel (const float *y, const float *dy, gsize n, float *dx)
{
  for (gsize i = 0; i < n; i++)
    dx[i] = y[i] > 0 ? dy[i] : 0;
}

ASD_DEFINE_KERNEL (rectify_back, rectify_back_kernel,
    (const float *y, const float *dy, gsize n, float *dx), (y, dy, n, dx));

ASD_KERNEL
multiply_kernel (const float *x, const float *factor, gsize n, float *y)
{
  for (gsize i = 0; i < n; i++)
    y[i] = x[i] * factor[i];
}

ASD_DEFINE_KERNEL (multiply, multiply_kernel,
    (const float *x, const float *factor, gsize n, float *y),
    (x, factor, n, y));

ASD_KERNEL
squared_error_kernel (const float *y, const float *x, gsize n, double *sum)
{
  double lanes[LANES] = { 0 };
  gsize i = 0;

  for (; i + LANES <= n; i += LANES) {
    for (gsize k = 0; k < LANES; k++) {
      float d = y[i + k] - x[i + k];

      lanes[k] += (double) d *d;
    }
  }
  for (gsize k = 0; i + k < n; k++) {
    float d = y[i + k] - x[i + k];

    lanes[k] += (double) d *d;
  }
  for (gsize k = 1; k < LANES; k++)
    lanes[0] += lanes[k];
  *sum = lanes[0];
}

ASD_DEFINE_KERNEL (squared_error, squared_error_kernel,
    (const float *y, const float *x, gsize n, double *sum), (y, x, n, sum));

ASD_KERNEL
error_gradient_kernel (const float *y, const float *x, gsize n, float scale,
    float *dy)
{
  for (gsize i = 0; i < n; i++)
    dy[i] = scale * (y[i] - x[i]);
}

ASD_DEFINE_KERNEL (error_gradient, error_gradient_kernel,
    (const float *y, const float *x, gsize n, float scale, float *dy),
    (y, x, n, scale, dy));

ASD_KERNEL
adam_kernel (const float *gradient, gsize n, float beta1, float beta2,
    float step, float root, float epsilon, float *m, float *v,
    float *parameters)
{
  for (gsize i = 0; i < n; i++) {
    float g = gradient[i];

    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    parameters[i] -= step * m[i] / (sqrtf (v[i]) * root + epsilon);
  }
}

ASD_DEFINE_KERNEL (adam_update, adam_kernel,
    (const float *gradient, gsize n, float beta1, float beta2, float step,
        float root, float epsilon, float *m, float *v, float *parameters),
    (gradient, n, beta1, beta2, step, root, epsilon, m, v, parameters));

/* Modules */

static void
linear_forward (const AsdModule * module, const float *x, gsize n, float *y)
{
  for (gsize i = 0; i < n; i++)
    memcpy (y + i * module->n_out, module->bias, module->n_out * sizeof *y);
  cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, n, module->n_out,
      module->n_in, 1, x, module->n_in, module->weight, module->n_in, 1, y,
      module->n_out);
}

static void
linear_backward (const AsdModule * module, const float *x, const float *dy,
    gsize n, double *sums, float *dx, float *dweight, float *dbias)
{
  cblas_sgemm (CblasRowMajor, CblasTrans, CblasNoTrans, module->n_out,
      module->n_in, n, 1, dy, module->n_out, x, module->n_in, 0, dweight,
      module->n_in);
  column_sums (dy, n, module->n_out, sums);
  for (gsize j = 0; j < module->n_out; j++)
    dbias[j] = sums[j];
  if (dx != NULL)
    cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, n, module->n_in,
        module->n_out, 1, dy, module->n_out, module->weight, module->n_in, 0,
        dx, module->n_in);
}

/* By the mean and the variance of this mini-batch; the running variance is the
 * unbiased one, as in PyTorch. */
static void
batch_norm_train (const AsdModule * module, const float *x, gsize n,
    AsdModuleTraining * training, float *y)
{
  gsize width = module->n_out;
  float *mean = training->saved, *inverse = training->saved + width;
  double kept = training->momentum, taken = 1 - kept;

  column_sums (x, n, width, training->sums);
  for (gsize j = 0; j < width; j++)
    mean[j] = training->sums[j] / n;
  column_squares (x, n, width, mean, training->sums);
  for (gsize j = 0; j < width; j++) {
    double squares = training->sums[j];

    inverse[j] = 1 / sqrt (squares / n + training->epsilon);
    module->mean[j] = kept * module->mean[j] + taken * mean[j];
    module->variance[j] = kept * module->variance[j] +
        taken * squares / MAX (n - 1, 1);
  }
  normalise (x, n, width, mean, inverse, module->weight, module->bias, y);
}

static void
batch_norm_backward (const AsdModule * module, const float *x,
    const float *dy, gsize n, AsdModuleTraining * training, float *dx,
    float *dweight, float *dbias)
{
  gsize width = module->n_out;
  const float *mean = training->saved, *inverse = training->saved + width;

  normalise_sums (x, dy, n, width, mean, inverse, training->sums);
  for (gsize j = 0; j < width; j++) {
    dbias[j] = training->sums[j];
    dweight[j] = training->sums[width + j];
  }
  if (dx != NULL)
    normalise_back (x, dy, n, width, mean, inverse, module->weight, dweight,
        dbias, dx);
}

/* What is left is scaled up, so that the sum stays the same on average. */
static void
dropout_train (const float *x, gsize n, AsdModuleTraining * training, float *y)
{
  const float kept = 1 / (1 - training->rate);
  const double limit = training->rate * 4294967296.0;

  for (gsize i = 0; i < n; i++)
    training->saved[i] = g_rand_int (training->rand) < limit ? 0 : kept;
  multiply (x, training->saved, n, y);
}

void
asd_module_forward (const AsdModule * module, const float *x, gsize n,
    double epsilon, AsdModuleTraining * training, float *y)
{
  gsize n_values = n * module->n_out;

  switch (module->type) {
    case ASD_MODULE_LINEAR:
      linear_forward (module, x, n, y);
      break;
    case ASD_MODULE_BATCH_NORM:
      if (training != NULL)
        batch_norm_train (module, x, n, training, y);
      else
        normalise_running (x, n, module->n_out, module->mean,
            module->variance, epsilon, module->weight, module->bias, y);
      break;
    case ASD_MODULE_RELU:
      rectify (x, n_values, y);
      break;
    case ASD_MODULE_TANH:
      for (gsize i = 0; i < n_values; i++)
        y[i] = tanhf (x[i]);
      break;
    case ASD_MODULE_SIGMOID:
      for (gsize i = 0; i < n_values; i++)
        y[i] = 1 / (1 + expf (-x[i]));
      break;
    case ASD_MODULE_DROPOUT:
      if (training != NULL)
        dropout_train (x, n_values, training, y);
      else
        memcpy (y, x, n_values * sizeof *y);
      break;
  }
}

void
asd_module_backward (const AsdModule * module, const float *x, const float *y,
    const float *dy, gsize n, AsdModuleTraining * training, float *dx,
    float *dweight, float *dbias)
{
  gsize n_values = n * module->n_out;

  if (module->type == ASD_MODULE_LINEAR) {
    linear_backward (module, x, dy, n, training->sums, dx, dweight, dbias);
    return;
  }
  if (module->type == ASD_MODULE_BATCH_NORM) {
    batch_norm_backward (module, x, dy, n, training, dx, dweight, dbias);
    return;
  }
  if (dx == NULL)
    return;
  switch (module->type) {
    case ASD_MODULE_RELU:
      rectify_back (y, dy, n_values, dx);
      break;
    case ASD_MODULE_TANH:
      for (gsize i = 0; i < n_values; i++)
        dx[i] = dy[i] * (1 - y[i] * y[i]);
      break;
    case ASD_MODULE_SIGMOID:
      for (gsize i = 0; i < n_values; i++)
        dx[i] = dy[i] * y[i] * (1 - y[i]);
      break;
    default:                   /* dropout */
      multiply (dy, training->saved, n_values, dx);
      break;
  }
}

double
asd_network_squared_error (const float *y, const float *x, gsize n,
    float scale, float *dy)
{
  double sum;

  squared_error (y, x, n, &sum);
  if (dy != NULL)
    error_gradient (y, x, n, 2 * scale, dy);
  return sum;
}

void
asd_adam_step (const AsdAdam * adam, guint64 step, const float *gradient,
    gsize n, float *m, float *v, float *parameters)
{
  adam_update (gradient, n, adam->beta1, adam->beta2,
      adam->learning_rate / (1 - pow (adam->beta1, step)),
      1 / sqrt (1 - pow (adam->beta2, step)), adam->epsilon, m, v, parameters);
}
