#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a model file with nothing but numpy and prints its tensors and recipe.

Shows that the format needs no code of ours. Where the package safetensors is
installed it must read the same.
"""
import json
import struct
import sys

import numpy

DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "u1"}


def read(path):
    """Returns the metadata and the tensors: name -> (dtype, array)."""
    with open(path, "rb") as file:
        data = file.read()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__")
    tensors, covered, item_size = {}, 0, 8
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(data[8 + length + begin:8 + length + end],
                                  DTYPES[entry["dtype"]])
        assert begin == covered, name + " does not follow the one before"
        assert values.itemsize <= item_size, name + " is not sorted"
        covered, item_size = end, values.itemsize
        tensors[name] = entry["dtype"], values.reshape(entry["shape"])
    assert covered == len(data) - 8 - length
    return metadata, tensors


def compare_with_safetensors(path, metadata, tensors):
    try:
        from safetensors import safe_open
    except ImportError:
        print("NOT RUN: the comparison with the package safetensors, which is "
              "not installed", file=sys.stderr)
        return
    with safe_open(path, framework="numpy") as file:
        assert file.metadata() == metadata
        assert sorted(file.keys()) == sorted(tensors)
        for name, (_, values) in tensors.items():
            theirs = file.get_tensor(name)
            assert theirs.dtype == values.dtype and theirs.shape == values.shape
            assert theirs.tobytes() == values.tobytes(), name


if __name__ == "__main__":
    METADATA, TENSORS = read(sys.argv[1])
    compare_with_safetensors(sys.argv[1], METADATA, TENSORS)
    for NAME in sorted(TENSORS):
        DTYPE, VALUES = TENSORS[NAME]
        FORMAT = " %.17g" if DTYPE[0] == "F" else " %d"
        print(NAME, DTYPE, list(VALUES.shape), end="")
        print("".join(FORMAT % x for x in VALUES.ravel()))
    print("recipe", METADATA["asd.recipe"])
