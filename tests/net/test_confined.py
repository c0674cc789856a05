"""With --user, a router goes on without root."""

import hashlib
import os
import pathlib
import pwd
import signal
import sys
import unittest

import hosts

USER = "nobody"
KEPT = 1 << 10 | 1 << 12 | 1 << 13  # CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW
PORTS = """
ports:
  lan: {device: "net_af_packet0,iface=p0", tap: lan0}
  wan: {device: "net_af_xdp0,iface=p1"}
%s
addresses:
  lan: 10.7.1.1/24
  wan: 10.7.2.1/24
"""
MORE = '  new: {device: "net_af_packet1,iface=p2", tap: new0}'


def threads(pid):
    """What the kernel says of each thread."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        yield dict(line.split(":\t", 1) for line in lines if ":\t" in line)


class Confined(hosts.Case):
    def setUp(self):
        super().setUp()
        self.dir.chmod(0o755)
        for number, host in enumerate((self.a, self.b)):
            host.join("eth0", self.m, f"p{number}")
            host.address("eth0", f"10.7.{number + 1}.2/24")
            host.ip("route", "add", "default", "via", f"10.7.{number + 1}.1")

    def assert_confined(self, pid):
        """Wait until every thread is."""
        user = pwd.getpwnam(USER)
        hosts.eventually("confined", lambda: all(t["Seccomp"] == "2" for t in threads(pid)))
        seen = list(threads(pid))
        self.assertIn("sluice-worker", [t["Name"] for t in seen])
        for t in seen:
            self.assertEqual(set(t["Uid"].split()), {str(user.pw_uid)}, t["Name"])
            self.assertEqual(set(t["Gid"].split()), {str(user.pw_gid)}, t["Name"])
            self.assertEqual(t["NoNewPrivs"], "1", t["Name"])
            wanted = KEPT if t["Pid"] == str(pid) else 0
            self.assertEqual(int(t["CapPrm"], 16), wanted, t["Name"])
            self.assertEqual(int(t["CapEff"], 16), wanted, t["Name"])

    def reload(self, s, text, said):
        s.path.write_text(text)
        s.process.send_signal(signal.SIGHUP)
        self.assertIn(said, s.process.stderr.readline())

    def test_a_router_does_all_it_did(self):
        s = self.sluice(PORTS % "", None, "--user", USER)
        self.a.reaches("10.7.2.2")
        self.assert_confined(s.process.pid)
        data = os.urandom(1 << 20)
        for receiver, address in (self.b, "10.7.2.2"), (self.m, "10.7.1.1"):
            self.assertEqual(hosts.transfer(self.a, receiver, address, data),
                             hashlib.sha256(data).hexdigest())
        # a port comes and goes, and a host on it is reached
        c = self.host("c")
        c.join("eth0", self.m, "p2")
        c.address("eth0", "10.7.3.2/24")
        more = PORTS % MORE + "  new: 10.7.3.1/24\n"
        self.reload(s, more, "reloaded")
        c.reaches("10.7.3.1")
        self.reload(s, PORTS % "", "reloaded")
        self.assertFalse(self.m.has("new0"))
        self.a.reaches("10.7.2.2")
        # what the user may not read is not read
        s.path.chmod(0o600)
        s.process.send_signal(signal.SIGHUP)
        self.assertIn("Permission denied", s.process.stderr.readline())
        self.assertTrue(self.a.pings("10.7.2.2"))
        status, report, complaints = s.stop()
        self.assertEqual(status, 0, complaints)
        self.assert_accounted(report)
        self.assertFalse(self.m.has("lan0"))



if __name__ == "__main__":
    hosts.skip_unless_possible()
    hosts.Case.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main()
