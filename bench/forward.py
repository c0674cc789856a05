#!/usr/bin/env python3
"""forward: packets a second between two net_null devices, beside dpdk-testpmd in io mode on the
same devices, both as processes of their own on the same core.

Usage: forward.py SLUICE
"""

import re
import shutil
import subprocess
import sys
import time

import process

DEVICES = ("net_null0", "net_null1")

GRAPH = f"""
cpus: [{process.last_cpu()}]
idle: off
apps:
  a: {{dpdk: "{DEVICES[0]}"}}
  b: {{dpdk: "{DEVICES[1]}"}}
links:
  - a -> b
  - b -> a
"""


def wait_for_prompt(p):
    seen = ""
    while not seen.endswith("testpmd> "):
        c = p.stdout.read(1)
        if not c:
            sys.exit(f"forward: testpmd does not start:\n{seen}")
        seen += c


def testpmd(huge, burst):
    """Returns Mpps."""
    memory = ["--in-memory"] if huge else ["--no-huge", "-m", "512"]
    command = ["dpdk-testpmd", "--lcores", f"0@{process.first_cpu()},1@{process.last_cpu()}",
               *memory, "--no-pci", "--no-telemetry", "--log-level=*:error",
               *(f"--vdev={d}" for d in DEVICES),
               "--", "-i", "--forward-mode=io", f"--burst={burst}", "--total-num-mbufs=8192"]
    p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    wait_for_prompt(p)
    p.stdin.write("start\n")
    p.stdin.flush()
    begin = time.monotonic()
    time.sleep(process.SECONDS)
    p.stdin.write("stop\nquit\n")
    p.stdin.flush()
    end = time.monotonic()
    out, _ = p.communicate(timeout=30)
    total = out.split("Accumulated forward statistics")[-1]
    packets = int(re.search(r"TX-packets:\s*(\d+)", total).group(1))
    return packets / (end - begin) / 1e6


def sluice(program, huge):
    return process.sluice(program, GRAPH, huge)


def main():
    program = sys.argv[1]
    if not shutil.which("dpdk-testpmd"):
        sys.exit("forward: dpdk-testpmd is not installed (package dpdk)")
    contenders = {
        "testpmd io, burst 32": lambda: testpmd(False, 32),
        "testpmd io, burst 64": lambda: testpmd(False, 64),
        "sluice": lambda: sluice(program, False),
    }
    if process.huge_free() >= 256:
        contenders["testpmd io, burst 32, hugepages"] = lambda: testpmd(True, 32)
        contenders["testpmd io, burst 64, hugepages"] = lambda: testpmd(True, 64)
        contenders["sluice, hugepages"] = lambda: sluice(program, True)
    else:
        print("no hugepages are reserved: testpmd's faster rows are left out")
    process.compare("forwarding between " + " and ".join(DEVICES), "Mpps", contenders,
                    "testpmd io, burst 32, hugepages" if process.huge_free() >= 256
                    else "testpmd io, burst 32")


if __name__ == "__main__":
    main()
