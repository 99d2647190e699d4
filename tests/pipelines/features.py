"""Features that extract writes, read again by evaluate: the scores are those of
the recordings themselves. The recordings are simulated machines."""
import csv
import os

import numpy as np

from pipeline import check, check_equal, fails, main, path, run, write_wav

N_TRAIN, N_TEST = 8, 4
SECONDS = 2
MACHINES = [('fan', 'fan', 'imbalance'), ('valve', 'valve', 'leakage')]
RECIPE = 'asdmodspec ! asdgraph'


def simulate(name, machine, fault, seed):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    run(0, 'gst-launch-1.0', '-q', 'asdtestsrc', 'machine=' + machine,
        'fault=' + fault, 'severity=1', f'seed={seed}',
        'samplesperbuffer=1600', f'num-buffers={10 * SECONDS}', '!',
        'audioconvert', '!', 'audio/x-raw,format=S16LE', '!', 'wavenc', '!',
        'filesink', 'location=' + name)


def make_dcase():
    for folder, machine, fault in MACHINES:
        for i in range(N_TRAIN):
            simulate(path('dcase', folder, f'train/normal_id_00_{i:08}.wav'),
                     machine, 'none', i)
        for i in range(N_TEST):
            simulate(path('dcase', folder, f'test/normal_id_00_{i:08}.wav'),
                     machine, 'none', 100 + i)
            simulate(path('dcase', folder, f'test/anomaly_id_00_{i:08}.wav'),
                     machine, fault, 200 + i)


def scores(folder, machine, mid='00'):
    name = os.path.join(folder, f'anomaly_score_{machine}_id_{mid}.csv')
    with open(name, newline='') as file:
        return {row[0]: float(row[1]) for row in csv.reader(file)}


def results(folder):
    with open(os.path.join(folder, 'results.csv'), newline='') as file:
        return {(row['Machine'], row['Mid']): (row['AUC'], row['pAUC'])
                for row in csv.DictReader(file)}


def dcase():
    make_dcase()
    run(0, 'gst-asd', 'extract', '--recipe', 'asdmodspec', '--data',
        path('dcase'), '--out', path('features'))
    run(0, 'gst-asd', 'evaluate', '--recipe', RECIPE, '--data', path('dcase'),
        '--out', path('from-data'))
    for name, recipe in ('whole', RECIPE), ('scorer', 'asdgraph'):
        run(0, 'gst-asd', 'evaluate', '--recipe', recipe, '--features',
            path('features'), '--out', path(name))
        check_equal(results(path(name)), results(path('from-data')), 'results')
    # The test's clips in the order of their names: anomalies first.
    for machine, *_ in MACHINES:
        folder = path('features', machine, 'id_00')
        check_equal(sorted(os.listdir(folder)),
                    ['test.npy', 'test_labels.npy', 'train.npy'], 'files')
        train, test, labels = (np.load(os.path.join(folder, name + '.npy'))
                               for name in ('train', 'test', 'test_labels'))
        check_equal((train.shape, train.dtype), ((N_TRAIN, 60, 8), np.float32),
                    'train.npy')
        check_equal((test.shape, test.dtype), ((2 * N_TEST, 60, 8), np.float32),
                    'test.npy')
        check_equal((labels.dtype, labels.tolist()),
                    (np.uint8, [1] * N_TEST + [0] * N_TEST), 'labels')
        wanted = scores(path('from-data'), machine)
        check_equal(len(wanted), 2 * N_TEST, 'scores')
        for name in 'whole', 'scorer':
            found = scores(path(name), machine)
            check_equal(list(found), list(wanted), 'clips')
            # The features are stored as the floats they are.
            check(np.allclose(list(found.values()), list(wanted.values()),
                              rtol=1e-6), name, found, wanted)


