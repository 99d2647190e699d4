#!/usr/bin/python3
"""A Python application: trains, scores and reads the scores through GstAsd-1.0."""
import os
import sys
import tempfile

import gi
gi.require_version('Gst', '1.0')
from gi.repository import Gst
try:
    gi.require_version('GstAsd', '1.0')
except ValueError:
    sys.exit('GstAsd-1.0 was not built: configure with -Dintrospection=enabled')
from gi.repository import GstAsd

WINDOW = 2 * Gst.SECOND
Gst.init(None)


def run(launch, on_message=None):
    pipeline = Gst.parse_launch(launch)
    pipeline.set_state(Gst.State.PLAYING)
    bus = pipeline.get_bus()
    buffers = []
    sink = pipeline.get_by_name('sink')
    while sink is not None and (sample := sink.emit('pull-sample')) is not None:
        buffers.append(sample.get_buffer())
    while True:
        message = bus.timed_pop(30 * Gst.SECOND)
        assert message is not None, 'no end of the stream'
        if message.type == Gst.MessageType.ERROR:
            raise SystemExit(message.parse_error().gerror.message)
        if message.type == Gst.MessageType.EOS:
            break
        if message.type == Gst.MessageType.ELEMENT and on_message:
            on_message(message.get_structure())
    pipeline.set_state(Gst.State.NULL)
    return buffers


with tempfile.TemporaryDirectory() as folder:
    model = os.path.join(folder, 'fan.asd')
    source = 'asdtestsrc machine=fan samplesperbuffer=16000 num-buffers=20'
    run(f'{source} ! asdmodspec window={WINDOW} ! asdgraphtrain model={model}')

    messages = []
    buffers = run(f'{source} seed=1 ! asdmodspec window={WINDOW} ! asdgraph model={model}'
                  ' ! appsink name=sink sync=false', lambda s: messages.append(s.copy()))

assert len(buffers) == 10 and len(messages) == 10, (len(buffers), len(messages))
for i, (buffer, message) in enumerate(zip(buffers, messages)):
    score = GstAsd.buffer_get_score(buffer)
    assert score.get_name() == message.get_name() == GstAsd.SCORE_NAME == 'asd-score'
    assert score.to_string() == message.to_string()      # a NaN is never equal
    value = score.get_double('score').value
    assert value == memoryview(buffer.extract_dup(0, 8)).cast('d')[0] and value > 0
    assert score.get_uint64('timestamp').value == i * WINDOW
    assert score.get_string('stage') == 'graph' and score.get_string('model') == model
    assert not score.get_boolean('anomalous').value      # a model without a threshold

caps = Gst.Caps.from_string('application/x-asd-features, format=F32LE, kind=modspec, rows=60,'
                            ' columns=8, rate=16000, frame-length=0, frame-step=0')
ok, info = GstAsd.feature_info_from_caps(caps)
assert ok and (info.rows, info.columns, info.rate) == (60, 8, 16000)
