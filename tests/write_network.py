#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes an autoencoder into a model file with nothing but numpy, as one would
with the weights of PyTorch, and prints two inputs and what it makes of them."""
import json
import struct
import sys

import numpy

MODULES = "BatchNorm1d Linear Tanh BatchNorm1d Dropout Linear Sigmoid Linear ReLU"


def save(path, metadata, tensors):
    """The layout of safetensors, with the rules of lib/asd/model.h."""
    header, data = {"__metadata__": metadata}, b""
    for name in sorted(tensors):
        raw = tensors[name].astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def run(state, x):
    """As torch.nn.Sequential runs it."""
    for i, kind in enumerate(MODULES.split()):
        p = {name.split(".", 1)[1]: value.astype("f4").astype("f8")
             for name, value in state.items() if name.startswith(f"{i}.")}
        if kind == "Linear":
            x = x @ p["weight"].T + p["bias"]
        elif kind == "BatchNorm1d":
            x = ((x - p["running_mean"]) / numpy.sqrt(p["running_var"] + 1e-5)
                 * p["weight"] + p["bias"])
        elif kind == "Tanh":
            x = numpy.tanh(x)
        elif kind == "Sigmoid":
            x = 1 / (1 + numpy.exp(-x))
        elif kind == "ReLU":
            x = numpy.maximum(x, 0)
    return x


if __name__ == "__main__":
    RANDOM = numpy.random.RandomState(1)
    STATE = {}
    for I, WIDTHS in ((1, (5, 3)), (5, (2, 5)), (7, (3, 2))):
        STATE[f"{I}.weight"] = RANDOM.normal(size=WIDTHS)
        STATE[f"{I}.bias"] = RANDOM.normal(size=WIDTHS[0])
    for I, WIDTH in ((0, 3), (3, 5)):
        for NAME in "weight", "bias", "running_mean":
            STATE[f"{I}.{NAME}"] = RANDOM.normal(size=WIDTH)
        STATE[f"{I}.running_var"] = RANDOM.uniform(0.1, 2, size=WIDTH)
    save(sys.argv[1],
         {"asd.format": "1", "autoencoder.kind": "autoencoder",
          "autoencoder.caps": "application/x-asd-features, format=F32LE, "
          "kind=array, rows=1, columns=3, rate=0, frame-length=0, "
          "frame-step=0", "autoencoder.modules": MODULES},
         {"autoencoder." + NAME: VALUES for NAME, VALUES in STATE.items()})
    X = RANDOM.normal(size=(2, 3)).astype("f4").astype("f8")
    print(*("%.17g" % value for value in [*X.ravel(), *run(STATE, X).ravel()]))
