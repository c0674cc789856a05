// fuzz_mld: any bytes as an IPv6 packet that asks who listens, to an interface with as many groups
// as it may have: it is refused, or answered within the time it allows, by whole messages. The
// checksum is made right where the first byte is odd, so that what is behind it is reached.

#include "core/ip/mld.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv6.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = sizeof(struct sl_ipv6_hdr), FRONT = HEADER + 8, MOST = 2048, MESSAGES = 600 };

static const uint8_t own[16] = {0xfe, 0x80, [15] = 1};

// Make length and checksum right, as far as there is a message right behind the hop-by-hop header.
static void fix(uint8_t *packet, size_t len)
{
	uint16_t sum, n = (uint16_t)(len - FRONT);

	packet[0] = 0x60;
	store_be16(packet + 4, (uint16_t)(len - HEADER));
	memcpy(packet + HEADER, (uint8_t[8]){SL_PROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0}, 8);
	packet[6] = SL_PROTO_HOP_BY_HOP;
	packet[7] = 1;
	packet[8] = 0xfe;
	packet[9] = 0x80;
	packet[FRONT] = SL_MLD_QUERY;
	packet[FRONT + 1] = 0;
	sum = sl_checksum_make(
		packet + FRONT, n, 2,
		sl_checksum_pseudo_ipv6(packet + 8, packet + 24, SL_PROTO_ICMPV6, n));
	memcpy(packet + FRONT + 2, &sum, sizeof(sum));
}

static void join(struct sl_mld *m)
{
	uint8_t groups[SL_MLD_GROUPS_MAX][16] = {0};

	for (unsigned i = 0; i < SL_MLD_GROUPS_MAX; i++) {
		groups[i][0] = 0xff;
		store_be16(groups[i] + 14, (uint16_t)i);
	}
	sl_mld_init(m, 1);
	must(sl_mld_listen(m, (const uint8_t(*)[16])groups, SL_MLD_GROUPS_MAX, 1));
}

// Take what is due. Returns how many messages that is.
static unsigned drain(struct sl_mld *m, uint64_t now)
{
	uint8_t packet[SL_MLD_MAX];
	unsigned n = 0;
	size_t len;

	while ((len = sl_mld_next(m, own, packet, now)) > 0) {
		must(len > FRONT && len <= sizeof(packet));
		must(sl_ipv6_parse(packet, len) && packet[7] == 1);
		must(++n <= MESSAGES);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool right = size > 0 && data[0] & 1;
	struct sl_mld_query q;
	struct sl_mld m;
	uint8_t *packet;

	if (size == 0 || size > MOST)
		return 0;
	packet = malloc(size); // of this very size, for the address sanitizer
	must(packet != NULL);
	size--;
	memcpy(packet, data + 1, size);
	if (right && size >= FRONT + 8)
		fix(packet, size);
	if (sl_mld_parse_query(&q, packet, size) == SL_MLD_GOOD) {
		uint64_t most = (q.max_delay_ms + UINT64_C(2000)) * 1000000;

		join(&m);
		must(drain(&m, 1) > 0);
		sl_mld_hear(&m, &q, 2);
		drain(&m, 2 + most);
		drain(&m, 2 + 2 * most);
		must(drain(&m, 2 + 3 * most) == 0);
	}
	free(packet);
	return 0;
}
