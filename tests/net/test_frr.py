"""Two FRR drive two Sluice routers: routes appear, a link goes and traffic takes the other one,
and what the daemons knew goes with them.

    a -- lan [r1] one -- one [r2] lan -- b
                  two -- two

The kernels of r1 and r2 forward nothing: what gets from a to b, Sluice has forwarded.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import hosts

FRR = pathlib.Path("/usr/lib/frr")

ROUTER = """\
ports:
  lan: {{device: "net_af_packet0,iface=lan", tap: lan0}}
  one: {{device: "net_af_packet1,iface=one", tap: one0}}
  two: {{device: "net_af_packet2,iface=two", tap: two0}}
addresses:
  lan: [10.{n}.0.1/24, "fd00:{n}::1/64"]
  one: [10.12.1.{n}/24, "fd00:12:1::{n}/64"]
  two: [10.12.2.{n}/24, "fd00:12:2::{n}/64"]
routes: kernel
"""

OSPF = """\
hostname r{n}
interface lan0
 {ip} ospf{v} area 0
 {ip} ospf{v} passive
interface one0
 {ip} ospf{v} area 0
 {ip} ospf{v} network point-to-point
 {ip} ospf{v} hello-interval 1
 {ip} ospf{v} dead-interval 3
 {ip} ospf{v} cost 10
interface two0
 {ip} ospf{v} area 0
 {ip} ospf{v} network point-to-point
 {ip} ospf{v} hello-interval 1
 {ip} ospf{v} dead-interval 3
 {ip} ospf{v} cost {other_cost}
router ospf{v}
 ospf{v} router-id 10.255.0.{n}
 timers throttle spf 0 50 50
"""


class Daemon:
    """A daemon of FRR in a host."""

    def __init__(self, host, name, folder, config):
        (folder / f"{name}.conf").write_text(config)
        self.log = open(folder / f"{name}.out", "w", encoding="utf-8")
        self.process = host.start(
            FRR / name, "-u", "frr", "-g", "frr", "-A", "127.0.0.1", "-P", "0",
            "-z", folder / "zserv.api", "-i", folder / f"{name}.pid", "--vty_socket", folder,
            "-f", folder / f"{name}.conf", stdout=self.log, stderr=self.log)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=hosts.PATIENCE)
        self.log.close()


class Router:
    """A host with Sluice, and FRR on its TAPs."""

    def __init__(self, case, host, n):
        self.case, self.host, self.n = case, host, n
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-frr-"))
        case.addCleanup(shutil.rmtree, self.folder)
        shutil.chown(self.folder, "frr", "frr")
        host.run("sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
        self.sluice = case.sluice(ROUTER.format(n=n), host, "--json")

    def wait_for_taps(self):
        for name in ("lan0", "one0", "two0"):
            hosts.eventually(f"{name} is there",
                             lambda n=name: self.host.has(n) or not self.sluice.running())
        if not self.sluice.running():
            raise AssertionError(f"sluice has ended: {self.sluice.stop()}")

    def start(self, name, config):
        daemon = Daemon(self.host, name, self.folder, config)
        self.case.addCleanup(daemon.stop)
        return daemon

    def start_frr(self, other_cost=20):
        self.wait_for_taps()
        self.start("zebra", f"hostname r{self.n}\n")
        hosts.eventually("zebra listens", (self.folder / "zserv.api").exists)
        return [self.start("ospfd", OSPF.format(n=self.n, ip="ip", v="", other_cost=other_cost)),
                self.start("ospf6d", OSPF.format(n=self.n, ip="ipv6", v="6",
                                                 other_cost=other_cost))]

    def reload(self):
        """Have Sluice read its file again, with one more route in it."""
        self.sluice.path.write_text(ROUTER.format(n=self.n).replace(
            "routes: kernel", "routes: {kernel: main, 10.99.0.0/16: blackhole}"))
        self.sluice.process.send_signal(signal.SIGHUP)
        said = self.sluice.process.stderr.readline()
        self.case.assertIn("reloaded", said)

    def kernel_forwards(self):
        """Whether the kernel forwards IPv4 and IPv6."""
        return self.host.run("sysctl", "-n", "net.ipv4.ip_forward",
                             "net.ipv6.conf.all.forwarding").stdout.replace("\n", " ").strip()

    def finish(self):
        """Stop Sluice. Returns what its report says of the apps, by name."""
        status, report, complaints = self.sluice.stop()
        self.case.assertEqual(status, 0, complaints)
        return {app["name"]: app for app in json.loads(report)["apps"]}


class Frr(hosts.Case):
    def setUp(self):
        super().setUp()
        r1, r2 = self.host("r1"), self.host("r2")
        for n, (host, router) in enumerate(((self.a, r1), (self.b, r2)), 1):
            host.join("eth0", router, "lan")
            host.address("eth0", f"10.{n}.0.2/24", f"fd00:{n}::2/64")
            host.ip("route", "add", "default", "via", f"10.{n}.0.1")
            host.ip("-6", "route", "add", "default", "via", f"fd00:{n}::1")
        for link in ("one", "two"):
            r1.join(link, r2, link)
            r2.run("ethtool", "-K", link, "tx", "off")
            r1.run("sysctl", "-qw", f"net.ipv6.conf.{link}.disable_ipv6=1")
            r1.ip("link", "set", link, "up")
        self.r1, self.r2 = Router(self, r1, 1), Router(self, r2, 2)

    def reach(self):
        hosts.eventually("a reaches b", lambda: self.a.pings("10.2.0.2"))
        hosts.eventually("by IPv6, too", lambda: self.a.pings("fd00:2::2"))

    def lose_nothing(self, during=lambda: None):
        ping = self.a.start("ping", "-n", "-c", "100", "-i", "0.01", "10.2.0.2",
                            stdout=subprocess.PIPE)
        during()
        self.assertIn(" 100 received", ping.communicate(timeout=hosts.PATIENCE)[0])

    def test_link_fails_and_traffic_takes_the_other(self):
        daemons = self.r1.start_frr()
        self.r2.start_frr()
        self.reach()
        self.lose_nothing()
        self.lose_nothing(during=self.r1.reload)
        self.r2.host.ip("link", "set", "one", "down")
        self.reach()
        self.lose_nothing()
        for d in daemons:
            d.stop()
        hosts.eventually("the routes go with the daemons",
                         lambda: "Unreachable" in self.a.run("ping", "-n", "-c", "1", "-W", "1",
                                                             "10.2.0.2", check=False).stdout)
        for router in (self.r1, self.r2):
            self.assertEqual(router.kernel_forwards(), "0 0")
        for apps in (self.r1.finish(), self.r2.finish()):
            for family in ("ipv4", "ipv6"):
                forwarded = apps[f"{family}-route"]["metrics"]["forwarded_packets"]
                self.assertGreaterEqual(forwarded, 200 if family == "ipv4" else 2)
            for port in ("port-one", "port-two"):
                self.assertGreaterEqual(apps[port]["consumed"], 100, f"sent by {port}")
            follower = apps["kernel-routes"]["metrics"]
            self.assertEqual((follower["refused"], follower["malformed"]), (0, 0))


def skip_without_frr():
    if not (FRR / "ospfd").exists() or subprocess.run(["getent", "passwd", "frr"], check=False,
                                                      capture_output=True).returncode:
        print("skipped: there is no FRR")
        sys.exit(hosts.SKIPPED)


if __name__ == "__main__":
    Frr.binary = os.path.abspath(sys.argv.pop(1))
    hosts.skip_unless_possible()
    skip_without_frr()
    unittest.main(verbosity=2)
