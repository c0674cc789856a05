#include "drivers/merge.h"

#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "core/proto/tcp.h"

enum {
	PIECE_BYTES = 65535,
	UDP_LEN = 8,    // of the header
	UDP_LENGTH = 4, // offsets within it
	UDP_CHECKSUM = 6,
};

// A TCP segment or UDP datagram in an IP packet.
struct segment {
	const uint8_t *ip;
	uint16_t upper, payload, len; // where TCP or UDP and what it carries begin; of the packet
	uint8_t protocol;
};

// The piece that is being put together.
struct piece {
	struct sl_merge_run *run;
	struct segment first;
	uint32_t bytes; // of payload
	uint16_t size;  // of payload in each packet
	bool open;      // more may follow
	bool checked;   // the first one's checksum
};

static const struct sl_tcp_hdr *tcp_of(const struct segment *s)
{
	return (const struct sl_tcp_hdr *)(s->ip + s->upper);
}

static uint16_t size_of(const struct segment *s)
{
	return (uint16_t)(s->len - s->payload);
}

// Find what an IP packet carries that has neither options nor is a fragment. Returns false where
// it is none.
static bool find_upper(struct segment *s)
{
	const struct sl_ipv4_hdr *ip4 = sl_ipv4_parse(s->ip, s->len);
	const struct sl_ipv6_hdr *ip6 = sl_ipv6_parse(s->ip, s->len);

	if (ip4 && ip4->version_ihl == 0x45 && !sl_ipv4_is_fragment(ip4) &&
	    load_be16(ip4->total_len) == s->len) {
		s->protocol = ip4->protocol;
		s->upper = sizeof(*ip4);
		return true;
	}
	if (ip6 && load_be16(ip6->payload_len) + sizeof(*ip6) == s->len) {
		s->protocol = ip6->next_header;
		s->upper = sizeof(*ip6);
		return true;
	}
	return false;
}

static bool read_tcp(struct segment *s)
{
	if (s->len < s->upper + sizeof(struct sl_tcp_hdr))
		return false;
	s->payload = (uint16_t)(s->upper + sl_tcp_hdr_len(tcp_of(s)));
	return s->payload >= s->upper + sizeof(struct sl_tcp_hdr) && s->payload < s->len &&
	       (tcp_of(s)->flags & ~(SL_TCP_PSH | SL_TCP_ECE)) == SL_TCP_ACK;
}

static bool read_udp(struct segment *s)
{
	const uint8_t *udp = s->ip + s->upper;

	s->payload = (uint16_t)(s->upper + UDP_LEN);
	return s->payload < s->len && load_be16(udp + UDP_LENGTH) == s->len - s->upper &&
	       load_be16(udp + UDP_CHECKSUM) != 0;
}

// Read a packet. Returns false where it is nothing that a piece can be made of.
static bool read_segment(const struct rte_mbuf *p, bool with_udp, struct segment *s)
{
	s->ip = sl_data(p);
	s->len = sl_len(p);
	if (!find_upper(s))
		return false;
	if (s->protocol == SL_PROTO_TCP)
		return read_tcp(s);
	return with_udp && s->protocol == SL_PROTO_UDP && read_udp(s);
}

static uint32_t pseudo_sum(const struct segment *s, uint16_t len)
{
	const uint8_t *ip = s->ip;

	return ip[0] >> 4 == 4 ? sl_checksum_pseudo_ipv4(ip + 12, ip + 16, s->protocol, len)
			       : sl_checksum_pseudo_ipv6(ip + 8, ip + 24, s->protocol, len);
}

static bool is_right(const struct segment *s)
{
	uint16_t len = (uint16_t)(s->len - s->upper);

	return (s->upper == sizeof(struct sl_ipv6_hdr) || sl_checksum_good(s->ip, s->upper, 0)) &&
	       sl_checksum_good(s->ip + s->upper, len, pseudo_sum(s, len));
}

static bool same(const uint8_t *a, const uint8_t *b, size_t from, size_t to)
{
	return memcmp(a + from, b + from, to - from) == 0;
}

// Whether all is the same in two IP headers but lengths. The identification must be k further on,
// where it has a meaning: RFC 6864 section 4.1.
static bool same_ip(const uint8_t *a, const uint8_t *b, unsigned k)
{
	if (a[0] >> 4 == 6)
		return same(a, b, 0, 4) && same(a, b, 6, sizeof(struct sl_ipv6_hdr));
	return same(a, b, 0, 2) && same(a, b, 6, 10) && same(a, b, 12, 20) &&
	       (load_be16(a + 6) & SL_IPV4_DF ||
		load_be16(b + 4) == (uint16_t)(load_be16(a + 4) + k));
}

