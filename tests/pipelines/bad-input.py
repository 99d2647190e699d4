"""Recordings, models and options that are wrong: each is named once with its
cure, the rest of a run finishes, and the exit code says what happened."""
import csv
import json
import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import time

import numpy as np

from pipeline import (check, check_equal, fails, main, path, read, run, tone,
                      work, write_float_wav, write_wav)

# Recordings that cannot be used, with what is said about them.
BAD = {
    'missing.wav': 'cannot be read .*: check the name',
    'empty.wav': 'is empty .*: record or copy it again',
    'truncated.wav': 'is truncated.*: record or copy it again',
    'text.wav': 'cannot be decoded .*: give audio files',
    'header.wav': 'holds no sound .*: record or copy it again',
    'short.wav': '(10 samples are too few|too few samples .10.) .*: record at '
                 'least',
    'silent.wav': 'silent, .*: check the microphone',
    'nan.wav': 'not finite numbers: record or convert it again',
    'inf.wav': 'not finite numbers: record or convert it again',
    'nothing': 'a folder without recordings: name one with audio files',
}
# Recordings that are used, but not as they are.
ODD = {
    'channels.wav': '8 channels: channel 0 is used .*--channel',
    'fast.wav': '48000 Hz: converted to 16000 Hz',
    'slow.wav': 'is recorded at 8000 Hz, so there is nothing above 4000 Hz',
}
N_GOOD = 6
RECIPE = 'asddenoise ! asdmodspec ! asdgraph'


def make_recordings(folder):
    """Returns the good ones; the bad ones and odd ones are beside them."""
    def name(base):
        return os.path.join(folder, base)

    good = [write_wav(name(f'good{i}.wav'), tone(seed=i))
            for i in range(N_GOOD)]
    with open(name('empty.wav'), 'wb'):
        pass
    with open(name('truncated.wav'), 'wb') as file:
        file.write(read(good[0])[:20000])
    with open(name('text.wav'), 'w') as file:
        file.write('No recording, but a text.\n' * 20)
    write_wav(name('header.wav'), [])
    write_wav(name('short.wav'), tone()[:10])
    write_wav(name('silent.wav'), np.zeros(32000))
    for base, value in (('nan.wav', np.nan), ('inf.wav', -np.inf)):
        samples = tone()
        samples[20000] = value
        write_float_wav(name(base), samples)
    os.mkdir(name('nothing'))
    with open(name('nothing/notes.txt'), 'w') as file:
        file.write('no audio here')
    write_wav(name('channels.wav'), np.stack([tone(seed=i) for i in range(8)],
                                             axis=1))
    write_wav(name('fast.wav'), tone(rate=48000), 48000)
    write_wav(name('slow.wav'), tone(rate=8000), 8000)
    return good


def mixed(folder, good):
    """A good one between all others."""
    others = [os.path.join(folder, base) for base in (*BAD, *ODD)]
    return [x for i, other in enumerate(others)
            for x in (good[i % N_GOOD], other)] + good


def check_named_once(stderr, folder, patterns):
    """Each file has one line, which fits; there are no other lines."""
    lines = stderr.splitlines()
    for base, pattern in patterns.items():
        name = os.path.join(folder, base) + ': '
        about = [line for line in lines if line.startswith(name)]
        check(len(about) == 1 and re.search(pattern, about[0]), 'not one line',
              'about', base, 'with', repr(pattern), 'in', lines)
    check_equal(len(lines), len(patterns), f'lines in {lines}')


def train_and_score():
    """Two runs over good, bad and odd recordings; the bad ones leave no trace
    in model or scores."""
    folder = path('mixed')
    good = make_recordings(folder)
    files = mixed(folder, good)
    model, clean = path('mixed.asd'), path('clean.asd')
    done = run(3, 'gst-asd', 'train', '--recipe', RECIPE, '--data', *files,
               '--model', model)
    check_named_once(done.stderr, folder, {**BAD, **ODD})
    used = [name for i, name in enumerate(files) if name not in files[:i]
            and os.path.basename(name) not in BAD]
    done = run(0, 'gst-asd', 'train', '--recipe', RECIPE, '--data', *used,
               '--model', clean)
    check_named_once(done.stderr, folder, ODD)
    check(read(model) == read(clean), 'bad recordings changed the model')

    done = run(3, 'gst-asd', 'score', '--model', model, *files)
    check_named_once(done.stderr, folder, {**BAD, **ODD})
    check_equal(done.stdout, run(0, 'gst-asd', 'score', '--model', model,
                                 *used).stdout, 'scores')
    rows = list(csv.DictReader(done.stdout.splitlines()))
    check_equal([row['file'] for row in rows], used, 'scored files')
    check(all(np.isfinite(float(row['score'])) for row in rows), rows)


