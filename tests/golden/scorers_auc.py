#!/usr/bin/python3
"""Scorers from their definitions, in numpy: AUC and pAUC of the test windows of
each machine id, on the logarithm of its features, standardised by its training
windows.

usage: scorers_auc.py SHARED/data/modspec

scikit-learn's LocalOutlierFactor (n_neighbors=4, novelty=True) and LedoitWolf
give the same figures.
"""
import glob
import os
import sys

import numpy as np

import graph_auc

NEIGHBOURS = 4


def distances(a, b):
    squares = ((a ** 2).sum(axis=1)[:, None] + (b ** 2).sum(axis=1)
               - 2 * a @ b.T)
    return np.sqrt(np.maximum(squares, 0))


def nearest(d):
    """Indices and distances of the nearest, the first ones on ties."""
    index = d.argsort(axis=1, kind='stable')[:, :NEIGHBOURS]
    return index, np.take_along_axis(d, index, axis=1)


def between(x):
    d = distances(x, x)
    np.fill_diagonal(d, np.inf)
    return nearest(d)


def lof(x, y):
    own, own_d = between(x)
    index, d = nearest(distances(y, x))
    radius = own_d[:, -1]
    density = 1 / (np.maximum(own_d, radius[own]).mean(axis=1) + 1e-10)
    around = 1 / (np.maximum(d, radius[index]).mean(axis=1) + 1e-10)
    return density[index].mean(axis=1) / around


def knn(x, y):
    own_d = between(x)[1].mean(axis=1)
    index, d = nearest(distances(y, x))
    return d.mean(axis=1) / (own_d[index].mean(axis=1) + 1e-10)


def mahalanobis(x, y):
    n, dim = x.shape
    z = x - x.mean(axis=0)
    covariance = z.T @ z / n
    mu = np.trace(covariance) / dim
    # Ledoit and Wolf 2004, lemma 3.2 to 3.4.
    distance = ((covariance - mu * np.eye(dim)) ** 2).sum()
    # The sum of |z z' - S|^2 over all elements.
    uncertainty = ((z ** 2).sum(axis=1) ** 2
                   - 2 * (z @ covariance * z).sum(axis=1)
                   + (covariance ** 2).sum()).sum() / n ** 2
    share = min(uncertainty / distance, 1)
    covariance = (1 - share) * covariance + share * mu * np.eye(dim)
    y = y - x.mean(axis=0)
    return np.sqrt((y * np.linalg.solve(covariance, y.T).T).sum(axis=1))


SCORERS = {'lof': lof, 'knn': knn, 'mahalanobis': mahalanobis}


def pauc(scores, labels, limit=0.1):
    """McClish's standardised area up to a false positive rate of limit."""
    points = [(0, 0)]
    for threshold in np.unique(scores)[::-1]:
        flagged = scores >= threshold
        points.append(((flagged & (labels == 0)).sum() / (labels == 0).sum(),
                       (flagged & (labels > 0)).sum() / (labels > 0).sum()))
    false, true = np.array(points).T
    x = np.append(false[false < limit], limit)
    y = np.append(true[false < limit],
                  np.interp(limit, *deduplicate(false, true)))
    # All of a rise at one rate counts, up to the limit itself.
    area = sum((x[i + 1] - x[i]) * (y[i + 1] + y[i]) / 2
               for i in range(len(x) - 1))
    least = limit ** 2 / 2
    return 0.5 * (1 + (area - least) / (limit - least))


def deduplicate(false, true):
    """The last of the points with the same rate."""
    last = np.append(false[1:] != false[:-1], True)
    return false[last], true[last]


def score(name, folder):
    """The scores of the test windows of a machine id, and their labels."""
    x, y = (np.log(graph_auc.load(folder, part) + 1e-12)
            for part in ('train.npy', 'test.npy'))
    mean, std = x.mean(axis=0), x.std(axis=0)
    std[std == 0] = 1
    return (SCORERS[name]((x - mean) / std, (y - mean) / std),
            np.load(os.path.join(folder, 'test_labels.npy')))


def main():
    for name in SCORERS:
        rows = []
        for train in sorted(glob.glob(os.path.join(sys.argv[1],
                                                   '*/*/train.npy'))):
            folder = os.path.dirname(train)
            scores, labels = score(name, folder)
            rows.append((graph_auc.auc(scores, labels), pauc(scores, labels)))
            print(name, '/'.join(folder.split(os.sep)[-2:]),
                  '%.6f %.6f' % rows[-1])
        print(name, 'mean', '%.6f %.6f' % tuple(np.mean(rows, axis=0)))


if __name__ == '__main__':
    main()
