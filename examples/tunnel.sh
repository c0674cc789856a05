#!/usr/bin/env bash
# tunnel.sh [BUILD]: two hosts, each behind a router, and a tunnel between the routers.
#
#   host a               site1                  site2               host b
#   10.1.0.2 -- slt-lan -- 10.1.0.1  192.0.2.1 -- 192.0.2.2  10.2.0.1 -- slt-lan -- 10.2.0.2
#   fd01::2                 fd01::1      slt-wan               fd02::1               fd02::2
#
# site1 runs tunnel.yaml, site2 the same with 1 and 2 exchanged. Needs root, ip, ping and ethtool,
# takes some ten seconds and leaves nothing behind.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../build}" && pwd)
PATH=$build:$PATH
a=slt-$$-a site1=slt-$$-site1 site2=slt-$$-site2 b=slt-$$-b
work=$(mktemp -d)
routers=()

clean_up() {
	for pid in "${routers[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	for name in "$a" "$site1" "$site2" "$b"; do
		ip netns del "$name" 2>/dev/null || true
	done
	rm -rf "$work"
}

die() {
	printf 'tunnel.sh: %s\n' "$*" >&2
	exit 1
}

[ "$(id -u)" = 0 ] || die 'network namespaces need root'
for tool in ip ping ethtool sluice; do
	command -v "$tool" >/dev/null || die "there is no $tool"
done
trap clean_up EXIT
trap 'exit 1' INT TERM

# Leave an interface to Sluice: HOST INTERFACE.
leave() {
	ip netns exec "$1" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=1"
	ip -n "$1" link set "$2" up
}

# Make a host behind a router: HOST ROUTER NUMBER.
host() {
	ip netns add "$1"
	ip netns add "$2"
	ip -n "$1" link set lo up
	ip -n "$1" link add eth0 type veth peer name slt-lan netns "$2"
	# Sluice has no offload, so nobody but the host can finish its checksums.
	ip netns exec "$1" ethtool -K eth0 tx off >/dev/null
	ip -n "$1" address add "10.$3.0.2/24" dev eth0
	ip -n "$1" address add "fd0$3::2/64" dev eth0 nodad
	ip -n "$1" link set eth0 up
	ip -n "$1" route add default via "10.$3.0.1"
	ip -n "$1" route add default via "fd0$3::1"
	leave "$2" slt-lan
}

# Say what comes, show the command, run it in a host: TEXT HOST COMMAND.
show() {
	printf '%s\n  %s$ %s\n' "${1:+$'\n'$1$'\n'}" "${2##*-}" "$3"
	ip netns exec "$2" timeout 20 bash -c "$3" 2>&1 | sed 's/^./    &/' || true
}

host "$a" "$site1" 1
host "$b" "$site2" 2
ip -n "$site1" link add slt-wan type veth peer name slt-wan netns "$site2"
leave "$site1" slt-wan
leave "$site2" slt-wan

for key in site1 site2 both; do
	sluice key new "$work/$key.key"
	sluice key public "$work/$key.key" >"$work/$key.pub"
done
cp "$here/tunnel.yaml" "$work/site1.yaml"
# 10.1 and 10.2, fd01 and fd02, site1 and site2, .1 and .2 change places.
sed -E 's/(site|10\.|fd0|192\.0\.2\.|192\.168\.9\.)1/\1@/g; s/(site|10\.|fd0|192\.0\.2\.|192\.168\.9\.)2/\11/g; s/@/2/g' \
	"$work/site1.yaml" >"$work/site2.yaml"

printf 'The file of one router:\n\n'
sed 's/^./    &/' "$work/site1.yaml"
printf '\nIs it right, and what does it become?\n\n  $ sluice check site1.yaml\n'
sluice check "$work/site1.yaml" | sed 's/^./    &/'

for site in site1 site2; do
	ip netns exec "slt-$$-$site" sluice run "$work/$site.yaml" >"$work/$site.report" \
		2>"$work/$site.errors" &
	routers+=($!)
done
for _ in {1..100}; do
	for pid in "${routers[@]}"; do
		kill -0 "$pid" 2>/dev/null || die "sluice has ended: $(cat "$work"/*.errors)"
	done
	ip netns exec "$a" ping -n -q -c 1 -W 1 10.2.0.2 >/dev/null && break
done

show 'Host b is behind the tunnel, by IPv4 and by IPv6:' "$a" 'ping -n -c 3 -i 0.2 10.2.0.2'
show '' "$a" 'ping -n -c 3 -i 0.2 fd02::2'
show 'The other end of the tunnel answers for itself:' "$a" 'ping -n -c 1 192.168.9.2'
show 'Too long for the tunnel: packets that may not be divided come back as an error...' "$a" \
	'ping -n -c 1 -W 2 -s 1472 -M do 10.2.0.2'
show '... of IPv6 none may, both hosts learn the MTU and divide them themselves:' "$a" \
	'ping -n -c 3 -i 0.2 -W 2 -s 1452 fd02::2'
show '... and others are divided in front of the tunnel:' "$a" \
	'ip route flush cache; ping -n -c 1 -W 2 -s 1472 -M dont 10.2.0.2'
show 'What the tunnel is not allowed to carry, the router refuses:' "$a" \
	'ping -n -c 1 -W 2 192.168.9.9'

for pid in "${routers[@]}"; do
	kill -INT "$pid"
done
for pid in "${routers[@]}"; do
	wait "$pid" || die "sluice failed: $(cat "$work"/*.errors)"
done
routers=()
printf '\nWhat one router has to say in the end, every packet accounted for:\n\n'
sed 's/^./    &/' "$work/site1.report"
