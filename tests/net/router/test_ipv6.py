"""IPv6 through the router: RFC 8200, RFC 5722, RFC 6946, RFC 4443, as checks from outside."""

import random
import struct

import testbed
from testbed import BROADCAST, Ether, IPv6

from scapy.layers.inet import UDP
from scapy.layers.inet6 import (HBHOptUnknown, ICMPv6DestUnreach, ICMPv6EchoReply,
                                ICMPv6EchoRequest, ICMPv6PacketTooBig, ICMPv6ParamProblem,
                                ICMPv6TimeExceeded, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN, RouterAlert,
                                in6_chksum)
from scapy.packet import Raw

REMOTE = "2001:db8:2::9"  # behind the host on wan
NOWHERE = "2001:db8:ffff::1"
ALL_NODES, ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
HOP_BY_HOP, ROUTING, FRAGMENT, ICMPV6, NOTHING = 0, 43, 44, 58, 59


def data(n, seed=1):
    return random.Random(seed).randbytes(n)


def raw(packet):
    """An IPv6 packet as it is sent: every field filled in."""
    return IPv6(bytes(packet))


def option(kind, body=b"\1\2\3\4"):
    return IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=kind, optlen=len(body), optdata=body)])


class Case(testbed.Case):
    def ping(self, port=None, dst=None, payload=b"", headers=None, **fields):
        """An echo request of the port's host to the router."""
        port = port or self.lan
        p = IPv6(src=fields.pop("src", port.host6), dst=dst or port.ip6, **fields)
        if headers:
            p /= headers
        return p / ICMPv6EchoRequest(id=7, seq=9, data=payload)

    def through(self, size=100, dst=None, src=None, **fields):
        """A packet of so many bytes from lan to wan."""
        head = IPv6(src=src or self.lan.host6, dst=dst or self.wan.host6, **fields) / \
            UDP(sport=7, dport=8)
        return raw(head / Raw(data(size - len(head))))

    def check_error(self, frame, about, port, kind, code, word=0, source=None):
        """The frame is an ICMPv6 error to the source of `about`, right in every byte that a
        standard speaks of."""
        ip, about = frame[IPv6], bytes(about)
        self.assertEqual((frame.src, frame.dst), (port.mac, port.host_mac))
        self.assertEqual((ip.version, ip.nh), (6, ICMPV6))
        self.assertEqual((ip.src, ip.dst), (source or port.ip6, port.host6))
        self.assertIn(ip.hlim, (64, 255))
        # RFC 4443 section 2.4 (c): as much as fits into 1280 bytes
        self.assertEqual(40 + ip.plen, min(1280, 48 + len(about)))
        self.assertEqual(len(frame), 54 + ip.plen)
        icmp = bytes(frame)[54:]
        self.assertEqual((icmp[0], icmp[1]), (kind, code))
        self.assertEqual(struct.unpack("!I", icmp[4:8])[0], word)
        self.assertEqual(in6_chksum(ICMPV6, ip, icmp), 0)
        quote, quoted = icmp[8:], about[:1232]
        if kind == 2:  # forwarding may have counted the hop already
            self.assertIn(quote[7], (about[7], about[7] - 1))
            quote = quote[:7] + quoted[7:8] + quote[8:]
        self.assertEqual(quote.hex(), quoted.hex())

    def expect_error(self, port, packet, kind, code, **more):
        packet = raw(packet)
        self.check_error(self.only(self.exchange(port, packet), port), packet, port, kind, code,
                         **more)

    def expect_reply(self, packet, got=None, port=None):
        """The packet, an echo request in any disguise, is answered."""
        port = port or self.lan
        frame = self.only(self.exchange(port, packet) if got is None else got, port)
        ip, icmp = frame[IPv6], bytes(frame)[54:]
        asked = bytes(packet[ICMPv6EchoRequest])
        self.assertEqual((frame.src, frame.dst), (port.mac, port.host_mac))
        self.assertEqual((ip.src, ip.dst, ip.nh), (packet.dst, packet.src, ICMPV6))
        self.assertEqual(in6_chksum(ICMPV6, ip, icmp), 0)
        self.assertEqual(icmp[:2] + icmp[4:], b"\x81\0" + asked[4:])


