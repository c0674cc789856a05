"""A session of sluice wg is renewed, after 120 s, in a flood of handshake messages. Takes two and a
half minutes."""

import os
import re
import subprocess
import sys
import unittest

import flood
import hosts
import test_wg
import wireguard

SECONDS = 135  # 120, and as many tries as a cookie needs


class RekeyFlood(test_wg.Wg):
    def test_a_session_is_renewed_in_a_flood(self):
        """Sluice begins, so wireguard-go's answer needs a cookie."""
        x, y = self.pair()
        self.reaches(self.a)
        first = x.show("latest-handshakes", y.key)
        f = flood.Flood(self, self.b, x, "192.0.2.1")
        f.wait()
        ping = self.a.start("ping", "-n", "-q", "-i", "0.1", "-c", SECONDS * 10, "10.9.0.2",
                            stdout=subprocess.PIPE)
        said = ping.communicate(timeout=SECONDS + hosts.PATIENCE)[0]
        hosts.eventually("it is renewed", lambda: x.show("latest-handshakes", y.key) != first)
        renewed = int(x.show("latest-handshakes", y.key))
        rate = f.stop()
        self.assertGreaterEqual(renewed - int(first), 119)
        # Busy machines lose some: the socket has room for half a second of the flood, while
        # nobody takes it.
        sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received",
                                            said).groups())
        print(f"{rate:.0f} messages a second; {received} of {sent} pings answered", file=sys.stderr)
        self.assertGreater(received, sent // 2)
        self.reaches(self.a)


if __name__ == "__main__":
    wireguard.skip_unless_possible()
    test_wg.Wg.alias = os.path.abspath(sys.argv.pop(1))
    unittest.main()
