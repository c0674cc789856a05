#include "core/tunnel/allowed.h"

#include "core/pages.h"
#include "core/proto/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	NONE = 0, // no node; nodes count from 1
	ANSWER_BITS_MIN = 10,
	ANSWER_BITS_MAX = 18,
	ANSWERS_FROM = 64, // prefixes; among fewer, a walk is as short
};

// What a lookup reads: two to a cache line.
struct node {
	struct sl_allowed_key key; // masked
	uint32_t child[2];         // by the bit behind the prefix
	uint32_t peer;             // SL_ALLOWED_NOBODY where the node only branches
	uint8_t family;
	uint8_t len; // bits
};
_Static_assert(sizeof(struct node) == 32, "half a cache line");

// What else is known of a node.
struct place {
	uint32_t parent;     // of a free node, the next one
	uint32_t next, prev; // of the same peer
};

// The prefixes of a peer.
struct owner {
	uint32_t first, last;
};

// The answer to an earlier lookup. Answers of another epoch are void.
struct answer {
	struct sl_allowed_key key;
	uint64_t epoch;
	uint32_t peer;
	uint32_t family;
};
_Static_assert(sizeof(struct answer) == 32, "half a cache line");

struct sl_allowed {
	struct node *nodes;
	struct place *places;      // of the nodes
	size_t n_nodes, max_nodes; // ever used, and that there are, with the one that is none
	uint32_t free;             // head of those given back
	uint32_t roots[2];         // IPv4, IPv6
	struct owner *owners;
	size_t n_prefixes, max_prefixes;

	// What bursts have found: with many peers one line of memory in place of a dozen nodes.
	struct answer *answers;
	unsigned answer_bits; // of the slot's number
	uint64_t epoch;       // ends with every change; from 1, so that zeros are void
};

static struct sl_allowed_key key_of(uint8_t family, const uint8_t *address)
{
	if (family == 4)
		return (struct sl_allowed_key){.high = (uint64_t)load_be32(address) << 32};
	return (struct sl_allowed_key){.high = load_be64(address), .low = load_be64(address + 8)};
}

// How many leading bits two keys share.
static unsigned common(struct sl_allowed_key a, struct sl_allowed_key b)
{
	if (a.high != b.high)
		return (unsigned)__builtin_clzll(a.high ^ b.high);
	return a.low != b.low ? 64 + (unsigned)__builtin_clzll(a.low ^ b.low) : 128;
}

static unsigned bit(struct sl_allowed_key k, unsigned at)
{
	return (at < 64 ? k.high >> (63 - at) : k.low >> (127 - at)) & 1;
}

static uint32_t *root_of(struct sl_allowed *a, uint8_t family)
{
	return &a->roots[family == 6];
}

static size_t answers_bytes(const struct sl_allowed *a)
{
	return sizeof(*a->answers) << a->answer_bits;
}

// Four slots for each peer, as far as that makes sense.
static unsigned bits_for(uint32_t n_peers)
{
	unsigned bits = ANSWER_BITS_MIN;

	while (bits < ANSWER_BITS_MAX && (UINT64_C(1) << bits) < UINT64_C(4) * n_peers)
		bits++;
	return bits;
}

struct sl_allowed *sl_allowed_create(size_t n_prefixes, uint32_t n_peers)
{
	struct sl_allowed *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->max_prefixes = n_prefixes;
	a->max_nodes = 2 * n_prefixes + 1; // each prefix may need one node that only branches
	a->n_nodes = 1;
	a->nodes = sl_pages_map(a->max_nodes * sizeof(*a->nodes));
	a->places = calloc(a->max_nodes, sizeof(*a->places));
	a->owners = calloc((size_t)n_peers + 1, sizeof(*a->owners));
	a->epoch = 1;
	a->answer_bits = bits_for(n_peers);
	a->answers = sl_pages_map_random(answers_bytes(a));
	if (a->nodes && a->places && a->owners && a->answers && a->max_nodes <= UINT32_MAX)
		return a;
	sl_allowed_destroy(a);
	return NULL;
}

