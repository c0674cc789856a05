"""The client of a capability as docs/capabilities.md has it, for tests that look at a service from
outside. Written from that document and the Noise specification, with Python's BLAKE2s and libsodium
alone (tunnel_peer.py).
"""

import base64
import ipaddress
import os
import struct

from tunnel_peer import Session, blake2s, dh, kdf, mac, public, seal, unseal

PROLOGUE = b"Sluice capability tunnel 1"
INITIATION, RESPONSE, CONFIRMATION = 1, 2, 5
LENGTHS = {INITIATION: 116, RESPONSE: 220, CONFIRMATION: 108}

# What each message does; psk0 stands in front of the first.
PATTERNS = {
    "NK": (["e", "es"], ["e", "ee"]),
    "KK": (["e", "es", "ss"], ["e", "ee", "se"]),
    "XK": (["e", "es"], ["e", "ee"], ["s", "se"]),
}


def parse(line):
    """Key, psk and pattern of a capability."""
    text = line.strip().removeprefix("sluicecap1_")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return raw[:32], raw[32:64], raw[65:65 + raw[64]].decode().removesuffix("psk0")


def prefix(raw):
    """20 bytes of a lease, as text, or None."""
    family, length = raw[0], raw[1]
    if family == 0:
        return None
    return f"{ipaddress.ip_address(raw[4:8] if family == 4 else raw[4:20])}/{length}"


class Symmetric:
    """Noise section 5.2."""

    def __init__(self, name):
        self.h = self.ck = blake2s(name) if len(name) > 32 else name.ljust(32, b"\0")
        self.key = None

    def mix_hash(self, data):
        self.h = blake2s(self.h, data)

    def mix_key(self, data):
        self.ck, self.key = kdf(self.ck, data, 2)
        self.n = 0

    def mix_key_and_hash(self, data):
        self.ck, h, self.key = kdf(self.ck, data, 3)
        self.n = 0
        self.mix_hash(h)

    def encrypt(self, plaintext):
        out = seal(self.key, self.n, plaintext, self.h)
        self.n += 1
        self.mix_hash(out)
        return out

    def decrypt(self, sealed):
        out = unseal(self.key, self.n, sealed, self.h)
        self.n += 1
        self.mix_hash(sealed)
        return out


class Client(Session):
    """Who begins."""

    def __init__(self, service, psk, pattern, private=None):
        self.service, self.psk, self.pattern, self.private = service, psk, pattern, private
        self.stamp = 0x400000000000000A + 2000000000

    def token(self, token, e):
        """What the client does for a token of the pattern."""
        s, n = self.noise, self.service
        if token == "es":
            s.mix_key(dh(e, n))
        elif token == "ss":
            s.mix_key(dh(self.private, n))
        elif token == "ee":
            s.mix_key(dh(e, self.re))
        elif token == "se":
            s.mix_key(dh(self.private, self.re))

    def with_macs(self, message, key):
        return message + mac(blake2s(b"mac1----", key), message) + bytes(16)

    def mix_e(self, e):
        self.noise.mix_hash(e)
        self.noise.mix_key(e)  # with a psk, section 9.2

    def initiation(self, e=None, index=None, stamp=None):
        self.e, self.index = e or os.urandom(32), index or os.urandom(4)
        self.stamp += 1
        stamp = stamp or struct.pack(">QI", self.stamp, 0)
        s = self.noise = Symmetric(f"Noise_{self.pattern}psk0_25519_ChaChaPoly_BLAKE2s".encode())
        s.mix_hash(PROLOGUE)
        if self.pattern == "KK":
            s.mix_hash(public(self.private))
        s.mix_hash(self.service)
        s.mix_key_and_hash(self.psk)
        self.mix_e(public(self.e))
        for t in PATTERNS[self.pattern][0]:
            self.token(t, self.e)
        message = struct.pack("<I", INITIATION) + self.index + public(self.e) + s.encrypt(stamp)
        message += mac(blake2s(b"tag-----", self.psk), message)
        return self.with_macs(message, self.service)

    def finish(self, response):
        """Read message 2. Returns the lease, or None where the message is not right; message 3 is
        self.third then."""
        if len(response) != LENGTHS[RESPONSE] or response[:4] != struct.pack("<I", RESPONSE) or \
                response[8:12] != self.index or \
                response[188:204] != mac(blake2s(b"mac1----", self.psk), response[:188]):
            return None
        self.remote, self.re = response[4:8], response[12:44]
        s = self.noise
        self.mix_e(self.re)
        for t in PATTERNS[self.pattern][1]:
            self.token(t, self.e)
        lease = s.decrypt(response[44:188])
        if lease is None:
            return None
        self.third = self.confirmation() if len(PATTERNS[self.pattern]) > 2 else None
        self.send, self.receive = kdf(s.ck, b"", 2)
        self.sent = 0
        return lease

    def confirmation(self):
        s = self.noise
        message = struct.pack("<I", CONFIRMATION) + self.index + self.remote
        message += s.encrypt(public(self.private))
        self.token("se", self.e)
        return self.with_macs(message + s.encrypt(b""), self.psk)


def read_lease(raw):
    """Version, MTU, own addresses, networks."""
    networks = [prefix(raw[44 + 20 * i:64 + 20 * i]) for i in range(4)]
    return {"version": raw[0], "mtu": struct.unpack("<H", raw[2:4])[0],
            "addresses": [prefix(raw[4:24]), prefix(raw[24:44])],
            "networks": [n for n in networks if n]}
