/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "explanation.h"

/* A value that is in no band of a kind counts there. */
#define NOWHERE 0

struct _AsdExplainer
{
  gsize n;                      /* values of a frame */
  GArray *shares;               /* AsdShare, in order */
  guint *bands;                 /* 1 + the share of each value, or NOWHERE */
  guint *modulations;
  double *sums;                 /* of NOWHERE and of each share */
};

static int
compare_bands (const AsdShare * a, const AsdShare * b)
{
  if (a->kind != b->kind)
    return a->kind < b->kind ? -1 : 1;
  if (a->low != b->low)
    return a->low < b->low ? -1 : 1;
  return a->high < b->high ? -1 : a->high > b->high;
}

/* Its place in the array, where it is added if it is new. */
static guint
find_band (GArray * shares, const AsdShare * band, gboolean *known)
{
  guint low = 0, high = shares->len;

  while (low < high) {
    guint middle = (low + high) / 2;
    int order = compare_bands (&g_array_index (shares, AsdShare, middle), band);

    if (order == 0) {
      *known = TRUE;
      return middle;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *known = FALSE;
  return low;
}

static AsdShare
band_of (const AsdAxis * axis, AsdShareKind kind)
{
  AsdShare band = { kind, axis->low, axis->high, 0 };

  if (kind == ASD_SHARE_MODULATION) {
    band.low = axis->modulation_low;
    band.high = axis->modulation_high;
  }
  return band;
}

static void
add_bands (GArray * shares, const AsdAxis * axes, gsize n, AsdShareKind kind)
{
  for (gsize i = 0; i < n; i++) {
    AsdShare band = band_of (&axes[i], kind);
    gboolean known;
    guint place;

    if (isnan (band.low) || isnan (band.high))
      continue;
    place = find_band (shares, &band, &known);
    if (!known)
      g_array_insert_val (shares, place, band);
  }
}

static guint *
find_places (GArray * shares, const AsdAxis * axes, gsize n, AsdShareKind kind)
{
  guint *places = g_new0 (guint, n);

  for (gsize i = 0; i < n; i++) {
    AsdShare band = band_of (&axes[i], kind);
    gboolean known = FALSE;
    guint place;

    if (isnan (band.low) || isnan (band.high))
      continue;
    place = find_band (shares, &band, &known);
    places[i] = place + 1;
  }
  return places;
}

AsdExplainer *
asd_explainer_new (const AsdAxis * axes, gsize n)
{
  GArray *shares = g_array_new (FALSE, FALSE, sizeof (AsdShare));
  AsdExplainer *self;

  add_bands (shares, axes, n, ASD_SHARE_BAND);
  add_bands (shares, axes, n, ASD_SHARE_MODULATION);
  if (shares->len == 0) {
    g_array_unref (shares);
    return NULL;
  }
  self = g_new0 (AsdExplainer, 1);
  self->n = n;
  self->shares = shares;
  self->bands = find_places (shares, axes, n, ASD_SHARE_BAND);
  self->modulations = find_places (shares, axes, n, ASD_SHARE_MODULATION);
  self->sums = g_new (double, shares->len + 1);
  return self;
}

void
asd_explainer_free (AsdExplainer * self)
{
  g_array_unref (self->shares);
  g_free (self->bands);
  g_free (self->modulations);
  g_free (self->sums);
  g_free (self);
}

gsize
asd_explainer_get_n_shares (const AsdExplainer * self)
{
  return self->shares->len;
}

/* Fills in the shares of one kind. Their sum may be less than 1. */
static gboolean
sum_kind (AsdExplainer * self, const double *parts, AsdShareKind kind,
    AsdShare * shares)
{
  const guint *places = kind == ASD_SHARE_BAND ? self->bands :
      self->modulations;
  double total = 0;
  gsize i;

  for (i = 0; i <= self->shares->len; i++)
    self->sums[i] = 0;
  for (i = 0; i < self->n; i++)
    self->sums[places[i]] += parts[i];
  for (i = 0; i <= self->shares->len; i++) {
    /* NaN stays. */
    if (self->sums[i] < 0)
      self->sums[i] = 0;
    total += self->sums[i];
  }
  if (!(total > 0) || !isfinite (total))
    return FALSE;
  for (i = 0; i < self->shares->len; i++) {
    if (g_array_index (self->shares, AsdShare, i).kind != kind)
      continue;
    shares[i] = g_array_index (self->shares, AsdShare, i);
    shares[i].share = self->sums[i + 1] / total;
  }
  return TRUE;
}

gboolean
asd_explainer_process (AsdExplainer * self, const double *parts,
    AsdShare * shares)
{
  return sum_kind (self, parts, ASD_SHARE_BAND, shares)
      && sum_kind (self, parts, ASD_SHARE_MODULATION, shares);
}

void
asd_shares_merge (GArray * merged, const AsdShare * shares, gsize n,
    double weight)
{
  for (gsize i = 0; i < n; i++) {
    AsdShare share = shares[i];
    gboolean known;
    guint place = find_band (merged, &share, &known);

    share.share *= weight;
    if (known)
      g_array_index (merged, AsdShare, place).share += share.share;
    else
      g_array_insert_val (merged, place, share);
  }
}

/* Of the edges of a band that is made of several: wider ones tell nothing. */
#define MAX_RATIO 2.

typedef enum
{
  FREE,
  SLOPE,                        /* of a peak */
  PEAK,
} Use;

/* The largest share whose use is below limit, with its neighbours; FALSE where
 * none is left. */
static gboolean
take_peak (const AsdShare * shares, gsize first, gsize end, Use limit,
    Use * uses, AsdShare * peak)
{
  gsize best = end, low, high, i;

  for (i = first; i < end; i++)
    if (uses[i] < limit && shares[i].share > 0
        && (best == end || shares[i].share > shares[best].share))
      best = i;
  if (best == end)
    return FALSE;
  for (low = best; low > first && uses[low - 1] < limit
      && shares[low - 1].share >= shares[best].share / 2
      && shares[best].high <= MAX_RATIO * shares[low - 1].low; low--);
  for (high = best; high + 1 < end && uses[high + 1] < limit
      && shares[high + 1].share >= shares[best].share / 2
      && shares[high + 1].high <= MAX_RATIO * shares[low].low; high++);
  *peak = shares[low];
  peak->share = 0;
  for (i = low; i <= high; i++) {
    uses[i] = PEAK;
    peak->high = MAX (peak->high, shares[i].high);
    peak->share += shares[i].share;
  }
  for (; low > first && uses[low - 1] != PEAK
      && shares[low - 1].share <= shares[low].share
      && shares[low - 1].share < shares[best].share / 2; low--)
    uses[low - 1] = SLOPE;
  for (; high + 1 < end && uses[high + 1] != PEAK
      && shares[high + 1].share <= shares[high].share
      && shares[high + 1].share < shares[best].share / 2; high++)
    uses[high + 1] = SLOPE;
  return TRUE;
}

guint
asd_shares_get_top (const AsdShare * shares, gsize n, AsdShareKind kind,
    AsdShare top[ASD_SHARES_TOP])
{
  g_autofree Use *uses = g_new0 (Use, n);
  guint n_top = 0, place;
  gsize first = 0, end;
  AsdShare peak;

  while (first < n && shares[first].kind != kind)
    first++;
  for (end = first; end < n && shares[end].kind == kind; end++);
  while (n_top < ASD_SHARES_TOP
      && (take_peak (shares, first, end, SLOPE, uses, &peak)
          || take_peak (shares, first, end, PEAK, uses, &peak))) {
    /* A lower peak may be the wider one. */
    for (place = n_top++; place > 0 && top[place - 1].share < peak.share;
        place--)
      top[place] = top[place - 1];
    top[place] = peak;
  }
  return n_top;
}

/* So many digits as the edges deserve, without an exponent. */
static void
append_hz (GString * text, double hz, int digits)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  double unit = hz > 0 ? pow (10, floor (log10 (hz)) + 1 - digits) : 1;

  g_ascii_formatd (number, sizeof number, "%.6g", round (hz / unit) * unit);
  g_string_append (text, number);
}

static void
append_band (GString * text, const AsdShare * band, int digits)
{
  append_hz (text, band->low, digits);
  g_string_append_c (text, '-');
  append_hz (text, band->high, digits);
  g_string_append_printf (text, " Hz (%.0f %%)", 100 * band->share);
}

char *
asd_shares_describe (const AsdShare * shares, gsize n)
{
  AsdShare top[ASD_SHARES_TOP];
  GString *text = g_string_new (NULL);
  guint i, n_top = asd_shares_get_top (shares, n, ASD_SHARE_BAND, top);

  for (i = 0; i < n_top; i++) {
    g_string_append (text, i == 0 ? "strongest at " :
        i + 1 == n_top ? " and " : ", ");
    append_band (text, &top[i], 3);
  }
  n_top = asd_shares_get_top (shares, n, ASD_SHARE_MODULATION, top);
  if (n_top > 0) {
    g_string_append (text, text->len > 0 ? ", modulated at " :
        "strongest modulated at ");
    append_band (text, &top[0], 2);
  }
  return g_string_free (text, text->len == 0);
}
