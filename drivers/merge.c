#include "drivers/merge.h"

#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "core/proto/tcp.h"

enum { PIECE_BYTES = 65535 };

// A TCP segment in an IP packet.
struct segment {
	const uint8_t *ip;
	uint16_t upper, payload, len; // where TCP and what it carries begin; of the packet
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

// Where TCP begins in a packet that has neither options nor fragments, or 0.
static uint16_t find_tcp(const uint8_t *bytes, uint16_t len)
{
	const struct sl_ipv4_hdr *ip4 = sl_ipv4_parse(bytes, len);
	const struct sl_ipv6_hdr *ip6 = sl_ipv6_parse(bytes, len);

	if (ip4 && ip4->protocol == SL_PROTO_TCP && ip4->version_ihl == 0x45 &&
	    !sl_ipv4_is_fragment(ip4) && load_be16(ip4->total_len) == len)
		return sizeof(*ip4);
	if (ip6 && ip6->next_header == SL_PROTO_TCP &&
	    load_be16(ip6->payload_len) + sizeof(*ip6) == len)
		return sizeof(*ip6);
	return 0;
}

// Read a packet. Returns false where it is no segment that a piece can be made of.
static bool read_segment(const struct rte_mbuf *p, struct segment *s)
{
	s->ip = sl_data(p);
	s->len = sl_len(p);
	s->upper = find_tcp(s->ip, s->len);
	if (!s->upper || s->len < s->upper + sizeof(struct sl_tcp_hdr))
		return false;
	s->payload = (uint16_t)(s->upper + sl_tcp_hdr_len(tcp_of(s)));
	return s->payload >= s->upper + sizeof(struct sl_tcp_hdr) && s->payload < s->len &&
	       (tcp_of(s)->flags & ~(SL_TCP_PSH | SL_TCP_ECE)) == SL_TCP_ACK;
}

static uint32_t pseudo_sum(const uint8_t *ip, uint16_t upper_len)
{
	return ip[0] >> 4 == 4 ? sl_checksum_pseudo_ipv4(ip + 12, ip + 16, SL_PROTO_TCP, upper_len)
			       : sl_checksum_pseudo_ipv6(ip + 8, ip + 24, SL_PROTO_TCP, upper_len);
}

static bool is_right(const struct segment *s)
{
	uint16_t len = (uint16_t)(s->len - s->upper);

	return (s->upper == sizeof(struct sl_ipv6_hdr) || sl_checksum_good(s->ip, s->upper, 0)) &&
	       sl_checksum_good(s->ip + s->upper, len, pseudo_sum(s->ip, len));
}

static bool same(const uint8_t *a, const uint8_t *b, size_t from, size_t to)
{
	return memcmp(a + from, b + from, to - from) == 0;
}

// Whether all is the same in two IP headers but lengths, and the identification k further on.
static bool same_ip(const uint8_t *a, const uint8_t *b, unsigned k)
{
	if (a[0] >> 4 == 6)
		return same(a, b, 0, 4) && same(a, b, 6, sizeof(struct sl_ipv6_hdr));
	return same(a, b, 0, 2) && same(a, b, 6, 10) && same(a, b, 12, 20) &&
	       load_be16(b + 4) == (uint16_t)(load_be16(a + 4) + k);
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

static bool follows(const struct piece *piece, const struct segment *s)
{
	const struct segment *f = &piece->first;
	const struct sl_tcp_hdr *a = tcp_of(f), *b = tcp_of(s);

	return piece->open && s->upper == f->upper && s->payload == f->payload &&
	       size_of(s) <= piece->size && f->payload + piece->bytes + size_of(s) <= PIECE_BYTES &&
	       load_be32(b->sequence) == load_be32(a->sequence) + piece->bytes &&
	       same_ip(f->ip, s->ip, piece->run->n) &&
	       same_tcp(a, b, (size_t)(f->payload - f->upper));
}

// The headers of the first packet, to be changed.
static struct sl_tcp_hdr *tcp_to_change(const struct piece *piece)
{
	return (struct sl_tcp_hdr *)(uintptr_t)tcp_of(&piece->first);
}

// Put the length of the piece into its IP header.
static void set_ip_len(const struct segment *f, uint16_t len)
{
	uint8_t *bytes = (uint8_t *)(uintptr_t)f->ip;
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)bytes;
	uint16_t sum;

	if (bytes[0] >> 4 == 6) {
		store_be16(bytes + 4, (uint16_t)(len - f->upper));
		return;
	}
	store_be16(ip->total_len, len);
	sum = sl_checksum_make(bytes, sizeof(*ip), offsetof(struct sl_ipv4_hdr, checksum), 0);
	memcpy(ip->checksum, &sum, sizeof(sum));
}

// Make the headers of the first packet those of the piece.
static void finish(const struct piece *piece)
{
	const struct segment *f = &piece->first;
	uint16_t len = (uint16_t)(f->payload + piece->bytes), sum;
	struct sl_tcp_hdr *tcp = tcp_to_change(piece);

	if (piece->run->n == 1)
		return;
	piece->run->payload = f->payload;
	piece->run->header = (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = f->ip[0] >> 4 == 4 ? VIRTIO_NET_HDR_GSO_TCPV4
					       : VIRTIO_NET_HDR_GSO_TCPV6,
		.hdr_len = f->payload,
		.gso_size = piece->size,
		.csum_start = f->upper,
		.csum_offset = offsetof(struct sl_tcp_hdr, checksum)};
	set_ip_len(f, len);
	sum = sl_checksum_fold(pseudo_sum(f->ip, (uint16_t)(len - f->upper)));
	memcpy(tcp->checksum, &sum, sizeof(sum));
}

// Take a segment into the piece. Returns false where it does not belong there.
static bool join(struct piece *piece, const struct segment *s)
{
	uint8_t push = tcp_of(s)->flags & SL_TCP_PSH;

	if (!follows(piece, s))
		return false;
	piece->checked = piece->checked || is_right(&piece->first);
	if (!piece->checked || !is_right(s))
		return false;
	piece->run->n++;
	piece->bytes += size_of(s);
	piece->open = size_of(s) == piece->size && !push;
	tcp_to_change(piece)->flags |= push;
	return true;
}

static void begin(struct piece *piece, const struct segment *s)
{
	piece->first = *s;
	piece->size = size_of(s);
	piece->bytes = piece->size;
	piece->checked = false;
	piece->open = !(tcp_of(s)->flags & SL_TCP_PSH);
}

unsigned sl_merge(struct rte_mbuf *const *p, unsigned n, struct sl_merge_run *runs)
{
	struct piece piece = {.open = false};
	unsigned n_runs = 0;

	for (unsigned i = 0; i < n; i++) {
		struct segment s;
		bool fits = read_segment(p[i], &s);

		if (fits && join(&piece, &s))
			continue;
		if (piece.run)
			finish(&piece);
		piece.run = &runs[n_runs++];
		*piece.run = (struct sl_merge_run){.start = (uint16_t)i, .n = 1};
		piece.open = false;
		if (fits)
			begin(&piece, &s);
	}
	if (piece.run)
		finish(&piece);
	return n_runs;
}
