/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "simmachine.h"

#include <math.h>
#include <string.h>

#define MIN_RATE 8000
#define MIN_SNR -20.0
#define MAX_SNR 60.0
/* RMS of a machine: that of the recordings of MIMII and DCASE 2020. */
#define MACHINE_LEVEL -38.0
/* Long-term powers are expectations over the controls of this time, in s. */
#define POWER_TIME 30

#define N_MACHINES (ASD_MACHINE_VALVE + 1)

/* What the random numbers of a seed are for. */
enum
{
  SEED_INDIVIDUAL,
  SEED_RECORDING,
  SEED_FACTORY,
  SEED_WANDER,
  SEED_EVENTS,
  SEED_NOISE,
};

struct _AsdSimulator
{
  AsdSimulatorConfig config;
  SimMachine machine;
  SimMachine factory;
  double machine_gain, factory_gain;
  gboolean faulty;
  guint64 start;                /* sample index of block[0] */
  guint used;                   /* samples of the block already given out */
  float block[SIM_MAX_BLOCK];
};

static const GEnumValue machine_values[] = {
  {ASD_MACHINE_FAN, "Axial fan: blade-passing tones and flow noise", "fan"},
  {ASD_MACHINE_PUMP, "Water pump: pulsation, vane tones and flow noise",
      "pump"},
  {ASD_MACHINE_SLIDER, "Slide rail: strokes with friction and end stops",
      "slider"},
  {ASD_MACHINE_VALVE, "Solenoid valve: clicks in a pattern, and hiss",
      "valve"},
  {0, NULL, NULL}
};

static const GEnumValue fault_values[] = {
  {ASD_FAULT_NONE, "In good order", "none"},
  {ASD_FAULT_IMBALANCE, "Fan: imbalanced wheel", "imbalance"},
  {ASD_FAULT_VOLTAGE_CHANGE, "Fan: supply voltage too low", "voltage-change"},
  {ASD_FAULT_CLOGGING, "Fan, pump: obstructed flow", "clogging"},
  {ASD_FAULT_BEARING, "Fan: defect in the outer race of a bearing", "bearing"},
  {ASD_FAULT_LEAKAGE, "Pump, valve: leakage", "leakage"},
  {ASD_FAULT_CONTAMINATION, "Pump, valve: particles in the flow",
      "contamination"},
  {ASD_FAULT_RAIL_DAMAGE, "Slider: pits in the rail", "rail-damage"},
  {ASD_FAULT_LOOSE_BELT, "Slider: slack belt", "loose-belt"},
  {ASD_FAULT_NO_GREASE, "Slider: dry rail", "no-grease"},
  {0, NULL, NULL}
};

#define FAULT(name) (1u << ASD_FAULT_ ## name)

static const struct
{
  const SimMachineClass *klass;
  guint faults;
  const char *complaint;
} machines[N_MACHINES] = {
  [ASD_MACHINE_FAN] = {&sim_fan,
        FAULT (NONE) | FAULT (IMBALANCE) | FAULT (VOLTAGE_CHANGE) |
        FAULT (CLOGGING) | FAULT (BEARING),
      "a fan has no such fault: choose none, imbalance, voltage-change, "
        "clogging or bearing"},
  [ASD_MACHINE_PUMP] = {&sim_pump,
        FAULT (NONE) | FAULT (LEAKAGE) | FAULT (CONTAMINATION) |
        FAULT (CLOGGING),
      "a pump has no such fault: choose none, leakage, contamination or "
        "clogging"},
  [ASD_MACHINE_SLIDER] = {&sim_slider,
        FAULT (NONE) | FAULT (RAIL_DAMAGE) | FAULT (LOOSE_BELT) |
        FAULT (NO_GREASE),
      "a slider has no such fault: choose none, rail-damage, loose-belt or "
        "no-grease"},
  [ASD_MACHINE_VALVE] = {&sim_valve,
        FAULT (NONE) | FAULT (CONTAMINATION) | FAULT (LEAKAGE),
      "a valve has no such fault: choose none, contamination or leakage"},
};

const GEnumValue *
asd_machine_values (void)
{
  return machine_values;
}

const GEnumValue *
asd_fault_values (void)
{
  return fault_values;
}

gboolean
asd_machine_has_fault (AsdMachine machine, AsdFault fault)
{
  return (guint) machine < N_MACHINES && (guint) fault < SIM_N_FAULTS &&
      (machines[machine].faults >> fault & 1);
}

void
asd_simulator_config_init (AsdSimulatorConfig * config)
{
  *config = (AsdSimulatorConfig) {
  .rate = 16000,.machine = ASD_MACHINE_FAN,.fault = ASD_FAULT_NONE,.severity =
        0.5,.snr = 6.0,};
}

const char *
asd_simulator_config_check (const AsdSimulatorConfig * config)
{
  if (config->rate < MIN_RATE || config->rate > SIM_MAX_RATE)
    return "rate must be 8000 to 192000 Hz";
  if ((guint) config->machine >= N_MACHINES)
    return "no such machine: choose fan, pump, slider or valve";
  if (!asd_machine_has_fault (config->machine, config->fault))
    return machines[config->machine].complaint;
  if (!(config->severity >= 0.0 && config->severity <= 1.0))
    return "severity must be 0 to 1";
  if (!(config->snr >= MIN_SNR && config->snr <= MAX_SNR))
    return "snr must be -20 to 60 dB";
  return NULL;
}

void
sim_strike (SimMachine * self, guint body, double time, double amplitude)
{
  if (amplitude != 0.0)
    sim_voice_strike (&self->voice, body, time * self->voice.rate, amplitude);
}

