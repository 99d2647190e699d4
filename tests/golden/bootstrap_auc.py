#!/usr/bin/python3
"""Intervals of AUC and pAUC by the stratified bootstrap, with numpy alone, for
tests/unit/bootstrap.c: made of the definitions (pairs of clips, a trapezium over
the drawn curve), not of the program's way of counting.

usage: bootstrap_auc.py [RESAMPLES]
"""
import sys

import numpy as np

RESAMPLES = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
P = 0.1
NORMAL, ANOMALOUS = np.arange(40), np.arange(30)
# Whole numbers with many ties; the test makes the same.
SYSTEMS = [(37 * NORMAL % 101 // 5, (53 * ANOMALOUS % 113 + 30) // 5),
           (29 * NORMAL % 97 // 5, (71 * ANOMALOUS % 109 + 15) // 5)]


def auc(normal, anomalous):
    difference = anomalous[:, None] - normal[None, :]
    return np.mean((difference > 0) + 0.5 * (difference == 0))


def pauc(normal, anomalous):
    thresholds = np.unique(np.concatenate([normal, anomalous]))[::-1]
    x = np.array([0] + [np.mean(normal >= t) for t in thresholds])
    y = np.array([0] + [np.mean(anomalous >= t) for t in thresholds])
    # The curve is vertical where x repeats: its upper end counts beyond P.
    inside = x <= P
    x, y, rest = x[inside], y[inside], (x[~inside], y[~inside])
    if x[-1] < P:
        share = (P - x[-1]) / (rest[0][0] - x[-1])
        y = np.append(y, y[-1] + share * (rest[1][0] - y[-1]))
        x = np.append(x, P)
    area = np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2)
    return 0.5 * (1 + (area - P * P / 2) / (P - P * P / 2))


def both(normal, anomalous):
    return auc(normal, anomalous), pauc(normal, anomalous)


def show(what, value, resampled):
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    for name, v, l, h in zip(('AUC', 'pAUC'), value, low, high):
        print(f'{what} {name}: {v:.6f} {l:.4f} {h:.4f}')


rng = np.random.default_rng(1)
first, paired = [], []
for _ in range(RESAMPLES):
    n = rng.integers(len(NORMAL), size=len(NORMAL))
    a = rng.integers(len(ANOMALOUS), size=len(ANOMALOUS))
    values = [np.array(both(normal[n], anomalous[a]))
              for normal, anomalous in SYSTEMS]
    first.append(values[0])
    paired.append(values[0] - values[1])
values = [np.array(both(*system)) for system in SYSTEMS]
show('first', values[0], first)
show('first - second', values[0] - values[1], paired)
