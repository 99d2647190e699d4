"""Log-mel features and cepstral coefficients, against their definitions in
NumPy's double arithmetic: np.pad's reflection, np.fft, and filters of their own.

usage: logmel-numpy.py libasd-1.0.so
"""
import ctypes
import sys

try:
    import numpy as np
except ImportError:
    print('SKIPPED: needs numpy (apt-get install python3-numpy)')
    sys.exit(77)

RATE = 16000
ZERO, REFLECT, NONE = range(3)
PLAIN, SPEECHPY, QUIRK = range(3)
HTK, SLANEY = range(2)
LIBROSA, TORCHAUDIO = 1, 2
EPS = np.finfo(float).eps


class LogMelConfig(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint) for name in
                ('variant', 'rate', 'bands', 'n_fft', 'hop', 'pad', 'scale',
                 'norm')] + [('low', ctypes.c_double),
                             ('high', ctypes.c_double)]


class MfccConfig(ctypes.Structure):
    _fields_ = [('rate', ctypes.c_uint), ('frame_length', ctypes.c_uint),
                ('frame_step', ctypes.c_uint),
                ('pre_emphasis', ctypes.c_double), ('bands', ctypes.c_uint),
                ('low', ctypes.c_double), ('high', ctypes.c_double),
                ('coefficients', ctypes.c_uint), ('deltas', ctypes.c_uint),
                ('variant', ctypes.c_uint)]


lib = ctypes.CDLL(sys.argv[1])
for kind in 'log_mel', 'mfcc':
    getattr(lib, f'asd_{kind}_new').restype = ctypes.c_void_p
    getattr(lib, f'asd_{kind}_config_check').restype = ctypes.c_char_p
    getattr(lib, f'asd_{kind}_get_n_frames').restype = ctypes.c_size_t


def run(kind, config, columns, x):
    problem = getattr(lib, f'asd_{kind}_config_check')(ctypes.byref(config))
    assert problem is None, problem
    thing = ctypes.c_void_p(getattr(lib, f'asd_{kind}_new')(
        ctypes.byref(config)))
    n = ctypes.c_size_t(len(x))
    frames = np.zeros((getattr(lib, f'asd_{kind}_get_n_frames')(thing, n),
                       columns), np.float32)
    getattr(lib, f'asd_{kind}_process')(
        thing, x.ctypes.data_as(ctypes.c_void_p), n,
        frames.ctypes.data_as(ctypes.c_void_p))
    getattr(lib, f'asd_{kind}_free')(thing)
    return frames.astype(float)


def log_mel(x, variant, **properties):
    config = LogMelConfig()
    lib.asd_log_mel_config_init(ctypes.byref(config), variant, RATE)
    for name, value in properties.items():
        setattr(config, name, value)
    return run('log_mel', config, config.bands, x)


def mel_scale(scale, bands, low=0):
    """Ends and peaks of the bands in Hz."""
    if scale == HTK:
        mels = np.linspace(*np.log1p(np.array([low, RATE / 2]) / 700),
                           bands + 2)
        return 700 * np.expm1(mels)
    step = np.log(6.4) / 27
    mels = np.linspace(low * 3 / 200, 15 + np.log(RATE / 2000) / step,
                       bands + 2)
    return np.where(mels < 15, mels * 200 / 3,
                    1000 * np.exp((mels - 15) * step))


def filters(scale, norm, bands, n_fft):
    points = mel_scale(scale, bands)
    hz = np.arange(n_fft // 2 + 1) * RATE / n_fft
    left, peak, right = (points[i:bands + i, None] for i in range(3))
    up = (hz - left) / (peak - left)
    down = (right - hz) / (right - peak)
    weights = np.maximum(0, np.minimum(up, down))
    return weights * 2 / (right - left) if norm == SLANEY else weights


def speechpy_filters(bands, grid, n_bins, low):
    # One part in 1e12 less: ALGORITHMS.md's end at half the rate is below it.
    points = np.floor(grid * mel_scale(HTK, bands, low) / RATE * (1 - 1e-12))
    weights = np.zeros((bands, n_bins))
    for row, (left, peak, right) in zip(weights, zip(points, points[1:],
                                                     points[2:])):
        for k in range(int(left), int(right) + 1):
            if left < k <= peak:
                row[k] = (k - left) / (peak - left)
            if peak <= k < right:
                row[k] = (right - k) / (right - peak)
    return weights


def hann(n):
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)


