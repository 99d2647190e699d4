/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "simmachine.h"

#include <math.h>

/* Slide rail and solenoid valve: machines that repeat a movement. */

/* The carriage speeds up and slows down in this part of a stroke each. */
#define RAMP 0.2
/* Distance of the second wheel from the first, in lengths of the rail. */
#define WHEEL_BASE 0.12

/* Speed of a trapezoidal profile at x = 0..1 of the stroke's time; the
 * integral of it is the position. */
static double
profile_speed (double x)
{
  return CLAMP (MIN (x, 1.0 - x) / RAMP, 0.0, 1.0);
}

static double
profile_position (double x)
{
  double area = 1.0 - RAMP;

  if (x < RAMP)
    return 0.5 * x * x / RAMP / area;
  if (x > 1.0 - RAMP)
    return 1.0 - 0.5 * (1.0 - x) * (1.0 - x) / RAMP / area;
  return (x - 0.5 * RAMP) / area;
}

static void
tune_body (SimVoice * voice, guint body, const double *frequency,
    double decay, GRand * rand)
{
  for (guint i = 0; i < SIM_N_MODES; i++)
    sim_body_tune (voice, body, i, frequency[i] *
        (1.0 + 0.15 * sim_rand_signed (rand)), decay, 1.0 - 0.25 * i);
}

static void
slider_build (SimMachine * self, GRand * individual, GRand * recording)
{
  static const double frequency[] = { 350.0, 1700.0, 5000.0 };
  static const double rms[] = { 0.5, 0.7, 0.4 };
  static const double end_stop[] = { 190.0, 430.0, 980.0 };
  static const double pit[] = { 1300.0, 2900.0, 4700.0 };
  SimSlide *m = &self->slide;
  SimVoice *v = &self->voice;
  double pace;

  m->stroke = 0.8 + 0.15 * sim_rand_signed (individual);
  m->dwell[0] = 0.2 + 0.1 * sim_rand_signed (individual);
  m->dwell[1] = 0.2 + 0.1 * sim_rand_signed (individual);
  m->whine = 600.0 + 100.0 * sim_rand_signed (individual);
  m->squeal = 2100.0 + 400.0 * sim_rand_signed (individual);
  for (guint i = 0; i < 3; i++) {
    m->friction[i] = rms[i] * sim_db (2.0 * sim_rand_signed (individual));
    m->friction_frequency[i] =
        frequency[i] * (1.0 + 0.2 * sim_rand_signed (individual));
    m->pits[i] = 0.2 + 0.2 * (i + g_rand_double (individual));
  }
  sim_draw_harmonics (&v->series[0], 0.2, 6.0, individual);
  sim_draw_harmonics (&v->series[1], 0.3, 6.0, individual);
  sim_draw_harmonics (&v->series[2], 0.4, 8.0, individual);
  tune_body (v, 0, end_stop, 0.015, individual);
  tune_body (v, 1, pit, 0.004, individual);

  pace = 1.0 + 0.02 * sim_rand_signed (recording);
  m->stroke *= pace;
  m->dwell[0] *= pace;
  m->dwell[1] *= pace;
  for (guint i = 0; i < 3; i++)
    m->friction[i] *= sim_db (1.5 * sim_rand_signed (recording));
  m->time = m->stroke * g_rand_double (recording);
  m->position = profile_position (m->time / m->stroke);
  m->rattle = INFINITY;
}

static void
slider_tune (SimMachine * self)
{
  const SimSlide *m = &self->slide;
  SimVoice *v = &self->voice;
  double no_grease = self->severity[ASD_FAULT_NO_GREASE];

  /* Metal on metal: smaller contacts, higher frequencies. */
  for (guint i = 0; i < 3; i++) {
    sim_band_tune (v, i, m->friction_frequency[i] * (1.0 + 0.3 * no_grease),
        0.5);
    v->bands[i].am[SIM_SHAFT] = 0.25;
  }
}