void sl_allowed_destroy(struct sl_allowed *a)
{
	if (!a)
		return;
	sl_pages_unmap(a->nodes, a->max_nodes * sizeof(*a->nodes));
	sl_pages_unmap(a->answers, answers_bytes(a));
	free(a->places);
	free(a->owners);
	free(a);
}

// ---- nodes

static uint32_t node_take(struct sl_allowed *a, uint8_t family, struct sl_allowed_key key,
			  uint8_t len)
{
	uint32_t n = a->free;

	if (n)
		a->free = a->places[n].parent;
	else
		n = (uint32_t)a->n_nodes++;
	a->nodes[n] = (struct node){
		.key = key, .family = family, .len = len, .peer = SL_ALLOWED_NOBODY};
	return n;
}

static void node_give(struct sl_allowed *a, uint32_t n)
{
	a->places[n].parent = a->free;
	a->free = n;
}

// Put `to` where `from` hangs: both below `parent`, or at the root. `to` may be NONE.
static void hang(struct sl_allowed *a, uint8_t family, uint32_t parent, uint32_t from, uint32_t to)
{
	struct node *p = &a->nodes[parent];

	if (parent == NONE)
		*root_of(a, family) = to;
	else
		p->child[p->child[1] == from] = to;
	if (to)
		a->places[to].parent = parent;
}

static void adopt(struct sl_allowed *a, uint32_t parent, uint32_t child)
{
	struct node *p = &a->nodes[parent];

	p->child[bit(a->nodes[child].key, p->len)] = child;
	a->places[child].parent = parent;
}

// ---- the list of a peer's prefixes

static void own(struct sl_allowed *a, uint32_t n, uint32_t peer)
{
	struct owner *o = &a->owners[peer];

	a->nodes[n].peer = peer;
	a->places[n].prev = o->last;
	a->places[n].next = NONE;
	if (o->last)
		a->places[o->last].next = n;
	else
		o->first = n;
	o->last = n;
}

static void disown(struct sl_allowed *a, uint32_t n)
{
	const struct place *place = &a->places[n];
	struct owner *o = &a->owners[a->nodes[n].peer];

	if (place->prev)
		a->places[place->prev].next = place->next;
	else
		o->first = place->next;
	if (place->next)
		a->places[place->next].prev = place->prev;
	else
		o->last = place->prev;
	a->nodes[n].peer = SL_ALLOWED_NOBODY;
}

// ---- adding and removing

// The deepest node whose prefix contains the first `len` bits of the key, or NONE; *below is the
// node that hangs where the key would go on.
static uint32_t descend(const struct sl_allowed *a, uint8_t family, struct sl_allowed_key key,
			unsigned len, uint32_t *below)
{
	uint32_t at = a->roots[family == 6], found = NONE;

	while (at) {
		const struct node *n = &a->nodes[at];

		if (n->len > len || common(n->key, key) < n->len)
			break;
		found = at;
		if (n->len == len)
			break;
		at = n->child[bit(key, n->len)];
	}
	*below = at;
	return found;
}

// Make a node for the prefix behind `parent`, in front of `below`.
static uint32_t insert(struct sl_allowed *a, const struct sl_prefix *p, struct sl_allowed_key key,
		       uint32_t parent, uint32_t below)
{
	uint8_t family = p->ip.family;
	uint32_t n = node_take(a, family, key, p->len), branch;
	unsigned shared;

	if (below == NONE) {
		if (parent)
			adopt(a, parent, n);
		else
			hang(a, family, NONE, NONE, n);
		return n;
	}
	shared = common(a->nodes[below].key, key);
	if (shared >= p->len) { // below lies within the prefix
		hang(a, family, parent, below, n);
		adopt(a, n, below);
		return n;
	}
	struct sl_prefix fork = sl_prefix_masked(&(struct sl_prefix){p->ip, (uint8_t)shared});

	branch = node_take(a, family, key_of(family, fork.ip.bytes), (uint8_t)shared);
	hang(a, family, parent, below, branch);
	adopt(a, branch, below);
	adopt(a, branch, n);
	return n;
}