static GRand *
new_rand (const AsdSimulatorConfig * config, guint part, guint purpose)
{
  const guint32 seed[] = { config->machine, config->machine_id, part, purpose,
    purpose == SEED_INDIVIDUAL ? 0 : config->seed
  };

  return g_rand_new_with_seed_array (seed, G_N_ELEMENTS (seed));
}

static void
machine_clear (SimMachine * self)
{
  sim_voice_clear (&self->voice);
  g_clear_pointer (&self->rand, g_rand_free);
  g_clear_pointer (&self->events, g_rand_free);
}

/* Builds a healthy machine (part 0) or the factory around it (part 1). */
static void
machine_init (SimMachine * self, const SimMachineClass * klass,
    const AsdSimulatorConfig * config, guint part)
{
  const guint32 seed[] = { config->machine, config->machine_id, part,
    SEED_NOISE, config->seed
  };
  GRand *individual = new_rand (config, part, SEED_INDIVIDUAL);
  GRand *recording = new_rand (config, part, SEED_RECORDING);

  memset (self, 0, sizeof *self);
  self->klass = klass;
  sim_voice_init (&self->voice, config->rate, seed, G_N_ELEMENTS (seed));
  self->rand = new_rand (config, part, SEED_WANDER);
  self->events = new_rand (config, part, SEED_EVENTS);
  self->step = (double) self->voice.block / config->rate;
  klass->build (self, individual, recording);
  if (klass->tune != NULL)
    klass->tune (self);
  g_rand_free (individual);
  g_rand_free (recording);
}

/* Expected mean square: the controls run, but nothing is rendered. */
static double
machine_power (const SimMachineClass * klass,
    const AsdSimulatorConfig * config, guint part)
{
  g_autofree SimMachine *machine = g_new (SimMachine, 1);
  const guint n_blocks = POWER_TIME * SIM_CONTROL_RATE;
  double sum = 0.0;

  machine_init (machine, klass, config, part);
  for (guint i = 0; i < n_blocks; i++) {
    klass->control (machine);
    sum += sim_voice_power (&machine->voice);
    sim_voice_skip (&machine->voice);
  }
  machine_clear (machine);
  return sum / n_blocks;
}

static void
set_gains (AsdSimulator * self)
{
  const AsdSimulatorConfig *config = &self->config;
  GRand *individual = new_rand (config, 0, SEED_INDIVIDUAL);
  GRand *recording = new_rand (config, 0, SEED_RECORDING);
  double level;

  /* Machines differ, and so does the place of the microphone. */
  level = sim_db (MACHINE_LEVEL + 2.0 * sim_rand_signed (individual) +
      1.5 * sim_rand_signed (recording));
  self->machine_gain = level / sqrt (machine_power
      (machines[config->machine].klass, config, 0));
  self->factory_gain = level * sim_db (-config->snr) /
      sqrt (machine_power (&sim_factory, config, 1));
  g_rand_free (individual);
  g_rand_free (recording);
}

static void
render_block (AsdSimulator * self)
{
  SimMachine *machine = &self->machine;
  guint n = machine->voice.block;
  double sound[SIM_MAX_BLOCK] = { 0.0 }, noise[SIM_MAX_BLOCK] = { 0.0 };

  if (!self->faulty && self->start >= self->config.fault_start) {
    machine->severity[self->config.fault] = self->config.severity;
    if (machine->klass->tune != NULL)
      machine->klass->tune (machine);
    self->faulty = TRUE;
  }
  machine->klass->control (machine);
  sim_voice_render (&machine->voice, sound);
  self->factory.klass->control (&self->factory);
  sim_voice_render (&self->factory.voice, noise);
  for (guint i = 0; i < n; i++) {
    double x = self->machine_gain * sound[i] + self->factory_gain * noise[i];

    self->block[i] = CLAMP (x, -1.0, 1.0);
  }
}

static void
restart (AsdSimulator * self)
{
  machine_clear (&self->machine);
  machine_clear (&self->factory);
  machine_init (&self->machine, machines[self->config.machine].klass,
      &self->config, 0);
  machine_init (&self->factory, &sim_factory, &self->config, 1);
  self->faulty = FALSE;
  self->start = 0;
  self->used = 0;
  render_block (self);
}

/* Passes over samples of the block; renders the next one where needed. */
static gsize
advance (AsdSimulator * self, float *out, guint64 n_samples)
{
  guint n = self->machine.voice.block;
  gsize left;

  if (self->used == n) {
    self->start += n;
    self->used = 0;
    render_block (self);
  }
  left = MIN (n_samples, n - self->used);
  if (out != NULL)
    memcpy (out, self->block + self->used, left * sizeof *out);
  self->used += left;
  return left;
}

AsdSimulator *
asd_simulator_new (const AsdSimulatorConfig * config)
{
  AsdSimulator *self;

  if (asd_simulator_config_check (config) != NULL)
    return NULL;
  self = g_new0 (AsdSimulator, 1);
  self->config = *config;
  set_gains (self);
  restart (self);
  return self;
}

void
asd_simulator_free (AsdSimulator * self)
{
  machine_clear (&self->machine);
  machine_clear (&self->factory);
  g_free (self);
}

void
asd_simulator_process (AsdSimulator * self, float *out, gsize n_samples)
{
  while (n_samples > 0) {
    gsize n = advance (self, out, n_samples);

    out += n;
    n_samples -= n;
  }
}

void
asd_simulator_seek (AsdSimulator * self, guint64 sample)
{
  if (sample < self->start)
    restart (self);
  else
    self->used = 0;
  for (guint64 left = sample - self->start; left > 0;)
    left -= advance (self, NULL, left);
}
