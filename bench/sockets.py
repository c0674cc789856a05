#!/usr/bin/env python3
"""sockets: how fast a stream of UDP goes through `sluice wg` between two network namespaces before
its receiver misses any, beside wireguard-go, in turns.

Usage: sockets.py SLUICE-WG

Both ends are the same program. Datagrams are of 1392 bytes, which makes inner packets of 1420, and
iperf3 counts them; its sockets have buffers of 4 MiB. A rate counts if at most one datagram of
10,000 is lost, in one of three tries.
"""

import contextlib
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/net"))

import hosts  # noqa: E402
import wireguard  # noqa: E402
import process  # noqa: E402

BYTES = 1392
FIRST, STEP = 20000, 1.15  # packets a second, and from each rate to the next
LOST_PERCENT = 0.01
SECONDS = 2
TRIES = 3


class Lab(contextlib.ExitStack):
    """Two hosts with a tunnel between them."""

    addCleanup = contextlib.ExitStack.callback

    def __init__(self, name, command):
        super().__init__()
        self.a, self.b = self.host(f"{name}a"), self.host(f"{name}b")
        self.a.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns",
                  self.b.name)
        self.a.address("eth0", "192.0.2.1/24")
        self.b.address("eth0", "192.0.2.2/24")
        x, y = (wireguard.Device(self, host, name + end, command)
                for host, end in ((self.a, "x"), (self.b, "y")))
        for device, address in ((x, "10.9.0.1/24"), (y, "10.9.0.2/24")):
            device.set_key(device.private)
            device.up(address)
        y.add(x, "10.9.0.1/32")
        x.add(y, "10.9.0.2/32", "endpoint", f"192.0.2.2:{y.port()}")
        hosts.eventually("the other end answers", lambda: self.a.pings("10.9.0.2"))

    def host(self, name):
        h = hosts.Host(name)
        self.addCleanup(h.close)
        return h

    def lost(self, rate):
        """Send so many datagrams a second. Returns which share was lost, in percent, and how many
        were sent in a second. iperf3 does not always end where too many are lost: then it is all."""
        server = self.b.start("iperf3", "-s", "-1", "--forceflush", stdout=subprocess.PIPE)
        while "listening" not in server.stdout.readline():
            pass
        client = self.a.start("iperf3", "-c", "10.9.0.2", "-J", "-u", "-l", BYTES, "-w", "4M",
                              "-t", SECONDS, "-b", rate * BYTES * 8, stdout=subprocess.PIPE)
        try:
            end = json.loads(client.communicate(timeout=3 * SECONDS)[0])["end"]["sum"]
        except (subprocess.TimeoutExpired, KeyError):
            return 100, 0
        finally:
            for p in client, server:
                p.kill()
                p.communicate()
        return end["lost_percent"], end["packets"] / end["seconds"]

    def without_loss(self):
        """Returns the highest rate, in thousands of packets a second."""
        rate, best = FIRST, 0
        while any(lost <= LOST_PERCENT and sent >= 0.95 * rate
                  for lost, sent in (self.lost(rate) for _ in range(TRIES))):
            rate, best = int(rate * STEP), rate / 1000
        return best


def main():
    wireguard.skip_unless_possible()
    with Lab("s", [sys.argv[1]]) as sluice, Lab("g", ["wireguard-go"]) as go:
        process.compare("UDP of 1392 bytes without loss", "kpps", {
            "wireguard-go": go.without_loss,
            "sluice wg": sluice.without_loss,
        }, "wireguard-go")


if __name__ == "__main__":
    main()