def windows():
    """With a window set, the bad parts of a recording cost themselves, and one
    that is shorter than the window is named as well."""
    folder = path('windows')
    good = make_recordings(folder)
    model = path('windows.asd')
    run(0, 'gst-asd', 'train', '--recipe', 'asdmodspec ! asdgraph', '--window',
        '1000000000', '--data', *good, '--model', model)
    half = np.concatenate([np.zeros(16000), tone()[:16000]])
    write_wav(os.path.join(folder, 'half.wav'), half)
    names = [os.path.join(folder, base) for base in
             ('short.wav', 'silent.wav', 'nan.wav', 'half.wav', 'good0.wav')]
    done = run(3, 'gst-asd', 'score', '--model', model, *names)
    check_named_once(done.stderr, folder, {
        'short.wav': 'is shorter than the window: record for longer',
        'silent.wav': BAD['silent.wav'], 'nan.wav': BAD['nan.wav']})
    rows = [(os.path.basename(row['file']), row['start'])
            for row in csv.DictReader(done.stdout.splitlines())]
    # A silent window of a recording with sound is one like any other.
    check_equal(rows, [('nan.wav', '0'), ('half.wav', '0'), ('half.wav', '1'),
                       ('good0.wav', '0'), ('good0.wav', '1')], 'windows')


def evaluate():
    """In a data set; another machine id has nothing good to train on."""
    source, root = path('evaluate'), path('dcase')
    good = make_recordings(source)
    bad = {}

    def put(base, folder, name):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
        target = os.path.join(root, folder, name)
        shutil.copy(os.path.join(source, base), target)
        if base in BAD:
            bad[f'{folder}/{name}'] = BAD[base]

    for part in ('train', 'test'):
        for i in range(3):
            put(f'good{i}.wav', f'fan/{part}', f'normal_id_00_{i:08}.wav')
        for i, base in enumerate(sorted(BAD)):
            if base not in ('missing.wav', 'nothing'):
                put(base, f'fan/{part}', f'normal_id_00_{i + 10:08}.wav')
    put('fast.wav', 'fan/test', 'anomaly_id_00_00000000.wav')
    put('good4.wav', 'fan/test', 'id_00_00000077.wav')
    put('good4.wav', 'fan/train', 'anomaly_id_00_00000000.wav')
    put('good4.wav', 'fan/train', 'recording.wav')
    put('text.wav', 'pump/train', 'normal_id_02_00000000.wav')
    put('good4.wav', 'pump/test', 'normal_id_02_00000000.wav')
    put('good4.wav', 'pump/train', 'normal_id_04_00000000.wav')
    put('good5.wav', 'pump/test', 'normal_id_04_00000000.wav')

    bad['fan/train/anomaly_id_00_00000000.wav'] = 'move it to the folder test'
    bad['fan/train/recording.wav'] = 'the name has no machine id: call it'
    bad['fan/test/anomaly_id_00_00000000.wav'] = ODD['fast.wav']
    for command, result in ('evaluate', 'out'), ('extract', 'features'):
        recipe = RECIPE if command == 'evaluate' else 'asdmodspec'
        done = run(3, 'gst-asd', command, '--recipe', recipe, '--data', root,
                   '--out', path(result))
        lines = done.stderr.splitlines()
        ids = [line for line in lines if line.startswith('pump id_0')]
        check_equal(ids[0], 'pump id_02: No recording can be used: see above '
                    'what is wrong with each', 'id without training clips')
        if command == 'evaluate':
            check(ids[1].startswith('pump id_04: no AUC, only scores'), ids)
        check_equal(len(ids), 2 if command == 'evaluate' else 1, ids)
        check_named_once('\n'.join(line for line in lines if line not in ids),
                         root, bad)

    check_equal(sorted(os.listdir(path('out'))), [
        'anomaly_score_fan_id_00.csv', 'anomaly_score_pump_id_04.csv',
        'evaluation.ini', 'results.csv'], 'results')
    with open(path('out/anomaly_score_fan_id_00.csv')) as file:
        names = [line.split(',')[0] for line in file]
    check_equal(names, ['anomaly_id_00_00000000.wav', 'id_00_00000077.wav',
                        *(f'normal_id_00_{i:08}.wav' for i in range(3))],
                'scored')
    with open(path('out/results.csv')) as file:
        rows = [line.split(',')[:2] for line in file]
    check_equal(rows, [['Machine', 'Mid'], ['fan', '0'], ['fan', 'Average']],
                'results.csv')
    # The clip without a label is neither.
    labels = np.load(path('features/fan/id_00/test_labels.npy'))
    check_equal((labels.dtype, labels.tolist()), (np.uint8, [1, 255, 0, 0, 0]),
                'labels')


