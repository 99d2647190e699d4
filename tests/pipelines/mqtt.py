"""What leaves the machine: messages for an MQTT broker, and metrics."""
import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from live import Broker, Monitor, Process, free_port, make_model
from pipeline import check, check_equal, fails, main


class Subscriber(Process):
    """To all of it; events are (topic, retained, QoS, object)."""

    def __init__(self, port):
        super().__init__('mosquitto_sub', '-h', '127.0.0.1', '-p', port, '-t',
                         '#', '-q', 1, '-F', '%t %r %q %p')

    def parse(self, line):
        topic, retained, qos, text = line.split(' ', 3)
        return topic, retained == '1', int(qos), json.loads(text)

    def wait_for(self, topic, since=0.0, **fields):
        return self.wait(
            f'{topic} {fields}', lambda event: event[0] == topic
            and all(event[3].get(name) == value
                    for name, value in fields.items()), since=since)


def messages():
    broker = Broker(free_port())
    listener = Subscriber(broker.port)
    monitor = Monitor('--model', make_model(), 'test', '--fault', 'bearing',
                      '--severity', 1, '--mqtt',
                      f'mqtt://127.0.0.1:{broker.port}/hall/3')
    for topic, qos, fields in [
            ('hall/3/state', 1, {'state': 'online'}),
            ('hall/3/test/state', 1, {'state': 'listening'}),
            ('hall/3/test/score', 0, {'type': 'score'}),
            ('hall/3/test/alarm', 1, {'state': 'started', 'stream': 'test'})]:
        event, _ = listener.wait_for(topic, **fields)
        check_equal(event[2], qos, f'QoS of {topic}')
    # Who comes later is told the states, and nothing of the past.
    late = Subscriber(broker.port)
    for topic, state in [('hall/3/state', 'online'),
                         ('hall/3/test/state', 'listening'),
                         ('hall/3/test/sensor', 'ok')]:
        event, _ = late.wait_for(topic, state=state)
        check(event[1], topic, 'is not retained')
    check(not [event for _, event in late.events
               if event[1] and event[0].endswith(('score', 'alarm'))],
          late.events)
    # The last will of a monitor that dies.
    monitor.stop(signal.SIGKILL)
    listener.wait_for('hall/3/state', state='lost')
    broker.kill()


def broker_never_there():
    """The start and end of an alarm have nowhere to go, which is said."""
    done = subprocess.run(
        ['gst-asd', 'monitor', '--model', make_model(), 'test', '--fault',
         'imbalance', '--severity', '1', '--duration', '30', '--mqtt',
         f'mqtt://127.0.0.1:{free_port()}'], capture_output=True, text=True)
    check_equal(done.returncode, 0, 'exit code')
    check('2 messages of alarms cannot reach it' in done.stderr, done.stderr)


def broker_away():
    """One line; streams go on; states come with the broker."""
    port = free_port()
    monitor = Monitor('--model', make_model(), 'test', '--mqtt',
                      f'mqtt://127.0.0.1:{port}')
    monitor.wait_for_error(f'broker 127.0.0.1:{port} cannot be reached')
    monitor.wait_for('score')
    broker = Broker(port)
    listener = Subscriber(broker.port)
    listener.wait_for('gst-asd/test/state', state='listening')
    listener.wait_for('gst-asd/test/score')
    broker.kill()
    monitor.wait_for('score', since=time.monotonic())
    broker = Broker(port)
    listener = Subscriber(broker.port)
    listener.wait_for('gst-asd/test/score')
    check_equal(monitor.stop(), 0, 'exit code')
    listener.wait_for('gst-asd/test/state', state='ended')
    listener.wait_for('gst-asd/state', state='ended')
    check_equal(len(monitor.errors.splitlines()), 1, monitor.errors)
    broker.kill()


SAMPLE = re.compile(rf'(\w+)\{{stream=("(?:[^"\\\n]|\\["\\n])*")\}} (\S+)')


def parse_metrics(text):
    """{(metric, stream): number}; each metric has one HELP and TYPE before its
    samples (exposition format 0.0.4)."""
    samples, types, current = {}, {}, None
    check(text.endswith('\n'), 'the last line has no end')
    for line in text.splitlines():
        if line.startswith('# HELP '):
            current = line.split(' ')[2]
            check(current not in types, 'twice:', current)
            types[current] = None
        elif line.startswith('# TYPE '):
            _, _, name, kind = line.split(' ')
            check(name == current and kind in ('gauge', 'counter'), line)
            types[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            check(match and match[1] == current and types[current], line)
            key = match[1], json.loads(match[2])
            check(key not in samples, 'twice:', key)
            samples[key] = float(match[3])
    for name, kind in types.items():
        check((kind == 'counter') == name.endswith('_total'), name, kind)
    return samples


def fetch(port, path='/metrics'):
    with urllib.request.urlopen(f'http://127.0.0.1:{port}{path}',
                                timeout=10) as answer:
        check(answer.headers['Content-Type'].startswith(
            'text/plain; version=0.0.4'), answer.headers)
        return parse_metrics(answer.read().decode())


def metrics():
    port = free_port()
    args = ['--model', make_model(), 'test', '--metrics', f'127.0.0.1:{port}']
    monitor = Monitor('--fault', 'bearing', '--severity', 1, *args)
    monitor.wait_for('alarm', state='started')
    last = monitor.select('score')[-1]
    samples = fetch(port)
    count = len(monitor.select('score'))
    get = {name: value for (name, stream), value in samples.items()
           if stream == 'test'}
    check_equal(len(get), len(samples), 'streams')
    check_equal([get['asd_up'], get['asd_alarm'], get['asd_alarms_total'],
                 get['asd_sensor_ok'], get['asd_overruns_total'],
                 get['asd_reconnects_total'], get['asd_anomalous']],
                [1, 1, 1, 1, 0, 0, 1], 'values')
    check_equal(get['asd_threshold'], last['threshold'], 'threshold')
    check(get['asd_score'] in [event['score']
                               for event in monitor.select('score')], get)
    check(count - 1 <= get['asd_windows_total'] <= count + 1, count, get)
    # A second monitor at the same port.
    fails(1, f'cannot listen at 127.0.0.1:{port}: .*choose another', 'gst-asd',
          'monitor', *args)
    try:
        urllib.request.urlopen(f'http://127.0.0.1:{port}/', timeout=10)
        check(False, 'there is something at /')
    except urllib.error.HTTPError as error:
        check_equal(error.code, 404, 'status')
    check_equal(monitor.stop(signal.SIGTERM), 0, 'exit code')


main([messages, broker_never_there, broker_away, metrics])
