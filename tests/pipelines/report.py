"""gst-asd report: the numbers of the page are those of the tables, its pictures
and markup are whole, foreign names stay text, and it needs nothing else."""
import base64
import csv
import html.parser
import os
import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np

from pipeline import (check, check_equal, fails, main, path, read, run, shared,
                      tone, write_wav)

VOID = {'meta'}
HOSTILE = '<b>&"x'


class Page(html.parser.HTMLParser):
    """Elements have to be closed in their order. Collects the tables as rows of
    cells (text, values of <data>, attributes), headings and definitions."""

    def __init__(self, name):
        super().__init__()
        self.text = read(name).decode()
        self.open, self.tables, self.headings, self.names = [], [], [], []
        self.feed(self.text)
        self.close()
        check_equal(self.open, [], 'elements that are not closed')
        self.pictures = [ElementTree.fromstring(svg) for svg in re.findall(
            r'<svg .*?</svg>', self.text, re.S)]
        self.check()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.names.append(tag)
        if tag in VOID:
            return
        self.open.append(tag)
        if tag == 'table':
            self.tables.append([])
        elif tag == 'tr':
            self.tables[-1].append([])
        elif tag in ('td', 'th'):
            self.tables[-1][-1].append({'text': '', 'tag': tag, 'interval': '',
                                        'best': False, **attrs})
        elif tag == 'data':
            cell = self.tables[-1][-1][-1]
            cell['value'] = float(attrs['value'])
            cell['best'] = attrs['class'] == 'best'
        elif tag in ('h1', 'h2', 'h4'):
            self.headings.append('')

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)

    def handle_endtag(self, tag):
        check_equal(self.open.pop(), tag, 'closed element')

    def handle_data(self, data):
        if 'span' in self.open and 'td' in self.open:
            self.tables[-1][-1][-1]['interval'] += data
        elif 'td' in self.open or 'th' in self.open:
            self.tables[-1][-1][-1]['text'] += data
        elif self.open and self.open[-1] in ('h1', 'h2', 'h4'):
            self.headings[-1] += data

    def check(self):
        for name in ('script', 'link', 'img', 'iframe', 'b', 'x'):
            check(name not in self.names, name, 'in the page')
        # Pictures of spectrograms are in the page, and may have any letters.
        rest = re.sub('"data:image/png;base64,[0-9A-Za-z+/=]*"', '', self.text)
        for word in ('http:', 'https:', '//', 'url(', '@import', 'src=', 'onload'):
            check(word not in rest, word, 'in the page')
        check(not re.search('nan|inf[^o]', ''.join(re.findall(
            r' d="([^"]*)"', self.text))), 'a path of no numbers')
        for picture in self.pictures:
            check_equal(picture.get('role'), 'img', 'role')
            check_equal(picture.get('aria-label'), picture.find('title').text, 'title')
        for table in self.tables:
            check(all(cell['scope'] == 'col' for cell in table[0]), 'head', table[0])
            check(all(row[0]['scope'] == 'row' for row in table[1:]), 'rows')
            check(len({len(row) for row in table}) == 1, 'columns of', table)

    def picture(self, start):
        found = [p for p in self.pictures if p.get('aria-label').startswith(start)]
        check(found, 'no picture', start)
        return found[0]


def report(*folder):
    done = run(0, 'gst-asd', 'report', path(*folder))
    name = path(*folder, 'report.html')
    check_equal(done.stdout, name + '\n', 'what is printed')
    return Page(name)


def numbers(cell):
    """Value, low, high in percent; what is shown belongs to what is meant."""
    low, high = (float(x.replace('−', '-')) for x in cell['interval'].split(' to '))
    shown = float(cell['text'].replace('−', '-'))
    # Shown with two digits behind the point.
    check(abs(shown - 100 * cell['value']) <= 0.00501, cell)
    check(low <= shown <= high, 'interval', cell)
    return cell['value'], low, high


