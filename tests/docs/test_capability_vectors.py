"""docs/capabilities.md shows the handshakes that the program makes, and a client that was written
from the document makes and reads the same."""

import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(TOP / "tests/net"))

import capability_peer  # noqa: E402
from tunnel_peer import public  # noqa: E402

LEASE = {"version": 1, "mtu": 1420, "addresses": ["10.9.0.7/24", "fd00:9::7/64"],
         "networks": ["0.0.0.0/0", "::/0"]}


def numbered(first):
    return bytes(range(first, first + 32))


def parts(block):
    """The bytes of a vector, in order."""
    return [bytes.fromhex("".join(p.split("\n", 1)[1].split()))
            for p in re.split(r"^  (?=\w)", block, flags=re.M)[1:]]


def differences(pattern, block):
    vector = parts(block)
    client = capability_peer.Client(public(numbered(1)), numbered(0xC0), pattern,
                                    None if pattern == "NK" else numbered(0x21))
    first = client.initiation(numbered(0x80), bytes.fromhex("44332211"),
                              bytes.fromhex("400000006955b90a01000000"))
    lease = client.finish(vector[1])
    if first != vector[0]:
        yield "message 1"
    if lease is None or capability_peer.read_lease(lease) != LEASE:
        yield "message 2"
    if pattern == "XK" and client.third != vector[2]:
        yield "message 3"
    if lease and [client.send, client.receive] != vector[-2:]:
        yield "keys"


def main():
    document = (TOP / "docs/capabilities.md").read_text()
    vectors = subprocess.run(sys.argv[2], capture_output=True, text=True, check=True).stdout
    blocks = [block for block in vectors.split("\n\n") if block.strip()]
    said = [f"docs/capabilities.md does not show:\n{block}"
            for block in blocks if block not in document]
    for block in blocks[:3]:
        said += [f"{block[:6]}: other {what}" for what in differences(block[:2], block)]
    if len(blocks) != 4:
        said.append(f"{len(blocks)} vectors")
    print("\n".join(said))
    sys.exit(1 if said else 0)


main()
