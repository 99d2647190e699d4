#!/usr/bin/python3
"""Maximum likelihood gamma fits and gamma quantiles by scipy.

Prints the tables in tests/unit/calibration.c. scipy's own start and
tolerance stop far from the maximum on many score lists, so the maximum is
polished from several starts; the best one counts.
"""
import warnings

import numpy as np
from scipy import optimize, stats

warnings.simplefilter('ignore')


def sample(n, terms):
    """Sums of minus logarithms of stepped fractions, as in calibration.c."""
    i = np.arange(n)
    x = np.full(n, 50.0)
    for step, prime in ((37, 1009), (101, 1013), (59, 1019))[:terms]:
        x -= 2 * np.log(((step * i * i + i) % prime + 1) / (prime + 1))
    return x


def polish(f, x0, args=(), disp=0):
    return optimize.fmin(f, x0, args=args, xtol=1e-13, ftol=1e-15,
                         maxiter=50000, maxfun=50000, disp=0)


def fit(x):
    fits = []
    for start in 0.02, 0.1, 0.5, 2:
        location = x.min() - start * x.std()
        y = x - location
        shape = (y.mean() / y.std()) ** 2
        fits.append(stats.gamma.fit(x, shape, loc=location,
                                    scale=y.mean() / shape,
                                    optimizer=polish))
    return min(fits, key=lambda parameters: stats.gamma.nnlf(parameters, x))


for n, terms in (75, 3), (200, 3), (1000, 3), (200, 2), (1000, 2):
    x = sample(n, terms)
    shape, location, scale = fit(x)
    print('    {%d, %d, {%.10g, %.10g, %.10g}},' % (n, terms, location, shape,
                                                    scale))
print()
for shape in 0.05, 0.5, 1, 3.7, 150, 12000:
    for probability in 0.001, 0.5, 0.9, 0.999, 1 - 1e-9:
        print('    {%g, %.10g, %.13g},' % (
            shape, probability, stats.gamma.ppf(probability, shape)))