class Rfc8200Forwarding(Case):
    def test_rfc8200_2_hop_limit_2_goes_out_as_1(self):
        for hops in (2, 3, 64, 255):
            p = self.through(hlim=hops)
            self.forwarded(self.only(self.exchange(self.lan, p), self.wan), p, self.wan)

    def test_rfc8200_2_hop_limit_1_or_0_is_time_exceeded(self):
        for hops in (1, 0):  # RFC 4443 section 3.3
            self.expect_error(self.lan, self.through(hlim=hops), 3, 0)
            self.dropped(icmp_error__ttl_exceeded=1)

    def test_rfc8200_2_hop_limit_1_or_0_to_the_router_itself_is_received(self):
        for hops in (1, 0):  # section 3
            self.expect_reply(self.ping(hlim=hops))

    def test_rfc8200_1_too_big_is_never_fragmented(self):
        for size in (1281, 1400, 1500):
            with self.subTest(size=size):
                self.expect_error(self.lan, self.through(size, self.mid.host6), 2, 0, word=1280)
                self.dropped(icmp_error__too_big=1)

    def test_rfc8200_1_nor_is_a_fragment(self):
        p = IPv6(src=self.lan.host6, dst=self.mid.host6) / \
            IPv6ExtHdrFragment(m=1, id=5, nh=17) / Raw(data(1352))
        self.expect_error(self.lan, p, 2, 0, word=1280)
        self.dropped(icmp_error__too_big=1)

    def test_rfc8200_1_exactly_the_mtu_passes(self):
        p = self.through(1280, self.mid.host6)
        self.forwarded(self.only(self.exchange(self.lan, p), self.mid), p, self.mid)

    def test_rfc8200_every_size_of_an_ethernet_passes(self):
        sizes = list(range(48, 120)) + [1279, 1280, 1281, 1499, 1500]
        packets = [self.through(n, fl=n) for n in sizes]
        got = self.only(self.exchange(self.lan, *packets), self.wan, len(sizes))
        for frame, p in zip(got, packets):
            self.forwarded(frame, p, self.wan)

    def test_rfc8200_extension_headers_of_others_are_not_ours(self):
        upper = UDP(sport=1, dport=2) / Raw(b"x" * 20)
        chains = [option(0xDE) / upper, option(0x5E) / upper,
                  IPv6ExtHdrRouting(addresses=[NOWHERE]) / upper,
                  IPv6ExtHdrFragment(m=1, id=7, offset=9) / upper,
                  IPv6ExtHdrFragment(id=7) / option(0x9E) / upper]
        for chain in chains:
            with self.subTest(chain=chain.summary()):
                p = raw(IPv6(src=self.lan.host6, dst=REMOTE) / chain)
                self.forwarded(self.only(self.exchange(self.lan, p), self.wan), p, self.wan)
        for nh in (NOTHING, 253):
            p = raw(IPv6(src=self.lan.host6, dst=REMOTE, nh=nh) / Raw(b"abc"))
            self.forwarded(self.only(self.exchange(self.lan, p), self.wan), p, self.wan)

    @testbed.unlike_linux("forwards none; section 4 has routers pass them unless told otherwise")
    def test_rfc8200_hop_by_hop_options_pass(self):
        for o in (RouterAlert(value=0), HBHOptUnknown(otype=0x1E, optdata=b"1234")):
            p = raw(IPv6(src=self.lan.host6, dst=REMOTE) / IPv6ExtHdrHopByHop(options=[o]) /
                    UDP(sport=1, dport=2) / Raw(b"x" * 20))
            self.forwarded(self.only(self.exchange(self.lan, p), self.wan), p, self.wan)

    def test_rfc8200_padding_of_frames_is_not_forwarded(self):
        p = self.through(60)
        frame = bytes(self.lan.frame(p)) + b"\xee" * 9
        self.forwarded(self.only(self.exchange(self.lan, frame), self.wan), p, self.wan)

    def test_rfc8200_6_udp_checksum_0_of_others_is_not_ours(self):
        p = self.through()
        p[UDP].chksum = 0
        p = raw(p)
        self.forwarded(self.only(self.exchange(self.lan, p), self.wan), p, self.wan)


