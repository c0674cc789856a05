"""Our ends of the guest's two cards: Unix datagram sockets, one frame in each datagram."""

import select
import socket
import struct
import time

WINDOW = 32  # frames on their way at once: fewer than any card's receive ring holds
SHORTEST, STEP = 60, 13  # bytes: how frames grow from one to the next, until the longest
ETHERTYPE = 0x88B5  # IEEE 802, local experimental
PROBE = 0xFFFFFFFF  # the number of frames that only ask whether the cards are up
PATIENCE = 60  # seconds until a frame counts as lost: no measure of anything


class Lost(AssertionError):
    """A frame did not come, or not as it went."""


class Wire:
    """One end; QEMU's netdev is the other."""

    def __init__(self, folder, name, mtu):
        self.name = name
        self.longest = mtu + 14  # an Ethernet header more
        self.ours, self.theirs = f"{folder}/{name}.host", f"{folder}/{name}.qemu"
        self.received = 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", PATIENCE, 0))
        self.socket.bind(self.ours)

    def netdev(self):
        return (f"dgram,id={self.name},local.type=unix,local.path={self.theirs},"
                f"remote.type=unix,remote.path={self.ours}")

    def send(self, frame, flags=0):
        self.socket.sendto(frame, flags, self.theirs)

    def receive(self, seconds):
        """The next frame, or None where none comes in time."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        self.received += 1
        return self.socket.recv(65536)


def frame(number, way, longest):
    """The frame of a number and a direction: what it should be can be told on either side."""
    length = SHORTEST + number * STEP % (longest - SHORTEST + 1)
    head = struct.pack("!6s6sHIB", b"\2\0\0\0\0\1", b"\2\0\0\0\0\2", ETHERTYPE, number, way)
    return head + bytes((number + i * (way + 3)) & 0xFF for i in range(length - len(head)))


def meet(source, target, way):
    """Send one probe after the other until the first comes through: both cards are up."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            source.send(frame(PROBE, way, source.longest), socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass  # a card that is not up yet leaves them waiting
        if target.receive(0.2):
            return
    raise Lost(f"{source.name} -> {target.name}: nothing comes through")


def receive_numbered(target, way):
    """The next frame that is not a late probe."""
    while True:
        got = target.receive(PATIENCE)
        if got != frame(PROBE, way, target.longest):
            return got


def cross(source, target, way, count):
    """Send frames into one card; all must come from the other, in order, every byte the same."""
    sent = 0
    for number in range(count):
        while sent < count and sent - number < WINDOW:
            source.send(frame(sent, way, source.longest))
            sent += 1
        got = receive_numbered(target, way)
        where = f"{source.name} -> {target.name}: frame {number} of {count}"
        if got is None:
            raise Lost(f"{where} never came")
        if got != frame(number, way, target.longest):
            raise Lost(f"{where} came as {len(got)} bytes {got[:32].hex()}...")
