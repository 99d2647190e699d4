# The set-up with a stand-in for apt-get, so that nothing is installed here.
. "$(dirname "$0")/common.sh"
setup=$ASD_SOURCE/pipelines/setup-debian.sh

command -v dpkg-query >/dev/null || skip 'dpkg-query: this is not Debian'

unset DEBIAN_FRONTEND
bin=$work/bin
mkdir "$bin"
stand_in() {
  printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"
  chmod +x "$bin/$1"
}
stand_in apt-get "echo \"\$DEBIAN_FRONTEND \$*\" >>'$work/apt'"
stand_in sudo "echo sudo >>'$work/apt'; exec \"\$@\""
stand_in id 'echo 0'
PATH=$bin:$PATH

# Everything installed: apt-get is not run at all.
stand_in dpkg-query "printf 'install ok installed'"
expect_exit 0 sh "$setup"
expect_no_file "$work/apt"
expect_lines stdout 0

# One package removed with its configuration left, as root.
stand_in dpkg-query 'for name; do :; done
[ "$name" = meson ] && status="deinstall ok config-files"
printf "${status:-install ok installed}"'
expect_exit 0 sh "$setup"
expect_equal "$(cat "$work/apt")" " -q update
noninteractive -q install -y --no-install-recommends meson"

# A package that dpkg does not know, as a user with sudo.
stand_in dpkg-query 'for name; do :; done
[ "$name" != gcc ] || exit 1
printf "install ok installed"'
stand_in id 'echo 1000'
rm "$work/apt"
expect_exit 0 sh "$setup"
expect_equal "$(grep -c sudo "$work/apt")" 2
grep -q -- '--no-install-recommends gcc$' "$work/apt" || fail 'gcc not installed'

# No network.
stand_in apt-get 'exit 100'
expect_exit 1 sh "$setup"
expect_stderr 'apt-get update failed; still missing: gcc$'

# Neither root nor sudo.
rm "$bin/sudo"
expect_exit 1 env PATH="$bin" /bin/sh "$setup"
expect_lines stderr 1
expect_stderr 'run this as root .*: apt-get install gcc$'
