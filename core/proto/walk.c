// walk: one function per kind of header, each of which says what comes next.
//
// There are two ends of the innermost packet to keep apart: where it ends as its header says, and
// where the bytes end that are there. A header that crosses the first is malformed; one that
// crosses the second is cut.

#include "core/proto/walk.h"
#include "core/proto/ethernet.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "core/proto/protocol.h"

#include <assert.h>

enum { OPEN = INT32_MAX }; // an end that no header says

enum {
	ETHER_BRIDGED = 0x6558, // an Ethernet frame in GRE, RFC 7637 section 3.2

	GRE_CHECKSUM = 0x8000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_FORBIDDEN = 0x4c00, // RFC 2784 section 2.3: bits 1, 4 and 5 once 2890 has taken 2 and 3
	GRE_VERSION = 0x0007,

	IPV4_END_OF_OPTIONS = 0,
	IPV4_NO_OPTION = 1,
	IPV4_LOOSE_ROUTE = 131,
	IPV4_STRICT_ROUTE = 137,

	ROUTING_SOURCE = 0,   // RFC 2460 section 4.4
	ROUTING_MOBILITY = 2, // RFC 6275 section 6.4
	ROUTING_SEGMENTS = 4, // RFC 8754 section 2

	IPV6_PAD1 = 0,
	IPV6_HOME_ADDRESS = 201, // RFC 6275 section 6.3
};

enum step { STOP, ETHERNET, TYPE, IPV4, IPV6, PROTOCOL, VXLAN };

struct cursor {
	struct sl_walk *walk;
	const uint8_t *frame;
	uint32_t at;
	uint32_t there;           // end of the innermost packet's bytes that are there
	uint32_t end;             // its end as declared, or OPEN; never less
	const uint8_t *src, *dst; // of its pseudo-header; dst NULL where it cannot be known
	uint16_t type;            // EtherType of what is at `at`
	uint8_t protocol;         // IP protocol of what is at `at`
	uint8_t missing;          // the flag to raise where bytes are not there
	bool ipv6;
	bool udp6_zero;
};

static const uint8_t *here(const struct cursor *c)
{
	return c->frame + c->at;
}

static enum step stop(struct cursor *c, enum sl_walk_flag why)
{
	c->walk->flags |= (uint8_t)why;
	return STOP;
}

// Whether n more bytes are there and belong to the packet.
static bool has(struct cursor *c, uint32_t n)
{
	if (c->there - c->at >= n)
		return true;
	stop(c, c->end - c->at < n ? SL_WALK_MALFORMED : c->missing);
	return false;
}

// Go into a packet that says that it is len bytes long. Returns false where that cannot be.
static bool enter(struct cursor *c, uint32_t len)
{
	if (len > c->end - c->at) {
		stop(c, SL_WALK_MALFORMED);
		return false;
	}
	c->end = c->at + len;
	if (c->end > c->there)
		stop(c, c->missing);
	else
		c->there = c->end;
	return true;
}

// Note that the next len bytes, of which there may be fewer, have a checksum at `field`.
static struct sl_walk_layer *note(struct cursor *c, enum sl_walk_kind kind, uint32_t len,
				  uint16_t field)
{
	struct sl_walk_layer *l = &c->walk->layers[c->walk->n++];
	bool whole = c->at + len <= c->there;

	assert(c->walk->n <= SL_WALK_LAYERS);
	*l = (struct sl_walk_layer){
		.kind = (uint8_t)kind,
		.verdict = whole ? SL_WALK_DUE : SL_WALK_PARTIAL,
		.offset = (uint16_t)c->at,
		.len = (uint16_t)(whole ? len : c->there - c->at),
		.field = field,
	};
	return l;
}

// The same for a layer that reaches to the packet's end, wherever that is.
static struct sl_walk_layer *note_rest(struct cursor *c, enum sl_walk_kind kind, uint16_t field)
{
	struct sl_walk_layer *l = note(c, kind, c->there - c->at, field);

	if (c->end != c->there)
		l->verdict = SL_WALK_PARTIAL;
	return l;
}

static void add_pseudo(const struct cursor *c, struct sl_walk_layer *l)
{
	if (!c->dst)
		l->verdict = SL_WALK_PARTIAL;
	else if (c->ipv6)
		l->initial = sl_checksum_pseudo_ipv6(c->src, c->dst, c->protocol, l->len);
	else
		l->initial = sl_checksum_pseudo_ipv4(c->src, c->dst, c->protocol, l->len);
}

static enum step walk_ethernet(struct cursor *c)
{
	if (!has(c, sizeof(struct sl_ether_hdr)))
		return STOP;
	c->at += sizeof(struct sl_ether_hdr);
	c->type = load_be16(here(c) - 2);
	return TYPE;
}

static enum step walk_type(struct cursor *c)
{
	while (sl_ether_is_vlan(c->type)) {
		if (!has(c, 4))
			return STOP;
		c->type = load_be16(here(c) + 2);
		c->at += 4;
	}
	if (c->type == SL_ETHER_IPV4)
		return IPV4;
	return c->type == SL_ETHER_IPV6 ? IPV6 : stop(c, SL_WALK_UNKNOWN);
}

