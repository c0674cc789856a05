"""sluice wg on a host whose clock is wrong: days behind or ahead, jumping while it runs, or earlier
after a restart than before; and on one that sleeps. The other end is wireguard-go, whose clock is
right."""

import os
import pathlib
import struct
import subprocess
import sys
import time
import unittest

import hosts
import test_capability_tunnels
import test_wg
import wireguard

DAY = 24 * 3600


class Wrong(test_wg.Wg):
    """There is a clock to be set."""

    lie = ""  # the library that makes clocks wrong

    def setUp(self):
        super().setUp()
        self.clock = self.dir / "clock"
        self.set_clock()

    def set_clock(self, wall=0, boot=0):
        """Seconds by which the clock is wrong."""
        with open(self.clock, "r+b" if self.clock.exists() else "wb") as f:
            f.write(struct.pack("qq", wall, boot))

    def by_the_clock(self, program):
        """The same program, by that clock."""
        path = self.dir / f"clocked-{os.path.basename(program)}"
        path.write_text(f"#!/bin/sh\nexec env LD_PRELOAD={self.lie} WRONG_CLOCK={self.clock} "
                        f'{program} "$@"\n')
        path.chmod(0o755)
        return path


class Clock(Wrong):
    """Device x is Sluice's, with a clock of its own, and y is wireguard-go."""

    def setUp(self):
        super().setUp()
        self.y = self.go(self.b, "b")
        self.x = self.begin_x()

    def begin_x(self):
        return self.device(self.a, "a", [self.by_the_clock(self.alias)])

    def restart_x(self):
        """With key and port that it had."""
        private, port = self.x.private, self.x.port()
        self.x.kill()
        self.x = self.begin_x()
        self.x.set("listen-port", port)
        self.x.set_key(private)
        self.x.up("10.9.0.1/24", "fd09:0::1/64")
        self.x.add(self.y, "10.9.0.2/32,fd09:0::2/128", "endpoint", f"192.0.2.2:{self.y.port()}")

    def end_session(self, device):
        """The next packet needs a new one: for a moment, the device has another key."""
        private = device.private
        device.set_key(wireguard.tool("wg", "genkey"))
        device.set_key(private)

    def handshake(self, device, peer):
        return int(device.show("latest-handshakes", peer.key))


class Initiator(Clock):
    def test_any_clock_will_do(self):
        for wrong in -DAY, DAY, 30 * 365 * DAY:
            with self.subTest(wrong=wrong):
                self.set_clock(wall=wrong)
                if wrong == -DAY:
                    self.join(self.x, self.y)
                self.end_session(self.x)
                self.reaches(self.a)
                self.assertAlmostEqual(self.handshake(self.x, self.y), time.time() + wrong,
                                       delta=hosts.PATIENCE)

    def test_it_may_jump_while_sessions_live(self):
        self.join(self.x, self.y)
        self.reaches(self.a)
        before = self.handshake(self.y, self.x)
        ping = self.a.start("ping", "-n", "-q", "-i", "0.02", "-c", "200", "10.9.0.2",
                            stdout=-1)
        for wrong in 2 * DAY, -2 * DAY, 3600, -365 * DAY, 0:
            self.set_clock(wall=wrong)
            time.sleep(0.5)
        self.assertIn(" 0% packet loss", ping.communicate(timeout=hosts.PATIENCE)[0])
        self.assertEqual(self.handshake(self.y, self.x), before)

    def test_sessions_begin_after_it_went_back(self):
        self.set_clock(wall=DAY)
        self.join(self.x, self.y)
        self.reaches(self.a)
        for wrong in 0, -DAY, -2 * DAY:
            with self.subTest(wrong=wrong):
                self.set_clock(wall=wrong)
                self.end_session(self.x)
                self.reaches(self.a)

    def test_after_a_restart_it_must_pass_what_the_peer_has_seen(self):
        self.set_clock(wall=DAY)
        self.join(self.x, self.y)
        self.reaches(self.a)
        self.set_clock()
        self.restart_x()
        self.assertFalse(self.a.pings("10.9.0.2", "-W", "7"))  # a second try is refused, too
        # this is what an operator sees: asked, and never answered
        self.assertEqual(self.handshake(self.x, self.y), 0)
        received, sent = self.x.transfer(self.y.key)
        self.assertEqual(received, 0)
        self.assertEqual(sent % 148, 0)
        self.assertGreater(sent, 0)
        self.assertTrue(self.x.running())
        self.set_clock(wall=DAY + hosts.PATIENCE)  # as of one that was put right
        self.reaches(self.a)

    def test_the_peer_may_begin_meanwhile(self):
        self.set_clock(wall=DAY)
        self.join(self.x, self.y)
        self.reaches(self.a)
        self.set_clock()
        self.restart_x()
        self.assertFalse(self.a.pings("10.9.0.2"))
        self.end_session(self.y)
        self.reaches(self.b, "10.9.0.1")
        self.reaches(self.a)


