"""Multicast listener discovery: RFC 3810 and RFC 2710, as checks from outside."""

import ipaddress
import struct

import testbed
from testbed import Ether, IPv6
from test_neighbours import ALL_NODES, ALL_NODES_MAC, solicited_node

from scapy.layers.inet6 import (ICMPv6MLDone, ICMPv6MLQuery, ICMPv6MLQuery2, ICMPv6MLReport,
                                ICMPv6MLReport2, IPv6ExtHdrHopByHop, RouterAlert, in6_chksum)

QUERIER = "fe80::9"
IS_INCLUDE, IS_EXCLUDE, TO_INCLUDE, TO_EXCLUDE = 1, 2, 3, 4
ROUTERS = {"ff02::2", "ff05::2"}


def records_of(message):
    """The records of a report, of which scapy reads the first alone."""
    count, at, records = struct.unpack_from("!H", message, 6)[0], 8, []
    for _ in range(count):
        kind, auxiliary, n = struct.unpack_from("!BBH", message, at)
        ip = [str(ipaddress.IPv6Address(message[k:k + 16]))
              for k in range(at + 4, at + 20 + 16 * n, 16)]
        records.append((kind, ip[0], tuple(ip[1:])))
        at += 20 + 16 * n + 4 * auxiliary
    assert at == len(message)
    return records


class Case(testbed.Case):
    def groups(self, port):
        """Those that the router listens to on a port; of fd00:N:: as an anycast address, too."""
        return ROUTERS | {solicited_node(a)[0]
                          for a in (port.ip6, port.link_local, f"fd00:{port.number}::")}

    def query(self, message, src=QUERIER, hlim=1, options=None):
        options = [RouterAlert(value=0)] if options is None else options
        dst = message.mladdr if message.mladdr != "::" else ALL_NODES
        return Ether(src=self.lan.station_mac(9), dst=ALL_NODES_MAC) / \
            IPv6(src=src, dst=dst, hlim=hlim) / IPv6ExtHdrHopByHop(options=options) / message

    def ask(self, message, **fields):
        """Send a query on lan; forget what has been reported."""
        self.reports["lan"].clear()
        self.exchange(self.lan, self.query(message, **fields))

    def heard(self, port):
        """The reports on a port so far, each well formed."""
        frames = [Ether(f) for f in self.reports[port.name]]
        for f in frames:
            self.assertEqual((f[IPv6].src, f[IPv6].hlim, f.src), (port.link_local, 1, port.mac))
            self.assertEqual([o.value for o in f[IPv6ExtHdrHopByHop].options
                              if isinstance(o, RouterAlert)], [0])
            self.assertEqual(in6_chksum(58, f[IPv6], bytes(f)[62:]), 0)
        return frames

    def records(self, port):
        """(type, group, sources) of each record that a port has heard, in reports of version 2."""
        return [r for f in self.heard(port) if ICMPv6MLReport2 in f
                for r in records_of(bytes(f)[62:])]

    def leave(self, port):
        """The groups that a port has heard the router leave."""
        return {r[1] for r in self.records(port) if r[0] == TO_INCLUDE}

    def wait(self, condition, what):
        self.until(lambda _: condition(), what)


