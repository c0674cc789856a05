#!/usr/bin/env bash
# test_hosts.sh EXAMPLE PREFIX: what the hosts of examples/EXAMPLE.sh see is what EXAMPLE.said says,
# and no namespace, which PREFIX begins, is left behind.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
	echo "skipped: $*"
	exit 77
}

[ "$(id -u)" = 0 ] || skip 'network namespaces need root'
for tool in ip ethtool ping; do
	command -v "$tool" >/dev/null || skip "there is no $tool"
done
ip netns add "$2-$$-probe" 2>/dev/null || skip 'this system lets nobody make network namespaces'
ip netns del "$2-$$-probe"

"$here/../../examples/$1.sh" "$BUILD" >"$work/said" &
script=$!
wait "$script" || { cat "$work/said"; exit 1; }
cat "$work/said"
while read -r line; do
	grep -q -- "$line" "$work/said" || { echo "nobody said: $line"; exit 1; }
done <"$here/$1.said"
if ip netns list | grep -q "^$2-$script-"; then
	echo 'a network namespace is left behind'
	exit 1
fi
