"""gst-asd monitor with files, the simulated machine, lists of streams and all
that can be wrong with them."""
import csv
import io
import os
import re
import subprocess

import numpy as np

from live import WINDOW, Monitor, make_model, record
from pipeline import (check, check_equal, fails, main, path, run, tone,
                      write_wav)


def read_scores(model, file):
    """What gst-asd score says of it, as (start, score)."""
    table = csv.DictReader(io.StringIO(run(
        0, 'gst-asd', 'score', '--model', model, file).stdout))
    return [(float(row['start']), float(row['score'])) for row in table]


def same_as_score():
    """A file gives the scores of gst-asd score, to the last bit."""
    file = record(path('test', 'long.wav'), 12, 'seed=50')
    monitor = Monitor('--model', make_model(), file)
    check_equal(monitor.finish(), 0, 'exit code')
    scores = monitor.select('score')
    check_equal([event['stream-time'] for event in scores],
                [i * WINDOW for i in range(12)], 'times')
    check_equal([(event['stream-time'] / WINDOW, event['score'])
                 for event in scores], read_scores(make_model(), file), 'scores')
    check_equal([event['state'] for event in monitor.select('state')],
                ['listening', 'ended'], 'states')
    for _, event in monitor.events:
        check(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z',
                           event['time']) and event['stream'] == 'long.wav',
              event)


def same_as_score_in_all():
    """So it is with several scorers, with windows that overlap, and for a file
    of another rate with another channel."""
    stereo = np.stack([tone(6.1, 44100, seed) for seed in (1, 2)], axis=1)
    files = [record(path('test', 'short.wav'), 6, 'seed=51'),
             write_wav(path('test', 'stereo.wav'), stereo, 44100)]
    small = [f'--train={x}' for x in ('ivector.components=8',
                                      'ivector.dimensions=4',
                                      'gmm.components=2')]
    for count, recipe, *options in [
            (6, 'modspec-graph'), (6, 'ensemble', *small), (6, 'best'),
            (21, 'asdmodspec interval=250000000 ! asdgraph')]:
        model = make_model(recipe, WINDOW, *options)
        for file in files:
            monitor = Monitor('--model', model, file)
            check_equal(monitor.finish(), 0, 'exit code')
            scores = [(event['stream-time'] / WINDOW, event['score'])
                      for event in monitor.select('score')]
            check_equal(len(scores), count, f'windows of {recipe}, {file}')
            check_equal(scores, read_scores(model, file), f'{recipe}, {file}')


def simulated_fault():
    """The alarm of a fault that starts at 20 s; lines for people."""
    args = ['--model', make_model(), 'test', '--fault', 'bearing',
            '--severity', '1', '--fault-at', '20', '--duration', '0.5m']
    monitor = Monitor(*args)
    check_equal(monitor.finish(), 0, 'exit code')
    started = [event for event in monitor.select('alarm')
               if event['state'] == 'started']
    check(started and 20e9 <= started[0]['start'] <= 22e9, monitor.events[-5:])
    check_equal(len(monitor.select('score')), 30, 'windows')
    done = run(0, 'gst-asd', 'monitor', *args)
    check(re.search(r'^0:00:2\d  test: ALARM: score [\d.e+]+ is above', done.stdout,
                    re.M), done.stdout)
    check(re.search(r'^0:00:30  test: ended: 30 windows, [1-9]\d* alarms?$',
                    done.stdout, re.M) and 'score' not in done.stderr, done)
    return f'alarm from {started[0]["start"] / 1e9} s on'


def simulated_recordings():
    """The individual, the recording and the noise can be chosen."""
    scores = []
    for choice in [[], ['--seed', 0, '--machine-id', 0, '--snr', 6],
                   ['--seed', 1], ['--machine-id', 1], ['--snr', 0]]:
        monitor = Monitor('--model', make_model(), 'test', '--duration', 3,
                          *choice)
        check_equal(monitor.finish(), 0, 'exit code')
        scores.append(tuple(event['score'] for event in monitor.select('score')))
    check_equal(scores[1], scores[0], 'the defaults')
    check_equal(len(set(scores)), 4, 'different sounds')
    check_equal({len(each) for each in scores}, {3}, 'windows')


