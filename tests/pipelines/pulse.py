"""PulseAudio as a microphone: a server of its own with a null sink, into which
the machine is played."""
import os
import re
import shutil
import time

from live import WINDOW, Monitor, Process, make_model
from pipeline import check, check_equal, main, path

os.environ['XDG_RUNTIME_DIR'] = path('runtime')
os.environ['HOME'] = path('home')
for name in ('runtime', 'home'):
    os.mkdir(path(name), 0o700)
os.environ['PULSE_SERVER'] = f'unix:{path("runtime")}/pulse/native'


def start_server():
    command = ['pulseaudio', '-n', '--exit-idle-time=-1', '--daemonize=no',
               '-L', 'module-null-sink sink_name=line',
               '-L', 'module-native-protocol-unix']
    server = Process(*command)
    end = time.monotonic() + 20
    while not os.path.exists(path('runtime/pulse/native')):
        check(time.monotonic() < end and server.process.poll() is None,
              'PulseAudio does not start:', server.errors)
        time.sleep(0.05)
    return server


def play():
    return Process('gst-launch-1.0', '-q', 'asdtestsrc', 'is-live=true',
                   'machine=fan', '!', 'audioconvert', '!', 'audioresample',
                   '!', 'pulsesink', 'device=line')


def microphone():
    server = start_server()
    machine = play()
    monitor = Monitor('--model', make_model(), 'pulse:line.monitor')
    monitor.wait_for('score')
    # What is played ends: the line is dead, which is no machine's alarm.
    machine.kill()
    gone = time.monotonic()
    monitor.wait_for('sensor', since=gone, state='dead')
    machine = play()
    monitor.wait_for('sensor', since=gone, state='ok')
    # The server goes and comes back.
    server.kill()
    gone = time.monotonic()
    monitor.wait_for('state', since=gone, state='lost')
    shutil.rmtree(path('runtime/pulse'), ignore_errors=True)
    server = start_server()
    back = time.monotonic()
    _, when = monitor.wait_for('score', since=back)
    check(when - back < 5, 'scores resumed after', when - back, 's')
    check_equal(monitor.stop(), 0, 'exit code')
    machine.kill()
    server.kill()
    return f'scores resumed after {when - back:.1f} s'


def learned():
    """A machine that stops, so that there is silence for some windows. What was
    learned is monitored then."""
    server = start_server()
    machine = play()
    model = path('learned.asd')
    training = Process('gst-asd', 'train', '--recipe', 'modspec-graph', '--data',
                       'pulse:line.monitor', '--duration', '16', '--window',
                       WINDOW, '--record', path('kept'), '--model', model)
    wait_for_windows(5)
    machine.kill()
    time.sleep(4)
    machine = play()
    check_equal(training.finish(), 0, 'exit code')
    heard, left_out, result = [line for _, line in training.events]
    kept = re.fullmatch(r'pulse:line.monitor: 0:00:16 heard, (\d+) windows kept, '
                        r'(\d+) left out', heard)
    check(kept and int(kept[1]) + int(kept[2]) == 16
          and 3 <= int(kept[2]) <= 6, heard)
    check(re.match(rf'  left out, dead: {kept[2]} from ', left_out), left_out)
    check(f'{kept[1]} windows, threshold' in result, result)
    monitor = Monitor('--model', model, 'pulse:line.monitor')
    for _ in range(3):
        monitor.wait_for('score', since=time.monotonic())
    check_equal(monitor.stop(), 0, 'exit code')
    check(not monitor.select('alarm') and not monitor.select('sensor'),
          monitor.events)
    machine.kill()
    server.kill()
    return f'{kept[1]} windows, {kept[2]} left out'


def wait_for_windows(n):
    end = time.monotonic() + 20
    while not os.path.isdir(path('kept')) or len(os.listdir(path('kept'))) < n:
        check(time.monotonic() < end, 'no windows')
        time.sleep(0.1)


main([microphone, learned])
