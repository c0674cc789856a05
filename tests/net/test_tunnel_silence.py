"""A tunnel looked at from outside, by one who sends raw packets: what must be silent is silent.

Nothing waits for silence. Behind what must not be answered goes a valid initiation, which is; when
its answer has come, everything before it has been looked at, and the answer must be all that came.
"""

import base64
import copy
import os
import pathlib
import random
import struct
import sys
import time
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "router"))

import hosts  # noqa: E402
import tunnel_peer  # noqa: E402
import wire  # noqa: E402
from test_tunnel_sockets import GRAPH, PORT  # noqa: E402

try:
    from scapy.config import conf
    from scapy.layers.inet import ICMP, IP, UDP
    from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6
    from scapy.layers.l2 import Ether
    from scapy.packet import Raw
    conf.ipv6_enabled = True
except ImportError:
    print("skipped: there is no scapy (python3-scapy)")
    sys.exit(hosts.SKIPPED)

HERE, THERE = "02:00:00:00:00:02", "02:00:00:00:00:01"  # ours, the tunnel's
ADDRESSES = {4: ("192.0.2.2", "192.0.2.1"), 6: ("2001:db8::2", "2001:db8::1")}
SOURCE_PORT = 40000
BATCH = 100  # messages at once, which is no load yet


def flipped(message, bit):
    out = bytearray(message)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


def inner(src):
    """A packet that the tunnel's kernel does not answer."""
    return bytes(IP(src=src, dst="10.9.0.1") / ICMP(type=0) / (b"x" * 40))


def is_neighbourly(p, frame):
    """Whether that is what a kernel says on a link without being asked: ARP, neighbour and router
    discovery, and who listens to which group."""
    return p.type == 0x0806 or IPv6 in p and (p[IPv6].nh == 0 or 133 <= frame[54] <= 143)


