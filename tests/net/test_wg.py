"""sluice wg: what wg and wg-quick say to it, and what wireguard-go and it say to each other."""

import hashlib
import ipaddress
import os
import socket
import subprocess
import sys
import time
import unittest

import hosts
import wireguard

MEGABYTES = 4


class Wg(hosts.Case):
    """Hosts a and b on one wire, 192.0.2.0/24 and 2001:db8::/64."""

    alias = ""

    def setUp(self):
        super().setUp()
        self.a.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns",
                  self.b.name)
        self.a.address("eth0", "192.0.2.1/24", "2001:db8::1/64")
        self.b.address("eth0", "192.0.2.2/24", "2001:db8::2/64")
        for host in (self.a, self.b):  # the second address outlives the first
            host.run("sysctl", "-qw", "net.ipv4.conf.all.promote_secondaries=1")

    def device(self, host, letter, command=None):
        return wireguard.Device(self, host, letter, command or [self.alias])

    def go(self, host, letter):
        return self.device(host, letter, ["wireguard-go"])

    def file(self, text):
        path = self.dir / f"file{len(list(self.dir.iterdir()))}.conf"
        path.touch(0o600)
        path.write_text(text)
        return path

    def join(self, x, y, family=4, psk=None, net=0):
        """Make two devices peers, 10.9.net.1 and .2; x knows where y is, not the other way."""
        for device, number in ((x, 1), (y, 2)):
            device.set_key(device.private)
            device.up(f"10.9.{net}.{number}/24", f"fd09:{net}::{number}/64")
        outer = {4: "192.0.2.%d:%d", 6: "[2001:db8::%d]:%d"}[family]
        y.add(x, f"10.9.{net}.1/32,fd09:{net}::1/128", psk=psk)
        x.add(y, f"10.9.{net}.2/32,fd09:{net}::2/128", "endpoint",
              outer % (1 if y.host is self.a else 2, y.port()), psk=psk)

    def pair(self, **more):
        """A device of Sluice in a that knows where one of wireguard-go in b is."""
        x, y = self.device(self.a, "a"), self.go(self.b, "b")
        self.join(x, y, **more)
        return x, y

    def reaches(self, host, address="10.9.0.2"):
        host.reaches(address)

    def sends(self, sender, receiver, address):
        data = os.urandom(MEGABYTES << 20)
        self.assertEqual(hosts.transfer(sender, receiver, address, data),
                         hashlib.sha256(data).hexdigest())


