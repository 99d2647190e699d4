# The applications in docs/examples: both print what the tool says of the same
# recording, and the alarm of its fault.
. "$(dirname "$0")/common.sh"

examples=$ASD_SOURCE/docs/examples
cd "$work"

# record FILE SEED SECONDS PROPERTIES...
record() {
  file=$1 seed=$2 seconds=$3
  shift 3
  expect_exit 0 gst-launch-1.0 -q asdtestsrc machine=fan seed="$seed" \
    samplesperbuffer=16000 num-buffers="$seconds" "$@" ! audioconvert ! \
    wavenc ! filesink location="$file"
}
mkdir train
for i in 1 2 3 4 5 6 7 8; do
  record train/$i.wav $i 6
done
record long.wav 9 21 fault=imbalance severity=1 fault-time=10000000000

expect_exit 0 gst-asd train --recipe modspec-graph --data train \
  --window 2000000000 --threshold quantile:1 --model fan.asd
expect_exit 0 gst-asd score --model fan.asd --csv scores.csv long.wav
awk -F, 'NR > 1 { printf "%.1f s: score %.10g\n", $2, $4 }' scores.csv >expected
expect_equal "$(wc -l <expected)" 10 'windows of 2 s in 21 s'

# check COMMAND...
source='filesrc location=long.wav ! wavparse'
check() {
  expect_exit 0 "$@" fan.asd "$source"
  grep score stdout >scores || fail 'no scores'
  cmp expected scores || fail "other scores from $*"
  expect_stdout '^1[02]\.0 s: alarm started'
  expect_exit 1 "$@" none.asd "$source"
  expect_stderr 'error: none.asd'
}
expect_exit 0 cc -Wall -Werror "$examples/listen.c" -o listen \
  $(pkg-config --cflags --libs gstreamer-1.0)
check ./listen
check /usr/bin/python3 "$examples/listen.py"
[ "$(wc -l <"$examples/listen.py")" -lt 40 ] || fail 'listen.py is too long'

# The launch lines of pipelines/live.sh; pulse.py and rtsp.py have such sources.
live=$ASD_SOURCE/pipelines/live.sh
expect_exit 0 sh "$live" fan.asd test is-live=false num-buffers=300 \
  fault=imbalance severity=1
expect_stdout 'asd-score, score='
expect_stdout 'asd-alarm, state=.string.started'
expect_exit 255 sh "$live" none.asd test
expect_stderr 'none.asd'
expect_exit 1 sh "$live" fan.asd rtsp://127.0.0.1:1/none
expect_stderr 'GstRTSPSrc'
expect_exit 255 sh "$live" fan.asd alsa:none
expect_stderr GstAlsaSrc
expect_exit 2 sh "$live" fan.asd nowhere
expect_stderr 'give rtsp://'
expect_exit 2 sh "$live" fan.asd
expect_stderr 'MODEL.asd pulse'