def remarks_of_stages():
    """What a trainer has to say is said of its stage, as a recipe names it."""
    good = make_recordings(path('remarks'))
    done = run(0, 'gst-asd', 'train', '--recipe', 'asdmfcc ! asdivector ! '
               'asdgmm', '--data', *good, '--model', path('remarks.asd'),
               '--train', 'ivector.components=2', '--train',
               'ivector.dimensions=7', '--train', 'gmm.components=1')
    lines = [line for line in done.stderr.splitlines() if 'i-vectors' in line]
    check(lines and all(line.startswith('ivector: too few clips (')
                        for line in lines), done.stderr)


def nothing_good():
    folder = path('nothing-good')
    good = make_recordings(folder)
    model, other = path('nothing.asd'), path('never.asd')
    run(0, 'gst-asd', 'train', '--recipe', 'asdmodspec ! asdgraph', '--data',
        *good, '--model', model)
    names = [os.path.join(folder, base) for base in BAD]
    for files in [names] + [[name] for name in names]:
        commands = [('train', '--recipe', RECIPE, '--model', other, '--data'),
                    ('score', '--model', model)]
        for command in commands:
            done = run(1, 'gst-asd', *command, *files)
            lines = done.stderr.splitlines()
            check_equal(len(lines), len(files) + 1, f'lines in {lines}')
            check(lines[-1].startswith(f'gst-asd {command[0]}: No recording'),
                  lines)
            check_equal(done.stdout, '', 'results')
    check(not os.path.exists(other), 'a model of nothing')


def read_model(name):
    data = read(name)
    length, = struct.unpack('<Q', data[:8])
    return json.loads(data[8:8 + length]), data[8 + length:]


def write_model(name, header, tensors):
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(name, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + tensors)


def models():
    """Models that do not fit: refused in one line, nothing is written."""
    good = make_recordings(path('models'))
    model, broken = path('models/good.asd'), path('models/broken.asd')
    evil = path('models/evil')
    run(0, 'gst-asd', 'train', '--recipe', 'asdmodspec ! asdgraph', '--data',
        *good, '--model', model)
    header, tensors = read_model(model)

    def recipe(launch):
        return {'asd.recipe': f'[recipe]\nlaunch={launch}\n'}

    graph = 'asdmodspec ! asdgraph'
    for change, pattern in [
            ({'asd.format': '2'}, 'has model format 2, .* reads format 1; update'),
            (recipe(f'{graph} ! filesink location={evil}'),
             '"filesink" is not allowed in a recipe'),
            (recipe(f'{graph} ! asdscoreenc ! filesink location={evil}'),
             '"filesink" is not allowed in a recipe'),
            (recipe('asdmodspec ! tee name=t ! asdgraph t. ! capsfilter'),
             '"capsfilter" is not allowed in a recipe'),
            (recipe(f'audioconvert ! audio/x-raw,rate=8000 ! {graph}'),
             '"capsfilter" is not allowed in a recipe'),
            (recipe(f'asdmodspec ! asdgraphtrain model={evil}'),
             '"asdgraphtrain" is not allowed in a recipe'),
            (recipe(f'asdclipsrc location={good[0]} ! {graph}'),
             '"asdclipsrc" is not allowed in a recipe'),
            (recipe(f'file://{good[0]} ! {graph}'),
             '"filesrc" is not allowed in a recipe'),
            (recipe('asdmodspec bands=30 ! asdgraph'),
             'was trained on modspec 60x8 .* but the stream is modspec 30x8'),
            (recipe(RECIPE), 'no stage "denoise"; choose one of its stages'),
            (recipe('asdmodspec ! nosuchelement'), 'no element "nosuchelement"'),
            (recipe('asdmodspec'), 'gave no score: its recipe has to end in a'),
            (recipe(f'{graph} ! asdscoreenc'), 'gave no score'),
            (recipe(''), 'Recipe ""'),
            ({'asd.recipe': 'no key file'}, 'not a recipe'),
            ({'asd.recipe': None}, 'has no recipe: train it with'),
            ({'graph.kind': 'gmm'}, 'is of kind "gmm", .* needs kind "graph"'),
            ({'graph.threshold': 'high'}, 'value "threshold" is not a finite'),
            ({'asd.window': '-5'}, 'window "-5" is no number .*train it again'),
            ({'asd.channel': 'left'}, 'channel "left" is no number')]:
        changed = json.loads(json.dumps(header))
        for key, value in change.items():
            changed['__metadata__'][key] = value
            if value is None:
                del changed['__metadata__'][key]
        write_model(broken, changed, tensors)
        before = sorted(os.listdir(path('models')))
        done = fails(1, f'gst-asd score: .*{pattern}', 'gst-asd', 'score',
                     '--model', broken, good[0])
        check_equal(done.stdout, '', 'scores')
        check_equal(sorted(os.listdir(path('models'))), before, 'files')

    # Unchanged, it is a good model.
    write_model(broken, header, tensors)
    run(0, 'gst-asd', 'score', '--model', broken, good[0])
    for data, pattern in [(b'', 'empty'), (read(model)[:-1], 'bytes'),
                          (read(model)[:100], 'truncated'),
                          (read(good[0]), 'not a gst-asd model')]:
        with open(broken, 'wb') as file:
            file.write(data)
        for command in (('score', '--model', broken, good[0]),
                        ('inspect', broken)):
            fails(1, f'gst-asd {command[0]}: {broken}: .*{pattern}', 'gst-asd',
                  *command)
    fails(1, f'{evil}: cannot open the model', 'gst-asd', 'inspect', evil)