static bool go_deeper(struct cursor *c)
{
	if (c->walk->depth < SL_WALK_DEPTH) {
		c->walk->depth++;
		return true;
	}
	stop(c, SL_WALK_TOO_DEEP);
	return false;
}

// Only the first fragment begins with a header, and none says where the packet ends.
static enum step walk_fragment(struct cursor *c, bool is_first)
{
	stop(c, SL_WALK_FRAGMENT);
	c->end = OPEN;
	c->missing = SL_WALK_FRAGMENT;
	return is_first ? PROTOCOL : STOP;
}

// A source route that is not used up yet ends at the destination that the pseudo-header has.
// Spec: RFC 791 section 3.1.
static void read_options(struct cursor *c, const uint8_t *option, const uint8_t *end)
{
	while (end - option >= 2 && *option != IPV4_END_OF_OPTIONS) {
		bool is_route = *option == IPV4_LOOSE_ROUTE || *option == IPV4_STRICT_ROUTE;
		uint8_t len = *option == IPV4_NO_OPTION ? 1 : option[1];

		if (len == 0 || len > end - option)
			return;
		if (is_route && len >= 7 && option[2] <= len)
			c->dst = option + len - 4;
		option += len;
	}
}

static enum step walk_ipv4(struct cursor *c)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)here(c);
	size_t header;
	uint16_t offset;

	if (!go_deeper(c) || !has(c, sizeof(*ip)))
		return STOP;
	header = sl_ipv4_hdr_len(ip);
	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip) || load_be16(ip->total_len) < header)
		return stop(c, SL_WALK_MALFORMED);
	if (!enter(c, load_be16(ip->total_len)) || !has(c, (uint32_t)header))
		return STOP;
	note(c, SL_WALK_IPV4, (uint32_t)header, 10);
	c->ipv6 = false;
	c->protocol = ip->protocol;
	c->src = ip->src;
	c->dst = ip->dst;
	read_options(c, (const uint8_t *)(ip + 1), (const uint8_t *)ip + header);
	c->at += (uint32_t)header;
	offset = load_be16(ip->flags_offset) & (SL_IPV4_MF | SL_IPV4_OFFSET);
	return offset ? walk_fragment(c, offset == SL_IPV4_MF) : PROTOCOL;
}

static enum step walk_ipv6(struct cursor *c)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)here(c);

	if (!go_deeper(c) || !has(c, sizeof(*ip)))
		return STOP;
	if (ip->version_class_flow[0] >> 4 != 6)
		return stop(c, SL_WALK_MALFORMED);
	if (!enter(c, (uint32_t)sizeof(*ip) + load_be16(ip->payload_len)))
		return STOP;
	c->ipv6 = true;
	c->protocol = ip->next_header;
	c->src = ip->src;
	c->dst = ip->dst;
	c->at += sizeof(*ip);
	return PROTOCOL;
}

// While segments are left, the final destination is in the routing header. Of n bytes.
// Spec: RFC 8200 section 8.1.
static void read_route(struct cursor *c, const uint8_t *route, size_t n)
{
	if (route[3] == 0)
		return;
	if (n < 8 + 16)
		c->dst = NULL;
	else if (route[2] == ROUTING_SOURCE || route[2] == ROUTING_MOBILITY)
		c->dst = route + n - 16;
	else if (route[2] == ROUTING_SEGMENTS)
		c->dst = route + 8; // the last segment comes first
	else
		c->dst = NULL;
}

// A mobile node away from home sends from elsewhere, but as if from its home address.
// Spec: RFC 6275 section 11.3.1.
static void read_home_address(struct cursor *c, const uint8_t *option, const uint8_t *end)
{
	while (end - option >= 2) {
		size_t n = *option == IPV6_PAD1 ? 1 : (size_t)option[1] + 2;

		if (n > (size_t)(end - option))
			return;
		if (*option == IPV6_HOME_ADDRESS && n == 2 + 16)
			c->src = option + 2;
		option += n;
	}
}

static enum step walk_extension(struct cursor *c)
{
	const uint8_t *p = here(c);
	uint8_t protocol = c->protocol;
	size_t n;
	uint16_t offset;

	if (!has(c, 8))
		return STOP;
	n = sl_ipv6_extension_len(protocol, p);
	if (!has(c, (uint32_t)n))
		return STOP;
	c->protocol = p[0];
	c->at += (uint32_t)n;
	if (protocol == SL_PROTO_ROUTING)
		read_route(c, p, n);
	if (protocol == SL_PROTO_DEST_OPTIONS)
		read_home_address(c, p + 2, p + n);
	if (protocol != SL_PROTO_FRAGMENT)
		return PROTOCOL;
	offset = load_be16(p + 2) & 0xfff9; // and M; neither in an atomic one, RFC 6946
	return offset ? walk_fragment(c, offset == 1) : PROTOCOL;
}

static enum step walk_udp(struct cursor *c)
{
	const uint8_t *p = here(c);
	struct sl_walk_layer *l;
	bool to_vxlan;
	uint16_t len;

