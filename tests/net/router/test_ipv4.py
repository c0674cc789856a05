"""IPv4 through the router: RFC 791, RFC 1812, RFC 1624, as checks from outside."""

import random
import struct

import testbed
from testbed import BROADCAST, GROUP, IP, Ether, checksum

from scapy.layers.inet import ICMP, TCP, UDP
from scapy.layers.l2 import ARP, Dot1Q
from scapy.packet import Raw

REMOTE = "198.51.100.9"  # behind the host on wan
EXPERIMENT = 0x1E, 0x9E  # options of RFC 4727, without and with the copied flag


def data(n, seed=1):
    return random.Random(seed).randbytes(n)


def raw(packet):
    """An IP packet as it is sent: every field filled in."""
    return IP(bytes(packet))


def changed(packet, **fields):
    """The same packet with fields of its header set, their checksum right."""
    p = raw(packet)
    for name, value in fields.items():
        setattr(p, name, value)
    del p.chksum
    return raw(p)


class Case(testbed.Case):
    def ping(self, port, dst=None, payload=b"", **fields):
        """An echo request of the port's host to the router."""
        return IP(src=port.host, dst=dst or port.ip, **fields) / \
            ICMP(id=7, seq=9) / Raw(payload)

    def through(self, size=100, dst=None, **fields):
        """A packet of so many bytes from lan to wan."""
        head = IP(src=self.lan.host, dst=dst or self.wan.host, **fields) / UDP(sport=7, dport=8)
        return raw(head / Raw(data(size - len(head))))

    def with_options(self, options, size, dst, **fields):
        head = IP(src=self.lan.host, dst=dst, ihl=5 + len(options) // 4, proto=17,
                  len=size, **fields)
        header = bytearray(bytes(head)[:20] + options)
        header[10:12] = b"\0\0"
        header[10:12] = struct.pack("!H", checksum(bytes(header)))
        return raw(bytes(header) + data(size - len(header)))

    def check_error(self, frame, about, port, kind, code, word=0, changed_ttl=False):
        """The frame is an ICMP error to the source of `about`, right in every byte that a
        standard speaks of."""
        ip, about = frame[IP], bytes(about)
        self.assertEqual((frame.src, frame.dst), (port.mac, port.host_mac))
        self.assertEqual((ip.version, ip.ihl, ip.frag, ip.flags.MF), (4, 5, 0, 0))
        self.assertEqual((ip.src, ip.dst, ip.proto), (port.ip, port.host, 1))
        self.assertIn(ip.ttl, (64, 255))
        # RFC 1812 4.3.2.5: precedence 6 or 7, the TOS bits of what it is about
        self.assertIn(ip.tos & 0xFC, (0xC0 | about[1] & 0x1C, 0xE0 | about[1] & 0x1C))
        # 4.3.2.3: as much as fits into 576 bytes
        self.assertEqual(ip.len, min(576, 28 + len(about)))
        self.assertEqual(len(frame), 14 + ip.len)
        icmp = bytes(ip)[20:]
        self.assertEqual((icmp[0], icmp[1]), (kind, code))
        self.assertEqual(struct.unpack("!I", icmp[4:8])[0], word)
        self.assertEqual(checksum(icmp), 0)
        self.assertEqual(checksum(bytes(ip)[:20]), 0)
        quoted, quote = about[:548], icmp[8:]
        if changed_ttl:  # what forwarding has done need not be undone
            quoted = quoted[:8] + quote[8:9] + quoted[9:10] + quote[10:12] + quoted[12:]
            self.assertIn(quote[8], (about[8], about[8] - 1))
        self.assertEqual(quote.hex(), quoted.hex())

    def expect_error(self, port, packet, kind, code, **more):
        packet = raw(packet)
        self.check_error(self.only(self.exchange(port, packet), port), packet, port, kind, code,
                         **more)

    def reassemble(self, frames, mtu):
        """Check fragments, which may come in any order, and put them together: (IP header of the
        first, payload)."""
        pieces = sorted((f[IP] for f in frames), key=lambda p: p.frag)
        whole = b""
        for p in pieces:
            self.assertLessEqual(p.len, mtu)
            self.assertEqual(checksum(bytes(p)[:p.ihl * 4]), 0)
            self.assertEqual(p.frag * 8 - pieces[0].frag * 8, len(whole), "no hole, no overlap")
            self.assertEqual((p.id, p.proto, p.src, p.dst, p.tos, p.ttl),
                             tuple(getattr(pieces[0], k)
                                   for k in ("id", "proto", "src", "dst", "tos", "ttl")))
            whole += bytes(p)[p.ihl * 4:p.len]
        for p in pieces[:-1]:
            self.assertTrue(p.flags.MF)
        return pieces, whole