class Responder(Clock):
    def test_its_own_clock_does_not_matter(self):
        self.join(self.y, self.x)
        for wrong in -DAY, DAY, -365 * DAY, 0:
            with self.subTest(wrong=wrong):
                self.set_clock(wall=wrong)
                self.end_session(self.y)
                self.reaches(self.b)
                self.reaches(self.a, "10.9.0.1")

    def test_it_may_jump_while_sessions_live(self):
        self.join(self.y, self.x)
        self.reaches(self.b)
        ping = self.b.start("ping", "-n", "-q", "-i", "0.02", "-c", "200", "10.9.0.2",
                            stdout=-1)
        for wrong in 2 * DAY, -2 * DAY, 3600, -365 * DAY, 0:
            self.set_clock(wall=wrong)
            time.sleep(0.5)
        self.assertIn(" 0% packet loss", ping.communicate(timeout=hosts.PATIENCE)[0])


class Sleeper(Clock):
    """A host that wakes up. Traffic of its peers meanwhile is not looked at."""

    def test_who_began_renews_a_session_of_120_seconds(self):
        self.join(self.x, self.y)
        self.reaches(self.a)
        before = self.handshake(self.x, self.y)
        time.sleep(1.1)  # handshakes are told by the second
        self.set_clock(boot=121)
        self.assertTrue(self.a.pings("10.9.0.2", "-W", "10"))
        hosts.eventually("it is renewed", lambda: self.handshake(self.x, self.y) > before)
        self.reaches(self.a)

    def test_a_session_of_180_seconds_is_not_used(self):
        self.join(self.x, self.y)
        self.reaches(self.a)
        before = self.handshake(self.x, self.y)
        time.sleep(1.1)
        self.set_clock(boot=181)
        self.assertTrue(self.a.pings("10.9.0.2", "-W", "10"))
        self.assertGreater(self.handshake(self.x, self.y), before)

    def test_nothing_is_left_after_a_night(self):
        self.join(self.x, self.y)
        self.reaches(self.a)
        for night in 12 * 3600, 7 * DAY:
            self.set_clock(boot=night)
            self.assertTrue(self.a.pings("10.9.0.2", "-W", "10"))
        self.end_session(self.y)
        self.reaches(self.b, "10.9.0.1")


SERVE = """
serve:
  interface: svc
  services: {all: {key: site.key, pool: 10.9.0.1/24, clients: [alice.cap]}}
"""


class Client(Wrong):
    """Of a capability."""

    def setUp(self):
        super().setUp()
        sluice = pathlib.Path(self.alias).with_name("sluice")
        for words in ("key", "new", "site.key"), ("cap", "mint", "site.key", "-o", "alice.cap"):
            subprocess.run([sluice, *words], cwd=self.dir, check=True)
        (self.dir / "serve.yaml").write_text(SERVE)
        self.service = self.tunnel(self.b, sluice, "--serve", self.dir / "serve.yaml")
        self.service.expect("may connect")
        self.client = self.tunnel(self.a, self.by_the_clock(sluice), self.dir / "alice.cap",
                                  "--endpoint", "192.0.2.2:51820")
        self.client.address()
        self.reaches(self.a, "10.9.0.1")

    def tunnel(self, host, sluice, *words):
        log = self.dir / f"log{len(list(self.dir.iterdir()))}"
        c = test_capability_tunnels.Command(sluice, host, log, *words)
        self.addCleanup(c.kill)
        return c

    def test_a_clock_that_is_put_right_ends_nothing(self):
        for wrong in 30 * 365 * DAY, -DAY, 3600:
            self.set_clock(wall=wrong)
            time.sleep(1)
        self.assertTrue(self.a.pings("10.9.0.1"))
        self.assertNotIn("does not answer", self.client.said())


if __name__ == "__main__":
    wireguard.skip_unless_possible()
    test_wg.Wg.alias = os.path.abspath(sys.argv.pop(1))
    Wrong.lie = os.path.abspath(sys.argv.pop(1))
    unittest.main()