/* The wheels that pass a pit in this block strike it. */
static void
strike_pits (SimMachine * self, double from, double to, double amplitude)
{
  SimSlide *m = &self->slide;
  double low = MIN (from, to), high = MAX (from, to);

  for (guint i = 0; i < 3; i++)
    for (guint wheel = 0; wheel < 2; wheel++) {
      double place = m->pits[i] - wheel * WHEEL_BASE;

      if (place > low && place <= high)
        sim_strike (self, 1, self->step * fabs ((place - from) / (to - from)),
            amplitude * sim_db (1.5 * sim_rand_signed (self->events)));
    }
}

/* Arrival at an end of the rail; turns round after the dwell. */
static void
slider_stop (SimMachine * self, double loose)
{
  SimSlide *m = &self->slide;
  double late = m->time - m->stroke;

  if (late >= 0.0 && !m->stopped) {
    m->stopped = TRUE;
    sim_strike (self, 0, CLAMP (self->step - late, 0.0, self->step),
        0.9 * sim_db (1.0 * sim_rand_signed (self->events)));
    /* A slack belt lets the carriage bounce off the stop and back. */
    m->rattle = self->step + 0.03 + 0.01 * sim_rand_signed (self->events);
  }
  if (m->rattle < self->step) {
    sim_strike (self, 0, m->rattle, 0.7 * loose);
    m->rattle = INFINITY;
  }
  m->rattle -= self->step;
  if (late >= m->dwell[m->end]) {
    m->time = late - m->dwell[m->end];
    m->end = !m->end;
    m->stopped = FALSE;
  }
}

static void
slider_control (SimMachine * self)
{
  SimSlide *m = &self->slide;
  SimVoice *v = &self->voice;
  double damage = self->severity[ASD_FAULT_RAIL_DAMAGE];
  double loose = self->severity[ASD_FAULT_LOOSE_BELT];
  double dry = self->severity[ASD_FAULT_NO_GREASE];
  double x, speed, position, flap, friction;

  m->time += self->step;
  x = MIN (m->time / m->stroke, 1.0);
  speed = profile_speed (x);
  position = m->end ? 1.0 - profile_position (x) : profile_position (x);
  m->wander = sim_wander (m->wander, 0.7, 0.2, self->rand);
  m->stick = sim_wander (m->stick, 1.0, 0.04, self->rand);
  strike_pits (self, m->position, position, 3.5 * damage * speed);
  m->position = position;
  slider_stop (self, loose);

  /* A slack belt swings at its (now low) natural frequency and lets the
   * carriage surge: speed and friction swing with it. */
  m->flap += 11.0 * self->step;
  m->flap -= floor (m->flap);
  flap = loose * sin (2.0 * G_PI * m->flap);

  /* Belt teeth in mesh with the pulley. */
  v->series[1].frequency = m->whine * speed * (1.0 + 0.1 * flap);
  v->series[1].target = speed * (1.0 + 0.5 * flap);
  /* Balls that enter and leave the load zone of the linear bearing. */
  v->series[0].frequency = 40.0 * speed;
  v->series[0].target = speed;
  /* Stick-slip: a squeal while the sliding surfaces stick. */
  v->series[2].frequency = m->squeal * (0.9 + 0.1 * speed);
  v->series[2].target = 0.9 * dry * speed * CLAMP (m->stick, 0.0, 1.5);

  friction = speed * sim_db (m->wander + 6.0 * dry) * (1.0 + 0.5 * flap);
  v->bands[0].target = 0.03 + m->friction[0] * friction;
  v->bands[1].target = 0.02 + m->friction[1] * friction;
  v->bands[2].target = m->friction[2] * friction * speed *
      sim_db (2.0 * damage);
}

