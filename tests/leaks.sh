# Runs a test under GStreamer's leak tracer: fails when an object is still alive
# at the end of any process that used GStreamer. meson test --setup leaks.
set -u
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

# One process for all tests of a program: the tracer reports from gst_deinit,
# which the children that check forks do not call.
CK_FORK=no GST_TRACERS=leaks GST_DEBUG=GST_TRACER:7 GST_DEBUG_NO_COLOR=1 \
  GST_DEBUG_FILE="$log/%p" "$@"
code=$?

if grep -hs ' :0:: object-alive, ' "$log"/*; then
  echo 'FAIL: these objects leak'
  [ "$code" -ne 0 ] || code=1
fi
# A test program in C always uses GStreamer; a script need not.
case $1 in
  */sh) ;;
  *) if [ "$code" -eq 0 ] && ! grep -qs ' object-alive.class, ' "$log"/*; then
      echo 'FAIL: the leak tracer did not run'
      code=1
    fi ;;
esac
exit "$code"
