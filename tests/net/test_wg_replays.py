"""Messages between Sluice and wireguard-go are captured, and come again: as they were, and spoilt.

Nothing is said to them, nothing changes, and the session goes on. Nothing waits for silence: at the
end wireguard-go begins a session anew, and when it is there all that was sent before has been looked
at.
"""

import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "router"))

import flood  # noqa: E402
import test_wg  # noqa: E402
import wireguard  # noqa: E402
import wire  # noqa: E402
from capture import Capture  # noqa: E402
from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402
from tunnel_peer import COOKIE, DATA, INITIATION, RESPONSE  # noqa: E402

GO4 = "192.0.2.2"  # host b, where the flood goes, by IPv4 always
BATCH, PAUSE = 64, 0.05  # messages at once, which is no load, and seconds between them


def spoilt(payload):
    """Every bit flipped, every length, and one byte too many."""
    for bit in range(8 * len(payload)):
        yield payload[:bit // 8] + bytes([payload[bit // 8] ^ 1 << bit % 8]) + payload[bit // 8 + 1:]
    for n in range(len(payload)):
        yield payload[:n]
    yield payload + b"\0"


class Replays(test_wg.Wg):
    family, header = 4, IP
    sluice, go_address = "192.0.2.1", GO4  # hosts a and b

    def setUp(self):
        super().setUp()
        self.x, self.y = self.device(self.a, "a"), self.go(self.b, "b")
        self.wire = wire.Wire(self.b.name, "eth0")
        self.addCleanup(self.wire.close)

    def quiet(self):
        """The kernels say nothing of their own in the tunnel."""
        for device in self.x, self.y:
            device.host.run("sysctl", "-qw", f"net.ipv6.conf.{device.name}.disable_ipv6=1")

    def meet(self, first, second):
        """Make a session while wireguard-go is under load. Returns what Sluice heard, one message
        of each kind and length."""
        capture = Capture(self, self.sluice, self.go_address)
        self.inner, there = "10.9.0.1", "10.9.0.2"  # Sluice's own, and the other end's
        if first is self.y:
            self.inner, there = there, self.inner
        self.join(first, second, family=self.family)
        self.quiet()
        f = flood.Flood(self, self.a, self.y, GO4)
        f.wait()
        self.reaches(first.host)
        f.stop()
        self.reaches(self.a, there)
        self.reaches(self.b, self.inner)
        heard = {(m.kind, len(m.payload)): m for m in capture.stop()
                 if m.source == self.go_address}
        return list(heard.values())

    def send(self, like, payloads, port=None):
        """To Sluice, with the addresses of a message that it heard."""
        head = (Ether(src=like.frame[Ether].src, dst=like.frame[Ether].dst) /
                self.header(src=self.go_address, dst=self.sluice))
        for n, p in enumerate(payloads):
            udp = UDP(sport=port or like.frame[UDP].sport, dport=like.frame[UDP].dport)
            self.wire.send(bytes(head / udp / Raw(p)))
            if n % BATCH == BATCH - 1:
                time.sleep(PAUSE)

    def begin_anew(self):
        """wireguard-go does, who has forgotten everything."""
        self.y.set("peer", self.x.key, "remove")
        address = f"[{self.sluice}]" if self.family == 6 else self.sluice
        self.y.add(self.x, f"{self.inner}/32", "endpoint", f"{address}:{self.x.port()}")
        self.reaches(self.b, self.inner)

    def nothing_comes_of_it(self, heard):
        state = self.state()
        capture = Capture(self, self.sluice, self.go_address)
        sent = set()
        for m in heard:
            self.send(m, [m.payload] * 20)
            self.send(m, [m.payload] * 20, port=7)
            self.send(m, spoilt(m.payload))
            self.send(m, [m.payload])
            sent |= {m.payload, *spoilt(m.payload)}
        self.reaches(self.b, self.inner)
        self.assertEqual(self.state(), state)
        self.begin_anew()
        said = capture.stop()
        answers = [m.kind for m in said if m.source == self.sluice and m.kind != DATA]
        asked = {m.payload for m in said if m.source == self.go_address and m.kind == INITIATION} - sent
        self.assertEqual(set(answers), {RESPONSE})
        self.assertLessEqual(len(answers), len(asked))

    def state(self):
        """Where Sluice sees its peer, and since when it has the session."""
        return [self.x.show(what, self.y.key) for what in ("endpoints", "latest-handshakes")]

    def check(self, heard, *kinds):
        self.assertEqual({m.kind for m in heard}, set(kinds))
        self.nothing_comes_of_it(heard)

    def test_what_an_initiator_hears(self):
        self.check(self.meet(self.x, self.y), COOKIE, RESPONSE, DATA)

    def test_what_a_responder_hears(self):
        self.check(self.meet(self.y, self.x), INITIATION, COOKIE, DATA)


class Replays6(Replays):
    family, header = 6, IPv6
    sluice, go_address = "2001:db8::1", "2001:db8::2"


if __name__ == "__main__":
    wireguard.skip_unless_possible()
    test_wg.Wg.alias = os.path.abspath(sys.argv.pop(1))
    unittest.main()
