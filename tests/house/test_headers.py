#!/usr/bin/env python3
"""Every header compiles alone: with no include before it. So do the public ones that know no apps
as C++, where there is a compiler for it."""

import concurrent.futures
import itertools
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

import tree

# Vectors wider than the flags here know are passed between inline functions alone.
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-psabi"]
PUBLIC = pathlib.Path("include/sluice")
# Apps and links are _Atomic counters and tables of designated initialisers: C.
C_ALONE = {PUBLIC / name for name in ("app.h", "engine.h", "graph.h", "link.h", "stats.h", "tunnel.h",
                                      "uapi.h", "wgconf.h")}


def dpdk_flags():
    flags = shlex.split(subprocess.check_output(["pkg-config", "--cflags", "libdpdk"], text=True))
    return [f.replace("-I", "-isystem", 1) for f in flags if f != "-march=corei7"]


def compile_alone(job):
    """Compile a source that only includes the header; return what the compiler said."""
    command, header = job
    source = f'#include "{header}"\n'
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    return f"{header}: {done.stderr}" if done.returncode else None


def jobs(cc):
    flags = [*WARNINGS, *dpdk_flags(), "-march=x86-64-v2", "-D_GNU_SOURCE",
             f"-I{tree.root()}", f"-I{tree.root()}/include"]
    cxx = [c for c in ("g++", "clang++") if shutil.which(c)]
    for path, _ in tree.sources(".h"):
        yield [*cc, *flags, "-std=gnu11", "-fsyntax-only", "-xc", "-"], path
        if path.parent == PUBLIC and path not in C_ALONE:
            for c, std in itertools.product(cxx, ("-std=c++17", "-std=c++20")):
                yield [c, *flags, std, "-fsyntax-only", "-xc++", "-"], path


def main():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(compile_alone, jobs(sys.argv[2:]))
        tree.finish([s for s in said if s])


main()