def detection():
    """Counts and F1 at the threshold of each model, from its scores."""
    run(0, 'gst-asd', 'evaluate', '--recipe', 'asdgraph', '--features',
        path('features'), '--out', path('detect'), '--threshold', 'quantile:0.5')
    with open(path('detect/detection.csv'), newline='') as file:
        rows = {row['Machine']: row for row in csv.DictReader(file)}
    check_equal(list(rows), [folder for folder, *_ in MACHINES] + ['Total'],
                'rows')
    total = 0
    for machine, *_ in MACHINES:
        row = rows[machine]
        found = scores(path('detect'), machine)
        above = {name for name, score in found.items()
                 if score > float(row['threshold'])}
        true = sum(name.startswith('anomaly') for name in above)
        total += true
        check_equal([int(row[key]) for key in ('TP', 'FP', 'TN', 'FN')],
                    [true, len(above) - true, N_TEST - len(above) + true,
                     N_TEST - true], machine)
        f1 = 2 * true / (len(above) + N_TEST)
        check(abs(float(row['F1']) - f1) < 1e-12, machine, row, f1)
    check_equal(int(rows['Total']['TP']), total, 'total')
    check_equal(results(path('detect')), results(path('scorer')), 'AUC')


def several_machines():
    """Each machine that is named, and no others; each has to be there."""
    np.save(path('features/notes.npy'), np.zeros(3))
    both = [x for machine, *_ in MACHINES for x in ('--machine', machine)]
    for name, machines in ('one', both[2:]), ('two', both):
        run(0, 'gst-asd', 'evaluate', '--recipe', 'asdgraph', '--features',
            path('features'), *machines, '--out', path('several', name))
        check_equal({machine for machine, _ in results(path('several', name))},
                    set(machines[1::2]), 'machines')
    for tree, folder in ('--features', 'features'), ('--data', 'dcase'):
        fails(1, f'{folder}: no machine pump in it: expected MACHINE/',
              'gst-asd', 'evaluate', '--recipe', RECIPE, tree, path(folder),
              *both, '--machine', 'pump', '--out', path('several/three'))
    check(not os.path.exists(path('several/three')), 'results')


def options_of_several_recipes():
    """An option sets its stage in every recipe that has it."""
    recipes = ('--recipe', 'asdscale ! asdgraph', '--recipe', 'asdgraph')
    for name, options in ('plain', ()), ('log', ('--train', 'scale.log=true')):
        run(0, 'gst-asd', 'evaluate', *recipes, '--features', path('features'),
            *options, '--out', path('compared', name))
    changed = {recipe: scores(path('compared/plain', recipe), 'fan')
               != scores(path('compared/log', recipe), 'fan')
               for recipe in ('asdscale-asdgraph', 'asdgraph')}
    check_equal(changed, {'asdscale-asdgraph': True, 'asdgraph': False},
                'changed')
    for recipe, found in changed.items():
        with open(path('compared/log', recipe, 'evaluation.ini')) as file:
            check_equal('training-options=scale.log=true' in file.read(), found,
                        recipe)


def other_features():
    """A recipe with an extractor is for what that one gives."""
    fails(1, 'features/fan/id_00: frames of 60 x 8 values, but the recipe '
          'asdmfcc-asdgraph is for mfcc of 1 x 42: extract with',
          'gst-asd', 'evaluate', '--recipe', 'asdmfcc ! asdgraph', '--features',
          path('features'), '--out', path('other'))
    check(not os.path.exists(path('other')), 'results')


