#!/usr/bin/env bash
# router.sh [BUILD]: a host, Sluice and another host, in three network namespaces.
#
#   host a                  router                     host b
#   10.71.0.2  -- slr-lan -- 10.71.0.1   192.0.2.1 -- slr-wan --  192.0.2.2
#   fd71::2                  fd71::1  2001:db8::1               2001:db8::2
#                            MTU 1500    MTU 1400
#
# Needs root, ip, ping and ethtool, takes some ten seconds and leaves nothing behind.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../build}" && pwd)
PATH=$build:$PATH
a=slr-$$-a router=slr-$$-router b=slr-$$-b
work=$(mktemp -d)
sluice=

clean_up() {
	[ -z "$sluice" ] || kill -KILL "$sluice" 2>/dev/null || true
	for name in "$a" "$router" "$b"; do
		ip netns del "$name" 2>/dev/null || true
	done
	rm -rf "$work"
}

die() {
	printf 'router.sh: %s\n' "$*" >&2
	exit 1
}

[ "$(id -u)" = 0 ] || die 'network namespaces need root'
for tool in ip ping ethtool sluice; do
	command -v "$tool" >/dev/null || die "there is no $tool"
done
trap clean_up EXIT
trap 'exit 1' INT TERM

# Make a host with a veth to the router: HOST, the router's end, MTU, its IPv4 and IPv6 address, the
# router's.
host() {
	local name=$1 port=$2 mtu=$3

	shift 3
	ip netns add "$name"
	ip -n "$name" link set lo up
	ip -n "$name" link add eth0 mtu "$mtu" type veth peer name "$port" netns "$router"
	# Sluice has no offload, so nobody but the host can finish its checksums.
	ip netns exec "$name" ethtool -K eth0 tx off >/dev/null
	ip -n "$name" address add "$1" dev eth0
	ip -n "$name" address add "$2" dev eth0 nodad
	ip -n "$name" link set eth0 up
	ip -n "$name" route add default via "$3"
	ip -n "$name" route add default via "$4"
	ip netns exec "$router" sysctl -qw "net.ipv6.conf.$port.disable_ipv6=1"
	ip -n "$router" link set "$port" up
}

# Say what comes, show the command, run it in a host: TEXT HOST COMMAND.
show() {
	printf '%s\n  %s$ %s\n' "${1:+$'\n'$1$'\n'}" "${2##*-}" "$3"
	ip netns exec "$2" timeout 20 bash -c "$3" 2>&1 | sed 's/^./    &/' || true
}

ip netns add "$router"
host "$a" slr-lan 1500 10.71.0.2/24 fd71::2/64 10.71.0.1 fd71::1
host "$b" slr-wan 1400 192.0.2.2/24 2001:db8::2/64 192.0.2.1 2001:db8::1

printf 'The file:\n\n'
sed 's/^./    &/' "$here/router.yaml"
printf '\nIs it right, and what does it become?\n\n  $ sluice check router.yaml\n'
sluice check "$here/router.yaml" | sed 's/^./    &/'

ip netns exec "$router" sluice run "$here/router.yaml" >"$work/report" 2>"$work/errors" &
sluice=$!
for _ in {1..100}; do
	kill -0 "$sluice" 2>/dev/null || die "sluice has ended: $(cat "$work/errors")"
	ip netns exec "$a" ping -n -q -c 1 -W 1 192.0.2.2 >/dev/null && break
done

show 'Host b is behind the router, by IPv4 and by IPv6:' "$a" 'ping -n -c 3 -i 0.2 192.0.2.2'
show '' "$a" 'ping -n -c 3 -i 0.2 2001:db8::2'
show 'The router answers for its own addresses:' "$a" 'ping -n -c 1 192.0.2.1'
show 'The way, hop by hop: whoever has a packet when its TTL ends says so:' "$a" \
	'ping -n -c 1 -t 1 192.0.2.2 | grep seq; ping -n -c 1 -t 2 192.0.2.2 | grep seq'
show '' "$a" 'ping -n -c 1 -t 1 2001:db8::2 | grep seq; ping -n -c 1 -t 2 2001:db8::2 | grep seq'
show 'Too long for the next link: packets that may not be divided come back as an error...' "$a" \
	'ping -n -c 1 -W 2 -s 1472 -M do 192.0.2.2'
show '... of IPv6 none may, the host learns the MTU and divides them itself:' "$a" \
	'ping -n -c 2 -i 0.2 -W 2 -s 1452 2001:db8::2'
show '... and others are divided on the way:' "$a" \
	'ip route flush cache; ping -n -c 1 -W 2 -s 1472 -M dont 192.0.2.2'
show 'Where no route leads, and where nobody is:' "$a" \
	'ping -n -c 1 -W 2 10.1.2.3; ping -n -c 1 -W 5 192.0.2.99'

kill -INT "$sluice"
wait "$sluice" || die "sluice failed: $(cat "$work/errors")"
sluice=
printf '\nWhat the router has to say in the end, every packet accounted for:\n\n'
sed 's/^./    &/' "$work/report"
