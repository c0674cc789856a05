#include "core/tunnel/outer.h"

#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

enum {
	TTL = 64,
	UDP_LENGTH = 4, // offsets within the UDP header
	UDP_CHECKSUM = 6,
	// Where a message differs from the ones before: the counter of data, and random bytes of
	// the others. What may be fragmented needs such an IP ID (RFC 6864 section 4.3).
	ID_AT = 8,
};

static void init_ipv4(struct sl_outer *o, const struct sl_endpoint *from,
		      const struct sl_endpoint *to)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)o->bytes;

	o->len = SL_OUTER4_LEN;
	ip->version_ihl = 0x45;
	ip->ttl = TTL; // DF clear: what is too big for the way is fragmented, not lost
	ip->protocol = SL_PROTO_UDP;
	memcpy(ip->src, from->ip.bytes, sizeof(ip->src));
	memcpy(ip->dst, to->ip.bytes, sizeof(ip->dst));
	o->header_sum = sl_checksum_sum_short(ip, sizeof(*ip), 0);
	o->initial = sl_checksum_pseudo_ipv4(ip->src, ip->dst, SL_PROTO_UDP, 0);
}

static void init_ipv6(struct sl_outer *o, const struct sl_endpoint *from,
		      const struct sl_endpoint *to)
{
	struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)o->bytes;

	o->len = SL_OUTER6_LEN;
	ip->version_class_flow[0] = 0x60;
	ip->next_header = SL_PROTO_UDP;
	ip->hop_limit = TTL;
	memcpy(ip->src, from->ip.bytes, sizeof(ip->src));
	memcpy(ip->dst, to->ip.bytes, sizeof(ip->dst));
	o->initial = sl_checksum_pseudo_ipv6(ip->src, ip->dst, SL_PROTO_UDP, 0);
}

void sl_outer_init(struct sl_outer *o, const struct sl_endpoint *from, const struct sl_endpoint *to)
{
	uint8_t *udp;

	*o = (struct sl_outer){0};
	if (to->ip.family == 4)
		init_ipv4(o, from, to);
	else if (to->ip.family == 6)
		init_ipv6(o, from, to);
	else
		return;
	udp = o->bytes + o->len - SL_UDP_LEN;
	store_be16(udp, from->port);
	store_be16(udp + 2, to->port);
	o->initial += (uint32_t)sl_checksum_word(from->port) + sl_checksum_word(to->port);
}

// Headers are copied whole and their sums made of numbers: to sum up what was just written in
// pieces would wait for the pieces.

static void put_ipv4(const struct sl_outer *o, uint8_t *bytes, uint16_t udp_len, uint8_t tos)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)bytes;
	uint16_t len = (uint16_t)(udp_len + sizeof(*ip)), id = 0, checksum;
	uint32_t sum = (uint32_t)o->header_sum + sl_checksum_word(len) + sl_checksum_word(tos);

	memcpy(bytes, o->bytes, SL_OUTER4_LEN);
	ip->tos = tos;
	store_be16(ip->total_len, len);
	if (len >= SL_OUTER4_LEN + ID_AT + sizeof(id))
		memcpy(&id, bytes + SL_OUTER4_LEN + ID_AT, sizeof(id));
	memcpy(ip->id, &id, sizeof(id));
	checksum = (uint16_t)~sl_checksum_fold(sum + id);
	memcpy(ip->checksum, &checksum, sizeof(checksum));
}

static void put_ipv6(const struct sl_outer *o, uint8_t *bytes, uint16_t udp_len, uint8_t tos)
{
	memcpy(bytes, o->bytes, SL_OUTER6_LEN);
	bytes[0] = (uint8_t)(0x60 | tos >> 4);
	bytes[1] = (uint8_t)(tos << 4);
	store_be16(bytes + 4, udp_len);
}

static uint16_t checksum_of(const struct sl_outer *o, const uint8_t *payload, uint16_t len)
{
	const uint16_t udp_len = sl_checksum_word((uint16_t)(len + SL_UDP_LEN));
	const uint32_t initial = o->initial + 2u * udp_len; // in the pseudo-header and in UDP's

	return sl_checksum_udp((uint16_t)~sl_checksum_sum(payload, len, initial));
}

