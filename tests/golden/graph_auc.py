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
    for i in range(n):
        distances = np.abs(x - x[i]).sum(axis=1)
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


for train in sorted(glob.glob(os.path.join(sys.argv[1], '*/*/train.npy'))):
    folder = os.path.dirname(train)
    x, y = (np.load(os.path.join(folder, name)).astype(float)
            for name in ('train.npy', 'test.npy'))
    labels = np.load(os.path.join(folder, 'test_labels.npy'))
    means, deviations = fit(x.reshape(len(x), -1))
    scores = np.array([(np.abs(v - means) / deviations).sum(axis=1).min()
                       for v in y.reshape(len(y), -1)])
    machine = '/'.join(folder.split(os.sep)[-2:])
    print('    {"%s", %d, %.15g},' % (machine, len(means), auc(scores, labels)))