int sl_allowed_add(struct sl_allowed *a, const struct sl_prefix *prefix, uint32_t peer)
{
	struct sl_prefix p = sl_prefix_masked(prefix);
	struct sl_allowed_key key = key_of(p.ip.family, p.ip.bytes);
	uint32_t below, at = descend(a, p.ip.family, key, p.len, &below);
	bool exists = at && a->nodes[at].len == p.len;
	bool moves = exists && a->nodes[at].peer != SL_ALLOWED_NOBODY;

	if (moves && a->nodes[at].peer == peer)
		return 0;
	if (!moves && a->n_prefixes == a->max_prefixes)
		return -ENOSPC;
	a->epoch++;
	if (moves)
		disown(a, at);
	else
		a->n_prefixes++;
	if (!exists)
		at = insert(a, &p, key, at, below);
	own(a, at, peer);
	return 0;
}

// Take a node out that nobody owns and that does not branch; then its parent may be like that.
static void prune(struct sl_allowed *a, uint32_t at)
{
	while (at) {
		struct node *n = &a->nodes[at];
		uint32_t parent = a->places[at].parent,
			 child = n->child[0] ? n->child[0] : n->child[1];

		if (n->peer != SL_ALLOWED_NOBODY || (n->child[0] && n->child[1]))
			return;
		hang(a, n->family, parent, at, child);
		node_give(a, at);
		at = parent;
	}
}

static void remove_node(struct sl_allowed *a, uint32_t at)
{
	a->epoch++;
	disown(a, at);
	a->n_prefixes--;
	prune(a, at);
}

bool sl_allowed_remove(struct sl_allowed *a, const struct sl_prefix *prefix, uint32_t peer)
{
	struct sl_prefix p = sl_prefix_masked(prefix);
	struct sl_allowed_key key = key_of(p.ip.family, p.ip.bytes);
	uint32_t below, at = descend(a, p.ip.family, key, p.len, &below);

	if (!at || a->nodes[at].len != p.len || a->nodes[at].peer != peer)
		return false;
	remove_node(a, at);
	return true;
}

void sl_allowed_remove_peer(struct sl_allowed *a, uint32_t peer)
{
	while (a->owners[peer].first)
		remove_node(a, a->owners[peer].first);
}

// ---- looking

// A lookup on its way down.
struct walk {
	struct sl_allowed_key key;
	uint32_t at; // node to be looked at; NONE = done
};

static struct walk walk_begin(const struct sl_allowed *a, uint8_t family, struct sl_allowed_key key)
{
	return (struct walk){.key = key, .at = a->roots[family == 6]};
}

// Look at one node. The peer of one that contains the address replaces *peer.
static void walk_on(const struct sl_allowed *a, struct walk *w, uint32_t *peer)
{
	const struct node *n = &a->nodes[w->at];

	if (common(n->key, w->key) < n->len) {
		w->at = NONE;
		return;
	}
	if (n->peer != SL_ALLOWED_NOBODY)
		*peer = n->peer;
	// Behind the last bit of an address there is no child, whatever bit is asked for.
	w->at = n->child[bit(w->key, n->len % 128)];
}

static uint32_t find(const struct sl_allowed *a, uint8_t family, struct sl_allowed_key key)
{
	struct walk w = walk_begin(a, family, key);
	uint32_t peer = SL_ALLOWED_NOBODY;

	while (w.at)
		walk_on(a, &w, &peer);
	return peer;
}

uint32_t sl_allowed_find(const struct sl_allowed *a, uint8_t family, const uint8_t *address)
{
	return find(a, family, key_of(family, address));
}

