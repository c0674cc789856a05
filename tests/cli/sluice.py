"""What the tests of the command share: running it, writing and reading small captures."""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = os.path.abspath(sys.argv.pop(1))
TOP = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT = 120  # seconds; generous, sanitizers are slow


def frame(kind="udp", port=53, size=60):
    """An Ethernet frame with an IPv4 header and UDP or TCP ports."""
    proto = {"udp": 17, "tcp": 6}[kind]
    ports = struct.pack("!HH", 4000, port)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, size - 14, 0, 0, 64, proto, 0,
                     bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    return (bytes(12) + b"\x08\x00" + ip + ports).ljust(size, b"\0")


def write_pcap(path, frames, gap_us=0):
    """Write frames as a capture file, `gap_us` apart."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, data in enumerate(frames):
            at = i * gap_us
            f.write(struct.pack("<IIII", 1700000000 + at // 1000000, at % 1000000,
                                len(data), len(data)))
            f.write(data)


def parse_pcap(data):
    """Return the frames of a capture, either byte order."""
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    frames, at = [], 24
    while at < len(data):
        (length,) = struct.unpack_from(order + "I", data, at + 8)
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def read_pcap(path):
    return parse_pcap(pathlib.Path(path).read_bytes())


def run(*args, **more):
    """Run the command to its end."""
    return subprocess.run([BINARY, *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=TIMEOUT, **more)


def start(*args, **more):
    """Start the command; the caller ends it."""
    return subprocess.Popen([BINARY, *map(str, args)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def wait_until(true):
    """Wait for evidence; fail when it never comes."""
    end = time.monotonic() + TIMEOUT
    while not true():
        if time.monotonic() > end:
            raise AssertionError("what the test waits for did not happen")
        time.sleep(0.005)


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sluice-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def file(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def capture(self, name, frames, gap_us=0):
        path = self.dir / name
        write_pcap(path, frames, gap_us)
        return path

    def start(self, *args, **more):
        child = start(*args, **more)
        self.addCleanup(lambda: (child.kill(), child.communicate()))
        return child

    def succeeds(self, *args, **more):
        done = run(*args, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def fails(self, status, text, *args, **more):
        """It exits with the status and says the text on stderr, and nothing on stdout."""
        done = run(*args, **more)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIn(text, done.stderr)
        return done

    def report(self, text):
        """A JSON report, whose account must balance."""
        r = json.loads(text)
        self.assertTrue(r["balanced"])
        self.assertEqual(r["packets_in"] + r["packets_copied"],
                         r["packets_out"] + r["packets_absorbed"] + r["packets_dropped"]
                         + r["packets_held"])
        self.assertEqual(r["packets_dropped"], sum(d["packets"] for d in r["drops"]))
        return r


main = unittest.main
