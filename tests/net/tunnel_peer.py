"""The other end of a tunnel as the WireGuard paper has it, for tests that look at one from outside.

Written from the paper with Python's BLAKE2s and libsodium alone; section numbers are the paper's.
"""

import ctypes
import ctypes.util
import hashlib
import hmac
import os
import struct

INITIATION, RESPONSE, COOKIE, DATA = 1, 2, 3, 4
CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
TAG = 16

# Public keys with which every shared secret is zero.
LOW_ORDER = [bytes.fromhex(k) for k in (
    "00" * 32,
    "01" + "00" * 31,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ec" + "ff" * 30 + "7f",
    "ed" + "ff" * 30 + "7f",
)]

sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")


def public(private):
    out = ctypes.create_string_buffer(32)
    sodium.crypto_scalarmult_curve25519_base(out, private)
    return out.raw


def dh(private, key):
    out = ctypes.create_string_buffer(32)
    if sodium.crypto_scalarmult_curve25519(out, private, key):
        raise ValueError("a key of low order")
    return out.raw


def blake2s(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key, data):
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def kdf(key, data, n):
    """Section 5.4: KDFn."""
    secret, out = hmac.new(key, data, hashlib.blake2s).digest(), [b""]
    for i in range(1, n + 1):
        out.append(hmac.new(secret, out[-1] + bytes([i]), hashlib.blake2s).digest())
    return out[1:]


def seal(key, counter, plaintext, ad=b""):
    out = ctypes.create_string_buffer(len(plaintext) + TAG)
    sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
        out, None, plaintext, ctypes.c_ulonglong(len(plaintext)), ad,
        ctypes.c_ulonglong(len(ad)), None, struct.pack("<IQ", 0, counter), key)
    return out.raw


def unseal(key, counter, sealed, ad=b""):
    """The plaintext, or None where it is not authentic."""
    out = ctypes.create_string_buffer(max(len(sealed) - TAG, 0) + 1)
    bad = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
        out, None, None, sealed, ctypes.c_ulonglong(len(sealed)), ad,
        ctypes.c_ulonglong(len(ad)), struct.pack("<IQ", 0, counter), key)
    return None if bad else out.raw[:-1]


class Session:
    """What there is after a handshake: keys `send` and `receive`, indices `index` and `remote`, and
    how many messages were sent."""

    def data(self, plaintext):
        """Section 5.4.6."""
        plaintext += bytes(-len(plaintext) % 16)
        message = struct.pack("<I4sQ", DATA, self.remote, self.sent)
        message += seal(self.send, self.sent, plaintext)
        self.sent += 1
        return message

    def open(self, message):
        """The plaintext of a data message, or None."""
        if len(message) < 32 or message[:8] != struct.pack("<I", DATA) + self.index:
            return None
        return unseal(self.receive, struct.unpack("<Q", message[8:16])[0], message[16:])


class Peer(Session):
    """One who initiates."""

    def __init__(self, tunnel_key, psk=bytes(32)):
        self.private, self.tunnel_key, self.psk = os.urandom(32), tunnel_key, psk
        self.public = public(self.private)
        self.stamp = 1000000
        self.receive, self.sent = bytes(32), 0

    def with_macs(self, message):
        """Section 5.4.4, without a cookie."""
        return message + mac(blake2s(b"mac1----", self.tunnel_key), message) + bytes(16)

    def initiation(self, ephemeral=None):
        """Section 5.4.2. Another ephemeral key may stand in the message than is used for it."""
        self.e, self.index = os.urandom(32), os.urandom(4)
        shown = ephemeral or public(self.e)
        self.ck = blake2s(CONSTRUCTION)
        self.h = blake2s(blake2s(blake2s(self.ck, IDENTIFIER), self.tunnel_key), shown)
        self.ck, = kdf(self.ck, shown, 1)
        self.ck, key = kdf(self.ck, dh(self.e, self.tunnel_key), 2)
        static = seal(key, 0, self.public, self.h)
        self.h = blake2s(self.h, static)
        self.ck, key = kdf(self.ck, dh(self.private, self.tunnel_key), 2)
        self.stamp += 1
        stamp = seal(key, 0, struct.pack(">QI", 0x400000000000000A + self.stamp, 0), self.h)
        self.h = blake2s(self.h, stamp)
        return self.with_macs(struct.pack("<I", INITIATION) + self.index + shown + static + stamp)

    def finish(self, response):
        """Section 5.4.3: read the answer. Returns whether it is right; then there is a session."""
        if len(response) != 92 or response[:4] != struct.pack("<I", RESPONSE) or \
                response[8:12] != self.index:
            return False
        self.remote = response[4:8]
        shown, empty = response[12:44], response[44:60]
        h, (ck,) = blake2s(self.h, shown), kdf(self.ck, shown, 1)
        ck, = kdf(ck, dh(self.e, shown), 1)
        ck, = kdf(ck, dh(self.private, shown), 1)
        ck, t, key = kdf(ck, self.psk, 3)
        if unseal(key, 0, empty, blake2s(h, t)) is None:
            return False
        self.send, self.receive = kdf(ck, b"", 2)
        self.sent = 0
        return True
