"""Two BIRD drive two Sluice routers: by OSPF, one link at a time, and by BGP, both at once."""

import os
import shutil
import subprocess
import sys
import unittest

import hosts
import two_routers

BIRD = "/usr/sbin/bird"

BASE = """\
router id 10.255.0.{n};
protocol device {{ scan time 1; }}
protocol kernel {{ merge paths; ipv4 {{ export all; }}; }}
protocol kernel {{ merge paths; ipv6 {{ export all; }}; }}
"""

AREA = """\
  area 0 {{
    interface "lan0" {{ stub; }};
    interface "one0" {{ type ptp; hello 1; dead 3; cost 10; }};
    interface "two0" {{ type ptp; hello 1; dead 3; cost 20; }};
  }};
"""

OSPF = (BASE + "protocol ospf v2 {{ ipv4 {{ import all; }};\n" + AREA + "}}\n" +
        "protocol ospf v3 {{ ipv6 {{ import all; }};\n" + AREA + "}}\n")

BGP = BASE + """\
protocol direct {{ ipv4; ipv6; interface "lan0"; }}
template bgp neighbour {{
  local as 6500{n};
  hold time 3;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
}}
template bgp neighbour4 from neighbour {{ ipv4 {{ import all; export where source = RTS_DEVICE; }}; }}
template bgp neighbour6 from neighbour {{ ipv6 {{ import all; export where source = RTS_DEVICE; }}; }}
protocol bgp from neighbour4 {{ neighbor 10.12.1.{other} as 6500{other}; }}
protocol bgp from neighbour4 {{ neighbor 10.12.2.{other} as 6500{other}; }}
protocol bgp from neighbour6 {{ neighbor fd00:12:1::{other} as 6500{other}; }}
protocol bgp from neighbour6 {{ neighbor fd00:12:2::{other} as 6500{other}; }}
"""

SEND = """
import socket
for port in range(5000, 5064):
    for host in ("10.2.0.2", "fd00:2::2"):
        s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("", port))
        s.sendto(b"x", (host, 7000))
"""

RECEIVE = """
import select, socket
sockets = [socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6)]
sockets[1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
for s in sockets:
    s.bind(("", 7000))
print("ready", flush=True)
missing = {(version, port) for version in (0, 1) for port in range(5000, 5064)}
while missing:
    for s in select.select(sockets, [], [], 60)[0]:
        missing.discard((sockets.index(s), s.recvfrom(9)[1][1]))
print("all")
"""


class Bird(two_routers.Case):
    @staticmethod
    def start(router, config):
        router.wait_for_taps()
        path = router.folder / "bird.conf"
        path.write_text(config.format(n=router.n, other=3 - router.n))
        return router.start("bird", BIRD, "-f", "-c", path, "-s", router.folder / "bird.ctl")

    def test_link_fails_and_traffic_takes_the_other(self):
        self.lose_a_link(lambda router: [self.start(router, OSPF)])

    def paths(self, family):
        """By how many links r1's kernel gets to b's network."""
        route = self.r1.host.run("ip", family, "route", "show", "10.2.0.0/24" if family == "-4"
                                 else "fd00:2::/64").stdout
        return sum(f"dev {tap}" in route for tap in ("one0", "two0"))

    def both_paths(self):
        hosts.eventually("both links are used",
                         lambda: (self.paths("-4"), self.paths("-6")) == (2, 2))

    def sent(self):
        """Packets that r1 has sent by each link."""
        return [int(self.r1.host.run("cat", f"/sys/class/net/{link}/statistics/tx_packets").stdout)
                for link in ("one", "two")]

    def flows(self):
        """A datagram of each of 128 flows arrives, by both links."""
        before = self.sent()
        got = self.b.start(sys.executable, "-c", RECEIVE, stdout=subprocess.PIPE)
        self.assertEqual(got.stdout.readline(), "ready\n")
        self.a.run(sys.executable, "-c", SEND)
        self.assertEqual(got.communicate(timeout=hosts.PATIENCE)[0], "all\n")
        for past, now in zip(before, self.sent()):
            self.assertGreaterEqual(now - past, 128 // 4)

    def test_bgp_shares_flows_among_links(self):
        for router in (self.r1, self.r2):
            for link in ("one", "two"):  # as docs/kernel-routes.md says
                router.host.run("sysctl", "-qw", f"net.ipv4.conf.{link}.rp_filter=1")
            self.start(router, BGP)
        self.reach()
        self.both_paths()
        self.flows()
        self.r2.host.ip("link", "set", "two", "down")
        hosts.eventually("one link is used", lambda: self.paths("-4") == 1)
        self.reach()
        self.lose_nothing()
        self.r2.host.ip("link", "set", "two", "up")
        self.both_paths()
        self.lose_nothing()
        for apps in (self.r1.finish(), self.r2.finish()):
            follower = apps["kernel-routes"]["metrics"]
            self.assertEqual((follower["refused"], follower["malformed"]), (0, 0))


def skip_without_bird():
    if not shutil.which(BIRD):
        print("skipped: there is no BIRD")
        sys.exit(hosts.SKIPPED)


if __name__ == "__main__":
    Bird.binary = os.path.abspath(sys.argv.pop(1))
    hosts.skip_unless_possible()
    skip_without_bird()
    unittest.main(verbosity=2)
