#!/usr/bin/env bash
# demo.sh BUILD: what Sluice does, shown on a real capture; everything it writes is in BUILD/demo.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/demo"
PATH=$(cd "$1" && pwd):$PATH
cd "$1/demo"
cp "$here/route.yaml" "$here/sort.yaml" "$here/../bench/captures/mixed.pcap" .

# Say what comes, show the command, run it: TEXT COMMAND.
show() {
	printf '\n%s\n\n  $ %s\n\n' "$1" "$2"
	eval "$2" | sed 's/^./  &/'
}

cat <<'TXT'

A capture of a small network: names looked up, pages fetched, a shell, pings, over IPv4 and IPv6.
The file route.yaml says that Sluice is the router between the client and the servers in it:

                            192.0.2.1     198.51.100.1
                        2001:db8:1::1     2001:db8:2::1
  what the client sent -> client --[ Sluice ]-- servers <- what the servers sent
           client.pcap <-    MTU 1500     MTU 1400       -> servers.pcap
TXT
show 'Is the file right? And the network it describes, too: addresses, next hops, MTUs.' \
	'sluice check route.yaml'
show 'Run it. Every packet must turn up again, here or there:' \
	"sluice run route.yaml | grep -v '^  [a-z]' | cat -s"
if command -v tcpdump >/dev/null; then
	show 'What it told the client: whose TTL ended, what was too long, who is not there. (The router in
the capture has had its say as well: those packets claim to be from this one, and are the martians.)' \
		"tcpdump -n -t -r client.pcap '(icmp and src 192.0.2.1 and ip[8] = 64) or (icmp6 and src 2001:db8:1::1 and ip6[7] = 64)' 2>/dev/null"
fi
cat <<'TXT'

Or apps and links of one's own. The file sort.yaml:

              +-----+ match  +-------+
  mixed.pcap -| dns |--------| names |- dns.pcap
              +-----+        +-------+
                 | rest
              +-----+ match  +-------+
              | web |--------| pages |- web.pcap
              +-----+        +-------+
                 | rest
              +------+
              | rest |- counted
              +------+
TXT
show 'Run that:' 'sluice run sort.yaml'
show 'The capture as test traffic, ten times as fast as it was recorded, each packet by a deadline:' \
	'sluice replay mixed.pcap --rate x10'
show 'Again and again, from memory through a filter, as fast as one core of this machine can:' \
	"sluice replay mixed.pcap --loop 20000 --through 'filter tcp'"

# One line for each packet of a capture, in an order that does not depend on when it came: FILE.
packets() {
	tcpdump -n -t -xx -r "$1" 2>/dev/null | sed -n 's/^\t0x\(....\):/\1/p' |
		awk '$1 == "0000" && NR > 1 { print "" } { printf "%s", $0 } END { print "" }' | sort
}

# Keys that others could have read are refused, and so is a second key of the same name.
rm -f left.key right.key psk.key
for key in left right psk; do
	sluice key new "$key.key"
done
sed "s,RIGHT,$(sluice key public right.key)," "$here/seal.yaml" >seal.yaml
sed "s,LEFT,$(sluice key public left.key)," "$here/open.yaml" >open.yaml

cat <<'TXT'

And through an encrypted tunnel, as WireGuard has it, between two Sluices. seal.yaml puts the packets
of the capture in, open.yaml takes them out at the other end of a bad way:

  mixed.pcap -> tunnel -> impair (duplicates, other order, 5 ms late) -> UDP
                     received.pcap <- tunnel <- UDP
TXT
# Run a graph in the background: NAME, of NAME.yaml and the report NAME.txt.
running=()
start() {
	printf '  $ sluice run %s.yaml >%s.txt &\n' "$1" "$1"
	sluice run "$1.yaml" >"$1.txt" &
	running+=($!)
}
trap 'kill "${running[@]}" 2>/dev/null || true' EXIT

# Wait until a command succeeds, on a busy machine a while: COMMAND.
eventually() {
	for _ in {1..300}; do
		kill -0 "${running[@]}" || exit 1
		"$@" && return
		sleep 0.1
	done
	echo "demo.sh: waited in vain: $*" >&2
	exit 1
}

# Port 51899 is open.
listens() {
	grep -q ':CABB ' /proc/net/udp
}

# Something has been sent, and as much has arrived as a second ago.
arrived() {
	local sent

	[ -s sent.pcap ] || return 1
	sent=$(wc -c <sent.pcap)
	sleep 1
	[ "$sent" -gt 24 ] && [ "$sent" = "$(wc -c <received.pcap)" ]
}

printf '\nOne Sluice waits:\n\n'
start open
eventually listens
printf '\nThe other one sends, and agrees on a session first:\n\n'
start seal
eventually arrived
kill "${running[@]}"
wait "${running[@]}"
trap - EXIT
show 'What was sent:' \
	"grep -E '^(in|out|dropped|accounts)|  by |sealed|duplicated|reordered' seal.txt"
show 'What arrived. Copies that were made on the way are not let in a second time:' \
	"grep -E '^(in|out|dropped|accounts)|  by |opened' open.txt"
if command -v tcpdump >/dev/null; then
	packets sent.pcap >sent.txt
	packets received.pcap >received.txt
	show 'Are they the same, byte for byte?' \
		"cmp sent.txt received.txt && echo \"yes, all \$(wc -l <received.txt)\""
fi
printf '\nThe files are in %s. Next: sluice --help, README.md, docs/.\n' "$PWD"