// Put the headers on, with a UDP checksum or without.
static bool put(const struct sl_outer *o, struct rte_mbuf *p, uint8_t tos, bool has_checksum)
{
	uint16_t len = sl_len(p), udp_len = (uint16_t)(len + SL_UDP_LEN), checksum = 0;
	uint8_t *bytes;

	if (!o->len || len > UINT16_MAX - SL_OUTER6_LEN)
		return false;
	bytes = sl_prepend(p, o->len);
	if (!bytes)
		return false;
	if (has_checksum)
		checksum = checksum_of(o, bytes + o->len, len);
	if (o->len == SL_OUTER4_LEN)
		put_ipv4(o, bytes, udp_len, tos);
	else
		put_ipv6(o, bytes, udp_len, tos);
	store_be16(bytes + o->len - SL_UDP_LEN + UDP_LENGTH, udp_len);
	memcpy(bytes + o->len - SL_UDP_LEN + UDP_CHECKSUM, &checksum, sizeof(checksum));
	return true;
}

bool sl_outer_put(const struct sl_outer *o, struct rte_mbuf *p, uint8_t tos)
{
	return put(o, p, tos, true);
}

bool sl_outer_put_checked(const struct sl_outer *o, struct rte_mbuf *p, uint8_t tos)
{
	return put(o, p, tos, o->len == SL_OUTER6_LEN); // RFC 8200 section 8.1: IPv6 must have one
}

// Where the UDP datagram is; NULL where there is none.
static const uint8_t *parse_ipv4(const uint8_t *p, size_t *len, uint8_t *tos, uint32_t *initial)
{
	const struct sl_ipv4_hdr *ip = sl_ipv4_parse(p, *len);

	if (!ip || ip->protocol != SL_PROTO_UDP || sl_ipv4_is_fragment(ip))
		return NULL;
	*len = load_be16(ip->total_len) - sl_ipv4_hdr_len(ip);
	*tos = ip->tos;
	*initial = sl_checksum_pseudo_ipv4(ip->src, ip->dst, SL_PROTO_UDP, 0);
	return p + sl_ipv4_hdr_len(ip);
}

static const uint8_t *parse_ipv6(const uint8_t *p, size_t *len, uint8_t *tos, uint32_t *initial)
{
	const struct sl_ipv6_hdr *ip = sl_ipv6_parse(p, *len);
	struct sl_ipv6_upper upper;

	if (!ip || !sl_ipv6_upper(ip, sizeof(*ip) + load_be16(ip->payload_len), &upper) ||
	    upper.protocol != SL_PROTO_UDP || upper.fragment)
		return NULL;
	*len = upper.len;
	*tos = (uint8_t)(p[0] << 4 | p[1] >> 4);
	*initial = sl_checksum_pseudo_ipv6(ip->src, ip->dst, SL_PROTO_UDP, 0);
	return upper.data;
}

// Read the headers. Returns the UDP header, or NULL; initial is the sum of the pseudo-header.
static const uint8_t *read_headers(const uint8_t *ip, size_t len, struct sl_outer_view *out,
				   uint32_t *initial)
{
	const uint8_t *udp = NULL;
	uint16_t udp_len;

	if (len > 0 && ip[0] >> 4 == 4)
		udp = parse_ipv4(ip, &len, &out->tos, initial);
	else if (len > 0)
		udp = parse_ipv6(ip, &len, &out->tos, initial);
	if (!udp || len < SL_UDP_LEN)
		return NULL;
	udp_len = load_be16(udp + UDP_LENGTH);
	if (udp_len < SL_UDP_LEN || udp_len > len)
		return NULL;
	out->ip = ip;
	out->payload = udp + SL_UDP_LEN;
	out->len = (uint16_t)(udp_len - SL_UDP_LEN);
	*initial += sl_checksum_word(udp_len);
	return udp;
}

// Whether this is a whole datagram in an IPv4 packet without options, as nearly all are.
static bool is_plain(const struct sl_ipv4_hdr *ip, size_t len)
{
	const uint8_t *udp = (const uint8_t *)(ip + 1);

	return len >= SL_OUTER4_LEN && ip->version_ihl == 0x45 && ip->protocol == SL_PROTO_UDP &&
	       !sl_ipv4_is_fragment(ip) && load_be16(ip->total_len) <= len &&
	       load_be16(udp + UDP_LENGTH) >= SL_UDP_LEN &&
	       load_be16(udp + UDP_LENGTH) + sizeof(*ip) <= load_be16(ip->total_len);
}

// The addresses of the pseudo-header are in front of the datagram then, and summed up with it.
static enum sl_outer_verdict look_plain(const struct sl_ipv4_hdr *ip, struct sl_outer_view *out)
{
	const uint8_t *udp = (const uint8_t *)(ip + 1);
	const uint16_t udp_len = load_be16(udp + UDP_LENGTH);
	const uint32_t initial = (uint32_t)sl_checksum_word(SL_PROTO_UDP) +
				 sl_checksum_word(udp_len);

