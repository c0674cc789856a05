"""Options of IPv4: RFC 791 section 3.1, RFC 1812 section 5.3.13, RFC 7126, as checks from outside."""

import struct
import time

import testbed
from test_ipv4 import Case, checksum, raw
from testbed import IP

from scapy.layers.inet import ICMP
from scapy.packet import Raw

LOOSE, STRICT = 131, 137
DAY_MS = 86400000


def packed(ip):
    return bytes(map(int, ip.split(".")))


class Options(Case):
    def passes(self, options):
        """The options of a packet from lan to wan, as they come out."""
        p = self.with_options(options, 100, self.wan.host, ttl=9)
        frame = self.only(self.exchange(self.lan, p), self.wan)
        out = bytes(frame)[14:]
        end = 20 + len(options)
        self.assertEqual(checksum(out[:end]), 0)  # RFC 1624
        self.assertEqual((out[8], out[end:].hex()), (8, bytes(p)[end:].hex()))
        return out[20:end]

    def assert_now(self, stamp):
        now = time.time() * 1000 % DAY_MS
        self.assertLess((now - struct.unpack("!I", stamp)[0]) % DAY_MS, 60000)

    def test_rfc1812_5_3_13_5_record_route_gets_the_address_of_the_way_out(self):
        got = self.passes(bytes([7, 11, 8, 1, 2, 3, 4, 0, 0, 0, 0, 0]))
        self.assertEqual(got, bytes([7, 11, 12, 1, 2, 3, 4]) + packed(self.wan.ip) + b"\0")

    def test_rfc791_a_full_record_route_passes(self):
        full = bytes([7, 7, 8, 1, 2, 3, 4, 0])
        self.assertEqual(self.passes(full), full)

    def test_rfc1812_5_3_13_6_timestamp(self):
        got = self.passes(bytes([68, 8, 5, 0, 0, 0, 0, 0]))
        self.assertEqual(got[:4], bytes([68, 8, 9, 0]))
        self.assert_now(got[4:])

    @testbed.unlike_linux("writes the address that a route of its own would be used from")
    def test_rfc1812_5_3_13_6_timestamp_with_the_address_of_the_way_out(self):
        got = self.passes(bytes([68, 12, 5, 1] + [0] * 8))
        self.assertEqual(got[:8], bytes([68, 12, 13, 1]) + packed(self.wan.ip))
        self.assert_now(got[8:])

    @testbed.unlike_linux("stamps where it is the last address alone")
    def test_rfc1812_5_3_13_6_timestamp_where_the_router_is_asked(self):
        got = self.passes(bytes([68, 12, 5, 3]) + packed(self.lan.ip) + bytes(4))
        self.assertEqual(got[:8], bytes([68, 12, 13, 3]) + packed(self.lan.ip))
        self.assert_now(got[8:])
        other = bytes([68, 12, 5, 3]) + packed(self.lan.host) + bytes(4)
        self.assertEqual(self.passes(other), other)

    def test_rfc791_a_router_without_room_is_counted(self):
        got = self.passes(bytes([68, 8, 9, 0x20, 1, 2, 3, 4]))
        self.assertEqual(got, bytes([68, 8, 9, 0x30, 1, 2, 3, 4]))

    def test_rfc1812_4_3_3_6_echo_replies_take_both_along(self):
        options = bytes([7, 7, 4] + [0] * 4 + [1, 68, 12, 5, 1] + [0] * 8)
        echo = bytes(ICMP(id=1, seq=2) / Raw(b"x" * 40))
        head = bytearray(bytes(IP(src=self.lan.host, dst=self.lan.ip, ihl=10, proto=1,
                                  len=40 + len(echo)))[:20] + options)
        head[10:12] = b"\0\0"
        head[10:12] = struct.pack("!H", checksum(bytes(head)))
        frame = self.only(self.exchange(self.lan, raw(bytes(head) + echo)), self.lan)
        out = bytes(frame)[14:]
        end = (out[0] & 15) * 4
        self.assertEqual((checksum(out[:end]), checksum(out[end:])), (0, 0))
        self.assertEqual(out[12:20], packed(self.lan.ip) + packed(self.lan.host))
        self.assertIn(bytes([7, 7, 8]) + packed(self.lan.ip), out[20:end])
        at = out.index(bytes([68, 12, 13, 1]) + packed(self.lan.ip))
        self.assert_now(out[at + 8:at + 12])

    def test_rfc791_options_that_make_no_sense_are_pointed_at(self):
        wrong = {
            22: bytes([7, 7, 5, 0, 0, 0, 0, 0]),  # some room, and not enough
            23: bytes([68, 8, 9, 0xF0, 0, 0, 0, 0]),  # the count overflows
            24: bytes([1, 1, 68, 8, 3, 0, 0, 0, 0, 0, 0, 0]),  # into its own head
        }
        for pointer, options in wrong.items():
            with self.subTest(options=options.hex()):
                p = self.with_options(options, 100, self.wan.host)
                self.expect_error(self.lan, p, 12, 0, word=pointer << 24)
        self.dropped(icmp_error__param_header=len(wrong))

    @testbed.unlike_linux("points at the option, not at its length")
    def test_rfc791_a_length_that_makes_no_sense_is_pointed_at(self):
        p = self.with_options(bytes([0x1E, 1, 0, 0]), 100, self.wan.host)
        self.expect_error(self.lan, p, 12, 0, word=21 << 24)
        self.dropped(icmp_error__param_header=1)

    @testbed.unlike_linux("follows them where it is told to, and refuses them else")
    def test_rfc7126_4_source_routes_are_dropped(self):
        routes = [bytes([kind, 7, at]) + packed(self.mid.host) + b"\0"
                  for kind in (LOOSE, STRICT) for at in (4, 8)]
        self.silence(self.lan,
                     *(self.with_options(r, 100, dst) for r in routes
                       for dst in (self.wan.host, self.lan.ip)),
                     ipv4_route__source_route=2 * len(routes))


if __name__ == "__main__":
    testbed.main()
