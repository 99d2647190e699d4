/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_EXPLANATION_H__
#define __ASD_EXPLANATION_H__

#include <glib.h>
#include <math.h>

G_BEGIN_DECLS

/**
 * AsdAxis:
 * @low: lower edge of a frequency band in Hz
 * @high: its upper edge
 * @modulation_low: lower edge of a band of modulation frequencies in Hz
 * @modulation_high: its upper edge
 *
 * Where one value of a feature frame comes from. Both edges of a band that there
 * is not are NaN.
 */
typedef struct
{
  double low;
  double high;
  double modulation_low;
  double modulation_high;
} AsdAxis;

#define ASD_AXIS_NONE ((AsdAxis) { NAN, NAN, NAN, NAN })

/**
 * AsdShareKind:
 * @ASD_SHARE_BAND: of a frequency band
 * @ASD_SHARE_MODULATION: of a band of modulation frequencies
 */
typedef enum
{
  ASD_SHARE_BAND,
  ASD_SHARE_MODULATION,
} AsdShareKind;

/**
 * AsdShare:
 * @low: lower edge in Hz
 * @high: upper edge in Hz
 * @share: how much of the score comes from it, 0 to 1
 *
 * The shares of one kind sum to 1, or less where values have no such band.
 */
typedef struct
{
  AsdShareKind kind;
  double low;
  double high;
  double share;
} AsdShare;

/**
 * AsdExplainer:
 *
 * Sums what each value of a frame adds to a score over those of one frequency
 * band, and over those of one modulation band. One thread at a time.
 */
typedef struct _AsdExplainer AsdExplainer;

/**
 * asd_explainer_new:
 * @axes: (array length=n): where each value of a frame comes from
 *
 * Returns: (transfer full) (nullable): free with asd_explainer_free(); NULL
 *     where no value has a band
 */
AsdExplainer *asd_explainer_new (const AsdAxis * axes, gsize n);
void asd_explainer_free (AsdExplainer * explainer);

/**
 * asd_explainer_get_n_shares:
 *
 * Returns: how many different bands there are, of both kinds
 */
gsize asd_explainer_get_n_shares (const AsdExplainer * explainer);

/**
 * asd_explainer_process:
 * @parts: what each value adds to the score, or takes from it
 * @shares: (out): asd_explainer_get_n_shares() of them, the frequency bands
 *     first, each kind by rising frequency
 *
 * A band in which more is taken than added has a share of 0.
 *
 * Returns: FALSE where nothing is added, or a sum is not finite
 */
gboolean asd_explainer_process (AsdExplainer * explainer, const double *parts,
    AsdShare * shares);

/**
 * asd_shares_merge:
 * @merged: (element-type AsdShare): the shares so far, in order
 * @shares: (array length=n): those of one more score, in order
 * @weight: what they are multiplied with
 *
 * Adds shares to others, band by band.
 */
void asd_shares_merge (GArray * merged, const AsdShare * shares, gsize n,
    double weight);

/* Bands of each kind that an explanation names. */
#define ASD_SHARES_TOP 3

/**
 * asd_shares_get_top:
 * @shares: (array length=n): in order
 * @top: (out): the largest, largest first
 *
 * The band with the largest share, together with its neighbours on both sides as
 * far as each of them has at least half as much, and all are no more than an
 * octave wide, is one; what is left gives the next ones. The slopes beside a peak count only where there is nothing else.
 *
 * Returns: how many there are, 0 to %ASD_SHARES_TOP
 */
guint asd_shares_get_top (const AsdShare * shares, gsize n, AsdShareKind kind,
    AsdShare top[ASD_SHARES_TOP]);

/**
 * asd_shares_describe:
 * @shares: (array length=n): in order
 *
 * Returns: (transfer full) (nullable): what asd_shares_get_top() says as a
 *     phrase, such as "strongest at 1150-1290 Hz (22 %), 180-230 Hz (14 %) and
 *     60-90 Hz (9 %), modulated at 16-33 Hz (41 %)"; NULL where there is nothing
 *     to say
 */
char *asd_shares_describe (const AsdShare * shares, gsize n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AsdExplainer, asd_explainer_free)

G_END_DECLS

#endif /* __ASD_EXPLANATION_H__ */