def powers(x, n_fft, hop, window, pad):
    window = np.pad(window, (n_fft - len(window)) // 2)
    if pad != NONE:
        x = np.pad(x, n_fft // 2, 'constant' if pad == ZERO else 'reflect')
    starts = range(0, len(x) - n_fft + 1, hop)
    return np.array([np.abs(np.fft.rfft(x[s:s + n_fft] * window)) ** 2
                     for s in starts])


def dct(x, rows):
    n = x.shape[1]
    basis = np.cos(np.pi * np.outer(rows, np.arange(n) + 0.5) / n)
    return x @ (basis * np.where(np.array(rows) == 0, 1, 2)[:, None] ** .5
                / n ** .5).T


def check(what, ours, expected, tolerance):
    assert ours.shape == expected.shape, (what, ours.shape, expected.shape)
    worst = np.abs(ours - expected).max()
    print(f'{what}: {worst:.2g}')
    assert worst < tolerance, (what, worst)


random = np.random.default_rng(4)
time = np.arange(3 * RATE + 77) / RATE
signals = {
    'noise': 0.1 * random.normal(size=time.size),
    # Steps at both ends, where the kinds of padding differ most, and a strong
    # tone far above the rest of the spectrum.
    'tone': 0.9 * np.cos(2 * np.pi * 1234.5 * time)
            + 1e-2 * random.normal(size=time.size),
    'quiet': 1e-4 * random.normal(size=time.size),
    'clicks': (np.arange(time.size) % 4001 == 7) * 0.5
              + 1e-4 * random.normal(size=time.size),
}

# Float arithmetic errs by 1e-7 of the largest bin of a frame, which is up to 1e3
# times the bins of its quietest band (in amplitude): 1e-3 dB, 1e-4 of a natural
# logarithm.
for name, x in signals.items():
    x = x.astype(np.float32)
    wide = x.astype(float)
    for pad in ZERO, REFLECT, NONE:
        for bands, n_fft, hop, scale, norm in (
                (64, 2048, 512, SLANEY, SLANEY), (128, 1024, 512, SLANEY, SLANEY),
                (40, 1000, 333, HTK, 0)):
            power = powers(wide, n_fft, hop, hann(n_fft), pad)
            expected = 10 * np.log10(
                power @ filters(scale, norm, bands, n_fft).T + EPS)
            check(f'{name}, pad {pad}, {bands}/{n_fft}/{hop}',
                  log_mel(x, PLAIN, bands=bands, n_fft=n_fft, hop=hop, pad=pad,
                          scale=scale, norm=norm), expected, 1e-3)

    # What speechpy means, and what it does.
    power = powers(wide, RATE, 12000, np.ones(RATE), NONE) / RATE
    check(f'{name}, speechpy', log_mel(x, SPEECHPY), np.log(
        power @ speechpy_filters(64, RATE + 1, RATE // 2 + 1, 0).T), 1e-4)
    frames = np.array([wide[s:s + 2048] for s in
                       range(0, len(x) - RATE - 12000 + 1, 12000)])
    power = np.abs(np.fft.rfft(frames)) ** 2 / 2048
    check(f'{name}, speechpy-quirk', log_mel(x, QUIRK), np.log(
        power @ speechpy_filters(64, 1026, 1025, 300).T), 1e-4)

    power = powers(wide, 2048, 512, hann(2048), ZERO)
    decibels = 10 * np.log10(np.maximum(
        1e-10, power @ filters(SLANEY, SLANEY, 64, 2048).T))
    decibels = np.maximum(decibels, decibels.max() - 80)
    check(f'{name}, librosa',
          run('mfcc', MfccConfig(RATE, 2048, 512, 0, 64, 0, 0, 13, 0, LIBROSA),
              13, x), dct(decibels, range(13)), 1e-3)

    power = powers(wide, RATE, 1200, hann(1600), REFLECT)
    logarithms = np.log(power @ filters(HTK, 0, 64, RATE).T + 1e-6)
    check(f'{name}, torchaudio',
          run('mfcc', MfccConfig(RATE, 1600, 1200, 0, 64, 0, 0, 13, 0,
                                 TORCHAUDIO), 12, x),
          dct(logarithms, range(1, 13)), 1e-4)
