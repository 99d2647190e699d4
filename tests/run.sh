#!/bin/sh
# Sets up, builds and tests everything:
#
#   sh tests/run.sh            the tests, again under the address and undefined
#                              behaviour sanitizers, and under the leak tracer
#   sh tests/run.sh --fast     the tests once, without sanitizers
#   sh tests/run.sh --suite NAME...
#                              these suites only, once; the way to run the long
#                              ones: soak, fuzz, live
#
# The last line says 'N passed, N failed', and how many were skipped; the lines
# before it name these and say why. Exit code 1 when anything failed.
set -u
cd "$(dirname "$0")/.." || exit 1
# Debian's meson, python3 and compiler, whatever else is in PATH.
PATH=/usr/bin:/bin:$PATH
export PATH

fast=
suites=
while [ $# -gt 0 ]; do
  case $1 in
    --fast) fast=yes ;;
    --suite)
      [ $# -gt 1 ] || { echo 'run.sh: --suite needs a name' >&2; exit 2; }
      while [ $# -gt 1 ]; do
        case $2 in -*) break ;; esac
        suites="$suites --suite $2"
        shift
      done ;;
    *)
      echo "usage: sh tests/run.sh [--fast] [--suite NAME...]" >&2
      exit 2 ;;
  esac
  shift
done

logs=
broken=0

# A step before the tests that fails counts as one failed test, and is the last.
give_up() {
  echo "run.sh: $1 failed" >&2
  /usr/bin/python3 tests/summary.py $((broken + 1)) $logs || exit 1
}

# configure_and_build FOLDER OPTION...
configure_and_build() {
  build=$1
  shift
  echo "== $build"
  [ ! -f "$build/meson-private/coredata.dat" ] || set -- --reconfigure "$@"
  if ! said=$(meson setup "$build" -Dwerror=true -Dtests=enabled "$@" 2>&1); then
    echo "$said"
    give_up "meson setup $build"
  fi
  ninja -C "$build" || give_up "the build in $build"
}

# run_tests FOLDER LOG OPTION...
run_tests() {
  build=$1
  log=$1/meson-logs/$2.json
  shift 2
  rm -f "$log"
  # Skips and failures are in the log; no log is a failure of its own.
  meson test -C "$build" --no-rebuild --print-errorlogs "$@" </dev/null
  if [ -s "$log" ]; then
    logs="$logs $log"
  else
    echo "run.sh: no test ran in $build with: $*" >&2
    broken=$((broken + 1))
  fi
}

sh pipelines/setup-debian.sh || give_up 'the set-up'

configure_and_build build
if [ -n "$suites" ]; then
  run_tests build testlog $suites
else
  run_tests build testlog-default --setup default
fi

if [ -z "$fast$suites" ]; then
  echo '== leak tracer'
  run_tests build testlog-leaks --setup leaks --suite element --suite pipelines
  # Plugins and libraries get the sanitizers' symbols from the program.
  configure_and_build build-asan -Db_sanitize=address,undefined -Db_lundef=false
  run_tests build-asan testlog --timeout-multiplier 3 \
    --suite unit --suite element
fi

exec /usr/bin/python3 tests/summary.py "$broken" $logs
