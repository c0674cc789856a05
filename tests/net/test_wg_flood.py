"""Handshakes in a flood of others: who shows by a cookie where he is gets in (WireGuard paper, 5.3).

Sluice and wireguard-go in both roles. All messages of the flood have a right mac1, and each heap of
them is more than may wait before a device is under load.
"""

import os
import sys
import unittest

import flood
import test_wg
import wireguard
from capture import Capture
from tunnel_peer import COOKIE, DATA, INITIATION, RESPONSE

X, Y = "192.0.2.1", "192.0.2.2"  # hosts a and b


class Flood(test_wg.Wg):
    """Device x of host a begins, y of host b answers."""

    def shakes(self, x, y, flooded):
        """One of the two is under load. Returns what they said of handshakes: who, which message,
        whether with mac2 (or a cookie)."""
        self.join(x, y)
        f = flood.Flood(self, self.b, x, X) if flooded is x else flood.Flood(self, self.a, y, Y)
        f.wait()
        capture = Capture(self, X, Y)
        self.reaches(self.a)
        said = capture.stop()
        f.stop()
        self.sends(self.a, self.b, "10.9.0.2")
        return [(m.source, m.kind, any(m.payload[-16:])) for m in said if m.kind != DATA]

    def comes_in_order(self, said, *wanted):
        """These are said, one after the other, and each cookie is for a message without one."""
        rest = iter(said)
        self.assertTrue(all(w in rest for w in wanted), said)
        self.assertLessEqual(sum(kind == COOKIE for _, kind, _ in said),
                             sum(not proven for _, _, proven in said))

    def begins_by_a_cookie(self, x, y):
        self.comes_in_order(self.shakes(x, y, y), (X, INITIATION, False), (Y, COOKIE, True),
                            (X, INITIATION, True), (Y, RESPONSE, False))

    def answers_by_a_cookie(self, x, y):
        self.comes_in_order(self.shakes(x, y, x), (X, INITIATION, False), (Y, RESPONSE, False),
                            (X, COOKIE, True), (X, INITIATION, False), (Y, RESPONSE, True))

    def test_wireguard_go_begins_by_a_cookie(self):
        self.begins_by_a_cookie(self.go(self.a, "a"), self.device(self.b, "b"))

    def test_sluice_begins_by_a_cookie(self):
        self.begins_by_a_cookie(self.device(self.a, "a"), self.go(self.b, "b"))

    def test_wireguard_go_answers_by_a_cookie(self):
        self.answers_by_a_cookie(self.device(self.a, "a"), self.go(self.b, "b"))

    def test_sluice_answers_by_a_cookie(self):
        self.answers_by_a_cookie(self.go(self.a, "a"), self.device(self.b, "b"))


if __name__ == "__main__":
    wireguard.skip_unless_possible()
    test_wg.Wg.alias = os.path.abspath(sys.argv.pop(1))
    unittest.main()