class Silence(hosts.Case):
    def setUp(self):
        super().setUp()
        self.name = f"sl{os.getpid()}t"
        self.a.ip("link", "add", "eth0", "address", HERE, "type", "veth", "peer", "name", "eth0",
                  "address", THERE, "netns", self.m.name)
        self.a.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
        self.a.ip("link", "set", "eth0", "up")
        self.m.address("eth0", "192.0.2.1/24", "2001:db8::1/64")
        self.m.send_singly("eth0")
        for ours, _ in ADDRESSES.values():
            self.m.ip("neighbour", "replace", ours, "lladdr", HERE, "dev", "eth0")
        self.peers = self.start()
        self.wire = wire.Wire(self.a.name, "eth0")
        self.addCleanup(self.wire.close)
        self.tun = wire.Wire(self.m.name, self.name)
        self.addCleanup(self.tun.close)
        self.family, self.asked = 4, set()

    def start(self):
        """Run the tunnel. Returns its peers, the first of which is the one that is asked behind."""
        key, public = self.make_key("tunnel")
        tunnel_key = base64.b64decode(public)
        peers = [tunnel_peer.Peer(tunnel_key) for _ in range(2)]
        lines = [f"{base64.b64encode(p.public).decode()} allowed=10.9.{i}.2/32" for i, p in enumerate(peers)]
        self.sluice_run = self.sluice(GRAPH.format(
            name=self.name, addresses='"10.9.0.1/16"', key=key, port=PORT,
            peer='", "'.join(lines), way="counter"))
        # its interface comes before its socket, without which the host itself answers
        hosts.eventually("the tunnel listens", lambda: f":{PORT} " in self.m.run("ss", "-Hlun").stdout
                         or not self.sluice_run.running())
        return peers

    # ---- the wire

    def send(self, payload, port=SOURCE_PORT, **udp):
        src, dst = ADDRESSES[self.family]
        ip = (IP if self.family == 4 else IPv6)(src=src, dst=dst)
        self.wire.send(bytes(Ether(src=HERE, dst=THERE) / ip /
                             UDP(sport=port, dport=PORT, **udp) / payload))

    def received(self):
        """What has come, as UDP payload or, where it has none, as a frame."""
        while (frame := self.wire.receive()) is not None:
            p = Ether(frame)
            if UDP in p:
                yield bytes(p[UDP].payload)
            elif not is_neighbourly(p, frame):
                yield frame

    def is_owed(self, m):
        """Whether it is an answer that we asked for, or a keepalive."""
        return (m[4:8] in self.asked and len(m) == 64 or m[8:12] in self.asked and len(m) == 92
                or self.peers[0].open(m) == b"")

    def ask(self):
        """Send an initiation until one is answered: the peer has a new session then.

        Returns what else has come before."""
        got, tries, end = [], [], time.monotonic() + hosts.PATIENCE
        while time.monotonic() < end:
            time.sleep(0.025)  # initiations that are closer are not answered
            tries.append(copy.copy(self.peers[0]))
            self.send(tries[-1].initiation())
            self.peers[0].stamp = tries[-1].stamp
            self.asked.add(tries[-1].index)
            wire.wait([self.wire], 1)
            got += self.received()
            for t in tries:
                if any(t.finish(m) for m in got):
                    self.peers[0] = t
                    return [m for m in got if not self.is_owed(m)]
        return self.fail("the tunnel does not answer any more")

    def assert_silent(self, messages, **udp):
        n = 0
        for n, m in enumerate(messages, 1):
            self.send(m, **udp)
            if n % BATCH == 0:
                self.assertEqual(self.ask(), [])
        self.assertGreater(n, 0)
        self.assertEqual(self.ask(), [])
        self.assertIsNone(self.tun.receive())

    def connect(self):
        self.assertEqual(self.ask(), [])
        self.send(self.peers[0].data(b""))

    def assert_comes_out(self, packet):
        """This packet, and no other."""
        got = []
        hosts.eventually("a packet comes out",
                         lambda: (p := self.tun.receive()) and not got.append(p))
        self.assertEqual(got, [packet])
        self.assertIsNone(self.tun.receive())

    # ---- what is silent

    def test_other_lengths_types_and_reserved_bytes(self):
        peer = self.peers[1]
        for self.family in (4, 6):
            m = peer.initiation()
            self.assert_silent(m[:n] for n in range(len(m)))
            self.assert_silent(m + bytes(n) for n in range(1, 20))
            self.assert_silent(bytes([t]) + bytes(n) for t in range(256) for n in (0, 31, 147))
            self.assert_silent(bytes([t]) + reserved + m[4:] for t in range(1, 5)
                               for reserved in (b"\1\0\0", b"\0\1\0", b"\0\0\1"))

    def test_flipped_bits_of_an_initiation(self):
        peer = self.peers[1]
        m = peer.initiation()
        self.assert_silent(flipped(m, bit) for bit in range(8 * 132))
        # By one who knows the tunnel's key; the sender index is nobody's secret.
        bits = [bit for bit in range(8 * 116) if bit // 32 != 1]
        self.assert_silent(peer.with_macs(flipped(m[:116], bit)) for bit in bits)
        self.send(m)  # and as it is, it is the peer's
        self.assertEqual([peer.finish(answer) for answer in self.ask()], [True])

    def test_strangers_and_keys_of_low_order(self):
        stranger = tunnel_peer.Peer(self.peers[0].tunnel_key)
        for self.family in (4, 6):
            self.assert_silent(stranger.initiation() for _ in range(50))
            self.assert_silent(self.peers[1].initiation(k) for k in tunnel_peer.LOW_ORDER)

    def test_replays_and_old_initiations(self):
        peer = self.peers[1]
        old, new = peer.initiation(), peer.initiation()
        self.send(new)
        self.assertEqual([peer.finish(answer) for answer in self.ask()], [True])
        self.assert_silent([old, new, new, old] * 5)
        self.assert_silent([new] * 5, port=SOURCE_PORT + 1)

    def test_a_clock_that_goes_back(self):
        """Who comes from the past is not answered; his session goes on, and when his clock is right
        again he gets another."""
        peer = self.peers[1]
        peer.stamp = now = 2000000000
        self.send(peer.initiation())
        self.assertEqual([peer.finish(answer) for answer in self.ask()], [True])
        self.send(peer.data(b""))
        for back in (1, 2, 3600, 10 * 365 * 86400, now - 1):
            peer.stamp = now - back
            self.assert_silent(peer.initiation() for _ in range(min(back, 20)))
        self.send(peer.data(inner("10.9.1.2")))
        self.assert_comes_out(inner("10.9.1.2"))
        peer.stamp = now + 1
        self.send(peer.initiation())
        self.assertEqual([peer.finish(answer) for answer in self.ask()], [True])

    def test_icmp_errors_make_no_packet_shorter(self):
        """Over IPv4 the outer packets stay as they were, too. Over IPv6, where only a host can
        divide them, the kernel does, if the error is about its own socket."""
        for self.family in (4, 6):
            self.connect()
            whole = self.outer_packets()
            self.assertEqual(len(whole), 1)
            quoted = bytearray(whole[0][:500])
            quoted[21 if self.family == 4 else 41] ^= 1  # our port
            for q in bytes(quoted), b"", whole[0][:20]:
                self.say_too_big(q)
                self.assertEqual(self.outer_packets(), [mock.ANY])
            self.say_too_big(whole[0][:500])
            if self.family == 4:
                self.assertEqual(self.outer_packets(), [mock.ANY])
            else:
                hosts.eventually("it is divided", lambda: len(self.outer_packets()) == 2)

    def outer_packets(self):
        """What is sent for the longest packet that the tunnel takes, which may not be divided."""
        while self.wire.receive():
            pass
        said = self.m.run("ping", "-n", "-c", "1", "-W", "0.2", "-s", 1392, "-M", "do", "10.9.0.2",
                          check=False).stdout
        self.assertNotIn("Frag needed", said)
        frames = []
        hosts.eventually("it is sent", lambda: frames.extend(self.long_packets()) or frames)
        return frames

    def long_packets(self):
        while frame := self.wire.receive():
            if len(frame) > 150:
                yield frame[14:]

    def say_too_big(self, quoted):
        """A router on the way: packets may be no longer than 1280 bytes."""
        if self.family == 4:
            p = IP(src="192.0.2.9", dst=ADDRESSES[4][1]) / ICMP(type=3, code=4, nexthopmtu=1280)
        else:
            p = IPv6(src="2001:db8::9", dst=ADDRESSES[6][1]) / ICMPv6PacketTooBig(mtu=1280)
        self.wire.send(bytes(Ether(src=HERE, dst=THERE) / p / Raw(quoted)))

    def test_answers_to_nothing(self):
        def with_index(kind, length):
            m = struct.pack("<I", kind) + os.urandom(length - 4 - 32)
            return self.peers[0].with_macs(m)

        for self.family in (4, 6):
            self.assert_silent(with_index(tunnel_peer.RESPONSE, 92) for _ in range(100))
            self.assert_silent(struct.pack("<I", tunnel_peer.COOKIE) + os.urandom(60)
                               for _ in range(100))
            self.assert_silent(struct.pack("<I", tunnel_peer.DATA) + os.urandom(n)
                               for n in range(1, 200))

    def test_spoilt_and_replayed_data(self):
        self.connect()
        m = self.peers[0].data(inner("10.9.0.2"))
        for bit in range(8 * len(m)):
            self.send(flipped(m, bit))
        for n in range(len(m)):
            self.send(m[:n])
        for _ in range(20):
            self.send(m)
        self.assertEqual(self.ask(), [])
        self.assert_comes_out(inner("10.9.0.2"))

    def test_inner_packets_that_are_not_the_peers(self):
        self.connect()
        good = inner("10.9.0.2")
        bad = [inner("10.9.1.2"), inner("10.9.0.3"), inner("8.8.8.8"),
               b"\x45" * 19, b"\x60" * 39, bytes(40), b"\xff" * 40,
               flipped(good, 8 * 2),  # says that it is longer than it is
               bytes(IPv6(src="fd00::2", dst="fd00::1") / UDP())]
        for packet in bad + [good]:
            self.send(self.peers[0].data(packet))
        self.assertEqual(self.ask(), [])
        self.assert_comes_out(good)

    def test_wrong_udp_checksums_and_lengths(self):
        for self.family in (4, 6):
            m = [self.peers[1].initiation()] * 3
            self.assert_silent(m, chksum=0x1234)
            self.assert_silent(m, len=12)
            self.assert_silent(m, len=7)

    def test_noise(self):
        rng = random.Random(1)
        self.assert_silent(struct.pack("<I", rng.randrange(6)) + rng.randbytes(rng.randrange(200))
                           for _ in range(2000))

    # ---- floods

    def test_a_flood_never_gets_more_than_it_sends(self):
        """Without mac1 nothing; with it, under load, cookies, which are smaller."""
        self.assert_silent([struct.pack("<I", tunnel_peer.INITIATION) + bytes(144)] * 3000)
        stranger = tunnel_peer.Peer(self.peers[0].tunnel_key)
        messages = [stranger.initiation() for _ in range(20)]
        self.send(messages[0])
        for i in range(3000):
            self.send(messages[i % 20])
        time.sleep(1.1)  # the load is over
        got = self.ask()
        self.assertEqual({m[:4] for m in got} - {struct.pack("<I", tunnel_peer.COOKIE)}, set())
        self.assertLessEqual(len(got), 3001)

    def tearDown(self):
        status, report, complaints = self.sluice_run.stop()
        self.assertEqual(status, 0, complaints)
        self.assert_accounted(report)


if __name__ == "__main__":
    hosts.Case.binary = os.path.abspath(sys.argv.pop(1))
    hosts.skip_unless_possible()
    unittest.main(verbosity=2)
