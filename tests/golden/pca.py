#!/usr/bin/python3
"""Principal components by singular values, in numpy.

Prints the tables in tests/unit/pca.c: the number of components that keep the
part 0.99 of the variance, the first variances, and where the first vector is
projected, plain and whitened.
"""
import numpy as np


def make(n, dim):
    i, j = np.arange(n)[:, None], np.arange(dim)
    x = np.sin(1 + i * (j + 1)) / (1 + j % 7) + np.cos(i) / (1 + j)
    return x.astype(np.float32).astype(float)


def main():
    for n, dim in (40, 6), (6, 40), (30, 30):
        x = make(n, dim)
        centred = x - x.mean(axis=0)
        _, s, v = np.linalg.svd(centred, full_matrices=False)
        variances = s ** 2 / (n - 1)
        largest = np.abs(v).argmax(axis=1)
        v *= np.sign(v[np.arange(len(v)), largest])[:, None]
        kept = 1 + np.searchsorted(np.cumsum(variances) / variances.sum(), 0.99)
        y = (v @ centred[0])[:3]
        print('    {%d, %d, %d,' % (n, dim, kept))
        for row in variances[:3], y, y / np.sqrt(variances[:3]):
            print('        {%s},' % ', '.join('%.15g' % value for value in row))


main()
