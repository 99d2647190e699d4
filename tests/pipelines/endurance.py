"""A day of sound as fast as it can be scored, and some hours with all outputs
and with larger recipes: after the first hour nothing grows."""
import json
import os
import time
import urllib.request

from live import Broker, Monitor, free_port, make_model
from pipeline import check, check_equal, main

HOUR = 3600
WINDOW = 10 * 10 ** 9
INTERVAL = 2            # seconds
STEP = 300              # windows from one look at the process to the next
MAX_GROWTH = 1024       # kB of resident memory


class Hours(Monitor):
    """Keeps what it sees of the process, as (kB, file descriptors, threads),
    and of the events only how many scores there were."""

    def __init__(self, model, hours, *args):
        self.sizes = []
        self.count = 0
        self.hours = hours
        super().__init__('--model', model, 'test', '--duration', hours * HOUR,
                         '--interval', INTERVAL * 10 ** 9, *args,
                         preexec_fn=lambda: os.nice(5))

    def read_out(self):
        for line in self.process.stdout:
            if json.loads(line)['type'] != 'score':
                continue
            self.count += 1
            if self.count % STEP == 0:
                self.sizes.append((self.read_status('VmRSS'), self.count_fds(),
                                   self.read_status('Threads')))

    def check_flat(self):
        """From the end of the first hour on."""
        check_equal(self.finish(timeout=HOUR), 0, 'exit code')
        check_equal(self.errors, '', 'standard error')
        check_equal(self.count, (self.hours * HOUR - 10) // INTERVAL + 1,
                    'windows')
        check_equal(len(self.sizes), self.count // STEP, 'looks at it')
        first = HOUR // INTERVAL // STEP - 1
        memory, fds, threads = zip(*self.sizes[first:])
        grown = max(memory) - memory[0]
        check(grown < MAX_GROWTH, 'memory grew by', grown, 'kB:', memory)
        check(len(set(threads)) == 1, 'threads:', threads)
        # A connection of who asks for metrics may be there or not.
        check(max(fds) - min(fds) <= 1, 'file descriptors:', fds)
        return (f'{self.hours} h, {self.count} windows: {memory[0]} kB after '
                f'an hour, {grown} kB more at most then; {fds[0]} file '
                f'descriptors, {threads[0]} threads')


def day():
    return Hours(make_model(window=WINDOW), 24).check_flat()


def ensemble():
    model = make_model('ensemble', WINDOW, '--train', 'ivector.components=8',
                       '--train', 'ivector.dimensions=4', '--train',
                       'gmm.components=2')
    return Hours(model, 3).check_flat()


def best():
    return Hours(make_model('best', WINDOW), 3).check_flat()


def outputs():
    """Scores and alarms go to a broker, and somebody asks for metrics."""
    broker, port = Broker(free_port()), free_port()
    monitor = Hours(make_model(window=WINDOW), 3, '--metrics',
                    f'127.0.0.1:{port}', '--mqtt',
                    f'mqtt://127.0.0.1:{broker.port}', '--fault', 'bearing',
                    '--severity', 1)
    asked = 0
    while monitor.process.poll() is None:
        time.sleep(0.2)
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics',
                                        timeout=10) as answer:
                asked += b'asd_windows_total' in answer.read()
        except OSError:
            # Not yet, or no longer.
            pass
    text = monitor.check_flat()
    check(asked > 10, 'metrics came', asked, 'times')
    broker.kill()
    return f'{text}; metrics were asked for {asked} times'


main([day, ensemble, best, outputs])
