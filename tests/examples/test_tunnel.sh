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
64 bytes from 192.0.2.2: icmp_seq=3 ttl=63
64 bytes from 2001:db8::2: icmp_seq=3 ttl=63
64 bytes from 192.0.2.1: icmp_seq=1 ttl=64
From 10.71.0.1 icmp_seq=1 Time to live exceeded
From fd71::1 icmp_seq=1 Time exceeded: Hop limit
Frag needed and DF set (mtu = 1400)
Packet too big: mtu=1400
1460 bytes from 2001:db8::2: icmp_seq=2 ttl=63
1480 bytes from 192.0.2.2: icmp_seq=1 ttl=63
^accounts\|^    accounts  .* + 0 held
LINES
if ip netns list | grep -q "^slt-$script-"; then
	echo 'a network namespace is left behind'
	exit 1
fi
