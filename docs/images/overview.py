#!/usr/bin/python3
"""Draws overview.svg: the elements of modspec-graph, and the scores that
'gst-asd evaluate' wrote for some machines.

  gst-asd evaluate --recipe asdgraph --features FEATURES --out out
  python3 docs/images/overview.py out slider_id_00 fan_id_02 \\
      >docs/images/overview.svg
"""

import csv
import math
import sys

WIDTH = 900
LEFT, RIGHT = 150, 870
BINS = 60
BLUE, ORANGE, GREY = "#2a6f97", "#d1495b", "#666666"


def text(x, y, words, size=14, anchor="middle", colour="black"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
            f'text-anchor="{anchor}" fill="{colour}">{words}</text>')


def box(x, y, width, words, dashed=False):
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return (f'<rect x="{x}" y="{y}" width="{width}" height="40" rx="6" '
            f'fill="white" stroke="black"{dash}/>'
            + text(x + width / 2, y + 25, words, 15))


def arrow(x1, y1, x2, y2):
    return (f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="black" '
            'marker-end="url(#head)"/>')


def draw_elements():
    names = ["microphone, file", "asddenoise", "asdmodspec", "asdgraph",
             "score"]
    flows = ["audio", "audio", "60 x 8 energies", "one number"]
    xs, widths = [20, 222, 412, 632, 800], [140, 120, 120, 110, 80]
    for i, name in enumerate(names):
        yield box(xs[i], 20, widths[i], name, dashed=i in (0, 4))
        if i < 4:
            start = xs[i] + widths[i]
            yield arrow(start, 40, xs[i + 1] - 2, 40)
    for i, words in enumerate(flows):
        middle = (xs[i] + widths[i] + xs[i + 1]) / 2
        yield text(middle, 76, words, 12, colour=GREY)
    yield box(417, 100, 110, "model.asd", dashed=True)
    yield arrow(417, 112, 282, 64)
    yield arrow(527, 112, 687, 64)
    yield text(330, 112, "what is noise", 12, colour=GREY)
    yield text(630, 112, "what is normal", 12, colour=GREY)


def read_scores(folder, machine):
    scores = {"normal": [], "anomaly": []}
    with open(f"{folder}/anomaly_score_{machine}.csv", newline="") as file:
        for name, score in csv.reader(file):
            scores[name.split("_")[0]].append(float(score))
    return scores


def auc(scores):
    wins = sum((a > n) + (a == n) / 2
               for a in scores["anomaly"] for n in scores["normal"])
    return wins / len(scores["anomaly"]) / len(scores["normal"])


def histogram(values, low, high):
    counts = [0] * BINS
    for value in values:
        place = (math.log(value) - low) / (high - low) * BINS
        counts[min(BINS - 1, int(place))] += 1
    return [count / len(values) for count in counts]


def draw_scores(machine, scores, low, high, bottom):
    step = (RIGHT - LEFT) / BINS
    shapes = [(histogram(scores[kind], low, high), colour)
              for kind, colour in (("normal", BLUE), ("anomaly", ORANGE))]
    scale = 90 / max(max(shape) for shape, _ in shapes)
    for shape, colour in shapes:
        points = [f"{LEFT},{bottom}"]
        for i, share in enumerate(shape):
            y = bottom - share * scale
            points += [f"{LEFT + i * step:.1f},{y:.1f}",
                       f"{LEFT + (i + 1) * step:.1f},{y:.1f}"]
        points.append(f"{RIGHT},{bottom}")
        yield (f'<polygon points="{" ".join(points)}" fill="{colour}" '
               f'fill-opacity="0.5" stroke="{colour}"/>')
    yield text(LEFT - 12, bottom - 48, machine.replace("_id_", " id_"), 14,
               "end")
    yield text(LEFT - 12, bottom - 30, f"AUC {auc(scores):.3f}", 12, "end",
               GREY)
    yield text(LEFT - 12, bottom - 14, f"{len(scores['normal'])} normal", 12,
               "end", BLUE)
    yield text(LEFT - 12, bottom, f"{len(scores['anomaly'])} anomalous", 12,
               "end", ORANGE)


def draw_axis(low, high, y):
    yield (f'<line x1="{LEFT}" y1="{y}" x2="{RIGHT}" y2="{y}" '
           'stroke="black"/>')
    for exponent in range(-3, 9):
        for digit in (1, 2, 5):
            value = digit * 10.0 ** exponent
            place = (math.log(value) - low) / (high - low)
            if 0 <= place <= 1:
                x = LEFT + place * (RIGHT - LEFT)
                yield (f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" '
                       f'y2="{y + 5}" stroke="black"/>')
                yield text(x, y + 18, f"{value:g}", 12)
    yield text((LEFT + RIGHT) / 2, y + 38, "score of a clip (share of the "
               "clips over it; the axis is logarithmic)", 12, colour=GREY)


def main(folder, *machines):
    data = [(machine, read_scores(folder, machine)) for machine in machines]
    values = [value for _, scores in data for kind in scores.values()
              for value in kind]
    low, high = math.log(min(values)), math.log(max(values))
    parts = list(draw_elements())
    bottom = 165
    for machine, scores in data:
        bottom += 110
        parts += draw_scores(machine, scores, low, high, bottom)
    parts += draw_axis(low, high, bottom + 8)
    height = bottom + 60
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
          f'height="{height}" viewBox="0 0 {WIDTH} {height}" '
          'font-family="sans-serif">')
    print('<defs><marker id="head" markerWidth="9" markerHeight="8" refX="8" '
          'refY="4" orient="auto"><path d="M0,0 L9,4 L0,8 z"/></marker>'
          '</defs>')
    print(f'<rect width="{WIDTH}" height="{height}" fill="white"/>')
    print("\n".join(parts))
    print("</svg>")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
