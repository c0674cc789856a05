// target: what the value of `sluice replay --to` stands for.
#pragma once

#include <sluice/error.h>
#include <stdbool.h>

struct target {
	const char *class; // of the app `out`
	char value[512];   // of its first config key; "" = none
	bool is_stdout;    // the capture goes to the standard output
};

// Decide, in this order: `null`; `-`; a DPDK device ("net_..."); a capture file (a '/' in it, or
// it ends in .pcap, .pcapng or .cap); `tap:NAME`; a PCI address; a network interface that exists.
//
// Returns 0 or -EINVAL: none of these, or a name that is both an interface and a file.
int target_read(struct target *t, const char *to, struct sl_error *err);
