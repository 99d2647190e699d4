"""What the tests of 'gst-asd monitor' share: a model, a monitor whose events
are waited for, and servers that are started and stopped."""
import atexit
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from pipeline import Failure, path, run

WINDOW = 1000000000
BACK = 5            # seconds in which scores resume


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def make_model(recipe='modspec-graph', window=WINDOW, *options):
    """A model of the simulated fan; its loudest fault is far above the
    threshold."""
    model = path(re.sub(r'\W+', '-', f'{recipe} {window}') + '.asd')
    seconds = 4 * window // WINDOW
    if not os.path.exists(model):
        for i in range(16):
            record(path(f'train{seconds}/normal{i}.wav'), seconds, f'seed={i}')
        run(0, 'gst-asd', 'train', '--recipe', recipe,
            '--data', path(f'train{seconds}'), '--model', model, '--window',
            window, '--threshold', 'quantile:0.9', *options)
    return model


def record(name, seconds, options=''):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    run(0, 'gst-launch-1.0', '-q', 'asdtestsrc', 'machine=fan',
        'samplesperbuffer=1600', f'num-buffers={10 * seconds}',
        *options.split(), '!', 'audioconvert', '!',
        'audio/x-raw,format=S16LE', '!', 'wavenc', '!', 'filesink',
        f'location={name}')
    return name


def serve(port=0, *password):
    """An RTSP server and its port."""
    server = Process(sys.executable,
                     os.path.join(os.path.dirname(__file__), 'rtspserver.py'),
                     port, *password)
    line, _ = server.wait('port', lambda line: line.isdigit())
    return server, int(line)


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

    def count_fds(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def read_status(self, name):
        """A number of /proc/PID/status, such as VmRSS (kB) and Threads."""
        with open(f'/proc/{self.process.pid}/status') as file:
            return next(int(line.split()[1]) for line in file
                        if line.startswith(name + ':'))

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


class Broker(Process):
    """A broker for MQTT."""

    def __init__(self, port):
        super().__init__('/usr/sbin/mosquitto', '-p', port)
        self.port = port
        self.wait_for_error('running\n')


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
