/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "simmachine.h"

#include <math.h>

/* Fan and pump: a shaft with vanes that moves air or water. The speed
 * wanders slowly; vane-passing tones and flow noise follow it. */

/* Radiated flow noise grows with about the fifth power of the speed (fan
 * laws), its amplitude with the square root of that. */
#define FLOW_EXPONENT 2.5

/* An ordinary deep-groove ball bearing: 8 balls, d/D = 0.28, contact angle 0.
 * BPFO = n/2 (1 - d/D cos a) times the speed of the shaft. */
#define BPFO (8 / 2.0 * (1.0 - 0.28))

void
sim_draw_harmonics (SimSeries * series, double amplitude, double slope,
    GRand * rand)
{
  for (guint k = 0; k < SIM_N_HARMONICS; k++) {
    double db = -slope * k + 3.0 * sim_rand_signed (rand);

    sim_series_set_harmonic (series, k, amplitude * sim_db (db),
        G_PI * sim_rand_signed (rand));
  }
}

static void
draw_flow (SimRotor * m, const double *frequency, const double *rms,
    GRand * individual)
{
  for (guint i = 0; i < 3; i++) {
    m->flow_frequency[i] =
        frequency[i] * (1.0 + 0.2 * sim_rand_signed (individual));
    m->flow[i] = rms[i] * sim_db (2.0 * sim_rand_signed (individual));
  }
}

/* What differs between two recordings of one machine in good order. */
static void
draw_recording (SimMachine * self, GRand * recording)
{
  SimRotor *m = &self->rotor;

  m->speed *= 1.0 + 0.02 * sim_rand_signed (recording);
  /* Another duty point, another turbulence. */
  m->load = sim_db (1.5 * sim_rand_signed (recording));
  for (guint i = 0; i < 3; i++)
    m->flow[i] *= m->load * sim_db (2.0 * sim_rand_signed (recording));
  /* Start anywhere in a rotation. */
  for (guint i = 0; i < 2; i++) {
    double phase = G_PI * sim_rand_signed (recording);

    self->voice.series[i].z[0] = cos (phase);
    self->voice.series[i].z[1] = sin (phase);
  }
}

/* One block of the slow walks; returns the speed now. */
static double
wander (SimMachine * self)
{
  SimRotor *m = &self->rotor;

  m->speed_wander = sim_wander (m->speed_wander, 0.003, 1.0, self->rand);
  m->flow_wander = sim_wander (m->flow_wander, 0.6, 0.5, self->rand);
  m->extra_wander = sim_wander (m->extra_wander, 1.0, 0.03, self->rand);
  return m->speed * (1.0 + m->speed_wander);
}

static void
fan_build (SimMachine * self, GRand * individual, GRand * recording)
{
  static const double frequency[] = { 300.0, 1100.0, 3800.0 };
  static const double rms[] = { 0.7, 0.8, 0.3 };
  SimRotor *m = &self->rotor;
  SimVoice *v = &self->voice;

  m->speed = 25.0 + 4.0 * sim_rand_signed (individual);
  m->n_vanes = g_rand_int_range (individual, 5, 10);
  sim_draw_harmonics (&v->series[0], 0.12, 8.0, individual);
  sim_draw_harmonics (&v->series[1], 0.5, 5.0, individual);
  sim_draw_harmonics (&v->series[2], 0.12, 9.0, individual);
  draw_flow (m, frequency, rms, individual);
  /* The bearing seat, heard when the bearing is damaged. */
  for (guint i = 0; i < SIM_N_MODES; i++) {
    static const double mode[] = { 1700.0, 3100.0, 5200.0 };

    sim_body_tune (v, 0, i, mode[i] * (1.0 + 0.15 *
            sim_rand_signed (individual)), 0.003, 1.0 - 0.2 * i);
  }
  draw_recording (self, recording);
}

static void
fan_tune (SimMachine * self)
{
  const SimRotor *m = &self->rotor;
  SimVoice *v = &self->voice;
  double imbalance = self->severity[ASD_FAULT_IMBALANCE];
  double clogging = self->severity[ASD_FAULT_CLOGGING];
  double voltage = self->severity[ASD_FAULT_VOLTAGE_CHANGE];

  /* Vortices shed at a fixed Strouhal number: their frequency follows the
   * speed of the flow. */
  for (guint i = 0; i < 3; i++)
    sim_band_tune (v, i, m->flow_frequency[i] * (1.0 - 0.3 * clogging)
        * (1.0 - 0.3 * voltage), 0.5);
  /* An imbalanced wheel runs eccentrically: its tip gap, and with it the
   * vane tone and the flow noise, vary once per rotation. */
  v->series[1].am = 0.05 + 0.6 * imbalance;
  for (guint i = 0; i < 3; i++) {
    v->bands[i].am[SIM_SHAFT] = 0.04 + 0.4 * imbalance;
    v->bands[i].am[SIM_VANE] = 0.2;
  }
}

