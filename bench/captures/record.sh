#!/usr/bin/env bash
# record.sh [OUT]: record a capture of everyday traffic, with real programs on a real kernel.
#
# Three network namespaces stand for a client, a router and a server, joined by two veth pairs;
# tcpdump listens on the router's side of the client's network. Offloads are off, so that every
# frame is one that a wire could carry, with the checksums it would carry. README.md says what is
# in the capture. Needs root, and installs the programs it talks with (Debian). Namespaces and
# processes are gone when it ends.
set -euo pipefail

out=$(realpath "${1:-$(dirname "$0")/mixed.pcap}")
work=$(mktemp -d)
id=slrec$$
client=$id-client router=$id-router server=$id-server

packages=(dnsmasq-base bind9-dnsutils curl openssl dropbear-bin openssh-client iputils-ping
	traceroute python3 ethtool iproute2 tcpdump procps)

on() {
	ip netns exec "$@"
}

# Try a command until it succeeds, for ten seconds.
wait_for() {
	local i

	for ((i = 0; i < 200; i++)); do
		! "$@" || return 0
		sleep 0.05
	done
	echo "record.sh: waited in vain for: $*" >&2
	return 1
}

clean_up() {
	local ns

	for ns in "$client" "$router" "$server"; do
		ip netns pids "$ns" 2>/dev/null | xargs -r kill 2>/dev/null || true
		ip netns del "$ns" 2>/dev/null || true
	done
	rm -rf "$work"
}

# Join two namespaces: NS MAC NS MAC; the interface is named after the other end.
join() {
	local near=$1 far=$3 near_if=${3##*-} far_if=${1##*-}

	ip -n "$near" link add "$near_if" address "$2" type veth \
		peer name "$far_if" address "$4" netns "$far"
	on "$near" ethtool -K "$near_if" rx off tx off sg off tso off gso off gro off >/dev/null
	on "$far" ethtool -K "$far_if" rx off tx off sg off tso off gso off gro off >/dev/null
}

build_network() {
	local ns

	for ns in "$client" "$router" "$server"; do
		ip netns add "$ns"
		ip -n "$ns" link set lo up
	done
	join "$client" 02:00:00:00:00:0c "$router" 02:00:00:00:00:01
	join "$server" 02:00:00:00:00:05 "$router" 02:00:00:00:00:02
	on "$router" sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "$router" addr add 192.0.2.1/24 dev client
	ip -n "$router" addr add 2001:db8:1::1/64 dev client nodad
	ip -n "$router" addr add 198.51.100.1/24 dev server
	ip -n "$router" addr add 2001:db8:2::1/64 dev server nodad
	ip -n "$router" route add prohibit 203.0.113.0/24
	ip -n "$server" addr add 198.51.100.5/24 dev router
	ip -n "$server" addr add 2001:db8:2::5/64 dev router nodad
	ip -n "$router" link set server up
	ip -n "$router" link set client up
	ip -n "$server" link set router up
	ip -n "$server" route add default via 198.51.100.1
	ip -n "$server" route add default via 2001:db8:2::1
}

start_router() {
	on "$router" dnsmasq --conf-file=/dev/null --pid-file="$work/dhcp.pid" --port=0 --user=root \
		--interface=client --dhcp-range=192.0.2.100,192.0.2.120,1h \
		--dhcp-option=option:dns-server,198.51.100.5 --dhcp-leasefile="$work/leases" \
		--enable-ra --dhcp-range=2001:db8:1::,ra-only --ra-param=client,4,600 \
		--log-facility=/dev/null
}

start_dns() {
	on "$server" dnsmasq --conf-file=/dev/null --pid-file="$work/dns.pid" --user=root \
		--no-resolv --no-hosts --local=/example/ --log-facility=/dev/null \
		--host-record=www.example,198.51.100.5,2001:db8:2::5 \
		--cname=web.example,www.example --mx-host=example,mail.example,10 \
		--host-record=mail.example,198.51.100.25 --srv-host=_ssh._tcp.example,www.example,22 \
		--txt-record="long.example,$(seq -s ' ' 1 60),$(seq -s ' ' 61 110),$(seq -s ' ' 111 160)" \
		--txt-record="longer.example$(for i in $(seq 9); do
			printf ',%s' "$(seq -s ' ' "${i}00" "${i}55")"
		done)"
}

start_web() {
	mkdir "$work/www"
	seq -f 'line %g of a page' 1 60 >"$work/www/page.txt"
	head -c 120000 /dev/urandom >"$work/www/bulk.bin"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=www.example -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
	on "$server" python3 - "$work" <<'PY' 2>/dev/null &
import functools
import http.server
import socket
import ssl
import sys
import threading


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6  # and IPv4, mapped


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"


work = sys.argv[1]
handler = functools.partial(Handler, directory=work + "/www")
plain, secure = (Server(("::", port), handler) for port in (80, 443))
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(work + "/tls.crt", work + "/tls.key")
secure.socket = tls.wrap_socket(secure.socket, server_side=True)
threading.Thread(target=plain.serve_forever).start()
secure.serve_forever()
PY
	wait_for on "$server" curl -s -k -o /dev/null 'https://[::1]/page.txt'
}

