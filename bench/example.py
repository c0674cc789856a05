"""example: DPDK's example programs as peers: build one, run it, count what it sends."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import process

EXAMPLES = pathlib.Path("/usr/share/dpdk/examples")  # of package dpdk-doc
PORTS = 2
START = 1.5  # seconds until all are under way, as a rule
PATIENCE = 10  # so many times as long on a busy machine


def build(folder, name, main):
    """Build an example in a folder, its only change in the file `main`: it does not ask the devices
    for checksums. Returns the program."""
    source = folder / name
    if not (source / "build" / name).exists():
        if not (EXAMPLES / name).is_dir():
            sys.exit("bench: DPDK's examples are not installed (package dpdk-doc)")
        folder.mkdir(parents=True, exist_ok=True)
        for part in (name, "common"):
            shutil.copytree(EXAMPLES / part, folder / part, dirs_exist_ok=True)
        text = (source / main).read_text()
        offload = ".offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM"
        if offload not in text:
            sys.exit(f"bench: this {name} is not the one that is known here")
        (source / main).write_text(text.replace(offload, ".offloads = 0"))
        built = subprocess.run(["make", "-C", source], capture_output=True, text=True)
        if built.returncode:
            sys.exit(f"bench: {name} does not build:\n{built.stderr}")
    return source / "build" / name


def cpu_seconds(pid, name):
    """Processor time of a thread of that name."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int((task / "schedstat").read_text().split()[0]) / 1e9
    sys.exit(f"bench: no thread {name}")


def telemetry(prefix):
    runtime = "/var/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "/tmp")
    path = pathlib.Path(runtime) / "dpdk" / prefix / "dpdk_telemetry.v2"
    for _ in range(PATIENCE):
        if path.exists():
            break
        time.sleep(START)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(str(path))
    s.recv(4096)
    return s


def sent(connection):
    """Packets out of all ports."""
    total = 0
    for port in range(PORTS):
        connection.send(f"/ethdev/stats,{port}".encode())
        total += json.loads(connection.recv(16384))["/ethdev/stats"]["opackets"]
    return total


def run(program, eal, arguments):
    """Run an example for a while, its main thread on the last CPU. Returns the millions of packets
    that it sends in a second of that thread's processor time."""
    prefix = f"sluice-bench-{os.getpid()}"
    p = subprocess.Popen(
        [program, "--lcores", f"0@{process.last_cpu()}", "--no-huge", "-m", "512", "--no-pci",
         f"--file-prefix={prefix}", *eal, "--", *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with telemetry(prefix) as connection:
            time.sleep(START)
            name = pathlib.Path(f"/proc/{p.pid}/comm").read_text().strip()
            packets, cpu = sent(connection), cpu_seconds(p.pid, name)
            time.sleep(process.SECONDS)
            packets, cpu = sent(connection) - packets, cpu_seconds(p.pid, name) - cpu
    finally:
        p.send_signal(signal.SIGINT)
        p.wait(timeout=30)
    return packets / cpu / 1e6
