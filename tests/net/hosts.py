"""Network namespaces for tests: kernel hosts, and a Sluice between them.

A host is a namespace of its own; all are gone when the test ends. Kernel hosts leave checksums
unfinished on a veth, because they take it for a device that finishes them. Sluice has no offload
and passes frames on as they are, so a host's end of a veth has transmit checksumming turned off:
that is what an operator does too, with a host on the same machine. Hosts behind a wire do not
need it.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SKIPPED = 77  # exit status
PATIENCE = 60  # seconds; generous, sanitizers are slow


def skip_unless_possible():
    """End the test program where namespaces cannot be made."""
    if os.geteuid() != 0:
        print("skipped: network namespaces need root")
        sys.exit(SKIPPED)
    for tool in ("ip", "ethtool", "ping"):
        if not shutil.which(tool):
            print(f"skipped: there is no {tool}")
            sys.exit(SKIPPED)
    name = f"sl{os.getpid()}probe"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        print("skipped: this system lets nobody make network namespaces")
        sys.exit(SKIPPED)
    subprocess.run(["ip", "netns", "del", name], check=True)


def eventually(what, condition):
    """Wait until condition() is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"still not: {what}")
        time.sleep(0.05)


class Host:
    """A network namespace."""

    def __init__(self, name):
        self.name = f"sl{os.getpid()}{name}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.ip("link", "set", "lo", "up")
        # No neighbour discovery of its own: what is sent is what the test sends.
        self.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], check=True)

    def command(self, *args):
        return ["ip", "netns", "exec", self.name, *map(str, args)]

    def run(self, *args, check=True):
        return subprocess.run(self.command(*args), capture_output=True, text=True, check=check,
                              timeout=PATIENCE)

    def start(self, *args, **more):
        return subprocess.Popen(self.command(*args), stdin=subprocess.DEVNULL, text=True, **more)

    def ip(self, *args):
        subprocess.run(["ip", "-n", self.name, *map(str, args)], check=True)

    def has(self, interface):
        return self.run("ip", "link", "show", interface, check=False).returncode == 0

    def join(self, interface, other, other_interface):
        """Make a veth to another host, whose end belongs to Sluice: no address, no IPv6."""
        self.ip("link", "add", interface, "type", "veth", "peer", "name", other_interface,
                "netns", other.name)
        self.run("ethtool", "-K", interface, "tx", "off")
        other.run("sysctl", "-qw", f"net.ipv6.conf.{other_interface}.disable_ipv6=1")
        other.ip("link", "set", other_interface, "up")

    def send_singly(self, interface):
        """Datagrams of one length to one place pass a veth in one piece, where whoever looks takes
        them for one. Not those of this host."""
        self.run("ethtool", "-K", interface, "tx-udp-segmentation", "off")

    def address(self, interface, *addresses):
        for a in addresses:
            self.ip("address", "add", a, "dev", interface)
        self.ip("link", "set", interface, "up")

    def pings(self, address, *args):
        return self.run("ping", "-n", "-c", "1", "-W", "1", *args, address,
                        check=False).returncode == 0

    def reaches(self, address):
        """Wait until it does."""
        eventually(f"{address} answers", lambda: self.pings(address))


class Sluice:
    """`sluice run` in a host."""

    def __init__(self, binary, host, path, *options):
        self.path = path
        self.process = host.start(binary, "run", path, *options, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)

    def running(self):
        return self.process.poll() is None

    def stop(self):
        """End it as Ctrl-C does. Returns its exit status, report and complaints."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.communicate()


SEND = """
import socket, sys
s = socket.create_connection((sys.argv[1], 7000), timeout=60)
s.sendall(sys.stdin.buffer.read())
"""

RECEIVE = """
import hashlib, socket, sys
s = socket.create_server(("", 7000), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
s.settimeout(60)
c, h = s.accept()[0], hashlib.sha256()
c.settimeout(60)
while data := c.recv(65536):
    h.update(data)
print(h.hexdigest())
"""


def transfer(sender, receiver, address, data):
    """Send data over TCP. Returns the SHA-256 of what arrived."""
    to = receiver.start(sys.executable, "-c", RECEIVE, stdout=subprocess.PIPE)
    if to.stdout.readline() != "ready\n":
        raise AssertionError("the receiver does not start")
    subprocess.run(sender.command(sys.executable, "-c", SEND, address), input=data, check=True,
                   timeout=PATIENCE)
    return to.communicate(timeout=PATIENCE)[0].strip()


class Case(unittest.TestCase):
    """Hosts a and b, and the host m in the middle where Sluice is."""

    binary = ""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sluice-net-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.a, self.m, self.b = self.host("a"), self.host("m"), self.host("b")

    def host(self, name):
        h = Host(name)
        self.addCleanup(h.close)
        return h

    def make_key(self, name):
        """A private key in the file NAME.key. Returns its path and its public key."""
        path = self.dir / f"{name}.key"
        path.touch(0o600)
        path.write_text(self.key("new"))
        return path, self.key("public", path)

    def key(self, *args):
        """What `sluice key` says."""
        return subprocess.run([self.binary, "key", *map(str, args)], capture_output=True,
                              text=True, check=True, timeout=PATIENCE).stdout.strip()

    def assert_accounted(self, report):
        """Every packet is somewhere."""
        n = [int(x) for x in re.search(
            r"^accounts +(\d+) in = (\d+) out \+ (\d+) dropped \+ (\d+) held$",
            report.replace(",", ""), re.M).groups()]
        self.assertEqual(n[0], sum(n[1:]), report)

    def sluice(self, graph, host=None, *options):
        """Run a graph, in the middle unless told otherwise."""
        path = self.dir / f"graph{len(list(self.dir.iterdir()))}.yaml"
        path.write_text(graph)
        s = Sluice(self.binary, host or self.m, path, *options)
        self.addCleanup(s.kill)
        return s