# The server's home is an empty one of its own: `ip netns exec` has private mounts.
start_ssh() {
	dropbearkey -t ed25519 -f "$work/host.key" >/dev/null 2>&1
	ssh-keygen -q -t ed25519 -N '' -C client -f "$work/id"
	# shellcheck disable=SC2016 # the inner shell expands
	on "$server" sh -c '
		mount -t tmpfs -o mode=700 tmpfs ~ && mkdir -m 700 ~/.ssh && cp "$1/id.pub" ~/.ssh/authorized_keys
		exec dropbear -F -E -s -r "$1/host.key" -P "$1/ssh.pid" -p 22 -c "seq 1 1000"
	' ssh "$work" 2>/dev/null &
}

start_capture() {
	on "$router" tcpdump -Z root -q -U -n -s 262144 -B 4096 -i client -w "$work/mixed.pcap" 2>"$work/log" &
	wait_for grep -q listening "$work/log"
}

# Stop tcpdump once it has seen all, and fail where the kernel dropped a frame.
stop_capture() {
	sleep 1
	ip netns pids "$router" | while read -r pid; do
		[ "$(cat "/proc/$pid/comm")" != tcpdump ] || kill -INT "$pid"
	done
	wait_for grep -q 'dropped by kernel' "$work/log"
	grep -q '^0 packets dropped by kernel' "$work/log"
	mv "$work/mixed.pcap" "$out"
}

has_global_address() {
	ip -n "$client" -6 addr show scope global -tentative | grep -q inet6
}

# The client takes its addresses: duplicate address detection, router solicitation, DHCP.
client_arrives() {
	cat >"$work/udhcpc" <<'SH'
#!/bin/sh
[ "$1" = bound ] && ip addr add "$ip/$mask" dev "$interface" &&
	ip route add default via "${router%% *}"
exit 0
SH
	chmod +x "$work/udhcpc"
	ip -n "$client" link set router up
	on "$client" busybox udhcpc -q -n -f -i router -x hostname:client -s "$work/udhcpc" \
		>/dev/null 2>&1
	wait_for has_global_address
}

talk_dns() {
	local at

	for at in 198.51.100.5 2001:db8:2::5; do
		for name in www.example web.example nowhere.example; do
			on "$client" dig @$at +tries=1 $name A
			on "$client" dig @$at +tries=1 $name AAAA
		done
		on "$client" dig @$at example MX
		on "$client" dig @$at _ssh._tcp.example SRV
		on "$client" dig @$at -x 198.51.100.5
		on "$client" dig @$at +tcp www.example A
		on "$client" dig @$at long.example TXT
		on "$client" dig @$at +bufsize=512 longer.example TXT # truncated, asked again by TCP
	done
}

talk_web() {
	local at scheme

	for at in 198.51.100.5 '[2001:db8:2::5]'; do
		for scheme in http https; do
			on "$client" curl -s -k --resolve "www.example:80:$at" \
				--resolve "www.example:443:$at" "$scheme://www.example/page.txt"
		done
		on "$client" curl -s "http://$at/missing"
		on "$client" curl -s -k --tls-max 1.2 "https://$at/page.txt"
	done
	on "$client" curl -s "http://198.51.100.5/bulk.bin"
	on "$client" curl -s -k "https://[2001:db8:2::5]/bulk.bin"
	on "$client" curl -s --data-binary "@$work/www/page.txt" "http://198.51.100.5/page.txt"
	on "$client" curl -s "http://198.51.100.5:81/" || true # refused
}

talk_ssh() {
	local at

	for at in 198.51.100.5 2001:db8:2::5; do
		on "$client" ssh -F /dev/null -i "$work/id" -o StrictHostKeyChecking=no \
			-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@$at numbers
	done
}

# Echo, fragments, and every kind of "you cannot get there".
talk_icmp() {
	local at

	for at in 198.51.100.5 2001:db8:2::5; do
		on "$client" ping -q -c 5 -i 0.2 $at
		on "$client" ping -q -c 2 -i 0.2 -s 3000 $at
		on "$client" traceroute -n -q 1 -w 1 $at
		on "$client" traceroute -n -q 1 -w 1 -I $at
		on "$client" dig @$at -p 5353 +tries=1 +timeout=1 www.example || true
	done
	on "$client" ping -q -c 1 -W 1 203.0.113.1 || true    # prohibited
	on "$client" ping -q -c 1 -W 4 198.51.100.77 || true  # nobody there
	on "$client" ping -q -c 1 -W 1 192.0.2.99 || true     # nobody answers ARP
	on "$client" ping -q -c 1 -W 1 2001:db8:1::99 || true # nor ND
	on "$client" ping -q -c 1 ff02::1%router
}

talk_multicast() {
	on "$client" python3 - <<'PY'
import socket
import struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
group = socket.inet_aton("239.1.2.3")
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4sl", group, 0))
for i in range(20):
    s.sendto(b"tick %d" % i, ("239.1.2.3", 5000))
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.sendto(b"anyone there?", ("192.0.2.255", 5001))
PY
}

main() {
	[ "$(id -u)" = 0 ] || { echo 'record.sh: needs root' >&2; exit 1; }
	command -v busybox >/dev/null || packages+=(busybox)
	dpkg -s "${packages[@]}" >/dev/null 2>&1 || {
		apt-get -q -y update
		DEBIAN_FRONTEND=noninteractive \
			apt-get -q -y install --no-install-recommends "${packages[@]}"
	}
	trap clean_up EXIT
	build_network
	start_capture
	start_router
	start_dns
	start_web
	start_ssh
	client_arrives
	{
		talk_icmp &
		talk_dns
		talk_web
		talk_ssh
		talk_multicast
		wait $!
	} >/dev/null
	stop_capture
	echo "record.sh: $(tcpdump -r "$out" 2>/dev/null | wc -l) packets in $out"
}

main
