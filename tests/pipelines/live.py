"""What the tests of 'gst-asd monitor' share: a model, a monitor whose events
are waited for, and servers that are started and stopped."""
import atexit
import json
import os
import signal
import socket
import subprocess
import threading
import time

from pipeline import Failure, path, run

WINDOW = 1000000000


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def make_model():
    """A model of the simulated fan with windows of 1 s; the loudest fault is
    far above its threshold."""
    model = path('fan.asd')
    if not os.path.exists(model):
        for i in range(16):
            record(path(f'train/normal{i}.wav'), 4, f'seed={i}')
        run(0, 'gst-asd', 'train', '--recipe', 'modspec-graph',
            '--data', path('train'), '--model', model, '--window', WINDOW,
            '--threshold', 'quantile:0.9')
    return model


def record(name, seconds, options=''):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    run(0, 'gst-launch-1.0', '-q', 'asdtestsrc', 'machine=fan',
        'samplesperbuffer=1600', f'num-buffers={10 * seconds}',
        *options.split(), '!', 'audioconvert', '!',
        'audio/x-raw,format=S16LE', '!', 'wavenc', '!', 'filesink',
        f'location={name}')
    return name


class Process:
    """A program that is stopped at the end, whatever happens. Lines of its
    standard output become events."""

    def __init__(self, *args, **kwargs):
        self.events = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            list(map(str, args)), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)
        atexit.register(self.kill)
        self.errors = ''
        self.threads = [threading.Thread(target=read, daemon=True)
                        for read in (self.read_out, self.read_errors)]
        for thread in self.threads:
            thread.start()

    def read_out(self):
        for line in self.process.stdout:
            event = self.parse(line)
            with self.changed:
                self.events.append((time.monotonic(), event))
                self.changed.notify_all()

    def read_errors(self):
        for line in self.process.stderr:
            with self.changed:
                self.errors += line
                self.changed.notify_all()

    def parse(self, line):
        return line.rstrip('\n')

    def wait(self, what, wanted, timeout=20, since=0.0):
        """The first event since a time, and when it came."""
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                for when, event in self.events:
                    if when >= since and wanted(event):
                        return event, when
                if time.monotonic() > end:
                    raise Failure(f'no {what} within {timeout} s: '
                                  f'{self.events[-3:]} {self.errors}')
                self.changed.wait(0.1)

    def wait_for_error(self, text, timeout=20):
        end = time.monotonic() + timeout
        with self.changed:
            while text not in self.errors:
                if time.monotonic() > end:
                    raise Failure(f'no "{text}" within {timeout} s: '
                                  f'{self.errors}')
                self.changed.wait(0.1)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop(self, signal_number=signal.SIGINT):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.finish()

    def finish(self, timeout=30):
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure('does not end') from None
        for thread in self.threads:
            thread.join()
        return code


class Monitor(Process):
    def __init__(self, *args, **kwargs):
        super().__init__('gst-asd', 'monitor', '--json', *args, **kwargs)

    def parse(self, line):
        return json.loads(line)

    def wait_for(self, kind, timeout=20, since=0.0, **fields):
        return self.wait(f'{kind} {fields}', lambda event: event['type'] == kind
                         and all(event.get(name) == value
                                 for name, value in fields.items()),
                         timeout, since)

    def select(self, kind):
        return [event for _, event in self.events if event['type'] == kind]
