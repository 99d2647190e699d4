#!/bin/sh
# Installs what gst-asd needs to be built, run and tested on Debian 12. This is
# the one list of packages. Where all are installed it does nothing.
set -eu

packages='
ca-certificates
curl
fonts-dejavu-core
gcc
gir1.2-gst-rtsp-server-1.0
gir1.2-gstreamer-1.0
gobject-introspection
gstreamer1.0-alsa
gstreamer1.0-plugins-bad
gstreamer1.0-plugins-base
gstreamer1.0-plugins-good
gstreamer1.0-tools
indent
libc6-dev
libcairo2-dev
libfftw3-dev
libgirepository1.0-dev
libgsl-dev
libgstreamer-plugins-base1.0-dev
libgstreamer1.0-dev
libjson-glib-dev
libmicrohttpd-dev
libmosquitto-dev
libopenblas-dev
libpango1.0-dev
meson
mosquitto
mosquitto-clients
ninja-build
pkg-config
pulseaudio
python3
python3-gi
python3-numpy
'

die() {
  echo "setup-debian.sh: $*" >&2
  exit 1
}

command -v dpkg-query >/dev/null ||
  die "this is not Debian; install the equivalents of:" $packages

missing=
for package in $packages; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) || status=
  [ "$status" = 'install ok installed' ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null; then
  as_root=sudo
else
  die "run this as root (sudo is not installed): apt-get install$missing"
fi

echo "Installing$missing"
$as_root apt-get -q update </dev/null ||
  die "apt-get update failed; still missing:$missing"
$as_root env DEBIAN_FRONTEND=noninteractive \
  apt-get -q install -y --no-install-recommends $missing </dev/null ||
  die "apt-get install failed; still missing:$missing"
