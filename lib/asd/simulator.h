/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_SIMULATOR_H__
#define __ASD_SIMULATOR_H__

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * AsdMachine:
 *
 * The simulated machines. docs/simulated-machines.md has the models.
 */
typedef enum
{
  ASD_MACHINE_FAN,
  ASD_MACHINE_PUMP,
  ASD_MACHINE_SLIDER,
  ASD_MACHINE_VALVE,
} AsdMachine;

/**
 * AsdFault:
 *
 * What may be wrong with a machine. Each machine has its own subset.
 */
typedef enum
{
  ASD_FAULT_NONE,
  ASD_FAULT_IMBALANCE,
  ASD_FAULT_VOLTAGE_CHANGE,
  ASD_FAULT_CLOGGING,
  ASD_FAULT_BEARING,
  ASD_FAULT_LEAKAGE,
  ASD_FAULT_CONTAMINATION,
  ASD_FAULT_RAIL_DAMAGE,
  ASD_FAULT_LOOSE_BELT,
  ASD_FAULT_NO_GREASE,
} AsdFault;

/**
 * asd_machine_values:
 *
 * Returns: the machines with a sentence (value_name) and the name used on
 * command lines (value_nick), ended by a row of zeros; ready for
 * g_enum_register_static(). Owned by the library.
 */
const GEnumValue *asd_machine_values (void);

/**
 * asd_fault_values:
 *
 * Returns: the faults, as asd_machine_values().
 */
const GEnumValue *asd_fault_values (void);

/**
 * asd_machine_has_fault:
 *
 * Returns: whether @machine can have @fault; ASD_FAULT_NONE always is one
 */
gboolean asd_machine_has_fault (AsdMachine machine, AsdFault fault);

/**
 * AsdSimulatorConfig:
 * @rate: sample rate in Hz, 8000 to 192000
 * @machine: the kind of machine
 * @machine_id: which individual of its kind: its speed, resonances and level
 * @seed: which recording of the individual: speed and load within their
 *     normal variation, every random event and all noise
 * @fault: one of the machine's faults
 * @severity: 0 (exactly as ASD_FAULT_NONE) to 1 (about to fail)
 * @fault_start: sample from which the fault is there. It takes effect at the
 *     next control step, at most 2 ms later; all samples before are those of
 *     the healthy machine.
 * @snr: long-term RMS of the healthy machine over that of the factory noise,
 *     -20 to 60 dB
 *
 * The fault, its severity, its start and the SNR change no random number:
 * two simulators that differ only in them are the same recording otherwise.
 */
typedef struct
{
  guint rate;
  AsdMachine machine;
  guint machine_id;
  guint seed;
  AsdFault fault;
  double severity;
  guint64 fault_start;
  double snr;
} AsdSimulatorConfig;

/**
 * asd_simulator_config_init:
 *
 * Sets the defaults: a healthy fan, id 0, seed 0, 16 kHz, severity 0.5 (of no
 * fault), 6 dB.
 */
void asd_simulator_config_init (AsdSimulatorConfig * config);

/**
 * asd_simulator_config_check:
 *
 * Returns: (nullable): NULL, or what is wrong; a fault of another machine is
 * answered with the names of the faults that @config->machine has. Owned by
 * the library.
 */
const char *asd_simulator_config_check (const AsdSimulatorConfig * config);

/**
 * AsdSimulator:
 *
 * The sound of one machine in a factory. The same config gives the same
 * samples (on the same machine and libraries), whatever the sizes asked for.
 */
typedef struct _AsdSimulator AsdSimulator;

/**
 * asd_simulator_new:
 * @config: valid by asd_simulator_config_check(), else NULL is returned
 *
 * Returns: (transfer full) (nullable): a simulator at sample 0
 */
AsdSimulator *asd_simulator_new (const AsdSimulatorConfig * config);
void asd_simulator_free (AsdSimulator * self);

/**
 * asd_simulator_process:
 * @out: room for @n_samples mono samples, written
 *
 * The next samples; full scale is 1 and never exceeded. A machine with 6 dB
 * SNR has about -37 dBFS, as the recordings of MIMII.
 */
void asd_simulator_process (AsdSimulator * self, float *out, gsize n_samples);

/**
 * asd_simulator_seek:
 * @sample: index of the sample that asd_simulator_process() gives next
 *
 * Goes there by simulating what lies between, from the start if @sample is
 * behind; that takes about 1/500 of the time skipped.
 */
void asd_simulator_seek (AsdSimulator * self, guint64 sample);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdSimulator, asd_simulator_free)

G_END_DECLS

#endif /* __ASD_SIMULATOR_H__ */
