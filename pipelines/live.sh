#!/bin/sh
# Listens to a machine with gst-launch-1.0 alone, until Ctrl-C. Among the messages
# that it prints are the scores (asd-score), alarms (asd-alarm) and sensor faults
# (asd-sensor) of asddetect: | grep asd-
#
#   sh pipelines/live.sh MODEL.asd rtsp://[USER:PASSWORD@]HOST[:PORT]/PATH
#   sh pipelines/live.sh MODEL.asd pulse[:DEVICE]
#   sh pipelines/live.sh MODEL.asd alsa[:DEVICE]
#   sh pipelines/live.sh MODEL.asd test [PROPERTY=VALUE of asdtestsrc]...
#
# gst-launch-1.0 must find asddetect (meson devenv, or installed). A source that
# is gone ends it; gst-asd monitor tries again.
set -eu

[ $# -ge 2 ] || {
  sed -n '6,9s/^# *//p' "$0" >&2
  exit 2
}
model=$1 source=$2
shift 2

case $source in
  rtsp://*)
    set -- rtspsrc location="$source" protocols=tcp latency=500 ! decodebin ;;
  pulse) set -- pulsesrc ;;
  pulse:*) set -- pulsesrc device="${source#pulse:}" ;;
  alsa) set -- alsasrc ;;
  alsa:*) set -- alsasrc device="${source#alsa:}" ;;
  test) set -- asdtestsrc is-live=true "$@" ;;
  *)
    echo "live.sh: $source: give rtsp://, pulse, alsa or test" >&2
    exit 2 ;;
esac

exec gst-launch-1.0 -m "$@" ! audioconvert ! asddetect model="$model" ! \
  fakesink sync=false