def check_results(table, folder):
    """The rows of results.csv, in its order, to the last digit."""
    with open(os.path.join(folder, 'results.csv')) as file:
        wanted = list(csv.DictReader(file))
    rows = [row for row in table[1:] if row[0]['text'] != 'All machines']
    check_equal(len(rows), len(wanted), 'rows')
    for row, line in zip(rows, wanted):
        check_equal(row[0]['text'], line['Machine'], 'machine')
        mid = row[1]['text']
        check_equal('Average' if mid == 'mean' else str(int(mid)), line['Mid'], 'id')
        for cell, name in (row[2], 'AUC'), (row[3], 'pAUC'):
            # A mean is summed in another order.
            check(abs(numbers(cell)[0] - float(line[name])) < 1e-14, cell, line)


def write(folder, name, scores):
    os.makedirs(path(folder), exist_ok=True)
    with open(path(folder, f'anomaly_score_{name}.csv'), 'w') as file:
        for clip, score in scores.items():
            file.write(f'{clip},{score!r}\n')


def clips(n, distance, seed, scale=lambda x: x):
    x = np.random.default_rng(seed).standard_normal(2 * n)
    return {f'{label}_id_00_{i}.wav': float(scale(x[i + k * n] + k * distance))
            for k, label in enumerate(['normal', 'anomaly']) for i in range(n)}


def intervals():
    """About as wide as the formula of Hanley and McNeil (1982) has them."""
    for n in 25, 400:
        write('one', 'fan_id_00', clips(n, 1, n))
        auc, low, high = numbers(report('one').tables[0][1][2])
        q1, q2 = auc / (2 - auc), 2 * auc ** 2 / (1 + auc)
        deviation = np.sqrt((auc * (1 - auc) + (n - 1) * (q1 + q2 - 2 * auc ** 2))
                            / n ** 2)
        ratio = (high - low) / (2 * 1.96 * 100 * deviation)
        # That formula is for exponential scores; 2000 resamples add 3 %.
        check(0.8 < ratio < 1.2, n, 'clips: width', ratio)
    page = report('one')
    check_equal(read(path('one', 'report.html')).decode(), page.text, 'again')


def curve():
    """By hand: one pair tied, one normal above it, one anomalous above all."""
    write('tied', 'fan_id_00', {'anomaly_1': 9, 'normal_1': 7, 'anomaly_2': 5,
                                'normal_2': 5})
    page = report('tied')
    points = page.picture('ROC curve').find("path[@class='curve']").get('d')
    x, y = np.array([p.split() for p in re.split('[ML]', points)[1:]], float).T
    check(np.allclose((x - x[0]) / (x[-1] - x[0]), [0, 0, .5, 1], atol=1e-3), points)
    check(np.allclose((y - y[0]) / (y[-1] - y[0]), [0, .5, .5, 1], atol=1e-3), points)
    region = page.picture('ROC curve').find("rect[@class='region']")
    check(abs(float(region.get('width')) / (x[-1] - x[0]) - 0.1) < 1e-3, 'pAUC')


def heights(picture, kind):
    """The bars' left edges, right edges and heights, in units of the picture."""
    points = picture.find(f"path[@class='{kind}']").get('d').rstrip('Z')
    x, y = np.array([p.split() for p in re.split('[ML]', points)[1:]], float).T
    return x[1:-1:2], x[2::2], y[0] - y[1:-1:2]


def histogram():
    write('hist', 'fan_id_00', clips(300, 2, 1, lambda x: np.exp(x / 3)))
    page = report('hist')
    check('logarithmic' not in page.text, 'a logarithmic axis for one decade')
    write('hist', 'fan_id_00', clips(300, 3, 1, lambda x: 10 ** x))
    write('hist', 'fan_id_01', clips(300, 3, 1))
    far = dict(clips(300, 3, 1), **{'anomaly_far': 1e9, 'normal_far': -1e9})
    write('hist', 'fan_id_02', far)
    page = report('hist')
    check_equal(page.text.count('logarithmic'), 1, 'logarithmic axes')
    check_equal(page.text.count('in the last bars: 1<'), 1, 'clips above')
    check_equal(page.text.count('in the first bars: 1;'), 1, 'clips below')
    for i in range(3):
        picture = page.picture(f'Histogram of the scores of 30{i == 2:d} normal and '
                               f'30{i == 2:d} anomalous clips of fan id 0{i}')
        normal, anomalous = (heights(picture, k) for k in ('normal', 'anomalous'))
        check_equal(normal[0].tolist(), anomalous[0].tolist(), 'common bins')
        check(10 <= len(normal[0]) <= 40, len(normal[0]), 'bins')
        # Both are shares of their class, of as many clips; a tenth of a unit of
        # the picture is rounded away from each bar.
        total = [bars[2].sum() for bars in (normal, anomalous)]
        check(abs(total[0] - total[1]) <= 0.1 * len(normal[0]), 'sums', total)
        centre = [(bars[0] + bars[1]) @ bars[2] / bars[2].sum() for bars in
                  (normal, anomalous)]
        check(centre[1] > centre[0] + 20, 'anomalies to the right', centre)


