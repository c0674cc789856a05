#!/usr/bin/env python3
"""router: packets that a router forwards in a second of its thread's processor time, beside DPDK's
example l3fwd with its FIB lookup, in turns on the same core.

Usage: router.py SLUICE FOLDER

Both forward a looped capture of 64-byte frames between two net_pcap devices whose output is
dropped; a second row of Sluice reads the capture itself. l3fwd (package dpdk-doc) is built in
FOLDER, its only change that it does not ask the devices for checksums. It knows its neighbours
beforehand, sends no ICMP, and looks at no more of a header than its lookup needs.
"""

import json
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

import example
import process

PACKETS = 1000
ETHERNET = bytes.fromhex("020000000002" "020000000001" "0800")

RULES4 = "R198.18.0.0/24 0\nR198.18.1.0/24 1\n"
RULES6 = "R2001:0db8:0000:0000:0000:0000:0000:0000/64 0\n"

NETWORK = """
addresses:
  lan: 198.18.2.1/24
  wan: 198.18.3.1/24
routes:
  198.18.0.0/24: 198.18.2.2
  198.18.1.0/24: 198.18.3.2
neighbours:
  198.18.2.2: "02:00:00:00:01:02"
  198.18.3.2: "02:00:00:00:01:03"
"""


def checksum(header):
    total = sum(struct.unpack("!10H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def frame(draw, number):
    """64 bytes of UDP to a random host of either network."""
    dst = bytes([198, 18, draw.randrange(2), draw.randrange(1, 255)])
    ip = bytearray(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 50, number, 0, 64, 17, 0,
                               bytes([198, 19, 0, 1]), dst))
    ip[10:12] = struct.pack("!H", checksum(bytes(ip)))
    udp = struct.pack("!HHHH", 1024 + number, 53, 30, 0)
    return ETHERNET + bytes(ip) + udp + bytes(22)


def write_capture(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i, data in enumerate(frames):
            f.write(struct.pack("<IIII", 1700000000, i, len(data), len(data)) + data)


def devices(capture):
    return [f"net_pcap{i},rx_pcap={capture},infinite_rx=1" for i in range(2)]


# ---- l3fwd

def l3fwd(program, capture, rules, *eal):
    """Returns Mpps."""
    return example.run(
        program, [*(f"--vdev={d}" for d in devices(capture)), *eal],
        ["-p", "3", "-P", "--config=(0,0,0),(1,0,0)", "--lookup=fib", "--parse-ptype",
         f"--rule_ipv4={rules / 'v4'}", f"--rule_ipv6={rules / 'v6'}"])


# ---- sluice

def sluice(program, ports):
    """Returns Mpps."""
    text = f"cpus: [{process.last_cpu()}]\nidle: off\n" + ports + NETWORK
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(text)
        f.flush()
        p = subprocess.Popen([program, "run", "--json", f.name], stdout=subprocess.PIPE,
                             text=True)
        time.sleep(example.START + process.SECONDS)
        cpu = example.cpu_seconds(p.pid, "sluice-worker")
        p.send_signal(signal.SIGINT)
        out, _ = p.communicate(timeout=30)
    report = json.loads(out)
    if report["drops"]:
        sys.exit(f"router: packets were dropped: {report['drops']}")
    return report["packets_out"] / cpu / 1e6


def between_devices(capture):
    lan, wan = devices(capture)
    return f"""
ports:
  lan: {{device: "{lan}", mac: "02:00:00:00:00:02"}}
  wan: {{device: "{wan}", mac: "02:00:00:00:00:02"}}
"""


def between_captures(capture):
    return f"""
apps:
  a: {{pcap-reader: {{file: "{capture}", loop: forever}}}}
  b: {{pcap-reader: {{file: "{capture}", loop: forever}}}}
  x: sink
  y: sink
ports:
  lan: {{in: a, out: x, mac: "02:00:00:00:00:02"}}
  wan: {{in: b, out: y, mac: "02:00:00:00:00:02"}}
"""


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    peer = example.build(folder, "l3fwd", "main.c")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        rules = pathlib.Path(name)
        capture = rules / "bench.pcap"
        draw = random.Random(1)
        write_capture(capture, [frame(draw, i) for i in range(PACKETS)])
        (rules / "v4").write_text(RULES4)
        (rules / "v6").write_text(RULES6)
        vector = "--force-max-simd-bitwidth=512"
        process.compare("routing 64-byte frames, of processor time", "Mpps", {
            "l3fwd": lambda: l3fwd(peer, capture, rules),
            "l3fwd, AVX-512 lookup": lambda: l3fwd(peer, capture, rules, vector),
            "sluice, same devices": lambda: sluice(program, between_devices(capture)),
            "sluice, capture to sink": lambda: sluice(program, between_captures(capture)),
        }, "l3fwd")


if __name__ == "__main__":
    main()
