"""sluice wg for longer than a session lasts: whoever began it renews it after 120 s, and nothing is
lost meanwhile. Takes five minutes, in which both roles are looked at."""

import os
import subprocess
import sys
import time
import unittest

import test_wg
import wireguard

SECONDS = 270  # two renewals


class Rekey(test_wg.Wg):
    def setUp(self):
        super().setUp()
        self.pairs = []
        for letters, first in (("ab", True), ("cd", False)):
            x, y = self.device(self.a, letters[0]), self.go(self.b, letters[1])
            self.pairs.append((x, y) if first else (y, x))

    def test_sessions_are_renewed(self):
        pings = []
        for n, (x, y) in enumerate(self.pairs):
            self.join(x, y, net=n)
            self.reaches(x.host, f"10.9.{n}.2")
            pings.append(x.host.start("ping", "-n", "-q", "-i", "0.1", "-c", SECONDS * 10,
                                      f"10.9.{n}.2", stdout=subprocess.PIPE))
        seen = [set(), set()]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for n, (x, y) in enumerate(self.pairs):
                seen[n].add(x.show("latest-handshakes", y.key))
            time.sleep(1)
        for n, ping in enumerate(pings):
            self.assertIn(" 0% packet loss", ping.communicate(timeout=SECONDS)[0])
            times = sorted(map(int, seen[n]))
            self.assertEqual(len(times), 3)
            for before, after in zip(times, times[1:]):
                self.assertGreaterEqual(after - before, 119)
                self.assertLess(after - before, 130)


if __name__ == "__main__":
    wireguard.skip_unless_possible()
    test_wg.Wg.alias = os.path.abspath(sys.argv.pop(1))
    unittest.main()
