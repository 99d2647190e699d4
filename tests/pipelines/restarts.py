"""A camera that comes and goes all the time: scores resume, and nothing is
left behind."""
import os
import random
import re
import signal
import time

from live import BACK, Monitor, make_model, serve
from pipeline import check, check_equal, main, path

N_RESTARTS = 20
WARM = 3            # restarts, after which nothing may grow
MAX_GROWTH = 512    # kB; what is not freed of one connection has some of them


def restart(server, port, monitor, kind):
    """The server is killed, hangs, or is told to go; returns the next one, and
    how long it took from when that listens to the next score."""
    gone = time.monotonic()
    if kind == 'hangs':
        server.process.send_signal(signal.SIGSTOP)
        monitor.wait_for('state', state='lost', since=gone)
        server.kill()
    else:
        server.stop(signal.SIGKILL if kind == 'dies' else signal.SIGTERM)
        monitor.wait_for('state', state='lost', since=gone)
    # Whatever the monitor is about when it comes back.
    time.sleep(random.uniform(0, 2.5))
    server, _ = serve(port)
    back = time.monotonic()
    _, when = monitor.wait_for('score', timeout=2 * BACK, since=back)
    return server, when - back


def find_leaks(log):
    """Objects that were alive at the end."""
    with open(log) as file:
        text = file.read()
    check('object-alive.class' in text, 'the leak tracer did not run')
    return re.findall(r':0:: (object-alive, .*)', text)


def restarts():
    random.seed(1)
    log = path('leaks.log')
    server, port = serve()
    monitor = Monitor('--model', make_model(), f'rtsp://127.0.0.1:{port}/l16',
                      env={**os.environ, 'GST_TRACERS': 'leaks',
                           'GST_DEBUG': 'GST_TRACER:7', 'GST_DEBUG_FILE': log,
                           'GST_DEBUG_NO_COLOR': '1',
                           # Else each new thread may begin one more heap.
                           'MALLOC_ARENA_MAX': '1'})
    monitor.wait_for('score')
    delays, sizes = [], []
    for i in range(N_RESTARTS):
        kind = 'hangs' if i % 10 == 1 else 'dies' if i % 2 else 'goes'
        server, delay = restart(server, port, monitor, kind)
        check(delay < BACK, f'restart {i + 1}: scores resumed after', delay,
              's')
        # The threads of the old pipeline may still end.
        time.sleep(0.5)
        delays.append(delay)
        sizes.append((monitor.read_status('VmRSS'), monitor.count_fds(),
                      monitor.read_status('Threads')))
    check_equal(monitor.stop(), 0, 'exit code')
    server.kill()
    memory, fds, threads = zip(*sizes[WARM - 1:])
    check_equal(set(fds), {fds[0]}, 'file descriptors')
    check_equal(set(threads), {threads[0]}, 'threads')
    grown = max(memory) - memory[0]
    check(grown < MAX_GROWTH, 'memory grew by', grown, 'kB:', memory)
    leaks = find_leaks(log)
    check(not leaks, len(leaks), 'objects leak:', *leaks[:5])
    return (f'scores resumed after {max(delays):.1f} s at most; {fds[0]} file '
            f'descriptors, {threads[0]} threads, memory grew by {grown} kB')


main([restarts])
