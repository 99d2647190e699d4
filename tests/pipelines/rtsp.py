"""A camera that is monitored: codecs, passwords, and a server that is killed
and comes back; and a machine that is learned from it."""
import glob
import re
import signal
import time

import numpy as np

from live import BACK, WINDOW, Monitor, Process, free_port, make_model, serve
from pipeline import (RATE, check, check_equal, fails, main, path, read, run)

N_RESTARTS = 3


def codecs():
    """PCMU, AAC, L16, and audio beside video."""
    server, port = serve()
    for name, said in [('pcmu', 'nothing between 4000 and 8000 Hz'),
                       ('aac', ''), ('l16', ''), ('both', '')]:
        monitor = Monitor('--model', make_model(),
                          f'rtsp://127.0.0.1:{port}/{name}')
        monitor.wait_for('score')
        check_equal(monitor.stop(), 0, 'exit code')
        check(said in monitor.errors
              and len(monitor.errors.splitlines()) == (said != ''),
              name, monitor.errors)
    server.kill()


def refused():
    """A wrong password, path or stream: one line, and the end."""
    server, port = serve(0, 'secret')
    monitor = ['gst-asd', 'monitor', '--model', make_model()]
    for rest, pattern in [
            (f'user:fly@127.0.0.1:{port}/l16', 'password is wrong or missing'),
            (f'127.0.0.1:{port}/l16', 'password is wrong or missing'),
            (f'user:secret@127.0.0.1:{port}/fly', 'is not there: check'),
            (f'user:secret@127.0.0.1:{port}/video', 'has no audio: choose')]:
        done = fails(1, pattern, *monitor, f'rtsp://{rest}')
        check('secret' not in done.stderr, done.stderr)
    accepted = Monitor('--model', make_model(),
                       f'rtsp://user:secret@127.0.0.1:{port}/l16')
    accepted.wait_for('score')
    check_equal(accepted.stop(), 0, 'exit code')
    server.kill()


def nobody_there():
    done = run(1, 'gst-asd', 'monitor', '--model', make_model(), '--duration',
               '2', f'rtsp://127.0.0.1:{free_port()}/l16')
    lines = done.stderr.splitlines()
    check(len(lines) == 2 and 'check host, port' in lines[0]
          and 'trying again' in lines[0] and 'never reached' in lines[1], lines)


def restarts():
    """Scores resume, whether the server dies, hangs or says good-bye."""
    server, port = serve()
    monitor = Monitor('--model', make_model(),
                      f'rtsp://127.0.0.1:{port}/l16')
    monitor.wait_for('score')
    slowest = 0.0
    for i in range(N_RESTARTS):
        gone = time.monotonic()
        if i == 1:
            server.process.send_signal(signal.SIGSTOP)
            monitor.wait_for('state', state='lost', since=gone)
            server.kill()
        else:
            server.kill()
            monitor.wait_for('state', state='lost', since=gone)
        time.sleep(i)
        server, _ = serve(port)
        back = time.monotonic()
        _, when = monitor.wait_for('score', timeout=2 * BACK, since=back)
        slowest = max(slowest, when - back)
        if i == 0:
            fds, memory = monitor.count_fds(), monitor.read_status('VmRSS')
    check(slowest < BACK, 'scores resumed after', slowest, 's')
    check_equal(monitor.count_fds(), fds, 'file descriptors')
    grown = monitor.read_status('VmRSS') - memory
    check(grown < 4096, 'memory grew by', grown, 'kB')
    check_equal(monitor.stop(), 0, 'exit code')
    states = [event['state'] for event in monitor.select('state')]
    check_equal(states, ['listening'] + ['lost', 'listening'] * N_RESTARTS
                + ['ended'], 'states')
    server.kill()
    return f'scores resumed after {slowest:.1f} s at most'


def find(sound, piece):
    """How far a piece of the sound is from it where it fits best."""
    n = len(sound) + len(piece)
    fit = np.fft.irfft(np.fft.rfft(sound, n) * np.conj(np.fft.rfft(piece, n)), n)
    start = fit[:len(sound) - len(piece)].argmax()
    return abs(sound[start:start + len(piece)] - piece).max()


def learned():
    """While the server is away, nothing is heard, and no window spans that.
    What was learned is monitored then."""
    server, port = serve()
    uri = f'rtsp://127.0.0.1:{port}/l16'
    model, kept = path('learned.asd'), path('kept')
    training = Process('gst-asd', 'train', '--recipe', 'modspec-graph', '--data',
                       uri, '--duration', '14s', '--window', WINDOW, '--record',
                       kept, '--model', model)
    deadline = time.monotonic() + 20
    while len(glob.glob(kept + '/*.wav')) < 4:
        check(time.monotonic() < deadline, 'no windows:', training.errors)
        time.sleep(0.1)
    time.sleep(0.5)
    server.kill()
    training.wait_for_error('trying again')
    server, _ = serve(port)
    check_equal(training.finish(), 0, 'exit code')
    summary = re.fullmatch(rf'{uri}: 0:00:(\d\d) heard, (\d+) windows kept, 0 '
                           'left out', training.events[0][1])
    check(summary and 8 <= int(summary[1]) == int(summary[2]) <= 14,
          training.events)
    check_equal(len(training.errors.splitlines()), 1, training.errors)

    run(0, 'gst-launch-1.0', '-q', 'asdtestsrc', 'machine=fan',
        'samplesperbuffer=16000', 'num-buffers=40', '!',
        'audio/x-raw,format=F32LE', '!', 'filesink', f'location={path("raw")}')
    sound = np.frombuffer(read(path('raw')), '<f4')
    windows = [np.frombuffer(read(name)[56:], '<f4')
               for name in sorted(glob.glob(kept + '/*.wav'))]
    check_equal({len(window) for window in windows}, {RATE}, 'lengths')
    # The server's 16 bits with their dither are two steps at most.
    far = [find(sound, window) for window in windows]
    check(max(far) < 2.5 / 32768, 'a window is not of the sound:', far)
    monitor = Monitor('--model', model, uri)
    monitor.wait_for('score')
    check_equal(monitor.stop(), 0, 'exit code')
    check(not monitor.select('alarm'), monitor.select('alarm'))
    server.kill()
    return f'{len(windows)} windows'


main([codecs, refused, nobody_there, restarts, learned])
