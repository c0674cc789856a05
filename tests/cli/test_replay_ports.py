"""sluice replay to kernel interfaces, in a network namespace of its own."""

import os
import shutil
import subprocess
import sys

import sluice

SKIPPED = 77  # what meson takes for a skipped test


class Ports(sluice.Case):
    def setUp(self):
        super().setUp()
        self.ns = f"sluice-{os.getpid()}"
        self.ip("netns", "add", self.ns)
        self.addCleanup(self.ip, "netns", "del", self.ns)
        # no neighbour discovery among the packets counted
        self.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
        self.frames = [sluice.frame(size=60 + i) for i in range(500)]
        self.pcap = self.capture("in.pcap", self.frames)

    def ip(self, *args):
        subprocess.run(["ip", *args], check=True, timeout=sluice.TIMEOUT)

    def inside(self, *args):
        done = subprocess.run(["ip", "netns", "exec", self.ns, *map(str, args)], check=False,
                              capture_output=True, text=True, timeout=sluice.TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def counted(self, interface, counter):
        return int(self.inside("cat", f"/sys/class/net/{interface}/statistics/{counter}"))

    def replay(self, to):
        text = self.inside(sluice.BINARY, "replay", self.pcap, "--json", "--to", to)
        report = self.report(text)
        self.assertEqual(report["packets_out"], 500)
        self.assertEqual(report["bytes_out"], sum(map(len, self.frames)))

    def test_an_interface_sends_every_packet(self):
        self.ip("-n", self.ns, "link", "add", "a0", "type", "veth", "peer", "name", "a1")
        for name in ("a0", "a1"):
            self.ip("-n", self.ns, "link", "set", name, "up")
        for to in ("a0", "net_af_packet0,iface=a0"):
            before = self.counted("a1", "rx_packets")
            self.replay(to)
            self.assertEqual(self.counted("a1", "rx_packets") - before, 500)

    def test_a_tap_hands_every_packet_to_the_kernel(self):
        self.ip("-n", self.ns, "tuntap", "add", "dev", "t0", "mode", "tap")
        self.replay("tap:t0")
        self.assertEqual(self.counted("t0", "rx_packets"), 500)


if os.geteuid() != 0 or not shutil.which("ip"):
    print("needs root and ip")
    sys.exit(SKIPPED)
sluice.main()
