#include "tests/harness/ip.h"

#include "core/ip/address.h"
#include "core/proto/icmp.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

#include <stdlib.h>

static struct sl_ip address(const char *text)
{
	struct sl_ip ip;

	if (!sl_ip_parse(text, &ip))
		abort();
	return ip;
}

static bool is_ipv4(const uint8_t *packet)
{
	return packet[0] >> 4 == 4;
}

static size_t header_len(const uint8_t *packet)
{
	return is_ipv4(packet) ? (size_t)(packet[0] & 15) * 4 : sizeof(struct sl_ipv6_hdr);
}

static uint32_t add(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

uint16_t ip_checksum(const void *bytes, size_t len, const uint8_t *packet)
{
	uint32_t sum = 0;

	if (packet && is_ipv4(packet))
		sum = add((uint32_t)(packet[9] + len), packet + 12, 8);
	else if (packet)
		sum = add((uint32_t)(packet[6] + len), packet + 8, 32);
	sum = add(sum, bytes, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void ip_seal(struct ip_packet *p)
{
	if (!is_ipv4(p->bytes)) {
		store_be16(p->bytes + 4, (uint16_t)(p->len - sizeof(struct sl_ipv6_hdr)));
		return;
	}
	store_be16(p->bytes + 2, (uint16_t)p->len);
	store_be16(p->bytes + 10, 0);
	store_be16(p->bytes + 10, ip_checksum(p->bytes, header_len(p->bytes), NULL));
}

static void build_header(uint8_t *to, const char *src, const char *dst, uint8_t protocol)
{
	struct sl_ip from = address(src), towards = address(dst);

	if (from.family == 4) {
		struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)to;

		*ip = (struct sl_ipv4_hdr){.version_ihl = 0x45, .ttl = 64, .protocol = protocol};
		store_be16(ip->id, 0x1234);
		memcpy(ip->src, from.bytes, 4);
		memcpy(ip->dst, towards.bytes, 4);
	} else {
		struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)to;

		*ip = (struct sl_ipv6_hdr){
			.version_class_flow = {0x60}, .next_header = protocol, .hop_limit = 64};
		memcpy(ip->src, from.bytes, 16);
		memcpy(ip->dst, towards.bytes, 16);
	}
}

void ip_build(struct ip_packet *p, const char *src, const char *dst, uint8_t protocol,
	      const void *payload, unsigned n)
{
	size_t hdr;

	p->meta = (struct sl_ip_meta){.iface_out = SL_IFACE_NONE};
	for (unsigned i = 0; i < sizeof(p->meta.ether); i++)
		p->meta.ether[i] = (uint8_t)(0xe0 + i);
	build_header(p->bytes, src, dst, protocol);
	hdr = header_len(p->bytes);
	for (unsigned i = 0; i < n; i++)
		p->bytes[hdr + i] = payload ? ((const uint8_t *)payload)[i]
					    : (uint8_t)(i * 151 + 17);
	p->len = (uint32_t)(hdr + n);
	ip_seal(p);
}

void ip_build_icmp(struct ip_packet *p, const char *src, const char *dst, uint8_t type,
		   uint8_t code, uint32_t rest, unsigned n)
{
	bool v4 = !strchr(src, ':');
	struct sl_icmp_hdr *icmp;
	size_t len = sizeof(*icmp) + n;

	ip_build(p, src, dst, v4 ? SL_PROTO_ICMP : SL_PROTO_ICMPV6, NULL, (unsigned)len);
	icmp = (struct sl_icmp_hdr *)(p->bytes + header_len(p->bytes));
	*icmp = (struct sl_icmp_hdr){.type = type, .code = code};
	store_be32(icmp->rest, rest);
	store_be16(icmp->checksum, ip_checksum(icmp, len, v4 ? NULL : p->bytes));
}

struct rte_mbuf *ip_packet(struct sl_harness *h, const struct ip_packet *p)
{
	struct rte_mbuf *m;

	if (!sl_alloc_burst(sl_harness_app(h)->pool, &m, 1))
		return NULL;
	memcpy(sl_append(m, (uint16_t)p->len), p->bytes, p->len);
	*sl_ip_meta(m) = p->meta;
	return m;
}

bool ip_feed(struct sl_harness *h, unsigned input, const struct ip_packet *p)
{
	struct rte_mbuf *m = ip_packet(h, p);

	if (m)
		sl_harness_feed_packet(h, input, m);
	return m != NULL;
}

bool ip_take(struct sl_harness *h, unsigned output, struct ip_packet *p)
{
	struct rte_mbuf *m = sl_harness_take_packet(h, output);

	if (!m)
		return false;
	p->len = sl_len(m);
	p->meta = *sl_ip_meta(m);
	memcpy(p->bytes, sl_data(m), p->len);
	sl_free(m);
	return true;
}
