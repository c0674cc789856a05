// fuzz_nd: any bytes as an IPv6 packet of neighbour discovery: refused, or a message that keeps
// the rules and, where the router would send such, reads the same when it is written again. The
// checksum is made right where the first byte is odd, so that what is behind it is reached.

#include "core/proto/checksum.h"
#include "core/proto/ethernet.h"
#include "core/proto/ipv6.h"
#include "core/proto/nd.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = sizeof(struct sl_ipv6_hdr), MOST = 2048 };

// Make length and checksum right, as far as there is a message right behind the header.
static void fix(uint8_t *packet, size_t len)
{
	uint16_t sum, n = (uint16_t)(len - HEADER);

	packet[0] = 0x60;
	store_be16(packet + 4, n);
	packet[6] = SL_PROTO_ICMPV6;
	packet[7] = 255;
	sum = sl_checksum_make(
		packet + HEADER, n, 2,
		sl_checksum_pseudo_ipv6(packet + 8, packet + 24, SL_PROTO_ICMPV6, n));
	memcpy(packet + HEADER + 2, &sum, sizeof(sum));
}

static void check(const struct sl_nd *nd)
{
	static const uint8_t unspecified[16];
	bool targeted = nd->type == SL_ND_SOLICITATION || nd->type == SL_ND_ADVERTISEMENT;

	must(nd->type >= SL_ND_ROUTER_SOLICITATION && nd->type <= SL_ND_REDIRECT);
	must(nd->src[0] != 0xff);
	must(!targeted || nd->target[0] != 0xff);
	must(!nd->has_mac || sl_ether_is_unicast(nd->mac));
	if (nd->type == SL_ND_SOLICITATION && memcmp(nd->src, unspecified, 16) == 0)
		must(!nd->has_mac && nd->dst[0] == 0xff);
	if (nd->type == SL_ND_ADVERTISEMENT && nd->dst[0] == 0xff)
		must(!(nd->flags & SL_ND_SOLICITED));
}

static void rewrite(const struct sl_nd *nd)
{
	uint8_t packet[SL_ND_MAX];
	struct sl_nd again;
	size_t len;

	if (nd->type != SL_ND_SOLICITATION && nd->type != SL_ND_ADVERTISEMENT)
		return;
	len = sl_nd_write(packet, nd);
	must(len <= sizeof(packet));
	must(sl_nd_parse(&again, packet, len) == SL_ND_GOOD);
	must(memcmp(&again, nd, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool right = size > 0 && data[0] & 1;
	uint8_t *packet;
	struct sl_nd nd;

	if (size == 0 || size > MOST)
		return 0;
	packet = malloc(size); // of this very size, for the address sanitizer
	must(packet != NULL);
	size--;
	memcpy(packet, data + 1, size);
	if (right && size >= HEADER + 8)
		fix(packet, size);
	if (sl_nd_parse(&nd, packet, size) == SL_ND_GOOD) {
		check(&nd);
		rewrite(&nd);
	}
	free(packet);
	return 0;
}