class Configuration(Wg):
    """What wg says, and is told."""

    def test_all_is_shown_as_it_was_set(self):
        d = self.device(self.a, "a")
        self.assertEqual(d.show("dump").split("\t")[:2] + d.show("dump").split("\t")[3:],
                         ["(none)", "(none)", "off"])
        d.set_key(d.private)
        d.set("listen-port", 51821, "fwmark", "0x1234")
        peer, other, psk = (wireguard.tool("wg", c) for c in ("genpsk", "genpsk", "genpsk"))
        peer, other = map(wireguard.public_of, (peer, other))
        d.wg("set", d.name, "peer", peer, "endpoint", "192.0.2.2:7", "persistent-keepalive", "25",
             "allowed-ips", "10.0.0.0/8,fd00::/8,192.0.2.77")
        subprocess.run(["wg", "set", d.name, "peer", peer, "preshared-key", "/dev/stdin"],
                       input=psk, text=True, check=True)
        d.set("peer", other, "endpoint", "[2001:db8::2]:8")
        lines = [line.split("\t") for line in d.show("dump").splitlines()]
        self.assertEqual(lines[0], [d.private, d.key, "51821", "0x1234"])
        by_key = {line[0]: line[1:] for line in lines[1:]}
        self.assertEqual(by_key[peer][0:2], [psk, "192.0.2.2:7"])
        self.assertEqual(sorted(by_key[peer][2].split(",")),
                         ["10.0.0.0/8", "192.0.2.77/32", "fd00::/8"])
        self.assertEqual(by_key[peer][3:5], ["0", "0"])
        self.assertEqual(by_key[peer][6], "25")
        self.assertEqual(by_key[other], ["(none)", "[2001:db8::2]:8", "(none)", "0", "0", "0",
                                         "off"])
        d.set("fwmark", "0", "peer", peer, "allowed-ips", "", "persistent-keepalive", "off",
              "preshared-key", "/dev/null", "peer", other, "remove")
        self.assertEqual(d.show("fwmark"), "off")
        line = d.show("dump").splitlines()[1].split("\t")
        self.assertEqual(line[:2] + line[3:4] + line[7:], [peer, "(none)", "(none)", "off"])
        self.assertEqual(len(d.show("dump").splitlines()), 2)
        self.assertIn("listening port: 51821", d.wg("show", d.name))

    def test_files_are_set_added_and_shown(self):
        d = self.device(self.a, "a")
        keys = [wireguard.public_of(wireguard.tool("wg", "genkey")) for _ in range(3)]
        interface = f"[Interface]\nPrivateKey = {d.private}\nListenPort = 51822\nFwMark = 0xca6c\n"
        peers = [f"[Peer]\nPublicKey = {key}\nAllowedIPs = 10.{n}.0.0/16\n"
                 f"Endpoint = 192.0.2.2:{n + 1}\nPersistentKeepalive = 2{n}\n"
                 for n, key in enumerate(keys)]

        def known():
            return set(d.show("peers").split())
        d.wg("setconf", d.name, self.file(interface + peers[0] + peers[1]))
        self.assertEqual(known(), set(keys[:2]))
        d.wg("addconf", d.name, self.file(peers[2]))
        self.assertEqual(known(), set(keys))
        shown = d.wg("showconf", d.name)
        self.assertEqual(sorted(line for line in shown.splitlines() if line),
                         sorted(line for line in (interface + "".join(peers)).splitlines()))
        d.wg("syncconf", d.name, self.file(interface + peers[1]))
        self.assertEqual(known(), {keys[1]})
        d.wg("setconf", d.name, self.file(shown + "\n"))
        self.assertEqual(known(), set(keys))
        d.wg("setconf", d.name, self.file(""))
        self.assertEqual(known(), set())

    def test_an_allowed_ip_moves_to_whoever_gets_it(self):
        d = self.device(self.a, "a")
        one, two = (wireguard.public_of(wireguard.tool("wg", "genkey")) for _ in range(2))
        d.set("peer", one, "allowed-ips", "10.1.0.0/16,10.2.0.0/16")
        d.set("peer", two, "allowed-ips", "10.2.3.4/16")
        self.assertEqual(d.show("allowed-ips", one), "10.1.0.0/16")
        self.assertEqual(d.show("allowed-ips", two), "10.2.0.0/16")

    def test_mistakes_have_the_numbers_of_errno(self):
        d, e = self.device(self.a, "a"), self.device(self.a, "b")
        d.set("listen-port", 51823)
        done = self.a.run("wg", "set", e.name, "listen-port", 51823, check=False)
        self.assertIn("Address already in use", done.stderr)
        before = e.port()
        self.assertNotEqual(before, 51823)
        self.assertEqual(self.say(e, "set=1\nlisten_port=no\n\nget=2\n\n"),
                         "errno=-22\n\nerrno=-71\n\n")
        self.assertIn(f"listen_port={before}\n", self.say(e, "get=1\n\n"))

    def test_a_port_that_was_left_is_free_at_once(self):
        d = self.device(self.a, "a")
        d.up()
        said = self.say(d, "".join(f"set=1\nlisten_port={51850 + n % 2}\n\n" for n in range(40)))
        self.assertEqual(said, "errno=0\n\n" * 40)

    def test_who_never_ends_a_line_keeps_nobody_out(self):
        d = self.device(self.a, "a")
        for _ in range(100):
            s = socket.socket(socket.AF_UNIX)
            self.addCleanup(s.close)
            s.connect(str(d.socket))
            s.sendall(b"get=1\nset")
        self.assertIn("listening port", d.wg("show", d.name))

    def test_who_asks_and_does_not_listen_takes_no_memory(self):
        d = self.device(self.a, "a")
        self.say(d, "set=1\n" + "".join(f"public_key={os.urandom(32).hex()}\n"
                                        for _ in range(5000)) + "\n")
        for _ in range(3):
            s = socket.socket(socket.AF_UNIX)
            self.addCleanup(s.close)
            s.connect(str(d.socket))
            s.sendall(b"get=1\n\n" * 2000)
        self.assertEqual(len(d.show("peers").split()), 5000)
        with open(f"/proc/{d.process.pid}/status", encoding="ascii") as f:
            peak = next(line for line in f if line.startswith("VmHWM")).split()
        self.assertLess(int(peak[1]), 500_000, peak)  # kB; all the answers would be 10 GB

    @staticmethod
    def say(device, text):
        """Speak on the socket, to the end."""
        script = ("import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.settimeout(60)\n"
                  "s.connect(sys.argv[1])\ns.sendall(sys.stdin.buffer.read())\n"
                  "s.shutdown(socket.SHUT_WR)\n"
                  "while data := s.recv(65536):\n    sys.stdout.buffer.write(data)\n")
        done = subprocess.run([sys.executable, "-c", script, device.socket], input=text, text=True,
                              capture_output=True, check=True, timeout=hosts.PATIENCE)
        return done.stdout

    def test_a_set_of_130560_allowed_ips(self):
        d = self.device(self.a, "a")
        key = wireguard.public_of(wireguard.tool("wg", "genkey"))
        prefixes = [f"{ipaddress.ip_address(0x0A000000 + (n << 4))}/28" for n in range(130560)]
        d.wg("setconf", d.name, self.file(f"[Interface]\nPrivateKey = {d.private}\n[Peer]\n"
                                          f"PublicKey = {key}\n" + "".join(
                                              f"AllowedIPs = {p}\n" for p in prefixes)))
        self.assertEqual(sorted(d.show("allowed-ips", key).split(" ")), sorted(prefixes))
        d.set("peer", key, "remove")
        self.assertEqual(d.show("peers"), "")

    def test_40_peers_of_52_allowed_ips(self):
        d = self.device(self.a, "a")
        peers = {wireguard.public_of(wireguard.tool("wg", "genkey")):
                 [f"10.{n}.{m}.0/24" for m in range(52)] for n in range(40)}
        d.wg("setconf", d.name, self.file("".join(
            f"[Peer]\nPublicKey = {key}\nAllowedIPs = {', '.join(prefixes)}\n"
            for key, prefixes in peers.items())))
        for key, prefixes in peers.items():
            self.assertEqual(sorted(d.show("allowed-ips", key).split(" ")), sorted(prefixes))


