#!/usr/bin/env python3
"""command: what a person at the command line meets: how long a small replay takes from start to
end, what an idle engine costs, what a second worker brings, and what hugepages do.

Usage: command.py SLUICE CAPTURE
"""

import os
import signal
import subprocess
import sys
import tempfile
import time

import process

PIPES = """
cpus: [{cpus}]
workers: {workers}
apps:
  s: source
  d: sink
links:
  - s -> d
"""

IDLE = """
apps:
  t: {tap: {name: slbench%d}}
  d: sink
links:
  - t -> d
"""

LOOPED = """
cpus: [{cpu}]
apps:
  r: {{pcap-reader: {{file: {capture}, loop: forever}}}}
  d: sink
links:
  - r -> d
"""


def replay_seconds(program, capture):
    begin = time.monotonic()
    subprocess.run([program, "replay", capture], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def source_mpps(program, workers, huge=False):
    cpus = f"{process.last_cpu()}, {process.first_cpu()}"
    graph = PIPES.format(cpus=cpus if workers == 2 else process.last_cpu(), workers=workers)
    return process.sluice(program, graph, huge)


def looped_mpps(program, capture, huge):
    graph = LOOPED.format(cpu=process.last_cpu(), capture=capture)
    return process.sluice(program, graph, huge)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_percent(program):
    """Processor time of `sluice run` with nothing to do, in percent of a core."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(IDLE % os.getpid())
        f.flush()
        p = subprocess.Popen([program, "run", f.name], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        time.sleep(1)
        before, begin = cpu_seconds(p.pid), time.monotonic()
        time.sleep(3)
        used, lasted = cpu_seconds(p.pid) - before, time.monotonic() - begin
        p.send_signal(signal.SIGINT)
        p.wait(timeout=30)
    return 100 * used / lasted


def main():
    program, capture = sys.argv[1], os.path.abspath(sys.argv[2])
    process.compare("sluice replay of a small capture, start to end", "s",
                    {"replay": lambda: replay_seconds(program, capture)}, "replay")
    if os.geteuid() == 0:
        process.compare("sluice run with an idle tap", "% core",
                        {"idle": lambda: idle_percent(program)}, "idle")
    process.compare("source -> sink, 60 bytes", "Mpps", {
        "one worker": lambda: source_mpps(program, 1),
        "two workers": lambda: source_mpps(program, 2),
    }, "one worker")
    if process.huge_free() < 64:
        print("\nno hugepages are reserved: their rows are left out")
        return
    process.compare("source -> sink, memory", "Mpps", {
        "no hugepages": lambda: source_mpps(program, 1, False),
        "hugepages": lambda: source_mpps(program, 1, True),
    }, "hugepages")
    process.compare("looped capture -> sink, memory", "Mpps", {
        "no hugepages": lambda: looped_mpps(program, capture, False),
        "hugepages": lambda: looped_mpps(program, capture, True),
    }, "hugepages")


if __name__ == "__main__":
    main()
