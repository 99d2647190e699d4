"""Every shipped recipe learns a few short clips, calibrates and scores others.
How well they tell faults is for 'gst-asd evaluate'."""
import csv
import glob
import math
import os

from pipeline import check, check_equal, main, path, run

N_TRAIN, N_TEST = 10, 2
RECIPES = sorted(os.path.basename(name)[:-len('.recipe')] for name in glob.glob(
    os.path.join(os.environ['ASD_SOURCE'], 'pipelines/*.recipe')))

# Smaller than published, for ten clips and a quick test.
SMALLER = {
    'ivector': ['components=8', 'dimensions=4'],
    'gmm': ['components=1', 'covariance=diagonal'],
    'autoencoder': ['epochs=2'],
    'reconstruct': ['epochs=2'],
    'lof': ['neighbours=4'],
}


def simulate():
    for folder, count, seed in ('train', N_TRAIN, 0), ('test', N_TEST, 100):
        os.makedirs(path('recordings', folder))
        for i in range(count):
            run(0, 'gst-launch-1.0', '-q', 'asdtestsrc', 'machine=pump',
                f'seed={seed + i}', 'samplesperbuffer=1600', 'num-buffers=20',
                '!', 'audioconvert', '!', 'audio/x-raw,format=S16LE', '!',
                'wavenc', '!', 'filesink', 'location=' +
                path('recordings', folder, f'normal_id_00_{i:08}.wav'))


def learn_and_score(recipe):
    with open(os.path.join(os.environ['ASD_SOURCE'], 'pipelines',
                           recipe + '.recipe')) as file:
        launch = next(line for line in file if line.startswith('launch='))
    options = [f'--train={stage}.{option}' for stage in SMALLER
               if f'asd{stage} ' in launch + ' ' or launch.rstrip().endswith(
                   'asd' + stage) for option in SMALLER[stage]]
    model = path(recipe + '.asd')
    run(0, 'gst-asd', 'train', '--recipe', recipe, *options, '--data',
        path('recordings/train'), '--model', model)
    rows = list(csv.DictReader(run(
        0, 'gst-asd', 'score', '--model', model,
        path('recordings/test')).stdout.splitlines()))
    check_equal(len(rows), N_TEST, 'scores')
    for row in rows:
        check(math.isfinite(float(row['score'])), recipe, row)
        check(math.isfinite(float(row['threshold'])), recipe, row)


def all_recipes():
    check(len(RECIPES) >= 16, RECIPES)
    simulate()
    for recipe in RECIPES:
        learn_and_score(recipe)
    return f'{len(RECIPES)} recipes'


main([all_recipes])
