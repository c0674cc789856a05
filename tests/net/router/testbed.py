"""A router and what is around it, for tests that look at it from outside.

Each test gets a router of its own with the same ports, cables and neighbours; it sends frames
on one cable and sees what comes out of all of them. There is no guessing how long silence lasts:
behind what it sent, a test sends echo requests on every cable, twice, and when they have been
answered, so has everything before them.

When the test ends the router's accounts must balance, and what it dropped must be exactly what
the test said: each packet that did not come out has a name and a place.

With `linux` in place of the path of sluice, the kernel is the router, which tells whether the
expectations are any good; tests marked with unlike_linux say where it goes another way.
"""

import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import hosts  # noqa: E402
import wire  # noqa: E402

try:
    from scapy.config import conf
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import Ether
    conf.ipv6_enabled = True
except ImportError:
    print("skipped: there is no scapy (python3-scapy)")
    sys.exit(hosts.SKIPPED)

ECHO_ID = 0x51CE  # of our probes
PROBE = 250  # the host that sends them
GROUP = "01:00:5e:00:00:01"
BROADCAST = "ff:ff:ff:ff:ff:ff"


def checksum(data):
    """RFC 1071, the slow and plain way."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Port:
    """An interface of the router, and the network behind it."""

    def __init__(self, number, name, mtu):
        self.number, self.name, self.mtu = number, name, mtu
        self.mac = f"02:00:00:00:{number:02x}:01"
        self.ip = f"10.0.{number}.1"
        self.ip6 = f"fd00:{number}::1" if mtu >= 1280 else None
        self.host = self.station(2)
        self.host6 = self.station6(2)
        self.host_mac = self.station_mac(2)
        self.link_local = f"fe80::ff:fe00:{number:x}01"
        self.wire = None

    def station(self, n):
        return f"10.0.{self.number}.{n}"

    def station6(self, n):
        return f"fd00:{self.number}::{n:x}"

    def station_mac(self, n):
        return f"02:00:00:00:{self.number:02x}:{n:02x}"

    def addresses(self):
        return [f"{self.ip}/24"] + ([f"{self.ip6}/64"] if self.ip6 else [])

    def neighbours(self):
        """Those the router knows from the start."""
        known = [(self.station(n), self.station_mac(n)) for n in (2, 3, PROBE)]
        if self.ip6:
            known += [(self.station6(n), self.station_mac(n)) for n in (2, 3)]
        return known

    def frame(self, packet, dst=None, src=None):
        """A frame of the host, to the router unless told otherwise."""
        return Ether(src=src or self.host_mac, dst=dst or self.mac) / packet


class Sluice:
    """Sluice as the router under test."""

    def __init__(self, binary, namespace, path, text):
        self.path = path
        path.write_text(text)
        self.errors = open(path.with_suffix(".err"), "w+", encoding="utf-8")
        self.process = namespace.start(binary, "run", path, "--json", stdout=subprocess.PIPE,
                                       stderr=self.errors)

    def complaints(self):
        self.errors.seek(0)
        return self.errors.read()

    def check(self):
        if self.process.poll() is not None:
            raise AssertionError(f"sluice has ended: {self.complaints()}")

    def reload(self, text):
        """Have it read another file."""
        self.path.write_text(text)
        self.process.send_signal(signal.SIGHUP)
        hosts.eventually("it is read", lambda: self.check() or "reloaded" in self.complaints())

    def stop(self):
        """Returns the report."""
        if self.process.poll() is None:
            self.process.send_signal(2)
        out = self.process.communicate(timeout=hosts.PATIENCE)[0]
        if self.process.returncode:
            raise AssertionError(f"sluice ends with {self.process.returncode}: "
                                 f"{self.complaints()}{out[:2000]}")
        return json.loads(out)

    def rss_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.errors.close()


class Linux:
    """The kernel as the router under test."""

    SYSCTLS = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
               "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0",
               "net.ipv4.icmp_msgs_per_sec=100000", "net.ipv4.icmp_msgs_burst=100000",
               "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0")

    def __init__(self, case, namespace):
        batch = []
        namespace.run("sysctl", "-qw", *self.SYSCTLS)
        for p in case.ports.values():
            namespace.run("sysctl", "-qw", f"net.ipv4.conf.p{p.number}.rp_filter=0",
                          f"net.ipv6.conf.p{p.number}.disable_ipv6={int(not p.ip6)}")
            batch.append(f"link set p{p.number} mtu {p.mtu}")
            batch += [f"address add {a} dev p{p.number}" + " nodad" * (":" in a)
                      for a in p.addresses() + case.extra.get(p.name, [])]
            batch += [f"neigh add {ip} lladdr {mac} dev p{p.number} nud permanent"
                      for ip, mac in p.neighbours()]
        for prefix, hop in case.routes.items():
            via = hop if hop in ("blackhole", "prohibit", "unreachable") else ""
            batch.append(f"route add {via} {prefix}" + (f" via {hop}" if not via else ""))
        subprocess.run(["ip", "-n", namespace.name, "-batch", "-"], input="\n".join(batch),
                       text=True, check=True)
        hosts.eventually("its addresses are in use", lambda: all(
            p.ip6 in self.local(namespace) for p in case.ports.values() if p.ip6))

    @staticmethod
    def local(namespace):
        return namespace.run("ip", "-6", "route", "show", "table", "local").stdout.split()

    @staticmethod
    def chatter(frame):
        """Whether the kernel sent a frame unasked: router and address discovery."""
        return frame[12:14] == b"\x86\xdd" and (frame[54] == 133 or not any(frame[22:38]))

    def check(self):
        pass


def is_report(frame):
    """Whether it says who listens to which groups, by MLD of either version."""
    return frame[12:14] == b"\x86\xdd" and frame[20:21] == b"\0" and len(frame) > 62 and \
        frame[62] in (131, 132, 143)


def unlike_linux(why):
    """Of a test where the kernel does otherwise, and why that is no model."""
    return unittest.skipIf(Case.binary == "linux", f"Linux: {why}")


def only_sluice(what):
    """Of a test that asks for what only sluice run can say."""
    return unittest.skipIf(Case.binary == "linux", what)


class Case(unittest.TestCase):
    """A router with four ports; `thin` has no IPv6."""

    binary = ""
    mtus = {"lan": 1500, "wan": 1500, "mid": 1280, "thin": 576}
    routes = {
        "198.51.100.0/24": "10.0.2.2",
        "192.0.2.0/26": "blackhole",
        "192.0.2.64/26": "unreachable",
        "192.0.2.128/26": "prohibit",
        "2001:db8:2::/48": "fd00:2::2",
        "2001:db8:b::/48": "blackhole",
        "2001:db8:c::/48": "unreachable",
        "2001:db8:d::/48": "prohibit",
    }
    settings = {}  # under `router`
    extra = {}  # more addresses, by port
    maxDiff = 3000

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sluice-router-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.ports = {name: Port(k + 1, name, mtu)
                      for k, (name, mtu) in enumerate(self.mtus.items())}
        for name, port in self.ports.items():
            setattr(self, name, port)
        self.drops = {}
        self.any_drops = False
        self.got = {name: [] for name in self.ports}
        self.reports = {name: [] for name in self.ports}  # of listeners: said unasked, and again
        self.sequence = 0
        self.wire_up()
        self.start()

    def wire_up(self):
        """Two namespaces, the router's and the test's, and a cable for each port."""
        self.space, far = hosts.Host("r"), hosts.Host("f")
        self.addCleanup(far.close)
        self.addCleanup(self.space.close)
        batch = []
        for h in (self.space, far):
            h.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        for p in self.ports.values():
            batch += [f"link add p{p.number} address {p.mac} type veth peer name q{p.number} "
                      f"netns {far.name}", f"link set p{p.number} up"]
        subprocess.run(["ip", "-n", self.space.name, "-batch", "-"], input="\n".join(batch),
                       text=True, check=True)
        subprocess.run(["ip", "-n", far.name, "-batch", "-"], text=True, check=True,
                       input="\n".join(f"link set q{p.number} up" for p in self.ports.values()))
        for p in self.ports.values():
            p.wire = wire.Wire(far.name, f"q{p.number}")
            self.addCleanup(p.wire.close)

    def file(self):
        """What sluice is told."""
        lines = ["ports:"]
        lines += [f'  {p.name}: {{device: "net_af_xdp{p.number},iface=p{p.number}", '
                  f"mtu: {p.mtu}}}" for p in self.ports.values()]
        lines += ["addresses:"]
        lines += [f"  {p.name}: {p.addresses() + self.extra.get(p.name, [])}"
                  for p in self.ports.values()]
        lines += ["routes:"]
        lines += [f'  "{prefix}": {hop!r}' for prefix, hop in self.routes.items()]
        lines += ["neighbours:"]
        lines += [f'  "{ip}": "{mac}"' for p in self.ports.values() for ip, mac in p.neighbours()]
        lines += ["router:"] * bool(self.settings)
        lines += [f"  {key}: {value}" for key, value in self.settings.items()]
        return "\n".join(lines) + "\n"

    def start(self):
        if self.binary == "linux":
            self.router = Linux(self, self.space)
        else:
            self.router = Sluice(self.binary, self.space, self.dir / "router.yaml", self.file())
            self.addCleanup(self.router.kill)
        self.probe(list(self.ports.values()), again=0.05)
        self.settle()
        self.take()  # what it says unasked: that its addresses are there

    # ---- sending and seeing

    def probe(self, ports, again=5):
        """Have echo requests answered on all these ports, putting aside whatever else comes."""
        end = time.monotonic() + hosts.PATIENCE
        missing, due = {}, 0
        self.sequence += 1
        while not due or missing:
            if time.monotonic() >= due:
                self.router.check()
                for p in missing.values() if due else ports:
                    missing[p.name] = p
                    p.wire.send(self.echo_request(p))
                due = time.monotonic() + again
            if time.monotonic() > end:
                self.fail(f"no answer to an echo request on {', '.join(missing)}")
            wire.wait([p.wire for p in self.ports.values()], due - time.monotonic())
            self.collect(missing)

    def collect(self, missing=None):
        """Put what has come aside; forget the ports in `missing` that have answered a probe."""
        for p in self.ports.values():
            while frame := p.wire.receive():
                if frame[12:14] == b"\x08\0" and frame[23] == 1 and frame[34] == 0 and \
                        frame[38:40] == struct.pack("!H", ECHO_ID):
                    if missing and frame[40:42] == struct.pack("!H", self.sequence):
                        missing.pop(p.name, None)
                elif is_report(frame):
                    self.reports[p.name].append(frame)
                elif self.binary != "linux" or not Linux.chatter(frame):
                    self.got[p.name].append(frame)

    def echo_request(self, p):
        icmp = struct.pack("!BBHHH", 8, 0, 0, ECHO_ID, self.sequence)
        icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, self.sequence & 0xFFFF, 0, 64, 1, 0,
                         bytes([10, 0, p.number, PROBE]), bytes([10, 0, p.number, 1]))
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        mac = bytes.fromhex((p.mac + p.station_mac(PROBE)).replace(":", ""))
        return mac + b"\x08\0" + ip + icmp

    def settle(self):
        """Wait until the router has done all it does about what was sent."""
        for _ in range(2):
            self.probe(list(self.ports.values()))

    def take(self):
        """What has come, by port name; only ports where something has."""
        got = {name: [Ether(f) for f in frames] for name, frames in self.got.items() if frames}
        self.got = {name: [] for name in self.ports}
        return got

    def exchange(self, port, *packets):
        """Send IP packets or frames on a port. Returns what came out, by port name."""
        frames = [bytes(p if isinstance(p, (Ether, bytes)) else port.frame(p)) for p in packets]
        for n, f in enumerate(frames):
            port.wire.send(f)
            if n % 128 == 127:  # not faster than the router takes them
                self.probe([port])
        self.settle()
        return self.take()

    def until(self, condition, what, seconds=hosts.PATIENCE):
        """Wait until condition(frames so far, by port name) is true; they stay to be taken."""
        end = time.monotonic() + seconds
        while not condition({n: [Ether(f) for f in frames] for n, frames in self.got.items()}):
            if time.monotonic() > end:
                self.fail(f"still not: {what}")
            self.router.check()
            wire.wait([p.wire for p in self.ports.values()], 0.2)
            self.collect()

    # ---- what is expected

    def silence(self, port, *packets, **drops):
        """Nothing comes of these packets; they are dropped as app__reason=count."""
        self.assertEqual(self.summary(self.exchange(port, *packets)), {})
        self.dropped(**drops)

    def only(self, got, port, count=None):
        """What came out of this port, and nothing of another: a frame, or a list of `count`."""
        self.assertEqual({n: len(f) for n, f in got.items()}, {port.name: count or 1},
                         self.summary(got))
        return got[port.name] if count else got[port.name][0]

    def dropped(self, **drops):
        """What the router shall have dropped when the test ends: app__reason=count."""
        for key, n in drops.items():
            app, reason = key.split("__")
            name = f"{app.replace('_', '-')}: {reason}"
            self.drops[name] = self.drops.get(name, 0) + n

    @staticmethod
    def summary(got):
        return {name: [f.summary() for f in frames] for name, frames in got.items()}

    def tearDown(self):
        if self.binary == "linux" or not hasattr(self, "router"):
            return
        report = self.report = self.router.stop()
        self.assertTrue(report["balanced"], report)
        drops = {f"{d.get('app', d.get('link'))}: {d['reason']}": d["packets"]
                 for d in report["drops"]}
        if not self.any_drops:
            self.assertEqual(drops, self.drops)

    # ---- packets

    def forwarded(self, frame, packet, port, n=2):
        """The frame that leaves a port has the packet in it, its TTL one less, and nothing else
        has changed."""
        want = packet.copy()
        if IP in want and not isinstance(want, IPv6):
            want = IP(bytes(want))
            want.ttl -= 1
            del want.chksum
        else:
            want = IPv6(bytes(want))
            want.hlim -= 1
        self.assertEqual((frame.src, frame.dst), (port.mac, port.station_mac(n)))
        self.assertEqual(bytes(frame)[14:].hex(), bytes(want).hex())


def main():
    """Run the tests of the calling file."""
    hosts.skip_unless_possible()
    unittest.main(verbosity=2)


if len(sys.argv) > 1:
    Case.binary = sys.argv.pop(1)
    if Case.binary != "linux":
        Case.binary = os.path.abspath(Case.binary)