class Rfc8200Header(Case):
    """Silent, and named."""

    def test_rfc8200_bad_version(self):
        p = bytearray(bytes(self.through()))
        p[0] = 0x50
        self.silence(self.lan, Ether(src=self.lan.host_mac, dst=self.lan.mac, type=0x86DD) / Raw(p),
                     ipv6_input__bad_version=1)

    def test_rfc8200_payload_length_beyond_the_frame(self):
        p = self.through()
        p.plen += 1
        self.silence(self.lan, p, ipv6_input__bad_length=1)

    def test_rfc8200_shorter_than_a_header(self):
        frames = [Ether(src=self.lan.host_mac, dst=self.lan.mac, type=0x86DD) /
                  Raw(bytes(self.through())[:n]) for n in range(40)]
        self.silence(self.lan, *frames, ipv6_input__too_short=40)

    def test_rfc4291_martian_sources(self):
        sources = "ff02::1", "ff0e::1", "::1", "::"
        self.silence(self.lan, *(self.through(src=s) for s in sources),
                     ipv6_input__martian_source=len(sources))

    @testbed.unlike_linux("forwards what says so")
    def test_rfc4291_the_routers_own_address_comes_from_nowhere(self):
        sources = self.lan.ip6, self.wan.ip6, self.mid.ip6, "fd00:1::"
        self.silence(self.lan, *(self.through(src=s) for s in sources),
                     ipv6_route__martian_source=len(sources))
        near = self.through(src="fd01:1::1")  # looks like one of them
        self.forwarded(self.only(self.exchange(self.lan, near), self.wan), near, self.wan)

    @testbed.unlike_linux("tells of some of them; RFC 4291 2.5.2, 2.5.3, 2.7 have them nowhere")
    def test_rfc4291_martian_destinations(self):
        nowhere = "::", "::1", "ff00::1", "ff01::1"
        self.silence(self.lan, *(self.through(dst=d) for d in nowhere),
                     ipv6_input__martian_destination=len(nowhere))

    def test_rfc4291_link_local_stays_on_its_link(self):
        got = self.exchange(self.lan, self.through(src="fe80::2"),
                            self.through(dst="fe80::77"), self.through(src="fe80::2", dst=NOWHERE))
        self.assertEqual(set(got) - {"lan"}, set(), self.summary(got))
        self.dropped(icmp_error__beyond_scope=1, local__not_ours=1, icmp_error__no_route=1)

    def test_rfc4443_2_unicast_in_a_frame_to_all_is_not_answered(self):
        for group in (BROADCAST, ALL_NODES_MAC):  # section 2.4 (e.4)
            self.silence(self.lan, self.lan.frame(self.through(hlim=1), group),
                         ipv6_input__l2_group=1)

    def test_rfc4291_multicast_is_not_forwarded(self):
        groups = "ff02::99", "ff05::99", "ff0e::99"
        self.silence(self.lan, *(self.lan.frame(self.through(dst=g, hlim=h), "33:33:00:00:00:99")
                                 for g in groups for h in (1, 64)), local__group=6)