	if (!has(c, 8))
		return STOP;
	len = load_be16(p + 4);
	if (len < 8 || len > c->end - c->at)
		return stop(c, SL_WALK_MALFORMED);
	l = note(c, SL_WALK_UDP, len, 6);
	if (c->end == OPEN)
		l->verdict = SL_WALK_PARTIAL;
	add_pseudo(c, l);
	if (load_be16(p + 6) == 0 && (!c->ipv6 || c->udp6_zero))
		l->verdict = SL_WALK_NONE;
	else if (load_be16(p + 6) == 0 && l->verdict == SL_WALK_DUE)
		l->verdict = SL_WALK_BAD; // RFC 8200 section 8.1
	to_vxlan = load_be16(p + 2) == SL_WALK_VXLAN_PORT;
	if (!to_vxlan || !enter(c, len))
		return STOP;
	c->at += 8;
	return VXLAN;
}

static enum step walk_vxlan(struct cursor *c)
{
	if (!has(c, 8))
		return STOP;
	if (!(*here(c) & 0x08)) // no I: whatever it is, it is not VXLAN
		return stop(c, SL_WALK_UNKNOWN);
	c->at += 8;
	return ETHERNET;
}

static enum step walk_gre(struct cursor *c)
{
	const uint8_t *p = here(c);
	uint32_t header = 4;
	uint16_t flags;

	if (!has(c, header))
		return STOP;
	flags = load_be16(p);
	if (flags & GRE_VERSION) // 1 is PPTP's, which has no checksum, RFC 2637 section 4.1
		return stop(c, SL_WALK_UNKNOWN);
	if (flags & GRE_FORBIDDEN)
		return stop(c, SL_WALK_MALFORMED);
	header += flags & GRE_CHECKSUM ? 4 : 0;
	header += flags & GRE_KEY ? 4 : 0;
	header += flags & GRE_SEQUENCE ? 4 : 0;
	if (!has(c, header))
		return STOP;
	if (flags & GRE_CHECKSUM)
		note_rest(c, SL_WALK_GRE, 4);
	c->type = load_be16(p + 2);
	c->at += header;
	return c->type == ETHER_BRIDGED ? ETHERNET : TYPE;
}

static enum step walk_upper(struct cursor *c, enum sl_walk_kind kind, uint32_t header,
			    uint16_t field)
{
	if (!has(c, header))
		return STOP;
	if (kind == SL_WALK_ICMP)
		note_rest(c, kind, field);
	else
		add_pseudo(c, note_rest(c, kind, field));
	return STOP;
}

static enum step walk_protocol(struct cursor *c)
{
	if (c->protocol == SL_PROTO_AH || (c->ipv6 && sl_ipv6_is_extension(c->protocol)))
		return walk_extension(c);
	switch (c->protocol) {
	case SL_PROTO_UDP:
		return walk_udp(c);
	case SL_PROTO_TCP:
		return walk_upper(c, SL_WALK_TCP, 20, 16);
	case SL_PROTO_ICMP:
		return c->ipv6 ? stop(c, SL_WALK_UNKNOWN) : walk_upper(c, SL_WALK_ICMP, 4, 2);
	case SL_PROTO_ICMPV6:
		return c->ipv6 ? walk_upper(c, SL_WALK_ICMPV6, 4, 2) : stop(c, SL_WALK_UNKNOWN);
	case SL_PROTO_GRE:
		return walk_gre(c);
	case SL_PROTO_IPV4:
		return IPV4;
	case SL_PROTO_IPV6:
		return IPV6;
	case SL_PROTO_ETHERNET: // RFC 8986 section 10.1
		return ETHERNET;
	default:
		return stop(c, SL_WALK_UNKNOWN);
	}
}

static enum step walk_step(struct cursor *c, enum step step)
{
	switch (step) {
	case ETHERNET:
		return walk_ethernet(c);
	case TYPE:
		return walk_type(c);
	case IPV4:
		return walk_ipv4(c);
	case IPV6:
		return walk_ipv6(c);
	case PROTOCOL:
		return walk_protocol(c);
	case VXLAN:
		return walk_vxlan(c);
	default:
		return STOP;
	}
}

void sl_walk(struct sl_walk *w, const uint8_t *frame, uint16_t len, bool udp6_zero)
{
	struct cursor c = {
		.walk = w,
		.frame = frame,
		.there = len,
		.end = OPEN,
		.missing = SL_WALK_TRUNCATED,
		.udp6_zero = udp6_zero,
	};
	enum step step = ETHERNET;

	w->depth = w->flags = w->n = 0;
	while (step != STOP)
		step = walk_step(&c, step);
}

bool sl_walk_verify(struct sl_walk *w, const uint8_t *frame)
{
	bool good = true;

	for (unsigned i = w->n; i-- > 0;)
		good &= sl_walk_layer_verify(&w->layers[i], frame);
	return good;
}

void sl_walk_fix(struct sl_walk *w, uint8_t *frame)
{
	for (unsigned i = w->n; i-- > 0;)
		sl_walk_layer_fix(&w->layers[i], frame);
}
