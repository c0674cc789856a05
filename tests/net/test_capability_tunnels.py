"""Capability tunnels between hosts: `sluice tunnel --serve` and its clients, in network namespaces.

The service is on m; a and b reach it over a link of their own each. What must be silent is asked
first, and something that is answered behind it: when that answer comes, nothing else has come.
"""

import base64
import hashlib
import os
import pathlib
import pwd
import re
import signal
import subprocess
import sys
import unittest

import capability_peer
import hosts

PORT = 51820
FILE = """
serve:
  interface: svc
  listen: %d
  services:
    guests:
      key: site.key
      pool: [10.9.0.1/24, "fd00:9::1/64"]
      networks: [203.0.113.0/24, 0.0.0.0/0]
      clients: [%s]
    staff:
      noise: XK
      key: staff.key
      pool: [10.8.0.1/24]
      clients: [%s]
"""

ROUTER = """
ports:
  wan: {device: "net_af_packet0,iface=r1"}
tunnels:
  guests:
    services:
      all: {key: site.key, pool: 10.9.0.1/24, clients: [alice.cap]}
addresses:
  wan: 198.51.100.1/24
  guests: 10.9.0.1/24
"""

# Sends what comes in as lines of hex, and says what comes back, until there is an empty line.
ASK = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], int(sys.argv[2])))
s.settimeout(60)
for line in sys.stdin:
    if line.strip() == "read":
        print(s.recv(65536).hex(), flush=True)
    elif line.strip() == "left":
        s.setblocking(False)
        try:
            print(s.recv(65536).hex(), flush=True)
        except BlockingIOError:
            print("", flush=True)
        s.settimeout(60)
    else:
        s.send(bytes.fromhex(line))
