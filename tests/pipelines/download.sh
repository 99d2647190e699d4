# The download against a stand-in for Zenodo that fails in every way.
. "$(dirname "$0")/common.sh"

export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1
timeout 150 /usr/bin/python3 "$(dirname "$0")/zenodo.py" "$work" \
  2>"$work/server.log" &
server=$!
cleanup='kill $server 2>/dev/null; wait $server 2>/dev/null'
for _ in $(seq 100); do
  [ ! -f "$work/address" ] || break
  sleep 0.1
done
expect_file "$work/address"

root=$work/data
download() {
  code=$1
  shift
  : >"$work/requests"
  expect_exit "$code" sh "$ASD_SOURCE/pipelines/download-dcase2020.sh" \
    "$root" --base-url "$(cat "$work/address")" "$@"
  # An error is one line.
  expect_lines stderr $((code != 0))
}

requests() {
  grep -c -- "$1" "$work/requests" || true
}

clips() {
  (cd "$root" && find "$1" -name '*.wav' 2>/dev/null | sort | tr '\n' ' ')
}

# Cut midway: resumed from where it stopped.
download 0 --machine fan
expect_stdout 'data is complete'
expect_equal "$(requests dev_data_fan.zip)" 2
expect_equal "$(requests 'dev_data_fan.zip?download=1 bytes=[1-9][0-9]*-$')" 1
expect_equal "$(clips fan)" "fan/test/anomaly_id_00_00000000.wav \
fan/test/normal_id_00_00000000.wav fan/train/normal_id_00_00000000.wav "
expect_equal "$(clips .)" "$(clips . | grep -v escape)"
expect_no_file "$root/.download/dev_data_fan.zip.part"

# Complete: not one request.
download 0 --machine fan --set dev
expect_equal "$(requests .)" 0

# A clip that is gone is fetched again.
rm "$root/fan/train/normal_id_00_00000000.wav"
download 0 --machine fan
expect_equal "$(requests dev_data_fan.zip)" 1
expect_file "$root/fan/train/normal_id_00_00000000.wav"

# The evaluation set in the same root.
download 0 --machine fan --set eval
expect_file "$root/fan/train/normal_id_01_00000000.wav"
expect_file "$root/fan/test/id_01_00000000.wav"
expect_file "$root/fan/test/anomaly_id_00_00000000.wav"

# A server that cannot resume: from the start again. One that is busy: later.
download 0 --machine ToyConveyor --machine pump
expect_equal "$(requests dev_data_ToyConveyor.zip)" 3
expect_equal "$(requests dev_data_pump.zip)" 2
expect_file "$root/ToyConveyor/test/anomaly_id_00_00000000.wav"

# 404.
download 1 --machine slider
expect_stderr 'dev_data_slider.zip.*: The requested URL returned error: 404$'
expect_equal "$(requests dev_data_slider.zip)" 1

# Wrong content: nothing of it stays, and the next run succeeds.
download 1 --machine valve
expect_stderr 'dev_data_valve.zip has the MD5 sum [0-9a-f]{32}, not [0-9a-f]{32}'
expect_equal "$(clips valve)" ''
download 0 --machine valve
expect_file "$root/valve/test/anomaly_id_00_00000000.wav"

# Wrong size.
download 1 --machine slider --set eval
expect_stderr 'eval_data_train_slider.zip has [0-9]+ bytes, not [0-9]+: deleted'

# An archive with a bad checksum inside leaves no half tree.
download 1 --machine ToyCar
expect_stderr 'dev_data_ToyCar.zip is broken \(.*\): deleted, run this again'
expect_equal "$(clips ToyCar)" ''
expect_no_file "$root/.download/dev_data_ToyCar.zip.part"

# More than the disk holds is refused before the first byte.
download 1 --machine pump --set eval
expect_stderr 'needs at least [0-9]+ MiB, but .* has only [0-9]+ MiB free'
expect_equal "$(requests eval_data_train_pump.zip)" 0

# Two at a time.
(
  flock 8
  download 1 --machine slider
) 8>"$root/.download/lock"
expect_stderr 'another download into .* is running'

# No server.
kill "$server"
wait "$server" || true
download 1 --machine slider
expect_stderr 'cannot read record 3678171 from http://127.0.0.1:[0-9]+: '
download 0 --machine fan --set dev --set eval

download 2 --machine lathe
expect_stderr "machine cannot be 'lathe'"
download 2 --set
download 2 elsewhere
expect_exit 2 sh "$ASD_SOURCE/pipelines/download-dcase2020.sh"
expect_exit 0 sh "$ASD_SOURCE/pipelines/download-dcase2020.sh" --help
