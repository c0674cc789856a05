#!/usr/bin/env python3
"""Write the seeds of fuzz_pcap: small captures of every form that is read."""

import pathlib
import struct

FRAMES = [bytes(range(60)), b"\x45" * 61, b""]
STAMP_NS = 1700000000123456789


def pcap(order, nano):
    """A pcap file in one byte order."""
    magic, unit = (0xA1B23C4D, 1) if nano else (0xA1B2C3D4, 1000)
    out = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 262144, 1)
    for frame in FRAMES:
        out += struct.pack(order + "IIII", STAMP_NS // 10**9, STAMP_NS % 10**9 // unit,
                           len(frame), len(frame) + 4)
        out += frame
    return out


def block(order, kind, body):
    """A pcapng block around a body."""
    body += b"\0" * (-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcapng(order, nano):
    """A pcapng file with enhanced, simple and unknown blocks."""
    resolution = 9 if nano else 6
    stamp = STAMP_NS // 10**(9 - resolution)
    out = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(order, 1, struct.pack(order + "HHIHHB3xHH", 1, 0, 262144, 9, 1, resolution, 0, 0))
    for frame in FRAMES:
        out += block(order, 6, struct.pack(order + "IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF,
                                           len(frame), len(frame) + 4) + frame)
    out += block(order, 0x0BAD, b"unknown")
    out += block(order, 3, struct.pack(order + "I", 61) + FRAMES[1])
    return out


def main():
    folder = pathlib.Path(__file__).parent / "seeds" / "pcap"
    folder.mkdir(parents=True, exist_ok=True)
    for form in (pcap, pcapng):
        for order, ending in (("<", "le"), (">", "be")):
            for nano in (False, True):
                name = f"{form.__name__}-{ending}-{'ns' if nano else 'us'}"
                (folder / name).write_bytes(form(order, nano))


main()
