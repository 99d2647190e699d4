/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* Private to the simulator: the sound generators that every machine is made
 * of. A voice is a few harmonic series on rotating shafts, a few bands of
 * noise and two struck bodies; all are plain recursions. A machine changes
 * their parameters at the control rate, once a block. */

#include <glib.h>

G_BEGIN_DECLS

#define SIM_CONTROL_RATE 500    /* blocks per second */
#define SIM_MAX_RATE 192000
#define SIM_MAX_BLOCK (SIM_MAX_RATE / SIM_CONTROL_RATE)
#define SIM_N_SERIES 3
#define SIM_N_HARMONICS 4
#define SIM_N_BANDS 4
#define SIM_N_BODIES 2
#define SIM_N_MODES 3

/* What may modulate the amplitude of a band or of a series. */
enum
{
  SIM_SHAFT,                    /* the fundamental of series 0 */
  SIM_VANE,                     /* the fundamental of series 1 */
  SIM_N_CARRIERS
};

/* gain * sum over k of Re (a_k z^(k + 1)), z rotating at `frequency`. */
typedef struct
{
  double frequency;             /* Hz */
  double a[SIM_N_HARMONICS][2]; /* real and imaginary part */
  double target;                /* gain at the end of the block */
  double am;                    /* depth of the modulation by SIM_SHAFT */
  double gain;
  double z[2];
} SimSeries;

/* White noise through a two-pole band-pass of unit output power. */
typedef struct
{
  double target;                /* RMS at the end of the block */
  double am[SIM_N_CARRIERS];    /* depths */
  double gain;
  double b0, a1, a2, s1, s2;
  GRand *rand;
} SimBand;

/* One exponentially damped resonance. */
typedef struct
{
  double weight, c1, c2, y1, y2;
} SimMode;

typedef struct
{
  SimMode modes[SIM_N_MODES];
  double energy;                /* of a strike of 1: sum of squared samples */
  double ringing;               /* bound of the remaining amplitude */
  double strikes[SIM_MAX_BLOCK];
  gboolean struck;
} SimBody;

typedef struct
{
  guint rate, block;
  SimSeries series[SIM_N_SERIES];
  SimBand bands[SIM_N_BANDS];
  SimBody bodies[SIM_N_BODIES];
  double struck_energy;         /* by the strikes of this block */
} SimVoice;

/* Empty (silent) voice; the noise of band i is seeded with seed[] and i. */
G_GNUC_INTERNAL void sim_voice_init (SimVoice * self, guint rate, const guint32 * seed,
    guint n_seed);
G_GNUC_INTERNAL void sim_voice_clear (SimVoice * self);

/* Amplitude and phase of harmonic k (0 = fundamental). */
G_GNUC_INTERNAL void sim_series_set_harmonic (SimSeries * self, guint k, double amplitude,
    double phase);

/* Centre frequency in Hz, kept below 0.4 rate, and quality factor. */
G_GNUC_INTERNAL void sim_band_tune (SimVoice * self, guint band, double frequency, double q);

/* Mode of a body: frequency in Hz, time in s in which the amplitude falls to
 * 1/e, weight in a strike. A mode above 0.45 rate is silent. */
G_GNUC_INTERNAL void sim_body_tune (SimVoice * self, guint body, guint mode, double frequency,
    double decay, double weight);

/* Strikes a body at sample `offset` of the coming block. */
G_GNUC_INTERNAL void sim_voice_strike (SimVoice * self, guint body, guint offset,
    double amplitude);

/* Expected mean square of the coming block. */
G_GNUC_INTERNAL double sim_voice_power (const SimVoice * self);

/* Instead of rendering: only goes to the end of the block. */
G_GNUC_INTERNAL void sim_voice_skip (SimVoice * self);

/* Adds one block to out. */
G_GNUC_INTERNAL void sim_voice_render (SimVoice * self, double *out);

/* Uniform in -1 .. 1, of unit variance, exponential of mean 1. */
G_GNUC_INTERNAL double sim_rand_signed (GRand * rand);
G_GNUC_INTERNAL double sim_rand_normal (GRand * rand);
G_GNUC_INTERNAL double sim_rand_exponential (GRand * rand);

/* A slow random walk that stays around 0 (Ornstein-Uhlenbeck process):
 * standard deviation sigma, correlation time tau in s. Goes on by one block. */
G_GNUC_INTERNAL double sim_wander (double value, double sigma, double tau, GRand * rand);

G_GNUC_INTERNAL double sim_db (double db);      /* to an amplitude factor */

G_END_DECLS