class Version2(Case):
    @testbed.unlike_linux("reports more often, as its addresses come one by one")
    def test_rfc3810_6_1_each_group_is_reported_twice_as_a_port_comes_up(self):
        for port in (self.lan, self.wan, self.mid):
            want = sorted((TO_EXCLUDE, g, ()) for g in self.groups(port)) * 2
            self.wait(lambda p=port, n=len(want): len(self.records(p)) >= n,
                      f"reports on {port.name}")
            self.assertEqual(sorted(self.records(port)), sorted(want))
            for f in self.heard(port):
                self.assertEqual((f.dst, f[IPv6].dst), ("33:33:00:00:00:16", "ff02::16"))

    def test_rfc3810_6_2_a_general_query_is_answered_for_all_groups(self):
        self.ask(ICMPv6MLQuery2(mladdr="::", mrd=200))
        want = {(IS_EXCLUDE, g, ()) for g in self.groups(self.lan)}
        self.wait(lambda: want <= set(self.records(self.lan)), "an answer")
        self.assertNotIn(ALL_NODES, [r[1] for r in self.records(self.lan)])
        self.assertFalse([r for r in self.records(self.wan) if r[0] == IS_EXCLUDE])

    def test_rfc3810_6_2_a_query_about_a_group_is_answered_for_it(self):
        group = solicited_node(self.lan.ip6)[0]
        self.ask(ICMPv6MLQuery2(mladdr=group, mrd=200))
        self.wait(lambda: (IS_EXCLUDE, group, ()) in self.records(self.lan), "an answer")
        self.assertEqual([r for r in self.records(self.lan) if r[0] == IS_EXCLUDE],
                         [(IS_EXCLUDE, group, ())])

    @testbed.unlike_linux("is silent about sources that no program has named")
    def test_rfc3810_6_2_a_query_about_sources_is_answered_for_these(self):
        group, source = solicited_node(self.lan.ip6)[0], "2001:db8::5"
        self.ask(ICMPv6MLQuery2(mladdr=group, mrd=200, sources=[source]))
        self.wait(lambda: (IS_INCLUDE, group, (source,)) in self.records(self.lan), "an answer")

    def test_rfc3810_5_1_14_and_6_2_wrong_queries_are_ignored(self):
        good = ICMPv6MLQuery2(mladdr="::", mrd=0)
        group = solicited_node(self.lan.ip6)[0]
        self.exchange(self.lan, self.query(good, src="fd00:1::9"), self.query(good, hlim=2),
                      self.query(good, hlim=255), self.query(good, options=[]),
                      self.query(good, options=[RouterAlert(value=1)]),
                      self.query(ICMPv6MLQuery2(mladdr="::", mrd=0, cksum=0x1234)),
                      self.query(ICMPv6MLQuery2(mladdr="fd00:1::1", mrd=0)),
                      self.query(ICMPv6MLQuery2(mladdr=group, sources_number=9)))
        self.dropped(lan_out__bad_query=8)
        self.assertFalse([r for r in self.records(self.lan) if r[0] == IS_EXCLUDE])


@testbed.only_sluice("what the end of sluice, or a change of its file, makes it say")
class Leaves(Case):
    """RFC 3810 section 6.1: that a group is left is told at once."""

    def test_rfc3810_6_1_all_groups_are_left_at_the_end(self):
        report = self.router.stop()
        self.router.stop = lambda: report
        self.collect()
        for port in (self.lan, self.wan, self.mid):
            self.assertEqual(self.leave(port), self.groups(port))

    def test_rfc3810_6_1_the_group_of_an_address_that_goes_is_left(self):
        self.lan.ip6 = "fd00:1::77"
        self.router.reload(self.file())
        group = solicited_node("fd00:1::1")[0]
        self.wait(lambda: self.leave(self.lan) == {group}, "a report")

    def test_rfc3810_6_1_all_groups_are_left_where_ipv6_goes(self):
        had = {port: self.groups(port) for port in (self.lan, self.wan, self.mid)}
        for port in self.ports.values():
            port.ip6 = None
        self.routes = {to: via for to, via in self.routes.items() if ":" not in to}
        self.router.reload(self.file())
        for port, groups in had.items():
            self.wait(lambda p=port, g=groups: self.leave(p) == g, f"reports on {port.name}")


class Version1(Case):
    """RFC 3810 section 8: an old querier is answered as in RFC 2710."""

    def test_rfc3810_8_2_1_each_group_is_reported_to_itself(self):
        self.ask(ICMPv6MLQuery(mladdr="::", mrd=200))
        want = self.groups(self.lan)
        self.wait(lambda: want <= {f[IPv6].dst for f in self.heard(self.lan)}, "reports")
        old = [f for f in self.heard(self.lan) if ICMPv6MLReport2 not in f]
        self.assertEqual({f[ICMPv6MLReport].mladdr for f in old}, want)
        for f in old:
            self.assertEqual(f[IPv6].dst, f[ICMPv6MLReport].mladdr)
            self.assertNotIn(ICMPv6MLDone, f)


if __name__ == "__main__":
    testbed.main()
