"""sluice wg as a process: how it begins and ends, wg-quick, and files of wg-quick."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest

import hosts
import wireguard

# wg-quick asks for the kernel's own device first. What it finds here has none.
IP = """#!/bin/sh
case "$*" in *"type wireguard"*) echo "Error: Unknown device type." >&2; exit 2 ;; esac
exec %s "$@"
"""


class Life(hosts.Case):
    alias = ""

    def setUp(self):
        super().setUp()
        self.name = f"sl{os.getpid()}w"
        self.socket = wireguard.SOCKETS / f"{self.name}.sock"
        self.addCleanup(self.end_all)

    def pids(self, host=None):
        return [int(p) for p in subprocess.run(
            ["ip", "netns", "pids", (host or self.a).name], capture_output=True, text=True,
            check=True).stdout.split()]

    def end_all(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        self.socket.unlink(missing_ok=True)

    def call(self, *args, status=0, **more):
        """Run the command until it returns. Returns what it complained."""
        with open(self.dir / "err", "w+") as err:  # a child in the background keeps a pipe open
            done = subprocess.run(self.a.command(self.alias, *args), stdin=subprocess.DEVNULL,
                                  stdout=err, stderr=err, check=False, timeout=hosts.PATIENCE,
                                  **more)
            err.seek(0)
            said = err.read()
        self.assertEqual(done.returncode, status, said)
        return said

    def is_gone(self):
        hosts.eventually("it has ended", lambda: not self.pids())
        self.assertFalse(self.a.has(self.name))
        self.assertFalse(self.socket.exists())


class Beginnings(Life):
    def test_it_returns_when_the_interface_is_there(self):
        self.assertEqual(self.call(self.name), "")
        self.assertTrue(self.a.has(self.name))
        self.assertEqual(self.socket.stat().st_mode & 0o077, 0)
        self.assertEqual(len(self.pids()), 1)
        self.assertIn("listening port", wireguard.tool("wg", "show", self.name))
        folder = pathlib.Path(f"/proc/{self.pids()[0]}")
        self.assertEqual(os.readlink(folder / "fd/2"), "/dev/null")
        self.assertEqual(os.readlink(folder / "cwd"), "/")

    def test_it_stays_in_the_foreground_where_told(self):
        for args, more in ((["-f", self.name], {}),
                           ([self.name], {"env": {**os.environ, "WG_PROCESS_FOREGROUND": "1"}})):
            with self.subTest(args=args):
                process = self.a.start(self.alias, *args, stderr=subprocess.PIPE, **more)
                hosts.eventually("the socket is there", self.socket.exists)
                self.assertIsNone(process.poll())
                process.terminate()
                self.assertEqual(process.communicate(timeout=hosts.PATIENCE)[1], "")
                self.assertEqual(process.returncode, 0)
                self.is_gone()

    def test_several_run_at_once(self):
        other = self.name[:-1] + "x"
        self.call(self.name)
        self.call(other)
        names = wireguard.tool("wg", "show", "interfaces").split()
        self.assertIn(self.name, names)
        self.assertIn(other, names)
        for pid in self.pids():
            os.kill(pid, signal.SIGTERM)
        self.is_gone()

    def test_mistakes_are_named(self):
        for name, said in (("a-name-that-is-too-long", "has at most 15 characters"),
                           ("a/b", "'a/b' is no name for an interface"),
                           ("a b", "'a b' is no name for an interface"),
                           ("lo", "lo: is there already and is no TUN interface")):
            self.assertIn(said, self.call(name, status=1))
        self.assertIn("which interface?", self.call(status=2))
        self.assertIn("unknown option", self.call("--fore", status=2))
        self.assertIn("nowhere.conf: No such file", self.call("-c", "nowhere.conf", status=1))

    def test_it_needs_a_privilege(self):
        done = self.a.run("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
                          self.alias, self.name, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("needs CAP_NET_ADMIN", done.stderr)

    def test_a_stale_socket_is_replaced_and_a_live_one_is_not(self):
        wireguard.SOCKETS.mkdir(mode=0o700, exist_ok=True)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(self.socket))
            other.listen()
            self.assertIn("another program answers there", self.call(self.name, status=1))
            self.assertTrue(self.socket.exists())
            self.assertFalse(self.a.has(self.name))
        self.call(self.name)
        self.assertIn("listening port", wireguard.tool("wg", "show", self.name))
        self.assertIn("another program has it open", self.call(self.name, status=1))
        self.assertIn("listening port", wireguard.tool("wg", "show", self.name))


class Endings(Life):
    def setUp(self):
        super().setUp()
        self.call(self.name)

    def test_signals_end_it(self):
        os.kill(self.pids()[0], signal.SIGINT)
        self.is_gone()

    def test_it_ends_with_its_interface(self):
        self.a.ip("link", "del", self.name)
        self.is_gone()

    def test_it_can_be_made_anew_at_once(self):
        for _ in range(3):
            wireguard.tool("wg", "set", self.name, "listen-port", "51844")
            self.a.ip("link", "del", self.name)
            self.call(self.name)
            self.assertNotEqual(wireguard.tool("wg", "show", self.name, "listen-port"), "51844")

    def test_it_ends_with_its_socket(self):
        self.socket.unlink()
        self.is_gone()

    def test_it_goes_on_where_the_interface_has_moved(self):
        self.a.ip("link", "set", self.name, "netns", self.b.name)
        self.assertIn("listening port", wireguard.tool("wg", "show", self.name))
        time.sleep(2)
        self.assertEqual(len(self.pids()), 1)

    def test_a_hangup_is_nothing_without_a_file(self):
        os.kill(self.pids()[0], signal.SIGHUP)
        self.assertIn("listening port", wireguard.tool("wg", "show", self.name))

    def test_it_sleeps_while_nothing_comes(self):
        pid = self.pids()[0]

        def ticks():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
            return int(fields[11]) + int(fields[12])
        before = ticks()
        time.sleep(3)
        # it takes 1% or less; this tells it from one that is busy
        self.assertLess(ticks() - before, 3 * os.sysconf("SC_CLK_TCK") // 4)


class Files(Life):
    """Host a serves b, whose device is wireguard-go."""

    def setUp(self):
        super().setUp()
        self.a.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns",
                  self.b.name)
        self.a.address("eth0", "192.0.2.1/24")
        self.b.address("eth0", "192.0.2.2/24")
        self.peer = wireguard.Device(self, self.b, "b", ["wireguard-go"])
        self.peer.set_key(self.peer.private)
        self.peer.up("10.9.0.2/24")
        self.private = wireguard.tool("wg", "genkey")
        self.peer.set("peer", wireguard.public_of(self.private), "allowed-ips", "10.9.0.1/32")

    def text(self, interface="", peer=""):
        return (f"[Interface]\nPrivateKey = {self.private}\nAddress = 10.9.0.1/24, fd09::1/64\n"
                f"{interface}\n[Peer]\nPublicKey = {self.peer.key}\nAllowedIPs = 10.9.0.2/32\n"
                f"Endpoint = 192.0.2.2:{self.peer.port()}\n{peer}\n")

    def file(self, text):
        path = self.dir / f"{self.name}.conf"
        path.touch(0o600)
        path.write_text(text)
        return path

    def reaches(self):
        hosts.eventually("the other end answers", lambda: self.a.pings("10.9.0.2"))

    def test_a_file_is_all_it_takes(self):
        path = self.file(self.text("ListenPort = 51840\nMTU = 1380\nFwMark = 7\nDNS = 192.0.2.9",
                                   "PersistentKeepalive = 25"))
        self.assertEqual(self.call("--config", path), f"sluice: {path}: DNS: not done here; "
                         "wg-quick does that\n")
        shown = self.a.run("ip", "address", "show", "dev", self.name).stdout
        self.assertIn("10.9.0.1/24", shown)
        self.assertIn("fd09::1/64", shown)
        self.assertIn("mtu 1380", shown)
        self.assertEqual(wireguard.tool("wg", "show", self.name, "listen-port"), "51840")
        self.assertEqual(wireguard.tool("wg", "show", self.name, "fwmark"), "0x7")
        self.reaches()

    def test_a_hangup_reads_the_file_again(self):
        path = self.file(self.text("ListenPort = 51841"))
        process = self.a.start(self.alias, "-f", "-c", path, stderr=subprocess.PIPE)
        self.reaches()
        handshake = wireguard.tool("wg", "show", self.name, "latest-handshakes")
        other = wireguard.public_of(wireguard.tool("wg", "genkey"))
        path.write_text(self.text("ListenPort = 51842\nAddress = 10.9.7.1/24") +
                        f"[Peer]\nPublicKey = {other}\n")
        process.send_signal(signal.SIGHUP)
        hosts.eventually("it is read", lambda: other in wireguard.tool("wg", "show", self.name))
        self.assertEqual(wireguard.tool("wg", "show", self.name, "listen-port"), "51842")
        self.assertIn("10.9.7.1", self.a.run("ip", "address", "show", "dev", self.name).stdout)
        self.assertIn(handshake, wireguard.tool("wg", "show", self.name, "latest-handshakes"))
        path.write_text(self.text("ListenPort = no"))
        process.send_signal(signal.SIGHUP)
        path.write_text(self.text())
        self.reaches()
        process.terminate()
        said = process.communicate(timeout=hosts.PATIENCE)[1]
        self.assertIn(f"{path}:4:14: a port is 0 to 65535", said)
        self.assertNotIn(self.private, said)

    def test_hosts_have_names(self):
        names = pathlib.Path("/etc/netns") / self.a.name
        names.mkdir(parents=True)
        self.addCleanup(lambda: [p.unlink() for p in names.iterdir()] and names.rmdir())
        (names / "hosts").write_text("192.0.2.2 the-other-end\n")
        path = self.file(self.text().replace("192.0.2.2:", "the-other-end:"))
        self.call("-c", path)
        self.reaches()
        os.kill(self.pids()[0], signal.SIGTERM)
        self.is_gone()
        path.write_text(self.text().replace("192.0.2.2:", "nowhere.invalid:"))
        self.assertRegex(self.call("-c", path, status=1), "Endpoint = nowhere.invalid:[0-9]+: ")

    def quick(self, *args):
        """wg-quick, which shall find no device of the kernel's."""
        tools = self.dir / "tools"
        if not tools.exists():
            tools.mkdir()
            ip = subprocess.run(["which", "ip"], capture_output=True, text=True, check=True)
            (tools / "ip").write_text(IP % ip.stdout.strip())
            (tools / "ip").chmod(0o755)
        path = f"{tools}:{os.path.dirname(self.alias)}:{os.environ['PATH']}"
        with open(self.dir / "quick", "w+") as out:
            done = subprocess.run(
                self.a.command("wg-quick", *args), stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, check=False, timeout=hosts.PATIENCE,
                env={**os.environ, "PATH": path,
                     "WG_QUICK_USERSPACE_IMPLEMENTATION": os.path.basename(self.alias)})
            out.seek(0)
            self.assertEqual(done.returncode, 0, out.read())

    @unittest.skipIf(os.path.exists("/sys/module/wireguard"), "wg-quick takes the kernel's")
    def test_wg_quick_brings_it_up_and_down(self):
        path = self.file(self.text("MTU = 1390\nListenPort = 51843\n"
                                   f"PostUp = touch {self.dir}/up\nPostDown = touch {self.dir}/down",
                                   "AllowedIPs = 10.77.0.0/16"))
        self.quick("up", path)
        self.assertTrue((self.dir / "up").exists())
        self.assertIn("mtu 1390", self.a.run("ip", "link", "show", "dev", self.name).stdout)
        self.assertIn("10.77.0.0/16 dev " + self.name, self.a.run("ip", "route", "show").stdout)
        self.reaches()
        self.quick("save", path)
        self.assertIn("ListenPort = 51843", path.read_text())
        self.quick("down", path)
        self.assertTrue((self.dir / "down").exists())
        self.is_gone()

    @unittest.skipIf(os.path.exists("/sys/module/wireguard"), "wg-quick takes the kernel's")
    def test_wg_quick_saves_the_addresses_that_it_gave(self):
        path = self.file(self.text("SaveConfig = true"))
        for _ in range(2):
            self.quick("up", path)
            self.reaches()
            self.quick("down", path)
            self.is_gone()
        addresses = [line for line in path.read_text().splitlines() if line.startswith("Address")]
        self.assertEqual(addresses, ["Address = 10.9.0.1/24", "Address = fd09::1/64"])

    @unittest.skipIf(os.path.exists("/sys/module/wireguard"), "wg-quick takes the kernel's")
    def test_wg_quick_takes_the_default_route(self):
        path = self.file(self.text().replace("10.9.0.2/32", "0.0.0.0/0"))
        self.quick("up", path)
        mark = int(wireguard.tool("wg", "show", self.name, "fwmark"), 16)
        self.assertIn(f"not from all fwmark {mark:#x} lookup {mark}",
                      self.a.run("ip", "rule", "show").stdout)
        self.reaches()
        self.quick("down", path)
        self.is_gone()


if __name__ == "__main__":
    wireguard.skip_unless_possible()
    Life.alias = os.path.abspath(sys.argv.pop(1))
    unittest.main()
