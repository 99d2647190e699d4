/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* Private to the simulator: the machines, each a way to drive one voice. */

#include <asd/simulator.h>
#include "simvoice.h"

G_BEGIN_DECLS

#define SIM_N_FAULTS (ASD_FAULT_NO_GREASE + 1)

typedef struct _SimMachine SimMachine;

typedef struct
{
  /* Draws the individual and the recording, in this order. */
  void (*build) (SimMachine * self, GRand * individual, GRand * recording);
  /* Sets what stays constant as long as `severity` does; may be NULL. */
  void (*tune) (SimMachine * self);
  /* Goes on by one block: sets frequencies, gains and strikes for it. */
  void (*control) (SimMachine * self);
} SimMachineClass;

/* Fan and pump. */
typedef struct
{
  double speed;                 /* rotations per second */
  double n_vanes;
  double flow[3];               /* RMS of the flow noise in three bands */
  double flow_frequency[3];
  double load;                  /* factor of the flow noise */
  double speed_wander, flow_wander, extra_wander;
  double next_event;            /* s until the next impact */
  double surge;                 /* phase in rotations */
} SimRotor;

typedef struct
{
  double stroke, dwell[2];      /* s */
  double friction[3];
  double friction_frequency[3];
  double whine;                 /* Hz at full speed */
  double squeal;                /* Hz */
  double pits[3];               /* positions 0..1 */
  double time;                  /* in this half cycle */
  double position;              /* 0 .. 1 along the rail */
  double flap;                  /* phase of the belt in rotations */
  double wander, stick;
  double rattle;                /* s until the second impact, or infinite */
  guint end;                    /* 0 or 1: where this stroke started */
  gboolean stopped;
} SimSlide;

typedef struct
{
  double pattern[4];            /* s from one switching to the next */
  double hiss, force;           /* of the flow, of a click */
  double until_switch;          /* s; when the coil is switched */
  double until_click;           /* s; when the plunger seats, or infinite */
  double until_bounce;          /* s; or infinite */
  double grit;                  /* s of grinding left */
  double flow;                  /* now, 0..1 */
  double wander;
  guint step;                   /* of the pattern; open while odd */
} SimValve;

typedef struct
{
  double level[SIM_N_BANDS];
  double wander[SIM_N_BANDS];
  double drift;
  double until_clang;
} SimFactory;

struct _SimMachine
{
  const SimMachineClass *klass;
  SimVoice voice;
  GRand *rand;                  /* slow walks: the same draws in any state */
  GRand *events;                /* all else */
  double step;                  /* s in one block */
  double severity[SIM_N_FAULTS];
  union
  {
    SimRotor rotor;
    SimSlide slide;
    SimValve valve;
    SimFactory factory;
  };
};

extern G_GNUC_INTERNAL const SimMachineClass sim_fan;
extern G_GNUC_INTERNAL const SimMachineClass sim_pump;
extern G_GNUC_INTERNAL const SimMachineClass sim_slider;
extern G_GNUC_INTERNAL const SimMachineClass sim_valve;
extern G_GNUC_INTERNAL const SimMachineClass sim_factory;

/* Random phases, and amplitudes that fall by `slope` dB a harmonic, each
 * drawn within 3 dB. */
G_GNUC_INTERNAL void sim_draw_harmonics (SimSeries * series, double amplitude,
    double slope, GRand * rand);

/* Strikes a body `time` s after the start of the block; 0 is no strike. */
G_GNUC_INTERNAL void sim_strike (SimMachine * self, guint body, double time,
    double amplitude);

G_END_DECLS
