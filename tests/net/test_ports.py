"""Two kernel hosts talk through Sluice, joined to it by each kind of port."""

import hashlib
import os
import sys
import unittest

import hosts

WIRE = """\
apps:
  left: {%s}
  right: {%s}
links:
  - left -> right
  - right -> left
"""
MEGABYTES = 4


class Ports(hosts.Case):
    def join_by_veth(self):
        for number, host in enumerate((self.a, self.b)):
            host.join("eth0", self.m, f"p{number}")
            self.address(host, number, "eth0")

    def join_by_tap(self, sluice, *names):
        """Move the interfaces that Sluice makes to the hosts."""
        for number, (host, name) in enumerate(zip((self.a, self.b), names)):
            hosts.eventually(f"{name} is there",
                             lambda n=name: self.m.has(n) or not sluice.running())
            self.assertTrue(sluice.running(), "sluice has ended")
            self.m.ip("link", "set", name, "netns", host.name)
            self.address(host, number, name)

    @staticmethod
    def address(host, number, interface):
        host.address(interface, f"10.7.0.{number + 1}/24", f"fd07::{number + 1}/64")

    def talk(self, sluice):
        """The hosts reach each other, and what they send arrives as it was."""
        hosts.eventually("the hosts reach each other",
                         lambda: self.a.pings("10.7.0.2") or not sluice.running())
        self.assertTrue(sluice.running(), "sluice has ended")
        hosts.eventually("they do by IPv6", lambda: self.b.pings("fd07::1"))
        self.assertTrue(self.a.pings("10.7.0.2", "-s", "1472", "-M", "do"), "a full frame")
        data = os.urandom(MEGABYTES << 20)
        digest = hashlib.sha256(data).hexdigest()
        self.assertEqual(hosts.transfer(self.a, self.b, "10.7.0.2", data), digest)
        self.assertEqual(hosts.transfer(self.b, self.a, "fd07::1", data), digest)
        status, report, complaints = sluice.stop()
        self.assertEqual(status, 0, complaints)
        self.assertIn("accounts", report)
        return report

    def test_af_packet(self):
        self.join_by_veth()
        self.talk(self.sluice(WIRE % ('dpdk: "net_af_packet0,iface=p0"',
                                      'dpdk: "net_af_packet1,iface=p1"')))

    def test_af_xdp(self):
        self.join_by_veth()
        self.talk(self.sluice(WIRE % ('dpdk: "net_af_xdp0,iface=p0"',
                                      'dpdk: "net_af_xdp1,iface=p1"')))

    def test_dpdk_tap(self):
        s = self.sluice(WIRE % ('dpdk: "net_tap0,iface=t0"', 'dpdk: "net_tap1,iface=t1"'))
        self.join_by_tap(s, "t0", "t1")
        self.talk(s)

    def test_tap(self):
        s = self.sluice(WIRE % ("tap: t0", "tap: t1"))
        self.join_by_tap(s, "t0", "t1")
        self.talk(s)

    def test_tun(self):
        s = self.sluice(WIRE % ("tun: t0", "tun: t1"))
        self.join_by_tap(s, "t0", "t1")
        self.talk(s)

    def test_unlike_ports(self):
        self.a.join("eth0", self.m, "p0")
        self.address(self.a, 0, "eth0")
        s = self.sluice(WIRE % ('dpdk: "net_af_packet0,iface=p0"', "tap: t1"))
        hosts.eventually("t1 is there", lambda: self.m.has("t1") or not s.running())
        self.m.ip("link", "set", "t1", "netns", self.b.name)
        self.address(self.b, 1, "t1")
        self.talk(s)

    def test_two_processes_joined_by_memif(self):
        def end(number, role):
            return self.sluice(WIRE % (f"tap: t{number}",
                                       f'dpdk: "net_memif0,role={role},id=7"'))
        ends = [end(0, "server")]
        hosts.eventually("the server listens", lambda: "@/run/memif.sock" in
                         self.m.run("cat", "/proc/net/unix").stdout)
        ends.append(end(1, "client"))  # which does not wait for a server
        self.join_by_tap(ends[0], "t0", "t1")
        self.talk(ends[0])
        self.assertEqual(ends[1].stop()[0], 0)

    def test_several_queues_of_one_device(self):
        self.a.join("eth0", self.m, "p0")
        self.address(self.a, 0, "eth0")
        queue = 'left%d: {dpdk: {device: "net_af_packet0,iface=p0,qpairs=2", queues: 2, queue: %d}}'
        s = self.sluice("apps:\n"
                        f"  {queue % (0, 0)}\n  {queue % (1, 1)}\n"
                        "  both: join\n  right: {tap: t1}\n"
                        "links:\n  - left0 -> both -> right -> left0\n  - left1 -> both\n"
                        "workers: 2\n")
        hosts.eventually("t1 is there", lambda: self.m.has("t1") or not s.running())
        self.m.ip("link", "set", "t1", "netns", self.b.name)
        self.address(self.b, 1, "t1")
        self.talk(s)


if __name__ == "__main__":
    hosts.Case.binary = os.path.abspath(sys.argv.pop(1))
    hosts.skip_unless_possible()
    unittest.main(verbosity=2)
