"""Sluice between two emulated PCI cards of a guest, on DPDK's real drivers.

The guest runs wire.yaml. Numbered frames go into each card from outside; all must come out of
the other, in order and unchanged, and sluice's report must count exactly them.
Exit status: 0 passed, 77 skipped, 1 failed.
"""

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile

import guest
import kernel
import machine
import wire

FRAMES = 1000  # each way
BOOT, END = 90, 60  # seconds until a guest counts as hung: no measure of anything
BOOTS = 2  # QEMU without KVM hangs now and then before the guest's first word
REFUSALS = (
    "0000:00:10.0: no driver has this card; bind it to vfio-pci or uio_pci_generic",
    "0000:00:10.0: reaches for packets by itself, which takes hugepages; reserve some",
)
FAILURES = (AssertionError, guest.Ended, guest.Timeout, OSError, ValueError,
            subprocess.SubprocessError)


class Wrong(AssertionError):
    """Sluice says something other than what is so."""


def boot(args, log):
    for left in reversed(range(BOOTS)):
        running = guest.Guest(args, log)
        try:
            running.until("guest: up", BOOT)
            return running
        except (guest.Ended, guest.Timeout) as error:
            running.close()
            if not left:
                raise
            print(f"forward: {error}; booting again")


def check(what, is_so, must_be):
    if is_so != must_be:
        raise Wrong(f"{what}: {is_so}, not {must_be}")


def check_report(report, a, b):
    """Every frame that came out is counted where it came in, on its way, and where it left."""
    apps = {app["name"]: app for app in report["apps"]}
    for into, counter, out, end in (("a", "ab", "b", b), ("b", "ba", "a", a)):
        check(f"{into} created", apps[into]["created"], end.received)
        check(f"{counter} took", apps[counter]["in"], end.received)
        check(f"{out} consumed", apps[out]["consumed"], end.received)
    check("dropped", report["packets_dropped"], 0)
    check("held", report["packets_held"], 0)
    check("balanced", report["balanced"], True)


def check_refusals(running):
    """Before the cards are brought up, sluice says what is missing."""
    for reason in REFUSALS:
        line = running.until("guest: refused", END)[-1]
        if reason not in line:
            raise Wrong(f"'{line}' does not say '{reason}'")


def cross_both_ways(a, b):
    for source, target, way in ((a, b, 0), (b, a, 1)):
        wire.meet(source, target, way)
        wire.cross(source, target, way, FRAMES)


def end(running):
    """Returns sluice's report."""
    running.say("end")
    running.until("guest: report", END)
    lines = running.until("guest: end", END)
    check("exit status", int(lines[-1].split()[-1]), 0)
    return json.loads("".join(lines[:-1]))


def talk(running, a, b):
    check_refusals(running)
    try:
        cross_both_ways(a, b)
    except wire.Lost:
        with contextlib.suppress(guest.Ended, guest.Timeout, Wrong):
            end(running)  # the report, onto the console
        raise
    return end(running)


def forward(options, folder, log):
    debian = kernel.get(options.cache)
    machine.root(options, debian).write(f"{folder}/initramfs")
    a, b = (wire.Wire(folder, name, options.mtu) for name in "ab")
    running = boot(machine.arguments(folder, options, debian, (a, b)), log)
    try:
        report = talk(running, a, b)
    finally:
        running.close()
    while a.receive(0) or b.receive(0):
        pass  # late probes
    check_report(report, a, b)
    print(f"forward: {options.card} on {options.driver}, mtu {options.mtu}: {a.received} and {b.received} frames, "
          "each the same, in order, counted")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sluice", required=True, help="the command")
    parser.add_argument("--card", required=True, choices=machine.CARDS)
    parser.add_argument("--driver", required=True, choices=machine.MODULES)
    parser.add_argument("--mtu", required=True, type=int)
    parser.add_argument("--cache", required=True, help="folder that keeps the guest's kernel")
    options = parser.parse_args()
    log = io.StringIO()
    try:
        machine.needed("qemu-system-x86_64")
        with tempfile.TemporaryDirectory(prefix="sluice-pci-") as folder:
            forward(options, folder, log)
    except kernel.Unavailable as why:
        print(f"forward: skipped: {why}")
        return 77
    except FAILURES as why:
        print(f"forward: {why}\nforward: the guest's console:\n{log.getvalue()}")
        return 1
    return 0


sys.exit(main())
