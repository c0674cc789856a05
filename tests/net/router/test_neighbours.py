"""ARP and neighbour discovery: RFC 826, RFC 5227, RFC 4861, RFC 6980, as checks from outside."""

import ipaddress

import testbed
from testbed import BROADCAST, IP, Ether, IPv6

from scapy.layers.inet import ICMP, UDP
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6ND_RS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, IPv6ExtHdrFragment,
                                in6_chksum)
from scapy.layers.l2 import ARP
from scapy.packet import Raw

ALL_NODES, ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
HELD = 1000  # packets for a neighbour that does not answer: more than anybody holds


def solicited_node(target):
    """The group that a solicitation is sent to, and its Ethernet address."""
    tail = ipaddress.IPv6Address(target).packed[-3:]
    return (str(ipaddress.IPv6Address(b"\xff\x02" + b"\0" * 9 + b"\1\xff" + tail)),
            "33:33:ff:" + ":".join(f"{b:02x}" for b in tail))


class Case(testbed.Case):
    def setUp(self):
        super().setUp()
        self.far = self.lan.station(77), self.lan.station6(0x77)
        self.far_mac = self.lan.station_mac(0x77)
        self.count = 0

    def packet(self, dst, n=None):
        """A packet from wan, numbered."""
        self.count += 1
        head = IPv6(src=self.wan.host6, dst=dst) if ":" in dst else \
            IP(src=self.wan.host, dst=dst, id=self.count)
        return head / UDP(sport=1, dport=self.count if n is None else n) / Raw(b"x" * 20)

    def send(self, dst):
        """Send a packet to it from wan, see what comes out."""
        p = self.packet(dst)
        return p, self.exchange(self.wan, p)

    def reaches(self, dst, mac):
        """A packet goes to this Ethernet address at once."""
        p, got = self.send(dst)
        frame = self.only(got, self.lan)
        self.assertEqual((frame.dst, frame[UDP].dport), (mac, p.dport))

    def asks_for(self, dst):
        """A packet makes the router ask who has this address: the question. Its answer will be
        due; `answer` gives it."""
        _, got = self.send(dst)
        self.assertEqual(set(got), {"lan"}, self.summary(got))
        for frame in got["lan"]:  # on a busy machine it may have asked again
            self.assertTrue(ARP in frame and frame[ARP].op == 1 or ICMPv6ND_NS in frame,
                            frame.summary())
        return got["lan"][0]

    def questions(self, frames, dst):
        kind = ICMPv6ND_NS if ":" in dst else ARP
        return [f for f in frames.get("lan", []) if kind in f]


