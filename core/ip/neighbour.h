// neighbour: who on a link has which IP address, and is it still there. Spec: RFC 4861 section 7.3.
//
// One table holds the neighbours of one interface and one family. The same machine serves both
// families: a solicitation is an ARP request or a neighbour solicitation, a confirmation an answer
// to one. The table knows no messages, no clock and no engine: its owner says what was heard and
// what time it is, and does what the table asks for (struct sl_neighbour_acts).
//
// Memory is bounded and all of it is taken at the start. What strangers can make the table
// remember is parted by how much is known about it, and each part has a share of its own:
//
//	1/4  addresses asked for that have not answered
//	1/4  stations that have told about themselves and are not used
//	1/8  each: those of them that are used, that are asked, that say they are there
//
// In a full part the oldest makes room for the newest. A station that has answered a solicitation
// is in no such part: its own silence removes it, or `stale_ns` without use, and nothing else. So a
// flood displaces its like; who has been confirmed stays, and who answers within the time that the
// flood takes to fill a part gets in.
//
// Thread rule: one thread at a time.
#pragma once

#include <sluice/link.h>

enum sl_neighbour_state {
	SL_NEIGHBOUR_FREE,       // no neighbour
	SL_NEIGHBOUR_INCOMPLETE, // asked for by multicast or broadcast; packets wait
	SL_NEIGHBOUR_STALE,      // its address is known, its presence not; to be asked when used
	// From here on packets go out with no further ado.
	SL_NEIGHBOUR_DELAY,     // used, will be asked soon
	SL_NEIGHBOUR_PROBE,     // asked itself
	SL_NEIGHBOUR_REACHABLE, // has answered not long ago
	SL_NEIGHBOUR_PERMANENT, // said by the file or the kernel
};

struct sl_neighbour {
	uint8_t ip[16];                 // of IPv4 the first four bytes, the rest 0
	uint8_t header[14];             // Ethernet header of packets to it; from STALE on
	uint8_t state;                  // enum sl_neighbour_state
	uint8_t tries;                  // solicitations sent in this state
	uint64_t due_ns;                // when the state ends by itself
	uint32_t older, newer;          // in its part
	uint32_t hold_first, hold_last; // packets that wait
	uint16_t held;                  // how many
	bool known;                     // has answered a solicitation
	bool asked;                     // a solicitation is not answered yet
	uint8_t part;                   // which list it is in
	bool lasting;                   // permanent, and outlives a change of the configuration
};
_Static_assert(sizeof(struct sl_neighbour) == 64, "a neighbour is a cache line");

// Why a packet that waited, or was to wait, will not be sent.
enum sl_neighbour_refusal {
	SL_NEIGHBOUR_UNREACHABLE, // nobody answered
	SL_NEIGHBOUR_QUEUE_FULL,  // newer packets wait
	SL_NEIGHBOUR_TABLE_FULL,  // the address has, or got, no place
};

// What the owner does. It may call no function of the table from within.
struct sl_neighbour_acts {
	void *owner;
	// Ask: everybody where n is INCOMPLETE, n itself where it is in PROBE.
	void (*solicit)(void *owner, const struct sl_neighbour *n);
	// Send p, which has waited for n; the owner owns it.
	void (*send)(void *owner, const struct sl_neighbour *n, struct rte_mbuf *p);
	// Get rid of p, which the owner owns.
	void (*refuse)(void *owner, struct rte_mbuf *p, enum sl_neighbour_refusal why);
};

struct sl_neighbour_config {
	uint32_t entries;       // at least 16
	uint32_t holds;         // packets that may wait for all of them, at least 1
	uint16_t hold;          // and for one, at least 1
	uint16_t type;          // EtherType of packets to them
	uint8_t mac[6];         // where they come from
	uint64_t seed[2];       // random: strangers must not know which addresses collide
	uint64_t retransmit_ns; // between two solicitations; RFC 4861 section 10: 1 s
	uint64_t delay_ns;      // used, before it is asked: 5 s
	uint64_t reachable_ns;  // after an answer: 30 s, times 0.5 to 1.5
	uint64_t stale_ns;      // unused, before it is forgotten
};

enum {
	SL_NEIGHBOUR_TRIES = 3, // MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT
	SL_NEIGHBOUR_PARTS = 11,
};

// No index. An enumerator is an int to clang.
#define SL_NEIGHBOUR_NONE UINT32_MAX

struct sl_neighbour_slot {
	uint32_t tag; // upper half of the hash
	uint32_t entry;
};