class Rfc791(Case):
    def test_rfc791_1_fragments_of_1400_bytes_at_mtu_576(self):
        p = self.through(1400, self.thin.host, id=0x1234, tos=0x48, ttl=9)
        got = self.only(self.exchange(self.lan, p), self.thin, 3)
        pieces, whole = self.reassemble(got, 576)
        # RFC 791 section 3.2: NFB = (MTU - 20) / 8
        self.assertEqual([x.frag for x in pieces], [0, 69, 138])
        self.assertFalse(pieces[-1].flags.MF)
        self.assertEqual((pieces[0].id, pieces[0].tos, pieces[0].ttl), (0x1234, 0x48, 8))
        self.assertEqual(whole.hex(), bytes(p)[20:].hex())

    def test_rfc791_1_fits_exactly_or_misses_by_one(self):
        for size, pieces in ((576, 1), (577, 2), (572 + 532, 2), (1500, 3)):
            with self.subTest(size=size):
                p = self.through(size, self.thin.host, id=size)
                got = self.only(self.exchange(self.lan, p), self.thin, pieces)
                self.assertEqual(self.reassemble(got, 576)[1].hex(), bytes(p)[20:].hex())

    def options(self):
        keeps, goes = EXPERIMENT[1], EXPERIMENT[0]
        return bytes([goes, 4, 0xAA, 0xBB, keeps, 6, 1, 2, 3, 4, 1, goes, 3, 5, 1, 0])

    @staticmethod
    def listed(packet):
        """The options in a header, without padding."""
        found, rest = [], bytes(packet)[20:packet.ihl * 4]
        while rest and rest[0] != 0:
            n = 1 if rest[0] == 1 else rest[1]
            if rest[0] != 1:
                found.append(rest[:n])
            rest = rest[n:]
        return found

    def test_rfc791_2_only_copied_options_are_in_later_fragments(self):
        options = self.options()
        p = self.with_options(options, 1400, self.thin.host, id=77)
        got = self.only(self.exchange(self.lan, p), self.thin, 3)
        pieces, whole = self.reassemble(got, 576)
        self.assertEqual(bytes(pieces[0])[20:36].hex(), options.hex())
        for x in pieces[1:]:
            self.assertEqual(self.listed(x), [options[4:10]])
        self.assertEqual(whole.hex(), bytes(p)[36:].hex())

    def test_rfc791_3_fragment_is_fragmented_again(self):
        for more in (True, False):
            with self.subTest(more=more):
                p = self.through(1380 + 20, self.thin.host, id=5 + more, frag=100,
                                 flags="MF" if more else 0)
                got = self.only(self.exchange(self.lan, p), self.thin, 3)
                pieces, whole = self.reassemble(got, 576)
                self.assertEqual([x.frag for x in pieces], [100, 169, 238])
                self.assertEqual(bool(pieces[-1].flags.MF), more)
                self.assertEqual(whole.hex(), bytes(p)[20:].hex())

    def test_rfc791_5_options_that_nobody_knows_pass(self):
        p = self.with_options(self.options(), 200, self.wan.host, ttl=9)
        frame = self.only(self.exchange(self.lan, p), self.wan)
        want = bytearray(bytes(p))
        want[8] -= 1
        want[10:12] = b"\0\0"
        want[10:12] = struct.pack("!H", checksum(bytes(want[:36])))
        self.assertEqual(bytes(frame)[14:].hex(), bytes(want).hex())

    def test_rfc791_5_padding_of_short_frames_is_not_forwarded(self):
        p = self.through(30)
        frame = bytes(self.lan.frame(p)) + b"\xee" * 16
        self.forwarded(self.only(self.exchange(self.lan, frame), self.wan), p, self.wan)


