#include "core/ip/source.h"

#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

enum { UDP_CHECKSUM = 6 };

bool sl_source_is_missing(const uint8_t *packet)
{
	const struct sl_ipv4_hdr *ip4 = (const struct sl_ipv4_hdr *)packet;
	const struct sl_ipv6_hdr *ip6 = (const struct sl_ipv6_hdr *)packet;

	if (packet[0] >> 4 == 4)
		return load_be32(ip4->src) == 0;
	return (load_be64(ip6->src) | load_be64(ip6->src + 8)) == 0;
}

// A checksum field whose data had zeros where there are now n bytes.
static void update(uint8_t *field, const uint8_t *bytes, unsigned n, bool udp)
{
	uint16_t checksum;

	memcpy(&checksum, field, sizeof(checksum));
	for (unsigned i = 0; i < n; i += 4) {
		uint32_t word;

		memcpy(&word, bytes + i, sizeof(word));
		checksum = udp ? sl_checksum_update32_udp(checksum, 0, word)
			       : sl_checksum_update32(checksum, 0, word);
	}
	memcpy(field, &checksum, sizeof(checksum));
}

static void fill4(struct sl_ipv4_hdr *ip, const uint8_t *address)
{
	bool first = (load_be16(ip->flags_offset) & SL_IPV4_OFFSET) == 0;
	uint8_t *upper = (uint8_t *)ip + sl_ipv4_hdr_len(ip);

	memcpy(ip->src, address, sizeof(ip->src));
	update(ip->checksum, address, sizeof(ip->src), false);
	if (ip->protocol == SL_PROTO_UDP && first)
		update(upper + UDP_CHECKSUM, address, sizeof(ip->src), true);
}

void sl_source_fill(uint8_t *packet, const uint8_t *address)
{
	struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)packet;

	if (packet[0] >> 4 == 4) {
		fill4((struct sl_ipv4_hdr *)packet, address);
		return;
	}
	memcpy(ip->src, address, sizeof(ip->src));
	if (ip->next_header == SL_PROTO_UDP)
		update((uint8_t *)(ip + 1) + UDP_CHECKSUM, address, sizeof(ip->src), true);
}
