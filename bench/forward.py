#!/usr/bin/env python3
"""forward: packets a second between two net_null devices, beside dpdk-testpmd in io mode on the
same devices.

Both run as processes of their own, in turns, each for a second and a half on the same core. The
rows are what each does by itself as installed: testpmd with hugepages where some are reserved,
and without; Sluice without, which is its default, and with them where there are some.

Usage: forward.py SLUICE [TURNS]
"""

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

SECONDS = 1.5
DEVICES = ("net_null0", "net_null1")

GRAPH = """
cpus: [{cpu}]
idle: off
apps:
  a: {{dpdk: "{0}"}}
  b: {{dpdk: "{1}"}}
links:
  - a -> b
  - b -> a
{eal}
"""


def last_cpu():
    return max(os.sched_getaffinity(0))


def huge_free():
    try:
        with open("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") as f:
            return int(f.read())
    except OSError:
        return 0


def wait_for_prompt(p):
    seen = ""
    while not seen.endswith("testpmd> "):
        c = p.stdout.read(1)
        if not c:
            sys.exit(f"forward: testpmd does not start:\n{seen}")
        seen += c


def testpmd(huge, burst):
    """Run testpmd for SECONDS; returns Mpps."""
    memory = ["--in-memory"] if huge else ["--no-huge", "-m", "512"]
    cpu = last_cpu()
    command = ["dpdk-testpmd", "--lcores", f"0@{min(os.sched_getaffinity(0))},1@{cpu}", *memory,
               "--no-pci", "--no-telemetry", "--log-level=*:error",
               *(f"--vdev={d}" for d in DEVICES),
               "--", "-i", "--forward-mode=io", f"--burst={burst}", "--total-num-mbufs=8192"]
    p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    wait_for_prompt(p)
    p.stdin.write("start\n")
    p.stdin.flush()
    begin = time.monotonic()
    time.sleep(SECONDS)
    p.stdin.write("stop\nquit\n")
    p.stdin.flush()
    end = time.monotonic()
    out, _ = p.communicate(timeout=30)
    total = out.split("Accumulated forward statistics")[-1]
    packets = int(re.search(r"TX-packets:\s*(\d+)", total).group(1))
    return packets / (end - begin) / 1e6


def sluice(program, huge):
    """Run Sluice for SECONDS; returns Mpps."""
    eal = "" if huge else 'eal: ["--no-huge", "-m", "64", "--iova-mode=va"]'
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(GRAPH.format(*DEVICES, cpu=last_cpu(), eal=eal if huge_free() else ""))
        f.flush()
        p = subprocess.Popen([program, "run", "--json", f.name], stdout=subprocess.PIPE,
                             text=True)
        time.sleep(SECONDS)
        p.send_signal(signal.SIGINT)
        out, _ = p.communicate(timeout=30)
    return json.loads(out)["mpps"]


def main():
    program = sys.argv[1]
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else int(os.environ.get("BENCH_TURNS", "7"))
    if not shutil.which("dpdk-testpmd"):
        sys.exit("forward: dpdk-testpmd is not installed (package dpdk)")
    contenders = {
        "testpmd io, no hugepages, burst 32": lambda: testpmd(False, 32),
        "sluice, no hugepages": lambda: sluice(program, False),
    }
    if huge_free() >= 256:
        contenders["testpmd io, hugepages, burst 32"] = lambda: testpmd(True, 32)
        contenders["testpmd io, hugepages, burst 64"] = lambda: testpmd(True, 64)
        contenders["sluice, hugepages"] = lambda: sluice(program, True)
    results = {name: [] for name in contenders}
    for _ in range(turns):
        for name, run in contenders.items():
            results[name].append(run())
    best = max(statistics.median(v) for n, v in results.items() if n.startswith("testpmd"))
    print(f"forwarding between {' and '.join(DEVICES)}, {turns} turns\n")
    print(f"  {'':36} {'Mpps':>8}  {'min..max':>16}  against the best testpmd")
    for name, values in results.items():
        median = statistics.median(values)
        spread = f"{min(values):.1f}..{max(values):.1f}"
        print(f"  {name:36} {median:8.1f}  {spread:>16}  {median / best:.2f}x")


if __name__ == "__main__":
    main()
