"""Captures, half of them broken on purpose, replayed through the router: it ends by itself, every
packet is accounted for, and what leaves is well formed.

The captures are those of SLUICE_CORPUS, or the one in bench/captures. The same is done with the
binary of the sanitizers where that is built beside.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

PORTS = 4
PATIENCE = 120
TOP = pathlib.Path(__file__).resolve().parents[3]
ETHERNET = 1

ROUTER = """\
apps:
{apps}
ports:
{ports}
addresses:
  p0: [10.0.0.1/24, "fd00::1/64"]
  p1: [192.168.1.1/16, "2001:db8::1/64"]
  p2: [172.16.0.1/12, "fd00:2::1/64"]
  p3: [198.51.100.1/24, "fd00:3::1/64"]
routes:
  0.0.0.0/0: 198.51.100.2
  "::/0": "fd00:3::2"
  "3ffe::/16": unreachable
  224.0.0.0/8: blackhole
neighbours:
  198.51.100.2: "02:00:00:00:03:02"
  "fd00:3::2": "02:00:00:00:03:02"
"""


def is_whole(path):
    """Whether a pcap file is of Ethernet frames and undamaged."""
    b = path.read_bytes()
    if len(b) < 24 or b[:4] not in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1"):
        return False
    order = ">" if b[0] == 0xA1 else "<"
    if struct.unpack(order + "I", b[20:24])[0] & 0xFFFF != ETHERNET:
        return False
    at = 24
    while at < len(b):
        if at + 16 > len(b):
            return False
        at += 16 + struct.unpack(order + "I", b[at + 8:at + 12])[0]
    return at == len(b)


def captures():
    corpus = os.environ.get("SLUICE_CORPUS")
    if not corpus:
        print("SLUICE_CORPUS is not set: a capture of our own has to do")
        return [TOP / "bench" / "captures" / "mixed.pcap"]
    return sorted(p for p in (pathlib.Path(corpus) / "pcap").glob("*.pcap") if is_whole(p))


def frames(path):
    """The frames of a capture that Sluice wrote."""
    b = path.read_bytes()
    at = 24
    while at < len(b):
        n = struct.unpack("<I", b[at + 8:at + 12])[0]
        yield b[at + 16:at + 16 + n]
        at += 16 + n


def folded(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class Captures(unittest.TestCase):
    binary = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-captures-")
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def route(self, binary, files):
        """Replay files, dealt over the ports. Returns the report."""
        apps, ports = [], []
        for k in range(PORTS):
            mine = ", ".join(json.dumps(str(f)) for f in files[k::PORTS] or files[:1])
            apps += [f"  r{k}: {{pcap-reader: {{file: [{mine}]}}}}",
                     f"  w{k}: {{pcap-writer: {{file: {self.dir}/{k}.pcap}}}}"]
            ports += [f'  p{k}: {{in: r{k}, out: w{k}, mac: "02:00:00:00:00:{k:02x}", '
                      "promiscuous: yes}"]
        path = self.dir / "router.yaml"
        path.write_text(ROUTER.format(apps="\n".join(apps), ports="\n".join(ports)))
        run = subprocess.run([binary, "run", path, "--json"], capture_output=True, text=True,
                             timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(run.returncode, 0, run.stderr[-3000:])
        return json.loads(run.stdout)

    def check_frame(self, f):
        """What the router sends is right as far as the router is concerned."""
        kind = f[12:14]
        self.assertIn(kind, (b"\x08\0", b"\x86\xdd", b"\x08\6"))
        if kind == b"\x08\0":
            ihl, total = (f[14] & 15) * 4, int.from_bytes(f[16:18], "big")
            self.assertEqual((f[14] >> 4, len(f)), (4, 14 + total))
            self.assertGreater(f[22], 0)
            self.assertEqual(folded(f[14:14 + ihl]), 0xFFFF)
        elif kind == b"\x86\xdd":
            self.assertEqual((f[14] >> 4, len(f)), (6, 54 + int.from_bytes(f[18:20], "big")))
            self.assertGreater(f[21], 0)

    def accounts(self, report):
        """Every packet is somewhere, and what was dropped has a reason that a class names."""
        self.assertTrue(report["balanced"])
        self.assertEqual(report["packets_held"], 0)
        for d in report["drops"]:
            self.assertTrue(d["reason"], d)
            self.assertNotIn(d["reason"], ("no_reason", "full"), d)
        self.assertEqual(sum(d["packets"] for d in report["drops"]), report["packets_dropped"])
        self.assertEqual(report["packets_in"] + report["packets_copied"],
                         report["packets_out"] + report["packets_absorbed"] +
                         report["packets_dropped"])

    def all_captures(self, binary):
        files = captures()
        report = self.route(binary, files)
        self.accounts(report)
        sent = [f for k in range(PORTS) for f in frames(self.dir / f"{k}.pcap")]
        for f in sent:
            self.check_frame(f)
        self.assertEqual(sum(a["consumed"] for a in report["apps"] if a["class"] == "pcap-writer"),
                         len(sent))
        print(f"{len(files)} captures: {report['packets_in']} packets in, {len(sent)} out, "
              f"{report['packets_dropped']} dropped:")
        for d in report["drops"]:
            print(f"  {d['packets']:7} {d.get('app') or d.get('link')}: {d['reason']}")

    def test_every_packet_of_the_captures_is_accounted_for(self):
        self.all_captures(self.binary)

    def test_so_it_is_under_the_sanitizers(self):
        binary = TOP / "build-asan" / "sluice"
        if not binary.exists():
            self.skipTest("there is no build-asan/sluice")
        environment = {"ASAN_OPTIONS": "detect_stack_use_after_return=1",
                       "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                       "LD_LIBRARY_PATH": str(binary.parent)}
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ.update(environment)
        self.all_captures(binary)


if __name__ == "__main__":
    Captures.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
