#!/bin/busybox sh
# shellcheck shell=dash
# init: the guest's first and only program: brings the cards up as an operator would, then runs
# sluice until the console says "end". Given by the kernel's command line: CARD_DRIVER.

cards="0000:00:10.0 0000:00:11.0"

/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /run /var/run
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo "guest: up"

while read -r module; do
	insmod "/$module" || echo "guest: cannot load $module"
done </modules

refused() {
	sluice run /wire.yaml >/refusal 2>&1 && echo "guest: sluice ran"
	echo "guest: refused $(head -n 1 /refusal)"
}

refused # no driver has the cards
for card in $cards; do
	echo "$CARD_DRIVER" >"/sys/bus/pci/devices/$card/driver_override"
	echo "$card" >/sys/bus/pci/drivers_probe
done
refused # nor are there hugepages
echo 128 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages

sluice run /wire.yaml --json >/report.json &
sluice=$!
read -r _ # a line from outside: enough
kill -INT $sluice
wait $sluice
status=$?
echo "guest: report"
cat /report.json
echo "guest: end $status"
poweroff -f
