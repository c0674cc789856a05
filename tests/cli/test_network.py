"""The network level of a file: what check, graph and run make of it."""

import shutil
import struct

import sluice

EXAMPLES = sluice.TOP / "examples"
PORTS = """\
ports:
  lan: {device: net_null0}
  wan: {device: net_null1, mtu: 1400}
addresses:
  lan: [10.0.0.1/24, "fd00:1::1/64"]
  wan: 192.0.2.1/24
routes:
  10.1.0.0/16: 10.0.0.2
"""

# What is added to that file, and the complaint, with its line and caret.
MISTAKES = [
    ("  10.2.0.0/16: 10.3.0.2\n",
     ":9:16: next hop 10.3.0.2 is not on any link: it is in no port's subnet\n"
     "  10.2.0.0/16: 10.3.0.2\n"
     "               ^\n"),
    ("  10.2.0.0/16: vpn\n",
     ":9:16: a next hop is an address or a port, and no port is named 'vpn'\n"
     "  10.2.0.0/16: vpn\n"
     "               ^\n"),
    ("  10.2.0.0/16: wam\n",
     ":9:16: a next hop is an address or a port, and no port is named 'wam'; did you mean 'wan'?\n"
     "  10.2.0.0/16: wam\n"
     "               ^\n"),
    ("  10.1.2.0/16: 10.0.0.3\n",
     ":9:3: 10.1.2.0/16 has bits set behind its prefix; did you mean '10.1.0.0/16'?\n"
     "  10.1.2.0/16: 10.0.0.3\n"
     "  ^\n"),
    ("neighbors: {}\n",
     ":9:1: unknown key 'neighbors'; did you mean 'neighbours'?\n"
     "neighbors: {}\n"
     "^\n"),
]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class Check(sluice.Case):
    def test_a_network_is_right(self):
        path = self.file("router.yaml", PORTS)
        self.assertRegex(self.succeeds("check", path).stdout, r": ok, \d+ apps, \d+ links\n$")

    def test_mistakes_have_a_line_and_a_caret(self):
        for more, complaint in MISTAKES:
            with self.subTest(more=more):
                path = self.file("router.yaml", PORTS + more)
                self.assertTrue(self.fails(1, complaint, "check", path).stderr.startswith(
                    f"{path}{complaint}"))

    def test_overlaps_and_small_mtus_are_mistakes(self):
        path = self.file("r.yaml", PORTS.replace("192.0.2.1/24", "10.0.0.7/16"))
        self.fails(1, "r.yaml:6:8: the subnet of 10.0.0.7/16 on port 'wan' overlaps that of "
                   "10.0.0.1/24 on port 'lan', on line 5", "check", path)
        path = self.file("r.yaml", PORTS.replace("1400", "1200").replace("wan: 192.0.2.1/24",
                                                                         "wan: fd00:2::1/64"))
        self.fails(1, "r.yaml:3:33: the MTU of port 'wan', 1200, is too small for IPv6",
                   "check", path)

    def test_what_apps_say_is_said_of_the_line(self):
        path = self.file("r.yaml", PORTS + "router: {icmp-rate: fast}\n")
        self.fails(1, "r.yaml:9:21: 'rate' of app 'icmp-error': 'fast' is not", "check", path)

    def test_examples_are_right(self):
        for path in EXAMPLES.glob("rout*.yaml"):
            with self.subTest(path=path):
                self.succeeds("check", path)


class Graph(sluice.Case):
    def test_it_shows_what_the_network_became(self):
        path = self.file("router.yaml", PORTS)
        dot = self.succeeds("graph", path).stdout
        self.assertIn('"lan-in" -> "ipv4-input"', dot)
        self.assertIn("routes: [10.1.0.0/16 via 10.0.0.2 dev lan]", dot)

    def test_yaml_is_a_file_of_the_same_graph(self):
        path = self.file("router.yaml", PORTS)
        text = self.succeeds("graph", path, "--yaml").stdout
        self.assertIn("  - ipv4-input -> ipv4-route.in\n", text)
        again = self.file("graph.yaml", text)
        self.assertEqual(self.succeeds("graph", again, "--yaml").stdout, text)
        self.assertEqual(self.succeeds("graph", again).stdout,
                         self.succeeds("graph", path).stdout)


class Route(sluice.Case):
    """examples/route.yaml, which ./dev demo shows."""

    def setUp(self):
        super().setUp()
        for path in (EXAMPLES / "route.yaml", sluice.TOP / "bench/captures/mixed.pcap"):
            shutil.copy(path, self.dir)

    def test_a_capture_is_routed_between_two_networks(self):
        report = self.report(self.succeeds("run", self.dir / "route.yaml", "--json").stdout)
        self.assertEqual(report["packets_held"], 0)
        apps = {a["name"]: a for a in report["apps"]}
        self.assertEqual(apps["from"]["in"], 776)
        self.assertEqual(apps["icmp-error"]["drops"]["ttl_exceeded"], 4)
        self.assertEqual(apps["icmp-error"]["drops"]["too_big"], 6)
        frames = sluice.read_pcap(self.dir / "client.pcap")
        ours = [f[14:] for f in frames if f[6:12] == bytes([2, 0, 0, 0, 0, 1])
                and f[12:14] == b"\x08\x00" and f[22] == 64 and f[23] == 1]
        # time exceeded, twice; fragmentation needed; network and host unreachable
        self.assertEqual(sorted((p[20], p[21]) for p in ours),
                         [(3, 0), (3, 1), (3, 4), (11, 0), (11, 0)])
        for packet in ours:
            self.assertEqual(checksum(packet[:20]), 0xFFFF)
            self.assertEqual(checksum(packet[20:]), 0xFFFF)
            self.assertLessEqual(len(packet), 576)

    def test_what_is_routed_lost_one_from_its_ttl(self):
        self.succeeds("run", self.dir / "route.yaml")
        ttls = {f[22] for f in sluice.read_pcap(self.dir / "servers.pcap")
                if f[12:14] == b"\x08\x00" and f[23] == 6}
        self.assertEqual(ttls, {63})
        self.assertTrue(all(len(f) <= 1414
                            for f in sluice.read_pcap(self.dir / "servers.pcap")))


sluice.main()
