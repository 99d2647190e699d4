#!/bin/sh
# quickstart.sh in a copy of the sources, as in a fresh clone.
. "$(dirname "$0")/common.sh"

mkdir "$work/copy"
(cd "$ASD_SOURCE" && tar cf - --exclude='./build*' --exclude=./quickstart \
  --exclude=./.git .) | tar xf - -C "$work/copy"
cd "$work/copy" || exit 1

# What a user's shell does not have.
unset GST_PLUGIN_PATH_1_0 GST_PLUGIN_SYSTEM_PATH_1_0 GST_REGISTRY_1_0 \
  ASD_RECIPE_PATH LD_LIBRARY_PATH

expect_exit 0 sh pipelines/quickstart.sh --ids 1 --train 12 --test 5
expect_stdout 'gst-asd train --recipe modspec-graph --data NORMAL_FOLDER'
expect_file quickstart/fan.asd

# The line that it prints, run as it stands: a score for each clip.
sed -n 's/^  \(gst-launch-1.0\) \(.*quickstart.*\)/\1 -q \2/p' "$work/stdout" >line
[ -s line ] || fail "no launch line for quickstart/fan.asd"
expect_exit 0 meson devenv -C build -w "$PWD" sh line
expect_lines stdout 11
expect_file quickstart/results/results.csv
for machine in fan pump slider valve; do
  grep -Eq "^$machine,0,(0\.[0-9]+|1|0),(0\.[0-9]+|1)\$" \
    quickstart/results/results.csv || fail "no result of $machine"
done

# A second run finds its recordings and keeps them.
before=$(find quickstart/data -name '*.wav' -printf '%p %T@\n' | sort)
[ "$(echo "$before" | wc -l)" = 88 ] || fail "not 88 recordings"
rm quickstart/data/fan/test/anomaly_id_00_00000004.wav
expect_exit 0 sh pipelines/quickstart.sh --ids 1 --train 12 --test 5
after=$(find quickstart/data -name '*.wav' -printf '%p %T@\n' | sort)
[ "$(echo "$after" | wc -l)" = 88 ] || fail "the missing one was not made"
same=$(printf '%s\n%s\n' "$before" "$after" | sort | uniq -d | wc -l)
[ "$same" = 87 ] || fail "$same recordings were kept, not 87"
