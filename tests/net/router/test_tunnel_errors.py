"""ICMP errors about a tunnel of the router's file, from anybody (RFC 1191, RFC 8201): only one that
quotes a packet as it was on the wire makes the way to a peer narrower. The peer is in Python."""

import base64
import os
import struct
import time

import testbed
from testbed import IP, IPv6, hosts

from scapy.layers.inet import ICMP, UDP
from scapy.layers.inet6 import ICMPv6PacketTooBig
from scapy.packet import Raw
import tunnel_peer

PORT, FAR_PORT = 51820, 40000
AROUND = {4: 60, 6: 80}  # bytes of headers and tag
MTU = 1420
LONG = 1408  # the longest inner packet that needs no padding


class Case(testbed.Case):
    """A tunnel whose peers are hosts on wan: one over IPv4, 10.70.4.0/24, the other over IPv6."""

    routes = {**testbed.Case.routes, "10.70.0.0/16": "site"}

    def file(self):
        key = self.dir / "key"
        key.touch(0o600)
        private = os.urandom(32)
        key.write_text(base64.b64encode(private).decode())
        public = tunnel_peer.public(private)
        self.peers = {family: tunnel_peer.Peer(public) for family in (4, 6)}
        self.addresses = {4: (self.wan.host, self.wan.ip), 6: (self.wan.host6, self.wan.ip6)}
        peers = [f"{{key: {base64.b64encode(p.public).decode()}, allowed: 10.70.{family}.0/24}}"
                 for family, p in self.peers.items()]
        return super().file() + (f"tunnels:\n  site: {{key: key, listen: {PORT}, mtu: {MTU}, "
                                 f"peers: [{', '.join(peers)}]}}\n")

    def start(self):
        super().start()
        self.metrics = {"errors_forged": 0, "paths_lowered": 0}  # that there shall be at the end
        for family in self.peers:
            self.connect(family)

    def connect(self, family):
        peer = self.peers[family]
        answer = self.only(self.exchange(self.wan, self.from_peer(family, peer.initiation())),
                           self.wan)
        self.assertTrue(peer.finish(bytes(answer[UDP].payload)))
        self.exchange(self.wan, self.from_peer(family, peer.data(b"")))

    def from_peer(self, family, message):
        there, here = self.addresses[family]
        ip = (IP if family == 4 else IPv6)(src=there, dst=here)
        return ip / UDP(sport=FAR_PORT, dport=PORT) / Raw(message)

    def send(self, family, size):
        """A packet of the host on lan that may not be divided, to who is behind the peer."""
        p = IP(src=self.lan.host, dst=f"10.70.{family}.9", flags="DF") / UDP(sport=7, dport=8)
        return self.exchange(self.lan, p / Raw(bytes(size - len(p))))

    def sealed(self, family, size):
        """The packet around one that passes, as much of it as a router would quote."""
        p = self.only(self.send(family, size), self.wan).payload
        self.assertEqual(len(p), size + AROUND[family])
        return bytes(p)[:576]

    def is_told(self, family, size, mtu):
        """The packet is too long, its source hears for how much there is room."""
        self.check_told(self.only(self.send(family, size), self.lan), mtu)

    def check_told(self, frame, mtu):
        self.assertEqual((frame[ICMP].type, frame[ICMP].code, frame[ICMP].nexthopmtu),
                         (3, 4, mtu))
        self.dropped(icmp_error__too_big=1)

    def error(self, family, mtu, quoted):
        """What a router on the way says of a packet."""
        if family == 4:
            return IP(src=self.wan.station(3), dst=self.wan.ip) / \
                ICMP(type=3, code=4, nexthopmtu=mtu) / Raw(quoted)
        return IPv6(src=self.wan.station6(3), dst=self.wan.ip6) / \
            ICMPv6PacketTooBig(mtu=mtu) / Raw(quoted)

    def tell(self, family, mtu, quoted):
        """Say so. Nothing comes of it at once."""
        self.assertEqual(self.summary(self.exchange(self.wan, self.error(family, mtu, quoted))), {})

    def narrows(self, family, mtu, quoted):
        """A true error is believed when the tunnel has looked at all its peers, and then it has
        done so for every error before. This one was the narrowest."""
        self.tell(family, mtu, quoted)
        end = time.monotonic() + hosts.PATIENCE
        while "wan" in (got := self.send(family, LONG)):
            self.assertLess(time.monotonic(), end, "the error is not believed")
        self.check_told(self.only(got, self.lan), max(mtu - AROUND[family], 576))
        self.metrics["paths_lowered"] += 1

    def metric(self, name):
        """Of the report of a router that has ended."""
        return next(a for a in self.report["apps"] if a["name"] == "site")["metrics"][name]

    def tearDown(self):
        super().tearDown()
        self.assertEqual({name: self.metric(name) for name in self.metrics}, self.metrics)


