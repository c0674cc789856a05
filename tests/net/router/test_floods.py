"""Floods: strangers that want the router's memory get no more than their share of it, and who was
there before stays."""

import struct

import testbed
from testbed import IP, Ether, IPv6, checksum
from test_ipv4 import Case as Ipv4
from test_neighbours import Case, solicited_node

from scapy.layers.inet import UDP
from scapy.layers.inet6 import IPv6ExtHdrFragment
from scapy.layers.l2 import ARP

MANY = 100000
STEP = 5000  # between two looks at the neighbour that was there before
GROWTH_KB = 16 << 10  # of the whole process, pages it had reserved and touches now included


def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


def arrived(report, app):
    """How many packets an app has seen, that a flood was one."""
    return next(a["in"] for a in report["apps"] if a["name"] == app)


class Flood(Case):
    """The link of lan is large: it has room for as many strangers."""

    extra = {"lan": ["172.16.0.1/12"]}

    def setUp(self):
        super().setUp()
        if self.binary == "linux":
            self.skipTest("it is Sluice's memory that is looked at")
        mac = self.lan.station_mac(0x77)
        for question in (self.asks_for(self.far[0]), self.asks_for(self.far[1])):
            self.assertEqual(question.src, self.lan.mac)
        self.answers = [bytes(Ether(src=mac, dst=self.lan.mac) /
                              ARP(op=2, hwsrc=mac, psrc=self.far[0], hwdst=self.lan.mac,
                                  pdst=self.lan.ip)),
                        self.advertisement(0x77, solicited=True)]
        self.exchange(self.lan, *self.answers)
        self.still_there()
        self.before_kb = self.router.rss_kb()

    def tearDown(self):
        super().tearDown()
        if self.binary != "linux":
            self.assertGreater(sum(arrived(self.report, f"{p}-in") for p in self.ports), MANY)

    def forget(self):
        """Forget what came, but answer where the router asks whether the neighbour is there."""
        me = octets(self.lan.station_mac(0x77))
        for frame in self.got["lan"]:
            if frame[:6] == me and frame[12:14] in (b"\x08\6", b"\x86\xdd"):
                self.lan.wire.send(self.answers[frame[12:14] == b"\x86\xdd"])
        self.got = {name: [] for name in self.ports}

    def still_there(self):
        for ip in self.far:
            self.assertEqual([f.dst for f in self.send(ip)[1].get("lan", [])
                              if f.type in (0x800, 0x86DD) and UDP in f],
                             [self.lan.station_mac(0x77)])

    def flood(self, port, frames):
        """Send, looking now and then whether the neighbour that was there still is."""
        for n, frame in enumerate(frames):
            port.wire.send(frame)
            if n % 250 == 249:
                self.probe([port])
                self.forget()
            if n % STEP == STEP - 1:
                self.still_there()
        self.settle()
        self.forget()
        self.still_there()
        self.assertLess(self.router.rss_kb() - self.before_kb, GROWTH_KB)
        self.any_drops = True

    # ---- frames, made by hand for there are many

    @staticmethod
    def stranger(n):
        """A MAC address and an IPv4 address."""
        return b"\2\1" + struct.pack("!I", n), struct.pack("!I", 0xAC100100 + n)

    def arp(self, op, n):
        mac, ip = self.stranger(n)
        to = octets(self.lan.mac) if op == 2 else b"\xff" * 6
        return to + mac + b"\x08\6" + struct.pack("!HHBBH", 1, 0x800, 6, 4, op) + mac + ip + \
            b"\0" * 6 + b"\xac\x10\0\1"

    def icmp6(self, mac, src, dst, body):
        """A message of neighbour discovery."""
        total = checksum(src + dst + struct.pack("!II", len(body), 58) + body)
        return mac + struct.pack("!HIHBB", 0x86DD, 6 << 28, len(body), 58, 255) + src + dst + \
            body[:2] + struct.pack("!H", total) + body[4:]

    def address6(self, n):
        return bytes.fromhex("fd000001") + b"\0" * 8 + struct.pack("!I", n)

    def solicitation(self, n):
        target = bytes.fromhex("fd000001") + b"\0" * 11 + b"\1"
        group, mac = solicited_node(self.lan.ip6)
        group = IPv6(dst=group).build()[24:40]
        me = self.stranger(n)[0]
        return self.icmp6(octets(mac) + me, self.address6(0x10000 + n), group,
                          b"\x87\0\0\0\0\0\0\0" + target + b"\1\1" + me)

    def advertisement(self, n, solicited=False):
        me = octets(self.lan.station_mac(n)) if solicited else self.stranger(n)[0]
        src = self.address6(n if solicited else 0x10000 + n)
        dst = bytes.fromhex("fd000001") + b"\0" * 11 + b"\1"
        flags = b"\x60" if solicited else b"\x20"
        return self.icmp6(octets(self.lan.mac) + me, src, dst,
                          b"\x88\0\0\0" + flags + b"\0\0\0" + src + b"\2\1" + me)

    # ---- floods

    def test_arp_requests_from_everywhere(self):
        self.flood(self.lan, (self.arp(1, n) for n in range(MANY)))

    def test_arp_replies_that_nobody_asked_for(self):
        self.flood(self.lan, (self.arp(2, n) for n in range(MANY)))

    def test_solicitations_from_everywhere(self):
        self.flood(self.lan, (self.solicitation(n) for n in range(MANY)))

    def test_advertisements_that_nobody_asked_for(self):
        self.flood(self.lan, (self.advertisement(n) for n in range(MANY)))

    def test_packets_to_hosts_that_do_not_exist(self):
        head = bytes(self.wan.frame(IP(src=self.wan.host, dst="172.16.0.0", proto=17,
                                       chksum=0) / (b"\0" * 8)))

        def packet(n):
            ip = bytearray(head[14:])
            ip[16:20] = self.stranger(n)[1]
            ip[10:12] = struct.pack("!H", checksum(bytes(ip[:20])))
            return head[:14] + ip

        self.flood(self.wan, (packet(n) for n in range(MANY)))

    def test_packets_to_hosts_that_do_not_exist_by_ipv6(self):
        head = bytes(self.wan.frame(IPv6(src=self.wan.host6, dst="fd00:1::", nh=17) / (b"\0" * 8)))
        self.flood(self.wan, (head[:14 + 24] + self.address6(0x10000 + n) + head[14 + 40:]
                              for n in range(MANY)))