class Together(Wg):
    """With wireguard-go at the other end."""

    def talk(self, from_sluice, family):
        x, y = self.device(self.a, "a"), self.go(self.b, "b")
        psk = wireguard.tool("wg", "genpsk")
        if from_sluice:
            self.join(x, y, family, psk)
        else:
            self.join(y, x, family, psk)
        here, there = ("10.9.0.2", "fd09:0::2") if from_sluice else ("10.9.0.1", "fd09:0::1")
        first = self.a if from_sluice else self.b
        self.reaches(first, "10.9.0.2")
        self.reaches(first, "fd09:0::2")
        self.sends(self.a, self.b, here)
        self.sends(self.b, self.a, {"10.9.0.2": "10.9.0.1", "10.9.0.1": "10.9.0.2"}[here])
        self.sends(self.a, self.b, there)
        self.assertTrue(self.a.pings(here, "-s", "1392", "-M", "do"))
        self.assertGreater(int(x.show("latest-handshakes", y.key)), time.time() - 3600)
        self.assertEqual(x.show("endpoints", y.key).rsplit(":", 1)[0],
                         "192.0.2.2" if family == 4 else "[2001:db8::2]")

    def test_sluice_begins_over_ipv4(self):
        self.talk(True, 4)

    def test_sluice_begins_over_ipv6(self):
        self.talk(True, 6)

    def test_wireguard_go_begins_over_ipv4(self):
        self.talk(False, 4)

    def test_wireguard_go_begins_over_ipv6(self):
        self.talk(False, 6)

    def test_link_local_addresses(self):
        x, y = self.pair()
        self.a.address("eth0", "fe80::a/64")
        self.b.address("eth0", "fe80::b/64", "fe80::c/64")
        for address, number in (("fe80::b", 1), ("fe80::c", 2)):
            x.add(y, f"10.9.0.2/32,fd09:0::2/128", "endpoint", f"[{address}%eth0]:{y.port()}")
            self.reaches(self.a)
            self.assertEqual(x.show("endpoints", y.key), f"[{address}%eth0]:{y.port()}")
        self.b.ip("address", "del", "fe80::c/64", "dev", "eth0")
        hosts.eventually("it has moved", lambda: self.b.pings("10.9.0.1") and
                         x.show("endpoints", y.key) == f"[fe80::b%eth0]:{y.port()}")
        self.sends(self.a, self.b, "10.9.0.2")
        self.sends(self.b, self.a, "10.9.0.1")
        x.wg("setconf", x.name, self.file(x.wg("showconf", x.name) + "\n"))
        self.reaches(self.a)

    def test_every_byte_is_counted(self):
        x, y = self.pair()
        # the kernel's own packets would be counted too
        for host, device in ((self.a, x), (self.b, y)):
            host.run("sysctl", "-qw", f"net.ipv6.conf.{device.name}.disable_ipv6=1")
        self.assertEqual(x.transfer(y.key), (0, 0))
        done = self.a.run("ping", "-n", "-c", "10", "-i", "0.02", "-W", "10", "10.9.0.2")
        self.assertIn("10 received", done.stdout)
        received, sent = x.transfer(y.key)
        self.assertEqual(received, 1372)
        self.assertIn(sent, (1428, 1460))
        self.assertEqual(y.transfer(x.key), (sent, received))

    def test_another_psk_does_not_work(self):
        x, y = self.pair(psk=wireguard.tool("wg", "genpsk"))
        self.reaches(self.a)
        x.add(y, "10.9.0.2/32", psk=wireguard.tool("wg", "genpsk"))
        x.set_key(wireguard.tool("wg", "genkey"))
        y.add(x, "10.9.0.1/32")
        self.assertFalse(self.a.pings("10.9.0.2", "-W", "2"))

    def test_a_persistent_keepalive_needs_no_traffic(self):
        x, y = self.pair()
        for host, device in ((self.a, x), (self.b, y)):
            host.run("sysctl", "-qw", f"net.ipv6.conf.{device.name}.disable_ipv6=1")
        x.add(y, "10.9.0.2/32", "persistent-keepalive", "1")
        hosts.eventually("a session", lambda: x.show("latest-handshakes", y.key) != "0")
        before = x.transfer(y.key)
        hosts.eventually("keepalives", lambda: x.transfer(y.key)[1] >= before[1] + 64)
        self.assertEqual((x.transfer(y.key)[1] - before[1]) % 32, 0)
        self.assertEqual(x.transfer(y.key)[0], before[0])

    def test_a_client_roams_under_traffic(self):
        x, y = self.device(self.a, "a"), self.go(self.b, "b")
        self.join(y, x)
        self.reaches(self.b)
        ping = self.b.start("ping", "-n", "-q", "-i", "0.05", "-c", "100", "10.9.0.2",
                            stdout=subprocess.PIPE)
        self.b.ip("address", "add", "192.0.2.33/24", "dev", "eth0")
        self.b.ip("address", "del", "192.0.2.2/24", "dev", "eth0")
        hosts.eventually("it has moved",
                         lambda: "192.0.2.33:" in x.show("endpoints", y.key))
        self.assertIn("100 packets transmitted", ping.communicate(timeout=60)[0])
        self.reaches(self.b)
        self.reaches(self.a, "10.9.0.1")

    def test_sluice_roams_under_traffic(self):
        x, y = self.pair()
        self.reaches(self.a)
        self.a.ip("address", "add", "192.0.2.33/24", "dev", "eth0")
        self.a.ip("address", "del", "192.0.2.1/24", "dev", "eth0")
        self.reaches(self.a)
        hosts.eventually("it has moved",
                         lambda: "192.0.2.33:" in y.show("endpoints", x.key))


