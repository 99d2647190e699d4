# Read by the tests of this folder: set -eu, a temporary folder $work that goes
# when the test ends, and the assertions below. meson sets ASD_SOURCE,
# ASD_BUILD and the environment that finds the built plugin.
set -eu

: "${ASD_SOURCE:?run this by meson test}" "${ASD_BUILD:?run this by meson test}"
# Debian's tools, whatever else a user has in PATH.
PATH=$ASD_BUILD/gst:/usr/bin:/bin:$PATH
export PATH LC_ALL=C

work=$(mktemp -d)
# Shell code that a test wants run when it ends: cleanup='kill $server'.
cleanup=
trap 'code=$?; set +e; eval "$cleanup"; rm -rf "$work"; exit $code' EXIT
trap 'exit 130' INT TERM HUP

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

# skip REASON: ends the test as skipped.
skip() {
  echo "SKIP: $*"
  exit 77
}

# expect_exit CODE COMMAND...: leaves what the command said in $work/stdout
# and $work/stderr.
expect_exit() {
  expected=$1
  shift
  got=0
  "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || got=$?
  [ "$got" = "$expected" ] && return
  sed 's/^/  stdout: /' "$work/stdout" >&2
  sed 's/^/  stderr: /' "$work/stderr" >&2
  fail "exit code $got, not $expected, of: $*"
}

# expect_stdout REGEX, expect_stderr REGEX: a line of the last expect_exit.
expect_stdout() {
  expect_line stdout "$1"
}

expect_stderr() {
  expect_line stderr "$1"
}

expect_line() {
  grep -Eq -- "$2" "$work/$1" && return
  sed "s/^/  $1: /" "$work/$1" >&2
  fail "no line of $1 matches: $2"
}

# expect_lines stdout|stderr N: how many lines the last expect_exit left.
expect_lines() {
  lines=$(wc -l <"$work/$1")
  [ "$lines" -eq "$2" ] && return
  sed "s/^/  $1: /" "$work/$1" >&2
  fail "$lines lines on $1, not $2"
}

expect_file() {
  [ -s "$1" ] || fail "$1 is missing or empty"
}

expect_no_file() {
  [ ! -e "$1" ] || fail "$1 should not exist"
}

expect_equal() {
  [ "$1" = "$2" ] || fail "'$1' is not '$2'${3:+: $3}"
}