class Rfc8200Local(Case):
    """What is for the router itself."""

    def test_rfc8200_3_options_that_may_be_skipped_are(self):
        for kind in (0x1E, 0x3E):
            self.expect_reply(raw(self.ping(headers=option(kind))))
        self.expect_reply(raw(self.ping(headers=IPv6ExtHdrHopByHop(
            options=[HBHOptUnknown(otype=0x1E, optdata=b"1234")]))))

    def test_rfc8200_3_options_01_drop_silently(self):
        self.silence(self.lan, self.ping(headers=option(0x5E)), local__unknown_option=1)

    def test_rfc8200_3_options_10_and_11_are_parameter_problem_2(self):
        for kind in (0x9E, 0xDE):
            self.expect_error(self.lan, self.ping(headers=option(kind)), 4, 2, word=42)
            self.dropped(icmp_error__param_option=1)

    def test_rfc8200_3_the_pointer_is_to_the_option(self):
        chain = option(0x1E, b"1" * 12) / option(0x9E)
        self.expect_error(self.lan, self.ping(headers=chain), 4, 2, word=40 + 16 + 2)
        self.dropped(icmp_error__param_option=1)

    def test_rfc8200_3_options_10_are_told_of_also_to_groups(self):
        p = raw(self.ping(dst=ALL_NODES, headers=option(0x9E)))
        got = self.only(self.exchange(self.lan, self.lan.frame(p, ALL_NODES_MAC)), self.lan)
        self.check_error(got, p, self.lan, 4, 2, word=42)
        self.dropped(icmp_error__param_option=1)

    def test_rfc8200_3_options_11_are_not(self):
        p = raw(self.ping(dst=ALL_NODES, headers=option(0xDE)))
        self.silence(self.lan, self.lan.frame(p, ALL_NODES_MAC), local__unknown_option=1)

    def test_rfc8200_unknown_next_header_is_parameter_problem_1(self):
        for nh in (253, 6):  # and TCP, which nobody speaks here
            p = IPv6(src=self.lan.host6, dst=self.lan.ip6, nh=nh) / Raw(data(40))
            if nh == 253:
                self.expect_error(self.lan, p, 4, 1, word=6)
                self.dropped(icmp_error__param_next_header=1)
        p = IPv6(src=self.lan.host6, dst=self.lan.ip6) / \
            IPv6ExtHdrDestOpt(nh=253, options=[PadN(optdata=b"\0" * 4)]) / Raw(data(40))
        self.expect_error(self.lan, p, 4, 1, word=40)
        self.dropped(icmp_error__param_next_header=1)

    def test_rfc8200_hop_by_hop_options_come_first_or_not_at_all(self):
        p = IPv6(src=self.lan.host6, dst=self.lan.ip6) / \
            IPv6ExtHdrDestOpt(nh=HOP_BY_HOP, options=[PadN(optdata=b"\0" * 4)]) / \
            Raw(bytes(IPv6ExtHdrHopByHop(nh=ICMPV6)) + data(8))
        self.expect_error(self.lan, p, 4, 1, word=40)
        self.dropped(icmp_error__param_next_header=1)

    def test_rfc5095_routing_type_0_is_a_parameter_problem_if_segments_are_left(self):
        routing = IPv6ExtHdrRouting(type=0, segleft=1, addresses=[NOWHERE])
        self.expect_error(self.lan, self.ping(headers=routing), 4, 0, word=42)
        self.dropped(icmp_error__param_header=1)

    def test_rfc8200_a_routing_header_without_segments_left_is_passed_over(self):
        self.expect_reply(raw(self.ping(headers=IPv6ExtHdrRouting(type=0, segleft=0,
                                                                  addresses=[NOWHERE]))))

    def test_rfc8200_no_next_header_is_the_end(self):
        p = IPv6(src=self.lan.host6, dst=self.lan.ip6, nh=NOTHING)
        self.silence(self.lan, p, local__no_next_header=1)

    def test_rfc8200_6_udp_checksum_0_is_dropped(self):
        p = raw(IPv6(src=self.lan.host6, dst=self.lan.ip6) / UDP(sport=5, dport=6) / Raw(b"abcd"))
        p[UDP].chksum = 0
        self.silence(self.lan, p, local__bad_checksum=1)


