#!/bin/sh
# Checks that the C sources are formatted as GStreamer formats them; with
# --write, formats them.
set -eu
cd "$(dirname "$0")/.."

style() {
  indent --braces-on-if-line --case-brace-indentation0 --case-indentation2 \
    --braces-after-struct-decl-line --line-length80 --no-tabs --cuddle-else \
    --dont-line-up-parentheses --continuation-indentation4 \
    --honour-newlines --tab-size8 --indent-level2 --leave-preprocessor-space \
    -T gsize -T guint -T gint -T gboolean -T gdouble -T gfloat -T guint64 \
    "$@"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
for file in $(find lib gst plugins tests docs -name '*.c' | sort); do
  # indent is stable only at its second pass.
  style "$file" -o "$work/once.c" && style "$work/once.c" -o "$work/twice.c"
  if ! cmp -s "$file" "$work/twice.c"; then
    if [ "${1:-}" = --write ]; then
      cp "$work/twice.c" "$file"
    else
      echo "$file is not formatted: run 'ninja -C build format'"
      diff -u "$file" "$work/twice.c" | head -20 || true
      bad=1
    fi
  fi
done
exit $bad
