#!/usr/bin/env python3
"""Every header compiles alone: with no include before it."""

import concurrent.futures
import os
import shlex
import subprocess
import sys

import tree

WARNINGS = ["-Wall", "-Wextra", "-Werror"]


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
    for path, _ in tree.sources(".h"):
        yield [*cc, *flags, "-std=gnu11", "-fsyntax-only", "-xc", "-"], path


def main():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(compile_alone, jobs(sys.argv[2:]))
        tree.finish([s for s in said if s])


main()
