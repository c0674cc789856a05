"""Two kernel hosts talk through the router with the tools that everybody uses, also where the
way narrows."""

import json
import shutil
import subprocess
import sys
import unittest

import testbed  # noqa: F401  (finds hosts)
import hosts

A, B, A6, B6 = "10.0.1.2", "10.0.2.2", "fd00:1::2", "fd00:2::2"
MEGABYTES = 8

ROUTER = """\
ports:
  lan: {{device: "net_af_xdp0,iface=p0", mtu: 1500}}
  wan: {{device: "net_af_xdp1,iface=p1", mtu: {mtu}}}
addresses:
  lan: [10.0.1.1/24, "fd00:1::1/64"]
  wan: [10.0.2.1/24, "fd00:2::1/64"]
router: {{icmp-rate: 1000, icmp-burst: 1000}}
"""

# What may be dropped: packets about which somebody was told, and what kernels say to groups.
TOLD = {"icmp-error: ttl_exceeded", "icmp-error: too_big", "local: group",
        "lan-out: router_solicitation", "wan-out: router_solicitation"}


class Case(hosts.Case):
    """Hosts a and b in networks of their own, Sluice between them."""

    mtu = 1500

    def setUp(self):
        super().setUp()
        for number, host in enumerate((self.a, self.b)):
            host.join("eth0", self.m, f"p{number}")
            host.ip("link", "set", "eth0", "mtu", (1500, self.mtu)[number])
            host.address("eth0", f"10.0.{number + 1}.2/24", f"fd00:{number + 1}::2/64")
            for gateway in (f"10.0.{number + 1}.1", f"fd00:{number + 1}::1"):
                host.ip("route", "add", "default", "via", gateway)
        if self.binary == "linux":
            self.linux()
        else:
            self.router = self.sluice(ROUTER.format(mtu=self.mtu))
        hosts.eventually("the hosts reach each other", lambda: self.reach(B))
        hosts.eventually("they do by IPv6", lambda: self.reach(B6))

    def linux(self):
        """The kernel as the router."""
        self.m.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                   "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        for number in range(2):
            self.m.run("sysctl", "-qw", f"net.ipv6.conf.p{number}.disable_ipv6=0")
            self.m.ip("link", "set", f"p{number}", "mtu", (1500, self.mtu)[number])
            self.m.address(f"p{number}", f"10.0.{number + 1}.1/24", f"fd00:{number + 1}::1/64")

    def reach(self, address):
        if self.binary != "linux":
            self.assertTrue(self.router.running(), "sluice has ended")
        return self.a.pings(address)

    def tearDown(self):
        if self.binary == "linux":
            return
        status, report, complaints = self.router.stop()
        self.assertEqual(status, 0, complaints + report)
        lines = [line.split("   by ") for line in report.splitlines() if "   by " in line]
        self.assertEqual({by for _, by in lines} - TOLD, set(), report)

    def iperf(self, address, *args, sender=None, receiver=None):
        """Run iperf3 from a to b. Returns the client's report."""
        server = (receiver or self.b).start("iperf3", "-s", "-1", "--forceflush",
                                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            while "listening" not in (line := server.stdout.readline()):
                self.assertTrue(line, "iperf3 does not start")
            client = (sender or self.a).run("iperf3", "-c", address, "-J", *args, check=False)
            report = json.loads(client.stdout)
            self.assertNotIn("error", report, client.stderr)
            return report["end"]
        finally:
            server.kill()
            server.communicate()

    def tcp(self, *args):
        for address in (B, B6):
            with self.subTest(address=address, args=args):
                end = self.iperf(address, "-n", MEGABYTES << 20, *args)
                self.assertGreaterEqual(end["sum_sent"]["bytes"], MEGABYTES << 20)
                # counted when the sender has ended, some of it still on its way
                self.assertGreater(end["sum_received"]["bytes"], 1 << 20)

    def udp(self, size, addresses=(B, B6)):
        """Datagrams of this size, 4 Mbit/s of them for a second."""
        for address in addresses:
            with self.subTest(address=address, size=size):
                end = self.iperf(address, "-u", "-b", "4M", "-t", "1", "-l", size)
                self.assertGreater(end["sum"]["packets"], 100)
                self.assertLess(end["sum"]["lost_percent"], 10)

    def path_mtu(self, address):
        """What host a has learned."""
        words = self.a.run("ip", "route", "get", address).stdout.split()
        return int(words[words.index("mtu") + 1]) if "mtu" in words else 1500


class SameMtu(Case):
    def test_ping_with_every_kind_of_payload(self):
        for size in (0, 1, 56, 1000, 1452):
            for address in (B, B6):
                self.assertTrue(self.a.pings(address, "-s", size), f"{address} {size}")
        for size in (1473, 4000, 20000):  # in fragments, which the router passes on
            for address in (B, B6):
                self.assertTrue(self.a.pings(address, "-s", size), f"{address} {size}")

    def test_ping_the_router(self):
        for address in ("10.0.1.1", "10.0.2.1", "fd00:1::1", "fd00:2::1"):
            for size in (0, 56, 1452, 4000):  # the last in fragments both ways
                self.assertTrue(self.a.pings(address, "-s", size), f"{address} {size}")

    def test_traceroute(self):
        for address, way in ((B, ["10.0.1.1", B]), (B6, ["fd00:1::1", B6])):
            for how in ("-U", "-I"):
                with self.subTest(address=address, how=how):
                    out = self.a.run("traceroute", "-n", how, "-q", "1", "-w", "5", "-m", "4",
                                     address).stdout
                    self.assertEqual([line.split()[1] for line in out.splitlines()[1:]], way, out)

    def test_iperf3_tcp(self):
        self.tcp()

    def test_iperf3_tcp_the_other_way(self):
        self.tcp("-R")

    def test_iperf3_tcp_several_streams(self):
        self.tcp("-P", "4")

    def test_iperf3_udp(self):
        self.udp(1400)


class Narrow(Case):
    """The way to b narrows: its link has a smaller MTU."""

    mtu = 1280

    def test_path_mtu_is_discovered(self):
        for address in (B, B6):
            self.assertEqual(self.path_mtu(address), 1500)
            self.a.pings(address, "-s", "1400", "-M", "do")  # the router tells
            self.assertEqual(self.path_mtu(address), self.mtu)
            overhead = 28 if address == B else 48
            self.assertTrue(self.a.pings(address, "-M", "do", "-s", self.mtu - overhead))

    def test_ipv4_without_df_is_fragmented(self):
        for size in (self.mtu - 28, self.mtu - 27, 1472, 4000):
            self.assertTrue(self.a.pings(B, "-M", "dont", "-s", size), size)
        self.assertEqual(self.path_mtu(B), 1500)

    def test_iperf3_udp_without_df_is_fragmented(self):
        self.a.run("sysctl", "-qw", "net.ipv4.ip_no_pmtu_disc=1")
        self.udp(1472, [B])
        self.assertEqual(self.path_mtu(B), 1500)

    def test_iperf3_udp_finds_the_mtu(self):
        for address in (B, B6):
            self.a.pings(address, "-s", "1400", "-M", "do")
        self.udp(1440)  # in fragments that the host makes

    def test_iperf3_tcp_finds_the_mtu(self):
        self.a.run("sysctl", "-qw", "net.ipv4.tcp_mtu_probing=0")
        # as if b's segments could be longer: else its own MSS would spare the path the question
        for address in (B, B6):
            prefix = "10.0.1.0/24" if address == B else "fd00:1::/64"
            gateway = "10.0.2.1" if address == B else "fd00:2::1"
            self.b.ip("route", "replace", prefix, "via", gateway, "advmss", "1440")
        self.tcp()
        self.assertEqual([self.path_mtu(x) for x in (B, B6)], [self.mtu] * 2)

    def test_iperf3_tcp_from_the_narrow_side(self):
        self.tcp("-R")


class Narrow1400(Narrow):
    mtu = 1400


if __name__ == "__main__":
    hosts.skip_unless_possible()
    for tool in ("iperf3", "traceroute"):
        if not shutil.which(tool):
            print(f"skipped: there is no {tool}")
            sys.exit(hosts.SKIPPED)
    hosts.Case.binary = testbed.Case.binary
    unittest.main(verbosity=2)
