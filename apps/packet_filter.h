// packet_filter: pcap expressions over packets, as machine code where that is possible.
#pragma once

#include <pcap/pcap.h>
#include <sluice/error.h>
#include <sluice/packet.h>

struct sl_packet_filter {
	uint64_t (*machine_code)(void *packet); // NULL where the program has to be interpreted
	size_t machine_code_bytes;              // of its mapping
	struct bpf_program classic;             // what libpcap made of the expression
};

// Compile an expression of pcap-filter(7) for Ethernet frames.
//
// Returns 0 and f, to be freed with sl_packet_filter_fini, or -EINVAL and libpcap's own words.
// Resolves the host names that the expression may hold: control thread only.
int sl_packet_filter_init(struct sl_packet_filter *f, const char *expression, struct sl_error *err);

// Whether it would: sl_packet_filter_init without a filter.
int sl_packet_filter_check(const char *expression, struct sl_error *err);

// Zeroed memory is legal.
void sl_packet_filter_fini(struct sl_packet_filter *f);

// Make f interpret from now on, as it does on processors there is no code generator for.
void sl_packet_filter_interpret(struct sl_packet_filter *f);

// The slow way of sl_packet_filter_match.
bool sl_packet_filter_run(const struct sl_packet_filter *f, const struct rte_mbuf *p);

// Whether p matches. A load beyond the end of p is no match, as with libpcap.
static inline bool sl_packet_filter_match(const struct sl_packet_filter *f, struct rte_mbuf *p)
{
	return f->machine_code ? f->machine_code(p) != 0 : sl_packet_filter_run(f, p);
}