// Whether all is the same in two TCP headers of len bytes but the sequence number, the checksum
// and a push.
static bool same_tcp(const struct sl_tcp_hdr *a, const struct sl_tcp_hdr *b, size_t len)
{
	const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;

	return memcmp(a->ports, b->ports, sizeof(a->ports)) == 0 &&
	       memcmp(a->ack, b->ack, sizeof(a->ack)) == 0 && a->data_offset == b->data_offset &&
	       ((a->flags ^ b->flags) & ~SL_TCP_PSH) == 0 &&
	       memcmp(a->window, b->window, sizeof(a->window)) == 0 &&
	       same(x, y, offsetof(struct sl_tcp_hdr, urgent), len);
}

static bool follows_tcp(const struct piece *piece, const struct segment *s)
{
	const struct segment *f = &piece->first;
	const struct sl_tcp_hdr *a = tcp_of(f), *b = tcp_of(s);

	return load_be32(b->sequence) == load_be32(a->sequence) + piece->bytes &&
	       same_tcp(a, b, (size_t)(f->payload - f->upper));
}

static bool follows(const struct piece *piece, const struct segment *s)
{
	const struct segment *f = &piece->first;

	if (!piece->open || s->protocol != f->protocol || s->upper != f->upper ||
	    s->payload != f->payload || size_of(s) > piece->size ||
	    f->payload + piece->bytes + size_of(s) > PIECE_BYTES ||
	    !same_ip(f->ip, s->ip, piece->run->n))
		return false;
	return s->protocol == SL_PROTO_TCP ? follows_tcp(piece, s)
					   : same(f->ip + f->upper, s->ip + s->upper, 0, 4);
}

// Put the length of the piece into its IP header.
static void set_ip_len(uint8_t *bytes, uint16_t len)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)bytes;
	uint16_t sum;

	if (bytes[0] >> 4 == 6) {
		store_be16(bytes + 4, (uint16_t)(len - sizeof(struct sl_ipv6_hdr)));
		return;
	}
	store_be16(ip->total_len, len);
	sum = sl_checksum_make(bytes, sizeof(*ip), offsetof(struct sl_ipv4_hdr, checksum), 0);
	memcpy(ip->checksum, &sum, sizeof(sum));
}

static uint8_t gso_type(const struct segment *s)
{
	if (s->protocol == SL_PROTO_UDP)
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	return s->ip[0] >> 4 == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
}

// Make the headers of the first packet, which is at `bytes`, those of the piece.
static void finish(const struct piece *piece, uint8_t *bytes)
{
	const struct segment *f = &piece->first;
	uint16_t len = (uint16_t)(f->payload + piece->bytes), sum;
	uint16_t field = f->protocol == SL_PROTO_UDP ? (uint16_t)UDP_CHECKSUM
						     : offsetof(struct sl_tcp_hdr, checksum);

	if (piece->run->n == 1)
		return;
	piece->run->payload = f->payload;
	piece->run->header = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
						     .gso_type = gso_type(f),
						     .hdr_len = f->payload,
						     .gso_size = piece->size,
						     .csum_start = f->upper,
						     .csum_offset = field};
	set_ip_len(bytes, len);
	if (f->protocol == SL_PROTO_UDP)
		store_be16(bytes + f->upper + UDP_LENGTH, (uint16_t)(len - f->upper));
	sum = sl_checksum_fold(pseudo_sum(f, (uint16_t)(len - f->upper)));
	memcpy(bytes + f->upper + field, &sum, sizeof(sum));
}

static bool pushes(const struct segment *s)
{
	return s->protocol == SL_PROTO_TCP && tcp_of(s)->flags & SL_TCP_PSH;
}

// Take a segment into the piece, whose first packet is p. Returns false where it does not belong
// there.
static bool join(struct piece *piece, const struct segment *s, struct rte_mbuf *p)
{
	if (!follows(piece, s))
		return false;
	piece->checked = piece->checked || is_right(&piece->first);
	if (!piece->checked || !is_right(s))
		return false;
	piece->run->n++;
	piece->bytes += size_of(s);
	piece->open = size_of(s) == piece->size && !pushes(s);
	if (pushes(s))
		((struct sl_tcp_hdr *)(sl_data(p) + s->upper))->flags |= SL_TCP_PSH;
	return true;
}

static void begin(struct piece *piece, const struct segment *s)
{
	piece->first = *s;
	piece->size = size_of(s);
	piece->bytes = piece->size;
	piece->checked = false;
	piece->open = !pushes(s);
}

unsigned sl_merge(struct rte_mbuf *const *p, unsigned n, bool with_udp, struct sl_merge_run *runs)
{
	struct piece piece = {.open = false};
	unsigned n_runs = 0;

	for (unsigned i = 0; i < n; i++) {
		struct segment s;
		bool fits = read_segment(p[i], with_udp, &s);

		if (fits && join(&piece, &s, piece.run ? p[piece.run->start] : NULL))
			continue;
		if (piece.run)
			finish(&piece, sl_data(p[piece.run->start]));
		piece.run = &runs[n_runs++];
		*piece.run = (struct sl_merge_run){.start = (uint16_t)i, .n = 1};
		piece.open = false;
		if (fits)
			begin(&piece, &s);
	}
	if (piece.run)
		finish(&piece, sl_data(p[piece.run->start]));
	return n_runs;
}