def learned_stage():
    """A stage before the features is learned from the training clips."""
    recipe = 'asddenoise ! asdmodspec'
    for name, options in (('all', ()), ('one', ('--train', 'denoise.clips=1')),
                          ('again', ())):
        run(0, 'gst-asd', 'extract', '--recipe', recipe, *options, '--data',
            path('dcase'), '--machine', 'fan', '--out', path('learned', name))
    arrays = {name: np.load(path('learned', name, 'fan/id_00/train.npy'))
              for name in ('all', 'one', 'again')}
    plain = np.load(path('features/fan/id_00/train.npy'))
    check((arrays['all'] == arrays['again']).all(), 'not reproducible')
    check((arrays['all'] != plain).any(), 'the noise gate does nothing')
    check((arrays['all'] != arrays['one']).any(), 'denoise.clips does nothing')
    check_equal(os.listdir(path('learned/all')), ['fan'], 'machines')
    # Neither the stages' model nor anything else stays.
    check_equal(sorted(os.listdir(path('learned/all/fan/id_00'))),
                ['test.npy', 'test_labels.npy', 'train.npy'], 'files')

    # evaluate learns the same noise, as it learns from the same clips.
    run(0, 'gst-asd', 'evaluate', '--recipe', recipe + ' ! asdgraph', '--data',
        path('dcase'), '--machine', 'fan', '--out', path('learned/audio'))
    run(0, 'gst-asd', 'evaluate', '--recipe', 'asdgraph', '--features',
        path('learned/all'), '--out', path('learned/scores'))
    wanted, found = (scores(path('learned', name), 'fan')
                     for name in ('audio', 'scores'))
    check(np.allclose(list(found.values()), list(wanted.values()), rtol=1e-6),
          found, wanted)


def mimii():
    """The other layout: a seeded half of the normal clips is held out."""
    samples = np.random.default_rng(3).standard_normal((14, 16000)) / 10
    for i in range(9):
        write_wav(path('mimii/fan/id_02/normal', f'{i:08}.wav'), samples[i])
    for i in range(5):
        write_wav(path('mimii/fan/id_02/abnormal', f'{i:08}.wav'),
                  samples[9 + i])
    wanted = [f'normal_id_02_{i:08}.wav' for i in range(4)] + [
        f'anomaly_id_02_{i:08}.wav' for i in range(5)]
    features = {}
    for seed in 0, 0, 1:
        run(0, 'gst-asd', 'extract', '--recipe', 'asdmodspec', '--data',
            path('mimii'), '--out', path('mimii-features'), '--seed', seed)
        found = [np.load(path('mimii-features/fan/id_02', name + '.npy'))
                 for name in ('train', 'test', 'test_labels')]
        check_equal([len(array) for array in found], [5, 9, 9], 'clips')
        check_equal(found[2].tolist(), [0] * 4 + [1] * 5, 'labels')
        rows = np.concatenate(found[:2]).reshape(14, -1)
        check_equal(len(np.unique(rows, axis=0)), 14, 'different clips')
        check(seed not in features or (features[seed] == rows).all(),
              'another split by the same seed')
        features[seed] = rows
    check((features[0] != features[1]).any(), 'the same split by another seed')
    run(0, 'gst-asd', 'evaluate', '--recipe', RECIPE, '--data', path('mimii'),
        '--out', path('mimii-data'), '--seed', 1)
    run(0, 'gst-asd', 'evaluate', '--recipe', 'asdgraph', '--features',
        path('mimii-features'), '--out', path('mimii-out'))
    found, known = (scores(path(name), 'fan', '02')
                    for name in ('mimii-out', 'mimii-data'))
    check_equal((list(found), list(known)), (wanted, wanted), 'clips')
    check(np.allclose(list(found.values()), list(known.values()), rtol=1e-6),
          found, known)


def windows():
    """More than one window a clip: all of a clip's are for its label."""
    run(0, 'gst-asd', 'extract', '--recipe', 'asdmodspec', '--window',
        '500000000', '--data', path('dcase'), '--machine', 'fan', '--out',
        path('windows'))
    test, labels = (np.load(path('windows/fan/id_00', name + '.npy'))
                    for name in ('test', 'test_labels'))
    n = 2 * SECONDS
    check_equal((test.shape, labels.tolist()),
                ((2 * N_TEST * n, 60, 8), [1] * N_TEST * n + [0] * N_TEST * n),
                'windows')


main([dcase, detection, several_machines, options_of_several_recipes,
      other_features, learned_stage, mimii, windows])
