"""The walk and tshark agree on every checksum of the captures, or a rule says why not.

Captures: bench/captures/mixed.pcap and, where SLUICE_CORPUS is set, the Ethernet ones of its
folder pcap. Skips where there is no tshark.
"""

import os
import pathlib
import shutil
import subprocess
import sys

SKIP = 77
KINDS = ["ip", "udp", "tcp", "icmp", "icmpv6", "gre"]
# tshark's numbers (proto_checksum_enum_e); 4, illegal, is UDP over IPv6 without a checksum.
STATUS = {"0": "bad", "1": "good", "2": "unverified", "3": "none", "4": "bad"}
# Fragments are looked at one by one, as the walk does.
PREFERENCES = ["ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE",
               "ip.defragment:FALSE", "ipv6.defragment:FALSE"]
# Carry packets, and the walk does not look into them.
NOT_WALKED = {"avsp", "erspan", "geneve", "macsec", "mpls", "nsh", "pim", "sflow"}


class Frame:
    """What one side says about a frame: flags, and for each kind the verdicts, outermost first."""

    def __init__(self, captured, flags, verdicts, protocols=()):
        self.captured = int(captured)
        self.flags = set(flags)
        self.verdicts = verdicts
        self.protocols = protocols


def walked(program, capture):
    """Return {number: Frame} as the walk sees it, or None for other link types and broken files."""
    done = subprocess.run([program, capture], capture_output=True, text=True)
    if done.returncode:
        return None
    frames = {}
    for line in done.stdout.splitlines():
        number, captured, *words = line.split()
        layers = [word.split("=") for word in words if "=" in word]
        frames[int(number)] = Frame(
            captured,
            [word for word in words if "=" not in word],
            {kind: [verdict for name, verdict in layers if name == kind] for kind in KINDS})
    return frames


def dissected(capture):
    """Return {number: Frame} as tshark sees it."""
    command = ["tshark", "-n", "-r", capture, "-T", "fields", "-E", "separator=|",
               "-e", "frame.number", "-e", "frame.cap_len", "-e", "frame.protocols"]
    for preference in PREFERENCES:
        command += ["-o", preference]
    for kind in KINDS:
        command += ["-e", f"{kind}.checksum.status"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    frames = {}
    for line in done.stdout.splitlines():
        number, captured, protocols, *statuses = line.split("|")
        frames[int(number)] = Frame(
            captured, [], {kind: [STATUS[s] for s in status.split(",") if s]
                 for kind, status in zip(KINDS, statuses)},
            protocols.split(":"))
    return frames


def quotes(protocols):
    """Whether an ICMP error quotes a packet: IP stands behind ICMP."""
    for icmp in ("icmp", "icmpv6"):
        if icmp in protocols:
            behind = protocols[protocols.index(icmp) + 1:]
            return "ip" in behind or "ipv6" in behind
    return False


def why_more(frame, more, protocols):
    """Why tshark may have these verdicts more than the walk; None where nothing explains it."""
    if "malformed" in frame.flags:
        return "the walk ends at a header that cannot be"
    if "truncated" in frame.flags and set(more) == {"unverified"}:
        return "the walk notes no layer whose header is cut"
    if quotes(protocols):
        return "a packet quoted in an ICMP error is data"
    if NOT_WALKED & set(protocols):
        return "in a protocol that is not walked"
    return None


def disagreement(ours, theirs, kind):
    """What the two disagree about and no rule explains, or None."""
    a, b = ours.verdicts[kind], theirs.verdicts[kind]
    for mine, other in zip(a, b):
        if mine != other and (mine, other) != ("partial", "unverified"):
            return f"{mine}, tshark says {other}"
    if len(a) > len(b):
        return f"{a}, tshark says only {b}"
    more = b[len(a):]
    if more and not why_more(ours, more, theirs.protocols):
        return f"{a}, tshark says {b}"
    return None


def compare(capture, ours, theirs):
    """Return the disagreements about a capture as lines, and how many verdicts there were."""
    lines = []
    verdicts = 0
    for number, frame in ours.items():
        other = theirs.get(number)
        if other is None:
            lines.append(f"{capture}, frame {number}: tshark does not show it")
            continue
        if frame.captured != other.captured:
            continue  # lengths that contradict each other, and two readers that choose
        for kind in KINDS:
            verdicts += len(frame.verdicts[kind])
            about = disagreement(frame, other, kind)
            if about:
                lines.append(f"{capture}, frame {number}, {kind}: {about} "
                             f"({' '.join(sorted(frame.flags))}; {':'.join(other.protocols)})")
    return lines, verdicts


def captures(mixed):
    found = [mixed]
    corpus = os.environ.get("SLUICE_CORPUS")
    if corpus:
        found += sorted(pathlib.Path(corpus, "pcap").glob("*.pcap*"))
    else:
        print("SLUICE_CORPUS is not set: its captures are not compared")
    return found


def main():
    program, mixed = sys.argv[1:]
    if not shutil.which("tshark"):
        print("skipped: tshark is not there")
        sys.exit(SKIP)
    said = []
    compared = verdicts = 0
    for capture in captures(mixed):
        ours = walked(program, capture)
        if not ours:
            continue
        lines, n = compare(pathlib.Path(capture).name, ours, dissected(capture))
        said += lines
        verdicts += n
        compared += 1
    print("\n".join(said))
    print(f"{compared} captures, {verdicts} verdicts, {len(said)} not explained")
    sys.exit(1 if said or verdicts == 0 else 0)


main()