def window_and_interval():
    monitor = Monitor('--model', make_model(), '--window', 2 * WINDOW,
                      '--interval', WINDOW // 2, 'test', '--duration', 6)
    check_equal(monitor.finish(), 0, 'exit code')
    check_equal([event['stream-time'] for event in monitor.select('score')],
                [i * WINDOW // 2 for i in range(9)], 'starts of windows')
    check_equal({event['duration'] for event in monitor.select('score')},
                {2 * WINDOW}, 'lengths')


def interval_of_training():
    """Windows come as often as the budget of false alarms is for."""
    make_model()
    model = path('often.asd')
    train = ['gst-asd', 'train', '--recipe', 'modspec-graph', '--data',
             path('train4'), '--window', WINDOW, '--false-alarms', 9999,
             '--model', model]
    counts = []
    for options in [[], ['--interval', WINDOW // 4]]:
        told = run(0, *train, *options).stdout
        counts.append(re.search(r'(\d+) windows, one each ([\d.]+) s, can vouch '
                                r'for ([\d.e+]+) ', told).groups())
    # 13 in place of 4 in each of 16 clips; a day of them is a day.
    check_equal(counts, [('64', '1', '4.05e+03'), ('208', '0.25', '4.98e+03')],
                'windows')
    file = record(path('test', 'often.wav'), 3, 'seed=51')
    table = run(0, 'gst-asd', 'score', '--model', model, file).stdout
    monitor = Monitor('--model', model, file)
    check_equal(monitor.finish(), 0, 'exit code')
    starts = [event['stream-time'] for event in monitor.select('score')]
    check_equal(starts, [i * WINDOW // 4 for i in range(9)], 'starts')
    check_equal([float(row['start']) * 1e9
                 for row in csv.DictReader(io.StringIO(table))], starts, 'starts')
    fails(1, 'no recording has two windows of 4 s.*leave out --interval', *train,
          '--window', 4 * WINDOW, '--interval', WINDOW)
    fails(2, '--interval is in ns', *train, '--interval', 2)
    fails(2, 'a line is cut into single ones', 'gst-asd', 'train', '--recipe',
          'modspec-graph', '--data', 'test', '--duration', '9', '--window',
          WINDOW, '--interval', WINDOW // 4, '--model', model)


def many_streams():
    """One that fails leaves the others alone."""
    good = record(path('test', 'with blank.wav'), 3)
    with open(path('list.txt'), 'w') as file:
        file.write(f'# the machines of the hall\n\none {make_model()} test\n'
                   f'two  {make_model()} "{good}"  # a recording\n'
                   f'three {make_model()} {path("none.wav")}\n'
                   f'four {path("none.asd")} test\n')
    monitor = Monitor('--streams', path('list.txt'), '--duration', 5)
    check_equal(monitor.finish(), 3, 'exit code')
    windows = [event['stream'] for event in monitor.select('score')]
    check_equal({name: windows.count(name) for name in set(windows)},
                {'one': 5, 'two': 3}, 'windows')
    lines = monitor.errors.splitlines()
    check(len(lines) == 2 and any('three: there is no such file' in line
                                  for line in lines)
          and any('four: ' in line and 'none.asd' in line for line in lines),
          lines)


def wrong_lists():
    for text, pattern in [
            ('a m.asd', r'list:1: has 2 words: write NAME MODEL URI'),
            ('\na m.asd test\n a m.asd test', r'list:3: a second stream .*"a"'),
            ('a/b m.asd test', r'list:1: "a/b" is no name'),
            ('a "m.asd test', r'list:1: .*quot'),
            ('# nothing', r'list: has no stream')]:
        with open(path('list'), 'w') as file:
            file.write(text)
        fails(1, pattern, 'gst-asd', 'monitor', '--streams', path('list'))
    fails(1, 'nowhere', 'gst-asd', 'monitor', '--streams', path('nowhere'))


def wrong_input():
    with open(path('text.wav'), 'w') as file:
        file.write('No recording, but a text.\n' * 20)
    with open(path('speech.amr'), 'wb') as file:
        file.write(b'#!AMR\n' + (b'\x04' + bytes(12)) * 100)
    write_wav(path('short.wav'), tone(0.5))
    run(0, 'gst-launch-1.0', '-q', 'videotestsrc', 'num-buffers=5', '!',
        'jpegenc', '!', 'avimux', '!', 'filesink',
        f'location={path("video.avi")}')
    for input, pattern in [
            (path('none.wav'), 'there is no such file: check the name'),
            (path('text.wav'), 'cannot be read .*give audio files'),
            (path('speech.amr'), r'AMR.* is missing.*: install'),
            (path('short.wav'), 'before its first window was full: record'),
            (path('video.avi'), 'has no audio: choose'),
            ('fly://nowhere', 'nothing here reads fly://'),
            ('alsa:hw:99,0', 'cannot be reached .*; trying again')]:
        args = ['gst-asd', 'monitor', '--model', make_model(), input]
        if input.startswith('alsa'):
            done = run(1, *args, '--duration', '1')
            check(re.search(pattern, done.stderr.splitlines()[0]), done.stderr)
        else:
            fails(1, pattern, *args)
    fails(1, 'there is no fault "fly": one of none, ', 'gst-asd', 'monitor',
          '--model', make_model(), 'test', '--fault', 'fly')
    fails(1, 'a fan has no such fault', 'gst-asd', 'monitor', '--model',
          make_model(), 'test', '--fault', 'leakage', '--duration', '5')


def usage():
    for args, pattern in [
            (['test'], '--model is needed'),
            (['--model', 'm.asd'], 'either --model and'),
            (['--model', 'm.asd', '--streams', 'list'], 'leave out --model'),
            (['--model', 'm.asd', 'test', '--duration', '-1'], '--duration'),
            (['--model', 'm.asd', 'test', '--duration', '1w'],
             '"1w" is no --duration: write 90, 90s, 30m, 1h or 1d'),
            (['--model', 'm.asd', 'test', '--severity', '2'], '--severity'),
            (['--model', 'm.asd', 'test', '--snr', '99'], '--snr'),
            (['--model', 'm.asd', 'test', '--seed', '-1'], '--seed'),
            (['--model', 'm.asd', 'test', '--machine-id', '-1'], '--machine-id'),
            (['--model', 'm.asd', 'test', '--interval', '2'], '--interval'),
            (['--model', 'm.asd', 'test', '--window', '2'], '--window')]:
        fails(2, pattern, 'gst-asd', 'monitor', *args)
    for args, pattern in [
            (['--metrics', 'fly'], '--metrics is ADDRESS:PORT'),
            (['--metrics', '127.0.0.1:99999'], '--metrics is ADDRESS:PORT'),
            (['--mqtt', 'http://127.0.0.1'], '--mqtt is mqtt://'),
            (['--mqtt', 'mqtt://127.0.0.1/hall/#'], 'without')]:
        fails(1, pattern, 'gst-asd', 'monitor', '--model', make_model(), 'test',
              '--duration', '1', *args)


def full_disk_and_closed_pipe():
    command = ['gst-asd', 'monitor', '--json', '--model', make_model(), 'test']
    with open('/dev/full', 'w') as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=30)
    check_equal(done.returncode, 1, 'exit code')
    check(re.fullmatch(r'gst-asd monitor: standard output: cannot be written: '
                       r'No space left .*\n', done.stderr), done.stderr)
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE,
                          text=True, timeout=30)
    os.close(write)
    check_equal(done.returncode, 1, 'exit code')
    check(re.fullmatch(r'.*standard output: cannot be written: Broken pipe\n',
                       done.stderr), done.stderr)


def interrupt():
    """Ctrl-C is how a monitor ends. The simulated machine takes its time."""
    monitor = Monitor('--model', make_model(), 'test')
    _, first = monitor.wait_for('score')
    _, second = monitor.wait_for('score', since=first + 0.01)
    check(second - first > 0.5, 'a second of sound came in', second - first)
    check_equal(monitor.stop(), 0, 'exit code')
    check_equal(monitor.select('state')[-1]['state'], 'ended', 'state')


def sensor_fault():
    """Silence is the microphone's fault, not the machine's."""
    sound = tone(6.0)
    sound[32000:] = 0
    monitor = Monitor('--model', make_model(),
                      write_wav(path('dead.wav'), sound))
    check_equal(monitor.finish(), 0, 'exit code')
    check('dead' in [event['state'] for event in monitor.select('sensor')],
          monitor.select('sensor'))
    late = [event for event in monitor.select('alarm')
            if event['state'] == 'started' and event['start'] >= 3e9]
    check(not late, late)


main([same_as_score, same_as_score_in_all, simulated_fault,
      simulated_recordings, window_and_interval, interval_of_training,
      many_streams, wrong_lists, wrong_input, usage, full_disk_and_closed_pipe,
      interrupt, sensor_fault])
