"""The same seed gives the same bytes, whatever the machine is doing; and file
names of every kind survive the way into and out of a table."""
import csv
import os
import re

from pipeline import (check, check_equal, main, path, read, run, tone,
                      write_wav)

RECIPE = 'asddenoise ! asdmodspec ! asdgraph'
N_CLIPS = 12


def clips(folder):
    return [write_wav(path(folder, f'clip{i:02}.wav'),
                      tone(seed=i, rhythm=8 + i / 10)) for i in range(N_CLIPS)]


def train(name, files, *options, seed=0):
    model = path(name)
    run(0, 'gst-asd', 'train', '--recipe', RECIPE, '--data', *files, '--model',
        model, '--seed', seed, *options)
    return read(model)


def inspected(name, key):
    """A value that inspect shows."""
    lines = [line.strip() for line in
             run(0, 'gst-asd', 'inspect', path(name)).stdout.splitlines()]
    found = [line.split(': ', 1)[1] for line in lines
             if line.startswith(key + ': ')]
    check(found, 'inspect does not show', key, ':', lines)
    return found[0]


def model_bytes():
    files = clips('model')
    first = train('a.asd', files)
    check(train('b.asd', files) == first, 'a second training differs')
    # Into the file of another model, and from the folder instead of a list.
    train('b.asd', files, seed=1)
    check(train('b.asd', [path('model')]) == first, 'over an old model')
    # The number of clips averaged into the noise clip is part of the model.
    check(train('b.asd', files, '--train', 'denoise.clips=3') != first,
          'options do not matter')


def seeds():
    """Another seed deals the clips to other folds."""
    files = clips('seeds')
    train('s0.asd', files)
    train('s1.asd', files, seed=1)
    check_equal((inspected('s0.asd', 'seed'), inspected('s1.asd', 'seed')),
                ('0', '1'), 'seed')
    for key in 'threshold', 'calibration-mean':
        check(inspected('s0.asd', key) != inspected('s1.asd', key),
              'another seed gives the same', key)
    # The stages are learned from all clips, whichever folds there are.
    scores = [[row['score'] for row in csv.DictReader(run(
        0, 'gst-asd', 'score', '--model', path(name),
        *files).stdout.splitlines())] for name in ('s0.asd', 's1.asd')]
    check_equal(scores[0], scores[1], 'scores')


def jobs():
    for machine in 'fan', 'pump', 'valve':
        for i in range(6):
            for part, label in (('train', 'normal'), ('test', 'normal'),
                                ('test', 'anomaly')):
                write_wav(path('jobs', machine, part,
                               f'{label}_id_00_{i:08}.wav'),
                          tone(seed=i + 10 * (part == "test"),
                               rhythm=9 + (label == 'anomaly')))
    outputs = {}
    for n in 1, 2, 3:
        out = path(f'jobs-{n}')
        run(0, 'gst-asd', 'evaluate', '--recipe', RECIPE, '--data',
            path('jobs'), '--out', out, '--jobs', n)
        outputs[n] = {name: read(os.path.join(out, name))
                      for name in sorted(os.listdir(out))}
    check_equal(sorted(outputs[1]), [
        *(f'anomaly_score_{machine}_id_00.csv' for machine in
          ('fan', 'pump', 'valve')), 'evaluation.ini', 'results.csv'], 'files')
    for files in outputs.values():
        # The time that it took.
        files['evaluation.ini'], n = re.subn(rb'seconds=.*', b'',
                                             files['evaluation.ini'])
        check_equal(n, 1, 'times')
    for n in 2, 3:
        check(outputs[n] == outputs[1], 'another number of jobs, other scores')


def names():
    """Commas, spaces, quotes, letters of other scripts, a leading dash."""
    folder = path('names')
    wanted = ['comma,.wav', 'two  spaces.wav', '"quotes".wav', "it's.wav",
              'pümpe-泵.wav', 'semi;colon.wav', '%d %s.wav', '#1?.wav',
              'back\\slash.wav', '*.wav', 'new\nline.wav', '-x.wav',
              'UPPER.WAV']
    for i, name in enumerate(wanted):
        write_wav(os.path.join(folder, name), tone(seed=i))
    # A name that stands for others as a pattern is that one file only.
    train('names.asd', [folder])
    check_equal(inspected('names.asd', 'clips'), str(len(wanted)), 'clips')

    score = ['gst-asd', 'score', '--model', path('names.asd')]
    table = path('names.csv')

    def read_table():
        with open(table, newline='', encoding='utf-8') as file:
            rows = list(csv.reader(file))
        check_equal(rows[0], ['file', 'start', 'duration', 'score', 'threshold',
                              'anomalous'], 'header')
        for row in rows[1:]:
            check(len(row) == 6 and row[1:3] == ['0', '2']
                  and row[5] == str(int(float(row[3]) > float(row[4]))), row)
        return [row[0] for row in rows[1:]]

    for arguments in ([os.path.join(folder, name) for name in wanted],
                      ['./' + name for name in wanted]):
        run(0, *score, '--csv', table, *arguments, cwd=folder)
        check_equal(read_table(), arguments, 'files')
    run(0, *score, '--csv', table, '--', '-x.wav', '*.wav', cwd=folder)
    check_equal(read_table(), ['-x.wav', '*.wav'], 'files')
    # Each file once, in the order of the names in a folder.
    run(0, *score, '--csv', table, folder, folder)
    check_equal(read_table(), sorted(
        (os.path.join(folder, name) for name in wanted),
        key=lambda name: name.encode()), 'files of a folder')


def inspect():
    train('inspect.asd', clips('inspect'), '--threshold', 'mean-std:2',
          '--channel', '-1')
    text = run(0, 'gst-asd', 'inspect', path('inspect.asd')).stdout
    for line in ('stage denoise (denoise)', 'stage graph (graph)',
                 '  clips: 12', '  channel: -1', '  median-length: 2000000000',
                 '    launch=' + RECIPE, '  threshold-rule: mean-std:2'):
        check(f'\n{line}\n' in text, repr(line), 'is not in', text)
    mean, deviation = (float(inspected('inspect.asd', 'calibration-' + key))
                       for key in ('mean', 'std'))
    threshold = float(inspected('inspect.asd', 'threshold'))
    check(abs(threshold - mean - 2 * deviation) < 1e-9 * threshold, text)


def windows():
    """A threshold is for windows: each of the 12 x 2 counts, not each clip."""
    train('windows.asd', clips('windows'), '--window', '1000000000')
    check_equal(inspected('windows.asd', 'calibration-n'), '24', 'held-out scores')


main([model_bytes, seeds, jobs, names, inspect, windows])
