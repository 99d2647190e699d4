"""gst-asd fuse: the published tables to the last digit, and bad folders."""
import csv
import os
import shutil

from pipeline import check, check_equal, fails, main, path, run, shared

PARTS = 'modspec-graph', 'ivector-gmm'


def table(file):
    with open(file) as lines:
        return {(row['Machine'], row['Mid']): (float(row['AUC']), float(row['pAUC']))
                for row in csv.DictReader(lines)}


def compare(out, published):
    ours = table(os.path.join(out, 'results.csv'))
    wanted = table(shared('data/scores', f'published_{published}.csv'))
    check_equal(set(ours), set(wanted), 'rows')
    worst = max(abs(a - b) for key in wanted for a, b in zip(ours[key], wanted[key]))
    # The same scores and the same definition: nothing but rounding may differ.
    check(worst <= 1e-9, published, worst)
    return worst


def published():
    folders = [shared('data/scores', part) for part in PARTS]
    run(0, 'gst-asd', 'fuse', '--method', 'product', '--normalize', 'test', *folders,
        '--out', path('fused'))
    worst = [compare(path('fused'), 'ensemble')]
    # The geometric mean ranks clips as the product does.
    run(0, 'gst-asd', 'fuse', '--method', 'geometric-mean', *folders, '--out', path('root'))
    worst.append(compare(path('root'), 'ensemble'))
    for part, folder in zip(PARTS, folders):
        run(0, 'gst-asd', 'fuse', '--normalize', 'none', folder, '--out', path(part))
        worst.append(compare(path(part), part))
    return f'largest difference {max(worst):.1g}'


def write(folder, name, text):
    os.makedirs(path(folder), exist_ok=True)
    with open(path(folder, f'anomaly_score_{name}.csv'), 'w') as file:
        file.write(text)


def missing():
    write('a', 'fan_id_00', 'normal_1.wav,1\nnormal_2.wav,2\nanomaly_1.wav,5\n')
    write('b', 'fan_id_00', 'anomaly_1.wav,-1\nnormal_2.wav,-3\n')
    write('a', 'pump_id_00', 'normal_1.wav,1\nanomaly_1.wav,2\n')
    write('b', 'valve_id_00', 'normal_1.wav,1\nanomaly_1.wav,2\n')
    done = run(3, 'gst-asd', 'fuse', path('a'), path('b'), '--out', path('ab'))
    for name in 'normal_1.wav', 'pump id_00', 'valve id_00':
        check_equal(done.stderr.count(name + ':'), 1, done.stderr)
    with open(path('ab', 'anomaly_score_fan_id_00.csv')) as file:
        check_equal(file.read(), 'normal_2.wav,0\nanomaly_1.wav,1\n', 'scores')
    check_equal(table(path('ab', 'results.csv')),
                {('fan', '0'): (1, 1), ('fan', 'Average'): (1, 1)}, 'table')


def pattern():
    """What OUT/* finds beside the folders: the page of a report."""
    for part in 'x', 'y':
        write(f'all/{part}', 'fan_id_00', 'normal_1.wav,1\nanomaly_1.wav,2\n')
    run(0, 'gst-asd', 'report', path('all'))
    names = [path('all', name) for name in sorted(os.listdir(path('all')))]
    check_equal(len(names), 3, names)
    done = run(0, 'gst-asd', 'fuse', *names, '--out', path('joined'))
    check_equal(done.stderr, f'{names[0]}: is no folder of scores and left out\n',
                'remark')
    check_equal(table(path('joined/results.csv'))['fan', '0'], (1, 1), 'table')
    with open(path('joined/evaluation.ini')) as file:
        check(f'systems={names[1]}, {names[2]}\n' in file.read(), 'systems')


def refused():
    out = '--out', path('out')
    write('ok', 'fan_id_00', 'normal_1.wav,1\nanomaly_1.wav,-2\n')
    ok = path('ok')
    for text, error in (
            ('normal_1.wav\n', 'line 1: not "file,score"'),
            ('normal_1.wav,1\nanomaly_1.wav,nan\n', 'line 2: not "file,score"'),
            ('normal_1.wav,1x\n', 'line 1: not "file,score"'),
            ('normal_1.wav,1\nnormal_1.wav,2\n', 'line 2: normal_1.wav is there twice'),
            ('', 'has no scores')):
        write('bad', 'fan_id_00', text)
        fails(1, error, 'gst-asd', 'fuse', ok, path('bad'), *out)
    shutil.rmtree(path('bad'))
    os.makedirs(path('bad'))
    fails(1, 'no anomaly_score_', 'gst-asd', 'fuse', ok, path('bad'), *out)
    fails(1, 'No such file', 'gst-asd', 'fuse', ok, path('nowhere'), *out)
    fails(1, '--normalize test', 'gst-asd', 'fuse', '--normalize', 'none', ok, ok, *out)
    fails(2, '--method is', 'gst-asd', 'fuse', '--method', 'sum', ok, *out)
    fails(2, '--normalize is', 'gst-asd', 'fuse', '--normalize', 'z', ok, *out)
    fails(2, 'folders of scores', 'gst-asd', 'fuse', *out)


main([missing, pattern, refused, published])
