/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "simvoice.h"

#include <math.h>
#include <string.h>

#define MAX_SEED 8
/* Below this a body is silent and not computed: -160 dB of full scale. */
#define INAUDIBLE 1e-8

double
sim_db (double db)
{
  return pow (10.0, db / 20.0);
}

double
sim_rand_signed (GRand * rand)
{
  return g_rand_int (rand) * (2.0 / 4294967296.0) - 1.0;
}

double
sim_rand_normal (GRand * rand)
{
  double sum = 0.0;

  /* The sum of 12 uniform numbers of variance 1/12; within 6 sigma. */
  for (guint i = 0; i < 12; i++)
    sum += sim_rand_signed (rand);
  return 0.5 * sum;
}

double
sim_rand_exponential (GRand * rand)
{
  return -log ((g_rand_int (rand) + 1.0) / 4294967296.0);
}

double
sim_wander (double value, double sigma, double tau, GRand * rand)
{
  double keep = 1.0 - 1.0 / (tau * SIM_CONTROL_RATE);

  return keep * value + sqrt (3.0 * (1.0 - keep * keep)) * sigma *
      sim_rand_signed (rand);
}

void
sim_voice_init (SimVoice * self, guint rate, const guint32 * seed, guint n_seed)
{
  guint32 full[MAX_SEED];

  g_assert (n_seed < MAX_SEED && rate <= SIM_MAX_RATE);
  memset (self, 0, sizeof *self);
  self->rate = rate;
  self->block = rate / SIM_CONTROL_RATE;
  memcpy (full, seed, n_seed * sizeof *seed);
  for (guint i = 0; i < SIM_N_BANDS; i++) {
    full[n_seed] = i + 1;
    self->bands[i].rand = g_rand_new_with_seed_array (full, n_seed + 1);
  }
  for (guint i = 0; i < SIM_N_SERIES; i++)
    self->series[i].z[0] = 1.0;
}

void
sim_voice_clear (SimVoice * self)
{
  for (guint i = 0; i < SIM_N_BANDS; i++)
    g_clear_pointer (&self->bands[i].rand, g_rand_free);
}

void
sim_series_set_harmonic (SimSeries * self, guint k, double amplitude,
    double phase)
{
  self->a[k][0] = amplitude * cos (phase);
  self->a[k][1] = amplitude * sin (phase);
}

void
sim_band_tune (SimVoice * self, guint band, double frequency, double q)
{
  SimBand *b = &self->bands[band];
  double w = 2.0 * G_PI * MIN (frequency / self->rate, 0.4);
  double alpha = sin (w) / (2.0 * q);

  /* H = b (1 - z^-2) / (1 + a1 z^-1 + a2 z^-2) with b = alpha / (1 + alpha)
   * has a peak of 1 and turns white noise of power 1 into power b; sqrt (b)
   * in place of b therefore gives unit power. */
  b->b0 = sqrt (alpha / (1.0 + alpha));
  b->a1 = -2.0 * cos (w) / (1.0 + alpha);
  b->a2 = (1.0 - alpha) / (1.0 + alpha);
}

void
sim_body_tune (SimVoice * self, guint body, guint mode, double frequency,
    double decay, double weight)
{
  SimBody *b = &self->bodies[body];
  SimMode *m = &b->modes[mode];
  double w = 2.0 * G_PI * frequency / self->rate;
  double r = exp (-1.0 / (decay * self->rate));

  if (frequency > 0.45 * self->rate)
    weight = 0.0;
  /* The impulse response is r^n sin (w (n + 1)) / sin (w). */
  m->weight = weight * sin (w);
  m->c1 = 2.0 * r * cos (w);
  m->c2 = r * r;
  b->energy = 0.0;
  for (guint i = 0; i < SIM_N_MODES; i++) {
    const SimMode *other = &b->modes[i];

    if (other->weight != 0.0) {
      double cw = other->c1 / (2.0 * sqrt (other->c2));
      double amplitude = other->weight / sqrt (1.0 - cw * cw);

      b->energy += 0.5 * amplitude * amplitude / (1.0 - other->c2);
    }
  }
}

void
sim_voice_strike (SimVoice * self, guint body, guint offset, double amplitude)
{
  SimBody *b = &self->bodies[body];

  b->strikes[MIN (offset, self->block - 1)] += amplitude;
  b->struck = TRUE;
  b->ringing += fabs (amplitude);
  self->struck_energy += amplitude * amplitude * b->energy;
}

/* Number of harmonics that the rate can carry. */
static guint
series_n_harmonics (const SimSeries * self, guint rate)
{
  guint n = SIM_N_HARMONICS;

  while (n > 0 && n * self->frequency > 0.45 * rate)
    n--;
  return n;
}

