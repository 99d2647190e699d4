"""gst-asd train from a line: what it hears is what it learns from, a faulty
sensor is left out, and nothing is left behind whatever ends it."""
import functools
import http.server
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np

from live import Process, free_port
from pipeline import (RATE, check, check_equal, fails, main, path, read, run,
                      tone, write_float_wav, write_wav)

sys.path.insert(0, os.path.join(os.environ['ASD_SOURCE'], 'tests'))
import read_model  # noqa: E402

SECOND = '1000000000'
GRAPH = ['gst-asd', 'train', '--recipe', 'asdmodspec ! asdgraph']
# Temporary recordings are looked for here.
os.environ['TMPDIR'] = path('tmp')
os.mkdir(path('tmp'))


def train(code, model, *args, **kwargs):
    done = run(code, *GRAPH, '--window', SECOND, '--model', path(model), *args,
               **kwargs)
    check_equal(os.listdir(path('tmp')), [], 'temporary files')
    return done


@functools.cache
def start_server():
    """Its port; it has what is in the folder www."""
    os.mkdir(path('www'))
    server = http.server.ThreadingHTTPServer(
        ('127.0.0.1', 0), functools.partial(Handler, directory=path('www')))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def serve(name, samples, write=write_float_wav, rate=RATE):
    """The URI of this sound."""
    uri = f'http://127.0.0.1:{start_server()}/{name}.wav'
    write(path('www', name + '.wav'), samples, rate)
    return uri


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def read_samples(name):
    """Those of a recording of ours."""
    data = read(name)
    check(data[:4] == b'RIFF' and data[8:16] == b'WAVEfmt '
          and data[48:52] == b'data', name, 'is no recording of ours')
    return np.frombuffer(data[56:], '<f4')


def recordings(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder)
                  if name.endswith('.wav'))


def same_sound():
    """Recordings hold every sample, and training on them gives the same."""
    done = train(0, 'line.asd', '--data', 'test', '--machine', 'pump',
                 '--seed', '2', '--duration', '30s', '--record', path('kept'))
    lines = done.stdout.splitlines()
    check(len(lines) == 2 and lines[0] ==
          'test: 0:00:30 heard, 30 windows kept, 0 left out'
          and re.fullmatch(r'.*line\.asd: 30 windows, threshold .* of 30 '
                           r'held-out scores\)', lines[1])
          and not done.stderr, done.stdout, done.stderr)
    run(0, 'gst-launch-1.0', '-q', 'asdtestsrc', 'machine=pump', 'seed=2',
        'samplesperbuffer=16000', 'num-buffers=30', '!',
        'audio/x-raw,format=F32LE', '!', 'filesink',
        f'location={path("raw")}')
    kept = recordings(path('kept'))
    check_equal(len(kept), 30, 'recordings')
    check(b''.join(read_samples(name).tobytes() for name in kept)
          == read(path('raw')), 'the recordings are not the sound')
    train(0, 'files.asd', '--data', path('kept'))
    line, files = (read_model.read(path(name))
                   for name in ('line.asd', 'files.asd'))
    learned = [name for name in line[1] if 'calibration' not in name]
    check(learned, line)
    for name in learned:
        check_equal(line[1][name][1].tobytes(), files[1][name][1].tobytes(),
                    name)
    check_equal((line[0]['asd.window'], line[0]['asd.clips']), (SECOND, '30'), 'model')


def then_monitored():
    """The window is that of the training, and normal sound is normal."""
    train(0, 'fan.asd', '--data', 'test', '--duration', '1m')
    done = run(0, 'gst-asd', 'monitor', '--model', path('fan.asd'), 'test',
               '--duration', '2m')
    check(re.search(r'ended: 120 windows, 0 alarms$', done.stdout, re.M),
          done.stdout)
    done = run(0, 'gst-asd', 'monitor', '--model', path('fan.asd'), 'test',
               '--duration', '60', '--fault', 'bearing', '--severity', '1')
    check('ALARM' in done.stdout, done.stdout)


