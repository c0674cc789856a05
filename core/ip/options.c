#include "core/ip/options.h"

#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"

// Bytes of record route and timestamp.
enum { LENGTH = 1, POINTER = 2, ROUTE_DATA = 3, FLAGS = 3, TIMES_DATA = 4 };

// Of FLAGS: which times are wanted, below, and how many routers had no room, above.
enum {
	TIMES_ONLY = 0,
	WITH_ADDRESSES = 1,
	OF_ADDRESSES = 3,
	OVERFLOWS = 0xf0,
	OVERFLOW_ONE = 0x10
};

enum { FIRST = sizeof(struct sl_ipv4_hdr) };

static size_t header_len(const uint8_t *packet)
{
	return sl_ipv4_hdr_len((const struct sl_ipv4_hdr *)packet);
}

// Pointers count from 1; one behind the option says that it is full.
static bool is_full(const uint8_t *option)
{
	return option[POINTER] > option[LENGTH];
}

static size_t time_len(const uint8_t *option)
{
	return (option[FLAGS] & ~OVERFLOWS) == TIMES_ONLY ? 4 : 8;
}

// ---- whether they make sense

// Which byte of an option with a pointer to room for n bytes behind `data` is wrong; 0 = none.
static size_t wrong_pointer(const uint8_t *option, size_t data, size_t n)
{
	size_t at = option[POINTER];

	return at <= data || (!is_full(option) && at - 1 + n > option[LENGTH]) ? POINTER : 0;
}

static size_t wrong_route(const uint8_t *option)
{
	return option[LENGTH] < ROUTE_DATA ? LENGTH : wrong_pointer(option, ROUTE_DATA, 4);
}

static size_t wrong_times(const uint8_t *option)
{
	unsigned flag;

	if (option[LENGTH] < TIMES_DATA)
		return LENGTH;
	flag = option[FLAGS] & ~(unsigned)OVERFLOWS;
	if (flag != TIMES_ONLY && flag != WITH_ADDRESSES && flag != OF_ADDRESSES)
		return FLAGS;
	if (is_full(option) && (option[FLAGS] & OVERFLOWS) == OVERFLOWS)
		return FLAGS; // one more cannot be counted
	return wrong_pointer(option, TIMES_DATA, time_len(option));
}

// Which byte of the option, which has the length it says, is wrong; 0 = none that anybody knows.
static size_t wrong_byte(const uint8_t *option)
{
	if (*option == SL_OPTION_RECORD_ROUTE)
		return wrong_route(option);
	return *option == SL_OPTION_TIMESTAMP ? wrong_times(option) : 0;
}

enum sl_options_verdict sl_options_check(const uint8_t *packet, uint32_t *pointer)
{
	const size_t end = header_len(packet);
	size_t len, wrong;

	for (size_t at = FIRST; at < end && packet[at] != SL_OPTION_END; at += len) {
		const uint8_t *option = packet + at;

		if (*option == SL_OPTION_LOOSE_ROUTE || *option == SL_OPTION_STRICT_ROUTE)
			return SL_OPTIONS_SOURCE_ROUTE;
		len = sl_option_len(option, end - at);
		wrong = len == 0 ? LENGTH : wrong_byte(option);
		if (wrong) {
			*pointer = (uint32_t)(at + wrong < end ? at + wrong : at);
			return SL_OPTIONS_BAD;
		}
	}
	return SL_OPTIONS_GOOD;
}

// ---- what a router writes

static void record_route(uint8_t *option, const struct sl_options_router *r)
{
	if (is_full(option) || !r->address)
		return;
	memcpy(option + option[POINTER] - 1, r->address, 4);
	option[POINTER] += 4;
}

static void record_time(uint8_t *option, const struct sl_options_router *r)
{
	uint8_t *to = option + option[POINTER] - 1;

	if (is_full(option)) {
		option[FLAGS] += OVERFLOW_ONE;
		return;
	}
	switch (option[FLAGS] & ~OVERFLOWS) {
	case TIMES_ONLY:
		store_be32(to, r->ms);
		break;
	case WITH_ADDRESSES:
		if (!r->address)
			return;
		memcpy(to, r->address, 4);
		store_be32(to + 4, r->ms);
		break;
	default: // of the address that is there, if it is ours
		if (!r->own(r->context, to))
			return;
		store_be32(to + 4, r->ms);
	}
	option[POINTER] += (uint8_t)time_len(option);
}

// Correct the checksum of a header whose options were others before. Spec: RFC 1624.
static void correct(uint8_t *packet, const uint8_t *before, size_t end)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)packet;
	uint16_t checksum;

	memcpy(&checksum, ip->checksum, sizeof(checksum));
	for (size_t at = FIRST; at < end; at += 4) {
		uint32_t from, to;

		memcpy(&from, before + at - FIRST, 4);
		memcpy(&to, packet + at, 4);
		if (from != to)
			checksum = sl_checksum_update32(checksum, from, to);
	}
	memcpy(ip->checksum, &checksum, sizeof(checksum));
}

void sl_options_fill(uint8_t *packet, const struct sl_options_router *r)
{
	const size_t end = header_len(packet);
	uint8_t before[SL_OPTIONS_MAX];
	size_t len;

	memcpy(before, packet + FIRST, end - FIRST);
	for (size_t at = FIRST; at < end && packet[at] != SL_OPTION_END; at += len) {
		len = sl_option_len(packet + at, end - at);
		if (len == 0 || wrong_byte(packet + at))
			break;
		if (packet[at] == SL_OPTION_RECORD_ROUTE)
			record_route(packet + at, r);
		else if (packet[at] == SL_OPTION_TIMESTAMP)
			record_time(packet + at, r);
	}
	correct(packet, before, end);
}

size_t sl_options_collect(uint8_t to[SL_OPTIONS_MAX], const uint8_t *packet)
{
	const size_t end = header_len(packet);
	size_t len, n = 0;

	for (size_t at = FIRST; at < end && packet[at] != SL_OPTION_END; at += len) {
		len = sl_option_len(packet + at, end - at);
		if (len == 0 || wrong_byte(packet + at))
			break;
		if (packet[at] != SL_OPTION_RECORD_ROUTE && packet[at] != SL_OPTION_TIMESTAMP)
			continue;
		memcpy(to + n, packet + at, len);
		n += len;
	}
	while (n % 4 != 0)
		to[n++] = SL_OPTION_END;
	return n;
}
