"""Budgets and things that are not here: long files and functions, grab-bag names, included .c."""

import re

import tree

FILE_LINES = 600
FUNCTION_LINES = 60
FORBIDDEN_NAMES = {"common.c", "common.h", "helpers.c", "helpers.h", "util.c", "util.h",
                   "utils.c", "utils.h"}
INCLUDED_SOURCE = re.compile(r'^\s*#\s*include\s+["<][^">]+\.c[">]')
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")


def long_functions(lines):
    """Yield (line, length) of each function whose body is over budget."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start - 1 > FUNCTION_LINES:
                yield start, number - start - 1
            start = None


def complaints_of(path, text):
    lines = text.splitlines()
    if path.name in FORBIDDEN_NAMES:
        yield f"{path}: a name that says nothing"
    if len(lines) > FILE_LINES:
        yield f"{path}: {len(lines)} lines, {FILE_LINES} at most"
    for start, length in long_functions(lines):
        yield f"{path}:{start}: a function of {length} lines, {FUNCTION_LINES} at most"
    for number, line in enumerate(lines, 1):
        if INCLUDED_SOURCE.match(line):
            yield f"{path}:{number}: code included as .c"
        if UNFINISHED.search(line):
            yield f"{path}:{number}: unfinished: {line.strip()}"


def main():
    complaints = []
    for path, text in tree.sources(".c", ".h"):
        complaints += complaints_of(path, text)
    tree.finish(complaints)


main()