def degenerate():
    """One class, one clip, equal scores, no labels."""
    write('odd', 'fan_id_00', {'normal_1': 1.0, 'normal_2': 2.0})
    write('odd', 'fan_id_01', {'a.wav': 1.0, 'b.wav': 2.0})
    write('odd', 'pump_id_00', {'normal_1': 3.0, 'anomaly_1': 3.0})
    write('odd', 'valve_id_00', {'normal_1': 0.0, 'anomaly_1': 1e-300})
    page = report('odd')
    table = page.tables[0]
    check_equal([row[2]['text'].strip() for row in table[1:]],
                ['–', '–', '50.00', '50.00', '100.00', '100.00', '75.00'], 'AUC')
    check_equal(len(page.pictures), 5, 'pictures')
    check_equal(page.text.count('No AUC'), 2, 'remarks')


def hostile():
    """A name that would be markup, and one that is no text at all."""
    scores = clips(10, 1, 3)
    write('hostile', f'{HOSTILE}_id_00', scores)
    with open(os.path.join(os.fsencode(path('hostile')),
                           b'anomaly_score_\xff\x01\x1b_id_<i>.csv'), 'w') as file:
        file.writelines(f'{clip},{score}\n' for clip, score in scores.items())
    with open(path('hostile', 'evaluation.ini'), 'w') as file:
        file.write('[evaluation]\nrecipe=</dl><script>alert(1)</script>\nseed=\\x\n'
                   '<i>=1\n[trained]\nclips=x;y\n[<u>]\nlaunch=<u>&amp;\n')
    page = report('hostile')
    check_equal({row[0]['text'] for row in page.tables[0][1:-1]},
                {HOSTILE, '\N{REPLACEMENT CHARACTER}' * 3}, 'machines')
    check('<script' not in page.text and '<u>' not in page.text, 'markup')
    check('&lt;u&gt;&amp;amp;' in page.text, 'the text of the recipe')
    check('alert(1)' in page.text, 'the setting')


def left_over():
    """Scores that the settings do not know are from an earlier run."""
    scores = clips(10, 1, 3)
    write('left-over', 'fan_id_00', scores)
    write('left-over', 'pump_id_00', scores)
    with open(path('left-over', 'evaluation.ini'), 'w') as file:
        file.write('[trained]\nmachines=fan id_00;\nclips=10;\n')
    check_equal({row[0]['text'] for row in report('left-over').tables[0][1:-1]},
                {'fan'}, 'machines')


def no_settings():
    write('bare', 'fan_id_00', clips(10, 1, 3))
    check('recipe is unknown' in report('bare').text, 'a recipe from nowhere')


