#include "core/ip/reassemble.h"

#include "core/ip/meta.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

#include <stdlib.h>
#include <sys/random.h>

enum { WAYS = 8, LONGEST = 65535 };

// What makes fragments those of one datagram.
struct key {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint8_t family;
	uint8_t protocol; // of IPv4
	uint8_t zero[2];
};

// A fragment as it came: what it holds lies at [start, end) of the datagram.
struct piece {
	struct rte_mbuf *p;
	uint32_t start, end;
	uint16_t hdr_len; // bytes of p in front of what it holds
	bool more;
};

struct datagram {
	struct key key;
	uint64_t deadline_ns; // 0 = this place is free
	uint32_t filled;      // bytes there are
	uint32_t end;         // bytes there will be; 0 = not known yet
	unsigned n;
	bool bad;                                  // some overlapped: what comes is dropped
	struct piece pieces[SL_REASSEMBLY_PIECES]; // by start
};

struct sl_reassembly {
	struct sl_reassembly_options options;
	void (*lost)(void *context, struct rte_mbuf *p, enum sl_reassembly_fate fate);
	void *context;
	uint64_t secret; // whose fragments share a place is nobody's business
	size_t sets;     // a power of two
	unsigned held;
	uint64_t next_ns;       // no deadline is earlier
	struct datagram *table; // WAYS of them to a set
};

struct sl_reassembly *sl_reassembly_create(const struct sl_reassembly_options *o)
{
	struct sl_reassembly *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->options = *o;
	r->next_ns = UINT64_MAX;
	for (r->sets = 1; r->sets * WAYS < o->datagrams;)
		r->sets *= 2;
	r->table = calloc(r->sets * WAYS, sizeof(*r->table));
	if (!r->table || getrandom(&r->secret, sizeof(r->secret), GRND_NONBLOCK) < 0) {
		sl_reassembly_destroy(r);
		return NULL;
	}
	return r;
}

void sl_reassembly_destroy(struct sl_reassembly *r)
{
	if (!r)
		return;
	for (size_t i = 0; r->table && i < r->sets * WAYS; i++) {
		struct datagram *d = &r->table[i];

		for (unsigned k = 0; k < d->n; k++)
			sl_free(d->pieces[k].p);
	}
	free(r->table);
	free(r);
}

void sl_reassembly_listen(struct sl_reassembly *r,
			  void (*lost)(void *context, struct rte_mbuf *p,
				       enum sl_reassembly_fate fate),
			  void *context)
{
	r->lost = lost;
	r->context = context;
}

void sl_reassembly_adopt(struct sl_reassembly *r, struct sl_reassembly *old)
{
	struct datagram *empty = r->table;

	r->table = old->table;
	r->secret = old->secret;
	r->held = old->held;
	r->next_ns = old->next_ns;
	old->table = empty;
	old->held = 0;
}

unsigned sl_reassembly_held(const struct sl_reassembly *r)
{
	return r->held;
}

// ---- datagrams in the table

// Let go of the fragments of a datagram.
static void lose_pieces(struct sl_reassembly *r, struct datagram *d, enum sl_reassembly_fate fate)
{
	for (unsigned i = 0; i < d->n; i++) {
		bool first = fate == SL_REASSEMBLY_TIMEOUT && d->pieces[i].start == 0;

		r->lost(r->context, d->pieces[i].p, first ? SL_REASSEMBLY_FIRST : fate);
	}
	r->held -= d->n;
	d->n = 0;
}

static void forget(struct sl_reassembly *r, struct datagram *d, enum sl_reassembly_fate fate)
{
	lose_pieces(r, d, fate);
	d->deadline_ns = 0;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
	return x ^ x >> 33;
}

// The places a datagram may have: by its addresses alone.
static struct datagram *places(struct sl_reassembly *r, const struct key *k)
{
	uint64_t hash = r->secret;

	for (unsigned i = 0; i < sizeof(k->src); i += 8)
		hash = mix(mix(hash ^ load_be64(k->src + i)) ^ load_be64(k->dst + i));
	return &r->table[(hash & (r->sets - 1)) * WAYS];
}

