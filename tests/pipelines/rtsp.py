"""A camera that is monitored: codecs, passwords, and a server that is killed
and comes back."""
import os
import re
import signal
import sys
import time

from live import Monitor, Process, free_port, make_model
from pipeline import check, check_equal, fails, main, run

N_RESTARTS = 3
BACK = 5            # seconds to the next score


def serve(port=0, *password):
    """The server and its port."""
    server = Process(sys.executable,
                     os.path.join(os.path.dirname(__file__), 'rtspserver.py'),
                     port, *password)
    line, _ = server.wait('port', lambda line: line.isdigit())
    return server, int(line)


def count_fds(monitor):
    return len(os.listdir(f'/proc/{monitor.process.pid}/fd'))


def read_memory(monitor):
    """Resident memory in kB."""
    with open(f'/proc/{monitor.process.pid}/status') as file:
        return int(re.search(r'VmRSS:\s+(\d+)', file.read()).group(1))


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
    for path, pattern in [
            (f'user:fly@127.0.0.1:{port}/l16', 'password is wrong or missing'),
            (f'127.0.0.1:{port}/l16', 'password is wrong or missing'),
            (f'user:secret@127.0.0.1:{port}/fly', 'is not there: check'),
            (f'user:secret@127.0.0.1:{port}/video', 'has no audio: choose')]:
        done = fails(1, pattern, *monitor, f'rtsp://{path}')
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
            fds, memory = count_fds(monitor), read_memory(monitor)
    check(slowest < BACK, 'scores resumed after', slowest, 's')
    check_equal(count_fds(monitor), fds, 'file descriptors')
    grown = read_memory(monitor) - memory
    check(grown < 4096, 'memory grew by', grown, 'kB')
    check_equal(monitor.stop(), 0, 'exit code')
    states = [event['state'] for event in monitor.select('state')]
    check_equal(states, ['listening'] + ['lost', 'listening'] * N_RESTARTS
                + ['ended'], 'states')
    server.kill()
    return f'scores resumed after {slowest:.1f} s at most'


main([codecs, refused, nobody_there, restarts])
