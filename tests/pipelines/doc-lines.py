#!/usr/bin/python3
# gst-asd: anomalous sound detection for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the commands that the documents show, as they are typed.

These are the commands in blocks ```sh of README.md and docs/*.md, the lines of
other blocks that start with one of PROGRAMS, and the launch lines under
"## Example launch lines" in the comments of plugins/. Those of one document run
one after the other, in a folder that prepare() fills, or in an empty one where
the document says so (FROM_NOTHING). A block ```python NAME or
```c NAME is written to the file NAME there.

A comment behind a command, or in the line before it, may say

  # not run: REASON      it is printed, with the reason
  # runs until Ctrl-C    it gets a Ctrl-C after SECONDS, without an error before

Everything else has to end with exit code 0.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

PROGRAMS = ("gst-asd ", "gst-launch-1.0 ", "gst-inspect-1.0 ")
SECONDS = 5
TIMEOUT = 150
FROM_NOTHING = ("tutorial.md",)

SOURCE = pathlib.Path(os.environ["ASD_SOURCE"])
SHARED = pathlib.Path(os.environ["ASD_SHARED"])

# The tool of this build and Debian's programs, whatever else is in PATH.
os.environ["PATH"] = (f"{os.environ['ASD_BUILD']}/gst:/usr/bin:/bin:"
                      + os.environ["PATH"])


def shell(command, folder, **options):
    return subprocess.Popen(["bash", "-c", command], cwd=folder, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, start_new_session=True,
                            **options)


def record(folder, name, seed, rest=""):
    end = "flacenc" if name.endswith(".flac") else "wavenc"
    process = shell(
        f"gst-launch-1.0 -q asdtestsrc machine=fan samplesperbuffer=16000 "
        f"num-buffers=4 seed={seed} {rest} ! audioconvert ! "
        f"audio/x-raw,format=S16LE ! {end} ! filesink location={name}", folder)
    said, _ = process.communicate(timeout=TIMEOUT)
    if process.returncode != 0:
        sys.exit(f"cannot make {name}: {said}")


def prepare(folder):
    """What documents speak of: recordings of a simulated fan, a model of it,
    and features."""
    fault = "fault=bearing severity=0.9"
    for name in ("train", "test"):
        (folder / name).mkdir(parents=True)
    for i in range(10):
        record(folder, f"train/normal_id_00_{i:08}.wav", i)
    for i in range(2):
        record(folder, f"test/normal_id_00_{i:08}.wav", 100 + i)
        record(folder, f"test/anomaly_id_00_{i:08}.wav", 200 + i, fault)
    record(folder, "motor.wav", 300)
    record(folder, "recording.flac", 301)
    shutil.copy(folder / "motor.wav", folder / "normal_1.wav")
    for command in (
            "gst-asd train --recipe modspec-graph --data train "
            "--model fan.asd",
            "gst-asd train --recipe ivector-gmm --data train "
            "--train ivector.components=8 --train ivector.dimensions=4 "
            "--train gmm.components=2 --model ivector.asd",
            "gst-asd train --recipe ensemble --data train "
            "--train ivector.components=8 --train ivector.dimensions=4 "
            "--train gmm.components=2 --model ensemble.asd",
            "gst-launch-1.0 -q asdclipsrc location='train/*.wav' ! "
            "asdmodspec ! asdnpyenc ! filesink location=train.npy",
            "cp train.npy fan.npy",
            *("gst-launch-1.0 -q filesrc location=train.npy ! asdnpydec ! "
              f"asd{trainer} model=scorers.asd" for trainer in (
                  "loftrain neighbours=4", "knntrain", "iforesttrain",
                  "mahalanobistrain"))):
        process = shell(command, folder)
        said, _ = process.communicate(timeout=TIMEOUT)
        if process.returncode != 0:
            sys.exit(f"cannot prepare: {command}\n{said}")


class Line:
    def __init__(self, text, number, comment):
        self.text = text
        self.number = number
        reason = re.search(r"# not run: (.+)", comment)
        self.reason = reason and reason.group(1)
        self.endless = "# runs until Ctrl-C" in comment


def is_complete(text):
    return not text.endswith("\\") and subprocess.run(
        ["bash", "-n", "-c", text], stderr=subprocess.DEVNULL).returncode == 0


def split(block, first, every):
    """The commands of a block, and the comments that belong to them."""
    comment = text = ""
    for number, line in enumerate(block, first):
        if not text and line.lstrip().startswith("#"):
            comment += line
            continue
        if not text and (not line.strip()
                         or not every and not line.startswith(PROGRAMS)):
            comment = ""
            continue
        text += line if not text else "\n" + line
        if is_complete(text):
            inline = re.search(r"\s#.*$", text)
            yield Line(text, number, comment + (inline.group() if inline
                                                else ""))
            comment = text = ""
    if text:
        sys.exit(f"no complete command: {text}")


def read_markdown(path):
    lines, files = [], {}
    kind, block, first = None, [], 0
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if not line.startswith("```"):
            block.append(line)
        elif kind is None:
            kind, block, first = line[3:].split(), [], number + 1
        else:
            if len(kind) == 2:
                files[kind[1]] = "\n".join(block) + "\n"
            else:
                lines += split(block, first, kind == ["sh"])
            kind = None
    return lines, files