def outputs():
    """What cannot be written, and what is not to be overwritten."""
    good = make_recordings(path('outputs'))
    train = ('gst-asd', 'train', '--recipe', 'asdmodspec ! asdgraph', '--data',
             *good, '--model')
    model = path('outputs/model.asd')
    run(0, *train, model)
    fails(1, 'Will not overwrite what is no model, remove it or choose another',
          *train, os.path.join(path('outputs'), 'good0.wav'))
    check(read(good[0]).startswith(b'RIFF'), 'the recording is gone')
    fails(1, 'Will not overwrite', *train, path('outputs'))
    fails(1, 'cannot write into the folder .*: make it, or choose another',
          *train, path('none/model.asd'))
    score = ('gst-asd', 'score', '--model', model, *good, '--csv')
    fails(1, '/dev/full: not all scores could be written: is the disk full',
          *score, '/dev/full')
    fails(1, 'none/scores.csv: cannot be written', *score,
          path('none/scores.csv'))
    with open('/dev/full', 'wb') as full:
        done = subprocess.run(score[:-1], stdout=full, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, text=True, timeout=100)
    check(done.returncode == 1 and 'is the disk full' in done.stderr, done)

    # A link stays a link, and who could read the old model can read the new.
    link = path('outputs/link.asd')
    os.symlink('model.asd', link)
    os.chmod(model, 0o640)
    run(0, *train, link, '--threshold', 'quantile:0.5')
    check(os.path.islink(link), 'the link was replaced')
    check('quantile:0.5' in run(0, 'gst-asd', 'inspect', model).stdout,
          'the model behind the link is the old one')
    check_equal(stat.S_IMODE(os.stat(model).st_mode), 0o640, 'permissions')


def folders_without_permission():
    """Nobody but root may write everywhere."""
    good = make_recordings(path('locked'))
    folder = path('locked/folder')
    os.mkdir(folder, 0o555)
    if os.geteuid() == 0:
        # A name below a file stands for the same error.
        folder = good[0]
    fails(1, 'cannot write into the folder', 'gst-asd', 'train', '--recipe',
          'asdmodspec ! asdgraph', '--data', *good, '--model',
          os.path.join(folder, 'model.asd'))
    root = path('locked/dcase/fan')
    for part in 'train', 'test':
        os.makedirs(os.path.join(root, part))
        for i, name in enumerate(good):
            shutil.copy(name, os.path.join(root, part,
                                           f'normal_id_00_{i}.wav'))
    for command, recipe in ('evaluate', RECIPE), ('extract', 'asdmodspec'):
        fails(1, 'cannot be made', 'gst-asd', command, '--recipe', recipe,
              '--data', os.path.dirname(root), '--out',
              os.path.join(folder, 'out'))


