"""Two routers with tunnels between them: what the hosts behind them see, and the way in between."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

import hosts

MEGABYTES = 4

# Host a - router m - the way - router n - host b. 10.7.1.0/24 and 10.7.2.0/24 are the hosts'.
FILE = """\
ports:
  lan: {{device: "net_af_xdp0,iface=lan"}}
  wan: {{device: "net_af_xdp1,iface=wan", mtu: {mtu}}}
addresses:
  lan: [10.7.{own}.1/24, "fd07:{own}::1/64"]
  wan: {wan}
  site: [10.255.0.{own}/24, "fd55::{own}/64"]
{addresses}
routes:
  10.7.{other}.0/24: site
  "fd07:{other}::/64": site
{routes}
tunnels:
  site: {{noise: IK, key: {own}.key, listen: 5182{own}{words},
    peers: [{{key: {other}.pub, psk: psk.key, {endpoint}
             allowed: [10.7.{other}.0/24, 10.255.0.{other}, "fd07:{other}::/64",
                       "fd55::{other}"]}}]}}
{tunnels}
"""


def endpoint(address, port):
    return f'endpoint: "{address}:{port}", '


SEGMENT = """
import socket, sys
if len(sys.argv) > 1:
    c = socket.create_connection((sys.argv[1], 7000), timeout=60)
else:
    s = socket.create_server(("", 7000), family=socket.AF_INET6, dualstack_ipv6=True)
    print("ready", flush=True)
    s.settimeout(60)
    c = s.accept()[0]
