"""What WireGuard devices say to each other on a link, as tcpdump sees it."""

import subprocess
import sys

import hosts

try:
    from scapy.layers.inet import IP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.utils import rdpcap
except ImportError:
    print("skipped: there is no scapy (python3-scapy)")
    sys.exit(hosts.SKIPPED)


class Message:
    """A datagram."""

    def __init__(self, frame):
        self.frame = frame
        self.source = frame[IP if IP in frame else IPv6].src
        self.payload = bytes(frame[UDP].payload)
        self.kind = self.payload[0] if self.payload else None


class Capture:
    """Of the UDP between hosts a and b, which have these addresses on eth0, until it is stopped."""

    def __init__(self, case, one, other):
        case.a.send_singly("eth0")
        case.b.send_singly("eth0")
        self.path = case.dir / f"capture{len(list(case.dir.iterdir()))}.pcap"
        self.process = case.a.start(
            "tcpdump", "-i", "eth0", "-n", "-U", "--immediate-mode", "-w", self.path,
            f"udp and host {one} and host {other}", stderr=subprocess.PIPE)
        case.addCleanup(self.kill)
        while "listening on" not in (line := self.process.stderr.readline()):
            if not line:
                raise AssertionError("tcpdump does not start")

    def stop(self):
        """Returns the messages."""
        self.process.terminate()
        self.process.communicate(timeout=hosts.PATIENCE)
        return [Message(p) for p in rdpcap(str(self.path))]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