def compare():
    good = clips(200, 2, 1)
    noise = np.random.default_rng(2).standard_normal(400)
    near = {clip: s + 0.05 * e for (clip, s), e in zip(good.items(), noise)}
    poor = {clip: s + 3 * e for (clip, s), e in zip(good.items(), noise)}
    for name, scores in ('b-good', good), ('c-near', near), ('a-poor', poor):
        for i in range(2):
            write('many/' + name, f'fan_id_0{i}', scores)
        write('many/' + name, 'pump_id_00', scores)
    write('many/c-near', 'valve_id_00', near)
    os.makedirs(path('many/empty'))
    page = report('many')
    summary, differences, *results = page.tables
    check_equal(len(results), 3, 'tables of results')
    check_equal([cell['text'] for cell in summary[0]],
                ['Recipe', 'fan', 'pump', 'Mean AUC', 'Mean pAUC'], 'summary')
    best = max(summary[1:], key=lambda row: row[3]['value'])
    check_equal([row[0]['text'] for row in summary[1:] if '(best)' in row[0]['text']],
                [best[0]['text']], 'best')
    check_equal([row[3]['best'] for row in summary[1:]],
                [row is best for row in summary[1:]], 'bold')
    check('Of 4 machine ids, these are the 3' in page.text, 'ids in common')

    means = {row[0]['text'].replace(' (best)', ''): row[3]['value']
             for row in summary[1:]}
    check_equal({row[0]['text'] for row in differences[1:]},
                set(means) - {best[0]['text'].replace(' (best)', '')}, 'rivals')
    for row in differences[1:]:
        value, low, high = numbers(row[1])
        check(abs(value - means[row[0]['text']] + max(means.values())) < 1e-14, row)
        if row[0]['text'] == 'a-poor':
            check(high < 0 and row[3]['text'] == 'worse', row)
        else:
            # Nearly the same scores: paired, the interval is far narrower than
            # that of either.
            alone = numbers(best[3])
            check(high - low < 0.3 * (alone[2] - alone[1]), row, alone)
            check(row[3]['text'] == ('worse' if high < 0 else 'no clear difference'),
                  row)

    write('few/a', 'fan_id_00', {'normal_1': 1, 'anomaly_1': 2})
    write('few/b', 'pump_id_00', {'normal_1': 1, 'anomaly_1': 2})
    check('cannot be compared' in report('few').text, 'nothing in common')
    write('few/b', 'fan_id_00', {'normal_2': 1, 'anomaly_1': 1, 'normal_1': 2})
    page = report('few')
    check('1 scores of clips' in page.text, 'clips left out')


def evaluated():
    """What evaluate and fuse leave is what the page says."""
    for machine in 'fan', HOSTILE:
        for i in range(6):
            write_wav(path('data', machine, 'train', f'normal_id_00_{i}.wav'),
                      tone(seed=i))
        for i in range(4):
            write_wav(path('data', machine, 'test', f'normal_id_00_{i}.wav'),
                      tone(seed=50 + i))
            write_wav(path('data', machine, 'test', f'anomaly_id_00_{i}.wav'),
                      tone(seed=60 + i, rhythm=9.5 + i))
    recipe = 'asdmodspec ! asdgraph'
    evaluate = 'gst-asd', 'evaluate', '--data', path('data'), '--seed', 3
    run(0, *evaluate, '--recipe', recipe, '--out', path('single'))
    page = report('single')
    check_results(page.tables[0], path('single'))
    check_equal([row[4]['text'] for row in page.tables[0][1:]],
                ['6', '', '6', '', ''], 'training clips')
    for text in ('launch=' + recipe, '<dt>seed</dt><dd>3</dd>',
                 '<dt>window</dt><dd>the whole clip</dd>', '<dt>seconds</dt>',
                 '<dt>version</dt>', '<dt>channel</dt><dd>0</dd>'):
        check(text in page.text, text, 'is not in the page')

    done = run(0, *evaluate, '--recipe', 'modspec-graph', '--recipe', recipe, '--out',
               path('both'))
    names = 'asdmodspec-asdgraph', 'modspec-graph'
    check_equal(sorted(os.listdir(path('both'))), sorted(names), 'folders')
    check_equal([line for line in done.stdout.splitlines() if line in names],
                ['modspec-graph', 'asdmodspec-asdgraph'], 'headings')
    for name in sorted(os.listdir(path('single'))):
        if name not in ('report.html', 'evaluation.ini'):
            check_equal(read(path('both', names[0], name)), read(path('single', name)),
                        name)
    run(0, 'gst-asd', 'fuse', *(path('both', n) for n in names), '--out',
        path('both', 'fused'))
    page = report('both')
    for table, name in zip(page.tables[2:], ['asdmodspec-asdgraph', 'fused',
                                             'modspec-graph']):
        check_results(table, path('both', name))
    for text in ('<dt>method</dt><dd>product</dd>', '<dt>normalize</dt><dd>test</dd>',
                 '[train denoise]'):
        check(text in page.text, text, 'is not in the page')
    check('unknown' not in page.text, 'a recipe is unknown')
    fails(1, 'Two recipes would both write', *evaluate, '--recipe', recipe, '--recipe',
          'asdmodspec  !  asdgraph', '--out', path('twice'))


