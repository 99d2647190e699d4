# Installs below a temporary prefix and uses only what is there: the plugin, the
# tool, and both libraries from a C program by pkg-config.
. "$(dirname "$0")/common.sh"

expect_exit 0 meson install -C "$ASD_BUILD" --no-rebuild --destdir "$work/root"
plugin=$(find "$work/root" -name libgstasd.so)
expect_file "$plugin"
pkgconfig=$(dirname "$(find "$work/root" -name gstreamer-asd-1.0.pc)")

# Nothing of the build tree may help.
unset LD_LIBRARY_PATH GI_TYPELIB_PATH ASD_RECIPE_PATH
export GST_PLUGIN_PATH_1_0="$(dirname "$plugin")"
export GST_REGISTRY_1_0="$work/registry.bin"

expect_exit 0 gst-inspect-1.0 -b
expect_stdout '^Total count: 0 blacklisted'
elements() {
  gst-inspect-1.0 asd | sed -n 's/^  \([a-z0-9]*\): .*/\1/p'
}
elements >"$work/installed"
# Every element that the sources register.
sed -n 's/.*GST_ELEMENT_REGISTER_DEFINE[A-Z_]* (\([a-z0-9]*\),.*/\1/p' \
  $(find "$ASD_SOURCE/plugins" -name '*.c') | sort >"$work/sources"
expect_equal "$(sort "$work/installed")" "$(cat "$work/sources")" 'elements'
gst-inspect-1.0 asd | grep -q "Filename  *$plugin\$" ||
  fail 'gst-inspect-1.0 found another plugin than the installed one'
while read -r element; do
  expect_exit 0 gst-inspect-1.0 "$element"
done <"$work/installed"

for tool in "$work"/root/*/*/bin/gst-asd "$work"/root/*/bin/gst-asd; do
  [ ! -x "$tool" ] || expect_exit 0 "$tool" --help
done

cat >"$work/user.c" <<'C'
#include <asd/asd.h>
#include <gst/asd/asd.h>

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_print ("%s %s\n", g_quark_to_string (ASD_ERROR),
      GST_IS_CAPS (gst_caps_new_empty ()) ? "caps" : "nothing");
  return 0;
}
C
export PKG_CONFIG_PATH="$pkgconfig"
libdir=$(pkg-config --variable=libdir gstreamer-asd-1.0)
expect_exit 0 gcc -Wall -Werror "$work/user.c" -o "$work/user" \
  $(pkg-config --cflags --libs asd-1.0 gstreamer-asd-1.0) -Wl,-rpath,"$libdir"
expect_exit 0 "$work/user"
expect_stdout 'asd.* caps'
