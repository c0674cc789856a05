#!/usr/bin/env python3
"""gateway: packets that a tunnel encapsulates in a second of its thread's processor time, beside
DPDK's example ipsec-secgw, in turns on the same core.

Usage: gateway.py TUNNEL FOLDER

Both take looped inner packets. ipsec-secgw (package dpdk-doc) reads them from a net_pcap device and
sends them to a net_null one, in ESP with ChaCha20-Poly1305 by intel-ipsec-mb's two drivers that
have it. It is built in FOLDER. TUNNEL is the bench `tunnel`, from memory to a sink. ESP has no UDP
around it, so ipsec-secgw has no checksum to compute over what it sent.
"""

import pathlib
import struct
import subprocess
import sys
import tempfile

import example
import process
import router

PACKETS = 1000
SIZES = (64, 1400)  # bytes of the inner packet

KEY = ":".join(["a0"] * 36)
CONFIG = f"""
sp ipv4 out esp protect 5 pri 1 dst 198.18.0.0/24 sport 0:65535 dport 0:65535
sp ipv4 in esp protect 105 pri 1 dst 198.18.1.0/24 sport 0:65535 dport 0:65535
sa out 5 aead_algo chacha20-poly1305 aead_key {KEY} mode ipv4-tunnel src 192.0.2.1 dst 192.0.2.2
sa in 105 aead_algo chacha20-poly1305 aead_key {KEY} mode ipv4-tunnel src 192.0.2.2 dst 192.0.2.1
rt ipv4 dst 192.0.2.2/32 port 1
rt ipv4 dst 198.18.1.0/24 port 0
neigh port 1 02:00:00:00:01:03
"""


def frame(number, size):
    """Ethernet, and `size` bytes of UDP."""
    ip = bytearray(struct.pack("!BBHHHBBH4s4s", 0x45, 0, size, number, 0, 64, 17, 0,
                               bytes([198, 19, 0, 1]), bytes([198, 18, 0, 1 + number % 250])))
    ip[10:12] = struct.pack("!H", router.checksum(bytes(ip)))
    udp = struct.pack("!HHHH", 1024 + number, 53, size - 20, 0)
    return router.ETHERNET + bytes(ip) + udp + bytes(size - 28)


def secgw(program, driver, capture, config):
    """Returns Mpps."""
    devices = [f"net_pcap0,rx_pcap={capture},infinite_rx=1", "net_null0,no-rx=1", driver]
    return example.run(program, [f"--vdev={d}" for d in devices],
                       ["-p", "3", "-u", "2", "-P", "-l", "--config=(0,0,0),(1,0,0)",
                        "-f", config])


def tunnel(program, size):
    """Returns Mpps."""
    return float(subprocess.run([program, "cpu", str(size)], check=True, capture_output=True,
                                text=True).stdout)


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    peer = example.build(folder, "ipsec-secgw", "ipsec-secgw.c")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        config = pathlib.Path(name) / "config"
        config.write_text(CONFIG)
        for size in SIZES:
            capture = pathlib.Path(name) / f"{size}.pcap"
            router.write_capture(capture, [frame(i, size) for i in range(PACKETS)])
            process.compare(f"encapsulating {size} bytes, of processor time", "Mpps", {
                "ipsec-secgw, aesni_mb":
                    lambda: secgw(peer, "crypto_aesni_mb0", capture, config),
                "ipsec-secgw, chacha20_poly1305":
                    lambda: secgw(peer, "crypto_chacha20_poly1305", capture, config),
                "sluice": lambda: tunnel(program, size),
            }, "ipsec-secgw, chacha20_poly1305")


if __name__ == "__main__":
    main()