def catches(process, number):
    """Whether the program minds a signal by now."""
    with open(f'/proc/{process.pid}/status') as file:
        mask, = (line.split()[1] for line in file if line.startswith('SigCgt'))
    return int(mask, 16) >> (number - 1) & 1


def interrupt():
    """The old model stays as it is, and nothing else is left behind."""
    folder = path('interrupt')
    good = [write_wav(os.path.join(folder, f'clip{i}.wav'), tone(10, seed=i))
            for i in range(40)]
    model, temporary = path('interrupt/models/m.asd'), path('interrupt/tmp')
    os.mkdir(os.path.dirname(model))
    os.mkdir(temporary)
    run(0, 'gst-asd', 'train', '--recipe', RECIPE, '--data', *good[:3],
        '--model', model)
    old = read(model)
    # While it reads, learns and cross-validates.
    for number in signal.SIGINT, signal.SIGTERM:
        for wait_for in 'reading', 'model', 'folds':
            process = subprocess.Popen(
                ['gst-asd', 'train', '--recipe', RECIPE, '--model', model,
                 '--data', *good], stderr=subprocess.PIPE, text=True,
                env={**os.environ, 'TMPDIR': temporary})
            deadline = time.monotonic() + 60
            while not {'reading': catches(process, number),
                       'model': len(os.listdir(os.path.dirname(model))) > 1,
                       'folds': len(os.listdir(temporary)) > 0}[wait_for]:
                check(process.poll() is None, 'ended before', wait_for)
                check(time.monotonic() < deadline, 'no', wait_for)
                time.sleep(0.005)
            process.send_signal(number)
            said = process.communicate(timeout=60)[1]
            check_equal((process.returncode, said),
                        (130, 'gst-asd train: interrupted\n'),
                        f'{number.name} after {wait_for}')
            check(read(model) == old, number.name, 'changed the model')
            check_equal(os.listdir(os.path.dirname(model)), ['m.asd'], 'files')
            check_equal(os.listdir(temporary), [], 'temporary files')