class Changes(Wg):
    """Under traffic."""

    def setUp(self):
        super().setUp()
        self.x, self.y = self.pair()
        self.reaches(self.a)

    def flood(self, count=200):
        return self.a.start("ping", "-n", "-q", "-i", "0.01", "-c", count, "10.9.0.2",
                            stdout=subprocess.PIPE)

    def loses_nothing(self, ping):
        self.assertIn("0% packet loss", ping.communicate(timeout=60)[0])

    def test_peers_come_and_go_beside_each_other(self):
        ping = self.flood()
        for n in range(20):
            key = wireguard.public_of(wireguard.tool("wg", "genkey"))
            self.x.set("peer", key, "allowed-ips", f"10.8.{n}.0/24", "endpoint", "192.0.2.2:9")
            self.x.set("peer", key, "persistent-keepalive", "1")
            self.x.set("peer", key, "remove")
        self.loses_nothing(ping)
        self.assertEqual(self.x.show("peers"), self.y.key)

    def test_the_port_changes_and_the_session_stays(self):
        handshake = self.x.show("latest-handshakes", self.y.key)
        self.x.set("listen-port", 51830)
        self.assertEqual(self.x.port(), 51830)
        self.reaches(self.a)
        self.x.set("fwmark", "77")
        self.reaches(self.a)
        self.assertEqual(self.x.show("latest-handshakes", self.y.key), handshake)
        self.assertEqual(self.y.show("endpoints", self.x.key), "192.0.2.1:51830")

    def test_a_new_key_needs_a_new_session(self):
        handshake = self.x.show("latest-handshakes", self.y.key)
        old = self.x.key
        self.x.set_key(wireguard.tool("wg", "genkey"))
        self.assertFalse(self.a.pings("10.9.0.2"))
        self.y.set("peer", old, "remove")
        self.y.add(self.x, "10.9.0.1/32")
        self.reaches(self.a)
        self.assertGreaterEqual(self.x.show("latest-handshakes", self.y.key), handshake)
        self.x.set("private-key", "/dev/null")
        self.assertEqual(self.x.show("private-key"), "(none)")
        self.assertFalse(self.a.pings("10.9.0.2"))

    def test_an_allowed_ip_moves_under_traffic(self):
        other = wireguard.public_of(wireguard.tool("wg", "genkey"))
        self.x.set("peer", other, "allowed-ips", "10.9.0.2/32")
        self.assertFalse(self.a.pings("10.9.0.2"))
        self.x.add(self.y, "10.9.0.2/32")
        self.reaches(self.a)

    def test_down_closes_the_port_and_ends_the_sessions(self):
        port = self.x.port()
        self.assertIn(f":{port} ", self.a.run("ss", "-Hlun").stdout)
        self.a.ip("link", "set", self.x.name, "down")
        hosts.eventually("it is closed",
                         lambda: f":{port} " not in self.a.run("ss", "-Hlun").stdout)
        self.assertFalse(self.b.pings("10.9.0.1"))
        self.assertEqual(self.x.port(), port)
        self.assertEqual(self.x.show("peers"), self.y.key)
        before = self.x.show("latest-handshakes", self.y.key)
        time.sleep(1.1)  # handshakes are told by the second
        self.a.ip("link", "set", self.x.name, "up")
        hosts.eventually("it is open", lambda: f":{port} " in self.a.run("ss", "-Hlun").stdout)
        self.reaches(self.a)
        self.assertNotEqual(self.x.show("latest-handshakes", self.y.key), before)

    def test_up_again_sends_a_persistent_keepalive_at_once(self):
        for host, device in ((self.a, self.x), (self.b, self.y)):
            host.run("sysctl", "-qw", f"net.ipv6.conf.{device.name}.disable_ipv6=1")
        self.x.add(self.y, "10.9.0.2/32", "persistent-keepalive", "3600")
        before = self.x.show("latest-handshakes", self.y.key)
        time.sleep(1.1)  # handshakes are told by the second
        self.a.ip("link", "set", self.x.name, "down")
        hosts.eventually("it is closed",
                         lambda: f":{self.x.port()} " not in self.a.run("ss", "-Hlun").stdout)
        self.a.ip("link", "set", self.x.name, "up")
        hosts.eventually("there is a new session without traffic",
                         lambda: self.x.show("latest-handshakes", self.y.key) not in
                         ("0", before))

    def test_a_peer_that_is_removed_is_not_answered(self):
        self.x.set("peer", self.y.key, "remove")
        self.assertFalse(self.b.pings("10.9.0.1"))

    def test_the_host_hears_what_cannot_be_reached(self):
        """No peer has the address; the host believes it whatever its reverse path filter."""
        for level in 0, 1:
            for interface in "all", self.x.name:
                self.a.run("sysctl", "-qw", f"net.ipv4.conf.{interface}.rp_filter={level}")
            for address in "10.9.0.99", "fd09:0::99":
                answer = self.a.run("ping", "-n", "-c", "1", "-W", "10", address, check=False)
                self.assertRegex(answer.stdout, "(Host|Address) [Uu]nreachable")

    def test_a_larger_mtu_is_used(self):
        for host, device in ((self.a, self.x), (self.b, self.y)):
            host.ip("link", "set", "eth0", "mtu", "9000")
            host.ip("link", "set", device.name, "mtu", "8900")
        hosts.eventually("longer packets pass",
                         lambda: self.a.pings("10.9.0.2", "-s", "8872", "-M", "do"))
        self.sends(self.a, self.b, "10.9.0.2")
        self.sends(self.b, self.a, "10.9.0.1")

    def test_a_way_into_the_tunnel_itself_does_not_go_round(self):
        """As of a laptop that loses its network: the default route is the tunnel's alone."""
        self.x.add(self.y, "0.0.0.0/0,::/0")
        for family, outer in (("-4", "192.0.2.2:%d"), ("-6", "[2001:db8::2]:%d")):
            with self.subTest(family=family):
                self.x.set("peer", self.y.key, "endpoint", outer % self.y.port())
                self.reaches(self.a)
                self.a.ip(family, "route", "replace", "default", "dev", self.x.name)
                self.a.ip("link", "set", "eth0", "down")
                before = self.x.transfer(self.y.key)
                for size in 56, 1392:
                    self.assertFalse(self.a.pings("10.9.0.2", "-s", size))
                self.assertLess(self.x.transfer(self.y.key)[1] - before[1], 100_000)
                self.a.ip("address", "replace", "2001:db8::1/64", "dev", "eth0")  # lost when down
                self.a.ip("link", "set", "eth0", "up")
                self.reaches(self.a)

    def test_an_mtu_that_is_too_large_is_made_what_it_can_be(self):
        for host, device in ((self.a, self.x), (self.b, self.y)):
            host.ip("link", "set", "eth0", "mtu", "65535")
            host.ip("link", "set", device.name, "mtu", "65535")
        hosts.eventually("it is", lambda: "mtu 64920 " in
                         self.a.run("ip", "link", "show", self.x.name).stdout)
        self.reaches(self.a)


class Jumbo(Wg):
    def test_packets_of_the_largest_mtu_pass(self):
        x, y = self.device(self.a, "a"), self.device(self.b, "b")
        self.join(x, y)
        for host, device in ((self.a, x), (self.b, y)):
            host.ip("link", "set", "eth0", "mtu", "65535")
            host.ip("link", "set", device.name, "mtu", "64920")
        for outer in "192.0.2.2:%d", "[2001:db8::2]:%d":
            x.set("peer", y.key, "endpoint", outer % y.port())
            hosts.eventually("they do",
                             lambda: self.a.pings("10.9.0.2", "-s", "64892", "-M", "do"))
            self.sends(self.a, self.b, "10.9.0.2")


if __name__ == "__main__":
    wireguard.skip_unless_possible()
    Wg.alias = os.path.abspath(sys.argv.pop(1))
    unittest.main()
