#!/usr/bin/env bash
# The embedding example builds as its head comment says, against the installed library, shared and
# static, and passes every packet.
set -euo pipefail

here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/examples/installed.sh
. "$here/installed.sh"

# Build and run by one group of commands of the head comment: NUMBER.
try() {
	rm -f embed
	eval "$(told embed.c "$1")"
	./embed 1000 | tee result
	expect result 'turn  made 0, took 1000, gave 1000, absorbed 0'
	expect result 'out   made 0, took 1000, gave 0, absorbed 1000'
}

install_to "$work/installed"
cp "$here/../../examples/embed/embed.c" "$work"
cd "$work"

try 1
ldd embed >libraries
expect libraries libsluice.so

try 2
ldd embed >libraries
if grep libsluice libraries; then
	exit 1
fi