class SmallLinks(Case):
    mtus = {"lan": 1500, "wan": 1500, "thin": 68}
    routes = {}

    def test_rfc791_3_68_octets_are_never_fragmented(self):
        for options in (0, 40):
            with self.subTest(options=options):
                head = IP(src=self.lan.host, dst=self.thin.host, ihl=5 + options // 4,
                          len=68, proto=253, options=[])
                header = bytearray(bytes(head)[:20] + b"\1" * options)
                header[10:12] = b"\0\0"
                header[10:12] = struct.pack("!H", checksum(bytes(header)))
                p = bytes(header) + data(48 - options)
                frame = self.only(self.exchange(self.lan, IP(p)), self.thin)
                self.assertEqual(bytes(frame)[14 + 20:], p[20:])
                self.assertEqual((frame.frag, frame.flags.MF), (0, 0))

    def test_rfc791_3_69_octets_are(self):
        p = self.through(69, self.thin.host)
        got = self.only(self.exchange(self.lan, p), self.thin, 2)
        self.assertEqual(self.reassemble(got, 68)[1].hex(), bytes(p)[20:].hex())


    def test_rfc791_3_offsets_do_not_begin_again(self):
        p = IP(src=self.lan.host, dst=self.thin.host, proto=17, frag=8150) / Raw(data(1400))
        self.silence(self.lan, p, ipv4_fragment__beyond_end=1)


class Reassembly(Case):
    """RFC 791 section 3.2, of what is for the router itself."""

    def fragments(self, size=3000, step=1000, ident=21):
        p = bytes(self.ping(self.lan, payload=data(size), id=ident))
        body = p[20:]
        return body, [raw(IP(src=self.lan.host, dst=self.lan.ip, id=ident, proto=1, frag=at // 8,
                             flags="MF" if at + step < len(body) else 0) /
                          Raw(body[at:at + step])) for at in range(0, len(body), step)]

    def answered(self, got, body):
        """The echo reply, which may be in fragments of its own."""
        frames = got.pop("lan")
        self.assertEqual(got, {})
        _, whole = self.reassemble(frames, 1500)
        self.assertEqual((whole[0], checksum(whole)), (0, 0))
        self.assertEqual(whole[4:].hex(), body[4:].hex())

    def test_rfc791_4_reassembles_in_order(self):
        body, f = self.fragments()
        self.answered(self.exchange(self.lan, *f), body)

    def test_rfc791_4_reassembles_in_any_order(self):
        body, f = self.fragments(6000)
        for seed in range(4):
            with self.subTest(seed=seed):
                random.Random(seed).shuffle(f)
                self.answered(self.exchange(self.lan, *(changed(x, id=seed) for x in f)), body)

    def test_rfc791_4_duplicates_do_no_harm(self):
        body, f = self.fragments()
        self.answered(self.exchange(self.lan, f[0], f[0], f[2], f[3], f[3], f[2], f[1]), body)
        self.dropped(local__fragment_duplicate=3)

    def test_rfc791_4_overlaps_drop_the_datagram(self):
        # RFC 5722 for IPv6; the same for IPv4, against RFC 791's overwriting, which hid attacks
        _, f = self.fragments()
        bad = changed(f[1], frag=f[1].frag - 1)
        self.assertEqual(self.summary(self.exchange(self.lan, f[0], bad, *f[1:])), {})
        self.dropped(local__fragment_overlap=5)

    def test_rfc791_4_datagrams_are_told_apart(self):
        body, f = self.fragments(ident=1)
        other, g = self.fragments(2500, ident=2)
        got = self.exchange(self.lan, f[0], g[0], f[3], g[2], f[2], f[1], g[1])
        replies = {}
        for frame in got.pop("lan"):
            replies.setdefault(frame[IP].id, []).append(frame)
        self.assertEqual(got, {})
        self.assertEqual(sorted(self.reassemble(r, 1500)[1][4:] for r in replies.values()),
                         sorted((body[4:], other[4:])))

    def test_rfc791_4_nothing_is_longer_than_65535(self):
        p = IP(src=self.lan.host, dst=self.lan.ip, proto=1, frag=8189, id=3) / Raw(data(100))
        self.silence(self.lan, p, local__fragment_malformed=1)