// Returns the datagram, or the place that it gets.
static struct datagram *find(struct sl_reassembly *r, const struct key *k, uint64_t now_ns)
{
	struct datagram *set = places(r, k), *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].deadline_ns && memcmp(&set[i].key, k, sizeof(*k)) == 0)
			return &set[i];
		if (set[i].deadline_ns < oldest->deadline_ns)
			oldest = &set[i];
	}
	if (oldest->deadline_ns)
		forget(r, oldest, SL_REASSEMBLY_EVICTED);
	oldest->key = *k;
	oldest->deadline_ns = now_ns + r->options.timeout_ns;
	oldest->filled = oldest->end = 0;
	oldest->bad = false;
	if (oldest->deadline_ns < r->next_ns)
		r->next_ns = oldest->deadline_ns;
	return oldest;
}

// Make room for one fragment of d more: the oldest of all other datagrams give way. Returns false
// where d itself holds all there may be.
static bool make_room(struct sl_reassembly *r, const struct datagram *d)
{
	struct datagram *oldest = NULL;

	if (r->held < r->options.fragments)
		return true;
	for (size_t i = 0; i < r->sets * WAYS; i++) {
		struct datagram *other = &r->table[i];

		if (other != d && other->n > 0 &&
		    (!oldest || other->deadline_ns < oldest->deadline_ns))
			oldest = other;
	}
	if (oldest)
		forget(r, oldest, SL_REASSEMBLY_EVICTED);
	return oldest != NULL;
}

void sl_reassembly_expire(struct sl_reassembly *r, uint64_t now_ns)
{
	if (now_ns < r->next_ns)
		return;
	r->next_ns = UINT64_MAX;
	for (size_t i = 0; i < r->sets * WAYS; i++) {
		struct datagram *d = &r->table[i];

		if (d->deadline_ns && d->deadline_ns <= now_ns)
			forget(r, d, SL_REASSEMBLY_TIMEOUT);
		if (d->deadline_ns && d->deadline_ns < r->next_ns)
			r->next_ns = d->deadline_ns;
	}
}

// ---- one fragment

static void read4(struct piece *f, struct key *k)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(f->p);
	uint16_t bits = load_be16(ip->flags_offset);

	*k = (struct key){.family = 4, .protocol = ip->protocol, .id = load_be16(ip->id)};
	memcpy(k->src, ip->src, 4);
	memcpy(k->dst, ip->dst, 4);
	f->hdr_len = (uint16_t)sl_ipv4_hdr_len(ip);
	f->start = (bits & SL_IPV4_OFFSET) * 8U;
	f->more = bits & SL_IPV4_MF;
}

static void read6(struct piece *f, struct key *k, uint32_t at)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)sl_data(f->p);
	const struct sl_ipv6_fragment *x = (const struct sl_ipv6_fragment *)(sl_data(f->p) + at);
	uint16_t bits = load_be16(x->offset_more);

	*k = (struct key){.family = 6, .id = load_be32(x->id)};
	memcpy(k->src, ip->src, 16);
	memcpy(k->dst, ip->dst, 16);
	f->hdr_len = (uint16_t)(at + sizeof(*x));
	f->start = bits & SL_IPV6_OFFSET;
	f->more = bits & SL_IPV6_MORE;
}

// Bytes of the header that a fragment must have to be more than a chain of headers cut short.
static size_t least(uint8_t protocol)
{
	switch (protocol) {
	case SL_PROTO_TCP:
		return 20;
	case SL_PROTO_UDP:
	case SL_PROTO_ICMPV6:
		return 8;
	default:
		return 0;
	}
}

// Whether the first fragment of an IPv6 packet has all its headers. Spec: RFC 7112 section 5.
static bool has_chain(const struct rte_mbuf *p)
{
	struct sl_ipv6_upper upper;

	return sl_ipv6_upper((const struct sl_ipv6_hdr *)sl_data(p), sl_len(p), &upper) &&
	       upper.len >= least(upper.protocol);
}

