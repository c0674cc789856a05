"""Do what a tutorial says, in an empty folder: tutorial.py TUTORIAL.md.

A block with a file's name behind its language is one more piece of that file. A block of shell
is run. A block of text is what the shell has just printed, where ... stands for anything.
"""

import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)


def run(commands):
    print("$ " + commands.strip().replace("\n", "\n$ "), flush=True)
    done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", commands], text=True,
                          stdout=subprocess.PIPE)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        sys.exit(f"exit status {done.returncode}")
    return done.stdout


def same(said, expected):
    pattern = re.escape(expected.strip()).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, said.strip())


def main():
    said, checked = "", 0
    for language, name, body in BLOCK.findall(pathlib.Path(sys.argv[1]).read_text()):
        if name:
            with open(name, "a") as file:
                file.write(body)
        elif language == "sh":
            said = run(body)
        elif language == "text":
            if not same(said, body):
                sys.exit(f"The tutorial says:\n{body}")
            checked += 1
    if not checked:
        sys.exit("nothing was checked")


main()
