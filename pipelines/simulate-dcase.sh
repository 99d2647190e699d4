#!/bin/sh
# Makes recordings of simulated machines, in the folders and with the names of
# DCASE 2020 Task 2. What is there already is kept, so that it can be resumed.
#
#   simulate-dcase.sh ROOT [--ids N] [--train N] [--test N] [--seconds N]
#
# makes, for each of fan, pump, slider and valve and for --ids individuals of
# each (default 2), ROOT/MACHINE/train with --train normal clips (100) and
# ROOT/MACHINE/test with --test normal and as many anomalous clips (20).
# gst-launch-1.0 must find asdtestsrc (meson devenv, or installed).
set -eu

ids=2 train=100 test=20 seconds=10 root=

usage() {
  echo 'usage: simulate-dcase.sh ROOT [--ids N] [--train N] [--test N]' \
    '[--seconds N]' >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case $1 in
    --ids | --train | --test | --seconds)
      case ${2:-} in '' | *[!0-9]*) usage ;; esac
      eval "${1#--}=\$2"
      shift 2 ;;
    -*) usage ;;
    *) [ -z "$root" ] || usage; root=$1; shift ;;
  esac
done
[ -n "$root" ] || usage

faults_of() {
  case $1 in
    fan) echo imbalance voltage-change clogging bearing ;;
    pump) echo leakage contamination clogging ;;
    slider) echo rail-damage loose-belt no-grease ;;
    valve) echo contamination leakage ;;
  esac
}

# One line for each clip: FILE MACHINE ID FAULT SEVERITY SEED
list_clips() {
  for machine in fan pump slider valve; do
    id=0
    while [ $id -lt $ids ]; do
      name=$(printf 'id_%02d' $id)
      n=0
      while [ $n -lt $train ]; do
        printf '%s/train/normal_%s_%08d.wav %s %d none 0 %d\n' \
          $machine $name $n $machine $id $((1000 + n))
        n=$((n + 1))
      done
      n=0
      set -- $(faults_of $machine)
      while [ $n -lt $test ]; do
        printf '%s/test/normal_%s_%08d.wav %s %d none 0 %d\n' \
          $machine $name $n $machine $id $((200000 + n))
        # Each fault in turn, from slight to plain.
        printf '%s/test/anomaly_%s_%08d.wav %s %d %s 0.%d %d\n' \
          $machine $name $n $machine $id $1 $((2 + n % 5)) $((300000 + n))
        set -- "$@" "$1"
        shift
        n=$((n + 1))
      done
      id=$((id + 1))
    done
  done
}

mkdir -p "$root/fan" "$root/pump" "$root/slider" "$root/valve"
for machine in fan pump slider valve; do
  mkdir -p "$root/$machine/train" "$root/$machine/test"
done
total=$(list_clips | wc -l)

list_clips | ROOT=$root SECONDS_PER_CLIP=$seconds TOTAL=$total \
  xargs -n 6 -P "$(nproc)" sh -c '
    file=$ROOT/$0
    [ -s "$file" ] && exit 0
    gst-launch-1.0 -q asdtestsrc machine=$1 machine-id=$2 fault=$3 \
      severity=$4 seed=$5 samplesperbuffer=16000 \
      num-buffers=$SECONDS_PER_CLIP ! audioconvert ! \
      audio/x-raw,format=S16LE ! wavenc ! filesink location="$file.part" \
      >&2 || exit 255
    mv "$file.part" "$file"
    echo' | {
  n=0
  while read -r _; do
    n=$((n + 1))
    [ ! -t 2 ] || printf '\rsimulating %d/%d' "$n" "$total" >&2
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
}
made=$(find "$root" -name '*.wav' | wc -l)
[ "$made" -ge "$total" ] || {
  echo "simulate-dcase.sh: only $made of $total clips were made: see above" >&2
  exit 1
}
