"""The far ends of a router's cables: a test sends and sees every byte there.

A wire is the end of a veth in a namespace without addresses, so that no kernel answers in the
test's place.
"""

import ctypes
import select
import socket
import time

ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
CLONE_NEWNET = 0x40000000


class inside:
    """Within: sockets are made in the namespace."""

    def __init__(self, name):
        self.name = name

    @staticmethod
    def enter(path):
        with open(path, "rb") as f:
            if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "setns")

    def __enter__(self):
        self.home = open("/proc/self/ns/net", "rb")  # pylint: disable=consider-using-with
        self.enter(f"/run/netns/{self.name}")

    def __exit__(self, *exception):
        with self.home:
            self.enter(f"/proc/self/fd/{self.home.fileno()}")


class Wire:
    """One cable."""

    def __init__(self, namespace, interface):
        with inside(namespace):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.bind((interface, ETH_P_ALL))

    def close(self):
        self.socket.close()

    def send(self, frame):
        while True:
            try:
                self.socket.send(frame)
                return
            except OSError as e:  # what the interface's queue has no room for
                if e.errno != 105:
                    raise
                time.sleep(0.001)

    def receive(self):
        """The next frame that came from the router, or None where none waits."""
        while True:
            try:
                frame, address = self.socket.recvfrom(65536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            if address[2] != socket.PACKET_OUTGOING:
                return frame


def wait(wires, seconds):
    """Wait until one of the wires has a frame. Returns whether one has."""
    return bool(select.select([w.socket for w in wires], [], [], max(seconds, 0))[0])