class Rfc1812Header(Case):
    """RFC 1812 section 5.2.2: silent, and named."""

    def test_rfc1812_1_bad_version(self):
        self.silence(self.lan, changed(self.through(), version=5), ipv4_input__bad_version=1)

    def test_rfc1812_1_header_length_below_five(self):
        self.silence(self.lan, changed(self.through(), ihl=4), ipv4_input__bad_header_length=1)

    def test_rfc1812_1_header_longer_than_the_packet(self):
        p = bytearray(bytes(self.through(40)))
        p[0] = 0x4F
        self.silence(self.lan, Ether(src=self.lan.host_mac, dst=self.lan.mac, type=0x800) / Raw(p),
                     ipv4_input__bad_header_length=1)

    def test_rfc1812_1_total_length_beyond_the_frame(self):
        p = self.through()
        self.silence(self.lan, changed(p, len=p.len + 1), ipv4_input__bad_length=1)

    def test_rfc1812_1_total_length_below_the_header(self):
        self.silence(self.lan, changed(self.through(), len=19), ipv4_input__bad_length=1)

    def test_rfc1812_1_bad_checksum(self):
        p = self.through()
        self.silence(self.lan, *(IP(bytes(p)[:10] + struct.pack("!H", p.chksum ^ 1 << bit) +
                                    bytes(p)[12:]) for bit in range(16)),
                     ipv4_input__bad_checksum=16)

    def test_rfc1812_1_shorter_than_a_header(self):
        frames = [Ether(src=self.lan.host_mac, dst=self.lan.mac, type=0x800) /
                  Raw(bytes(self.through())[:n]) for n in range(20)]
        self.silence(self.lan, *frames, ipv4_input__too_short=20)

    @testbed.unlike_linux("forwards from 0.1.2.3 and 240.0.0.1; 5.3.7 has these invalid")
    def test_rfc1812_6_martian_sources(self):
        sources = "0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", \
            "255.255.255.255"
        self.silence(self.lan, *(changed(self.through(), src=s) for s in sources),
                     ipv4_input__martian_source=len(sources))

    @testbed.unlike_linux("forwards from the broadcast address of a network")
    def test_rfc1812_6_the_routers_own_address_comes_from_nowhere(self):
        sources = [p.ip for p in self.ports.values()] + ["10.0.1.255"]
        self.silence(self.lan, *(changed(self.through(), src=s) for s in sources),
                     *(changed(self.through(), src=s, dst=self.lan.ip) for s in sources),
                     ipv4_route__martian_source=2 * len(sources))
        near = changed(self.through(), src="10.7.1.1")  # looks like one of them
        self.forwarded(self.only(self.exchange(self.lan, near), self.wan), near, self.wan)

    @testbed.unlike_linux("answers with ICMP where 5.3.7 has the address invalid")
    def test_rfc1812_6_martian_destinations(self):
        nowhere = "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.9", "240.0.0.1", "255.255.255.254"
        self.silence(self.lan, *(changed(self.through(), dst=d) for d in nowhere),
                     ipv4_input__martian_destination=len(nowhere))

    @testbed.unlike_linux("answers a ping in a broadcast frame; 5.3.4 and RFC 1122 3.3.6 do not")
    def test_rfc1812_6_unicast_in_a_frame_to_all(self):
        for group in (BROADCAST, GROUP):  # section 5.3.4
            self.silence(self.lan, self.lan.frame(self.through(), group),
                         self.lan.frame(self.ping(self.lan), group), ipv4_input__l2_group=2)


