"""Stands in for Zenodo on a free port of the loopback interface.

zenodo.py FOLDER: writes its address to FOLDER/address and a line for each
request to FOLDER/requests. One machine for each way to fail; a second request
for an archive is answered without fault, unless the fault stays.
"""
import hashlib
import http.server
import io
import json
import os
import pathlib
import re
import struct
import sys
import zipfile

RECORDS = {"3678171": "dev_data", "3727685": "eval_data_train",
           "3841772": "eval_data_test"}
MACHINES = ("fan", "pump", "slider", "valve", "ToyCar", "ToyConveyor")


def wav(n_samples):
    data = os.urandom(2 * n_samples)
    return (struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE",
                        b"fmt ", 16, 1, 1, 16000, 32000, 2, 16, b"data",
                        len(data)) + data)


def archive(kind, machine):
    names = {"dev_data": ("train/normal_id_00_0", "test/normal_id_00_0",
                          "test/anomaly_id_00_0"),
             "eval_data_train": ("train/normal_id_01_0",),
             "eval_data_test": ("test/id_01_0",)}[kind]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(f"{machine}/README.txt", "not a clip")
        packed.writestr(f"{machine}/train/../../escape.wav", "not a clip")
        for name in names:
            packed.writestr(f"{machine}/{name}0000000.wav", wav(20000))
    data = bytearray(out.getvalue())
    if machine == "ToyCar":         # one bit of the last clip
        data[len(data) // 2 + len(data) // 4] ^= 1
    return bytes(data)


FILES = {f"{kind}_{machine}.zip": archive(kind, machine)
         for kind in RECORDS.values() for machine in MACHINES}
SEEN = {}


def record(number):
    entries = []
    for name, data in FILES.items():
        if not name.startswith(RECORDS[number] + "_"):
            continue
        size = len(data)
        if name == "eval_data_train_pump.zip":
            size = 1 << 60
        if name == "eval_data_train_slider.zip":
            size += 7
        entries.append({"key": name, "size": size,
                        "checksum": "md5:" + hashlib.md5(data).hexdigest()})
    return json.dumps({"id": int(number), "files": entries}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        wanted = self.headers.get("Range", "-") if self.headers else "-"
        with open(pathlib.Path(sys.argv[1], "requests"), "a") as log:
            print(self.path, wanted, file=log)

    def send(self, code, body=b"", promised=None, **headers):
        self.send_response(code)
        self.send_header("Content-Length", str(promised or len(body)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        if match := re.fullmatch(r"/api/records/(\d+)", path):
            return self.send(200, record(match[1]))
        match = re.fullmatch(r"/records/\d+/files/(\w+\.zip)", path)
        if not match or match[1] == "dev_data_slider.zip":
            return self.send(404, b"not found")
        name, data = match[1], FILES[match[1]]
        again = SEEN.setdefault(name, 0)
        SEEN[name] += 1
        if name == "dev_data_valve.zip" and again == 0:
            return self.send(200, bytes(len(data)))     # wrong MD5 sum
        if name == "dev_data_pump.zip" and again == 0:
            return self.send(503, b"try later")
        start = 0
        ranges = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if ranges and name != "dev_data_ToyConveyor.zip":
            start = int(ranges[1])
        body = data[start:]
        promised = len(body)
        if again == 0 and ("fan" in name or "ToyConveyor" in name):
            body = body[:promised // 2]                 # cut midway
        if start:
            return self.send(206, body, promised, Content_Range=(
                f"bytes {start}-{len(data) - 1}/{len(data)}"))
        return self.send(200, body, promised)


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    address = pathlib.Path(sys.argv[1], "address")
    address.with_suffix(".new").write_text(
        "http://127.0.0.1:%d\n" % server.server_port)
    address.with_suffix(".new").rename(address)
    server.serve_forever()
