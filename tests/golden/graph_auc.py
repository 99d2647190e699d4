#!/usr/bin/python3
"""The graph scorer from its definition, in numpy: clusters and AUC per machine.

usage: graph_auc.py SHARED/data/modspec

Prints the table in tests/unit/graph.c.
"""
import glob
import os
import sys

import numpy as np


def fit(x):
    n = len(x)
    nearest = np.empty(n, int)
    difference = np.empty_like(x)
    for i in range(n):
        np.abs(np.subtract(x, x[i], out=difference), out=difference)
        distances = difference.sum(axis=1)
        distances[i] = 999
        nearest[i] = distances.argmin()
    # Spread the smallest member over each component until nothing changes.
    label = np.arange(n)
    while True:
        new = np.minimum(label, label[nearest])
        np.minimum.at(new, nearest, label)
        if (new == label).all():
            break
        label = new
    members = [x[label == smallest] for smallest in np.unique(label)]
    return (np.array([m.mean(axis=0) for m in members]),
            np.array([m.std(axis=0) + 1e-6 for m in members]))


def auc(scores, labels):
    anomalous, normal = scores[labels > 0][:, None], scores[labels == 0]
    return ((anomalous > normal) + 0.5 * (anomalous == normal)).mean()


def load(folder, name):
    x = np.load(os.path.join(folder, name)).astype(float)
    return x.reshape(len(x), -1)


def score(folder):
    """The scores of the test windows of a machine id, and their labels."""
    means, deviations = fit(load(folder, 'train.npy'))
    scores = np.array([(np.abs(v - means) / deviations).sum(axis=1).min()
                       for v in load(folder, 'test.npy')])
    return scores, np.load(os.path.join(folder, 'test_labels.npy'))


def main():
    for train in sorted(glob.glob(os.path.join(sys.argv[1], '*/*/train.npy'))):
        folder = os.path.dirname(train)
        machine = '/'.join(folder.split(os.sep)[-2:])
        print('    {"%s", %d, %.15g},' % (
            machine, len(fit(load(folder, 'train.npy'))[0]),
            auc(*score(folder))))


if __name__ == '__main__':
    main()
