/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ivector-private.h"

#include "error.h"
#include "linalg.h"

struct _AsdIvectorExtractor
{
  AsdIvector *model;
  AsdUbmStatistics *statistics;
  double *zeroth;               /* components */
  double *first;                /* components x features */
  double *centred;              /* components x features */
  double *packed;               /* the lower triangle of L */
  double *precision;            /* L */
};

AsdIvector *
asd_ivector_alloc (AsdUbm * ubm, gsize dimensions, gboolean length_normalise)
{
  AsdIvector *model = g_new0 (AsdIvector, 1);
  gsize size;

  g_atomic_ref_count_init (&model->refs);
  model->ubm = asd_ubm_ref (ubm);
  model->n_components = asd_ubm_get_n_components (ubm);
  model->n_features = asd_ubm_get_dim (ubm);
  model->dimensions = dimensions;
  model->length_normalise = length_normalise;
  size = model->n_components * model->n_features;
  model->matrix = g_new0 (double, size * dimensions);
  model->sigma = g_new0 (double, size);
  model->scaled = g_new0 (double, size * dimensions);
  model->products = g_new0 (double,
      model->n_components * ASD_PACKED_SIZE (dimensions));
  return model;
}

AsdIvector *
asd_ivector_ref (AsdIvector * model)
{
  g_atomic_ref_count_inc (&model->refs);
  return model;
}

void
asd_ivector_unref (AsdIvector * model)
{
  if (!g_atomic_ref_count_dec (&model->refs))
    return;
  asd_ubm_unref (model->ubm);
  g_free (model->matrix);
  g_free (model->sigma);
  g_free (model->scaled);
  g_free (model->products);
  g_free (model->whitening_mean);
  g_free (model->whitening);
  g_free (model);
}

void
asd_ivector_prepare (AsdIvector * model)
{
  const gsize r = model->dimensions, d = model->n_features;
  g_autofree double *product = g_new (double, r * r);

  for (gsize i = 0; i < model->n_components * d; i++) {
    for (gsize j = 0; j < r; j++)
      model->scaled[i * r + j] = model->matrix[i * r + j] / model->sigma[i];
  }
  for (gsize c = 0; c < model->n_components; c++) {
    cblas_dgemm (CblasRowMajor, CblasTrans, CblasNoTrans, r, r, d, 1,
        model->scaled + c * d * r, r, model->matrix + c * d * r, r, 0, product,
        r);
    asd_pack (product, r, model->products + c * ASD_PACKED_SIZE (r));
  }
}

AsdIvector *
asd_ivector_new (AsdUbm * ubm, const double *matrix, const double *sigma,
    gsize dimensions, gboolean length_normalise, GError ** error)
{
  const gsize size = asd_ubm_get_n_components (ubm) * asd_ubm_get_dim (ubm);
  gboolean valid = dimensions > 0 && asd_all_finite (sigma, size)
      && asd_all_finite (matrix, size * dimensions);
  AsdIvector *model = NULL;

  for (gsize i = 0; valid && i < size; i++)
    valid = sigma[i] > 0;
  if (valid) {
    model = asd_ivector_alloc (ubm, dimensions, length_normalise);
    memcpy (model->matrix, matrix, size * dimensions * sizeof *matrix);
    memcpy (model->sigma, sigma, size * sizeof *sigma);
    asd_ivector_prepare (model);
    valid = asd_all_finite (model->products,
        model->n_components * ASD_PACKED_SIZE (dimensions));
  }
  if (!valid) {
    g_set_error_literal (error, ASD_ERROR, ASD_ERROR_FORMAT, "the i-vector "
        "model needs at least one dimension, a finite matrix, and finite "
        "variances above 0: train the model again");
    g_clear_pointer (&model, asd_ivector_unref);
  }
  return model;
}

AsdIvector *
asd_ivector_plain (const AsdIvector * model)
{
  return asd_ivector_new (model->ubm, model->matrix, model->sigma,
      model->dimensions, FALSE, NULL);
}

void
asd_ivector_centre (const AsdIvector * model, const double *zeroth,
    const double *first, double *centred)
{
  const double *means = asd_ubm_get_means (model->ubm);
  const gsize d = model->n_features;

  for (gsize c = 0; c < model->n_components; c++) {
    for (gsize j = c * d; j < (c + 1) * d; j++)
      centred[j] = first[j] - zeroth[c] * means[j];
  }
}

gsize
asd_ivector_get_dimensions (const AsdIvector * model)
{
  return model->dimensions;
}

AsdUbm *
asd_ivector_get_ubm (const AsdIvector * model)
{
  return model->ubm;
}

const double *
asd_ivector_get_matrix (const AsdIvector * model)
{
  return model->matrix;
}

const double *
asd_ivector_get_sigma (const AsdIvector * model)
{
  return model->sigma;
}

void
asd_ivector_save (const AsdIvector * model, AsdModelWriter * writer)
{
  gsize shape[3] = {
    model->n_components, model->n_features, model->dimensions
  };
  gsize square[2] = { model->dimensions, model->dimensions };

  asd_ubm_save (model->ubm, writer);
  asd_model_writer_add_f64 (writer, "matrix", model->matrix, 3, shape);
  asd_model_writer_add_f64 (writer, "sigma", model->sigma, 2, shape);
  asd_model_writer_set_int64 (writer, "length-normalise",
      model->length_normalise);
  if (model->whitening == NULL)
    return;
  asd_model_writer_add_f64 (writer, "whitening-mean", model->whitening_mean, 1,
      square);
  asd_model_writer_add_f64 (writer, "whitening", model->whitening, 2, square);
}