class Fragments(Ipv4):
    """RFC 791 section 3.2, RFC 5722: fragments that never become a datagram."""

    def setUp(self):
        super().setUp()
        if self.binary == "linux":
            self.skipTest("it is Sluice's memory that is looked at")
        self.before_kb = self.router.rss_kb()

    def tearDown(self):
        super().tearDown()
        if self.binary != "linux":
            self.assertGreater(arrived(self.report, "local"), MANY - 3)

    def flood(self, frames):
        for n, frame in enumerate(frames):
            self.lan.wire.send(frame)
            if n % 250 == 249:
                self.probe([self.lan])
        self.settle()
        self.take()
        self.assertLess(self.router.rss_kb() - self.before_kb, GROWTH_KB)
        self.any_drops = True
        self.pings()

    def pings(self):
        """The router answers a ping in fragments, by both families."""
        p = bytes(self.ping(self.lan, payload=b"z" * 2000, id=0xFFFF))[20:]
        got = self.exchange(self.lan, *(
            IP(src=self.lan.station(3), dst=self.lan.ip, id=0xFFFF, proto=1, frag=at // 8,
               flags="MF" if at + 1000 < len(p) else 0) / p[at:at + 1000]
            for at in range(0, len(p), 1000)))
        self.assertEqual(len(got.get("lan", [])), 2, self.summary(got))
        body = b"\x80\0\0\0\0\7\0\1" + b"z" * 2000
        src, dst = (bytes.fromhex("fd000001") + b"\0" * 11 + n for n in (b"\3", b"\1"))
        total = checksum(src + dst + struct.pack("!II", len(body), 58) + body)
        body = body[:2] + struct.pack("!H", total) + body[4:]
        got = self.exchange(self.lan, *(
            IPv6(src=self.lan.station6(3), dst=self.lan.ip6) / IPv6ExtHdrFragment(
                nh=58, id=0xFFFFFFFF, offset=at // 8, m=at + 1000 < len(body)) / body[at:at + 1000]
            for at in range(0, len(body), 1000)))
        self.assertEqual(len(got.get("lan", [])), 2, self.summary(got))

    def ipv4(self, source, ident, frag):
        """A fragment of 8 bytes from 10.0.1.source; frag is the word in the header."""
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 28, ident, frag, 64, 1, 0) + \
            bytes([10, 0, 1, source, 10, 0, 1, 1])
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        return self.header(b"\x08\0") + ip + b"x" * 8

    def ipv6(self, ident, offset, more):
        src, dst = (bytes.fromhex("fd000001") + b"\0" * 11 + n for n in (b"\2", b"\1"))
        return self.header(b"\x86\xdd") + struct.pack("!IHBB", 6 << 28, 16, 44, 64) + src + dst + \
            struct.pack("!BBHI", 58, 0, offset << 3 | more, ident) + b"x" * 8

    def header(self, kind):
        return octets(self.lan.mac) + octets(self.lan.host_mac) + kind

    def test_fragments_that_never_end(self):
        self.flood(self.ipv4(2 + (n >> 16), n & 0xFFFF, 0x2000 | n % 3) for n in range(MANY))

    def test_fragments_that_never_end_by_ipv6(self):
        self.flood(self.ipv6(n, n % 3, 1) for n in range(MANY))

    def test_fragments_that_overlap(self):
        def pieces():
            for n in range(MANY // 3):
                yield self.ipv4(2, n, 0x2000)
                yield self.ipv4(2, n, 0x2000)
                yield self.ipv4(2, n, 0x0001)

        self.flood(pieces())

    def test_fragments_that_overlap_by_ipv6(self):
        def pieces():
            for n in range(MANY // 3):
                yield self.ipv6(n, 0, 1)
                yield self.ipv6(n, 0, 1)
                yield self.ipv6(n, 1, 0)

        self.flood(pieces())

    def test_one_datagram_of_very_many_fragments(self):
        self.flood(self.ipv4(2, 1, 0x2000 | 2 * (n % 4000)) for n in range(MANY))


del Case, Ipv4  # tested where they are defined

if __name__ == "__main__":
    testbed.main()
