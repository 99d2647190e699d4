# The example of docs/new-stage.md: trains and scores with its elements, and
# compares the page with the sources.
. "$(dirname "$0")/common.sh"

example=$ASD_SOURCE/docs/examples/distance
export GST_PLUGIN_PATH_1_0="$GST_PLUGIN_PATH_1_0:$ASD_BUILD/docs/examples/distance"
export GST_REGISTRY_1_0="$work/registry.bin"
cd "$work"

expect_exit 0 gst-inspect-1.0 asddistance
expect_exit 0 gst-inspect-1.0 asddistancetrain

# record FILE SEED PROPERTIES...
record() {
  file=$1 seed=$2
  shift 2
  expect_exit 0 gst-launch-1.0 -q asdtestsrc machine=fan seed="$seed" \
    samplesperbuffer=16000 num-buffers=3 "$@" ! wavenc ! \
    filesink location="$file"
}
mkdir train
for i in 1 2 3 4 5 6 7 8; do
  record train/$i.wav $i
done
record normal.wav 9
record anomaly.wav 9 fault=imbalance severity=1

expect_exit 0 gst-asd train --recipe "$example/distance.recipe" --data train \
  --model fan.asd
expect_exit 0 gst-asd inspect fan.asd
expect_stdout '^stage distance \(distance\)'
expect_stdout '^  mean: F64 \[480\]'

# The scores are those of the definition, and tell the fault.
expect_exit 0 gst-launch-1.0 -q filesrc location=anomaly.wav ! wavparse ! \
  asdmodspec ! asdnpyenc ! filesink location=anomaly.npy
expect_exit 0 gst-asd score --model fan.asd --csv scores.csv anomaly.wav normal.wav
cat >check.py <<'PYTHON'
import csv, json, struct
import numpy

data = open("fan.asd", "rb").read()
length = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + length])


def tensor(name):
    start, end = header[name]["data_offsets"]
    return numpy.frombuffer(data[8 + length + start:8 + length + end], "<f8")


frame = numpy.load("anomaly.npy").ravel()
expected = numpy.mean(abs(frame - tensor("distance.mean"))
                      / tensor("distance.deviation"))
anomaly, normal = [float(row["score"])
                   for row in csv.DictReader(open("scores.csv"))]
# Sums in another order differ in the last digits.
assert abs(anomaly / expected - 1) < 1e-12, (anomaly, expected)
assert anomaly > 2 * normal, (anomaly, normal)
PYTHON
expect_exit 0 /usr/bin/python3 check.py

# What the page shows is in the sources.
cat >page.py <<'PYTHON'
import pathlib, re, sys

page, example = map(pathlib.Path, sys.argv[1:])
blocks = re.findall(r"^```\w+ (\S+)\n(.*?)^```", page.read_text(), re.M | re.S)
shown = {name for name, _ in blocks}
assert {"gstasddistance.c", "gstasddistancetrain.c"} <= shown, shown
for name, text in blocks:
    assert text in (example / name).read_text(), f"not in {name}:\n{text}"
PYTHON
expect_exit 0 /usr/bin/python3 page.py "$ASD_SOURCE/docs/new-stage.md" "$example"