"""


class Command:
    """`sluice tunnel` in a host."""

    def __init__(self, binary, host, log, *words):
        self.log = log
        with open(log, "w", encoding="utf-8") as f:
            self.process = host.start(binary, "tunnel", *words, stderr=f)

    def said(self):
        return self.log.read_text(encoding="utf-8")

    def expect(self, text):
        def said():
            if self.process.poll() is not None and text not in self.said():
                raise AssertionError(f"ended: {self.said()}")
            return text in self.said()
        hosts.eventually(text, said)

    def address(self):
        self.expect("connected to")
        return re.search(r"has ([\d.]+)/24", self.said())[1]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=hosts.PATIENCE)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Asker:
    """A socket in a host."""

    def __init__(self, host, address):
        self.process = subprocess.Popen(host.command(sys.executable, "-c", ASK, address, PORT),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self):
        self.process.kill()
        self.process.communicate()

    def write(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def send(self, message):
        self.write(message.hex())

    def read(self, what="read"):
        self.write(what)
        return bytes.fromhex(self.process.stdout.readline())


class CapabilityTunnels(hosts.Case):
    def setUp(self):
        super().setUp()
        for number, host in enumerate((self.a, self.b), 1):
            host.ip("link", "add", "eth", "type", "veth", "peer", "name", f"to{number}",
                    "netns", self.m.name)
            host.address("eth", f"192.0.2.{16 * number + 2}/28")
            self.m.address(f"to{number}", f"192.0.2.{16 * number + 1}/28")
        self.sluice_("key", "new", "site.key")
        self.sluice_("key", "new", "staff.key")
        self.sluice_("key", "new", "carol.key")
        for name in ("alice", "bob"):
            self.sluice_("cap", "mint", "site.key", "-o", f"{name}.cap")
        self.sluice_("cap", "mint", "staff.key", "--pattern", "XK", "-o", "carol.cap")

    def sluice_(self, *words):
        done = subprocess.run([self.binary, *words], cwd=self.dir, check=True,
                              capture_output=True, text=True)
        return done.stdout.strip()

    def path(self, name):
        return self.dir / name

    def write(self, guests, staff=""):
        self.path("serve.yaml").write_text(FILE % (PORT, guests, staff))

    def command(self, host, *words):
        c = Command(self.binary, host, self.path(f"log{len(list(self.dir.iterdir()))}"), *words)
        self.addCleanup(c.kill)
        return c

    def serve(self):
        s = self.command(self.m, "--serve", self.path("serve.yaml"))
        s.expect("may connect")
        return s

    def client(self, host, name, gateway, *words):
        return self.command(host, self.path(name), "--endpoint", f"{gateway}:{PORT}", *words)

    def public_of(self, name):
        return self.sluice_("key", "public", name)

    def test_one_line_connects(self):
        self.m.ip("address", "add", "203.0.113.1/32", "dev", "lo")
        self.write("alice.cap, {cap: bob.cap, address: [10.9.0.77, 'fd00:9::77']}",
                   f"{{cap: carol.cap, key: {self.public_of('carol.key')}}}")
        self.serve()
        alice = self.client(self.a, "alice.cap", "192.0.2.17")
        bob = self.client(self.b, "bob.cap", "192.0.2.33", "--dev", "bob0")
        carol = self.client(self.b, "carol.cap", "192.0.2.33", "--key", self.path("carol.key"),
                            "--dev", "carol0")
        self.assertRegex(alice.address(), r"^10\.9\.0\.")
        self.assertEqual(bob.address(), "10.9.0.77")
        self.assertRegex(carol.address(), r"^10\.8\.0\.")
        self.a.reaches("10.9.0.1")
        self.a.reaches("fd00:9::1")
        self.a.reaches("203.0.113.1")  # a listed network has a route
        self.assertNotIn("0.0.0.0/1", self.a.run("ip", "route").stdout)
        self.b.reaches("10.9.0.1")
        self.b.reaches("10.8.0.1")
        data = os.urandom(1 << 20)
        self.assertEqual(hosts.transfer(self.a, self.m, "10.9.0.1", data),
                         hashlib.sha256(data).hexdigest())
        self.assertEqual(alice.stop(), 0)
        self.assertFalse(self.a.has("sluice0"))

    def test_everything_through_the_tunnel_and_back_as_it_was(self):
        self.m.ip("address", "add", "198.51.100.1/32", "dev", "lo")
        self.write("alice.cap")
        self.serve()
        before = self.a.run("ip", "route").stdout
        alice = self.client(self.a, "alice.cap", "192.0.2.17", "--route-all")
        alice.address()
        self.a.reaches("198.51.100.1")
        self.assertEqual(alice.stop(), 0)
        self.assertEqual(self.a.run("ip", "route").stdout, before)

    def test_a_router_serves(self):
        self.a.join("wan", self.m, "r1")
        self.a.address("wan", "198.51.100.2/24")
        self.path("router.yaml").write_text(ROUTER)
        router = hosts.Sluice(self.binary, self.m, self.path("router.yaml"))
        self.addCleanup(router.kill)
        self.a.reaches("198.51.100.1")
        alice = self.client(self.a, "alice.cap", "198.51.100.1")
        alice.address()
        self.a.reaches("10.9.0.1")
        self.assertEqual(alice.stop(), 0)
        status, out, err = router.stop()
        self.assertEqual(status, 0, out + err)

    def test_the_revoked_are_out_and_others_notice_nothing(self):
        self.write("alice.cap, bob.cap")
        service = self.serve()
        self.client(self.a, "alice.cap", "192.0.2.17").address()
        self.client(self.b, "bob.cap", "192.0.2.33").address()
        self.a.reaches("10.9.0.1")
        pinging = self.b.start("ping", "-n", "-c", "60", "-i", "0.05", "-W", "10", "10.9.0.1",
                               stdout=subprocess.PIPE)
        self.write("bob.cap")
        service.process.send_signal(signal.SIGHUP)
        service.expect("reloaded")
        self.assertFalse(self.a.pings("10.9.0.1"))
        self.assertIn(" 0% packet loss", pinging.communicate(timeout=hosts.PATIENCE)[0])

    def test_both_ends_give_up_root(self):
        self.dir.chmod(0o755)
        self.write("alice.cap, bob.cap")
        user = pwd.getpwnam("nobody")
        for name in ("site.key", "staff.key", "alice.cap", "bob.cap"):
            os.chown(self.path(name), user.pw_uid, user.pw_gid)
        service = self.command(self.m, "--serve", self.path("serve.yaml"), "--user", "nobody")
        service.expect("may connect")
        alice = self.client(self.a, "alice.cap", "192.0.2.17", "--route-all", "--user", "nobody")
        alice.address()
        bob = self.client(self.b, "bob.cap", "192.0.2.33", "--user", "nobody")
        bob.address()
        self.a.reaches("10.9.0.1")
        self.b.reaches("10.9.0.1")
        for c in (service, alice, bob):
            status = pathlib.Path(f"/proc/{c.process.pid}/status").read_text()
            self.assertIn(f"Uid:\t{user.pw_uid}\t", status)
            self.assertIn("Seccomp:\t2", status)
        self.write("bob.cap")
        service.process.send_signal(signal.SIGHUP)
        service.expect("reloaded")
        self.assertFalse(self.a.pings("10.9.0.1"))
        self.b.reaches("10.9.0.1")
        for c in (alice, bob, service):
            self.assertEqual(c.stop(), 0, c.said())
        self.assertNotIn("sluice0", self.a.run("ip", "route").stdout)

    def test_an_address_survives_a_restart_of_the_service(self):
        self.write("alice.cap, bob.cap")
        service = self.serve()
        alice = self.client(self.a, "alice.cap", "192.0.2.17")
        before = alice.address()
        self.assertEqual(alice.stop(), 0)
        self.assertEqual(service.stop(), 0)
        self.serve()
        self.assertEqual(self.client(self.a, "alice.cap", "192.0.2.17").address(), before)

    def test_a_client_that_moves_stays_connected(self):
        self.write("alice.cap")
        self.serve()
        self.client(self.a, "alice.cap", "192.0.2.17").address()
        self.a.reaches("10.9.0.1")
        self.a.ip("address", "del", "192.0.2.18/28", "dev", "eth")
        self.a.ip("address", "add", "192.0.2.25/28", "dev", "eth")
        self.a.reaches("10.9.0.1")

    # ---- what is silent

    def test_strangers_get_no_answer(self):
        self.write("alice.cap", f"{{cap: carol.cap, key: {self.public_of('carol.key')}}}")
        self.serve()
        key, psk, _ = capability_peer.parse(self.path("alice.cap").read_text())
        staff, staff_psk, _ = capability_peer.parse(self.path("carol.cap").read_text())
        alice = capability_peer.Client(key, psk, "NK")
        carol_key = base64.b64decode(self.path("carol.key").read_text())
        carol = capability_peer.Client(staff, staff_psk, "XK", carol_key)
        silent = [bytes(n) for n in (0, 1, 4, 92, 115, 116, 117, 148, 220, 1400)]
        silent += [os.urandom(n) for n in (32, 92, 116, 148)]
        for pattern in ("NK", "XK"):
            for k, p in ((key, os.urandom(32)), (os.urandom(32), psk), (staff, psk)):
                stranger = capability_peer.Client(k, p, pattern, os.urandom(32))
                silent.append(stranger.initiation())
        good = alice.initiation()
        silent += [good[:n] for n in (0, 8, 68, 115)] + [good + b"\0"]
        silent += [good[:i] + bytes([good[i] ^ 1]) + good[i + 1:] for i in range(0, 100, 3)]
        asker = Asker(self.a, "192.0.2.17")
        self.addCleanup(asker.close)
        for message in silent:
            asker.send(message)
        asker.send(good)
        lease = alice.finish(asker.read())
        self.assertIsNotNone(lease)
        self.assertEqual(capability_peer.read_lease(lease)["networks"],
                         ["203.0.113.0/24", "0.0.0.0/0"])
        asker.send(good)  # a replay
        asker.send(carol.initiation())
        self.assertIsNotNone(carol.finish(asker.read()))
        self.assertEqual(asker.read("left"), b"")


if __name__ == "__main__":
    hosts.Case.binary = os.path.abspath(sys.argv.pop(1))
    hosts.skip_unless_possible()
    unittest.main(verbosity=2)