def usage():
    """Options and commands that are wrong: 2 for usage, 1 for values."""
    good = make_recordings(path('usage'))
    model = path('usage/m.asd')
    data = ('--data', *good)
    out = ('--model', model)
    recipe = ('--recipe', 'modspec-graph')
    for code, pattern, *args in [
            (2, 'no command "fly".*--help', 'fly'),
            (2, 'Unknown option --fly.*train --help', 'train', '--fly'),
            (2, '--recipe, --data and --model are needed', 'train', *data),
            (2, '--recipe, --data and --model', 'train', *recipe, *data),
            (2, '--model and recordings are needed', 'score', good[0]),
            (2, '--model and recordings are needed', 'score', *out),
            (2, '--recipe, --out and one of', 'evaluate', *recipe),
            (2, 'one of --data and --features', 'evaluate', *recipe, '--out',
             model, '--data', 'a', '--features', 'b'),
            (2, '--recipe, --data and --out', 'extract', *recipe),
            (2, 'one model is needed', 'inspect'),
            (2, 'one model is needed', 'inspect', 'a', 'b'),
            (2, '"x" is not an option', 'evaluate', *recipe, 'x'),
            (2, '--window is 0 to', 'train', *recipe, *data, *out, '--window',
             '-1'),
            (2, '--window is 0 to', 'train', *recipe, *data, *out, '--window',
             '3600000000001'),
            (2, '--channel -1 or more', 'train', *recipe, *data, *out,
             '--channel', '-2'),
            (2, '--jobs is', 'evaluate', *recipe, '--data', work, '--out',
             model, '--jobs', '-1'),
            (2, 'x.*--seed', 'train', *recipe, *data, *out, '--seed', 'x'),
            (1, 'no recipe "fly".*one of: .*modspec-graph', 'train', '--recipe',
             'fly', *data, *out),
            (1, "threshold 'fly:1' is none of gamma:P.*for example",
             'train', *recipe, *data, *out, '--threshold', 'fly:1'),
            (1, "threshold 'gamma:2' is none of", 'train', *recipe, *data,
             *out, '--threshold', 'gamma:2'),
            (2, '--threshold and --false-alarms are two ways', 'train',
             *recipe, *data, *out, '--threshold', 'gamma:0.9',
             '--false-alarms', '1'),
            (2, '--extrapolate belongs to --false-alarms', 'train', *recipe,
             *data, *out, '--extrapolate'),
            (1, "threshold 'false-alarms:0' is none of", 'train', *recipe,
             *data, *out, '--false-alarms', '0'),
            # A few clips cannot vouch for a day.
            (1, 'cannot be promised from .* windows.*give .* of normal sound',
             'train', *recipe, *data, *out, '--false-alarms', '1'),
            (1, '"fly" is not a stage of the recipe: it has denoise, graph',
             'train', *recipe, *data, *out, '--train', 'fly.clips=1'),
            (1, 'has no property "fly": see .gst-inspect-1.0 asddenoisetrain',
             'train', *recipe, *data, *out, '--train', 'denoise.fly=1'),
            (1, 'denoise.clips=many: not a value of this property', 'train',
             *recipe, *data, *out, '--train', 'denoise.clips=many'),
            (1, 'denoise.clips=-3: not a value of this property', 'train',
             *recipe, *data, *out, '--train', 'denoise.clips=-3'),
            (1, 'denoise.clips=0: not a value of this property', 'train',
             *recipe, *data, *out, '--train', 'asddenoise.clips=0'),
            (1, r'learning-rate=20: .*\(.* Adam, 1e-09 to 10\): see', 'train',
             '--recipe', 'asdmodspec ! asdautoencoder', *data, *out, '--train',
             'autoencoder.learning-rate=20'),
            (1, 'write STAGE.PROPERTY=VALUE', 'train', *recipe, *data, *out,
             '--train', 'clips'),
            (1, '"asdmodspec" has no stage that learns', 'train', '--recipe',
             'asdmodspec', *data, *out),
            (1, 'does not start with audio: put an extractor', 'train',
             '--recipe', 'asdgraph', *data, *out),
            (1, '"filesink" is not allowed', 'train', '--recipe',
             f'asdmodspec ! filesink location={model}', *data, *out),
            (1, 'Two stages .* are called "denoise": .*stage=denoise2', 'train',
             '--recipe', 'asddenoise ! asddenoise ! asdmodspec ! asdgraph',
             *data, *out),
            (1, 'is no folder, and has no machine: expected MACHINE/', 'evaluate', *recipe,
             '--data', path('usage/none'), '--out', model),
            (1, 'is no folder, and has no machine: expected MACHINE/id_00/train.npy',
             'evaluate', *recipe, '--features', path('usage/none'), '--out',
             model),
            (1, 'none: cannot be read .*: name a folder that', 'report',
             path('usage/none')),
            (1, 'none: cannot be read .*: name a folder that', 'fuse',
             path('usage/none'), '--out', model),
            (1, 'No folder of scores: name those that', 'fuse', good[0],
             '--out', model),
            # None of the recipes has such a stage, or one cannot take the value.
            (1, '--train lof.clips=1 fits no recipe: "lof" is not a stage',
             'evaluate', *recipe, '--recipe', 'asdmodspec ! asdgraph', '--data',
             path('usage'), '--out', model, '--train', 'lof.clips=1'),
            (1, 'denoise.clips=0: not a value', 'evaluate', *recipe,
             '--recipe', 'asdmodspec ! asdgraph', '--data', path('usage'),
             '--out', model, '--train', 'denoise.clips=0')]:
        fails(code, f'gst-asd.*: .*{pattern}', 'gst-asd', *args)
        check(not os.path.exists(model), 'something was written by', args)


def help_and_version():
    commands = ['train', 'score', 'extract', 'evaluate', 'inspect']
    text = run(0, 'gst-asd', '--help').stdout
    check(all(f'\n  {name} ' in text for name in commands), text)
    done = run(2, 'gst-asd')
    check('Usage: gst-asd COMMAND' in done.stderr, done)
    check(run(0, 'gst-asd', '--version').stdout.startswith('gst-asd '), 'version')
    for name in commands:
        done = run(0, 'gst-asd', name, '--help')
        check(f'gst-asd {name} [OPTION' in done.stdout and done.stderr == '',
              done)


main([train_and_score, windows, evaluate, remarks_of_stages, nothing_good,
      models, outputs, folders_without_permission, interrupt, usage,
      help_and_version])