def axes(picture):
    """From units of the picture to those of its axes, by the first and the last
    tick: a function for x and one for y."""
    def scale(along, anchor, log):
        ticks = [t for t in picture.iterfind("text[@class='tick']")
                 if t.get('text-anchor') == anchor]
        (a, low), (b, high) = ((float(t.get(along)), float(t.text)) for t in
                               (ticks[0], ticks[-1]))
        if log:
            return lambda u: low * (high / low) ** ((u - a) / (b - a))
        return lambda u: low + (high - low) * (u - a) / (b - a)
    # A tick's number stands 4 units below its line.
    return (lambda log=False: scale('x', 'middle', log),
            lambda log=False: (lambda to: lambda u: to(u + 4))(scale('y', 'end', log)))


def points(picture, kind):
    path_text = picture.find(f"path[@class='{kind}']").get('d').rstrip('Z')
    return np.array([p.split() for p in re.split('[ML]', path_text)[1:]], float).T


def check_loss(name, epochs, stage, columns):
    """The lines are the numbers of the file, and these those of the training."""
    table = np.load(path(name, 'pictures', 'fan_id_00', f'loss-{stage}.npy'))
    check_equal(table.shape, (epochs, columns), 'losses')
    page = report(name)
    picture = page.picture(f'Training loss of stage {stage} of fan id 00')
    to_x, to_y = axes(picture)
    log = 'stage ' + stage + ', on a logarithmic axis' in page.text
    check_equal(log, bool(table.max() > 10 * table.min()), 'logarithmic axis')
    for column, kind in zip(table.T, ('loss', 'validation')):
        x, y = points(picture, kind)
        # A tenth of a unit is rounded away.
        check(np.allclose(to_x()(x), range(1, epochs + 1), atol=0.01), 'epochs', x)
        shown = to_y(log)(y)
        check(np.allclose(shown, column, **({'rtol': 0.003, 'atol': 0} if log else
                                            {'atol': 1e-3 * table.max()})),
              kind, shown, column)
    check_equal(picture.find("path[@class='validation']") is not None, columns == 2,
                'a line of validation losses')
    return table


def losses():
    for i in range(8):
        write_wav(path('nets', 'fan', 'train', f'normal_id_00_{i}.wav'), tone(seed=i))
        write_wav(path('nets', 'fan', 'test', f'normal_id_00_{i}.wav'),
                  tone(seed=50 + i))
        write_wav(path('nets', 'fan', 'test', f'anomaly_id_00_{i}.wav'),
                  tone(seed=60 + i, rhythm=9.5 + i))
    net = 'asdlogmel bands=16 ! asdstack frames=3 ! asdautoencoder'
    evaluate = 'gst-asd', 'evaluate', '--data', path('nets')
    small = [word for setting in ('layers=16,4,16', 'epochs=20', 'batch-size=16',
                                  'learning-rate=0.01')
             for word in ('--train', 'autoencoder.' + setting)]
    run(0, *evaluate, '--recipe', net, *small, '--out', path('loss'))
    table = check_loss('loss', 20, 'autoencoder', 2)
    check(table[-1, 0] < table[0, 0], 'the net learned nothing', table)
    check(np.ptp(table, 1).max() > 0.01 * table.max(), 'one line would do', table)
    run(0, *evaluate, '--recipe', net, '--train', 'autoencoder.layers=16,4,16',
        '--train', 'autoencoder.epochs=1', '--train',
        'autoencoder.validation=0', '--out', path('loss'))
    check_loss('loss', 1, 'autoencoder', 1)

    # Another recipe leaves nothing of the one before.
    run(0, *evaluate, '--recipe', 'asdmodspec ! asdgraph', '--out', path('loss'))
    check(not os.path.exists(path('loss', 'pictures', 'fan_id_00')), 'old pictures')
    check('Training loss' not in report('loss').text, 'an old picture')


