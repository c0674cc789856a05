// allowed: which peer of a tunnel an inner address belongs to.
//
// A path-compressed binary trie for each family, in memory that is set aside once: a worker can
// add and remove without touching the heap, and memory that is never used is never touched. A
// prefix belongs to one peer; giving it to another moves it. (The "allowed IPs" of WireGuard:
// paper section 2, cryptokey routing.)
#pragma once

#include "core/ip/address.h"

#define SL_ALLOWED_NOBODY UINT32_MAX

struct sl_allowed;

// Returns a trie with room for so many prefixes of peers 0 to n_peers - 1, owned by the caller,
// or NULL (out of memory).
struct sl_allowed *sl_allowed_create(size_t n_prefixes, uint32_t n_peers);

// NULL is legal.
void sl_allowed_destroy(struct sl_allowed *a);

// Give a prefix to a peer; bits behind it are ignored. Returns 0 or -ENOSPC, a as it was.
int sl_allowed_add(struct sl_allowed *a, const struct sl_prefix *p, uint32_t peer);

// Take a prefix from a peer. Returns false where it is not the peer's.
bool sl_allowed_remove(struct sl_allowed *a, const struct sl_prefix *p, uint32_t peer);

// Take all its prefixes from a peer.
void sl_allowed_remove_peer(struct sl_allowed *a, uint32_t peer);

// The peer of the longest prefix that contains an address of sl_ip_len(family) bytes, or
// SL_ALLOWED_NOBODY.
uint32_t sl_allowed_find(const struct sl_allowed *a, uint8_t family, const uint8_t *address);

// An address as a number, first bit highest. IPv4 fills the upper half of `high`.
struct sl_allowed_key {
	uint64_t high, low;
};

// An address that is looked up in a burst.
struct sl_allowed_ask {
	struct sl_allowed_key key;
	uint32_t slot; // where what is known of it would be
	uint32_t peer; // the answer, as of sl_allowed_find
	uint8_t family;
};

// Fill in an address to ask for, and have what is known of it on its way.
void sl_allowed_ask(const struct sl_allowed *a, uint8_t family, const uint8_t *address,
		    struct sl_allowed_ask *ask);

enum { SL_ALLOWED_BURST = 64 };

// Answer up to SL_ALLOWED_BURST of them together: what one waits for memory, the others look.
void sl_allowed_find_burst(const struct sl_allowed *a, struct sl_allowed_ask *asks, unsigned n);

// Step through the prefixes of a peer, in the order they came to it. Start with *cursor = 0.
// Returns false behind the last. The trie must not change meanwhile.
bool sl_allowed_next(const struct sl_allowed *a, uint32_t peer, uint32_t *cursor,
		     struct sl_prefix *out);

// How many prefixes there are.
size_t sl_allowed_count(const struct sl_allowed *a);
