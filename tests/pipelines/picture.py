#!/usr/bin/python3
# gst-asd: anomalous sound detection for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-asd score --picture: one PNG of the right size, decoded by GStreamer, that
shows the alarm of a fault where the table has it; and its bad input."""

import os
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.environ["ASD_BUILD"], "gst", "gst-asd")
WIDTH, HEIGHT = 1280, 720
ALARM = (0xD0, 0x30, 0x00)


def run(*command, code=0):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != code:
        sys.exit(f"exit code {done.returncode}, not {code}: {command}\n"
                 f"{done.stderr}")
    return done


def record(path, seconds, *options):
    run("gst-launch-1.0", "-q", "asdtestsrc", "machine=fan", *options,
        "samplesperbuffer=16000", f"num-buffers={seconds}", "!", "wavenc", "!",
        "filesink", f"location={path}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir("train")
        for seed in range(8):
            record(f"train/{seed}.wav", 10, f"seed={seed}")
        record("x.wav", 20, "seed=99", "fault=bearing", "severity=0.9",
               "fault-time=10000000000")
        run(TOOL, "train", "--recipe", "modspec-graph", "--data", "train",
            "--window", "2000000000", "--model", "fan.asd")

        table = run(TOOL, "score", "--model", "fan.asd", "--picture", "p.png",
                    "x.wav").stdout.splitlines()[1:]
        alarms = [line.endswith(",1") for line in table]
        if len(alarms) != 10 or not any(alarms) or all(alarms):
            sys.exit(f"no picture to look at: {table}")

        with open("p.png", "rb") as file:
            if file.read(8) != b"\x89PNG\r\n\x1a\n":
                sys.exit("p.png is no PNG file")
        run("gst-launch-1.0", "-q", "filesrc", "location=p.png", "!", "pngdec",
            "!", "videoconvert", "!", "video/x-raw,format=RGBA", "!",
            "filesink", "location=p.rgba")
        with open("p.rgba", "rb") as file:
            pixels = file.read()
        if len(pixels) != 4 * WIDTH * HEIGHT:
            sys.exit(f"{len(pixels)} bytes are not {WIDTH} x {HEIGHT} pixels")

        # The bar of alarms is 13 pixels high; letters and hatching of the same
        # colour are thinner.
        left, right = 101, 1247
        for i, alarm in enumerate(alarms):
            x = int(left + (right - left) * (i + 0.5) / len(alarms))
            column = [tuple(pixels[4 * (y * WIDTH + x):][:3])
                      for y in range(HEIGHT)]
            if (column.count(ALARM) >= 10) != alarm:
                sys.exit(f"window {i}: {column.count(ALARM)} pixels of alarm, "
                         f"{table[i]}")

        # The scope has to hear all before the file gets anything.
        run("timeout", "60", "gst-launch-1.0", "-q", "filesrc",
            "location=x.wav", "!", "wavparse", "!", "audioconvert", "!",
            "asddetect", "model=fan.asd", "!", "asdscope", "span=0", "!",
            "video/x-raw,framerate=0/1", "!", "videoconvert", "!", "pngenc", "!",
            "filesink", "location=still.png")
        if os.path.getsize("still.png") < 1000:
            sys.exit("still.png is empty")

        wrong = run(TOOL, "score", "--model", "fan.asd", "--picture", "q.png",
                    "x.wav", "train", code=2).stderr
        if "one recording, not 9" not in wrong:
            sys.exit(wrong)
        wrong = run(TOOL, "score", "--model", "fan.asd", "--picture",
                    "absent/q.png", "x.wav", code=1).stderr
        if "absent/q.png" not in wrong or wrong.count("\n") != 1:
            sys.exit(wrong)


if __name__ == "__main__":
    main()