// What is wrong with a fragment by itself; SL_REASSEMBLY_USED = nothing.
static enum sl_reassembly_fate judge(const struct piece *f, uint8_t family)
{
	// what the length field of the whole will say, but for options that others may have
	uint32_t whole = f->end + (family == 4 ? f->hdr_len
					       : f->hdr_len - (uint32_t)sizeof(struct sl_ipv6_hdr) -
							 (uint32_t)sizeof(struct sl_ipv6_fragment));

	if (f->more && (f->end - f->start) % 8 != 0)
		return SL_REASSEMBLY_BAD_LENGTH;
	if (whole > LONGEST)
		return SL_REASSEMBLY_TOO_LONG;
	if (f->end == f->start)
		return SL_REASSEMBLY_MALFORMED;
	if (family == 6 && f->start == 0 && !has_chain(f->p))
		return SL_REASSEMBLY_CHAIN;
	return SL_REASSEMBLY_USED;
}

static bool same_bytes(const struct piece *a, const struct piece *b)
{
	return a->start == b->start && a->end == b->end && a->more == b->more &&
	       memcmp(sl_data(a->p) + a->hdr_len, sl_data(b->p) + b->hdr_len, a->end - a->start) ==
		       0;
}

// Put f where it belongs. Returns SL_REASSEMBLY_USED, or why it has no place.
static enum sl_reassembly_fate insert(struct datagram *d, const struct piece *f)
{
	unsigned i = d->n;

	while (i > 0 && d->pieces[i - 1].start >= f->start)
		i--;
	if (i < d->n && same_bytes(&d->pieces[i], f))
		return SL_REASSEMBLY_DUPLICATE;
	if (i < d->n && d->pieces[i].start < f->end)
		return SL_REASSEMBLY_OVERLAP;
	if (i > 0 && d->pieces[i - 1].end > f->start)
		return SL_REASSEMBLY_OVERLAP;
	if (d->end && (f->end > d->end || !f->more)) // a second end, or behind it
		return SL_REASSEMBLY_OVERLAP;
	if (!f->more && i < d->n)
		return SL_REASSEMBLY_OVERLAP;
	if (d->n == SL_REASSEMBLY_PIECES)
		return SL_REASSEMBLY_TOO_MANY;
	memmove(&d->pieces[i + 1], &d->pieces[i], (d->n - i) * sizeof(*f));
	d->pieces[i] = *f;
	d->n++;
	d->filled += f->end - f->start;
	if (!f->more)
		d->end = f->end;
	return SL_REASSEMBLY_USED;
}

// ---- the whole

// An empty packet with room for len bytes and a meta, or NULL.
static struct rte_mbuf *fresh(const struct sl_reassembly *r, uint32_t len)
{
	struct rte_mempool *pools[] = {r->options.pool, r->options.jumbo};
	struct rte_mbuf *p;

	for (unsigned i = 0; i < 2; i++) {
		if (!pools[i] || !sl_alloc_burst(pools[i], &p, 1))
			continue;
		if (sl_tailroom(p) >= len)
			return p;
		sl_free(p);
	}
	return NULL;
}

static void finish4(uint8_t *packet, uint32_t len)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)packet;
	uint16_t checksum;

	store_be16(ip->total_len, (uint16_t)len);
	store_be16(ip->flags_offset, 0);
	checksum = sl_checksum_make(packet, sl_ipv4_hdr_len(ip),
				    offsetof(struct sl_ipv4_hdr, checksum), 0);
	memcpy(ip->checksum, &checksum, sizeof(checksum));
}

// Say in the last of the headers of an IPv6 packet, which take len bytes, what stands behind them.
static void name_next(uint8_t *packet, size_t len, uint8_t protocol)
{
	size_t named = offsetof(struct sl_ipv6_hdr, next_header), at = sizeof(struct sl_ipv6_hdr);

	while (at < len) {
		size_t n = sl_ipv6_extension_len(packet[named], packet + at);

		named = at;
		at += n;
	}
	packet[named] = protocol;
}

