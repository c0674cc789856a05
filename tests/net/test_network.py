"""A file of ports, addresses and routes joins kernel hosts: what they see of the router."""

import hashlib
import os
import signal
import subprocess
import sys
import unittest

import hosts

# net_af_packet would do, but for fragments: DPDK has the kernel put those of IPv4 together there.
PORTS = """\
ports:
  lan: {device: "net_af_xdp0,iface=p0"%s}
  wan: {device: "net_af_xdp1,iface=p1", mtu: 1400}
addresses:
  lan: [10.7.1.1/24, "fd07:1::1/64"]
  wan: [10.7.2.1/24, "fd07:2::1/64"]
"""
MEGABYTES = 4


class Network(hosts.Case):
    """Host a on lan, host b on wan, whose MTU is smaller; Sluice in m."""

    def setUp(self):
        super().setUp()
        for number, host in enumerate((self.a, self.b)):
            host.join("eth0", self.m, f"p{number}")
            host.address("eth0", f"10.7.{number + 1}.2/24", f"fd07:{number + 1}::2/64")
            host.ip("route", "add", "default", "via", f"10.7.{number + 1}.1")
            host.ip("route", "add", "default", "via", f"fd07:{number + 1}::1")
        self.b.ip("link", "set", "eth0", "mtu", "1400")

    def route(self, text):
        """Run the file; the hosts reach each other."""
        s = self.sluice(text)
        hosts.eventually("the hosts reach each other",
                         lambda: self.a.pings("10.7.2.2") or not s.running())
        self.assertTrue(s.running(), "sluice has ended")
        hosts.eventually("they do by IPv6", lambda: self.b.pings("fd07:1::2"))
        return s

    def end(self, s):
        """Every packet is accounted for. Returns the report."""
        status, report, complaints = s.stop()
        self.assertEqual(status, 0, complaints)
        self.assertIn(" + 0 held", report)
        return report

    def sends(self, sender, receiver, address):
        data = os.urandom(MEGABYTES << 20)
        self.assertEqual(hosts.transfer(sender, receiver, address, data),
                         hashlib.sha256(data).hexdigest())

    def test_hosts_talk_over_a_smaller_mtu(self):
        s = self.route(PORTS % "")
        self.sends(self.a, self.b, "10.7.2.2")
        self.sends(self.a, self.b, "fd07:2::2")
        self.sends(self.b, self.a, "10.7.1.2")
        self.sends(self.b, self.a, "fd07:1::2")
        self.assertTrue(self.a.pings("10.7.2.2", "-s", "4000", "-M", "dont"), "fragments")
        # of IPv6, the host has to learn how long they may be
        self.assertTrue(self.a.pings("fd07:2::2", "-s", "4000", "-c", "4", "-i", "0.2"),
                        "fragments of IPv6")
        self.assertRegex(self.end(s), r"by icmp-error: too_big")

    def test_errors_come_back(self):
        s = self.route(PORTS % "" + "routes: {10.8.0.0/16: prohibit, 10.9.0.0/16: unreachable}\n")
        for address, options, said in [
                ("10.7.2.2", ["-t", "1"], "Time to live exceeded"),
                ("fd07:2::2", ["-t", "1"], "Time exceeded: Hop limit"),
                ("10.7.2.2", ["-s", "1472", "-M", "do"], "Frag needed and DF set (mtu = 1400)"),
                ("10.8.0.1", [], "Packet filtered"),
                ("10.9.0.1", [], "Destination Host Unreachable"),
                ("198.51.100.1", [], "Destination Net Unreachable"),
                ("fd09::1", [], "No route"),
                ("10.7.2.99", ["-W", "10"], "Destination Host Unreachable"),
                ("fd07:2::99", ["-W", "10"], "Address unreachable")]:
            with self.subTest(address=address):
                done = self.a.run("ping", "-n", "-c", "1", *options, address, check=False)
                self.assertIn(said, done.stdout)
        self.end(s)

    def test_a_tap_gives_the_host_the_addresses(self):
        s = self.route(PORTS % ", tap: lan0")
        self.sends(self.a, self.m, "10.7.1.1")
        self.sends(self.a, self.m, "fd07:1::1")
        self.sends(self.m, self.a, "10.7.1.2")
        self.sends(self.m, self.a, "fd07:1::2")
        # of wan, which has none, nobody is at home but the router
        self.assertTrue(self.b.pings("10.7.2.1"))
        done = self.b.run(sys.executable, "-c", hosts.SEND, "10.7.2.1", check=False)
        self.assertIn("Protocol not available", done.stderr)
        self.end(s)

    def test_a_reload_loses_nothing(self):
        s = self.route(PORTS % "")
        self.assertFalse(self.a.pings("10.66.0.1"))
        self.b.ip("address", "add", "10.66.0.1/32", "dev", "lo")
        ping = self.a.start("ping", "-n", "-q", "-i", "0.01", "-c", "300", "10.7.2.2",
                            stdout=subprocess.PIPE)
        s.path.write_text(PORTS % "" + "routes: {10.66.0.0/16: 10.7.2.2}\n")
        s.process.send_signal(signal.SIGHUP)
        hosts.eventually("the new route is there", lambda: self.a.pings("10.66.0.1"))
        s.path.write_text(PORTS % "" + "routes: {10.66.0.0/16: 10.7.99.2}\n")
        s.process.send_signal(signal.SIGHUP)
        self.assertIn("300 received, 0% packet loss", ping.communicate(timeout=60)[0])
        self.assertTrue(self.a.pings("10.66.0.1"), "a file with a mistake changes nothing")
        status, _, complaints = s.stop()
        self.assertEqual(status, 0)
        self.assertIn("next hop 10.7.99.2 is not on any link", complaints)


if __name__ == "__main__":
    hosts.skip_unless_possible()
    hosts.Case.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main()