static void
valve_build (SimMachine * self, GRand * individual, GRand * recording)
{
  static const double seat[] = { 1350.0, 2900.0, 5600.0 };
  static const double stop[] = { 1800.0, 3700.0, 6300.0 };
  SimValve *m = &self->valve;
  SimVoice *v = &self->voice;

  for (guint i = 0; i < 4; i++)
    m->pattern[i] = 0.13 + 0.3 * g_rand_double (individual);
  m->hiss = 0.5 * sim_db (2.0 * sim_rand_signed (individual));
  sim_draw_harmonics (&v->series[0], 0.2, 6.0, individual);
  tune_body (v, 0, seat, 0.0025, individual);
  tune_body (v, 1, stop, 0.0020, individual);
  sim_band_tune (v, 0, 4500.0 * (1.0 + 0.15 * sim_rand_signed (individual)),
      0.8);
  sim_band_tune (v, 1, 700.0, 0.5);
  sim_band_tune (v, 2, 3300.0 * (1.0 + 0.15 * sim_rand_signed (individual)),
      0.7);
  sim_band_tune (v, 3, 5200.0, 0.8);

  m->hiss *= sim_db (1.5 * sim_rand_signed (recording));
  m->force = 6.0 * sim_db (1.5 * sim_rand_signed (recording));
  for (guint i = 0; i < 4; i++)
    m->pattern[i] *= 1.0 + 0.02 * sim_rand_signed (recording);
  m->until_switch = 0.3 * g_rand_double (recording);
  m->until_click = m->until_bounce = INFINITY;
}

/* The coil is switched: the plunger starts, and will seat a little later. */
static void
valve_switch (SimMachine * self, double dirty)
{
  SimValve *m = &self->valve;
  /* Drawn in any state of the valve. */
  double jitter = sim_rand_signed (self->events);
  double drag = sim_rand_exponential (self->events);
  double start = m->until_switch;

  m->step = (m->step + 1) % 4;
  m->until_switch += m->pattern[m->step];
  /* Grit in the guide makes the plunger late and grind on its way. */
  m->until_click = start + 0.008 + 0.002 * jitter +
      dirty * 0.02 * MIN (drag, 3.0);
  m->grit = dirty > 0.0 ? 0.03 : 0.0;
}

static void
valve_control (SimMachine * self)
{
  SimValve *m = &self->valve;
  SimVoice *v = &self->voice;
  double dirty = self->severity[ASD_FAULT_CONTAMINATION];
  double leak = self->severity[ASD_FAULT_LEAKAGE];
  gboolean open;
  double flow;

  m->wander = sim_wander (m->wander, 1.0, 0.05, self->rand);
  if (m->until_switch < self->step)
    valve_switch (self, dirty);
  m->until_switch -= self->step;
  open = m->step & 1;

  if (m->until_click < self->step) {
    double force = sim_db (0.8 * sim_rand_signed (self->events));

    /* Grit between plunger and seat: a softer click that bounces. */
    sim_strike (self, open, m->until_click,
        m->force * force * (1.0 - 0.4 * dirty));
    m->until_bounce =
        m->until_click + 0.012 + 0.005 * sim_rand_signed (self->events);
    m->until_click = INFINITY;
  }
  m->until_click -= self->step;
  if (m->until_bounce < self->step) {
    sim_strike (self, open, m->until_bounce, 3.0 * dirty);
    m->until_bounce = INFINITY;
  }
  m->until_bounce -= self->step;
  m->grit = MAX (m->grit - self->step, 0.0);

  /* The flow follows the plunger within some ms. */
  flow = open && isinf (m->until_click) ? 1.0 : 0.0;
  m->flow += (flow - m->flow) * MIN (self->step / 0.012, 1.0);
  v->bands[0].target = m->hiss * sim_db (m->wander) * m->flow *
      (1.0 - 0.4 * dirty - 0.5 * leak);
  /* A seat that does not close lets air through between the openings, in a
   * smaller jet that hisses higher, and leaves less pressure for them. */
  v->bands[3].target = 0.5 * leak * m->hiss * sim_db (m->wander) *
      (1.0 - m->flow);
  /* Air in the line, always. */
  v->bands[1].target = 0.04;
  v->bands[2].target = m->grit > 0.0 ? 0.8 * dirty : 0.0;
  /* Hum of the coil at twice the line frequency while it is on. */
  v->series[0].frequency = 100.0;
  v->series[0].target = open ? 1.0 : 0.0;
}

const SimMachineClass sim_slider =
    { slider_build, slider_tune, slider_control };
const SimMachineClass sim_valve = { valve_build, NULL, valve_control };
