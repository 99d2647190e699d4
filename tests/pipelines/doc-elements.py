#!/usr/bin/python3
# gst-asd: anomalous sound detection for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares docs/elements.md with the elements: each has a section, in the order
of their names, and what stands there between the two comments is what the
element says about its pads and properties.

With --write the sections are brought up to date instead:

  meson devenv -C build -w "$PWD" /usr/bin/python3 \\
    tests/pipelines/doc-elements.py --write
"""

import difflib
import math
import os
import pathlib
import re
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GObject, Gst  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("ASD_SOURCE", "."))
PAGE = SOURCE / "docs" / "elements.md"
BEGIN, END = "<!-- generated -->", "<!-- end -->"


def default_text(prop):
    value = prop.default_value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, GObject.GEnum):
        return value.value_nick
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else f"{value:g}"
    return str(value)


def values_text(prop):
    """The values of an enumeration."""
    if not prop.value_type.is_a(GObject.TYPE_ENUM):
        return ""
    values = sorted(prop.enum_class.__enum_values__.items())
    return ": " + ", ".join(value.value_nick for _, value in values)


def describe(factory):
    element = factory.create(None)
    lines = ["", f"{factory.get_metadata('long-name')} "
             f"(`{factory.get_metadata('klass')}`)", ""]
    for template in sorted(factory.get_static_pad_templates(),
                           key=lambda t: t.direction, reverse=True):
        lines.append(f"- {template.name_template}: "
                     f"`{template.get_caps().to_string()}`")
    lines.append("")
    props = sorted((prop for prop in element.list_properties()
                    if prop.owner_type.name.startswith("GstAsd")),
                   key=lambda prop: prop.name)
    if props:
        lines += ["| property | default | |", "|---|---|---|"]
    for prop in props:
        default = default_text(prop)
        if prop.value_type.is_a(GObject.TYPE_STRING) and prop.name == "stage":
            default = element.get_property("stage")
        lines.append(f"| {prop.name} | {default} | "
                     f"{prop.blurb}{values_text(prop)} |")
    if props:
        lines.append("")
    return lines


def main():
    Gst.init(None)
    features = Gst.Registry.get().get_feature_list_by_plugin("asd")
    factories = {feature.get_name(): feature.load() for feature in features
                 if isinstance(feature, Gst.ElementFactory)}
    if not factories:
        sys.exit("there is no plugin asd")
    old = PAGE.read_text().split("\n")
    names = [line[3:] for line in old if re.match(r"## asd", line)]
    if names != sorted(factories):
        sys.exit(f"{PAGE.name} has the sections {names}, the plugin has the "
                 f"elements {sorted(factories)}")

    new, name, inside = [], None, False
    for line in old:
        if line.startswith("## "):
            name = line[3:]
        if line == END:
            inside = False
        if not inside:
            new.append(line)
        if line == BEGIN:
            new += describe(factories.pop(name))
            inside = True
    if factories:
        sys.exit(f"{PAGE.name} lacks '{BEGIN}' for {sorted(factories)}")

    if "--write" in sys.argv:
        PAGE.write_text("\n".join(new))
    elif new != old:
        print("\n".join(difflib.unified_diff(old, new, PAGE.name,
                                             "the elements", lineterm="")))
        sys.exit(f"{PAGE.name} is out of date: see --write in "
                 f"{pathlib.Path(__file__).name}")


if __name__ == "__main__":
    main()