class Arp(Case):
    def arp(self, op=1, **fields):
        f = {"hwsrc": self.far_mac, "psrc": self.far[0], "pdst": self.lan.ip, **fields}
        return Ether(src=self.far_mac, dst=BROADCAST) / ARP(op=op, **f)

    def check_reply(self, frame, to_ip, to_mac):
        a = frame[ARP]
        self.assertEqual((frame.src, frame.type), (self.lan.mac, 0x806))
        self.assertIn(frame.dst, (to_mac, BROADCAST))
        self.assertEqual((a.hwtype, a.ptype, a.hwlen, a.plen, a.op), (1, 0x800, 6, 4, 2))
        self.assertEqual((a.hwsrc, a.psrc), (self.lan.mac, self.lan.ip))
        self.assertEqual((a.hwdst, a.pdst), (to_mac, to_ip))

    def test_rfc826_a_request_is_answered(self):
        frame = self.only(self.exchange(self.lan, self.arp()), self.lan)
        self.check_reply(frame, self.far[0], self.far_mac)
        self.assertEqual(frame.dst, self.far_mac)

    def test_rfc826_a_unicast_request_is_answered(self):
        ask = self.arp()
        ask.dst = self.lan.mac
        self.check_reply(self.only(self.exchange(self.lan, ask), self.lan),
                         self.far[0], self.far_mac)

    def test_rfc826_a_request_for_others_is_not(self):
        self.silence(self.lan, self.arp(pdst=self.lan.station(78)))

    def test_rfc826_who_asks_is_known(self):
        self.exchange(self.lan, self.arp())
        self.reaches(self.far[0], self.far_mac)

    def test_rfc826_asks_and_sends_what_waited(self):
        ask = self.asks_for(self.far[0])
        a = ask[ARP]
        self.assertEqual((ask.src, ask.dst), (self.lan.mac, BROADCAST))
        self.assertEqual((a.hwtype, a.ptype, a.hwlen, a.plen, a.op), (1, 0x800, 6, 4, 1))
        self.assertEqual((a.hwsrc, a.psrc, a.pdst), (self.lan.mac, self.lan.ip, self.far[0]))
        self.assertEqual(a.hwdst, "00:00:00:00:00:00")
        answer = self.arp(2, hwdst=self.lan.mac)
        answer.dst = self.lan.mac
        frame = self.only(self.exchange(self.lan, answer), self.lan)
        self.assertEqual((frame.src, frame.dst, frame[UDP].dport), (self.lan.mac, self.far_mac, 1))
        self.reaches(self.far[0], self.far_mac)

    def test_rfc1122_what_waits_is_bounded_and_the_latest_is_kept(self):
        got = self.exchange(self.wan, *(self.packet(self.far[0], n) for n in range(HELD)))
        self.assertEqual(set(got), {"lan"})
        self.assertLessEqual(len(got["lan"]), 3)  # section 2.3.2.1: not a flood of requests
        frames = self.only_list(self.exchange(self.lan, self.arp(2, hwdst=self.lan.mac)))
        ports = [f[UDP].dport for f in frames]
        self.assertEqual(ports, sorted(ports))
        self.assertEqual(ports[-1], HELD - 1)  # section 2.3.2.2
        self.assertLess(len(ports), HELD)
        self.dropped(lan_out__queue_full=HELD - len(ports))

    def only_list(self, got):
        self.assertEqual(set(got), {"lan"})
        return got["lan"]

    def test_rfc1812_5_arp_unanswered_is_3_1(self):
        first, got = self.send(self.far[0])
        asked = len(got["lan"])
        self.exchange(self.wan, self.packet(self.far[0]))
        self.until(lambda got: len(got.get("wan", [])) == 2, "an error for each packet")
        self.settle()
        got = self.take()
        self.assertEqual(asked + len(self.questions(got, self.far[0])), 3)
        for n, frame in enumerate(got["wan"]):
            self.assertEqual((frame[IP].src, frame[IP].dst), (self.wan.ip, self.wan.host))
            self.assertEqual((frame[ICMP].type, frame[ICMP].code), (3, 1))
            quote = bytes(frame)[42:]
            self.assertEqual((quote[4:6], quote[12:]),
                             (bytes([0, n + 1]), bytes(self.packet(self.far[0], n + 1))[12:]))
        self.dropped(icmp_error__host_unreachable=2)
        self.assertEqual(first.id, 1)

    def test_rfc5227_a_probe_is_answered(self):
        frame = self.only(self.exchange(self.lan, self.arp(psrc="0.0.0.0")), self.lan)
        self.check_reply(frame, "0.0.0.0", self.far_mac)

    def test_rfc5227_an_announcement_changes_what_is_known(self):
        self.exchange(self.lan, self.arp())
        other = self.lan.station_mac(0x99)
        self.exchange(self.lan, self.arp(psrc=self.far[0], pdst=self.far[0], hwsrc=other))
        self.reaches(self.far[0], other)

    def test_rfc5227_an_announcement_adds_nothing(self):
        self.exchange(self.lan, self.arp(pdst=self.far[0]))
        self.asks_for(self.far[0])

    def test_rfc826_a_reply_that_nobody_asked_for_adds_nothing(self):
        self.exchange(self.lan, self.arp(2, hwdst=self.lan.mac))
        self.asks_for(self.far[0])

    def test_rfc5227_a_conflict_is_answered_by_one_announcement_at_most(self):
        claim = self.arp(psrc=self.lan.ip, pdst=self.lan.ip)
        got = self.exchange(self.lan, *[claim] * 5)
        self.dropped(lan_out__conflict=5)
        self.assertLessEqual(len(got.get("lan", [])), 1)  # section 2.4 (c)
        for frame in got.get("lan", []):
            a = frame[ARP]
            self.assertEqual((frame.dst, a.psrc, a.pdst, a.hwsrc),
                             (BROADCAST, self.lan.ip, self.lan.ip, self.lan.mac))
        self.reaches(self.lan.host, self.lan.host_mac)

    def test_rfc826_malformed_messages_are_dropped(self):
        good = bytes(self.arp(pdst=self.lan.ip))
        frames = [good[:at] + byte + good[at + len(byte):] for at, byte in (
            (14, b"\0\2"), (16, b"\x08\1"), (18, b"\5"), (19, b"\6"), (20, b"\0\0"))]
        frames += [good[:n] for n in (14, 21, 28, 41)]
        frames += [bytes(self.arp(psrc=ip)) for ip in ("127.0.0.1", "224.0.0.1",
                                                       "255.255.255.255")]
        self.silence(self.lan, *frames, lan_out__bad_arp=len(frames))

    @testbed.unlike_linux("believes it; RFC 1812 3.3.2 does not")
    def test_rfc1812_a_group_is_nobodys_address(self):
        self.silence(self.lan, self.arp(hwsrc="03:00:00:00:00:01"), self.arp(hwsrc=BROADCAST),
                     lan_out__bad_arp=2)