double
sim_voice_power (const SimVoice * self)
{
  double power = self->struck_energy / self->block;

  for (guint i = 0; i < SIM_N_SERIES; i++) {
    const SimSeries *s = &self->series[i];
    guint n = series_n_harmonics (s, self->rate);
    double g = 0.5 * s->target * s->target * (1.0 + 0.5 * s->am * s->am);

    for (guint k = 0; k < n; k++)
      power += g * (s->a[k][0] * s->a[k][0] + s->a[k][1] * s->a[k][1]);
  }
  for (guint i = 0; i < SIM_N_BANDS; i++) {
    const SimBand *b = &self->bands[i];
    double depth = 0.0;

    for (guint j = 0; j < SIM_N_CARRIERS; j++)
      depth += 0.5 * b->am[j] * b->am[j];
    power += b->target * b->target * (1.0 + depth);
  }
  return power;
}

static void
next_block (SimVoice * self)
{
  for (guint i = 0; i < SIM_N_BODIES; i++) {
    SimBody *b = &self->bodies[i];

    if (b->struck)
      memset (b->strikes, 0, self->block * sizeof *b->strikes);
    b->struck = FALSE;
  }
  self->struck_energy = 0.0;
}

void
sim_voice_skip (SimVoice * self)
{
  next_block (self);
}

/* Adds a series to out and leaves Re (z) in carrier. */
static void
series_render (SimSeries * self, guint rate, guint n, const double *shaft,
    double *carrier, double *out)
{
  double w = 2.0 * G_PI * self->frequency / rate;
  double cw = cos (w), sw = sin (w);
  double re = self->z[0], im = self->z[1];
  double gain = self->gain, step = (self->target - gain) / n;
  guint harmonics = series_n_harmonics (self, rate);
  double norm;

  if (gain == 0.0 && self->target == 0.0)
    harmonics = 0;
  for (guint i = 0; i < n; i++) {
    double x = re * cw - im * sw, pr = 0.0, pi = 0.0;

    im = re * sw + im * cw;
    re = x;
    carrier[i] = re;
    /* Horner's rule in z: a complex polynomial is the whole series. */
    for (guint k = harmonics; k-- > 0;) {
      double qr = pr + self->a[k][0], qi = pi + self->a[k][1];

      pr = qr * re - qi * im;
      pi = qr * im + qi * re;
    }
    gain += step;
    out[i] += gain * (1.0 + self->am * shaft[i]) * pr;
  }
  self->gain = self->target;
  /* Rounding lets |z| drift; bring it back to 1. */
  norm = 1.0 / sqrt (re * re + im * im);
  self->z[0] = re * norm;
  self->z[1] = im * norm;
}

static void
band_render (SimBand * self, guint n, double (*carriers)[SIM_MAX_BLOCK],
    double *out)
{
  const double unit = sqrt (3.0);
  double gain = self->gain, step = (self->target - gain) / n;
  double s1 = self->s1, s2 = self->s2;

  if (gain == 0.0 && self->target == 0.0)
    return;
  for (guint i = 0; i < n; i++) {
    double x = unit * sim_rand_signed (self->rand);
    double y = self->b0 * x + s1;
    double am = 1.0 + self->am[SIM_SHAFT] * carriers[SIM_SHAFT][i] +
        self->am[SIM_VANE] * carriers[SIM_VANE][i];

    s1 = s2 - self->a1 * y;
    s2 = -self->b0 * x - self->a2 * y;
    gain += step;
    out[i] += gain * am * y;
  }
  self->gain = self->target;
  self->s1 = s1;
  self->s2 = s2;
}

static void
body_render (SimBody * self, guint n, double *out)
{
  double slowest = 0.0;

  if (self->ringing < INAUDIBLE)
    return;
  for (guint k = 0; k < SIM_N_MODES; k++) {
    SimMode *m = &self->modes[k];
    double y1 = m->y1, y2 = m->y2;

    if (m->weight == 0.0)
      continue;
    slowest = MAX (slowest, m->c2);
    for (guint i = 0; i < n; i++) {
      double y = m->c1 * y1 - m->c2 * y2 + m->weight * self->strikes[i];

      y2 = y1;
      y1 = y;
      out[i] += y;
    }
    m->y1 = y1;
    m->y2 = y2;
  }
  self->ringing *= pow (slowest, 0.5 * n);
  if (self->ringing < INAUDIBLE)
    for (guint k = 0; k < SIM_N_MODES; k++)
      self->modes[k].y1 = self->modes[k].y2 = 0.0;
}

void
sim_voice_render (SimVoice * self, double *out)
{
  double carriers[SIM_N_SERIES][SIM_MAX_BLOCK];
  static const double still[SIM_MAX_BLOCK];

  /* Series 0 is the shaft: it modulates the others but not itself. */
  for (guint i = 0; i < SIM_N_SERIES; i++)
    series_render (&self->series[i], self->rate, self->block,
        i == 0 ? still : carriers[SIM_SHAFT], carriers[i], out);
  for (guint i = 0; i < SIM_N_BANDS; i++)
    band_render (&self->bands[i], self->block, carriers, out);
  for (guint i = 0; i < SIM_N_BODIES; i++)
    body_render (&self->bodies[i], self->block, out);
  next_block (self);
}
