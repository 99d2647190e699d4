"""Alarms name the band and the rate of a tone that was not there before."""
import os

from live import Monitor
from pipeline import check, check_equal, main, np, path, run, tone, write_wav

WINDOW = 2 * 10**9
HZ, RHYTHM = 3000, 18.0


def record(name, seconds, seed, loudness=0.0):
    """A machine's hum, and a tone of that amplitude that comes and goes."""
    t = np.arange(round(seconds * 16000)) / 16000
    samples = tone(seconds, seed=seed) + loudness * np.sin(
        2 * np.pi * HZ * t) * (1 + np.sin(2 * np.pi * RHYTHM * t))
    return write_wav(name, samples)


def train(name, recipe, *options):
    if not os.path.exists(path('train')):
        for seed in range(24):
            record(path('train', f'{seed}.wav'), 2, seed)
    model = path(name + '.asd')
    run(0, 'gst-asd', 'train', '--recipe', recipe, *options, '--data',
        path('train'), '--model', model)
    return model


def alarm_of(model):
    """The first alarm for a tone of 6 s, and what people see."""
    faulty = record(path('faulty.wav'), 6, 100, 0.03)
    monitor = Monitor('--model', model, '--window', WINDOW, faulty)
    check_equal(monitor.finish(), 0, 'exit code')
    started = [event for event in monitor.select('alarm')
               if event['state'] == 'started']
    check_equal(len(started), 1, 'alarms')
    seen = run(0, 'gst-asd', 'monitor', '--model', model, '--window', WINDOW,
               faulty).stdout
    return started[0], seen


def holds(alarm, kind, value, width):
    low, high = alarm[kind + '-1-low'], alarm[kind + '-1-high']
    check(low <= value <= high and high / low < width, kind, 'is', low, '-',
          high, 'Hz, not around', value)
    check(0 < alarm[kind + '-1-share'] <= 1, alarm)
    return f'{low:.0f}-{high:.0f}'


def explained(name, recipe, *options, rates=True):
    alarm, seen = alarm_of(train(name, recipe, *options))
    said = holds(alarm, 'band', HZ, 1.5)
    if rates:
        said += ' at ' + holds(alarm, 'modulation', RHYTHM, 3)
    check(all(value is None or isinstance(value, (str, int, float))
              for value in alarm.values()), alarm)
    check(alarm['text'].startswith('strongest at ')
          and ('modulated' in alarm['text']) == rates, alarm['text'])
    check('; ' + alarm['text'] + '\n' in seen, seen)
    return said + ' Hz'


def graph():
    return explained('graph', 'modspec-graph')


def best():
    return explained('best', 'best')


def log_mel():
    return explained('mel', 'asdlogmel bands=40 ! asdpool ! asdmahalanobis',
                     rates=False)


def autoencoder():
    return explained(
        'net', 'asdlogmel bands=40 ! asdpool ! asdscale ! asdstack frames=1 ! '
        'asdautoencoder', '--train', 'autoencoder.layers=8', '--train',
        'autoencoder.epochs=20', rates=False)


def mixed_features():
    """Cepstra are of no band; they give the same alarm without."""
    alarm, seen = alarm_of(train('cepstra', 'asdmfcc ! asdpool ! asdmahalanobis'))
    check('text' not in alarm and 'band-1-low' not in alarm, alarm)
    check('strongest' not in seen and 'ALARM' in seen, seen)


def only_of_anomalous():
    """Normal windows are not explained, and tables have the same columns."""
    model, normal = path('graph.asd'), record(path('normal.wav'), 4, 101)
    monitor = Monitor('--model', model, '--window', WINDOW, normal)
    check_equal(monitor.finish(), 0, 'exit code')
    scores = monitor.select('score')
    check(len(scores) == 2 and not any('text' in s or 'band-1-low' in s
                                       for s in scores), scores)
    table = run(0, 'gst-asd', 'score', '--model', model,
                path('faulty.wav')).stdout
    check_equal(table.splitlines()[0],
                'file,start,duration,score,threshold,anomalous', 'header')
    check(all(line.count(',') == 5 for line in table.splitlines()), table)


main([graph, best, log_mel, autoencoder, mixed_features, only_of_anomalous])