class Fragments(Case):
    """RFC 8200 section 4.5, RFC 5722, RFC 6946."""

    def fragments(self, size=3000, step=1000, ident=21):
        """The echo request, and it in fragments."""
        p = raw(self.ping(payload=data(size)))
        body = bytes(p)[40:]
        pieces = []
        for at in range(0, len(body), step):
            f = IPv6ExtHdrFragment(nh=ICMPV6, id=ident, offset=at // 8, m=at + step < len(body))
            pieces.append(raw(IPv6(src=p.src, dst=p.dst) / f / Raw(body[at:at + step])))
        return p, pieces

    def answered(self, request, got):
        """Whether the reply, which may come in fragments, is right."""
        frames, whole = got.pop("lan"), {}
        self.assertEqual(got, {})
        for frame in frames:
            self.assertLessEqual(len(frame), 1514)
            f = frame.getlayer(IPv6ExtHdrFragment)
            payload = bytes(frame)[62 if f else 54:]
            whole[f.offset * 8 if f else 0] = payload
        icmp = b"".join(whole[k] for k in sorted(whole))
        ip = IPv6(src=request.dst, dst=request.src, nh=ICMPV6)
        self.assertEqual((frames[0][IPv6].src, frames[0][IPv6].dst), (ip.src, ip.dst))
        self.assertEqual(in6_chksum(ICMPV6, ip, icmp), 0)
        self.assertEqual(icmp[4:].hex(), bytes(request)[44:].hex())

    def test_rfc8200_4_reassembles_in_any_order(self):
        for seed in range(4):
            with self.subTest(seed=seed):
                p, f = self.fragments(6000, ident=seed)
                random.Random(seed).shuffle(f)
                self.answered(p, self.exchange(self.lan, *f))

    def overlap(self, shift, length):
        """Send a datagram with another piece of it behind its second one."""
        ident = 1000 + shift + length
        _, f = self.fragments(ident=ident)
        bad = IPv6(src=self.lan.host6, dst=self.lan.ip6) / IPv6ExtHdrFragment(
            nh=ICMPV6, id=ident, m=1, offset=125 + shift) / Raw(data(length, 2))
        got = self.exchange(self.lan, f[0], f[1], bad, *f[2:])
        self.assertEqual(self.summary(got), {})
        self.dropped(local__fragment_overlap=5)

    def test_rfc5722_4_overlapping_fragments_drop_the_datagram_silently(self):
        for shift, length in ((1, 1000), (0, 1008), (-10, 1200), (100, 1000)):
            with self.subTest(shift=shift, length=length):
                self.overlap(shift, length)

    @testbed.unlike_linux("passes over what is there already; section 4 spares exact duplicates")
    def test_rfc5722_4_also_those_that_bring_nothing_new(self):
        for shift, length in ((-1, 1000), (-1, 16), (0, 992)):
            with self.subTest(shift=shift, length=length):
                self.overlap(shift, length)

    def test_rfc6946_4_an_atomic_fragment_is_handled_alone(self):
        p, f = self.fragments(ident=33)
        atomic = raw(self.ping(payload=b"atomic", headers=IPv6ExtHdrFragment(id=33, nh=ICMPV6)))
        self.exchange(self.lan, f[0], f[1])
        self.expect_reply(atomic)
        self.answered(p, self.exchange(self.lan, *f[2:]))

    def test_rfc8200_5_a_length_that_is_no_multiple_of_8_is_parameter_problem_0(self):
        p = IPv6(src=self.lan.host6, dst=self.lan.ip6) / \
            IPv6ExtHdrFragment(nh=ICMPV6, m=1, id=3) / Raw(data(100))
        self.expect_error(self.lan, p, 4, 0, word=4)
        self.dropped(icmp_error__param_header=1)

    def test_rfc8200_5_beyond_65535_is_parameter_problem_0(self):
        p = IPv6(src=self.lan.host6, dst=self.lan.ip6) / \
            IPv6ExtHdrFragment(nh=17, m=0, id=3, offset=8190) / Raw(data(100))
        self.expect_error(self.lan, p, 4, 0, word=42)
        self.dropped(icmp_error__param_header=1)

    def test_rfc7112_a_first_fragment_without_the_upper_header_is_not_answered(self):
        p = IPv6(src=self.lan.host6, dst=self.lan.ip6) / \
            IPv6ExtHdrFragment(nh=60, m=1, id=3) / option(0x1E)
        p[IPv6ExtHdrDestOpt].nh = ICMPV6  # which the next fragment would bring
        got = self.exchange(self.lan, p, self.ping(headers=IPv6ExtHdrFragment(
            nh=ICMPV6, m=0, offset=1, id=3)))
        for frame in got.get("lan", []):  # section 5: may be told of, as 4/3
            self.assertIn(ICMPv6ParamProblem, frame)
            self.assertEqual(frame[ICMPv6ParamProblem].code, 3)
        self.dropped(icmp_error__param_chain=1)


class Rfc4443(Case):
    def test_rfc4443_1_errors_quote_as_much_as_fits(self):
        for size in (48, 100, 1231, 1232, 1233, 1500):
            with self.subTest(size=size):
                self.expect_error(self.lan, self.through(size, hlim=1), 3, 0)
                self.dropped(icmp_error__ttl_exceeded=1)

    def test_rfc4443_2_none_about_an_error_or_a_redirect(self):
        quote = Raw(bytes(self.through())[:48])
        errors = [ICMPv6DestUnreach(), ICMPv6PacketTooBig(), ICMPv6TimeExceeded(),
                  ICMPv6ParamProblem()]
        packets = [IPv6(src=self.lan.host6, dst=self.wan.host6, hlim=1) / e / quote
                   for e in errors]
        # an error of a kind unknown today is one, too: types 0 to 127
        packets.append(IPv6(src=self.lan.host6, dst=self.wan.host6, hlim=1, nh=ICMPV6) /
                       Raw(b"\x64\0\0\0" + bytes(quote)))
        # and behind extension headers
        packets.append(IPv6(src=self.lan.host6, dst=self.wan.host6, hlim=1) /
                       option(0x1E) / ICMPv6TimeExceeded() / quote)
        self.silence(self.lan, *packets, icmp_error__ttl_exceeded=len(packets))

    def test_rfc4443_2_but_one_about_an_echo_request(self):
        p = IPv6(src=self.lan.host6, dst=self.wan.host6, hlim=1) / ICMPv6EchoRequest()
        self.expect_error(self.lan, p, 3, 0)
        self.dropped(icmp_error__ttl_exceeded=1)

    def test_rfc4443_2_none_to_nobody(self):
        self.silence(self.lan, self.through(src="::", hlim=1), self.through(src="ff02::5", hlim=1),
                     ipv6_input__martian_source=2)

    def test_rfc4443_2_none_about_multicast(self):
        p = IPv6(src=self.lan.host6, dst=ALL_NODES) / UDP(sport=1, dport=2) / Raw(b"xx")
        self.silence(self.lan, self.lan.frame(p, ALL_NODES_MAC), local__group=1)

    def test_rfc4443_4_the_checksum_is_verified(self):
        for payload in (b"", b"1", b"12", data(1000)):
            p = raw(self.ping(payload=payload))
            p[ICMPv6EchoRequest].cksum ^= 0x0100
            self.silence(self.lan, p, local__bad_checksum=1)

    def test_rfc4443_5_the_reply_comes_from_the_address_asked(self):
        for port in (self.lan, self.wan, self.mid):
            self.expect_reply(raw(self.ping(dst=port.ip6, payload=data(64))))

    def test_rfc4291_the_anycast_address_of_routers_answers_as_one_of_them(self):
        for port in (self.lan, self.wan, self.mid):  # section 2.6.1; RFC 4443 section 2.2 (b)
            p = raw(self.ping(dst=f"fd00:{port.number}::", payload=data(9)))
            frame = self.only(self.exchange(self.lan, p), self.lan)
            self.assertEqual((frame[IPv6].src, frame[IPv6].dst), (self.lan.ip6, self.lan.host6))
            self.assertEqual(frame[ICMPv6EchoReply].data, data(9))

    @testbed.unlike_linux("speaks from it; RFC 4443 2.2 (b) wants an address of one host")
    def test_rfc4291_but_no_error_comes_from_it(self):
        p = raw(IPv6(src=self.lan.host6, dst="fd00:2::") / UDP(sport=5, dport=9) / Raw(data(9)))
        self.expect_error(self.lan, p, 1, 4)
        self.dropped(icmp_error__port_unreachable=1)

    def test_rfc4291_only_groups_that_a_router_joins_are_answered(self):
        joined = ALL_NODES, "ff02::2", "ff05::2", "ff02::1:ff00:1"  # section 2.8
        others = "ff02::5", "ff02::16", "ff05::1", "ff0e::1", "ff02::1:ff00:2"
        group = "33:33:00:00:00:99"
        for dst in joined:
            frame = self.only(
                self.exchange(self.lan, self.lan.frame(self.ping(dst=dst), group)), self.lan)
            self.assertEqual(frame[IPv6].src, self.lan.ip6)
        self.silence(self.lan, *(self.lan.frame(self.ping(dst=dst), group) for dst in others),
                     local__group=len(others))

    def test_rfc4443_the_reply_has_the_class_of_the_request(self):
        for tc in (0x10, 0xB8, 0xFF):
            p = raw(self.ping(payload=data(9), tc=tc, fl=0xABCDE))
            frame = self.only(self.exchange(self.lan, p), self.lan)
            self.assertEqual((frame[IPv6].version, frame[IPv6].tc), (6, tc))

    def test_rfc4443_5_replies_of_every_size(self):
        for size in (0, 1, 7, 8, 1231, 1232, 1452):
            self.expect_reply(raw(self.ping(payload=data(size))))

    def test_rfc4443_no_route_is_1_0(self):
        self.expect_error(self.lan, self.through(dst=NOWHERE), 1, 0)
        self.dropped(icmp_error__no_route=1)

    def test_rfc4443_prohibited_is_1_1(self):
        self.expect_error(self.lan, self.through(dst="2001:db8:d::1"), 1, 1)
        self.dropped(icmp_error__prohibited=1)

    def test_rfc4443_unreachable_is_1_0(self):
        self.expect_error(self.lan, self.through(dst="2001:db8:c::1"), 1, 0)
        self.dropped(icmp_error__rejected=1)

    def test_rfc4443_blackhole_is_silent(self):
        self.silence(self.lan, self.through(dst="2001:db8:b::1"), ipv6_route__blackhole=1)

    def test_rfc4443_udp_without_a_listener_is_1_4(self):
        p = IPv6(src=self.lan.host6, dst=self.lan.ip6) / UDP(sport=5, dport=33434) / Raw(data(40))
        self.expect_error(self.lan, p, 1, 4)
        self.dropped(icmp_error__port_unreachable=1)

    def test_rfc4443_an_echo_reply_to_nobody_is_dropped(self):
        p = IPv6(src=self.lan.host6, dst=self.lan.ip6) / ICMPv6EchoReply()
        self.silence(self.lan, p, local__icmp_ignored=1)


class Rfc4443Limits(Case):
    settings = {"icmp-rate": 10, "icmp-burst": 10}

    @testbed.only_sluice("its rates are those of the whole system")
    def test_rfc4443_3_errors_are_limited_and_one_source_starves_nobody(self):
        many = 2000
        got = self.exchange(self.lan, *(self.through(hlim=1, fl=k) for k in range(many)))
        self.assertGreater(len(got["lan"]), 0)
        self.assertLess(len(got["lan"]), many // 4)
        p = IPv6(src=self.wan.host6, dst=self.lan.host6, hlim=1) / UDP() / Raw(data(50))
        self.expect_error(self.wan, p, 3, 0)
        self.dropped(icmp_error__ttl_exceeded=many + 1)


if __name__ == "__main__":
    testbed.main()
