"""Two FRR drive two Sluice routers."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import hosts
import two_routers

FRR = pathlib.Path("/usr/lib/frr")

OSPF = """\
hostname r{n}
interface lan0
 {ip} ospf{v} area 0
 {ip} ospf{v} passive
interface one0
 {ip} ospf{v} area 0
 {ip} ospf{v} network point-to-point
 {ip} ospf{v} hello-interval 1
 {ip} ospf{v} dead-interval 3
 {ip} ospf{v} cost 10
interface two0
 {ip} ospf{v} area 0
 {ip} ospf{v} network point-to-point
 {ip} ospf{v} hello-interval 1
 {ip} ospf{v} dead-interval 3
 {ip} ospf{v} cost 20
router ospf{v}
 ospf{v} router-id 10.255.0.{n}
 timers throttle spf 0 50 50
"""


class Frr(two_routers.Case):
    @staticmethod
    def start(router, name, config):
        folder = router.folder
        (folder / f"{name}.conf").write_text(config)
        return router.start(
            name, FRR / name, "-u", "frr", "-g", "frr", "-A", "127.0.0.1", "-P", "0",
            "-z", folder / "zserv.api", "-i", folder / f"{name}.pid", "--vty_socket", folder,
            "-f", folder / f"{name}.conf")

    def start_ospf(self, router):
        shutil.chown(router.folder, "frr", "frr")
        router.wait_for_taps()
        self.start(router, "zebra", f"hostname r{router.n}\n")
        hosts.eventually("zebra listens", (router.folder / "zserv.api").exists)
        return [self.start(router, "ospfd", OSPF.format(n=router.n, ip="ip", v="")),
                self.start(router, "ospf6d", OSPF.format(n=router.n, ip="ipv6", v="6"))]

    def test_link_fails_and_traffic_takes_the_other(self):
        self.lose_a_link(self.start_ospf)


def skip_without_frr():
    if not (FRR / "ospfd").exists() or subprocess.run(["getent", "passwd", "frr"], check=False,
                                                      capture_output=True).returncode:
        print("skipped: there is no FRR")
        sys.exit(hosts.SKIPPED)


if __name__ == "__main__":
    Frr.binary = os.path.abspath(sys.argv.pop(1))
    hosts.skip_unless_possible()
    skip_without_frr()
    unittest.main(verbosity=2)
