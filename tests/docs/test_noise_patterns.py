"""docs/noise.md draws every pattern as core/noise/pattern.c has it, each token with its function."""

import pathlib
import re
import sys

ROW = re.compile(r'\{"(\w+)", (true|false), (true|false), \{(.*)\}\},')
DRAWING = re.compile(r"^([NKXI1]+)\n((?:    .*\n)+)", re.M)
WRITER = {"e": "write_e", "s": "write_s"}
READER = {"e": "read_e", "s": "read_s"}


def functions(tokens, special):
    return ", ".join(special.get(token, "mix_dh") for token in tokens)


def lines_of(row):
    """What must be drawn for a row of the table, a list of words each."""
    _, pre_initiator, pre_responder, messages = row
    lines = [[arrow + " s", "mix_before"] for arrow, known in (("->", pre_initiator),
                                                               ("<-", pre_responder))
             if known == "true"]
    if lines:
        lines.append(["..."])
    for number, message in enumerate(re.findall(r"\{([^{}]*)\}", messages)):
        tokens = message.lower().split(", ")
        lines.append([("<- " if number % 2 else "-> ") + ", ".join(tokens),
                      functions(tokens, WRITER), functions(tokens, READER)])
    return lines


def main():
    top = pathlib.Path(sys.argv[1])
    rows = ROW.findall((top / "core/noise/pattern.c").read_text())
    drawings = {name: [re.split("  +", line.strip()) for line in body.splitlines()]
                for name, body in DRAWING.findall((top / "docs/noise.md").read_text())}
    said = [f"docs/noise.md: {row[0]} is not drawn as in core/noise/pattern.c"
            for row in rows if drawings.get(row[0]) != lines_of(row)]
    if len(rows) < 15 or len(rows) != len(drawings):
        said.append(f"{len(rows)} patterns, {len(drawings)} drawings")
    print("\n".join(said))
    sys.exit(1 if said else 0)


main()
