"""The sources of a tree, for the house rules."""

import pathlib
import sys

FOLDERS = ("apps", "bench", "cli", "core", "drivers", "examples", "include", "simd", "tests")


def root():
    return pathlib.Path(sys.argv[1])


def sources(*suffixes, folders=FOLDERS):
    """Yield (path relative to the tree, text) of every source with one of the suffixes."""
    for folder in folders:
        for path in sorted((root() / folder).rglob("*")):
            if path.suffix in suffixes:
                yield path.relative_to(root()), path.read_text()


def finish(complaints):
    """Print what is wrong, one line each, and exit accordingly."""
    for line in complaints:
        print(line)
    sys.exit(1 if complaints else 0)