def chroma():
    """Bars and lines are the numbers of the file, and these those of the features
    of the test clips, as NumPy averages them."""
    for kind in 'cens', 'chroma':
        features = f'asdchroma kind={kind} downsampling=5'
        run(0, 'gst-asd', 'evaluate', '--data', path('nets'), '--recipe', features +
            ' ! asdpool ! asdmahalanobis', '--out', path(kind))
        run(0, 'gst-asd', 'extract', '--data', path('nets'), '--recipe', features,
            '--out', path(kind + '-features'))
        x, labels = (np.load(path(kind + '-features', 'fan', 'id_00', name + '.npy'))
                     for name in ('test', 'test_labels'))
        means = x.reshape(len(x), -1, 12).mean(1)
        table = np.load(path(kind, 'pictures', 'fan_id_00', kind + '.npy'))
        for i in range(2):
            of_class = means[labels == i]
            # Of single-precision features in another order.
            check(np.allclose(table[i], np.stack([of_class.mean(0), of_class.std(0)],
                                                 1), atol=1e-6), kind, i, table[i])
        name = {'cens': 'CENS', 'chroma': 'chroma'}[kind]
        picture = report(kind).picture(f'Mean {name} of the normal and the anomalous '
                                       'clips of fan id 00')
        check_equal([t.text for t in picture.iterfind("text[@class='tick']")][:12],
                    'C C♯ D D♯ E F F♯ G G♯ A A♯ B'.split(), 'pitch classes')
        to_y = axes(picture)[1]()
        for i, of_class in enumerate(('normal', 'anomalous')):
            bars = [r for r in picture.iterfind(f"rect[@class='{of_class}']")
                    if r.get('y') != '8']
            tops = to_y(np.array([float(r.get('y')) for r in bars]))
            check(np.allclose(tops, table[i, :, 0], atol=1e-3), of_class, tops)
        ends = np.array([[p.split()[1] for p in re.split('[ML]', line.get('d'))[1:]]
                         for line in picture.iterfind("path[@class='spread']")], float)
        mean, std = table.reshape(24, 2).T
        # Nothing is below the axis.
        check(np.allclose(to_y(ends), np.stack([(mean - std).clip(0), mean + std], 1),
                          atol=1e-3), 'spread', to_y(ends))