	*out = (struct sl_outer_view){.ip = &ip->version_ihl,
				      .payload = udp + SL_UDP_LEN,
				      .len = (uint16_t)(udp_len - SL_UDP_LEN),
				      .tos = ip->tos};
	if (load_be16(udp + UDP_CHECKSUM) == 0) // none
		return SL_OUTER_GOOD;
	return sl_checksum_good(ip->src, 2 * sizeof(ip->src) + udp_len, initial)
		       ? SL_OUTER_GOOD
		       : SL_OUTER_BAD_CHECKSUM;
}

static enum sl_outer_verdict look(const uint8_t *ip, size_t len, struct sl_outer_view *out)
{
	uint32_t initial = 0;
	const uint8_t *udp = read_headers(ip, len, out, &initial);

	if (!udp)
		return SL_OUTER_MALFORMED;
	if (load_be16(udp + UDP_CHECKSUM) == 0) // none: RFC 8200 section 8.1 forbids that in IPv6
		return ip[0] >> 4 == 4 ? SL_OUTER_GOOD : SL_OUTER_BAD_CHECKSUM;
	return sl_checksum_good(udp, out->len + (size_t)SL_UDP_LEN, initial)
		       ? SL_OUTER_GOOD
		       : SL_OUTER_BAD_CHECKSUM;
}

enum sl_outer_verdict sl_outer_look(const uint8_t *ip, size_t len, struct sl_outer_view *out)
{
	const struct sl_ipv4_hdr *ipv4 = (const struct sl_ipv4_hdr *)ip;

	return is_plain(ipv4, len) ? look_plain(ipv4, out) : look(ip, len, out);
}

// Source and destination.
static const uint8_t *addresses_of(const uint8_t *ip)
{
	return ip + (ip[0] >> 4 == 4 ? offsetof(struct sl_ipv4_hdr, src)
				     : offsetof(struct sl_ipv6_hdr, src));
}

static struct sl_endpoint end_of(const struct sl_outer_view *v, bool to)
{
	const uint8_t *udp = v->payload - SL_UDP_LEN;
	struct sl_endpoint e = {.ip.family = v->ip[0] >> 4, .port = load_be16(udp + 2 * to)};
	size_t len = sl_ip_len(e.ip.family);

	memcpy(e.ip.bytes, addresses_of(v->ip) + len * to, len);
	return e;
}

struct sl_endpoint sl_outer_from(const struct sl_outer_view *v)
{
	return end_of(v, false);
}

struct sl_endpoint sl_outer_to(const struct sl_outer_view *v)
{
	return end_of(v, true);
}

static void fill(struct sl_outer_packet *out, const struct sl_outer_view *v)
{
	*out = (struct sl_outer_packet){.from = sl_outer_from(v),
					.to = sl_outer_to(v),
					.payload = v->payload,
					.len = v->len,
					.tos = v->tos};
}

enum sl_outer_verdict sl_outer_parse(const uint8_t *ip, size_t len, struct sl_outer_packet *out)
{
	struct sl_outer_view v;
	enum sl_outer_verdict verdict = sl_outer_look(ip, len, &v);

	if (verdict == SL_OUTER_GOOD)
		fill(out, &v);
	return verdict;
}

bool sl_outer_read(const uint8_t *ip, size_t len, struct sl_outer_packet *out)
{
	struct sl_outer_view v;
	uint32_t initial = 0;

	if (!read_headers(ip, len, &v, &initial))
		return false;
	fill(out, &v);
	return true;
}

// Whether two pairs are the same the other way round: of ports, and of addresses. Every packet that
// is opened asks, so these are whole numbers.

static bool are_swapped_ports(const uint8_t *a, const uint8_t *b)
{
	uint32_t x = load_be32(a), y = load_be32(b);

	return x == (y << 16 | y >> 16);
}

static bool are_swapped_ipv4(const uint8_t *a, const uint8_t *b)
{
	uint64_t x = load_be64(a), y = load_be64(b);

	return x == (y << 32 | y >> 32);
}

static bool are_swapped_ipv6(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b + 16, 16) == 0 && memcmp(a + 16, b, 16) == 0;
}

bool sl_outer_is_answer(const struct sl_outer *o, const struct sl_outer_view *v)
{
	const uint8_t *ports = v->payload - SL_UDP_LEN;

	if (o->len == SL_OUTER4_LEN)
		return v->ip[0] >> 4 == 4 &&
		       are_swapped_ports(o->bytes + SL_OUTER4_LEN - SL_UDP_LEN, ports) &&
		       are_swapped_ipv4(addresses_of(o->bytes), addresses_of(v->ip));
	return o->len == SL_OUTER6_LEN && v->ip[0] >> 4 == 6 &&
	       are_swapped_ports(o->bytes + SL_OUTER6_LEN - SL_UDP_LEN, ports) &&
	       are_swapped_ipv6(addresses_of(o->bytes), addresses_of(v->ip));
}
