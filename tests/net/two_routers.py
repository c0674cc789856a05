"""Two Sluice routers that routing daemons drive: routes appear, a link goes and traffic takes the
other one, and what the daemons knew goes with them.

    a -- lan [r1] one -- one [r2] lan -- b
                  two -- two

The kernels of r1 and r2 forward nothing: what gets from a to b, Sluice has forwarded.
"""

import json
import pathlib
import shutil
import signal
import subprocess
import tempfile

import hosts

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


class Daemon:
    """A program that runs in a host, its output in a file."""

    def __init__(self, host, path, *args):
        self.log = open(path, "w", encoding="utf-8")  # pylint: disable=consider-using-with
        self.process = host.start(*args, stdout=self.log, stderr=self.log)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=hosts.PATIENCE)
        self.log.close()


class Router:
    """A host with Sluice, and daemons on its TAPs."""

    def __init__(self, case, host, n):
        self.case, self.host, self.n = case, host, n
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-daemons-"))
        case.addCleanup(shutil.rmtree, self.folder)
        host.run("sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
        self.sluice = case.sluice(ROUTER.format(n=n), host, "--json")

    def wait_for_taps(self):
        for name in ("lan0", "one0", "two0"):
            hosts.eventually(f"{name} is there",
                             lambda n=name: self.host.has(n) or not self.sluice.running())
        if not self.sluice.running():
            raise AssertionError(f"sluice has ended: {self.sluice.stop()}")

    def start(self, name, *args):
        """Start a daemon that ends with the test."""
        daemon = Daemon(self.host, self.folder / f"{name}.out", *args)
        self.case.addCleanup(daemon.stop)
        return daemon

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


class Case(hosts.Case):
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

    def lose_a_link(self, start):
        """What the daemons are there for: start(router) starts them, and returns those whose end
        is that of their routes."""
        daemons = start(self.r1)
        start(self.r2)
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