def pixels(picture):
    """The colours of a PNG of 8-bit RGB, [columns, rows from the bottom, 3]."""
    image = picture.find('image')
    data = base64.b64decode(image.get('href').split(',')[1])
    check_equal(data[:8], b'\x89PNG\r\n\x1a\n', 'signature')
    at, packed = 8, b''
    while at < len(data):
        size, kind = struct.unpack_from('>I4s', data, at)
        if kind == b'IHDR':
            width, height, bits, colours = struct.unpack_from('>IIBB', data, at + 8)
            check_equal((bits, colours), (8, 2), 'kind of PNG')
        elif kind == b'IDAT':
            packed += data[at + 8:at + 8 + size]
        at += size + 12
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).astype(int)
    lines = lines.reshape(height, 1 + 3 * width)
    out = np.zeros((height + 1, width + 1, 3), int)
    for y, (method, *line) in enumerate(lines, 1):
        for x, rgb in enumerate(np.reshape(line, (-1, 3)), 1):
            left, up, corner = out[y, x - 1], out[y - 1, x], out[y - 1, x - 1]
            near = [abs(left + up - corner - c) for c in (left, up, corner)]
            paeth = np.where((near[0] <= near[1]) & (near[0] <= near[2]), left,
                             np.where(near[1] <= near[2], up, corner))
            out[y, x] = (rgb + (0, left, up, (left + up) // 2, paeth)[method]) % 256
    return out[:0:-1, 1:].swapaxes(0, 1)


def spectrograms():
    """The features are those that extract gives, the errors make up the score, and
    brighter is more."""
    layers = '--train', 'autoencoder.layers=8,2,8', '--train', 'autoencoder.epochs=3'
    mel = 'asdlogmel bands=16'
    run(0, 'gst-asd', 'extract', '--data', path('nets'), '--recipe', mel, '--out',
        path('mel'))
    features = np.load(path('mel', 'fan', 'id_00', 'test.npy')).reshape(16, -1, 16)
    files = [f'{label}_id_00_{i}.wav' for label in ('anomaly', 'normal')
             for i in range(8)]
    labels = np.load(path('mel', 'fan', 'id_00', 'test_labels.npy'))
    check_equal(labels.tolist(), [f[0] == 'a' for f in files], 'order of the clips')
    for name, shape in ('plain', ''), ('flat', ' ! asdflatten'), (
            'stacked', ' ! asdstack frames=3'):
        run(0, 'gst-asd', 'evaluate', '--data', path('nets'), '--recipe',
            mel + shape + ' ! asdautoencoder', *layers, '--out', path(name))
        with open(path(name, 'anomaly_score_fan_id_00.csv')) as file:
            scores = {clip: float(score) for clip, score in csv.reader(file)}
        page = report(name)
        folder = path(name, 'pictures', 'fan_id_00')
        check_equal(np.load(folder + '/frame-step.npy').tolist(), [0.032], 'step')
        for kind, choose in ('most', max), ('least', min):
            clip = choose(scores, key=scores.get)
            got, back = np.load(folder + f'/{kind}-anomalous.npy')
            wanted = features[files.index(clip)]
            check(np.array_equal(got, wanted[1:-1] if name == 'stacked' else wanted),
                  name, kind, 'features')
            error = (back.astype(float) - got) ** 2
            # The middle frames of stacks are a third of what is scored.
            check(np.isclose(error.mean(), scores[clip],
                             rtol=0.3 if name == 'stacked' else 1e-5), name, kind,
                  error.mean(), scores[clip])
            check(f'The {kind} anomalous clip by its score, {clip},' in page.text, clip)
            for title, plane in (('Log-mel spectrogram', got), ('Reconstruction', back),
                                 ('Squared error', error)):
                picture = page.picture(f'{title} of the {kind} anomalous clip of fan '
                                       'id 00')
                # Viridis: green rises with the value from end to end.
                green = pixels(picture)[:, :, 1]
                check_equal(green.shape, plane.shape, 'size')
                order = np.argsort(plane, None)
                check((np.diff(green.flat[order]) >= -1).all(), name, kind, title)
                # A net of 3 epochs has not learned to tell frames.
                check(title == 'Reconstruction' or np.ptp(green) > 100, title)
    run(0, 'gst-asd', 'evaluate', '--data', path('nets'), '--recipe',
        'asdmfcc ! asdautoencoder', *layers, '--out', path('mfcc'))
    check_equal(os.listdir(path('mfcc', 'pictures', 'fan_id_00')),
                ['loss-autoencoder.npy'], 'files')


def foreign_pictures():
    """A name that would be markup, and arrays that are none of ours."""
    write('foreign', 'fan_id_00', clips(10, 1, 3))
    folder = path('foreign', 'pictures', 'fan_id_00')
    os.makedirs(folder)
    np.save(os.path.join(folder, 'loss-<x>.npy'), np.array([[1.], [0.]]))
    check('stage &lt;x&gt;' in report('foreign').text, 'the name of a stage')
    for bad in np.ones((2, 3)), np.array([[1, np.nan]]), np.ones(3):
        np.save(os.path.join(folder, 'loss-a.npy'), bad)
        fails(1, 'loss-a.npy: not what .*: remove it', 'gst-asd', 'report',
              path('foreign'))


def refused():
    write('ok', 'fan_id_00', {'normal_1': 1, 'anomaly_1': 2})
    os.makedirs(path('none/inner'))
    fails(1, 'no anomaly_score_.* nor in its folders: name', 'gst-asd', 'report',
          path('none'))
    fails(1, 'No such file', 'gst-asd', 'report', path('nowhere'))
    fails(2, 'one folder', 'gst-asd', 'report')
    fails(2, 'one folder', 'gst-asd', 'report', path('ok'), path('ok'))
    write('bad', 'fan_id_00', {'normal_1': 1, 'anomaly_1': float('nan')})
    fails(1, 'line 2: not "file,score"', 'gst-asd', 'report', path('bad'))
    os.makedirs(path('ok/report.html'))
    fails(1, 'report.html.*directory', 'gst-asd', 'report', path('ok'))
    os.rmdir(path('ok/report.html'))
    with open(path('ok/evaluation.ini'), 'w') as file:
        file.write('no key file')
    fails(1, 'evaluation.ini: ', 'gst-asd', 'report', path('ok'))


def published():
    """The scores that others published, by 12 machine ids."""
    run(0, 'gst-asd', 'fuse', '--normalize', 'none', shared('data/scores/modspec-graph'),
        '--out', path('published'))
    page = report('published')
    check_results(page.tables[0], path('published'))
    check_equal(len(page.pictures), 24, 'pictures')


main([intervals, curve, histogram, degenerate, hostile, left_over, no_settings, compare,
      evaluated, losses, chroma,
      spectrograms, foreign_pictures, refused, published])
