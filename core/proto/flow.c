// flow: a symmetric hash.
//
// Each end of the conversation (address and port) is mixed on its own; the two are added, which
// forgets their order, and the sum is mixed again with the protocol. Addition and not exclusive
// or: packets from an end to itself would all hash alike.

#include "core/proto/flow.h"
#include "core/proto/ethernet.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

// The finaliser of MurmurHash3 (Appleby): every input bit changes half of the output bits.
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdu;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

static uint32_t join(uint64_t a, uint64_t b, uint64_t kind)
{
	return (uint32_t)(mix(a + b + kind * 0x9e3779b97f4a7c15u) >> 32);
}

static bool has_ports(uint8_t protocol)
{
	return protocol == SL_PROTO_TCP || protocol == SL_PROTO_UDP || protocol == SL_PROTO_SCTP ||
	       protocol == SL_PROTO_UDP_LITE || protocol == SL_PROTO_DCCP;
}

static bool hash_ipv4(const uint8_t *packet, size_t len, uint32_t *hash)
{
	const struct sl_ipv4_hdr *ip = sl_ipv4_parse_header(packet, len);
	uint64_t src, dst;
	size_t at;

	if (!ip)
		return false;
	src = load_be32(ip->src);
	dst = load_be32(ip->dst);
	at = sl_ipv4_hdr_len(ip);
	if (!has_ports(ip->protocol) || sl_ipv4_is_fragment(ip) || len - at < 4) {
		*hash = join(mix(src), mix(dst), 0);
		return true;
	}
	src |= (uint64_t)load_be16(packet + at) << 32;
	dst |= (uint64_t)load_be16(packet + at + 2) << 32;
	*hash = join(mix(src), mix(dst), ip->protocol);
	return true;
}

static uint64_t mix_ipv6(const uint8_t *address)
{
	return mix(mix(load_be64(address)) + load_be64(address + 8));
}

static bool hash_ipv6(const uint8_t *packet, size_t len, uint32_t *hash)
{
	const struct sl_ipv6_hdr *ip = sl_ipv6_parse_header(packet, len);
	struct sl_ipv6_upper up;
	uint64_t src, dst;

	if (!ip)
		return false;
	src = mix_ipv6(ip->src);
	dst = mix_ipv6(ip->dst);
	if (!sl_ipv6_upper(ip, len, &up) || up.fragment || !has_ports(up.protocol) || up.len < 4) {
		*hash = join(src, dst, 0);
		return true;
	}
	src = mix(src + load_be16(up.data));
	dst = mix(dst + load_be16(up.data + 2));
	*hash = join(src, dst, up.protocol);
	return true;
}

static uint64_t load_mac(const uint8_t *mac)
{
	return (uint64_t)load_be16(mac) << 32 | load_be32(mac + 2);
}

uint32_t sl_flow_hash(const uint8_t *frame, size_t len)
{
	const struct sl_ether_hdr *ether = (const struct sl_ether_hdr *)frame;
	struct sl_ether_payload payload;
	uint32_t hash;

	if (len < sizeof(*ether))
		return 0;
	if (!sl_ether_payload(frame, len, &payload))
		payload.type = SL_ETHER_VLAN; // cut off inside its tags
	else if (payload.type == SL_ETHER_IPV4 && hash_ipv4(payload.data, payload.len, &hash))
		return hash;
	else if (payload.type == SL_ETHER_IPV6 && hash_ipv6(payload.data, payload.len, &hash))
		return hash;
	return join(mix(load_mac(ether->src)), mix(load_mac(ether->dst)), payload.type);
}

uint32_t sl_flow_hash_ip(const uint8_t *packet, size_t len)
{
	uint32_t hash;

	return hash_ipv4(packet, len, &hash) || hash_ipv6(packet, len, &hash) ? hash : 0;
}
