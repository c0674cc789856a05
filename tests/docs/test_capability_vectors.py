"""docs/capabilities.md shows the handshakes that the program makes."""

import pathlib
import subprocess
import sys


def main():
    document = pathlib.Path(sys.argv[1]) / "docs/capabilities.md"
    vectors = subprocess.run(sys.argv[2], capture_output=True, text=True, check=True).stdout
    blocks = [block for block in vectors.split("\n\n") if block.strip()]
    said = [f"docs/capabilities.md does not show:\n{block}"
            for block in blocks if block not in document.read_text()]
    if len(blocks) != 4:
        said.append(f"{len(blocks)} vectors")
    print("\n".join(said))
    sys.exit(1 if said else 0)


main()