static void
fan_control (SimMachine * self)
{
  SimRotor *m = &self->rotor;
  SimVoice *v = &self->voice;
  double imbalance = self->severity[ASD_FAULT_IMBALANCE];
  double clogging = self->severity[ASD_FAULT_CLOGGING];
  double bearing = self->severity[ASD_FAULT_BEARING];
  double ratio = 1.0 - 0.3 * self->severity[ASD_FAULT_VOLTAGE_CHANGE];
  double noise = pow (ratio, FLOW_EXPONENT);
  double speed = wander (self) * ratio * (1.0 + 0.06 * clogging);
  double flow = noise * sim_db (m->flow_wander);
  /* Rotating stall: cells of separated flow that run at 0.4 of the speed. */
  double stall;

  m->surge += 0.4 * speed * self->step;
  m->surge -= floor (m->surge);
  stall = 1.0 + 0.4 * clogging * sin (2.0 * G_PI * m->surge);

  v->series[0].frequency = speed;
  v->series[0].target = noise * (1.0 + 8.0 * imbalance);
  v->series[1].frequency = m->n_vanes * speed;
  v->series[1].target = noise * m->load * sim_db (4.0 * clogging) * stall;
  /* Torque ripple of a 12-slot motor. */
  v->series[2].frequency = 12.0 * speed;
  v->series[2].target = ratio;
  v->bands[0].target = m->flow[0] * flow * stall;
  v->bands[1].target = m->flow[1] * flow * stall * sim_db (-8.0 * clogging);
  v->bands[2].target = m->flow[2] * flow * stall * sim_db (-11.0 * clogging);

  /* Each ball that rolls over the defect of the outer race strikes the seat;
   * slip makes the times jitter. */
  for (; m->next_event < self->step; m->next_event += 1.0 / (BPFO * speed)
      * (1.0 + 0.02 * sim_rand_normal (self->events)))
    sim_strike (self, 0, m->next_event, 2.0 * bearing *
        (1.0 + 0.2 * sim_rand_signed (self->events)));
  m->next_event -= self->step;
}

static void
pump_build (SimMachine * self, GRand * individual, GRand * recording)
{
  static const double frequency[] = { 380.0, 1300.0, 3600.0 };
  static const double rms[] = { 0.5, 0.5, 0.14 };
  SimRotor *m = &self->rotor;
  SimVoice *v = &self->voice;

  /* Two-pole induction motor at 50 Hz with its slip. */
  m->speed = 48.2 + 0.8 * sim_rand_signed (individual);
  m->n_vanes = g_rand_int_range (individual, 5, 8);
  sim_draw_harmonics (&v->series[0], 0.4, 5.0, individual);
  sim_draw_harmonics (&v->series[1], 0.5, 6.0, individual);
  sim_draw_harmonics (&v->series[2], 0.15, 8.0, individual);
  draw_flow (m, frequency, rms, individual);
  /* The casing, which particles hit. */
  for (guint i = 0; i < SIM_N_MODES; i++) {
    static const double mode[] = { 1150.0, 2400.0, 4300.0 };

    sim_body_tune (v, 0, i, mode[i] * (1.0 + 0.15 *
            sim_rand_signed (individual)), 0.004, 1.0 - 0.2 * i);
  }
  draw_recording (self, recording);
}

static void
pump_tune (SimMachine * self)
{
  const SimRotor *m = &self->rotor;
  SimVoice *v = &self->voice;
  double clogging = self->severity[ASD_FAULT_CLOGGING];

  for (guint i = 0; i < 3; i++) {
    sim_band_tune (v, i, m->flow_frequency[i], 0.6);
    v->bands[i].am[SIM_SHAFT] = 0.12;
    v->bands[i].am[SIM_VANE] = 0.25;
  }
  v->series[1].am = 0.1;
  /* The fourth band is the jet of a leak, or the collapse of bubbles that
   * the low pressure behind each vane makes. */
  if (clogging > 0.0) {
    sim_band_tune (v, 3, 3800.0, 0.6);
    v->bands[3].am[SIM_SHAFT] = 0.3;
    v->bands[3].am[SIM_VANE] = 0.7;
  } else {
    sim_band_tune (v, 3, 5300.0, 0.8);
    v->bands[3].am[SIM_SHAFT] = v->bands[3].am[SIM_VANE] = 0.0;
  }
}

static void
pump_control (SimMachine * self)
{
  SimRotor *m = &self->rotor;
  SimVoice *v = &self->voice;
  double leakage = self->severity[ASD_FAULT_LEAKAGE];
  double contamination = self->severity[ASD_FAULT_CONTAMINATION];
  double clogging = self->severity[ASD_FAULT_CLOGGING];
  double speed = wander (self) * (1.0 + 0.015 * clogging);
  double flow = sim_db (m->flow_wander - 8.0 * clogging);
  /* Without enough water the pump surges: pressure swings of some hertz. */
  double surge;
  double pressure;

  m->surge += 5.0 * self->step;
  m->surge -= floor (m->surge);
  surge = 1.0 + 0.4 * clogging * sin (2.0 * G_PI * m->surge);
  pressure = (1.0 - 0.5 * leakage) * surge;

  v->series[0].frequency = speed;
  v->series[0].target = pressure;
  v->series[1].frequency = m->n_vanes * speed;
  v->series[1].target = pressure * m->load;
  /* Magnetic hum at twice the line frequency. */
  v->series[2].frequency = 100.0;
  v->series[2].target = 1.0;
  for (guint i = 0; i < 3; i++)
    v->bands[i].target = m->flow[i] * flow * surge;
  v->bands[3].target = (0.35 * leakage * sim_db (3.0 * m->extra_wander)
      + 0.35 * clogging * surge * sim_db (2.0 * m->extra_wander));

  /* Particles hit the casing at random, with random force; more of them,
   * and bigger ones, the more contaminated the water. */
  for (; m->next_event < self->step; m->next_event +=
      sim_rand_exponential (self->events) / (15.0 + 45.0 * contamination))
    sim_strike (self, 0, m->next_event, 2.2 * contamination *
        sim_db (6.0 * sim_rand_signed (self->events)));
  m->next_event -= self->step;
}

const SimMachineClass sim_fan = { fan_build, fan_tune, fan_control };
const SimMachineClass sim_pump = { pump_build, pump_tune, pump_control };
