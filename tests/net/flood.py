"""Floods of handshake messages with a right mac1, which whoever knows a public key can send.

Run as a program it sends one from the interface eth0 of its host until it is told to end, and says
then how many messages that were.
"""

import os
import signal
import socket
import struct
import subprocess
import sys
import time

import hosts
import tunnel_peer

try:
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether
    from scapy.packet import Raw
except ImportError:
    print("skipped: there is no scapy (python3-scapy)")
    sys.exit(hosts.SKIPPED)

STRANGERS, GATEWAY = "198.18.0.0/15", "192.0.2.99"  # whom the messages seem to be from
DISTINCT = 600
AT_ONCE = 300  # messages: more than may wait before a tunnel is under load
EVERY = 0.012  # seconds, which makes 25,000 a second


def mac_of(host):
    return host.run("cat", "/sys/class/net/eth0/address").stdout.strip()


class Flood:
    """From a host to the WireGuard device of another, whose address on the link is told, until it
    is stopped."""

    def __init__(self, case, source, device, address):
        self.victim = device.host
        # Answers go to nobody, but they do go.
        self.victim.ip("route", "replace", STRANGERS, "via", GATEWAY, "dev", "eth0", "onlink")
        self.victim.ip("neighbour", "replace", GATEWAY, "lladdr", "02:00:00:00:00:99",
                       "dev", "eth0")
        self.process = source.start(sys.executable, __file__, mac_of(device.host), address,
                                    device.port(), device.key, stdout=subprocess.PIPE)
        case.addCleanup(self.kill)
        if self.process.stdout.readline() != "begun\n":
            raise AssertionError("the flood does not begin")
        self.began = time.monotonic()

    def wait(self):
        """Until the device is under load, and says so to strangers."""
        count = "/sys/class/net/eth0/statistics/tx_packets"
        before = int(self.victim.run("cat", count).stdout)
        hosts.eventually("there is load",
                         lambda: int(self.victim.run("cat", count).stdout) > before + AT_ONCE)

    def stop(self):
        """Returns how many messages there were a second."""
        seconds = time.monotonic() - self.began
        self.process.terminate()
        return int(self.process.communicate(timeout=hosts.PATIENCE)[0]) / seconds

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def frames(mac, address, port, key):
    with open("/sys/class/net/eth0/address", encoding="ascii") as f:
        head = Ether(src=f.read().strip(), dst=mac)
    stranger = tunnel_peer.Peer(key)
    for n in range(DISTINCT):
        message = struct.pack("<I", tunnel_peer.INITIATION) + os.urandom(112)
        yield bytes(head / IP(src=f"198.18.{n >> 8}.{n & 255}", dst=address) /
                    UDP(sport=7, dport=port) / Raw(stranger.with_macs(message)))


def send(heaps):
    """Send one heap after the other until SIGTERM. Returns how many messages that were."""
    ended, sent, due = [], 0, time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as s:
        s.bind(("eth0", 0))
        print("begun", flush=True)
        while not ended:
            for frame in heaps[0]:
                s.send(frame)
            sent += len(heaps[0])
            heaps.append(heaps.pop(0))
            due = max(due + EVERY, time.monotonic() - 1)  # what it is late by, it makes up for
            time.sleep(max(due - time.monotonic(), 0))
    return sent


def main(mac, address, port, key):
    all_frames = list(frames(mac, address, int(port), key))
    print(send([all_frames[n:n + AT_ONCE] for n in range(0, DISTINCT, AT_ONCE)]))


if __name__ == "__main__":
    import base64
    main(*sys.argv[1:4], base64.b64decode(sys.argv[4]))
