"""WireGuard devices in the hosts of a test: Sluice's, and wireguard-go's to compare with."""

import os
import pathlib
import shutil
import subprocess
import sys

import hosts

SOCKETS = pathlib.Path("/var/run/wireguard")


def skip_unless_possible():
    """End the test program where there are no namespaces, or no tools of WireGuard."""
    for tool in ("wg", "wg-quick", "wireguard-go"):
        if not shutil.which(tool):
            print(f"skipped: there is no {tool}")
            sys.exit(hosts.SKIPPED)
    if not os.path.exists("/dev/net/tun"):
        print("skipped: there is no /dev/net/tun")
        sys.exit(hosts.SKIPPED)
    hosts.skip_unless_possible()


def tool(*args, stdin=None, check=True):
    """Run a program to its end. Returns what it printed."""
    done = subprocess.run(list(map(str, args)), input=stdin, capture_output=True, text=True,
                          timeout=hosts.PATIENCE, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{args}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def public_of(private):
    return tool("wg", "pubkey", stdin=private)


class Device:
    """An interface in a host, made by `command` and set up by wg. Names of sockets are the
    system's, not the namespace's, so they bear the number of this process."""

    def __init__(self, case, host, letter, command):
        self.host, self.name = host, f"sl{os.getpid()}{letter}"
        self.socket = SOCKETS / f"{self.name}.sock"
        self.private = tool("wg", "genkey")
        self.key = public_of(self.private)
        self.process = host.start(*command, self.name, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL,
                                  env={**os.environ, "WG_PROCESS_FOREGROUND": "1"})
        case.addCleanup(self.kill)
        hosts.eventually("the device is there", lambda: self.answers() or not self.running())
        if not self.running():
            raise AssertionError(f"{command} has ended")

    def running(self):
        return self.process.poll() is None

    def kill(self):
        if self.running():
            self.process.terminate()
        self.process.communicate(timeout=hosts.PATIENCE)

    def answers(self):
        return self.socket.exists() and self.wg("show", self.name, "peers", check=False,
                                                status=True) == 0

    def wg(self, *args, check=True, status=False, **more):
        done = self.host.run("wg", *args, check=False, **more)
        if status:
            return done.returncode
        if check and done.returncode != 0:
            raise AssertionError(f"wg {args}: {done.stderr}")
        return done.stdout.strip()

    def set(self, *words):
        """wg set; keys are given as text, for which wg wants files."""
        self.wg("set", self.name, *words)

    def set_key(self, private):
        self.private, self.key = private, public_of(private)
        subprocess.run(["wg", "set", self.name, "private-key", "/dev/stdin"], input=private,
                       text=True, check=True, timeout=hosts.PATIENCE)

    def up(self, *addresses):
        for a in addresses:
            self.host.ip("address", "add", a, "dev", self.name)
        self.host.ip("link", "set", self.name, "up")

    def add(self, peer, allowed, *words, psk=None):
        """Know the other device as a peer."""
        psk_words = ["preshared-key", "/dev/stdin"] if psk else []
        subprocess.run(["wg", "set", self.name, "peer", peer.key, *psk_words, "allowed-ips",
                        allowed, *map(str, words)], input=psk, text=True, check=True,
                       timeout=hosts.PATIENCE)

    def show(self, what, key=None):
        """A field of `wg show`, of the peer with that key if it is one of peers."""
        text = self.wg("show", self.name, what)
        if key is None:
            return text
        for line in text.splitlines():
            if line.split("\t")[0] == key:
                return line.split("\t", 1)[1]
        return None

    def transfer(self, key):
        """Bytes received from a peer, and sent to it."""
        return tuple(int(n) for n in self.show("transfer", key).split("\t"))

    def port(self):
        return int(self.show("listen-port"))
