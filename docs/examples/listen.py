#!/usr/bin/python3
"""Listens to a machine: listen.py MODEL.asd [SOURCE], a gst-launch fragment that gives audio."""
import sys

import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst

Gst.init(None)
source = sys.argv[2] if len(sys.argv) > 2 else "pulsesrc"
pipeline = Gst.parse_launch(f"{source} ! audioconvert ! asddetect name=detect ! fakesink")
pipeline.get_by_name("detect").props.model = sys.argv[1]
pipeline.set_state(Gst.State.PLAYING)
bus = pipeline.get_bus()
failed = None
while True:
    message = bus.timed_pop(Gst.CLOCK_TIME_NONE)
    s = message.get_structure()
    if message.type == Gst.MessageType.ERROR:
        failed = f"error: {message.parse_error().gerror.message}"
    if message.type in (Gst.MessageType.ERROR, Gst.MessageType.EOS):
        break
    if message.type == Gst.MessageType.WARNING:
        print("warning:", message.parse_warning().gerror.message, file=sys.stderr)
    elif message.has_name("asd-score"):
        print(f"{s.get_value('running-time') / 1e9:.1f} s: score {s.get_value('score'):.10g}")
    elif message.has_name("asd-alarm"):
        print(f"{s.get_value('start') / 1e9:.1f} s: alarm {s.get_value('state')}, "
              f"up to {s.get_value('peak-score'):.10g}")
    elif message.has_name("asd-sensor"):
        print(f"{s.get_value('running-time') / 1e9:.1f} s: sensor {s.get_value('text')}")
pipeline.set_state(Gst.State.NULL)
sys.exit(failed)
