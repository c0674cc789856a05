"""A bridge that sends multicast only to those that have reported: the router is found through it.

RFC 4861 section 7.2.1: the groups that questions for a node's addresses are sent to are joined by
MLD, for the sake of switches that snoop (RFC 4541 section 3).
"""

import os
import sys
import time
import unittest

import hosts

FILE = """\
ports:
  lan: {device: "net_af_packet0,iface=p0", mac: "02:00:00:00:07:01"}
addresses:
  lan: [10.7.1.1/24, "fd07::1:23:4567/64"]
"""
GROUPS = {"ff02::1:ff23:4567", "ff02::1:ff00:701", "ff02::1:ff00:0", "ff02::2", "ff05::2"}


class Snooping(hosts.Case):
    """Host a and Sluice in m, at a bridge in b."""

    def setUp(self):
        super().setUp()
        self.b.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "1", "mcast_querier",
                  "1", "mcast_query_response_interval", "50", "mcast_startup_query_interval", "50",
                  "mcast_query_interval", "300", "mcast_querier_interval", "300")
        self.b.ip("link", "set", "br0", "up")  # its own address is the querier's
        for host, far, near in ((self.a, "eth0", "s0"), (self.m, "p0", "s1")):
            host.ip("link", "add", far, "type", "veth", "peer", "name", near, "netns", self.b.name)
            host.run("ethtool", "-K", far, "tx", "off")
            self.b.ip("link", "set", near, "master", "br0", "up")
        self.m.run("sysctl", "-qw", "net.ipv6.conf.p0.disable_ipv6=1")
        self.m.ip("link", "set", "p0", "up")
        self.a.address("eth0", "fd07::2/64")

    def listeners(self, port):
        """The groups that the bridge knows of at a port."""
        lines = self.b.run("bridge", "mdb", "show", "dev", "br0").stdout.splitlines()
        return {line.split()[5] for line in lines if f" port {port} " in line}

    def snoops(self):
        """Whether the bridge sends a group to its listeners alone: it does once it has asked."""
        self.a.run("ping", "-c", "1", "-W", "1", "ff02::77%eth0", check=False)
        count = self.sent()
        for _ in range(3):
            self.a.run("ping", "-c", "1", "-W", "0.1", "ff02::77%eth0", check=False)
        return self.sent() == count

    def sent(self):
        return int(self.b.run("cat", "/sys/class/net/s1/statistics/tx_packets").stdout)

    def query(self, version):
        self.b.ip("link", "set", "br0", "type", "bridge", "mcast_mld_version", version)

    def lives_on(self):
        """The bridge forgets in ten seconds who does not answer. All are there after these."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            time.sleep(0.5)
            self.assertLessEqual(GROUPS, self.listeners("s1"))

    def found(self, version):
        self.query(version)
        self.b.ip("link", "set", "br0", "type", "bridge", "mcast_membership_interval", "1000")
        hosts.eventually("the bridge snoops", self.snoops)
        s = self.sluice(FILE)
        hosts.eventually("the bridge knows the router's groups",
                         lambda: GROUPS <= self.listeners("s1") or not s.running())
        self.assertNotIn("ff02::1", self.listeners("s1"))
        self.lives_on()
        self.a.reaches("fd07::1:23:4567")
        self.a.reaches("fe80::ff:fe00:701%eth0")
        status, report, complaints = s.stop()
        self.assertEqual(status, 0, complaints)
        self.assertNotIn("bad_query", report)

    def test_rfc4861_7_2_1_the_router_is_found_by_mldv2(self):
        self.found("2")

    def test_rfc4861_7_2_1_the_router_is_found_by_mldv1(self):
        self.found("1")


if __name__ == "__main__":
    hosts.skip_unless_possible()
    hosts.Case.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main()