class TunnelErrors(Case):
    def test_a_true_error_makes_the_way_narrower(self):
        for family in 4, 6:
            fits = 1400 - AROUND[family]
            self.narrows(family, 1400, self.sealed(family, LONG))
            self.is_told(family, fits + 1, fits)
            p = self.only(self.send(family, fits), self.wan)
            self.assertEqual(len(p.payload), 1400)

    def test_one_way_is_not_another(self):
        self.narrows(4, 1300, self.sealed(4, LONG))
        self.sealed(6, LONG)

    def test_an_error_that_quotes_too_little(self):
        """RFC 792 asks for no more than 8 bytes behind the header; with those nobody can tell a
        true error from a forged one. RFC 1812 4.3.2.3 asks for 576 in all."""
        for family, header in (4, 20), (6, 40):
            quoted = self.sealed(family, LONG)
            for n in 0, header - 1, header, header + 7:  # these are about no port
                self.tell(family, 1300, quoted[:n])
            for n in 8, 8 + 15:
                self.tell(family, 1300, quoted[:header + n])
            self.narrows(family, 1400, quoted[:header + 8 + 16])
        self.dropped(site__icmp_ignored=4, local__icmp_ignored=8)

    @staticmethod
    def changed(quoted, at, new):
        assert quoted[at:at + len(new)] != new
        return quoted[:at] + new + quoted[at + len(new):]

    def test_an_error_that_quotes_what_never_was(self):
        for family, udp in (4, 20), (6, 40):
            quoted = self.sealed(family, LONG)
            forged = [self.changed(quoted, udp + 2, struct.pack("!H", FAR_PORT + 1)),
                      self.changed(quoted, udp - 1, bytes([99])),  # the peer's address
                      self.changed(quoted, udp + 12, os.urandom(4)),  # the index
                      self.changed(quoted, udp + 8, bytes([tunnel_peer.INITIATION])),
                      self.changed(quoted, udp, struct.pack("!H", PORT + 1))]
            forged += [self.changed(quoted, udp + 16, struct.pack("<Q", number))
                       for number in (1, 1 << 32, (1 << 64) - 1)]  # there was but 0
            for f in forged:
                self.tell(family, 1300, f)
            self.narrows(family, 1400, quoted)
        self.metrics["errors_forged"] = 2 * 6
        self.dropped(site__icmp_ignored=2, local__icmp_ignored=2)

    def test_an_error_about_a_session_of_the_past(self):
        for family in 4, 6:
            quoted = self.sealed(family, LONG)
            for _ in range(3):  # as many are remembered
                time.sleep(0.025)  # one in 20 ms is taken
                self.connect(family)
            self.tell(family, 1300, quoted)
            self.narrows(family, 1400, self.sealed(family, LONG))
        self.metrics["errors_forged"] = 2

    def test_an_error_with_a_number_that_no_link_has(self):
        """RFC 8201 section 4: below 1280 it must be ignored. RFC 791: every link takes 68."""
        for family, mtus in (4, (0, 1, 67)), (6, (0, 68, 576, 1279)):
            quoted = self.sealed(family, LONG)
            for mtu in mtus:
                self.tell(family, mtu, quoted)
            self.dropped(site__icmp_ignored=len(mtus))
            self.narrows(family, 1400, quoted)

    def test_what_is_promised_passes_the_narrowest_way(self):
        """576 bytes for IPv4, 1280 for IPv6, in outer fragments if need be."""
        self.narrows(4, 68, self.sealed(4, LONG))
        self.assertEqual(len(self.only(self.send(4, 576), self.wan, 2)), 2)
        self.narrows(6, 1280, self.sealed(6, LONG))


del Case  # it has no tests

if __name__ == "__main__":
    testbed.main()