print(c.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
c.recv(1) if len(sys.argv) == 1 else c.close()
"""


class Tunnels(hosts.Case):
    """Hosts a and b, routers m and n."""

    def setUp(self):
        super().setUp()
        self.n = self.host("n")
        self.join(self.a, self.m, 1)
        self.join(self.b, self.n, 2)
        self.m.join("wan", self.n, "wan")
        self.m.run("sysctl", "-qw", "net.ipv6.conf.wan.disable_ipv6=1")
        self.m.ip("link", "set", "wan", "up")
        for name in ("1", "2", "psk", "3", "4"):
            (self.dir / f"{name}.pub").write_text(self.make_key(name)[1])

    @staticmethod
    def join(host, router, number):
        host.join("eth0", router, "lan")
        host.address("eth0", f"10.7.{number}.2/24", f"fd07:{number}::2/64")
        host.ip("route", "add", "default", "via", f"10.7.{number}.1")
        host.ip("route", "add", "default", "via", f"fd07:{number}::1")

    def router(self, own, way, **more):
        """Run a router whose tunnel has its peer at that address; None: it waits for it."""
        text = FILE.format(**{
            "own": own, "other": 3 - own, "mtu": 1500,
            "wan": f'[192.0.2.{own}/24, "2001:db8::{own}/64"]', "addresses": "", "routes": "", "words": "",
            "tunnels": "",
            "endpoint": endpoint(way, f"5182{3 - own}") if way else "", **more})
        return self.sluice(text, self.m if own == 1 else self.n, "--json")

    def reach(self, *routers):
        """Wait until the hosts reach each other."""
        hosts.eventually("the hosts reach each other",
                         lambda: self.a.pings("10.7.2.2")
                         or not all(r.running() for r in routers))
        for r in routers:
            self.assertTrue(r.running(), r.running() or r.process.communicate()[1])
        hosts.eventually("they do by IPv6", lambda: self.b.pings("fd07:1::2"))

    def end(self, *routers):
        """Every packet is accounted for. Returns the reports."""
        reports = []
        for r in routers:
            status, report, complaints = r.stop()
            self.assertEqual(status, 0, complaints)
            reports.append(json.loads(report))
        return reports

    def sends(self, sender, receiver, address):
        data = os.urandom(MEGABYTES << 20)
        self.assertEqual(hosts.transfer(sender, receiver, address, data),
                         hashlib.sha256(data).hexdigest())

    def talk(self):
        """The hosts send each other much, by both families."""
        self.sends(self.a, self.b, "10.7.2.2")
        self.sends(self.b, self.a, "fd07:1::2")

    def test_hosts_talk_through_a_tunnel(self):
        for way, reverse in (("192.0.2.2", None), ("[2001:db8::2]", "[2001:db8::1]")):
            with self.subTest(way=way):
                m, n = self.router(1, way), self.router(2, reverse)
                self.reach(m, n)
                self.talk()
                self.assertTrue(self.a.pings("10.255.0.2"), "the other end itself")
                self.end(m, n)

    def test_two_tunnels_and_one_in_another(self):
        """`deep` runs inside `site`, `beside` beside it; each has a network of the hosts."""
        more = {
            "addresses": "  deep: 10.254.0.{own}/24\n  beside: 10.253.0.{own}/24",
            "routes": "  10.8.{other}.0/24: deep\n  10.8.{own}.0/24: 10.7.{own}.2\n"
                      "  10.9.{other}.0/24: beside\n  10.9.{own}.0/24: 10.7.{own}.2",
            "tunnels": """\
  deep: {{key: {key}.key, listen: 5183{own},
    peers: [{{key: {peer}.pub, endpoint: "10.255.0.{other}:5183{other}",
             allowed: [10.254.0.{other}, 10.8.{other}.0/24]}}]}}
  beside: {{key: {key}.key, listen: 5184{own},
    peers: [{{key: {peer}.pub, endpoint: "[2001:db8::{other}]:5184{other}",
             allowed: [10.253.0.{other}, 10.9.{other}.0/24]}}]}}
"""}
        routers = []
        for own, other, host in ((1, 2, self.a), (2, 1, self.b)):
            names = {"own": own, "other": other, "key": own + 2, "peer": other + 2}
            host.address("lo", f"10.8.{own}.1/32", f"10.9.{own}.1/32")
            routers.append(self.router(own, f"192.0.2.{other}",
                                       **{k: v.format(**names) for k, v in more.items()}))
        self.reach(*routers)
        for n in (8, 9):
            far = f"10.{n}.2.1"
            hosts.eventually(f"{far} answers",
                             lambda n=n, far=far: self.a.pings(far, "-I", f"10.{n}.1.1"))
            self.assertTrue(self.a.pings(far, "-I", f"10.{n}.1.1", "-s", "4000", "-M", "dont"))
            said = self.a.run("ping", "-n", "-c", "1", "-M", "do", "-s", "1400", "-I",
                              f"10.{n}.1.1", far, check=False).stdout
            self.assertIn(f"(mtu = {1340 if n == 8 else 1420})", said)
        self.end(*routers)

    def test_packets_that_do_not_fit(self):
        m, n = self.router(1, "192.0.2.2"), self.router(2, None)
        self.reach(m, n)
        said = self.a.run("ping", "-n", "-c", "1", "-s", "1472", "-M", "do", "10.7.2.2",
                          check=False).stdout
        self.assertIn("Frag needed and DF set (mtu = 1420)", said)
        self.assertTrue(self.a.pings("10.7.2.2", "-s", "4000", "-M", "dont"), "fragments")
        self.assertTrue(self.a.pings("fd07:2::2", "-s", "4000", "-c", "4", "-i", "0.2"),
                        "fragments of IPv6, once the host knows how long they may be")
        self.end(m, n)

    def test_a_way_that_is_too_small_divides_what_is_around(self):
        """RFC 4459: what IPv6 needs, 1280 bytes, and 80 around it, over links of 1300."""
        for way, reverse in (("192.0.2.2", None), ("[2001:db8::2]", "[2001:db8::1]")):
            with self.subTest(way=way):
                m = self.router(1, way, mtu=1300)
                n = self.router(2, reverse, mtu=1300, words=", mtu: 1280")
                self.reach(m, n)
                self.assertTrue(self.a.pings("fd07:2::2", "-s", "1232"), "1280 bytes")
                self.talk()
                report = self.end(m, n)[1]
                self.assertGreater(self.metric(report, "local", "reassembled"), 100)

    def test_a_router_on_the_way_says_what_fits(self):
        """Over IPv6 nobody else divides packets: the errors of the way must be believed."""
        k = self.host("k")
        self.m.ip("link", "del", "wan")  # and its other end
        for number, router in ((1, self.m), (2, self.n)):
            k.join(f"k{number}", router, "wan")
            k.address(f"k{number}", f"2001:db8:{number}::9/64")
        k.ip("link", "set", "k2", "mtu", "1400")
        k.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        m, n = (self.router(own, f"[2001:db8:{3 - own}::1]", mtu=mtu,
                            wan=f'"2001:db8:{own}::1/64"',
                            routes=f'  "::/0": 2001:db8:{own}::9')
                for own, mtu in ((1, 1500), (2, 1400)))
        self.reach(m, n)

        def told():
            return "(mtu = 1320)" in self.a.run("ping", "-n", "-c", "1", "-W", "1", "-s", "1392",
                                                "-M", "do", "10.7.2.2", check=False).stdout
        hosts.eventually("the host learns what fits the way", told)
        self.talk()
        report = self.end(m, n)[0]
        self.assertEqual(self.metric(report, "site", "paths_lowered"), 1)

    def test_one_peer_more_loses_nothing(self):
        m, n = self.router(1, "192.0.2.2"), self.router(2, None)
        self.reach(m, n)
        ping = self.a.start("ping", "-n", "-q", "-i", "0.01", "-c", "300", "10.7.2.2",
                            stdout=subprocess.PIPE)
        text = m.path.read_text().replace(
            "peers: [{", "peers: [{key: 3.pub, allowed: [10.9.0.0/16]}, {")
        m.path.write_text(text.replace("routes:\n", "routes:\n  10.66.0.0/16: prohibit\n"))
        m.process.send_signal(signal.SIGHUP)
        hosts.eventually("the file is read again",
                         lambda: "Packet filtered" in self.a.run(
                             "ping", "-n", "-c", "1", "-W", "1", "10.66.0.1", check=False).stdout)
        self.assertIn("300 received, 0% packet loss", ping.communicate(timeout=60)[0])
        report = self.end(m, n)[0]
        self.assertEqual(self.metric(report, "site", "peers"), 2)

    def test_segments_are_made_to_fit(self):
        """One end is enough, for both directions."""
        m, n = self.router(1, "192.0.2.2", words=", mss-clamp: yes"), self.router(2, None)
        self.reach(m, n)
        for address, segment in (("10.7.2.2", 1380), ("fd07:2::2", 1360)):
            to = self.b.start(sys.executable, "-c", SEGMENT, stdout=subprocess.PIPE)
            self.assertEqual(to.stdout.readline(), "ready\n")
            said = self.a.run(sys.executable, "-c", SEGMENT, address).stdout
            self.assertEqual((int(said), int(to.communicate(timeout=hosts.PATIENCE)[0])),
                             (segment - 12, segment - 12), "with room for time stamps")
        self.end(m, n)

    @unittest.skipUnless(shutil.which("wireguard-go") and shutil.which("wg"), "no wireguard-go")
    def test_the_other_end_is_wireguard_go(self):
        self.n.address("wan", "192.0.2.2/24")
        self.n.run("ethtool", "-K", "wan", "tx", "off")
        self.n.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                   "net.ipv6.conf.lan.disable_ipv6=0")
        self.n.address("lan", "10.7.2.1/24", "fd07:2::1/64")
        name = f"wg{os.getpid() % 100000}"
        go = self.n.start("wireguard-go", "-f", name, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
        self.addCleanup(go.wait)
        self.addCleanup(go.terminate)
        hosts.eventually("wireguard-go is there",
                         lambda: self.n.run("wg", "show", name, check=False).returncode == 0)
        self.n.run("wg", "set", name, "private-key", self.dir / "2.key", "listen-port", "51822",
                   "peer", (self.dir / "1.pub").read_text().strip(), "preshared-key",
                   self.dir / "psk.key", "endpoint", "192.0.2.1:51821", "allowed-ips",
                   "10.7.1.0/24,fd07:1::/64")
        self.n.ip("link", "set", name, "mtu", "1420", "up")
        self.n.ip("route", "add", "10.7.1.0/24", "dev", name)
        self.n.ip("route", "add", "fd07:1::/64", "dev", name)
        m = self.router(1, "192.0.2.2")
        self.reach(m)
        self.talk()
        self.end(m)

    @staticmethod
    def metric(report, app, name):
        return next(a for a in report["apps"] if a["name"] == app)["metrics"][name]

if __name__ == "__main__":
    hosts.skip_unless_possible()
    hosts.Case.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main()
