"""The arrows of the house point down: which folder may include which."""

import re

import tree

# A folder may include its own headers and those of the folders named here. The longest prefix of
# a file's path counts, so core/noise has rules of its own.
LIBRARY = {"apps", "core", "core/noise", "core/proto", "drivers", "simd", "sluice"}
MAY = {
    "bench": {*LIBRARY, "cli", "tests"},
    "tests": {*LIBRARY, "cli", "bench"},
    "cli": LIBRARY,
    "drivers": {"core", "core/noise", "core/proto", "sluice"},
    "apps": {"core", "core/noise", "core/proto", "simd", "sluice"},
    "core": {"core/noise", "core/proto", "simd", "sluice"},
    "core/proto": {"simd", "sluice"},
    "core/noise": {"simd", "sluice"},
    "simd": set(),
    "include/sluice": {"sluice"},
    "examples": {"sluice"},
}

# Folders that know no packets know no DPDK either.
WITHOUT_DPDK = {"core/noise", "simd"}

# DPDK headers that the public ones may name: a packet is an mbuf.
PUBLIC_DPDK = {"rte_mbuf.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def folder_of(path, folders):
    """The longest of the folders that path lies in."""
    inside = [f for f in folders if str(path).startswith(f + "/")]
    return max(inside, key=len, default=None)


def wrong(path, bracket, name):
    """Say what is wrong with an include of `name` in `path`, or nothing."""
    here = folder_of(path, MAY)
    target = "sluice" if name.startswith("sluice/") else folder_of(name, MAY)

    if name.startswith("rte_"):
        if here in WITHOUT_DPDK:
            return f"{here} knows no DPDK"
        if here == "include/sluice" and name not in PUBLIC_DPDK:
            return "the public headers name no DPDK header but the mbuf's"
        return None
    if target is None:
        return 'an include between quotes names its folder' if bracket == '"' else None
    if target == here or target in MAY[here]:
        return None
    return f"{here} may not include {target}"


def main():
    complaints = []
    for path, text in tree.sources(".c", ".h"):
        for match in INCLUDE.finditer(text):
            what = wrong(path, *match.groups())
            if what:
                line = text.count("\n", 0, match.start()) + 1
                complaints.append(f"{path}:{line}: {match.group(2)}: {what}")
    tree.finish(complaints)


main()