class Rfc1812Forwarding(Case):
    def test_rfc1812_2_ttl_2_goes_out_as_1(self):
        for ttl in (2, 3, 64, 255):
            p = self.through(ttl=ttl)
            self.forwarded(self.only(self.exchange(self.lan, p), self.wan), p, self.wan)

    def test_rfc1812_2_ttl_1_in_gives_icmp_11_0(self):
        for size in (28, 100, 548, 549, 576, 1500):  # 4.3.2.3: quotes what fits into 576
            with self.subTest(size=size):
                self.expect_error(self.lan, self.through(size, ttl=1), 11, 0)
                self.dropped(icmp_error__ttl_exceeded=1)

    def test_rfc1812_4_3_2_5_the_type_of_service_comes_back(self):
        for tos in (0x10, 0x1C, 0xB8, 0xE3):
            self.expect_error(self.lan, self.through(ttl=1, tos=tos), 11, 0)
        self.dropped(icmp_error__ttl_exceeded=4)

    def test_rfc1812_2_ttl_1_in_counts_also_where_no_route_is(self):
        self.expect_error(self.lan, self.through(ttl=64, dst="203.0.113.1"), 3, 0)
        self.dropped(icmp_error__no_route=1)

    def test_rfc1812_2_ttl_0_in_is_never_forwarded(self):
        p = self.through(ttl=0)
        got = self.exchange(self.lan, p)
        self.assertEqual(set(got) - {"lan"}, set(), self.summary(got))
        for frame in got.get("lan", []):  # 5.3.1: "zero (or less)" is an error to tell of
            self.check_error(frame, p, self.lan, 11, 0)
        self.dropped(icmp_error__ttl_exceeded=1)

    def test_rfc1812_2_ttl_0_or_1_to_the_router_itself_is_received(self):
        for ttl in (0, 1):  # section 4.2.2.9
            reply = self.only(self.exchange(self.lan, self.ping(self.lan, ttl=ttl)), self.lan)
            self.assertEqual((reply[ICMP].type, reply[IP].src), (0, self.lan.ip))

    def test_rfc1812_3_no_error_about_an_icmp_error(self):
        about = bytes(self.through())[:28]
        errors = [(3, 1), (4, 0), (5, 1), (11, 0), (12, 0)]
        packets = [IP(src=self.lan.host, dst=self.wan.host, ttl=1) /
                   ICMP(type=t, code=c) / Raw(about) for t, c in errors]
        self.silence(self.lan, *packets, icmp_error__ttl_exceeded=len(packets))

    def test_rfc1812_3_but_one_about_an_icmp_query(self):
        p = raw(IP(src=self.lan.host, dst=self.wan.host, ttl=1) / ICMP(type=8) / Raw(b"1234"))
        self.expect_error(self.lan, p, 11, 0)
        self.dropped(icmp_error__ttl_exceeded=1)

    def test_rfc1812_3_no_error_about_a_later_fragment(self):
        self.silence(self.lan, self.through(ttl=1, frag=10),
                     self.through(ttl=1, frag=1, flags="MF"),
                     icmp_error__ttl_exceeded=2)

    def test_rfc1812_3_but_one_about_the_first_fragment(self):
        self.expect_error(self.lan, self.through(ttl=1, flags="MF"), 11, 0)
        self.dropped(icmp_error__ttl_exceeded=1)

    def test_rfc1812_3_no_error_about_multicast_or_broadcast(self):
        packets = [self.through(ttl=t, dst=d) for t in (1, 64)
                   for d in ("224.0.0.1", "239.9.9.9", "255.255.255.255", "10.0.1.255")]
        frames = [self.lan.frame(p, GROUP if p.dst[0] == "2" and p.dst < "24" else BROADCAST)
                  for p in packets]
        self.silence(self.lan, *frames, local__group=6, ipv4_input__l2_group=2)

    def test_rfc1812_3_no_error_about_a_frame_to_all(self):
        self.silence(self.lan, self.lan.frame(self.through(ttl=1), BROADCAST),
                     ipv4_input__l2_group=1)

    def test_rfc1812_3_no_error_to_a_martian(self):
        sources = "0.0.0.0", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"
        self.silence(self.lan, *(changed(self.through(ttl=1), src=s) for s in sources),
                     ipv4_input__martian_source=len(sources))

    def test_rfc1812_5_no_route_is_3_0(self):
        self.expect_error(self.lan, self.through(dst="203.0.113.1"), 3, 0)
        self.dropped(icmp_error__no_route=1)

    def test_rfc1812_5_df_and_too_big_is_3_4_with_the_mtu(self):
        for port in (self.mid, self.thin):  # RFC 1191 section 4
            p = self.through(1400, port.host, flags="DF")
            self.expect_error(self.lan, p, 3, 4, word=port.mtu, changed_ttl=True)
            self.dropped(icmp_error__too_big=1)

    def test_rfc1812_5_df_and_not_too_big_passes(self):
        p = self.through(576, self.thin.host, flags="DF")
        self.forwarded(self.only(self.exchange(self.lan, p), self.thin), p, self.thin)

    def test_rfc1812_5_prohibited_is_3_13(self):
        self.expect_error(self.lan, self.through(dst="192.0.2.129"), 3, 13)
        self.dropped(icmp_error__prohibited=1)

    def test_rfc1812_5_unreachable_is_3_1(self):
        self.expect_error(self.lan, self.through(dst="192.0.2.65"), 3, 1)
        self.dropped(icmp_error__rejected=1)

    def test_rfc1812_5_blackhole_is_silent(self):
        self.silence(self.lan, self.through(dst="192.0.2.1"), ipv4_route__blackhole=1)

    def test_rfc1812_6_directed_broadcast_is_not_forwarded(self):
        self.silence(self.lan, self.through(dst="10.0.2.255"), local__group=1)  # RFC 2644

    @testbed.unlike_linux("sends it to a host of that address")
    def test_rfc1812_6_obsolete_directed_broadcast_is_not_forwarded(self):
        self.silence(self.lan, self.through(dst="10.0.2.0"), wan_out__bad_next_hop=1)  # 4.2.3.1

    def test_rfc1812_6_limited_broadcast_and_multicast_stay(self):
        self.silence(self.lan,
                     self.lan.frame(self.through(dst="255.255.255.255"), BROADCAST),
                     self.lan.frame(self.through(dst="224.0.0.5"), "01:00:5e:00:00:05"),
                     local__group=2)

    def test_rfc1812_frames_to_other_hosts_are_not_ours(self):
        self.silence(self.lan, self.lan.frame(self.through(), self.lan.station_mac(9)),
                     lan_in__other_host=1)

    @testbed.unlike_linux("does not look at the source; IEEE 802 allows no group there")
    def test_rfc1812_frames_from_a_group(self):
        self.silence(self.lan, self.lan.frame(self.through(), src="03:00:00:00:00:01"),
                     lan_in__bad_source=1)

    def test_rfc1812_route_through_a_gateway(self):
        p = self.through(dst=REMOTE)
        self.forwarded(self.only(self.exchange(self.lan, p), self.wan), p, self.wan)

    def test_rfc1812_every_size_of_an_ethernet_passes(self):
        sizes = list(range(28, 100)) + [575, 576, 577, 1279, 1280, 1499, 1500]
        packets = [self.through(n, id=n) for n in sizes]
        got = self.only(self.exchange(self.lan, *packets), self.wan, len(sizes))
        for frame, p in zip(got, packets):
            self.forwarded(frame, p, self.wan)

    def test_802_1q_a_priority_without_a_vlan_changes_nothing(self):
        p = self.through(100)
        tagged = Ether(src=self.lan.host_mac, dst=self.lan.mac) / Dot1Q(vlan=0, prio=5) / p
        self.forwarded(self.only(self.exchange(self.lan, tagged), self.wan), p, self.wan)
        other = Ether(src=self.lan.host_mac, dst=self.lan.mac) / Dot1Q(vlan=1, prio=5) / p
        self.silence(self.lan, other, lan_in__tagged=1)

    def test_rfc1812_back_out_of_the_same_port(self):
        p = self.through(dst=self.lan.station(3))
        got = self.exchange(self.lan, p)["lan"]
        self.forwarded([f for f in got if UDP in f and ICMP not in f][0], p, self.lan, 3)


