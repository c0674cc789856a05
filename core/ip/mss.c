#include "core/ip/mss.h"

#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

// The TCP header: offsets, and what is there.
enum {
	TCP_HEADER = 20,
	TCP_OFFSET = 12, // its length, in words, in the upper half of the byte
	TCP_FLAGS = 13,
	TCP_CHECKSUM = 16,
	TCP_SYN = 2,
	OPTION_END = 0,
	OPTION_NOTHING = 1,
	OPTION_MSS = 2,
	OPTION_MSS_LEN = 4,
};

// The segment in a packet and its length; NULL where there is none, or not its beginning.
static uint8_t *find_tcp(uint8_t *packet, size_t *len)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)packet;
	struct sl_ipv6_upper upper;

	if (packet[0] >> 4 == 4) {
		size_t header_len = sl_ipv4_hdr_len(ip);

		if (ip->protocol != SL_PROTO_TCP || load_be16(ip->flags_offset) & SL_IPV4_OFFSET)
			return NULL;
		*len -= header_len;
		return packet + header_len;
	}
	if (!sl_ipv6_upper((const struct sl_ipv6_hdr *)packet, *len, &upper) ||
	    upper.protocol != SL_PROTO_TCP || upper.later)
		return NULL;
	*len = upper.len;
	return packet + (upper.data - packet);
}

// The value of the MSS option in a segment, or NULL.
static uint8_t *find_mss(uint8_t *tcp, size_t len)
{
	size_t header_len, at = TCP_HEADER;

	if (len < TCP_HEADER || !(tcp[TCP_FLAGS] & TCP_SYN))
		return NULL;
	header_len = (size_t)(tcp[TCP_OFFSET] >> 4) * 4;
	if (header_len > len)
		return NULL;
	while (at < header_len && tcp[at] != OPTION_END) {
		size_t left = header_len - at;

		if (tcp[at] == OPTION_NOTHING) {
			at++;
			continue;
		}
		if (left < 2 || tcp[at + 1] < 2 || tcp[at + 1] > left)
			return NULL;
		if (tcp[at] == OPTION_MSS)
			return tcp[at + 1] == OPTION_MSS_LEN ? tcp + at + 2 : NULL;
		at += tcp[at + 1];
	}
	return NULL;
}

// Write a value into a segment at any byte of it. Where that is odd, it counts with its bytes
// swapped.
static void replace(uint8_t *tcp, uint8_t *at, uint16_t value)
{
	uint16_t from, to, checksum;

	memcpy(&from, at, sizeof(from));
	store_be16(at, value);
	memcpy(&to, at, sizeof(to));
	if ((at - tcp) % 2) {
		from = (uint16_t)(from << 8 | from >> 8);
		to = (uint16_t)(to << 8 | to >> 8);
	}
	memcpy(&checksum, tcp + TCP_CHECKSUM, sizeof(checksum));
	checksum = sl_checksum_update16(checksum, from, to);
	memcpy(tcp + TCP_CHECKSUM, &checksum, sizeof(checksum));
}

bool sl_mss_clamp(uint8_t *packet, size_t len, uint32_t mtu)
{
	size_t ip_len = packet[0] >> 4 == 4 ? sizeof(struct sl_ipv4_hdr)
					    : sizeof(struct sl_ipv6_hdr);
	uint8_t *tcp = find_tcp(packet, &len), *mss = tcp ? find_mss(tcp, len) : NULL;

	if (!mss || mtu <= ip_len + TCP_HEADER || load_be16(mss) <= mtu - ip_len - TCP_HEADER)
		return false;
	replace(tcp, mss, (uint16_t)(mtu - ip_len - TCP_HEADER));
	return true;
}
