/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "simmachine.h"

/* The hall around the machine: broadband noise that falls towards high
 * frequencies, distant motors, and now and then something that is dropped. */

/* Distant events per second. */
#define CLANG_RATE 0.4

static void
factory_build (SimMachine * self, GRand * individual, GRand * recording)
{
  static const double frequency[] = { 110.0, 450.0, 1700.0, 5000.0 };
  static const double rms[] = { 0.8, 0.8, 0.45, 0.22 };
  SimFactory *m = &self->factory;
  SimVoice *v = &self->voice;

  /* Other machines run in every recording. */
  for (guint i = 0; i < SIM_N_BANDS; i++) {
    sim_band_tune (v, i, frequency[i] *
        (1.0 + 0.2 * sim_rand_signed (recording)), 0.45);
    m->level[i] = rms[i] * sim_db (4.0 * sim_rand_signed (recording));
  }
  for (guint i = 0; i < SIM_N_SERIES; i++) {
    sim_draw_harmonics (&v->series[i], 0.12, 5.0, recording);
    v->series[i].frequency = 40.0 + 160.0 * g_rand_double (recording);
  }
  m->until_clang = sim_rand_exponential (self->events) / CLANG_RATE;
}

/* Something new is struck: metal parts of any size, at any distance. */
static void
clang (SimMachine * self, double time)
{
  SimVoice *v = &self->voice;
  double frequency = 250.0 + 1200.0 * g_rand_double (self->events);
  double decay = 0.015 + 0.05 * g_rand_double (self->events);

  for (guint i = 0; i < SIM_N_MODES; i++) {
    sim_body_tune (v, 0, i, frequency, decay, 1.0 - 0.25 * i);
    frequency *= 1.3 + 0.8 * g_rand_double (self->events);
    decay *= 0.7;
  }
  sim_strike (self, 0, time,
      0.9 * sim_db (6.0 * sim_rand_signed (self->events)));
}

static void
factory_control (SimMachine * self)
{
  SimFactory *m = &self->factory;
  SimVoice *v = &self->voice;

  m->drift = sim_wander (m->drift, 0.8, 2.0, self->rand);
  for (guint i = 0; i < SIM_N_BANDS; i++) {
    m->wander[i] = sim_wander (m->wander[i], 0.6, 0.7, self->rand);
    v->bands[i].target = m->level[i] * sim_db (m->drift + m->wander[i]);
  }
  for (guint i = 0; i < SIM_N_SERIES; i++)
    v->series[i].target = sim_db (m->drift);

  for (; m->until_clang < self->step;
      m->until_clang += sim_rand_exponential (self->events) / CLANG_RATE)
    clang (self, m->until_clang);
  m->until_clang -= self->step;
}

const SimMachineClass sim_factory = { factory_build, NULL, factory_control };