class LinkLocal(Case):
    """RFC 3927: addresses that mean another station on each link."""

    extra = {"lan": ["169.254.1.1/24"], "wan": ["169.254.2.1/24"]}
    routes = {**Case.routes, "169.254.7.0/24": "10.0.2.2", "203.0.113.0/24": "169.254.2.2"}

    @testbed.unlike_linux("forwards them")
    def test_rfc3927_7_they_are_not_forwarded(self):
        far = changed(self.through(), dst="169.254.7.7")
        option = self.with_options(bytes((EXPERIMENT[0], 4, 0, 0)), 60, far.dst)
        self.silence(self.lan, changed(self.through(), src="169.254.1.2"), far, option,
                     changed(far, dst="169.254.2.2"), changed(far, src="169.254.1.2", ttl=1),
                     ipv4_route__link_local=5)
        for near in (changed(self.through(), src="169.253.1.2"),
                     changed(self.through(), src="170.254.1.2"),
                     changed(self.through(), dst="198.51.100.9", src="198.169.254.9")):
            self.forwarded(self.only(self.exchange(self.lan, near), self.wan), near, self.wan)

    def test_rfc3927_2_6_they_are_spoken_to_and_led_by_on_their_link(self):
        asks = ARP(op=1, hwsrc=self.lan.host_mac, psrc="169.254.1.2", pdst="169.254.1.1")
        self.only(self.exchange(self.lan, self.lan.frame(asks, dst=BROADCAST)), self.lan)
        ping = changed(self.ping(self.lan, "169.254.1.1"), src="169.254.1.2")
        answer = self.only(self.exchange(self.lan, ping), self.lan)
        self.assertEqual((answer[IP].src, answer[IP].dst), ("169.254.1.1", "169.254.1.2"))
        asks = ARP(op=1, hwsrc=self.wan.host_mac, psrc="169.254.2.2", pdst="169.254.2.1")
        self.only(self.exchange(self.wan, self.wan.frame(asks, dst=BROADCAST)), self.wan)
        far = changed(self.through(), dst="203.0.113.9")
        self.forwarded(self.only(self.exchange(self.lan, far), self.wan), far, self.wan)


