#!/usr/bin/env bash
# demo.sh BUILD: what Sluice does, shown on a real capture; everything it writes is in BUILD/demo.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/demo"
PATH=$(cd "$1" && pwd):$PATH
cd "$1/demo"
cp "$here/sort.yaml" "$here/../bench/captures/mixed.pcap" .

# Say what comes, show the command, run it: TEXT COMMAND.
show() {
	printf '\n%s\n\n  $ %s\n\n' "$1" "$2"
	eval "$2" | sed 's/^./  &/'
}

cat <<'TXT'

A capture of a small network: names looked up, pages fetched, a shell, pings, over IPv4 and IPv6.
The file sort.yaml says what is to happen to it:

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
show 'Run it. Every packet must turn up again, here or there:' 'sluice run sort.yaml'
if command -v tcpdump >/dev/null; then
	show 'What is in one of the new files, as tcpdump reads it:' \
		'tcpdump -n -t -c 4 -r dns.pcap 2>/dev/null'
fi
show 'The capture as test traffic, ten times as fast as it was recorded, each packet by a deadline:' \
	'sluice replay mixed.pcap --rate x10'
show 'Again and again, from memory through a filter, as fast as one core of this machine can:' \
	"sluice replay mixed.pcap --loop 20000 --through 'filter tcp'"
printf '\nThe files are in %s. Next: sluice --help, README.md, docs/.\n' "$PWD"