class Nd(Case):
    def ns(self, src=None, target=None, dst=None, lladdr="", hlim=255, **fields):
        """A solicitation; lladdr None = without the option."""
        target = target or self.lan.ip6
        group, mac = solicited_node(target)
        p = IPv6(src=src or self.far[1], dst=dst or group, hlim=hlim) / \
            ICMPv6ND_NS(tgt=target, **fields)
        if lladdr is not None:
            p /= ICMPv6NDOptSrcLLAddr(lladdr=lladdr or self.far_mac)
        return Ether(src=self.far_mac, dst=self.lan.mac if dst else mac) / p

    def na(self, target=None, dst=None, lladdr="", hlim=255, **flags):
        target = target or self.far[1]
        flags = {"R": 0, "S": 1, "O": 1, **flags}
        p = IPv6(src=target, dst=dst or self.lan.ip6, hlim=hlim) / ICMPv6ND_NA(tgt=target, **flags)
        if lladdr is not None:
            p /= ICMPv6NDOptDstLLAddr(lladdr=lladdr or self.far_mac)
        return Ether(src=self.far_mac, dst=ALL_NODES_MAC if dst == ALL_NODES else self.lan.mac) / p

    def check_na(self, frame, target, to, mac, solicited=1, asked_alone=False):
        na = frame[ICMPv6ND_NA]
        self.assertEqual((frame.src, frame.dst), (self.lan.mac, mac))
        self.assertEqual((frame[IPv6].src, frame[IPv6].dst, frame[IPv6].hlim), (target, to, 255))
        self.assertEqual((na.code, na.R, na.S, na.res, na.tgt), (0, 1, solicited, 0, target))
        self.assertEqual(in6_chksum(58, frame[IPv6], bytes(frame)[54:]), 0)
        if asked_alone and ICMPv6NDOptDstLLAddr not in frame:
            self.assertEqual(na.O, 0)
            return
        self.assertEqual(na.O, 1)
        self.assertEqual(frame[ICMPv6NDOptDstLLAddr].lladdr, self.lan.mac)
        self.assertEqual(frame[ICMPv6NDOptDstLLAddr].len, 1)

    def test_rfc4861_3_a_solicitation_is_answered(self):
        for target in (self.lan.ip6, self.lan.link_local):
            for src in (self.far[1], "fe80::77"):
                with self.subTest(target=target, src=src):
                    frame = self.only(self.exchange(self.lan, self.ns(src, target)), self.lan)
                    self.check_na(frame, target, src, self.far_mac)

    def test_rfc4861_3_also_one_by_unicast_without_an_address(self):
        ask = self.ns(self.lan.host6, dst=self.lan.ip6, lladdr=None)
        ask.src = self.lan.host_mac
        frame = self.only(self.exchange(self.lan, ask), self.lan)
        self.check_na(frame, self.lan.ip6, self.lan.host6, self.lan.host_mac, asked_alone=True)

    def test_rfc4861_2_one_from_nobody_is_answered_to_all(self):
        for target in (self.lan.ip6, self.lan.link_local):
            frame = self.only(self.exchange(self.lan, self.ns("::", target, lladdr=None)), self.lan)
            self.check_na(frame, target, ALL_NODES, ALL_NODES_MAC, 0)

    def test_rfc4861_2_one_from_nobody_must_be_right(self):
        self.silence(self.lan, self.ns("::"), self.ns("::", dst=self.lan.ip6, lladdr=None),
                     self.ns("::", dst=ALL_NODES, lladdr=None), lan_out__nd_address=3)

    def test_rfc4861_one_for_the_anycast_address_leaves_others_their_answer(self):
        target = f"fd00:{self.lan.number}::"  # section 7.2.7
        self.lan.wire.send(bytes(self.ns(target=target)))
        self.until(lambda got: got["lan"], "an answer, which may take a second")
        frame = self.only(self.take(), self.lan)
        na = frame[ICMPv6ND_NA]
        self.assertEqual((na.tgt, na.R, na.S, na.O), (target, 1, 1, 0))
        self.assertIn(frame[IPv6].src, (self.lan.ip6, self.lan.link_local))
        self.assertEqual(frame[ICMPv6NDOptDstLLAddr].lladdr, self.lan.mac)
        self.silence(self.lan, self.ns(target=f"fd00:{self.wan.number}::"))

    def test_rfc4861_one_for_others_is_not_answered(self):
        self.silence(self.lan, self.ns(target=self.lan.station6(0x78)))

    @staticmethod
    def broken(frame):
        """Ways to make a message invalid, with what that is called. Spec: RFC 4861 sections 7.1.1
        and 7.1.2."""
        def altered(change):
            f = Ether(bytes(frame))
            change(f, f[IPv6].payload)
            del f[IPv6].payload.cksum
            return Ether(bytes(f))

        def option(n):
            return lambda f, icmp: setattr(icmp.payload, "len", n)

        bad_sum = Ether(bytes(frame))
        bad_sum[IPv6].payload.cksum ^= 1
        yield "hop_limit", altered(lambda f, icmp: setattr(f[IPv6], "hlim", 254))
        yield "code", altered(lambda f, icmp: setattr(icmp, "code", 1))
        yield "option", altered(option(0))
        yield "option", altered(option(2))
        yield "address", altered(lambda f, icmp: setattr(icmp, "tgt", "ff02::77"))
        yield "checksum", bad_sum
        short = bytes(frame)[:54 + 16]  # without the end of the target
        total = testbed.checksum(short[22:54] + b"\0\0\0\x10\0\0\0\x3a" + short[54:56] +
                                 b"\0\0" + short[58:])
        yield "malformed", short[:18] + b"\0\x10" + short[20:56] + total.to_bytes(2, "big") + \
            short[58:]
        yield "fragment", Ether(bytes(frame)[:14]) / IPv6(
            src=frame[IPv6].src, dst=frame[IPv6].dst, hlim=255) / \
            IPv6ExtHdrFragment(nh=58, id=3) / Raw(bytes(frame)[54:])  # RFC 6980 section 5

    def test_rfc4861_1_invalid_solicitations_are_dropped(self):
        for what, frame in self.broken(self.ns()):
            with self.subTest(what=what):
                self.silence(self.lan, frame, **{f"lan_out__nd_{what}": 1})

    def test_rfc4861_1_invalid_advertisements_are_dropped(self):
        self.asks_for(self.far[1])
        bad = list(self.broken(self.na())) + [("address", self.na(dst=ALL_NODES))]  # with S=1
        for what, _ in bad:
            self.dropped(**{f"lan_out__nd_{what}": 1})
        got = self.exchange(self.lan, *(frame for _, frame in bad))
        self.assertEqual(len(self.questions(got, self.far[1])), len(got.get("lan", [])),
                         self.summary(got))
        frames = self.exchange(self.lan, self.na())["lan"]
        self.assertEqual([f.dst for f in frames if UDP in f], [self.far_mac])

    def test_rfc4861_asks_and_sends_what_waited(self):
        ask = self.asks_for(self.far[1])
        group, mac = solicited_node(self.far[1])
        self.assertEqual((ask.src, ask.dst), (self.lan.mac, mac))
        self.assertEqual((ask[IPv6].dst, ask[IPv6].hlim), (group, 255))
        self.assertIn(ask[IPv6].src, (self.lan.ip6, self.lan.link_local))
        self.assertEqual((ask[ICMPv6ND_NS].tgt, ask[ICMPv6ND_NS].code), (self.far[1], 0))
        self.assertEqual(ask[ICMPv6NDOptSrcLLAddr].lladdr, self.lan.mac)
        self.assertEqual(in6_chksum(58, ask[IPv6], bytes(ask)[54:]), 0)
        frame = self.only(self.exchange(self.lan, self.na(dst=ask[IPv6].src)), self.lan)
        self.assertEqual((frame.src, frame.dst, frame[UDP].dport), (self.lan.mac, self.far_mac, 1))
        self.reaches(self.far[1], self.far_mac)

    def test_rfc4861_4_what_waits_is_bounded_and_the_latest_is_kept(self):
        got = self.exchange(self.wan, *(self.packet(self.far[1], n) for n in range(HELD)))
        self.assertEqual(set(got), {"lan"})
        self.assertLessEqual(len(got["lan"]), 3)
        frames = self.exchange(self.lan, self.na())["lan"]
        ports = [f[UDP].dport for f in frames]
        self.assertEqual(ports, sorted(ports))
        self.assertEqual(ports[-1], HELD - 1)  # section 7.2.2
        self.assertLess(len(ports), HELD)
        self.dropped(lan_out__queue_full=HELD - len(ports))

    def test_rfc4861_4_unanswered_is_icmp_1_3(self):
        _, got = self.send(self.far[1])
        asked = len(got["lan"])
        self.exchange(self.wan, self.packet(self.far[1]))
        self.until(lambda got: len(got.get("wan", [])) == 2, "an error for each packet")
        self.settle()
        got = self.take()
        self.assertEqual(asked + len(self.questions(got, self.far[1])), 3)
        for frame in got["wan"]:
            self.assertEqual((frame[IPv6].src, frame[IPv6].dst), (self.wan.ip6, self.wan.host6))
            self.assertEqual(frame[ICMPv6DestUnreach].code, 3)
            self.assertEqual(in6_chksum(58, frame[IPv6], bytes(frame)[54:]), 0)
        self.dropped(icmp_error__host_unreachable=2)

    def test_rfc4861_who_solicits_is_known(self):
        self.exchange(self.lan, self.ns())
        self.reaches(self.far[1], self.far_mac)

    def test_rfc4861_an_advertisement_that_nobody_asked_for_adds_nothing(self):
        self.exchange(self.lan, self.na(S=0, dst=ALL_NODES), self.na())
        self.asks_for(self.far[1])

    def test_rfc4861_override_says_whether_an_address_is_replaced(self):
        self.asks_for(self.far[1])
        self.exchange(self.lan, self.na())
        other = self.lan.station_mac(0x99)
        self.exchange(self.lan, self.na(O=0, lladdr=other))  # section 7.2.5, appendix C
        self.reaches(self.far[1], self.far_mac)
        self.exchange(self.lan, self.na(S=0, O=1, lladdr=other, dst=ALL_NODES))
        self.reaches(self.far[1], other)

    def test_rfc4861_6_redirects_and_advertisements_of_routers_are_ignored(self):
        remote = "2001:db8:2::9"
        redirect = IPv6(src="fe80::2", dst=self.wan.ip6, hlim=255) / \
            ICMPv6ND_Redirect(tgt="fe80::3", dst=remote) / \
            ICMPv6NDOptDstLLAddr(lladdr=self.wan.station_mac(3))
        router = IPv6(src="fe80::2", dst=ALL_NODES, hlim=255) / \
            ICMPv6ND_RA(routerlifetime=1800) / \
            ICMPv6NDOptPrefixInfo(prefix="2001:db8:5::", prefixlen=64) / \
            ICMPv6NDOptSrcLLAddr(lladdr=self.wan.host_mac)
        ask = IPv6(src="fe80::2", dst="ff02::2", hlim=255) / ICMPv6ND_RS()
        self.silence(self.wan, redirect, self.wan.frame(router, ALL_NODES_MAC),
                     self.wan.frame(ask, "33:33:00:00:00:02"),
                     wan_out__redirect=1, wan_out__router_advertisement=1,
                     wan_out__router_solicitation=1)
        p = IPv6(src=self.lan.host6, dst=remote) / UDP() / Raw(b"x")
        self.assertEqual(self.only(self.exchange(self.lan, p), self.wan).dst, self.wan.host_mac)
        p = IPv6(src=self.lan.host6, dst="2001:db8:5::9") / UDP() / Raw(b"x")
        frame = self.only(self.exchange(self.lan, p), self.lan)
        self.assertEqual(frame[ICMPv6DestUnreach].code, 0)
        self.dropped(icmp_error__no_route=1)

    def test_rfc4443_errors_reach_link_local_sources(self):
        src = "fe80::77"
        self.exchange(self.lan, self.ns(src, self.lan.link_local))
        p = IPv6(src=src, dst="2001:db8:ffff::1") / UDP(sport=1, dport=2) / Raw(b"x")
        frame = self.only(self.exchange(self.lan, self.lan.frame(p, src=self.far_mac)), self.lan)
        self.assertEqual((frame.dst, frame[IPv6].dst), (self.far_mac, src))
        self.assertIn(frame[IPv6].src, (self.lan.link_local, self.lan.ip6))  # RFC 4443 2.2
        self.assertEqual(frame[ICMPv6DestUnreach].code, 0)
        p = IPv6(src=src, dst=self.wan.host6) / UDP(sport=1, dport=2) / Raw(b"x")
        frame = self.only(self.exchange(self.lan, self.lan.frame(p, src=self.far_mac)), self.lan)
        self.assertEqual(frame[ICMPv6DestUnreach].code, 2)  # section 3.1: beyond its scope
        self.dropped(icmp_error__no_route=1, icmp_error__beyond_scope=1)

    def test_rfc4443_5_the_link_local_address_answers_as_itself(self):
        src = "fe80::77"
        self.exchange(self.lan, self.ns(src, self.lan.link_local))
        from_host = IPv6(src=src, dst=self.lan.link_local) / \
            ICMPv6EchoRequest(id=3, data=b"abc")
        frame = self.only(self.exchange(self.lan, self.lan.frame(from_host, src=self.far_mac)),
                          self.lan)
        self.assertEqual((frame[IPv6].src, frame[IPv6].dst), (self.lan.link_local, src))
        self.assertEqual(frame.dst, self.far_mac)


if __name__ == "__main__":
    testbed.main()