class Rfc1812Errors(Case):
    settings = {"icmp-rate": 10, "icmp-burst": 10}

    @testbed.only_sluice("its rates are those of the whole system")
    def test_rfc1812_4_errors_are_limited_and_one_source_starves_nobody(self):
        many = 2000
        packets = [self.through(ttl=1, id=k) for k in range(many)]
        got = self.exchange(self.lan, *packets)
        self.assertGreater(len(got["lan"]), 0)
        self.assertLess(len(got["lan"]), many // 4)
        p = raw(IP(src=self.wan.host, dst=self.lan.host, ttl=1) / UDP() / Raw(data(50)))
        self.expect_error(self.wan, p, 11, 0)
        self.dropped(icmp_error__ttl_exceeded=many + 1)

    def test_rfc1812_2_errors_differ_in_their_id_or_may_not_be_fragmented(self):
        got = self.exchange(self.lan, self.through(ttl=1, id=1), self.through(ttl=1, id=2))
        one, other = self.only(got, self.lan, 2)  # RFC 6864 section 4
        self.assertTrue(one[IP].flags.DF or one[IP].id != other[IP].id)
        self.dropped(icmp_error__ttl_exceeded=2)


class Rfc1812Local(Case):
    def test_rfc1812_echo_reply(self):
        for size in (0, 1, 2, 55, 56, 1472):  # section 4.3.3.6
            with self.subTest(size=size):
                p = raw(self.ping(self.lan, payload=data(size), tos=0x48, id=9))
                frame = self.only(self.exchange(self.lan, p), self.lan)
                ip, icmp = frame[IP], bytes(frame)[34:]
                self.assertEqual((frame.src, frame.dst), (self.lan.mac, self.lan.host_mac))
                self.assertEqual((ip.src, ip.dst, ip.tos), (self.lan.ip, self.lan.host, 0x48))
                self.assertEqual((len(frame), ip.len), (14 + 28 + size, 28 + size))
                self.assertEqual((checksum(bytes(ip)[:20]), checksum(icmp)), (0, 0))
                self.assertEqual(icmp[:2] + icmp[4:], b"\0\0" + bytes(p)[24:])

    def test_rfc1812_echo_to_any_address_of_the_router(self):
        reply = self.only(self.exchange(self.lan, self.ping(self.lan, self.wan.ip)), self.lan)
        self.assertEqual((reply[IP].src, reply[ICMP].type), (self.wan.ip, 0))

    def test_rfc1812_echo_request_with_a_bad_checksum_is_dropped(self):
        p = raw(self.ping(self.lan, payload=b"12345"))
        p[ICMP].chksum ^= 1
        self.silence(self.lan, p, local__bad_checksum=1)

    def test_rfc1812_echo_reply_to_nobody_is_dropped(self):
        p = IP(src=self.lan.host, dst=self.lan.ip) / ICMP(type=0, id=1)
        self.silence(self.lan, p, local__icmp_ignored=1)

    def test_rfc1122_udp_without_a_listener_is_3_3(self):
        p = IP(src=self.lan.host, dst=self.lan.ip) / UDP(sport=5, dport=33434) / Raw(data(40))
        self.expect_error(self.lan, p, 3, 3)
        self.dropped(icmp_error__port_unreachable=1)

    def test_rfc1122_udp_with_a_bad_checksum_is_dropped(self):
        p = raw(IP(src=self.lan.host, dst=self.lan.ip) / UDP(sport=5, dport=9) / Raw(data(40)))
        p[UDP].chksum ^= 1
        self.silence(self.lan, p, local__bad_checksum=1)

    def test_rfc1122_unknown_protocol_is_3_2(self):
        p = IP(src=self.lan.host, dst=self.lan.ip, proto=253) / Raw(data(40))
        self.expect_error(self.lan, p, 3, 2)
        self.dropped(icmp_error__protocol_unreachable=1)


class Rfc1624(Case):
    def test_rfc1624_2_no_checksum_is_wrong_after_the_ttl(self):
        """Every value of the ID, so every value of the checksum."""
        head = bytearray(bytes(self.through(28, ttl=64)))
        frame = bytes(Ether(src=self.lan.host_mac, dst=self.lan.mac, type=0x800))
        base = sum(struct.unpack("!10H", bytes(head[:4]) + b"\0\0" + bytes(head[6:10]) + b"\0\0" +
                                 bytes(head[12:20])))
        seen = set()
        for ident in range(1 << 16):
            total = base + ident
            total = (total & 0xFFFF) + (total >> 16)
            total = (total & 0xFFFF) + (total >> 16)
            struct.pack_into("!H", head, 4, ident)
            struct.pack_into("!H", head, 10, ~total & 0xFFFF)
            self.lan.wire.send(frame + head)
            if ident % 256 == 255:
                self.probe([self.lan])
                got, self.got["wan"] = self.got["wan"], []
                for f in got:
                    seen.add(f[18:20])
                    self.assertEqual(checksum(f[14:34]), 0)
                    self.assertNotEqual(f[24:26], b"\xff\xff")  # section 3
                    self.assertEqual(f[22], 63)
        self.settle()
        seen |= {f[18:20] for f in self.got["wan"]}
        self.assertEqual(len(seen), 1 << 16)

    def test_rfc1624_1_a_checksum_of_minus_zero_is_understood(self):
        p = self.through(28, ttl=64, id=0)
        p = changed(p, id=p.chksum)  # now its checksum would be 0x0000
        self.assertEqual(p.chksum, 0)
        p.chksum = 0xFFFF
        frame = self.only(self.exchange(self.lan, p), self.wan)
        self.assertEqual(frame[IP].ttl, 63)
        self.assertEqual(checksum(bytes(frame)[14:34]), 0)

    def test_rfc1624_3_udp_checksum_0_stays_0(self):
        p = self.through(60)
        p[UDP].chksum = 0
        frame = self.only(self.exchange(self.lan, p), self.wan)
        self.assertEqual(bytes(frame)[40:42], b"\0\0")
        self.forwarded(frame, p, self.wan)

    def test_rfc1812_wrong_checksums_above_ip_are_not_ours(self):
        for p in (self.through(60), raw(IP(src=self.lan.host, dst=self.wan.host) / TCP())):
            p.payload.chksum ^= 0x55
            p = raw(p)
            self.forwarded(self.only(self.exchange(self.lan, p), self.wan), p, self.wan)


if __name__ == "__main__":
    testbed.main()