def sensor_faults():
    """Windows with a fault, and what is put aside of them."""
    sound = 0.1 * tone(40).astype('f4')
    faults = {'dead': (10, 3), 'quiet': (20, 2), 'loud': (24, 1),
              'stuck': (26, 1), 'clipped': (30, 1), 'not finite': (33, 1)}

    def stretch(name):
        start, n = faults[name]
        return slice(start * RATE, (start + n) * RATE)

    sound[stretch('dead')] = 0
    sound[stretch('quiet')] *= 0.03
    sound[stretch('loud')] *= 30
    sound[stretch('stuck')] = 0.25
    sound[stretch('clipped')] = np.clip(sound[stretch('clipped')] * 200, -1, 1)
    sound[33 * RATE + 100] = np.nan
    sound[36 * RATE + 5] = 1.5     # more than full scale is no fault of a float
    uri = serve('faults', sound)
    done = train(0, 'faults.asd', '--data', uri, '--duration', '1h', '--record',
                 path('heard'))
    lines = done.stdout.splitlines()
    check_equal(lines[0], f'{uri}: 0:00:40 heard, 31 windows kept, 9 left out',
                'summary')
    for name, (_, n) in faults.items():
        check(any(re.fullmatch(rf'  left out, {name}: {n} from '
                               r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d', line)
                  for line in lines), name, lines)
    aside = [int(name[-10:-4])
             for name in recordings(path('heard', 'left-out'))]
    check_equal(aside, [10, 11, 12, 20, 21, 24, 26, 30, 33], 'put aside')
    kept = {int(name[-10:-4]): name for name in recordings(path('heard'))}
    check_equal(len(kept), 31, 'kept')
    check_equal(read_samples(kept[36]).max(), np.float32(1.5), 'peak')
    # Silence alone is nothing to learn from.
    uri = serve('silence', np.zeros(5 * RATE))
    done = train(1, 'none.asd', '--data', uri, '--duration', '1h')
    check(re.search('no window to learn from: check the microphone',
                    done.stderr) and not os.path.exists(path('none.asd')), done)


def channels_and_rates():
    sound = np.stack([np.zeros(10 * RATE), tone(10)], axis=1)
    uri = serve('stereo', sound, write_wav)
    done = train(0, 'right.asd', '--data', uri, '--duration', '10', '--channel',
                 '1')
    check('10 windows kept, 0 left out' in done.stdout, done.stdout)
    check_equal(read_model.read(path('right.asd'))[0]['asd.channel'], '1',
                'channel')
    done = train(1, 'left.asd', '--data', uri, '--duration', '10')
    check('dead: 10 from' in done.stdout, done.stdout)
    uri = serve('slow', tone(10, 8000), rate=8000)
    done = train(0, 'slow.asd', '--data', uri, '--duration', '10')
    check(re.fullmatch(f'{uri}: .* nothing between 4000 and 8000 Hz: use .*\n',
                       done.stderr), done.stderr)


def folds():
    """A fold is a stretch of the line: where it sounds like no other stretch,
    its scores are high. Folds of files are dealt, so that each knows all."""
    sound = np.concatenate([
        tone(4, seed=i) * 1.5 ** i + 0.1 * np.sin(
            2 * np.pi * 300 * 2 ** i * np.arange(4 * RATE) / RATE)
        for i in range(5)])
    uri = serve('stretches', sound)
    train(0, 'stretches.asd', '--data', uri, '--duration', '1h', '--record',
          path('stretches'))
    train(0, 'dealt.asd', '--data', path('stretches'))
    medians = []
    for name in ('stretches.asd', 'dealt.asd'):
        done = run(0, 'gst-asd', 'inspect', path(name))
        medians.append(float(re.search(r'calibration-median: (\S+)',
                                       done.stdout).group(1)))
    check(medians[0] > 2 * medians[1], medians)
    return f'median score {medians[0]:.3g}, dealt {medians[1]:.3g}'


def start(model, *args):
    return Process(*GRAPH, '--window', SECOND, '--model', path(model), '--data',
                   'test', '--duration', '1h', *args)


def wait_for_windows(n, folder='tmp'):
    """The simulated machine is fast."""
    end = time.monotonic() + 20
    while sum(len(names) for _, _, names in os.walk(path(folder))) < n:
        check(time.monotonic() < end, 'no windows')
        time.sleep(0.01)


def interrupted():
    """Ctrl-C throws away what was heard, or with --keep learns from it; a
    second one then cancels. What is there of a model stays."""
    train(0, 'old.asd', '--data', 'test', '--duration', '10')
    old = read(path('old.asd'))
    for args, number in [([], signal.SIGINT), (['--keep'], signal.SIGTERM),
                         (['--keep'], signal.SIGHUP)]:
        process = start('old.asd', *args)
        wait_for_windows(20)
        check_equal(process.stop(number), 130, 'exit code')
        check(re.search(r'interrupted: nothing was learned from the \d+ windows',
                        process.errors)
              and ('--keep' in process.errors) == (not args),
              process.errors)
        check_equal(read(path('old.asd')), old, 'old model')
        check_equal(os.listdir(path('tmp')), [], 'temporary files')
    process = start('kept.asd', '--keep')
    wait_for_windows(20)
    check_equal(process.stop(), 0, 'exit code')
    n = int(re.search(r'(\d+) windows kept', str(process.events)).group(1))
    check(20 <= n < 3600 and 'Ctrl-C cancels' in process.errors, n,
          process.errors)
    check_equal(read_model.read(path('kept.asd'))[0]['asd.clips'], str(n), 'clips')
    check_equal(os.listdir(path('tmp')), [], 'temporary files')


def cancelled():
    """The second Ctrl-C while a net is trained that would take hours."""
    train(0, 'old.asd', '--data', 'test', '--duration', '10')
    old = read(path('old.asd'))
    process = Process(
        'gst-asd', 'train', '--recipe', 'asdlogmel ! asdautoencoder', '--train',
        'autoencoder.epochs=100000', '--window', SECOND, '--model',
        path('old.asd'), '--data', 'test', '--duration', '1h', '--keep')
    wait_for_windows(20)
    process.process.send_signal(signal.SIGINT)
    process.wait('summary', lambda line: 'windows kept' in line)
    time.sleep(0.5)
    check(process.process.poll() is None, 'ended by itself', process.errors)
    check_equal(process.stop(), 130, 'exit code')
    check('interrupted' in process.errors, process.errors)
    check_equal(read(path('old.asd')), old, 'old model')
    check_equal(os.listdir(path('tmp')), [], 'temporary files')


def on_a_terminal():
    """Time, windows and what Ctrl-C does; on a pipe there is the summary."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [*GRAPH, '--window', SECOND, '--model', path('tty.asd'), '--data',
         'test', '--duration', '20'], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=secondary)
    os.close(secondary)
    said = b''
    try:
        while part := os.read(primary, 4096):
            said += part
    except OSError:     # the other end is closed
        pass
    os.close(primary)
    check_equal(process.wait(30), 0, 'exit code')
    check(b'listening to test; Ctrl-C throws away' in said
          and b'0:00:20 heard, 20 windows kept, 0 left out [####' in said, said)


def small_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000))


def cannot_be_written():
    """A disk that is full while the line is recorded, by a limit that needs no
    disk: the model stays, and nothing else does."""
    train(0, 'old.asd', '--data', 'test', '--duration', '10')
    old = read(path('old.asd'))
    for args in [], ['--keep'], ['--record', path('small')]:
        fails(1, 'the sound cannot be written to .*: make room, or choose',
              *GRAPH, '--window', SECOND, '--model', path('old.asd'), '--data',
              'test', '--duration', '10', *args, preexec_fn=small_files)
        check_equal(os.listdir(path('tmp')), [], 'temporary files')
    check_equal(os.listdir(path('small')), [], 'a part of a recording')
    # Once it is full, --keep does not help.
    process = start('old.asd', '--keep', '--record', path('away'))
    wait_for_windows(20, 'away')
    os.rename(path('away'), path('gone'))
    check_equal(process.finish(), 1, 'exit code')
    check(re.fullmatch(r'gst-asd train: test: the sound cannot be written to '
                       r'\S*away .*\n', process.errors), process.errors)
    check_equal(read(path('old.asd')), old, 'old model')


def nobody_there():
    """A line that does not answer is tried again until the time is over."""
    for uri in 'alsa:hw:99,0', f'http://127.0.0.1:{free_port()}/line':
        done = train(1, 'none.asd', '--data', uri, '--duration', '1')
        lines = done.stderr.splitlines()
        check(len(lines) == 2 and lines[0].startswith(uri + ': ')
              and lines[0].endswith('; trying again')
              and lines[1] == f'gst-asd train: {uri}: was never reached',
              lines)


def bad_input():
    old = path('old.asd')
    train(0, 'old.asd', '--data', 'test', '--duration', '10')
    before = read(old)
    line = ['--duration', '10', '--window', SECOND]
    test = ['--data', 'test', *line]
    with open(path('file'), 'w') as file:
        file.write('no folder')
    for code, pattern, *args in [
            (2, 'how long a window is: for example --window', *test[:4]),
            (2, 'how long to listen, for example --duration', *test[:2]),
            (2, '"1x" is no --duration: write 90, 90s', *test, '--duration',
             '1x'),
            (2, '"-5" is no --duration', *test, '--duration', '-5'),
            (2, '"h" is no --duration', *test, '--duration', 'h'),
            (2, '"1e99d" is no --duration', *test, '--duration', '1e99d'),
            (2, 'is 0 windows of 1 s: choose', *test, '--duration', '0.5'),
            (2, 'is 864000 windows of 1 s: choose', *test, '--duration', '10d'),
            (2, '--data pulse:x is a line, which', '--data', 'train', '--data',
             'pulse:x', '--duration', '10'),
            (2, '--data rtsp://u:\\*\\*\\*@h/x is a line, which', '--data',
             'train', 'rtsp://u:secret@h/x', '--duration', '10'),
            (2, 'train is none: give rtsp', '--data', 'train', '--keep'),
            (2, 'train is none: give rtsp', '--data', 'train', '--duration',
             '1h'),
            (2, '--severity is', *test, '--severity', '2'),
            (1, 'nothing here reads fly://', '--data', 'fly://x', *line),
            (1, 'there is no fault "fly"', *test, '--fault', 'fly'),
            (1, 'no such fault', *test, '--fault', 'leakage'),
            (1, 'channel=3 is not there', *test, '--channel', '3'),
            (1, 'file: cannot write into this folder', *test, '--record',
             path('file')),
            (1, '/proc/none: cannot write into this folder', *test, '--record',
             '/proc/none'),
            (1, 'sound needs .* MB, and .* are free: make room', *test,
             '--window', '3600000000000', '--duration', '3000d'),
            (1, 'give .* h of normal sound', *test, '--false-alarms', '1'),
            (1, 'does not start with audio', *test, '--recipe', 'asdgraph')]:
        fails(code, pattern, *GRAPH, '--model', old, *args, cwd=path())
        check_equal(read(old), before, 'old model')
        check_equal(os.listdir(path('tmp')), [], 'temporary files')
    # A folder called test is one, until somebody says how long to listen.
    os.mkdir(path('test'))
    done = run(1, *GRAPH, '--model', old, '--data', 'test', '--window', SECOND,
               cwd=path())
    check(done.stderr.startswith('test: a folder without recordings'),
          done.stderr)


main([same_sound, then_monitored, sensor_faults, channels_and_rates, folds,
      interrupted, cancelled, on_a_terminal, cannot_be_written, nobody_there,
      bad_input])
