"""Our .npy files as NumPy reads them, and NumPy's as we read them.

usage: npy-numpy.py libasd-1.0.so
"""
import ctypes
import os
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print('SKIPPED: needs numpy (apt-get install python3-numpy)')
    sys.exit(77)

TYPES = ['<f4', '<f8', '<i4', '<i8', '|u1']


class Error(ctypes.Structure):
    _fields_ = [('domain', ctypes.c_uint32), ('code', ctypes.c_int),
                ('message', ctypes.c_char_p)]


class Npy(ctypes.Structure):
    _fields_ = [('type', ctypes.c_int), ('n_dims', ctypes.c_size_t),
                ('shape', ctypes.c_size_t * 8),
                ('n_elements', ctypes.c_size_t), ('data', ctypes.c_void_p)]


lib = ctypes.CDLL(sys.argv[1])
lib.asd_npy_load.restype = ctypes.POINTER(Npy)


def save(path, array):
    error = ctypes.POINTER(Error)()
    shape = (ctypes.c_size_t * array.ndim)(*array.shape)
    assert lib.asd_npy_save(
        os.fsencode(path), TYPES.index(array.dtype.str),
        ctypes.c_size_t(array.ndim), shape, array.ctypes.data_as(
            ctypes.c_void_p), ctypes.byref(error)), error.contents.message


def load(path):
    """The array, or the text of the error."""
    error = ctypes.POINTER(Error)()
    npy = lib.asd_npy_load(os.fsencode(path), ctypes.byref(error))
    if not npy:
        return error.contents.message.decode()
    npy = npy.contents
    dtype = np.dtype(TYPES[npy.type])
    data = ctypes.string_at(npy.data, npy.n_elements * dtype.itemsize)
    return np.frombuffer(data, dtype).reshape(npy.shape[:npy.n_dims])


def same(a, b):
    return (isinstance(a, np.ndarray) and a.dtype == b.dtype
            and a.shape == b.shape and (a == b).all())


random = np.random.default_rng(1)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'x.npy')
    for dtype in TYPES:
        for shape in (1,), (7,), (2, 3), (5, 60, 8), (1,) * 7 + (3,):
            array = random.integers(0, 250, shape).astype(dtype)
            save(path, array)
            assert same(np.load(path), array), (dtype, shape)
            assert os.path.getsize(path) == 128 + array.nbytes
            np.save(path, array)
            assert same(load(path), array), (dtype, shape)

    array = random.normal(size=(3, 4))
    for version in (1, 0), (2, 0), (3, 0):
        with open(path, 'wb') as file:
            np.lib.format.write_array(file, array, version=version)
        assert same(load(path), array), version

    refused = [
        (np.asfortranarray(array), 'np.ascontiguousarray'),
        (array.astype('>f8'), 'little endian'),
        (array.astype('f2'), 'astype'),
        (array > 0, 'astype'),
        (np.array(3.0), 'np.atleast_1d'),
        (array[:0], 'empty'),
        (np.array([None, 1]), 'objects'),
        (np.zeros(3, [('a', 'f4'), ('b', 'i4')]), 'structured'),
        (np.array(['text']), 'astype'),
    ]
    for array, reason in refused:
        np.save(path, array, allow_pickle=True)
        answer = load(path)
        assert isinstance(answer, str) and reason in answer, (reason, answer)
        assert answer.startswith(path) and '\n' not in answer
