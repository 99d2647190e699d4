"""Many live streams in one process, on one core: all windows are scored, and in
time."""
import json
import math
import os
import subprocess
import sys
import time

from live import Monitor, make_model
from pipeline import check, check_equal, main, path

N_STREAMS = int(os.environ.get('ASD_STREAMS', '100'))
SECONDS = float(os.environ.get('ASD_SECONDS', '40'))
WINDOW = 10             # seconds
# From when a window could be scored to its score, in seconds; the windows of all
# streams end at almost the same time.
MAX_DELAY = 2.0
# The share of the core that others may have for a failure to be ours.
BUSY = 0.2


def read_core(core):
    """Seconds for which anybody used it, the hypervisor included."""
    with open('/proc/stat') as file:
        line, = (line for line in file if line.startswith(f'cpu{core} '))
    ticks = list(map(int, line.split()[1:9]))
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf('SC_CLK_TCK')


def read_process(process):
    """Seconds that it computed."""
    with open(f'/proc/{process.pid}/stat') as file:
        words = file.read().rsplit(')', 1)[1].split()
    return sum(map(int, words[11:13])) / os.sysconf('SC_CLK_TCK')


def measure_use(process, core, seconds):
    """The shares of the core that the process and others take."""
    start, own, used = time.monotonic(), read_process(process), read_core(core)
    time.sleep(seconds)
    elapsed = time.monotonic() - start
    share = (read_process(process) - own) / elapsed
    return share, (read_core(core) - used) / elapsed - share


def find_idle_core():
    """Of those that we may use, the one that is least used now."""
    cores = sorted(os.sched_getaffinity(0))
    before = [read_core(core) for core in cores]
    time.sleep(2)
    after = [read_core(core) for core in cores]
    return min(zip(cores, before, after), key=lambda x: x[2] - x[1])[0]


class Streams(Monitor):
    """On one core; notes when scores come."""

    def __init__(self, core, interval):
        self.scores = {}        # {stream: [(when, end of the window)]}
        self.lost = 0
        super().__init__('--streams', path('streams.txt'), '--interval',
                         interval * 10 ** 9, preexec_fn=lambda:
                         os.sched_setaffinity(0, {core}))

    def read_out(self):
        for line in self.process.stdout:
            event = json.loads(line)
            if event['type'] == 'score':
                self.scores.setdefault(event['stream'], []).append(
                    (time.monotonic(), event['endtime'] / 1e9))
            elif event['type'] == 'overrun':
                self.lost += event['windows']

    def wait_for_all(self):
        """A score of each."""
        end = time.monotonic() + 60
        while len(self.scores) < N_STREAMS and time.monotonic() < end:
            time.sleep(0.1)
        check_equal(len(self.scores), N_STREAMS, 'streams with scores')


def measure_delays(times):
    """How much longer after it could be scored each window was than the
    quickest of the stream. The recipe removes noise from one stretch of WINDOW
    after the other: windows that overlap get their scores when that is over."""
    first = times[0][1]
    late = [when - WINDOW * math.ceil(round((end - first) / WINDOW, 3))
            for when, end in times]
    return [x - min(late) for x in late]


def find_fault(monitor, interval, delays):
    if monitor.lost > 0:
        return f'{monitor.lost} windows were left out'
    for name, times in monitor.scores.items():
        steps = {round((b[1] - a[1]) / interval, 2)
                 for a, b in zip(times, times[1:])}
        if steps != {1} or len(times) < (SECONDS - WINDOW) / interval:
            return f'{name} has {len(times)} scores, steps {steps}'
    if delays[-1] > MAX_DELAY:
        return f'a score came {delays[-1]:.1f} s late'
    return ''


def listen(interval):
    model = make_model(window=WINDOW * 10 ** 9)
    with open(path('streams.txt'), 'w') as file:
        for i in range(N_STREAMS):
            file.write(f'fan{i} {model} test\n')
    core = find_idle_core()
    monitor = Streams(core, interval)
    monitor.wait_for_all()
    share, others = measure_use(monitor.process, core, SECONDS)
    memory = monitor.read_status('VmRSS') // 1024
    check_equal(monitor.stop(), 0, 'exit code')
    delays = sorted(delay for times in monitor.scores.values()
                    for delay in measure_delays(times))
    fault = find_fault(monitor, interval, delays)
    text = (f'{N_STREAMS} streams, a window every {interval} s: {share:.0%} of '
            f'a core, {memory} MB; scores came {delays[len(delays) // 2]:.2f} '
            f's late (median), {delays[-1]:.2f} s at most; others used '
            f'{others:.0%} of the core')
    if fault and others > BUSY:
        print(f'SKIP: the machine is too busy to tell: {fault}: {text}')
        sys.exit(77)
    check(not fault, fault + ':', text)
    return text


def interval_of_window():
    return listen(WINDOW)


def interval_of_2_s():
    return listen(2)


def simulation():
    """What of that is the sound itself, and its 100 threads."""
    core = find_idle_core()
    source = ['asdtestsrc', 'is-live=true', 'machine=fan',
              'samplesperbuffer=1600', '!', 'fakesink']
    process = subprocess.Popen(
        ['gst-launch-1.0', '-q', *N_STREAMS * source],
        preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    try:
        time.sleep(3)
        share, _ = measure_use(process, core, 10)
        check(process.poll() is None, 'gst-launch-1.0 ended')
    finally:
        process.kill()
        process.wait()
    return f'{share:.0%} of a core'


main([simulation, interval_of_window, interval_of_2_s])