static uint32_t copy_header(uint8_t *to, const struct piece *first, uint8_t family, uint32_t end)
{
	uint32_t len = first->hdr_len;

	if (family == 4) {
		memcpy(to, sl_data(first->p), len);
		finish4(to, len + end);
		return len;
	}
	len -= (uint32_t)sizeof(struct sl_ipv6_fragment);
	memcpy(to, sl_data(first->p), len);
	name_next(to, len, sl_data(first->p)[len]);
	store_be16(to + offsetof(struct sl_ipv6_hdr, payload_len),
		   (uint16_t)(len + end - sizeof(struct sl_ipv6_hdr)));
	return len;
}

static struct rte_mbuf *assemble(struct sl_reassembly *r, struct datagram *d)
{
	const struct piece *first = &d->pieces[0];
	uint32_t hdr_room = first->hdr_len; // a little more than needed, for IPv6
	struct rte_mbuf *whole = NULL;

	if (hdr_room + d->end <= UINT16_MAX)
		whole = fresh(r, hdr_room + d->end);
	if (!whole) {
		forget(r, d, SL_REASSEMBLY_NO_BUFFER);
		return NULL;
	}
	hdr_room = copy_header(sl_data(whole), first, d->key.family, d->end);
	for (unsigned i = 0; i < d->n; i++) {
		const struct piece *f = &d->pieces[i];

		memcpy(sl_data(whole) + hdr_room + f->start, sl_data(f->p) + f->hdr_len,
		       f->end - f->start);
	}
	sl_set_len(whole, (uint16_t)(hdr_room + d->end));
	*sl_ip_meta(whole) = *sl_ip_meta(first->p);
	sl_set_stamp_ns(whole, sl_stamp_ns(first->p));
	forget(r, d, SL_REASSEMBLY_USED);
	return whole;
}

// Cut the fragment header out of a fragment that is a whole packet. Spec: RFC 6946 section 4.
static struct rte_mbuf *unwrap(struct rte_mbuf *p, uint32_t at)
{
	const uint16_t n = sizeof(struct sl_ipv6_fragment);
	uint8_t *data = sl_data(p) - sizeof(struct sl_ip_meta);

	name_next(sl_data(p), at, sl_data(p)[at]);
	memmove(data + n, data, sizeof(struct sl_ip_meta) + at);
	data = sl_trim_head(p, n);
	store_be16(data + offsetof(struct sl_ipv6_hdr, payload_len),
		   (uint16_t)(sl_len(p) - sizeof(struct sl_ipv6_hdr)));
	return p;
}

// Put f into d. Returns what is whole now, if so.
static struct rte_mbuf *add(struct sl_reassembly *r, struct datagram *d, const struct piece *f)
{
	enum sl_reassembly_fate fate = d->bad ? SL_REASSEMBLY_OVERLAP : SL_REASSEMBLY_USED;

	if (!d->bad && !make_room(r, d))
		fate = SL_REASSEMBLY_EVICTED;
	else if (!d->bad)
		fate = insert(d, f);
	if (fate == SL_REASSEMBLY_USED) {
		r->held++;
		return d->end && d->filled == d->end ? assemble(r, d) : NULL;
	}
	r->lost(r->context, f->p, fate);
	if (fate == SL_REASSEMBLY_OVERLAP || fate == SL_REASSEMBLY_TOO_MANY) {
		lose_pieces(r, d, fate);
		d->bad = true; // RFC 5722 section 4: with those not yet received
	}
	return NULL;
}

struct rte_mbuf *sl_reassembly_add(struct sl_reassembly *r, struct rte_mbuf *p, uint32_t at,
				   uint64_t now_ns)
{
	struct piece f = {.p = p};
	enum sl_reassembly_fate fate;
	struct key key;

	if (sl_data(p)[0] >> 4 == 4)
		read4(&f, &key);
	else
		read6(&f, &key, at);
	f.end = f.start + sl_len(p) - f.hdr_len;
	if (key.family == 6 && f.start == 0 && !f.more)
		return unwrap(p, at);
	fate = judge(&f, key.family);
	if (fate == SL_REASSEMBLY_USED)
		return add(r, find(r, &key, now_ns), &f);
	r->lost(r->context, p, fate);
	return NULL;
}
