"""What takes the router real time: neighbours that fall silent, datagrams that stay incomplete."""

import testbed
from testbed import IP, Ether, IPv6
from test_neighbours import Case, solicited_node

from scapy.layers.inet import ICMP
from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptSrcLLAddr, ICMPv6TimeExceeded, IPv6ExtHdrFragment)
from scapy.layers.l2 import ARP
from scapy.packet import Raw

QUIET, ALIVE = 77, 88  # hosts on lan


class Nud(Case):
    """RFC 4861 section 7.3, for both families."""

    def introduce(self, n):
        """A host asks for the router, by both families, and so becomes known: STALE."""
        mac = self.lan.station_mac(n)
        group, group_mac = solicited_node(self.lan.ip6)
        self.exchange(self.lan,
                      Ether(src=mac, dst=testbed.BROADCAST) / ARP(
                          hwsrc=mac, psrc=self.lan.station(n), pdst=self.lan.ip),
                      Ether(src=mac, dst=group_mac) / IPv6(src=self.lan.station6(n), dst=group,
                                                           hlim=255) /
                      ICMPv6ND_NS(tgt=self.lan.ip6) / ICMPv6NDOptSrcLLAddr(lladdr=mac))

    def probes(self, got, n):
        """The unicast questions to a host that have come so far, by family."""
        mac = self.lan.station_mac(n)
        frames = [f for f in got.get("lan", []) if f.dst == mac]
        return ([f for f in frames if ARP in f and f[ARP].op == 1],
                [f for f in frames if ICMPv6ND_NS in f])

    def answer(self, n, arp, ns):
        """Answer both questions; return what came meanwhile."""
        mac = self.lan.station_mac(n)
        self.assertEqual((arp[ARP].pdst, ns[ICMPv6ND_NS].tgt),
                         (self.lan.station(n), self.lan.station6(n)))
        self.assertEqual(ns[IPv6].dst, self.lan.station6(n))
        return self.exchange(self.lan,
                             Ether(src=mac, dst=self.lan.mac) / ARP(
                                 op=2, hwsrc=mac, psrc=self.lan.station(n), hwdst=self.lan.mac,
                                 pdst=self.lan.ip),
                             Ether(src=mac, dst=self.lan.mac) / IPv6(
                                 src=self.lan.station6(n), dst=ns[IPv6].src, hlim=255) /
                             ICMPv6ND_NA(tgt=self.lan.station6(n), R=0, S=1, O=1) /
                             ICMPv6NDOptDstLLAddr(lladdr=mac))

    def test_rfc4861_5_stale_delay_probe_and_gone(self):
        hosts = [self.lan.station(QUIET), self.lan.station6(QUIET),
                 self.lan.station(ALIVE), self.lan.station6(ALIVE)]
        for n in (QUIET, ALIVE):
            self.introduce(n)
        for ip in hosts:  # used: DELAY, and its packets go out at once
            self.reaches(ip, self.lan.station_mac(QUIET if ip in hosts[:2] else ALIVE))
        self.until(lambda got: all(self.probes(got, ALIVE)) and all(self.probes(got, QUIET)),
                   "who has fallen silent is asked, by unicast")
        first = self.take()
        meanwhile = self.answer(ALIVE, *(p[0] for p in self.probes(first, ALIVE)))
        self.got["lan"] = [bytes(f) for f in first["lan"] + meanwhile.get("lan", [])] + \
            self.got["lan"]
        self.until(lambda got: min(map(len, self.probes(got, QUIET))) >= 3, "three times")
        got = self.take()
        self.assertEqual([len(p) for p in self.probes(got, QUIET)], [3, 3])
        # answered: REACHABLE, not asked again, if it was not while the answer was on its way
        self.assertLess(max(map(len, self.probes(got, ALIVE))), 3)
        for ip in hosts[2:]:
            self.reaches(ip, self.lan.station_mac(ALIVE))
        # not answered: a second after the last question it is gone, and asked for like a stranger
        for ip in hosts[:2]:
            self.until_asked(ip)

    def until_asked(self, ip):
        """Send packets until the router asks everybody who has the address."""
        for _ in range(100):
            _, got = self.send(ip)
            everybody = [f for f in got.get("lan", []) if f.dst != self.lan.station_mac(QUIET)]
            if everybody:
                self.assertTrue(ARP in everybody[0] or ICMPv6ND_NS in everybody[0])
                return
            testbed.time.sleep(0.1)
        self.fail(f"{ip} is still believed to be there")


class Incomplete(testbed.Case):
    """Datagrams to the router whose last fragment never comes."""

    def test_rfc1122_3_3_2_and_rfc8200_4_5_reassembly_gives_up(self):
        body = Raw(b"\x08\0\0\0" + b"x" * 796)
        first4 = IP(src=self.lan.host, dst=self.lan.ip, id=5, flags="MF", proto=1) / body
        first6 = IPv6(src=self.lan.host6, dst=self.lan.ip6) / \
            IPv6ExtHdrFragment(nh=58, m=1, id=5) / Raw(b"\x80\0\0\0" + b"x" * 796)
        later4 = IP(src=self.lan.station(3), dst=self.lan.ip, id=6, flags="MF", frag=9,
                    proto=1) / body
        later6 = IPv6(src=self.lan.station6(3), dst=self.lan.ip6) / \
            IPv6ExtHdrFragment(nh=58, m=1, id=6, offset=9) / body
        self.assertEqual(self.exchange(self.lan, later4, later6, first4, first6), {})
        self.until(lambda got: len(got.get("lan", [])) == 2, "both sources are told",
                   2 * testbed.hosts.PATIENCE + 30)
        self.settle()
        four, six = sorted(self.take()["lan"], key=lambda f: f.type)
        self.assertEqual((four[ICMP].type, four[ICMP].code, four[IP].dst), (11, 1, self.lan.host))
        self.assertEqual(bytes(four)[42:][12:20], bytes(first4)[12:20])
        self.assertEqual((six[ICMPv6TimeExceeded].code, six[IPv6].dst), (1, self.lan.host6))
        self.dropped(icmp_error__reassembly_time=2, local__fragment_timeout=2)


del Case  # tested where it is defined

if __name__ == "__main__":
    testbed.main()