static gboolean
load_whitening (AsdIvector * model, AsdModelSection * section, GError ** error)
{
  const gsize r = model->dimensions;
  gsize square[2] = { r, r };
  const double *mean, *whitening;

  if (!asd_model_section_has_tensor (section, "whitening"))
    return TRUE;
  mean = asd_model_section_get_f64 (section, "whitening-mean", 1, square,
      error);
  if (mean == NULL)
    return FALSE;
  whitening = asd_model_section_get_f64 (section, "whitening", 2, square,
      error);
  if (whitening == NULL)
    return FALSE;
  for (gsize i = 0; i < r; i++)
    if (whitening[i * r + i] <= 0)
      return asd_model_section_refuse (section, error,
          "its whitening has a diagonal that is not above 0");
  model->whitening_mean = g_memdup2 (mean, r * sizeof *mean);
  model->whitening = g_memdup2 (whitening, r * r * sizeof *whitening);
  return TRUE;
}

AsdIvector *
asd_ivector_load (AsdModelSection * section, GError ** error)
{
  g_autoptr (AsdUbm) ubm = asd_ubm_load (section, error);
  const double *matrix, *sigma;
  gsize shape[3] = { 0, 0, 0 };
  gint64 length_normalise;
  GError *wrong = NULL;
  AsdIvector *model;

  if (ubm == NULL)
    return NULL;
  shape[0] = asd_ubm_get_n_components (ubm);
  shape[1] = asd_ubm_get_dim (ubm);
  matrix = asd_model_section_get_f64 (section, "matrix", 3, shape, error);
  if (matrix == NULL)
    return NULL;
  sigma = asd_model_section_get_f64 (section, "sigma", 2, shape, error);
  if (sigma == NULL || !asd_model_section_get_int64 (section,
          "length-normalise", &length_normalise, error))
    return NULL;
  if (length_normalise != 0 && length_normalise != 1) {
    asd_model_section_refuse (section, error, "its length-normalise is %"
        G_GINT64_FORMAT ", not 0 or 1", length_normalise);
    return NULL;
  }
  model = asd_ivector_new (ubm, matrix, sigma, shape[2], length_normalise,
      &wrong);
  if (model == NULL) {
    asd_model_section_refuse (section, error, "%s", wrong->message);
    g_error_free (wrong);
  } else if (!load_whitening (model, section, error)) {
    g_clear_pointer (&model, asd_ivector_unref);
  }
  return model;
}

AsdIvectorExtractor *
asd_ivector_extractor_new (AsdIvector * model)
{
  AsdIvectorExtractor *self = g_new0 (AsdIvectorExtractor, 1);
  const gsize size = model->n_components * model->n_features;
  const gsize r = model->dimensions;

  self->model = asd_ivector_ref (model);
  self->statistics = asd_ubm_statistics_new (model->ubm, FALSE);
  self->zeroth = g_new0 (double, model->n_components);
  self->first = g_new0 (double, size);
  self->centred = g_new0 (double, size);
  self->packed = g_new0 (double, ASD_PACKED_SIZE (r));
  self->precision = g_new0 (double, r * r);
  return self;
}

void
asd_ivector_extractor_free (AsdIvectorExtractor * self)
{
  asd_ubm_statistics_free (self->statistics);
  asd_ivector_unref (self->model);
  g_free (self->zeroth);
  g_free (self->first);
  g_free (self->centred);
  g_free (self->packed);
  g_free (self->precision);
  g_free (self);
}

void
asd_ivector_extractor_process (AsdIvectorExtractor * self,
    const float *frames, gsize n, double *ivector)
{
  asd_ubm_statistics_reset (self->statistics);
  asd_ubm_statistics_add (self->statistics, frames, n);
  asd_ubm_statistics_get (self->statistics, self->zeroth, self->first, NULL);
  asd_ivector_extractor_process_statistics (self, self->zeroth, self->first,
      ivector);
}

static void
whiten (const AsdIvector * model, double *x)
{
  const gsize r = model->dimensions;

  for (gsize i = 0; i < r; i++)
    x[i] -= model->whitening_mean[i];
  cblas_dtrmv (CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, r,
      model->whitening, r, x, 1);
}

static void
normalise_length (double *x, gsize n)
{
  double length = cblas_dnrm2 (n, x, 1);

  for (gsize i = 0; length > 0 && i < n; i++)
    x[i] /= length;
}

void
asd_ivector_extractor_process_statistics (AsdIvectorExtractor * self,
    const double *zeroth, const double *first, double *ivector)
{
  const AsdIvector *model = self->model;
  const gsize r = model->dimensions, packed_size = ASD_PACKED_SIZE (r);
  const gsize size = model->n_components * model->n_features;
  gboolean ok;

  asd_ivector_centre (model, zeroth, first, self->centred);
  cblas_dgemv (CblasRowMajor, CblasTrans, size, r, 1, model->scaled, r,
      self->centred, 1, 0, ivector, 1);
  cblas_dgemv (CblasRowMajor, CblasTrans, model->n_components, packed_size, 1,
      model->products, packed_size, zeroth, 1, 0, self->packed, 1);
  asd_unpack (self->packed, r, self->precision);
  for (gsize i = 0; i < r; i++)
    self->precision[i * r + i] += 1;
  ok = asd_all_finite (ivector, r) && asd_cholesky (self->precision, r);
  if (ok) {
    asd_cholesky_solve (self->precision, r, ivector);
    if (model->whitening != NULL)
      whiten (model, ivector);
    if (model->length_normalise)
      normalise_length (ivector, r);
  }
  for (gsize i = 0; !ok && i < r; i++)
    ivector[i] = NAN;
}
