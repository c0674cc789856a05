// reassemble: fragments of IP packets for the router itself, put together again.
//
// Both families follow RFC 5722: a fragment that overlaps another, or goes beyond the end, makes
// the whole datagram be dropped in silence, with what of it is still to come; only a fragment that
// is there already, byte for byte, is passed over. Fragments are held as they came, and copied
// once, into one contiguous packet, when nothing is missing.
//
// How many datagrams and fragments are held is fixed. The place of a datagram follows from its two
// addresses, with WAYS (8) of them in one place: where all are taken, the oldest gives way. So a
// host that sends fragments without end empties its own place and not that of the others, and
// forged addresses push out a datagram only if they bring 8 new ones to its place before its
// fragments are there.
//
// Spec: RFC 791 section 3.2, RFC 1122 section 3.3.2, RFC 8200 section 4.5, RFC 5722, RFC 7112.
#pragma once

#include <sluice/packet.h>

struct sl_reassembly;

// What becomes of a fragment.
enum sl_reassembly_fate {
	SL_REASSEMBLY_USED,       // its bytes are in a packet that is whole
	SL_REASSEMBLY_DUPLICATE,  // was there already
	SL_REASSEMBLY_OVERLAP,    // overlaps another, or another of the datagram did
	SL_REASSEMBLY_TOO_MANY,   // the datagram has more than SL_REASSEMBLY_PIECES
	SL_REASSEMBLY_EVICTED,    // gave way to newer ones
	SL_REASSEMBLY_TIMEOUT,    // the rest never came
	SL_REASSEMBLY_FIRST,      // likewise, and this is the first one: its source is to be told
	SL_REASSEMBLY_MALFORMED,  // empty
	SL_REASSEMBLY_BAD_LENGTH, // not the last one, and no multiple of 8 bytes
	SL_REASSEMBLY_TOO_LONG,   // ends beyond the longest IP packet
	SL_REASSEMBLY_CHAIN,      // the first one, of IPv6, and not all headers are in it
	SL_REASSEMBLY_NO_BUFFER,  // no packet could hold the whole
};

enum { SL_REASSEMBLY_PIECES = 128 }; // of one datagram: the longest one at an MTU of 576

struct sl_reassembly_options {
	unsigned datagrams; // held at a time; rounded up to a power of two
	unsigned fragments; // held at a time, of all datagrams
	uint64_t timeout_ns;
	struct rte_mempool *pool;  // where whole packets come from,
	struct rte_mempool *jumbo; // and those that are too long for it; NULL = no such
};

// Returns a table, owned by the caller, or NULL (out of memory). Control thread.
struct sl_reassembly *sl_reassembly_create(const struct sl_reassembly_options *o);

// Free it with the fragments it holds. NULL is legal.
void sl_reassembly_destroy(struct sl_reassembly *r);

// Say who takes over each fragment when its fate is known, whether it went through the table or
// was refused at once. To be called before the first packet.
//
// lost  Owns p from then on.
void sl_reassembly_listen(struct sl_reassembly *r,
			  void (*lost)(void *context, struct rte_mbuf *p,
				       enum sl_reassembly_fate fate),
			  void *context);

// Take over what a table of the same options holds, in place of what r does, which is nothing.
void sl_reassembly_adopt(struct sl_reassembly *r, struct sl_reassembly *old);

// Take over a fragment: an IP packet that says it is one, with its meta in front.
//
// at      Where the fragment header of an IPv6 packet is; of IPv4, not looked at.
// now_ns  Monotonic.
//
// Returns NULL, or a packet that is whole, owned by the caller: a new one with the meta of the
// first fragment; or p itself, where it is a fragment of one piece (RFC 6946) and needs no table.
struct rte_mbuf *sl_reassembly_add(struct sl_reassembly *r, struct rte_mbuf *p, uint32_t at,
				   uint64_t now_ns);

// Let go of datagrams whose time is over.
void sl_reassembly_expire(struct sl_reassembly *r, uint64_t now_ns);

// Fragments held now.
unsigned sl_reassembly_held(const struct sl_reassembly *r);
