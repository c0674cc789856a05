#!/usr/bin/env bash
# docs/writing-an-app.md: its code builds against the installed library, runs, and prints what the
# text says.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/examples/installed.sh
. "$here/../examples/installed.sh"

install_to "$work/installed"
export -f cc
mkdir "$work/reader"
cd "$work/reader"
python3 "$here/tutorial.py" "$here/../../docs/writing-an-app.md"
