"""What the Python tests of this folder share: programs as a user starts them,
recordings, models and the results' files."""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import wave

import numpy as np

SHARED = os.environ['ASD_SHARED']
RATE = 16000
work = tempfile.mkdtemp()
# The built tool and Debian's programs, whatever else a user has in PATH.
os.environ['PATH'] = os.pathsep.join([
    os.path.join(os.environ['ASD_BUILD'], 'gst'), '/usr/bin', '/bin',
    os.environ['PATH']])
os.environ['LC_ALL'] = 'C'


def path(*names):
    return os.path.join(work, *names)


def shared(*names):
    """A file of the shared data; without these the test is skipped."""
    if not os.path.isdir(SHARED):
        print('SKIP: the shared data is not in', SHARED)
        sys.exit(77)
    return os.path.join(SHARED, *names)


class Failure(Exception):
    pass


def check(right, *what):
    if not right:
        raise Failure(' '.join(map(str, what)))


def check_equal(got, wanted, what):
    check(got == wanted, f'{what}: {got!r}, not {wanted!r}')


def run(code, *args, timeout=100, **kwargs):
    """Runs a program that is to end with the exit code."""
    done = subprocess.run(list(map(str, args)), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=timeout,
                          **kwargs)
    if done.returncode != code:
        print(done.stdout, done.stderr, sep='\n')
        raise Failure(f'exit code {done.returncode}, not {code}, of: '
                      + ' '.join(map(str, args)))
    return done


def fails(code, pattern, *args, **kwargs):
    """Runs a program that is to fail with one line on stderr."""
    done = run(code, *args, **kwargs)
    lines = done.stderr.splitlines()
    check(len(lines) == 1 and re.search(pattern, lines[0]), 'not one line with',
          repr(pattern), 'from', args, ':', lines)
    return done


def main(tests):
    """Runs the functions; prints what each returns."""
    code = 0
    try:
        for test in tests:
            try:
                print(f'{test.__name__}: {test() or "ok"}', flush=True)
            except Failure as failure:
                print(f'FAIL: {test.__name__}: {failure}', flush=True)
                code = 1
    finally:
        shutil.rmtree(work)
    sys.exit(code)


def tone(seconds=2.0, rate=RATE, seed=0, rhythm=9.0):
    """A machine's hum with a rhythm, and noise."""
    t = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(seed).standard_normal(len(t))
    return (0.1 * np.sin(2 * np.pi * 440 * t)
            * (1 + 0.5 * np.sin(2 * np.pi * rhythm * t)) + 0.02 * noise)


def write_wav(name, samples, rate=RATE):
    """16-bit samples, [n] or [n, channels]."""
    samples = np.asarray(samples)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with wave.open(name, 'wb') as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.clip(np.round(samples * 32767), -32768, 32767)
                         .astype('<i2').tobytes())
    return name


def write_float_wav(name, samples, rate=RATE):
    data = np.asarray(samples, '<f4').tobytes()
    with open(name, 'wb') as file:
        file.write(struct.pack('<4sI8sIHHIIHH4sI', b'RIFF', 36 + len(data),
                               b'WAVEfmt ', 16, 3, 1, rate, 4 * rate, 4, 32,
                               b'data', len(data)) + data)
    return name


def read(name):
    with open(name, 'rb') as file:
        return file.read()
