#include "drivers/cut.h"

#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "core/proto/tcp.h"

enum {
	TCP_CHECKSUM = offsetof(struct sl_tcp_hdr, checksum),
	UDP_LEN = 8,    // of the header
	UDP_LENGTH = 4, // offsets within it
	UDP_CHECKSUM = 6,
};

// Whether the header that the checksum is in lies behind an IP header, and in the first buffer.
static bool has_headers(const struct sl_cut *c)
{
	const uint8_t *ip = c->bytes.first;
	size_t ip_len;

	if (c->len < sizeof(struct sl_ipv4_hdr))
		return false;
	if (ip[0] >> 4 == 4)
		ip_len = sl_ipv4_hdr_len((const struct sl_ipv4_hdr *)ip);
	else
		ip_len = sizeof(struct sl_ipv6_hdr);
	return c->upper >= ip_len && ip_len >= sizeof(struct sl_ipv4_hdr) &&
	       c->upper + c->field + 2u <= RTE_MIN(c->len, c->bytes.room);
}

// Length of the header that is repeated in each packet behind IP's, or 0 where it makes no sense.
static size_t upper_len(const struct sl_cut *c, uint8_t gso_type)
{
	const struct sl_tcp_hdr *tcp = (const struct sl_tcp_hdr *)(c->bytes.first + c->upper);

	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		if (c->field != TCP_CHECKSUM || sl_tcp_hdr_len(tcp) < sizeof(*tcp))
			return 0;
		return sl_tcp_hdr_len(tcp);
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return c->field == UDP_CHECKSUM ? UDP_LEN : 0;
	default:
		return 0;
	}
}

static bool plan_segments(struct sl_cut *c, const struct virtio_net_hdr *h)
{
	size_t len = c->has_checksum ? 0 : upper_len(c, h->gso_type);

	c->payload = (uint16_t)(c->upper + len);
	if (len == 0 || h->gso_size == 0 || c->payload >= c->len || c->payload > c->bytes.room)
		return false;
	c->size = RTE_MIN(h->gso_size, c->len - c->payload);
	c->n = (c->len - c->payload + c->size - 1) / c->size;
	return c->payload + c->size <= c->bytes.room;
}

bool sl_cut_plan(struct sl_cut *c, const struct virtio_net_hdr *h)
{
	c->has_checksum = !(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
	c->upper = h->csum_start;
	c->field = h->csum_offset;
	c->n = 1;
	c->payload = 0;
	c->size = c->len;
	if (!c->has_checksum && !has_headers(c))
		return false;
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return plan_segments(c, h);
	return c->len <= c->bytes.room;
}

// The length that IP and its pseudo-header have of a packet of len bytes.
static void set_ip_len(uint8_t *bytes, uint16_t len, unsigned i)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)bytes;
	uint16_t checksum;

	if (bytes[0] >> 4 == 6) {
		store_be16(bytes + 4, (uint16_t)(len - sizeof(struct sl_ipv6_hdr)));
		return;
	}
	store_be16(ip->total_len, len);
	store_be16(ip->id, (uint16_t)(load_be16(ip->id) + i));
	checksum = sl_checksum_make(bytes, sl_ipv4_hdr_len(ip),
				    offsetof(struct sl_ipv4_hdr, checksum), 0);
	memcpy(ip->checksum, &checksum, sizeof(checksum));
}

static void set_upper(const struct sl_cut *c, uint8_t *upper, uint16_t len, unsigned i)
{
	struct sl_tcp_hdr *tcp = (struct sl_tcp_hdr *)upper;

	if (c->field == UDP_CHECKSUM) {
		store_be16(upper + UDP_LENGTH, len);
		return;
	}
	store_be32(tcp->sequence, load_be32(tcp->sequence) + i * c->size);
	if (i > 0)
		tcp->flags &= (uint8_t)~SL_TCP_CWR;
	if (i + 1 < c->n)
		tcp->flags &= (uint8_t) ~(SL_TCP_FIN | SL_TCP_PSH);
}

// The field holds the sum of the pseudo-header of all; the packet's differs by the length.
static void set_checksum(const struct sl_cut *c, uint8_t *bytes, uint16_t len)
{
	uint8_t *upper = bytes + c->upper;
	uint16_t behind = (uint16_t)(len - c->upper), sum;
	uint32_t initial;

	memcpy(&sum, upper + c->field, sizeof(sum));
	initial = sum + (uint32_t)sl_checksum_word(behind) +
		  (uint16_t)~sl_checksum_word((uint16_t)(c->len - c->upper));
	sum = sl_checksum_make(upper, behind, c->field, initial);
	if (c->field == UDP_CHECKSUM)
		sum = sl_checksum_udp(sum);
	memcpy(upper + c->field, &sum, sizeof(sum));
}

void sl_cut_make(const struct sl_cut *c, unsigned i, struct rte_mbuf *p)
{
	uint32_t at = c->payload + i * c->size, len = RTE_MIN(c->size, c->len - at);
	uint16_t all = (uint16_t)(c->payload + len);

	if (i > 0) {
		sl_spill_copy(&c->bytes, 0, sl_data(p), c->payload);
		sl_spill_copy(&c->bytes, at, sl_data(p) + c->payload, len);
	}
	sl_set_len(p, all);
	if (c->n > 1) {
		set_ip_len(sl_data(p), all, i);
		set_upper(c, sl_data(p) + c->upper, (uint16_t)(all - c->upper), i);
	}
	if (!c->has_checksum)
		set_checksum(c, sl_data(p), all);
}
