#include "tests/harness/mld.h"

#include "core/ip/address.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv6.h"
#include "core/proto/mld.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { QUERY_LEN = 28, OLD_LEN = 24, REPORT_LEN = 8, RECORD_LEN = 20 };

static const uint8_t options[8] = {SL_PROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0};

static struct sl_ip ip_of(const char *text)
{
	struct sl_ip ip;

	assert_true(sl_ip_parse(text, &ip));
	return ip;
}

static uint32_t pseudo(const uint8_t *packet, size_t len)
{
	return sl_checksum_pseudo_ipv6(packet + 8, packet + 24, SL_PROTO_ICMPV6, (uint16_t)len);
}

void mld_fix(struct mld_packet *p)
{
	size_t len = p->len - MLD_FRONT;
	uint16_t sum;

	store_be16(p->bytes + 4, (uint16_t)(p->len - 40));
	if (len < 4)
		return;
	sum = sl_checksum_make(p->bytes + MLD_FRONT, len, 2, pseudo(p->bytes, len));
	memcpy(p->bytes + MLD_FRONT + 2, &sum, 2);
}

static struct mld_packet query(const char *group, uint16_t delay, size_t len)
{
	struct mld_packet p = {.bytes = {0x60, [7] = 1}, .len = MLD_FRONT + len};
	struct sl_ip about = ip_of(group), src = ip_of("fe80::9"), all = ip_of("ff02::1");

	memcpy(p.bytes + 8, src.bytes, 16);
	memcpy(p.bytes + 24, about.bytes[0] ? about.bytes : all.bytes, 16);
	memcpy(p.bytes + 40, options, sizeof(options));
	p.bytes[MLD_FRONT] = SL_MLD_QUERY;
	store_be16(p.bytes + MLD_FRONT + 4, delay);
	memcpy(p.bytes + MLD_FRONT + 8, about.bytes, 16);
	mld_fix(&p);
	return p;
}

struct mld_packet mld_query(const char *group, uint16_t delay)
{
	return query(group, delay, QUERY_LEN);
}

struct mld_packet mld_old_query(const char *group, uint16_t delay)
{
	return query(group, delay, OLD_LEN);
}

void mld_add_source(struct mld_packet *p, const char *source)
{
	struct sl_ip ip = ip_of(source);
	uint8_t *n = p->bytes + MLD_FRONT + 26;

	assert_true(p->len + 16 <= sizeof(p->bytes));
	memcpy(p->bytes + p->len, ip.bytes, 16);
	p->len += 16;
	store_be16(n, load_be16(n) + 1);
	mld_fix(p);
}

void mld_check(const uint8_t *packet, size_t len, const char *dst)
{
	struct sl_ip to = ip_of(dst);

	assert_true(len >= MLD_FRONT + REPORT_LEN);
	assert_int_equal(packet[0], 0x60);
	assert_int_equal(load_be16(packet + 4), len - 40);
	assert_int_equal(packet[6], SL_PROTO_HOP_BY_HOP);
	assert_int_equal(packet[7], 1);
	assert_int_equal(packet[8], 0xfe);
	assert_memory_equal(packet + 24, to.bytes, 16);
	assert_memory_equal(packet + 40, options, sizeof(options));
	assert_true(sl_checksum_good(packet + MLD_FRONT, len - MLD_FRONT,
				     pseudo(packet, len - MLD_FRONT)));
}

unsigned mld_records(const uint8_t *packet, uint8_t type, const char *group)
{
	const uint8_t *p = packet + MLD_FRONT + REPORT_LEN;
	struct sl_ip ip = {0};
	unsigned found = 0;

	if (strcmp(group, "any") != 0)
		ip = ip_of(group);
	if (packet[MLD_FRONT] != SL_MLD_REPORT)
		return 0;
	for (unsigned n = load_be16(packet + MLD_FRONT + 6); n > 0; n--) {
		found += p[0] == type && (!ip.family || memcmp(p + 4, ip.bytes, 16) == 0);
		p += RECORD_LEN + (size_t)load_be16(p + 2) * 16;
	}
	return found;
}