static bool remembers(const struct sl_allowed *a)
{
	return a->n_prefixes >= ANSWERS_FROM;
}

void sl_allowed_ask(const struct sl_allowed *a, uint8_t family, const uint8_t *address,
		    struct sl_allowed_ask *ask)
{
	const struct sl_allowed_key key = key_of(family, address);
	uint64_t mixed = (key.high ^ (key.low << 32 | key.low >> 32)) * 0x9e3779b97f4a7c15u;

	ask->key = key;
	ask->family = family;
	ask->slot = (uint32_t)(mixed >> (64 - a->answer_bits));
	if (remembers(a))
		__builtin_prefetch(&a->answers[ask->slot]);
}

static bool answers(const struct answer *slot, uint64_t epoch, const struct sl_allowed_ask *ask)
{
	return slot->epoch == epoch && slot->key.high == ask->key.high &&
	       slot->key.low == ask->key.low && slot->family == ask->family;
}

// Answer what is known. The numbers of the others are listed in `missing`. Returns how many.
static unsigned recall(const struct sl_allowed *a, struct sl_allowed_ask *asks, unsigned n,
		       uint8_t *missing)
{
	unsigned n_missing = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct answer *slot = &a->answers[asks[i].slot];
		bool known = answers(slot, a->epoch, &asks[i]);

		asks[i].peer = known ? slot->peer : SL_ALLOWED_NOBODY;
		missing[n_missing] = (uint8_t)i;
		n_missing += !known;
	}
	return n_missing;
}

// Walk for those of the burst whose numbers are listed, side by side.
static void walk_together(const struct sl_allowed *a, struct sl_allowed_ask *asks, uint8_t *missing,
			  unsigned n)
{
	struct walk walks[SL_ALLOWED_BURST];
	bool is_under_way = true;

	for (unsigned k = 0; k < n; k++)
		walks[k] = walk_begin(a, asks[missing[k]].family, asks[missing[k]].key);
	while (is_under_way) {
		is_under_way = false;
		for (unsigned k = 0; k < n; k++) {
			if (!walks[k].at)
				continue;
			walk_on(a, &walks[k], &asks[missing[k]].peer);
			__builtin_prefetch(&a->nodes[walks[k].at]);
			is_under_way = true;
		}
	}
}

static void remember(const struct sl_allowed *a, const struct sl_allowed_ask *ask)
{
	a->answers[ask->slot] = (struct answer){
		.key = ask->key, .epoch = a->epoch, .peer = ask->peer, .family = ask->family};
}

void sl_allowed_find_burst(const struct sl_allowed *a, struct sl_allowed_ask *asks, unsigned n)
{
	uint8_t missing[SL_ALLOWED_BURST];
	unsigned n_missing;

	for (unsigned i = 0; i < n && !remembers(a); i++)
		asks[i].peer = find(a, asks[i].family, asks[i].key);
	if (!remembers(a))
		return;
	n_missing = recall(a, asks, n, missing);
	walk_together(a, asks, missing, n_missing);
	for (unsigned k = 0; k < n_missing; k++)
		remember(a, &asks[missing[k]]);
}

bool sl_allowed_next(const struct sl_allowed *a, uint32_t peer, uint32_t *cursor,
		     struct sl_prefix *out)
{
	uint32_t at = *cursor ? a->places[*cursor].next : a->owners[peer].first;
	const struct node *n = &a->nodes[at];

	if (!at)
		return false;
	*cursor = at;
	*out = (struct sl_prefix){.ip.family = n->family, .len = n->len};
	if (n->family == 4) {
		store_be32(out->ip.bytes, (uint32_t)(n->key.high >> 32));
	} else {
		store_be64(out->ip.bytes, n->key.high);
		store_be64(out->ip.bytes + 8, n->key.low);
	}
	return true;
}

size_t sl_allowed_count(const struct sl_allowed *a)
{
	return a->n_prefixes;
}
