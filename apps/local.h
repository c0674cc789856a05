// local: what the parts of the app local share. Internal to it.
#pragma once

#include "apps/local_listen.h"
#include "core/ip/interfaces.h"
#include "core/ip/reassemble.h"
#include "core/proto/icmp.h"

enum { SL_LOCAL_IN_IPV4, SL_LOCAL_IN_IPV6, SL_LOCAL_IN_CONTROL };
enum { SL_LOCAL_OUT_IPV4, SL_LOCAL_OUT_IPV6, SL_LOCAL_OUT_ERROR, SL_LOCAL_OUT_NAMED };
enum {
	SL_LOCAL_DROP_NO_IP,
	SL_LOCAL_DROP_GROUP,
	SL_LOCAL_DROP_NOT_OURS,
	SL_LOCAL_DROP_BAD_SOURCE,
	SL_LOCAL_DROP_BAD_CHECKSUM,
	SL_LOCAL_DROP_ICMP_IGNORED,
	SL_LOCAL_DROP_UNKNOWN_OPTION,
	SL_LOCAL_DROP_NO_NEXT_HEADER,
	SL_LOCAL_DROP_FRAGMENT_MALFORMED,
	SL_LOCAL_DROP_FRAGMENT_DUPLICATE,
	SL_LOCAL_DROP_FRAGMENT_OVERLAP,
	SL_LOCAL_DROP_FRAGMENT_TOO_MANY,
	SL_LOCAL_DROP_FRAGMENT_EVICTED,
	SL_LOCAL_DROP_FRAGMENT_TIMEOUT,
	SL_LOCAL_DROP_NO_BUFFER,
};
enum {
	SL_LOCAL_METRIC_ECHO_REPLIES,
	SL_LOCAL_METRIC_REASSEMBLED,
	SL_LOCAL_METRIC_TO_TAP,
	SL_LOCAL_METRIC_TO_TUNNEL,
	SL_LOCAL_METRIC_ERRORS
};

enum { SL_LOCAL_TTL = 64 };

struct sl_local {
	struct sl_app app;
	struct sl_strings interfaces;
	struct sl_iface_addresses addresses;
	uint8_t taps[SL_IFACES_MAX]; // outputs by interface
	struct sl_listeners listeners;
	struct sl_reassembly *reassembly;
	uint16_t id;   // of the last IPv4 packet
	uint64_t ids6; // state of those of IPv6
};

// Whether the interface that the packet came in on has a TAP.
bool sl_local_has_tap(const struct sl_local *self, const struct rte_mbuf *p);

// Hand the frame to the host as it came in.
void sl_local_to_tap(struct sl_local *self, struct rte_mbuf *p);

// Hand a whole packet to the tunnel that listens for it. Returns false where none does.
//
// protocol  Of the header at byte `at`, behind all extension headers.
bool sl_local_to_listener(struct sl_local *self, struct rte_mbuf *p, uint8_t protocol, size_t at);

// Whether a fragment may be of a datagram to a tunnel: its first one alone has the port.
bool sl_local_may_be_a_listeners(const struct sl_local *self, uint8_t protocol);

// Have the source told what is wrong with the packet.
void sl_local_tell(struct sl_local *self, struct rte_mbuf *p, unsigned error, uint32_t pointer);

// Turn the ICMP message of len bytes into an echo reply.
//
// initial  Sum of the pseudo-header, or 0.
void sl_local_make_reply(struct sl_icmp_hdr *icmp, size_t len, uint8_t type, uint32_t initial);

// Take a fragment whose fragment header is at byte `at`; of IPv4 that is 0. Returns the whole that
// it completes, or NULL.
struct rte_mbuf *sl_local_reassemble(struct sl_local *self, struct rte_mbuf *p, uint32_t at);

// Take a packet of the family, whatever it is.
void sl_local_ipv4(struct sl_local *self, struct rte_mbuf *p);
void sl_local_ipv6(struct sl_local *self, struct rte_mbuf *p);
