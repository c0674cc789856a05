#!/usr/bin/env bash
# The plugin example builds as its head comment says, against the installed library, and runs from
# a file; built against another ABI version, it is refused before anything happens.
set -euo pipefail

here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/examples/installed.sh
. "$here/installed.sh"

# Fail unless a command fails; its errors are in the file report.
refused() {
	! "$@" 2>report
}

install_to "$work/installed"
cp "$here"/../../examples/plugin/* "$work"
cd "$work"

# From another folder: the file's path to the plugin is relative to the file.
echo '--- runs'
eval "$(told cut.c 1 | grep ^cc)"
(cd / && sluice run --json "$work/cut.yaml") >report
python3 - report <<'PY'
import json
import sys
report = json.load(open(sys.argv[1]))
links = {(l["from"], l["to"]): l for l in report["links"]}
assert links["in", "cut"]["packets"] == links["cut", "out"]["packets"] == 1000, links
assert links["in", "cut"]["bytes"] == 60000, links
assert links["cut", "out"]["bytes"] == 46000, links
PY

echo '--- documents itself'
sluice apps --plugin ./libcut.so cut >report
expect report 'how many bytes to cut off'

echo '--- another ABI version is refused'
sed -i 's/SL_ABI_VERSION,/SL_ABI_VERSION + 1,/' cut.c
eval "$(told cut.c 1 | grep ^cc)"
refused sluice run cut.yaml
expect report 'cut.yaml:2:'
expect report 'was built against ABI version'

echo '--- what is no plugin is refused'
echo 'int nothing;' | cc -shared -fPIC -xc -o libcut.so -
refused sluice check cut.yaml
expect report 'is not a plugin'

echo '--- what is not there is refused'
rm libcut.so
refused sluice check cut.yaml
expect report 'No such file'
