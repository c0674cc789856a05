"""A tunnel between two hosts, through the sockets and TUN interfaces of their kernels.

At each end is Sluice, or wireguard-go, which knows nothing of it.
"""

import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import unittest

import hosts

PORT = 51820
MEGABYTES = 4

GRAPH = """\
apps:
  tun: {{tun: {{name: {name}, mtu: 1420, addresses: [{addresses}]}}}}
  data: tunnel-data
  shake: {{tunnel-handshake: {{key: {key}, peers: ["{peer}"]}}}}
  udp: {{udp: {port}}}
  inner: join
  outer: join
  way: {way}
links:
  - tun -> data.inner
  - data.inner4 -> inner -> tun
  - data.inner6 -> inner
  - data.outer4 -> outer -> way -> udp
  - data.outer6 -> outer
  - shake.outer4 -> outer
  - shake.outer6 -> outer
  - udp -> data.outer
  - data.handshake -> shake.handshake
  - data.events -> shake.events
  - shake.commands -> data.commands
"""


class End:
    """One end of the tunnel: a host with addresses outside and inside, and a key."""

    def __init__(self, case, host, number):
        self.case, self.host, self.number = case, host, number
        self.name = f"sl{os.getpid()}t{number}"
        self.outer = {4: f"192.0.2.{number}", 6: f"[2001:db8::{number}]"}
        self.inner = {4: f"10.9.0.{number}", 6: f"fd09::{number}"}
        self.key, self.public = case.make_key(number)
        self.sluice = None
        self.way = "counter"  # what this end sends goes through it

    def addresses(self):
        return f"{self.inner[4]}/24", f"{self.inner[6]}/64"

    def start_sluice(self, other, family):
        """Run Sluice, which knows where the other end is if there is a family."""
        where = f"endpoint={other.outer[family]}:{PORT} " if family else ""
        peer = (f"{other.public} psk={self.case.psk} {where}"
                f"allowed={other.inner[4]}/32,{other.inner[6]}/128")
        addresses = ", ".join(f'"{a}"' for a in self.addresses())
        self.sluice = self.case.sluice(GRAPH.format(
            name=self.name, addresses=addresses, key=self.key, peer=peer, port=PORT,
            way=self.way), self.host)
        hosts.eventually(f"{self.name} is there",
                         lambda: self.host.has(self.name) or not self.sluice.running())
        self.case.assertTrue(self.sluice.running(), "sluice has ended")

    def start_wireguard(self, other, family):
        """The same by wireguard-go."""
        socket = pathlib.Path(f"/var/run/wireguard/{self.name}.sock")
        process = self.host.start("wireguard-go", "-f", self.name, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.case.addCleanup(process.wait)
        self.case.addCleanup(process.terminate)
        hosts.eventually("wireguard-go listens", socket.exists)
        self.host.run("wg", "set", self.name, "private-key", self.key, "listen-port", PORT,
                      "peer", other.public, "preshared-key", self.case.psk,
                      *(["endpoint", f"{other.outer[family]}:{PORT}"] if family else []),
                      "allowed-ips", f"{other.inner[4]}/32,{other.inner[6]}/128")
        self.host.address(self.name, *self.addresses())

    def end(self):
        """Stop Sluice: every packet must be accounted for."""
        status, report, complaints = self.sluice.stop()
        self.case.assertEqual(status, 0, complaints)
        self.case.assert_accounted(report)
        return report


class Tunnel(hosts.Case):
    """Two hosts on one link."""

    def setUp(self):
        super().setUp()
        self.a.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0",
                  "netns", self.b.name)
        self.psk, _ = self.make_key("psk")
        self.left, self.right = End(self, self.a, 1), End(self, self.b, 2)
        for end in (self.left, self.right):
            end.host.address("eth0", f"192.0.2.{end.number}/24", f"2001:db8::{end.number}/64")

    def pings(self):
        for family in (4, 6):
            hosts.eventually(f"the ends reach each other by IPv{family}",
                             lambda f=family: self.a.pings(self.right.inner[f]))
            for _ in range(10):
                self.assertTrue(self.a.pings(self.right.inner[family], "-W", "10"))
                self.assertTrue(self.b.pings(self.left.inner[family], "-W", "10"))

    def talk(self):
        """What the ends send each other arrives as it was."""
        self.pings()
        data = os.urandom(MEGABYTES << 20)
        digest = hashlib.sha256(data).hexdigest()
        for family in (4, 6):
            there, back = self.right.inner[family], self.left.inner[family]
            self.assertEqual(hosts.transfer(self.a, self.b, there, data), digest)
            self.assertEqual(hosts.transfer(self.b, self.a, back, data), digest)