def read_source(path):
    text = path.read_text()
    lines = []
    for start in re.finditer(r"## Example launch lines", text):
        end = text.index("*/", start.end())
        for block in re.finditer(r"\|\[\n(.*?)\n \* \]\|",
                                 text[start.end():end], re.S):
            first = text.count("\n", 0, start.end() + block.start()) + 2
            commands = [re.sub(r"^ \* ?", "", line)
                        for line in block.group(1).split("\n")]
            lines += split(commands, first, True)
    return lines, {}


def run(line, folder):
    """None where all is well, else what went wrong."""
    process = shell(line.text, folder)
    try:
        said, _ = process.communicate(
            timeout=SECONDS if line.endless else TIMEOUT)
    except subprocess.TimeoutExpired:
        stop = signal.SIGINT if line.endless else signal.SIGKILL
        os.killpg(process.pid, stop)
        try:
            said, _ = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            return f"did not end at Ctrl-C\n{said}"
        if not line.endless:
            return f"did not end within {TIMEOUT} s\n{said}"
        return said if "ERROR" in said else None
    if line.endless:
        return f"ended by itself\n{said}"
    if process.returncode != 0:
        return f"exit code {process.returncode}\n{said}"
    return None


def main():
    documents = [SOURCE / "README.md", *sorted(SOURCE.glob("docs/**/*.md")),
                 *sorted(SOURCE.glob("plugins/*/*.c"))]
    n_run = n_failed = n_marked = n_absent = 0

    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        prepare(work / "prepared")
        if SHARED.is_dir():
            (work / "shared").symlink_to(SHARED.resolve())
        for document in documents:
            reader = read_source if document.suffix == ".c" else read_markdown
            lines, files = reader(document)
            if not lines:
                continue
            folder = work / document.stem
            if document.name in FROM_NOTHING:
                folder.mkdir()
            else:
                shutil.copytree(work / "prepared", folder)
            for path, content in files.items():
                (folder / path).write_text(content)
            for line in lines:
                place = f"{document.relative_to(SOURCE)}:{line.number}"
                if line.reason:
                    n_marked += 1
                    print(f"not run: {place}: {line.text}\n"
                          f"         {line.reason}")
                elif "../shared" in line.text and not SHARED.is_dir():
                    n_absent += 1
                    print(f"not run: {place}: {line.text}\n"
                          f"         {SHARED} is not there")
                else:
                    wrong = run(line, folder)
                    n_run += 1
                    n_failed += wrong is not None
                    print(f"{'ok' if wrong is None else 'FAIL'}: {place}: "
                          f"{line.text}")
                    if wrong is not None:
                        print(wrong)
            shutil.rmtree(folder)

    print(f"{n_run} lines run, {n_failed} failed, {n_marked} marked as not "
          f"run, {n_absent} without data")
    if n_failed or not n_run:
        sys.exit(1)
    if n_absent:
        print(f"SKIP: {n_absent} lines need the data in {SHARED}")
        sys.exit(77)


if __name__ == "__main__":
    main()
