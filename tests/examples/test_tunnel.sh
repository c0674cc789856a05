#!/usr/bin/env bash
# examples/tunnel.sh: what the hosts see is what it promises, and it leaves nothing behind.
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
ip netns add "slt-$$-probe" 2>/dev/null || skip 'this system lets nobody make network namespaces'
ip netns del "slt-$$-probe"

"$here/../../examples/tunnel.sh" "$BUILD" >"$work/said" &
script=$!
wait "$script" || { cat "$work/said"; exit 1; }
cat "$work/said"
while read -r line; do
	grep -q -- "$line" "$work/said" || { echo "nobody said: $line"; exit 1; }
done <<'LINES'
64 bytes from 10.2.0.2: icmp_seq=3 ttl=62
64 bytes from fd02::2: icmp_seq=3 ttl=62
64 bytes from 192.168.9.2: icmp_seq=1 ttl=63
Frag needed and DF set (mtu = 1420)
Packet too big: mtu=1420
1460 bytes from fd02::2: icmp_seq=3 ttl=62
1480 bytes from 10.2.0.2: icmp_seq=1 ttl=62
From 10.1.0.1 icmp_seq=1 Destination Host Unreachable
^accounts\|^    accounts  .* + 0 held
LINES
if ip netns list | grep -q "^slt-$script-"; then
	echo 'a network namespace is left behind'
	exit 1
fi