class TunnelSockets(Tunnel):
    def test_sluice_at_both_ends_over_ipv4(self):
        self.left.start_sluice(self.right, 4)
        self.right.start_sluice(self.left, None)
        self.talk()
        self.left.end()
        self.right.end()

    def test_sluice_at_both_ends_over_ipv6(self):
        self.left.start_sluice(self.right, 6)
        self.right.start_sluice(self.left, 6)
        self.talk()
        self.left.end()
        self.right.end()

    def test_another_port_under_traffic(self):
        self.left.start_sluice(self.right, 4)
        self.right.start_sluice(self.left, None)
        self.pings()
        path = self.left.sluice.path
        path.write_text(path.read_text().replace(f"udp: {PORT}", "udp: 0"))
        self.left.sluice.process.send_signal(signal.SIGHUP)
        # What comes to the old port now is lost, until the other end hears from the new one.
        hosts.eventually("the port is another",
                         lambda: f":{PORT} " not in self.a.run("ss", "-Hlun").stdout)
        self.talk()
        port = re.search(r"^ +udp +port +([\d,]+)$", self.left.end(), re.M)[1]
        self.assertNotEqual(port.replace(",", ""), str(PORT))
        self.right.end()

    def impaired(self, way, size, back=True):
        """TCP gets its bytes through, whatever becomes of packets there, and on the way back."""
        self.left.way = f"{{impair: {{{way}}}}}"
        self.right.way = self.left.way if back else "counter"
        self.left.start_sluice(self.right, 4)
        self.right.start_sluice(self.left, 4)
        hosts.eventually("the ends reach each other",
                         lambda: self.a.pings(self.right.inner[4]))
        data = os.urandom(size)
        digest = hashlib.sha256(data).hexdigest()
        self.assertEqual(hosts.transfer(self.a, self.b, self.right.inner[4], data), digest)
        self.left.end()
        return self.right.end()

    def dropped(self, report, reason):
        found = re.search(rf"^ +([\d,]+) +by {reason}$", report, re.M)
        return int(found[1].replace(",", "")) if found else 0

    def test_tcp_survives_loss(self):
        for loss, size in ("1%", 1 << 20), ("10%", 1 << 17), ("30%", 1 << 13):
            with self.subTest(loss):  # of 30% both ways, TCP's own timers would make minutes
                self.impaired(f"loss: {loss}", size, back=loss != "30%")

    def test_tcp_survives_copies_which_go_no_further(self):
        for share in "1%", "30%":
            with self.subTest(share):
                report = self.impaired(f"duplicate: {share}", 1 << 20)
                self.assertGreater(self.dropped(report, "data: replay"), 0)

    def test_tcp_survives_another_order(self):
        for share in "1%", "30%":
            with self.subTest(share):
                self.impaired(f"reorder: {share}, delay: 2ms, jitter: 1ms", 1 << 20)

    def test_tcp_survives_flipped_bits_which_go_no_further(self):
        for share in "1%", "10%":
            with self.subTest(share):
                self.impaired(f"corrupt: {share}", 1 << 17)

    def test_tcp_survives_all_of_it_at_once(self):
        self.impaired("loss: 10%, duplicate: 10%, reorder: 10%, corrupt: 1%, delay: 2ms, jitter: 1ms",
                      1 << 16)

    def wireguard(self):
        for tool in ("wireguard-go", "wg"):
            if not shutil.which(tool):
                self.skipTest(f"there is no {tool}")

    def test_wireguard_go_answers(self):
        self.wireguard()
        self.right.start_wireguard(self.left, None)
        self.left.start_sluice(self.right, 4)
        self.talk()
        self.left.end()

    def test_wireguard_go_asks(self):
        self.wireguard()
        self.left.start_sluice(self.right, None)
        self.right.start_wireguard(self.left, 6)
        hosts.eventually("the tunnel is up", lambda: self.b.pings(self.left.inner[4]))
        self.talk()
        self.left.end()


if __name__ == "__main__":
    hosts.Case.binary = os.path.abspath(sys.argv.pop(1))
    hosts.skip_unless_possible()
    unittest.main(verbosity=2)
