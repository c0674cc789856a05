"""README.md and docs/ say what is so: links lead somewhere, files and tests that they name are
there, and YAML they quote stands in an example."""

import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)#:]+)\)")
NAMED = re.compile(r"`((?:[\w.]+/)+[\w.]*)`")
QUOTED = re.compile(r"^```yaml\n(.*?)^```$", re.M | re.S)
COMMAND = re.compile(r"\./dev (\w+)")
TEST = re.compile(r"`([a-z0-9]+(?:_[a-z0-9]+){4,})`")  # a behaviour


def complaints(top, document, examples, commands, tests):
    text = document.read_text()
    for name in LINK.findall(text):
        if not (document.parent / name).exists():
            yield f"a link to nowhere: {name}"
    for name in NAMED.findall(text):
        if not (top / name).exists():
            yield f"there is no {name}"
    for block in QUOTED.findall(text):
        if not any(block in example for example in examples):
            yield f"no example says:\n{block}"
    for name in COMMAND.findall(text):
        if name not in commands:
            yield f"there is no ./dev {name}"
    for name in TEST.findall(text):
        if not any(f"{a}{name}{b}" in tests for a, b in ("()", "(,", " (")):
            yield f"there is no test {name}"


def main():
    top = pathlib.Path(sys.argv[1])
    examples = [path.read_text() for path in top.glob("examples/**/*.yaml")]
    commands = re.findall(r"^do_(\w+)\(\)", (top / "dev").read_text(), re.M)
    tests = "".join(path.read_text() for path in top.glob("tests/**/test_*.*")
                    if path.suffix in (".c", ".py"))
    said = [f"{document.relative_to(top)}: {complaint}"
            for document in [top / "README.md", *sorted(top.glob("docs/*.md"))]
            for complaint in complaints(top, document, examples, commands, tests)]
    print("\n".join(said))
    sys.exit(1 if said else 0)


main()
