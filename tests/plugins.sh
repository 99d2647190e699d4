# plugins.sh FOLDER: links there to the GStreamer plugins of the packages that
# setup-debian.sh installs, so that tests do not come to need others; those of
# plugins-bad are for the tests of live streams alone. Where there
# are no Debian packages: to all in the folder $2.
set -eu
setup=$(dirname "$0")/../pipelines/setup-debian.sh
rm -rf "$1"
mkdir -p "$1"
if command -v dpkg-query >/dev/null; then
  # shellcheck disable=SC2046 # package names
  dpkg-query -L libgstreamer1.0-0 $(grep '^gstreamer1.0-' "$setup" |
    grep -v plugins-bad)
else
  find "$2" -type f
fi | grep '/libgst[^/]*\.so$' | while read -r plugin; do
  ln -s "$plugin" "$1"
done