struct sl_neighbour_part {
	uint32_t oldest, newest;
	uint32_t count, share;
};

struct sl_neighbours {
	struct sl_neighbour_slot *slots; // a hash table with linear probing, at most half full
	struct sl_neighbour *entries;
	uint64_t mask; // slots - 1
	uint64_t seed[2];

	struct sl_neighbour_config config;
	struct sl_neighbour_acts acts;
	struct sl_neighbour_hold *holds;
	uint32_t free_entry, free_hold;    // chains
	uint32_t oldest_hold, newest_hold; // of all neighbours
	uint32_t count, held;              // entries and packets
	uint64_t displaced;                // entries that made room
	struct sl_neighbour_part parts[SL_NEIGHBOUR_PARTS];
};

// Returns an empty table, owned by the caller, or NULL (out of memory).
struct sl_neighbours *sl_neighbours_create(const struct sl_neighbour_config *config,
					   const struct sl_neighbour_acts *acts);

// Free the table and with it the packets that wait, which nobody is told. NULL is legal.
void sl_neighbours_destroy(struct sl_neighbours *t);

// Take over everything that another table of the same family has, packets included, as far as
// there is room. Permanent neighbours come along where they are lasting.
void sl_neighbours_adopt(struct sl_neighbours *t, struct sl_neighbours *old, uint64_t now_ns);

// The owner's own link-layer address is another one from now on.
void sl_neighbours_set_mac(struct sl_neighbours *t, const uint8_t mac[6]);

// Mix an address with the seed: a folded product.
static inline uint64_t sl_neighbours_hash(const struct sl_neighbours *t, const uint8_t ip[16])
{
	__extension__ typedef unsigned __int128 wide;
	uint64_t half[2];
	wide product;

	memcpy(half, ip, sizeof(half));
	product = (wide)(half[0] ^ t->seed[0]) * (half[1] ^ t->seed[1]);
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// The neighbour that has the address, or NULL. It is good until the table is changed.
static inline struct sl_neighbour *sl_neighbours_find(const struct sl_neighbours *t,
						      const uint8_t ip[16])
{
	uint64_t hash = sl_neighbours_hash(t, ip);

	for (uint64_t i = hash & t->mask;; i = (i + 1) & t->mask) {
		const struct sl_neighbour_slot *slot = &t->slots[i];

		if (slot->entry == SL_NEIGHBOUR_NONE)
			return NULL;
		if (slot->tag == (uint32_t)(hash >> 32) &&
		    memcmp(t->entries[slot->entry].ip, ip, sizeof(t->entries[0].ip)) == 0)
			return &t->entries[slot->entry];
	}
}

// Whether packets go to n with its header and nothing else is to be done.
static inline bool sl_neighbour_is_ready(const struct sl_neighbour *n)
{
	return n && n->state >= SL_NEIGHBOUR_DELAY;
}

// Send a packet to a neighbour that sl_neighbours_find has not found ready.
//
// p  The caller's; the table's where the result is NULL.
//
// Returns the neighbour, whose header belongs in front of p now; or NULL: p waits, or has been
// refused.
const struct sl_neighbour *sl_neighbours_use(struct sl_neighbours *t, const uint8_t ip[16],
					     struct rte_mbuf *p, uint64_t now_ns);

// A station has told about itself without being asked: in a request, in a solicitation.
//
// create  Whether to remember who was not known: it wants something from us.
void sl_neighbours_hear(struct sl_neighbours *t, const uint8_t ip[16], const uint8_t mac[6],
			bool create, uint64_t now_ns);

// A station has advertised itself. Those nobody wants to know are ignored. Spec: RFC 4861
// section 7.2.5.
//
// mac        Its link-layer address; NULL = it is not said.
// solicited  It answers us.
// override   Its address counts even where another one is known.
void sl_neighbours_advertise(struct sl_neighbours *t, const uint8_t ip[16], const uint8_t *mac,
			     bool solicited, bool override, uint64_t now_ns);

// Fix a neighbour: nothing heard changes it. Returns false where the table is full of such.
bool sl_neighbours_fix(struct sl_neighbours *t, const uint8_t ip[16], const uint8_t mac[6],
		       bool lasting);

// Forget a fixed neighbour.
void sl_neighbours_unfix(struct sl_neighbours *t, const uint8_t ip[16]);

// Do what is due, at most so much: `most` states of each part end.
void sl_neighbours_tick(struct sl_neighbours *t, uint64_t now_ns, unsigned most);
